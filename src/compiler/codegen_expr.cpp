// Expressions: operators, comparisons, containers, strings.
#include "compiler/codegen.h"
#include "objects/int.h"

namespace typhon::compiler {

using namespace ast;

namespace {

constexpr u32 kMaxDisplay = 30;   // elements of a display built from one range of registers; longer ones grow one by one
constexpr u32 kMaxStrings = 200;  // parts of an f-string joined at a time

Op binary_opcode(Operator op) {
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

Op compare_opcode(CompareOperator op) {
  switch (op) {
    case CompareOperator::kEq: return Op::EQ;
    case CompareOperator::kNotEq: return Op::NE;
    case CompareOperator::kLt: return Op::LT;
    case CompareOperator::kLtE: return Op::LE;
    case CompareOperator::kGt: return Op::GT;
    case CompareOperator::kGtE: return Op::GE;
    case CompareOperator::kIs: return Op::IS;
    case CompareOperator::kIsNot: return Op::IS_NOT;
    case CompareOperator::kIn: return Op::IN;
    case CompareOperator::kNotIn: return Op::NOT_IN;
  }
  return Op::EQ;
}

// The fused jump of an ordering, or NOP.
Op compare_jump(CompareOperator op, bool when) {
  int offset;
  switch (op) {
    case CompareOperator::kLt: offset = 0; break;
    case CompareOperator::kLtE: offset = 1; break;
    case CompareOperator::kEq: offset = 2; break;
    case CompareOperator::kNotEq: offset = 3; break;
    case CompareOperator::kGt: offset = 4; break;
    case CompareOperator::kGtE: offset = 5; break;
    default: return Op::NOP;
  }
  return Op(int(when ? Op::JUMP_IF_LT : Op::JUMP_UNLESS_LT) + offset);
}

bool is_none(const Expr* e) {
  return e->kind == Kind::kConstant && as<Constant>(e)->value.type == ConstantValue::Type::kNone;
}

const char* constant_type_name(const ConstantValue& v) {
  using Type = ConstantValue::Type;
  switch (v.type) {
    case Type::kNone: return "NoneType";
    case Type::kTrue:
    case Type::kFalse: return "bool";
    case Type::kEllipsis: return "ellipsis";
    case Type::kInt:
    case Type::kBigInt: return "int";
    case Type::kFloat: return "float";
    case Type::kComplex: return "complex";
    case Type::kStr: return "str";
    case Type::kBytes: return "bytes";
    case Type::kTuple: return "tuple";
    case Type::kFrozenSet: return "frozenset";
  }
  return "";
}

// The class of what a literal evaluates to, for warnings; null when not known.
const char* inferred_type_name(const Expr* e) {
  switch (e->kind) {
    case Kind::kTuple: return "tuple";
    case Kind::kList:
    case Kind::kListComp: return "list";
    case Kind::kDict:
    case Kind::kDictComp: return "dict";
    case Kind::kSet:
    case Kind::kSetComp: return "set";
    case Kind::kGeneratorExp: return "generator";
    case Kind::kLambda: return "function";
    case Kind::kJoinedStr: return "str";
    case Kind::kFormattedValue: return "str";
    case Kind::kTemplateStr: return "string.templatelib.Template";
    case Kind::kInterpolation: return "string.templatelib.Interpolation";
    case Kind::kConstant: return constant_type_name(as<Constant>(e)->value);
    default: return nullptr;
  }
}

bool small_immediate(const Expr* e, i64* out) {
  if (e->kind != Kind::kConstant) return false;
  const ConstantValue& v = as<Constant>(e)->value;
  if (v.type != ConstantValue::Type::kInt || v.int_value < -32768 || v.int_value > 32767) return false;
  *out = v.int_value;
  return true;
}

}  // namespace

// --- dispatch

Operand Codegen::operand(const Expr* e, u16 scratch) {
  if (e->kind == Kind::kName) {
    const Name* n = as<Name>(e);
    NameId id = mangle(n->id);
    if (id != name::k_debug) {
      NameAccess where = access(id);
      if (where.kind == NameAccess::kLocal) {
        if (u_->reachable && !is_bound(where.reg)) {
          At at(*this, e);
          emit_name(Op::CHECK_BOUND, where.reg, 0, id);
          mark_bound(where.reg);
        }
        return {where.reg, false};
      }
    }
  } else if (e->kind == Kind::kNamedExpr) {
    u16 reg = local_register(as<NamedExpr>(e)->target);
    if (reg != kNoReg && !reporter_.deep()) {
      At at(*this, e);
      into(as<NamedExpr>(e)->value, reg);
      mark_bound(reg);
      return {reg, false};
    }
  }
  u16 dest = scratch != kNoReg ? scratch : alloc();
  into(e, dest);
  return {dest, true};
}

Operand Codegen::operand_before(const Expr* e, const Node* later, u16 scratch, const Node* later2) {
  Operand o = operand(e, scratch);
  if (o.temp || !u_->scope->has_walrus) return o;
  const Expr* n = e->kind == Kind::kNamedExpr ? as<NamedExpr>(e)->target : e;
  if (!rebinds(later, as<Name>(n)->id) && !rebinds(later2, as<Name>(n)->id)) return o;
  u16 copy = scratch != kNoReg ? scratch : alloc();
  move(copy, o);
  return {copy, true};
}

void Codegen::into(const Expr* e, u16 dest) {
  if (reporter_.deep()) return;
  At at(*this, e);
  switch (e->kind) {
    case Kind::kConstant: {
      Ref v = constant_value(as<Constant>(e)->value);
      check(v);
      if (!failed()) load_const(dest, v);
      return;
    }
    case Kind::kName: {
      NameId id = mangle(as<Name>(e)->id);
      if (id == name::k_debug) return load_const(dest, Value::boolean(optimize_ == 0));
      return load_name(id, dest);
    }
    case Kind::kBinOp: return binary(as<BinOp>(e), dest);
    case Kind::kUnaryOp: return unary(as<UnaryOp>(e), dest);
    case Kind::kBoolOp: return bool_op(as<BoolOp>(e), dest);
    case Kind::kCompare: return compare(as<Compare>(e), dest);
    case Kind::kNamedExpr: return named(as<NamedExpr>(e), dest);
    case Kind::kAttribute: return attribute(as<Attribute>(e), dest);
    case Kind::kSubscript: return subscript(as<Subscript>(e), dest);
    case Kind::kCall: return call(as<Call>(e), dest);
    case Kind::kIfExp: {
      auto* i = as<IfExp>(e);
      Label otherwise = new_label(), end = new_label();
      jump_if(i->test, otherwise, false);
      into(i->body, dest);
      jump(end);
      bind(otherwise);
      into(i->orelse, dest);
      return bind(end);
    }
    case Kind::kTuple: {
      Ref folded = fold(e);
      check(folded);
      if (!folded.is_empty() && !failed()) return load_const(dest, folded);
      return sequence(as<ast::Tuple>(e)->elts, SequenceKind::kTuple, dest);
    }
    case Kind::kList: return sequence(as<ast::List>(e)->elts, SequenceKind::kList, dest);
    case Kind::kSet: return sequence(as<ast::Set>(e)->elts, SequenceKind::kSet, dest);
    case Kind::kDict: return dict(as<ast::Dict>(e), dest);
    case Kind::kListComp:
      return comprehension(e, {CompKind::kList, as<ListComp>(e)->generators, as<ListComp>(e)->elt, nullptr}, dest);
    case Kind::kSetComp:
      return comprehension(e, {CompKind::kSet, as<SetComp>(e)->generators, as<SetComp>(e)->elt, nullptr}, dest);
    case Kind::kDictComp: {
      auto* d = as<DictComp>(e);
      return comprehension(e, {CompKind::kDict, d->generators, d->key, d->value}, dest);
    }
    case Kind::kGeneratorExp: {
      auto* g = as<GeneratorExp>(e);
      return comprehension(e, {CompKind::kGenerator, g->generators, g->elt, nullptr}, dest);
    }
    case Kind::kLambda: return lambda(as<Lambda>(e), dest);
    case Kind::kJoinedStr: return joined_str(as<JoinedStr>(e)->values, dest);
    case Kind::kFormattedValue: return formatted_value(as<FormattedValue>(e), dest);
    case Kind::kTemplateStr: return template_str(as<TemplateStr>(e), dest);
    case Kind::kInterpolation: return interpolation(as<Interpolation>(e), dest);
    case Kind::kYield: return yield(as<Yield>(e), dest);
    case Kind::kYieldFrom: return yield_from(as<YieldFrom>(e), dest);
    case Kind::kAwait: return await(as<Await>(e), dest);
    case Kind::kStarred: return error(e, "can't use starred expression here");
    case Kind::kSlice: {
      u16 mark = u_->top;
      auto* s = as<ast::Slice>(e);
      u16 parts = alloc(3);
      u16 saved = u_->top, absent = 0;
      const Expr* const list[] = {s->lower, s->upper, s->step};
      for (u16 i = 0; i < 3; i++) {
        if (list[i] != nullptr)
          into(list[i], u16(parts + i));
        else
          absent |= u16(1u << i);
        u_->top = saved;
      }
      emit(Op::BUILD_SLICE, dest, parts, absent);
      u_->top = mark;
      return;
    }
    default: return;
  }
}

void Codegen::effect(const Expr* e) {
  if (e->kind == Kind::kConstant) return;
  u16 mark = u_->top;
  discard(operand(e));
  u_->top = mark;
}

// --- conditions

void Codegen::jump_if(const Expr* e, Label target, bool when) {
  if (reporter_.deep()) return;
  u16 mark = u_->top;
  switch (e->kind) {
    case Kind::kUnaryOp:
      if (as<UnaryOp>(e)->op == UnaryOperator::kNot) return jump_if(as<UnaryOp>(e)->operand, target, !when);
      break;
    case Kind::kBoolOp: {
      auto* b = as<BoolOp>(e);
      bool is_or = b->op == BoolOperator::kOr;
      u32 last = b->values.size - 1;
      if (is_or == when) {
        for (const Expr* v : b->values) jump_if(v, target, when);
        return;
      }
      Label skip = new_label();
      for (u32 i = 0; i < last; i++) jump_if(b->values[i], skip, is_or);
      jump_if(b->values[last], target, when);
      return bind(skip);
    }
    case Kind::kIfExp: {
      auto* i = as<IfExp>(e);
      Label otherwise = new_label(), end = new_label();
      jump_if(i->test, otherwise, false);
      jump_if(i->body, target, when);
      jump(end);
      bind(otherwise);
      jump_if(i->orelse, target, when);
      return bind(end);
    }
    case Kind::kCompare: return jump_if_compare(as<Compare>(e), target, when);
    default: break;
  }
  int known = constant_truth(e);
  if (known >= 0) {
    At at(*this, e);
    emit(Op::NOP, 0, 0, 0);
    if (bool(known) == when) jump(target);
    return;
  }
  Operand o = operand(e);
  At at(*this, e);
  jump_on(when ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, o, target);
  u_->top = mark;
}

// The right side of a comparison; displays of constants become constants in `x in {...}`.
Operand Codegen::compare_right(CompareOperator op, const Expr* e) {
  if ((op == CompareOperator::kIn || op == CompareOperator::kNotIn) &&
      (e->kind == Kind::kList || e->kind == Kind::kSet)) {
    Seq<Expr*> elements = e->kind == Kind::kList ? as<ast::List>(e)->elts : as<ast::Set>(e)->elts;
    Ref folded = fold_sequence(elements);
    check(folded);
    if (!folded.is_empty() && !failed()) {
      if (e->kind == Kind::kSet) {
        folded = set_from_py(thread_, folded, true);
        check(folded);
      }
      u16 t = alloc();
      At at(*this, e);
      if (!failed()) load_const(t, folded);
      return {t, true};
    }
  }
  return operand(e);
}

void Codegen::jump_if_compare(const Compare* e, Label target, bool when) {
  check_is_literal(e);
  u16 mark = u_->top;
  if (e->ops.size == 1) {
    CompareOperator op = e->ops[0];
    const Expr* right = e->comparators[0];
    if ((op == CompareOperator::kIs || op == CompareOperator::kIsNot) && is_none(right)) {
      Operand o = operand(e->left);
      At at(*this, e);
      jump_on((op == CompareOperator::kIs) == when ? Op::JUMP_IF_NONE : Op::JUMP_IF_NOT_NONE, o, target);
      u_->top = mark;
      return;
    }
    Op fused = compare_jump(op, when);
    if (fused != Op::NOP) {
      Operand l = operand_before(e->left, right);
      Operand r = operand(right);
      At at(*this, e);
      emit(fused, l.reg, r.reg, 0, u8((l.temp ? kConsumeA : 0) | (r.temp ? kConsumeB : 0)), 0, target);
      u_->top = mark;
      return;
    }
  } else {
    // a < b < c: b stays in its register for the second comparison. Where the first fails, b must be dropped.
    Label end = new_label();
    Operand l = operand_before(e->left, e->comparators[0]);
    u32 last = e->ops.size - 1;
    // Two registers take turns, so that the operand kept is always in a known one.
    u16 t = alloc();
    u16 keep[2] = {alloc(), alloc()};
    for (u32 i = 0;; i++) {
      const Expr* right = e->comparators[i];
      u16 saved = u_->top;
      Operand r;
      if (i == last) {
        r = compare_right(e->ops[i], right);
      } else {
        r = Operand{keep[i & 1], true};
        into(right, r.reg);
      }
      At at(*this, e);
      Op opcode = compare_opcode(e->ops[i]);
      u8 x = u8((l.temp ? kConsumeB : 0) | (r.temp && i == last ? kConsumeC : 0));
      emit(opcode, t, l.reg, r.reg, x);
      u_->top = saved;
      if (i == last) break;
      Label go_on = new_label();
      jump_on(Op::JUMP_IF_TRUE, {t, true}, go_on);
      clear(r.reg);
      if (when) {
        jump(end);
      } else {
        jump(target);
      }
      bind(go_on);
      l = r;
    }
    At at(*this, e);
    jump_on(when ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, {t, true}, target);
    bind(end);
    u_->top = mark;
    return;
  }
  Operand l = operand_before(e->left, e->comparators[0]);
  Operand r = compare_right(e->ops[0], e->comparators[0]);
  u16 t = l.temp ? l.reg : r.temp ? r.reg : alloc();
  At at(*this, e);
  bool negated = e->ops[0] == CompareOperator::kIsNot || e->ops[0] == CompareOperator::kNotIn;
  Op opcode = compare_opcode(e->ops[0]);
  if (negated) opcode = opcode == Op::IS_NOT ? Op::IS : Op::IN;
  emit_binary(opcode, t, l, r);
  jump_on(when != negated ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, {t, true}, target);
  u_->top = mark;
}

void Codegen::compare(const Compare* e, u16 dest) {
  check_is_literal(e);
  u16 mark = u_->top;
  bool temp = u_->is_temp(dest);
  if (e->ops.size == 1) {
    Operand l = operand_before(e->left, e->comparators[0], temp ? dest : kNoReg);
    Operand r = compare_right(e->ops[0], e->comparators[0]);
    emit_binary(compare_opcode(e->ops[0]), dest, l, r);
    u_->top = mark;
    return;
  }
  Label end = new_label();
  u16 result = temp ? dest : alloc();
  Operand l = operand_before(e->left, e->comparators[0]);
  u16 keep[2] = {alloc(), alloc()};
  u32 last = e->ops.size - 1;
  for (u32 i = 0;; i++) {
    u16 saved = u_->top;
    Operand r;
    if (i == last) {
      r = compare_right(e->ops[i], e->comparators[i]);
    } else {
      r = Operand{keep[i & 1], true};
      into(e->comparators[i], r.reg);
    }
    emit(compare_opcode(e->ops[i]), result, l.reg, r.reg,
         u8((l.temp ? kConsumeB : 0) | (r.temp && i == last ? kConsumeC : 0)));
    u_->top = saved;
    if (i == last) break;
    Label go_on = new_label();
    jump_on(Op::JUMP_IF_TRUE, {result, false}, go_on);
    clear(r.reg);
    jump(end);
    bind(go_on);
    clear(result);
    l = r;
  }
  bind(end);
  if (result != dest) move(dest, {result, true});
  u_->top = mark;
}

namespace {
// Whether the value is True or False whatever the operands are.
bool gives_bool(const Expr* v) {
  if (v->kind == Kind::kUnaryOp) return as<UnaryOp>(v)->op == UnaryOperator::kNot;
  if (v->kind != Kind::kCompare) return false;
  const Compare* e = as<Compare>(v);
  if (e->ops.size != 1) return false;
  Op op = compare_opcode(e->ops[0]);
  return op == Op::IS || op == Op::IS_NOT || op == Op::IN || op == Op::NOT_IN;
}
}  // namespace

// One value of `is_or ? x or y : x and y`, not the last one: as the result it goes to `ready` (in `result`) or `end` (in `dest`), else
// control falls through or goes to *next, which is made when it is needed. Operators inside are asked once only: after a false `a` in
// `a and b or c` comes c. True: it is the result in any case.
bool Codegen::bool_value(const Expr* v, const BoolTarget& to, Label* next) {
  if (reporter_.deep()) return true;
  if (v->kind == Kind::kBoolOp) {
    const BoolOp* inner = as<BoolOp>(v);
    u32 last = inner->values.size - 1;
    bool same = (inner->op == BoolOperator::kOr) == to.is_or;
    if (!same && *next == kNoLabel) *next = new_label();
    for (u32 k = 0; k < last; k++) {
      if (!same) {
        jump_if(inner->values[k], *next, !to.is_or);
        continue;
      }
      Label own = kNoLabel;
      if (bool_value(inner->values[k], to, &own) && own == kNoLabel) return true;
      if (own != kNoLabel) bind(own);
    }
    return bool_value(inner->values[last], to, next);
  }
  At at(*this, v);
  int known = constant_truth(v);
  if (known >= 0 && bool(known) != to.is_or) return false;  // `True and x` is x
  u16 saved = u_->top;
  Operand o = operand(v, to.result);
  if (o.temp && known >= 0) {
    jump(to.ready);
    u_->top = saved;
    return true;
  }
  if (o.temp) {
    jump_on(to.is_or ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, {to.result, false}, to.ready);
    if (!gives_bool(v)) clear(to.result);
  } else if (o.reg == to.dest) {
    jump_on(to.is_or ? Op::JUMP_IF_TRUE : Op::JUMP_IF_FALSE, o, to.end);
  } else {
    Label go_on = new_label();
    jump_on(to.is_or ? Op::JUMP_IF_FALSE : Op::JUMP_IF_TRUE, o, go_on);
    move(to.dest, o);
    jump(to.end);
    bind(go_on);
  }
  u_->top = saved;
  return false;
}

void Codegen::bool_op(const BoolOp* e, u16 dest) {
  u16 mark = u_->top;
  u16 result = u_->is_temp(dest) ? dest : alloc();
  Label end = new_label(), ready = new_label();  // ready: the result is in `result`
  BoolTarget to = {e->op == BoolOperator::kOr, dest, result, ready, end};
  u32 last = e->values.size - 1;
  for (u32 i = 0; i < last; i++) {
    Label next = kNoLabel;
    if (bool_value(e->values[i], to, &next) && next == kNoLabel) break;
    if (next != kNoLabel) bind(next);
  }
  into(e->values[last], dest);
  if (result != dest) {
    jump(end);
    bind(ready);
    move(dest, {result, true});
  } else {
    bind(ready);
  }
  bind(end);
  u_->top = mark;
}

// --- operators

// right op= left: the tail shared by binary operators and augmented assignment.
void Codegen::arithmetic(Op op, u16 dest, Operand left, const Expr* right, u8 x) {
  i64 n;
  if ((op == Op::ADD || op == Op::SUB) && small_immediate(right, &n)) {
    return emit(op == Op::ADD ? Op::ADD_INT : Op::SUB_INT, dest, left.reg, u16(i16(n)),
                u8(x | (left.temp ? kConsumeB : 0)));
  }
  u16 mark = u_->top;
  u32 pos = u_->pos;
  Operand r = operand(right);
  u_->pos = pos;
  emit_binary(op, dest, left, r, x);
  u_->top = mark;
}

void Codegen::binary(const BinOp* e, u16 dest) {
  Ref folded = fold(e);
  check(folded);
  if (failed()) return;
  if (!folded.is_empty()) return load_const(dest, folded);
  // a + b + c + ... leans to the left and may be long: no recursion along it.
  u16 mark = u_->top;
  u32 chain = chain_.size();
  const Expr* leftmost = e;
  while (leftmost->kind == Kind::kBinOp) {
    chain_.push(as<BinOp>(leftmost));
    leftmost = as<BinOp>(leftmost)->left;
  }
  bool temp = u_->is_temp(dest);
  // Constants at the left end are computed now: 60 * 60 * x.
  Ref known = fold(leftmost);
  Operand left{0, false};
  while (chain_.size() > chain && !known.is_empty() && !known.failed()) {
    const BinOp* b = chain_.back();
    Ref right = fold(b->right);
    if (right.is_empty() || right.failed()) break;
    Ref value = fold_binary(b->op, known, right);
    if (value.is_empty()) break;
    known = std::move(value);
    chain_.pop();
    leftmost = b;
  }
  u16 scratch = temp ? dest : chain_.size() - chain > 1 ? alloc() : kNoReg;
  if (leftmost->kind == Kind::kBinOp) {
    At at(*this, leftmost);
    left = {scratch != kNoReg ? scratch : alloc(), true};
    load_const(left.reg, known);
  } else {
    left = operand_before(leftmost, chain_.back()->right, scratch);
  }
  while (chain_.size() > chain) {
    const BinOp* b = chain_.pop();
    u16 to = chain_.size() == chain ? dest : scratch;
    At at(*this, b);
    arithmetic(binary_opcode(b->op), to, left, b->right, 0);
    left = {to, true};
  }
  u_->top = mark;
}

void Codegen::unary(const UnaryOp* e, u16 dest) {
  Ref folded = fold(e);
  check(folded);
  if (failed()) return;
  if (!folded.is_empty()) return load_const(dest, folded);
  Op op = e->op == UnaryOperator::kNot    ? Op::NOT
          : e->op == UnaryOperator::kUSub ? Op::NEGATIVE
          : e->op == UnaryOperator::kUAdd ? Op::POSITIVE
                                          : Op::INVERT;
  u16 mark = u_->top;
  emit_dest_source(op, dest, operand(e->operand, u_->is_temp(dest) ? dest : kNoReg));
  u_->top = mark;
}

void Codegen::named(const NamedExpr* e, u16 dest) {
  std::string_view text = as<Name>(e->target)->id;
  if (forbidden_name(text, pos_of(e->target))) return;
  u16 reg = local_register(e->target);
  if (reg != kNoReg) {
    into(e->value, reg);
    mark_bound(reg);
    return move(dest, {reg, false});
  }
  u16 mark = u_->top;
  u16 t = u_->is_temp(dest) ? dest : alloc();
  into(e->value, t);
  {
    At at(*this, e->target);
    store_text(text, {t, false});
  }
  if (t != dest) move(dest, {t, true});
  u_->top = mark;
}

void Codegen::attribute(const Attribute* e, u16 dest) {
  u16 mark = u_->top;
  if (super_parts(e)) {
    u16 parts = load_super_parts(as<Call>(e->value), alloc(3));
    at_attribute_name(e);
    emit_name(Op::LOAD_SUPER_ATTR, dest, parts, mangle(e->attr), as<Call>(e->value)->args.size == 0 ? kBareSuper : 0);
  } else {
    Operand o = operand(e->value, u_->is_temp(dest) ? dest : kNoReg);
    at_attribute_name(e);
    emit_name(Op::LOAD_ATTR, dest, o.reg, mangle(e->attr), o.temp ? kConsumeB : 0);
  }
  u_->top = mark;
}

Operand Codegen::index_operand(const Expr* e) {
  if (e->kind == Kind::kSlice) {
    auto* s = as<ast::Slice>(e);
    Ref lower = s->lower ? fold(s->lower) : Ref::none();
    Ref upper = s->upper ? fold(s->upper) : Ref::none();
    Ref step = s->step ? fold(s->step) : Ref::none();
    check(lower), check(upper), check(step);
    if (!failed() && !lower.is_empty() && !upper.is_empty() && !step.is_empty()) {
      Ref slice = slice_new(thread_, lower, upper, step);
      check(slice);
      u16 t = alloc();
      At at(*this, e);
      if (!failed()) load_const(t, slice);
      return {t, true};
    }
  }
  return operand(e);
}

void Codegen::subscript(const Subscript* e, u16 dest) {
  check_subscriptable(e->value);
  check_index(e->value, e->slice);
  u16 mark = u_->top;
  Operand o = operand_before(e->value, e->slice, u_->is_temp(dest) ? dest : kNoReg);
  Operand index = index_operand(e->slice);
  emit_binary(Op::GET_ITEM, dest, o, index);
  u_->top = mark;
}

// --- containers

void Codegen::sequence(Seq<Expr*> elements, SequenceKind kind, u16 dest) {
  u16 mark = u_->top;
  u32 n = elements.size;
  bool starred = false;
  for (const Expr* e : elements) starred |= e->kind == Kind::kStarred;
  Op build = kind == SequenceKind::kSet ? Op::BUILD_SET : Op::BUILD_LIST;
  if (!starred && n <= kMaxDisplay) {
    if (kind == SequenceKind::kList && n >= 4) {
      Ref folded = fold_sequence(elements);
      check(folded);
      if (!folded.is_empty() && !failed()) {
        u16 list = u_->is_temp(dest) ? dest : alloc();
        u16 t = alloc();
        emit(Op::BUILD_LIST, list, u_->top, 0);
        load_const(t, folded);
        emit(Op::LIST_EXTEND, list, t, 0, kConsumeB);
        if (list != dest) move(dest, {list, true});
        u_->top = mark;
        return;
      }
    }
    u16 first = u_->top;
    for (const Expr* e : elements) into_new(e);
    emit(kind == SequenceKind::kTuple ? Op::BUILD_TUPLE : build, dest, first, u16(n));
    u_->top = mark;
    return;
  }
  // Long, or with starred parts: build a list (or set) and add to it.
  u16 result = u_->is_temp(dest) && kind != SequenceKind::kTuple ? dest : alloc();
  u16 saved = u_->top;
  u32 i = 0;
  if (n <= kMaxDisplay)
    while (i < n && elements[i]->kind != Kind::kStarred) into_new(elements[i++]);
  emit(build, result, saved, u16(i));
  u_->top = saved;
  for (; i < n; i++) {
    const Expr* e = elements[i];
    if (e->kind == Kind::kStarred) {
      Operand o = operand(as<Starred>(e)->value);
      emit(kind == SequenceKind::kSet ? Op::SET_UPDATE : Op::LIST_EXTEND, result, o.reg, 0, o.temp ? kConsumeB : 0);
    } else {
      Operand o = operand(e);
      emit(kind == SequenceKind::kSet ? Op::SET_ADD : Op::LIST_APPEND, result, o.reg, 0, o.temp ? kConsumeB : 0);
    }
    u_->top = saved;
  }
  if (kind == SequenceKind::kTuple) {
    emit(Op::LIST_TO_TUPLE, dest, result, 0, kConsumeB);
  } else if (result != dest) {
    move(dest, {result, true});
  }
  u_->top = mark;
}

void Codegen::dict(const ast::Dict* e, u16 dest) {
  u16 mark = u_->top;
  u32 n = e->values.size;
  bool unpacks = false;
  for (const Expr* k : e->keys) unpacks |= k == nullptr;
  if (!unpacks && n <= kMaxDisplay / 2) {
    u16 first = u_->top;
    for (u32 i = 0; i < n; i++) {
      into_new(e->keys[i]);
      into_new(e->values[i]);
    }
    emit(Op::BUILD_MAP, dest, first, u16(n));
    u_->top = mark;
    return;
  }
  u16 result = u_->is_temp(dest) ? dest : alloc();
  u16 saved = u_->top;
  u32 i = 0;
  for (; n <= kMaxDisplay / 2 && i < n && e->keys[i] != nullptr; i++) {
    into_new(e->keys[i]);
    into_new(e->values[i]);
  }
  emit(Op::BUILD_MAP, result, saved, u16(i));
  u_->top = saved;
  for (; i < n; i++) {
    if (e->keys[i] == nullptr) {
      Operand o = operand(e->values[i]);
      emit(Op::DICT_UPDATE, result, o.reg, 0, o.temp ? kConsumeB : 0);
    } else {
      Operand key = operand_before(e->keys[i], e->values[i]);
      Operand value = operand(e->values[i]);
      emit_binary(Op::MAP_ADD, result, key, value);
    }
    u_->top = saved;
  }
  if (result != dest) move(dest, {result, true});
  u_->top = mark;
}

// --- strings

void Codegen::joined_str(Seq<Expr*> values, u16 dest) {
  u16 mark = u_->top;
  if (values.empty()) return load_const(dest, empty_str());
  if (values.size == 1) return into(values[0], dest);
  // Long ones in pieces: the first register collects what was joined so far.
  u16 first = u_->top;
  u32 pending = 0;
  for (u32 i = 0; i < values.size; i++) {
    into_new(values[i]);
    if (++pending == kMaxStrings && i + 1 < values.size) {
      emit(Op::BUILD_STRING, first, first, u16(pending));
      u_->top = u16(first + 1);
      pending = 1;
    }
  }
  emit(Op::BUILD_STRING, dest, first, u16(pending));
  u_->top = mark;
}

void Codegen::formatted_value(const FormattedValue* e, u16 dest) {
  u16 mark = u_->top;
  Operand o = operand_before(e->value, e->format_spec, u_->is_temp(dest) ? dest : kNoReg);
  if (e->conversion > 0) {
    u16 to = o.temp ? o.reg : u_->is_temp(dest) ? dest : alloc();
    u16 which = e->conversion == 's' ? 1 : e->conversion == 'r' ? 2 : 3;
    emit(Op::CONVERT, to, o.reg, which, o.temp ? kConsumeB : 0);
    o = {to, true};
  }
  if (e->format_spec == nullptr) {
    emit_dest_source(Op::FORMAT_SIMPLE, dest, o);
  } else {
    emit_binary(Op::FORMAT_SPEC, dest, o, operand(e->format_spec));
  }
  u_->top = mark;
}

void Codegen::interpolation(const Interpolation* e, u16 dest) {
  u16 mark = u_->top;
  u16 parts = alloc(3);
  u16 saved = u_->top;
  into(e->value, parts);
  u_->top = saved;
  Ref text = constant_value(e->str);
  check(text);
  if (failed()) return;
  load_const(u16(parts + 1), text);
  if (e->format_spec != nullptr) {
    into(e->format_spec, u16(parts + 2));
  } else {
    clear(u16(parts + 2));  // EMPTY means something here: no stale immediates
  }
  u16 which = e->conversion <= 0 ? 0 : e->conversion == 's' ? 1 : e->conversion == 'r' ? 2 : 3;
  emit(Op::BUILD_INTERPOLATION, dest, parts, which);
  u_->top = mark;
}

// t"..." : the constant parts (one more than the interpolations), then the interpolations.
void Codegen::template_str(const TemplateStr* e, u16 dest) {
  u16 mark = u_->top;
  u16 strings = alloc(), interpolations = alloc();
  u16 saved = u_->top;
  RootedVector texts(thread_);
  bool expect_text = true;
  Vec<Expr*> parts;
  for (Expr* v : e->values) {
    if (v->kind == Kind::kConstant) {
      Ref text = constant_value(as<Constant>(v)->value);
      check(text);
      if (failed()) return;
      texts.push(std::move(text));
      expect_text = false;
    } else {
      if (expect_text) texts.push_copy(empty_str());
      expect_text = true;
      parts.push(v);
    }
  }
  if (expect_text) texts.push_copy(empty_str());
  Ref tuple = tuple_from(thread_, texts.data(), texts.size());
  check(tuple);
  if (failed()) return;
  load_const(strings, tuple);
  sequence({parts.data(), parts.size()}, SequenceKind::kTuple, interpolations);
  u_->top = saved;
  emit_binary(Op::BUILD_TEMPLATE, dest, {strings, true}, {interpolations, true});
  u_->top = mark;
}

// --- yield and await

void Codegen::yield(const Yield* e, u16 dest) {
  if (!u_->in_function()) return error(e, "'yield' outside function");
  u16 mark = u_->top;
  Operand o;
  if (e->value != nullptr) {
    o = operand(e->value);
  } else {
    o = {alloc(), true};
    load_const(o.reg, None);
  }
  bool wrap = u_->flags & code_flag::kAsyncGenerator;
  emit(Op::YIELD, dest, o.reg, 0, u8((o.temp ? kConsumeB : 0) | (wrap ? kInPlace : 0)));
  u_->top = mark;
}

void Codegen::yield_from(const YieldFrom* e, u16 dest) {
  if (!u_->in_function()) return error(e, "'yield from' outside function");
  if (u_->scope->is_async_function) return error(e, "'yield from' inside async function");
  u16 mark = u_->top;
  u16 iterator = alloc(), sent = alloc();
  emit_dest_source(Op::GET_YIELD_FROM_ITER, iterator, operand(e->value));
  load_const(sent, None);
  emit(Op::YIELD_FROM, dest, iterator, sent);
  u_->top = mark;
}

// Awaits the object in `temp` (consumed).
void Codegen::await_temp(u16 temp, u16 dest, u16 which) {
  u16 mark = u_->top;
  u16 awaitable = alloc(), sent = alloc();
  emit(Op::GET_AWAITABLE, awaitable, temp, which, kConsumeB);
  load_const(sent, None);
  emit(Op::YIELD_FROM, dest, awaitable, sent);
  u_->top = mark;
}

void Codegen::await(const Await* e, u16 dest) {
  u16 mark = u_->top;
  u16 awaitable = alloc(), sent = alloc();
  Operand o = operand(e->value);
  emit(Op::GET_AWAITABLE, awaitable, o.reg, 0, o.temp ? kConsumeB : 0);
  load_const(sent, None);
  emit(Op::YIELD_FROM, dest, awaitable, sent);
  u_->top = mark;
}

// --- warnings about suspicious code

void Codegen::check_is_literal(const Compare* e) {
  bool any = false;
  for (CompareOperator op : e->ops) any |= op == CompareOperator::kIs || op == CompareOperator::kIsNot;
  if (!any) return;
  auto literal = [this](const Expr* v) -> const char* {
    if (v->kind == Kind::kTuple) {
      // Written with nothing but constants, -1 and tuples being none.
      const auto* tuple = as<ast::Tuple>(v);
      for (u32 i = 0; i < tuple->elts.size; i++)
        if (tuple->elts[i]->kind != Kind::kConstant) return nullptr;
      Ref folded = fold(v);
      check(folded);
      return folded.is_empty() ? nullptr : "tuple";
    }
    if (v->kind != Kind::kConstant) return nullptr;
    using Type = ConstantValue::Type;
    switch (as<Constant>(v)->value.type) {
      case Type::kNone:
      case Type::kTrue:
      case Type::kFalse:
      case Type::kEllipsis: return nullptr;
      default: return constant_type_name(as<Constant>(v)->value);
    }
  };
  const char* left = literal(e->left);
  for (u32 i = 0; i < e->ops.size; i++) {
    const char* right = literal(e->comparators[i]);
    if (e->ops[i] == CompareOperator::kIs || e->ops[i] == CompareOperator::kIsNot) {
      const char* what = left ? left : right;
      if (what != nullptr) {
        bool is = e->ops[i] == CompareOperator::kIs;
        return warn(e, "\"%s\" with '%s' literal. Did you mean \"%s\"?", is ? "is" : "is not", what, is ? "==" : "!=");
      }
    }
    left = right;
  }
}

void Codegen::check_callable(const Expr* e) {
  switch (e->kind) {
    case Kind::kConstant:
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kListComp:
    case Kind::kDict:
    case Kind::kDictComp:
    case Kind::kSet:
    case Kind::kSetComp:
    case Kind::kGeneratorExp:
    case Kind::kJoinedStr:
    case Kind::kTemplateStr:
    case Kind::kFormattedValue:
    case Kind::kInterpolation:
      warn(e, "'%s' object is not callable; perhaps you missed a comma?", inferred_type_name(e));
      return;
    default: return;
  }
}

void Codegen::check_subscriptable(const Expr* e) {
  switch (e->kind) {
    case Kind::kConstant: {
      using Type = ConstantValue::Type;
      switch (as<Constant>(e)->value.type) {
        case Type::kNone:
        case Type::kEllipsis:
        case Type::kInt:
        case Type::kBigInt:
        case Type::kFloat:
        case Type::kComplex:
        case Type::kTrue:
        case Type::kFalse:
        case Type::kFrozenSet: break;
        default: return;
      }
      break;
    }
    case Kind::kSet:
    case Kind::kSetComp:
    case Kind::kGeneratorExp:
    case Kind::kTemplateStr:
    case Kind::kInterpolation:
    case Kind::kLambda: break;
    default: return;
  }
  warn(e, "'%s' object is not subscriptable; perhaps you missed a comma?", inferred_type_name(e));
}

void Codegen::check_index(const Expr* e, const Expr* index) {
  const char* index_type = inferred_type_name(index);
  if (index_type == nullptr || strcmp(index_type, "int") == 0 || strcmp(index_type, "bool") == 0) return;
  switch (e->kind) {
    case Kind::kConstant: {
      using Type = ConstantValue::Type;
      Type type = as<Constant>(e)->value.type;
      if (type != Type::kStr && type != Type::kBytes && type != Type::kTuple) return;
      break;
    }
    case Kind::kTuple:
    case Kind::kList:
    case Kind::kListComp:
    case Kind::kJoinedStr:
    case Kind::kFormattedValue: break;
    default: return;
  }
  warn(e, "%s indices must be integers or slices, not %s; perhaps you missed a comma?", inferred_type_name(e),
       index_type);
}

}  // namespace typhon::compiler
