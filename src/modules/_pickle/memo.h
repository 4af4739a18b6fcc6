// The memo of a pickler: which objects were written, and under which number. An object of its own, so that a dump can take
// it out of its pickler, use it without locks, and put it back.
#pragma once
#include "modules/_pickle/pickle.h"

namespace typhon::pickle {

struct Memo : Object {
  Field objects;  // list: keeps the objects alive, so that their addresses stay theirs
  struct Slot {
    u64 key;  // the object's word; 0: free
    u64 index;
  };
  Slot* slots;   // malloc'ed; addresses only
  u64 capacity;  // a power of two, or 0
  u64 count;

  static u64 hash(u64 key) { return (key >> 4) * 0x9E3779B97F4A7C15; }
  // The number, or -1.
  TYPHON_INLINE i64 find(Value v) const {
    if (count == 0) return -1;
    u64 key = v.untagged().bits;
    for (u64 i = hash(key) >> 20;; i++) {
      const Slot& slot = slots[i & (capacity - 1)];
      if (slot.key == key) return i64(slot.index);
      if (slot.key == 0) return -1;
    }
  }
};
RefTo<Memo> memo_new(Thread& t);
// The object must not be there yet.
Status memo_add(Thread& t, Memo* memo, Value v, u64 index);

}  // namespace typhon::pickle
