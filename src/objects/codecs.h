// Encoding and decoding: native codecs, the registry of codecs (Python's `encodings` package), and error handlers.
#pragma once
#include "objects/byte_builder.h"

namespace typhon {

// --- for everyone
// Native codecs first, the registry otherwise. Null encoding: UTF-8; null errors: "strict". The result is a str / bytes.
Ref decode_bytes(Thread& t, const u8* data, size_t n, const char* encoding, const char* errors);
Ref encode_str(Thread& t, Str* s, const char* encoding, const char* errors);
// The same for arguments as programs give them: a bytes-like object; encoding and errors str or EMPTY (checked).
// Names are looked up only when they are needed, but always when g_check_codec_names is set (development mode).
extern bool g_check_codec_names;
Ref decode_object(Thread& t, Value bytes_like, Value encoding, Value errors);
Ref encode_object(Thread& t, Str* s, Value encoding, Value errors);

Ref decode_utf8(Thread& t, const u8* data, size_t n, const char* errors = nullptr);
// Leaves an incomplete sequence at the end alone: *consumed tells how far it got.
Ref decode_utf8_stateful(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed);
// The character of \N{name}; kNoCharacter when none has that name (sequences have none). UnicodeError without the module unicodedata.
inline constexpr u32 kNoCharacter = 0xFFFFFFFF;
Result<u32> named_character(Thread& t, std::string_view name);
Ref encode_utf8(Thread& t, Str* s, const char* errors = nullptr);

// --- native codecs; `consumed` null: the input is complete (final)
Ref decode_ascii(Thread& t, const u8* data, size_t n, const char* errors);
Ref decode_latin1(Thread& t, const u8* data, size_t n);
// The name of an encoding or of an error handler, a str or EMPTY: UnicodeEncodeError or ValueError when no C string can hold it.
Status check_codec_name(Thread& t, Value name);
Ref encode_ascii(Thread& t, Str* s, const char* errors);
Ref encode_latin1(Thread& t, Str* s, const char* errors);
// byte_order: -1 little, +1 big, 0 by byte order mark (native without one). After decoding it tells what was found.
Ref decode_utf16(Thread& t, const u8* data, size_t n, const char* errors, int* byte_order, size_t* consumed);
Ref decode_utf32(Thread& t, const u8* data, size_t n, const char* errors, int* byte_order, size_t* consumed);
Ref encode_utf16(Thread& t, Str* s, const char* errors, int byte_order);  // 0: native with a mark
Ref encode_utf32(Thread& t, Str* s, const char* errors, int byte_order);
Ref decode_utf7(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed);
Ref encode_utf7(Thread& t, Str* s, const char* errors);
Ref decode_unicode_escape(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed);
Ref encode_unicode_escape(Thread& t, Str* s);
Ref decode_raw_unicode_escape(Thread& t, const u8* data, size_t n, const char* errors, size_t* consumed);
Ref encode_raw_unicode_escape(Thread& t, Str* s);
Ref decode_charmap(Thread& t, const u8* data, size_t n, const char* errors, Value mapping);  // EMPTY or None: Latin-1
Ref encode_charmap(Thread& t, Str* s, const char* errors, Value mapping);
Ref build_charmap(Thread& t, Str* map);  // _codecs.charmap_build
// bytes literals' escapes (_codecs.escape_decode)
Ref decode_bytes_escape(Thread& t, const u8* data, size_t n, const char* errors);

// --- registry
Status codec_register(Thread& t, Value search_function);
Status codec_unregister(Thread& t, Value search_function);
Ref codec_lookup(Thread& t, Str* encoding);  // CodecInfo; LookupError "unknown encoding: X"
Ref codec_encode(Thread& t, Value object, Str* encoding, Value errors);  // errors: str or EMPTY
Ref codec_decode(Thread& t, Value object, Str* encoding, Value errors);
Status codec_register_error(Thread& t, Str* name, Value handler);
Result<bool> codec_unregister_error(Thread& t, Str* name);
Ref codec_lookup_error(Thread& t, Str* name);  // the handler; LookupError "unknown error handler name 'X'"

// --- error handling for codec implementations
// How a codec's errors argument is to be handled; kOther goes through the registry.
enum class ErrorMode : u8 {
  kStrict, kIgnore, kReplace, kXmlCharRef, kBackslash, kSurrogateEscape, kSurrogatePass, kNameReplace, kOther
};
ErrorMode parse_error_mode(const char* errors);

// The replacement an error handler gave, and where to go on. `replacement` is a str (or bytes, when encoding).
struct ErrorAction {
  Ref replacement;
  size_t position;
};
// Calls the handler for data[start:end]. Raises what it raises, and checks what it returns. The exception object is made
// on the first call and reused: keep `exception` over the codec's run.
// `multibyte`: what the handler returns is checked as the multibyte codecs do.
// A handler that decodes may give the exception another object: then that is the input from there on (not of the multibyte codecs).
struct DecodeErrorState {
  Ref exception;
  Ref input;  // what the exception showed last
};
Status decode_error(Thread& t, const char* errors, const char* encoding, const char* reason, const u8*& data, size_t& n,
                    size_t start, size_t end, DecodeErrorState& state, ErrorAction* action, bool multibyte = false);
Status encode_error(Thread& t, const char* errors, const char* encoding, const char* reason, Str* s, size_t start,
                    size_t end, Ref& exception, ErrorAction* action, bool multibyte = false);
Raised raise_decode_error(Thread& t, const char* encoding, const char* reason, const u8* data, size_t n, size_t start,
                          size_t end);
Raised raise_encode_error(Thread& t, const char* encoding, const char* reason, Str* s, size_t start, size_t end);

}  // namespace typhon
