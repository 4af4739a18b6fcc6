// The Python type `code`: attributes, replace(), positions and lines, comparison.
#include <vector>

#include "bytecode/positions.h"
#include "bytecode/code_events.h"
#include "bytecode/code_object.h"
#include "bytecode/frame.h"
#include "heap/collector.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace {

// Python code counts instructions in two-byte units (tb_lasti // 2 indexes co_positions()): one of our units is one of those.
constexpr i64 kOffsetScale = 2;

Code* self_code(Value self) { return self.as<Code>(); }
// For what looks into the body.
Result<Code*> loaded_code(Thread& t, Value self) {
  TRY(load_body(t, self_code(self)));
  return self_code(self);
}

// --- attributes
Ref get_argcount(Thread& t, Value self) { return int_from(t, self_code(self)->argument_count); }
Ref get_posonlyargcount(Thread& t, Value self) { return int_from(t, self_code(self)->positional_only_count); }
Ref get_kwonlyargcount(Thread& t, Value self) { return int_from(t, self_code(self)->keyword_only_count); }
// The registers for values beside the variables. Those that calls leave free for the header of the called frame are none.
u32 stack_size(const Code* c) {
  u32 size = u32(c->register_count - c->local_count);
  for (u32 at = 0; at < c->unit_count;) {
    Op op = base_op(Op(c->instructions[at].op));
    switch (op) {
      case Op::CALL:
      case Op::CALL_METHOD:
      case Op::CALL_KW:
      case Op::CALL_METHOD_KW:
      case Op::CALL_EX: return size > kFrameHeader ? size - kFrameHeader : 1;
      default: at += op_units(op);
    }
  }
  return size;
}
Ref get_stacksize(Thread& t, Value self) { return int_from(t, stack_size(TRY(loaded_code(t, self)))); }
Ref get_flags(Thread& t, Value self) { return int_from(t, self_code(self)->flags & ~code_flag::kHidden); }
Ref get_firstlineno(Thread& t, Value self) { return int_from(t, self_code(self)->first_line); }
Ref get_name(Thread&, Value self) { return self_code(self)->name.load(); }
Ref get_qualname(Thread&, Value self) { return self_code(self)->qualname.load(); }
Ref get_filename(Thread&, Value self) { return self_code(self)->filename.load(); }
Ref get_exceptiontable(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  return bytes_from(t, c->exceptions, c->exception_count * sizeof(ExceptionRow));
}
Ref get_linetable(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  return bytes_from(t, c->positions, c->position_bytes);
}

Ref get_code_bytes(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(c->unit_count) * sizeof(Instr)));
  copy_instructions(reinterpret_cast<Instr*>(bytes->data), c->instructions, c->unit_count);
  return bytes;
}

Ref get_consts(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  if (!c->constants_tuple.is_empty()) return c->constants_tuple.load();
  // The docstring comes first, where inspect and doctest expect it.
  u32 extra = (c->flags & code_flag::kHasDocstring) && !c->docstring.is_empty() ? 1 : 0;
  RefTo<Tuple> consts = TRY(tuple_allocate(t, c->constant_count + extra));
  if (extra) consts->items[0].init(consts.get(), c->docstring.peek());
  for (u32 i = 0; i < c->constant_count; i++) consts->items[i + extra].init(consts.get(), c->constants[i]);
  c->constants_tuple.store(c, consts.value());
  return consts;
}

Ref get_names(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<Tuple> names = TRY(tuple_allocate(t, c->name_count));
  for (u32 i = 0; i < c->name_count; i++) names->items[i].init(names.get(), Value(c->names[i]));
  return names;
}

RefTo<Tuple> variables_of_kind(Thread& t, Code* c, u8 kind) {
  Tuple* all = c->variable_names.as<Tuple>();
  size_t n = 0;
  for (u32 i = 0; i < c->local_count; i++) n += (c->variable_kinds[i] & kind) != 0;
  RefTo<Tuple> names = TRY(tuple_allocate(t, n));
  size_t to = 0;
  for (u32 i = 0; i < c->local_count; i++)
    if (c->variable_kinds[i] & kind) names->items[to++].init(names.get(), all->items[i].peek());
  return names;
}
Ref get_varnames(Thread& t, Value self) { return variables_of_kind(t, TRY(loaded_code(t, self)), u8(VariableKind::kLocal)); }
Ref get_cellvars(Thread& t, Value self) { return variables_of_kind(t, TRY(loaded_code(t, self)), u8(VariableKind::kCell)); }
Ref get_freevars(Thread& t, Value self) { return variables_of_kind(t, TRY(loaded_code(t, self)), u8(VariableKind::kFree)); }
i64 count_of_kind(const Code* c, VariableKind kind) {
  i64 n = 0;
  for (u32 i = 0; i < c->local_count; i++) n += (c->variable_kinds[i] & u8(kind)) != 0;
  return n;
}
Ref get_nlocals(Thread& t, Value self) { return int_from(t, count_of_kind(TRY(loaded_code(t, self)), VariableKind::kLocal)); }
Ref get_lnotab(Thread& t, Value self) {
  TRY(warn(t, exc::DeprecationWarning, 1, "co_lnotab is deprecated, use co_lines instead."));
  return bytes_from(t, "", 0);
}

const GetSet kGetsets[] = {
    {"co_argcount", get_argcount},
    {"co_posonlyargcount", get_posonlyargcount},
    {"co_kwonlyargcount", get_kwonlyargcount},
    {"co_nlocals", get_nlocals},
    {"co_stacksize", get_stacksize},
    {"co_flags", get_flags},
    {"co_code", get_code_bytes},
    {"_co_code_adaptive", get_code_bytes},
    {"co_consts", get_consts},
    {"co_names", get_names},
    {"co_varnames", get_varnames},
    {"co_freevars", get_freevars},
    {"co_cellvars", get_cellvars},
    {"co_filename", get_filename},
    {"co_name", get_name},
    {"co_qualname", get_qualname},
    {"co_firstlineno", get_firstlineno},
    {"co_linetable", get_linetable},
    {"co_lnotab", get_lnotab},
    {"co_exceptiontable", get_exceptiontable},
    {},
};

// --- methods
Ref int_or_none(Thread& t, i64 n, bool known) { return known ? int_from(t, n) : Ref::none(); }

Ref co_positions(Thread& t, Value self, const Value*) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<List> rows = list_new(t, c->unit_count);
  PositionReader reader(c);
  PositionRow p = {0, 0, 0, -1, -1}, ahead;
  bool more = reader.next(&ahead);
  for (u32 i = 0; i < c->unit_count; i++) {
    while (more && ahead.unit <= i) {
      p = ahead;
      more = reader.next(&ahead);
    }
    bool known = p.line > 0, columns = known && p.column >= 0;
    Ref words[] = {int_or_none(t, p.line, known), int_or_none(t, p.end_line, known && p.end_line > 0),
                   int_or_none(t, p.column, columns), int_or_none(t, p.end_column, columns && p.end_column >= 0)};
    TRY(list_append(t, rows.get(), tuple_of(t, words[0].get(), words[1].get(), words[2].get(), words[3].get()).release_ref()));
  }
  return get_iter(t, rows);
}

Ref co_lines(Thread& t, Value self, const Value*) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<List> rows = list_new(t);
  std::vector<i32> lines(c->unit_count);
  PositionReader reader(c);
  PositionRow row = {0, 0, 0, -1, -1};
  bool more = reader.next(&row);
  i32 current = 0;
  for (u32 i = 0; i < c->unit_count; i++) {
    while (more && row.unit <= i) {
      current = row.line;
      more = reader.next(&row);
    }
    lines[i] = current;
  }
  u32 start = 0;
  while (start < c->unit_count) {
    i32 line = lines[start];
    u32 end = start + 1;
    while (end < c->unit_count && lines[end] == line) end++;
    Ref number = int_or_none(t, line, line > 0);
    TRY(list_append(t, rows.get(),
                    tuple_of(t, Value::small_int(start * kOffsetScale), Value::small_int(end * kOffsetScale), number.get()).release_ref()));
    start = end;
  }
  return get_iter(t, rows);
}

Ref co_branches(Thread& t, Value self, const Value*) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<List> rows = list_new(t);
  auto offset = [](u32 at) { return Value::small_int(i64(at) * kOffsetScale); };
  for (u32 at = 0; at < c->unit_count; at += op_units(base_op(Op(c->instructions[at].op)))) {
    Branch branch;
    if (!branch_targets(c, at, &branch)) continue;
    TRY(list_append(t, rows.get(), tuple_of(t, offset(at), offset(branch.left), offset(branch.right)).release_ref()));
  }
  return get_iter(t, rows);
}

Ref varname_from_oparg(Thread& t, Value self, const Value* a) {
  i64 i = TRY(to_i64(t, a[0]));
  Tuple* names = TRY(loaded_code(t, self))->variable_names.as<Tuple>();
  if (i < 0 || u64(i) >= names->size) return raise(t, exc::IndexError, "tuple index out of range");
  return names->items[i].load();
}

Ref code_instructions(Thread& t, Value self, const Value*) { return instructions_of(t, TRY(loaded_code(t, self))); }
Ref code_disassemble(Thread& t, Value self, const Value*) { return disassemble(t, TRY(loaded_code(t, self))); }

// The result of replace() before it becomes code.
struct Replacement {
  CodeSpec spec;
  RootedVector kept;
  explicit Replacement(Thread& t) : spec{}, kept(t) {}
};

Status replace_number(Thread& t, Value v, u32* out) {
  if (v.is_empty()) return ok();
  i64 n = TRY(to_i64(t, v));
  if (n < 0) return raise(t, exc::ValueError, "code: argument must be non-negative");
  *out = u32(n);
  return ok();
}
Status replace_text(Thread& t, Value v, const char* name, Value* out) {
  if (v.is_empty()) return ok();
  if (!is_str(v)) return raise(t, exc::TypeError, "replace() argument '%s' must be str, not %T", name, v);
  *out = v;
  return ok();
}
Status require_tuple(Thread& t, Value v, const char* name) {
  if (!is_tuple(v)) return raise(t, exc::TypeError, "replace() argument '%s' must be tuple, not %T", name, v);
  return ok();
}

// New names for the variables that have the given kind, in order.
Status replace_variables(Thread& t, Value names, const char* what, Code* c, u8 kind, Tuple* all, RootedVector& kept) {
  if (names.is_empty()) return ok();
  TRY(require_tuple(t, names, what));
  Tuple* given = names.as<Tuple>();
  size_t from = 0;
  for (u32 i = 0; i < c->local_count; i++) {
    if (!(c->variable_kinds[i] & kind)) continue;
    if (from < given->size) {
      if (!is_str(given->items[from].peek())) return raise(t, exc::TypeError, "name tuples must contain only strings, not '%T'", given->items[from].peek());
      all->items[i].store(all, given->items[from].peek());
    }
    from++;
  }
  if (from != given->size) return raise(t, exc::ValueError, "code: %s has the wrong size", what);
  return ok();
}

CodeSpec spec_of(Code* c) {
  CodeSpec s{};
  s.instructions = c->instructions;
  s.unit_count = c->unit_count;
  s.register_count = c->register_count;
  s.local_count = c->local_count;
  s.argument_count = c->argument_count;
  s.positional_only_count = c->positional_only_count;
  s.keyword_only_count = c->keyword_only_count;
  s.flags = c->flags;
  s.first_line = c->first_line;
  s.free_first = c->free_first;
  s.free_count = c->free_count;
  s.self_attribute_count = c->self_attribute_count;
  s.class_cell_register = c->class_cell_register;
  s.constants = c->constants;
  s.constant_count = c->constant_count;
  s.names = reinterpret_cast<const Value*>(c->names);
  s.name_count = c->name_count;
  s.exceptions = c->exceptions;
  s.exception_count = c->exception_count;
  s.packed_positions = c->positions;
  s.packed_size = c->position_bytes;
  s.variable_kinds = c->variable_kinds;
  s.name = c->name.peek();
  s.qualname = c->qualname.peek();
  s.filename = c->filename.peek();
  s.variable_names = c->variable_names.peek();
  s.docstring = c->docstring.peek();
  return s;
}

Ref code_replace(Thread& t, Value self, const Value* a) {
  Code* c = TRY(loaded_code(t, self));
  CodeSpec s = spec_of(c);
  RootedVector kept(t);
  TRY(replace_number(t, a[0], &s.argument_count));
  TRY(replace_number(t, a[1], &s.positional_only_count));
  TRY(replace_number(t, a[2], &s.keyword_only_count));
  u32 locals = u32(count_of_kind(c, VariableKind::kLocal)), stack = stack_size(c), flags = s.flags;
  u32 own_stack = stack;
  TRY(replace_number(t, a[3], &locals));
  TRY(replace_number(t, a[4], &stack));
  u64 names_given = !a[10].is_empty() && is_tuple(a[10]) ? a[10].as<Tuple>()->size : u64(count_of_kind(c, VariableKind::kLocal));
  if (locals != names_given) return raise(t, exc::ValueError, "code: co_nlocals != len(co_varnames)");
  if (stack < own_stack) return raise(t, exc::ValueError, "code: co_stacksize is too small");
  if (stack - own_stack > 0xFF00u - s.register_count) return raise(t, exc::OverflowError, "code: co_stacksize is too large");
  s.register_count = u16(s.register_count + (stack - own_stack));
  TRY(replace_number(t, a[5], &flags));
  s.flags = (flags & ~code_flag::kHidden) | (c->flags & code_flag::kHidden);
  if (!a[6].is_empty()) s.first_line = i32(TRY(to_i64(t, a[6])));
  auto raw = [&](Value v, const char* name, size_t size, const void** out, u32* count) -> Status {
    if (v.is_empty()) return ok();
    if (!is_bytes(v)) return raise(t, exc::TypeError, "replace() argument '%s' must be bytes, not %T", name, v);
    Bytes* bytes = v.as<Bytes>();
    if (bytes->size % size) return raise(t, exc::ValueError, "code: %s is malformed", name);
    *out = bytes->data;
    *count = u32(bytes->size / size);
    return ok();
  };
  TRY(raw(a[7], "co_code", sizeof(Instr), reinterpret_cast<const void**>(&s.instructions), &s.unit_count));
  if (!a[8].is_empty()) {
    TRY(require_tuple(t, a[8], "co_consts"));
    Tuple* consts = a[8].as<Tuple>();
    u32 skip = (s.flags & code_flag::kHasDocstring) && consts->size > 0 && !c->docstring.is_empty() ? 1 : 0;
    if (consts->size - skip < c->constant_count) return raise(t, exc::ValueError, "code: co_consts is too short");
    if (skip) s.docstring = consts->items[0].peek();
    for (size_t i = skip; i < consts->size; i++) kept.push(consts->items[i].load());
    s.constants = kept.data();
    s.constant_count = u32(consts->size) - skip;
  }
  RootedVector new_names(t);
  if (!a[9].is_empty()) {
    TRY(require_tuple(t, a[9], "co_names"));
    Tuple* names = a[9].as<Tuple>();
    if (names->size < c->name_count) return raise(t, exc::ValueError, "code: co_names is too short");
    for (size_t i = 0; i < names->size; i++) {
      if (!is_str(names->items[i].peek()))
        return raise(t, exc::TypeError, "name tuples must contain only strings, not '%T'", names->items[i].peek());
      new_names.push(names->items[i].load());
    }
    s.names = new_names.data();
    s.name_count = u32(names->size);
  }
  Tuple* old_names = c->variable_names.as<Tuple>();
  RefTo<Tuple> variables = TRY(tuple_allocate(t, old_names->size));
  for (size_t i = 0; i < old_names->size; i++) variables->items[i].init(variables.get(), old_names->items[i].peek());
  s.variable_names = variables.value();
  TRY(replace_variables(t, a[10], "co_varnames", c, u8(VariableKind::kLocal), variables.get(), kept));
  TRY(replace_variables(t, a[11], "co_freevars", c, u8(VariableKind::kFree), variables.get(), kept));
  TRY(replace_variables(t, a[12], "co_cellvars", c, u8(VariableKind::kCell), variables.get(), kept));
  TRY(replace_text(t, a[13], "co_filename", &s.filename));
  TRY(replace_text(t, a[14], "co_name", &s.name));
  TRY(replace_text(t, a[15], "co_qualname", &s.qualname));
  TRY(raw(a[16], "co_linetable", 1, reinterpret_cast<const void**>(&s.packed_positions), &s.packed_size));
  TRY(raw(a[17], "co_exceptiontable", sizeof(ExceptionRow), reinterpret_cast<const void**>(&s.exceptions),
          &s.exception_count));
  return make_code(t, s);
}

const char kReplaceSignature[] =
    "($self, *, co_argcount=<unrepresentable>, co_posonlyargcount=<unrepresentable>, co_kwonlyargcount=<unrepresentable>, "
    "co_nlocals=<unrepresentable>, co_stacksize=<unrepresentable>, co_flags=<unrepresentable>, "
    "co_firstlineno=<unrepresentable>, co_code=<unrepresentable>, co_consts=<unrepresentable>, co_names=<unrepresentable>, "
    "co_varnames=<unrepresentable>, co_freevars=<unrepresentable>, co_cellvars=<unrepresentable>, "
    "co_filename=<unrepresentable>, co_name=<unrepresentable>, co_qualname=<unrepresentable>, "
    "co_linetable=<unrepresentable>, co_exceptiontable=<unrepresentable>)";

const Method kMethods[] = {
    method("replace", code_replace, kReplaceSignature, "Return a copy of the code object with new values for the specified fields."),
    method("__replace__", code_replace, kReplaceSignature, "The same as replace()."),
    method("co_positions", co_positions, "($self, /)"),
    method("co_lines", co_lines, "($self, /)"),
    method("co_branches", co_branches, "($self, /)"),
    method("_varname_from_oparg", varname_from_oparg, "($self, /, oparg)", "(internal-only) Return the local variable name for the given oparg."),
    method("_instructions", code_instructions, "($self, /)", "Typhon's instructions, for the module dis."),
    method("_disassemble", code_disassemble, "($self, /)", "Typhon's instructions as text."),
    {},
};

// --- slots
Ref code_repr(Thread& t, Value self) {
  Code* c = self_code(self);
  return str_format(t, "<code object %U at 0x%x, file \"%U\", line %d>", c->name.as<Str>(), u64(c), c->filename.as<Str>(),
                    int(c->first_line));
}

// Constants are equal when value and type are, 0.0 and -0.0 apart, tuples item by item.
Result<bool> same_constant(Thread& t, Value a, Value b) {
  if (is_same(a, b)) return true;
  if (type_of(a) != type_of(b)) return false;
  if (is_exact_tuple(a)) {
    Tuple *x = a.as<Tuple>(), *y = b.as<Tuple>();
    if (x->size != y->size) return false;
    for (size_t i = 0; i < x->size; i++)
      if (!TRY(same_constant(t, x->items[i].peek(), y->items[i].peek()))) return false;
    return true;
  }
  if (is_float(a)) return false;  // is_same compared the bits
  return equal(t, a, b);
}

Result<bool> same_code(Thread& t, Code* a, Code* b) {
  if (a == b) return true;
  if (a->argument_count != b->argument_count || a->positional_only_count != b->positional_only_count ||
      a->keyword_only_count != b->keyword_only_count || a->flags != b->flags || a->first_line != b->first_line ||
      a->unit_count != b->unit_count || a->constant_count != b->constant_count || a->name_count != b->name_count ||
      a->local_count != b->local_count || a->exception_count != b->exception_count ||
      a->position_bytes != b->position_bytes)
    return false;
  if (!str_equal(a->name.as<Str>(), b->name.as<Str>()) || !str_equal(a->qualname.as<Str>(), b->qualname.as<Str>()))
    return false;
  for (u32 i = 0; i < a->unit_count;) {
    Op op = Op(a->instructions[i].op);
    u32 caches = cache_units(op);
    for (u32 k = 0; k < op_units(op) && i + k < a->unit_count; k++)
      if (!(caches >> k & 1) && unit(&a->instructions[i + k]) != unit(&b->instructions[i + k])) return false;
    i += op_units(op);
  }
  if (std::memcmp(a->variable_kinds, b->variable_kinds, a->local_count) != 0 ||
      std::memcmp(a->exceptions, b->exceptions, a->exception_count * sizeof(ExceptionRow)) != 0 ||
      std::memcmp(a->positions, b->positions, a->position_bytes) != 0)
    return false;
  for (u32 i = 0; i < a->name_count; i++)
    if (!str_equal(a->names[i], b->names[i])) return false;
  for (u32 i = 0; i < a->constant_count; i++)
    if (!TRY(same_constant(t, a->constants[i], b->constants[i]))) return false;
  return equal(t, a->variable_names.peek(), b->variable_names.peek());
}

Ref code_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_code(a) || !is_code(b)) return Ref::not_implemented();
  bool same = TRY(same_code(t, TRY(loaded_code(t, a)), TRY(loaded_code(t, b))));
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Result<i64> code_hash(Thread& t, Value self) {
  Code* c = TRY(loaded_code(t, self));
  u64 h = u64(str_hash(c->name.as<Str>()));
  auto mix = [&h](u64 v) { h = (h ^ v) * 0x9E3779B97F4A7C15u; };
  mix(c->argument_count);
  mix(c->keyword_only_count);
  mix(c->flags);
  mix(u64(c->first_line));
  mix(c->unit_count);
  mix(c->constant_count);
  for (u32 i = 0; i < c->name_count; i++) mix(u64(str_hash(c->names[i])));
  i64 result = i64(h >> 3);
  return result == -1 ? -2 : result;
}

constexpr Slots code_slots() {
  Slots s;
  s.repr = code_repr;
  s.compare = code_compare;
  s.hash = code_hash;
  return s;
}

}  // namespace

extern const TypeSpec spec_code;
const TypeSpec spec_code = {
    .name = "code",
    .doc = "Create a code object.  Not for mere mortals.",
    .layout = {.name = "code", .basic_size = sizeof(Code), .item_size = 0, .visit = code_visit, .release = code_release},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = code_slots(),
    .methods = kMethods,
    .getsets = kGetsets,
};

}  // namespace typhon
