// Pattern matching (PEP 634).
#include "interpreter/dispatch.h"

namespace typhon {
namespace {

Ref match_keys(Thread& t, Value subject, Tuple* keys) {
  if (keys->size == 0) return tuple_of(t);
  // get() with a default: a defaultdict or __missing__ must not make entries.
  bool self_wanted = false;
  Ref get = TRY(get_method(t, subject, names::get, &self_wanted));
  static GlobalRoot missing;
  if (missing.get().is_empty()) missing.set(t, TRY(call(t, Value(types::object))));
  RefTo<Set> seen = TRY(set_new(t));
  RootedVector values(t);
  for (size_t i = 0; i < keys->size; i++) {
    Value key = keys->items[i].peek();
    if (!TRY(set_add_py(t, seen.get(), key)))
      return raise(t, exc::ValueError, "mapping pattern checks duplicate key (%R)", key);
    Ref value = self_wanted ? call_with(t, get.get(), subject, key, missing.get()) : call_with(t, get.get(), key, missing.get());
    if (value.failed()) return value;
    if (value.get().same_word(missing.get())) return Ref::none();
    values.push(std::move(value));
  }
  return tuple_from(t, values.data(), values.size());
}
TYPHON_NOINLINE bool keys_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref values = match_keys(t, r[pc->b], r[pc->c].as<Tuple>());
  if (values.failed()) return false;
  set_register(r, pc->a, std::move(values));
  return true;
}

// One attribute for a class pattern; EMPTY: the subject has none. Each name may be looked at once.
Ref pattern_attribute(Thread& t, Value subject, Value type, Value name, Set* seen) {
  if (!TRY(set_add_py(t, seen, name)))
    return raise(t, exc::TypeError, "%N() got multiple sub-patterns for attribute %R", type.as<Type>(), name);
  RefTo<Str> interned = str_intern(t, name);
  return get_attribute_or_empty(t, subject, interned.get());
}

Ref match_class(Thread& t, Value subject, Value type, u32 positional, Tuple* keywords) {
  if (!is_type(type)) return raise(t, exc::TypeError, "called match pattern must be a class");
  if (!TRY(is_instance(t, subject, type))) return Ref::none();
  RefTo<Set> seen = TRY(set_new(t));
  RootedVector values(t);
  if (positional > 0) {
    Type* cls = type.as<Type>();
    Ref match_args = get_attribute_or_empty(t, type, names::__match_args__);
    if (match_args.failed()) return match_args;
    bool match_self = false;
    u64 allowed;
    if (match_args.is_empty()) {
      match_self = cls->flags & type_flag::kMatchSelf;
      Tuple* mro = cls->mro.as<Tuple>();
      for (size_t i = 0; !match_self && i < mro->size; i++)
        match_self = is_type(mro->items[i].peek()) && (mro->items[i].as<Type>()->flags & type_flag::kMatchSelf);
      allowed = match_self ? 1 : 0;
    } else {
      if (!is_exact_tuple(match_args.get()))
        return raise(t, exc::TypeError, "%N.__match_args__ must be a tuple (got %T)", cls, match_args.get());
      allowed = match_args.as<Tuple>()->size;
    }
    if (allowed < positional)
      return raise(t, exc::TypeError, "%N() accepts %zd positional sub-pattern%s (%zd given)", cls, i64(allowed),
                   allowed == 1 ? "" : "s", i64(positional));
    if (match_self) {
      values.push_copy(subject);
    } else {
      for (u32 i = 0; i < positional; i++) {
        Value name = match_args.as<Tuple>()->items[i].peek();
        if (!is_str(name))
          return raise(t, exc::TypeError, "__match_args__ elements must be strings (got %T)", name);
        Ref v = TRY(pattern_attribute(t, subject, type, name, seen.get()));
        if (v.is_empty()) return Ref::none();
        values.push(std::move(v));
      }
    }
  }
  for (size_t i = 0; i < keywords->size; i++) {
    Ref v = TRY(pattern_attribute(t, subject, type, keywords->items[i].peek(), seen.get()));
    if (v.is_empty()) return Ref::none();
    values.push(std::move(v));
  }
  return tuple_from(t, values.data(), values.size());
}
TYPHON_NOINLINE bool class_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 c = pc->c;
  Ref values = match_class(t, r[pc->b], r[c], u32(unit(pc + 1)), r[c + 1].as<Tuple>());
  drop_registers(r, c, c + 2);
  if (values.failed()) return false;
  set_register(r, pc->a, std::move(values));
  return true;
}
TYPHON_NOINLINE bool length_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Result<i64> n = length(t, r[pc->b]);
  if (n.failed()) return false;
  set_register(r, pc->a, int_from(t, n.get()));
  return true;
}

}  // namespace

// A class has the flag of the first base that has one: it is a sequence or a mapping for patterns, never both.
TYPHON_INLINE Value has_flag(Value v, u32 flag) { return Value::boolean(points(v) && (type_of_object(v.object())->flags & flag)); }
HANDLER(MATCH_SEQUENCE) { SET_AND_NEXT(&r[pc->a], has_flag(r[pc->b], type_flag::kSequence), 1); }
HANDLER(MATCH_MAPPING) { SET_AND_NEXT(&r[pc->a], has_flag(r[pc->b], type_flag::kMapping), 1); }
HANDLER(MATCH_KEYS) { STEP(keys_step(*t, r, pc), 1); }
HANDLER(MATCH_CLASS) { STEP(class_step(*t, r, pc), 2); }
namespace {
COLD_HANDLER(get_length_cold) { STEP(length_step(*t, r, pc), 1); }
}  // namespace
HANDLER(GET_LENGTH) {
  Value v = r[pc->b];
  if (points_to(v, kShape_tuple)) SET_AND_NEXT(&r[pc->a], Value::small_int(i64(v.as<Tuple>()->size)), 1);
  if (points_to(v, kShape_list))
    SET_AND_NEXT(&r[pc->a], Value::small_int(i64(__atomic_load_n(&v.as<List>()->size, __ATOMIC_RELAXED))), 1);
  TAIL(get_length_cold);
}

}  // namespace typhon
