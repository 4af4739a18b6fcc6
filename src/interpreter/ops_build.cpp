// Building containers and strings, items, formatting.
#include "interpreter/blocks.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/quick_key.h"
#include "interpreter/sequence_item.h"
#include "interpreter/unwind.h"
#include "interpreter/intrinsics.h"
#include "objects/container_util.h"
#include "objects/set_table.h"

namespace typhon {
namespace {

// --- items

// The bounds of a slice lie behind each other; bit k of `absent`: number k is None, and not there (BUILD_SLICE).

// Bounds that are ints or None, as slice_unpack_py gives them; false for others.
bool plain_bounds(const Value* words, u32 absent, SliceIndices* s) {
  Value parts[3];
  for (u32 k = 0; k < 3; k++) {
    parts[k] = absent >> k & 1 ? None : words[k];
    if (!parts[k].is_none() && !parts[k].is_small_int()) return false;
  }
  s->step = parts[2].is_none() ? 1 : parts[2].as_small_int();
  bool backwards = s->step < 0;
  s->start = !parts[0].is_none() ? parts[0].as_small_int() : backwards ? INT64_MAX : 0;
  s->stop = !parts[1].is_none() ? parts[1].as_small_int() : backwards ? INT64_MIN : INT64_MAX;
  return s->step != 0;
}
// What such bounds name of n items, with a step of 1 or -1: where they begin, and how many (less than 1: none). False for other bounds.
struct Run {
  i64 start, count, step;
};
TYPHON_INLINE bool plain_run(const Value* words, u32 absent, i64 n, Run* run) {
  i64 low = 0, high = n, start = 0, stop = n;
  run->step = 1;
  if (!(absent & 4) && !words[2].is_none()) {
    if (!words[2].same_word(Value::small_int(-1))) return false;
    low = stop = -1;
    high = start = n - 1;
    run->step = -1;
  }
  auto bound = [&](u32 k, i64* to) {
    if (absent >> k & 1) return true;
    if (!words[k].is_small_int()) return words[k].is_none();
    i64 i = words[k].as_small_int();
    if (i < 0) {
      i += n;
      if (i < low) i = low;
    }
    *to = i < high ? i : high;
    return true;
  };
  if (!bound(0, &start) || !bound(1, &stop)) return false;
  run->start = start;
  run->count = run->step < 0 ? start - stop : stop - start;
  return true;
}
// container[a:b:c] of an exact list, tuple or str with such bounds; EMPTY for anything else.
TYPHON_INLINE Ref plain_slice(Thread& t, Value container, const Value* bounds, u32 absent) {
  if (!points(container)) return Ref();
  u32 shape = quick_shape(container.object());
  u64 n;
  switch (shape) {
    case kShape_list: n = list_size(container.as<List>()); break;
    case kShape_tuple: n = container.as<Tuple>()->size; break;
    case kShape_str: n = container.as<Str>()->length(); break;
    default: return Ref();
  }
  Run run;
  if (!plain_run(bounds, absent, i64(n), &run) || run.step != 1) {
    SliceIndices s{0, 0, 1, 0};
    if (shape == kShape_str || !plain_bounds(bounds, absent, &s)) return Ref();
    return shape == kShape_list ? Ref(list_slice(t, container.as<List>(), &s)) : Ref(tuple_slice(t, container.as<Tuple>(), &s));
  }
  i64 start = run.start;
  u64 count = run.count > 0 ? u64(run.count) : 0;
  if (shape == kShape_str) {
    if (count == 0) return Ref();
    return str_substring(t, container.as<Str>(), size_t(start), size_t(start) + count);
  }
  if (shape == kShape_list) {
    List* list = container.as<List>();
    if (!is_contended(list)) [[likely]] return list_from(t, count == 0 ? nullptr : list->body->items[start].address(), count);
    SliceIndices s{start, start + i64(count), 1, 0};
    return list_slice(t, list, &s);
  }
  if (count == n) return Ref::copy(container);
  return tuple_from(t, container.as<Tuple>()->items[start].address(), count);
}

// Small tuples and lists are made by handlers, in blocks that were freed lately. How the former have their size class: 16 bytes of header,
// two words in each 16 bytes; the storage of the latter has a word more.
constexpr u32 tuple_class(u32 n) { return n / 2 + (n & 1); }
constexpr u32 list_class(u32 n) { return tuple_class(n + 1); }
static_assert(list_class(1) == sizeof(ListBody) / 16 - 1 && sizeof(ListBody) == 32);

// Copies n words, each `step` words behind the last, into slots of a new tuple or list; *seen gets the states of the objects among them.
// False: one of them cannot be counted here, and nothing is done.
TYPHON_INLINE bool copy_slots(Value* to, const Field* from, i64 step, u32 n, u32* seen) {
  for (u32 i = 0; i < n; i++, from += step) {
    Value v = from->peek();
    if (!(v.bits & 7)) {
      Object* object = reinterpret_cast<Object*>(v.bits);
      u8 ownership = object != nullptr ? object->ownership() : u8(0);
      bool counted = (ownership & g_counted_states) && quick_count(object);
      if (!counted && !(ownership & (state::kDeferred | state::kImmortal))) [[unlikely]] {
        while (i-- > 0) (void)quick_drop(to[i]);  // what was counted so far
        return false;
      }
      *seen |= ownership;
    }
    to[i] = v;
  }
  return true;
}
// container[a:b:c], owned, of a list that nobody else looks at or a tuple, with bounds of plain_run; EMPTY: not done.
TYPHON_INLINE Value quick_slice(Thread* t, Object* container, const Value* bounds, u32 absent) {
  constexpr i64 kMostSliced = 60;
  static_assert(list_class(kMostSliced) < kQuickClasses);
  u32 shape = quick_shape(container), seen = 0;
  bool is_list = shape == kShape_list;
  if (!is_list && shape != kShape_tuple) return EMPTY;
  if (is_list && is_contended(container)) return EMPTY;
  i64 n = is_list ? i64(static_cast<List*>(container)->size) : i64(static_cast<Tuple*>(container)->size);
  Run run;
  if (!plain_run(bounds, absent, n, &run) || run.count > kMostSliced) return EMPTY;
  u32 count = u32(run.count);
  if (!is_list) {
    if (run.count <= 0 || (run.count == n && run.step == 1)) {
      Value same = run.count <= 0 ? Value(empty_tuple()) : Value(container);
      return quick_acquire(same, &same) ? same : EMPTY;
    }
    u32 size_class = tuple_class(count);
    auto* tuple = static_cast<Tuple*>(free_object(t, size_class));
    const Field* from = static_cast<Tuple*>(container)->items + run.start;
    if (tuple == nullptr || !copy_slots(tuple->items[0].address(), from, run.step, count, &seen)) [[unlikely]] return EMPTY;
    take_object(t, size_class, tuple, kShape_tuple, seen & state::kTracked, count);
    return Value(tuple);
  }
  constexpr u32 kListClass = sizeof(List) / 16 - 1;
  u32 size_class = list_class(count);
  auto* list = static_cast<List*>(free_object(t, kListClass));
  if (list == nullptr || run.count <= 0) [[unlikely]] return EMPTY;
  void* block = size_class == kListClass ? heap::link_of(list) : free_object(t, size_class);
  auto* body = static_cast<ListBody*>(block);
  const Field* from = static_cast<List*>(container)->body->items + run.start;
  if (body == nullptr || !copy_slots(body->items[0].address(), from, run.step, count, &seen)) [[unlikely]] return EMPTY;
  take_object(t, kListClass, list, kShape_list, true);
  take_body(t, size_class, body, list);
  body->capacity = count + !(count & 1);  // what the block has room for
  if (!(count & 1)) *body->items[count].address() = EMPTY;
  list->size = count;
  list->body = body;
  return Value(list);
}

TYPHON_NOINLINE bool get_item_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value container = r[pc->b], key = r[pc->c];
  if (container.is_object()) [[likely]] {
    switch (container.object()->shape_id()) {
      case kShape_list:
        if (key.is_small_int()) {
          Value v = list_item(container.as<List>(), key.as_small_int());
          if (!v.is_empty()) return finish_dss(r, pc, Ref::copy(v));
        }
        break;
      case kShape_tuple:
        if (key.is_small_int()) {
          Tuple* tuple = container.as<Tuple>();
          i64 i = key.as_small_int();
          if (i < 0) i += i64(tuple->size);
          if (u64(i) < tuple->size) return finish_dss(r, pc, tuple->items[i].load());
        }
        break;
      case kShape_dict: {
        Dict* dict = container.as<Dict>();
        Ref v = is_exact_str(key) && __atomic_load_n(&dict->table, __ATOMIC_ACQUIRE)->all_str ? dict_get_str(t, dict, key.as<Str>()) : dict_get_py(t, dict, key);
        if (v.is_empty()) {
          (void)raise_key_error(t, r[pc->c]);
          return false;
        }
        return finish_dss(r, pc, std::move(v));
      }
      default: break;
    }
  }
  return finish_dss(r, pc, get_item(t, container, key));
}
COLD_HANDLER(get_item_general) { STEP(get_item_step(*t, r, pc), 2); }
// A slice that is a constant, or a variable.
TYPHON_NOINLINE bool get_item_slice_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Slice* slice = r[pc->c].as<Slice>();
  Ref result = plain_slice(t, r[pc->b], slice->start.address(), 0);
  if (result.is_empty()) return get_item_step(t, r, pc);
  return finish_dss(r, pc, std::move(result));
}
COLD_HANDLER(get_item_slice) {
  Slice* slice = r[pc->c].as<Slice>();
  if (sources_drop_quickly(r, pc)) {
    Value made = quick_slice(t, r[pc->b].object(), slice->start.address(), 0);
    if (!made.is_empty()) {
      drop_sources(r, pc);
      SET_AND_NEXT(&r[pc->a], made, 2);
    }
  }
  STEP(get_item_slice_step(*t, r, pc), 2);
}
// A character that is one of the strings kept for good.
COLD_HANDLER(get_item_str) {
  Str* s = r[pc->b].as<Str>();
  i64 i = r[pc->c].as_small_int();
  u64 n = s->length();
  if (i < 0) i += i64(n);
  if (u64(i) >= n) [[unlikely]] TAIL(get_item_general);
  u32 c = s->kind() == 0 ? s->data<u8>()[i] : s->at(size_t(i));
  if (c >= 256) [[unlikely]] TAIL(get_item_general);
  Value v = str_of_latin1(u8(c));
  FINISH_LOAD(v, get_item_general);
}
COLD_HANDLER(get_item_bytes) {
  Bytes* bytes = r[pc->b].as<Bytes>();
  i64 i = r[pc->c].as_small_int();
  if (i < 0) i += i64(bytes->size);
  if (u64(i) >= bytes->size) [[unlikely]] TAIL(get_item_general);
  FINISH_LOAD(Value::small_int(bytes->data[i]), get_item_general);
}
// Where an element of a bytearray lies that may be accessed without its lock; null when it may not, or is none. No safepoint until
// the access.
TYPHON_INLINE u8* unlocked_byte(ByteArray* bytes, i64 i) {
  if (g_multi_threaded && !bytes->is_local() && !is_settled(bytes)) return nullptr;
  u64 size = __atomic_load_n(&bytes->size, __ATOMIC_RELAXED);
  if (i < 0) i += i64(size);
  return u64(i) < size ? bytes->data + i : nullptr;
}
COLD_HANDLER(get_item_bytearray) {
  u8* place = unlocked_byte(r[pc->b].as<ByteArray>(), r[pc->c].as_small_int());
  if (place == nullptr) [[unlikely]] TAIL(get_item_general);
  FINISH_LOAD(Value::small_int(__atomic_load_n(place, __ATOMIC_RELAXED)), get_item_general);
}
COLD_HANDLER(get_item_dict) {
  Value found;
  if (!quick_dict_value(r[pc->b].as<Dict>(), r[pc->c], &found) || !sources_drop_quickly(r, pc) || !quick_acquire_slot(found, &found))
    TAIL(get_item_general);
  drop_sources(r, pc);
  SET_AND_NEXT(&r[pc->a], found, 2);
}
// The __getitem__ of a class.
COLD_HANDLER(get_item_method) {
  Value method = type_special(type_of_object(r[pc->b].object()), Special::kGetItem);
  if (!enters_special(t, r, method, 2)) TAIL(get_item_general);
  Value* callee = frame_stack_end(*t, r) + kFrameHeader + 1;
  callee[-1] = acquire(method);
  callee[0] = take_operand(r, pc, kConsumeB, pc->b);
  callee[1] = take_operand(r, pc, kConsumeC, pc->c);
  Instr* first = enter_code(t, r, pc, callee, callee[-1].as<Function>()->code.as<Code>(), 2, call_info(resume_after(2), pc->a));
  ENTER(callee, first);
}
// The index is behind the end, mostly in a __getitem__ that a loop calls: then that is all there is to say.
COLD_HANDLER(get_item_behind) {
  if ((frame::info(r).flags & frame_flag::kAll) == frame_flag::kOperator) {
    save_pc(r, pc);
    if (Instr* next = end_sequence_early(*t)) {
      r = t->frame;
      pc = next;
      NEXT_RELOAD(0);
    }
  }
  TAIL(get_item_general);
}
COLD_HANDLER(get_item_cold) {
  Value container = r[pc->b];
  if (!points(container)) [[unlikely]] TAIL(get_item_general);
  u32 shape = container.object()->shape_id();
  if (r[pc->c].is_small_int()) {
    if (shape == kShape_str) TAIL(get_item_str);
    if (shape == kShape_bytearray) TAIL(get_item_bytearray);
    if (shape == kShape_bytes) TAIL(get_item_bytes);
    if (shape == kShape_list || shape == kShape_tuple) TAIL(get_item_behind);
  }
  if (shape == kShape_dict) TAIL(get_item_dict);
  if (shape >= kFirstDynamicShape) TAIL(get_item_method);
  if (is_exact(r[pc->c], kShape_slice)) TAIL(get_item_slice);
  TAIL(get_item_general);
}

TYPHON_NOINLINE bool set_item_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value container = r[pc->a], key = r[pc->b], value = r[pc->c];
  Status stored = is_exact_dict(container) ? dict_set_py(t, container.as<Dict>(), key, value)
                                           : set_item(t, container, key, value);
  if (stored.failed()) return false;
  consume(r, pc, kConsumeC, pc->c);
  consume(r, pc, kConsumeB, pc->b);
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
COLD_HANDLER(set_item_general) { STEP(set_item_step(*t, r, pc), 2); }
// Of a dict that no other thread uses.
COLD_HANDLER(set_item_dict) {
  Value container = r[pc->a], key = r[pc->b], value = r[pc->c], stored;
  bool key_moved = pc->x & kConsumeB, value_moved = pc->x & kConsumeC;
  Dict* dict = container.as<Dict>();
  if (is_contended(dict) || ((pc->x & kConsumeA) && !drops_quickly(container))) TAIL(set_item_general);
  QuickSearch search;
  DictEntry* entry = quick_find(dict->table, key, &search);
  if (entry == nullptr) {
    if (!search.is_absent() || !quick_append_entry(dict, search, key, key_moved, value, value_moved)) TAIL(set_item_general);
    if (value_moved) r[pc->c] = EMPTY;
    if (key_moved) r[pc->b] = EMPTY;
    if (pc->x & kConsumeA) {
      (void)quick_drop(container);
      r[pc->a] = EMPTY;
    }
    NEXT(2);
  }
  Value* to = entry->value.address();
  if ((key_moved && !drops_quickly(key)) || to->is_empty() || !quick_heap_word(value, value_moved, dict, &stored)) TAIL(set_item_general);
  if (value_moved) r[pc->c] = EMPTY;
  if (key_moved) {
    (void)quick_drop(key);
    r[pc->b] = EMPTY;
  }
  if (pc->x & kConsumeA) {
    (void)quick_drop(container);
    r[pc->a] = EMPTY;
  }
  SET_AND_NEXT(to, stored, 2);
}
COLD_HANDLER(set_item_cold) {
  Value container = r[pc->a], value = r[pc->c];
  if (is_exact_dict(container)) TAIL(set_item_dict);
  if (is_exact(container, kShape_bytearray) && r[pc->b].is_small_int() && value.is_small_int() && u64(value.as_small_int()) < 256 &&
      !(pc->x & kConsumeA)) {
    if (u8* place = unlocked_byte(container.as<ByteArray>(), r[pc->b].as_small_int())) {
      __atomic_store_n(place, u8(value.as_small_int()), __ATOMIC_RELAXED);
      NEXT(2);
    }
  }
  TAIL(set_item_general);
}

TYPHON_NOINLINE bool delete_item_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (delete_item(t, r[pc->a], r[pc->b]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
TYPHON_NOINLINE bool slice_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 b = pc->b;
  auto part = [&](u32 k) { return pc->c >> k & 1 ? None : r[b + k]; };
  RefTo<Slice> slice = slice_new(t, part(0), part(1), part(2));
  drop_registers(r, b, b + 3);
  if (slice.failed()) return false;
  set_register(r, pc->a, slice.take());
  return true;
}

// sequence[a:b:c] of a built-in sequence, by the GET_ITEM behind the BUILD_SLICE at `pc`, without a slice object. 1 done, -1 raised, 0:
// not that.
TYPHON_NOINLINE int get_slice_step(Thread& t, Value* r, Instr* pc) {
  Instr* get = pc + 1;
  save_pc(r, get);
  Ref result = plain_slice(t, r[get->b], r + pc->b, pc->c);
  if (result.is_empty()) return 0;
  if (result.failed()) return -1;
  consume(r, get, kConsumeB, get->b);
  set_register(r, get->a, std::move(result));
  return 1;
}

// --- containers. The range's words are moved into the container.
TYPHON_NOINLINE bool tuple_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<Tuple> made = pc->c ? tuple_take(t, r + pc->b, pc->c) : tuple_of(t);
  if (made.failed()) return false;
  set_register(r, pc->a, made.take());
  return true;
}
// (a, b) + tuple or tuple + (a, b), by the ADD behind the BUILD_TUPLE at `pc`: one tuple instead of two. 1 done, -1 raised, 0: not that.
TYPHON_NOINLINE int joined_tuple_step(Thread& t, Value* r, Instr* pc) {
  Instr* add = pc + 1;
  bool first = add->b == pc->a && (add->x & kConsumeB);
  if (!first && !(add->c == pc->a && (add->x & kConsumeC))) return 0;
  Value other = r[first ? add->c : add->b];
  if (!is_exact_tuple(other) || pc->c == 0) return 0;
  save_pc(r, add);
  Ref made = tuple_extended(t, other, r + pc->b, pc->c, first);
  if (made.failed()) return -1;
  if (first)
    consume(r, add, kConsumeC, add->c);
  else
    consume(r, add, kConsumeB, add->b);
  set_register(r, add->a, std::move(made));
  return 1;
}
TYPHON_NOINLINE bool list_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<List> made = pc->c ? list_take(t, r + pc->b, pc->c) : list_new(t);
  if (made.failed()) return false;
  set_register(r, pc->a, made.take());
  return true;
}
TYPHON_NOINLINE bool set_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<Set> made = set_new(t);
  if (made.failed()) return false;
  // Where it would be made larger on the way: as large as a copy of it would be.
  if (pc->c >= 5 && set_table::resize(t, made.get(), made->table, u64(pc->c) * 2).failed()) return false;
  for (u32 i = 0; i < pc->c; i++)
    if (set_add_py(t, made.get(), r[pc->b + i]).failed()) return false;
  drop_registers(r, pc->b, pc->b + pc->c);
  set_register(r, pc->a, made.take());
  return true;
}
TYPHON_NOINLINE bool map_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<Dict> made = dict_new(t, pc->c);
  if (made.failed()) return false;
  for (u32 i = 0; i < pc->c; i++)
    if (dict_set_py(t, made.get(), r[pc->b + 2 * i], r[pc->b + 2 * i + 1]).failed()) return false;
  drop_registers(r, pc->b, pc->b + 2 * pc->c);
  set_register(r, pc->a, made.take());
  return true;
}
TYPHON_NOINLINE bool string_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<Str> made = str_join(t, empty_str(), r + pc->b, pc->c);
  drop_registers(r, pc->b, pc->b + pc->c);
  if (made.failed()) return false;
  set_register(r, pc->a, made.take());
  return true;
}

TYPHON_NOINLINE bool list_append_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return !list_append(t, r[pc->a].as<List>(), Ref::adopt(take_operand(r, pc, kConsumeB, pc->b))).failed();
}
COLD_HANDLER(list_append_cold) { STEP(list_append_step(*t, r, pc), 1); }
TYPHON_NOINLINE bool set_add_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (!is_set(r[pc->a])) {  // __conditional_annotations__ is a variable that programs can bind
    (void)raise(t, exc::TypeError, "'%T' object is not a set", r[pc->a]);
    return false;
  }
  if (set_add_py(t, r[pc->a].as<Set>(), r[pc->b]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  return true;
}
TYPHON_NOINLINE bool map_add_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (dict_set_py(t, r[pc->a].as<Dict>(), r[pc->b], r[pc->c]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  consume(r, pc, kConsumeC, pc->c);
  return true;
}
// The first item of a set that nobody else looks at: its table in a block that was freed lately.
TYPHON_INLINE bool quick_first_table(Thread* t, Set* set) {
  constexpr u32 kSizeClass = u32(set_table::kFirstBytes - 1) / 16;
  if (set->table != set_table::g_empty) return false;
  auto* table = reinterpret_cast<SetTable*>(free_object(t, kSizeClass));
  if (table == nullptr) return false;
  std::memset(static_cast<void*>(table->entries), 0, set_table::kMinSize * sizeof(SetEntry));
  take_body(t, kSizeClass, table, set);
  table->mask = set_table::kMinSize - 1;
  table->fill = 0;
  set_table::install(set, table);
  return true;
}
COLD_HANDLER(set_add_cold) {
  Value set = r[pc->a];
  if (points_to(set, kShape_set) && !is_contended(set.object()) && quick_first_table(t, set.as<Set>())) TAIL(op_SET_ADD);
  STEP(set_add_step(*t, r, pc), 1);
}
COLD_HANDLER(map_add_cold) { STEP(map_add_step(*t, r, pc), 1); }
bool iterable(Value v) { return type_of(v)->slots.iter != nullptr || is_sequence(v); }
// "module.f()" as messages about calls name a callable.
RefTo<Str> callable_text(Thread& t, Value callable) {
  Ref qualname = get_attribute_or_empty(t, callable, names::__qualname__);
  if (qualname.failed()) return Raised{};
  if (!is_str(qualname.get())) return object_str(t, callable);
  Ref module = get_attribute_or_empty(t, callable, names::__module__);
  if (module.failed()) return Raised{};
  if (is_str(module.get()) && !module.as<Str>()->equals_ascii("builtins"))
    return str_format(t, "%U.%U()", module.as<Str>(), qualname.as<Str>());
  return str_format(t, "%U()", qualname.as<Str>());
}

// `callable`: of f(*source), else EMPTY.
Raised raise_not_iterable(Thread& t, Value source, Value callable) {
  if (callable.is_empty()) return raise(t, exc::TypeError, "Value after * must be an iterable, not %T", source);
  RefTo<Str> text = callable_text(t, callable);
  if (text.failed()) return Raised{};
  return raise(t, exc::TypeError, "%U argument after * must be an iterable, not %T", text.get(), source);
}
TYPHON_NOINLINE bool list_extend_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value source = r[pc->b];
  if (!is_exact_list(source) && !is_exact_tuple(source) && !iterable(source)) {
    (void)raise_not_iterable(t, source, pc->c != 0 ? r[pc->a - 1] : EMPTY);
    return false;
  }
  if (list_extend_py(t, r[pc->a].as<List>(), source).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  return true;
}
TYPHON_NOINLINE bool set_update_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (set_update_py(t, r[pc->a].as<Set>(), r[pc->b]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  return true;
}

// Whether ** can spread it: a dict, or something with keys().
bool spreadable(Value v) { return is_dict(v) || !type_lookup(type_of(v), names::keys).is_empty(); }
TYPHON_NOINLINE bool dict_update_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value source = r[pc->b];
  if (!spreadable(source)) {
    (void)raise(t, exc::TypeError, "'%T' object is not a mapping", source);
    return false;
  }
  if (dict_update_py(t, r[pc->a].as<Dict>(), source).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  return true;
}

Status add_keyword(Thread& t, Dict* into, Value key, Value value, Value callable) {
  if (!TRY(dict_contains_py(t, into, key))) return dict_set_py(t, into, key, value);
  RefTo<Str> text = TRY(callable_text(t, callable));
  if (!is_str(key)) return raise(t, exc::TypeError, "keywords must be strings");
  return raise(t, exc::TypeError, "%U got multiple values for keyword argument '%S'", text.get(), key);
}

Status merge_keywords(Thread& t, Dict* into, Value source, Value callable) {
  if (!spreadable(source)) {
    RefTo<Str> text = TRY(callable_text(t, callable));
    return raise(t, exc::TypeError, "%U argument after ** must be a mapping, not %T", text.get(), source);
  }
  if (!is_exact_dict(source)) {
    // keys() may name one twice.
    Ref keys = TRY(call_method_with(t, source, names::keys)), iterator = TRY(get_iter(t, keys));
    while (true) {
      Ref key = TRY(iter_next(t, iterator));
      if (key.is_empty()) return ok();
      Ref value = TRY(get_item(t, source, key));
      TRY(add_keyword(t, into, key, value, callable));
    }
  }
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, source.as<Dict>(), &position, &key, &value)) TRY(add_keyword(t, into, key, value, callable));
  return ok();
}
// A Python function takes the items out of the mapping before anything else runs: it needs no copy of its own.
bool spreads_at_once(Value callable) {
  return is_exact_function(callable) ||
         (is_exact_method(callable) && is_exact_function(callable.as<BoundMethod>()->function.peek()));
}
TYPHON_NOINLINE bool dict_merge_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (Op(pc[1].op) == Op::CALL_EX && is_exact_dict(r[pc->b]) && dict_size(r[pc->a].as<Dict>()) == 0 &&
      r[pc->b].object()->is_local() && spreads_at_once(r[pc->c])) {
    set_register(r, pc->a, take_operand(r, pc, kConsumeB, pc->b));
    return true;
  }
  if (merge_keywords(t, r[pc->a].as<Dict>(), r[pc->b], r[pc->c]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  return true;
}
TYPHON_NOINLINE bool list_to_tuple_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value source = r[pc->b];
  if (pc->c == 0 || is_exact_list(source)) return finish_ds(r, pc, list_to_tuple(t, source.as<List>()));
  if (is_exact_tuple(source)) return finish_ds(r, pc, Ref::copy(source));
  if (!iterable(source)) {
    (void)raise_not_iterable(t, source, r[pc->a - 1]);
    return false;
  }
  return finish_ds(r, pc, to_tuple(t, source));
}

// --- formatting
TYPHON_NOINLINE bool format_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = r[pc->b];
  if (is_exact_str(v)) return finish_ds(r, pc, Ref::copy(v));
  return finish_ds(r, pc, object_format(t, v, EMPTY));
}
TYPHON_NOINLINE bool format_spec_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return finish_dss(r, pc, object_format(t, r[pc->b], r[pc->c]));
}
TYPHON_NOINLINE bool convert_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = r[pc->b];
  switch (pc->immediate()) {
    case 1: return finish_ds(r, pc, object_str(t, v));
    case 2: return finish_ds(r, pc, object_repr(t, v));
    default: return finish_ds(r, pc, object_ascii(t, v));
  }
}
TYPHON_NOINLINE bool interpolation_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 b = pc->b;
  Ref conversion = Ref::none();
  if (pc->immediate() > 0) conversion = str_from_char(t, u32("sra"[pc->immediate() - 1]));
  Value spec = r[b + 2].is_empty() ? Value(empty_str()) : r[b + 2];
  Ref made = g_template_hooks.interpolation(t, r[b], r[b + 1], conversion.get(), spec);
  drop_registers(r, b, b + 3);
  if (made.failed()) return false;
  set_register(r, pc->a, std::move(made));
  return true;
}
TYPHON_NOINLINE bool template_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return finish_dss(r, pc, g_template_hooks.template_(t, r[pc->b], r[pc->c]));
}

}  // namespace

HANDLER(GET_ITEM) {
  Value v = sequence_item(r[pc->b], r[pc->c]);
  if (quick_acquire_slot(v, &v)) [[likely]] FINISH_LOAD(v, get_item_cold);
  TAIL(get_item_cold);
}
HANDLER(GET_ITEM_TEMP) {
  Value v = sequence_item(r[pc->b], r[pc->c]);
  if (quick_acquire_slot(v, &v)) [[likely]] SET_TEMP_AND_CARRY(&r[pc->a], v, 2);
  TAIL(get_item_cold);
}
HANDLER(GET_ITEM_AT) {
  Value v = sequence_item(r[pc->b], i64(unit(pc + 1)));
  if (quick_acquire_slot(v, &v)) [[likely]] SET_TEMP_AND_CARRY(&r[pc->a], v, 2);
  TAIL(get_item_cold);
}
namespace {
// SET_ITEM of the index `carried`, an int, in a container that is kept.
[[clang::preserve_none]] TYPHON_INLINE u64 set_item_at(HANDLER_PARAMETERS) {
  Value container = r[pc->a], value = r[pc->c];
  if (!points_to(container, kShape_list)) [[unlikely]] TAIL(set_item_cold);
  List* list = container.as<List>();
  if ((!list->is_local() && g_multi_threaded) || carried >= list->size) [[unlikely]] TAIL(set_item_cold);
  if (!(value.bits & 7)) {
    if (!quick_heap_word(value, pc->x & kConsumeC, list, &value)) [[unlikely]] TAIL(set_item_cold);
    if (pc->x & kConsumeC) r[pc->c] = EMPTY;
  }
  SET_AND_NEXT(list->body->items[carried].address(), value, 2);
}
}  // namespace
HANDLER(SET_ITEM_AT) { TAIL_CARRYING(set_item_at, unit(pc + 1)); }
HANDLER(SET_ITEM) {
  Value container = r[pc->a], key = r[pc->b];
  if (!key.is_small_int()) [[unlikely]] TAIL(set_item_cold);
  u64 i = u64(key.as_small_int());
  if (!(pc->x & kConsumeA)) TAIL_CARRYING(set_item_at, i);
  // A container that is a temporary lies in some attribute as well, mostly: its drop is a count.
  if (!points_to(container, kShape_list) || !drops_quickly(container)) [[unlikely]] TAIL(set_item_cold);
  List* list = container.as<List>();
  Value value = r[pc->c];
  if ((!list->is_local() && g_multi_threaded) || i >= list->size) [[unlikely]] TAIL(set_item_cold);
  if (!(value.bits & 7)) {
    if (!quick_heap_word(value, pc->x & kConsumeC, list, &value)) [[unlikely]] TAIL(set_item_cold);
    if (pc->x & kConsumeC) r[pc->c] = EMPTY;
  }
  (void)quick_drop(container);
  r[pc->a] = EMPTY;
  SET_AND_NEXT(list->body->items[i].address(), value, 2);
}
HANDLER(DELETE_ITEM) { STEP(delete_item_step(*t, r, pc), 1); }
HANDLER(BUILD_SLICE) { STEP(slice_step(*t, r, pc), 1); }
namespace {
COLD_HANDLER(get_slice_general) {
  int outcome = get_slice_step(*t, r, pc);
  if (outcome > 0) [[likely]] NEXT_RELOAD(3);
  if (outcome == 0) TAIL(op_BUILD_SLICE);
  pc++;
  TAIL(op_raise);
}
}  // namespace
HANDLER(BUILD_SLICE_GET) {
  const Instr* get = pc + 1;
  Value container = r[get->b];
  bool consumed = get->x & kConsumeB;
  if (!points(container) || (consumed && !drops_quickly(container))) [[unlikely]] TAIL(get_slice_general);
  Value made = quick_slice(t, container.object(), r + pc->b, pc->c);
  if (made.is_empty()) [[unlikely]] TAIL(get_slice_general);
  pc++;
  if (consumed) {
    (void)quick_drop(container);
    r[pc->b] = EMPTY;
  }
  SET_AND_NEXT(&r[pc->a], made, 2);
}
// sequence[a:b] = items of a local list, as many items as there are, out of a list that dies by that. The two lists exchange their
// words, so that nothing is counted.
HANDLER(BUILD_SLICE_SET) {
  const Instr* set = pc + 1;
  Value container = r[set->a], value = r[set->c];
  if (!points_to(container, kShape_list) || !points_to(value, kShape_list) || !is_sole_owner(value) ||
      (set->x & (kConsumeA | kConsumeC)) != kConsumeC) [[unlikely]]
    TAIL(op_BUILD_SLICE);
  List *to = container.as<List>(), *from = value.as<List>();
  Run run;
  if (!to->is_local() || !plain_run(r + pc->b, pc->c, i64(to->size), &run) || run.step != 1 || run.count <= 0 ||
      u64(run.count) != from->size) [[unlikely]]
    TAIL(op_BUILD_SLICE);
  Value *there = to->body->items[run.start].address(), *here = from->body->items[0].address();
  for (Value* end = there + run.count; there != end; there++, here++) {
    std::swap(*there, *here);
    asm("" : "+r"(there));  // a short loop
  }
  pc++;
  r[pc->c] = EMPTY;
  DROP_AND_NEXT(value, 2);
}
namespace {
COLD_HANDLER(build_tuple_cold) { STEP(tuple_step(*t, r, pc), 1); }
COLD_HANDLER(build_joined_tuple_general) {
  int outcome = joined_tuple_step(*t, r, pc);
  if (outcome > 0) [[likely]] NEXT_RELOAD(2);
  if (outcome == 0) TAIL(build_tuple_cold);
  pc++;
  TAIL(op_raise);
}

// Tuples up to this size are made of operands by handlers.
constexpr u32 kMostItems = 14;

// Moves operands into slots of a new tuple; *seen gets the states of the objects among them. False: one of them is to be counted, and
// nothing is done that matters.
TYPHON_INLINE bool move_operands(Value* to, const Value* from, u32 n, u32* seen) {
  for (u32 i = 0; i < n; i++) {
    Value v = from[i];
    if (!(v.bits & 7)) {
      u8 ownership = v.object()->ownership();
      if (v.is_deferred() && !(ownership & (state::kDeferred | state::kImmortal))) [[unlikely]] return false;
      *seen |= ownership;
      v = Value(v.object());
    }
    to[i] = v;
  }
  return true;
}
TYPHON_INLINE void forget_operands(Value* from, u32 n) {
  for (u32 i = 0; i < n; i++) {
    from[i] = EMPTY;
    asm("" : "+r"(i));  // no memset
  }
}

// (a, b) + tuple or tuple + (a, b), of a tuple in a variable.
COLD_HANDLER(build_joined_items) {
  const Instr* add = pc + 1;
  bool first = add->b == pc->a && (add->x & kConsumeB);
  Value other = r[first ? add->c : add->b];
  if ((add->x & (kConsumeB | kConsumeC)) != (first ? kConsumeB : kConsumeC) || (!first && add->c != pc->a) || !points_to(other, kShape_tuple))
    TAIL(build_joined_tuple_general);
  Tuple* source = other.as<Tuple>();
  u32 n = pc->c, size = u32(source->size);
  if (size > kMostItems || n + size - 1 >= kMostItems) TAIL(build_joined_tuple_general);
  u32 size_class = tuple_class(n + size);
  Tuple* tuple = static_cast<Tuple*>(free_object(t, size_class));
  if (tuple == nullptr) [[unlikely]] TAIL(build_joined_tuple_general);
  Value *moved = tuple->items[first ? 0 : size].address(), *copied = tuple->items[first ? n : 0].address();
  u32 seen = 0;
  if (!move_operands(moved, &r[pc->b], n, &seen)) TAIL(build_joined_tuple_general);
  if (!copy_slots(copied, source->items, 1, size, &seen)) [[unlikely]] TAIL(build_joined_tuple_general);
  forget_operands(&r[pc->b], n);
  take_object(t, size_class, tuple, kShape_tuple, seen & state::kTracked, n + size);
  SET_AND_NEXT(&r[add->a], Value(tuple), 2);
}
}  // namespace
namespace {
// The same for (a,).
COLD_HANDLER(build_joined_tuple) {
  const Instr* add = pc + 1;
  bool first = add->b == pc->a && (add->x & kConsumeB);
  Value other = r[first ? add->c : add->b], one = r[pc->b];
  if (pc->c != 1 || (add->x & (kConsumeB | kConsumeC)) != (first ? kConsumeB : kConsumeC) || (!first && add->c != pc->a) ||
      !points_to(other, kShape_tuple)) [[unlikely]]
    TAIL(build_joined_items);
  Tuple* source = other.as<Tuple>();
  u32 size = u32(source->size), seen = 0;
  if (size >= kMostItems) [[unlikely]] TAIL(build_joined_items);
  Tuple* tuple = static_cast<Tuple*>(free_object(t, tuple_class(size + 1)));
  if (tuple == nullptr || !move_operands(tuple->items[first ? 0 : size].address(), &one, 1, &seen) ||
      !copy_slots(tuple->items[first].address(), source->items, 1, size, &seen)) [[unlikely]]
    TAIL(build_joined_items);
  r[pc->b] = EMPTY;
  take_object(t, tuple_class(size + 1), tuple, kShape_tuple, seen & state::kTracked, size + 1);
  SET_AND_NEXT(&r[add->a], Value(tuple), 2);
}
}  // namespace
// A small tuple in a block that was freed lately, as tuple_take makes it.
HANDLER(BUILD_TUPLE) {
  if (Op(pc[1].op) == Op::ADD && table == g_handlers) [[unlikely]] TAIL(build_joined_tuple);
  u32 n = pc->c;
  if (n - 1 >= kMostItems) [[unlikely]] TAIL(build_tuple_cold);
  u32 size_class = tuple_class(n);
  Tuple* tuple = static_cast<Tuple*>(free_object(t, size_class));
  if (tuple == nullptr) [[unlikely]] TAIL(build_tuple_cold);
  u32 seen = 0;
  if (!move_operands(tuple->items[0].address(), &r[pc->b], n, &seen)) [[unlikely]] TAIL(build_tuple_cold);
  forget_operands(&r[pc->b], n);
  take_object(t, size_class, tuple, kShape_tuple, seen & state::kTracked, n);
  SET_AND_NEXT(&r[pc->a], Value(tuple), 1);
}
HANDLER(BUILD_LIST) { STEP(list_step(*t, r, pc), 1); }
// An empty one, as comprehensions begin, in a block that was freed lately.
HANDLER(BUILD_SET) {
  constexpr u32 kSizeClass = (sizeof(Set) - 1) / 16;
  auto* set = static_cast<Set*>(free_object(t, kSizeClass));
  if (pc->c != 0 || set == nullptr) STEP(set_step(*t, r, pc), 1);
  set->used = set->hash_cache = 0;
  set->table = set_table::g_empty;
  take_object(t, kSizeClass, set, kShape_set, true);
  SET_AND_NEXT(&r[pc->a], Value(set), 1);
}
HANDLER(BUILD_MAP) { STEP(map_step(*t, r, pc), 1); }
HANDLER(BUILD_STRING) { STEP(string_step(*t, r, pc), 1); }
HANDLER(LIST_APPEND) {
  bool moved = pc->x & kConsumeB;
  if (quick_append(t, r[pc->a], r[pc->b], moved)) [[likely]] {
    if (moved) r[pc->b] = EMPTY;
    NEXT(1);
  }
  TAIL(list_append_cold);
}
namespace {
COLD_HANDLER(set_add_probing) {
  Value set = r[pc->a], key = r[pc->b];
  bool moved = pc->x & kConsumeB;
  if (points_to(set, kShape_set) && !is_contended(set.object())) {
    int added = quick_set_add(set.as<Set>(), key, moved);
    if (added > 0 || (added == 0 && (!moved || quick_drop(key)))) [[likely]] {
      if (moved) r[pc->b] = EMPTY;
      NEXT(1);
    }
  }
  TAIL(set_add_cold);
}
}  // namespace
// An int that is or belongs into the entry that is looked at first.
HANDLER(SET_ADD) {
  Value set = r[pc->a], key = r[pc->b];
  u64 n = u64(key.as_small_int());
  if (!points_to(set, kShape_set) || is_contended(set.object()) || !key.is_small_int() || n >= u64(kHashModulus)) [[unlikely]]
    TAIL(set_add_probing);
  Set* to = set.as<Set>();
  SetTable* slots = to->table;
  u64 hash = key_of_hash(i64(n)), fill = slots->fill + 1;
  SetEntry& entry = slots->entries[hash & slots->mask];
  Value there = entry.key.peek();
  if (there.same_word(key)) NEXT(1);
  if (!there.is_empty() || fill * 5 >= slots->mask * 3) TAIL(set_add_probing);
  entry.hash = hash;
  *entry.key.address() = key;
  slots->fill = fill;
  to->used++;
  NEXT(1);
}
HANDLER(MAP_ADD) {
  Dict* dict = r[pc->a].as<Dict>();
  bool key_moved = pc->x & kConsumeB, value_moved = pc->x & kConsumeC;
  if (!is_contended(dict)) {
    QuickSearch search;
    if (quick_find(dict->table, r[pc->b], &search) == nullptr && search.is_absent() &&
        quick_append_entry(dict, search, r[pc->b], key_moved, r[pc->c], value_moved)) [[likely]] {
      if (key_moved) r[pc->b] = EMPTY;
      if (value_moved) r[pc->c] = EMPTY;
      NEXT(1);
    }
  }
  TAIL(map_add_cold);
}
HANDLER(LIST_EXTEND) { STEP(list_extend_step(*t, r, pc), 1); }
HANDLER(SET_UPDATE) { STEP(set_update_step(*t, r, pc), 1); }
HANDLER(DICT_UPDATE) { STEP(dict_update_step(*t, r, pc), 1); }
HANDLER(DICT_MERGE) { STEP(dict_merge_step(*t, r, pc), 1); }
HANDLER(LIST_TO_TUPLE) { STEP(list_to_tuple_step(*t, r, pc), 1); }
HANDLER(FORMAT_SIMPLE) { STEP(format_step(*t, r, pc), 1); }
HANDLER(FORMAT_SPEC) { STEP(format_spec_step(*t, r, pc), 1); }
HANDLER(CONVERT) { STEP(convert_step(*t, r, pc), 1); }
HANDLER(BUILD_INTERPOLATION) { STEP(interpolation_step(*t, r, pc), 1); }
HANDLER(BUILD_TEMPLATE) { STEP(template_step(*t, r, pc), 1); }

}  // namespace typhon
