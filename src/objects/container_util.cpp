#include "objects/container_util.h"

#include "objects/big.h"
#include "objects/int.h"

namespace typhon {

namespace {

// Immediates of which one at least is no int. Sets *number when the value is a number.
bool immediate_number(Value v, double* number, bool* exact) {
  if (v.is_small_int()) {
    i64 n = v.as_small_int();
    *number = double(n);
    *exact = n >= -(i64(1) << 53) && n <= (i64(1) << 53);
    return true;
  }
  *exact = true;
  if (v.is_immediate_float()) {
    *number = v.as_immediate_float();
    return true;
  }
  if (v.is_bool()) {
    *number = v.is_true();
    return true;
  }
  return false;
}

// Whether a value compares as the int that it is.
bool is_plain_int(Value v) { return is_int(v) && type_of(v)->slots.compare == types::int_->slots.compare; }

}  // namespace

Quick quick_equal_slow(Value a, Value b) {
  if (a.is_object()) {
    if (is_exact_str(a)) {
      if (!b.is_object()) return Quick::kNo;
      if (!is_exact_str(b)) return Quick::kUnknown;
      const Str *x = a.as<Str>(), *y = b.as<Str>();
      if (x->length() != y->length()) return Quick::kNo;
      if (x->is_interned() && y->is_interned()) return Quick::kNo;
      return str_equal(x, y) ? Quick::kYes : Quick::kNo;
    }
    if (is_exact_tuple(a) && is_exact_tuple(b)) {
      const Tuple *x = a.as<Tuple>(), *y = b.as<Tuple>();
      if (x->size != y->size) return Quick::kNo;
      if (x->size > 16) return Quick::kUnknown;
      // Flat tuples only: the depth of nested ones is not bounded.
      for (u64 i = 0; i < x->size; i++) {
        Value p = x->items[i].peek(), q = y->items[i].peek();
        if (is_exact_tuple(p) || is_exact_tuple(q)) {
          if (p.same_word(q)) continue;
          return Quick::kUnknown;
        }
        Quick one = quick_equal(p, q);
        if (one != Quick::kYes) return one;
      }
      return Quick::kYes;
    }
    // Heap numbers. NaN equals itself only as the same object, which was tested before.
    if (is_exact_float(a) && is_exact_float(b)) return float_value(a) == float_value(b) ? Quick::kYes : Quick::kNo;
    if (is_plain_int(a) && is_plain_int(b)) return int_compare(a, b) == 0 ? Quick::kYes : Quick::kNo;
    return Quick::kUnknown;
  }
  if (b.is_object() && is_exact_float(a) && is_exact_float(b)) return Quick::kNo;
  if (b.is_object() && is_exact_int(a) && is_exact_int(b)) return Quick::kNo;
  if (b.is_object() && a.is_small_int() && is_plain_int(b)) return int_compare(a, b) == 0 ? Quick::kYes : Quick::kNo;
  if (b.is_object()) return is_exact_str(b) ? Quick::kNo : Quick::kUnknown;
  double x, y;
  bool x_exact, y_exact;
  if (!immediate_number(a, &x, &x_exact) || !immediate_number(b, &y, &y_exact)) return Quick::kNo;
  if (x_exact && y_exact) return x == y ? Quick::kYes : Quick::kNo;
  return Quick::kUnknown;
}

Result<u64> key_hash_slow(Thread& t, Value key, const char* role) {
  if (key.is_small_int()) return u64(key_of_hash(int_hash(key)));
  if (is_exact_bytes(key)) {  // aux2: as for str
    auto* bytes = key.as<Bytes>();
    u32 hash = __atomic_load_n(&bytes->aux2, __ATOMIC_RELAXED);
    if (hash == 0) {
      hash = key_of_hash(hash_bytes(bytes->data, bytes->size));
      __atomic_store_n(&bytes->aux2, hash, __ATOMIC_RELAXED);
    }
    return u64(hash);
  }
  Result<i64> h = object_hash(t, key);
  if (!h.failed()) return u64(key_of_hash(h.get()));
  if (role == nullptr) return Raised{};
  // A plain TypeError says what the key was for; whatever else a __hash__ raises passes through.
  if (!pending_matches(t, exc::TypeError) || type_of(t.pending) != exc::TypeError) return Raised{};
  Ref reason = take_exception(t);
  return raise(t, exc::TypeError, "cannot use '%T' as a %s (%S)", key, role, reason.get());
}

Result<i64> subscript_index(Thread& t, Value v) {
  if (v.is_small_int()) return v.as_small_int();
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::IndexError, "cannot fit '%T' into an index-sized integer", v);
  return n;
}

RefTo<Tuple> items_of(Thread& t, Value iterable, const char* message) {
  if (is_exact_tuple(iterable)) return RefTo<Tuple>::copy(iterable.as<Tuple>());
  if (is_exact_list(iterable)) return list_to_tuple(t, iterable.as<List>());
  Ref iterator = get_iter(t, iterable);
  if (iterator.failed()) {
    if (clear_if(t, exc::TypeError)) return raise(t, exc::TypeError, "%s", message);
    return Raised{};
  }
  TRY(length_hint(t, iterator, 8));  // it may raise
  return items_left(t, iterator);
}

Result<i64> repeat_count(Thread& t, Value v) {
  i64 n;
  if (v.is_small_int()) {
    n = v.as_small_int();
  } else {
    Ref index = TRY(to_index(t, v));
    if (!int_fits_i64(index, &n)) return raise(t, exc::OverflowError, "cannot fit '%T' into an index-sized integer", v);
  }
  return n < 0 ? 0 : n;
}

Status check_no_keywords(Thread& t, const char* name, const Args& args) {
  if (args.keyword_count == 0) return ok();
  return raise(t, exc::TypeError, "%s() takes no keyword arguments", name);
}

Status check_arity(Thread& t, const char* name, const Args& args, u32 minimum, u32 maximum) {
  if (args.count >= minimum && args.count <= maximum) return ok();
  u32 wanted = args.count < minimum ? minimum : maximum;
  const char* quantity = minimum == maximum ? "" : args.count < minimum ? "at least " : "at most ";
  return raise(t, exc::TypeError, "%s expected %s%d argument%s, got %d", name, quantity, int(wanted),
               wanted == 1 ? "" : "s", int(args.count));
}

Ref reduce_to_builtin(Thread& t, const char* name, Value argument, Value state) {
  Ref function = TRY(builtin_named(t, name));
  RefTo<Tuple> arguments = TRY(tuple_of(t, argument));
  if (state.is_empty()) return tuple_of(t, function.get(), arguments.value());
  return tuple_of(t, function.get(), arguments.value(), state);
}

Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }
Ref iter_self(Thread& t, Value self) { return Ref::copy(self); }
Ref iter_self_method(Thread& t, Value self, const Value* a) { return Ref::copy(self); }

Status append_repr(Thread& t, StrBuilder& out, Value v) {
  if (v.is_small_int()) {
    char digits[24];
    char* end = digits + sizeof digits;
    i64 n = v.as_small_int();
    char* p = write_decimal(end, n < 0 ? u64(-n) : u64(n));
    if (n < 0) *--p = '-';
    out.append_ascii({p, size_t(end - p)});
    return ok();
  }
  RefTo<Str> text = TRY(object_repr(t, v));
  out.append(text.get());
  return ok();
}

}  // namespace typhon
