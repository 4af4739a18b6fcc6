// The instruction table, and code objects: making, visiting, position and handler look-up.
#include "bytecode/positions.h"
#include "bytecode/code.h"

#include <cstdlib>

#include "bytecode/code_events.h"
#include "bytecode/code_object.h"
#include "heap/collector.h"
#include "objects/containers.h"
#include "threads/object_lock.h"

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

// Constants and names live as long as the code, and many registers hold them: not counted.
Value deferred_word(Value v) {
  if (!v.is_object()) return v;
  Object* object = v.object();
  if (!(object->ownership() & (state::kDeferred | state::kImmortal))) collector::make_deferred(object);
  return heap_copy(Value(object));
}
Value interned(Thread& t, Value v) {
  RefTo<Str> s = str_intern(t, v);
  return deferred_word(s.value());
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

// The bits of x that only loaded code has (variants.cpp).
u8 loaded_marks(Op op) {
  switch (op) {
    case Op::LOAD_CONST: return 0xFF;
    case Op::ADD:
    case Op::SUB:
    case Op::MUL:
    case Op::TRUE_DIV:
    case Op::POW:
    case Op::ADD_INT:
    case Op::SUB_INT:
    case Op::MOVE:
    case Op::RETURN: return kLastIsB | kLastIsC | kLastIsOther;
    case Op::CALL:
    case Op::CALL_METHOD: return kDiscards;
    case Op::NOT: return kJumpFollows;
    case Op::GET_YIELD_FROM_ITER: return kDelegates;
    default: return 0;
  }
}

void copy_instructions(Instr* to, const Instr* from, u32 n) {
  for (u32 i = 0; i < n;) {
    u32 units = op_units(Op(from[i].op)), caches = cache_units(Op(from[i].op));
    for (u32 k = 0; k < units && i + k < n; k++)
      unit(&to[i + k]) = (caches >> k & 1) ? 0 : unit(const_cast<Instr*>(&from[i + k]));
    to[i].op = u8(base_op(Op(from[i].op)));
    to[i].x &= u8(~loaded_marks(Op(to[i].op)));
    i += units;
  }
}

Instr g_unloaded_body[1] = {{u8(Op::LOAD_BODY), 0, 0, 0, 0}};
Status (*g_unpack_body)(Thread& t, Code* code, Value packed, const u8* data, size_t size);

namespace {

// What callers need to know, in a code object without a body.
RefTo<Code> make_outline(Thread& t, const CodeSpec& spec) {
  RefTo<Code> ref = RefTo<Code>::adopt(heap::allocate_as<Code>(t, kShape_code));
  Code* c = ref.get();
  c->instructions = c->entry = g_unloaded_body;
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
  c->name.init(c, interned(t, spec.name));
  c->qualname.init(c, interned(t, spec.qualname));
  c->filename.init(c, interned(t, spec.filename));
  return ref;
}

// A block that is filled from its start, the parts with the stricter alignment first.
class Block {
 public:
  explicit Block(size_t size) : start_(static_cast<u8*>(std::malloc(size + 1))), at_(start_) { CHECK(start_ != nullptr); }
  template <class T>
  T* room(size_t n) {
    T* part = reinterpret_cast<T*>(at_);
    at_ += n * sizeof(T);
    return part;
  }
  template <class T>
  T* copy(const T* from, size_t n) {
    T* part = room<T>(n);
    if (n != 0) std::memcpy(static_cast<void*>(part), static_cast<const void*>(from), n * sizeof(T));
    return part;
  }

 private:
  u8* start_;
  u8* at_;
};

}  // namespace

static void install(Thread& t, Code* c, const CodeSpec& spec, bool fresh) {
  u32 position_bytes = spec.packed_size;
  u8* packed = nullptr;
  if (spec.packed_positions == nullptr) packed = pack_positions(spec.positions, spec.position_count, &position_bytes);
  Block block(spec.unit_count * sizeof(Instr) + spec.constant_count * sizeof(Value) + spec.name_count * sizeof(Str*) +
              spec.exception_count * sizeof(ExceptionRow) + position_bytes + spec.local_count);
  Instr* instructions = block.copy(spec.instructions, spec.unit_count);
  if (!fresh) copy_instructions(instructions, instructions, spec.unit_count);  // without what is in the caches
  Value* constants = block.room<Value>(spec.constant_count);
  for (u32 i = 0; i < spec.constant_count; i++) constants[i] = deferred_word(spec.constants[i]);
  Str** names = block.room<Str*>(spec.name_count);
  for (u32 i = 0; i < spec.name_count; i++) names[i] = interned(t, spec.names[i]).as<Str>();
  const ExceptionRow* exceptions = block.copy(spec.exceptions, spec.exception_count);
  const u8* positions = block.copy(packed != nullptr ? packed : spec.packed_positions, position_bytes);
  u8* kinds = block.copy(spec.variable_kinds, spec.local_count);
  std::free(packed);
  // Variable names are looked up by identity in keyword calls: interned as well.
  Tuple* variables = spec.variable_names.as<Tuple>();
  RefTo<Tuple> variable_names = tuple_allocate(t, variables->size);
  for (size_t i = 0; i < variables->size; i++)
    variable_names->items[i].init(variable_names.get(), interned(t, variables->items[i].peek()));
  c->variable_names.init_once(c, deferred_word(variable_names.value()));
  if (!spec.docstring.is_empty()) c->docstring.init_once(c, deferred_word(spec.docstring));
  choose_variants(c, instructions, spec.unit_count, constants, spec.constant_count);
  bool first;
  {
    ObjectLock lock(t, c);
    first = !is_loaded(c);
    if (first) {
      c->unit_count = spec.unit_count;
      c->constants = constants;
      c->constant_count = spec.constant_count;
      c->names = names;
      c->name_count = spec.name_count;
      c->exceptions = exceptions;
      c->exception_count = spec.exception_count;
      c->positions = positions;
      c->position_bytes = position_bytes;
      c->variable_kinds = kinds;
      __atomic_store_n(&c->entry, instructions + (Op(instructions->op) == Op::RESUME), __ATOMIC_RELEASE);
      __atomic_store_n(&c->instructions, instructions, __ATOMIC_RELEASE);
    }
  }
  if (!first) std::free(instructions);
}
void install_body(Thread& t, Code* c, const CodeSpec& spec) { install(t, c, spec, false); }
void install_fresh_body(Thread& t, Code* c, const CodeSpec& spec) { install(t, c, spec, true); }

RefTo<Code> make_code(Thread& t, const CodeSpec& spec) {
  RefTo<Code> ref = make_outline(t, spec);
  install_body(t, ref.get(), spec);
  collector::make_deferred(ref.get());
  return ref;
}

RefTo<Code> make_unloaded_code(Thread& t, const CodeSpec& spec, Value packed, u32 at, u32 size) {
  RefTo<Code> ref = make_outline(t, spec);
  ref->packed_body.init(ref.get(), packed);
  ref->packed_at = at;
  ref->packed_bytes = size;
  collector::make_deferred(ref.get());
  return ref;
}

Status load_body_slow(Thread& t, Code* c) {
  Ref packed = c->packed_body.load();
  if (packed.is_empty()) return ok();  // another thread was quicker
  TRY(g_unpack_body(t, c, packed, packed.as<Bytes>()->data + c->packed_at, c->packed_bytes));
  c->packed_body.store(c, EMPTY);
  return ok();
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
  if (is_loaded(c)) {
    visitor.fields(reinterpret_cast<Field*>(const_cast<Value*>(c->constants)), c->constant_count);
    visitor.fields(reinterpret_cast<Field*>(const_cast<Str**>(c->names)), c->name_count);
  }
  visitor.field(c->name);
  visitor.field(c->qualname);
  visitor.field(c->filename);
  visitor.field(c->variable_names);
  visitor.field(c->constants_tuple);
  visitor.field(c->docstring);
  visitor.field(c->module);
  visitor.field(c->packed_body);
}

u32 g_tool_epoch[kMonitorTools], g_tool_code_events[kMonitorTools];
static u32 g_code_extras = 0;  // indices given out; atomic
static void (*g_release_extra[kMostCodeExtras])(void* extra);

CodeEvents::~CodeEvents() {
  for (u32 tool = 0; tool < kMonitorTools; tool++)
    for (u8 of_event : tools)
      if ((of_event >> tool & 1) && epoch[tool] == g_tool_epoch[tool])
        __atomic_fetch_sub(&g_tool_code_events[tool], 1, __ATOMIC_RELAXED);
  for (u8* tools : disabled) std::free(tools);
  if (extras == nullptr) return;
  for (u32 i = 0; i < kMostCodeExtras; i++)
    if (extras[i] != nullptr && g_release_extra[i] != nullptr) g_release_extra[i](extras[i]);
  std::free(extras);
}

CodeEvents* make_code_events(Code* code) {
  CodeEvents* events = __atomic_load_n(&code->events, __ATOMIC_ACQUIRE);
  if (events != nullptr) return events;
  auto* made = new CodeEvents;
  if (__atomic_compare_exchange_n(&code->events, &events, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return made;
  delete made;
  return events;
}

i64 new_code_extra(void (*release)(void* extra)) {
  u32 index = __atomic_load_n(&g_code_extras, __ATOMIC_RELAXED);
  do {
    if (index == kMostCodeExtras) return -1;
  } while (!__atomic_compare_exchange_n(&g_code_extras, &index, index + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  g_release_extra[index] = release;
  return index;
}

static bool is_code_extra(i64 index) { return index >= 0 && index < i64(__atomic_load_n(&g_code_extras, __ATOMIC_RELAXED)); }

bool set_code_extra(Code* code, i64 index, void* extra) {
  if (!is_code_extra(index)) return false;
  CodeEvents* events = make_code_events(code);
  void** extras = __atomic_load_n(&events->extras, __ATOMIC_ACQUIRE);
  if (extras == nullptr) {
    auto** made = static_cast<void**>(std::calloc(kMostCodeExtras, sizeof(void*)));
    CHECK(made != nullptr);
    if (__atomic_compare_exchange_n(&events->extras, &extras, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
      extras = made;
    } else {
      std::free(made);
    }
  }
  void* old = __atomic_exchange_n(&extras[index], extra, __ATOMIC_ACQ_REL);
  // As CPython does: what is replaced is released.
  if (old != nullptr && old != extra && g_release_extra[index] != nullptr) g_release_extra[index](old);
  return true;
}

void* get_code_extra(const Code* code, i64 index) {
  if (!is_code_extra(index)) return nullptr;
  CodeEvents* events = __atomic_load_n(&code->events, __ATOMIC_ACQUIRE);
  void** extras = events == nullptr ? nullptr : __atomic_load_n(&events->extras, __ATOMIC_ACQUIRE);
  return extras == nullptr ? nullptr : __atomic_load_n(&extras[index], __ATOMIC_ACQUIRE);
}

void code_release(Thread&, Object* self) {
  Code* c = static_cast<Code*>(self);
  if (is_loaded(c)) std::free(c->instructions);
  delete c->events;
}

}  // namespace typhon
