// _bz2: compressor and decompressor objects on libbz2.
#include <bzlib.h>
#include <climits>

#include "modules/compression.h"

namespace typhon {
namespace {

Type *g_compressor_type, *g_decompressor_type;

struct Bz2 {
  using State = bz_stream;
  static constexpr bool kUnusableAfterErrors = true;
  static constexpr bool kRunsWithoutRoom = false;
  static int run(bz_stream& z, compression::Span& in, compression::Span& out, bool finish) {
    size_t lent_in = in.size > UINT_MAX ? UINT_MAX : in.size, lent_out = out.size > UINT_MAX ? UINT_MAX : out.size;
    z.next_in = reinterpret_cast<char*>(in.data);
    z.avail_in = unsigned(lent_in);
    z.next_out = reinterpret_cast<char*>(out.data);
    z.avail_out = unsigned(lent_out);
    // Only a compressor is ever asked to finish; it knows itself by its state of running.
    int code;
    if (z.opaque == nullptr)
      code = BZ2_bzDecompress(&z);
    else if (finish && lent_in == in.size)
      code = BZ2_bzCompress(&z, BZ_FINISH);
    else
      code = in.size == 0 ? BZ_RUN_OK : BZ2_bzCompress(&z, BZ_RUN);
    in.skip(lent_in - z.avail_in);
    out.skip(lent_out - z.avail_out);
    return code;
  }
  static bool ended(int code) { return code == BZ_STREAM_END; }
  static bool fine(int code) { return code >= 0; }
  static Raised fail(Thread& t, int code) {
    switch (code) {
      case BZ_PARAM_ERROR: return raise(t, exc::ValueError, "Internal error - invalid parameters passed to libbzip2");
      case BZ_MEM_ERROR: return raise_no_memory(t);
      case BZ_DATA_ERROR:
      case BZ_DATA_ERROR_MAGIC: return raise(t, exc::OSError, "Invalid data stream");
      case BZ_IO_ERROR: return raise(t, exc::OSError, "Unknown I/O error");
      case BZ_UNEXPECTED_EOF: return raise(t, exc::EOFError, "Compressed file ended before the logical end-of-stream was detected");
      case BZ_SEQUENCE_ERROR: return raise(t, exc::RuntimeError, "Internal error - Invalid sequence of commands sent to libbzip2");
      default: return raise(t, exc::OSError, "Unrecognized error from libbzip2: %d", code);
    }
  }
  static void close(bz_stream& z, bool compresses) {
    if (compresses)
      BZ2_bzCompressEnd(&z);
    else
      BZ2_bzDecompressEnd(&z);
  }
};
using Stream = compression::Stream<Bz2>;

// libbz2 hands `opaque` to these, which do not use it: it marks compressors.
void* bz_allocate(void*, int n, int size) { return n < 0 || size < 0 ? nullptr : std::calloc(size_t(n), size_t(size)); }
void bz_free(void*, void* p) { std::free(p); }
char g_compressor_mark;

Ref compressor_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(compresslevel=9, /)");
  Value a[1];
  Ref unused;
  TRY(bind_arguments(t, signature, "BZ2Compressor", args, a, &unused));
  i64 level = a[0].is_empty() ? 9 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (level < 1 || level > 9) return raise(t, exc::ValueError, "compresslevel must be between 1 and 9");
  Ref made = TRY(compression::new_stream<Bz2>(t, cls, true));
  auto* s = made.as<Stream>();
  s->state.bzalloc = bz_allocate;
  s->state.bzfree = bz_free;
  s->state.opaque = &g_compressor_mark;
  int code = BZ2_bzCompressInit(&s->state, int(level), 0, 0);
  if (code != BZ_OK) return Bz2::fail(t, code);
  s->ready = true;
  return made;
}
Ref decompressor_new(Thread& t, Type* cls, Args args) {
  if (args.count != 0) return raise(t, exc::TypeError, "BZ2Decompressor() takes no positional arguments");
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "BZ2Decompressor() takes no keyword arguments");
  Ref made = TRY(compression::new_stream<Bz2>(t, cls, false));
  auto* s = made.as<Stream>();
  int code = BZ2_bzDecompressInit(&s->state, 0, 0);
  if (code != BZ_OK) return Bz2::fail(t, code);
  s->ready = true;
  return made;
}
Ref decompress(Thread& t, Value self, const Value* a) {
  return compression::decompress_method<Bz2>(t, self, a, "End of stream already reached");
}

const Method kCompressorMethods[] = {
    method("compress", compression::compress_method<Bz2>, "($self, data, /)",
           "Provide data to the compressor object.\n\nReturns a chunk of compressed data if possible, or b'' otherwise."),
    method("flush", compression::flush_method<Bz2>, "($self, /)",
           "Finish the compression process.\n\nReturns the compressed data left in internal buffers."),
    method("__reduce__", compression::no_pickling<Bz2>, "($self, /)"),
    {},
};
const Method kDecompressorMethods[] = {
    method("decompress", decompress, "($self, /, data, max_length=-1)", "Decompress *data*, returning uncompressed data as bytes."),
    method("__reduce__", compression::no_pickling<Bz2>, "($self, /)"),
    {},
};
const GetSet kDecompressorGetSets[] = {
    {"eof", compression::get_eof<Bz2>, nullptr, "True if the end-of-stream marker has been reached."},
    {"needs_input", compression::get_needs_input<Bz2>, nullptr, "True if more input is needed before more decompressed data can be produced."},
    {"unused_data", compression::get_unused_data<Bz2>, nullptr, "Data found after the end of the compressed stream."},
    {},
};
const TypeSpec kCompressorSpec = {
    .name = "_bz2.BZ2Compressor",
    .doc = "Create a compressor object for compressing data incrementally.\n\n  compresslevel\n    Compression level, as a number between 1 and 9.",
    .layout = {"BZ2Compressor", sizeof(Stream), 0, compression::visit<Bz2>, compression::release<Bz2>, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = compressor_new},
    .methods = kCompressorMethods,
    .text_signature = "(compresslevel=9, /)",
};
const TypeSpec kDecompressorSpec = {
    .name = "_bz2.BZ2Decompressor",
    .doc = "Create a decompressor object for decompressing data incrementally.",
    .layout = {"BZ2Decompressor", sizeof(Stream), 0, compression::visit<Bz2>, compression::release<Bz2>, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = decompressor_new},
    .methods = kDecompressorMethods,
    .getsets = kDecompressorGetSets,
    .text_signature = "()",
};
Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kCompressorSpec, &g_compressor_type));
  return module_add_type(t, module, kDecompressorSpec, &g_decompressor_type);
}

}  // namespace

extern const ModuleDef module__bz2;
const ModuleDef module__bz2 = {"_bz2", nullptr, nullptr, initialise};

}  // namespace typhon
