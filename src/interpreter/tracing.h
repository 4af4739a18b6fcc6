// sys.settrace, sys.setprofile and sys.monitoring: while one is in use, threads run with a handler table whose entries all look for
// events first.
#pragma once
#include "bytecode/code_events.h"
#include "interpreter/dispatch.h"

namespace typhon {

// None or EMPTY switches off.
void set_trace_function(Thread& t, Value function);
void set_profile_function(Thread& t, Value function);
// The same for all threads.
void set_trace_function_of_all(Thread& t, Value function);
void set_profile_function_of_all(Thread& t, Value function);
// Makes the thread run with the handlers that its trace functions and the monitoring tools call for. A thread that runs a trace
// function or a tool's callback (Thread::tracing) keeps the plain ones.
void choose_handlers(Thread& t);
// Trace functions and callbacks run untraced.
class Untraced {
 public:
  Untraced(Thread& t, MonitorEvent event);
  ~Untraced();

 private:
  Thread& thread_;
  u8 before_;
  i32 event_before_;
};
// The event whose trace function or callback runs now in this thread; -1: none.
i32 current_event();
// Whether events are looked for in this thread now.
inline bool is_traced(const Thread& t) { return t.dispatch_table != static_cast<const void*>(g_handlers); }

// An exception is pending in the frame (`again`: raised as it was); a handler for it was found; it ends the frame; it was thrown
// into the frame of a generator. Each may replace the exception.
void trace_exception(Thread& t, Value* r, bool again);
void trace_handled(Thread& t, Value* r);
void trace_unwound(Thread& t, Value* r);
void trace_thrown(Thread& t, Value* r);
// A frame that delegates is about to be suspended with `value`.
Status trace_delegated_yield(Thread& t, Value* r, Value value);
// A for loop's iterator has ended with a StopIteration: pending (a native __next__ raised it), or told by the generator's return
// value (`raised`: it was an exception all the same). Fails when a trace function raised.
Status trace_stop_iteration(Thread& t, Value* r, Value returned, bool raised = false);

}  // namespace typhon
