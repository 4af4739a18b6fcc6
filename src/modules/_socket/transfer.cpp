// socket objects: receiving and sending bytes.
#include <memory>
#include <new>

#include "modules/_io/io.h"
#include "modules/_socket/socket.h"
#include "objects/container_util.h"

namespace typhon::net {
namespace {

Result<i64> size_argument(Thread& t, Value v) { return to_i64(t, v, "Python int too large to convert to C ssize_t"); }

// A receive: at most n bytes, with the sender's address when `from` is given.
Result<i64> receive(Thread& t, Socket* s, void* to, size_t n, int flags, SocketAddress* from) {
  if (n == 0 && from == nullptr) return i64(0);
  return socket_call(t, s, Wait::kReadable, [=](int fd) {
    if (from == nullptr) return recv(fd, to, n, flags);
    *from = SocketAddress();
    return recvfrom(fd, to, n, flags, &from->any, &from->size);
  });
}
Ref receive_bytes(Thread& t, Value self, const Value* a, const char* name, SocketAddress* from) {
  i64 n = TRY(size_argument(t, a[0]));
  int flags = TRY(optional_int(t, a[1]));
  if (n < 0) return raise(t, exc::ValueError, "negative buffersize in %s", name);
  // Callers offer much room (asyncio: 256 KiB) for little data: a buffer of the thread's spares making and shrinking such an object.
  // Nothing but the system call that filled it lies between that and the copy, so a signal handler that receives, too, does no harm.
  constexpr i64 kSmall = 4096, kRoom = 256 * 1024;
  if (n > kSmall && n <= kRoom) {
    static thread_local std::unique_ptr<u8[]> room;
    if (room == nullptr) room.reset(new (std::nothrow) u8[kRoom]);
    if (room == nullptr) return raise_no_memory(t);
    i64 got = TRY(receive(t, socket_of(self), room.get(), size_t(n), flags, from));
    return bytes_from(t, room.get(), got > n ? size_t(n) : size_t(got));
  }
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  i64 got = TRY(receive(t, socket_of(self), bytes->data, size_t(n), flags, from));
  return io::shrink_bytes(t, std::move(bytes), got > n ? size_t(n) : size_t(got));
}
// The buffer, and how many of its bytes are wanted.
Result<size_t> buffer_arguments(Thread& t, ByteView& view, const Value* a, const char* name, const char* too_small) {
  if (view.get(a[0], true).failed()) {
    if (!pending_matches(t, exc::TypeError) && !pending_matches(t, exc::BufferError)) return Raised{};
    clear_exception(t);
    return raise(t, exc::TypeError, "%s() argument 1 must be read-write bytes-like object, not %T", name, a[0]);
  }
  i64 n = a[1].is_empty() ? 0 : TRY(size_argument(t, a[1]));
  if (n < 0) return raise(t, exc::ValueError, "negative buffersize in %s", name);
  if (n == 0) return view.size();
  if (size_t(n) > view.size()) return raise(t, exc::ValueError, "%s", too_small);
  return size_t(n);
}

Result<i64> send_to(Thread& t, Socket* s, Value data, int flags, const SocketAddress* to) {
  ByteView view(t);
  TRY(view.get(data));
  const void* bytes = view.data();
  size_t n = view.size();
  return socket_call(t, s, Wait::kWritable, [=](int fd) {
    return to == nullptr ? send(fd, bytes, n, flags) : sendto(fd, bytes, n, flags, &to->any, to->size);
  });
}

}  // namespace

Ref s_recv(Thread& t, Value self, const Value* a) { return receive_bytes(t, self, a, "recv", nullptr); }
Ref s_recvfrom(Thread& t, Value self, const Value* a) {
  SocketAddress from;
  Ref bytes = TRY(receive_bytes(t, self, a, "recvfrom", &from));
  Ref address = TRY(make_address(t, socket_of(self), from));
  return tuple_of(t, bytes, address);
}
Ref s_recv_into(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  int flags = TRY(optional_int(t, a[2]));
  size_t n = TRY(buffer_arguments(t, view, a, "recv_into", "buffer too small for requested bytes"));
  return int_from(t, TRY(receive(t, socket_of(self), view.data(), n, flags, nullptr)));
}
Ref s_recvfrom_into(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  int flags = TRY(optional_int(t, a[2]));
  size_t n = TRY(buffer_arguments(t, view, a, "recvfrom_into", "nbytes is greater than the length of the buffer"));
  SocketAddress from;
  i64 got = TRY(receive(t, socket_of(self), view.data(), n, flags, &from));
  Ref address = TRY(make_address(t, socket_of(self), from));
  return tuple_of(t, Value::small_int(got), address);
}

Ref s_send(Thread& t, Value self, const Value* a) {
  int flags = TRY(optional_int(t, a[1]));
  return int_from(t, TRY(send_to(t, socket_of(self), a[0], flags, nullptr)));
}
Ref s_sendto(Thread& t, Value self, Args args) {
  TRY(check_no_keywords(t, "sendto", args));
  if (args.count < 2 || args.count > 3)
    return raise(t, exc::TypeError, "sendto() takes 2 or 3 arguments (%d given)", int(args.count));
  ByteView view(t);
  TRY(view.get(args[0]));
  int flags = args.count == 3 ? TRY(int_argument(t, args[1])) : 0;
  SocketAddress to;
  TRY(parse_address(t, socket_of(self), args[args.count - 1], "sendto", &to));
  return int_from(t, TRY(send_to(t, socket_of(self), args[0], flags, &to)));
}
Ref s_sendall(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  int flags = TRY(optional_int(t, a[1]));
  ByteView view(t);
  TRY(view.get(a[0]));
  const u8* bytes = view.data();
  size_t left = view.size();
  i64 timeout = s->timeout();
  u64 deadline = timeout > 0 ? platform::monotonic_ns() + u64(timeout) : 0;  // for all of it together
  do {
    i64 sent = TRY(try_socket_call(t, s, Wait::kWritable, timeout, deadline, [=](int fd) { return send(fd, bytes, left, flags); }));
    if (sent == kTimedOut) return raise_timed_out(t);
    if (sent < 0) return raise_errno(t, int(-sent));
    bytes += sent;
    left -= size_t(sent);
    TRY(safepoint(t));
  } while (left > 0);
  return Ref::none();
}

}  // namespace typhon::net
