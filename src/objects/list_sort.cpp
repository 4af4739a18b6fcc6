// list.sort: takes the items out of the list (it is empty meanwhile, as a program that looks sees), sorts them, puts
// them back. Comparisons of keys that are all small ints, floats, strings or tuples do not go through the generic
// protocol.
#include "objects/list_body.h"
#include "objects/merge_sort.h"
#include "objects/protocol/call_words.h"

namespace typhon {

using namespace list_body;

namespace {

struct Keyed {
  Value key, value;
};
TYPHON_INLINE Value key_of(Value item) { return item; }
TYPHON_INLINE Value key_of(const Keyed& item) { return item.key; }
TYPHON_INLINE Value value_of(Value item) { return item; }
TYPHON_INLINE Value value_of(const Keyed& item) { return item.value; }

TYPHON_INLINE bool str_less(const Str* a, const Str* b) {
  if (a->kind() == 0 && b->kind() == 0) {
    size_t n = a->length(), m = b->length();
    int order = std::memcmp(a->raw(), b->raw(), n < m ? n : m);
    return order != 0 ? order < 0 : n < m;
  }
  return str_compare(a, b) < 0;
}

struct IntLess {
  template <class Item>
  int operator()(const Item& a, const Item& b) const {
    return i64(key_of(a).bits) < i64(key_of(b).bits);
  }
};
struct FloatLess {
  template <class Item>
  int operator()(const Item& a, const Item& b) const {
    return key_of(a).as_immediate_float() < key_of(b).as_immediate_float();
  }
};
struct StrLess {
  template <class Item>
  int operator()(const Item& a, const Item& b) const {
    return str_less(key_of(a).template as<Str>(), key_of(b).template as<Str>());
  }
};

int generic_less(Thread& t, Value a, Value b) {
  if (a.bits & b.bits & 1) return i64(a.bits) < i64(b.bits);
  Result<bool> r = compare_bool(t, CompareOp::kLt, a, b);
  return r.failed() ? -1 : r.get();
}
struct GenericLess {
  Thread& t;
  template <class Item>
  int operator()(const Item& a, const Item& b) const {
    return generic_less(t, key_of(a), key_of(b));
  }
};
// Tuples: the first items that differ decide.
struct TupleLess {
  Thread& t;
  template <class Item>
  int operator()(const Item& a, const Item& b) const {
    Tuple *x = key_of(a).template as<Tuple>(), *y = key_of(b).template as<Tuple>();
    u64 n = x->size < y->size ? x->size : y->size;
    for (u64 i = 0; i < n; i++) {
      Value p = x->items[i].peek(), q = y->items[i].peek();
      Result<bool> same = values_equal(t, p, q);
      if (same.failed()) return -1;
      if (same.get()) continue;
      if (is_exact_str(p) && is_exact_str(q)) return str_less(p.as<Str>(), q.as<Str>());
      return generic_less(t, p, q);
    }
    return x->size < y->size;
  }
};

enum class KeyKind : u8 { kInt, kFloat, kStr, kTuple, kOther };
KeyKind kind_of_key(Value v) {
  if (v.is_small_int()) return KeyKind::kInt;
  if (v.is_immediate_float()) return KeyKind::kFloat;
  if (is_exact_str(v)) return KeyKind::kStr;
  if (is_exact_tuple(v)) return KeyKind::kTuple;
  return KeyKind::kOther;
}

template <class Item, class Less>
Status run_sort(Thread& t, Item* items, u64 n, Less less) {
  MergeSort<Item, Less> sorter(less);
  bool done = sorter.sort(items, n, [&] { return !safepoint(t).failed(); });
  if (done) return ok();
  if (sorter.out_of_memory()) return raise_no_memory(t);
  return Raised{};
}

template <class Item>
Status sort_items(Thread& t, Item* items, u64 n) {
  if (n < 2) return ok();
  KeyKind kind = kind_of_key(key_of(items[0]));
  for (u64 i = 1; i < n && kind != KeyKind::kOther; i++)
    if (kind_of_key(key_of(items[i])) != kind) kind = KeyKind::kOther;
  switch (kind) {
    case KeyKind::kInt: return run_sort(t, items, n, IntLess{});
    case KeyKind::kFloat: return run_sort(t, items, n, FloatLess{});
    case KeyKind::kStr: return run_sort(t, items, n, StrLess{});
    case KeyKind::kTuple: return run_sort(t, items, n, TupleLess{t});
    case KeyKind::kOther: break;
  }
  return run_sort(t, items, n, GenericLess{t});
}

constexpr u64 kFew = 8;
// Room for n items, on the native stack when they are few.
template <class Item>
class Room {
 public:
  explicit Room(u64 n) : items_(n <= kFew ? few_ : static_cast<Item*>(std::malloc(n * sizeof(Item)))) {}
  ~Room() {
    if (items_ != few_) std::free(items_);
  }
  Room(const Room&) = delete;
  Item* items() { return items_; }  // null: no memory

 private:
  Item few_[kFew];
  Item* items_;
};

template <class Item>
void reverse_items(Item* items, u64 n) {
  for (u64 i = 0; i < n / 2; i++) std::swap(items[i], items[n - 1 - i]);
}

// Sorts n items; writes their values to `out`, also when a comparison raised: in the order they had by then.
template <class Item, class Make>
Status sort_into(Thread& t, u64 n, bool reverse, Value* out, Make&& make) {
  Room<Item> buffer(n);
  Item* items = buffer.items();
  if (items == nullptr) return raise_no_memory(t);
  for (u64 i = 0; i < n; i++) items[i] = make(i);
  // Reversing twice keeps equal items in their order.
  if (reverse) reverse_items(items, n);
  Status status = sort_items(t, items, n);
  if (reverse) reverse_items(items, n);
  for (u64 i = 0; i < n; i++) out[i] = value_of(items[i]);
  return status;
}

Status sort_values(Thread& t, RootedVector& values, Value key, bool reverse, Value* out) {
  u64 n = values.size();
  if (key.is_none() || key.is_empty()) return sort_into<Value>(t, n, reverse, out, [&](u64 i) { return values[i]; });
  RootedVector keys(t);
  for (u64 i = 0; i < n; i++) {
    Ref k = TRY(call_words(t, key, values[i]));
    // Counted words: the sort moves them through memory that no scan sees.
    keys.push(Ref::adopt(to_heap_word(k.take())));
  }
  return sort_into<Keyed>(t, n, reverse, out, [&](u64 i) { return Keyed{keys[i], values[i]}; });
}

// Latin-1 strings with the eight characters behind what is common to all of them, as a number that orders like these.
struct Prefixed {
  u64 prefix;
  Value value;
};
struct PrefixLess {
  int operator()(const Prefixed& a, const Prefixed& b) const {
    return a.prefix != b.prefix ? a.prefix < b.prefix : str_less(a.value.as<Str>(), b.value.as<Str>());
  }
};

u64 prefix_of(const Str* s, size_t skip) {
  u8 head[8] = {};
  size_t left = s->length() - skip;
  std::memcpy(head, s->data<u8>() + skip, left < 8 ? left : 8);
  u64 word;
  std::memcpy(&word, head, 8);
  return __builtin_bswap64(word);
}

// False: not done (a wide string, no memory).
bool sort_strings(Value* items, u64 n) {
  const Str* first = items[0].as<Str>();
  size_t common = first->length();
  for (u64 i = 0; i < n; i++) {
    const Str* s = items[i].as<Str>();
    if (s->kind() != 0) return false;
    if (s->length() < common) common = s->length();
    if (std::memcmp(s->raw(), first->raw(), common) != 0)
      for (common = 0; s->data<u8>()[common] == first->data<u8>()[common];) common++;
  }
  auto* keyed = static_cast<Prefixed*>(std::malloc(n * sizeof(Prefixed)));
  if (keyed == nullptr) return false;
  for (u64 i = 0; i < n; i++) keyed[i] = {prefix_of(items[i].as<Str>(), common), items[i]};
  MergeSort<Prefixed, PrefixLess> sorter{PrefixLess{}};
  bool done = sorter.sort(keyed, n, [] { return true; });
  if (done)
    for (u64 i = 0; i < n; i++) items[i] = keyed[i].value;
  std::free(keyed);
  return done;
}

// Ints, floats or strings, not too many, in a list that nobody else looks at: no Python code runs and nothing is polled, so
// that they are sorted where they are. False: not done, for whatever reason.
bool sort_in_place(List* list, bool reverse) {
  constexpr u64 kMost = 1 << 16;
  u64 n = list->size;
  if (n < 2 || n > kMost) return n < 2;
  Value* items = list->body->items[0].address();
  KeyKind kind = kind_of_key(items[0]);
  if (kind > KeyKind::kStr) return false;
  for (u64 i = 1; i < n; i++)
    if (kind_of_key(items[i]) != kind) return false;
  // Reversing twice keeps equal items in their order.
  if (reverse) reverse_items(items, n);
  auto simply = [&](auto less) {
    MergeSort<Value, decltype(less)> sorter(less);
    return sorter.sort(items, n, [] { return true; });
  };
  bool done = kind == KeyKind::kInt     ? simply(IntLess{})
              : kind == KeyKind::kFloat ? simply(FloatLess{})
                                        : sort_strings(items, n) || simply(StrLess{});
  if (reverse) reverse_items(items, n);
  return done;
}

// Gives the list back its items, which were taken out: n words in `target`, in their order. `body`: the array that they were in.
Status end_sort(Thread& t, List* list, ListBody* body, ListBody* target, u64 n, Status status) {
  ListBody* intruder;
  u64 intruder_size;
  {
    ObjectLock lock(t, list);
    intruder = list->body;
    intruder_size = list->size;
    set_body(list, target);
    set_size(list, n);
  }
  if (body != nullptr && target != body) heap::retire_body(t, list, body);
  if (intruder == nullptr) return status;
  // Somebody stored into the list during the sort: that is lost, and reported unless something else is.
  Ref pending = status.failed() ? take_exception(t) : Ref();
  for (u64 i = 0; i < intruder_size; i++) Field::release_heap(intruder->items[i].peek());
  heap::retire_body(t, list, intruder);
  if (!status.failed()) return raise(t, exc::ValueError, "list modified during sort");
  restore_exception(t, std::move(pending));
  return status;
}

// Items with their keys, which it owns: on the native stack, where the collector looks for words, those of what is not counted too.
struct FewKeyed {
  Keyed items[kFew];
  u64 keys = 0;
  ~FewKeyed() {
    for (u64 i = 0; i < keys; i++) release(items[i].key);
  }
};
// Up to kFew items of a list that this thread alone knows, by their keys. The words stay in the array that is taken out of the list.
Status sort_few(Thread& t, List* list, Value key, bool reverse) {
  ListBody* body = list->body;
  u64 n = list->size;
  list->size = 0;
  list->body = nullptr;
  FewKeyed keyed;
  for (u64 i = 0; i < n; i++) keyed.items[i].value = body->items[i].peek();
  Status status = ok();
  while (keyed.keys < n) {
    Ref k = call_words(t, key, keyed.items[keyed.keys].value);
    if (k.failed()) [[unlikely]] {
      status = Raised{};
      break;
    }
    keyed.items[keyed.keys++].key = k.take();
  }
  if (keyed.keys == n) {
    if (reverse) reverse_items(keyed.items, n);
    status = sort_items(t, keyed.items, n);
    if (reverse) reverse_items(keyed.items, n);
    for (u64 i = 0; i < n; i++) *body->items[i].address() = keyed.items[i].value;
  }
  if (list->is_local() && list->body == nullptr) [[likely]] {
    list->body = body;
    list->size = n;
    return status;
  }
  for (u64 i = 0; i < n; i++) publish_for(list, body->items[i].peek());
  return end_sort(t, list, body, body, n, status);
}

}  // namespace

Status list_sort_py(Thread& t, List* list, Value key, bool reverse) {
  if ((key.is_none() || key.is_empty()) && !is_contended(list) && sort_in_place(list, reverse)) return ok();
  if (!key.is_none() && !key.is_empty() && list->is_local() && list->size != 0 && list->size <= kFew) return sort_few(t, list, key, reverse);
  ListBody* body;
  u64 n;
  bool seen_by_others = is_contended(list);
  {
    ObjectLock lock(t, list);
    body = list->body;
    n = list->size;
    set_size(list, 0);
    set_body(list, nullptr);
  }
  // The array that the items go back into. Others may still be reading the old one.
  ListBody* target = body;
  if (seen_by_others && body != nullptr) target = allocate_body(t, list, n);
  Room<Value> buffer(n);
  Value* order = buffer.items();
  bool out_of_memory = order == nullptr || (body != nullptr && target == nullptr);
  RootedVector values(t);
  Status status;
  if (out_of_memory) {
    clear_exception(t);
    status = raise_no_memory(t);
    if (target != body && target != nullptr) heap::free_block(t, target);
    target = body;
  } else {
    // The counts of the slots move to the vector: a counted word each.
    for (u64 i = 0; i < n; i++) {
      values.push(Field::adopt_heap(body->items[i].peek()));
      order[i] = values[i];
    }
    if (target == body && body != nullptr)
      for (u64 i = 0; i < n; i++) *body->items[i].address() = EMPTY;
    status = sort_values(t, values, key, reverse, order);
    for (u64 i = 0; i < n; i++) {
      publish_for(list, order[i]);
      put_word(target->items[i], order[i]);
      values.words()[i] = EMPTY;
    }
    values.clear();
  }
  return end_sort(t, list, body, target, n, status);
}

}  // namespace typhon
