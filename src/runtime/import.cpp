// Import: native modules, the bootstrap of importlib (run from its own source in the library), and the three import instructions.
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "interpreter/frame.h"
#include "runtime/import_time.h"
#include "runtime/library.h"
#include "runtime/runtime.h"

namespace typhon {

namespace {

GlobalRoot g_modules, g_sys, g_builtins, g_importlib, g_importlib_external;

}  // namespace

Ref create_native_module(Thread& t, const ModuleDef& definition) {
  // sys and builtins exist from the start; asking for them again gives the same module.
  if (strcmp(definition.name, "sys") == 0) return Ref::copy(g_sys.get());
  if (strcmp(definition.name, "builtins") == 0) return Ref::copy(g_builtins.get());
  return module_from_definition(t, definition);
}

Dict* sys_modules(Thread&) { return g_modules.as<Dict>(); }
void set_sys_modules(Thread& t, Value modules) { g_modules.set(t, Ref::copy(modules)); }
Dict* sys_dict() { return g_sys.as<Module>()->dict.as<Dict>(); }
Dict* g_builtins_dict;  // the module builtins keeps it
Dict* builtins_dict() { return g_builtins_dict; }
Value sys_module() { return g_sys.get(); }
Value builtins_module() { return g_builtins.get(); }

Ref sys_get(Thread& t, Str* name) { return dict_get_str(t, sys_dict(), name); }

Status start_core_modules(Thread& t) {
  g_modules.set(t, TRY(dict_new(t)).release_ref());
  g_builtins.set(t, TRY(module_from_definition(t, *find_native_module("builtins"))));
  g_builtins_dict = g_builtins.as<Module>()->dict.as<Dict>();
  g_sys.set(t, TRY(module_from_definition(t, *find_native_module("sys"))));
  TRY(dict_set_str(t, sys_modules(t), str_immortal(t, "builtins"), g_builtins.get()));
  TRY(dict_set_str(t, sys_modules(t), str_immortal(t, "sys"), g_sys.get()));
  return dict_set_str(t, sys_dict(), names::modules, g_modules.get());
}

namespace {

struct FileText {
  char* data = nullptr;
  size_t size = 0;
  ~FileText() { free(data); }
};

// All of a file, `size` bytes, to `out`; *fd is closed.
bool read_and_close(int fd, void* out, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t n = read(fd, static_cast<char*>(out) + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += size_t(n);
  }
  close(fd);
  return done == size;
}

bool read_file(const char* path, FileText* out, struct stat* info) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  if (fstat(fd, info) != 0) {
    close(fd);
    return false;
  }
  out->size = size_t(info->st_size);
  out->data = static_cast<char*>(malloc(out->size + 1));
  return read_and_close(fd, out->data, out->size);
}
// The file as bytes; None when it cannot be read.
Ref read_bytes(Thread& t, const char* path, struct stat* info) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Ref::none();
  RefTo<Bytes> bytes = fstat(fd, info) == 0 ? bytes_allocate(t, size_t(info->st_size)) : RefTo<Bytes>();
  if (bytes.failed() || bytes.is_empty()) {
    if (bytes.failed()) clear_exception(t);
    close(fd);
    return Ref::none();
  }
  if (!read_and_close(fd, bytes->data, bytes->size)) return Ref::none();
  return bytes;
}

// Header of a cached bootstrap file: this magic, then size and modification time of its source.
struct CacheHeader {
  u32 magic;
  u32 reserved;
  u64 source_size;
  i64 source_mtime_ns;
};

// The cache lies where importlib would put it, under Typhon's own cache tag, with a suffix of its own.
void cache_path(const char* source, char* out, size_t n) {
  const char* slash = strrchr(source, '/');
  const char* stem = slash + 1;
  size_t length = strlen(stem);
  if (length > 3) length -= 3;
  std::snprintf(out, n, "%.*s/__pycache__/%.*s.%s.boot", int(slash - source), source, int(length), stem, kCacheTag);
}

}  // namespace

// Code of a file of the library that is needed before importlib runs; compiled code is kept on disk (written atomically).
Ref load_library_code(Thread& t, const char* relative, const char* filename) {
  char path[4096 + 256], cached[4096 + 512];
  std::snprintf(path, sizeof path, "%s/%s", g_stdlib_dir, relative);
  cache_path(path, cached, sizeof cached);
  struct stat info, cached_info;
  CacheHeader wanted{kBytecodeMagic, 0, 0, 0};
  if (stat(path, &info) != 0) {
    std::fprintf(stderr, "typhon: cannot find the standard library: %s is missing (looked in %s)\n", relative, g_stdlib_dir);
    return raise(t, exc::ImportError, "the standard library file '%s' is missing", path);
  }
  wanted.source_size = u64(info.st_size);
  wanted.source_mtime_ns = i64(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec;
  {
    Ref cache = read_bytes(t, cached, &cached_info);
    Bytes* bytes = is_exact_bytes(cache) ? cache.as<Bytes>() : nullptr;
    if (bytes != nullptr && bytes->size > sizeof wanted && memcmp(bytes->data, &wanted, sizeof wanted) == 0) {
      Ref code = marshal_loads(t, bytes->data + sizeof wanted, bytes->size - sizeof wanted, cache);
      if (!code.failed() && is_code(code)) return code;
      if (code.failed()) clear_exception(t);  // a damaged cache is ignored
    }
  }
  FileText source;
  if (!read_file(path, &source, &info)) return raise_errno(t, errno);
  RefTo<Str> name = TRY(str_from_utf8(t, filename));
  Ref code = TRY(compile_source(t, {source.data, source.size}, name, "exec", 0, true, 0, true));
  if (g_config.dont_write_bytecode) return code;
  Ref dumped = marshal_dumps(t, code, 5);  // 5: constants may be slices
  if (dumped.failed()) {
    clear_exception(t);
    return code;
  }
  char temporary[4096 + 600];
  char* slash = strrchr(cached, '/');
  *slash = 0;
  mkdir(cached, 0777);
  *slash = '/';
  std::snprintf(temporary, sizeof temporary, "%s.%d", cached, getpid());
  int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return code;
  auto* bytes = dumped.as<Bytes>();
  bool fine = write(fd, &wanted, sizeof wanted) == ssize_t(sizeof wanted) && write(fd, bytes->data, bytes->size) == ssize_t(bytes->size);
  close(fd);
  if (!fine || rename(temporary, cached) != 0) unlink(temporary);
  return code;
}

Ref run_library_module(Thread& t, const char* name, Value code, const char* original) {
  RefTo<Str> module_name = TRY(str_from_ascii(t, name));
  module_name = TRY(str_intern(t, module_name));
  RefTo<Module> module = TRY(module_new(t, module_name.get()));
  Dict* dict = module->dict.as<Dict>();
  TRY(dict_set_str(t, dict, names::__builtins__, builtins_module()));
  // FrozenImporter._fix_up_module wants to know what was frozen under this name.
  RefTo<Str> origin = TRY(str_from_ascii(t, original));
  TRY(dict_set_str(t, dict, str_immortal(t, "__origname__"), origin));
  TRY(dict_set_str(t, sys_modules(t), module_name.get(), module));
  TRY(run_code(t, code.as<Code>(), module->dict.peek(), module->dict.peek()));
  return module;
}

Status start_importlib(Thread& t) {
  Ref code = TRY(load_library_code(t, "importlib/_bootstrap.py", "<frozen importlib._bootstrap>"));
  Ref bootstrap = TRY(run_library_module(t, "_frozen_importlib", code, "importlib._bootstrap"));
  g_importlib.set(t, bootstrap.dup());
  Ref imp = TRY(create_native_module(t, *find_native_module("_imp")));
  TRY(dict_set_str(t, sys_modules(t), str_immortal(t, "_imp"), imp));
  Ref system = Ref::copy(sys_module());
  TRY(call_method_with(t, bootstrap, str_immortal(t, "_install"), system, imp));
  TRY(call_method_with(t, bootstrap, str_immortal(t, "_install_external_importers")));
  Ref external = dict_get_str(t, sys_modules(t), str_immortal(t, "_frozen_importlib_external"));
  if (!external.is_empty()) g_importlib_external.set(t, std::move(external));
  return ok();
}

Ref module_repr_by_importlib(Thread& t, Value module, bool* done) {
  *done = !g_importlib.get().is_empty();
  if (!*done) return Ref();
  return call_method_with(t, g_importlib.get(), str_immortal(t, "_module_repr"), module);
}

namespace {

// The absolute name of a relative import.
Ref resolve_name(Thread& t, Str* name, Value globals, i64 level) {
  if (!is_dict(globals)) return raise(t, exc::KeyError, "'__name__' not in globals");
  Dict* dict = globals.as<Dict>();
  Ref package = dict_get_str(t, dict, names::__package__);
  Ref spec = dict_get_str(t, dict, names::__spec__);
  if (!package.is_empty() && !package.get().is_none()) {
    if (!is_str(package)) return raise(t, exc::TypeError, "package must be a string");
    if (!spec.is_empty() && !spec.get().is_none()) {
      Ref parent = TRY(get_attribute(t, spec, str_immortal(t, "parent")));
      if (!TRY(equal(t, package, parent))) TRY(warn(t, exc::DeprecationWarning, 1, "__package__ != __spec__.parent"));
    }
  } else if (!spec.is_empty() && !spec.get().is_none()) {
    package = TRY(get_attribute(t, spec, str_immortal(t, "parent")));
    if (!is_str(package)) return raise(t, exc::TypeError, "__spec__.parent must be a string");
  } else {
    TRY(warn(t, exc::ImportWarning, 1, "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__"));
    package = dict_get_str(t, dict, names::__name__);
    if (package.is_empty()) return raise(t, exc::KeyError, "'__name__' not in globals");
    if (!is_str(package)) return raise(t, exc::TypeError, "__name__ must be a string");
    if (dict_peek_str(dict, names::__path__).is_empty()) {
      Str* s = package.as<Str>();
      size_t dot = s->length();
      while (dot > 0 && s->at(dot - 1) != '.') dot--;
      package = TRY(str_substring(t, s, 0, dot > 0 ? dot - 1 : 0));
    }
  }
  Str* base = package.as<Str>();
  if (base->length() == 0) return raise(t, exc::ImportError, "attempted relative import with no known parent package");
  size_t end = base->length();
  for (i64 up = 1; up < level; up++) {
    size_t dot = end;
    while (dot > 0 && base->at(dot - 1) != '.') dot--;
    if (dot == 0) return raise(t, exc::ImportError, "attempted relative import beyond top-level package");
    end = dot - 1;
  }
  RefTo<Str> parent = TRY(str_substring(t, base, 0, end));
  if (name->length() == 0) return parent;
  return str_format(t, "%U.%U", parent.get(), name);
}

// Whether the module is still being executed (its lock may have to be waited for).
Result<bool> is_initialising(Thread& t, Value module) {
  Ref spec = TRY(get_attribute_or_empty(t, module, names::__spec__));
  if (spec.is_empty() || spec.get().is_none()) return false;
  Ref flag = TRY(get_attribute_or_empty(t, spec, names::_initializing));
  if (flag.is_empty()) return false;
  return truth(t, flag);
}

// Takes importlib's own frames out of the pending exception's traceback: all of them for an ImportError, otherwise those that lead
// to a module's code (they end in _call_with_frames_removed). -v keeps them.
void remove_importlib_frames(Thread& t) {
  if (g_config.verbose || t.pending.is_empty()) return;
  auto* exception = t.pending.as<BaseException>();
  bool all = is_instance_of(t.pending, exc::ImportError);
  Object* owner = exception;       // of the link that a removed chunk hangs from
  Field* link = &exception->traceback;
  Object* chunk_owner = nullptr;
  Field* chunk = nullptr;
  bool inside = false;
  while (true) {
    Ref row = link->load();
    if (row.is_empty() || !is_traceback(row)) return;
    auto* traceback = row.as<Traceback>();
    auto* code = traceback->frame.as<FrameObject>()->code_field.as<Code>();
    Str* file = code->filename.as<Str>();
    bool ours = file->equals_ascii("<frozen importlib._bootstrap>") || file->equals_ascii("<frozen importlib._bootstrap_external>");
    if (ours && !inside) {
      chunk_owner = owner;
      chunk = link;
    }
    inside = ours;
    Ref next = traceback->next.load();
    if (inside && (all || code->name.as<Str>()->equals_ascii("_call_with_frames_removed"))) {
      chunk->store(chunk_owner, next.get());
      owner = chunk_owner;
      link = chunk;
    } else {
      owner = traceback;
      link = &traceback->next;
    }
  }
}

Ref find_and_load(Thread& t, Str* name) {
  ImportTimer timer(name);
  Ref import_function = Ref::copy(dict_peek_str(builtins_dict(), names::__import__));
  Ref module = call_method_with(t, g_importlib.get(), names::_find_and_load, Value(name), import_function);
  if (module.failed()) remove_importlib_frames(t);
  return module;
}

// sys.modules[name], finding and loading it when needed. Lock-free when it is there and complete.
Ref import_absolute(Thread& t, Str* name) {
  Ref module = TRY(dict_get_py(t, sys_modules(t), name));
  if (!module.is_empty() && !module.get().is_none()) {
    if (TRY(is_initialising(t, module))) {
      TRY(call_method_with(t, g_importlib.get(), str_immortal(t, "_lock_unlock_module"), Value(name)));
      module = TRY(dict_get_py(t, sys_modules(t), name));
      if (module.is_empty()) return find_and_load(t, name);
    } else if (g_multi_threaded) {
      // A module whose import fails leaves sys.modules first and counts as initialised afterwards.
      module = TRY(dict_get_py(t, sys_modules(t), name));
      if (module.is_empty()) return find_and_load(t, name);
    }
    if (g_config.import_time > 1) [[unlikely]] ImportTimer::report_cached(name);
    return module;
  }
  if (g_importlib.get().is_empty()) {
    // Before importlib runs, only native modules can be had.
    Utf8Buffer buffer;
    const ModuleDef* definition = find_native_module(str_utf8(name, buffer));
    if (definition == nullptr) return raise(t, exc::ImportError, "No module named '%U'", name);
    Ref made = TRY(create_native_module(t, *definition));
    TRY(dict_set_str(t, sys_modules(t), name, made));
    return made;
  }
  return find_and_load(t, name);
}

}  // namespace

Ref import_module_level(Thread& t, Str* name, Value globals, Value fromlist, i64 level) {
  if (level < 0) return raise(t, exc::ValueError, "level must be >= 0");
  Ref absolute;
  if (level > 0) {
    absolute = TRY(resolve_name(t, name, globals, level));
  } else {
    if (name->length() == 0) return raise(t, exc::ValueError, "Empty module name");
    absolute = Ref::copy(Value(name));
  }
  absolute = TRY(str_intern(t, absolute));
  Ref module = TRY(import_absolute(t, absolute.as<Str>()));
  bool has_from = !fromlist.is_none() && TRY(truth(t, fromlist));
  if (has_from) {
    Ref path = TRY(get_attribute_or_empty(t, module, names::__path__));
    if (path.is_empty()) return module;
    Ref import_function = Ref::copy(dict_peek_str(builtins_dict(), names::__import__));
    Ref result = call_method_with(t, g_importlib.get(), names::_handle_fromlist, module, fromlist, import_function);
    if (result.failed()) remove_importlib_frames(t);
    return result;
  }
  if (level != 0 && name->length() == 0) return module;
  size_t dot = 0;
  while (dot < name->length() && name->at(dot) != '.') dot++;
  if (dot == name->length()) return module;
  // `import a.b.c` gives a.
  Str* full = absolute.as<Str>();
  RefTo<Str> front = TRY(str_substring(t, full, 0, full->length() - (name->length() - dot)));
  if (level == 0) return import_absolute(t, front.get());
  Ref parent = TRY(dict_get_py(t, sys_modules(t), front));
  if (parent.is_empty()) return raise(t, exc::KeyError, "%R not in sys.modules as expected", front.value());
  return parent;
}

Ref import_name(Thread& t, Str* name, Value globals, Value locals, Value fromlist, Value level) {
  // A replaced __import__ must be called; the frame's builtins decide.
  Ref hook = TRY(frame_builtin(t, names::__import__));
  if (hook.is_empty()) return raise(t, exc::ImportError, "__import__ not found");
  if (hook.get().same_word(dict_peek_str(builtins_dict(), names::__import__)) && is_builtin_function(hook)) {
    i64 n = TRY(to_i64(t, level));
    return import_module_level(t, name, globals, fromlist, n);
  }
  return call_with(t, hook, Value(name), globals, locals, fromlist, level);
}

Ref import_from(Thread& t, Value module, Str* name) {
  Ref value = TRY(get_attribute_or_empty(t, module, name));
  if (!value.is_empty()) return value;
  // A submodule that is being imported in a circle: sys.modules["package.name"].
  Ref package = TRY(get_attribute_or_empty(t, module, names::__name__));
  if (is_str(package)) {
    RefTo<Str> full = TRY(str_format(t, "%U.%U", package.as<Str>(), name));
    Ref found = TRY(dict_get_py(t, sys_modules(t), full));
    if (!found.is_empty()) return found;
  }
  RefTo<Str> shown = is_str(package) ? RefTo<Str>::copy(package.as<Str>()) : TRY(str_from_ascii(t, "<unknown module name>"));
  Ref spec = TRY(get_attribute_or_empty(t, module, names::__spec__));
  Ref file = TRY(get_attribute_or_empty(t, module, names::__file__));
  ModuleHints hints;
  TRY(module_hints(t, spec, package, &hints));
  Ref origin = hints.origin.is_empty() && is_str(file) ? std::move(file) : hints.origin.dup();
  RefTo<Str> place;
  if (hints.shadows_stdlib || (hints.initialising && hints.shadowing))
    place = TRY(shadowing_advice(t, hints, shown));
  else if (hints.initialising && !is_str(origin))
    place = TRY(str_from_ascii(t, " (most likely due to a circular import)"));
  else if (hints.initialising)
    place = TRY(str_format(t, " (most likely due to a circular import) (%S)", origin.get()));
  else
    place = is_str(origin) ? TRY(str_format(t, " (%S)", origin.get())) : TRY(str_from_ascii(t, " (unknown location)"));
  bool partial = hints.initialising && !hints.shadowing;
  RefTo<Str> message = TRY(str_format(t, "cannot import name %R from %s%R%U", Value(name), partial ? "partially initialized module " : "",
                                      shown.value(), place.get()));
  Ref exception = TRY(make_exception(t, exc::ImportError, message));
  auto* e = exception.as<ImportErrorObject>();
  e->name.store(e, shown);
  if (is_str(origin)) e->path.store(e, origin);
  e->name_from.store(e, Value(name));
  return raise_exception(t, std::move(exception));
}

Status import_star(Thread& t, Value module, Value space) {
  Ref all = TRY(get_attribute_or_empty(t, module, names::__all__));
  bool skip_private = all.is_empty();
  Ref dict;
  if (skip_private) {
    dict = TRY(get_attribute_or_empty(t, module, names::__dict__));
    if (dict.is_empty()) return raise(t, exc::ImportError, "from-import-* object has no __dict__ and no __all__");
    Ref keys = TRY(call_method_with(t, dict, names::keys));
    all = TRY(to_list(t, keys));
  }
  for (i64 i = 0;; i++) {
    Ref key = get_item_index(t, all, i);
    if (key.failed()) {
      if (clear_if(t, exc::IndexError)) return ok();
      return Raised{};
    }
    if (!is_str(key)) {
      Ref name = TRY(get_attribute(t, module, names::__name__));
      if (skip_private) return raise(t, exc::TypeError, "Key in %U.__dict__ must be str, not %T", name.as<Str>(), key.get());
      return raise(t, exc::TypeError, "Item in %U.__all__ must be str, not %T", name.as<Str>(), key.get());
    }
    if (skip_private && key.as<Str>()->length() > 0 && key.as<Str>()->at(0) == '_') continue;
    RefTo<Str> name = TRY(str_intern(t, key));
    Ref value = TRY(get_attribute(t, module, name.get()));
    if (is_exact_dict(space))
      TRY(dict_set_str(t, space.as<Dict>(), name.get(), value));
    else
      TRY(set_item(t, space, name, value));
  }
}

Ref import_module(Thread& t, const char* name) {
  RefTo<Str> text = TRY(str_from_ascii(t, name));
  text = TRY(str_intern(t, text));
  return import_absolute(t, text.get());
}

}  // namespace typhon
