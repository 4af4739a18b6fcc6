// try, with, and what jumps out of them do on their way.
//
// Shape of a handler: the exception table puts the exception into the register e, which is the first temporary above those
// of the enclosing blocks. PUSH_EXC makes it the handled one and keeps the one before in p = e + 1. A second region, the
// cleanup, covers the handler: whatever is raised there restores p and goes on.
//
//       PUSH_EXC p, e          cleanup:  exception in p + 1
//       ...                              POP_EXC p
//       POP_EXC p                        RERAISE p + 1
//
// Final bodies are compiled once for every way out of the try statement.
#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

namespace {

constexpr u32 kMaxNested = 21;

// How many blocks CPython has where there is one here: a handler and its cleanup are two.
u32 weight(BlockKind kind) {
  switch (kind) {
    case BlockKind::kHandler:
    case BlockKind::kStarHandler: return 2;
    case BlockKind::kPopValue:
    case BlockKind::kHidden: return 0;
    default: return 1;
  }
}

}  // namespace

void Codegen::nest(u32 count, Pos pos) {
  u_->nested += count;
  if (u_->nested > kMaxNested) reporter_.error(pos, "too many statically nested blocks");
}

void Codegen::push_block(BlockKind kind, u16 reg, u16 reg2, const void* node, NameId name, Label on_break,
                         Label on_continue) {
  Block b;
  b.kind = kind;
  b.reg = reg;
  b.reg2 = reg2;
  b.on_break = on_break;
  b.on_continue = on_continue;
  b.outer_region = u_->region;
  b.node = node;
  b.name = name;
  b.pos = u_->positions[u_->pos];
  u_->blocks.push(b);
  nest(weight(kind), b.pos);
}

void Codegen::pop_block() {
  u_->region = u_->blocks.back().outer_region;
  u_->nested -= weight(u_->blocks.back().kind);
  u_->blocks.pop();
}

void Codegen::unwind(u32 down_to, u16 value) {
  Unit& u = *u_;
  u32 count = u.blocks.size();
  if (count <= down_to) return;
  u32 saved_region = u.region;
  Block b = u.blocks.back();
  // The block is off the stack while its way out is emitted, and its handlers no longer cover that.
  u.blocks.truncate(count - 1);
  u.nested -= weight(b.kind);
  u.region = b.outer_region;
  unwind_one(b, value);
  unwind(down_to, value);
  u.region = saved_region;
  u.nested += weight(b.kind);
  u.blocks.push(b);
}

void Codegen::unwind_one(const Block& b, u16 value) {
  u16 mark = u_->top;
  switch (b.kind) {
    case BlockKind::kWhile:
    case BlockKind::kTry:
    case BlockKind::kStarHandler: break;
    case BlockKind::kFor:
    case BlockKind::kHidden:
    case BlockKind::kPopValue: clear(b.reg); break;
    case BlockKind::kFinallyTry: {
      // A jump inside the final body drops the value that waits to be returned.
      if (value != kNoReg) push_block(BlockKind::kPopValue, value);
      duplicates_++;
      statements(static_cast<const Try*>(b.node)->finalbody);
      duplicates_--;
      if (value != kNoReg) pop_block();
      break;
    }
    case BlockKind::kFinallyEnd:
      emit(Op::POP_EXC, b.reg2, 0, 0, kConsumeA);
      clear(b.reg);
      break;
    case BlockKind::kHandler:
      emit(Op::POP_EXC, b.reg2, 0, 0, kConsumeA);
      if (b.name != kNoName) unbind_name(b.name);
      break;
    case BlockKind::kWith:
    case BlockKind::kAsyncWith: {
      At at(*this, b.pos);
      call_exit(b.reg, b.kind == BlockKind::kAsyncWith);
      break;
    }
  }
  u_->top = mark;
}

// The handler of a handler.
void Codegen::handler_cleanup(u32 region, u16 previous) {
  bind_handler(region);
  At at(*this, Pos{});
  emit(Op::POP_EXC, previous, 0, 0, kConsumeA);
  emit(Op::RERAISE, u16(previous + 1), 0, 0, kConsumeA | kInPlace);
  end_of_flow();
}

// --- try

void Codegen::try_statement(const Try* s) {
  if (!s->finalbody.empty()) return try_finally(s, false);
  try_except(s);
}

void Codegen::try_finally(const Try* s, bool star) {
  emit(Op::NOP, 0, 0, 0);  // the line of `try`
  u16 e = u_->top;
  u32 outer = u_->region;
  u32 body_region = new_region(e, e);
  push_block(BlockKind::kFinallyTry, 0, 0, s);
  u_->region = body_region;
  if (s->handlers.empty()) {
    statements(s->body);
  } else if (star) {
    // The except* part alone: it has the same fields.
    TryStar inner = *reinterpret_cast<const TryStar*>(s);
    inner.finalbody = {};
    try_star(&inner);
  } else {
    try_except(s);
  }
  pop_block();
  u_->region = outer;
  // The way out at the end of the body.
  Label end = new_label();
  statements(s->finalbody);
  {
    At at(*this, Pos{});
    jump_over(end);
  }
  // And after an exception.
  bind_handler(body_region);
  u16 mark = alloc();
  u16 p = alloc();
  u32 cleanup = new_region(u16(p + 1), u16(p + 1));
  push_block(BlockKind::kFinallyEnd, e, p);
  {
    At at(*this, Pos{});
    emit(Op::PUSH_EXC, p, e, 0);
  }
  u_->region = cleanup;
  duplicates_++;
  statements(s->finalbody);
  duplicates_--;
  {
    At at(*this, Pos{});
    emit(Op::RERAISE, e, 0, 0, kConsumeA);
    end_of_flow();
  }
  pop_block();
  u_->region = outer;
  handler_cleanup(cleanup, p);
  u_->top = mark;
  bind(end);
}

void Codegen::try_except(const Try* s) {
  emit(Op::NOP, 0, 0, 0);  // the line of `try`
  u16 e = u_->top;
  u32 outer = u_->region;
  u32 body_region = new_region(e, e);
  Label end = new_label();
  push_block(BlockKind::kTry);
  u_->region = body_region;
  statements(s->body);
  pop_block();
  u_->region = outer;
  statements(s->orelse);
  {
    At at(*this, Pos{});
    jump_over(end);
  }
  bind_handler(body_region);
  u16 mark = alloc();
  u16 p = alloc();
  u32 cleanup = new_region(u16(p + 1), u16(p + 1));
  nest(1, pos_of(s));  // here already if the handlers are too many
  u_->nested--;
  {
    At at(*this, Pos{});
    emit(Op::PUSH_EXC, p, e, 0);
  }
  u_->region = cleanup;
  for (u32 i = 0; i < s->handlers.size; i++) {
    auto* h = as<ExceptHandler>(s->handlers[i]);
    At at(*this, h);
    Label next = new_label();
    if (h->type == nullptr && i + 1 < s->handlers.size) {
      error(h, "default 'except:' must be last");
      break;
    }
    if (h->type != nullptr) {
      u16 saved = u_->top;
      Operand type = operand(h->type);
      u16 matched = alloc();
      emit(Op::EXC_MATCH, matched, e, type.reg, type.temp ? kConsumeC : 0);
      jump_on(Op::JUMP_IF_FALSE, {matched, true}, next);
      u_->top = saved;
    }
    NameId name = kNoName;
    u32 named_region = 0;
    if (h->name.data() != nullptr) {
      if (forbidden_name(h->name, pos_of(h))) break;
      name = mangle(h->name);
      store_name(name, {e, true});
      named_region = new_region(u16(p + 1), u16(p + 1));
    } else {
      clear(e);  // the thread keeps the handled exception
    }
    // The block's outer region must be the one outside of the whole statement: leaving it has restored p by itself.
    u_->region = outer;
    push_block(BlockKind::kHandler, e, p, nullptr, name);
    u_->region = named_region ? named_region : cleanup;
    statements(h->body);
    pop_block();
    {
      At artificial(*this, Pos{});
      emit(Op::POP_EXC, p, 0, 0, kConsumeA);
      if (name != kNoName) unbind_name(name);
      jump(end);
      u_->region = cleanup;
      if (named_region != 0) {
        bind_handler(named_region);
        u_->top = u16(p + 2);
        if (u_->max < u_->top) u_->max = u_->top;
        unbind_name(name);
        emit(Op::RERAISE, u16(p + 1), 0, 0, kConsumeA | kInPlace);
        end_of_flow();
        u_->top = u16(p + 1);
      }
    }
    bind(next);
  }
  {
    // Where the last clause did not match.
    auto* last = as<ExceptHandler>(s->handlers.back());
    At at(*this, last->type != nullptr ? pos_of(last->type) : Pos{});
    emit(Op::RERAISE, e, 0, 0, kConsumeA);
    end_of_flow();
  }
  u_->region = outer;
  handler_cleanup(cleanup, p);
  u_->top = mark;
  bind(end);
}

// except*. Registers: e the group, p the exception handled before, raised a list of what the clauses raised, rest what no
// clause has taken yet, m and m + 1 the two parts a clause splits it into.
void Codegen::try_star(const TryStar* s) {
  if (!s->finalbody.empty()) return try_finally(reinterpret_cast<const Try*>(s), true);
  emit(Op::NOP, 0, 0, 0);  // the line of `try`
  u16 e = u_->top;
  u32 outer = u_->region;
  u32 body_region = new_region(e, e);
  Label end = new_label();
  push_block(BlockKind::kTry);
  u_->region = body_region;
  statements(s->body);
  pop_block();
  u_->region = outer;
  statements(s->orelse);
  {
    At at(*this, Pos{});
    jump_over(end);
  }
  bind_handler(body_region);
  u16 mark = alloc();
  u16 p = alloc();
  u32 cleanup = new_region(u16(p + 1), u16(p + 1));
  u16 raised = alloc(), rest = alloc();
  nest(1, pos_of(s));  // here already if the handlers are too many
  u_->nested--;
  {
    At at(*this, Pos{});
    emit(Op::PUSH_EXC, p, e, 0);
    u_->region = cleanup;
    emit(Op::BUILD_LIST, raised, u_->top, 0);
    move(rest, {e, false});
  }
  for (const ExceptHandlerBase* base : s->handlers) {
    auto* h = as<ExceptHandler>(base);
    At at(*this, h);
    u16 saved = u_->top;
    Label next = new_label();
    u16 m = alloc(2);
    {
      u16 before = u_->top;
      Operand type = operand(h->type);
      emit(Op::EG_MATCH, m, rest, type.reg, type.temp ? kConsumeC : 0);
      u_->top = before;
    }
    clear(rest);
    move(rest, {u16(m + 1), true});
    jump_on(Op::JUMP_IF_NONE, {m, false}, next);
    u16 q = u16(m + 1);  // the group, while its part is the handled exception
    emit(Op::PUSH_EXC, q, m, 0);
    NameId name = kNoName;
    if (h->name.data() != nullptr) {
      if (forbidden_name(h->name, pos_of(h))) break;
      name = mangle(h->name);
      store_name(name, {m, true});
    } else {
      clear(m);
    }
    u32 clause = new_region(u16(q + 1), u16(q + 1));
    u_->region = cleanup;
    push_block(BlockKind::kStarHandler);
    u_->region = clause;
    statements(h->body);
    pop_block();
    {
      At artificial(*this, Pos{});
      emit(Op::POP_EXC, q, 0, 0, kConsumeA);
      if (name != kNoName) unbind_name(name);
      jump(next);
      u_->region = cleanup;
      bind_handler(clause);
      u_->top = u16(q + 2);
      if (u_->max < u_->top) u_->max = u_->top;
      emit(Op::POP_EXC, q, 0, 0, kConsumeA);
      if (name != kNoName) unbind_name(name);
      emit(Op::LIST_APPEND, raised, u16(q + 1), 0, kConsumeB);
    }
    bind(next);
    u_->top = saved;
  }
  {
    At at(*this, Pos{});
    emit(Op::LIST_APPEND, raised, rest, 0, kConsumeB);
    u16 result = rest;
    Label nothing = new_label();
    emit(Op::PREP_RERAISE_STAR, result, e, raised, kConsumeB | kConsumeC);
    jump_on(Op::JUMP_IF_NONE, {result, false}, nothing);
    u_->region = outer;
    emit(Op::POP_EXC, p, 0, 0, kConsumeA);
    emit(Op::RERAISE, result, 0, 0, kConsumeA);
    end_of_flow();
    bind(nothing);
    emit(Op::POP_EXC, p, 0, 0, kConsumeA);
    jump(end);
  }
  handler_cleanup(cleanup, p);
  u_->top = mark;
  bind(end);
}

// --- with

// Calls the exit function in pair, pair + 1 (consumed) with three Nones.
void Codegen::call_exit(u16 pair, bool is_async) {
  u16 mark = u_->top;
  u16 f = window();
  alloc(4);
  move(f, {pair, true});
  move(u16(f + 1), {u16(pair + 1), true});
  for (u16 i = 2; i < 5; i++) load_const(u16(f + i), None);
  u_->top = mark;
  u16 result = alloc();
  emit(Op::CALL_METHOD, result, f, 3);
  if (is_async) {
    u16 awaitable = alloc(), sent = alloc();
    emit(Op::GET_AWAITABLE, awaitable, result, 2, kConsumeB);
    load_const(sent, None);
    emit(Op::YIELD_FROM, result, awaitable, sent);
  }
  clear(result);
  u_->top = mark;
}

void Codegen::with_statement(const With* s, u32 index, bool is_async) {
  if (reporter_.deep()) return;
  const WithItem* item = s->items[index];
  u32 outer = u_->region;
  u16 base = u_->top;
  u16 pair = alloc(2);
  Label end = new_label();
  At at(*this, item->context_expr);
  Pos item_pos = pos_of(item->context_expr);
  {
    u16 f = window();
    u16 self = alloc();
    u16 saved = u_->top;
    into(item->context_expr, self);
    u_->top = saved;
    move(u16(pair + 1), {self, false});
    emit(Op::LOAD_SPECIAL, pair, 0, u16(is_async ? SpecialIndex::kAexit : SpecialIndex::kExit));
    emit(Op::LOAD_SPECIAL, f, 0, u16(is_async ? SpecialIndex::kAenter : SpecialIndex::kEnter));
    u16 target = item->optional_vars ? local_register(item->optional_vars) : kNoReg;
    u16 result = target != kNoReg && !is_async ? target : f;
    emit(Op::CALL_METHOD, result, f, 0);
    if (is_async) {
      u16 awaitable = alloc(), sent = alloc();
      emit(Op::GET_AWAITABLE, awaitable, result, 1, kConsumeB);
      load_const(sent, None);
      result = target != kNoReg ? target : f;
      emit(Op::YIELD_FROM, result, awaitable, sent);
    }
    u32 region = new_region(u16(pair + 2), u16(pair + 2));
    push_block(is_async ? BlockKind::kAsyncWith : BlockKind::kWith, pair);
    u_->blocks.back().outer_region = outer;
    u_->region = region;
    // From here on the exit function will run, also when storing the target fails.
    if (item->optional_vars == nullptr) {
      clear(result);
    } else if (target != kNoReg) {
      if (forbidden_name(as<Name>(item->optional_vars)->id, pos_of(item->optional_vars))) return;
      mark_bound(target);
    } else {
      store_target(item->optional_vars, {result, true});
    }
    u_->top = u16(pair + 2);
    if (index + 1 < s->items.size) {
      with_statement(s, index + 1, is_async);
    } else {
      At body(*this, s);
      statements(s->body);
    }
    pop_block();
    u_->region = outer;
    set_pos(item_pos);
    call_exit(pair, is_async);
    {
      At artificial(*this, Pos{});
      jump_over(end);
    }
    bind_handler(region);
  }
  u16 e = alloc(), p = alloc();
  u32 cleanup = new_region(u16(p + 1), u16(p + 1));
  emit(Op::PUSH_EXC, p, e, 0);
  u_->region = cleanup;
  u16 saved = u_->top;
  u16 f = window();
  alloc(4);
  move(f, {pair, true});
  move(u16(f + 1), {u16(pair + 1), true});
  emit(Op::EXC_TYPE, u16(f + 2), e, 0);
  move(u16(f + 3), {e, false});
  emit(Op::EXC_TRACEBACK, u16(f + 4), e, 0);
  u_->top = saved;
  u16 result = alloc();
  emit(Op::CALL_METHOD, result, f, 3);
  if (is_async) {
    u16 awaitable = alloc(), sent = alloc();
    emit(Op::GET_AWAITABLE, awaitable, result, 2, kConsumeB);
    load_const(sent, None);
    emit(Op::YIELD_FROM, result, awaitable, sent);
  }
  Label suppressed = new_label();
  jump_on(Op::JUMP_IF_TRUE, {result, true}, suppressed);
  emit(Op::RERAISE, e, 0, 0, kConsumeA | kInPlace);
  end_of_flow();
  bind(suppressed);
  {
    At artificial(*this, Pos{});
    u_->region = outer;
    emit(Op::POP_EXC, p, 0, 0, kConsumeA);
    clear(e);
    jump(end);
  }
  u_->region = outer;
  handler_cleanup(cleanup, p);
  u_->top = base;
  bind(end);
}

}  // namespace typhon::compiler
