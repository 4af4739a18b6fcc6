// _sqlite3: Blob, the bytes of one value, read and written in place.
#include <climits>
#include <string>

#include "modules/_sqlite3/sqlite.h"

namespace typhon::sqlite {

Type* g_blob_type;

namespace {

struct Blob : Object {
  Field connection;
  Handle* handle;  // of the connection
  OpenBlob* open;  // in the handle's list; owned
  i32 offset;
};

Blob* self_of(Value v) { return v.as<Blob>(); }
void visit(Object* self, Visitor& v) { v.field(static_cast<Blob*>(self)->connection); }
void release(Thread&, Object* self) {
  auto* b = static_cast<Blob*>(self);
  if (b->handle == nullptr) return;
  b->handle->drop(b->open);
  b->handle->release();
}

// The connection, and the blob, which must be open.
class BlobUse {
 public:
  BlobUse(Thread& t, Value self) : use_(t, self_of(self)->connection.as<Connection>()) {
    if (use_.failed()) return;
    blob = self_of(self)->open->blob;
    if (blob == nullptr) (void)raise(t, g_programming_error, "Cannot operate on a closed blob.");
  }
  bool failed() const { return blob == nullptr; }
  sqlite3* db() const { return use_.db(); }
  i32 size() const { return sqlite3_blob_bytes(blob); }

  sqlite3_blob* blob = nullptr;

 private:
  Use use_;
};

Ref read_at(Thread& t, BlobUse& use, i32 offset, i32 length) {
  std::string data(size_t(length), '\0');
  int code;
  {
    Detached detached(t);
    code = sqlite3_blob_read(use.blob, data.data(), length, offset);
  }
  if (code != SQLITE_OK) return raise_db(t, use.db());
  return bytes_from(t, data.data(), data.size());
}
Status write_at(Thread& t, BlobUse& use, const void* data, i32 length, i32 offset) {
  int code;
  {
    Detached detached(t);
    code = sqlite3_blob_write(use.blob, data, length, offset);
  }
  if (code != SQLITE_OK) return raise_db(t, use.db());
  return ok();
}

Ref blob_close(Thread& t, Value self, const Value*) {
  Use use(t, self_of(self)->connection.as<Connection>());
  if (use.failed()) return Raised{};
  self_of(self)->open->close();
  return Ref::none();
}
Ref blob_enter(Thread& t, Value self, const Value*) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  return Ref::copy(self);
}
Ref blob_exit(Thread& t, Value self, const Value*) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  self_of(self)->open->close();
  return Ref::boolean(false);
}

Result<i32> int_argument(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v, "Python int too large to convert to C int"));
  if (n < INT_MIN || n > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  return i32(n);
}

Ref blob_read(Thread& t, Value self, const Value* a) {
  i32 length = a[0].is_empty() ? -1 : TRY(int_argument(t, a[0]));
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  i32& offset = self_of(self)->offset;
  i32 left = use.size() - offset;
  if (length < 0 || length > left) length = left;
  if (length <= 0) return bytes_from(t, "", 0);
  Ref data = TRY(read_at(t, use, offset, length));
  offset += length;
  return data;
}
Ref blob_write(Thread& t, Value self, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  i32& offset = self_of(self)->offset;
  if (data.size() > size_t(use.size() - offset)) return raise(t, exc::ValueError, "data longer than blob length");
  TRY(write_at(t, use, data.data(), i32(data.size()), offset));
  offset += i32(data.size());
  return Ref::none();
}
Ref blob_seek(Thread& t, Value self, const Value* a) {
  i32 offset = TRY(int_argument(t, a[0])), origin = a[1].is_empty() ? 0 : TRY(int_argument(t, a[1]));
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  i64 from = 0;
  switch (origin) {
    case 0: break;
    case 1: from = self_of(self)->offset; break;
    case 2: from = use.size(); break;
    default: return raise(t, exc::ValueError, "'origin' should be os.SEEK_SET, os.SEEK_CUR, or os.SEEK_END");
  }
  i64 to = from + offset;
  if (to > INT_MAX) return raise(t, exc::OverflowError, "seek offset results in overflow");
  if (to < 0 || to > use.size()) return raise(t, exc::ValueError, "offset out of blob range");
  self_of(self)->offset = i32(to);
  return Ref::none();
}
Ref blob_tell(Thread& t, Value self, const Value*) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  return int_from(t, self_of(self)->offset);
}

// --- as a sequence of bytes
bool is_index(Value v) { return is_int(v) || type_of(v)->slots.index != nullptr; }
Result<i64> blob_length(Thread& t, Value self) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  return i64(use.size());
}
Result<i32> blob_index(Thread& t, BlobUse& use, Value key) {
  Ref index = TRY(to_index(t, key));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::IndexError, "cannot fit '%T' into an index-sized integer", key);
  if (n < 0) n += use.size();
  if (n < 0 || n >= use.size()) return raise(t, exc::IndexError, "Blob index out of range");
  return i32(n);
}
// The items of a slice; of those with a step, out of the bytes they lie among.
struct Part {
  i32 first, length;  // bytes that hold all of it
  i32 items, step;    // item i is byte i * step of them
};
Result<Part> part_of(Thread& t, BlobUse& use, Value key) {
  SliceIndices s;
  TRY(slice_resolve_py(t, key.as<Slice>(), use.size(), &s));
  if (s.step < 0 && s.count != 0) return raise(t, exc::ValueError, "Blob doesn't support slices with a negative step");
  if (s.count == 0) return Part{0, 0, 0, 1};
  return Part{i32(s.start), i32((s.count - 1) * s.step + 1), i32(s.count), i32(s.step)};
}

Ref blob_get_item(Thread& t, Value self, Value key) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  if (is_index(key)) {
    i32 at = TRY(blob_index(t, use, key));
    Ref one = TRY(read_at(t, use, at, 1));
    return Ref::adopt(Value::small_int(one.as<Bytes>()->data[0]));
  }
  if (!is_exact(key, kShape_slice)) return raise(t, exc::TypeError, "Blob indices must be integers");
  Part part = TRY(part_of(t, use, key));
  if (part.items == 0) return bytes_from(t, "", 0);
  Ref bytes = TRY(read_at(t, use, part.first, part.length));
  if (part.step == 1) return bytes;
  std::string picked(size_t(part.items), '\0');
  for (i32 i = 0; i < part.items; i++) picked[size_t(i)] = char(bytes.as<Bytes>()->data[i * part.step]);
  return bytes_from(t, picked.data(), picked.size());
}

Status set_byte(Thread& t, BlobUse& use, Value key, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "Blob doesn't support item deletion");
  i32 at = TRY(blob_index(t, use, key));
  if (!is_int(value)) return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", value);
  i64 n;
  if (!int_fits_i64(value, &n) || n < 0 || n > 255) return raise(t, exc::ValueError, "byte must be in range(0, 256)");
  u8 byte = u8(n);
  return write_at(t, use, &byte, 1, at);
}
Status set_part(Thread& t, BlobUse& use, Value key, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "Blob doesn't support slice deletion");
  Part part = TRY(part_of(t, use, key));
  ByteView data(t);
  TRY(data.get(value));
  if (data.size() != size_t(part.items)) return raise(t, exc::IndexError, "Blob slice assignment is wrong size");
  if (part.items == 0) return ok();
  if (part.step == 1) return write_at(t, use, data.data(), part.length, part.first);
  Ref old = TRY(read_at(t, use, part.first, part.length));
  std::string bytes(reinterpret_cast<const char*>(old.as<Bytes>()->data), old.as<Bytes>()->size);
  for (i32 i = 0; i < part.items; i++) bytes[size_t(i * part.step)] = char(data.data()[i]);
  return write_at(t, use, bytes.data(), part.length, part.first);
}
Status blob_set_item(Thread& t, Value self, Value key, Value value) {
  BlobUse use(t, self);
  if (use.failed()) return Raised{};
  if (is_index(key)) return set_byte(t, use, key, value);
  if (is_exact(key, kShape_slice)) return set_part(t, use, key, value);
  return raise(t, exc::TypeError, "Blob indices must be integers");
}

const Method kMethods[] = {
    method("close", blob_close, "($self, /)", "Close the blob."),
    method("__enter__", blob_enter, "($self, /)", "Blob context manager enter."),
    method("__exit__", blob_exit, "($self, type, val, tb, /)", "Blob context manager exit."),
    method("read", blob_read, "($self, length=-1, /)", "Read data at the current offset; up to the end when length is negative."),
    method("seek", blob_seek, "($self, offset, origin=0, /)", "Set the current access position to offset."),
    method("tell", blob_tell, "($self, /)", "Return the current access position for the blob."),
    method("write", blob_write, "($self, data, /)", "Write data at the current offset. The length of a blob does not change."),
    {},
};

}  // namespace

Ref connection_blobopen(Thread& t, Value self, const Value* a) {
  auto* c = self.as<Connection>();
  std::string names[3] = {"", "", "main"};
  constexpr const char* kWhich[] = {"blobopen() argument 1", "blobopen() argument 2", "blobopen() argument 'name'"};
  const Value given[] = {a[0], a[1], a[4]};
  for (u32 i = 0; i < 3; i++) {
    if (given[i].is_empty()) continue;
    if (!is_str(given[i])) return raise(t, exc::TypeError, "%s must be str, not %T", kWhich[i], given[i]);
    Utf8Argument text;
    TRY(text.get(t, given[i], kWhich[i]));
    names[i] = text.text;
  }
  if (!is_int(a[2])) return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", a[2]);
  i64 row;
  if (!int_fits_i64(a[2], &row)) return raise(t, exc::OverflowError, "Python int too large to convert to SQLite INTEGER");
  bool readonly = !a[3].is_empty() && TRY(truth(t, a[3]));
  Ref made = TRY(allocate_instance(t, g_blob_type));
  Blob* b = self_of(made);
  Use use(t, c);
  if (use.failed()) return Raised{};
  sqlite3_blob* blob = nullptr;
  int code;
  {
    Detached detached(t);
    code = sqlite3_blob_open(use.db(), names[2].c_str(), names[0].c_str(), names[1].c_str(), row, !readonly, &blob);
  }
  if (code != SQLITE_OK) return raise_db(t, use.db());
  b->open = c->handle->add(blob);
  if (b->open == nullptr) {
    sqlite3_blob_close(blob);
    return raise_no_memory(t);
  }
  b->handle = c->handle->retain();
  b->connection.init(b, self);
  return made;
}

const TypeSpec kBlobSpec = {
    .name = "sqlite3.Blob",
    .layout = {"Blob", sizeof(Blob), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.length = blob_length, .get_item = blob_get_item, .set_item = blob_set_item},
    .methods = kMethods,
};

}  // namespace typhon::sqlite
