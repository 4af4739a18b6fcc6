// _asyncio: the module, and what it takes from the library.
#include "modules/_asyncio/asyncio.h"

#include "objects/protocol/services.h"

namespace typhon {
namespace asyncio {

namespace name {
#define TYPHON_DEFINE(id) Str* id;
TYPHON_ASYNCIO_NAMES(TYPHON_DEFINE)
#undef TYPHON_DEFINE
}  // namespace name

namespace {

struct LibraryEntry {
  const char* module;
  const char* attribute;
};
constexpr LibraryEntry kLibrary[] = {
    {"asyncio.exceptions", "CancelledError"}, {"asyncio.exceptions", "InvalidStateError"},
    {"asyncio.base_futures", "_future_repr"}, {"asyncio.base_tasks", "_task_repr"},
    {"asyncio.base_tasks", "_task_get_stack"}, {"asyncio.base_tasks", "_task_print_stack"},
    {"asyncio.coroutines", "iscoroutine"},    {"traceback", "extract_stack"},
    {"asyncio.events", "_get_event_loop_policy"}, {"weakref", "WeakSet"},
};
static_assert(sizeof(kLibrary) / sizeof(kLibrary[0]) == size_t(Library::kCount));
GlobalRoot g_library[size_t(Library::kCount)];

Status initialise(Thread& t, Module* module) {
  if (name::call_soon == nullptr) {
#define TYPHON_MAKE(id) name::id = str_immortal(t, #id);
    TYPHON_ASYNCIO_NAMES(TYPHON_MAKE)
#undef TYPHON_MAKE
  }
  TRY(initialise_loop_state(t));
  TRY(module_add_type(t, module, kFutureSpec, &g_future_type));
  TRY(module_add_type(t, module, kTaskSpec, &g_task_type));
  object_model::set_finaliser_rank(g_future_type, 1);  // after the __del__ of what owns it, which may look at its exception
  if (g_step_type != nullptr) return ok();
  TRY(make_static_type(t, kFutureIteratorSpec, &g_future_iterator_type));
  initialise_future_iterators();
  return make_static_type(t, kStepSpec, &g_step_type);
}

}  // namespace

Result<Value> library(Thread& t, Library what) {
  GlobalRoot& root = g_library[size_t(what)];
  if (root.get().is_empty()) {
    const LibraryEntry& entry = kLibrary[size_t(what)];
    Ref module = import_module(t, entry.module);
    if (module.failed()) return Raised{};
    Ref found = get_attribute_utf8(t, module.get(), entry.attribute);
    if (found.failed()) return Raised{};
    root.set(t, std::move(found));
  }
  return root.get();
}

}  // namespace asyncio

extern const ModuleDef module__asyncio;
const ModuleDef module__asyncio = {"_asyncio", "Accelerator module for asyncio", asyncio::kFunctions, asyncio::initialise};

}  // namespace typhon
