// Moves, variables, cells, jumps, iteration and unpacking.
#include "interpreter/blocks.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/quick_key.h"
#include "interpreter/tracing.h"
#include "objects/container_util.h"
#include "objects/dict/table.h"
#include "objects/itertypes.h"

namespace typhon {
namespace {

TYPHON_NOINLINE void move_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = take_operand(r, pc, kConsumeB, pc->b);
  set_register(r, pc->a, v);
}
COLD_HANDLER(move_cold) {
  move_step(r, pc);
  NEXT(1);
}

TYPHON_NOINLINE bool clear_step(Value* r, Instr* pc, u32 n) {
  save_pc(r, pc);
  drop_registers(r, pc->a, pc->a + n);
  return true;
}

bool raise_unbound_local(Thread& t, Value* r, Str* name) {
  if (frame::code(r)->flags & (code_flag::kModule | code_flag::kClassBody))
    (void)raise_name_error(t, name);
  else
    (void)raise(t, exc::UnboundLocalError, "cannot access local variable '%U' where it is not associated with a value", name);
  return false;
}
bool raise_unbound_cell(Thread& t, Value* r, u32 i, Str* name) {
  Code* code = frame::code(r);
  bool free = i >= code->free_first && i < u32(code->free_first) + code->free_count;
  if (!free) return raise_unbound_local(t, r, name);
  (void)raise(t, exc::NameError, "cannot access free variable '%U' where it is not associated with a value in enclosing scope",
              name);
  return false;
}

TYPHON_NOINLINE bool unbound_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return raise_unbound_local(t, r, name_operand(r, pc));
}
TYPHON_NOINLINE bool delete_local_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (r[pc->a].is_empty()) return raise_unbound_local(t, r, name_operand(r, pc));
  clear_register(r, pc->a);
  return true;
}

TYPHON_NOINLINE bool make_cell_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  RefTo<Cell> cell = cell_new(t, EMPTY);
  if (cell.failed()) return false;
  Value v = r[pc->a];
  r[pc->a] = EMPTY;
  cell->contents.init(cell.get(), Ref::adopt(v));
  r[pc->a] = cell.take();
  return true;
}
TYPHON_NOINLINE bool copy_free_vars_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u64 count;
  const Field* cells = function_cells(frame::function(r), &count);
  if (count < pc->b) {
    (void)raise(t, exc::SystemError, "code expects %d free variables", int(pc->b));
    return false;
  }
  for (u32 i = 0; i < pc->b; i++) set_register(r, pc->a + i, acquire(cells[i].peek()));
  return true;
}
COLD_HANDLER(copy_free_vars_cold) { STEP(copy_free_vars_step(*t, r, pc), 1); }
TYPHON_NOINLINE bool load_cell_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref v = r[pc->b].as<Cell>()->contents.load();
  if (v.is_empty()) return raise_unbound_cell(t, r, pc->b, name_operand(r, pc));
  set_register(r, pc->a, std::move(v));
  return true;
}
COLD_HANDLER(load_cell_cold) { STEP(load_cell_step(*t, r, pc), 1); }
TYPHON_NOINLINE bool store_cell_step(Value* r, Instr* pc) {
  save_pc(r, pc);
  Cell* cell = r[pc->a].as<Cell>();
  cell->contents.store(cell, Ref::adopt(take_operand(r, pc, kConsumeB, pc->b)));
  return true;
}
TYPHON_NOINLINE bool delete_cell_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Cell* cell = r[pc->a].as<Cell>();
  if (cell->contents.is_empty()) return raise_unbound_cell(t, r, pc->a, name_operand(r, pc));
  cell->contents.clear(cell);
  return true;
}

TYPHON_NOINLINE bool poll_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return !safepoint_slow(t).failed();
}
COLD_HANDLER(poll_at_entry) {
  if (!poll_step(*t, r, pc)) TAIL(op_raise);
  NEXT_RELOAD(1);
}
COLD_HANDLER(poll_at_back_edge) {
  if (!poll_step(*t, r, pc)) TAIL(op_raise);
  NEXT_RELOAD(pc->jump());
}

// --- iteration
TYPHON_NOINLINE bool get_iter_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  return finish_ds(r, pc, get_iter(t, r[pc->b]));
}

COLD_HANDLER(get_iter_general) { STEP(get_iter_step(*t, r, pc), 1); }
COLD_HANDLER(get_iter_entering) {
  Value method = generating_iter(r[pc->b]);
  if (enters_special(t, r, method, 1)) ENTER_ITER(method);
  TAIL(get_iter_general);
}
// Of a range of small numbers, in a block that was freed lately.
COLD_HANDLER(get_iter_range) {
  constexpr u32 kSizeClass = (sizeof(RangeIterator) - 1) / 16;
  Value range = r[pc->b];
  Range* of = range.as<Range>();
  Value start = of->start.peek(), stop = of->stop.peek(), step = of->step.peek(), length = of->length.peek();
  bool consumed = pc->x & kConsumeB;
  auto* it = static_cast<RangeIterator*>(free_object(t, kSizeClass));
  if (it == nullptr || !(start.bits & stop.bits & step.bits & length.bits & 1) || (consumed && !drops_quickly(range))) [[unlikely]]
    TAIL(get_iter_general);
  if (consumed) {
    (void)quick_drop(range);
    r[pc->b] = EMPTY;
  }
  it->next = start.as_small_int();
  it->step = step.as_small_int();
  it->remaining = length.as_small_int();
  take_object(t, kSizeClass, it, kShape_range_iterator, false);
  SET_AND_NEXT(&r[pc->a], Value(it), 1);
}
COLD_HANDLER(get_iter_cold) {
  Value v = r[pc->b];
  if (is_exact(v, kShape_range)) TAIL(get_iter_range);
  if (points(v) && (pc->x & kConsumeB)) {
    const Slots& slots = type_of_object(v.object())->slots;
    if (slots.iter == iter_self && slots.next != nullptr) {
      r[pc->b] = EMPTY;
      SET_AND_NEXT(&r[pc->a], v, 1);
    }
  }
  Value method = generating_iter(r[pc->b]);
  if (method.is_empty()) TAIL(get_iter_general);
  Generator* g = quick_iterator(t, r, pc, table, method);
  if (g == nullptr) TAIL(get_iter_entering);
  SET_AND_NEXT(&r[pc->a], Value(g), 1);
}
COLD_HANDLER(get_iter_sequence_cold) {
  Value sequence = r[pc->b];
  auto* it = heap::allocate_as<ListIterator>(*t, is_exact_list(sequence) ? kShape_list_iterator : kShape_tuple_iterator);
  if (pc->x & kConsumeB) {
    r[pc->b] = EMPTY;
    it->sequence.init(it, Ref::adopt(sequence));
  } else {
    it->sequence.init(it, sequence);
  }
  SET_AND_NEXT(&r[pc->a], Value(it), 1);
}
COLD_HANDLER(get_iter_sequence) {
  constexpr u32 kSizeClass = sizeof(ListIterator) / 16 - 1;
  static_assert(sizeof(ListIterator) == 32);
  Value sequence = r[pc->b];
  auto* it = static_cast<ListIterator*>(free_object(t, kSizeClass));
  if (it == nullptr) [[unlikely]] TAIL(get_iter_sequence_cold);
  Object* object = sequence.object();
  u8 ownership = object->ownership();
  bool moved = pc->x & kConsumeB;
  if (!(ownership & (state::kDeferred | state::kImmortal))) {
    if (!(ownership & g_counted_states) || sequence.is_deferred() || (!moved && !quick_count(object))) [[unlikely]]
      TAIL(get_iter_sequence_cold);
  }
  if (moved) r[pc->b] = EMPTY;
  *it->sequence.address() = Value(object);
  it->index = 0;
  take_object(t, kSizeClass, it, object->shape == kShape_list ? kShape_list_iterator : kShape_tuple_iterator, true);
  SET_AND_NEXT(&r[pc->a], Value(it), 1);
}

TYPHON_INLINE i32 loop_exit(const Instr* pc) { return i32(u32(unit(const_cast<Instr*>(pc + 1)))); }

// 1: a value was stored; 0: the end, iterator dropped; -1: raised.
TYPHON_NOINLINE int for_iter_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value iterator = r[pc->b];
  NextFn next = type_of(iterator)->slots.next;
  Ref v;
  if (next != nullptr) [[likely]] {
    v = next(t, iterator);
    if (v.failed() && pending_matches(t, exc::StopIteration)) {
      if (is_traced(t) && trace_stop_iteration(t, r, EMPTY).failed()) return -1;
      if (clear_if(t, exc::StopIteration)) v = Ref();
    }
  } else {
    v = iter_next(t, iterator);
  }
  if (v.failed()) return -1;
  if (v.is_empty()) {
    clear_register(r, pc->b);
    return 0;
  }
  set_register(r, pc->a, std::move(v));
  return 1;
}
// The same for `for a, b in ...`: the parts go where the UNPACK_SEQUENCE behind the loop head would put them. 2: not that.
TYPHON_NOINLINE int for_row_step(Thread& t, Value* r, Instr* pc) {
  const Instr* unpack = pc + 2;
  u32 n = unpack->c, to = unpack->a;
  if (n > kMaxRow) return 2;
  save_pc(r, pc);
  Value items[kMaxRow];
  switch (next_row(t, r[pc->b], items, n)) {
    case RowOutcome::kItems: break;
    case RowOutcome::kEnd: clear_register(r, pc->b); return 0;
    case RowOutcome::kRaised: return -1;
    case RowOutcome::kNotARow: return 2;
  }
  for (u32 i = 0; i < n; i++) set_register(r, to + i, items[i]);
  return 1;
}

COLD_HANDLER(for_item) {
  int outcome = for_iter_step(*t, r, pc);
  if (outcome > 0) [[likely]] NEXT(2);
  if (outcome == 0) NEXT(loop_exit(pc));
  TAIL(op_raise);
}
COLD_HANDLER(for_row) {
  int row = for_row_step(*t, r, pc);
  if (row == 1) [[likely]] NEXT_RELOAD(3);
  if (row == 0) NEXT(loop_exit(pc));
  if (row < 0) TAIL(op_raise);
  TAIL(for_item);
}
COLD_HANDLER(loop_end) {
  save_pc(r, pc);
  clear_register(r, pc->b);
  NEXT(loop_exit(pc));
}
// `for i, item in enumerate(a tuple)`, and the end of any sequence.
COLD_HANDLER(for_enumerate_other) {
  auto* e = r[pc->b].as<Enumerate>();
  Value* to = &r[pc[2].a];
  auto* it = reinterpret_cast<ListIterator*>(e->iterator.peek().bits);
  if (!e->is_local() || e->index >= Value::kMaxSmallInt || needs_drop(to[0]) || it == nullptr || !it->is_local()) TAIL(for_row);
  u32 shape = quick_shape(it);
  Value sequence = it->sequence.peek(), item;
  if ((shape != kShape_list_iterator && shape != kShape_tuple_iterator) || sequence.is_empty()) TAIL(for_row);
  bool is_list = shape == kShape_list_iterator;
  u64 i = u64(it->index), n = is_list ? list_body::size_of(sequence.as<List>()) : sequence.as<Tuple>()->size;
  if (i >= n) {
    // Iterators that others hold have to remember the end.
    if (is_sole_owner(r[pc->b]) && it->count < 2 * count::kOne) TAIL(loop_end);
    TAIL(for_row);
  }
  if (is_list || !quick_acquire_slot(sequence.as<Tuple>()->items[i].peek(), &item)) TAIL(for_row);
  it->index = i64(i + 1);
  to[0] = Value::small_int(e->index++);
  SET_AND_NEXT(&to[1], item, 3);
}
// `for i, item in enumerate(a list)`, of iterators that no other thread reaches. The items are unpacked in two.
COLD_HANDLER(for_enumerate) {
  auto* e = r[pc->b].as<Enumerate>();
  auto* it = reinterpret_cast<ListIterator*>(e->iterator.peek().bits);
  if (it == nullptr || quick_shape(it) != kShape_list_iterator || !it->is_local() || !e->is_local()) [[unlikely]]
    TAIL(for_enumerate_other);
  List* list = reinterpret_cast<List*>(it->sequence.peek().bits);
  if (list == nullptr || e->index >= Value::kMaxSmallInt) [[unlikely]] TAIL(for_enumerate_other);
  ListBody* body = __atomic_load_n(&list->body, __ATOMIC_ACQUIRE);
  u64 i = u64(it->index);
  if (i >= __atomic_load_n(&list->size, __ATOMIC_RELAXED) || body == nullptr || i >= body->capacity) [[unlikely]]
    TAIL(for_enumerate_other);
  Value* to = &r[pc[2].a];
  Value item;
  if (needs_drop(to[0]) || !quick_acquire_slot(body->items[i].peek(), &item)) [[unlikely]] TAIL(for_enumerate_other);
  it->index = i64(i + 1);
  to[0] = Value::small_int(e->index++);
  SET_AND_NEXT(&to[1], item, 3);
}
// An object with __getitem__ alone: the method runs as a frame of this loop (finish_operator, end_of_sequence in dispatch.cpp).
COLD_HANDLER(for_sequence) {
  auto* it = r[pc->b].as<ListIterator>();
  Value sequence = it->sequence.peek();
  Value method = it->is_local() && u64(it->index) < u64(Value::kMaxSmallInt) ? operator_special(t, r, sequence, Special::kGetItem, 2) : EMPTY;
  if (method.is_empty()) TAIL(for_item);
  Value* callee = frame_stack_end(*t, r) + kFrameHeader + 1;
  callee[-1] = acquire(method);
  callee[0] = acquire(sequence);
  callee[1] = Value::small_int(it->index);
  Code* code = method.as<Function>()->code.as<Code>();
  Instr* first = enter_code(t, r, pc, callee, code, 2, call_info(resume_after(2) | frame_flag::kOperator, pc->a));
  ENTER(callee, first);
}
// Whether what the FOR_ITER gives is unpacked at once.
TYPHON_INLINE bool is_unpacked(const Instr* loop) {
  return Op(loop[2].op) == Op::UNPACK_SEQUENCE && loop[2].b == loop->a && (loop[2].x & kConsumeB);
}
COLD_HANDLER(for_iter_cold) {
  if (table != g_handlers) TAIL(for_item);
  bool row = is_unpacked(pc);
  const Type* type = type_of(r[pc->b]);
  if (row && type == types::enumerate && pc[2].c == 2) TAIL(for_enumerate);
  if (type == types::sequence_iterator) TAIL(for_sequence);
  if (row) TAIL(for_row);
  TAIL(for_item);
}

// A generator runs as a frame of this loop: its yield stores the value here.
TYPHON_NOINLINE Instr* for_generator_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Generator* g = r[pc->b].as<Generator>();
  if (g->seen_state() == u8(GeneratorState::kHead)) {
    if (Value* tail = enter_chain(t, g, r, resume_after(2), pc->a)) return deliver_sent(t, tail, None);
  }
  switch (begin_resume(t, g, r, resume_after(2), pc->a)) {
    case Resumed::kEntered: return deliver_sent(t, t.frame, None);
    case Resumed::kFinished: clear_register(r, pc->b); return pc + loop_exit(pc);
    default: return nullptr;
  }
}
COLD_HANDLER(for_generator_cold) {
  Instr* next = for_generator_step(*t, r, pc);
  if (next == nullptr) [[unlikely]] TAIL(op_raise);
  r = t->frame;
  pc = next;
  NEXT(0);
}
// Enters a local generator of the loop that waits at `resumed`, as begin_resume does it; its registers.
TYPHON_INLINE Value* enter_generator(Thread* t, Generator* g, Value* r, Instr* pc, Value* end) {
  Value* inner = g->registers();
  save_pc(r, pc);
  g->state = u8(GeneratorState::kRunning);
  t->recursion_depth++;
  frame::caller(inner) = r;
  frame::info(inner) = {u16(resume_after(2) | frame_flag::kGenerator), pc->a, u32(end - t->stack_base)};
  g->exception.previous = t->exception_top;
  t->exception_top = &g->exception;
  t->frame = inner;
  return inner;
}
// A chain whose tail waits in a yield that drops what is sent.
COLD_HANDLER(for_chain) {
  Generator* g = r[pc->b].as<Generator>();
  Value* inner = g->chain->registers();
  Instr* resumed = frame::pc(inner);
  Value* end = frame_stack_end(*t, r);
  if (Op(resumed->op) != Op::YIELD || !(resumed->x & kDropsSent) || end + kStackSlack > t->stack_limit ||
      t->recursion_depth + g->chain_length > t->recursion_limit) [[unlikely]]
    TAIL(for_generator_cold);
  save_pc(r, pc);
  resume_chain(t, g, r, resume_after(2), pc->a, end);
  r = inner;
  pc = resumed;
  NEXT(2);
}
// A generator that waits for what it delegates to. It need not run when the next item is at hand.
COLD_HANDLER(for_delegating) {
  Generator* g = r[pc->b].as<Generator>();
  if (!g->is_local() || is_traced(*t)) [[unlikely]] TAIL(for_generator_cold);
  if (g->state == u8(GeneratorState::kHead) && Op(frame::pc(g->chain->registers())->op) == Op::YIELD) TAIL(for_chain);
  Value item = delegated_item(g);
  if (!item.is_empty()) [[likely]] SET_AND_NEXT(&r[pc->a], item, 2);
  if (g->state == u8(GeneratorState::kHead)) TAIL(for_chain);
  Value* inner = g->registers();
  Instr* resumed = frame::pc(inner);
  Value* end = frame_stack_end(*t, r);
  if (g->state != u8(GeneratorState::kSuspended) || Op(resumed->op) != Op::YIELD_FROM || !inner[resumed->c].is_none() ||
      end + kStackSlack > t->stack_limit || t->recursion_depth >= t->recursion_limit) [[unlikely]]
    TAIL(for_generator_cold);
  r = enter_generator(t, g, r, pc, end);
  pc = resumed;
  NEXT(0);
}
// The usual case: a local generator that waits in a yield which drops what is sent. Its registers; null: not that.
TYPHON_INLINE Value* resume_plainly(Thread* t, const HandlerEntry* table, Generator* g, Value* r, Instr* pc) {
  if (!g->is_local() || g->state > u8(GeneratorState::kSuspended)) [[unlikely]] return nullptr;
  const Instr* resumed = frame::pc(g->registers());
  Value* end = frame_stack_end(*t, r);
  if (Op(resumed->op) != Op::YIELD || !(resumed->x & kDropsSent) || table != g_handlers || end + kStackSlack > t->stack_limit ||
      t->recursion_depth >= t->recursion_limit) [[unlikely]]
    return nullptr;
  return enter_generator(t, g, r, pc, end);
}
// One that begins, or waits in any yield.
COLD_HANDLER(for_generator) {
  Generator* g = r[pc->b].as<Generator>();
  if (Value* inner = resume_plainly(t, table, g, r, pc)) [[likely]] {
    r = inner;
    pc = frame::pc(inner);
    NEXT(2);
  }
  if (!g->is_local() || g->state > u8(GeneratorState::kSuspended)) [[unlikely]] TAIL(for_delegating);
  Value* inner = g->registers();
  Instr* resumed = frame::pc(inner);
  Value* end = frame_stack_end(*t, r);
  if (end + kStackSlack > t->stack_limit || t->recursion_depth >= t->recursion_limit) [[unlikely]] TAIL(for_delegating);
  if (Op(resumed->op) == Op::YIELD) {
    if (needs_drop(inner[resumed->a])) [[unlikely]] TAIL(for_delegating);
    inner[resumed->a] = None;
  } else if (Op(resumed->op) != Op::RETURN_GENERATOR) {
    TAIL(for_delegating);
  }
  r = enter_generator(t, g, r, pc, end);
  pc = resumed;
  NEXT(1);
}
// The iterator of a sequence, that nothing else holds mostly.
COLD_HANDLER(sequence_loop_end) {
  Value iterator = r[pc->b];
  if (!is_sole_owner(iterator)) [[unlikely]] TAIL(loop_end);
  auto* it = static_cast<ListIterator*>(iterator.object());
  Value sequence = it->sequence.peek();
  save_pc(r, pc);
  r[pc->b] = EMPTY;
  heap::free_block(*t, it);
  Field::release_heap(sequence);
  NEXT_RELOAD(loop_exit(pc));
}

// The end of a sequence. An iterator that others hold has to remember it.
COLD_HANDLER(sequence_end) {
  if (r[pc->b].object()->count >= 2 * count::kOne) TAIL(for_iter_cold);
  TAIL(sequence_loop_end);
}
// The item `carried` of a list.
COLD_HANDLER(for_list_item) {
  Value owned;
  if (!quick_acquire_slot(Value(carried), &owned)) [[unlikely]] TAIL(for_iter_cold);
  r[pc->b].as<ListIterator>()->index++;
  SET_AND_NEXT(&r[pc->a], owned, 2);
}
// `for a, b in a list`, whose next item is the tuple or list `carried`: that item is not counted, as nothing dies until its parts are
// where they go.
COLD_HANDLER(for_list_row) {
  const Instr* unpack = pc + 2;
  Value row(carried);
  u32 n = unpack->c;
  if (!is_unpacked(pc) || table != g_handlers || !points(row)) [[unlikely]] TAIL_CARRYING(for_list_item, carried);
  Object* object = row.object();
  const Field* items;
  if (quick_shape(object) == kShape_tuple) {
    if (static_cast<Tuple*>(object)->size != n) [[unlikely]] TAIL_CARRYING(for_list_item, carried);
    items = static_cast<Tuple*>(object)->items;
  } else {
    if (quick_shape(object) != kShape_list || !object->is_local() || static_cast<List*>(object)->size != n || n == 0) [[unlikely]]
      TAIL_CARRYING(for_list_item, carried);
    items = static_cast<List*>(object)->body->items;
  }
  Value* to = &r[unpack->a];
  // What is stored before a part that takes more is dropped when it is stored again.
  for (u32 i = 0; i < n; i++) {
    if (!quick_replace(&to[i], items[i].peek())) [[unlikely]] TAIL_CARRYING(for_list_item, carried);
  }
  r[pc->b].as<ListIterator>()->index++;
  NEXT(3);
}
COLD_HANDLER(for_list) {
  ListIterator* it = r[pc->b].as<ListIterator>();
  Value sequence = it->sequence.peek();
  // A heap word that is EMPTY or a sequence.
  Object* object = reinterpret_cast<Object*>(sequence.bits);
  if (object == nullptr || !it->is_local() || quick_shape(object) != kShape_list) [[unlikely]] TAIL(for_iter_cold);
  List* list = static_cast<List*>(object);
  ListBody* body = __atomic_load_n(&list->body, __ATOMIC_ACQUIRE);
  u64 i = u64(it->index);
  if (i >= __atomic_load_n(&list->size, __ATOMIC_RELAXED) || body == nullptr || i >= body->capacity) [[unlikely]]
    TAIL(sequence_end);
  Value owned = body->items[i].peek();
  if (Op(pc[2].op) == Op::UNPACK_SEQUENCE) TAIL_CARRYING(for_list_row, owned.bits);
  if (!quick_acquire_slot(owned, &owned)) [[unlikely]] TAIL(for_iter_cold);
  it->index = i64(i + 1);
  SET_AND_NEXT(&r[pc->a], owned, 2);
}
COLD_HANDLER(for_tuple) {
  ListIterator* it = r[pc->b].as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (!it->is_local() || !is_exact_tuple(sequence)) [[unlikely]] TAIL(for_iter_cold);
  Tuple* tuple = sequence.as<Tuple>();
  u64 i = u64(it->index);
  Value owned;
  if (i >= tuple->size) [[unlikely]] TAIL(sequence_end);
  if (!quick_acquire_slot(tuple->items[i].peek(), &owned)) [[unlikely]] TAIL(for_iter_cold);
  it->index = i64(i + 1);
  SET_AND_NEXT(&r[pc->a], owned, 2);
}

// Characters that are among the strings kept for good.
COLD_HANDLER(for_str) {
  ListIterator* it = r[pc->b].as<ListIterator>();
  Value sequence = it->sequence.peek();
  if (!it->is_local() || sequence.is_empty()) [[unlikely]] TAIL(for_iter_cold);
  Str* s = sequence.as<Str>();
  u64 i = u64(it->index);
  if (i >= s->length()) [[unlikely]] TAIL(sequence_end);
  u32 c = s->at(size_t(i));
  if (c >= 256) [[unlikely]] TAIL(for_iter_cold);
  it->index = i64(i + 1);
  Value owned = str_from_char(*t, c).take();
  SET_AND_NEXT(&r[pc->a], owned, 2);
}

// The next key, or value, of a dict that has not changed its size.
template <bool kKeys>
COLD_HANDLER(for_dict) {
  DictIterator* it = r[pc->b].as<DictIterator>();
  Value held = it->dict.peek();
  if (!it->is_local() || held.is_empty() || it->expected_used != dict_table::used_of(held.as<Dict>())) [[unlikely]] TAIL(for_iter_cold);
  const DictTable* keys = dict_table::table_of(held.as<Dict>());
  const DictEntry* entries = keys->entries();
  u64 n = dict_table::entry_count(keys);
  for (u64 i = it->position; i < n; i++) {
    Value key = entries[i].key.peek(), value = entries[i].value.peek(), owned;
    if (key.is_empty() || value.is_empty()) continue;
    if (it->remaining == 0 || !quick_acquire_slot(kKeys ? key : value, &owned)) [[unlikely]] TAIL(for_iter_cold);
    it->remaining--;
    it->position = i + 1;
    SET_AND_NEXT(&r[pc->a], owned, 2);
  }
  TAIL(for_iter_cold);
}

// Apart from FOR_ITER, or the compiler makes a jump table of all the shapes there.
COLD_HANDLER(for_other) {
  u32 shape = r[pc->b].object()->shape_id();
  if (shape == kShape_tuple_iterator) TAIL(for_tuple);
  if (shape == kShape_str_ascii_iterator || shape == kShape_str_iterator) TAIL(for_str);
  if (shape == kShape_dict_keyiterator) TAIL(for_dict<true>);
  if (shape == kShape_dict_valueiterator) TAIL(for_dict<false>);
  TAIL(for_iter_cold);
}

// --- unpacking
bool raise_too_few(Thread& t, u32 wanted, u64 got, bool at_least) {
  (void)raise(t, exc::ValueError, "not enough values to unpack (expected %s%d, got %zd)", at_least ? "at least " : "", int(wanted),
              i64(got));
  return false;
}

// Iterates an arbitrary object into r[to .. to + wanted); with `rest`, what follows goes to a list.
bool unpack_iterable(Thread& t, Value* r, u32 to, u32 wanted, Value source, bool at_least, u32 after, Ref* rest) {
  if (type_of(source)->slots.iter == nullptr && !is_sequence(source)) {
    (void)raise(t, exc::TypeError, "cannot unpack non-iterable %T object", source);
    return false;
  }
  Ref iterator = get_iter(t, source);
  if (iterator.failed()) return false;
  RootedVector items(t);
  for (u32 i = 0; i < wanted; i++) {
    Ref item = iter_next(t, iterator.get());
    if (item.failed()) return false;
    if (item.is_empty()) return raise_too_few(t, wanted + after, i, at_least);
    items.push(std::move(item));
  }
  if (rest != nullptr) {
    RefTo<List> list = to_list(t, iterator.get());
    if (list.failed()) return false;
    *rest = std::move(list).release_ref();
  } else {
    Ref extra = iter_next(t, iterator.get());
    if (extra.failed()) return false;
    if (!extra.is_empty()) {
      // The sizes of exact containers are known, and told.
      if (is_exact_dict(source))
        (void)raise(t, exc::ValueError, "too many values to unpack (expected %d, got %zd)", int(wanted),
                    i64(dict_size(source.as<Dict>())));
      else
        (void)raise(t, exc::ValueError, "too many values to unpack (expected %d)", int(wanted));
      return false;
    }
  }
  for (u32 i = wanted; i-- > 0;) set_register(r, to + i, items.pop());
  return true;
}

TYPHON_NOINLINE bool unpack_sequence_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  // Moved out first: the targets may include the source's register.
  Ref source = Ref::adopt(take_operand(r, pc, kConsumeB, pc->b));
  Value v = source.get();
  u32 n = pc->c, to = pc->a;
  if (is_exact_tuple(v)) {
    Tuple* tuple = v.as<Tuple>();
    if (tuple->size == n) {
      for (u32 i = 0; i < n; i++) set_register(r, to + i, acquire(tuple->items[i].peek()));
      return true;
    }
    if (tuple->size < n) return raise_too_few(t, n, tuple->size, false);
    (void)raise(t, exc::ValueError, "too many values to unpack (expected %d, got %zd)", int(n), i64(tuple->size));
    return false;
  }
  if (is_exact_list(v)) {
    RefTo<Tuple> snapshot = list_to_tuple(t, v.as<List>());
    if (snapshot.failed()) return false;
    if (snapshot->size == n) {
      for (u32 i = 0; i < n; i++) set_register(r, to + i, acquire(snapshot->items[i].peek()));
      return true;
    }
    if (snapshot->size < n) return raise_too_few(t, n, snapshot->size, false);
    (void)raise(t, exc::ValueError, "too many values to unpack (expected %d, got %zd)", int(n), i64(snapshot->size));
    return false;
  }
  return unpack_iterable(t, r, to, n, v, false, 0, nullptr);
}

COLD_HANDLER(unpack_sequence_cold) { STEP(unpack_sequence_step(*t, r, pc), 1); }
// Of the right size. A source that is kept must not lie among the targets: nothing else might hold it.
COLD_HANDLER(unpack_tuple_dropping) {
  Value source = r[pc->b];
  u32 n = pc->c;
  bool consumed = pc->x & kConsumeB;
  if (!consumed && u32(pc->b) - pc->a < n) TAIL(unpack_sequence_cold);
  save_pc(r, pc);
  if (consumed) r[pc->b] = EMPTY;
  const Field* items = source.as<Tuple>()->items;
  for (u32 i = 0; i < n; i++) set_register(r, pc->a + i, acquire(items[i].peek()));
  if (consumed) release(source);
  NEXT_RELOAD(1);
}
// The same for a local list, as long as no drop can run code that changes it.
COLD_HANDLER(unpack_list_dropping) {
  Value source = r[pc->b];
  u32 n = pc->c;
  bool consumed = pc->x & kConsumeB;
  if (!consumed && u32(pc->b) - pc->a < n) TAIL(unpack_sequence_cold);
  for (u32 i = 0; i < n; i++)
    if (!drops_quickly(r[pc->a + i]) && &r[pc->a + i] != &r[pc->b]) TAIL(unpack_sequence_cold);
  save_pc(r, pc);
  if (consumed) r[pc->b] = EMPTY;
  if (n > 0) {
    const Field* items = source.as<List>()->body->items;
    for (u32 i = 0; i < n; i++) set_register(r, pc->a + i, acquire(items[i].peek()));
  }
  if (consumed) release(source);
  NEXT_RELOAD(1);
}

COLD_HANDLER(unpack_dropping) {
  if (is_exact_tuple(r[pc->b])) TAIL(unpack_tuple_dropping);
  TAIL(unpack_list_dropping);
}
// The usual case, for either: nothing dies by the stores. Where something would, the targets stored already hold what they will hold
// then. `carried`: the items.
COLD_HANDLER(unpack_items) {
  Value source = r[pc->b];
  u32 n = pc->c;
  if (u32(pc->b) - pc->a < n) [[unlikely]] TAIL(unpack_dropping);
  const Field* items = reinterpret_cast<const Field*>(carried);
  Value* to = &r[pc->a];
  for (u32 i = 0; i < n; i++) {
    if (!quick_replace(&to[i], items[i].peek())) [[unlikely]] TAIL(unpack_dropping);
  }
  if (!(pc->x & kConsumeB)) NEXT(1);
  r[pc->b] = EMPTY;
  if (!(source.bits & 15) && !quick_uncount(source.object())) [[unlikely]] DROP_AND_NEXT(source, 1);
  NEXT(1);
}

TYPHON_NOINLINE bool unpack_ex_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Ref source = Ref::adopt(take_operand(r, pc, kConsumeB, pc->b));
  u32 before = pc->c, after = u32(unit(pc + 1)), to = pc->a;
  if (is_exact_list(source) || is_exact_tuple(source)) {
    RefTo<Tuple> items = to_tuple(t, source);
    if (items.failed()) return false;
    u64 size = items->size;
    if (size < before + after) return raise_too_few(t, before + after, size, true);
    u64 middle = size - before - after;
    RefTo<List> list = list_from(t, reinterpret_cast<const Value*>(items->items + before), middle);
    if (list.failed()) return false;
    for (u32 i = 0; i < before; i++) set_register(r, to + i, acquire(items->items[i].peek()));
    set_register(r, to + before, list.take());
    for (u32 i = 0; i < after; i++) set_register(r, to + before + 1 + i, acquire(items->items[before + middle + i].peek()));
    return true;
  }
  Ref rest;
  if (!unpack_iterable(t, r, to, before, source.get(), true, after, &rest)) return false;
  List* list = rest.as<List>();
  size_t size = list_size(list);
  if (size < after) return raise_too_few(t, before + after, before + size, true);
  for (u32 i = after; i-- > 0;) set_register(r, to + before + 1 + i, list_pop(t, list));
  set_register(r, to + before, std::move(rest));
  return true;
}

TYPHON_NOINLINE bool load_body_step(Thread& t, Value* r) {
  Code* code = frame::code(r);
  if (load_body(t, code).failed()) return false;
  frame::pc(r) = first_instruction(code);
  return true;
}

}  // namespace

HANDLER(NOP) { NEXT(1); }
HANDLER(LOAD_BODY) {
  FORGET_REGISTERS();
  if (!load_body_step(*t, r)) [[unlikely]] TAIL(op_raise);
  pc = frame::pc(r);
  NEXT_RELOAD(0);
}
namespace {
// A call that goes the general way finds the limit at null as long as the thread is traced, and when a request came late.
COLD_HANDLER(renew_limit) {
  renew_entry_limit(*t);
  NEXT(1);
}
}  // namespace
HANDLER(RESUME) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_entry);
  if (__atomic_load_n(&t->entry_limit, __ATOMIC_RELAXED) == nullptr) [[unlikely]] TAIL(renew_limit);
  NEXT(1);
}
HANDLER(MOVE) {
  Value* from = &r[pc->b];
  Value* to = &r[pc->a];
  Value v = *from;
  if (pc->x & kConsumeB) {
    *from = EMPTY;
    SET_AND_NEXT(to, v, 1);
  }
  if (!quick_acquire(v, &v)) [[unlikely]] TAIL(move_cold);
  SET_AND_NEXT(to, v, 1);
}
HANDLER(LOAD_CONST) {
  Value v = frame::code(r)->constants[pc->constant()];
  // Constants are DEFERRED or IMMORTAL (make_code): no look at the object is needed.
  SET_AND_NEXT(&r[pc->a], Value(v.bits | ((v.bits & 7) == 0 ? Value::kDeferredBit : 0)), 1);
}
HANDLER(MOVE_BORROWED) {
  Value v = r[pc->b];
  if ((v.bits & 7) == 0) {
    if (v.is_empty()) [[unlikely]] TAIL(move_cold);
    v = Value(v.bits | Value::kDeferredBit);
  }
  SET_TEMP_AND_NEXT(&r[pc->a], v, 1);
}
HANDLER(MOVE_TEMP) {
  Value v = r[pc->b];
  if (!quick_acquire(v, &v)) [[unlikely]] TAIL(move_cold);
  SET_TEMP_AND_NEXT(&r[pc->a], v, 1);
}
HANDLER(LOAD_IMMEDIATE) { SET_TEMP_AND_NEXT(&r[pc->a], frame::code(r)->constants[pc->constant()], 1); }
HANDLER(LOAD_OBJECT) {
  SET_TEMP_AND_NEXT(&r[pc->a], Value(frame::code(r)->constants[pc->constant()].bits | Value::kDeferredBit), 1);
}
namespace {
// A string on the right of a comparison that a jump follows: nothing runs before the jump. The constant is not even loaded.
template <bool kWanted>
[[clang::preserve_none]] TYPHON_INLINE u64 compare_constant(HANDLER_PARAMETERS) {
  Value constant = frame::code(r)->constants[pc->constant()];
  Instr* test = pc + 1;
  Value v = r[test->a];
  if (!points_to(v, kShape_str) || quick_shape(constant.object()) != kShape_str) TAIL(op_LOAD_OBJECT);
  int same = quick_same_text(v.as<Str>(), constant.as<Str>());
  if (same < 0 || ((test->x & kConsumeA) && !quick_drop(v))) [[unlikely]] TAIL(op_LOAD_OBJECT);
  if (test->x & kConsumeA) r[test->a] = EMPTY;
  pc = test;
  if (bool(same) == kWanted) NEXT(pc->immediate());
  NEXT(1);
}
}  // namespace
HANDLER(LOAD_OBJECT_EQ) { TAIL(compare_constant<true>); }
HANDLER(LOAD_OBJECT_NE) { TAIL(compare_constant<false>); }
HANDLER(CLEAR) { SET_AND_NEXT(&r[pc->a], EMPTY, 1); }
namespace {
COLD_HANDLER(clear_range_cold) { STEP(clear_step(r, pc, pc->b), 1); }
}  // namespace
HANDLER(CLEAR_RANGE) {
  for (Value *at = &r[pc->a], *end = at + pc->b; at != end; at++) {
    if (!quick_drop(*at)) [[unlikely]] TAIL(clear_range_cold);
    *at = EMPTY;
    asm("" : "+r"(at));  // no memset
  }
  NEXT(1);
}
HANDLER(CHECK_BOUND) {
  if (r[pc->a].is_empty()) [[unlikely]] {
    (void)unbound_step(*t, r, pc);
    TAIL(op_raise);
  }
  NEXT(1);
}
HANDLER(DELETE_LOCAL) { STEP(delete_local_step(*t, r, pc), 1); }
HANDLER(MAKE_CELL) { STEP(make_cell_step(*t, r, pc), 1); }
HANDLER(COPY_FREE_VARS) {
  u64 count;
  const Field* cells = function_cells(frame::function(r), &count);
  u32 n = pc->b;
  if (count < n) [[unlikely]] TAIL(copy_free_vars_cold);
  Value* to = &r[pc->a];
  for (u32 i = 0; i < n; i++)
    if (needs_drop(to[i]) || !quick_acquire(cells[i].peek(), &to[i])) [[unlikely]] TAIL(copy_free_vars_cold);
  NEXT(1);
}
HANDLER(LOAD_CELL) {
  Value v = r[pc->b].as<Cell>()->contents.peek();
  if (!quick_acquire_slot(v, &v)) [[unlikely]] TAIL(load_cell_cold);
  SET_AND_NEXT(&r[pc->a], v, 1);
}
HANDLER(STORE_CELL) { STEP(store_cell_step(r, pc), 1); }
HANDLER(DELETE_CELL) { STEP(delete_cell_step(*t, r, pc), 1); }

HANDLER(JUMP) { NEXT(pc->jump()); }
HANDLER(JUMP_BACK) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  NEXT(pc->jump());
}

HANDLER(GET_ITER) {
  if (is_exact_list(r[pc->b]) || is_exact_tuple(r[pc->b])) TAIL(get_iter_sequence);
  TAIL(get_iter_cold);
}

namespace {
// The next number of a range, for the FOR_ITER at pc.
[[clang::preserve_none]] TYPHON_INLINE u64 for_range(HANDLER_PARAMETERS) {
  RangeIterator* it = r[pc->b].as<RangeIterator>();
  if (!it->is_local()) [[unlikely]] TAIL(for_iter_cold);
  if (it->remaining <= 0) [[unlikely]] TAIL(loop_end);
  i64 n = it->next;
  it->next = n + it->step;
  it->remaining--;
  SET_AND_CARRY(&r[pc->a], Value::small_int(n), 2);
}
}  // namespace
HANDLER(FOR_ITER) {
  Value iterator = r[pc->b];
  if (!points(iterator)) [[unlikely]] TAIL(for_iter_cold);
  Object* object = iterator.object();
  u32 shape = object->shape_id();
  if (shape == kShape_list_iterator) TAIL(for_list);
  asm volatile("");  // in this order
  if (shape == kShape_range_iterator) TAIL(for_range);
  asm volatile("");
  if (shape == kShape_generator) TAIL(for_generator);
  TAIL(for_other);
}
namespace {
COLD_HANDLER(jump_back_to_list) {
  Instr* loop = pc + pc->jump();
  if (Op(loop[2].op) != Op::UNPACK_SEQUENCE && Op(pc->op) == Op::JUMP_BACK_FOR) pc->op = u8(Op::JUMP_BACK_LIST);
  pc = loop;
  TAIL(for_list);
}
// The variant for what a loop goes over the first time, once: threads do not take turns in writing it.
COLD_HANDLER(choose_jump_back) {
  Instr* loop = pc + pc->jump();
  u32 shape = quick_shape(r[loop->b].object());
  Op variant = shape == kShape_range_iterator                        ? Op::JUMP_BACK_RANGE
               : shape == kShape_generator                           ? Op::JUMP_BACK_GENERATOR
               : is_unpacked(loop) && loop[2].c == 2                 ? Op::JUMP_BACK_ENUMERATE
                                                                     : Op::JUMP_BACK_FOR;
  if (Op(pc->op) == Op::JUMP_BACK_FOR) pc->op = u8(variant);
  pc = loop;
  TAIL(op_FOR_ITER);
}
}  // namespace
HANDLER(JUMP_BACK_FOR) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  Instr* loop = pc + pc->jump();
  if (Value iterator = r[loop->b]; points(iterator)) [[likely]] {
    u32 shape = quick_shape(iterator.object());
    if (shape == kShape_list_iterator) TAIL(jump_back_to_list);
    asm volatile("");  // in this order
    if (shape == kShape_range_iterator || shape == kShape_generator || shape == kShape_enumerate) [[unlikely]] TAIL(choose_jump_back);
  }
  pc = loop;
  TAIL(op_FOR_ITER);
}
HANDLER(JUMP_BACK_RANGE) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  pc += pc->jump();
  if (!points_to(r[pc->b], kShape_range_iterator)) [[unlikely]] TAIL(op_FOR_ITER);
  TAIL(for_range);
}
HANDLER(JUMP_BACK_GENERATOR) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  pc += pc->jump();
  if (!points_to(r[pc->b], kShape_generator)) [[unlikely]] TAIL(op_FOR_ITER);
  Value* inner = resume_plainly(t, table, r[pc->b].as<Generator>(), r, pc);
  if (inner == nullptr) [[unlikely]] TAIL(for_generator);
  r = inner;
  pc = frame::pc(inner);
  NEXT(2);
}
HANDLER(JUMP_BACK_ENUMERATE) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  pc += pc->jump();
  if (points_to(r[pc->b], kShape_enumerate)) [[likely]] TAIL(for_enumerate);
  TAIL(op_FOR_ITER);
}
HANDLER(JUMP_BACK_LIST) {
  if (poll_wanted(*t)) [[unlikely]] TAIL(poll_at_back_edge);
  pc += pc->jump();
  Value iterator = r[pc->b];
  auto* it = reinterpret_cast<ListIterator*>(iterator.bits);
  if ((iterator.bits & 15) || quick_shape(it) != kShape_list_iterator) [[unlikely]] TAIL(op_FOR_ITER);
  List* list = reinterpret_cast<List*>(it->sequence.peek().bits);
  if (list == nullptr || !it->is_local() || quick_shape(list) != kShape_list) [[unlikely]] TAIL(for_list);
  ListBody* body = __atomic_load_n(&list->body, __ATOMIC_ACQUIRE);
  u64 i = u64(it->index);
  if (i >= __atomic_load_n(&list->size, __ATOMIC_RELAXED)) [[unlikely]] TAIL(sequence_end);
  // A list that other threads see may be getting shorter: the array tells its own capacity.
  if (!list->is_local() && (body == nullptr || i >= body->capacity)) [[unlikely]] TAIL(sequence_end);
  Value item = body->items[i].peek();
  Value* to = &r[pc->a];
  if (item.bits & 7) {
    it->index = i64(i + 1);
    SET_AND_CARRY(to, item, 2);
  }
  // Objects: the one before is held by something else as well, mostly.
  if (!quick_acquire_slot(item, &item)) [[unlikely]] TAIL(for_iter_cold);
  it->index = i64(i + 1);
  Value last = *to;
  *to = item;
  if (may_need_drop(last) && !last.is_empty() && !quick_uncount(reinterpret_cast<Object*>(last.bits))) [[unlikely]]
    DROP_AND_NEXT(last, 2);
  NEXT_CARRYING(2, item);
}
HANDLER(UNPACK_SEQUENCE) {
  Value source = r[pc->b];
  if (!points(source) || pc->c == 0) [[unlikely]] TAIL(unpack_sequence_cold);
  Object* object = source.object();
  const Field* items;
  if (quick_shape(object) == kShape_tuple) {
    auto* tuple = static_cast<Tuple*>(object);
    if (tuple->size != pc->c) [[unlikely]] TAIL(unpack_sequence_cold);
    items = tuple->items;
  } else {
    if (quick_shape(object) != kShape_list || !object->is_local() || static_cast<List*>(object)->size != pc->c)
      TAIL(unpack_sequence_cold);
    items = static_cast<List*>(object)->body->items;
  }
  TAIL_CARRYING(unpack_items, reinterpret_cast<u64>(items));
}
HANDLER(UNPACK_EX) { STEP(unpack_ex_step(*t, r, pc), 2); }

}  // namespace typhon
