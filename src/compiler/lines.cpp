// Which line each instruction belongs to, after generation. Tracing, coverage and tracebacks see lines as CPython shows them: a
// statement that does nothing keeps a NOP, instructions without a place of their own belong to the line that leads to them, and the
// `return None` at a function's end (in a class: what is stored for the metaclass, too) belongs to the line it is reached from, so there is one for each.
#include "compiler/codegen.h"

namespace typhon::compiler {
namespace {

constexpr Op kDeleted = Op::kCount;

i32 line_of(const Unit& u, const Ins& ins) { return u.positions[ins.pos].line; }

bool falls_through(Op op) {
  return op != Op::JUMP && op != Op::JUMP_BACK && op != Op::RETURN && op != Op::RAISE && op != Op::RAISE_LAST &&
         op != Op::RERAISE && op != Op::STOPITERATION_ERROR;
}

// For each instruction whether a jump goes there, or a handler starts there.
void find_sources(const Unit& u, Vec<u8>& sources) {
  sources.resize(u.code.size() + 1);
  for (u32 i = 0; i < u.code.size(); i++) {
    const Ins& ins = u.code[i];
    if (ins.op != kDeleted && ins.label != kNoLabel) sources[u.labels[ins.label].at] = 1;
  }
  for (u32 i = 1; i < u.regions.size(); i++) {
    const Region& r = u.regions[i];
    if (r.used && u.labels[r.handler].at != ~0u) sources[u.labels[r.handler].at] = 1;
  }
}

void propagate(Unit& u) {
  Vec<u8> sources;
  find_sources(u, sources);
  u32 before = ~0u;
  for (u32 i = 0; i < u.code.size(); i++) {
    Ins& ins = u.code[i];
    if (ins.op == kDeleted) {
      // What leads here leads to the next one.
      if (sources[i] != 0 && sources[i + 1] == 0) sources[i + 1] = sources[i];
      continue;
    }
    if (line_of(u, ins) == 0) {
      if (sources[i] == 0 && before != ~0u) ins.pos = u.code[before].pos;
    }
    before = falls_through(ins.op) ? i : ~0u;
  }
}

// Jumps to jumps. No line may be skipped by that.
void thread_jumps(Unit& u) {
  u32 n = u.code.size();
  for (u32 i = 0; i < n; i++) {
    Ins& ins = u.code[i];
    if (ins.op == kDeleted || ins.label == kNoLabel || ins.op == Op::JUMP_BACK) continue;
    for (int hops = 0; hops < 8; hops++) {
      u32 at = u.labels[ins.label].at;
      while (at < n && u.code[at].op == kDeleted) at++;
      if (at >= n || at == i) break;
      const Ins& target = u.code[at];
      i32 line = line_of(u, ins), next = line_of(u, target);
      bool adopts = line == 0 && ins.op == Op::JUMP;
      if (next != 0 && next != line && !adopts) break;
      if (target.op == Op::JUMP && at > i) {
        ins.label = target.label;
      } else if (target.op == Op::JUMP_BACK && ins.op == Op::JUMP) {
        ins.op = Op::JUMP_BACK;
        ins.x = 0;
        ins.label = target.label;
      } else {
        break;
      }
      if (adopts) ins.pos = target.pos;
      if (ins.op == Op::JUMP_BACK) break;
    }
  }
}

// Jumps to the next instruction become NOPs; NOPs whose line others show go.
void remove_nops(Unit& u) {
  u32 n = u.code.size();
  for (u32 i = 0; i < n; i++) {
    Ins& ins = u.code[i];
    if (ins.op != Op::JUMP) continue;
    u32 at = u.labels[ins.label].at;
    bool next = at > i;
    for (u32 k = i + 1; k < at && next; k++) next = u.code[k].op == kDeleted;
    if (!next) continue;
    ins.op = Op::NOP;
    ins.x = 0;
    ins.label = kNoLabel;
  }
  Vec<u8> sources;
  find_sources(u, sources);
  u32 before = ~0u;
  for (u32 i = 0; i < n; i++) {
    Ins& ins = u.code[i];
    if (ins.op == kDeleted) continue;
    if (ins.op == Op::NOP) {
      i32 line = line_of(u, ins);
      u32 next = i + 1;
      bool entered = sources[next] != 0;
      while (next < n && u.code[next].op == kDeleted) entered |= sources[++next] != 0;
      i32 next_line = next < n ? line_of(u, u.code[next]) : 0;
      bool shown = line == 0 || (next < n && line == next_line) ||
                   (sources[i] == 0 && before != ~0u && line == line_of(u, u.code[before]));
      if (!shown && !entered && next < n && next_line == 0) {
        u.code[next].pos = ins.pos;
        shown = true;
      }
      if (shown) {
        ins.op = kDeleted;
        continue;
      }
    }
    before = falls_through(ins.op) ? i : ~0u;
  }
}

}  // namespace

void duplicate_final_return(Unit& u, u32 start) {
  if (u.code.size() <= start) return;
  thread_jumps(u);
  Vec<Ins> old;
  for (const Ins& ins : u.code) old.push(ins);
  struct Copy {
    i32 line;
    Label label;
    u32 pos;
  };
  Vec<Copy> copies;  // for conditional jumps, at the very end
  Vec<u32> moved;
  u32 labels = u.labels.size();
  u.code.clear();
  for (u32 i = 0; i < old.size(); i++) {
    moved.push(u.code.size());
    Ins ins = old[i];
    bool goes_there = ins.label != kNoLabel && ins.label < labels && u.labels[ins.label].at == start;
    if (goes_there && ins.op == Op::JUMP) {
      for (u32 k = start; k < old.size(); k++) {
        Ins copy = old[k];
        copy.pos = ins.pos;
        u.code.push(copy);
      }
      continue;
    }
    if (goes_there) {
      i32 line = line_of(u, ins);
      u32 c = 0;
      while (c < copies.size() && copies[c].line != line) c++;
      if (c == copies.size()) {
        u.labels.push(LabelInfo{});
        copies.push({line, u.labels.size() - 1, ins.pos});
      }
      ins.label = copies[c].label;
    }
    u.code.push(ins);
  }
  moved.push(u.code.size());
  for (u32 l = 0; l < labels; l++)
    if (u.labels[l].at != ~0u) u.labels[l].at = moved[u.labels[l].at];
  for (const Copy& c : copies) {
    u.labels[c.label].at = u.code.size();
    u.labels[c.label].referenced = true;
    for (u32 k = start; k < old.size(); k++) {
      Ins copy = old[k];
      copy.pos = c.pos;
      u.code.push(copy);
    }
  }
}

void settle_lines(Unit& u) {
  thread_jumps(u);
  propagate(u);
  thread_jumps(u);
  remove_nops(u);
}

}  // namespace typhon::compiler
