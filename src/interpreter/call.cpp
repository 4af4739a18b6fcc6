#include "interpreter/call.h"

#include <alloca.h>

#include <cstdio>

#include "interpreter/interpreter.h"
#include "objects/protocol/call_words.h"
#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"

namespace typhon {

namespace {

// --- messages, worded as CPython's

RefTo<Str> parameter_list(Thread& t, const Value* names, size_t n) {
  StrBuilder out;
  for (size_t i = 0; i < n; i++) {
    if (i > 0) out.append_ascii(i + 1 < n ? ", " : n == 2 ? " and " : ", and ");
    out.append_ascii("'");
    out.append(names[i].as<Str>());
    out.append_ascii("'");
  }
  return out.finish(t);
}

bool raise_missing(Thread& t, Function* f, const char* kind, const Value* names, size_t n) {
  RefTo<Str> list = parameter_list(t, names, n);
  if (list.failed()) return false;
  (void)raise(t, exc::TypeError, "%U() missing %zd required %s argument%s: %U", function_qualname(f).as<Str>(), i64(n), kind,
              n == 1 ? "" : "s", list.get());
  return false;
}

bool raise_too_many(Thread& t, Function* f, Code* code, i64 given, i64 keyword_only_given) {
  i64 defaults = f->defaults.is_empty() ? 0 : i64(f->defaults.as<Tuple>()->size);
  i64 takes = code->argument_count;
  char signature[64], keywords[96] = "";
  bool plural = takes != 1;
  if (defaults > 0) {
    plural = true;
    std::snprintf(signature, sizeof signature, "from %ld to %ld", long(takes - defaults), long(takes));
  } else {
    std::snprintf(signature, sizeof signature, "%ld", long(takes));
  }
  if (keyword_only_given > 0)
    std::snprintf(keywords, sizeof keywords, " positional argument%s (and %ld keyword-only argument%s)", given != 1 ? "s" : "",
                  long(keyword_only_given), keyword_only_given != 1 ? "s" : "");
  (void)raise(t, exc::TypeError, "%U() takes %s positional argument%s but %zd%s %s given", function_qualname(f).as<Str>(), signature,
              plural ? "s" : "", given, keywords, given == 1 && keyword_only_given == 0 ? "was" : "were");
  return false;
}

// --- edit distance for suggestions: substituting a letter by its other case costs 1, any other edit 2
constexpr size_t kMaxSuggestionLength = 40;
size_t edit_distance(const Str* a, const Str* b, size_t limit) {
  size_t row[kMaxSuggestionLength + 1];
  size_t n = a->length(), m = b->length();
  for (size_t j = 0; j <= m; j++) row[j] = j * 2;
  for (size_t i = 1; i <= n; i++) {
    size_t diagonal = row[0], best = SIZE_MAX;
    row[0] = i * 2;
    for (size_t j = 1; j <= m; j++) {
      u32 x = a->at(i - 1), y = b->at(j - 1);
      size_t substitute = x == y ? 0 : (x ^ y) == 32 && ((x | 32) >= 'a' && (x | 32) <= 'z') ? 1 : 2;
      size_t cost = diagonal + substitute;
      diagonal = row[j];
      if (row[j] + 2 < cost) cost = row[j] + 2;
      if (row[j - 1] + 2 < cost) cost = row[j - 1] + 2;
      row[j] = cost;
      if (cost < best) best = cost;
    }
    if (best > limit) return limit + 1;
  }
  return row[m];
}

bool raise_unexpected(Thread& t, Function* f, Code* code, Str* name) {
  Tuple* names = code->variable_names.as<Tuple>();
  size_t first = code->positional_only_count, last = code->argument_count + code->keyword_only_count;
  Value* candidates = static_cast<Value*>(alloca((last + 1) * sizeof(Value)));
  for (size_t i = first; i < last; i++) candidates[i - first] = names->items[i].peek();
  if (Str* close = closest_name(name, candidates, last - first)) {
    (void)raise(t, exc::TypeError, "%U() got an unexpected keyword argument '%U'. Did you mean '%U'?", function_qualname(f).as<Str>(),
                name, close);
  } else {
    (void)raise(t, exc::TypeError, "%U() got an unexpected keyword argument '%U'", function_qualname(f).as<Str>(), name);
  }
  return false;
}

// Parameters given by name although they are positional-only: their names, if there are any.
bool raise_positional_only(Thread& t, Function* f, Code* code, Tuple* names) {
  StrBuilder out;
  Tuple* parameters = code->variable_names.as<Tuple>();
  u32 found = 0;
  for (u32 i = 0; i < code->positional_only_count; i++) {
    for (size_t k = 0; k < names->size; k++) {
      if (!str_equal(parameters->items[i].as<Str>(), names->items[k].as<Str>())) continue;
      if (found++ > 0) out.append_ascii(", ");
      out.append(parameters->items[i].as<Str>());
    }
  }
  if (found == 0) return true;
  RefTo<Str> list = out.finish(t);
  if (!list.failed())
    (void)raise(t, exc::TypeError, "%U() got some positional-only arguments passed as keyword arguments: '%U'",
                function_qualname(f).as<Str>(), list.get());
  return false;
}

// --- binding

// Fills parameters that were not given. `out` are the registers of all parameters, EMPTY where nothing was given.
bool fill_defaults(Thread& t, Function* f, Code* code, Value* out, u32 positional) {
  if (load_body(t, code).failed()) return false;  // the names
  u32 takes = code->argument_count;
  if (positional < takes) {
    Tuple* defaults = f->defaults.is_empty() ? nullptr : f->defaults.as<Tuple>();
    u32 count = defaults ? u32(defaults->size) : 0;
    u32 required = count < takes ? takes - count : 0;
    u32 missing = 0;
    for (u32 i = positional; i < required; i++) missing += out[i].is_empty();
    if (missing > 0) {
      Value* names = static_cast<Value*>(alloca(missing * sizeof(Value)));
      u32 k = 0;
      for (u32 i = positional; i < required; i++)
        if (out[i].is_empty()) names[k++] = code->variable_names.as<Tuple>()->items[i].peek();
      return raise_missing(t, f, "positional", names, missing);
    }
    // More defaults than parameters: the last ones count.
    for (u32 i = positional > required ? positional : required; i < takes; i++)
      if (out[i].is_empty()) out[i] = acquire(defaults->items[i + count - takes].peek());
  }
  if (code->keyword_only_count > 0) {
    u32 missing = 0, last = takes + code->keyword_only_count;
    Ref given = function_extra(f, &FunctionExtra::keyword_defaults);
    Dict* defaults = given.is_empty() ? nullptr : given.as<Dict>();
    Tuple* names = code->variable_names.as<Tuple>();
    for (u32 i = takes; i < last; i++) {
      if (!out[i].is_empty()) continue;
      if (defaults != nullptr) {
        Ref value = dict_get_str(t, defaults, names->items[i].as<Str>());
        if (value.failed()) return false;
        out[i] = value.take();
      }
      missing += out[i].is_empty();
    }
    if (missing > 0) {
      Value* absent = static_cast<Value*>(alloca(missing * sizeof(Value)));
      u32 k = 0;
      for (u32 i = takes; i < last; i++)
        if (out[i].is_empty()) absent[k++] = names->items[i].peek();
      return raise_missing(t, f, "keyword-only", absent, missing);
    }
  }
  return true;
}

// Binds `n` words (the last `names->size` named) to out[0 .. parameter_count), which is EMPTY. Moves from `words`.
bool bind_all(Thread& t, Function* f, Code* code, Value* words, u32 n, Tuple* names, Value* out) {
  if (load_body(t, code).failed()) return false;  // the names
  u32 named = names ? u32(names->size) : 0, positional = n - named;
  u32 takes = code->argument_count, all = takes + code->keyword_only_count;
  u32 used = positional < takes ? positional : takes;
  for (u32 i = 0; i < used; i++) {
    out[i] = words[i];
    words[i] = EMPTY;
  }
  u32 next = all;
  if (code->flags & code_flag::kVarArgs) {
    RefTo<Tuple> rest = positional > takes ? tuple_take(t, words + takes, positional - takes) : tuple_of(t);
    if (rest.failed()) return false;
    out[next++] = rest.take();
  }
  Dict* extra = nullptr;
  if (code->flags & code_flag::kVarKeywords) {
    // Room for the names that cannot all be parameters.
    RefTo<Dict> dict = dict_new(t, named > all - used ? named - (all - used) : 0);
    if (dict.failed()) return false;
    extra = dict.get();
    out[next] = dict.take();
  }
  Tuple* parameters = code->variable_names.as<Tuple>();
  for (u32 k = 0; k < named; k++) {
    Value key = names->items[k].peek();
    if (!is_str(key)) {
      (void)raise(t, exc::TypeError, "%U() keywords must be strings", function_qualname(f).as<Str>());
      return false;
    }
    u32 i = code->positional_only_count;
    while (i < all && parameters->items[i].peek().bits != key.untagged().bits) i++;
    if (i == all) {
      Str* text = key.as<Str>();
      // Parameter names are interned: another interned string cannot be equal to one of them.
      if (!(text->is_interned() && is_exact_str(key)))
        for (i = code->positional_only_count; i < all && !str_equal(parameters->items[i].as<Str>(), text);) i++;
    }
    Value& word = words[positional + k];
    if (i < all) {
      if (!out[i].is_empty()) {
        (void)raise(t, exc::TypeError, "%U() got multiple values for argument '%S'", function_qualname(f).as<Str>(), key);
        return false;
      }
      out[i] = word;
      word = EMPTY;
    } else if (extra != nullptr) {
      // Keys of a str subclass become plain: hashing them could run Python code here.
      Str* text = key.as<Str>();
      RefTo<Str> plain =
          is_exact_str(key) ? RefTo<Str>::copy(text) : str_from_points(t, text->raw(), text->width(), text->length());
      if (plain.failed() || dict_set_str(t, extra, plain.get(), word).failed()) return false;
    } else {
      if (code->positional_only_count > 0 && !raise_positional_only(t, f, code, names)) return false;
      return raise_unexpected(t, f, code, key.as<Str>());
    }
  }
  if (positional > takes && !(code->flags & code_flag::kVarArgs)) {
    i64 given = 0;
    for (u32 i = takes; i < all; i++) given += !out[i].is_empty();
    return raise_too_many(t, f, code, positional, given);
  }
  return fill_defaults(t, f, code, out, positional < takes ? positional : takes);
}

// The same in place for the usual calls: keywords that are parameter names, the same interned strings, in a function without
// *args and **kwargs. Parameters not given become EMPTY. False: nothing was done.
bool bind_in_place(Code* code, Value* callee, u32 n, Tuple* names) {
  constexpr u32 kMost = 8;
  u32 named = names ? u32(names->size) : 0, positional = n - named;
  u32 takes = code->argument_count, all = takes + code->keyword_only_count;
  if ((code->flags & (code_flag::kVarArgs | code_flag::kVarKeywords)) || positional > takes || named > kMost || all > 64 ||
      !is_loaded(code))
    return false;
  u32 first = positional > code->positional_only_count ? positional : code->positional_only_count;
  const Field* parameters = code->variable_names.as<Tuple>()->items;
  u8 places[kMost];
  u64 filled = 0;
  for (u32 k = 0; k < named; k++) {
    u64 key = names->items[k].peek().bits;
    u32 i = first;
    while (i < all && parameters[i].peek().bits != key) i++;
    if (i == all || (filled >> i & 1)) return false;
    filled |= u64(1) << i;
    places[k] = u8(i);
  }
  Value moved[kMost];
  for (u32 k = 0; k < named; k++) moved[k] = callee[positional + k];
  for (u32 i = positional; i < all; i++) callee[i] = EMPTY;
  for (u32 k = 0; k < named; k++) callee[places[k]] = moved[k];
  return true;
}

// The same in place for a function with *args, **kwargs or both but no keyword-only parameter, called without keywords and with a
// word for each of its positional parameters.
bool takes_rest(const Code* code, u32 n) {
  u32 kinds = code->flags & (code_flag::kVarArgs | code_flag::kVarKeywords);
  return kinds != 0 && code->keyword_only_count == 0 && n >= code->argument_count &&
         (n == code->argument_count || (kinds & code_flag::kVarArgs));
}
bool bind_rest(Thread& t, Code* code, Value* callee, u32 n) {
  u32 takes = code->argument_count, end = takes;
  if (code->flags & code_flag::kVarArgs) {
    RefTo<Tuple> rest = tuple_take(t, callee + takes, n - takes);
    if (rest.failed()) {
      drop_registers(callee, 0, n);
      return false;
    }
    callee[end++] = rest.take();
  }
  if (code->flags & code_flag::kVarKeywords) {
    RefTo<Dict> extra = dict_new(t, 0);
    if (extra.failed()) {
      drop_registers(callee, 0, end);
      return false;
    }
    callee[end] = extra.take();
  }
  return true;
}

TYPHON_NOINLINE bool bind_complex(Thread& t, Value* callee, u32 n, Tuple* names, Function* f, Code* code) {
  u32 parameters = code->parameter_count();
  // On the side: the registers behind the window are not ours while Python code may run (a key's __eq__, a finaliser).
  Value* out = static_cast<Value*>(alloca((parameters + 1) * sizeof(Value)));
  for (u32 i = 0; i < parameters; i++) out[i] = EMPTY;
  bool bound = bind_all(t, f, code, callee, n, names, out);
  drop_registers(callee, 0, n);
  if (!bound) {
    drop_registers(out, 0, parameters);
    return false;
  }
  for (u32 i = 0; i < parameters; i++) callee[i] = out[i];
  return true;
}

}  // namespace

Str* closest_name(Str* wrong, const Value* names, size_t n) {
  if (wrong->length() > kMaxSuggestionLength) return nullptr;
  size_t best = SIZE_MAX;
  Str* found = nullptr;
  for (size_t i = 0; i < n && i < 750; i++) {
    Str* candidate = names[i].as<Str>();
    if (candidate->length() > kMaxSuggestionLength || str_equal(candidate, wrong)) continue;
    size_t limit = (wrong->length() + candidate->length() + 3) * 2 / 6;
    if (best != SIZE_MAX && best - 1 < limit) limit = best - 1;
    size_t distance = edit_distance(wrong, candidate, limit);
    if (distance > limit) continue;
    if (distance < best) {
      best = distance;
      found = candidate;
    }
  }
  return found;
}

bool bind_and_push(Thread& t, Value* callee, u32 n, Tuple* names, Value* caller, u16 flags, u16 destination) {
  Function* f = callee[-1].as<Function>();
  Code* code = f->code.as<Code>();
  if (callee + n + code->register_count + kStackSlack > t.stack_limit) [[unlikely]] {
    raise_recursion(t);
  } else if (takes_exactly(code, n) && names == nullptr) {
    if (push_frame(t, callee, code, caller, n, flags, destination)) [[likely]] return true;
  } else if (!(code->flags & (code_flag::kVarArgs | code_flag::kVarKeywords)) && bind_in_place(code, callee, n, names)) {
    u32 parameters = code->argument_count + code->keyword_only_count;
    u32 positional = names ? n - u32(names->size) : n;
    if (fill_defaults(t, f, code, callee, positional) &&
        push_frame(t, callee, code, caller, parameters, flags, destination)) [[likely]] {
      // Code of a module or class, made a function of: its namespace are the globals.
      if (code->flags & (code_flag::kModule | code_flag::kClassBody)) callee[0] = acquire(f->globals.peek());
      return true;
    }
    n = parameters;
  } else if (names == nullptr && takes_rest(code, n) ? bind_rest(t, code, callee, n)
                                                     : bind_complex(t, callee, n, names, f, code)) {
    u32 parameters = code->parameter_count();
    if (push_frame(t, callee, code, caller, parameters, flags, destination)) return true;
    n = parameters;
  } else {
    n = 0;
  }
  drop_registers(callee, 0, n);
  clear_register_word(callee[-1]);
  return false;
}

namespace {

// Where the frame of a call goes: in the window itself, or, for a caller that is a generator, on the register stack behind
// whatever runs below the generator. Moves function and arguments there.
TYPHON_INLINE Value* place_window(Thread& t, Value* r, u32 f, u32 n) {
  Value* window = r + f + 1;
  if (!(frame::info(r).flags & frame_flag::kGenerator)) [[likely]] return window;
  Value* callee = t.stack_base + frame::info(r).stack_offset + kFrameHeader + 1;
  for (u32 i = 0; i <= n; i++) {
    callee[i32(i) - 1] = window[i32(i) - 1];
    window[i32(i) - 1] = EMPTY;
  }
  return callee;
}

bool stack_room(Thread& t, Value* r, u32 n) {
  return frame_stack_end(t, r) + n + kStackSlack <= t.stack_limit && r + n <= t.stack_limit;
}

Called done(Value* r, u32 f, u32 n, u16 destination, Ref&& result) {
  drop_registers(r, f, f + 1 + n);
  if (result.failed()) return Called::kRaised;
  set_register_word(r[destination], result.take());
  return Called::kDone;
}

// A class whose instances are made the standard way and initialised by a Python function: the frame of __init__ is pushed, with
// the instance in the word in front of its header. Empty result: not such a class.
Called construct(Thread& t, Value* r, u32 f, u32 n, Tuple* names, u16 flags, u16 destination, bool* applies) {
  Type* cls = r[f].as<Type>();
  *applies = false;
  if (type_of_object(cls)->slots.call != types::type->slots.call) return Called::kRaised;
  if (cls->slots.new_ != types::object->slots.new_ || (cls->flags & (type_flag::kAbstract | type_flag::kDisallowInstantiation)))
    return Called::kRaised;
  Value init = type_lookup(cls, names::__init__);
  if (!is_exact_function(init)) return Called::kRaised;
  if (!stack_room(t, r, n + 8)) return Called::kRaised;
  *applies = true;
  Ref function = Ref::copy(init);
  Ref instance = allocate_instance(t, cls);
  if (instance.failed()) {
    drop_registers(r, f, f + 1 + n);
    return Called::kRaised;
  }
  // The class word goes; two words in front of the arguments are needed, for the function and for self.
  clear_register_word(r[f]);
  Value* callee;
  if (!(frame::info(r).flags & frame_flag::kGenerator)) [[likely]] {
    callee = r + f + 2;
    for (u32 i = n; i-- > 0;) callee[i + 1] = r[f + 1 + i];
  } else {
    callee = t.stack_base + frame::info(r).stack_offset + kFrameHeader + 1;
    for (u32 i = 0; i < n; i++) {
      callee[i + 1] = r[f + 1 + i];
      r[f + 1 + i] = EMPTY;
    }
  }
  callee[-kFrameHeader - 1] = acquire(instance.get());
  callee[0] = instance.take();
  callee[-1] = function.take();
  if (bind_and_push(t, callee, n + 1, names, r, flags | frame_flag::kConstructor, destination)) return Called::kPushed;
  clear_register_word(callee[-kFrameHeader - 1]);
  return Called::kRaised;
}

}  // namespace

Called call_window(Thread& t, Value* r, u32 f, u32 n, Tuple* names, u16 flags, u16 destination) {
  u32 named = names ? u32(names->size) : 0;
  for (int wrapped = 0;; wrapped++) {
    Value callable = r[f];
    if (callable.is_object()) [[likely]] {
      Object* object = callable.object();
      switch (object->shape_id()) {
        case kShape_function: {
          Value* callee = place_window(t, r, f, n);
          return bind_and_push(t, callee, n, names, r, flags, destination) ? Called::kPushed : Called::kRaised;
        }
        case kShape_method: {
          if (wrapped > 0) break;  // only one word is spare
          BoundMethod* method = callable.as<BoundMethod>();
          Ref function = method->function.load(), self = method->self.load();
          for (u32 i = n; i-- > 0;) r[f + 2 + i] = r[f + 1 + i];
          r[f + 1] = self.take();
          set_register_word(r[f], function.take());
          n++;
          continue;
        }
        case kShape_builtin_function:
          return done(r, f, n, destination,
                      native_call(t, callable.as<NativeFunction>(), Args{r + f + 1, n - named, names, named}));
        case kShape_method_descriptor: {  // str.lower(x)
          NativeDescriptor* method = callable.as<NativeDescriptor>();
          if (n == named || !is_instance_of(r[f + 1], method->owner.as<Type>())) break;
          return done(r, f, n, destination, native_method_call(t, method, r[f + 1], Args{r + f + 2, n - named - 1, names, named}));
        }
        default: break;
      }
      Type* type = type_of_object(object);
      if (type->slots.call == types::type->slots.call && is_type(callable)) {
        bool applies;
        Called outcome = construct(t, r, f, n, names, flags, destination, &applies);
        if (applies) return outcome;
      } else if (wrapped == 0 && (type->flags & type_flag::kHeapType)) {
        Value method = type_lookup(type, names::__call__);
        if (is_exact_function(method)) {
          for (u32 i = n; i-- > 0;) r[f + 2 + i] = r[f + 1 + i];
          r[f + 1] = r[f];
          r[f] = acquire(method);
          n++;
          continue;
        }
      }
    }
    return done(r, f, n, destination, call(t, callable, Args{r + f + 1, n - named, names, named}));
  }
}

Called call_window_ex(Thread& t, Value* r, u32 f, u16 flags, u16 destination) {
  Ref callable = Ref::adopt(r[f]), arguments = Ref::adopt(r[f + 1]), keywords = Ref::adopt(r[f + 2]);
  r[f] = r[f + 1] = r[f + 2] = EMPTY;
  Ref function, self;
  if (is_exact_function(callable.get())) {
    function = callable.dup();
  } else if (is_exact_method(callable.get()) && is_exact_function(callable.as<BoundMethod>()->function.peek())) {
    function = callable.as<BoundMethod>()->function.load();
    self = callable.as<BoundMethod>()->self.load();
  }
  Tuple* items = arguments.as<Tuple>();
  u32 named = keywords.is_empty() ? 0 : u32(dict_size(keywords.as<Dict>()));
  u32 n = u32(items->size) + (self.is_empty() ? 0 : 1);
  if (function.is_empty() || !stack_room(t, r, n + named)) {
    Ref result = call_tuple_dict(t, callable.get(), arguments.get(), named ? keywords.get() : EMPTY);
    if (result.failed()) return Called::kRaised;
    set_register_word(r[destination], result.take());
    return Called::kDone;
  }
  RefTo<Tuple> names;
  if (named > 0) {
    names = tuple_allocate(t, named);
    if (names.failed()) return Called::kRaised;
  }
  Value* callee = (frame::info(r).flags & frame_flag::kGenerator) ? frame_stack_end(t, r) + kFrameHeader + 1 : r + f + 1;
  // From here to the push nothing runs Python code: the words lie beyond the frame.
  u32 to = 0;
  if (!self.is_empty()) callee[to++] = self.take();
  for (size_t i = 0; i < items->size; i++) callee[to++] = acquire(items->items[i].peek());
  if (named > 0) {
    size_t position = 0;
    u32 k = 0;
    Ref key, value;
    while (k < named && dict_next(t, keywords.as<Dict>(), &position, &key, &value)) {
      if (!is_str(key.get())) {
        drop_registers(callee, 0, to);
        (void)raise(t, exc::TypeError, "keywords must be strings");
        return Called::kRaised;
      }
      names->items[k++].init(names.get(), key.get());
      callee[to++] = value.take();
    }
    if (k < named) [[unlikely]] {  // a shared dict that another thread takes items from
      drop_registers(callee, 0, to);
      (void)raise(t, exc::RuntimeError, "dictionary changed size during iteration");
      return Called::kRaised;
    }
  }
  callee[-1] = function.take();
  return bind_and_push(t, callee, to, named > 0 ? names.get() : nullptr, r, flags, destination) ? Called::kPushed
                                                                                                 : Called::kRaised;
}

// --- from native code

namespace {
// Parameters that a function without *args, **kwargs and keyword-only parameters takes from its defaults, behind the `n` given.
// False: nothing was done.
TYPHON_INLINE bool fill_plain_defaults(Function* f, const Code* code, Value* callee, u32 n) {
  u32 takes = code->aux2;
  Value word = f->defaults.peek();
  if (takes == 0 || n >= --takes || word.is_empty()) return false;
  Tuple* defaults = word.as<Tuple>();
  if (takes - n > defaults->size) return false;
  const Field* items = defaults->items + (defaults->size - takes);
  for (u32 i = n; i < takes; i++) callee[i] = acquire(items[i].peek());
  return true;
}
}  // namespace

Ref call_function(Thread& t, Function* function, const Value* words, u32 n) {
  TRY(enter_native(t));
  Value* callee = python_stack_end(t) + kFrameHeader + 1;
  Code* code = function->code.as<Code>();
  if (callee + n + code->register_count + kStackSlack > t.stack_limit || t.recursion_depth >= t.recursion_limit) [[unlikely]] {
    raise_recursion(t);
    return Ref::error();
  }
  callee[-1] = acquire(Value(function));
  for (u32 i = 0; i < n; i++) callee[i] = acquire(words[i]);
  if (takes_exactly(code, n)) [[likely]] {
    if (!push_frame(t, callee, code, t.frame, n, frame_flag::kEntry, 0)) return Ref::error();
  } else if (fill_plain_defaults(function, code, callee, n)) {
    if (!push_frame(t, callee, code, t.frame, code->argument_count, frame_flag::kEntry, 0)) return Ref::error();
  } else if (!bind_and_push(t, callee, n, nullptr, t.frame, frame_flag::kEntry, 0)) {
    return Ref::error();
  }
  return run_frame(t);
}

Ref call_function(Thread& t, Function* function, const Args& args) {
  if (args.keyword_count == 0) [[likely]] return call_function(t, function, args.values, args.count);
  TRY(enter_native(t));
  Value* callee = python_stack_end(t) + kFrameHeader + 1;
  u32 n = args.count + args.keyword_count;
  if (callee + n + kStackSlack > t.stack_limit) [[unlikely]] {
    raise_recursion(t);
    return Ref::error();
  }
  callee[-1] = acquire(Value(function));
  for (u32 i = 0; i < n; i++) callee[i] = acquire(args.values[i]);
  if (!bind_and_push(t, callee, n, args.names, t.frame, frame_flag::kEntry, 0)) return Ref::error();
  return run_frame(t);
}

Ref run_code(Thread& t, Code* code, Value globals, Value locals, Value closure) {
  TRY(enter_native(t));
  Dict* dict = globals.as<Dict>();
  if (dict_peek_str(dict, names::__builtins__).is_empty()) {
    Ref builtins = current_builtins(t);
    TRY(dict_set_str(t, dict, names::__builtins__, builtins.get()));
  }
  RefTo<Function> function = TRY(function_new(t, code, dict));
  if (!closure.is_empty()) function->closure.store(function.get(), closure);
  if (!(code->flags & (code_flag::kModule | code_flag::kClassBody))) return call_function(t, function.get(), Args{});
  Value* callee = python_stack_end(t) + kFrameHeader + 1;
  if (callee + kStackSlack > t.stack_limit) {
    raise_recursion(t);
    return Ref::error();
  }
  callee[0] = acquire(locals.is_empty() || locals.is_none() ? globals : locals);
  callee[-1] = function.take();
  if (!push_frame(t, callee, code, t.frame, 1, frame_flag::kEntry, 0)) {
    clear_register_word(callee[0]);
    clear_register_word(callee[-1]);
    return Ref::error();
  }
  return run_frame(t);
}

}  // namespace typhon
