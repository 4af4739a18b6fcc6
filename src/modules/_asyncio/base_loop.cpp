// The hot paths of asyncio's event loops: call_soon, what a handle runs, one turn of a loop, the events of its selector.
//
// A loop is plain when the methods concerned are the library's own, in its class and in the instance; debug mode is not on and it is
// not closed. Everything else is left to the library's functions.
#include "modules/_asyncio/base_loop.h"

#include <limits>

#include "modules/_collections/collections.h"
#include "modules/accelerate.h"
#include "objects/float.h"
#include "objects/protocol/services.h"
#include "objects/type_internal.h"

namespace typhon::asyncio {

namespace {

// --- names
#define TYPHON_LOOP_NAMES(NAME)                                                                                              \
  NAME(Handle) NAME(TimerHandle) NAME(BaseEventLoop) NAME(BaseSelectorEventLoop) NAME(_check_closed) NAME(_call_soon)          \
  NAME(_add_callback) NAME(_process_events) NAME(_run) NAME(__init__) NAME(__getattribute__) NAME(_closed) NAME(_debug)        \
  NAME(_ready) NAME(_stopping) NAME(_scheduled) NAME(_selector) NAME(_clock_resolution) NAME(_timer_cancelled_count)           \
  NAME(_when) NAME(_cancelled) NAME(_remove_reader) NAME(_remove_writer) NAME(select) NAME(time) NAME(append)                  \
  NAME(exception) NAME(handle) NAME(debug) NAME(_format_callback_source)
#define TYPHON_DEFINE(id) Str* n_##id;
TYPHON_LOOP_NAMES(TYPHON_DEFINE)
#undef TYPHON_DEFINE
void make_names(Thread& t) {
#define TYPHON_MAKE(id) n_##id = str_immortal(t, #id);
  TYPHON_LOOP_NAMES(TYPHON_MAKE)
#undef TYPHON_MAKE
}

// --- classes of the library and their functions
GlobalRoot g_events, g_handle_root, g_timer_root, g_loop_root, g_selector_loop_root, g_own_init;
Type *g_handle_class, *g_timer_class, *g_loop_class, *g_selector_loop_class;
enum Original { kRun, kCallSoon, kRunOnce, kProcessEvents, kOriginalCount };
GlobalRoot g_originals[kOriginalCount];

// What the classes have under these names. The first ones are what call_soon is made of.
constexpr u32 kOwnOfCallSoon = 4, kOwnCount = 6;
Str** const kOwnNames[kOwnCount] = {&n__check_closed, &n__call_soon, &name::get_debug, &name::call_soon, &n__process_events, &n__add_callback};
GlobalRoot g_own[kOwnCount];

// --- handles
enum HandleSlot { kCallback, kArguments, kIsCancelled, kLoop, kSourceTraceback, kRepr, kContext, kHandleSlots };
constexpr const char* kHandleSlotNames[kHandleSlots] = {"_callback", "_args", "_cancelled", "_loop", "_source_traceback", "_repr", "_context"};
u32 g_handle_slots[kHandleSlots];  // which of the __slots__

Field& handle_field(Object* handle, HandleSlot slot) {
  return member_fields(handle, shape_of(handle))[g_handle_slots[slot]];
}
// A handle whose _run is the library's: exactly a Handle or TimerHandle, as those were defined.
bool runs_plainly(Value handle) {
  static u32 known[2];  // versions of the classes
  if (!handle.is_object() || g_timer_class == nullptr) return false;
  Type* type = type_of_object(handle.object());
  if (type != g_handle_class && type != g_timer_class) return false;
  u32& seen = known[type == g_timer_class];
  u32 version = type_version(type);
  if (version != 0 && version == __atomic_load_n(&seen, __ATOMIC_RELAXED)) return true;
  Value run = type_lookup(type, n__run);
  if (!run.is_object() || !is_exact(run, kShape_method_descriptor) || type_lookup(g_handle_class, n__run).bits != run.bits) return false;
  __atomic_store_n(&seen, version, __ATOMIC_RELAXED);
  return true;
}
// Whether events.Handle makes what it was defined to make.
bool makes_plain_handles() {
  static u32 known;
  if (!dict_peek_str(g_events.as<Dict>(), n_Handle).same_word(g_handle_root.get())) return false;
  u32 version = type_version(g_handle_class);
  if (version != 0 && version == __atomic_load_n(&known, __ATOMIC_RELAXED)) return true;
  if (!type_lookup(g_handle_class, n___init__).same_word(g_own_init.get())) return false;
  __atomic_store_n(&known, version, __ATOMIC_RELAXED);
  return true;
}

// What Handle(callback, args, loop, context) gives without debug mode.
Ref make_handle(Thread& t, Value callback, Args args, Value loop, Value context) {
  Ref own_context = context.is_empty() || context.is_none() ? TRY(copy_current_context(t)) : Ref::copy(context);
  RefTo<Tuple> arguments = TRY(args.count == 0 ? tuple_of(t) : tuple_from(t, args.values, args.count));
  Ref result = TRY(allocate_instance(t, g_handle_class));
  Object* handle = result.object();
  Field* fields = member_fields(handle, shape_of(handle));
  fields[g_handle_slots[kCallback]].init(handle, callback);
  fields[g_handle_slots[kArguments]].init(handle, std::move(arguments));
  fields[g_handle_slots[kIsCancelled]].init(handle, False);
  fields[g_handle_slots[kLoop]].init(handle, loop);
  fields[g_handle_slots[kSourceTraceback]].init(handle, None);
  fields[g_handle_slots[kRepr]].init(handle, None);
  fields[g_handle_slots[kContext]].init(handle, std::move(own_context));
  return result;
}

// What the callback has raised, told to the loop; SystemExit and KeyboardInterrupt stay pending.
Status report_failure(Thread& t, Value handle) {
  if (pending_matches(t, exc::SystemExit) || pending_matches(t, exc::KeyboardInterrupt)) return Raised{};
  Ref exception = take_exception(t);
  auto field = [&](HandleSlot slot) {
    Ref value = handle_field(handle.object(), slot).load();
    return value.is_empty() ? Ref::none() : std::move(value);
  };
  Ref loop = field(kLoop), callback = field(kCallback), arguments = field(kArguments), traceback = field(kSourceTraceback);
  Ref debug = TRY(call_method(t, loop.get(), name::get_debug, nullptr, 0));
  Ref helpers = TRY(import_module(t, "asyncio.format_helpers"));
  Ref format = TRY(get_attribute(t, helpers.get(), n__format_callback_source));
  static GlobalRoot keywords;  // ("debug",)
  if (keywords.get().is_empty()) keywords.set(t, TRY(tuple_of(t, Value(n_debug))));
  Value words[3] = {callback, arguments, debug};
  Ref text = TRY(call(t, format.get(), Args{words, 2, keywords.as<Tuple>(), 1}));
  RefTo<Str> message = TRY(str_format(t, "Exception in callback %S", text.get()));
  RefTo<Dict> context = TRY(dict_new(t));
  TRY(dict_set_str(t, context.get(), name::message, message));
  TRY(dict_set_str(t, context.get(), n_exception, exception));
  TRY(dict_set_str(t, context.get(), n_handle, handle));
  if (TRY(truth(t, traceback.get()))) TRY(dict_set_str(t, context.get(), name::source_traceback, traceback));
  TRY(call_method_with(t, loop.get(), name::call_exception_handler, context));
  return ok();
}

// Handle._run of a handle that is one.
Status run_handle(Thread& t, Value handle) {
  Ref context = handle_field(handle.object(), kContext).load();
  Ref callback = handle_field(handle.object(), kCallback).load(), arguments = handle_field(handle.object(), kArguments).load();
  if (!context.get().is_object() || type_of(context.get()) != g_context_type || callback.is_empty() || !is_exact_tuple(arguments.get())) {
    TRY(call_original(t, g_originals[kRun], handle, Args{}));
    return ok();
  }
  auto* tuple = arguments.as<Tuple>();
  Args args{reinterpret_cast<const Value*>(tuple->items), u32(tuple->size)};
  if (context_run(t, context.get(), callback.get(), args).failed()) return report_failure(t, handle);
  return ok();
}
Ref handle_run(Thread& t, Value self, const Value*) {
  Ref keep = Ref::copy(self);
  TRY(run_handle(t, self));
  return Ref::none();
}
const Method kHandleMethods[] = {method("_run", handle_run, "($self)"), {}};

// --- loops, remembered by their shapes

enum LoopSlot { kClosed, kDebug, kReady, kStopping, kScheduled, kSelector, kResolution, kCancelledCount, kLoopSlots };
Str** const kLoopSlotNames[kLoopSlots] = {&n__closed, &n__debug, &n__ready, &n__stopping, &n__scheduled, &n__selector, &n__clock_resolution,
                                          &n__timer_cancelled_count};
struct LoopShape {
  u32 shape, version;  // of the class
  bool calls_soon;     // call_soon and what it calls are the library's
  bool plain_events;   // and so are _process_events and _add_callback
  i32 slots[kLoopSlots];
};
constexpr u32 kMostLoopShapes = 64;
const LoopShape* g_loop_shapes[kMostLoopShapes];  // atomic, filled from the first; never freed or changed
const LoopShape* g_last_loop_shape;               // atomic

const LoopShape* describe_loop(u32 id, const Shape* shape, u32 version) {
  Type* type = shape->type;
  if (version == 0 || (shape->flags & shape_flag::kDictMode) || !is_subtype(type, g_loop_class)) return nullptr;
  if (type->slots.getattribute != generic_get_attribute) return nullptr;
  for (u32 i = 0; i < kMostLoopShapes; i++) {
    const LoopShape* known = __atomic_load_n(&g_loop_shapes[i], __ATOMIC_ACQUIRE);
    if (known == nullptr) break;
    if (known->shape == id && known->version == version) return known;
  }
  auto* made = new LoopShape{id, version, true, true, {}};
  for (u32 i = 0; i < kOwnCount; i++) {
    bool own = type_lookup(type, *kOwnNames[i]).same_word(g_own[i].get()) && find_slot(shape, *kOwnNames[i]) < 0;
    if (!own) (i < kOwnOfCallSoon ? made->calls_soon : made->plain_events) = false;
  }
  for (u32 i = 0; i < kLoopSlots; i++) made->slots[i] = type_lookup(type, *kLoopSlotNames[i]).is_empty() ? find_slot(shape, *kLoopSlotNames[i]) : -1;
  for (const LoopShape*& place : g_loop_shapes) {
    const LoopShape* none = nullptr;
    if (__atomic_compare_exchange_n(&place, &none, made, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) return made;
  }
  delete made;  // a program that makes classes of loops
  return nullptr;
}

const LoopShape* loop_shape(Value loop) {
  if (!loop.is_object() || g_loop_class == nullptr) return nullptr;
  u32 id = __atomic_load_n(&loop.object()->shape, __ATOMIC_ACQUIRE);
  const Shape* shape = shape_at(id);
  u32 version = __atomic_load_n(&shape->version, __ATOMIC_ACQUIRE);
  const LoopShape* last = __atomic_load_n(&g_last_loop_shape, __ATOMIC_ACQUIRE);
  if (last != nullptr && last->shape == id && last->version == version) [[likely]] return last;
  const LoopShape* found = describe_loop(id, shape, version);
  if (found != nullptr) __atomic_store_n(&g_last_loop_shape, found, __ATOMIC_RELEASE);
  return found;
}

// EMPTY when it is not there. The object may have changed its shape meanwhile: then so has the storage.
Ref loop_attribute(Value loop, const LoopShape* shape, LoopSlot slot) {
  i32 index = shape->slots[slot];
  if (index < 0) return Ref();
  Field* field = slot_field(loop.object(), shape_at(shape->shape), u32(index));
  return field == nullptr ? Ref() : field->load();
}
// The same, of an object that may have another shape by now.
Ref any_attribute(Thread& t, Value loop, const LoopShape* shape, LoopSlot slot) {
  Ref found = loop_attribute(loop, shape, slot);
  return found.is_empty() ? get_attribute(t, loop, *kLoopSlotNames[slot]) : std::move(found);
}
bool is_false(Value loop, const LoopShape* shape, LoopSlot slot) { return loop_attribute(loop, shape, slot).get().same_word(False); }
bool is_plain_deque(Value v) { return v.is_object() && type_of(v) == g_deque_type; }

// --- call_soon

// EMPTY: not a plain loop.
Ref call_soon_of_plain_loop(Thread& t, Value loop, Value callback, Args args, Value context) {
  const LoopShape* shape = loop_shape(loop);
  if (shape == nullptr || !shape->calls_soon || !is_false(loop, shape, kClosed) || !is_false(loop, shape, kDebug)) return Ref();
  Ref ready = loop_attribute(loop, shape, kReady);
  if (!is_plain_deque(ready.get()) || !makes_plain_handles()) return Ref();
  Ref handle = TRY(make_handle(t, callback, args, loop, context));
  TRY(deque_append(t, ready.get(), handle.dup()));
  return handle;
}

Ref loop_call_soon(Thread& t, Value self, Args args) {
  bool usual = args.count >= 1 && (args.keyword_count == 0 || (args.keyword_count == 1 && args.names->items[0].peek().same_word(Value(name::context))));
  if (usual) {
    Args arguments{args.values + 1, args.count - 1, nullptr, 0};
    Ref handle = TRY(call_soon_of_plain_loop(t, self, args[0], arguments, args.keyword_count == 0 ? EMPTY : args.keyword(0)));
    if (!handle.is_empty()) return handle;
  }
  return call_original(t, g_originals[kCallSoon], self, args);
}

// --- one turn of the loop

struct Turn {
  Value loop;
  const LoopShape* shape;
  Ref ready, selector;
};

// The timers, in a list of which the first one has not been cancelled, nor half of many; EMPTY when there is something else about them.
Ref scheduled_timers(Thread& t, Value loop, const LoopShape* shape) {
  constexpr i64 kMany = 100;
  Ref timers = loop_attribute(loop, shape, kScheduled);
  if (!is_exact_list(timers.get())) return Ref();
  i64 size = i64(list_size(timers.as<List>()));
  if (size == 0) return timers;
  Ref first = list_get(t, timers.as<List>(), 0), cancelled = loop_attribute(loop, shape, kCancelledCount);
  if (!runs_plainly(first.get()) || !handle_field(first.object(), kIsCancelled).peek().same_word(False)) return Ref();
  if (!cancelled.get().is_small_int() || (size > kMany && cancelled.get().as_small_int() * 2 > size)) return Ref();
  return timers;
}

Result<double> seconds(Thread& t, Value v) {
  if (is_float(v)) return float_value(v);
  return to_double(t, v);
}
Result<double> time_of(Thread& t, Value loop) {
  Ref now = TRY(call_method(t, loop, n_time, nullptr, 0));
  return seconds(t, now.get());
}
// `_when` of the first timer; negative infinity when there is none any more.
Result<double> first_time(Thread& t, List* timers, Ref* first) {
  *first = list_get(t, timers, 0);
  if (first->is_empty()) return -std::numeric_limits<double>::infinity();
  Ref when = TRY(get_attribute(t, first->get(), n__when));
  return seconds(t, when.get());
}

constexpr double kLongestSelect = 24 * 3600;
Ref timeout_of(Thread& t, const Turn& turn, List* timers) {
  if (deque_size(turn.ready.get()) != 0 || !is_false(turn.loop, turn.shape, kStopping)) return Ref::adopt(Value::small_int(0));
  if (list_size(timers) == 0) return Ref::none();
  Ref first;
  double when = TRY(first_time(t, timers, &first));
  double left = when - TRY(time_of(t, turn.loop));
  return float_from(t, left > kLongestSelect ? kLongestSelect : left < 0 ? 0 : left);
}

// The timers whose time has come.
Status take_due_timers(Thread& t, const Turn& turn) {
  Ref timers = TRY(any_attribute(t, turn.loop, turn.shape, kScheduled));
  if (is_exact_list(timers.get()) && list_size(timers.as<List>()) == 0) return ok();
  Ref resolution = TRY(any_attribute(t, turn.loop, turn.shape, kResolution));
  double end = TRY(time_of(t, turn.loop)) + TRY(seconds(t, resolution.get()));
  Ref heapq = TRY(import_module(t, "heapq"));
  Ref pop = TRY(get_attribute_utf8(t, heapq.get(), "heappop"));
  for (;;) {
    timers = TRY(any_attribute(t, turn.loop, turn.shape, kScheduled));
    if (!is_exact_list(timers.get())) return ok();
    Ref first;
    double when = TRY(first_time(t, timers.as<List>(), &first));
    if (first.is_empty() || when >= end) return ok();
    Ref timer = TRY(call_with(t, pop.get(), timers));
    TRY(set_attribute(t, timer.get(), n__scheduled, False));
    TRY(deque_append(t, turn.ready.get(), std::move(timer)));
  }
}

Status run_one(Thread& t, Value handle) {
  if (!runs_plainly(handle)) {
    Ref cancelled = TRY(get_attribute(t, handle, n__cancelled));
    if (!TRY(truth(t, cancelled.get()))) TRY(call_method(t, handle, n__run, nullptr, 0));
    return ok();
  }
  Ref cancelled = handle_field(handle.object(), kIsCancelled).load();
  return cancelled.get().same_word(False) ? run_handle(t, handle) : ok();
}

// False, with nothing done: it has to be done by the library's function.
Result<bool> turn_plainly(Thread& t, Value loop) {
  Turn turn{loop, loop_shape(loop), {}, {}};
  if (turn.shape == nullptr || !turn.shape->plain_events || !is_false(loop, turn.shape, kDebug)) return false;
  turn.ready = loop_attribute(loop, turn.shape, kReady);
  turn.selector = loop_attribute(loop, turn.shape, kSelector);
  {
    Ref timers = scheduled_timers(t, loop, turn.shape);
    if (timers.is_empty() || !is_plain_deque(turn.ready.get()) || turn.selector.is_empty()) return false;
    Ref timeout = TRY(timeout_of(t, turn, timers.as<List>()));
    Ref events = TRY(call_method_with(t, turn.selector.get(), n_select, timeout));
    if (!is_exact_list(events.get()) || list_size(events.as<List>()) != 0) TRY(call_method_with(t, loop, n__process_events, events));
  }
  TRY(take_due_timers(t, turn));
  // Not those that they schedule: these have their turn after the next look at the selector.
  for (u64 n = deque_size(turn.ready.get()); n > 0; n--) {
    Ref handle = deque_pop_front(t, turn.ready.get());
    if (handle.is_empty()) return raise(t, exc::IndexError, "pop from an empty deque");
    TRY(run_one(t, handle.get()));
    TRY(safepoint(t));
  }
  return true;
}
Ref loop_run_once(Thread& t, Value self, const Value*) {
  Ref keep = Ref::copy(self);
  if (TRY(turn_plainly(t, self))) return Ref::none();
  return call_original(t, g_originals[kRunOnce], self, Args{});
}

const Method kLoopMethods[] = {
    raw_method("call_soon", loop_call_soon, "($self, callback, *args, context=None)",
               "Arrange for a callback to be called as soon as possible.\n\nCallbacks are called in the order in which they were registered, "
               "each exactly once,\nwith the positional arguments that follow the callback."),
    method("_run_once", loop_run_once, "($self)",
           "Run one full iteration of the event loop.\n\nLooks at the selector, then calls the callbacks that are ready by then."),
    {},
};

// --- the events of a selector: a list of (key, mask), a key (fileobj, fd, events, (reader, writer))

Status take_event(Thread& t, Value loop, Value ready, Value file, Value handle, Str* remove) {
  if (handle.is_none()) return ok();
  Ref cancelled = runs_plainly(handle) ? handle_field(handle.object(), kIsCancelled).load() : TRY(get_attribute(t, handle, n__cancelled));
  if (!TRY(truth(t, cancelled.get()))) return deque_append(t, ready, Ref::copy(handle));
  TRY(call_method_with(t, loop, remove, file));
  return ok();
}
bool is_event(Value v) {
  if (!is_exact_tuple(v) || v.as<Tuple>()->size != 2 || !v.as<Tuple>()->items[1].peek().is_small_int()) return false;
  Value key = v.as<Tuple>()->items[0].peek();
  if (!is_tuple(key) || key.as<Tuple>()->size != 4) return false;
  Value data = key.as<Tuple>()->items[3].peek();
  return is_exact_tuple(data) && data.as<Tuple>()->size == 2;
}
Ref loop_process_events(Thread& t, Value self, const Value* a) {
  const LoopShape* shape = loop_shape(self);
  Ref ready = shape == nullptr || !shape->plain_events ? Ref() : loop_attribute(self, shape, kReady);
  Ref events = is_exact_list(a[0]) && is_plain_deque(ready.get()) ? Ref(list_to_tuple(t, a[0].as<List>())) : Ref();
  if (events.failed()) return Raised{};
  auto* all = events.is_empty() ? nullptr : events.as<Tuple>();
  bool usual = all != nullptr;
  for (size_t i = 0; usual && i < all->size; i++) usual = is_event(all->items[i].peek());
  if (!usual) return call_original(t, g_originals[kProcessEvents], self, Args{a, 1});
  for (size_t i = 0; i < all->size; i++) {
    Field* event = all->items[i].as<Tuple>()->items;
    Field* key = event[0].as<Tuple>()->items;
    Field* handles = key[3].as<Tuple>()->items;
    i64 mask = event[1].peek().as_small_int();
    if (mask & 1) TRY(take_event(t, self, ready.get(), key[0].peek(), handles[0].peek(), n__remove_reader));
    if (mask & 2) TRY(take_event(t, self, ready.get(), key[0].peek(), handles[1].peek(), n__remove_writer));
  }
  return Ref::none();
}
const Method kSelectorLoopMethods[] = {method("_process_events", loop_process_events, "($self, event_list)"), {}};

// The class's own function, without binding it.
void remember_own(Thread& t, Type* type, u32 which) { g_own[which].set(t, Ref::copy(type_lookup(type, *kOwnNames[which]))); }

}  // namespace

Result<bool> call_soon_natively(Thread& t, Value loop, Value callback, Args args, Value context) {
  return !TRY(call_soon_of_plain_loop(t, loop, callback, args, context)).is_empty();
}

bool is_plain_loop_without_debug(Value loop) {
  const LoopShape* shape = loop_shape(loop);
  return shape != nullptr && shape->calls_soon && is_false(loop, shape, kDebug);
}

Status accelerate_events(Thread& t, Dict* globals) {
  Ref handle = class_in(t, globals, "Handle"), timer = class_in(t, globals, "TimerHandle");
  if (handle.is_empty() || timer.is_empty() || g_handle_class != nullptr || name::call_soon == nullptr) return ok();
  make_names(t);
  for (u32 i = 0; i < kHandleSlots; i++) {
    Value d = type_lookup(handle.as<Type>(), str_immortal(t, kHandleSlotNames[i]));
    if (!is_exact(d, kShape_member_descriptor)) return ok();
    const Member* member = d.as<NativeDescriptor>()->member;
    if (member == nullptr || !(member->offset & kSlotMember)) return ok();
    g_handle_slots[i] = member->offset & ~kSlotMember;
  }
  g_events.set(t, Ref::copy(Value(globals)));
  TRY(replace_methods(t, handle.get(), kHandleMethods, &g_originals[kRun]));
  g_own_init.set(t, Ref::copy(type_lookup(handle.as<Type>(), n___init__)));
  g_handle_root.set(t, handle.dup());
  g_timer_root.set(t, timer.dup());
  g_handle_class = handle.as<Type>();
  g_timer_class = timer.as<Type>();
  return ok();
}

Status accelerate_base_events(Thread& t, Dict* globals) {
  Ref loop = class_in(t, globals, "BaseEventLoop");
  if (loop.is_empty() || g_loop_class != nullptr || g_handle_class == nullptr || g_deque_type == nullptr) return ok();
  TRY(replace_methods(t, loop.get(), kLoopMethods, &g_originals[kCallSoon]));
  for (u32 i = 0; i < kOwnCount; i++) remember_own(t, loop.as<Type>(), i);
  g_loop_root.set(t, loop.dup());
  g_loop_class = loop.as<Type>();
  return ok();
}

Status accelerate_selector_events(Thread& t, Dict* globals) {
  Ref loop = class_in(t, globals, "BaseSelectorEventLoop");
  if (loop.is_empty() || g_selector_loop_class != nullptr || g_loop_class == nullptr) return ok();
  TRY(replace_methods(t, loop.get(), kSelectorLoopMethods, &g_originals[kProcessEvents]));
  remember_own(t, loop.as<Type>(), 4);
  g_selector_loop_root.set(t, loop.dup());
  g_selector_loop_class = loop.as<Type>();
  return ok();
}

}  // namespace typhon::asyncio
