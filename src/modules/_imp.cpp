// _imp: what importlib's bootstrap needs of the VM.
#include <atomic>
#include <cstdio>

#include "runtime/library.h"
#include "threads/sync.h"

namespace typhon {
namespace {

// Modules that CPython keeps in its binary under these names. Here their code comes from the library file, by way of a cache that needs
// no search (load_library_code).
struct FrozenRow {
  const char* name;
  const char* file;
  const char* original;  // the module that this is the code of, when it goes by another name; "<": the package itself
  bool package = false;
  bool essential = false;  // also with -X frozen_modules=off
};
constexpr FrozenRow kFrozen[] = {
    {"_frozen_importlib", "importlib/_bootstrap.py", "importlib._bootstrap", false, true},
    {"_frozen_importlib_external", "importlib/_bootstrap_external.py", "importlib._bootstrap_external", false, true},
    {"zipimport", "zipimport.py", "zipimport", false, true},
    {"abc", "abc.py", "abc"},
    {"codecs", "codecs.py", "codecs"},
    {"io", "io.py", "io"},
    {"_collections_abc", "_collections_abc.py", "_collections_abc"},
    {"_sitebuiltins", "_sitebuiltins.py", "_sitebuiltins"},
    {"genericpath", "genericpath.py", "genericpath"},
    {"ntpath", "ntpath.py", "ntpath"},
    {"posixpath", "posixpath.py", "posixpath"},
    {"os", "os.py", "os"},
    {"site", "site.py", "site"},
    {"stat", "stat.py", "stat"},
    {"importlib.util", "importlib/util.py", "importlib.util"},
    {"importlib.machinery", "importlib/machinery.py", "importlib.machinery"},
    {"runpy", "runpy.py", "runpy"},
    {"__hello__", "__hello__.py", "__hello__"},
    {"__hello_alias__", "__hello__.py", "__hello__"},
    {"__phello_alias__", "__hello__.py", "__hello__", true},
    {"__phello_alias__.spam", "__hello__.py", "__hello__"},
    {"__phello__", "__phello__/__init__.py", "__phello__", true},
    {"__phello__.__init__", "__phello__/__init__.py", "<__phello__"},
    {"__phello__.ham", "__phello__/ham/__init__.py", "__phello__.ham", true},
    {"__phello__.ham.__init__", "__phello__/ham/__init__.py", "<__phello__.ham"},
    {"__phello__.ham.eggs", "__phello__/ham/eggs.py", "__phello__.ham.eggs"},
    {"__phello__.spam", "__phello__/spam.py", "__phello__.spam"},
};
// What tests ask for: below 0 off, above 0 on, 0 as configured.
std::atomic<i32> g_frozen_override{0};

const FrozenRow* find_frozen(Str* name) {
  i32 override = g_frozen_override.load(std::memory_order_relaxed);
  bool enabled = override == 0 ? g_config.frozen_modules : override > 0;
  for (const FrozenRow& row : kFrozen)
    if (name->equals_ascii(row.name)) return enabled || row.essential ? &row : nullptr;
  return nullptr;
}
Ref not_frozen(Thread& t, Value name) {
  RefTo<Str> message = TRY(str_format(t, "No such frozen object named %R", name));
  return raise_import_error(t, exc::ImportError, message, name, EMPTY);
}
Ref load_frozen(Thread& t, const FrozenRow& row) {
  char filename[64];
  std::snprintf(filename, sizeof filename, "<frozen %s>", row.original + (row.original[0] == '<'));
  return load_library_code(t, row.file, filename);
}

Status str_argument(Thread& t, Value v, const char* function) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument must be str, not %T", function, v);
  return ok();
}

Ref spec_name(Thread& t, Value spec) {
  Ref name = TRY(get_attribute(t, spec, names::name));
  if (!is_str(name)) return raise(t, exc::TypeError, "name must be str, not %T", name.get());
  return name;
}

// The import lock of old: importlib takes it for short sections; recursive, per thread.
struct ImportLock {
  AdaptiveLock lock;
  u64 owner = 0;
  u32 depth = 0;
};
ImportLock g_import_lock;

}  // namespace

void acquire_import_lock(Thread& t) {
  if (__atomic_load_n(&g_import_lock.owner, __ATOMIC_RELAXED) == t.ident) {
    g_import_lock.depth++;
    return;
  }
  bool interrupted = false;
  g_import_lock.lock.acquire(t, -1, false, &interrupted);
  __atomic_store_n(&g_import_lock.owner, t.ident, __ATOMIC_RELAXED);
  g_import_lock.depth = 1;
}
bool release_import_lock(Thread& t) {
  if (__atomic_load_n(&g_import_lock.owner, __ATOMIC_RELAXED) != t.ident) return false;
  if (--g_import_lock.depth == 0) {
    __atomic_store_n(&g_import_lock.owner, u64(0), __ATOMIC_RELAXED);
    g_import_lock.lock.release();
  }
  return true;
}

namespace {

Ref f_acquire_lock(Thread& t, Value, const Value*) {
  acquire_import_lock(t);
  return Ref::none();
}
Ref f_release_lock(Thread& t, Value, const Value*) {
  if (!release_import_lock(t)) return raise(t, exc::RuntimeError, "not holding the import lock");
  return Ref::none();
}
Ref f_lock_held(Thread&, Value, const Value*) { return Ref::boolean(__atomic_load_n(&g_import_lock.owner, __ATOMIC_RELAXED) != 0); }

Ref f_is_builtin(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "is_builtin"));
  Utf8Buffer buffer;
  std::string_view name = str_utf8(a[0].as<Str>(), buffer);
  if (find_native_module(name) == nullptr) return Ref::adopt(Value::small_int(0));
  return Ref::adopt(Value::small_int(name == "sys" || name == "builtins" ? -1 : 1));
}
Ref f_create_builtin(Thread& t, Value, const Value* a) {
  Ref name = TRY(spec_name(t, a[0]));
  Ref existing = TRY(dict_get_py(t, sys_modules(t), name));
  if (!existing.is_empty()) return existing;
  Utf8Buffer buffer;
  const ModuleDef* definition = find_native_module(str_utf8(name.as<Str>(), buffer));
  if (definition == nullptr) return Ref::none();
  return create_native_module(t, *definition);
}
Ref f_exec_builtin(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(0)); }

Ref f_is_frozen(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "is_frozen"));
  return Ref::boolean(find_frozen(a[0].as<Str>()) != nullptr);
}
Ref f_is_frozen_package(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "is_frozen_package"));
  const FrozenRow* row = find_frozen(a[0].as<Str>());
  if (row == nullptr) return not_frozen(t, a[0]);
  return Ref::boolean(row->package);
}
Ref f_find_frozen(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "find_frozen"));
  const FrozenRow* row = find_frozen(a[0].as<Str>());
  if (row == nullptr) return Ref::none();
  RefTo<Str> original = TRY(str_from_ascii(t, row->original));
  Ref data = Ref::none();
  if (!a[1].is_empty() && a[1].is_true()) {
    Ref code = TRY(load_frozen(t, *row));
    Ref bytes = TRY(marshal_dumps(t, code, 5));
    data = TRY(call_with(t, types::memoryview, bytes));
  }
  return tuple_of(t, data, Value::boolean(row->package), original);
}
Ref f_get_frozen_object(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "get_frozen_object"));
  if (!a[1].is_empty() && !a[1].is_none()) {
    ByteView view(t);
    TRY(view.get(a[1]));
    Ref code = marshal_loads(t, view.data(), view.size());
    if (!code.failed() && is_code(code)) return code;
    if (code.failed()) clear_exception(t);
    return raise(t, exc::ImportError, "Frozen object named %R is invalid", a[0]);
  }
  const FrozenRow* row = find_frozen(a[0].as<Str>());
  if (row == nullptr) return not_frozen(t, a[0]);
  return load_frozen(t, *row);
}
// Runs it as a module of that name, not through importlib; None when there is none.
Ref f_init_frozen(Thread& t, Value, const Value* a) {
  TRY(str_argument(t, a[0], "init_frozen"));
  const FrozenRow* row = find_frozen(a[0].as<Str>());
  if (row == nullptr) return Ref::none();
  Ref code = TRY(load_frozen(t, *row));
  return run_library_module(t, row->name, code, row->original);
}
Ref f_frozen_module_names(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  for (const FrozenRow& row : kFrozen)
    TRY(list_append(t, list.get(), TRY(str_from_ascii(t, row.name)).release_ref()));
  return list;
}

Ref f_create_dynamic(Thread& t, Value, const Value* a) {
  Ref name = TRY(spec_name(t, a[0]));
  RefTo<Str> message = TRY(str_format(t, "typhon: the extension module '%U' cannot be loaded: C extensions are not there yet", name.as<Str>()));
  return raise_import_error(t, exc::ImportError, message, name, EMPTY);
}
Ref f_exec_dynamic(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(0)); }
Ref f_extension_suffixes(Thread& t, Value, const Value*) { return list_new(t); }

// A new file name in a code object and the code nested in it.
Status fix_filename(Thread& t, Code* code, Value old_name, Value new_name) {
  Ref current = code->filename.load();
  if (!str_equal(current.as<Str>(), old_name.as<Str>())) return ok();
  code->filename.store(code, new_name);
  TRY(enter_native(t));
  for (u32 i = 0; i < code->constant_count; i++)
    if (is_code(code->constants[i])) TRY(fix_filename(t, code->constants[i].as<Code>(), old_name, new_name));
  return ok();
}
Ref f_fix_co_filename(Thread& t, Value, const Value* a) {
  if (!is_code(a[0])) return raise(t, exc::TypeError, "_fix_co_filename() argument 1 must be code, not %T", a[0]);
  if (!is_str(a[1])) return raise(t, exc::TypeError, "_fix_co_filename() argument 2 must be str, not %T", a[1]);
  Ref old = a[0].as<Code>()->filename.load();
  TRY(fix_filename(t, a[0].as<Code>(), old, a[1]));
  return Ref::none();
}

u64 sip_hash_13(u64 key, const u8* data, size_t n) {
  u64 v0 = key ^ 0x736f6d6570736575, v1 = 0x646f72616e646f6d, v2 = key ^ 0x6c7967656e657261, v3 = 0x7465646279746573;
  auto rotate = [](u64 x, int b) { return x << b | x >> (64 - b); };
  auto round = [&] {
    v0 += v1, v2 += v3;
    v1 = rotate(v1, 13) ^ v0, v3 = rotate(v3, 16) ^ v2;
    v0 = rotate(v0, 32);
    v2 += v1, v0 += v3;
    v1 = rotate(v1, 17) ^ v2, v3 = rotate(v3, 21) ^ v0;
    v2 = rotate(v2, 32);
  };
  u64 last = u64(n) << 56;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    u64 m;
    memcpy(&m, data + i, 8);
    v3 ^= m;
    round();
    v0 ^= m;
  }
  for (size_t k = 0; i + k < n; k++) last |= u64(data[i + k]) << (8 * k);
  v3 ^= last;
  round();
  v0 ^= last;
  v2 ^= 0xff;
  round(), round(), round();
  return v0 ^ v1 ^ v2 ^ v3;
}
Ref f_source_hash(Thread& t, Value, const Value* a) {
  Ref number = TRY(to_index(t, a[0]));
  u64 key = int_low_u64(number);
  ByteView view(t);
  TRY(view.get(a[1]));
  u64 hash = sip_hash_13(key, view.data(), view.size());
  return bytes_from(t, &hash, 8);
}

Ref f_override_frozen(Thread& t, Value, const Value* a) {
  i64 value = TRY(to_i64(t, a[0]));
  g_frozen_override.store(value < 0 ? -1 : value > 0, std::memory_order_relaxed);
  return Ref::none();
}
Ref f_override_nothing(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(0)); }

const Method kFunctions[] = {
    method("extension_suffixes", f_extension_suffixes, "()", "Returns the list of file suffixes used to identify extension modules."),
    method("lock_held", f_lock_held, "()", "Return True if the import lock is currently held, else False."),
    method("acquire_lock", f_acquire_lock, "()", "Acquires the interpreter's import lock for the current thread."),
    method("release_lock", f_release_lock, "()", "Release the interpreter's import lock."),
    method("find_frozen", f_find_frozen, "(name, /, *, withdata=False)", "Return info about the corresponding frozen module (if there is one) or None."),
    method("get_frozen_object", f_get_frozen_object, "(name, data=None, /)", "Create a code object for a frozen module."),
    method("is_frozen_package", f_is_frozen_package, "(name, /)", "Returns True if the module name is of a frozen package."),
    method("create_builtin", f_create_builtin, "(spec, /)", "Create an extension module."),
    method("init_frozen", f_init_frozen, "(name, /)", "Initializes a frozen module."),
    method("is_builtin", f_is_builtin, "(name, /)", "Returns True if the module name corresponds to a built-in module."),
    method("is_frozen", f_is_frozen, "(name, /)", "Returns True if the module name corresponds to a frozen module."),
    method("_frozen_module_names", f_frozen_module_names, "()"),
    method("_override_frozen_modules_for_tests", f_override_frozen, "(override, /)"),
    method("_override_multi_interp_extensions_check", f_override_nothing, "(override, /)"),
    method("create_dynamic", f_create_dynamic, "(spec, file=None, /)", "Create an extension module."),
    method("exec_dynamic", f_exec_dynamic, "(mod, /)", "Initialize an extension module."),
    method("exec_builtin", f_exec_builtin, "(mod, /)", "Initialize a built-in module."),
    method("_fix_co_filename", f_fix_co_filename, "(code, path, /)", "Changes code.co_filename to specify the passed-in file path."),
    method("source_hash", f_source_hash, "(key, source)"),
    {},
};

// In a forked child nobody but the forking thread can hold the import lock.
void forget_dead_holder(Thread& t) {
  if (g_import_lock.owner == t.ident) return;
  g_import_lock.lock.reset_after_fork();
  g_import_lock.owner = 0;
  g_import_lock.depth = 0;
}

Status initialise(Thread& t, Module* module) {
  static bool registered = false;
  if (!registered) at_fork_child(forget_dead_holder);
  registered = true;
  TRY(module_add_str(t, module, "check_hash_based_pycs", "default"));
  return module_add_int(t, module, "pyc_magic_number_token", kBytecodeMagic);
}

}  // namespace

extern const ModuleDef module__imp;
const ModuleDef module__imp = {"_imp", "(Extremely) low-level import machinery bits as used by importlib.", kFunctions, initialise};

}  // namespace typhon
