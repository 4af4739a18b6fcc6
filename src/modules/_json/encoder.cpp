// Encoding JSON.
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "modules/_json/json.h"
#include "objects/exception_types.h"

namespace typhon::json {

Type* g_encoder_type;

namespace {

// How strings are written: by one of our own functions, or by a callable.
enum class StringStyle : u8 { kAscii, kUnicode, kCall };

struct Encoder : Object {
  Field markers, default_, encoder, indent, key_separator, item_separator;
  bool sort_keys, skip_keys, allow_nan;
  StringStyle style;
};
void visit_encoder(Object* self, Visitor& v) { v.fields(&static_cast<Encoder*>(self)->markers, 6); }

// The text so far: ASCII in one buffer; from the first other character on, what was written moves to a StrBuilder whenever such
// characters come.
class Output {
 public:
  ~Output() {
    if (data_ != local_) std::free(data_);
  }
  // Room for n more bytes, which the caller writes and then claims with advance(). Null when there is no memory.
  TYPHON_INLINE char* room(size_t n) {
    if (capacity_ - length_ < n) [[unlikely]]
      if (!grow(n)) return nullptr;
    return data_ + length_;
  }
  void advance(size_t n) { length_ += n; }
  TYPHON_INLINE void append(std::string_view text) {
    char* to = room(text.size());
    if (to == nullptr) return;
    std::memcpy(to, text.data(), text.size());
    length_ += text.size();
  }
  TYPHON_INLINE void append(char c) {
    char* to = room(1);
    if (to == nullptr) return;
    *to = c;
    length_++;
  }
  void append(const Str* s) {
    if (s->is_ascii())
      append(s->ascii());
    else
      append_wide(s, 0, s->length());
  }
  void append_wide(const Str* s, size_t start, size_t end) {
    flush();
    wide_.append(s, start, end);
  }
  RefTo<Str> finish(Thread& t) {
    if (failed_) return raise_no_memory(t);
    if (wide_.length() == 0) return str_from_ascii(t, {data_, length_});
    flush();
    return wide_.finish(t);
  }

 private:
  void flush() {
    wide_.append_ascii({data_, length_});
    length_ = 0;
  }
  bool grow(size_t n) {
    size_t capacity = capacity_ * 2;
    if (capacity - length_ < n) capacity = length_ + n;
    void* grown = data_ == local_ ? std::malloc(capacity) : std::realloc(data_, capacity);
    if (grown == nullptr) {
      failed_ = true;
      return false;
    }
    if (data_ == local_) std::memcpy(grown, local_, length_);
    data_ = static_cast<char*>(grown);
    capacity_ = capacity;
    return true;
  }
  char* data_ = local_;
  size_t length_ = 0, capacity_ = sizeof local_;
  bool failed_ = false;
  StrBuilder wide_;
  char local_[512];
};

// --- strings
constexpr char kHex[] = "0123456789abcdef";
char* write_u(char* to, u32 unit) {
  *to++ = '\\';
  *to++ = 'u';
  for (int shift = 12; shift >= 0; shift -= 4) *to++ = kHex[(unit >> shift) & 15];
  return to;
}
// At most 12 bytes.
char* write_escape(char* to, u32 c) {
  char letter = c == '"' ? '"' : c == '\\' ? '\\' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c == '\b' ? 'b' : c == '\f' ? 'f' : 0;
  if (letter != 0) {
    *to++ = '\\';
    *to++ = letter;
    return to;
  }
  if (c < 0x10000) return write_u(to, c);
  return write_u(write_u(to, 0xD800 + ((c - 0x10000) >> 10)), 0xDC00 + ((c - 0x10000) & 0x3FF));
}
// The first character from `at` on that cannot stand for itself; ascii_only: what is not printable ASCII.
template <bool ascii_only>
size_t clean_bytes(const u8* p, size_t at, size_t n) {
  for (; at + 8 <= n; at += 8) {
    u64 x = load_eight(p + at);
    u64 found = special_bytes(x);
    if (ascii_only) found |= x | (x + 0x0101010101010101);
    if (found & kHighBits) break;
  }
  while (at < n && p[at] >= 0x20 && p[at] != '"' && p[at] != '\\' && (!ascii_only || p[at] < 0x7F)) at++;
  return at;
}
// Strings of one byte a character of which all are ASCII in the output.
template <bool ascii_only>
void write_bytes(Output& out, const u8* p, size_t n) {
  size_t at = 0;
  while (true) {
    size_t clean = clean_bytes<ascii_only>(p, at, n);
    out.append({reinterpret_cast<const char*>(p) + at, clean - at});
    if (clean == n) return;
    char* to = out.room(12);
    if (to == nullptr) return;
    out.advance(size_t(write_escape(to, p[clean]) - to));
    at = clean + 1;
  }
}
template <class C>
void write_wide_as_ascii(Output& out, const C* p, size_t n) {
  for (size_t i = 0; i < n; i++) {
    char* to = out.room(12);
    if (to == nullptr) return;
    u32 c = p[i];
    if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
      *to = char(c);
      out.advance(1);
    } else {
      out.advance(size_t(write_escape(to, c) - to));
    }
  }
}
void write_unicode(Output& out, const Str* s) {
  size_t n = s->length(), start = 0;
  for (size_t i = 0; i < n; i++) {
    u32 c = s->at(i);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    if (i > start) out.append_wide(s, start, i);
    char* to = out.room(12);
    if (to == nullptr) return;
    out.advance(size_t(write_escape(to, c) - to));
    start = i + 1;
  }
  if (n > start) out.append_wide(s, start, n);
}
void write_string(Output& out, const Str* s, bool ascii_only) {
  out.append('"');
  size_t n = s->length();
  if (ascii_only && s->kind() == 0)
    write_bytes<true>(out, s->data<u8>(), n);
  else if (s->is_ascii())
    write_bytes<false>(out, s->data<u8>(), n);
  else if (!ascii_only)
    write_unicode(out, s);
  else if (s->kind() == 1)
    write_wide_as_ascii(out, s->data<u16>(), n);
  else
    write_wide_as_ascii(out, s->data<u32>(), n);
  out.append('"');
}
Ref encode_one_string(Thread& t, Value v, bool ascii_only) {
  if (!is_str(v)) return raise(t, exc::TypeError, "first argument must be a string, not %T", v);
  Output out;
  write_string(out, v.as<Str>(), ascii_only);
  return out.finish(t);
}

// --- values
// The containers that are being written, innermost first; on the C++ stack.
struct Open {
  Object* object;
  const Open* outer;  // of those that are compared one by one; the next one of them for those further in
  u32 depth;
};

class Writer {
 public:
  Writer(Thread& t, Encoder* e) : thread_(t), e_(e) {}

  Status begin(i64 level) {
    if (e_->indent.peek().is_none()) return ok();
    if (level > 0) {
      Ref times = TRY(int_from(thread_, level)), indent = e_->indent.load();
      base_indent_ = TRY(binary_op(thread_, BinaryOp::kMul, indent, times));
      if (!is_str(base_indent_)) return raise(thread_, exc::TypeError, "can only concatenate str (not \"%T\") to str", base_indent_.get());
    }
    indented_ = true;
    return ok();
  }

  Status value(Value v, const Open* outer, u32 depth) {
    if (v.is_small_int()) {
      char* to = out.room(24);
      if (to != nullptr) out.advance(size_t(std::to_chars(to, to + 24, v.as_small_int()).ptr - to));
      return ok();
    }
    if (is_str(v)) return string(v);
    if (v.is_none()) return text("null");
    if (v.is_bool()) return text(v.is_true() ? "true" : "false");
    if (is_float(v)) return number(v);
    if (is_int(v)) return big_int(v);
    TRY(enter_container(thread_, outer == nullptr ? 0 : outer->depth + 1, " while encoding a JSON object"));
    bool known = is_list(v) || is_tuple(v) || is_dict(v);
    if (known && is_empty_container(v)) return text(is_dict(v) ? "{}" : "[]");
    Ref keep = Ref::copy(v);
    u32 level = outer == nullptr ? 0 : outer->depth + 1;
    Open open = {keep.object(), level <= kChain ? outer : outer->outer, level};
    bool marked = TRY(enter(open));
    if (is_dict(v))
      TRY(dict(v, open, depth));
    else if (known)
      TRY(list(v, open, depth));
    else
      TRY(other(v, open, depth));
    if (marked) TRY(forget(open.object));
    return ok();
  }

  Output out;

 private:
  Status text(std::string_view s) {
    out.append(s);
    return ok();
  }
  Status string(Value v) {
    if (e_->style != StringStyle::kCall) [[likely]] {
      write_string(out, v.as<Str>(), e_->style == StringStyle::kAscii);
      return ok();
    }
    Ref encoder = e_->encoder.load();
    Ref s = TRY(call_with(thread_, encoder, v));
    if (!is_str(s)) return raise(thread_, exc::TypeError, "encoder() must return a string, not %T", s.get());
    out.append(s.as<Str>());
    return ok();
  }
  // The text of a float, at most 32 bytes.
  Result<size_t> float_text(Value v, char* to) {
    double d = float_value(v);
    if (std::isfinite(d)) return format_double_repr(d, to, true);
    if (!e_->allow_nan) return raise(thread_, exc::ValueError, "Out of range float values are not JSON compliant: %R", v);
    const char* name = std::isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity";
    std::strcpy(to, name);
    return std::strlen(name);
  }
  Status number(Value v) {
    char buffer[40];
    size_t n = TRY(float_text(v, buffer));
    return text({buffer, n});
  }
  Status big_int(Value v) {
    RefTo<Str> s = TRY(int_to_str(thread_, v));
    out.append(s.get());
    return ok();
  }
  static bool is_empty_container(Value v) {
    if (is_dict(v)) return dict_size(v.as<Dict>()) == 0;
    if (is_exact_tuple(v)) return v.as<Tuple>()->size == 0;
    return is_exact_list(v) && list_size(v.as<List>()) == 0;
  }

  // --- cycles: up to kChain open containers are compared one by one, those further in go into the markers dict.
  static constexpr u32 kChain = 64;
  Ref key_of(Object* object) { return int_from_u64(thread_, object_id(thread_, Value(object))); }
  // True when the object went into the dict, and must leave it again.
  Result<bool> enter(const Open& open) {
    Ref markers = e_->markers.load();
    if (markers.get().is_none()) return false;
    for (const Open* outer = open.outer; outer != nullptr; outer = outer->outer)
      if (outer->object == open.object) return circular();
    if (open.depth < kChain) return false;
    Ref key = TRY(key_of(open.object));
    if (TRY(dict_contains_py(thread_, markers.as<Dict>(), key))) return circular();
    TRY(dict_set_py(thread_, markers.as<Dict>(), key, Value(open.object)));
    return true;
  }
  Raised circular() { return raise(thread_, exc::ValueError, "Circular reference detected"); }
  Status forget(Object* object) {
    Ref markers = e_->markers.load(), key = TRY(key_of(object));
    TRY(dict_delete_py(thread_, markers.as<Dict>(), key));
    return ok();
  }

  Status new_line(u32 depth) {
    out.append('\n');
    if (!base_indent_.is_empty()) out.append(base_indent_.as<Str>());
    if (depth == 0) return ok();
    Value indent = e_->indent.peek();
    if (!is_str(indent)) return raise(thread_, exc::TypeError, "can only concatenate str (not \"%T\") to str", indent);
    for (u32 i = 0; i < depth; i++) out.append(indent.as<Str>());
    return ok();
  }
  Status separate(bool first, u32 depth) {
    if (!first) out.append(e_->item_separator.as<Str>());
    return indented_ ? new_line(depth) : ok();
  }

  // Says in a note where the error is: `what`, or the item of that key.
  TYPHON_COLD Raised noted(Value container, const char* what, Value key) {
    Ref exception = take_exception(thread_);
    RefTo<Str> name = TRY(full_type_name(thread_, container));
    RefTo<Str> note = TRY(key.is_empty() ? str_format(thread_, "when serializing %U %s", name.get(), what)
                                         : str_format(thread_, "when serializing %U item %R", name.get(), key));
    TRY(add_exception_note(thread_, exception, note));
    restore_exception(thread_, std::move(exception));
    return Raised{};
  }
  TYPHON_COLD Raised in_item(Value container, i64 index) {
    char what[32];
    snprintf(what, sizeof what, "item %ld", index);
    return noted(container, what, EMPTY);
  }

  Status list(Value v, const Open& open, u32 depth) {
    Ref items = is_exact_list(v) || is_exact_tuple(v) ? Ref::copy(v) : Ref(TRY(to_list(thread_, v)));
    out.append('[');
    bool tuple = is_exact_tuple(items);
    i64 i = 0;
    for (;; i++) {
      if (poll_wanted(thread_)) [[unlikely]] safepoint_scan_only(thread_);
      Ref item;
      if (tuple) {
        if (u64(i) == items.as<Tuple>()->size) break;
        item = items.as<Tuple>()->items[i].load();
      } else {
        item = list_get(thread_, items.as<List>(), size_t(i));
        if (item.is_empty()) break;
      }
      if (i > 0 || indented_) TRY(separate(i == 0, depth + 1));
      if (value(item, &open, depth + 1).failed()) return in_item(v, i);
    }
    if (i == 0 && indented_) return text("]");
    if (indented_) TRY(new_line(depth));
    out.append(']');
    return ok();
  }

  Status dict(Value v, const Open& open, u32 depth) {
    out.append('{');
    bool first = true;
    if (e_->sort_keys || !is_exact_dict(v)) {
      TRY(item_list(v, open, depth, &first));
    } else {
      size_t position = 0;
      Ref key, value;
      while (dict_next(thread_, v.as<Dict>(), &position, &key, &value)) TRY(pair(v, key, value, open, depth, &first));
    }
    if (indented_ && !first) TRY(new_line(depth));
    out.append('}');
    return ok();
  }
  Status item_list(Value v, const Open& open, u32 depth, bool* first) {
    Ref view = TRY(call_method_with(thread_, v, names::items));
    // What a subclass returns stays the object it is: its items may change while they are written.
    Ref items = is_exact_list(view) && !is_exact_dict(v) ? std::move(view) : Ref(TRY(to_list(thread_, view)));
    if (e_->sort_keys) TRY(list_sort_py(thread_, items.as<List>(), EMPTY, false));
    for (size_t i = 0;; i++) {
      Ref item = list_get(thread_, items.as<List>(), i);
      if (item.is_empty()) return ok();
      if (!is_tuple(item) || item.as<Tuple>()->size != 2) return raise(thread_, exc::ValueError, "items must return 2-tuples");
      Ref key = item.as<Tuple>()->items[0].load(), value = item.as<Tuple>()->items[1].load();
      TRY(pair(v, key, value, open, depth, first));
    }
  }
  Status pair(Value container, Value key, Value item, const Open& open, u32 depth, bool* first) {
    if (!is_str(key) && !is_float(key) && !key.is_none() && !is_int(key)) {
      if (e_->skip_keys) return ok();
      return raise(thread_, exc::TypeError, "keys must be str, int, float, bool or None, not %T", key);
    }
    if (poll_wanted(thread_)) [[unlikely]] safepoint_scan_only(thread_);
    RefTo<Str> made;
    if (!is_str(key)) made = TRY(key_text(key));
    if (!*first || indented_) TRY(separate(*first, depth + 1));
    *first = false;
    TRY(string(made.is_empty() ? key : Value(made)));
    out.append(e_->key_separator.as<Str>());
    if (value(item, &open, depth + 1).failed()) return noted(container, nullptr, key);
    return ok();
  }
  RefTo<Str> key_text(Value key) {
    if (key.is_none()) return str_from_ascii(thread_, "null");
    if (key.is_bool()) return str_from_ascii(thread_, key.is_true() ? "true" : "false");
    if (is_int(key)) return int_to_str(thread_, key);
    char buffer[40];
    size_t n = TRY(float_text(key, buffer));
    return str_from_ascii(thread_, {buffer, n});
  }

  Status other(Value v, const Open& open, u32 depth) {
    Ref function = e_->default_.load();
    Ref instead = TRY(call_with(thread_, function, v));
    if (!value(instead, &open, depth).failed()) return ok();
    return noted(v, "object", EMPTY);
  }

  Thread& thread_;
  Encoder* e_;
  bool indented_ = false;
  Ref base_indent_;
};

Ref encoder_call(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(obj, _current_indent_level)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "_iterencode", args, a, &unused));
  i64 level = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  Ref keep = Ref::copy(self);
  Writer writer(t, self.as<Encoder>());
  TRY(writer.begin(level));
  TRY(writer.value(a[0], nullptr, 0));
  RefTo<Str> text = TRY(writer.out.finish(t));
  return tuple_of(t, text);
}

Ref encoder_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature =
      parse_signature("(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)");
  Value a[9];
  Ref unused;
  TRY(bind_arguments(t, signature, "make_encoder", args, a, &unused));
  for (int i = 4; i < 6; i++)
    if (!is_str(a[i])) return raise(t, exc::TypeError, "make_encoder() argument %d must be str, not %T", i + 1, a[i]);
  bool flags[3];
  for (int i = 0; i < 3; i++) flags[i] = TRY(truth(t, a[6 + i]));
  if (!a[0].is_none() && !is_dict(a[0])) return raise(t, exc::TypeError, "make_encoder() argument 1 must be dict or None, not %T", a[0]);
  Ref self = TRY(allocate_instance(t, cls));
  auto* e = self.as<Encoder>();
  Field* fields = &e->markers;
  for (int i = 0; i < 6; i++) fields[i].init(e, a[i]);
  e->sort_keys = flags[0];
  e->skip_keys = flags[1];
  e->allow_nan = flags[2];
  e->style = StringStyle::kCall;
  if (is_exact_builtin_function(a[2])) {
    BoundFn function = a[2].as<NativeFunction>()->definition->bound;
    if (function == encode_basestring_ascii) e->style = StringStyle::kAscii;
    if (function == encode_basestring) e->style = StringStyle::kUnicode;
  }
  return self;
}
Ref encoder_sort_keys(Thread&, Value self) { return Ref::boolean(self.as<Encoder>()->sort_keys); }
Ref encoder_skip_keys(Thread&, Value self) { return Ref::boolean(self.as<Encoder>()->skip_keys); }

const GetSet kEncoderGetSets[] = {{"sort_keys", encoder_sort_keys, nullptr, "sort_keys"}, {"skipkeys", encoder_skip_keys, nullptr, "skipkeys"}, {}};
const Member kEncoderMembers[] = {{"markers", offsetof(Encoder, markers), false, true, "markers"},
                                  {"default", offsetof(Encoder, default_), false, true, "default"},
                                  {"encoder", offsetof(Encoder, encoder), false, true, "encoder"},
                                  {"indent", offsetof(Encoder, indent), false, true, "indent"},
                                  {"key_separator", offsetof(Encoder, key_separator), false, true, "key_separator"},
                                  {"item_separator", offsetof(Encoder, item_separator), false, true, "item_separator"},
                                  {}};

}  // namespace

Ref encode_basestring(Thread& t, Value, const Value* a) { return encode_one_string(t, a[0], false); }
Ref encode_basestring_ascii(Thread& t, Value, const Value* a) { return encode_one_string(t, a[0], true); }

const TypeSpec kEncoderSpec = {
    .name = "_json.Encoder",
    .doc = "Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)",
    .layout = {"Encoder", sizeof(Encoder), 0, visit_encoder, nullptr, nullptr, nullptr},
    .slots = {.call = encoder_call, .new_ = encoder_new},
    .getsets = kEncoderGetSets,
    .members = kEncoderMembers,
};

}  // namespace typhon::json
