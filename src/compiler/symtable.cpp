// The walk over the tree that makes the scopes; symtable_resolve.cpp binds the names.
#include "compiler/symtable.h"

namespace typhon::compiler {

using namespace ast;

// --- scopes and symbols

Symbol* Scope::find(NameId wanted) const {
  if (index == nullptr) {
    for (u32 i = 0; i < symbol_count; i++) {
      if (symbols[i].name == wanted) return &symbols[i];
    }
    return nullptr;
  }
  for (u32 i = (wanted * 0x9E3779B1u) & (index_size - 1);; i = (i + 1) & (index_size - 1)) {
    if (index[i] == 0) return nullptr;
    if (symbols[index[i] - 1].name == wanted) return &symbols[index[i] - 1];
  }
}

Symbol* SymbolTable::add(Scope* scope, NameId wanted) {
  if (Symbol* found = scope->find(wanted)) return found;
  if (scope->symbol_count == scope->symbol_capacity) {
    u32 capacity = scope->symbol_capacity ? scope->symbol_capacity * 2 : 8;
    auto* grown = arena_.make_array<Symbol>(capacity);
    for (u32 i = 0; i < scope->symbol_count; i++) grown[i] = scope->symbols[i];
    scope->symbols = grown;
    scope->symbol_capacity = capacity;
    if (capacity > 8) {
      scope->index_size = capacity * 2;
      scope->index = arena_.make_array<u32>(scope->index_size);
      memset(scope->index, 0, scope->index_size * sizeof(u32));
      for (u32 i = 0; i < scope->symbol_count; i++) {
        u32 at = (grown[i].name * 0x9E3779B1u) & (scope->index_size - 1);
        while (scope->index[at] != 0) at = (at + 1) & (scope->index_size - 1);
        scope->index[at] = i + 1;
      }
    }
  }
  u32 i = scope->symbol_count++;
  scope->symbols[i] = Symbol{wanted, 0, Binding::kUnknown, kNoReg, kNoReg, {}};
  if (scope->index != nullptr) {
    u32 at = (wanted * 0x9E3779B1u) & (scope->index_size - 1);
    while (scope->index[at] != 0) at = (at + 1) & (scope->index_size - 1);
    scope->index[at] = i + 1;
  }
  return &scope->symbols[i];
}

void SymbolTable::remember(u64 key, Scope* scope) {
  if ((key_count_ + 1) * 2 > keys_.size()) {
    Vec<KeyEntry> old;
    for (const KeyEntry& e : keys_) {
      if (e.scope != nullptr) old.push(e);
    }
    u32 size = keys_.empty() ? 64 : keys_.size() * 2;
    keys_.clear();
    keys_.resize(size);
    key_count_ = 0;
    for (const KeyEntry& e : old) remember(e.key, e.scope);
  }
  u32 mask = keys_.size() - 1;
  u32 i = u32((key * 0x9E3779B97F4A7C15u) >> 33) & mask;
  while (keys_[i].scope != nullptr) i = (i + 1) & mask;
  keys_[i] = {key, scope};
  key_count_++;
}

Scope* SymbolTable::scope(const void* node, ScopeTag tag) const {
  u64 key = key_of(node, tag);
  u32 mask = keys_.size() - 1;
  for (u32 i = u32((key * 0x9E3779B97F4A7C15u) >> 33) & mask;; i = (i + 1) & mask) {
    if (keys_[i].scope == nullptr) return nullptr;
    if (keys_[i].key == key) return keys_[i].scope;
  }
}

// Qualified names grow with the depth, so all of them together with its square.
constexpr u32 kMaxDepth = 5000;

Scope* SymbolTable::enter(ScopeKind kind, NameId scope_name, const void* key, ScopeTag tag, Pos pos) {
  auto* s = arena_.make<Scope>();
  s->kind = kind;
  s->name = scope_name;
  s->parent = current_;
  s->pos = pos;
  if (current_ != nullptr) {
    s->nested = current_->nested || current_->function_like();
    s->comp_iter_expr = current_->comp_iter_expr;
    if (kind != ScopeKind::kClass) s->mangled = current_->mangled;
    (current_->last_child ? current_->last_child->next_sibling : current_->first_child) = s;
    current_->last_child = s;
    last_->next = s;
  }
  last_ = s;
  depth_++;
  (void)reporter_.deep(depth_ > kMaxDepth);
  if (!unevaluated_) remember(key_of(key, tag), s);
  current_ = s;
  return s;
}

void SymbolTable::leave() {
  current_ = current_->parent;
  depth_--;
}

NameId SymbolTable::mangle(NameId id, NameId class_name) {
  if (class_name == kNoName) return id;
  std::string_view text = names_.text(id);
  if (text.size() < 3 || text[0] != '_' || text[1] != '_' || text.ends_with("__") || text.find('.') != text.npos) {
    return id;
  }
  std::string_view cls = names_.text(class_name);
  while (!cls.empty() && cls[0] == '_') cls.remove_prefix(1);
  if (cls.empty()) return id;
  char* buffer = arena_.make_array<char>(cls.size() + text.size() + 2);
  buffer[0] = '_';
  memcpy(buffer + 1, cls.data(), cls.size());
  memcpy(buffer + 1 + cls.size(), text.data(), text.size());
  return names_.intern({buffer, 1 + cls.size() + text.size()});
}

NameId SymbolTable::mangle(const Scope* scope, NameId id, NameId class_name) {
  if (scope != nullptr && scope->mangled != nullptr) {
    bool listed = false;
    for (u32 i = 0; i < scope->mangled->count; i++) listed |= scope->mangled->ids[i] == id;
    if (!listed) return id;
  }
  return mangle(id, class_name);
}

void SymbolTable::define_in(Scope* scope, NameId mangled, u16 flags, Pos pos) {
  if (unevaluated_) return;
  Symbol* s = add(scope, mangled);
  std::string_view text = names_.text(mangled);
  if ((flags & use::kParam) && (s->flags & use::kParam)) {
    reporter_.error(pos, "duplicate argument '%.*s' in function definition", int(text.size()), text.data());
    return;
  }
  if ((flags & use::kTypeParam) && (s->flags & use::kTypeParam)) {
    reporter_.error(pos, "duplicate type parameter '%.*s'", int(text.size()), text.data());
    return;
  }
  if (scope->comp_iter_target && (flags & use::kLocal)) {
    // A target that an assignment expression in the same comprehension binds outside.
    if (s->flags & (use::kGlobalDecl | use::kNonlocal)) {
      reporter_.error(pos, "comprehension inner loop cannot rebind assignment expression target '%.*s'",
                      int(text.size()), text.data());
      return;
    }
    s->flags |= use::kCompIter;
  }
  bool first_parameter_use = (flags & use::kParam) && !(s->flags & use::kParam);
  s->flags |= flags;
  if (first_parameter_use) {
    if ((scope->parameter_count & (scope->parameter_count - 1)) == 0) {
      auto* grown = arena_.make_array<u32>(scope->parameter_count ? scope->parameter_count * 2 : 1);
      for (u32 i = 0; i < scope->parameter_count; i++) grown[i] = scope->parameters[i];
      scope->parameters = grown;
    }
    scope->parameters[scope->parameter_count++] = u32(s - scope->symbols);
  } else if ((flags & use::kGlobalDecl) && scope != top_) {
    add(top_, mangled)->flags |= use::kGlobalDecl;
  }
}

bool SymbolTable::build(const Mod* module) {
  top_ = enter(ScopeKind::kModule, name::k_module_code, module, ScopeTag::kBody, Pos{});
  switch (module->kind) {
    case Kind::kModule: statements(as<ast::Module>(module)->body); break;
    case Kind::kInteractive: statements(as<Interactive>(module)->body); break;
    case Kind::kExpression: expression(as<Expression>(module)->body); break;
    default: reporter_.error(Pos{}, "this compiler does not handle FunctionTypes"); break;
  }
  if (!reporter_.failed()) resolve_all();
  return !reporter_.failed();
}

// --- statements

void SymbolTable::statements(Seq<Stmt*> body) {
  for (const Stmt* s : body) {
    if (reporter_.failed()) return;
    statement(s);
  }
}

void SymbolTable::bodies_in_condition(std::initializer_list<Seq<Stmt*>> bodies) {
  bool saved = current_->in_conditional;
  current_->in_conditional = true;
  for (Seq<Stmt*> body : bodies) statements(body);
  current_->in_conditional = saved;
}

// PEP 765: a jump that leaves a finally block swallows the exception.
void SymbolTable::jump_in_finally(const Stmt* s, const char* what, bool is_loop_jump) {
  if (in_finally_ && !(is_loop_jump && loop_in_finally_)) {
    reporter_.warn(pos_of(s), "'%s' in a 'finally' block", what);
  }
}

void SymbolTable::statement(const Stmt* s) {
  if (reporter_.deep()) return;
  switch (s->kind) {
    case Kind::kFunctionDef: {
      auto* f = as<FunctionDef>(s);
      return function(f, f->name, f->args, f->body, f->decorator_list, f->returns, f->type_params, false);
    }
    case Kind::kAsyncFunctionDef: {
      auto* f = as<AsyncFunctionDef>(s);
      return function(f, f->name, f->args, f->body, f->decorator_list, f->returns, f->type_params, true);
    }
    case Kind::kClassDef: return class_definition(as<ClassDef>(s));
    case Kind::kTypeAlias: return type_alias(as<TypeAlias>(s));
    case Kind::kReturn:
      jump_in_finally(s, "return", false);
      if (as<Return>(s)->value != nullptr) {
        expression(as<Return>(s)->value);
      }
      return;
    case Kind::kDelete: return expressions(as<Delete>(s)->targets);
    case Kind::kAssign: expressions(as<Assign>(s)->targets); return expression(as<Assign>(s)->value);
    case Kind::kAugAssign: expression(as<AugAssign>(s)->target); return expression(as<AugAssign>(s)->value);
    case Kind::kAnnAssign: return annotated_assignment(as<AnnAssign>(s));
    case Kind::kFor:
    case Kind::kAsyncFor: {
      if (top_level_await_ && current_->kind == ScopeKind::kModule && s->kind == Kind::kAsyncFor) current_->is_coroutine = true;
      auto* f = as<For>(s);  // AsyncFor has the same fields
      expression(f->target);
      expression(f->iter);
      bool saved = loop_in_finally_;
      loop_in_finally_ = true;
      bodies_in_condition({f->body, f->orelse});
      loop_in_finally_ = saved;
      return;
    }
    case Kind::kWhile: {
      expression(as<While>(s)->test);
      bool saved = loop_in_finally_;
      loop_in_finally_ = true;
      bodies_in_condition({as<While>(s)->body, as<While>(s)->orelse});
      loop_in_finally_ = saved;
      return;
    }
    case Kind::kIf: {
      // elif chains may be long: no recursion.
      bool saved = current_->in_conditional;
      current_->in_conditional = true;
      for (const If* i = as<If>(s);;) {
        expression(i->test);
        statements(i->body);
        if (i->orelse.size == 1 && i->orelse[0]->kind == Kind::kIf && !reporter_.failed()) {
          i = as<If>(i->orelse[0]);
          continue;
        }
        statements(i->orelse);
        break;
      }
      current_->in_conditional = saved;
      return;
    }
    case Kind::kWith:
    case Kind::kAsyncWith:
      if (top_level_await_ && current_->kind == ScopeKind::kModule && s->kind == Kind::kAsyncWith) current_->is_coroutine = true;
      for (const WithItem* item : as<With>(s)->items) {
        expression(item->context_expr);
        maybe(item->optional_vars);
      }
      return bodies_in_condition({as<With>(s)->body});
    case Kind::kMatch:
      expression(as<Match>(s)->subject);
      for (const MatchCase* c : as<Match>(s)->cases) {
        pattern(c->pattern);
        maybe(c->guard);
        bodies_in_condition({c->body});
      }
      return;
    case Kind::kRaise: maybe(as<Raise>(s)->exc); return maybe(as<Raise>(s)->cause);
    case Kind::kTry:
    case Kind::kTryStar: {
      auto* y = as<Try>(s);
      bodies_in_condition({y->body});
      for (const ExceptHandlerBase* base : y->handlers) {
        auto* h = as<ExceptHandler>(base);
        maybe(h->type);
        if (h->name.data() != nullptr) define(h->name, use::kLocal | use::kDeleted, pos_of(h));
        bodies_in_condition({h->body});
      }
      bodies_in_condition({y->orelse});
      bool saved = in_finally_, saved_loop = loop_in_finally_;
      if (!y->finalbody.empty()) in_finally_ = true, loop_in_finally_ = false;
      bodies_in_condition({y->finalbody});
      in_finally_ = saved, loop_in_finally_ = saved_loop;
      return;
    }
    case Kind::kAssert: expression(as<Assert>(s)->test); return maybe(as<Assert>(s)->msg);
    case Kind::kImport:
    case Kind::kImportFrom: {
      auto names = s->kind == Kind::kImport ? as<Import>(s)->names : as<ImportFrom>(s)->names;
      for (const Alias* a : names) {
        std::string_view bound = a->asname.data() != nullptr ? a->asname : a->name;
        if (bound == "*") {
          if (current_->kind != ScopeKind::kModule) {
            reporter_.error(pos_of(a), "import * only allowed at module level");
          }
          continue;
        }
        if (a->asname.data() == nullptr) bound = bound.substr(0, bound.find('.'));
        define(bound, use::kImport, pos_of(a));
      }
      return;
    }
    case Kind::kGlobal: return global_statement(s, as<Global>(s)->names, false);
    case Kind::kNonlocal: return global_statement(s, as<Nonlocal>(s)->names, true);
    case Kind::kExprStmt: return expression(as<ExprStmt>(s)->value);
    case Kind::kBreak: return jump_in_finally(s, "break", true);
    case Kind::kContinue: return jump_in_finally(s, "continue", true);
    default: return;
  }
}

void SymbolTable::global_statement(const Stmt* s, Seq<std::string_view> list, bool nonlocal) {
  const char* what = nonlocal ? "nonlocal" : "global";
  for (std::string_view text : list) {
    NameId id = mangle(current_, names_.intern(text), private_);
    Symbol* known = current_->find(id);
    u16 flags = known ? known->flags : 0;
    int n = int(text.size());
    const char* p = text.data();
    if (flags & (use::kParam | use::kLocal | use::kUse | use::kAnnotated | use::kImport)) {
      if (flags & use::kParam) {
        reporter_.error(pos_of(s), "name '%.*s' is parameter and %s", n, p, what);
      } else if (flags & use::kUse) {
        reporter_.error(pos_of(s), "name '%.*s' is used prior to %s declaration", n, p, what);
      } else if (flags & use::kAnnotated) {
        reporter_.error(pos_of(s), "annotated name '%.*s' can't be %s", n, p, what);
      } else {
        reporter_.error(pos_of(s), "name '%.*s' is assigned to before %s declaration", n, p, what);
      }
      return;
    }
    bool had_directive = known != nullptr && (known->flags & use::kDirective);
    define_in(current_, id, nonlocal ? use::kNonlocal : use::kGlobalDecl, pos_of(s));
    Symbol* symbol = current_->find(id);
    if (symbol != nullptr && !had_directive) {
      symbol->flags |= use::kDirective;
      symbol->directive = pos_of(s);
    }
  }
}

void SymbolTable::annotated_assignment(const AnnAssign* s) {
  if (s->target->kind == Kind::kName) {
    std::string_view text = as<Name>(s->target)->id;
    NameId id = mangle(current_, names_.intern(text), private_);
    Symbol* known = current_->find(id);
    if (known != nullptr && (known->flags & (use::kGlobalDecl | use::kNonlocal)) && current_ != top_ && s->simple) {
      reporter_.error(pos_of(s), "annotated name '%.*s' can't be %s", int(text.size()), text.data(),
                      (known->flags & use::kGlobalDecl) ? "global" : "nonlocal");
      return;
    }
    if (s->simple) {
      define_in(current_, id, use::kAnnotated | use::kLocal, pos_of(s->target));
    } else if (s->value != nullptr) {
      define_in(current_, id, use::kLocal, pos_of(s->target));
    }
  } else {
    expression(s->target);
  }
  variable_annotation(s->annotation);
  maybe(s->value);
}

void SymbolTable::function(const Node* node, std::string_view function_name, const Arguments* args, Seq<Stmt*> body,
                           Seq<Expr*> decorators, const Expr* returns, Seq<TypeParam*> params, bool is_async) {
  define(function_name, use::kLocal, pos_of(node));
  defaults(args);
  expressions(decorators);
  if (!params.empty()) {
    bool kwdefaults = false;
    for (const Expr* e : args->kw_defaults) kwdefaults |= e != nullptr;
    enter_type_params(node, function_name, false, !args->defaults.empty(), kwdefaults);
    type_params(params);
  }
  function_annotations(node, args, returns);
  Scope* s = enter(ScopeKind::kFunction, names_.intern(function_name), node, ScopeTag::kBody, pos_of(node));
  s->is_async_function = is_async;
  s->is_coroutine = is_async;
  bool saved = in_finally_, saved_loop = loop_in_finally_;
  in_finally_ = loop_in_finally_ = false;
  parameters(args);
  statements(body);
  in_finally_ = saved, loop_in_finally_ = saved_loop;
  leave();
  if (!params.empty()) leave();
}

void SymbolTable::class_definition(const ClassDef* s) {
  define(s->name, use::kLocal, pos_of(s));
  expressions(s->decorator_list);
  NameId saved_private = private_;
  NameId class_name = names_.intern(s->name);
  if (!s->type_params.empty()) {
    enter_type_params(s, s->name, true, false, false);
    current_->mangled = arena_.make<NameList>();
    current_->mangled->ids = arena_.make_array<NameId>(s->type_params.size);
    private_ = class_name;
    type_params(s->type_params);
  }
  expressions(s->bases);
  keywords(s->keywords);
  enter(ScopeKind::kClass, class_name, s, ScopeTag::kBody, pos_of(s));
  private_ = class_name;
  if (!s->type_params.empty()) {
    define(name::k_type_params_dunder, use::kLocal, pos_of(s));
    define(name::k_type_params, use::kUse, pos_of(s));
  }
  bool saved = in_finally_, saved_loop = loop_in_finally_;
  in_finally_ = loop_in_finally_ = false;
  statements(s->body);
  in_finally_ = saved, loop_in_finally_ = saved_loop;
  leave();
  if (!s->type_params.empty()) leave();
  private_ = saved_private;
}

void SymbolTable::type_alias(const TypeAlias* s) {
  expression(s->name);
  bool in_class = current_->kind == ScopeKind::kClass;
  std::string_view text = s->name->kind == Kind::kName ? as<Name>(s->name)->id : std::string_view("");
  if (!s->type_params.empty()) {
    enter_type_params(s, text, false, false, false);
    type_params(s->type_params);
  }
  Scope* scope = enter(ScopeKind::kTypeAlias, names_.intern(text), s, ScopeTag::kBody, pos_of(s));
  define(name::k_format, use::kParam, pos_of(s));
  if (in_class) {
    scope->can_see_class_scope = true;
    define(name::k_classdict, use::kUse, pos_of(s->value));
  }
  expression(s->value);
  leave();
  if (!s->type_params.empty()) leave();
}

void SymbolTable::enter_type_params(const Node* node, std::string_view text, bool for_class, bool has_defaults,
                                    bool has_kwdefaults) {
  bool in_class = current_->kind == ScopeKind::kClass;
  size_t n = text.size();
  char* full = arena_.make_array<char>(n + 32);
  memcpy(full, "<generic parameters of ", 23);
  memcpy(full + 23, text.data(), n);
  full[23 + n] = '>';
  enter(ScopeKind::kTypeParameters, names_.intern({full, n + 24}), node, ScopeTag::kTypeParams, pos_of(node));
  if (in_class) {
    current_->can_see_class_scope = true;
    define(name::k_classdict, use::kUse, pos_of(node));
  }
  // Hidden parameters: the values of the function's defaults, evaluated outside.
  if (has_defaults) define(name::k_defaults, use::kParam, pos_of(node));
  if (has_kwdefaults) define(name::k_kwdefaults, use::kParam, pos_of(node));
  if (for_class) {
    define(name::k_type_params, use::kLocal, pos_of(node));
    define(name::k_type_params, use::kUse, pos_of(node));
    define(name::k_generic_base, use::kLocal, pos_of(node));
    define(name::k_generic_base, use::kUse, pos_of(node));
  }
}

void SymbolTable::type_params(Seq<TypeParam*> params) {
  bool seen_default = false;
  for (const TypeParam* p : params) {
    std::string_view text = as<TypeVar>(p)->name;  // the first field of all three kinds
    NameId id = names_.intern(text);
    if (id == name::k_classdict)
      reporter_.error(pos_of(p), "reserved name '%.*s' cannot be used for type parameter", int(text.size()), text.data());
    if (current_->mangled != nullptr) current_->mangled->ids[current_->mangled->count++] = id;
    define(id, use::kTypeParam | use::kLocal, pos_of(p));
    const Expr* default_value = nullptr;
    switch (p->kind) {
      case Kind::kTypeVar:
        type_param_expression(as<TypeVar>(p)->bound, id, p, ScopeTag::kBound);
        default_value = as<TypeVar>(p)->default_value;
        break;
      case Kind::kParamSpec: default_value = as<ParamSpec>(p)->default_value; break;
      default: default_value = as<TypeVarTuple>(p)->default_value; break;
    }
    type_param_expression(default_value, id, p, ScopeTag::kDefault);
    if (default_value != nullptr) {
      seen_default = true;
    } else if (seen_default) {
      reporter_.error(pos_of(p), "non-default type parameter '%.*s' follows default type parameter", int(text.size()),
                      text.data());
    }
  }
}

void SymbolTable::type_param_expression(const Expr* e, NameId id, const TypeParam* p, ScopeTag tag) {
  if (e == nullptr) return;
  const char* part = "TypeVar bound";
  if (tag == ScopeTag::kDefault)
    part = p->kind == Kind::kTypeVar ? "TypeVar default" : p->kind == Kind::kParamSpec ? "ParamSpec default" : "TypeVarTuple default";
  else if (e->kind == Kind::kTuple)
    part = "TypeVar constraint";
  bool in_class = current_->can_see_class_scope;
  Scope* s = enter(ScopeKind::kTypeVariable, id, p, tag, pos_of(e));
  s->type_variable_part = part;
  define(name::k_format, use::kParam, pos_of(e));
  if (in_class) {
    s->can_see_class_scope = true;
    define(name::k_classdict, use::kUse, pos_of(e));
  }
  expression(e->kind == Kind::kStarred ? as<Starred>(e)->value : e);
  leave();
}

// --- arguments and annotations

void SymbolTable::defaults(const Arguments* args) {
  expressions(args->defaults);
  for (const Expr* e : args->kw_defaults) maybe(e);
}

void SymbolTable::parameters(const Arguments* args) {
  for (const Arg* a : args->posonlyargs) define(a->arg, use::kParam, pos_of(a));
  for (const Arg* a : args->args) define(a->arg, use::kParam, pos_of(a));
  for (const Arg* a : args->kwonlyargs) define(a->arg, use::kParam, pos_of(a));
  if (args->vararg != nullptr) define(args->vararg->arg, use::kParam, pos_of(args->vararg));
  if (args->kwarg != nullptr) define(args->kwarg->arg, use::kParam, pos_of(args->kwarg));
}

void SymbolTable::annotation_expression(const Expr* e) {
  if (e != nullptr) expression(e->kind == Kind::kStarred ? as<Starred>(e)->value : e);
}

void SymbolTable::function_annotations(const Node* node, const Arguments* args, const Expr* returns) {
  bool any = returns != nullptr || (args->vararg != nullptr && args->vararg->annotation != nullptr) ||
             (args->kwarg != nullptr && args->kwarg->annotation != nullptr);
  for (Seq<Arg*> list : {args->posonlyargs, args->args, args->kwonlyargs}) {
    for (const Arg* a : list) any |= a->annotation != nullptr;
  }
  if (!any) {
    // Without annotations there is no such function; but the class has the cell, as code that looks at its namespace sees.
    if (current_->kind == ScopeKind::kClass && !future_annotations_) current_->needs_classdict = true;
    return;
  }
  bool in_class = (current_->kind == ScopeKind::kClass || current_->can_see_class_scope) && !future_annotations_;
  Scope* s = enter(ScopeKind::kAnnotation, name::k_annotate, node, ScopeTag::kAnnotations, pos_of(node));
  define(name::k_format, use::kParam, pos_of(node));
  bool saved = unevaluated_;
  unevaluated_ |= future_annotations_;  // then the function returns the texts
  if (in_class) {
    s->can_see_class_scope = true;
    define(name::k_classdict, use::kUse, pos_of(node));
  }
  for (const Arg* a : args->posonlyargs) annotation_expression(a->annotation);
  for (const Arg* a : args->args) annotation_expression(a->annotation);
  if (args->vararg != nullptr) annotation_expression(args->vararg->annotation);
  if (args->kwarg != nullptr) annotation_expression(args->kwarg->annotation);
  for (const Arg* a : args->kwonlyargs) annotation_expression(a->annotation);
  annotation_expression(returns);
  leave();
  unevaluated_ = saved;
}

// An annotated variable: the annotations of a module or class share one scope, its __annotate__ function.
void SymbolTable::variable_annotation(const Expr* annotation) {
  Scope* outer = current_;
  bool saved = unevaluated_;
  unevaluated_ |= future_annotations_ || outer->function_like();
  if (!unevaluated_ && !outer->has_conditional_annotations &&
      (outer->kind == ScopeKind::kModule || outer->in_conditional)) {
    outer->has_conditional_annotations = true;
  }
  if (unevaluated_) {
    enter(ScopeKind::kAnnotation, name::k_annotate, annotation, ScopeTag::kAnnotations, pos_of(annotation));
    expression(annotation);
    leave();
    unevaluated_ = saved;
    return;
  }
  if (outer->annotation_block == nullptr) {
    outer->annotations_used = true;
    Scope* s = enter(ScopeKind::kAnnotation, name::k_annotate, outer, ScopeTag::kAnnotations, outer->pos);
    outer->annotation_block = s;
    define(name::k_format, use::kParam, s->pos);
    if (outer->kind == ScopeKind::kClass) {
      s->can_see_class_scope = true;
      define(name::k_classdict, use::kUse, s->pos);
    }
  } else {
    current_ = outer->annotation_block;
  }
  if (outer->has_conditional_annotations) define(name::k_conditional, use::kUse, pos_of(annotation));
  expression(annotation);
  current_ = outer;
  unevaluated_ = saved;
}

// --- expressions

void SymbolTable::expressions(Seq<Expr*> list) {
  for (const Expr* e : list) {
    if (e != nullptr) expression(e);
  }
}

void SymbolTable::keywords(Seq<Keyword*> list) {
  for (const Keyword* k : list) expression(k->value);
}

bool SymbolTable::forbidden_in_annotation_scope(const char* what, const Expr* e) {
  switch (current_->kind) {
    case ScopeKind::kAnnotation:
      reporter_.error(pos_of(e), "%s cannot be used within an annotation", what);
      return true;
    case ScopeKind::kTypeVariable:
      reporter_.error(pos_of(e), "%s cannot be used within a %s", what, current_->type_variable_part);
      return true;
    case ScopeKind::kTypeAlias: reporter_.error(pos_of(e), "%s cannot be used within a type alias", what); return true;
    case ScopeKind::kTypeParameters:
      reporter_.error(pos_of(e), "%s cannot be used within the definition of a generic", what);
      return true;
    default: return false;
  }
}

void SymbolTable::name_expression(const Name* e) {
  NameId id = names_.intern(e->id);
  if (e->ctx == ExprContext::kLoad) {
    define(id, use::kUse, pos_of(e));
    // Zero-argument super() needs the class.
    if (id == name::k_super && current_->function_like()) define(name::k_class_, use::kUse, pos_of(e));
  } else {
    define(id, e->ctx == ExprContext::kDel ? use::kLocal | use::kDeleted : use::kLocal, pos_of(e));
  }
}

void SymbolTable::expression(const Expr* e) {
  if (reporter_.deep()) return;
  for (;;) {
    switch (e->kind) {
      case Kind::kName: return name_expression(as<Name>(e));
      case Kind::kConstant: return;
      case Kind::kAttribute: e = as<Attribute>(e)->value; continue;
      case Kind::kBinOp:
        // Long chains lean to the left: the order in which names are seen does not matter here.
        expression(as<BinOp>(e)->right);
        e = as<BinOp>(e)->left;
        continue;
      case Kind::kCall: {
        auto* c = as<Call>(e);
        expressions(c->args);
        keywords(c->keywords);
        e = c->func;
        continue;
      }
      case Kind::kSubscript:
        expression(as<Subscript>(e)->slice);
        e = as<Subscript>(e)->value;
        continue;
      case Kind::kUnaryOp: e = as<UnaryOp>(e)->operand; continue;
      case Kind::kStarred: e = as<Starred>(e)->value; continue;
      case Kind::kBoolOp: return expressions(as<BoolOp>(e)->values);
      case Kind::kNamedExpr: return named_expression(as<NamedExpr>(e));
      case Kind::kLambda: {
        auto* l = as<Lambda>(e);
        defaults(l->args);
        Scope* s = enter(ScopeKind::kFunction, name::k_lambda, l, ScopeTag::kBody, pos_of(e));
        s->is_lambda = true;
        bool saved = in_finally_;
        in_finally_ = false;
        parameters(l->args);
        expression(l->body);
        in_finally_ = saved;
        return leave();
      }
      case Kind::kIfExp:
        expression(as<IfExp>(e)->test);
        expression(as<IfExp>(e)->body);
        e = as<IfExp>(e)->orelse;
        continue;
      case Kind::kDict: expressions(as<ast::Dict>(e)->keys); return expressions(as<ast::Dict>(e)->values);
      case Kind::kSet: return expressions(as<ast::Set>(e)->elts);
      case Kind::kList: return expressions(as<ast::List>(e)->elts);
      case Kind::kTuple: return expressions(as<ast::Tuple>(e)->elts);
      case Kind::kListComp:
        return comprehension(e, CompKind::kList, as<ListComp>(e)->generators, as<ListComp>(e)->elt, nullptr);
      case Kind::kSetComp:
        return comprehension(e, CompKind::kSet, as<SetComp>(e)->generators, as<SetComp>(e)->elt, nullptr);
      case Kind::kDictComp:
        return comprehension(e, CompKind::kDict, as<DictComp>(e)->generators, as<DictComp>(e)->key,
                             as<DictComp>(e)->value);
      case Kind::kGeneratorExp:
        return comprehension(e, CompKind::kGenerator, as<GeneratorExp>(e)->generators, as<GeneratorExp>(e)->elt,
                             nullptr);
      case Kind::kYield:
      case Kind::kYieldFrom: {
        if (forbidden_in_annotation_scope("yield expression", e)) return;
        maybe(as<Yield>(e)->value);  // the first field of YieldFrom as well
        current_->is_generator = true;
        if (current_->comprehension != CompKind::kNone) {
          const char* const where[] = {"", "list", "dict", "set", "generator"};
          reporter_.error(pos_of(e), "'yield' inside %s %s", where[int(current_->comprehension)],
                          current_->comprehension == CompKind::kGenerator ? "expression" : "comprehension");
        }
        return;
      }
      case Kind::kAwait: {
        if (forbidden_in_annotation_scope("await expression", e)) return;
        if (!top_level_await_ || current_->kind != ScopeKind::kModule) {
          if (!current_->function_like()) {
            reporter_.error(pos_of(e), "'await' outside function");
            return;
          }
          if (!current_->is_async_function && current_->comprehension == CompKind::kNone) {
            reporter_.error(pos_of(e), "'await' outside async function");
            return;
          }
        }
        current_->is_coroutine = true;
        e = as<Await>(e)->value;
        continue;
      }
      case Kind::kCompare: expression(as<Compare>(e)->left); return expressions(as<Compare>(e)->comparators);
      case Kind::kFormattedValue:
        expression(as<FormattedValue>(e)->value);
        return maybe(as<FormattedValue>(e)->format_spec);
      case Kind::kInterpolation:
        expression(as<Interpolation>(e)->value);
        return maybe(as<Interpolation>(e)->format_spec);
      case Kind::kJoinedStr: return expressions(as<JoinedStr>(e)->values);
      case Kind::kTemplateStr: return expressions(as<TemplateStr>(e)->values);
      case Kind::kSlice:
        maybe(as<ast::Slice>(e)->lower);
        maybe(as<ast::Slice>(e)->upper);
        return maybe(as<ast::Slice>(e)->step);
      default: return;
    }
  }
}

// The target of := inside a comprehension belongs to the scope around it (PEP 572).
void SymbolTable::named_expression(const NamedExpr* e) {
  if (current_->comp_iter_expr > 0) {
    reporter_.error(pos_of(e), "assignment expression cannot be used in a comprehension iterable expression");
    return;
  }
  if (forbidden_in_annotation_scope("named expression", e)) return;
  std::string_view text = e->target->kind == Kind::kName ? as<Name>(e->target)->id : std::string_view("");
  NameId id = mangle(current_, names_.intern(text), private_);
  Scope* target = current_;
  for (; target->comprehension != CompKind::kNone || (target->kind == ScopeKind::kAnnotation && target != current_);
       target = target->parent) {
    Symbol* known = target->find(id);
    if (known != nullptr && (known->flags & use::kCompIter)) {
      reporter_.error(pos_of(e->target), "assignment expression cannot rebind comprehension iteration variable '%.*s'",
                      int(text.size()), text.data());
      return;
    }
  }
  target->has_walrus = true;
  if (target != current_ && !unevaluated_) {
    const char* where = nullptr;
    u16 flag = use::kGlobalDecl;
    switch (target->kind) {
      case ScopeKind::kFunction: {
        Symbol* known = target->find(id);
        if (known == nullptr || !(known->flags & use::kGlobalDecl)) flag = use::kNonlocal;
        break;
      }
      case ScopeKind::kModule: break;
      case ScopeKind::kClass: where = "cannot be used in a class body"; break;
      case ScopeKind::kTypeVariable: where = "cannot be used in a TypeVar bound"; break;
      case ScopeKind::kTypeAlias: where = "cannot be used in a type alias"; break;
      case ScopeKind::kTypeParameters: where = "cannot be used within the definition of a generic"; break;
      case ScopeKind::kAnnotation: where = "cannot be used within an annotation"; break;
    }
    if (where != nullptr) {
      reporter_.error(pos_of(e->target), "assignment expression within a comprehension %s", where);
      return;
    }
    define_in(current_, id, flag, pos_of(e->target));
    if (Symbol* s = current_->find(id); s != nullptr && !(s->flags & use::kDirective)) {
      s->flags |= use::kDirective;
      s->directive = pos_of(e->target);
    }
    define_in(target, id, target->kind == ScopeKind::kModule ? use::kGlobalDecl : use::kLocal, pos_of(e->target));
  }
  expression(e->value);
  expression(e->target);
}

void SymbolTable::comprehension(const Expr* e, CompKind kind, Seq<Comprehension*> generators, const Expr* elt,
                                const Expr* value) {
  const Comprehension* outermost = generators[0];
  current_->comp_iter_expr++;
  expression(outermost->iter);
  current_->comp_iter_expr--;
  static constexpr NameId kNames[] = {name::k_empty, name::k_listcomp, name::k_dictcomp, name::k_setcomp,
                                      name::k_genexpr};
  Scope* outer = current_;
  Scope* s = enter(ScopeKind::kFunction, kNames[int(kind)], e, ScopeTag::kBody, pos_of(e));
  s->comprehension = kind;
  s->inlined = kind != CompKind::kGenerator && !outer->can_see_class_scope;
  if (outermost->is_async) s->is_coroutine = true;
  if (!s->inlined) define(name::k_dot_zero, use::kParam, pos_of(e));
  s->comp_iter_target = true;
  expression(outermost->target);
  s->comp_iter_target = false;
  expressions(outermost->ifs);
  for (u32 i = 1; i < generators.size; i++) {
    const Comprehension* g = generators[i];
    s->comp_iter_target = true;
    expression(g->target);
    s->comp_iter_target = false;
    s->comp_iter_expr++;
    expression(g->iter);
    s->comp_iter_expr--;
    expressions(g->ifs);
    if (g->is_async) s->is_coroutine = true;
  }
  maybe(value);
  expression(elt);
  bool is_async = s->is_coroutine && kind != CompKind::kGenerator;
  leave();
  if (!is_async) return;
  bool allowed = outer->is_async_function || outer->comprehension != CompKind::kNone ||
                 (top_level_await_ && outer->kind == ScopeKind::kModule);
  if (!allowed) return reporter_.error(pos_of(e), "asynchronous comprehension outside of an asynchronous function");
  outer->is_coroutine = true;
}

void SymbolTable::pattern(const Pattern* p) {
  if (p == nullptr || reporter_.deep()) return;
  switch (p->kind) {
    case Kind::kMatchValue: return expression(as<MatchValue>(p)->value);
    case Kind::kMatchSequence:
      for (const Pattern* q : as<MatchSequence>(p)->patterns) pattern(q);
      return;
    case Kind::kMatchMapping:
      expressions(as<MatchMapping>(p)->keys);
      for (const Pattern* q : as<MatchMapping>(p)->patterns) pattern(q);
      if (as<MatchMapping>(p)->rest.data() != nullptr) define(as<MatchMapping>(p)->rest, use::kLocal, pos_of(p));
      return;
    case Kind::kMatchClass:
      expression(as<MatchClass>(p)->cls);
      for (const Pattern* q : as<MatchClass>(p)->patterns) pattern(q);
      for (const Pattern* q : as<MatchClass>(p)->kwd_patterns) pattern(q);
      return;
    case Kind::kMatchStar:
      if (as<MatchStar>(p)->name.data() != nullptr) define(as<MatchStar>(p)->name, use::kLocal, pos_of(p));
      return;
    case Kind::kMatchAs:
      pattern(as<MatchAs>(p)->pattern);
      if (as<MatchAs>(p)->name.data() != nullptr) define(as<MatchAs>(p)->name, use::kLocal, pos_of(p));
      return;
    case Kind::kMatchOr:
      for (const Pattern* q : as<MatchOr>(p)->patterns) pattern(q);
      return;
    default: return;
  }
}

}  // namespace typhon::compiler
