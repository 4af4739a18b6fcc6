// Comparison, identity, membership, and the jumps on a truth. Ints and floats are done in the handler, everything else by
// protocol/compare.cpp.
#include "interpreter/attribute_cache.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/inlined.h"
#include "interpreter/quick_key.h"
#include "interpreter/quick_number.h"
#include "interpreter/quick_test.h"

namespace typhon {

// --- comparisons
namespace {
template <CompareOp kOp, class T>
TYPHON_INLINE bool ordered(T a, T b) {
  switch (kOp) {
    case CompareOp::kLt: return a < b;
    case CompareOp::kLe: return a <= b;
    case CompareOp::kEq: return a == b;
    case CompareOp::kNe: return a != b;
    case CompareOp::kGt: return a > b;
    default: return a >= b;
  }
}

// Comparisons that need no protocol: exact strings, mixed immediates. 1, 0, or -1.
template <CompareOp kOp>
TYPHON_INLINE int quick_compare(Value a, Value b) {
  if (both_ints(a, b)) return ordered<kOp>(i64(a.bits), i64(b.bits));
  double x, y;
  if (as_double(a, &x) && as_double(b, &y)) return ordered<kOp>(x, y);
  if constexpr (kOp == CompareOp::kEq || kOp == CompareOp::kNe) {
    if (is_exact_str(a) && is_exact_str(b)) {
      Str *s = a.as<Str>(), *o = b.as<Str>();
      bool same = s == o;
      // Two different interned strings differ.
      if (!same && !(s->is_interned() && o->is_interned())) same = str_equal(s, o);
      return same == (kOp == CompareOp::kEq);
    }
    if (a.is_none() && b.is_none()) return kOp == CompareOp::kEq;
  }
  return -1;
}

// The same for two immediates that are numbers: 0.0, which is not tagged, and an int with a float.
template <CompareOp kOp>
TYPHON_INLINE int compare_immediates(Value a, Value b) {
  double x, y;
  if (!(a.bits & 7) || !(b.bits & 7) || !as_double(a, &x) || !as_double(b, &y)) return -1;
  return ordered<kOp>(x, y);
}
// Whether one is a text and the other an immediate: such are never equal.
TYPHON_INLINE bool text_and_immediate(Value a, Value b) {
  return (is_exact_str(a) && (b.bits & 7)) || (is_exact_str(b) && (a.bits & 7));
}

template <CompareOp kOp>
TYPHON_NOINLINE bool compare_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->b], b = r[pc->c];
  int quick = quick_compare<kOp>(a, b);
  if (quick >= 0) return finish_dss(r, pc, Ref::boolean(quick));
  return finish_dss(r, pc, compare(t, kOp, a, b));
}
template <CompareOp kOp>
COLD_HANDLER(compare_cold) {
  Value a = r[pc->b], b = r[pc->c];
  int quick = compare_immediates<kOp>(a, b);
  if (quick >= 0) STORE_IMMEDIATE(Value::boolean(quick));
  if constexpr (kOp == CompareOp::kEq || kOp == CompareOp::kNe) {
    if (points_to(a, kShape_str) && points_to(b, kShape_str)) {
      int same = quick_same_text(a.as<Str>(), b.as<Str>());
      if (same >= 0 && drop_sources_quickly(r, pc)) STORE_IMMEDIATE(Value::boolean(bool(same) == (kOp == CompareOp::kEq)));
    }
  }
  STEP(compare_step<kOp>(*t, r, pc), 1);
}

// Whether two exact strings are equal, when that takes no call and nothing dies by dropping what the fused comparison at pc consumes of
// them, which is dropped then: 1, 0; or -1.
TYPHON_INLINE int compare_texts(Value* r, const Instr* pc, Value a, Value b) {
  int same = quick_same_text(a.as<Str>(), b.as<Str>());
  if (same < 0) return -1;
  // Constants are not counted: two tests tell, mostly.
  bool drops_a = (pc->x & kConsumeA) && !a.is_deferred(), drops_b = (pc->x & kConsumeB) && !b.is_deferred();
  // The count of one object would have to suffice for two drops.
  if (drops_a && (!drops_quickly(a) || (drops_b && a.same_word(b)))) return -1;
  if (drops_b && !quick_drop(b)) return -1;
  if (drops_a) (void)quick_drop(a);
  if (pc->x & kConsumeA) r[pc->a] = EMPTY;
  if (pc->x & kConsumeB) r[pc->b] = EMPTY;
  return same;
}

// The fused forms: 1 true, 0 false, -1 raised.
template <CompareOp kOp>
TYPHON_NOINLINE int fused_compare_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value a = r[pc->a], b = r[pc->b];
  int result = quick_compare<kOp>(a, b);
  if (result < 0) {
    Result<bool> outcome = compare_bool(t, kOp, a, b);
    if (outcome.failed()) return -1;
    result = outcome.get();
  }
  consume(r, pc, kConsumeA, pc->a);
  consume(r, pc, kConsumeB, pc->b);
  return result;
}
template <CompareOp kOp, bool kWanted>
COLD_HANDLER(fused_cold) {
  Value a = r[pc->a], b = r[pc->b];
  constexpr bool kEquality = kOp == CompareOp::kEq || kOp == CompareOp::kNe;
  if (kEquality && points_to(a, kShape_str) && points_to(b, kShape_str)) [[likely]] {
    // Strings that need no call: most texts that programs compare with constants.
    if (int same = compare_texts(r, pc, a, b); same >= 0) {
      if ((bool(same) == (kOp == CompareOp::kEq)) == kWanted) NEXT(pc->immediate());
      NEXT(1);
    }
  } else if (!points(a) || !points(b)) {
    int quick = compare_immediates<kOp>(a, b);
    if (kEquality && quick < 0 && text_and_immediate(a, b) && (!(pc->x & kConsumeA) || drops_quickly(a)) &&
        (!(pc->x & kConsumeB) || drops_quickly(b))) {
      quick = kOp == CompareOp::kNe;
      if (pc->x & kConsumeA) {
        (void)quick_drop(a);
        r[pc->a] = EMPTY;
      }
      if (pc->x & kConsumeB) {
        (void)quick_drop(b);
        r[pc->b] = EMPTY;
      }
    }
    if (quick >= 0) {
      if (bool(quick) == kWanted) NEXT(pc->immediate());
      NEXT(1);
    }
  }
  int result = fused_compare_step<kOp>(*t, r, pc);
  if (result < 0) [[unlikely]] TAIL(op_raise);
  if (bool(result) == kWanted) NEXT(pc->immediate());
  NEXT(1);
}
}  // namespace

#define COMPARISON(name, op)                                                              \
  HANDLER(name) {                                                                         \
    Value a = r[pc->b], b = r[pc->c];                                                   \
    if (both_ints(a, b)) [[likely]]                                                       \
      STORE_IMMEDIATE(Value::boolean(ordered<op>(i64(a.bits), i64(b.bits)))); \
    if (both_tagged_floats(a, b))                                                         \
      STORE_IMMEDIATE(Value::boolean(ordered<op>(a.as_tagged_float(), b.as_tagged_float()))); \
    TAIL(compare_cold<op>);                                                               \
  }
COMPARISON(LT, CompareOp::kLt)
COMPARISON(LE, CompareOp::kLe)
COMPARISON(EQ, CompareOp::kEq)
COMPARISON(NE, CompareOp::kNe)
COMPARISON(GT, CompareOp::kGt)
COMPARISON(GE, CompareOp::kGe)

#define FUSED_COMPARISON(name, op, wanted)                                   \
  HANDLER(name) {                                                            \
    Value a = r[pc->a], b = r[pc->b];                                      \
    if (both_ints(a, b)) [[likely]] {                                        \
      if (ordered<op>(i64(a.bits), i64(b.bits)) == (wanted)) NEXT(pc->immediate()); \
      NEXT(1);                                                               \
    }                                                                        \
    if (both_tagged_floats(a, b)) {                                          \
      if (ordered<op>(a.as_tagged_float(), b.as_tagged_float()) == (wanted)) NEXT(pc->immediate()); \
      NEXT(1);                                                               \
    }                                                                        \
    TAIL((fused_cold<op, wanted>));                                          \
  }
FUSED_COMPARISON(JUMP_IF_LT, CompareOp::kLt, true)
FUSED_COMPARISON(JUMP_IF_LE, CompareOp::kLe, true)
FUSED_COMPARISON(JUMP_IF_EQ, CompareOp::kEq, true)
FUSED_COMPARISON(JUMP_IF_NE, CompareOp::kNe, true)
FUSED_COMPARISON(JUMP_IF_GT, CompareOp::kGt, true)
FUSED_COMPARISON(JUMP_IF_GE, CompareOp::kGe, true)
FUSED_COMPARISON(JUMP_UNLESS_LT, CompareOp::kLt, false)
FUSED_COMPARISON(JUMP_UNLESS_LE, CompareOp::kLe, false)
FUSED_COMPARISON(JUMP_UNLESS_EQ, CompareOp::kEq, false)
FUSED_COMPARISON(JUMP_UNLESS_NE, CompareOp::kNe, false)
FUSED_COMPARISON(JUMP_UNLESS_GT, CompareOp::kGt, false)
FUSED_COMPARISON(JUMP_UNLESS_GE, CompareOp::kGe, false)

// --- identity and membership
namespace {
TYPHON_NOINLINE bool is_step(Value* r, Instr* pc, bool wanted) {
  save_pc(r, pc);
  return finish_dss(r, pc, Ref::boolean(is_same(r[pc->b], r[pc->c]) == wanted));
}
// Whether a set has an instance of a subclass of int that hashes as an int does (enumerations, named constants): 1, 0, or -1 when that
// takes a comparison.
TYPHON_NOINLINE int set_has_number(const Set* set, Value item) {
  if (!points(item) || type_of_object(item.object())->slots.hash != types::int_->slots.hash) return -1;
  u64 hash = key_of_hash(int_hash(item));
  item = item.untagged();
  const SetTable* table = set_table::table_of(set);
  for (set_table::Sequence at(table, hash);; at.advance()) {
    const SetEntry& entry = table->entries[at.position];
    Value k = entry.key.peek();
    if (k.is_empty()) return 0;
    if (k.bits == item.bits) return 1;
    if (entry.hash == hash) return -1;
  }
}
TYPHON_NOINLINE bool contains_step(Thread& t, Value* r, Instr* pc, bool wanted) {
  save_pc(r, pc);
  Value container = r[pc->c];
  Result<bool> found = is_exact_set(container) || is_exact_frozenset(container)
                           ? set_contains_py(t, container.as<Set>(), r[pc->b])
                       : is_exact_dict(container) ? dict_contains_py(t, container.as<Dict>(), r[pc->b])
                                                  : contains(t, container, r[pc->b]);
  if (found.failed()) return false;
  return finish_dss(r, pc, Ref::boolean(found.get() == wanted));
}
COLD_HANDLER(is_cold) { STEP(is_step(r, pc, true), 1); }
COLD_HANDLER(is_not_cold) { STEP(is_step(r, pc, false), 1); }
template <bool kWanted>
COLD_HANDLER(contains_cold) {
  Value container = r[pc->c];
  if (is_exact_set(container) || is_exact_frozenset(container)) {
    int found = set_has_number(container.as<Set>(), r[pc->b]);
    if (found >= 0 && drop_sources_quickly(r, pc)) STORE_IMMEDIATE(Value::boolean(bool(found) == kWanted));
  }
  STEP(contains_step(*t, r, pc, kWanted), 1);
}
}  // namespace

namespace {
// Objects on both sides.
template <bool kWanted>
COLD_HANDLER(is_object) {
  Value a = r[pc->b], b = r[pc->c];
  int same = quick_is(a, b);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] {
    if constexpr (kWanted) TAIL(is_cold);
    TAIL(is_not_cold);
  }
  STORE_IMMEDIATE(Value::boolean(bool(same) == kWanted));
}
}  // namespace

// One operand a singleton (None, True...): the words tell, and only the other operand may need a drop.
HANDLER(IS) {
  Value a = r[pc->b], b = r[pc->c];
  if ((b.bits & 7) == 4 && !b.is_float_zero() && !(a.is_object() && (pc->x & kConsumeB))) [[likely]]
    STORE_IMMEDIATE(Value::boolean(a.bits == b.bits));
  TAIL(is_object<true>);
}
HANDLER(IS_NOT) {
  Value a = r[pc->b], b = r[pc->c];
  if ((b.bits & 7) == 4 && !b.is_float_zero() && !(a.is_object() && (pc->x & kConsumeB))) [[likely]]
    STORE_IMMEDIATE(Value::boolean(a.bits != b.bits));
  TAIL(is_object<false>);
}
HANDLER(IS_JUMP) {
  int same = quick_is(r[pc->b], r[pc->c]);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(is_cold);
  JUMP_ON(bool(same));
}
HANDLER(IS_NOT_JUMP) {
  int same = quick_is(r[pc->b], r[pc->c]);
  if (same < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(is_not_cold);
  JUMP_ON(!same);
}
HANDLER(IN) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_cold<true>);
  STORE_IMMEDIATE(Value::boolean(bool(found)));
}
HANDLER(NOT_IN) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_cold<false>);
  STORE_IMMEDIATE(Value::boolean(!found));
}
namespace {
template <bool kWanted>
COLD_HANDLER(contains_jump) {
  Value container = r[pc->c];
  if (points(container) && (quick_shape(container.object()) == kShape_set || quick_shape(container.object()) == kShape_frozenset)) {
    int found = set_has_number(container.as<Set>(), r[pc->b]);
    if (found >= 0 && drop_sources_quickly(r, pc)) JUMP_ON(bool(found) == kWanted);
  }
  TAIL(contains_cold<kWanted>);
}
}  // namespace
HANDLER(IN_JUMP) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_jump<true>);
  JUMP_ON(bool(found));
}
HANDLER(NOT_IN_JUMP) {
  int found = quick_contains(r[pc->c], r[pc->b]);
  if (found < 0 || !drop_sources_quickly(r, pc)) [[unlikely]] TAIL(contains_jump<false>);
  JUMP_ON(!found);
}

// --- truth jumps
namespace {
TYPHON_NOINLINE int truth_jump_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Result<bool> b = is_true(t, r[pc->a]);
  if (b.failed()) return -1;
  consume(r, pc, kConsumeA, pc->a);
  return b.get();
}
template <bool kWanted>
COLD_HANDLER(truth_jump_general) {
  int result = truth_jump_step(*t, r, pc);
  if (result < 0) [[unlikely]] TAIL(op_raise);
  if (bool(result) == kWanted) NEXT(pc->jump());
  NEXT(1);
}
template <bool kWanted>
COLD_HANDLER(truth_jump_cold) {
  Value v = r[pc->a];
  int result = object_truth(v);
  if (result < 0) TAIL(truth_jump_general<kWanted>);
  if (pc->x & kConsumeA) {
    if (!quick_drop(v)) TAIL(truth_jump_general<kWanted>);
    r[pc->a] = EMPTY;
  }
  if (bool(result) == kWanted) NEXT(pc->jump());
  NEXT(1);
}
TYPHON_NOINLINE void consume_a_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  consume(r, pc, kConsumeA, pc->a);
}
template <bool kWanted>
COLD_HANDLER(none_jump_cold) {
  bool none = r[pc->a].is_none();
  consume_a_step(r, pc);
  if (none == kWanted) NEXT(pc->jump());
  NEXT(1);
}
}  // namespace

#define TRUTH_JUMP(name, wanted)                          \
  HANDLER(name) {                                         \
    int truth = quick_truth(r[pc->a]);                   \
    if (truth < 0) [[unlikely]] TAIL(truth_jump_cold<wanted>); \
    if (bool(truth) == (wanted)) NEXT(pc->jump());         \
    NEXT(1);                                              \
  }
TRUTH_JUMP(JUMP_IF_TRUE, true)
TRUTH_JUMP(JUMP_IF_FALSE, false)

#define NONE_JUMP(name, wanted)                                                         \
  HANDLER(name) {                                                                       \
    Value v = r[pc->a];                                                                \
    if ((pc->x & kConsumeA) && needs_drop(v)) [[unlikely]] TAIL(none_jump_cold<wanted>); \
    if (pc->x & kConsumeA) r[pc->a] = EMPTY;                                          \
    if (v.is_none() == (wanted)) NEXT(pc->jump());                                       \
    NEXT(1);                                                                            \
  }
NONE_JUMP(JUMP_IF_NONE, true)
NONE_JUMP(JUMP_IF_NOT_NONE, false)
HANDLER(JUMP_UNLESS_QUANTIFIER) {
  Value callable = r[pc->a];
  BoundFn wanted = pc->x & kInPlace ? g_inlined_builtins.any : g_inlined_builtins.all;
  if (!points_to(callable, kShape_builtin_function) || callable.as<NativeFunction>()->definition->bound != wanted) [[unlikely]]
    NEXT(pc->jump());
  NEXT(1);
}

}  // namespace typhon
