// _decimal: decimal floating-point arithmetic, as the General Decimal Arithmetic Specification has it, by libmpdec. One file for each
// class and its methods; convert.cpp, operate.cpp and format.cpp hold what they share.
#include "modules/_decimal/decimal.h"
#include "objects/protocol/services.h"

namespace typhon {
namespace decimal {
namespace {

// Requests that no machine can serve fail at once: the precision of a context may ask for 10**18 digits.
constexpr size_t kMostBytes = size_t(1) << 39;

void* limited_malloc(size_t size) { return size > kMostBytes ? nullptr : malloc(size); }
void* limited_calloc(size_t n, size_t size) { return n > kMostBytes / (size == 0 ? 1 : size) ? nullptr : calloc(n, size); }
void* limited_realloc(void* p, size_t size) { return size > kMostBytes ? nullptr : realloc(p, size); }
void no_trap(mpd_context_t*) {}

void set_up_library() {
  mpd_mallocfunc = limited_malloc;
  mpd_callocfunc = limited_calloc;
  mpd_reallocfunc = limited_realloc;
  mpd_free = free;
  mpd_traphandler = no_trap;
  if (MPD_MINALLOC != kInlineWords) mpd_setminalloc(kInlineWords);
}

Status make_tuple_type(Thread& t) {
  Ref collections = TRY(import_module(t, "collections"));
  Ref namedtuple = TRY(get_attribute_utf8(t, collections, "namedtuple"));
  RefTo<Str> name = TRY(str_from_ascii(t, "DecimalTuple")), fields = TRY(str_from_ascii(t, "sign digits exponent"));
  RefTo<Str> module = TRY(str_from_ascii(t, "decimal")), key = TRY(str_from_ascii(t, "module"));
  RefTo<Tuple> names = TRY(tuple_of(t, key));
  Value words[] = {name, fields, module};
  g_tuple_type.set(t, TRY(call(t, namedtuple, Args{words, 2, names.get(), 1})));
  return ok();
}
Status join_numbers(Thread& t) {
  Ref numbers = TRY(import_module(t, "numbers"));
  g_rational.set(t, TRY(get_attribute_utf8(t, numbers, "Rational")));
  Ref number = TRY(get_attribute_utf8(t, numbers, "Number"));
  Ref enrol = TRY(get_attribute_utf8(t, number, "register"));
  Ref done = TRY(call_with(t, enrol, Value(g_decimal_type)));
  return ok();
}

Status add_constants(Thread& t, Module* module) {
  TRY(module_add_int(t, module, "MAX_PREC", MPD_MAX_PREC));
  TRY(module_add_int(t, module, "MAX_EMAX", MPD_MAX_EMAX));
  TRY(module_add_int(t, module, "MIN_EMIN", MPD_MIN_EMIN));
  TRY(module_add_int(t, module, "MIN_ETINY", MPD_MIN_ETINY));
  TRY(module_add_int(t, module, "IEEE_CONTEXT_MAX_BITS", MPD_IEEE_CONTEXT_MAX_BITS));
  TRY(module_add(t, module, "HAVE_THREADS", True));
  TRY(module_add(t, module, "HAVE_CONTEXTVAR", True));
  TRY(module_add_str(t, module, "__version__", "1.70"));
  return module_add_str(t, module, "__libmpdec_version__", mpd_version());
}

Status initialise(Thread& t, Module* module) {
  if (g_decimal_type == nullptr) {
    set_up_library();
    TRY(import_module(t, "_contextvars"));
    TRY(make_static_type(t, kDecimalSpec, &g_decimal_type));
    TRY(make_tuple_type(t));
    TRY(join_numbers(t));
  }
  TRY(module_add(t, module, "Decimal", Value(g_decimal_type)));
  TRY(module_add(t, module, "DecimalTuple", g_tuple_type.get()));
  TRY(initialise_signals(t, module));
  TRY(initialise_contexts(t, module));
  return add_constants(t, module);
}

const Method kFunctions[] = {
    method("getcontext", f_getcontext, "($module, /)", "The current context of this thread or task."),
    method("setcontext", f_setcontext, "($module, context, /)", "Makes a context the current one."),
    method("localcontext", f_localcontext,
           "($module, /, ctx=None, **kwargs)",
           "A context manager under which a copy of the context, with the settings given, is the current one."),
    method("IEEEContext", f_ieee_context, "($module, bits, /)", "The context of the interchange format of that size."),
    {},
};

}  // namespace
}  // namespace decimal

extern const ModuleDef module__decimal;
const ModuleDef module__decimal = {"_decimal", "Decimal floating-point arithmetic.", decimal::kFunctions, decimal::initialise};

}  // namespace typhon
