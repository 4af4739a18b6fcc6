// Loader: one run of load(). Lives on a C++ stack; the unpickler it works for is only read.
#pragma once
#include <algorithm>
#include <string>

#include "modules/_pickle/pickle.h"

namespace typhon::pickle {

struct Unpickler : Object {
  Field read, readline, readinto, peek;  // of the file; EMPTY when it has none (read: before __init__)
  Field buffers;                         // an iterator, or None
  Field encoding, errors;                // str
  Field memo;                            // dict: number -> object; EMPTY: nothing yet
  Field persistent_load;                 // set on the instance, or EMPTY
  i32 protocol;                          // of the last pickle read
  u8 busy;                               // atomic: a load() is running
  bool fix_imports;
};

// The bytes of a pickle: all at once, or piece by piece from a file, never more of it than the pickle has (what peek() shows is skipped
// with read() later).
class Input {
 public:
  explicit Input(Thread& t) : thread_(t) {}
  void set_bytes(const u8* data, size_t n) { data_ = data, size_ = n; }
  void set_file(Unpickler* file) { file_ = file; }
  // n bytes; valid until the next call.
  TYPHON_INLINE Result<const u8*> take(size_t n) {
    if (size_ - at_ < n) [[unlikely]] return take_slow(n);
    at_ += n;
    return data_ + at_ - n;
  }
  Result<std::string_view> line();       // without the newline
  Result<std::string_view> full_line();  // one that is not empty
  Status take_into(Value buffer, size_t n);  // readinto, for large buffers
  Status frame(u64 n);
  Status skip_peeked();

 private:
  Result<const u8*> take_slow(size_t n);
  Status set_answer(Ref&& bytes, size_t wanted);
  Raised truncated();
  void leave_frame();
  Thread& thread_;
  const u8* data_ = nullptr;
  size_t size_ = 0, at_ = 0;
  Unpickler* file_ = nullptr;
  Ref bytes_;          // owner of data_ when it came from a file
  size_t peeked_ = 0;  // where in data_ begins what the file has not moved past; 0: nothing
  bool has_peeked_ = false;
  size_t frame_end_ = 0;  // of the frame that is being read, in data_; 0: none
  size_t whole_ = 0;      // size_ without the frame: what is beyond its end is out of reach while it is read
};

class Loader {
 public:
  Loader(Thread& t, Input& in, Value self) : thread_(t), in_(in), self_(self), stack_(t), memo_(t) {}
  Ref run();
  Status read_memo(Value dict);
  Ref write_memo();

  Value encoding = EMPTY, errors = EMPTY;  // str or EMPTY (ASCII, strict)
  Ref buffers;                             // iterator, None or EMPTY
  bool fix_imports = true;
  int protocol = 0;

 private:
  Status step(u8 opcode);
  Status step_text(u8 opcode);
  Status step_container(u8 opcode);
  Status step_object(u8 opcode);
  Status push(Ref&& v) {
    if (v.failed()) return Raised{};
    stack_.push(std::move(v));
    return ok();
  }
  size_t fence() const { return mark_count_ == 0 ? 0 : marks_[mark_count_ - 1]; }
  Result<size_t> need(size_t n);  // index of the n-th item from the top
  Ref pop();
  Result<size_t> pop_mark();
  Status push_mark();
  Raised underflow();
  Ref items_from(size_t start);  // a tuple of them, popped
  u64 number(const u8* p, size_t n) {
    u64 value = 0;
    std::memcpy(&value, p, n);
    return value;
  }
  Result<u64> read_number(size_t n) { return number(TRY(in_.take(n)), n); }
  Result<u64> read_size(size_t n, const char* what);
  Status load_int_text();
  Status load_long_text();
  Status load_long(size_t size_bytes);
  Status load_float_text();
  Status load_string(const u8* data, size_t n);
  Status load_quoted();
  Status load_unicode(size_t size_bytes);
  Status load_bytes(size_t size_bytes);
  Status load_bytearray();
  Status load_next_buffer();
  Status load_readonly();
  Status memo_get(u64 index);
  Status memo_put(u64 index);
  Result<u64> index_text();
  Status load_global();
  Status load_stack_global();
  Status load_extension(size_t n);
  Status load_reduce();
  Status load_new_object(bool with_keywords);
  Status load_inst();
  Status load_obj();
  Ref instantiate(Value cls, Value args);
  Status load_build();
  Status load_persistent(Value id);
  Status load_appends(size_t start);
  Status load_set_items(size_t start);
  Status load_add_items();
  Ref find_class(Value module, Value name);

  Thread& thread_;
  Input& in_;
  Value self_;  // Unpickler, or EMPTY
  RootedVector stack_, memo_;
  Ref sparse_;  // dict for memo numbers far beyond the others
  size_t* marks_ = local_marks_;
  size_t mark_count_ = 0, mark_capacity_ = 64;
  size_t local_marks_[64];
  bool stopped_ = false;

 public:
  ~Loader();
};

Ref default_find_class(Thread& t, Value module, Value name, int protocol, bool fix_imports);
Ref unpickler_find_class(Thread& t, Value self, const Value* a);  // Unpickler.find_class
Ref unpickler_persistent_load(Thread& t, Value self, const Value* a);

}  // namespace typhon::pickle
