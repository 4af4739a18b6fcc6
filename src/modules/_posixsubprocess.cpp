// _posixsubprocess: starts a program in a child process (Lib/subprocess.py).
//
// Between fork and exec the child makes system calls only: it shares the parent's memory (vfork), or has a copy in which other
// threads may have held any lock. With a preexec_fn it is a full Python child (fork_python), at the program's own risk.
// Whatever goes wrong in the child is written to errpipe as "ExceptionName:hex errno:text".
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "modules/posix/posix.h"
#include "modules/sys/sys.h"

extern char** environ;

namespace typhon {
namespace {

struct ChildPlan {
  Thread* thread;
  char* const* executables;
  char* const* arguments;
  char* const* environment;  // null: the parent's
  const char* directory;     // null: the parent's
  int p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, errpipe_write;
  bool close_fds, restore_signals, new_session;
  pid_t process_group;  // -1: the parent's
  bool set_uid, set_gid, set_groups;
  uid_t uid;
  gid_t gid;
  const gid_t* groups;
  size_t group_count;
  int umask;  // -1: the parent's
  const int* keep;
  size_t keep_count;
  Value preexec;                // EMPTY: none
  const sigset_t* signal_mask;  // to be put back in a vforked child; null otherwise
};

bool set_inheritable(int fd, bool inheritable) {
  int flags = fcntl(fd, F_GETFD);
  if (flags < 0) return false;
  int wanted = inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC;
  return wanted == flags || fcntl(fd, F_SETFD, wanted) == 0;
}

void close_range_of(int first, int last) {
  if (first > last) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, unsigned(first), unsigned(last), 0u) == 0) return;
#endif
  long limit = sysconf(_SC_OPEN_MAX);
  if (limit < 0) limit = 256;
  if (last >= limit) last = int(limit) - 1;
  for (int fd = first; fd <= last; fd++) close(fd);
}

// All above 2 but those in plan.keep (ascending).
void close_others(const ChildPlan& plan) {
  int next = 3;
  for (size_t i = 0; i < plan.keep_count; i++) {
    int kept = plan.keep[i];
    if (kept < next) continue;
    close_range_of(next, kept - 1);
    next = kept + 1;
  }
  close_range_of(next, INT_MAX);
}

// Handlers of the parent must not run in a child that shares its memory.
void default_signal_handlers() {
  for (int n = 1; n < NSIG; n++) {
    if (n == SIGKILL || n == SIGSTOP) continue;
    struct sigaction action;
    if (sigaction(n, nullptr, &action) < 0) continue;
    if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) continue;
    action = {};
    action.sa_handler = SIG_DFL;
    sigaction(n, &action, nullptr);
  }
}

// Descriptor `fd` becomes number `target` (when there is one).
bool place(int fd, int target) {
  if (fd == target) return set_inheritable(fd, true);
  return fd == -1 || dup2(fd, target) >= 0;
}

// False with errno when something failed; otherwise it does not return. *problem tells what failed.
bool run_child(const ChildPlan& plan, const char** problem) {
  int c2pwrite = plan.c2pwrite, errwrite = plan.errwrite;
  for (size_t i = 0; i < plan.keep_count; i++)
    if (plan.keep[i] != plan.errpipe_write && !set_inheritable(plan.keep[i], true)) return false;
  for (int fd : {plan.p2cwrite, plan.c2pread, plan.errread}) {
    if (fd != -1 && close(fd) < 0) return false;
  }
  if (close(plan.errpipe_read) < 0) return false;
  // What lies on a number that is about to be replaced moves away first.
  if (c2pwrite == 0) {
    c2pwrite = dup(c2pwrite);
    if (c2pwrite < 0 || !set_inheritable(c2pwrite, false)) return false;
  }
  while (errwrite == 0 || errwrite == 1) {
    errwrite = dup(errwrite);
    if (errwrite < 0 || !set_inheritable(errwrite, false)) return false;
  }
  if (!place(plan.p2cread, 0) || !place(c2pwrite, 1) || !place(errwrite, 2)) return false;
  if (plan.directory != nullptr && chdir(plan.directory) < 0) {
    *problem = "noexec:chdir";
    return false;
  }
  if (plan.umask >= 0) umask(mode_t(plan.umask));
  if (plan.signal_mask != nullptr) {
    default_signal_handlers();
    if (int error = pthread_sigmask(SIG_SETMASK, plan.signal_mask, nullptr); error != 0) {
      errno = error;
      return false;
    }
  }
  if (plan.restore_signals) {
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
  }
  if (plan.new_session && setsid() < 0) return false;
  if (plan.process_group >= 0 && setpgid(0, plan.process_group) < 0) return false;
  *problem = "noexec";
  // The system calls themselves: libc would ask the other threads, which are not there.
  if (plan.set_groups && syscall(SYS_setgroups, plan.group_count, plan.groups) < 0) return false;
  if (plan.set_gid && syscall(SYS_setregid, plan.gid, plan.gid) < 0) return false;
  if (plan.set_uid && syscall(SYS_setreuid, plan.uid, plan.uid) < 0) return false;
  *problem = "";
  if (!plan.preexec.is_empty()) {
    Ref done = call(*plan.thread, plan.preexec);
    if (done.failed()) {
      clear_exception(*plan.thread);
      *problem = "Exception occurred in preexec_fn.";
      errno = 0;
      return false;
    }
  }
  if (plan.close_fds) close_others(plan);
  int first_error = 0;
  for (char* const* path = plan.executables; *path != nullptr; path++) {
    execve(*path, plan.arguments, plan.environment != nullptr ? plan.environment : environ);
    if (errno != ENOENT && errno != ENOTDIR && first_error == 0) first_error = errno;
  }
  if (first_error != 0) errno = first_error;
  return false;
}

void write_all(int fd, const char* text, size_t n) {
  while (n > 0) {
    ssize_t written = write(fd, text, n);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    n -= size_t(written);
  }
}

[[noreturn]] TYPHON_NOINLINE void child_main(const ChildPlan& plan) {
  const char* problem = "";
  run_child(plan, &problem);
  int error = errno;
  char text[128] = "SubprocessError:0:";
  if (error != 0) {
    char digits[16];
    int n = 0;
    for (unsigned rest = unsigned(error); rest != 0; rest >>= 4) digits[n++] = "0123456789abcdef"[rest & 15];
    char* out = text + 8;
    memcpy(text, "OSError:", 8);
    while (n > 0) *out++ = digits[--n];
    *out++ = ':';
    *out = 0;
  }
  write_all(plan.errpipe_write, text, strlen(text));
  write_all(plan.errpipe_write, problem, strlen(problem));
  _exit(255);
}

// vfork's child runs in this frame: nothing here may be changed between its two returns.
TYPHON_NOINLINE pid_t vfork_child(const ChildPlan& plan) {
  pid_t pid = vfork();
  if (pid == 0) child_main(plan);
  return pid;
}
TYPHON_NOINLINE pid_t fork_child(const ChildPlan& plan) {
  pid_t pid = fork();
  if (pid == 0) child_main(plan);
  return pid;
}

Status collect_texts(Thread& t, Value sequence, const char* argument, TextArray& out) {
  RefTo<Tuple> items = TRY(to_tuple(t, sequence));
  for (u64 i = 0; i < items->size; i++) TRY(out.add(items->items[i].peek(), "fork_exec", argument));
  return ok();
}

Ref f_fork_exec(Thread& t, Value, const Value* a) {
  ChildPlan plan = {};
  plan.thread = &t;
  plan.close_fds = TRY(truth(t, a[2]));
  if (!is_tuple(a[3])) return raise(t, exc::TypeError, "fork_exec() argument 4 must be tuple, not %T", a[3]);
  int* const numbers[] = {&plan.p2cread, &plan.p2cwrite, &plan.c2pread, &plan.c2pwrite,
                          &plan.errread, &plan.errwrite, &plan.errpipe_read, &plan.errpipe_write};
  for (int i = 0; i < 8; i++) *numbers[i] = TRY(int_argument(t, a[6 + i]));
  plan.restore_signals = TRY(truth(t, a[14]));
  plan.new_session = TRY(truth(t, a[15]));
  plan.process_group = TRY(int_argument(t, a[16]));
  plan.umask = TRY(int_argument(t, a[20]));
  plan.preexec = a[21].is_none() ? EMPTY : a[21];
  if (!plan.preexec.is_empty() && g_finalizing)
    return raise(t, exc::PythonFinalizationError, "preexec_fn not supported at interpreter shutdown");
  if (plan.close_fds && plan.errpipe_write < 3) return raise(t, exc::ValueError, "errpipe_write must be >= 3");

  std::vector<int> keep_fds;
  auto* fds = a[3].as<Tuple>();
  for (u64 i = 0; i < fds->size; i++) {
    i64 fd;
    if (!is_int(fds->items[i].peek()) || !int_fits_i64(fds->items[i].peek(), &fd) || fd < 0 || fd > INT_MAX ||
        (!keep_fds.empty() && fd <= keep_fds.back()))
      return raise(t, exc::ValueError, "bad value(s) in fds_to_keep");
    keep_fds.push_back(int(fd));
  }
  plan.keep = keep_fds.data();
  plan.keep_count = keep_fds.size();

  TextArray executables(t), arguments(t), environment(t);
  TRY(collect_texts(t, a[1], "executable", executables));
  if (!a[0].is_none()) {
    if (!is_tuple(a[0]) && !is_list(a[0])) return raise(t, exc::TypeError, "argv must be a tuple");
    TRY(collect_texts(t, a[0], "argv", arguments));
  }
  plan.executables = executables.finish();
  plan.arguments = arguments.finish();
  if (!a[5].is_none()) {
    TRY(collect_texts(t, a[5], "env", environment));
    plan.environment = environment.finish();
  }
  PathArgument directory;
  if (!a[4].is_none()) {
    TRY(directory.get(t, a[4], "fork_exec", "cwd"));
    plan.directory = directory.path;
  }

  std::vector<gid_t> groups;
  if (!a[18].is_none()) {
    if (!is_list(a[18])) return raise(t, exc::TypeError, "setgroups argument must be a list");
    RefTo<Tuple> given = TRY(to_tuple(t, a[18]));
    if (given->size > NGROUPS_MAX) return raise(t, exc::ValueError, "too many extra_groups");
    for (u64 i = 0; i < given->size; i++) {
      if (!is_int(given->items[i].peek())) return raise(t, exc::TypeError, "extra_groups must be integers");
      Result<u32> group = id_argument(t, given->items[i].peek(), "gid");
      if (group.failed()) {
        clear_exception(t);
        return raise(t, exc::ValueError, "invalid group id");
      }
      groups.push_back(group.get());
    }
    plan.set_groups = true;
    plan.groups = groups.data();
    plan.group_count = groups.size();
  }
  if (!a[17].is_none()) {
    plan.gid = TRY(id_argument(t, a[17], "gid"));
    plan.set_gid = true;
  }
  if (!a[19].is_none()) {
    plan.uid = TRY(id_argument(t, a[19], "uid"));
    plan.set_uid = true;
  }

  pid_t pid;
  if (!plan.preexec.is_empty()) {
    pid = fork_python(t, [](void*) { return fork(); }, nullptr);
    if (pid == 0) child_main(plan);
  } else {
    // A child that changes its identity must not share memory with this process: others could then signal it and trace it.
    bool shares = !plan.set_uid && !plan.set_gid && !plan.set_groups;
    sigset_t all, old;
    sigfillset(&all);
    if (shares) {
      pthread_sigmask(SIG_BLOCK, &all, &old);
      plan.signal_mask = &old;
    }
    int error;
    {
      Detached detached(t);
      pid = shares ? vfork_child(plan) : fork_child(plan);
      error = errno;
    }
    if (shares) pthread_sigmask(SIG_SETMASK, &old, nullptr);
    errno = error;
  }
  if (pid < 0) return raise_errno(t, errno);
  return int_from(t, pid);
}

const Method kFunctions[] = {
    method("fork_exec", f_fork_exec,
           "(args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, errpipe_read, "
           "errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, preexec_fn, /)",
           "Spawn a fresh new child process."),
    {},
};

}  // namespace

extern const ModuleDef module__posixsubprocess;
const ModuleDef module__posixsubprocess = {"_posixsubprocess", "A POSIX helper for the subprocess module.", kFunctions, nullptr};

}  // namespace typhon
