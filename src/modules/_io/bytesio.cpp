// BytesIO. The content is malloc'ed, or a bytes object that is shared with the program until something is written.
//
// No operation runs Python code while it works on the content, so the object lock is enough.
#include <cstdlib>

#include "modules/_io/io.h"
#include "objects/bytes_util.h"

namespace typhon::io {
namespace {

struct BytesIO : Object {
  Field shared;  // bytes that `data` points into, or EMPTY: then data is our own
  u8* data;
  i64 size;
  i64 capacity;  // of our own data
  i64 position;
  i32 exports;  // buffers handed out: the content must not move
  bool closed;
};
BytesIO* stream_of(Value v) { return v.as<BytesIO>(); }

Raised raise_closed(Thread& t) { return raise(t, exc::ValueError, "I/O operation on closed file."); }
Raised raise_exported(Thread& t) {
  return raise(t, exc::BufferError, "Existing exports of data: object cannot be re-sized");
}
Status check_open(Thread& t, BytesIO* s) {
  if (s->closed) return raise_closed(t);
  return ok();
}

void visit_stream(Object* self, Visitor& v) { v.field(static_cast<BytesIO*>(self)->shared); }
void release_stream(Thread&, Object* self) {
  auto* s = static_cast<BytesIO*>(self);
  if (s->capacity != 0) std::free(s->data);
  s->data = nullptr;
  s->capacity = 0;
}

// Content of our own with room for n bytes. Under the lock; *dropped is released after it. False: no memory.
bool make_room(BytesIO* s, i64 n, Value* dropped) {
  if (s->capacity >= n && s->capacity != 0) return true;
  i64 capacity = n;
  if (s->capacity != 0) capacity = n + (n >> 3) + (n < 64 ? 64 : 16);  // growing by writes
  if (capacity < 64) capacity = 64;
  if (s->capacity != 0) {
    auto* data = static_cast<u8*>(std::realloc(s->data, size_t(capacity)));
    if (data == nullptr) return false;
    s->data = data;
  } else {
    auto* data = static_cast<u8*>(std::malloc(size_t(capacity)));
    if (data == nullptr) return false;
    if (s->size > 0) memcpy(data, s->data, size_t(s->size < n ? s->size : n));
    s->data = data;
    *dropped = s->shared.take_word(s);
  }
  s->capacity = capacity;
  return true;
}

// The content becomes `bytes` (EMPTY: nothing). Fails while there are exports.
Status replace_content(Thread& t, BytesIO* s, Value bytes) {
  Ref fresh = bytes.is_empty() ? Ref() : Ref::copy(bytes);
  publish_for(s, fresh);
  u8* old_data = nullptr;
  Value dropped = EMPTY;
  {
    ObjectLock lock(t, s);
    if (s->exports == 0) {
      if (s->capacity != 0) old_data = s->data;
      auto* b = fresh.is_empty() ? nullptr : fresh.as<Bytes>();
      s->data = b != nullptr ? b->data : nullptr;
      s->size = b != nullptr ? i64(b->size) : 0;
      s->capacity = 0;
      s->position = 0;
      dropped = s->shared.exchange(s, fresh.get());
    } else {
      fresh = Ref::error();
    }
  }
  std::free(old_data);
  Field::release_heap(dropped);
  if (fresh.failed()) return raise_exported(t);
  return ok();
}

Status write_bytes(Thread& t, BytesIO* s, const u8* from, i64 n) {
  enum { kFine, kClosed, kExported, kNoMemory } outcome = kFine;
  Value dropped = EMPTY;
  {
    ObjectLock lock(t, s);
    i64 end = 0;
    bool too_far = __builtin_add_overflow(s->position, n, &end) || end > (i64(1) << 62);
    if (s->closed) {
      outcome = kClosed;
    } else if (s->exports > 0) {
      outcome = kExported;
    } else if (n != 0) {
      i64 needed = end > s->size ? end : s->size;
      if (too_far || !make_room(s, needed, &dropped)) {
        outcome = kNoMemory;
      } else {
        if (s->position > s->size) memset(s->data + s->size, 0, size_t(s->position - s->size));
        memcpy(s->data + s->position, from, size_t(n));
        s->position = end;
        s->size = needed;
      }
    }
  }
  Field::release_heap(dropped);
  switch (outcome) {
    case kClosed: return raise_closed(t);
    case kExported: return raise_exported(t);
    case kNoMemory: return raise_no_memory(t);
    default: return ok();
  }
}

i64 rest_of(const BytesIO* s) { return s->position < s->size ? s->size - s->position : 0; }

// The next n bytes (all the rest when n is negative), or the rest of the line within them.
Ref take(Thread& t, BytesIO* s, i64 n, bool line) {
  bool closed;
  RefTo<Bytes> result;
  {
    ObjectLock lock(t, s);
    closed = s->closed;
    if (!closed) {
      i64 rest = rest_of(s);
      if (n < 0 || n > rest) n = rest;
      const u8* from = s->data + s->position;
      if (line && n > 0) {
        auto* end = static_cast<const u8*>(memchr(from, '\n', size_t(n)));
        if (end != nullptr) n = end - from + 1;
      }
      if (n > 1 && n == s->size && s->capacity == 0 && !s->shared.is_empty()) {
        result = RefTo<Bytes>::copy(s->shared.as<Bytes>());
      } else {
        result = n > 0 ? bytes_from(t, from, size_t(n)) : RefTo<Bytes>::copy(empty_bytes());
      }
      if (!result.failed()) s->position += n;
    }
  }
  if (closed) return raise_closed(t);
  return result;
}

// --- construction
Ref s_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

Status s_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(initial_bytes=b'')");
  Value a[1];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "BytesIO", args, a, keep));
  auto* s = stream_of(self);
  if (s->exports > 0) return raise_exported(t);
  if (a[0].is_empty() || a[0].is_none()) {
    TRY(replace_content(t, s, EMPTY));
  } else if (is_exact_bytes(a[0])) {
    TRY(replace_content(t, s, a[0]));
  } else {
    TRY(replace_content(t, s, EMPTY));
    s->closed = false;
    ByteView view(t);
    TRY(view.get(a[0]));
    TRY(write_bytes(t, s, view.data(), i64(view.size())));
    s->position = 0;
  }
  s->closed = false;
  return ok();
}

// --- methods
Ref s_read(Thread& t, Value self, const Value* a) {
  return take(t, stream_of(self), TRY(optional_size(t, a[0])), false);
}
Ref s_readline(Thread& t, Value self, const Value* a) {
  return take(t, stream_of(self), TRY(optional_size(t, a[0])), true);
}
Ref s_next(Thread& t, Value self) {
  Ref line = TRY(take(t, stream_of(self), -1, true));
  if (line.as<Bytes>()->size == 0) return Ref();
  return line;
}
Ref s_iter(Thread&, Value self) { return Ref::copy(self); }
Ref s_readlines(Thread& t, Value self, const Value* a) {
  i64 most = TRY(optional_size(t, a[0]));
  RefTo<List> lines = TRY(list_new(t));
  i64 total = 0;
  while (true) {
    Ref line = TRY(take(t, stream_of(self), -1, true));
    i64 n = i64(line.as<Bytes>()->size);
    if (n == 0) return lines;
    TRY(list_append(t, lines.get(), std::move(line)));
    total += n;
    if (most > 0 && total >= most) return lines;
  }
}

Ref s_readinto(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(get_writable(t, view, a[0], "readinto"));
  auto* s = stream_of(self);
  bool closed;
  i64 n = 0;
  {
    ObjectLock lock(t, s);
    closed = s->closed;
    if (!closed) {
      n = rest_of(s);
      if (n > i64(view.size())) n = i64(view.size());
      if (n > 0) memmove(view.data(), s->data + s->position, size_t(n));
      s->position += n;
    }
  }
  if (closed) return raise_closed(t);
  return Ref::adopt(Value::small_int(n));
}

Ref s_write(Thread& t, Value self, const Value* a) {
  if (is_exact_bytes(a[0])) {  // they stay what they are: nothing is to be held
    const auto* bytes = a[0].as<Bytes>();
    TRY(write_bytes(t, stream_of(self), bytes->data, i64(bytes->size)));
    return Ref::adopt(Value::small_int(i64(bytes->size)));
  }
  TRY(check_open(t, stream_of(self)));
  if (stream_of(self)->exports > 0) return raise_exported(t);
  ByteView view(t);
  TRY(view.get(a[0]));
  TRY(write_bytes(t, stream_of(self), view.data(), i64(view.size())));
  return Ref::adopt(Value::small_int(i64(view.size())));
}
Ref s_writelines(Thread& t, Value self, const Value* a) {
  TRY(check_open(t, stream_of(self)));
  Ref iterator = TRY(get_iter(t, a[0]));
  while (true) {
    Ref line = TRY(iter_next(t, iterator));
    if (line.is_empty()) return Ref::none();
    Value words[] = {line};
    TRY(s_write(t, self, words));
  }
}

Ref s_tell(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return int_from(t, stream_of(self)->position);
}
Ref s_seek(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  i64 position = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  i64 whence = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  TRY(check_open(t, s));
  if (position < 0 && whence == 0) return raise(t, exc::ValueError, "negative seek value %zd", position);
  if (whence < 0 || whence > 2) return raise(t, exc::ValueError, "invalid whence (%zd, should be 0, 1 or 2)", whence);
  {
    ObjectLock lock(t, s);
    i64 base = whence == 0 ? 0 : whence == 1 ? s->position : s->size;
    if (position > (i64(1) << 62) - base)
      position = -1;
    else {
      position += base;
      if (position < 0) position = 0;
      s->position = position;
    }
  }
  if (position < 0) return raise(t, exc::OverflowError, "new position too large");
  return int_from(t, position);
}

Ref s_truncate(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  TRY(check_open(t, s));
  i64 size = TRY(optional_size(t, a[0], s->position));
  if (size < 0) return raise(t, exc::ValueError, "negative size value %zd", size);
  bool exported, memory = true;
  Value dropped = EMPTY;
  {
    ObjectLock lock(t, s);
    exported = s->exports > 0;
    if (!exported && size < s->size) {
      if (s->capacity == 0) memory = make_room(s, size, &dropped);
      if (memory) s->size = size;
    }
  }
  Field::release_heap(dropped);
  if (exported) return raise_exported(t);
  if (!memory) return raise_no_memory(t);
  return int_from(t, size);
}

Ref s_getvalue(Thread& t, Value self, const Value*) {
  auto* s = stream_of(self);
  TRY(check_open(t, s));
  RefTo<Bytes> result;
  {
    ObjectLock lock(t, s);
    if (s->size == 0)
      result = RefTo<Bytes>::copy(empty_bytes());
    else if (s->capacity == 0)
      result = RefTo<Bytes>::copy(s->shared.as<Bytes>());
    else
      result = bytes_from(t, s->data, size_t(s->size));
  }
  return result;
}

Ref s_getbuffer(Thread& t, Value self, const Value*);

Ref s_close(Thread& t, Value self, const Value*) {
  auto* s = stream_of(self);
  if (s->closed) return Ref::none();
  TRY(replace_content(t, s, EMPTY));
  s->closed = true;
  return Ref::none();
}
Ref s_flush(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return Ref::none();
}
Ref s_true(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return Ref::boolean(true);
}
Ref s_isatty(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  return Ref::boolean(false);
}
Ref s_get_closed(Thread&, Value self) { return Ref::boolean(stream_of(self)->closed); }
Ref s_sizeof(Thread& t, Value self, const Value*) {
  return int_from(t, i64(type_of(self)->instance_size) + stream_of(self)->capacity);
}

// --- pickling: (content, position, attributes)
Ref s_getstate(Thread& t, Value self, const Value*) {
  Ref content = TRY(s_getvalue(t, self, nullptr));
  Ref attributes = TRY(get_attribute(t, self, names::__dict__));
  if (is_dict(attributes)) attributes = TRY(dict_copy(t, attributes.as<Dict>()));
  Ref position = TRY(int_from(t, stream_of(self)->position));
  return tuple_of(t, content, position, attributes);
}

Ref s_setstate(Thread& t, Value self, const Value* a) {
  auto* s = stream_of(self);
  if (!is_tuple(a[0]) || a[0].as<Tuple>()->size < 3)
    return raise(t, exc::TypeError, "%s.__setstate__ argument should be 3-tuple, got %T", full_type_name(self), a[0]);
  if (s->exports > 0) return raise_exported(t);
  auto* state = a[0].as<Tuple>();
  Value words[] = {state->items[0].peek()};
  TRY(s_init(t, self, Args{words, 1}));
  Ref position_value = state->items[1].load();
  if (!is_int(position_value))
    return raise(t, exc::TypeError, "second item of state must be an integer, not %T", position_value.get());
  i64 position = TRY(to_i64(t, position_value));
  if (position < 0) return raise(t, exc::ValueError, "position value cannot be negative");
  s->position = position;
  Ref attributes = state->items[2].load();
  if (attributes.get().is_none()) return Ref::none();
  if (!is_dict(attributes))
    return raise(t, exc::TypeError, "third item of state should be a dict, got a %T", attributes.get());
  Ref own = TRY(get_attribute(t, self, names::__dict__));
  TRY(dict_update_py(t, own.as<Dict>(), attributes));
  return Ref::none();
}

const Method kMethods[] = {
    method("readable", s_true, "($self, /)", "Returns True if the IO object can be read."),
    method("seekable", s_true, "($self, /)", "Returns True if the IO object can be seeked."),
    method("writable", s_true, "($self, /)", "Returns True if the IO object can be written."),
    method("close", s_close, "($self, /)", "Disable all I/O operations."),
    method("flush", s_flush, "($self, /)", "Does nothing."),
    method("isatty", s_isatty, "($self, /)",
           "Always returns False.\n\nBytesIO objects are not connected to a TTY-like device."),
    method("tell", s_tell, "($self, /)", "Current file position, an integer."),
    method("write", s_write, "($self, b, /)", "Write bytes to file.\n\nReturn the number of bytes written."),
    method("writelines", s_writelines, "($self, lines, /)", "Write lines to the file."),
    method("read1", s_read, "($self, size=-1, /)", "Read at most size bytes, returned as a bytes object."),
    method("readinto", s_readinto, "($self, buffer, /)", "Read bytes into buffer."),
    method("readline", s_readline, "($self, size=-1, /)", "Next line from the file, as a bytes object."),
    method("readlines", s_readlines, "($self, size=None, /)", "List of bytes objects, each a line from the file."),
    method("read", s_read, "($self, size=-1, /)", "Read at most size bytes, returned as a bytes object."),
    method("getbuffer", s_getbuffer, "($self, /)", "Get a read-write view over the contents of the BytesIO object."),
    method("getvalue", s_getvalue, "($self, /)", "Retrieve the entire contents of the BytesIO object."),
    method("seek", s_seek, "($self, pos, whence=0, /)", "Change stream position."),
    method("truncate", s_truncate, "($self, size=None, /)", "Truncate the file to at most size bytes."),
    method("__getstate__", s_getstate, "($self, /)"),
    method("__setstate__", s_setstate, "($self, object, /)"),
    method("__sizeof__", s_sizeof, "($self, /)"),
    {},
};
const GetSet kGetSets[] = {{"closed", s_get_closed, nullptr, "True if the file is closed."}, {}};

// --- _BytesIOBuffer: what memoryviews of getbuffer() hold on to
struct BytesIOBuffer : Object {
  Field source;
};
void visit_buffer(Object* self, Visitor& v) { v.field(static_cast<BytesIOBuffer*>(self)->source); }

Status buffer_get(Thread& t, Value self, Buffer* view, int flags) {
  Ref source = self.as<BytesIOBuffer>()->source.load();
  auto* s = source.as<BytesIO>();
  bool memory;
  Value dropped = EMPTY;
  u8* data = nullptr;
  i64 size = 0;
  {
    ObjectLock lock(t, s);
    memory = make_room(s, s->size, &dropped);
    if (memory) {
      s->exports++;
      data = s->data;
      size = s->size;
    }
  }
  Field::release_heap(dropped);
  if (!memory) return raise_no_memory(t);
  return fill_byte_buffer(t, view, data, size, false, flags);
}
void buffer_release(Thread& t, Value self, Buffer*) {
  Ref source = self.as<BytesIOBuffer>()->source.load();
  auto* s = source.as<BytesIO>();
  ObjectLock lock(t, s);
  s->exports--;
}

Ref s_getbuffer(Thread& t, Value self, const Value*) {
  TRY(check_open(t, stream_of(self)));
  Ref buffer = TRY(allocate_instance(t, g_bytes_io_buffer));
  buffer.as<BytesIOBuffer>()->source.init(buffer.object(), self);
  return memoryview_new(t, buffer, buffer_flag::kFull);
}

}  // namespace

const TypeSpec kBytesIOSpec = {
    .name = "_io.BytesIO",
    .doc = "Buffered I/O implementation using an in-memory bytes buffer.",
    .base = &g_buffered_base,
    .layout = {"BytesIO", sizeof(BytesIO), 0, visit_stream, release_stream, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.iter = s_iter, .next = s_next, .new_ = s_new, .init = s_init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "(initial_bytes=b'')",
};
const TypeSpec kBytesIOBufferSpec = {
    .name = "_io._BytesIOBuffer",
    .layout = {"_BytesIOBuffer", sizeof(BytesIOBuffer), 0, visit_buffer, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .slots = {.get_buffer = buffer_get, .release_buffer = buffer_release},
};

}  // namespace typhon::io
