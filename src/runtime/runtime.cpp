// Start-up, running a program, shutdown.
#include "bytecode/positions.h"
#include "runtime/runtime.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap/collector.h"
#include "interpreter/interpreter.h"
#include "interpreter/intrinsics.h"
#include "objects/codecs.h"
#include "objects/generic_alias.h"
#include "objects/itertypes.h"
#include "objects/template.h"
#include "runtime/library.h"
#include "threads/hooks.h"

namespace typhon {

Config g_config;
char g_executable[4096];
char g_stdlib_dir[4096];
char g_prefix[4096];

void set_hash_secret(u64 k0, u64 k1);          // objects/str.cpp
Status initialise_signals(Thread& t);          // modules/_signal
void finish_signals(Thread& t);
int run_interactive(Thread& t);                // runtime/interactive.cpp
extern bool g_finalizing;
void io_forget_other_threads();                // modules/_io

namespace {

// --- where the library lies: beside the binary, or where TYPHONHOME says
bool is_directory(const char* path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void find_paths() {
  ssize_t n = readlink("/proc/self/exe", g_executable, sizeof g_executable - 1);
  if (n < 0) n = 0;
  g_executable[n] = 0;
  const char* home = g_config.ignore_environment ? nullptr : getenv("TYPHONHOME");
  if (home != nullptr && *home != 0) {
    std::snprintf(g_prefix, sizeof g_prefix, "%s", home);
  } else {
    std::snprintf(g_prefix, sizeof g_prefix, "%s", g_executable);
    // build/<preset>/typhon beside lib/, or <prefix>/bin/typhon.
    for (int up = 0; up < 2; up++) {
      char* slash = strrchr(g_prefix, '/');
      if (slash == nullptr) break;
      *slash = 0;
      std::snprintf(g_stdlib_dir, sizeof g_stdlib_dir, "%.4000s/lib/python3.14", g_prefix);
      if (is_directory(g_stdlib_dir)) return;
    }
  }
  std::snprintf(g_stdlib_dir, sizeof g_stdlib_dir, "%.4000s/lib/python3.14", g_prefix);
}

void seed_hashes() {
  u64 key[2] = {0, 0};
  if (g_config.hash_seed_given) {
    // CPython's linear congruential stream, so that PYTHONHASHSEED=n gives the hashes that it gives there; 0 means a key of zeros.
    u32 state = u32(g_config.hash_seed);
    if (state != 0)
      for (u64& k : key)
        for (int i = 0; i < 8; i++) {
          state = state * 214013u + 2531011u;
          k |= u64(state >> 16 & 0xff) << (8 * i);
        }
  } else if (getrandom(key, sizeof key, GRND_NONBLOCK) != sizeof key) {
    key[0] = u64(getpid()) * 0x9E3779B97F4A7C15u;
  }
  set_hash_secret(key[0], key[1]);
}

void raise_recursion_error(Thread& t, const char* where) {
  raise(t, exc::RecursionError, "maximum recursion depth exceeded%s", where);
}
void raise_memory_error(Thread& t) { raise_no_memory(t); }
void raise_runtime_error(Thread& t, const char* message) { raise(t, exc::RuntimeError, "%s", message); }
Status raise_async(Thread& t, Ref&& exception) {
  Ref keep = std::move(exception);
  return raise_statement(t, keep, EMPTY);
}

Status start_types(Thread& t) {
  initialise_shapes();
  TRY(initialise_types(t));
  TRY(initialise_exceptions(t));
  g_raise_recursion_error = raise_recursion_error;
  g_raise_memory_error = raise_memory_error;
  g_raise_runtime_error = raise_runtime_error;
  g_raise_async_exception = raise_async;
  TRY(initialise_container_types(t));
  TRY(initialise_generic_alias(t));
  TRY(initialise_template(t));
  g_template_hooks = {interpolation_new, template_new};
  return ok();
}

Status import_and_drop(Thread& t, const char* name) {
  Ref module = TRY(import_module(t, name));
  return ok();
}

}  // namespace

// -X faulthandler, PYTHONFAULTHANDLER, or the development mode.
static Status start_faulthandler(Thread& t) {
  const char* variable = g_config.ignore_environment ? nullptr : getenv("PYTHONFAULTHANDLER");
  bool wanted = g_config.dev_mode || (variable != nullptr && variable[0] != 0);
  for (int i = 0; i < g_config.x_option_count; i++) wanted |= strcmp(g_config.x_options[i], "faulthandler") == 0;
  if (!wanted) return ok();
  Ref module = TRY(import_module(t, "faulthandler"));
  Ref enable = TRY(get_attribute_utf8(t, module, "enable"));
  TRY(call(t, enable));
  return ok();
}

namespace {

// Archives on sys.path are asked before directories.
Status install_zip_import(Thread& t) {
  Ref module = TRY(import_module(t, "zipimport"));
  Ref importer = TRY(get_attribute_utf8(t, module, "zipimporter"));
  Ref hooks = sys_get(t, str_immortal(t, "path_hooks"));
  if (!is_list(hooks)) return ok();
  return list_insert(t, hooks.as<List>(), 0, importer);
}

}  // namespace

Status runtime_start(Thread& t) {
  find_paths();
  seed_hashes();
  g_int_max_str_digits = g_config.int_max_str_digits;
  set_debug_ranges(g_config.debug_ranges);
  TRY(start_types(t));
  g_unpack_body = unpack_code_body;
  TRY(initialise_interpreter(t));
  TRY(start_core_modules(t));
  TRY(sys_set_paths(t));
  TRY(sys_set_argv(t));
  TRY(start_importlib(t));
  TRY(initialise_signals(t));
  TRY(import_and_drop(t, "encodings"));
  TRY(sys_set_streams(t));
  TRY(start_faulthandler(t));
  g_check_codec_names = g_config.dev_mode;
  TRY(install_zip_import(t));
  RefTo<Str> main_name = TRY(str_from_ascii(t, "__main__"));
  main_name = TRY(str_intern(t, main_name));
  RefTo<Module> main_module = TRY(module_new(t, main_name.get()));
  TRY(dict_set_str(t, main_module->dict.as<Dict>(), names::__builtins__, builtins_module()));
  TRY(dict_set_str(t, sys_modules(t), main_name.get(), main_module));
  // As CPython's, __main__ has a loader even before it runs.
  Ref importlib = dict_get_str(t, sys_modules(t), str_immortal(t, "_frozen_importlib"));
  Ref loader = TRY(get_attribute_utf8(t, importlib, "BuiltinImporter"));
  TRY(dict_set_str(t, main_module->dict.as<Dict>(), names::__loader__, loader));
  if (g_config.warn_option_count > 0) TRY(import_and_drop(t, "warnings"));
  if (!g_config.no_site) TRY(import_and_drop(t, "site"));
  return ok();
}

namespace {

Dict* main_dict(Thread& t) {
  Value module = dict_peek_str(sys_modules(t), names::__main__);
  return module.is_empty() ? nullptr : module.as<Module>()->dict.as<Dict>();
}

// sys.path[0] for a script, -c or -m, unless -P or -I.
Status insert_path0(Thread& t, std::string_view directory) {
  if (g_config.safe_path) return ok();
  remember_first_directory(directory);
  Ref path = sys_get(t, str_immortal(t, "path"));
  if (!is_list(path)) return ok();
  Ref entry = TRY(decode_fs(t, directory.data(), directory.size()));
  return list_insert(t, path.as<List>(), 0, entry);
}

Ref run_in_main(Thread& t, Value code) {
  Ref module = Ref::copy(dict_peek_str(sys_modules(t), names::__main__));
  Ref dict = module.as<Module>()->dict.load();
  platform::empty_stack_below();  // start-up went deep
  return run_code(t, code.as<Code>(), dict, dict);
}

// The text of -c without the white space that all its lines begin with; lines of nothing but white space become empty.
std::string dedent(std::string_view text) {
  std::string_view margin;
  bool first = true;
  auto each_line = [&](auto&& use) {
    for (size_t i = 0; i < text.size();) {
      size_t end = text.find('\n', i);
      std::string_view line = text.substr(i, end == std::string_view::npos ? end : end - i);
      use(line, line.find_first_not_of(" \t") == std::string_view::npos, end != std::string_view::npos);
      if (end == std::string_view::npos) break;
      i = end + 1;
    }
  };
  each_line([&](std::string_view line, bool blank, bool) {
    if (blank) return;
    std::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
    if (first) margin = indent;
    first = false;
    size_t n = 0;
    while (n < margin.size() && n < indent.size() && margin[n] == indent[n]) n++;
    margin = margin.substr(0, n);
  });
  if (margin.empty()) return std::string(text);
  std::string out;
  each_line([&](std::string_view line, bool blank, bool newline) {
    if (!blank) out += line.substr(margin.size());
    if (newline) out += '\n';
  });
  return out;
}

Ref run_command(Thread& t) {
  TRY(insert_path0(t, ""));
  RefTo<Str> filename = TRY(str_from_ascii(t, "<string>"));
  std::string text = dedent(g_config.command);
  Ref source = TRY(decode_fs(t, text.data(), text.size()));
  // Tracebacks show the source of -c: linecache learns it.
  Ref code = TRY(compile_source(t, text, filename, "exec", 0, true, g_config.optimize, true));
  Ref linecache = import_module(t, "linecache");
  if (!linecache.failed()) {
    Ref registered = call_method_with(t, linecache, str_immortal(t, "_register_code"), code, source, filename);
    if (registered.failed()) clear_exception(t);
  } else {
    clear_exception(t);
  }
  return run_in_main(t, code);
}

Ref run_module(Thread& t, const char* name, bool alter_argv) {
  Ref runpy = TRY(import_module(t, "runpy"));
  RefTo<Str> text = TRY(str_from_utf8(t, name));
  return call_method_with(t, runpy, str_immortal(t, "_run_module_as_main"), text, Value::boolean(alter_argv));
}

TYPHON_NOINLINE Status insert_current_directory(Thread& t) {
  char cwd[PATH_MAX];
  return getcwd(cwd, sizeof cwd) == nullptr ? ok() : insert_path0(t, cwd);
}

// -m: the current directory comes first on sys.path.
Ref run_named_module(Thread& t) {
  TRY(insert_current_directory(t));
  return run_module(t, g_config.module, true);
}

bool read_all(int fd, char** data, size_t* size) {
  size_t capacity = 65536;
  *data = static_cast<char*>(malloc(capacity));
  *size = 0;
  while (true) {
    if (*size == capacity) *data = static_cast<char*>(realloc(*data, capacity *= 2));
    ssize_t n = read(fd, *data + *size, capacity - *size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n == 0;
    *size += size_t(n);
  }
}

Ref run_text(Thread& t, const char* data, size_t size, Value filename) {
  Ref code = TRY(compile_source(t, {data, size}, filename, "exec", 0, true, g_config.optimize, true, true));
  return run_in_main(t, code);
}

// Zip files end with a directory of what is in them; anything else that an importer takes has to be a directory.
bool looks_like_archive(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char tail[22 + 1024];
  off_t size = lseek(fd, 0, SEEK_END);
  off_t from = size > off_t(sizeof tail) ? size - off_t(sizeof tail) : 0;
  ssize_t n = size < 22 ? -1 : pread(fd, tail, sizeof tail, from);
  close(fd);
  return n >= 22 && memmem(tail, size_t(n), "PK\5\6", 4) != nullptr;
}
// A directory or zip file with a __main__.py is run through runpy; *handled tells.
Ref run_path_entry(Thread& t, const char* path, bool* handled) {
  *handled = false;
  struct stat info;
  if (stat(path, &info) != 0) return Ref::none();
  if (!S_ISDIR(info.st_mode) && !looks_like_archive(path)) return Ref::none();
  *handled = true;
  TRY(insert_path0(t, path));
  return run_module(t, "__main__", false);
}

// The script's path is absolute everywhere but in sys.argv, as since 3.9.
TYPHON_NOINLINE std::string make_absolute(const char* path) {
  char cwd[PATH_MAX];
  if (path[0] == '/' || getcwd(cwd, sizeof cwd) == nullptr) return path;
  return std::string(cwd) + "/" + (strncmp(path, "./", 2) == 0 ? path + 2 : path);
}
// Its directory, symbolic links resolved.
TYPHON_NOINLINE std::string directory_of(const char* path) {
  char resolved[PATH_MAX];
  std::string_view file = realpath(path, resolved) != nullptr ? resolved : path;
  size_t slash = file.rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(file.substr(0, slash == 0 ? 1 : slash));
}

// A compiled file: 16 bytes of header, then the code.
Ref run_compiled(Thread& t, const char* data, size_t size) {
  u32 magic;
  if (size < 16 || (memcpy(&magic, data, 4), magic != kBytecodeMagic)) return raise(t, exc::RuntimeError, "Bad magic number in .pyc file");
  Ref code = TRY(marshal_loads(t, reinterpret_cast<const u8*>(data) + 16, size - 16));
  if (!is_code(code)) return raise(t, exc::RuntimeError, "Bad code object in .pyc file");
  return run_in_main(t, code);
}
Ref run_script(Thread& t, int* exit_code) {
  // No array in this frame: it stays under the whole program, and what lies in room that it does not fill keeps objects alive.
  std::string absolute = make_absolute(g_config.script);
  const char* path = absolute.c_str();
  bool handled;
  Ref entry = TRY(run_path_entry(t, path, &handled));
  if (handled) return entry;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) {
    std::fprintf(stderr, "%s: can't open file '%s': [Errno %d] %s\n", g_executable, path, errno, strerror(errno));
    *exit_code = 2;
    return Ref::none();
  }
  char* data;
  size_t size;
  bool fine = read_all(fd, &data, &size);
  close(fd);
  if (!fine) {
    free(data);
    return raise_errno(t, errno);
  }
  Status status = insert_path0(t, directory_of(path));
  Ref filename = decode_fs(t, path, strlen(path));
  Ref result = Ref::error();
  if (!status.failed() && !filename.failed()) {
    Dict* dict = main_dict(t);
    Ref external = dict_get_str(t, sys_modules(t), str_immortal(t, "_frozen_importlib_external"));
    size_t length = strlen(path);
    bool compiled = length > 4 && strcmp(path + length - 4, ".pyc") == 0;
    Ref loader_type = get_attribute_utf8(t, external, compiled ? "SourcelessFileLoader" : "SourceFileLoader");
    Ref loader = loader_type.failed() ? Ref::error() : call_with(t, loader_type, names::__main__, filename);
    if (!loader.failed() && !dict_set_str(t, dict, names::__loader__, loader).failed() &&
        !dict_set_str(t, dict, names::__file__, filename).failed() && !dict_set_str(t, dict, names::__cached__, None).failed())
      result = compiled ? run_compiled(t, data, size) : run_text(t, data, size, filename);
  }
  free(data);
  return result;
}

Ref run_stdin(Thread& t) {
  TRY(insert_path0(t, ""));
  char* data;
  size_t size;
  read_all(0, &data, &size);
  RefTo<Str> filename = TRY(str_from_ascii(t, "<stdin>"));
  Ref result = run_text(t, data, size, filename);
  free(data);
  return result;
}

}  // namespace

int runtime_run_main(Thread& t) {
  int code = 0;
  Ref result;
  if (g_config.command != nullptr)
    result = run_command(t);
  else if (g_config.module != nullptr)
    result = run_named_module(t);
  else if (g_config.script != nullptr && strcmp(g_config.script, "-") != 0)
    result = run_script(t, &code);
  else if (isatty(0) || g_config.interactive)
    return run_interactive(t);
  else
    result = run_stdin(t);
  if (result.failed()) code = print_pending_and_exit_code(t);
  if (g_config.inspect && code != 2) return run_interactive(t);
  return code;
}

namespace {

void call_quietly(Thread& t, const char* module_name, const char* function, const char* where) {
  Ref module = dict_get_str(t, sys_modules(t), str_immortal(t, module_name));
  if (module.is_empty() || module.get().is_none()) return;
  Ref done = call_method_with(t, module, str_immortal(t, function));
  if (done.failed()) write_unraisable(t, where, EMPTY);
}

// False when the text could not be written (exit code 120, as CPython).
bool flush_streams(Thread& t) {
  bool fine = true;
  for (Str* name : {names::stdout_, names::stderr_}) {
    Ref stream = sys_get(t, name);
    if (stream.is_empty() || stream.get().is_none()) continue;
    Ref closed = get_attribute_utf8(t, stream, "closed");
    if (closed.failed()) {
      clear_exception(t);
    } else if (closed.get().is_true()) {
      continue;
    }
    Ref done = call_method_with(t, stream, names::flush);
    if (done.failed()) {
      if (name == names::stdout_)
        write_unraisable(t, "while flushing sys.stdout", EMPTY);
      else
        clear_exception(t);
      fine = false;
    }
  }
  return fine;
}

// The last exception that was shown holds frames of the main module.
void forget_last_exception(Thread& t) {
  for (const char* name : {"last_exc", "last_type", "last_value", "last_traceback"})
    if (dict_set_str(t, sys_dict(), str_immortal(t, name), None).failed()) clear_exception(t);
}
// Takes __main__ out of sys.modules; a weak reference to it, EMPTY when there is none.
TYPHON_NOINLINE Ref forget_main_module(Thread& t) {
  Ref weak;
  Ref module = dict_get_str(t, sys_modules(t), names::__main__);
  if (is_module(module)) weak = weakref_new(t, module, EMPTY);
  if (weak.failed() || dict_delete_str(t, sys_modules(t), names::__main__).failed()) clear_exception(t);
  return weak.failed() ? Ref() : std::move(weak);
}
// Whether the module comes from a file outside of the standard library.
bool is_of_program(Thread& t, Value module) {
  if (!is_module(module)) return false;
  Ref file = dict_get_str(t, module.as<Module>()->dict.as<Dict>(), names::__file__);
  Ref library = sys_get(t, str_immortal(t, "_stdlib_dir"));
  if (!is_str(file)) return false;
  if (!is_str(library)) return true;
  Utf8Buffer file_buffer, library_buffer;
  std::string_view path = str_utf8(file.as<Str>(), file_buffer), prefix = str_utf8(library.as<Str>(), library_buffer);
  return path.substr(0, prefix.size()) != prefix || path.substr(prefix.size()).find("/site-packages/") == 0;
}
// Takes the program's modules out of sys.modules; weak references to them, in the order in which they were imported.
TYPHON_NOINLINE void forget_modules(Thread& t, RootedVector& weak) {
  RefTo<List> names = dict_keys_list(t, sys_modules(t));
  for (size_t i = 0; !names.failed() && i < list_size(names.get()); i++) {
    Ref name = list_get(t, names.get(), i);
    if (!is_str(name)) continue;
    Ref module = dict_get_str(t, sys_modules(t), name.as<Str>());
    if (!is_of_program(t, module)) continue;
    Ref reference = weakref_new(t, module, EMPTY);
    if (!reference.failed()) weak.push(std::move(reference));
    if (dict_delete_str(t, sys_modules(t), name.as<Str>()).failed()) clear_exception(t);
  }
  if (exception_pending(t)) clear_exception(t);
}
// Sets the names of a module to None, if it is still alive; false: it is not.
bool clear_module(Thread& t, Value weak) {
  if (weak.is_empty()) return false;
  Ref module = weakref_get(t, weak.as<WeakRef>());
  if (module.is_empty()) return false;
  Dict* dict = module.as<Module>()->dict.as<Dict>();
  RefTo<List> keys = dict_keys_list(t, dict);
  if (keys.failed()) {
    clear_exception(t);
    return false;
  }
  for (size_t i = 0; i < list_size(keys.get()); i++) {
    Ref key = list_get(t, keys.get(), i);
    if (!is_str(key) || key.as<Str>()->equals_ascii("__builtins__")) continue;
    if (dict_set_str(t, dict, key.as<Str>(), None).failed()) clear_exception(t);
  }
  return true;
}

}  // namespace

namespace {

// Whether anything is left whose end the program could notice, but for the standard streams, which are flushed anyhow.
bool anything_to_finalise(Thread& t) {
  RootedVector streams(t);
  for (const char* name : {"__stdin__", "__stdout__", "__stderr__"}) {
    Ref layer = sys_get(t, str_immortal(t, name));
    for (const char* below : {"buffer", "raw"}) {
      if (layer.is_empty() || layer.get().is_none()) break;
      streams.push_copy(layer);
      layer = get_attribute_utf8(t, layer, below);
      if (layer.failed()) {
        clear_exception(t);
        layer = Ref();
      }
    }
    if (!layer.is_empty()) streams.push(std::move(layer));
  }
  return collector::anything_to_finalise(streams);
}

}  // namespace

// The modules of the program end like the main module: all together, and what something else keeps loses its names, the last import
// first. Those of the library stay, for finalisers may need them.
static void end_modules(Thread& t) {
  RootedVector weak(t);
  forget_modules(t, weak);
  if (weak.empty() || !anything_to_finalise(t)) return;
  collector::collect(t);
  bool cleared = false;
  for (size_t i = weak.size(); i-- > 0;) cleared |= clear_module(t, weak[i]);
  if (cleared) collector::collect(t);
  if (exception_pending(t)) clear_exception(t);
}

int runtime_shutdown(Thread& t, int code) {
  // Non-daemon threads are waited for, then exit functions run, as threading and atexit document.
  call_quietly(t, "threading", "_shutdown", "on threading shutdown");
  call_quietly(t, "atexit", "_run_exitfuncs", "in atexit callback");
  if (!flush_streams(t) && code == 0) code = 120;
  // Daemon threads stop here and never go on: the world stays stopped.
  freeze_other_threads(t);
  g_finalizing = true;
  io_forget_other_threads();
  finish_signals(t);
  // Without its entry in sys.modules the main module dies with all that only it holds: finalisers run while its names are still
  // there. When something else keeps the module, its names go one by one.
  forget_last_exception(t);
  Ref weak = forget_main_module(t);
  if (anything_to_finalise(t)) {
    collector::collect(t);
    if (exception_pending(t)) clear_exception(t);
    if (clear_module(t, weak)) collector::collect(t);
    end_modules(t);
  }
  if (safepoint(t).failed() || exception_pending(t)) clear_exception(t);
  flush_streams(t);
  return code;
}

}  // namespace typhon
