// Units: registers of a block of code, emission of instructions, and their assembly into a Code.
#include <algorithm>

#include "compiler/codegen.h"
#include "objects/float.h"
#include "objects/int.h"

namespace typhon::compiler {
namespace {

constexpr u8 kUnits[] = {
#define OP(name, units, operands, effect) units,
#include "bytecode/ops.def"
#undef OP
};

constexpr u32 kMaxRegisters = 60000;
constexpr Op kDeleted = Op::kCount;

// Jumps whose offset has only 16 bits.
bool has_short_jump(Op op) { return op >= Op::JUMP_IF_LT && op <= Op::JUMP_UNLESS_GE; }
constexpr int kCompareJumps = int(Op::JUMP_UNLESS_LT) - int(Op::JUMP_IF_LT);
Op opposite(Op op) { return op < Op::JUMP_UNLESS_LT ? Op(int(op) + kCompareJumps) : Op(int(op) - kCompareJumps); }

}  // namespace

// --- units and their registers

Unit::~Unit() {
  if (generator != nullptr && generator->u_ == this) {
    generator->u_ = parent;
    generator->scope_ = outer_scope;
  }
}

void Codegen::enter(Unit& u, Scope* scope, NameId unit_name, u32 flags, i32 first_line) {
  u.generator = this;
  u.parent = u_;
  u.outer_scope = scope_;
  u.scope = scope;
  u.name = unit_name;
  u.private_name = u_ ? u_->private_name : kNoName;
  u.first_line = first_line;
  u_ = &u;
  scope_ = scope;
  if (scope->function_like()) {
    flags |= code_flag::kOptimized | code_flag::kNewLocals;
    if (scope->nested) flags |= code_flag::kNested;
    if (scope->is_generator || scope->comprehension == CompKind::kGenerator) {
      flags |= scope->is_coroutine ? code_flag::kAsyncGenerator : code_flag::kGenerator;
    } else if (scope->is_coroutine && (scope->is_async_function || scope->comprehension != CompKind::kNone)) {
      flags |= code_flag::kCoroutine;
    }
    if (scope->kind == ScopeKind::kFunction && scope->parent->kind == ScopeKind::kClass) flags |= code_flag::kMethod;
  } else {
    flags |= scope->kind == ScopeKind::kClass ? code_flag::kClassBody : code_flag::kModule;
    if (scope->is_coroutine && scope->kind == ScopeKind::kModule) flags |= code_flag::kCoroutine;
  }
  u.flags = flags | (future_flags_ & code_flag::kFuture_annotations);
  u.is_async = scope->is_async_function;
  u.regions.push({kNoLabel, 0, 0, false});
  u.positions.push(Pos{});
  set_qualname(u);
  assign_registers(u);
}

void Codegen::assign_registers(Unit& u) {
  Scope* s = u.scope;
  auto named = [&u](NameId n, VariableKind kind, int more = 0) {
    u.register_names.push(n);
    u.register_kinds.push(u8(int(kind) | more));
    return u16(u.register_names.size() - 1);
  };
  if (s->function_like()) {
    for (u32 i = 0; i < s->parameter_count; i++) {
      Symbol& p = s->symbols[s->parameters[i]];
      int more = int(VariableKind::kArgument) | (p.binding == Binding::kCell ? int(VariableKind::kCell) : 0);
      p.reg = named(p.name, VariableKind::kLocal, more);
    }
    for (u32 i = 0; i < s->symbol_count; i++) {
      Symbol& v = s->symbols[i];
      if (v.binding == Binding::kLocal && !(v.flags & use::kParam)) v.reg = named(v.name, VariableKind::kLocal);
    }
  } else {
    u.register_names.push(name::k_empty);  // the namespace
    u.register_kinds.push(0);
  }
  assign_hidden(u, s);
  if (s->function_like()) {
    for (u32 i = 0; i < s->symbol_count; i++) {
      Symbol& v = s->symbols[i];
      if (v.binding == Binding::kCell && !(v.flags & use::kParam)) v.reg = named(v.name, VariableKind::kCell);
    }
  } else if (s->kind == ScopeKind::kClass) {
    if (s->needs_class_cell) u.class_cell = named(name::k_class_, VariableKind::kCell);
    if (s->needs_classdict) u.classdict_cell = named(name::k_classdict, VariableKind::kCell);
    if (s->has_conditional_annotations) u.conditional_cell = named(name::k_conditional, VariableKind::kCell);
  }
  u.free_first = u16(u.register_names.size());
  u.free_count = u16(s->free_count);
  for (u32 i = 0; i < s->free_count; i++)
    s->find(s->free_names[i])->free_reg = named(s->free_names[i], VariableKind::kFree);
  u32 count = u.register_names.size();
  if (count > kMaxRegisters) {
    reporter_.error(s->pos, "too many variables");
    count = kMaxRegisters;
  }
  u.named_count = u.top = u.max = u16(count);
  u.words = u.register_names.size() / 64 + 1;
  u.bound = arena_.make_array<u64>(u.words);
  u.deletable = arena_.make_array<u64>(u.words);
  memset(u.bound, 0, u.words * sizeof(u64));
  memset(u.deletable, 0, u.words * sizeof(u64));
  for (u32 i = 0; i < s->symbol_count; i++) {
    const Symbol& v = s->symbols[i];
    if (v.reg == kNoReg || v.binding != Binding::kLocal) continue;
    if (v.flags & use::kDeleted) u.deletable[v.reg / 64] |= u64(1) << (v.reg % 64);
    if (v.flags & use::kParam) mark_bound(v.reg);
  }
}

// Variables of inlined comprehensions. Comprehensions side by side share registers of the same name, nested ones do not.
void Codegen::assign_hidden(Unit& u, Scope* scope) {
  struct Hidden {
    NameId name;
    bool cell, active;
    u16 reg;
  };
  Vec<Hidden> pool;
  u32 first = u.register_names.size();
  auto visit = [&](auto& self, Scope* outer) -> void {
    for (Scope* c = outer->first_child; c != nullptr; c = c->next_sibling) {
      if (!c->inlined) continue;
      u32 mark = pool.size();
      for (u32 i = 0; i < c->symbol_count; i++) {
        Symbol& v = c->symbols[i];
        if (v.binding != Binding::kLocal && v.binding != Binding::kCell) continue;
        bool cell = v.binding == Binding::kCell;
        Hidden* found = nullptr;
        for (u32 k = 0; k < mark && found == nullptr; k++) {
          if (pool[k].name == v.name && pool[k].cell == cell && !pool[k].active) found = &pool[k];
        }
        if (found == nullptr) {
          u.register_names.push(v.name);
          u.register_kinds.push(
              u8(int(cell ? VariableKind::kCell : VariableKind::kLocal) | int(VariableKind::kHiddenLocal)));
          pool.push({v.name, cell, true, u16(u.register_names.size() - 1)});
          found = &pool.back();
        }
        found->active = true;
        v.reg = found->reg;
      }
      self(self, c);
      for (u32 i = 0; i < c->symbol_count; i++) {
        for (Hidden& h : pool) {
          if (h.reg == c->symbols[i].reg) h.active = false;
        }
      }
    }
  };
  visit(visit, scope);
  // Locals before cells, as among the function's own: so the names alone tell which register a variable has (the constructor of code).
  Vec<u16> to;
  Vec<NameId> names;
  Vec<u8> kinds;
  for (u8 is_cell : {0, 1}) {
    for (const Hidden& h : pool) {
      if (h.cell != bool(is_cell)) continue;
      names.push(h.name);
      kinds.push(u.register_kinds[h.reg]);
    }
  }
  u32 locals = 0, cells = 0;
  for (const Hidden& h : pool) locals += !h.cell;
  for (const Hidden& h : pool) to.push(u16(first + (h.cell ? locals + cells++ : h.reg - first - cells)));
  if (cells == 0) return;
  for (u32 i = 0; i < pool.size(); i++) {
    u.register_names[first + i] = names[i];
    u.register_kinds[first + i] = kinds[i];
  }
  auto renumber = [&](auto& self, Scope* outer) -> void {
    for (Scope* c = outer->first_child; c != nullptr; c = c->next_sibling) {
      if (!c->inlined) continue;
      for (u32 i = 0; i < c->symbol_count; i++) {
        Symbol& v = c->symbols[i];
        if (v.binding == Binding::kLocal || v.binding == Binding::kCell) v.reg = to[v.reg - first];
      }
      self(self, c);
    }
  };
  renumber(renumber, scope);
}

void Codegen::set_qualname(Unit& u) {
  Unit* parent = u.parent;
  bool typed = parent != nullptr && parent->scope->kind == ScopeKind::kTypeParameters;
  if (typed) parent = parent->parent;
  // The annotations of a function are computed by a part of that function.
  StrBuilder own;
  if (u.function_name != kNoName) {
    own.append(names_.value(u.function_name).as<Str>());
    own.append_ascii(".");
  }
  own.append(names_.value(u.name).as<Str>());
  RefTo<Str> own_name = own.finish(thread_);
  if (own_name.failed() || parent == nullptr || parent->parent == nullptr) {
    u.qualname = std::move(own_name).release_ref();
    return;
  }
  if (u.scope->kind == ScopeKind::kClass || (u.scope->kind == ScopeKind::kFunction && !u.scope->is_lambda)) {
    Symbol* s = parent->scope->find(symbols_.mangle(u.name, parent->private_name));
    if (s != nullptr && s->binding == Binding::kGlobalExplicit) {
      u.qualname = Ref::copy(names_.value(u.name));
      return;
    }
  }
  bool in_function = parent->scope->kind == ScopeKind::kFunction && parent->scope->comprehension == CompKind::kNone;
  StrBuilder b;
  b.append(parent->qualname.as<Str>());
  b.append_ascii(in_function ? ".<locals>." : ".");
  b.append(own_name.get());
  RefTo<Str> text = b.finish(thread_);
  u.qualname = std::move(text).release_ref();
}

// What runs before the body: arguments are in place, all other registers EMPTY. First RETURN_GENERATOR, then
// COPY_FREE_VARS, then MAKE_CELL for every variable that nested functions share, then RESUME.
void Codegen::prologue(Pos resume_pos) {
  Unit& u = *u_;
  At at(*this, resume_pos);
  if (u.flags & code_flag::kAnyGenerator) {
    emit(Op::RETURN_GENERATOR, 0, 0, 0);
    // Whatever ends the body passes the handler that turns a StopIteration into a RuntimeError.
    u.base_region = u.region = new_region(u.named_count, u.named_count);
    if (u.max < u.named_count + 1) u.max = u16(u.named_count + 1);
  }
  if (u.free_count != 0) emit(Op::COPY_FREE_VARS, u.free_first, u.free_count, 0);
  for (u32 r = 0; r < u.named_count; r++) {
    int kind = u.register_kinds[r];
    if ((kind & int(VariableKind::kCell)) && !(kind & int(VariableKind::kHiddenLocal)))
      emit(Op::MAKE_CELL, u16(r), 0, 0);
  }
  emit(Op::RESUME, 0, 0, 0);
}

Ref Codegen::leave(Unit& u, bool implicit_return) {
  if (implicit_return && u.reachable) {
    // At the line it is reached from, as tracing shows it.
    u.pos = 0;
    u32 start = u.code.size();
    u16 t = alloc();
    load_const(t, None);
    emit(Op::RETURN, t, 0, 0, kConsumeA);
    u.top--;
    duplicate_final_return(u, start);
  }
  u.reachable = false;
  if (u.base_region != 0) {
    u.region = 0;
    u.pos = 0;
    bind_handler(u.base_region);
    emit(Op::STOPITERATION_ERROR, u.named_count, 0, 0, kConsumeA);
  }
  Ref code = failed() ? Ref() : assemble(u);
  u_ = u.parent;
  scope_ = u.outer_scope;
  check(code);
  return code;
}

void Codegen::check(const Ref& r) {
  // A failed allocation: the exception is pending already; the latch only has to close.
  if (r.failed()) reporter_.error(Pos{}, "");
}

// --- emission

void Codegen::set_pos(Pos pos) {
  Unit& u = *u_;
  if (u.positions.back() == pos) {
    u.pos = u.positions.size() - 1;
    return;
  }
  u.positions.push(pos);
  u.pos = u.positions.size() - 1;
}

void Codegen::emit(Op op, u16 a, u16 b, u16 c, u8 x, u32 extra, Label label) {
  Unit& u = *u_;
  if (!u.reachable) return;
  u.code.push({op, x, a, b, c, extra, label, u.pos, u.region});
  u.regions[u.region].used = true;
  if (label == kNoLabel) return;
  LabelInfo& l = u.labels[label];
  if (l.at != ~0u) return;  // backwards
  if (!l.referenced || l.bound == nullptr) {
    l.bound = arena_.make_array<u64>(u.words);
    memcpy(l.bound, u.bound, u.words * sizeof(u64));
  } else {
    for (u32 i = 0; i < u.words; i++) l.bound[i] &= u.bound[i];
  }
  l.referenced = true;
}

void Codegen::emit_name(Op op, u16 a, u16 b, NameId n, u8 x) {
  u32 index = name_index(n);
  emit(op, a, b, u16(index), u8(x | (index >> 16) << 3));
}

void Codegen::emit_constant(Op op, u16 a, u32 index) { emit(op, a, u16(index), u16(index >> 16)); }

void Codegen::emit_binary(Op op, u16 dest, Operand l, Operand r, u8 x, u32 extra) {
  emit(op, dest, l.reg, r.reg, u8(x | (l.temp ? kConsumeB : 0) | (r.temp ? kConsumeC : 0)), extra);
}

void Codegen::move(u16 dest, Operand s) {
  if (dest != s.reg) emit_dest_source(Op::MOVE, dest, s);
}

Label Codegen::new_label() {
  u_->labels.push(LabelInfo{});
  return u_->labels.size() - 1;
}

void Codegen::bind(Label label) {
  Unit& u = *u_;
  LabelInfo& l = u.labels[label];
  l.at = u.code.size();
  if (!l.referenced) return;
  if (u.reachable) {
    for (u32 i = 0; i < u.words; i++) u.bound[i] &= l.bound[i];
  } else {
    memcpy(u.bound, l.bound, u.words * sizeof(u64));
    u.reachable = true;
  }
}

// The target of backward jumps.
Label Codegen::loop_head() {
  Label l = new_label();
  forget_deletable();
  u_->labels[l].at = u_->code.size();
  return l;
}

void Codegen::forget_deletable() {
  for (u32 i = 0; i < u_->words; i++) u_->bound[i] &= ~u_->deletable[i];
}

u32 Codegen::new_region(u16 clear_from, u16 exc_reg) {
  Unit& u = *u_;
  Label handler = new_label();
  LabelInfo& l = u.labels[handler];
  l.bound = arena_.make_array<u64>(u.words);
  for (u32 i = 0; i < u.words; i++) l.bound[i] = u.bound[i] & ~u.deletable[i];
  u.regions.push({handler, clear_from, exc_reg, false});
  if (u.max < exc_reg + 1) u.max = u16(exc_reg + 1);
  return u.regions.size() - 1;
}

void Codegen::bind_handler(u32 region) {
  Unit& u = *u_;
  LabelInfo& l = u.labels[u.regions[region].handler];
  l.at = u.code.size();
  u.reachable = u.regions[region].used;
  memcpy(u.bound, l.bound, u.words * sizeof(u64));
}

u16 Codegen::alloc(u32 n) {
  Unit& u = *u_;
  if (u.top + n > kMaxRegisters) {
    if (!failed()) reporter_.error(u.positions[u.pos], "too many nested expressions");
    return u.top;
  }
  u16 r = u.top;
  u.top = u16(u.top + n);
  if (u.max < u.top) u.max = u.top;
  return r;
}

// --- names and constants of a unit

u32 Codegen::name_index(NameId n) {
  Unit& u = *u_;
  if ((u.names.size() + 1) * 2 > u.name_slots.size()) {
    u32 size = u.name_slots.empty() ? 16 : u.name_slots.size() * 2;
    u.name_slots.clear();
    u.name_slots.resize(size);
    for (u32 k = 0; k < u.names.size(); k++) {
      u32 i = (u.names[k] * 0x9E3779B1u) & (size - 1);
      while (u.name_slots[i] != 0) i = (i + 1) & (size - 1);
      u.name_slots[i] = k + 1;
    }
  }
  u32 mask = u.name_slots.size() - 1;
  u32 i = (n * 0x9E3779B1u) & mask;
  for (; u.name_slots[i] != 0; i = (i + 1) & mask) {
    if (u.names[u.name_slots[i] - 1] == n) return u.name_slots[i] - 1;
  }
  u.names.push(n);
  u.name_slots[i] = u.names.size();
  if (u.names.size() > 1u << 21) reporter_.error(u.positions[u.pos], "too many names");
  return u.names.size() - 1;
}

namespace {

u64 mix(u64 h) {
  h *= 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

u64 constant_hash(Value v) {
  if (!v.is_object()) return mix(v.bits);
  if (is_exact_str(v)) return mix(str_hash32(v.as<Str>()) + 1);
  if (is_exact_tuple(v)) {
    u64 h = 7;
    for (u64 i = 0; i < v.as<Tuple>()->size; i++) h = mix(h + constant_hash(v.as<Tuple>()->items[i].peek()));
    return h;
  }
  if (is_exact_bytes(v)) {
    u64 h = 11 + v.as<Bytes>()->size;
    for (u64 i = 0; i < v.as<Bytes>()->size; i++) h = h * 31 + v.as<Bytes>()->data[i];
    return mix(h);
  }
  if (is_exact(v, kShape_int_)) return mix(int_low_u64(v));
  if (is_exact_float(v)) return mix(std::bit_cast<u64>(float_value(v)));
  if (is_exact_complex_(v)) {
    auto* z = v.as<Complex>();
    return mix(mix(std::bit_cast<u64>(z->real)) + std::bit_cast<u64>(z->imag));
  }
  return mix(u64(v.object()));
}

// Same type and same value, to the bit: 0, 0.0, -0.0 and False are four constants.
bool constant_same(Value a, Value b) {
  if (a.same_word(b)) return true;
  if (!a.is_object() || !b.is_object() || a.object()->shape != b.object()->shape) return false;
  if (is_exact_str(a)) return str_equal(a.as<Str>(), b.as<Str>());
  if (is_exact_tuple(a)) {
    auto *x = a.as<Tuple>(), *y = b.as<Tuple>();
    if (x->size != y->size) return false;
    for (u64 i = 0; i < x->size; i++) {
      if (!constant_same(x->items[i].peek(), y->items[i].peek())) return false;
    }
    return true;
  }
  if (is_exact_bytes(a)) {
    auto *x = a.as<Bytes>(), *y = b.as<Bytes>();
    return x->size == y->size && memcmp(x->data, y->data, x->size) == 0;
  }
  if (is_exact(a, kShape_int_)) return int_compare(a, b) == 0;
  if (is_exact_float(a)) return std::bit_cast<u64>(float_value(a)) == std::bit_cast<u64>(float_value(b));
  if (is_exact_complex_(a)) return memcmp(&a.as<Complex>()->real, &b.as<Complex>()->real, 2 * sizeof(double)) == 0;
  return false;
}

}  // namespace

u32 Codegen::constant(Value v) {
  Unit& u = *u_;
  if ((u.constant_hashes_used + 1) * 2 > u.constant_slots.size()) {
    Vec<u32> old;
    for (u32 slot : u.constant_slots) {
      if (slot != 0) old.push(slot);
    }
    u32 size = u.constant_slots.empty() ? 16 : u.constant_slots.size() * 2;
    u.constant_slots.clear();
    u.constant_slots.resize(size);
    for (u32 slot : old) {
      u32 i = u32(constant_hash(u.constants[slot - 1])) & (size - 1);
      while (u.constant_slots[i] != 0) i = (i + 1) & (size - 1);
      u.constant_slots[i] = slot;
    }
  }
  u32 mask = u.constant_slots.size() - 1;
  u32 i = u32(constant_hash(v)) & mask;
  for (; u.constant_slots[i] != 0; i = (i + 1) & mask) {
    if (constant_same(u.constants[u.constant_slots[i] - 1], v)) return u.constant_slots[i] - 1;
  }
  u.constants.push_copy(v);
  u.constant_slots[i] = u32(u.constants.size());
  u.constant_hashes_used++;
  return u32(u.constants.size()) - 1;
}

u32 Codegen::constant_unshared(Ref&& v) {
  u_->constants.push(std::move(v));
  return u32(u_->constants.size()) - 1;
}

// --- assembly

Ref Codegen::assemble(Unit& u) {
  hoist_constants(u);
  settle_lines(u);
  u32 n = u.code.size();
  Vec<u32> offset;  // of each instruction, and the end
  offset.resize(n + 1);
  Vec<u8> widened;  // short jumps that need an opposite jump over a long one
  widened.resize(n);
  for (bool again = true; again;) {
    again = false;
    u32 at = 0;
    for (u32 i = 0; i < n; i++) {
      offset[i] = at;
      if (u.code[i].op != kDeleted) at += kUnits[int(u.code[i].op)] + (widened[i] ? 1 : 0);
    }
    offset[n] = at;
    for (u32 i = 0; i < n; i++) {
      const Ins& ins = u.code[i];
      if (widened[i] || !has_short_jump(ins.op)) continue;
      i64 distance = i64(offset[u.labels[ins.label].at]) - offset[i];
      if (distance > 32767 || distance < -32768) widened[i] = 1, again = true;
    }
  }
  Vec<u64> units;
  units.resize(offset[n]);
  Vec<PositionRow> positions;
  Vec<ExceptionRow> exceptions;
  auto put = [&units](u32 at, Instr instr) { memcpy(&units[at], &instr, sizeof instr); };
  auto jump_words = [](i64 distance, Instr* instr) {
    instr->b = u16(distance);
    instr->c = u16(u64(distance) >> 16);
  };
  u32 last_pos = ~0u, last_region = 0;
  for (u32 i = 0; i < n; i++) {
    const Ins& ins = u.code[i];
    if (ins.op == kDeleted) continue;
    u32 at = offset[i];
    Instr instr{u8(ins.op), ins.x, ins.a, ins.b, ins.c};
    u32 size = kUnits[int(ins.op)];
    if (ins.label != kNoLabel) {
      i64 distance = i64(offset[u.labels[ins.label].at]) - at;
      if (ins.op == Op::FOR_ITER) {
        units[at + 1] = u32(i32(distance));
      } else if (widened[i]) {
        instr.op = u8(opposite(ins.op));
        instr.c = 2;
        Instr far{u8(Op::JUMP), 0, 0, 0, 0};
        jump_words(distance - 1, &far);
        put(at + 1, far);
      } else if (has_short_jump(ins.op)) {
        instr.c = u16(distance);
      } else {
        jump_words(distance, &instr);
      }
    } else if (ins.extra != 0) {
      units[at + size - 1] = ins.extra;
    }
    put(at, instr);
    if (ins.pos != last_pos) {
      const Pos& p = u.positions[ins.pos];
      positions.push({at, p.line, p.end_line, p.column, p.end_column});
      last_pos = ins.pos;
    }
    if (ins.region != 0) {
      u32 end = at + size + (widened[i] ? 1 : 0);
      if (ins.region == last_region && !exceptions.empty() && exceptions.back().end == at) {
        exceptions.back().end = end;
      } else {
        const Region& r = u.regions[ins.region];
        exceptions.push({at, end, offset[u.labels[r.handler].at], r.clear_from, r.exc_reg});
      }
    }
    last_region = ins.region;
  }
  Vec<Value> names, variables;
  for (NameId id : u.names) names.push(names_.value(id));
  for (NameId id : u.register_names) variables.push(names_.value(id));
  RefTo<Tuple> variable_names = tuple_from(thread_, variables.data(), variables.size());
  if (variable_names.failed()) return Ref::error();
  CodeSpec spec{};
  spec.instructions = reinterpret_cast<const Instr*>(units.data());
  spec.unit_count = units.size();
  // Two more than are used: a native function called with fewer arguments than it has parameters gets them in place.
  spec.register_count = u16(u.max + 3);
  spec.local_count = u.named_count;
  spec.argument_count = u.argument_count;
  spec.positional_only_count = u.positional_only_count;
  spec.keyword_only_count = u.keyword_only_count;
  spec.flags = u.flags;
  spec.first_line = u.first_line;
  spec.free_first = u.free_first;
  spec.free_count = u.free_count;
  spec.self_attribute_count = u16(std::min<u32>(u.self_attributes.size(), 1000));
  spec.class_cell_register = kNoRegister;
  if (u.in_function()) {
    Symbol* s = u.scope->find(name::k_class_);
    if (s != nullptr && s->binding == Binding::kFree) spec.class_cell_register = s->free_reg;
  }
  spec.constants = u.constants.data();
  spec.constant_count = u32(u.constants.size());
  spec.names = names.data();
  spec.name_count = names.size();
  spec.exceptions = exceptions.data();
  spec.exception_count = exceptions.size();
  spec.positions = positions.data();
  spec.position_count = positions.size();
  spec.variable_kinds = u.register_kinds.data();
  spec.name = names_.value(u.name);
  spec.qualname = u.qualname;
  spec.filename = filename_;
  spec.variable_names = variable_names;
  spec.docstring = u.docstring;
  RefTo<Code> code = make_code(thread_, spec);
  return std::move(code).release_ref();
}

}  // namespace typhon::compiler
