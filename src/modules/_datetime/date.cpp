// date, and the tuple that isocalendar() returns.
#include <ctime>

#include "modules/_datetime/datetime.h"

namespace typhon::datetime {

Type *g_date_type, *g_iso_date_type;

namespace {

Date* self_of(Value v) { return v.as<Date>(); }
i32 ordinal_of(const Date* d) { return ymd_to_ordinal(d->year, d->month, d->day); }
constexpr const char* kDayNames[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr const char* kMonthNames[] = {"", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

Ref make(Thread& t, Type* cls, int year, int month, int day) {
  Ref made = cls == g_date_type ? Ref::adopt(Value(allocate_native<Date>(t, cls))) : allocate_instance(t, cls);
  if (made.failed()) return made;
  auto* d = made.as<Date>();
  d->year = year;
  d->month = u8(month);
  d->day = u8(day);
  return made;
}

// The pickled state: four bytes, or the same as characters (from Python 2). Null when the argument is none.
Result<bool> pickled_state(Thread& t, Args args, u8* state) {
  if (args.count != 1 || args.keyword_count != 0) return false;
  Value v = args[0];
  if (is_bytes(v)) {
    if (v.as<Bytes>()->size != 4) return false;
    std::memcpy(state, v.as<Bytes>()->data, 4);
    return state[2] >= 1 && state[2] <= 12;
  }
  if (!is_str(v) || v.as<Str>()->length() != 4) return false;
  u32 month = v.as<Str>()->at(2);
  if (month < 1 || month > 12) return false;
  for (size_t i = 0; i < 4; i++) {
    u32 c = v.as<Str>()->at(i);
    if (c > 255)
      return raise(t, exc::ValueError,
                   "Failed to encode latin1 string when unpickling a date object. pickle.load(data, encoding='latin1') is assumed.");
    state[i] = u8(c);
  }
  return true;
}
Ref new_(Thread& t, Type* cls, Args args) {
  u8 state[4];
  if (TRY(pickled_state(t, args, state))) return make(t, cls, state[0] * 256 + state[1], state[2], state[3]);
  static const Signature& signature = parse_signature("(year, month, day)");
  Value a[3];
  Ref unused;
  TRY(bind_arguments(t, signature, "function", args, a, &unused));
  int year = TRY(int_argument(t, a[0])), month = TRY(int_argument(t, a[1])), day = TRY(int_argument(t, a[2]));
  TRY(check_date(t, year, month, day));
  return make(t, cls, year, month, day);
}

// --- class methods
Type* class_of(Value cls) { return cls.as<Type>(); }
Ref at_timestamp(Thread& t, Type* cls, i64 timestamp) {
  BrokenDown b;
  TRY(broken_down(t, timestamp, true, &b));
  return date_new_checked(t, cls, b.year, b.month, b.day);
}
Ref fromtimestamp(Thread& t, Value cls, const Value* a) {
  i64 seconds;
  TRY(split_timestamp(t, a[0], &seconds, nullptr));
  return at_timestamp(t, class_of(cls), seconds);
}
Ref today(Thread& t, Value cls, const Value*) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (class_of(cls) == g_date_type) return at_timestamp(t, g_date_type, now.tv_sec);
  Ref timestamp = TRY(float_from(t, double(now.tv_sec) + double(now.tv_nsec) * 1e-9));
  Ref method = TRY(get_attribute_utf8(t, cls, "fromtimestamp"));
  return call_with(t, method, timestamp);
}
Ref fromordinal(Thread& t, Value cls, const Value* a) {
  int ordinal = TRY(int_argument(t, a[0]));
  if (ordinal < 1) return raise(t, exc::ValueError, "ordinal must be >= 1");
  int year, month, day;
  ordinal_to_ymd(ordinal, &year, &month, &day);
  return date_new_checked(t, class_of(cls), year, month, day);
}
Ref fromisoformat(Thread& t, Value cls, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "fromisoformat: argument must be str");
  IsoText text(a[0].as<Str>());
  int year, month, day;
  if (!parse_iso_date(text.text, text.size, &year, &month, &day)) return raise(t, exc::ValueError, "Invalid isoformat string: %R", a[0]);
  return date_new_checked(t, class_of(cls), year, month, day);
}
Ref fromisocalendar(Thread& t, Value cls, const Value* a) {
  IsoDate iso;
  int* parts[] = {&iso.year, &iso.week, &iso.weekday};
  for (int i = 0; i < 3; i++) {
    Result<int> n = int_argument(t, a[i]);
    if (n.failed()) {
      if (!clear_if(t, exc::OverflowError)) return Raised{};
      return raise(t, exc::ValueError, "ISO calendar component out of range");
    }
    *parts[i] = n.get();
  }
  if (iso.year < kMinYear || iso.year > kMaxYear) return raise(t, exc::ValueError, "year must be in 1..9999, not %d", iso.year);
  int year, month, day;
  const char* what;
  if (!iso_to_ymd(iso, &year, &month, &day, &what)) {
    if (std::strcmp(what, "week") == 0) return raise(t, exc::ValueError, "Invalid week: %d", iso.week);
    return raise(t, exc::ValueError, "Invalid weekday: %d (range is [1, 7])", iso.weekday);
  }
  return date_new_checked(t, class_of(cls), year, month, day);
}
Ref strptime(Thread& t, Value cls, const Value* a) { return call_strptime(t, "_strptime_datetime_date", cls, a); }

// --- text
Ref repr(Thread& t, Value self) {
  auto* d = self_of(self);
  char text[48];
  StrBuilder out;
  out.append_utf8(shown_type_name(self, g_date_type, "datetime.date"));
  out.append_ascii({text, size_t(snprintf(text, sizeof text, "(%d, %d, %d)", d->year, d->month, d->day))});
  return out.finish(t);
}
Ref isoformat(Thread& t, Value self, const Value*) {
  char text[32];
  return str_from_ascii(t, {text, format_date(text, self_of(self))});
}
Ref str(Thread& t, Value self) {
  if (type_of(self) == g_date_type) return isoformat(t, self, nullptr);
  Ref method = TRY(get_attribute_utf8(t, self, "isoformat"));
  return call(t, method);
}
Ref ctime_(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  Clock c = is_datetime(self) ? self.as<DateTime>()->clock : Clock();
  char text[64];
  return str_from_ascii(t, {text, size_t(snprintf(text, sizeof text, "%s %s %2d %02d:%02d:%02d %04d", kDayNames[weekday_of(d->year, d->month, d->day)],
                                                  kMonthNames[d->month], d->day, c.hour, c.minute, c.second, d->year))});
}
Ref strftime(Thread& t, Value self, const Value* a) {
  TRY(check_str_argument(t, a[0], "strftime", 1));
  Ref method = TRY(get_attribute_utf8(t, self, "timetuple"));
  Ref tuple = TRY(call(t, method));
  Ref zone = is_datetime(self) ? self.as<DateTime>()->zone.load() : Ref::none();
  return wrapped_strftime(t, self, a[0].as<Str>(), tuple, zone, self);
}
Ref format(Thread& t, Value self, const Value* a) {
  TRY(check_str_argument(t, a[0], "__format__", 1));
  if (a[0].as<Str>()->length() == 0) return object_str(t, self);
  Ref method = TRY(get_attribute_utf8(t, self, "strftime"));
  return call_with(t, method, a[0]);
}

// --- comparison
Ref compare(Thread&, Value a, Value b, CompareOp op) {
  // A datetime is no date to be compared with: its own comparison refuses as well.
  if (!is_date(b) || is_datetime(b)) return Ref::not_implemented();
  auto *x = self_of(a), *y = self_of(b);
  i64 order = (i64(x->year) * 512 + x->month * 32 + x->day) - (i64(y->year) * 512 + y->month * 32 + y->day);
  return Ref::boolean(order_holds(op, order));
}
Result<i64> hash(Thread&, Value self) {
  auto* d = self_of(self);
  i64 known = __atomic_load_n(&d->hash, __ATOMIC_RELAXED);
  if (known != 0) return known;
  u8 state[] = {u8(d->year >> 8), u8(d->year), d->month, d->day};
  known = hash_bytes(state, 4);
  __atomic_store_n(&d->hash, known, __ATOMIC_RELAXED);
  return known;
}

// --- arithmetic
Ref plus(Thread& t, Value date, const Delta* d, int sign) {
  i64 ordinal = i64(ordinal_of(self_of(date))) + sign * i64(d->days);
  if (ordinal < 1 || ordinal > 3652059) return raise(t, exc::OverflowError, "date value out of range");
  int year, month, day;
  ordinal_to_ymd(i32(ordinal), &year, &month, &day);
  return date_new_checked(t, type_of(date), year, month, day);
}
Ref add(Thread& t, Value a, Value b) {
  if (is_datetime(a) || is_datetime(b)) return Ref::not_implemented();
  if (is_delta(a)) std::swap(a, b);
  if (!is_date(a) || !is_delta(b)) return Ref::not_implemented();
  return plus(t, a, b.as<Delta>(), 1);
}
Ref subtract(Thread& t, Value a, Value b) {
  if (!is_date(a) || is_datetime(a) || is_datetime(b)) return Ref::not_implemented();
  if (is_date(b)) return delta_new(t, ordinal_of(self_of(a)) - ordinal_of(self_of(b)), 0, 0);
  if (!is_delta(b)) return Ref::not_implemented();
  return plus(t, a, b.as<Delta>(), -1);
}

// --- methods
Ref timetuple(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  return struct_time(t, d->year, d->month, d->day, Clock(), -1);
}
Ref toordinal(Thread& t, Value self, const Value*) { return int_from(t, ordinal_of(self_of(self))); }
Ref weekday(Thread& t, Value self, const Value*) { return int_from(t, (ordinal_of(self_of(self)) + 6) % 7); }
Ref isoweekday(Thread& t, Value self, const Value*) { return int_from(t, (ordinal_of(self_of(self)) + 6) % 7 + 1); }
Ref isocalendar(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  IsoDate iso = iso_calendar(d->year, d->month, d->day);
  Value words[] = {Value::small_int(iso.year), Value::small_int(iso.week), Value::small_int(iso.weekday)};
  Ref made = TRY(allocate_instance(t, g_iso_date_type, 3));
  auto* tuple = made.as<Tuple>();
  tuple->size = 3;
  for (int i = 0; i < 3; i++) tuple->items[i].init(tuple, words[i]);
  return made;
}
Ref replace(Thread& t, Value self, const Value* a) {
  auto* d = self_of(self);
  int year = TRY(int_argument(t, a[0], d->year)), month = TRY(int_argument(t, a[1], d->month)), day = TRY(int_argument(t, a[2], d->day));
  return date_new_checked(t, type_of(self), year, month, day);
}
Ref reduce(Thread& t, Value self, const Value*) {
  auto* d = self_of(self);
  u8 state[] = {u8(d->year >> 8), u8(d->year), d->month, d->day};
  RefTo<Bytes> bytes = TRY(bytes_from(t, state, 4));
  RefTo<Tuple> args = TRY(tuple_of(t, bytes));
  return tuple_of(t, Value(type_of(self)), args);
}
Ref get_year(Thread& t, Value self) { return int_from(t, self_of(self)->year); }
Ref get_month(Thread& t, Value self) { return int_from(t, self_of(self)->month); }
Ref get_day(Thread& t, Value self) { return int_from(t, self_of(self)->day); }

const Method kMethods[] = {
    class_method("fromtimestamp", fromtimestamp, "($type, timestamp, /)",
                 "Create a date from a POSIX timestamp.\n\nThe timestamp is a number, e.g. created via time.time(), that is interpreted\nas local time."),
    class_method("fromordinal", fromordinal, "($type, ordinal, /)", "int -> date corresponding to a proleptic Gregorian ordinal."),
    class_method("fromisoformat", fromisoformat, "($type, object, /)", "str -> Construct a date from a string in ISO 8601 format."),
    class_method("fromisocalendar", fromisocalendar, "($type, year, week, day)",
                 "int, int, int -> Construct a date from the ISO year, week number and weekday.\n\nThis is the inverse of the function date.isocalendar()"),
    class_method("strptime", strptime, "($type, string, format, /)", "string, format -> new date instance parsed from a string"),
    class_method("today", today, "($type, /)", "Current date or datetime:  same as self.__class__.fromtimestamp(time.time())."),
    method("ctime", ctime_, "($self, /)", "Return ctime() style string."),
    method("strftime", strftime, "($self, format)", "format -> strftime() style string."),
    method("__format__", format, "($self, format, /)", "Formats self with strftime."),
    method("timetuple", timetuple, "($self, /)", "Return time tuple, compatible with time.localtime()."),
    method("isocalendar", isocalendar, "($self, /)", "Return a named tuple containing ISO year, week number, and weekday."),
    method("isoformat", isoformat, "($self, /)", "Return string in ISO 8601 format, YYYY-MM-DD."),
    method("isoweekday", isoweekday, "($self, /)", "Return the day of the week represented by the date.\nMonday == 1 ... Sunday == 7"),
    method("toordinal", toordinal, "($self, /)", "Return proleptic Gregorian ordinal.  January 1 of year 1 is day 1."),
    method("weekday", weekday, "($self, /)", "Return the day of the week represented by the date.\nMonday == 0 ... Sunday == 6"),
    method("replace", replace, "($self, /, year=unchanged, month=unchanged, day=unchanged)", "Return date with new specified fields."),
    method("__replace__", replace, "($self, /, year=unchanged, month=unchanged, day=unchanged)", "The same as replace()."),
    method("__reduce__", reduce, "($self, /)", "__reduce__() -> (cls, state)"),
    {},
};
const GetSet kGetSets[] = {{"year", get_year}, {"month", get_month}, {"day", get_day}, {}};

// --- IsoCalendarDate
template <int i>
Ref iso_item(Thread&, Value self) { return self.as<Tuple>()->items[i].load(); }
Ref iso_repr(Thread& t, Value self) {
  auto* items = self.as<Tuple>();
  return str_format(t, "%s(year=%S, week=%S, weekday=%S)", "datetime.IsoCalendarDate", items->items[0].peek(), items->items[1].peek(), items->items[2].peek());
}
Ref iso_reduce(Thread& t, Value self, const Value*) {
  Value words[3];
  for (int i = 0; i < 3; i++) words[i] = self.as<Tuple>()->items[i].peek();
  RefTo<Tuple> plain = TRY(tuple_from(t, words, 3));
  RefTo<Tuple> args = TRY(tuple_of(t, plain));
  return tuple_of(t, Value(types::tuple), args);
}
Ref iso_new(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("(year, week, weekday)");
  Value a[3];
  Ref unused;
  TRY(bind_arguments(t, signature, "IsoCalendarDate", args, a, &unused));
  Ref made = TRY(allocate_instance(t, g_iso_date_type, 3));
  auto* tuple = made.as<Tuple>();
  tuple->size = 3;
  for (int i = 0; i < 3; i++) tuple->items[i].init(tuple, a[i]);
  return made;
}
const Method kIsoMethods[] = {method("__reduce__", iso_reduce, "($self, /)"), {}};
const GetSet kIsoGetSets[] = {{"year", iso_item<0>}, {"week", iso_item<1>}, {"weekday", iso_item<2>}, {}};

}  // namespace

Ref date_new_checked(Thread& t, Type* cls, int year, int month, int day) {
  if (cls == g_date_type) {
    TRY(check_date(t, year, month, day));
    return make(t, cls, year, month, day);
  }
  return call_with(t, Value(cls), Value::small_int(year), Value::small_int(month), Value::small_int(day));
}

const TypeSpec kDateSpec = {
    .name = "datetime.date",
    .doc = "date(year, month, day) --> date object",
    .layout = {"date", sizeof(Date), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .str = str, .hash = hash, .compare = compare, .new_ = new_, .add = add, .subtract = subtract},
    .methods = kMethods,
    .getsets = kGetSets,
};
const TypeSpec kIsoDateSpec = {
    .name = "datetime.IsoCalendarDate",
    .doc = "The result of date.isocalendar() or datetime.isocalendar()\n\nThis object may be accessed either as a tuple of\n"
           "  ((year, week, weekday))\nor via the object attributes as named in the above tuple.",
    .base = &types::tuple,
    .layout = {},
    .flags = type_flag::kImmutable,
    .slots = {.repr = iso_repr, .new_ = iso_new},
    .methods = kIsoMethods,
    .getsets = kIsoGetSets,
};

}  // namespace typhon::datetime
