// _zstd: compressor, decompressor and dictionary objects on libzstd.
#include <climits>
#include <map>
#include <new>
#include <vector>
#include <zdict.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "modules/compression.h"
#include "objects/container_util.h"

namespace typhon {
namespace {

Type *g_error, *g_compressor_type, *g_decompressor_type, *g_dictionary_type;
GlobalRoot g_compression_parameter, g_decompression_parameter;  // the enumerations of compression.zstd

// --- dictionaries
// The content of a ZstdDict, outside the heap: the library's contexts, and their worker threads, read it until they are freed,
// whichever of the objects dies first.
class Content {
 public:
  static Content* create(const u8* data, size_t size) {
    auto* made = new (std::nothrow) Content;
    if (made == nullptr) return nullptr;
    made->data_ = static_cast<u8*>(std::malloc(size));
    if (made->data_ == nullptr) {
      delete made;
      return nullptr;
    }
    std::memcpy(made->data_, data, size);
    made->size_ = size;
    return made;
  }
  Content* retain() {
    __atomic_add_fetch(&references_, 1, __ATOMIC_RELAXED);
    return this;
  }
  void release() {
    if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) delete this;
  }
  const u8* data() const { return data_; }
  size_t size() const { return size_; }
  // Digested once for a level, and once for decompression. Null: the content is no dictionary, or no memory.
  ZSTD_CDict* for_compression(Thread& t, int level) {
    MutexGuard guard(t, mutex_);
    ZSTD_CDict*& digested = compression_[level];
    if (digested == nullptr) {
      Detached detached(t);
      digested = ZSTD_createCDict(data_, size_, level);
    }
    return digested;
  }
  ZSTD_DDict* for_decompression(Thread& t) {
    MutexGuard guard(t, mutex_);
    if (decompression_ == nullptr) {
      Detached detached(t);
      decompression_ = ZSTD_createDDict(data_, size_);
    }
    return decompression_;
  }

 private:
  ~Content() {
    for (auto& [level, digested] : compression_) ZSTD_freeCDict(digested);
    ZSTD_freeDDict(decompression_);
    std::free(data_);
  }
  u32 references_ = 1;
  u8* data_ = nullptr;
  size_t size_ = 0;
  Mutex mutex_;
  std::map<int, ZSTD_CDict*> compression_;
  ZSTD_DDict* decompression_ = nullptr;
};
enum class Use : u8 { kDigested, kUndigested, kPrefix };

struct Dictionary : Object {
  Content* content;
};
void release_dictionary(Thread&, Object* self) {
  Content* content = static_cast<Dictionary*>(self)->content;
  if (content != nullptr) content->release();
}
Content* content_of(Value v) { return v.as<Dictionary>()->content; }

Ref dictionary_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(dict_content, /, *, is_raw=False)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "ZstdDict", args, a, &unused));
  ByteView data(t);
  TRY(data.get(a[0]));
  bool raw = !a[1].is_empty() && TRY(truth(t, a[1]));
  if (data.size() < 8) return raise(t, exc::ValueError, "Zstandard dictionary content too short (must have at least eight bytes)");
  if (!raw && ZSTD_getDictID_fromDict(data.data(), data.size()) == 0) return raise(t, exc::ValueError, "invalid Zstandard dictionary");
  Ref made = TRY(allocate_instance(t, cls));
  made.as<Dictionary>()->content = Content::create(data.data(), data.size());
  if (content_of(made) == nullptr) return raise_no_memory(t);
  return made;
}
Result<i64> dictionary_length(Thread&, Value self) { return i64(content_of(self)->size()); }
u32 dictionary_id(Value self) { return ZSTD_getDictID_fromDict(content_of(self)->data(), content_of(self)->size()); }
Ref dictionary_repr(Thread& t, Value self) {
  return str_format(t, "<ZstdDict dict_id=%zu dict_size=%zu>", size_t(dictionary_id(self)), content_of(self)->size());
}
Ref get_dictionary_id(Thread&, Value self) { return Ref::adopt(Value::small_int(dictionary_id(self))); }
Ref get_content(Thread& t, Value self) { return bytes_from(t, content_of(self)->data(), content_of(self)->size()); }
template <Use use>
Ref get_with_use(Thread& t, Value self) { return tuple_of(t, self, Value::small_int(i64(use))); }
Ref no_pickling(Thread& t, Value self, const Value*) { return raise(t, exc::TypeError, "cannot pickle '%T' object", self); }

// A zstd_dict argument. `content` is null for None; the caller's argument keeps it alive.
struct DictionaryArgument {
  Content* content = nullptr;
  Use use = Use::kDigested;

  Status get(Thread& t, Value v, Use usual) {
    use = usual;
    if (v.is_empty() || v.is_none()) return ok();
    Value dictionary = v;
    if (is_tuple(v) && v.as<Tuple>()->size == 2) {
      dictionary = v.as<Tuple>()->items[0].peek();
      Value kind = v.as<Tuple>()->items[1].peek();
      if (is_instance_of(dictionary, g_dictionary_type) && is_int(kind)) {
        i64 n = TRY(to_i64(t, kind, "Python int too large to convert to C int"));
        if (n < 0 || n > i64(Use::kPrefix)) dictionary = None;
        use = Use(n & 3);
      } else {
        dictionary = None;
      }
    }
    if (!is_instance_of(dictionary, g_dictionary_type)) return raise(t, exc::TypeError, "zstd_dict argument should be a ZstdDict object.");
    content = content_of(dictionary);
    return ok();
  }
};

// --- parameters
Result<int> c_int(Thread& t, Value v) {
  const char* text = "Python int too large to convert to C int";
  i64 n = TRY(to_i64(t, v, text));
  if (n < INT_MIN || n > INT_MAX) return raise(t, exc::OverflowError, "%s", text);
  return int(n);
}
struct ParameterName {
  int key;
  const char* name;
};
constexpr ParameterName kCompressionNames[] = {
    {ZSTD_c_compressionLevel, "compression_level"}, {ZSTD_c_windowLog, "window_log"}, {ZSTD_c_hashLog, "hash_log"},
    {ZSTD_c_chainLog, "chain_log"}, {ZSTD_c_searchLog, "search_log"}, {ZSTD_c_minMatch, "min_match"},
    {ZSTD_c_targetLength, "target_length"}, {ZSTD_c_strategy, "strategy"},
    {ZSTD_c_enableLongDistanceMatching, "enable_long_distance_matching"}, {ZSTD_c_ldmHashLog, "ldm_hash_log"},
    {ZSTD_c_ldmMinMatch, "ldm_min_match"}, {ZSTD_c_ldmBucketSizeLog, "ldm_bucket_size_log"},
    {ZSTD_c_ldmHashRateLog, "ldm_hash_rate_log"}, {ZSTD_c_contentSizeFlag, "content_size_flag"},
    {ZSTD_c_checksumFlag, "checksum_flag"}, {ZSTD_c_dictIDFlag, "dict_id_flag"}, {ZSTD_c_nbWorkers, "nb_workers"},
    {ZSTD_c_jobSize, "job_size"}, {ZSTD_c_overlapLog, "overlap_log"}, {0, nullptr},
};
constexpr ParameterName kDecompressionNames[] = {{ZSTD_d_windowLogMax, "window_log_max"}, {0, nullptr}};

ZSTD_bounds bounds_of(bool compress, int key) {
  return compress ? ZSTD_cParam_getBounds(ZSTD_cParameter(key)) : ZSTD_dParam_getBounds(ZSTD_dParameter(key));
}
Raised raise_parameter(Thread& t, bool compress, int key, int value) {
  const char* kind = compress ? "compression" : "decompression";
  const char* name = nullptr;
  for (const ParameterName* row = compress ? kCompressionNames : kDecompressionNames; row->name != nullptr; row++)
    if (row->key == key) name = row->name;
  ZSTD_bounds bounds = bounds_of(compress, key);
  std::string unknown = "unknown parameter (key " + std::to_string(key) + ")";
  if (name == nullptr) name = unknown.c_str();
  if (ZSTD_isError(bounds.error)) return raise(t, exc::ValueError, "invalid %s parameter '%s'", kind, name);
  return raise(t, exc::ValueError, "%s parameter '%s' received an illegal value %d; the valid range is [%d, %d]", kind, name, value,
               bounds.lowerBound, bounds.upperBound);
}
// The range that `level` may have; `text` is the level as it goes into the message, with a space before it, or empty.
Raised raise_level(Thread& t, const std::string& text) {
  return raise(t, exc::ValueError, "illegal compression level%s; the valid range is [%d, %d]", text.c_str(), ZSTD_minCLevel(), ZSTD_maxCLevel());
}
// Calls set(key, value) for every option.
template <class Set>
Status set_options(Thread& t, Value options, bool compress, Set set) {
  Value other = compress ? g_decompression_parameter.get() : g_compression_parameter.get();
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, options.as<Dict>(), &position, &key, &value)) {
    if (!other.is_empty() && other.object() == type_of(key))
      return compress ? raise(t, exc::TypeError, "compression options dictionary key must not be a DecompressionParameter attribute")
                      : raise(t, exc::TypeError, "decompression options dictionary key must not be a CompressionParameter attribute");
    int k = TRY(c_int(t, key)), v = TRY(c_int(t, value));
    TRY(set(k, v));
  }
  return ok();
}

// --- compressor
struct Compressor : Object {
  ZSTD_CCtx* context;
  Content* content;  // what the context refers to, or null
  Mutex mutex;
  u8 last_mode;  // ZSTD_EndDirective; written under the mutex
};
void release_compressor(Thread&, Object* self) {
  auto* c = static_cast<Compressor*>(self);
  ZSTD_freeCCtx(c->context);  // waits for its workers
  if (c->content != nullptr) c->content->release();
}
Result<int> set_level(Thread& t, ZSTD_CCtx* context, int level) {
  if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) return raise_level(t, " " + std::to_string(level));
  size_t code = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
  if (ZSTD_isError(code)) return raise(t, g_error, "Unable to set compression level: %s", ZSTD_getErrorName(code));
  return level;
}
Status load_for_compression(Thread& t, Compressor* c, const DictionaryArgument& argument, int level) {
  if (argument.content == nullptr) return ok();
  c->content = argument.content->retain();
  size_t code = 0;
  if (argument.use == Use::kDigested) {
    ZSTD_CDict* digested = c->content->for_compression(t, level);
    if (digested == nullptr) return raise(t, g_error, "Failed to create a ZSTD_CDict instance from Zstandard dictionary content.");
    code = ZSTD_CCtx_refCDict(c->context, digested);
  } else if (argument.use == Use::kUndigested) {
    code = ZSTD_CCtx_loadDictionary(c->context, c->content->data(), c->content->size());
  } else {
    code = ZSTD_CCtx_refPrefix(c->context, c->content->data(), c->content->size());
  }
  if (ZSTD_isError(code)) return raise(t, g_error, "Unable to load Zstandard dictionary or prefix for compression: %s", ZSTD_getErrorName(code));
  return ok();
}
Ref compressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(level=None, options=None, zstd_dict=None)");
  Value a[3];
  Ref unused;
  TRY(bind_arguments(t, signature, "ZstdCompressor", args, a, &unused));
  bool with_level = !a[0].is_empty() && !a[0].is_none(), with_options = !a[1].is_empty() && !a[1].is_none();
  if (with_level && with_options) return raise(t, exc::TypeError, "Only one of level or options should be used.");
  Ref made = TRY(allocate_instance(t, cls));
  auto* c = made.as<Compressor>();
  c->context = ZSTD_createCCtx();
  if (c->context == nullptr) return raise_no_memory(t);
  c->last_mode = ZSTD_e_end;
  int level = ZSTD_CLEVEL_DEFAULT;
  if (with_level) {
    if (!is_int(a[0])) return raise(t, exc::TypeError, "invalid type for level, expected int");
    Result<int> n = c_int(t, a[0]);
    if (n.failed()) return clear_if(t, exc::OverflowError) ? raise_level(t, "") : Raised{};
    level = TRY(set_level(t, c->context, n.get()));
  }
  if (with_options) {
    if (!is_dict(a[1])) return raise(t, exc::TypeError, "ZstdCompressor() argument 'options' must be dict, not %T", a[1]);
    TRY(set_options(t, a[1], true, [&](int key, int value) -> Status {
      if (key == ZSTD_c_compressionLevel) {
        level = TRY(set_level(t, c->context, value));
        return ok();
      }
      if (ZSTD_isError(ZSTD_CCtx_setParameter(c->context, ZSTD_cParameter(key), value))) return raise_parameter(t, true, key, value);
      return ok();
    }));
  }
  DictionaryArgument dictionary;
  TRY(dictionary.get(t, a[2], Use::kUndigested));
  TRY(load_for_compression(t, c, dictionary, level));
  return made;
}

Ref compress(Thread& t, Compressor* c, const u8* data, size_t size, ZSTD_EndDirective mode) {
  compression::Output out;
  size_t code = 0;
  {
    MutexGuard guard(t, c->mutex);
    Detached detached(t);
    ZSTD_inBuffer in = {data, size, 0};
    while (true) {
      compression::Span room = out.room(-1);
      if (room.size == 0) break;
      ZSTD_outBuffer to = {room.data, room.size, 0};
      code = ZSTD_compressStream2(c->context, &to, &in, mode);
      out.advance(to.pos);
      if (ZSTD_isError(code)) break;
      if (mode == ZSTD_e_continue ? in.pos == in.size && to.pos != to.size : code == 0) break;
    }
    bool failed = ZSTD_isError(code) || out.failed();
    if (failed) ZSTD_CCtx_reset(c->context, ZSTD_reset_session_only);
    __atomic_store_n(&c->last_mode, u8(failed ? ZSTD_e_end : mode), __ATOMIC_RELAXED);
  }
  if (ZSTD_isError(code) && !out.failed()) return raise(t, g_error, "Unable to compress Zstandard data: %s", ZSTD_getErrorName(code));
  return out.bytes(t);
}
Ref compressor_compress(Thread& t, Value self, const Value* a) {
  int mode = a[1].is_empty() ? int(ZSTD_e_continue) : TRY(c_int(t, a[1]));
  ByteView data(t);
  TRY(data.get(a[0]));
  if (mode < ZSTD_e_continue || mode > ZSTD_e_end)
    return raise(t, exc::ValueError,
                 "mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME.");
  return compress(t, self.as<Compressor>(), data.data(), data.size(), ZSTD_EndDirective(mode));
}
Ref compressor_flush(Thread& t, Value self, const Value* a) {
  int mode = a[0].is_empty() ? int(ZSTD_e_end) : TRY(c_int(t, a[0]));
  if (mode != ZSTD_e_end && mode != ZSTD_e_flush)
    return raise(t, exc::ValueError, "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or ZstdCompressor.FLUSH_BLOCK.");
  return compress(t, self.as<Compressor>(), nullptr, 0, ZSTD_EndDirective(mode));
}
Ref set_pledged_input_size(Thread& t, Value self, const Value* a) {
  u64 size = ZSTD_CONTENTSIZE_UNKNOWN;
  if (!a[0].is_none()) {
    if (!is_int(a[0])) return raise(t, exc::TypeError, "an integer is required");
    if (int_sign(a[0]) < 0 || !int_fits_u64(a[0], &size) || size >= ZSTD_CONTENTSIZE_ERROR)
      return raise(t, exc::ValueError, "size argument should be a positive int less than %zu", size_t(ZSTD_CONTENTSIZE_ERROR));
  }
  auto* c = self.as<Compressor>();
  bool late;
  size_t code = 0;
  {
    MutexGuard guard(t, c->mutex);
    late = c->last_mode != ZSTD_e_end;
    if (!late) code = ZSTD_CCtx_setPledgedSrcSize(c->context, size);
  }
  if (late) return raise(t, exc::ValueError, "set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME");
  if (ZSTD_isError(code)) return raise(t, g_error, "Unable to set pledged uncompressed content size: %s", ZSTD_getErrorName(code));
  return Ref::none();
}
Ref get_last_mode(Thread&, Value self) {
  return Ref::adopt(Value::small_int(__atomic_load_n(&self.as<Compressor>()->last_mode, __ATOMIC_RELAXED)));
}

// --- decompressor
struct Zstd {
  struct State {
    ZSTD_DCtx* context;
    Content* content;  // what the context refers to, or null
  };
  static constexpr bool kUnusableAfterErrors = false;
  static constexpr bool kRunsWithoutRoom = true;
  // 0 at the end of a frame, 1 before, a negative ZSTD_ErrorCode otherwise.
  static int run(State& state, compression::Span& in, compression::Span& out, bool) {
    ZSTD_inBuffer from = {in.data, in.size, 0};
    ZSTD_outBuffer to = {out.data, out.size, 0};
    size_t code = ZSTD_decompressStream(state.context, &to, &from);
    in.skip(from.pos);
    out.skip(to.pos);
    if (!ZSTD_isError(code)) return code == 0 ? 0 : 1;
    ZSTD_DCtx_reset(state.context, ZSTD_reset_session_only);
    return -int(ZSTD_getErrorCode(code));
  }
  static bool ended(int code) { return code == 0; }
  static bool fine(int code) { return code >= 0; }
  static Raised fail(Thread& t, int code) {
    return raise(t, g_error, "Unable to decompress Zstandard data: %s", ZSTD_getErrorString(ZSTD_ErrorCode(-code)));
  }
  static void close(State& state, bool) {
    ZSTD_freeDCtx(state.context);
    if (state.content != nullptr) state.content->release();
  }
};
using Stream = compression::Stream<Zstd>;

Status load_for_decompression(Thread& t, Zstd::State& state, const DictionaryArgument& argument) {
  if (argument.content == nullptr) return ok();
  state.content = argument.content->retain();
  size_t code = 0;
  if (argument.use == Use::kDigested) {
    ZSTD_DDict* digested = state.content->for_decompression(t);
    if (digested == nullptr) return raise(t, g_error, "Failed to create a ZSTD_DDict instance from Zstandard dictionary content.");
    code = ZSTD_DCtx_refDDict(state.context, digested);
  } else if (argument.use == Use::kUndigested) {
    code = ZSTD_DCtx_loadDictionary(state.context, state.content->data(), state.content->size());
  } else {
    code = ZSTD_DCtx_refPrefix(state.context, state.content->data(), state.content->size());
  }
  if (ZSTD_isError(code)) return raise(t, g_error, "Unable to load Zstandard dictionary or prefix for decompression: %s", ZSTD_getErrorName(code));
  return ok();
}
Ref decompressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(zstd_dict=None, options=None)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "ZstdDecompressor", args, a, &unused));
  Ref made = TRY(compression::new_stream<Zstd>(t, cls, false));
  auto& state = made.as<Stream>()->state;
  state.context = ZSTD_createDCtx();
  if (state.context == nullptr) return raise_no_memory(t);
  made.as<Stream>()->ready = true;
  DictionaryArgument dictionary;
  TRY(dictionary.get(t, a[0], Use::kDigested));
  TRY(load_for_decompression(t, state, dictionary));
  if (a[1].is_empty() || a[1].is_none()) return made;
  if (!is_dict(a[1])) return raise(t, exc::TypeError, "ZstdDecompressor() argument 'options' must be dict, not %T", a[1]);
  TRY(set_options(t, a[1], false, [&](int key, int value) -> Status {
    if (ZSTD_isError(ZSTD_DCtx_setParameter(state.context, ZSTD_dParameter(key), value))) return raise_parameter(t, false, key, value);
    return ok();
  }));
  return made;
}
Ref decompress(Thread& t, Value self, const Value* a) {
  return compression::decompress_method<Zstd>(t, self, a, "Already at the end of a Zstandard frame.");
}

// --- functions
// Bytes and the sizes of the samples in them.
struct Samples {
  std::vector<size_t> sizes;

  Status get(Thread& t, Value bytes, Value tuple) {
    auto* all = tuple.as<Tuple>();
    size_t left = bytes.as<Bytes>()->size;
    bool fits = true;
    for (size_t i = 0; i < all->size; i++) {
      Value v = all->items[i].peek();
      if (!is_int(v)) return raise(t, exc::TypeError, "an integer is required");
      u64 n = 0;
      fits = fits && int_sign(v) >= 0 && int_fits_u64(v, &n) && n <= left;
      if (fits) left -= n;
      sizes.push_back(n);
    }
    if (!fits || left != 0) return raise(t, exc::ValueError, "The samples size tuple doesn't match the concatenation's size.");
    if (sizes.size() > UINT_MAX) return raise(t, exc::ValueError, "The number of samples should be <= %zu.", size_t(UINT_MAX));
    return ok();
  }
};
Status check_type(Thread& t, const char* function, int position, const char* expected, bool good, Value v) {
  if (good) return ok();
  return raise(t, exc::TypeError, "%s() argument %d must be %s, not %T", function, position, expected, v);
}
Result<i64> dictionary_size(Thread& t, Value v) { return to_i64(t, v, "Python int too large to convert to C ssize_t"); }

// Runs `make(buffer)`, which fills at most `size` bytes and returns how many, or the library's error.
template <class Make>
Ref make_dictionary(Thread& t, i64 size, const char* what, Make make) {
  if (size <= 0) return raise(t, exc::ValueError, "dict_size argument should be positive number.");
  auto* buffer = static_cast<u8*>(std::malloc(size_t(size)));
  if (buffer == nullptr) return raise_no_memory(t);
  size_t code;
  {
    Detached detached(t);
    code = make(buffer);
  }
  Ref made;
  if (ZDICT_isError(code))
    made = raise(t, g_error, "Unable to %s the Zstandard dictionary: %s", what, ZDICT_getErrorName(code));
  else
    made = bytes_from(t, buffer, code);
  std::free(buffer);
  return made;
}
Ref train_dict(Thread& t, Value, const Value* a) {
  TRY(check_type(t, "train_dict", 1, "bytes", is_bytes(a[0]), a[0]));
  TRY(check_type(t, "train_dict", 2, "tuple", is_tuple(a[1]), a[1]));
  i64 size = TRY(dictionary_size(t, a[2]));
  if (size <= 0) return raise(t, exc::ValueError, "dict_size argument should be positive number.");
  Samples samples;
  TRY(samples.get(t, a[0], a[1]));
  const u8* data = a[0].as<Bytes>()->data;
  return make_dictionary(t, size, "train", [&](u8* buffer) {
    return ZDICT_trainFromBuffer(buffer, size_t(size), data, samples.sizes.data(), unsigned(samples.sizes.size()));
  });
}
Ref finalize_dict(Thread& t, Value, const Value* a) {
  TRY(check_type(t, "finalize_dict", 1, "bytes", is_bytes(a[0]), a[0]));
  TRY(check_type(t, "finalize_dict", 2, "bytes", is_bytes(a[1]), a[1]));
  TRY(check_type(t, "finalize_dict", 3, "tuple", is_tuple(a[2]), a[2]));
  i64 size = TRY(dictionary_size(t, a[3]));
  int level = TRY(c_int(t, a[4]));
  if (size <= 0) return raise(t, exc::ValueError, "dict_size argument should be positive number.");
  Samples samples;
  TRY(samples.get(t, a[1], a[2]));
  auto *custom = a[0].as<Bytes>(), *data = a[1].as<Bytes>();
  return make_dictionary(t, size, "finalize", [&](u8* buffer) {
    ZDICT_params_t parameters = {};
    parameters.compressionLevel = level;
    return ZDICT_finalizeDictionary(buffer, size_t(size), custom->data, custom->size, data->data, samples.sizes.data(),
                                    unsigned(samples.sizes.size()), parameters);
  });
}
Ref get_param_bounds(Thread& t, Value, const Value* a) {
  int key = TRY(c_int(t, a[0]));
  bool compress = TRY(truth(t, a[1]));
  ZSTD_bounds bounds = bounds_of(compress, key);
  if (ZSTD_isError(bounds.error))
    return raise(t, g_error, "Unable to get zstd %s parameter bounds: %s", compress ? "compression" : "decompression", ZSTD_getErrorName(bounds.error));
  return tuple_of(t, Value::small_int(bounds.lowerBound), Value::small_int(bounds.upperBound));
}
Ref get_frame_size(Thread& t, Value, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  size_t size = ZSTD_findFrameCompressedSize(data.data(), data.size());
  if (ZSTD_isError(size))
    return raise(t, g_error,
                 "Error when finding the compressed size of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning of a "
                 "frame, and its length is not less than this complete frame. Zstd error message: %s.",
                 ZSTD_getErrorName(size));
  return int_from(t, i64(size));
}
Ref get_frame_info(Thread& t, Value, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  u64 size = ZSTD_getFrameContentSize(data.data(), data.size());
  if (size == ZSTD_CONTENTSIZE_ERROR)
    return raise(t, g_error,
                 "Error when getting information from the header of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning "
                 "of a frame, and its length is not less than the frame header (6~18 bytes).");
  Ref length = size == ZSTD_CONTENTSIZE_UNKNOWN ? Ref::none() : TRY(int_from_u64(t, size));
  return tuple_of(t, length, Value::small_int(ZSTD_getDictID_fromFrame(data.data(), data.size())));
}
Ref set_parameter_types(Thread& t, Value, const Value* a) {
  const char* const names[] = {"c_parameter_type", "d_parameter_type"};
  for (int i = 0; i < 2; i++)
    if (!is_instance_of(a[i], types::type)) return raise(t, exc::TypeError, "set_parameter_types() argument '%s' must be type, not %T", names[i], a[i]);
  g_compression_parameter.set(t, Ref::copy(a[0]));
  g_decompression_parameter.set(t, Ref::copy(a[1]));
  return Ref::none();
}

// --- tables
const Method kDictionaryMethods[] = {method("__reduce__", no_pickling, "($self, /)"), {}};
const GetSet kDictionaryGetSets[] = {
    {"dict_content", get_content, nullptr, "The content of a Zstandard dictionary, as a bytes object."},
    {"dict_id", get_dictionary_id, nullptr, "The number of the dictionary; 0 for raw content."},
    {"as_digested_dict", get_with_use<Use::kDigested>, nullptr, "The dictionary as a zstd_dict argument that is digested once for a level."},
    {"as_undigested_dict", get_with_use<Use::kUndigested>, nullptr, "The dictionary as a zstd_dict argument that is loaded anew each time."},
    {"as_prefix", get_with_use<Use::kPrefix>, nullptr, "The dictionary as a zstd_dict argument that is a prefix of the first frame."},
    {},
};
const TypeSpec kDictionarySpec = {
    .name = "compression.zstd.ZstdDict",
    .doc = "Represents a Zstandard dictionary, which any number of compressors and decompressors may share.",
    .layout = {"ZstdDict", sizeof(Dictionary), 0, nullptr, release_dictionary, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = dictionary_repr, .new_ = dictionary_new, .length = dictionary_length},
    .methods = kDictionaryMethods,
    .getsets = kDictionaryGetSets,
    .text_signature = "(dict_content, /, *, is_raw=False)",
};
const Method kCompressorMethods[] = {
    method("compress", compressor_compress, "($self, /, data, mode=ZstdCompressor.CONTINUE)",
           "Provide data to the compressor object.\n\nReturns a chunk of compressed data if possible, or b'' otherwise."),
    method("flush", compressor_flush, "($self, /, mode=ZstdCompressor.FLUSH_FRAME)",
           "Finish a block or frame.\n\nReturns the compressed data left in internal buffers."),
    method("set_pledged_input_size", set_pledged_input_size, "($self, size, /)", "Set the uncompressed size that the header of the next frame tells."),
    method("__reduce__", no_pickling, "($self, /)"),
    {},
};
const GetSet kCompressorGetSets[] = {{"last_mode", get_last_mode, nullptr, "The mode of the last call."}, {}};
const TypeSpec kCompressorSpec = {
    .name = "compression.zstd.ZstdCompressor",
    .doc = "Create a compressor object for compressing data incrementally.",
    .layout = {"ZstdCompressor", sizeof(Compressor), 0, nullptr, release_compressor, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = compressor_new},
    .methods = kCompressorMethods,
    .getsets = kCompressorGetSets,
    .text_signature = "(level=None, options=None, zstd_dict=None)",
};
const Method kDecompressorMethods[] = {
    method("decompress", decompress, "($self, /, data, max_length=-1)", "Decompress *data*, returning uncompressed bytes if possible, or b'' otherwise."),
    method("__reduce__", compression::no_pickling<Zstd>, "($self, /)"),
    {},
};
const GetSet kDecompressorGetSets[] = {
    {"eof", compression::get_eof<Zstd>, nullptr, "True if the end of the first frame has been reached."},
    {"needs_input", compression::get_needs_input<Zstd>, nullptr, "True if more input is needed before more decompressed data can be produced."},
    {"unused_data", compression::get_unused_data<Zstd>, nullptr, "Data found after the end of the frame."},
    {},
};
const TypeSpec kDecompressorSpec = {
    .name = "compression.zstd.ZstdDecompressor",
    .doc = "Create a decompressor object for decompressing data incrementally.",
    .layout = {"ZstdDecompressor", sizeof(Stream), 0, compression::visit<Zstd>, compression::release<Zstd>, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = decompressor_new},
    .methods = kDecompressorMethods,
    .getsets = kDecompressorGetSets,
    .text_signature = "(zstd_dict=None, options=None)",
};
const Method kFunctions[] = {
    method("train_dict", train_dict, "($module, samples_bytes, samples_sizes, dict_size, /)", "Train a Zstandard dictionary on sample data."),
    method("finalize_dict", finalize_dict, "($module, custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level, /)",
           "Finalize a Zstandard dictionary."),
    method("get_param_bounds", get_param_bounds, "($module, /, parameter, is_compress)", "The least and the greatest value of a parameter."),
    method("get_frame_size", get_frame_size, "($module, /, frame_buffer)", "The size of a Zstandard frame, with header and checksum."),
    method("get_frame_info", get_frame_info, "($module, /, frame_buffer)", "(decompressed size or None, dictionary id) from the header of a frame."),
    method("set_parameter_types", set_parameter_types, "($module, /, c_parameter_type, d_parameter_type)",
           "Set the enumerations whose members are told apart in options."),
    {},
};
struct Constant {
  const char* name;
  int value;
};
#define C(name) {#name, name}
const Constant kConstants[] = {
    C(ZSTD_c_compressionLevel), C(ZSTD_c_windowLog), C(ZSTD_c_hashLog), C(ZSTD_c_chainLog), C(ZSTD_c_searchLog), C(ZSTD_c_minMatch),
    C(ZSTD_c_targetLength), C(ZSTD_c_strategy), C(ZSTD_c_enableLongDistanceMatching), C(ZSTD_c_ldmHashLog), C(ZSTD_c_ldmMinMatch),
    C(ZSTD_c_ldmBucketSizeLog), C(ZSTD_c_ldmHashRateLog), C(ZSTD_c_contentSizeFlag), C(ZSTD_c_checksumFlag), C(ZSTD_c_dictIDFlag),
    C(ZSTD_c_nbWorkers), C(ZSTD_c_jobSize), C(ZSTD_c_overlapLog), C(ZSTD_d_windowLogMax), C(ZSTD_fast), C(ZSTD_dfast), C(ZSTD_greedy),
    C(ZSTD_lazy), C(ZSTD_lazy2), C(ZSTD_btlazy2), C(ZSTD_btopt), C(ZSTD_btultra), C(ZSTD_btultra2), C(ZSTD_CLEVEL_DEFAULT),
};
#undef C

Status initialise(Thread& t, Module* module) {
  TRY(module_add_exception(t, module, "compression.zstd.ZstdError", exc::Exception, &g_error));
  TRY(module_add_type(t, module, kDictionarySpec, &g_dictionary_type));
  TRY(module_add_type(t, module, kCompressorSpec, &g_compressor_type));
  TRY(module_add_type(t, module, kDecompressorSpec, &g_decompressor_type));
  const Constant modes[] = {{"CONTINUE", ZSTD_e_continue}, {"FLUSH_BLOCK", ZSTD_e_flush}, {"FLUSH_FRAME", ZSTD_e_end}};
  for (auto& mode : modes) {
    RefTo<Str> name = TRY(str_from_ascii(t, mode.name));
    name = TRY(str_intern(t, name));
    TRY(dict_set_str(t, g_compressor_type->dict.as<Dict>(), name.get(), Value::small_int(mode.value)));
  }
  for (auto& constant : kConstants) TRY(module_add_int(t, module, constant.name, constant.value));
  TRY(module_add_int(t, module, "ZSTD_DStreamOutSize", i64(ZSTD_DStreamOutSize())));
  TRY(module_add_str(t, module, "zstd_version", ZSTD_versionString()));
  return module_add_int(t, module, "zstd_version_number", ZSTD_versionNumber());
}

}  // namespace

extern const ModuleDef module__zstd;
const ModuleDef module__zstd = {"_zstd", "Implementation module for Zstandard compression.", kFunctions, initialise};

}  // namespace typhon
