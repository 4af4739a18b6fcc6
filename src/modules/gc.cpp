// gc: the interface of the cycle collector.
#include "heap/collector.h"
#include "heap/object_model.h"
#include "objects/module.h"

namespace typhon {
namespace {

GlobalRoot g_callbacks, g_garbage;
Relaxed<i64> g_thresholds[3] = {2000, 10, 0};
Relaxed<i64> g_debug = 0;
struct Statistics {
  u64 collections, collected, uncollectable;  // atomic
};
Statistics g_statistics[3];  // by the generation; a collection that is asked for looks at everything always
inline constexpr i64 kSaveAll = 32;

TYPHON_NOINLINE Status run_callbacks(Thread& t, const char* phase, i64 generation, i64 collected, i64 uncollectable) {
  auto* list = g_callbacks.as<List>();
  if (list_size(list) == 0) return ok();
  RefTo<Dict> info = TRY(dict_new(t));
  TRY(dict_set_str(t, info.get(), str_immortal(t, "generation"), Value::small_int(generation)));
  TRY(dict_set_str(t, info.get(), str_immortal(t, "collected"), Value::small_int(collected)));
  TRY(dict_set_str(t, info.get(), str_immortal(t, "uncollectable"), Value::small_int(uncollectable)));
  RefTo<Str> name = TRY(str_from_ascii(t, phase));
  for (size_t i = 0; i < list_size(list); i++) {
    Ref callback = list_get(t, list, i);
    if (callback.is_empty()) break;  // the list shrank
    Ref done = call_with(t, callback, name, info);
    if (done.failed()) write_unraisable(t, "while calling GC callback", callback);
  }
  return ok();
}

// gc.DEBUG_SAVEALL. A function of its own, like the callbacks: a frame that `collect` stands on is scanned, and room in it that holds
// old words may keep garbage alive.
TYPHON_NOINLINE Status collect_saving(Thread& t, collector::Outcome* outcome) {
  RootedVector saved(t);
  *outcome = collector::collect(t, &saved);
  for (size_t i = 0; i < saved.size(); i++) TRY(list_append(t, g_garbage.as<List>(), saved[i]));
  return ok();
}

// One collection with its callbacks; a second one meanwhile (of a callback, of another thread) comes back empty-handed.
u8 g_running = 0;
Result<u64> collect(Thread& t, i64 generation, bool young = false) {
  if (__atomic_exchange_n(&g_running, 1, __ATOMIC_ACQ_REL)) return u64(0);
  Status status = run_callbacks(t, "start", generation, 0, 0);
  collector::Outcome outcome = {0, 0};
  if (!status.failed()) {
    if (g_debug & kSaveAll) {
      status = collect_saving(t, &outcome);
    } else {
      outcome = young ? collector::collect_young(t) : collector::collect(t);
    }
    Statistics& s = g_statistics[generation];
    __atomic_fetch_add(&s.collections, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s.collected, outcome.collected, __ATOMIC_RELAXED);
    __atomic_fetch_add(&s.uncollectable, outcome.uncollectable, __ATOMIC_RELAXED);
    status = run_callbacks(t, "stop", generation, i64(outcome.collected), i64(outcome.uncollectable));
  }
  __atomic_store_n(&g_running, 0, __ATOMIC_RELEASE);
  TRY(std::move(status));
  return outcome.collected + outcome.uncollectable;
}
// At safepoints, when allocation suggests it.
void collect_automatically(Thread& t) {
  i64 generation = collector::collection_due() ? 2 : collector::young_collection_due(t) ? 0 : -1;
  if (generation < 0) return;
  if (collect(t, generation, generation == 0).failed()) write_unraisable(t, "in garbage collection", EMPTY);
}

Ref f_collect(Thread& t, Value, const Value* a) {
  i64 generation = a[0].is_empty() ? 2 : TRY(to_i64(t, a[0]));
  if (generation < 0 || generation > 2) return raise(t, exc::ValueError, "invalid generation");
  return int_from(t, i64(TRY(collect(t, generation))));
}
Ref f_enable(Thread&, Value, const Value*) {
  collector::set_enabled(true);
  return Ref::none();
}
Ref f_disable(Thread&, Value, const Value*) {
  collector::set_enabled(false);
  return Ref::none();
}
Ref f_isenabled(Thread&, Value, const Value*) { return Ref::boolean(collector::enabled()); }
Ref f_set_debug(Thread& t, Value, const Value* a) {
  g_debug = TRY(to_i64(t, a[0]));
  return Ref::none();
}
Ref f_get_debug(Thread& t, Value, const Value*) { return int_from(t, g_debug.load()); }
Ref f_get_threshold(Thread& t, Value, const Value*) {
  Ref values[3];
  for (int i = 0; i < 3; i++) values[i] = int_from(t, g_thresholds[i].load());
  return tuple_of(t, values[0], values[1], values[2]);
}
Ref f_set_threshold(Thread& t, Value, const Value* a) {
  for (int i = 0; i < 3; i++)
    if (!a[i].is_empty()) g_thresholds[i] = TRY(to_i64(t, a[i]));
  collector::set_threshold(t, g_thresholds[0]);
  return Ref::none();
}
Ref f_get_count(Thread& t, Value, const Value*) { return tuple_of(t, Value::small_int(0), Value::small_int(0), Value::small_int(0)); }
Ref f_get_stats(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < 3; i++) {
    RefTo<Dict> d = TRY(dict_new(t));
    const Statistics& s = g_statistics[i];
    TRY(dict_set_str(t, d.get(), str_immortal(t, "collections"), Value::small_int(i64(__atomic_load_n(&s.collections, __ATOMIC_RELAXED)))));
    TRY(dict_set_str(t, d.get(), str_immortal(t, "collected"), Value::small_int(i64(__atomic_load_n(&s.collected, __ATOMIC_RELAXED)))));
    TRY(dict_set_str(t, d.get(), str_immortal(t, "uncollectable"), Value::small_int(i64(__atomic_load_n(&s.uncollectable, __ATOMIC_RELAXED)))));
    TRY(list_append(t, list.get(), d.value()));
  }
  return list;
}
Ref f_is_tracked(Thread&, Value, const Value* a) {
  // Instances of classes in Python count as tracked, whether or not they can refer to anything.
  if (a[0].is_object() && (type_of(a[0])->flags & type_flag::kHeapType)) return Ref::boolean(true);
  // What exists from the start to the end is none of the collector's business.
  return Ref::boolean(a[0].is_object() && (a[0].object()->state & (state::kTracked | state::kImmortal)) == state::kTracked);
}
Ref f_is_finalized(Thread&, Value, const Value* a) {
  return Ref::boolean(a[0].is_object() && (a[0].object()->state & state::kFinalized));
}
// Nothing is exempt from collections: only the number is kept.
i64 g_frozen = 0;
Ref f_freeze(Thread& t, Value, const Value*) {
  i64 n = 0;
  WorldStopped stop(t);
  collector::for_each_visible_object(t, [](Object*, void* n) { ++*static_cast<i64*>(n); }, &n);
  __atomic_store_n(&g_frozen, n, __ATOMIC_RELAXED);
  return Ref::none();
}
Ref f_unfreeze(Thread&, Value, const Value*) {
  __atomic_store_n(&g_frozen, 0, __ATOMIC_RELAXED);
  return Ref::none();
}
Ref f_get_freeze_count(Thread& t, Value, const Value*) { return int_from(t, __atomic_load_n(&g_frozen, __ATOMIC_RELAXED)); }

// Not what frames keep their variables in, nor a tuple that is being filled: an EMPTY item is no Python value.
bool is_presentable(const Object* object) {
  if (!is_tuple(Value(const_cast<Object*>(object)))) return true;
  auto* tuple = static_cast<const Tuple*>(object);
  for (u64 i = 0; i < tuple->size; i++)
    if (tuple->items[i].is_empty()) return false;
  return true;
}

Ref f_get_objects(Thread& t, Value, const Value* a) {
  if (!a[0].is_empty() && !a[0].is_none()) {
    i64 generation = TRY(to_i64(t, a[0]));
    if (generation >= 3)
      return raise(t, exc::ValueError, "generation parameter must be less than the number of available generations (3)");
    if (generation < 0) return raise(t, exc::ValueError, "generation parameter cannot be negative");
  }
  RootedVector found(t);
  {
    WorldStopped stop(t);
    collector::for_each_visible_object(
        t,
        [](Object* object, void* found) {
          if (is_presentable(object)) static_cast<RootedVector*>(found)->push_copy(Value(object));
        },
        &found);
  }
  return list_from(t, found.data(), found.size());
}

// Finds the objects that have one of `targets` in a slot, or as their class.
struct ReferrerVisitor : Visitor {
  Tuple* targets;
  RootedVector* found;
  bool hit;
  bool is_target(const Object* object) const {
    for (u64 i = 0; i < targets->size; i++) {
      Value target = targets->items[i].peek();
      if (target.is_object() && target.object() == object) return true;
    }
    return false;
  }
};
// A generator or coroutine that runs: its variables are part of a stack, which visitors leave out.
bool runs_with_target(const Object* object, const ReferrerVisitor& v) {
  u32 shape = object->shape_id();
  if (shape != kShape_generator && shape != kShape_coroutine && shape != kShape_async_generator) return false;
  auto* g = const_cast<Generator*>(static_cast<const Generator*>(object));
  if (__atomic_load_n(&g->state, __ATOMIC_ACQUIRE) != u8(GeneratorState::kRunning)) return false;
  for (u32 i = 0; i < g->word_count - kFrameHeader; i++) {
    Value word = g->registers()[i].untagged();
    if (word.is_object() && v.is_target(word.object())) return true;
  }
  return false;
}
Ref f_get_referrers(Thread& t, Value, const Value* a) {
  RootedVector found(t);
  ReferrerVisitor visitor;
  visitor.targets = a[0].as<Tuple>();
  visitor.found = &found;
  visitor.visit = [](Visitor& self, Field& slot) {
    auto& v = static_cast<ReferrerVisitor&>(self);
    Value word = slot.peek();
    if (!v.hit && word.is_object() && v.is_target(word.object())) v.hit = true;
  };
  {
    WorldStopped stop(t);
    collector::for_each_visible_object(
        t,
        [](Object* object, void* context) {
          auto& v = *static_cast<ReferrerVisitor*>(context);
          if (object == v.targets || !is_presentable(object)) return;
          Object* type = object_model::type_of_shape(object->shape);
          v.hit = type != nullptr && !(type->state & state::kImmortal) && v.is_target(type);
          if (!v.hit) object_model::visit(object, v);
          if (!v.hit) v.hit = runs_with_target(object, v);
          if (v.hit) v.found->push_copy(Value(object));
        },
        &visitor);
  }
  return list_from(t, found.data(), found.size());
}

struct ReferentVisitor : Visitor {
  RootedVector* found;
};
Ref f_get_referents(Thread& t, Value, const Value* a) {
  RootedVector found(t);
  ReferentVisitor visitor;
  visitor.found = &found;
  visitor.visit = [](Visitor& self, Field& slot) {
    Ref word = slot.load();
    if (word.is_empty()) return;
    if (word.get().is_object() && !is_presentable(word.object())) return object_model::visit(word.object(), self);
    static_cast<ReferentVisitor&>(self).found->push(std::move(word));
  };
  auto* objects = a[0].as<Tuple>();
  for (u64 i = 0; i < objects->size; i++) {
    Ref object = objects->items[i].load();
    if (!object.get().is_object()) continue;
    object_model::visit(object.object(), visitor);
    Object* type = object_model::type_of_shape(object.object()->shape_id());
    if (type != nullptr && !(type->state & state::kImmortal)) found.push_copy(Value(type));
  }
  return list_from(t, found.data(), found.size());
}

const Method kFunctions[] = {
    scanning_stacks(method("collect", f_collect, "(generation=2)", "Run the garbage collector.")),
    method("enable", f_enable, "()", "Enable automatic garbage collection."),
    method("disable", f_disable, "()", "Disable automatic garbage collection."),
    method("isenabled", f_isenabled, "()", "Returns true if automatic garbage collection is enabled."),
    method("set_debug", f_set_debug, "(flags, /)", "Set the garbage collection debugging flags."),
    method("get_debug", f_get_debug, "()", "Get the garbage collection debugging flags."),
    method("get_threshold", f_get_threshold, "()", "Return the current collection thresholds."),
    method("set_threshold", f_set_threshold, "(threshold0, threshold1=<unrepresentable>, threshold2=<unrepresentable>, /)", "Set the collection thresholds (the collection frequency)."),
    method("get_count", f_get_count, "()", "Return a three-tuple of the current collection counts."),
    method("get_stats", f_get_stats, "()", "Return a list of dictionaries containing per-generation statistics."),
    method("is_tracked", f_is_tracked, "(obj, /)", "Returns true if the object is tracked by the garbage collector."),
    method("is_finalized", f_is_finalized, "(obj, /)", "Returns true if the object has been already finalized by the GC."),
    method("freeze", f_freeze, "()", "Freeze all current tracked objects and ignore them for future collections."),
    method("unfreeze", f_unfreeze, "()", "Unfreeze all objects in the permanent generation."),
    method("get_freeze_count", f_get_freeze_count, "()", "Return the number of objects in the permanent generation."),
    method("get_objects", f_get_objects, "(generation=None)"),
    method("get_referrers", f_get_referrers, "(*objs)"),
    method("get_referents", f_get_referents, "(*objs)", "Return the list of objects that are directly referred to by 'objs'."),
    {},
};

Status initialise(Thread& t, Module* module) {
  if (g_callbacks.get().is_empty()) {
    g_callbacks.set(t, TRY(list_new(t)).release_ref());
    g_garbage.set(t, TRY(list_new(t)).release_ref());
    g_collect_hook = collect_automatically;
    at_fork_child([](Thread&) { g_running = 0; });
  }
  TRY(module_add(t, module, "callbacks", g_callbacks.get()));
  TRY(module_add(t, module, "garbage", g_garbage.get()));
  TRY(module_add_int(t, module, "DEBUG_STATS", 1));
  TRY(module_add_int(t, module, "DEBUG_COLLECTABLE", 2));
  TRY(module_add_int(t, module, "DEBUG_UNCOLLECTABLE", 4));
  TRY(module_add_int(t, module, "DEBUG_SAVEALL", kSaveAll));
  return module_add_int(t, module, "DEBUG_LEAK", 38);
}

}  // namespace

extern const ModuleDef module_gc;
const ModuleDef module_gc = {"gc", "This module provides access to the garbage collector for reference cycles.", kFunctions, initialise};

}  // namespace typhon
