// The module sys: functions, and the attributes that do not depend on how the program was started (those: config.cpp).
#include "heap/counting.h"
#include "modules/sys/sys.h"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>
#include <vector>

#include "heap/collector.h"
#include "interpreter/frame.h"
#include "interpreter/tracing.h"
#include "objects/type_internal.h"
#include "runtime/library.h"
#include "threads/world.h"

namespace typhon {

bool g_finalizing = false;

void set_recursion_limit(Thread& t, u32 limit) {
  WorldStopped stopped(t);
  for (Thread* other = first_thread(); other != nullptr; other = other->next) other->recursion_limit = limit;
}

namespace {

GlobalRoot g_audit_hooks;

// --- exceptions
Ref f_exception(Thread& t, Value, const Value*) { return Ref::copy(handled_exception(t)); }
Ref f_exc_info(Thread& t, Value, const Value*) {
  Ref e = Ref::copy(handled_exception(t));
  if (e.get().is_none()) return tuple_of(t, None, None, None);
  Ref traceback = e.as<BaseException>()->traceback.load();
  return tuple_of(t, Value(type_of(e)), e, traceback.is_empty() ? None : traceback.get());
}
Ref f_exit(Thread& t, Value, const Value* a) {
  RefTo<Tuple> args = a[0].is_empty() ? tuple_of(t) : TRY(tuple_of(t, a[0]));
  // sys.exit((1, 2)) makes SystemExit(1, 2)
  if (!a[0].is_empty() && is_tuple(a[0])) args = TRY(to_tuple(t, a[0]));
  Ref e = TRY(call_tuple_dict(t, exc::SystemExit, args, EMPTY));
  return raise_exception(t, std::move(e));
}

Ref f_displayhook(Thread& t, Value, const Value* a) {
  if (a[0].is_none()) return Ref::none();
  Str* underscore = str_immortal(t, "_");
  TRY(dict_set_str(t, builtins_dict(), underscore, None));
  Ref out = sys_get(t, names::stdout_);
  if (out.is_empty() || out.get().is_none()) return raise(t, exc::RuntimeError, "lost sys.stdout");
  RefTo<Str> text = TRY(object_repr(t, a[0]));
  Ref written = call_method_with(t, out, names::write, text);
  if (written.failed()) {
    if (!clear_if(t, exc::UnicodeEncodeError)) return Raised{};
    // In the stream's own encoding, with escapes for what it lacks.
    Ref encoding = TRY(get_attribute(t, out, str_immortal(t, "encoding")));
    RefTo<Str> handler = TRY(str_from_ascii(t, "backslashreplace"));
    Ref bytes = TRY(call_method_with(t, text.value(), str_immortal(t, "encode"), encoding, handler));
    Ref buffer = TRY(get_attribute_or_empty(t, out, str_immortal(t, "buffer")));
    if (!buffer.is_empty()) {
      TRY(call_method_with(t, buffer, names::write, bytes));
    } else {
      RefTo<Str> strict = TRY(str_from_ascii(t, "strict"));
      Ref shown = TRY(call_method_with(t, bytes, names::decode, encoding, strict));
      TRY(call_method_with(t, out, names::write, shown));
    }
  }
  RefTo<Str> newline = TRY(str_from_char(t, '\n'));
  TRY(call_method_with(t, out, names::write, newline));
  TRY(dict_set_str(t, builtins_dict(), underscore, a[0]));
  return Ref::none();
}

Ref f_excepthook(Thread& t, Value, const Value* a) {
  if (!is_BaseException(a[1])) {
    Ref error = TRY(str_format(t, "TypeError: print_exception(): Exception expected for value, %T found\n", a[1]));
    write_stderr(t, error.as<Str>());
    return Ref::none();
  }
  if (!a[2].is_none() && is_traceback(a[2])) a[1].as<BaseException>()->traceback.store(a[1].object(), a[2]);
  display_exception(t, a[1]);
  return Ref::none();
}

Ref f_unraisablehook(Thread& t, Value, const Value* a) {
  print_unraisable(t, a[0]);
  return Ref::none();
}

Ref f_breakpointhook(Thread& t, Value, Args args) {
  const char* setting = g_config.ignore_environment ? nullptr : getenv("PYTHONBREAKPOINT");
  if (setting == nullptr || *setting == 0) setting = "pdb.set_trace";
  if (strcmp(setting, "0") == 0) return Ref::none();
  const char* dot = strrchr(setting, '.');
  Ref target;
  if (dot == nullptr) {
    RefTo<Str> name = TRY(str_from_utf8(t, setting));
    name = TRY(str_intern(t, name));
    target = TRY(get_attribute_or_empty(t, builtins_module(), name.get()));
  } else {
    RefTo<Str> module_name = TRY(str_from_utf8(t, {setting, size_t(dot - setting)}));
    Ref module = import_module(t, module_name->data<char>());
    if (!module.failed()) target = get_attribute_utf8(t, module, dot + 1);
    if (module.failed() || target.failed()) {
      if (!clear_if(t, exc::ImportError) && !clear_if(t, exc::AttributeError)) return Raised{};
      target = Ref();
    }
  }
  if (target.is_empty()) {
    TRY(warn(t, exc::RuntimeWarning, 1, "Ignoring unimportable $PYTHONBREAKPOINT: \"%s\"", setting));
    return Ref::none();
  }
  return call(t, target, args);
}

// --- frames
Ref f_getframe(Thread& t, Value, const Value* a) {
  i64 depth = a[0].is_empty() ? 0 : TRY(to_i64(t, a[0]));
  if (depth < 0) depth = 0;
  Value* r = caller_frame(t, int(depth));
  if (r == nullptr) return raise(t, exc::ValueError, "call stack is not deep enough");
  return frame_object_of(t, r);
}
Ref f_getframemodulename(Thread& t, Value, const Value* a) {
  i64 depth = a[0].is_empty() ? 0 : TRY(to_i64(t, a[0]));
  Value* r = caller_frame(t, int(depth < 0 ? 0 : depth));
  if (r == nullptr) return Ref::none();
  return function_module(frame::function(r));
}
// The frame objects of the other threads, made while they are stopped.
Status add_other_frames(Thread& t, Dict* out) {
  RootedVector frames(t);
  std::vector<u64> idents;
  {
    WorldStopped stopped(t);
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      if (other == &t || other->frame == nullptr) continue;
      RefTo<FrameObject> f = frame_object_of(t, other->frame);
      f->thread = other;
      publish(f.get());
      frames.push(std::move(f).release_ref());
      idents.push_back(other->ident);
    }
  }
  for (size_t i = 0; i < idents.size(); i++) {
    Ref ident = TRY(int_from_u64(t, idents[i]));
    TRY(dict_set_py(t, out, ident, frames[i]));
  }
  return ok();
}
// The same for the exceptions they handle.
Status add_other_exceptions(Thread& t, Dict* out) {
  RootedVector exceptions(t);
  std::vector<u64> idents;
  {
    WorldStopped stopped(t);
    for (Thread* other = first_thread(); other != nullptr; other = other->next) {
      if (other == &t || other->frame == nullptr) continue;  // (helper threads of the VM have none)
      Value handled = None;
      for (ExceptionItem* item = other->exception_top; item != nullptr && handled.is_none(); item = item->previous)
        if (!item->exception.is_empty()) handled = item->exception;
      if (handled.is_object()) publish(handled.object());
      exceptions.push_copy(handled);
      idents.push_back(other->ident);
    }
  }
  for (size_t i = 0; i < idents.size(); i++) {
    Ref ident = TRY(int_from_u64(t, idents[i]));
    TRY(dict_set_py(t, out, ident, exceptions[i]));
  }
  return ok();
}

Ref f_current_exceptions(Thread& t, Value, const Value*) {
  RefTo<Dict> out = TRY(dict_new(t));
  TRY(add_other_exceptions(t, out.get()));
  Ref ident = TRY(int_from_u64(t, t.ident));
  TRY(dict_set_py(t, out.get(), ident, handled_exception(t)));
  return out;
}
Ref f_current_frames(Thread& t, Value, const Value*) {
  RefTo<Dict> out = TRY(dict_new(t));
  TRY(add_other_frames(t, out.get()));
  Ref ident = TRY(int_from_u64(t, t.ident));
  if (Value* r = caller_frame(t, 0)) {
    RefTo<FrameObject> frame = TRY(frame_object_of(t, r));
    TRY(dict_set_py(t, out.get(), ident, frame));
  }
  return out;
}

// --- limits and settings
Ref f_getrecursionlimit(Thread& t, Value, const Value*) { return int_from(t, t.recursion_limit); }
Ref f_setrecursionlimit(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (n < 1) return raise(t, exc::ValueError, "recursion limit must be greater or equal than 1");
  if (n > INT32_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  if (n <= i64(t.recursion_depth))
    return raise(t, exc::RecursionError, "cannot set the recursion limit to %zd at the recursion depth %d: the limit is too low", n, int(t.recursion_depth));
  set_recursion_limit(t, u32(n));
  return Ref::none();
}
Ref f_getswitchinterval(Thread& t, Value, const Value*) { return float_from(t, switch_interval()); }
Ref f_setswitchinterval(Thread& t, Value, const Value* a) {
  double seconds = TRY(to_double(t, a[0]));
  if (!(seconds > 0)) return raise(t, exc::ValueError, "switch interval must be strictly positive");
  set_switch_interval(seconds);
  return Ref::none();
}
Ref f_is_gil_enabled(Thread&, Value, const Value*) { return Ref::boolean(gil_enabled()); }
Ref f_get_int_max(Thread& t, Value, const Value*) { return int_from(t, g_int_max_str_digits.load()); }
Ref f_set_int_max(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0]));
  if (n != 0 && n < 640) return raise(t, exc::ValueError, "maxdigits must be >= 640 or 0 for unlimited");
  g_int_max_str_digits = n;
  return Ref::none();
}

// --- objects
Ref f_intern(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "intern() argument must be str, not %T", a[0]);
  if (!is_exact_str(a[0])) return raise(t, exc::TypeError, "can't intern %T", a[0]);
  return str_intern(t, a[0]);
}
Ref f_is_interned(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "_is_interned() argument must be str, not %T", a[0]);
  return Ref::boolean(a[0].as<Str>()->is_interned());
}
Ref f_is_immortal(Thread&, Value, const Value* a) {
  return Ref::boolean(!a[0].is_object() || (a[0].object()->ownership() & state::kImmortal));
}
// The documented meaning: references, plus one for the argument. Deferred references are not counted.
Ref f_getrefcount(Thread& t, Value, const Value* a) {
  if (!a[0].is_object()) return int_from(t, i64(1) << 30);
  Object* o = a[0].object();
  if (o->ownership() & (state::kDeferred | state::kImmortal)) return int_from(t, i64(1) << 30);
  return int_from(t, i64(__atomic_load_n(&o->count, __ATOMIC_RELAXED)) / count::kOne + (a[0].is_deferred() ? 1 : 0));
}
Ref f_getsizeof(Thread& t, Value, const Value* a) {
  Ref hook = TRY(lookup_special(t, a[0], names::__sizeof__));
  if (hook.is_empty()) return raise(t, exc::TypeError, "Type %T doesn't define __sizeof__", a[0]);
  Ref size = call(t, hook);
  if (size.failed()) {
    if (!a[1].is_empty() && clear_if(t, exc::TypeError)) return Ref::copy(a[1]);
    return Raised{};
  }
  if (!is_int(size)) {
    if (!a[1].is_empty()) return Ref::copy(a[1]);
    return raise(t, exc::TypeError, "__sizeof__ should return an int");
  }
  if (int_sign(size) < 0) return raise(t, exc::ValueError, "__sizeof__() should return >= 0");
  return size;
}
Ref f_getallocatedblocks(Thread& t, Value, const Value*) { return int_from(t, i64(heap::statistics().blocks_live)); }
Ref f_getunicodeinternedsize(Thread& t, Value, const Value*) { return int_from(t, i64(interned_count())); }
Ref f_clear_caches(Thread&, Value, const Value*) { return Ref::none(); }
// For dataclasses, which make another class of a class's namespace: the descriptors in it fit the old one only.
Ref f_clear_type_descriptors(Thread& t, Value, const Value* a) {
  if (!is_type(a[0])) return raise(t, exc::TypeError, "_clear_type_descriptors() argument must be type, not %T", a[0]);
  auto* type = a[0].as<Type>();
  if (type->flags & type_flag::kImmutable) return raise(t, exc::TypeError, "argument is immutable");
  for (Str* name : {names::__dict__, names::__weakref__}) (void)TRY(replace_class_entry(t, type, name, EMPTY));
  return Ref::none();
}

// --- encodings
Ref f_getdefaultencoding(Thread&, Value, const Value*) { return Ref::copy(names::utf_8); }
Ref f_getfsencoding(Thread&, Value, const Value*) { return Ref::copy(names::utf_8); }
Ref f_getfserrors(Thread& t, Value, const Value*) { return str_from_ascii(t, "surrogateescape"); }

// --- audit
Ref f_audit(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "audit() missing 1 required positional argument: 'event'");
  if (!is_str(args[0])) return raise(t, exc::TypeError, "expected str for argument 'event', not %T", args[0]);
  if (g_audit_hooks.get().is_empty()) return Ref::none();
  RefTo<Tuple> rest = TRY(tuple_from(t, args.values + 1, args.count - 1));
  TRY(run_audit_hooks(t, args[0], rest));
  return Ref::none();
}
Ref f_addaudithook(Thread& t, Value, const Value* a) {
  if (g_audit_hooks.get().is_empty()) g_audit_hooks.set(t, TRY(list_new(t)).release_ref());
  TRY(list_append(t, g_audit_hooks.as<List>(), a[0]));
  return Ref::none();
}

// --- tracing
Ref f_settrace(Thread& t, Value, const Value* a) {
  set_trace_function(t, a[0]);
  return Ref::none();
}
Ref f_gettrace(Thread& t, Value, const Value*) { return t.trace_function.is_empty() ? Ref::none() : Ref::copy(t.trace_function); }
Ref f_setprofile(Thread& t, Value, const Value* a) {
  set_profile_function(t, a[0]);
  return Ref::none();
}
Ref f_getprofile(Thread& t, Value, const Value*) { return t.profile_function.is_empty() ? Ref::none() : Ref::copy(t.profile_function); }
Ref f_settraceallthreads(Thread& t, Value, const Value* a) {
  set_trace_function_of_all(t, a[0]);
  return Ref::none();
}
Ref f_setprofileallthreads(Thread& t, Value, const Value* a) {
  set_profile_function_of_all(t, a[0]);
  return Ref::none();
}
Ref f_call_tracing(Thread& t, Value, const Value* a) {
  if (!is_tuple(a[1])) return raise(t, exc::TypeError, "call_tracing() argument 2 must be tuple, not %T", a[1]);
  // From inside a trace function as well.
  u8 tracing = t.tracing;
  t.tracing = 0;
  choose_handlers(t);
  Ref result = call_tuple_dict(t, a[0], a[1], EMPTY);
  t.tracing = tracing;
  choose_handlers(t);
  return result;
}

Ref f_get_asyncgen_hooks(Thread& t, Value, const Value*) {
  static Type* type = nullptr;
  if (type == nullptr) {
    static const StructSequenceField fields[] = {{"firstiter"}, {"finalizer"}, {}};
    type = TRY(struct_sequence_type(t, "sys.asyncgen_hooks", nullptr, fields, 2)).get();
  }
  Value words[] = {t.asyncgen_firstiter.is_empty() ? None : t.asyncgen_firstiter, t.asyncgen_finalizer.is_empty() ? None : t.asyncgen_finalizer};
  return struct_sequence_new(t, type, words, 2);
}
Status set_hook(Thread& t, Value* where, Value v, const char* name) {
  if (v.is_empty()) return ok();
  if (!v.is_none() && !is_callable(v)) return raise(t, exc::TypeError, "callable %s expected, got %T", name, v);
  Value old = *where;
  *where = v.is_none() ? EMPTY : acquire(v);
  release(old);
  return ok();
}
Ref f_set_asyncgen_hooks(Thread& t, Value, const Value* a) {
  TRY(set_hook(t, &t.asyncgen_firstiter, a[0], "firstiter"));
  TRY(set_hook(t, &t.asyncgen_finalizer, a[1], "finalizer"));
  return Ref::none();
}
Ref f_get_origin_depth(Thread& t, Value, const Value*) { return int_from(t, t.coroutine_origin_depth); }
Ref f_set_origin_depth(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0]));
  if (n < 0) return raise(t, exc::ValueError, "depth must be >= 0");
  t.coroutine_origin_depth = u32(n);
  return Ref::none();
}

Ref f_is_finalizing(Thread&, Value, const Value*) { return Ref::boolean(g_finalizing); }
Ref f_is_stack_trampoline(Thread&, Value, const Value*) { return Ref::boolean(false); }
// What extension modules would be loaded with: kept, for nothing uses it yet.
i64 g_dlopen_flags = RTLD_NOW;
Ref f_getdlopenflags(Thread& t, Value, const Value*) { return int_from(t, __atomic_load_n(&g_dlopen_flags, __ATOMIC_RELAXED)); }
Ref f_setdlopenflags(Thread& t, Value, const Value* a) {
  __atomic_store_n(&g_dlopen_flags, TRY(to_i64(t, a[0])), __ATOMIC_RELAXED);
  return Ref::none();
}
Ref f_is_remote_debug(Thread&, Value, const Value*) { return Ref::boolean(false); }
Ref f_get_cpu_count_config(Thread& t, Value, const Value*) { return int_from(t, g_config.cpu_count); }

Ref f_shared_writes(Thread& t, Value, const Value*) {
  u64 counters[counting::kEvents];
  counting::thread_counters(counters);
  RefTo<Dict> result = TRY(dict_new(t));
#ifdef TYPHON_COUNTING
  for (int i = 0; i < counting::kEvents; i++) {
    TRY(dict_set_str(t, result.get(), str_immortal(t, counting::event_name(counting::Event(i))), Value::small_int(i64(counters[i]))));
  }
#endif
  return result;
}

// What it took to stop the world, in seconds: so many stops, half of them and 99 % within ..., and the longest.
Ref f_time_to_stop(Thread& t, Value, const Value*) {
  TimesToStop times = times_to_stop(t);
  RefTo<Dict> result = TRY(dict_new(t));
  TRY(dict_set_str(t, result.get(), str_immortal(t, "stops"), Value::small_int(i64(times.stops))));
  const struct {
    const char* name;
    u64 ns;
  } rows[] = {{"median", times.quantile(0.5)}, {"p99", times.quantile(0.99)}, {"longest", times.longest_ns}};
  for (const auto& row : rows) {
    Ref seconds = TRY(float_from(t, double(row.ns) * 1e-9));
    TRY(dict_set_str(t, result.get(), str_immortal(t, row.name), seconds));
  }
  return result;
}

const Method kFunctions[] = {
    method("exception", f_exception, "()", "Return the current exception."),
    method("exc_info", f_exc_info, "()", "Return current exception information: (type, value, traceback)."),
    method("exit", f_exit, "(status=None, /)", "Exit the interpreter by raising SystemExit(status)."),
    method("displayhook", f_displayhook, "(object, /)", "Print an object to sys.stdout and also save it in builtins._"),
    method("__displayhook__", f_displayhook, "(object, /)"),
    method("excepthook", f_excepthook, "(exctype, value, traceback, /)", "Handle an exception by displaying it with a traceback on sys.stderr."),
    method("__excepthook__", f_excepthook, "(exctype, value, traceback, /)"),
    method("unraisablehook", f_unraisablehook, "(unraisable, /)", "Handle an unraisable exception."),
    method("__unraisablehook__", f_unraisablehook, "(unraisable, /)"),
    raw_method("breakpointhook", f_breakpointhook, nullptr, "This hook function is called by built-in breakpoint()."),
    raw_method("__breakpointhook__", f_breakpointhook, nullptr),
    method("_getframe", f_getframe, "(depth=0, /)", "Return a frame object from the call stack."),
    method("_getframemodulename", f_getframemodulename, "(depth=0)", "Return the name of the module for a calling frame."),
    method("_current_frames", f_current_frames, "()"),
    method("_current_exceptions", f_current_exceptions, "()"),
    method("getrecursionlimit", f_getrecursionlimit, "()", "Return the current value of the recursion limit."),
    method("setrecursionlimit", f_setrecursionlimit, "(limit, /)", "Set the maximum depth of the Python interpreter stack to n."),
    method("getswitchinterval", f_getswitchinterval, "()", "Return the current thread switch interval; see sys.setswitchinterval()."),
    method("setswitchinterval", f_setswitchinterval, "(interval, /)", "Set the ideal thread switching delay inside the Python interpreter."),
    method("_is_gil_enabled", f_is_gil_enabled, "()", "Return True if the GIL is currently enabled."),
    method("get_int_max_str_digits", f_get_int_max, "()", "Return the maximum string digits limit for non-binary int<->str conversions."),
    method("set_int_max_str_digits", f_set_int_max, "(maxdigits)", "Set the maximum string digits limit for non-binary int<->str conversions."),
    method("intern", f_intern, "(string, /)", "Return the interned string equal to the given one."),
    method("_is_interned", f_is_interned, "(string, /)"),
    method("_is_immortal", f_is_immortal, "(op, /)"),
    method("getrefcount", f_getrefcount, "(object, /)", "Return the reference count of object."),
    method("getsizeof", f_getsizeof, "(object, default=<unrepresentable>)", "Return the size of object in bytes."),
    method("getallocatedblocks", f_getallocatedblocks, "()", "Return the number of memory blocks currently allocated."),
    method("getunicodeinternedsize", f_getunicodeinternedsize, "(*, _only_immortal=False)"),
    method("_clear_type_cache", f_clear_caches, "()"),
    method("_clear_internal_caches", f_clear_caches, "()"),
    method("_clear_type_descriptors", f_clear_type_descriptors, "(type, /)"),
    method("getdefaultencoding", f_getdefaultencoding, "()", "Return the current default encoding used by the Unicode implementation."),
    method("getfilesystemencoding", f_getfsencoding, "()", "Return the encoding used to convert Unicode filenames to OS filenames."),
    method("getfilesystemencodeerrors", f_getfserrors, "()", "Return the error mode used for Unicode to OS filename conversion."),
    raw_method("audit", f_audit, "(event, /, *args)", "Passes the event to any hooks that are attached."),
    method("addaudithook", f_addaudithook, "(hook)", "Adds a new audit hook callback."),
    method("settrace", f_settrace, "(function, /)", "Set the global debug tracing function."),
    method("_settraceallthreads", f_settraceallthreads, "(function, /)",
           "Set the global debug tracing function in all running threads belonging to the current interpreter."),
    method("_setprofileallthreads", f_setprofileallthreads, "(function, /)",
           "Set the profiling function in all running threads belonging to the current interpreter."),
    method("gettrace", f_gettrace, "()", "Return the global debug tracing function set with sys.settrace."),
    method("setprofile", f_setprofile, "(function, /)", "Set the profiling function."),
    method("getprofile", f_getprofile, "()", "Return the profiling function set with sys.setprofile."),
    method("call_tracing", f_call_tracing, "(func, args, /)", "Call func(*args), while tracing is enabled."),
    method("get_asyncgen_hooks", f_get_asyncgen_hooks, "()", "Return the installed asynchronous generators hooks."),
    method("set_asyncgen_hooks", f_set_asyncgen_hooks, "(firstiter=<unrepresentable>, finalizer=<unrepresentable>)"),
    method("get_coroutine_origin_tracking_depth", f_get_origin_depth, "()"),
    method("set_coroutine_origin_tracking_depth", f_set_origin_depth, "(depth)"),
    method("is_finalizing", f_is_finalizing, "()", "Return True if Python is exiting."),
    method("is_stack_trampoline_active", f_is_stack_trampoline, "()"),
    method("getdlopenflags", f_getdlopenflags, "()"),
    method("setdlopenflags", f_setdlopenflags, "(flags, /)"),
    method("is_remote_debug_enabled", f_is_remote_debug, "()"),
    method("_get_cpu_count_config", f_get_cpu_count_config, "()"),
    method("_time_to_stop", f_time_to_stop, "()",
           "How often the world was stopped, and how long the other threads took to stop, in seconds: median, p99, longest."),
    method("_shared_writes", f_shared_writes, "()",
           "Return a dict of how often the calling thread wrote to what threads share, or an empty one: only the counting build\n"
           "counts."),
    {},
};

// sys._jit: what test.support and tools ask of CPython's JIT. Typhon has none yet, and says so.
Ref f_no_jit(Thread&, Value, const Value*) { return Ref::boolean(false); }
constexpr Method kJitFunctions[] = {
    method("is_available", f_no_jit, "()", "Return True if this build has a JIT compiler."),
    method("is_enabled", f_no_jit, "()", "Return True if the JIT compiler is enabled for this process."),
    method("is_active", f_no_jit, "()", "Return True if the topmost Python frame is running compiled code."),
    {},
};
constexpr ModuleDef kJitModule = {"sys._jit", "Whether a JIT compiler is at work.", kJitFunctions};

Status initialise(Thread& t, Module* module) {
  TRY(sys_initialise(t, module));
  TRY(sys_add_monitoring(t, module));
  return module_add(t, module, "_jit", TRY(module_from_definition(t, kJitModule)));
}

}  // namespace

bool audit_wanted() { return !g_audit_hooks.get().is_empty(); }

Status run_audit_hooks(Thread& t, Value event, Value args) {
  if (g_audit_hooks.get().is_empty()) return ok();
  auto* hooks = g_audit_hooks.as<List>();
  for (size_t i = 0; i < list_size(hooks); i++) {
    Ref hook = list_get(t, hooks, i);
    TRY(call_with(t, hook, event, args));
  }
  return ok();
}

extern const ModuleDef module_sys;
const ModuleDef module_sys = {"sys", "This module provides access to some objects used or maintained by the\ninterpreter and to functions that interact strongly with the interpreter.", kFunctions, initialise};

}  // namespace typhon
