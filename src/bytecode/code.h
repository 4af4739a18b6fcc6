// Code: compiled code of one block, the instruction format, and the indices that instructions carry (docs/interpreter.md).
#pragma once
#include "base/relaxed.h"
#include "heap/field.h"

namespace typhon {

struct Str;
struct Tuple;
struct Dict;
struct CodeEvents;

enum class Op : u8 {
#define OP(name, units, operands, effect) name,
#include "bytecode/ops.def"
#undef OP
  kCount
};

// One 64-bit unit. Shared by all threads; only `op` (quickening) and the extra units of an instruction (caches) change.
struct Instr {
  Relaxed<u8> op;  // exchanged for a variant while other threads run the code
  u8 x;
  u16 a, b, c;
  i32 jump() const { return i32(u32(b) | u32(c) << 16); }
  u32 constant() const { return u32(b) | u32(c) << 16; }
  u32 name() const { return u32(c) | u32(x >> 3) << 16; }
  i16 immediate() const { return i16(c); }
};
static_assert(sizeof(Instr) == 8);
inline constexpr u8 kConsumeA = 1, kConsumeB = 2, kConsumeC = 4;
inline constexpr u8 kInPlace = 8;
// Of a YIELD: the CLEAR behind it drops what is sent in (variants.cpp). Whoever resumes it with None goes on behind that.
inline constexpr u8 kDropsSent = 4;
// Of a CALL or CALL_METHOD: the CLEAR behind it drops the result (variants.cpp). A callee that returns an immediate goes on behind that.
inline constexpr u8 kDiscards = 8;
// Of arithmetic, of the LOAD_POWER_ pairs, of MOVE_METHOD_ and (the first) of RETURN: operand b, c (of RETURN a) is what the instruction
// right before this one made; of a pair of operators also the operand of the second one that is not the result of the first. For handlers
// that have that value at hand (carry_ handlers, interpreter/dispatch.h). These marks and those up to kDelegates are set when code is
// loaded (variants.cpp), as is x of the LOAD_CONST of a LOAD_ATTR_INDEX: the index itself, a signed number.
inline constexpr u8 kLastIsB = 16, kLastIsC = 32, kLastIsOther = 64;
// Of the NOT of a LOAD_ATTR_NOT: a JUMP_IF_TRUE or JUMP_IF_FALSE of its result follows.
inline constexpr u8 kJumpFollows = 16;
// Of a GET_YIELD_FROM_ITER: a LOAD_CONST of None and the YIELD_FROM follow, as the compiler makes it.
inline constexpr u8 kDelegates = 16;
inline constexpr u8 kBareSuper = 4;  // LOAD_SUPER_ATTR, LOAD_SUPER_METHOD: super() without arguments
inline constexpr u16 kNoRegister = 0xFFFF;

// The opcode, for the dispatch: of an atomic load clang would extend the result in an instruction of its own.
TYPHON_INLINE u64 opcode_at(const Instr* pc) {
#if __has_feature(thread_sanitizer)
  return pc->op;
#else
  return *reinterpret_cast<const u8*>(&pc->op);
#endif
}
inline u64& unit(Instr* at) { return *reinterpret_cast<u64*>(at); }
u32 op_units(Op op);
const char* op_name(Op op);
const char* op_operands(Op op);
// The instruction as the compiler wrote it, for an opcode that may be a variant.
Op base_op(Op op);
// What extra unit `k` of an instruction holds on disk: caches are dropped, wide operands kept.
u64 persistent_unit(Op op, u32 k, u64 value);

namespace code_flag {  // values as in CPython's inspect.CO_*
inline constexpr u32 kOptimized = 0x1, kNewLocals = 0x2, kVarArgs = 0x4, kVarKeywords = 0x8, kNested = 0x10,
                     kGenerator = 0x20, kCoroutine = 0x80, kIterableCoroutine = 0x100, kAsyncGenerator = 0x200,
                     kHasDocstring = 0x4000000, kMethod = 0x8000000;
inline constexpr u32 kFuture_annotations = 0x1000000;
inline constexpr u32 kAnyGenerator = kGenerator | kCoroutine | kAsyncGenerator;
// Typhon's own, not shown in co_flags:
inline constexpr u32 kClassBody = 1u << 30;  // register 0 is the namespace
inline constexpr u32 kModule = 1u << 31;     // module / exec code: register 0 is the namespace
inline constexpr u32 kHidden = 0xC0000000;
}  // namespace code_flag

// Sorted by start, inner ranges first among overlapping ones: the first row that covers a pc wins. Offsets in units.
struct ExceptionRow {
  u32 start, end, handler;
  u16 clear_from;  // registers from here on are dropped before the handler runs (all temporaries not live in it)
  u16 exc_reg;     // receives the exception
};

// Where an instruction came from; rows sorted by `unit`, each covers the units from it on. line 0: no location.
struct PositionRow {
  u32 unit;
  i32 line, end_line;
  i32 column, end_column;  // UTF-8 byte offsets; -1 unknown
};

enum class VariableKind : u8 { kLocal = 0x20, kCell = 0x40, kFree = 0x80, kArgument = 1, kHiddenLocal = 0x10 };  // bits

namespace code_cells {  // of Code::cell_globals
inline constexpr u64 kShared = 2;    // in the place of the dict: functions with several globals, or other builtins
inline constexpr u64 kHasCells = 1;  // a bit beside the dict: instructions may have cells
}  // namespace code_cells

// DEFERRED from birth; its constants and names are DEFERRED as well.
//
// Of a function in a compiled file only what its callers need is read at first. The rest, its body, stays packed in the file's bytes
// until somebody calls the function or looks into it: most functions that a program imports it never calls. Until then `instructions`
// is g_unloaded_body, whose one instruction loads the body and starts again. The fields marked "body" may be used only of code that
// runs, or after load_body().
struct Code : Object {
  Instr* instructions;  // body; the start of the one malloc'ed block that all these pointers point into
  Instr* entry;         // where a call begins that has nothing to poll or trace: behind the RESUME that comes first, if one does
  u32 unit_count;
  u16 register_count;  // all registers, call windows and one spare included
  u16 local_count;     // named variables (parameters first, then locals, cells, free variables)
  u32 argument_count;  // positional parameters, positional-only included
  u32 positional_only_count;
  u32 keyword_only_count;
  u32 flags;
  i32 first_line;
  u16 free_first, free_count;  // registers of the closure's cells
  u16 self_attribute_count;    // distinct `self.X = ...` targets in this function: a hint for inline slots
  u16 class_cell_register;     // of the free variable __class__ for zero-argument super, or kNoRegister
  const Value* constants;      // body: heap words, visited
  u32 constant_count;
  u32 name_count;
  Str* const* names;           // body: interned, DEFERRED, visited
  const ExceptionRow* exceptions;  // body
  u32 exception_count;
  u32 position_bytes;
  const u8* positions;         // body: packed (bytecode/positions.h)
  u8* variable_kinds;          // body: local_count VariableKind bit sets
  u64 cell_globals;            // the Dict that all its functions have as globals, not owned; 0 before the first (objects/global_cells.h)
  CodeEvents* events;          // bytecode/code_events.h; null, mostly. Set once, atomically
  Field name, qualname, filename;
  Field variable_names;        // body: tuple of local_count str
  Field constants_tuple;       // co_consts, made on request
  Field docstring;             // body
  Field module;                // __module__ of the first function that was made of it (a str or None); EMPTY until then
  Field packed_body;           // while the body is not loaded: the Bytes that hold it ...
  u32 packed_at, packed_bytes; // ... there

  u32 parameter_count() const {
    return argument_count + keyword_only_count + ((flags & code_flag::kVarArgs) ? 1 : 0) +
           ((flags & code_flag::kVarKeywords) ? 1 : 0);
  }
};

// What the compiler hands over; make_code copies it. Arrays are borrowed.
struct CodeSpec {
  const Instr* instructions; u32 unit_count;
  u16 register_count, local_count;
  u32 argument_count, positional_only_count, keyword_only_count, flags;
  i32 first_line;
  u16 free_first, free_count, self_attribute_count, class_cell_register;
  const Value* constants; u32 constant_count;
  const Value* names; u32 name_count;               // str values
  const ExceptionRow* exceptions; u32 exception_count;
  const PositionRow* positions; u32 position_count;
  const u8* packed_positions; u32 packed_size;      // instead of rows, when they are packed already
  const u8* variable_kinds;
  Value name, qualname, filename, variable_names;   // str, str, str, tuple
  Value docstring;                                  // or EMPTY
};
RefTo<Code> make_code(Thread& t, const CodeSpec& spec);

// Code whose body lies in `size` bytes from `at` on of `packed` (Bytes). The spec's body (instructions, constants, names, exceptions,
// positions, kinds and names of variables, docstring) is not looked at.
RefTo<Code> make_unloaded_code(Thread& t, const CodeSpec& spec, Value packed, u32 at, u32 size);
extern Instr g_unloaded_body[1];
// Where a call of the code begins.
inline Instr* first_instruction(const Code* code) { return __atomic_load_n(&code->instructions, __ATOMIC_ACQUIRE); }
inline bool is_loaded(const Code* code) { return first_instruction(code) != g_unloaded_body; }
// Makes the body there; several threads may ask at once. Fails for want of memory, or when the packed body is damaged. Runs no Python
// code. No lock may be held.
Status load_body_slow(Thread& t, Code* code);
inline Status load_body(Thread& t, Code* code) {
  if (is_loaded(code)) [[likely]] return ok();
  return load_body_slow(t, code);
}
// How bodies are unpacked: reads `size` bytes and ends with install_body (modules/marshal.cpp).
extern Status (*g_unpack_body)(Thread& t, Code* code, Value packed, const u8* data, size_t size);
// Gives `code` the body of `spec`; does nothing when it has got one meanwhile.
void install_body(Thread& t, Code* code, const CodeSpec& spec);

PositionRow code_position(const Code* code, u32 unit);
const ExceptionRow* find_handler(const Code* code, u32 unit);
// Text of the instructions, for debugging and dis.
RefTo<Str> disassemble(Thread& t, const Code* code);
// The same for the module dis: ([(offset, units, opcode, name, (x, a, b, c), constant/name/number or None, operands as text, target
// offset or None)], [(start, end, handler, first register cleared, register of the exception)]).
Ref instructions_of(Thread& t, const Code* code);

// --- indices carried by instructions
enum class BuiltinIndex : u8 { kAssertionError, kBuildClass, kNotImplementedError, kTupleType, kAll, kAny, kListType, kSetType };
enum class SpecialIndex : u8 { kEnter, kExit, kAenter, kAexit };
enum class FunctionAttribute : u8 { kDefaults, kKeywordDefaults, kAnnotations, kAnnotate, kClosure, kTypeParams, kClosureCell };
//   kClosure: a tuple of cells, more than one. kClosureCell: the only cell.
enum class Intrinsic1 : u8 { kPrintExpression, kTypeVar, kParamSpec, kTypeVarTuple, kSubscriptGeneric, kTypeAlias };
//   kTypeVar/kParamSpec/kTypeVarTuple: r[b] = name. kSubscriptGeneric: Generic[*r[b]]. kTypeAlias: r[b] = (name, type_params, compute_value)
enum class Intrinsic2 : u8 { kTypeVarWithBound, kTypeVarWithConstraints, kSetFunctionTypeParams, kSetTypeParamDefault };
//   r[b] = name / function / type parameter, r[c] = evaluator function / type params tuple / evaluator function

}  // namespace typhon
