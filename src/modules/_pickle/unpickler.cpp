// _pickle: the machine that pickles run on. Opcodes for atoms and containers; those that call something are in build.cpp.
#include "modules/_pickle/unpickler.h"

#include <cstdlib>

namespace typhon {

bool parse_double(const char* text, size_t n, double* out);  // objects/float.cpp
Ref int_from_str(Thread& t, Str* s, int base);               // objects/int_methods.cpp

namespace pickle {

Loader::~Loader() {
  if (marks_ != local_marks_) std::free(marks_);
}

// --- the stack
Raised Loader::underflow() {
  return raise(thread_, g_unpickling_error, mark_count_ != 0 ? "unexpected MARK found" : "unpickling stack underflow");
}
Result<size_t> Loader::need(size_t n) {
  if (stack_.size() < fence() + n) return underflow();
  return stack_.size() - n;
}
Ref Loader::pop() {
  if (stack_.size() <= fence()) return underflow();
  return stack_.pop();
}
Status Loader::push_mark() {
  if (mark_count_ == mark_capacity_) {
    auto* grown = static_cast<size_t*>(std::malloc(mark_capacity_ * 2 * sizeof(size_t)));
    if (grown == nullptr) return raise_no_memory(thread_);
    std::memcpy(grown, marks_, mark_count_ * sizeof(size_t));
    if (marks_ != local_marks_) std::free(marks_);
    marks_ = grown;
    mark_capacity_ *= 2;
  }
  marks_[mark_count_++] = stack_.size();
  return ok();
}
Result<size_t> Loader::pop_mark() {
  if (mark_count_ == 0) return raise(thread_, g_unpickling_error, "could not find MARK");
  return marks_[--mark_count_];
}
Ref Loader::items_from(size_t start) {
  RefTo<Tuple> tuple = tuple_take(thread_, stack_.words() + start, stack_.size() - start);
  stack_.truncate(start);
  return tuple;
}

// --- memo
constexpr u64 kDenseLimit = 1 << 16;  // how far beyond its end the vector grows at once
Status Loader::memo_get(u64 index) {
  if (index < memo_.size() && !memo_[index].is_empty()) {
    stack_.push_copy(memo_[index]);
    return ok();
  }
  if (!sparse_.is_empty()) {
    Ref key = TRY(int_from_u64(thread_, index));
    Ref found = TRY(dict_get_py(thread_, sparse_.as<Dict>(), key));
    if (!found.is_empty()) return push(std::move(found));
  }
  return raise(thread_, g_unpickling_error, "Memo value not found at index %zd", i64(index));
}
Status Loader::memo_put(u64 index) {
  size_t top = TRY(need(1));
  if (index < memo_.size()) {
    memo_.set(index, Ref::copy(stack_[top]));
  } else if (index - memo_.size() < kDenseLimit) {
    while (memo_.size() < index) memo_.push(Ref());
    memo_.push_copy(stack_[top]);
  } else {
    if (sparse_.is_empty()) sparse_ = TRY(dict_new(thread_)).release_ref();
    Ref key = TRY(int_from_u64(thread_, index));
    TRY(dict_set_py(thread_, sparse_.as<Dict>(), key, stack_[top]));
  }
  return ok();
}
Status Loader::read_memo(Value dict) {
  if (dict.is_empty()) return ok();
  size_t position = 0;
  Ref key, value;
  while (dict_next(thread_, dict.as<Dict>(), &position, &key, &value)) {
    i64 index = TRY(to_i64(thread_, key));
    if (index < 0) return raise(thread_, exc::ValueError, "memo key must be positive integers.");
    stack_.push_copy(value);
    Status done = memo_put(u64(index));
    stack_.truncate(0);
    TRY(done);
  }
  return ok();
}
Ref Loader::write_memo() {
  RefTo<Dict> dict = sparse_.is_empty() ? TRY(dict_new(thread_, memo_.size())) : RefTo<Dict>::from(sparse_.dup());
  for (size_t i = 0; i < memo_.size(); i++)
    if (!memo_[i].is_empty()) TRY(dict_set_py(thread_, dict.get(), Value::small_int(i64(i)), memo_[i]));
  return dict;
}
Result<u64> Loader::index_text() {
  std::string_view text = TRY(in_.full_line());
  RefTo<Str> digits = TRY(str_from_points(thread_, text.data(), 1, text.size()));
  Ref n = TRY(int_from_str(thread_, digits.get(), 10));
  i64 index;
  if (!int_fits_i64(n, &index) || index < 0) return raise(thread_, exc::ValueError, "negative PUT argument");
  return u64(index);
}

// --- numbers and text
Result<u64> Loader::read_size(size_t n, const char* what) {
  u64 size = TRY(read_number(n));
  if (size > u64(INT64_MAX)) return raise(thread_, exc::OverflowError, "%s exceeds system's maximum size of %zd bytes", what, INT64_MAX);
  return size;
}
Status Loader::load_int_text() {
  std::string_view text = TRY(in_.full_line());
  if (text == "00" || text == "01") return push(Ref::boolean(text == "01"));
  RefTo<Str> digits = TRY(str_from_points(thread_, text.data(), 1, text.size()));
  Ref n = int_from_str(thread_, digits.get(), 10);
  if (n.failed()) {
    if (!clear_if(thread_, exc::ValueError)) return Raised{};
    return raise(thread_, exc::ValueError, "could not convert string to int");
  }
  return push(std::move(n));
}
Status Loader::load_long_text() {
  std::string_view text = TRY(in_.full_line());
  if (!text.empty() && text.back() == 'L') text.remove_suffix(1);
  RefTo<Str> digits = TRY(str_from_points(thread_, text.data(), 1, text.size()));
  return push(int_from_str(thread_, digits.get(), 10));
}
Status Loader::load_long(size_t size_bytes) {
  u64 n = TRY(read_number(size_bytes));
  if (n > INT32_MAX) return raise(thread_, g_unpickling_error, "LONG pickle has negative byte count");
  const u8* data = TRY(in_.take(n));
  return push(int_from_bytes(thread_, data, n, true, true));
}
Status Loader::load_float_text() {
  std::string_view text = TRY(in_.full_line());
  double d;
  if (!parse_double(text.data(), text.size(), &d)) return raise(thread_, exc::ValueError, "could not convert string to float");
  return push(float_from(thread_, d));
}
// A str of Python 2: text in the encoding that the caller named, or bytes.
Status Loader::load_string(const u8* data, size_t n) {
  if (!encoding.is_empty() && encoding.as<Str>()->equals_ascii("bytes")) return push(bytes_from(thread_, data, n));
  Utf8Buffer encoding_buffer, errors_buffer;
  std::string name(encoding.is_empty() ? "ASCII" : str_utf8(encoding.as<Str>(), encoding_buffer));
  std::string mode(errors.is_empty() ? "strict" : str_utf8(errors.as<Str>(), errors_buffer));
  return push(decode_bytes(thread_, data, n, name.c_str(), mode.c_str()));
}
Status Loader::load_quoted() {
  std::string_view text = TRY(in_.line());
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  if (text.size() < 2 || text.front() != text.back() || (text.front() != '"' && text.front() != '\''))
    return raise(thread_, g_unpickling_error, "the STRING opcode argument must be quoted");
  Ref bytes = TRY(decode_bytes_escape(thread_, reinterpret_cast<const u8*>(text.data()) + 1, text.size() - 2, nullptr));
  return load_string(bytes.as<Bytes>()->data, bytes.as<Bytes>()->size);
}
Status Loader::load_unicode(size_t size_bytes) {
  u64 n = TRY(read_size(size_bytes, "BINUNICODE"));
  const u8* data = TRY(in_.take(n));
  return push(decode_utf8(thread_, data, n, "surrogatepass"));
}
Status Loader::load_bytes(size_t size_bytes) {
  u64 n = TRY(read_size(size_bytes, "BINBYTES"));
  const u8* data = TRY(in_.take(n));
  return push(bytes_from(thread_, data, n));
}
Status Loader::load_bytearray() {
  u64 n = TRY(read_size(8, "BYTEARRAY8"));
  if (n < kFrameTarget) {
    const u8* data = TRY(in_.take(n));
    return push(bytearray_from(thread_, data, n));
  }
  Ref count = TRY(int_from_u64(thread_, n));
  Ref made = TRY(call_with(thread_, Value(types::bytearray), count));
  TRY(in_.take_into(made, n));
  return push(std::move(made));
}
Status Loader::load_next_buffer() {
  if (buffers.is_empty() || buffers.get().is_none())
    return raise(thread_, g_unpickling_error, "pickle stream refers to out-of-band data but no *buffers* argument was given");
  Ref next = TRY(iter_next(thread_, buffers));
  if (next.is_empty()) return raise(thread_, g_unpickling_error, "not enough out-of-band buffers");
  return push(std::move(next));
}
Status Loader::load_readonly() {
  size_t top = TRY(need(1));
  Ref view = TRY(call_with(thread_, Value(types::memoryview), stack_[top]));
  Ref readonly = TRY(get_attribute_utf8(thread_, view, "readonly"));
  if (readonly.get().is_true()) return ok();
  Ref made = TRY(call_named(thread_, view, "toreadonly"));
  stack_.set(top, std::move(made));
  return ok();
}

// --- the loop
Ref Loader::run() {
  while (!stopped_) {
    if (poll_wanted(thread_)) [[unlikely]] TRY(safepoint_slow(thread_));
    Result<const u8*> next = in_.take(1);
    if (next.failed()) {
      if (!clear_if(thread_, g_unpickling_error)) return Raised{};
      return raise(thread_, exc::EOFError, "Ran out of input");
    }
    TRY(step(*next.get()));
  }
  TRY(in_.skip_peeked());
  return pop();
}
Status Loader::step(u8 opcode) {
  switch (opcode) {
    case op::kNone: return push(Ref::none());
    case op::kNewTrue: return push(Ref::boolean(true));
    case op::kNewFalse: return push(Ref::boolean(false));
    case op::kBinInt: return push(int_from(thread_, i32(TRY(read_number(4)))));
    case op::kBinInt1: return push(int_from(thread_, i64(TRY(read_number(1)))));
    case op::kBinInt2: return push(int_from(thread_, i64(TRY(read_number(2)))));
    case op::kBinFloat: return push(float_from(thread_, std::bit_cast<double>(__builtin_bswap64(TRY(read_number(8))))));
    case op::kShortBinUnicode: return load_unicode(1);
    case op::kBinUnicode: return load_unicode(4);
    case op::kBinUnicode8: return load_unicode(8);
    case op::kShortBinBytes: return load_bytes(1);
    case op::kBinBytes: return load_bytes(4);
    case op::kBinBytes8: return load_bytes(8);
    case op::kMemoize: return memo_put(memo_.size());
    case op::kBinGet: return memo_get(TRY(read_number(1)));
    case op::kLongBinGet: return memo_get(TRY(read_number(4)));
    case op::kBinPut: return memo_put(TRY(read_number(1)));
    case op::kLongBinPut: return memo_put(TRY(read_number(4)));
    case op::kMark: return push_mark();
    case op::kFrame: return in_.frame(TRY(read_size(8, "FRAME length")));
    case op::kProto: {
      u64 version = TRY(read_number(1));
      if (version > kHighestProtocol) return raise(thread_, exc::ValueError, "unsupported pickle protocol: %d", int(version));
      protocol = int(version);
      return ok();
    }
    case op::kStop: stopped_ = true; return ok();
    default: return step_container(opcode);
  }
}
Status Loader::step_container(u8 opcode) {
  switch (opcode) {
    case op::kEmptyTuple: return push(tuple_of(thread_));
    case op::kTuple1:
    case op::kTuple2:
    case op::kTuple3: return push(items_from(TRY(need(size_t(opcode - op::kTuple1 + 1)))));
    case op::kTuple: return push(items_from(TRY(pop_mark())));
    case op::kEmptyList: return push(list_new(thread_));
    case op::kList: {
      size_t start = TRY(pop_mark());
      RefTo<List> list = list_take(thread_, stack_.words() + start, stack_.size() - start);
      stack_.truncate(start);
      return push(std::move(list));
    }
    case op::kAppend: return load_appends(TRY(need(1)));
    case op::kAppends: return load_appends(TRY(pop_mark()));
    case op::kEmptyDict: return push(dict_new(thread_));
    case op::kDict: {
      size_t start = TRY(pop_mark());
      if ((stack_.size() - start) % 2 != 0) return raise(thread_, g_unpickling_error, "odd number of items for DICT");
      RefTo<Dict> dict = TRY(dict_new(thread_));
      for (size_t i = start; i < stack_.size(); i += 2) TRY(dict_set_py(thread_, dict.get(), stack_[i], stack_[i + 1]));
      stack_.truncate(start);
      return push(std::move(dict));
    }
    case op::kSetItem: return load_set_items(TRY(need(2)));
    case op::kSetItems: return load_set_items(TRY(pop_mark()));
    case op::kEmptySet: return push(set_new(thread_));
    case op::kAddItems: return load_add_items();
    case op::kFrozenSet: {
      Ref items = TRY(items_from(TRY(pop_mark())));
      return push(set_from_py(thread_, items, true));
    }
    case op::kPop:
      // A mark is what is popped when nothing is above it.
      if (mark_count_ != 0 && stack_.size() == fence()) {
        mark_count_--;
        return ok();
      }
      TRY(pop());
      return ok();
    case op::kPopMark: stack_.truncate(TRY(pop_mark())); return ok();
    case op::kDup: {
      size_t top = TRY(need(1));
      return push(Ref::copy(stack_[top]));
    }
    default: return step_object(opcode);
  }
}
Status Loader::step_object(u8 opcode) {
  switch (opcode) {
    case op::kGlobal: return load_global();
    case op::kStackGlobal: return load_stack_global();
    case op::kReduce: return load_reduce();
    case op::kNewObj: return load_new_object(false);
    case op::kNewObjEx: return load_new_object(true);
    case op::kBuild: return load_build();
    case op::kInst: return load_inst();
    case op::kObj: return load_obj();
    case op::kExt1: return load_extension(1);
    case op::kExt2: return load_extension(2);
    case op::kExt4: return load_extension(4);
    case op::kBinPersId: {
      Ref id = TRY(pop());
      return load_persistent(id);
    }
    case op::kByteArray8: return load_bytearray();
    case op::kNextBuffer: return load_next_buffer();
    case op::kReadonlyBuffer: return load_readonly();
    default: return step_text(opcode);
  }
}
// Protocol 0, and ints of any size.
Status Loader::step_text(u8 opcode) {
  switch (opcode) {
    case op::kInt: return load_int_text();
    case op::kLong: return load_long_text();
    case op::kLong1: return load_long(1);
    case op::kLong4: return load_long(4);
    case op::kFloat: return load_float_text();
    case op::kString: return load_quoted();
    case op::kBinString: {
      i32 n = i32(TRY(read_number(4)));
      if (n < 0) return raise(thread_, g_unpickling_error, "BINSTRING pickle has negative byte count");
      const u8* data = TRY(in_.take(size_t(n)));
      return load_string(data, size_t(n));
    }
    case op::kShortBinString: {
      u64 n = TRY(read_number(1));
      const u8* data = TRY(in_.take(n));
      return load_string(data, n);
    }
    case op::kUnicode: {
      std::string_view text = TRY(in_.line());
      return push(decode_raw_unicode_escape(thread_, reinterpret_cast<const u8*>(text.data()), text.size(), nullptr, nullptr));
    }
    case op::kGet: return memo_get(TRY(index_text()));
    case op::kPut: return memo_put(TRY(index_text()));
    case op::kPersId: {
      std::string_view text = TRY(in_.line());
      Ref id = decode_ascii(thread_, reinterpret_cast<const u8*>(text.data()), text.size(), nullptr);
      if (id.failed()) {
        if (!clear_if(thread_, exc::UnicodeDecodeError)) return Raised{};
        return raise(thread_, g_unpickling_error, "persistent IDs in protocol 0 must be ASCII strings");
      }
      return load_persistent(id);
    }
    default:
      if (opcode >= 0x20 && opcode < 0x7F && opcode != '\'' && opcode != '\\')
        return raise(thread_, g_unpickling_error, "invalid load key, '%c'.", char(opcode));
      char text[8];
      snprintf(text, sizeof text, "\\x%02x", opcode);
      return raise(thread_, g_unpickling_error, "invalid load key, '%s'.", text);
  }
}

}  // namespace pickle
}  // namespace typhon
