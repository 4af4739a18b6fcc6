// Text form of the instructions, one line each: unit, name, operands as the table describes them.
#include <cstdio>

#include "bytecode/code.h"
#include "objects/protocol/protocol.h"

namespace typhon {

namespace {

void append_number(StrBuilder& out, const char* format, i64 n) {
  char text[40];
  int size = std::snprintf(text, sizeof text, format, static_cast<long long>(n));
  out.append_ascii({text, size_t(size)});
}

void append_register(StrBuilder& out, const Code* code, u16 i, bool consumed) {
  if (i < code->local_count) {
    Tuple* names = code->variable_names.as<Tuple>();
    if (i < names->size && names->items[i].as<Str>()->length() != 0) {
      out.append(names->items[i].as<Str>());
      return;
    }
  }
  append_number(out, consumed ? "r%lld!" : "r%lld", i);
}

// What one instruction means, besides its text.
struct Meaning {
  Value argument = None;  // its constant, name or number (borrowed from the code)
  i64 target = -1;        // the unit it may jump to
};

Status append_operands(Thread& t, StrBuilder& out, const Code* code, u32 at, Meaning* meaning) {
  const Instr& in = code->instructions[at];
  auto jump = [&](i64 distance) {
    meaning->target = i64(at) + distance;
    append_number(out, "-> %lld", meaning->target);
  };
  const char* operands = op_operands(Op(in.op));
  const u16 fields[] = {in.a, in.b, in.c};
  int field = 0;
  bool first = true;
  for (const char* p = operands; *p; p++, field++) {
    if (*p == '-') continue;
    if (!first) out.append_ascii(", ");
    first = false;
    bool consumed = field < 3 && (in.x >> field & 1);
    switch (*p) {
      case 'K': {
        out.append_ascii("const ");
        meaning->argument = code->constants[in.constant()];
        RefTo<Str> text = TRY(object_repr(t, code->constants[in.constant()]));
        out.append(text.get());
        break;
      }
      case 'N': {
        out.append_ascii(".");
        if (in.name() < code->name_count) {
          out.append(code->names[in.name()]);
          meaning->argument = Value(code->names[in.name()]);
        }
        break;
      }
      case 'I':
        append_number(out, "#%lld", in.immediate());
        meaning->argument = Value::small_int(in.immediate());
        break;
      case '#': append_number(out, "#%lld", fields[field]); break;
      case 'J':
        if (p[1] == 'c') {
          jump(in.immediate());
          p++;
        } else if (p[1] == 'u') {
          jump(i32(u32(unit(&code->instructions[at + 1]))));
          p++;
        } else {
          jump(in.jump());
        }
        break;
      default:
        if (field < 3) append_register(out, code, fields[field], consumed);
    }
  }
  return ok();
}

}  // namespace

RefTo<Str> disassemble(Thread& t, const Code* code) {
  StrBuilder out;
  i32 line = 0;
  for (u32 at = 0; at < code->unit_count;) {
    Op op = base_op(Op(code->instructions[at].op));
    PositionRow position = code_position(code, at);
    if (position.line != line) {
      line = position.line;
      append_number(out, "%5lld ", line);
    } else {
      out.append_ascii("      ");
    }
    append_number(out, "%5lld  ", at);
    char name[32];
    int n = std::snprintf(name, sizeof name, "%-20s ", op_name(op));
    out.append_ascii({name, size_t(n)});
    Meaning meaning;
    TRY(append_operands(t, out, code, at, &meaning));
    out.append_ascii("\n");
    at += op_units(op);
  }
  for (u32 i = 0; i < code->exception_count; i++) {
    const ExceptionRow& row = code->exceptions[i];
    append_number(out, "  except %lld", row.start);
    append_number(out, "..%lld", row.end);
    append_number(out, " -> %lld", row.handler);
    append_number(out, " [clear r%lld..", row.clear_from);
    append_number(out, ", exception in r%lld]\n", row.exc_reg);
  }
  return out.finish(t);
}

Ref instructions_of(Thread& t, const Code* code) {
  constexpr i64 kScale = 2;  // as co_positions() and tracebacks count
  RefTo<List> rows = TRY(list_new(t)), handlers = TRY(list_new(t));
  auto number = [](i64 n) { return Value::small_int(n); };
  for (u32 at = 0; at < code->unit_count;) {
    const Instr& in = code->instructions[at];
    Op op = base_op(Op(in.op));
    StrBuilder text;
    Meaning meaning;
    TRY(append_operands(t, text, code, at, &meaning));
    RefTo<Str> operands = TRY(text.finish(t)), name = TRY(str_from_utf8(t, op_name(op)));
    RefTo<Tuple> fields = TRY(tuple_of(t, number(in.x), number(in.a), number(in.b), number(in.c)));
    Value target = meaning.target < 0 ? None : number(meaning.target * kScale);
    TRY(list_append(t, rows.get(),
                    tuple_of(t, number(at * kScale), number(op_units(op)), number(i64(op)), name.value(), fields.value(),
                             meaning.argument, operands.value(), target)
                        .release_ref()));
    at += op_units(op);
  }
  for (u32 i = 0; i < code->exception_count; i++) {
    const ExceptionRow& row = code->exceptions[i];
    TRY(list_append(t, handlers.get(),
                    tuple_of(t, number(row.start * kScale), number(row.end * kScale), number(row.handler * kScale),
                             number(row.clear_from), number(row.exc_reg))
                        .release_ref()));
  }
  return tuple_of(t, rows.value(), handlers.value());
}

}  // namespace typhon
