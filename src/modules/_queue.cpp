// _queue: SimpleQueue, an unbounded queue whose put() never blocks and may be called from finalisers and signal
// handlers.
#include <cmath>
#include <ctime>

#include "modules/_collections/collections.h"
#include "modules/_queue.h"
#include "platform/os.h"
#include "threads/sync.h"

namespace typhon {
namespace {

Type* g_simple_queue_type;
Type* g_empty;

// Threads that find nothing park on the address of `waiters`. A getter counts itself before it looks at the items a
// last time, a putter looks at the count after it has put its item: one of them sees the other.
//
// Waking is what costs, so one thread is woken at a time: while a woken getter is on its way (`waking`) putters leave it at that, and
// it wakes the next one itself if it finds more than one item. And one getter may look for an item for some microseconds
// before it parks (`spinners`); it is not woken, and owes the others the same.
struct SimpleQueue : Object {
  Field items;  // deque
  i32 waiters, waking, spinners;
};

SimpleQueue* self_of(Value v) { return v.as<SimpleQueue>(); }
void visit(Object* self, Visitor& visitor) { visitor.field(static_cast<SimpleQueue*>(self)->items); }

i64 now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return i64(now.tv_sec) * 1000000000 + now.tv_nsec;
}

Ref queue_new(Thread& t, Type* cls, Args args) {
  if (cls == g_simple_queue_type) {
    if (args.keyword_count != 0) return raise(t, exc::TypeError, "SimpleQueue() takes no keyword arguments");
    if (args.count != 0) return raise(t, exc::TypeError, "SimpleQueue() takes no positional arguments");
  }
  Ref items = TRY(deque_new_empty(t));
  Ref self = TRY(allocate_instance(t, cls));
  self_of(self)->items.init(self.object(), std::move(items));
  return self;
}

// Wakes a getter if there are items, and getters that sleep, and none that is on its way already.
void wake_getter(SimpleQueue* q, Value items) {
  for (;;) {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    u64 present = deque_size(items);
    if (present == 0 || __atomic_load_n(&q->waiters, __ATOMIC_RELAXED) == 0) return;
    if (present <= u64(__atomic_load_n(&q->spinners, __ATOMIC_RELAXED))) return;
    if (__atomic_exchange_n(&q->waking, 1, __ATOMIC_SEQ_CST) != 0) return;
    if (parking_lot::unpark_one(&q->waiters, nullptr, nullptr)) return;
    // Nobody slept yet. One who went to sleep since, in spite of an item put since, was not woken because of this.
    __atomic_store_n(&q->waking, 0, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (__atomic_load_n(&q->waiters, __ATOMIC_RELAXED) == 0 || !parking_lot::is_waited_for(&q->waiters)) return;
  }
}

Status put(Thread& t, SimpleQueue* q, Value item) {
  Ref items = q->items.load();
  TRY(deque_append(t, items, Ref::copy(item)));
  if (q->is_local()) return ok();  // with the GIL too, others wait for what is shared
#if !defined(__x86_64__)  // there the unlocking of the deque has been a full barrier
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(&q->waiters, __ATOMIC_RELAXED) > 0) wake_getter(q, items.get());
  return ok();
}

bool nothing_there(void* deque) { return deque_size(Value(static_cast<Object*>(deque))) == 0; }

// Looks for an item for a while. EMPTY when none came, or another thread is looking.
Ref spin_for_item(Thread& t, SimpleQueue* q, Value items) {
  if (!g_multi_threaded) return Ref();
  if (__atomic_fetch_add(&q->spinners, 1, __ATOMIC_SEQ_CST) != 0) {
    __atomic_fetch_sub(&q->spinners, 1, __ATOMIC_SEQ_CST);
    return Ref();
  }
  Ref item;
  spin_until(t, [&] {
    if (deque_size(items) != 0) item = deque_pop_front(t, items);
    return !item.is_empty();
  });
  __atomic_fetch_sub(&q->spinners, 1, __ATOMIC_SEQ_CST);
  if (!item.is_empty()) wake_getter(q, items);
  return item;
}

// timeout_ns: -1 for ever. EMPTY when the time is up.
Ref wait_in_queue(Thread& t, SimpleQueue* q, i64 timeout_ns) {
  Ref items = q->items.load();
  i64 deadline = timeout_ns < 0 ? 0 : now_ns() + timeout_ns;
  if (timeout_ns != 0) {
    Ref item = spin_for_item(t, q, items.get());
    if (!item.is_empty()) return item;
  }
  __atomic_fetch_add(&q->waiters, 1, __ATOMIC_SEQ_CST);
  Ref item;
  for (;;) {
    item = deque_pop_front(t, items);
    if (!item.is_empty()) break;
    i64 left = parking_lot::kForever;
    if (timeout_ns >= 0) {
      left = deadline - now_ns();
      if (left <= 0) break;
    }
    u64 data;
    auto woken = parking_lot::park(t, &q->waiters, nothing_there, items.object(), left, true, &data);
    if (woken == parking_lot::Woken::kUnparked) __atomic_store_n(&q->waking, 0, __ATOMIC_SEQ_CST);
    if (woken != parking_lot::Woken::kInterrupted) continue;
    if (safepoint_slow(t).failed()) {
      item = Ref::error();
      break;
    }
  }
  __atomic_fetch_sub(&q->waiters, 1, __ATOMIC_SEQ_CST);
  wake_getter(q, items.get());
  return item;
}
Ref wait_for_item(Thread& t, SimpleQueue* q, i64 timeout_ns) {
  return platform::on_emptied_stack([&] { return wait_in_queue(t, q, timeout_ns); });
}

// -1 for ever.
Result<i64> timeout_of(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return -1;
  double seconds;
  if (is_float(v)) {
    seconds = float_value(v);
    if (std::isnan(seconds)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
  } else {
    if (!is_indexable(v))
      return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer or float", v);
    seconds = TRY(to_double(t, v));
  }
  if (std::fabs(seconds) > 9223372036.0) return raise(t, exc::OverflowError, "timestamp out of range for C PyTime_t");
  if (seconds < 0) return raise(t, exc::ValueError, "'timeout' must be a non-negative number");
  return i64(std::ceil(seconds * 1e9));
}

Ref get(Thread& t, Value self, bool block, Value timeout) {
  Ref keep = Ref::copy(self);
  SimpleQueue* q = self_of(self);
  i64 limit = block ? TRY(timeout_of(t, timeout)) : 0;
  Ref items = q->items.load();
  Ref item = deque_pop_front(t, items);
  if (item.is_empty() && block) item = TRY(wait_for_item(t, q, limit));
  if (item.is_empty()) return raise_none(t, g_empty);
  return item;
}

Ref m_get(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(block=True, timeout=None)");
  if (args.count + args.keyword_count == 0) return get(t, self, true, EMPTY);
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "get", args, a, &keep));
  bool block = a[0].is_empty() || TRY(truth(t, a[0]));
  return get(t, self, block, a[1]);
}
Ref m_get_nowait(Thread& t, Value self, const Value*) { return get(t, self, false, EMPTY); }
Ref m_put(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(item, block=True, timeout=None)");
  Value a[3] = {args.count != 0 ? args[0] : EMPTY};
  Ref keep;
  if (args.count != 1 || args.keyword_count != 0) TRY(bind_arguments(t, signature, "put", args, a, &keep));
  TRY(put(t, self_of(self), a[0]));
  return Ref::none();
}
Ref m_put_nowait(Thread& t, Value self, const Value* a) {
  TRY(put(t, self_of(self), a[0]));
  return Ref::none();
}
Ref m_empty(Thread&, Value self, const Value*) {
  Ref items = self_of(self)->items.load();
  return Ref::boolean(deque_size(items) == 0);
}
Ref m_qsize(Thread& t, Value self, const Value*) {
  Ref items = self_of(self)->items.load();
  return int_from(t, i64(deque_size(items)));
}

const Method kMethods[] = {
    method("empty", m_empty, "($self, /)", "Return True if the queue is empty, False otherwise (not reliable!)."),
    raw_method("get", m_get, "($self, /, block=True, timeout=None)",
           "Remove and return an item from the queue.\n\nIf optional args 'block' is true and 'timeout' is None "
           "(the\ndefault), block if necessary until an item is available.  If\n'timeout' is a non-negative number, it "
           "blocks at most 'timeout'\nseconds and raises the Empty exception if no item was available\nwithin that "
           "time.\nOtherwise ('block' is false), return an item if one is immediately\navailable, else raise the Empty "
           "exception ('timeout' is ignored\nin that case)."),
    method("get_nowait", m_get_nowait, "($self, /)",
           "Remove and return an item from the queue without blocking.\n\nOnly get an item if one is immediately "
           "available. "
           "Otherwise\nraise the Empty exception."),
    raw_method(
        "put", m_put, "($self, /, item, block=True, timeout=None)",
        "Put the item on the queue.\n\nThe optional 'block' and 'timeout' arguments are ignored, as this\nmethod never "
        "blocks.  They are provided for compatibility with the\nQueue class."),
    method("put_nowait", m_put_nowait, "($self, /, item)",
           "Put an item into the queue without blocking.\n\nThis is exactly equivalent to `put(item)` and is only "
           "provided\nfor compatibility with the Queue class."),
    method("qsize", m_qsize, "($self, /)", "Return the approximate size of the queue (not reliable!)."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "SimpleQueues are generic over the type of their contents"),
    {},
};

const TypeSpec kSimpleQueueSpec = {
    .name = "_queue.SimpleQueue",
    .doc = "Simple, unbounded, reentrant FIFO queue.",
    .layout = {"SimpleQueue", sizeof(SimpleQueue), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.new_ = queue_new},
    .methods = kMethods,
    .text_signature = "()",
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kSimpleQueueSpec, &g_simple_queue_type));
  if (g_empty != nullptr) return module_add(t, module, "Empty", Value(g_empty));
  TRY(module_add_exception(t, module, "_queue.Empty", exc::Exception, &g_empty));
  RefTo<Str> doc = TRY(str_from_ascii(t, "Exception raised by Queue.get(block=0)/get_nowait()."));
  return set_attribute(t, Value(g_empty), names::__doc__, doc);
}

}  // namespace

bool is_simple_queue(Value v) { return v.is_object() && type_of(v) == g_simple_queue_type; }
Status simple_queue_put(Thread& t, Value queue, Value item) { return put(t, self_of(queue), item); }
Ref simple_queue_take(Thread& t, Value queue, bool block) {
  Ref keep = Ref::copy(queue), items = self_of(queue)->items.load();
  Ref item = deque_pop_front(t, items);
  return item.is_empty() && block ? wait_for_item(t, self_of(queue), -1) : std::move(item);
}

extern const ModuleDef module__queue;
const ModuleDef module__queue = {"_queue",
                                 "C implementation of the Python queue module.\nThis module is an implementation "
                                 "detail, please do not use it directly.",
                                 nullptr, initialise};

}  // namespace typhon
