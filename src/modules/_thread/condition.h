// Native methods for threading.Condition and queue.Queue; see modules/accelerate.h.
#pragma once
#include "objects/containers.h"

namespace typhon {

Status accelerate_threading(Thread& t, Dict* globals);
Status accelerate_queue(Thread& t, Dict* globals);

}  // namespace typhon
