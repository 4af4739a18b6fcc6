// _ctypes: C data in Python. Between the files of this folder.
//
// A C type is a Python class whose metaclass is native: CType is its native part, Info what is known of the C type's layout. An
// instance (CData) is a piece of C memory: its own (inside the object, or a Block), or a part of another instance, which `base`
// keeps alive, or foreign memory that the program vouches for.
//
// Threads: an Info never changes once it is in its type, and lives as long as the type; Blocks live as long as their instance. Access
// through a descriptor is checked against the size of the instance at hand. So whatever races, the VM's own memory stays sound;
// bytes may be torn, and foreign pointers are the program's affair.
#pragma once
#include <ffi.h>

#include <cstdio>
#include <string>
#include <utility>

#include "modules/sys/sys.h"
#include "objects/container_util.h"
#include "threads/attached.h"

namespace typhon::ctypes {

enum class Kind : u8 { kSimple, kStruct, kUnion, kArray, kPointer, kFunction };

// Says that the type holds addresses: its instances cannot be pickled.
inline constexpr u32 kHasPointer = 1;
// Of functions, as in Python (_flags_).
inline constexpr u32 kFlagCdecl = 1, kFlagPythonApi = 4, kFlagErrno = 8, kFlagLastError = 16;
inline constexpr i64 kMaxArguments = 1024;

struct Info {
  Info* previous = nullptr;  // replaced by this one
  Kind kind = Kind::kSimple;
  char code = 0;           // simple types: the letter
  bool swapped = false;    // simple types: in the other byte order
  bool plain_simple = false;  // simple types: a direct child of _SimpleCData, whose values are plain Python objects
  u32 flags = 0;           // kHasPointer
  u32 function_flags = 0;
  i64 size = 0, align = 1;
  i64 length = 0;          // items of an array, fields of a structure
  i32 dimensions = 0;
  i64* shape = nullptr;    // malloc'ed
  char* format = nullptr;  // malloc'ed, PEP 3118
  // For calls: `ffi` is the type as libffi knows it; of structures it is own_ffi.
  ffi_type* ffi = nullptr;
  ffi_type own_ffi = {};
  ffi_type* elements[5] = {};
};

// Whether fields may still be given to a structure.
enum FieldState : u8 { kOpen = 0, kBeingSet = 1, kFinal = 2 };

struct CType : Type {
  Field element;        // arrays, pointers: the type of what they hold
  Field argtypes;       // functions: tuple of types
  Field converters;     // functions: tuple of their from_param
  Field restype;        // functions: a type, a callable or None
  Field checker;        // functions: what _check_retval_ of the restype is, or EMPTY
  Field pointer_type;   // __pointer_type__
  Field array_types;    // dict: length -> weakref of the array type
  Field field_list;     // structures: tuple of the CFields in order, inherited ones excluded
  Info* info;           // atomic
  u8 field_state;       // atomic FieldState
};

// Malloc'ed memory of an instance. A bigger one takes its place; the old one stays for those who look at it.
struct Block {
  Block* previous;
  i64 capacity;
  alignas(16) u8 data[1];
};

struct CData : Object {
  Field base;     // the CData that owns the memory, or EMPTY
  Field objects;  // keeps alive what the memory refers to: EMPTY, a dict, or an object
  Field source;   // a memoryview whose memory this is, or EMPTY
  u8* data;       // atomic; null for what is not made yet
  i64 size;       // atomic
  i64 index;      // within base
  i64 length;     // of items that `objects` may have to keep
  Block* block;
  u64 here[2];    // small values
};

// What a converter may return: a value ready to be passed.
struct CArgument : Object {
  Field object;  // kept alive
  char tag;
  ffi_type* ffi;
  i64 size;
  alignas(16) u8 value[32];
};

struct CFieldObject : Object {
  Field name, type;
  i64 index, offset, size;
  i64 bit_offset;
  i32 bits;  // 0: no bit field
  bool anonymous;
};

struct Thunk;
struct CFunction : CData {
  Field thunk;       // of a Python callable
  Field paramflags;  // tuple or EMPTY
  Field argtypes, converters, restype, checker, errcheck;  // EMPTY: the type's
  Field types;       // argtypes as a tuple
};

namespace n {  // names of attributes
extern Str *type_, *length_, *fields_, *anonymous_, *abstract_, *flags_, *argtypes_, *restype_, *pack_, *swappedbytes_, *as_parameter_,
    *from_param, *check_retval_, *handle_, *ctype_le, *ctype_be, *from_outparam, *contents, *pointer_type;
Status initialise(Thread& t);
}  // namespace n

extern Type *g_meta, *g_struct_meta, *g_union_meta, *g_array_meta, *g_pointer_meta, *g_simple_meta, *g_function_meta;
extern Type *g_data, *g_struct, *g_union, *g_array, *g_pointer, *g_simple, *g_function;
extern Type *g_field_type, *g_argument_type, *g_memory_type, *g_thunk_type, *g_argument_error;

// --- types.cpp
inline CType* as_ctype(Value v) { return v.as<CType>(); }
inline const Info* info_of(const Type* type) { return __atomic_load_n(&static_cast<const CType*>(type)->info, __ATOMIC_ACQUIRE); }
inline bool is_ctype(Value v) { return is_type(v) && is_subtype(type_of(v), g_meta); }
// The layout of a class that is a C type with storage; else null.
inline const Info* storage_of(Value cls) { return is_ctype(cls) ? info_of(cls.as<Type>()) : nullptr; }
inline const Info* storage_of_kind(Value cls, Kind kind) {
  const Info* info = storage_of(cls);
  return info != nullptr && info->kind == kind ? info : nullptr;
}
// Puts an Info (made with new_info, filled) into its type.
Info* new_info(Thread& t);  // null: MemoryError is pending
void install_info(CType* type, Info* info);
Status set_format(Thread& t, Info* info, std::string_view format);
// No fields can be given to the type any more.
void finish_type(const Type* type);
Status initialise_metatypes(Thread& t);
RefTo<Type> array_type_of(Thread& t, Value item, i64 length);
// The ffi_type of aggregates, from the leaves of the type.
void make_aggregate_ffi(Info* info, CType* type);
Ref data_from_param(Thread& t, Value cls, const Value* a);
// Lives while an _as_parameter_ is looked at: they may refer to each other without end.
class ParameterDepth {
 public:
  ParameterDepth();
  ~ParameterDepth();
  ParameterDepth(const ParameterDepth&) = delete;
  Status check(Thread& t) const;  // RecursionError
};
extern const Method kMetaMethods[];  // of all metaclasses but those of simple types and pointers
extern const Method kSimpleMetaMethods[], kPointerMetaMethods[];
extern const Method kFromAddress, kFromBuffer, kFromBufferCopy, kInDll;
Status struct_set_attribute(Thread& t, Value cls, Str* name, Value value);

// --- simple.cpp
struct Code {
  char code;
  u8 size, align;
  bool pointer;
  ffi_type* ffi;
};
extern const char kCodeLetters[];
const Code* code_of(char letter);  // null: no such code
// Reads and writes one value. `put` returns what must be kept alive (None: nothing).
Ref get_simple(Thread& t, char code, bool swapped, const u8* at);
Ref put_simple(Thread& t, char code, bool swapped, u8* at, Value v);
// What C code gives as a Python object: ValueError when the word cannot be one.
Status check_object_word(Thread& t, Value word);
u64 load_bits(const u8* at, u32 size, bool swapped);
void store_bits(u8* at, u32 size, bool swapped, u64 v);
bool is_signed_code(char code);
// Text of a char or wchar_t array of `size` bytes (up to the first NUL), and its assignment.
Ref get_text(Thread& t, bool wide, const u8* at, i64 size);
Status put_text(Thread& t, bool wide, u8* at, i64 size, Value v, bool is_value);
// 'c' or 'u' when the type is an array of characters, else 0.
char text_code(const Type* type);
Status initialise_simple(Thread& t, Module* module);
// An object that owns malloc'ed memory, for what Python objects are converted to.
Ref memory_new(Thread& t, void* memory);

// --- data.cpp
inline bool is_cdata(Value v) { return v.is_object() && is_subtype(type_of(v), g_data); }
inline CData* as_cdata(Value v) { return v.as<CData>(); }
inline u8* data_of(const CData* d) { return __atomic_load_n(&d->data, __ATOMIC_ACQUIRE); }
inline i64 size_of(const CData* d) { return __atomic_load_n(&d->size, __ATOMIC_ACQUIRE); }
inline const Info* info_of_data(const CData* d) { return info_of(type_of_object(d)); }
void* pointer_in(const CData* d);
void set_pointer(CData* d, const void* address);
void visit_data(Object* self, Visitor& visitor);
void release_data(Thread& t, Object* self);
Ref data_new(Thread& t, Type* cls, Args args);  // the constructor of all C types but functions
RefTo<CData> data_at(Thread& t, Type* cls, u8* address);
RefTo<CData> data_within(Thread& t, Type* cls, Value base, i64 index, u8* address);
Status keep(Thread& t, CData* target, i64 index, Ref&& object);
Ref kept_objects(Thread& t, CData* target);  // of the whole; None when it keeps nothing
Status set_kept_objects(Thread& t, CData* target, Value objects);
// The value of type `cls` at `address` in `whole`, as Python sees it; and assignment.
Ref get_part(Thread& t, Value cls, Value whole, i64 index, u8* address);
Status set_part(Thread& t, Value cls, Value whole, i64 index, u8* address, Value value);
// The layout of an instance's type; fails when there is none, or when the memory does not hold it.
Result<const Info*> live_info(Thread& t, const CData* d);
extern const Method kDataFunctions[];  // sizeof() and the like
Status initialise_data(Thread& t, Module* module);

// --- field.cpp
// The same field further inside of a bigger structure.
RefTo<CFieldObject> field_moved(Thread& t, CFieldObject* f, i64 index, i64 offset);
Status initialise_fields(Thread& t, Module* module);

// --- struct.cpp, array.cpp, pointer.cpp
Status initialise_structs(Thread& t, Module* module);
Status initialise_arrays(Thread& t, Module* module);
Status initialise_pointers(Thread& t, Module* module);
Status struct_meta_init(Thread& t, Value cls, Args args);
Status array_meta_init(Thread& t, Value cls, Args args);
Status pointer_meta_init(Thread& t, Value cls, Args args);
Status simple_meta_init(Thread& t, Value cls, Args args);
Status function_meta_init(Thread& t, Value cls, Args args);
Ref own_entry(Thread& t, Type* cls, Str* name);  // of the class's own namespace; EMPTY when absent

// --- call.cpp: foreign calls
RefTo<CArgument> argument_new(Thread& t, char tag, ffi_type* ffi, const void* value, size_t n, Value object);
// Calls the function at `address`. converters: a tuple of callables, or null. restype EMPTY: int.
Ref call_foreign(Thread& t, void* address, const Value* arguments, i64 n, u32 flags, Tuple* converters, Value restype, Value checker);
// How values of a class are passed and returned; null when it is no C type.
ffi_type* ffi_of(Value cls);
Status initialise_arguments(Thread& t);
// The copy of errno of this thread that use_errno functions swap with the real one.
int& own_errno();

// --- callback.cpp: Python functions as C functions
struct Thunk : Object {
  Field callable, argtypes, restype;
  ffi_closure* closure;  // libffi's memory
  void* code;
  ffi_type** ffi_arguments;  // malloc'ed
  u32 flags;
  ffi_cif cif;
};
RefTo<Thunk> thunk_new(Thread& t, Value callable, Tuple* argtypes, Value restype, u32 flags);
Status initialise_callbacks(Thread& t);

// --- function.cpp
Status initialise_functions(Thread& t, Module* module);

inline bool is_attached(const Thread& t) {
  return (__atomic_load_n(&t.status, __ATOMIC_RELAXED) & thread_status::kStateMask) == thread_status::kAttached;
}
// For functions of ours that C code calls: whoever comes without the flag of Python functions comes detached.
template <class F>
auto while_attached(F f) {
  Thread& t = Thread::current();
  if (is_attached(t)) return f(t);
  Attached attached(t);
  return f(t);
}

// --- memory.cpp: what the library calls by address
extern const Method kMemoryFunctions[];
Status initialise_memory(Thread& t, Module* module);

// --- library.cpp: dynamic libraries
// The address of a name (str or bytes) in a library; null with the linker's message in *error (or an exception: *error has failed)
// when there is none. `what` is the word for it when the linker has no message.
void* find_symbol(Thread& t, Value name, u64 handle, const char* what, Ref* error);
extern const Method kLibraryFunctions[];

// --- python_api.cpp
// A function or variable of the C API of CPython, or null.
void* python_symbol(const char* name);
Status initialise_python_api(Thread& t);

}  // namespace typhon::ctypes
