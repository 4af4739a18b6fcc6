// socket objects: messages of several buffers with ancillary data (recvmsg, sendmsg), and the kernel's cryptography on top.
#include <linux/if_alg.h>

#include <climits>
#include <vector>

#include "modules/_io/io.h"
#include "modules/_socket/socket.h"
#include "objects/container_util.h"

namespace typhon::net {
namespace {

constexpr size_t kMostAncillary = INT_MAX;  // what socklen_t can say without doubt

// Sizes of control messages; false when they cannot be represented.
bool cmsg_len(size_t data, size_t* out) {
  if (data > kMostAncillary - CMSG_LEN(0)) return false;
  *out = CMSG_LEN(data);
  return true;
}
bool cmsg_space(size_t data, size_t* out) {
  if (data > kMostAncillary - CMSG_SPACE(1)) return false;
  *out = CMSG_SPACE(data);
  return true;
}

// The buffers of a message: views that are released at the end.
class Buffers {
 public:
  explicit Buffers(Thread& t) : thread_(t), owners_(t) {}
  ~Buffers() {
    for (Buffer& buffer : views_) release_buffer(thread_, &buffer);
  }
  Buffers(const Buffers&) = delete;
  // Takes views of all items of the tuple.
  Status get(Tuple* items, bool writable) {
    views_.reserve(items->size);
    for (u64 i = 0; i < items->size; i++) {
      Buffer view;
      TRY(get_buffer(thread_, items->items[i].peek(), &view, writable ? buffer_flag::kWritable : buffer_flag::kSimple));
      owners_.push_copy(view.owner);
      views_.push_back(view);
      vectors_.push_back({view.data, size_t(view.length)});
    }
    return ok();
  }
  iovec* data() { return vectors_.data(); }
  size_t size() const { return vectors_.size(); }

 private:
  Thread& thread_;
  RootedVector owners_;  // the words in views_ lie where no scan finds them
  std::vector<Buffer> views_;
  std::vector<iovec> vectors_;
};

// The items of a control message as the program sees them, when they lie within the buffer.
Ref control_row(Thread& t, const msghdr& message, const cmsghdr* header, bool* complete) {
  const u8* data = CMSG_DATA(header);
  const u8* end = static_cast<const u8*>(message.msg_control) + message.msg_controllen;
  size_t n = header->cmsg_len > CMSG_LEN(0) ? header->cmsg_len - CMSG_LEN(0) : 0;
  size_t there = data < end ? size_t(end - data) : 0;
  *complete = n <= there;
  Ref bytes = TRY(bytes_from(t, data, n < there ? n : there));
  return tuple_of(t, Value::small_int(header->cmsg_level), Value::small_int(header->cmsg_type), bytes);
}
// Receives into vectors: *got bytes, and the tuple (ancillary data, flags, address) that follows them in results.
Status receive_message(Thread& t, Socket* s, iovec* vectors, size_t count, i64 control_size, int flags, i64* got, Ref* rest) {
  if (control_size < 0 || size_t(control_size) > kMostAncillary) return raise(t, exc::ValueError, "invalid ancillary data buffer length");
  std::vector<u8> control(static_cast<size_t>(control_size));
  SocketAddress from;
  msghdr message = {};
  *got = TRY(socket_call(t, s, Wait::kReadable, [&](int fd) {
    message = {};
    from = SocketAddress();
    message.msg_name = &from.any;
    message.msg_namelen = from.size;
    message.msg_iov = vectors;
    message.msg_iovlen = count;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    return recvmsg(fd, &message, flags);
  }));
  from.size = message.msg_namelen;
  RefTo<List> rows = TRY(list_new(t));
  for (cmsghdr* header = message.msg_controllen > 0 ? CMSG_FIRSTHDR(&message) : nullptr; header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    bool complete;
    TRY(list_append(t, rows.get(), TRY(control_row(t, message, header, &complete))));
    if (!complete) {
      TRY(warn(t, exc::RuntimeWarning, 1, "received malformed or improperly-truncated ancillary data"));
      break;
    }
  }
  Ref address = TRY(make_address(t, s, from));
  *rest = TRY(tuple_of(t, rows, Value::small_int(message.msg_flags), address));
  return ok();
}
Ref with_first(Thread& t, Value first, const Ref& rest) {
  auto* tuple = rest.as<Tuple>();
  return tuple_of(t, first, tuple->items[0].peek(), tuple->items[1].peek(), tuple->items[2].peek());
}

// One ancillary item (level, type, data).
struct ControlItem {
  int level, type;
  size_t size;
};
// Ancillary data as the kernel wants it, from the program's sequence of triples.
Status gather_control(Thread& t, Value items, std::vector<u8>* control) {
  RefTo<Tuple> rows = TRY(items_of(t, items, "sendmsg() argument 2 must be an iterable"));
  std::vector<ControlItem> headers;
  std::vector<u8> data;
  size_t total = 0;
  for (u64 i = 0; i < rows->size; i++) {
    Value row = rows->items[i].peek();
    if (!is_tuple(row))
      return raise(t, exc::TypeError, "[sendmsg() ancillary data items]() argument must be 3-item tuple, not %T", row);
    auto* triple = row.as<Tuple>();
    if (triple->size != 3)
      return raise(t, exc::TypeError, "[sendmsg() ancillary data items]() argument must be tuple of length 3, not %zd", i64(triple->size));
    int level = TRY(int_argument(t, triple->items[0].peek())), type = TRY(int_argument(t, triple->items[1].peek()));
    ByteView view(t);
    TRY(view.get(triple->items[2].peek()));
    size_t space;
    if (!cmsg_space(view.size(), &space)) return raise(t, exc::OSError, "ancillary data item too large");
    if (space > kMostAncillary - total) return raise(t, exc::OSError, "too much ancillary data");
    total += space;
    headers.push_back({level, type, view.size()});
    data.insert(data.end(), view.data(), view.data() + view.size());
  }
  control->assign(total, 0);
  msghdr message = {};
  message.msg_control = control->data();
  message.msg_controllen = total;
  cmsghdr* header = nullptr;
  const u8* from = data.data();
  for (const ControlItem& item : headers) {
    header = header == nullptr ? CMSG_FIRSTHDR(&message) : CMSG_NXTHDR(&message, header);
    if (header == nullptr) return raise(t, exc::RuntimeError, "unexpected NULL result from %s", "CMSG_NXTHDR()");
    header->cmsg_level = item.level;
    header->cmsg_type = item.type;
    header->cmsg_len = CMSG_LEN(item.size);
    if (item.size > 0) memcpy(CMSG_DATA(header), from, item.size);
    from += item.size;
  }
  return ok();
}

Ref send_message(Thread& t, Socket* s, Buffers& buffers, std::vector<u8>& control, int flags, SocketAddress* to) {
  msghdr message = {};
  if (to != nullptr) {
    message.msg_name = &to->any;
    message.msg_namelen = to->size;
  }
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  message.msg_control = control.empty() ? nullptr : control.data();
  message.msg_controllen = control.size();
  return int_from(t, TRY(socket_call(t, s, Wait::kWritable, [&](int fd) { return sendmsg(fd, &message, flags); })));
}

// Puts one control message behind those that are there.
void add_control(std::vector<u8>& control, int type, const void* head, size_t head_size, const void* tail, size_t tail_size) {
  size_t at = control.size();
  control.resize(at + CMSG_SPACE(head_size + tail_size));
  auto* header = reinterpret_cast<cmsghdr*>(control.data() + at);
  header->cmsg_level = SOL_ALG;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(head_size + tail_size);
  memcpy(CMSG_DATA(header), head, head_size);
  if (tail_size > 0) memcpy(CMSG_DATA(header) + head_size, tail, tail_size);
}

}  // namespace

Ref s_recvmsg(Thread& t, Value self, const Value* a) {
  i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  i64 control = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  int flags = TRY(optional_int(t, a[2]));
  if (n < 0) return raise(t, exc::ValueError, "negative buffer size in recvmsg()");
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  iovec vector = {bytes->data, size_t(n)};
  i64 got;
  Ref rest;
  TRY(receive_message(t, socket_of(self), &vector, 1, control, flags, &got, &rest));
  Ref data = TRY(io::shrink_bytes(t, std::move(bytes), got > n ? size_t(n) : size_t(got)));
  return with_first(t, data, rest);
}
Ref s_recvmsg_into(Thread& t, Value self, const Value* a) {
  i64 control = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  int flags = TRY(optional_int(t, a[2]));
  RefTo<Tuple> items = TRY(items_of(t, a[0], "recvmsg_into() argument 1 must be an iterable"));
  if (items->size > INT_MAX) return raise(t, exc::OSError, "recvmsg_into() argument 1 is too long");
  Buffers buffers(t);
  if (buffers.get(items.get(), true).failed()) {
    if (!pending_matches(t, exc::TypeError) && !pending_matches(t, exc::BufferError)) return Raised{};
    clear_exception(t);
    return raise(t, exc::TypeError, "recvmsg_into() argument 1 must be an iterable of single-segment read-write buffers");
  }
  i64 got;
  Ref rest;
  TRY(receive_message(t, socket_of(self), buffers.data(), buffers.size(), control, flags, &got, &rest));
  return with_first(t, Value::small_int(got), rest);
}
Ref s_sendmsg(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  int flags = TRY(optional_int(t, a[2]));
  SocketAddress to;
  bool named = !a[3].is_empty() && !a[3].is_none();
  if (named) TRY(parse_address(t, s, a[3], "sendmsg", &to));
  RefTo<Tuple> items = TRY(items_of(t, a[0], "sendmsg() argument 1 must be an iterable"));
  if (items->size > INT_MAX) return raise(t, exc::OSError, "sendmsg() argument 1 is too long");
  Buffers buffers(t);
  TRY(buffers.get(items.get(), false));
  std::vector<u8> control;
  if (!a[1].is_empty()) TRY(gather_control(t, a[1], &control));
  return send_message(t, s, buffers, control, flags, named ? &to : nullptr);
}

Ref s_sendmsg_afalg(Thread& t, Value self, const Value* a) {
  Socket* s = socket_of(self);
  if (s->family != AF_ALG) return raise(t, exc::OSError, "algset is only supported for AF_ALG");
  int operation = TRY(int_argument(t, a[1]));
  if (operation < 0) return raise(t, exc::TypeError, "Invalid or missing argument 'op'");
  i64 associated = -1;
  if (!a[3].is_empty()) {
    associated = TRY(int_argument(t, a[3]));
    if (associated < 0) return raise(t, exc::TypeError, "assoclen must be positive");
  }
  int flags = TRY(optional_int(t, a[4]));
  std::vector<u8> control;
  u32 word = u32(operation);
  add_control(control, ALG_SET_OP, &word, sizeof word, nullptr, 0);
  if (!a[2].is_empty() && !a[2].is_none()) {
    ByteView iv(t);
    TRY(iv.get(a[2]));
    u32 size = u32(iv.size());
    add_control(control, ALG_SET_IV, &size, sizeof size, iv.data(), iv.size());
  }
  if (associated >= 0) {
    word = u32(associated);
    add_control(control, ALG_SET_AEAD_ASSOCLEN, &word, sizeof word, nullptr, 0);
  }
  RefTo<Tuple> items = a[0].is_empty() ? tuple_of(t) : TRY(items_of(t, a[0], "sendmsg_afalg() argument 1 must be an iterable"));
  Buffers buffers(t);
  TRY(buffers.get(items.get(), false));
  return send_message(t, s, buffers, control, flags, nullptr);
}

Ref f_cmsg_len(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  size_t size;
  if (n < 0 || !cmsg_len(size_t(n), &size)) return raise(t, exc::OverflowError, "CMSG_LEN() argument out of range");
  return int_from(t, i64(size));
}
Ref f_cmsg_space(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  size_t size;
  if (n < 0 || !cmsg_space(size_t(n), &size)) return raise(t, exc::OverflowError, "CMSG_SPACE() argument out of range");
  return int_from(t, i64(size));
}

}  // namespace typhon::net
