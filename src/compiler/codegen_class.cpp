// Classes, type parameters, type aliases, and the module itself.
#include <algorithm>

#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

// --- modules

// What the body of a module or class begins with: its annotations.
void Codegen::body_prologue(const Node* node, Pos pos) {
  Scope* s = u_->scope;
  At at(*this, pos);
  if (s->has_conditional_annotations) {
    u16 t = alloc();
    emit(Op::BUILD_SET, t, u_->top, 0);
    if (u_->in_class()) {
      emit(Op::STORE_CELL, u_->conditional_cell, t, 0, kConsumeB);
    } else {
      emit_name(Op::STORE_NAME, t, 0, name::k_conditional, kConsumeA);
    }
    u_->top = t;
  }
}

namespace {

// Whether annotated names are to be noted in __annotations__ while the code runs (future annotations).
bool has_annotations(Seq<Stmt*> body) {
  for (const Stmt* s : body) {
    switch (s->kind) {
      case Kind::kAnnAssign: return true;
      case Kind::kFor:
      case Kind::kAsyncFor:
        if (has_annotations(as<For>(s)->body) || has_annotations(as<For>(s)->orelse)) return true;
        break;
      case Kind::kWhile:
        if (has_annotations(as<While>(s)->body) || has_annotations(as<While>(s)->orelse)) return true;
        break;
      case Kind::kIf: {
        const If* i = as<If>(s);
        for (;; i = as<If>(i->orelse[0])) {
          if (has_annotations(i->body)) return true;
          if (i->orelse.size == 1 && i->orelse[0]->kind == Kind::kIf) continue;
          if (has_annotations(i->orelse)) return true;
          break;
        }
        break;
      }
      case Kind::kWith:
      case Kind::kAsyncWith:
        if (has_annotations(as<With>(s)->body)) return true;
        break;
      case Kind::kTry:
      case Kind::kTryStar: {
        auto* y = as<Try>(s);
        if (has_annotations(y->body) || has_annotations(y->orelse) || has_annotations(y->finalbody)) return true;
        for (const ExceptHandlerBase* h : y->handlers) {
          if (has_annotations(as<ExceptHandler>(h)->body)) return true;
        }
        break;
      }
      case Kind::kMatch:
        for (const MatchCase* c : as<Match>(s)->cases) {
          if (has_annotations(c->body)) return true;
        }
        break;
      default: break;
    }
  }
  return false;
}

}  // namespace

Ref Codegen::module(const Mod* module) {
  Unit u(thread_);
  enter(u, symbols_.top(), name::k_module_code, 0, 1);
  prologue(Pos{0, 0, -1, -1});
  if (module->kind == Kind::kExpression) {
    u16 t = alloc();
    into(as<Expression>(module)->body, t);
    At at(*this, as<Expression>(module)->body);
    emit(Op::RETURN, t, 0, 0, kConsumeA);
    end_of_flow();
    return leave(u);
  }
  interactive_ = module->kind == Kind::kInteractive;
  Seq<Stmt*> body = interactive_ ? as<Interactive>(module)->body : as<ast::Module>(module)->body;
  Pos start = body.empty() ? Pos{1, 1, 0, 0} : Pos{body[0]->lineno, body[0]->lineno, 0, 0};
  At at(*this, start);
  // The __annotate__ function stands at the beginning, so that a module that fails half-way has one; its code is made last.
  u32 annotate = ~0u;
  if (u.scope->annotation_block != nullptr) {
    annotate = constant_unshared(Ref::none());
    u16 t = alloc();
    emit_constant(Op::MAKE_FUNCTION, t, annotate);
    emit_name(Op::STORE_NAME, t, 0, name::k_annotate, kConsumeA);
    u.top = t;
  }
  body_prologue(module, start);
  if (future_annotations() && has_annotations(body)) emit(Op::SETUP_ANNOTATIONS, 0, 0, 0);
  if (!interactive_) {
    const Stmt* first = body.empty() ? nullptr : body[0];
    Ref doc = take_docstring(&body);
    check(doc);
    if (failed()) return Ref();
    if (!doc.is_empty()) {
      At here(*this, first);
      u16 t = alloc();
      load_const(t, doc);
      emit_name(Op::STORE_NAME, t, 0, name::k_doc, kConsumeA);
      u.top = t;
    }
  }
  statements(body);
  if (annotate != ~0u && !failed()) {
    Ref code = annotate_code(u.scope->annotation_block, u.annotations);
    if (failed()) return Ref();
    u.constants.set(annotate, std::move(code));
  }
  return leave(u);
}

// The __annotate__ function of a module or class: a dict of its annotations, those of branches that were not taken left
// out.
Ref Codegen::annotate_code(Scope* block, const Vec<DeferredAnnotation>& annotations) {
  Unit u(thread_);
  i32 line = u_->in_module() ? u_->positions[u_->pos].line : u_->first_line;
  enter(u, block, name::k_annotate, 0, line);
  Pos start{line, line, 0, 0};
  At at(*this, start);
  prologue(start);
  evaluator_prologue();
  u.register_names[0] = name::k_format_shown;
  u16 dict = alloc();
  emit(Op::BUILD_MAP, dict, u.top, 0);
  u16 mark = u.top;
  for (const DeferredAnnotation& a : annotations) {
    At here(*this, a.node->annotation);
    Label skip = new_label();
    if (a.index >= 0) {
      u16 number = alloc(), set = alloc();
      load_const(number, Value::small_int(a.index));
      load_name(name::k_conditional, set);
      emit_binary(Op::IN, number, {number, true}, {set, true});
      jump_on(Op::JUMP_IF_FALSE, {number, true}, skip);
      u.top = mark;
    }
    u16 key = alloc(), value = alloc();
    into(a.node->annotation, value);
    load_const(key, names_.value(mangle(as<Name>(a.node->target)->id)));
    emit_binary(Op::MAP_ADD, dict, {key, true}, {value, true});
    u.top = mark;
    bind(skip);
  }
  emit(Op::RETURN, dict, 0, 0, kConsumeA);
  end_of_flow();
  return leave(u);
}

// --- classes

Ref Codegen::class_code(const ClassDef* s, i32 first_line) {
  Scope* scope = symbols_.scope(s, ScopeTag::kBody);
  Unit u(thread_);
  enter(u, scope, names_.intern(s->name), 0, first_line);
  u.private_name = u.name;
  Pos start{first_line, first_line, 0, 0};
  At at(*this, start);
  prologue(start);
  auto store_const = [&](Value v, NameId n) {
    u16 t = alloc();
    load_const(t, v);
    emit_name(Op::STORE_NAME, t, 0, n, kConsumeA);
    u.top = t;
  };
  u16 t = alloc();
  emit_name(Op::LOAD_NAME, t, 0, name::k_name);
  emit_name(Op::STORE_NAME, t, 0, name::k_module, kConsumeA);
  u.top = t;
  store_const(u.qualname, name::k_qualname);
  store_const(Value::small_int(first_line), name::k_firstlineno);
  if (!s->type_params.empty()) {
    t = alloc();
    load_name(name::k_type_params, t);
    emit_name(Op::STORE_NAME, t, 0, name::k_type_params_dunder, kConsumeA);
    u.top = t;
  }
  if (u.classdict_cell != kNoReg) {
    t = alloc();
    emit(Op::LOAD_LOCALS, t, 0, 0);
    emit(Op::STORE_CELL, u.classdict_cell, t, 0, kConsumeB);
    u.top = t;
  }
  body_prologue(s, start);
  Seq<Stmt*> body = s->body;
  if (future_annotations() && has_annotations(body)) emit(Op::SETUP_ANNOTATIONS, 0, 0, 0);
  {
    At here(*this, body.empty() ? static_cast<const Node*>(s) : body[0]);
    Ref doc = take_docstring(&body);
    check(doc);
    if (failed()) return Ref();
    if (!doc.is_empty()) store_const(doc, name::k_doc);
  }
  statements(body);
  At end(*this, Pos{});  // what follows has no line of its own
  u32 end_start = u.code.size();
  if (scope->annotation_block != nullptr && !failed()) {
    Ref code = annotate_code(scope->annotation_block, u.annotations);
    if (failed()) return Ref();
    t = alloc();
    make_function(code, scope->annotation_block, t, {});
    emit_name(Op::STORE_NAME, t, 0, name::k_annotate_func, kConsumeA);
    u.top = t;
  }
  // Sorted, so that equal sources give equal code.
  std::sort(u.static_attributes.begin(), u.static_attributes.end(),
            [this](NameId a, NameId b) { return names_.text(a) < names_.text(b); });
  RootedVector attributes(thread_);
  for (NameId n : u.static_attributes) attributes.push_copy(names_.value(n));
  Ref tuple = tuple_from(thread_, attributes.data(), attributes.size());
  check(tuple);
  if (failed()) return Ref();
  store_const(tuple, name::k_static_attributes);
  t = alloc();
  if (u.classdict_cell != kNoReg) {
    move(t, {u.classdict_cell, false});
    emit_name(Op::STORE_NAME, t, 0, name::k_classdictcell, kConsumeA);
  }
  // The result is the cell that the class goes into.
  if (u.class_cell != kNoReg) {
    move(t, {u.class_cell, false});
    emit_name(Op::STORE_NAME, t, 0, name::k_classcell);
  } else {
    load_const(t, None);
  }
  emit(Op::RETURN, t, 0, 0, kConsumeA);
  end_of_flow();
  if (!failed()) duplicate_final_return(u, end_start);
  return leave(u);
}

// __build_class__(body function, name, *bases, **keywords), the call itself.
void Codegen::build_class(const ClassDef* s, i32 first_line, u16 dest, u16 generic_base) {
  u16 mark = u_->top;
  u16 f = window();
  u16 function = alloc(), class_name = alloc();
  emit(Op::LOAD_BUILTIN, f, 0, u16(BuiltinIndex::kBuildClass));
  Ref code = class_code(s, first_line);
  if (failed()) return;
  make_function(code, symbols_.scope(s, ScopeTag::kBody), function, {});
  load_const(class_name, names_.value(names_.intern(s->name)));
  check_keywords(s->keywords);
  if (generic_base == kNoReg) {
    call_with(f, 2, false, s->bases, s->keywords, dest);
  } else {
    // The register is a variable of the type parameters' function: its own copy is the last base.
    u16 copy = alloc();
    move(copy, {generic_base, false});
    bool starred = false;
    for (const Expr* b : s->bases) starred |= b->kind == Kind::kStarred;
    if (!starred && s->bases.size + s->keywords.size < 190) {
      // Bases in order, then the generic one: move it behind them.
      u_->top = copy;
      clear(copy);
      for (const Expr* b : s->bases) into_new(b);
      move(alloc(), {generic_base, false});
      call_with(f, 2, false, {}, s->keywords, dest);
    } else {
      u_->top = copy;
      emit(Op::BUILD_LIST, function, function, 2);
      clear(copy);
      u_->top = u16(function + 1);
      u16 saved = u_->top;
      for (const Expr* b : s->bases) {
        bool star = b->kind == Kind::kStarred;
        Operand o = operand(star ? as<Starred>(b)->value : b);
        emit(star ? Op::LIST_EXTEND : Op::LIST_APPEND, function, o.reg, 0, o.temp ? kConsumeB : 0);
        u_->top = saved;
      }
      emit(Op::LIST_APPEND, function, generic_base, 0);
      emit(Op::LIST_TO_TUPLE, function, function, 0, kConsumeB);
      u16 mapping = alloc();
      if (s->keywords.empty()) {
        clear(mapping);
      } else {
        emit(Op::BUILD_MAP, mapping, u_->top, 0);
        for (const Keyword* k : s->keywords) {
          u16 inner = u_->top;
          if (k->arg.data() == nullptr) {
            Operand o = operand(k->value);
            emit(Op::DICT_MERGE, mapping, o.reg, f, o.temp ? kConsumeB : 0);
          } else {
            u16 pair = alloc(2);
            load_const(pair, names_.value(names_.intern(k->arg)));
            into(k->value, u16(pair + 1));
            emit(Op::BUILD_MAP, pair, pair, 1);
            emit(Op::DICT_MERGE, mapping, pair, f, kConsumeB);
          }
          u_->top = inner;
        }
      }
      emit(Op::CALL_EX, dest, f, 0);
    }
  }
  u_->top = mark;
}

void Codegen::class_statement(const ClassDef* s) {
  if (forbidden_name(s->name, pos_of(s))) return;
  u16 mark = u_->top;
  NameId target = mangle(s->name);
  NameAccess where = access(target);
  i32 first_line = s->decorator_list.empty() ? s->lineno : s->decorator_list[0]->lineno;
  u16 decorated;
  u32 first_window = open_decorators(s->decorator_list, &decorated);
  u16 dest = decorated != kNoReg ? decorated : where.kind == NameAccess::kLocal ? where.reg : alloc();
  u16 saved = u_->top;
  if (s->type_params.empty()) {
    build_class(s, first_line, dest, kNoReg);
    if (failed()) return;
  } else {
    Scope* scope = symbols_.scope(s, ScopeTag::kTypeParams);
    u16 f = window();
    Ref code;
    {
      Unit u(thread_);
      enter(u, scope, scope->name, 0, first_line);
      u.private_name = names_.intern(s->name);
      Pos start{first_line, first_line, 0, 0};
      At at(*this, s);
      prologue(start);
      u16 tuple = alloc(), result = alloc();
      type_params_tuple(s->type_params, tuple);
      store_name(name::k_type_params, {tuple, false});
      u16 base = scope->find(name::k_generic_base)->reg;
      emit(Op::INTRINSIC_1, base, tuple, u16(Intrinsic1::kSubscriptGeneric), kConsumeB);
      mark_bound(base);
      build_class(s, first_line, result, base);
      if (failed()) return;
      emit(Op::RETURN, result, 0, 0, kConsumeA);
      end_of_flow();
      code = leave(u);
    }
    if (failed()) return;
    make_function(code, scope, f, {});
    emit(Op::CALL, dest, f, 0);
  }
  u_->top = saved;
  if (decorated != kNoReg) {
    dest = where.kind == NameAccess::kLocal ? where.reg : decorated;
    close_decorators(s->decorator_list, first_window, dest);
    emit(Op::NOP, 0, 0, 0);  // the name is bound at the line of the statement itself
  }
  store_name(target, {dest, u_->is_temp(dest)});
  u_->top = mark;
}

// --- type parameters and aliases

// A function without arguments of its own that computes a bound, a default or an alias when it is asked for.
void Codegen::make_evaluator(Value code, Scope* scope, u16 dest) {
  u16 mark = u_->top;
  FunctionParts parts;
  parts.defaults = alloc();
  Ref one = tuple_of(thread_, Value::small_int(1));  // format defaults to VALUE
  check(one);
  if (failed()) return;
  load_const(parts.defaults, one);
  make_function(code, scope, dest, parts);
  u_->top = mark;
}

void Codegen::evaluator(const Expr* e, NameId name, const TypeParam* p, ScopeTag tag, u16 dest) {
  Scope* s = symbols_.scope(p, tag);
  Ref code;
  {
    Unit u(thread_);
    enter(u, s, name, 0, e->lineno);
    At at(*this, e);
    prologue(Pos{e->lineno, e->lineno, 0, 0});
    evaluator_prologue();
    u16 t = alloc();
    if (e->kind == Kind::kStarred) {
      Operand o = operand(as<Starred>(e)->value);
      emit(Op::UNPACK_SEQUENCE, t, o.reg, 1, o.temp ? kConsumeB : 0);
    } else {
      into(e, t);
    }
    emit(Op::RETURN, t, 0, 0, kConsumeA);
    end_of_flow();
    code = leave(u);
  }
  if (failed()) return;
  make_evaluator(code, s, dest);
}

void Codegen::type_params_tuple(Seq<TypeParam*> params, u16 dest) {
  u16 mark = u_->top;
  u16 first = mark;
  for (const TypeParam* p : params) {
    At at(*this, p);
    std::string_view text = as<TypeVar>(p)->name;
    if (forbidden_name(text, pos_of(p))) return;
    NameId name = names_.intern(text);
    u16 t = alloc();
    u16 saved = u_->top;
    load_const(t, names_.value(name));
    const Expr* default_value;
    switch (p->kind) {
      case Kind::kTypeVar: {
        auto* v = as<TypeVar>(p);
        default_value = v->default_value;
        if (v->bound == nullptr) {
          emit(Op::INTRINSIC_1, t, t, u16(Intrinsic1::kTypeVar), kConsumeB);
          break;
        }
        u16 bound = alloc();
        evaluator(v->bound, name, p, ScopeTag::kBound, bound);
        emit(Op::INTRINSIC_2, t, t, bound, kConsumeB | kConsumeC,
             u32(v->bound->kind == Kind::kTuple ? Intrinsic2::kTypeVarWithConstraints : Intrinsic2::kTypeVarWithBound));
        break;
      }
      case Kind::kParamSpec:
        default_value = as<ParamSpec>(p)->default_value;
        emit(Op::INTRINSIC_1, t, t, u16(Intrinsic1::kParamSpec), kConsumeB);
        break;
      default:
        default_value = as<TypeVarTuple>(p)->default_value;
        emit(Op::INTRINSIC_1, t, t, u16(Intrinsic1::kTypeVarTuple), kConsumeB);
        break;
    }
    u_->top = saved;
    if (default_value != nullptr) {
      u16 value = alloc();
      evaluator(default_value, name, p, ScopeTag::kDefault, value);
      emit(Op::INTRINSIC_2, t, t, value, kConsumeB | kConsumeC, u32(Intrinsic2::kSetTypeParamDefault));
    }
    u_->top = saved;
    store_name(mangle(name), {t, false});
  }
  emit(Op::BUILD_TUPLE, dest, first, u16(params.size));
  u_->top = mark;
}

// The TypeAliasType into dest; type_params: a register with the tuple, consumed, or kNoReg.
void Codegen::type_alias_value(const TypeAlias* s, u16 dest, u16 type_params) {
  u16 mark = u_->top;
  NameId name = names_.intern(as<Name>(s->name)->id);
  u16 parts = alloc(3);
  load_const(parts, names_.value(name));
  if (type_params != kNoReg) {
    move(u16(parts + 1), {type_params, true});
  } else {
    load_const(u16(parts + 1), None);
  }
  Scope* scope = symbols_.scope(s, ScopeTag::kBody);
  Ref code;
  {
    Unit u(thread_);
    enter(u, scope, name, 0, s->lineno);
    At at(*this, s);
    prologue(Pos{s->lineno, s->lineno, 0, 0});
    evaluator_prologue();
    u16 t = alloc();
    into(s->value, t);
    emit(Op::RETURN, t, 0, 0, kConsumeA);
    end_of_flow();
    code = leave(u);
  }
  if (failed()) return;
  make_evaluator(code, scope, u16(parts + 2));
  emit(Op::BUILD_TUPLE, parts, parts, 3);
  emit(Op::INTRINSIC_1, dest, parts, u16(Intrinsic1::kTypeAlias), kConsumeB);
  u_->top = mark;
}

void Codegen::type_alias(const TypeAlias* s) {
  u16 mark = u_->top;
  u16 result = alloc();
  if (s->type_params.empty()) {
    type_alias_value(s, result, kNoReg);
  } else {
    Scope* scope = symbols_.scope(s, ScopeTag::kTypeParams);
    u16 f = window();
    Ref code;
    {
      Unit u(thread_);
      enter(u, scope, scope->name, 0, s->lineno);
      At at(*this, s);
      prologue(Pos{s->lineno, s->lineno, 0, 0});
      u16 tuple = alloc(), value = alloc();
      type_params_tuple(s->type_params, tuple);
      type_alias_value(s, value, tuple);
      if (failed()) return;
      emit(Op::RETURN, value, 0, 0, kConsumeA);
      end_of_flow();
      code = leave(u);
    }
    if (failed()) return;
    make_function(code, scope, f, {});
    emit(Op::CALL, result, f, 0);
  }
  if (failed()) return;
  store_target(s->name, {result, true});
  u_->top = mark;
}

}  // namespace typhon::compiler
