// The table of native modules, from modules.def.
#include "runtime/library.h"

namespace typhon {

#define MODULE(id, name) extern const ModuleDef module_##id;
#include "modules/modules.def"
#undef MODULE

namespace {

struct NativeRow {
  const char* name;
  const ModuleDef* definition;
};
const NativeRow kNativeModules[] = {
#define MODULE(id, name) {name, &module_##id},
#include "modules/modules.def"
#undef MODULE
};

}  // namespace

const ModuleDef* find_native_module(std::string_view name) {
  for (const NativeRow& row : kNativeModules)
    if (name == row.name) return row.definition;
  return nullptr;
}

RefTo<Tuple> native_module_names(Thread& t) {
  RootedVector found(t);
  for (const NativeRow& row : kNativeModules) {
    RefTo<Str> name = TRY(str_from_ascii(t, row.name));
    found.push(TRY(str_intern(t, name)).release_ref());
  }
  return tuple_from(t, found.data(), found.size());
}

}  // namespace typhon
