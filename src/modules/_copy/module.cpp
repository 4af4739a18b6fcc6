// copy.deepcopy: its place in the module.
#include "modules/_copy/copy.h"

#include <string>

#include "objects/protocol/services.h"
#include "runtime/runtime.h"

namespace typhon::copying {

GlobalRoot g_namespace, g_own[u32(Own::kCount)];
GlobalName g_names[u32(Global::kCount)] = {{"_atomic_types", nullptr, 0}, {"_deepcopy_dispatch", nullptr, 0},
                                           {"dispatch_table", nullptr, 0}, {"_keep_alive", nullptr, 0},
                                           {"_reconstruct", nullptr, 0},   {"Error", nullptr, 0}};

namespace {

GlobalRoot g_nil;

Ref f_deepcopy(Thread& t, Value, const Value* a) {
  Copier copier(t);
  if (!a[1].is_none()) copier.memo.use(a[1], a[2]);
  t.recursion_depth--;  // it counts itself, and its caller is its own frame
  Ref y = copier.run(a[0]);
  t.recursion_depth++;
  return y;
}
const Method kDeepcopy = method("deepcopy", f_deepcopy, "(x, memo, _nil, /)");

// deepcopy stays the function that it was, with all that a program can find out about it and do with it; its code becomes a call of
// the native one, which is among its constants. In a traceback that call looks like the file's `copier(x, memo)`.
constexpr i32 kCallLine = 21;  // that line, counted from the first one
constexpr std::string_view kHead = "def deepcopy(x, memo=None, _nil=[]):",
                           kBody =
                               "        c='native'\n"
                               "        y = c(x,memo, _nil)\n"
                               "        return y\n";

Status set_code(Thread& t, Value function) {
  Ref code = function.as<Function>()->code.load(), file = code.as<Code>()->filename.load();
  std::string source(size_t(code.as<Code>()->first_line - 1), '\n');
  source.append(kHead).append(kCallLine - 1, '\n').append(kBody);
  code = TRY(compile_source(t, source, file, "exec", 0, true, -1, false));
  RefTo<Dict> scratch = TRY(dict_new(t));
  TRY(run_code(t, code.as<Code>(), scratch, scratch));
  Ref made = dict_get_str(t, scratch.get(), str_immortal(t, kDeepcopy.name));
  code = made.as<Function>()->code.load();
  Ref native = TRY(native_function_new(t, &kDeepcopy, EMPTY, names::copy));
  RefTo<Tuple> constants = TRY(tuple_of(t, native)), keywords = TRY(tuple_of(t, str_immortal(t, "co_consts")));
  Ref replace = TRY(get_attribute(t, code, str_immortal(t, "replace")));
  Value words[] = {constants};
  code = TRY(call(t, replace, Args{words, 0, keywords.get(), 1}));
  return set_attribute(t, function, names::__code__, code);
}

}  // namespace

Value look_for(Global which) {
  GlobalName& entry = g_names[u32(which)];
  const DictTable* table = dict_table::table_of(g_namespace.as<Dict>());
  i64 index = dict_find_entry(table, entry.name);
  if (index < 0) return EMPTY;
  if (u32 id = table_id(table); id != 0) __atomic_store_n(&entry.seen, u64(id) << 32 | u64(index), __ATOMIC_RELAXED);
  return table->entries()[index].value.peek();
}
Ref global(Thread& t, Global which) {
  Value found = peek_global(which);
  if (found.is_empty()) return raise_name_error(t, g_names[u32(which)].name);
  return Ref::copy(found);
}
Value own_nil() { return g_nil.get(); }

Status accelerate_copy(Thread& t, Dict* globals) {
  if (!g_namespace.get().is_empty()) return ok();
  constexpr const char* kOwn[] = {"_deepcopy_list",   "_deepcopy_tuple", "_deepcopy_dict",
                                  "_deepcopy_method", "_keep_alive",     "_reconstruct"};
  Ref deepcopy = dict_get_str(t, globals, str_immortal(t, "deepcopy"));
  Ref copyreg = TRY(import_module(t, "copyreg"));
  Ref found[u32(Own::kCount)];
  for (u32 i = 0; i < u32(Own::kNewObject); i++) {
    found[i] = dict_get_str(t, globals, str_immortal(t, kOwn[i]));
    if (!is_exact_function(found[i])) return ok();
  }
  found[u32(Own::kNewObject)] = TRY(get_attribute_utf8(t, copyreg, "__newobj__"));
  if (!is_exact_function(deepcopy)) return ok();
  Ref defaults = deepcopy.as<Function>()->defaults.load();
  if (!is_tuple(defaults) || defaults.as<Tuple>()->size != 2) return ok();
  g_nil.set(t, defaults.as<Tuple>()->items[1].load());
  for (u32 i = 0; i < u32(Own::kCount); i++) g_own[i].set(t, std::move(found[i]));
  for (GlobalName& entry : g_names) entry.name = str_immortal(t, entry.text);
  g_namespace.set(t, Ref::copy(Value(globals)));
  return set_code(t, deepcopy);
}

}  // namespace typhon::copying
