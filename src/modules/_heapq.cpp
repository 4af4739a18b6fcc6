// _heapq: priority queues in lists, smallest or (the _max functions) largest item first.
//
// Items only ever change places in pairs, under the list's lock, and comparisons run without it: whatever other threads
// do, no item is lost or doubled. Comparisons of numbers need no Python code and touch the array directly.
#include "objects/list_body.h"
#include "objects/module.h"

namespace typhon {
namespace {

// The order of the heap: what belongs nearer to the top.
enum class Order : u8 { kSmallest, kLargest };

// a < b for numbers that are immediates. False when somebody else must tell.
TYPHON_INLINE bool quick_less(Value a, Value b, bool* result) {
  if (a.is_small_int() && b.is_small_int()) {
    *result = a.as_small_int() < b.as_small_int();
    return true;
  }
  if (a.is_immediate_float() && b.is_immediate_float()) {
    *result = a.as_immediate_float() < b.as_immediate_float();
    return true;
  }
  return false;
}

class Heap {
 public:
  Heap(Thread& t, List* list) : t_(t), list_(list), size_(list_size(list)) {}

  // Whether item `a` must lie above item `b`. Fails when the list changed its size meanwhile.
  template <Order kOrder>
  Result<bool> above(u64 a, u64 b) {
    Ref x = list_get(t_, list_, a), y = list_get(t_, list_, b);
    if (x.is_empty() || y.is_empty()) return changed();
    return less(kOrder == Order::kSmallest ? x : y, kOrder == Order::kSmallest ? y : x);
  }
  Result<bool> less(Value x, Value y) {
    bool result;
    if (quick_less(x, y, &result)) return result;
    result = TRY(compare_bool(t_, CompareOp::kLt, x, y));
    if (list_size(list_) != size_) return changed();
    return result;
  }
  void swap(u64 a, u64 b) {
    ObjectLock lock(t_, list_);
    if (a >= list_->size || b >= list_->size) return;
    Field* items = list_->body->items;
    Value x = items[a].peek();
    put_word(items[a], items[b].peek());
    put_word(items[b], x);
  }
  u64 size() const { return size_; }

  // Moves item `at` up to its place, at most to `top`.
  template <Order kOrder>
  Status rise(u64 top, u64 at) {
    while (at > top) {
      u64 parent = (at - 1) / 2;
      if (!TRY((above<kOrder>(at, parent)))) break;
      swap(at, parent);
      at = parent;
    }
    return ok();
  }
  // Moves item `at` down to the bottom along the children that belong higher, then up to its place (it mostly stays
  // low).
  template <Order kOrder>
  Status sink(u64 at) {
    u64 top = at;
    while (at < size_ / 2) {
      u64 child = 2 * at + 1;
      if (child + 1 < size_ && !TRY((above<kOrder>(child, child + 1)))) child++;
      swap(at, child);
      at = child;
    }
    return rise<kOrder>(top, at);
  }

 private:
  Raised changed() { return raise(t_, exc::RuntimeError, "list changed size during iteration"); }

  Thread& t_;
  List* list_;
  u64 size_;
};

Result<List*> heap_argument(Thread& t, const char* function, const char* which, Value v) {
  if (!is_list(v)) return raise(t, exc::TypeError, "%s() argument%s must be list, not %T", function, which, v);
  return v.as<List>();
}

// Puts `item` at the top; what was there comes back, EMPTY when the heap is empty.
Ref replace_top(Thread& t, List* list, Value item) {
  publish_for(list, item);
  Value old = EMPTY;
  {
    ObjectLock lock(t, list);
    if (list->size != 0) old = list->body->items[0].exchange(list, item);
  }
  return Field::adopt_heap(old);
}

template <Order kOrder>
Status push(Thread& t, List* list, Value item) {
  TRY(list_append(t, list, item));
  Heap heap(t, list);
  return heap.rise<kOrder>(0, heap.size() - 1);
}

template <Order kOrder>
Ref pop(Thread& t, List* list) {
  // The last item takes the place of the first, in one step.
  Value last = EMPTY, first = EMPTY;
  {
    ObjectLock lock(t, list);
    u64 size = list->size;
    if (size != 0) {
      Field* items = list->body->items;
      last = items[size - 1].peek();
      put_word(items[size - 1], EMPTY);
      list_body::set_size(list, size - 1);
      if (size > 1) {
        first = items[0].peek();
        put_word(items[0], last);
      }
    }
  }
  if (last.is_empty()) return raise(t, exc::IndexError, "index out of range");
  if (first.is_empty()) return Field::adopt_heap(last);
  Ref result = Field::adopt_heap(first);
  Heap heap(t, list);
  TRY(heap.sink<kOrder>(0));
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
  Ref old = replace_top(t, list, a[1]);
  if (old.is_empty()) return raise(t, exc::IndexError, "index out of range");
  Heap heap(t, list);
  TRY(heap.sink<kOrder>(0));
  return old;
}

template <Order kOrder>
Ref f_pushpop(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heappushpop" : "heappushpop_max";
  List* list = TRY(heap_argument(t, name, " 1", a[0]));
  Ref top = list_get(t, list, 0);
  if (top.is_empty()) return Ref::copy(a[1]);
  bool goes_in;
  {
    Value x = kOrder == Order::kSmallest ? top.get() : a[1], y = kOrder == Order::kSmallest ? a[1] : top.get();
    if (!quick_less(x, y, &goes_in)) goes_in = TRY(compare_bool(t, CompareOp::kLt, x, y));
  }
  if (!goes_in) return Ref::copy(a[1]);
  Ref old = replace_top(t, list, a[1]);
  if (old.is_empty()) return raise(t, exc::IndexError, "index out of range");
  Heap heap(t, list);
  TRY(heap.sink<kOrder>(0));
  return old;
}

template <Order kOrder>
Ref f_heapify(Thread& t, Value, const Value* a) {
  const char* name = kOrder == Order::kSmallest ? "heapify" : "heapify_max";
  List* list = TRY(heap_argument(t, name, "", a[0]));
  Heap heap(t, list);
  for (u64 i = heap.size() / 2; i-- > 0;) {
    TRY(heap.sink<kOrder>(i));
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
