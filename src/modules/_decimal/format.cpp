// Decimal.__format__.
#include <cwchar>
#include <string>

#include "modules/_decimal/decimal.h"
#include "objects/protocol/services.h"

namespace typhon::decimal {

namespace {

// A separator of the locale as UTF-8. `text` has its bytes in the locale's encoding.
struct Separator {
  char utf8[32];
  const char* set(const char* text) {
    bool ascii = true;
    for (const char* c = text; *c != 0; c++) ascii &= static_cast<unsigned char>(*c) < 128;
    wchar_t wide[8];
    size_t n;
    if (ascii || (n = mbstowcs(wide, text, 8)) == size_t(-1) || n == 8) return text;
    char* at = utf8;
    for (size_t i = 0; i < n; i++) at += encode(u32(wide[i]), at);
    *at = 0;
    return utf8;
  }
  static size_t encode(u32 c, char* out) {
    if (c < 0x80) {
      out[0] = char(c);
      return 1;
    }
    size_t extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr u8 kLead[] = {0, 0xC0, 0xE0, 0xF0};
    for (size_t i = extra; i > 0; i--, c >>= 6) out[i] = char(0x80 | (c & 0x3F));
    out[0] = char(kLead[extra] | c);
    return extra + 1;
  }
};

// decimal_point, thousands_sep and grouping of a dict, in place of the locale's.
struct Override {
  Utf8Argument fields[3];
  Ref values[3];
  Status apply(Thread& t, Value dict, mpd_spec_t* spec) {
    constexpr const char* kKeys[] = {"decimal_point", "thousands_sep", "grouping"};
    const char** places[] = {&spec->dot, &spec->sep, &spec->grouping};
    if (!is_dict(dict)) return raise(t, exc::TypeError, "optional argument must be a dict");
    for (int i = 0; i < 3; i++) {
      RefTo<Str> key = TRY(str_from_ascii(t, kKeys[i]));
      values[i] = TRY(dict_get_py(t, dict.as<Dict>(), key));
      if (values[i].is_empty()) continue;
      if (!is_str(values[i])) return raise(t, exc::ValueError, "invalid override dict");
      TRY(fields[i].get(t, values[i], kKeys[i]));
      text[i].assign(fields[i].text);
      *places[i] = text[i].c_str();
    }
    if (mpd_validate_lconv(spec) < 0) return raise(t, exc::ValueError, "invalid override dict");
    return ok();
  }
  std::string text[3];
};

// What libmpdec's mini-language lacks (underscores, groups of fractional digits): the Python implementation formats it.
Ref format_in_python(Thread& t, Value self, Value spec, Value context) {
  Ref module = TRY(import_module(t, "_pydecimal"));
  Ref cls = TRY(get_attribute_utf8(t, module, "Decimal"));
  RefTo<Str> text = TRY(decimal_str(t, number_of(self), true));
  Ref number = TRY(call_with(t, cls, text));
  Ref format = TRY(get_attribute_utf8(t, number, "__format__"));
  Ref result = call_with(t, format, spec, context);
  if (result.failed() && clear_if(t, exc::ValueError)) return raise(t, exc::ValueError, "invalid format string");
  return result;
}

Ref replace_fill(Thread& t, const Str* s) {
  StrBuilder out;
  for (size_t i = 0; i < s->length(); i++) out.append(s->at(i) == '_' ? 0 : s->at(i));
  return out.finish(t);
}

}  // namespace

Ref decimal_format(Thread& t, Value self, const Value* a) {
  Ref context = TRY(current_decimal_context(t));
  auto* c = context_of(context);
  if (!is_str(a[0])) return raise(t, exc::TypeError, "format arg must be str");
  Utf8Argument given;
  TRY(given.get(t, a[0], "format arg"));
  std::string format(given.text);
  // A fill character of NUL would end the text.
  bool nul_fill = format.size() >= 2 && format[0] == 0;
  if (nul_fill) format[0] = '_';
  bool old_type = !format.empty() && format.back() == 'N';
  bool by_locale = old_type || (!format.empty() && format.back() == 'n');
  if (old_type) TRY(warn(t, exc::DeprecationWarning, 1, "Format specifier 'N' is deprecated and slated for removal in Python 3.18"));

  mpd_spec_t spec;
  if (format.find('\0') != std::string::npos || !mpd_parse_fmt_str(&spec, format.c_str(), c->capitals))
    return format_in_python(t, self, a[0], context);
  Separator dot, separator;
  Override override;
  if (!a[1].is_empty()) {
    TRY(override.apply(t, a[1], &spec));
  } else if (by_locale) {
    spec.dot = dot.set(spec.dot);
    spec.sep = separator.set(spec.sep);
    if (mpd_validate_lconv(&spec) < 0) return raise(t, exc::ValueError, "invalid override dict");
  }
  mpd_context_t settings = settings_of(c);
  u32 status = 0;
  char* text = mpd_qformat_spec(number_of(self), &spec, &settings, &status);
  if (text == nullptr) {
    if (status & MPD_Malloc_error) return raise_no_memory(t);
    return raise(t, exc::ValueError, "format specification exceeds internal limits of _decimal");
  }
  RefTo<Str> result = str_from_utf8(t, text);
  mpd_free(text);
  if (result.failed() || !nul_fill) return result;
  return replace_fill(t, result.get());
}

}  // namespace typhon::decimal
