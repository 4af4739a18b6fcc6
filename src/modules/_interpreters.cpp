// _interpreters and _interpqueues: what concurrent.interpreters needs to be imported. There is one interpreter; making another one,
// or a queue between them, is refused (docs/differences.md).
#include "objects/module.h"

namespace typhon {
namespace {

Type* g_error;
Type* g_not_found;
Type* g_not_shareable;
Type* g_queue_error;
Type* g_queue_not_found;

constexpr i64 kMainId = 0;
constexpr i64 kByRuntime = 1;  // WHENCE_RUNTIME

constexpr char kRefusal[] = "Typhon has no subinterpreters (its threads run in parallel without them)";

Ref main_pair(Thread& t) { return tuple_of(t, Value::small_int(kMainId), Value::small_int(kByRuntime)); }
Ref f_get_main(Thread& t, Value, const Value*) { return main_pair(t); }
Ref f_list_all(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  TRY(list_append(t, list.get(), main_pair(t)));
  return list;
}
Ref f_create(Thread& t, Value, const Value*) { return raise(t, g_error, "%s", kRefusal); }

// What can be handed over without pickling: simple values, and tuples of them.
Result<bool> shareable(Thread& t, Value v) {
  TRY(enter_native(t, " in is_shareable"));
  if (v.is_none() || is_exact_int(v) || v.is_bool() || is_float(v) || is_exact_str(v) || is_exact_bytes(v) || is_memoryview(v)) return true;
  if (!is_exact_tuple(v)) return false;
  for (u64 i = 0; i < v.as<Tuple>()->size; i++)
    if (!TRY(shareable(t, v.as<Tuple>()->items[i].peek()))) return false;
  return true;
}
Ref f_is_shareable(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(shareable(t, a[0]))); }

// A function on an interpreter by its id: the main one cannot be told to do anything from here, others are not there.
Ref f_by_id(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "missing required argument 'id' (pos 1)");
  i64 id = TRY(to_i64(t, args[0]));
  if (id < 0) return raise(t, exc::ValueError, "interpreter ID must be a non-negative int, got %zd", id);
  if (id != kMainId) return raise(t, g_not_found, "unrecognized interpreter ID %zd", id);
  return raise(t, g_error, "%s", kRefusal);
}
Ref f_nothing(Thread&, Value, Args) { return Ref::none(); }
Ref f_is_running(Thread&, Value, const Value*) { return Ref::boolean(true); }
Ref f_whence(Thread& t, Value, const Value* a) {
  i64 id = TRY(to_i64(t, a[0]));
  if (id != kMainId) return raise(t, g_not_found, "unrecognized interpreter ID %zd", id);
  return int_from(t, kByRuntime);
}

const Method kFunctions[] = {
    method("get_main", f_get_main, "($module, /)", "Return the ID of main interpreter."),
    method("get_current", f_get_main, "($module, /)", "Return the ID of current interpreter."),
    method("list_all", f_list_all, "($module, /, *, require_ready=False)", "Return a list containing the ID of every existing interpreter."),
    method("create", f_create, "($module, /, config='isolated', *, reqrefs=False)", "Refuses to create a new interpreter."),
    method("is_shareable", f_is_shareable, "($module, /, obj)", "Return True if the object's data may be shared between interpreters."),
    method("is_running", f_is_running, "($module, /, id, *, restrict=False)", "Return whether or not the identified interpreter is running."),
    method("whence", f_whence, "($module, /, id)", "Return an identifier for where the interpreter was created."),
    raw_method("incref", f_nothing),
    raw_method("decref", f_nothing),
    raw_method("destroy", f_by_id),
    raw_method("exec", f_by_id),
    raw_method("call", f_by_id),
    raw_method("run_string", f_by_id),
    raw_method("run_func", f_by_id),
    raw_method("set___main___attrs", f_by_id),
    {},
};
Status initialise(Thread& t, Module* module) {
  if (g_error == nullptr) {
    TRY(module_add_exception(t, module, "concurrent.interpreters.InterpreterError", exc::Exception, &g_error));
    TRY(module_add_exception(t, module, "concurrent.interpreters.InterpreterNotFoundError", g_error, &g_not_found));
    TRY(module_add_exception(t, module, "concurrent.interpreters.NotShareableError", exc::TypeError, &g_not_shareable));
  }
  TRY(module_add(t, module, "InterpreterError", Value(g_error)));
  TRY(module_add(t, module, "InterpreterNotFoundError", Value(g_not_found)));
  TRY(module_add(t, module, "NotShareableError", Value(g_not_shareable)));
  i64 n = 0;
  for (const char* name : {"WHENCE_UNKNOWN", "WHENCE_RUNTIME", "WHENCE_LEGACY_CAPI", "WHENCE_CAPI", "WHENCE_XI", "WHENCE_STDLIB"})
    TRY(module_add_int(t, module, name, n++));
  return ok();
}

// --- queues
Ref f_queue_refused(Thread& t, Value, Args) { return raise(t, g_queue_error, "%s", kRefusal); }
Ref f_no_queue(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "missing required argument 'qid' (pos 1)");
  i64 id = TRY(to_i64(t, args[0]));
  return raise(t, g_queue_not_found, "queue %zd not found", id);
}
Ref f_no_queues(Thread& t, Value, const Value*) { return list_new(t); }

const Method kQueueFunctions[] = {
    raw_method("create", f_queue_refused),
    method("list_all", f_no_queues, "($module, /)", "Return the list of ID triples for all queues."),
    raw_method("_register_heap_types", f_nothing),
    raw_method("bind", f_no_queue),
    raw_method("release", f_no_queue),
    raw_method("destroy", f_no_queue),
    raw_method("put", f_no_queue),
    raw_method("get", f_no_queue),
    raw_method("get_count", f_no_queue),
    raw_method("get_maxsize", f_no_queue),
    raw_method("get_queue_defaults", f_no_queue),
    raw_method("is_full", f_no_queue),
    {},
};
Status initialise_queues(Thread& t, Module* module) {
  if (g_queue_error == nullptr) {
    TRY(module_add_exception(t, module, "concurrent.interpreters.QueueError", exc::RuntimeError, &g_queue_error));
    TRY(module_add_exception(t, module, "concurrent.interpreters.QueueNotFoundError", g_queue_error, &g_queue_not_found));
  }
  TRY(module_add(t, module, "QueueError", Value(g_queue_error)));
  return module_add(t, module, "QueueNotFoundError", Value(g_queue_not_found));
}

}  // namespace

extern const ModuleDef module__interpreters;
const ModuleDef module__interpreters = {"_interpreters", "The interpreters of this process: there is one.", kFunctions, initialise};
extern const ModuleDef module__interpqueues;
const ModuleDef module__interpqueues = {"_interpqueues", "Queues between interpreters: there are none.", kQueueFunctions, initialise_queues};

}  // namespace typhon
