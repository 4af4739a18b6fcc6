// Calling objects from native code.
#include <cstdlib>

#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

Ref call(Thread& t, Value callable, const Args& args) {
  if (is_exact_function(callable)) return call_function(t, callable.as<Function>(), args);
  CallFn fn = type_of(callable)->slots.call;
  if (fn == nullptr) [[unlikely]]
    return raise(t, exc::TypeError, "'%T' object is not callable", callable);
  TRY(enter_native(t, " while calling a Python object"));
  Ref result = fn(t, callable, args);
  DCHECK(result.failed() == exception_pending(t));
  return result;
}

Ref call(Thread& t, Value callable) { return call(t, callable, Args{}); }

Ref call_tuple_dict(Thread& t, Value callable, Value tuple, Value dict) {
  auto* positional = tuple.as<Tuple>();
  u32 count = u32(positional->size);
  if (dict.is_empty() || dict.is_none() || dict_size(dict.as<Dict>()) == 0)
    return call(t, callable, Args{reinterpret_cast<const Value*>(positional->items), count});
  // Items are copied into a rooted vector: the tuple is immutable, but the dict may change during the call.
  RootedVector words(t);
  for (u32 i = 0; i < count; i++) words.push_copy(positional->items[i].peek());
  RootedVector keys(t);
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, dict.as<Dict>(), &position, &key, &value)) {
    if (!is_str(key)) return raise(t, exc::TypeError, "keywords must be strings");
    keys.push(std::move(key));
    words.push(std::move(value));
  }
  RefTo<Tuple> names = TRY(tuple_from(t, keys.data(), keys.size()));
  return call(t, callable, Args{words.data(), count, names.get(), u32(keys.size())});
}

Ref call_method(Thread& t, Value self, Str* name, const Value* args, u32 n) {
  bool self_wanted;
  Ref method = TRY(get_method(t, self, name, &self_wanted));
  if (!self_wanted) return call(t, method, Args{args, n});
  if (is_exact(method, kShape_method_descriptor))
    return native_method_call(t, method.as<NativeDescriptor>(), self, Args{args, n});
  constexpr u32 kInline = 8;
  Value on_stack[kInline];
  Value* words = n + 1 <= kInline ? on_stack : static_cast<Value*>(std::malloc((n + 1) * sizeof(Value)));
  words[0] = self;
  for (u32 i = 0; i < n; i++) words[i + 1] = args[i];
  Ref result = call(t, method, Args{words, n + 1});
  if (words != on_stack) std::free(words);
  return result;
}

}  // namespace typhon
