// compile() with AST objects: from one (an _ast.AST instance), or to one (PyCF_ONLY_AST).
#include "objects/module.h"

namespace typhon {

Ref compile_ast_object(Thread& t, Value, Value, const char*, int flags, bool, int) {
  constexpr int kOnlyAst = 0x400;
  if (flags & kOnlyAst) return raise_not_there(t, "compile() to an AST");
  return Ref();
}

}  // namespace typhon
