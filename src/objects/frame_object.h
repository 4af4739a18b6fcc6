// Between frame_object.cpp and frame_locals.cpp.
#pragma once
#include "objects/function.h"

namespace typhon {

namespace types {
extern Type* frame_locals_proxy;
}
Status initialise_frame_types(Thread& t);

inline Code* frame_code(FrameObject* f) { return f->code_field.as<Code>(); }
// Register `i` of a frame, live or finished, cells looked through when `through_cell`: owned, EMPTY when unbound.
Ref frame_register(Thread& t, FrameObject* f, u32 i, bool through_cell);
// Binds variable `i` (or the contents of its cell).
Status set_frame_register(Thread& t, FrameObject* f, u32 i, Value value);
Ref frame_locals_proxy_new(Thread& t, FrameObject* f);
// The generator whose frame this is, live; null otherwise.
Generator* frame_generator(FrameObject* f);

// f_lineno = value, from a trace function; ValueError when that line cannot be jumped to. interpreter/frame_jump.cpp.
Status set_frame_line(Thread& t, FrameObject* f, Value value);

}  // namespace typhon
