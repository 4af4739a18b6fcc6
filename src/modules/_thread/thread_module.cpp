// _thread: starting threads, their handles, identities, and the exception hook. Locks: locks.cpp; thread-locals: local.cpp.
#include "modules/_thread/thread_module.h"

#include <csignal>
#include <pthread.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "base/utf8.h"
#include "modules/sys/sys.h"
#include "runtime/runtime.h"
#include "threads/sync.h"

namespace typhon {

void raise_signal_for_main(int number);  // modules/_signal: as if the signal had arrived

namespace {

// --- _ThreadHandle: one for each started thread; set when the thread has finished.
enum class HandleState : u8 { kNotStarted, kStarting, kRunning, kDone };
struct ThreadHandle : Object {
  u64 ident;
  OneShotEvent done;
  u8 state;
  Field function;  // what the thread runs; taken by it
  Field args, keywords;
  ThreadHandle *next, *previous;  // in g_started; null when neither started nor there
};
Type* g_handle_type;
Type* g_excepthook_args_type;
u64 g_main_ident;
i64 g_thread_count;   // threads started by this module and still running; atomic
i64 g_stack_size = 0;

// Non-daemon handles that shutdown waits for: a list, guarded by its own object lock.
GlobalRoot g_shutdown_handles;

// All handles of threads that were started, daemons and the main thread's too: a forked child marks them done. Links, no
// references. The lock is held for a few instructions, by attached threads only, so that none holds it in a fork.
platform::RawLock g_started_lock;
ThreadHandle* g_started = nullptr;

void link_started(ThreadHandle* h) {
  platform::RawLockGuard guard(g_started_lock);
  h->next = g_started;
  if (g_started != nullptr) g_started->previous = h;
  g_started = h;
}
void unlink_started(Thread&, Object* self) {
  auto* h = static_cast<ThreadHandle*>(self);
  platform::RawLockGuard guard(g_started_lock);
  if (h->next != nullptr) h->next->previous = h->previous;
  if (h->previous != nullptr) h->previous->next = h->next;
  if (g_started == h) g_started = h->next;
  h->next = h->previous = nullptr;
}

ThreadHandle* handle_of(Value v) { return v.as<ThreadHandle>(); }
HandleState state_of(ThreadHandle* h) { return HandleState(__atomic_load_n(&h->state, __ATOMIC_ACQUIRE)); }
void set_state(ThreadHandle* h, HandleState s) { __atomic_store_n(&h->state, u8(s), __ATOMIC_RELEASE); }

// Zero until the thread has one.
u64 ident_of(ThreadHandle* h) { return __atomic_load_n(&h->ident, __ATOMIC_RELAXED); }

void visit_handle(Object* self, Visitor& v) {
  auto* h = static_cast<ThreadHandle*>(self);
  v.field(h->function);
  v.field(h->args);
  v.field(h->keywords);
}

Ref handle_new(Thread& t) { return allocate_instance(t, g_handle_type); }

// Waits for the end of the thread; false when the time is up.
Result<bool> wait_done(Thread& t, ThreadHandle* h, i64 timeout) {
  i64 deadline = timeout > 0 ? monotonic_ns() + timeout : 0;
  while (!h->done.is_set()) {
    bool interrupted = false;
    if (h->done.wait(t, timeout, true, &interrupted)) return true;
    if (!interrupted) return false;
    TRY(safepoint_slow(t));
    if (timeout > 0) {
      timeout = deadline - monotonic_ns();
      if (timeout <= 0) return h->done.is_set();
    }
  }
  return true;
}

Ref handle_join(Thread& t, Value self, const Value* a) {
  i64 timeout = -1;
  if (!a[0].is_empty() && !a[0].is_none()) {
    timeout = TRY(to_timeout_ns(t, a[0]));
    if (timeout < 0) timeout = 0;
  }
  ThreadHandle* h = handle_of(self);
  HandleState state = state_of(h);
  if (state == HandleState::kNotStarted) return raise(t, exc::RuntimeError, "thread not started");
  if (!h->done.is_set() && ident_of(h) == t.ident) return raise(t, exc::RuntimeError, "Cannot join current thread");
  // The other threads have stopped for good.
  if (g_finalizing && !h->done.is_set()) return raise(t, exc::PythonFinalizationError, "cannot join thread at interpreter shutdown");
  Ref keep = Ref::copy(self);
  TRY(wait_done(t, h, timeout));
  return Ref::none();
}
Ref handle_is_done(Thread&, Value self, const Value*) { return Ref::boolean(handle_of(self)->done.is_set()); }
Ref handle_set_done(Thread& t, Value self, const Value*) {
  if (state_of(handle_of(self)) == HandleState::kNotStarted) return raise(t, exc::RuntimeError, "thread not started");
  set_state(handle_of(self), HandleState::kDone);
  handle_of(self)->done.set();
  return Ref::none();
}
Ref handle_ident(Thread& t, Value self) { return int_from_u64(t, ident_of(handle_of(self))); }
Ref handle_repr(Thread& t, Value self) {
  return str_format(t, "<_ThreadHandle object: ident=%zd>", i64(ident_of(handle_of(self))));
}

const Method kHandleMethods[] = {
    scanning_stacks(method("join", handle_join, "($self, timeout=None, /)")),
    method("is_done", handle_is_done, "($self, /)"),
    method("_set_done", handle_set_done, "($self, /)"),
    {},
};
const GetSet kHandleGetSets[] = {{"ident", handle_ident}, {}};
const TypeSpec kHandleSpec = {
    .name = "_thread._ThreadHandle",
    .layout = {"_ThreadHandle", sizeof(ThreadHandle), 0, visit_handle, unlink_started, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = handle_repr, .new_ = [](Thread& t, Type*, Args) -> Ref { return handle_new(t); }},
    .methods = kHandleMethods,
    .getsets = kHandleGetSets,
};

// --- the body of a thread
void report_thread_exception(Thread& t, Value function) { write_unraisable(t, "in thread started by", function); }

// The starting thread and the started one both do: whoever needs it first finds it.
void set_ident(ThreadHandle* h, u64 ident) { __atomic_store_n(&h->ident, ident, __ATOMIC_RELAXED); }

void thread_main(Thread& t, void* argument) {
  Ref self = Ref::adopt(Value(u64(argument)));
  ThreadHandle* h = handle_of(self);
  set_ident(h, t.ident);
  set_state(h, HandleState::kRunning);
  {
    Ref function = h->function.take(h), args = h->args.take(h), keywords = h->keywords.take(h);
    Ref result = call_tuple_dict(t, function, args, keywords);
    if (result.failed()) {
      if (pending_matches(t, exc::SystemExit))
        clear_exception(t);
      else
        report_thread_exception(t, function);
    }
  }
  // What the thread kept for itself goes before it counts as done, so that a join sees its finalisers' effects.
  Value locals = t.locals;
  t.locals = EMPTY;
  release(locals);
  Value context = t.context;
  t.context = EMPTY;
  release(context);
  __atomic_fetch_sub(&g_thread_count, 1, __ATOMIC_RELAXED);
  set_state(h, HandleState::kDone);
  h->done.set();
  if (!t.is_main) return;
  // This thread forked, and is its process's first: the process ends with its last Python thread, whatever the VM's helpers do.
  while (thread_count() > 1) {
    Detached detached(t);
    usleep(5000);
  }
  _exit(0);
}

Status start(Thread& t, Value handle, Value function, Value args, Value keywords, bool daemon) {
  if (g_finalizing) return raise(t, exc::PythonFinalizationError, "can't create new thread at interpreter shutdown");
  ThreadHandle* h = handle_of(handle);
  u8 expected = u8(HandleState::kNotStarted);
  if (!__atomic_compare_exchange_n(&h->state, &expected, u8(HandleState::kStarting), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    return raise(t, exc::RuntimeError, "thread already started");
  h->function.store(h, function);
  h->args.store(h, args);
  if (!keywords.is_empty()) h->keywords.store(h, keywords);
  if (!daemon) TRY(list_append(t, g_shutdown_handles.as<List>(), handle));
  link_started(h);
  // Everything the new thread gets is reachable from the handle: published before it can run.
  publish(h);
  Value word = heap_copy(handle);
  __atomic_fetch_add(&g_thread_count, 1, __ATOMIC_RELAXED);
  Result<u64> ident = start_thread(t, thread_main, h, size_t(g_stack_size), daemon);
  if (ident.failed()) {
    __atomic_fetch_sub(&g_thread_count, 1, __ATOMIC_RELAXED);
    Field::release_heap(word);
    unlink_started(t, h);
    set_state(h, HandleState::kNotStarted);
    return Raised{};
  }
  set_ident(h, ident.get());
  return ok();
}

// Finished handles leave the shutdown list now and then, so that it does not grow with every thread ever started.
Status prune_shutdown_handles(Thread& t) {
  auto* list = g_shutdown_handles.as<List>();
  if (list_size(list) < 64) return ok();
  RefTo<List> alive = TRY(list_new(t));
  RefTo<Tuple> all = TRY(list_to_tuple(t, list));
  for (u64 i = 0; i < all->size; i++) {
    Ref h = all->items[i].load();
    if (!handle_of(h)->done.is_set()) TRY(list_append(t, alive.get(), h));
  }
  if (list_size(alive.get()) * 2 > all->size) return ok();
  // Handles appended meanwhile must not be lost: only the checked prefix is replaced.
  RefTo<Slice> prefix = TRY(slice_new(t, None, Value::small_int(i64(all->size)), None));
  return set_item(t, list, prefix, alive);
}

Ref f_start_new_thread(Thread& t, Value, const Value* a) {
  if (!is_callable(a[0])) return raise(t, exc::TypeError, "first arg must be callable");
  if (!is_tuple(a[1])) return raise(t, exc::TypeError, "2nd arg must be a tuple");
  if (!a[2].is_empty() && !is_dict(a[2])) return raise(t, exc::TypeError, "optional 3rd arg must be a dictionary");
  Ref handle = TRY(handle_new(t));
  TRY(start(t, handle, a[0], a[1], a[2], true));
  return int_from_u64(t, ident_of(handle_of(handle)));
}
Ref f_start_joinable_thread(Thread& t, Value, const Value* a) {
  if (!is_callable(a[0])) return raise(t, exc::TypeError, "thread function must be callable");
  Ref handle;
  if (a[1].is_empty() || a[1].is_none()) {
    handle = TRY(handle_new(t));
  } else {
    if (type_of(a[1]) != g_handle_type) return raise(t, exc::TypeError, "'handle' must be a _ThreadHandle");
    handle = Ref::copy(a[1]);
  }
  bool daemon = a[2].is_empty() || TRY(truth(t, a[2]));
  TRY(prune_shutdown_handles(t));
  TRY(start(t, handle, a[0], Value(empty_tuple()), EMPTY, daemon));
  return handle;
}

Ref f_make_thread_handle(Thread& t, Value, const Value* a) {
  if (!is_int(a[0])) return raise(t, exc::TypeError, "ident must be an integer");
  u64 ident = int_low_u64(a[0]);
  Ref handle = TRY(handle_new(t));
  set_ident(handle_of(handle), ident);
  set_state(handle_of(handle), HandleState::kRunning);
  link_started(handle_of(handle));
  return handle;
}

// Waits for every non-daemon thread.
Ref f_shutdown(Thread& t, Value, const Value*) {
  auto* list = g_shutdown_handles.as<List>();
  while (true) {
    Ref handle = list_pop(t, list);
    if (handle.is_empty()) return Ref::none();
    if (ident_of(handle_of(handle)) == t.ident) continue;
    TRY(wait_done(t, handle_of(handle), -1));
  }
}

Ref f_get_ident(Thread& t, Value, const Value*) { return int_from_u64(t, t.ident); }
Ref f_get_native_id(Thread& t, Value, const Value*) { return int_from_u64(t, u64(syscall(SYS_gettid))); }
Ref f_get_main_ident(Thread& t, Value, const Value*) { return int_from_u64(t, g_main_ident); }
Ref f_is_main_interpreter(Thread&, Value, const Value*) { return Ref::boolean(true); }
Ref f_count(Thread& t, Value, const Value*) { return int_from(t, __atomic_load_n(&g_thread_count, __ATOMIC_RELAXED)); }
Ref f_daemon_allowed(Thread&, Value, const Value*) { return Ref::boolean(true); }
Ref f_allocate_lock(Thread& t, Value, const Value*) { return allocate_instance(t, g_lock_type); }
Ref f_exit(Thread& t, Value, const Value*) { return raise_none(t, exc::SystemExit); }

Ref f_interrupt_main(Thread& t, Value, const Value* a) {
  i64 number = a[0].is_empty() ? SIGINT : TRY(to_i64(t, a[0]));
  if (number < 1 || number >= NSIG) return raise(t, exc::ValueError, "signal number out of range");
  raise_signal_for_main(int(number));
  if (t.is_main) TRY(safepoint(t));
  return Ref::none();
}

Ref f_stack_size(Thread& t, Value, const Value* a) {
  i64 old = g_stack_size;
  if (!a[0].is_empty()) {
    i64 size = TRY(to_i64(t, a[0]));
    if (size < 0) return raise(t, exc::ValueError, "size must be 0 or a positive value");
    if (size != 0 && size < 32768) return raise(t, exc::ValueError, "size not valid: %zd bytes", size);
    g_stack_size = size;
  }
  return int_from(t, old);
}

// The name the system shows: at most kNameBytes bytes of UTF-8, cut off anywhere, up to the first NUL.
constexpr size_t kNameBytes = 15;
Ref f_set_name(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "set_name() argument 'name' must be str, not %Q", a[0]);
  auto* name = a[0].as<Str>();
  char text[kNameBytes + 4] = "";
  size_t n = 0;
  for (size_t i = 0; i < name->length() && n < kNameBytes; i++) {
    u32 c = name->at(i);
    if (c == 0) break;
    n += utf8::encode(c >= 0xD800 && c <= 0xDFFF ? u32('?') : c, text + n);
  }
  text[n < kNameBytes ? n : kNameBytes] = 0;
  pthread_setname_np(pthread_self(), text);
  return Ref::none();
}
Ref f_get_name(Thread& t, Value, const Value*) {
  char text[kNameBytes + 1];
  int error = pthread_getname_np(pthread_self(), text, sizeof text);
  if (error != 0) return raise_errno(t, error);
  return decode_fs(t, text, strlen(text));
}

// What threading.excepthook does by default.
Ref f_excepthook(Thread& t, Value, const Value* a) {
  if (type_of(a[0]) != g_excepthook_args_type) return raise(t, exc::TypeError, "_thread._excepthook argument type must be ExceptHookArgs");
  auto* fields = a[0].as<Tuple>();
  Value type = fields->items[0].peek(), value = fields->items[1].peek(), thread = fields->items[3].peek();
  if (type.same_word(exc::SystemExit)) return Ref::none();
  Ref err = sys_get(t, names::stderr_);
  bool elsewhere = err.is_empty() || err.get().is_none();
  if (elsewhere) {  // what it was when the Thread was made
    if (thread.is_none()) return Ref::none();
    err = TRY(get_attribute_utf8(t, thread, "_stderr"));
    if (err.get().is_none()) return Ref::none();
  }
  RefTo<Str> title;
  Ref name = thread.is_none() ? Ref() : get_attribute_utf8(t, thread, "_name");
  if (name.failed()) clear_exception(t);
  if (!name.is_empty() && !name.failed()) {
    title = TRY(str_format(t, "Exception in thread %S:\n", name.get()));
  } else {
    title = TRY(str_format(t, "Exception in thread %zd:\n", i64(t.ident)));
  }
  if (elsewhere) {
    TRY(call_method_with(t, err, names::write, title.value()));
    Ref module = TRY(import_module(t, "traceback"));
    Ref print = TRY(get_attribute_utf8(t, module, "print_exception"));
    RefTo<Dict> keywords = TRY(dict_new(t));
    TRY(dict_set_str(t, keywords.get(), str_immortal(t, "file"), err));
    RefTo<Tuple> one = TRY(tuple_of(t, value));
    TRY(call_tuple_dict(t, print, one, keywords));
    TRY(call_method_with(t, err, names::flush));
    return Ref::none();
  }
  write_stderr(t, title.get());
  if (is_BaseException(value)) display_exception(t, value);
  return Ref::none();
}

const Method kFunctions[] = {
    method("start_new_thread", f_start_new_thread, "(function, args, kwargs={}, /)", "Start a new thread and return its identifier."),
    method("start_new", f_start_new_thread, "(function, args, kwargs={}, /)"),
    method("start_joinable_thread", f_start_joinable_thread, "(function, handle=None, daemon=True)"),
    method("_make_thread_handle", f_make_thread_handle, "(ident, /)"),
    method("daemon_threads_allowed", f_daemon_allowed, "()"),
    method("_shutdown", f_shutdown, "()"),
    method("get_ident", f_get_ident, "()", "Return a non-zero integer that uniquely identifies the current thread."),
    method("get_native_id", f_get_native_id, "()", "Return a non-negative integer identifying the thread as reported by the OS (kernel)."),
    method("_get_main_thread_ident", f_get_main_ident, "()"),
    method("_is_main_interpreter", f_is_main_interpreter, "()"),
    method("_count", f_count, "()", "Return the number of currently running Python threads, excluding the main thread."),
    method("allocate_lock", f_allocate_lock, "()", "Create a new lock object."),
    method("allocate", f_allocate_lock, "()"),
    method("exit", f_exit, "()", "This is synonymous to ``raise SystemExit''."),
    method("exit_thread", f_exit, "()"),
    method("interrupt_main", f_interrupt_main, "(signum=signal.SIGINT, /)", "Simulate the arrival of the given signal in the main thread."),
    method("stack_size", f_stack_size, "(size=0, /)", "Return the thread stack size used when creating new threads."),
    method("set_name", f_set_name, "(name)", "Set the name of the current thread."),
    method("_get_name", f_get_name, "()", "Get the name of the current thread."),
    method("_excepthook", f_excepthook, "(exc_type, /)", "Handle uncaught Thread.run() exception."),
    {},
};

// In a forked child: the threads that are gone count as finished, so that nobody waits for them.
void forget_other_threads(Thread& t) {
  g_main_ident = t.ident;
  g_thread_count = 0;
  for (ThreadHandle* h = g_started; h != nullptr; h = h->next) {
    if (ident_of(h) == t.ident) continue;
    set_state(h, HandleState::kDone);
    h->done.reset_after_fork(true);
  }
}

Status initialise(Thread& t, Module* module) {
  if (g_shutdown_handles.get().is_empty()) at_fork_child(forget_other_threads);
  g_main_ident = t.ident;
  g_shutdown_handles.set(t, TRY(list_new(t)).release_ref());
  TRY(module_add_type(t, module, spec_thread_lock, &g_lock_type));
  TRY(module_add(t, module, "LockType", Value(g_lock_type)));
  TRY(module_add_type(t, module, spec_thread_rlock, &g_rlock_type));
  TRY(init_thread_locals(t, module));
  TRY(module_add_type(t, module, kHandleSpec, &g_handle_type));
  TRY(module_add(t, module, "error", Value(exc::RuntimeError)));
  TRY(module_add(t, module, "TIMEOUT_MAX", float_from(t, kTimeoutMaxSeconds)));
  TRY(module_add_int(t, module, "_NAME_MAXLEN", i64(kNameBytes)));
  static const StructSequenceField fields[] = {{"exc_type"}, {"exc_value"}, {"exc_traceback"}, {"thread"}, {}};
  g_excepthook_args_type = TRY(struct_sequence_type(t, "_thread._ExceptHookArgs", nullptr, fields, 4)).get();
  return module_add(t, module, "_ExceptHookArgs", Value(g_excepthook_args_type));
}

}  // namespace

extern const ModuleDef module__thread;
const ModuleDef module__thread = {"_thread", "This module provides primitive operations to write multi-threaded programs.", kFunctions, initialise};

}  // namespace typhon
