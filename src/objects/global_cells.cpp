#include "objects/global_cells.h"

#include "objects/dict/table.h"

namespace typhon::global_cells {

// In a cache line of its own: every load of a global reads it.
alignas(64) u32 g_epoch = 1;

namespace {
constexpr u32 kFilling = ~u32(0);  // in the place of an epoch: some thread is writing the units
constexpr u32 kLastEpoch = kFilling - (1u << 20);

// Where the value of `name` lies; null when the dict has no such key, or it is not to be had. Marks the table.
const Field* find_cell(Thread& t, Dict* d, Str* name, bool* absent) {
  u64 hash = str_key_hash(name);
  ElementLock lock(t, d);
  DictTable* table = dict_table::table_of(d);
  if (table == dict_table::g_empty) return nullptr;
  table->has_cells = 1;
  dict_table::Probe probe = dict_table::probe_str(table, name, hash);
  *absent = probe.index == dict_table::kAbsent && table->all_str;
  return probe.index >= 0 ? &table->entries()[probe.index].value : nullptr;
}
}  // namespace

void forget() {
  // It does not come round: the last ones are no epochs of cells any more (fill).
  if (__atomic_load_n(&g_epoch, __ATOMIC_RELAXED) < kLastEpoch) __atomic_fetch_add(&g_epoch, 1, __ATOMIC_SEQ_CST);
}

void note_function_slow(Code* code, const Dict* globals, bool has_usual_builtins) {
  u64 wanted = has_usual_builtins && is_exact_dict(Value(const_cast<Dict*>(globals))) ? reinterpret_cast<u64>(globals) : code_cells::kShared;
  u64 mark = __atomic_load_n(&code->cell_globals, __ATOMIC_RELAXED);
  for (;;) {
    if ((mark & ~code_cells::kHasCells) == wanted) return;
    u64 next = mark == 0 ? wanted : code_cells::kShared;
    if (__atomic_compare_exchange_n(&code->cell_globals, &mark, next, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) break;
  }
  if (mark & code_cells::kHasCells) forget();
}

void fill(Thread& t, const Function* function, Code* code, Str* name, Instr* units) {
  u64* word = reinterpret_cast<u64*>(units);
  u32 epoch = __atomic_load_n(&g_epoch, __ATOMIC_ACQUIRE);
  u64 mark = __atomic_load_n(&code->cell_globals, __ATOMIC_RELAXED);
  Value globals = function->globals.peek();
  if ((mark & ~code_cells::kHasCells) != globals.bits || epoch >= kLastEpoch) return;
  Dict* d = globals.as<Dict>();
  u64 seen = __atomic_load_n(word, __ATOMIC_RELAXED);
  u32 size = dict_table::entry_count(dict_table::table_of(d));
  if (u32(seen) == kFilling) return;
  if (u32(seen >> 32) != size) {
    __atomic_compare_exchange_n(word, &seen, u64(size) << 32, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    return;
  }
  if (!(mark & code_cells::kHasCells) &&
      !__atomic_compare_exchange_n(&code->cell_globals, &mark, mark | code_cells::kHasCells, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
    return;
  bool absent = false;
  const Field* cell = find_cell(t, d, name, &absent);
  if (absent) cell = find_cell(t, g_builtins_dict, name, &absent);
  if (cell == nullptr) return;
  // Nobody else writes the units meanwhile; and what is found to be good here is no older than what the units hold.
  if (!__atomic_compare_exchange_n(word, &seen, u64(size) << 32 | kFilling, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return;
  bool good = __atomic_load_n(&g_epoch, __ATOMIC_SEQ_CST) == epoch;
  if (good) __atomic_store_n(word + 1, reinterpret_cast<u64>(cell), __ATOMIC_RELAXED);
  __atomic_store_n(word, u64(size) << 32 | (good ? epoch : 0), __ATOMIC_RELEASE);
}

}  // namespace typhon::global_cells
