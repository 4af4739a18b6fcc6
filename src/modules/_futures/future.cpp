// concurrent.futures.Future.
#include "modules/_futures/futures.h"

#include "modules/_thread/thread_module.h"
#include "objects/protocol/services.h"
#include "platform/os.h"
#include "threads/sync.h"

namespace typhon::futures {

Type* g_future_type;

namespace {

GlobalRoot g_base;  // the namespace of concurrent.futures._base
Str *g_states[5], *g_add_result, *g_add_exception, *g_add_cancelled, *g_notify_all, *g_condition_name, *g_exception_name, *g_logger;

Future* self_of(Value v) { return v.as<Future>(); }
State state_of(const Future* f) { return State(__atomic_load_n(&f->state, __ATOMIC_ACQUIRE)); }
void set_state(Future* f, State s) { __atomic_store_n(&f->state, u8(s), __ATOMIC_RELEASE); }
bool is_cancelled(State s) { return s == State::kCancelled || s == State::kCancelledAndNotified; }
bool is_done(State s) { return s == State::kFinished || is_cancelled(s); }

void visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Future*>(self)->condition, 5); }

// The condition, if there is one, held for a scope.
class HeldCondition {
 public:
  explicit HeldCondition(Thread& t) : thread_(t) {}
  HeldCondition(const HeldCondition&) = delete;
  ~HeldCondition() {
    if (condition_.is_empty()) return;
    ExceptionSaver saver(thread_);
    Value none[3] = {None, None, None};
    if (call_method(thread_, condition_.get(), names::__exit__, none, 3).failed()) write_unraisable(thread_, nullptr, condition_.get());
  }
  Status enter(Future* f) {
    Ref condition = f->condition.load();
    if (condition.is_empty()) return ok();
    TRY(call_method(thread_, condition.get(), names::__enter__, nullptr, 0));
    condition_ = std::move(condition);
    return ok();
  }
  bool held() const { return !condition_.is_empty(); }
  Status notify_all() {
    if (held()) TRY(call_method(thread_, condition_.get(), g_notify_all, nullptr, 0));
    return ok();
  }
  // Whether a change may be made now: false when a condition has come into being since enter(). Under the object lock.
  bool covers(Future* f) const { return held() || f->condition.is_empty(); }

 private:
  Thread& thread_;
  Ref condition_;
};

void wake_sleepers(Future* f) {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(&f->sleepers, __ATOMIC_RELAXED) != 0) parking_lot::unpark_all(&f->state);
}

Status tell_waiters(Thread& t, Value self, Str* method) {
  Ref waiters = self_of(self)->waiters.load();
  if (waiters.is_empty()) return ok();
  RefTo<List> list = TRY(to_list(t, waiters.get()));
  for (size_t i = 0; i < list_size(list.get()); i++) {
    Ref waiter = list_get(t, list.get(), i);
    TRY(call_method_with(t, waiter.get(), method, self));
  }
  return ok();
}

// callback(self), its exception logged; others than Exceptions propagate.
Status run_callback(Thread& t, Value callback, Value self) {
  if (!call_with(t, callback, self).failed()) return ok();
  if (!pending_matches(t, exc::Exception)) return Raised{};
  return log_pending(t, g_exception_name, "exception calling callback for %r", self);
}
Status invoke_callbacks(Thread& t, Value self) {
  Ref link;
  {
    ObjectLock lock(t, self.object());
    link = self_of(self)->callbacks.load();
  }
  if (link.is_empty()) return ok();
  RootedVector callbacks(t);  // the last one first
  for (; is_tuple(link.get()); link = link.as<Tuple>()->items[1].load()) callbacks.push(link.as<Tuple>()->items[0].load());
  for (size_t i = callbacks.size(); i-- > 0;) TRY(run_callback(t, callbacks[i], self));
  return ok();
}

Raised raise_invalid_state(Thread& t, Value self, State state) {
  static Str* name = str_immortal(t, "InvalidStateError");
  Ref type = base_attribute(t, name);
  RefTo<Str> text = str_format(t, "%U: %R", g_states[int(state)], self);
  if (type.failed() || text.failed()) return Raised{};
  Ref exception = call_with(t, type.get(), text);
  if (exception.failed()) return Raised{};
  return raise_exception(t, std::move(exception));
}
Raised raise_cancelled(Thread& t) {
  static Str* name = str_immortal(t, "CancelledError");
  Ref type = base_attribute(t, name);
  Ref exception = type.failed() ? std::move(type) : call(t, type.get());
  if (exception.failed()) return Raised{};
  return raise_exception(t, std::move(exception));
}

// The end: a result or an exception.
Status finish(Thread& t, Value self, Field Future::* slot, Value value, Str* told) {
  Future* f = self_of(self);
  Ref keep = Ref::copy(self);
  publish_for(f, value);
  for (;;) {
    HeldCondition condition(t);
    TRY(condition.enter(f));
    Value word = heap_copy(value), old = EMPTY;
    State before;
    bool covered;
    {
      ObjectLock lock(t, f);
      before = state_of(f);
      covered = condition.covers(f);
      if (covered && !is_done(before)) {
        old = *(f->*slot).address();
        put_word(f->*slot, word);
        set_state(f, State::kFinished);
      }
    }
    if (is_done(before) || !covered) {
      Field::release_heap(word);
      if (is_done(before)) return raise_invalid_state(t, self, before);
      continue;
    }
    Field::release_heap(old);
    wake_sleepers(f);
    if (condition.held()) {
      TRY(tell_waiters(t, self, told));
      TRY(condition.notify_all());
    }
    break;
  }
  return invoke_callbacks(t, self);
}

bool not_done(void* context) { return !is_done(state_of(static_cast<Future*>(context))); }

Status sleep_until_done(Thread& t, Future* f, Value timeout_value) {
  if (spin_until(t, [&] { return is_done(state_of(f)); })) return ok();
  i64 timeout = TRY(to_timeout_ns(t, timeout_value));
  bool forever = timeout_value.is_empty() || timeout_value.is_none();
  i64 deadline = forever ? 0 : monotonic_ns() + timeout;
  __atomic_fetch_add(&f->sleepers, 1, __ATOMIC_SEQ_CST);
  Status status;
  while (!is_done(state_of(f))) {
    i64 left = parking_lot::kForever;
    if (!forever && (left = deadline - monotonic_ns()) <= 0) break;
    u64 data;
    auto woken = parking_lot::park(t, &f->state, not_done, f, left, true, &data);
    if (woken == parking_lot::Woken::kInterrupted && safepoint_slow(t).failed()) {
      status = Raised{};
      break;
    }
  }
  __atomic_fetch_sub(&f->sleepers, 1, __ATOMIC_RELAXED);
  return status;
}
// Waits until the future is done or the time is up.
Status wait_done(Thread& t, Future* f, Value timeout_value) {
  if (is_done(state_of(f))) return ok();
  return platform::on_emptied_stack([&] { return sleep_until_done(t, f, timeout_value); });
}

// Waits; CancelledError, or TimeoutError.
Status wait_outcome(Thread& t, Future* f, Value timeout) {
  TRY(wait_done(t, f, timeout));
  {
    // Whoever holds the condition may be about to store what belongs to the state.
    HeldCondition condition(t);
    TRY(condition.enter(f));
  }
  State state = state_of(f);
  if (is_cancelled(state)) return raise_cancelled(t);
  if (state != State::kFinished) return raise_none(t, exc::TimeoutError);
  return ok();
}

Ref m_result(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  Future* f = self_of(self);
  TRY(wait_outcome(t, f, a[0]));
  Ref exception = f->exception.load();
  if (!exception.is_empty() && !exception.get().is_none()) return raise_statement(t, exception.get(), EMPTY);
  Ref result = f->result.load();
  return result.is_empty() ? Ref::none() : std::move(result);
}
Ref m_exception(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self);
  TRY(wait_outcome(t, self_of(self), a[0]));
  Ref exception = self_of(self)->exception.load();
  return exception.is_empty() ? Ref::none() : std::move(exception);
}

Ref m_cancel(Thread& t, Value self, const Value*) {
  Future* f = self_of(self);
  Ref keep = Ref::copy(self);
  for (;;) {
    HeldCondition condition(t);
    TRY(condition.enter(f));
    State before;
    bool covered;
    {
      ObjectLock lock(t, f);
      before = state_of(f);
      covered = condition.covers(f);
      if (covered && before == State::kPending) set_state(f, State::kCancelled);
    }
    if (before != State::kPending) return Ref::boolean(is_cancelled(before));
    if (!covered) continue;
    wake_sleepers(f);
    TRY(condition.notify_all());
    break;
  }
  TRY(invoke_callbacks(t, self));
  return Ref::boolean(true);
}
Ref m_cancelled(Thread&, Value self, const Value*) { return Ref::boolean(is_cancelled(state_of(self_of(self)))); }
Ref m_running(Thread&, Value self, const Value*) { return Ref::boolean(state_of(self_of(self)) == State::kRunning); }
Ref m_done(Thread&, Value self, const Value*) { return Ref::boolean(is_done(state_of(self_of(self)))); }

Ref m_add_done_callback(Thread& t, Value self, const Value* a) {
  Future* f = self_of(self);
  for (;;) {
    Ref before = f->callbacks.load();
    if (is_done(state_of(f))) break;
    RefTo<Tuple> link = TRY(tuple_of(t, a[0], before.is_empty() ? None : before.get()));
    publish_for(f, link.value());
    Value old = EMPTY;
    bool stored = false;
    {
      ObjectLock lock(t, f);
      if (!is_done(state_of(f)) && f->callbacks.peek().same_word(before.get())) {
        old = f->callbacks.exchange(f, std::move(link).release_ref());
        stored = true;
      }
    }
    Field::release_heap(old);
    if (stored) return Ref::none();
  }
  TRY(run_callback(t, a[0], self));
  return Ref::none();
}

Ref m_set_running(Thread& t, Value self, const Value*) { return Ref::boolean(TRY(start_running(t, self))); }
Ref m_set_result(Thread& t, Value self, const Value* a) {
  TRY(set_result(t, self, a[0]));
  return Ref::none();
}
Ref m_set_exception(Thread& t, Value self, const Value* a) {
  TRY(set_exception(t, self, a[0]));
  return Ref::none();
}
Ref m_invoke_callbacks(Thread& t, Value self, const Value*) {
  TRY(invoke_callbacks(t, self));
  return Ref::none();
}
Ref m_getstate(Thread& t, Value, const Value*) { return raise(t, exc::TypeError, "cannot pickle '_thread.RLock' object"); }

Ref repr(Thread& t, Value self) {
  static const char* const kTexts[] = {"pending", "running", "cancelled", "cancelled", "finished"};
  Future* f = self_of(self);
  State state = state_of(f);
  u64 id = object_id(t, self);
  Ref name = type_of(self)->name.load();
  if (state != State::kFinished) return str_format(t, "<%V at 0x%x state=%s>", name.get(), id, kTexts[int(state)]);
  Ref exception = f->exception.load(), result = f->result.load();
  bool raised = !exception.is_empty() && TRY(truth(t, exception.get()));
  Value outcome = raised ? exception.get() : result.is_empty() ? None : result.get();
  Ref outcome_name = type_of(outcome)->name.load();
  return str_format(t, "<%V at 0x%x state=finished %s %V>", name.get(), id, raised ? "raised" : "returned", outcome_name.get());
}

// --- the attributes
Ref g_condition(Thread& t, Value self) {
  Future* f = self_of(self);
  Ref condition = f->condition.load();
  if (!condition.is_empty()) return condition;
  Ref module = TRY(import_module(t, "threading"));
  Ref type = TRY(get_attribute(t, module.get(), g_condition_name));
  Ref fresh = TRY(call(t, type.get()));
  publish_for(f, fresh.get());
  ObjectLock lock(t, f);
  if (f->condition.is_empty()) put_word(f->condition, to_heap_word(fresh.take()));
  return f->condition.load();
}
Status s_condition(Thread& t, Value self, Value value) {
  self_of(self)->condition.store(self.object(), value);
  return ok();
}
Ref g_state(Thread&, Value self) { return Ref::copy(Value(g_states[int(state_of(self_of(self)))])); }
Status s_state(Thread& t, Value self, Value value) {
  for (int i = 0; i < 5; i++) {
    if (!is_str(value) || !str_equal(value.as<Str>(), g_states[i])) continue;
    set_state(self_of(self), State(i));
    wake_sleepers(self_of(self));
    return ok();
  }
  return raise(t, exc::ValueError, "not a state of a future: %R", value.is_empty() ? None : value);
}
template <Field Future::* field>
Ref get_field(Thread&, Value self) {
  Ref v = (self_of(self)->*field).load();
  return v.is_empty() ? Ref::none() : std::move(v);
}
template <Field Future::* field>
Status set_field(Thread&, Value self, Value value) {
  (self_of(self)->*field).store(self.object(), value);
  return ok();
}
Ref g_waiters(Thread& t, Value self) {
  Future* f = self_of(self);
  Ref waiters = f->waiters.load();
  if (!waiters.is_empty()) return waiters;
  Ref fresh = TRY(list_new(t));
  publish_for(f, fresh.get());
  ObjectLock lock(t, f);
  if (f->waiters.is_empty()) put_word(f->waiters, to_heap_word(fresh.take()));
  return f->waiters.load();
}
Ref g_callbacks(Thread& t, Value self) {
  Ref link = self_of(self)->callbacks.load();
  RootedVector callbacks(t);
  for (; is_tuple(link.get()); link = link.as<Tuple>()->items[1].load()) callbacks.push(link.as<Tuple>()->items[0].load());
  RefTo<List> list = TRY(list_new(t, callbacks.size()));
  for (size_t i = callbacks.size(); i-- > 0;) TRY(list_append(t, list.get(), callbacks[i]));
  return list;
}

Ref construct(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }
Status init(Thread& t, Value self, Args args) {
  if (args.count + args.keyword_count == 0) return ok();
  if (args.keyword_count != 0)
    return raise(t, exc::TypeError, "Future.__init__() got an unexpected keyword argument '%V'", args.names->items[0].peek());
  return raise(t, exc::TypeError, "Future.__init__() takes 1 positional argument but %d were given", int(args.count) + 1);
}

const Method kMethods[] = {
    method("cancel", m_cancel, "($self)",
           "Cancel the future if possible.\n\nTrue when it is cancelled now, False when it runs or has finished."),
    method("cancelled", m_cancelled, "($self)", "Return True if the future was cancelled."),
    method("running", m_running, "($self)", "Return True if the future is currently executing."),
    method("done", m_done, "($self)", "Return True if the future was cancelled or finished executing."),
    method("add_done_callback", m_add_done_callback, "($self, fn)",
           "Attaches a callable that will be called when the future finishes.\n\nIt gets the future as its only argument, in some "
           "thread of this process; at once when the\nfuture is done already. Callables are called in the order they were added in."),
    method("result", m_result, "($self, timeout=None)",
           "Return the result of the call that the future represents, or raise what it raised.\n\nWaits for it, at most `timeout` "
           "seconds if that is given: TimeoutError. CancelledError when\nthe future was cancelled."),
    method("exception", m_exception, "($self, timeout=None)",
           "Return the exception raised by the call that the future represents, or None.\n\nWaits as result() does."),
    method("set_running_or_notify_cancel", m_set_running, "($self)",
           "Mark the future as running, or tell those who wait() that it was cancelled.\n\nFor executors. False when it was cancelled: "
           "the work must not be done."),
    method("set_result", m_set_result, "($self, result)",
           "Sets the return value of work associated with the future.\n\nFor executors and unit tests."),
    method("set_exception", m_set_exception, "($self, exception)",
           "Sets the result of the future as being the given exception.\n\nFor executors and unit tests."),
    method("_invoke_callbacks", m_invoke_callbacks, "($self)"),
    method("__getstate__", m_getstate, "($self, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"_condition", g_condition, s_condition},
    {"_state", g_state, s_state},
    {"_result", get_field<&Future::result>, set_field<&Future::result>},
    {"_exception", get_field<&Future::exception>, set_field<&Future::exception>},
    {"_waiters", g_waiters, set_field<&Future::waiters>},
    {"_done_callbacks", g_callbacks},
    {},
};
const TypeSpec kSpec = {
    .name = "concurrent.futures._base.Future",
    .doc = "Represents the result of an asynchronous computation.",
    .layout = {"Future", sizeof(Future), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = repr, .new_ = construct, .init = init},
    .methods = kMethods,
    .getsets = kGetSets,
    .text_signature = "()",
};

}  // namespace

RefTo<Future> future_new(Thread& t) { return RefTo<Future>::from(allocate_instance(t, g_future_type)); }

Result<bool> start_running(Thread& t, Value self) {
  Future* f = self_of(self);
  for (;;) {
    HeldCondition condition(t);
    TRY(condition.enter(f));
    State before;
    bool covered;
    {
      ObjectLock lock(t, f);
      before = state_of(f);
      covered = condition.covers(f);
      if (covered && before == State::kPending) set_state(f, State::kRunning);
      if (covered && before == State::kCancelled) set_state(f, State::kCancelledAndNotified);
    }
    if (!covered) continue;
    if (before == State::kPending) return true;
    if (before == State::kCancelled) {
      TRY(tell_waiters(t, self, g_add_cancelled));
      return false;
    }
    Ref logger = TRY(base_attribute(t, g_logger));
    RefTo<Str> text = TRY(str_from_ascii(t, "Future %s in unexpected state: %s"));
    Ref id = TRY(int_from_u64(t, object_id(t, self)));
    TRY(call_method_with(t, logger.get(), str_immortal(t, "critical"), text, id, Value(g_states[int(before)])));
    return raise(t, exc::RuntimeError, "Future in unexpected state");
  }
}
Status set_result(Thread& t, Value self, Value result) { return finish(t, self, &Future::result, result, g_add_result); }
Status set_exception(Thread& t, Value self, Value exception) {
  return finish(t, self, &Future::exception, exception, g_add_exception);
}

Ref base_attribute(Thread& t, Str* name) {
  Ref found = dict_get_str(t, g_base.as<Dict>(), name);
  if (found.is_empty()) return raise_name_error(t, name);
  return found;
}

Status log_pending(Thread& t, Str* level, const char* text, Value argument) {
  static GlobalRoot keywords;  // ("exc_info",)
  Ref exception = take_exception(t);
  if (keywords.get().is_empty()) keywords.set(t, TRY(tuple_of(t, Value(str_immortal(t, "exc_info")))));
  Ref logger = TRY(base_attribute(t, g_logger));
  Ref log = TRY(get_attribute(t, logger.get(), level));
  RefTo<Str> message = TRY(str_from_ascii(t, text));
  Value words[3] = {message, EMPTY, EMPTY};
  u32 n = 1;
  if (!argument.is_empty()) words[n++] = argument;
  words[n] = exception.get();
  TRY(call(t, log.get(), Args{words, n, keywords.as<Tuple>(), 1}));
  return ok();
}

Status accelerate_base(Thread& t, Dict* globals) {
  if (!g_base.get().is_empty()) return ok();
  if (g_future_type == nullptr) {
    static const char* const kNames[] = {"PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED"};
    for (int i = 0; i < 5; i++) g_states[i] = str_immortal(t, kNames[i]);
    g_add_result = str_immortal(t, "add_result");
    g_add_exception = str_immortal(t, "add_exception");
    g_add_cancelled = str_immortal(t, "add_cancelled");
    g_notify_all = str_immortal(t, "notify_all");
    g_condition_name = str_immortal(t, "Condition");
    g_exception_name = str_immortal(t, "exception");
    g_logger = str_immortal(t, "LOGGER");
    TRY(make_static_type(t, kSpec, &g_future_type));
  }
  g_base.set(t, Ref::copy(Value(globals)));
  return dict_set_str(t, globals, str_immortal(t, "Future"), Value(g_future_type));
}

}  // namespace typhon::futures
