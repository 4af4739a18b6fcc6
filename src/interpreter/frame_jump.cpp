// frame.f_lineno = n: jumps to another line of a running frame, from inside a trace function.
//
// A place can be jumped to when every temporary that holds something there (loop iterators, exit functions of with statements,
// exceptions) holds something of the same kind here; what the place does not want is dropped. The kinds are worked out by a walk
// over the code's flow.
#include <vector>

#include "bytecode/positions.h"
#include "interpreter/dispatch.h"
#include "interpreter/tracing.h"
#include "objects/frame_object.h"

namespace typhon {

namespace {

// What a temporary holds. Numbers from kConstant on: the constant with that index, which any jump can load.
enum Kind : u32 { kEmpty, kObject, kIterator, kException, kSavedException, kUnknown, kConstant };

Kind constant_kind(u32 index) { return Kind(kConstant + index); }

u32 merge(u32 a, u32 b) {
  if (a == kUnknown) return b;
  if (b == kUnknown || a == b) return a;
  bool weak_a = a == kEmpty || a >= kConstant, weak_b = b == kEmpty || b >= kConstant;
  return weak_a && weak_b ? kEmpty : kObject;
}

class Flow {
 public:
  explicit Flow(const Code* code) : code_(code), width_(code->register_count) {
    states_.assign(size_t(code->unit_count + 1) * width_, kUnknown);
    visited_.assign(code->unit_count + 1, 0);
    now_.assign(width_, kEmpty);
    arrive(0);
    while (!work_.empty()) {
      u32 at = work_.back();
      work_.pop_back();
      now_.assign(&states_[size_t(at) * width_], &states_[size_t(at) * width_] + width_);
      step(at);
    }
  }
  bool reached(u32 at) const { return visited_[at]; }
  u32 kind(u32 at, u32 reg) const { return states_[size_t(at) * width_ + reg]; }

 private:
  void arrive(u32 at) {
    if (at >= code_->unit_count) return;
    bool changed = !visited_[at];
    visited_[at] = 1;
    for (u32 r = 0; r < width_; r++) {
      u32& s = states_[size_t(at) * width_ + r];
      u32 merged = merge(s, now_[r]);
      changed |= merged != s;
      s = merged;
    }
    if (changed) work_.push_back(at);
  }
  void set(u32 reg, u32 kind) {
    if (reg < width_) now_[reg] = kind;
  }
  void empty(u32 first, u32 n) {
    for (u32 i = 0; i < n; i++) set(first + i, kEmpty);
  }
  void raise_to_handler(u32 at) {
    const ExceptionRow* row = find_handler(code_, at);
    if (row == nullptr) return;
    std::vector<u32> kept = now_;
    for (u32 r = row->clear_from; r < width_; r++) now_[r] = kEmpty;
    set(row->exc_reg, kException);
    arrive(row->handler);
    now_ = kept;
  }

  // Ranges that an instruction consumes, and results that are more than one register.
  void ranges(Op op, const Instr& i, u32 extra) {
    switch (op) {
      case Op::BUILD_SLICE:
      case Op::BUILD_INTERPOLATION:
      case Op::LOAD_SUPER_ATTR: empty(i.b, 3); break;
      case Op::LOAD_SUPER_METHOD: empty(i.b, 3), set(i.a, kObject), set(i.a + 1u, kObject); break;
      case Op::BUILD_TUPLE:
      case Op::BUILD_LIST:
      case Op::BUILD_SET:
      case Op::BUILD_STRING: empty(i.b, i.c); break;
      case Op::BUILD_MAP: empty(i.b, 2u * i.c); break;
      case Op::CALL:
      case Op::CALL_KW: empty(i.b, 1u + i.c); break;
      case Op::CALL_METHOD:
      case Op::CALL_METHOD_KW: empty(i.b, 2u + i.c); break;
      case Op::CALL_EX: empty(i.b, 3); break;
      case Op::IMPORT_NAME: empty(i.b, 2); break;
      case Op::MATCH_CLASS: empty(i.c, 2); break;
      case Op::LOAD_METHOD:
      case Op::LOAD_SPECIAL: set(i.a, kObject), set(i.a + 1u, kObject); break;
      case Op::UNPACK_SEQUENCE:
        for (u32 k = 0; k < i.c; k++) set(i.a + k, kObject);
        break;
      case Op::UNPACK_EX:
        for (u32 k = 0; k < i.c + 1 + extra; k++) set(i.a + k, kObject);
        break;
      case Op::EG_MATCH: set(i.a, kObject), set(i.a + 1u, kObject); break;
      case Op::CLEAR: set(i.a, kEmpty); break;
      case Op::CLEAR_RANGE: empty(i.a, i.b); break;
      case Op::YIELD_FROM: empty(i.b, 1), empty(i.c, 1); break;
      default: break;
    }
  }

  void step(u32 at) {
    Instr* pc = &code_->instructions[at];
    const Instr& i = *pc;
    Op op = base_op(Op(i.op));
    u32 next = at + op_units(op), extra = u32(unit(&code_->instructions[next - 1]));
    const char* letters = op_operands(op);
    const u16 registers[3] = {i.a, i.b, i.c};
    raise_to_handler(at);
    u32 moved = op == Op::MOVE && i.b < width_ ? now_[i.b] : u32(kObject);
    for (int k = 0; k < 3 && letters[k] != 0 && letters[k] != 'J'; k++)
      if (letters[k] == 'S' && (i.x >> k & 1)) set(registers[k], kEmpty);
    ranges(op, i, extra);
    if (letters[0] == 'D' && op != Op::CLEAR && op != Op::DELETE_LOCAL) set(i.a, result_kind(op, i, moved));
    switch (op) {
      case Op::FOR_ITER:
        arrive(next);
        now_[i.b] = kEmpty;
        now_[i.a] = i.a < code_->local_count ? u32(kObject) : u32(kEmpty);
        return arrive(u32(i64(at) + i32(extra)));
      case Op::JUMP:
      case Op::JUMP_BACK: return arrive(u32(i64(at) + pc->jump()));
      case Op::RETURN:
      case Op::RAISE:
      case Op::RAISE_LAST:
      case Op::RERAISE:
      case Op::STOPITERATION_ERROR: return;
      default: break;
    }
    if (op >= Op::JUMP_IF_TRUE && op <= Op::JUMP_IF_NOT_NONE) arrive(u32(i64(at) + pc->jump()));
    if (op >= Op::JUMP_IF_LT && op <= Op::JUMP_UNLESS_GE) arrive(u32(i64(at) + i16(i.c)));
    arrive(next);
  }

  u32 result_kind(Op op, const Instr& i, u32 moved) const {
    switch (op) {
      case Op::MOVE: return moved;
      case Op::GET_ITER:
      case Op::GET_AITER: return kIterator;
      case Op::PUSH_EXC: return kSavedException;
      case Op::LOAD_CONST: return code_->constants[i.constant()].is_object() ? u32(kObject) : u32(constant_kind(i.constant()));
      default: return kObject;
    }
  }

  const Code* code_;
  u32 width_;
  std::vector<u32> states_, now_, work_;
  std::vector<u8> visited_;
};

bool compatible(const Flow& flow, const Code* code, u32 from, u32 to) {
  for (u32 r = code->local_count; r < code->register_count; r++) {
    u32 wanted = flow.kind(to, r);
    if (wanted != kEmpty && wanted < kConstant && flow.kind(from, r) != wanted) return false;
  }
  return true;
}

const char* explain(const Flow& flow, const Code* code, u32 to) {
  for (u32 r = code->register_count; r-- > code->local_count;) {
    switch (flow.kind(to, r)) {
      case kException:
      case kSavedException: return "can't jump into an 'except' block as there's no exception";
      case kIterator: return "can't jump into the body of a for loop";
      case kObject: return "incompatible stacks";
      default: break;
    }
  }
  return "incompatible stacks";
}

// The line that begins at each unit, or 0.
std::vector<i32> line_starts(const Code* code) {
  std::vector<i32> lines(code->unit_count, 0);
  PositionReader reader(code);
  PositionRow row{}, ahead{};
  bool more = reader.next(&ahead);
  i32 last = 0;
  for (u32 at = 0; at < code->unit_count; at += op_units(base_op(Op(code->instructions[at].op)))) {
    while (more && ahead.unit <= at) {
      row = ahead;
      more = reader.next(&ahead);
    }
    bool begins = base_op(Op(code->instructions[at].op)) == Op::RESUME;  // the line that follows begins in any case
    if (row.line > 0 && row.line != last && !begins) lines[at] = row.line;
    if (begins || row.line != 0) last = begins ? 0 : row.line;
  }
  return lines;
}

u32 live_count(const Flow& flow, const Code* code, u32 at) {
  u32 n = 0;
  for (u32 r = code->local_count; r < code->register_count; r++) n += flow.kind(at, r) != kEmpty && flow.kind(at, r) < kConstant;
  return n;
}

Status check_event(Thread& t) {
  switch (current_event()) {
    case -1: return raise(t, exc::ValueError, "f_lineno can only be set in a trace function");
    case i32(MonitorEvent::kPyStart):
      return raise(t, exc::ValueError, "can't jump from the 'call' trace event of a new frame");
    case i32(MonitorEvent::kCall):
    case i32(MonitorEvent::kCReturn): return raise(t, exc::ValueError, "can't jump during a call");
    case i32(MonitorEvent::kLine):
    case i32(MonitorEvent::kPyResume):
    case i32(MonitorEvent::kPyYield):
    case i32(MonitorEvent::kJump):
    case i32(MonitorEvent::kBranchLeft):
    case i32(MonitorEvent::kBranchRight):
    case i32(MonitorEvent::kInstruction): return ok();
    default: return raise(t, exc::ValueError, "can only jump from a 'line' trace event");
  }
}

// Where line `line` begins, in the best place that can be jumped to from `from`.
Result<u32> find_target(Thread& t, const Code* code, u32 from, i64 line) {
  std::vector<i32> lines = line_starts(code);
  i32 wanted = 0;
  for (i32 candidate : lines)
    if (candidate >= line && (wanted == 0 || candidate < wanted)) wanted = candidate;
  if (wanted == 0) return raise(t, exc::ValueError, "line %zd comes after the current code block", line);
  Flow flow(code);
  const char* problem = "cannot find bytecode for specified line";
  bool found = false;
  u32 best = 0, depth = 0;
  for (u32 at = 0; at < code->unit_count; at++) {
    if (lines[at] != wanted) continue;
    if (!flow.reached(at)) {
      problem = "code may be unreachable.";
    } else if (!compatible(flow, code, from, at)) {
      problem = explain(flow, code, at);
    } else if (u32 n = live_count(flow, code, at); !found || n > depth) {
      found = true;
      best = at;
      depth = n;
    }
  }
  if (!found) return raise(t, exc::ValueError, "%s", problem);
  return best;
}

// Drops what the target does not want, and loads the constants that loops around it keep in registers.
void adapt_registers(Thread& t, Value* r, const Code* code, u32 from, u32 to) {
  Flow flow(code);
  for (u32 i = code->register_count; i-- > code->local_count;) {
    u32 here = flow.kind(from, i), there = flow.kind(to, i);
    if (there >= kConstant) {
      set_register(r, i, acquire(code->constants[there - kConstant]));
    } else if (there == kEmpty && here == kSavedException) {
      Value handled = t.exception_top->exception;
      t.exception_top->exception = r[i].is_empty() ? None : r[i];
      r[i] = EMPTY;
      release(handled);
    } else if (there == kEmpty) {
      clear_register(r, i);
    }
  }
}

}  // namespace

Status set_frame_line(Thread& t, FrameObject* f, Value value) {
  if (!is_int(value)) return raise(t, exc::ValueError, "lineno must be an integer");
  TRY(check_event(t));
  i64 line = TRY(to_i64(t, value));
  if (line != i32(line)) return raise(t, exc::ValueError, "lineno out of range");
  Value* r = f->thread == &t ? __atomic_load_n(&f->registers, __ATOMIC_ACQUIRE) : nullptr;
  if (r == nullptr) return raise(t, exc::ValueError, "f_lineno can only be set in a trace function");
  const Code* code = frame::code(r);
  if (line < code->first_line) return raise(t, exc::ValueError, "line %zd comes before the current code block", line);
  u32 from = frame::unit_index(r);
  u32 to = TRY(find_target(t, code, from, line));
  u32 unbound = 0;
  for (u32 i = 0; i < code->local_count; i++) unbound += r[i].is_empty();
  if (unbound != 0) {
    TRY(warn(t, exc::RuntimeWarning, 0, "assigning None to %d unbound local%s", int(unbound), unbound == 1 ? "" : "s"));
    for (u32 i = 0; i < code->local_count; i++)
      if (r[i].is_empty()) r[i] = None;
  }
  adapt_registers(t, r, code, from, to);
  frame::pc(r) = &code->instructions[to];
  f->traced_unit = f->monitored_unit = to;
  f->traced_line = f->monitored_line = code_position(code, to).line;
  f->monitored_branch = 0;
  return ok();
}

}  // namespace typhon
