// Functions, lambdas, decorators and the annotations of functions.
#include "compiler/codegen.h"
#include "compiler/unparse.h"
#include "objects/function.h"

namespace typhon::compiler {

using namespace ast;

// --- function objects

// Makes a function of the code in `dest`. `scope` tells which cells its closure takes. Everything but `dest` is in place
// before dest is written; the parts are consumed.
void Codegen::make_function(Value code, Scope* scope, u16 dest, const FunctionParts& parts) {
  if (!u_->reachable) return;  // code that cannot be made is not kept either
  u16 mark = u_->top;
  u16 closure = kNoReg;
  if (scope->free_count > 1) {
    closure = alloc();
    u16 first = u_->top;
    for (u32 i = 0; i < scope->free_count; i++) move(alloc(), {closure_cell(scope->free_names[i]), false});
    emit(Op::BUILD_TUPLE, closure, first, u16(scope->free_count));
  }
  emit_constant(Op::MAKE_FUNCTION, dest, constant_unshared(Ref::copy(code)));
  auto set = [&](u16 reg, FunctionAttribute which, bool consume) {
    if (reg != kNoReg) emit(Op::SET_FUNCTION, dest, reg, u16(which), consume ? kConsumeB : 0);
  };
  set(closure, FunctionAttribute::kClosure, true);
  if (scope->free_count == 1) set(closure_cell(scope->free_names[0]), FunctionAttribute::kClosureCell, false);
  set(parts.annotations, FunctionAttribute::kAnnotations, true);
  set(parts.annotate, FunctionAttribute::kAnnotate, true);
  set(parts.kwdefaults, FunctionAttribute::kKeywordDefaults, !parts.borrow_defaults);
  set(parts.defaults, FunctionAttribute::kDefaults, !parts.borrow_defaults);
  u_->top = mark;
}

bool Codegen::has_kwdefaults(const Arguments* args) {
  for (const Expr* e : args->kw_defaults) {
    if (e != nullptr) return true;
  }
  return false;
}

// The tuple and the dict of default values, each if there are any and a register is given.
void Codegen::default_values(const Arguments* args, u16 defaults, u16 kwdefaults) {
  if (!args->defaults.empty() && defaults != kNoReg) {
    Ref folded = fold_sequence(args->defaults);
    check(folded);
    if (failed()) return;
    if (!folded.is_empty()) {
      load_const(defaults, folded);
    } else {
      sequence(args->defaults, SequenceKind::kTuple, defaults);
    }
  }
  if (kwdefaults == kNoReg || !has_kwdefaults(args)) return;
  u16 mark = u_->top;
  u32 n = 0;
  bool started = false;
  for (u32 i = 0; i < args->kw_defaults.size && i < args->kwonlyargs.size; i++) {
    const Expr* e = args->kw_defaults[i];
    if (e == nullptr) continue;
    load_const(alloc(), names_.value(mangle(args->kwonlyargs[i]->arg)));
    into_new(e);
    n++;
    if (started) {
      emit_binary(Op::MAP_ADD, kwdefaults, {mark, true}, {u16(mark + 1), true});
      u_->top = mark;
    } else if (n == 100) {
      emit(Op::BUILD_MAP, kwdefaults, mark, u16(n));
      u_->top = mark;
      started = true;
    }
  }
  if (!started) emit(Op::BUILD_MAP, kwdefaults, mark, u16(n));
  u_->top = mark;
}

bool Codegen::check_arguments(const Arguments* args) {
  auto bad = [&](const Arg* a) { return a != nullptr && forbidden_name(a->arg, pos_of(a)); };
  for (Seq<Arg*> list : {args->posonlyargs, args->args, args->kwonlyargs}) {
    for (const Arg* a : list) {
      if (bad(a)) return false;
    }
  }
  return !bad(args->vararg) && !bad(args->kwarg);
}

void Codegen::set_arguments(const Arguments* args) {
  Unit& u = *u_;
  u.positional_only_count = args->posonlyargs.size;
  u.argument_count = args->posonlyargs.size + args->args.size;
  u.keyword_only_count = args->kwonlyargs.size;
  if (args->vararg != nullptr) u.flags |= code_flag::kVarArgs;
  if (args->kwarg != nullptr) u.flags |= code_flag::kVarKeywords;
}

// --- docstrings

// The docstring at the head of a body, without its indentation; EMPTY when there is none. Skips it in *body.
Ref Codegen::take_docstring(Seq<Stmt*>* body) {
  if (body->empty() || (*body)[0]->kind != Kind::kExprStmt) return Ref();
  const Expr* e = as<ExprStmt>((*body)[0])->value;
  if (e->kind != Kind::kConstant || as<Constant>(e)->value.type != ConstantValue::Type::kStr) return Ref();
  body->data++;
  body->size--;
  if (optimize_ >= 2) return Ref();
  std::string_view text = as<Constant>(e)->value.text;
  // Tabs to columns of eight.
  Vec<char> expanded;
  u32 column = 0;
  for (char c : text) {
    if (c == '\t') {
      do {
        expanded.push(' ');
      } while (++column % 8 != 0);
      continue;
    }
    expanded.push(c);
    if (c == '\n' || c == '\r') {
      column = 0;
    } else if ((c & 0xC0) != 0x80) {
      column++;
    }
  }
  text = {expanded.data(), expanded.size()};
  // The smallest indentation of the lines after the first that are not blank.
  size_t margin = std::string_view::npos;
  for (size_t at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) {
    size_t i = at + 1;
    while (i < text.size() && text[i] == ' ') i++;
    if (i < text.size() && text[i] != '\n') margin = i - at - 1 < margin ? i - at - 1 : margin;
  }
  if (margin == std::string_view::npos) margin = 0;
  Vec<char> clean;
  size_t i = 0;
  while (i < text.size() && text[i] == ' ') i++;
  while (i < text.size()) {
    char c = text[i++];
    clean.push(c);
    if (c != '\n') continue;
    for (size_t k = 0; k < margin && i < text.size() && text[i] == ' '; k++) i++;
  }
  RefTo<Str> result = str_from_utf8(thread_, {clean.data(), clean.size()});
  return std::move(result).release_ref();
}

// --- bodies

Ref Codegen::function_code(const Node* node, NameId name, const Arguments* args, Seq<Stmt*> body, bool is_async,
                           i32 first_line) {
  Scope* s = symbols_.scope(node, ScopeTag::kBody);
  Unit u(thread_);
  enter(u, s, name, 0, first_line);
  set_arguments(args);
  u.docstring = take_docstring(&body);
  check(u.docstring);
  if (!u.docstring.is_empty()) u.flags |= code_flag::kHasDocstring;
  At at(*this, Pos{first_line, first_line, 0, 0});
  prologue(Pos{first_line, first_line, 0, 0});
  // CPython has a handler for StopIteration around the body.
  if (u.flags & (code_flag::kGenerator | code_flag::kCoroutine | code_flag::kAsyncGenerator)) nest(1, Pos{});
  statements(body);
  return leave(u);
}

void Codegen::lambda(const Lambda* e, u16 dest) {
  if (!check_arguments(e->args)) return;
  u16 mark = u_->top;
  FunctionParts parts;
  if (!e->args->defaults.empty()) parts.defaults = alloc();
  if (has_kwdefaults(e->args)) parts.kwdefaults = alloc();
  default_values(e->args, parts.defaults, parts.kwdefaults);
  Scope* s = symbols_.scope(e, ScopeTag::kBody);
  Ref code;
  {
    Unit u(thread_);
    enter(u, s, name::k_lambda, 0, e->lineno);
    set_arguments(e->args);
    At at(*this, e->body);
    prologue(Pos{e->lineno, e->lineno, 0, 0});
    Operand o = operand(e->body);
    emit(Op::RETURN, o.reg, 0, 0, kConsumeA);
    end_of_flow();
    code = leave(u);
  }
  if (failed()) return;
  make_function(code, s, dest, parts);
  u_->top = mark;
}

// --- annotations

// The text of an annotation (from __future__ import annotations).
Ref Codegen::annotation_string(const Expr* e) {
  Vec<char> text;
  unparse_expression(e, text);
  RefTo<Str> result = str_from_utf8(thread_, {text.data(), text.size()});
  return std::move(result).release_ref();
}

void Codegen::annotation_value(const Expr* e, u16 dest) {
  if (future_annotations()) {
    Ref text = annotation_string(e);
    check(text);
    if (!failed()) load_const(dest, text);
    return;
  }
  if (e->kind == Kind::kStarred) {
    // *args: *Ts
    u16 mark = u_->top;
    Operand o = operand(as<Starred>(e)->value);
    emit(Op::UNPACK_SEQUENCE, dest, o.reg, 1, o.temp ? kConsumeB : 0);
    u_->top = mark;
    return;
  }
  into(e, dest);
}

// An evaluator does not support formats above VALUE_WITH_FAKE_GLOBALS.
void Codegen::evaluator_prologue() {
  Unit& u = *u_;
  u.argument_count = u.positional_only_count = 1;
  Label supported = new_label();
  u16 t = alloc();
  load_const(t, Value::small_int(2));
  emit(Op::JUMP_UNLESS_GT, 0, t, 0, kConsumeB, 0, supported);
  emit(Op::LOAD_BUILTIN, t, 0, u16(BuiltinIndex::kNotImplementedError));
  emit(Op::RAISE, t, kNoRegister, 0, kConsumeA);
  end_of_flow();
  u.top = t;
  bind(supported);
}

void Codegen::function_annotations(const Node* node, const Arguments* args, const Expr* returns, FunctionParts* parts) {
  struct Item {
    NameId name;
    const Expr* e;
  };
  Vec<Item> items;
  auto add = [&](const Arg* a) {
    if (a != nullptr && a->annotation != nullptr) items.push({mangle(a->arg), a->annotation});
  };
  for (const Arg* a : args->posonlyargs) add(a);
  for (const Arg* a : args->args) add(a);
  add(args->vararg);
  for (const Arg* a : args->kwonlyargs) add(a);
  add(args->kwarg);
  if (returns != nullptr) items.push({name::k_return_, returns});
  if (items.empty()) return;
  Scope* s = symbols_.scope(node, ScopeTag::kAnnotations);
  Ref code;
  {
    Unit u(thread_);
    u.function_name = is<FunctionDef>(node) ? names_.intern(as<FunctionDef>(node)->name) : names_.intern(as<AsyncFunctionDef>(node)->name);
    enter(u, s, name::k_annotate, 0, node->lineno);
    At at(*this, node);
    prologue(Pos{node->lineno, node->lineno, 0, 0});
    evaluator_prologue();
    u.register_names[0] = name::k_format_shown;
    u16 dict = alloc();
    u16 saved = u.top;
    bool started = false;
    u32 n = 0;
    for (const Item& item : items) {
      At here(*this, item.e);
      load_const(alloc(), names_.value(item.name));
      annotation_value(item.e, alloc());
      n++;
      if (started) {
        emit_binary(Op::MAP_ADD, dict, {saved, true}, {u16(saved + 1), true});
        u.top = saved;
      } else if (n == 100) {
        emit(Op::BUILD_MAP, dict, saved, u16(n));
        u.top = saved;
        started = true;
      }
    }
    if (!started) emit(Op::BUILD_MAP, dict, saved, u16(n));
    u.top = saved;
    emit(Op::RETURN, dict, 0, 0, kConsumeA);
    end_of_flow();
    code = leave(u);
  }
  if (failed()) return;
  parts->annotate = alloc();
  make_function(code, s, parts->annotate, {});
}

// --- decorators

// Evaluates the decorators, each into the window of its call; returns where they begin in windows_. *result: the register
// for what is decorated, in the innermost window, or kNoReg when there are no decorators.
u32 Codegen::open_decorators(Seq<Expr*> decorators, u16* result) {
  u32 first = windows_.size();
  *result = kNoReg;
  for (const Expr* d : decorators) {
    u16 f = window();
    u16 saved = u_->top;
    into(d, f);
    u_->top = saved;
    windows_.push(f);
    *result = alloc();
  }
  return first;
}

void Codegen::close_decorators(Seq<Expr*> decorators, u32 first_window, u16 dest) {
  for (u32 i = decorators.size; i-- > 0;) {
    u16 f = windows_.pop();
    At at(*this, decorators[i]);
    emit(Op::CALL, i == 0 ? dest : u16(windows_.back() + 1), f, 1);
  }
  windows_.truncate(first_window);
}

// --- def

void Codegen::function_statement(const Node* node, std::string_view text, const Arguments* args, Seq<Stmt*> body,
                                 Seq<Expr*> decorators, const Expr* returns, Seq<TypeParam*> params, bool is_async) {
  if (forbidden_name(text, pos_of(node))) return;
  if (!check_arguments(args)) return;
  u16 mark = u_->top;
  NameId name = names_.intern(text);
  NameId target = mangle(name);
  NameAccess where = access(target);
  i32 first_line = decorators.empty() ? node->lineno : decorators[0]->lineno;
  u16 decorated;
  u32 first_window = open_decorators(decorators, &decorated);
  u16 dest = decorated != kNoReg ? decorated : where.kind == NameAccess::kLocal ? where.reg : alloc();
  u16 saved = u_->top;
  bool kw = has_kwdefaults(args);
  if (params.empty()) {
    FunctionParts parts;
    if (!args->defaults.empty()) parts.defaults = alloc();
    if (kw) parts.kwdefaults = alloc();
    default_values(args, parts.defaults, parts.kwdefaults);
    function_annotations(node, args, returns, &parts);
    Ref code = function_code(node, name, args, body, is_async, first_line);
    if (failed()) return;
    make_function(code, symbols_.scope(node, ScopeTag::kBody), dest, parts);
  } else {
    // A function around it, called at once with the default values, holds the type parameters.
    u16 f = window();
    u16 defaults = args->defaults.empty() ? kNoReg : alloc();
    u16 kwdefaults = kw ? alloc() : kNoReg;
    u32 count = (defaults != kNoReg) + (kwdefaults != kNoReg);
    default_values(args, defaults, kwdefaults);
    Scope* s = symbols_.scope(node, ScopeTag::kTypeParams);
    Ref code;
    {
      Unit u(thread_);
      enter(u, s, s->name, 0, first_line);
      u.argument_count = count;
      At at(*this, node);
      prologue(Pos{first_line, first_line, 0, 0});
      u16 tuple = alloc(), result = alloc();
      type_params_tuple(params, tuple);
      FunctionParts parts;
      parts.borrow_defaults = true;
      if (defaults != kNoReg) parts.defaults = 0;
      if (kwdefaults != kNoReg) parts.kwdefaults = u16(count - 1);
      function_annotations(node, args, returns, &parts);
      Ref inner = function_code(node, name, args, body, is_async, first_line);
      if (failed()) return;
      make_function(inner, symbols_.scope(node, ScopeTag::kBody), result, parts);
      emit(Op::INTRINSIC_2, result, result, tuple, kConsumeB | kConsumeC, u32(Intrinsic2::kSetFunctionTypeParams));
      emit(Op::RETURN, result, 0, 0, kConsumeA);
      end_of_flow();
      code = leave(u);
    }
    if (failed()) return;
    make_function(code, s, f, {});
    emit(Op::CALL, dest, f, u16(count));
  }
  u_->top = saved;
  if (decorated != kNoReg) {
    dest = where.kind == NameAccess::kLocal ? where.reg : decorated;
    close_decorators(decorators, first_window, dest);
    emit(Op::NOP, 0, 0, 0);  // the name is bound at the line of the statement itself
  }
  store_name(target, {dest, u_->is_temp(dest)});
  u_->top = mark;
}

}  // namespace typhon::compiler
