// Context variables for native code (asyncio, threads).
#pragma once
#include "objects/module.h"

namespace typhon {

extern Type *g_context_type, *g_context_var_type, *g_context_token_type;

// The calling thread's context, made when it has none yet.
Ref current_context(Thread& t);
// Tells what the variables of the calling thread's context are: as long as this stays the same, so do they, and what they refer to
// lives. 0 while the thread has no context.
u64 contextvars_version(Thread& t);
// copy_context()
Ref copy_current_context(Thread& t);
// context.run(callable, *args, **kwargs)
Ref context_run(Thread& t, Value context, Value callable, Args args);
// The value of a ContextVar in the current context: `fallback`, then the variable's default; EMPTY when there is none.
Ref context_var_get(Thread& t, Value variable, Value fallback);
// Sets it; the Token.
Ref context_var_set(Thread& t, Value variable, Value value);

}  // namespace typhon
