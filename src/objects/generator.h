// What the files of the generator types share, and what the interpreter needs of them.
#pragma once
#include "objects/function.h"

namespace typhon {

// The types that are not in types.def.
namespace types {
extern Type *async_generator_asend, *async_generator_athrow, *async_generator_wrapped_value, *coroutine_wrapper, *anext_awaitable;
}  // namespace types
Status initialise_generator_types(Thread& t);
// The `next` slot of generators (interpreter/generator.cpp).
Ref generator_next(Thread& t, Value self);

// A fresh generator object for the code of a generator function; its frame words are for the caller to fill.
RefTo<Generator> generator_new(Thread& t, Function* function, Code* code);

// Whether the function has other names than its code.
TYPHON_INLINE bool has_own_names(const Function* function, const Code* code) {
  const FunctionExtra* extra = __atomic_load_n(&function->extra, __ATOMIC_ACQUIRE);
  if (extra == nullptr) return false;
  Value name = extra->name.peek(), qualname = extra->qualname.peek();
  return (!name.is_empty() && name.bits != code->name.peek().bits) || (!qualname.is_empty() && qualname.bits != code->qualname.peek().bits);
}
// __name__ and __qualname__: the code's, unless the function had others or they were set since.
Ref generator_name(const Generator* g);
Ref generator_qualname(const Generator* g);

// The object that a suspended generator waits for (yield from, await), borrowed, or EMPTY (interpreter/generator.cpp).
Ref generator_delegate(Generator* g);
// Ends the chain (interpreter/generator.h) that a generator belongs to: all in it are plain generators again.
void unlink_chain(Generator* g);
// The same before its state is looked at, if need be.
TYPHON_INLINE void settle_chain(Generator* g) {
  if (__atomic_load_n(&g->state, __ATOMIC_RELAXED) >= u8(GeneratorState::kLinked)) unlink_chain(g);
}
// Drops the frame of a generator that is not running, without running it (interpreter/generator.cpp).
void generator_discard(Thread& t, Generator* g);

// What an async generator's `yield` hands to its asend(): told apart from what it awaits by this wrapper.
Ref wrap_async_value(Thread& t, Ref&& value);

// await: the iterator of an awaitable. `context`: 0 await, 1 __aenter__, 2 __aexit__.
Ref get_awaitable(Thread& t, Value v, int context);
Ref get_aiter(Thread& t, Value v);
Ref get_anext(Thread& t, Value v);
// anext(iterator, default)
Ref anext_with_default(Thread& t, Value awaitable, Value fallback);

// The type of native iterators whose end has a value (asyncio's futures): iter_send asks `send` (EMPTY at the end, then *result is set),
// which needs no StopIteration to carry it. Set once, by the module.
struct ResultIterators {
  Type* type = nullptr;
  Ref (*send)(Thread& t, Value iterator, Ref* result) = nullptr;
};
extern ResultIterators g_result_iterators;

// Shared by generator.cpp and async_generator.cpp.
void generator_visit(Object* self, Visitor& visitor);
void generator_finalise(Thread& t, Object* self);
size_t generator_size(const Object* self);
// Instance of an exception from throw()'s arguments (type, value, traceback).
Ref exception_from_throw(Thread& t, Value type, Value value, Value traceback);

}  // namespace typhon
