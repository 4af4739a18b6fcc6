// _datetime: the module. One file per type; calendar.cpp and text.cpp hold what they share.
#include "modules/_datetime/datetime.h"

namespace typhon {
namespace datetime {
namespace {

Status set_constant(Thread& t, Type* type, const char* name, Ref&& value) {
  if (value.failed()) return Raised{};
  RefTo<Str> key = TRY(str_from_ascii(t, name));
  key = TRY(str_intern(t, key));
  return dict_set_str(t, type->dict.as<Dict>(), key.get(), value);
}

Status make_types(Thread& t) {
  struct Row {
    const TypeSpec& spec;
    Type** where;
  };
  const Row rows[] = {{kDeltaSpec, &g_delta_type}, {kDateSpec, &g_date_type}, {kDateTimeSpec, &g_datetime_type}, {kTimeSpec, &g_time_type},
                      {kTzinfoSpec, &g_tzinfo_type}, {kTimezoneSpec, &g_timezone_type}, {kIsoDateSpec, &g_iso_date_type}};
  for (auto& row : rows)
    if (*row.where == nullptr) TRY(make_static_type(t, row.spec, row.where));
  if (!g_utc.get().is_empty()) return ok();

  Ref zero = TRY(delta_new(t, 0, 0, 0));
  g_utc.set(t, TRY(timezone_new(t, zero, EMPTY)));
  TRY(set_constant(t, g_timezone_type, "utc", Ref::copy(g_utc.get())));
  for (int sign : {-1, 1}) {
    Ref offset = TRY(delta_new(t, 0, sign * (23 * 3600 + 59 * 60), 0));
    TRY(set_constant(t, g_timezone_type, sign < 0 ? "min" : "max", timezone_new(t, offset, EMPTY)));
  }
  TRY(set_constant(t, g_delta_type, "min", delta_new(t, -kMaxDeltaDays, 0, 0)));
  TRY(set_constant(t, g_delta_type, "max", delta_new(t, kMaxDeltaDays, 86399, 999999)));
  TRY(set_constant(t, g_delta_type, "resolution", delta_new(t, 0, 0, 1)));
  TRY(set_constant(t, g_date_type, "min", date_new_checked(t, g_date_type, 1, 1, 1)));
  TRY(set_constant(t, g_date_type, "max", date_new_checked(t, g_date_type, 9999, 12, 31)));
  TRY(set_constant(t, g_date_type, "resolution", delta_new(t, 1, 0, 0)));
  Clock last = {23, 59, 59, 0, 999999};
  TRY(set_constant(t, g_datetime_type, "min", datetime_new_checked(t, g_datetime_type, 1, 1, 1, Clock(), None)));
  TRY(set_constant(t, g_datetime_type, "max", datetime_new_checked(t, g_datetime_type, 9999, 12, 31, last, None)));
  TRY(set_constant(t, g_datetime_type, "resolution", delta_new(t, 0, 0, 1)));
  TRY(set_constant(t, g_time_type, "min", time_new_checked(t, g_time_type, 0, 0, 0, 0, None, 0)));
  TRY(set_constant(t, g_time_type, "max", time_new_checked(t, g_time_type, 23, 59, 59, 999999, None, 0)));
  return set_constant(t, g_time_type, "resolution", delta_new(t, 0, 0, 1));
}

Status initialise(Thread& t, Module* module) {
  TRY(make_types(t));
  struct Row {
    const char* name;
    Type* type;
  };
  for (auto& row : {Row{"timedelta", g_delta_type}, Row{"date", g_date_type}, Row{"datetime", g_datetime_type}, Row{"time", g_time_type},
                    Row{"tzinfo", g_tzinfo_type}, Row{"timezone", g_timezone_type}})
    TRY(module_add(t, module, row.name, Value(row.type)));
  TRY(module_add(t, module, "UTC", g_utc.get()));
  TRY(module_add_int(t, module, "MINYEAR", kMinYear));
  return module_add_int(t, module, "MAXYEAR", kMaxYear);
}

}  // namespace
}  // namespace datetime

extern const ModuleDef module__datetime;
const ModuleDef module__datetime = {"_datetime", "Fast implementation of the datetime module.", nullptr, datetime::initialise};

}  // namespace typhon
