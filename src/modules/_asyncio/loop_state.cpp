// Which loop and task a thread runs, and the lists of tasks.
//
// Each thread lists the tasks that it has made. A list holds no references, and being on it publishes nothing: a task stays its
// thread's own until another thread asks for it, which stops the world and publishes the tasks it gets, and no others.
#include "modules/_asyncio/asyncio.h"

#include <cstdlib>

#include "objects/protocol/services.h"
#include "threads/world.h"

namespace typhon::asyncio {

// In use as long as its thread's LoopState lives or a task is on it.
struct TaskList {
  platform::RawLock lock;  // a leaf: nothing is called under it
  u32 references = 1;
  Task* first = nullptr;
  TaskList *next = nullptr, *previous = nullptr;  // all lists, under g_lists_lock
};

Type* g_loop_state_type;

namespace {
using platform::RawLock;
using platform::RawLockGuard;


RawLock g_lists_lock;
TaskList* g_lists;
// Lists are used again, not freed: a thread that takes a task off may find that another one has just done so.
TaskList* g_unused_lists;
u32 g_process;  // counts the forks that led to this process

// Tasks of other kinds, registered by their makers: a WeakSet; and a set of those that run their first, eager step.
GlobalRoot g_foreign_tasks, g_foreign_eager_tasks;

TaskList* new_list() {
  RawLockGuard guard(g_lists_lock);
  TaskList* list = g_unused_lists;
  if (list != nullptr) {
    g_unused_lists = list->next;
  } else {
    void* memory = std::malloc(sizeof(TaskList));
    if (memory == nullptr) return nullptr;
    list = new (memory) TaskList;
  }
  list->references = 1;
  list->previous = nullptr;
  list->next = g_lists;
  if (g_lists != nullptr) g_lists->previous = list;
  g_lists = list;
  return list;
}
void drop_list(TaskList* list) {
  if (__atomic_sub_fetch(&list->references, 1, __ATOMIC_ACQ_REL) != 0) return;
  RawLockGuard guard(g_lists_lock);
  (list->previous != nullptr ? list->previous->next : g_lists) = list->next;
  if (list->next != nullptr) list->next->previous = list->previous;
  list->next = g_unused_lists;
  g_unused_lists = list;
}

void visit_state(Object* self, Visitor& v) {
  v.field(static_cast<LoopState*>(self)->loop);
  v.field(static_cast<LoopState*>(self)->task);
}
void release_state(Thread&, Object* self) {
  if (TaskList* list = static_cast<LoopState*>(self)->tasks) drop_list(list);
}

bool runs_other_loop(LoopState* state, Value loop) {
  Value running = state == nullptr ? EMPTY : state->loop.peek();
  return running.is_empty() || !is_same(running, loop);
}
Raised raise_not_running(Thread& t, Value loop) { return raise(t, exc::RuntimeError, "loop %R is not the running loop", loop); }

}  // namespace

const TypeSpec kLoopStateSpec = {
    .name = "_asyncio.LoopState",
    .layout = {"LoopState", sizeof(LoopState), 0, visit_state, release_state, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
};

LoopState* loop_state_or_null(Thread& t) { return t.running_loop.is_empty() ? nullptr : t.running_loop.as<LoopState>(); }

RefTo<LoopState> loop_state(Thread& t) {
  if (t.running_loop.is_empty()) {
    TaskList* list = new_list();
    if (list == nullptr) return raise_no_memory(t);
    auto* state = allocate_native<LoopState>(t, g_loop_state_type);
    state->tasks = list;
    state->process = g_process;
    t.running_loop = Value(state);
  }
  return RefTo<LoopState>::copy(t.running_loop.as<LoopState>());
}

Status enter_task(Thread& t, Value loop, Value task) {
  LoopState* state = loop_state_or_null(t);
  if (runs_other_loop(state, loop)) return raise_not_running(t, loop);
  Ref running = state->task.load();
  if (!running.is_empty())
    return raise(t, exc::RuntimeError, "Cannot enter into task %R while another task %R is being executed.", task, running.get());
  state->task.store(state, task);
  return ok();
}

Status leave_task(Thread& t, Value loop, Value task) {
  LoopState* state = loop_state_or_null(t);
  if (runs_other_loop(state, loop)) return raise_not_running(t, loop);
  Ref running = state->task.load();
  if (running.is_empty()) running = Ref::none();
  if (!is_same(running.get(), task))
    return raise(t, exc::RuntimeError, "Invalid attempt to leave task %R while task %R is entered.", task, running.get());
  state->task.clear(state);
  return ok();
}

Ref swap_current_task(Thread& t, Value loop, Value task) {
  LoopState* state = loop_state_or_null(t);
  if (runs_other_loop(state, loop)) return raise_not_running(t, loop);
  Value old = task.is_none() ? state->task.take_word(state) : state->task.exchange(state, task);
  return old.is_empty() ? Ref::none() : Field::adopt_heap(old);
}

Status register_task(Thread& t, Task* task) {
  if (__atomic_load_n(&task->list, __ATOMIC_ACQUIRE) != nullptr) return ok();
  RefTo<LoopState> state = TRY(loop_state(t));
  TaskList* list = state->tasks;
  __atomic_fetch_add(&list->references, 1, __ATOMIC_RELAXED);
  TaskList* none = nullptr;
  {
    RawLockGuard guard(list->lock);
    if (__atomic_compare_exchange_n(&task->list, &none, list, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      task->next = list->first;
      task->previous = nullptr;
      if (list->first != nullptr) list->first->previous = task;
      list->first = task;
      return ok();
    }
  }
  drop_list(list);  // another thread has listed it just now
  return ok();
}

void unregister_task(Task* task) {
  TaskList* list = __atomic_load_n(&task->list, __ATOMIC_ACQUIRE);
  if (list == nullptr) return;
  {
    RawLockGuard guard(list->lock);
    if (__atomic_load_n(&task->list, __ATOMIC_ACQUIRE) != list) return;
    (task->previous != nullptr ? task->previous->next : list->first) = task->next;
    if (task->next != nullptr) task->next->previous = task->previous;
    task->next = task->previous = nullptr;
    __atomic_store_n(&task->list, nullptr, __ATOMIC_RELEASE);
  }
  drop_list(list);
}

Ref running_loop(Thread& t) {
  LoopState* state = loop_state_or_null(t);
  Ref loop = state == nullptr ? Ref() : state->loop.load();
  if (loop.is_empty()) return raise(t, exc::RuntimeError, "no running event loop");
  return loop;
}

Ref get_event_loop(Thread& t) {
  LoopState* state = loop_state_or_null(t);
  Ref loop = state == nullptr ? Ref() : state->loop.load();
  if (!loop.is_empty()) return loop;
  Value get_policy = TRY(library(t, Library::kGetEventLoopPolicy));
  Ref policy = TRY(call(t, get_policy));
  return call_method(t, policy, name::get_event_loop, nullptr, 0);
}

namespace {

Ref f_get_running_loop_or_none(Thread& t, Value, const Value*) {
  LoopState* state = loop_state_or_null(t);
  Ref loop = state == nullptr ? Ref() : state->loop.load();
  return loop.is_empty() ? Ref::none() : std::move(loop);
}
Ref f_set_running_loop(Thread& t, Value, const Value* a) {
  if (a[0].is_none() && t.running_loop.is_empty()) return Ref::none();
  RefTo<LoopState> state = TRY(loop_state(t));
  if (state->process != g_process) {
    state->process = g_process;
    state->task.clear(state.get());
  }
  if (a[0].is_none())
    state->loop.clear(state.get());
  else
    state->loop.store(state.get(), a[0]);
  return Ref::none();
}
Ref f_get_running_loop(Thread& t, Value, const Value*) { return running_loop(t); }
Ref f_get_event_loop(Thread& t, Value, const Value*) { return get_event_loop(t); }

Ref done(Status status) { return status.failed() ? Ref::error() : Ref::none(); }
Ref f_enter_task(Thread& t, Value, const Value* a) { return done(enter_task(t, a[0], a[1])); }
Ref f_leave_task(Thread& t, Value, const Value* a) { return done(leave_task(t, a[0], a[1])); }
Ref f_swap_current_task(Thread& t, Value, const Value* a) { return swap_current_task(t, a[0], a[1]); }

// --- current_task

// The state of the thread that runs `loop`, null when none does. With the world stopped.
LoopState* state_running(Value loop) {
  for (Thread* other = first_thread(); other != nullptr; other = other->next) {
    LoopState* state = loop_state_or_null(*other);
    if (state != nullptr && state->loop.peek().same_word(loop)) return state;
  }
  return nullptr;
}

Ref f_current_task(Thread& t, Value, const Value* a) {
  LoopState* own = loop_state_or_null(t);
  Ref loop = a[0].is_empty() || a[0].is_none() ? TRY(running_loop(t)) : Ref::copy(a[0]);
  Ref task;
  if (!runs_other_loop(own, loop.get())) {
    task = own->task.load();
  } else if (loop.get().is_object() && !loop.object()->is_local()) {
    // (What runs the loop must reach it: one that is ours alone runs nowhere else.)
    WorldStopped stopped(t);
    if (LoopState* state = state_running(loop.get())) {
      Value running = state->task.peek();
      if (running.is_object()) publish(running.object());
      task = Ref::copy(running);
    }
  }
  return task.is_empty() ? Ref::none() : std::move(task);
}

// --- all_tasks

bool belongs(const Task* task, Value loop) {
  return !is_dying(task) && state_of(task) == FutureState::kPending && task->loop.peek().same_word(loop);
}

// The tasks of a list that belong to the loop: the calling thread's list under its lock, any with the world stopped.
void collect(TaskList* list, Value loop, bool publishing, RootedVector& found) {
  for (Task* task = list->first; task != nullptr; task = task->next) {
    if (!belongs(task, loop)) continue;
    if (publishing) publish(task);
    found.push_copy(Value(task));
  }
}

Status add_native_tasks(Thread& t, Value loop, Set* tasks) {
  RootedVector found(t);
  if (!loop.is_object()) return ok();
  if (loop.object()->is_local() || !g_multi_threaded) {
    RawLockGuard guard(g_lists_lock);
    for (TaskList* list = g_lists; list != nullptr; list = list->next) {
      // Other threads' tasks cannot belong to a loop that is ours alone; without other threads every list is ours.
      if (g_multi_threaded && (t.running_loop.is_empty() || list != loop_state_or_null(t)->tasks)) continue;
      RawLockGuard list_guard(list->lock);
      collect(list, loop, false, found);
    }
  } else {
    WorldStopped stopped(t);
    for (TaskList* list = g_lists; list != nullptr; list = list->next) collect(list, loop, true, found);
  }
  for (size_t i = 0; i < found.size(); i++) TRY(set_add_py(t, tasks, found[i]));
  return ok();
}

Status add_foreign_tasks(Thread& t, Value loop, Value candidates, Set* tasks) {
  if (candidates.is_empty()) return ok();
  RefTo<List> list = TRY(to_list(t, candidates));
  for (size_t i = 0; i < list_size(list.get()); i++) {
    Ref task = list_get(t, list.get(), i);
    Ref finished = TRY(call_method(t, task.get(), name::done, nullptr, 0));
    if (TRY(truth(t, finished.get()))) continue;
    Ref its_loop = TRY(loop_of(t, task.get()));
    if (is_same(its_loop.get(), loop)) TRY(set_add_py(t, tasks, task.get()));
  }
  return ok();
}

Ref f_all_tasks(Thread& t, Value, const Value* a) {
  Ref loop = a[0].is_empty() || a[0].is_none() ? TRY(running_loop(t)) : Ref::copy(a[0]);
  RefTo<Set> tasks = TRY(set_new(t));
  // The eager ones first: one may become an ordinary one meanwhile.
  TRY(add_foreign_tasks(t, loop.get(), g_foreign_eager_tasks.get(), tasks.get()));
  TRY(add_native_tasks(t, loop.get(), tasks.get()));
  TRY(add_foreign_tasks(t, loop.get(), g_foreign_tasks.get(), tasks.get()));
  return tasks;
}

// --- registration by name

Ref f_register_task(Thread& t, Value, const Value* a) {
  if (is_task(a[0])) return done(register_task(t, a[0].as<Task>()));
  if (g_foreign_tasks.get().is_empty()) {
    Value weak_set = TRY(library(t, Library::kWeakSet));
    g_foreign_tasks.set(t, TRY(call(t, weak_set)));
  }
  return call_method_with(t, g_foreign_tasks.get(), name::add, a[0]);
}
Ref f_unregister_task(Thread& t, Value, const Value* a) {
  if (is_task(a[0])) {
    unregister_task(a[0].as<Task>());
    return Ref::none();
  }
  if (g_foreign_tasks.get().is_empty()) return Ref::none();
  return call_method_with(t, g_foreign_tasks.get(), name::discard, a[0]);
}
Ref f_register_eager_task(Thread& t, Value, const Value* a) {
  if (is_task(a[0])) return done(register_task(t, a[0].as<Task>()));
  if (g_foreign_eager_tasks.get().is_empty()) g_foreign_eager_tasks.set(t, TRY(set_new(t)));
  TRY(set_add_py(t, g_foreign_eager_tasks.as<Set>(), a[0]));
  return Ref::none();
}
Ref f_unregister_eager_task(Thread& t, Value, const Value* a) {
  if (is_task(a[0])) {
    unregister_task(a[0].as<Task>());
    return Ref::none();
  }
  if (!g_foreign_eager_tasks.get().is_empty()) TRY(set_discard_py(t, g_foreign_eager_tasks.as<Set>(), a[0]));
  return Ref::none();
}

Ref f_awaited_by_add(Thread& t, Value, const Value* a) { return done(awaited_by_add(t, a[0], a[1])); }
Ref f_awaited_by_discard(Thread& t, Value, const Value* a) { return done(awaited_by_discard(t, a[0], a[1])); }

}  // namespace

const Method kFunctions[] = {
    method("current_task", f_current_task, "($module, /, loop=None)", "Return a currently executed task."),
    method("get_event_loop", f_get_event_loop, "($module, /)",
           "Return an asyncio event loop.\n\nInside a coroutine or a callback of a loop that is the running loop;\nelsewhere "
           "what the event loop policy gives."),
    method("get_running_loop", f_get_running_loop, "($module, /)",
           "Return the running event loop.  Raise a RuntimeError if there is none.\n\nThis function is thread-specific."),
    method("_get_running_loop", f_get_running_loop_or_none, "($module, /)",
           "Return the running event loop or None.\n\nFor event loops. This function is thread-specific."),
    method("_set_running_loop", f_set_running_loop, "($module, loop, /)",
           "Set the running event loop.\n\nFor event loops. This function is thread-specific."),
    method("_register_task", f_register_task, "($module, /, task)", "List a task that a loop executes."),
    method("_register_eager_task", f_register_eager_task, "($module, /, task)",
           "List a task that is about to make its first step."),
    method("_unregister_task", f_unregister_task, "($module, /, task)", "Take a task off the list."),
    method("_unregister_eager_task", f_unregister_eager_task, "($module, /, task)",
           "Take a task that has made its first step off the list."),
    method("_enter_task", f_enter_task, "($module, /, loop, task)", "The loop begins, or goes on, to execute the task."),
    method("_leave_task", f_leave_task, "($module, /, loop, task)", "The task has ended or waits."),
    method("_swap_current_task", f_swap_current_task, "($module, /, loop, task)",
           "Make the task the current one for a while and return the one (or None) that was.\n\nFor eager tasks."),
    method("all_tasks", f_all_tasks, "($module, /, loop=None)", "Return a set of all tasks for the loop."),
    method("future_add_to_awaited_by", f_awaited_by_add, "($module, fut, waiter, /)",
           "Record that `fut` is awaited on by `waiter`."),
    method("future_discard_from_awaited_by", f_awaited_by_discard, "($module, fut, waiter, /)"),
    {},
};

Status initialise_loop_state(Thread& t) {
  if (g_loop_state_type != nullptr) return ok();
  // A forked child has one thread; the locks may have been held by others.
  at_fork_child([](Thread&) {
    g_process++;
    g_lists_lock.reset_after_fork();
    for (TaskList* list = g_lists; list != nullptr; list = list->next) list->lock.reset_after_fork();
  });
  return make_static_type(t, kLoopStateSpec, &g_loop_state_type);
}

}  // namespace typhon::asyncio
