// Variants of instructions: which a code gets, and what each is a variant of (bytecode/ops.def).
#include "bytecode/code_object.h"

#include <bit>

namespace typhon {
namespace {

struct Body {
  Instr* instructions;
  u32 unit_count;
  const Value* constants;
  u32 constant_count, local_count;
  bool in_heap;  // the frames are generators'
};

// The constants of loops (compiler/hoist.cpp): registers right behind the variables that nothing but a LOAD_CONST of the same immediate
// writes, and nothing consumes.
class LoopConstants {
 public:
  // What register `i` holds wherever it is read; EMPTY when it is none of them.
  Value at(const Body& c, u32 i) {
    if (i < c.local_count || i >= c.local_count + kMost) return EMPTY;
    if (!known_) find(c);
    return i < end_ ? values_[i - c.local_count] : EMPTY;
  }

 private:
  static constexpr u32 kMost = 24;
  void find(const Body& c) {
    known_ = true;
    end_ = c.local_count + kMost;
    for (u32 i = 0; i < c.unit_count; i += op_units(Op(c.instructions[i].op))) {
      const Instr& in = c.instructions[i];
      const u16 registers[] = {in.a, in.b, in.c};
      const char* letters = op_operands(Op(in.op));
      for (u32 k = 0; k < 3 && letters[k] != 0 && letters[k] != 'J' && letters[k] != 'K'; k++) {
        u32 reg = registers[k];
        if ((letters[k] != 'D' && letters[k] != 'S' && letters[k] != 'L' && letters[k] != 'R') || reg < c.local_count || reg >= end_) continue;
        if (letters[k] == 'S' && !(in.x >> k & 1)) continue;
        Value& value = values_[reg - c.local_count];
        bool loads = letters[k] == 'D' && base_op(Op(in.op)) == Op::LOAD_CONST && in.constant() < c.constant_count &&
                     !c.constants[in.constant()].is_object() &&
                     (value.is_empty() || value.same_word(c.constants[in.constant()]));
        if (loads)
          value = c.constants[in.constant()];
        else
          end_ = reg;
      }
    }
  }

  Value values_[kMost] = {};
  u32 end_ = 0;
  bool known_ = false;
};
// Whether it is an index for the second unit of GET_ITEM_AT and SET_ITEM_AT.
bool is_plain_index(Value v) { return v.is_small_int() && v.as_small_int() >= 0; }

// Whether the constant is an index that goes into the x of its LOAD_CONST.
bool fits_index(Value v) { return v.is_small_int() && i8(v.as_small_int()) == v.as_small_int(); }
// Whether a constant index and an item of the attribute follow: `x.a[0]`. `at`: of the LOAD_CONST.
bool makes_constant_item(const Body& c, const Instr& load, u32 at) {
  const Instr &constant = c.instructions[at], &item = c.instructions[at + 1];
  return at + 1 < c.unit_count && constant.a >= c.local_count && constant.constant() < c.constant_count &&
         fits_index(c.constants[constant.constant()]) && Op(item.op) == Op::GET_ITEM && item.b == load.a && (item.x & kConsumeB) &&
         item.c == constant.a && (item.x & kConsumeC);
}
// ... and what happens to the item.
Op constant_item_variant(const Body& c, const Instr& load, u32 at) {
  if (!makes_constant_item(c, load, at)) return Op::LOAD_ATTR_TEMP;
  if (at + 3 >= c.unit_count) return Op::LOAD_ATTR_INDEX;
  const Instr &item = c.instructions[at + 1], &use = c.instructions[at + 3];
  if (Op(use.op) == Op::LOAD_ATTR && use.b == item.a && (use.x & kConsumeB)) return Op::LOAD_ATTR_INDEX_ATTR;
  if (Op(use.op) == Op::STORE_ATTR && use.a == item.a && (use.x & kConsumeA)) return Op::LOAD_ATTR_INDEX_STORE;
  return Op::LOAD_ATTR_INDEX;
}

// What an instruction makes with ADD, SUB or MUL behind it, when its result is the left or the right operand of that.
struct OperatorPairs {
  Op left[3], right[3];
};
constexpr OperatorPairs kAddPairs = {
    {Op::ADD_ADD, Op::ADD_SUB, Op::ADD_MUL}, {Op::ADD_THEN_ADD, Op::ADD_THEN_SUB, Op::ADD_THEN_MUL}};
constexpr OperatorPairs kSubPairs = {
    {Op::SUB_ADD, Op::SUB_SUB, Op::SUB_MUL}, {Op::SUB_THEN_ADD, Op::SUB_THEN_SUB, Op::SUB_THEN_MUL}};
constexpr OperatorPairs kMulPairs = {
    {Op::MUL_ADD, Op::MUL_SUB, Op::MUL_MUL}, {Op::MUL_THEN_ADD, Op::MUL_THEN_SUB, Op::MUL_THEN_MUL}};
constexpr OperatorPairs kGetItemPairs = {
    {Op::GET_ITEM_ADD, Op::GET_ITEM_SUB, Op::GET_ITEM_MUL}, {Op::GET_ITEM_THEN_ADD, Op::GET_ITEM_THEN_SUB, Op::GET_ITEM_THEN_MUL}};

Op operator_variant(const Instr& in, const Instr& next, const OperatorPairs& pairs, Op otherwise) {
  int operation = Op(next.op) == Op::ADD ? 0 : Op(next.op) == Op::SUB ? 1 : Op(next.op) == Op::MUL ? 2 : -1;
  if (operation < 0) return otherwise;
  bool left = next.b == in.a && (next.x & kConsumeB), right = next.c == in.a && (next.x & kConsumeC);
  if (left == right) return otherwise;
  return left ? pairs.left[operation] : pairs.right[operation];
}

// The same of two operators, at `at`.
Op two_operators(const Body& c, u32 at) {
  const Instr& in = c.instructions[at];
  Op op = Op(in.op);
  if (at + 1 >= c.unit_count || in.a < c.local_count) return op;
  const Instr& next = c.instructions[at + 1];
  switch (op) {
    case Op::ADD: return operator_variant(in, next, kAddPairs, op);
    case Op::SUB: return operator_variant(in, next, kSubPairs, op);
    case Op::MUL: return operator_variant(in, next, kMulPairs, op);
    default: return op;
  }
}

// An item and an operator: unless the operator makes a pair with the next one, which saves more.
Op item_variant(const Body& c, u32 at) {
  const Instr &in = c.instructions[at], &next = c.instructions[at + 2];
  return two_operators(c, at + 2) == Op(next.op) ? operator_variant(in, next, kGetItemPairs, Op::GET_ITEM_TEMP) : Op::GET_ITEM_TEMP;
}

// What LOAD_ATTR and the instruction behind it (at `behind`) make together, when the attribute goes to a temporary.
Op attribute_variant(const Body& c, const Instr& load, u32 behind) {
  const Instr& next = c.instructions[behind];
  bool same = next.b == load.a && (next.x & kConsumeB), tested = next.a == load.a && (next.x & kConsumeA);
  switch (Op(next.op)) {
    case Op::LOAD_ATTR: return same ? Op::LOAD_ATTR_ATTR : Op::LOAD_ATTR_TEMP;
    case Op::GET_ITEM: return same && next.c != load.a ? Op::LOAD_ATTR_ITEM : Op::LOAD_ATTR_TEMP;
    case Op::LOAD_CONST: return constant_item_variant(c, load, behind);
    case Op::LOAD_METHOD: return next.a + 1 == load.a ? Op::LOAD_ATTR_METHOD : Op::LOAD_ATTR_TEMP;
    case Op::JUMP_IF_TRUE:
    case Op::JUMP_IF_FALSE: return tested ? Op::LOAD_ATTR_TRUTH : Op::LOAD_ATTR_TEMP;
    case Op::NOT: return same ? Op::LOAD_ATTR_NOT : Op::LOAD_ATTR_TEMP;
    case Op::JUMP_IF_NONE:
    case Op::JUMP_IF_NOT_NONE: return tested ? Op::LOAD_ATTR_NONE : Op::LOAD_ATTR_TEMP;
    default: return Op::LOAD_ATTR_TEMP;
  }
}

// A test whose result the jump behind it consumes.
Op test_variant(const Instr& in, const Instr& next, Op base, Op variant) {
  bool jumps = (Op(next.op) == Op::JUMP_IF_TRUE || Op(next.op) == Op::JUMP_IF_FALSE) && next.a == in.a && (next.x & kConsumeA);
  return jumps ? variant : base;
}

// A constant that is no object, loaded to a temporary by the instruction at `at`.
Op immediate_variant(const Body& c, const Instr& in, const Instr& next) {
  if (Op(next.op) == Op::RETURN && next.a == in.a) return c.constants[in.constant()].is_none() ? Op::RETURN_NONE : Op::RETURN_IMMEDIATE;
  bool floor_div = Op(next.op) == Op::FLOOR_DIV, mod = Op(next.op) == Op::MOD;
  Value value = c.constants[in.constant()];
  if (!(floor_div || mod) || next.c != in.a || next.b == in.a || !(next.x & kConsumeC) || !value.is_small_int() ||
      value.as_small_int() <= 0 || !std::has_single_bit(u64(value.as_small_int())))
    return Op::LOAD_IMMEDIATE;
  return floor_div ? Op::LOAD_POWER_FLOOR_DIV : Op::LOAD_POWER_MOD;
}
// A constant object, loaded to a temporary by the instruction at `at`.
Op object_variant(const Body& c, u32 at) {
  const Instr &in = c.instructions[at], &next = c.instructions[at + 1];
  if (next.b != in.a || next.a == in.a || !(next.x & kConsumeB)) return Op::LOAD_OBJECT;
  switch (Op(next.op)) {
    case Op::JUMP_IF_EQ:
    case Op::JUMP_UNLESS_NE: return Op::LOAD_OBJECT_EQ;
    case Op::JUMP_IF_NE:
    case Op::JUMP_UNLESS_EQ: return Op::LOAD_OBJECT_NE;
    default: return Op::LOAD_OBJECT;
  }
}
// The same of a global.
Op global_variant(const Body& c, u32 at) {
  u32 next = at + op_units(Op::LOAD_GLOBAL);
  if (next + 1 >= c.unit_count) return Op::LOAD_GLOBAL_TEMP;
  const Instr &in = c.instructions[at], &test = c.instructions[next], &jump = c.instructions[next + 1];
  if (Op(test.op) == Op::LOAD_ATTR && test.b == in.a && (test.x & kConsumeB)) return Op::LOAD_GLOBAL_ATTR;
  if (Op(test.op) == Op::LOAD_METHOD && test.a + 1 == in.a) return Op::LOAD_GLOBAL_METHOD;
  bool is = Op(test.op) == Op::IS, is_not = Op(test.op) == Op::IS_NOT;
  if (!(is || is_not) || test.c != in.a || test.b == in.a || !(test.x & kConsumeC) || test.a < c.local_count ||
      test_variant(test, jump, Op::NOP, Op::IS_JUMP) == Op::NOP)
    return Op::LOAD_GLOBAL_TEMP;
  return is == (Op(jump.op) == Op::JUMP_IF_TRUE) ? Op::LOAD_GLOBAL_IS : Op::LOAD_GLOBAL_IS_NOT;
}

// Whether the result of a call, or what a YIELD gets sent, is dropped at once, as in a statement of its own.
bool drops_result(const Body& c, const Instr& in, const Instr& next) {
  return Op(next.op) == Op::CLEAR && next.a == in.a && in.a >= c.local_count;
}

// Whether the MOVE at `at`, of a variable to a temporary, makes an argument (or self) of a call which is all that reads it, and nothing
// writes the variable or suspends the frame before that call. Then the frame holds what the argument refers to until the call ends.
bool is_argument(const Body& c, u32 at) {
  constexpr u32 kFarthest = 256;
  u32 variable = c.instructions[at].b, argument = c.instructions[at].a, last = at;
  for (u32 i = at + 1; i < c.unit_count && i < at + kFarthest; i += op_units(Op(c.instructions[i].op))) {
    const Instr& in = c.instructions[i];
    Op op = Op(in.op);
    bool method = op == Op::CALL_METHOD;
    if ((op == Op::CALL || method) && argument > in.b && argument <= in.b + in.c + (method ? 1u : 0u)) return last <= i;
    if (op == Op::YIELD || op == Op::YIELD_FROM) return false;
    if (op == Op::LOAD_METHOD && in.a + 1u == argument) continue;  // reads it, and leaves it or nothing
    const u16 registers[] = {in.a, in.b, in.c};
    const char* letters = op_operands(op);
    for (u32 k = 0; letters[k] != 0 && k < 3; k++) {
      if (letters[k] == 'J') {
        i32 jump = in.jump();
        if (letters[k + 1] == 'c') jump = i16(in.c);
        if (letters[k + 1] == 'u') jump = i32(u32(unit(&c.instructions[i + 1])));
        u32 to = u32(i32(i) + jump);
        if (to <= at) return false;
        if (to > last) last = to;
        break;
      }
      if (letters[k] == 'K') break;
      u32 first = registers[k];
      if (letters[k] == 'D' && (first == variable || first == argument)) return false;
      if ((letters[k] == 'S' || letters[k] == 'L') && first == argument) return false;
      if (letters[k] == 'R' && first <= (variable > argument ? variable : argument)) return false;
    }
  }
  return false;
}

// That MOVE.
Op argument_variant(const Body& c, u32 at) {
  const Instr &in = c.instructions[at], &load = c.instructions[at + 1];
  if (Op(load.op) != Op::LOAD_METHOD || load.a + 1 != in.a) return Op::MOVE_BORROWED;
  const Instr& call = c.instructions[at + 3];
  bool calls = at + 3 < c.unit_count && Op(call.op) == Op::CALL_METHOD && call.b == load.a && call.c == 0;
  return calls && !c.in_heap ? Op::MOVE_METHOD_CALL : Op::MOVE_METHOD_BORROWED;
}

// `next`: the instruction behind it, a base.
Op variant_of(const Body& c, u32 at, const Instr& next) {
  const Instr& in = c.instructions[at];
  Op op = Op(in.op);
  bool temporary = in.a >= c.local_count;
  switch (op) {
    case Op::MOVE:
      if (!temporary || (in.x & kConsumeB)) return op;
      if (in.b < c.local_count && is_argument(c, at)) return argument_variant(c, at);
      return Op(next.op) == Op::LOAD_METHOD && next.a + 1 == in.a ? Op::MOVE_METHOD : Op::MOVE_TEMP;
    case Op::LOAD_CONST:
      if (!temporary || in.constant() >= c.constant_count) return op;
      if (c.constants[in.constant()].is_object()) return object_variant(c, at);
      return immediate_variant(c, in, next);
    case Op::LOAD_GLOBAL: return temporary ? global_variant(c, at) : op;
    case Op::IS: return temporary ? test_variant(in, next, op, Op::IS_JUMP) : op;
    case Op::IS_NOT: return temporary ? test_variant(in, next, op, Op::IS_NOT_JUMP) : op;
    case Op::IN: return temporary ? test_variant(in, next, op, Op::IN_JUMP) : op;
    case Op::NOT_IN: return temporary ? test_variant(in, next, op, Op::NOT_IN_JUMP) : op;
    case Op::LOAD_ATTR: return temporary && !(in.x & kConsumeB) ? attribute_variant(c, in, at + 2) : op;
    case Op::GET_ITEM: return temporary && !(in.x & kConsumeB) ? item_variant(c, at) : op;
    case Op::BUILD_SLICE:
      if (Op(next.op) == Op::GET_ITEM && next.c == in.a && next.b != in.a && (next.x & kConsumeC)) return Op::BUILD_SLICE_GET;
      return Op(next.op) == Op::SET_ITEM && next.b == in.a && (next.x & kConsumeB) ? Op::BUILD_SLICE_SET : op;
    case Op::ADD:
    case Op::SUB:
    case Op::MUL: return two_operators(c, at);
    case Op::JUMP_BACK: {
      u32 target = u32(i32(at) + in.jump());
      return target < c.unit_count && Op(c.instructions[target].op) == Op::FOR_ITER ? Op::JUMP_BACK_FOR : op;
    }
    default: return op;
  }
}

bool delegates(const Body& c, u32 at) {
  if (at + 2 >= c.unit_count) return false;
  const Instr &get = c.instructions[at], &load = c.instructions[at + 1], &from = c.instructions[at + 2];
  return Op(load.op) == Op::LOAD_CONST && load.a >= c.local_count && load.constant() < c.constant_count &&
         c.constants[load.constant()].is_none() && Op(from.op) == Op::YIELD_FROM && from.b == get.a && from.c == load.a;
}
// The marks of a pair: of its first operator, and of the other operand of the second one.
u8 pair_marks(const Instr& last, const Instr* in, bool right) {
  u16 other = right ? in[1].b : in[1].c;
  return u8((in->b == last.a ? kLastIsB : 0) | (in->c == last.a ? kLastIsC : 0) | (other == last.a ? kLastIsOther : 0));
}
// The marks of the instruction `in`, a variant, behind `last`, for what that leaves in a register.
u8 last_marks(const Instr& last, const Instr* in) {
  if (op_operands(Op(last.op))[0] != 'D') return 0;
  switch (Op(in->op)) {
    case Op::ADD:
    case Op::SUB:
    case Op::MUL:
    case Op::TRUE_DIV:
    case Op::POW: return u8((in->b == last.a ? kLastIsB : 0) | (in->c == last.a ? kLastIsC : 0));
    case Op::ADD_INT:
    case Op::SUB_INT:
    case Op::MOVE_METHOD_BORROWED:
    case Op::MOVE_METHOD_CALL: return in->b == last.a ? kLastIsB : 0;
    case Op::ADD_ADD:
    case Op::ADD_SUB:
    case Op::ADD_MUL:
    case Op::SUB_ADD:
    case Op::SUB_SUB:
    case Op::SUB_MUL:
    case Op::MUL_ADD:
    case Op::MUL_SUB:
    case Op::MUL_MUL: return pair_marks(last, in, false);
    case Op::ADD_THEN_ADD:
    case Op::ADD_THEN_SUB:
    case Op::ADD_THEN_MUL:
    case Op::SUB_THEN_ADD:
    case Op::SUB_THEN_SUB:
    case Op::SUB_THEN_MUL:
    case Op::MUL_THEN_ADD:
    case Op::MUL_THEN_SUB:
    case Op::MUL_THEN_MUL: return pair_marks(last, in, true);
    case Op::LOAD_POWER_FLOOR_DIV:
    case Op::LOAD_POWER_MOD: return in[1].b == last.a ? kLastIsB : 0;
    case Op::RETURN: return in->a == last.a ? kLastIsB : 0;
    default: return 0;
  }
}

}  // namespace

void choose_variants(const Code* c, Instr* instructions, u32 unit_count, const Value* constants, u32 constant_count) {
  if (c->flags & (code_flag::kModule | code_flag::kClassBody)) return;  // run once; register 0 is no variable there
  Body body{instructions, unit_count, constants, constant_count, c->local_count, (c->flags & code_flag::kAnyGenerator) != 0};
  const Instr* last = nullptr;
  LoopConstants loop_constants;
  for (u32 at = 0; at < unit_count;) {
    u32 next = at + op_units(Op(instructions[at].op));
    if (next >= unit_count) {  // nothing to make a pair with
      if (last != nullptr) instructions[at].x |= last_marks(*last, &instructions[at]);
      return;
    }
    instructions[at].op = u8(variant_of(body, at, instructions[next]));
    switch (Op(instructions[at].op)) {
      case Op::YIELD:
        if (drops_result(body, instructions[at], instructions[next])) instructions[at].x |= kDropsSent;
        break;
      case Op::CALL:
      case Op::CALL_METHOD:
        if (drops_result(body, instructions[at], instructions[next])) instructions[at].x |= kDiscards;
        break;
      case Op::GET_ITEM_TEMP:
        if (Value index = loop_constants.at(body, instructions[at].c); is_plain_index(index)) {
          instructions[at].op = u8(Op::GET_ITEM_AT);
          unit(&instructions[at + 1]) = u64(index.as_small_int());
        }
        break;
      case Op::SET_ITEM:
        if (Value index = loop_constants.at(body, instructions[at].b); is_plain_index(index) && !(instructions[at].x & kConsumeA)) {
          instructions[at].op = u8(Op::SET_ITEM_AT);
          unit(&instructions[at + 1]) = u64(index.as_small_int());
        }
        break;
      case Op::GET_YIELD_FROM_ITER:
        if (delegates(body, at)) instructions[at].x |= kDelegates;
        break;
      case Op::LOAD_ATTR_NOT: {
        const Instr& jump = instructions[next + 1];
        if (next + 1 < unit_count && (Op(jump.op) == Op::JUMP_IF_TRUE || Op(jump.op) == Op::JUMP_IF_FALSE) && jump.a == instructions[next].a)
          instructions[next].x |= kJumpFollows;
        break;
      }
      case Op::LOAD_ATTR_INDEX:
      case Op::LOAD_ATTR_INDEX_ATTR:
      case Op::LOAD_ATTR_INDEX_STORE:
        instructions[next].x = u8(constants[instructions[next].constant()].as_small_int());
        break;
      default: break;
    }
    if (last != nullptr) instructions[at].x |= last_marks(*last, &instructions[at]);
    last = &instructions[at];
    at = next;
  }
}

Op base_op(Op op) {
  switch (op) {
    case Op::MOVE_TEMP:
    case Op::MOVE_BORROWED:
    case Op::MOVE_METHOD:
    case Op::MOVE_METHOD_BORROWED:
    case Op::MOVE_METHOD_CALL: return Op::MOVE;
    case Op::LOAD_IMMEDIATE:
    case Op::LOAD_POWER_FLOOR_DIV:
    case Op::LOAD_POWER_MOD:
    case Op::RETURN_IMMEDIATE:
    case Op::RETURN_NONE:
    case Op::LOAD_OBJECT:
    case Op::LOAD_OBJECT_EQ:
    case Op::LOAD_OBJECT_NE: return Op::LOAD_CONST;
    case Op::LOAD_GLOBAL_TEMP:
    case Op::LOAD_GLOBAL_IS:
    case Op::LOAD_GLOBAL_IS_NOT:
    case Op::LOAD_GLOBAL_ATTR:
    case Op::LOAD_GLOBAL_METHOD: return Op::LOAD_GLOBAL;
    case Op::CALL_NATIVE:
    case Op::CALL_LEN:
    case Op::CALL_ISINSTANCE:
    case Op::CALL_APPEND:
    case Op::CALL_TYPE:
    case Op::CALL_CLASS:
    case Op::CALL_CLASS_NEW:
    case Op::CALL_BOUND: return Op::CALL;
    case Op::CALL_METHOD_NATIVE:
    case Op::CALL_METHOD_APPEND:
    case Op::CALL_METHOD_GET:
    case Op::CALL_METHOD_UNBOUND:
    case Op::CALL_METHOD_UNBOUND_NATIVE: return Op::CALL_METHOD;
    case Op::IS_JUMP: return Op::IS;
    case Op::IS_NOT_JUMP: return Op::IS_NOT;
    case Op::IN_JUMP: return Op::IN;
    case Op::NOT_IN_JUMP: return Op::NOT_IN;
    case Op::LOAD_ATTR_TEMP:
    case Op::LOAD_ATTR_ATTR:
    case Op::LOAD_ATTR_ITEM:
    case Op::LOAD_ATTR_INDEX:
    case Op::LOAD_ATTR_INDEX_ATTR:
    case Op::LOAD_ATTR_INDEX_STORE:
    case Op::LOAD_ATTR_METHOD:
    case Op::LOAD_ATTR_TRUTH:
    case Op::LOAD_ATTR_NOT:
    case Op::LOAD_ATTR_NONE: return Op::LOAD_ATTR;
    case Op::STORE_ATTR_NEW: return Op::STORE_ATTR;
    case Op::BUILD_SLICE_GET:
    case Op::BUILD_SLICE_SET: return Op::BUILD_SLICE;
    case Op::SET_ITEM_AT: return Op::SET_ITEM;
    case Op::GET_ITEM_TEMP:
    case Op::GET_ITEM_AT:
    case Op::GET_ITEM_ADD:
    case Op::GET_ITEM_SUB:
    case Op::GET_ITEM_MUL:
    case Op::GET_ITEM_THEN_ADD:
    case Op::GET_ITEM_THEN_SUB:
    case Op::GET_ITEM_THEN_MUL: return Op::GET_ITEM;
    case Op::ADD_ADD:
    case Op::ADD_SUB:
    case Op::ADD_MUL:
    case Op::ADD_THEN_ADD:
    case Op::ADD_THEN_SUB:
    case Op::ADD_THEN_MUL: return Op::ADD;
    case Op::SUB_ADD:
    case Op::SUB_SUB:
    case Op::SUB_MUL:
    case Op::SUB_THEN_ADD:
    case Op::SUB_THEN_SUB:
    case Op::SUB_THEN_MUL: return Op::SUB;
    case Op::MUL_ADD:
    case Op::MUL_SUB:
    case Op::MUL_MUL:
    case Op::MUL_THEN_ADD:
    case Op::MUL_THEN_SUB:
    case Op::MUL_THEN_MUL: return Op::MUL;
    case Op::JUMP_BACK_FOR:
    case Op::JUMP_BACK_LIST:
    case Op::JUMP_BACK_RANGE:
    case Op::JUMP_BACK_GENERATOR:
    case Op::JUMP_BACK_ENUMERATE: return Op::JUMP_BACK;
    default: return op;
  }
}

}  // namespace typhon
