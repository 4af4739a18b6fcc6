// Context: settings, flags and traps; the current context of a thread or task; localcontext().
#include <cstring>

#include "modules/_decimal/decimal.h"

namespace typhon::decimal {

Type *g_context_type, *g_manager_type;

namespace {

GlobalRoot g_variable;                                  // the ContextVar that holds the current context
GlobalRoot g_default, g_basic, g_extended;              // DefaultContext and its siblings
GlobalRoot g_round_names[MPD_ROUND_GUARD];

constexpr const char* kRoundNames[] = {"ROUND_UP", "ROUND_DOWN", "ROUND_CEILING", "ROUND_FLOOR",
                                       "ROUND_HALF_UP", "ROUND_HALF_DOWN", "ROUND_HALF_EVEN", "ROUND_05UP"};
constexpr int kRoundCount = 8;
constexpr i64 kExponentLimit = 999999;

struct Manager : Object {
  Field local, global;
};
void manager_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Manager*>(self)->local, 2); }
void context_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Context*>(self)->traps, 2); }

// Programs that kept a context's flags are told that it is gone.
bool dispose(Thread&, Object* self) {
  auto* c = static_cast<Context*>(self);
  for (Field* field : {&c->traps, &c->flags}) {
    if (field->is_empty()) continue;
    field->as<SignalDict>()->used = false;
    drop_field(*field);
  }
  return true;
}

void set_settings(Context* c, const mpd_context_t& s) {
  c->prec = s.prec;
  c->emax = s.emax;
  c->emin = s.emin;
  c->round = s.round;
  c->clamp = s.clamp;
}
Ref context_make(Thread& t, Type* cls, const mpd_context_t& settings, int capitals, u32 traps, u32 flags) {
  Ref made = TRY(allocate_instance(t, cls));
  auto* c = made.as<Context>();
  set_settings(c, settings);
  c->capitals = capitals;
  Ref trap_dict = TRY(signal_dict_new(t, traps));
  Ref flag_dict = TRY(signal_dict_new(t, flags));
  c->traps.init(c, std::move(trap_dict));
  c->flags.init(c, std::move(flag_dict));
  return made;
}
mpd_context_t usual_settings() {
  mpd_context_t s = {};
  s.prec = 28;
  s.emax = kExponentLimit;
  s.emin = -kExponentLimit;
  s.round = MPD_ROUND_HALF_EVEN;
  return s;
}
constexpr u32 kUsualTraps = MPD_IEEE_Invalid_operation | MPD_Division_by_zero | MPD_Overflow;

Status check_deletion(Thread& t, Value value) {
  if (value.is_empty()) return raise(t, exc::AttributeError, "context attributes cannot be deleted");
  return ok();
}

// --- attributes
Ref get_prec(Thread& t, Value self) { return int_from(t, context_of(self)->prec); }
Ref get_emax(Thread& t, Value self) { return int_from(t, context_of(self)->emax); }
Ref get_emin(Thread& t, Value self) { return int_from(t, context_of(self)->emin); }
Ref get_rounding(Thread&, Value self) { return Ref::copy(g_round_names[context_of(self)->round].get()); }
Ref get_capitals(Thread& t, Value self) { return int_from(t, context_of(self)->capitals); }
Ref get_clamp(Thread& t, Value self) { return int_from(t, context_of(self)->clamp); }
Ref get_traps(Thread&, Value self) { return context_of(self)->traps.load(); }
Ref get_flags(Thread&, Value self) { return context_of(self)->flags.load(); }

Status set_ranged(Thread& t, Value value, i64 low, i64 high, const char* message, i64* out) {
  TRY(check_deletion(t, value));
  i64 n = TRY(size_argument(t, value));
  if (n < low || n > high) return raise(t, exc::ValueError, message);
  *out = n;
  return ok();
}
Status set_prec(Thread& t, Value self, Value value) {
  i64 n;
  TRY(set_ranged(t, value, 1, MPD_MAX_PREC, "valid range for prec is [1, MAX_PREC]", &n));
  context_of(self)->prec = n;
  return ok();
}
Status set_emax(Thread& t, Value self, Value value) {
  i64 n;
  TRY(set_ranged(t, value, 0, MPD_MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]", &n));
  context_of(self)->emax = n;
  return ok();
}
Status set_emin(Thread& t, Value self, Value value) {
  i64 n;
  TRY(set_ranged(t, value, MPD_MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]", &n));
  context_of(self)->emin = n;
  return ok();
}
Status set_rounding(Thread& t, Value self, Value value) {
  TRY(check_deletion(t, value));
  context_of(self)->round = TRY(rounding_mode(t, value));
  return ok();
}
Status set_capitals(Thread& t, Value self, Value value) {
  i64 n;
  TRY(set_ranged(t, value, 0, 1, "valid values for capitals are 0 or 1", &n));
  context_of(self)->capitals = i32(n);
  return ok();
}
Status set_clamp(Thread& t, Value self, Value value) {
  i64 n;
  TRY(set_ranged(t, value, 0, 1, "valid values for clamp are 0 or 1", &n));
  context_of(self)->clamp = i32(n);
  return ok();
}
Status set_traps(Thread& t, Value self, Value value) {
  TRY(check_deletion(t, value));
  store_flags(context_of(self)->traps, TRY(flags_of_dict(t, value)));
  return ok();
}
Status set_all_flags(Thread& t, Value self, Value value) {
  TRY(check_deletion(t, value));
  store_flags(context_of(self)->flags, TRY(flags_of_dict(t, value)));
  return ok();
}
Status set_attribute_checked(Thread& t, Value self, Str* name, Value value) {
  TRY(check_deletion(t, value));
  return generic_set_attribute(t, self, name, value);
}

const GetSet kContextGetSets[] = {
    {"prec", get_prec, set_prec, "Precision: digits of a result."},
    {"Emax", get_emax, set_emax, "Largest adjusted exponent."},
    {"Emin", get_emin, set_emin, "Smallest adjusted exponent of a normal number."},
    {"rounding", get_rounding, set_rounding, "How results are rounded: a ROUND_* constant."},
    {"capitals", get_capitals, set_capitals, "Whether exponents are printed with E rather than e."},
    {"clamp", get_clamp, set_clamp, "Whether exponents are clamped, as in the interchange formats of IEEE 754."},
    {"traps", get_traps, set_traps, "The signals that raise their exceptions."},
    {"flags", get_flags, set_all_flags, "The signals that occurred."},
    {},
};

// --- construction
// prec, rounding, Emin, Emax, capitals, clamp, flags, traps: EMPTY and None change nothing.
Status set_given(Thread& t, Value self, const Value* a) {
  using Setter = Status (*)(Thread&, Value, Value);
  constexpr Setter kSetters[] = {set_prec, set_rounding, set_emin, set_emax, set_capitals, set_clamp};
  auto given = [&](int i) { return !a[i].is_empty() && !a[i].is_none(); };
  for (int i = 0; i < 6; i++)
    if (given(i)) TRY(kSetters[i](t, self, a[i]));
  auto* c = context_of(self);
  // Traps before flags, each as a list of signals or a dict of all.
  for (int i : {7, 6}) {
    if (!given(i)) continue;
    u32 flags = TRY(is_list(a[i]) ? flags_of_list(t, a[i]) : flags_of_dict(t, a[i]));
    store_flags(i == 7 ? c->traps : c->flags, flags);
  }
  return ok();
}
Ref context_new(Thread& t, Type* cls, Args) {
  Value from = g_default.get();
  if (from.is_empty()) return context_make(t, cls, usual_settings(), 1, kUsualTraps, 0);
  auto* c = context_of(from);
  return context_make(t, cls, settings_of(c), c->capitals, load_flags(c->traps), 0);
}
Status context_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature(
      "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)");
  if (args.count == 0 && args.keyword_count == 0) return ok();
  Value a[8];
  Ref unused;
  TRY(bind_arguments(t, signature, "Context", args, a, &unused));
  return set_given(t, self, a);
}

Ref repr(Thread& t, Value self) {
  auto* c = context_of(self);
  char text[256];
  snprintf(text, sizeof text, "Context(prec=%lld, rounding=%s, Emin=%lld, Emax=%lld, capitals=%d, clamp=%d, flags=", (long long)c->prec.load(),
           kRoundNames[c->round], (long long)c->emin.load(), (long long)c->emax.load(), int(c->capitals), int(c->clamp));
  StrBuilder out;
  out.append_ascii(text);
  append_signal_names(out, load_flags(c->flags));
  out.append_ascii(", traps=");
  append_signal_names(out, load_flags(c->traps));
  out.append(')');
  return out.finish(t);
}

// --- the current context
struct Cache {
  u64 version = 0;  // of the contextvars.Context in which `value` was found: it holds it as long as it has this version
  Value value;
};
thread_local Cache g_cache;

Ref make_current(Thread& t) {
  Ref fresh = TRY(context_copy(t, context_of(g_default.get())));
  store_flags(context_of(fresh)->flags, 0);
  Ref token = TRY(context_var_set(t, g_variable.get(), fresh));
  return fresh;
}
Ref find_current(Thread& t) {
  Ref found = TRY(context_var_get(t, g_variable.get(), EMPTY));
  if (found.is_empty()) found = TRY(make_current(t));
  g_cache = {contextvars_version(t), found.get().untagged()};
  return found;
}
bool is_template(Value v) {
  return v.same_word(g_default.get()) || v.same_word(g_basic.get()) || v.same_word(g_extended.get());
}
Status set_current(Thread& t, Value v) {
  if (!is_context(v)) return raise(t, exc::TypeError, "argument must be a context");
  Ref used = Ref::copy(v);
  if (is_template(v)) {  // these stay as they are
    used = TRY(context_copy(t, context_of(v)));
    store_flags(context_of(used)->flags, 0);
  }
  Ref token = TRY(context_var_set(t, g_variable.get(), used));
  return ok();
}

// --- localcontext()
Ref manager_enter(Thread& t, Value self, const Value*) {
  Ref local = self.as<Manager>()->local.load();
  TRY(set_current(t, local));
  return local;
}
Ref manager_exit(Thread& t, Value self, Args) {
  Ref global = self.as<Manager>()->global.load();
  TRY(set_current(t, global));
  return Ref::boolean(false);
}
const Method kManagerMethods[] = {
    method("__enter__", manager_enter, "($self, /)"),
    raw_method("__exit__", manager_exit, "($self, /, *args)"),
    {},
};

Status make_round_names(Thread& t, Module* module) {
  for (int i = 0; i < kRoundCount; i++) {
    if (g_round_names[i].get().is_empty()) {
      RefTo<Str> name = TRY(str_from_ascii(t, kRoundNames[i]));
      g_round_names[i].set(t, TRY(str_intern(t, name)));
    }
    TRY(module_add(t, module, kRoundNames[i], g_round_names[i].get()));
  }
  return ok();
}
Status make_templates(Thread& t) {
  mpd_context_t s = usual_settings();
  g_default.set(t, TRY(context_make(t, g_context_type, s, 1, kUsualTraps, 0)));
  s.prec = 9;
  g_extended.set(t, TRY(context_make(t, g_context_type, s, 1, 0, 0)));
  s.round = MPD_ROUND_HALF_UP;
  g_basic.set(t, TRY(context_make(t, g_context_type, s, 1, kUsualTraps | MPD_Underflow | MPD_Clamped, 0)));
  return ok();
}

}  // namespace

const TypeSpec kContextSpec = {
    .name = "decimal.Context",
    .doc = "The settings that operations on Decimals follow: precision, rounding, bounds of the exponent, and what raises exceptions.",
    .layout = {"Context", sizeof(Context), 0, context_visit, nullptr, nullptr, nullptr, dispose},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .setattribute = set_attribute_checked, .new_ = context_new, .init = context_init},
    .methods = kContextMethods,
    .getsets = kContextGetSets,
    .text_signature = "(prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)",
};
const TypeSpec kManagerSpec = {
    .name = "decimal.ContextManager",
    .layout = {"ContextManager", sizeof(Manager), 0, manager_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .methods = kManagerMethods,
};

Result<int> rounding_mode(Thread& t, Value v) {
  if (is_str(v)) {
    auto* s = v.as<Str>();
    for (int i = 0; i < kRoundCount; i++)
      if (s->equals_ascii(kRoundNames[i])) return i;
  }
  return raise(t, exc::TypeError,
               "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   ROUND_HALF_UP, ROUND_HALF_DOWN, "
               "ROUND_HALF_EVEN,\n   ROUND_05UP]");
}
Result<i64> size_argument(Thread& t, Value v) {
  i64 n;
  if (!is_int(v)) return raise(t, exc::TypeError, "an integer is required");
  if (!int_fits_i64(v, &n)) return raise(t, exc::OverflowError, "Python int too large to convert to C ssize_t");
  return n;
}

Ref current_decimal_context(Thread& t) {
  u64 version = contextvars_version(t);
  if (version != 0 && version == g_cache.version) [[likely]] return Ref::copy(g_cache.value);
  return find_current(t);
}
Ref context_argument(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return current_decimal_context(t);
  if (!is_context(v)) return raise(t, exc::TypeError, "optional argument must be a context");
  return Ref::copy(v);
}
Ref context_copy(Thread& t, const Context* c) {
  return context_make(t, g_context_type, settings_of(c), c->capitals, load_flags(c->traps), load_flags(c->flags));
}

Status initialise_contexts(Thread& t, Module* module) {
  TRY(make_round_names(t, module));
  if (g_variable.get().is_empty()) {
    TRY(make_static_type(t, kContextSpec, &g_context_type));
    TRY(make_static_type(t, kManagerSpec, &g_manager_type));
    TRY(make_templates(t));
    RefTo<Str> name = TRY(str_from_ascii(t, "decimal_context"));
    g_variable.set(t, TRY(call_with(t, Value(g_context_var_type), name)));
  }
  TRY(module_add(t, module, "Context", Value(g_context_type)));
  TRY(module_add(t, module, "DefaultContext", g_default.get()));
  TRY(module_add(t, module, "BasicContext", g_basic.get()));
  return module_add(t, module, "ExtendedContext", g_extended.get());
}

Ref f_getcontext(Thread& t, Value, const Value*) { return current_decimal_context(t); }
Ref f_setcontext(Thread& t, Value, const Value* a) {
  TRY(set_current(t, a[0]));
  return Ref::none();
}
// Settings by name, from keyword arguments.
Status set_named(Thread& t, Value context, Value keywords) {
  constexpr const char* kNames[] = {"prec", "rounding", "Emin", "Emax", "capitals", "clamp", "flags", "traps"};
  Ref given[8];
  Value a[8];
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, keywords.as<Dict>(), &position, &key, &value)) {
    int i = 0;
    while (i < 8 && !key.as<Str>()->equals_ascii(kNames[i])) i++;
    if (i == 8) return raise(t, exc::TypeError, "this function got an unexpected keyword argument '%U'", key.as<Str>());
    given[i] = std::move(value);
    a[i] = given[i];
  }
  return set_given(t, context, a);
}
Ref f_localcontext(Thread& t, Value, const Value* a) {
  Ref global = TRY(current_decimal_context(t));
  Ref model = TRY(context_argument(t, a[0]));
  Ref local = TRY(context_copy(t, context_of(model)));
  if (!a[1].is_empty()) TRY(set_named(t, local, a[1]));
  auto* manager = allocate_native<Manager>(t, g_manager_type);
  Ref made = Ref::adopt(Value(manager));
  manager->local.init(manager, std::move(local));
  manager->global.init(manager, std::move(global));
  return made;
}
Ref f_ieee_context(Thread& t, Value, const Value* a) {
  i64 bits = TRY(size_argument(t, a[0]));
  mpd_context_t settings;
  if (bits <= 0 || bits > INT32_MAX || mpd_ieee_context(&settings, int(bits)) < 0)
    return raise(t, exc::ValueError, "argument must be a multiple of 32, with a maximum of %d", MPD_IEEE_CONTEXT_MAX_BITS);
  return context_make(t, g_context_type, settings, 1, 0, 0);
}

}  // namespace typhon::decimal
