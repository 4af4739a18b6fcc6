// sys attributes: version and identity, structure sequences, paths and flags from the configuration.
#include <cfloat>
#include <climits>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/sys/sys.h"
#include "objects/codecs.h"
#include "runtime/library.h"

#ifndef TYPHON_VERSION
#define TYPHON_VERSION "0.1.0"
#endif

namespace typhon {
namespace {

constexpr int kMajor = 3, kMinor = 14, kMicro = 10;
constexpr u32 kHexVersion = 0x030E0AF0;

constexpr StructSequenceField kFlagFields[] = {
    {"debug"}, {"inspect"}, {"interactive"}, {"optimize"}, {"dont_write_bytecode"}, {"no_user_site"}, {"no_site"},
    {"ignore_environment"}, {"verbose"}, {"bytes_warning"}, {"quiet"}, {"hash_randomization"}, {"isolated"}, {"dev_mode"},
    {"utf8_mode"}, {"warn_default_encoding"}, {"safe_path"}, {"int_max_str_digits"}, {"gil"}, {"thread_inherit_context"},
    {"context_aware_warnings"}, {}};
constexpr StructSequenceField kVersionFields[] = {{"major"}, {"minor"}, {"micro"}, {"releaselevel"}, {"serial"}, {}};
constexpr StructSequenceField kFloatFields[] = {{"max"}, {"max_exp"}, {"max_10_exp"}, {"min"}, {"min_exp"}, {"min_10_exp"},
                                                {"dig"}, {"mant_dig"}, {"epsilon"}, {"radix"}, {"rounds"}, {}};
constexpr StructSequenceField kIntFields[] = {{"bits_per_digit"}, {"sizeof_digit"}, {"default_max_str_digits"}, {"str_digits_check_threshold"}, {}};
constexpr StructSequenceField kHashFields[] = {{"width"}, {"modulus"}, {"inf"}, {"nan"}, {"imag"}, {"algorithm"}, {"hash_bits"}, {"seed_bits"}, {"cutoff"}, {}};
constexpr StructSequenceField kThreadFields[] = {{"name"}, {"lock"}, {"version"}, {}};
constexpr StructSequenceField kUnraisableFields[] = {{"exc_type"}, {"exc_value"}, {"exc_traceback"}, {"err_msg"}, {"object"}, {}};

size_t field_count(const StructSequenceField* fields) {
  size_t n = 0;
  while (fields[n].name != nullptr) n++;
  return n;
}

// Adds an instance of a fresh structure sequence type; the words are owned by the caller.
Status add_sequence(Thread& t, Module* module, const char* attribute, const char* type_name, const StructSequenceField* fields,
                    RootedVector& values, u32 visible = 0, bool sole_instance = false) {
  CHECK(values.size() == field_count(fields));
  RefTo<Type> type = TRY(struct_sequence_type(t, type_name, nullptr, fields, visible != 0 ? visible : u32(values.size())));
  Ref made = TRY(struct_sequence_new(t, type.get(), values.data(), values.size()));
  if (sole_instance) type->slots.new_ = nullptr;
  return module_add(t, module, attribute, made);
}

Status push_text(Thread& t, RootedVector& v, const char* text) {
  v.push(TRY(str_from_utf8(t, text)).release_ref());
  return ok();
}

Ref version_info(Thread& t, Module* module) {
  RootedVector v(t);
  for (int n : {kMajor, kMinor, kMicro}) v.push(Ref::adopt(Value::small_int(n)));
  TRY(push_text(t, v, "final"));
  v.push(Ref::adopt(Value::small_int(0)));
  TRY(add_sequence(t, module, "version_info", "sys.version_info", kVersionFields, v, 0, true));
  return dict_get_str(t, module->dict.as<Dict>(), str_immortal(t, "version_info"));
}

Status add_flags(Thread& t, Module* module) {
  const Config& c = g_config;
  const i64 numbers[] = {c.debug, c.inspect, c.interactive, c.optimize, c.dont_write_bytecode, c.no_user_site, c.no_site,
                         c.ignore_environment, c.verbose, c.bytes_warning, c.quiet, c.hash_randomization, c.isolated};
  RootedVector v(t);
  for (i64 n : numbers) v.push(Ref::adopt(Value::small_int(n)));
  v.push(Ref::boolean(c.dev_mode));
  v.push(Ref::adopt(Value::small_int(c.utf8_mode)));
  v.push(Ref::adopt(Value::small_int(c.warn_default_encoding)));
  v.push(Ref::boolean(c.safe_path));
  v.push(Ref::adopt(Value::small_int(c.int_max_str_digits)));
  v.push(c.gil_given ? Ref::adopt(Value::small_int(c.gil)) : Ref::none());
  // As CPython's free-threaded build: threads inherit the context, warnings are context-aware.
  v.push(Ref::adopt(Value::small_int(c.gil ? 0 : 1)));
  v.push(Ref::adopt(Value::small_int(c.gil ? 0 : 1)));
  return add_sequence(t, module, "flags", "sys.flags", kFlagFields, v, 18, true);
}

Status add_numbers(Thread& t, Module* module) {
  RootedVector f(t);
  f.push(float_from(t, DBL_MAX));
  f.push(Ref::adopt(Value::small_int(DBL_MAX_EXP)));
  f.push(Ref::adopt(Value::small_int(DBL_MAX_10_EXP)));
  f.push(float_from(t, DBL_MIN));
  for (i64 n : {i64(DBL_MIN_EXP), i64(DBL_MIN_10_EXP), i64(DBL_DIG), i64(DBL_MANT_DIG)}) f.push(Ref::adopt(Value::small_int(n)));
  f.push(float_from(t, DBL_EPSILON));
  f.push(Ref::adopt(Value::small_int(2)));
  f.push(Ref::adopt(Value::small_int(1)));
  TRY(add_sequence(t, module, "float_info", "sys.float_info", kFloatFields, f));
  RootedVector i(t);
  for (i64 n : {30, 4, 4300, 640}) i.push(Ref::adopt(Value::small_int(n)));
  TRY(add_sequence(t, module, "int_info", "sys.int_info", kIntFields, i));
  RootedVector h(t);
  for (i64 n : {i64(64), (i64(1) << 61) - 1, i64(314159), i64(0), i64(1000003)}) h.push(int_from(t, n));
  TRY(push_text(t, h, "siphash13"));
  for (i64 n : {64, 128, 0}) h.push(Ref::adopt(Value::small_int(n)));
  TRY(add_sequence(t, module, "hash_info", "sys.hash_info", kHashFields, h));
  RootedVector th(t);
  TRY(push_text(t, th, "pthread"));
  th.push(Ref::none());  // locks are Typhon's own, over futexes: none of the kinds that Python names
  th.push(Ref::none());
  return add_sequence(t, module, "thread_info", "sys.thread_info", kThreadFields, th);
}

// sys.implementation: a types.SimpleNamespace, made before the module types exists: by its native type.
Status add_implementation(Thread& t, Module* module, Value version) {
  RefTo<Dict> d = TRY(dict_new(t));
  auto put = [&](const char* key, Ref&& value) -> Status {
    if (value.failed()) return Raised{};
    RefTo<Str> name = TRY(str_from_ascii(t, key));
    name = TRY(str_intern(t, name));
    return dict_set_str(t, d.get(), name.get(), value);
  };
  TRY(put("name", str_from_ascii(t, "typhon")));
  TRY(put("cache_tag", str_from_ascii(t, kCacheTag)));
  TRY(put("version", Ref::copy(version)));
  TRY(put("hexversion", int_from(t, kHexVersion)));
  TRY(put("_multiarch", str_from_ascii(t, "x86_64-linux-gnu")));
  TRY(put("supports_isolated_interpreters", Ref::boolean(false)));
  return module_add(t, module, "implementation", simple_namespace_new(t, d.get()));
}

Status add_text_list(Thread& t, Module* module, const char* name, char** items, int n) {
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < n; i++) {
    Ref text = TRY(decode_fs(t, items[i], strlen(items[i])));
    TRY(list_append(t, list.get(), text));
  }
  return module_add(t, module, name, list.value());
}

// Every module of the standard library of 3.14 on any platform: traceback tells by them what a program forgot to import.
constexpr const char kLibraryModules[] =
    "__future__ _abc _aix_support _android_support _apple_support _ast _ast_unparse _asyncio _bisect _blake2 _bz2 "
    "_codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc "
    "_colorize _compat_pickle _contextvars _csv _ctypes _curses _curses_panel _datetime _dbm _decimal _elementtree "
    "_frozen_importlib _frozen_importlib_external _functools _gdbm _hashlib _heapq _hmac _imp _interpchannels "
    "_interpqueues _interpreters _io _ios_support _json _locale _lsprof _lzma _markupbase _md5 _multibytecodec "
    "_multiprocessing _opcode _opcode_metadata _operator _osx_support _overlapped _pickle _posixshmem "
    "_posixsubprocess _py_abc _py_warnings _pydatetime _pydecimal _pyio _pylong _pyrepl _queue _random "
    "_remote_debugging _scproxy _sha1 _sha2 _sha3 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics "
    "_string _strptime _struct _suggestions _symtable _sysconfig _thread _threading_local _tkinter _tokenize "
    "_tracemalloc _types _typing _uuid _warnings _weakref _weakrefset _winapi _wmi _zoneinfo _zstd abc annotationlib "
    "antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath "
    "cmd code codecs codeop collections colorsys compileall compression concurrent configparser contextlib "
    "contextvars copy copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings "
    "ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath "
    "getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io "
    "ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder "
    "msvcrt multiprocessing netrc nt ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle "
    "pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr "
    "pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets "
    "select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants "
    "sre_parse ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny "
    "tarfile tempfile termios textwrap this threading time timeit tkinter token tokenize tomllib trace traceback "
    "tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uuid venv warnings wave weakref "
    "webbrowser winreg winsound wsgiref xml xmlrpc zipapp zipfile zipimport zlib zoneinfo";

Status add_library_modules(Thread& t, Module* module) {
  RefTo<Set> found = TRY(set_new(t, true));
  for (std::string_view rest = kLibraryModules; !rest.empty();) {
    size_t end = rest.find(' ');
    RefTo<Str> name = TRY(str_from_utf8(t, rest.substr(0, end)));
    TRY(set_add_py(t, found.get(), TRY(str_intern(t, name)).value()));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return module_add(t, module, "stdlib_module_names", found.value());
}

}  // namespace

static Type* g_unraisable_type;

Ref unraisable_arguments(Thread& t, const Value* five) {
  if (g_unraisable_type == nullptr)
    g_unraisable_type = TRY(struct_sequence_type(t, "sys.UnraisableHookArgs", nullptr, kUnraisableFields, 5)).get();
  return struct_sequence_new(t, g_unraisable_type, five, 5);
}

Status sys_initialise(Thread& t, Module* module) {
  TRY(module_add_str(t, module, "version",
                     "3.14.10 free-threading build (Typhon " TYPHON_VERSION ") [Clang " __clang_version__ "]"));
  TRY(module_add_int(t, module, "hexversion", kHexVersion));
  TRY(module_add_int(t, module, "api_version", 1013));
  TRY(module_add_str(t, module, "copyright", "Copyright (c) Typhon contributors.\nThe standard library: Copyright (c) 2001 Python Software Foundation."));
  TRY(module_add_str(t, module, "platform", "linux"));
  TRY(module_add_str(t, module, "platlibdir", "lib"));
  TRY(module_add_str(t, module, "byteorder", "little"));
  TRY(module_add_str(t, module, "float_repr_style", "short"));
  TRY(module_add_str(t, module, "abiflags", "t"));
  TRY(module_add_int(t, module, "maxsize", INT64_MAX));
  TRY(module_add_int(t, module, "maxunicode", 0x10FFFF));
  Ref version = TRY(version_info(t, module));
  TRY(add_implementation(t, module, version));
  RefTo<Str> nothing = TRY(str_from_ascii(t, ""));
  RefTo<Str> name = TRY(str_from_ascii(t, "Typhon"));
  TRY(module_add(t, module, "_git", TRY(tuple_of(t, name, nothing, nothing)).release_ref()));
  TRY(module_add_str(t, module, "_framework", ""));
  TRY(add_flags(t, module));
  TRY(add_numbers(t, module));
  TRY(module_add(t, module, "builtin_module_names", TRY(native_module_names(t)).release_ref()));
  TRY(add_library_modules(t, module));
  TRY(module_add(t, module, "dont_write_bytecode", Value::boolean(g_config.dont_write_bytecode)));
  bool prefixed = g_config.pycache_prefix != nullptr && g_config.pycache_prefix[0] != 0;
  TRY(module_add(t, module, "pycache_prefix", prefixed ? Ref(TRY(str_from_utf8(t, g_config.pycache_prefix)).release_ref()) : Ref::none()));
  // Until the real ones are open: what is printed early (-v) goes nowhere.
  TRY(module_add(t, module, "stdout", None));
  TRY(module_add(t, module, "stderr", None));
  TRY(add_text_list(t, module, "orig_argv", g_config.orig_argv, g_config.orig_argc));
  TRY(add_text_list(t, module, "warnoptions", g_config.warn_options, g_config.warn_option_count));
  RefTo<Dict> x_options = TRY(dict_new(t));
  for (int i = 0; i < g_config.x_option_count; i++) {
    const char* option = g_config.x_options[i];
    const char* equals = strchr(option, '=');
    RefTo<Str> key = TRY(str_from_utf8(t, equals != nullptr ? std::string_view(option, size_t(equals - option)) : std::string_view(option)));
    Ref value = equals != nullptr ? Ref(TRY(str_from_utf8(t, equals + 1)).release_ref()) : Ref::boolean(true);
    TRY(dict_set_str(t, x_options.get(), key.get(), value));
  }
  TRY(module_add(t, module, "_xoptions", x_options.value()));
  for (const char* list : {"meta_path", "path_hooks", "path"}) TRY(module_add(t, module, list, TRY(list_new(t)).release_ref()));
  TRY(module_add(t, module, "path_importer_cache", TRY(dict_new(t)).release_ref()));
  return ok();
}

Status sys_set_paths(Thread& t) {
  auto set = [&](const char* name, const char* text) -> Status {
    Ref value = TRY(decode_fs(t, text, strlen(text)));
    return dict_set_str(t, sys_dict(), str_immortal(t, name), value);
  };
  TRY(set("executable", g_executable));
  TRY(set("_base_executable", g_executable));
  for (const char* name : {"prefix", "base_prefix", "exec_prefix", "base_exec_prefix"}) TRY(set(name, g_prefix));
  TRY(set("_stdlib_dir", g_stdlib_dir));
  TRY(set("_home", ""));
  TRY(dict_set_str(t, sys_dict(), str_immortal(t, "_home"), None));
  RefTo<List> path = TRY(list_new(t));
  auto add = [&](std::string_view text) -> Status {
    Ref entry = TRY(decode_fs(t, text.data(), text.size()));
    return list_append(t, path.get(), entry);
  };
  const char* extra = g_config.ignore_environment ? nullptr : getenv("PYTHONPATH");
  if (extra != nullptr && *extra != 0) {
    std::string_view rest = extra;
    while (true) {
      size_t colon = rest.find(':');
      TRY(add(rest.substr(0, colon)));
      if (colon == std::string_view::npos) break;
      rest = rest.substr(colon + 1);
    }
  }
  char zip[4200];
  std::snprintf(zip, sizeof zip, "%s/lib/python314.zip", g_prefix);
  TRY(add(zip));
  TRY(add(g_stdlib_dir));
  std::snprintf(zip, sizeof zip, "%s/lib-dynload", g_stdlib_dir);
  TRY(add(zip));
  return dict_set_str(t, sys_dict(), str_immortal(t, "path"), path);
}

Status sys_set_argv(Thread& t) {
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < g_config.argc; i++) {
    Ref text = TRY(decode_fs(t, g_config.argv[i], strlen(g_config.argv[i])));
    TRY(list_append(t, list.get(), text));
  }
  return dict_set_str(t, sys_dict(), str_immortal(t, "argv"), list);
}

namespace {

// Encoding and error handler of a standard stream: PYTHONIOENCODING, else the locale's; lenient in UTF-8 mode and in the locales that
// stand for the C one.
Status stream_coding(Thread& t, int fd, char (&encoding)[64], char (&errors)[64]) {
  const char* codeset = g_config.utf8_mode ? "utf-8" : nl_langinfo(CODESET);
  std::snprintf(encoding, sizeof encoding, "%s", codeset == nullptr || *codeset == 0 ? "utf-8" : codeset);
  const char* locale = setlocale(LC_CTYPE, nullptr);
  bool lenient = g_config.utf8_mode;
  for (const char* name : {"C", "POSIX", "C.UTF-8", "C.utf8", "UTF-8"}) lenient |= locale != nullptr && strcmp(locale, name) == 0;
  std::snprintf(errors, sizeof errors, "%s", fd == 2 ? "backslashreplace" : lenient ? "surrogateescape" : "strict");
  const char* setting = g_config.ignore_environment ? nullptr : getenv("PYTHONIOENCODING");
  if (setting != nullptr && *setting != 0) {
    const char* colon = strchr(setting, ':');
    size_t n = colon != nullptr ? size_t(colon - setting) : strlen(setting);
    if (n > 0) std::snprintf(encoding, sizeof encoding, "%.*s", int(n), setting);
    if (n > 0 && fd != 2) std::snprintf(errors, sizeof errors, "strict");
    if (colon != nullptr && colon[1] != 0 && fd != 2) std::snprintf(errors, sizeof errors, "%s", colon + 1);
  }
  if (strcasecmp(encoding, "utf-8") == 0) {
    std::snprintf(encoding, sizeof encoding, "utf-8");
    return ok();
  }
  // The name that the codec gives itself.
  RefTo<Str> text = TRY(str_from_utf8(t, encoding));
  Ref codec = TRY(codec_lookup(t, text.get()));
  Ref name = TRY(get_attribute(t, codec, names::name));
  if (!is_str(name)) return ok();
  Utf8Buffer buffer;
  std::string_view own = str_utf8(name.as<Str>(), buffer);
  if (own.size() < sizeof encoding) std::snprintf(encoding, sizeof encoding, "%.*s", int(own.size()), own.data());
  return ok();
}

}  // namespace

// stdin, stdout, stderr through open, as the documentation of sys describes them.
Status sys_set_streams(Thread& t) {
  Ref io = TRY(import_module(t, "_io"));  // not io: the classes that it adds nobody needs yet
  Ref open = TRY(get_attribute_utf8(t, io, "open"));
  TRY(dict_set_str(t, builtins_dict(), str_immortal(t, "open"), open));
  Ref wrapper = TRY(get_attribute_utf8(t, io, "TextIOWrapper"));
  struct Row {
    const char* name;
    const char* shadow;
    const char* mode;
    const char* shown;
    const char* errors;
  };
  const Row rows[] = {{"stdin", "__stdin__", "rb", "<stdin>", "surrogateescape"},
                      {"stdout", "__stdout__", "wb", "<stdout>", "surrogateescape"},
                      {"stderr", "__stderr__", "wb", "<stderr>", "backslashreplace"}};
  for (int fd = 0; fd < 3; fd++) {
    const Row& row = rows[fd];
    Ref stream = Ref::none();
    struct stat info;
    if (fstat(fd, &info) == 0) {
      RefTo<Str> mode = TRY(str_from_ascii(t, row.mode));
      bool unbuffered = g_config.unbuffered && fd != 0;
      Value arguments[] = {Value::small_int(fd), mode, Value::small_int(unbuffered ? 0 : -1), None, None, None, False};
      Ref buffer = TRY(call(t, open, Args{arguments, 7}));
      RefTo<Str> shown = TRY(str_from_ascii(t, row.shown));
      Ref raw = buffer.dup();
      if (!unbuffered) raw = TRY(get_attribute_utf8(t, buffer, "raw"));
      TRY(set_attribute(t, raw, names::name, shown));
      Ref is_tty = TRY(call_method_with(t, raw, str_immortal(t, "isatty")));
      bool line_buffered = fd == 2 || TRY(truth(t, is_tty)) || unbuffered;
      char encoding[64], errors[64];
      TRY(stream_coding(t, fd, encoding, errors));
      RefTo<Str> encoding_text = TRY(str_from_utf8(t, encoding));
      RefTo<Str> errors_text = TRY(str_from_utf8(t, errors));
      Ref newline = fd == 0 ? Ref::none() : Ref(TRY(str_from_char(t, '\n')).release_ref());
      Value words[] = {buffer, encoding_text, errors_text, newline, Value::boolean(line_buffered), Value::boolean(unbuffered)};
      stream = TRY(call(t, wrapper, Args{words, 6}));
      RefTo<Str> stream_mode = TRY(str_from_ascii(t, fd == 0 ? "r" : "w"));
      TRY(set_attribute(t, stream, names::mode, stream_mode));
    }
    TRY(dict_set_str(t, sys_dict(), str_immortal(t, row.name), stream));
    TRY(dict_set_str(t, sys_dict(), str_immortal(t, row.shadow), stream));
  }
  return ok();
}

}  // namespace typhon
