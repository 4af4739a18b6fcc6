// The parser's tree to Python objects and back; compile() with trees. Both directions run over ast.def's reflection tables.
#include "compiler/compile.h"
#include "modules/_ast/ast_classes.h"
#include "objects/big.h"
#include "runtime/runtime.h"

namespace typhon {

using ast::ConstantValue;
using ast::FieldInfo;
using ast::FieldType;
using ast::Kind;
using ast::KindInfo;
using ast::Quantity;

namespace {

constexpr const char* kPositions[] = {"lineno", "col_offset", "end_lineno", "end_col_offset"};

template <class T>
T& field_at(ast::Node* node, const FieldInfo& field) {
  return *reinterpret_cast<T*>(reinterpret_cast<char*>(node) + field.offset);
}

bool is_enum(FieldType type) { return ast::enum_info(type) != nullptr; }
bool is_node(FieldType type) { return int(type) >= int(FieldType::mod); }

// --- to Python
Ref constant_to_python(Thread& t, const ConstantValue& c) {
  switch (c.type) {
    case ConstantValue::Type::kNone: return Ref::none();
    case ConstantValue::Type::kTrue: return Ref::boolean(true);
    case ConstantValue::Type::kFalse: return Ref::boolean(false);
    case ConstantValue::Type::kEllipsis: return Ref::adopt(Ellipsis);
    case ConstantValue::Type::kInt: return int_from(t, c.int_value);
    case ConstantValue::Type::kBigInt: return int_from_digits(t, c.text.data(), c.text.size(), c.base, false);
    case ConstantValue::Type::kFloat: return float_from(t, c.float_value);
    case ConstantValue::Type::kComplex: return complex_from(t, c.real_value, c.float_value);
    case ConstantValue::Type::kStr: return str_from_utf8(t, c.text);
    case ConstantValue::Type::kBytes: return bytes_from(t, c.text.data(), c.text.size());
    default: break;
  }
  RootedVector items(t);
  for (const ConstantValue& item : c.items) items.push(TRY(constant_to_python(t, item)));
  RefTo<Tuple> tuple = TRY(tuple_from(t, items.data(), items.size()));
  if (c.type == ConstantValue::Type::kTuple) return tuple;
  return set_from_py(t, tuple, true);
}

Ref one_to_python(Thread& t, const void* at, FieldType type) {
  switch (type) {
    case FieldType::identifier:
    case FieldType::string: {
      auto text = *static_cast<const std::string_view*>(at);
      if (text.data() == nullptr) return Ref::none();
      RefTo<Str> s = TRY(str_from_utf8(t, text));
      if (type == FieldType::identifier) return str_intern(t, s);
      return s;
    }
    case FieldType::int_: return int_from(t, *static_cast<const int32_t*>(at));
    case FieldType::constant: return constant_to_python(t, *static_cast<const ConstantValue*>(at));
    default: break;
  }
  if (is_enum(type)) return Ref::copy(ast_enum_instance(type, *static_cast<const u8*>(at)));
  auto* node = *static_cast<ast::Node* const*>(at);
  return node == nullptr ? Ref::none() : ast_to_python(t, node);
}

size_t element_size(FieldType type) {
  switch (type) {
    case FieldType::identifier:
    case FieldType::string: return sizeof(std::string_view);
    case FieldType::int_: return sizeof(int32_t);
    case FieldType::constant: return sizeof(ConstantValue);
    default: return is_enum(type) ? 1 : sizeof(void*);
  }
}

}  // namespace

Ref ast_to_python(Thread& t, const ast::Node* node) {
  TRY(enter_native(t, " during ast construction"));
  const KindInfo& info = ast::kind_info(node->kind);
  Ref made = TRY(allocate_instance(t, ast_class(node->kind)));
  auto* mutable_node = const_cast<ast::Node*>(node);
  for (int i = 0; i < info.field_count; i++) {
    const FieldInfo& field = info.fields[i];
    Ref value;
    if (field.quantity == Quantity::kOne || field.quantity == Quantity::kOpt) {
      value = TRY(one_to_python(t, &field_at<char>(mutable_node, field), field.type));
    } else {
      auto& seq = field_at<ast::Seq<char>>(mutable_node, field);
      RefTo<List> list = TRY(list_new(t, seq.size));
      for (u32 k = 0; k < seq.size; k++) {
        Ref item = TRY(one_to_python(t, seq.data + k * element_size(field.type), field.type));
        TRY(list_append(t, list.get(), std::move(item)));
      }
      value = list.release_ref();
    }
    TRY(set_attribute(t, made, str_immortal(t, field.name), value));
  }
  if (info.has_positions) {
    const i32 numbers[] = {node->lineno, node->col_offset, node->end_lineno, node->end_col_offset};
    for (int i = 0; i < 4; i++) TRY(set_attribute(t, made, str_immortal(t, kPositions[i]), Value::small_int(numbers[i])));
  }
  return made;
}

// --- from Python
namespace {

class Builder {
 public:
  Builder(Thread& t, Arena& arena) : t_(t), arena_(arena) {}
  ast::Node* node(Value v, const char* wanted_sum);

 private:
  bool text(Value v, std::string_view* out, bool identifier);
  bool constant(Value v, ConstantValue* out);
  bool one(Value v, const FieldInfo& field, void* at, Kind owner);
  bool field(Value object, const FieldInfo& field, ast::Node* node);
  bool position(Value object, int which, i32* out, bool required);
  bool fail(Raised) { return false; }

  Thread& t_;
  Arena& arena_;
};

bool Builder::text(Value v, std::string_view* out, bool identifier) {
  if (identifier && !is_exact_str(v)) return fail(raise(t_, exc::TypeError, "AST identifier must be of type str"));
  if (!identifier && !is_exact_str(v) && !is_exact_bytes(v)) return fail(raise(t_, exc::TypeError, "AST string must be of type str"));
  if (is_bytes(v)) {
    *out = arena_.copy({reinterpret_cast<char*>(v.as<Bytes>()->data), v.as<Bytes>()->size});
    return true;
  }
  Utf8Buffer buffer;
  *out = arena_.copy(str_utf8(v.as<Str>(), buffer));
  return true;
}

bool Builder::constant(Value v, ConstantValue* out) {
  using T = ConstantValue::Type;
  if (v.is_none()) {
    out->type = T::kNone;
  } else if (v.is_bool()) {
    out->type = v.is_true() ? T::kTrue : T::kFalse;
  } else if (v.bits == Ellipsis.bits) {
    out->type = T::kEllipsis;
  } else if (is_exact_int(v)) {
    i64 n;
    if (int_fits_i64(v, &n)) {
      out->type = T::kInt;
      out->int_value = n;
    } else {
      BigView big(v);
      if (mpz_sgn(static_cast<mpz_srcptr>(big)) < 0) return fail(raise_not_there(t_, "a negative big int constant in a compiled AST"));
      out->type = T::kBigInt;
      out->base = 16;
      size_t n_digits = mpz_sizeinbase(big, 16);
      char* digits = arena_.make_array<char>(n_digits + 2);
      mpz_get_str(digits, 16, big);
      out->text = {digits, strlen(digits)};
    }
  } else if (is_exact_float(v)) {
    out->type = T::kFloat;
    out->float_value = float_value(v);
  } else if (is_exact(v, kShape_complex_)) {
    out->type = T::kComplex;
    out->real_value = v.as<Complex>()->real;
    out->float_value = v.as<Complex>()->imag;
  } else if (is_exact_str(v)) {
    out->type = T::kStr;
    return text(v, &out->text, false);
  } else if (is_exact_bytes(v)) {
    out->type = T::kBytes;
    return text(v, &out->text, false);
  } else if (is_exact_tuple(v) || is_exact_frozenset(v)) {
    if (enter_native(t_, " during compilation").failed()) return false;
    out->type = is_exact_tuple(v) ? T::kTuple : T::kFrozenSet;
    RefTo<Tuple> items = to_tuple(t_, v);
    if (items.failed()) return false;
    out->items = {arena_.make_array<ConstantValue>(items->size), u32(items->size)};
    for (u64 i = 0; i < items->size; i++) {
      out->items.data[i] = ConstantValue{};
      if (!constant(items->items[i].peek(), &out->items.data[i])) return false;
    }
  } else {
    return fail(raise(t_, exc::TypeError, "got an invalid type in Constant: %T", v));
  }
  return true;
}

bool Builder::one(Value v, const FieldInfo& field, void* at, Kind owner) {
  const char* owner_name = ast::kind_info(owner).name;
  switch (field.type) {
    case FieldType::identifier:
    case FieldType::string: return text(v, static_cast<std::string_view*>(at), field.type == FieldType::identifier);
    case FieldType::int_: {
      if (!is_int(v)) return fail(raise(t_, exc::ValueError, "invalid integer value: %R", v));
      Result<i64> n = to_i64(t_, v);
      if (n.failed()) return false;
      *static_cast<int32_t*>(at) = int32_t(n.get());
      return true;
    }
    case FieldType::constant: return constant(v, static_cast<ConstantValue*>(at));
    default: break;
  }
  if (const ast::EnumInfo* info = ast::enum_info(field.type)) {
    for (u32 i = 0; i < info->item_count; i++)
      if (is_instance_of(v, ast_enum_class(field.type, i))) {
        *static_cast<u8*>(at) = u8(i);
        return true;
      }
    return fail(raise(t_, exc::TypeError, "expected some sort of %s, but got %R", info->name, v));
  }
  (void)owner_name;
  ast::Node* made = node(v, ast::field_type_name(field.type));
  if (made == nullptr) return false;
  *static_cast<ast::Node**>(at) = made;
  return true;
}

bool Builder::field(Value object, const FieldInfo& f, ast::Node* target) {
  Ref value = get_attribute_or_empty(t_, object, str_immortal(t_, f.name));
  if (value.failed()) return false;
  const char* owner = ast::kind_info(target->kind).name;
  bool absent = value.is_empty() || (value.get().is_none() && f.type != FieldType::constant);
  if (f.quantity == Quantity::kOpt) return absent || value.get().is_none() ? true : one(value, f, &field_at<char>(target, f), target->kind);
  if (f.quantity == Quantity::kOne) {
    if (value.is_empty()) return fail(raise(t_, exc::TypeError, "required field \"%s\" missing from %s", f.name, owner));
    if (absent && is_node(f.type)) return fail(raise(t_, exc::ValueError, "field '%s' is required for %s", f.name, owner));
    return one(value, f, &field_at<char>(target, f), target->kind);
  }
  auto& seq = field_at<ast::Seq<char>>(target, f);
  seq = {};
  if (value.is_empty()) return true;
  if (!is_list(value)) return fail(raise(t_, exc::TypeError, "%s field \"%s\" must be a list, not a %T", owner, f.name, value.get()));
  RefTo<Tuple> items = list_to_tuple(t_, value.as<List>());
  if (items.failed()) return false;
  size_t size = element_size(f.type);
  seq.data = static_cast<char*>(arena_.allocate(size * items->size + 1, 8));
  memset(seq.data, 0, size * items->size);
  seq.size = u32(items->size);
  for (u64 i = 0; i < items->size; i++) {
    Value item = items->items[i].peek();
    if (item.is_none() && f.quantity == Quantity::kManyOpt) continue;
    if (f.type == FieldType::constant) new (seq.data + i * size) ConstantValue{};
    if (!one(item, f, seq.data + i * size, target->kind)) return false;
  }
  return true;
}

bool Builder::position(Value object, int which, i32* out, bool required) {
  Ref value = get_attribute_or_empty(t_, object, str_immortal(t_, kPositions[which]));
  if (value.failed()) return false;
  if (value.is_empty() || value.get().is_none()) {
    if (required) return fail(raise(t_, exc::TypeError, "required field \"%s\" missing from %s", kPositions[which], type_name(object)));
    *out = -1;
    return true;
  }
  if (!is_int(value)) return fail(raise(t_, exc::ValueError, "invalid integer value: %R", value.get()));
  Result<i64> n = to_i64(t_, value);
  if (n.failed()) return false;
  *out = i32(n.get());
  return true;
}

ast::Node* Builder::node(Value v, const char* wanted) {
  if (enter_native(t_, " during compilation").failed()) return nullptr;
  Kind kind;
  if (!ast_kind_of(v, &kind)) {
    fail(raise(t_, exc::TypeError, "expected some sort of %s, but got %R", wanted, v));
    return nullptr;
  }
  const KindInfo& info = ast::kind_info(kind);
  bool fits = strcmp(info.base, wanted) == 0 || strcmp(info.name, wanted) == 0;
  if (!fits) {
    fail(raise(t_, exc::TypeError, "expected some sort of %s, but got %R", wanted, v));
    return nullptr;
  }
  auto* made = static_cast<ast::Node*>(arena_.allocate(info.size, 16));
  memset(static_cast<void*>(made), 0, info.size);
  made->kind = kind;
  for (int i = 0; i < info.field_count; i++) {
    if (info.fields[i].type == FieldType::constant && info.fields[i].quantity == Quantity::kOne) new (&field_at<char>(made, info.fields[i])) ConstantValue{};
    if (!field(v, info.fields[i], made)) return nullptr;
  }
  if (info.has_positions) {
    if (!position(v, 0, &made->lineno, true) || !position(v, 1, &made->col_offset, true) || !position(v, 2, &made->end_lineno, false) ||
        !position(v, 3, &made->end_col_offset, false))
      return nullptr;
    if (made->end_lineno < 0) made->end_lineno = made->lineno;
    if (made->end_col_offset < 0) made->end_col_offset = made->col_offset;
  }
  return made;
}

}  // namespace

ast::Mod* ast_from_python(Thread& t, Arena& arena, Value module) {
  return static_cast<ast::Mod*>(Builder(t, arena).node(module, "mod"));
}

Ref compile_ast_object(Thread& t, Value source, Value filename, const char* mode, int flags, bool dont_inherit, int optimize) {
  if (g_ast_type == nullptr || !is_instance_of(source, g_ast_type)) return Ref();
  if (flags & compile_flag::kOnlyAst) return Ref::copy(source);
  const char* wanted = strcmp(mode, "eval") == 0 ? "Expression" : strcmp(mode, "single") == 0 ? "Interactive" : strcmp(mode, "func_type") == 0 ? "FunctionType" : "Module";
  Kind kind;
  if (!ast_kind_of(source, &kind) || strcmp(ast::kind_info(kind).name, wanted) != 0)
    return raise(t, exc::TypeError, "expected %s node, got %T", wanted, source);
  Arena arena;
  ast::Mod* module = ast_from_python(t, arena, source);
  if (module == nullptr) return Raised{};
  TRY(ast_validate(t, module));
  if (optimize < 0) optimize = g_config.optimize;
  if (!dont_inherit && t.frame != nullptr) flags |= int(frame::code(t.frame)->flags & u32(compile_flag::kFutures));
  return compile_ast(t, module, filename, mode, flags, optimize);
}

// runtime/compile_source.cpp calls this for PyCF_ONLY_AST.
Ref ast_result(Thread& t, const ast::Mod* module) {
  TRY(make_ast_classes(t));
  return ast_to_python(t, module);
}

}  // namespace typhon
