// SimpleQueue for native code (thread pools).
#pragma once
#include "objects/module.h"

namespace typhon {

// Exactly a SimpleQueue, no subclass.
bool is_simple_queue(Value v);
Status simple_queue_put(Thread& t, Value queue, Value item);
// The next item; when there is none, waits for one (`block`) or gives EMPTY.
Ref simple_queue_take(Thread& t, Value queue, bool block);

}  // namespace typhon
