// What the files of the code type share: layout functions, cache units of instructions.
#pragma once
#include "bytecode/code.h"

namespace typhon {

// Bit k set: unit k of the instruction is an inline cache (starts as zero), not an operand.
u32 cache_units(Op op);
// Copies instructions, caches emptied.
void copy_instructions(Instr* to, const Instr* from, u32 n);
// Replaces instructions by faster variants where the code allows it. Once, before the code gets them: it only has its outline yet.
void choose_variants(const Code* c, Instr* instructions, u32 unit_count, const Value* constants, u32 constant_count);
void code_visit(Object* self, Visitor& visitor);
void code_release(Thread& t, Object* self);

}  // namespace typhon
