#include "compiler/verify.h"

#include <cstdio>

#include "compiler/vec.h"

namespace typhon::compiler {
namespace {

constexpr u8 kUnits[] = {
#define OP(name, units, operands, effect) units,
#include "bytecode/ops.def"
#undef OP
};
constexpr const char* kOperands[] = {
#define OP(name, units, operands, effect) operands,
#include "bytecode/ops.def"
#undef OP
};
constexpr const char* kNames[] = {
#define OP(name, units, operands, effect) #name,
#include "bytecode/ops.def"
#undef OP
};

// What is known of a register.
enum State : u8 {
  kUnvisited,
  kEmpty,
  kImmediate,  // a value that needs no dropping
  kFull,
  kStale,     // EMPTY or an immediate that nobody will read
  kOptional,  // a value or EMPTY, both meant: the second half of what LOAD_METHOD leaves
  kMixed,     // a value on some paths
};

State merge(State a, State b) {
  if (a == kUnvisited) return b;
  if (b == kUnvisited || a == b) return a;
  if (a > b) return merge(b, a);
  if (a == kEmpty && (b == kImmediate || b == kStale)) return kStale;
  if (a == kImmediate && b == kFull) return kFull;
  if (a == kImmediate && b == kStale) return kStale;
  return kMixed;
}

class Verifier {
 public:
  Verifier(const Code* code, void (*report)(void*, u32, const char*), void* context)
      : code_(code), report_(report), context_(context) {}

  int run() {
    u32 units = code_->unit_count, width = code_->register_count;
    states_.resize(units * width);
    starts_.resize(units + 1);
    for (u32 at = 0; at < units; at += kUnits[code_->instructions[at].op]) starts_[at] = 1;
    now_.resize(width);
    for (u32 r = 0; r < width; r++) now_[r] = r < code_->parameter_count() ? kFull : kEmpty;
    if (code_->flags & (code_flag::kModule | code_flag::kClassBody)) now_[0] = kFull;
    flow(0, 0);
    while (!work_.empty()) {
      u32 at = work_.pop();
      for (u32 r = 0; r < width; r++) now_[r] = states_[at * width + r];
      step(at);
      if (problems_ > 20) break;
    }
    return problems_;
  }

 private:
  void problem(u32 at, const char* format, u32 reg) {
    char text[160];
    int n = snprintf(text, sizeof text, "%s: ", kNames[code_->instructions[at].op]);
    snprintf(text + n, sizeof text - size_t(n), format, reg);
    problems_++;
    report_(context_, at, text);
  }
  bool named(u32 r) const { return r < code_->local_count; }

  void flow(u32 from, u32 to) {
    if (to >= code_->unit_count || !starts_[to]) return problem(from, "jump to %u", to);
    u32 width = code_->register_count;
    bool changed = false, first = states_[to * width] == kUnvisited;
    for (u32 r = 0; r < width; r++) {
      State& s = states_[to * width + r];
      State merged = merge(s, now_[r]);
      changed |= merged != s;
      s = merged;
    }
    if (changed || first) work_.push(to);
  }

  void read(u32 at, u32 r, bool consume, bool optional = false) {
    if (r >= code_->register_count) return problem(at, "register r%u out of range", r);
    State s = now_[r];
    bool fine = s == kFull || s == kImmediate || (optional && (s == kOptional || s == kEmpty));
    if (!fine) problem(at, named(r) ? "variable r%u may be unbound" : "temporary r%u may be empty", r);
    if (consume) now_[r] = kEmpty;
  }
  void consume_range(u32 at, u32 first, u32 n) {
    for (u32 i = 0; i < n; i++) read(at, first + i, true);
  }
  void write(u32 at, u32 r, State s = kFull) {
    if (r >= code_->register_count) return problem(at, "register r%u out of range", r);
    State old = now_[r];
    if (!named(r) && (old == kFull || old == kOptional || old == kMixed)) problem(at, "temporary r%u overwritten", r);
    now_[r] = s;
  }

  void step(u32 at) {
    const Instr& i = code_->instructions[at];
    Op op = base_op(Op(i.op));
    u32 next = at + kUnits[i.op];
    u32 extra = u32(*reinterpret_cast<const u64*>(&code_->instructions[next - 1]));
    const ExceptionRow* row = nullptr;
    for (u32 k = 0; k < code_->exception_count && row == nullptr; k++) {
      const ExceptionRow& e = code_->exceptions[k];
      if (e.start <= at && at < e.end) row = &e;
    }
    Vec<State> before;
    if (row != nullptr) {
      for (State s : now_) before.push(s);
    }
    bool ca = i.x & kConsumeA, cb = i.x & kConsumeB, cc = i.x & kConsumeC;
    bool falls = true, to_target = false;
    u32 target = 0;
    switch (op) {
      case Op::MOVE: {
        State s = now_[i.b];
        if (s == kMixed || s == kStale || (s == kEmpty && named(i.b))) read(at, i.b, false);
        if (cb) now_[i.b] = kEmpty;
        write(at, i.a, s);
        break;
      }
      case Op::LOAD_CONST: {
        Value v = code_->constants[i.constant()];
        write(at, i.a, v.is_object() ? kFull : kImmediate);
        break;
      }
      case Op::CLEAR: now_[i.a] = kEmpty; break;
      case Op::CLEAR_RANGE:
        for (u32 k = 0; k < i.b; k++) now_[i.a + k] = kEmpty;
        break;
      case Op::CHECK_BOUND: now_[i.a] = kFull; break;
      case Op::DELETE_LOCAL: now_[i.a] = kEmpty; break;
      case Op::MAKE_CELL: now_[i.a] = kFull; break;
      case Op::COPY_FREE_VARS:
        for (u32 k = 0; k < i.b; k++) write(at, i.a + k);
        break;
      case Op::LOAD_METHOD:
      case Op::LOAD_SPECIAL:
        read(at, i.a + 1u, true);
        write(at, i.a);
        write(at, i.a + 1u, kOptional);
        break;
      case Op::LOAD_SUPER_ATTR:
        consume_range(at, i.b, 3);
        write(at, i.a);
        break;
      case Op::LOAD_SUPER_METHOD:
        consume_range(at, i.b, 3);
        write(at, i.a);
        write(at, i.a + 1u, kOptional);
        break;
      case Op::LOAD_NAME_OR_CELL:
        read(at, i.b + 1u, false);
        read(at, i.b, cb);
        write(at, i.a);
        break;
      case Op::BUILD_SLICE:
        for (u32 k = 0; k < 3; k++)
          if (!(i.c >> k & 1)) read(at, i.b + k, true);
        write(at, i.a);
        break;
      case Op::BUILD_TUPLE:
      case Op::BUILD_LIST:
      case Op::BUILD_SET:
      case Op::BUILD_STRING:
        consume_range(at, i.b, i.c);
        write(at, i.a);
        break;
      case Op::BUILD_MAP:
        consume_range(at, i.b, 2u * i.c);
        write(at, i.a);
        break;
      case Op::BUILD_INTERPOLATION:
        consume_range(at, i.b, 2);
        read(at, i.b + 2u, true, true);
        write(at, i.a);
        break;
      case Op::UNPACK_SEQUENCE:
        read(at, i.b, cb);
        for (u32 k = 0; k < i.c; k++) write(at, i.a + k);
        break;
      case Op::UNPACK_EX:
        read(at, i.b, cb);
        for (u32 k = 0; k < i.c + 1 + extra; k++) write(at, i.a + k);
        break;
      case Op::CALL:
      case Op::CALL_KW:
        consume_range(at, i.b, 1u + i.c);
        window(at, i.b);
        write(at, i.a);
        break;
      case Op::CALL_METHOD:
      case Op::CALL_METHOD_KW:
        read(at, i.b, true);
        read(at, i.b + 1u, true, true);
        consume_range(at, i.b + 2u, i.c);
        window(at, i.b);
        write(at, i.a);
        break;
      case Op::CALL_EX:
        consume_range(at, i.b, 2);
        read(at, i.b + 2u, true, true);
        window(at, i.b);
        write(at, i.a);
        break;
      case Op::EG_MATCH:
        read(at, i.b, false);
        read(at, i.c, cc);
        write(at, i.a);
        write(at, i.a + 1u);
        break;
      case Op::IMPORT_NAME:
        consume_range(at, i.b, 2);
        write(at, i.a);
        break;
      case Op::MATCH_CLASS:
        read(at, i.b, false);
        consume_range(at, i.c, 2);
        write(at, i.a);
        break;
      case Op::YIELD_FROM:
        read(at, i.b, true);
        read(at, i.c, true);
        write(at, i.a);
        break;
      case Op::FOR_ITER: {
        read(at, i.b, false);
        State kept = now_[i.b];
        now_[i.b] = kEmpty;
        flow(at, at + i32(extra));
        now_[i.b] = kept;
        write(at, i.a);
        break;
      }
      case Op::RAISE:
        read(at, i.a, ca);
        if (i.b != kNoRegister) read(at, i.b, cb);
        falls = false;
        break;
      case Op::RAISE_LAST:
      case Op::RERAISE:
      case Op::STOPITERATION_ERROR:
        if (op != Op::RAISE_LAST) read(at, i.a, ca);
        falls = false;
        break;
      case Op::RETURN:
        read(at, i.a, ca);
        for (u32 r = code_->local_count; r < code_->register_count; r++) {
          if (now_[r] == kFull || now_[r] == kMixed || now_[r] == kOptional) problem(at, "temporary r%u left over", r);
        }
        falls = false;
        break;
      default: generic(at, i, &falls, &to_target, &target); break;
    }
    if (row != nullptr && op != Op::CLEAR && op != Op::MOVE && op != Op::JUMP) {
      // Consumed operands may be gone or not when the instruction raises.
      Vec<State> after;
      for (State s : now_) after.push(s);
      for (u32 r = 0; r < now_.size(); r++) {
        now_[r] = r >= row->clear_from                                     ? kEmpty
                  : after[r] == kEmpty && before[r] != kEmpty && !named(r) ? merge(kEmpty, before[r])
                                                                           : before[r];
      }
      now_[row->exc_reg] = kFull;
      flow(at, row->handler);
      for (u32 r = 0; r < now_.size(); r++) now_[r] = after[r];
    }
    if (to_target) flow(at, target);
    if (falls) {
      if (next >= code_->unit_count) return problem(at, "runs off the end at %u", next);
      if (jump_state_reg_ != ~0u) now_[jump_state_reg_] = jump_state_;
      flow(at, next);
    }
    jump_state_reg_ = ~0u;
  }

  // The registers in front of the callable become the callee's frame header, where that is pushed behind the caller's.
  void window(u32 at, u32 f) {
    if (code_->flags & code_flag::kAnyGenerator) return;
    for (u32 k = 1; k <= 5; k++) {
      if (f < k + code_->local_count) return problem(at, "window at r%u overlaps variables", f);
      State s = now_[f - k];
      if (s == kFull || s == kMixed || s == kOptional) problem(at, "header register r%u in use", f - k);
    }
  }

  void generic(u32 at, const Instr& i, bool* falls, bool* to_target, u32* target) {
    Op op = base_op(Op(i.op));
    const char* letters = kOperands[i.op];
    const u16 regs[3] = {i.a, i.b, i.c};
    for (int k = 0; k < 3 && letters[k] != 0; k++) {
      if (letters[k] == 'J') {
        *to_target = true;
        bool is_short = letters[k + 1] == 'c';
        *target = u32(i64(at) + (is_short ? i16(i.c) : i.jump()));
        if (is_short) break;
      }
      if (letters[k] != 'S' && letters[k] != 'L') continue;
      read(at, regs[k], letters[k] == 'S' && (i.x >> k & 1));
    }
    bool gives_bool = op == Op::NOT || op == Op::TO_BOOL || op == Op::IS || op == Op::IS_NOT || op == Op::IN || op == Op::NOT_IN;
    if (letters[0] == 'D') write(at, i.a, gives_bool ? kImmediate : kFull);
    if (op == Op::JUMP || op == Op::JUMP_BACK) *falls = false;
    if ((op == Op::JUMP_IF_NONE || op == Op::JUMP_IF_NOT_NONE) && !(i.x & kConsumeA) && !named(i.a)) {
      // Where it is None nothing is left to drop.
      if (op == Op::JUMP_IF_NONE) {
        State kept = now_[i.a];
        now_[i.a] = kImmediate;
        flow(at, *target);
        now_[i.a] = kept;
        *to_target = false;
      } else {
        jump_state_reg_ = i.a;
        jump_state_ = kImmediate;
      }
    }
  }

  const Code* code_;
  void (*report_)(void*, u32, const char*);
  void* context_;
  Vec<State> states_;
  Vec<State> now_;
  Vec<u8> starts_;
  Vec<u32> work_;
  u32 jump_state_reg_ = ~0u;
  State jump_state_ = kEmpty;
  int problems_ = 0;
};

}  // namespace

int verify_code(const Code* code, void (*report)(void* context, u32 unit, const char* message), void* context) {
  return Verifier(code, report, context).run();
}

}  // namespace typhon::compiler
