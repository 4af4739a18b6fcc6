// The message formatter behind raise() and str_format(): a printf subset plus directives for Python values (exceptions.h).
#include <charconv>
#include <cstdarg>

#include "objects/protocol/protocol.h"

namespace typhon {

RefTo<Str> str_vformat(Thread& t, const char* format, va_list arguments) {
  StrBuilder out;
  auto put_number = [&out](auto n, int base) {
    char digits[24];
    char* end = std::to_chars(digits, digits + sizeof digits, n, base).ptr;
    out.append_ascii({digits, size_t(end - digits)});
  };
  for (const char* p = format; *p != 0; p++) {
    if (*p != '%') {
      const char* start = p;
      while (p[1] != 0 && p[1] != '%') p++;
      out.append_utf8({start, size_t(p + 1 - start)});
      continue;
    }
    p++;
    while ((*p >= '0' && *p <= '9') || *p == '.') p++;  // widths and limits of printf: accepted, not needed
    bool wide = false;
    while (*p == 'l' || *p == 'z') {
      wide = true;
      p++;
    }
    switch (*p) {
      case '%': out.append('%'); break;
      case 's': {
        const char* text = va_arg(arguments, const char*);
        out.append_utf8(text != nullptr ? text : "(null)");
        break;
      }
      case 'c': out.append(u32(va_arg(arguments, int))); break;
      case 'd':
      case 'i':
        put_number(wide ? va_arg(arguments, i64) : va_arg(arguments, int), 10);
        break;
      case 'u':
        put_number(va_arg(arguments, u64), 10);
        break;
      case 'x':
        put_number(va_arg(arguments, u64), 16);
        break;
      case 'S': {
        RefTo<Str> text = TRY(object_str(t, Value(va_arg(arguments, u64))));
        out.append(text.get());
        break;
      }
      case 'R': {
        RefTo<Str> text = TRY(object_repr(t, Value(va_arg(arguments, u64))));
        out.append(text.get());
        break;
      }
      case 'A': {
        RefTo<Str> text = TRY(object_ascii(t, Value(va_arg(arguments, u64))));
        out.append(text.get());
        break;
      }
      case 'Q': {
        Value v(va_arg(arguments, u64));
        out.append_utf8(v.is_none() ? "None" : type_name(v));
        break;
      }
      case 'T': out.append_utf8(type_name(Value(va_arg(arguments, u64)))); break;
      case 'N': out.append_utf8(va_arg(arguments, Type*)->name_utf8()); break;
      case 'U': out.append(va_arg(arguments, Str*)); break;
      case 'V': out.append(Value(va_arg(arguments, u64)).as<Str>()); break;
      default: CHECK(!"unknown directive in a message format");
    }
  }
  return out.finish(t);
}

RefTo<Str> str_format(Thread& t, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  RefTo<Str> text = str_vformat(t, format, arguments);
  va_end(arguments);
  return text;
}

}  // namespace typhon
