// from __future__ import ...
#include "compiler/compile.h"
#include "compiler/symtable.h"

namespace typhon::compiler {

using namespace ast;

u32 future_features(const Mod* module, Reporter& reporter, Pos* last) {
  *last = {};
  Seq<Stmt*> body;
  if (module->kind == Kind::kModule) {
    body = as<ast::Module>(module)->body;
  } else if (module->kind == Kind::kInteractive) {
    body = as<Interactive>(module)->body;
  }
  // Features that are always on.
  static constexpr std::string_view kMandatory[] = {"nested_scopes",    "generators",     "division",
                                                    "absolute_import",  "with_statement", "print_function",
                                                    "unicode_literals", "generator_stop", "barry_as_FLUFL"};
  u32 features = 0;
  bool first = true;
  for (const Stmt* s : body) {
    if (s->kind == Kind::kExprStmt && first) {
      // The docstring may come before.
      const Expr* e = as<ExprStmt>(s)->value;
      first = false;
      if (e->kind == Kind::kConstant && as<Constant>(e)->value.type == ConstantValue::Type::kStr) continue;
      break;
    }
    first = false;
    if (s->kind != Kind::kImportFrom) break;
    auto* i = as<ImportFrom>(s);
    if (i->module.data() == nullptr || i->module != "__future__" || i->level != 0) break;
    *last = pos_of(s);
    for (const Alias* a : i->names) {
      bool known = a->name == "annotations";
      if (known) features |= code_flag::kFuture_annotations;
      for (std::string_view name : kMandatory) known |= a->name == name;
      if (known) continue;
      if (a->name == "braces") {
        reporter.error(pos_of(a), "not a chance");
      } else {
        reporter.error(pos_of(a), "future feature %.*s is not defined", int(a->name.size()), a->name.data());
      }
      return features;
    }
  }
  return features;
}

}  // namespace typhon::compiler
