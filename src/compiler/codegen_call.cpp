// Calls: windows, methods, super, keywords and unpacked arguments.
//
// A call's window is F (the callable) with the callee's frame header in the five registers before it and the arguments
// behind it. Everything in a window is a temporary and consumed by the call. In a generator or coroutine there is no room for the
// header: the window moves to the register stack.
#include <algorithm>

#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

namespace {
constexpr u32 kMaxArguments = 30;  // more go through a list and a dict
}

// The position of a method call in a chain over several lines is the line of the name.
void Codegen::at_attribute_name(const Attribute* e) {
  Pos p = u_->positions[u_->pos];
  if (p.line == e->end_lineno) return;
  p.line = e->end_lineno;
  i32 length = 0;  // in characters
  for (char c : e->attr) length += (c & 0xC0) != 0x80;
  if (length <= e->end_col_offset) {
    p.column = e->end_col_offset - length;
    p.end_column = e->end_col_offset;
  } else {
    p.column = p.end_column = -1;
  }
  p.end_line = e->end_lineno;
  set_pos(p);
}

// Whether this is super().name in a form that needs no super object.
bool Codegen::super_parts(const Attribute* e) {
  if (e->ctx != ExprContext::kLoad || !is<Call>(e->value) || e->attr == "__class__") return false;
  const Call* c = as<Call>(e->value);
  if (!is<Name>(c->func) || as<Name>(c->func)->id != "super" || !c->keywords.empty()) return false;
  if (!u_->in_function() || scope_ != u_->scope) return false;
  Symbol* s = u_->scope->find(name::k_super);
  if (s == nullptr || s->binding != Binding::kGlobalImplicit) return false;
  // The module has no `super` of its own.
  if (symbols_.top()->find(name::k_super) != nullptr) return false;
  for (const Expr* a : c->args) {
    if (a->kind == Kind::kStarred) return false;
  }
  if (c->args.size == 2) return true;
  if (c->args.size != 0 || u_->argument_count == 0) return false;
  Symbol* cls = u_->scope->find(name::k_class_);
  return cls != nullptr && cls->binding == Binding::kFree;
}

// super, class and object into base, base + 1, base + 2 (allocated by the caller).
u16 Codegen::load_super_parts(const Call* c, u16 base) {
  At at(*this, c);
  u16 mark = u_->top;
  into(c->func, base);
  u_->top = mark;
  if (c->args.size == 2) {
    into(c->args[0], u16(base + 1));
    into(c->args[1], u16(base + 2));
  } else {
    load_name(name::k_class_, u16(base + 1));
    load_name(u_->scope->symbols[u_->scope->parameters[0]].name, u16(base + 2));
  }
  u_->top = mark;
  return base;
}

namespace {

// The first name that is there again: its place and the next one; both the size when there is none.
struct Repeated {
  u32 first, second;
};
Repeated repeated_keyword(Seq<Keyword*> keywords) {
  if (keywords.size < 2) return {keywords.size, keywords.size};
  Vec<u32> order;
  for (u32 i = 0; i < keywords.size; i++)
    if (keywords[i]->arg.data() != nullptr) order.push(i);
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) {
    int c = keywords[a]->arg.compare(keywords[b]->arg);
    return c != 0 ? c < 0 : a < b;
  });
  Repeated found = {keywords.size, keywords.size};
  for (u32 i = 1; i < order.size(); i++)
    if (keywords[order[i - 1]]->arg == keywords[order[i]]->arg && order[i - 1] < found.first) found = {order[i - 1], order[i]};
  return found;
}

}  // namespace

void Codegen::check_keywords(Seq<Keyword*> keywords) {
  Repeated repeated = repeated_keyword(keywords);
  for (u32 i = 0; i < keywords.size; i++) {
    std::string_view text = keywords[i]->arg;
    if (text.data() == nullptr) continue;
    if (forbidden_name(text, pos_of(keywords[i]))) return;
    if (i == repeated.first) {
      reporter_.error(pos_of(keywords[repeated.second]), "keyword argument repeated: %.*s", int(text.size()), text.data());
      return;
    }
  }
}

namespace {
// Whether it is all(...) or any(...) of a generator expression, by the names.
bool is_quantifier(const Call* e) {
  if (!is<Name>(e->func) || e->args.size != 1 || !e->keywords.empty() || e->args[0]->kind != Kind::kGeneratorExp) return false;
  return as<Name>(e->func)->id == "all" || as<Name>(e->func)->id == "any";
}
}  // namespace

// As CPython 3.14 does it: when the name means the built-in function, a loop asks the generator. Its position is that of the name.
void Codegen::quantify(const Call* e, bool any, u16 dest) {
  u16 mark = u_->top, f = window();
  u32 pos = u_->pos;
  into(e->func, f);
  u_->top = u16(f + 1);
  u16 generator = alloc();
  into(e->args[0], generator);
  At at(*this, e->func);
  Label general = new_label(), found = new_label(), exhausted = new_label(), done = new_label();
  emit(Op::JUMP_UNLESS_QUANTIFIER, f, 0, 0, any ? kInPlace : 0, 0, general);
  emit(Op::GET_ITER, generator, generator, 0, kConsumeB);
  Label loop = loop_head();
  u16 item = alloc();
  emit(Op::FOR_ITER, item, generator, 0, 0, 0, exhausted);
  jump_on(any ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, {item, true}, found);
  u_->top = item;
  jump_back(loop);
  bind(found);
  clear(generator);
  clear(f);
  load_const(dest, Value::boolean(any));
  jump(done);
  bind(exhausted);
  clear(f);
  load_const(dest, Value::boolean(!any));
  jump(done);
  bind(general);
  u_->pos = pos;
  emit(Op::CALL, dest, f, 1);
  bind(done);
  u_->top = mark;
}

void Codegen::call(const Call* e, u16 dest) {
  check_callable(e->func);
  check_keywords(e->keywords);
  if (is_quantifier(e)) return quantify(e, as<Name>(e->func)->id == "any", dest);
  u16 mark = u_->top;
  bool plain = e->args.size + e->keywords.size <= kMaxArguments;
  for (const Expr* a : e->args) plain &= a->kind != Kind::kStarred;
  for (const Keyword* k : e->keywords) plain &= k->arg.data() != nullptr;
  u16 f = window();
  if (plain && is<Attribute>(e->func) && as<Attribute>(e->func)->ctx == ExprContext::kLoad) {
    const Attribute* a = as<Attribute>(e->func);
    u16 self = alloc();
    if (super_parts(a)) {
      alloc();
      load_super_parts(as<Call>(a->value), f);
      u_->top = u16(f + 2);
      At at(*this, a);
      at_attribute_name(a);
      emit_name(Op::LOAD_SUPER_METHOD, f, f, mangle(a->attr), as<Call>(a->value)->args.size == 0 ? kBareSuper : 0);
    } else {
      into(a->value, self);
      At at(*this, a);
      at_attribute_name(a);
      emit_name(Op::LOAD_METHOD, f, 0, mangle(a->attr));
    }
    At at(*this, e);
    at_attribute_name(a);
    u32 pos = u_->pos;
    u_->top = u16(f + 2);
    for (const Expr* arg : e->args) into_new(arg);
    u_->pos = pos;
    call_with(f, 0, true, {}, e->keywords, dest);
    // call_with counts what lies in the window already.
    u_->top = mark;
    return;
  }
  into(e->func, f);
  u_->top = u16(f + 1);
  call_with(f, 0, false, e->args, e->keywords, dest);
  u_->top = mark;
}

// Finishes a call whose callable is in f (f and f + 1 after LOAD_METHOD) and whose first arguments fill the registers up
// to `top`. `extra`: one more positional argument, a temporary, to follow `args`.
void Codegen::call_with(u16 f, u32 filled, bool method, Seq<Expr*> args, Seq<Keyword*> keywords, u16 dest, u16 extra) {
  filled = u_->top - f - (method ? 2 : 1);
  bool plain = filled + args.size + keywords.size <= kMaxArguments;
  for (const Expr* a : args) plain &= a->kind != Kind::kStarred;
  for (const Keyword* k : keywords) plain &= k->arg.data() != nullptr;
  if (!plain) return call_ex(f, filled, args, keywords, dest, extra);
  u32 pos = u_->pos;
  for (const Expr* a : args) into_new(a);
  u32 n = filled + args.size;
  if (extra != kNoReg) {
    move(alloc(), {extra, true});
    n++;
  }
  if (keywords.empty()) {
    u_->pos = pos;
    return emit(method ? Op::CALL_METHOD : Op::CALL, dest, f, u16(n));
  }
  RootedVector names(thread_);
  for (const Keyword* k : keywords) {
    into_new(k->value);
    names.push_copy(names_.value(names_.intern(k->arg)));
    n++;
  }
  Ref tuple = tuple_from(thread_, names.data(), names.size());
  check(tuple);
  if (failed()) return;
  u_->pos = pos;
  u32 index = constant(tuple);
  emit(method ? Op::CALL_METHOD_KW : Op::CALL_KW, dest, f, u16(n), 0, index);
}

// A dict of keyword arguments that all have names, into `dest`; many are added one by one, so that they need few registers.
void Codegen::named_keywords(Seq<Keyword*> keywords, u16 dest) {
  bool at_once = keywords.size <= kMaxArguments / 2;
  u16 first = u_->top;
  if (!at_once) emit(Op::BUILD_MAP, dest, first, 0);
  for (const Keyword* k : keywords) {
    u16 name = alloc();
    load_const(name, names_.value(names_.intern(k->arg)));
    into_new(k->value);
    if (at_once) continue;
    emit_binary(Op::MAP_ADD, dest, {name, true}, {u16(name + 1), true});
    u_->top = first;
  }
  if (at_once) emit(Op::BUILD_MAP, dest, first, u16(keywords.size));
}

void Codegen::call_ex(u16 f, u32 filled, Seq<Expr*> args, Seq<Keyword*> keywords, u16 dest, u16 extra) {
  u32 pos = u_->pos;
  u16 tuple = u16(f + 1);
  u16 own_args =
      args.size == 1 && args[0]->kind == Kind::kStarred ? local_register(as<Starred>(args[0])->value) : kNoReg;
  bool exact = false;
  if (own_args != kNoReg && filled == 0 && extra == kNoReg && (u_->flags & code_flag::kVarArgs)) {
    // f(*args) where args is this function's own *args, never assigned to: surely a tuple.
    u32 vararg = u_->argument_count + u_->keyword_only_count;
    Symbol* s = u_->scope->find(mangle(as<Name>(as<Starred>(args[0])->value)->id));
    exact = own_args == vararg && s != nullptr && !(s->flags & (use::kLocal | use::kImport | use::kDeleted));
  }
  if (exact) {
    u_->top = u16(f + 2);
    move(tuple, {own_args, false});
  } else if (filled == 0 && extra == kNoReg) {
    u_->top = u16(f + 2);
    At at(*this, u_->positions[pos]);
    Ref folded = fold_sequence(args);
    check(folded);
    if (failed()) return;
    if (!folded.is_empty()) {
      load_const(tuple, folded);
    } else if (args.size == 1 && args[0]->kind == Kind::kStarred) {
      // Alone, what is spread is the call's to complain about.
      Operand o = operand(as<Starred>(args[0])->value);
      emit(Op::LIST_TO_TUPLE, tuple, o.reg, 1, o.temp ? kConsumeB : 0);
      u_->top = u16(f + 2);
    } else {
      sequence(args, SequenceKind::kTuple, tuple);
    }
  } else {
    // The arguments so far become the head of a list, in place.
    emit(Op::BUILD_LIST, tuple, tuple, u16(filled));
    u_->top = u16(f + 2);
    for (const Expr* a : args) {
      u16 mark = u_->top;
      bool star = a->kind == Kind::kStarred;
      Operand o = operand(star ? as<Starred>(a)->value : a);
      emit(star ? Op::LIST_EXTEND : Op::LIST_APPEND, tuple, o.reg, 0, o.temp ? kConsumeB : 0);
      u_->top = mark;
    }
    if (extra != kNoReg) emit(Op::LIST_APPEND, tuple, extra, 0, kConsumeB);
    emit(Op::LIST_TO_TUPLE, tuple, tuple, 0, kConsumeB);
  }
  u16 mapping = u16(f + 2);
  u_->top = u16(f + 3);
  if (u_->max < u_->top) u_->max = u_->top;
  if (keywords.empty()) {
    clear(mapping);  // EMPTY, not a stale immediate
  } else {
    u16 mark = u_->top;
    bool have = false;
    for (u32 i = 0; i < keywords.size;) {
      if (keywords[i]->arg.data() == nullptr) {
        if (!have) emit(Op::BUILD_MAP, mapping, u_->top, 0);
        Operand o = operand(keywords[i]->value);
        u_->pos = pos;
        emit(Op::DICT_MERGE, mapping, o.reg, f, o.temp ? kConsumeB : 0);
        i++;
      } else {
        u32 end = i;
        while (end < keywords.size && keywords[end]->arg.data() != nullptr) end++;
        u16 part = have ? alloc() : mapping;
        named_keywords({keywords.data + i, end - i}, part);
        i = end;
        u_->pos = pos;
        if (have) emit(Op::DICT_MERGE, mapping, part, f, kConsumeB);
      }
      have = true;
      u_->top = mark;
    }
  }
  u_->pos = pos;
  emit(Op::CALL_EX, dest, f, 0);
}

}  // namespace typhon::compiler
