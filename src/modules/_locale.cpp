// _locale: POSIX locales and message catalogues.
#include <langinfo.h>
#include <libintl.h>
#include <locale.h>
#include <wchar.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <vector>

#include "objects/module.h"

namespace typhon {
namespace {

Type* g_error;

Ref text_of(Thread& t, const char* s) { return decode_fs(t, s, strlen(s)); }
// A str argument as C text; NULs are refused.
struct CText {
  Utf8Buffer buffer;
  std::string_view view;
  char* copy = nullptr;
  ~CText() { free(copy); }
  Status get(Thread& t, Value v, const char* what) {
    if (!is_str(v)) return raise(t, exc::TypeError, "%s must be str, not %T", what, v);
    view = str_utf8(v.as<Str>(), buffer);
    if (view.find('\0') != std::string_view::npos) return raise(t, exc::ValueError, "embedded null character");
    copy = static_cast<char*>(malloc(view.size() + 1));
    if (copy == nullptr) return raise_no_memory(t);
    memcpy(copy, view.data(), view.size());
    copy[view.size()] = 0;
    return ok();
  }
  const char* c_str() const { return copy; }
};

Ref f_setlocale(Thread& t, Value, const Value* a) {
  i64 category = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (a[1].is_empty() || a[1].is_none()) {
    const char* now = setlocale(int(category), nullptr);
    if (now == nullptr) return raise(t, g_error, "locale query failed");
    return text_of(t, now);
  }
  CText name;
  TRY(name.get(t, a[1], "setlocale() argument 2"));
  const char* now = setlocale(int(category), name.c_str());
  if (now == nullptr) return raise(t, g_error, "unsupported locale setting");
  return text_of(t, now);
}

Ref grouping_list(Thread& t, const char* s) {
  RefTo<List> list = TRY(list_new(t));
  if (*s == 0) return list;
  while (*s != 0 && *s != CHAR_MAX) TRY(list_append(t, list.get(), Value::small_int(*s++)));
  TRY(list_append(t, list.get(), Value::small_int(*s)));
  return list;
}
Ref f_localeconv(Thread& t, Value, const Value*) {
  const lconv* l = localeconv();
  RefTo<Dict> result = TRY(dict_new(t));
  auto put = [&](const char* key, Ref&& value) -> Status {
    if (value.failed()) return Raised{};
    RefTo<Str> name = TRY(str_from_ascii(t, key));
    return dict_set_str(t, result.get(), name.get(), value);
  };
  const struct {
    const char* name;
    const char* text;
  } texts[] = {{"int_curr_symbol", l->int_curr_symbol}, {"currency_symbol", l->currency_symbol},
               {"mon_decimal_point", l->mon_decimal_point}, {"mon_thousands_sep", l->mon_thousands_sep}};
  for (const auto& row : texts) TRY(put(row.name, text_of(t, row.text)));
  TRY(put("mon_grouping", grouping_list(t, l->mon_grouping)));
  TRY(put("positive_sign", text_of(t, l->positive_sign)));
  TRY(put("negative_sign", text_of(t, l->negative_sign)));
  const struct {
    const char* name;
    char value;
  } numbers[] = {{"int_frac_digits", l->int_frac_digits}, {"frac_digits", l->frac_digits},
                 {"p_cs_precedes", l->p_cs_precedes}, {"p_sep_by_space", l->p_sep_by_space},
                 {"n_cs_precedes", l->n_cs_precedes}, {"n_sep_by_space", l->n_sep_by_space},
                 {"p_sign_posn", l->p_sign_posn}, {"n_sign_posn", l->n_sign_posn}};
  for (const auto& row : numbers) TRY(put(row.name, int_from(t, row.value)));
  TRY(put("decimal_point", text_of(t, l->decimal_point)));
  TRY(put("thousands_sep", text_of(t, l->thousands_sep)));
  TRY(put("grouping", grouping_list(t, l->grouping)));
  return result;
}

// The characters of a str as wchar_t, with a NUL behind.
Result<bool> wide(Thread& t, Value v, const char* what, std::vector<wchar_t>* out) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s must be str, not %T", what, v);
  auto* s = v.as<Str>();
  for (size_t i = 0; i < s->length(); i++) {
    if (s->at(i) == 0) return raise(t, exc::ValueError, "embedded null character");
    out->push_back(wchar_t(s->at(i)));
  }
  out->push_back(0);
  return true;
}
Ref f_strcoll(Thread& t, Value, const Value* a) {
  std::vector<wchar_t> x, y;
  TRY(wide(t, a[0], "strcoll() argument 1", &x));
  TRY(wide(t, a[1], "strcoll() argument 2", &y));
  return int_from(t, wcscoll(x.data(), y.data()));
}
Ref f_strxfrm(Thread& t, Value, const Value* a) {
  std::vector<wchar_t> x;
  TRY(wide(t, a[0], "strxfrm() argument", &x));
  errno = 0;
  size_t n = wcsxfrm(nullptr, x.data(), 0);
  if (errno != 0) return raise_errno(t, errno);
  std::vector<wchar_t> out(n + 1);
  n = wcsxfrm(out.data(), x.data(), n + 1);
  return str_from_points(t, out.data(), 4, n);
}

constexpr struct {
  const char* name;
  int value;
} kLangInfo[] = {
    {"DAY_1", DAY_1}, {"DAY_2", DAY_2}, {"DAY_3", DAY_3}, {"DAY_4", DAY_4}, {"DAY_5", DAY_5}, {"DAY_6", DAY_6}, {"DAY_7", DAY_7},
    {"ABDAY_1", ABDAY_1}, {"ABDAY_2", ABDAY_2}, {"ABDAY_3", ABDAY_3}, {"ABDAY_4", ABDAY_4}, {"ABDAY_5", ABDAY_5},
    {"ABDAY_6", ABDAY_6}, {"ABDAY_7", ABDAY_7}, {"MON_1", MON_1}, {"MON_2", MON_2}, {"MON_3", MON_3}, {"MON_4", MON_4},
    {"MON_5", MON_5}, {"MON_6", MON_6}, {"MON_7", MON_7}, {"MON_8", MON_8}, {"MON_9", MON_9}, {"MON_10", MON_10},
    {"MON_11", MON_11}, {"MON_12", MON_12}, {"ABMON_1", ABMON_1}, {"ABMON_2", ABMON_2}, {"ABMON_3", ABMON_3},
    {"ABMON_4", ABMON_4}, {"ABMON_5", ABMON_5}, {"ABMON_6", ABMON_6}, {"ABMON_7", ABMON_7}, {"ABMON_8", ABMON_8},
    {"ABMON_9", ABMON_9}, {"ABMON_10", ABMON_10}, {"ABMON_11", ABMON_11}, {"ABMON_12", ABMON_12}, {"RADIXCHAR", RADIXCHAR},
    {"THOUSEP", THOUSEP}, {"CRNCYSTR", CRNCYSTR}, {"D_FMT", D_FMT}, {"D_T_FMT", D_T_FMT}, {"T_FMT", T_FMT}, {"AM_STR", AM_STR},
    {"PM_STR", PM_STR}, {"CODESET", CODESET}, {"T_FMT_AMPM", T_FMT_AMPM}, {"ERA", ERA}, {"ERA_D_FMT", ERA_D_FMT},
    {"ERA_D_T_FMT", ERA_D_T_FMT}, {"ERA_T_FMT", ERA_T_FMT}, {"ALT_DIGITS", ALT_DIGITS}, {"YESEXPR", YESEXPR},
    {"NOEXPR", NOEXPR}, {"_DATE_FMT", _DATE_FMT},
};
Ref f_nl_langinfo(Thread& t, Value, const Value* a) {
  i64 key = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  for (const auto& row : kLangInfo)
    if (row.value == key) return text_of(t, nl_langinfo(nl_item(key)));
  return raise(t, exc::ValueError, "unsupported langinfo constant");
}
Ref f_getencoding(Thread& t, Value, const Value*) {
  const char* codeset = nl_langinfo(CODESET);
  return str_from_ascii(t, codeset == nullptr || *codeset == 0 ? "UTF-8" : codeset);
}

// --- message catalogues
Ref f_gettext(Thread& t, Value, const Value* a) {
  CText message;
  TRY(message.get(t, a[0], "gettext() argument"));
  return text_of(t, gettext(message.c_str()));
}
Result<const char*> domain_argument(Thread& t, Value v, const char* what, CText& text) {
  if (v.is_none()) return static_cast<const char*>(nullptr);
  TRY(text.get(t, v, what));
  return text.c_str();
}
Ref f_dgettext(Thread& t, Value, const Value* a) {
  CText domain, message;
  const char* name = TRY(domain_argument(t, a[0], "dgettext() argument 1", domain));
  TRY(message.get(t, a[1], "dgettext() argument 2"));
  return text_of(t, dgettext(name, message.c_str()));
}
Ref f_dcgettext(Thread& t, Value, const Value* a) {
  CText domain, message;
  const char* name = TRY(domain_argument(t, a[0], "dcgettext() argument 1", domain));
  TRY(message.get(t, a[1], "dcgettext() argument 2"));
  i64 category = TRY(to_i64(t, a[2], "Python int too large to convert to C int"));
  return text_of(t, dcgettext(name, message.c_str(), int(category)));
}
Ref f_textdomain(Thread& t, Value, const Value* a) {
  CText domain;
  const char* name = TRY(domain_argument(t, a[0], "textdomain() argument", domain));
  const char* now = textdomain(name);
  if (now == nullptr) return raise_errno(t, errno);
  return text_of(t, now);
}
Ref f_bindtextdomain(Thread& t, Value, const Value* a) {
  CText domain;
  TRY(domain.get(t, a[0], "bindtextdomain() argument 1"));
  if (*domain.c_str() == 0) return raise(t, g_error, "domain must be a non-empty string");
  PathArgument directory;
  if (!a[1].is_none()) TRY(directory.get(t, a[1], "bindtextdomain", "dir"));
  const char* now = bindtextdomain(domain.c_str(), directory.path);
  if (now == nullptr) return raise_errno(t, errno);
  return text_of(t, now);
}
Ref f_bind_codeset(Thread& t, Value, const Value* a) {
  CText domain, codeset;
  TRY(domain.get(t, a[0], "bind_textdomain_codeset() argument 1"));
  const char* name = TRY(domain_argument(t, a[1], "bind_textdomain_codeset() argument 2", codeset));
  const char* now = bind_textdomain_codeset(domain.c_str(), name);
  if (now == nullptr) return Ref::none();
  return text_of(t, now);
}

const Method kFunctions[] = {
    method("setlocale", f_setlocale, "($module, category, locale=None, /)", "Activates/queries locale processing."),
    method("localeconv", f_localeconv, "($module, /)", "Returns numeric and monetary locale-specific parameters."),
    method("strcoll", f_strcoll, "($module, os1, os2, /)", "Compares two strings according to the locale."),
    method("strxfrm", f_strxfrm, "($module, string, /)", "Return a string that can be used as a key for locale-aware comparisons."),
    method("nl_langinfo", f_nl_langinfo, "($module, key, /)", "Return the value for the locale information associated with key."),
    method("getencoding", f_getencoding, "($module, /)", "Get the current locale encoding."),
    method("gettext", f_gettext, "($module, msg, /)", "gettext(msg) -> string\n\nReturn translation of msg."),
    method("dgettext", f_dgettext, "($module, domain, msg, /)", "dgettext(domain, msg) -> string\n\nReturn translation of msg in domain."),
    method("dcgettext", f_dcgettext, "($module, domain, msg, category, /)", "Return translation of msg in domain and category."),
    method("textdomain", f_textdomain, "($module, domain, /)", "Set the C library's textdmain to domain, returning the new domain."),
    method("bindtextdomain", f_bindtextdomain, "($module, domain, dir, /)", "Bind the C library's domain to dir."),
    method("bind_textdomain_codeset", f_bind_codeset, "($module, domain, codeset, /)", "Bind the C library's domain to codeset."),
    {},
};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_exception(t, module, "locale.Error", exc::Exception, &g_error));
  const struct {
    const char* name;
    int value;
  } categories[] = {{"LC_CTYPE", LC_CTYPE}, {"LC_TIME", LC_TIME}, {"LC_COLLATE", LC_COLLATE}, {"LC_MONETARY", LC_MONETARY},
                    {"LC_MESSAGES", LC_MESSAGES}, {"LC_NUMERIC", LC_NUMERIC}, {"LC_ALL", LC_ALL}, {"CHAR_MAX", CHAR_MAX}};
  for (const auto& row : categories) TRY(module_add_int(t, module, row.name, row.value));
  for (const auto& row : kLangInfo) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module__locale;
const ModuleDef module__locale = {"_locale", "Support for POSIX locales.", kFunctions, initialise};

}  // namespace typhon
