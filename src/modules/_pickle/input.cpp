// _pickle: where the bytes of a pickle come from.
#include "modules/_pickle/unpickler.h"

namespace typhon::pickle {
namespace {
constexpr size_t kPeek = 128 * 1024;
}

Raised Input::truncated() { return raise(thread_, g_unpickling_error, "pickle data was truncated"); }

Status Input::skip_peeked() {
  leave_frame();
  if (!has_peeked_) return ok();
  has_peeked_ = false;
  size_t consumed = at_ > peeked_ ? at_ - peeked_ : 0;
  size_ = at_;
  if (consumed == 0) return ok();
  Ref n = TRY(int_from(thread_, i64(consumed))), read = file_->read.load();
  TRY(call_with(thread_, read, n));
  return ok();
}
Status Input::set_answer(Ref&& bytes, size_t wanted) {
  if (!is_bytes(bytes)) return raise(thread_, exc::TypeError, "read() returned non-bytes object (%T)", bytes.get());
  bytes_ = std::move(bytes);
  data_ = bytes_.as<Bytes>()->data;
  size_ = bytes_.as<Bytes>()->size;
  at_ = 0;
  frame_end_ = 0;
  if (size_ < wanted) return truncated();
  return ok();
}
void Input::leave_frame() {
  if (frame_end_ == 0 || at_ != frame_end_) return;
  frame_end_ = 0;
  size_ = whole_;
}
Result<const u8*> Input::take_slow(size_t n) {
  leave_frame();
  if (size_ - at_ >= n) {
    at_ += n;
    return data_ + at_ - n;
  }
  if (file_ == nullptr) return truncated();
  size_t left = has_peeked_ ? 0 : size_ - at_;
  TRY(skip_peeked());
  if (left != 0) return truncated();  // an opcode that reaches over the end of its frame
  if (n > (size_t(1) << 47)) return raise(thread_, exc::OverflowError, "read would overflow (invalid bytecode)");
  Ref count = TRY(int_from(thread_, i64(n))), read = file_->read.load();
  Ref bytes = TRY(call_with(thread_, read, count));
  TRY(set_answer(std::move(bytes), n));
  Ref peek = file_->peek.load();
  if (!peek.is_empty() && size_ == n) {
    Ref limit = TRY(int_from(thread_, i64(kPeek)));
    Ref more = call_with(thread_, peek, limit);
    if (more.failed()) {
      // Files may have a peek() that does not work: they are read without.
      if (!clear_if(thread_, exc::NotImplementedError)) return Raised{};
      file_->peek.clear(file_);
    } else if (is_bytes(more) && more.as<Bytes>()->size != 0) {
      RefTo<Bytes> both = TRY(bytes_allocate(thread_, n + more.as<Bytes>()->size));
      std::memcpy(both->data, data_, n);
      std::memcpy(both->data + n, more.as<Bytes>()->data, more.as<Bytes>()->size);
      TRY(set_answer(std::move(both).release_ref(), n));
      peeked_ = n;
      has_peeked_ = true;
    }
  }
  at_ = n;
  return data_;
}
Status Input::frame(u64 n) {
  leave_frame();
  if (frame_end_ > at_) return raise(thread_, g_unpickling_error, "beginning of a new frame before end of current frame");
  if (size_ - at_ < n) {
    if (file_ == nullptr) return truncated();
    TRY(take_slow(n));
    at_ = 0;
  }
  frame_end_ = at_ + n;
  whole_ = size_;
  size_ = frame_end_;
  return ok();
}
Result<std::string_view> Input::full_line() {
  std::string_view text = TRY(line());
  if (text.empty()) return truncated();
  return text;
}
Result<std::string_view> Input::line() {
  auto within = [&]() -> Result<std::string_view> {
    auto* end = static_cast<const u8*>(std::memchr(data_ + at_, '\n', size_ - at_));
    if (end == nullptr) return std::string_view();
    std::string_view text(reinterpret_cast<const char*>(data_) + at_, size_t(end - data_) - at_);
    at_ = size_t(end - data_) + 1;
    return std::string_view(text.data(), text.size());
  };
  leave_frame();
  if (size_ > at_ && std::memchr(data_ + at_, '\n', size_ - at_) != nullptr) return within();
  if (file_ == nullptr) return truncated();
  TRY(skip_peeked());
  if (size_ != at_) return truncated();
  Ref readline = file_->readline.load();
  Ref bytes = TRY(call(thread_, readline));
  TRY(set_answer(std::move(bytes), 1));
  if (data_[size_ - 1] != '\n') return truncated();
  return within();
}
Status Input::take_into(Value buffer, size_t n) {
  ByteView view(thread_);
  TRY(view.get(buffer, true));
  size_t there = std::min(n, size_ - at_);
  if (there == n || file_ == nullptr || file_->readinto.is_empty()) {
    const u8* data = TRY(take(n));
    std::memcpy(view.data(), data, n);
    return ok();
  }
  std::memcpy(view.data(), data_ + at_, there);
  at_ += there;
  TRY(skip_peeked());
  Ref whole = TRY(call_with(thread_, Value(types::memoryview), buffer));
  Ref start = TRY(int_from(thread_, i64(there)));
  RefTo<Slice> slice = TRY(slice_new(thread_, start, None, None));
  Ref rest = TRY(get_item(thread_, whole, slice));
  Ref readinto = file_->readinto.load();
  Ref count = TRY(call_with(thread_, readinto, rest));
  i64 got = TRY(to_i64(thread_, count));
  if (got < i64(n - there)) return truncated();
  return ok();
}

}  // namespace typhon::pickle
