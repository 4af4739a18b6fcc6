// resource: limits and usage of the process.
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>

#include "objects/module.h"

namespace typhon {
namespace {

Type* g_usage_type;

Result<i64> int_argument(Thread& t, Value v) { return to_i64(t, v, "Python int too large to convert to C int"); }

Ref f_getrusage(Thread& t, Value, const Value* a) {
  i64 who = TRY(int_argument(t, a[0]));
  rusage u;
  if (getrusage(int(who), &u) < 0) {
    if (errno == EINVAL) return raise(t, exc::ValueError, "invalid who parameter");
    return raise_errno(t, errno);
  }
  RootedVector v(t);
  v.push(TRY(float_from(t, double(u.ru_utime.tv_sec) + double(u.ru_utime.tv_usec) * 1e-6)));
  v.push(TRY(float_from(t, double(u.ru_stime.tv_sec) + double(u.ru_stime.tv_usec) * 1e-6)));
  for (i64 n : {u.ru_maxrss, u.ru_ixrss, u.ru_idrss, u.ru_isrss, u.ru_minflt, u.ru_majflt, u.ru_nswap, u.ru_inblock, u.ru_oublock,
                u.ru_msgsnd, u.ru_msgrcv, u.ru_nsignals, u.ru_nvcsw, u.ru_nivcsw})
    v.push(TRY(int_from(t, n)));
  return struct_sequence_new(t, g_usage_type, v.data(), v.size());
}

// RLIM_INFINITY is -1, as ever.
Ref limit_value(Thread& t, rlim_t limit) {
  if (limit == RLIM_INFINITY) return Ref::adopt(Value::small_int(-1));
  return int_from_u64(t, limit);
}
Ref limits_tuple(Thread& t, const rlimit& limit) {
  Ref soft = TRY(limit_value(t, limit.rlim_cur));
  Ref hard = TRY(limit_value(t, limit.rlim_max));
  return tuple_of(t, soft, hard);
}
Result<bool> parse_limits(Thread& t, Value v, rlimit* out) {
  RefTo<Tuple> pair = TRY(to_tuple(t, v));
  if (pair->size != 2) return raise(t, exc::ValueError, "expected a tuple of 2 integers");
  rlim_t* fields[] = {&out->rlim_cur, &out->rlim_max};
  for (int i = 0; i < 2; i++) {
    Ref number = TRY(to_index(t, pair->items[i].peek()));
    i64 limit;
    u64 unsigned_limit;
    if (int_fits_i64(number, &limit) && limit == -1)
      *fields[i] = RLIM_INFINITY;
    else if (int_sign(number) < 0)
      return raise(t, exc::ValueError, "Cannot convert negative int");
    else if (!int_fits_u64(number, &unsigned_limit))
      return raise(t, exc::OverflowError, "Python int too large to convert to C rlim_t");
    else
      *fields[i] = unsigned_limit;
  }
  return true;
}
Result<int> resource_argument(Thread& t, Value v) {
  i64 resource = TRY(int_argument(t, v));
  if (resource < 0 || resource >= i64(RLIM_NLIMITS)) return raise(t, exc::ValueError, "invalid resource specified");
  return int(resource);
}
Raised limit_error(Thread& t) {
  if (errno == EINVAL) return raise(t, exc::ValueError, "current limit exceeds maximum limit");
  if (errno == EPERM) return raise(t, exc::ValueError, "not allowed to raise maximum limit");
  return raise_errno(t, errno);
}

Ref f_getrlimit(Thread& t, Value, const Value* a) {
  int resource = TRY(resource_argument(t, a[0]));
  rlimit limit;
  if (getrlimit(__rlimit_resource(resource), &limit) < 0) return raise_errno(t, errno);
  return limits_tuple(t, limit);
}
Ref f_setrlimit(Thread& t, Value, const Value* a) {
  int resource = TRY(resource_argument(t, a[0]));
  rlimit limit;
  TRY(parse_limits(t, a[1], &limit));
  if (setrlimit(__rlimit_resource(resource), &limit) < 0) return limit_error(t);
  return Ref::none();
}
Ref f_prlimit(Thread& t, Value, const Value* a) {
  i64 pid = TRY(int_argument(t, a[0]));
  int resource = TRY(resource_argument(t, a[1]));
  rlimit old, wanted;
  bool set = !a[2].is_empty() && !a[2].is_none();
  if (set) TRY(parse_limits(t, a[2], &wanted));
  if (prlimit(pid_t(pid), __rlimit_resource(resource), set ? &wanted : nullptr, &old) < 0) {
    if (errno == EINVAL) return raise(t, exc::ValueError, "current limit exceeds maximum limit");
    return raise_errno(t, errno);
  }
  return limits_tuple(t, old);
}
Ref f_getpagesize(Thread& t, Value, const Value*) { return int_from(t, sysconf(_SC_PAGESIZE)); }

const StructSequenceField kUsageFields[] = {
    {"ru_utime", "user time used"}, {"ru_stime", "system time used"}, {"ru_maxrss", "max. resident set size"},
    {"ru_ixrss", "shared memory size"}, {"ru_idrss", "unshared data size"}, {"ru_isrss", "unshared stack size"},
    {"ru_minflt", "page faults not requiring I/O"}, {"ru_majflt", "page faults requiring I/O"}, {"ru_nswap", "number of swap outs"},
    {"ru_inblock", "block input operations"}, {"ru_oublock", "block output operations"}, {"ru_msgsnd", "IPC messages sent"},
    {"ru_msgrcv", "IPC messages received"}, {"ru_nsignals", "signals received"}, {"ru_nvcsw", "voluntary context switches"},
    {"ru_nivcsw", "involuntary context switches"}, {nullptr}};

const Method kFunctions[] = {
    method("getrusage", f_getrusage, "($module, who, /)"),
    method("getrlimit", f_getrlimit, "($module, resource, /)"),
    method("prlimit", f_prlimit, "($module, pid, resource, limits=None, /)"),
    method("setrlimit", f_setrlimit, "($module, resource, limits, /)"),
    method("getpagesize", f_getpagesize, "($module, /)"),
    {},
};
constexpr struct {
  const char* name;
  i64 value;
} kConstants[] = {
    {"RLIMIT_CPU", RLIMIT_CPU}, {"RLIMIT_FSIZE", RLIMIT_FSIZE}, {"RLIMIT_DATA", RLIMIT_DATA}, {"RLIMIT_STACK", RLIMIT_STACK},
    {"RLIMIT_CORE", RLIMIT_CORE}, {"RLIMIT_NOFILE", RLIMIT_NOFILE}, {"RLIMIT_OFILE", RLIMIT_NOFILE}, {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_RSS", RLIMIT_RSS}, {"RLIMIT_NPROC", RLIMIT_NPROC}, {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE}, {"RLIMIT_NICE", RLIMIT_NICE}, {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME}, {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}, {"RUSAGE_SELF", RUSAGE_SELF},
    {"RUSAGE_CHILDREN", RUSAGE_CHILDREN}, {"RUSAGE_THREAD", RUSAGE_THREAD}, {"RLIM_INFINITY", i64(RLIM_INFINITY)},
};
Status initialise(Thread& t, Module* module) {
  if (g_usage_type == nullptr)
    g_usage_type = TRY(struct_sequence_type(t, "resource.struct_rusage", "struct_rusage: Result from getrusage.\n\nThis object may be accessed either as a tuple of\n    (utime,stime,maxrss,ixrss,idrss,isrss,minflt,majflt,\n    nswap,inblock,oublock,msgsnd,msgrcv,nsignals,nvcsw,nivcsw)\nor via the attributes ru_utime, ru_stime, ru_maxrss, and so on.", kUsageFields, 16)).get();
  TRY(module_add(t, module, "struct_rusage", Value(g_usage_type)));
  TRY(module_add(t, module, "error", Value(exc::OSError)));
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module_resource;
const ModuleDef module_resource = {"resource", nullptr, kFunctions, initialise};

}  // namespace typhon
