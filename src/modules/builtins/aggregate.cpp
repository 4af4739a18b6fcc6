// all, any, min, max, sum, sorted.
#include <cmath>

#include "modules/builtins/builtins.h"
#include "objects/container_util.h"
#include "objects/list_body.h"
#include "objects/protocol/call_words.h"

namespace typhon {

namespace {

const Value* words_at(const Field* items) { return reinterpret_cast<const Value*>(items); }

// What an iterable gives, one by one: lists and tuples without an iterator object.
class Items {
 public:
  Status start(Thread& t, Value iterable) {
    if (is_exact_list(iterable) || is_exact_tuple(iterable)) {
      source_ = Ref::copy(iterable);
      return ok();
    }
    source_ = TRY(get_iter(t, iterable));
    next_ = type_of(source_)->slots.next;
    return ok();
  }
  // EMPTY at the end; ERROR. Polls.
  TYPHON_INLINE Ref next(Thread& t) {
    if (poll_wanted(t)) [[unlikely]] TRY(safepoint_slow(t));
    if (next_ == nullptr) {
      u64 i = index_++;
      if (is_exact_list(source_)) return list_body::item_at(source_.as<List>(), i);
      Tuple* tuple = source_.as<Tuple>();
      return i < tuple->size ? tuple->items[i].load() : Ref();
    }
    Ref item = next_(t, source_);
    if (item.failed() && clear_if(t, exc::StopIteration)) return Ref();
    return item;
  }

 private:
  Ref source_;
  NextFn next_ = nullptr;
  u64 index_ = 0;
};

// Whether any item has that truth.
Result<bool> any_item(Thread& t, Value iterable, bool wanted) {
  Items items;
  TRY(items.start(t, iterable));
  while (true) {
    Ref item = TRY(items.next(t));
    if (item.is_empty()) return !wanted;
    if (TRY(truth(t, item)) == wanted) return wanted;
  }
}

// Of ints or floats only, and at least one of them: no objects, no calls. EMPTY for others.
Value extreme_number(const Value* words, u64 n, bool greatest) {
  if (n == 0) return EMPTY;
  Value best = words[0];
  if (best.is_small_int()) {
    for (u64 i = 1; i < n; i++) {
      if (!words[i].is_small_int()) return EMPTY;
      bool better = greatest ? words[i].as_small_int() > best.as_small_int() : words[i].as_small_int() < best.as_small_int();
      if (better) best = words[i];
    }
    return best;
  }
  for (u64 i = 0; i < n; i++) {
    if (!words[i].is_immediate_float()) return EMPTY;
    double x = words[i].as_immediate_float(), y = best.as_immediate_float();
    if (greatest ? x > y : x < y) best = words[i];
  }
  return best;
}

// The same for the items of a list or tuple that nobody changes meanwhile.
Value extreme_item(Value sequence, bool greatest) {
  if (is_exact_tuple(sequence)) return extreme_number(words_at(sequence.as<Tuple>()->items), sequence.as<Tuple>()->size, greatest);
  if (!is_exact_list(sequence) || is_contended(sequence.object()) || sequence.as<List>()->size == 0) return EMPTY;
  List* list = sequence.as<List>();
  return extreme_number(words_at(list->body->items), list->size, greatest);
}

// Of functions that have two keyword parameters.
Status check_keyword_count(Thread& t, Args args, const char* name) {
  if (args.keyword_count <= 2) return ok();
  return raise(t, exc::TypeError, "%s() takes at most 2 keyword arguments (%d given)", name, int(args.keyword_count));
}

Ref extreme(Thread& t, Args args, CompareOp op, const char* name) {
  if (args.keyword_count == 0 && args.count != 0) {
    bool greatest = op == CompareOp::kGt;
    Value number = args.count > 1 ? extreme_number(args.values, args.count, greatest) : extreme_item(args[0], greatest);
    if (!number.is_empty()) return Ref::adopt(number);
  }
  if (args.count == 0) return raise(t, exc::TypeError, "%s expected at least 1 argument, got 0", name);
  TRY(check_keyword_count(t, args, name));
  Value key = EMPTY, fallback = EMPTY;
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* given = args.names->items[k].as<Str>();
    if (given->equals_ascii("key"))
      key = args.keyword(k).is_none() ? EMPTY : args.keyword(k);
    else if (given->equals_ascii("default"))
      fallback = args.keyword(k);
    else
      return raise(t, exc::TypeError, "%s() got an unexpected keyword argument '%U'", name, given);
  }
  if (args.count > 1 && !fallback.is_empty())
    return raise(t, exc::TypeError, "Cannot specify a default for %s() with multiple positional arguments", name);
  Ref best, best_key;
  auto offer = [&](Ref&& item) -> Status {
    Ref item_key = key.is_empty() ? item.dup() : TRY(call_words(t, key, item));
    if (best.is_empty() || TRY(compare_bool(t, op, item_key, best_key))) {
      best = std::move(item);
      best_key = std::move(item_key);
    }
    return ok();
  };
  if (args.count > 1) {
    for (u32 i = 0; i < args.count; i++) TRY(offer(Ref::copy(args[i])));
    return best;
  }
  Ref iterator = TRY(get_iter(t, args[0]));
  while (true) {
    TRY(safepoint(t));
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) break;
    TRY(offer(std::move(item)));
  }
  if (!best.is_empty()) return best;
  if (!fallback.is_empty()) return Ref::copy(fallback);
  return raise(t, exc::ValueError, "%s() iterable argument is empty", name);
}

}  // namespace

Ref builtin_all(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(any_item(t, a[0], false))); }
Ref builtin_any(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(any_item(t, a[0], true))); }
Ref builtin_max(Thread& t, Value, Args args) { return extreme(t, args, CompareOp::kGt, "max"); }
Ref builtin_min(Thread& t, Value, Args args) { return extreme(t, args, CompareOp::kLt, "min"); }

Ref builtin_sorted(Thread& t, Value, Args args) {
  if (args.count != 1) return raise(t, exc::TypeError, "sorted expected 1 argument, got %d", int(args.count));
  TRY(check_keyword_count(t, args, "sort"));
  Value key = EMPTY;
  bool reverse = false;
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* given = args.names->items[k].as<Str>();
    if (given->equals_ascii("key"))
      key = args.keyword(k).is_none() ? EMPTY : args.keyword(k);
    else if (given->equals_ascii("reverse"))
      reverse = TRY(truth(t, args.keyword(k)));
    else
      return raise(t, exc::TypeError, "sort() got an unexpected keyword argument '%U'", given);
  }
  RefTo<List> list = TRY(to_list(t, args[0]));
  TRY(list_sort_py(t, list.get(), key, reverse));
  return list;
}

// Neumaier's sum.
struct CompensatedSum {
  double sum;
  double compensation = 0;
  void add(double x) {
    double s = sum + x;
    compensation += std::fabs(sum) >= std::fabs(x) ? (sum - s) + x : (x - s) + sum;
    sum = s;
  }
  // -0.0 stays what it is.
  double result() const { return compensation != 0 && std::isfinite(compensation) ? sum + compensation : sum; }
};

// Ints are added in a machine word, floats and complex numbers with Neumaier's compensation, as CPython 3.12+ does; anything else with +.
Ref builtin_sum(Thread& t, Value, const Value* a) {
  Value start = a[1].is_empty() ? Value::small_int(0) : a[1];
  Items items;
  TRY(items.start(t, a[0]));
  if (is_str(start)) return raise(t, exc::TypeError, "sum() can't sum strings [use ''.join(seq) instead]");
  if (is_bytes(start)) return raise(t, exc::TypeError, "sum() can't sum bytes [use b''.join(seq) instead]");
  if (is_bytearray(start)) return raise(t, exc::TypeError, "sum() can't sum bytearray [use b''.join(seq) instead]");
  Ref total = Ref::copy(start);
  Ref item;
  auto advance = [&]() -> Result<bool> {
    item = TRY(items.next(t));
    return !item.is_empty();
  };
  bool more = TRY(advance());
  if (more && total.get().is_small_int() && item.get().is_small_int()) {
    // 2^65 items of 63 bits fit: no overflow to look for.
    i128 sum = i128(total.get().as_small_int()) + item.get().as_small_int();
    for (;;) {
      Ref next = TRY(items.next(t));
      if (!next.get().is_small_int()) [[unlikely]] {
        item = std::move(next);
        break;
      }
      sum += next.get().as_small_int();
    }
    more = !item.is_empty();
    total = TRY(int_from_big(t, sum));
  }
  if (more && is_exact_int(total) && is_exact_float(item)) {  // what is lost here is not made up for
    total = TRY(binary_op(t, BinaryOp::kAdd, total, item));
    more = TRY(advance());
  }
  if (more && is_exact_float(total)) {
    CompensatedSum sum{float_value(total)};
    while (more && (is_exact_float(item) || is_int(item))) {
      sum.add(is_exact_float(item) ? float_value(item) : TRY(int_to_double(t, item)));
      Ref next = TRY(items.next(t));
      while (next.get().is_tagged_float()) {
        sum.add(next.get().as_tagged_float());
        next = TRY(items.next(t));
      }
      item = std::move(next);
      more = !item.is_empty();
    }
    total = float_from(t, sum.result());
  }
  if (more && is_exact_complex_(item) && !is_exact_complex_(total)) {
    total = TRY(binary_op(t, BinaryOp::kAdd, total, item));
    more = TRY(advance());
  }
  if (more && is_exact_complex_(total)) {
    CompensatedSum real{total.as<Complex>()->real}, imaginary{total.as<Complex>()->imag};
    for (; more; more = TRY(advance())) {
      if (is_exact_complex_(item)) {
        real.add(item.as<Complex>()->real);
        imaginary.add(item.as<Complex>()->imag);
      } else if (is_exact_float(item)) {
        real.add(float_value(item));
      } else if (is_int(item)) {
        real.add(TRY(int_to_double(t, item)));
      } else {
        break;
      }
    }
    total = complex_from(t, real.result(), imaginary.result());
  }
  while (more) {
    total = TRY(binary_op(t, BinaryOp::kAdd, total, item));
    more = TRY(advance());
  }
  return total;
}

}  // namespace typhon
