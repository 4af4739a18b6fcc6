// The import lock (_imp.acquire_lock), for what must not happen in the middle of an import: fork.
#pragma once
#include "threads/thread.h"

namespace typhon {

void acquire_import_lock(Thread& t);  // recursive; waits detached
bool release_import_lock(Thread& t);  // false when the calling thread does not hold it

}  // namespace typhon
