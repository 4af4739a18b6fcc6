// selectors.EpollSelector.select: what a loop does with every event, and the list that it gives.
#include <sys/epoll.h>

#include <cmath>

#include "modules/_asyncio/base_loop.h"
#include "modules/accelerate.h"
#include "objects/float.h"

namespace typhon::asyncio {

namespace {

Type* g_selector_class;
GlobalRoot g_selector_root, g_original_select;
Str *n__selector, *n__fd_to_key, *n_poll;

// The same number, as epoll.poll() wants it: in whole milliseconds, rounded up. EMPTY: the library's function has to see to it.
Ref poll_timeout(Thread& t, Value timeout) {
  if (timeout.is_empty() || timeout.is_none()) return Ref::adopt(Value::small_int(-1));
  if (timeout.is_small_int() && timeout.as_small_int() <= 0) return Ref::adopt(Value::small_int(0));
  if (!is_exact_float(timeout)) return Ref();
  double seconds = float_value(timeout);
  if (!(seconds > 0)) return seconds <= 0 ? Ref::adopt(Value::small_int(0)) : Ref();
  return float_from(t, std::ceil(seconds * 1e3) * 1e-3);
}

constexpr i64 kRead = 1, kWrite = 2;  // selectors.EVENT_READ, EVENT_WRITE

// Adds (key, events) for what epoll.poll() says about a file; nothing for a file that is not registered any more. False: it is not as
// the library's function makes it.
Result<bool> add_event(Thread& t, Dict* keys, Value polled, List* ready) {
  if (!is_exact_tuple(polled) || polled.as<Tuple>()->size != 2) return false;
  Field* pair = polled.as<Tuple>()->items;
  Value event = pair[1].peek();
  if (!event.is_small_int()) return false;
  Ref key = TRY(dict_get_py(t, keys, pair[0].peek()));
  if (key.is_empty()) return true;
  if (!is_tuple(key.get()) || key.as<Tuple>()->size != 4 || !key.as<Tuple>()->items[2].peek().is_small_int()) return false;
  i64 bits = event.as_small_int();
  i64 events = (bits & ~i64(EPOLLIN) ? kWrite : 0) | (bits & ~i64(EPOLLOUT) ? kRead : 0);
  RefTo<Tuple> entry = TRY(tuple_of(t, key.get(), Value::small_int(events & key.as<Tuple>()->items[2].peek().as_small_int())));
  TRY(list_append(t, ready, entry));
  return true;
}

Ref select(Thread& t, Value self, const Value* a) {
  static u64 epoll_cache, keys_cache;
  auto original = [&] { return call_original(t, g_original_select, self, Args{a, a[0].is_empty() ? 0u : 1u}); };
  Ref timeout = TRY(poll_timeout(t, a[0]));
  if (timeout.is_empty() || type_of(self) != g_selector_class) return original();
  Ref epoll = TRY(own_attribute(t, self.object(), n__selector, &epoll_cache));
  Ref keys = TRY(own_attribute(t, self.object(), n__fd_to_key, &keys_cache));
  if (epoll.is_empty() || !is_exact_dict(keys.get())) return original();
  i64 most = i64(dict_size(keys.as<Dict>()));
  RefTo<List> ready = TRY(list_new(t));
  Ref polled = call_method_with(t, epoll.get(), n_poll, timeout, Value::small_int(most == 0 ? 1 : most));
  if (polled.failed()) {
    if (!pending_matches(t, exc::InterruptedError)) return polled;
    clear_exception(t);
    return ready;
  }
  if (!is_exact_list(polled.get())) return raise(t, exc::TypeError, "poll() should return a list, not %T", polled.get());
  for (size_t i = 0; i < list_size(polled.as<List>()); i++) {
    Ref entry = list_get(t, polled.as<List>(), i);
    if (entry.is_empty() || !TRY(add_event(t, keys.as<Dict>(), entry.get(), ready.get()))) return raise(t, exc::TypeError, "unexpected event %R", entry.get());
  }
  return ready;
}
const Method kMethods[] = {method("select", select, "($self, timeout=None)"), {}};

}  // namespace

Status accelerate_selectors(Thread& t, Dict* globals) {
  Ref selector = class_in(t, globals, "EpollSelector");
  if (selector.is_empty() || g_selector_class != nullptr) return ok();
  n__selector = str_immortal(t, "_selector");
  n__fd_to_key = str_immortal(t, "_fd_to_key");
  n_poll = str_immortal(t, "poll");
  TRY(replace_methods(t, selector.get(), kMethods, &g_original_select));
  g_selector_root.set(t, selector.dup());
  g_selector_class = selector.as<Type>();
  return ok();
}

}  // namespace typhon::asyncio
