// What the files of the code type share: layout functions, cache units of instructions.
#pragma once
#include <vector>

#include "bytecode/code.h"
#include "objects/native.h"

namespace typhon {

// Bit k set: unit k of the instruction is an inline cache (starts as zero), not an operand.
u32 cache_units(Op op);
// Copies instructions, caches emptied.
void copy_instructions(Instr* to, const Instr* from, u32 n);
// install_body for instructions as they were compiled: no variants, nothing in the caches.
void install_fresh_body(Thread& t, Code* code, const CodeSpec& spec);
// Replaces instructions by faster variants where the code allows it. Once, before the code gets them: it only has its outline yet.
void choose_variants(const Code* c, Instr* instructions, u32 unit_count, const Value* constants, u32 constant_count);
void code_visit(Object* self, Visitor& visitor);
void code_release(Thread& t, Object* self);

// co_stacksize: the registers for values beside the variables. Those that calls leave free for the header of the called frame are none.
// `c` is loaded.
u32 code_stack_size(const Code* c);
// code.replace() and the constructor of code (code_build.cpp). Instructions whose operands lie outside of the code raise ValueError.
Ref code_replace(Thread& t, Value self, const Value* a);
Ref code_new(Thread& t, Type* type, Args args);
extern const char kCodeReplaceSignature[];
extern const char kCodeSignature[];

// co_linetable: the positions of `code`, which is loaded, in the format that CPython's documentation of its code objects describes.
std::vector<u8> location_table(const Code* code);
// Back to rows. A damaged table ends early.
std::vector<PositionRow> read_location_table(const u8* table, size_t size, i32 first_line);

}  // namespace typhon
