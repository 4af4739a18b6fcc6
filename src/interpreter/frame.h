// Frames on the register stack: pushing, popping, walking, and what happens to their variables (docs/interpreter.md).
#pragma once
#include "objects/function.h"
#include "threads/thread.h"

namespace typhon {

TYPHON_INLINE Generator* generator_of(Value* r) {
  return reinterpret_cast<Generator*>(reinterpret_cast<char*>(r - kFrameHeader) - offsetof(Generator, words));
}

// Where the next frame's header may begin: behind the running frame.
Value* python_stack_end(Thread& t);
TYPHON_INLINE Value* frame_stack_end(Thread& t, Value* r) {
  const FrameInfo& info = frame::info(r);
  if (info.flags & frame_flag::kGenerator) [[unlikely]] return t.stack_base + info.stack_offset;
  return r + frame::code(r)->register_count;
}

// The words of the register stack behind the running frame are EMPTY or immediates, and so are the temporaries of a frame that
// begins or returns (bytecode/ops.def, compiler/verify.h): a fresh frame empties its named variables only, and a frame that
// returns drops only those.
TYPHON_INLINE void check_clean(const Value* r, u32 from, u32 to) {
#if defined(TYPHON_CHECKING) || !defined(NDEBUG)
  for (u32 i = from; i < to; i++) DCHECK((r[i].bits & 7) || r[i].is_empty());
#endif
}

// A function whose calls with `n` positional arguments need no binding: Code::aux2 is the argument count plus one (make_code).
TYPHON_INLINE bool takes_exactly(const Code* code, u32 n) { return code->aux2 == n + 1; }

// Stores EMPTY into registers whose words mean nothing.
TYPHON_INLINE void empty_registers(Value* r, u32 from, u32 to) {
  for (u64 i = from; i < to; i++) {
    r[i] = EMPTY;
    asm("" : "+r"(i));  // keeps the loop a loop: a call of memset would cost every handler a stack frame
  }
}

// Fills the header of a frame whose function word and parameters are in place; the remaining registers become EMPTY.
// `filled`: registers that hold something already. RecursionError when the stack or the limit is used up.
TYPHON_COLD bool raise_recursion(Thread& t);
TYPHON_INLINE bool push_frame(Thread& t, Value* callee, Code* code, Value* caller, u32 filled, u16 flags, u16 destination) {
  u32 registers = code->register_count;
  if (callee + registers + kStackSlack > t.stack_limit || t.recursion_depth >= t.recursion_limit) [[unlikely]]
    return raise_recursion(t);
  t.recursion_depth++;
  frame::pc(callee) = first_instruction(code);
  frame::caller(callee) = caller;
  frame::info(callee) = {flags, destination, 0};
  frame::frame_object(callee) = EMPTY;
  frame::code(callee) = code;
  // Module and class code has its namespace in register 0, which may be no named variable.
  empty_registers(callee, filled, code->local_count + 1u);
  check_clean(callee, filled, registers);
  t.frame = callee;
  return true;
}

// Ends a frame: drops its registers (or hands them to a frame object that outlives it), its function and its header, and makes
// the caller the running frame. The drops may run Python code; the frame stays valid until they are done.
void pop_frame(Thread& t, Value* r);
// The part of it for frames that somebody holds a frame object of: variables move there.
void detach_frame_object(Thread& t, Value* r);
TYPHON_INLINE void set_register_word(Value& word, Value owned) {
  Value old = word;
  word = owned;
  release(old);
}
TYPHON_INLINE void clear_register_word(Value& word) { set_register_word(word, EMPTY); }
// Drops the registers from `from` on.
TYPHON_INLINE void drop_registers(Value* r, u32 from, u32 to) {
  for (u32 i = from; i < to; i++) {
    Value v = r[i];
    if (v.is_empty()) continue;  // mostly
    r[i] = EMPTY;
    release(v);
  }
}

// --- for the heap and the collector
// Calls f(first, last, context) for every range of words that the thread's active frames occupy: the used part of its
// register stack, and the frames of running generators.
void for_each_active_frame_range(Thread& t, void (*f)(Value* first, Value* last, void* context), void* context);

// --- for built-in functions: `depth` 0 is the running Python frame
Value* caller_frame(Thread& t, int depth);
Ref current_globals(Thread& t);   // EMPTY when no Python frame runs
Ref current_builtins(Thread& t);
Ref current_locals(Thread& t);    // locals(): the namespace, or a fresh dict of a function's variables
// super() without arguments: the __class__ cell's content and the first argument. RuntimeError with CPython's texts.
Status super_arguments_from_frame(Thread& t, Ref* cls, Ref* object);

}  // namespace typhon
