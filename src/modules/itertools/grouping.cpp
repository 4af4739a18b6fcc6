// groupby and tee.
#include "modules/itertools/itertools.h"

namespace typhon::itertools {

Type *g_groupby, *g_grouper, *g_tee, *g_tee_data;

namespace {

// --- groupby
struct GroupBy : Object {
  Field iterator;
  Field key_function;   // or None
  Field target_key;     // of the group given last, EMPTY at first
  Field current_key;    // of the item read last
  Field current_value;  // that item, EMPTY once given out
  u64 current_group;    // serial number of the only group that may go on
};
struct Grouper : Object {
  Field parent;
  Field target_key;
  u64 serial;
};

void groupby_visit(Object* self, Visitor& visitor) { visitor.fields(&self_as<GroupBy>(self)->iterator, 5); }
void grouper_visit(Object* self, Visitor& visitor) {
  visitor.field(self_as<Grouper>(self)->parent);
  visitor.field(self_as<Grouper>(self)->target_key);
}

Ref groupby_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(iterable, key=None)");
  Value a[2];
  Ref keep;
  TRY(bind_arguments(t, signature, "groupby", args, a, &keep));
  Ref iterator = TRY(get_iter(t, a[0]));
  Ref self = TRY(allocate_instance(t, cls));
  auto* g = self.as<GroupBy>();
  g->iterator.init(g, std::move(iterator));
  g->key_function.init(g, a[1].is_empty() ? None : a[1]);
  return self;
}

// Reads one more item; false at the end.
Result<bool> step(Thread& t, GroupBy* g) {
  Ref value = TRY(next_of(t, g->iterator));
  if (value.is_empty()) return false;
  Ref function = g->key_function.load();
  Ref key = function.get().is_none() ? value.dup() : TRY(call_with(t, function, value));
  g->current_value.store(g, std::move(value));
  g->current_key.store(g, std::move(key));
  return true;
}

Ref grouper_of(Thread& t, Type* cls, GroupBy* parent, Value key) {
  auto* grouper = allocate_native<Grouper>(t, cls);
  Ref self = Ref::adopt(Value(grouper));
  grouper->parent.init(grouper, Value(parent));
  grouper->target_key.init(grouper, key);
  grouper->serial = advance_counter(parent, &parent->current_group);
  return self;
}

Ref groupby_next(Thread& t, Value self) {
  auto* g = self.as<GroupBy>();
  // Whatever group was open is closed.
  advance_counter(g, &g->current_group);
  Ref key;
  for (;;) {
    key = g->current_key.load();
    if (!key.is_empty()) {
      Ref target = g->target_key.load();
      if (target.is_empty() || !TRY(values_equal(t, target, key))) break;
    }
    if (!TRY(step(t, g))) return Ref();
  }
  g->target_key.store(g, key.get());
  Ref grouper = TRY(grouper_of(t, g_grouper, g, key));
  return tuple_of(t, key, grouper);
}

Ref grouper_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "_grouper", cls, g_grouper, args));
  if (args.count != 2) return raise(t, exc::TypeError, "_grouper expected 2 arguments, got %d", int(args.count));
  if (!is_instance_of(args[0], g_groupby))
    return raise(t, exc::TypeError, "argument 1 must be itertools.groupby, not %T", args[0]);
  return grouper_of(t, cls, args[0].as<GroupBy>(), args[1]);
}

Ref grouper_next(Thread& t, Value self) {
  auto* grouper = self.as<Grouper>();
  Ref parent = grouper->parent.load();
  auto* g = parent.as<GroupBy>();
  if (__atomic_load_n(&g->current_group, __ATOMIC_RELAXED) != grouper->serial) return Ref();
  if (g->current_value.is_empty() && !TRY(step(t, g))) return Ref();
  Ref key = g->current_key.load(), target = grouper->target_key.load();
  if (!TRY(values_equal(t, target, key))) return Ref();
  // Gone when another thread was faster, or the comparison came back to this very group: that ends it.
  return g->current_value.take(g);
}

// --- tee: the iterators share a chain of blocks, in which the source's items are gathered as the first iterator gets
// to them. Only one thread at a time asks the source.
constexpr u32 kCells = 57;

struct TeeData : Object {
  Field iterator;
  Field next;  // TeeData or EMPTY
  u32 count;   // values present; release-stored after the value
  u8 running;  // somebody asks the source
  Field values[kCells];
};
struct Tee : Object {
  Field data;
  u64 index;
};

void tee_data_visit(Object* self, Visitor& visitor) {
  auto* data = self_as<TeeData>(self);
  visitor.field(data->iterator);
  visitor.field(data->next);
  visitor.fields(data->values, __atomic_load_n(&data->count, __ATOMIC_ACQUIRE));
}
void tee_visit(Object* self, Visitor& visitor) { visitor.field(self_as<Tee>(self)->data); }

Ref tee_data_of(Thread& t, Value iterator) {
  auto* data = allocate_native<TeeData>(t, g_tee_data);
  Ref self = Ref::adopt(Value(data));
  data->iterator.init(data, iterator);
  return self;
}

// Item i of the block, asking the source when it is the first that is missing. EMPTY at the end.
Ref tee_data_item(Thread& t, TeeData* data, u64 i) {
  if (i < __atomic_load_n(&data->count, __ATOMIC_ACQUIRE)) return data->values[i].load();
  if (__atomic_exchange_n(&data->running, 1, __ATOMIC_ACQUIRE))
    return raise(t, exc::RuntimeError, "cannot re-enter the tee iterator");
  Ref item;
  if (i < data->count) {
    item = data->values[i].load();
  } else {
    Ref iterator = data->iterator.load();
    item = iter_next(t, iterator);
    if (!item.failed() && !item.is_empty()) {
      data->values[i].init(data, item.get());
      __atomic_store_n(&data->count, u32(i + 1), __ATOMIC_RELEASE);
    }
  }
  __atomic_store_n(&data->running, 0, __ATOMIC_RELEASE);
  return item;
}

// The block after this one.
Ref tee_data_next(Thread& t, TeeData* data) {
  Ref next = data->next.load();
  if (!next.is_empty()) return next;
  Ref iterator = data->iterator.load();
  Ref fresh = TRY(tee_data_of(t, iterator));
  if (replace_if(t, data, data->next, EMPTY, fresh.dup())) return fresh;
  return data->next.load();
}

Ref tee_next(Thread& t, Value self) {
  auto* it = self.as<Tee>();
  for (;;) {
    Ref seen;
    u64 index;
    {
      ObjectLock lock(t, it);
      seen = it->data.load();
      index = it->index;
    }
    Ref block = index == kCells ? TRY(tee_data_next(t, seen.as<TeeData>())) : seen.dup();
    u64 i = index == kCells ? 0 : index;
    Ref item = TRY(tee_data_item(t, block.as<TeeData>(), i));
    if (item.is_empty()) return item;
    publish_for(it, block.get());
    Value old = EMPTY;
    bool mine = false;
    {
      ObjectLock lock(t, it);
      if (it->index == index && it->data.peek().same_word(seen)) {
        mine = true;
        it->index = i + 1;
        if (index == kCells) old = it->data.exchange(it, block.get());
      }
    }
    Field::release_heap(old);
    if (mine) return item;
  }
}

Ref tee_at(Thread& t, Value data, u64 index) {
  auto* it = allocate_native<Tee>(t, g_tee);
  Ref self = Ref::adopt(Value(it));
  it->data.init(it, data);
  it->index = index;
  return self;
}

Ref tee_copy(Thread& t, Value self) {
  auto* it = self.as<Tee>();
  Ref data;
  u64 index;
  {
    ObjectLock lock(t, it);
    data = it->data.load();
    index = it->index;
  }
  return tee_at(t, data, index);
}
Ref m_tee_copy(Thread& t, Value self, const Value*) { return tee_copy(t, self); }

Ref tee_of(Thread& t, Value iterable) {
  Ref iterator = TRY(get_iter(t, iterable));
  if (is_instance_of(iterator, g_tee)) return tee_copy(t, iterator);
  Ref data = TRY(tee_data_of(t, iterator));
  return tee_at(t, data, 0);
}

Ref tee_new(Thread& t, Type* cls, Args args) {
  TRY(no_keywords(t, "_tee", cls, g_tee, args));
  TRY(check_arity(t, "_tee", args, 1, 1));
  return tee_of(t, args[0]);
}

// _tee_dataobject(iterator, values, next): for unpickling.
Ref tee_data_new(Thread& t, Type* cls, Args args) {
  TRY(check_arity(t, "teedataobject", args, 3, 3));
  if (!is_exact_list(args[1]))
    return raise(t, exc::TypeError, "teedataobject() argument 2 must be list, not %T", args[1]);
  RefTo<Tuple> values = TRY(list_to_tuple(t, args[1].as<List>()));
  bool linked = is_instance_of(args[2], g_tee_data);
  if (values->size > kCells || (!linked && !args[2].is_none()) || (linked && values->size != kCells))
    return raise(t, exc::ValueError, "Invalid arguments");
  Ref self = TRY(tee_data_of(t, args[0]));
  auto* data = self.as<TeeData>();
  for (u64 i = 0; i < values->size; i++) data->values[i].init(data, values->items[i].peek());
  data->count = u32(values->size);
  if (linked) data->next.init(data, args[2]);
  return self;
}

const Method kTeeMethods[] = {
    method("__copy__", m_tee_copy, "($self, /)", "Returns an independent iterator."),
    {},
};

}  // namespace

Ref tee(Thread& t, Value, const Value* a) {
  i64 n = a[1].is_empty() ? 2 : TRY(size_argument(t, a[1]));
  if (n < 0) return raise(t, exc::ValueError, "n must be >= 0");
  if (n == 0) return tuple_of(t);
  Ref iterator = TRY(get_iter(t, a[0]));
  Ref copy_function = TRY(get_attribute_or_empty(t, iterator, names::__copy__));
  Ref first;
  if (is_instance_of(iterator, g_tee) || copy_function.is_empty()) {
    first = TRY(tee_of(t, iterator));
    copy_function = TRY(get_attribute(t, first, names::__copy__));
  } else {
    first = iterator.dup();
  }
  RootedVector result(t);
  result.push(std::move(first));
  for (i64 i = 1; i < n; i++) result.push(TRY(call(t, copy_function)));
  return tuple_from(t, result.data(), result.size());
}

const TypeSpec spec_groupby = {
    .name = "itertools.groupby",
    .doc =
        "make an iterator that returns consecutive keys and groups from the iterable\n\n  iterable\n    Elements to "
        "divide into groups according to the key function.\n  key\n    A function for computing the group category for "
        "each element.\n    If the key function is not specified or is None, the element itself\n    is used for "
        "grouping.",
    .layout = {"groupby", sizeof(GroupBy), 0, groupby_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(GroupBy, iterator), 5>},
    .flags = kIteratorFlags,
    .slots = {.iter = iter_self, .next = groupby_next, .new_ = groupby_new},
    .text_signature = "(iterable, key=None)",
};

const TypeSpec spec_grouper = {
    .name = "itertools._grouper",
    .layout = {"_grouper", sizeof(Grouper), 0, grouper_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Grouper, parent), 2>},
    .flags = type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = grouper_next, .new_ = grouper_new},
};

const TypeSpec spec_tee = {
    .name = "itertools._tee",
    .doc = "Iterator wrapped to make it copyable.",
    .layout = {"_tee", sizeof(Tee), 0, tee_visit, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(Tee, data), 1>},
    .flags = type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.iter = iter_self, .next = tee_next, .new_ = tee_new},
    .methods = kTeeMethods,
    .text_signature = "(iterable, /)",
};

const TypeSpec spec_tee_data = {
    .name = "itertools._tee_dataobject",
    .doc = "Data container common to multiple tee objects.",
    .layout = {"_tee_dataobject", sizeof(TeeData), 0, tee_data_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = tee_data_new},
    .text_signature = "(iterable, values, next, /)",
};

}  // namespace typhon::itertools
