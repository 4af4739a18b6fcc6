// Codecs that are given by a table: a string or a mapping.
#include "objects/codecs.h"
#include "objects/protocol/protocol.h"

namespace typhon {
namespace {

constexpr const char* kUndefined = "character maps to <undefined>";

// Appends what the byte maps to; false when it maps to nothing.
Result<bool> append_decoded(Thread& t, StrBuilder& out, Value mapping, u8 byte) {
  Ref found = get_item(t, mapping, Value::small_int(byte));
  if (found.failed()) {
    if (clear_if(t, exc::LookupError)) return false;
    return Raised{};
  }
  if (found.get().is_none()) return false;
  if (is_int(found)) {
    i64 c;
    if (!int_fits_i64(found, &c) || c < 0 || c > 0x10FFFF)
      return raise(t, exc::TypeError, "character mapping must be in range(0x110000)");
    if (c == 0xFFFE) return false;
    out.append(u32(c));
    return true;
  }
  if (is_str(found)) {
    Str* text = found.as<Str>();
    if (text->length() == 1 && text->at(0) == 0xFFFE) return false;
    out.append(text);
    return true;
  }
  return raise(t, exc::TypeError, "character mapping must return integer, None or str");
}

Result<bool> append_encoded(Thread& t, ByteBuilder& out, Value mapping, u32 c) {
  Ref found = get_item(t, mapping, Value::small_int(c));
  if (found.failed()) {
    if (clear_if(t, exc::LookupError)) return false;
    return Raised{};
  }
  if (found.get().is_none()) return false;
  if (is_int(found)) {
    i64 byte;
    if (!int_fits_i64(found, &byte) || byte < 0 || byte > 255)
      return raise(t, exc::TypeError, "character mapping must be in range(256)");
    out.append(u8(byte));
    return true;
  }
  if (is_bytes(found)) {
    out.append(found.as<Bytes>()->data, found.as<Bytes>()->size);
    return true;
  }
  return raise(t, exc::TypeError, "character mapping must return integer, bytes or None, not %T", found.get());
}

}  // namespace

Ref decode_charmap(Thread& t, const u8* data, size_t n, const char* errors, Value mapping) {
  if (mapping.is_empty() || mapping.is_none()) return decode_latin1(t, data, n);
  StrBuilder out;
  DecodeErrorState exception;
  Str* table = is_str(mapping) ? mapping.as<Str>() : nullptr;
  for (size_t i = 0; i < n;) {
    if (table != nullptr) {
      u32 c = data[i] < table->length() ? table->at(data[i]) : 0xFFFE;
      if (c != 0xFFFE) {
        out.append(c);
        i++;
        continue;
      }
    } else if (TRY(append_decoded(t, out, mapping, data[i]))) {
      i++;
      continue;
    }
    ErrorAction action;
    TRY(decode_error(t, errors, "charmap", kUndefined, data, n, i, i + 1, exception, &action));
    out.append(action.replacement.as<Str>());
    i = action.position;
  }
  return out.finish(t);
}

Ref encode_charmap(Thread& t, Str* s, const char* errors, Value mapping) {
  if (mapping.is_empty() || mapping.is_none()) return encode_latin1(t, s, errors);
  ByteBuilder out;
  Ref exception;
  size_t n = s->length();
  for (size_t i = 0; i < n;) {
    if (TRY(append_encoded(t, out, mapping, s->at(i)))) {
      i++;
      continue;
    }
    // All unmappable characters that follow are one error.
    size_t end = i + 1;
    ByteBuilder ignored;
    while (end < n && !TRY(append_encoded(t, ignored, mapping, s->at(end)))) end++;
    ErrorAction action;
    TRY(encode_error(t, errors, "charmap", kUndefined, s, i, end, exception, &action));
    if (is_bytes(action.replacement)) {
      out.append(action.replacement.as<Bytes>()->data, action.replacement.as<Bytes>()->size);
    } else {
      Str* text = action.replacement.as<Str>();
      for (size_t k = 0; k < text->length(); k++)
        if (!TRY(append_encoded(t, out, mapping, text->at(k))))
          return raise_encode_error(t, "charmap", kUndefined, s, i, end);
    }
    i = action.position;
  }
  return out.finish(t);
}

Ref build_charmap(Thread& t, Str* map) {
  RefTo<Dict> result = TRY(dict_new(t, map->length()));
  for (size_t i = 0; i < map->length(); i++) {
    if (map->at(i) == 0xFFFE) continue;
    TRY(dict_set_py(t, result.get(), Value::small_int(map->at(i)), Value::small_int(i64(i))));
  }
  return result;
}

}  // namespace typhon
