#include "objects/int_limbs.h"

#include <cstring>

#include "objects/big.h"
#include "heap/heap.h"
#include "objects/str.h"

namespace typhon {
namespace {

// Sign and magnitude of an int; valid while the Value is.
class Limbs {
 public:
  explicit Limbs(Value v) {
    if (v.is_object()) {
      auto* big = v.as<Int>();
      at_ = reinterpret_cast<const mp_limb_t*>(big->limbs);
      negative_ = big->size < 0;
      count_ = mp_size_t(negative_ ? -big->size : big->size);
      return;
    }
    i64 n = v.is_bool() ? i64(v.is_true()) : v.as_small_int();
    negative_ = n < 0;
    own_ = negative_ ? u64(-n) : u64(n);
    count_ = n != 0;
  }
  Limbs(const Limbs&) = delete;
  const mp_limb_t* at() const { return at_ != nullptr ? at_ : &own_; }
  mp_size_t count() const { return count_; }
  bool negative() const { return negative_; }

 private:
  const mp_limb_t* at_ = nullptr;
  mp_limb_t own_ = 0;
  mp_size_t count_;
  bool negative_;
};

Int* allocate(Thread& t, mp_size_t limbs) {
  return static_cast<Int*>(
      heap::try_allocate_unfilled(t, kShape_int_, offsetof(Int, limbs) + size_t(limbs) * 8, offsetof(Int, limbs)));
}

mp_limb_t* limbs_of(Int* v) { return reinterpret_cast<mp_limb_t*>(v->limbs); }

// The int with the first `count` limbs of `v`, which is fresh: an immediate or a smaller block where that is enough.
Ref finish(Thread& t, Int* v, mp_size_t count, bool negative) {
  mp_size_t room = count;
  while (count > 0 && v->limbs[count - 1] == 0) count--;
  if (count <= 1) {
    u64 magnitude = count == 0 ? 0 : v->limbs[0];
    if (magnitude <= u64(Value::kMaxSmallInt) || (negative && magnitude == u64(1) << 62)) {
      heap::free_block(t, v);
      return Ref::adopt(Value::small_int(negative ? i64(u64(0) - magnitude) : i64(magnitude)));
    }
  }
  if (room > 16 && count < room / 2) {
    Int* smaller = allocate(t, count);
    if (smaller != nullptr) std::memcpy(smaller->limbs, v->limbs, size_t(count) * 8);
    heap::free_block(t, v);
    if (smaller == nullptr) return Ref::error();
    v = smaller;
  }
  v->size = negative ? -i64(count) : i64(count);
  return Ref::adopt(Value(v));
}

Ref sum(Thread& t, const Limbs& x, const Limbs& y, bool y_negative) {
  bool x_longer = x.count() > y.count() || (x.count() == y.count() && mpn_cmp(x.at(), y.at(), x.count()) >= 0);
  const Limbs &longer = x_longer ? x : y, &shorter = x_longer ? y : x;
  bool negative = x_longer ? x.negative() : y_negative;
  mp_size_t n = longer.count();
  if (n == 0) return Ref::adopt(Value::small_int(0));
  Int* out = allocate(t, n + 1);
  if (out == nullptr) return Ref::error();
  mp_limb_t* limbs = limbs_of(out);
  limbs[n] = 0;
  if (shorter.count() == 0) {
    std::memcpy(limbs, longer.at(), size_t(n) * 8);
  } else if (x.negative() == y_negative) {
    limbs[n] = mpn_add(limbs, longer.at(), n, shorter.at(), shorter.count());
  } else {
    mpn_sub(limbs, longer.at(), n, shorter.at(), shorter.count());
  }
  return finish(t, out, n + 1, negative);
}

Ref product(Thread& t, const Limbs& x, const Limbs& y) {
  if (x.count() == 0 || y.count() == 0) return Ref::adopt(Value::small_int(0));
  mp_size_t n = x.count() + y.count();
  Int* out = allocate(t, n);
  if (out == nullptr) return Ref::error();
  mp_limb_t* limbs = limbs_of(out);
  if (x.at() == y.at())
    mpn_sqr(limbs, x.at(), x.count());
  else if (x.count() >= y.count())
    mpn_mul(limbs, x.at(), x.count(), y.at(), y.count());
  else
    mpn_mul(limbs, y.at(), y.count(), x.at(), x.count());
  return finish(t, out, n, x.negative() != y.negative());
}

// Neither is below zero.
Ref bits(Thread& t, IntOp op, const Limbs& x, const Limbs& y) {
  const Limbs &longer = x.count() >= y.count() ? x : y, &shorter = x.count() >= y.count() ? y : x;
  mp_size_t common = shorter.count(), n = op == IntOp::kAnd ? common : longer.count();
  if (n == 0) return Ref::adopt(Value::small_int(0));
  const mp_limb_t *a = longer.at(), *b = shorter.at();
  if (op == IntOp::kAnd && n == 1) return int_from_u64(t, a[0] & b[0]);
  Int* out = allocate(t, n);
  if (out == nullptr) return Ref::error();
  mp_limb_t* limbs = limbs_of(out);
  switch (op) {
    case IntOp::kAnd:
      for (mp_size_t i = 0; i < common; i++) limbs[i] = a[i] & b[i];
      break;
    case IntOp::kOr:
      for (mp_size_t i = 0; i < common; i++) limbs[i] = a[i] | b[i];
      break;
    default:
      for (mp_size_t i = 0; i < common; i++) limbs[i] = a[i] ^ b[i];
  }
  if (n > common) std::memcpy(limbs + common, a + common, size_t(n - common) * 8);
  return finish(t, out, n, false);
}

constexpr u64 kChunk = 10'000'000'000'000'000'000u;  // ten to the power of kChunkDigits
constexpr size_t kChunkDigits = 19;

}  // namespace

Ref limbs_binary(Thread& t, IntOp op, Value a, Value b) {
  Limbs x(a), y(b);
  switch (op) {
    case IntOp::kAdd: return sum(t, x, y, y.negative());
    case IntOp::kSub: return sum(t, x, y, !y.negative());
    case IntOp::kMul: return product(t, x, y);
    case IntOp::kAnd:
    case IntOp::kOr:
    case IntOp::kXor:
      if (x.negative() || y.negative()) return Ref();
      return bits(t, op, x, y);
    default: return Ref();
  }
}

Ref limbs_shift_left(Thread& t, Value v, u64 n) {
  Limbs x(v);
  if (x.count() == 0) return Ref::adopt(Value::small_int(0));
  mp_size_t whole = mp_size_t(n / 64), count = x.count() + whole + 1;
  Int* out = allocate(t, count);
  if (out == nullptr) return Ref::error();
  mp_limb_t* limbs = limbs_of(out);
  std::memset(limbs, 0, size_t(whole) * 8);
  if (n % 64 != 0) {
    limbs[count - 1] = mpn_lshift(limbs + whole, x.at(), x.count(), unsigned(n % 64));
  } else {
    std::memcpy(limbs + whole, x.at(), size_t(x.count()) * 8);
    limbs[count - 1] = 0;
  }
  return finish(t, out, count, x.negative());
}

Ref limbs_shift_right(Thread& t, Value v, u64 n) {
  Limbs x(v);
  if (n / 64 >= u64(x.count())) return Ref::adopt(Value::small_int(0));
  mp_size_t whole = mp_size_t(n / 64), count = x.count() - whole;
  Int* out = allocate(t, count);
  if (out == nullptr) return Ref::error();
  if (n % 64 != 0)
    mpn_rshift(limbs_of(out), x.at() + whole, count, unsigned(n % 64));
  else
    std::memcpy(out->limbs, x.at() + whole, size_t(count) * 8);
  return finish(t, out, count, false);
}

RefTo<Str> limbs_to_decimal(Thread& t, const Int* v) {
  Limbs x{Value(const_cast<Int*>(v))};
  size_t n = size_t(x.count());
  if (n > kMaxShortLimbs) return {};
  mp_limb_t rest[kMaxShortLimbs];
  std::memcpy(rest, x.at(), n * 8);
  char text[kMaxShortLimbs * 20 + 1];
  char *end = text + sizeof text, *p = end;
  while (n > 0) {
    u64 chunk = mpn_divrem_1(rest, 0, rest, mp_size_t(n), kChunk);
    while (n > 0 && rest[n - 1] == 0) n--;
    char* filled = write_decimal(p, chunk);
    p -= kChunkDigits;
    if (n > 0)
      while (filled > p) *--filled = '0';
    else
      p = filled;
  }
  if (x.negative()) *--p = '-';
  return str_from_ascii(t, {p, size_t(end - p)});
}

Ref limbs_from_decimal(Thread& t, const char* digits, size_t n, bool negative) {
  mp_size_t count = 0;
  Int* out = allocate(t, mp_size_t(n / kChunkDigits + 1));
  if (out == nullptr) return Ref::error();
  mp_limb_t* limbs = limbs_of(out);
  size_t first = n % kChunkDigits;
  for (size_t i = 0; i < n;) {
    size_t stop = i == 0 && first != 0 ? first : i + kChunkDigits;
    u64 chunk = 0;
    for (; i < stop; i++) chunk = chunk * 10 + u64(digits[i] - '0');
    mp_limb_t carry = count == 0 ? 0 : mpn_mul_1(limbs, limbs, count, kChunk);
    if (count != 0) carry += mpn_add_1(limbs, limbs, count, chunk);
    if (count == 0) carry = chunk;
    if (carry != 0) limbs[count++] = carry;
  }
  return finish(t, out, count, negative);
}

}  // namespace typhon
