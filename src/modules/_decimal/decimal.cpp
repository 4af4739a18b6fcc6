// Decimal: objects, operators, comparison.
#include "modules/_decimal/decimal.h"

namespace typhon::decimal {

Type* g_decimal_type;
GlobalRoot g_rational;

namespace {

void free_number(Thread&, Object* self) { mpd_del(&static_cast<Decimal*>(self)->number); }
bool dispose(Thread&, Object* self) {
  mpd_del(&static_cast<Decimal*>(self)->number);
  return true;
}

Ref new_(Thread& t, Type* cls, Args args) {
  Value v, context;
  if (args.count == 1 && args.keyword_count == 0) {
    v = args[0];
  } else {
    static const Signature& signature = parse_signature("(value=\"0\", context=None)");
    Value a[2];
    Ref unused;
    TRY(bind_arguments(t, signature, "Decimal", args, a, &unused));
    v = a[0];
    context = a[1];
  }
  Ref c = TRY(context_argument(t, context));
  return decimal_exact(t, cls, v.is_empty() ? Value::small_int(0) : v, context_of(c));
}

// --- operators: NotImplemented unless both operands are Decimals or ints
template <Op1 f>
Ref unary(Thread& t, Value v) {
  Ref c = TRY(current_decimal_context(t));
  return operate(t, context_of(c), f, number_of(v));
}
template <Op2 f>
Ref binary(Thread& t, Value a, Value b) {
  Operand x, y;
  if (!TRY(x.get(t, a)) || !TRY(y.get(t, b))) return Ref::not_implemented();
  Ref c = TRY(current_decimal_context(t));
  return operate(t, context_of(c), f, x.number(), y.number());
}
Ref divmod(Thread& t, Value a, Value b) {
  Operand x, y;
  if (!TRY(x.get(t, a)) || !TRY(y.get(t, b))) return Ref::not_implemented();
  Ref c = TRY(current_decimal_context(t));
  return operate_divmod(t, context_of(c), x.number(), y.number());
}
Ref power(Thread& t, Value a, Value b, Value modulus) {
  Operand x, y, z;
  if (!TRY(x.get(t, a)) || !TRY(y.get(t, b))) return Ref::not_implemented();
  Ref c = TRY(current_decimal_context(t));
  if (modulus.is_none() || modulus.is_empty()) return operate(t, context_of(c), mpd_qpow, x.number(), y.number());
  if (!TRY(z.get(t, modulus))) return Ref::not_implemented();
  return operate(t, context_of(c), mpd_qpowmod, x.number(), y.number(), z.number());
}
Result<bool> bool_(Thread&, Value v) { return !mpd_iszero(number_of(v)); }
Ref int_(Thread& t, Value v) {
  Ref c = TRY(current_decimal_context(t));
  return decimal_to_int(t, number_of(v), context_of(c), MPD_ROUND_DOWN);
}
Ref float_(Thread& t, Value v) { return float_from(t, TRY(decimal_to_double(t, number_of(v)))); }

// --- text
Ref str(Thread& t, Value v) {
  Ref c = TRY(current_decimal_context(t));
  return decimal_str(t, number_of(v), context_of(c)->capitals);
}
Ref repr(Thread& t, Value v) {
  Ref text = TRY(str(t, v));
  StrBuilder out;
  out.append_ascii("Decimal('");
  out.append(text.as<Str>());
  out.append_ascii("')");
  return out.finish(t);
}

Result<i64> hash(Thread& t, Value v) {
  auto* d = v.as<Decimal>();
  if (mpd_isspecial(&d->number)) {
    if (mpd_issnan(&d->number)) return raise(t, exc::TypeError, "Cannot hash a signaling NaN value");
    if (mpd_isnan(&d->number)) return float_hash(__builtin_nan(""), d);
  }
  i64 known = __atomic_load_n(&d->hash, __ATOMIC_RELAXED);
  if (known != 0) return known;
  known = decimal_hash(&d->number);
  __atomic_store_n(&d->hash, known, __ATOMIC_RELAXED);
  return known;
}

// --- comparison
bool is_equality(CompareOp op) { return op == CompareOp::kEq || op == CompareOp::kNe; }

// The operands of a comparison as numbers that compare alike: those of Decimals and ints, exact ones of floats, and for a Rational its
// numerator against the Decimal times its denominator. False: not comparable.
struct Pair {
  Operand left, right;
};
Result<bool> take_double(Thread& t, Context* c, double d, CompareOp op, Pair* pair) {
  if (is_equality(op))
    set_flags(c, kFloatOperation);
  else
    TRY(report(t, c, kFloatOperation));
  u32 status = 0;
  set_from_double(pair->right.fresh(), d, &status);
  TRY(report(t, c, status));
  return true;
}
Result<bool> take_rational(Thread& t, Context* c, Value a, Value b, Pair* pair) {
  if (!TRY(is_instance(t, b, g_rational.get()))) return false;
  Ref numerator = TRY(get_attribute_utf8(t, b, "numerator"));
  u32 status = 0;
  if (!is_int(numerator)) return raise(t, exc::TypeError, "numerator must be an integer");
  set_from_int(pair->right.fresh(), numerator, &status);
  if (mpd_isspecial(number_of(a))) return true;
  Ref denominator = TRY(get_attribute_utf8(t, b, "denominator"));
  if (!is_int(denominator)) return raise(t, exc::TypeError, "denominator must be an integer");
  Operand by;
  set_from_int(by.fresh(), denominator, &status);
  mpd_context_t widest;
  mpd_maxcontext(&widest);
  // With the exponent aside, the product cannot leave the bounds; comparing copes with any exponent.
  mpd_t whole = *number_of(a);
  whole.exp = 0;
  mpd_t* product = pair->left.fresh();
  mpd_qmul(product, &whole, by.number(), &widest, &status);
  product->exp = number_of(a)->exp;
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  return true;
}
Result<bool> take_operands(Thread& t, Context* c, Value a, Value b, CompareOp op, Pair* pair) {
  TRY(pair->left.get(t, a));
  if (TRY(pair->right.get(t, b))) return true;
  if (is_float(b)) return take_double(t, c, float_value(b), op, pair);
  if (b.is_object() && is_instance_of(b, types::complex_)) {
    auto* z = b.as<Complex>();
    if (!is_equality(op) || z->imag != 0) return false;
    return take_double(t, c, z->real, op, pair);
  }
  return take_rational(t, c, a, b, pair);
}
Ref compare(Thread& t, Value a, Value b, CompareOp op) {
  Ref context = TRY(current_decimal_context(t));
  auto* c = context_of(context);
  Pair pair;
  if (!TRY(take_operands(t, c, a, b, op, &pair))) return Ref::not_implemented();
  u32 status = 0;
  int order = mpd_qcmp(pair.left.number(), pair.right.number(), &status);
  if (order != INT_MAX) return Ref::boolean(order_holds(op, order));
  // NaNs: quiet ones signal when they are ordered, signaling ones always.
  if (!is_equality(op) || mpd_issnan(pair.left.number()) || mpd_issnan(pair.right.number())) TRY(report(t, c, status));
  return Ref::boolean(op == CompareOp::kNe);
}

Ref get_real(Thread&, Value self) { return Ref::copy(self); }
Ref get_imag(Thread& t, Value) { return decimal_from_i64(t, 0); }
const GetSet kGetSets[] = {{"real", get_real}, {"imag", get_imag}, {}};

}  // namespace

const TypeSpec kDecimalSpec = {
    .name = "decimal.Decimal",
    .doc = "A decimal floating-point number, made exactly from an int, a float, a string, a tuple (sign, digits, exponent) or another Decimal. "
           "The context only decides whether malformed text raises InvalidOperation.",
    .layout = {"Decimal", sizeof(Decimal), 0, nullptr, free_number, nullptr, nullptr, dispose},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr,
              .str = str,
              .hash = hash,
              .compare = compare,
              .new_ = new_,
              .add = binary<mpd_qadd>,
              .subtract = binary<mpd_qsub>,
              .multiply = binary<mpd_qmul>,
              .remainder = binary<mpd_qrem>,
              .divmod = divmod,
              .floor_divide = binary<mpd_qdivint>,
              .true_divide = binary<mpd_qdiv>,
              .power = power,
              .negative = unary<mpd_qminus>,
              .positive = unary<mpd_qplus>,
              .absolute = unary<mpd_qabs>,
              .int_ = int_,
              .float_ = float_,
              .bool_ = bool_},
    .methods = kDecimalMethods,
    .getsets = kGetSets,
    .text_signature = "(value=\"0\", context=None)",
};

Ref decimal_new(Thread& t, Type* cls) {
  Ref made = cls == nullptr || cls == g_decimal_type ? Ref::adopt(Value(allocate_native<Decimal>(t, g_decimal_type))) : allocate_instance(t, cls);
  if (made.failed()) return made;
  auto* d = made.as<Decimal>();
  start_number(&d->number, d->words);
  return made;
}
void take_number(Decimal* to, mpd_t* from) {
  to->number = *from;
  if (from->flags & MPD_STATIC_DATA) {
    std::memcpy(to->words, from->data, sizeof to->words);
    to->number.data = to->words;
  } else {
    from->flags |= MPD_STATIC_DATA;  // not its own any more
  }
}
Ref Number::finish(Thread& t) {
  Ref made = TRY(decimal_new(t));
  take_number(made.as<Decimal>(), &number_);
  return made;
}
Ref decimal_from_i64(Thread& t, i64 n) {
  Ref made = TRY(decimal_new(t));
  u32 status = 0;
  Ref number = TRY(int_from(t, n));
  set_from_int(number_of(made), number, &status);
  return made;
}
RefTo<Str> decimal_str(Thread& t, const mpd_t* m, bool capitals, bool engineering) {
  char* text;
  mpd_ssize_t n = engineering ? mpd_to_eng_size(&text, m, capitals) : mpd_to_sci_size(&text, m, capitals);
  if (n < 0) return raise_no_memory(t);
  RefTo<Str> made = str_from_ascii(t, {text, size_t(n)});
  mpd_free(text);
  return made;
}

}  // namespace typhon::decimal
