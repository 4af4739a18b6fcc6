// Shared between the files of _thread.
#pragma once
#include <ctime>

#include "objects/module.h"

namespace typhon {

inline constexpr double kTimeoutMaxSeconds = 9223372036.0;
extern Type* g_lock_type;
extern Type* g_rlock_type;
extern const TypeSpec spec_thread_lock, spec_thread_rlock;
// Adds threading.local to the module.
Status init_thread_locals(Thread& t, Module* module);

// acquire()'s arguments as nanoseconds: -1 for ever, 0 a try.
Result<i64> lock_timeout(Thread& t, Value blocking, Value timeout);
i64 monotonic_ns();

// Holds a threading.Lock for a scope. `acquire` fails when a signal handler raised.
class [[nodiscard]] HeldLock {
 public:
  HeldLock() = default;
  ~HeldLock() { release(); }
  HeldLock(const HeldLock&) = delete;
  Status acquire(Thread& t, Value lock);
  void release();

 private:
  Ref lock_;
};
// Exactly a threading.Lock.
inline bool is_lock(Value v) { return v.is_object() && type_of(v) == g_lock_type; }

// The same for a Lock or an RLock, as with does it. The release raises what release() raises.
bool is_native_lock(Value v);
Ref native_lock_acquire(Thread& t, Value lock);
Ref native_lock_release(Thread& t, Value lock);
bool native_lock_owned(Thread& t, Value lock);  // a Lock: by anybody

}  // namespace typhon
