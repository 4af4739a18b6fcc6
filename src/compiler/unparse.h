// Expressions back to text, as `from __future__ import annotations` keeps annotations.
#pragma once
#include "compiler/vec.h"
#include "parser/ast.h"

namespace typhon::compiler {

void unparse_expression(const ast::Expr* e, Vec<char>& out);

}  // namespace typhon::compiler
