// Running libmpdec's functions.
#include "modules/_decimal/decimal.h"

namespace typhon::decimal {

namespace {

// Whether it may take so long that other threads should not wait for it.
bool is_long(const mpd_context_t& settings, const mpd_t* a) { return settings.prec > 1000 || a->len > 100; }
bool is_long(const mpd_context_t& settings, const mpd_t* a, const mpd_t* b) { return is_long(settings, a) || b->len > 100; }

// Computes detached, into memory that is no object's; the operands are immutable and kept alive by the callers.
template <class F>
Ref run_detached(Thread& t, Context* c, F compute) {
  Number result;
  u32 status = 0;
  {
    Detached detached(t);
    compute(result.get(), &status);
  }
  TRY(report(t, c, status));
  return result.finish(t);
}
template <class F>
TYPHON_INLINE Ref run(Thread& t, Context* c, F compute) {
  Ref result = TRY(decimal_new(t));
  u32 status = 0;
  compute(number_of(result), &status);
  TRY(report(t, c, status));
  return result;
}

}  // namespace

Ref operate(Thread& t, Context* c, Op1 f, const mpd_t* a) {
  mpd_context_t settings = settings_of(c);
  auto compute = [&](mpd_t* r, u32* status) { f(r, a, &settings, status); };
  return is_long(settings, a) ? run_detached(t, c, compute) : run(t, c, compute);
}
Ref operate_rounded(Thread& t, Context* c, int round, Op1 f, const mpd_t* a) {
  mpd_context_t settings = settings_of(c);
  settings.round = round;
  return run(t, c, [&](mpd_t* r, u32* status) { f(r, a, &settings, status); });
}
Ref operate(Thread& t, Context* c, Op2 f, const mpd_t* a, const mpd_t* b) {
  mpd_context_t settings = settings_of(c);
  auto compute = [&](mpd_t* r, u32* status) { f(r, a, b, &settings, status); };
  return is_long(settings, a, b) ? run_detached(t, c, compute) : run(t, c, compute);
}
Ref operate(Thread& t, Context* c, Op3 f, const mpd_t* a, const mpd_t* b, const mpd_t* d) {
  mpd_context_t settings = settings_of(c);
  auto compute = [&](mpd_t* r, u32* status) { f(r, a, b, d, &settings, status); };
  return is_long(settings, a, b) || d->len > 100 ? run_detached(t, c, compute) : run(t, c, compute);
}
Ref operate_divmod(Thread& t, Context* c, const mpd_t* a, const mpd_t* b) {
  mpd_context_t settings = settings_of(c);
  Number quotient, remainder;
  u32 status = 0;
  if (is_long(settings, a, b)) {
    Detached detached(t);
    mpd_qdivmod(quotient.get(), remainder.get(), a, b, &settings, &status);
  } else {
    mpd_qdivmod(quotient.get(), remainder.get(), a, b, &settings, &status);
  }
  TRY(report(t, c, status));
  Ref q = TRY(quotient.finish(t));
  Ref r = TRY(remainder.finish(t));
  return tuple_of(t, q, r);
}

void op_compare(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status) { mpd_qcompare(r, a, b, c, status); }
void op_compare_signal(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status) {
  mpd_qcompare_signal(r, a, b, c, status);
}
void op_compare_total(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t*, u32*) { mpd_compare_total(r, a, b); }
void op_compare_total_mag(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t*, u32*) { mpd_compare_total_mag(r, a, b); }
void op_copy_sign(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t*, u32* status) { mpd_qcopy_sign(r, a, b, status); }
void op_copy_abs(mpd_t* r, const mpd_t* a, const mpd_context_t*, u32* status) { mpd_qcopy_abs(r, a, status); }
void op_copy_negate(mpd_t* r, const mpd_t* a, const mpd_context_t*, u32* status) { mpd_qcopy_negate(r, a, status); }
void op_apply(mpd_t* r, const mpd_t* a, const mpd_context_t* c, u32* status) {
  if (mpd_qcopy(r, a, status)) mpd_qfinalize(r, c, status);
}

}  // namespace typhon::decimal
