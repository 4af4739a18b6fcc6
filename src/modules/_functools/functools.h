// Shared between the files of _functools.
#pragma once
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {

extern Type *g_partial_type, *g_placeholder_type, *g_lru_cache_type, *g_key_wrapper_type;
extern const TypeSpec spec_partial, spec_placeholder, spec_lru_cache;
// The Placeholder singleton of partial().
extern GlobalRoot g_placeholder;
// Makes the type of the cache's links.
Status initialise_lru_links(Thread& t);
// Separates positional from keyword arguments in cache keys.
extern GlobalRoot g_keyword_mark;

}  // namespace typhon
