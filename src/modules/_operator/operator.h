// Shared between the files of _operator.
#pragma once
#include "objects/container_util.h"
#include "objects/module.h"

namespace typhon {

extern Type *g_itemgetter_type, *g_attrgetter_type, *g_methodcaller_type;
extern const TypeSpec spec_itemgetter, spec_attrgetter, spec_methodcaller;

}  // namespace typhon
