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
    if (i < names->size) {
      out.append(names->items[i].as<Str>());
      return;
    }
  }
  append_number(out, consumed ? "r%lld!" : "r%lld", i);
}

Status append_operands(Thread& t, StrBuilder& out, const Code* code, u32 at) {
  const Instr& in = code->instructions[at];
  const char* operands = op_operands(Op(in.op));
  const u16 fields[] = {in.a, in.b, in.c};
  int field = 0;
  for (const char* p = operands; *p; p++, field++) {
    if (*p == '-') continue;
    if (field > 0) out.append_ascii(", ");
    bool consumed = field < 3 && (in.x >> field & 1);
    switch (*p) {
      case 'K': {
        out.append_ascii("const ");
        RefTo<Str> text = TRY(object_repr(t, code->constants[in.constant()]));
        out.append(text.get());
        break;
      }
      case 'N': {
        out.append_ascii(".");
        if (in.name() < code->name_count) out.append(code->names[in.name()]);
        break;
      }
      case 'I': append_number(out, "#%lld", in.immediate()); break;
      case '#': append_number(out, "#%lld", fields[field]); break;
      case 'J':
        if (p[1] == 'c') {
          append_number(out, "-> %lld", i64(at) + in.immediate());
          p++;
        } else if (p[1] == 'u') {
          append_number(out, "-> %lld", i64(at) + i32(u32(unit(&code->instructions[at + 1]))));
          p++;
        } else {
          append_number(out, "-> %lld", i64(at) + in.jump());
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
    Op op = Op(code->instructions[at].op);
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
    TRY(append_operands(t, out, code, at));
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

}  // namespace typhon
