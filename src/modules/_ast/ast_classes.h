// The Python classes of the syntax tree, and the conversions between them and the parser's tree.
#pragma once
#include "base/arena.h"
#include "objects/module.h"
#include "parser/ast.h"

namespace typhon {

extern Type* g_ast_type;  // ast.AST
// Makes the classes on first use (compile() may need them before _ast is imported).
Status make_ast_classes(Thread& t);
Type* ast_class(ast::Kind kind);
Type* ast_sum_class(const char* name);  // "stmt", "expr"...
// The class of an enum item (ast.Add, ast.Load), and the one instance that trees share.
Type* ast_enum_class(ast::FieldType type, u32 item);
Value ast_enum_instance(ast::FieldType type, u32 item);
// The kind that an instance's class is or derives from; false when it is none.
bool ast_kind_of(Value v, ast::Kind* out);

Ref ast_to_python(Thread& t, const ast::Node* node);
// The tree in `arena`; null with a pending TypeError/ValueError when the objects do not form one.
ast::Mod* ast_from_python(Thread& t, Arena& arena, Value module);
// ValueError or TypeError for a tree that the parser would never make. validate.cpp.
Status ast_validate(Thread& t, const ast::Mod* module);

}  // namespace typhon
