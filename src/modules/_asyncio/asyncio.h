// Shared between the files of _asyncio (docs/asyncio.md).
#pragma once
#include "modules/_contextvars.h"
#include "objects/container_util.h"
#include "objects/generator.h"

namespace typhon::asyncio {

// --- names and objects of the library that native code needs
#define TYPHON_ASYNCIO_NAMES(NAME)                                                                          \
  NAME(add_done_callback) NAME(call_exception_handler) NAME(call_soon) NAME(cancel) NAME(context)           \
  NAME(done) NAME(exception) NAME(future) NAME(get_debug) NAME(get_loop) NAME(is_running) NAME(message)     \
  NAME(msg) NAME(result) NAME(source_traceback) NAME(task) NAME(add) NAME(discard) NAME(_loop)              \
  NAME(_asyncio_future_blocking) NAME(get_event_loop)
namespace name {
#define TYPHON_DECLARE(id) extern Str* id;
TYPHON_ASYNCIO_NAMES(TYPHON_DECLARE)
#undef TYPHON_DECLARE
}  // namespace name

// A function or class of an asyncio (or standard) module, imported when it is first needed. Borrowed.
enum class Library : u8 {
  kCancelledError,
  kInvalidStateError,
  kFutureRepr,
  kTaskRepr,
  kTaskGetStack,
  kTaskPrintStack,
  kIsCoroutine,
  kExtractStack,
  kGetEventLoopPolicy,
  kWeakSet,
  kCount
};
Result<Value> library(Thread& t, Library what);

// --- futures
enum class FutureState : u8 { kPending, kCancelled, kFinished };

// Everything that decides together is changed under the object lock: the state, and who is called when it changes.
struct Future : Object {
  Field loop;                 // EMPTY: not initialised
  Field callback, context;    // the first callback
  Field more_callbacks;       // the others: (callback, context, the ones before it or None), or EMPTY
  Field result, exception, exception_traceback;
  Field source_traceback;
  Field cancel_message, cancelled_error;
  Field awaited_by;           // a future, or a set of several, or EMPTY
  u8 progress;                // FutureState
  u8 blocking;                // _asyncio_future_blocking
  u8 log_traceback;
  u8 must_cancel, log_destroy_pending;  // of tasks
};

struct TaskList;
struct Task : Future {
  Field waiter;      // _fut_waiter
  Field coroutine;   // EMPTY once done
  Field name;        // str, or the number of a name that nobody has asked for yet
  Field task_context;
  i64 cancel_requests;
  // The list of the thread that made it: no references, left before the task dies (task_list.cpp).
  TaskList* list;
  Task *next, *previous;
};

extern Type *g_future_type, *g_task_type, *g_future_iterator_type, *g_step_type;
TYPHON_INLINE bool is_future(Value v) {  // or a task
  if (!v.is_object()) return false;
  Type* type = type_of_object(v.object());
  return type == g_future_type || type == g_task_type || is_subtype(type, g_future_type);
}
TYPHON_INLINE bool is_task(Value v) {
  if (!v.is_object()) return false;
  Type* type = type_of_object(v.object());
  return type == g_task_type || is_subtype(type, g_task_type);
}
inline FutureState state_of(const Future* f) { return FutureState(__atomic_load_n(&f->progress, __ATOMIC_ACQUIRE)); }
void visit_future(Object* self, Visitor& visitor);

// RuntimeError unless __init__ has run.
Status check_initialised(Thread& t, const Future* f);
// What Future.__init__ does. `loop` None: the current one.
Status future_init(Thread& t, Value self, Value loop);
// loop.call_soon(callback[, argument][, context=context]); EMPTY leaves an argument out.
Status call_soon(Thread& t, Value loop, Value callback, Value argument, Value context);
Status add_callback(Thread& t, Future* f, Value callback, Value context);
// False when it was done already.
Result<bool> future_cancel(Thread& t, Value self, Value message);
Status future_set_result(Thread& t, Value self, Value result);
Status future_set_exception(Thread& t, Value self, Value exception);
// What result() gives and raises.
Ref future_result(Thread& t, Future* f);
Ref make_cancelled_error(Thread& t, Future* f);
// Records, or forgets, that `waiter` awaits `future`; nothing unless both are native.
Status awaited_by_add(Thread& t, Value future, Value waiter);
Status awaited_by_discard(Thread& t, Value future, Value waiter);
// The loop of any future-like object.
Ref loop_of(Thread& t, Value future);
void finalise_future(Thread& t, Value self);  // __del__
// A finished future without an exception to report, and a done task, need no finaliser: shared ones are then freed like any other object.
void forget_finaliser(Future* f);
extern const Method kFutureMethods[];
extern const GetSet kFutureGetSets[];
extern const TypeSpec kFutureSpec, kFutureIteratorSpec;
Ref future_iter(Thread& t, Value self);
void initialise_future_iterators();

// --- tasks (task.cpp)
extern const TypeSpec kTaskSpec, kStepSpec;

// --- which task runs in which loop (loop_state.cpp): one of these for each thread that has run a loop. It is the thread's own
// (LOCAL), and with it everything it leads to.
struct LoopState : Object {
  Field loop;  // the running loop, or EMPTY
  Field task;  // the task that runs in it, or EMPTY
  TaskList* tasks;
  u32 process;   // changes with every fork: in the child, `task` is what the parent runs
};
extern const TypeSpec kLoopStateSpec;
extern Type* g_loop_state_type;
// The calling thread's; null when it has none yet.
LoopState* loop_state_or_null(Thread& t);
RefTo<LoopState> loop_state(Thread& t);
Status enter_task(Thread& t, Value loop, Value task);
Status leave_task(Thread& t, Value loop, Value task);
// The task that ran before, or None. `task` None: none.
Ref swap_current_task(Thread& t, Value loop, Value task);
Ref get_event_loop(Thread& t);
Ref running_loop(Thread& t);  // RuntimeError when there is none
// Puts a task on the calling thread's list, if it is on none; takes it off.
Status register_task(Thread& t, Task* task);
void unregister_task(Task* task);
extern const Method kFunctions[];
Status initialise_loop_state(Thread& t);

}  // namespace typhon::asyncio
