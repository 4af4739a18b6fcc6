// The few functions of CPython's C API that programs call through ctypes.pythonapi and that mean something here. They are found by
// name in the running program, as if it exported them.
#include <cstdio>

#include "bytecode/code_events.h"
#include "modules/_ctypes/ctypes.h"
#include "objects/protocol/services.h"

namespace typhon::ctypes {
namespace {

// 1 when the thread exists; it raises the exception at its next safepoint. NULL takes a request back.
int set_async_exc(unsigned long ident, u64 exception) {
  return while_attached([=](Thread& t) { return int(set_async_exception(t, ident, Ref::copy(Value(exception)))); });
}

u64 make_bytes(Thread& t, const char* text, i64 size) {
  if (size < 0) {
    (void)raise(t, exc::SystemError, "Negative size passed to PyBytes_FromStringAndSize");
    return 0;
  }
  RefTo<Bytes> made = text != nullptr ? bytes_from(t, text, size_t(size)) : bytes_allocate(t, size_t(size));
  return made.failed() ? 0 : to_heap_word(made.take()).bits;
}
u64 bytes_from_string_and_size(const char* text, i64 size) {
  return while_attached([=](Thread& t) { return make_bytes(t, text, size); });
}
void inc_ref(u64 object) {
  while_attached([=](Thread&) { (void)heap_copy(Value(object)); });
}
void dec_ref(u64 object) {
  while_attached([=](Thread&) { Field::release_heap(Value(object)); });
}

// A word of the caller's for each (code, index).
i64 request_code_extra(void (*release)(void*)) { return new_code_extra(release); }
// -1, and SystemError: no code, or (set) no such index.
int bad_call(Thread& t) {
  (void)raise(t, exc::SystemError, "bad argument to internal function");
  return -1;
}
int set_extra(u64 object, i64 index, void* extra) {
  return while_attached([=](Thread& t) {
    Value code(object);
    if (!is_exact(code, kShape_code) || !set_code_extra(code.as<typhon::Code>(), index, extra)) return bad_call(t);
    return 0;
  });
}
int get_extra(u64 object, i64 index, void** extra) {
  return while_attached([=](Thread& t) {
    Value code(object);
    if (!is_exact(code, kShape_code)) return bad_call(t);
    *extra = get_code_extra(code.as<typhon::Code>(), index);
    return 0;
  });
}

char g_version[256];
const char* get_version() { return g_version; }
int g_optimize;

Status read_flags(Thread& t) {
  RefTo<Str> name = TRY(str_from_ascii(t, "version"));
  Ref version = sys_get(t, name.get());
  Utf8Buffer buffer;
  if (is_str(version)) snprintf(g_version, sizeof g_version, "%s", std::string(str_utf8(version.as<Str>(), buffer)).c_str());
  RefTo<Str> flags_name = TRY(str_from_ascii(t, "flags"));
  Ref flags = sys_get(t, flags_name.get());
  if (flags.is_empty()) return ok();
  Ref optimize = TRY(get_attribute_utf8(t, flags, "optimize"));
  g_optimize = int(TRY(to_i64(t, optimize)));
  return ok();
}

const struct {
  const char* name;
  void* address;
} kRows[] = {
    {"PyThreadState_SetAsyncExc", reinterpret_cast<void*>(set_async_exc)},
    {"PyBytes_FromStringAndSize", reinterpret_cast<void*>(bytes_from_string_and_size)},
    {"PyOS_snprintf", reinterpret_cast<void*>(snprintf)},
    {"PyUnstable_Eval_RequestCodeExtraIndex", reinterpret_cast<void*>(request_code_extra)},
    {"PyUnstable_Code_SetExtra", reinterpret_cast<void*>(set_extra)},
    {"PyUnstable_Code_GetExtra", reinterpret_cast<void*>(get_extra)},
    {"Py_IncRef", reinterpret_cast<void*>(inc_ref)},
    {"Py_DecRef", reinterpret_cast<void*>(dec_ref)},
    {"Py_GetVersion", reinterpret_cast<void*>(get_version)},
    {"Py_OptimizeFlag", &g_optimize},
};

}  // namespace

void* python_symbol(const char* name) {
  for (const auto& row : kRows)
    if (strcmp(row.name, name) == 0) return row.address;
  return nullptr;
}

Status initialise_python_api(Thread& t) { return read_flags(t); }

}  // namespace typhon::ctypes
