// array: compact arrays of numbers or characters. Items live in malloc'ed memory that an exported buffer pins; every access
// is made under the object's lock (free for unshared arrays), conversions to and from Python values outside it.
#include <cstdlib>
#include <cstring>

#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/generic_alias.h"
#include "objects/itertypes.h"
#include "objects/module.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

Type* g_array_type;
GlobalRoot g_reconstructor;

struct Kind {
  char code;
  u8 size;
  bool is_signed;
  const char* format;
  i8 machine_format;  // of the pickle protocol (little-endian machines)
};
constexpr Kind kKinds[] = {
    {'b', 1, true, "b", 1},   {'B', 1, false, "B", 0},  {'u', 4, false, "w", 20}, {'w', 4, false, "w", 20}, {'h', 2, true, "h", 4},
    {'H', 2, false, "H", 2},  {'i', 4, true, "i", 8},   {'I', 4, false, "I", 6},  {'l', 8, true, "l", 12},  {'L', 8, false, "L", 10},
    {'q', 8, true, "q", 12},  {'Q', 8, false, "Q", 10}, {'f', 4, true, "f", 14},  {'d', 8, true, "d", 16},
};

struct Array : Object {
  const Kind* kind;
  u64 size;      // items
  u64 capacity;  // items
  u8* data;
  u32 exports;   // atomic
};
void release_array(Thread&, Object* self) { free(static_cast<Array*>(self)->data); }
bool is_array(Value v) { return v.is_object() && is_instance_of(v, g_array_type); }
bool is_text(const Kind* k) { return k->code == 'u' || k->code == 'w'; }

// An item's bits, as they lie in the array.
struct Item {
  u64 bits;
};
Item read_item(const Kind* k, const u8* at) {
  Item item{0};
  copy_shared_bytes(&item.bits, at, k->size);
  return item;
}
Ref item_value(Thread& t, const Kind* k, Item item) {
  switch (k->code) {
    case 'f': return float_from(t, double(std::bit_cast<float>(u32(item.bits))));
    case 'd': return float_from(t, std::bit_cast<double>(item.bits));
    case 'u':
    case 'w':
      if (item.bits > 0x10FFFF) return raise(t, exc::ValueError, "character U+%x is not in range [U+0000; U+10ffff]", item.bits);
      return str_from_char(t, u32(item.bits));
  }
  if (!k->is_signed) return int_from_u64(t, item.bits);
  u32 shift = 64 - k->size * 8u;
  return int_from(t, i64(item.bits << shift) >> shift);
}
Result<Item> value_item(Thread& t, const Kind* k, Value v) {
  switch (k->code) {
    case 'f': return Item{std::bit_cast<u32>(float(TRY(to_double(t, v))))};
    case 'd': return Item{std::bit_cast<u64>(TRY(to_double(t, v)))};
    case 'u':
    case 'w':
      if (!is_str(v)) return raise(t, exc::TypeError, "array item must be a unicode character, not %T", v);
      if (v.as<Str>()->length() != 1)
        return raise(t, exc::TypeError, "array item must be a unicode character, not a string of length %zd", i64(v.as<Str>()->length()));
      return Item{v.as<Str>()->at(0)};
  }
  Ref number = TRY(to_index(t, v));
  auto out_of_range = [&](const char* what, bool low) {
    return raise(t, exc::OverflowError, "%s is %s", what, low ? "less than minimum" : "greater than maximum");
  };
  bool negative = int_sign(number) < 0;
  if (k->is_signed) {
    i64 n;
    bool fits = int_fits_i64(number, &n);
    if (k->size == 8) {
      if (!fits) return raise(t, exc::OverflowError, k->code == 'l' ? "Python int too large to convert to C long" : "int too big to convert");
      return Item{u64(n)};
    }
    i64 most = (i64(1) << (k->size * 8 - 1)) - 1;
    const char* what = k->size == 1 ? "signed char" : k->size == 2 ? "signed short integer" : "signed integer";
    if (!fits && k->size == 4) return raise(t, exc::OverflowError, "Python int too large to convert to C long");
    if (!fits || n > most || n < -most - 1) return out_of_range(what, negative);
    return Item{u64(n)};
  }
  if (k->size <= 2) {
    u64 n;
    const char* what = k->size == 1 ? "unsigned byte integer" : "unsigned short";
    if (negative || !int_fits_u64(number, &n) || n >> (k->size * 8) != 0) return out_of_range(what, negative);
    return Item{n};
  }
  if (negative)
    return raise(t, exc::OverflowError, k->code == 'Q' ? "can't convert negative int to unsigned" : "can't convert negative value to unsigned int");
  u64 n;
  if (!int_fits_u64(number, &n))
    return raise(t, exc::OverflowError, k->code == 'Q' ? "int too big to convert" : "Python int too large to convert to C unsigned long");
  if (k->size == 4 && n >> 32 != 0) return out_of_range("unsigned int", false);
  return Item{n};
}

// --- changing the size, under the lock
enum class Outcome : u8 { kOk, kExported, kNoMemory, kRange };
Raised raise_outcome(Thread& t, Outcome o) {
  if (o == Outcome::kExported) return raise(t, exc::BufferError, "cannot resize an array that is exporting buffers");
  return raise_no_memory(t);
}
Outcome resize(Array* a, u64 size) {
  if (size == a->size) return Outcome::kOk;
  if (__atomic_load_n(&a->exports, __ATOMIC_ACQUIRE) != 0) return Outcome::kExported;
  if (size > a->capacity || size < a->capacity / 2) {
    u64 capacity = size == 0 ? 0 : size + (size >> 4) + (size < 9 ? 3 : 7);
    u64 bytes;
    if (__builtin_mul_overflow(capacity, u64(a->kind->size), &bytes) || bytes > u64(INT64_MAX)) return Outcome::kNoMemory;
    if (capacity == 0) {
      free(a->data);
      a->data = nullptr;
    } else {
      u8* bigger = static_cast<u8*>(realloc(a->data, bytes));
      if (bigger == nullptr) return Outcome::kNoMemory;
      a->data = bigger;
    }
    a->capacity = capacity;
  }
  a->size = size;
  return Outcome::kOk;
}
// Replaces items [from, to) by n items at `data` (which is not the array's own memory).
Outcome splice_locked(Array* a, u64 from, u64 to, const u8* data, u64 n) {
  if (from > a->size) from = a->size;
  if (to > a->size) to = a->size;
  if (to < from) to = from;
  u64 old = a->size, width = a->kind->size, tail = old - to, wanted = old - (to - from) + n;
  if (n < to - from) {
    if (__atomic_load_n(&a->exports, __ATOMIC_ACQUIRE) != 0) return Outcome::kExported;
    memmove(a->data + (from + n) * width, a->data + to * width, tail * width);
  }
  Outcome o = resize(a, wanted);
  if (o != Outcome::kOk) return o;
  if (n > to - from && tail > 0) memmove(a->data + (from + n) * width, a->data + to * width, tail * width);
  if (n > 0) memcpy(a->data + from * width, data, n * width);
  return Outcome::kOk;
}
Status splice(Thread& t, Array* a, u64 from, u64 to, const u8* data, u64 n) {
  Outcome o;
  {
    ObjectLock lock(t, a);
    o = splice_locked(a, from, to, data, n);
  }
  if (o != Outcome::kOk) return raise_outcome(t, o);
  return ok();
}
Status append(Thread& t, Array* a, Value v) {
  Item item = TRY(value_item(t, a->kind, v));
  return splice(t, a, ~u64(0), ~u64(0), reinterpret_cast<u8*>(&item.bits), 1);
}
// The bytes of the array at this moment.
Status snapshot(Thread& t, Array* a, ByteBuilder& out) {
  {
    ObjectLock lock(t, a);
    out.append(a->data, a->size * a->kind->size);
  }
  if (out.failed()) return raise_no_memory(t);
  return ok();
}
// EMPTY when out of range.
Ref get(Thread& t, Array* a, i64 index) {
  Item item;
  {
    ElementLock lock(t, a);
    if (index < 0 || u64(index) >= a->size) return Ref();
    item = read_item(a->kind, a->data + u64(index) * a->kind->size);
  }
  return item_value(t, a->kind, item);
}
Ref make_array(Thread& t, Type* cls, const Kind* kind) {
  Ref made = TRY(allocate_instance(t, cls));
  made.as<Array>()->kind = kind;
  return made;
}
Ref array_of(Thread& t, const Kind* kind, const u8* data, u64 n) {
  Ref made = TRY(make_array(t, g_array_type, kind));
  TRY(splice(t, made.as<Array>(), 0, 0, data, n));
  return made;
}

Status extend(Thread& t, Array* a, Value source) {
  if (is_array(source)) {
    if (source.as<Array>()->kind != a->kind) return raise(t, exc::TypeError, "can only extend with array of same kind");
    ByteBuilder bytes;
    TRY(snapshot(t, source.as<Array>(), bytes));
    return splice(t, a, ~u64(0), ~u64(0), bytes.data(), bytes.length() / a->kind->size);
  }
  Ref iterator = TRY(get_iter(t, source));
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    TRY(append(t, a, item));
  }
}
Status from_bytes(Thread& t, Array* a, Value source) {
  ByteView view(t);
  TRY(view.get(source));
  if (view.size() % a->kind->size != 0) return raise(t, exc::ValueError, "bytes length not a multiple of item size");
  return splice(t, a, ~u64(0), ~u64(0), view.data(), view.size() / a->kind->size);
}
Status from_text(Thread& t, Array* a, Str* s) {
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    TRY(splice(t, a, ~u64(0), ~u64(0), reinterpret_cast<u8*>(&c), 1));
  }
  return ok();
}

Ref array_new(Thread& t, Type* cls, Args args) {
  if (args.keyword_count != 0 && cls == g_array_type) return raise(t, exc::TypeError, "array.array() takes no keyword arguments");
  if (args.count < 1) return raise(t, exc::TypeError, "array() takes at least 1 argument (0 given)");
  if (args.count > 2) return raise(t, exc::TypeError, "array() takes at most 2 arguments (%d given)", int(args.count));
  if (!is_str(args[0])) return raise(t, exc::TypeError, "array() argument 1 must be a unicode character, not %T", args[0]);
  Str* code = args[0].as<Str>();
  if (code->length() != 1) return raise(t, exc::TypeError, "array() argument 1 must be a unicode character, not a string of length %zd", i64(code->length()));
  const Kind* kind = nullptr;
  for (const Kind& k : kKinds)
    if (u32(k.code) == code->at(0)) kind = &k;
  if (kind == nullptr) return raise(t, exc::ValueError, "bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)");
  if (kind->code == 'u') TRY(warn(t, exc::DeprecationWarning, 1, "The 'u' type code is deprecated and will be removed in Python 3.16"));
  Ref made = TRY(make_array(t, cls, kind));
  if (args.count == 1) return made;
  auto* a = made.as<Array>();
  Value initial = args[1];
  if (!is_text(kind)) {
    if (is_str(initial)) return raise(t, exc::TypeError, "cannot use a str to initialize an array with typecode '%c'", int(kind->code));
    if (is_array(initial) && is_text(initial.as<Array>()->kind))
      return raise(t, exc::TypeError, "cannot use a unicode array to initialize an array with typecode '%c'", int(kind->code));
  }
  if (is_bytes(initial) || is_bytearray(initial))
    TRY(from_bytes(t, a, initial));
  else if (is_str(initial))
    TRY(from_text(t, a, initial.as<Str>()));
  else if (is_array(initial) && initial.as<Array>()->kind != kind) {
    for (i64 i = 0;; i++) {
      Ref item = TRY(get(t, initial.as<Array>(), i));
      if (item.is_empty()) break;
      TRY(append(t, a, item));
    }
  } else {
    TRY(extend(t, a, initial));
  }
  return made;
}

// --- methods
u64 size_of(Thread& t, Array* a) {
  ElementLock lock(t, a);
  return a->size;
}
Ref a_append(Thread& t, Value self, const Value* a) {
  TRY(append(t, self.as<Array>(), a[0]));
  return Ref::none();
}
Ref a_extend(Thread& t, Value self, const Value* a) {
  TRY(extend(t, self.as<Array>(), a[0]));
  return Ref::none();
}
Ref a_insert(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 index = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Item item = TRY(value_item(t, x->kind, a[1]));
  if (index < 0) {
    index += i64(size_of(t, x));
    if (index < 0) index = 0;
  }
  TRY(splice(t, x, u64(index), u64(index), reinterpret_cast<u8*>(&item.bits), 1));
  return Ref::none();
}
Ref a_pop(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 index = a[0].is_empty() ? -1 : TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Item item{0};
  bool was_empty = false;
  Outcome o = Outcome::kRange;
  {
    ObjectLock lock(t, x);
    was_empty = x->size == 0;
    if (index < 0) index += i64(x->size);
    if (index >= 0 && u64(index) < x->size) {
      item = read_item(x->kind, x->data + u64(index) * x->kind->size);
      o = splice_locked(x, u64(index), u64(index) + 1, nullptr, 0);
    }
  }
  if (o == Outcome::kRange) return raise(t, exc::IndexError, was_empty ? "pop from empty array" : "pop index out of range");
  if (o != Outcome::kOk) return raise_outcome(t, o);
  return item_value(t, x->kind, item);
}
Result<i64> find(Thread& t, Array* x, Value v, i64 start, i64 stop) {
  for (i64 i = start; i < stop; i++) {
    Ref item = TRY(get(t, x, i));
    if (item.is_empty()) break;
    if (TRY(equal(t, item, v))) return i;
  }
  return i64(-1);
}
Ref a_index(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 size = i64(size_of(t, x));
  auto bound = [&](Value v, i64 fallback) -> Result<i64> {
    if (v.is_empty()) return fallback;
    i64 n = TRY(to_clamped_i64(t, v));
    return n < 0 ? (n + size < 0 ? i64(0) : n + size) : n;
  };
  i64 start = TRY(bound(a[1], 0)), stop = TRY(bound(a[2], INT64_MAX));
  i64 at = TRY(find(t, x, a[0], start, stop));
  if (at < 0) return raise(t, exc::ValueError, "array.index(x): x not in array");
  return int_from(t, at);
}
Ref a_remove(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 at = TRY(find(t, x, a[0], 0, INT64_MAX));
  if (at < 0) return raise(t, exc::ValueError, "array.remove(x): x not in array");
  TRY(splice(t, x, u64(at), u64(at) + 1, nullptr, 0));
  return Ref::none();
}
Ref a_count(Thread& t, Value self, const Value* a) {
  i64 n = 0;
  for (i64 i = 0;; i++) {
    Ref item = TRY(get(t, self.as<Array>(), i));
    if (item.is_empty()) return int_from(t, n);
    n += TRY(equal(t, item, a[0]));
  }
}
Result<bool> array_contains(Thread& t, Value self, Value item) { return TRY(find(t, self.as<Array>(), item, 0, INT64_MAX)) >= 0; }
Ref a_reverse(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  ObjectLock lock(t, x);
  u64 width = x->kind->size;
  for (u64 i = 0, j = x->size; i + 1 < j; i++) {
    j--;
    u8 held[8];
    memcpy(held, x->data + i * width, width);
    memcpy(x->data + i * width, x->data + j * width, width);
    memcpy(x->data + j * width, held, width);
  }
  return Ref::none();
}
Ref a_byteswap(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  ObjectLock lock(t, x);
  u64 width = x->kind->size;
  for (u64 i = 0; i < x->size; i++)
    for (u64 k = 0; k < width / 2; k++) std::swap(x->data[i * width + k], x->data[i * width + width - 1 - k]);
  return Ref::none();
}
Ref a_clear(Thread& t, Value self, const Value*) {
  TRY(splice(t, self.as<Array>(), 0, ~u64(0), nullptr, 0));
  return Ref::none();
}
Ref a_tolist(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  ByteBuilder bytes;
  TRY(snapshot(t, x, bytes));
  RefTo<List> list = TRY(list_new(t, bytes.length() / x->kind->size));
  for (size_t i = 0; i < bytes.length(); i += x->kind->size)
    TRY(list_append(t, list.get(), TRY(item_value(t, x->kind, read_item(x->kind, bytes.data() + i)))));
  return list;
}
Ref a_fromlist(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  if (!is_list(a[0])) return raise(t, exc::TypeError, "arg must be list");
  RefTo<Tuple> items = TRY(list_to_tuple(t, a[0].as<List>()));
  ByteBuilder bytes;
  for (u64 i = 0; i < items->size; i++) {
    Item item = TRY(value_item(t, x->kind, items->items[i].peek()));
    bytes.append(&item.bits, x->kind->size);
  }
  TRY(splice(t, x, ~u64(0), ~u64(0), bytes.data(), items->size));
  return Ref::none();
}
Ref a_tobytes(Thread& t, Value self, const Value*) {
  ByteBuilder bytes;
  TRY(snapshot(t, self.as<Array>(), bytes));
  return bytes.finish(t);
}
Ref a_frombytes(Thread& t, Value self, const Value* a) {
  TRY(from_bytes(t, self.as<Array>(), a[0]));
  return Ref::none();
}
Ref a_tounicode(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  if (!is_text(x->kind)) return raise(t, exc::ValueError, "tounicode() may only be called on unicode type arrays ('u' or 'w')");
  ByteBuilder bytes;
  TRY(snapshot(t, x, bytes));
  for (size_t i = 0; i < bytes.length(); i += 4) {
    u32 c;
    std::memcpy(&c, bytes.data() + i, 4);
    if (c > 0x10FFFF) return raise(t, exc::ValueError, "character U+%x is not in range [U+0000; U+10ffff]", u64(c));
  }
  return str_from_points(t, bytes.data(), 4, bytes.length() / 4);
}
Ref a_fromunicode(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  if (!is_text(x->kind)) return raise(t, exc::ValueError, "fromunicode() may only be called on unicode type arrays ('u' or 'w')");
  if (!is_str(a[0])) return raise(t, exc::TypeError, "fromunicode() argument must be str, not %T", a[0]);
  TRY(from_text(t, x, a[0].as<Str>()));
  return Ref::none();
}
Ref a_fromfile(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 n = TRY(to_i64(t, a[1]));
  if (n < 0) return raise(t, exc::ValueError, "negative count");
  Ref count = TRY(int_from(t, n * x->kind->size));
  Ref data = TRY(call_method_with(t, a[0], names::read, count));
  if (!is_bytes(data)) return raise(t, exc::TypeError, "read() didn't return bytes");
  bool short_read = i64(data.as<Bytes>()->size) != n * x->kind->size;
  TRY(from_bytes(t, x, data));
  if (short_read) return raise(t, exc::EOFError, "read() didn't return enough bytes");
  return Ref::none();
}
Ref a_tofile(Thread& t, Value self, const Value* a) {
  ByteBuilder bytes;
  TRY(snapshot(t, self.as<Array>(), bytes));
  constexpr size_t kBlock = 64 * 1024;
  for (size_t i = 0; i < bytes.length(); i += kBlock) {
    size_t n = bytes.length() - i < kBlock ? bytes.length() - i : kBlock;
    Ref part = TRY(bytes_from(t, bytes.data() + i, n));
    TRY(call_method_with(t, a[0], names::write, part));
  }
  return Ref::none();
}
Ref a_buffer_info(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  Ref address = TRY(int_from_u64(t, reinterpret_cast<u64>(x->data)));
  Ref size = TRY(int_from(t, i64(size_of(t, x))));
  return tuple_of(t, address, size);
}
Ref a_copy(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  ByteBuilder bytes;
  TRY(snapshot(t, x, bytes));
  return array_of(t, x->kind, bytes.data(), bytes.length() / x->kind->size);
}
Ref a_reduce(Thread& t, Value self, const Value* a) {
  auto* x = self.as<Array>();
  i64 protocol = TRY(to_i64(t, a[0]));
  Ref state = TRY(get_attribute_or_empty(t, self, names::__dict__));
  if (state.is_empty()) state = Ref::none();
  Ref code = TRY(str_from_char(t, u32(x->kind->code)));
  Ref cls = Ref::copy(Value(type_of(self)));
  if (protocol < 3) {
    Ref items = TRY(a_tolist(t, self, nullptr));
    Ref arguments = TRY(tuple_of(t, code, items)).release_ref();
    return tuple_of(t, cls, arguments, state);
  }
  Ref bytes = TRY(a_tobytes(t, self, nullptr));
  Ref arguments = TRY(tuple_of(t, cls, code, Value::small_int(x->kind->machine_format), bytes)).release_ref();
  return tuple_of(t, g_reconstructor.get(), arguments, state);
}
Ref a_sizeof(Thread& t, Value self, const Value*) {
  auto* x = self.as<Array>();
  return int_from(t, i64(sizeof(Array) + x->capacity * x->kind->size));
}
Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }
Ref a_typecode(Thread& t, Value self) { return str_from_char(t, u32(self.as<Array>()->kind->code)); }
Ref a_itemsize(Thread& t, Value self) { return int_from(t, self.as<Array>()->kind->size); }

// --- slots
Ref array_repr(Thread& t, Value self) {
  auto* x = self.as<Array>();
  if (size_of(t, x) == 0) return str_format(t, "%U('%c')", type_of(self)->name.as<Str>(), int(x->kind->code));
  Ref items = is_text(x->kind) ? a_tounicode(t, self, nullptr) : a_tolist(t, self, nullptr);
  if (items.failed()) return items;
  return str_format(t, "%U('%c', %R)", type_of(self)->name.as<Str>(), int(x->kind->code), items.get());
}
Ref array_compare(Thread& t, Value left, Value right, CompareOp op) {
  if (!is_array(left) || !is_array(right)) return Ref::not_implemented();
  auto *a = left.as<Array>(), *b = right.as<Array>();
  if (size_of(t, a) != size_of(t, b) && (op == CompareOp::kEq || op == CompareOp::kNe)) return Ref::boolean(op == CompareOp::kNe);
  for (i64 i = 0;; i++) {
    Ref x = TRY(get(t, a, i)), y = TRY(get(t, b, i));
    if (x.is_empty() || y.is_empty()) return Ref::boolean(order_holds(op, i64(!x.is_empty()) - i64(!y.is_empty())));
    if (TRY(compare_bool(t, CompareOp::kEq, x, y))) continue;
    if (op == CompareOp::kEq || op == CompareOp::kNe) return Ref::boolean(op == CompareOp::kNe);
    return compare(t, op, x, y);
  }
}
Result<i64> array_hash(Thread& t, Value self) { return raise(t, exc::TypeError, "unhashable type: 'array.array'"); }
Result<i64> array_length(Thread& t, Value self) { return i64(size_of(t, self.as<Array>())); }
Ref array_get_item(Thread& t, Value self, Value key) {
  auto* x = self.as<Array>();
  if (is_slice(key)) {
    ByteBuilder bytes, out;
    TRY(snapshot(t, x, bytes));
    u64 width = x->kind->size;
    SliceIndices s;
    TRY(slice_resolve_py(t, key.as<Slice>(), i64(bytes.length() / width), &s));
    i64 at = s.start;
    for (i64 i = 0; i < s.count; i++, at += s.step) out.append(bytes.data() + u64(at) * width, width);
    if (out.failed()) return raise_no_memory(t);
    return array_of(t, x->kind, out.data(), u64(s.count));
  }
  if (!is_indexable(key)) return raise(t, exc::TypeError, "array indices must be integers");
  i64 index = TRY(subscript_index(t, key));
  if (index < 0) index += i64(size_of(t, x));
  Ref item = get(t, x, index);
  if (!item.failed() && item.is_empty()) return raise(t, exc::IndexError, "array index out of range");
  return item;
}
Status set_slice(Thread& t, Array* x, Slice* slice, Value value) {
  ByteBuilder source;
  u64 width = x->kind->size;
  if (!value.is_empty()) {
    if (!is_array(value)) return raise(t, exc::TypeError, "can only assign array (not \"%T\") to array slice", value);
    if (value.as<Array>()->kind != x->kind) return raise(t, exc::TypeError, "bad argument type for built-in operation");
    TRY(snapshot(t, value.as<Array>(), source));
  }
  u64 n = source.length() / width;
  SliceIndices s;
  TRY(slice_resolve_py(t, slice, i64(size_of(t, x)), &s));
  if (s.step == 1) return splice(t, x, u64(s.start), u64(s.start + s.count), source.data(), n);
  if (value.is_empty()) {
    if (s.count == 0) return ok();
    // From the back, so that the positions in front stay what they are.
    i64 first = s.step > 0 ? s.start + (s.count - 1) * s.step : s.start, step = s.step > 0 ? -s.step : s.step;
    for (i64 i = 0; i < s.count; i++, first += step) TRY(splice(t, x, u64(first), u64(first) + 1, nullptr, 0));
    return ok();
  }
  if (i64(n) != s.count) return raise(t, exc::ValueError, "attempt to assign array of size %zd to extended slice of size %zd", i64(n), s.count);
  ObjectLock lock(t, x);
  i64 at = s.start;
  for (i64 i = 0; i < s.count; i++, at += s.step)
    if (u64(at) < x->size) memcpy(x->data + u64(at) * width, source.data() + u64(i) * width, width);
  return ok();
}
Status array_set_item(Thread& t, Value self, Value key, Value value) {
  auto* x = self.as<Array>();
  if (is_slice(key)) return set_slice(t, x, key.as<Slice>(), value);
  if (!is_indexable(key)) return raise(t, exc::TypeError, "array indices must be integers");
  i64 index = TRY(subscript_index(t, key));
  Item item{0};
  if (!value.is_empty()) item = TRY(value_item(t, x->kind, value));
  Outcome o = Outcome::kOk;
  auto in_range = [&] {
    if (index < 0) index += i64(x->size);
    return index >= 0 && u64(index) < x->size;
  };
  if (value.is_empty()) {
    ObjectLock lock(t, x);
    o = in_range() ? splice_locked(x, u64(index), u64(index) + 1, nullptr, 0) : Outcome::kRange;
  } else {
    ElementLock lock(t, x);
    if (in_range())
      copy_shared_bytes(x->data + u64(index) * x->kind->size, &item.bits, x->kind->size);
    else
      o = Outcome::kRange;
  }
  if (o == Outcome::kRange) return raise(t, exc::IndexError, value.is_empty() ? "array index out of range" : "array assignment index out of range");
  if (o != Outcome::kOk) return raise_outcome(t, o);
  return ok();
}
Ref array_concat(Thread& t, Value left, Value right) {
  if (!is_array(right)) return raise(t, exc::TypeError, "can only append array (not \"%T\") to array", right);
  if (left.as<Array>()->kind != right.as<Array>()->kind) return raise(t, exc::TypeError, "bad argument type for built-in operation");
  Ref made = TRY(a_copy(t, left, nullptr));
  TRY(extend(t, made.as<Array>(), right));
  return made;
}
Ref array_inplace_concat(Thread& t, Value self, Value other) {
  if (!is_array(other)) return raise(t, exc::TypeError, "can only extend array with array (not \"%T\")", other);
  TRY(extend(t, self.as<Array>(), other));
  return Ref::copy(self);
}
Result<bool> repeat_into(Thread& t, Array* from, Array* to, i64 times) {
  ByteBuilder bytes, out;
  TRY(snapshot(t, from, bytes));
  u64 total;
  if (__builtin_mul_overflow(bytes.length(), u64(times), &total) || total > u64(INT64_MAX)) return raise_no_memory(t);
  out.reserve(total);
  if (out.failed()) return raise_no_memory(t);
  for (i64 i = 0; i < times && bytes.length() != 0; i++) out.append(bytes.data(), bytes.length());
  if (out.failed()) return raise_no_memory(t);
  TRY(splice(t, to, 0, ~u64(0), out.data(), out.length() / to->kind->size));
  return true;
}
Ref array_repeat(Thread& t, Value self, Value times) {
  i64 count = TRY(repeat_count(t, times));
  Ref made = TRY(make_array(t, g_array_type, self.as<Array>()->kind));
  TRY(repeat_into(t, self.as<Array>(), made.as<Array>(), count));
  return made;
}
Ref array_inplace_repeat(Thread& t, Value self, Value times) {
  TRY(repeat_into(t, self.as<Array>(), self.as<Array>(), TRY(repeat_count(t, times))));
  return Ref::copy(self);
}
Status array_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  static u8 nothing[8];
  auto* x = self.as<Array>();
  ElementLock lock(t, x);
  __atomic_fetch_add(&x->exports, 1, __ATOMIC_RELAXED);
  buffer->data = x->data != nullptr ? x->data : nothing;
  buffer->length = i64(x->size * x->kind->size);
  buffer->item_size = x->kind->size;
  buffer->readonly = false;
  buffer->dimensions = 1;
  buffer->format = flags & buffer_flag::kFormat ? x->kind->format : nullptr;
  buffer->small_shape[0] = i64(x->size);
  buffer->small_strides[0] = x->kind->size;
  buffer->shape = flags & buffer_flag::kNd ? buffer->small_shape : nullptr;
  buffer->strides = (flags & buffer_flag::kStrides) == buffer_flag::kStrides ? buffer->small_strides : nullptr;
  buffer->suboffsets = nullptr;
  return ok();
}
void array_release_buffer(Thread&, Value self, Buffer*) { __atomic_fetch_sub(&self.as<Array>()->exports, 1, __ATOMIC_RELEASE); }

// --- iterator
struct ArrayIterator : Object {
  Field array;  // EMPTY when exhausted
  i64 index;    // atomic
};
Type* g_iterator_type;
void visit_iterator(Object* self, Visitor& v) { v.field(static_cast<ArrayIterator*>(self)->array); }
Ref array_iter(Thread& t, Value self) {
  Ref made = TRY(allocate_instance(t, g_iterator_type));
  made.as<ArrayIterator>()->array.init(made.object(), self);
  return made;
}
Ref iterator_next(Thread& t, Value self) {
  auto* it = self.as<ArrayIterator>();
  Ref array = it->array.load();
  if (array.is_empty()) return Ref();
  Ref item = get(t, array.as<Array>(), __atomic_fetch_add(&it->index, 1, __ATOMIC_RELAXED));
  if (!item.failed() && item.is_empty()) it->array.clear(it);
  return item;
}
Ref iter_self(Thread&, Value self) { return Ref::copy(self); }
Ref iterator_reduce(Thread& t, Value self, const Value*) {
  auto* it = self.as<ArrayIterator>();
  Ref function = TRY(builtin_named(t, "iter"));
  Ref array = it->array.load();
  if (array.is_empty()) {
    Ref arguments = TRY(tuple_of(t, Value(empty_tuple()))).release_ref();
    return tuple_of(t, function, arguments);
  }
  Ref arguments = TRY(tuple_of(t, array)).release_ref();
  Ref index = TRY(int_from(t, it->index));
  return tuple_of(t, function, arguments, index);
}
Ref iterator_setstate(Thread& t, Value self, const Value* a) {
  i64 index = TRY(to_i64(t, a[0]));
  __atomic_store_n(&self.as<ArrayIterator>()->index, index < 0 ? 0 : index, __ATOMIC_RELAXED);
  return Ref::none();
}

const Method kMethods[] = {
    method("append", a_append, "($self, v, /)", "Append new value v to the end of the array."),
    method("buffer_info", a_buffer_info, "($self, /)", "Return a tuple (address, length) giving the current memory address and the length in items of the buffer used to hold array's contents."),
    method("byteswap", a_byteswap, "($self, /)", "Byteswap all items of the array."),
    method("clear", a_clear, "($self, /)", "Remove all items from the array."),
    method("count", a_count, "($self, v, /)", "Return number of occurrences of v in the array."),
    method("extend", a_extend, "($self, bb, /)", "Append items to the end of the array."),
    method("frombytes", a_frombytes, "($self, buffer, /)", "Appends items from the string, interpreting it as an array of machine values, as if it had been read from a file using the fromfile() method."),
    method("fromfile", a_fromfile, "($self, f, n, /)", "Read n objects from the file object f and append them to the end of the array."),
    method("fromlist", a_fromlist, "($self, list, /)", "Append items to array from list."),
    method("fromunicode", a_fromunicode, "($self, ustr, /)", "Extends this array with data from the unicode string ustr."),
    method("index", a_index, "($self, v, start=0, stop=sys.maxsize, /)", "Return index of first occurrence of v in the array."),
    method("insert", a_insert, "($self, i, v, /)", "Insert a new item v into the array before position i."),
    method("pop", a_pop, "($self, i=-1, /)", "Return the i-th element and delete it from the array."),
    method("remove", a_remove, "($self, v, /)", "Remove the first occurrence of v in the array."),
    method("reverse", a_reverse, "($self, /)", "Reverse the order of the items in the array."),
    method("tobytes", a_tobytes, "($self, /)", "Convert the array to an array of machine values and return the bytes representation."),
    method("tofile", a_tofile, "($self, f, /)", "Write all items (as machine values) to the file object f."),
    method("tolist", a_tolist, "($self, /)", "Convert array to an ordinary list with the same items."),
    method("tounicode", a_tounicode, "($self, /)", "Extends this array with data from the unicode string ustr."),
    method("__copy__", a_copy, "($self, /)", "Return a copy of the array."),
    method("__deepcopy__", a_copy, "($self, unused, /)", "Return a copy of the array."),
    method("__reduce_ex__", a_reduce, "($self, value, /)", "Return state information for pickling."),
    method("__sizeof__", a_sizeof, "($self, /)", "Size of the array in memory, in bytes."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
const GetSet kGetSets[] = {{"typecode", a_typecode, nullptr, "the typecode character used to create the array"},
                           {"itemsize", a_itemsize, nullptr, "the size, in bytes, of one array item"},
                           {}};
const TypeSpec kSpec = {
    .name = "array.array",
    .doc = "array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode, and\ninitialized from the optional initializer value, which must be a list,\nstring or iterable over elements of the appropriate type.",
    .layout = {"array", sizeof(Array), 0, nullptr, release_array, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kSequence | type_flag::kHasWeakref,
    .slots = {.repr = array_repr,
              .hash = array_hash,
              .compare = array_compare,
              .iter = array_iter,
              .new_ = array_new,
              .length = array_length,
              .get_item = array_get_item,
              .set_item = array_set_item,
              .contains = array_contains,
              .concat = array_concat,
              .repeat = array_repeat,
              .inplace_concat = array_inplace_concat,
              .inplace_repeat = array_inplace_repeat,
              .get_buffer = array_get_buffer,
              .release_buffer = array_release_buffer},
    .methods = kMethods,
    .getsets = kGetSets,
};
const Method kIteratorMethods[] = {method("__reduce__", iterator_reduce, "($self, /)"), method("__setstate__", iterator_setstate, "($self, state, /)"), {}};
const TypeSpec kIteratorSpec = {
    .name = "array.arrayiterator",
    .layout = {"arrayiterator", sizeof(ArrayIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = iterator_next},
    .methods = kIteratorMethods,
};

// Unpickling: machine formats other than this machine's are byte-swapped or converted item by item.
Ref f_reconstruct(Thread& t, Value, const Value* a) {
  if (!is_type(a[0])) return raise(t, exc::TypeError, "first argument must be a type object, not %T", a[0]);
  if (!is_subtype(a[0].as<Type>(), g_array_type)) return raise(t, exc::TypeError, "%N is not a subtype of array.array", a[0].as<Type>());
  i64 format = TRY(to_i64(t, a[2]));
  if (format < 0 || format > 21) return raise(t, exc::ValueError, "third argument must be a valid machine format code.");
  if (!is_bytes(a[3])) return raise(t, exc::TypeError, "fourth argument should be bytes, not %T", a[3]);
  Value words[] = {a[1]};
  Ref made = TRY(array_new(t, a[0].as<Type>(), Args{words, 1}));
  auto* x = made.as<Array>();
  if (format == x->kind->machine_format) {
    TRY(from_bytes(t, x, a[3]));
    return made;
  }
  if (format >= 18) {
    int order = format & 1 ? 1 : -1;
    auto* bytes = a[3].as<Bytes>();
    Ref text = TRY(format < 20 ? decode_utf16(t, bytes->data, bytes->size, "strict", &order, nullptr)
                               : decode_utf32(t, bytes->data, bytes->size, "strict", &order, nullptr));
    if (!is_text(x->kind)) return raise(t, exc::TypeError, "a number is required, not str");
    TRY(from_text(t, x, text.as<Str>()));
    return made;
  }
  // (size, signed, big-endian) of each format; 14..17 are floats.
  static constexpr u8 kSizes[] = {1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8, 8, 8, 8, 4, 4, 8, 8};
  u32 size = kSizes[format];
  bool big = format >= 2 && (format & 1);
  bool is_signed = format == 1 || format == 4 || format == 5 || format == 8 || format == 9 || format == 12 || format == 13;
  auto* bytes = a[3].as<Bytes>();
  if (bytes->size % size != 0) return raise(t, exc::ValueError, "bytes length not a multiple of item size");
  for (u64 i = 0; i < bytes->size; i += size) {
    u64 bits = 0;
    for (u32 k = 0; k < size; k++) bits |= u64(bytes->data[i + (big ? size - 1 - k : k)]) << (8 * k);
    Ref item;
    if (format >= 14)
      item = float_from(t, size == 4 ? double(std::bit_cast<float>(u32(bits))) : std::bit_cast<double>(bits));
    else
      item = is_signed ? int_from(t, i64(bits << (64 - size * 8)) >> (64 - size * 8)) : int_from_u64(t, bits);
    if (item.failed()) return item;
    TRY(append(t, x, item));
  }
  return made;
}

const Method kFunctions[] = {
    method("_array_reconstructor", f_reconstruct, "($module, arraytype, typecode, mformat_code, items, /)", "Internal. Used for pickling support."), {}};
Status initialise(Thread& t, Module* module) {
  if (g_iterator_type == nullptr) TRY(make_static_type(t, kIteratorSpec, &g_iterator_type));
  TRY(module_add_type(t, module, kSpec, &g_array_type));
  TRY(module_add(t, module, "ArrayType", Value(g_array_type)));
  TRY(module_add_str(t, module, "typecodes", "bBuwhHiIlLqQfd"));
  g_reconstructor.set(t, TRY(get_attribute_utf8(t, Value(module), "_array_reconstructor")));
  // array is a MutableSequence.
  Ref abc = TRY(import_module(t, "collections.abc"));
  Ref sequence = TRY(get_attribute_utf8(t, abc, "MutableSequence"));
  Ref registration = TRY(get_attribute_utf8(t, sequence, "register"));
  TRY(call_with(t, registration, Value(g_array_type)));
  return ok();
}

}  // namespace

extern const ModuleDef module_array;
const ModuleDef module_array = {"array", "This module defines an object type which can efficiently represent\nan array of basic values: characters, integers, floating-point\nnumbers.", kFunctions, initialise};

}  // namespace typhon
