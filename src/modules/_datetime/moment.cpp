// datetime.
#include <cmath>
#include <ctime>

#include "modules/_datetime/datetime.h"

namespace typhon::datetime {

Type* g_datetime_type;

namespace {

constexpr i64 kDaySeconds = 86400;

DateTime* self_of(Value v) { return v.as<DateTime>(); }
void visit(Object* self, Visitor& v) { v.field(static_cast<DateTime*>(self)->zone); }

Ref make(Thread& t, Type* cls, int year, int month, int day, const Clock& c, Value zone) {
  Ref made = cls == g_datetime_type ? Ref::adopt(Value(allocate_native<DateTime>(t, cls))) : allocate_instance(t, cls);
  if (made.failed()) return made;
  auto* d = made.as<DateTime>();
  d->year = year;
  d->month = u8(month);
  d->day = u8(day);
  d->clock = c;
  d->zone.init(d, zone.is_empty() ? None : zone);
  return made;
}
Ref with_zone(Thread& t, const DateTime* d, const Clock& c, Value zone) { return make(t, g_datetime_type, d->year, d->month, d->day, c, zone); }
i64 seconds_of(const DateTime* d) { return utc_seconds_of(d->year, d->month, d->day, d->clock.seconds()); }
i128 micros_of(const DateTime* d) { return i128(seconds_of(d)) * 1000000 + d->clock.micro; }

// Constructor arguments that are no bytes: ints of any size are checked as ints before they are cut to a Clock.
Ref checked(Thread& t, Type* cls, const int* p, Value zone) {
  TRY(check_date(t, p[0], p[1], p[2]));
  TRY(check_clock(t, p[3], p[4], p[5], p[6], p[7]));
  TRY(check_zone_argument(t, zone));
  return make(t, cls, p[0], p[1], p[2], {u8(p[3]), u8(p[4]), u8(p[5]), u8(p[7]), p[6]}, zone);
}
// The pickled state: ten bytes; the month also holds the fold.
Result<bool> pickled_state(Thread& t, Args args, u8* state) {
  if (args.count < 1 || args.count > 2 || args.keyword_count != 0) return false;
  Value v = args[0];
  if (is_bytes(v)) {
    if (v.as<Bytes>()->size != 10) return false;
    std::memcpy(state, v.as<Bytes>()->data, 10);
    int month = state[2] & 0x7F;
    return month >= 1 && month <= 12;
  }
  if (!is_str(v) || v.as<Str>()->length() != 10) return false;
  u32 month = v.as<Str>()->at(2) & 0x7F;
  if (month < 1 || month > 12) return false;
  for (size_t i = 0; i < 10; i++) {
    u32 c = v.as<Str>()->at(i);
    if (c > 255)
      return raise(t, exc::ValueError,
                   "Failed to encode latin1 string when unpickling a datetime object. pickle.load(data, encoding='latin1') is assumed.");
    state[i] = u8(c);
  }
  return true;
}
Ref new_(Thread& t, Type* cls, Args args) {
  u8 s[10];
  if (TRY(pickled_state(t, args, s))) {
    Value zone = args.count == 2 ? args[1] : None;
    if (!zone.is_none() && !is_tzinfo(zone)) return raise(t, exc::TypeError, "bad tzinfo state arg");
    return make(t, cls, s[0] * 256 + s[1], s[2] & 0x7F, s[3], {s[4], s[5], s[6], u8(s[2] >> 7), s[7] << 16 | s[8] << 8 | s[9]}, zone);
  }
  static const Signature& signature =
      parse_signature("(year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)");
  Value a[9];
  Ref unused;
  TRY(bind_arguments(t, signature, "function", args, a, &unused));
  int parts[8];
  for (int i = 0; i < 8; i++) parts[i] = TRY(int_argument(t, a[i == 7 ? 8 : i]));
  return checked(t, cls, parts, a[7]);
}

// --- class methods
// Seconds and microseconds after 1970, as local time or UTC. Local times that come twice get their fold.
Ref at_timestamp(Thread& t, Type* cls, i64 timestamp, i32 micro, bool local, Value zone) {
  BrokenDown b;
  TRY(broken_down(t, timestamp, local, &b));
  Clock c = {u8(b.hour), u8(b.minute), u8(b.second), 0, micro};
  if (local && zone.is_none() && b.year >= kMinYear && b.year <= kMaxYear) {
    i64 result = utc_seconds_of(b.year, b.month, b.day, c.seconds());
    i64 a_day_before = kEpochSeconds + timestamp - kDaySeconds;
    if (a_day_before >= kDaySeconds * 2) {
      i64 transition = result - TRY(local_seconds(t, a_day_before)) - kDaySeconds;
      if (transition < 0 && TRY(local_seconds(t, kEpochSeconds + timestamp + transition)) == result) c.fold = 1;
    }
  }
  return datetime_new_checked(t, cls, b.year, b.month, b.day, c, zone);
}
Ref convert_from_utc(Thread& t, Value zone, Ref&& utc) {
  if (zone.is_none()) return std::move(utc);
  Ref keep = Ref::copy(zone);
  Ref method = TRY(get_attribute_utf8(t, zone, "fromutc"));
  return call_with(t, method, utc);
}
Ref now_in(Thread& t, Type* cls, bool local, Value zone) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return at_timestamp(t, cls, now.tv_sec, i32(now.tv_nsec / 1000), local, zone);
}
Ref now(Thread& t, Value cls, const Value* a) {
  Value zone = a[0].is_empty() ? None : a[0];
  TRY(check_zone_argument(t, zone));
  return convert_from_utc(t, zone, TRY(now_in(t, cls.as<Type>(), zone.is_none(), zone)));
}
Ref utcnow(Thread& t, Value cls, const Value*) {
  TRY(warn(t, exc::DeprecationWarning, 1,
           "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to represent "
           "datetimes in UTC: datetime.datetime.now(datetime.UTC)."));
  return now_in(t, cls.as<Type>(), false, None);
}
Ref fromtimestamp(Thread& t, Value cls, const Value* a) {
  Value zone = a[1].is_empty() ? None : a[1];
  TRY(check_zone_argument(t, zone));
  i64 seconds;
  i32 micros;
  TRY(split_timestamp(t, a[0], &seconds, &micros));
  return convert_from_utc(t, zone, TRY(at_timestamp(t, cls.as<Type>(), seconds, micros, zone.is_none(), zone)));
}
Ref utcfromtimestamp(Thread& t, Value cls, const Value* a) {
  TRY(warn(t, exc::DeprecationWarning, 1,
           "datetime.datetime.utcfromtimestamp() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to "
           "represent datetimes in UTC: datetime.datetime.fromtimestamp(timestamp, datetime.UTC)."));
  i64 seconds;
  i32 micros;
  TRY(split_timestamp(t, a[0], &seconds, &micros));
  return at_timestamp(t, cls.as<Type>(), seconds, micros, false, None);
}
Ref combine(Thread& t, Value cls, const Value* a) {
  if (!is_date(a[0])) return raise(t, exc::TypeError, "combine() argument 1 must be datetime.date, not %T", a[0]);
  if (!is_time(a[1])) return raise(t, exc::TypeError, "combine() argument 2 must be datetime.time, not %T", a[1]);
  TRY(check_zone_argument(t, a[2]));
  auto* d = a[0].as<Date>();
  auto* time = a[1].as<Time>();
  Ref zone = a[2].is_empty() ? time->zone.load() : Ref::copy(a[2]);
  return datetime_new_checked(t, cls.as<Type>(), d->year, d->month, d->day, time->clock, zone);
}
Ref fromisoformat(Thread& t, Value cls, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "fromisoformat: argument must be str");
  IsoText text(a[0].as<Str>());
  int year, month, day;
  IsoTime time;
  bool fine = text.size >= 7;
  if (fine) {
    size_t separator = std::min(find_iso_separator(text.text, text.size), text.size);
    fine = parse_iso_date(text.text, separator, &year, &month, &day);
    // One character of any kind stands between date and time; nothing may stand there alone.
    if (fine && separator < text.size)
      fine = parse_iso_time(text.text + separator + 1, text.size - separator - 1, &time);
  }
  if (!fine) return raise(t, exc::ValueError, "Invalid isoformat string: %R", a[0]);
  bool next_day;
  TRY(normalise_midnight(t, &time, &next_day));
  if (next_day) {
    TRY(check_date(t, year, month, day));
    if (++day > days_in_month(year, month)) {
      day = 1;
      if (++month > 12) {
        month = 1;
        year++;
      }
    }
  }
  Ref zone = TRY(zone_of_iso(t, time));
  TRY(check_date(t, year, month, day));
  TRY(check_clock(t, time.hour, time.minute, time.second, time.micro, 0));
  Clock c = {u8(time.hour), u8(time.minute), u8(time.second), 0, time.micro};
  return datetime_new_checked(t, cls.as<Type>(), year, month, day, c, zone);
}
Ref strptime(Thread& t, Value cls, const Value* a) { return call_strptime(t, "_strptime_datetime_datetime", cls, a); }

// --- time zone questions
Ref offset_of(Thread& t, Value self) { return zone_delta(t, self_of(self)->zone.peek(), "utcoffset", self); }
Ref utcoffset(Thread& t, Value self, const Value*) { return offset_of(t, self); }
Ref dst(Thread& t, Value self, const Value*) { return zone_delta(t, self_of(self)->zone.peek(), "dst", self); }
Ref tzname(Thread& t, Value self, const Value*) { return zone_name(t, self_of(self)->zone.peek(), self); }

// --- text
Ref repr(Thread& t, Value self) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  char text[96];
  size_t n = size_t(snprintf(text, sizeof text, "(%d, %d, %d, %d, %d", d->year, d->month, d->day, c.hour, c.minute));
  if (c.second != 0 || c.micro != 0) n += size_t(snprintf(text + n, 16, ", %d", c.second));
  if (c.micro != 0) n += size_t(snprintf(text + n, 16, ", %d", c.micro));
  StrBuilder out;
  out.append_utf8(shown_type_name(self, g_datetime_type, "datetime.datetime"));
  out.append_ascii({text, n});
  if (c.fold) out.append_ascii(", fold=1");
  if (!d->zone.peek().is_none()) {
    Ref zone = d->zone.load();
    RefTo<Str> shown = TRY(object_repr(t, zone));
    out.append_ascii(", tzinfo=");
    out.append(shown.get());
  }
  out.append(')');
  return out.finish(t);
}
Ref iso(Thread& t, Value self, u32 separator, TimeSpec spec) {
  auto* d = self_of(self);
  char text[96];
  StrBuilder out;
  out.append_ascii({text, format_date(text, d)});
  out.append(separator);
  size_t n = format_clock(text, d->clock, spec);
  Ref offset = TRY(offset_of(t, self));
  if (!offset.get().is_none()) n += format_offset(text + n, offset.as<Delta>(), ":");
  out.append_ascii({text, n});
  return out.finish(t);
}
Ref isoformat(Thread& t, Value self, const Value* a) {
  u32 separator = 'T';
  if (!a[0].is_empty()) {
    if (!is_str(a[0])) return raise(t, exc::TypeError, "isoformat() argument 1 must be a unicode character, not %T", a[0]);
    auto* s = a[0].as<Str>();
    if (s->length() != 1)
      return raise(t, exc::TypeError, "isoformat() argument 1 must be a unicode character, not a string of length %zd", i64(s->length()));
    separator = s->at(0);
  }
  return iso(t, self, separator, TRY(time_spec(t, a[1], 2)));
}
Ref str(Thread& t, Value self) {
  if (type_of(self) == g_datetime_type) return iso(t, self, ' ', TimeSpec::kAuto);
  Ref method = TRY(get_attribute_utf8(t, self, "isoformat"));
  RefTo<Str> space = TRY(str_from_ascii(t, " "));
  return call_with(t, method, space);
}

// --- comparison and hash
Ref flipped_offset(Thread& t, Value self) {
  auto* d = self_of(self);
  Clock c = d->clock;
  c.fold ^= 1;
  Ref other = TRY(with_zone(t, d, c, d->zone.peek()));
  return offset_of(t, other);
}
bool same_offset(Value a, Value b) {
  if (a.is_none() || b.is_none()) return a.is_none() && b.is_none();
  return delta_micros(a.as<Delta>()) == delta_micros(b.as<Delta>());
}
// PEP 495: a time whose offset depends on the fold equals nothing in another zone.
Result<bool> depends_on_fold(Thread& t, Value a, Value b, Value offset_a, Value offset_b) {
  Ref flipped = TRY(flipped_offset(t, a));
  if (!same_offset(flipped, offset_a)) return true;
  flipped = TRY(flipped_offset(t, b));
  return !same_offset(flipped, offset_b);
}
Ref compare(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_datetime(b)) return Ref::not_implemented();
  auto *x = self_of(a), *y = self_of(b);
  auto sign = [](i128 n) { return i64(n < 0 ? -1 : n > 0); };
  i64 order = sign(micros_of(x) - micros_of(y));
  if (x->zone.peek().same_word(y->zone.peek())) return Ref::boolean(order_holds(op, order));
  bool equality = op == CompareOp::kEq || op == CompareOp::kNe;
  Ref offset_a = TRY(offset_of(t, a)), offset_b = TRY(offset_of(t, b));
  if (offset_a.get().is_none() != offset_b.get().is_none()) {
    if (equality) return Ref::boolean(op == CompareOp::kNe);
    return raise(t, exc::TypeError, "can't compare offset-naive and offset-aware datetimes");
  }
  if (!offset_a.get().is_none())
    order = sign((micros_of(x) - delta_micros(offset_a.as<Delta>())) - (micros_of(y) - delta_micros(offset_b.as<Delta>())));
  if (equality && order == 0 && TRY(depends_on_fold(t, a, b, offset_a, offset_b))) order = 1;
  return Ref::boolean(order_holds(op, order));
}
Result<i64> hash(Thread& t, Value self) {
  auto* d = self_of(self);
  i64 known = __atomic_load_n(&d->hash, __ATOMIC_RELAXED);
  if (known != 0) return known;
  Ref offset;
  if (d->clock.fold) {
    offset = TRY(flipped_offset(t, self));
  } else {
    offset = TRY(offset_of(t, self));
  }
  i128 micros = micros_of(d);
  if (!offset.get().is_none()) micros -= delta_micros(offset.as<Delta>());
  known = hash_bytes(&micros, sizeof micros);
  __atomic_store_n(&d->hash, known, __ATOMIC_RELAXED);
  return known;
}

// --- arithmetic
Ref add(Thread& t, Value a, Value b) {
  if (is_delta(a)) std::swap(a, b);
  if (!is_datetime(a) || !is_delta(b)) return Ref::not_implemented();
  return datetime_plus_delta(t, a, b.as<Delta>(), 1);
}
Ref subtract(Thread& t, Value a, Value b) {
  if (!is_datetime(a)) return Ref::not_implemented();
  if (is_delta(b)) return datetime_plus_delta(t, a, b.as<Delta>(), -1);
  if (!is_datetime(b)) return Ref::not_implemented();
  i128 difference = micros_of(self_of(a)) - micros_of(self_of(b));
  if (!self_of(a)->zone.peek().same_word(self_of(b)->zone.peek())) {
    Ref offset_a = TRY(offset_of(t, a)), offset_b = TRY(offset_of(t, b));
    if (offset_a.get().is_none() != offset_b.get().is_none())
      return raise(t, exc::TypeError, "can't subtract offset-naive and offset-aware datetimes");
    if (!offset_a.get().is_none()) difference -= delta_micros(offset_a.as<Delta>()) - delta_micros(offset_b.as<Delta>());
  }
  return delta_from_micros(t, difference);
}

// --- between local time and UTC
// Seconds of UTC at which the system's local time is the given one; of two the one that `fold` picks, in a gap one outside.
Result<i64> local_to_utc(Thread& t, i64 wanted, int fold) {
  i64 a = TRY(local_seconds(t, wanted)) - wanted;
  i64 u1 = wanted - a;
  i64 t1 = TRY(local_seconds(t, u1));
  i64 b;
  if (t1 == wanted) {
    // One solution; the other, if any, lies within a day.
    i64 near = u1 + (fold ? kDaySeconds : -kDaySeconds);
    b = TRY(local_seconds(t, near)) - near;
    if (a == b) return u1;
  } else {
    b = t1 - u1;
  }
  i64 u2 = wanted - b;
  if (TRY(local_seconds(t, u2)) == wanted) return u2;
  if (t1 == wanted) return u1;
  return fold ? std::min(u1, u2) : std::max(u1, u2);
}
Ref local_zone_of(Thread& t, const DateTime* d) {
  i64 utc = TRY(local_to_utc(t, seconds_of(d), d->clock.fold)), other = TRY(local_to_utc(t, seconds_of(d), !d->clock.fold));
  // In a gap the fold picks the offset before it or after it, the other way round than for timestamps.
  if (other != utc && (other > utc) == bool(d->clock.fold)) utc = other;
  return local_zone_at(t, utc - kEpochSeconds);
}
Ref timestamp(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  if (d->zone.peek().is_none()) {
    i64 utc = TRY(local_to_utc(t, seconds_of(d), d->clock.fold));
    return float_from(t, double(utc - kEpochSeconds) + d->clock.micro / 1e6);
  }
  Ref offset = TRY(offset_of(t, self));
  if (offset.get().is_none()) return raise(t, exc::TypeError, "can't subtract offset-naive and offset-aware datetimes");
  i64 micros = i64(micros_of(d) - delta_micros(offset.as<Delta>()) - i128(kEpochSeconds) * 1000000);
  Ref whole = TRY(int_from(t, micros));
  return int_binary(t, IntOp::kTrueDiv, whole, Value::small_int(1000000));
}
Ref astimezone(Thread& t, Value self, const Value* a) {
  Value zone = a[0].is_empty() ? None : a[0];
  TRY(check_zone_argument(t, zone));
  auto* d = self_of(self);
  Ref own = d->zone.load(), offset;
  if (own.get().is_none()) own = TRY(local_zone_of(t, d));
  // Conversion to self's own time zone.
  if (own.get().same_word(zone)) return Ref::copy(self);
  offset = TRY(zone_delta(t, own, "utcoffset", self));
  if (offset.get().is_none()) {
    own = TRY(local_zone_of(t, d));
    if (own.get().same_word(zone)) return Ref::copy(self);
    offset = own.as<TimeZone>()->offset.load();
  }
  Ref utc = TRY(datetime_plus_delta(t, self, offset.as<Delta>(), -1));
  auto* u = self_of(utc);
  Ref target = zone.is_none() ? TRY(local_zone_at(t, seconds_of(u) - kEpochSeconds)) : Ref::copy(zone);
  Ref attached = TRY(with_zone(t, u, u->clock, target));
  if (type_of(self) != g_datetime_type) attached = TRY(datetime_new_checked(t, type_of(self), u->year, u->month, u->day, u->clock, target));
  return convert_from_utc(t, target, std::move(attached));
}

// --- methods
Ref timetuple(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  Ref delta = TRY(dst(t, self, nullptr));
  int flag = delta.get().is_none() ? -1 : !is_zero(delta.as<Delta>());
  return struct_time(t, d->year, d->month, d->day, d->clock, flag);
}
Ref utctimetuple(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  Ref offset = TRY(offset_of(t, self)), utc = Ref::copy(self);
  if (!offset.get().is_none()) {
    // Out of the years that a datetime has, the tuple still shows the time.
    i64 seconds = i64((micros_of(d) - delta_micros(offset.as<Delta>())) / 1000000);
    i32 ordinal = i32(seconds / kDaySeconds);
    if (ordinal < 1 || ordinal > 3652059) return raise(t, exc::OverflowError, "date value out of range");
    utc = TRY(datetime_plus_delta(t, self, offset.as<Delta>(), -1));
    d = self_of(utc);
  }
  return struct_time(t, d->year, d->month, d->day, d->clock, 0);
}
Ref date_part(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  return date_new_checked(t, g_date_type, d->year, d->month, d->day);
}
Ref time_with(Thread& t, Value self, Value zone) {
  const Clock& c = self_of(self)->clock;
  return time_new_checked(t, g_time_type, c.hour, c.minute, c.second, c.micro, zone, c.fold);
}
Ref time_part(Thread& t, Value self, const Value*) { return time_with(t, self, None); }
Ref timetz(Thread& t, Value self, const Value*) { return time_with(t, self, self_of(self)->zone.peek()); }
Ref replace(Thread& t, Value self, const Value* a) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  int parts[] = {d->year, d->month, d->day, c.hour, c.minute, c.second, c.micro, c.fold};
  for (int i = 0; i < 8; i++) parts[i] = TRY(int_argument(t, a[i == 7 ? 8 : i], parts[i]));
  Ref zone = a[7].is_empty() ? d->zone.load() : Ref::copy(a[7]);
  Ref made = TRY(checked(t, g_datetime_type, parts, zone));
  if (type_of(self) == g_datetime_type) return made;
  return datetime_new_checked(t, type_of(self), parts[0], parts[1], parts[2], self_of(made)->clock, zone);
}
Ref reduce_with(Thread& t, Value self, bool with_fold) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  u8 month = u8(d->month | (with_fold && c.fold ? 0x80 : 0));
  u8 state[] = {u8(d->year >> 8), u8(d->year), month, d->day, c.hour, c.minute, c.second, u8(c.micro >> 16), u8(c.micro >> 8), u8(c.micro)};
  RefTo<Bytes> bytes = TRY(bytes_from(t, state, 10));
  Value zone = d->zone.peek();
  RefTo<Tuple> args = TRY(zone.is_none() ? tuple_of(t, bytes) : tuple_of(t, bytes, zone));
  return tuple_of(t, Value(type_of(self)), args);
}
Ref reduce(Thread& t, Value self, const Value*) { return reduce_with(t, self, false); }
Ref reduce_ex(Thread& t, Value self, const Value* a) { return reduce_with(t, self, TRY(int_argument(t, a[0])) > 3); }

Ref get_hour(Thread& t, Value self) { return int_from(t, self_of(self)->clock.hour); }
Ref get_minute(Thread& t, Value self) { return int_from(t, self_of(self)->clock.minute); }
Ref get_second(Thread& t, Value self) { return int_from(t, self_of(self)->clock.second); }
Ref get_micro(Thread& t, Value self) { return int_from(t, self_of(self)->clock.micro); }
Ref get_fold(Thread& t, Value self) { return int_from(t, self_of(self)->clock.fold); }
Ref get_zone(Thread&, Value self) { return self_of(self)->zone.load(); }

const char kReplaceSignature[] =
    "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, "
    "tzinfo=unchanged, *, fold=unchanged)";
const Method kMethods[] = {
    class_method("now", now, "($type, /, tz=None)",
                 "Returns new datetime object representing current time local to tz.\n\n  tz\n    Timezone object.\n\nIf no tz is specified, uses local timezone."),
    class_method("utcnow", utcnow, "($type, /)", "Return a new datetime representing UTC day and time."),
    class_method("fromtimestamp", fromtimestamp, "($type, timestamp, tz=None)", "timestamp[, tz] -> tz's local time from POSIX timestamp."),
    class_method("utcfromtimestamp", utcfromtimestamp, "($type, timestamp, /)", "Construct a naive UTC datetime from a POSIX timestamp."),
    class_method("strptime", strptime, "($type, string, format, /)", "string, format -> new datetime parsed from a string (like time.strptime())."),
    class_method("combine", combine, "($type, date, time, tzinfo=unchanged)", "date, time -> datetime with same date and time fields"),
    class_method("fromisoformat", fromisoformat, "($type, object, /)", "string -> datetime from a string in most ISO 8601 formats"),
    method("date", date_part, "($self, /)", "Return date object with same year, month and day."),
    method("time", time_part, "($self, /)", "Return time object with same time but with tzinfo=None."),
    method("timetz", timetz, "($self, /)", "Return time object with same time and tzinfo."),
    method("timetuple", timetuple, "($self, /)", "Return time tuple, compatible with time.localtime()."),
    method("timestamp", timestamp, "($self, /)", "Return POSIX timestamp as float."),
    method("utctimetuple", utctimetuple, "($self, /)", "Return UTC time tuple, compatible with time.localtime()."),
    method("isoformat", isoformat, "($self, sep='T', timespec='auto')", "[sep] -> string in ISO 8601 format, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM]."),
    method("utcoffset", utcoffset, "($self, /)", "Return self.tzinfo.utcoffset(self)."),
    method("tzname", tzname, "($self, /)", "Return self.tzinfo.tzname(self)."),
    method("dst", dst, "($self, /)", "Return self.tzinfo.dst(self)."),
    method("replace", replace, kReplaceSignature, "Return datetime with new specified fields."),
    method("__replace__", replace, kReplaceSignature, "The same as replace()."),
    method("astimezone", astimezone, "($self, tz=None)", "tz -> convert to local time in new timezone tz\n"),
    method("__reduce_ex__", reduce_ex, "($self, proto, /)", "__reduce_ex__(proto) -> (cls, state)"),
    method("__reduce__", reduce, "($self, /)", "__reduce__() -> (cls, state)"),
    {},
};
const GetSet kGetSets[] = {{"hour", get_hour}, {"minute", get_minute}, {"second", get_second}, {"microsecond", get_micro},
                           {"tzinfo", get_zone}, {"fold", get_fold}, {}};

}  // namespace

Ref datetime_new_checked(Thread& t, Type* cls, int year, int month, int day, const Clock& c, Value zone) {
  if (cls == g_datetime_type) {
    TRY(check_date(t, year, month, day));
    return make(t, cls, year, month, day, c, zone);
  }
  Value words[] = {Value::small_int(year), Value::small_int(month), Value::small_int(day), Value::small_int(c.hour),
                   Value::small_int(c.minute), Value::small_int(c.second), Value::small_int(c.micro), zone};
  Ref made = TRY(call(t, Value(cls), Args{words, 8}));
  // Subclasses need not take a fold.
  if (c.fold && is_datetime(made)) self_of(made)->clock.fold = 1;
  return made;
}

Ref datetime_plus_delta(Thread& t, Value datetime, const Delta* delta, int sign) {
  auto* d = self_of(datetime);
  i128 micros = micros_of(d) + sign * delta_micros(delta);
  i64 seconds = i64(micros / 1000000);
  if (micros < i128(kDaySeconds) * 1000000 || seconds / kDaySeconds > 3652059) return raise(t, exc::OverflowError, "date value out of range");
  int year, month, day, rest = int(seconds % kDaySeconds);
  ordinal_to_ymd(i32(seconds / kDaySeconds), &year, &month, &day);
  Clock c = {u8(rest / 3600), u8(rest / 60 % 60), u8(rest % 60), 0, i32(micros % 1000000)};
  Ref zone = d->zone.load();
  return datetime_new_checked(t, type_of(datetime), year, month, day, c, zone);
}

const TypeSpec kDateTimeSpec = {
    .name = "datetime.datetime",
    .doc = "datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\nThe year, month and day arguments are required. "
           "tzinfo may be None, or an\ninstance of a tzinfo subclass. The remaining arguments may be ints.\n",
    .base = &g_date_type,
    .layout = {"datetime", sizeof(DateTime), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .str = str, .hash = hash, .compare = compare, .new_ = new_, .add = add, .subtract = subtract},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::datetime
