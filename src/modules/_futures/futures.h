// The native parts of concurrent.futures (docs/asyncio.md): its Future, and the hot paths of ThreadPoolExecutor. They take the place of
// the library's own when its modules have been executed (modules/accelerate.cpp).
#pragma once
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon::futures {

enum class State : u8 { kPending, kRunning, kCancelled, kCancelledAndNotified, kFinished };

// What the Python class keeps in attributes. State and callbacks change under the object lock. A thread that waits for the result
// parks on `state`. The condition is made when somebody asks for it (concurrent.futures.wait does): from then on it is held
// as well around every change of the state, and the waiters are told.
struct Future : Object {
  Field condition;  // threading.Condition, or EMPTY
  Field result, exception;
  Field waiters;    // list, or EMPTY
  Field callbacks;  // (callable, the ones before it or None), or EMPTY
  u8 state;
  u32 sleepers;     // threads that park, or are about to
};

extern Type* g_future_type;
inline bool is_exact_future(Value v) { return v.is_object() && type_of(v) == g_future_type; }

RefTo<Future> future_new(Thread& t);
// set_running_or_notify_cancel()
Result<bool> start_running(Thread& t, Value self);
Status set_result(Thread& t, Value self, Value result);
Status set_exception(Thread& t, Value self, Value exception);

// Looks a name of concurrent.futures._base up (LOGGER, CancelledError...).
Ref base_attribute(Thread& t, Str* name);
// LOGGER.critical(text, exc_info=...) or LOGGER.exception(text, argument, exc_info=...) for the pending exception, which it takes.
Status log_pending(Thread& t, Str* level, const char* text, Value argument = EMPTY);

Status accelerate_base(Thread& t, Dict* globals);
Status accelerate_thread_pool(Thread& t, Dict* globals);

}  // namespace typhon::futures
