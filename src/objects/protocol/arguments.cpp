// Conversions of arguments that many native modules take: texts, paths, time-outs.
#include <cmath>

#include "objects/codecs.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Status Utf8Argument::get(Thread& t, Value v, const char* what) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s must be str, not %T", what, v);
  text = str_utf8(v.as<Str>(), buffer);
  return ok();
}

Ref decode_fs(Thread& t, const char* bytes, size_t n) {
  return decode_utf8(t, reinterpret_cast<const u8*>(bytes), n, "surrogateescape");
}

Ref fs_path_py(Thread& t, Value v) {
  if (is_str(v) || is_bytes(v)) return Ref::copy(v);
  Ref hook = TRY(lookup_special(t, v, names::__fspath__));
  if (hook.is_empty() || hook.get().is_none())
    return raise(t, exc::TypeError, "expected str, bytes or os.PathLike object, not %T", v);
  Ref path = TRY(call(t, hook));
  if (!is_str(path) && !is_bytes(path))
    return raise(t, exc::TypeError, "expected %T.__fspath__() to return str or bytes, not %T", v, path.get());
  return path;
}

Status PathArgument::get(Thread& t, Value v, const char* function, const char* argument) {
  Ref object;
  if (is_str(v) || is_bytes(v)) {
    object = Ref::copy(v);
  } else {
    Ref hook = TRY(lookup_special(t, v, names::__fspath__));
    if (hook.is_empty() || hook.get().is_none())
      return raise(t, exc::TypeError, "%s: %s should be string, bytes or os.PathLike, not %T", function, argument, v);
    object = TRY(fs_path_py(t, v));
  }
  was_bytes = is_bytes(object);
  if (!was_bytes) object = TRY(encode_utf8(t, object.as<Str>(), "surrogateescape"));
  auto* bytes = object.as<Bytes>();
  if (memchr(bytes->data, 0, bytes->size) != nullptr)
    return raise(t, exc::ValueError, was_bytes ? "%s: embedded null byte in %s" : "%s: embedded null character in %s", function, argument);
  path = reinterpret_cast<const char*>(bytes->data);
  size = bytes->size;
  keep = std::move(object);
  return ok();
}

Ref decode_filename(Thread& t, Value v) {
  Ref path = TRY(fs_path_py(t, v));
  if (is_str(path)) return path;
  return decode_fs(t, reinterpret_cast<const char*>(path.as<Bytes>()->data), path.as<Bytes>()->size);
}

Result<i64> to_timeout_ns(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return i64(-1);
  constexpr double kLimit = 9.2e18;
  if (is_float(v)) {
    double seconds = float_value(v);
    if (std::isnan(seconds)) return raise(t, exc::ValueError, "Invalid value NaN (not a number)");
    double ns = std::ceil(seconds * 1e9);
    if (std::fabs(ns) > kLimit) return raise(t, exc::OverflowError, "timestamp too large to convert to C PyTime_t");
    return i64(ns);
  }
  if (!is_int(v) && type_of(v)->slots.index == nullptr)
    return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer or float", v);
  i64 seconds = TRY(to_i64(t, v, "timestamp too large to convert to C PyTime_t"));
  i64 ns;
  if (__builtin_mul_overflow(seconds, i64(1000000000), &ns))
    return raise(t, exc::OverflowError, "timestamp too large to convert to C PyTime_t");
  return ns;
}

}  // namespace typhon
