// functools.partial and its Placeholder.
#include <cstdlib>

#include "modules/_functools/functools.h"

namespace typhon {

Type *g_partial_type, *g_placeholder_type;
GlobalRoot g_placeholder;

namespace {

struct Partial : Object {
  Field function;
  Field args;        // tuple
  Field keywords;    // dict
  u64 placeholders;  // among args
};

bool is_placeholder(Value v) { return v.same_word(g_placeholder.get()); }
const Value* words_of(const Tuple* tuple) { return reinterpret_cast<const Value*>(tuple->items); }
u64 count_placeholders(const Value* words, u64 n) {
  u64 found = 0;
  for (u64 i = 0; i < n; i++) found += is_placeholder(words[i]);
  return found;
}
// Whether attributes were ever set on the object.
bool has_attributes(Value v) {
  const Shape* shape = shape_of(v.object());
  return (shape->flags & shape_flag::kDictMode) || shape->slot_count != 0;
}

void partial_visit(Object* self, Visitor& visitor) { visitor.fields(&static_cast<Partial*>(self)->function, 3); }

Ref partial_call(Thread& t, Value self, Args args);

// The arguments of a partial object with further ones: placeholders are filled first, the rest goes to the end.
RefTo<Tuple> merge_arguments(Thread& t, Tuple* old, u64 placeholders, const Value* more, u64 n) {
  u64 filled = n < placeholders ? n : placeholders;
  RefTo<Tuple> result = TRY(tuple_allocate(t, old->size + n - filled));
  u64 used = 0;
  for (u64 i = 0; i < old->size; i++) {
    Value word = words_of(old)[i];
    if (used < filled && is_placeholder(word)) word = more[used++];
    result->items[i].init(result.get(), word);
  }
  for (u64 i = old->size; used < n; i++) result->items[i].init(result.get(), more[used++]);
  return result;
}

Ref partial_new(Thread& t, Type* cls, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "type 'partial' takes at least one argument");
  if (!is_callable(args[0])) return raise(t, exc::TypeError, "the first argument must be callable");
  u64 n = args.count - 1;
  const Value* more = args.values + 1;
  if (n != 0 && is_placeholder(more[n - 1])) return raise(t, exc::TypeError, "trailing Placeholders are not allowed");
  for (u32 k = 0; k < args.keyword_count; k++)
    if (is_placeholder(args.keyword(k)))
      return raise(t, exc::TypeError, "Placeholder cannot be passed as a keyword argument");
  Ref function = Ref::copy(args[0]);
  RefTo<Tuple> merged;
  RefTo<Dict> keywords;
  u64 placeholders = count_placeholders(more, n);
  // A partial of a plain partial becomes one.
  if (type_of(function)->slots.call == partial_call && !has_attributes(function)) {
    Ref outer = std::move(function);
    auto* inner = outer.as<Partial>();
    Ref old_args = inner->args.load(), old_keywords = inner->keywords.load();
    function = inner->function.load();
    u64 old_placeholders = inner->placeholders;
    merged = TRY(n == 0 ? RefTo<Tuple>::from(old_args.dup())
                        : merge_arguments(t, old_args.as<Tuple>(), old_placeholders, more, n));
    placeholders = count_placeholders(words_of(merged.get()), merged->size);
    keywords = TRY(dict_copy(t, old_keywords.as<Dict>()));
  } else {
    merged = TRY(tuple_from(t, more, n));
    keywords = TRY(dict_new(t, args.keyword_count));
  }
  for (u32 k = 0; k < args.keyword_count; k++)
    TRY(dict_set_py(t, keywords.get(), args.names->items[k].peek(), args.keyword(k)));
  Ref self = TRY(allocate_instance(t, cls));
  auto* p = self.as<Partial>();
  p->function.init(p, std::move(function));
  p->args.init(p, std::move(merged));
  p->keywords.init(p, std::move(keywords));
  p->placeholders = placeholders;
  return self;
}

// Words of a call: borrowed from the arguments and from what the caller of this holds.
class Words {
 public:
  explicit Words(u64 n) : words_(n <= kInline ? inline_ : static_cast<Value*>(std::malloc(n * sizeof(Value)))) {}
  ~Words() {
    if (words_ != inline_) std::free(words_);
  }
  Words(const Words&) = delete;
  void push(Value v) { words_[size_++] = v; }
  const Value* data() const { return words_; }
  u32 size() const { return size_; }
  bool failed() const { return words_ == nullptr; }

 private:
  static constexpr u64 kInline = 12;
  Value inline_[kInline];
  Value* words_;
  u32 size_ = 0;
};

// Calls with the keywords of the object and those of the call; the latter win.
Ref call_with_keywords(Thread& t, Value function, const Words& positional, Dict* stored, const Args& args) {
  RefTo<Dict> all = TRY(dict_copy(t, stored));
  for (u32 k = 0; k < args.keyword_count; k++)
    TRY(dict_set_py(t, all.get(), args.names->items[k].peek(), args.keyword(k)));
  RefTo<Tuple> tuple = TRY(tuple_from(t, positional.data(), positional.size()));
  return call_tuple_dict(t, function, tuple, all);
}

Ref partial_call(Thread& t, Value self, Args args) {
  auto* p = self.as<Partial>();
  Ref function = p->function.load(), own = p->args.load(), keywords = p->keywords.load();
  auto* first = own.as<Tuple>();
  u64 placeholders = count_placeholders(words_of(first), p->placeholders == 0 ? 0 : first->size);
  if (args.count < placeholders)
    return raise(t, exc::TypeError, "missing positional arguments in 'partial' call; expected at least %zd, got %zd",
                 i64(placeholders), i64(args.count));
  Words words(first->size + args.count + args.keyword_count);
  if (words.failed()) return raise_no_memory(t);
  u32 used = 0;
  for (u64 i = 0; i < first->size; i++) {
    Value word = words_of(first)[i];
    words.push(placeholders != 0 && is_placeholder(word) ? args[used++] : word);
  }
  while (used < args.count) words.push(args[used++]);
  if (dict_size(keywords.as<Dict>()) != 0) return call_with_keywords(t, function, words, keywords.as<Dict>(), args);
  u32 count = words.size();
  for (u32 k = 0; k < args.keyword_count; k++) words.push(args.keyword(k));
  return call(t, function, Args{words.data(), count, args.names, args.keyword_count});
}

Ref partial_get(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  return method_new(t, self, instance);
}

Status write_repr(Thread& t, Value self, StrBuilder& out) {
  auto* p = self.as<Partial>();
  Ref function = p->function.load(), args = p->args.load(), keywords = p->keywords.load();
  Ref type = Ref::copy(Value(type_of(self)));
  Ref module = TRY(get_attribute(t, type, names::__module__))
  , name = TRY(get_attribute(t, type, names::__qualname__));
  RefTo<Str> head = TRY(str_format(t, "%S.%S(", module.get(), name.get()));
  out.append(head.get());
  TRY(append_repr(t, out, function));
  for (u64 i = 0; i < args.as<Tuple>()->size; i++) {
    out.append_ascii(", ");
    TRY(append_repr(t, out, args.as<Tuple>()->items[i].peek()));
  }
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, keywords.as<Dict>(), &position, &key, &value)) {
    out.append_ascii(", ");
    RefTo<Str> text = TRY(object_str(t, key));
    out.append(text.get());
    out.append('=');
    TRY(append_repr(t, out, value));
  }
  out.append(')');
  return ok();
}

Ref partial_repr(Thread& t, Value self) {
  bool entered = TRY(repr_enter(t, self));
  if (!entered) return str_from_ascii(t, "...");
  StrBuilder out;
  Status done = write_repr(t, self, out);
  repr_leave(t, self);
  if (done.failed()) return Raised{};
  return out.finish(t);
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  auto* p = self.as<Partial>();
  Ref function = p->function.load(), args = p->args.load(), keywords = p->keywords.load();
  Ref dict = has_attributes(self) ? TRY(instance_dict(t, self.object())) : Ref::none();
  RefTo<Tuple> first = TRY(tuple_of(t, function));
  RefTo<Tuple> state = TRY(tuple_of(t, function, args, keywords, dict));
  return tuple_of(t, Value(type_of(self)), first, state);
}

Ref m_setstate(Thread& t, Value self, const Value* a) {
  auto* state = is_tuple(a[0]) ? a[0].as<Tuple>() : nullptr;
  if (state == nullptr || state->size != 4) return raise(t, exc::TypeError, "invalid partial state");
  Value function = state->items[0].peek(), args = state->items[1].peek(), keywords = state->items[2].peek(),
        dict = state->items[3].peek();
  if (!is_callable(function) || !is_tuple(args) || (!keywords.is_none() && !is_dict(keywords)) ||
      (!dict.is_none() && !is_dict(dict)))
    return raise(t, exc::TypeError, "invalid partial state");
  RefTo<Tuple> words = TRY(to_tuple(t, args));
  if (words->size != 0 && is_placeholder(words->items[words->size - 1].peek()))
    return raise(t, exc::TypeError, "trailing Placeholders are not allowed");
  Ref own;
  if (keywords.is_none())
    own = TRY(dict_new(t));
  else if (is_exact_dict(keywords))
    own = Ref::copy(keywords);
  else
    own = TRY(dict_copy(t, keywords.as<Dict>()));
  if (is_dict(dict)) {
    TRY(set_instance_dict(t, self.object(), dict));
  } else if (has_attributes(self)) {
    RefTo<Dict> empty = TRY(dict_new(t));
    TRY(set_instance_dict(t, self.object(), empty));
  }
  auto* p = self.as<Partial>();
  __atomic_store_n(&p->placeholders, count_placeholders(words_of(words.get()), words->size), __ATOMIC_RELAXED);
  p->function.store(p, function);
  p->args.store(p, std::move(words));
  p->keywords.store(p, std::move(own));
  return Ref::none();
}

const Method kPartialMethods[] = {
    method("__reduce__", m_reduce, "($self, /)"),
    method("__setstate__", m_setstate, "($self, object, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "partial is generic over the wrapped function's return type"),
    {},
};
const Member kPartialMembers[] = {
    {"func", offsetof(Partial, function), false, true, "function object to use in future partial calls"},
    {"args", offsetof(Partial, args), false, true, "tuple of arguments to future partial calls"},
    {"keywords", offsetof(Partial, keywords), false, true, "dictionary of keyword arguments to future partial calls"},
    {},
};

// --- Placeholder
Ref placeholder_new(Thread& t, Type* cls, Args args) {
  if (args.count + args.keyword_count != 0) return raise(t, exc::TypeError, "PlaceholderType takes no arguments");
  if (!g_placeholder.get().is_empty()) return Ref::copy(g_placeholder.get());
  return allocate_instance(t, cls);
}
Ref placeholder_repr(Thread& t, Value) { return str_from_ascii(t, "Placeholder"); }
Ref placeholder_reduce(Thread& t, Value, const Value*) { return str_from_ascii(t, "Placeholder"); }

const Method kPlaceholderMethods[] = {method("__reduce__", placeholder_reduce, "($self, /)"), {}};

}  // namespace

const TypeSpec spec_partial = {
    .name = "functools.partial",
    .doc = "Create a new function with partial application of the given arguments\nand keywords.",
    .layout = {"partial", sizeof(Partial), 0, partial_visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasDict | type_flag::kHasWeakref,
    .slots = {.repr = partial_repr, .call = partial_call, .descriptor_get = partial_get, .new_ = partial_new},
    .methods = kPartialMethods,
    .members = kPartialMembers,
    .text_signature = "(func, /, *args, **keywords)",
};

const TypeSpec spec_placeholder = {
    .name = "functools._PlaceholderType",
    .doc = "The type of the Placeholder singleton.\n\nUsed as a placeholder for partial arguments.",
    .layout = {"_PlaceholderType", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable | type_flag::kUntracked,
    .slots = {.repr = placeholder_repr, .new_ = placeholder_new},
    .methods = kPlaceholderMethods,
};

}  // namespace typhon
