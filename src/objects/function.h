// Functions, methods, cells, descriptors, modules, generators, frames, tracebacks: layout and C++ API.
#pragma once
#include "bytecode/frame.h"
#include "objects/containers.h"

namespace typhon {

// What few functions have of their own: in a body that is made when the first of it is set.
struct FunctionExtra : heap::Body {
  Field name, qualname;     // EMPTY: the code's
  Field doc;                // EMPTY: the code's docstring
  Field keyword_defaults;   // Dict or EMPTY
  Field annotations;        // dict or EMPTY (computed)
  Field annotate;           // callable, None or EMPTY
  Field type_params;        // Tuple or EMPTY
  Field closure;            // the tuple of the function's single cell, once somebody asked for it
  Field module;             // EMPTY: the code's
  Field builtins;           // any object that globals name __builtins__; EMPTY: the Dict of the module builtins
};
inline constexpr u32 kFunctionExtras = 10;

struct Function : Object {  // DEFERRED when made at module or class level
  Field code;               // Code
  Field globals;            // Dict
  Field closure;            // a cell, when there is one only; Tuple of cells; or EMPTY. Never changed
  Field defaults;           // Tuple or EMPTY
  FunctionExtra* extra;     // set once, atomically
  // attributes: storage word behind
};
// Fails only for want of memory.
RefTo<Function> function_new(Thread& t, Code* code, Dict* globals);
// A field of the extra body; EMPTY without one.
inline Ref function_extra(const Function* f, Field FunctionExtra::* field) {
  const FunctionExtra* extra = __atomic_load_n(&f->extra, __ATOMIC_ACQUIRE);
  return extra == nullptr ? Ref() : (extra->*field).load();
}
// Sets one. Fails only for want of memory.
Status set_function_extra(Thread& t, Function* f, Field FunctionExtra::* field, Value value);
Ref function_name(const Function* f);
Ref function_qualname(const Function* f);
Ref function_module(const Function* f);  // any object; None where the globals had no __name__
extern Dict* g_builtins_dict;  // builtins_dict(), for the interpreter (runtime/import.cpp)
// Where global names are looked up last, borrowed: nearly always the Dict of the module builtins.
inline Value function_builtins(const Function* f) {
  const FunctionExtra* extra = __atomic_load_n(&f->extra, __ATOMIC_ACQUIRE);
  if (extra != nullptr) [[unlikely]]
    if (Value own = extra->builtins.peek(); !own.is_empty()) return own;
  return Value(g_builtins_dict);
}
// The cells of the closure; they lie in the function or in its tuple.
inline const Field* function_cells(const Function* f, u64* count) {
  Value closure = f->closure.peek();
  if (closure.is_empty()) return *count = 0, nullptr;
  if (is_exact_cell(closure)) return *count = 1, &f->closure;
  const Tuple* tuple = closure.as<Tuple>();
  return *count = tuple->size, tuple->items;
}

struct Cell : Object {
  Field contents;  // EMPTY when unbound
};
RefTo<Cell> cell_new(Thread& t, Value contents);

struct BoundMethod : Object {
  Field function, self;
};
Ref method_new(Thread& t, Value function, Value self);

// With how many positional arguments a native function may be called without binding: kept in aux2 of the function or descriptor,
// 0 where that is not so. Parameters behind the arguments, optional ones, are then EMPTY words up to `size`.
namespace native_arity {
inline constexpr u32 kPadded = 1 << 16;  // `size` words even after the most arguments: no call finds all of them given
constexpr u32 pack(u32 fewest, u32 most, u32 size) {
  return fewest << 25 | most << 17 | (size != most ? kPadded : 0) | (size + 1);
}
TYPHON_INLINE bool is_all(u32 arity, u32 n) { return n + 1 == (arity & (2 * kPadded - 1)); }
TYPHON_INLINE bool may_be(u32 arity, u32 n) { return arity != 0 && n >= arity >> 25 && n <= (arity >> 17 & 0xFF); }
TYPHON_INLINE u32 size(u32 arity) { return (arity & (kPadded - 1)) - 1; }
}  // namespace native_arity

// A builtin function or bound builtin method.
struct NativeFunction : Object {
  const Method* definition;
  const Signature* signature;  // parsed on first call; null until then
  Field self;                  // module, instance, class, or EMPTY
  Field module;                // str or EMPTY
};
Ref native_function_new(Thread& t, const Method* definition, Value self, Value module);
Ref native_call(Thread& t, NativeFunction* function, const Args& args);
// Gives a bound method, that is fresh, the parsed signature of what it is made of.
struct NativeDescriptor;
void share_signature(NativeDescriptor* from, NativeFunction* bound);

// Unbound native descriptors in a class: methods, slot wrappers, getsets, members.
struct NativeDescriptor : Object {
  Field owner;       // Type
  Field name;        // str
  const Method* method;
  const Signature* signature;
  const GetSet* getset;
  const Member* member;
  const struct SlotDefinition* slot;  // wrapper_descriptor: the dunder's row
  void* slot_function;                // the wrapped slot of the owner
};
// Whether instances of `type` (for the descriptor of a class method: `type` itself) are what a native descriptor works on. One that was
// found in `type` need not be of a base: any class can have the methods, members and getters of another type among its attributes. Who
// uses a descriptor that it found without binding it asks this first. True of all other values.
bool descriptor_fits(Value found, Type* type);
// Calls a method_descriptor with a self that descriptor_fits: the fast path of the interpreter.
Ref native_method_call(Thread& t, NativeDescriptor* descriptor, Value self, const Args& args);

struct MethodWrapper : Object {
  Field descriptor, self;
};
struct Property : Object {
  Field getter, setter, deleter, doc, name;
  Relaxed<bool> getter_doc;
};
struct ClassMethod : Object {  // classmethod and staticmethod
  Field callable;
};
struct Super : Object {
  Field type, object, object_type;
};
// super(cls, obj).name for the interpreter's fused form; `*is_method` set when the result is an unbound function to call with obj first.
Ref super_lookup(Thread& t, Value cls, Value object, Str* name, bool* is_method);

struct Module : Object {
  Field dict;       // Dict
  Field definition_state;
  const struct ModuleDef* definition;  // native modules
};
RefTo<Module> module_new(Thread& t, Str* name);

struct WeakRef : Object {
  Value referent;      // borrowed word, cleared when the referent dies (side table lock)
  Field callback;
  i64 hash;
  WeakRef* next;       // list of the referent's weakrefs, in the side table
  WeakRef* previous;
};
Ref weakref_get(Thread& t, WeakRef* ref);  // the referent, or EMPTY when dead
RefTo<List> weakrefs_of(Thread& t, Value v);  // weakref.getweakrefs()
Ref weakref_new_of(Thread& t, Type* cls, Value referent, Value callback);  // for subclasses and proxies: layout of WeakRef
Ref weakref_new(Thread& t, Value referent, Value callback);  // TypeError "cannot create weak reference to 'X' object"

// The last two: in a chain (interpreter/generator.h), inside it or its head. Whoever wants to know more settles the chain first.
enum class GeneratorState : u8 { kCreated, kSuspended, kRunning, kFinished, kLinked, kHead };
// A generator, coroutine or async generator: the suspended frame lies in `words` (header, then registers).
struct Generator : Object {
  Field name, qualname;
  Field code;
  ExceptionItem exception;  // its own handled-exception item
  u8 state;                 // GeneratorState; CAS to kRunning when shared (R23)
  u8 hooks_inited, ag_running, ag_closed;  // of an async generator
  u32 word_count;           // of words
  Field origin_or_finalizer;  // cr_origin / async generator finaliser
  Generator* chain;         // of a chain's head: its tail; of the tail: the head; else null
  u64 chain_length;         // of a chain's head: the generators in it; else 0
  Value words[1];
  Value* registers() { return words + kFrameHeader; }
  u8 seen_state() const { return __atomic_load_n(&state, __ATOMIC_RELAXED); }  // of a shared one: as it was a moment ago
};
// Resumes with a value (EMPTY: first start); returns the yielded value, EMPTY at the end (the StopIteration value, if not None, in
// *result), ERROR when it raised. interpreter/generator.cpp.
Ref generator_send(Thread& t, Generator* g, Value value, Ref* result);
Ref generator_throw(Thread& t, Generator* g, Value exception, Ref* result);
Ref generator_close(Thread& t, Generator* g);  // what it returned when asked to end, or None

struct FrameObject : Object {
  Value* registers;     // of the live frame; null once it has finished (then `saved` holds its variables)
  Field function;
  Field code_field;     // Code
  Field back;           // FrameObject once finished; live frames compute it
  Field saved;          // Tuple of the variables (EMPTY for unbound), when finished while referenced
  Field trace;
  Field extra_locals;   // dict for names that are no variables of the code (PEP 667)
  Field replaced;       // list of what f_locals took out of variables of the live frame: what it calls may borrow it
  Field profiled_call;  // the native callable that runs now, if the profile function was told so
  Relaxed<u32> last_unit;        // instruction index when finished
  i32 line_override;
  u8 trace_lines, trace_opcodes, is_generator;
  u8 traced_suspension;  // a traced generator frame that yielded: its next instruction is a call event
  i32 traced_line;       // what the last line event was for
  u32 traced_unit;       // the instruction traced last
  // The same for sys.monitoring (interpreter/monitoring.cpp).
  Field monitored_call, monitored_argument;  // the native call that runs now and its first argument, if a tool was told
  i32 monitored_line;    // 0: nothing seen yet; -1: just begun
  u32 monitored_unit;
  u8 monitored_branch;   // the last instruction was a branch or native call whose outcome the next one tells
  u8 monitored_suspension;
  Relaxed<Thread*> thread;
};
// The frame object of a live frame (made on first request), owned.
RefTo<FrameObject> frame_object_of(Thread& t, Value* r);
i32 frame_line(Thread& t, FrameObject* f);  // stops the world while the frame runs in another thread
Ref frame_locals(Thread& t, FrameObject* f);   // PEP 667 proxy for functions, the namespace for classes and modules

struct Traceback : Object {
  Field next;        // Traceback or EMPTY
  Field frame;       // FrameObject
  i32 last_unit;     // instruction index
  i32 line;          // computed lazily: -1
};

}  // namespace typhon
