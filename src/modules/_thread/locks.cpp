// threading.Lock and RLock (_thread.lock, _thread.RLock).
#include <cmath>

#include "modules/_thread/thread_module.h"
#include "threads/sync.h"

namespace typhon {

Type* g_lock_type;
Type* g_rlock_type;

namespace {

struct LockObject : Object {
  AdaptiveLock lock;
};
struct RLockObject : Object {
  ReentrantLock lock;
};

}  // namespace

// acquire(blocking=True, timeout=-1) for both kinds: nanoseconds, -1 for ever, 0 for a try.
Result<i64> lock_timeout(Thread& t, Value blocking_value, Value timeout_value) {
  bool blocking = blocking_value.is_empty() || TRY(truth(t, blocking_value));
  i64 timeout = -1;
  bool given = false;
  if (!timeout_value.is_empty()) {
    if (is_float(timeout_value)) {
      double seconds = float_value(timeout_value);
      if (std::isnan(seconds)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
      given = seconds != -1;
      if (given && seconds < 0) return raise(t, exc::ValueError, blocking ? "timeout value must be a non-negative number" : "can't specify a timeout for a non-blocking call");
      if (seconds > kTimeoutMaxSeconds) return raise(t, exc::OverflowError, "timeout value is too large");
      if (given) timeout = i64(std::ceil(seconds * 1e9));
    } else {
      if (!is_int(timeout_value) && type_of(timeout_value)->slots.index == nullptr)
        return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer or float", timeout_value);
      i64 seconds = TRY(to_i64(t, timeout_value, "timestamp too large to convert to C PyTime_t"));
      given = seconds != -1;
      if (given && seconds < 0) return raise(t, exc::ValueError, blocking ? "timeout value must be a non-negative number" : "can't specify a timeout for a non-blocking call");
      if (double(seconds) > kTimeoutMaxSeconds) return raise(t, exc::OverflowError, "timeout value is too large");
      if (given) timeout = seconds * 1000000000;
    }
  }
  if (!blocking && given) return raise(t, exc::ValueError, "can't specify a timeout for a non-blocking call");
  return blocking ? timeout : 0;
}

i64 monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return i64(now.tv_sec) * 1000000000 + now.tv_nsec;
}

namespace {

// Waits until the lock is had, the time is up, or a signal handler raised.
template <class L>
Result<bool> acquire_lock(Thread& t, L& lock, i64 timeout) {
  i64 deadline = timeout > 0 ? monotonic_ns() + timeout : 0;
  while (true) {
    bool interrupted = false;
    if (lock.acquire(t, timeout, true, &interrupted)) return true;
    if (!interrupted) return false;
    TRY(safepoint_slow(t));
    if (timeout > 0) {
      timeout = deadline - monotonic_ns();
      if (timeout <= 0) return false;
    }
  }
}

// --- Lock
AdaptiveLock& lock_of(Value v) { return v.as<LockObject>()->lock; }

Ref lock_new(Thread& t, Type* cls, Args args) {
  if (args.count + args.keyword_count != 0) return raise(t, exc::TypeError, "lock() takes no arguments (%d given)", int(args.count + args.keyword_count));
  return allocate_instance(t, cls);
}
Ref lock_acquire(Thread& t, Value self, const Value* a) {
  if (a[0].is_empty() && a[1].is_empty() && lock_of(self).try_acquire()) return Ref::boolean(true);
  i64 timeout = TRY(lock_timeout(t, a[0], a[1]));
  Ref keep = Ref::copy(self);
  return Ref::boolean(TRY(acquire_lock(t, lock_of(self), timeout)));
}
template <Ref (*slow)(Thread&, Value, const Value*)>
TYPHON_NOINLINE Ref acquire_with(Thread& t, Value self, const Args& args) {
  static const Signature& signature = parse_signature("(blocking=True, timeout=-1)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "acquire", args, a, &keep));
  return slow(t, self, a);
}
// acquire() and with: mostly without arguments, which then need no binding.
template <class L, bool (*try_it)(Thread&, L&), L& (*of)(Value), Ref (*slow)(Thread&, Value, const Value*)>
Ref acquire_raw(Thread& t, Value self, Args args) {
  if (args.count + args.keyword_count == 0 && try_it(t, of(self))) [[likely]] return Ref::boolean(true);
  platform::empty_stack_below();  // it may wait for long, and must not keep what the thread worked on before
  return acquire_with<slow>(t, self, args);
}
bool try_lock(Thread&, AdaptiveLock& lock) { return lock.try_acquire(); }
constexpr RawFn kLockAcquire = acquire_raw<AdaptiveLock, try_lock, lock_of, lock_acquire>;

Ref lock_release(Thread& t, Value self, const Value*) {
  if (!lock_of(self).release()) return raise(t, exc::RuntimeError, "release unlocked lock");
  return Ref::none();
}
Ref lock_exit(Thread& t, Value self, Args) { return lock_release(t, self, nullptr); }
Ref lock_locked(Thread&, Value self, const Value*) { return Ref::boolean(lock_of(self).locked()); }
Ref lock_at_fork(Thread&, Value self, const Value*) {
  lock_of(self).reset_after_fork();
  return Ref::none();
}
Ref lock_repr(Thread& t, Value self) {
  return str_format(t, "<%s %s object at 0x%x>", lock_of(self).locked() ? "locked" : "unlocked", "_thread.lock", u64(self.object()));
}

}  // namespace

Status HeldLock::acquire(Thread& t, Value lock) {
  lock_ = Ref::copy(lock);
  if (lock_of(lock).try_acquire()) return ok();
  if (acquire_lock(t, lock_of(lock), -1).failed()) {
    lock_.clear();
    return Raised{};
  }
  return ok();
}
void HeldLock::release() {
  if (lock_.is_empty()) return;
  lock_of(lock_.get()).release();
  lock_.clear();
}

namespace {

const Method kLockMethods[] = {
    raw_method("acquire", kLockAcquire, "($self, /, blocking=True, timeout=-1)", "Lock the lock."),
    raw_method("acquire_lock", kLockAcquire, "($self, /, blocking=True, timeout=-1)"),
    method("release", lock_release, "($self, /)", "Release the lock."),
    method("release_lock", lock_release, "($self, /)"),
    method("locked", lock_locked, "($self, /)", "Return whether the lock is locked."),
    method("locked_lock", lock_locked, "($self, /)"),
    raw_method("__enter__", kLockAcquire, "($self, /, blocking=True, timeout=-1)", "Lock the lock."),
    raw_method("__exit__", lock_exit, "($self, /, *exc_info)", "Release the lock."),
    method("_at_fork_reinit", lock_at_fork, "($self, /)"),
    {},
};

// --- RLock
ReentrantLock& rlock_of(Value v) { return v.as<RLockObject>()->lock; }

// Any arguments are accepted: threading.RLock warns about them.
Ref rlock_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }
Ref rlock_acquire(Thread& t, Value self, const Value* a) {
  if (a[0].is_empty() && a[1].is_empty() && rlock_of(self).try_acquire(t)) return Ref::boolean(true);
  i64 timeout = TRY(lock_timeout(t, a[0], a[1]));
  Ref keep = Ref::copy(self);
  return Ref::boolean(TRY(acquire_lock(t, rlock_of(self), timeout)));
}
bool try_rlock(Thread& t, ReentrantLock& lock) { return lock.try_acquire(t); }
constexpr RawFn kRLockAcquire = acquire_raw<ReentrantLock, try_rlock, rlock_of, rlock_acquire>;

Ref rlock_release(Thread& t, Value self, const Value*) {
  if (!rlock_of(self).release(t)) return raise(t, exc::RuntimeError, "cannot release un-acquired lock");
  return Ref::none();
}
Ref rlock_exit(Thread& t, Value self, Args) { return rlock_release(t, self, nullptr); }
Ref rlock_locked(Thread&, Value self, const Value*) { return Ref::boolean(rlock_of(self).locked()); }
Ref rlock_is_owned(Thread& t, Value self, const Value*) { return Ref::boolean(rlock_of(self).owned(t)); }
Ref rlock_recursion(Thread& t, Value self, const Value*) { return int_from(t, rlock_of(self).owned(t) ? rlock_of(self).depth() : 0); }
Ref rlock_release_save(Thread& t, Value self, const Value*) {
  ReentrantLock& lock = rlock_of(self);
  if (!lock.owned(t)) return raise(t, exc::RuntimeError, "cannot release un-acquired lock");
  Ref owner = TRY(int_from_u64(t, lock.owner()));
  u32 depth = lock.release_all(t);
  return tuple_of(t, Value::small_int(depth), owner);
}
Ref rlock_acquire_restore(Thread& t, Value self, const Value* a) {
  if (!is_tuple(a[0]) || a[0].as<Tuple>()->size != 2) return raise(t, exc::TypeError, "_acquire_restore() argument 1 must be 2-item tuple");
  i64 depth = TRY(to_i64(t, a[0].as<Tuple>()->items[0].peek()));
  Ref keep = Ref::copy(self);
  rlock_of(self).restore(t, u32(depth));
  return Ref::none();
}
Ref rlock_at_fork(Thread&, Value self, const Value*) {
  rlock_of(self).reset_after_fork();
  return Ref::none();
}
Ref rlock_repr(Thread& t, Value self) {
  ReentrantLock& lock = rlock_of(self);
  return str_format(t, "<%s %s object owner=%zd count=%zd at 0x%x>", lock.locked() ? "locked" : "unlocked", "_thread.RLock",
                    i64(lock.owner()), i64(lock.depth()), u64(self.object()));
}

const Method kRLockMethods[] = {
    raw_method("acquire", kRLockAcquire, "($self, /, blocking=True, timeout=-1)", "Lock the lock."),
    method("release", rlock_release, "($self, /)", "Release the lock."),
    method("locked", rlock_locked, "($self, /)", "Return a boolean indicating whether this object is locked right now."),
    raw_method("__enter__", kRLockAcquire, "($self, /, blocking=True, timeout=-1)", "Lock the lock."),
    raw_method("__exit__", rlock_exit, "($self, /, *exc_info)", "Release the lock."),
    method("_is_owned", rlock_is_owned, "($self, /)"),
    method("_recursion_count", rlock_recursion, "($self, /)"),
    method("_release_save", rlock_release_save, "($self, /)"),
    method("_acquire_restore", rlock_acquire_restore, "($self, state, /)"),
    method("_at_fork_reinit", rlock_at_fork, "($self, /)"),
    {},
};

}  // namespace

bool is_native_lock(Value v) { return v.is_object() && (type_of(v) == g_lock_type || type_of(v) == g_rlock_type); }
Ref native_lock_acquire(Thread& t, Value lock) {
  return type_of(lock) == g_lock_type ? kLockAcquire(t, lock, Args{}) : kRLockAcquire(t, lock, Args{});
}
Ref native_lock_release(Thread& t, Value lock) {
  return type_of(lock) == g_lock_type ? lock_release(t, lock, nullptr) : rlock_release(t, lock, nullptr);
}
bool native_lock_owned(Thread& t, Value lock) {
  return type_of(lock) == g_lock_type ? lock_of(lock).locked() : rlock_of(lock).owned(t);
}

const TypeSpec spec_thread_lock = {
    .name = "_thread.lock",
    .doc = "A lock object is a synchronization primitive.",
    .layout = {"lock", sizeof(LockObject), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kHasWeakref | type_flag::kImmutable | type_flag::kUntracked,
    .slots = {.repr = lock_repr, .new_ = lock_new},
    .methods = kLockMethods,
};
const TypeSpec spec_thread_rlock = {
    .name = "_thread.RLock",
    .layout = {"RLock", sizeof(RLockObject), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kHasWeakref | type_flag::kBaseType | type_flag::kUntracked,
    .slots = {.repr = rlock_repr, .new_ = rlock_new},
    .methods = kRLockMethods,
};

}  // namespace typhon
