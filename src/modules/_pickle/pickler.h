// Saver: one run of dump(). Lives on a C++ stack; the pickler it works for is only read.
#pragma once
#include "modules/_pickle/memo.h"

namespace typhon::pickle {

struct Pickler : Object {
  Field write;            // file.write; EMPTY before __init__
  Field buffer_callback;  // None or callable
  Field dispatch_table;   // set by the program, or EMPTY
  Field memo;             // Memo; EMPTY while a dump has it, and at first
  Field persistent_id;    // set on the instance, or EMPTY
  i32 protocol;
  u8 busy;  // atomic: a dump() is running
  bool fix_imports, fast;
};

// The bytes written so far, cut into frames (protocol 4 and higher).
class Output {
 public:
  explicit Output(Thread& t) : thread_(t) {}
  Value write = EMPTY;  // file.write, or EMPTY: everything stays in the buffer
  bool framing = false;

  TYPHON_INLINE void put(u8 b) {
    if (framing && frame_ < 0) [[unlikely]] start_frame();
    buffer_.append(b);
  }
  void put(const void* bytes, size_t n) {
    if (framing && frame_ < 0) [[unlikely]] start_frame();
    buffer_.append(bytes, n);
  }
  TYPHON_INLINE void put_number(u8 opcode, u64 n, size_t bytes) {
    if (framing && frame_ < 0) [[unlikely]] start_frame();
    buffer_.append_number(opcode, n, bytes);
  }
  // Between two opcodes: ends a frame that is long enough.
  TYPHON_INLINE Status boundary() {
    if (frame_ < 0 || buffer_.length() - size_t(frame_) < kFrameTarget + kFrameHeader) [[likely]] return ok();
    end_frame();
    return flush();
  }
  // A long run of bytes with its opcode: written outside frames, and past the buffer when there is a file.
  Status put_large(const void* header, size_t header_size, const void* data, size_t n, Value payload);
  void end_frame();
  Status flush();  // hands what there is to the file, if there is one
  ByteBuilder& buffer() { return buffer_; }

 private:
  void start_frame() {
    u8 header[kFrameHeader] = {op::kFrame};
    frame_ = i64(buffer_.length());
    buffer_.append(header, sizeof header);
  }
  Thread& thread_;
  ByteBuilder buffer_;
  i64 frame_ = -1;  // where the open frame begins
};

class Saver {
 public:
  Saver(Thread& t, int protocol, bool fix_imports, bool fast)
      : thread_(t), out(t), protocol_(protocol), bin_(protocol >= 1), fix_imports_(fix_imports), fast_(fast) {}
  // The whole of a pickle. `pickler` EMPTY: dump() and dumps().
  Status run(Value pickler, Value object);

  Ref memo;             // Memo
  Ref buffer_callback;  // None or callable

 private:
  Status find_hooks(Value pickler);
  Status save(Value v, bool persistent = true);
  Status save_persistent(Value id);
  Status save_other(Value v);
  Status save_by_reduce(Value v, Type* type);
  Status save_reduced(Value v, Value reduced);
  Status save_reduce(Value function, Value args, Value state, Value list_items, Value dict_items, Value state_setter, Value object);
  Status save_new_object(Value args, Value object);
  Status save_new_object_ex(Value args, Value object);
  Status check_class(Value cls, Value object, const char* what);
  Status save_reduce_state(Value state, Value state_setter, Value object);

  Status save_int(Value v);
  Status save_float(Value v);
  Status save_str(Value v);
  Status save_bytes(Value v);
  Status save_byte_data(Value v, const u8* data, size_t n, bool mutable_);
  Status save_bytearray(Value v);
  Status save_buffer(Value v);
  Status save_tuple(Value v);
  Status save_list(Value v);
  Status save_dict(Value v);
  Status save_set(Value v);
  Status save_frozenset(Value v);
  Status save_type(Value v);
  Status save_global(Value v, Value name);
  Status save_dotted(Value module, Value name);
  Status save_toplevel(Value module, Value name);
  Status save_identifier(Value text, const char* what, u8 opcode);
  Status batch_list(Value iterator, Value object);
  Status batch_dict(Value iterator, Value object);

  i64 known(Value v) { return memo.as<Memo>()->find(v); }
  Status memoize(Value v);
  void put_get(u64 index);
  Raised note(Value container, const char* what, Value key);
  Raised in_item(Value container, i64 index);
  Raised in_key(Value container, Value key);
  Raised in_part(Value object, const char* part);

  Thread& thread_;

 public:
  Output out;

 private:
  int protocol_;
  bool bin_, fix_imports_, fast_;
  Ref persistent_id_, reducer_override_, dispatch_table_;  // EMPTY when the default applies
  Ref common_table_;                                       // copyreg.dispatch_table, once it was asked for
};

}  // namespace typhon::pickle
