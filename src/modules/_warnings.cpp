// _warnings: warn and warn_explicit for code below the module warnings (importlib, native code). The machinery is the
// library's own _py_warnings; it is imported only for a warning that the default filters would show.
#include "interpreter/frame.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

bool warnings_loaded(Thread& t) { return !dict_peek_str(sys_modules(t), str_immortal(t, "warnings")).is_empty(); }

// What the filters say that hold until the module warnings is imported (no -W given: then it is imported at start-up).
bool shown_by_default(Thread& t, Type* category, int stack_level) {
  if (is_subtype(category, exc::PendingDeprecationWarning) || is_subtype(category, exc::ImportWarning) ||
      is_subtype(category, exc::ResourceWarning))
    return false;
  if (!is_subtype(category, exc::DeprecationWarning)) return true;
  // DeprecationWarning: only for code in __main__.
  Value* r = caller_frame(t, stack_level > 0 ? stack_level - 1 : 0);
  if (r == nullptr) return false;
  Value globals = frame::function(r)->globals.peek();
  Value name = is_dict(globals) ? dict_peek_str(globals.as<Dict>(), names::__name__) : EMPTY;
  return is_str(name) && name.as<Str>()->equals_ascii("__main__");
}

Ref forward(Thread& t, const char* function, Args args) {
  Ref module = TRY(import_module(t, "warnings"));
  Ref target = TRY(get_attribute_utf8(t, module, function));
  return call(t, target, args);
}

Ref f_warn(Thread& t, Value, Args args) {
  if (!warnings_loaded(t) && args.count >= 1) {
    Type* category = exc::UserWarning;
    if (is_instance_of(args[0], exc::Warning))
      category = type_of(args[0]);
    else if (args.count >= 2 && is_type(args[1]))
      category = args[1].as<Type>();
    if (!shown_by_default(t, category, 1)) return Ref::none();
  }
  return forward(t, "warn", args);
}
Ref f_warn_explicit(Thread& t, Value, Args args) { return forward(t, "warn_explicit", args); }

const Method kFunctions[] = {
    raw_method("warn", f_warn, "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())", "Issue a warning, or maybe ignore it or raise an exception."),
    raw_method("warn_explicit", f_warn_explicit, "(message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None)", "Issue a warning, or maybe ignore it or raise an exception."),
    {},
};

}  // namespace

Status warn_message(Thread& t, Type* category, Value message, int stack_level) {
  if (!warnings_loaded(t) && !shown_by_default(t, category, stack_level)) return ok();
  Value words[] = {message, Value(category), Value::small_int(stack_level)};
  Ref done = forward(t, "warn", Args{words, 3});
  if (done.failed()) return Raised{};
  return ok();
}

extern const ModuleDef module__warnings;
const ModuleDef module__warnings = {"_warnings", "_warnings provides basic warning filtering support.", kFunctions, nullptr};

}  // namespace typhon
