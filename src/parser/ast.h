// The abstract syntax tree: plain arena-allocated structs generated from ast.def, one per constructor of Python's ASDL.
//
// Contract: a tree is immutable after parsing except by its sole owner, lives as long as its Arena, holds no Python
// objects and needs none. Optional pointers are null when absent; optional identifiers and strings have a null data().
// Lines count from 1 and columns from 0 in UTF-8 bytes, as in Python's `ast` module.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace typhon::ast {

template <typename T>
struct Seq {
  T* data = nullptr;
  uint32_t size = 0;

  T* begin() const { return data; }
  T* end() const { return data + size; }
  T& operator[](size_t i) const { return data[i]; }
  T& back() const { return data[size - 1]; }
  bool empty() const { return size == 0; }
};

enum class Kind : uint8_t {
#define AST_NODE(Cpp, py_name, Base, asdl_base) k##Cpp,
#include "parser/ast.def"
};

#define AST_NODE(Cpp, py_name, Base, asdl_base) +1
inline constexpr int kKindCount = 0
#include "parser/ast.def"
    ;

#define AST_ENUM(asdl, Cpp) enum class Cpp : uint8_t {
#define AST_ENUM_ITEM(Cpp, name) k##name,
#define AST_ENUM_END(asdl, Cpp) \
  }                             \
  ;
#include "parser/ast.def"

struct Node {
  Kind kind;
  int32_t lineno = 0;
  int32_t col_offset = 0;
  int32_t end_lineno = 0;
  int32_t end_col_offset = 0;

  explicit constexpr Node(Kind k) : kind(k) {}
};

// The value of a literal (or, for trees built by Python code, any constant the compiler accepts).
struct ConstantValue {
  enum class Type : uint8_t {
    kNone,
    kTrue,
    kFalse,
    kEllipsis,
    kInt,        // int_value
    kBigInt,     // text: digits of `base` (2, 8, 10, 16), lower case, no prefix, sign, underscores or leading zeros
    kFloat,      // float_value
    kComplex,    // float_value is the imaginary part; real_value the real part (0 in literals)
    kStr,        // text: UTF-8, where lone surrogates are encoded as three bytes too (WTF-8 without pair joining)
    kBytes,      // text
    kTuple,      // items; only in trees built by Python code
    kFrozenSet,  // items; only in trees built by Python code
  };

  Type type = Type::kNone;
  uint8_t base = 10;
  union {
    int64_t int_value = 0;
    double float_value;
  };
  double real_value = 0;
  std::string_view text;
  Seq<ConstantValue> items;
};

#define AST_SUM(asdl, Cpp, attributes) \
  struct Cpp : Node {                  \
    using Node::Node;                  \
  };
#define AST_NODE(Cpp, py_name, Base, asdl_base) struct Cpp;
#include "parser/ast.def"

enum class Quantity : uint8_t { kOne, kOpt, kMany, kManyOpt };

// ASDL type names as used in ast.def, mapped to what a field holds.
namespace asdl {
using identifier = std::string_view;
using string = std::string_view;
using int_ = int32_t;
using constant = ConstantValue;
using expr_context = ExprContext;
using boolop = BoolOperator;
using operator_ = Operator;
using unaryop = UnaryOperator;
using cmpop = CompareOperator;
using mod = Mod*;
using stmt = Stmt*;
using expr = Expr*;
using comprehension = Comprehension*;
using excepthandler = ExceptHandler*;
using arguments = Arguments*;
using arg = Arg*;
using keyword = Keyword*;
using alias = Alias*;
using withitem = WithItem*;
using match_case = MatchCase*;
using pattern = Pattern*;
using type_ignore = TypeIgnore*;
using type_param = TypeParam*;
}  // namespace asdl

template <typename T, Quantity Q>
struct FieldHolder {
  using Type = T;
};
template <typename T>
struct FieldHolder<T, Quantity::kMany> {
  using Type = Seq<T>;
};
template <typename T>
struct FieldHolder<T, Quantity::kManyOpt> {
  using Type = Seq<T>;
};

#define AST_NODE(Cpp, py_name, Base, asdl_base) \
  struct Cpp : Base {                           \
    static constexpr Kind kKind = Kind::k##Cpp; \
    constexpr Cpp() : Base(Kind::k##Cpp) {}
#define AST_FIELD(Cpp, name, type, quantity) FieldHolder<asdl::type, Quantity::quantity>::Type name{};
#define AST_NODE_END(Cpp) \
  }                       \
  ;
#include "parser/ast.def"

// Checked by assertion-free convention: the caller has looked at `kind`.
template <typename T>
inline T* as(Node* node) {
  return static_cast<T*>(node);
}
template <typename T>
inline const T* as(const Node* node) {
  return static_cast<const T*>(node);
}
template <typename T>
inline bool is(const Node* node) {
  return node != nullptr && node->kind == T::kKind;
}
template <typename T>
inline T* dyn(Node* node) {
  return is<T>(node) ? static_cast<T*>(node) : nullptr;
}

// ---- Reflection: what `_ast`, ast.dump and compile(tree) need to know, from ast.def ----

enum class FieldType : uint8_t {
  identifier,
  string,
  int_,
  constant,
  expr_context,
  boolop,
  operator_,
  unaryop,
  cmpop,
  mod,
  stmt,
  expr,
  comprehension,
  excepthandler,
  arguments,
  arg,
  keyword,
  alias,
  withitem,
  match_case,
  pattern,
  type_ignore,
  type_param,
};

struct FieldInfo {
  const char* name;  // the Python field name
  FieldType type;
  Quantity quantity;
  uint16_t offset;  // of the field in its struct
};

struct KindInfo {
  const char* name;  // the Python class name
  const char* base;  // the ASDL sum's name ("stmt"), or "AST" for product types
  const FieldInfo* fields;
  uint8_t field_count;
  bool has_positions;  // whether lineno & co. are attributes in Python
  uint16_t size;       // of the struct
};

struct EnumInfo {
  const char* name;  // the ASDL name ("operator")
  const char* const* items;
  uint8_t item_count;
};

const KindInfo& kind_info(Kind kind);
// For the field types expr_context, boolop, operator_, unaryop and cmpop; null for others.
const EnumInfo* enum_info(FieldType type);
// The ASDL spelling of a field type ("int", "operator", "stmt").
const char* field_type_name(FieldType type);

template <typename T>
inline T& field_ref(Node* node, const FieldInfo& field) {
  return *reinterpret_cast<T*>(reinterpret_cast<char*>(node) + field.offset);
}
template <typename T>
inline const T& field_ref(const Node* node, const FieldInfo& field) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(node) + field.offset);
}

}  // namespace typhon::ast
