// str: making, reading, comparing, and the operations behind its operators. Methods: str_methods.cpp, str_case.cpp.
#include "objects/str.h"

#include <cstdlib>

#include "base/utf8.h"
#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/format_spec.h"
#include "objects/str_util.h"
#include "objects/unicode.h"

namespace typhon {

Ref str_iterator_new(Thread& t, Value s);  // with the other sequence iterators
void str_forget_interned(Str* s);          // str_intern.cpp
void str_add_immortal(Str* s);

Str* g_latin1[256];

namespace {

Str* g_empty;

u32 kind_for(u32 max_char) { return max_char < 0x100 ? 0 : max_char < 0x10000 ? 1 : 2; }

Str* set_up(Str* s, size_t length, u32 max_char) {
  u32 kind = kind_for(max_char);
  s->length_kind = u64(length) << 8 | kind | (max_char < 0x80 ? Str::kAscii : 0);
  switch (kind) {
    case 0: static_cast<u8*>(s->raw_mutable())[length] = 0; break;
    case 1: static_cast<u16*>(s->raw_mutable())[length] = 0; break;
    default: static_cast<u32*>(s->raw_mutable())[length] = 0;
  }
  return s;
}

size_t str_native_size(const Object* self) {
  auto* s = static_cast<const Str*>(self);
  return sizeof(Str) + ((s->length() + 1) << s->kind());
}

void str_release(Thread&, Object* self) {
  auto* s = static_cast<Str*>(self);
  if (s->is_interned()) str_forget_interned(s);
}
bool str_dispose(Thread& t, Object* self) {
  str_release(t, self);
  return true;
}

// All bits that occur in the code units: enough to tell the kind.
template <class C>
u32 bits_of(const C* p, size_t n) {
  u32 bits = 0;
  size_t i = 0;
  while (i < n) {  // in blocks, to stop early once nothing can change
    size_t stop = i + 1024 < n ? i + 1024 : n;
    for (; i < stop; i++) bits |= p[i];
    if (bits >> (sizeof(C) == 1 ? 7 : sizeof(C) == 2 ? 8 : 16)) break;
  }
  return bits;
}

template <class From>
void narrow(Str* to, const From* from, size_t n) {
  switch (to->kind()) {
    case 0:
      for (size_t i = 0; i < n; i++) static_cast<u8*>(to->raw_mutable())[i] = u8(from[i]);
      break;
    case 1:
      for (size_t i = 0; i < n; i++) static_cast<u16*>(to->raw_mutable())[i] = u16(from[i]);
      break;
    default:
      for (size_t i = 0; i < n; i++) static_cast<u32*>(to->raw_mutable())[i] = u32(from[i]);
  }
}

template <class C>
RefTo<Str> from_units(Thread& t, const C* points, size_t n) {
  if (n == 0) return RefTo<Str>::copy(g_empty);
  if (n == 1) return str_from_char(t, points[0]);
  RefTo<Str> s = TRY(str_allocate(t, n, bits_of(points, n)));
  if (s->width() == sizeof(C))
    std::memcpy(s->raw_mutable(), points, n * sizeof(C));
  else
    narrow(s.get(), points, n);
  return s;
}

// Copies characters into a string under construction, at `at`.
void write_into(Str* to, size_t at, const Str* from) {
  size_t n = from->length();
  u32 shift = to->kind();
  if (from->kind() == shift) {
    copy_short(static_cast<u8*>(to->raw_mutable()) + (at << shift), from->data<u8>(), n << shift);
    return;
  }
  with_characters(from, [&](const auto* p) {
    if (shift == 1)
      for (size_t i = 0; i < n; i++) static_cast<u16*>(to->raw_mutable())[at + i] = u16(p[i]);
    else
      for (size_t i = 0; i < n; i++) static_cast<u32*>(to->raw_mutable())[at + i] = u32(p[i]);
  });
}

u32 bound_of(const Str* s) { return s->is_ascii() ? 0x7F : s->kind() == 0 ? 0xFF : s->kind() == 1 ? 0xFFFF : 0x10FFFF; }

}  // namespace

// Start-up: the empty string and the Latin-1 characters, before any other string is made.
void str_make_singletons(Thread& t) {
  auto make = [&](u32 c, size_t n) {
    Str* s = heap::allocate_as<Str>(t, kShape_str, sizeof(Str) + n + 1, false);
    set_up(s, n, c);
    if (n != 0) *static_cast<u8*>(s->raw_mutable()) = u8(c);
    str_add_immortal(s);
    return s;
  };
  g_empty = make(0, 0);
  for (u32 c = 0; c < 256; c++) g_latin1[c] = make(c, 1);
}

Str* empty_str() { return g_empty; }

TYPHON_INLINE RefTo<Str> allocate(Thread& t, size_t length, u32 max_char) {
  if (length == 0) return RefTo<Str>::copy(g_empty);
  if (length > size_t(1) << 46) return raise_no_memory(t);
  Object* object =
      heap::try_allocate_unfilled(t, kShape_str, sizeof(Str) + ((length + 1) << kind_for(max_char)), sizeof(Str));
  if (object == nullptr) return Raised{};
  return RefTo<Str>::adopt(set_up(static_cast<Str*>(object), length, max_char));
}
RefTo<Str> str_allocate(Thread& t, size_t length, u32 max_char) { return allocate(t, length, max_char); }

RefTo<Str> str_from_char(Thread& t, u32 c) {
  if (c < 256) return RefTo<Str>::copy(g_latin1[c]);
  RefTo<Str> s = TRY(str_allocate(t, 1, c));
  if (s->kind() == 1)
    *static_cast<u16*>(s->raw_mutable()) = u16(c);
  else
    *static_cast<u32*>(s->raw_mutable()) = c;
  return s;
}

RefTo<Str> str_from_ascii(Thread& t, std::string_view text) {
  if (text.size() == 1) return str_from_char(t, u8(text[0]));
  if (text.empty()) return RefTo<Str>::copy(g_empty);
  RefTo<Str> s = TRY(allocate(t, text.size(), 0x7F));
  copy_short(static_cast<u8*>(s->raw_mutable()), reinterpret_cast<const u8*>(text.data()), text.size());
  return s;
}

RefTo<Str> str_from_points(Thread& t, const void* points, u32 width, size_t n) {
  switch (width) {
    case 1: return from_units(t, static_cast<const u8*>(points), n);
    case 2: return from_units(t, static_cast<const u16*>(points), n);
    default: return from_units(t, static_cast<const u32*>(points), n);
  }
}

RefTo<Str> str_from_utf8(Thread& t, std::string_view text) {
  if (utf8::ascii_prefix(text) == text.size()) return str_from_ascii(t, text);
  u8 top = 0;  // the largest lead byte tells the kind
  for (char c : text) top = u8(c) > top ? u8(c) : top;
  u32 max_char = top < 0xC4 ? 0xFF : top < 0xF0 ? 0xFFFF : 0x10FFFF;
  size_t n = utf8::count(text);
  RefTo<Str> s = TRY(str_allocate(t, n, max_char));
  const char* p = text.data();
  if (n == 1) return str_from_char(t, utf8::decode_lenient(p));
  const char* end = p + text.size();
  // Whoever calls this sees to it that the text is UTF-8 (surrogates included). Other bytes are not counted as they are read: they must
  // not be written past the end.
  auto fill = [&]<class C>(C* out) {
    C* limit = out + n;
    while (p < end) {
      // Runs of ASCII by eight bytes, as long as these are there to be read: so many characters are to come at least.
      for (; end - p >= 8 && limit - out >= 8; p += 8, out += 8) {
        u64 word;
        std::memcpy(&word, p, 8);
        if (u64 high = word & 0x8080808080808080) {
          for (size_t run = size_t(__builtin_ctzll(high)) >> 3; run > 0; run--) *out++ = C(u8(*p++));
          break;
        }
        for (size_t k = 0; k < 8; k++) out[k] = C(u8(p[k]));
      }
      if (p == end) break;
      CHECK(out < limit);
      *out++ = C(utf8::decode_lenient(p));
    }
    CHECK(p == end && out == limit);
  };
  switch (s->kind()) {
    case 0: fill(static_cast<u8*>(s->raw_mutable())); break;
    case 1: fill(static_cast<u16*>(s->raw_mutable())); break;
    default: fill(static_cast<u32*>(s->raw_mutable()));
  }
  return s;
}

RefTo<Str> str_exact(Thread& t, Str* s) {
  if (is_exact_str(s)) return RefTo<Str>::copy(s);
  return str_from_points(t, s->raw(), s->width(), s->length());
}

// --- reading
Utf8Buffer::~Utf8Buffer() { std::free(heap); }

std::string_view str_utf8(const Str* s, Utf8Buffer& buffer) {
  if (s->is_ascii()) return s->ascii();
  size_t n = s->length();
  size_t per_char = s->kind() == 0 ? 2 : s->kind() == 1 ? 3 : 4;
  std::free(buffer.heap);
  buffer.heap = static_cast<char*>(std::malloc(n * per_char + 1));
  CHECK(buffer.heap != nullptr);
  char* out = buffer.heap;
  with_characters(s, [&](const auto* p) {
    for (size_t i = 0; i < n; i++) {
      if (p[i] < 0x80)
        *out++ = char(p[i]);
      else
        out += utf8::encode(p[i], out);
    }
  });
  *out = 0;
  return {buffer.heap, size_t(out - buffer.heap)};
}

bool str_equal(const Str* a, const Str* b) {
  if (a == b) return true;
  u64 la = __atomic_load_n(&a->length_kind, __ATOMIC_RELAXED), lb = __atomic_load_n(&b->length_kind, __ATOMIC_RELAXED);
  if ((la ^ lb) & ~Str::kInterned) return false;
  if (la & lb & Str::kInterned) return false;
  u32 ha = __atomic_load_n(&a->aux2, __ATOMIC_RELAXED), hb = __atomic_load_n(&b->aux2, __ATOMIC_RELAXED);
  if (ha != 0 && hb != 0 && ha != hb) return false;
  return std::memcmp(a->raw(), b->raw(), a->length() << a->kind()) == 0;
}

int str_compare(const Str* a, const Str* b) {
  if (a == b) return 0;
  size_t na = a->length(), nb = b->length(), n = na < nb ? na : nb;
  int order = 0;
  if (a->kind() == 0 && b->kind() == 0) {
    order = std::memcmp(a->raw(), b->raw(), n);
  } else {
    with_characters(a, [&](const auto* p) {
      with_characters(b, [&](const auto* q) {
        for (size_t i = 0; i < n; i++) {
          if (u32(p[i]) == u32(q[i])) continue;
          order = u32(p[i]) < u32(q[i]) ? -1 : 1;
          return;
        }
      });
    });
  }
  if (order != 0) return order < 0 ? -1 : 1;
  return na < nb ? -1 : na > nb;
}

RefTo<Str> str_concat(Thread& t, Str* a, Str* b) {
  if (b->length() == 0) return str_exact(t, a);
  if (a->length() == 0) return str_exact(t, b);
  u32 bound = bound_of(a) | bound_of(b);
  RefTo<Str> s = TRY(str_allocate(t, a->length() + b->length(), bound));
  write_into(s.get(), 0, a);
  write_into(s.get(), a->length(), b);
  return s;
}

RefTo<Str> str_substring(Thread& t, Str* s, size_t start, size_t end) {
  if (end > s->length()) end = s->length();
  if (start >= end) return RefTo<Str>::copy(g_empty);
  if (start == 0 && end == s->length()) return str_exact(t, s);
  if (s->kind() == 0 && end - start == 1) return RefTo<Str>::copy(g_latin1[s->data<u8>()[start]]);
  if (s->is_ascii()) return str_from_ascii(t, s->ascii().substr(start, end - start));
  return str_from_points(t, s->data<u8>() + (start << s->kind()), s->width(), end - start);
}

RefTo<Str> str_join(Thread& t, Str* separator, const Value* items, size_t n) {
  if (n == 0) return RefTo<Str>::copy(g_empty);
  size_t total = n > 1 ? (n - 1) * separator->length() : 0;
  u32 bound = n > 1 ? bound_of(separator) : 0;
  for (size_t i = 0; i < n; i++) {
    if (!is_exact_str(items[i]) && !is_str(items[i]))
      return raise(t, exc::TypeError, "sequence item %zd: expected str instance, %T found", i64(i), items[i]);
    Str* s = items[i].as<Str>();
    if (__builtin_add_overflow(total, s->length(), &total))
      return raise(t, exc::OverflowError, "join() result is too long for a Python string");
    bound |= bound_of(s);
  }
  if (n == 1) return str_exact(t, items[0].as<Str>());
  RefTo<Str> result = TRY(str_allocate(t, total, bound));
  if (total == 0) return result;
  if (result->kind() == 0) {  // so are all the parts
    u8* to = static_cast<u8*>(result->raw_mutable());
    auto put = [&to](const Str* part) {
      size_t length = part->length();
      if (length == 1)
        *to = part->data<u8>()[0];
      else if (length != 0)
        copy_short(to, part->data<u8>(), length);
      to += length;
    };
    for (size_t i = 0; i < n; i++) {
      if (i != 0) put(separator);
      put(items[i].as<Str>());
    }
    return total == 1 ? str_from_char(t, result->at(0)) : std::move(result);
  }
  size_t at = 0;
  for (size_t i = 0; i < n; i++) {
    if (i != 0 && separator->length() != 0) {
      write_into(result.get(), at, separator);
      at += separator->length();
    }
    Str* s = items[i].as<Str>();
    if (s->length() == 0) continue;
    write_into(result.get(), at, s);
    at += s->length();
  }
  return result;
}

// --- slots
namespace {

Ref slot_str(Thread& t, Value self) { return str_exact(t, self.as<Str>()); }

Ref slot_repr(Thread& t, Value self) {
  Str* s = self.as<Str>();
  bool single = false, twice = false;
  with_characters(s, [&](const auto* p) {
    for (size_t i = 0; i < s->length(); i++) {
      single |= p[i] == '\'';
      twice |= p[i] == '"';
    }
  });
  u32 quote = single && !twice ? '"' : '\'';
  StrBuilder out;
  out.append(quote);
  size_t n = s->length(), plain = 0;
  for (size_t i = 0; i < n; i++) {
    u32 c = s->at(i);
    if (c >= ' ' && c < 0x7F && c != quote && c != '\\') continue;
    if (c >= 0x7F && unicode::is_printable(c)) continue;
    out.append(s, plain, i);
    plain = i + 1;
    char escape[12];
    const char* hex = "0123456789abcdef";
    size_t length = 2;
    escape[0] = '\\';
    switch (c) {
      case '\t': escape[1] = 't'; break;
      case '\n': escape[1] = 'n'; break;
      case '\r': escape[1] = 'r'; break;
      case '\\': escape[1] = '\\'; break;
      case '\'':
      case '"': escape[1] = char(c); break;
      default: {
        int width = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
        escape[1] = width == 2 ? 'x' : width == 4 ? 'u' : 'U';
        for (int d = 0; d < width; d++) escape[2 + d] = hex[(c >> (4 * (width - 1 - d))) & 15];
        length = size_t(2 + width);
      }
    }
    out.append_ascii({escape, length});
  }
  out.append(s, plain, n);
  out.append(quote);
  return out.finish(t);
}

Result<i64> slot_hash(Thread&, Value self) { return str_hash(self.as<Str>()); }

Ref slot_compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_str(a) || !is_str(b)) return Ref::not_implemented();
  Str *x = a.as<Str>(), *y = b.as<Str>();
  switch (op) {
    case CompareOp::kEq: return Ref::boolean(str_equal(x, y));
    case CompareOp::kNe: return Ref::boolean(!str_equal(x, y));
    case CompareOp::kLt: return Ref::boolean(str_compare(x, y) < 0);
    case CompareOp::kLe: return Ref::boolean(str_compare(x, y) <= 0);
    case CompareOp::kGt: return Ref::boolean(str_compare(x, y) > 0);
    case CompareOp::kGe: return Ref::boolean(str_compare(x, y) >= 0);
  }
  return Ref::not_implemented();
}

Result<i64> slot_length(Thread&, Value self) { return i64(self.as<Str>()->length()); }

Ref slot_get_item(Thread& t, Value self, Value key) {
  Str* s = self.as<Str>();
  i64 length = i64(s->length());
  if (is_int(key) || type_of(key)->slots.index != nullptr) {
    i64 i;
    if (key.is_small_int()) {
      i = key.as_small_int();
    } else {
      Ref index = TRY(to_index(t, key));
      if (!int_fits_i64(index, &i))
        return raise(t, exc::IndexError, "cannot fit '%T' into an index-sized integer", key);
    }
    if (i < 0) i += length;
    if (i < 0 || i >= length) return raise(t, exc::IndexError, "string index out of range");
    return str_from_char(t, s->at(size_t(i)));
  }
  if (!is_slice(key)) return raise(t, exc::TypeError, "string indices must be integers, not '%T'", key);
  SliceIndices r;
  TRY(slice_resolve_py(t, key.as<Slice>(), length, &r));
  if (r.count <= 0) return RefTo<Str>::copy(g_empty);
  if (r.step == 1) return str_substring(t, s, size_t(r.start), size_t(r.start + r.count));
  RefTo<Str> wide = TRY(str_allocate(t, size_t(r.count), bound_of(s)));
  with_characters(s, [&]<class C>(const C* p) {
    C* out = static_cast<C*>(wide->raw_mutable());
    i64 at = r.start;
    for (i64 i = 0; i < r.count; i++, at += r.step) out[i] = p[at];
  });
  if (s->is_ascii() && r.count != 1) return wide;
  return str_from_points(t, wide->raw(), wide->width(), wide->length());  // may be narrower
}

Result<bool> slot_contains(Thread& t, Value self, Value item) {
  if (!is_str(item))
    return raise(t, exc::TypeError, "'in <string>' requires string as left operand, not %T", item);
  Str* s = self.as<Str>();
  return str_find(s, item.as<Str>(), 0, s->length()) >= 0;
}

Ref slot_concat(Thread& t, Value a, Value b) {
  if (!is_str(a)) return Ref::not_implemented();
  if (!is_str(b)) return raise(t, exc::TypeError, "can only concatenate str (not \"%T\") to str", b);
  return str_concat(t, a.as<Str>(), b.as<Str>());
}

Ref slot_repeat(Thread& t, Value self, Value count) {
  i64 n = TRY(repeat_count(t, count));
  Str* s = self.as<Str>();
  size_t length = s->length();
  if (n <= 0 || length == 0) return RefTo<Str>::copy(g_empty);
  if (n == 1) return str_exact(t, s);
  size_t total;
  if (__builtin_mul_overflow(length, size_t(n), &total) || total > size_t(INT64_MAX))
    return raise(t, exc::OverflowError, "repeated string is too long");
  RefTo<Str> result = TRY(str_allocate(t, total, bound_of(s)));
  u8* out = static_cast<u8*>(result->raw_mutable());
  size_t bytes = total << s->kind(), done = length << s->kind();
  if (done == 1) {
    std::memset(out, *s->data<u8>(), bytes);
    return result;
  }
  std::memcpy(out, s->raw(), done);
  while (done < bytes) {  // doubling what is there
    size_t n_copy = done < bytes - done ? done : bytes - done;
    std::memcpy(out + done, out, n_copy);
    done += n_copy;
  }
  return result;
}

// The text that str(object, encoding, errors) means, as any str. `named`: some arguments were keywords.
Ref new_text(Thread& t, Value object, Value encoding, Value errors, bool named) {
  if (object.is_empty()) return RefTo<Str>::copy(g_empty);
  if (encoding.is_empty() && errors.is_empty()) return object_str(t, object);
  for (Value v : {encoding, errors}) {
    if (!v.is_empty() && !is_str(v))
      return raise(t, exc::TypeError, named ? "str() argument '%s' must be str, not %Q" : "str() argument '%s' must be str, not %T",
                   v.same_word(encoding) ? "encoding" : "errors", v);
    TRY(check_codec_name(t, v));
  }
  if (is_str(object)) return raise(t, exc::TypeError, "decoding str is not supported");
  if (!has_buffer(object))
    return raise(t, exc::TypeError, "decoding to str: need a bytes-like object, %T found", object);
  if (!is_bytes(object)) {  // a buffer that is not to be had is no bytes-like object either
    ByteView view(t);
    if (view.get(object).failed()) {
      clear_exception(t);
      return raise(t, exc::TypeError, "decoding to str: need a bytes-like object, %T found", object);
    }
  }
  return decode_object(t, object, encoding, errors);
}

Ref slot_new(Thread& t, Type* cls, Args args) {
  Value a[3] = {EMPTY, EMPTY, EMPTY};
  Ref keep[2];
  if (args.keyword_count == 0 && args.count <= 1) {
    if (args.count == 1) a[0] = args[0];
  } else {
    if (args.count > 3) return raise(t, exc::TypeError, "str expected at most 3 arguments, got %d", int(args.count));
    static const Signature& signature = parse_signature("(object='', encoding='utf-8', errors='strict')");
    TRY(bind_arguments(t, signature, "str", args, a, keep));
  }
  Ref text = TRY(new_text(t, a[0], a[1], a[2], args.keyword_count != 0));
  if (cls == types::str) return text;
  Str* from = text.as<Str>();
  size_t bytes = (from->length() + 1) << from->kind();
  Ref instance = TRY(allocate_instance(t, cls, bytes));
  Str* s = instance.as<Str>();
  s->length_kind = u64(from->length()) << 8 | (load_relaxed(&from->length_kind) & (Str::kKindMask | Str::kAscii));
  std::memcpy(s->raw_mutable(), from->raw(), bytes);
  return instance;
}

constexpr const char* kDoc =
    "str(object='') -> str\n"
    "str(bytes_or_buffer[, encoding[, errors]]) -> str\n"
    "\n"
    "Create a new string object from the given object. If encoding or\n"
    "errors is specified, then the object must expose a data buffer\n"
    "that will be decoded using the given encoding and error handler.\n"
    "Otherwise, returns the result of object.__str__() (if defined)\n"
    "or repr(object).\n"
    "encoding defaults to 'utf-8'.\n"
    "errors defaults to 'strict'.";

}  // namespace

extern const TypeSpec spec_str;
const TypeSpec spec_str = {
    .name = "str",
    .doc = kDoc,
    .layout = {"str", sizeof(Str), 1, nullptr, str_release, str_native_size, nullptr, str_dispose},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kMatchSelf | type_flag::kUntracked,
    .slots = {.repr = slot_repr,
              .str = slot_str,
              .hash = slot_hash,
              .compare = slot_compare,
              .iter = [](Thread& t, Value self) { return str_iterator_new(t, self); },
              .new_ = slot_new,
              .remainder = str_remainder,
              .length = slot_length,
              .get_item = slot_get_item,
              .contains = slot_contains,
              .concat = slot_concat,
              .repeat = slot_repeat},
    .methods = kStrMethods,
};

}  // namespace typhon
