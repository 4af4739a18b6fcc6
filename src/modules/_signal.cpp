// _signal: handlers run on the main thread at safepoints; a wake-up descriptor tells event loops at once.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap/reclaim.h"
#include "interpreter/frame.h"
#include "modules/posix/posix.h"
#include "runtime/runtime.h"
#include "threads/world.h"

namespace typhon {
namespace {

// Set in the C handler, read at the safepoint: async-signal-safe atomics only.
u8 g_pending[NSIG];
u8 g_any_pending;
bool g_finished = false;
int g_wakeup_fd = -1;
u8 g_warn_on_full_buffer = 1;
int g_wakeup_error;  // errno of a write to it that failed, to be shown on the main thread
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
    ssize_t n;
    do {
      n = write(fd, &byte, 1);
    } while (n < 0 && errno == EINTR);
    bool full = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    if (n < 0 && !(full && !__atomic_load_n(&g_warn_on_full_buffer, __ATOMIC_RELAXED)))
      __atomic_store_n(&g_wakeup_error, errno, __ATOMIC_RELAXED);
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
  int fd = TRY(int_argument(t, a[0]));
  bool warn_full = a[1].is_empty() || TRY(truth(t, a[1]));
  if (fd != -1) {
    struct stat status;
    if (fstat(fd, &status) != 0) return raise_errno(t, errno);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0) return raise_errno(t, errno);
    if (!(flags & O_NONBLOCK)) return raise(t, exc::ValueError, "the fd %d must be in non-blocking mode", fd);
  }
  __atomic_store_n(&g_warn_on_full_buffer, u8(warn_full), __ATOMIC_RELAXED);
  int old = __atomic_exchange_n(&g_wakeup_fd, fd, __ATOMIC_RELAXED);
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
  if (!is_int(a[0])) return raise(t, exc::TypeError, "pthread_kill() argument 1 must be int, not %T", a[0]);
  u64 ident = int_low_u64(a[0]);
  int number = TRY(int_argument(t, a[1]));
  int error = signal_thread(t, ident, number);
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
    Ref number = TRY(to_index(t, item));
    i64 n;
    if (!int_fits_i64(number, &n)) n = -1;
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
// --- waiting with information
Type* g_siginfo_type;
constexpr StructSequenceField kSiginfoFields[] = {
    {"si_signo", "signal number"}, {"si_code", "signal code"}, {"si_errno", "errno associated with this signal"},
    {"si_pid", "sending process ID"}, {"si_uid", "real user ID of sending process"}, {"si_status", "exit value or signal"},
    {"si_band", "band event for SIGPOLL"}, {}};
Ref siginfo_result(Thread& t, const siginfo_t& info) {
  RootedVector v(t);
  for (i64 n : {i64(info.si_signo), i64(info.si_code), i64(info.si_errno), i64(info.si_pid), i64(info.si_uid), i64(info.si_status),
                i64(info.si_band)})
    v.push(TRY(int_from(t, n)));
  return struct_sequence_new(t, g_siginfo_type, v.data(), v.size());
}
Ref f_sigwaitinfo(Thread& t, Value, const Value* a) {
  sigset_t set;
  TRY(parse_set(t, a[0], &set));
  siginfo_t info;
  if (TRY(system_call(t, [&] { return sigwaitinfo(&set, &info); })) < 0) return raise_errno(t, errno);
  return siginfo_result(t, info);
}
i64 monotonic_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return i64(now.tv_sec) * 1000000000 + now.tv_nsec;
}
Ref f_sigtimedwait(Thread& t, Value, const Value* a) {
  sigset_t set;
  TRY(parse_set(t, a[0], &set));
  if (a[1].is_none()) return raise(t, exc::TypeError, "'NoneType' object cannot be interpreted as an integer or float");
  i64 timeout = TRY(to_timeout_ns(t, a[1]));
  if (timeout < 0) return raise(t, exc::ValueError, "timeout must be non-negative");
  i64 deadline = monotonic_ns() + std::min(timeout, i64(1) << 60);
  siginfo_t info;
  i64 result = TRY(system_call(t, [&] {
    i64 left = std::max(deadline - monotonic_ns(), i64(0));
    timespec wait = {time_t(left / 1000000000), long(left % 1000000000)};
    return sigtimedwait(&set, &info, &wait);
  }));
  if (result < 0 && errno == EAGAIN) return Ref::none();
  if (result < 0) return raise_errno(t, errno);
  return siginfo_result(t, info);
}
Ref f_pidfd_send_signal(Thread& t, Value, const Value* a) {
  int pidfd = TRY(int_argument(t, a[0])), number = TRY(int_argument(t, a[1]));
  int flags = a[3].is_empty() ? 0 : TRY(int_argument(t, a[3]));
  if (!a[2].is_empty() && !a[2].is_none()) return raise(t, exc::TypeError, "siginfo must be None");
  if (syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, flags) < 0) return raise_errno(t, errno);
  TRY(safepoint(t));
  return Ref::none();
}

// --- interval timers
Type* g_itimer_error;
Raised raise_itimer_error(Thread& t, int error) {
  RefTo<Str> text = TRY(str_from_utf8(t, strerror(error)));
  return raise_exception(t, TRY(call_with(t, Value(g_itimer_error), Value::small_int(error), text)));
}
Ref itimer_tuple(Thread& t, const itimerval& v) {
  Ref a = float_from(t, double(v.it_value.tv_sec) + double(v.it_value.tv_usec) * 1e-6);
  Ref b = float_from(t, double(v.it_interval.tv_sec) + double(v.it_interval.tv_usec) * 1e-6);
  return tuple_of(t, a, b);
}
// Seconds rounded up to microseconds: a timer that is set is not switched off by rounding.
Result<timeval> timer_argument(Thread& t, Value v) {
  if (v.is_empty()) return timeval{};
  if (v.is_none()) return raise(t, exc::TypeError, "'NoneType' object cannot be interpreted as an integer or float");
  i64 ns = TRY(to_timeout_ns(t, v));
  i64 us = ns / 1000 + (ns % 1000 > 0), seconds = us / 1000000, rest = us % 1000000;
  if (rest < 0) seconds--, rest += 1000000;
  return timeval{seconds, rest};
}
Ref f_setitimer(Thread& t, Value, const Value* a) {
  int which = TRY(int_argument(t, a[0]));
  itimerval fresh = {}, old;
  fresh.it_value = TRY(timer_argument(t, a[1]));
  fresh.it_interval = TRY(timer_argument(t, a[2]));
  if (setitimer(static_cast<__itimer_which>(which), &fresh, &old) != 0) return raise_itimer_error(t, errno);
  return itimer_tuple(t, old);
}
Ref f_getitimer(Thread& t, Value, const Value* a) {
  itimerval now;
  if (getitimer(static_cast<__itimer_which>(TRY(int_argument(t, a[0]))), &now) != 0) return raise_itimer_error(t, errno);
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
    method("sigwaitinfo", f_sigwaitinfo, "(sigset, /)",
           "Wait synchronously until one of the signals in *sigset* is delivered.\n\nReturns a struct_siginfo containing information "
           "about the signal."),
    method("sigtimedwait", f_sigtimedwait, "(sigset, timeout, /)",
           "Like sigwaitinfo(), but with a timeout.\n\nThe timeout is specified in seconds, with floating-point numbers allowed."),
    method("pidfd_send_signal", f_pidfd_send_signal, "(pidfd, signalnum, siginfo=None, flags=0, /)",
           "Send a signal to a process referred to by a pid file descriptor."),
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
  if (g_itimer_error == nullptr) {
    TRY(module_add_exception(t, module, "signal.ItimerError", exc::OSError, &g_itimer_error));
    g_siginfo_type = TRY(struct_sequence_type(t, "signal.struct_siginfo",
                                              "struct_siginfo: Result from sigwaitinfo or sigtimedwait.\n\nThis object may be accessed "
                                              "either as a tuple of\n(si_signo, si_code, si_errno, si_pid, si_uid, si_status, "
                                              "si_band),\nor via the attributes si_signo, si_code, and so on.",
                                              kSiginfoFields, 7)).get();
  } else {
    TRY(module_add(t, module, "ItimerError", Value(g_itimer_error)));
  }
  TRY(module_add(t, module, "struct_siginfo", Value(g_siginfo_type)));
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

void show_wakeup_error(Thread& t) {
  int error = __atomic_exchange_n(&g_wakeup_error, 0, __ATOMIC_RELAXED);
  if (error == 0) return;
  ExceptionSaver saver(t);
  raise_errno(t, error);
  write_unraisable(t, "while trying to write to the signal wakeup fd", EMPTY);
}
// Runs on the main thread at a safepoint.
Status run_handlers(Thread& t) {
  if (!t.is_main || !__atomic_exchange_n(&g_any_pending, 0, __ATOMIC_ACQUIRE)) return ok();
  show_wakeup_error(t);
  for (int n = 1; n < NSIG; n++) {
    if (!__atomic_exchange_n(&g_pending[n], 0, __ATOMIC_RELAXED)) continue;
    Ref handler = list_get(t, handlers(), size_t(n));
    if (handler.is_empty() || !is_callable(handler)) {
      // The handler was taken away after the signal had arrived.
      ExceptionSaver saver(t);
      raise(t, exc::OSError, "Signal %d ignored due to race condition", n);
      write_unraisable(t, nullptr, EMPTY);
      continue;
    }
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

// The program is over: handlers go, signals have their default actions again.
void finish_signals(Thread& t) {
  g_finished = true;
  g_wakeup_fd = -1;
  for (int n = 1; n < NSIG; n++) {
    struct sigaction action;
    if (sigaction(n, nullptr, &action) == 0 && action.sa_handler == c_handler) signal(n, SIG_DFL);
    if (list_set(t, handlers(), size_t(n), None).failed()) clear_exception(t);
  }
}

// As if the signal had arrived (_thread.interrupt_main): nothing happens when it is ignored or has its default action.
void raise_signal_for_main(int number) {
  struct sigaction action;
  if (g_finished) return c_handler(number);
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
