// _datetime: the calendar, argument checks, and reading ISO 8601.
#include "modules/_datetime/datetime.h"

namespace typhon::datetime {
namespace {

constexpr int kDaysIn4Years = 1461, kDaysIn100Years = 36524, kDaysIn400Years = 146097;
constexpr int kBeforeMonth[] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
constexpr int kInMonth[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

int days_before_year(int year) {
  int y = year - 1;
  return y * 365 + y / 4 - y / 100 + y / 400;
}
// The ordinal of the Monday on which week 1 of the ISO year begins.
i32 iso_week1_monday(int year) {
  i32 first = ymd_to_ordinal(year, 1, 1);
  int weekday = (first + 6) % 7;
  i32 monday = first - weekday;
  return weekday > 3 ? monday + 7 : monday;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
// n digits at *at, which moves behind them.
bool read_digits(const char* text, size_t size, size_t* at, size_t n, int* out) {
  if (*at + n > size) return false;
  int value = 0;
  for (size_t i = 0; i < n; i++) {
    char c = text[*at + i];
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  *at += n;
  *out = value;
  return true;
}
// HH[[:]MM[[:]SS[(.|,)f+]]]
bool read_clock(const char* text, size_t size, int* values) {
  size_t at = 0;
  bool separated = false;
  for (int part = 0; part < 3; part++) {
    if (!read_digits(text, size, &at, 2, &values[part])) return false;
    if (at == size) return true;
    if (part == 2) break;
    if (part == 0) separated = text[at] == ':';
    if (separated && text[at++] != ':') return false;
  }
  if (text[at] != '.' && text[at] != ',') return false;
  at++;
  if (at == size) return false;
  int scale = 100000;
  for (; at < size; at++) {
    if (!is_digit(text[at])) return false;
    values[3] += (text[at] - '0') * scale;
    scale /= 10;
  }
  return true;
}

}  // namespace

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }
int days_in_month(int year, int month) { return month == 2 && is_leap(year) ? 29 : kInMonth[month]; }
int days_before_month(int year, int month) { return kBeforeMonth[month] + (month > 2 && is_leap(year)); }
i32 ymd_to_ordinal(int year, int month, int day) { return days_before_year(year) + days_before_month(year, month) + day; }

void ordinal_to_ymd(i32 ordinal, int* year, int* month, int* day) {
  int n = ordinal - 1;
  int n400 = n / kDaysIn400Years;
  n %= kDaysIn400Years;
  int n100 = n / kDaysIn100Years;
  n %= kDaysIn100Years;
  int n4 = n / kDaysIn4Years;
  n %= kDaysIn4Years;
  int n1 = n / 365;
  n %= 365;
  *year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1;
  if (n1 == 4 || n100 == 4) {
    // The last day of a leap year that ends a cycle.
    *year -= 1;
    *month = 12;
    *day = 31;
    return;
  }
  *month = (n + 50) >> 5;
  int before = days_before_month(*year, *month);
  if (before > n) {
    *month -= 1;
    before -= days_in_month(*year, *month);
  }
  *day = n - before + 1;
}

int weekday_of(int year, int month, int day) { return (ymd_to_ordinal(year, month, day) + 6) % 7; }

IsoDate iso_calendar(int year, int month, int day) {
  i32 today = ymd_to_ordinal(year, month, day);
  i32 start = iso_week1_monday(year);
  if (today < start)
    start = iso_week1_monday(--year);
  else if (today >= start + 52 * 7 && today >= iso_week1_monday(year + 1))
    start = iso_week1_monday(++year);
  return {year, (today - start) / 7 + 1, (today - start) % 7 + 1};
}

bool iso_to_ymd(IsoDate iso, int* year, int* month, int* day, const char** what) {
  bool valid = iso.week >= 1 && iso.week <= 52;
  if (iso.week == 53) {
    // Years that begin on a Thursday have 53 weeks, and leap years that begin on a Wednesday.
    int first = weekday_of(iso.year, 1, 1);
    valid = first == 3 || (first == 2 && is_leap(iso.year));
  }
  *what = "week";
  if (!valid) return false;
  *what = "weekday";
  if (iso.weekday < 1 || iso.weekday > 7) return false;
  i32 ordinal = iso_week1_monday(iso.year) + (iso.week - 1) * 7 + iso.weekday - 1;
  if (ordinal < 1) {
    *year = 0;
    *month = 12;
    *day = 31 + ordinal;
  } else {
    ordinal_to_ymd(ordinal, year, month, day);
  }
  return true;
}

Status check_date(Thread& t, int year, int month, int day) {
  if (year < kMinYear || year > kMaxYear) return raise(t, exc::ValueError, "year must be in 1..9999, not %d", year);
  if (month < 1 || month > 12) return raise(t, exc::ValueError, "month must be in 1..12, not %d", month);
  int last = days_in_month(year, month);
  if (day < 1 || day > last)
    return raise(t, exc::ValueError, "day %d must be in range 1..%d for month %d in year %d", day, last, month, year);
  return ok();
}
Status check_clock(Thread& t, int hour, int minute, int second, i64 micro, int fold) {
  if (hour < 0 || hour > 23) return raise(t, exc::ValueError, "hour must be in 0..23, not %d", hour);
  if (minute < 0 || minute > 59) return raise(t, exc::ValueError, "minute must be in 0..59, not %d", minute);
  if (second < 0 || second > 59) return raise(t, exc::ValueError, "second must be in 0..59, not %d", second);
  if (micro < 0 || micro > 999999) return raise(t, exc::ValueError, "microsecond must be in 0..999999, not %zd", micro);
  if (fold != 0 && fold != 1) return raise(t, exc::ValueError, "fold must be either 0 or 1, not %d", fold);
  return ok();
}
Status check_zone_argument(Thread& t, Value zone) {
  if (zone.is_empty() || zone.is_none() || is_tzinfo(zone)) return ok();
  return raise(t, exc::TypeError, "tzinfo argument must be None or of a tzinfo subclass, not type '%T'", zone);
}
Result<int> int_argument(Thread& t, Value v, int fallback) {
  if (v.is_empty()) return fallback;
  i64 n = v.is_small_int() ? v.as_small_int() : TRY(to_i64(t, v));
  if (n > INT32_MAX) return raise(t, exc::OverflowError, "signed integer is greater than maximum");
  if (n < INT32_MIN) return raise(t, exc::OverflowError, "signed integer is less than minimum");
  return int(n);
}
Status check_str_argument(Thread& t, Value v, const char* function, int position) {
  if (is_str(v)) return ok();
  return raise(t, exc::TypeError, "%s() argument %d must be str, not %T", function, position, v);
}

IsoText::IsoText(const Str* s) {
  // Longer fractions of a second are cut off, as long as they are digits.
  for (size_t i = 0; i < s->length(); i++) {
    u32 c = s->at(i);
    if (size == sizeof text) {
      too_long = true;
      return;
    }
    text[size++] = c < 0x80 ? char(c) : char(0x80);
  }
}

size_t find_iso_separator(const char* s, size_t size) {
  if (size == 7) return 7;
  if (s[4] == '-') {
    if (s[5] != 'W') return 10;
    // YYYY-Www, or YYYY-Www-D: a hyphen that two digits follow is taken for the separator.
    if (size > 8 && s[8] == '-') {
      if (size == 9) return size;
      return size > 10 && is_digit(s[10]) ? 8 : 10;
    }
    return 8;
  }
  if (s[4] != 'W') return 8;
  // YYYYWww or YYYYWwwD: the run of digits from the week on tells, since times have an even number of them.
  size_t at = 7;
  while (at < size && is_digit(s[at])) at++;
  if (at < 9) return at;
  return at % 2 == 0 ? 7 : 8;
}

bool parse_iso_date(const char* text, size_t size, int* year, int* month, int* day) {
  if (size != 7 && size != 8 && size != 10) return false;
  size_t at = 0;
  if (!read_digits(text, size, &at, 4, year)) return false;
  bool separated = text[at] == '-';
  if (separated) at++;
  if (at < size && text[at] == 'W') {
    IsoDate iso = {*year, 0, 1};
    at++;
    if (!read_digits(text, size, &at, 2, &iso.week)) return false;
    if (at < size) {
      if (separated && text[at++] != '-') return false;
      if (!read_digits(text, size, &at, 1, &iso.weekday)) return false;
    }
    const char* what;
    if (at != size || iso.year < kMinYear || iso.year > kMaxYear) return false;
    return iso_to_ymd(iso, year, month, day, &what);
  }
  if (!read_digits(text, size, &at, 2, month)) return false;
  if (separated && (at >= size || text[at++] != '-')) return false;
  return read_digits(text, size, &at, 2, day) && at == size;
}

bool parse_iso_time(const char* text, size_t size, IsoTime* out) {
  size_t zone = 0;
  while (zone < size && text[zone] != '+' && text[zone] != '-' && text[zone] != 'Z') zone++;
  int values[4] = {};
  if (!read_clock(text, zone, values)) return false;
  out->hour = values[0], out->minute = values[1], out->second = values[2], out->micro = values[3];
  if (zone == size) return true;
  out->has_zone = true;
  if (text[zone] == 'Z') return zone + 1 == size;
  int offset[4] = {};
  if (!read_clock(text + zone + 1, size - zone - 1, offset)) return false;
  out->zone_micros = (offset[0] * 3600 + offset[1] * 60 + offset[2]) * i64(1000000) + offset[3];
  if (text[zone] == '-') out->zone_micros = -out->zone_micros;
  return true;
}

Ref zone_of_iso(Thread& t, const IsoTime& time) {
  if (!time.has_zone) return Ref::none();
  if (time.zone_micros == 0) return Ref::copy(g_utc.get());
  Ref offset = TRY(delta_from_micros(t, time.zone_micros));
  return timezone_new(t, offset, EMPTY);
}

Status normalise_midnight(Thread& t, IsoTime* time, bool* next_day) {
  *next_day = time->hour == 24;
  if (!*next_day) return ok();
  if (time->minute != 0 || time->second != 0 || time->micro != 0)
    return raise(t, exc::ValueError, "minute, second, and microsecond must be 0 when hour is 24");
  time->hour = 0;
  return ok();
}

}  // namespace typhon::datetime
