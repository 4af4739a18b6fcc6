// Making many dicts with the same str keys in the same order, as the instances of a class have them (shape.cpp): where the keys go in
// the table is found out once.
#pragma once
#include <cstdlib>

#include "objects/containers.h"

namespace typhon {

// The table of such a dict without its values. The keys are DEFERRED or IMMORTAL, so it holds no counts.
struct DictTemplate {
  u32 count;       // keys
  u32 index_size;  // bytes of the index, which come first
  u64 words[1];    // index, entries
};
// Of a dict of which nothing was ever deleted; its keys are as said above. Null: too big a dict.
DictTemplate* dict_template_new(const Dict* d);
// A dict with those keys and `values`, of which none is EMPTY: borrowed, or (`moved`) words of slots, which are EMPTY afterwards.
RefTo<Dict> dict_from_template(Thread& t, const DictTemplate* from, Value* values, bool moved);
// Adds a key that a dict nobody else uses does not have.
Status dict_add_str(Thread& t, Dict* d, Str* key, Value value);

}  // namespace typhon
