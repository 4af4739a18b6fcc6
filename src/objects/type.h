// Type: class objects, native and Python, and the tables native types are described with.
#pragma once
#include "heap/object_model.h"
#include "base/relaxed.h"
#include "objects/native.h"
#include "objects/shape.h"

namespace typhon {

struct Dict;
struct Tuple;
struct Str;
struct Buffer;

enum class CompareOp : u8 { kLt, kLe, kEq, kNe, kGt, kGe };

// The operations of a type. A native type gives native functions; a Python class gets generic ones that look the dunder
// method up. Each takes borrowed values and returns owned ones. Binary operators return NotImplemented to let the
// other operand try. A null entry: the type (and its bases) have no such operation.
using UnaryFn = Ref (*)(Thread&, Value);
using BinaryFn = Ref (*)(Thread&, Value, Value);
using TernaryFn = Ref (*)(Thread&, Value, Value, Value);
using CompareFn = Ref (*)(Thread&, Value, Value, CompareOp);
using HashFn = Result<i64> (*)(Thread&, Value);
using LengthFn = Result<i64> (*)(Thread&, Value);
using TestFn = Result<bool> (*)(Thread&, Value);
using ContainsFn = Result<bool> (*)(Thread&, Value self, Value item);
using GetAttributeFn = Ref (*)(Thread&, Value self, Str* name);
using SetAttributeFn = Status (*)(Thread&, Value self, Str* name, Value value);   // EMPTY deletes
using SetItemFn = Status (*)(Thread&, Value self, Value key, Value value);         // EMPTY deletes
using CallFn = Ref (*)(Thread&, Value self, Args args);
using DescriptorGetFn = Ref (*)(Thread&, Value self, Value instance, Value owner);  // instance EMPTY: via the class
using DescriptorSetFn = Status (*)(Thread&, Value self, Value instance, Value value);  // EMPTY deletes
using NextFn = Ref (*)(Thread&, Value);  // EMPTY at the end, without a StopIteration being raised
using NewFn = Ref (*)(Thread&, Type* cls, Args args);
using InitFn = Status (*)(Thread&, Value self, Args args);
using GetBufferFn = Status (*)(Thread&, Value self, Buffer* view, int flags);
using ReleaseBufferFn = void (*)(Thread&, Value self, Buffer* view);

// Classes may change while other threads call them. A slot that one look found filled stays filled until this thread's next safepoint:
// emptying one stops the world (type_slots.cpp).
struct Slots {
  Relaxed<UnaryFn> repr = nullptr, str = nullptr;
  Relaxed<HashFn> hash = nullptr;
  Relaxed<CallFn> call = nullptr;
  Relaxed<GetAttributeFn> getattribute = nullptr;
  Relaxed<SetAttributeFn> setattribute = nullptr;
  Relaxed<CompareFn> compare = nullptr;
  Relaxed<UnaryFn> iter = nullptr;
  Relaxed<NextFn> next = nullptr;
  Relaxed<DescriptorGetFn> descriptor_get = nullptr;
  Relaxed<DescriptorSetFn> descriptor_set = nullptr;
  Relaxed<NewFn> new_ = nullptr;
  Relaxed<InitFn> init = nullptr;
  // numbers
  Relaxed<BinaryFn> add = nullptr, subtract = nullptr, multiply = nullptr, remainder = nullptr, divmod = nullptr,
           lshift = nullptr, rshift = nullptr, and_ = nullptr, xor_ = nullptr, or_ = nullptr, floor_divide = nullptr,
           true_divide = nullptr, matrix_multiply = nullptr;
  Relaxed<TernaryFn> power = nullptr;  // third operand None when absent
  Relaxed<BinaryFn> inplace_add = nullptr, inplace_subtract = nullptr, inplace_multiply = nullptr, inplace_remainder = nullptr,
           inplace_lshift = nullptr, inplace_rshift = nullptr, inplace_and = nullptr, inplace_xor = nullptr,
           inplace_or = nullptr, inplace_floor_divide = nullptr, inplace_true_divide = nullptr,
           inplace_matrix_multiply = nullptr;
  Relaxed<BinaryFn> inplace_power = nullptr;
  Relaxed<UnaryFn> negative = nullptr, positive = nullptr, absolute = nullptr, invert = nullptr, int_ = nullptr,
          float_ = nullptr, index = nullptr;
  Relaxed<TestFn> bool_ = nullptr;
  // containers
  Relaxed<LengthFn> length = nullptr;
  Relaxed<BinaryFn> get_item = nullptr;         // __getitem__ with any key (mapping and sequence alike)
  Relaxed<SetItemFn> set_item = nullptr;        // __setitem__ / __delitem__
  Relaxed<ContainsFn> contains = nullptr;
  Relaxed<BinaryFn> concat = nullptr;           // sequence +, tried after the number slots
  Relaxed<BinaryFn> repeat = nullptr;           // sequence *, the count as any index-able Value
  Relaxed<BinaryFn> inplace_concat = nullptr, inplace_repeat = nullptr;
  // async
  Relaxed<UnaryFn> await = nullptr, aiter = nullptr, anext = nullptr;
  // buffer protocol (PEP 688)
  Relaxed<GetBufferFn> get_buffer = nullptr;
  Relaxed<ReleaseBufferFn> release_buffer = nullptr;
  // __del__ of Python classes; native finalisers are in Layout
  Relaxed<void (*)(Thread&, Value self)> finaliser = nullptr;
};

namespace type_flag {
inline constexpr u32 kHeapType = 1 << 0;         // made by Python code (or with mutable attributes)
inline constexpr u32 kBaseType = 1 << 1;         // may be subclassed
inline constexpr u32 kImmutable = 1 << 2;        // attributes cannot be set
inline constexpr u32 kAbstract = 1 << 3;         // has abstract methods
inline constexpr u32 kSequence = 1 << 4;         // matches sequence patterns
inline constexpr u32 kMapping = 1 << 5;          // matches mapping patterns
inline constexpr u32 kMatchSelf = 1 << 6;        // class pattern with one positional matches the subject itself
inline constexpr u32 kMethodDescriptor = 1 << 7;  // func(self, ...) instead of binding is legal (functions)
inline constexpr u32 kDisallowInstantiation = 1 << 8;
inline constexpr u32 kHasDict = 1 << 9;          // instances have __dict__
inline constexpr u32 kHasWeakref = 1 << 10;      // instances can be weakly referenced
inline constexpr u32 kUntracked = 1 << 11;       // instances hold no references: the collector skips them
inline constexpr u32 kVectorcallSelf = 1 << 12;  // reserved
}  // namespace type_flag

// Methods that a class keeps at hand for its version (type_special).
enum class Special : u8 {
  kAdd, kSub, kMul, kTrueDiv, kFloorDiv, kMod, kPow, kLshift, kRshift, kAnd, kOr, kXor, kMatmul,  // as in BinaryOp
  kIter, kGetItem, kLen, kCount
};
struct SpecialMethod {
  u32 version;  // 0: none
  u64 word;     // what the class has, borrowed, or EMPTY
};

struct Type : Object {
  Field name;       // str, __name__
  Field qualname;   // str
  Field module;     // str or EMPTY (then "builtins" or from the name)
  Field base;       // Type or EMPTY (object)
  Field bases;      // tuple
  Field mro;        // tuple
  Field dict;       // Dict: the namespace
  Field subclasses;  // list of weakrefs, or EMPTY
  Field doc;        // __doc__ of native types or EMPTY
  Field slot_names;  // tuple of __slots__ names (mangled) or EMPTY
  const Layout* layout;
  Slots slots;
  u32 flags;
  u32 version;       // changes when the class or a base changes; 0 = uncacheable. Read it with type_version
  u32 root_shape;    // of fresh instances
  u32 dict_shape;    // dictionary mode
  u32 instance_size;  // bytes to allocate for a fixed-size instance, slots included
  u16 member_slots;   // __slots__ fields, laid out as inline slots in front of the attributes
  u16 attribute_hint;  // inline slots for instance attributes
  const struct TypeSpec* spec;  // native types: what they were made from
  const char* native_name;      // "list"; for messages
  SpecialMethod specials[u8(Special::kCount)];

  const char* name_utf8() const;  // borrowed; valid while the type keeps its name
};

// What is found in the class after this look belongs to this version, or to a later one.
inline u32 type_version(const Type* type) { return __atomic_load_n(&type->version, __ATOMIC_ACQUIRE); }

// type_lookup of one of those methods, without the search while the class stays what it is. Borrowed.
Value type_special_slow(Type* type, Special which);
TYPHON_INLINE Value type_special(Type* type, Special which) {
  const SpecialMethod& kept = type->specials[u8(which)];
  u32 version = type_version(type);
  if (version != 0 && __atomic_load_n(&kept.version, __ATOMIC_ACQUIRE) == version) [[likely]]
    return Value(__atomic_load_n(&kept.word, __ATOMIC_RELAXED));
  return type_special_slow(type, which);
}

// Description of a native type. Static data; make_type copies what it needs.
struct TypeSpec {
  const char* name;  // "list", "collections.deque": the part before the last dot is __module__
  const char* doc = nullptr;
  Type* const* base = nullptr;  // null: object
  Layout layout = {};           // layout.name may be null: same as name
  u32 flags = 0;
  Slots slots = {};
  const Method* methods = nullptr;  // tables end with an entry whose name is null
  const GetSet* getsets = nullptr;
  const Member* members = nullptr;
  const char* text_signature = nullptr;  // of the constructor: "(iterable=(), /)"; when set together with slots.new_ it is only documentation
};

// Makes (and publishes) the type object. `fixed_shape`: see types.h for core types.
RefTo<Type> make_type(Thread& t, const TypeSpec& spec, u32 fixed_shape = 0);
// For core types and for module types kept in a static: makes the type and stores it immortal.
Status make_static_type(Thread& t, const TypeSpec& spec, Type** where, u32 fixed_shape = 0);

TYPHON_INLINE Type* type_of_object(const Object* object) { return shape_of(object)->type; }
Type* type_of_immediate(Value v);
// The class of any Python value. Borrowed.
TYPHON_INLINE Type* type_of(Value v) {
  return v.is_object() ? type_of_object(v.object()) : type_of_immediate(v);
}
// Name for messages: "int", "list", "Foo".
const char* type_name(Value v);

bool is_subtype(const Type* a, const Type* b);  // by mro
inline bool is_instance_of(Value v, const Type* type) { return type_of(v) == type || is_subtype(type_of(v), type); }

// Looks a name up along the mro; borrowed word or EMPTY. Lock-free (per-type cache). No exceptions, no Python code.
Value type_lookup(Type* type, Str* interned_name);
// The same, then bound to `self` when it is a method descriptor; EMPTY when absent. For implicit dunder calls.
Ref lookup_special(Thread& t, Value self, Str* interned_name);
// Tells caches that the class (and its subclasses) changed.
void type_modified(Thread& t, Type* type);
// type.__call__: new + init.
Ref type_call(Thread& t, Value type, Args args);
// A fresh instance of a class whose native part is `cls->layout` (header and shape set, all else zero).
Ref allocate_instance(Thread& t, Type* cls, size_t items = 0);
// type(name, bases, namespace) proper, after the metaclass was determined.
Ref type_new(Thread& t, Type* metatype, Str* name, Tuple* bases, Dict* namespace_, Args keywords);
// The metaclass for these bases: the most derived of theirs and `metatype`; TypeError on a conflict.
Result<Type*> calculate_metaclass(Thread& t, Type* metatype, Tuple* bases);
// What `int | str` makes; installed by modules/_typing. NotImplemented while null.
extern Ref (*g_union_hook)(Thread& t, Value a, Value b);

}  // namespace typhon
