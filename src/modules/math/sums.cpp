// math: sums and products of many numbers, without losing digits.
#include <cmath>
#include <vector>

#include "modules/math/math.h"

namespace typhon {
namespace {

// An exact sum or product of two doubles: high + low.
struct Pair {
  double high, low;
};
Pair exact_sum(double a, double b) {
  double x = a + b;
  double z = x - a;
  return {x, (a - (x - z)) + (b - z)};
}
Pair exact_product(double a, double b) {
  double x = a * b;
  return {x, fma(a, b, -x)};
}

// The square root of a sum of squares: scaled by a power of two, added up in twice the precision, and the root corrected by
// what its square is off.
double norm(const std::vector<double>& values, double largest, bool any_nan) {
  if (std::isinf(largest)) return largest;
  if (any_nan) return NAN;
  if (largest == 0 || values.size() <= 1) return largest;
  int exponent;
  frexp(largest, &exponent);
  if (exponent < -1023) {  // subnormal: scale up first
    std::vector<double> bigger;
    for (double v : values) bigger.push_back(ldexp(v, 200));
    return ldexp(norm(bigger, ldexp(largest, 200), false), -200);
  }
  double scale = ldexp(1.0, -exponent);
  double total = 1, low = 0, low2 = 0;  // starts at 1, so that every term is the smaller one
  for (double v : values) {
    Pair square = exact_product(v * scale, v * scale);
    Pair sum = exact_sum(total, square.high);
    total = sum.high;
    low += square.low;
    low2 += sum.low;
  }
  double root = sqrt(total - 1 + (low + low2));
  Pair back = exact_product(-root, root);
  Pair sum = exact_sum(total, back.high);
  total = sum.high;
  low += back.low;
  low2 += sum.low;
  double error = total - 1 + (low + low2);
  return (root + error / (2 * root)) / scale;
}

}  // namespace

Ref math_hypot(Thread& t, Value, const Value* a) {
  auto* all = a[0].as<Tuple>();
  std::vector<double> values;
  double largest = 0;
  bool any_nan = false;
  for (u64 i = 0; i < all->size; i++) {
    double x = fabs(TRY(to_double(t, all->items[i].peek())));
    values.push_back(x);
    any_nan |= std::isnan(x);
    if (x > largest) largest = x;
  }
  return float_from(t, norm(values, largest, any_nan));
}

Ref math_dist(Thread& t, Value, const Value* a) {
  RefTo<Tuple> p = TRY(to_tuple(t, a[0]));
  RefTo<Tuple> q = TRY(to_tuple(t, a[1]));
  if (p->size != q->size) return raise(t, exc::ValueError, "both points must have the same number of dimensions");
  std::vector<double> values;
  double largest = 0;
  bool any_nan = false;
  for (u64 i = 0; i < p->size; i++) {
    double x = TRY(to_double(t, p->items[i].peek()));
    x = fabs(x - TRY(to_double(t, q->items[i].peek())));
    values.push_back(x);
    any_nan |= std::isnan(x);
    if (x > largest) largest = x;
  }
  return float_from(t, norm(values, largest, any_nan));
}

// Shewchuk's algorithm: partial sums that do not overlap, so nothing is lost before the one rounding at the end.
Ref math_fsum(Thread& t, Value, const Value* a) {
  Ref iterator = TRY(get_iter(t, a[0]));
  std::vector<double> partials;
  double special = 0, infinities = 0;
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) break;
    double given = TRY(to_double(t, item));
    double x = given;
    size_t kept = 0;
    for (size_t j = 0; j < partials.size(); j++) {
      double y = partials[j];
      if (fabs(x) < fabs(y)) std::swap(x, y);
      double high = x + y;
      double low = y - (high - x);
      if (low != 0) partials[kept++] = low;
      x = high;
    }
    partials.resize(kept);
    if (x == 0) continue;
    if (!std::isfinite(x)) {
      if (std::isfinite(given)) return raise(t, exc::OverflowError, "intermediate overflow in fsum");
      if (std::isinf(given)) infinities += given;
      special += given;
      partials.clear();
      continue;
    }
    partials.push_back(x);
  }
  if (special != 0) {
    if (std::isnan(infinities)) return raise(t, exc::ValueError, "-inf + inf in fsum");
    return float_from(t, special);
  }
  if (partials.empty()) return float_from(t, 0.0);
  size_t n = partials.size();
  double high = partials[--n], low = 0;
  while (n > 0) {
    double x = high, y = partials[--n];
    high = x + y;
    low = y - (high - x);
    if (low != 0) break;
  }
  // Half-way cases round to even only if nothing lies beyond: look at the next partial sum.
  if (n > 0 && ((low < 0 && partials[n - 1] < 0) || (low > 0 && partials[n - 1] > 0))) {
    double twice = low * 2, x = high + twice;
    if (twice == x - high) high = x;
  }
  return float_from(t, high);
}

Ref math_prod(Thread& t, Value, const Value* a) {
  Ref iterator = TRY(get_iter(t, a[0]));
  Ref result = Ref::copy(a[1].is_empty() ? Value::small_int(1) : a[1]);
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return result;
    result = TRY(binary_op(t, BinaryOp::kMul, result, item));
  }
}

namespace {

// Sum of products of doubles in three times the precision.
struct ProductSum {
  double high = 0, low = 0, tiny = 0;
  void add(double x, double y) {
    Pair product = exact_product(x, y);
    Pair sum = exact_sum(high, product.high);
    Pair rest = exact_sum(low, product.low);
    Pair carry = exact_sum(rest.high, sum.low);
    high = sum.high;
    low = carry.high;
    tiny += rest.low + carry.low;
  }
  double value() const {
    Pair last = exact_sum(low, tiny);
    Pair total = exact_sum(high, last.high);
    // A tie in the last rounding is decided by what lies below.
    double below = total.low + last.low;
    return total.high + below;
  }
};

bool as_float_operand(Thread& t, Value v, double* out) {
  if (is_exact_float(v)) {
    *out = float_value(v);
    return true;
  }
  if (!v.is_small_int()) return false;
  *out = double(v.as_small_int());
  return true;
}

}  // namespace

Ref math_sumprod(Thread& t, Value, const Value* a) {
  Ref p = TRY(get_iter(t, a[0]));
  Ref q = TRY(get_iter(t, a[1]));
  Ref total = Ref::adopt(Value::small_int(0));
  i64 int_total = 0;
  bool ints = true, floats = true, any_float = false;
  ProductSum sum;
  while (true) {
    Ref x = TRY(iter_next(t, p));
    Ref y = TRY(iter_next(t, q));
    if (x.is_empty() != y.is_empty()) return raise(t, exc::ValueError, "Inputs are not the same length");
    bool done = x.is_empty();
    if (ints) {
      i64 product, next;
      if (!done && x.get().is_small_int() && y.get().is_small_int() &&
          !__builtin_mul_overflow(x.get().as_small_int(), y.get().as_small_int(), &product) &&
          !__builtin_add_overflow(int_total, product, &next)) {
        int_total = next;
        continue;
      }
      ints = false;
      Ref so_far = TRY(int_from(t, int_total));
      total = TRY(binary_op(t, BinaryOp::kAdd, total, so_far));
    }
    if (floats) {
      double u, v;
      if (!done && (is_exact_float(x) || is_exact_float(y)) && as_float_operand(t, x, &u) && as_float_operand(t, y, &v)) {
        ProductSum next = sum;
        next.add(u, v);
        if (std::isfinite(next.high) && std::isfinite(next.low)) {
          sum = next;
          any_float = true;
          continue;
        }
      }
      floats = false;
      if (any_float) {
        Ref so_far = TRY(float_from(t, sum.value()));
        total = TRY(binary_op(t, BinaryOp::kAdd, total, so_far));
      }
    }
    if (done) return total;
    Ref product = TRY(binary_op(t, BinaryOp::kMul, x, y));
    total = TRY(binary_op(t, BinaryOp::kAdd, total, product));
  }
}

}  // namespace typhon
