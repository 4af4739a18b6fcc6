// time: clocks, sleeping, calendar conversions by the C library.
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <sys/resource.h>

#include "objects/codecs.h"
#include "runtime/runtime.h"

namespace typhon {

Ref simple_namespace_new(Thread& t, Dict* attributes);  // objects/simple_namespace.cpp

namespace {

Type* g_struct_time;

constexpr i64 kSecond = 1000000000;

// --- clocks
Result<i64> read_clock(Thread& t, clockid_t clock) {
  timespec now;
  if (clock_gettime(clock, &now) != 0) return raise_errno(t, errno);
  return i64(now.tv_sec) * kSecond + now.tv_nsec;
}
Ref seconds_of(Thread& t, i64 ns) { return float_from(t, double(ns / kSecond) + double(ns % kSecond) * 1e-9); }

template <clockid_t clock>
Ref f_clock(Thread& t, Value, const Value*) { return seconds_of(t, TRY(read_clock(t, clock))); }
template <clockid_t clock>
Ref f_clock_ns(Thread& t, Value, const Value*) { return int_from(t, TRY(read_clock(t, clock))); }

Ref f_clock_gettime(Thread& t, Value, const Value* a) { return seconds_of(t, TRY(read_clock(t, clockid_t(TRY(to_i64(t, a[0])))))); }
Ref f_clock_gettime_ns(Thread& t, Value, const Value* a) { return int_from(t, TRY(read_clock(t, clockid_t(TRY(to_i64(t, a[0])))))); }
Ref f_clock_getres(Thread& t, Value, const Value* a) {
  timespec resolution;
  if (clock_getres(clockid_t(TRY(to_i64(t, a[0]))), &resolution) != 0) return raise_errno(t, errno);
  return seconds_of(t, i64(resolution.tv_sec) * kSecond + resolution.tv_nsec);
}
Ref f_clock_settime(Thread& t, Value, const Value* a) {
  i64 ns = TRY(to_timeout_ns(t, a[1]));
  timespec value = {ns / kSecond, ns % kSecond};
  if (clock_settime(clockid_t(TRY(to_i64(t, a[0]))), &value) != 0) return raise_errno(t, errno);
  return Ref::none();
}

Ref f_sleep(Thread& t, Value, const Value* a) {
  if (!is_float(a[0]) && !is_int(a[0]) && type_of(a[0])->slots.index == nullptr)
    return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer or float", a[0]);
  i64 ns = TRY(to_timeout_ns(t, a[0]));
  if (ns < 0) return raise(t, exc::ValueError, "sleep length must be non-negative");
  TRY(safepoint(t));  // a signal that has arrived is not slept over
  i64 deadline = TRY(read_clock(t, CLOCK_MONOTONIC)) + ns;
  timespec until = {deadline / kSecond, deadline % kSecond};
  while (true) {
    int error;
    {
      Detached detached(t);
      error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
    }
    if (error == 0) return Ref::none();
    if (error != EINTR) return raise_errno(t, error);
    TRY(safepoint(t));  // a signal handler may raise; otherwise sleep on (PEP 475)
  }
}

// --- struct_time
Ref make_struct_time(Thread& t, const tm& c) {
  RootedVector v(t);
  for (int n : {c.tm_year + 1900, c.tm_mon + 1, c.tm_mday, c.tm_hour, c.tm_min, c.tm_sec, (c.tm_wday + 6) % 7, c.tm_yday + 1, c.tm_isdst})
    v.push(Ref::adopt(Value::small_int(n)));
  if (c.tm_zone != nullptr)
    v.push(TRY(str_from_utf8(t, c.tm_zone)).release_ref());
  else
    v.push(Ref::none());
  v.push(Ref::adopt(Value::small_int(c.tm_gmtoff)));
  return struct_sequence_new(t, g_struct_time, v.data(), v.size());
}

Result<i64> seconds_argument(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return TRY(read_clock(t, CLOCK_REALTIME)) / kSecond;
  if (is_float(v)) {
    double d = float_value(v);
    if (std::isnan(d)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
    if (!(std::fabs(d) < 9.2e18)) return raise(t, exc::OverflowError, "timestamp out of range for platform time_t");
    return i64(std::floor(d));
  }
  return to_i64(t, v, "timestamp out of range for platform time_t");
}

Ref f_gmtime(Thread& t, Value, const Value* a) {
  time_t seconds = TRY(seconds_argument(t, a[0]));
  tm parts;
  errno = 0;
  if (gmtime_r(&seconds, &parts) == nullptr) return raise_errno(t, errno ? errno : EINVAL);
  parts.tm_zone = "UTC";
  return make_struct_time(t, parts);
}
Ref f_localtime(Thread& t, Value, const Value* a) {
  time_t seconds = TRY(seconds_argument(t, a[0]));
  tm parts;
  errno = 0;
  if (localtime_r(&seconds, &parts) == nullptr) return raise_errno(t, errno ? errno : EINVAL);
  return make_struct_time(t, parts);
}

// A time tuple argument; the fields as the C library wants them.
Status parse_tuple(Thread& t, Value v, const char* function, tm* out) {
  if (!is_tuple(v)) return raise(t, exc::TypeError, "Tuple or struct_time argument required");
  auto* tuple = v.as<Tuple>();
  if (tuple->size != 9) return raise(t, exc::TypeError, "%s(): illegal time tuple argument", function);
  i64 n[9];
  for (int i = 0; i < 9; i++) {
    n[i] = TRY(to_i64(t, tuple->items[i].peek(), "Python int too large to convert to C int"));
    if (n[i] > INT32_MAX || n[i] < INT32_MIN) return raise(t, exc::OverflowError, "signed integer is greater than maximum");
  }
  if (n[0] < i64(INT32_MIN) + 1900) return raise(t, exc::OverflowError, "year out of range");
  *out = {};
  out->tm_year = int(n[0] - 1900);
  out->tm_mon = int(n[1] - 1);
  out->tm_mday = int(n[2]);
  out->tm_hour = int(n[3]);
  out->tm_min = int(n[4]);
  out->tm_sec = int(n[5]);
  out->tm_wday = int((n[6] + 1) % 7);
  out->tm_yday = int(n[7] - 1);
  out->tm_isdst = int(n[8]);
  if (type_of(v) == g_struct_time) {
    Ref zone = TRY(get_own_attribute(t, v.object(), str_immortal(t, "tm_zone")));
    Ref offset = TRY(get_own_attribute(t, v.object(), str_immortal(t, "tm_gmtoff")));
    if (is_str(zone) && zone.as<Str>()->is_ascii()) out->tm_zone = zone.as<Str>()->data<char>();  // lives as long as v
    if (offset.get().is_small_int()) out->tm_gmtoff = offset.get().as_small_int();
  }
  return ok();
}

// Ranges strftime and asctime need; zeros stand for the smallest legal value.
Status check_ranges(Thread& t, tm* c) {
  if (c->tm_mon == -1) c->tm_mon = 0;
  if (c->tm_mon < 0 || c->tm_mon > 11) return raise(t, exc::ValueError, "month out of range");
  if (c->tm_mday == 0) c->tm_mday = 1;
  if (c->tm_mday < 0 || c->tm_mday > 31) return raise(t, exc::ValueError, "day of month out of range");
  if (c->tm_hour < 0 || c->tm_hour > 23) return raise(t, exc::ValueError, "hour out of range");
  if (c->tm_min < 0 || c->tm_min > 59) return raise(t, exc::ValueError, "minute out of range");
  if (c->tm_sec < 0 || c->tm_sec > 61) return raise(t, exc::ValueError, "seconds out of range");
  if (c->tm_wday < 0) return raise(t, exc::ValueError, "day of week out of range");
  if (c->tm_yday == -1) c->tm_yday = 0;
  if (c->tm_yday < 0 || c->tm_yday > 365) return raise(t, exc::ValueError, "day of year out of range");
  return ok();
}

Ref asctime_text(Thread& t, const tm& c) {
  static const char* const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char* const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[64];
  std::snprintf(text, sizeof text, "%s %s%3d %.2d:%.2d:%.2d %d", days[c.tm_wday], months[c.tm_mon], c.tm_mday, c.tm_hour, c.tm_min, c.tm_sec, 1900 + c.tm_year);
  return str_from_ascii(t, text);
}
Ref f_asctime(Thread& t, Value, const Value* a) {
  tm parts;
  if (a[0].is_empty()) {
    time_t now = TRY(seconds_argument(t, EMPTY));
    localtime_r(&now, &parts);
  } else {
    TRY(parse_tuple(t, a[0], "asctime", &parts));
    TRY(check_ranges(t, &parts));
  }
  return asctime_text(t, parts);
}
Ref f_ctime(Thread& t, Value, const Value* a) {
  time_t seconds = TRY(seconds_argument(t, a[0]));
  tm parts;
  if (localtime_r(&seconds, &parts) == nullptr) return raise_errno(t, errno);
  return asctime_text(t, parts);
}
Ref f_mktime(Thread& t, Value, const Value* a) {
  tm parts;
  TRY(parse_tuple(t, a[0], "mktime", &parts));
  parts.tm_wday = -1;
  time_t seconds = mktime(&parts);
  if (seconds == time_t(-1) && parts.tm_wday == -1) return raise(t, exc::OverflowError, "mktime argument out of range");
  return float_from(t, double(seconds));
}

// strftime() for ASCII text without NULs.
Ref format_run(Thread& t, Str* format, const tm& parts) {
  // A growing buffer tells a result that does not fit from an empty one.
  for (size_t size = 1024; size <= 256 * format->length() + 65536; size *= 2) {
    RefTo<Bytes> out = TRY(bytes_allocate(t, size));
    size_t n = strftime(reinterpret_cast<char*>(out->data), size, format->data<char>(), &parts);
    if (n > 0) return decode_utf8(t, out->data, n, "surrogateescape");
  }
  return Ref::copy(Value(empty_str()));
}
Ref f_strftime(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "strftime() argument 1 must be str, not %T", a[0]);
  tm parts;
  if (a[1].is_empty()) {
    time_t now = TRY(seconds_argument(t, EMPTY));
    localtime_r(&now, &parts);
  } else {
    TRY(parse_tuple(t, a[1], "strftime", &parts));
    TRY(check_ranges(t, &parts));
  }
  if (parts.tm_isdst < -1) parts.tm_isdst = -1;
  if (parts.tm_isdst > 1) parts.tm_isdst = 1;
  StrBuilder out;
  auto* format = a[0].as<Str>();
  // The C library gets the runs of ASCII text; it has nothing to do with other characters, and a NUL would end its format.
  for (size_t i = 0; i < format->length();) {
    size_t end = i;
    while (end < format->length() && format->at(end) != 0 && format->at(end) < 0x80) end++;
    if (end > i) {
      Ref run = TRY(str_substring(t, format, i, end));
      Ref text = TRY(format_run(t, run.as<Str>(), parts));
      out.append(text.as<Str>());
      i = end;
    } else {
      out.append(format->at(i++));
    }
  }
  return out.finish(t);
}

Ref f_strptime(Thread& t, Value, Args args) {
  Ref module = TRY(import_module(t, "_strptime"));
  Ref function = TRY(get_attribute_utf8(t, module, "_strptime_time"));
  return call(t, function, args);
}

Status set_zone(Thread& t, Module* module) {
  tzset();
  // The offsets of the present year's January and July, so that DST zones show both.
  time_t now = time(nullptr);
  tm parts;
  localtime_r(&now, &parts);
  constexpr time_t kYear = (365 * 24 + 6) * 3600;
  time_t january = (now / kYear) * kYear, july = january + kYear / 2;
  tm jan, jul;
  localtime_r(&january, &jan);
  localtime_r(&july, &jul);
  i64 jan_offset = -jan.tm_gmtoff, jul_offset = -jul.tm_gmtoff;
  bool south = jan_offset < jul_offset;
  TRY(module_add_int(t, module, "timezone", south ? jul_offset : jan_offset));
  TRY(module_add_int(t, module, "altzone", south ? jan_offset : jul_offset));
  TRY(module_add_int(t, module, "daylight", jan_offset != jul_offset));
  RefTo<Str> a = TRY(str_from_utf8(t, south ? jul.tm_zone : jan.tm_zone));
  RefTo<Str> b = TRY(str_from_utf8(t, south ? jan.tm_zone : jul.tm_zone));
  return module_add(t, module, "tzname", TRY(tuple_of(t, a, b)).release_ref());
}
Ref f_tzset(Thread& t, Value self, const Value*) {
  TRY(set_zone(t, self.as<Module>()));
  return Ref::none();
}

Ref f_get_clock_info(Thread& t, Value, const Value* a) {
  Utf8Argument name;
  TRY(name.get(t, a[0], "name"));
  struct Row {
    const char* name;
    clockid_t clock;
    const char* implementation;
    bool monotonic, adjustable;
  };
  static const Row rows[] = {{"time", CLOCK_REALTIME, "clock_gettime(CLOCK_REALTIME)", false, true},
                             {"monotonic", CLOCK_MONOTONIC, "clock_gettime(CLOCK_MONOTONIC)", true, false},
                             {"perf_counter", CLOCK_MONOTONIC, "clock_gettime(CLOCK_MONOTONIC)", true, false},
                             {"process_time", CLOCK_PROCESS_CPUTIME_ID, "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", true, false},
                             {"thread_time", CLOCK_THREAD_CPUTIME_ID, "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", true, false}};
  for (const Row& row : rows) {
    if (name.text != row.name) continue;
    RefTo<Dict> d = TRY(dict_new(t));
    RefTo<Str> implementation = TRY(str_from_ascii(t, row.implementation));
    timespec resolution;
    clock_getres(row.clock, &resolution);
    Ref seconds = seconds_of(t, i64(resolution.tv_sec) * kSecond + resolution.tv_nsec);
    TRY(dict_set_str(t, d.get(), str_immortal(t, "implementation"), implementation));
    TRY(dict_set_str(t, d.get(), str_immortal(t, "monotonic"), Value::boolean(row.monotonic)));
    TRY(dict_set_str(t, d.get(), str_immortal(t, "adjustable"), Value::boolean(row.adjustable)));
    TRY(dict_set_str(t, d.get(), str_immortal(t, "resolution"), seconds));
    return simple_namespace_new(t, d.get());
  }
  return raise(t, exc::ValueError, "unknown clock");
}

const Method kFunctions[] = {
    method("time", f_clock<CLOCK_REALTIME>, "()", "Return the current time in seconds since the Epoch."),
    method("time_ns", f_clock_ns<CLOCK_REALTIME>, "()", "Return the current time in nanoseconds since the Epoch."),
    method("monotonic", f_clock<CLOCK_MONOTONIC>, "()", "Monotonic clock, cannot go backward."),
    method("monotonic_ns", f_clock_ns<CLOCK_MONOTONIC>, "()", "Monotonic clock, cannot go backward, as nanoseconds."),
    method("perf_counter", f_clock<CLOCK_MONOTONIC>, "()", "Performance counter for benchmarking."),
    method("perf_counter_ns", f_clock_ns<CLOCK_MONOTONIC>, "()", "Performance counter for benchmarking as nanoseconds."),
    method("process_time", f_clock<CLOCK_PROCESS_CPUTIME_ID>, "()", "Process time for profiling: sum of the kernel and user-space CPU time."),
    method("process_time_ns", f_clock_ns<CLOCK_PROCESS_CPUTIME_ID>, "()"),
    method("thread_time", f_clock<CLOCK_THREAD_CPUTIME_ID>, "()", "Thread time for profiling: sum of the kernel and user-space CPU time."),
    method("thread_time_ns", f_clock_ns<CLOCK_THREAD_CPUTIME_ID>, "()"),
    method("clock_gettime", f_clock_gettime, "(clk_id, /)", "Return the time of the specified clock clk_id as a float."),
    method("clock_gettime_ns", f_clock_gettime_ns, "(clk_id, /)"),
    method("clock_getres", f_clock_getres, "(clk_id, /)"),
    method("clock_settime", f_clock_settime, "(clk_id, time, /)"),
    method("sleep", f_sleep, "(seconds, /)", "Delay execution for a given number of seconds."),
    method("gmtime", f_gmtime, "(seconds=None, /)", "Convert seconds since the Epoch to a time tuple expressing UTC."),
    method("localtime", f_localtime, "(seconds=None, /)", "Convert seconds since the Epoch to a time tuple expressing local time."),
    method("asctime", f_asctime, "(tuple=<unrepresentable>, /)", "Convert a time tuple to a string."),
    method("ctime", f_ctime, "(seconds=None, /)", "Convert a time in seconds since the Epoch to a string in local time."),
    method("mktime", f_mktime, "(tuple, /)", "Convert a time tuple in local time to seconds since the Epoch."),
    method("strftime", f_strftime, "(format, tuple=<unrepresentable>, /)", "Convert a time tuple to a string according to a format specification."),
    raw_method("strptime", f_strptime, "(string, format='%a %b %d %H:%M:%S %Y', /)", "Parse a string to a time tuple according to a format specification."),
    method("tzset", f_tzset, "()", "Initialize, or reinitialize, the local timezone to the value stored in os.environ['TZ']."),
    method("get_clock_info", f_get_clock_info, "(name, /)", "Get information of the specified clock."),
    {},
};

Status initialise(Thread& t, Module* module) {
  static const StructSequenceField fields[] = {{"tm_year"}, {"tm_mon"}, {"tm_mday"}, {"tm_hour"}, {"tm_min"}, {"tm_sec"},
                                               {"tm_wday"}, {"tm_yday"}, {"tm_isdst"}, {"tm_zone"}, {"tm_gmtoff"}, {}};
  g_struct_time = TRY(struct_sequence_type(t, "time.struct_time", "The time value as returned by gmtime(), localtime(), and strptime().", fields, 9)).get();
  TRY(module_add(t, module, "struct_time", Value(g_struct_time)));
  TRY(module_add_int(t, module, "_STRUCT_TM_ITEMS", 11));
  TRY(module_add_int(t, module, "CLOCK_REALTIME", CLOCK_REALTIME));
  TRY(module_add_int(t, module, "CLOCK_MONOTONIC", CLOCK_MONOTONIC));
  TRY(module_add_int(t, module, "CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW));
  TRY(module_add_int(t, module, "CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID));
  TRY(module_add_int(t, module, "CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID));
  TRY(module_add_int(t, module, "CLOCK_BOOTTIME", CLOCK_BOOTTIME));
  TRY(module_add_int(t, module, "CLOCK_TAI", CLOCK_TAI));
  return set_zone(t, module);
}

}  // namespace

extern const ModuleDef module_time;
const ModuleDef module_time = {"time", "This module provides various functions to manipulate time values.", kFunctions, initialise};

}  // namespace typhon
