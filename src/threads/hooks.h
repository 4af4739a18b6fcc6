// What the layers below objects/ ask of the layers above: function pointers that those install at start-up
// (runtime/ or the initialisation of objects/ and interpreter/), before a second thread exists.
#pragma once
#include "threads/thread.h"

namespace typhon {

// Raise the exception in the thread (objects/exceptions). Until they are installed the process aborts with the message.
extern void (*g_raise_recursion_error)(Thread& t, const char* where);
extern void (*g_raise_memory_error)(Thread& t);
extern void (*g_raise_runtime_error)(Thread& t, const char* message);
// Raises t.async_exception's value, given as an owned word: makes an instance when it is a class.
extern Status (*g_raise_async_exception)(Thread& t, Ref&& exception);

// The interpreter's frames, for the stack scan. Both may be asked about any stopped thread.
// One past the last register in use on the thread's Python stack.
extern Value* (*g_python_stack_end)(Thread& t);
// Calls f(begin, end, context) for every register range in use that does not lie on the Python stack: running
// generators. (Ranges on the stack may be included: scanning twice is harmless.)
extern void (*g_for_each_active_frame_range)(Thread& t, void (*f)(Value* begin, Value* end, void* context),
                                             void* context);

// Around the life of a Python thread (start_thread), on that thread: the interpreter sets its dispatch table...; and
// drops what it keeps there. May be null.
extern void (*g_thread_started)(Thread& t);
extern void (*g_thread_finishing)(Thread& t);
// Told when the program becomes multi-threaded (g_multi_threaded), with no other Python thread running. May be null.
extern void (*g_multi_threaded_hook)(Thread& t);

}  // namespace typhon
