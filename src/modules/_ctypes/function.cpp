// CFuncPtr and its metaclass: foreign functions, and pointers to Python callables.
#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"

namespace typhon::ctypes {
namespace {

constexpr u32 kIn = 1, kOut = 2, kLocale = 4;

CFunction* as_function(Value v) { return v.as<CFunction>(); }
void visit_function(Object* self, Visitor& visitor) {
  visit_data(self, visitor);
  visitor.fields(&static_cast<CFunction*>(self)->thunk, 8);
}

Ref result_checker(Thread& t, Value restype) {
  if (storage_of(restype) == nullptr) return Ref();
  return get_attribute_or_empty(t, restype, n::check_retval_);
}

// Tuples of the types and of their from_param.
Status argument_types(Thread& t, Value given, RefTo<Tuple>* types, RefTo<Tuple>* converters) {
  Ref converted = Ref(to_tuple(t, given));
  if (converted.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    return raise(t, exc::TypeError, "_argtypes_ must be a sequence of types");
  }
  *types = RefTo<Tuple>::from(std::move(converted));
  i64 n = i64((*types)->size);
  if (n > kMaxArguments)
    return raise(t, g_argument_error, "_argtypes_ has too many arguments (%zd), maximum is %d", n, int(kMaxArguments));
  RootedVector functions(t);
  for (i64 i = 0; i < n; i++) {
    Ref function = get_attribute_or_empty(t, (*types)->items[i].peek(), n::from_param);
    if (function.failed()) return Raised{};
    if (function.is_empty()) return raise(t, exc::TypeError, "item %zd in _argtypes_ has no from_param method", i + 1);
    functions.push(std::move(function));
  }
  *converters = TRY(tuple_from(t, functions.data(), functions.size()));
  return ok();
}
bool is_result_type(Value v) { return v.is_none() || storage_of(v) != nullptr || is_callable(v); }

Status read_prototype(Thread& t, CType* cls, u32* flags) {
  Value self(cls);
  Ref given = TRY(get_attribute_or_empty(t, self, n::flags_));
  if (given.is_empty() || !is_int(given)) return raise(t, exc::TypeError, "class must define _flags_ which must be an integer");
  *flags = u32(int_low_u64(given));
  Ref argtypes = get_attribute_or_empty(t, self, n::argtypes_);
  if (argtypes.failed()) return Raised{};
  if (!argtypes.is_empty()) {
    RefTo<Tuple> types, converters;
    TRY(argument_types(t, argtypes, &types, &converters));
    cls->argtypes.store(cls, types.value());
    cls->converters.store(cls, converters.value());
  }
  Ref restype = get_attribute_or_empty(t, self, n::restype_);
  if (restype.failed()) return Raised{};
  if (restype.is_empty()) return ok();
  if (!is_result_type(restype)) return raise(t, exc::TypeError, "_restype_ must be a type, a callable, or None");
  cls->restype.store(cls, restype);
  Ref checker = result_checker(t, restype);
  if (checker.failed()) return Raised{};
  if (!checker.is_empty()) cls->checker.store(cls, checker);
  return ok();
}

}  // namespace

Status function_meta_init(Thread& t, Value self, Args args) {
  TRY(types::type->slots.init.load()(t, self, args));
  auto* cls = as_ctype(self);
  if (info_of(cls) != nullptr) return raise(t, exc::SystemError, "StgInfo of '%N' is already initialized.", static_cast<Type*>(cls));
  u32 flags;
  TRY(read_prototype(t, cls, &flags));
  Info* info = new_info(t);
  if (info == nullptr) return Raised{};
  info->kind = Kind::kFunction;
  info->size = info->align = sizeof(void*);
  info->length = 1;
  info->flags = kHasPointer;
  info->function_flags = flags;
  info->ffi = &ffi_type_pointer;
  TRY(set_format(t, info, "X{}"));
  install_info(cls, info);
  finish_type(cls);
  return ok();
}

namespace {

// --- parameter flags
Status check_out_type(Thread& t, Value type, int number) {
  const Info* info = storage_of(type);
  if (info != nullptr && (info->kind == Kind::kPointer || info->kind == Kind::kArray)) return ok();
  if (info != nullptr && info->kind == Kind::kSimple && strchr("PzZ", info->code) != nullptr) return ok();
  if (is_type(type)) return raise(t, exc::TypeError, "'out' parameter %d must be a pointer type, not %N", number, type.as<Type>());
  return raise(t, exc::TypeError, "'out' parameter %d must be a pointer type, not %T", number, type);
}
struct ParameterFlag {
  u32 flag;
  Ref name, fallback;  // EMPTY when not given
};
Status read_flag(Thread& t, Value item, ParameterFlag* out) {
  constexpr const char* kMessage = "paramflags must be a sequence of (int [,string [,value]]) tuples";
  if (!is_tuple(item)) return raise(t, exc::TypeError, kMessage);
  auto* parts = item.as<Tuple>();
  if (parts->size < 1 || parts->size > 3 || !is_int(parts->items[0].peek())) return raise(t, exc::TypeError, kMessage);
  out->flag = u32(int_low_u64(parts->items[0].peek()));
  if (parts->size > 1 && !parts->items[1].peek().is_none()) {
    out->name = parts->items[1].load();
    if (!is_str(out->name)) return raise(t, exc::TypeError, kMessage);
  }
  if (parts->size > 2) out->fallback = parts->items[2].load();
  return ok();
}
Status check_flags(Thread& t, Tuple* types, Value flags) {
  if (flags.is_none() || flags.is_empty() || types == nullptr) return ok();
  if (!is_tuple(flags)) return raise(t, exc::TypeError, "paramflags must be a tuple or None");
  auto* list = flags.as<Tuple>();
  if (list->size != types->size) return raise(t, exc::ValueError, "paramflags must have the same length as argtypes");
  for (u64 i = 0; i < list->size; i++) {
    ParameterFlag f;
    TRY(read_flag(t, list->items[i].peek(), &f));
    switch (f.flag & (kIn | kOut | kLocale)) {
      case 0:
      case kIn:
      case kIn | kLocale:
      case kIn | kOut: break;
      case kOut: TRY(check_out_type(t, types->items[i].peek(), int(i) + 1)); break;
      default: return raise(t, exc::TypeError, "paramflag value %d not supported", int(f.flag));
    }
  }
  return ok();
}

// --- making
Ref make(Thread& t, Type* cls) { return data_new(t, cls, Args{}); }

Ref from_library(Thread& t, Type* cls, Value pair, Value flags) {
  auto* parts = pair.as<Tuple>();
  if (parts->size != 2) return raise(t, exc::TypeError, "illegal func_spec argument");
  Ref name = parts->items[0].load(), library = parts->items[1].load();
  if (!is_str(name) && !is_bytes(name)) return raise(t, exc::TypeError, "function name must be string, bytes object or integer");
  TRY(audit(t, "ctypes.dlsym", library, name));
  Ref handle = TRY(get_attribute(t, library, n::handle_));
  if (!is_int(handle)) return raise(t, exc::TypeError, "the _handle attribute of the second argument must be an integer");
  Ref error;
  void* address = find_symbol(t, name, int_low_u64(handle), "function", &error);
  if (error.failed()) return Raised{};
  if (address == nullptr) return raise_value(t, exc::AttributeError, error);
  TRY(check_flags(t, static_cast<CType*>(cls)->argtypes.as<Tuple>(), flags));
  Ref made = TRY(make(t, cls));
  auto* self = as_function(made);
  TRY(keep(t, self, 0, std::move(library)));
  if (is_tuple(flags)) self->paramflags.store(self, flags);
  set_pointer(self, address);
  return made;
}
Ref from_callable(Thread& t, Type* cls, Value callable) {
  if (!is_callable(callable)) return raise(t, exc::TypeError, "argument must be callable or integer function address");
  auto* type = static_cast<CType*>(cls);
  const Info* info = info_of(type);
  if (info == nullptr || type->argtypes.is_empty()) return raise(t, exc::TypeError, "cannot construct instance of this class: no argtypes");
  RefTo<Thunk> thunk = TRY(thunk_new(t, callable, type->argtypes.as<Tuple>(), type->restype.peek(), info->function_flags));
  Ref made = TRY(make(t, cls));
  auto* self = as_function(made);
  self->thunk.store(self, thunk.value());
  set_pointer(self, thunk->code);
  TRY(keep(t, self, 0, thunk.release_ref()));
  return made;
}
Ref function_new(Thread& t, Type* cls, Args args) {
  if (args.count == 0) return make(t, cls);
  if (is_tuple(args[0]) && args.count <= 2) return from_library(t, cls, args[0], args.count > 1 ? args[1] : EMPTY);
  if (args.count != 1) return raise(t, exc::TypeError, "argument must be callable or integer function address");
  if (!is_int(args[0])) return from_callable(t, cls, args[0]);
  Ref made = TRY(make(t, cls));
  set_pointer(as_cdata(made), reinterpret_cast<void*>(int_low_u64(args[0])));
  return made;
}
Status function_init(Thread&, Value, Args) { return ok(); }

// --- calling
struct Outcome {
  u64 out[kMaxArguments / 64] = {};    // bit i: parameter i is an output
  u64 in_out[kMaxArguments / 64] = {};
  i64 results = 0;
  static void set(u64* bits, u64 i) { bits[i / 64] |= u64(1) << (i % 64); }
  static bool has(const u64* bits, u64 i) { return bits[i / 64] >> (i % 64) & 1; }
};

// The next argument of a function with parameter flags: by position, by name, or the default.
Ref next_argument(Thread& t, const ParameterFlag& f, const Args& args, u32* used) {
  if (*used < args.count) return Ref::copy(args[(*used)++]);
  for (u32 k = 0; !f.name.is_empty() && k < args.keyword_count; k++) {
    if (!str_equal(args.names->items[k].as<Str>(), f.name.as<Str>())) continue;
    ++*used;
    return Ref::copy(args.keyword(k));
  }
  if (!f.fallback.is_empty()) return f.fallback.dup();
  if (!f.name.is_empty()) return raise(t, exc::TypeError, "required argument '%S' missing", f.name.get());
  return raise(t, exc::TypeError, "not enough arguments");
}
// Fresh memory for an output parameter.
Ref out_argument(Thread& t, Value type) {
  const Info* info = storage_of(type);
  if (info != nullptr && info->kind == Kind::kArray) return call(t, type);
  if (info != nullptr && info->kind == Kind::kPointer) {
    Ref target = as_ctype(type)->element.load();
    if (!target.is_empty()) return call(t, target);
  }
  if (is_type(type)) return raise(t, exc::TypeError, "%N 'out' parameter must be passed as default value", type.as<Type>());
  return raise(t, exc::TypeError, "%T 'out' parameter must be passed as default value", type);
}
Status flagged_arguments(Thread& t, Tuple* flags, Tuple* types, const Args& args, RootedVector& words, Outcome* outcome) {
  u32 used = 0;
  for (u64 i = 0; i < flags->size; i++) {
    ParameterFlag f;
    TRY(read_flag(t, flags->items[i].peek(), &f));
    u32 kind = f.flag & (kIn | kOut | kLocale);
    if (kind == (kIn | kLocale)) {
      words.push(f.fallback.is_empty() ? Ref::adopt(Value::small_int(0)) : std::move(f.fallback));
    } else if (kind == kOut) {
      words.push(f.fallback.is_empty() ? TRY(out_argument(t, types->items[i].peek())) : std::move(f.fallback));
      Outcome::set(outcome->out, i);
      outcome->results++;
    } else if (kind == 0 || kind == kIn || kind == (kIn | kOut)) {
      words.push(TRY(next_argument(t, f, args, &used)));
      if (kind == (kIn | kOut)) {
        Outcome::set(outcome->in_out, i);
        outcome->results++;
      }
    } else {
      return raise(t, exc::ValueError, "paramflag %d not yet implemented", int(f.flag));
    }
  }
  if (used != args.count + args.keyword_count)
    return raise(t, exc::TypeError, "call takes exactly %d arguments (%zd given)", int(used), i64(args.count + args.keyword_count));
  return ok();
}
Ref collect_results(Thread& t, Ref&& result, const RootedVector& words, const Outcome& outcome) {
  if (outcome.results == 0) return std::move(result);
  RootedVector values(t);
  for (u64 i = 0; i < words.size(); i++) {
    if (Outcome::has(outcome.in_out, i))
      values.push_copy(words[i]);
    else if (Outcome::has(outcome.out, i))
      values.push(TRY(call_method(t, words[i], n::from_outparam, nullptr, 0)));
  }
  if (values.size() == 1) return values.pop();
  return tuple_from(t, values.data(), values.size());
}
Status check_count(Thread& t, u32 flags, i64 wanted, i64 given) {
  const char* plural = wanted == 1 ? "" : "s";
  if (flags & kFlagCdecl) {
    if (given < wanted)
      return raise(t, exc::TypeError, "this function takes at least %d argument%s (%d given)", int(wanted), plural, int(given));
  } else if (given != wanted) {
    return raise(t, exc::TypeError, "this function takes %d argument%s (%d given)", int(wanted), plural, int(given));
  }
  return ok();
}

Ref function_call(Thread& t, Value v, Args args) {
  auto* self = as_function(v);
  auto* cls = static_cast<CType*>(type_of(v));
  const Info* info = TRY(live_info(t, self));
  if (info->kind != Kind::kFunction) return raise(t, exc::TypeError, "not a function");
  bool own_result = !self->restype.is_empty();
  Ref restype = own_result ? self->restype.load() : cls->restype.load();
  Ref checker = own_result ? self->checker.load() : cls->checker.load();
  Ref converters = self->converters.load();
  if (converters.is_empty()) converters = cls->converters.load();
  Ref errcheck = self->errcheck.load(), flags = self->paramflags.load(), types = self->types.load();
  if (types.is_empty()) types = cls->argtypes.load();
  RootedVector words(t);
  Outcome outcome;
  // Another thread may be assigning argtypes: then they are not those that were checked with the flags.
  if (!flags.is_empty() && !types.is_empty() && flags.as<Tuple>()->size > 0 && flags.as<Tuple>()->size <= types.as<Tuple>()->size) {
    TRY(flagged_arguments(t, flags.as<Tuple>(), types.as<Tuple>(), args, words, &outcome));
  } else {
    for (u32 i = 0; i < args.count; i++) words.push_copy(args[i]);
  }
  auto* functions = converters.as<Tuple>();
  if (functions != nullptr) TRY(check_count(t, info->function_flags, i64(functions->size), i64(words.size())));
  Ref result = TRY(call_foreign(t, pointer_in(self), words.data(), i64(words.size()), info->function_flags, functions, restype, checker));
  if (!errcheck.is_empty()) {
    RefTo<Tuple> given = TRY(tuple_from(t, words.data(), words.size()));
    Ref checked = TRY(call_with(t, errcheck, result, v, given));
    if (!checked.get().same_word(given.value())) return checked;
  }
  return collect_results(t, std::move(result), words, outcome);
}

// --- attributes
Ref get_restype(Thread&, Value v) {
  Ref found = as_function(v)->restype.load();
  if (found.is_empty()) found = static_cast<CType*>(type_of(v))->restype.load();
  return found.is_empty() ? Ref::none() : std::move(found);
}
Status set_restype(Thread& t, Value v, Value value) {
  auto* self = as_function(v);
  if (value.is_empty()) {
    self->checker.clear(self);
    self->restype.clear(self);
    return ok();
  }
  if (!is_result_type(value)) return raise(t, exc::TypeError, "restype must be a type, a callable, or None");
  Ref checker = result_checker(t, value);
  if (checker.failed()) return Raised{};
  self->checker.store(self, std::move(checker));
  self->restype.store(self, value);
  return ok();
}
Ref get_argtypes(Thread&, Value v) {
  Ref found = as_function(v)->argtypes.load();
  if (found.is_empty()) found = static_cast<CType*>(type_of(v))->argtypes.load();
  return found.is_empty() ? Ref::none() : std::move(found);
}
Status set_argtypes(Thread& t, Value v, Value value) {
  auto* self = as_function(v);
  if (value.is_empty() || value.is_none()) {
    self->argtypes.clear(self);
    self->types.clear(self);
    self->converters.clear(self);
    return ok();
  }
  RefTo<Tuple> types, converters;
  TRY(argument_types(t, value, &types, &converters));
  Ref flags = self->paramflags.load();
  TRY(check_flags(t, types.get(), flags));
  self->types.store(self, types.value());
  self->converters.store(self, converters.value());
  self->argtypes.store(self, value);
  return ok();
}
Ref get_errcheck(Thread&, Value v) {
  Ref found = as_function(v)->errcheck.load();
  return found.is_empty() ? Ref::none() : std::move(found);
}
Status set_errcheck(Thread& t, Value v, Value value) {
  auto* self = as_function(v);
  if (!value.is_empty() && !is_callable(value)) return raise(t, exc::TypeError, "the errcheck attribute must be callable");
  if (value.is_empty())
    self->errcheck.clear(self);
  else
    self->errcheck.store(self, value);
  return ok();
}
Result<bool> function_bool(Thread&, Value v) { return pointer_in(as_cdata(v)) != nullptr; }
Ref function_repr(Thread& t, Value v) { return str_format(t, "<%T object at 0x%x>", v, u64(v.object())); }

const GetSet kGetSets[] = {
    {"errcheck", get_errcheck, set_errcheck, "a function to check for errors"},
    {"restype", get_restype, set_restype, "specify the result type"},
    {"argtypes", get_argtypes, set_argtypes, "specify the argument types"},
    {},
};
const TypeSpec kSpec = {
    .name = "_ctypes.CFuncPtr",
    .doc = "Function Pointer",
    .base = &g_data,
    .layout = {"CFuncPtr", sizeof(CFunction), 0, visit_function, release_data, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.repr = function_repr, .call = function_call, .new_ = function_new, .init = function_init, .bool_ = function_bool},
    .getsets = kGetSets,
};

}  // namespace

Status initialise_functions(Thread& t, Module* module) {
  if (g_function == nullptr) TRY(make_static_type_of(t, g_function_meta, kSpec, &g_function));
  return module_add(t, module, "CFuncPtr", Value(g_function));
}

}  // namespace typhon::ctypes
