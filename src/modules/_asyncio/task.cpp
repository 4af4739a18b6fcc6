// asyncio.Task: drives a coroutine, one step for each time that the loop calls it.
#include "modules/_asyncio/asyncio.h"

namespace typhon::asyncio {

Type *g_task_type, *g_step_type;

namespace {

Task* self_of(Value v) { return v.as<Task>(); }

void visit_task(Object* self, Visitor& visitor) {
  visit_future(self, visitor);
  visitor.fields(&static_cast<Task*>(self)->waiter, 4);
}
void release_task(Thread&, Object* self) { unregister_task(static_cast<Task*>(self)); }

// --- what the loop calls: a step, with an exception to throw or none
struct Step : Object {
  Field task;
  Field exception;  // or EMPTY
  bool eager;       // the first step, made by Task(): the task is the current one already
};
void visit_step(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Step*>(self)->task, 2); }

Ref make_step(Thread& t, Value task, Value exception, bool eager) {
  auto* step = allocate_native<Step>(t, g_step_type);
  Ref result = Ref::adopt(Value(step));
  step->task.init(step, task);
  if (!exception.is_empty()) step->exception.init(step, exception);
  step->eager = eager;
  return result;
}

Status schedule_step(Thread& t, Value task, Value exception) {
  Ref step = TRY(make_step(t, task, exception, false));
  Ref loop = self_of(task)->loop.load(), context = self_of(task)->task_context.load();
  return call_soon(t, loop.get(), step.get(), EMPTY, context.get());
}

// The next step raises this RuntimeError in the coroutine, which has yielded something it must not.
template <class... A>
Status raise_in_next_step(Thread& t, Value task, const char* format, A... arguments) {
  RefTo<Str> text = TRY(str_format(t, format, arguments...));
  Ref exception = TRY(make_exception(t, exc::RuntimeError, text));
  return schedule_step(t, task, exception.get());
}

Ref m_wakeup(Thread& t, Value self, const Value* a);
const Method kWakeup = method("task_wakeup", m_wakeup, "($self, future, /)");

Result<bool> cancel_waiter(Thread& t, Value waiter, Value message) {
  if (type_of(waiter) == g_future_type) return future_cancel(t, waiter, message);
  static GlobalRoot keywords;  // ("msg",)
  if (keywords.get().is_empty()) keywords.set(t, TRY(tuple_of(t, Value(name::msg))));
  bool self_wanted;
  Ref function = TRY(get_method(t, waiter, name::cancel, &self_wanted));
  Value words[2] = {waiter, message};
  const Value* first = self_wanted ? words : words + 1;
  Ref done = TRY(call(t, function.get(), Args{first, self_wanted ? 1u : 0u, keywords.as<Tuple>(), 1}));
  return truth(t, done.get());
}

// The coroutine awaits `waiter`: the task goes on when that is done.
Status wait_for(Thread& t, Value task, Value waiter, bool native) {
  auto* self = self_of(task);
  TRY(awaited_by_add(t, waiter, task));
  Ref wakeup = TRY(native_function_new(t, &kWakeup, task, EMPTY));
  Ref context = self->task_context.load();
  if (native) {
    waiter.as<Future>()->blocking = 0;
    TRY(add_callback(t, waiter.as<Future>(), wakeup.get(), context.get()));
  } else {
    TRY(set_attribute(t, waiter, name::_asyncio_future_blocking, False));
    static GlobalRoot keywords;  // ("context",)
    if (keywords.get().is_empty()) keywords.set(t, TRY(tuple_of(t, Value(name::context))));
    Ref function = TRY(get_attribute(t, waiter, name::add_done_callback));
    Value words[2] = {wakeup.get(), context.get()};
    TRY(call(t, function.get(), Args{words, 1, keywords.as<Tuple>(), 1}));
  }
  self->waiter.store(self, waiter);
  if (!self->must_cancel) return ok();
  Ref message = self->cancel_message.load();
  if (TRY(cancel_waiter(t, waiter, message.is_empty() ? None : message.get()))) self->must_cancel = 0;
  return ok();
}

// What the coroutine has yielded.
Status take_yielded(Thread& t, Value task, Value yielded) {
  auto* self = self_of(task);
  if (yielded.is_none()) return schedule_step(t, task, EMPTY);
  if (yielded.same_word(task)) return raise_in_next_step(t, task, "Task cannot await on itself: %R", task);
  Type* type = type_of(yielded);
  bool native = type == g_future_type || type == g_task_type;
  bool blocking;
  if (native) {
    blocking = yielded.as<Future>()->blocking;
  } else {
    Ref flag = TRY(get_attribute_or_empty(t, yielded, name::_asyncio_future_blocking));
    if (flag.is_empty() || flag.get().is_none()) {
      if (is_exact(yielded, kShape_generator))
        return raise_in_next_step(t, task, "yield was used instead of yield from for generator in task %R with %R", task, yielded);
      return raise_in_next_step(t, task, "Task got bad yield: %R", yielded);
    }
    blocking = TRY(truth(t, flag.get()));
  }
  Ref loop = TRY(loop_of(t, yielded));
  if (!self->loop.peek().same_word(loop.get()))
    return raise_in_next_step(t, task, "Task %R got Future %R attached to a different loop", task, yielded);
  if (!blocking)
    return raise_in_next_step(t, task, "yield was used instead of yield from in task %R with %R", task, yielded);
  return wait_for(t, task, yielded, native);
}

// The coroutine has ended: the task is done.
void forget_coroutine(Task* self) {
  unregister_task(self);
  self->coroutine.clear(self);
}
Status finish_with_result(Thread& t, Value task, Value result) {
  auto* self = self_of(task);
  if (!self->must_cancel) {
    TRY(future_set_result(t, task, result));
  } else {
    self->must_cancel = 0;
    Ref message = self->cancel_message.load();
    TRY(future_cancel(t, task, message.is_empty() ? None : message.get()));
  }
  return ok();
}
Status finish_with_exception(Thread& t, Value task) {
  auto* self = self_of(task);
  Ref raised = take_exception(t);
  Value cancelled = TRY(library(t, Library::kCancelledError));
  if (is_instance_of(raised.get(), cancelled.as<Type>())) {
    self->cancelled_error.store(self, raised.get());
    TRY(future_cancel(t, task, None));
    return ok();
  }
  TRY(future_set_exception(t, task, raised.get()));
  if (is_instance_of(raised.get(), exc::KeyboardInterrupt) || is_instance_of(raised.get(), exc::SystemExit)) {
    restore_exception(t, std::move(raised));
    return Raised{};
  }
  return ok();
}

Ref throw_into(Thread& t, Value coroutine, Value exception, Ref* result) {
  if (is_exact(coroutine, kShape_coroutine) || is_exact(coroutine, kShape_generator))
    return generator_throw(t, coroutine.as<Generator>(), exception, result);
  Ref yielded = call_method_with(t, coroutine, names::throw_, exception);
  if (!yielded.failed() || !pending_matches(t, exc::StopIteration)) return yielded;
  Ref stop = take_exception(t);
  *result = stop.as<StopIterationObject>()->value.load();
  if (result->is_empty()) *result = Ref::none();
  return Ref();
}

// One step with the task as the current one. `exception` may be EMPTY.
Status run_step(Thread& t, Value task, Value given) {
  auto* self = self_of(task);
  Ref exception = Ref::copy(given);
  if (state_of(self) != FutureState::kPending) {
    Value type = TRY(library(t, Library::kInvalidStateError));
    return raise(t, type.as<Type>(), "__step(): already done: %R %R", task, exception.is_empty() ? None : exception.get());
  }
  if (self->must_cancel) {
    Value cancelled = TRY(library(t, Library::kCancelledError));
    if (exception.is_empty() || !is_instance_of(exception.get(), cancelled.as<Type>()))
      exception = TRY(make_cancelled_error(t, self));
    self->must_cancel = 0;
  }
  self->waiter.clear(self);
  Ref coroutine = self->coroutine.load();
  if (coroutine.is_empty()) return raise(t, exc::RuntimeError, "uninitialized Task object");
  Ref result;
  Ref yielded = exception.is_empty() ? iter_send(t, coroutine.get(), None, &result)
                                     : throw_into(t, coroutine.get(), exception.get(), &result);
  if (yielded.failed()) {
    Status finished = finish_with_exception(t, task);
    unregister_task(self);
    return finished;
  }
  if (!yielded.is_empty()) return take_yielded(t, task, yielded.get());
  Status finished = finish_with_result(t, task, result.get());
  unregister_task(self);
  return finished;
}

Status make_step_as_current(Thread& t, Value task, Value exception) {
  Ref loop = self_of(task)->loop.load();
  TRY(enter_task(t, loop.get(), task));
  if (run_step(t, task, exception).failed()) {
    Ref raised = take_exception(t);
    TRY(leave_task(t, loop.get(), task));
    restore_exception(t, std::move(raised));
    return Raised{};
  }
  return leave_task(t, loop.get(), task);
}

Ref call_step(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "function takes no keyword arguments");
  if (args.count != 0) return raise(t, exc::TypeError, "function takes no positional arguments");
  auto* step = self.as<Step>();
  Ref keep = Ref::copy(self);
  Ref task = step->task.load(), exception = step->exception.load();
  TRY(step->eager ? run_step(t, task.get(), exception.get()) : make_step_as_current(t, task.get(), exception.get()));
  return Ref::none();
}
Ref g_step_self(Thread&, Value self) { return self.as<Step>()->task.load(); }
const GetSet kStepGetSets[] = {{"__self__", g_step_self}, {}};

// What the task waits for is done: its exception is thrown into the coroutine, its result is for `await` to fetch.
Ref m_wakeup(Thread& t, Value self, const Value* a) {
  Ref keep = Ref::copy(self), future = Ref::copy(a[0]);
  TRY(awaited_by_discard(t, future.get(), self));
  Type* type = type_of(future.get());
  Ref result;
  if (type == g_future_type || type == g_task_type) {
    auto* f = future.as<Future>();
    if (state_of(f) == FutureState::kFinished && f->exception.is_empty() && !f->loop.is_empty()) {
      f->log_traceback = 0;
      result = Ref::none();
    } else {
      result = future_result(t, f);
    }
  } else {
    result = call_method(t, future.get(), name::result, nullptr, 0);
  }
  Ref exception = result.failed() ? take_exception(t) : Ref();
  TRY(make_step_as_current(t, self, exception.get()));
  return Ref::none();
}

// --- making one

i64 next_task_number() {
  static i64 counter;
  return __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
}

Status check_coroutine(Thread& t, Value v) {
  if (is_exact(v, kShape_coroutine)) return ok();
  Value is_coroutine = TRY(library(t, Library::kIsCoroutine));
  Ref answer = TRY(call_with(t, is_coroutine, v));
  if (TRY(truth(t, answer.get()))) return ok();
  return raise(t, exc::TypeError, "a coroutine was expected, got %R", v);
}

// The first step at once, with the task as the current one for its duration.
Status start_eagerly(Thread& t, Value task) {
  auto* self = self_of(task);
  Ref loop = self->loop.load();
  Ref before = TRY(swap_current_task(t, loop.get(), task));
  TRY(register_task(t, self));
  Ref step = TRY(make_step(t, task, EMPTY, true));
  Ref context = self->task_context.load();
  Ref ran = type_of(context.get()) == g_context_type
                ? context_run(t, context.get(), step.get(), Args{})
                : Ref(raise(t, exc::TypeError, "an instance of Context was expected"));
  Ref raised = ran.failed() ? take_exception(t) : Ref();
  Ref swapped = swap_current_task(t, loop.get(), before.get());
  if (state_of(self) != FutureState::kPending) forget_coroutine(self);
  if (swapped.failed()) return Raised{};
  if (raised.is_empty()) return ok();
  restore_exception(t, std::move(raised));
  return Raised{};
}

Status init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(coro, *, loop=None, name=None, context=None, eager_start=False)");
  if (args.count > 1)
    return raise(t, exc::TypeError, "Task() takes exactly 1 positional argument (%d given)", int(args.count));
  Value a[5];
  Ref keep;
  TRY(bind_arguments(t, signature, "Task", args, a, &keep));
  auto* task = self_of(self);
  TRY(future_init(t, self, a[1]));
  task->log_destroy_pending = 0;  // until there is something to destroy
  TRY(check_coroutine(t, a[0]));
  task->task_context.store(task, a[3].is_empty() || a[3].is_none() ? TRY(copy_current_context(t)) : Ref::copy(a[3]));
  task->waiter.clear(task);
  task->must_cancel = 0;
  task->log_destroy_pending = 1;
  task->cancel_requests = 0;
  task->coroutine.store(task, a[0]);
  if (a[2].is_empty() || a[2].is_none())
    task->name.store(task, Value::small_int(next_task_number()));
  else if (is_exact_str(a[2]))
    task->name.store(task, a[2]);
  else
    task->name.store(task, TRY(object_str(t, a[2])));
  if (!a[4].is_empty() && TRY(truth(t, a[4]))) {
    Ref loop = task->loop.load();
    Ref running = TRY(call_method(t, loop.get(), name::is_running, nullptr, 0));
    if (TRY(truth(t, running.get()))) return start_eagerly(t, self);
  }
  TRY(schedule_step(t, self, EMPTY));
  return register_task(t, task);
}
Ref new_task(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

// --- methods

Ref m_cancel(Thread& t, Value self, const Value* a) {
  auto* task = self_of(self);
  Value message = a[0].is_empty() ? None : a[0];
  task->log_traceback = 0;
  if (task->loop.is_empty() || state_of(task) != FutureState::kPending) return Ref::boolean(task->loop.is_empty());
  task->cancel_requests++;
  Ref waiter = task->waiter.load();
  // The waiter stays: it may be a task that ignores the cancellation, and be cancelled again.
  if (!waiter.is_empty() && TRY(cancel_waiter(t, waiter.get(), message))) return Ref::boolean(true);
  task->must_cancel = 1;
  task->cancel_message.store(task, message);
  return Ref::boolean(true);
}
Ref m_cancelling(Thread& t, Value self, const Value*) { return int_from(t, self_of(self)->cancel_requests); }
Ref m_uncancel(Thread& t, Value self, const Value*) {
  auto* task = self_of(self);
  if (task->cancel_requests > 0 && --task->cancel_requests == 0) task->must_cancel = 0;
  return int_from(t, task->cancel_requests);
}
Ref m_get_name(Thread& t, Value self, const Value*) {
  auto* task = self_of(self);
  Ref name = task->name.load();
  if (name.is_empty()) return Ref::none();
  if (!name.get().is_small_int()) return name;
  RefTo<Str> text = TRY(str_format(t, "Task-%zd", name.get().as_small_int()));
  task->name.store(task, text.value());
  return text;
}
Ref m_set_name(Thread& t, Value self, const Value* a) {
  Ref text = is_exact_str(a[0]) ? Ref::copy(a[0]) : Ref(TRY(object_str(t, a[0])));
  self_of(self)->name.store(self.object(), std::move(text));
  return Ref::none();
}
Ref none_if_empty(Ref&& v) { return v.is_empty() ? Ref::none() : std::move(v); }
Ref m_get_coro(Thread&, Value self, const Value*) { return none_if_empty(self_of(self)->coroutine.load()); }
Ref m_get_context(Thread&, Value self, const Value*) { return none_if_empty(self_of(self)->task_context.load()); }
Ref m_get_stack(Thread& t, Value self, const Value* a) {
  Value function = TRY(library(t, Library::kTaskGetStack));
  return call_with(t, function, self, a[0].is_empty() ? None : a[0]);
}
Ref m_print_stack(Thread& t, Value self, const Value* a) {
  Value function = TRY(library(t, Library::kTaskPrintStack));
  return call_with(t, function, self, a[0].is_empty() ? None : a[0], a[1].is_empty() ? None : a[1]);
}
Ref m_set_result(Thread& t, Value, const Value*) {
  return raise(t, exc::RuntimeError, "Task does not support set_result operation");
}
Ref m_set_exception(Thread& t, Value, const Value*) {
  return raise(t, exc::RuntimeError, "Task does not support set_exception operation");
}

template <Field Task::* field>
Ref get_field(Thread&, Value self) {
  return none_if_empty((self_of(self)->*field).load());
}
Ref g_must_cancel(Thread&, Value self) { return Ref::boolean(self_of(self)->must_cancel); }
Ref g_log_destroy_pending(Thread&, Value self) { return Ref::boolean(self_of(self)->log_destroy_pending); }
Status s_log_destroy_pending(Thread& t, Value self, Value value) {
  if (value.is_empty())
    return raise(t, exc::AttributeError, "attribute '_log_destroy_pending' of '%.100s' objects cannot be deleted",
                 type_of(self)->native_name);
  self_of(self)->log_destroy_pending = TRY(truth(t, value));
  return ok();
}
Ref repr(Thread& t, Value self) {
  TRY(check_initialised(t, self_of(self)));
  Value function = TRY(library(t, Library::kTaskRepr));
  return call_with(t, function, self);
}

const Method kTaskMethods[] = {
    method("set_result", m_set_result, "($self, result, /)"),
    method("set_exception", m_set_exception, "($self, exception, /)"),
    method("cancel", m_cancel, "($self, /, msg=None)",
           "Request that this task cancel itself.\n\nThe loop throws a CancelledError into the coroutine at its next turn. The "
           "coroutine may\nclean up, or deny the request: so that the task ends up cancelled is not certain, as it\nis for a "
           "future, and cancelled() is false until the coroutine has ended. Counts\nthe requests; false when the task is done."),
    method("cancelling", m_cancelling, "($self, /)", "Return the count of the task's cancellation requests."),
    method("uncancel", m_uncancel, "($self, /)",
           "Take back one cancellation request.\n\nFor those who catch CancelledError and go on. Returns how many are left."),
    method("get_name", m_get_name, "($self, /)"),
    method("set_name", m_set_name, "($self, value, /)"),
    method("get_coro", m_get_coro, "($self, /)"),
    method("get_context", m_get_context, "($self, /)"),
    method("get_stack", m_get_stack, "($self, /, *, limit=None)",
           "Return the list of stack frames for this task's coroutine, the oldest first.\n\nOf one that waits, where it waits (one "
           "frame); of one that an exception ended, the frames\nof the traceback; of any other that is done, none. `limit`: at "
           "most so many, the\nnewest ones of a stack and the oldest of a traceback."),
    method("print_stack", m_print_stack, "($self, /, *, limit=None, file=None)",
           "Print what get_stack() gives as a traceback, to sys.stderr or `file`."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "Tasks are generic over the return type of their wrapped coroutines"),
    {},
};
const GetSet kTaskGetSets[] = {
    {"_log_destroy_pending", g_log_destroy_pending, s_log_destroy_pending},
    {"_must_cancel", g_must_cancel},
    {"_coro", get_field<&Task::coroutine>},
    {"_fut_waiter", get_field<&Task::waiter>},
    {},
};

}  // namespace

const TypeSpec kTaskSpec = {
    .name = "_asyncio.Task",
    .doc = "A coroutine wrapped in a Future.",
    .base = &g_future_type,
    .layout = {"Task", sizeof(Task), 0, visit_task, release_task, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.repr = repr, .iter = future_iter, .new_ = new_task, .init = init, .await = future_iter, .finaliser = finalise_future},
    .methods = kTaskMethods,
    .getsets = kTaskGetSets,
    .text_signature = "(coro, *, loop=None, name=None, context=None, eager_start=False)",
};
const TypeSpec kStepSpec = {
    .name = "_asyncio.TaskStepMethWrapper",
    .layout = {"TaskStepMethWrapper", sizeof(Step), 0, visit_step, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.call = call_step},
    .getsets = kStepGetSets,
};

}  // namespace typhon::asyncio
