// Names of modules, class bodies and built-in objects.
#include "interpreter/quick_attribute.h"
#include "interpreter/quick_test.h"
#include "objects/global_cells.h"
#include "objects/protocol/services.h"

namespace typhon {
namespace {

// --- globals
TYPHON_INLINE DictTable* table_of(Dict* d) { return __atomic_load_n(&d->table, __ATOMIC_ACQUIRE); }

// The cached value, borrowed, or EMPTY.
TYPHON_INLINE Value cached_global(const Instr* pc) { return global_cells::load(pc + 1); }

void store_unit(Instr* at, u64 word) { __atomic_store_n(reinterpret_cast<u64*>(at), word, __ATOMIC_RELEASE); }

// Looks the name up in globals and builtins. EMPTY: absent.
Ref find_global(Thread& t, const Function* function, Str* name) {
  Value globals = function->globals.peek(), builtins = function_builtins(function);
  if (is_exact_dict(globals) && is_exact_dict(builtins)) [[likely]] {
    Ref found = dict_get_str(t, globals.as<Dict>(), name);
    return found.is_empty() ? dict_get_str(t, builtins.as<Dict>(), name) : std::move(found);
  }
  // Namespaces of subclasses of dict, as exec and eval accept them, and builtins that are any mapping.
  for (Value space : {globals, builtins}) {
    Ref value = get_item(t, space, Value(name));
    if (!value.failed()) return value;
    if (!clear_if(t, exc::KeyError)) return Ref::error();
  }
  return Ref();
}
// The same for the instruction at pc, which gets its cell then.
Ref load_global_slow(Thread& t, Value* r, Instr* pc, Str* name) {
  const Function* function = frame::function(r);
  Ref found = find_global(t, function, name);
  if (!found.failed() && !found.is_empty()) global_cells::fill(t, function, frame::code(r), name, pc + 1);
  return found;
}

// A key of another type may be equal to the name; NameError else.
Ref global_by_other_key(Thread& t, Value* r, Str* name) {
  Ref globals = frame::function(r)->globals.load(), builtins = Ref::copy(function_builtins(frame::function(r)));
  for (const Ref* space : {&globals, &builtins}) {
    if (!is_dict(space->get())) continue;
    Ref value = dict_get_py(t, space->get().as<Dict>(), Value(name));
    if (!value.is_empty()) return value;
  }
  return raise_name_error(t, name);
}

TYPHON_NOINLINE bool load_global_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value cached = cached_global(pc);
  if (!cached.is_empty()) {
    set_register(r, pc->a, acquire(cached));
    return true;
  }
  Str* name = name_operand(r, pc);
  Ref value = load_global_slow(t, r, pc, name);
  if (value.failed()) return false;
  if (value.is_empty()) value = global_by_other_key(t, r, name);
  if (value.failed()) return false;
  set_register(r, pc->a, std::move(value));
  return true;
}
COLD_HANDLER(load_global_cold) { STEP(load_global_step(*t, r, pc), 3); }

Status namespace_store(Thread& t, Value space, Str* name, Value value) {
  if (is_exact_dict(space)) return dict_set_str(t, space.as<Dict>(), name, value);
  return set_item(t, space, Value(name), value);
}
// EMPTY when absent.
Ref namespace_load(Thread& t, Value space, Str* name) {
  if (is_exact_dict(space)) return dict_get_str(t, space.as<Dict>(), name);
  Ref value = get_item(t, space, Value(name));
  if (value.failed() && clear_if(t, exc::KeyError)) return Ref();
  return value;
}
Status namespace_delete(Thread& t, Value space, Str* name) {
  if (is_exact_dict(space)) {
    if (TRY(dict_delete_str(t, space.as<Dict>(), name))) return ok();
    return raise_name_error(t, name);
  }
  Status deleted = delete_item(t, space, Value(name));
  if (deleted.failed() && clear_if(t, exc::KeyError)) return raise_name_error(t, name);
  return deleted;
}

// Stores under a name in a dict through the cache at `at`.
bool store_name_cached(Thread& t, Value* r, Instr* pc, Value space, Value value) {
  Str* name = name_operand(r, pc);
  if (is_exact_dict(space)) {
    Dict* d = space.as<Dict>();
    DictTable* table = table_of(d);
    u64 word = cache::load(pc + 1);
    if (u32(word) == table_id(table) && word != 0) {
      Field& field = table->entries()[word >> 32].value;
      publish_for(d, value);
      Value old = EMPTY;
      bool stored = false;
      {
        ElementLock lock(t, d);
        stored = table_of(d) == table && !field.is_empty();
        if (stored) old = field.exchange(d, value);
      }
      if (stored) {
        Field::release_heap(old);
        return true;
      }
    } else {
      i64 entry = dict_find_entry(table, name);
      if (entry >= 0 && table_id(table)) store_unit(pc + 1, u64(table_id(table)) | u64(entry) << 32);
    }
  }
  return !namespace_store(t, space, name, value).failed();
}

TYPHON_NOINLINE bool store_global_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (!store_name_cached(t, r, pc, frame::function(r)->globals.peek(), r[pc->a])) return false;
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
TYPHON_NOINLINE bool delete_global_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return !namespace_delete(t, frame::function(r)->globals.peek(), name_operand(r, pc)).failed();
}

// --- names of class bodies and modules
TYPHON_NOINLINE bool load_name_step(Thread& t, Value* r, Instr* pc, bool consume_space) {
  save_pc(r, pc);
  Value space = r[pc->b];
  Str* name = name_operand(r, pc);
  bool cached_form = Op(pc->op) == Op::LOAD_NAME;
  Ref value;
  // A module's namespace is its globals: one look-up, through the cache.
  bool same = space.same_word(frame::function(r)->globals.peek());
  if (!same) {
    value = namespace_load(t, space, name);
    if (value.failed()) return false;
  }
  if (value.is_empty()) {
    if (cached_form) {
      Value cached = cached_global(pc);
      value = cached.is_empty() ? load_global_slow(t, r, pc, name) : Ref::copy(cached);
    } else {
      Value globals = frame::function(r)->globals.peek();
      value = namespace_load(t, globals, name);
      if (value.is_empty()) value = namespace_load(t, function_builtins(frame::function(r)), name);
    }
    if (value.is_empty()) value = global_by_other_key(t, r, name);
    if (value.failed()) return false;
  }
  if (consume_space) consume(r, pc, kConsumeB, pc->b);
  set_register(r, pc->a, std::move(value));
  return true;
}
COLD_HANDLER(load_name_cold) { STEP(load_name_step(*t, r, pc, false), 3); }
TYPHON_NOINLINE bool store_name_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (!store_name_cached(t, r, pc, r[pc->b], r[pc->a])) return false;
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
TYPHON_NOINLINE bool delete_name_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return !namespace_delete(t, r[pc->b], name_operand(r, pc)).failed();
}

bool raise_unbound_free(Thread& t, Str* name) {
  (void)raise(t, exc::NameError, "cannot access free variable '%U' where it is not associated with a value in enclosing scope",
              name);
  return false;
}

TYPHON_NOINLINE bool load_name_or_cell_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Str* name = name_operand(r, pc);
  Ref value = namespace_load(t, r[pc->b], name);
  if (value.failed()) return false;
  if (value.is_empty()) value = r[pc->b + 1].as<Cell>()->contents.load();
  if (value.is_empty()) return raise_unbound_free(t, name);
  consume(r, pc, kConsumeB, pc->b);
  set_register(r, pc->a, std::move(value));
  return true;
}

TYPHON_NOINLINE bool load_builtin_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  auto by_name = [&](const char* text) -> Ref {
    Str* name = str_immortal(t, text);
    Ref builtins = Ref::copy(function_builtins(frame::function(r)));
    Ref value = TRY(namespace_load(t, builtins.get(), name));
    if (value.is_empty()) return raise(t, exc::NameError, "%s not found", text);
    return value;
  };
  Ref value;
  switch (BuiltinIndex(pc->immediate())) {
    case BuiltinIndex::kAssertionError: value = Ref::copy(Value(exc::AssertionError)); break;
    case BuiltinIndex::kBuildClass: value = by_name("__build_class__"); break;
    case BuiltinIndex::kNotImplementedError: value = Ref::copy(Value(exc::NotImplementedError)); break;
    case BuiltinIndex::kTupleType: value = Ref::copy(Value(types::tuple)); break;
    case BuiltinIndex::kAll: value = by_name("all"); break;
    case BuiltinIndex::kAny: value = by_name("any"); break;
    case BuiltinIndex::kListType: value = Ref::copy(Value(types::list)); break;
    case BuiltinIndex::kSetType: value = Ref::copy(Value(types::set)); break;
  }
  if (value.failed()) return false;
  set_register(r, pc->a, std::move(value));
  return true;
}

TYPHON_NOINLINE bool setup_annotations_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref present = namespace_load(t, r[pc->a], names::__annotations__);
  if (present.failed()) return false;
  if (!present.is_empty()) return true;
  RefTo<Dict> fresh = dict_new(t);
  return !fresh.failed() && !namespace_store(t, r[pc->a], names::__annotations__, fresh.value()).failed();
}

}  // namespace

HANDLER(LOAD_GLOBAL) {
  Value v = cached_global(pc);
  if (quick_acquire_slot(v, &v)) [[likely]] SET_AND_NEXT(&r[pc->a], v, 3);
  TAIL(load_global_cold);
}
HANDLER(LOAD_GLOBAL_TEMP) {
  Value v = cached_global(pc);
  if (quick_acquire_slot(v, &v)) [[likely]] SET_TEMP_AND_NEXT(&r[pc->a], v, 3);
  TAIL(load_global_cold);
}
namespace {
// The global, which is only borrowed, and the test and the jump behind it. Nothing runs before the jump.
template <bool kWanted>
[[clang::preserve_none]] TYPHON_INLINE u64 load_global_is(HANDLER_PARAMETERS) {
  Value v = cached_global(pc);
  Instr* test = pc + 3;
  Value a = r[test->b];
  bool consumes = test->x & kConsumeB;
  // The global is a heap word, which has no deferred mark. Of numbers in the heap others may be the same.
  u64 difference = a.bits ^ v.bits;
  bool same = (difference & ~Value::kDeferredBit) == 0 && (difference == 0 || (v.bits & 7) == 0);
  if (v.is_empty() || (!same && ((a.bits | v.bits) & 7) == 0 && is_heap_number(reinterpret_cast<Object*>(v.bits))) ||
      (consumes && !quick_drop(a))) [[unlikely]]
    TAIL(op_LOAD_GLOBAL_TEMP);
  if (consumes) r[test->b] = EMPTY;
  pc = test + 1;
  if (same == kWanted) NEXT(pc->jump());
  NEXT(1);
}
}  // namespace
HANDLER(LOAD_GLOBAL_IS) { TAIL(load_global_is<true>); }
HANDLER(LOAD_GLOBAL_IS_NOT) { TAIL(load_global_is<false>); }
namespace {
// A class or an instance.
COLD_HANDLER(load_global_attr_other) {
  Value v = cached_global(pc), found;
  if (!v.is_empty() && points(v)) {
    u64 word = cache::load(pc + 4);
    found = cached_attribute(v, word);
    if (const AttributeRecord* record; found.is_empty() && (record = cached_record(v.object(), word)) != nullptr &&
                                       record->kind == RecordKind::kClassAttribute && record->extra == 0 &&
                                       is_recorded_class(v.object(), record))
      found = record->value;
    if (quick_acquire(found, &found)) SET_AND_NEXT(&r[pc[3].a], found, 5);
  }
  TAIL(op_LOAD_GLOBAL_TEMP);
}
}  // namespace
// A module mostly; what is read of it next is all that is counted.
HANDLER(LOAD_GLOBAL_ATTR) {
  Value v = cached_global(pc);
  if (!v.is_empty() && points(v)) [[likely]] {
    Value found = module_value(v.object(), cache::load(pc + 4));
    if (quick_acquire_slot(found, &found)) [[likely]] SET_AND_NEXT(&r[pc[3].a], found, 5);
  }
  TAIL(load_global_attr_other);
}
HANDLER(LOAD_GLOBAL_METHOD) {
  Value v = cached_global(pc);
  if (!v.is_empty() && points(v)) [[likely]] {
    Value* window = &r[pc[3].a];
    u64 word = cache::load(pc + 4);
    Value found = module_value(v.object(), word);
    if (quick_acquire_slot(found, &found)) [[likely]] {
      window[1] = EMPTY;
      SET_TEMP_AND_NEXT(window, found, 5);
    }
    if (cached_method(v, word, &found) && quick_acquire_slot(v, &v)) {
      window[1] = v;
      SET_TEMP_AND_NEXT(window, found, 5);
    }
  }
  TAIL(op_LOAD_GLOBAL_TEMP);
}
HANDLER(STORE_GLOBAL) { STEP(store_global_step(*t, r, pc), 2); }
HANDLER(DELETE_GLOBAL) { STEP(delete_global_step(*t, r, pc), 1); }
HANDLER(LOAD_NAME) {
  // At module level the namespace is the globals: the cache answers.
  Value* to = &r[pc->a];
  if (r[pc->b].same_word(frame::function(r)->globals.peek()) && !needs_drop(*to)) [[likely]] {
    if (quick_acquire(cached_global(pc), to)) NEXT(3);
  }
  TAIL(load_name_cold);
}
HANDLER(STORE_NAME) { STEP(store_name_step(*t, r, pc), 2); }
HANDLER(DELETE_NAME) { STEP(delete_name_step(*t, r, pc), 1); }
HANDLER(LOAD_NAME_OR_CELL) { STEP(load_name_or_cell_step(*t, r, pc), 1); }
HANDLER(LOAD_NAME_OR_GLOBAL) { STEP(load_name_step(*t, r, pc, true), 1); }
HANDLER(LOAD_LOCALS) { STEP((save_pc(r, pc), set_register(r, pc->a, acquire(r[0])), true), 1); }
HANDLER(LOAD_BUILTIN) { STEP(load_builtin_step(*t, r, pc), 1); }
HANDLER(SETUP_ANNOTATIONS) { STEP(setup_annotations_step(*t, r, pc), 1); }

}  // namespace typhon
