// The format specification mini-language: what str, int, float and complex do in __format__.
#pragma once
#include "objects/str.h"

namespace typhon {

// `v` is an instance of the type in question; an empty spec must have been handled by the caller or gives str(v).
Ref format_str(Thread& t, Value v, Str* spec);
Ref format_int(Thread& t, Value v, Str* spec);
Ref format_float(Thread& t, Value v, Str* spec);
Ref format_complex(Thread& t, Value v, Str* spec);

}  // namespace typhon
