// socket objects: making, naming, connecting, closing, options, timeouts.
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <climits>

#include "modules/_socket/socket.h"
#include "modules/sys/sys.h"
#include "objects/container_util.h"

namespace typhon::net {

i64 g_default_timeout = -1;

namespace {

constexpr int kDefaultBacklog = SOMAXCONN < 128 ? SOMAXCONN : 128;

i64 default_timeout() { return __atomic_load_n(&g_default_timeout, __ATOMIC_RELAXED); }

Status set_blocking(Thread& t, int fd, bool blocking) {
  u32 non_blocking = !blocking;
  if (ioctl(fd, FIONBIO, &non_blocking) < 0) return raise_errno(t, errno);
  return ok();
}

// Gives a descriptor to a socket object that has none. The descriptor stays the caller's on failure.
Status take_fd(Thread& t, Socket* s, int fd, int family, int type, int protocol) {
  i64 timeout = type & SOCK_NONBLOCK ? 0 : default_timeout();
  if (timeout >= 0 && !(type & SOCK_NONBLOCK)) TRY(set_blocking(t, fd, false));
  s->family = family;
  s->type = type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  s->protocol = protocol;
  s->set_timeout(timeout);
  __atomic_store_n(&s->fd_, fd, __ATOMIC_RELEASE);
  return ok();
}

Ref socket_new(Thread& t, Type* cls, Args) {
  Ref made = TRY(allocate_instance(t, cls));
  socket_of(made)->fd_ = -1;
  socket_of(made)->timeout_ = -1;
  return made;
}

// What the kernel says of a descriptor that the program brought; -1: not given.
Status examine(Thread& t, int fd, int* family, int* type, int* protocol) {
  SocketAddress address;
  if (getsockname(fd, &address.any, &address.size) < 0) return raise_errno(t, errno);
  if (*family == -1) *family = address.any.sa_family;
  socklen_t size = sizeof(int);
  if (*type == -1 && getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &size) < 0) return raise_errno(t, errno);
  size = sizeof(int);
  if (*protocol == -1 && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, protocol, &size) < 0) return raise_errno(t, errno);
  return ok();
}

Status socket_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("($self, family=-1, type=-1, proto=-1, fileno=None)");
  Value a[4] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "socket", args, a, &keep));
  int family = TRY(optional_int(t, a[0], -1)), type = TRY(optional_int(t, a[1], -1)), protocol = TRY(optional_int(t, a[2], -1));
  if (audit_wanted())
    TRY(audit(t, "socket.__new__", self, Value::small_int(family), Value::small_int(type), Value::small_int(protocol)));
  bool own = a[3].is_empty() || a[3].is_none();
  int fd;
  if (own) {
    if (family == -1) family = AF_INET;
    if (type == -1) type = SOCK_STREAM;
    if (protocol == -1) protocol = 0;
    fd = int(TRY(system_call(t, [&] { return socket(family, type | SOCK_CLOEXEC, protocol); })));
    if (fd < 0) return raise_errno(t, errno);
  } else {
    fd = TRY(int_argument(t, a[3]));
    if (fd < 0) return raise(t, exc::ValueError, "negative file descriptor");
    TRY(examine(t, fd, &family, &type, &protocol));
  }
  Status status = take_fd(t, socket_of(self), fd, family, type, protocol);
  if (status.failed() && own) close(fd);
  return status;
}

void finalise(Thread& t, Value self) {
  Socket* s = socket_of(self);
  if (s->fd() == -1) return;
  ExceptionSaver saver(t);
  if (warn(t, exc::ResourceWarning, 1, "unclosed %R", self).failed()) {
    // Spurious errors can appear at shutdown.
    if (pending_matches(t, exc::Warning))
      write_unraisable(t, nullptr, self);
    else
      clear_exception(t);
  }
  int fd = __atomic_exchange_n(&s->fd_, -1, __ATOMIC_ACQ_REL);
  if (fd == -1) return;
  Detached detached(t);
  close(fd);
}
void release_socket(Thread&, Object* self) {
  auto* s = static_cast<Socket*>(self);
  if (s->fd_ >= 0) close(s->fd_);
}

Ref socket_repr(Thread& t, Value self) {
  Socket* s = socket_of(self);
  return str_format(t, "<socket object, fd=%d, family=%d, type=%d, proto=%d>", s->fd(), s->family, s->type, s->protocol);
}

// --- connections
Ref s_accept(Thread& t, Value self, const Value*) {
  Socket* s = socket_of(self);
  SocketAddress address;
  i64 fd = TRY(socket_call(t, s, Wait::kReadable, [&](int listening) {
    address.size = sizeof address.storage;
    return accept4(listening, &address.any, &address.size, SOCK_CLOEXEC);
  }));
  Ref peer = make_address(t, s, address);
  if (peer.failed()) {
    close(int(fd));
    return peer;
  }
  return tuple_of(t, Value::small_int(fd), peer);
}
Ref s_bind(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  SocketAddress address;
  TRY(parse_address(t, s, a[0], "bind", &address));
  if (audit_wanted()) TRY(audit(t, "socket.bind", self, a[0]));
  int result, error;
  {
    Detached detached(t);
    result = bind(s->fd(), &address.any, address.size);
    error = errno;
  }
  if (result < 0) return raise_errno(t, error);
  return Ref::none();
}

// Connects: 0, kTimedOut or -errno.
Result<i64> connect_to(Thread& t, Socket* s, const SocketAddress& address) {
  int result, error;
  {
    Detached detached(t);
    result = connect(s->fd(), &address.any, address.size);
    error = errno;
  }
  if (result >= 0) return i64(0);
  i64 timeout = s->timeout();
  bool wait = timeout > 0 && error == EINPROGRESS;
  if (error == EINTR) {  // the connection goes on being made
    TRY(safepoint(t));
    wait = timeout != 0;
  }
  if (!wait) return i64(-error);
  return try_socket_call(t, s, Wait::kConnected, timeout, 0, [](int fd) {
    int outcome = 0;
    socklen_t size = sizeof outcome;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &size) < 0) return -1;
    if (outcome == 0 || outcome == EISCONN) return 0;
    errno = outcome;
    return -1;
  });
}
Ref s_connect(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  SocketAddress address;
  TRY(parse_address(t, s, a[0], "connect", &address));
  if (audit_wanted()) TRY(audit(t, "socket.connect", self, a[0]));
  i64 result = TRY(connect_to(t, s, address));
  if (result == kTimedOut) return raise_timed_out(t);
  if (result < 0) return raise_errno(t, int(-result));
  return Ref::none();
}
Ref s_connect_ex(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  SocketAddress address;
  TRY(parse_address(t, s, a[0], "connect_ex", &address));
  if (audit_wanted()) TRY(audit(t, "socket.connect", self, a[0]));
  i64 result = TRY(connect_to(t, s, address));
  return int_from(t, result == kTimedOut ? EWOULDBLOCK : -result);
}
Ref s_listen(Thread& t, Value self, const Value* a) {
  int backlog = TRY(optional_int(t, a[0], kDefaultBacklog));
  int result, error;
  {
    Detached detached(t);
    result = listen(socket_of(self)->fd(), backlog < 0 ? 0 : backlog);
    error = errno;
  }
  if (result < 0) return raise_errno(t, error);
  return Ref::none();
}
Ref s_shutdown(Thread& t, Value self, const Value* a) {
  int how = TRY(int_argument(t, a[0]));
  int result, error;
  {
    Detached detached(t);
    result = shutdown(socket_of(self)->fd(), how);
    error = errno;
  }
  if (result < 0) return raise_errno(t, error);
  return Ref::none();
}
Ref s_close(Thread& t, Value self, const Value*) {
  int fd = __atomic_exchange_n(&socket_of(self)->fd_, -1, __ATOMIC_ACQ_REL);
  if (fd != -1) TRY(close_fd(t, fd));
  return Ref::none();
}
Ref s_detach(Thread& t, Value self, const Value*) {
  return int_from(t, __atomic_exchange_n(&socket_of(self)->fd_, -1, __ATOMIC_ACQ_REL));
}
Ref s_fileno(Thread& t, Value self, const Value*) { return int_from(t, socket_of(self)->fd()); }

template <int (*ask)(int, sockaddr*, socklen_t*)>
Ref s_name(Thread& t, Value self, const Value*) {
  Socket* s = socket_of(self);
  SocketAddress address;
  int result, error;
  {
    Detached detached(t);
    result = ask(s->fd(), &address.any, &address.size);
    error = errno;
  }
  if (result < 0) return raise_errno(t, error);
  return make_address(t, s, address);
}
int ask_own_name(int fd, sockaddr* address, socklen_t* size) { return getsockname(fd, address, size); }
int ask_peer_name(int fd, sockaddr* address, socklen_t* size) { return getpeername(fd, address, size); }

// --- timeouts
Ref s_settimeout(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  i64 timeout = TRY(timeout_argument(t, a[0]));
  s->set_timeout(timeout);
  TRY(set_blocking(t, s->fd(), timeout < 0));
  return Ref::none();
}
Ref seconds_or_none(Thread& t, i64 timeout) {
  if (timeout < 0) return Ref::none();
  return float_from(t, double(timeout) / 1e9);
}
Ref s_gettimeout(Thread& t, Value self, const Value*) { return seconds_or_none(t, socket_of(self)->timeout()); }
Ref s_setblocking(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  bool blocking = TRY(truth(t, a[0]));
  s->set_timeout(blocking ? -1 : 0);
  TRY(set_blocking(t, s->fd(), blocking));
  return Ref::none();
}
Ref s_getblocking(Thread&, Value self, const Value*) { return Ref::boolean(socket_of(self)->timeout() != 0); }

// --- options
Ref s_getsockopt(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  int level = TRY(int_argument(t, a[0])), option = TRY(int_argument(t, a[1]));
  int wanted = TRY(optional_int(t, a[2]));
  if (wanted == 0) {
    if (s->family == AF_VSOCK && level == AF_VSOCK) {
      u64 value = 0;
      socklen_t size = sizeof value;
      if (getsockopt(s->fd(), level, option, &value, &size) < 0) return raise_errno(t, errno);
      return int_from_u64(t, value);
    }
    int value = 0;
    socklen_t size = sizeof value;
    if (getsockopt(s->fd(), level, option, &value, &size) < 0) return raise_errno(t, errno);
    return int_from(t, value);
  }
  if (s->family == AF_VSOCK && level == AF_VSOCK) return raise(t, exc::OSError, "getsockopt string buffer not allowed");
  if (wanted < 0 || wanted > 1024) return raise(t, exc::OSError, "getsockopt buflen out of range");
  u8 buffer[1024];
  socklen_t size = socklen_t(wanted);
  if (getsockopt(s->fd(), level, option, buffer, &size) < 0) return raise_errno(t, errno);
  return bytes_from(t, buffer, size);
}
Ref set_option(Thread& t, int fd, int level, int option, const void* value, size_t size) {
  if (setsockopt(fd, level, option, value, socklen_t(size)) < 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref s_setsockopt(Thread& t, Value self, Args args) {
  TRY(check_no_keywords(t, "setsockopt", args));
  if (args.count < 3) return raise(t, exc::TypeError, "setsockopt() takes exactly 3 arguments (%d given)", int(args.count));
  bool no_value = args[2].is_none() && args.count == 4;
  if (args.count > 4 || (args.count == 4 && !no_value))
    return raise(t, exc::TypeError, "setsockopt() takes exactly 3 arguments (%d given)", int(args.count));
  Socket* s = socket_of(self);
  int level = TRY(int_argument(t, args[0])), option = TRY(int_argument(t, args[1]));
  if (no_value) {
    u32 size = TRY(word_argument(t, args[3]));
    return set_option(t, s->fd(), level, option, nullptr, size);
  }
  if (s->family == AF_VSOCK && level == AF_VSOCK && is_int(args[2])) {
    u64 value;
    if (!int_fits_u64(args[2], &value)) return raise(t, exc::OverflowError, "Python int too large to convert to C uint64_t");
    return set_option(t, s->fd(), level, option, &value, sizeof value);
  }
  if (is_int(args[2])) {
    i64 value;
    // CPython tries an int first and the buffer protocol when that fails, for whatever reason.
    if (int_fits_i64(args[2], &value) && value >= INT_MIN && value <= INT_MAX) {
      int number = int(value);
      return set_option(t, s->fd(), level, option, &number, sizeof number);
    }
  }
  ByteView view(t);
  TRY(view.get(args[2]));
  return set_option(t, s->fd(), level, option, view.data(), view.size());
}

// --- attributes
Ref get_family(Thread& t, Value self) { return int_from(t, socket_of(self)->family); }
Ref get_type(Thread& t, Value self) { return int_from(t, socket_of(self)->type); }
Ref get_protocol(Thread& t, Value self) { return int_from(t, socket_of(self)->protocol); }
Ref get_timeout(Thread& t, Value self) { return seconds_or_none(t, socket_of(self)->timeout()); }

const Method kMethods[] = {
    method("_accept", s_accept, "($self, /)",
           "_accept() -> (integer, address info)\n\nWait for an incoming connection.  Return a new socket file descriptor\nrepresenting the connection, and the address of the client."),
    method("bind", s_bind, "($self, object, /)", "bind(address)\n\nBind the socket to a local address."),
    method("close", s_close, "($self, /)", "close()\n\nClose the socket.  It cannot be used after this call."),
    method("connect", s_connect, "($self, object, /)", "connect(address)\n\nConnect the socket to a remote address."),
    method("connect_ex", s_connect_ex, "($self, object, /)",
           "connect_ex(address) -> errno\n\nThis is like connect(address), but returns an error code (the errno value)\ninstead of raising an exception when an error occurs."),
    method("detach", s_detach, "($self, /)",
           "detach()\n\nClose the socket object without closing the underlying file descriptor.\nThe object cannot be used after this call, but the file descriptor\ncan be reused for other purposes.  The file descriptor is returned."),
    method("fileno", s_fileno, "($self, /)", "fileno() -> integer\n\nReturn the integer file descriptor of the socket."),
    method("getpeername", s_name<ask_peer_name>, "($self, /)", "getpeername() -> address info\n\nReturn the address of the remote endpoint."),
    method("getsockname", s_name<ask_own_name>, "($self, /)", "getsockname() -> address info\n\nReturn the address of the local endpoint."),
    method("getsockopt", s_getsockopt, "($self, level, option, buffersize=0, /)",
           "getsockopt(level, option[, buffersize]) -> value\n\nGet a socket option.  See the Unix manual for level and option.\nIf a nonzero buffersize argument is given, the return value is a\nstring of that length; otherwise it is an integer."),
    raw_method("setsockopt", s_setsockopt, nullptr,
               "setsockopt(level, option, value: int)\nsetsockopt(level, option, value: buffer)\nsetsockopt(level, option, None, optlen: int)\n\nSet a socket option."),
    method("listen", s_listen, "($self, backlog=128, /)",
           "listen([backlog])\n\nEnable a server to accept connections."),
    method("shutdown", s_shutdown, "($self, object, /)",
           "shutdown(flag)\n\nShut down the reading side of the socket (flag == SHUT_RD), the writing side\nof the socket (flag == SHUT_WR), or both ends (flag == SHUT_RDWR)."),
    method("settimeout", s_settimeout, "($self, object, /)",
           "settimeout(timeout)\n\nSet a timeout on socket operations.  'timeout' can be a float,\ngiving in seconds, or None."),
    method("gettimeout", s_gettimeout, "($self, /)",
           "gettimeout() -> timeout\n\nReturns the timeout in seconds (float) associated with socket\noperations. A timeout of None indicates that timeouts on socket\noperations are disabled."),
    method("setblocking", s_setblocking, "($self, object, /)",
           "setblocking(flag)\n\nSet the socket to blocking (flag is true) or non-blocking (false).\nsetblocking(True) is equivalent to settimeout(None);\nsetblocking(False) is equivalent to settimeout(0.0)."),
    method("getblocking", s_getblocking, "($self, /)",
           "getblocking()\n\nReturns True if socket is in blocking mode, or False if it\nis in non-blocking mode."),
    method("recv", s_recv, "($self, buffersize, flags=0, /)",
           "recv(buffersize[, flags]) -> data\n\nReceive up to buffersize bytes from the socket."),
    method("recv_into", s_recv_into, "($self, /, buffer, nbytes=0, flags=0)",
           "recv_into(buffer, [nbytes[, flags]]) -> nbytes_read\n\nA version of recv() that stores its data into a buffer rather than creating\na new string."),
    method("recvfrom", s_recvfrom, "($self, buffersize, flags=0, /)",
           "recvfrom(buffersize[, flags]) -> (data, address info)\n\nLike recv(buffersize, flags) but also return the sender's address info."),
    method("recvfrom_into", s_recvfrom_into, "($self, /, buffer, nbytes=0, flags=0)",
           "recvfrom_into(buffer[, nbytes[, flags]]) -> (nbytes, address info)\n\nLike recv_into(buffer[, nbytes[, flags]]) but also return the sender's address info."),
    method("send", s_send, "($self, data, flags=0, /)", "send(data[, flags]) -> count\n\nSend a data string to the socket."),
    method("sendall", s_sendall, "($self, data, flags=0, /)",
           "sendall(data[, flags])\n\nSend a data string to the socket, until all of it is sent."),
    raw_method("sendto", s_sendto, nullptr,
               "sendto(data[, flags], address) -> count\n\nLike send(data, flags) but allows specifying the destination address.\nFor IP sockets, the address is a pair (hostaddr, port)."),
    method("recvmsg", s_recvmsg, "($self, bufsize, ancbufsize=0, flags=0, /)",
           "recvmsg(bufsize[, ancbufsize[, flags]]) -> (data, ancdata, msg_flags, address)\n\nReceive normal data (up to bufsize bytes) and ancillary data from the socket."),
    method("recvmsg_into", s_recvmsg_into, "($self, buffers, ancbufsize=0, flags=0, /)",
           "recvmsg_into(buffers[, ancbufsize[, flags]]) -> (nbytes, ancdata, msg_flags, address)\n\nReceive normal data and ancillary data from the socket, scattering the\nnon-ancillary data into a series of buffers."),
    method("sendmsg", s_sendmsg, "($self, buffers, ancdata=(), flags=0, address=None, /)",
           "sendmsg(buffers[, ancdata[, flags[, address]]]) -> count\n\nSend normal and ancillary data to the socket, gathering the\nnon-ancillary data from a series of buffers."),
    method("sendmsg_afalg", s_sendmsg_afalg, "($self, /, msg=(), *, op, iv=None, assoclen=-1, flags=0)",
           "sendmsg_afalg([msg], *, op[, iv[, assoclen[, flags=MSG_MORE]]])\n\nSet operation mode, IV and length of associated data for an AF_ALG\noperation socket."),
    {},
};
const GetSet kGetSets[] = {
    {"family", get_family, nullptr, "the socket family"},
    {"type", get_type, nullptr, "the socket type"},
    {"proto", get_protocol, nullptr, "the socket protocol"},
    {"timeout", get_timeout, nullptr, "the socket timeout"},
    {},
};

}  // namespace

Status close_fd(Thread& t, int fd) {
  int result, error;
  {
    Detached detached(t);
    result = close(fd);
    error = errno;
  }
  // A connection that the peer has reset is closed all the same.
  if (result < 0 && error != ECONNRESET) return raise_errno(t, error);
  return ok();
}

Raised raise_timed_out(Thread& t) { return raise(t, exc::TimeoutError, "timed out"); }

Result<u32> word_argument(Thread& t, Value v) {
  Ref number = TRY(to_index(t, v));
  return u32(int_low_u64(number));
}

Result<i64> timeout_argument(Thread& t, Value v) {
  if (v.is_none()) return i64(-1);
  i64 timeout = TRY(to_timeout_ns(t, v));
  if (timeout < 0) return raise(t, exc::ValueError, "Timeout value out of range");
  if (timeout / 1000000 > INT_MAX) return raise(t, exc::OverflowError, "timeout doesn't fit into C timeval");
  return timeout;
}

Result<i64> wait_ready(Thread& t, int fd, Wait what, u64 deadline) {
  if (fd < 0) return i64(1);  // the call itself says what is wrong
  pollfd row = {fd, short(what == Wait::kReadable ? POLLIN : what == Wait::kWritable ? POLLOUT : POLLOUT | POLLERR), 0};
  while (true) {
    int milliseconds = -1;
    if (deadline != 0) {
      u64 now = platform::monotonic_ns();
      if (now > deadline) return kTimedOut;
      u64 left = (deadline - now + 999999) / 1000000;
      milliseconds = left > INT_MAX ? INT_MAX : int(left);
    }
    int result, error;
    {
      Detached detached(t);
      result = poll(&row, 1, milliseconds);
      error = errno;
    }
    if (result > 0) return i64(1);
    if (result == 0) return kTimedOut;
    if (error != EINTR) return i64(-error);
    TRY(safepoint(t));
  }
}

Ref socket_from_fd(Thread& t, int fd, int family, int type, int protocol) {
  Ref made = socket_new(t, g_socket_type, {});
  if (made.failed() || take_fd(t, socket_of(made), fd, family, type, protocol).failed()) {
    close(fd);
    return Ref::error();
  }
  return made;
}

const TypeSpec kSocketSpec = {
    .name = "_socket.socket",
    .doc = "socket(family=AF_INET, type=SOCK_STREAM, proto=0) -> socket object\n"
           "socket(family=-1, type=-1, proto=-1, fileno=None) -> socket object\n\n"
           "Open a socket of the given type.  When a fileno is passed in, family, type and\n"
           "proto are detected, unless they are given.",
    .layout = {"socket", sizeof(Socket), 0, nullptr, release_socket, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = socket_repr, .new_ = socket_new, .init = socket_init, .finaliser = finalise},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::net
