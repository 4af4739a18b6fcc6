// Signatures and argument binding of native functions; the type of built-in functions and bound built-in methods.
#include <cstdlib>

#include "objects/module.h"
#include "objects/protocol/protocol.h"
#include "objects/metatype.h"
#include "objects/type_internal.h"

namespace typhon {

struct Parameter {
  Str* name;  // interned, immortal; null for `*args` and `**kwargs`
  bool optional;
};

// Words of `a` in order: positional parameters, *args, keyword-only parameters, **kwargs.
struct Signature {
  enum class Style : u8 { kNoArguments, kOneArgument, kPositional, kKeywords };  // which wording errors get
  u32 size = 0;
  u32 positional_only = 0, positional = 0;
  u32 required_positional = 0, required_positional_only = 0;
  u32 required_keyword_only = 0;
  i32 var_args = -1, var_keywords = -1;
  bool plain = false;  // only positional parameters
  Style style = Style::kNoArguments;
  Parameter* parameters = nullptr;
};

namespace {

constexpr u32 kMaxParameters = 64;

class SignatureParser {
 public:
  explicit SignatureParser(const char* text) : at_(text != nullptr ? text : "") {}

  const Signature* parse() {
    auto* signature = new Signature;
    while (*at_ == ' ' || *at_ == '(') at_++;
    while (*at_ != 0 && *at_ != ')') {
      parse_one(*signature);
      while (*at_ == ',' || *at_ == ' ' || *at_ == ']') at_++;
    }
    finish(*signature);
    return signature;
  }

 private:
  void parse_one(Signature& s) {
    while (*at_ == ' ' || *at_ == '[') {
      if (*at_ == '[') in_group_ = true;
      at_++;
    }
    if (*at_ == ',') return;
    const char* start = at_;
    bool has_default = skip_parameter();
    size_t length = name_length(start);
    if (*start == '$') return;  // self, module or type
    if (*start == '/') {
      s.positional_only = s.positional;
      s.required_positional_only = s.required_positional;
      return;
    }
    if (*start == '*') {
      keyword_only_ = true;
      if (start[1] == '*') {
        s.var_keywords = i32(count_);
        parameters_[count_++] = {nullptr, true};
      } else if (length > 1) {
        s.var_args = i32(count_);
        parameters_[count_++] = {nullptr, true};
      }
      return;
    }
    CHECK(count_ < kMaxParameters);
    bool optional = has_default || in_group_;
    parameters_[count_++] = {str_immortal(Thread::current(), {start, length}), optional};
    if (keyword_only_) {
      if (!optional) s.required_keyword_only++;
      return;
    }
    s.positional++;
    if (!optional) s.required_positional = s.positional;
  }

  // Moves to the ',' or ')' behind the parameter; true when it has a default.
  bool skip_parameter() {
    bool has_default = false;
    int depth = 0;
    char quote = 0;
    for (; *at_ != 0; at_++) {
      char c = *at_;
      if (quote != 0) {
        if (c == '\\' && at_[1] != 0)
          at_++;
        else if (c == quote)
          quote = 0;
        continue;
      }
      if (c == '\'' || c == '"')
        quote = c;
      else if (c == '=' && depth == 0)
        has_default = true;
      else if (c == '(' || c == '{' || (c == '[' && has_default))
        depth++;
      else if (c == ')' || c == '}' || (c == ']' && has_default && depth > 0)) {
        if (depth == 0) return has_default;
        depth--;
      } else if ((c == ',' && depth == 0) || (c == '[' && depth == 0) || (c == ']' && depth == 0))
        return has_default;
    }
    return has_default;
  }

  static size_t name_length(const char* start) {
    size_t n = 0;
    while (start[n] != 0 && strchr(",)=: []", start[n]) == nullptr) n++;
    return n;
  }

  void finish(Signature& s) {
    s.size = count_;
    s.parameters = static_cast<Parameter*>(std::calloc(count_ + 1, sizeof(Parameter)));
    memcpy(s.parameters, parameters_, count_ * sizeof(Parameter));
    s.plain = s.size == s.positional;
    bool no_names =
        s.positional_only == s.positional && s.var_keywords < 0 && s.size == s.positional + (s.var_args >= 0 ? 1 : 0);
    if (s.size == 0)
      s.style = Signature::Style::kNoArguments;
    else if (no_names && s.size == 1 && s.positional == 1 && s.required_positional == 1)
      s.style = Signature::Style::kOneArgument;
    else
      s.style = no_names ? Signature::Style::kPositional : Signature::Style::kKeywords;
  }

  const char* at_;
  Parameter parameters_[kMaxParameters];
  u32 count_ = 0;
  bool keyword_only_ = false, in_group_ = false;
};

// Who is being called, for messages; the qualified form is only made when one is needed.
struct Callee {
  const char* name;
  const NativeFunction* function = nullptr;
  const NativeDescriptor* descriptor = nullptr;

  RefTo<Str> qualified(Thread& t) const {
    if (descriptor != nullptr) return in_class(t, descriptor->owner.as<Type>());
    if (function == nullptr) return str_from_utf8(t, name);
    Value self = function->self.peek();
    if (self.is_empty() || is_module(self)) {
      Value module = function->module.peek();
      if (is_str(module) && !module.as<Str>()->equals_ascii("builtins")) return str_format(t, "%V.%s", module, name);
      return str_from_utf8(t, name);
    }
    return in_class(t, is_type(self) ? self.as<Type>() : type_of(self));
  }
  RefTo<Str> in_class(Thread& t, Type* type) const { return str_format(t, "%U.%s", type->qualname.as<Str>(), name); }
};

Raised wrong_count(Thread& t, const Signature& s, const Callee& callee, Args args) {
  u32 given = args.count;
  // Constructors bind for themselves, and say "list expected 1 argument, got 0" where methods say "takes exactly one".
  bool constructor = callee.function == nullptr && callee.descriptor == nullptr;
  if (s.style == Signature::Style::kNoArguments || (s.style == Signature::Style::kOneArgument && !constructor)) {
    RefTo<Str> name = callee.qualified(t);
    if (name.failed()) return {};
    if (s.style == Signature::Style::kNoArguments)
      return raise(t, exc::TypeError, "%U() takes no arguments (%d given)", name.get(), int(given));
    return raise(t, exc::TypeError, "%U() takes exactly one argument (%d given)", name.get(), int(given));
  }
  if (s.style == Signature::Style::kPositional || s.style == Signature::Style::kOneArgument) {
    bool exact = s.var_args < 0 && s.required_positional == s.positional;
    u32 limit = given < s.required_positional ? s.required_positional : s.positional;
    return raise(t, exc::TypeError, "%s expected %s%d argument%s, got %d", callee.name,
                 exact                           ? ""
                 : given < s.required_positional ? "at least "
                                                 : "at most ",
                 int(limit), limit == 1 ? "" : "s", int(given));
  }
  u32 total = given + args.keyword_count;
  u32 named = s.size - (s.var_args >= 0 ? 1 : 0) - (s.var_keywords >= 0 ? 1 : 0);
  if (s.var_keywords < 0 && total > named)
    return raise(t, exc::TypeError, "%s() takes %s %d %sargument%s (%d given)", callee.name, "at most", int(named),
                 given == 0 ? "keyword " : "", named == 1 ? "" : "s", int(total));
  if (s.positional == 0) return raise(t, exc::TypeError, "%s() takes no positional arguments", callee.name);
  return raise(t, exc::TypeError, "%s() takes %s %d positional argument%s (%d given)", callee.name,
               s.required_positional == s.positional ? "exactly" : "at most", int(s.positional),
               s.positional == 1 ? "" : "s", int(given));
}

// Index of the parameter that may be given by this name, or -1.
i32 find_parameter(const Signature& s, Str* name) {
  for (u32 i = s.positional_only; i < s.size; i++)
    if (s.parameters[i].name == name) return i32(i);
  for (u32 i = s.positional_only; i < s.size; i++)
    if (s.parameters[i].name != nullptr && str_equal(s.parameters[i].name, name)) return i32(i);
  return -1;
}

// Edit distance of two names, for suggestions; longer names than 40 are not compared.
u32 edit_distance(const Str* a, const Str* b) {
  constexpr u32 kMax = 40;
  size_t n = a->length(), m = b->length();
  if (n > kMax || m > kMax) return kMax;
  u32 row[kMax + 1];
  for (u32 j = 0; j <= m; j++) row[j] = j;
  for (u32 i = 1; i <= n; i++) {
    u32 diagonal = row[0];
    row[0] = i;
    for (u32 j = 1; j <= m; j++) {
      u32 substituted = diagonal + (a->at(i - 1) != b->at(j - 1));
      diagonal = row[j];
      u32 shifted = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
      row[j] = substituted < shifted ? substituted : shifted;
    }
  }
  return row[m];
}

Raised raise_unexpected(Thread& t, const Signature& s, const Callee& callee, Str* name) {
  Str* best = nullptr;
  u32 best_distance = 0;
  for (u32 i = s.positional_only; i < s.size; i++) {
    Str* candidate = s.parameters[i].name;
    if (candidate == nullptr) continue;
    u32 distance = edit_distance(name, candidate);
    // About a third of the letters may differ.
    if (distance * 6 > name->length() + candidate->length() + 3 || (best != nullptr && distance >= best_distance))
      continue;
    best = candidate;
    best_distance = distance;
  }
  if (best != nullptr)
    return raise(t, exc::TypeError, "%s() got an unexpected keyword argument '%U'. Did you mean '%U'?", callee.name,
                 name, best);
  return raise(t, exc::TypeError, "%s() got an unexpected keyword argument '%U'", callee.name, name);
}

// The first keyword that no parameter takes and the first whose parameter is given by position: reported only after what is missing.
struct BadKeywords {
  Str* unexpected = nullptr;
  Str* twice = nullptr;
  i32 position = 0;
};

Status bind_keywords(Thread& t, const Signature& s, const Callee& callee, Args args, Value* out, Dict* extra,
                     BadKeywords* bad) {
  u32 positional_given = args.count < s.positional ? args.count : s.positional;
  for (u32 k = 0; k < args.keyword_count; k++) {
    auto* name = args.names->items[k].as<Str>();
    i32 i = find_parameter(s, name);
    if (i < 0) {
      if (extra == nullptr) {
        if (bad->unexpected == nullptr) bad->unexpected = name;
        continue;
      }
      TRY(dict_set_py(t, extra, name, args.keyword(k)));
      continue;
    }
    if (u32(i) < positional_given) {
      if (bad->twice == nullptr) *bad = {bad->unexpected, name, i + 1};
      continue;
    }
    if (!out[i].is_empty())
      return raise(t, exc::TypeError, "%s() got multiple values for keyword argument '%U'", callee.name, name);
    out[i] = args.keyword(k);
  }
  return ok();
}

Status check_required(Thread& t, const Signature& s, const Callee& callee, const Value* out, u32 given) {
  if (given < s.required_positional_only) {
    u32 limit = s.required_positional_only;
    return raise(t, exc::TypeError, "%s() takes %s %d positional argument%s (%d given)", callee.name,
                 limit < s.positional || s.var_args >= 0 ? "at least" : "exactly", int(limit), limit == 1 ? "" : "s",
                 int(given));
  }
  for (u32 i = 0; i < s.size; i++) {
    if (!out[i].is_empty() || s.parameters[i].optional) continue;
    return raise(t, exc::TypeError, "%s() missing required argument '%U' (pos %d)", callee.name, s.parameters[i].name,
                 int(i + 1));
  }
  return ok();
}

Status bind(Thread& t, const Signature& s, const Callee& callee, const Args& args, Value* out, Ref* keep) {
  if (args.keyword_count != 0 && s.style != Signature::Style::kKeywords) {
    RefTo<Str> name = TRY(callee.qualified(t));
    return raise(t, exc::TypeError, "%U() takes no keyword arguments", name.get());
  }
  if (args.count > s.positional && s.var_args < 0) return wrong_count(t, s, callee, args);
  if (s.style != Signature::Style::kKeywords && args.count < s.required_positional)
    return wrong_count(t, s, callee, args);
  u32 named = s.size - (s.var_args >= 0 ? 1 : 0) - (s.var_keywords >= 0 ? 1 : 0);
  if (s.var_keywords < 0 && s.var_args < 0 && args.count + args.keyword_count > named)
    return wrong_count(t, s, callee, args);
  u32 direct = args.count < s.positional ? args.count : s.positional;
  for (u32 i = 0; i < direct; i++) out[i] = args[i];
  for (u32 i = direct; i < s.size; i++) out[i] = EMPTY;
  Ref rest, extra;
  if (s.var_args >= 0) {
    rest = args.count > s.positional ? Ref(TRY(tuple_from(t, args.values + s.positional, args.count - s.positional)))
                                     : Ref::copy(empty_tuple());
  }
  if (s.var_keywords >= 0) extra = TRY(dict_new(t, args.keyword_count));
  BadKeywords bad;
  if (args.keyword_count != 0)
    TRY(bind_keywords(t, s, callee, args, out, s.var_keywords >= 0 ? extra.as<Dict>() : nullptr, &bad));
  if (args.count < s.required_positional || s.required_keyword_only != 0)
    TRY(check_required(t, s, callee, out, args.count));
  if (bad.twice != nullptr) [[unlikely]]
    return raise(t, exc::TypeError, "argument for %s() given by name ('%U') and position (%d)", callee.name, bad.twice,
                 int(bad.position));
  if (bad.unexpected != nullptr) [[unlikely]]
    return raise_unexpected(t, s, callee, bad.unexpected);
  if (s.var_args >= 0) out[s.var_args] = rest;
  if (s.var_keywords >= 0) out[s.var_keywords] = extra;
  // One Ref keeps both.
  if (s.var_args >= 0 && s.var_keywords >= 0)
    *keep = TRY(tuple_of(t, rest, extra));
  else
    *keep = s.var_args >= 0 ? std::move(rest) : std::move(extra);
  return ok();
}

Ref bind_and_call(Thread& t, BoundFn fn, const Signature& s, const Callee& callee, Value self, const Args& args) {
  auto* out = static_cast<Value*>(__builtin_alloca((s.size + 1) * sizeof(Value)));
  if (args.keyword_count == 0 && s.var_args < 0 && s.var_keywords < 0 && s.required_keyword_only == 0 &&
      args.count >= s.required_positional && args.count <= s.positional) [[likely]] {
    for (u32 i = 0; i < args.count; i++) out[i] = args[i];
    for (u32 i = args.count; i < s.size; i++) out[i] = EMPTY;
    return fn(t, self, out);
  }
  Ref keep;
  TRY(bind(t, s, callee, args, out, &keep));
  return fn(t, self, out);
}

// `aux2` of the function or descriptor tells with how many positional arguments the interpreter may call `bound` by itself (native_arity
// in function.h): all parameters are positional, or those that are not are optional keywords. One that scans stacks it calls the long way.
const Signature* signature_of(Object* callable, const Signature** where, const Method* definition) {
  const Signature* found = __atomic_load_n(where, __ATOMIC_ACQUIRE);
  if (found != nullptr) [[likely]]
    return found;
  found = &parse_signature(definition->signature);
  if (found->var_args < 0 && found->var_keywords < 0 && found->required_keyword_only == 0 && !definition->scans_stacks)
    __atomic_store_n(&callable->aux2, native_arity::pack(found->required_positional, found->positional, found->size), __ATOMIC_RELAXED);
  __atomic_store_n(where, found, __ATOMIC_RELEASE);
  return found;
}

}  // namespace

// Signatures by the address of their text, which is static: every bound method of a native type shares its descriptor's. Entries are
// only added, so look-ups need no lock.
namespace {

struct ParsedSignature {
  const char* text;
  const Signature* signature;
  ParsedSignature* next;
};
constexpr u32 kSignatureBuckets = 1024;
ParsedSignature* g_parsed_signatures[kSignatureBuckets];

}  // namespace

const Signature& parse_signature(const char* text) {
  ParsedSignature** bucket = &g_parsed_signatures[(u64(text) * 0x9E3779B97F4A7C15u) >> 54];
  ParsedSignature* first = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
  for (ParsedSignature* p = first; p != nullptr; p = p->next)
    if (p->text == text) return *p->signature;
  auto* made = new ParsedSignature{text, SignatureParser(text).parse(), first};
  // Two threads may parse the same text at once: both results stay valid, one of them is found from then on.
  while (!__atomic_compare_exchange_n(bucket, &made->next, made, false, __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
  }
  return *made->signature;
}

u32 signature_size(const Signature& signature) { return signature.size; }

Status bind_arguments(Thread& t, const Signature& signature, const char* name, Args args, Value* out, Ref* keep) {
  return bind(t, signature, Callee{name}, args, out, keep);
}

Ref native_function_new(Thread& t, const Method* definition, Value self, Value module) {
  auto* f = heap::allocate_as<NativeFunction>(t, kShape_builtin_function);
  RefTo<NativeFunction> function = RefTo<NativeFunction>::adopt(f);
  f->definition = definition;
  f->self.init(f, self);
  f->module.init(f, module);
  return function;
}

Ref native_call(Thread& t, NativeFunction* function, const Args& args) {
  const Method* definition = function->definition;
  Value self = function->self.peek();
  if (definition->raw != nullptr) return definition->raw(t, self, args);
  const Signature& s = *signature_of(function, &function->signature, definition);
  if (s.plain && args.keyword_count == 0 && args.count == s.size) [[likely]]
    return definition->bound(t, self, args.values);
  return bind_and_call(t, definition->bound, s, Callee{definition->name, function}, self, args);
}

void share_signature(NativeDescriptor* from, NativeFunction* bound) {
  if (from->method->raw != nullptr) return;
  bound->signature = signature_of(from, &from->signature, from->method);
  bound->aux2 = __atomic_load_n(&from->aux2, __ATOMIC_RELAXED);
}

Ref native_method_call(Thread& t, NativeDescriptor* d, Value self, const Args& args) {
  const Method* definition = d->method;
  if (definition->raw != nullptr) return definition->raw(t, self, args);
  const Signature& s = *signature_of(d, &d->signature, definition);
  if (s.plain && args.keyword_count == 0 && args.count == s.size) [[likely]]
    return definition->bound(t, self, args.values);
  return bind_and_call(t, definition->bound, s, Callee{definition->name, nullptr, d}, self, args);
}

// inspect tells the bound first parameter by its "$".
Ref shown_signature(Thread& t, const char* text, const char* first) {
  if (text == nullptr) return Ref::none();
  if (text[0] != '(' || text[1] == '$') return str_from_utf8(t, text);
  if (text[1] == ')') return str_format(t, "(%s, /)", first);
  return str_format(t, "(%s, %s", first, text + 1);
}

// --- builtin_function_or_method
namespace {

NativeFunction* self_of(Value v) { return v.as<NativeFunction>(); }

Ref function_call(Thread& t, Value self, Args args) { return native_call(t, self_of(self), args); }

bool is_plain_function(Value self) {
  Value bound = self_of(self)->self.peek();
  return bound.is_empty() || is_module(bound);
}

Ref function_repr(Thread& t, Value self) {
  const char* name = self_of(self)->definition->name;
  if (is_plain_function(self)) return str_format(t, "<built-in function %s>", name);
  Value bound = self_of(self)->self.peek();
  return str_format(t, "<built-in method %s of %T object at 0x%x>", name, bound, object_id(t, bound));
}

Ref function_compare(Thread&, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_exact_builtin_function(b)) return Ref::not_implemented();
  bool same =
      self_of(a)->definition == self_of(b)->definition && is_same(self_of(a)->self.peek(), self_of(b)->self.peek());
  return Ref::boolean(same == (op == CompareOp::kEq));
}

Result<i64> function_hash(Thread&, Value self) {
  u64 bits =
      self_of(self)->self.peek().bits * 0x9E3779B97F4A7C15u ^ (reinterpret_cast<u64>(self_of(self)->definition) >> 4);
  return i64(bits >> 3);
}

Ref get_name(Thread& t, Value self) { return str_from_utf8(t, self_of(self)->definition->name); }
Ref get_qualname(Thread& t, Value self) {
  const char* name = self_of(self)->definition->name;
  if (is_plain_function(self)) return str_from_utf8(t, name);
  Ref bound = self_of(self)->self.load();
  Ref owner = Ref::copy(is_type(bound) ? bound.get() : Value(type_of(bound)));
  Ref qualname = TRY(get_attribute(t, owner, names::__qualname__));
  return str_format(t, "%S.%s", qualname.get(), name);
}
Ref get_doc(Thread& t, Value self) {
  const char* doc = self_of(self)->definition->doc;
  return doc != nullptr ? Ref(str_from_utf8(t, doc)) : Ref::none();
}
Ref get_text_signature(Thread& t, Value self) {
  bool instance = !is_plain_function(self) && !is_type(self_of(self)->self.peek());
  return shown_signature(t, self_of(self)->definition->signature, instance ? "$self" : "$module");
}
Ref get_self(Thread&, Value self) {
  Ref bound = self_of(self)->self.load();
  if (bound.is_empty() || self_of(self)->definition->kind == MethodKind::kStatic) return Ref::none();
  return bound;
}
Ref get_module(Thread&, Value self) {
  Ref module = self_of(self)->module.load();
  return module.is_empty() ? Ref::none() : std::move(module);
}
Status set_module(Thread&, Value self, Value value) {
  self_of(self)->module.store(self.object(), value);
  return ok();
}

Ref function_reduce(Thread& t, Value self, const Value*) {
  if (is_plain_function(self)) return get_name(t, self);
  Ref getter = TRY(builtin_named(t, "getattr"));
  Ref bound = self_of(self)->self.load();
  Ref name = TRY(get_name(t, self));
  RefTo<Tuple> arguments = TRY(tuple_of(t, bound, name));
  return tuple_of(t, getter, arguments);
}

constexpr GetSet kFunctionGetSets[] = {
    {"__name__", get_name},
    {"__qualname__", get_qualname},
    {"__doc__", get_doc},
    {"__text_signature__", get_text_signature},
    {"__self__", get_self},
    {"__module__", get_module, set_module},
    {},
};
constexpr Method kFunctionMethods[] = {method("__reduce__", function_reduce, "($self, /)"), {}};

void visit_function(Object* self, Visitor& v) {
  auto* f = static_cast<NativeFunction*>(self);
  v.field(f->self);
  v.field(f->module);
}

}  // namespace

const TypeSpec spec_builtin_function = {
    .name = "builtin_function_or_method",
    .layout = {"builtin_function_or_method", sizeof(NativeFunction), 0, visit_function, nullptr, nullptr, nullptr,
               dispose_fields<offsetof(NativeFunction, self), 2>},
    .flags = type_flag::kHasWeakref | type_flag::kDisallowInstantiation,
    .slots = {.repr = function_repr, .hash = function_hash, .call = function_call, .compare = function_compare},
    .methods = kFunctionMethods,
    .getsets = kFunctionGetSets,
};

Status type_add_method(Thread& t, Type* type, const Method* method) {
  RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_method_descriptor, type, method->name));
  d->method = method;
  Ref name = d->name.load();
  return set_attribute(t, Value(type), name.as<Str>(), d.value());
}

Status type_add_getset(Thread& t, Type* type, const GetSet* getset) {
  RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_getset_descriptor, type, getset->name));
  d->getset = getset;
  Ref name = d->name.load();
  return set_attribute(t, Value(type), name.as<Str>(), d.value());
}

}  // namespace typhon
