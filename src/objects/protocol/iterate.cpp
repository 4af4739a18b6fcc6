// The iterator protocol.
#include "objects/generator.h"
#include "objects/dict/table.h"
#include "objects/itertypes.h"
#include "objects/list_body.h"
#include "objects/word_buffer.h"
#include "objects/protocol/protocol.h"

namespace typhon {

// objects/iterators.cpp: iteration by __getitem__ with 0, 1, 2...
Ref sequence_iterator_new(Thread& t, Value sequence);

Ref get_iter(Thread& t, Value v) {
  Type* type = type_of(v);
  if (UnaryFn fn = type->slots.iter) {
    Ref iterator = TRY(fn(t, v));
    if (type_of(iterator)->slots.next == nullptr)
      return raise(t, exc::TypeError, "iter() returned non-iterator of type '%T'", iterator.get());
    return iterator;
  }
  // A class that sets __iter__ = None is not iterable, even with __getitem__.
  if (is_sequence(v) && type_lookup(type, names::__iter__).is_empty())
    return sequence_iterator_new(t, v);
  return raise(t, exc::TypeError, "'%T' object is not iterable", v);
}

Ref iter_next(Thread& t, Value iterator) {
  // Native loops over native iterators get nowhere else where they could stop. (No Python code: they are as atomic with a GIL as they
  // were.)
  if (poll_wanted(t)) [[unlikely]] safepoint_scan_only(t);
  Value quick = quick_next(iterator);
  if (!quick.is_empty()) return Ref::adopt(quick);
  NextFn fn = type_of(iterator)->slots.next;
  if (fn == nullptr) return raise(t, exc::TypeError, "'%T' object is not an iterator", iterator);
  Ref item = fn(t, iterator);
  if (item.failed() && clear_if(t, exc::StopIteration)) return Ref();
  return item;
}

Ref next_of_slot(Thread& t, const Field& iterator) {
  Ref held = iterator.load();
  return iter_next(t, held);
}

namespace {

bool is_dict_view(Value v) {
  if (!v.is_object()) return false;
  Type* type = type_of(v);
  return type == types::dict_items || type == types::dict_values || type == types::dict_keys;
}

}  // namespace

RefTo<List> shared_items(Thread& t, Value iterable) {
  if (!g_multi_threaded || !iterable.is_object()) return {};
  if (is_exact_set(iterable) && !iterable.object()->is_local()) return set_items_list(t, iterable.as<Set>());
  if (!is_dict_view(iterable) || iterable.as<DictView>()->dict.peek().object()->is_local()) return {};
  return dict_view_items(t, iterable);
}

RefTo<List> dict_view_items(Thread& t, Value view) {
  if (!is_dict_view(view)) return {};
  auto* dict = view.as<DictView>()->dict.as<Dict>();
  if (!is_exact_dict(dict)) return {};
  Type* type = type_of(view);
  return type == types::dict_items    ? dict_items_list(t, dict)
         : type == types::dict_values ? dict_values_list(t, dict)
                                      : dict_keys_list(t, dict);
}

RefTo<List> to_list(Thread& t, Value iterable) {
  RefTo<List> list = TRY(list_new(t));
  TRY(list_extend_py(t, list.get(), iterable));
  return list;
}

RefTo<Tuple> items_left(Thread& t, Value iterator) {
  constexpr size_t kFew = 16;
  WordBuffer few(t);
  while (few.size() < kFew) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return tuple_from(t, few.data(), few.size());
    few.push(std::move(item));
  }
  // It may go on until there is no memory, which a list can say.
  RefTo<List> many = TRY(list_new(t, 2 * kFew));
  for (size_t i = 0; i < few.size(); i++) TRY(list_append(t, many.get(), few.data()[i]));
  while (true) {
    Ref item = TRY(iter_next(t, iterator));
    if (item.is_empty()) return list_to_tuple(t, many.get());
    TRY(list_append(t, many.get(), std::move(item)));
  }
}

RefTo<Tuple> to_tuple(Thread& t, Value iterable) {
  if (is_exact_tuple(iterable)) return RefTo<Tuple>::copy(iterable.as<Tuple>());
  if (is_exact_list(iterable)) return list_to_tuple(t, iterable.as<List>());
  RefTo<List> shared = TRY(shared_items(t, iterable));
  if (!shared.is_empty()) return list_to_tuple(t, shared.get());
  Ref iterator = TRY(get_iter(t, iterable));
  return items_left(t, iterator);
}

ResultIterators g_result_iterators;

Ref iter_send(Thread& t, Value iterator, Value value, Ref* result) {
  if (is_generator(iterator) || is_coroutine(iterator))
    return generator_send(t, iterator.as<Generator>(), value, result);
  if (type_of(iterator) == g_result_iterators.type) return g_result_iterators.send(t, iterator, result);
  Ref yielded;
  if (value.is_none() && type_of(iterator)->slots.next != nullptr)
    yielded = type_of(iterator)->slots.next(t, iterator);
  else
    yielded = call_method_with(t, iterator, names::send, value);
  if (yielded.is_empty()) {
    *result = Ref::none();
    return yielded;
  }
  if (yielded.failed() && pending_matches(t, exc::StopIteration)) {
    Ref stop = take_exception(t);
    *result = stop.as<StopIterationObject>()->value.load();
    if (result->is_empty()) *result = Ref::none();
    return Ref();
  }
  return yielded;
}

}  // namespace typhon
