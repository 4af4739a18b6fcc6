// Shapes (hidden classes): class plus attribute layout of an object.
//
// A shape is append-only knowledge: under one shape a slot never changes meaning. Adding an attribute moves the object
// to a child shape (transition). Slots 0..inline_capacity-1 lie in the object, further ones in an overflow body. Deleting one
// of the last attributes moves an object that nobody else reads to the shape without it. Deleting another one, __dict__ access,
// more than kMaxSlots attributes, or non-interned keys move the object to DICTIONARY MODE: the class's dict_shape; the storage word
// then holds a real Dict.
//
// Instances of native types with attributes (subclasses of list, functions, modules...) carry the storage word and inline slots behind
// their native part, at slots_offset (0: the native part has variable size; see instance_storage).
#pragma once
#include "heap/field.h"

namespace typhon {

struct Type;
struct Str;

// How the heap and the VM treat the native part of an object; one per native type, inherited by Python subclasses.
struct Layout {
  const char* name;
  u32 basic_size;                                // bytes of the native part, header included
  u32 item_size;                                 // bytes per item of variable-size objects, else 0
  void (*visit)(Object* self, Visitor& visitor);         // native Field slots; null when there are none
  void (*release)(Thread& t, Object* self);              // frees what is not a Field; null when nothing
  size_t (*native_size)(const Object* self);             // of variable-size objects, else null
  void (*finalise)(Thread& t, Object* self);  // native finaliser that may run Python code (generator close); may be null
  // Optional, for the types that die most: drops the Fields of the native part and does what `release` does. False: a finaliser
  // has work to do first, and nothing was done.
  bool (*dispose)(Thread& t, Object* self) = nullptr;
};

// Layout::dispose of a type whose native Fields are `count` in a row.
template <u32 offset, u32 count>
bool dispose_fields(Thread&, Object* self) {
  Field* fields = reinterpret_cast<Field*>(reinterpret_cast<char*>(self) + offset);
  for (u32 i = 0; i < count; i++) drop_field(fields[i]);
  return true;
}

// Whether object_model::dispose may try, and what it has to drop. kInline: the inline slots only, while the storage word is EMPTY.
// kText: nothing, unless it is interned. kLeaf: nothing.
enum class Disposal : u8 { kNever, kNative, kSlots, kInline, kTuple, kList, kText, kLeaf };

struct Shape {
  Type* type;            // DEFERRED or IMMORTAL, so not counted
  const Layout* layout;
  u32 id;
  u32 parent;            // shape without the last attribute; 0 for a root shape
  Str* key;              // the attribute that this shape adds (interned), null for a root shape
  u16 slot_count;        // attributes present = slots in use
  u16 inline_capacity;   // slots inside the object
  u16 slots_offset;      // of the storage word from the object's start; inline slots follow it. 0: none, or see flags
  u8 flags;
  Disposal disposal;
  u32 version;           // the type's version as of the last update; 0 = type modified since: caches must not trust it
  u32 cached_slots;      // CachedSlots: whether inline caches know slots of it
  struct ShapeTransitions* transitions;  // children and the key index, owned by shape.cpp
  u64 native_kinds;      // bit k: instances are instances of the core type with the fixed shape id k (objects/types.h)
};
static_assert(sizeof(Shape) == 64, "looked up by id in every inline cache");

// An inline cache for a slot compares the shape only: what a class says of the name was looked at when the cache was filled. A class
// that comes to say something else makes the caches forget the slots of its shapes first (forget_cached_slots, type.cpp).
namespace CachedSlots {
inline constexpr u32 kNone = 0, kSome = 1, kDoomed = 2;
}

namespace shape_flag {
inline constexpr u8 kDictMode = 1;       // the storage word holds a Dict
inline constexpr u8 kHasAttributes = 2;  // instances have __dict__ (attributes can be added)
inline constexpr u8 kVariable = 4;       // storage lies behind variable-size native data
inline constexpr u8 kFinaliser = 8;      // destroying runs Python code
inline constexpr u8 kTracked = 16;       // instances are allocated tracked
}  // namespace shape_flag

inline constexpr u32 kMaxSlots = 64;

// Shapes live in one reserved address range; ids index it and are never reused (R14).
extern Shape* g_shapes;
TYPHON_INLINE Shape* shape_at(u32 id) { return g_shapes + id; }
// Acquire: another thread may have made the shape just now, and stored its id in the object with release.
TYPHON_INLINE Shape* shape_of(const Object* object) {
  return shape_at(__atomic_load_n(&object->shape, __ATOMIC_ACQUIRE));
}

// Records of inline caches (interpreter/attribute_cache.h), a list by number, hang on the shape they are for until its type changes.
// Adds `record`, whose link is `*next`; false: the type has another version than `version` by now, and it was not added.
bool add_shape_record(Shape* shape, u32 version, u32 record, u32* next);
// Called with the first of a list whose type changed; from then on none of them may be trusted.
extern void (*g_forget_records)(u32 first);
// Called by a cache that is about to know a slot of `shape`, as a look-up at `version` found it; false: the type has changed since. The
// caller writes the cache before it reaches a safepoint.
bool note_cached_slot(Shape* shape, u32 version);
// Makes all inline caches forget the slots of the shapes that are kDoomed. Stops the world.
extern void (*g_forget_doomed_slots)(Thread& t);

void initialise_shapes();
// A new root shape for a type. Fixed ids for core types: see CoreShape in types.h.
Shape* new_root_shape(Type* type, const Layout* layout, u16 inline_capacity, u16 slots_offset, u8 flags, u32 fixed_id = 0);
// The slot of `key` under `shape`, or -1. Lock-free.
int find_slot(const Shape* shape, const Str* interned_key);
// The child shape that adds `key`, made when needed (takes the shape mutex); null when kMaxSlots is reached.
Shape* add_slot_transition(Thread& t, Shape* shape, Str* interned_key);

// --- attribute storage of an instance
// The storage word: an overflow Body's address while in slot mode (or EMPTY), the Dict in dictionary mode.
Field* storage_word(Object* object);
// The slot's Field (inline or in the overflow body), null when the overflow array is not there (a racing change).
Field* slot_field(Object* object, const Shape* shape, u32 slot);

// --- operations on instance attributes proper (no descriptors, no class lookup)
// EMPTY when absent.
Ref get_own_attribute(Thread& t, Object* object, Str* key);
Status set_own_attribute(Thread& t, Object* object, Str* key, Value value);
// False when absent (no exception).
Result<bool> delete_own_attribute(Thread& t, Object* object, Str* key);
// The instance's __dict__ as a real dict (moves the object to dictionary mode). EMPTY when the type has none.
Ref instance_dict(Thread& t, Object* object);
Status set_instance_dict(Thread& t, Object* object, Value dict);
// Snapshot of the names present, in insertion order; without converting the object.
bool has_instance_dict(const Object* object);

}  // namespace typhon
