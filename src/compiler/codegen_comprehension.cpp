// Comprehensions and generator expressions.
//
// List, set and dict comprehensions run inside the code around them (PEP 709); their variables have registers of their
// own, emptied when the comprehension ends, also by an exception that this code goes on to handle.
#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

void Codegen::comprehension(const Expr* e, const CompParts& parts, u16 dest) {
  Scope* s = symbols_.scope(e, ScopeTag::kBody);
  if (s == nullptr) return;
  bool is_async = s->is_coroutine && parts.kind != CompKind::kGenerator;
  if (s->inlined) return inlined_comprehension(e, s, parts, dest);
  // A function of its own, called with the outermost iterator (a generator expression just makes its generator).
  u16 mark = u_->top;
  bool outer_async = parts.generators[0]->is_async;
  u16 f = window();
  u16 argument = alloc();
  {
    u16 saved = u_->top;
    Operand o = operand(parts.generators[0]->iter, argument);
    At at(*this, parts.generators[0]->iter);
    emit_dest_source(outer_async ? Op::GET_AITER : Op::GET_ITER, argument, o);
    u_->top = saved;
  }
  Ref code = comprehension_code(e, s, parts);
  if (failed()) return;
  make_function(code, s, f, {});
  u16 result = is_async && !u_->is_temp(dest) ? alloc() : dest;
  emit(Op::CALL, result, f, 1);
  if (is_async) await_temp(result, dest, 0);
  u_->top = mark;
}

Ref Codegen::comprehension_code(const Expr* e, Scope* s, const CompParts& parts) {
  Unit u(thread_);
  enter(u, s, s->name, 0, e->lineno);
  u.argument_count = 1;
  At at(*this, e);
  prologue(Pos{e->lineno, e->lineno, 0, 0});
  u16 result = kNoReg;
  if (parts.kind != CompKind::kGenerator) {
    result = alloc();
    Op build = parts.kind == CompKind::kList  ? Op::BUILD_LIST
               : parts.kind == CompKind::kSet ? Op::BUILD_SET
                                              : Op::BUILD_MAP;
    emit(build, result, u_->top, 0);
  }
  comp_loop(parts, 0, 0, result);
  if (result != kNoReg) emit(Op::RETURN, result, 0, 0, kConsumeA), end_of_flow();
  return leave(u);
}

void Codegen::clear_hidden(Scope* s) {
  for (u32 i = 0; i < s->symbol_count; i++) {
    const Symbol& v = s->symbols[i];
    if (v.binding != Binding::kLocal && v.binding != Binding::kCell) continue;
    clear(v.reg);
    mark_unbound(v.reg);
  }
}

void Codegen::inlined_comprehension(const Expr* e, Scope* s, const CompParts& parts, u16 dest) {
  u16 mark = u_->top;
  u16 result = u_->is_temp(dest) ? dest : alloc();
  u16 iterator = alloc();
  {
    const Comprehension* g = parts.generators[0];
    u16 saved = u_->top;
    Operand o = operand(g->iter, iterator);
    At at(*this, g->iter);
    emit_dest_source(g->is_async ? Op::GET_AITER : Op::GET_ITER, iterator, o);
    u_->top = saved;
  }
  Scope* outer = scope_;
  scope_ = s;
  nest(1, pos_of(e));
  bool has_variables = false;
  for (u32 i = 0; i < s->symbol_count; i++) {
    const Symbol& v = s->symbols[i];
    if (v.binding != Binding::kLocal && v.binding != Binding::kCell) continue;
    has_variables = true;
    mark_unbound(v.reg);
  }
  // An exception that leaves the function takes the variables with it; one that is handled here must empty them.
  u32 outer_region = u_->region, region = 0;
  if (has_variables && outer_region != u_->base_region) region = u_->region = new_region(mark, mark);
  for (u32 i = 0; i < s->symbol_count; i++) {
    if (s->symbols[i].binding == Binding::kCell) emit(Op::MAKE_CELL, s->symbols[i].reg, 0, 0);
  }
  Op build = parts.kind == CompKind::kList  ? Op::BUILD_LIST
             : parts.kind == CompKind::kSet ? Op::BUILD_SET
                                            : Op::BUILD_MAP;
  emit(build, result, u_->top, 0);
  comp_loop(parts, 0, iterator, result);
  u_->region = outer_region;
  u_->nested--;
  clear_hidden(s);
  if (result != dest) move(dest, {result, true});
  if (region != 0) {
    Label end = new_label();
    jump(end);
    bind_handler(region);
    At at(*this, Pos{});
    clear_hidden(s);
    emit(Op::RERAISE, mark, 0, 0, kConsumeA);
    end_of_flow();
    bind(end);
  }
  scope_ = outer;
  u_->top = mark;
}

void Codegen::comp_loop(const CompParts& parts, u32 i, u16 iterator, u16 result) {
  if (reporter_.deep()) return;
  const Comprehension* g = parts.generators[i];
  u16 mark = u_->top;
  if (i > 0) {
    iterator = alloc();
    u16 saved = u_->top;
    Operand o = operand(g->iter, iterator);
    At at(*this, g->iter);
    emit_dest_source(g->is_async ? Op::GET_AITER : Op::GET_ITER, iterator, o);
    u_->top = saved;
  }
  Label next = new_label(), end = new_label();
  Label loop = loop_head();
  u16 target = local_register(g->target);
  u16 saved = u_->top;
  u16 item = target != kNoReg ? target : alloc();
  u32 async_region = 0;
  if (g->is_async) {
    nest(1, u_->positions[u_->pos]);
    At at(*this, g->iter);
    async_region = async_next(iterator, item);
  } else {
    At at(*this, g->iter);
    emit(Op::FOR_ITER, item, iterator, 0, 0, 0, end);
  }
  if (target != kNoReg) {
    if (!forbidden_name(as<Name>(g->target)->id, pos_of(g->target))) mark_bound(target);
  } else {
    store_target(g->target, {item, true});
    u_->top = saved;
  }
  for (const Expr* condition : g->ifs) jump_if(condition, next, false);
  if (i + 1 < parts.generators.size) {
    comp_loop(parts, i + 1, kNoReg, result);
  } else {
    comp_element(parts, result);
  }
  bind(next);
  jump_back(loop);
  if (g->is_async) {
    u_->nested--;
    bind_handler(async_region);
    At at(*this, g->iter);
    emit(Op::END_ASYNC_FOR, saved, 0, 0, kConsumeA);
    clear(iterator);
  }
  bind(end);
  u_->top = mark;
}

void Codegen::comp_element(const CompParts& parts, u16 result) {
  u16 mark = u_->top;
  switch (parts.kind) {
    case CompKind::kList:
    case CompKind::kSet: {
      Operand o = operand(parts.elt);
      At at(*this, parts.elt);
      emit(parts.kind == CompKind::kList ? Op::LIST_APPEND : Op::SET_ADD, result, o.reg, 0, o.temp ? kConsumeB : 0);
      break;
    }
    case CompKind::kDict: {
      Operand key = operand_before(parts.elt, parts.value);
      Operand value = operand(parts.value);
      At at(*this, Pos{parts.elt->lineno, parts.value->end_lineno, parts.elt->col_offset, parts.value->end_col_offset});
      emit_binary(Op::MAP_ADD, result, key, value);
      break;
    }
    default: {
      Operand o = operand(parts.elt);
      At at(*this, parts.elt);
      bool wrap = u_->flags & code_flag::kAsyncGenerator;
      u16 sent = alloc();
      emit(Op::YIELD, sent, o.reg, 0, u8((o.temp ? kConsumeB : 0) | (wrap ? kInPlace : 0)));
      clear(sent);
    }
  }
  u_->top = mark;
}

u32 Codegen::async_next(u16 iterator, u16 dest) {
  u16 mark = u_->top;
  // The handler finds the exception in the first temporary above the loop's.
  u16 first = u_->is_temp(dest) ? dest : mark;
  u32 outer = u_->region;
  u32 region = new_region(first, first);
  u_->region = region;
  u16 awaitable = alloc(), sent = alloc();
  emit(Op::GET_ANEXT, awaitable, iterator, 0);
  load_const(sent, None);
  emit(Op::YIELD_FROM, dest, awaitable, sent);
  u_->region = outer;
  u_->top = mark;
  return region;
}

}  // namespace typhon::compiler
