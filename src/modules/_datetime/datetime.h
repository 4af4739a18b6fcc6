// What the files of _datetime share: the layouts, the calendar, constructors, and questions to time zones. All objects are immutable
// but for their cached hash.
#pragma once
#include <algorithm>
#include <cstdio>

#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon::datetime {

inline constexpr int kMinYear = 1, kMaxYear = 9999;
inline constexpr i32 kMaxDeltaDays = 999999999;
inline constexpr i64 kDayMicros = i64(86400) * 1000000;

struct Delta : Object {
  i32 days, seconds, micros, unused;
  i64 hash;  // 0: not computed yet
};
struct Date : Object {
  i64 hash;
  i32 year;
  u8 month, day;
  u16 unused;
};
struct Clock {
  u8 hour = 0, minute = 0, second = 0, fold = 0;
  i32 micro = 0;
  i32 seconds() const { return hour * 3600 + minute * 60 + second; }
};
struct DateTime : Date {
  Clock clock;
  Field zone;  // a tzinfo, or None
};
struct Time : Object {
  i64 hash;
  Clock clock;
  Field zone;
};
struct TimeZone : Object {
  Field offset;  // Delta
  Field name;    // str or EMPTY
};

extern Type *g_delta_type, *g_date_type, *g_datetime_type, *g_time_type, *g_tzinfo_type, *g_timezone_type, *g_iso_date_type;
extern const TypeSpec kDeltaSpec, kDateSpec, kDateTimeSpec, kTimeSpec, kTzinfoSpec, kTimezoneSpec, kIsoDateSpec;
extern GlobalRoot g_utc;

inline bool is_delta(Value v) { return v.is_object() && is_instance_of(v, g_delta_type); }
inline bool is_date(Value v) { return v.is_object() && is_instance_of(v, g_date_type); }
inline bool is_datetime(Value v) { return v.is_object() && is_instance_of(v, g_datetime_type); }
inline bool is_time(Value v) { return v.is_object() && is_instance_of(v, g_time_type); }
inline bool is_tzinfo(Value v) { return v.is_object() && is_instance_of(v, g_tzinfo_type); }

// --- calendar.cpp: the proleptic Gregorian calendar. Ordinal 1 is January 1 of year 1.
bool is_leap(int year);
int days_in_month(int year, int month);
int days_before_month(int year, int month);
i32 ymd_to_ordinal(int year, int month, int day);
void ordinal_to_ymd(i32 ordinal, int* year, int* month, int* day);
int weekday_of(int year, int month, int day);  // Monday is 0
struct IsoDate {
  int year, week, weekday;
};
IsoDate iso_calendar(int year, int month, int day);
// False for a week or weekday that does not exist; *what tells which one. The year must be valid.
bool iso_to_ymd(IsoDate iso, int* year, int* month, int* day, const char** what);
Status check_date(Thread& t, int year, int month, int day);
Status check_clock(Thread& t, int hour, int minute, int second, i64 micro, int fold);
Status check_zone_argument(Thread& t, Value zone);
// An int argument; EMPTY gives the fallback.
Result<int> int_argument(Thread& t, Value v, int fallback = 0);
Status check_str_argument(Thread& t, Value v, const char* function, int position);

// Text of ISO 8601, as fromisoformat() takes it: one byte per character, 0x80 for those that are not ASCII.
struct IsoText {
  explicit IsoText(const Str* s);
  char text[64];
  size_t size = 0;
  bool too_long = false;
};
// The index of the separator between date and time; at most `size`.
size_t find_iso_separator(const char* text, size_t size);
bool parse_iso_date(const char* text, size_t size, int* year, int* month, int* day);
struct IsoTime {
  int hour = 0, minute = 0, second = 0, micro = 0;
  bool has_zone = false;
  i64 zone_micros = 0;  // offset from UTC
};
bool parse_iso_time(const char* text, size_t size, IsoTime* out);
Ref zone_of_iso(Thread& t, const IsoTime& time);  // None when there is no zone
// 24:00 becomes 0:00 and true in *next_day; other times in the 25th hour are errors.
Status normalise_midnight(Thread& t, IsoTime* time, bool* next_day);

// --- text
enum class TimeSpec : u8 { kAuto, kHours, kMinutes, kSeconds, kMilliseconds, kMicroseconds };
Result<TimeSpec> time_spec(Thread& t, Value v, int position);  // EMPTY: auto
size_t format_date(char* to, const Date* d);                  // YYYY-MM-DD
size_t format_clock(char* to, const Clock& c, TimeSpec spec);
size_t format_offset(char* to, const Delta* offset, const char* separator);  // +HH:MM[:SS[.ffffff]]
Ref wrapped_strftime(Thread& t, Value self, Str* format, Value time_tuple, Value zone, Value zone_argument);
Ref call_strptime(Thread& t, const char* function, Value cls, const Value* a);
// The name that repr shows: qualified for the type itself, the bare name for subclasses.
std::string_view shown_type_name(Value self, const Type* exact, const char* qualified);
Ref struct_time(Thread& t, int year, int month, int day, const Clock& c, int dst);

// --- constructors. Those with `cls` call the class when it is a subclass.
Ref delta_new(Thread& t, i64 days, i64 seconds, i64 micros);  // normalises; OverflowError
Ref delta_from_micros(Thread& t, i128 micros);
Ref date_new_checked(Thread& t, Type* cls, int year, int month, int day);
Ref datetime_new_checked(Thread& t, Type* cls, int year, int month, int day, const Clock& c, Value zone);
Ref time_new_checked(Thread& t, Type* cls, int hour, int minute, int second, int micro, Value zone, int fold);
Ref timezone_new(Thread& t, Value offset, Value name);  // name EMPTY: none; ValueError for offsets of a day and more
i128 delta_micros(const Delta* d);
i64 delta_hash(const Delta* d);
inline bool is_zero(const Delta* d) { return d->days == 0 && d->seconds == 0 && d->micros == 0; }

// --- questions to time zones: None, or a Delta whose magnitude is below a day. `method` is "utcoffset" or "dst".
Ref zone_delta(Thread& t, Value zone, const char* method, Value argument);
Ref zone_name(Thread& t, Value zone, Value argument);
// datetime + sign * delta, of the class of the datetime.
Ref datetime_plus_delta(Thread& t, Value datetime, const Delta* d, int sign);
// The zone whose offset the system's local time has at that many seconds after 1970.
Ref local_zone_at(Thread& t, i64 timestamp);
// Seconds of local time (counted like UTC, from year 1) at a time counted the same way in UTC.
Result<i64> local_seconds(Thread& t, i64 utc_seconds);
i64 utc_seconds_of(int year, int month, int day, int second_of_day);
inline constexpr i64 kEpochSeconds = i64(719163) * 86400;
// A Python number to whole seconds and, with `micros`, microseconds rounded half to even; without, the floor.
Status split_timestamp(Thread& t, Value v, i64* seconds, i32* micros);
// localtime or gmtime; raises OSError.
struct BrokenDown {
  int year, month, day, hour, minute, second;
};
Status broken_down(Thread& t, i64 timestamp, bool local, BrokenDown* out);

}  // namespace typhon::datetime
