// Statements: assignment, deletion, branches, loops, imports and the rest.
#include "compiler/codegen.h"

namespace typhon::compiler {

using namespace ast;

namespace {

Op inplace_opcode(Operator op) {
  switch (op) {
    case Operator::kAdd: return Op::ADD;
    case Operator::kSub: return Op::SUB;
    case Operator::kMult: return Op::MUL;
    case Operator::kMatMult: return Op::MATMUL;
    case Operator::kDiv: return Op::TRUE_DIV;
    case Operator::kMod: return Op::MOD;
    case Operator::kPow: return Op::POW;
    case Operator::kLShift: return Op::LSHIFT;
    case Operator::kRShift: return Op::RSHIFT;
    case Operator::kBitOr: return Op::OR;
    case Operator::kBitXor: return Op::XOR;
    case Operator::kBitAnd: return Op::AND;
    case Operator::kFloorDiv: return Op::FLOOR_DIV;
  }
  return Op::ADD;
}

}  // namespace

void Codegen::statements(Seq<Stmt*> body) {
  for (const Stmt* s : body) {
    if (failed()) return;
    statement(s);
  }
}

void Codegen::statement(const Stmt* s) {
  if (reporter_.deep()) return;
  At at(*this, s);
  u16 mark = u_->top;
  switch (s->kind) {
    case Kind::kFunctionDef: {
      auto* f = as<FunctionDef>(s);
      function_statement(f, f->name, f->args, f->body, f->decorator_list, f->returns, f->type_params, false);
      break;
    }
    case Kind::kAsyncFunctionDef: {
      auto* f = as<AsyncFunctionDef>(s);
      function_statement(f, f->name, f->args, f->body, f->decorator_list, f->returns, f->type_params, true);
      break;
    }
    case Kind::kClassDef: class_statement(as<ClassDef>(s)); break;
    case Kind::kTypeAlias: type_alias(as<TypeAlias>(s)); break;
    case Kind::kReturn: return_statement(as<Return>(s)); break;
    case Kind::kDelete:
      for (const Expr* t : as<Delete>(s)->targets) delete_target(t);
      break;
    case Kind::kAssign: assign(as<Assign>(s)); break;
    case Kind::kAugAssign: aug_assign(as<AugAssign>(s)); break;
    case Kind::kAnnAssign: ann_assign(as<AnnAssign>(s)); break;
    case Kind::kFor: for_statement(as<For>(s)); break;
    case Kind::kAsyncFor: async_for_statement(as<AsyncFor>(s)); break;
    case Kind::kWhile: while_statement(as<While>(s)); break;
    case Kind::kIf: if_statement(as<If>(s)); break;
    case Kind::kWith: with_statement(as<With>(s), 0, false); break;
    case Kind::kAsyncWith:
      if (!u_->is_async && !(top_level_await_ && u_->in_module())) {
        return error(s, "'async with' outside async function");
      }
      with_statement(as<With>(s), 0, true);  // the same fields
      break;
    case Kind::kMatch: match_statement(as<Match>(s)); break;
    case Kind::kRaise: raise_statement(as<Raise>(s)); break;
    case Kind::kTry: try_statement(as<Try>(s)); break;
    case Kind::kTryStar: try_star(as<TryStar>(s)); break;
    case Kind::kAssert: assert_statement(as<Assert>(s)); break;
    case Kind::kImport: import_statement(as<Import>(s)); break;
    case Kind::kImportFrom: import_from(as<ImportFrom>(s)); break;
    case Kind::kGlobal:
    case Kind::kNonlocal: break;
    case Kind::kExprStmt: {
      const Expr* e = as<ExprStmt>(s)->value;
      if (interactive_ && u_->in_module()) {
        Operand o = operand(e);
        u16 t = o.temp ? o.reg : alloc();
        emit(Op::INTRINSIC_1, t, o.reg, u16(Intrinsic1::kPrintExpression), o.temp ? kConsumeB : 0);
        clear(t);
      } else if (e->kind == Kind::kConstant) {
        emit(Op::NOP, 0, 0, 0);
      } else {
        u32 before = u_->code.size();
        effect(e);
        if (u_->code.size() == before) emit(Op::NOP, 0, 0, 0);
      }
      break;
    }
    case Kind::kPass: emit(Op::NOP, 0, 0, 0); break;
    case Kind::kBreak: break_statement(s); break;
    case Kind::kContinue: continue_statement(s); break;
    default: break;
  }
  u_->top = mark;
}

// --- assignment

void Codegen::assign(const Assign* s) {
  if (s->targets.size == 1) {
    const Expr* target = s->targets[0];
    u16 reg = local_register(target);
    if (reg != kNoReg) {
      if (forbidden_name(as<Name>(target)->id, pos_of(target))) return;
      into(s->value, reg);
      return mark_bound(reg);
    }
    if (parallel_assign(target, s->value)) return;
    return store_target(target, operand_before(s->value, target));
  }
  // x = y = value: each target takes a copy, the last one takes the value.
  Operand o = operand(s->value);
  if (!o.temp) {
    // The targets may change the variable.
    u16 copy = alloc();
    move(copy, o);
    o = {copy, true};
  }
  u16 saved = u_->top;
  for (u32 i = 0; i < s->targets.size; i++) {
    store_target(s->targets[i], {o.reg, i + 1 == s->targets.size});
    u_->top = saved;
  }
}

// a, b = x, y without a tuple. A variable that an earlier target overwrites is copied first.
bool Codegen::parallel_assign(const Expr* target, const Expr* value) {
  Seq<Expr*> targets, values;
  if (target->kind == Kind::kTuple) {
    targets = as<ast::Tuple>(target)->elts;
  } else if (target->kind == Kind::kList) {
    targets = as<ast::List>(target)->elts;
  }
  if (value->kind == Kind::kTuple) {
    values = as<ast::Tuple>(value)->elts;
  } else if (value->kind == Kind::kList) {
    values = as<ast::List>(value)->elts;
  }
  if (targets.empty() || targets.size != values.size || targets.size > 16) return false;
  for (u32 i = 0; i < targets.size; i++) {
    if (targets[i]->kind == Kind::kStarred || values[i]->kind == Kind::kStarred) return false;
  }
  // When all targets are variables, the last value goes right into its own, unless another one is to have that variable's value.
  u16 last = local_register(targets[targets.size - 1]);
  for (u32 i = 0; i + 1 < targets.size && last != kNoReg; i++) {
    u16 reg = local_register(targets[i]);
    if (reg == kNoReg || reg == last || u_->scope->has_walrus) last = kNoReg;
  }
  Operand operands[16];
  for (u32 i = 0; i < values.size; i++) {
    if (last != kNoReg && i + 1 == values.size) {
      if (forbidden_name(as<Name>(targets[i])->id, pos_of(targets[i]))) return true;
      into(values[i], last);
      mark_bound(last);
      targets.size--;
      break;
    }
    Operand o = operand(values[i]);
    if (!o.temp && o.reg == last) last = kNoReg;
    if (!o.temp) {
      bool copy = u_->scope->has_walrus;
      for (u32 k = 0; k < i && !copy; k++) {
        copy =
            targets[k]->kind == Kind::kTuple || targets[k]->kind == Kind::kList || local_register(targets[k]) == o.reg;
      }
      if (copy) {
        u16 t = alloc();
        move(t, o);
        o = {t, true};
      }
    }
    operands[i] = o;
  }
  u16 saved = u_->top;
  for (u32 i = 0; i < targets.size; i++) {
    store_target(targets[i], operands[i]);
    u_->top = saved;
  }
  return true;
}

void Codegen::note_attribute(const Attribute* target) {
  if (target->value->kind != Kind::kName) return;
  NameId base = mangle(as<Name>(target->value)->id);
  NameId attr = mangle(target->attr);
  if (base == name::k_self) {
    for (Unit* u = u_; u != nullptr; u = u->parent) {
      if (!u->in_class()) continue;
      bool known = false;
      for (NameId n : u->static_attributes) known |= n == attr;
      if (!known) u->static_attributes.push(attr);
      break;
    }
  }
  if (u_->in_function() && u_->argument_count > 0 && u_->register_names[0] == base) {
    for (NameId n : u_->self_attributes) {
      if (n == attr) return;
    }
    u_->self_attributes.push(attr);
  }
}

void Codegen::store_attribute(const Attribute* target, Operand value) {
  if (forbidden_name(target->attr, pos_of(target))) return;
  note_attribute(target);
  Operand object = operand(target->value);
  At at(*this, target);
  at_attribute_name(target);
  emit_name(Op::STORE_ATTR, object.reg, value.reg, mangle(target->attr),
            u8((object.temp ? kConsumeA : 0) | (value.temp ? kConsumeB : 0)));
}

void Codegen::store_target(const Expr* target, Operand value) {
  if (reporter_.deep()) return;
  u16 mark = u_->top;
  switch (target->kind) {
    case Kind::kName: {
      At at(*this, target);
      if (forbidden_name(as<Name>(target)->id, pos_of(target))) return;
      store_text(as<Name>(target)->id, value);
      break;
    }
    case Kind::kAttribute: store_attribute(as<Attribute>(target), value); break;
    case Kind::kSubscript: {
      auto* s = as<Subscript>(target);
      check_subscriptable(s->value);
      check_index(s->value, s->slice);
      Operand object = operand_before(s->value, s->slice);
      Operand index = index_operand(s->slice);
      At at(*this, target);
      emit(Op::SET_ITEM, object.reg, index.reg, value.reg,
           u8((object.temp ? kConsumeA : 0) | (index.temp ? kConsumeB : 0) | (value.temp ? kConsumeC : 0)));
      break;
    }
    case Kind::kTuple: unpack(as<ast::Tuple>(target)->elts, value, target); break;
    case Kind::kList: unpack(as<ast::List>(target)->elts, value, target); break;
    case Kind::kStarred: error(target, "starred assignment target must be in a list or tuple"); break;
    default: error(target, "cannot assign to expression"); break;
  }
  u_->top = mark;
}

void Codegen::unpack(Seq<Expr*> targets, Operand value, const Expr* whole) {
  u32 n = targets.size, star = ~0u;
  for (u32 i = 0; i < n; i++) {
    if (targets[i]->kind != Kind::kStarred) continue;
    if (star != ~0u) return error(whole, "multiple starred expressions in assignment");
    star = i;
  }
  if (star != ~0u && (star >= 256 || n - star - 1 >= 0x7FFFFF)) {
    return error(whole, "too many expressions in star-unpacking assignment");
  }
  // Neighbouring registers of variables are filled directly.
  bool direct = n > 0 && n < 64 && star == ~0u;
  u16 first = direct ? local_register(targets[0]) : kNoReg;
  direct &= first != kNoReg;
  for (u32 i = 0; i < n && direct; i++) {
    direct = local_register(targets[i]) == first + i && !forbidden_name(as<Name>(targets[i])->id, pos_of(targets[i]));
  }
  // The value itself must not be one of them.
  if (direct && !value.temp && value.reg >= first && value.reg < first + n) direct = false;
  if (!direct) first = alloc(n);
  u16 saved = u_->top;
  {
    At at(*this, whole);
    u8 x = value.temp ? kConsumeB : 0;
    if (star == ~0u) {
      emit(Op::UNPACK_SEQUENCE, first, value.reg, u16(n), x);
    } else {
      emit(Op::UNPACK_EX, first, value.reg, u16(star), x, n - star - 1);
    }
  }
  for (u32 i = 0; i < n; i++) {
    if (direct) {
      mark_bound(u16(first + i));
    } else {
      const Expr* t = targets[i]->kind == Kind::kStarred ? as<Starred>(targets[i])->value : targets[i];
      store_target(t, {u16(first + i), true});
    }
    u_->top = saved;
  }
}

void Codegen::aug_assign(const AugAssign* s) {
  Op op = inplace_opcode(s->op);
  u32 pos = u_->pos;
  switch (s->target->kind) {
    case Kind::kName: {
      auto* n = as<Name>(s->target);
      if (forbidden_name(n->id, pos_of(n))) return;
      u16 reg = local_register(n);
      if (reg != kNoReg) {
        Operand left = operand(n);
        if (u_->scope->has_walrus && rebinds(s->value, n->id)) {
          u16 copy = alloc();
          move(copy, left);
          left = {copy, true};
        }
        arithmetic(op, reg, left, s->value, kInPlace);
        return mark_bound(reg);
      }
      u16 t = alloc();
      into(n, t);
      arithmetic(op, t, {t, true}, s->value, kInPlace);
      return store_target(n, {t, true});
    }
    case Kind::kAttribute: {
      auto* a = as<Attribute>(s->target);
      if (forbidden_name(a->attr, pos_of(a))) return;
      note_attribute(a);
      Operand object = operand_before(a->value, s->value);
      u16 t = alloc();
      {
        At at(*this, a);
        at_attribute_name(a);
        emit_name(Op::LOAD_ATTR, t, object.reg, mangle(a->attr));
      }
      arithmetic(op, t, {t, true}, s->value, kInPlace);
      At at(*this, a);
      at_attribute_name(a);
      return emit_name(Op::STORE_ATTR, object.reg, t, mangle(a->attr), u8((object.temp ? kConsumeA : 0) | kConsumeB));
    }
    case Kind::kSubscript: {
      auto* i = as<Subscript>(s->target);
      check_subscriptable(i->value);
      check_index(i->value, i->slice);
      Operand object = operand_before(i->value, i->slice, kNoReg, s->value);
      Operand index = i->slice->kind == Kind::kSlice ? index_operand(i->slice) : operand_before(i->slice, s->value);
      u16 t = alloc();
      {
        At at(*this, i);
        emit(Op::GET_ITEM, t, object.reg, index.reg);
      }
      u_->pos = pos;
      arithmetic(op, t, {t, true}, s->value, kInPlace);
      At at(*this, i);
      return emit(Op::SET_ITEM, object.reg, index.reg, t,
                  u8((object.temp ? kConsumeA : 0) | (index.temp ? kConsumeB : 0) | kConsumeC));
    }
    default: return error(s->target, "illegal expression for augmented assignment");
  }
}

// The parts of a target that is only annotated are evaluated all the same.
void Codegen::evaluate_for_effect(const Expr* e) {
  if (e->kind == Kind::kTuple) {
    for (const Expr* part : as<ast::Tuple>(e)->elts) evaluate_for_effect(part);
  } else if (e->kind == Kind::kSlice) {
    auto* s = as<ast::Slice>(e);
    for (const Expr* part : {s->lower, s->upper, s->step}) {
      if (part != nullptr) effect(part);
    }
  } else {
    effect(e);
  }
}

void Codegen::ann_assign(const AnnAssign* s) {
  const Expr* target = s->target;
  if (s->value != nullptr) {
    u16 reg = local_register(target);
    if (reg != kNoReg && !forbidden_name(as<Name>(target)->id, pos_of(target))) {
      into(s->value, reg);
      mark_bound(reg);
    } else {
      u16 mark = u_->top;
      store_target(target, operand_before(s->value, target));
      u_->top = mark;
    }
  }
  switch (target->kind) {
    case Kind::kName: {
      if (forbidden_name(as<Name>(target)->id, pos_of(target))) return;
      if (!s->simple || u_->in_function()) return;
      if (future_annotations()) {
        Ref text = annotation_string(s->annotation);
        check(text);
        if (failed()) return;
        u16 value = alloc(), annotations = alloc(), key = alloc();
        load_const(value, text);
        emit_name(Op::LOAD_NAME, annotations, 0, name::k_annotations);
        load_const(key, names_.value(mangle(as<Name>(target)->id)));
        return emit(Op::SET_ITEM, annotations, key, value, kConsumeA | kConsumeB | kConsumeC);
      }
      i32 index = -1;
      if (u_->scope->has_conditional_annotations) {
        index = i32(u_->next_conditional++);
        u16 set = alloc(), number = alloc();
        if (u_->in_class()) {
          emit_name(Op::LOAD_CELL, set, u_->conditional_cell, name::k_conditional);
        } else {
          emit_name(Op::LOAD_NAME, set, 0, name::k_conditional);
        }
        load_const(number, Value::small_int(index));
        emit(Op::SET_ADD, set, number, 0, kConsumeB);
        clear(set);
      }
      u_->annotations.push({s, index});
      return;
    }
    case Kind::kAttribute:
      if (forbidden_name(as<Attribute>(target)->attr, pos_of(target))) return;
      if (s->value == nullptr) effect(as<Attribute>(target)->value);
      return;
    case Kind::kSubscript:
      if (s->value == nullptr) {
        effect(as<Subscript>(target)->value);
        evaluate_for_effect(as<Subscript>(target)->slice);
      }
      return;
    default: return error(target, "illegal target for annotation");
  }
}

void Codegen::delete_target(const Expr* target) {
  if (reporter_.deep()) return;
  u16 mark = u_->top;
  switch (target->kind) {
    case Kind::kName: {
      At at(*this, target);
      if (forbidden_name(as<Name>(target)->id, pos_of(target), true)) return;
      delete_name(mangle(as<Name>(target)->id));
      break;
    }
    case Kind::kAttribute: {
      auto* a = as<Attribute>(target);
      if (forbidden_name(a->attr, pos_of(a), true)) return;
      Operand object = operand(a->value);
      At at(*this, target);
      at_attribute_name(a);
      emit_name(Op::DELETE_ATTR, object.reg, 0, mangle(a->attr), object.temp ? kConsumeA : 0);
      break;
    }
    case Kind::kSubscript: {
      auto* s = as<Subscript>(target);
      check_subscriptable(s->value);
      check_index(s->value, s->slice);
      Operand object = operand_before(s->value, s->slice);
      Operand index = index_operand(s->slice);
      At at(*this, target);
      emit(Op::DELETE_ITEM, object.reg, index.reg, 0, u8((object.temp ? kConsumeA : 0) | (index.temp ? kConsumeB : 0)));
      break;
    }
    case Kind::kTuple:
      for (const Expr* t : as<ast::Tuple>(target)->elts) delete_target(t);
      break;
    case Kind::kList:
      for (const Expr* t : as<ast::List>(target)->elts) delete_target(t);
      break;
    default: error(target, "cannot delete expression"); break;
  }
  u_->top = mark;
}

// --- branches and loops

void Codegen::if_statement(const If* s) {
  Label end = new_label();
  for (;;) {
    Label next = new_label();
    {
      At at(*this, s->test);
      jump_if(s->test, next, false);
    }
    statements(s->body);
    if (s->orelse.empty()) {
      bind(next);
      break;
    }
    {
      At at(*this, Pos{});
      jump(end);
    }
    bind(next);
    // elif chains may be long: no recursion.
    if (s->orelse.size == 1 && s->orelse[0]->kind == Kind::kIf && !failed()) {
      s = as<If>(s->orelse[0]);
      set_pos(pos_of(s));
      continue;
    }
    statements(s->orelse);
    break;
  }
  bind(end);
}

void Codegen::while_statement(const While* s) {
  Label end = new_label(), otherwise = new_label(), next = new_label();
  Label loop = loop_head();
  push_block(BlockKind::kWhile, 0, 0, nullptr, kNoName, end, next);
  jump_if(s->test, otherwise, false);
  statements(s->body);
  bind(next);
  {
    At at(*this, Pos{});
    jump_back(loop);
  }
  pop_block();
  bind(otherwise);
  statements(s->orelse);
  bind(end);
}

void Codegen::for_statement(const For* s) {
  Label end = new_label(), otherwise = new_label(), next = new_label();
  u16 iterator = alloc();
  {
    u16 saved = u_->top;
    Operand o = operand(s->iter, iterator);
    At at(*this, s->iter);
    emit_dest_source(Op::GET_ITER, iterator, o);
    u_->top = saved;
  }
  push_block(BlockKind::kFor, iterator, 0, nullptr, kNoName, end, next);
  Label loop = loop_head();
  u16 saved = u_->top;
  u16 target = local_register(s->target);
  u16 item = target != kNoReg ? target : alloc();
  {
    At at(*this, s->iter);
    emit(Op::FOR_ITER, item, iterator, 0, 0, 0, otherwise);
  }
  if (target != kNoReg) {
    if (!forbidden_name(as<Name>(s->target)->id, pos_of(s->target))) mark_bound(target);
  } else {
    store_target(s->target, {item, true});
  }
  u_->top = saved;
  statements(s->body);
  bind(next);
  {
    At at(*this, Pos{});
    jump_back(loop);
  }
  pop_block();
  bind(otherwise);
  statements(s->orelse);
  bind(end);
}

void Codegen::async_for_statement(const AsyncFor* s) {
  if (!u_->is_async && !(top_level_await_ && u_->in_module())) {
    return error(s, "'async for' outside async function");
  }
  Label end = new_label(), next = new_label();
  u16 iterator = alloc();
  {
    u16 saved = u_->top;
    Operand o = operand(s->iter, iterator);
    At at(*this, s->iter);
    emit_dest_source(Op::GET_AITER, iterator, o);
    u_->top = saved;
  }
  push_block(BlockKind::kFor, iterator, 0, nullptr, kNoName, end, next);
  Label loop = loop_head();
  u16 saved = u_->top;
  u16 target = local_register(s->target);
  u16 item = target != kNoReg ? target : alloc();
  u32 region;
  {
    At at(*this, s->iter);
    region = async_next(iterator, item);
  }
  if (target != kNoReg) {
    mark_bound(target);
  } else {
    store_target(s->target, {item, true});
  }
  u_->top = saved;
  statements(s->body);
  bind(next);
  {
    At at(*this, Pos{});
    jump_back(loop);
  }
  pop_block();
  bind_handler(region);
  {
    At at(*this, s->iter);
    emit(Op::END_ASYNC_FOR, saved, 0, 0, kConsumeA);
    clear(iterator);
  }
  statements(s->orelse);
  bind(end);
}

// --- leaving blocks

// Whether leaving the blocks from `down_to` on runs what has lines of its own: what follows belongs to the last of those.
bool Codegen::runs_statements(u32 down_to) const {
  for (u32 i = down_to; i < u_->blocks.size(); i++) {
    BlockKind kind = u_->blocks[i].kind;
    if (kind == BlockKind::kFinallyTry || kind == BlockKind::kWith || kind == BlockKind::kAsyncWith) return true;
  }
  return false;
}

void Codegen::return_statement(const Return* s) {
  if (!u_->in_function()) return error(s, "'return' outside function");
  if (s->value != nullptr && (u_->flags & code_flag::kAsyncGenerator)) {
    return error(s, "'return' with value in async generator");
  }
  for (const Block& b : u_->blocks) {
    if (b.kind == BlockKind::kStarHandler) {
      bool constant = s->value != nullptr && s->value->kind == Kind::kConstant && s->value->lineno == s->lineno;
      return error(constant ? static_cast<const Node*>(s->value) : s, "'break', 'continue' and 'return' cannot appear in an except* block");
    }
  }
  bool runs_code = false;  // on the way out, which might change the variable that is returned
  for (const Block& b : u_->blocks) {
    runs_code |= b.kind != BlockKind::kWhile && b.kind != BlockKind::kFor && b.kind != BlockKind::kTry;
  }
  Operand o;
  if (s->value == nullptr) {
    o = {alloc(), true};
    if (!runs_code) load_const(o.reg, None);
  } else {
    o = operand(s->value);
    if (!o.temp && runs_code) {
      u16 copy = alloc();
      move(copy, o);
      o = {copy, true};
    }
  }
  if (s->value == nullptr || s->value->lineno != s->lineno) emit(Op::NOP, 0, 0, 0);
  unwind(0, s->value != nullptr ? o.reg : kNoReg);
  At at(*this, runs_statements(0) ? Pos{} : u_->positions[u_->pos]);
  // A local variable is moved out: the frame ends here.
  u32 region = u_->region;
  u_->region = u_->base_region;  // the blocks have been left
  if (s->value == nullptr && runs_code) load_const(o.reg, None);
  emit(Op::RETURN, o.reg, 0, 0, kConsumeA);
  end_of_flow();
  u_->region = region;
}

void Codegen::leave_loop_body(u32 loop, Label target, bool ends) {
  emit(Op::NOP, 0, 0, 0);
  unwind(loop + 1, kNoReg);
  At at(*this, runs_statements(loop + 1) ? Pos{} : u_->positions[u_->pos]);
  // The jump is not covered by what has been left: it may poll.
  u32 region = u_->region;
  const Block& b = u_->blocks[loop];
  u_->region = b.outer_region;
  if (ends && b.kind == BlockKind::kFor) clear(b.reg);
  jump(target);
  u_->region = region;
}

void Codegen::break_statement(const Stmt* s) {
  for (u32 i = u_->blocks.size(); i-- > 0;) {
    Block& b = u_->blocks[i];
    if (b.kind == BlockKind::kStarHandler) {
      return error(s, "'break', 'continue' and 'return' cannot appear in an except* block");
    }
    if (b.kind != BlockKind::kWhile && b.kind != BlockKind::kFor) continue;
    return leave_loop_body(i, b.on_break, true);
  }
  error(s, "'break' outside loop");
}

void Codegen::continue_statement(const Stmt* s) {
  for (u32 i = u_->blocks.size(); i-- > 0;) {
    Block& b = u_->blocks[i];
    if (b.kind == BlockKind::kStarHandler) {
      return error(s, "'break', 'continue' and 'return' cannot appear in an except* block");
    }
    if (b.kind != BlockKind::kWhile && b.kind != BlockKind::kFor) continue;
    return leave_loop_body(i, b.on_continue, false);
  }
  error(s, "'continue' not properly in loop");
}

// --- raise, assert, import

void Codegen::raise_statement(const Raise* s) {
  if (s->exc == nullptr) {
    emit(Op::RAISE_LAST, 0, 0, 0);
    return end_of_flow();
  }
  Operand exception = operand_before(s->exc, s->cause);
  Operand cause{kNoRegister, false};
  if (s->cause != nullptr) cause = operand(s->cause);
  emit(Op::RAISE, exception.reg, cause.reg, 0, u8((exception.temp ? kConsumeA : 0) | (cause.temp ? kConsumeB : 0)));
  end_of_flow();
}

void Codegen::assert_statement(const Assert* s) {
  if (s->test->kind == Kind::kTuple && as<ast::Tuple>(s->test)->elts.size > 0) {
    warn(s, "assertion is always true, perhaps remove parentheses?");
  }
  if (optimize_ > 0) return;
  Label end = new_label();
  jump_if(s->test, end, true);
  u16 mark = u_->top;
  At at(*this, s->test);
  u16 error_value = alloc();
  if (s->msg != nullptr) {
    u16 f = window();
    emit(Op::LOAD_BUILTIN, f, 0, u16(BuiltinIndex::kAssertionError));
    into_new(s->msg);
    emit(Op::CALL, error_value, f, 1);
  } else {
    emit(Op::LOAD_BUILTIN, error_value, 0, u16(BuiltinIndex::kAssertionError));
  }
  emit(Op::RAISE, error_value, kNoRegister, 0, kConsumeA);
  end_of_flow();
  u_->top = mark;
  bind(end);
}

void Codegen::import_name(NameId module, i64 level, Value fromlist, u16 dest) {
  u16 mark = u_->top;
  u16 arguments = alloc(2);
  load_const(arguments, Value::small_int(level));
  load_const(u16(arguments + 1), fromlist);
  emit_name(Op::IMPORT_NAME, dest, arguments, module);
  u_->top = mark;
}

void Codegen::import_statement(const Import* s) {
  for (const Alias* a : s->names) {
    u16 mark = u_->top;
    std::string_view bound = a->asname.data() != nullptr ? a->asname : a->name.substr(0, a->name.find('.'));
    if (forbidden_name(bound, pos_of(a))) return;
    NameId target = mangle(bound);
    NameAccess where = access(target);
    bool dotted_as = a->asname.data() != nullptr && a->name.find('.') != a->name.npos;
    u16 t = where.kind == NameAccess::kLocal && !dotted_as ? where.reg : alloc();
    import_name(names_.intern(a->name), 0, None, t);
    if (dotted_as) {
      // import a.b.c as d: fetch b from a, then c from that.
      std::string_view rest = a->name.substr(a->name.find('.') + 1);
      u16 from = t;
      for (;;) {
        std::string_view part = rest.substr(0, rest.find('.'));
        u16 to = alloc();
        emit_name(Op::IMPORT_FROM, to, from, names_.intern(part));
        clear(from);
        from = to;
        if (part.size() == rest.size()) break;
        rest.remove_prefix(part.size() + 1);
      }
      t = from;
    }
    store_name(target, {t, u_->is_temp(t)});
    u_->top = mark;
  }
}

void Codegen::import_from(const ImportFrom* s) {
  std::string_view module = s->module.data() != nullptr ? s->module : std::string_view("");
  if (module == "__future__" && s->level == 0 && (s->lineno > future_end_.line || (s->lineno == future_end_.line && s->col_offset > future_end_.column))) {
    return error(s, "from __future__ imports must occur at the beginning of the file");
  }
  RootedVector list(thread_);
  for (const Alias* a : s->names) list.push_copy(names_.value(names_.intern(a->name)));
  Ref fromlist = tuple_from(thread_, list.data(), list.size());
  check(fromlist);
  if (failed()) return;
  u16 imported = alloc();
  import_name(names_.intern(module), s->level, fromlist, imported);
  if (s->names.size == 1 && s->names[0]->name == "*") {
    emit(Op::IMPORT_STAR, imported, 0, 0, kConsumeA);
    return;
  }
  for (const Alias* a : s->names) {
    u16 mark = u_->top;
    std::string_view bound = a->asname.data() != nullptr ? a->asname : a->name;
    if (forbidden_name(bound, pos_of(a))) return;
    NameId target = mangle(bound);
    NameAccess where = access(target);
    u16 t = where.kind == NameAccess::kLocal ? where.reg : alloc();
    emit_name(Op::IMPORT_FROM, t, imported, names_.intern(a->name));
    store_name(target, {t, u_->is_temp(t)});
    u_->top = mark;
  }
  clear(imported);
}

}  // namespace typhon::compiler
