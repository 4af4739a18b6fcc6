// The Python type `code`: attributes, replace(), positions and lines, comparison.
#include <vector>

#include "bytecode/positions.h"
#include "bytecode/code_events.h"
#include "bytecode/code_object.h"
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
Ref get_stacksize(Thread& t, Value self) { return int_from(t, code_stack_size(TRY(loaded_code(t, self)))); }
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
  std::vector<u8> table = location_table(TRY(loaded_code(t, self)));
  return bytes_from(t, table.data(), table.size());
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

// Calls give(unit, row) for each unit in order; a table that was replaced by an empty one has none.
template <class Give>
Status each_position(Code* c, Give give) {
  PositionReader reader(c);
  PositionRow row = {0, 0, 0, -1, -1}, ahead;
  bool more = reader.next(&ahead);
  for (u32 i = 0; i < c->unit_count && c->position_bytes != 0; i++) {
    while (more && ahead.unit <= i) {
      row = ahead;
      more = reader.next(&ahead);
    }
    TRY(give(i, row));
  }
  return ok();
}

// A module begins before its first line, which is line 0.
bool is_module_start(const Code* c, u32 unit, const PositionRow& row) {
  return unit == 0 && row.line == 0 && (c->flags & code_flag::kModule);
}

Ref co_positions(Thread& t, Value self, const Value*) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<List> rows = list_new(t, c->unit_count);
  TRY(each_position(c, [&](u32 at, const PositionRow& p) -> Status {
    bool start = is_module_start(c, at, p) && debug_ranges();
    bool known = p.line > 0 || start, columns = known && p.column >= 0;
    Ref words[] = {int_or_none(t, p.line, known), int_or_none(t, start ? 1 : p.end_line, known && (p.end_line > 0 || start)),
                   int_or_none(t, start ? 0 : p.column, columns || start),
                   int_or_none(t, start ? 0 : p.end_column, (columns && p.end_column >= 0) || start)};
    return list_append(t, rows.get(), tuple_of(t, words[0].get(), words[1].get(), words[2].get(), words[3].get()).release_ref());
  }));
  return get_iter(t, rows);
}

Ref co_lines(Thread& t, Value self, const Value*) {
  Code* c = TRY(loaded_code(t, self));
  RefTo<List> rows = list_new(t);
  u32 start = 0, end = 0;
  i64 line = 0;
  auto flush = [&]() -> Status {
    if (start == end) return ok();
    Ref number = int_or_none(t, line, line >= 0);
    Value from = Value::small_int(start * kOffsetScale), to = Value::small_int(end * kOffsetScale);
    return list_append(t, rows.get(), tuple_of(t, from, to, number.get()).release_ref());
  };
  TRY(each_position(c, [&](u32 at, const PositionRow& p) -> Status {
    i64 here = p.line > 0 ? p.line : is_module_start(c, at, p) ? 0 : -1;
    if (here != line || at == 0) {
      TRY(flush());
      start = at;
      line = here;
    }
    end = at + 1;
    return ok();
  }));
  TRY(flush());
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

const Method kMethods[] = {
    method("replace", code_replace, kCodeReplaceSignature, "Return a copy of the code object with new values for the specified fields."),
    method("__replace__", code_replace, kCodeReplaceSignature, "The same as replace()."),
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

// The first unit of an instruction as the compiler wrote it.
u64 base_unit(const Instr& in) {
  return u64(u8(base_op(Op(in.op)))) | u64(in.x) << 8 | u64(in.a) << 16 | u64(in.b) << 32 | u64(in.c) << 48;
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
    u64 first = base_unit(a->instructions[i]);
    if (first != base_unit(b->instructions[i])) return false;
    Op op = Op(u8(first));
    u32 caches = cache_units(op);
    for (u32 k = 1; k < op_units(op) && i + k < a->unit_count; k++)
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
  for (u32 i = 0; i < c->unit_count;) {
    u64 first = base_unit(c->instructions[i]);
    Op op = Op(u8(first));
    u32 caches = cache_units(op);
    mix(first);
    for (u32 k = 1; k < op_units(op) && i + k < c->unit_count; k++)
      if (!(caches >> k & 1)) mix(unit(&c->instructions[i + k]));
    i += op_units(op);
  }
  i64 result = i64(h >> 3);
  return result == -1 ? -2 : result;
}

constexpr Slots code_slots() {
  Slots s;
  s.repr = code_repr;
  s.compare = code_compare;
  s.hash = code_hash;
  s.new_ = code_new;
  return s;
}

}  // namespace

extern const TypeSpec spec_code;
const TypeSpec spec_code = {
    .name = "code",
    .doc = "Create a code object.  Not for mere mortals.",
    .layout = {.name = "code", .basic_size = sizeof(Code), .item_size = 0, .visit = code_visit, .release = code_release},
    .flags = type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = code_slots(),
    .methods = kMethods,
    .getsets = kGetsets,
    .text_signature = kCodeSignature,
};

}  // namespace typhon
