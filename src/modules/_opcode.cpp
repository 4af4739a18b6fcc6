// _opcode: facts about CPython 3.14's instructions, for opcode.py and dis.py. The numbering is CPython's, not ours: code that
// looks instructions up by name there gets the answers it expects.
#include "objects/module.h"

namespace typhon {
namespace {

// The effect with an argument of 0; 99: no such instruction, or one that is never compiled.
constexpr i16 kEffects[] = {
    0, -2, -1, 99, -3, 0, 0, -1, -2, -1, -1, -1, 0, -1, 0, 1, 0, 0, 1, 0,
    -1, 1, 1, 0, 1, 1, 1, 0, 0, -1, -1, -1, 1, 1, 1, 0, 0, -4, -3, 0,
    0, 0, 0, 1, -1, -1, 1, 1, 1, 1, 1, 1, -1, 0, -1, -2, -1, -1, 0, 1,
    0, -1, 0, 0, 0, 0, -1, -1, -2, 0, 1, 0, 1, -1, -1, 0, 0, 0, -1, -1,
    0, 1, 1, 1, 1, 1, 1, 2, 1, 2, 0, 0, 1, 1, 1, 1, -2, 0, -2, -2,
    -1, -1, -1, -1, 0, -1, 0, -1, -1, -1, -2, -1, -1, 0, -2, -1, -1, 0, 0, -1,
    0, 99, 99, 99, 99, 99, 99, 99, 0, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, -1, -1, -1, 1, 0, 0,
    0, -1, -1, -1, -1, 0, 0, 0, -2, -2, -1, -2, -3, 0, 0, 0, 0, 0, 0, 0,
    0, 1, 0, 2, 1, 1, -1,
};
// Bits: valid, argument, constant, name, jump, free variable, local, exception handler.
constexpr u8 kProperties[] = {
    1, 1, 1, 65, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3,
    3, 11, 35, 67, 11, 11, 3, 3, 19, 3, 19, 3, 11, 11, 3, 19, 19, 19, 3, 3,
    11, 3, 7, 67, 67, 67, 67, 67, 67, 67, 35, 11, 11, 11, 3, 3, 11, 35, 3, 3,
    19, 19, 19, 19, 3, 3, 19, 3, 3, 3, 11, 35, 67, 67, 67, 11, 11, 3, 3, 3,
    3, 0, 0, 0, 0, 0, 0, 0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 3, 3, 3, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 19, 19, 19, 19, 19, 3, 3, 11,
    3, 3, 3, 3, 3, 3, 3, 3, 3, 11, 7, 7, 3, 3, 11, 11, 1, 3, 1, 1,
    11, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 19, 1, 3,
    1, 3, 3, 3, 3, 3, 1, 3, 19, 11, 3, 3, 1, 3, 1, 3, 1, 19, 19, 19,
    19, 67, 1, 131, 131, 131, 67,
};
constexpr i64 kOpcodes = sizeof kProperties;

enum Property : u8 { kValid, kArgument, kConstant, kName, kJump, kFree, kLocal, kException };

// The effect of an instruction whose argument counts, beyond what kEffects says.
i64 effect_of_argument(i64 opcode, i64 argument) {
  switch (opcode) {
    case 45: return -(argument & 1);                                                    // BUILD_INTERPOLATION
    case 46: case 48: case 49: case 50: case 51: return -argument;                      // BUILD_LIST, SET, SLICE, STRING, TUPLE
    case 47: return -2 * argument;                                                      // BUILD_MAP
    case 52: case 55: case 104: case 250: case 251: return -argument;                   // CALL, CALL_KW, RAISE_VARARGS
    case 80: case 92: case 96: case 249: return argument & 1;                           // LOAD_ATTR, LOAD_GLOBAL, LOAD_SUPER_ATTR
    case 118: return (argument & 0xFF) + (argument >> 8);                               // UNPACK_EX
    case 119: return argument;                                                          // UNPACK_SEQUENCE
  }
  return 0;
}

Ref f_stack_effect(Thread& t, Value, const Value* a) {
  i64 opcode = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  i64 argument = a[1].is_empty() || a[1].is_none() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  int jump = -1;
  if (!a[2].is_empty() && !a[2].is_none()) {
    if (!a[2].is_bool()) return raise(t, exc::ValueError, "stack_effect: jump must be False, True or None");
    jump = a[2].is_true();
  }
  if (opcode < 0 || opcode >= kOpcodes || kEffects[opcode] == 99) return raise(t, exc::ValueError, "invalid opcode or oparg");
  if (jump == 0 && opcode >= 263 && opcode <= 265) return int_from(t, 0);  // SETUP_*: nothing is pushed unless it jumps
  return int_from(t, kEffects[opcode] + effect_of_argument(opcode, argument));
}

template <Property property>
Ref f_has(Thread& t, Value, const Value* a) {
  i64 opcode = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  return Ref::boolean(opcode >= 0 && opcode < kOpcodes && kProperties[opcode] >> property & 1);
}

Ref list_of_names(Thread& t, std::initializer_list<const char*> names) {
  RefTo<List> list = TRY(list_new(t, names.size()));
  for (const char* name : names) TRY(list_append(t, list.get(), TRY(str_from_ascii(t, name)).release_ref()));
  return list;
}
Ref f_intrinsic1(Thread& t, Value, const Value*) {
  return list_of_names(t, {"INTRINSIC_1_INVALID", "INTRINSIC_PRINT", "INTRINSIC_IMPORT_STAR", "INTRINSIC_STOPITERATION_ERROR",
                           "INTRINSIC_ASYNC_GEN_WRAP", "INTRINSIC_UNARY_POSITIVE", "INTRINSIC_LIST_TO_TUPLE", "INTRINSIC_TYPEVAR",
                           "INTRINSIC_PARAMSPEC", "INTRINSIC_TYPEVARTUPLE", "INTRINSIC_SUBSCRIPT_GENERIC", "INTRINSIC_TYPEALIAS"});
}
Ref f_intrinsic2(Thread& t, Value, const Value*) {
  return list_of_names(t, {"INTRINSIC_2_INVALID", "INTRINSIC_PREP_RERAISE_STAR", "INTRINSIC_TYPEVAR_WITH_BOUND",
                           "INTRINSIC_TYPEVAR_WITH_CONSTRAINTS", "INTRINSIC_SET_FUNCTION_TYPE_PARAMS",
                           "INTRINSIC_SET_TYPEPARAM_DEFAULT"});
}
Ref f_special_names(Thread& t, Value, const Value*) {
  return list_of_names(t, {"__enter__", "__exit__", "__aenter__", "__aexit__"});
}
Ref f_nb_ops(Thread& t, Value, const Value*) {
  static constexpr const char* kOps[][2] = {
      {"NB_ADD", "+"}, {"NB_AND", "&"}, {"NB_FLOOR_DIVIDE", "//"}, {"NB_LSHIFT", "<<"}, {"NB_MATRIX_MULTIPLY", "@"},
      {"NB_MULTIPLY", "*"}, {"NB_REMAINDER", "%"}, {"NB_OR", "|"}, {"NB_POWER", "**"}, {"NB_RSHIFT", ">>"},
      {"NB_SUBTRACT", "-"}, {"NB_TRUE_DIVIDE", "/"}, {"NB_XOR", "^"}, {"NB_INPLACE_ADD", "+="}, {"NB_INPLACE_AND", "&="},
      {"NB_INPLACE_FLOOR_DIVIDE", "//="}, {"NB_INPLACE_LSHIFT", "<<="}, {"NB_INPLACE_MATRIX_MULTIPLY", "@="},
      {"NB_INPLACE_MULTIPLY", "*="}, {"NB_INPLACE_REMAINDER", "%="}, {"NB_INPLACE_OR", "|="}, {"NB_INPLACE_POWER", "**="},
      {"NB_INPLACE_RSHIFT", ">>="}, {"NB_INPLACE_SUBTRACT", "-="}, {"NB_INPLACE_TRUE_DIVIDE", "/="}, {"NB_INPLACE_XOR", "^="},
      {"NB_SUBSCR", "[]"}};
  RefTo<List> list = TRY(list_new(t));
  for (const auto& op : kOps) {
    RefTo<Str> name = TRY(str_from_ascii(t, op[0]));
    RefTo<Str> symbol = TRY(str_from_ascii(t, op[1]));
    TRY(list_append(t, list.get(), TRY(tuple_of(t, name, symbol)).release_ref()));
  }
  return list;
}
Ref f_none(Thread&, Value, const Value*) { return Ref::none(); }

const Method kFunctions[] = {
    method("stack_effect", f_stack_effect, "($module, opcode, oparg=None, /, *, jump=None)", "Compute the stack effect of the opcode."),
    method("is_valid", f_has<kValid>, "($module, /, opcode)", "Return True if opcode is valid, False otherwise."),
    method("has_arg", f_has<kArgument>, "($module, /, opcode)", "Return True if the opcode uses its oparg, False otherwise."),
    method("has_const", f_has<kConstant>, "($module, /, opcode)", "Return True if the opcode accesses a constant, False otherwise."),
    method("has_name", f_has<kName>, "($module, /, opcode)", "Return True if the opcode accesses an attribute by name, False otherwise."),
    method("has_jump", f_has<kJump>, "($module, /, opcode)", "Return True if the opcode has a jump target, False otherwise."),
    method("has_free", f_has<kFree>, "($module, /, opcode)",
           "Return True if the opcode accesses a free variable, False otherwise.\n\nNote that 'free' in this context refers to names "
           "in the current scope\nthat are referenced by inner scopes or names in outer scopes that are\nreferenced from this scope. "
           "It does not include references to global\nor builtin scopes."),
    method("has_local", f_has<kLocal>, "($module, /, opcode)", "Return True if the opcode accesses a local variable, False otherwise."),
    method("has_exc", f_has<kException>, "($module, /, opcode)", "Return True if the opcode sets an exception handler, False otherwise."),
    method("get_intrinsic1_descs", f_intrinsic1, "($module, /)", "Return a list of names of the unary intrinsics."),
    method("get_intrinsic2_descs", f_intrinsic2, "($module, /)", "Return a list of names of the binary intrinsics."),
    method("get_nb_ops", f_nb_ops, "($module, /)", "Return array of symbols of binary ops.\n\nIndexed by the BINARY_OP oparg value."),
    method("get_special_method_names", f_special_names, "($module, /)", "Return a list of special method names."),
    method("get_specialization_stats", f_none, "($module, /)", "Return the specialization stats"),
    method("get_executor", f_none, "($module, /, code, offset)", "Return the executor object at offset in code if exists, None otherwise."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_int(t, module, "ENABLE_SPECIALIZATION", 1));
  return module_add_int(t, module, "ENABLE_SPECIALIZATION_FT", 1);
}

}  // namespace

extern const ModuleDef module__opcode;
const ModuleDef module__opcode = {"_opcode", "Opcode support module.", kFunctions, initialise};

}  // namespace typhon
