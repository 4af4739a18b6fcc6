// timedelta.
#include <cmath>

#include "modules/_datetime/datetime.h"

namespace typhon::datetime {

Type* g_delta_type;

namespace {

Delta* self_of(Value v) { return v.as<Delta>(); }

Raised too_many_days(Thread& t, i64 days) {
  return raise(t, exc::OverflowError, "days=%zd; must have magnitude <= 999999999", days);
}
Raised too_large(Thread& t) { return raise(t, exc::OverflowError, "Python int too large to convert to C int"); }

Ref make(Thread& t, Type* cls, i32 days, i32 seconds, i32 micros) {
  Ref made = cls == g_delta_type ? Ref::adopt(Value(allocate_native<Delta>(t, cls))) : allocate_instance(t, cls);
  if (made.failed()) return made;
  auto* d = made.as<Delta>();
  d->days = days;
  d->seconds = seconds;
  d->micros = micros;
  return made;
}
Ref from_micros(Thread& t, Type* cls, i128 micros) {
  i128 days = micros / kDayMicros;
  i64 rest = i64(micros % kDayMicros);
  if (rest < 0) {
    days--;
    rest += kDayMicros;
  }
  if (days != i32(days)) return too_large(t);
  if (days > kMaxDeltaDays || days < -kMaxDeltaDays) return too_many_days(t, i64(days));
  return make(t, cls, i32(days), i32(rest / 1000000), i32(rest % 1000000));
}
// Ints of any size, for what does not fit the machine's.
Ref from_int(Thread& t, Type* cls, Value micros) {
  u8 bytes[16];
  if (int_bit_length(micros) > 120) return too_large(t);
  TRY(int_to_bytes(t, micros, bytes, 16, true, true));
  i128 n;
  std::memcpy(&n, bytes, 16);
  return from_micros(t, cls, n);
}
Ref micros_int(Thread& t, const Delta* d) { return int_from_big(t, delta_micros(d)); }

// a / b for ints, rounded half to even.
Ref divide_nearest(Thread& t, Value a, Value b) {
  Ref pair = TRY(int_binary(t, IntOp::kDivmod, a, b));
  Ref quotient = pair.as<Tuple>()->items[0].load(), rest = pair.as<Tuple>()->items[1].load();
  Ref twice = TRY(int_binary(t, IntOp::kMul, rest, Value::small_int(2)));
  // The rest has the sign of b.
  int order = int_compare(twice, b);
  if (int_sign(b) < 0) order = -order;
  bool up = order > 0 || (order == 0 && (int_low_u64(quotient) & 1));
  if (!up) return quotient;
  return int_binary(t, IntOp::kAdd, quotient, Value::small_int(1));
}
i128 divide_nearest(i128 a, i128 b) {
  i128 quotient = a / b, rest = a % b;
  if (rest != 0 && (rest < 0) != (b < 0)) {
    quotient--;
    rest += b;
  }
  i128 order = 2 * rest - b;
  if (b < 0) order = -order;
  if (order > 0 || (order == 0 && (quotient & 1))) quotient++;
  return quotient;
}

// --- the constructor: ints add up exactly; the fractions of floats gather and are rounded once, half to even.
Status accumulate(Thread& t, const char* what, Value v, i64 factor, Ref* sum, double* left_over) {
  if (v.is_empty()) return ok();
  Ref whole;
  if (is_int(v)) {
    whole = TRY(to_index(t, v));
  } else if (is_float(v)) {
    double int_part, d = float_value(v);
    if (std::isnan(d)) return raise(t, exc::ValueError, "cannot convert float NaN to integer");
    if (std::isinf(d)) return raise(t, exc::OverflowError, "cannot convert float infinity to integer");
    double fraction = std::modf(d, &int_part);
    whole = TRY(int_from_double(t, int_part));
    if (fraction != 0) {
      // The fraction of a unit is itself whole microseconds and a rest.
      fraction = std::modf(fraction * double(factor), &int_part);
      Ref micros = TRY(int_from_double(t, int_part));
      *sum = TRY(int_binary(t, IntOp::kAdd, *sum, micros));
      *left_over += fraction;
    }
  } else {
    return raise(t, exc::TypeError, "unsupported type for timedelta %s component: %T", what, v);
  }
  Ref part = TRY(int_binary(t, IntOp::kMul, whole, Value::small_int(factor)));
  *sum = TRY(int_binary(t, IntOp::kAdd, *sum, part));
  return ok();
}
Ref new_(Thread& t, Type* cls, Args args) {
  static const Signature& signature =
      parse_signature("(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)");
  Value a[7];
  Ref unused;
  TRY(bind_arguments(t, signature, "__new__", args, a, &unused));
  auto small = [&](int i) {
    return a[i].is_empty() || (a[i].is_small_int() && a[i].as_small_int() < i64(1) << 40 && a[i].as_small_int() > -(i64(1) << 40));
  };
  auto value = [&](int i) { return a[i].is_empty() ? i128(0) : i128(a[i].as_small_int()); };
  bool fast = true;
  for (int i = 0; i < 7; i++) fast &= small(i);
  if (fast)
    return from_micros(t, cls, value(0) * kDayMicros + value(1) * 1000000 + value(2) + value(3) * 1000 + value(4) * 60000000 +
                                   value(5) * 3600000000 + value(6) * 7 * kDayMicros);
  Ref sum = Ref::adopt(Value::small_int(0));
  double left_over = 0;
  constexpr struct {
    int index;
    const char* name;
    i64 factor;
  } kParts[] = {{2, "microseconds", 1}, {3, "milliseconds", 1000}, {1, "seconds", 1000000}, {4, "minutes", 60000000},
                {5, "hours", 3600000000}, {0, "days", kDayMicros}, {6, "weeks", 7 * kDayMicros}};
  for (auto& part : kParts) TRY(accumulate(t, part.name, a[part.index], part.factor, &sum, &left_over));
  if (left_over != 0) {
    // Halves go to the even one of the sums.
    double rounded = std::round(left_over);
    if (std::fabs(rounded - left_over) == 0.5) {
      int odd = int(int_low_u64(sum) & 1);
      rounded = 2.0 * std::round((left_over + odd) * 0.5) - odd;
    }
    Ref more = TRY(int_from_double(t, rounded));
    sum = TRY(int_binary(t, IntOp::kAdd, sum, more));
  }
  return from_int(t, cls, sum);
}

// --- text
Ref repr(Thread& t, Value self) {
  auto* d = self_of(self);
  char text[128];
  size_t n = 0;
  auto part = [&](const char* name, int value) {
    if (value != 0) n += size_t(snprintf(text + n, sizeof text - n, "%s%s=%d", n == 0 ? "" : ", ", name, value));
  };
  part("days", d->days);
  part("seconds", d->seconds);
  part("microseconds", d->micros);
  if (n == 0) text[n++] = '0';
  StrBuilder out;
  out.append_utf8(shown_type_name(self, g_delta_type, "datetime.timedelta"));
  out.append('(');
  out.append_ascii({text, n});
  out.append(')');
  return out.finish(t);
}
Ref str(Thread& t, Value self) {
  auto* d = self_of(self);
  char text[128];
  size_t n = 0;
  if (d->days != 0) n += size_t(snprintf(text, sizeof text, "%d day%s, ", d->days, d->days == 1 || d->days == -1 ? "" : "s"));
  n += size_t(snprintf(text + n, sizeof text - n, "%d:%02d:%02d", d->seconds / 3600, d->seconds / 60 % 60, d->seconds % 60));
  if (d->micros != 0) n += size_t(snprintf(text + n, sizeof text - n, ".%06d", d->micros));
  return str_from_ascii(t, {text, n});
}

// --- comparison
Ref compare(Thread&, Value a, Value b, CompareOp op) {
  if (!is_delta(b)) return Ref::not_implemented();
  i128 x = delta_micros(self_of(a)), y = delta_micros(self_of(b));
  return Ref::boolean(order_holds(op, x < y ? -1 : x > y));
}
Result<i64> hash(Thread&, Value self) { return delta_hash(self_of(self)); }
Result<bool> bool_(Thread&, Value self) { return !is_zero(self_of(self)); }

// --- arithmetic
Ref add(Thread& t, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return Ref::not_implemented();
  auto *x = self_of(a), *y = self_of(b);
  return delta_new(t, i64(x->days) + y->days, i64(x->seconds) + y->seconds, i64(x->micros) + y->micros);
}
Ref subtract(Thread& t, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return Ref::not_implemented();
  auto *x = self_of(a), *y = self_of(b);
  return delta_new(t, i64(x->days) - y->days, i64(x->seconds) - y->seconds, i64(x->micros) - y->micros);
}
Ref negative(Thread& t, Value v) {
  auto* d = self_of(v);
  return delta_new(t, -i64(d->days), -i64(d->seconds), -i64(d->micros));
}
Ref positive(Thread& t, Value v) {
  auto* d = self_of(v);
  return make(t, g_delta_type, d->days, d->seconds, d->micros);
}
Ref absolute(Thread& t, Value v) { return self_of(v)->days < 0 ? negative(t, v) : positive(t, v); }

// numerator and denominator of a float, as ints
Status ratio_of(Thread& t, Value v, Ref* numerator, Ref* denominator) {
  RefTo<Str> name = TRY(str_from_ascii(t, "as_integer_ratio"));
  name = TRY(str_intern(t, name));
  Ref pair = TRY(call_method(t, v, name.get(), nullptr, 0));
  if (!is_tuple(pair))
    return raise(t, exc::TypeError, "unexpected return type from as_integer_ratio(): expected tuple, not '%T'", pair.get());
  auto* items = pair.as<Tuple>();
  if (items->size != 2) return raise(t, exc::ValueError, "unexpected return type from as_integer_ratio(): expected 2-tuple");
  *numerator = items->items[0].load();
  *denominator = items->items[1].load();
  if (!is_int(*numerator) || !is_int(*denominator))
    return raise(t, exc::TypeError, "unexpected return type from as_integer_ratio(): expected ints");
  return ok();
}
Ref scale(Thread& t, const Delta* d, Value numerator, Value denominator) {
  Ref micros = TRY(micros_int(t, d));
  Ref product = TRY(int_binary(t, IntOp::kMul, micros, numerator));
  if (int_sign(denominator) == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
  Ref quotient = TRY(divide_nearest(t, product, denominator));
  return from_int(t, g_delta_type, quotient);
}
Ref multiply(Thread& t, Value a, Value b) {
  if (!is_delta(a)) std::swap(a, b);
  if (!is_delta(a)) return Ref::not_implemented();
  auto* d = self_of(a);
  if (is_int(b)) {
    i128 product;
    if (b.is_small_int() && !__builtin_mul_overflow(delta_micros(d), i128(b.as_small_int()), &product)) return from_micros(t, g_delta_type, product);
    Ref micros = TRY(micros_int(t, d));
    Ref result = TRY(int_binary(t, IntOp::kMul, micros, b));
    return from_int(t, g_delta_type, result);
  }
  if (!is_float(b)) return Ref::not_implemented();
  Ref numerator, denominator;
  TRY(ratio_of(t, b, &numerator, &denominator));
  return scale(t, d, numerator, denominator);
}
Ref true_divide(Thread& t, Value a, Value b) {
  if (!is_delta(a)) return Ref::not_implemented();
  auto* d = self_of(a);
  if (is_delta(b)) {
    Ref x = TRY(micros_int(t, d)), y = TRY(micros_int(t, self_of(b)));
    return int_binary(t, IntOp::kTrueDiv, x, y);
  }
  if (is_int(b)) {
    if (b.is_small_int() && b.as_small_int() != 0) return from_micros(t, g_delta_type, divide_nearest(delta_micros(d), b.as_small_int()));
    return scale(t, d, Value::small_int(1), b);
  }
  if (!is_float(b)) return Ref::not_implemented();
  Ref numerator, denominator;
  TRY(ratio_of(t, b, &numerator, &denominator));
  return scale(t, d, denominator, numerator);
}
Status both_micros(Thread& t, Value a, Value b, i128* x, i128* y) {
  *x = delta_micros(self_of(a));
  *y = delta_micros(self_of(b));
  if (*y == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
  return ok();
}
i128 floor_quotient(i128 x, i128 y) {
  i128 quotient = x / y;
  return quotient * y != x && (x < 0) != (y < 0) ? quotient - 1 : quotient;
}
Ref floor_divide(Thread& t, Value a, Value b) {
  if (!is_delta(a)) return Ref::not_implemented();
  if (is_int(b)) {
    Ref micros = TRY(micros_int(t, self_of(a)));
    if (int_sign(b) == 0) return raise(t, exc::ZeroDivisionError, "division by zero");
    Ref quotient = TRY(int_binary(t, IntOp::kFloorDiv, micros, b));
    return from_int(t, g_delta_type, quotient);
  }
  if (!is_delta(b)) return Ref::not_implemented();
  i128 x, y;
  TRY(both_micros(t, a, b, &x, &y));
  return int_from_big(t, floor_quotient(x, y));
}
Ref remainder(Thread& t, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return Ref::not_implemented();
  i128 x, y;
  TRY(both_micros(t, a, b, &x, &y));
  return from_micros(t, g_delta_type, x - floor_quotient(x, y) * y);
}
Ref divmod(Thread& t, Value a, Value b) {
  if (!is_delta(a) || !is_delta(b)) return Ref::not_implemented();
  i128 x, y;
  TRY(both_micros(t, a, b, &x, &y));
  i128 quotient = floor_quotient(x, y);
  Ref q = TRY(int_from_big(t, quotient));
  Ref r = TRY(from_micros(t, g_delta_type, x - quotient * y));
  return tuple_of(t, q, r);
}

// --- methods
Ref total_seconds(Thread& t, Value self, const Value*) {
  i128 micros = delta_micros(self_of(self));
  if (micros < (i64(1) << 53) && micros > -(i64(1) << 53)) return float_from(t, double(i64(micros)) / 1e6);
  Ref n = TRY(int_from_big(t, micros));
  return int_binary(t, IntOp::kTrueDiv, n, Value::small_int(1000000));
}
Ref reduce(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  Ref state = TRY(tuple_of(t, Value::small_int(d->days), Value::small_int(d->seconds), Value::small_int(d->micros)).release_ref());
  return tuple_of(t, Value(type_of(self)), state);
}
Ref get_days(Thread& t, Value self) { return int_from(t, self_of(self)->days); }
Ref get_seconds(Thread& t, Value self) { return int_from(t, self_of(self)->seconds); }
Ref get_micros(Thread& t, Value self) { return int_from(t, self_of(self)->micros); }

const Method kMethods[] = {
    method("total_seconds", total_seconds, "($self, /)", "Total seconds in the duration."),
    method("__reduce__", reduce, "($self, /)", "__reduce__() -> (cls, state)"),
    {},
};
const GetSet kGetSets[] = {
    {"days", get_days, nullptr, "Number of days."},
    {"seconds", get_seconds, nullptr, "Number of seconds (>= 0 and less than 1 day)."},
    {"microseconds", get_micros, nullptr, "Number of microseconds (>= 0 and less than 1 second)."},
    {},
};

}  // namespace

i128 delta_micros(const Delta* d) { return i128(d->days) * kDayMicros + i64(d->seconds) * 1000000 + d->micros; }
i64 delta_hash(const Delta* d) {
  i64 hash = __atomic_load_n(&d->hash, __ATOMIC_RELAXED);
  if (hash != 0) return hash;
  i32 words[] = {d->days, d->seconds, d->micros};
  hash = hash_bytes(words, sizeof words);
  __atomic_store_n(const_cast<i64*>(&d->hash), hash, __ATOMIC_RELAXED);
  return hash;
}
Ref delta_from_micros(Thread& t, i128 micros) { return from_micros(t, g_delta_type, micros); }
Ref delta_new(Thread& t, i64 days, i64 seconds, i64 micros) {
  return from_micros(t, g_delta_type, i128(days) * kDayMicros + i128(seconds) * 1000000 + micros);
}

const TypeSpec kDeltaSpec = {
    .name = "datetime.timedelta",
    .doc = "Difference between two datetime values.\n\ntimedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, "
           "weeks=0)\n\nAll arguments are optional and default to 0.\nArguments may be integers or floats, and may be positive or negative.",
    .layout = {"timedelta", sizeof(Delta), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .str = str, .hash = hash, .compare = compare, .new_ = new_, .add = add, .subtract = subtract,
              .multiply = multiply, .remainder = remainder, .divmod = divmod, .floor_divide = floor_divide, .true_divide = true_divide,
              .negative = negative, .positive = positive, .absolute = absolute, .bool_ = bool_},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::datetime
