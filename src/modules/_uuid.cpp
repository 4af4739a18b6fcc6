// _uuid: UUIDs from the time and the machine's address, by libuuid, which keeps the processes of a machine apart.
#include <uuid/uuid.h>

#include "objects/module.h"

namespace typhon {
namespace {

// (bytes, status): 0 when the UUID was made in a way that excludes duplicates.
Ref f_generate_time_safe(Thread& t, Value, const Value*) {
  uuid_t id;
  int result;
  {
    Detached detached(t);
    result = uuid_generate_time_safe(id);
  }
  Ref bytes = TRY(bytes_from(t, id, sizeof id));
  return tuple_of(t, bytes, Value::small_int(result));
}

const Method kFunctions[] = {method("generate_time_safe", f_generate_time_safe, "($self, /)"), {}};

Status initialise(Thread& t, Module* module) {
  TRY(module_add_int(t, module, "has_uuid_generate_time_safe", 1));
  return module_add_int(t, module, "has_stable_extractable_node", 0);
}

}  // namespace

extern const ModuleDef module__uuid;
const ModuleDef module__uuid = {"_uuid", nullptr, kFunctions, initialise};

}  // namespace typhon
