// _signal: handlers run on the main thread at safepoints; a wake-up descriptor tells event loops at once.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap/reclaim.h"
#include "interpreter/frame.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

// Set in the C handler, read at the safepoint: async-signal-safe atomics only.
u8 g_pending[NSIG];
u8 g_any_pending;
int g_wakeup_fd = -1;
// List of NSIG handlers: None, SIG_DFL (0), SIG_IGN (1), or a callable. Only the main thread sets and runs them, so they stay its own
// (asyncio.run's handler leads to the loop and all its tasks) until another thread asks for one.
GlobalRoot g_handlers;
Thread* g_handlers_owner;
GlobalRoot g_default_int_handler;

void c_handler(int number) {
  int saved = errno;
  __atomic_store_n(&g_pending[number], 1, __ATOMIC_RELAXED);
  __atomic_store_n(&g_any_pending, 1, __ATOMIC_RELEASE);
  request_poll_main();
  int fd = __atomic_load_n(&g_wakeup_fd, __ATOMIC_RELAXED);
  if (fd >= 0) {
    u8 byte = u8(number);
    ssize_t n = write(fd, &byte, 1);
    (void)n;
  }
  errno = saved;
}

List* handlers() { return g_handlers.as<List>(); }

Result<i64> signal_number(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v));
  if (n < 1 || n >= NSIG) return raise(t, exc::ValueError, "signal number out of range");
  return n;
}

Ref f_default_int_handler(Thread& t, Value, const Value*) { return raise_none(t, exc::KeyboardInterrupt); }

Ref f_signal(Thread& t, Value, const Value* a) {
  i64 number = TRY(to_i64(t, a[0]));
  if (!t.is_main) return raise(t, exc::ValueError, "signal only works in main thread of the main interpreter");
  if (number < 1 || number >= NSIG) return raise(t, exc::ValueError, "signal number out of range");
  struct sigaction action = {};
  sigemptyset(&action.sa_mask);
  i64 special = -1;
  if (is_int(a[1])) int_fits_i64(a[1], &special);
  if (special == 0)
    action.sa_handler = SIG_DFL;
  else if (special == 1)
    action.sa_handler = SIG_IGN;
  else if (is_callable(a[1]))
    action.sa_handler = c_handler;
  else
    return raise(t, exc::TypeError, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
  TRY(safepoint(t));
  if (sigaction(int(number), &action, nullptr) != 0) return raise_errno(t, errno);
  Ref old = list_get(t, handlers(), size_t(number));
  TRY(list_set(t, handlers(), size_t(number), special == 0 || special == 1 ? Value::small_int(special) : a[1]));
  return old;
}
Ref f_getsignal(Thread& t, Value, const Value* a) {
  i64 n = TRY(signal_number(t, a[0]));
  if (&t != g_handlers_owner && handlers()->is_local()) {
    WorldStopped stopped(t);
    publish(handlers());
  }
  return list_get(t, handlers(), size_t(n));
}
Ref f_siginterrupt(Thread& t, Value, const Value* a) {
  i64 n = TRY(signal_number(t, a[0]));
  bool flag = TRY(truth(t, a[1]));
  struct sigaction action;
  if (sigaction(int(n), nullptr, &action) != 0) return raise_errno(t, errno);
  if (flag)
    action.sa_flags &= ~SA_RESTART;
  else
    action.sa_flags |= SA_RESTART;
  if (sigaction(int(n), &action, nullptr) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_set_wakeup_fd(Thread& t, Value, const Value* a) {
  if (!t.is_main) return raise(t, exc::ValueError, "set_wakeup_fd only works in main thread of the main interpreter");
  i64 fd = TRY(to_i64(t, a[0]));
  if (fd != -1 && fcntl(int(fd), F_GETFD) < 0) return raise(t, exc::ValueError, "invalid fd");
  int old = __atomic_exchange_n(&g_wakeup_fd, int(fd), __ATOMIC_RELAXED);
  return int_from(t, old);
}
Ref f_raise_signal(Thread& t, Value, const Value* a) {
  i64 n = TRY(to_i64(t, a[0]));
  if (::raise(int(n)) != 0) return raise_errno(t, errno);
  TRY(safepoint(t));
  return Ref::none();
}
Ref f_strsignal(Thread& t, Value, const Value* a) {
  i64 n = TRY(signal_number(t, a[0]));
  const char* text = strsignal(int(n));
  if (text == nullptr || strncmp(text, "Unknown signal", 14) == 0) return Ref::none();
  return str_from_utf8(t, text);
}
Ref f_alarm(Thread& t, Value, const Value* a) { return int_from(t, alarm(unsigned(TRY(to_i64(t, a[0]))))); }
Ref f_pause(Thread& t, Value, const Value*) {
  {
    Detached detached(t);
    pause();
  }
  TRY(safepoint(t));
  return Ref::none();
}
Ref f_pthread_kill(Thread& t, Value, const Value* a) {
  u64 ident = int_low_u64(a[0]);
  i64 n = TRY(to_i64(t, a[1]));
  int error = pthread_kill(pthread_t(ident), int(n));
  if (error != 0) return raise_errno(t, error);
  TRY(safepoint(t));
  return Ref::none();
}

Status parse_set(Thread& t, Value iterable, sigset_t* out) {
  sigemptyset(out);
  Ref iterator = TRY(get_iter(t, iterable));
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return ok();
    i64 n = TRY(to_i64(t, item));
    if (n < 1 || n >= NSIG) return raise(t, exc::ValueError, "signal number %zd out of range [1; %zd]", n, i64(NSIG - 1));
    sigaddset(out, int(n));
  }
}
Ref set_to_python(Thread& t, const sigset_t& set) {
  RefTo<Set> out = TRY(set_new(t));
  for (int n = 1; n < NSIG; n++)
    if (sigismember(&set, n) == 1) TRY(set_add_py(t, out.get(), Value::small_int(n)));
  return out;
}
Ref f_pthread_sigmask(Thread& t, Value, const Value* a) {
  i64 how = TRY(to_i64(t, a[0]));
  sigset_t set, old;
  TRY(parse_set(t, a[1], &set));
  int error = pthread_sigmask(int(how), &set, &old);
  if (error != 0) return raise_errno(t, error);
  TRY(safepoint(t));
  return set_to_python(t, old);
}
Ref f_sigpending(Thread& t, Value, const Value*) {
  sigset_t set;
  if (sigpending(&set) != 0) return raise_errno(t, errno);
  return set_to_python(t, set);
}
Ref f_sigwait(Thread& t, Value, const Value* a) {
  sigset_t set;
  TRY(parse_set(t, a[0], &set));
  int number, error;
  {
    Detached detached(t);
    error = sigwait(&set, &number);
  }
  if (error != 0) return raise_errno(t, error);
  return int_from(t, number);
}
Ref f_valid_signals(Thread& t, Value, const Value*) {
  sigset_t set;
  sigfillset(&set);
  return set_to_python(t, set);
}
Ref itimer_tuple(Thread& t, const itimerval& v) {
  Ref a = float_from(t, double(v.it_value.tv_sec) + double(v.it_value.tv_usec) * 1e-6);
  Ref b = float_from(t, double(v.it_interval.tv_sec) + double(v.it_interval.tv_usec) * 1e-6);
  return tuple_of(t, a, b);
}
Type* g_itimer_error;
Ref f_setitimer(Thread& t, Value, const Value* a) {
  i64 which = TRY(to_i64(t, a[0]));
  auto to_timeval = [](double s) { return timeval{time_t(s), suseconds_t((s - double(time_t(s))) * 1e6)}; };
  double seconds = TRY(to_double(t, a[1])), interval = a[2].is_empty() ? 0 : TRY(to_double(t, a[2]));
  itimerval fresh = {to_timeval(interval), to_timeval(seconds)}, old;
  if (setitimer(static_cast<__itimer_which>(which), &fresh, &old) != 0) return raise(t, g_itimer_error, "[Errno %d] %s", errno, strerror(errno));
  return itimer_tuple(t, old);
}
Ref f_getitimer(Thread& t, Value, const Value* a) {
  itimerval now;
  if (getitimer(static_cast<__itimer_which>(TRY(to_i64(t, a[0]))), &now) != 0) return raise(t, g_itimer_error, "[Errno %d] %s", errno, strerror(errno));
  return itimer_tuple(t, now);
}

const Method kFunctions[] = {
    method("signal", f_signal, "(signalnum, handler, /)", "Set the action for the given signal."),
    method("getsignal", f_getsignal, "(signalnum, /)", "Return the current action for the given signal."),
    method("default_int_handler", f_default_int_handler, "(signalnum, frame, /)", "The default handler for SIGINT installed by Python. It raises KeyboardInterrupt."),
    method("siginterrupt", f_siginterrupt, "(signalnum, flag, /)"),
    method("set_wakeup_fd", f_set_wakeup_fd, "(fd, /, *, warn_on_full_buffer=True)", "Sets the fd to be written to (with the signal number) when a signal comes in."),
    method("raise_signal", f_raise_signal, "(signalnum, /)", "Send a signal to the executing process."),
    method("strsignal", f_strsignal, "(signalnum, /)", "Return the system description of the given signal."),
    method("alarm", f_alarm, "(seconds, /)", "Arrange for SIGALRM to arrive after the given number of seconds."),
    method("pause", f_pause, "()", "Wait until a signal arrives."),
    method("pthread_kill", f_pthread_kill, "(thread_id, signalnum, /)", "Send a signal to a thread."),
    method("pthread_sigmask", f_pthread_sigmask, "(how, mask, /)", "Fetch and/or change the signal mask of the calling thread."),
    method("sigpending", f_sigpending, "()", "Examine pending signals."),
    method("sigwait", f_sigwait, "(sigset, /)", "Wait for a signal."),
    method("valid_signals", f_valid_signals, "()", "Return a set of valid signal numbers on this platform."),
    method("setitimer", f_setitimer, "(which, seconds, interval=0.0, /)"),
    method("getitimer", f_getitimer, "(which, /)"),
    {},
};

struct Row {
  const char* name;
  int value;
};
#define S(name) {#name, name}
constexpr Row kRows[] = {
    S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGIOT), S(SIGABRT), S(SIGFPE), S(SIGKILL), S(SIGBUS), S(SIGSEGV),
    S(SIGSYS), S(SIGPIPE), S(SIGALRM), S(SIGTERM), S(SIGUSR1), S(SIGUSR2), S(SIGCLD), S(SIGCHLD), S(SIGPWR), S(SIGIO), S(SIGURG),
    S(SIGWINCH), S(SIGPOLL), S(SIGSTOP), S(SIGTSTP), S(SIGCONT), S(SIGTTIN), S(SIGTTOU), S(SIGVTALRM), S(SIGPROF), S(SIGXCPU),
    S(SIGXFSZ), S(SIGSTKFLT), S(SIG_BLOCK), S(SIG_UNBLOCK), S(SIG_SETMASK), S(ITIMER_REAL), S(ITIMER_VIRTUAL), S(ITIMER_PROF),
    {"SIG_DFL", 0}, {"SIG_IGN", 1}, {"NSIG", NSIG},
};
#undef S

Status initialise(Thread& t, Module* module) {
  for (const Row& row : kRows) TRY(module_add_int(t, module, row.name, row.value));
  TRY(module_add_int(t, module, "SIGRTMIN", SIGRTMIN));
  TRY(module_add_int(t, module, "SIGRTMAX", SIGRTMAX));
  if (g_itimer_error == nullptr) TRY(module_add_exception(t, module, "signal.itimer_error", exc::OSError, &g_itimer_error));
  Ref handler = dict_get_str(t, module->dict.as<Dict>(), str_immortal(t, "default_int_handler"));
  if (g_default_int_handler.get().is_empty()) {
    g_default_int_handler.set(t, handler.dup());
    // SIGINT raises KeyboardInterrupt unless the process was started with it ignored.
    struct sigaction old;
    if (sigaction(SIGINT, nullptr, &old) == 0 && old.sa_handler == SIG_DFL) {
      struct sigaction action = {};
      sigemptyset(&action.sa_mask);
      action.sa_handler = c_handler;
      sigaction(SIGINT, &action, nullptr);
      TRY(list_set(t, handlers(), SIGINT, handler));
    }
  }
  return ok();
}

// Runs on the main thread at a safepoint.
Status run_handlers(Thread& t) {
  if (!t.is_main || !__atomic_exchange_n(&g_any_pending, 0, __ATOMIC_ACQUIRE)) return ok();
  for (int n = 1; n < NSIG; n++) {
    if (!__atomic_exchange_n(&g_pending[n], 0, __ATOMIC_RELAXED)) continue;
    Ref handler = list_get(t, handlers(), size_t(n));
    if (handler.is_empty() || !is_callable(handler)) continue;
    Ref frame = Ref::none();
    if (Value* r = caller_frame(t, 0)) frame = TRY(frame_object_of(t, r));
    Ref done = call_with(t, handler, Value::small_int(n), frame);
    if (done.failed()) {
      // Signals that came together stay pending for the next safepoint.
      for (int k = n + 1; k < NSIG; k++)
        if (__atomic_load_n(&g_pending[k], __ATOMIC_RELAXED)) {
          __atomic_store_n(&g_any_pending, 1, __ATOMIC_RELEASE);
          request_poll(t);
        }
      return Raised{};
    }
  }
  return ok();
}

}  // namespace

// As if the signal had arrived (_thread.interrupt_main): nothing happens when it is ignored or has its default action.
void raise_signal_for_main(int number) {
  struct sigaction action;
  if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == c_handler) c_handler(number);
}

Status initialise_signals(Thread& t) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  RefTo<List> list = TRY(list_new(t, NSIG));
  for (int n = 0; n < NSIG; n++) {
    struct sigaction action;
    Value shown = None;
    if (n > 0 && sigaction(n, nullptr, &action) == 0) shown = action.sa_handler == SIG_IGN ? Value::small_int(1) : action.sa_handler == SIG_DFL ? Value::small_int(0) : None;
    TRY(list_append(t, list.get(), shown));
  }
  GlobalRoots::set_confined(g_handlers, list.release_ref());
  g_handlers_owner = &t;
  g_signal_hook = run_handlers;
  // What had arrived at the parent is the parent's.
  at_fork_child([](Thread& t) {
    if (&t != g_handlers_owner) publish(handlers());
    g_handlers_owner = &t;
    g_any_pending = 0;
    memset(g_pending, 0, sizeof g_pending);
  });
  Ref module = TRY(import_module(t, "_signal"));
  return ok();
}

extern const ModuleDef module__signal;
const ModuleDef module__signal = {"_signal", "This module provides mechanisms to use signal handlers in Python.", kFunctions, initialise};

}  // namespace typhon
