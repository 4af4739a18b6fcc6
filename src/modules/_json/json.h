// Between scanner.cpp and encoder.cpp.
#pragma once
#include "objects/module.h"

namespace typhon::json {

// Scanner, the class behind json.scanner.c_make_scanner; scanstring().
extern const TypeSpec kScannerSpec;
extern Type* g_scanner_type;
Ref scan_string(Thread& t, Value self, const Value* a);

// Encoder, the class behind json.encoder.c_make_encoder; encode_basestring() and encode_basestring_ascii().
extern const TypeSpec kEncoderSpec;
extern Type* g_encoder_type;
Ref encode_basestring(Thread& t, Value self, const Value* a);
Ref encode_basestring_ascii(Thread& t, Value self, const Value* a);

// How deep containers nest at most: a stack of any size takes that many levels, so that the limit is the same on all threads
// that have a stack of the default size.
inline constexpr u32 kMaxDepth = 100'000;
// The check at the start of each container; `depth` counts those that are open.
TYPHON_INLINE Status enter_container(Thread& t, u32 depth, const char* where) {
  if (depth > kMaxDepth) [[unlikely]] return native_stack_exhausted(t, where);
  TRY(enter_native(t, where));
  return safepoint(t);
}

// Eight bytes of text at once. The high bit of each byte of the result is set where the byte is below 0x20, a quote or a
// backslash; above the first such byte there may be false alarms (borrows), so the byte itself is looked at again.
TYPHON_INLINE u64 special_bytes(u64 x) {
  constexpr u64 kOnes = 0x0101010101010101;
  u64 quote = x ^ (kOnes * '"'), backslash = x ^ (kOnes * '\\');
  return ((x - kOnes * 0x20) & ~x) | ((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash);
}
inline constexpr u64 kHighBits = 0x8080808080808080;
TYPHON_INLINE u64 load_eight(const u8* p) {
  u64 x;
  std::memcpy(&x, p, 8);
  return x;
}

}  // namespace typhon::json
