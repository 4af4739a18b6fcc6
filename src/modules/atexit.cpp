// atexit: functions called at the end, last registered first.
#include "objects/module.h"

namespace typhon {
namespace {

GlobalRoot g_callbacks;  // list of (function, args, kwargs)

List* callbacks() { return g_callbacks.as<List>(); }

Ref f_register(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "register() takes at least 1 argument (0 given)");
  if (!is_callable(args[0])) return raise(t, exc::TypeError, "the first argument must be callable");
  RefTo<Tuple> rest = TRY(tuple_from(t, args.values + 1, args.count - 1));
  RefTo<Dict> keywords = TRY(dict_new(t));
  for (u32 k = 0; k < args.keyword_count; k++) TRY(dict_set_str(t, keywords.get(), args.names->items[k].as<Str>(), args.keyword(k)));
  RefTo<Tuple> entry = TRY(tuple_of(t, args[0], rest, keywords));
  TRY(list_append(t, callbacks(), entry.value()));
  return Ref::copy(args[0]);
}

Ref f_unregister(Thread& t, Value, const Value* a) {
  RefTo<Tuple> all = TRY(list_to_tuple(t, callbacks()));
  RefTo<List> kept = TRY(list_new(t));
  for (u64 i = 0; i < all->size; i++) {
    Ref entry = all->items[i].load();
    Ref function = entry.as<Tuple>()->items[0].load();
    if (!TRY(compare_bool(t, CompareOp::kEq, function, a[0]))) TRY(list_append(t, kept.get(), entry));
  }
  g_callbacks.set(t, kept.release_ref());
  return Ref::none();
}

Ref f_clear(Thread& t, Value, const Value*) {
  g_callbacks.set(t, TRY(list_new(t)).release_ref());
  return Ref::none();
}

Ref f_run(Thread& t, Value, const Value*) {
  while (true) {
    Ref entry = list_pop(t, callbacks());
    if (entry.is_empty()) return Ref::none();
    auto* parts = entry.as<Tuple>();
    Ref done = call_tuple_dict(t, parts->items[0].peek(), parts->items[1].peek(), parts->items[2].peek());
    if (done.failed()) write_unraisable(t, "in atexit callback", parts->items[0].peek());
  }
}

Ref f_ncallbacks(Thread& t, Value, const Value*) { return int_from(t, i64(list_size(callbacks()))); }

const Method kFunctions[] = {
    raw_method("register", f_register, "(func, /, *args, **kwargs)", "Register a function to be executed upon normal program termination."),
    method("unregister", f_unregister, "(func, /)", "Unregister an exit function which was previously registered using atexit.register"),
    method("_clear", f_clear, "()", "Clear the list of previously registered exit functions."),
    method("_run_exitfuncs", f_run, "()", "Run all registered exit functions."),
    method("_ncallbacks", f_ncallbacks, "()", "Return the number of registered exit functions."),
    {},
};

Status initialise(Thread& t, Module*) {
  if (g_callbacks.get().is_empty()) g_callbacks.set(t, TRY(list_new(t)).release_ref());
  return ok();
}

}  // namespace

extern const ModuleDef module_atexit;
const ModuleDef module_atexit = {"atexit", "allow programmer to define multiple exit functions to be executed upon normal program termination.", kFunctions, initialise};

}  // namespace typhon
