// Checks trees that Python code has built before they are compiled: what the parser never makes, and the compiler does not expect.
#include "modules/_ast/ast_classes.h"
#include "objects/protocol/protocol.h"

namespace typhon {


namespace {

using namespace ast;

const char* context_name(ExprContext c) {
  return c == ExprContext::kLoad ? "Load" : c == ExprContext::kStore ? "Store" : "Del";
}

class Validator {
 public:
  explicit Validator(Thread& t) : t_(t) {}

  Status module(const Mod* m) {
    switch (m->kind) {
      case Kind::kModule: return statements(as<ast::Module>(m)->body);
      case Kind::kInteractive: return statements(as<Interactive>(m)->body);
      case Kind::kExpression: return load(as<Expression>(m)->body);
      default: TRY(loads(as<FunctionType>(m)->argtypes)); return load(as<FunctionType>(m)->returns);
    }
  }

 private:
  Raised value_error(const char* text) { return raise(t_, exc::ValueError, "%s", text); }

  Status position(const Node* n) {
    if (n->lineno > n->end_lineno)
      return raise(t_, exc::ValueError, "AST node line range (%d, %d) is not valid", n->lineno, n->end_lineno);
    if ((n->lineno < 0 && n->end_lineno != n->lineno) || (n->col_offset < 0 && n->col_offset != n->end_col_offset))
      return raise(t_, exc::ValueError, "AST node column range (%d, %d) for line range (%d, %d) is not valid", n->col_offset,
                   n->end_col_offset, n->lineno, n->end_lineno);
    if (n->lineno == n->end_lineno && n->col_offset > n->end_col_offset)
      return raise(t_, exc::ValueError, "line %d, column %d-%d is not a valid range", n->lineno, n->col_offset, n->end_col_offset);
    return ok();
  }
  Status name(std::string_view text) {
    for (const char* forbidden : {"None", "True", "False"})
      if (text == forbidden) return raise(t_, exc::ValueError, "identifier field can't represent '%s' constant", forbidden);
    return ok();
  }
  Status not_empty(u32 size, const char* what, const char* owner) {
    if (size == 0) return raise(t_, exc::ValueError, "empty %s on %s", what, owner);
    return ok();
  }
  Status body(Seq<Stmt*> statements_, const char* owner) {
    TRY(not_empty(statements_.size, "body", owner));
    return statements(statements_);
  }
  Status statements(Seq<Stmt*> list) {
    for (const Stmt* s : list) {
      if (s == nullptr) return value_error("None disallowed in statement list");
      TRY(statement(s));
    }
    return ok();
  }
  Status targets(Seq<Expr*> list, const char* owner, ExprContext context) {
    TRY(not_empty(list.size, context == ExprContext::kDel ? "targets" : "targets", owner));
    return expressions(list, context, false);
  }
  Status load(const Expr* e) { return e == nullptr ? ok() : expression(e, ExprContext::kLoad); }
  Status loads(Seq<Expr*> list) { return expressions(list, ExprContext::kLoad, false); }
  Status expressions(Seq<Expr*> list, ExprContext context, bool none_allowed) {
    for (const Expr* e : list) {
      if (e != nullptr) {
        TRY(expression(e, context));
      } else if (!none_allowed) {
        return value_error("None disallowed in expression list");
      }
    }
    return ok();
  }

  Status comprehension(Seq<Comprehension*> generators) {
    if (generators.size == 0) return value_error("comprehension with no generators");
    for (const Comprehension* c : generators) {
      TRY(expression(c->target, ExprContext::kStore));
      TRY(load(c->iter));
      TRY(loads(c->ifs));
    }
    return ok();
  }
  Status keywords(Seq<Keyword*> list) {
    for (const Keyword* k : list) TRY(load(k->value));
    return ok();
  }
  Status parameters(Seq<Arg*> list) {
    for (const Arg* a : list) TRY(parameter(a));
    return ok();
  }
  Status parameter(const Arg* a) {
    if (a == nullptr) return ok();
    TRY(position(a));
    return load(a->annotation);
  }
  Status arguments(const Arguments* a) {
    TRY(parameters(a->posonlyargs));
    TRY(parameters(a->args));
    TRY(parameter(a->vararg));
    TRY(parameters(a->kwonlyargs));
    TRY(parameter(a->kwarg));
    if (a->defaults.size > a->posonlyargs.size + a->args.size) return value_error("more positional defaults than args on arguments");
    if (a->kw_defaults.size != a->kwonlyargs.size)
      return value_error("length of kwonlyargs is not the same as kw_defaults on arguments");
    TRY(loads(a->defaults));
    return expressions(a->kw_defaults, ExprContext::kLoad, true);
  }
  Status type_params(Seq<TypeParam*> list) {
    for (const TypeParam* p : list) {
      TRY(position(p));
      if (p->kind == Kind::kTypeVar) {
        TRY(name(as<TypeVar>(p)->name));
        TRY(load(as<TypeVar>(p)->bound));
        TRY(load(as<TypeVar>(p)->default_value));
      } else if (p->kind == Kind::kParamSpec) {
        TRY(name(as<ParamSpec>(p)->name));
        TRY(load(as<ParamSpec>(p)->default_value));
      } else {
        TRY(name(as<TypeVarTuple>(p)->name));
        TRY(load(as<TypeVarTuple>(p)->default_value));
      }
    }
    return ok();
  }

  Status expression(const Expr* e, ExprContext context) {
    TRY(enter_native(t_, " during compilation"));
    TRY(position(e));
    bool has_context = true;
    ExprContext actual = ExprContext::kLoad;
    switch (e->kind) {
      case Kind::kAttribute: actual = as<Attribute>(e)->ctx; break;
      case Kind::kSubscript: actual = as<Subscript>(e)->ctx; break;
      case Kind::kStarred: actual = as<Starred>(e)->ctx; break;
      case Kind::kName:
        TRY(name(as<Name>(e)->id));
        actual = as<Name>(e)->ctx;
        break;
      case Kind::kList: actual = as<ast::List>(e)->ctx; break;
      case Kind::kTuple: actual = as<ast::Tuple>(e)->ctx; break;
      default: has_context = false; break;
    }
    if (!has_context && context != ExprContext::kLoad)
      return raise(t_, exc::ValueError, "expression which can't be assigned to in %s context", context_name(context));
    if (has_context && actual != context)
      return raise(t_, exc::ValueError, "expression must have %s context but has %s instead", context_name(context),
                   context_name(actual));
    return parts(e, context);
  }

  Status parts(const Expr* e, ExprContext context) {
    switch (e->kind) {
      case Kind::kBoolOp:
        if (as<BoolOp>(e)->values.size < 2) return value_error("BoolOp with less than 2 values");
        return loads(as<BoolOp>(e)->values);
      case Kind::kBinOp: TRY(load(as<BinOp>(e)->left)); return load(as<BinOp>(e)->right);
      case Kind::kUnaryOp: return load(as<ast::UnaryOp>(e)->operand);
      case Kind::kLambda: TRY(arguments(as<Lambda>(e)->args)); return load(as<Lambda>(e)->body);
      case Kind::kIfExp:
        TRY(load(as<IfExp>(e)->test));
        TRY(load(as<IfExp>(e)->body));
        return load(as<IfExp>(e)->orelse);
      case Kind::kDict:
        if (as<ast::Dict>(e)->keys.size != as<ast::Dict>(e)->values.size)
          return value_error("Dict doesn't have the same number of keys as values");
        TRY(expressions(as<ast::Dict>(e)->keys, ExprContext::kLoad, true));
        return loads(as<ast::Dict>(e)->values);
      case Kind::kSet: return loads(as<ast::Set>(e)->elts);
      case Kind::kListComp: TRY(comprehension(as<ListComp>(e)->generators)); return load(as<ListComp>(e)->elt);
      case Kind::kSetComp: TRY(comprehension(as<SetComp>(e)->generators)); return load(as<SetComp>(e)->elt);
      case Kind::kGeneratorExp: TRY(comprehension(as<GeneratorExp>(e)->generators)); return load(as<GeneratorExp>(e)->elt);
      case Kind::kDictComp:
        TRY(comprehension(as<DictComp>(e)->generators));
        TRY(load(as<DictComp>(e)->key));
        return load(as<DictComp>(e)->value);
      case Kind::kYield: return load(as<Yield>(e)->value);
      case Kind::kYieldFrom: return load(as<YieldFrom>(e)->value);
      case Kind::kAwait: return load(as<Await>(e)->value);
      case Kind::kCompare:
        if (as<Compare>(e)->comparators.size == 0) return value_error("Compare with no comparators");
        if (as<Compare>(e)->comparators.size != as<Compare>(e)->ops.size)
          return value_error("Compare has a different number of comparators and operands");
        TRY(loads(as<Compare>(e)->comparators));
        return load(as<Compare>(e)->left);
      case Kind::kCall:
        TRY(load(as<Call>(e)->func));
        TRY(loads(as<Call>(e)->args));
        return keywords(as<Call>(e)->keywords);
      case Kind::kJoinedStr: return loads(as<JoinedStr>(e)->values);
      case Kind::kTemplateStr: return loads(as<TemplateStr>(e)->values);
      case Kind::kFormattedValue:
        TRY(load(as<FormattedValue>(e)->value));
        return load(as<FormattedValue>(e)->format_spec);
      case Kind::kInterpolation:
        TRY(load(as<Interpolation>(e)->value));
        return load(as<Interpolation>(e)->format_spec);
      case Kind::kAttribute: return load(as<Attribute>(e)->value);
      case Kind::kSubscript: TRY(load(as<Subscript>(e)->slice)); return load(as<Subscript>(e)->value);
      case Kind::kStarred: return expression(as<Starred>(e)->value, context);
      case Kind::kList: return expressions(as<ast::List>(e)->elts, context, false);
      case Kind::kTuple: return expressions(as<ast::Tuple>(e)->elts, context, false);
      case Kind::kSlice:
        TRY(load(as<ast::Slice>(e)->lower));
        TRY(load(as<ast::Slice>(e)->upper));
        return load(as<ast::Slice>(e)->step);
      case Kind::kNamedExpr:
        if (as<NamedExpr>(e)->target->kind != Kind::kName) return raise(t_, exc::TypeError, "NamedExpr target must be a Name");
        return load(as<NamedExpr>(e)->value);
      default: return ok();
    }
  }

  // --- patterns
  Status capture(std::string_view text) {
    if (text == "_") return value_error("can't capture name '_' in patterns");
    return name(text);
  }
  // A number, perhaps negative or complex: what patterns may compare with.
  bool is_literal(const Expr* e, bool allow_sign, bool allow_sum) {
    if (e->kind == Kind::kConstant) {
      using T = ConstantValue::Type;
      T type = as<Constant>(e)->value.type;
      return type == T::kInt || type == T::kBigInt || type == T::kFloat || type == T::kComplex || (allow_sum && (type == T::kStr || type == T::kBytes));
    }
    if (e->kind == Kind::kUnaryOp && allow_sign)
      return as<ast::UnaryOp>(e)->op == UnaryOperator::kUSub && is_literal(as<ast::UnaryOp>(e)->operand, false, false);
    if (e->kind == Kind::kBinOp && allow_sum) {
      auto* b = as<BinOp>(e);
      return (b->op == Operator::kAdd || b->op == Operator::kSub) && is_literal(b->left, true, false) && is_literal(b->right, false, false);
    }
    return false;
  }
  Status match_value(const Expr* e) {
    TRY(load(e));
    if (is_literal(e, true, true) || e->kind == Kind::kJoinedStr || e->kind == Kind::kTemplateStr) return ok();
    if (e->kind == Kind::kAttribute) return ok();
    if (e->kind == Kind::kConstant) return value_error("unexpected constant inside of a literal pattern");
    return value_error("patterns may only match literals and attribute lookups");
  }
  Status patterns(Seq<Pattern*> list, bool star_allowed) {
    for (const Pattern* p : list) TRY(pattern(p, star_allowed));
    return ok();
  }
  Status pattern(const Pattern* p, bool star_allowed) {
    TRY(enter_native(t_, " during compilation"));
    TRY(position(p));
    switch (p->kind) {
      case Kind::kMatchValue: return match_value(as<MatchValue>(p)->value);
      case Kind::kMatchSingleton:
        using T = ConstantValue::Type;
        if (T type = as<MatchSingleton>(p)->value.type; type != T::kNone && type != T::kTrue && type != T::kFalse)
          return value_error("MatchSingleton can only contain True, False and None");
        return ok();
      case Kind::kMatchSequence: return patterns(as<MatchSequence>(p)->patterns, true);
      case Kind::kMatchMapping: return mapping(as<MatchMapping>(p));
      case Kind::kMatchClass: return class_pattern(as<MatchClass>(p));
      case Kind::kMatchStar:
        if (!star_allowed) return value_error("can't use MatchStar here");
        return as<MatchStar>(p)->name.data() == nullptr ? ok() : capture(as<MatchStar>(p)->name);
      case Kind::kMatchAs: {
        auto* m = as<MatchAs>(p);
        if (m->name.data() != nullptr) TRY(capture(m->name));
        if (m->pattern == nullptr) return ok();
        if (m->name.data() == nullptr) return value_error("MatchAs must specify a target name if a pattern is given");
        return pattern(m->pattern, false);
      }
      default:
        if (as<MatchOr>(p)->patterns.size < 2) return value_error("MatchOr requires at least 2 patterns");
        return patterns(as<MatchOr>(p)->patterns, false);
    }
  }
  Status mapping(const MatchMapping* m) {
    if (m->keys.size != m->patterns.size) return value_error("MatchMapping doesn't have the same number of keys as patterns");
    if (m->rest.data() != nullptr) TRY(capture(m->rest));
    for (const Expr* key : m->keys) {
      using T = ConstantValue::Type;
      T type = key->kind == Kind::kConstant ? as<Constant>(key)->value.type : T::kInt;
      if (type != T::kNone && type != T::kTrue && type != T::kFalse) TRY(match_value(key));
    }
    return patterns(m->patterns, false);
  }
  Status class_pattern(const MatchClass* m) {
    if (m->kwd_attrs.size != m->kwd_patterns.size)
      return value_error("MatchClass doesn't have the same number of keyword attributes as patterns");
    TRY(load(m->cls));
    const Expr* cls = m->cls;
    while (cls->kind == Kind::kAttribute) cls = as<Attribute>(cls)->value;
    if (cls->kind != Kind::kName) return value_error("MatchClass cls field can only contain Name or Attribute nodes.");
    for (std::string_view attribute : m->kwd_attrs) TRY(name(attribute));
    TRY(patterns(m->patterns, false));
    return patterns(m->kwd_patterns, false);
  }

  // --- statements
  template <class F>
  Status function(const F* f, const char* owner) {
    TRY(body(f->body, owner));
    TRY(type_params(f->type_params));
    TRY(arguments(f->args));
    TRY(loads(f->decorator_list));
    return load(f->returns);
  }
  template <class F>
  Status loop(const F* f, const char* owner) {
    TRY(expression(f->target, ExprContext::kStore));
    TRY(load(f->iter));
    TRY(body(f->body, owner));
    return statements(f->orelse);
  }
  template <class W>
  Status with(const W* w, const char* owner) {
    TRY(not_empty(w->items.size, "items", owner));
    for (const WithItem* item : w->items) {
      TRY(load(item->context_expr));
      if (item->optional_vars != nullptr) TRY(expression(item->optional_vars, ExprContext::kStore));
    }
    return body(w->body, owner);
  }
  template <class T>
  Status try_statement(const T* s, const char* owner) {
    TRY(body(s->body, owner));
    if (s->handlers.size == 0 && s->finalbody.size == 0)
      return raise(t_, exc::ValueError, "%s has neither handlers nor finalbody", owner);
    if (s->handlers.size == 0 && s->orelse.size != 0) return raise(t_, exc::ValueError, "%s has orelse but no except handlers", owner);
    for (const ExceptHandlerBase* base : s->handlers) {
      auto* h = as<ExceptHandler>(base);
      TRY(position(h));
      if (s->kind == Kind::kTryStar && h->type == nullptr) return value_error("except* must have a type");
      TRY(load(h->type));
      TRY(body(h->body, "ExceptHandler"));
    }
    TRY(statements(s->finalbody));
    return statements(s->orelse);
  }

  Status statement(const Stmt* s) {
    TRY(enter_native(t_, " during compilation"));
    TRY(position(s));
    switch (s->kind) {
      case Kind::kFunctionDef: return function(as<FunctionDef>(s), "FunctionDef");
      case Kind::kAsyncFunctionDef: return function(as<AsyncFunctionDef>(s), "AsyncFunctionDef");
      case Kind::kClassDef:
        TRY(body(as<ClassDef>(s)->body, "ClassDef"));
        TRY(type_params(as<ClassDef>(s)->type_params));
        TRY(loads(as<ClassDef>(s)->bases));
        TRY(keywords(as<ClassDef>(s)->keywords));
        return loads(as<ClassDef>(s)->decorator_list);
      case Kind::kReturn: return load(as<Return>(s)->value);
      case Kind::kDelete: return targets(as<Delete>(s)->targets, "Delete", ExprContext::kDel);
      case Kind::kAssign:
        TRY(targets(as<Assign>(s)->targets, "Assign", ExprContext::kStore));
        return load(as<Assign>(s)->value);
      case Kind::kAugAssign:
        TRY(expression(as<AugAssign>(s)->target, ExprContext::kStore));
        return load(as<AugAssign>(s)->value);
      case Kind::kAnnAssign:
        if (as<AnnAssign>(s)->target->kind != Kind::kName && as<AnnAssign>(s)->simple)
          return raise(t_, exc::TypeError, "AnnAssign with simple non-Name target");
        TRY(expression(as<AnnAssign>(s)->target, ExprContext::kStore));
        TRY(load(as<AnnAssign>(s)->value));
        return load(as<AnnAssign>(s)->annotation);
      case Kind::kTypeAlias:
        if (as<TypeAlias>(s)->name->kind != Kind::kName) return raise(t_, exc::TypeError, "TypeAlias with non-Name name");
        TRY(expression(as<TypeAlias>(s)->name, ExprContext::kStore));
        TRY(type_params(as<TypeAlias>(s)->type_params));
        return load(as<TypeAlias>(s)->value);
      case Kind::kFor: return loop(as<For>(s), "For");
      case Kind::kAsyncFor: return loop(as<AsyncFor>(s), "AsyncFor");
      case Kind::kWhile:
        TRY(load(as<While>(s)->test));
        TRY(body(as<While>(s)->body, "While"));
        return statements(as<While>(s)->orelse);
      case Kind::kIf:
        TRY(load(as<If>(s)->test));
        TRY(body(as<If>(s)->body, "If"));
        return statements(as<If>(s)->orelse);
      case Kind::kWith: return with(as<With>(s), "With");
      case Kind::kAsyncWith: return with(as<AsyncWith>(s), "AsyncWith");
      case Kind::kMatch:
        TRY(load(as<Match>(s)->subject));
        TRY(not_empty(as<Match>(s)->cases.size, "cases", "Match"));
        for (const MatchCase* c : as<Match>(s)->cases) {
          TRY(pattern(c->pattern, false));
          TRY(load(c->guard));
          TRY(body(c->body, "match_case"));
        }
        return ok();
      case Kind::kRaise:
        if (as<Raise>(s)->exc == nullptr && as<Raise>(s)->cause != nullptr) return value_error("Raise with cause but no exception");
        TRY(load(as<Raise>(s)->exc));
        return load(as<Raise>(s)->cause);
      case Kind::kTry: return try_statement(as<Try>(s), "Try");
      case Kind::kTryStar: return try_statement(as<TryStar>(s), "TryStar");
      case Kind::kAssert: TRY(load(as<Assert>(s)->test)); return load(as<Assert>(s)->msg);
      case Kind::kImport: return not_empty(as<Import>(s)->names.size, "names", "Import");
      case Kind::kImportFrom:
        if (as<ImportFrom>(s)->level < 0) return value_error("Negative ImportFrom level");
        return not_empty(as<ImportFrom>(s)->names.size, "names", "ImportFrom");
      case Kind::kGlobal: return not_empty(as<Global>(s)->names.size, "names", "Global");
      case Kind::kNonlocal: return not_empty(as<Nonlocal>(s)->names.size, "names", "Nonlocal");
      case Kind::kExprStmt: return load(as<ExprStmt>(s)->value);
      default: return ok();
    }
  }

  Thread& t_;
};

}  // namespace

Status ast_validate(Thread& t, const Mod* module) { return Validator(t).module(module); }

}  // namespace typhon
