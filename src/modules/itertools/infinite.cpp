// count, cycle, repeat.
#include "modules/itertools/itertools.h"

namespace typhon::itertools {

Type *g_count, *g_cycle, *g_repeat;

namespace {

// --- count

struct Count : Object {
  i64 next;  // the number to give, while `number` is EMPTY; INT64_MAX: used up, `number` goes on
  Field number;
  Field step;
};

void count_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Count>(self)->number);
  visitor.field(self_as<Count>(self)->step);
}

bool is_number(Value v) {
  const Slots& slots = type_of(v)->slots;
  return slots.index != nullptr || slots.int_ != nullptr || slots.float_ != nullptr || is_complex_(v);
}

Ref count_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(start=0, step=1)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "count", args, a, &keep));
  Value start = a[0].is_empty() ? Value::small_int(0) : a[0], step = a[1].is_empty() ? Value::small_int(1) : a[1];
  if (!is_number(start) || !is_number(step)) return raise(t, exc::TypeError, "a number is required");
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<Count>();
  i64 first = 0, by = 0;
  bool plain = is_int(start) && is_int(step) && int_fits_i64(step, &by) && by == 1 && int_fits_i64(start, &first);
  if (plain)
    c->next = first;
  else
    c->number.init(c, start);
  c->step.init(c, step);
  return self;
}

Ref count_next(Thread& t, Value self) {
  auto* c = self.as<Count>();
  if (c->number.is_empty()) {
    i64 next = __atomic_load_n(&c->next, __ATOMIC_RELAXED);
    if (!is_contended(c)) {
      if (next != INT64_MAX) {
        c->next = next + 1;
        return int_from(t, next);
      }
    } else {
      while (next != INT64_MAX)
        if (__atomic_compare_exchange_n(&c->next, &next, next + 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
          return int_from(t, next);
    }
  }
  for (;;) {
    Ref seen = c->number.load();
    Ref number = seen.is_empty() ? TRY(int_from(t, INT64_MAX)) : seen.dup();
    Ref step = c->step.load();
    Ref following = TRY(binary_op(t, BinaryOp::kAdd, number, step));
    if (replace_if(t, c, c->number, seen, std::move(following))) return number;
  }
}

Ref count_repr(Thread& t, Value self) {
  auto* c = self.as<Count>();
  Value name = type_of(self)->name.peek();
  Ref number = c->number.load(), step = c->step.load();
  if (number.is_empty()) return str_format(t, "%S(%zd)", name, __atomic_load_n(&c->next, __ATOMIC_RELAXED));
  i64 by = 0;
  if (is_int(step) && int_fits_i64(step, &by) && by == 1) return str_format(t, "%S(%R)", name, number.get());
  return str_format(t, "%S(%R, %R)", name, number.get(), step.get());
}

// --- cycle

struct Cycle : Object {
  Field iterator;  // EMPTY once it has ended
  Field saved;     // list
  u64 index;       // advanced atomically when shared
};

void cycle_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Cycle>(self)->iterator);
  visitor.field(self_as<Cycle>(self)->saved);
}

Ref cycle_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "cycle", cls, g_cycle, args));
  TRY(check_arity(t, "cycle", args, 1, 1));
  Ref iterator = TRY(get_iter(t, args[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* c = self.as<Cycle>();
  c->iterator.init(c, std::move(iterator));
  c->saved.init(c, TRY(list_new(t)));
  return self;
}

Ref cycle_next(Thread& t, Value self) {
  auto* c = self.as<Cycle>();
  Ref saved = c->saved.load();
  Ref iterator = c->iterator.load();
  if (!iterator.is_empty()) {
    Ref item = TRY(iter_next(t, iterator));
    if (!item.is_empty()) {
      TRY(list_append(t, saved.as<List>(), item));
      return item;
    }
    c->iterator.clear(c);
  }
  u64 n = list_size(saved.as<List>());
  if (n == 0) return Ref();
  u64 i;
  if (is_contended(c)) {
    i = __atomic_fetch_add(&c->index, 1, __ATOMIC_RELAXED) % n;
  } else {
    i = c->index < n ? c->index : c->index % n;
    c->index = i + 1 == n ? 0 : i + 1;
  }
  return list_get(t, saved.as<List>(), i);
}

// --- repeat

struct Repeat : Object {
  Field element;
  i64 left;  // -1: endless
};

void repeat_visit(Object* self, Visitor& visitor) { visitor.field(self_as<Repeat>(self)->element); }

Ref repeat_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(object, times=<unrepresentable>)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "repeat", args, a, &keep));
  i64 times = -1;
  if (!a[1].is_empty()) {
    times = TRY(size_argument(t, a[1]));
    if (times < 0) times = 0;
  }
  Ref self = TRY(allocate_instance(t, cls));
  auto* r = self.as<Repeat>();
  r->element.init(r, a[0]);
  r->left = times;
  return self;
}

Ref repeat_next(Thread& t, Value self) {
  auto* r = self.as<Repeat>();
  i64 left = __atomic_load_n(&r->left, __ATOMIC_RELAXED);
  if (left > 0) {
    if (!is_contended(r))
      r->left = left - 1;
    else
      while (left > 0 &&
             !__atomic_compare_exchange_n(&r->left, &left, left - 1, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {}
  }
  if (left == 0) return Ref();
  return r->element.load();
}

Ref repeat_repr(Thread& t, Value self) {
  auto* r = self.as<Repeat>();
  Value name = type_of(self)->name.peek();
  Ref element = r->element.load();
  i64 left = __atomic_load_n(&r->left, __ATOMIC_RELAXED);
  if (left < 0) return str_format(t, "%S(%R)", name, element.get());
  return str_format(t, "%S(%R, %zd)", name, element.get(), left);
}

Ref repeat_length_hint(Thread& t, Value self, const Value*) {
  i64 left = __atomic_load_n(&self.as<Repeat>()->left, __ATOMIC_RELAXED);
  if (left < 0) return raise(t, exc::TypeError, "len() of unsized object");
  return int_from(t, left);
}

const Method kRepeatMethods[] = {
    method("__length_hint__", repeat_length_hint, "($self, /)",
           "Private method returning an estimate of len(list(it))."),
    {},
};

}  // namespace

const TypeSpec spec_count = {
    .name = "itertools.count",
    .doc =
        "Return a count object whose .__next__() method returns consecutive values.\n\nEquivalent to:\n    def "
        "count(firstval=0, step=1):\n        x = firstval\n        while 1:\n            yield x\n            x += "
        "step",
    .layout = {"count", sizeof(Count), 0, count_visit, nullptr, nullptr, nullptr},
    .flags = kIteratorFlags,
    .slots = {.repr = count_repr, .iter = iter_self, .next = count_next, .new_ = count_new},
    .text_signature = "(start=0, step=1)",
};

const TypeSpec spec_cycle = {
    .name = "itertools.cycle",
    .doc = "Return elements from the iterable until it is exhausted. Then repeat the sequence indefinitely.",
    .layout = {"cycle", sizeof(Cycle), 0, cycle_visit, nullptr, nullptr, nullptr},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = cycle_next, .new_ = cycle_new},
    .text_signature = "(iterable, /)",
};

const TypeSpec spec_repeat = {
    .name = "itertools.repeat",
    .doc =
        "repeat(object [,times]) -> create an iterator which returns the object\nfor the specified number of times.  "
        "If "
        "not specified, returns the object\nendlessly.",
    .layout = {"repeat", sizeof(Repeat), 0, repeat_visit, nullptr, nullptr, nullptr},
    .flags = kIteratorFlags,
    .slots = {.repr = repeat_repr, .iter = iter_self, .next = repeat_next, .new_ = repeat_new},
    .methods = kRepeatMethods,
};

}  // namespace typhon::itertools
