// Code objects from Python: code.replace() and the constructor.
//
// The variables of a code object are registers, in the order: the namespace (modules, class bodies), locals and parameters, cells,
// free variables; the temporaries follow. A variable more moves the registers behind it, in all instructions.
#include <algorithm>
#include <cstring>

#include "bytecode/code_object.h"
#include "bytecode/frame.h"
#include "bytecode/positions.h"
#include "objects/protocol/protocol.h"

namespace typhon {
namespace {

constexpr u8 kLocalBit = u8(VariableKind::kLocal), kCellBit = u8(VariableKind::kCell), kFreeBit = u8(VariableKind::kFree);
constexpr u32 kMaxRegisters = 0xFF00;

// A code object in the making; owns what its spec points at.
struct Draft {
  CodeSpec spec{};
  u32 call_room = 0;  // registers beside variables and stack
  std::vector<Instr> instructions;
  std::vector<ExceptionRow> exceptions;
  std::vector<PositionRow> positions;
  std::vector<u8> kinds;
  RootedVector variables, constants, names;
  Ref variable_tuple;
  explicit Draft(Thread& t) : variables(t), constants(t), names(t) {}
};

// Where the registers of the old code are in the new one.
struct Move {
  u32 at[3], by[3];  // ascending: registers from at[i] on move by by[i] more
  u16 operator()(u16 r) const {
    if (r == kNoRegister) return r;
    u32 to = r;
    for (int i = 0; i < 3; i++) to += r >= at[i] ? by[i] : 0;
    return u16(to);
  }
  bool nothing() const { return by[0] + by[1] + by[2] == 0; }
};

void move_registers(Draft& d, const Move& move) {
  if (move.nothing()) return;
  CodeSpec& s = d.spec;
  d.instructions.assign(s.instructions, s.instructions + s.unit_count);
  for (u32 at = 0; at < s.unit_count; at += op_units(Op(d.instructions[at].op))) {
    Instr& in = d.instructions[at];
    u16* fields[] = {&in.a, &in.b, &in.c};
    const char* letters = op_operands(Op(in.op));
    for (int i = 0; i < 3 && letters[i]; i++)
      if (std::strchr("DSRL", letters[i])) *fields[i] = move(*fields[i]);
  }
  s.instructions = d.instructions.data();
  d.exceptions.assign(s.exceptions, s.exceptions + s.exception_count);
  for (ExceptionRow& row : d.exceptions) {
    row.clear_from = move(row.clear_from);
    row.exc_reg = move(row.exc_reg);
  }
  s.exceptions = d.exceptions.data();
  if (s.class_cell_register != kNoRegister) s.class_cell_register = move(s.class_cell_register);
}

// Operands that lie outside of the code would be read as something else. What the instructions do with values of the wrong type is
// not looked at: who writes instructions must know them.
bool operands_fit(const CodeSpec& s, u32 at) {
  const Instr& in = s.instructions[at];
  const u16 fields[] = {in.a, in.b, in.c};
  auto target_fits = [&](i64 distance) { return i64(at) + distance >= 0 && i64(at) + distance < s.unit_count; };
  const char* letters = op_operands(Op(in.op));
  const char *first = std::strchr(letters, 'R'), *count = std::strchr(letters, '#');
  if (first != nullptr && count != nullptr && u32(fields[first - letters]) + fields[count - letters] > s.register_count) return false;
  for (int i = 0; i < 3 && letters[i]; i++) {
    switch (letters[i]) {
      case 'D':
      case 'S':
      case 'R':
      case 'L':
        if (fields[i] >= s.register_count && !(Op(in.op) == Op::RAISE && fields[i] == kNoRegister)) return false;
        break;
      case 'K':
        if (in.constant() >= s.constant_count) return false;
        break;
      case 'N':
        if (in.name() >= s.name_count) return false;
        break;
      case 'J': {
        i64 distance = letters[i + 1] == 'c' ? i16(in.c) : in.jump();
        if (letters[i + 1] == 'u') {
          u64 word;
          std::memcpy(&word, &s.instructions[at + 1], sizeof word);
          distance = i32(u32(word));
        }
        return target_fits(distance);
      }
      default: break;
    }
  }
  return true;
}

Status check_instructions(Thread& t, const CodeSpec& s) {
  auto malformed = [&t] { return raise(t, exc::ValueError, "code: co_code is malformed"); };
  if (s.unit_count == 0) return malformed();
  for (u32 at = 0; at < s.unit_count;) {
    u8 op = s.instructions[at].op;
    if (op >= u8(Op::kCount)) return raise(t, exc::SystemError, "unknown opcode %d", int(op));
    u32 units = op_units(Op(op));
    if (units > s.unit_count - at || !operands_fit(s, at)) return malformed();
    at += units;
  }
  for (u32 i = 0; i < s.exception_count; i++) {
    const ExceptionRow& row = s.exceptions[i];
    if (row.start > row.end || row.end > s.unit_count || row.handler >= s.unit_count || row.exc_reg >= s.register_count ||
        row.clear_from > s.register_count)
      return raise(t, exc::ValueError, "code: co_exceptiontable is malformed");
  }
  return ok();
}

Result<i64> to_c_int(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v, "Python int too large to convert to C int"));
  if (n != i32(n)) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  return n;
}

Status require_names(Thread& t, Value names) {
  for (u32 i = 0; i < names.as<Tuple>()->size; i++)
    if (Ref name = names.as<Tuple>()->items[i].load(); !is_str(name))
      return raise(t, exc::TypeError, "name tuples must contain only strings, not '%T'", name.get());
  return ok();
}

Status set_instructions(Thread& t, Draft& d, Value code) {
  Bytes* bytes = code.as<Bytes>();
  if (bytes->size % sizeof(Instr)) return raise(t, exc::ValueError, "code: co_code is malformed");
  d.instructions.resize(bytes->size / sizeof(Instr));
  if (bytes->size != 0) std::memcpy(static_cast<void*>(d.instructions.data()), bytes->data, bytes->size);
  d.spec.instructions = d.instructions.data();
  d.spec.unit_count = u32(d.instructions.size());
  return ok();
}

Status set_exceptions(Thread& t, Draft& d, Value table) {
  Bytes* bytes = table.as<Bytes>();
  if (bytes->size % sizeof(ExceptionRow)) return raise(t, exc::ValueError, "code: co_exceptiontable is malformed");
  d.exceptions.resize(bytes->size / sizeof(ExceptionRow));
  if (bytes->size != 0) std::memcpy(static_cast<void*>(d.exceptions.data()), bytes->data, bytes->size);
  d.spec.exceptions = d.exceptions.data();
  d.spec.exception_count = u32(d.exceptions.size());
  return ok();
}

void set_positions(Draft& d, Value table) {
  Bytes* bytes = table.as<Bytes>();
  d.positions = read_location_table(bytes->data, bytes->size, d.spec.first_line);
  d.spec.packed_positions = nullptr;
  d.spec.packed_size = 0;
  d.spec.positions = d.positions.data();
  d.spec.position_count = u32(d.positions.size());
}

// A docstring comes first among co_consts.
void set_constants(Draft& d, Value consts, bool docstring) {
  Tuple* tuple = consts.as<Tuple>();
  u32 skip = docstring && tuple->size > 0 ? 1 : 0;
  d.spec.docstring = skip ? tuple->items[0].peek() : EMPTY;
  for (size_t i = skip; i < tuple->size; i++) d.constants.push(tuple->items[i].load());
  d.spec.constants = d.constants.data();
  d.spec.constant_count = u32(d.constants.size());
}

void set_names(Draft& d, Value names) {
  Tuple* tuple = names.as<Tuple>();
  for (size_t i = 0; i < tuple->size; i++) d.names.push(tuple->items[i].load());
  d.spec.names = d.names.data();
  d.spec.name_count = u32(d.names.size());
}

// The variables in d.variables and d.kinds go into the spec.
Status set_variables(Thread& t, Draft& d) {
  CodeSpec& s = d.spec;
  RefTo<Tuple> tuple = TRY(tuple_allocate(t, d.variables.size()));
  for (size_t i = 0; i < d.variables.size(); i++) tuple->items[i].init(tuple.get(), d.variables[i]);
  d.variable_tuple = std::move(tuple).release_ref();
  s.variable_names = d.variable_tuple.get();
  s.variable_kinds = d.kinds.data();
  s.local_count = u16(d.kinds.size());
  s.free_first = s.local_count;
  s.free_count = 0;
  for (u8 kind : d.kinds) s.free_count = u16(s.free_count + ((kind & kFreeBit) != 0));
  s.free_first = u16(s.local_count - s.free_count);
  return ok();
}

u32 count_of(const Code* c, u8 bit) {
  u32 n = 0;
  for (u32 i = 0; i < c->local_count; i++) n += (c->variable_kinds[i] & bit) != 0;
  return n;
}
u32 parameters_of(const CodeSpec& s) {
  return s.argument_count + s.keyword_only_count + ((s.flags & code_flag::kVarArgs) ? 1 : 0) + ((s.flags & code_flag::kVarKeywords) ? 1 : 0);
}
Status check_counts(Thread& t, const CodeSpec& s, u64 varnames) {
  if (s.argument_count < s.positional_only_count) return raise(t, exc::SystemError, "bad argument to internal function");
  if (parameters_of(s) > varnames || s.argument_count > varnames) return raise(t, exc::ValueError, "code: co_varnames is too small");
  return ok();
}

// --- replace
Status replace_number(Thread& t, Value v, const char* name, u32* out) {
  if (v.is_empty()) return ok();
  i64 n = TRY(to_c_int(t, v));
  if (n < 0) return raise(t, exc::ValueError, "%s must be a positive integer", name);
  *out = u32(n);
  return ok();
}
Status check_replacement(Thread& t, Value v, const char* name, Type* type) {
  if (v.is_empty() || is_instance_of(v, type)) return ok();
  return raise(t, exc::TypeError, "replace() argument '%s' must be %s, not %T", name, type->native_name, v);
}

// The names of one kind, the given ones or those of the code; more than it has become variables of that kind behind the last one.
class Renamer {
 public:
  Renamer(Value given, u32 has) : given_(given), has_(has) {}
  u32 more() const { return given_.is_empty() || size() < has_ ? 0 : size() - has_; }
  bool fewer() const { return !given_.is_empty() && size() < has_; }
  void next(Ref* name) {
    if (!given_.is_empty()) *name = given_.as<Tuple>()->items[at_++].load();
  }
  void push_more(Draft& d, u8 kind) {
    for (u32 n = more(); n > 0; n--) {
      d.variables.push(given_.as<Tuple>()->items[at_++].load());
      d.kinds.push_back(kind);
    }
  }

 private:
  u32 size() const { return u32(given_.as<Tuple>()->size); }
  Value given_;
  u32 has_, at_ = 0;
};

Status replace_variables(Thread& t, Draft& d, Code* c, Value varnames, Value freevars, Value cellvars) {
  Renamer locals(varnames, count_of(c, kLocalBit)), cells(cellvars, count_of(c, kCellBit)), frees(freevars, count_of(c, kFreeBit));
  if (locals.fewer()) return raise(t, exc::ValueError, "code: co_varnames is too small");
  if (cells.fewer()) return raise(t, exc::ValueError, "code: co_cellvars is too small");
  if (frees.fewer()) return raise(t, exc::ValueError, "code: co_freevars is too small");
  u32 after_locals = 0;
  for (u32 i = 0; i < c->free_first; i++)
    if (!(c->variable_kinds[i] & kCellBit) || (c->variable_kinds[i] & kLocalBit)) after_locals = i + 1;
  Tuple* names = c->variable_names.as<Tuple>();
  for (u32 i = 0; i <= c->local_count; i++) {
    if (i == after_locals) locals.push_more(d, kLocalBit);
    if (i == c->free_first) cells.push_more(d, kCellBit);
    if (i == c->local_count) break;
    u8 kind = c->variable_kinds[i];
    Ref name = names->items[i].load();
    if (kind & kCellBit) cells.next(&name);
    if (kind & kFreeBit) frees.next(&name);
    if (kind & kLocalBit) locals.next(&name);
    d.variables.push(std::move(name));
    d.kinds.push_back(kind);
  }
  frees.push_more(d, kFreeBit);
  Move move = {{after_locals, c->free_first, c->local_count}, {locals.more(), cells.more(), frees.more()}};
  u32 more = locals.more() + cells.more() + frees.more();
  if (more > kMaxRegisters - std::min<u32>(d.spec.register_count, kMaxRegisters)) return raise(t, exc::OverflowError, "code: too many variables");
  d.spec.register_count = u16(d.spec.register_count + more);
  move_registers(d, move);
  return set_variables(t, d);
}

void start_from(Draft& d, Code* c) {
  CodeSpec& s = d.spec;
  s.instructions = c->instructions;
  s.unit_count = c->unit_count;
  s.register_count = c->register_count;
  s.argument_count = c->argument_count;
  s.positional_only_count = c->positional_only_count;
  s.keyword_only_count = c->keyword_only_count;
  s.flags = c->flags;
  s.first_line = c->first_line;
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
  s.name = c->name.peek();
  s.qualname = c->qualname.peek();
  s.filename = c->filename.peek();
  s.docstring = c->docstring.peek();
}

enum ReplaceArgument {
  kArgcount, kPosonly, kKwonly, kNlocals, kStacksize, kFlags, kFirstlineno, kCode, kConsts, kNames, kVarnames, kFreevars, kCellvars,
  kFilename, kName, kQualname, kLinetable, kExceptiontable
};

Status check_replacements(Thread& t, const Value* a) {
  struct Row {
    ReplaceArgument argument;
    const char* name;
    Type* type;
  };
  const Row rows[] = {{kCode, "co_code", types::bytes},       {kConsts, "co_consts", types::tuple},
                      {kNames, "co_names", types::tuple},     {kVarnames, "co_varnames", types::tuple},
                      {kFreevars, "co_freevars", types::tuple}, {kCellvars, "co_cellvars", types::tuple},
                      {kFilename, "co_filename", types::str}, {kName, "co_name", types::str},
                      {kQualname, "co_qualname", types::str}, {kLinetable, "co_linetable", types::bytes},
                      {kExceptiontable, "co_exceptiontable", types::bytes}};
  for (const Row& row : rows) TRY(check_replacement(t, a[row.argument], row.name, row.type));
  for (ReplaceArgument names : {kNames, kVarnames, kFreevars, kCellvars})
    if (!a[names].is_empty()) TRY(require_names(t, a[names]));
  return ok();
}

Status replace_numbers(Thread& t, Draft& d, Code* c, const Value* a) {
  CodeSpec& s = d.spec;
  u32 first_line = u32(s.first_line), own_locals = count_of(c, kLocalBit), own_stack = code_stack_size(c);
  u32 locals = own_locals, stack = own_stack, flags = s.flags & ~code_flag::kHidden;
  TRY(replace_number(t, a[kArgcount], "co_argcount", &s.argument_count));
  TRY(replace_number(t, a[kPosonly], "co_posonlyargcount", &s.positional_only_count));
  TRY(replace_number(t, a[kKwonly], "co_kwonlyargcount", &s.keyword_only_count));
  TRY(replace_number(t, a[kNlocals], "co_nlocals", &locals));
  TRY(replace_number(t, a[kStacksize], "co_stacksize", &stack));
  TRY(replace_number(t, a[kFlags], "co_flags", &flags));
  TRY(replace_number(t, a[kFirstlineno], "co_firstlineno", &first_line));
  u64 varnames = a[kVarnames].is_empty() ? own_locals : a[kVarnames].as<Tuple>()->size;
  if (locals != varnames) return raise(t, exc::ValueError, "code: co_nlocals != len(co_varnames)");
  if (stack < own_stack) return raise(t, exc::ValueError, "code: co_stacksize is too small");
  if (stack - own_stack > kMaxRegisters - s.register_count) return raise(t, exc::OverflowError, "code: co_stacksize is too large");
  s.register_count = u16(s.register_count + (stack - own_stack));
  s.flags = (flags & ~code_flag::kHidden) | (c->flags & code_flag::kHidden);
  s.first_line = i32(first_line);
  return check_counts(t, s, varnames);
}

}  // namespace

u32 code_stack_size(const Code* c) {
  u32 size = u32(c->register_count - c->local_count);
  if (c->flags & code_flag::kAnyGenerator) return size;  // no room for frame headers in it
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

Ref code_replace(Thread& t, Value self, const Value* a) {
  Code* c = self.as<Code>();
  TRY(load_body(t, c));
  Draft d(t);
  start_from(d, c);
  CodeSpec& s = d.spec;
  TRY(check_replacements(t, a));
  TRY(replace_numbers(t, d, c, a));
  // Instructions that were given are those of the code as it was, so they move with it.
  if (!a[kCode].is_empty()) TRY(set_instructions(t, d, a[kCode]));
  if (!a[kExceptiontable].is_empty()) TRY(set_exceptions(t, d, a[kExceptiontable]));
  if (!a[kConsts].is_empty()) set_constants(d, a[kConsts], (c->flags & code_flag::kHasDocstring) && !c->docstring.is_empty());
  if (!a[kNames].is_empty()) set_names(d, a[kNames]);
  if (!a[kLinetable].is_empty()) set_positions(d, a[kLinetable]);
  if (!a[kFilename].is_empty()) s.filename = a[kFilename];
  if (!a[kName].is_empty()) s.name = a[kName];
  if (!a[kQualname].is_empty()) s.qualname = a[kQualname];
  bool outside = !a[kCode].is_empty() || !a[kExceptiontable].is_empty();
  if (outside) TRY(check_instructions(t, s));
  if (s.constant_count < c->constant_count || s.name_count < c->name_count) {
    Status fits = check_instructions(t, s);
    if (fits.failed()) {
      clear_exception(t);
      return raise(t, exc::ValueError, "code: %s is too short", s.constant_count < c->constant_count ? "co_consts" : "co_names");
    }
  }
  TRY(replace_variables(t, d, c, a[kVarnames], a[kFreevars], a[kCellvars]));
  return make_code(t, s);
}

Ref code_new(Thread& t, Type*, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "code() takes no keyword arguments");
  if (args.count < 16 || args.count > 18)
    return raise(t, exc::TypeError, "code expected at %s arguments, got %d", args.count < 16 ? "least 16" : "most 18", int(args.count));
  enum { kArgs, kPositional, kKeyword, kLocals, kStack, kFlagBits, kBytes, kConstants, kNameTuple, kVariables, kFile, kOwnName, kQualified,
         kLine, kLines, kHandlers, kFree, kCells };
  Value a[18];
  for (u32 i = 0; i < 18; i++) a[i] = i < args.count ? args[i] : EMPTY;
  RefTo<Tuple> none = TRY(tuple_allocate(t, 0));
  for (int i : {kFree, kCells})
    if (a[i].is_empty()) a[i] = none.value();
  i64 numbers[18] = {};
  for (int i : {kArgs, kPositional, kKeyword, kLocals, kStack, kFlagBits, kLine}) numbers[i] = TRY(to_c_int(t, a[i]));
  struct Row {
    int at;
    Type* type;
  };
  const Row rows[] = {{kBytes, types::bytes}, {kConstants, types::tuple}, {kNameTuple, types::tuple}, {kVariables, types::tuple},
                      {kFile, types::str},    {kOwnName, types::str},     {kQualified, types::str},   {kLines, types::bytes},
                      {kHandlers, types::bytes}, {kFree, types::tuple},   {kCells, types::tuple}};
  for (const Row& row : rows)
    if (!is_instance_of(a[row.at], row.type))
      return raise(t, exc::TypeError, "code() argument %d must be %s, not %T", row.at + 1, row.type->native_name, a[row.at]);
  const char* counted[] = {"argcount", "posonlyargcount", "kwonlyargcount", "nlocals"};
  for (int i = 0; i < 4; i++)
    if (numbers[i] < 0) return raise(t, exc::ValueError, "code: %s must not be negative", counted[i]);
  if (numbers[kStack] < 0 || numbers[kFlagBits] < 0) return raise(t, exc::SystemError, "bad argument to internal function");
  for (int i : {kNameTuple, kVariables, kFree, kCells}) TRY(require_names(t, a[i]));

  Draft d(t);
  CodeSpec& s = d.spec;
  s.argument_count = u32(numbers[kArgs]);
  s.positional_only_count = u32(numbers[kPositional]);
  s.keyword_only_count = u32(numbers[kKeyword]);
  s.flags = u32(numbers[kFlagBits]) & ~code_flag::kHidden;
  bool has_namespace = !(s.flags & (code_flag::kOptimized | code_flag::kNewLocals));
  if (has_namespace) s.flags |= code_flag::kModule;
  s.first_line = i32(numbers[kLine]);
  u64 varnames = a[kVariables].as<Tuple>()->size;
  if (u64(numbers[kLocals]) != varnames) return raise(t, exc::ValueError, "code: co_nlocals != len(co_varnames)");
  TRY(check_counts(t, s, varnames));
  s.class_cell_register = kNoRegister;
  auto add = [&d](Ref name, u8 kind) {
    d.variables.push(std::move(name));
    d.kinds.push_back(kind);
  };
  if (has_namespace) add(str_from_ascii(t, "").release_ref(), 0);
  for (u32 i = 0; i < varnames; i++) add(a[kVariables].as<Tuple>()->items[i].load(), u8(kLocalBit | (i < parameters_of(s) ? u8(VariableKind::kArgument) : 0)));
  for (u32 i = 0; i < a[kCells].as<Tuple>()->size; i++) {
    Ref name = a[kCells].as<Tuple>()->items[i].load();
    size_t at = has_namespace ? 1 : 0, end = at + varnames;
    while (at < end && !str_equal(d.variables[at].as<Str>(), name.as<Str>())) at++;
    if (at < end)
      d.kinds[at] |= kCellBit;
    else
      add(std::move(name), kCellBit);
  }
  for (u32 i = 0; i < a[kFree].as<Tuple>()->size; i++) {
    Ref name = a[kFree].as<Tuple>()->items[i].load();
    if (name.as<Str>()->equals_ascii("__class__")) s.class_cell_register = u16(d.variables.size());
    add(std::move(name), kFreeBit);
  }
  u64 registers = d.variables.size() + u64(numbers[kStack]) + kFrameHeader;
  if (registers > kMaxRegisters) return raise(t, exc::OverflowError, "code: co_stacksize is too large");
  s.register_count = u16(registers);
  TRY(set_variables(t, d));
  TRY(set_instructions(t, d, a[kBytes]));
  TRY(set_exceptions(t, d, a[kHandlers]));
  set_constants(d, a[kConstants], s.flags & code_flag::kHasDocstring);
  set_names(d, a[kNameTuple]);
  set_positions(d, a[kLines]);
  s.filename = a[kFile];
  s.name = a[kOwnName];
  s.qualname = a[kQualified];
  TRY(check_instructions(t, s));
  return make_code(t, s);
}

const char kCodeReplaceSignature[] =
    "($self, *, co_argcount=<unrepresentable>, co_posonlyargcount=<unrepresentable>, co_kwonlyargcount=<unrepresentable>, "
    "co_nlocals=<unrepresentable>, co_stacksize=<unrepresentable>, co_flags=<unrepresentable>, "
    "co_firstlineno=<unrepresentable>, co_code=<unrepresentable>, co_consts=<unrepresentable>, co_names=<unrepresentable>, "
    "co_varnames=<unrepresentable>, co_freevars=<unrepresentable>, co_cellvars=<unrepresentable>, "
    "co_filename=<unrepresentable>, co_name=<unrepresentable>, co_qualname=<unrepresentable>, "
    "co_linetable=<unrepresentable>, co_exceptiontable=<unrepresentable>)";

const char kCodeSignature[] =
    "(argcount, posonlyargcount, kwonlyargcount, nlocals, stacksize, flags, codestring, constants, names, varnames, filename, name, "
    "qualname, firstlineno, linetable, exceptiontable, freevars=(), cellvars=(), /)";

}  // namespace typhon
