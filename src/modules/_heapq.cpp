// _heapq: priority queues in lists, smallest or (the _max functions) largest item first.
//
// As long as items compare without Python code (numbers, strings, tuples of those), an operation is one step under the
// list's lock: threads may share a heap. Otherwise the rest of it runs without the lock, and as items only ever change
// places in pairs, none is lost or doubled whatever other threads do; only the order may suffer.
#include "objects/list_body.h"
#include "objects/module.h"

namespace typhon {
namespace {

// The order of the heap: what belongs nearer to the top.
enum class Order : u8 { kSmallest, kLargest };

// a < b, when no Python code is needed to tell; else returns false.
bool quick_less(Value a, Value b, bool* less);

bool quick_less_slow(Value a, Value b, bool* less) {
  if (is_exact_float(a) && is_exact_float(b)) {
    *less = float_value(a) < float_value(b);
    return true;
  }
  if ((is_exact_int(a) || a.is_bool()) && (is_exact_int(b) || b.is_bool())) {
    *less = int_compare(a, b) < 0;
    return true;
  }
  if (is_exact_str(a) && is_exact_str(b)) {
    *less = str_compare(a.as<Str>(), b.as<Str>()) < 0;
    return true;
  }
  if (!is_exact_tuple(a) || !is_exact_tuple(b)) return false;
  const Tuple *x = a.as<Tuple>(), *y = b.as<Tuple>();
  for (u64 i = 0; i < x->size && i < y->size; i++) {
    Value p = x->items[i].peek(), q = y->items[i].peek();
    Quick same = quick_equal(p, q);
    if (same == Quick::kYes) continue;
    // Nested tuples may be of any depth.
    if (same == Quick::kUnknown || is_exact_tuple(p)) return false;
    return quick_less(p, q, less);
  }
  *less = x->size < y->size;
  return true;
}
TYPHON_INLINE bool quick_less(Value a, Value b, bool* less) {
  if (a.is_small_int() && b.is_small_int()) {
    *less = a.as_small_int() < b.as_small_int();
    return true;
  }
  if (a.is_immediate_float() && b.is_immediate_float()) {
    *less = a.as_immediate_float() < b.as_immediate_float();
    return true;
  }
  return quick_less_slow(a, b, less);
}

// An item on its way: down to the bottom along the children that belong higher, then up to its place (it mostly stays
// low), but not above `top`.
struct Move {
  u64 at, top;
  bool sinking;
};

void swap_items(Field* items, u64 a, u64 b) {
  Value x = items[a].peek();
  put_word(items[a], items[b].peek());
  put_word(items[b], x);
}

// Whether item a belongs above item b; false when only Python code can tell.
template <Order kOrder>
TYPHON_INLINE bool quick_above(Field* items, u64 a, u64 b, bool* above) {
  Value x = items[a].peek(), y = items[b].peek();
  return kOrder == Order::kSmallest ? quick_less(x, y, above) : quick_less(y, x, above);
}

// Under the lock: goes on until the item is in its place (true) or Python code is needed.
template <Order kOrder>
bool move_quickly(List* list, Move* m) {
  u64 size = list->size;
  if (m->at >= size) return true;
  Field* items = list->body->items;
  bool above;
  while (m->sinking && m->at < size / 2) {
    u64 child = 2 * m->at + 1;
    if (child + 1 < size) {
      if (!quick_above<kOrder>(items, child, child + 1, &above)) return false;
      child += !above;
    }
    swap_items(items, m->at, child);
    m->at = child;
  }
  m->sinking = false;
  while (m->at > m->top) {
    u64 parent = (m->at - 1) / 2;
    if (!quick_above<kOrder>(items, m->at, parent, &above)) return false;
    if (!above) break;
    swap_items(items, m->at, parent);
    m->at = parent;
  }
  return true;
}

// The same without the lock, asking Python code. Fails when the list changes its size meanwhile.
class SlowMove {
 public:
  SlowMove(Thread& t, List* list) : t_(t), list_(list), size_(list_size(list)) {}

  template <Order kOrder>
  Status run(Move m) {
    while (m.sinking && m.at < size_ / 2) {
      u64 child = 2 * m.at + 1;
      if (child + 1 < size_ && !TRY(above<kOrder>(child, child + 1))) child++;
      swap(m.at, child);
      m.at = child;
    }
    while (m.at > m.top) {
      u64 parent = (m.at - 1) / 2;
      if (!TRY(above<kOrder>(m.at, parent))) break;
      swap(m.at, parent);
      m.at = parent;
    }
    return ok();
  }

 private:
  template <Order kOrder>
  Result<bool> above(u64 a, u64 b) {
    Ref x = list_get(t_, list_, a), y = list_get(t_, list_, b);
    if (x.is_empty() || y.is_empty()) return changed();
    bool result = TRY(kOrder == Order::kSmallest ? compare_bool(t_, CompareOp::kLt, x, y)
                                                 : compare_bool(t_, CompareOp::kLt, y, x));
    if (list_size(list_) != size_) return changed();
    return result;
  }
  void swap(u64 a, u64 b) {
    ObjectLock lock(t_, list_);
    if (a < list_->size && b < list_->size) swap_items(list_->body->items, a, b);
  }
  Raised changed() { return raise(t_, exc::RuntimeError, "list changed size during iteration"); }

  Thread& t_;
  List* list_;
  u64 size_;
};

template <Order kOrder>
Status finish(Thread& t, List* list, const Move& m) {
  return SlowMove(t, list).run<kOrder>(m);
}

// Makes room for one more item, unless another thread does something else meanwhile.
Status grow(Thread& t, List* list) {
  ListBody* old = list_body::body_of(list);
  u64 size = list_body::size_of(list);
  ListBody* fresh = list_body::allocate_body(t, list, size + size / 2 + 4);
  if (fresh == nullptr) return Raised{};
  bool installed = false;
  {
    ObjectLock lock(t, list);
    if (list->body == old && list->size < fresh->capacity) {
      for (u64 i = 0; i < list->size; i++) *fresh->items[i].address() = old->items[i].peek();
      list_body::set_body(list, fresh);
      installed = true;
    }
  }
  if (!installed)
    heap::free_block(t, fresh);
  else if (old != nullptr)
    heap::retire_body(t, list, old);
  return ok();
}

Result<List*> heap_argument(Thread& t, const char* function, const char* which, Value v) {
  if (!is_list(v)) return raise(t, exc::TypeError, "%s() argument%s must be list, not %T", function, which, v);
  return v.as<List>();
}

template <Order kOrder>
Status push(Thread& t, List* list, Value item) {
  publish_for(list, item);
  for (;;) {
    bool stored = false, done = false;
    Move m{0, 0, false};
    {
      ObjectLock lock(t, list);
      u64 n = list->size;
      if (list->body != nullptr && n < list->body->capacity) {
        put_word(list->body->items[n], heap_copy(item));
        list_body::set_size(list, n + 1);
        stored = true;
        m.at = n;
        done = move_quickly<kOrder>(list, &m);
      }
    }
    if (stored) return done ? ok() : finish<kOrder>(t, list, m);
    TRY(grow(t, list));
  }
}

template <Order kOrder>
Ref pop(Thread& t, List* list) {
  Value result = EMPTY;
  bool done = true;
  Move m{0, 0, true};
  {
    ObjectLock lock(t, list);
    u64 size = list->size;
    if (size != 0) {
      // The last item takes the place of the first.
      Field* items = list->body->items;
      result = items[size - 1].peek();
      put_word(items[size - 1], EMPTY);
      list_body::set_size(list, size - 1);
      if (size > 1) {
        Value first = items[0].peek();
        put_word(items[0], result);
        result = first;
        done = move_quickly<kOrder>(list, &m);
      }
    }
  }
  if (result.is_empty()) return raise(t, exc::IndexError, "index out of range");
  Ref top = Field::adopt_heap(result);
  if (!done) TRY(finish<kOrder>(t, list, m));
  return top;
}

// Puts `item` in at the top and moves it to its place; what was at the top comes back. With `only_below` not if the
// item itself would be the new top: then the item comes back.
template <Order kOrder>
Ref replace(Thread& t, List* list, Value item, bool only_below) {
  publish_for(list, item);
  if (only_below) {
    Ref top = list_get(t, list, 0);
    if (top.is_empty()) return Ref::copy(item);
    Value x = kOrder == Order::kSmallest ? top.get() : item, y = kOrder == Order::kSmallest ? item : top.get();
    bool known;
    if (!quick_less(x, y, &known)) {
      bool goes_in = TRY(compare_bool(t, CompareOp::kLt, x, y));
      if (!goes_in) return Ref::copy(item);
      only_below = false;
    }
  }
  Value old = EMPTY;
  bool done = true, keep = false;
  Move m{0, 0, true};
  {
    ObjectLock lock(t, list);
    if (list->size != 0) {
      Field* items = list->body->items;
      bool below = true;
      Value top = items[0].peek();
      if (only_below && !(kOrder == Order::kSmallest ? quick_less(top, item, &below) : quick_less(item, top, &below)))
        below = true;
      keep = !below;
      if (below) {
        old = items[0].exchange(list, item);
        done = move_quickly<kOrder>(list, &m);
      }
    }
  }
  if (keep) return Ref::copy(item);
  if (old.is_empty()) return raise(t, exc::IndexError, "index out of range");
  Ref result = Field::adopt_heap(old);
  if (!done) TRY(finish<kOrder>(t, list, m));
  return result;
}

template <Order kOrder>
Ref f_push(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heappush" : "heappush_max";
  List* list = TRY(heap_argument(t, name, " 1", a[0]));
  TRY(push<kOrder>(t, list, a[1]));
  return Ref::none();
}

template <Order kOrder>
Ref f_pop(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heappop" : "heappop_max";
  List* list = TRY(heap_argument(t, name, "", a[0]));
  return pop<kOrder>(t, list);
}

template <Order kOrder>
Ref f_replace(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heapreplace" : "heapreplace_max";
  List* list = TRY(heap_argument(t, name, " 1", a[0]));
  return replace<kOrder>(t, list, a[1], false);
}

template <Order kOrder>
Ref f_pushpop(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heappushpop" : "heappushpop_max";
  List* list = TRY(heap_argument(t, name, " 1", a[0]));
  return replace<kOrder>(t, list, a[1], true);
}

template <Order kOrder>
Ref f_heapify(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heapify" : "heapify_max";
  List* list = TRY(heap_argument(t, name, "", a[0]));
  for (u64 i = list_size(list) / 2; i-- > 0;) {
    Move m{i, i, true};
    bool done;
    {
      ObjectLock lock(t, list);
      done = move_quickly<kOrder>(list, &m);
    }
    if (!done) TRY(finish<kOrder>(t, list, m));
    TRY(safepoint(t));
  }
  return Ref::none();
}

constexpr const char* kHeap = "($module, heap, /)";
constexpr const char* kHeapItem = "($module, heap, item, /)";

const Method kFunctions[] = {
    method("heappush", f_push<Order::kSmallest>, kHeapItem, "Push item onto heap, maintaining the heap invariant."),
    method(
        "heappushpop", f_pushpop<Order::kSmallest>, kHeapItem,
        "Push item on the heap, then pop and return the smallest item from the heap.\n\nThe combined action runs more "
        "efficiently than heappush() followed by\na separate call to heappop()."),
    method("heappop", f_pop<Order::kSmallest>, kHeap,
           "Pop the smallest item off the heap, maintaining the heap invariant."),
    method(
        "heapreplace", f_replace<Order::kSmallest>, kHeapItem,
        "Pop and return the current smallest value, and add the new item.\n\nThis is more efficient than heappop() "
        "followed by heappush(), and can be\nmore appropriate when using a fixed-size heap.  Note that the "
        "value\nreturned may be larger than item!  That constrains reasonable uses of\nthis routine unless written as "
        "part of a conditional replacement:\n\n    if item > heap[0]:\n        item = heapreplace(heap, item)"),
    method("heapify", f_heapify<Order::kSmallest>, kHeap,
           "Transform list into a heap, in-place, in O(len(heap)) time."),
    method("heappush_max", f_push<Order::kLargest>, kHeapItem,
           "Push item onto max heap, maintaining the heap invariant."),
    method(
        "heappushpop_max", f_pushpop<Order::kLargest>, kHeapItem,
        "Maxheap variant of heappushpop.\n\nThe combined action runs more efficiently than heappush_max()\nfollowed by "
        "a separate call to heappop_max()."),
    method("heappop_max", f_pop<Order::kLargest>, kHeap, "Maxheap variant of heappop."),
    method("heapreplace_max", f_replace<Order::kLargest>, kHeapItem, "Maxheap variant of heapreplace."),
    method("heapify_max", f_heapify<Order::kLargest>, kHeap, "Maxheap variant of heapify."),
    {},
};

Status initialise(Thread& t, Module* module) {
  return module_add_str(
      t, module, "__about__",
      "Heap queues\n\nA heap is a list a with a[k] <= a[2*k+1] and a[k] <= a[2*k+2] for all k that exist, "
      "counting from 0:\na[0] is its smallest item. Putting an item in and taking the smallest one out "
      "cost O(log n) comparisons.\n");
}

}  // namespace

extern const ModuleDef module__heapq;
const ModuleDef module__heapq = {
    "_heapq",
    "Heap queue algorithm (a.k.a. priority queue).\n\nA heap is a list in which a[k] <= a[2*k+1] and a[k] <= a[2*k+2] "
    "for all "
    "k, counting from 0;\nitems that do not exist count as infinite. a[0] is always the smallest "
    "item.\n\nUsage:\n\nheap = "
    "[]            # creates an empty heap\nheappush(heap, item) # pushes a new item on the heap\nitem = heappop(heap) "
    "# pops "
    "the smallest item from the heap\nitem = heap[0]       # smallest item on the heap without popping it\nheapify(x)  "
    "     "
    "    # transforms list into a heap, in-place, in linear time\nitem = heapreplace(heap, item) # pops and returns "
    "smallest "
    "item, and adds\n                               # new item; the heap size is unchanged\n",
    kFunctions, initialise};

}  // namespace typhon
