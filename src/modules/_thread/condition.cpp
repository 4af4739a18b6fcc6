// The hot paths of threading.Condition and queue.Queue: native methods that do the usual case themselves and leave everything else to the
// library's function that they stand in for (modules/accelerate.cpp).
#include "modules/_thread/condition.h"

#include "modules/_collections/collections.h"
#include "modules/_thread/thread_module.h"
#include "modules/accelerate.h"

namespace typhon {

namespace {

// --- the library's functions
enum Original { kEnter, kExit, kNotify, kNotifyAll, kPut, kGet, kOriginalCount };
GlobalRoot g_originals[kOriginalCount];

Ref call_original(Thread& t, Original which, Value self, Args args) {
  return typhon::call_original(t, g_originals[which], self, args);
}

#define TYPHON_CONDITION_NAMES(NAME)                                                                                          \
  NAME(_get) NAME(_lock) NAME(_put) NAME(_qsize) NAME(_waiters) NAME(is_shutdown) NAME(maxsize) NAME(mutex) NAME(not_empty)   \
  NAME(not_full) NAME(notify) NAME(queue) NAME(unfinished_tasks)
#define TYPHON_DEFINE(id) Str* n_##id;
TYPHON_CONDITION_NAMES(TYPHON_DEFINE)
#undef TYPHON_DEFINE
void make_names(Thread& t) {
#define TYPHON_MAKE(id) n_##id = str_immortal(t, #id);
  TYPHON_CONDITION_NAMES(TYPHON_MAKE)
#undef TYPHON_MAKE
}

// --- Condition
Type* g_condition_class;

Ref lock_of_condition(Thread& t, Value self) {
  static u64 cache;
  return own_attribute(t, self.object(), n__lock, &cache);
}

Ref condition_enter(Thread& t, Value self, Args args) {
  Ref lock = TRY(lock_of_condition(t, self));
  if (args.count + args.keyword_count != 0 || !is_native_lock(lock.get())) return call_original(t, kEnter, self, args);
  return native_lock_acquire(t, lock.get());
}
Ref condition_exit(Thread& t, Value self, Args args) {
  Ref lock = TRY(lock_of_condition(t, self));
  if (args.keyword_count != 0 || !is_native_lock(lock.get())) return call_original(t, kExit, self, args);
  return native_lock_release(t, lock.get());
}

// Whether nobody waits for the condition, and the caller holds it.
Result<bool> nobody_waits(Thread& t, Value self) {
  static u64 cache;
  if (type_of(self) != g_condition_class) return false;
  Ref lock = TRY(lock_of_condition(t, self));
  if (!is_native_lock(lock.get()) || !native_lock_owned(t, lock.get())) return false;
  Ref waiters = TRY(own_attribute(t, self.object(), n__waiters, &cache));
  return waiters.get().is_object() && type_of(waiters.get()) == g_deque_type && deque_size(waiters.get()) == 0;
}
Ref condition_notify(Thread& t, Value self, Args args) {
  bool usual = args.count + args.keyword_count == 0 || (args.count == 1 && args.keyword_count == 0 && args[0].is_small_int());
  if (usual && TRY(nobody_waits(t, self))) return Ref::none();
  return call_original(t, kNotify, self, args);
}
Ref condition_notify_all(Thread& t, Value self, Args args) {
  if (args.count + args.keyword_count == 0 && TRY(nobody_waits(t, self))) return Ref::none();
  return call_original(t, kNotifyAll, self, args);
}
const Method kConditionMethods[] = {
    raw_method("__enter__", condition_enter, "($self)"),
    raw_method("__exit__", condition_exit, "($self, *args)"),
    raw_method("notify", condition_notify, "($self, n=1)",
               "Wake up one or more threads waiting on this condition, if any.\n\nRuntimeError when the caller does not hold the lock."),
    raw_method("notify_all", condition_notify_all, "($self)",
               "Wake up all threads waiting on this condition.\n\nRuntimeError when the caller does not hold the lock."),
    {},
};

// --- Queue
Type* g_queue_class;
GlobalRoot g_own_put, g_own_get, g_own_qsize;  // Queue's _put, _get, _qsize

// A plain queue whose hooks are the class's own. (One set on an instance is seen when its shape is looked at first.)
bool is_plain_queue(Value self) {
  static u32 known_shape;
  if (type_of(self) != g_queue_class) return false;
  if (!type_lookup(g_queue_class, n__put).same_word(g_own_put.get()) || !type_lookup(g_queue_class, n__get).same_word(g_own_get.get()) ||
      !type_lookup(g_queue_class, n__qsize).same_word(g_own_qsize.get()))
    return false;
  u32 id = __atomic_load_n(&self.object()->shape, __ATOMIC_ACQUIRE);
  if (id == __atomic_load_n(&known_shape, __ATOMIC_RELAXED)) return true;
  const Shape* shape = shape_at(id);
  if (shape->flags & shape_flag::kDictMode) return false;
  if (find_slot(shape, n__put) >= 0 || find_slot(shape, n__get) >= 0 || find_slot(shape, n__qsize) >= 0) return false;
  __atomic_store_n(&known_shape, id, __ATOMIC_RELAXED);
  return true;
}

bool is_zero(Value v) { return v.is_small_int() && v.as_small_int() == 0; }
bool is_plain_deque(Value v) { return v.is_object() && type_of(v) == g_deque_type; }

// The queue's deque, locked by its mutex in `held`; EMPTY when the library's code has to see to it.
Ref open_queue(Thread& t, Value self, HeldLock& held) {
  static u64 mutex_cache, queue_cache;
  if (!is_plain_queue(self)) return Ref();
  Ref mutex = TRY(own_attribute(t, self.object(), n_mutex, &mutex_cache));
  if (!is_lock(mutex.get())) return Ref();
  TRY(held.acquire(t, mutex.get()));
  Ref queue = TRY(own_attribute(t, self.object(), n_queue, &queue_cache));
  return is_plain_deque(queue.get()) ? std::move(queue) : Ref();
}

// condition.notify(), mostly nothing to do. The mutex is held.
Status notify(Thread& t, Value self, Str* name, u64* cache) {
  static u64 waiters_cache;
  Ref condition = TRY(own_attribute(t, self.object(), name, cache));
  if (condition.get().is_object() && type_of(condition.get()) == g_condition_class) {
    Ref waiters = TRY(own_attribute(t, condition.object(), n__waiters, &waiters_cache));
    if (is_plain_deque(waiters.get()) && deque_size(waiters.get()) == 0) return ok();
  }
  TRY(call_method(t, condition.get(), n_notify, nullptr, 0));
  return ok();
}

// False when the queue is full, or shut down, or anything about it is unusual: then nothing was done.
Result<bool> put_now(Thread& t, Value self, Value item) {
  static u64 size_cache, shutdown_cache, unfinished_cache, condition_cache;
  HeldLock held;
  Ref queue = open_queue(t, self, held);
  if (queue.failed()) return Raised{};
  if (queue.is_empty()) return false;
  Ref most = TRY(own_attribute(t, self.object(), n_maxsize, &size_cache));
  Ref shut = TRY(own_attribute(t, self.object(), n_is_shutdown, &shutdown_cache));
  Ref unfinished = TRY(own_attribute(t, self.object(), n_unfinished_tasks, &unfinished_cache));
  if (!most.get().is_small_int() || !shut.get().same_word(False) || !unfinished.get().is_small_int()) return false;
  if (most.get().as_small_int() > 0 && deque_size(queue.get()) >= u64(most.get().as_small_int())) return false;
  TRY(deque_append(t, queue.get(), Ref::copy(item)));
  TRY(set_own_attribute(t, self.object(), n_unfinished_tasks, Value::small_int(unfinished.get().as_small_int() + 1)));
  TRY(notify(t, self, n_not_empty, &condition_cache));
  return true;
}
// EMPTY when there is no item, or anything is unusual.
Ref get_now(Thread& t, Value self) {
  static u64 condition_cache;
  HeldLock held;
  Ref queue = open_queue(t, self, held);
  if (queue.failed() || queue.is_empty()) return queue;
  Ref item = deque_pop_front(t, queue.get());
  if (item.is_empty()) return item;
  TRY(notify(t, self, n_not_full, &condition_cache));
  return item;
}

Ref queue_put(Thread& t, Value self, Args args) {
  // Whatever block and timeout say: an item that has room is put at once. Their errors are for the library to raise.
  bool usual = args.count == 1 && (args.keyword_count == 0 || (args.keyword_count == 1 && args.keyword(0).is_bool()));
  if (usual && TRY(put_now(t, self, args[0]))) return Ref::none();
  return call_original(t, kPut, self, args);
}
Ref queue_get(Thread& t, Value self, Args args) {
  bool usual = args.count == 0 && (args.keyword_count == 0 || (args.keyword_count == 1 && args.keyword(0).is_bool()));
  if (usual) {
    Ref item = TRY(get_now(t, self));
    if (!item.is_empty()) return item;
  }
  return call_original(t, kGet, self, args);
}
const Method kQueueMethods[] = {
    raw_method("put", queue_put, "($self, item, block=True, timeout=None)",
               "Put an item into the queue.\n\nA full queue: waits for room, at most `timeout` seconds if that is given, and with `block` false not "
               "at\nall; then Full. ShutDown when the queue has been shut down."),
    raw_method("get", queue_get, "($self, block=True, timeout=None)",
               "Remove and return an item from the queue.\n\nAn empty queue: waits for an item, at most `timeout` seconds if that is given, and "
               "with `block` false\nnot at all; then Empty. ShutDown when it has been shut down and is empty."),
    {},
};

}  // namespace

Status accelerate_threading(Thread& t, Dict* globals) {
  Ref condition = class_in(t, globals, "Condition");
  if (condition.is_empty() || g_condition_class != nullptr) return ok();
  make_names(t);
  static GlobalRoot keep;
  keep.set(t, condition.dup());
  g_condition_class = condition.as<Type>();
  return replace_methods(t, condition.get(), kConditionMethods, &g_originals[kEnter]);
}

Status accelerate_queue(Thread& t, Dict* globals) {
  Ref queue = class_in(t, globals, "Queue");
  if (queue.is_empty() || g_queue_class != nullptr || g_condition_class == nullptr || g_deque_type == nullptr) return ok();
  static GlobalRoot keep;
  keep.set(t, queue.dup());
  g_queue_class = queue.as<Type>();
  g_own_put.set(t, Ref::copy(type_lookup(g_queue_class, n__put)));
  g_own_get.set(t, Ref::copy(type_lookup(g_queue_class, n__get)));
  g_own_qsize.set(t, Ref::copy(type_lookup(g_queue_class, n__qsize)));
  return replace_methods(t, queue.get(), kQueueMethods, &g_originals[kPut]);
}

}  // namespace typhon
