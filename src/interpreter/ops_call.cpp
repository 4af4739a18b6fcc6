// Calls, making functions, imports.
#include "heap/collector.h"
#include "interpreter/attribute_cache.h"
#include "interpreter/call.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/inlined.h"
#include "interpreter/intrinsics.h"
#include "interpreter/quick_attribute.h"
#include "interpreter/quick_key.h"
#include "interpreter/sequence_item.h"
#include "objects/protocol/services.h"

namespace typhon {

Ref list_append_method(Thread& t, Value self, const Value* a);  // objects/list.cpp
Ref dict_get_method(Thread& t, Value self, const Value* a);     // objects/dict/dict.cpp
InlinedBuiltins g_inlined_builtins;

namespace {

TYPHON_NOINLINE Called call_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return call_window(t, r, pc->b, pc->c, nullptr, resume_after(2), pc->a);
}
// After LOAD_METHOD: without a self the callable moves up next to its arguments.
TYPHON_NOINLINE Called call_method_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 f = pc->b, n = pc->c;
  if (r[f + 1].is_empty()) {
    r[f + 1] = r[f];
    r[f] = EMPTY;
    return call_window(t, r, f + 1, n, nullptr, resume_after(2), pc->a);
  }
  if (is_exact(r[f], kShape_method_descriptor)) {
    Ref result = native_method_call(t, r[f].as<NativeDescriptor>(), r[f + 1], Args{r + f + 2, n, nullptr, 0});
    drop_registers(r, f, f + 2 + n);
    if (result.failed()) return Called::kRaised;
    set_register(r, pc->a, std::move(result));
    return Called::kDone;
  }
  return call_window(t, r, f, n + 1, nullptr, resume_after(2), pc->a);
}
TYPHON_NOINLINE Called call_keywords_step(Thread& t, Value* r, Instr* pc, bool method) {
  save_pc(r, pc);
  Tuple* names = frame::code(r)->constants[u32(unit(pc + 2))].as<Tuple>();
  u32 f = pc->b, n = pc->c, named = u32(names->size);
  u16 flags = resume_after(3);
  if (!method) return call_window(t, r, f, n, names, flags, pc->a);
  if (r[f + 1].is_empty()) {
    r[f + 1] = r[f];
    r[f] = EMPTY;
    return call_window(t, r, f + 1, n, names, flags, pc->a);
  }
  if (is_exact(r[f], kShape_method_descriptor)) {
    Ref result = native_method_call(t, r[f].as<NativeDescriptor>(), r[f + 1], Args{r + f + 2, n - named, names, named});
    drop_registers(r, f, f + 2 + n);
    if (result.failed()) return Called::kRaised;
    set_register(r, pc->a, std::move(result));
    return Called::kDone;
  }
  return call_window(t, r, f, n + 1, names, flags, pc->a);
}
TYPHON_NOINLINE Called call_ex_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return call_window_ex(t, r, pc->b, resume_after(2), pc->a);
}

#define CALLED(outcome, units)                              \
  do {                                                      \
    FORGET_REGISTERS();                                     \
    Called called_ = (outcome);                             \
    table = static_cast<const HandlerEntry*>(t->dispatch_table); \
    if (called_ == Called::kDone) NEXT(units);              \
    if (called_ == Called::kPushed) TAIL(op_enter);         \
    TAIL(op_raise);                                         \
  } while (0)

COLD_HANDLER(call_keywords_general) { CALLED(call_keywords_step(*t, r, pc, false), 3); }
COLD_HANDLER(call_method_keywords_general) { CALLED(call_keywords_step(*t, r, pc, true), 3); }
// A Python function in r[B], n arguments behind it, the last ones named: binds them in the window and goes on in its frame.
#define ENTER_KEYWORDS(n) ENTER_BOUND(n, frame::code(r)->constants[u32(unit(pc + 2))].as<Tuple>(), 3)
#define ENTER_BOUND(n, names, units)                                                               \
  do {                                                                                             \
    save_pc(r, pc);                                                                                \
    FORGET_REGISTERS();                                                                            \
    bool bound_ = bind_and_push(*t, r + pc->b + 1, n, names, r, resume_after(units), pc->a); \
    table = static_cast<const HandlerEntry*>(t->dispatch_table);                                   \
    if (!bound_) TAIL(op_raise);                                                                   \
    Value* callee_ = t->frame;                                                                     \
    ENTER(callee_, frame::pc(callee_));                                                            \
  } while (0)
// Before a call that may ask what is alive, or wait for long: what earlier calls left on the native stack is not to be found in the
// frames of this one.
TYPHON_INLINE void forget_old_words(Thread& t, Value callable) {
  const Method* row = is_exact(callable, kShape_builtin_function)    ? callable.as<NativeFunction>()->definition
                      : is_exact(callable, kShape_method_descriptor) ? callable.as<NativeDescriptor>()->method
                                                                     : nullptr;
  if (row != nullptr && row->scans_stacks)
    platform::empty_stack_below();
  else if (g_multi_threaded)
    collector::forget_old_words(t);
}
COLD_HANDLER(call_general) {
  forget_old_words(*t, r[pc->b]);
  CALLED(call_step(*t, r, pc), 2);
}
COLD_HANDLER(call_method_general) {
  forget_old_words(*t, r[pc->b]);
  CALLED(call_method_step(*t, r, pc), 2);
}

// Ends a call of a native function: drops the window, stores the result.
TYPHON_INLINE bool finish_native(Value* r, Instr* pc, u32 f, u32 words, Value result) {
  for (u32 i = f; i < f + words; i++) {
    Value v = r[i];
    if (may_need_drop(v) && v.is_empty()) continue;
    r[i] = EMPTY;
    if (!(v.bits & 15)) release(v);
  }
  if (result.is_error()) [[unlikely]] return false;
  set_register(r, pc->a, result);
  return true;
}

// Whether the arguments at r[first .. first + n) are what the parameters of a native callable order (`arity`: its aux2, see
// native_function.cpp). Parameters that were left out become EMPTY words behind the arguments, if the frame has room.
TYPHON_INLINE bool fit_arguments(Value* r, u32 arity, u32 first, u32 n) {
  if (native_arity::is_all(arity, n)) [[likely]] return true;
  u32 size = native_arity::size(arity);
  if (!native_arity::may_be(arity, n) || first + size > frame::code(r)->register_count) return false;
  empty_registers(r, first + n, first + size);
  return true;
}

// The same for a function without *args, **kwargs and keyword-only parameters whose defaults give the last arguments.
TYPHON_INLINE Instr* enter_with_defaults(Thread* t, Value* r, Instr* pc, Value* callee, u32 n, u32 info) {
  Function* f = callee[-1].as<Function>();
  Code* code = f->code.as<Code>();
  u32 takes = code->aux2;
  Value word = f->defaults.peek();
  if (takes == 0 || n >= --takes || word.is_empty()) return nullptr;
  Tuple* defaults = word.as<Tuple>();
  if (takes - n > defaults->size || !may_enter(t, callee, code)) return nullptr;
  const Field* items = defaults->items + (defaults->size - takes);
  for (u32 i = n; i < takes; i++) {
    if (quick_acquire_slot(items[i].peek(), &callee[i])) [[likely]] continue;
    for (callee[i] = EMPTY; i-- > n; callee[i] = EMPTY) (void)quick_drop(callee[i]);  // the tuple holds them
    return nullptr;
  }
  return enter_code(t, r, pc, callee, code, takes, info);
}

// Remembers in the second unit of a call that the class makes its instances the standard way and initialises them by a Python
// function.
TYPHON_NOINLINE void fill_class_cache(Instr* pc, Type* cls) {
  AttributeRecord record{};
  record.version = __atomic_load_n(&cls->version, __ATOMIC_ACQUIRE);
  if (record.version == 0 || cls->slots.new_ != types::object->slots.new_ || cls->instance_size >= 0x10000 ||
      (cls->flags & (type_flag::kAbstract | type_flag::kDisallowInstantiation)))
    return;
  record.kind = RecordKind::kConstructor;
  record.value = type_lookup(cls, names::__init__);
  record.holder = cls;
  if (cls->slots.init == types::object->slots.init) record.value = EMPTY;  // nothing to run
  if (record.value.is_empty() || is_exact_function(record.value)) write_record_cache(pc + 1, kShape_type, record);
}
// str(x), int(x), tuple(x)...: a built-in class without an __init__ of its own, as type_call does it.
TYPHON_INLINE Ref construct_builtin(Thread& t, Type* cls, Args args) {
  if (cls == types::str && args.count == 1) return object_str(t, args[0]);
  Ref object = cls->slots.new_(t, cls, args);
  if (object.failed() || type_of(object.get()) == cls) [[likely]] return object;
  Type* made = type_of(object.get());
  InitFn init = made->slots.init;
  if (init != nullptr && init != types::object->slots.init && is_subtype(made, cls)) TRY(init(t, object, args));
  return object;
}
// A class with a __new__: what comes next is none of the interpreter's business.
COLD_HANDLER(call_class_new) {
  save_pc(r, pc);
  FORGET_REGISTERS();
  Type* cls = r[pc->b].as<Type>();
  Args args{r + pc->b + 1, pc->c, nullptr, 0};
  bool plain = (cls->flags & type_flag::kImmutable) && cls->slots.init == types::object->slots.init && cls->slots.new_ != nullptr;
  Value result = (plain ? construct_builtin(*t, cls, args) : call(*t, Value(cls), args)).take();
  if (!finish_native(r, pc, pc->b, pc->c + 1u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}
COLD_HANDLER(call_class_uncached) {
  fill_class_cache(pc, r[pc->b].as<Type>());
  TAIL(call_general);
}
// A class without __new__ and __init__: the instance is the result.
COLD_HANDLER(call_class_plain) {
  Type* cls = r[pc->b].as<Type>();
  if (pc->c != 0 || !quick_drop(r[pc->b])) TAIL(call_general);
  const Shape* shape = shape_at(__atomic_load_n(&cls->root_shape, __ATOMIC_ACQUIRE));
  Object* instance = heap::allocate(*t, shape->id, cls->instance_size, shape->flags & shape_flag::kTracked);
  r[pc->b] = EMPTY;
  SET_AND_NEXT(&r[pc->a], Value(instance), 2);
}
// type(x)
COLD_HANDLER(call_type) {
  Value* window = r + pc->b;
  Value found;
  if (!quick_acquire(Value(type_of(window[1])), &found) || !drops_quickly(window[0])) TAIL(call_general);
  (void)quick_drop(window[0]);
  window[0] = EMPTY;
  Value argument = window[1];
  window[1] = EMPTY;
  Value* to = &r[pc->a];
  if (!needs_drop(argument) || quick_drop(argument)) SET_AND_NEXT(to, found, 2);
  save_pc(r, pc);
  set_register_word(*to, found);
  DROP_AND_NEXT(argument, 2);
}
// The window of a class call is ready for an __init__ whose arguments are to be bound.
COLD_HANDLER(enter_init) {
  Value* callee = r + pc->b + 2;
  save_pc(r, pc);
  FORGET_REGISTERS();
  r[pc->b] = EMPTY;  // the class was dropped
  bool bound = bind_and_push(*t, callee, pc->c + 1u, nullptr, r, resume_after(2) | frame_flag::kConstructor, pc->a);
  table = static_cast<const HandlerEntry*>(t->dispatch_table);
  if (!bound) [[unlikely]] {
    clear_register_word(callee[-kFrameHeader - 1]);
    TAIL(op_raise);
  }
  Value* entered = t->frame;
  ENTER(entered, frame::pc(entered));
}
// Goes on in the __init__ `function` (an owned word) of a fresh instance; the n arguments move up. The class was dropped.
#define ENTER_INIT(instance, callee, code, n, function)                                                                              \
  do {                                                                                                                               \
    for (u32 i = n; i-- > 0;) callee[i + 1] = callee[i32(i) - 1];                                                                    \
    callee[0] = Value(u64(instance) | Value::kDeferredBit); /* held by the word in front of the header */                            \
    callee[-1] = (function);                                                                                                         \
    callee[-kFrameHeader - 1] = Value(instance);                                                                                     \
    if (!takes_exactly(code, n + 1)) TAIL(enter_init);                                                                               \
    Instr* first = enter_code(t, r, pc, callee, code, n + 1, call_info(resume_after(2) | frame_flag::kConstructor, pc->a));          \
    ENTER(callee, first);                                                                                                            \
  } while (0)
COLD_HANDLER(call_class_slow) {
  u64 word = cache::load(pc + 1);
  Type* cls = r[pc->b].as<Type>();
  const AttributeRecord* record = attribute_record(word);
  if (!cache::is_record_of(word, kShape_type) || record->holder != cls || record->version != __atomic_load_n(&cls->version, __ATOMIC_ACQUIRE))
    TAIL(call_class_uncached);
  if (record->value.is_empty()) TAIL(call_class_plain);
  // Function and self need two words in front of the arguments, and in front of the header lies the instance once more.
  u32 n = pc->c;
  Value* callee = r + pc->b + 2;
  Code* code = record->value.as<Function>()->code.as<Code>();
  if ((frame::info(r).flags & frame_flag::kGenerator) || !may_enter(t, callee + n, code) || !quick_drop(r[pc->b])) [[unlikely]]
    TAIL(call_general);
  const Shape* shape = shape_at(__atomic_load_n(&cls->root_shape, __ATOMIC_ACQUIRE));
  Object* instance = heap::allocate(*t, shape->id, cls->instance_size, shape->flags & shape_flag::kTracked);
  ENTER_INIT(instance, callee, code, n, acquire(record->value));
}
// The usual case.
COLD_HANDLER(call_class) {
  u64 word = cache::load(pc + 1);
  Value callable = r[pc->b], init;
  Type* cls = callable.as<Type>();
  const AttributeRecord* record = attribute_record(word);
  if (!cache::is_record_of(word, kShape_type) || record->holder != cls || record->version != type_version(cls) || record->value.is_empty())
    [[unlikely]] TAIL(call_class_slow);
  u32 n = pc->c, size_class = (cls->instance_size - 1) / 16;
  Value* callee = r + pc->b + 2;
  Code* code = reinterpret_cast<Function*>(record->value.bits)->code.as<Code>();
  Object* instance = size_class < kQuickClasses ? free_object(t, size_class) : nullptr;
  if (instance == nullptr || (frame::info(r).flags & frame_flag::kGenerator) || !may_enter(t, callee + n, code) ||
      !quick_acquire_slot(record->value, &init)) [[unlikely]]
    TAIL(call_class_slow);
  if (may_need_drop(callable) && !quick_uncount(callable.object())) [[unlikely]] {
    (void)quick_drop(init);
    TAIL(call_class_slow);
  }
  const Shape* shape = shape_at(__atomic_load_n(&cls->root_shape, __ATOMIC_ACQUIRE));
  Value* words = reinterpret_cast<Value*>(instance);
  for (u64 i = 2; i < 2 * (size_class + 1u); i += 2) {
    words[i] = words[i + 1] = EMPTY;
    asm("" : "+r"(i));  // no memset
  }
  take_object(t, size_class, instance, shape->id, shape->flags & shape_flag::kTracked);
  ENTER_INIT(instance, callee, code, n, init);
}

// Where a function that the frame `r` of a generator calls has its registers.
TYPHON_INLINE Value* generator_callee(Thread* t, Value* r) { return t->stack_base + frame::info(r).stack_offset + kFrameHeader + 1; }
// How a call finds its window.
enum class Window { kPlain, kSelf, kUnbound };  // CALL; CALL_METHOD with a self; the same without, the function moved up
template <Window kWindow>
TYPHON_INLINE Value* window_arguments(Value* r, const Instr* pc, u32* n) {
  *n = pc->c + (kWindow == Window::kSelf ? 1 : 0);
  return r + pc->b + (kWindow == Window::kUnbound ? 2 : 1);
}
// A call of a Python function in the frame of a generator, whose window is in the heap: function and arguments move to the register
// stack, behind whatever runs below the generator.
template <Window kWindow>
COLD_HANDLER(call_plain_from_generator) {
  u32 n;
  Value* window = window_arguments<kWindow>(r, pc, &n);
  Code* code = window[-1].as<Function>()->code.as<Code>();
  Value* callee = generator_callee(t, r);
  if (!takes_exactly(code, n) || !may_enter(t, callee, code)) [[unlikely]] {
    if (kWindow == Window::kPlain) TAIL(call_general);
    if (kWindow == Window::kUnbound) std::swap(window[-1], window[-2]);
    TAIL(call_method_general);
  }
  move_window(callee, window, n);
  Instr* first = enter_code(t, r, pc, callee, code, n, call_info(pc));
  ENTER(callee, first);
}
// Whether an instruction that asks for an iterator gets back the fresh generator or coroutine that it asks.
TYPHON_INLINE bool is_own_iterator(Op op, u32 code_flags) {
  if (code_flags & code_flag::kCoroutine) return op == Op::GET_AWAITABLE;
  return op == Op::GET_ITER || op == Op::GET_YIELD_FROM_ITER;
}
// The same; those of a function that makes a generator go right there.
template <Window kWindow>
COLD_HANDLER(call_from_generator) {
  u32 n;
  Value* window = window_arguments<kWindow>(r, pc, &n);
  Function* function = window[-1].as<Function>();
  Code* code = function->code.as<Code>();
  Instr* first = first_instruction(code);
  if (Op(first->op) != Op::RETURN_GENERATOR || !takes_exactly(code, n) || table != g_handlers ||
      t->recursion_depth >= t->recursion_limit || !settle_window(window, n))
    TAIL(call_plain_from_generator<kWindow>);
  Generator* g = quick_generator(t, function, code, first);
  if (g == nullptr) [[unlikely]] TAIL(call_plain_from_generator<kWindow>);
  move_window(g->registers(), window, n);
  // Mostly it is awaited or iterated over at once: what is behind the call would give it back.
  Instr* next = pc + 2;
  if (next->b == pc->a && (next->x & kConsumeB) && is_own_iterator(Op(next->op), code->flags)) {
    pc = next;
    SET_AND_NEXT(&r[pc->a], Value(g), 1);
  }
  SET_AND_NEXT(&r[pc->a], Value(g), 2);
}

// Defaults, or arguments to bind.
COLD_HANDLER(call_binding) { ENTER_BOUND(pc->c, nullptr, 2); }
COLD_HANDLER(call_method_binding) { ENTER_BOUND(pc->c + 1u, nullptr, 2); }
COLD_HANDLER(call_function_binding) {
  Value* callee = r + pc->b + 1;
  if (Instr* first = enter_with_defaults(t, r, pc, callee, pc->c, call_info(pc))) ENTER(callee, first);
  TAIL(call_binding);
}
COLD_HANDLER(call_function) {
  if (frame::info(r).flags & frame_flag::kGenerator) TAIL(call_from_generator<Window::kPlain>);
  TAIL(call_function_binding);
}
COLD_HANDLER(call_method_function_binding) {
  Value* callee = r + pc->b + 1;
  if (Instr* first = enter_with_defaults(t, r, pc, callee, pc->c + 1u, call_info(pc))) ENTER(callee, first);
  TAIL(call_method_binding);
}
COLD_HANDLER(call_method_function) {
  if (frame::info(r).flags & frame_flag::kGenerator) TAIL(call_from_generator<Window::kSelf>);
  TAIL(call_method_function_binding);
}
// The window of call_bound has got function and self.
COLD_HANDLER(call_bound_binding) {
  Value* callee = r + pc->b + 1;
  u32 n = pc->c + 1u;
  if (Instr* first = enter_with_defaults(t, r, pc, callee, n, call_info(pc))) ENTER(callee, first);
  save_pc(r, pc);
  CALLED(call_window(*t, r, pc->b, n, nullptr, resume_after(2), pc->a), 2);
}
// The method object dies, mostly: then its parts are held by now, and they move into the window.
COLD_HANDLER(call_bound_dying) {
  Value word = r[pc->b];
  BoundMethod* method = word.as<BoundMethod>();
  Value* callee = r + pc->b + 1;
  u32 n = pc->c;
  for (u32 i = n; i-- > 0;) callee[i + 1] = callee[i];
  callee[0] = acquire(method->self.peek());
  callee[-1] = acquire(method->function.peek());
  save_pc(r, pc);
  release(word);
  table = static_cast<const HandlerEntry*>(t->dispatch_table);
  if (Instr* first = enter_plain(t, r, pc, callee, n + 1, call_info(pc))) ENTER(callee, first);
  TAIL(call_bound_binding);
}
// A bound method of a Python function: the window has one word to spare for self (call_window relies on it too).
COLD_HANDLER(call_bound) {
  Value word = r[pc->b], self;
  BoundMethod* method = word.as<BoundMethod>();
  Value function = method->function.peek();
  u32 n = pc->c;
  Value* callee = r + pc->b + 1;
  if (!is_exact_function(function) || (frame::info(r).flags & frame_flag::kGenerator)) [[unlikely]] TAIL(call_general);
  Code* code = function.as<Function>()->code.as<Code>();
  if (!may_enter(t, callee + n, code)) [[unlikely]] TAIL(call_general);
  if (!drops_quickly(word)) TAIL(call_bound_dying);
  if (!quick_acquire_slot(method->self.peek(), &self)) [[unlikely]] TAIL(call_bound_dying);
  if (!quick_acquire_slot(function, &function)) [[unlikely]] {
    (void)quick_drop(self);
    TAIL(call_bound_dying);
  }
  for (u32 i = n; i-- > 0;) callee[i + 1] = callee[i];
  callee[0] = self;
  callee[-1] = function;
  (void)quick_drop(word);
  if (!takes_exactly(code, n + 1)) TAIL(call_bound_binding);
  Instr* first = enter_code(t, r, pc, callee, code, n + 1, call_info(pc));
  ENTER(callee, first);
}
// LOAD_METHOD found something that wants no self: the function moves up next to its arguments.
COLD_HANDLER(call_unbound_function) {
  Value* callee = r + pc->b + 2;
  callee[-1] = callee[-2];
  callee[-2] = EMPTY;
  if (frame::info(r).flags & frame_flag::kGenerator) TAIL(call_from_generator<Window::kUnbound>);
  if (Instr* first = enter_plain(t, r, pc, callee, pc->c, call_info(pc))) ENTER(callee, first);
  if (Instr* first = enter_with_defaults(t, r, pc, callee, pc->c, call_info(pc))) ENTER(callee, first);
  callee[-2] = callee[-1];
  callee[-1] = EMPTY;
  TAIL(call_method_general);
}

// --- built-in functions inside the handler (interpreter/inlined.h)

// A native function whose arguments are in place.
COLD_HANDLER(call_native) {
  NativeFunction* f = r[pc->b].as<NativeFunction>();
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value result = f->definition->bound(*t, f->self.peek(), r + pc->b + 1).take();
  if (!finish_native(r, pc, pc->b, pc->c + 1u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}

// Ends a call whose window could not be dropped quickly; the result is in `carried`.
template <int kWords>
[[clang::preserve_none, gnu::noinline]] static u64 finish_inlined(HANDLER_PARAMETERS) {
  save_pc(r, pc);
  FORGET_REGISTERS();
  (void)finish_native(r, pc, pc->b, pc->c + kWords, Value(carried));
  NEXT_RELOAD(2);
}
// Drops the words of a window as long as nothing dies by that; what was dropped is EMPTY.
TYPHON_INLINE bool drop_window_quickly(Value* window, u32 words) {
  for (Value *at = window, *end = window + words; at < end; at++) {
    // Mostly immediates, and what is not counted.
    if (!(at->bits & 15) && !quick_drop(*at)) return false;
    *at = EMPTY;
    asm("" : "+r"(at));  // keeps the loop a loop
  }
  return true;
}
// Ends a call of c arguments, of a window that many and kWords large, that ran inside the handler: `result` is an owned word.
#define FINISH_INLINED(kWords, result)                                                            \
  do {                                                                                            \
    Value result_ = (result);                                                                     \
    if (!drop_window_quickly(r + pc->b, pc->c + (kWords))) [[unlikely]]                           \
      TAIL_CARRYING(finish_inlined<kWords>, result_.bits);                                        \
    SET_AND_NEXT(&r[pc->a], result_, 2);                                                          \
  } while (0)

// The length of an exact built-in container, or -1.
TYPHON_INLINE i64 quick_length(Value v) {
  if (!v.is_object()) return -1;
  switch (v.object()->shape_id()) {
    case kShape_list: return i64(__atomic_load_n(&v.as<List>()->size, __ATOMIC_RELAXED));
    case kShape_tuple: return i64(v.as<Tuple>()->size);
    case kShape_str: return i64(v.as<Str>()->length());
    case kShape_dict: return i64(__atomic_load_n(&v.as<Dict>()->used, __ATOMIC_RELAXED));
    case kShape_bytes: return i64(v.as<Bytes>()->size);
    case kShape_bytearray: return i64(__atomic_load_n(&v.as<ByteArray>()->size, __ATOMIC_RELAXED));
    case kShape_set:
    case kShape_frozenset: return i64(__atomic_load_n(&v.as<Set>()->used, __ATOMIC_RELAXED));
    default: return -1;
  }
}
// The __len__ of a class runs as a frame of this loop; the window stays as it is until that ends (finish_operator in dispatch.cpp).
COLD_HANDLER(call_len_special) {
  Value v = r[pc->b + 1], method = operator_special(t, r, v, Special::kLen, 1);
  if (method.is_empty()) TAIL(call_native);
  Value* callee = frame_stack_end(*t, r) + kFrameHeader + 1;
  callee[-1] = acquire(method);
  callee[0] = acquire(v);
  Code* code = method.as<Function>()->code.as<Code>();
  Instr* first = enter_code(t, r, pc, callee, code, 1, call_info(resume_after(2) | frame_flag::kOperator, pc->a));
  ENTER(callee, first);
}
COLD_HANDLER(call_len) {
  Value* window = r + pc->b;
  i64 n = quick_length(window[1]);
  if (n < 0) TAIL(call_len_special);
  if ((window[0].bits & 15) && (window[1].bits & 15)) [[likely]] {  // len itself, and a variable: neither is counted
    window[0] = window[1] = EMPTY;
    SET_AND_NEXT(&r[pc->a], Value::small_int(n), 2);
  }
  FINISH_INLINED(1, Value::small_int(n));
}

// Whether what an instance says of its class is its type.
TYPHON_INLINE bool shows_own_class(Type* type) {
  if (type->slots.getattribute != types::object->slots.getattribute) return false;
  if (!(type->flags & type_flag::kHeapType)) return true;
  Value shown = type_lookup(type, names::__class__);
  return is_exact(shown, kShape_getset_descriptor) && shown.as<NativeDescriptor>()->owner.peek().object() == types::object;
}
// isinstance as far as classes without hooks tell: 1, 0, or -1.
TYPHON_INLINE int quick_is_instance(Type* type, Value c) {
  if (!is_exact(c, kShape_type)) return -1;
  if (type == c.as<Type>() || is_subtype(type, c.as<Type>())) return 1;
  // What an instance says of its class counts as well (object.cpp): nothing else, where `__class__` is that of `object`.
  return shows_own_class(type) ? 0 : -1;
}
TYPHON_NOINLINE int is_instance_of_any(Type* type, const Tuple* classes) {
  for (u64 i = 0; i < classes->size; i++)
    if (int found = quick_is_instance(type, classes->items[i].peek())) return found;
  return 0;
}
COLD_HANDLER(call_isinstance_other) {
  Value* window = r + pc->b;
  Type* type = type_of(window[1]);
  int found = is_exact_tuple(window[2]) ? is_instance_of_any(type, window[2].as<Tuple>()) : quick_is_instance(type, window[2]);
  if (found < 0) TAIL(call_native);
  FINISH_INLINED(1, Value::boolean(found));
}
// Ends a call isinstance(v, c) when nothing dies by that; false: not done.
TYPHON_INLINE bool finish_isinstance(Value* window) {
  if ((window[0].bits & 15) && (window[1].bits & 15) && (window[2].bits & 15)) [[likely]] {  // nothing is counted
    window[0] = window[1] = window[2] = EMPTY;
    return true;
  }
  if (!drops_quickly(window[1]) || !drops_quickly(window[2]) || !quick_drop(window[0])) return false;
  (void)quick_drop(window[1]);
  (void)quick_drop(window[2]);
  window[0] = window[1] = window[2] = EMPTY;
  return true;
}
// No instance by its type, which is a class of the program.
COLD_HANDLER(call_isinstance_absent) {
  Value* window = r + pc->b;
  if (!shows_own_class(type_of_object(window[1].object())) || !finish_isinstance(window)) TAIL(call_isinstance_other);
  SET_AND_NEXT(&r[pc->a], False, 2);
}
// One class, as far as its mro tells, and types that are no classes of the program.
COLD_HANDLER(call_isinstance) {
  Value* window = r + pc->b;
  Value v = window[1];
  if (!points_to(window[2], kShape_type)) TAIL(call_isinstance_other);
  const Type *cls = window[2].as<Type>(), *type = types::int_;
  if (!v.is_small_int()) {
    if (!points(v)) TAIL(call_isinstance_other);
    type = type_of_object(v.object());
  }
  bool found = type == cls;
  if (!found) {
    const Tuple* mro = type->mro.as<Tuple>();
    if (mro == nullptr || mro->size == 0) TAIL(call_isinstance_other);
    for (u64 i = 1, n = mro->size; i < n && !found; i++) found = mro->items[i].peek().object() == cls;
    if (!found && (type->flags & type_flag::kHeapType)) TAIL(call_isinstance_absent);
    if (!found && type->slots.getattribute != types::object->slots.getattribute) TAIL(call_isinstance_other);
  }
  if (!finish_isinstance(window)) TAIL(call_isinstance_other);
  SET_AND_NEXT(&r[pc->a], Value::boolean(found), 2);
}

// Ends a call of append, whose result is dropped by the next instruction mostly; a temporary that is cleared holds nothing else then.
#define FINISH_APPEND()                                                                          \
  do {                                                                                           \
    if (Op(opcode_at(pc + 2)) == Op::CLEAR && pc[2].a == pc->a && !needs_drop(r[pc->a])) NEXT(3); \
    SET_AND_NEXT(&r[pc->a], None, 2);                                                            \
  } while (0)
// append(x), the method of a list
COLD_HANDLER(call_bound_append) {
  Value* window = r + pc->b;
  if (!drops_quickly(window[0]) || !quick_append(t, window[0].as<NativeFunction>()->self.peek(), window[1], true)) TAIL(call_native);
  window[1] = EMPTY;
  (void)quick_drop(window[0]);
  window[0] = EMPTY;
  FINISH_APPEND();
}
// list.append(x)
COLD_HANDLER(call_method_native);
COLD_HANDLER(call_method_raw);
COLD_HANDLER(call_method_append) {
  Value* window = r + pc->b;
  if (!drops_quickly(window[0]) || !drops_quickly(window[1]) || !quick_append(t, window[1], window[2], true)) TAIL(call_method_native);
  window[2] = EMPTY;
  (void)quick_drop(window[0]);
  (void)quick_drop(window[1]);
  window[0] = window[1] = EMPTY;
  FINISH_APPEND();
}

// dict.get(key), dict.get(key, default). What else runs it needs a word for the default in any case (fit_arguments).
COLD_HANDLER(call_method_dict_get) {
  Value* window = r + pc->b;
  Value found;
  if (!quick_dict_value(window[1].as<Dict>(), window[2], &found)) TAIL(op_CALL_METHOD);
  if (found.is_empty()) found = pc->c == 2 ? window[3] : None;
  if (!quick_acquire(found, &found)) TAIL(op_CALL_METHOD);
  FINISH_INLINED(2, found);
}

// A native function that looks at its arguments itself.
COLD_HANDLER(call_raw) {
  NativeFunction* f = r[pc->b].as<NativeFunction>();
  if (f->definition->raw == nullptr) TAIL(call_general);
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value result = f->definition->raw(*t, f->self.peek(), Args{r + pc->b + 1, pc->c, nullptr, 0}).take();
  if (!finish_native(r, pc, pc->b, pc->c + 1u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}
// What a call calls the first time decides for which variant the site is: once, so that threads do not take turns in writing it. A
// variant that finds something else calls it as its base does.
TYPHON_INLINE void choose_variant(Instr* pc, Op base, Op variant) {
  if (Op(pc->op) == base) pc->op = u8(variant);
}
// Something else than a Python function that takes what it is given.
COLD_HANDLER(call_cold) {
  Value callable = r[pc->b];
  if (!is_exact(callable, kShape_builtin_function)) {
    if (is_exact_function(callable)) TAIL(call_function);
    if (is_exact(callable, kShape_type)) {
      Type* cls = callable.as<Type>();
      bool type_of_one = cls == types::type && pc->c == 1, plain = cls->slots.new_ == types::object->slots.new_;
      choose_variant(pc, Op::CALL, plain ? Op::CALL_CLASS : type_of_one ? Op::CALL_TYPE : Op::CALL_CLASS_NEW);
      if (plain) TAIL(call_class);
      if (type_of_one) TAIL(call_type);
      TAIL(call_class_new);
    }
    if (is_exact(callable, kShape_method)) {
      choose_variant(pc, Op::CALL, Op::CALL_BOUND);
      TAIL(call_bound);
    }
    TAIL(call_general);
  }
  NativeFunction* f = callable.as<NativeFunction>();
  if (!fit_arguments(r, __atomic_load_n(&f->aux2, __ATOMIC_RELAXED), pc->b + 1u, pc->c)) TAIL(call_raw);
  BoundFn bound = f->definition->bound;
  choose_variant(pc, Op::CALL,
                 bound == g_inlined_builtins.len          ? Op::CALL_LEN
                 : bound == g_inlined_builtins.isinstance ? Op::CALL_ISINSTANCE
                 : bound == list_append_method            ? Op::CALL_APPEND
                                                          : Op::CALL_NATIVE);
  TAIL(call_native);
}
// Whether the window is that of a call of a native function that runs `bound`, with so many arguments.
TYPHON_INLINE bool calls_builtin(Value* r, Instr* pc, BoundFn bound, u32 arguments) {
  Value callable = r[pc->b];
  return points_to(callable, kShape_builtin_function) && callable.as<NativeFunction>()->definition->bound == bound && pc->c == arguments;
}
// The same for a native method of LOAD_METHOD.
TYPHON_INLINE bool calls_method(Value* r, Instr* pc, BoundFn bound, u32 arguments) {
  Value callable = r[pc->b];
  return points_to(callable, kShape_method_descriptor) && callable.as<NativeDescriptor>()->method->bound == bound && pc->c == arguments &&
         !r[pc->b + 1].is_empty();
}
COLD_HANDLER(call_unbound_native) {
  NativeFunction* f = r[pc->b].as<NativeFunction>();
  if (!fit_arguments(r, __atomic_load_n(&f->aux2, __ATOMIC_RELAXED), pc->b + 2u, pc->c)) TAIL(call_method_general);
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value result = f->definition->bound(*t, f->self.peek(), r + pc->b + 2).take();
  if (!finish_native(r, pc, pc->b, pc->c + 2u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}
// A bound method of a Python function that an attribute holds: function and self as LOAD_METHOD would have found them. One of a
// native method is not for this: whoever made it may have bound a self that the method does not fit.
COLD_HANDLER(call_unbound_method) {
  Value word = r[pc->b];
  BoundMethod* method = word.as<BoundMethod>();
  r[pc->b + 1] = acquire(method->self.peek());
  r[pc->b] = acquire(method->function.peek());
  if (!quick_drop(word)) {
    save_pc(r, pc);
    release(word);
    table = static_cast<const HandlerEntry*>(t->dispatch_table);
  }
  TAIL(op_CALL_METHOD);
}
COLD_HANDLER(call_method_cold) {
  Value callable = r[pc->b];
  if (r[pc->b + 1].is_empty()) {
    if (is_exact_function(callable)) {
      choose_variant(pc, Op::CALL_METHOD, Op::CALL_METHOD_UNBOUND);
      TAIL(call_unbound_function);
    }
    if (is_exact(callable, kShape_method) && is_exact_function(callable.as<BoundMethod>()->function.peek())) TAIL(call_unbound_method);
    if (is_exact(callable, kShape_builtin_function)) {
      choose_variant(pc, Op::CALL_METHOD, Op::CALL_METHOD_UNBOUND_NATIVE);
      TAIL(call_unbound_native);
    }
    TAIL(call_method_general);
  }
  if (!is_exact(callable, kShape_method_descriptor)) {
    if (is_exact_function(callable)) TAIL(call_method_function);
    // The descriptor of a class method, with the class that LOAD_METHOD found it in.
    if (!is_exact(callable, kShape_classmethod_descriptor)) TAIL(call_method_general);
  }
  NativeDescriptor* d = callable.as<NativeDescriptor>();
  if (!fit_arguments(r, __atomic_load_n(&d->aux2, __ATOMIC_RELAXED), pc->b + 2u, pc->c)) {
    if (d->method->raw != nullptr) TAIL(call_method_raw);
    TAIL(call_method_general);
  }
  if (is_exact(callable, kShape_method_descriptor)) {
    BoundFn bound = d->method->bound;
    choose_variant(pc, Op::CALL_METHOD,
                   bound == list_append_method ? Op::CALL_METHOD_APPEND
                   : bound == dict_get_method  ? Op::CALL_METHOD_GET
                                               : Op::CALL_METHOD_NATIVE);
  }
  TAIL(call_method_native);
}
COLD_HANDLER(call_method_native) {
  NativeDescriptor* d = r[pc->b].as<NativeDescriptor>();
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value result = d->method->bound(*t, r[pc->b + 1], r + pc->b + 2).take();
  if (!finish_native(r, pc, pc->b, pc->c + 2u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}

// One that looks at its arguments itself.
COLD_HANDLER(call_method_raw) {
  NativeDescriptor* d = r[pc->b].as<NativeDescriptor>();
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value result = d->method->raw(*t, r[pc->b + 1], Args{r + pc->b + 2, pc->c, nullptr, 0}).take();
  if (!finish_native(r, pc, pc->b, pc->c + 2u, result)) [[unlikely]] TAIL(op_raise);
  NEXT_RELOAD(2);
}

// --- functions
TYPHON_NOINLINE bool make_function_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Code* code = frame::code(r)->constants[pc->constant()].as<Code>();
  Function* self = frame::function(r);
  RefTo<Function> made = function_new(t, code, self->globals.as<Dict>());
  if (made.failed()) return false;
  // Functions of modules and classes live as long as those: not counted. A lambda may be one of many.
  u32 home = frame::code(r)->flags & (code_flag::kModule | code_flag::kClassBody);
  if (home && code->name.as<Str>() != names::lambda && !(code->flags & code_flag::kNested))
    collector::make_deferred(made.get());
  set_register(r, pc->a, made.take());
  // A deferred function is referred to by a deferred word.
  if (Value v = r[pc->a]; v.object()->ownership() & state::kDeferred) r[pc->a] = Value(u64(v.object()) | Value::kDeferredBit);
  return true;
}

TYPHON_NOINLINE bool set_function_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Function* f = r[pc->a].as<Function>();
  Value v = r[pc->b];
  auto set = [&](Field FunctionExtra::* field) {
    if (set_function_extra(t, f, field, v).failed()) return false;
    consume(r, pc, kConsumeB, pc->b);
    return true;
  };
  switch (FunctionAttribute(pc->immediate())) {
    case FunctionAttribute::kDefaults: f->defaults.store(f, v); break;
    case FunctionAttribute::kKeywordDefaults: return set(&FunctionExtra::keyword_defaults);
    case FunctionAttribute::kAnnotations: return set(&FunctionExtra::annotations);
    case FunctionAttribute::kAnnotate: return set(&FunctionExtra::annotate);
    case FunctionAttribute::kClosure:
    case FunctionAttribute::kClosureCell: f->closure.store(f, v); break;
    case FunctionAttribute::kTypeParams: return set(&FunctionExtra::type_params);
  }
  consume(r, pc, kConsumeB, pc->b);
  return true;
}

// --- imports
Value frame_namespace(Value* r) {
  return frame::code(r)->flags & (code_flag::kModule | code_flag::kClassBody) ? r[0] : None;
}
TYPHON_NOINLINE bool import_name_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value globals = frame::function(r)->globals.peek();
  Ref level = Ref::adopt(r[pc->b]), fromlist = Ref::adopt(r[pc->b + 1]);
  r[pc->b] = r[pc->b + 1] = EMPTY;
  Ref module = import_name(t, name_operand(r, pc), globals, frame_namespace(r), fromlist.get(), level.get());
  if (module.failed()) return false;
  set_register(r, pc->a, std::move(module));
  return true;
}
TYPHON_NOINLINE bool import_from_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref value = import_from(t, r[pc->b], name_operand(r, pc));
  if (value.failed()) return false;
  set_register(r, pc->a, std::move(value));
  return true;
}
TYPHON_NOINLINE bool import_star_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (import_star(t, r[pc->a], r[pc->b]).failed()) return false;
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
TYPHON_NOINLINE bool intrinsic_1_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return finish_ds(r, pc, run_intrinsic_1(t, Intrinsic1(pc->immediate()), r[pc->b]));
}
TYPHON_NOINLINE bool intrinsic_2_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return finish_dss(r, pc, run_intrinsic_2(t, Intrinsic2(u32(unit(pc + 1))), r[pc->b], r[pc->c]));
}

}  // namespace

HANDLER(CALL) {
  Value* callee = r + pc->b + 1;
  if (points_to(callee[-1], kShape_function)) [[likely]] {
    if (frame::info(r).flags & frame_flag::kGenerator) [[unlikely]] TAIL(call_from_generator<Window::kPlain>);
    if (Instr* first = enter_plain(t, r, pc, callee, pc->c, call_info(pc))) [[likely]] {
      ENTER(callee, first);
    }
    TAIL(call_function);
  }
  TAIL(call_cold);
}
HANDLER(CALL_METHOD) {
  Value* callee = r + pc->b + 1;
  if (points_to(callee[-1], kShape_function) && !callee[0].is_empty()) [[likely]] {
    if (frame::info(r).flags & frame_flag::kGenerator) [[unlikely]] TAIL(call_from_generator<Window::kSelf>);
    if (Instr* first = enter_plain(t, r, pc, callee, pc->c + 1u, call_info(pc))) [[likely]] {
      ENTER(callee, first);
    }
    TAIL(call_method_function);
  }
  TAIL(call_method_cold);
}
namespace {
// MOVE_METHOD_CALL of v, whose method `word` knows; goes on behind this when that is not so, or the call not that simple.
#define CALL_CACHED_METHOD(v, word)                                                                    \
  do {                                                                                                 \
    Value method;                                                                                      \
    if (cached_method(v, word, &method) && quick_shape(marked_object(method)) == kShape_function) [[likely]] { \
      DCHECK(!(frame::info(r).flags & frame_flag::kGenerator)); /* argument_variant */                 \
      Instr* call = pc + 3;                                                                            \
      Value* callee = r + call->b + 1;                                                                 \
      Code* code = static_cast<Function*>(marked_object(method))->code.as<Code>();                     \
      if (takes_exactly(code, 1) && may_enter(t, callee, code)) [[likely]] {                           \
        callee[-1] = method;                                                                           \
        callee[0] = Value((v).bits | Value::kDeferredBit);                                             \
        Instr* first = enter_code(t, r, call, callee, code, 1, call_info(call));            \
        ENTER(callee, first);                                                                          \
      }                                                                                                \
    }                                                                                                  \
  } while (0)
// A site that sees several shapes.
COLD_HANDLER(move_method_call_site) {
  Value v = r[pc->b];
  if (points(v)) CALL_CACHED_METHOD(v, site_or_cache_word(pc + 2, quick_shape(v.object())));
  TAIL(op_MOVE_METHOD_BORROWED);
}
// Of `carried`, the word of the variable.
[[clang::preserve_none]] TYPHON_INLINE u64 move_method_call(HANDLER_PARAMETERS) {
  Value v(carried);
  CALL_CACHED_METHOD(v, cache::load(pc + 2));
  TAIL(move_method_call_site);
}
}  // namespace
HANDLER(MOVE_METHOD_CALL) { TAIL_CARRYING(move_method_call, r[pc->b].bits); }
CARRY_HANDLER(MOVE_METHOD_CALL) {
  if (pc->x & kLastIsB) TAIL_CARRYING(move_method_call, carried);
  TAIL(op_MOVE_METHOD_CALL);
}
HANDLER(CALL_NATIVE) {
  Value callable = r[pc->b];
  if (points_to(callable, kShape_builtin_function) &&
      fit_arguments(r, __atomic_load_n(&callable.as<NativeFunction>()->aux2, __ATOMIC_RELAXED), pc->b + 1u, pc->c)) [[likely]]
    TAIL(call_native);
  TAIL(op_CALL);
}
HANDLER(CALL_LEN) {
  if (calls_builtin(r, pc, g_inlined_builtins.len, 1)) [[likely]] TAIL(call_len);
  TAIL(op_CALL);
}
HANDLER(CALL_ISINSTANCE) {
  if (calls_builtin(r, pc, g_inlined_builtins.isinstance, 2)) [[likely]] TAIL(call_isinstance);
  TAIL(op_CALL);
}
HANDLER(CALL_APPEND) {
  if (calls_builtin(r, pc, list_append_method, 1)) [[likely]] TAIL(call_bound_append);
  TAIL(op_CALL);
}
HANDLER(CALL_TYPE) {
  if (points_to(r[pc->b], kShape_type) && r[pc->b].as<Type>() == types::type && pc->c == 1) [[likely]] TAIL(call_type);
  TAIL(op_CALL);
}
HANDLER(CALL_CLASS) {
  Value callable = r[pc->b];
  if (points_to(callable, kShape_type) && callable.as<Type>()->slots.new_ == types::object->slots.new_) [[likely]] TAIL(call_class);
  TAIL(op_CALL);
}
HANDLER(CALL_CLASS_NEW) {
  Value callable = r[pc->b];
  if (points_to(callable, kShape_type) && callable.as<Type>()->slots.new_ != types::object->slots.new_ &&
      callable.as<Type>() != types::type) [[likely]]
    TAIL(call_class_new);
  TAIL(op_CALL);
}
HANDLER(CALL_BOUND) {
  if (points_to(r[pc->b], kShape_method)) [[likely]] TAIL(call_bound);
  TAIL(op_CALL);
}
HANDLER(CALL_METHOD_NATIVE) {
  Value callable = r[pc->b];
  if (points_to(callable, kShape_method_descriptor) && !r[pc->b + 1].is_empty() &&
      fit_arguments(r, __atomic_load_n(&callable.as<NativeDescriptor>()->aux2, __ATOMIC_RELAXED), pc->b + 2u, pc->c)) [[likely]]
    TAIL(call_method_native);
  TAIL(op_CALL_METHOD);
}
HANDLER(CALL_METHOD_APPEND) {
  if (calls_method(r, pc, list_append_method, 1)) [[likely]] TAIL(call_method_append);
  TAIL(op_CALL_METHOD);
}
HANDLER(CALL_METHOD_GET) {
  if (calls_method(r, pc, dict_get_method, 1) || calls_method(r, pc, dict_get_method, 2)) [[likely]] TAIL(call_method_dict_get);
  TAIL(op_CALL_METHOD);
}
HANDLER(CALL_METHOD_UNBOUND) {
  if (points_to(r[pc->b], kShape_function) && r[pc->b + 1].is_empty()) [[likely]] TAIL(call_unbound_function);
  TAIL(op_CALL_METHOD);
}
HANDLER(CALL_METHOD_UNBOUND_NATIVE) {
  if (points_to(r[pc->b], kShape_builtin_function) && r[pc->b + 1].is_empty()) [[likely]] TAIL(call_unbound_native);
  TAIL(op_CALL_METHOD);
}
HANDLER(CALL_KW) {
  if (is_exact_function(r[pc->b]) && !(frame::info(r).flags & frame_flag::kGenerator)) [[likely]]
    ENTER_KEYWORDS(pc->c);
  TAIL(call_keywords_general);
}
HANDLER(CALL_METHOD_KW) {
  if (is_exact_function(r[pc->b]) && !r[pc->b + 1].is_empty() && !(frame::info(r).flags & frame_flag::kGenerator)) [[likely]]
    ENTER_KEYWORDS(pc->c + 1u);
  TAIL(call_method_keywords_general);
}
HANDLER(CALL_EX) { CALLED(call_ex_step(*t, r, pc), 2); }
HANDLER(MAKE_FUNCTION) { STEP(make_function_step(*t, r, pc), 1); }
HANDLER(SET_FUNCTION) { STEP(set_function_step(*t, r, pc), 1); }
HANDLER(IMPORT_NAME) { STEP(import_name_step(*t, r, pc), 1); }
HANDLER(IMPORT_FROM) { STEP(import_from_step(*t, r, pc), 1); }
HANDLER(IMPORT_STAR) { STEP(import_star_step(*t, r, pc), 1); }
HANDLER(INTRINSIC_1) { STEP(intrinsic_1_step(*t, r, pc), 1); }
HANDLER(INTRINSIC_2) { STEP(intrinsic_2_step(*t, r, pc), 2); }

}  // namespace typhon
