// posix: processes, identities, scheduling.
#include <csignal>
#include <climits>
#include <cstdlib>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Ref done(Thread& t, i64 result) {
  if (result == -1) return raise_errno(t, errno);
  return Ref::none();
}

// 0: not asked for yet in this process. Programs that log ask often, and only fork() changes it; whoever calls that.
Relaxed<pid_t> g_pid = 0;
Ref f_getpid(Thread& t, Value, const Value*) {
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, [] { g_pid = 0; });
  pid_t pid = g_pid;
  if (pid == 0) g_pid = pid = getpid();
  return int_from(t, pid);
}

template <auto F>
Ref f_get_id(Thread& t, Value, const Value*) { return int_from(t, i64(F())); }

Ref f__exit(Thread& t, Value, const Value* a) { _exit(TRY(int_argument(t, a[0])) & 0xFF); }
Ref f_abort(Thread&, Value, const Value*) { abort(); }
Ref f_kill(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0])), number = TRY(int_argument(t, a[1]));
  if (kill(pid, number) != 0) return raise_errno(t, errno);
  TRY(safepoint(t));
  return Ref::none();
}
Ref f_killpg(Thread& t, Value, const Value* a) {
  int group = TRY(int_argument(t, a[0])), number = TRY(int_argument(t, a[1]));
  if (killpg(group, number) != 0) return raise_errno(t, errno);
  TRY(safepoint(t));
  return Ref::none();
}
Ref f_system(Thread& t, Value, const Value* a) {
  PathArgument command;
  TRY(command.get(t, a[0], "system", "command"));
  int result;
  {
    Detached detached(t);
    result = system(command.path);
  }
  return int_from(t, result);
}
Ref f_waitpid(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0])), options = TRY(int_argument(t, a[1]));
  int status = 0;
  i64 result = TRY(system_call(t, [&] { return waitpid(pid, &status, options); }));
  if (result < 0) return raise_errno(t, errno);
  return tuple_of(t, Value::small_int(result), Value::small_int(status));
}
Ref f_wait(Thread& t, Value, const Value*) {
  int status = 0;
  i64 result = TRY(system_call(t, [&] { return wait(&status); }));
  if (result < 0) return raise_errno(t, errno);
  return tuple_of(t, Value::small_int(result), Value::small_int(status));
}
#define STATUS_TEST(name, macro, make)                                \
  Ref name(Thread& t, Value, const Value* a) {                        \
    int status = TRY(int_argument(t, a[0]));                          \
    return make;                                                      \
  }
STATUS_TEST(f_WIFEXITED, WIFEXITED, Ref::boolean(WIFEXITED(status)))
STATUS_TEST(f_WEXITSTATUS, WEXITSTATUS, int_from(t, WEXITSTATUS(status)))
STATUS_TEST(f_WIFSIGNALED, WIFSIGNALED, Ref::boolean(WIFSIGNALED(status)))
STATUS_TEST(f_WTERMSIG, WTERMSIG, int_from(t, WTERMSIG(status)))
STATUS_TEST(f_WIFSTOPPED, WIFSTOPPED, Ref::boolean(WIFSTOPPED(status)))
STATUS_TEST(f_WSTOPSIG, WSTOPSIG, int_from(t, WSTOPSIG(status)))
STATUS_TEST(f_WIFCONTINUED, WIFCONTINUED, Ref::boolean(WIFCONTINUED(status)))
STATUS_TEST(f_WCOREDUMP, WCOREDUMP, Ref::boolean(WCOREDUMP(status)))
#undef STATUS_TEST
Ref f_waitstatus_to_exitcode(Thread& t, Value, const Value* a) {
  int status = TRY(int_argument(t, a[0]));
  if (WIFEXITED(status)) return int_from(t, WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return int_from(t, -WTERMSIG(status));
  if (WIFSTOPPED(status)) return raise(t, exc::ValueError, "process stopped by delivery of signal %d", WSTOPSIG(status));
  return raise(t, exc::ValueError, "invalid wait status: %d", status);
}

Ref f_cpu_count(Thread& t, Value, const Value*) {
  if (g_config.cpu_count > 0) return int_from(t, g_config.cpu_count);
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  if (n < 1) return Ref::none();
  return int_from(t, n);
}
Ref f_nice(Thread& t, Value, const Value* a) {
  errno = 0;
  int value = nice(TRY(int_argument(t, a[0])));
  if (value == -1 && errno != 0) return raise_errno(t, errno);
  return int_from(t, value);
}
Type* g_times_result;
Type* g_uname_result;
constexpr StructSequenceField kTimesFields[] = {{"user"}, {"system"}, {"children_user"}, {"children_system"}, {"elapsed"}, {}};
constexpr StructSequenceField kUnameFields[] = {{"sysname"}, {"nodename"}, {"release"}, {"version"}, {"machine"}, {}};

Ref f_times(Thread& t, Value, const Value*) {
  struct tms parts;
  clock_t elapsed = times(&parts);
  double ticks = double(sysconf(_SC_CLK_TCK));
  RootedVector v(t);
  for (clock_t c : {parts.tms_utime, parts.tms_stime, parts.tms_cutime, parts.tms_cstime, elapsed}) v.push(float_from(t, double(c) / ticks));
  return struct_sequence_new(t, g_times_result, v.data(), v.size());
}
Ref f_uname(Thread& t, Value, const Value*) {
  struct utsname u;
  if (uname(&u) != 0) return raise_errno(t, errno);
  RootedVector v(t);
  for (const char* text : {u.sysname, u.nodename, u.release, u.version, u.machine}) v.push(TRY(decode_fs(t, text, strlen(text))));
  return struct_sequence_new(t, g_uname_result, v.data(), v.size());
}
Ref f_getloadavg(Thread& t, Value, const Value*) {
  double load[3];
  if (getloadavg(load, 3) != 3) return raise(t, exc::OSError, "Load averages are unobtainable");
  Ref a = float_from(t, load[0]), b = float_from(t, load[1]), c = float_from(t, load[2]);
  return tuple_of(t, a, b, c);
}
Ref f_getpgid(Thread& t, Value, const Value* a) {
  int result = getpgid(TRY(int_argument(t, a[0])));
  if (result < 0) return raise_errno(t, errno);
  return int_from(t, result);
}
Ref f_getsid(Thread& t, Value, const Value* a) {
  int result = getsid(TRY(int_argument(t, a[0])));
  if (result < 0) return raise_errno(t, errno);
  return int_from(t, result);
}
Ref f_setsid(Thread& t, Value, const Value*) { return done(t, setsid()); }
Ref f_getgroups(Thread& t, Value, const Value*) {
  gid_t groups[1024];
  int n = getgroups(1024, groups);
  if (n < 0) return raise_errno(t, errno);
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < n; i++) TRY(list_append(t, list.get(), Value::small_int(groups[i])));
  return list;
}
Ref f_getlogin(Thread& t, Value, const Value*) {
  char name[256];
  int error = getlogin_r(name, sizeof name);
  if (error != 0) return raise_errno(t, error);
  return decode_fs(t, name, strlen(name));
}


Ref f_pidfd_open(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0]));
  unsigned flags = a[1].is_empty() ? 0 : unsigned(TRY(int_argument(t, a[1])));
  long fd = syscall(SYS_pidfd_open, pid, flags);
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}

}  // namespace

Status add_process_types(Thread& t, Module* module) {
  g_times_result = TRY(struct_sequence_type(t, "posix.times_result", nullptr, kTimesFields, 5)).get();
  TRY(module_add(t, module, "times_result", Value(g_times_result)));
  g_uname_result = TRY(struct_sequence_type(t, "posix.uname_result", nullptr, kUnameFields, 5)).get();
  return module_add(t, module, "uname_result", Value(g_uname_result));
}

const Method kProcessFunctions[] = {
    method("_exit", f__exit, "(status)", "Exit to the system with specified status, without normal exit processing."),
    method("abort", f_abort, "()", "Abort the interpreter immediately."),
    method("kill", f_kill, "(pid, signal, /)", "Kill a process with a signal."),
    method("killpg", f_killpg, "(pgid, signal, /)"),
    method("system", f_system, "(command)", "Execute the command in a subshell."),
    method("wait", f_wait, "()"),
    method("waitpid", f_waitpid, "(pid, options, /)", "Wait for completion of a given child process."),
    method("WIFEXITED", f_WIFEXITED, "(status)"),
    method("WEXITSTATUS", f_WEXITSTATUS, "(status)"),
    method("WIFSIGNALED", f_WIFSIGNALED, "(status)"),
    method("WTERMSIG", f_WTERMSIG, "(status)"),
    method("WIFSTOPPED", f_WIFSTOPPED, "(status)"),
    method("WSTOPSIG", f_WSTOPSIG, "(status)"),
    method("WIFCONTINUED", f_WIFCONTINUED, "(status)"),
    method("WCOREDUMP", f_WCOREDUMP, "(status, /)"),
    method("waitstatus_to_exitcode", f_waitstatus_to_exitcode, "(status)"),
    method("cpu_count", f_cpu_count, "()", "Return the number of logical CPUs in the system."),
    method("nice", f_nice, "(increment, /)"),
    method("times", f_times, "()"),
    method("uname", f_uname, "()"),
    method("getloadavg", f_getloadavg, "()"),
    method("getpid", f_getpid, "()", "Return the current process id."),
    method("getppid", f_get_id<getppid>, "()"),
    method("getuid", f_get_id<getuid>, "()"),
    method("geteuid", f_get_id<geteuid>, "()"),
    method("getgid", f_get_id<getgid>, "()"),
    method("getegid", f_get_id<getegid>, "()"),
    method("getpgrp", f_get_id<getpgrp>, "()"),
    method("getpgid", f_getpgid, "(pid)"),
    method("getsid", f_getsid, "(pid, /)"),
    method("setsid", f_setsid, "()"),
    method("getgroups", f_getgroups, "()"),
    method("getlogin", f_getlogin, "()"),
    method("pidfd_open", f_pidfd_open, "(pid, flags=0)"),
    {},
};

}  // namespace typhon
