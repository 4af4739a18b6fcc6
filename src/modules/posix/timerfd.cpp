// posix: timers as descriptors.
#include <cmath>
#include <sys/timerfd.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

// Seconds as a time, rounded down.
Result<timespec> seconds_argument(Thread& t, Value v) {
  if (v.is_empty()) return timespec{};
  double seconds = TRY(to_double(t, v));
  if (std::isnan(seconds)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
  double ns = std::floor(seconds * 1e9);
  if (!(ns >= -0x1p63 && ns < 0x1p63)) return raise(t, exc::OverflowError, "timestamp out of range for C PyTime_t");
  i64 n = i64(ns), whole = n / 1000000000, rest = n % 1000000000;
  if (rest < 0) whole--, rest += 1000000000;
  return timespec{whole, rest};
}
Result<timespec> nanoseconds_argument(Thread& t, Value v) {
  if (v.is_empty()) return timespec{};
  i64 n = TRY(to_i64(t, v, "Python int too large to convert to C long long"));
  i64 whole = n / 1000000000, rest = n % 1000000000;
  if (rest < 0) whole--, rest += 1000000000;
  return timespec{whole, rest};
}
Ref shown(Thread& t, const itimerspec& timer, bool nanoseconds) {
  Ref parts[2];
  const timespec* sources[] = {&timer.it_value, &timer.it_interval};
  for (int i = 0; i < 2; i++) {
    const timespec& s = *sources[i];
    parts[i] = nanoseconds ? TRY(int_from(t, i64(s.tv_sec) * 1000000000 + s.tv_nsec))
                           : TRY(float_from(t, double(s.tv_sec) + 1e-9 * double(s.tv_nsec)));
  }
  return tuple_of(t, parts[0].get(), parts[1].get());
}

Ref f_timerfd_create(Thread& t, Value, const Value* a) {
  int clock = TRY(int_argument(t, a[0]));
  int flags = a[1].is_empty() ? TFD_CLOEXEC : TRY(int_argument(t, a[1])) | TFD_CLOEXEC;
  int fd = timerfd_create(clock, flags);
  if (fd < 0) return raise_errno(t, errno);
  return int_from(t, fd);
}
Ref settime(Thread& t, const Value* a, bool nanoseconds) {
  i64 fd = TRY(fd_argument(t, a[0]));
  int flags = a[1].is_empty() ? 0 : TRY(int_argument(t, a[1]));
  itimerspec wanted = {}, old = {};
  wanted.it_value = TRY(nanoseconds ? nanoseconds_argument(t, a[2]) : seconds_argument(t, a[2]));
  wanted.it_interval = TRY(nanoseconds ? nanoseconds_argument(t, a[3]) : seconds_argument(t, a[3]));
  if (TRY(system_call(t, [&] { return timerfd_settime(int(fd), flags, &wanted, &old); })) < 0) return raise_errno(t, errno);
  return shown(t, old, nanoseconds);
}
Ref gettime(Thread& t, const Value* a, bool nanoseconds) {
  i64 fd = TRY(fd_argument(t, a[0]));
  itimerspec now = {};
  if (timerfd_gettime(int(fd), &now) < 0) return raise_errno(t, errno);
  return shown(t, now, nanoseconds);
}
Ref f_timerfd_settime(Thread& t, Value, const Value* a) { return settime(t, a, false); }
Ref f_timerfd_settime_ns(Thread& t, Value, const Value* a) { return settime(t, a, true); }
Ref f_timerfd_gettime(Thread& t, Value, const Value* a) { return gettime(t, a, false); }
Ref f_timerfd_gettime_ns(Thread& t, Value, const Value* a) { return gettime(t, a, true); }

}  // namespace

const Method kTimerFunctions[] = {
    method("timerfd_create", f_timerfd_create, "(clockid, /, *, flags=0)", "Create and return a timer file descriptor."),
    method("timerfd_settime", f_timerfd_settime, "(fd, /, *, flags=0, initial=0.0, interval=0.0)",
           "Alter a timer file descriptor's internal timer in seconds."),
    method("timerfd_settime_ns", f_timerfd_settime_ns, "(fd, /, *, flags=0, initial=0, interval=0)",
           "Alter a timer file descriptor's internal timer in nanoseconds."),
    method("timerfd_gettime", f_timerfd_gettime, "(fd, /)",
           "Return a tuple of a timer file descriptor's (next expiration, interval) in float seconds."),
    method("timerfd_gettime_ns", f_timerfd_gettime_ns, "(fd, /)",
           "Return a tuple of a timer file descriptor's (next expiration, interval) in nanoseconds."),
    {},
};

}  // namespace typhon
