// Parts of the module sys, and how exceptions that nobody caught are shown.
#pragma once
#include "objects/module.h"

namespace typhon {

extern bool g_finalizing;
// What print_pending_and_exit_code returns for an uncaught KeyboardInterrupt: the process then dies of SIGINT.
inline constexpr int kExitInterrupted = 130;
// Drops an exception that cannot matter any more (shutdown, display).
inline void ignore_failure(Thread& t, Status status) {
  if (status.failed()) clear_exception(t);
}

// config.cpp: version, paths, flags, structure sequences.
Status sys_initialise(Thread& t, Module* module);
Status run_audit_hooks(Thread& t, Value event, Value args);
// Whether anybody listens: nothing need be made for an event when nobody does.
bool audit_wanted();
// sys.audit(event, *arguments) for native code; raises what a hook raises.
template <class... V>
Status audit(Thread& t, const char* event, const V&... arguments) {
  if (!audit_wanted()) return ok();
  RefTo<Str> name = TRY(str_from_ascii(t, event));
  RefTo<Tuple> rest = TRY(tuple_of(t, arguments...));
  return run_audit_hooks(t, name, rest);
}
// The limit of every thread, present and future.
void set_recursion_limit(Thread& t, u32 limit);

// monitoring.cpp: sys.monitoring.
Status sys_add_monitoring(Thread& t, Module* module);

// display.cpp
// Writes a text to sys.stderr (or to descriptor 2 when that is not possible); raises nothing.
void write_stderr(Thread& t, Str* text);
// Shows an exception with its traceback through traceback.py; a plain form when that cannot be imported. Raises nothing.
void display_exception(Thread& t, Value exception);
// What sys.unraisablehook does with an UnraisableHookArgs.
void print_unraisable(Thread& t, Value arguments);

// objects/str_intern.cpp
size_t interned_count();
// types.SimpleNamespace(**attributes); modules/_types
Ref simple_namespace_new(Thread& t, Dict* attributes);
// sys.UnraisableHookArgs of exc_type, exc_value, exc_traceback, err_msg, object.
Ref unraisable_arguments(Thread& t, const Value* five);

}  // namespace typhon
