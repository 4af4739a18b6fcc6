// Signals: the exception classes, the flags and traps of a context as mappings, and raising.
#include <csignal>

#include "modules/_decimal/decimal.h"
#include "objects/protocol/services.h"

namespace typhon::decimal {

Type* g_signal_mixin_type;
GlobalRoot g_signal_dict_type;

namespace {

constexpr u32 kBaseOnly = 0;

struct Signal {
  const char* name;
  u32 flag;
  int bases[3];             // indices into this table; -1: none
  Type** more_base;         // a built-in exception class besides
};
// The signals that contexts know are kFirst..kLast, in the order in which flags and traps list them; then the conditions that all
// signal InvalidOperation.
constexpr int kDecimalException = 0, kInvalidOperation = 1, kFloat = 2, kSubnormal = 6, kInexact = 7, kRounded = 8, kClamped = 9,
              kFirst = 1, kLast = 9, kFirstCondition = 10, kCount = 14;
const Signal kSignals[kCount] = {
    {"DecimalException", kBaseOnly, {-1, -1, -1}, &exc::ArithmeticError},
    {"InvalidOperation", MPD_IEEE_Invalid_operation, {0, -1, -1}, nullptr},
    {"FloatOperation", kFloatOperation, {0, -1, -1}, &exc::TypeError},
    {"DivisionByZero", MPD_Division_by_zero, {0, -1, -1}, &exc::ZeroDivisionError},
    {"Overflow", MPD_Overflow, {kInexact, kRounded, -1}, nullptr},
    {"Underflow", MPD_Underflow, {kInexact, kRounded, kSubnormal}, nullptr},
    {"Subnormal", MPD_Subnormal, {0, -1, -1}, nullptr},
    {"Inexact", MPD_Inexact, {0, -1, -1}, nullptr},
    {"Rounded", MPD_Rounded, {0, -1, -1}, nullptr},
    {"Clamped", MPD_Clamped, {0, -1, -1}, nullptr},
    {"ConversionSyntax", MPD_Conversion_syntax, {kInvalidOperation, -1, -1}, nullptr},
    {"DivisionImpossible", MPD_Division_impossible, {kInvalidOperation, -1, -1}, nullptr},
    {"DivisionUndefined", MPD_Division_undefined, {kInvalidOperation, -1, -1}, &exc::ZeroDivisionError},
    {"InvalidContext", MPD_Invalid_context, {kInvalidOperation, -1, -1}, nullptr},
};
// Classes are made after those they derive from.
constexpr int kMakeOrder[kCount] = {0, 1, kFloat, 3, kSubnormal, kInexact, kRounded, kClamped, 4, 5, 10, 11, 12, 13};
GlobalRoot g_classes[kCount];

Type* class_at(int i) { return g_classes[i].as<Type>(); }

Status make_class(Thread& t, int i) {
  const Signal& s = kSignals[i];
  RootedVector bases(t);
  for (int base : s.bases)
    if (base >= 0) bases.push_copy(Value(class_at(base)));
  if (s.more_base != nullptr) bases.push_copy(Value(*s.more_base));
  RefTo<Tuple> tuple = TRY(tuple_from(t, bases.data(), bases.size()));
  RefTo<Str> name = TRY(str_from_ascii(t, s.name));
  RefTo<Dict> space = TRY(dict_new(t));
  RefTo<Str> module = TRY(str_from_ascii(t, "decimal"));
  TRY(dict_set_str(t, space.get(), names::__module__, module));
  Ref made = TRY(call_with(t, Value(types::type), name, tuple, space));
  g_classes[i].set(t, std::move(made));
  return ok();
}

Raised raise_unknown(Thread& t) {
  return raise(t, exc::KeyError,
               "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   Overflow, Underflow, Subnormal, "
               "Inexact, Rounded,\n   Clamped]");
}
Result<u32> flag_of(Thread& t, Value signal) {
  for (int i = kFirst; i <= kLast; i++)
    if (signal.same_word(g_classes[i].get())) return kSignals[i].flag;
  return raise_unknown(t);
}

// --- SignalDict
u32 flags_in(Value v) { return __atomic_load_n(&v.as<SignalDict>()->flags, __ATOMIC_RELAXED); }
bool is_signal_dict(Value v) { return v.is_object() && is_instance_of(v, g_signal_mixin_type); }

Status check_used(Thread& t, Value v) {
  if (!v.as<SignalDict>()->used) return raise(t, exc::ValueError, "invalid signal dict");
  return ok();
}
Ref new_(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

Result<i64> length(Thread& t, Value self) {
  TRY(check_used(t, self));
  return kLast - kFirst + 1;
}
Ref iter(Thread& t, Value self) {
  TRY(check_used(t, self));
  RefTo<List> all = TRY(list_new(t));
  for (int i = kFirst; i <= kLast; i++) TRY(list_append(t, all.get(), g_classes[i].get()));
  RefTo<Tuple> tuple = TRY(list_to_tuple(t, all.get()));
  return get_iter(t, tuple);
}
Ref get_item(Thread& t, Value self, Value key) {
  TRY(check_used(t, self));
  u32 flag = TRY(flag_of(t, key));
  return Ref::boolean((flags_in(self) & flag) != 0);
}
Status set_item(Thread& t, Value self, Value key, Value value) {
  TRY(check_used(t, self));
  if (value.is_empty()) return raise(t, exc::ValueError, "signal keys cannot be deleted");
  u32 flag = TRY(flag_of(t, key));
  bool on = TRY(truth(t, value));
  u32* flags = &self.as<SignalDict>()->flags;
  if (on)
    __atomic_fetch_or(flags, flag, __ATOMIC_RELAXED);
  else
    __atomic_fetch_and(flags, ~flag, __ATOMIC_RELAXED);
  return ok();
}
Ref repr(Thread& t, Value self) {
  TRY(check_used(t, self));
  u32 flags = flags_in(self);
  StrBuilder out;
  for (int i = kFirst; i <= kLast; i++) {
    out.append_ascii(i == kFirst ? "{<class 'decimal." : ", <class 'decimal.");
    out.append_ascii(kSignals[i].name);
    out.append_ascii((flags & kSignals[i].flag) != 0 ? "'>:True" : "'>:False");
  }
  out.append('}');
  return out.finish(t);
}
Ref compare(Thread& t, Value self, Value other, CompareOp op) {
  TRY(check_used(t, self));
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  u32 theirs;
  if (is_signal_dict(other)) {
    TRY(check_used(t, other));
    theirs = flags_in(other);
  } else if (is_dict(other)) {
    Result<u32> flags = flags_of_dict(t, other);
    if (flags.failed()) {
      if (!clear_if(t, exc::KeyError)) return Raised{};
      return Ref::boolean(op == CompareOp::kNe);  // a dict of something else
    }
    theirs = flags.get();
  } else {
    return Ref::not_implemented();
  }
  return Ref::boolean((flags_in(self) == theirs) == (op == CompareOp::kEq));
}
Ref copy(Thread& t, Value self, const Value*) {
  TRY(check_used(t, self));
  u32 flags = flags_in(self);
  RefTo<Dict> dict = TRY(dict_new(t));
  for (int i = kFirst; i <= kLast; i++)
    TRY(dict_set_py(t, dict.get(), g_classes[i].get(), Value::boolean((flags & kSignals[i].flag) != 0)));
  return dict;
}

const Method kMixinMethods[] = {
    method("copy", copy, "($self, /)"),
    method("__copy__", copy, "($self, /)"),
    {},
};

Status make_signal_dict_type(Thread& t) {
  TRY(make_static_type(t, kSignalMixinSpec, &g_signal_mixin_type));
  Ref abc = TRY(import_module(t, "collections.abc"));
  Ref mapping = TRY(get_attribute_utf8(t, abc, "MutableMapping"));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(g_signal_mixin_type), mapping));
  RefTo<Str> name = TRY(str_from_ascii(t, "SignalDict"));
  RefTo<Dict> space = TRY(dict_new(t));
  RefTo<Str> module = TRY(str_from_ascii(t, "abc"));
  TRY(dict_set_str(t, space.get(), names::__module__, module));
  Ref made = TRY(call_with(t, Value(type_of(mapping)), name, bases, space));
  g_signal_dict_type.set(t, std::move(made));
  return ok();
}

}  // namespace

const TypeSpec kSignalMixinSpec = {
    .name = "decimal.SignalDictMixin",
    .layout = {"SignalDictMixin", sizeof(SignalDict), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .compare = compare, .iter = iter, .new_ = new_, .length = length, .get_item = get_item, .set_item = set_item},
    .methods = kMixinMethods,
};

Status initialise_signals(Thread& t, Module* module) {
  if (g_signal_dict_type.get().is_empty()) {
    for (int i : kMakeOrder) TRY(make_class(t, i));
    TRY(make_signal_dict_type(t));
  }
  for (int i = 0; i < kCount; i++) TRY(module_add(t, module, kSignals[i].name, g_classes[i].get()));
  return ok();
}

Ref signal_dict_new(Thread& t, u32 flags) {
  Ref made = TRY(allocate_instance(t, g_signal_dict_type.as<Type>()));
  made.as<SignalDict>()->flags = flags;
  made.as<SignalDict>()->used = true;
  return made;
}

// The exception of the first signal among them, with the list of all conditions.
Raised raise_signals(Thread& t, u32 status) {
  if (status & MPD_Malloc_error) return raise_no_memory(t);
  RefTo<List> conditions = TRY(list_new(t));
  if (status & MPD_Invalid_operation) TRY(list_append(t, conditions.get(), g_classes[kInvalidOperation].get()));
  for (int i = kFirstCondition; i < kCount; i++)
    if (status & kSignals[i].flag) TRY(list_append(t, conditions.get(), g_classes[i].get()));
  for (int i = kInvalidOperation + 1; i <= kLast; i++)
    if (status & kSignals[i].flag) TRY(list_append(t, conditions.get(), g_classes[i].get()));
  for (int i = kFirst; i <= kLast; i++)
    if (status & kSignals[i].flag) return raise_value(t, class_at(i), conditions);
  return raise(t, exc::RuntimeError, "internal error: unknown condition of libmpdec");
}

Result<u32> flags_of_list(Thread& t, Value list) {
  if (!is_list(list)) return raise(t, exc::TypeError, "argument must be a signal list");
  u32 flags = 0;
  for (size_t i = 0; i < list_size(list.as<List>()); i++) {
    Ref item = list_get(t, list.as<List>(), i);
    if (item.is_empty()) break;
    flags |= TRY(flag_of(t, item));
  }
  return flags;
}

Result<u32> flags_of_dict(Thread& t, Value v) {
  if (is_signal_dict(v)) {
    TRY(check_used(t, v));
    return flags_in(v);
  }
  if (!is_dict(v)) return raise(t, exc::TypeError, "argument must be a signal dict");
  auto* dict = v.as<Dict>();
  if (dict_size(dict) != kLast - kFirst + 1) return raise(t, exc::KeyError, "invalid signal dict");
  u32 flags = 0;
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, dict, &position, &key, &value)) {
    u32 flag = TRY(flag_of(t, key));
    if (TRY(truth(t, value))) flags |= flag;
  }
  return flags;
}

RefTo<List> signals_list(Thread& t, u32 flags) {
  RefTo<List> list = TRY(list_new(t));
  for (int i = kFirst; i <= kLast; i++)
    if (flags & kSignals[i].flag) TRY(list_append(t, list.get(), g_classes[i].get()));
  return list;
}

void append_signal_names(StrBuilder& out, u32 flags) {
  // In the order of the bits, as contexts are printed.
  constexpr int kShown[] = {kClamped, kInvalidOperation, 3, kInexact, kFloat, 4, kRounded, kSubnormal, 5};
  bool first = true;
  out.append('[');
  for (int i : kShown) {
    if (!(flags & kSignals[i].flag)) continue;
    if (!first) out.append_ascii(", ");
    first = false;
    out.append_ascii(kSignals[i].name);
  }
  out.append(']');
}

}  // namespace typhon::decimal
