// tzinfo and timezone, and the system's local time.
#include <cerrno>
#include <cmath>
#include <ctime>

#include "modules/_datetime/datetime.h"
#include "objects/codecs.h"

namespace typhon::datetime {

Type *g_tzinfo_type, *g_timezone_type;
GlobalRoot g_utc;

namespace {

TimeZone* self_of(Value v) { return v.as<TimeZone>(); }
void visit_timezone(Object* self, Visitor& v) { v.fields(&static_cast<TimeZone*>(self)->offset, 2); }

bool is_below_a_day(const Delta* d) {
  i128 micros = delta_micros(d);
  return micros > -i128(kDayMicros) && micros < i128(kDayMicros);
}
Raised bad_offset(Thread& t, Value offset) {
  return raise(t, exc::ValueError,
               "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not %R", offset);
}

// --- tzinfo
Ref tzinfo_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }
template <const char* const& name>
Ref must_implement(Thread& t, Value, const Value*) {
  return raise(t, exc::NotImplementedError, "a tzinfo subclass must implement %s()", name);
}
constexpr const char *kUtcOffset = "utcoffset", *kTzName = "tzname", *kDst = "dst";

Status check_fromutc(Thread& t, Value self, Value dt) {
  if (!is_datetime(dt)) return raise(t, exc::TypeError, "fromutc: argument must be a datetime");
  if (!dt.as<DateTime>()->zone.peek().same_word(self)) return raise(t, exc::ValueError, "fromutc: dt.tzinfo is not self");
  return ok();
}
Ref dt_method(Thread& t, Value dt, const char* name) {
  Ref method = TRY(get_attribute_utf8(t, dt, name));
  return call(t, method);
}
Ref tzinfo_fromutc(Thread& t, Value self, const Value* a) {
  TRY(check_fromutc(t, self, a[0]));
  Ref offset = TRY(dt_method(t, a[0], "utcoffset"));
  if (offset.get().is_none()) return raise(t, exc::ValueError, "fromutc: non-None utcoffset() result required");
  Ref dst = TRY(dt_method(t, a[0], "dst"));
  if (dst.get().is_none()) return raise(t, exc::ValueError, "fromutc: non-None dst() result required");
  Ref standard = TRY(binary_op(t, BinaryOp::kSub, offset, dst));
  Ref result = TRY(binary_op(t, BinaryOp::kAdd, a[0], standard));
  dst = TRY(dt_method(t, result, "dst"));
  if (dst.get().is_none()) return raise(t, exc::ValueError, "fromutc: tz.dst() gave inconsistent results; cannot convert");
  if (is_delta(dst) && is_zero(dst.as<Delta>())) return result;
  return binary_op(t, BinaryOp::kAdd, result, dst);
}
Ref tzinfo_reduce(Thread& t, Value self, const Value*) {
  RefTo<Str> name = TRY(str_from_ascii(t, "__getinitargs__"));
  name = TRY(str_intern(t, name));
  Ref method = TRY(get_attribute_or_empty(t, self, name.get()));
  Ref args = method.is_empty() ? Ref(tuple_of(t)) : TRY(call(t, method));
  method = TRY(get_attribute_utf8(t, self, "__getstate__"));
  Ref state = TRY(call(t, method));
  return tuple_of(t, Value(type_of(self)), args, state);
}

const Method kTzinfoMethods[] = {
    method("tzname", must_implement<kTzName>, "($self, dt, /)", "datetime -> string name of time zone."),
    method("utcoffset", must_implement<kUtcOffset>, "($self, dt, /)", "datetime -> timedelta showing offset from UTC, negative values indicating West of UTC"),
    method("dst", must_implement<kDst>, "($self, dt, /)", "datetime -> DST offset as timedelta positive east of UTC."),
    method("fromutc", tzinfo_fromutc, "($self, dt, /)", "datetime in UTC -> datetime in local time."),
    method("__reduce__", tzinfo_reduce, "($self, /)", "-> (cls, state)"),
    {},
};

// --- timezone
Ref make_timezone(Thread& t, Value offset, Value name) {
  Ref made = Ref::adopt(Value(allocate_native<TimeZone>(t, g_timezone_type)));
  auto* z = made.as<TimeZone>();
  z->offset.init(z, offset);
  if (!name.is_empty()) z->name.init(z, name);
  return made;
}
Ref timezone_call(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("(offset, name=None)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "timezone", args, a, &unused));
  if (!is_delta(a[0])) return raise(t, exc::TypeError, "timezone() argument 1 must be datetime.timedelta, not %T", a[0]);
  if (!a[1].is_empty() && !is_str(a[1])) return raise(t, exc::TypeError, "timezone() argument 2 must be str, not %T", a[1]);
  return timezone_new(t, a[0], a[1]);
}
Ref timezone_repr(Thread& t, Value self) {
  if (self.same_word(g_utc.get())) return str_from_ascii(t, "datetime.timezone.utc");
  auto* z = self_of(self);
  if (z->name.is_empty()) return str_format(t, "datetime.timezone(%R)", z->offset.peek());
  return str_format(t, "datetime.timezone(%R, %R)", z->offset.peek(), z->name.peek());
}
Ref timezone_str(Thread& t, Value self) {
  auto* z = self_of(self);
  if (!z->name.is_empty()) return z->name.load();
  auto* offset = z->offset.as<Delta>();
  if (is_zero(offset)) return str_from_ascii(t, "UTC");
  char text[48] = "UTC";
  return str_from_ascii(t, {text, 3 + format_offset(text + 3, offset, ":")});
}
Ref timezone_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || type_of(b) != g_timezone_type) return Ref::not_implemented();
  bool same = delta_micros(self_of(a)->offset.as<Delta>()) == delta_micros(self_of(b)->offset.as<Delta>());
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Result<i64> timezone_hash(Thread&, Value self) { return delta_hash(self_of(self)->offset.as<Delta>()); }
Status check_dt(Thread& t, Value dt, const char* function) {
  if (dt.is_none() || is_datetime(dt)) return ok();
  return raise(t, exc::TypeError, "%s(dt) argument must be a datetime instance or None, not %T", function, dt);
}
Ref timezone_utcoffset(Thread& t, Value self, const Value* a) {
  TRY(check_dt(t, a[0], "utcoffset"));
  return self_of(self)->offset.load();
}
Ref timezone_tzname(Thread& t, Value self, const Value* a) {
  TRY(check_dt(t, a[0], "tzname"));
  return timezone_str(t, self);
}
Ref timezone_dst(Thread& t, Value, const Value* a) {
  TRY(check_dt(t, a[0], "dst"));
  return Ref::none();
}
Ref timezone_fromutc(Thread& t, Value self, const Value* a) {
  TRY(check_fromutc(t, self, a[0]));
  return datetime_plus_delta(t, a[0], self_of(self)->offset.as<Delta>(), 1);
}
Ref timezone_getinitargs(Thread& t, Value self, const Value*) {
  auto* z = self_of(self);
  if (z->name.is_empty()) return tuple_of(t, z->offset.peek());
  return tuple_of(t, z->offset.peek(), z->name.peek());
}

const Method kTimezoneMethods[] = {
    method("tzname", timezone_tzname, "($self, dt, /)",
           "If name is specified when timezone is created, returns the name.  Otherwise returns offset as 'UTC(+|-)HH:MM'."),
    method("utcoffset", timezone_utcoffset, "($self, dt, /)", "Return fixed offset."),
    method("dst", timezone_dst, "($self, dt, /)", "Return None."),
    method("fromutc", timezone_fromutc, "($self, dt, /)", "datetime in UTC -> datetime in local time."),
    method("__getinitargs__", timezone_getinitargs, "($self, /)", "pickle support"),
    {},
};

}  // namespace

Ref timezone_new(Thread& t, Value offset, Value name) {
  auto* d = offset.as<Delta>();
  if (name.is_empty() && is_zero(d) && !g_utc.get().is_empty()) return Ref::copy(g_utc.get());
  if (!is_below_a_day(d)) return bad_offset(t, offset);
  return make_timezone(t, offset, name);
}

Ref zone_delta(Thread& t, Value zone, const char* method, Value argument) {
  if (zone.is_none()) return Ref::none();
  if (type_of(zone) == g_timezone_type) return method[0] == 'u' ? self_of(zone)->offset.load() : Ref::none();
  Ref keep = Ref::copy(zone);
  Ref function = TRY(get_attribute_utf8(t, zone, method));
  Ref delta = TRY(call_with(t, function, argument));
  if (delta.get().is_none()) return delta;
  if (!is_delta(delta)) return raise(t, exc::TypeError, "tzinfo.%s() must return None or timedelta, not '%T'", method, delta.get());
  if (!is_below_a_day(delta.as<Delta>())) return bad_offset(t, delta);
  return delta;
}
Ref zone_name(Thread& t, Value zone, Value argument) {
  if (zone.is_none()) return Ref::none();
  if (type_of(zone) == g_timezone_type) return timezone_str(t, zone);
  Ref keep = Ref::copy(zone);
  Ref function = TRY(get_attribute_utf8(t, zone, "tzname"));
  Ref name = TRY(call_with(t, function, argument));
  if (!name.get().is_none() && !is_str(name)) return raise(t, exc::TypeError, "tzinfo.tzname() must return None or a string, not '%T'", name.get());
  return name;
}

// --- the system's local time
Status broken_down(Thread& t, i64 timestamp, bool local, BrokenDown* out) {
  time_t when = timestamp;
  tm parts;
  errno = 0;
  if ((local ? localtime_r(&when, &parts) : gmtime_r(&when, &parts)) == nullptr) return raise_errno(t, errno == 0 ? EINVAL : errno);
  *out = {parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec < 59 ? parts.tm_sec : 59};
  return ok();
}
i64 utc_seconds_of(int year, int month, int day, int second_of_day) {
  return i64(ymd_to_ordinal(year, month, day)) * 86400 + second_of_day;
}
Result<i64> local_seconds(Thread& t, i64 utc_seconds) {
  BrokenDown b;
  TRY(broken_down(t, utc_seconds - kEpochSeconds, true, &b));
  if (b.year < kMinYear || b.year > kMaxYear) return raise(t, exc::ValueError, "year must be in 1..9999, not %d", b.year);
  return utc_seconds_of(b.year, b.month, b.day, b.hour * 3600 + b.minute * 60 + b.second);
}
Ref local_zone_at(Thread& t, i64 timestamp) {
  time_t when = timestamp;
  tm parts;
  errno = 0;
  if (localtime_r(&when, &parts) == nullptr) return raise_errno(t, errno == 0 ? EINVAL : errno);
  Ref offset = TRY(delta_new(t, 0, parts.tm_gmtoff, 0));
  Ref name = parts.tm_zone == nullptr ? Ref() : TRY(decode_fs(t, parts.tm_zone, std::strlen(parts.tm_zone)));
  return timezone_new(t, offset, name);
}

Status split_timestamp(Thread& t, Value v, i64* seconds, i32* micros) {
  constexpr const char* kRange = "timestamp out of range for platform time_t";
  if (micros != nullptr) *micros = 0;
  if (!is_float(v)) {
    Ref whole = TRY(to_index(t, v));
    if (!int_fits_i64(whole, seconds)) return raise(t, exc::OverflowError, kRange);
    return ok();
  }
  double d = float_value(v);
  if (std::isnan(d)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
  double whole = std::floor(d);
  if (micros != nullptr) {
    double int_part, fraction = std::modf(d, &int_part);
    fraction = std::nearbyint(fraction * 1e6);
    if (fraction >= 1e6) {
      fraction -= 1e6;
      int_part += 1;
    } else if (fraction < 0) {
      fraction += 1e6;
      int_part -= 1;
    }
    *micros = i32(fraction);
    whole = int_part;
  }
  if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0)) return raise(t, exc::OverflowError, kRange);
  *seconds = i64(whole);
  return ok();
}

const TypeSpec kTzinfoSpec = {
    .name = "datetime.tzinfo",
    .doc = "Abstract base class for time zone info objects.",
    .layout = {"tzinfo", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = tzinfo_new},
    .methods = kTzinfoMethods,
};
const TypeSpec kTimezoneSpec = {
    .name = "datetime.timezone",
    .doc = "Fixed offset from UTC implementation of tzinfo.",
    .base = &g_tzinfo_type,
    .layout = {"timezone", sizeof(TimeZone), 0, visit_timezone, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = timezone_repr, .str = timezone_str, .hash = timezone_hash, .compare = timezone_compare, .new_ = timezone_call},
    .methods = kTimezoneMethods,
};

}  // namespace typhon::datetime
