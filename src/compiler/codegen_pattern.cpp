// The match statement.
//
// A pattern reads its subject from a register and jumps to `fail` when it does not match. What it takes apart lies in
// temporaries above the subject, and captured names are only noted: they are stored when the whole pattern has matched.
// Then, and at the label where a case fails, one CLEAR_RANGE empties what is left of the case's temporaries.
#include "compiler/codegen.h"
#include "objects/protocol/protocol.h"

namespace typhon::compiler {

using namespace ast;

namespace {

bool is_wildcard(const Pattern* p) {
  return p->kind == Kind::kMatchAs && as<MatchAs>(p)->pattern == nullptr && as<MatchAs>(p)->name.data() == nullptr;
}
bool is_star(const Pattern* p) { return p->kind == Kind::kMatchStar; }
bool is_star_wildcard(const Pattern* p) { return is_star(p) && as<MatchStar>(p)->name.data() == nullptr; }

u32 count_captures(const Pattern* p) {
  if (p == nullptr) return 0;
  u32 n = 0;
  switch (p->kind) {
    case Kind::kMatchSequence:
      for (const Pattern* q : as<MatchSequence>(p)->patterns) n += count_captures(q);
      return n;
    case Kind::kMatchMapping:
      for (const Pattern* q : as<MatchMapping>(p)->patterns) n += count_captures(q);
      return n + (as<MatchMapping>(p)->rest.data() != nullptr);
    case Kind::kMatchClass:
      for (const Pattern* q : as<MatchClass>(p)->patterns) n += count_captures(q);
      for (const Pattern* q : as<MatchClass>(p)->kwd_patterns) n += count_captures(q);
      return n;
    case Kind::kMatchStar: return as<MatchStar>(p)->name.data() != nullptr;
    case Kind::kMatchAs: return count_captures(as<MatchAs>(p)->pattern) + (as<MatchAs>(p)->name.data() != nullptr);
    case Kind::kMatchOr: return count_captures(as<MatchOr>(p)->patterns[0]);
    default: return 0;
  }
}

}  // namespace

void Codegen::match_statement(const Match* s) {
  u16 mark = u_->top;
  u16 subject = alloc();
  into(s->subject, subject);
  Label end = new_label();
  for (u32 i = 0; i < s->cases.size && !failed(); i++) {
    const MatchCase* c = s->cases[i];
    At at(*this, c->pattern);
    PatternContext pc;
    pc.fail = new_label();
    pc.allow_irrefutable = c->guard != nullptr || i + 1 == s->cases.size;
    u16 base = u_->top;
    pattern(c->pattern, subject, false, pc);
    u16 used = u16(u_->top - base);
    for (const Capture& capture : pc.captures) store_name(capture.name, {capture.reg, capture.owned});
    if (used != 0) emit(Op::CLEAR_RANGE, base, used, 0);
    u_->top = base;
    Label guard_failed = new_label();
    if (c->guard != nullptr) {
      At guard(*this, c->guard);
      jump_if(c->guard, guard_failed, false);
    }
    clear(subject);
    statements(c->body);
    {
      At artificial(*this, Pos{});
      jump(end);
      bind(pc.fail);
      if (used != 0) emit(Op::CLEAR_RANGE, base, used, 0);
      bind(guard_failed);
    }
  }
  {
    At artificial(*this, Pos{});
    clear(subject);
  }
  bind(end);
  u_->top = mark;
}

void Codegen::pattern_capture(std::string_view text, const Pattern* p, u16 subject, bool owned, PatternContext& pc) {
  if (forbidden_name(text, pos_of(p))) return;
  NameId name = mangle(text);
  for (const Capture& c : pc.captures) {
    if (c.name == name) {
      reporter_.error(pos_of(p), "multiple assignments to name '%.*s' in pattern", int(text.size()), text.data());
      return;
    }
    if (c.reg == subject && c.owned) owned = false;
  }
  if (!owned && u_->is_temp(subject)) {
    // The subject stays where it is; the store copies it, unless another name takes the register first.
    for (const Capture& c : pc.captures) {
      if (c.reg != subject || !c.owned) continue;
      u16 copy = alloc();
      move(copy, {subject, false});
      subject = copy;
      owned = true;
      break;
    }
  }
  pc.captures.push({name, subject, owned});
}

void Codegen::pattern(const Pattern* p, u16 subject, bool owned, PatternContext& pc) {
  if (reporter_.deep()) return;
  At at(*this, p);
  switch (p->kind) {
    case Kind::kMatchValue: {
      const Expr* e = as<MatchValue>(p)->value;
      if (e->kind == Kind::kJoinedStr || e->kind == Kind::kTemplateStr)
        return error(p, "patterns may only match literals and attribute lookups");
      u16 mark = u_->top;
      Operand value = operand(e);
      emit(Op::JUMP_UNLESS_EQ, subject, value.reg, 0, value.temp ? kConsumeB : 0, 0, pc.fail);
      u_->top = mark;
      return;
    }
    case Kind::kMatchSingleton: {
      const ConstantValue& v = as<MatchSingleton>(p)->value;
      if (v.type == ConstantValue::Type::kNone) return jump_on(Op::JUMP_IF_NOT_NONE, {subject, false}, pc.fail);
      u16 mark = u_->top;
      u16 t = alloc();
      Ref constant = constant_value(v);
      check(constant);
      if (failed()) return;
      load_const(t, constant);
      emit(Op::IS, t, subject, t, kConsumeC);
      fail_unless(t, pc);
      u_->top = mark;
      return;
    }
    case Kind::kMatchSequence: return pattern_sequence(as<MatchSequence>(p), subject, pc);
    case Kind::kMatchMapping: return pattern_mapping(as<MatchMapping>(p), subject, pc);
    case Kind::kMatchClass: return pattern_class(as<MatchClass>(p), subject, pc);
    case Kind::kMatchStar:
      if (as<MatchStar>(p)->name.data() != nullptr) pattern_capture(as<MatchStar>(p)->name, p, subject, owned, pc);
      return;
    case Kind::kMatchAs: {
      auto* a = as<MatchAs>(p);
      if (a->pattern == nullptr) {
        if (!pc.allow_irrefutable) {
          if (a->name.data() != nullptr) {
            reporter_.error(pos_of(p), "name capture '%.*s' makes remaining patterns unreachable", int(a->name.size()),
                            a->name.data());
          } else {
            error(p, "wildcard makes remaining patterns unreachable");
          }
          return;
        }
      } else {
        // The register is captured by this name as well: an inner capture of it would be the owner.
        pattern(a->pattern, subject, owned, pc);
      }
      if (a->name.data() != nullptr) pattern_capture(a->name, p, subject, owned, pc);
      return;
    }
    case Kind::kMatchOr: return pattern_or(as<MatchOr>(p), subject, pc);
    default: return;
  }
}

void Codegen::pattern_or(const MatchOr* p, u16 subject, PatternContext& pc) {
  u32 n = count_captures(p->patterns[0]);
  u16 canonical = alloc(n);
  Label success = new_label();
  Vec<NameId> names;
  u16 widest = u_->top;
  for (u32 i = 0; i < p->patterns.size && !failed(); i++) {
    u16 base = u_->top;
    PatternContext alternative;
    alternative.fail = new_label();
    alternative.allow_irrefutable = i + 1 == p->patterns.size && pc.allow_irrefutable;
    pattern(p->patterns[i], subject, false, alternative);
    if (i == 0) {
      for (const Capture& c : alternative.captures) names.push(c.name);
    }
    bool same = alternative.captures.size() == names.size();
    for (const Capture& c : alternative.captures) {
      u32 k = 0;
      while (k < names.size() && names[k] != c.name) k++;
      if (k == names.size()) {
        same = false;
        break;
      }
      move(u16(canonical + k), {c.reg, c.owned});
    }
    if (!same) return error(p, "alternative patterns bind different names");
    u16 used = u16(u_->top - base);
    if (used != 0) emit(Op::CLEAR_RANGE, base, used, 0);
    jump(success);
    bind(alternative.fail);
    if (used != 0) emit(Op::CLEAR_RANGE, base, used, 0);
    u_->top = base;
  }
  u_->top = widest;
  jump(pc.fail);
  bind(success);
  for (u32 k = 0; k < names.size(); k++) {
    pattern_capture(names_.text(names[k]), p, u16(canonical + k), true, pc);
  }
}

void Codegen::pattern_sequence(const MatchSequence* p, u16 subject, PatternContext& pc) {
  u32 n = p->patterns.size, star = ~0u;
  bool only_wildcards = true, star_wildcard = false;
  for (u32 i = 0; i < n; i++) {
    const Pattern* q = p->patterns[i];
    if (is_star(q)) {
      if (star != ~0u) return error(p, "multiple starred names in sequence pattern");
      star = i;
      star_wildcard = is_star_wildcard(q);
      only_wildcards &= star_wildcard;
    } else {
      only_wildcards &= is_wildcard(q);
    }
  }
  if (star != ~0u && (star >= 256 || n - star - 1 >= 0x7FFFFF)) {
    return error(p, "too many expressions in star-unpacking sequence pattern");
  }
  u16 mark = u_->top;
  u16 t = alloc(), number = alloc();
  emit(Op::MATCH_SEQUENCE, t, subject, 0);
  fail_unless(t, pc);
  if (star == ~0u || n > 1) {
    emit(Op::GET_LENGTH, t, subject, 0);
    load_const(number, Value::small_int(star == ~0u ? n : n - 1));
    emit(star == ~0u ? Op::JUMP_UNLESS_EQ : Op::JUMP_UNLESS_GE, t, number, 0, kConsumeA | kConsumeB, 0, pc.fail);
  }
  u_->top = mark;
  if (only_wildcards) return;
  bool saved = pc.allow_irrefutable;
  pc.allow_irrefutable = true;
  if (star_wildcard) {
    // Items by index: nothing makes a list of the rest.
    for (u32 i = 0; i < n; i++) {
      const Pattern* q = p->patterns[i];
      if (i == star || is_wildcard(q)) continue;
      u16 item = alloc();
      At at(*this, q);
      if (i < star) {
        load_const(item, Value::small_int(i));
      } else {
        emit(Op::GET_LENGTH, item, subject, 0);
        emit(Op::SUB_INT, item, item, u16(n - i), kConsumeB);
      }
      emit(Op::GET_ITEM, item, subject, item, kConsumeC);
      pattern(q, item, true, pc);
    }
  } else {
    u16 items = alloc(n);
    if (star == ~0u) {
      emit(Op::UNPACK_SEQUENCE, items, subject, u16(n));
    } else {
      emit(Op::UNPACK_EX, items, subject, u16(star), 0, n - star - 1);
    }
    for (u32 i = 0; i < n; i++) {
      if (!is_wildcard(p->patterns[i])) pattern(p->patterns[i], u16(items + i), true, pc);
    }
  }
  pc.allow_irrefutable = saved;
}

void Codegen::pattern_mapping(const MatchMapping* p, u16 subject, PatternContext& pc) {
  u32 n = p->keys.size;
  if (n != p->patterns.size) return error(p, "keys / patterns length mismatch in mapping pattern");
  u16 mark = u_->top;
  {
    u16 t = alloc();
    emit(Op::MATCH_MAPPING, t, subject, 0);
    fail_unless(t, pc);
    u_->top = mark;
  }
  if (n == 0 && p->rest.data() == nullptr) return;
  bool saved = pc.allow_irrefutable;
  pc.allow_irrefutable = true;
  u16 keys = kNoReg;
  if (n != 0) {
    RootedVector seen(thread_);
    for (const Expr* k : p->keys) {
      if (k->kind == Kind::kJoinedStr || k->kind == Kind::kTemplateStr)
        return error(p, "mapping pattern keys may only match literals and attribute lookups");
      Ref value = fold(k);
      check(value);
      if (failed()) return;
      if (value.is_empty()) continue;
      for (size_t i = 0; i < seen.size(); i++) {
        Result<bool> same = equal(thread_, seen[i], value);
        if (same.failed() || !same.get()) continue;
        RefTo<Str> repr = object_repr(thread_, value);
        Utf8Buffer buffer;
        std::string_view text = str_utf8(repr.get(), buffer);
        reporter_.error(pos_of(p), "mapping pattern checks duplicate key (%.*s)", int(text.size()), text.data());
        return;
      }
      seen.push(std::move(value));
    }
    {
      u16 t = alloc(), number = alloc();
      emit(Op::GET_LENGTH, t, subject, 0);
      load_const(number, Value::small_int(n));
      emit(Op::JUMP_UNLESS_GE, t, number, 0, kConsumeA | kConsumeB, 0, pc.fail);
      u_->top = mark;
    }
    keys = alloc();
    if (seen.size() == n) {
      Ref tuple = tuple_from(thread_, seen.data(), n);
      check(tuple);
      if (failed()) return;
      load_const(keys, tuple);
    } else {
      sequence(p->keys, SequenceKind::kTuple, keys);
    }
    u16 items = alloc(n);
    u16 values = alloc();
    emit(Op::MATCH_KEYS, values, subject, keys);
    jump_on(Op::JUMP_IF_NONE, {values, false}, pc.fail);
    emit(Op::UNPACK_SEQUENCE, items, values, u16(n), kConsumeB);
    for (u32 i = 0; i < n; i++) {
      if (!is_wildcard(p->patterns[i])) pattern(p->patterns[i], u16(items + i), true, pc);
    }
  }
  if (p->rest.data() != nullptr) {
    u16 rest = alloc();
    emit(Op::BUILD_MAP, rest, u_->top, 0);
    emit(Op::DICT_UPDATE, rest, subject, 0);
    if (n != 0) {
      u16 first = alloc(n);
      emit(Op::UNPACK_SEQUENCE, first, keys, u16(n), kConsumeB);
      for (u32 i = 0; i < n; i++) emit(Op::DELETE_ITEM, rest, u16(first + i), 0, kConsumeB);
    }
    pattern_capture(p->rest, p, rest, true, pc);
  }
  pc.allow_irrefutable = saved;
}

void Codegen::pattern_class(const MatchClass* p, u16 subject, PatternContext& pc) {
  u32 positional = p->patterns.size, named = p->kwd_attrs.size;
  u32 n = positional + named;
  if (named != p->kwd_patterns.size) return error(p, "kwd_attrs / kwd_patterns length mismatch in class pattern");
  for (u32 i = 0; i < named; i++) {
    std::string_view text = p->kwd_attrs[i];
    if (forbidden_name(text, pos_of(p->kwd_patterns[i]))) return;
    for (u32 k = i + 1; k < named; k++) {
      if (p->kwd_attrs[k] != text) continue;
      reporter_.error(pos_of(p->kwd_patterns[k]), "attribute name repeated in class pattern: %.*s", int(text.size()),
                      text.data());
      return;
    }
  }
  u16 items = alloc(n);
  u16 mark = u_->top;
  u16 attributes = alloc();
  u16 cls = alloc(2);
  {
    u16 saved = u_->top;
    into(p->cls, cls);
    u_->top = saved;
  }
  RootedVector names(thread_);
  for (std::string_view text : p->kwd_attrs) names.push_copy(names_.value(names_.intern(text)));
  Ref tuple = tuple_from(thread_, names.data(), names.size());
  check(tuple);
  if (failed()) return;
  load_const(u16(cls + 1), tuple);
  emit(Op::MATCH_CLASS, attributes, subject, cls, 0, positional);
  jump_on(Op::JUMP_IF_NONE, {attributes, false}, pc.fail);
  if (n == 0) {
    clear(attributes);
  } else {
    emit(Op::UNPACK_SEQUENCE, items, attributes, u16(n), kConsumeB);
  }
  u_->top = mark;
  bool saved = pc.allow_irrefutable;
  pc.allow_irrefutable = true;
  for (u32 i = 0; i < n; i++) {
    const Pattern* q = i < positional ? p->patterns[i] : p->kwd_patterns[i - positional];
    if (!is_wildcard(q)) pattern(q, u16(items + i), true, pc);
  }
  pc.allow_irrefutable = saved;
}

}  // namespace typhon::compiler
