// The instruction table, and code objects: making, visiting, position and handler look-up.
#include "bytecode/positions.h"
#include "bytecode/code.h"

#include <cstdlib>

#include "bytecode/code_events.h"
#include "bytecode/code_object.h"
#include "heap/collector.h"
#include "objects/containers.h"

namespace typhon {

namespace {
struct OpRow {
  const char* name;
  u8 units;
  const char* operands;
};
constexpr OpRow kOps[] = {
#define OP(name, units, operands, effect) {#name, units, operands},
#include "bytecode/ops.def"
#undef OP
};

template <class T>
T* duplicate(const T* from, size_t n) {
  T* to = static_cast<T*>(std::malloc(n * sizeof(T) + 1));
  CHECK(to != nullptr);
  if (n) std::memcpy(static_cast<void*>(to), from, n * sizeof(T));
  return to;
}

// Constants and names live as long as the code, and many registers hold them: not counted.
Value deferred_word(Value v) {
  if (!v.is_object()) return v;
  Object* object = v.object();
  if (!(object->ownership() & (state::kDeferred | state::kImmortal))) collector::make_deferred(object);
  return heap_copy(Value(object));
}
}  // namespace

u32 op_units(Op op) { return op < Op::kCount ? kOps[u8(op)].units : 1; }
const char* op_name(Op op) { return op < Op::kCount ? kOps[u8(op)].name : "?"; }
const char* op_operands(Op op) { return op < Op::kCount ? kOps[u8(op)].operands : ""; }

u32 cache_units(Op op) {
  switch (base_op(op)) {
    case Op::LOAD_GLOBAL:
    case Op::LOAD_NAME: return 0b110;
    case Op::STORE_GLOBAL:
    case Op::STORE_NAME:
    case Op::LOAD_ATTR:
    case Op::STORE_ATTR:
    case Op::LOAD_METHOD:
    case Op::GET_ITEM:
    case Op::SET_ITEM:
    case Op::CALL:
    case Op::CALL_METHOD:
    case Op::CALL_KW:
    case Op::CALL_METHOD_KW:
    case Op::CALL_EX: return 0b010;
    default: return 0;
  }
}

void copy_instructions(Instr* to, const Instr* from, u32 n) {
  for (u32 i = 0; i < n;) {
    u32 units = op_units(Op(from[i].op)), caches = cache_units(Op(from[i].op));
    for (u32 k = 0; k < units && i + k < n; k++)
      unit(&to[i + k]) = (caches >> k & 1) ? 0 : unit(const_cast<Instr*>(&from[i + k]));
    to[i].op = u8(base_op(Op(from[i].op)));
    i += units;
  }
}

RefTo<Code> make_code(Thread& t, const CodeSpec& spec) {
  RefTo<Code> ref = RefTo<Code>::adopt(heap::allocate_as<Code>(t, kShape_code));
  Code* c = ref.get();
  c->unit_count = spec.unit_count;
  c->instructions = static_cast<Instr*>(std::malloc(spec.unit_count * sizeof(Instr) + 1));
  CHECK(c->instructions != nullptr);
  copy_instructions(c->instructions, spec.instructions, spec.unit_count);
  c->register_count = spec.register_count;
  c->local_count = spec.local_count;
  c->argument_count = spec.argument_count;
  c->positional_only_count = spec.positional_only_count;
  c->keyword_only_count = spec.keyword_only_count;
  c->flags = spec.flags;
  c->first_line = spec.first_line;
  c->free_first = spec.free_first;
  c->free_count = spec.free_count;
  c->self_attribute_count = spec.self_attribute_count;
  c->class_cell_register = spec.class_cell_register;
  // One word tells the interpreter that a call with so many arguments needs no binding (interpreter/frame.h).
  constexpr u32 kBinds = code_flag::kVarArgs | code_flag::kVarKeywords | code_flag::kModule | code_flag::kClassBody;
  c->aux2 = (spec.flags & kBinds) || spec.keyword_only_count != 0 ? 0 : spec.argument_count + 1;

  Value* constants = duplicate(spec.constants, spec.constant_count);
  for (u32 i = 0; i < spec.constant_count; i++) constants[i] = deferred_word(spec.constants[i]);
  c->constants = constants;
  c->constant_count = spec.constant_count;
  auto interned = [&](Value v) {
    RefTo<Str> s = str_intern(t, v);
    return deferred_word(s.value());
  };
  Str** names = static_cast<Str**>(std::malloc(spec.name_count * sizeof(Str*) + 1));
  CHECK(names != nullptr);
  for (u32 i = 0; i < spec.name_count; i++) names[i] = interned(spec.names[i]).as<Str>();
  c->names = names;
  c->name_count = spec.name_count;
  c->exceptions = duplicate(spec.exceptions, spec.exception_count);
  c->exception_count = spec.exception_count;
  if (spec.packed_positions != nullptr) {
    c->positions = duplicate(spec.packed_positions, spec.packed_size);
    c->position_bytes = spec.packed_size;
  } else {
    c->positions = pack_positions(spec.positions, spec.position_count, &c->position_bytes);
  }
  c->variable_kinds = duplicate(spec.variable_kinds, spec.local_count);

  c->name.init(c, interned(spec.name));
  c->qualname.init(c, interned(spec.qualname));
  c->filename.init(c, interned(spec.filename));
  // Variable names are looked up by identity in keyword calls: interned as well.
  Tuple* variables = spec.variable_names.as<Tuple>();
  RefTo<Tuple> variable_names = tuple_allocate(t, variables->size);
  for (size_t i = 0; i < variables->size; i++)
    variable_names->items[i].init(variable_names.get(), interned(variables->items[i].peek()));
  c->variable_names.init(c, deferred_word(variable_names.value()));
  if (!spec.docstring.is_empty()) c->docstring.init(c, deferred_word(spec.docstring));
  choose_variants(c);
  collector::make_deferred(c);
  return ref;
}

bool branch_targets(const Code* code, u32 unit_at, Branch* out) {
  Instr* pc = &code->instructions[unit_at];
  Op op = base_op(Op(pc->op));
  u32 next = unit_at + op_units(op);
  if (op >= Op::JUMP_IF_TRUE && op <= Op::JUMP_IF_NOT_NONE) {
    *out = {next, u32(i32(unit_at) + pc->jump())};
  } else if (op >= Op::JUMP_IF_LT && op <= Op::JUMP_UNLESS_GE) {
    *out = {next, u32(i32(unit_at) + i16(pc->c))};
  } else if (op == Op::FOR_ITER) {
    *out = {next, u32(i32(unit_at) + i32(u32(unit(pc + 1))))};
  } else {
    return false;
  }
  return true;
}

const ExceptionRow* find_handler(const Code* code, u32 at) {
  for (u32 i = 0; i < code->exception_count; i++) {
    const ExceptionRow& row = code->exceptions[i];
    if (row.start <= at && at < row.end) return &row;
  }
  return nullptr;
}

void code_visit(Object* self, Visitor& visitor) {
  Code* c = static_cast<Code*>(self);
  visitor.fields(reinterpret_cast<Field*>(const_cast<Value*>(c->constants)), c->constant_count);
  visitor.fields(reinterpret_cast<Field*>(const_cast<Str**>(c->names)), c->name_count);
  visitor.field(c->name);
  visitor.field(c->qualname);
  visitor.field(c->filename);
  visitor.field(c->variable_names);
  visitor.field(c->constants_tuple);
  visitor.field(c->docstring);
}

u32 g_tool_epoch[kMonitorTools], g_tool_code_events[kMonitorTools];

CodeEvents::~CodeEvents() {
  for (u32 tool = 0; tool < kMonitorTools; tool++)
    for (u8 of_event : tools)
      if ((of_event >> tool & 1) && epoch[tool] == g_tool_epoch[tool])
        __atomic_fetch_sub(&g_tool_code_events[tool], 1, __ATOMIC_RELAXED);
  for (u8* tools : disabled) std::free(tools);
}

void code_release(Thread&, Object* self) {
  Code* c = static_cast<Code*>(self);
  std::free(c->instructions);
  std::free(const_cast<Value*>(c->constants));
  std::free(const_cast<Str**>(c->names));
  std::free(const_cast<ExceptionRow*>(c->exceptions));
  std::free(const_cast<u8*>(c->positions));
  std::free(c->variable_kinds);
  delete c->events;
}

}  // namespace typhon
