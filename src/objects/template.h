// string.templatelib.Template and Interpolation.
#pragma once
#include "objects/type.h"

namespace typhon {

extern Type* g_template_type;
extern Type* g_interpolation_type;
Status initialise_template(Thread& t);
// For t-strings. conversion: 0 none, 1 's', 2 'r', 3 'a' (or a str); spec EMPTY for "".
Ref interpolation_from_string(Thread& t, Value value, Value expression, Value conversion, Value spec);
Ref template_from_string(Thread& t, Value strings, Value interpolations);

}  // namespace typhon
