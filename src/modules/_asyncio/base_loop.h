// Native parts of asyncio's event loops and handles (docs/asyncio.md, modules/accelerate.h).
#pragma once
#include "modules/_asyncio/asyncio.h"

namespace typhon::asyncio {

Status accelerate_events(Thread& t, Dict* globals);
Status accelerate_base_events(Thread& t, Dict* globals);
Status accelerate_selector_events(Thread& t, Dict* globals);
Status accelerate_selectors(Thread& t, Dict* globals);

// What a library's loop does in call_soon, for a callback with the arguments in `args`. False, with nothing done, when the loop is
// another one, is closed or in debug mode, or has methods of its own: then its methods have to be called.
Result<bool> call_soon_natively(Thread& t, Value loop, Value callback, Args args, Value context);
// Whether loop.get_debug() would say no, without calling it; false when that is not known.
bool is_plain_loop_without_debug(Value loop);

}  // namespace typhon::asyncio
