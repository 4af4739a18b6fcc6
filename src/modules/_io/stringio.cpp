// StringIO. The content lies in malloc'ed memory, as wide per character as it needs.
//
// Operations on the content run no Python code: the object lock is enough.
#include <cstdlib>

#include "modules/_io/io.h"

namespace typhon::io {
namespace {

struct StringIO : Object {
  Field initial_newline;  // the constructor's argument, for pickling
  void* data;
  Relaxed<i64> size, capacity;  // characters
  Relaxed<i64> position;
  u32 width;  // bytes per character
  Relaxed<bool> ok, closed;
  bool decodes;           // newline was None or ''
  bool translates;        // newline was None
  char write_newline[3];  // what '\n' becomes when written, "" for itself
  char read_newline[3];   // the line end for readline, when it is not universal
  NewlineState newlines;
};
StringIO* stream_of(Value v) { return v.as<StringIO>(); }

void visit_stream(Object* self, Visitor& v) { v.field(static_cast<StringIO*>(self)->initial_newline); }
void release_stream(Thread&, Object* self) {
  std::free(static_cast<StringIO*>(self)->data);
  static_cast<StringIO*>(self)->data = nullptr;
}

Status check_open(Thread& t, StringIO* s) {
  if (!s->ok) return raise(t, exc::ValueError, "I/O operation on uninitialized object");
  if (s->closed) return raise(t, exc::ValueError, "I/O operation on closed file");
  return ok();
}

u32 char_at(const StringIO* s, i64 i) {
  switch (s->width) {
    case 1: return static_cast<const u8*>(s->data)[i];
    case 2: return static_cast<const u16*>(s->data)[i];
    default: return static_cast<const u32*>(s->data)[i];
  }
}

template <class To, class From>
void copy_chars(void* to, i64 at, const void* from, i64 n) {
  To* out = static_cast<To*>(to) + at;
  const From* in = static_cast<const From*>(from);
  if constexpr (sizeof(To) == sizeof(From))
    memcpy(out, in, size_t(n) * sizeof(To));
  else
    for (i64 i = 0; i < n; i++) out[i] = To(in[i]);
}
void put_chars(void* to, u32 to_width, i64 at, const void* from, u32 from_width, i64 n) {
  switch (to_width * 8 + from_width) {
    case 8 + 1: return copy_chars<u8, u8>(to, at, from, n);
    case 16 + 1: return copy_chars<u16, u8>(to, at, from, n);
    case 16 + 2: return copy_chars<u16, u16>(to, at, from, n);
    case 32 + 1: return copy_chars<u32, u8>(to, at, from, n);
    case 32 + 2: return copy_chars<u32, u16>(to, at, from, n);
    default: return copy_chars<u32, u32>(to, at, from, n);
  }
}

// Room for `n` characters of `width` bytes. Under the lock; false: no memory.
bool make_room(StringIO* s, i64 n, u32 width) {
  if (width <= s->width && n <= s->capacity) return true;
  if (width < s->width) width = s->width;
  i64 capacity = n <= s->capacity ? s->capacity.load() : n + n / 4 + 32;
  if (width == s->width) {
    void* data = std::realloc(s->data, size_t(capacity) * width);
    if (data == nullptr) return false;
    s->data = data;
  } else {
    void* data = std::malloc(size_t(capacity) * width);
    if (data == nullptr) return false;
    if (s->size > 0) put_chars(data, width, 0, s->data, s->width, s->size);
    std::free(s->data);
    s->data = data;
    s->width = width;
  }
  s->capacity = capacity;
  return true;
}

Status put_text(Thread& t, StringIO* s, Str* text) {
  i64 n = i64(text->length());
  if (n == 0) return ok();
  bool memory, closed;
  {
    ObjectLock lock(t, s);
    closed = s->closed;
    i64 end = s->position + n;
    memory = end < (i64(1) << 58) && (closed || make_room(s, end, text->width()));
    if (memory && !closed) {
      if (s->position > s->size)
        memset(static_cast<u8*>(s->data) + s->size * s->width, 0, size_t(s->position - s->size) * s->width);
      put_chars(s->data, s->width, s->position, text->raw(), text->width(), n);
      s->position = end;
      if (s->size < end) s->size = end;
    }
  }
  if (closed) return check_open(t, s);
  if (!memory) return raise_no_memory(t);
  return ok();
}

Status write_text(Thread& t, StringIO* s, Str* text) {
  Ref decoded = Ref::copy(Value(text));
  if (s->decodes) decoded = TRY(decode_newlines(t, &s->newlines, text, true));
  if (s->write_newline[0] != 0 && has_char(decoded.as<Str>(), '\n'))
    decoded = TRY(replace_line_feeds(t, decoded.as<Str>(), s->write_newline));
  return put_text(t, s, decoded.as<Str>());
}

RefTo<Str> slice_of(Thread& t, StringIO* s, i64 start, i64 n) {
  if (n <= 0) return RefTo<Str>::copy(empty_str());
  return str_from_points(t, static_cast<const u8*>(s->data) + start * s->width, s->width, size_t(n));
}

// Characters from the position up to and with the line end.
i64 line_length(const StringIO* s, i64 limit) {
  i64 n = s->position < s->size ? s->size - s->position : 0;
  if (limit >= 0 && limit < n) n = limit;
  bool universal = s->decodes && !s->translates;
  const char* end = s->decodes ? "\n" : s->read_newline;
  if (!universal && end[1] == 0 && s->width == 1 && n > 0) {
    const u8* from = static_cast<const u8*>(s->data) + s->position;
    auto* found = static_cast<const u8*>(memchr(from, end[0], size_t(n)));
    return found != nullptr ? found - from + 1 : n;
  }
  for (i64 i = 0; i < n; i++) {
    u32 c = char_at(s, s->position + i);
    if (universal) {
      if (c == '\n') return i + 1;
      if (c == '\r') return i + 1 < n && char_at(s, s->position + i + 1) == '\n' ? i + 2 : i + 1;
    } else if (c == u32(end[0])) {
      if (end[1] == 0) return i + 1;
      if (i + 1 < n && char_at(s, s->position + i + 1) == u32(end[1])) return i + 2;
    }
  }
  return n;
}

Ref take(Thread& t, StringIO* s, i64 n, bool line) {
  TRY(check_open(t, s));
  RefTo<Str> result;
  {
    ObjectLock lock(t, s);
    i64 rest = s->position < s->size ? s->size - s->position : 0;
    if (line)
      n = line_length(s, n);
    else if (n < 0 || n > rest)
      n = rest;
    result = slice_of(t, s, s->position, n);
    if (!result.failed()) s->position = s->position + n;
  }
  return result;
}

// --- construction
Ref s_new(Thread& t, Type* cls, Args) {
  Ref self = TRY(allocate_instance(t, cls));
  stream_of(self)->width = 1;
  return self;
}

Status set_up(Thread& t, Value self, Value initial, Value newline) {
  auto* s = stream_of(self);
  Str* mode = nullptr;
  if (!newline.is_none()) {
    if (!is_str(newline)) return raise(t, exc::TypeError, "newline must be str or None, not %T", newline);
    mode = newline.as<Str>();
    if (!valid_newline(mode)) return raise(t, exc::ValueError, "illegal newline value: %R", newline);
  }
  if (!initial.is_none() && !is_str(initial))
    return raise(t, exc::TypeError, "initial_value must be str or None, not %T", initial);
  s->ok = false;
  s->initial_newline.store(s, newline);
  {
    ObjectLock lock(t, s);
    s->size = s->position = 0;
    s->decodes = mode == nullptr || mode->length() == 0;
    s->translates = mode == nullptr;
    s->newlines = {s->translates, false, 0};
    memset(s->write_newline, 0, sizeof s->write_newline);
    memset(s->read_newline, 0, sizeof s->read_newline);
    s->read_newline[0] = '\n';
    if (!s->decodes) {
      memcpy(s->read_newline, mode->data<char>(), mode->length());
      if (mode->at(0) == '\r') memcpy(s->write_newline, mode->data<char>(), mode->length());
    }
    s->closed = false;
    s->ok = true;
  }
  if (!initial.is_none()) {
    TRY(write_text(t, s, initial.as<Str>()));
    s->position = 0;
  }
  return ok();
}

Status s_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(initial_value='', newline='\\n')");
  Value a[2];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "StringIO", args, a, keep));
  return set_up(t, self, a[0].is_empty() ? None : a[0], a[1].is_empty() ? Value(name::line_feed) : a[1]);
}

// --- methods
Ref s_getvalue(Thread& t, Value self, const Value*) {
  auto* s = stream_of(self);
  TRY(check_open(t, s));
  RefTo<Str> result;
  {
    ObjectLock lock(t, s);
    result = slice_of(t, s, 0, s->size);
  }
  return result;
}
Ref s_tell(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return int_from(t, stream_of(self)->position);
}
Ref s_read(Thread& t, Value self, const Value* a) {
  return take(t, stream_of(self), TRY(optional_size(t, a[0])), false);
}
Ref s_readline(Thread& t, Value self, const Value* a) {
  return take(t, stream_of(self), TRY(optional_size(t, a[0])), true);
}
Ref s_next(Thread& t, Value self) {
  Ref line;
  if (type_of(self) == g_string_io) {
    line = TRY(take(t, stream_of(self), -1, true));
  } else {
    TRY(check_open(t, stream_of(self)));
    line = TRY(call_method(t, self, names::readline, nullptr, 0));
    if (!is_str(line))
      return raise(t, exc::OSError, "readline() should have returned a str object, not '%T'", line.get());
  }
  if (line.as<Str>()->length() == 0) return Ref();
  return line;
}

Ref s_truncate(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  TRY(check_open(t, s));
  i64 size = TRY(optional_size(t, a[0], s->position));
  if (size < 0) return raise(t, exc::ValueError, "Negative size value %zd", size);
  {
    ObjectLock lock(t, s);
    if (size < s->size) s->size = size;
  }
  return int_from(t, size);
}

Ref s_seek(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  i64 position = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  i64 whence = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  TRY(check_open(t, s));
  if (whence < 0 || whence > 2) return raise(t, exc::ValueError, "Invalid whence (%zd, should be 0, 1 or 2)", whence);
  if (position < 0 && whence == 0) return raise(t, exc::ValueError, "Negative seek position %zd", position);
  if (whence != 0 && position != 0) return raise(t, exc::OSError, "Can't do nonzero cur-relative seeks");
  {
    ObjectLock lock(t, s);
    if (whence == 1) position = s->position;
    if (whence == 2) position = s->size;
    s->position = position;
  }
  return int_from(t, position);
}

Ref s_write(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  if (!s->ok) TRY(check_open(t, s));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "string argument expected, got '%T'", a[0]);
  TRY(check_open(t, s));
  TRY(write_text(t, s, a[0].as<Str>()));
  return Ref::adopt(Value::small_int(i64(a[0].as<Str>()->length())));
}

Ref s_close(Thread& t, Value self, const Value*) {
  auto* s = stream_of(self);
  void* data;
  {
    ObjectLock lock(t, s);
    s->closed = true;
    data = s->data;
    s->data = nullptr;
    s->size = s->capacity = 0;
    s->width = 1;
  }
  std::free(data);
  return Ref::none();
}
Ref s_true(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return Ref::boolean(true);
}

Ref s_get_closed(Thread& t, Value self) {
  if (!stream_of(self)->ok) return raise(t, exc::ValueError, "I/O operation on uninitialized object");
  return Ref::boolean(stream_of(self)->closed);
}
Ref s_get_line_buffering(Thread& t, Value self) {
  TRY(check_open(t, stream_of(self)));
  return Ref::boolean(false);
}
Ref s_get_newlines(Thread& t, Value self) {
  auto* s = stream_of(self);
  TRY(check_open(t, s));
  if (!s->decodes) return Ref::none();
  return newlines_seen(t, s->newlines.seen);
}

// --- pickling: (content, newline, position, attributes)
Ref s_getstate(Thread& t, Value self, const Value*) {
  Ref content = TRY(s_getvalue(t, self, nullptr));
  Ref attributes = TRY(get_attribute(t, self, names::__dict__));
  if (is_dict(attributes) && dict_size(attributes.as<Dict>()) == 0)
    attributes = Ref::none();
  else if (is_dict(attributes))
    attributes = TRY(dict_copy(t, attributes.as<Dict>()));
  Ref newline = stream_of(self)->initial_newline.load();
  Ref position = TRY(int_from(t, stream_of(self)->position));
  return tuple_of(t, content, newline, position, attributes);
}

Ref s_setstate(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  if (!is_tuple(a[0]) || a[0].as<Tuple>()->size < 4)
    return raise(t, exc::TypeError, "%s.__setstate__ argument should be 4-tuple, got %T", full_type_name(self), a[0]);
  auto* state = a[0].as<Tuple>();
  Value content = state->items[0].peek();
  if (!content.is_none() && !is_str(content))
    return raise(t, exc::TypeError, "initial_value must be str or None, not %T", content);
  TRY(set_up(t, self, None, state->items[1].peek()));
  // The content as it was: not translated again.
  if (is_str(content)) TRY(put_text(t, s, content.as<Str>()));
  Ref position_value = state->items[2].load();
  if (!is_int(position_value))
    return raise(t, exc::TypeError, "third item of state must be an integer, got %T", position_value.get());
  i64 position = TRY(to_i64(t, position_value));
  if (position < 0) return raise(t, exc::ValueError, "position value cannot be negative");
  s->position = position;
  Ref attributes = state->items[3].load();
  if (attributes.get().is_none()) return Ref::none();
  if (!is_dict(attributes))
    return raise(t, exc::TypeError, "fourth item of state should be a dict, got a %T", attributes.get());
  Ref own = TRY(get_attribute(t, self, names::__dict__));
  TRY(dict_update_py(t, own.as<Dict>(), attributes));
  return Ref::none();
}

const Method kMethods[] = {
    method("close", s_close, "($self, /)", "Close the IO object."),
    method("getvalue", s_getvalue, "($self, /)", "Retrieve the entire contents of the object."),
    method("read", s_read, "($self, size=-1, /)", "Read at most size characters, returned as a string."),
    method("readline", s_readline, "($self, size=-1, /)", "Read until newline or EOF."),
    method("tell", s_tell, "($self, /)", "Tell the current file position."),
    method("truncate", s_truncate, "($self, pos=None, /)", "Truncate size to pos."),
    method("seek", s_seek, "($self, pos, whence=0, /)", "Change stream position."),
    method("write", s_write, "($self, s, /)", "Write string to file."),
    method("seekable", s_true, "($self, /)", "Returns True if the IO object can be seeked."),
    method("readable", s_true, "($self, /)", "Returns True if the IO object can be read."),
    method("writable", s_true, "($self, /)", "Returns True if the IO object can be written."),
    method("__getstate__", s_getstate, "($self, /)"),
    method("__setstate__", s_setstate, "($self, state, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"closed", s_get_closed}, {"newlines", s_get_newlines}, {"line_buffering", s_get_line_buffering}, {}};

}  // namespace

const TypeSpec kStringIOSpec = {
    .name = "_io.StringIO",
    .doc =
        "Text I/O implementation using an in-memory buffer.\n\nThe initial_value argument sets the value of object.  "
        "The "
        "newline\nargument is like the one of TextIOWrapper's constructor.",
    .base = &g_text_base,
    .layout = {"StringIO", sizeof(StringIO), 0, visit_stream, release_stream, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.next = s_next, .new_ = s_new, .init = s_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(initial_value='', newline='\\n')",
};

}  // namespace typhon::io
