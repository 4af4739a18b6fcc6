// _io: the module, and open().
#include <langinfo.h>
#include <climits>

#include "heap/collector.h"
#include "heap/object_model.h"
#include "modules/_io/io.h"

namespace typhon::io {

Type *g_iobase, *g_raw_base, *g_buffered_base, *g_text_base;
Type *g_file, *g_reader, *g_writer, *g_random, *g_pair, *g_bytes_io, *g_bytes_io_buffer, *g_string_io;
Type *g_text, *g_newline_decoder;
Type* g_unsupported;

namespace name {
#define NAME(id) Str* id;
#define NAME_AS(id, text) Str* id;
#include "modules/_io/names.def"
#undef NAME
#undef NAME_AS
}  // namespace name

void register_fork_hook();  // iobase.cpp

RefTo<Str> locale_encoding(Thread& t) {
  if (g_config.utf8_mode) return RefTo<Str>::copy(names::utf_8);
  const char* codeset = nl_langinfo(CODESET);
  if (codeset == nullptr || *codeset == 0) return RefTo<Str>::copy(names::utf_8);
  return str_from_utf8(t, codeset);
}

Status warn_default_encoding(Thread& t, int stack_level) {
  if (!g_config.warn_default_encoding) return ok();
  return warn(t, exc::EncodingWarning, stack_level, "'encoding' argument not specified");
}

namespace {

constexpr i64 kLargestDefaultBuffer = 8192 * 1024;

struct OpenMode {
  bool creating = false, reading = false, writing = false, appending = false, updating = false, text = false,
       binary = false;
  char raw[6] = {};  // what FileIO gets
};

Status parse_mode(Thread& t, Str* text, OpenMode* mode) {
  for (size_t i = 0; i < text->length(); i++) {
    u32 c = text->at(i);
    bool* flag = nullptr;
    switch (c) {
      case 'x': flag = &mode->creating; break;
      case 'r': flag = &mode->reading; break;
      case 'w': flag = &mode->writing; break;
      case 'a': flag = &mode->appending; break;
      case '+': flag = &mode->updating; break;
      case 't': flag = &mode->text; break;
      case 'b': flag = &mode->binary; break;
    }
    if (flag == nullptr || *flag) return raise(t, exc::ValueError, "invalid mode: '%U'", text);
    *flag = true;
  }
  char* p = mode->raw;
  if (mode->creating) *p++ = 'x';
  if (mode->reading) *p++ = 'r';
  if (mode->writing) *p++ = 'w';
  if (mode->appending) *p++ = 'a';
  if (mode->updating) *p++ = '+';
  if (mode->text && mode->binary) return raise(t, exc::ValueError, "can't have text and binary mode at once");
  if (mode->creating + mode->reading + mode->writing + mode->appending > 1)
    return raise(t, exc::ValueError, "must have exactly one of create/read/write/append mode");
  return ok();
}

Status check_str_or_none(Thread& t, Value v, const char* what) {
  if (v.is_empty() || v.is_none() || is_str(v)) return ok();
  return raise(t, exc::TypeError, "open() argument '%s' must be str or None, not %T", what, v);
}

bool given(Value v) { return !v.is_empty() && !v.is_none(); }

// The layers over a raw file. On failure the caller closes what *outermost holds.
Ref open_layers(Thread& t, const OpenMode& mode, Value mode_text, i64 buffering, const Value* a, Ref raw,
                Ref* outermost) {
  auto* file = raw.as<FileIO>();
  *outermost = raw.dup();
  bool line_buffering = false;
  bool is_terminal = false;
  if (buffering < 0 && (!file->has_stat || file->is_character_device)) {
    Ref answer = TRY(call_method(t, raw, name::_isatty_open_only, nullptr, 0));
    is_terminal = answer.get().is_true();
  }
  if (buffering == 1 || (buffering < 0 && is_terminal)) {
    line_buffering = true;
    buffering = -1;
  }
  if (buffering < 0) {
    buffering = file->block_size.load() < kLargestDefaultBuffer ? file->block_size.load() : kLargestDefaultBuffer;
    if (buffering < kDefaultBufferSize) buffering = kDefaultBufferSize;
  }
  if (buffering == 0) {
    if (!mode.binary) return raise(t, exc::ValueError, "can't have unbuffered text I/O");
    return raw;
  }
  bool write = mode.creating || mode.writing || mode.appending;
  if (!mode.updating && !write && !mode.reading) return raise(t, exc::ValueError, "unknown mode: '%S'", mode_text);
  Type* kind = mode.updating ? g_random : write ? g_writer : g_reader;
  Ref buffer = TRY(allocate_instance(t, kind));
  TRY(buffered_init(t, buffer.as<Buffered>(), raw, buffering, kind != g_writer, kind != g_reader));
  *outermost = buffer.dup();
  if (mode.binary) return buffer;
  Ref wrapper = TRY(allocate_instance(t, g_text));
  TextOptions options;
  options.buffer = buffer;
  options.encoding = a[3];
  options.errors = a[4];
  options.newline = a[5];
  options.line_buffering = line_buffering;
  TRY(text_init(t, wrapper, options));
  *outermost = wrapper.dup();
  TRY(set_attribute(t, wrapper, names::mode, mode_text));
  return wrapper;
}

// (file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)
Ref f_open(Thread& t, Value, const Value* a) {
  Ref default_mode;
  Value mode_value = a[1];
  if (mode_value.is_empty()) {
    default_mode = TRY(str_from_char(t, 'r'));
    mode_value = default_mode;
  }
  if (!is_str(mode_value)) return raise(t, exc::TypeError, "open() argument 'mode' must be str, not %Q", mode_value);
  TRY(check_codec_name(t, mode_value));
  i64 buffering = TRY(plain_size(t, a[2]));
  if (buffering > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  TRY(check_str_or_none(t, a[3], "encoding"));
  TRY(check_str_or_none(t, a[4], "errors"));
  TRY(check_str_or_none(t, a[5], "newline"));
  bool close_fd = a[6].is_empty() || TRY(truth(t, a[6]));
  Ref path = is_indexable(a[0]) || is_float(a[0]) ? Ref::copy(a[0]) : TRY(fs_path_py(t, a[0]));
  OpenMode mode;
  TRY(parse_mode(t, mode_value.as<Str>(), &mode));
  if (mode.binary && given(a[3])) return raise(t, exc::ValueError, "binary mode doesn't take an encoding argument");
  if (mode.binary && given(a[4])) return raise(t, exc::ValueError, "binary mode doesn't take an errors argument");
  if (mode.binary && given(a[5])) return raise(t, exc::ValueError, "binary mode doesn't take a newline argument");
  if (mode.binary && buffering == 1)
    TRY(warn(t, exc::RuntimeWarning, 1,
             "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used"));
  Ref raw = TRY(file_new(t, g_file, Args{}));
  TRY(file_open(t, raw.as<FileIO>(), path, mode.raw, close_fd, a[7]));
  Ref outermost;
  Ref stream = open_layers(t, mode, mode_value, buffering, a, std::move(raw), &outermost);
  if (!stream.failed()) return stream;
  Ref exception = take_exception(t);
  Ref closed = call_method(t, outermost, names::close, nullptr, 0);
  if (closed.failed()) clear_exception(t);
  restore_exception(t, std::move(exception));
  return Ref::error();
}

Ref f_open_code(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "open_code() argument 'path' must be str, not %T", a[0]);
  RefTo<Str> mode = TRY(str_from_ascii(t, "rb"));
  Value words[8] = {a[0], mode};
  return f_open(t, EMPTY, words);
}

Ref f_text_encoding(Thread& t, Value, const Value* a) {
  if (given(a[0])) return Ref::copy(a[0]);
  i64 level = TRY(plain_size(t, a[1], 2));
  TRY(warn_default_encoding(t, int(level)));
  return Ref::copy(Value(g_config.utf8_mode ? names::utf_8 : name::locale));
}

const Method kFunctions[] = {
    method("open", f_open,
           "($module, /, file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, "
           "opener=None)",
           "Open file and return a stream.  Raise OSError upon failure."),
    method("open_code", f_open_code, "($module, /, path)",
           "Opens the provided file with the intent to import the contents."),
    method("text_encoding", f_text_encoding, "($module, encoding, stacklevel=2, /)",
           "A helper function to choose the text encoding."),
    {},
};

// --- initialisation
Status make_names(Thread& t) {
#define NAME(id) name::id = str_immortal(t, #id);
#define NAME_AS(id, text) name::id = str_immortal(t, text);
#include "modules/_io/names.def"
#undef NAME
#undef NAME_AS
  return ok();
}

// class UnsupportedOperation(OSError, ValueError) of module io.
Status make_unsupported_operation(Thread& t) {
  RefTo<Str> class_name = TRY(str_from_ascii(t, "UnsupportedOperation"));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(exc::OSError), Value(exc::ValueError)));
  RefTo<Dict> dict = TRY(dict_new(t));
  RefTo<Str> module_name = TRY(str_from_ascii(t, "io"));
  TRY(dict_set_str(t, dict.get(), names::__module__, module_name));
  Ref type = TRY(call_with(t, types::type, class_name, bases, dict));
  collector::make_immortal(type.object());
  g_unsupported = type.as<Type>();
  return ok();
}

struct TypeRow {
  Type** where;
  const TypeSpec* spec;
};

Status initialise(Thread& t, Module* module) {
  TRY(make_names(t));
  register_fork_hook();
  if (g_unsupported == nullptr) TRY(make_unsupported_operation(t));
  TRY(module_add_int(t, module, "DEFAULT_BUFFER_SIZE", kDefaultBufferSize));
  TRY(module_add(t, module, "UnsupportedOperation", Value(g_unsupported)));
  TRY(module_add(t, module, "BlockingIOError", Value(exc::BlockingIOError)));
  const TypeRow rows[] = {
      {&g_iobase, &kIOBaseSpec},
      {&g_raw_base, &kRawIOBaseSpec},
      {&g_buffered_base, &kBufferedIOBaseSpec},
      {&g_text_base, &kTextIOBaseSpec},
      {&g_file, &kFileIOSpec},
      {&g_bytes_io, &kBytesIOSpec},
      {&g_reader, &kBufferedReaderSpec},
      {&g_writer, &kBufferedWriterSpec},
      {&g_pair, &kBufferedRWPairSpec},
      {&g_random, &kBufferedRandomSpec},
      {&g_string_io, &kStringIOSpec},
      {&g_newline_decoder, &kNewlineDecoderSpec},
      {&g_text, &kTextIOWrapperSpec},
      {&g_bytes_io_buffer, &kBytesIOBufferSpec},
  };
  for (const TypeRow& row : rows) {
    if (*row.where == nullptr) {
      TypeSpec spec = *row.spec;
      // Types without a __new__ of their own are made as plain objects are.
      bool own_new = spec.slots.new_ != nullptr || (spec.flags & type_flag::kDisallowInstantiation);
      if (!own_new && spec.base == nullptr) spec.slots.new_ = types::object->slots.new_;
      TRY(make_static_type(t, spec, row.where));
    }
    if (row.where == &g_writer || row.where == &g_random) object_model::set_finaliser_rank(*row.where, 1);
    if (row.where == &g_raw_base) object_model::set_finaliser_rank(*row.where, 2);
    const char* short_name = strrchr(row.spec->name, '.') + 1;
    TRY(module_add(t, module, short_name, Value(*row.where)));
  }
  return ok();
}

}  // namespace
}  // namespace typhon::io

namespace typhon {

extern const ModuleDef module__io;
const ModuleDef module__io = {
    "_io",
    "The io module provides the Python interfaces to stream handling. The\nbuiltin open function is defined in this "
    "module.",
    io::kFunctions,
    io::initialise,
};

}  // namespace typhon
