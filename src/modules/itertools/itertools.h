// Shared between the files of itertools.
//
// Iterators may be shared between threads: an item of the source goes to one caller at most, and nothing breaks. No
// lock is held while Python code runs; cursors advance atomically, and a slot that was read before a callout is
// replaced only if it still holds what was read.
#pragma once
#include "objects/itertypes.h"
#include "objects/module.h"

namespace typhon::itertools {

extern Type *g_count, *g_cycle, *g_repeat, *g_accumulate, *g_batched, *g_chain, *g_compress, *g_dropwhile, *g_takewhile,
    *g_filterfalse, *g_starmap, *g_islice, *g_pairwise, *g_zip_longest, *g_groupby, *g_grouper, *g_tee, *g_tee_data,
    *g_product, *g_permutations, *g_combinations, *g_combinations_with_replacement;

extern const TypeSpec spec_count, spec_cycle, spec_repeat, spec_accumulate, spec_batched, spec_chain, spec_compress,
    spec_dropwhile, spec_takewhile, spec_filterfalse, spec_starmap, spec_islice, spec_pairwise, spec_zip_longest,
    spec_groupby, spec_grouper, spec_tee, spec_tee_data, spec_product, spec_permutations, spec_combinations,
    spec_combinations_with_replacement;

Ref tee(Thread& t, Value module, const Value* a);

inline constexpr u32 kIteratorFlags = type_flag::kBaseType | type_flag::kImmutable;

// "NAME() takes no keyword arguments", unless a subclass has an __init__ of its own to take them.
inline Status no_keywords(Thread& t, const char* name, const Type* cls, const Type* base, const Args& args) {
  if (args.keyword_count == 0 || (cls != base && cls->slots.init != base->slots.init)) return ok();
  return check_no_keywords(t, name, args);
}

// Stores `value` if the slot still holds `expected`; both may be EMPTY.
inline bool replace_if(Thread& t, Object* owner, Field& slot, Value expected, Ref&& value) {
  publish_for(owner, value.get());
  Value old = EMPTY;
  {
    ObjectLock lock(t, owner);
    if (!slot.peek().same_word(expected)) return false;
    old = slot.exchange(owner, std::move(value));
  }
  Field::release_heap(old);
  return true;
}

// Counts up; the new value.
inline u64 advance_counter(const Object* owner, u64* counter) {
  if (owner->is_local() || !g_multi_threaded) return ++*counter;
  return __atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

// An index argument as i64: OverflowError when it does not fit.
inline Result<i64> size_argument(Thread& t, Value v) {
  Ref index = TRY(to_index(t, v));
  return to_i64(t, index, "Python int too large to convert to C ssize_t");
}

template <class T>
T* self_as(Object* self) {
  return static_cast<T*>(self);
}

}  // namespace typhon::itertools
