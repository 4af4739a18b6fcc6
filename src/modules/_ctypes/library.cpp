// Dynamic libraries: dlopen and its kin.
#include <dlfcn.h>
#include <link.h>

#include <string>

#include "modules/_ctypes/ctypes.h"

namespace typhon::ctypes {

void* find_symbol(Thread& t, Value name, u64 handle, const char* what, Ref* error) {
  std::string text;
  if (is_bytes(name)) {
    text.assign(reinterpret_cast<const char*>(name.as<Bytes>()->data), name.as<Bytes>()->size);
  } else {
    Utf8Buffer buffer;
    text = str_utf8(name.as<Str>(), buffer);
  }
  if (text.find('\0') != std::string::npos) {
    *error = Ref(raise(t, exc::ValueError, "embedded null character"));
    return nullptr;
  }
  void* address;
  std::string message;
  {
    Detached detached(t);
    dlerror();
    address = dlsym(reinterpret_cast<void*>(handle), text.c_str());
    if (address == nullptr) {
      if (const char* text_of_error = dlerror()) message = text_of_error;
      // The program itself, where CPython's C API would be.
      void* program = dlopen(nullptr, RTLD_NOW);
      if (reinterpret_cast<u64>(program) == handle) address = python_symbol(text.c_str());
      if (program != nullptr) dlclose(program);
    }
  }
  if (address != nullptr) return address;
  *error = !message.empty() ? decode_fs(t, message.data(), message.size()) : Ref(str_format(t, "%s '%s' not found", what, text.c_str()));
  return nullptr;
}

namespace {

Result<u64> handle_argument(Thread& t, Value v) {
  if (!is_int(v)) return raise(t, exc::TypeError, "an integer is required");
  return int_low_u64(v);
}
Raised raise_linker(Thread& t, const char* fallback) {
  const char* message = dlerror();
  Ref text = TRY(decode_fs(t, message != nullptr ? message : fallback, strlen(message != nullptr ? message : fallback)));
  return raise_value(t, exc::OSError, text);
}

Ref f_dlopen(Thread& t, Value, const Value* a) {
  PathArgument path;
  if (!a[0].is_none()) {
    Ref given = TRY(fs_path_py(t, a[0]));
    TRY(path.get(t, given, "dlopen", "name"));
  }
  i64 mode = a[1].is_empty() ? i64(RTLD_NOW) : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  TRY(audit(t, "ctypes.dlopen", a[0]));
  void* handle;
  {
    Detached detached(t);
    handle = dlopen(path.path, int(mode) | RTLD_NOW);
  }
  if (handle == nullptr) return raise_linker(t, "dlopen() error");
  return int_from_u64(t, u64(handle));
}
Ref f_dlclose(Thread& t, Value, const Value* a) {
  u64 handle = TRY(handle_argument(t, a[0]));
  int failed;
  {
    Detached detached(t);
    failed = dlclose(reinterpret_cast<void*>(handle));
  }
  if (failed) return raise_linker(t, "dlclose() error");
  return Ref::none();
}
Ref f_dlsym(Thread& t, Value, const Value* a) {
  u64 handle = TRY(handle_argument(t, a[0]));
  TRY(audit(t, "ctypes.dlsym/handle", a[0], a[1]));
  if (!is_str(a[1])) return raise(t, exc::TypeError, "dlsym() argument 2 must be str, not %T", a[1]);
  Ref error;
  void* address = find_symbol(t, a[1], handle, "symbol", &error);
  if (error.failed()) return Raised{};
  if (address == nullptr) return raise_value(t, exc::OSError, error);
  return int_from_u64(t, u64(address));
}

struct Names {
  Thread* thread;
  List* list;
  bool failed;
};
// Runs inside of the linker's lock: only what needs no other lock.
int add_name(dl_phdr_info* info, size_t, void* context) {
  auto* names = static_cast<Names*>(context);
  Ref name = decode_fs(*names->thread, info->dlpi_name, strlen(info->dlpi_name));
  names->failed = name.failed() || list_append(*names->thread, names->list, name).failed();
  return names->failed;
}
Ref f_dllist(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  Names names{&t, list.get(), false};
  dl_iterate_phdr(add_name, &names);
  if (names.failed) return Raised{};
  return list;
}

}  // namespace

extern const Method kLibraryFunctions[] = {
    method("dlopen", f_dlopen, "(name, flag=RTLD_NOW, /)", "dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library"),
    method("dlclose", f_dlclose, "(handle, /)", "dlclose a library"),
    method("dlsym", f_dlsym, "(handle, name, /)", "find symbol in shared library"),
    method("dllist", f_dllist, "()", "dllist() return a list of loaded shared libraries"),
    {},
};

}  // namespace typhon::ctypes
