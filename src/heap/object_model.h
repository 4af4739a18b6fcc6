// What the heap (destruction, publication, collector, reclaiming) asks of the object layer. Declared here because heap/ lies
// below objects/; implemented in objects/shape.cpp and objects/weakref.cpp.
#pragma once
#include "heap/field.h"

namespace typhon::object_model {

// Visits every reference slot of an object: native fields, instance attributes, overflow. Runs no Python code. While a
// generator runs, its registers are not visited (its frame is scanned as a stack instead).
void visit(Object* object, Visitor& visitor);
// The class of an object with this shape (an edge that instances do not count: R14), null for bodies.
Object* type_of_shape(u32 shape);
// Whether destroying runs Python code (__del__, generator close).
bool has_finaliser(Object* object);
// Of objects that die together, those of a low rank are finalised first. A stream that others write through has a higher one than
// they, so that what they hold back is written while that is possible; everything else has 0. Instances of subclasses have their
// class's; `type` is immortal.
u32 finaliser_rank(Object* object);
void set_finaliser_rank(Object* type, u32 rank);
// Calls it. Exceptions go to sys.unraisablehook. Sets state::kFinalized first.
void run_finaliser(Thread& t, Object* object);
// Both of visit-and-drop and release_native in one go, for a dying object that needs nothing else: no finaliser to run, no weakrefs.
// False: it may, and nothing was done. May run Python code (of what dies with it).
bool dispose(Thread& t, Object* object);
// The same for an object of which nothing but the block is left when its references are dropped, as long as nothing dies by that. False:
// not done, or not all of it.
bool dispose_quickly(Thread& t, Object* object);
// DEFERRED objects are about to be freed: empties the caches that know names by their address.
void forget_addresses();
// A DEFERRED object was found to be garbage, but a table that finds objects by their value (of interned strings) may still lead to
// it. The first: look-ups from now on are noted. The second, before it is freed: false when there was one, so that the object
// stays; otherwise no table has it any more. The world is stopped in both.
void watch_tables(Object* object);
bool leave_tables(Object* object);
// Frees what is not a Field: malloc'ed memory, descriptors, storage bodies. The slots have been cleared. No Python code.
void release_native(Thread& t, Object* object);
// Detaches all weakrefs of a dying object (state::kHasSideTable); those with callbacks are pushed to `callbacks`
// (weakref objects). No Python code; may be called with the world stopped.
void clear_weakrefs(Thread& t, Object* object, RootedVector& callbacks);
// Calls the callbacks of cleared weakrefs. Runs Python code.
void run_weakref_callbacks(Thread& t, RootedVector& callbacks);
// The weakrefs pointing at an object, for publication (R5): calls f for each weakref object.
void for_each_weakref(Object* object, void (*f)(Object* weakref, void* context), void* context);
bool weakref_has_callback(Object* weakref);
// Visits the words of per-thread Python state and all runtime tables that are strong roots besides GlobalRoots.
void visit_runtime_roots(Visitor& visitor);

// The object that a weakref object refers to, null for all others: a weakref that is published takes its referent along (R5).
// heap/ownership.cpp has weak definitions of these two (null, true), which the object layer should replace.
Object* weak_referent(Object* object);
// False when no object with this shape ever has a reference slot (str, float, bytes...): the collector then skips them.
bool may_have_slots(u32 shape);

}  // namespace typhon::object_model
