// _lzma: compressor and decompressor objects on liblzma, and filter chains.
#include <lzma.h>

#include "modules/compression.h"

namespace typhon {
namespace {

Type *g_error, *g_compressor_type, *g_decompressor_type;

enum Format : i64 { kAuto, kXz, kAlone, kRaw };
constexpr u32 kCheckUnknown = LZMA_CHECK_ID_MAX + 1;

struct Lzma {
  struct State {
    lzma_stream z;
    u32 check;  // atomic: it is read while a stream is worked on
  };
  static constexpr bool kUnusableAfterErrors = false;
  static constexpr bool kRunsWithoutRoom = false;
  static int run(State& s, compression::Span& in, compression::Span& out, bool finish) {
    s.z.next_in = in.data;
    s.z.avail_in = in.size;
    s.z.next_out = out.data;
    s.z.avail_out = out.size;
    lzma_ret code;
    // Headers tell the check, in codes of their own; then it goes on.
    do {
      code = lzma_code(&s.z, finish ? LZMA_FINISH : LZMA_RUN);
      if (code == LZMA_GET_CHECK || code == LZMA_NO_CHECK) __atomic_store_n(&s.check, u32(lzma_get_check(&s.z)), __ATOMIC_RELAXED);
    } while (code == LZMA_GET_CHECK || code == LZMA_NO_CHECK);
    in.skip(in.size - s.z.avail_in);
    out.skip(out.size - s.z.avail_out);
    return code;
  }
  static bool ended(int code) { return code == LZMA_STREAM_END; }
  static bool fine(int code) { return code == LZMA_OK || code == LZMA_STREAM_END || code == LZMA_BUF_ERROR; }
  static Raised fail(Thread& t, int code) {
    switch (code) {
      case LZMA_UNSUPPORTED_CHECK: return raise(t, g_error, "Unsupported integrity check");
      case LZMA_MEM_ERROR: return raise_no_memory(t);
      case LZMA_MEMLIMIT_ERROR: return raise(t, g_error, "Memory usage limit exceeded");
      case LZMA_FORMAT_ERROR: return raise(t, g_error, "Input format not supported by decoder");
      case LZMA_OPTIONS_ERROR: return raise(t, g_error, "Invalid or unsupported options");
      case LZMA_DATA_ERROR: return raise(t, g_error, "Corrupt input data");
      case LZMA_BUF_ERROR: return raise(t, g_error, "Insufficient buffer space");
      case LZMA_PROG_ERROR: return raise(t, g_error, "Internal error");
      default: return raise(t, g_error, "Unrecognized error from liblzma: %d", code);
    }
  }
  static void close(State& s, bool) { lzma_end(&s.z); }
};
using Stream = compression::Stream<Lzma>;

// --- filter specifiers: dicts with an "id" and the filter's options
Ref entry(Thread& t, Value spec, const char* name) {
  RefTo<Str> key = TRY(str_from_ascii(t, name));
  Ref found = get_item(t, spec, key);
  if (!found.failed() || !clear_if(t, exc::KeyError)) return found;
  return Ref();
}
Result<u64> unsigned_of(Thread& t, Value v, u64 limit) {
  Ref index = TRY(to_index(t, v));
  u64 n;
  if (int_sign(index) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(index, &n) || n > limit)
    return raise(t, exc::OverflowError, "Python int too large for C %s", limit == UINT64_MAX ? "uint64_t" : "uint32_t");
  return n;
}
// False and ValueError when there are other keys than those.
Status check_keys(Thread& t, Value spec, const char* const* names, const char* what) {
  if (!is_dict(spec)) return ok();
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, spec.as<Dict>(), &position, &key, &value)) {
    bool known = false;
    for (const char* const* name = names; *name != nullptr; name++) known |= is_str(key) && key.as<Str>()->equals_ascii(*name);
    if (!known) return raise(t, exc::ValueError, "Invalid filter specifier for %s filter", what);
  }
  return ok();
}
union Options {
  lzma_options_lzma lzma;
  lzma_options_delta delta;
  lzma_options_bcj bcj;
};
Status read_lzma_options(Thread& t, Value spec, lzma_options_lzma* options) {
  static const char* const kNames[] = {"id", "preset", "dict_size", "lc", "lp", "pb", "mode", "nice_len", "mf", "depth", nullptr};
  u32 preset = LZMA_PRESET_DEFAULT;
  Ref given = TRY(entry(t, spec, "preset"));
  if (!given.is_empty()) preset = u32(TRY(unsigned_of(t, given, UINT32_MAX)));
  if (lzma_lzma_preset(options, preset)) return raise(t, g_error, "Invalid compression preset: %zd", i64(preset));
  TRY(check_keys(t, spec, kNames, "LZMA"));
  u32 mode = options->mode, finder = options->mf;
  u32* const fields[] = {&options->dict_size, &options->lc, &options->lp, &options->pb, &mode, &options->nice_len, &finder, &options->depth};
  for (int i = 0; i < 8; i++) {
    given = TRY(entry(t, spec, kNames[i + 2]));
    if (!given.is_empty()) *fields[i] = u32(TRY(unsigned_of(t, given, UINT32_MAX)));
  }
  options->mode = lzma_mode(mode);
  options->mf = lzma_match_finder(finder);
  return ok();
}
Status read_filter(Thread& t, Value spec, lzma_filter* filter, Options* options) {
  if (!is_mapping(spec)) return raise(t, exc::TypeError, "Filter specifier must be a dict or dict-like object");
  Ref id = TRY(entry(t, spec, "id"));
  if (id.is_empty()) return raise(t, exc::ValueError, "Filter specifier must have an \"id\" entry");
  filter->id = TRY(unsigned_of(t, id, UINT64_MAX));
  filter->options = options;
  switch (filter->id) {
    case LZMA_FILTER_LZMA1:
    case LZMA_FILTER_LZMA2: return read_lzma_options(t, spec, &options->lzma);
    case LZMA_FILTER_DELTA: {
      static const char* const kNames[] = {"id", "dist", nullptr};
      TRY(check_keys(t, spec, kNames, "delta"));
      Ref distance = TRY(entry(t, spec, "dist"));
      options->delta = {};
      options->delta.type = LZMA_DELTA_TYPE_BYTE;
      options->delta.dist = distance.is_empty() ? 1 : u32(TRY(unsigned_of(t, distance, UINT32_MAX)));
      return ok();
    }
    case LZMA_FILTER_X86:
    case LZMA_FILTER_POWERPC:
    case LZMA_FILTER_IA64:
    case LZMA_FILTER_ARM:
    case LZMA_FILTER_ARMTHUMB:
    case LZMA_FILTER_SPARC: {
      static const char* const kNames[] = {"id", "start_offset", nullptr};
      TRY(check_keys(t, spec, kNames, "BCJ"));
      Ref start = TRY(entry(t, spec, "start_offset"));
      options->bcj = {};
      options->bcj.start_offset = start.is_empty() ? 0 : u32(TRY(unsigned_of(t, start, UINT32_MAX)));
      return ok();
    }
    default: return raise(t, exc::ValueError, "Invalid filter ID: %zu", size_t(filter->id));
  }
}
struct Chain {
  lzma_filter filters[LZMA_FILTERS_MAX + 1];
  Options options[LZMA_FILTERS_MAX];
};
Status read_chain(Thread& t, Value specs, Chain* chain) {
  if (!is_sequence(specs)) return raise(t, exc::TypeError, "%T is not a sequence", specs);
  i64 n = TRY(length(t, specs));
  if (n > LZMA_FILTERS_MAX) return raise(t, exc::ValueError, "Too many filters - liblzma supports a maximum of %d", LZMA_FILTERS_MAX);
  for (i64 i = 0; i < n; i++) {
    Ref spec = TRY(get_item_index(t, specs, i));
    TRY(read_filter(t, spec, &chain->filters[i], &chain->options[i]));
  }
  chain->filters[n].id = LZMA_VLI_UNKNOWN;
  return ok();
}
Ref filter_as_dict(Thread& t, const lzma_filter& filter) {
  RefTo<Dict> dict = TRY(dict_new(t));
  auto add = [&](const char* name, u64 n) -> Status {
    RefTo<Str> key = TRY(str_from_ascii(t, name));
    Ref value = TRY(int_from_u64(t, n));
    return dict_set_str(t, dict.get(), key.get(), value);
  };
  TRY(add("id", filter.id));
  if (filter.id == LZMA_FILTER_LZMA1 || filter.id == LZMA_FILTER_LZMA2) {
    auto* options = static_cast<lzma_options_lzma*>(filter.options);
    // LZMA2 keeps only the size of its dictionary.
    if (filter.id == LZMA_FILTER_LZMA1) {
      TRY(add("lc", options->lc));
      TRY(add("lp", options->lp));
      TRY(add("pb", options->pb));
    }
    TRY(add("dict_size", options->dict_size));
  } else if (filter.id == LZMA_FILTER_DELTA) {
    TRY(add("dist", static_cast<lzma_options_delta*>(filter.options)->dist));
  } else if (filter.options != nullptr) {
    u32 start = static_cast<lzma_options_bcj*>(filter.options)->start_offset;
    if (start != 0) TRY(add("start_offset", start));
  }
  return dict;
}

// --- objects
Ref compressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(format=FORMAT_XZ, check=-1, preset=None, filters=None)");
  Value a[4];
  Ref unused;
  TRY(bind_arguments(t, signature, "LZMACompressor", args, a, &unused));
  i64 format = a[0].is_empty() ? kXz : TRY(to_i64(t, a[0])), check = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1]));
  bool with_preset = !a[2].is_empty() && !a[2].is_none(), with_filters = !a[3].is_empty() && !a[3].is_none();
  if (with_preset && with_filters) return raise(t, exc::ValueError, "Cannot specify both preset and filter chain");
  u32 preset = with_preset ? u32(TRY(unsigned_of(t, a[2], UINT32_MAX))) : LZMA_PRESET_DEFAULT;
  if (format != kXz && check != -1 && check != LZMA_CHECK_NONE)
    return raise(t, exc::ValueError, "Integrity checks are only supported by FORMAT_XZ");
  if (check == -1 && format == kXz) check = LZMA_CHECK_CRC64;
  Chain chain;
  if (with_filters) TRY(read_chain(t, a[3], &chain));
  Ref made = TRY(compression::new_stream<Lzma>(t, cls, true));
  auto* s = made.as<Stream>();
  lzma_stream* z = &s->state.z;
  lzma_ret code = LZMA_OK;
  switch (format) {
    case kXz:
      code = with_filters ? lzma_stream_encoder(z, chain.filters, lzma_check(check)) : lzma_easy_encoder(z, preset, lzma_check(check));
      break;
    case kAlone:
      if (!with_filters) {
        lzma_options_lzma options;
        if (lzma_lzma_preset(&options, preset)) return raise(t, g_error, "Invalid compression preset: %zd", i64(preset));
        code = lzma_alone_encoder(z, &options);
      } else if (chain.filters[0].id == LZMA_FILTER_LZMA1 && chain.filters[1].id == LZMA_VLI_UNKNOWN) {
        code = lzma_alone_encoder(z, &chain.options[0].lzma);
      } else {
        return raise(t, exc::ValueError, "Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter");
      }
      break;
    case kRaw:
      if (!with_filters) return raise(t, exc::ValueError, "Must specify filters for FORMAT_RAW");
      code = lzma_raw_encoder(z, chain.filters);
      break;
    default: return raise(t, exc::ValueError, "Invalid container format: %zd", format);
  }
  if (code != LZMA_OK) return Lzma::fail(t, code);
  s->ready = true;
  return made;
}
Ref decompressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(format=FORMAT_AUTO, memlimit=None, filters=None)");
  Value a[3];
  Ref unused;
  TRY(bind_arguments(t, signature, "LZMADecompressor", args, a, &unused));
  i64 format = a[0].is_empty() ? kAuto : TRY(to_i64(t, a[0]));
  bool with_limit = !a[1].is_empty() && !a[1].is_none(), with_filters = !a[2].is_empty() && !a[2].is_none();
  u64 limit = UINT64_MAX;
  if (with_limit) {
    if (format == kRaw) return raise(t, exc::ValueError, "Cannot specify memory limit with FORMAT_RAW");
    limit = TRY(unsigned_of(t, a[1], UINT64_MAX));
  }
  if (format == kRaw && !with_filters) return raise(t, exc::ValueError, "Must specify filters for FORMAT_RAW");
  if (format != kRaw && with_filters) return raise(t, exc::ValueError, "Cannot specify filters except with FORMAT_RAW");
  Chain chain;
  if (with_filters) TRY(read_chain(t, a[2], &chain));
  Ref made = TRY(compression::new_stream<Lzma>(t, cls, false));
  auto* s = made.as<Stream>();
  s->state.check = kCheckUnknown;
  constexpr u32 kFlags = LZMA_TELL_ANY_CHECK | LZMA_TELL_NO_CHECK;
  lzma_stream* z = &s->state.z;
  lzma_ret code = LZMA_OK;
  switch (format) {
    case kAuto: code = lzma_auto_decoder(z, limit, kFlags); break;
    case kXz: code = lzma_stream_decoder(z, limit, kFlags); break;
    case kAlone:
      s->state.check = LZMA_CHECK_NONE;
      code = lzma_alone_decoder(z, limit);
      break;
    case kRaw:
      s->state.check = LZMA_CHECK_NONE;
      code = lzma_raw_decoder(z, chain.filters);
      break;
    default: return raise(t, exc::ValueError, "Invalid container format: %zd", format);
  }
  if (code != LZMA_OK) return Lzma::fail(t, code);
  s->ready = true;
  return made;
}
Ref decompress(Thread& t, Value self, const Value* a) {
  return compression::decompress_method<Lzma>(t, self, a, "Already at end of stream");
}
Ref get_check(Thread& t, Value self) { return int_from(t, __atomic_load_n(&self.as<Stream>()->state.check, __ATOMIC_RELAXED)); }

// --- functions
Ref f_is_check_supported(Thread& t, Value, const Value* a) {
  return Ref::boolean(lzma_check_is_supported(lzma_check(TRY(to_i64(t, a[0])))));
}
Ref f_encode(Thread& t, Value, const Value* a) {
  lzma_filter filter;
  Options options;
  TRY(read_filter(t, a[0], &filter, &options));
  u32 size;
  lzma_ret code = lzma_properties_size(&size, &filter);
  if (code != LZMA_OK) return Lzma::fail(t, code);
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size));
  code = lzma_properties_encode(&filter, bytes->data);
  if (code != LZMA_OK) return Lzma::fail(t, code);
  return bytes;
}
Ref f_decode(Thread& t, Value, const Value* a) {
  lzma_filter filter = {TRY(unsigned_of(t, a[0], UINT64_MAX)), nullptr};
  ByteView data(t);
  TRY(data.get(a[1]));
  lzma_ret code = lzma_properties_decode(&filter, nullptr, data.data(), data.size());
  if (code != LZMA_OK) return Lzma::fail(t, code);
  Ref dict = filter_as_dict(t, filter);
  std::free(filter.options);  // by liblzma's default allocator: malloc
  return dict;
}

const Method kFunctions[] = {
    method("is_check_supported", f_is_check_supported, "($module, check_id, /)",
           "Test whether the given integrity check is supported.\n\nAlways returns True for CHECK_NONE and CHECK_CRC32."),
    method("_encode_filter_properties", f_encode, "($module, filter, /)",
           "Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict)."),
    method("_decode_filter_properties", f_decode, "($module, filter_id, encoded_props, /)",
           "Return a bytes object encoding the options (properties) of the filter specified by *filter* (a dict)."),
    {},
};
const Method kCompressorMethods[] = {
    method("compress", compression::compress_method<Lzma>, "($self, data, /)",
           "Provide data to the compressor object.\n\nReturns a chunk of compressed data if possible, or b'' otherwise."),
    method("flush", compression::flush_method<Lzma>, "($self, /)",
           "Finish the compression process.\n\nReturns the compressed data left in internal buffers."),
    method("__reduce__", compression::no_pickling<Lzma>, "($self, /)"),
    {},
};
const Method kDecompressorMethods[] = {
    method("decompress", decompress, "($self, /, data, max_length=-1)", "Decompress *data*, returning uncompressed data as bytes."),
    method("__reduce__", compression::no_pickling<Lzma>, "($self, /)"),
    {},
};
const GetSet kDecompressorGetSets[] = {
    {"check", get_check, nullptr, "ID of the integrity check used by the input stream."},
    {"eof", compression::get_eof<Lzma>, nullptr, "True if the end-of-stream marker has been reached."},
    {"needs_input", compression::get_needs_input<Lzma>, nullptr, "True if more input is needed before more decompressed data can be produced."},
    {"unused_data", compression::get_unused_data<Lzma>, nullptr, "Data found after the end of the compressed stream."},
    {},
};
const TypeSpec kCompressorSpec = {
    .name = "_lzma.LZMACompressor",
    .doc = "Create a compressor object for compressing data incrementally.",
    .layout = {"LZMACompressor", sizeof(Stream), 0, compression::visit<Lzma>, compression::release<Lzma>, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = compressor_new},
    .methods = kCompressorMethods,
};
const TypeSpec kDecompressorSpec = {
    .name = "_lzma.LZMADecompressor",
    .doc = "Create a decompressor object for decompressing data incrementally.",
    .layout = {"LZMADecompressor", sizeof(Stream), 0, compression::visit<Lzma>, compression::release<Lzma>, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = decompressor_new},
    .methods = kDecompressorMethods,
    .getsets = kDecompressorGetSets,
};
struct Constant {
  const char* name;
  u64 value;
};
const Constant kConstants[] = {
    {"FORMAT_AUTO", kAuto}, {"FORMAT_XZ", kXz}, {"FORMAT_ALONE", kAlone}, {"FORMAT_RAW", kRaw}, {"CHECK_NONE", LZMA_CHECK_NONE},
    {"CHECK_CRC32", LZMA_CHECK_CRC32}, {"CHECK_CRC64", LZMA_CHECK_CRC64}, {"CHECK_SHA256", LZMA_CHECK_SHA256},
    {"CHECK_ID_MAX", LZMA_CHECK_ID_MAX}, {"CHECK_UNKNOWN", kCheckUnknown}, {"FILTER_LZMA1", LZMA_FILTER_LZMA1},
    {"FILTER_LZMA2", LZMA_FILTER_LZMA2}, {"FILTER_DELTA", LZMA_FILTER_DELTA}, {"FILTER_X86", LZMA_FILTER_X86},
    {"FILTER_IA64", LZMA_FILTER_IA64}, {"FILTER_ARM", LZMA_FILTER_ARM}, {"FILTER_ARMTHUMB", LZMA_FILTER_ARMTHUMB},
    {"FILTER_SPARC", LZMA_FILTER_SPARC}, {"FILTER_POWERPC", LZMA_FILTER_POWERPC}, {"MF_HC3", LZMA_MF_HC3}, {"MF_HC4", LZMA_MF_HC4},
    {"MF_BT2", LZMA_MF_BT2}, {"MF_BT3", LZMA_MF_BT3}, {"MF_BT4", LZMA_MF_BT4}, {"MODE_FAST", LZMA_MODE_FAST},
    {"MODE_NORMAL", LZMA_MODE_NORMAL}, {"PRESET_DEFAULT", LZMA_PRESET_DEFAULT}, {"PRESET_EXTREME", LZMA_PRESET_EXTREME}};
Status initialise(Thread& t, Module* module) {
  for (auto& constant : kConstants) TRY(module_add(t, module, constant.name, TRY(int_from_u64(t, constant.value))));
  TRY(module_add_exception(t, module, "_lzma.LZMAError", exc::Exception, &g_error));
  TRY(module_add_type(t, module, kCompressorSpec, &g_compressor_type));
  return module_add_type(t, module, kDecompressorSpec, &g_decompressor_type);
}

}  // namespace

extern const ModuleDef module__lzma;
const ModuleDef module__lzma = {"_lzma", nullptr, kFunctions, initialise};

}  // namespace typhon
