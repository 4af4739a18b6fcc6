// memoryview. Views made from a view share one ManagedBuffer, which holds the exporter's buffer until the last of them is
// released or dies.
#include <bit>
#include <cmath>

#include "objects/bytes_util.h"
#include "objects/codecs.h"

namespace typhon {

inline constexpr i32 kMaxDimensions = 8;

struct ManagedBuffer : Object {
  Field owner;      // the exporter
  Buffer buffer;    // its `owner` word stays EMPTY: a heap object holds references in Fields only
  u32 users;        // views that are not released; atomic
  // Of a restricted view: the exporter's class has a __release_buffer__, which is running; what remains is this one, or nothing.
  bool restricted;
  ReleaseBufferFn native_release;
};

struct MemoryView : Object {
  Field managed;    // ManagedBuffer; EMPTY once released
  Field obj;        // the exporter
  u8* data;
  i64 length;       // bytes
  i64 item_size;
  const char* format;  // static, or the exporter's
  bool readonly;
  bool restricted;  // no other view of it may be made
  Relaxed<bool> released;
  i32 dimensions;
  u32 exports;      // buffers handed out; atomic
  i64 hash;         // 0: not computed yet
  i64 shape[kMaxDimensions], strides[kMaxDimensions];
};

namespace {

Type* g_managed_type;
Mutex g_managed_lock;

MemoryView* view_of(Value v) { return v.as<MemoryView>(); }

// Gives the exporter its buffer back. Runs Python code when the exporter's release does.
void release_managed(Thread& t, ManagedBuffer* managed) {
  Ref owner = managed->owner.take(managed);
  if (owner.is_empty()) return;
  if (managed->restricted) {
    if (managed->native_release != nullptr) managed->native_release(t, owner, &managed->buffer);
    return;
  }
  managed->buffer.owner = owner.take();  // release_buffer drops it
  release_buffer(t, &managed->buffer);
}

void drop_user(Thread& t, ManagedBuffer* managed) {
  if (__atomic_sub_fetch(&managed->users, 1, __ATOMIC_ACQ_REL) == 0) release_managed(t, managed);
}

void visit_managed(Object* self, Visitor& v) { v.field(static_cast<ManagedBuffer*>(self)->owner); }
void visit_view(Object* self, Visitor& v) {
  auto* view = static_cast<MemoryView*>(self);
  v.field(view->managed);
  v.field(view->obj);
}
void finalise_view(Thread& t, Object* self) {
  auto* view = static_cast<MemoryView*>(self);
  if (view->released) return;
  view->released = true;
  Ref managed = view->managed.load();
  if (!managed.is_empty()) drop_user(t, managed.as<ManagedBuffer>());
}

Status make_managed_type(Thread& t) {
  if (__atomic_load_n(&g_managed_type, __ATOMIC_ACQUIRE) != nullptr) return ok();
  static const TypeSpec spec = {
      .name = "managedbuffer",
      .layout = {"managedbuffer", sizeof(ManagedBuffer), 0, visit_managed, nullptr, nullptr, nullptr},
      .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation};
  MutexGuard guard(t, g_managed_lock);
  if (g_managed_type != nullptr) return ok();
  Type* made = nullptr;
  TRY(make_static_type(t, spec, &made));
  __atomic_store_n(&g_managed_type, made, __ATOMIC_RELEASE);
  return ok();
}

Status check_released(Thread& t, bool released) {
  if (released) return raise(t, exc::ValueError, "operation forbidden on released memoryview object");
  return ok();
}
Status check_released(Thread& t, MemoryView* view) { return check_released(t, view->released); }
Status check_restricted(Thread& t, MemoryView* view) {
  if (view->restricted) return raise(t, exc::ValueError, "cannot create new view on restricted memoryview");
  return ok();
}

// Keeps the memory of a view while native code works on it, whoever releases the view meanwhile.
class InUse {
 public:
  explicit InUse(Thread& t) : thread_(t) {}
  ~InUse() {
    if (!managed_.is_empty()) drop_user(thread_, managed_.as<ManagedBuffer>());
  }
  InUse(const InUse&) = delete;
  Status get(MemoryView* view) {
    {
      ObjectLock lock(thread_, view);
      if (!view->released) {
        managed_ = view->managed.load();
        __atomic_fetch_add(&managed_.as<ManagedBuffer>()->users, 1, __ATOMIC_RELAXED);
      }
    }
    return check_released(thread_, managed_.is_empty());
  }
  Value managed() const { return managed_; }

 private:
  Thread& thread_;
  Ref managed_;
};

// Counts a buffer that is handed out: the view cannot be released.
Status add_export(Thread& t, MemoryView* view) {
  bool released;
  {
    ObjectLock lock(t, view);
    released = view->released;
    if (!released) __atomic_fetch_add(&view->exports, 1, __ATOMIC_RELAXED);
  }
  return check_released(t, released);
}
void drop_export(MemoryView* view) { __atomic_fetch_sub(&view->exports, 1, __ATOMIC_RELEASE); }

// The same as a guard, for the time of a call into Python code.
class Exported {
 public:
  Exported() = default;
  ~Exported() {
    if (view_ != nullptr) drop_export(view_);
  }
  Exported(const Exported&) = delete;
  Status get(Thread& t, MemoryView* view) {
    TRY(add_export(t, view));
    view_ = view;
    return ok();
  }

 private:
  MemoryView* view_ = nullptr;
};

// A view that begins as a copy of another one.
Ref view_from(Thread& t, MemoryView* base) {
  InUse in_use(t);
  TRY(in_use.get(base));
  TRY(check_restricted(t, base));
  auto* view = heap::allocate_as<MemoryView>(t, kShape_memoryview);
  Ref result = Ref::adopt(Value(view));
  view->managed.init(view, in_use.managed());
  view->obj.init(view, in_use.managed().as<ManagedBuffer>()->owner.peek());
  view->data = base->data;
  view->length = base->length;
  view->item_size = base->item_size;
  view->format = base->format;
  view->readonly = base->readonly;
  view->dimensions = base->dimensions;
  std::memcpy(view->shape, base->shape, sizeof view->shape);
  std::memcpy(view->strides, base->strides, sizeof view->strides);
  __atomic_fetch_add(&in_use.managed().as<ManagedBuffer>()->users, 1, __ATOMIC_RELAXED);
  return result;
}

bool is_contiguous(const MemoryView* view, bool fortran = false) {
  if (view->dimensions == 1) return view->shape[0] == 1 || view->strides[0] == view->item_size;
  i64 expected = view->item_size;
  for (i32 k = 0; k < view->dimensions; k++) {
    i32 d = fortran ? k : view->dimensions - 1 - k;
    if (view->shape[d] == 0) return true;
    if (view->shape[d] != 1 && view->strides[d] != expected) return false;
    expected *= view->shape[d];
  }
  return true;
}

void set_contiguous_strides(MemoryView* view) {
  i64 step = view->item_size;
  for (i32 d = view->dimensions; d-- > 0;) {
    view->strides[d] = step;
    step *= view->shape[d];
  }
}

// --- single-character native formats
struct Format {
  char code;
  i64 size;
};
constexpr Format kFormats[] = {{'B', 1}, {'b', 1}, {'c', 1}, {'?', 1}, {'h', 2}, {'H', 2}, {'i', 4}, {'I', 4}, {'l', 8},
                               {'L', 8}, {'q', 8}, {'Q', 8}, {'n', 8}, {'N', 8}, {'e', 2}, {'f', 4}, {'d', 8}, {'P', 8}};

// The code of a native single-character format, 0 for any other.
char format_code(const char* format, i64* size = nullptr) {
  if (format == nullptr) format = "B";
  if (*format == '@') format++;
  if (format[0] == 0 || format[1] != 0) return 0;
  for (const Format& f : kFormats) {
    if (f.code != format[0]) continue;
    if (size != nullptr) *size = f.size;
    return f.code;
  }
  return 0;
}

// A copy of the format that lives for ever.
const char* static_format(std::string_view format) {
  static constexpr const char* kTexts[] = {"B", "b", "c", "?", "h", "H", "i", "I", "l", "L", "q", "Q",
                                           "n", "N", "e", "f", "d", "P", "@B", "@b", "@c", "@?", "@h", "@H",
                                           "@i", "@I", "@l", "@L", "@q", "@Q", "@n", "@N", "@e", "@f", "@d", "@P"};
  for (const char* text : kTexts)
    if (format == text) return text;
  return nullptr;
}

double half_to_double(u16 h) {
  int exponent = h >> 10 & 31;
  double mantissa = h & 1023;
  double value = exponent == 31  ? (mantissa != 0 ? std::nan("") : HUGE_VAL)
                 : exponent == 0 ? std::ldexp(mantissa, -24)
                                 : std::ldexp(mantissa + 1024, exponent - 25);
  return h & 0x8000 ? -value : value;
}

template <class C>
C read_as(const u8* p) {
  C value;
  std::memcpy(&value, p, sizeof value);
  return value;
}

Ref unpack(Thread& t, char code, const u8* p) {
  switch (code) {
    case 'B': return Ref::adopt(Value::small_int(*p));
    case 'b': return Ref::adopt(Value::small_int(i8(*p)));
    case 'c': return bytes_from(t, p, 1);
    case '?': return Ref::boolean(*p != 0);
    case 'h': return Ref::adopt(Value::small_int(read_as<i16>(p)));
    case 'H': return Ref::adopt(Value::small_int(read_as<u16>(p)));
    case 'i': return Ref::adopt(Value::small_int(read_as<i32>(p)));
    case 'I': return Ref::adopt(Value::small_int(read_as<u32>(p)));
    case 'l':
    case 'q':
    case 'n': return int_from(t, read_as<i64>(p));
    case 'L':
    case 'Q':
    case 'N':
    case 'P': return int_from_u64(t, read_as<u64>(p));
    case 'e': return float_from(t, half_to_double(read_as<u16>(p)));
    case 'f': return float_from(t, double(read_as<float>(p)));
    default: return float_from(t, read_as<double>(p));
  }
}

// Result false: the value does not fit (or has the wrong type: *wrong_type).
Result<bool> pack(Thread& t, char code, Value v, u8* p, bool* wrong_type) {
  auto put = [&](auto value) {
    std::memcpy(p, &value, sizeof value);
    return true;
  };
  if (code == '?') return put(u8(TRY(truth(t, v))));
  if (code == 'c') {
    if (!is_bytes(v)) {
      *wrong_type = true;
      return false;
    }
    if (v.as<Bytes>()->size != 1) return false;
    return put(v.as<Bytes>()->data[0]);
  }
  if (code == 'f' || code == 'd' || code == 'e') {
    Result<double> number = to_double(t, v);
    if (number.failed()) {
      *wrong_type = clear_if(t, exc::TypeError);
      if (!*wrong_type && !clear_if(t, exc::OverflowError)) return Raised{};
      return false;
    }
    if (code == 'd') return put(number.get());
    if (code == 'f') return put(float(number.get()));  // becomes infinite where it is too large
    auto half = static_cast<_Float16>(number.get());
    if (std::isinf(double(half)) && !std::isinf(number.get())) return false;
    return put(std::bit_cast<u16>(half));
  }
  if (!is_int(v) && type_of(v)->slots.index == nullptr) {
    *wrong_type = true;
    return false;
  }
  Ref index = to_index(t, v);
  if (index.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    *wrong_type = true;
    return false;
  }
  i64 s;
  u64 u;
  bool is_signed = int_fits_i64(index, &s), is_unsigned = int_fits_u64(index, &u);
  auto within = [&](i64 low, i64 high) { return is_signed && s >= low && s <= high; };
  switch (code) {
    case 'B': return within(0, 255) && put(u8(s));
    case 'b': return within(-128, 127) && put(i8(s));
    case 'h': return within(INT16_MIN, INT16_MAX) && put(i16(s));
    case 'H': return within(0, UINT16_MAX) && put(u16(s));
    case 'i': return within(INT32_MIN, INT32_MAX) && put(i32(s));
    case 'I': return within(0, UINT32_MAX) && put(u32(s));
    case 'l':
    case 'q':
    case 'n': return is_signed && put(s);
    default: return is_unsigned && put(u);
  }
}

Raised raise_unsupported(Thread& t, MemoryView* view) {
  InUse in_use(t);  // the format is the exporter's
  TRY(in_use.get(view));
  return raise(t, exc::NotImplementedError, "memoryview: format %s not supported", view->format);
}

// The item at p. Its bytes are read under the view's lock: release() takes the same one, and only after it can the exporter
// unmap the memory.
Ref unpack_checked(Thread& t, MemoryView* view, const u8* p) {
  char code = 0;
  u8 bytes[8];
  bool released;
  {
    ElementLock lock(t, view);
    released = view->released;
    if (!released) code = format_code(view->format);
    if (code != 0) copy_shared_bytes(bytes, p, size_t(view->item_size));
  }
  TRY(check_released(t, released));
  if (code == 0) return raise_unsupported(t, view);
  return unpack(t, code, bytes);
}

// Overwrites the item at p, under the lock likewise.
Status store_item(Thread& t, MemoryView* view, u8* p, const u8* bytes) {
  bool released;
  {
    ElementLock lock(t, view);
    released = view->released;
    if (!released) copy_shared_bytes(p, bytes, size_t(view->item_size));
  }
  return check_released(t, released);
}

// --- subscription
// The item that an index or a tuple of indices names.
Result<u8*> locate(Thread& t, MemoryView* view, Value key) {
  u8* p = view->data;
  auto step = [&](i32 d, Value v) -> Status {
    i64 i = TRY(subscript_index(t, v));
    TRY(check_released(t, view));
    if (i < 0) i += view->shape[d];
    if (i < 0 || i >= view->shape[d])
      return raise(t, exc::IndexError, "index out of bounds on dimension %d", int(d + 1));
    p += i * view->strides[d];
    return ok();
  };
  if (!is_tuple(key)) {
    TRY(step(0, key));
    return p;
  }
  Tuple* indices = key.as<Tuple>();
  i32 n = i32(indices->size);
  if (n > view->dimensions)
    return raise(t, exc::TypeError, "cannot index %d-dimension view with %d-element tuple", int(view->dimensions), int(n));
  if (n < view->dimensions) return raise(t, exc::NotImplementedError, "sub-views are not implemented");
  for (i32 d = 0; d < n; d++) TRY(step(d, indices->items[d].peek()));
  return p;
}

// Whether the key is a tuple of indices, or (`slices`) of slices, at least one.
bool all_indices(Value key, bool slices = false) {
  if (!is_tuple(key)) return false;
  for (u64 i = 0; i < key.as<Tuple>()->size; i++) {
    Value item = key.as<Tuple>()->items[i].peek();
    if (slices ? !is_slice(item) : !is_indexable(item)) return false;
  }
  return !slices || key.as<Tuple>()->size > 0;
}

Ref sliced(Thread& t, MemoryView* view, Value key) {
  Ref result = TRY(view_from(t, view));
  MemoryView* part = view_of(result);
  SliceIndices r;
  TRY(slice_resolve_py(t, key.as<Slice>(), view->shape[0], &r));
  i64 count = r.count < 0 ? 0 : r.count;
  part->data += r.start * part->strides[0];
  part->shape[0] = count;
  part->strides[0] *= r.step;
  part->length = part->item_size;
  for (i32 d = 0; d < part->dimensions; d++) part->length *= part->shape[d];
  return result;
}

Ref slot_get_item(Thread& t, Value self, Value key) {
  MemoryView* view = view_of(self);
  TRY(check_released(t, view));
  if (view->dimensions == 0) {
    if (is_tuple(key) && key.as<Tuple>()->size == 0) return unpack_checked(t, view, view->data);
    if (key.bits == Ellipsis.bits) return Ref::copy(self);
    return raise(t, exc::TypeError, "invalid indexing of 0-dim memory");
  }
  if (is_indexable(key)) {
    if (view->dimensions != 1) {
      TRY(subscript_index(t, key));
      return raise(t, exc::NotImplementedError, "multi-dimensional sub-views are not implemented");
    }
    u8* p = TRY(locate(t, view, key));
    return unpack_checked(t, view, p);
  }
  if (is_slice(key)) return sliced(t, view, key);
  if (all_indices(key)) {
    u8* p = TRY(locate(t, view, key));
    return unpack_checked(t, view, p);
  }
  if (all_indices(key, true)) return raise(t, exc::NotImplementedError, "multi-dimensional slicing is not implemented");
  return raise(t, exc::TypeError, "memoryview: invalid slice key");
}

// A number at an index: neither runs Python code, so nothing need keep the memory meanwhile. False: the number does not fit.
Result<bool> store_number(Thread& t, MemoryView* view, Value key, Value value) {
  u8* p = TRY(locate(t, view, key));
  char code = 0;
  {
    ElementLock lock(t, view);
    if (!view->released) code = format_code(view->format);
  }
  u8 packed[8];
  bool wrong_type = false;
  if (code == 0 || !TRY(pack(t, code, value, packed, &wrong_type))) return false;
  TRY(store_item(t, view, p, packed));
  return true;
}

Status slot_set_item(Thread& t, Value self, Value key, Value value) {
  MemoryView* view = view_of(self);
  TRY(check_released(t, view));
  if (view->readonly) return raise(t, exc::TypeError, "cannot modify read-only memory");
  if (value.is_empty()) return raise(t, exc::TypeError, "cannot delete memory");
  if (view->dimensions == 1 && key.is_small_int() && (value.is_small_int() || is_float(value))) {
    if (TRY(store_number(t, view, key, value))) return ok();
  }
  InUse in_use(t);
  TRY(in_use.get(view));
  char code = format_code(view->format);
  bool single = view->dimensions == 0 ? key.bits == Ellipsis.bits || all_indices(key)
                                      : is_indexable(key) || all_indices(key);
  if (single) {
    if (view->dimensions > 1 && !is_tuple(key)) return raise(t, exc::NotImplementedError, "sub-views are not implemented");
    u8 packed[8];
    bool wrong_type = false;
    u8* p = view->dimensions == 0 ? view->data : TRY(locate(t, view, key));
    if (code == 0) return raise_unsupported(t, view);
    if (!TRY(pack(t, code, value, packed, &wrong_type))) {
      if (wrong_type)
        return raise(t, exc::TypeError, "memoryview: invalid type for format '%s'", view->format);
      return raise(t, exc::ValueError, "memoryview: invalid value for format '%s'", view->format);
    }
    return store_item(t, view, p, packed);
  }
  if (is_slice(key) && view->dimensions == 1) {
    Buffer source;
    TRY(get_buffer(t, value, &source, buffer_flag::kFullRo));
    Ref target = sliced(t, view, key);
    if (target.failed() || check_released(t, view).failed()) {
      release_buffer(t, &source);
      return Raised{};
    }
    MemoryView* part = view_of(target);
    char source_code = format_code(source.format);
    i64 count = source.shape != nullptr ? source.shape[0] : source.length / source.item_size;
    bool fits = source.dimensions == 1 && source_code == code && count == part->shape[0];
    if (fits) {
      i64 step = source.strides != nullptr ? source.strides[0] : source.item_size;
      ByteBuilder copy;  // the ranges may overlap
      for (i64 i = 0; i < count; i++)
        copy.append(static_cast<u8*>(source.data) + i * step, size_t(part->item_size));
      for (i64 i = 0; i < count && !copy.failed(); i++)
        std::memcpy(part->data + i * part->strides[0], copy.data() + i * part->item_size, size_t(part->item_size));
    }
    release_buffer(t, &source);
    if (!fits)
      return raise(t, exc::ValueError, "memoryview assignment: lvalue and rvalue have different structures");
    return ok();
  }
  if (is_slice(key) || all_indices(key, true))
    return raise(t, exc::NotImplementedError, "memoryview slice assignments are currently restricted to ndim = 1");
  return raise(t, exc::TypeError, "memoryview: invalid slice key");
}

Result<i64> slot_length(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  if (view_of(self)->dimensions == 0) return raise(t, exc::TypeError, "0-dim memory has no length");
  return view_of(self)->shape[0];
}

// Calls f(address) for every item in C order; f returns false to stop.
template <class F>
void for_each_item(const MemoryView* view, F f, bool fortran = false) {
  if (view->length == 0) return;
  i64 at[kMaxDimensions] = {};
  i32 n = view->dimensions;
  while (true) {
    const u8* p = view->data;
    for (i32 d = 0; d < n; d++) p += at[d] * view->strides[d];
    if (!f(p)) return;
    i32 k = 0;
    for (; k < n; k++) {
      i32 d = fortran ? k : n - 1 - k;
      if (++at[d] < view->shape[d]) break;
      at[d] = 0;
    }
    if (k == n) return;
  }
}

void flatten(const MemoryView* view, ByteBuilder& out, bool fortran = false) {
  if (!fortran && is_contiguous(view)) {
    out.append(view->data, size_t(view->length));
    return;
  }
  for_each_item(
      view,
      [&](const u8* p) {
        out.append(p, size_t(view->item_size));
        return true;
      },
      fortran);
}

Ref list_of(Thread& t, MemoryView* view, char code, i32 d, const u8* p) {
  if (d == view->dimensions) return unpack(t, code, p);
  RefTo<List> list = TRY(list_new(t, size_t(view->shape[d])));
  for (i64 i = 0; i < view->shape[d]; i++)
    TRY(list_append(t, list.get(), TRY(list_of(t, view, code, d + 1, p + i * view->strides[d]))));
  return list;
}

Ref m_tolist(Thread& t, Value self, const Value*) {
  MemoryView* view = view_of(self);
  InUse in_use(t);
  TRY(in_use.get(view));
  char code = format_code(view->format);
  if (code == 0) return raise(t, exc::NotImplementedError, "memoryview: format %s not supported", view->format);
  return list_of(t, view, code, 0, view->data);
}

Ref m_tobytes(Thread& t, Value self, const Value* a) {
  MemoryView* view = view_of(self);
  if (!a[0].is_empty() && !a[0].is_none() && is_str(a[0])) TRY(check_codec_name(t, a[0]));
  InUse in_use(t);
  if (a[0].is_empty() || a[0].is_none() || is_str(a[0])) TRY(in_use.get(view));
  bool fortran = false;
  if (!a[0].is_empty() && !a[0].is_none()) {
    if (!is_str(a[0])) return raise(t, exc::TypeError, "tobytes() argument 'order' must be str or None, not %Q", a[0]);
    Str* order = a[0].as<Str>();
    if (order->equals_ascii("F"))
      fortran = true;
    else if (order->equals_ascii("A"))
      fortran = !is_contiguous(view) && is_contiguous(view, true);
    else if (!order->equals_ascii("C"))
      return raise(t, exc::ValueError, "order must be 'C', 'F' or 'A'");
  }
  ByteBuilder out;
  flatten(view, out, fortran);
  return out.finish(t);
}

Ref m_hex(Thread& t, Value self, const Value* a) {
  if (!a[1].is_empty()) {  // what is wrong with it comes before what is wrong with the view
    i64 group = TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
    if (group != i32(group)) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  }
  Exported exported;  // a separator is asked for its length
  TRY(exported.get(t, view_of(self)));
  ByteBuilder out;
  flatten(view_of(self), out);
  if (out.failed()) return raise_no_memory(t);
  return bytes_hex(t, out.data(), out.length(), a[0], a[1]);
}

// --- comparison, hash, repr
Result<bool> items_equal(Thread& t, MemoryView* x, MemoryView* y) {
  InUse first(t), second(t);
  TRY(first.get(x));
  TRY(second.get(y));
  if (x->dimensions != y->dimensions) return false;
  for (i32 d = 0; d < x->dimensions; d++)
    if (x->shape[d] != y->shape[d]) return false;
  char a = format_code(x->format), b = format_code(y->format);
  if (a == 0 || b == 0) return false;
  bool bitwise = a == b && a != 'f' && a != 'd' && a != 'e' && a != '?';
  if (bitwise && is_contiguous(x) && is_contiguous(y))
    return x->length == 0 || std::memcmp(x->data, y->data, size_t(x->length)) == 0;
  ByteBuilder left, right;  // comparing may run Python code no more than numbers do: none
  flatten(x, left);
  flatten(y, right);
  if (left.failed() || right.failed()) return raise_no_memory(t);
  i64 count = x->item_size == 0 ? 0 : x->length / x->item_size;
  for (i64 i = 0; i < count; i++) {
    Ref u = TRY(unpack(t, a, left.data() + i * x->item_size));
    Ref v = TRY(unpack(t, b, right.data() + i * y->item_size));
    if (!TRY(compare_bool(t, CompareOp::kEq, u, v))) return false;
  }
  return true;
}

Ref slot_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  bool same;
  if (view_of(a)->released) {
    same = a.same_word(b);
  } else if (is_memoryview(b)) {
    same = view_of(b)->released ? a.same_word(b) : TRY(items_equal(t, view_of(a), view_of(b)));
  } else {
    if (!has_buffer(b)) return Ref::not_implemented();
    Ref other = memoryview_new(t, b, buffer_flag::kFullRo);
    if (other.failed()) {
      clear_exception(t);
      return Ref::not_implemented();
    }
    same = TRY(items_equal(t, view_of(a), view_of(other)));
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Result<i64> slot_hash(Thread& t, Value self) {
  MemoryView* view = view_of(self);
  // Kept, since it must not change: neither with what a writable base holds nor when the view is released.
  i64 cached = __atomic_load_n(&view->hash, __ATOMIC_RELAXED);
  if (cached != 0) return cached;
  Exported exported;
  TRY(exported.get(t, view));
  if (!view->readonly) return raise(t, exc::ValueError, "cannot hash writable memoryview object");
  char code = format_code(view->format);
  if (code != 'B' && code != 'b' && code != 'c')
    return raise(t, exc::ValueError, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
  Ref object = view->obj.load();
  if (!object.is_empty() && type_of(object)->slots.hash != nullptr)
    TRY(object_hash(t, object));  // a view of what cannot be hashed cannot be hashed either
  ByteBuilder out;
  flatten(view, out);
  if (out.failed()) return raise_no_memory(t);
  i64 hash = hash_bytes(out.data(), out.length());
  __atomic_store_n(&view->hash, hash, __ATOMIC_RELAXED);
  return hash;
}

Ref slot_repr(Thread& t, Value self) {
  return str_format(t, view_of(self)->released ? "<released memory at 0x%x>" : "<memory at 0x%x>", u64(self.object()));
}

// --- buffers of views
Status slot_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  MemoryView* view = view_of(self);
  Exported exported;
  TRY(exported.get(t, view));
  TRY(check_restricted(t, view));
  if ((flags & buffer_flag::kWritable) && view->readonly)
    return raise(t, exc::BufferError, "memoryview: underlying buffer is not writable");
  auto wants = [flags](int flag) { return (flags & flag) == flag; };
  bool wants_strides = wants(buffer_flag::kStrides);
  bool c = is_contiguous(view), fortran = is_contiguous(view, true);
  if ((wants(buffer_flag::kCContiguous) || !wants_strides) && !c)
    return raise(t, exc::BufferError, "memoryview: underlying buffer is not C-contiguous");
  if (wants(buffer_flag::kFContiguous) && !fortran)
    return raise(t, exc::BufferError, "memoryview: underlying buffer is not Fortran contiguous");
  if (wants(buffer_flag::kAnyContiguous) && !c && !fortran)
    return raise(t, exc::BufferError, "memoryview: underlying buffer is not contiguous");
  if (!(flags & buffer_flag::kNd) && (flags & buffer_flag::kFormat))
    return raise(t, exc::BufferError, "memoryview: cannot cast to unsigned bytes if the format flag is present");
  *buffer = Buffer{};
  buffer->data = view->data;
  buffer->length = view->length;
  buffer->item_size = view->item_size;
  buffer->readonly = view->readonly;
  buffer->dimensions = flags & buffer_flag::kNd ? view->dimensions : 1;
  buffer->format = flags & buffer_flag::kFormat ? view->format : nullptr;
  buffer->shape = flags & buffer_flag::kNd ? view->shape : nullptr;
  buffer->strides = wants_strides ? view->strides : nullptr;
  __atomic_fetch_add(&view->exports, 1, __ATOMIC_RELAXED);  // besides the guard's
  return ok();
}
void slot_release_buffer(Thread&, Value self, Buffer*) { drop_export(view_of(self)); }

// --- release and with
Status release_view(Thread& t, MemoryView* view) {
  Ref managed;
  u32 exports;
  {
    ObjectLock lock(t, view);
    exports = __atomic_load_n(&view->exports, __ATOMIC_ACQUIRE);
    if (exports == 0 && !view->released) {
      view->released = true;
      managed = view->managed.load();
    }
  }
  if (exports != 0)
    return raise(t, exc::BufferError, "memoryview has %d exported buffer%s", int(exports), exports == 1 ? "" : "s");
  if (managed.is_empty()) return ok();
  drop_user(t, managed.as<ManagedBuffer>());
  view->managed.clear(view);
  view->obj.clear(view);
  return ok();
}
Ref m_release(Thread& t, Value self, const Value*) {
  TRY(release_view(t, view_of(self)));
  return Ref::none();
}
Ref m_enter(Thread& t, Value self, const Value*) {
  TRY(check_released(t, view_of(self)));
  return Ref::copy(self);
}
Ref m_exit(Thread& t, Value self, const Value*) {
  TRY(release_view(t, view_of(self)));
  return Ref::none();
}

// --- cast and the rest
bool has_zero_size(const MemoryView* view) {
  for (i32 d = 0; d < view->dimensions; d++)
    if (view->shape[d] == 0 || view->strides[d] == 0) return true;
  return false;
}

RefTo<Tuple> cast_shape(Thread& t, MemoryView* view, Value shape) {
  if (!is_list(shape) && !is_tuple(shape)) return raise(t, exc::TypeError, "shape must be a list or a tuple");
  RefTo<Tuple> sizes = TRY(to_tuple(t, shape));
  if (sizes->size > u64(kMaxDimensions))
    return raise(t, exc::ValueError, "memoryview: number of dimensions must not exceed %d", int(kMaxDimensions));
  if (view->dimensions != 1 && sizes->size != 1)
    return raise(t, exc::TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
  return sizes;
}

Ref m_cast(Thread& t, Value self, const Value* a) {
  MemoryView* view = view_of(self);
  if (!is_str(a[0])) return raise(t, exc::TypeError, "cast() argument 'format' must be str, not %Q", a[0]);
  InUse in_use(t);
  TRY(in_use.get(view));
  if (!is_contiguous(view)) return raise(t, exc::TypeError, "memoryview: casts are restricted to C-contiguous views");
  if ((!a[1].is_empty() || view->dimensions != 1) && has_zero_size(view))
    return raise(t, exc::TypeError, "memoryview: cannot cast view with zeros in shape or strides");
  RefTo<Tuple> sizes = a[1].is_empty() ? tuple_of(t) : TRY(cast_shape(t, view, a[1]));
  const char* format = nullptr;
  if (a[0].as<Str>()->is_ascii())
    format = static_format(a[0].as<Str>()->ascii());
  else
    TRY(encode_ascii(t, a[0].as<Str>(), nullptr));
  if (format == nullptr)
    return raise(t, exc::ValueError,
                 "memoryview: destination format must be a native single character format prefixed with an optional "
                 "'@'");
  char from = format_code(view->format);
  i64 item_size = 1;
  char to = format_code(format, &item_size);
  auto is_byte = [](char c) { return c == 'B' || c == 'b' || c == 'c'; };
  if (!is_byte(from) && !is_byte(to))
    return raise(t, exc::TypeError, "memoryview: cannot cast between two non-byte formats");
  if (view->length % item_size != 0)
    return raise(t, exc::TypeError, "memoryview: length is not a multiple of itemsize");
  i64 shape[kMaxDimensions];
  i32 dimensions = 1;
  shape[0] = view->length / item_size;
  if (!a[1].is_empty()) {
    dimensions = i32(sizes->size);
    i64 product = item_size;
    for (i32 d = 0; d < dimensions; d++) {
      Value size = sizes->items[d].peek();
      if (!is_int(size)) return raise(t, exc::TypeError, "memoryview.cast(): elements of shape must be integers");
      shape[d] = TRY(to_i64(t, size, "Python int too large to convert to C ssize_t"));
      if (shape[d] <= 0)
        return raise(t, exc::ValueError, "memoryview.cast(): elements of shape must be integers > 0");
      if (__builtin_mul_overflow(product / item_size, shape[d], &product))
        return raise(t, exc::ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX");
      if (__builtin_mul_overflow(product, item_size, &product)) product = -1;
    }
    if (product != view->length)
      return raise(t, exc::TypeError, "memoryview: product(shape) * itemsize != buffer size");
  }
  Ref result = TRY(view_from(t, view));
  MemoryView* made = view_of(result);
  made->format = format;
  made->item_size = item_size;
  made->dimensions = dimensions;
  std::memcpy(made->shape, shape, sizeof(i64) * size_t(dimensions));
  set_contiguous_strides(made);
  return result;
}

Ref m_toreadonly(Thread& t, Value self, const Value*) {
  TRY(check_released(t, view_of(self)));
  Ref result = TRY(view_from(t, view_of(self)));
  view_of(result)->readonly = true;
  return result;
}

// Whether iter() takes the view.
Status check_iterable(Thread& t, MemoryView* view) {
  TRY(check_released(t, view));
  if (view->dimensions == 0) return raise(t, exc::TypeError, "invalid indexing of 0-dim memory");
  if (view->dimensions != 1)
    return raise(t, exc::NotImplementedError, "multi-dimensional sub-views are not implemented");
  return ok();
}
Ref slot_iter(Thread& t, Value self) {
  TRY(check_iterable(t, view_of(self)));
  return byte_iterator_new(t, self);
}

Ref m_count(Thread& t, Value self, const Value* a) {
  TRY(check_iterable(t, view_of(self)));
  Ref items = TRY(m_tolist(t, self, nullptr));
  i64 found = 0;
  List* list = items.as<List>();
  for (size_t i = 0; i < list_size(list); i++) {
    Ref item = list_get(t, list, i);
    found += TRY(equal(t, item, a[0]));
  }
  return int_from(t, found);
}

Ref m_index(Thread& t, Value self, const Value* a) {
  MemoryView* view = view_of(self);
  i64 start = TRY(search_bound(t, a[1], 0)), stop = TRY(search_bound(t, a[2], INT64_MAX));
  TRY(check_released(t, view));
  if (view->dimensions == 0) return raise(t, exc::TypeError, "invalid lookup on 0-dim memory");
  if (view->dimensions != 1) return raise(t, exc::NotImplementedError, "multi-dimensional lookup is not implemented");
  i64 n = view->shape[0];
  auto clamp = [n](i64 i) { return i >= n ? n : i >= 0 ? i : i + n < 0 ? 0 : i + n; };
  Bounds b = {size_t(clamp(start)), size_t(clamp(stop)), clamp(start) <= clamp(stop)};
  for (size_t i = b.start; b.valid && i < b.end; i++) {
    TRY(check_released(t, view));
    Ref item = TRY(unpack_checked(t, view, view->data + i64(i) * view->strides[0]));
    if (TRY(equal(t, item, a[0]))) return int_from(t, i64(i));
  }
  return raise(t, exc::ValueError, "memoryview.index(x): x not found");
}

Ref view_with_flags(Thread& t, Value object, int flags);

Ref m_from_flags(Thread& t, Value, const Value* a) {
  Ref index = TRY(to_index(t, a[1]));
  i64 flags;
  if (!int_fits_i64(index, &flags) || flags > INT32_MAX || flags < INT32_MIN)
    return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  if (is_memoryview(a[0])) return memoryview_new(t, a[0], buffer_flag::kFullRo);  // a view of a view takes no flags
  if (!has_buffer(a[0])) return raise(t, exc::TypeError, "memoryview: a bytes-like object is required, not '%T'", a[0]);
  return view_with_flags(t, a[0], int(flags));
}
Ref slot_new(Thread& t, Type*, Args args) {
  Value a[1] = {EMPTY};
  Ref keep[2];
  static const Signature& signature = parse_signature("(object)");
  TRY(bind_arguments(t, signature, "memoryview", args, a, keep));
  return memoryview_new(t, a[0], buffer_flag::kFullRo);
}

// --- attributes
RefTo<Tuple> tuple_of_sizes(Thread& t, const i64* sizes, i32 n) {
  Value words[kMaxDimensions];
  Ref keep[kMaxDimensions];
  for (i32 d = 0; d < n; d++) {
    keep[d] = TRY(int_from(t, sizes[d]));
    words[d] = keep[d];
  }
  return tuple_from(t, words, size_t(n));
}
Ref get_obj(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  Ref obj = view_of(self)->obj.load();
  return obj.is_empty() ? Ref::none() : std::move(obj);
}
Ref get_nbytes(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return int_from(t, view_of(self)->length);
}
Ref get_readonly(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return Ref::boolean(view_of(self)->readonly);
}
Ref get_itemsize(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return int_from(t, view_of(self)->item_size);
}
Ref get_format(Thread& t, Value self) {
  InUse in_use(t);
  TRY(in_use.get(view_of(self)));
  return str_from_utf8(t, view_of(self)->format);
}
Ref get_ndim(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return int_from(t, view_of(self)->dimensions);
}
Ref get_shape(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return tuple_of_sizes(t, view_of(self)->shape, view_of(self)->dimensions);
}
Ref get_strides(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return tuple_of_sizes(t, view_of(self)->strides, view_of(self)->dimensions);
}
Ref get_suboffsets(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return RefTo<Tuple>::copy(empty_tuple());
}
Ref get_c_contiguous(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return Ref::boolean(is_contiguous(view_of(self)));
}
Ref get_f_contiguous(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return Ref::boolean(is_contiguous(view_of(self), true));
}
Ref get_contiguous(Thread& t, Value self) {
  TRY(check_released(t, view_of(self)));
  return Ref::boolean(is_contiguous(view_of(self)) || is_contiguous(view_of(self), true));
}

constexpr GetSet kGetSets[] = {
    {"obj", get_obj, nullptr, "The underlying object of the memoryview."},
    {"nbytes", get_nbytes, nullptr, "The amount of space in bytes that the array would use in\n a contiguous representation."},
    {"readonly", get_readonly, nullptr, "A bool indicating whether the memory is read only."},
    {"itemsize", get_itemsize, nullptr, "The size in bytes of each element of the memoryview."},
    {"format", get_format, nullptr, "A string containing the format (in struct module style)\n for each element in the view."},
    {"ndim", get_ndim, nullptr,
     "An integer indicating how many dimensions of a multi-dimensional\n array the memory represents."},
    {"shape", get_shape, nullptr,
     "A tuple of ndim integers giving the shape of the memory\n as an N-dimensional array."},
    {"strides", get_strides, nullptr,
     "A tuple of ndim integers giving the size in bytes to access\n each element for each dimension of the array."},
    {"suboffsets", get_suboffsets, nullptr, "A tuple of integers used internally for PIL-style arrays."},
    {"c_contiguous", get_c_contiguous, nullptr, "A bool indicating whether the memory is C contiguous."},
    {"f_contiguous", get_f_contiguous, nullptr, "A bool indicating whether the memory is Fortran contiguous."},
    {"contiguous", get_contiguous, nullptr, "A bool indicating whether the memory is contiguous."},
    {},
};

constexpr Method kMethods[] = {
    method("release", m_release, "($self, /)", "Release the underlying buffer exposed by the memoryview object."),
    method("tobytes", m_tobytes, "($self, /, order='C')", "Return the data in the buffer as a byte string."),
    method("hex", m_hex, "($self, /, sep=<unrepresentable>, bytes_per_sep=1)",
           "Return the data in the buffer as a str of hexadecimal numbers."),
    method("tolist", m_tolist, "($self, /)", "Return the data in the buffer as a list of elements."),
    method("cast", m_cast, "($self, /, format, shape=<unrepresentable>)", "Cast a memoryview to a new format or shape."),
    method("toreadonly", m_toreadonly, "($self, /)", "Return a readonly version of the memoryview."),
    method("count", m_count, "($self, value, /)", "Count the number of occurrences of a value."),
    method("index", m_index, "($self, value, start=0, stop=sys.maxsize, /)",
           "Return the index of the first occurrence of a value.\n\nRaises ValueError if the value is not present."),
    class_method("_from_flags", m_from_flags, "($type, /, object, flags)",
                 "Create a new memoryview object which references the given object."),
    method("__enter__", m_enter, "($self, /)"),
    method("__exit__", m_exit, "($self, /, *exc_info)",
           "Release the underlying buffer exposed by the memoryview object."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "memoryviews are generic over the type of their underlying data"),
    {},
};

// A view of a buffer, which it takes over from the caller.
Ref view_over(Thread& t, Buffer* source) {
  if (source->dimensions > kMaxDimensions) {
    release_buffer(t, source);
    return raise(t, exc::ValueError, "memoryview: number of dimensions must not exceed %d", int(kMaxDimensions));
  }
  Ref owner = Ref::adopt(source->owner);
  source->owner = EMPTY;
  auto* managed = allocate_native<ManagedBuffer>(t, g_managed_type);
  Ref keep = Ref::adopt(Value(managed));
  managed->owner.init(managed, std::move(owner));
  Buffer& buffer = managed->buffer = *source;
  // The arrays inside the struct moved with it.
  if (source->shape == source->small_shape) buffer.shape = buffer.small_shape;
  if (source->strides == source->small_strides) buffer.strides = buffer.small_strides;
  managed->users = 1;

  auto* view = heap::allocate_as<MemoryView>(t, kShape_memoryview);
  Ref result = Ref::adopt(Value(view));
  view->managed.init(view, std::move(keep));
  view->obj.init(view, managed->owner.peek());
  view->data = static_cast<u8*>(buffer.data);
  view->length = buffer.length;
  view->item_size = buffer.item_size;
  view->format = buffer.format != nullptr ? buffer.format : "B";
  view->readonly = buffer.readonly;
  view->dimensions = buffer.dimensions;
  for (i32 d = 0; d < buffer.dimensions; d++)
    view->shape[d] = buffer.shape != nullptr ? buffer.shape[d] : buffer.length / buffer.item_size;
  if (buffer.strides != nullptr)
    std::memcpy(view->strides, buffer.strides, sizeof(i64) * size_t(buffer.dimensions));
  else
    set_contiguous_strides(view);
  return result;
}

Ref view_with_flags(Thread& t, Value object, int flags) {
  TRY(make_managed_type(t));
  Buffer buffer;
  TRY(get_buffer(t, object, &buffer, flags));
  return view_over(t, &buffer);
}

}  // namespace

Ref memoryview_new(Thread& t, Value object, int flags) {
  if (!is_memoryview(object)) {
    if (!has_buffer(object))
      return raise(t, exc::TypeError, "memoryview: a bytes-like object is required, not '%T'", object);
    return view_with_flags(t, object, (flags & buffer_flag::kWritable) | buffer_flag::kFullRo);
  }
  MemoryView* base = view_of(object);
  TRY(check_released(t, base));
  if ((flags & buffer_flag::kWritable) && base->readonly)
    return raise(t, exc::BufferError, "memoryview: underlying buffer is not writable");
  return view_from(t, base);
}

Ref wrapped_get_buffer(Thread& t, GetBufferFn fn, Value self, Value flags_word) {
  Ref index = TRY(to_index(t, flags_word));
  i64 flags;
  if (!int_fits_i64(index, &flags))
    return raise(t, exc::OverflowError, "cannot fit '%T' into an index-sized integer", flags_word);
  if (flags > INT32_MAX || flags < INT32_MIN) return raise(t, exc::OverflowError, "buffer flags out of range");
  TRY(make_managed_type(t));
  Buffer buffer;
  TRY(fn(t, self, &buffer, int(flags)));
  if (buffer.owner.is_empty()) buffer.owner = Ref::copy(self).take();
  return view_over(t, &buffer);
}

Ref wrapped_release_buffer(Thread& t, Value self, Value released) {
  if (!is_memoryview(released)) return raise(t, exc::TypeError, "expected a memoryview object");
  MemoryView* view = view_of(released);
  Ref obj = view->obj.load();
  if (view->released) return raise(t, exc::ValueError, "memoryview's buffer has already been released");
  if (obj.is_empty()) return Ref::none();
  if (!obj.get().same_word(self)) return raise(t, exc::ValueError, "memoryview's buffer is not this object");
  TRY(release_view(t, view));
  return Ref::none();
}

Ref restricted_view(Thread& t, Value self, const Buffer& source, ReleaseBufferFn native_release) {
  TRY(make_managed_type(t));
  Buffer buffer = source;
  if (source.shape == source.small_shape) buffer.shape = buffer.small_shape;
  if (source.strides == source.small_strides) buffer.strides = buffer.small_strides;
  buffer.owner = Ref::copy(self).take();
  Ref result = TRY(view_over(t, &buffer));
  MemoryView* view = view_of(result);
  auto* managed = view->managed.peek().as<ManagedBuffer>();
  managed->restricted = true;
  managed->native_release = native_release;
  view->restricted = true;
  view->obj.clear(view);
  return result;
}
Status memoryview_release(Thread& t, Value view) { return release_view(t, view_of(view)); }
bool is_memoryview_of(Value view, Value object) { return view_of(view)->obj.load().get().same_word(object); }

i32 memoryview_exports(Value view) { return i32(__atomic_load_n(&view_of(view)->exports, __ATOMIC_RELAXED)); }

extern const TypeSpec spec_memoryview;
const TypeSpec spec_memoryview = {
    .name = "memoryview",
    .doc = "Create a new memoryview object which references the given object.",
    .layout = {"memoryview", sizeof(MemoryView), 0, visit_view, nullptr, nullptr, finalise_view},
    .flags = type_flag::kImmutable | type_flag::kSequence | type_flag::kHasWeakref,
    .slots = {.repr = slot_repr,
              .hash = slot_hash,
              .compare = slot_compare,
              .iter = slot_iter,
              .new_ = slot_new,
              .length = slot_length,
              .get_item = slot_get_item,
              .set_item = slot_set_item,
              .get_buffer = slot_get_buffer,
              .release_buffer = slot_release_buffer},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(object)",
};

}  // namespace typhon
