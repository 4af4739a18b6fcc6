// _multiprocessing: SemLock, a named POSIX semaphore that serves as lock, recursive lock or semaphore between processes.
//
// The semaphore itself is the kernel's; what this process has acquired is counted in the object, with atomics: threads share it.
#include <fcntl.h>
#include <semaphore.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <ctime>
#include <string>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_semlock_type;

enum { kRecursiveMutex = 0, kSemaphore = 1 };

struct SemLock : Object {
  sem_t* handle;  // SEM_FAILED: none
  char* name;     // malloc'ed; null when it was unlinked at once
  u64 last_owner;  // ident of the thread that acquired last
  i32 kind, maxvalue;
  i32 count;  // acquired minus released, by this process
};
SemLock* self_of(Value v) { return v.as<SemLock>(); }
void release_semlock(Thread&, Object* object) {
  auto* self = static_cast<SemLock*>(object);
  if (self->handle != SEM_FAILED && self->handle != nullptr) sem_close(self->handle);
  free(self->name);
}
i32 count_of(SemLock* self) { return __atomic_load_n(&self->count, __ATOMIC_ACQUIRE); }
bool is_mine(Thread& t, SemLock* self) {
  return count_of(self) > 0 && __atomic_load_n(&self->last_owner, __ATOMIC_RELAXED) == t.ident;
}

Ref make_semlock(Thread& t, Type* cls, sem_t* handle, int kind, int maxvalue, const char* name) {
  Ref made = allocate_instance(t, cls);
  if (made.failed()) {
    sem_close(handle);
    return made;
  }
  auto* self = self_of(made);
  self->handle = handle;
  self->kind = kind;
  self->maxvalue = maxvalue;
  if (name == nullptr) return made;
  self->name = strdup(name);
  if (self->name == nullptr) return raise_no_memory(t);
  return made;
}

Ref semlock_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(kind, value, maxvalue, name, unlink)");
  Value a[5] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "SemLock", args, a, &keep));
  int kind = TRY(int_argument(t, a[0])), value = TRY(int_argument(t, a[1])), maxvalue = TRY(int_argument(t, a[2]));
  Utf8Argument name;
  TRY(name.get(t, a[3], "SemLock() argument 'name'"));
  bool unlink = TRY(truth(t, a[4]));
  if (kind != kRecursiveMutex && kind != kSemaphore) return raise(t, exc::ValueError, "unrecognized kind");
  std::string path(name.text);
  if (path.find('\0') != std::string::npos) return raise(t, exc::ValueError, "embedded null character");
  sem_t* handle = sem_open(path.c_str(), O_CREAT | O_EXCL, 0600, unsigned(value));
  if (handle == SEM_FAILED) return raise_errno(t, errno);
  if (unlink && sem_unlink(path.c_str()) < 0) {
    int error = errno;
    sem_close(handle);
    return raise_errno(t, error);
  }
  // A name that is gone is no name.
  return make_semlock(t, cls, handle, kind, maxvalue, unlink ? nullptr : path.c_str());
}

// The handle is another process's: only the name counts here.
Ref s_rebuild(Thread& t, Value cls, const Value* a) {
  TRY(to_index(t, a[0]));
  int kind = TRY(int_argument(t, a[1])), maxvalue = TRY(int_argument(t, a[2]));
  Utf8Argument name;
  TRY(name.get(t, a[3], "_rebuild() argument 4"));
  std::string path(name.text);
  if (path.find('\0') != std::string::npos) return raise(t, exc::ValueError, "embedded null character");
  sem_t* handle = sem_open(path.c_str(), 0);
  if (handle == SEM_FAILED) return raise_errno(t, errno);
  return make_semlock(t, cls.as<Type>(), handle, kind, maxvalue, path.c_str());
}

// Seconds from now as a moment of CLOCK_MONOTONIC; negative ones are now.
timespec deadline_after(double seconds) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (!(seconds > 0)) seconds = 0;
  if (seconds > 1e9) seconds = 1e9;
  auto whole = time_t(seconds);
  now.tv_sec += whole;
  now.tv_nsec += long((seconds - double(whole)) * 1e9);
  if (now.tv_nsec >= 1000000000) {
    now.tv_nsec -= 1000000000;
    now.tv_sec++;
  }
  return now;
}

inline constexpr double kSignalSlice = 0.25;

Result<bool> acquire(Thread& t, SemLock* self, bool block, Value timeout) {
  if (self->kind == kRecursiveMutex && is_mine(t, self)) {
    __atomic_fetch_add(&self->count, 1, __ATOMIC_ACQ_REL);
    return true;
  }
  bool timed = !timeout.is_empty() && !timeout.is_none();
  TRY(safepoint(t));
  timespec deadline = {};
  if (timed) deadline = deadline_after(TRY(to_double(t, timeout)));
  int result, error;
  do {
    result = sem_trywait(self->handle);
    error = errno;
  } while (result < 0 && error == EINTR);
  while (result < 0 && error == EAGAIN && block) {
    // A signal that arrives just before the wait does not interrupt it: the main thread looks again now and then.
    bool sliced = t.is_main && !timed;
    timespec until = sliced ? deadline_after(kSignalSlice) : deadline;
    {
      Detached detached(t);
      result = timed || sliced ? sem_clockwait(self->handle, CLOCK_MONOTONIC, &until) : sem_wait(self->handle);
      error = errno;
    }
    if (result == 0 || (error != EINTR && !(sliced && error == ETIMEDOUT))) break;
    TRY(safepoint(t));
    error = EAGAIN;
  }
  if (result < 0) {
    if (error == EAGAIN || error == ETIMEDOUT) return false;
    return raise_errno(t, error);
  }
  __atomic_store_n(&self->last_owner, t.ident, __ATOMIC_RELAXED);
  __atomic_fetch_add(&self->count, 1, __ATOMIC_ACQ_REL);
  return true;
}

Ref s_acquire(Thread& t, Value v, const Value* a) {
  Ref keep = Ref::copy(v);
  bool block = a[0].is_empty() || TRY(truth(t, a[0]));
  return Ref::boolean(TRY(acquire(t, self_of(v), block, a[1])));
}
Ref s_release(Thread& t, Value v, const Value*) {
  auto* self = self_of(v);
  if (self->kind == kRecursiveMutex) {
    if (!is_mine(t, self)) return raise(t, exc::AssertionError, "attempt to release recursive lock not owned by thread");
    if (count_of(self) > 1) {
      __atomic_fetch_sub(&self->count, 1, __ATOMIC_ACQ_REL);
      return Ref::none();
    }
  } else {
    int value;
    if (sem_getvalue(self->handle, &value) < 0) return raise_errno(t, errno);
    if (value >= self->maxvalue) return raise(t, exc::ValueError, "semaphore or lock released too many times");
  }
  // Counted down first: once it is posted, another thread may acquire it and release it again.
  __atomic_fetch_sub(&self->count, 1, __ATOMIC_ACQ_REL);
  if (sem_post(self->handle) < 0) {
    int error = errno;
    __atomic_fetch_add(&self->count, 1, __ATOMIC_ACQ_REL);
    return raise_errno(t, error);
  }
  return Ref::none();
}
Ref s_enter(Thread& t, Value v, const Value*) {
  Ref keep = Ref::copy(v);
  return Ref::boolean(TRY(acquire(t, self_of(v), true, None)));
}
Ref s_exit(Thread& t, Value v, const Value*) { return s_release(t, v, nullptr); }
Ref s_count(Thread& t, Value v, const Value*) { return int_from(t, count_of(self_of(v))); }
Ref s_is_mine(Thread& t, Value v, const Value*) { return Ref::boolean(is_mine(t, self_of(v))); }
Ref s_get_value(Thread& t, Value v, const Value*) {
  int value;
  if (sem_getvalue(self_of(v)->handle, &value) < 0) return raise_errno(t, errno);
  return int_from(t, value < 0 ? 0 : value);
}
Ref s_is_zero(Thread& t, Value v, const Value*) {
  int value;
  if (sem_getvalue(self_of(v)->handle, &value) < 0) return raise_errno(t, errno);
  return Ref::boolean(value <= 0);
}
Ref s_after_fork(Thread&, Value v, const Value*) {
  __atomic_store_n(&self_of(v)->count, 0, __ATOMIC_RELEASE);
  return Ref::none();
}

Ref s_handle(Thread& t, Value v) { return int_from_u64(t, u64(self_of(v)->handle)); }
Ref s_kind(Thread& t, Value v) { return int_from(t, self_of(v)->kind); }
Ref s_maxvalue(Thread& t, Value v) { return int_from(t, self_of(v)->maxvalue); }
Ref s_name(Thread& t, Value v) {
  if (self_of(v)->name == nullptr) return Ref::none();
  return str_from_utf8(t, self_of(v)->name);
}

const Method kSemLockMethods[] = {
    method("acquire", s_acquire, "($self, /, block=True, timeout=None)", "Acquire the semaphore/lock."),
    method("release", s_release, "($self, /)", "Release the semaphore/lock."),
    method("_count", s_count, "($self, /)", "Num of `acquire()`s minus num of `release()`s for this process."),
    method("_is_mine", s_is_mine, "($self, /)", "Whether the lock is owned by this thread."),
    method("_get_value", s_get_value, "($self, /)", "Get the value of the semaphore."),
    method("_is_zero", s_is_zero, "($self, /)", "Return whether semaphore has value zero."),
    class_method("_rebuild", s_rebuild, "($type, handle, kind, maxvalue, name, /)"),
    method("_after_fork", s_after_fork, "($self, /)", "Rezero the net acquisition count after fork()."),
    method("__enter__", s_enter, "($self, /)", "Enter the semaphore/lock."),
    method("__exit__", s_exit, "($self, exc_type=None, exc_value=None, exc_tb=None, /)", "Exit the semaphore/lock."),
    {},
};
const GetSet kSemLockGetSets[] = {{"handle", s_handle, nullptr, ""},
                                  {"kind", s_kind, nullptr, ""},
                                  {"maxvalue", s_maxvalue, nullptr, ""},
                                  {"name", s_name, nullptr, ""},
                                  {}};
const TypeSpec kSemLockSpec = {
    .name = "_multiprocessing.SemLock",
    .doc = "Semaphore/Mutex type",
    .layout = {"SemLock", sizeof(SemLock), 0, nullptr, release_semlock, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = semlock_new},
    .methods = kSemLockMethods,
    .getsets = kSemLockGetSets,
};

Ref f_sem_unlink(Thread& t, Value, const Value* a) {
  Utf8Argument name;
  TRY(name.get(t, a[0], "sem_unlink() argument"));
  if (sem_unlink(std::string(name.text).c_str()) < 0) return raise_errno(t, errno);
  return Ref::none();
}

const Method kFunctions[] = {method("sem_unlink", f_sem_unlink, "($module, name, /)"), {}};

Status initialise(Thread& t, Module* module) {
  bool fresh = g_semlock_type == nullptr;
  TRY(module_add_type(t, module, kSemLockSpec, &g_semlock_type));
  if (fresh) {
    RefTo<Str> name = TRY(str_from_ascii(t, "SEM_VALUE_MAX"));
    name = TRY(str_intern(t, name));
    TRY(dict_set_str(t, g_semlock_type->dict.as<Dict>(), name.get(), Value::small_int(INT_MAX)));
    type_modified(t, g_semlock_type);
  }
  RefTo<Dict> flags = TRY(dict_new(t));
  for (const char* text : {"HAVE_SEM_OPEN", "HAVE_SEM_TIMEDWAIT"}) {
    RefTo<Str> name = TRY(str_from_ascii(t, text));
    TRY(dict_set_str(t, flags.get(), name.get(), Value::small_int(1)));
  }
  return module_add(t, module, "flags", flags.value());
}

}  // namespace

extern const ModuleDef module__multiprocessing;
const ModuleDef module__multiprocessing = {"_multiprocessing", nullptr, kFunctions, initialise};

}  // namespace typhon
