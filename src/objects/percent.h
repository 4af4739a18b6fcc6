// %-formatting of bytes and bytearray (str's is a slot of str).
#pragma once
#include "objects/containers.h"

namespace typhon {

// The result is a bytes.
RefTo<Bytes> percent_format_bytes(Thread& t, const u8* format, size_t n, Value arguments);

}  // namespace typhon
