// Global cells: where the value of a global name lies, as the instructions that load it keep it (docs/interpreter.md).
//
// A cell is the address of an entry's value in the table of a globals dict, or in that of the module builtins when the globals have no
// such name. It is good as long as g_epoch is what it was when the cell was found. What could make any cell wrong counts g_epoch up: a
// table that cells point into is replaced or freed, a name that the builtins have comes into globals without it, a code that has cells
// gets a function with other globals. Values are read through the cell, so that storing and deleting them changes nothing. A table and a
// code are marked before a cell is taken of them, and marking and looking happen under the dict's lock, where changes of tables and new
// entries happen as well: after such a change no cell of the time before is good.
#pragma once
#include "objects/function.h"

namespace typhon::global_cells {

extern u32 g_epoch;  // never 0

// Makes all cells bad.
void forget();
// Before a table goes: the dict gets another one (under its lock), or dies.
TYPHON_INLINE void forget_table(const DictTable* table) {
  if (table->has_cells) [[unlikely]] forget();
}

// For a new function, or a function with a new code, before it can be called: which globals the code runs with.
void note_function_slow(Code* code, const Dict* globals, bool has_usual_builtins);
TYPHON_INLINE void note_function(Code* code, const Dict* globals, bool has_usual_builtins) {
  u64 mark = __atomic_load_n(&code->cell_globals, __ATOMIC_RELAXED) & ~code_cells::kHasCells;
  if (mark != reinterpret_cast<u64>(globals) || !has_usual_builtins) [[unlikely]] note_function_slow(code, globals, has_usual_builtins);
}

// The two units behind an instruction that loads a global: {epoch : 32 | what fill() remembers : 32}, the cell.
// The cached value, borrowed; EMPTY when there is none.
TYPHON_INLINE Value load(const Instr* units) {
  u64 word = __atomic_load_n(reinterpret_cast<const u64*>(units), __ATOMIC_ACQUIRE);
  if (u32(word) != __atomic_load_n(&g_epoch, __ATOMIC_RELAXED)) return EMPTY;
  return __atomic_load_n(reinterpret_cast<const Field* const*>(units + 1), __ATOMIC_RELAXED)->peek();
}
// After a load of `name` by a function's code that load() did not answer: finds the cell, if there is one. Not at once: modules whose
// functions run while names are added would make all cells bad time and again.
void fill(Thread& t, const Function* function, Code* code, Str* name, Instr* units);

}  // namespace typhon::global_cells
