// How a native module is declared. One line in modules/modules.def, one definition `const ModuleDef module_NAME` in its folder
// or file under src/modules/.
#pragma once
#include "objects/protocol/protocol.h"

namespace typhon {

struct ModuleDef {
  const char* name;
  const char* doc = nullptr;
  const Method* functions = nullptr;              // ends with an entry whose name is null
  Status (*initialise)(Thread& t, Module* module) = nullptr;  // adds constants, types, exceptions
};
// Makes the module object and runs `initialise`.
Ref module_from_definition(Thread& t, const ModuleDef& definition);
// --- helpers for initialise
Status module_add(Thread& t, Module* module, const char* name, Value value);
Status module_add(Thread& t, Module* module, const char* name, Ref&& value);
Status module_add_int(Thread& t, Module* module, const char* name, i64 value);
Status module_add_str(Thread& t, Module* module, const char* name, const char* utf8);
// Makes the type from its spec (stored immortal in *where) and adds it under its short name.
Status module_add_type(Thread& t, Module* module, const TypeSpec& spec, Type** where);
// A new exception class "module.Name" with that base.
Status module_add_exception(Thread& t, Module* module, const char* qualified_name, Type* base, Type** where);

// Puts a native method into a class, Python or native, in place of what it has under that name. `method` is static data.
Status type_add_method(Thread& t, Type* type, const Method* method);

// Structure sequences (time.struct_time, os.stat_result, sys.flags...).
struct StructSequenceField {
  const char* name;  // null ends the list
  const char* doc = nullptr;
};
// A tuple subclass whose first `visible` fields are items. n_unnamed fields have names starting with "unnamed".
RefTo<Type> struct_sequence_type(Thread& t, const char* name, const char* doc, const StructSequenceField* fields, u32 visible);
Ref struct_sequence_new(Thread& t, Type* type, const Value* values, size_t n);

}  // namespace typhon
