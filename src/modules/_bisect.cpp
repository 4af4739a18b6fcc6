// _bisect: binary search in sorted sequences.
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {
namespace {

enum class Side : u8 { kLeft, kRight };

Ref item_at(Thread& t, Value sequence, i64 i) {
  if (is_exact_list(sequence)) {
    Ref item = list_get(t, sequence.as<List>(), size_t(i));
    if (item.is_empty()) return raise(t, exc::IndexError, "list index out of range");
    return item;
  }
  if (is_dict(sequence)) return raise(t, exc::TypeError, "%T is not a sequence", sequence);
  return get_item_index(t, sequence, i);
}

// Where `x` (a key, when there is a key function) belongs.
template <Side kSide>
Result<i64> position(Thread& t, Value sequence, Value x, i64 low, i64 high, Value key) {
  if (low < 0) return raise(t, exc::ValueError, "lo must be non-negative");
  if (high == -1) high = TRY(length(t, sequence));
  while (low < high) {
    i64 middle = low + (high - low) / 2;
    Ref item = TRY(item_at(t, sequence, middle));
    if (!key.is_none()) item = TRY(call_with(t, key, item));
    bool go_left;
    if (kSide == Side::kRight) {
      go_left = TRY(compare_bool(t, CompareOp::kLt, x, item));
    } else {
      go_left = !TRY(compare_bool(t, CompareOp::kLt, item, x));
    }
    if (go_left)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

struct Bounds {
  i64 low, high;
};
Result<Bounds> bounds_of(Thread& t, Value low, Value high) {
  Bounds b{0, -1};
  if (!low.is_empty()) {
    Ref index = TRY(to_index(t, low));
    b.low = TRY(to_i64(t, index, "Python int too large to convert to C ssize_t"));
  }
  if (!high.is_empty() && !high.is_none()) {
    if (!is_indexable(high)) return raise(t, exc::TypeError, "argument should be integer or None, not '%T'", high);
    Ref index = TRY(to_index(t, high));
    b.high = TRY(to_i64(t, index, "cannot fit 'int' into an index-sized integer"));
  }
  return b;
}

// a: a, x, lo, hi, key
template <Side kSide>
Ref f_bisect(Thread& t, Value, const Value* a) {
  Bounds b = TRY(bounds_of(t, a[2], a[3]));
  return int_from(t, TRY(position<kSide>(t, a[0], a[1], b.low, b.high, a[4].is_empty() ? None : a[4])));
}

template <Side kSide>
Ref f_insort(Thread& t, Value, const Value* a) {
  Bounds b = TRY(bounds_of(t, a[2], a[3]));
  Value key = a[4].is_empty() ? None : a[4];
  Ref x = key.is_none() ? Ref::copy(a[1]) : TRY(call_with(t, key, a[1]));
  i64 at = TRY(position<kSide>(t, a[0], x, b.low, b.high, key));
  if (is_exact_list(a[0])) {
    TRY(list_insert(t, a[0].as<List>(), at, a[1]));
    return Ref::none();
  }
  Ref insert = TRY(get_attribute_utf8(t, a[0], "insert"));
  Ref index = TRY(int_from(t, at));
  Ref done = TRY(call_with(t, insert, index, a[1]));
  return Ref::none();
}

constexpr const char* kSignature = "($module, /, a, x, lo=0, hi=None, *, key=None)";

const Method kFunctions[] = {
    method(
        "bisect_right", f_bisect<Side::kRight>, kSignature,
        "Return the index where to insert item x in list a, assuming a is sorted.\n\nThe return value i is such that "
        "all "
        "e in a[:i] have e <= x, and all e in\na[i:] have e > x.  So if x already appears in the list, a.insert(i, "
        "x)\nwill insert just after the rightmost x already there.\n\nOptional args lo (default 0) and hi (default "
        "len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort "
        "order."),
    method(
        "bisect_left", f_bisect<Side::kLeft>, kSignature,
        "Return the index where to insert item x in list a, assuming a is sorted.\n\nThe return value i is such that "
        "all "
        "e in a[:i] have e < x, and all e in\na[i:] have e >= x.  So if x already appears in the list, a.insert(i, "
        "x)\nwill insert just before the leftmost x already there.\n\nOptional args lo (default 0) and hi (default "
        "len(a)) bound the\nslice of a to be searched.\n\nA custom key function can be supplied to customize the sort "
        "order."),
    method(
        "insort_right", f_insort<Side::kRight>, kSignature,
        "Insert item x in list a, and keep it sorted assuming a is sorted.\n\nIf x is already in a, insert it to the "
        "right of the rightmost x.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be "
        "searched.\n\nA custom key function can be supplied to customize the sort order."),
    method("insort_left", f_insort<Side::kLeft>, kSignature,
           "Insert item x in list a, and keep it sorted assuming a is sorted.\n\nIf x is already in a, insert it to "
           "the left "
           "of the leftmost x.\n\nOptional args lo (default 0) and hi (default len(a)) bound the\nslice of a to be "
           "searched.\n\nA custom key function can be supplied to customize the sort order."),
    {},
};

}  // namespace

extern const ModuleDef module__bisect;
const ModuleDef module__bisect = {"_bisect",
                                  "Bisection algorithms.\n\nThis module provides support for maintaining a list in "
                                  "sorted order without\nhaving to sort the "
                                  "list after each insertion. For long lists of items with\nexpensive comparison "
                                  "operations, this can be an improvement "
                                  "over the more\ncommon approach.\n",
                                  kFunctions, nullptr};

}  // namespace typhon
