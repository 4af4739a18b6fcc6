// ast.AST, and the classes made from parser/ast.def.
#include "modules/_ast/ast_classes.h"

#include "heap/collector.h"
#include "objects/generic_alias.h"
#include "threads/object_lock.h"

namespace typhon {

using ast::FieldInfo;
using ast::FieldType;
using ast::Kind;
using ast::KindInfo;
using ast::Quantity;

Type* g_ast_type;

namespace {

constexpr int kFieldTypeCount = int(FieldType::type_param) + 1;
constexpr int kMaxItems = 16;

Type* g_classes[ast::kKindCount];
Type* g_enum_classes[kFieldTypeCount][kMaxItems];
Type* g_enum_bases[kFieldTypeCount];
GlobalRoot g_enum_instances;  // list, kFieldTypeCount * kMaxItems entries
struct SumRow {
  const char* name;
  Type* type;
};
SumRow g_sums[] = {
#define AST_SUM(asdl, Cpp, attributes) {#asdl, nullptr},
#include "parser/ast.def"
};

constexpr const char* kPositions[] = {"lineno", "col_offset", "end_lineno", "end_col_offset"};

Str* name_of(Thread& t, const char* text) { return str_immortal(t, text); }

// --- AST.__init__
Ref tuple_attribute(Thread& t, Value self, const char* name) {
  Ref value = TRY(get_attribute_or_empty(t, self, name_of(t, name)));
  if (value.is_empty()) return RefTo<Tuple>::copy(empty_tuple());
  return to_tuple(t, value);
}

// What a field that was not given becomes: None, [], Load(), or a warning that it is required.
Status default_field(Thread& t, Value self, Str* name, RootedVector& missing) {
  Kind kind;
  if (!ast_kind_of(self, &kind)) return ok();
  const KindInfo& info = ast::kind_info(kind);
  for (int i = 0; i < info.field_count; i++) {
    const FieldInfo& field = info.fields[i];
    if (!name->equals_ascii(field.name)) continue;
    if (field.quantity == Quantity::kOpt) return ok();  // the class attribute None shows
    if (field.quantity != Quantity::kOne) {
      RefTo<List> empty = TRY(list_new(t));
      return set_attribute(t, self, name, empty);
    }
    if (field.type == FieldType::expr_context) return set_attribute(t, self, name, ast_enum_instance(FieldType::expr_context, 0));
    missing.push(Ref::copy(name));
    return ok();
  }
  return ok();
}

Status ast_init(Thread& t, Value self, Args args) {
  Ref fields = TRY(tuple_attribute(t, self, "_fields"));
  auto* names_tuple = fields.as<Tuple>();
  if (args.count > names_tuple->size)
    return raise(t, exc::TypeError, "%T constructor takes at most %zd positional argument%s", self, i64(names_tuple->size), names_tuple->size == 1 ? "" : "s");
  RootedVector interned(t);
  for (u64 i = 0; i < names_tuple->size; i++) {
    Ref name = names_tuple->items[i].load();
    if (!is_str(name)) return raise(t, exc::TypeError, "_fields must be a sequence of str");
    interned.push(TRY(str_intern(t, name)).release_ref());
  }
  RootedVector given(t);  // True for each field that was set
  for (u64 i = 0; i < interned.size(); i++) {
    bool here = i < args.count;
    if (here) TRY(set_attribute(t, self, interned[i].as<Str>(), args[u32(i)]));
    given.push(Ref::boolean(here));
  }
  for (u32 k = 0; k < args.keyword_count; k++) {
    RefTo<Str> key = TRY(str_intern(t, args.names->items[k].peek()));
    bool known = false;
    for (u64 i = 0; i < interned.size(); i++) {
      if (!interned[i].same_word(key.value())) continue;
      if (given[i].is_true()) return raise(t, exc::TypeError, "%T got multiple values for argument %R", self, key.value());
      given.set(i, Ref::boolean(true));
      known = true;
    }
    if (!known) {
      Ref attributes = TRY(tuple_attribute(t, self, "_attributes"));
      bool attribute = false;
      for (u64 i = 0; i < attributes.as<Tuple>()->size; i++) attribute = attribute || TRY(equal(t, attributes.as<Tuple>()->items[i].peek(), key));
      if (!attribute)
        TRY(warn(t, exc::DeprecationWarning, 1,
                 "%T.__init__ got an unexpected keyword argument %R. Support for arbitrary keyword arguments is deprecated and will be removed in Python 3.15.",
                 self, key.value()));
    }
    TRY(set_attribute(t, self, key.get(), args.keyword(k)));
  }
  RootedVector missing(t);
  for (u64 i = 0; i < interned.size(); i++)
    if (!given[i].is_true()) TRY(default_field(t, self, interned[i].as<Str>(), missing));
  for (size_t i = 0; i < missing.size(); i++)
    TRY(warn(t, exc::DeprecationWarning, 1, "%T.__init__ missing 1 required positional argument: %R. This will become an error in Python 3.15.", self, missing[i]));
  return ok();
}

Ref ast_reduce(Thread& t, Value self, const Value*) {
  Ref dict = TRY(instance_dict(t, self.object()));
  return tuple_of(t, Value(type_of(self)), Value(empty_tuple()), dict);
}
Ref ast_replace(Thread& t, Value self, const Value* a) {
  Ref dict = TRY(instance_dict(t, self.object()));
  RefTo<Dict> merged = TRY(dict_copy(t, dict.as<Dict>()));
  TRY(dict_update_py(t, merged.get(), a[0]));
  Ref cls = Ref::copy(type_of(self));
  Ref none = Ref::copy(empty_tuple());
  return call_tuple_dict(t, cls, none, merged);
}
Ref ast_setstate(Thread& t, Value self, const Value* a) {
  Ref dict = TRY(instance_dict(t, self.object()));
  if (!a[0].is_none()) TRY(dict_update_py(t, dict.as<Dict>(), a[0]));
  return Ref::none();
}

// Node(field=..., ...), to a depth of three levels.
Ref node_repr(Thread& t, Value self, int depth) {
  if (depth <= 0) return str_format(t, "%S(...)", type_of(self)->name.peek());
  TRY(enter_native(t));
  StrBuilder out;
  out.append(type_of(self)->name.as<Str>());
  out.append('(');
  Ref fields = TRY(tuple_attribute(t, self, "_fields"));
  bool first = true;
  for (u64 i = 0; i < fields.as<Tuple>()->size; i++) {
    RefTo<Str> name = TRY(str_intern(t, fields.as<Tuple>()->items[i].peek()));
    Ref value = TRY(get_attribute_or_empty(t, self, name.get()));
    if (value.is_empty()) continue;
    if (!first) out.append_ascii(", ");
    first = false;
    out.append(name.get());
    out.append('=');
    if (is_list(value) && list_size(value.as<List>()) > 0) {
      RefTo<Tuple> items = TRY(list_to_tuple(t, value.as<List>()));
      out.append('[');
      for (u64 k = 0; k < items->size; k++) {
        if (k > 0) out.append_ascii(", ");
        if (k > 0 && k + 1 < items->size) {
          out.append_ascii("...");
          k = items->size - 2;
          continue;
        }
        Ref item = items->items[k].load();
        Ref text = is_instance_of(item, g_ast_type) ? TRY(node_repr(t, item, depth - 1)) : Ref(TRY(object_repr(t, item)).release_ref());
        out.append(text.as<Str>());
      }
      out.append(']');
      continue;
    }
    Ref text = is_instance_of(value, g_ast_type) ? TRY(node_repr(t, value, depth - 1)) : Ref(TRY(object_repr(t, value)).release_ref());
    out.append(text.as<Str>());
  }
  out.append(')');
  return out.finish(t);
}
Ref ast_repr(Thread& t, Value self) { return node_repr(t, self, 3); }

constexpr Method kMethods[] = {method("__reduce__", ast_reduce, "($self, /)"),
                               method("__setstate__", ast_setstate, "($self, state, /)"),
                               method("__replace__", ast_replace, "($self, /, **fields)"),
                               {}};
const TypeSpec kSpec = {
    .name = "ast.AST",
    .layout = {"AST", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = ast_repr, .new_ = [](Thread& t, Type* cls, Args) -> Ref { return allocate_instance(t, cls); }, .init = ast_init},
    .methods = kMethods,
};

// --- making the classes
Ref make_class(Thread& t, const char* name, Type* base, Value fields, bool positions, bool own_attributes) {
  RefTo<Dict> space = TRY(dict_new(t));
  RefTo<Str> module = TRY(str_from_ascii(t, "ast"));
  TRY(dict_set_str(t, space.get(), names::__module__, module));
  TRY(dict_set_str(t, space.get(), name_of(t, "_fields"), fields));
  TRY(dict_set_str(t, space.get(), names::__match_args__, fields));
  if (own_attributes) {
    RootedVector list(t);
    if (positions)
      for (const char* p : kPositions) list.push(Ref::copy(name_of(t, p)));
    RefTo<Tuple> attributes = TRY(tuple_from(t, list.data(), list.size()));
    TRY(dict_set_str(t, space.get(), name_of(t, "_attributes"), attributes));
    if (positions) {
      TRY(dict_set_str(t, space.get(), name_of(t, "end_lineno"), None));
      TRY(dict_set_str(t, space.get(), name_of(t, "end_col_offset"), None));
    }
  }
  RefTo<Str> class_name = TRY(str_from_ascii(t, name));
  RefTo<Tuple> bases = TRY(tuple_of(t, Value(base)));
  Ref type = TRY(type_new(t, types::type, class_name.get(), bases.get(), space.get(), Args{}));
  collector::pin(type.object());  // for ever: the tables above point to it
  return type;
}

// The annotation of a field: str, int, object, a class, list[...] or ... | None.
Ref field_type(Thread& t, const FieldInfo& field) {
  Ref type;
  switch (field.type) {
    case FieldType::identifier: type = Ref::copy(types::str); break;
    case FieldType::string: type = Ref::copy(types::str); break;
    case FieldType::int_: type = Ref::copy(types::int_); break;
    case FieldType::constant: type = Ref::copy(types::object); break;
    default: type = Ref::copy(ast_sum_class(ast::field_type_name(field.type)));
  }
  if (field.quantity == Quantity::kOpt) return union_or(t, type, None);
  if (field.quantity != Quantity::kOne) return generic_alias_new(t, types::list, type);
  return type;
}

Status finish_class(Thread& t, Type* type, const KindInfo& info) {
  RefTo<Dict> field_types = TRY(dict_new(t));
  for (int i = 0; i < info.field_count; i++) {
    Ref annotation = TRY(field_type(t, info.fields[i]));
    TRY(dict_set_str(t, field_types.get(), name_of(t, info.fields[i].name), annotation));
    if (info.fields[i].quantity == Quantity::kOpt)
      TRY(dict_set_str(t, type->dict.as<Dict>(), name_of(t, info.fields[i].name), None));
  }
  TRY(dict_set_str(t, type->dict.as<Dict>(), name_of(t, "_field_types"), field_types));
  TRY(dict_set_str(t, type->dict.as<Dict>(), names::__annotations__, field_types));
  type_modified(t, type);
  return ok();
}

Status make_all(Thread& t) {
  TRY(make_static_type(t, kSpec, &g_ast_type));
  Dict* base_dict = g_ast_type->dict.as<Dict>();
  for (const char* name : {"_fields", "_attributes", "__match_args__"}) TRY(dict_set_str(t, base_dict, name_of(t, name), Value(empty_tuple())));
  RefTo<Dict> no_types = TRY(dict_new(t));
  TRY(dict_set_str(t, base_dict, name_of(t, "_field_types"), no_types));
  for (SumRow& row : g_sums) {
    bool positions = false;
    for (int k = 0; k < ast::kKindCount; k++)
      if (strcmp(ast::kind_info(Kind(k)).base, row.name) == 0) positions = ast::kind_info(Kind(k)).has_positions;
    row.type = TRY(make_class(t, row.name, g_ast_type, empty_tuple(), positions, true)).as<Type>();
  }
  for (int k = 0; k < ast::kKindCount; k++) {
    const KindInfo& info = ast::kind_info(Kind(k));
    RootedVector list(t);
    for (int i = 0; i < info.field_count; i++) list.push(Ref::copy(name_of(t, info.fields[i].name)));
    RefTo<Tuple> fields = TRY(tuple_from(t, list.data(), list.size()));
    bool product = strcmp(info.base, "AST") == 0;
    Type* base = product ? g_ast_type : ast_sum_class(info.base);
    g_classes[k] = TRY(make_class(t, info.name, base, fields, info.has_positions, product)).as<Type>();
  }
  RefTo<List> instances = TRY(list_new(t));
  for (int i = 0; i < kFieldTypeCount * kMaxItems; i++) TRY(list_append(t, instances.get(), None));
  for (int f = 0; f < kFieldTypeCount; f++) {
    const ast::EnumInfo* info = ast::enum_info(FieldType(f));
    if (info == nullptr) continue;
    g_enum_bases[f] = TRY(make_class(t, info->name, g_ast_type, empty_tuple(), false, true)).as<Type>();
    for (u32 i = 0; i < info->item_count; i++) {
      g_enum_classes[f][i] = TRY(make_class(t, info->items[i], g_enum_bases[f], empty_tuple(), false, false)).as<Type>();
      Ref instance = TRY(allocate_instance(t, g_enum_classes[f][i]));
      TRY(list_set(t, instances.get(), size_t(f * kMaxItems) + i, instance));
    }
  }
  g_enum_instances.set(t, instances.release_ref());
  for (int k = 0; k < ast::kKindCount; k++) TRY(finish_class(t, g_classes[k], ast::kind_info(Kind(k))));
  return ok();
}

}  // namespace

Status make_ast_classes(Thread& t) {
  static Mutex mutex;
  static bool made = false;
  if (__atomic_load_n(&made, __ATOMIC_ACQUIRE)) return ok();
  MutexGuard guard(t, mutex);
  if (made) return ok();
  TRY(make_all(t));
  __atomic_store_n(&made, true, __ATOMIC_RELEASE);
  return ok();
}

Type* ast_class(Kind kind) { return g_classes[int(kind)]; }

Type* ast_sum_class(const char* name) {
  for (const SumRow& row : g_sums)
    if (strcmp(row.name, name) == 0) return row.type;
  for (int f = 0; f < kFieldTypeCount; f++)
    if (g_enum_bases[f] != nullptr && strcmp(ast::enum_info(FieldType(f))->name, name) == 0) return g_enum_bases[f];
  for (int k = 0; k < ast::kKindCount; k++)
    if (strcmp(ast::kind_info(Kind(k)).name, name) == 0) return g_classes[k];
  return g_ast_type;
}

Type* ast_enum_class(FieldType type, u32 item) { return g_enum_classes[int(type)][item]; }
Value ast_enum_instance(FieldType type, u32 item) {
  return g_enum_instances.as<List>()->body->items[size_t(int(type)) * kMaxItems + item].peek();
}

bool ast_kind_of(Value v, Kind* out) {
  Type* type = type_of(v);
  while (type != nullptr) {
    for (int k = 0; k < ast::kKindCount; k++)
      if (g_classes[k] == type) {
        *out = Kind(k);
        return true;
      }
    type = type->base.as<Type>();
  }
  return false;
}

namespace {

Status initialise(Thread& t, Module* module) {
  TRY(make_ast_classes(t));
  TRY(module_add(t, module, "AST", Value(g_ast_type)));
  for (const SumRow& row : g_sums) TRY(module_add(t, module, row.name, Value(row.type)));
  for (int k = 0; k < ast::kKindCount; k++) TRY(module_add(t, module, ast::kind_info(Kind(k)).name, Value(g_classes[k])));
  for (int f = 0; f < kFieldTypeCount; f++) {
    const ast::EnumInfo* info = ast::enum_info(FieldType(f));
    if (info == nullptr) continue;
    TRY(module_add(t, module, info->name, Value(g_enum_bases[f])));
    for (u32 i = 0; i < info->item_count; i++) TRY(module_add(t, module, info->items[i], Value(g_enum_classes[f][i])));
  }
  TRY(module_add_int(t, module, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000));
  TRY(module_add_int(t, module, "PyCF_ONLY_AST", 0x400));
  TRY(module_add_int(t, module, "PyCF_TYPE_COMMENTS", 0x1000));
  return module_add_int(t, module, "PyCF_OPTIMIZED_AST", 0x8400);
}

}  // namespace

extern const ModuleDef module__ast;
const ModuleDef module__ast = {"_ast", nullptr, nullptr, initialise};

}  // namespace typhon
