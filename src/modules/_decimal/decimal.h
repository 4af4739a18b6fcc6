// What the files of _decimal share. The arithmetic is libmpdec's; here are its objects, conversions and error reports.
//
// Decimals are immutable once their maker hands them out, so that threads may compute with the same ones. Contexts change: every
// operation takes a copy of the settings to its stack, computes with that, and adds the conditions that occurred to the flags at the end.
#pragma once
#include <mpdecimal.h>

#include "base/relaxed.h"
#include "modules/_contextvars.h"
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon::decimal {

inline constexpr int kInlineWords = 4;  // 76 digits: results of the default precision need no memory of their own
inline constexpr u32 kFloatOperation = MPD_Not_implemented;  // libmpdec never reports that one

struct Decimal : Object {
  i64 hash;  // 0: not computed yet
  mpd_t number;
  mpd_uint_t words[kInlineWords];
};

// The mapping from signals to bools that Context.flags and Context.traps are. It holds the bits itself.
struct SignalDict : Object {
  u32 flags;           // relaxed atomic accesses only
  Relaxed<bool> used;  // by a context that lives: otherwise programs get a ValueError
};

struct Context : Object {
  Relaxed<i64> prec, emax, emin;
  Relaxed<i32> round, clamp, capitals;
  Field traps, flags;  // SignalDicts, for life
};

extern Type *g_decimal_type, *g_context_type, *g_signal_mixin_type, *g_manager_type;
extern const TypeSpec kDecimalSpec, kContextSpec, kSignalMixinSpec, kManagerSpec;
extern GlobalRoot g_signal_dict_type, g_tuple_type, g_rational;

inline bool is_decimal(Value v) {
  if (!v.is_object()) return false;
  Type* type = type_of_object(v.object());
  return type == g_decimal_type || is_subtype(type, g_decimal_type);
}
inline bool is_context(Value v) { return v.is_object() && is_instance_of(v, g_context_type); }
inline mpd_t* number_of(Value v) { return &v.as<Decimal>()->number; }
inline Context* context_of(Value v) { return v.as<Context>(); }

// --- numbers on a C++ stack
// Prepares a number whose digits lie in `words` until they need more.
inline void start_number(mpd_t* m, mpd_uint_t* words) {
  m->flags = MPD_STATIC | MPD_STATIC_DATA;
  m->exp = m->digits = m->len = 0;
  m->alloc = kInlineWords;
  m->data = words;
}
class Number {
 public:
  Number() { start_number(&number_, words_); }
  ~Number() { mpd_del(&number_); }
  Number(const Number&) = delete;
  Number& operator=(const Number&) = delete;
  mpd_t* get() { return &number_; }
  // The number as a new Decimal; this one is empty afterwards.
  Ref finish(Thread& t);

 private:
  mpd_t number_;
  mpd_uint_t words_[kInlineWords];
};

// An operand: a Decimal's own number, or that of an int. Valid while the value is.
class Operand {
 public:
  Operand() {}
  ~Operand() {
    if (used_) mpd_del(&own_);
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
  // False: neither a Decimal nor an int. MemoryError.
  Result<bool> get(Thread& t, Value v) {
    if (!is_decimal(v)) return get_int(t, v);
    number_ = number_of(v);
    return true;
  }
  // TypeError "conversion from X to Decimal is not supported".
  Status need(Thread& t, Value v);
  // For what the caller computes itself.
  mpd_t* fresh();
  const mpd_t* number() const { return number_; }

 private:
  Result<bool> get_int(Thread& t, Value v);
  const mpd_t* number_ = nullptr;
  bool used_ = false;
  mpd_t own_;
  mpd_uint_t words_[kInlineWords];
};

// --- decimal.cpp
// A Decimal of that class (a subclass of Decimal) without a number yet: start_number has been called.
Ref decimal_new(Thread& t, Type* cls = nullptr);
void take_number(Decimal* to, mpd_t* from);  // moves
Ref decimal_from_i64(Thread& t, i64 n);
RefTo<Str> decimal_str(Thread& t, const mpd_t* m, bool capitals, bool engineering = false);

// --- context.cpp
// The settings as libmpdec wants them; traps and status are left out.
inline mpd_context_t settings_of(const Context* c) {
  mpd_context_t settings;
  settings.prec = c->prec;
  settings.emax = c->emax;
  settings.emin = c->emin;
  settings.traps = settings.status = settings.newtrap = 0;
  settings.round = c->round;
  settings.clamp = c->clamp;
  settings.allcr = 1;
  return settings;
}
Ref current_decimal_context(Thread& t);
// An optional context: the current one for EMPTY and None; TypeError "optional argument must be a context".
Ref context_argument(Thread& t, Value v);
Ref context_copy(Thread& t, const Context* from);
Status initialise_contexts(Thread& t, Module* module);
// The rounding mode of that name. TypeError.
Result<int> rounding_mode(Thread& t, Value v);
// libmpdec's number of an int that may be a size. TypeError "an integer is required", OverflowError.
Result<i64> size_argument(Thread& t, Value v);
Ref f_getcontext(Thread& t, Value, const Value*);
Ref f_setcontext(Thread& t, Value, const Value* a);
Ref f_localcontext(Thread& t, Value, const Value* a);
Ref f_ieee_context(Thread& t, Value, const Value* a);
extern const Method kContextMethods[];  // context_methods.cpp

// --- signals.cpp
Status initialise_signals(Thread& t, Module* module);
Ref signal_dict_new(Thread& t, u32 flags);
inline u32 load_flags(const Field& dict) { return __atomic_load_n(&dict.as<SignalDict>()->flags, __ATOMIC_RELAXED); }
inline void store_flags(const Field& dict, u32 flags) { __atomic_store_n(&dict.as<SignalDict>()->flags, flags, __ATOMIC_RELAXED); }
// Sets flags without an exception.
inline void set_flags(Context* c, u32 flags) {
  auto* dict = c->flags.as<SignalDict>();
  u32 now = __atomic_load_n(&dict->flags, __ATOMIC_RELAXED);
  if ((now & flags) != flags) __atomic_fetch_or(&dict->flags, flags, __ATOMIC_RELAXED);
}
Raised raise_signals(Thread& t, u32 status);
// Adds what happened to the flags; raises when one of them is trapped, and MemoryError.
TYPHON_INLINE Status report(Thread& t, Context* c, u32 status) {
  if (status == 0) return ok();
  set_flags(c, status);
  u32 traps = load_flags(c->traps);
  if (status & (traps | MPD_Malloc_error)) [[unlikely]] return raise_signals(t, status & (traps | MPD_Malloc_error));
  return ok();
}
Result<u32> flags_of_list(Thread& t, Value list);  // a list of signals
Result<u32> flags_of_dict(Thread& t, Value dict);  // a SignalDict, or a dict with all signals
RefTo<List> signals_list(Thread& t, u32 flags);
void append_signal_names(StrBuilder& out, u32 flags);

// --- operate.cpp
using Op1 = void (*)(mpd_t*, const mpd_t*, const mpd_context_t*, u32*);
using Op2 = void (*)(mpd_t*, const mpd_t*, const mpd_t*, const mpd_context_t*, u32*);
using Op3 = void (*)(mpd_t*, const mpd_t*, const mpd_t*, const mpd_t*, const mpd_context_t*, u32*);
// The operation's result under the context, as a Decimal. Detached from the Python world when it may take long.
Ref operate(Thread& t, Context* c, Op1 f, const mpd_t* a);
Ref operate(Thread& t, Context* c, Op2 f, const mpd_t* a, const mpd_t* b);
Ref operate(Thread& t, Context* c, Op3 f, const mpd_t* a, const mpd_t* b, const mpd_t* d);
Ref operate_divmod(Thread& t, Context* c, const mpd_t* a, const mpd_t* b);  // a tuple
Ref operate_rounded(Thread& t, Context* c, int round, Op1 f, const mpd_t* a);  // under another rounding mode
// libmpdec functions of other shapes, as operations.
void op_compare(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status);
void op_compare_signal(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status);
void op_compare_total(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status);
void op_compare_total_mag(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status);
void op_copy_sign(mpd_t* r, const mpd_t* a, const mpd_t* b, const mpd_context_t* c, u32* status);
void op_copy_abs(mpd_t* r, const mpd_t* a, const mpd_context_t* c, u32* status);
void op_copy_negate(mpd_t* r, const mpd_t* a, const mpd_context_t* c, u32* status);
void op_apply(mpd_t* r, const mpd_t* a, const mpd_context_t* c, u32* status);  // rounds to the context

// --- convert.cpp
void set_from_int(mpd_t* m, Value n, u32* status);
void set_from_double(mpd_t* m, double d, u32* status);
// What Decimal(v) gives: exact, whatever the context, which is asked for its traps only. A Decimal of exactly that class is returned as it is.
Ref decimal_exact(Thread& t, Type* cls, Value v, Context* c);
Ref decimal_from_float(Thread& t, Value v, Context* c, bool exact);  // int or float
// What Context.create_decimal(v) gives: rounded.
Ref decimal_rounded(Thread& t, Value v, Context* c);
// The integer next to it in that direction, as an int. ValueError and OverflowError for NaN and infinity.
Ref decimal_to_int(Thread& t, const mpd_t* m, Context* c, int round);
Result<double> decimal_to_double(Thread& t, const mpd_t* m);
Ref decimal_ratio(Thread& t, const mpd_t* m);  // as_integer_ratio
Ref decimal_tuple(Thread& t, const mpd_t* m);  // as_tuple
// m times the denominator of a Rational, exactly.
i64 decimal_hash(const mpd_t* m);  // of finite ones and infinity

// --- format.cpp, methods.cpp
Ref decimal_format(Thread& t, Value self, const Value* a);
extern const Method kDecimalMethods[];

}  // namespace typhon::decimal
