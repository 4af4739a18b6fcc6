// posix: scheduling policies, processors, namespaces.
#include <climits>
#include <sched.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Ref done(Thread& t, i64 result) {
  if (result == -1) return raise_errno(t, errno);
  return Ref::none();
}

Ref f_sched_getaffinity(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0]));
  cpu_set_t set;
  if (sched_getaffinity(pid, sizeof set, &set) != 0) return raise_errno(t, errno);
  RefTo<Set> out = TRY(set_new(t));
  for (int i = 0; i < CPU_SETSIZE; i++)
    if (CPU_ISSET(i, &set)) TRY(set_add_py(t, out.get(), Value::small_int(i)));
  return out;
}
Ref f_sched_setaffinity(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0]));
  cpu_set_t set;
  CPU_ZERO(&set);
  Ref iterator = TRY(get_iter(t, a[1]));
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) break;
    i64 cpu = TRY(to_i64(t, item));
    if (cpu < 0) return raise(t, exc::ValueError, "negative CPU number");
    if (cpu >= CPU_SETSIZE) return raise(t, exc::OverflowError, "CPU number too large");
    CPU_SET(size_t(cpu), &set);
  }
  return done(t, sched_setaffinity(pid, sizeof set, &set));
}
Ref f_sched_yield(Thread& t, Value, const Value*) {
  Detached detached(t);
  sched_yield();
  return Ref::none();
}

// --- policies
Type* g_param_type;
NewFn g_sequence_new;
constexpr StructSequenceField kParamFields[] = {{"sched_priority", "the scheduling priority"}, {}};

// sched_param(sched_priority); a tuple and a dict are what its __reduce__ gives.
Ref param_new(Thread& t, Type* cls, Args args) {
  if (args.count == 2 && is_tuple(args[0]) && is_dict(args[1])) return g_sequence_new(t, cls, args);
  static const Signature& signature = parse_signature("(sched_priority)");
  Value a[1] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "sched_param", args, a, &keep));
  return struct_sequence_new(t, cls, a, 1);
}
}  // namespace

Status scheduling_parameter(Thread& t, Value v, sched_param* out) {
  if (type_of(v) != g_param_type) return raise(t, exc::TypeError, "must have a sched_param object");
  i64 priority = TRY(to_i64(t, v.as<Tuple>()->items[0].peek()));
  if (priority > INT_MAX || priority < INT_MIN) return raise(t, exc::OverflowError, "sched_priority out of range");
  out->sched_priority = int(priority);
  return ok();
}

namespace {

Ref f_sched_get_priority_max(Thread& t, Value, const Value* a) {
  int n = sched_get_priority_max(TRY(int_argument(t, a[0])));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_sched_get_priority_min(Thread& t, Value, const Value* a) {
  int n = sched_get_priority_min(TRY(int_argument(t, a[0])));
  if (n < 0) return raise_errno(t, errno);
  return int_from(t, n);
}
Ref f_sched_getscheduler(Thread& t, Value, const Value* a) {
  int policy = sched_getscheduler(TRY(int_argument(t, a[0])));
  if (policy < 0) return raise_errno(t, errno);
  return int_from(t, policy);
}
Ref f_sched_setscheduler(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0])), policy = TRY(int_argument(t, a[1]));
  sched_param parameter;
  TRY(scheduling_parameter(t, a[2], &parameter));
  return done(t, sched_setscheduler(pid, policy, &parameter));
}
Ref f_sched_getparam(Thread& t, Value, const Value* a) {
  sched_param parameter;
  if (sched_getparam(TRY(int_argument(t, a[0])), &parameter) < 0) return raise_errno(t, errno);
  Value words[] = {Value::small_int(parameter.sched_priority)};
  return struct_sequence_new(t, g_param_type, words, 1);
}
Ref f_sched_setparam(Thread& t, Value, const Value* a) {
  int pid = TRY(int_argument(t, a[0]));
  sched_param parameter;
  TRY(scheduling_parameter(t, a[1], &parameter));
  return done(t, sched_setparam(pid, &parameter));
}
Ref f_sched_rr_get_interval(Thread& t, Value, const Value* a) {
  timespec interval;
  if (sched_rr_get_interval(TRY(int_argument(t, a[0])), &interval) < 0) return raise_errno(t, errno);
  return float_from(t, double(interval.tv_sec) + 1e-9 * double(interval.tv_nsec));
}

// --- namespaces
Ref f_unshare(Thread& t, Value, const Value* a) {
  int flags = TRY(int_argument(t, a[0]));
  return done(t, TRY(system_call(t, [&] { return unshare(flags); })));
}
Ref f_setns(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  int kind = a[1].is_empty() ? 0 : TRY(int_argument(t, a[1]));
  return done(t, TRY(system_call(t, [&] { return setns(int(fd), kind); })));
}

}  // namespace

Status add_scheduling_types(Thread& t, Module* module) {
  g_param_type = TRY(struct_sequence_type(t, "posix.sched_param", "Currently has only one field: sched_priority", kParamFields, 1)).get();
  g_sequence_new = g_param_type->slots.new_;
  g_param_type->slots.new_ = param_new;
  return module_add(t, module, "sched_param", Value(g_param_type));
}

const Method kSchedulingFunctions[] = {
    method("sched_getaffinity", f_sched_getaffinity, "(pid, /)",
           "Return the affinity of the process identified by pid (or the current process if zero)."),
    method("sched_setaffinity", f_sched_setaffinity, "(pid, mask, /)", "Set the CPU affinity of the process identified by pid to mask."),
    method("sched_yield", f_sched_yield, "()", "Voluntarily relinquish the CPU."),
    method("sched_get_priority_max", f_sched_get_priority_max, "(policy)", "Get the maximum scheduling priority for policy."),
    method("sched_get_priority_min", f_sched_get_priority_min, "(policy)", "Get the minimum scheduling priority for policy."),
    method("sched_getscheduler", f_sched_getscheduler, "(pid, /)", "Get the scheduling policy for the process identified by pid."),
    method("sched_setscheduler", f_sched_setscheduler, "(pid, policy, param, /)", "Set the scheduling policy for the process identified by pid."),
    method("sched_getparam", f_sched_getparam, "(pid, /)", "Returns scheduling parameters for the process identified by pid."),
    method("sched_setparam", f_sched_setparam, "(pid, param, /)", "Set scheduling parameters for the process identified by pid."),
    method("sched_rr_get_interval", f_sched_rr_get_interval, "(pid, /)",
           "Return the round-robin quantum for the process identified by pid, in seconds."),
    method("unshare", f_unshare, "(flags)", "Disassociate parts of a process (or thread) execution context."),
    method("setns", f_setns, "(fd, nstype=0)", "Move the calling thread into different namespaces."),
    {},
};

}  // namespace typhon
