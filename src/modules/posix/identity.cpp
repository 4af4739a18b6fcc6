// posix: changing users, groups, process groups and priorities.
#include <cerrno>
#include <climits>
#include <grp.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include "modules/posix/posix.h"

namespace typhon {

Result<u32> id_argument(Thread& t, Value v, const char* name) {
  if (!is_int(v) && type_of(v)->slots.index == nullptr) return raise(t, exc::TypeError, "%s should be integer, not %T", name, v);
  Ref index = TRY(to_index(t, v));
  i64 n;
  if (!int_fits_i64(index, &n)) return raise(t, exc::OverflowError, int_sign(index) < 0 ? "%s is less than minimum" : "%s is greater than maximum", name);
  // What fits a long but not the unsigned type is "less", as in CPython.
  if (n < -1 || n > i64(UINT_MAX)) return raise(t, exc::OverflowError, "%s is less than minimum", name);
  return u32(n);
}

namespace {

Ref done(Thread& t, int result) {
  if (result < 0) return raise_errno(t, errno);
  return Ref::none();
}
constexpr char kUid[] = "uid", kGid[] = "gid";
template <auto F, const char* kName>
Ref f_set(Thread& t, Value, const Value* a) {
  return done(t, F(TRY(id_argument(t, a[0], kName))));
}
template <auto F, const char* kName>
Ref f_set2(Thread& t, Value, const Value* a) {
  u32 real = TRY(id_argument(t, a[0], kName)), effective = TRY(id_argument(t, a[1], kName));
  return done(t, F(real, effective));
}
template <auto F, const char* kName>
Ref f_set3(Thread& t, Value, const Value* a) {
  u32 real = TRY(id_argument(t, a[0], kName)), effective = TRY(id_argument(t, a[1], kName)), saved = TRY(id_argument(t, a[2], kName));
  return done(t, F(real, effective, saved));
}
template <auto F>
Ref f_get3(Thread& t, Value, const Value*) {
  u32 real, effective, saved;
  if (F(&real, &effective, &saved) < 0) return raise_errno(t, errno);
  return tuple_of(t, Value::small_int(real), Value::small_int(effective), Value::small_int(saved));
}

Ref f_setgroups(Thread& t, Value, const Value* a) {
  if (!is_sequence(a[0])) return raise(t, exc::TypeError, "setgroups argument must be a sequence");
  RefTo<Tuple> given = TRY(to_tuple(t, a[0]));
  if (given->size > NGROUPS_MAX) return raise(t, exc::ValueError, "too many groups");
  std::vector<gid_t> groups;
  for (u64 i = 0; i < given->size; i++) {
    if (!is_int(given->items[i].peek())) return raise(t, exc::TypeError, "groups must be integers");
    groups.push_back(TRY(id_argument(t, given->items[i].peek(), kGid)));
  }
  return done(t, setgroups(groups.size(), groups.data()));
}
Ref f_initgroups(Thread& t, Value, const Value* a) {
  PathArgument name;
  TRY(name.get(t, a[0], "initgroups", "username"));
  u32 gid = TRY(id_argument(t, a[1], kGid));
  return done(t, initgroups(name.path, gid));
}
Ref f_getgrouplist(Thread& t, Value, const Value* a) {
  PathArgument name;
  TRY(name.get(t, a[0], "getgrouplist", "user"));
  u32 gid = TRY(id_argument(t, a[1], kGid));
  std::vector<gid_t> groups(64);
  int n = int(groups.size());
  while (getgrouplist(name.path, gid, groups.data(), &n) == -1) {
    groups.resize(groups.size() * 2);
    n = int(groups.size());
  }
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < n; i++) TRY(list_append(t, list.get(), Value::small_int(groups[size_t(i)])));
  return list;
}

Ref f_setpgid(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0])), group = TRY(int_argument(t, a[1]));
  return done(t, setpgid(pid, group));
}
Ref f_setpgrp(Thread& t, Value, const Value*) { return done(t, setpgrp()); }
Ref f_tcgetpgrp(Thread& t, Value, const Value* a) {
  pid_t group = tcgetpgrp(TRY(int_argument(t, a[0])));
  if (group < 0) return raise_errno(t, errno);
  return int_from(t, group);
}
Ref f_tcsetpgrp(Thread& t, Value, const Value* a) {
  int fd = TRY(int_argument(t, a[0])), group = TRY(int_argument(t, a[1]));
  return done(t, tcsetpgrp(fd, group));
}
Ref f_getpriority(Thread& t, Value, const Value* a) {
  int which = TRY(int_argument(t, a[0])), who = TRY(int_argument(t, a[1]));
  errno = 0;
  int priority = getpriority(__priority_which(which), id_t(who));
  if (errno != 0) return raise_errno(t, errno);
  return int_from(t, priority);
}
Ref f_setpriority(Thread& t, Value, const Value* a) {
  int which = TRY(int_argument(t, a[0])), who = TRY(int_argument(t, a[1])), priority = TRY(int_argument(t, a[2]));
  return done(t, setpriority(__priority_which(which), id_t(who), priority));
}

}  // namespace

const Method kIdentityFunctions[] = {
    method("setuid", f_set<setuid, kUid>, "(uid, /)", "Set the current process's user id."),
    method("setgid", f_set<setgid, kGid>, "(gid, /)", "Set the current process's group id."),
    method("seteuid", f_set<seteuid, kUid>, "(euid, /)", "Set the current process's effective user id."),
    method("setegid", f_set<setegid, kGid>, "(egid, /)", "Set the current process's effective group id."),
    method("setreuid", f_set2<setreuid, kUid>, "(ruid, euid, /)", "Set the current process's real and effective user ids."),
    method("setregid", f_set2<setregid, kGid>, "(rgid, egid, /)", "Set the current process's real and effective group ids."),
    method("setresuid", f_set3<setresuid, kUid>, "(ruid, euid, suid, /)", "Set the current process's real, effective, and saved user ids."),
    method("setresgid", f_set3<setresgid, kGid>, "(rgid, egid, sgid, /)", "Set the current process's real, effective, and saved group ids."),
    method("getresuid", f_get3<getresuid>, "()", "Return a tuple of the current process's real, effective, and saved user ids."),
    method("getresgid", f_get3<getresgid>, "()", "Return a tuple of the current process's real, effective, and saved group ids."),
    method("setgroups", f_setgroups, "(groups, /)", "Set the groups of the current process to list."),
    method("initgroups", f_initgroups, "(username, gid, /)", "Initialize the group access list."),
    method("getgrouplist", f_getgrouplist, "(user, group, /)", "Returns a list of groups to which a user belongs."),
    method("setpgid", f_setpgid, "(pid, pgrp, /)", "Call the system call setpgid(pid, pgrp)."),
    method("setpgrp", f_setpgrp, "()", "Make the current process the leader of its process group."),
    method("tcgetpgrp", f_tcgetpgrp, "(fd, /)", "Return the process group associated with the terminal specified by fd."),
    method("tcsetpgrp", f_tcsetpgrp, "(fd, pgid, /)", "Set the process group associated with the terminal specified by fd."),
    method("getpriority", f_getpriority, "(which, who)", "Return program scheduling priority."),
    method("setpriority", f_setpriority, "(which, who, priority)", "Set program scheduling priority."),
    {},
};

}  // namespace typhon
