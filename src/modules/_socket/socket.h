// Shared between the files of _socket.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>

#include "modules/posix/posix.h"

namespace typhon::net {

extern Type* g_socket_type;
extern Type* g_gaierror;
extern Type* g_herror;

// A closed socket has descriptor -1. Several threads may use one socket: fields are read and written atomically, and a
// descriptor closed under a blocked call behaves as the kernel makes it (CPython's behaviour as well).
struct Socket : Object {
  i32 fd_;
  i32 family, type, protocol;
  i64 timeout_;  // nanoseconds; -1: blocking, 0: non-blocking

  int fd() const { return __atomic_load_n(&fd_, __ATOMIC_ACQUIRE); }
  i64 timeout() const { return __atomic_load_n(&timeout_, __ATOMIC_RELAXED); }
  void set_timeout(i64 ns) { __atomic_store_n(&timeout_, ns, __ATOMIC_RELAXED); }
};
inline Socket* socket_of(Value v) { return v.as<Socket>(); }

struct SocketAddress {
  union {
    sockaddr any;
    sockaddr_storage storage;
    sockaddr_un unix_;
  };
  socklen_t size;
  SocketAddress() : storage{}, size(sizeof storage) {}
};

// --- address.cpp
// A Python address to the kernel's form, for a socket of that family. `caller` is the method, for messages.
Status parse_address(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out);
// The other way; None for no address.
Ref make_address(Thread& t, const Socket* s, const SocketAddress& address);
// The same for an address without a socket (getaddrinfo): only what the family decides.
Ref make_address(Thread& t, const sockaddr* address, socklen_t size, int protocol);

// --- bluetooth.cpp: the same for Bluetooth, whose addresses depend on the protocol
Status parse_bluetooth(Thread& t, const Socket* s, Value v, const char* caller, SocketAddress* out);
Ref make_bluetooth(Thread& t, const sockaddr* address, int protocol);
Status add_bluetooth_constants(Thread& t, Module* module);

// --- resolve.cpp
// A host argument: str (encoded with IDNA when it is not ASCII), bytes or bytearray.
struct HostArgument {
  Ref keep;
  const char* name = nullptr;
  // TypeError otherwise.
  Status get(Thread& t, Value v);
};
// The numeric address of a host, of `family` (AF_UNSPEC: any); "" and "<broadcast>" have their meaning. Only the address
// part of `out` (of `size` bytes) is set. gaierror when it is unknown.
Status resolve_host(Thread& t, const char* name, sockaddr* out, size_t size, int family);
// The text of an IPv4 or IPv6 address.
RefTo<Str> address_text(Thread& t, const sockaddr* address, socklen_t size);
Raised raise_gaierror(Thread& t, int error, int system_error);
extern const Method kResolveFunctions[];

// --- socket.cpp
enum class Wait : u8 { kReadable, kWritable, kConnected };
inline constexpr i64 kTimedOut = -100000;
// Waits until the descriptor is ready or the deadline (monotonic ns; 0: none) has passed: 1 ready, kTimedOut, or -errno.
Result<i64> wait_ready(Thread& t, int fd, Wait what, u64 deadline);
// One transfer as the socket's timeout asks for: `call(fd)` (detached; -1 with errno on failure) is made when the socket is
// ready, and again after signals. The result of `call`, kTimedOut or -errno. `deadline`: 0, or that of a series of calls.
template <class F>
Result<i64> try_socket_call(Thread& t, Socket* s, Wait what, i64 timeout, u64 deadline, F call);
// The same; raises TimeoutError or OSError.
template <class F>
Result<i64> socket_call(Thread& t, Socket* s, Wait what, F call);
Raised raise_timed_out(Thread& t);
// A new socket object of the given class, that owns fd (closes it on failure).
Ref socket_from_fd(Thread& t, int fd, int family, int type, int protocol);
// An optional timeout argument: nanoseconds, -1 for None.
Result<i64> timeout_argument(Thread& t, Value v);
extern const TypeSpec kSocketSpec;
extern i64 g_default_timeout;  // atomic
Status close_fd(Thread& t, int fd);
// The low 32 bits of an int.
Result<u32> word_argument(Thread& t, Value v);

// --- transfer.cpp, message.cpp: methods
Ref s_recv(Thread& t, Value self, const Value* a);
Ref s_recv_into(Thread& t, Value self, const Value* a);
Ref s_recvfrom(Thread& t, Value self, const Value* a);
Ref s_recvfrom_into(Thread& t, Value self, const Value* a);
Ref s_send(Thread& t, Value self, const Value* a);
Ref s_sendall(Thread& t, Value self, const Value* a);
Ref s_sendto(Thread& t, Value self, Args args);
Ref s_recvmsg(Thread& t, Value self, const Value* a);
Ref s_recvmsg_into(Thread& t, Value self, const Value* a);
Ref s_sendmsg(Thread& t, Value self, const Value* a);
Ref s_sendmsg_afalg(Thread& t, Value self, const Value* a);
Ref f_cmsg_len(Thread& t, Value, const Value* a);
Ref f_cmsg_space(Thread& t, Value, const Value* a);
// An int argument, or its default when it was not given.
inline Result<int> optional_int(Thread& t, Value v, int fallback = 0) {
  if (v.is_empty()) return fallback;
  return int_argument(t, v);
}

Status add_socket_constants(Thread& t, Module* module);  // constants.cpp

// --- templates
template <class F>
Result<i64> try_socket_call(Thread& t, Socket* s, Wait what, i64 timeout, u64 deadline, F call) {
  if (timeout > 0 && deadline == 0) deadline = platform::monotonic_ns() + u64(timeout);
  while (true) {
    int fd = s->fd();
    if (timeout > 0 || what == Wait::kConnected) {
      i64 ready = TRY(wait_ready(t, fd, what, deadline));
      if (ready < 0) return ready;
    }
    while (true) {
      i64 result;
      int error;
      {
        Detached detached(t);
        result = i64(call(fd));
        error = errno;
      }
      if (result >= 0) return result;
      if (error == EINTR) {
        TRY(safepoint(t));
        continue;
      }
      if (timeout > 0 && (error == EWOULDBLOCK || error == EAGAIN)) break;  // somebody else was faster
      return i64(-error);
    }
  }
}
template <class F>
Result<i64> socket_call(Thread& t, Socket* s, Wait what, F call) {
  i64 result = TRY(try_socket_call(t, s, what, s->timeout(), 0, call));
  if (result == kTimedOut) return raise_timed_out(t);
  if (result < 0) return raise_errno(t, int(-result));
  return result;
}

}  // namespace typhon::net
