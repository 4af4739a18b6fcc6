// zlib: compression objects and functions. A stream's state is guarded by a mutex of its own; the work itself is done detached.
#include <zlib.h>

#include <climits>
#include <cstdlib>

#include "objects/module.h"

namespace typhon {
namespace {

Type *g_error, *g_compress_type, *g_decompress_type, *g_decompressor_type;
constexpr i64 kDefaultBuffer = 16384;

// malloc'ed output that grows; holds no references, so it may be written to while detached.
class Output {
 public:
  ~Output() { free(data_); }
  // Room for at least one more byte, `first` at the beginning, never beyond `limit` (-1: none). False when there is none.
  bool make_room(size_t first, i64 limit) {
    if (size_ < capacity_) return true;
    size_t wanted = capacity_ == 0 ? (first == 0 ? 1 : first) : capacity_ * 2;
    if (limit >= 0 && wanted > size_t(limit)) wanted = size_t(limit);
    if (wanted <= capacity_) return false;
    u8* bigger = static_cast<u8*>(realloc(data_, wanted));
    if (bigger == nullptr) {
      failed_ = true;
      return false;
    }
    data_ = bigger;
    capacity_ = wanted;
    return true;
  }
  void lend(z_stream& z) {
    size_t room = capacity_ - size_;
    lent_ = room > UINT_MAX ? UINT_MAX : room;
    z.next_out = data_ + size_;
    z.avail_out = uInt(lent_);
  }
  void take_back(z_stream& z) { size_ += lent_ - z.avail_out; }
  bool failed() const { return failed_; }
  size_t size() const { return size_; }
  Ref bytes(Thread& t) const {
    if (failed_) return raise_no_memory(t);
    return bytes_from(t, data_, size_);
  }

 private:
  u8* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0, lent_ = 0;
  bool failed_ = false;
};

// Hands a large input to a stream in parts that its 32-bit counter can hold.
struct Input {
  const u8* data;
  size_t left;
  void lend(z_stream& z) const {
    z.next_in = const_cast<u8*>(data);
    z.avail_in = uInt(left > UINT_MAX ? UINT_MAX : left);
  }
  void take_back(z_stream& z) {
    size_t used = size_t(z.next_in - data);
    data += used;
    left -= used;
  }
};

Raised zlib_error(Thread& t, const z_stream& z, int code, const char* what) {
  const char* detail = z.msg;
  if (code == Z_VERSION_ERROR) detail = "library version mismatch";
  if (detail == nullptr) {
    switch (code) {
      case Z_BUF_ERROR: detail = "incomplete or truncated stream"; break;
      case Z_STREAM_ERROR: detail = "inconsistent stream state"; break;
      case Z_DATA_ERROR: detail = "invalid input data"; break;
    }
  }
  if (detail == nullptr) return raise(t, g_error, "Error %d %s", code, what);
  return raise(t, g_error, "Error %d %s: %s", code, what, detail);
}

// Compresses all of the input; with Z_FINISH until the end of the stream.
int run_deflate(z_stream& z, Input& in, Output& out, int flush) {
  int code;
  do {
    in.lend(z);
    int mode = in.left > UINT_MAX ? Z_NO_FLUSH : flush;
    do {
      if (!out.make_room(kDefaultBuffer, -1)) return Z_MEM_ERROR;
      out.lend(z);
      code = deflate(&z, mode);
      out.take_back(z);
      if (code == Z_STREAM_ERROR) return code;
    } while (z.avail_out == 0);
    in.take_back(z);
  } while (in.left > 0);
  return code;
}
// Decompresses until the input is used up, the stream ends, or `limit` bytes (-1: any number) came out.
int run_inflate(z_stream& z, Input& in, Output& out, i64 first, i64 limit, const u8* dictionary, size_t dictionary_size) {
  int code = Z_OK;
  while (true) {
    in.lend(z);
    if (!out.make_room(size_t(first), limit)) {
      in.take_back(z);
      return out.failed() ? Z_MEM_ERROR : code;
    }
    out.lend(z);
    code = inflate(&z, Z_SYNC_FLUSH);
    out.take_back(z);
    in.take_back(z);
    if (code == Z_NEED_DICT && dictionary != nullptr) {
      code = inflateSetDictionary(&z, dictionary, uInt(dictionary_size));
      if (code == Z_OK) continue;
      return code;
    }
    if (code != Z_OK) return code;  // Z_BUF_ERROR: no progress possible, more input is wanted
    if (in.left == 0 && z.avail_out > 0) return code;
  }
}

Result<int> int_argument(Thread& t, Value v, int fallback) {
  if (v.is_empty()) return fallback;
  i64 n = TRY(to_i64(t, v, "Python int too large to convert to C int"));
  if (n > INT_MAX || n < INT_MIN) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  return int(n);
}

// --- functions
Ref f_compress(Thread& t, Value, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  int level = TRY(int_argument(t, a[1], Z_DEFAULT_COMPRESSION));
  int wbits = TRY(int_argument(t, a[2], MAX_WBITS));
  z_stream z = {};
  int code = deflateInit2(&z, level, Z_DEFLATED, wbits, MAX_MEM_LEVEL - 1, Z_DEFAULT_STRATEGY);
  if (code == Z_MEM_ERROR) return raise(t, exc::MemoryError, "Out of memory while compressing data");
  if (code == Z_STREAM_ERROR) return raise(t, g_error, "Bad compression level");
  if (code != Z_OK) return zlib_error(t, z, code, "while compressing data");
  Output out;
  Input in{data.data(), data.size()};
  {
    Detached detached(t);
    code = run_deflate(z, in, out, Z_FINISH);
    deflateEnd(&z);
  }
  if (code != Z_STREAM_END && !out.failed()) return zlib_error(t, z, code, "while compressing data");
  return out.bytes(t);
}
Ref f_decompress(Thread& t, Value, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  int wbits = TRY(int_argument(t, a[1], MAX_WBITS));
  i64 first = a[2].is_empty() ? kDefaultBuffer : TRY(to_i64(t, a[2]));
  if (first < 0) return raise(t, exc::ValueError, "bufsize must be non-negative");
  z_stream z = {};
  int code = inflateInit2(&z, wbits);
  if (code == Z_MEM_ERROR) return raise(t, exc::MemoryError, "Out of memory while decompressing data");
  if (code != Z_OK) return zlib_error(t, z, code, "while preparing to decompress data");
  Output out;
  Input in{data.data(), data.size()};
  {
    Detached detached(t);
    code = run_inflate(z, in, out, first, -1, nullptr, 0);
  }
  Ref result;
  if (code == Z_OK) code = Z_BUF_ERROR;
  if (code == Z_STREAM_END || out.failed())
    result = out.bytes(t);
  else
    result = zlib_error(t, z, code, "while decompressing data");
  inflateEnd(&z);
  return result;
}

template <class F>
Ref checksum(Thread& t, const Value* a, u32 start, F f) {
  ByteView data(t);
  TRY(data.get(a[0]));
  if (!a[1].is_empty()) {
    Ref number = TRY(to_index(t, a[1]));
    start = u32(int_low_u64(number));
  }
  const u8* p = data.data();
  size_t n = data.size();
  uLong sum;
  if (n < 4096) {
    sum = f(start, p, n);
  } else {
    Detached detached(t);
    sum = f(start, p, n);
  }
  return int_from(t, i64(u32(sum)));
}
Ref f_adler32(Thread& t, Value, const Value* a) { return checksum(t, a, 1, adler32_z); }
Ref f_crc32(Thread& t, Value, const Value* a) { return checksum(t, a, 0, crc32_z); }

// --- stream objects
struct Stream : Object {
  z_stream z;
  Mutex mutex;
  bool ready;       // z is initialised
  bool compresses;
  bool eof;
  bool needs_input;
  Field dictionary;  // bytes-like or EMPTY
  Field unused_data, unconsumed_tail;  // bytes
};
void visit_stream(Object* self, Visitor& v) { v.fields(&static_cast<Stream*>(self)->dictionary, 3); }
void release_stream(Thread&, Object* self) {
  auto* s = static_cast<Stream*>(self);
  if (!s->ready) return;
  if (s->compresses)
    deflateEnd(&s->z);
  else
    inflateEnd(&s->z);
}
Ref stream_new(Thread& t, Type* type, bool compresses) {
  Ref made = TRY(allocate_instance(t, type));
  auto* s = made.as<Stream>();
  s->compresses = compresses;
  s->needs_input = true;
  s->unused_data.init(s, Value(empty_bytes()));
  s->unconsumed_tail.init(s, Value(empty_bytes()));
  return made;
}

Ref f_compressobj(Thread& t, Value, const Value* a) {
  int level = TRY(int_argument(t, a[0], Z_DEFAULT_COMPRESSION));
  int method = TRY(int_argument(t, a[1], Z_DEFLATED));
  int wbits = TRY(int_argument(t, a[2], MAX_WBITS));
  int memory = TRY(int_argument(t, a[3], MAX_MEM_LEVEL - 1));
  int strategy = TRY(int_argument(t, a[4], Z_DEFAULT_STRATEGY));
  ByteView dictionary(t);
  bool with_dictionary = !a[5].is_empty() && !a[5].is_none();
  if (with_dictionary) TRY(dictionary.get(a[5]));
  Ref made = TRY(stream_new(t, g_compress_type, true));
  auto* s = made.as<Stream>();
  int code = deflateInit2(&s->z, level, method, wbits, memory, strategy);
  if (code == Z_MEM_ERROR) return raise(t, exc::MemoryError, "Can't allocate memory for compression object");
  if (code == Z_STREAM_ERROR) return raise(t, exc::ValueError, "Invalid initialization option");
  if (code != Z_OK) return zlib_error(t, s->z, code, "while creating compression object");
  s->ready = true;
  if (with_dictionary) {
    code = deflateSetDictionary(&s->z, dictionary.data(), uInt(dictionary.size()));
    if (code != Z_OK) return raise(t, exc::ValueError, code == Z_STREAM_ERROR ? "Invalid dictionary" : "deflateSetDictionary()");
  }
  return made;
}
Ref make_decompressor(Thread& t, Type* type, Value wbits_argument, Value dictionary) {
  int wbits = TRY(int_argument(t, wbits_argument, MAX_WBITS));
  if (!dictionary.is_empty() && !has_buffer(dictionary))
    return raise(t, exc::TypeError, "zdict argument must support the buffer protocol");
  Ref made = TRY(stream_new(t, type, false));
  auto* s = made.as<Stream>();
  int code = inflateInit2(&s->z, wbits);
  if (code == Z_STREAM_ERROR) return raise(t, exc::ValueError, "Invalid initialization option");
  if (code == Z_MEM_ERROR) return raise(t, exc::MemoryError, "Can't allocate memory for decompression object");
  if (code != Z_OK) return zlib_error(t, s->z, code, "while creating decompression object");
  s->ready = true;
  if (!dictionary.is_empty()) {
    ByteView view(t);
    TRY(view.get(dictionary));
    s->dictionary.init(s, dictionary);
    if (wbits < 0 && view.size() > 0) {
      code = inflateSetDictionary(&s->z, view.data(), uInt(view.size()));
      if (code != Z_OK) return zlib_error(t, s->z, code, "while setting zdict");
    }
  }
  return made;
}
Ref f_decompressobj(Thread& t, Value, const Value* a) { return make_decompressor(t, g_decompress_type, a[0], a[1]); }
Ref decompressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("($type, wbits=15, zdict=b'')");
  Value a[2] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "_ZlibDecompressor", args, a, &keep));
  return make_decompressor(t, cls, a[0], !a[1].is_empty() && has_buffer(a[1]) ? a[1] : EMPTY);
}

Ref deflate_part(Thread& t, Stream* s, const u8* data, size_t n, int flush, const char* what) {
  Output out;
  Input in{data, n};
  int code;
  {
    MutexGuard guard(t, s->mutex);
    Detached detached(t);
    code = run_deflate(s->z, in, out, flush);
    if (code == Z_STREAM_END && flush == Z_FINISH) deflateReset(&s->z), deflateEnd(&s->z), s->ready = false;
  }
  if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END && !out.failed()) return zlib_error(t, s->z, code, what);
  return out.bytes(t);
}
Ref compress_compress(Thread& t, Value self, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  auto* s = self.as<Stream>();
  if (!s->ready) return raise(t, g_error, "Error -2 while compressing data: inconsistent stream state");
  return deflate_part(t, s, data.data(), data.size(), Z_NO_FLUSH, "while compressing data");
}
Ref compress_flush(Thread& t, Value self, const Value* a) {
  int mode = TRY(int_argument(t, a[0], Z_FINISH));
  if (mode == Z_NO_FLUSH) return bytes_from(t, "", 0);
  auto* s = self.as<Stream>();
  if (!s->ready) return raise(t, g_error, "Error -2 while flushing: inconsistent stream state");
  return deflate_part(t, s, nullptr, 0, mode, "while flushing");
}
Ref stream_copy(Thread& t, Value self, const Value*) {
  auto* s = self.as<Stream>();
  if (!s->ready) return raise(t, exc::ValueError, "Inconsistent stream state");
  Ref made = TRY(stream_new(t, type_of(self), s->compresses));
  auto* copy = made.as<Stream>();
  int code;
  {
    MutexGuard guard(t, s->mutex);
    code = s->compresses ? deflateCopy(&copy->z, &s->z) : inflateCopy(&copy->z, &s->z);
    copy->eof = s->eof;
    copy->needs_input = s->needs_input;
  }
  if (code == Z_STREAM_ERROR) return raise(t, exc::ValueError, "Inconsistent stream state");
  if (code == Z_MEM_ERROR) return raise_no_memory(t);
  copy->ready = true;
  Ref dictionary = s->dictionary.load();
  if (!dictionary.is_empty()) copy->dictionary.init(copy, std::move(dictionary));
  copy->unused_data.store(copy, s->unused_data.load());
  copy->unconsumed_tail.store(copy, s->unconsumed_tail.load());
  return made;
}
Ref stream_deepcopy(Thread& t, Value self, const Value*) { return stream_copy(t, self, nullptr); }

// One step of decompression. `keep_tail`: what was not used is left in unconsumed_tail (Decompress); otherwise the caller keeps
// it (_ZlibDecompressor).
Ref inflate_part(Thread& t, Stream* s, Value source, i64 first, i64 limit, const char* what, bool finish) {
  ByteView data(t), dictionary(t);
  TRY(data.get(source));
  Ref zdict = s->dictionary.load();
  if (!zdict.is_empty()) TRY(dictionary.get(zdict));
  Output out;
  Input in{data.data(), data.size()};
  int code;
  {
    MutexGuard guard(t, s->mutex);
    Detached detached(t);
    code = run_inflate(s->z, in, out, first, limit, zdict.is_empty() ? nullptr : dictionary.data(), dictionary.size());
  }
  if (out.failed()) return raise_no_memory(t);
  if (code == Z_STREAM_END) {
    Ref before = s->unused_data.load();
    size_t n = before.as<Bytes>()->size;
    RefTo<Bytes> unused = TRY(bytes_allocate(t, n + in.left));
    memcpy(unused->data, before.as<Bytes>()->data, n);
    memcpy(unused->data + n, in.data, in.left);
    s->unused_data.store(s, std::move(unused));
    s->unconsumed_tail.store(s, Value(empty_bytes()));
    s->eof = true;
  } else {
    if (code != Z_OK && code != Z_BUF_ERROR) return zlib_error(t, s->z, code, what);
    s->unconsumed_tail.store(s, TRY(bytes_from(t, in.data, in.left)));
    s->needs_input = in.left == 0 && !(limit >= 0 && out.size() == size_t(limit));
  }
  (void)finish;
  return out.bytes(t);
}
Ref decompress_decompress(Thread& t, Value self, const Value* a) {
  i64 limit = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1]));
  if (limit < 0) return raise(t, exc::ValueError, "max_length must be non-negative");
  auto* s = self.as<Stream>();
  if (s->eof) {  // all that comes after the end is unused
    ByteView data(t);
    TRY(data.get(a[0]));
    Ref before = s->unused_data.load();
    size_t n = before.as<Bytes>()->size;
    RefTo<Bytes> unused = TRY(bytes_allocate(t, n + data.size()));
    memcpy(unused->data, before.as<Bytes>()->data, n);
    memcpy(unused->data + n, data.data(), data.size());
    s->unused_data.store(s, std::move(unused));
    return bytes_from(t, "", 0);
  }
  return inflate_part(t, s, a[0], kDefaultBuffer, limit == 0 ? -1 : limit, "while decompressing data", false);
}
Ref decompress_flush(Thread& t, Value self, const Value* a) {
  i64 first = a[0].is_empty() ? kDefaultBuffer : TRY(to_i64(t, a[0]));
  if (first <= 0) return raise(t, exc::ValueError, "length must be greater than zero");
  auto* s = self.as<Stream>();
  if (s->eof) return bytes_from(t, "", 0);
  Ref tail = s->unconsumed_tail.load();
  return inflate_part(t, s, tail, first, -1, "while flushing", true);
}
Ref decompressor_decompress(Thread& t, Value self, const Value* a) {
  i64 limit = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1]));
  auto* s = self.as<Stream>();
  if (s->eof) return raise(t, exc::EOFError, "End of stream already reached");
  ByteView data(t);
  TRY(data.get(a[0]));
  // What the last call left over comes first.
  Ref tail = s->unconsumed_tail.load();
  size_t n = tail.as<Bytes>()->size;
  RefTo<Bytes> all = TRY(bytes_allocate(t, n + data.size()));
  memcpy(all->data, tail.as<Bytes>()->data, n);
  memcpy(all->data + n, data.data(), data.size());
  Ref result = inflate_part(t, s, all, kDefaultBuffer, limit < 0 ? -1 : limit, "while decompressing data", false);
  if (s->eof) s->needs_input = false;
  return result;
}
Ref stream_eof(Thread&, Value self) { return Ref::boolean(self.as<Stream>()->eof); }
Ref stream_needs_input(Thread&, Value self) { return Ref::boolean(self.as<Stream>()->needs_input); }

const Method kCompressMethods[] = {
    method("compress", compress_compress, "($self, data, /)", "Returns a bytes object containing compressed data."),
    method("flush", compress_flush, "($self, mode=zlib.Z_FINISH, /)", "Return a bytes object containing any remaining compressed data."),
    method("copy", stream_copy, "($self, /)", "Return a copy of the compression object."),
    method("__copy__", stream_copy, "($self, /)"),
    method("__deepcopy__", stream_deepcopy, "($self, memo, /)"),
    {},
};
const Method kDecompressMethods[] = {
    method("decompress", decompress_decompress, "($self, data, /, max_length=0)", "Return a bytes object containing the decompressed version of the data."),
    method("flush", decompress_flush, "($self, length=zlib.DEF_BUF_SIZE, /)", "Return a bytes object containing any remaining decompressed data."),
    method("copy", stream_copy, "($self, /)", "Return a copy of the decompression object."),
    method("__copy__", stream_copy, "($self, /)"),
    method("__deepcopy__", stream_deepcopy, "($self, memo, /)"),
    {},
};
const Method kDecompressorMethods[] = {
    method("decompress", decompressor_decompress, "($self, /, data, max_length=-1)", "Decompress *data*, returning uncompressed data as bytes."), {}};
const GetSet kDecompressGetSets[] = {{"eof", stream_eof, nullptr, "True if the end-of-stream marker has been reached."}, {}};
const GetSet kDecompressorGetSets[] = {{"eof", stream_eof, nullptr, "True if the end-of-stream marker has been reached."},
                                       {"needs_input", stream_needs_input, nullptr, "True if more input is needed before more decompressed data can be produced."},
                                       {}};
const Member kDecompressMembers[] = {{"unused_data", offsetof(Stream, unused_data), false, true, "Data found after the end of the compressed stream."},
                                     {"unconsumed_tail", offsetof(Stream, unconsumed_tail)},
                                     {}};
const Member kDecompressorMembers[] = {{"unused_data", offsetof(Stream, unused_data), false, true, "Data found after the end of the compressed stream."}, {}};
constexpr Layout kStreamLayout = {"zlib stream", sizeof(Stream), 0, visit_stream, release_stream, nullptr, nullptr};
const TypeSpec kCompressSpec = {.name = "zlib.Compress", .layout = kStreamLayout, .flags = type_flag::kDisallowInstantiation, .methods = kCompressMethods};
const TypeSpec kDecompressSpec = {.name = "zlib.Decompress", .layout = kStreamLayout, .flags = type_flag::kDisallowInstantiation,
                                  .methods = kDecompressMethods, .getsets = kDecompressGetSets, .members = kDecompressMembers};
const TypeSpec kDecompressorSpec = {.name = "zlib._ZlibDecompressor", .doc = "Create a decompressor object for decompressing data incrementally.",
                                    .layout = kStreamLayout, .slots = {.new_ = decompressor_new}, .methods = kDecompressorMethods,
                                    .getsets = kDecompressorGetSets, .members = kDecompressorMembers};

const Method kFunctions[] = {
    method("adler32", f_adler32, "($module, data, value=1, /)", "Compute an Adler-32 checksum of data."),
    method("compress", f_compress, "($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)", "Returns a bytes object containing compressed data."),
    method("compressobj", f_compressobj, "($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)", "Return a compressor object."),
    method("crc32", f_crc32, "($module, data, value=0, /)", "Compute a CRC-32 checksum of data."),
    method("decompress", f_decompress, "($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)", "Returns a bytes object containing the uncompressed data."),
    method("decompressobj", f_decompressobj, "($module, /, wbits=MAX_WBITS, zdict=b'')", "Return a decompressor object."),
    {},
};
constexpr struct {
  const char* name;
  int value;
} kConstants[] = {
    {"MAX_WBITS", MAX_WBITS}, {"DEFLATED", Z_DEFLATED}, {"DEF_MEM_LEVEL", 8}, {"DEF_BUF_SIZE", int(kDefaultBuffer)},
    {"Z_BEST_SPEED", Z_BEST_SPEED}, {"Z_BEST_COMPRESSION", Z_BEST_COMPRESSION}, {"Z_DEFAULT_COMPRESSION", Z_DEFAULT_COMPRESSION},
    {"Z_NO_COMPRESSION", Z_NO_COMPRESSION}, {"Z_FILTERED", Z_FILTERED}, {"Z_HUFFMAN_ONLY", Z_HUFFMAN_ONLY},
    {"Z_DEFAULT_STRATEGY", Z_DEFAULT_STRATEGY}, {"Z_RLE", Z_RLE}, {"Z_FIXED", Z_FIXED}, {"Z_FINISH", Z_FINISH},
    {"Z_NO_FLUSH", Z_NO_FLUSH}, {"Z_PARTIAL_FLUSH", Z_PARTIAL_FLUSH}, {"Z_SYNC_FLUSH", Z_SYNC_FLUSH},
    {"Z_FULL_FLUSH", Z_FULL_FLUSH}, {"Z_BLOCK", Z_BLOCK}, {"Z_TREES", Z_TREES},
};
Status initialise(Thread& t, Module* module) {
  if (g_compress_type == nullptr) TRY(make_static_type(t, kCompressSpec, &g_compress_type));
  if (g_decompress_type == nullptr) TRY(make_static_type(t, kDecompressSpec, &g_decompress_type));
  TRY(module_add_type(t, module, kDecompressorSpec, &g_decompressor_type));
  TRY(module_add_exception(t, module, "zlib.error", exc::Exception, &g_error));
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  TRY(module_add_str(t, module, "ZLIB_VERSION", ZLIB_VERSION));
  TRY(module_add_str(t, module, "ZLIB_RUNTIME_VERSION", zlibVersion()));
  return module_add_str(t, module, "__version__", "1.0");
}

}  // namespace

extern const ModuleDef module_zlib;
const ModuleDef module_zlib = {"zlib", "The functions in this module allow compression and decompression using the\nzlib library, which is based on GNU zip.", kFunctions, initialise};

}  // namespace typhon
