// _datetime: writing dates and times as text; strftime and strptime by way of time and _strptime.
#include "modules/_datetime/datetime.h"
#include "objects/protocol/services.h"

namespace typhon::datetime {
namespace {

// Replaces the directives that the C library cannot know; each value is worked out once, when first needed.
class FormatWrapper {
 public:
  FormatWrapper(Thread& t, Value self, Str* format, Value time_tuple, Value zone, Value argument)
      : thread_(t), self_(self), format_(format), tuple_(time_tuple), zone_(zone), argument_(argument) {}

  Ref run() {
    size_t n = format_->length();
    for (size_t i = 0; i < n;) {
      u32 c = format_->at(i++);
      if (c != '%' || i == n) {
        out_.append(c);
        continue;
      }
      c = format_->at(i++);
      if (c == ':' && i < n && format_->at(i) == 'z') {
        i++;
        TRY(offset(":"));
      } else if (c == 'f') {
        TRY(fraction());
      } else if (c == 'z') {
        TRY(offset(""));
      } else if (c == 'Z') {
        TRY(name());
      } else if (c == 'Y' || c == 'G' || c == 'F' || c == 'C') {
        TRY(year(char(c)));
      } else {
        out_.append('%');
        out_.append(c);
      }
    }
    RefTo<Str> text = TRY(out_.finish(thread_));
    return format(text);
  }

 private:
  Ref format(Value text) {
    Ref module = TRY(import_module(thread_, "time"));
    Ref function = TRY(get_attribute_utf8(thread_, module, "strftime"));
    return call_with(thread_, function, text, tuple_);
  }
  Status fraction() {
    i32 micro = is_datetime(self_) ? self_.as<DateTime>()->clock.micro : is_time(self_) ? self_.as<Time>()->clock.micro : 0;
    char text[16];
    out_.append_ascii({text, size_t(snprintf(text, sizeof text, "%06d", micro))});
    return ok();
  }
  Status offset(const char* separator) {
    if (zone_.is_none()) return ok();
    Ref delta = TRY(zone_delta(thread_, zone_, "utcoffset", argument_));
    if (delta.get().is_none()) return ok();
    char text[40];
    out_.append_ascii({text, format_offset(text, delta.as<Delta>(), separator)});
    return ok();
  }
  Status name() {
    if (zone_.is_none()) return ok();
    Ref name = TRY(zone_name(thread_, zone_, argument_));
    if (name.get().is_none()) return ok();
    // A subclass of str has the last word.
    RefTo<Str> percent = TRY(str_from_ascii(thread_, "%")), doubled = TRY(str_from_ascii(thread_, "%%"));
    Ref method = TRY(get_attribute_utf8(thread_, name, "replace"));
    Ref escaped = TRY(call_with(thread_, method, percent, doubled));
    if (!is_str(escaped)) return raise(thread_, exc::TypeError, "tzname.replace() did not return a string");
    out_.append(escaped.as<Str>());
    return ok();
  }
  // The C library does not pad years below 1000 to four digits.
  Status year(char directive) {
    i64 year = 1000;
    if (is_tuple(tuple_) && tuple_.as<Tuple>()->size > 0) year = TRY(to_i64(thread_, tuple_.as<Tuple>()->items[0].peek()));
    if (year >= 1000) {
      out_.append('%');
      out_.append(u32(directive));
      return ok();
    }
    if (directive == 'G') {
      RefTo<Str> g = TRY(str_from_ascii(thread_, "%G"));
      Ref shown = TRY(format(g));
      Ref number = TRY(call_with(thread_, Value(types::int_), shown));
      year = TRY(to_i64(thread_, number));
    }
    char text[40];
    size_t n;
    if (directive == 'C') {
      n = size_t(snprintf(text, sizeof text, "%02d", int(year / 100)));
    } else {
      n = size_t(snprintf(text, sizeof text, "%04d", int(year)));
      if (directive == 'F') {
        i64 month = TRY(to_i64(thread_, tuple_.as<Tuple>()->items[1].peek())), day = TRY(to_i64(thread_, tuple_.as<Tuple>()->items[2].peek()));
        n += size_t(snprintf(text + n, sizeof text - n, "-%02d-%02d", int(month), int(day)));
      }
    }
    out_.append_ascii({text, n});
    return ok();
  }

  Thread& thread_;
  Value self_;
  Str* format_;
  Value tuple_, zone_, argument_;
  StrBuilder out_;
};

}  // namespace

Result<TimeSpec> time_spec(Thread& t, Value v, int position) {
  if (v.is_empty()) return TimeSpec::kAuto;
  TRY(check_str_argument(t, v, "isoformat", position));
  constexpr const char* kNames[] = {"auto", "hours", "minutes", "seconds", "milliseconds", "microseconds"};
  for (int i = 0; i < 6; i++)
    if (v.as<Str>()->equals_ascii(kNames[i])) return TimeSpec(i);
  return raise(t, exc::ValueError, "Unknown timespec value");
}

size_t format_date(char* to, const Date* d) { return size_t(snprintf(to, 32, "%04d-%02d-%02d", d->year, d->month, d->day)); }
size_t format_clock(char* to, const Clock& c, TimeSpec spec) {
  if (spec == TimeSpec::kAuto) spec = c.micro != 0 ? TimeSpec::kMicroseconds : TimeSpec::kSeconds;
  switch (spec) {
    case TimeSpec::kHours: return size_t(snprintf(to, 32, "%02d", c.hour));
    case TimeSpec::kMinutes: return size_t(snprintf(to, 32, "%02d:%02d", c.hour, c.minute));
    case TimeSpec::kMilliseconds: return size_t(snprintf(to, 32, "%02d:%02d:%02d.%03d", c.hour, c.minute, c.second, c.micro / 1000));
    case TimeSpec::kMicroseconds: return size_t(snprintf(to, 32, "%02d:%02d:%02d.%06d", c.hour, c.minute, c.second, c.micro));
    default: return size_t(snprintf(to, 32, "%02d:%02d:%02d", c.hour, c.minute, c.second));
  }
}
size_t format_offset(char* to, const Delta* offset, const char* separator) {
  i64 micros = i64(delta_micros(offset));
  char sign = micros < 0 ? '-' : '+';
  if (micros < 0) micros = -micros;
  int seconds = int(micros / 1000000), rest = int(micros % 1000000);
  size_t n = size_t(snprintf(to, 16, "%c%02d%s%02d", sign, seconds / 3600, separator, seconds / 60 % 60));
  if (seconds % 60 != 0 || rest != 0) n += size_t(snprintf(to + n, 8, "%s%02d", separator, seconds % 60));
  if (rest != 0) n += size_t(snprintf(to + n, 12, ".%06d", rest));
  return n;
}

Ref wrapped_strftime(Thread& t, Value self, Str* format, Value time_tuple, Value zone, Value zone_argument) {
  return FormatWrapper(t, self, format, time_tuple, zone, zone_argument).run();
}

Ref call_strptime(Thread& t, const char* function, Value cls, const Value* a) {
  TRY(check_str_argument(t, a[0], "strptime", 1));
  TRY(check_str_argument(t, a[1], "strptime", 2));
  Ref module = TRY(import_module(t, "_strptime"));
  Ref parse = TRY(get_attribute_utf8(t, module, function));
  return call_with(t, parse, cls, a[0], a[1]);
}

std::string_view shown_type_name(Value self, const Type* exact, const char* qualified) {
  Type* type = type_of(self);
  return type == exact ? qualified : type->name_utf8();
}

Ref struct_time(Thread& t, int year, int month, int day, const Clock& c, int dst) {
  Ref module = TRY(import_module(t, "time"));
  Ref type = TRY(get_attribute_utf8(t, module, "struct_time"));
  int yday = days_before_month(year, month) + day;
  int parts[] = {year, month, day, c.hour, c.minute, c.second, weekday_of(year, month, day), yday, dst};
  Value words[9];
  for (int i = 0; i < 9; i++) words[i] = Value::small_int(parts[i]);
  RefTo<Tuple> tuple = TRY(tuple_from(t, words, 9));
  return call_with(t, type, tuple);
}

}  // namespace typhon::datetime
