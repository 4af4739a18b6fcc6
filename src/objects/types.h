// The core types by name: types::list, kShape_list, is<List>, is_exact<List>. Generated from types.def.
#pragma once
#include "objects/type.h"

namespace typhon {

#define TYPE(id, cpp, name) struct cpp;
#include "objects/types.def"
#undef TYPE

// Fixed shape ids: 0 is dead memory, 1 a storage body.
enum CoreShape : u32 {
  kShapeDead = 0,
  kShapeBody = 1,
#define TYPE(id, cpp, name) kShape_##id,
#include "objects/types.def"
#undef TYPE
  kFirstDynamicShape
};

namespace types {
#define TYPE(id, cpp, name) extern Type* id;
#include "objects/types.def"
#undef TYPE
}  // namespace types

// What each core type is made from; defined in the type's own file (declared here so that the constants have linkage).
#define TYPE(id, cpp, name) extern const TypeSpec spec_##id;
#include "objects/types.def"
#undef TYPE

// Exactly that class: one compare on the header.
TYPHON_INLINE bool is_exact(Value v, CoreShape shape) {
  return v.is_object() && v.object()->shape_id() == u32(shape);
}

// Instances of a type or of its subclasses; native types only (walks the base chain, which is short).
bool is_native_instance(Value v, const Type* type);
// The same for a core type, in a few loads.
static_assert(kFirstDynamicShape <= 64, "a bit each in Shape::native_kinds");
TYPHON_INLINE bool is_kind(Value v, CoreShape exact) {
  if (!v.is_object()) return false;
  if (v.object()->shape_id() == u32(exact)) [[likely]] return true;
  return shape_of(v.object())->native_kinds >> u32(exact) & 1;
}
#define TYPHON_DEFINE_IS(id)                                                             \
  TYPHON_INLINE bool is_##id(Value v) { return is_kind(v, kShape_##id); }     \
  TYPHON_INLINE bool is_exact_##id(Value v) { return is_exact(v, kShape_##id); }
TYPHON_DEFINE_IS(type)
TYPHON_DEFINE_IS(str)
TYPHON_DEFINE_IS(bytes)
TYPHON_DEFINE_IS(bytearray)
TYPHON_DEFINE_IS(tuple)
TYPHON_DEFINE_IS(list)
TYPHON_DEFINE_IS(dict)
TYPHON_DEFINE_IS(set)
TYPHON_DEFINE_IS(frozenset)
TYPHON_DEFINE_IS(slice)
TYPHON_DEFINE_IS(range)
TYPHON_DEFINE_IS(complex_)
TYPHON_DEFINE_IS(code)
TYPHON_DEFINE_IS(function)
TYPHON_DEFINE_IS(cell)
TYPHON_DEFINE_IS(method)
TYPHON_DEFINE_IS(module)
TYPHON_DEFINE_IS(generator)
TYPHON_DEFINE_IS(coroutine)
TYPHON_DEFINE_IS(async_generator)
TYPHON_DEFINE_IS(frame)
TYPHON_DEFINE_IS(traceback)
TYPHON_DEFINE_IS(property)
TYPHON_DEFINE_IS(memoryview)
TYPHON_DEFINE_IS(builtin_function)
TYPHON_DEFINE_IS(BaseException)
// int including bool and subclasses; float including subclasses: see int.h and float.h (immediates).
#undef TYPHON_DEFINE_IS

// Makes all core types in the order of types.def. Called once at start-up.
Status initialise_types(Thread& t);

}  // namespace typhon
