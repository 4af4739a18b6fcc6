// bytes: making, comparing, operators; and what it shares with bytearray. Methods: bytes_methods.cpp.
#include <cstdlib>

#include "objects/bytes_util.h"
#include "objects/codecs.h"
#include "objects/itertypes.h"
#include "objects/percent.h"

namespace typhon {

namespace {

Bytes* g_empty;
Bytes* g_single[256];  // one for every byte
constexpr size_t kBytesHead = sizeof(Object) + sizeof(u64);  // up to `data`

size_t bytes_native_size(const Object* self) { return kBytesHead + static_cast<const Bytes*>(self)->size + 1; }

}  // namespace

void bytes_make_singletons(Thread& t) {
  auto make = [&](size_t n) {
    Object* object = heap::allocate(t, kShape_bytes, kBytesHead + n + 1, false);
    object->state = u8((object->state & ~state::kOwnershipMask) | state::kImmortal);
    auto* bytes = static_cast<Bytes*>(object);
    bytes->size = n;
    return bytes;
  };
  g_empty = make(0);
  for (int byte = 0; byte < 256; byte++) {
    g_single[byte] = make(1);
    g_single[byte]->data[0] = u8(byte);
  }
}

Bytes* empty_bytes() { return g_empty; }

RefTo<Bytes> bytes_allocate(Thread& t, size_t n) {
  if (n == 0) return RefTo<Bytes>::copy(g_empty);
  if (n > kLargestBytes) return raise(t, exc::OverflowError, "byte string is too large");
  if (n > size_t(1) << 47) return raise_no_memory(t);
  Object* object = heap::try_allocate_unfilled(t, kShape_bytes, kBytesHead + n + 1, kBytesHead);
  if (object == nullptr) return Raised{};
  auto* bytes = static_cast<Bytes*>(object);
  bytes->size = n;
  bytes->data[n] = 0;
  return RefTo<Bytes>::adopt(bytes);
}

RefTo<Bytes> bytes_from(Thread& t, const void* data, size_t n) {
  if (n == 1) return RefTo<Bytes>::copy(g_single[*static_cast<const u8*>(data)]);
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, n));
  if (n != 0) std::memcpy(bytes->data, data, n);
  return bytes;
}

// --- shared with bytearray
SelfBytes::SelfBytes(Thread& t, Value self) {
  if (!is_bytearray(self)) {
    data = self.as<Bytes>()->data;
    size = self.as<Bytes>()->size;
    return;
  }
  auto* array = self.as<ByteArray>();
  static const u8 kNothing = 0;
  if (!is_contended(array)) {
    data = array->data != nullptr ? array->data : &kNothing;
    size = array->size;
    return;
  }
  // Guess the size outside the lock; grow when it was larger by then.
  size_t capacity = 0;
  while (true) {
    {
      ObjectLock lock(t, array);
      size = array->size;
      if (size <= capacity) {
        if (size != 0) std::memcpy(heap_, array->data, size);
        break;
      }
    }
    std::free(heap_);
    capacity = size + 64;
    heap_ = static_cast<u8*>(std::malloc(capacity));
    if (heap_ == nullptr) break;
  }
  data = heap_ != nullptr ? heap_ : size == 0 ? &kNothing : nullptr;
}

SelfBytes::~SelfBytes() { std::free(heap_); }

ReentryGuard::ReentryGuard(Value self, const Value* arguments, size_t n) {
  if (!is_bytearray(self)) return;
  for (size_t i = 0; i < n; i++) {
    if (!arguments[i].is_object()) continue;
    const Type* type = type_of(arguments[i]);
    if (!(type->flags & type_flag::kHeapType) && type->slots.next == nullptr) continue;
    array_ = self.as<ByteArray>();
    __atomic_fetch_add(&array_->exports, 1, __ATOMIC_RELAXED);
    return;
  }
}
ReentryGuard::~ReentryGuard() {
  if (array_ != nullptr) __atomic_fetch_sub(&array_->exports, 1, __ATOMIC_RELEASE);
}

Ref make_bytes_like(Thread& t, Value like, const void* data, size_t n) {
  if (is_bytearray(like)) return bytearray_from(t, data, n);
  return bytes_from(t, data, n);
}

Ref make_bytes_like(Thread& t, Value like, ByteBuilder& builder) {
  if (builder.failed()) return raise_no_memory(t);
  return make_bytes_like(t, like, builder.data(), builder.length());
}

Ref same_bytes(Thread& t, Value self, const SelfBytes& bytes) {
  if (is_exact_bytes(self)) return Ref::copy(self);
  return make_bytes_like(t, self, bytes.data, bytes.size);
}

Result<u8> to_byte(Thread& t, Value v, const char* message) {
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    if (n < 0 || n > 255) return raise(t, exc::ValueError, message);
    return u8(n);
  }
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(index, &n) || n < 0 || n > 255) return raise(t, exc::ValueError, message);
  return u8(n);
}

namespace {

// A buffer of any layout, flattened.
Status append_buffer(Thread& t, ByteBuilder& out, Value source) {
  // An export would keep other threads from resizing it.
  if (is_exact(source, kShape_bytearray) && is_contended(source.object())) {
    TYPHON_SELF_BYTES(bytes, t, source);
    out.append(bytes.data, bytes.size);
    return ok();
  }
  Buffer buffer;
  TRY(get_buffer(t, source, &buffer, buffer_flag::kFullRo));
  bool simple = buffer.strides == nullptr || buffer.dimensions == 0;
  if (!simple) {
    i64 expected = buffer.item_size;
    simple = true;
    for (i32 d = buffer.dimensions; d-- > 0;) {
      simple &= buffer.strides[d] == expected || buffer.shape[d] <= 1;
      expected *= buffer.shape[d];
    }
  }
  if (simple) {
    out.append_shared(buffer.data, size_t(buffer.length));
  } else {
    i64 at[64] = {};
    i32 n = buffer.dimensions;
    for (bool more = buffer.length > 0; more;) {
      const u8* p = static_cast<const u8*>(buffer.data);
      for (i32 d = 0; d < n; d++) p += at[d] * buffer.strides[d];
      out.append(p, size_t(buffer.item_size));
      more = false;
      for (i32 d = n; d-- > 0;) {
        if (++at[d] < buffer.shape[d]) {
          more = true;
          break;
        }
        at[d] = 0;
      }
    }
  }
  release_buffer(t, &buffer);
  return ok();
}

}  // namespace

Status append_bytes_of(Thread& t, ByteBuilder& out, Value source, const char* what, const char* range_message, bool extends) {
  if (has_buffer(source)) return append_buffer(t, out, source);
  if (is_str(source)) return raise(t, exc::TypeError, "cannot convert '%T' object to %s", source, what);
  Ref iterator = get_iter(t, source);
  if (iterator.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    if (extends) return raise(t, exc::TypeError, "can't extend bytearray with %T", source);
    return raise(t, exc::TypeError, "cannot convert '%T' object to %s", source, what);
  }
  TRY(length_hint(t, source, 64));  // asked as CPython does: it may raise
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    out.append(TRY(to_byte(t, item, range_message)));
  }
}

Status bytes_source(Thread& t, ByteBuilder& out, const Value* a, const char* what, const char* range_message) {
  Value source = a[0];
  for (int i = 1; i < 3; i++) {
    if (!a[i].is_empty() && !is_str(a[i]))
      return raise(t, exc::TypeError, "%s() argument '%s' must be str, not %Q", what, i == 1 ? "encoding" : "errors",
                   a[i]);
    TRY(check_codec_name(t, a[i]));
  }
  bool has_text = !source.is_empty() && is_str(source);
  if (has_text) {
    if (a[1].is_empty())
      return raise(t, exc::TypeError, "string argument without an encoding");
    Ref encoded = TRY(encode_object(t, source.as<Str>(), a[1], a[2]));
    out.append(encoded.as<Bytes>()->data, encoded.as<Bytes>()->size);
    return ok();
  }
  if (!a[1].is_empty()) return raise(t, exc::TypeError, "encoding without a string argument");
  if (!a[2].is_empty()) return raise(t, exc::TypeError, "errors without a string argument");
  if (source.is_empty()) return ok();
  if (is_int(source) || (type_of(source)->slots.index != nullptr && !has_buffer(source))) {
    Ref index = to_index(t, source);
    if (index.failed()) {
      if (!clear_if(t, exc::TypeError)) return Raised{};
      return append_bytes_of(t, out, source, what, range_message);
    }
    i64 n;
    if (!int_fits_i64(index, &n))
      return raise(t, exc::OverflowError, "cannot fit '%T' into an index-sized integer", source);
    if (n < 0) return raise(t, exc::ValueError, "negative count");
    if (size_t(n) > kLargestBytes && std::strcmp(what, "bytes") == 0)
      return raise(t, exc::OverflowError, "byte string is too large");
    out.append_repeated(0, size_t(n));
    if (out.failed()) return raise_no_memory(t);
    return ok();
  }
  TRY(append_bytes_of(t, out, source, what, range_message));
  if (out.failed()) return raise_no_memory(t);
  return ok();
}

void bytes_repr(ByteBuilder& out, const u8* data, size_t n) {
  bool single = std::memchr(data, '\'', n) != nullptr, twice = std::memchr(data, '"', n) != nullptr;
  u8 quote = single && !twice ? '"' : '\'';
  out.append('b');
  out.append(quote);
  for (size_t i = 0; i < n; i++) {
    u8 c = data[i];
    if (c == quote || c == '\\') {
      out.append('\\');
      out.append(c);
    } else if (c >= ' ' && c < 0x7F) {
      out.append(c);
    } else if (c == '\t') {
      out.append("\\t");
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\r') {
      out.append("\\r");
    } else {
      out.append("\\x");
      out.append(u8("0123456789abcdef"[c >> 4]));
      out.append(u8("0123456789abcdef"[c & 15]));
    }
  }
  out.append(quote);
}

i64 bytes_compare(const u8* a, size_t na, const u8* b, size_t nb) {
  size_t n = na < nb ? na : nb;
  int order = n == 0 ? 0 : std::memcmp(a, b, n);
  if (order != 0) return order;
  return na < nb ? -1 : na > nb;
}

Ref bytes_remainder(Thread& t, Value format, Value argument) {
  RefTo<Bytes> text;
  {
    TYPHON_SELF_BYTES(self, t, format);
    text = TRY(bytes_from(t, self.data, self.size));
  }
  const Value* items = &argument;
  size_t count = 1;
  if (is_exact(argument, kShape_tuple)) {
    items = argument.as<Tuple>()->items[0].address();
    count = argument.as<Tuple>()->size;
  }
  ReentryGuard guard(format, items, count);
  RefTo<Bytes> result = TRY(percent_format_bytes(t, text->data, text->size, argument));
  if (is_bytearray(format)) return bytearray_from(t, result->data, result->size);
  return result;
}

Result<bool> bytes_contains(Thread& t, Value self, Value item) {
  ReentryGuard guard(self, &item, 1);
  if (is_int(item) || (type_of(item)->slots.index != nullptr && !has_buffer(item))) {
    Ref index = to_index(t, item);
    if (index.failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "a bytes-like object is required, not '%T'", item);
    }
    u8 byte = TRY(to_byte(t, index));
    TYPHON_SELF_BYTES(bytes, t, self);
    return std::memchr(bytes.data, byte, bytes.size) != nullptr;
  }
  ByteView view(t);
  TRY(view.get(item));
  TYPHON_SELF_BYTES(bytes, t, self);
  if (view.size() == 0) return true;
  return search::find(bytes.data, bytes.size, static_cast<const u8*>(view.data()), view.size()) != search::kNotFound;
}

// --- slots of bytes
namespace {

Ref slot_remainder(Thread& t, Value format, Value argument) {
  if (!is_bytes(format)) return Ref::not_implemented();
  return bytes_remainder(t, format, argument);
}

Ref slot_repr(Thread& t, Value self) {
  ByteBuilder out;
  bytes_repr(out, self.as<Bytes>()->data, self.as<Bytes>()->size);
  if (out.failed()) return raise_no_memory(t);
  return str_from_ascii(t, out.text());
}

Result<i64> slot_hash(Thread&, Value self) {
  auto* bytes = self.as<Bytes>();
  return hash_bytes(bytes->data, bytes->size);
}

Ref slot_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_bytes(a) || !is_bytes(b)) return Ref::not_implemented();
  auto *x = a.as<Bytes>(), *y = b.as<Bytes>();
  if ((op == CompareOp::kEq || op == CompareOp::kNe) && x->size != y->size) return Ref::boolean(op == CompareOp::kNe);
  return Ref::boolean(order_holds(op, bytes_compare(x->data, x->size, y->data, y->size)));
}

Result<i64> slot_length(Thread&, Value self) { return i64(self.as<Bytes>()->size); }

Ref slot_get_item(Thread& t, Value self, Value key) {
  auto* bytes = self.as<Bytes>();
  i64 n = i64(bytes->size);
  if (is_indexable(key)) {
    i64 i = TRY(subscript_index(t, key));
    if (i < 0) i += n;
    if (i < 0 || i >= n) return raise(t, exc::IndexError, "index out of range");
    return Ref::adopt(Value::small_int(bytes->data[i]));
  }
  if (!is_slice(key)) return raise(t, exc::TypeError, "byte indices must be integers or slices, not %T", key);
  SliceIndices r;
  TRY(slice_resolve_py(t, key.as<Slice>(), n, &r));
  if (r.count <= 0) return RefTo<Bytes>::copy(g_empty);
  if (r.step == 1) {
    if (r.count == n && is_exact_bytes(self)) return Ref::copy(self);
    return bytes_from(t, bytes->data + r.start, size_t(r.count));
  }
  RefTo<Bytes> result = TRY(bytes_allocate(t, size_t(r.count)));
  for (i64 i = 0, at = r.start; i < r.count; i++, at += r.step) result->data[i] = bytes->data[at];
  return result;
}

Ref slot_concat(Thread& t, Value a, Value b) {
  if (is_exact_bytes(a) && is_exact_bytes(b)) {
    Bytes *x = a.as<Bytes>(), *y = b.as<Bytes>();
    if (y->size == 0) return Ref::copy(a);
    if (x->size == 0) return Ref::copy(b);
    RefTo<Bytes> result = TRY(bytes_allocate(t, x->size + y->size));
    std::memcpy(result->data, x->data, x->size);
    std::memcpy(result->data + x->size, y->data, y->size);
    return result;
  }
  if (!has_buffer(a) || !has_buffer(b)) {
    Value other = has_buffer(a) ? b : a;
    return raise(t, exc::TypeError, "can't concat %T to %T", other, has_buffer(a) ? a : b);
  }
  ByteView x(t), y(t);
  if (x.get(a).failed() || y.get(b).failed()) {
    clear_exception(t);
    return raise(t, exc::TypeError, "can't concat %T to %T", b, a);
  }
  RefTo<Bytes> result = TRY(bytes_allocate(t, x.size() + y.size()));
  if (x.size() != 0) std::memcpy(result->data, x.data(), x.size());
  if (y.size() != 0) std::memcpy(result->data + x.size(), y.data(), y.size());
  return result;
}

Ref slot_repeat(Thread& t, Value self, Value count) {
  i64 times = TRY(repeat_count(t, count));
  auto* bytes = self.as<Bytes>();
  size_t n = bytes->size, total;
  if (times == 1 && is_exact_bytes(self)) return Ref::copy(self);
  if (__builtin_mul_overflow(n, size_t(times), &total) || total > size_t(INT64_MAX))
    return raise(t, exc::OverflowError, "repeated bytes are too long");
  if (total > kLargestBytes) return raise_no_memory(t);
  RefTo<Bytes> result = TRY(bytes_allocate(t, total));
  if (total == 0) return result;
  if (n == 1) {
    std::memset(result->data, bytes->data[0], total);
    return result;
  }
  std::memcpy(result->data, bytes->data, n);
  for (size_t done = n; done < total;) {
    size_t more = done < total - done ? done : total - done;
    std::memcpy(result->data + done, result->data, more);
    done += more;
  }
  return result;
}

Status slot_get_buffer(Thread& t, Value self, Buffer* buffer, int flags) {
  auto* bytes = self.as<Bytes>();
  return fill_byte_buffer(t, buffer, bytes->data, i64(bytes->size), true, flags);
}

Ref slot_new(Thread& t, Type* cls, Args args) {
  Value a[3] = {EMPTY, EMPTY, EMPTY};
  Ref keep[2];
  if (args.keyword_count == 0 && args.count <= 1) {
    if (args.count == 1) a[0] = args[0];
  } else {
    static const Signature& signature = parse_signature("(source=b'', encoding='utf-8', errors='strict')");
    TRY(bind_arguments(t, signature, "bytes", args, a, keep));
  }
  Ref made;
  if (!a[0].is_empty() && a[1].is_empty() && a[2].is_empty()) {
    if (is_exact_bytes(a[0])) {
      made = Ref::copy(a[0]);
    } else if (!is_exact_bytearray(a[0])) {
      Ref hook = TRY(lookup_special(t, a[0], names::__bytes__));
      if (!hook.is_empty()) {
        made = TRY(call(t, hook));
        if (!is_bytes(made))
          return raise(t, exc::TypeError, "__bytes__ returned non-bytes (type %T)", made.get());
      }
    }
  }
  if (made.is_empty()) {
    ByteBuilder out;
    TRY(bytes_source(t, out, a, "bytes", "bytes must be in range(0, 256)"));
    made = TRY(out.finish(t));
  }
  if (cls == types::bytes) return made;
  auto* from = made.as<Bytes>();
  Ref instance = TRY(allocate_instance(t, cls, from->size + 1));
  auto* bytes = instance.as<Bytes>();
  bytes->size = from->size;
  std::memcpy(bytes->data, from->data, from->size);
  bytes->data[from->size] = 0;
  return instance;
}

// --- methods of bytes alone
Ref dunder_bytes(Thread& t, Value self, const Value*) {
  if (is_exact_bytes(self)) return Ref::copy(self);
  return bytes_from(t, self.as<Bytes>()->data, self.as<Bytes>()->size);
}
Ref getnewargs(Thread& t, Value self, const Value*) {
  RefTo<Bytes> copy = TRY(bytes_from(t, self.as<Bytes>()->data, self.as<Bytes>()->size));
  return tuple_of(t, copy);
}
Ref bytes_sizeof(Thread& t, Value self, const Value*) { return int_from(t, i64(bytes_native_size(self.object()))); }

constexpr Method kOwnMethods[] = {
    method("__bytes__", dunder_bytes, "($self, /)", "Convert this value to exact type bytes."),
    method("__getnewargs__", getnewargs, "($self, /)"),
    method("__sizeof__", bytes_sizeof, "($self, /)", "Returns the size of the bytes object in memory, in bytes."),
};

// The shared rows, then the own ones; filled before the type is made.
Method g_methods[kSharedByteMethodCount + std::size(kOwnMethods) + 1];

const Method* all_methods() {
  size_t n = 0;
  for (; n < kSharedByteMethodCount; n++) g_methods[n] = shared_byte_methods()[n];
  for (const Method& row : kOwnMethods) g_methods[n++] = row;
  return g_methods;
}

constexpr const char* kDoc =
    "bytes(iterable_of_ints) -> bytes\n"
    "bytes(string, encoding[, errors]) -> bytes\n"
    "bytes(bytes_or_buffer) -> immutable copy of bytes_or_buffer\n"
    "bytes(int) -> bytes object of size given by the parameter initialized with null bytes\n"
    "bytes() -> empty bytes object\n"
    "\n"
    "Construct an immutable array of bytes from:\n"
    "  - an iterable yielding integers in range(256)\n"
    "  - a text string encoded using the specified encoding\n"
    "  - any object implementing the buffer API.\n"
    "  - an integer";

}  // namespace

extern const TypeSpec spec_bytes;
const TypeSpec spec_bytes = {
    .name = "bytes",
    .doc = kDoc,
    .layout = {"bytes", kBytesHead, 1, nullptr, nullptr, bytes_native_size, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kMatchSelf | type_flag::kUntracked,
    .slots = {.repr = slot_repr,
              .str = slot_repr,
              .hash = slot_hash,
              .compare = slot_compare,
              .iter = byte_iterator_new,
              .new_ = slot_new,
              .remainder = slot_remainder,
              .length = slot_length,
              .get_item = slot_get_item,
              .contains = bytes_contains,
              .concat = slot_concat,
              .repeat = slot_repeat,
              .get_buffer = slot_get_buffer},
    .methods = all_methods(),
};

// --- iterators over bytes, bytearray and memoryview
namespace {

struct ByteIterator : Object {
  Field sequence;  // EMPTY when exhausted
  i64 index;       // advanced atomically when shared
};

Type *g_bytes_iterator, *g_bytearray_iterator, *g_memory_iterator;

void visit_iterator(Object* self, Visitor& v) { v.field(static_cast<ByteIterator*>(self)->sequence); }

Ref iterator_next(Thread& t, Value self) {
  auto* it = self.as<ByteIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref();
  i64 at = is_contended(it) ? __atomic_fetch_add(&it->index, 1, __ATOMIC_RELAXED) : it->index++;
  if (is_bytes(sequence)) {
    auto* bytes = sequence.as<Bytes>();
    if (u64(at) < bytes->size) return Ref::adopt(Value::small_int(bytes->data[at]));
  } else if (is_bytearray(sequence)) {
    auto* array = sequence.as<ByteArray>();
    ElementLock lock(t, array);
    if (u64(at) < array->size) return Ref::adopt(Value::small_int(__atomic_load_n(array->data + at, __ATOMIC_RELAXED)));
  } else {
    i64 n = TRY(length(t, sequence));
    if (at < n) return get_item_index(t, sequence, at);
  }
  it->sequence.clear(it);
  return Ref();
}

Ref iterator_length_hint(Thread& t, Value self, const Value*) {
  auto* it = self.as<ByteIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref::adopt(Value::small_int(0));
  i64 n = TRY(length(t, sequence)), at = __atomic_load_n(&it->index, __ATOMIC_RELAXED);
  return int_from(t, n > at ? n - at : 0);
}

Ref iterator_reduce(Thread& t, Value self, const Value*) {
  Ref function = TRY(builtin_named(t, "iter"));  // the look-up may run Python code that uses the iterator up
  auto* it = self.as<ByteIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return reduce_to_builtin(t, "iter", empty_tuple());
  return reduce_to_builtin(t, "iter", sequence, Value::small_int(__atomic_load_n(&it->index, __ATOMIC_RELAXED)));
}

Ref iterator_setstate(Thread& t, Value self, const Value* a) {
  if (!is_int(a[0])) return raise(t, exc::TypeError, "an integer is required");
  i64 at = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  auto* it = self.as<ByteIterator>();
  Ref sequence = it->sequence.load();
  if (sequence.is_empty()) return Ref::none();
  i64 n = TRY(length(t, sequence));
  if (at < 0 && type_of(self) == g_bytearray_iterator) it->sequence.clear(it);
  __atomic_store_n(&it->index, at < 0 ? 0 : at > n ? n : at, __ATOMIC_RELAXED);
  return Ref::none();
}

constexpr Method kIteratorMethods[] = {
    method("__length_hint__", iterator_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    method("__reduce__", iterator_reduce, "($self, /)", "Return state information for pickling."),
    method("__setstate__", iterator_setstate, "($self, object, /)", "Set state information for unpickling."),
    {},
};

// These cannot be pickled.
constexpr Method kMemoryIteratorMethods[] = {{}};

TypeSpec iterator_spec(const char* name, const Method* methods = kIteratorMethods) {
  return {.name = name,
          .layout = {name, sizeof(ByteIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
          .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
          .slots = {.iter = iter_self, .next = iterator_next},
          .methods = methods};
}

// Made when first wanted: few programs iterate over bytes.
Mutex g_iterator_lock;
Status make_iterator_types(Thread& t) {
  if (__atomic_load_n(&g_memory_iterator, __ATOMIC_ACQUIRE) != nullptr) return ok();
  MutexGuard guard(t, g_iterator_lock);
  if (g_memory_iterator != nullptr) return ok();
  static const TypeSpec specs[] = {iterator_spec("bytes_iterator"), iterator_spec("bytearray_iterator"),
                                   iterator_spec("memory_iterator", kMemoryIteratorMethods)};
  Type* memory = nullptr;
  TRY(make_static_type(t, specs[0], &g_bytes_iterator));
  TRY(make_static_type(t, specs[1], &g_bytearray_iterator));
  TRY(make_static_type(t, specs[2], &memory));
  __atomic_store_n(&g_memory_iterator, memory, __ATOMIC_RELEASE);
  return ok();
}

}  // namespace

Ref byte_iterator_new(Thread& t, Value sequence) {
  TRY(make_iterator_types(t));
  Type* type = is_bytes(sequence)       ? g_bytes_iterator
               : is_bytearray(sequence) ? g_bytearray_iterator
                                        : g_memory_iterator;
  auto* it = allocate_native<ByteIterator>(t, type);
  Ref result = Ref::adopt(Value(it));
  it->sequence.init(it, sequence);
  return result;
}

}  // namespace typhon
