// bytearray. `data` points at the first byte; the allocation begins `offset` bytes before it, so that deleting from the
// front moves no bytes. Every access to a shared one takes its object lock; what runs Python code happens before that.
// While `exports` is not zero the size cannot change.
#include <cstdlib>

#include "objects/bytes_util.h"
#include "objects/codecs.h"

namespace typhon {
namespace {

ByteArray* array_of(Value v) { return v.as<ByteArray>(); }

u8* base_of(ByteArray* b) { return b->data == nullptr ? nullptr : b->data - b->offset; }

void release_array(Thread&, Object* self) { std::free(base_of(static_cast<ByteArray*>(self))); }

enum class Outcome { kDone, kExported, kNoMemory };

Raised raise_outcome(Thread& t, Outcome outcome) {
  if (outcome == Outcome::kNoMemory) return raise_no_memory(t);
  return raise(t, exc::BufferError, "Existing exports of data: object cannot be re-sized");
}
Status check_outcome(Thread& t, Outcome outcome) {
  if (outcome == Outcome::kDone) return ok();
  return raise_outcome(t, outcome);
}

// What the last holder of a buffer read has been read when this says that there is none.
bool is_exported(const ByteArray* b) { return __atomic_load_n(&b->exports, __ATOMIC_ACQUIRE) != 0; }

// Under the lock; others may look at the size without it.
void set_size(ByteArray* b, size_t size) { __atomic_store_n(&b->size, size, __ATOMIC_RELAXED); }

// Replaces bytes [start, start + removed) by `added` bytes. The object lock is held (or not needed).
Outcome splice(ByteArray* b, size_t start, size_t removed, const u8* bytes, size_t added) {
  size_t size = b->size, tail = size - start - removed;
  if (added != removed) {
    if (is_exported(b)) return Outcome::kExported;
    size_t new_size = size - removed + added;
    if (start == 0 && added < removed && b->data != nullptr) {
      size_t step = removed - added;
      b->data += step;
      b->offset += step;
    } else if (b->data != nullptr && b->offset + new_size + 1 <= b->capacity) {
      std::memmove(b->data + start + added, b->data + start + removed, tail);
    } else {
      size_t capacity = new_size + (new_size >> 3) + (new_size < 9 ? 4 : 7);
      if (capacity > size_t(1) << 47) return Outcome::kNoMemory;
      u8* memory = static_cast<u8*>(std::malloc(capacity));
      if (memory == nullptr) return Outcome::kNoMemory;
      if (start != 0) std::memcpy(memory, b->data, start);
      if (tail != 0) std::memcpy(memory + start + added, b->data + start + removed, tail);
      std::free(base_of(b));
      b->data = memory;
      b->capacity = capacity;
      b->offset = 0;
    }
    set_size(b, new_size);
    if (new_size * 4 < b->capacity - b->offset && b->capacity > 256) {  // give memory back
      u8* memory = static_cast<u8*>(std::malloc(new_size + 16));
      if (memory != nullptr) {
        std::memcpy(memory, b->data, new_size);
        std::free(base_of(b));
        b->data = memory;
        b->capacity = new_size + 16;
        b->offset = 0;
      }
    }
    b->data[new_size] = 0;
  }
  if (added != 0) copy_shared_bytes(b->data + start, bytes, added);  // in place: buffers of it may be in use
  return Outcome::kDone;
}

Status append_to(Thread& t, ByteArray* b, const u8* bytes, size_t n) {
  Outcome outcome = Outcome::kDone;
  {
    ObjectLock lock(t, b);
    if (n != 0) outcome = splice(b, b->size, 0, bytes, n);
  }
  return check_outcome(t, outcome);
}

// Appends one byte; the common case inline.
Status append_byte(Thread& t, ByteArray* b, u8 byte) {
  Outcome outcome = Outcome::kDone;
  {
    ObjectLock lock(t, b);
    if (b->data != nullptr && b->offset + b->size + 1 < b->capacity && !is_exported(b)) {
      b->data[b->size] = byte;
      b->data[b->size + 1] = 0;
      set_size(b, b->size + 1);
    } else {
      outcome = splice(b, b->size, 0, &byte, 1);
    }
  }
  return check_outcome(t, outcome);
}

// --- slots
Ref slot_repr(Thread& t, Value self) {
  TYPHON_SELF_BYTES(s, t, self);
  ByteBuilder out;
  bytes_repr(out, s.data, s.size);
  if (out.failed()) return raise_no_memory(t);
  StrBuilder text;
  text.append_utf8(type_name(self));
  text.append('(');
  // Unlike bytes' own, an apostrophe is escaped between quotation marks too.
  std::string_view literal = out.text();
  bool marks = literal[1] == '"';
  for (char c : literal) {
    if (marks && c == '\'') text.append('\\');
    text.append(u8(c));
  }
  text.append(')');
  return text.finish(t);
}

Ref slot_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (!has_buffer(a) || !has_buffer(b) || is_str(a) || is_str(b)) return Ref::not_implemented();
  ByteView x(t), y(t);
  if (x.get(a).failed() || y.get(b).failed()) {
    clear_exception(t);
    return Ref::not_implemented();
  }
  return Ref::boolean(order_holds(op, bytes_compare(x.data(), x.size(), y.data(), y.size())));
}

Result<i64> slot_length(Thread&, Value self) { return i64(__atomic_load_n(&array_of(self)->size, __ATOMIC_RELAXED)); }

Raised bad_key(Thread& t, Value key) {
  return raise(t, exc::TypeError, "bytearray indices must be integers or slices, not %T", key);
}

// Under the lock of b: appends the bytes of a slice of it.
void append_slice(ByteBuilder& out, const ByteArray* b, const SliceIndices& r) {
  if (r.count <= 0) return;
  size_t n = size_t(r.count);
  if (r.step == 1) return out.append_shared(b->data + r.start, n);
  out.append_repeated(0, n);
  if (out.failed()) return;
  u8* to = out.data() + out.length() - n;
  const u8* from = b->data + r.start;
  for (size_t i = 0; i < n; i++) to[i] = __atomic_load_n(from + i64(i) * r.step, __ATOMIC_RELAXED);
}

// The bytes of a slice as they were at one moment. Those of a settled array are read twice, for threads may be writing some.
Ref get_slice(Thread& t, ByteArray* b, const SliceIndices& bounds) {
  ByteBuilder out;
  auto resolved = [&] {
    SliceIndices r = bounds;
    slice_adjust(&r, i64(__atomic_load_n(&b->size, __ATOMIC_RELAXED)));
    if (r.count < 0) r.count = 0;
    return r;
  };
  bool done = false;
  if (is_contended(b)) {
    out.reserve(size_t(resolved().count) * 2);
    ElementLock lock(t, b);
    SliceIndices r = resolved();
    append_slice(out, b, r);
    if (lock.settled()) append_slice(out, b, r);
    size_t n = size_t(r.count);
    done = !out.failed() && (!lock.settled() || std::memcmp(out.data(), out.data() + n, n) == 0);
    if (done) out.truncate(n);
  }
  if (!done) {
    out.truncate(0);
    ObjectLock lock(t, b);
    append_slice(out, b, resolved());
  }
  return make_bytes_like(t, b, out);
}

Ref slot_get_item(Thread& t, Value self, Value key) {
  ByteArray* b = array_of(self);
  if (is_indexable(key)) {
    i64 i = TRY(subscript_index(t, key));
    int byte = -1;
    {
      ElementLock lock(t, b);
      if (i < 0) i += i64(b->size);
      if (i >= 0 && i < i64(b->size)) byte = __atomic_load_n(b->data + i, __ATOMIC_RELAXED);
    }
    if (byte < 0) return raise(t, exc::IndexError, "bytearray index out of range");
    return Ref::adopt(Value::small_int(byte));
  }
  if (!is_slice(key)) return bad_key(t, key);
  SliceIndices r;
  TRY(slice_unpack_py(t, key.as<Slice>(), &r));
  return get_slice(t, b, r);
}

Status assign_slice(Thread& t, ByteArray* b, Slice* slice, const u8* bytes, size_t n, bool deleting) {
  SliceIndices r;
  TRY(slice_unpack_py(t, slice, &r));
  Outcome outcome = Outcome::kDone;
  i64 mismatch = -1;
  {
    ObjectLock lock(t, b);
    slice_adjust(&r, i64(b->size));
    i64 count = r.count < 0 ? 0 : r.count;
    if (r.step == 1) {
      outcome = splice(b, size_t(r.start), size_t(count), bytes, n);
    } else if (!deleting) {
      if (size_t(count) != n)
        mismatch = count;
      else
        for (i64 i = 0, at = r.start; i < count; i++, at += r.step) b->data[at] = bytes[i];
    } else if (count != 0) {
      if (is_exported(b)) {
        outcome = Outcome::kExported;
      } else {
        if (r.step < 0) {  // the same positions from the left
          r.start += (count - 1) * r.step;
          r.step = -r.step;
        }
        size_t to = size_t(r.start), size = b->size;
        for (i64 i = 0; i < count; i++) {
          size_t from = size_t(r.start + i * r.step) + 1;
          size_t stop = i + 1 < count ? size_t(r.start + (i + 1) * r.step) : size;
          std::memmove(b->data + to, b->data + from, stop - from);
          to += stop - from;
        }
        set_size(b, to);
        b->data[to] = 0;
      }
    }
  }
  if (mismatch >= 0)
    return raise(t, exc::ValueError, "attempt to assign bytes of size %zd to extended slice of size %zd", i64(n),
                 mismatch);
  return check_outcome(t, outcome);
}

Status slot_set_item(Thread& t, Value self, Value key, Value value) {
  ByteArray* b = array_of(self);
  if (is_indexable(key)) {
    i64 i = TRY(subscript_index(t, key));
    u8 byte = value.is_empty() ? 0 : TRY(to_byte(t, value));
    Outcome outcome = Outcome::kDone;
    bool in_range;
    if (value.is_empty()) {
      ObjectLock lock(t, b);
      if (i < 0) i += i64(b->size);
      in_range = i >= 0 && i < i64(b->size);
      if (in_range) outcome = splice(b, size_t(i), 1, nullptr, 0);
    } else {
      ElementLock lock(t, b);
      if (i < 0) i += i64(b->size);
      in_range = i >= 0 && i < i64(b->size);
      if (in_range) copy_shared_bytes(b->data + i, &byte, 1);  // buffers of it may be in use
    }
    if (!in_range) return raise(t, exc::IndexError, "bytearray index out of range");
    return check_outcome(t, outcome);
  }
  if (!is_slice(key)) return bad_key(t, key);
  SliceIndices bounds;
  TRY(slice_unpack_py(t, key.as<Slice>(), &bounds));  // a slice that is none is reported before the value
  ByteBuilder bytes;
  if (!value.is_empty()) {
    const Slots& slots = type_of(value)->slots;
    bool number = slots.index != nullptr || slots.int_ != nullptr || slots.float_ != nullptr || is_complex_(value);
    if (is_str(value) || (number && !is_bytearray(value)))
      return raise(t, exc::TypeError, "can assign only bytes, buffers, or iterables of ints in range(0, 256)");
    TRY(append_bytes_of(t, bytes, value, "bytearray", "byte must be in range(0, 256)"));
    if (bytes.failed()) return raise_no_memory(t);
  }
  return assign_slice(t, b, key.as<Slice>(), bytes.data(), bytes.length(), value.is_empty() || bytes.length() == 0);
}

Raised cannot_concat(Thread& t, Value a, Value b) { return raise(t, exc::TypeError, "can't concat %T to %T", b, a); }

Ref slot_concat(Thread& t, Value a, Value b) {
  if (!has_buffer(a) || !has_buffer(b)) return cannot_concat(t, a, b);
  ByteBuilder out;
  for (Value v : {a, b}) {
    ByteView view(t);
    if (view.get(v).failed()) {
      clear_exception(t);
      return cannot_concat(t, a, b);
    }
    out.append(view.data(), view.size());
  }
  return make_bytes_like(t, a, out);
}

Ref slot_inplace_concat(Thread& t, Value self, Value other) {
  if (!has_buffer(other)) return cannot_concat(t, self, other);
  if (other.same_word(self) && __atomic_load_n(&array_of(self)->size, __ATOMIC_RELAXED) != 0)
    return raise_outcome(t, Outcome::kExported);  // its bytes are being read
  if (is_exact_bytes(other)) {  // no copy: they stay what they are
    TRY(append_to(t, array_of(self), other.as<Bytes>()->data, other.as<Bytes>()->size));
    return Ref::copy(self);
  }
  ByteBuilder bytes;
  {
    ByteView view(t);
    if (view.get(other).failed()) {
      clear_exception(t);
      return cannot_concat(t, self, other);
    }
    bytes.append(view.data(), view.size());
  }
  if (bytes.failed()) return raise_no_memory(t);
  TRY(append_to(t, array_of(self), bytes.data(), bytes.length()));
  return Ref::copy(self);
}

Ref slot_repeat(Thread& t, Value self, Value count) {
  i64 times = TRY(repeat_count(t, count));
  TYPHON_SELF_BYTES(s, t, self);
  size_t total;
  if (__builtin_mul_overflow(s.size, size_t(times), &total)) return raise_no_memory(t);
  ByteBuilder out;
  out.reserve(total);
  if (out.failed()) return raise_no_memory(t);
  if (s.size == 1)
    out.append_repeated(s.data[0], total);
  else
    for (i64 i = 0; i < times && s.size != 0; i++) out.append(s.data, s.size);
  return make_bytes_like(t, self, out);
}

Ref slot_inplace_repeat(Thread& t, Value self, Value count) {
  i64 times = TRY(repeat_count(t, count));
  if (times == 1) return Ref::copy(self);
  Ref repeated = TRY(slot_repeat(t, self, count));
  ByteArray *b = array_of(self), *from = array_of(repeated);
  Outcome outcome;
  {
    ObjectLock lock(t, b);
    outcome = splice(b, 0, b->size, from->data, from->size);
  }
  TRY(check_outcome(t, outcome));
  return Ref::copy(self);
}

Status slot_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  ByteArray* b = array_of(self);
  static u8 nothing;
  ElementLock lock(t, b);
  __atomic_fetch_add(&b->exports, 1, __ATOMIC_RELAXED);
  return fill_byte_buffer(t, buffer, b->data != nullptr ? b->data : &nothing, i64(b->size), false, flags);
}

void slot_release_buffer(Thread&, Value self, Buffer*) {
  __atomic_fetch_sub(&array_of(self)->exports, 1, __ATOMIC_RELEASE);
}

Ref slot_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

// Appends the bytes that an iterator gives, one by one, as its code may see.
Status fill_from_iterable(Thread& t, ByteArray* b, Value source) {
  Ref iterator = get_iter(t, source);
  if (iterator.failed()) {
    if (clear_if(t, exc::TypeError)) return raise(t, exc::TypeError, "cannot convert '%T' object to bytearray", source);
    return Raised{};
  }
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    TRY(append_byte(t, b, TRY(to_byte(t, item))));
  }
}

// Lists and tuples of ints are taken as a whole: what is no byte is noticed before anything is stored. So they are when an int that is no
// byte comes before something else.
bool all_ints(Value source) {
  if (!is_exact_list(source) && !is_exact_tuple(source)) return false;
  size_t n = is_exact_list(source) ? list_size(source.as<List>()) : size_t(source.as<Tuple>()->size);
  for (size_t i = 0; i < n; i++) {
    Value item = is_exact_list(source) ? source.as<List>()->body->items[i].peek() : source.as<Tuple>()->items[i].peek();
    if (!is_exact_int(item)) return false;
    if (!item.is_small_int() || u64(item.as_small_int()) > 255) return true;
  }
  return true;
}

Status slot_init(Thread& t, Value self, Args args) {
  Value a[3] = {EMPTY, EMPTY, EMPTY};
  Ref keep[2];
  if (args.keyword_count == 0 && args.count <= 1) {
    if (args.count == 1) a[0] = args[0];
  } else {
    static const Signature& signature = parse_signature("(source=b'', encoding='utf-8', errors='strict')");
    TRY(bind_arguments(t, signature, "bytearray", args, a, keep));
  }
  ByteArray* b = array_of(self);
  Outcome outcome = Outcome::kDone;
  Value source = a[0];
  bool iterates = !source.is_empty() && a[1].is_empty() && a[2].is_empty() && !is_str(source) && !has_buffer(source) &&
                  type_of(source)->slots.index == nullptr;
  bool parsed = true;
  for (int i = 1; i < 3 && parsed; i++) {
    parsed = a[i].is_empty() || is_str(a[i]);
    if (parsed) TRY(check_codec_name(t, a[i]));
  }
  if (iterates || parsed) {  // what it held is gone even if the rest fails, or if it is the source itself
    ObjectLock lock(t, b);
    if (b->size != 0) outcome = splice(b, 0, b->size, nullptr, 0);
  }
  TRY(check_outcome(t, outcome));
  if (iterates && !all_ints(source)) return fill_from_iterable(t, b, source);
  ByteBuilder out;
  TRY(bytes_source(t, out, a, "bytearray", "byte must be in range(0, 256)"));
  if (out.failed()) return raise_no_memory(t);
  {
    ObjectLock lock(t, b);
    outcome = splice(b, 0, b->size, out.data(), out.length());
  }
  return check_outcome(t, outcome);
}

// --- methods
Ref m_append(Thread& t, Value self, const Value* a) {
  TRY(append_byte(t, array_of(self), TRY(to_byte(t, a[0]))));
  return Ref::none();
}

Ref m_extend(Thread& t, Value self, const Value* a) {
  if (is_str(a[0])) return raise(t, exc::TypeError, "expected iterable of integers; got: 'str'");
  if (!has_buffer(a[0]) && type_of(a[0])->slots.iter == nullptr && type_of(a[0])->slots.get_item == nullptr)
    return raise(t, exc::TypeError, "can't extend bytearray with %T", a[0]);
  ByteArray* b = array_of(self);
  bool resizes = has_buffer(a[0]) && (type_of(a[0])->flags & type_flag::kHeapType);  // maybe: its code runs first
  size_t old_size = __atomic_load_n(&b->size, __ATOMIC_RELAXED);
  ByteBuilder bytes;
  if (has_buffer(a[0]) && !is_bytearray(a[0])) {  // only one that is contiguous
    ByteView view(t);
    if (view.get(a[0]).failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "can't set bytearray slice from %T", a[0]);
    }
    bytes.append_shared(view.data(), view.size());
  } else {
    TRY(append_bytes_of(t, bytes, a[0], "bytearray", "byte must be in range(0, 256)", true));
  }
  if (bytes.failed()) return raise_no_memory(t);
  if (!resizes) {
    TRY(append_to(t, b, bytes.data(), bytes.length()));
    return Ref::none();
  }
  Outcome outcome = Outcome::kDone;
  {
    ObjectLock lock(t, b);
    size_t at = old_size < b->size ? old_size : b->size;
    if (bytes.length() != 0) outcome = splice(b, at, 0, bytes.data(), bytes.length());
  }
  TRY(check_outcome(t, outcome));
  return Ref::none();
}

Ref m_insert(Thread& t, Value self, const Value* a) {
  Ref position = TRY(to_index(t, a[0]));
  i64 i = TRY(to_i64(t, position, "Python int too large to convert to C ssize_t"));
  u8 byte = TRY(to_byte(t, a[1]));
  ByteArray* b = array_of(self);
  Outcome outcome;
  {
    ObjectLock lock(t, b);
    i64 n = i64(b->size);
    if (i < 0) i = i + n < 0 ? 0 : i + n;
    if (i > n) i = n;
    outcome = splice(b, size_t(i), 0, &byte, 1);
  }
  TRY(check_outcome(t, outcome));
  return Ref::none();
}

Ref m_pop(Thread& t, Value self, const Value* a) {
  i64 i = a[0].is_empty() ? -1 : TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  ByteArray* b = array_of(self);
  Outcome outcome = Outcome::kDone;
  bool empty, in_range = false;
  u8 byte = 0;
  {
    ObjectLock lock(t, b);
    i64 n = i64(b->size);
    empty = n == 0;
    if (i < 0) i += n;
    in_range = i >= 0 && i < n;
    if (in_range) {
      byte = b->data[i];
      outcome = splice(b, size_t(i), 1, nullptr, 0);
    }
  }
  if (empty) return raise(t, exc::IndexError, "pop from empty bytearray");
  if (!in_range) return raise(t, exc::IndexError, "pop index out of range");
  TRY(check_outcome(t, outcome));
  return Ref::adopt(Value::small_int(byte));
}

Ref m_remove(Thread& t, Value self, const Value* a) {
  u8 byte = TRY(to_byte(t, a[0]));
  ByteArray* b = array_of(self);
  Outcome outcome = Outcome::kDone;
  size_t at;
  {
    ObjectLock lock(t, b);
    at = b->size == 0 ? search::kNotFound : search::find_char<u8>(b->data, b->size, byte);
    if (at != search::kNotFound) outcome = splice(b, at, 1, nullptr, 0);
  }
  if (at == search::kNotFound) return raise(t, exc::ValueError, "value not found in bytearray");
  TRY(check_outcome(t, outcome));
  return Ref::none();
}

Ref m_clear(Thread& t, Value self, const Value*) {
  ByteArray* b = array_of(self);
  Outcome outcome = Outcome::kDone;
  {
    ObjectLock lock(t, b);
    if (is_exported(b))
      outcome = Outcome::kExported;
    else if (b->size != 0)
      outcome = splice(b, 0, b->size, nullptr, 0);
  }
  TRY(check_outcome(t, outcome));
  return Ref::none();
}

Ref m_copy(Thread& t, Value self, const Value*) {
  TYPHON_SELF_BYTES(s, t, self);
  return bytearray_from(t, s.data, s.size);
}

Ref m_reverse(Thread& t, Value self, const Value*) {
  ByteArray* b = array_of(self);
  ObjectLock lock(t, b);
  for (size_t i = 0, j = b->size; j > i + 1; i++) {
    u8 left = __atomic_load_n(b->data + i, __ATOMIC_RELAXED), right = __atomic_load_n(b->data + --j, __ATOMIC_RELAXED);
    copy_shared_bytes(b->data + i, &right, 1);  // buffers of it may be in use
    copy_shared_bytes(b->data + j, &left, 1);
  }
  return Ref::none();
}

Ref m_resize(Thread& t, Value self, const Value* a) {
  i64 size = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  if (size < 0) return raise(t, exc::ValueError, "Can only resize to positive sizes, got %zd", size);
  ByteArray* b = array_of(self);
  ByteBuilder zeros;
  u64 now = __atomic_load_n(&b->size, __ATOMIC_RELAXED);
  if (u64(size) > now) zeros.append_repeated(0, u64(size) - now);
  if (zeros.failed()) return raise_no_memory(t);
  Outcome outcome = Outcome::kDone;
  {
    ObjectLock lock(t, b);
    if (u64(size) < b->size)
      outcome = splice(b, size_t(size), b->size - size_t(size), nullptr, 0);
    else if (zeros.length() >= u64(size) - b->size)
      outcome = splice(b, b->size, 0, zeros.data(), u64(size) - b->size);
  }
  TRY(check_outcome(t, outcome));
  return Ref::none();
}

Ref m_alloc(Thread& t, Value self, const Value*) { return int_from(t, i64(array_of(self)->capacity)); }
Ref m_sizeof(Thread& t, Value self, const Value*) {
  return int_from(t, i64(sizeof(ByteArray) + array_of(self)->capacity));
}

Ref reduce(Thread& t, Value self, i64 protocol) {
  RefTo<Tuple> arguments;
  {
    TYPHON_SELF_BYTES(s, t, self);
    if (protocol < 3) {
      RefTo<Str> text = TRY(str_from_points(t, s.data, 1, s.size));
      RefTo<Str> encoding = TRY(str_from_ascii(t, "latin-1"));
      arguments = s.size == 0 ? RefTo<Tuple>::copy(empty_tuple()) : TRY(tuple_of(t, text, encoding));
    } else {
      RefTo<Bytes> bytes = TRY(bytes_from(t, s.data, s.size));
      arguments = s.size == 0 ? RefTo<Tuple>::copy(empty_tuple()) : TRY(tuple_of(t, bytes));
    }
  }
  Ref state = TRY(call_method(t, self, names::__getstate__, nullptr, 0));
  return tuple_of(t, Value(type_of(self)), arguments, state);
}
Ref m_reduce(Thread& t, Value self, const Value*) { return reduce(t, self, 2); }
Ref m_reduce_ex(Thread& t, Value self, const Value* a) {
  return reduce(t, self, a[0].is_empty() ? 0 : TRY(to_i64(t, a[0])));
}

constexpr Method kOwnMethods[] = {
    method("append", m_append, "($self, item, /)",
           "Append a single item to the end of the bytearray.\n\n  item\n    The item to be appended."),
    method("clear", m_clear, "($self, /)", "Remove all items from the bytearray."),
    method("copy", m_copy, "($self, /)", "Return a copy of B."),
    method("extend", m_extend, "($self, iterable_of_ints, /)",
           "Append all the items from the iterator or sequence to the end of the bytearray."),
    method("insert", m_insert, "($self, index, item, /)",
           "Insert a single item into the bytearray before the given index."),
    method("pop", m_pop, "($self, index=-1, /)", "Remove and return a single item from B."),
    method("remove", m_remove, "($self, value, /)", "Remove the first occurrence of a value in the bytearray."),
    method("resize", m_resize, "($self, size, /)", "Resize the internal buffer of bytearray to len."),
    method("reverse", m_reverse, "($self, /)", "Reverse the order of the values in B in place."),
    method("__alloc__", m_alloc, "($self, /)", "B.__alloc__() -> int"),
    method("__reduce__", m_reduce, "($self, /)", "Return state information for pickling."),
    method("__reduce_ex__", m_reduce_ex, "($self, proto=0, /)", "Return state information for pickling."),
    method("__sizeof__", m_sizeof, "($self, /)", "Returns the size of the bytearray object in memory, in bytes."),
};

Method g_methods[kSharedByteMethodCount + std::size(kOwnMethods) + 1];
const Method* all_methods() {
  size_t n = 0;
  for (; n < kSharedByteMethodCount; n++) g_methods[n] = shared_byte_methods()[n];
  for (const Method& row : kOwnMethods) g_methods[n++] = row;
  return g_methods;
}

constexpr const char* kDoc =
    "bytearray(iterable_of_ints) -> bytearray\n"
    "bytearray(string, encoding[, errors]) -> bytearray\n"
    "bytearray(bytes_or_buffer) -> mutable copy of bytes_or_buffer\n"
    "bytearray(int) -> bytes array of size given by the parameter initialized with null bytes\n"
    "bytearray() -> empty bytes array\n"
    "\n"
    "Construct a mutable bytearray object from:\n"
    "  - an iterable yielding integers in range(256)\n"
    "  - a text string encoded using the specified encoding\n"
    "  - a bytes or a buffer object\n"
    "  - any object implementing the buffer API.\n"
    "  - an integer";

}  // namespace

RefTo<ByteArray> bytearray_from(Thread& t, const void* data, size_t n) {
  Object* object = heap::try_allocate(t, kShape_bytearray, sizeof(ByteArray), false);
  if (object == nullptr) return Raised{};
  auto array = RefTo<ByteArray>::adopt(static_cast<ByteArray*>(object));
  if (n != 0 && splice(array.get(), 0, 0, static_cast<const u8*>(data), n) != Outcome::kDone) return raise_no_memory(t);
  return array;
}

extern const TypeSpec spec_bytearray;
const TypeSpec spec_bytearray = {
    .name = "bytearray",
    .doc = kDoc,
    .layout = {"bytearray", sizeof(ByteArray), 0, nullptr, release_array, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kMatchSelf | type_flag::kUntracked,
    .slots = {.repr = slot_repr,
              .str = slot_repr,
              .compare = slot_compare,
              .iter = byte_iterator_new,
              .new_ = slot_new,
              .init = slot_init,
              .remainder = [](Thread& t, Value format, Value argument) {
                return is_bytearray(format) ? bytes_remainder(t, format, argument) : Ref::not_implemented();
              },
              .length = slot_length,
              .get_item = slot_get_item,
              .set_item = slot_set_item,
              .contains = bytes_contains,
              .concat = slot_concat,
              .repeat = slot_repeat,
              .inplace_concat = slot_inplace_concat,
              .inplace_repeat = slot_inplace_repeat,
              .get_buffer = slot_get_buffer,
              .release_buffer = slot_release_buffer},
    .methods = all_methods(),
};

}  // namespace typhon
