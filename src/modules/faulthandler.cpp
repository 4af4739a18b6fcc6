// faulthandler: Python tracebacks on fatal signals, on user signals and after a time-out. What runs in signal handlers allocates nothing,
// takes no lock and calls only async-signal-safe functions; it reads the frames of the thread that the handler runs on.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <dirent.h>
#include <execinfo.h>
#include <fcntl.h>
#include <ctime>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bytecode/frame.h"
#include "bytecode/positions.h"
#include "objects/protocol/services.h"
#include "threads/world.h"

namespace typhon {
namespace {

// --- writing
void put(int fd, const char* text, size_t n) {
  while (n > 0) {
    ssize_t done = write(fd, text, n);
    if (done < 0) {
      if (errno == EINTR) continue;
      return;
    }
    text += done;
    n -= size_t(done);
  }
}
void put(int fd, const char* text) { put(fd, text, std::strlen(text)); }
void put_decimal(int fd, u64 n) {
  char text[24];
  size_t at = sizeof text;
  do text[--at] = char('0' + n % 10);
  while ((n /= 10) != 0);
  put(fd, text + at, sizeof text - at);
}
void put_hex(int fd, u64 n, int digits) {
  char text[16];
  for (int i = 0; i < digits; i++) text[i] = "0123456789abcdef"[(n >> (4 * (digits - 1 - i))) & 15];
  put(fd, text, size_t(digits));
}
// At most 500 characters; what is not printable ASCII as an escape.
void put_str(int fd, Value v) {
  if (!is_exact_str(v)) return put(fd, "???");
  auto* s = v.as<Str>();
  size_t n = s->length();
  for (size_t i = 0; i < n && i < 500; i++) {
    u32 c = s->at(i);
    if (c >= 0x20 && c < 0x7F) {
      char byte = char(c);
      put(fd, &byte, 1);
    } else {
      put(fd, c < 0x100 ? "\\x" : c < 0x10000 ? "\\u" : "\\U");
      put_hex(fd, c, c < 0x100 ? 2 : c < 0x10000 ? 4 : 8);
    }
  }
  if (n > 500) put(fd, "...");
}

i32 line_of(const Code* code, u32 unit) {
  PositionReader reader(code);
  PositionRow row;
  i32 line = 0;
  while (reader.next(&row) && row.unit <= unit) line = row.line;
  return line;
}
// The code of the frame `r`. A signal may have come while a frame was being made or taken down: what lies there then need not be a
// frame, and null is returned.
const Code* code_of(const Thread& t, Value* r) {
  bool on_stack = r >= t.stack_base + kFrameHeader && r < t.stack_limit;
  if ((u64(r) & 7) != 0 || (!on_stack && heap::find_block(r) == nullptr)) return nullptr;
  Code* code = frame::code(r);
  if (code == nullptr || heap::find_block(code) != code || code->shape == heap::kBodyShape || !is_code(Value(code))) return nullptr;
  return code;
}
constexpr int kMaxFrames = 100;
// False while the thread is just between two frames.
bool is_settled(const Thread& t) {
  Value* r = t.frame;
  for (int depth = 0; r != nullptr && depth < kMaxFrames; depth++) {
    if (code_of(t, r) == nullptr) return false;
    Value* caller = frame::caller(r);
    if (caller == nullptr && !(frame::info(r).flags & frame_flag::kEntry)) return false;
    r = caller;
  }
  return true;
}
void put_frames(int fd, Thread& t) {
  Value* r = t.frame;
  if (r == nullptr) return put(fd, "  <no Python frame>\n");
  for (int depth = 0; r != nullptr; depth++) {
    if (depth == kMaxFrames) return put(fd, "  ...\n");
    const Code* code = code_of(t, r);
    if (code == nullptr) return put(fd, "  ???\n");
    put(fd, "  File \"");
    put_str(fd, code->filename.peek());
    put(fd, "\", line ");
    i32 line = line_of(code, frame::unit_index(r));
    if (line > 0)
      put_decimal(fd, u64(line));
    else
      put(fd, "???");
    put(fd, " in ");
    put_str(fd, code->name.peek());
    put(fd, "\n");
    r = frame::caller(r);
  }
}
void put_thread_head(int fd, const char* kind, u64 ident, bool named) {
  put(fd, kind);
  put(fd, "0x");
  put_hex(fd, ident, 16);
  char name[32] = "";
  if (named && pthread_getname_np(pthread_t(ident), name, sizeof name) == 0 && name[0] != 0) {
    put(fd, " [");
    put(fd, name);
    put(fd, "]");
  }
  put(fd, " (most recent call first):\n");
}
// --- other threads, from where the world cannot be stopped (signal handlers, the watchdog): each is made to write its own frames, one
// after the other, by a signal. One that does not get to it in time (it blocks signals) is left out.
struct Show {
  u32 busy = 0;    // process id of who is showing threads
  i32 target = 0;  // thread that is asked; whoever takes it out, thread or requester, decides. Atomic, as is `done`.
  u32 done = 0;
  int fd = 2;
  bool any = false;
  bool settled = false;  // only if the thread is not just between two frames; if it is, `target` stays
};
Show g_show;
constexpr u32 kMaxThreads = 100;
constexpr u64 kShowOneNs = 1'000'000'000, kShowAllNs = 4'000'000'000;
int show_signal() { return SIGRTMAX - 1; }
i32 own_tid() { return i32(syscall(SYS_gettid)); }

void show_handler(int) {
  int saved = errno;
  i32 tid = own_tid();
  Thread* t = Thread::current_or_null();
  if (__atomic_load_n(&g_show.settled, __ATOMIC_ACQUIRE) && t != nullptr && !is_settled(*t)) return;
  if (__atomic_compare_exchange_n(&g_show.target, &tid, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    if (t != nullptr && !is_helper_thread(*t)) {
      if (g_show.any) put(g_show.fd, "\n");
      g_show.any = true;
      put_thread_head(g_show.fd, "Thread ", t->ident, true);
      put_frames(g_show.fd, *t);
    }
    __atomic_store_n(&g_show.done, 1, __ATOMIC_RELEASE);
  }
  errno = saved;
}
void show_one(i32 tid) {
  __atomic_store_n(&g_show.done, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&g_show.settled, true, __ATOMIC_RELAXED);
  __atomic_store_n(&g_show.target, tid, __ATOMIC_RELEASE);
  u64 begin = platform::monotonic_ns(), next = begin;
  while (!__atomic_load_n(&g_show.done, __ATOMIC_ACQUIRE)) {
    u64 now = platform::monotonic_ns();
    if (now - begin > kShowOneNs / 2) __atomic_store_n(&g_show.settled, false, __ATOMIC_RELEASE);
    if (now >= next && __atomic_load_n(&g_show.target, __ATOMIC_RELAXED) == tid) {
      bool sent = syscall(SYS_tgkill, getpid(), tid, show_signal()) == 0;
      i32 asked = tid;
      if ((!sent || now - begin > kShowOneNs) &&
          __atomic_compare_exchange_n(&g_show.target, &asked, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return;
      }
      next = now + kShowOneNs / 100;
    }
    usleep(50);
  }
}
// The newest threads of the process, oldest first; `*more`: there are others.
u32 list_threads(i32* tids, bool* more) {
  *more = false;
  int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return 0;
  alignas(8) char buffer[4096];
  u32 n = 0;
  for (;;) {
    long size = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      auto* entry = reinterpret_cast<const struct dirent64*>(buffer + at);
      at += entry->d_reclen;
      i32 tid = 0;
      for (const char* p = entry->d_name; *p >= '0' && *p <= '9'; p++) tid = tid * 10 + (*p - '0');
      if (tid == 0) continue;
      if (n == kMaxThreads) {
        *more = true;
        std::memmove(tids, tids + 1, (kMaxThreads - 1) * sizeof *tids);
        n--;
      }
      tids[n++] = tid;
    }
  }
  close(folder);
  return n;
}
// All threads but the one that the caller runs on, the newest first. `any`: something has been written before.
void put_other_threads(int fd, bool any) {
  u32 process = u32(getpid()), busy = 0;
  while (!__atomic_compare_exchange_n(&g_show.busy, &busy, process, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
    if (busy == process) return;  // not what a fork has left there
  struct sigaction action = {};
  action.sa_handler = show_handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigaction(show_signal(), &action, nullptr);
  g_show.fd = fd;
  g_show.any = any;
  i32 tids[kMaxThreads], self = own_tid();
  bool more;
  u64 until = platform::monotonic_ns() + kShowAllNs;
  for (u32 n = list_threads(tids, &more); n > 0 && platform::monotonic_ns() < until; n--)
    if (tids[n - 1] != self) show_one(tids[n - 1]);
  if (more) put(fd, "...\n");
  __atomic_store_n(&g_show.busy, 0, __ATOMIC_RELEASE);
}
// The thread that the caller runs on, and if wanted the others after it.
void put_current(int fd, bool all_threads) {
  Thread* t = Thread::current_or_null();
  if (t == nullptr) {
    put(fd, "<no Python thread>\n");
  } else {
    if (all_threads)
      put_thread_head(fd, "Current thread ", t->ident, true);
    else
      put(fd, "Stack (most recent call first):\n");
    put_frames(fd, *t);
  }
  if (all_threads) put_other_threads(fd, true);
}
void put_native_stack(int fd) {
  // backtrace() and dladdr() take locks of the dynamic linker: a fault inside it may hang here, after the Python frames are written.
  put(fd, "Current thread's C stack trace (most recent call first):\n");
  void* addresses[32];
  int n = backtrace(addresses, 32);
  for (int i = 0; i < n; i++) {
    Dl_info info;
    if (dladdr(addresses[i], &info) != 0 && info.dli_fname != nullptr && info.dli_fname[0] != 0) {
      put(fd, "  Binary file \"");
      put(fd, info.dli_fname);
      put(fd, "\"");
      if (info.dli_sname != nullptr) {
        put(fd, ", at ");
        put(fd, info.dli_sname);
        put(fd, "+0x");
        put_hex(fd, u64(addresses[i]) - u64(info.dli_saddr), 4);
      }
    } else {
      put(fd, "  Binary file \"<unknown>\"");
    }
    put(fd, " [0x");
    put_hex(fd, u64(addresses[i]), 16);
    put(fd, "]\n");
  }
}

// --- files: a descriptor, or an object with fileno(), which is kept
Result<int> descriptor_of(Thread& t, Value file, Ref* keep) {
  if (file.is_empty() || file.is_none()) {
    RefTo<Str> name = TRY(str_from_ascii(t, "stderr"));
    name = TRY(str_intern(t, name));
    *keep = TRY(sys_get(t, name.get()));
    if (keep->is_empty()) return raise(t, exc::RuntimeError, "unable to get sys.stderr");
    if (keep->get().is_none()) return raise(t, exc::RuntimeError, "sys.stderr is None");
  } else if (is_int(file) && !file.is_bool()) {
    i64 fd = TRY(to_i64(t, file));
    if (fd < 0 || fd > INT32_MAX) return raise(t, exc::ValueError, "file is not a valid file descriptor");
    return int(fd);
  } else {
    *keep = Ref::copy(file);
  }
  Ref method = TRY(get_attribute_utf8(t, *keep, "fileno"));
  Ref number = TRY(call(t, method));
  if (!is_int(number)) return raise(t, exc::RuntimeError, "file.fileno() is not a valid file descriptor");
  i64 fd = TRY(to_i64(t, number));
  if (fd < 0 || fd > INT32_MAX) return raise(t, exc::RuntimeError, "file.fileno() is not a valid file descriptor");
  method = TRY(get_attribute_utf8(t, *keep, "flush"));
  Ref done = call(t, method);
  if (done.failed()) clear_exception(t);
  return int(fd);
}

// --- fatal signals
struct Fatal {
  int number;
  const char* text;
  struct sigaction previous;
  bool installed;
};
Fatal g_fatal[] = {{SIGBUS, "Bus error", {}, false}, {SIGILL, "Illegal instruction", {}, false}, {SIGFPE, "Floating-point exception", {}, false},
                   {SIGABRT, "Aborted", {}, false}, {SIGSEGV, "Segmentation fault", {}, false}};
bool g_enabled, g_fatal_all_threads, g_fatal_native;
int g_fatal_fd = 2;
GlobalRoot g_fatal_file;

void fatal_handler(int number) {
  int saved = errno;
  for (auto& fatal : g_fatal) {
    if (fatal.number != number) continue;
    sigaction(number, &fatal.previous, nullptr);
    fatal.installed = false;
    int fd = g_fatal_fd;
    put(fd, "Fatal Python error: ");
    put(fd, fatal.text);
    put(fd, "\n\n");
    put_current(fd, g_fatal_all_threads);
    if (g_fatal_native) {
      put(fd, "\n");
      put_native_stack(fd);
    }
  }
  errno = saved;
  // Again, now for the handler that was there before.
  ::raise(number);
}
void disable_fatal() {
  g_enabled = false;
  for (auto& fatal : g_fatal) {
    if (!fatal.installed) continue;
    sigaction(fatal.number, &fatal.previous, nullptr);
    fatal.installed = false;
  }
}
Ref f_enable(Thread& t, Value, const Value* a) {
  bool all = a[1].is_empty() || TRY(truth(t, a[1])), native = a[2].is_empty() || TRY(truth(t, a[2]));
  Ref keep;
  int fd = TRY(descriptor_of(t, a[0], &keep));
  g_fatal_fd = fd;
  g_fatal_all_threads = all;
  g_fatal_native = native;
  g_fatal_file.set(t, keep.is_empty() ? Ref::none() : std::move(keep));
  if (native) {
    // Loads what backtrace() needs now: it may not do so in a handler.
    void* address;
    (void)backtrace(&address, 1);
  }
  if (g_enabled) return Ref::none();
  g_enabled = true;
  for (auto& fatal : g_fatal) {
    struct sigaction action = {};
    action.sa_handler = fatal_handler;
    sigemptyset(&action.sa_mask);
    // On a stack of its own, where there is one; and open to itself, so that a second fault ends the process.
    action.sa_flags = SA_NODEFER | SA_ONSTACK;
    if (sigaction(fatal.number, &action, &fatal.previous) != 0) return raise_errno(t, errno);
    fatal.installed = true;
  }
  return Ref::none();
}
Ref f_disable(Thread& t, Value, const Value*) {
  bool was = g_enabled;
  disable_fatal();
  g_fatal_file.set(t, Ref::none());
  return Ref::boolean(was);
}
Ref f_is_enabled(Thread&, Value, const Value*) { return Ref::boolean(g_enabled); }

// --- on request
Ref f_dump_traceback(Thread& t, Value, const Value* a) {
  bool all = a[1].is_empty() || TRY(truth(t, a[1]));
  Ref keep;
  int fd = TRY(descriptor_of(t, a[0], &keep));
  if (!all) {
    put_current(fd, false);
    return Ref::none();
  }
  WorldStopped world(t);
  for (Thread* other = first_thread(); other != nullptr; other = other->next) {
    if (other == &t || is_helper_thread(*other)) continue;
    put_thread_head(fd, "Thread ", other->ident, true);
    put_frames(fd, *other);
    put(fd, "\n");
  }
  put_thread_head(fd, "Current thread ", t.ident, true);
  put_frames(fd, t);
  return Ref::none();
}
Ref f_dump_c_stack(Thread& t, Value, const Value* a) {
  Ref keep;
  int fd = TRY(descriptor_of(t, a[0], &keep));
  put_native_stack(fd);
  return Ref::none();
}

// --- user signals
struct User {
  bool registered, all_threads, chain;
  int fd;
  struct sigaction previous;
};
User g_users[NSIG];
GlobalRoot g_user_files;  // dict: signal number -> file

void user_handler(int number) {
  User& user = g_users[number];
  if (!user.registered) return;
  int saved = errno;
  put_current(user.fd, user.all_threads);
  errno = saved;
  if (!user.chain) return;
  struct sigaction current;
  sigaction(number, &user.previous, &current);
  errno = saved;
  ::raise(number);
  saved = errno;
  sigaction(number, &current, nullptr);
  errno = saved;
}
Result<int> user_signal(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v));
  for (auto& fatal : g_fatal)
    if (fatal.number == n) return raise(t, exc::RuntimeError, "signal %zd cannot be registered, use enable() instead", n);
  if (n < 1 || n >= NSIG) return raise(t, exc::ValueError, "signal number out of range");
  return int(n);
}
Ref f_register(Thread& t, Value, const Value* a) {
  int number = TRY(user_signal(t, a[0]));
  bool all = a[2].is_empty() || TRY(truth(t, a[2])), chain = !a[3].is_empty() && TRY(truth(t, a[3]));
  Ref keep;
  int fd = TRY(descriptor_of(t, a[1], &keep));
  if (g_user_files.get().is_empty()) g_user_files.set(t, TRY(dict_new(t)).release_ref());
  TRY(dict_set_py(t, g_user_files.as<Dict>(), Value::small_int(number), keep.is_empty() ? None : Value(keep)));
  User& user = g_users[number];
  user.fd = fd;
  user.all_threads = all;
  user.chain = chain;
  if (user.registered) return Ref::none();
  struct sigaction action = {};
  action.sa_handler = user_handler;
  sigemptyset(&action.sa_mask);
  // Chained handlers are reached by raising the signal again from within.
  action.sa_flags = SA_RESTART | SA_ONSTACK | (chain ? SA_NODEFER : 0);
  user.registered = true;
  if (sigaction(number, &action, &user.previous) != 0) {
    user.registered = false;
    return raise_errno(t, errno);
  }
  return Ref::none();
}
Ref f_unregister(Thread& t, Value, const Value* a) {
  int number = TRY(user_signal(t, a[0]));
  User& user = g_users[number];
  if (!user.registered) return Ref::boolean(false);
  user.registered = false;
  sigaction(number, &user.previous, nullptr);
  TRY(dict_delete_py(t, g_user_files.as<Dict>(), Value::small_int(number)));
  return Ref::boolean(true);
}

// --- after a time-out: a thread that the VM does not know waits, and has all threads shown.
struct Watch {
  pthread_t thread;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition;
  bool running = false, cancelled = false, repeat = false, exit = false;
  int fd = 2;
  timespec interval = {};
  char head[64] = "";
};
Watch g_watch;
GlobalRoot g_watch_file;

void* watch(void*) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  pthread_mutex_lock(&g_watch.mutex);
  do {
    timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += g_watch.interval.tv_sec;
    until.tv_nsec += g_watch.interval.tv_nsec;
    if (until.tv_nsec >= 1000000000) {
      until.tv_sec++;
      until.tv_nsec -= 1000000000;
    }
    int woken = 0;
    while (!g_watch.cancelled && woken == 0) woken = pthread_cond_timedwait(&g_watch.condition, &g_watch.mutex, &until);
    if (g_watch.cancelled) break;
    put(g_watch.fd, g_watch.head);
    put_other_threads(g_watch.fd, false);
    if (g_watch.exit) _exit(1);
  } while (g_watch.repeat);
  pthread_mutex_unlock(&g_watch.mutex);
  return nullptr;
}
void cancel_watch(Thread& t) {
  if (!g_watch.running) return;
  {
    Detached detached(t);
    pthread_mutex_lock(&g_watch.mutex);
    g_watch.cancelled = true;
    pthread_cond_signal(&g_watch.condition);
    pthread_mutex_unlock(&g_watch.mutex);
    pthread_join(g_watch.thread, nullptr);
  }
  g_watch.running = false;
  g_watch.cancelled = false;
  g_watch_file.set(t, Ref::none());
}
Mutex g_watch_owner;  // calls of the two functions below, one at a time

Ref f_dump_later(Thread& t, Value, const Value* a) {
  double seconds = TRY(to_double(t, a[0]));
  if (!(seconds > 0)) return raise(t, exc::ValueError, "timeout must be greater than 0");
  if (seconds > 9e9) return raise(t, exc::OverflowError, "timeout value is too large");
  bool repeat = !a[1].is_empty() && TRY(truth(t, a[1])), leave = !a[3].is_empty() && TRY(truth(t, a[3]));
  Ref keep;
  int fd = TRY(descriptor_of(t, a[2], &keep));
  MutexGuard guard(t, g_watch_owner);
  cancel_watch(t);
  u64 micros = u64(seconds * 1e6);
  g_watch.interval = {time_t(micros / 1000000), long(micros % 1000000) * 1000};
  u64 whole = micros / 1000000;
  int n = snprintf(g_watch.head, sizeof g_watch.head, "Timeout (%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
  if (micros % 1000000 != 0) n += snprintf(g_watch.head + n, sizeof g_watch.head - size_t(n), ".%06lu", micros % 1000000);
  snprintf(g_watch.head + n, sizeof g_watch.head - size_t(n), ")!\n");
  g_watch.repeat = repeat;
  g_watch.exit = leave;
  g_watch.fd = fd;
  g_watch_file.set(t, keep.is_empty() ? Ref::none() : std::move(keep));
  static bool ready = false;
  if (!ready) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&g_watch.condition, &attributes);
    ready = true;
  }
  if (pthread_create(&g_watch.thread, nullptr, watch, nullptr) != 0) return raise(t, exc::RuntimeError, "unable to start watchdog thread");
  g_watch.running = true;
  return Ref::none();
}
Ref f_cancel_later(Thread& t, Value, const Value*) {
  MutexGuard guard(t, g_watch_owner);
  cancel_watch(t);
  return Ref::none();
}

// --- for tests: ways to die. No core files are left.
void no_core() {
  rlimit limit = {0, 0};
  setrlimit(RLIMIT_CORE, &limit);
}
Ref f_read_null(Thread& t, Value, const Value*) {
  no_core();
  volatile int* nowhere = nullptr;
  return int_from(t, *nowhere);
}
template <int number>
Ref f_raise(Thread&, Value, const Value*) {
  no_core();
  ::raise(number);
  return Ref::none();
}
Ref f_sigabrt(Thread&, Value, const Value*) {
  no_core();
  abort();
}

const Method kFunctions[] = {
    method("enable", f_enable, "($module, /, file=sys.stderr, all_threads=True, c_stack=True)", "Enable the fault handler."),
    method("disable", f_disable, "($module, /)", "Disable the fault handler."),
    method("is_enabled", f_is_enabled, "($module, /)", "Check if the handler is enabled."),
    method("dump_traceback", f_dump_traceback, "($module, /, file=sys.stderr, all_threads=True)",
           "Dump the traceback of the current thread into file.\n\nDump the traceback of all threads if all_threads is true."),
    method("dump_c_stack", f_dump_c_stack, "($module, /, file=sys.stderr)", "Dump the C stack of the current thread."),
    method("dump_traceback_later", f_dump_later, "($module, /, timeout, repeat=False, file=sys.stderr, exit=False)",
           "Dump the tracebacks of all threads into file after the timeout, if it has not been cancelled by then."),
    method("cancel_dump_traceback_later", f_cancel_later, "($module, /)", "Cancel the previous call to dump_traceback_later()."),
    method("register", f_register, "($module, /, signum, file=sys.stderr, all_threads=True, chain=False)",
           "Register a handler for the signal 'signum'.\n\nDump the traceback of the thread that gets the signal, or of all threads if all_threads is\ntrue, into file."),
    method("unregister", f_unregister, "($module, signum, /)", "Unregister the handler of the signal 'signum' registered by register()."),
    method("_read_null", f_read_null, "($module, /)", "Read from NULL, raise a SIGSEGV or SIGBUS signal depending on the platform."),
    method("_sigsegv", f_raise<SIGSEGV>, "($module, release_gil=False, /)", "Raise a SIGSEGV signal."),
    method("_sigabrt", f_sigabrt, "($module, /)", "Raise a SIGABRT signal."),
    method("_sigfpe", f_raise<SIGFPE>, "($module, /)", "Raise a SIGFPE signal."),
    {},
};

}  // namespace

extern const ModuleDef module_faulthandler;
const ModuleDef module_faulthandler = {"faulthandler", "faulthandler module.", kFunctions, nullptr};

}  // namespace typhon
