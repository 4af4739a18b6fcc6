// Constants of loops. An operand must be in a register, so `while i < 10` would load the 10 in every round; here small
// constants that loops use as operands get registers of their own, loaded in front of the outermost loop.
//
// Only immediates: such a register owns nothing, so no way out of the code has to drop it. The new registers lie between
// the variables and the temporaries, which move up.
#include "compiler/codegen.h"

namespace typhon::compiler {
namespace {

constexpr const char* kOperands[] = {
#define OP(name, units, operands, effect) operands,
#include "bytecode/ops.def"
#undef OP
};

constexpr u32 kMaxHoisted = 24;
constexpr u16 kPlaceholder = 0xF000;  // + slot, while the temporaries have not moved yet
constexpr u32 kMaxDistance = 8;       // from the load to its use
constexpr Op kDeleted = Op::kCount;

struct Loop {
  u32 head, end;
  u32 slots;  // bit set
};

bool is_register(char letter) { return letter == 'D' || letter == 'S' || letter == 'L' || letter == 'R'; }

// The plain operands that the temporary loaded at `load` is, up to the one that consumes it, with nothing in between that could see
// or jump past it: as in `a[1] += x`, which reads an index twice. How many; 0 when it is used otherwise.
struct Use {
  u32 at, operand;
};
constexpr u32 kMaxUses = 4;
u32 find_uses(const Unit& u, const Vec<u8>& has_label, u32 load, u32 end, Use (&uses)[kMaxUses]) {
  u16 t = u.code[load].a;
  u32 count = 0;
  for (u32 k = load + 1; k <= end && k <= load + kMaxDistance; k++) {
    const Ins& ins = u.code[k];
    if (has_label[k]) return 0;
    const char* letters = kOperands[int(ins.op)];
    const u16 regs[3] = {ins.a, ins.b, ins.c};
    bool consumed = false;
    for (u32 o = 0; o < 3 && letters[o] != 0; o++) {
      if (letters[o] == 'R' && regs[o] <= t) return 0;
      if (letters[o] == 'J') break;
      if (!is_register(letters[o]) || regs[o] != t) continue;
      if (letters[o] != 'S' || count == kMaxUses) return 0;
      uses[count++] = {k, o};
      consumed |= ins.x >> o & 1;
    }
    if (consumed) return count;
    if (ins.label != kNoLabel || ins.op == Op::RETURN || ins.op == Op::RAISE) return 0;
  }
  return 0;
}

u16* operand_of(Ins& ins, u32 o) { return o == 0 ? &ins.a : o == 1 ? &ins.b : &ins.c; }

}  // namespace

void hoist_constants(Unit& u) {
  u32 n = u.code.size();
  Vec<Loop> loops;
  for (u32 i = 0; i < n; i++) {
    if (u.code[i].op != Op::JUMP_BACK) continue;
    u32 head = u.labels[u.code[i].label].at;
    // Outer loops end later: drop what the new one contains.
    while (!loops.empty() && loops.back().head >= head) loops.pop();
    loops.push({head, i, 0});
  }
  if (loops.empty()) return;
  Vec<u8> has_label;
  has_label.resize(n + 1);
  for (const LabelInfo& l : u.labels) {
    if (l.at != ~0u) has_label[l.at] = 1;
  }
  u32 slots[kMaxHoisted];  // constant indices
  u32 count = 0;
  for (Loop& loop : loops) {
    for (u32 i = loop.head; i <= loop.end; i++) {
      Ins& load = u.code[i];
      if (load.op != Op::LOAD_CONST || !u.is_temp(load.a)) continue;
      u32 constant = u32(load.b) | u32(load.c) << 16;
      if (u.constants[constant].is_object()) continue;
      u32 slot = 0;
      while (slot < count && slots[slot] != constant) slot++;
      if (slot == kMaxHoisted) continue;
      Use uses[kMaxUses];
      u32 used = find_uses(u, has_label, i, loop.end, uses);
      if (used == 0) continue;
      if (slot == count) slots[count++] = constant;
      loop.slots |= 1u << slot;
      for (u32 k = 0; k < used; k++) {
        Ins& use = u.code[uses[k].at];
        *operand_of(use, uses[k].operand) = u16(kPlaceholder + slot);
        use.x &= u8(~(1u << uses[k].operand));
      }
      load.op = kDeleted;
    }
  }
  if (count == 0) return;
  auto moved = [&](u16 reg) -> u16 {
    if (reg >= kPlaceholder && reg < kPlaceholder + kMaxHoisted) return u16(u.named_count + (reg - kPlaceholder));
    return reg >= u.named_count && reg != kNoRegister ? u16(reg + count) : reg;
  };
  for (Ins& ins : u.code) {
    if (ins.op == kDeleted) continue;
    const char* letters = kOperands[int(ins.op)];
    for (u32 o = 0; o < 3 && letters[o] != 0; o++) {
      if (letters[o] == 'J') break;
      if (is_register(letters[o])) *operand_of(ins, o) = moved(*operand_of(ins, o));
    }
  }
  for (Region& r : u.regions) {
    r.clear_from = moved(r.clear_from);
    r.exc_reg = moved(r.exc_reg);
  }
  u.max = u16(u.max + count);
  // Put the loads in front of the loops. Jumps to a loop's head from outside go to the loads; the way back does not.
  Vec<u8> is_loop_label;
  is_loop_label.resize(u.labels.size());
  for (const Ins& ins : u.code) {
    if (ins.op == Op::JUMP_BACK) is_loop_label[ins.label] = 1;
  }
  Vec<Ins> old;
  for (const Ins& ins : u.code) old.push(ins);
  Vec<u32> before, after;  // new indices
  u.code.clear();
  u32 next_loop = 0;
  for (u32 i = 0; i <= n; i++) {
    before.push(u.code.size());
    if (next_loop < loops.size() && loops[next_loop].head == i) {
      const Loop& loop = loops[next_loop++];
      for (u32 slot = 0; slot < count; slot++) {
        if (!(loop.slots >> slot & 1)) continue;
        Ins load = old[i];
        load.op = Op::LOAD_CONST;
        load.x = 0;
        load.a = u16(u.named_count + slot);
        load.b = u16(slots[slot]);
        load.c = u16(slots[slot] >> 16);
        load.extra = 0;
        load.label = kNoLabel;
        load.region = 0;  // a load cannot raise
        // The line of the loop's head, which is shown next in any case.
        if (u.positions[load.pos].line == 0 && !u.code.empty()) load.pos = u.code.back().pos;
        u.code.push(load);
      }
    }
    after.push(u.code.size());
    if (i < n) u.code.push(old[i]);
  }
  for (u32 l = 0; l < u.labels.size(); l++) {
    LabelInfo& label = u.labels[l];
    if (label.at != ~0u) label.at = is_loop_label[l] ? after[label.at] : before[label.at];
  }
}

}  // namespace typhon::compiler
