// time (of day).
#include "modules/_datetime/datetime.h"

namespace typhon::datetime {

Type* g_time_type;

namespace {

Time* self_of(Value v) { return v.as<Time>(); }
void visit(Object* self, Visitor& v) { v.field(static_cast<Time*>(self)->zone); }

Ref make(Thread& t, Type* cls, const Clock& c, Value zone) {
  Ref made = cls == g_time_type ? Ref::adopt(Value(allocate_native<Time>(t, cls))) : allocate_instance(t, cls);
  if (made.failed()) return made;
  auto* d = made.as<Time>();
  d->clock = c;
  d->zone.init(d, zone.is_empty() ? None : zone);
  return made;
}
Clock clock_of(int hour, int minute, int second, int micro, int fold) {
  return {u8(hour), u8(minute), u8(second), u8(fold), micro};
}

// The pickled state: six bytes, the first of which also holds the fold.
Result<bool> pickled_state(Thread& t, Args args, u8* state) {
  if (args.count < 1 || args.count > 2 || args.keyword_count != 0) return false;
  Value v = args[0];
  if (is_bytes(v)) {
    if (v.as<Bytes>()->size != 6) return false;
    std::memcpy(state, v.as<Bytes>()->data, 6);
    return (state[0] & 0x7F) < 24;
  }
  if (!is_str(v) || v.as<Str>()->length() != 6 || (v.as<Str>()->at(0) & 0x7F) >= 24) return false;
  for (size_t i = 0; i < 6; i++) {
    u32 c = v.as<Str>()->at(i);
    if (c > 255)
      return raise(t, exc::ValueError,
                   "Failed to encode latin1 string when unpickling a time object. pickle.load(data, encoding='latin1') is assumed.");
    state[i] = u8(c);
  }
  return true;
}
Ref new_(Thread& t, Type* cls, Args args) {
  u8 s[6];
  if (TRY(pickled_state(t, args, s))) {
    Value zone = args.count == 2 ? args[1] : None;
    if (!zone.is_none() && !is_tzinfo(zone)) return raise(t, exc::TypeError, "bad tzinfo state arg");
    return make(t, cls, clock_of(s[0] & 0x7F, s[1], s[2], s[3] << 16 | s[4] << 8 | s[5], s[0] >> 7), zone);
  }
  static const Signature& signature = parse_signature("(hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0)");
  Value a[6];
  Ref unused;
  TRY(bind_arguments(t, signature, "function", args, a, &unused));
  int parts[5];
  constexpr int kIndex[] = {0, 1, 2, 3, 5};
  for (int i = 0; i < 5; i++) parts[i] = TRY(int_argument(t, a[kIndex[i]]));
  TRY(check_clock(t, parts[0], parts[1], parts[2], parts[3], parts[4]));
  TRY(check_zone_argument(t, a[4]));
  return make(t, cls, clock_of(parts[0], parts[1], parts[2], parts[3], parts[4]), a[4]);
}

Ref offset_of(Thread& t, Value self) { return zone_delta(t, self_of(self)->zone.peek(), "utcoffset", None); }
Ref utcoffset(Thread& t, Value self, const Value*) { return offset_of(t, self); }
Ref dst(Thread& t, Value self, const Value*) { return zone_delta(t, self_of(self)->zone.peek(), "dst", None); }
Ref tzname(Thread& t, Value self, const Value*) { return zone_name(t, self_of(self)->zone.peek(), None); }

// --- text
Ref repr(Thread& t, Value self) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  char text[64];
  size_t n = size_t(snprintf(text, sizeof text, "(%d, %d", c.hour, c.minute));
  if (c.second != 0 || c.micro != 0) n += size_t(snprintf(text + n, 16, ", %d", c.second));
  if (c.micro != 0) n += size_t(snprintf(text + n, 16, ", %d", c.micro));
  StrBuilder out;
  out.append_utf8(shown_type_name(self, g_time_type, "datetime.time"));
  out.append_ascii({text, n});
  if (!d->zone.peek().is_none()) {
    Ref zone = d->zone.load();
    RefTo<Str> shown = TRY(object_repr(t, zone));
    out.append_ascii(", tzinfo=");
    out.append(shown.get());
  }
  if (c.fold) out.append_ascii(", fold=1");
  out.append(')');
  return out.finish(t);
}
Ref iso(Thread& t, Value self, TimeSpec spec) {
  char text[80];
  size_t n = format_clock(text, self_of(self)->clock, spec);
  Ref offset = TRY(offset_of(t, self));
  if (!offset.get().is_none()) n += format_offset(text + n, offset.as<Delta>(), ":");
  return str_from_ascii(t, {text, n});
}
Ref isoformat(Thread& t, Value self, const Value* a) { return iso(t, self, TRY(time_spec(t, a[0], 1))); }
Ref str(Thread& t, Value self) {
  if (type_of(self) == g_time_type) return iso(t, self, TimeSpec::kAuto);
  Ref method = TRY(get_attribute_utf8(t, self, "isoformat"));
  return call(t, method);
}
Ref strftime(Thread& t, Value self, const Value* a) {
  TRY(check_str_argument(t, a[0], "strftime", 1));
  const Clock& c = self_of(self)->clock;
  // Year 1900 and day 1, so that the C library has a date for directives that want one.
  int parts[] = {1900, 1, 1, c.hour, c.minute, c.second, 0, 1, -1};
  Value words[9];
  for (int i = 0; i < 9; i++) words[i] = Value::small_int(parts[i]);
  RefTo<Tuple> tuple = TRY(tuple_from(t, words, 9));
  Ref zone = self_of(self)->zone.load();
  return wrapped_strftime(t, self, a[0].as<Str>(), tuple, zone, None);
}
Ref format(Thread& t, Value self, const Value* a) {
  TRY(check_str_argument(t, a[0], "__format__", 1));
  if (a[0].as<Str>()->length() == 0) return object_str(t, self);
  Ref method = TRY(get_attribute_utf8(t, self, "strftime"));
  return call_with(t, method, a[0]);
}
Ref fromisoformat(Thread& t, Value cls, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "fromisoformat: argument must be str");
  IsoText text(a[0].as<Str>());
  size_t start = text.size > 0 && text.text[0] == 'T' ? 1 : 0;
  IsoTime time;
  if (!parse_iso_time(text.text + start, text.size - start, &time)) return raise(t, exc::ValueError, "Invalid isoformat string: %R", a[0]);
  bool next_day;
  TRY(normalise_midnight(t, &time, &next_day));
  Ref zone = TRY(zone_of_iso(t, time));
  return time_new_checked(t, cls.as<Type>(), time.hour, time.minute, time.second, time.micro, zone, 0);
}
Ref strptime(Thread& t, Value cls, const Value* a) { return call_strptime(t, "_strptime_datetime_time", cls, a); }

// --- comparison
i64 micros_of(const Clock& c) { return i64(c.seconds()) * 1000000 + c.micro; }
Ref compare(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_time(b)) return Ref::not_implemented();
  auto *x = self_of(a), *y = self_of(b);
  i64 order = micros_of(x->clock) - micros_of(y->clock);
  if (x->zone.peek().same_word(y->zone.peek())) return Ref::boolean(order_holds(op, order));
  Ref offset_a = TRY(offset_of(t, a)), offset_b = TRY(offset_of(t, b));
  if (offset_a.get().is_none() != offset_b.get().is_none()) {
    if (op == CompareOp::kEq || op == CompareOp::kNe) return Ref::boolean(op == CompareOp::kNe);
    return raise(t, exc::TypeError, "can't compare offset-naive and offset-aware times");
  }
  if (!offset_a.get().is_none()) order -= i64(delta_micros(offset_a.as<Delta>()) - delta_micros(offset_b.as<Delta>()));
  return Ref::boolean(order_holds(op, order));
}
Result<i64> hash(Thread& t, Value self) {
  auto* d = self_of(self);
  i64 known = __atomic_load_n(&d->hash, __ATOMIC_RELAXED);
  if (known != 0) return known;
  Ref offset;
  if (d->clock.fold) {
    Clock c = d->clock;
    c.fold = 0;
    Ref plain = TRY(make(t, g_time_type, c, d->zone.peek()));
    offset = TRY(offset_of(t, plain));
  } else {
    offset = TRY(offset_of(t, self));
  }
  i64 micros = micros_of(d->clock);
  if (!offset.get().is_none()) micros -= i64(delta_micros(offset.as<Delta>()));
  known = hash_bytes(&micros, sizeof micros);
  __atomic_store_n(&d->hash, known, __ATOMIC_RELAXED);
  return known;
}

Ref replace(Thread& t, Value self, const Value* a) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  int hour = TRY(int_argument(t, a[0], c.hour)), minute = TRY(int_argument(t, a[1], c.minute)), second = TRY(int_argument(t, a[2], c.second)),
      micro = TRY(int_argument(t, a[3], c.micro)), fold = TRY(int_argument(t, a[5], c.fold));
  Ref zone = a[4].is_empty() ? d->zone.load() : Ref::copy(a[4]);
  return time_new_checked(t, type_of(self), hour, minute, second, micro, zone, fold);
}
Ref reduce_with(Thread& t, Value self, bool with_fold) {
  auto* d = self_of(self);
  const Clock& c = d->clock;
  u8 state[] = {u8(c.hour | (with_fold && c.fold ? 0x80 : 0)), c.minute, c.second, u8(c.micro >> 16), u8(c.micro >> 8), u8(c.micro)};
  RefTo<Bytes> bytes = TRY(bytes_from(t, state, 6));
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
    "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)";
const Method kMethods[] = {
    class_method("strptime", strptime, "($type, string, format, /)", "string, format -> new time instance parsed from a string"),
    class_method("fromisoformat", fromisoformat, "($type, object, /)", "string -> time from a string in ISO 8601 format"),
    method("isoformat", isoformat, "($self, /, timespec='auto')", "Return the time formatted according to ISO.\n\nThe timespec says how many parts are shown."),
    method("strftime", strftime, "($self, format)", "format -> strftime() style string."),
    method("__format__", format, "($self, format, /)", "Formats self with strftime."),
    method("utcoffset", utcoffset, "($self, /)", "Return self.tzinfo.utcoffset(self)."),
    method("tzname", tzname, "($self, /)", "Return self.tzinfo.tzname(self)."),
    method("dst", dst, "($self, /)", "Return self.tzinfo.dst(self)."),
    method("replace", replace, kReplaceSignature, "Return time with new specified fields."),
    method("__replace__", replace, kReplaceSignature, "The same as replace()."),
    method("__reduce_ex__", reduce_ex, "($self, proto, /)", "__reduce_ex__(proto) -> (cls, state)"),
    method("__reduce__", reduce, "($self, /)", "__reduce__() -> (cls, state)"),
    {},
};
const GetSet kGetSets[] = {{"hour", get_hour}, {"minute", get_minute}, {"second", get_second}, {"microsecond", get_micro},
                           {"tzinfo", get_zone}, {"fold", get_fold}, {}};

}  // namespace

Ref time_new_checked(Thread& t, Type* cls, int hour, int minute, int second, int micro, Value zone, int fold) {
  if (cls == g_time_type) {
    TRY(check_clock(t, hour, minute, second, micro, fold));
    TRY(check_zone_argument(t, zone));
    return make(t, cls, clock_of(hour, minute, second, micro, fold), zone);
  }
  Value words[] = {Value::small_int(hour), Value::small_int(minute), Value::small_int(second), Value::small_int(micro), zone};
  if (fold != 0 && fold != 1) return raise(t, exc::ValueError, "fold must be either 0 or 1, not %d", fold);
  Ref made = TRY(call(t, Value(cls), Args{words, 5}));
  if (is_time(made)) self_of(made)->clock.fold = u8(fold);
  return made;
}

const TypeSpec kTimeSpec = {
    .name = "datetime.time",
    .doc = "time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\nAll arguments are optional. tzinfo may be None, or "
           "an instance of\na tzinfo subclass. The remaining arguments may be ints.\n",
    .layout = {"time", sizeof(Time), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = repr, .str = str, .hash = hash, .compare = compare, .new_ = new_},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::datetime
