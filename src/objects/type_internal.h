// Shared between shape.cpp, type*.cpp, native_function.cpp and protocol/attribute.cpp; nobody else includes it.
#pragma once
#include "objects/function.h"

namespace typhon {

// --- shapes
// Layouts of the core shapes, so that objects made before their types (names, dicts) can be visited.
void wire_core_shapes();
Field* storage_word_of(Object* object, const Shape* shape);
// The __slots__ members of an instance (type->member_slots of them).
Field* member_fields(Object* object, const Shape* shape);
// The class's shape for dictionary mode, made on first use.
Shape* dictionary_shape(Thread& t, Type* type);
// Mirrors version and finaliser into all shapes of the type.
void update_shapes_of(Type* type, u32 version, bool finaliser);
// Dooms what inline caches know of slots of the type's shapes: of all shapes, or of those with the attribute `name`. False: nothing.
bool doom_cached_slots(Type* type, const Str* name);
void end_doom(Type* type);

// --- the slot table (type_slots.cpp)
enum class SlotKind : u8 {
  kUnary,
  kBinary,
  kBinaryReflected,
  kInplace,
  kTernary,
  kTernaryReflected,
  kCompare,
  kHash,
  kLength,
  kTest,
  kContains,
  kGetAttribute,
  kGetAttrHook,
  kSetAttribute,
  kDelAttribute,
  kSetItem,
  kDelItem,
  kCall,
  kDescriptorGet,
  kDescriptorSet,
  kDescriptorDelete,
  kNext,
  kInit,
  kRepeat,
  kRepeatReflected,
  kNew,
  kFinaliser,
  kGetBuffer,
  kReleaseBuffer,
};
struct SlotDefinition {
  Str* const* name;
  const char* text;
  u16 offset;  // of the function pointer in Slots
  SlotKind kind;
  CompareOp op;     // kCompare
  void* generic;    // the function that looks the dunder up; rows of one slot share it
  const char* doc;  // "($self, value, /)\n--\n\nReturn self+value."
};
extern const SlotDefinition kSlotTable[];
extern const u32 kSlotTableSize;

// Calls the wrapped slot: `int.__add__(self, value)`. self fits the owner.
Ref call_slot_wrapper(Thread& t, NativeDescriptor* descriptor, Value self, Args args);
// Adds a wrapper_descriptor for each slot the native type fills itself, and __new__.
Status add_slot_wrappers(Thread& t, Type* type, const Slots& own);
// How many that are, at most.
u32 count_slot_wrappers(const Slots& own);
// Fills what a native type leaves out from its base.
void inherit_native_slots(Type* type, const Slots& own, const Type* base);
// Derives all slots (or those of one dunder) of a class from its mro.
// Works out every slot from the class and its bases. in_use: other threads may call them; the world is stopped meanwhile.
void update_all_slots(Thread& t, Type* type, bool in_use);
void update_slots_for_name(Thread& t, Type* type, Str* name);  // and of all subclasses; for dunder names only
bool is_dunder(const Str* name);
Ref new_wrapper_function(Thread& t, Type* type);  // the builtin __new__ of a native type
// The buffer slots of classes with __buffer__ and __release_buffer__ of their own, and how those of native types are called (buffer.cpp,
// memoryview.cpp).
Status generic_get_buffer(Thread& t, Value self, Buffer* buffer, int flags);
void generic_release_buffer(Thread& t, Value self, Buffer* buffer);
Ref wrapped_get_buffer(Thread& t, GetBufferFn fn, Value self, Value flags);
Ref wrapped_release_buffer(Thread& t, Value self, Value view);
Ref generic_hash_error(Thread& t, Value self);

// --- descriptors (native_function.cpp)
RefTo<NativeDescriptor> descriptor_new(Thread& t, CoreShape shape, Type* owner, const char* name);
// __text_signature__: the signature with the first parameter ("$self", "$module", "$type") that its author may omit.
Ref shown_signature(Thread& t, const char* text, const char* first);
Ref static_method_new(Thread& t, Value callable);
Ref class_method_new(Thread& t, Value callable);
Ref member_get(Thread& t, NativeDescriptor* d, Value instance);
Status member_set(Thread& t, NativeDescriptor* d, Value instance, Value value);
inline constexpr u32 kSlotMember = 0x80000000;  // Member::offset of a __slots__ member: index | kSlotMember

// --- types
// Stores (EMPTY: deletes) an entry of a class's own namespace and tells all caches; false when there was none to delete. `changed` runs under the type
// mutex after the store, for what depends on the entry (slots); it must not run Python code.
Result<bool> replace_class_entry(Thread& t, Type* type, Str* name, Value value,
                                 void (*changed)(Thread&, Type*, Str*, Value) = nullptr);
extern Mutex g_type_mutex;  // class mutation: mro, bases, slots of whole subtrees. Waiting detaches
Status compute_mro(Thread& t, Type* type);
Status add_subclass(Thread& t, Type* base, Type* type);
void remove_subclass(Thread& t, Type* base, Type* type);
RefTo<Tuple> linearise(Thread& t, Type* type);  // C3 from type->bases
RefTo<Tuple> linearise_native(Thread& t, Type* type, Type* base);
// Whether v.__dict__ is the attributes that the object stores, and nothing in its class says otherwise: they may be accessed one by
// one instead (objects/shape.h).
bool has_ordinary_dict(Value v);
extern const GetSet kDictGetSet, kWeakrefGetSet;  // what classes with a __dict__ / weak references get
Ref first_weakref(Thread& t, Value v);            // weakref.cpp; EMPTY when there is none
RefTo<List> live_subclasses(Thread& t, Type* type);
Result<Type*> best_base(Thread& t, Tuple* bases);
Ref object_new(Thread& t, Type* cls, Args args);
Status object_init(Thread& t, Value self, Args args);
Ref object_compare(Thread& t, Value a, Value b, CompareOp op);
Result<i64> object_hash_identity(Thread& t, Value self);
Status type_set_attribute(Thread& t, Value type, Str* name, Value value);
Ref type_attributes_dir(Thread& t, Value type);
void finish_layout(Type* type, u32 fixed_shape);
// Gives future instances more inline slots, after __init__ was seen to need them.
void grow_inline_slots(Type* type, u32 wanted);
RefTo<Type> allocate_type(Thread& t, Type* metatype, size_t extra = 0);
Status type_assign_bases(Thread& t, Type* type, Value bases);
u32 hint_of_init(Value function);  // attributes that this __init__ assigns
Ref type_new_slot(Thread& t, Type* metatype, Args args);
Status type_init(Thread& t, Value self, Args args);

// --- attributes
// As generic_get_attribute, EMPTY instead of AttributeError when nothing is found.
Ref generic_get_or_empty(Thread& t, Value v, Str* interned_name);
// Whether that is what instances of `type` ask first, with or without a __getattr__ for what it does not find.
bool looks_up_generically(Type* type);
Ref type_get_or_empty(Thread& t, Type* type, Str* interned_name);
// The interned form of a name that came from Python code.
inline RefTo<Str> interned_name(Thread& t, Str* name) {
  return name->is_interned() ? RefTo<Str>::copy(name) : str_intern(t, Value(name));
}

// builtins.NAME for pickling; AttributeError when it is not there.
Ref builtin_named(Thread& t, const char* name);
Dict* builtins_dict();  // runtime/
// --- from the interpreter
Ref current_globals(Thread& t);  // of the running Python frame; EMPTY when none

}  // namespace typhon
