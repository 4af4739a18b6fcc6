// posix: fork and its hooks, posix_spawn, and the waiting functions that say more than waitpid.
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "modules/_imp.h"
#include "modules/posix/posix.h"
#include "modules/sys/sys.h"

extern char** environ;

namespace typhon {
namespace {

// --- hooks: lists of callables, only appended to
GlobalRoot g_before, g_after_child, g_after_parent;

Status add_hook(Thread& t, GlobalRoot& list, Value hook) {
  if (hook.is_empty()) return ok();
  return list_append(t, list.as<List>(), hook);
}
Status check_hook(Thread& t, Value hook, const char* name) {
  if (!hook.is_empty() && !is_callable(hook)) return raise(t, exc::TypeError, "'%s' must be callable, not %T", name, hook);
  return ok();
}
Ref f_register_at_fork(Thread& t, Value, const Value* a) {
  if (a[0].is_empty() && a[1].is_empty() && a[2].is_empty()) return raise(t, exc::TypeError, "At least one argument is required.");
  TRY(check_hook(t, a[0], "before"));
  TRY(check_hook(t, a[1], "after_in_child"));
  TRY(check_hook(t, a[2], "after_in_parent"));
  TRY(add_hook(t, g_before, a[0]));
  TRY(add_hook(t, g_after_child, a[1]));
  TRY(add_hook(t, g_after_parent, a[2]));
  return Ref::none();
}

// Exceptions of hooks are shown, not raised. A snapshot: a hook may register others.
void run_hooks(Thread& t, GlobalRoot& list, bool backwards) {
  RefTo<Tuple> hooks = list_to_tuple(t, list.as<List>());
  if (hooks.failed()) return write_unraisable(t, nullptr, EMPTY);
  for (u64 i = 0, n = hooks->size; i < n; i++) {
    Ref hook = hooks->items[backwards ? n - 1 - i : i].load();
    Ref done = call(t, hook);
    if (done.failed()) write_unraisable(t, nullptr, hook);
  }
}

Ref warn_about_threads(Thread& t, const char* what) {
  if (thread_count() <= 1) return Ref::none();
  TRY(warn(t, exc::DeprecationWarning, 1,
           "This process (pid=%d) is multi-threaded, use of %s() may lead to deadlocks in the child.", int(getpid()), what));
  return Ref::none();
}

// The lock that the library's warnings take is not one of the VM's: in the child, a holder that is gone must not keep it.
void reset_warnings_lock(Thread& t) {
  for (const char* name : {"_py_warnings", "warnings"}) {
    Ref module = dict_get_str(t, sys_modules(t), str_immortal(t, name));
    if (!is_module(module)) continue;
    Ref lock = dict_get_str(t, module.as<Module>()->dict.as<Dict>(), str_immortal(t, "_lock"));
    if (lock.is_empty() || lock.get().is_none()) continue;
    Ref mine = call_method_with(t, lock, str_immortal(t, "_is_owned"));
    if (!mine.failed() && mine.get().is_false()) mine = call_method_with(t, lock, str_immortal(t, "_at_fork_reinit"));
    if (mine.failed()) clear_exception(t);
  }
}

}  // namespace

pid_t fork_python(Thread& t, pid_t (*fork_function)(void* argument), void* argument) {
  run_hooks(t, g_before, true);
  // No other thread is in the middle of an import then: the child would see the half of it for good.
  acquire_import_lock(t);
  before_fork(t);
  pid_t pid = fork_function(argument);
  int error = errno;
  if (pid == 0) {
    after_fork_child(t);
    release_import_lock(t);
    reset_warnings_lock(t);
    run_hooks(t, g_after_child, false);
  } else {
    after_fork_parent(t);
    release_import_lock(t);
    run_hooks(t, g_after_parent, false);
  }
  errno = error;
  return pid;
}

namespace {

Ref f_fork(Thread& t, Value, const Value*) {
  if (g_finalizing) return raise(t, exc::PythonFinalizationError, "can't fork at interpreter shutdown");
  pid_t pid = fork_python(t, [](void*) { return fork(); }, nullptr);
  if (pid < 0) return raise_errno(t, errno);
  if (pid > 0) TRY(warn_about_threads(t, "fork"));
  return int_from(t, pid);
}
Ref f_forkpty(Thread& t, Value, const Value*) {
  if (g_finalizing) return raise(t, exc::PythonFinalizationError, "can't fork at interpreter shutdown");
  int master = -1;
  pid_t pid = fork_python(t, [](void* fd) { return forkpty(static_cast<int*>(fd), nullptr, nullptr, nullptr); }, &master);
  if (pid < 0) return raise_errno(t, errno);
  if (pid > 0) TRY(warn_about_threads(t, "forkpty"));
  return tuple_of(t, Value::small_int(pid), Value::small_int(master));
}

// --- waiting
Type* g_rusage_type;
Type* g_waitid_type;
constexpr StructSequenceField kRusageFields[] = {
    {"ru_utime", "user time used"}, {"ru_stime", "system time used"}, {"ru_maxrss", "max. resident set size"},
    {"ru_ixrss", "shared memory size"}, {"ru_idrss", "unshared data size"}, {"ru_isrss", "unshared stack size"},
    {"ru_minflt", "page faults not requiring I/O"}, {"ru_majflt", "page faults requiring I/O"},
    {"ru_nswap", "number of swap outs"}, {"ru_inblock", "block input operations"}, {"ru_oublock", "block output operations"},
    {"ru_msgsnd", "IPC messages sent"}, {"ru_msgrcv", "IPC messages received"}, {"ru_nsignals", "signals received"},
    {"ru_nvcsw", "voluntary context switches"}, {"ru_nivcsw", "involuntary context switches"}, {}};
constexpr StructSequenceField kWaitidFields[] = {{"si_pid"}, {"si_uid"}, {"si_signo"}, {"si_status"}, {"si_code"}, {}};

Ref rusage_result(Thread& t, const rusage& r) {
  RootedVector v(t);
  for (const timeval& part : {r.ru_utime, r.ru_stime}) v.push(float_from(t, double(part.tv_sec) + double(part.tv_usec) * 1e-6));
  for (long n : {r.ru_maxrss, r.ru_ixrss, r.ru_idrss, r.ru_isrss, r.ru_minflt, r.ru_majflt, r.ru_nswap, r.ru_inblock, r.ru_oublock,
                 r.ru_msgsnd, r.ru_msgrcv, r.ru_nsignals, r.ru_nvcsw, r.ru_nivcsw})
    v.push(int_from(t, n));
  return struct_sequence_new(t, g_rusage_type, v.data(), v.size());
}
Ref wait_with_usage(Thread& t, int pid, int options) {
  int status = 0;
  rusage usage = {};
  i64 result = TRY(system_call(t, [&] { return wait4(pid, &status, options, &usage); }));
  if (result < 0) return raise_errno(t, errno);
  Ref shown = TRY(rusage_result(t, usage));
  return tuple_of(t, Value::small_int(result), Value::small_int(status), shown);
}
Ref f_wait3(Thread& t, Value, const Value* a) { return wait_with_usage(t, -1, TRY(int_argument(t, a[0]))); }
Ref f_wait4(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0])), options = TRY(int_argument(t, a[1]));
  return wait_with_usage(t, pid, options);
}
Ref f_waitid(Thread& t, Value, const Value* a) {
  int kind = TRY(int_argument(t, a[0])), id = TRY(int_argument(t, a[1])), options = TRY(int_argument(t, a[2]));
  siginfo_t info = {};
  i64 result = TRY(system_call(t, [&] { return waitid(idtype_t(kind), id_t(id), &info, options); }));
  if (result < 0) return raise_errno(t, errno);
  if (info.si_pid == 0) return Ref::none();
  RootedVector v(t);
  for (i64 n : {i64(info.si_pid), i64(info.si_uid), i64(info.si_signo), i64(info.si_status), i64(info.si_code)}) v.push(int_from(t, n));
  return struct_sequence_new(t, g_waitid_type, v.data(), v.size());
}

// --- posix_spawn
struct SpawnState {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnState() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnState() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

enum { kSpawnOpen = 0, kSpawnClose = 1, kSpawnDup2 = 2, kSpawnCloseFrom = 3 };

Status add_file_actions(Thread& t, SpawnState& state, Value given, RootedVector& keep) {
  if (given.is_empty() || given.is_none()) return ok();
  RefTo<Tuple> rows = TRY(to_tuple(t, given));
  for (u64 i = 0; i < rows->size; i++) {
    Ref row = rows->items[i].load();
    if (!is_tuple(row) || row.as<Tuple>()->size == 0)
      return raise(t, exc::TypeError, "Each file_actions element must be a non-empty tuple");
    auto* parts = row.as<Tuple>();
    int tag = TRY(int_argument(t, parts->items[0].peek())), error = 0;
    auto expect = [&](u64 n, const char* text) -> Status {
      if (parts->size != n) return raise(t, exc::TypeError, "%s", text);
      return ok();
    };
    switch (tag) {
      case kSpawnOpen: {
        TRY(expect(5, "A open file_action tuple must have 5 elements"));
        int fd = TRY(int_argument(t, parts->items[1].peek()));
        PathArgument path;
        TRY(path.get(t, parts->items[2].peek(), "posix_spawn", "path"));
        int flags = TRY(int_argument(t, parts->items[3].peek()));
        i64 mode = TRY(to_i64(t, parts->items[4].peek()));
        error = posix_spawn_file_actions_addopen(&state.actions, fd, path.path, flags, mode_t(mode));
        keep.push(std::move(path.keep));
        break;
      }
      case kSpawnClose:
        TRY(expect(2, "A close file_action tuple must have 2 elements"));
        error = posix_spawn_file_actions_addclose(&state.actions, TRY(int_argument(t, parts->items[1].peek())));
        break;
      case kSpawnDup2: {
        TRY(expect(3, "A dup2 file_action tuple must have 3 elements"));
        int from = TRY(int_argument(t, parts->items[1].peek())), to = TRY(int_argument(t, parts->items[2].peek()));
        error = posix_spawn_file_actions_adddup2(&state.actions, from, to);
        break;
      }
      case kSpawnCloseFrom:
        TRY(expect(2, "A closefrom file_action tuple must have 2 elements"));
        error = posix_spawn_file_actions_addclosefrom_np(&state.actions, TRY(int_argument(t, parts->items[1].peek())));
        break;
      default:
        return raise(t, exc::TypeError, "Unknown file_actions identifier");
    }
    if (error != 0) return raise_errno(t, error);
  }
  return ok();
}

Status signal_set(Thread& t, Value iterable, sigset_t* out) {
  sigemptyset(out);
  RefTo<Tuple> items = TRY(to_tuple(t, iterable));
  for (u64 i = 0; i < items->size; i++) {
    i64 n = TRY(to_i64(t, items->items[i].peek()));
    if (n < 1 || n >= NSIG) return raise(t, exc::ValueError, "signal number %zd out of range [1; %zd]", n, i64(NSIG - 1));
    sigaddset(out, int(n));
  }
  return ok();
}

constexpr char kSpawn[] = "posix_spawn", kSpawnp[] = "posix_spawnp";
// Parameters: path, argv, env, file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler
Ref spawn(Thread& t, const Value* a, const char* function, bool search) {
  PathArgument path;
  TRY(path.get(t, a[0], function, "path"));
  TextArray arguments(t), environment(t);
  TRY(program_arguments(t, a[1], function, function == kSpawn ? "posix_spawn: argv" : "posix_spawnp: argv", arguments));
  char** environment_words = environ;
  if (!a[2].is_none()) {
    TRY(environment.add_mapping(a[2], function, "%s: environment must be a mapping object or None"));
    environment_words = environment.finish();
  }
  SpawnState state;
  RootedVector keep(t);
  TRY(add_file_actions(t, state, a[3], keep));
  short flags = 0;
  if (!a[4].is_empty() && !a[4].is_none()) {
    flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setpgroup(&state.attributes, TRY(int_argument(t, a[4])));
  }
  if (!a[5].is_empty() && TRY(truth(t, a[5]))) flags |= POSIX_SPAWN_RESETIDS;
  if (!a[6].is_empty() && TRY(truth(t, a[6]))) flags |= POSIX_SPAWN_SETSID;
  sigset_t set;
  if (!a[7].is_empty()) {
    TRY(signal_set(t, a[7], &set));
    posix_spawnattr_setsigmask(&state.attributes, &set);
    flags |= POSIX_SPAWN_SETSIGMASK;
  }
  if (!a[8].is_empty()) {
    TRY(signal_set(t, a[8], &set));
    posix_spawnattr_setsigdefault(&state.attributes, &set);
    flags |= POSIX_SPAWN_SETSIGDEF;
  }
  if (!a[9].is_empty() && !a[9].is_none()) {
    if (!is_tuple(a[9])) return raise(t, exc::TypeError, "%s: scheduler must be a tuple or None", function);
    if (a[9].as<Tuple>()->size != 2) return raise(t, exc::TypeError, "A scheduler tuple must have two elements");
    auto* pair = a[9].as<Tuple>();
    if (!pair->items[0].peek().is_none()) {
      posix_spawnattr_setschedpolicy(&state.attributes, TRY(int_argument(t, pair->items[0].peek())));
      flags |= POSIX_SPAWN_SETSCHEDULER;
    } else {
      flags |= POSIX_SPAWN_SETSCHEDPARAM;
    }
    sched_param parameter = {};
    TRY(scheduling_parameter(t, pair->items[1].peek(), &parameter));
    posix_spawnattr_setschedparam(&state.attributes, &parameter);
  }
  posix_spawnattr_setflags(&state.attributes, flags);
  pid_t pid = 0;
  int error;
  char** argument_words = arguments.finish();
  {
    Detached detached(t);
    error = (search ? posix_spawnp : posix_spawn)(&pid, path.path, &state.actions, &state.attributes, argument_words, environment_words);
  }
  if (error != 0) return raise_errno(t, error, a[0]);
  return int_from(t, pid);
}
Ref f_posix_spawn(Thread& t, Value, const Value* a) { return spawn(t, a, kSpawn, false); }
Ref f_posix_spawnp(Thread& t, Value, const Value* a) { return spawn(t, a, kSpawnp, true); }

// --- descriptors of other kinds
Ref f_memfd_create(Thread& t, Value, const Value* a) {
  PathArgument name;
  TRY(name.get(t, a[0], "memfd_create", "name"));
  i64 flags = a[1].is_empty() ? i64(MFD_CLOEXEC) : TRY(to_i64(t, a[1]));
  int fd = memfd_create(name.path, unsigned(flags));
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}
Ref f_eventfd(Thread& t, Value, const Value* a) {
  i64 initial = TRY(to_i64(t, a[0]));
  if (initial < 0) return raise(t, exc::ValueError, "value must be positive");
  if (initial > UINT_MAX) return raise(t, exc::OverflowError, "Python int too large for C unsigned int");
  int flags = a[1].is_empty() ? EFD_CLOEXEC : TRY(int_argument(t, a[1]));
  int fd = eventfd(unsigned(initial), flags);
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}
Ref f_eventfd_read(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  eventfd_t value = 0;
  if (TRY(system_call(t, [&] { return eventfd_read(int(fd), &value); })) < 0) return raise_errno(t, errno);
  return int_from_u64(t, value);
}
Ref f_eventfd_write(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  u64 value;
  if (!is_int(a[1])) return raise(t, exc::TypeError, "value must be int, not %T", a[1]);
  if (int_sign(a[1]) < 0 || !int_fits_u64(a[1], &value)) return raise(t, exc::OverflowError, "int too large to convert to C unsigned long long");
  if (TRY(system_call(t, [&] { return eventfd_write(int(fd), value); })) < 0) return raise_errno(t, errno);
  return Ref::none();
}
constexpr const char* kSpawnSignature =
    "(path, argv, env, /, *, file_actions=(), setpgroup=<unrepresentable>, resetids=False, setsid=False, setsigmask=(), setsigdef=(), "
    "scheduler=<unrepresentable>)";

}  // namespace

Status add_fork_types(Thread& t, Module* module) {
  for (GlobalRoot* list : {&g_before, &g_after_child, &g_after_parent})
    if (list->get().is_empty()) list->set(t, TRY(list_new(t)).release_ref());
  g_rusage_type = TRY(struct_sequence_type(t, "resource.struct_rusage",
                                           "struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple "
                                           "of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,"
                                           "msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, "
                                           "and so on.",
                                           kRusageFields, 16)).get();
  g_waitid_type = TRY(struct_sequence_type(t, "posix.waitid_result", "waitid_result: Result from waitid.", kWaitidFields, 5)).get();
  TRY(module_add(t, module, "waitid_result", Value(g_waitid_type)));
  struct Row {
    const char* name;
    i64 value;
  };
  static constexpr Row rows[] = {
      {"POSIX_SPAWN_OPEN", kSpawnOpen}, {"POSIX_SPAWN_CLOSE", kSpawnClose}, {"POSIX_SPAWN_DUP2", kSpawnDup2},
      {"POSIX_SPAWN_CLOSEFROM", kSpawnCloseFrom}, {"P_PIDFD", 3}, {"PIDFD_NONBLOCK", O_NONBLOCK}, {"EFD_CLOEXEC", EFD_CLOEXEC},
      {"EFD_NONBLOCK", EFD_NONBLOCK}, {"EFD_SEMAPHORE", EFD_SEMAPHORE}, {"MFD_CLOEXEC", MFD_CLOEXEC},
      {"MFD_ALLOW_SEALING", MFD_ALLOW_SEALING}, {"MFD_HUGETLB", MFD_HUGETLB}};
  for (const Row& row : rows) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

const Method kForkFunctions[] = {
    method("fork", f_fork, "()", "Fork a child process.\n\nReturn 0 to child process and PID of child to parent process."),
    method("forkpty", f_forkpty, "()", "Fork a new process with a new pseudo-terminal as controlling tty."),
    method("register_at_fork", f_register_at_fork,
           "(*, before=<unrepresentable>, after_in_child=<unrepresentable>, after_in_parent=<unrepresentable>)",
           "Register callables to be called when forking a new process."),
    method("wait3", f_wait3, "(options)", "Wait for completion of a child process."),
    method("wait4", f_wait4, "(pid, options)", "Wait for completion of a specific child process."),
    method("waitid", f_waitid, "(idtype, id, options, /)", "Returns the result of waiting for a process or processes."),
    method("posix_spawn", f_posix_spawn, kSpawnSignature, "Execute the program specified by path in a new process."),
    method("posix_spawnp", f_posix_spawnp, kSpawnSignature, "Execute the program specified by path in a new process."),
    method("memfd_create", f_memfd_create, "(name, flags=1)"),
    method("eventfd", f_eventfd, "(initval, flags=524288)", "Creates and returns an event notification file descriptor."),
    method("eventfd_read", f_eventfd_read, "(fd)", "Read eventfd value"),
    method("eventfd_write", f_eventfd_write, "(fd, value)", "Write eventfd value."),
    {},
};

}  // namespace typhon
