// string.templatelib.Template and Interpolation (PEP 750).
#pragma once
#include "objects/type.h"

namespace typhon {

extern Type* g_template_type;
extern Type* g_interpolation_type;

// What a t-string makes: one string more than interpolations.
Ref template_new(Thread& t, Value strings, Value interpolations);
// conversion: None or one of the strings "s", "r", "a".
Ref interpolation_new(Thread& t, Value value, Value expression, Value conversion, Value format_spec);
Status initialise_template(Thread& t);

}  // namespace typhon
