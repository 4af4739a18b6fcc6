// _socket: the module, and its functions on descriptors.
#include <fcntl.h>
#include <unistd.h>

#include "modules/_socket/socket.h"
#include "modules/sys/sys.h"

namespace typhon::net {

Type* g_socket_type;
Type* g_gaierror;
Type* g_herror;

namespace {

Ref f_close(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  TRY(close_fd(t, fd));
  return Ref::none();
}
Ref f_dup(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0]));
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return raise_errno(t, errno);
  return int_from(t, copy);
}
Ref f_socketpair(Thread& t, Value, const Value* a) {
  int family = TRY(optional_int(t, a[0], AF_UNIX)), type = TRY(optional_int(t, a[1], SOCK_STREAM)), protocol = TRY(optional_int(t, a[2]));
  int fds[2], result, error;
  {
    Detached detached(t);
    result = socketpair(family, type | SOCK_CLOEXEC, protocol, fds);
    error = errno;
  }
  if (result < 0) return raise_errno(t, error);
  Ref first = socket_from_fd(t, fds[0], family, type, protocol);
  if (first.failed()) {
    close(fds[1]);
    return first;
  }
  Ref second = TRY(socket_from_fd(t, fds[1], family, type, protocol));
  return tuple_of(t, first, second);
}
Ref f_getdefaulttimeout(Thread& t, Value, const Value*) {
  i64 timeout = __atomic_load_n(&g_default_timeout, __ATOMIC_RELAXED);
  if (timeout < 0) return Ref::none();
  return float_from(t, double(timeout) / 1e9);
}
Ref f_setdefaulttimeout(Thread& t, Value, const Value* a) {
  i64 timeout = TRY(timeout_argument(t, a[0]));
  __atomic_store_n(&g_default_timeout, timeout, __ATOMIC_RELAXED);
  return Ref::none();
}

const Method kFunctions[] = {
    method("close", f_close, "($module, object, /)", "close(integer) -> None\n\nClose an integer socket file descriptor."),
    method("dup", f_dup, "($module, object, /)", "dup(integer) -> integer\n\nDuplicate an integer socket file descriptor."),
    method("socketpair", f_socketpair, "($module, family=AF_UNIX, type=SOCK_STREAM, proto=0, /)",
           "socketpair([family[, type [, proto]]]) -> (socket object, socket object)\n\nCreate a pair of socket objects from the sockets returned by the platform\nsocketpair() function."),
    method("getdefaulttimeout", f_getdefaulttimeout, "($module, /)",
           "getdefaulttimeout() -> timeout\n\nReturns the default timeout in seconds (float) for new socket objects."),
    method("setdefaulttimeout", f_setdefaulttimeout, "($module, object, /)",
           "setdefaulttimeout(timeout)\n\nSet the default timeout in seconds (float) for new socket objects."),
    method("CMSG_LEN", f_cmsg_len, "($module, length, /)",
           "CMSG_LEN(length) -> control message length\n\nReturn the total length, without trailing padding, of an ancillary\ndata item with associated data of the given length."),
    method("CMSG_SPACE", f_cmsg_space, "($module, length, /)",
           "CMSG_SPACE(length) -> buffer size\n\nReturn the buffer size needed for recvmsg() to receive an ancillary\ndata item with associated data of the given length, along with any\ntrailing padding."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kSocketSpec, &g_socket_type));
  object_model::set_finaliser_rank(g_socket_type, 3);  // after the streams on it
  TRY(module_add(t, module, "SocketType", Value(g_socket_type)));
  TRY(module_add(t, module, "error", Value(exc::OSError)));
  TRY(module_add(t, module, "timeout", Value(exc::TimeoutError)));
  if (g_gaierror == nullptr) {
    TRY(module_add_exception(t, module, "socket.herror", exc::OSError, &g_herror));
    TRY(module_add_exception(t, module, "socket.gaierror", exc::OSError, &g_gaierror));
  } else {
    TRY(module_add(t, module, "herror", Value(g_herror)));
    TRY(module_add(t, module, "gaierror", Value(g_gaierror)));
  }
  TRY(add_functions(t, module, "_socket", kResolveFunctions));
  return add_socket_constants(t, module);
}

}  // namespace
}  // namespace typhon::net

namespace typhon {

extern const ModuleDef module__socket;
const ModuleDef module__socket = {"_socket", "Implementation module for socket operations.\n\nSee the socket module for documentation.",
                                  net::kFunctions, net::initialise};

}  // namespace typhon
