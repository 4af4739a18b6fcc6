#include "parser/ast.h"

#include <cstring>

// The node structs derive from Node, so offsetof is only conditionally supported; clang supports it.
#pragma clang diagnostic ignored "-Winvalid-offsetof"

namespace typhon::ast {
namespace {

namespace attribute_flag {
constexpr bool kNone = false;
constexpr bool kPositions = true;
}  // namespace attribute_flag

// Whether the sum or product type of that ASDL name has positions.
constexpr bool has_positions(std::string_view name) {
#define AST_SUM(asdl, Cpp, attributes) \
  if (name == #asdl) return attribute_flag::attributes;
#define AST_PRODUCT(Cpp, py_name, attributes) \
  if (name == py_name) return attribute_flag::attributes;
#include "parser/ast.def"
  return false;
}

// Every list ends with an unused row, because a node may have no fields at all.
#define AST_NODE(Cpp, py_name, Base, asdl_base) constexpr FieldInfo k##Cpp##Fields[] = {
#define AST_FIELD(Cpp, name, type, quantity) \
  {#name, FieldType::type, Quantity::quantity, uint16_t(__builtin_offsetof(Cpp, name))},
#define AST_NODE_END(Cpp)                               \
  { nullptr, FieldType::identifier, Quantity::kOne, 0 }      \
  }                                                     \
  ;
#include "parser/ast.def"

constexpr FieldInfo kTypeIgnorePythonFields[] = {
    {"lineno", FieldType::int_, Quantity::kOne, kTypeIgnoreFields[0].offset},
    kTypeIgnoreFields[1],
};

constexpr KindInfo kKinds[] = {
#define AST_NODE(Cpp, py_name, Base, asdl_base)                                  \
  {py_name,                                                                      \
   #asdl_base,                                                                   \
   Kind::k##Cpp == Kind::kTypeIgnore ? kTypeIgnorePythonFields : k##Cpp##Fields, \
   uint8_t(sizeof(k##Cpp##Fields) / sizeof(FieldInfo) - 1),                      \
   has_positions(std::string_view(#asdl_base) == "AST" ? py_name : #asdl_base),  \
   uint16_t(sizeof(Cpp))},
#include "parser/ast.def"
};

#define AST_ENUM(asdl, Cpp) constexpr const char* k##Cpp##Items[] = {
#define AST_ENUM_ITEM(Cpp, name) #name,
#define AST_ENUM_END(asdl, Cpp) \
  }                             \
  ;
#include "parser/ast.def"

constexpr const char* kFieldTypeNames[] = {
    "identifier", "string", "int",      "constant",   "expr_context",  "boolop",        "operator",   "unaryop",
    "cmpop",      "mod",    "stmt",     "expr",       "comprehension", "excepthandler", "arguments",  "arg",
    "keyword",    "alias",  "withitem", "match_case", "pattern",       "type_ignore",   "type_param",
};

constexpr EnumInfo kEnums[] = {
#define AST_ENUM(asdl, Cpp) \
  {kFieldTypeNames[int(FieldType::asdl)], k##Cpp##Items, uint8_t(sizeof(k##Cpp##Items) / sizeof(const char*))},
#include "parser/ast.def"
};

}  // namespace

const KindInfo& kind_info(Kind kind) { return kKinds[int(kind)]; }

const EnumInfo* enum_info(FieldType type) {
  for (const EnumInfo& info : kEnums) {
    if (strcmp(info.name, kFieldTypeNames[int(type)]) == 0) return &info;
  }
  return nullptr;
}

const char* field_type_name(FieldType type) { return kFieldTypeNames[int(type)]; }

}  // namespace typhon::ast
