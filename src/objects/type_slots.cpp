// The slot table: which dunder method stands for which slot of a type.
//
// Native types get a wrapper_descriptor for every slot they fill; Python classes get generic slot functions that look
// the dunder up and call it, or the native function itself where the dunder they inherit is a native wrapper.
#include <cstddef>
#include <cstdlib>

#include "objects/container_util.h"
#include "objects/dict/table.h"
#include "objects/protocol/call_words.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {
bool is_native_new(Value found);
NewFn native_new_for(Type* type, Value found);

Result<i64> returned_length(Thread& t, Value result);

namespace {

// A self word followed by the words of a call, on the stack when short. The words are borrowed from the caller.
class CallWords {
 public:
  CallWords(Value self, Args args) {
    u32 n = args.count + args.keyword_count;
    if (n + 1 > kInline) words_ = static_cast<Value*>(std::malloc((n + 1) * sizeof(Value)));
    words_[0] = self;
    for (u32 i = 0; i < n; i++) words_[i + 1] = args.values[i];
    args_ = Args{words_, args.count + 1, args.names, args.keyword_count};
  }
  ~CallWords() {
    if (words_ != inline_) std::free(words_);
  }
  CallWords(const CallWords&) = delete;
  Args args() const { return args_; }

 private:
  static constexpr u32 kInline = 12;
  Value inline_[kInline];
  Value* words_ = inline_;
  Args args_;
};

// Calls what type_lookup found for words[0]; n arguments follow it.
Ref call_found(Thread& t, Value found, const Value* words, u32 n) {
  Ref keep = Ref::copy(found);
  if (is_exact_function(found)) return call_function(t, found.as<Function>(), words, n + 1);
  Type* type = type_of(found);
  if (type->flags & type_flag::kMethodDescriptor) return call(t, found, Args{words, n + 1});
  if (DescriptorGetFn get = type->slots.descriptor_get) {
    Ref bound = TRY(get(t, found, words[0], type_of(words[0])));
    return call(t, bound, Args{words + 1, n});
  }
  return call(t, found, Args{words + 1, n});
}

Raised missing(Thread& t, Str* name) { return raise(t, exc::AttributeError, "%U", name); }

// The common case: the dunder must be there: the slot would be empty otherwise, unless the class has only the other dunder of
// a slot with two (__setitem__, __delitem__), or another thread has just taken it away.
template <class... V>
Ref call_dunder(Thread& t, Str* name, Value self, V... args) {
  Value found = type_lookup(type_of(self), name);
  if (found.is_empty()) return missing(t, name);
  Value words[] = {self, Value(args)...};
  return call_found(t, found, words, sizeof...(V));
}

template <Str** kName>
Ref generic_unary(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), *kName);
  if (found.is_empty()) return raise(t, exc::TypeError, "bad operand type for %U: '%T'", *kName, self);
  Value words[] = {self};
  return call_found(t, found, words, 0);
}

template <Str** kName>
Ref generic_item(Thread& t, Value self, Value argument) {
  Value found = type_lookup(type_of(self), *kName);
  if (found.is_empty()) return raise(t, exc::TypeError, "'%T' object does not support %U", self, *kName);
  Value words[] = {self, argument};
  return call_found(t, found, words, 1);
}

// One direction of a binary operator; NotImplemented when the class has no such method.
Ref call_maybe(Thread& t, Str* name, Value self, Value other) {
  Value found = type_lookup(type_of(self), name);
  if (found.is_empty()) return Ref::not_implemented();
  Value words[] = {self, other};
  return call_found(t, found, words, 1);
}

// Whether `derived` resolves the name to something else than `base` does.
bool overrides(Type* derived, Type* base, Str* name) {
  Value a = type_lookup(derived, name);
  if (a.is_empty()) return false;
  return !a.same_word(type_lookup(base, name));
}

template <Str** kName, Str** kReflected, Relaxed<BinaryFn> Slots::* kSlot>
Ref generic_binary(Thread& t, Value a, Value b) {
  Type* left = type_of(a);
  Type* right = type_of(b);
  constexpr BinaryFn kSelf = generic_binary<kName, kReflected, kSlot>;
  bool do_other = left != right && right->slots.*kSlot == kSelf;
  if (left->slots.*kSlot == kSelf) {
    if (do_other && is_subtype(right, left) && overrides(right, left, *kReflected)) {
      Ref result = TRY(call_maybe(t, *kReflected, b, a));
      if (result.get().bits != NotImplemented.bits) return result;
      do_other = false;
    }
    Ref result = TRY(call_maybe(t, *kName, a, b));
    if (result.get().bits != NotImplemented.bits || left == right) return result;
  }
  if (do_other) return call_maybe(t, *kReflected, b, a);
  return Ref::not_implemented();
}

Ref generic_power(Thread& t, Value a, Value b, Value modulus) {
  if (modulus.is_none()) {
    Type* left = type_of(a);
    Type* right = type_of(b);
    bool do_other = left != right && right->slots.power == generic_power;
    if (left->slots.power == generic_power) {
      if (do_other && is_subtype(right, left) && overrides(right, left, names::__rpow__)) {
        Ref result = TRY(call_maybe(t, names::__rpow__, b, a));
        if (result.get().bits != NotImplemented.bits) return result;
        do_other = false;
      }
      Ref result = TRY(call_maybe(t, names::__pow__, a, b));
      if (result.get().bits != NotImplemented.bits || left == right) return result;
    }
    if (do_other) return call_maybe(t, names::__rpow__, b, a);
    return Ref::not_implemented();
  }
  if (type_of(a)->slots.power == generic_power) {
    Value found = type_lookup(type_of(a), names::__pow__);
    if (!found.is_empty()) {
      Value words[] = {a, b, modulus};
      Ref result = TRY(call_found(t, found, words, 2));
      if (result.get().bits != NotImplemented.bits) return result;
    }
  }
  if (type_of(b)->slots.power == generic_power) {
    Value found = type_lookup(type_of(b), names::__rpow__);
    if (!found.is_empty()) {
      Value words[] = {b, a, modulus};
      return call_found(t, found, words, 2);
    }
  }
  return Ref::not_implemented();
}

Ref generic_compare(Thread& t, Value a, Value b, CompareOp op) {
  Str* const table[] = {names::__lt__, names::__le__, names::__eq__, names::__ne__, names::__gt__, names::__ge__};
  Value found = type_lookup(type_of(a), table[int(op)]);
  if (found.is_empty()) return Ref::not_implemented();
  if (is_exact(found, kShape_wrapper_descriptor) && found.as<NativeDescriptor>()->slot->kind == SlotKind::kCompare &&
      is_subtype(type_of(a), found.as<NativeDescriptor>()->owner.as<Type>()))
    return reinterpret_cast<CompareFn>(found.as<NativeDescriptor>()->slot_function)(t, a, b, op);
  Value words[] = {a, b};
  return call_found(t, found, words, 1);
}

Result<i64> unhashable(Thread& t, Value self) { return raise(t, exc::TypeError, "unhashable type: '%T'", self); }

Result<i64> generic_hash(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__hash__);
  if (found.is_empty() || found.is_none()) return unhashable(t, self);
  Value words[] = {self};
  Ref result = TRY(call_found(t, found, words, 0));
  if (!is_int(result)) return raise(t, exc::TypeError, "__hash__ method should return an integer");
  i64 hash;
  if (!int_fits_i64(result, &hash)) hash = int_hash(result);
  return hash == -1 ? -2 : hash;
}

Result<i64> generic_length(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__len__);
  if (found.is_empty()) return raise(t, exc::TypeError, "object of type '%T' has no len()", self);
  Value words[] = {self};
  Ref result = TRY(call_found(t, found, words, 0));
  return returned_length(t, result);
}
}  // namespace

// What __len__ returned, checked.
Result<i64> returned_length(Thread& t, Value result) {
  if (result.is_small_int() && result.as_small_int() >= 0) [[likely]] return result.as_small_int();
  Ref index = TRY(to_index(t, result));
  if (int_sign(index) < 0) return raise(t, exc::ValueError, "__len__() should return >= 0");
  i64 n;
  if (!int_fits_i64(index, &n))
    return raise(t, exc::OverflowError, "cannot fit '%T' into an index-sized integer", result);
  return n;
}

namespace {

Result<bool> generic_bool(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__bool__);
  if (found.is_empty()) return true;
  Value words[] = {self};
  Ref result = TRY(call_found(t, found, words, 0));
  if (!result.get().is_bool())
    return raise(t, exc::TypeError, "__bool__ should return bool, returned %T", result.get());
  return result.get().is_true();
}

Result<bool> generic_contains(Thread& t, Value self, Value item) {
  Value found = type_lookup(type_of(self), names::__contains__);
  if (found.is_none() || found.is_empty()) return raise(t, exc::TypeError, "'%T' object is not a container", self);
  Value words[] = {self, item};
  Ref result = TRY(call_found(t, found, words, 1));
  return truth(t, result);
}

Ref generic_iter(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__iter__);
  if (found.is_none() || found.is_empty()) return raise(t, exc::TypeError, "'%T' object is not iterable", self);
  Value words[] = {self};
  return call_found(t, found, words, 0);
}

// A StopIteration stays pending: callers that want its value look at it, protocol/iterate.cpp swallows it.
Ref generic_next(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__next__);
  if (found.is_empty()) return raise(t, exc::TypeError, "'%T' object is not an iterator", self);
  Value words[] = {self};
  return call_found(t, found, words, 0);
}

Ref generic_call(Thread& t, Value self, Args args) {
  Value found = type_lookup(type_of(self), names::__call__);
  if (found.is_empty()) return raise(t, exc::TypeError, "'%T' object is not callable", self);
  TRY(enter_native(t, " while calling a Python object"));
  Ref keep = Ref::copy(found);
  Type* type = type_of(found);
  if (type->flags & type_flag::kMethodDescriptor) {
    CallWords words(self, args);
    return call(t, found, words.args());
  }
  if (DescriptorGetFn get = type->slots.descriptor_get) {
    Ref bound = TRY(get(t, found, self, type_of(self)));
    return call(t, bound, args);
  }
  return call(t, found, args);
}

Ref generic_getattribute(Thread& t, Value self, Str* name) {
  Type* type = type_of(self);
  Value method = type_lookup(type, names::__getattribute__);
  Ref result;
  if (is_exact(method, kShape_wrapper_descriptor) && is_subtype(type, method.as<NativeDescriptor>()->owner.as<Type>())) {
    auto fn = reinterpret_cast<GetAttributeFn>(method.as<NativeDescriptor>()->slot_function);
    result = fn == generic_get_attribute ? generic_get_or_empty(t, self, name)
             : fn == type_get_attribute  ? type_get_or_empty(t, self.as<Type>(), name)
                                         : fn(t, self, name);
  } else if (method.is_empty()) {
    result = generic_get_or_empty(t, self, name);
  } else {
    Value words[] = {self, Value(name)};
    result = call_found(t, method, words, 1);
  }
  if (!result.failed() && !result.is_empty()) return result;
  if (result.failed() && !pending_matches(t, exc::AttributeError)) return result;
  Value hook = type_lookup(type_of(self), names::__getattr__);
  if (hook.is_empty()) {
    if (result.failed()) return result;
    return raise_attribute_error(t, self, name);
  }
  if (result.failed()) clear_exception(t);
  Value words[] = {self, Value(name)};
  return call_found(t, hook, words, 1);
}

}  // namespace

bool looks_up_generically(Type* type) {
  if (type->slots.getattribute == generic_get_attribute) return true;
  if (type->slots.getattribute != generic_getattribute) return false;
  Value method = type_lookup(type, names::__getattribute__);
  return is_exact(method, kShape_wrapper_descriptor) &&
         method.as<NativeDescriptor>()->slot_function == reinterpret_cast<void*>(generic_get_attribute);
}

namespace {

Status discard(Ref&& result) {
  if (result.failed()) return Raised{};
  return ok();
}

Status generic_setattr(Thread& t, Value self, Str* name, Value value) {
  if (value.is_empty()) return discard(call_dunder(t, names::__delattr__, self, Value(name)));
  return discard(call_dunder(t, names::__setattr__, self, Value(name), value));
}

Status generic_set_item(Thread& t, Value self, Value key, Value value) {
  if (value.is_empty()) return discard(call_dunder(t, names::__delitem__, self, key));
  return discard(call_dunder(t, names::__setitem__, self, key, value));
}

Ref generic_descriptor_get(Thread& t, Value self, Value instance, Value owner) {
  Value found = type_lookup(type_of(self), names::__get__);
  if (found.is_empty()) return Ref::copy(self);
  Value words[] = {self, instance.is_empty() ? None : instance, owner.is_empty() ? None : owner};
  return call_found(t, found, words, 2);
}

Status generic_descriptor_set(Thread& t, Value self, Value instance, Value value) {
  if (value.is_empty()) return discard(call_dunder(t, names::__delete__, self, instance));
  return discard(call_dunder(t, names::__set__, self, instance, value));
}

Ref generic_new(Thread& t, Type* cls, Args args) {
  Ref function = TRY(get_attribute(t, cls, names::__new__));
  CallWords words(cls, args);
  return call(t, function, words.args());
}

Status generic_init(Thread& t, Value self, Args args) {
  Value found = type_lookup(type_of(self), names::__init__);
  if (found.is_empty()) return ok();
  Ref keep = Ref::copy(found);
  Ref result;
  Type* type = type_of(found);
  if (type->flags & type_flag::kMethodDescriptor) {
    CallWords words(self, args);
    result = TRY(call(t, found, words.args()));
  } else if (DescriptorGetFn get = type->slots.descriptor_get) {
    Ref bound = TRY(get(t, found, self, type_of(self)));
    result = TRY(call(t, bound, args));
  } else {
    result = TRY(call(t, found, args));
  }
  if (!result.get().is_none()) return raise(t, exc::TypeError, "__init__() should return None, not '%T'", result.get());
  return ok();
}

void generic_finaliser(Thread& t, Value self) {
  Value found = type_lookup(type_of(self), names::__del__);
  if (found.is_empty()) return;
  Ref keep = Ref::copy(found);
  Value words[] = {self};
  Ref result = call_found(t, keep, words, 0);
  if (result.failed()) write_unraisable(t, "while calling deallocator", keep);
}

template <class F>
void* erase(F* function) {
  return reinterpret_cast<void*>(function);
}

constexpr CompareOp kNoOp = CompareOp::kLt;
#define SLOT(name, field, kind, generic, doc) \
  {&names::name, #name, offsetof(Slots, field), SlotKind::kind, kNoOp, generic, doc}
#define COMPARE(name, op, symbol) \
  {&names::name,                  \
   #name,                         \
   offsetof(Slots, compare),      \
   SlotKind::kCompare,            \
   CompareOp::op,                 \
   erase(generic_compare),        \
   "($self, value, /)\n--\n\nReturn self" symbol "value."}
// Both directions of an operator.
#define BINARY(name, reflected, field, symbol)                                                                        \
  SLOT(name, field, kBinary, erase(generic_binary<&names::name, &names::reflected, &Slots::field>),                   \
       "($self, value, /)\n--\n\nReturn self" symbol "value."),                                                       \
      SLOT(reflected, field, kBinaryReflected, erase(generic_binary<&names::name, &names::reflected, &Slots::field>), \
           "($self, value, /)\n--\n\nReturn value" symbol "self.")
#define INPLACE(name, field, symbol) \
  SLOT(name, field, kBinary, erase(generic_item<&names::name>), "($self, value, /)\n--\n\nReturn self" symbol "value.")
#define UNARY(name, field, doc) SLOT(name, field, kUnary, erase(generic_unary<&names::name>), "($self, /)\n--\n\n" doc)

}  // namespace

// Rows of one slot are adjacent or share the generic function. A row without one: Python classes do not fill that slot.
const SlotDefinition kSlotTable[] = {
    SLOT(__getattribute__, getattribute, kGetAttribute, erase(generic_getattribute),
         "($self, name, /)\n--\n\nReturn getattr(self, name)."),
    SLOT(__getattr__, getattribute, kGetAttrHook, erase(generic_getattribute), nullptr),
    SLOT(__setattr__, setattribute, kSetAttribute, erase(generic_setattr),
         "($self, name, value, /)\n--\n\nImplement setattr(self, name, value)."),
    SLOT(__delattr__, setattribute, kDelAttribute, erase(generic_setattr),
         "($self, name, /)\n--\n\nImplement delattr(self, name)."),
    UNARY(__repr__, repr, "Return repr(self)."),
    SLOT(__hash__, hash, kHash, erase(generic_hash), "($self, /)\n--\n\nReturn hash(self)."),
    SLOT(__call__, call, kCall, erase(generic_call), "($self, /, *args, **kwargs)\n--\n\nCall self as a function."),
    UNARY(__str__, str, "Return str(self)."),
    COMPARE(__lt__, kLt, "<"),
    COMPARE(__le__, kLe, "<="),
    COMPARE(__eq__, kEq, "=="),
    COMPARE(__ne__, kNe, "!="),
    COMPARE(__gt__, kGt, ">"),
    COMPARE(__ge__, kGe, ">="),
    SLOT(__iter__, iter, kUnary, erase(generic_iter), "($self, /)\n--\n\nImplement iter(self)."),
    SLOT(__next__, next, kNext, erase(generic_next), "($self, /)\n--\n\nImplement next(self)."),
    SLOT(__get__, descriptor_get, kDescriptorGet, erase(generic_descriptor_get),
         "($self, instance, owner=None, /)\n--\n\nReturn an attribute of instance, which is of type owner."),
    SLOT(__set__, descriptor_set, kDescriptorSet, erase(generic_descriptor_set),
         "($self, instance, value, /)\n--\n\nSet an attribute of instance to value."),
    SLOT(__delete__, descriptor_set, kDescriptorDelete, erase(generic_descriptor_set),
         "($self, instance, /)\n--\n\nDelete an attribute of instance."),
    SLOT(__init__, init, kInit, erase(generic_init),
         "($self, /, *args, **kwargs)\n--\n\nInitialize self.  See help(type(self)) for accurate signature."),
    SLOT(__new__, new_, kNew, erase(generic_new), nullptr),
    SLOT(__del__, finaliser, kFinaliser, erase(generic_finaliser), nullptr),
    SLOT(__buffer__, get_buffer, kGetBuffer, erase(generic_get_buffer),
         "($self, flags, /)\n--\n\nReturn a buffer object that exposes the underlying memory of the object."),
    SLOT(__release_buffer__, release_buffer, kReleaseBuffer, erase(generic_release_buffer),
         "($self, buffer, /)\n--\n\nRelease the buffer object that exposes the underlying memory of the object."),
    UNARY(__await__, await, "Return an iterator to be used in await expression."),
    UNARY(__aiter__, aiter, "Return an awaitable, that resolves in asynchronous iterator."),
    UNARY(__anext__, anext, "Return a value or raise StopAsyncIteration."),
    BINARY(__add__, __radd__, add, "+"),
    BINARY(__sub__, __rsub__, subtract, "-"),
    BINARY(__mul__, __rmul__, multiply, "*"),
    BINARY(__mod__, __rmod__, remainder, "%"),
    SLOT(__divmod__, divmod, kBinary, erase(generic_binary<&names::__divmod__, &names::__rdivmod__, &Slots::divmod>),
         "($self, value, /)\n--\n\nReturn divmod(self, value)."),
    SLOT(__rdivmod__, divmod, kBinaryReflected,
         erase(generic_binary<&names::__divmod__, &names::__rdivmod__, &Slots::divmod>),
         "($self, value, /)\n--\n\nReturn divmod(value, self)."),
    SLOT(__pow__, power, kTernary, erase(generic_power),
         "($self, value, mod=None, /)\n--\n\nReturn pow(self, value, mod)."),
    SLOT(__rpow__, power, kTernaryReflected, erase(generic_power),
         "($self, value, mod=None, /)\n--\n\nReturn pow(value, self, mod)."),
    UNARY(__neg__, negative, "-self"),
    UNARY(__pos__, positive, "+self"),
    UNARY(__abs__, absolute, "abs(self)"),
    SLOT(__bool__, bool_, kTest, erase(generic_bool), "($self, /)\n--\n\nTrue if self else False"),
    UNARY(__invert__, invert, "~self"),
    BINARY(__lshift__, __rlshift__, lshift, "<<"),
    BINARY(__rshift__, __rrshift__, rshift, ">>"),
    BINARY(__and__, __rand__, and_, "&"),
    BINARY(__xor__, __rxor__, xor_, "^"),
    BINARY(__or__, __ror__, or_, "|"),
    UNARY(__int__, int_, "int(self)"),
    UNARY(__float__, float_, "float(self)"),
    INPLACE(__iadd__, inplace_add, "+="),
    INPLACE(__isub__, inplace_subtract, "-="),
    INPLACE(__imul__, inplace_multiply, "*="),
    INPLACE(__imod__, inplace_remainder, "%="),
    INPLACE(__ipow__, inplace_power, "**="),
    INPLACE(__ilshift__, inplace_lshift, "<<="),
    INPLACE(__irshift__, inplace_rshift, ">>="),
    INPLACE(__iand__, inplace_and, "&="),
    INPLACE(__ixor__, inplace_xor, "^="),
    INPLACE(__ior__, inplace_or, "|="),
    BINARY(__floordiv__, __rfloordiv__, floor_divide, "//"),
    BINARY(__truediv__, __rtruediv__, true_divide, "/"),
    INPLACE(__ifloordiv__, inplace_floor_divide, "//="),
    INPLACE(__itruediv__, inplace_true_divide, "/="),
    SLOT(__index__, index, kUnary, erase(generic_unary<&names::__index__>),
         "($self, /)\n--\n\nReturn self converted to an integer, if self is suitable for use as an index into a list."),
    BINARY(__matmul__, __rmatmul__, matrix_multiply, "@"),
    INPLACE(__imatmul__, inplace_matrix_multiply, "@="),
    SLOT(__len__, length, kLength, erase(generic_length), "($self, /)\n--\n\nReturn len(self)."),
    SLOT(__getitem__, get_item, kBinary, erase(generic_item<&names::__getitem__>),
         "($self, key, /)\n--\n\nReturn self[key]."),
    SLOT(__setitem__, set_item, kSetItem, erase(generic_set_item),
         "($self, key, value, /)\n--\n\nSet self[key] to value."),
    SLOT(__delitem__, set_item, kDelItem, erase(generic_set_item), "($self, key, /)\n--\n\nDelete self[key]."),
    SLOT(__contains__, contains, kContains, erase(generic_contains),
         "($self, key, /)\n--\n\nReturn bool(key in self)."),
    SLOT(__add__, concat, kBinary, nullptr, "($self, value, /)\n--\n\nReturn self+value."),
    SLOT(__mul__, repeat, kRepeat, nullptr, "($self, value, /)\n--\n\nReturn self*value."),
    SLOT(__rmul__, repeat, kRepeatReflected, nullptr, "($self, value, /)\n--\n\nReturn value*self."),
    SLOT(__iadd__, inplace_concat, kBinary, nullptr, "($self, value, /)\n--\n\nImplement self+=value."),
    SLOT(__imul__, inplace_repeat, kRepeat, nullptr, "($self, value, /)\n--\n\nImplement self*=value."),
};
const u32 kSlotTableSize = sizeof kSlotTable / sizeof kSlotTable[0];
#undef SLOT
#undef COMPARE
#undef BINARY
#undef INPLACE
#undef UNARY

namespace {

// All slots are function pointers of one size.
using AnySlot = Relaxed<void*>;
static_assert(sizeof(AnySlot) == sizeof(Relaxed<UnaryFn>));
AnySlot& slot_at(Slots& slots, u32 offset) { return *reinterpret_cast<AnySlot*>(reinterpret_cast<char*>(&slots) + offset); }
void* slot_at(const Slots& slots, u32 offset) {
  return *reinterpret_cast<const AnySlot*>(reinterpret_cast<const char*>(&slots) + offset);
}

// Lookup without the cache: class creation would only push useful entries out.
Value lookup_uncached(Type* type, Str* name) {
  auto* mro = type->mro.as<Tuple>();
  for (u64 i = 0; i < mro->size; i++) {
    Value found = dict_peek_str(mro->items[i].as<Type>()->dict.as<Dict>(), name);
    if (!found.is_empty()) return found;
  }
  return EMPTY;
}

// What the slot at `offset` of a class must be, from the dunders its mro has.
void* resolve_slot(Type* type, u32 offset) {
  void* specific = nullptr;
  void* generic = nullptr;
  bool use_generic = false;
  for (u32 i = 0; i < kSlotTableSize; i++) {
    const SlotDefinition& row = kSlotTable[i];
    if (row.offset != offset) continue;
    Value found = lookup_uncached(type, *row.name);
    if (found.is_empty()) continue;
    if (is_exact(found, kShape_wrapper_descriptor)) {
      auto* d = found.as<NativeDescriptor>();
      if (d->slot->name == row.name && d->slot->offset != offset) {  // __add__ of a sequence is no number slot
        // But its += comes before the other operand's __radd__ in classes, as CPython has it.
        if (offset == offsetof(Slots, inplace_add) && is_subtype(type, d->owner.as<Type>())) specific = d->slot_function;
        continue;
      }
      generic = row.generic;
      if ((specific == nullptr || specific == d->slot_function) && d->slot == &row &&
          is_subtype(type, d->owner.as<Type>()))
        specific = d->slot_function;
      else
        use_generic = true;
      continue;
    }
    if (is_exact(found, kShape_method_descriptor)) {
      // A native type's own method for what its slot does: dict.__contains__
      auto* owner = found.as<NativeDescriptor>()->owner.as<Type>();
      void* native = owner->flags & type_flag::kHeapType ? nullptr : static_cast<void*>(slot_at(owner->slots, offset));
      if (native != nullptr && is_subtype(type, owner) && (specific == nullptr || specific == native)) {
        generic = row.generic;
        specific = native;
        continue;
      }
    }
    generic = row.generic;
    if (row.kind == SlotKind::kNew && is_native_new(found)) {
      specific = erase(native_new_for(type, found));
      continue;
    }
    if (row.kind == SlotKind::kHash && found.is_none()) {
      specific = erase(unhashable);
      continue;
    }
    use_generic = true;
  }
  return specific != nullptr && !use_generic ? specific : generic;
}

// Callers test a slot and then call it: one that is emptied must not be between another thread's two looks.
void store_slot(Thread& t, Type* type, u32 offset, void* function) {
  AnySlot& slot = slot_at(type->slots, offset);
  if (function == nullptr && slot != nullptr && g_multi_threaded) {
    WorldStopped stop(t);
    slot = nullptr;
  } else {
    slot = function;
  }
}

Status check_count(Thread& t, Args args, u32 least, u32 most) {
  if (args.count >= least && args.count <= most) return ok();
  if (least == most)
    return raise(t, exc::TypeError, "expected %d argument%s, got %d", int(most), most == 1 ? "" : "s", int(args.count));
  if (least == 1 && most == 2) return raise(t, exc::TypeError, "expected 1 or 2 arguments, got %d", int(args.count));
  return raise(t, exc::TypeError, "expected at %s %d argument%s, got %d", args.count < least ? "least" : "most",
               int(args.count < least ? least : most), (args.count < least ? least : most) == 1 ? "" : "s",
               int(args.count));
}

// object.__setattr__(int, ...) and the like must not get around a class's own rules.
Status check_setattr_target(Thread& t, Value self, void* function, const char* what) {
  if (!is_type(self)) return ok();
  // A native metaclass may have rules of its own; those of its bases do not do then.
  auto* mro = type_of(self)->mro.as<Tuple>();
  for (u64 i = 0; i < mro->size; i++) {
    auto* metatype = mro->items[i].as<Type>();
    if (metatype->flags & type_flag::kHeapType) continue;
    if (erase(metatype->slots.setattribute.load()) == function) return ok();
    break;
  }
  return raise(t, exc::TypeError, "can't apply this %s to %T object", what, self);
}

template <class F>
F slot_fn(NativeDescriptor* d) {
  return reinterpret_cast<F>(d->slot_function);
}

Ref none_or_error(Status status) {
  if (status.failed()) return Ref::error();
  return Ref::none();
}

RefTo<Str> attribute_name(Thread& t, Value v) {
  if (!is_str(v)) return raise(t, exc::TypeError, "attribute name must be string, not '%T'", v);
  return interned_name(t, v.as<Str>());
}

Ref wrapped_descriptor_get(Thread& t, NativeDescriptor* d, Value self, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "__get__ expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "__get__ expected at most 2 arguments, got %d", int(args.count));
  Value instance = args[0].is_none() ? EMPTY : args[0];
  Value owner = args.count > 1 && !args[1].is_none() ? args[1] : EMPTY;
  if (instance.is_empty() && owner.is_empty()) return raise(t, exc::TypeError, "__get__(None, None) is invalid");
  return slot_fn<DescriptorGetFn>(d)(t, self, instance, owner);
}

}  // namespace

Ref call_slot_wrapper(Thread& t, NativeDescriptor* d, Value self, Args args) {
  SlotKind kind = d->slot->kind;
  if (args.keyword_count != 0 && kind != SlotKind::kCall && kind != SlotKind::kInit)
    return raise(t, exc::TypeError, "wrapper %s() takes no keyword arguments", d->slot->text);
  switch (kind) {
    case SlotKind::kUnary: TRY(check_count(t, args, 0, 0)); return slot_fn<UnaryFn>(d)(t, self);
    case SlotKind::kBinary:
    case SlotKind::kInplace:
    case SlotKind::kRepeat:
    case SlotKind::kRepeatReflected:
      TRY(check_count(t, args, 1, 1));
      if ((kind == SlotKind::kRepeat || kind == SlotKind::kRepeatReflected) && !is_int(args[0]) &&
          type_of(args[0])->slots.index == nullptr)
        return raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", args[0]);
      return slot_fn<BinaryFn>(d)(t, self, args[0]);
    case SlotKind::kBinaryReflected: TRY(check_count(t, args, 1, 1)); return slot_fn<BinaryFn>(d)(t, args[0], self);
    case SlotKind::kTernary:
      TRY(check_count(t, args, 1, 2));
      return slot_fn<TernaryFn>(d)(t, self, args[0], args.count > 1 ? args[1] : None);
    case SlotKind::kTernaryReflected:
      TRY(check_count(t, args, 1, 2));
      return slot_fn<TernaryFn>(d)(t, args[0], self, args.count > 1 ? args[1] : None);
    case SlotKind::kCompare:
      TRY(check_count(t, args, 1, 1));
      return slot_fn<CompareFn>(d)(t, self, args[0], d->slot->op);
    case SlotKind::kHash: TRY(check_count(t, args, 0, 0)); return int_from(t, TRY(slot_fn<HashFn>(d)(t, self)));
    case SlotKind::kLength: TRY(check_count(t, args, 0, 0)); return int_from(t, TRY(slot_fn<LengthFn>(d)(t, self)));
    case SlotKind::kTest: TRY(check_count(t, args, 0, 0)); return Ref::boolean(TRY(slot_fn<TestFn>(d)(t, self)));
    case SlotKind::kContains:
      TRY(check_count(t, args, 1, 1));
      return Ref::boolean(TRY(slot_fn<ContainsFn>(d)(t, self, args[0])));
    case SlotKind::kGetAttribute: {
      TRY(check_count(t, args, 1, 1));
      RefTo<Str> name = TRY(attribute_name(t, args[0]));
      return slot_fn<GetAttributeFn>(d)(t, self, name.get());
    }
    case SlotKind::kSetAttribute: {
      TRY(check_arity(t, "__setattr__", args, 2, 2));
      RefTo<Str> name = TRY(attribute_name(t, args[0]));
      TRY(check_setattr_target(t, self, d->slot_function, "__setattr__"));
      return none_or_error(slot_fn<SetAttributeFn>(d)(t, self, name.get(), args[1]));
    }
    case SlotKind::kDelAttribute: {
      TRY(check_count(t, args, 1, 1));
      RefTo<Str> name = TRY(attribute_name(t, args[0]));
      TRY(check_setattr_target(t, self, d->slot_function, "__delattr__"));
      return none_or_error(slot_fn<SetAttributeFn>(d)(t, self, name.get(), EMPTY));
    }
    case SlotKind::kSetItem:
      TRY(check_arity(t, "__setitem__", args, 2, 2));
      return none_or_error(slot_fn<SetItemFn>(d)(t, self, args[0], args[1]));
    case SlotKind::kDelItem:
      TRY(check_count(t, args, 1, 1));
      return none_or_error(slot_fn<SetItemFn>(d)(t, self, args[0], EMPTY));
    case SlotKind::kDescriptorGet: return wrapped_descriptor_get(t, d, self, args);
    case SlotKind::kDescriptorSet:
      TRY(check_arity(t, "__set__", args, 2, 2));
      return none_or_error(slot_fn<DescriptorSetFn>(d)(t, self, args[0], args[1]));
    case SlotKind::kDescriptorDelete:
      TRY(check_count(t, args, 1, 1));
      return none_or_error(slot_fn<DescriptorSetFn>(d)(t, self, args[0], EMPTY));
    case SlotKind::kCall: return slot_fn<CallFn>(d)(t, self, args);
    case SlotKind::kInit: return none_or_error(slot_fn<InitFn>(d)(t, self, args));
    case SlotKind::kNext: {
      TRY(check_count(t, args, 0, 0));
      Ref item = slot_fn<NextFn>(d)(t, self);
      if (item.is_empty()) return raise_none(t, exc::StopIteration);
      return item;
    }
    case SlotKind::kGetBuffer:
      TRY(check_arity(t, "__buffer__", args, 1, 1));
      return wrapped_get_buffer(t, slot_fn<GetBufferFn>(d), self, args[0]);
    case SlotKind::kReleaseBuffer:
      TRY(check_arity(t, "__release_buffer__", args, 1, 1));
      return wrapped_release_buffer(t, self, args[0]);
    case SlotKind::kGetAttrHook:
    case SlotKind::kNew:
    case SlotKind::kFinaliser: break;
  }
  return raise(t, exc::SystemError, "bad slot wrapper");
}

u32 count_slot_wrappers(const Slots& own) {
  u32 n = 0;
  for (const SlotDefinition& row : kSlotTable) n += row.doc != nullptr && slot_at(own, row.offset) != nullptr;
  return n;
}

Status add_slot_wrappers(Thread& t, Type* type, const Slots& own) {
  auto* dict = type->dict.as<Dict>();
  for (u32 i = 0; i < kSlotTableSize; i++) {
    const SlotDefinition& row = kSlotTable[i];
    if (row.doc == nullptr) continue;
    void* function = slot_at(own, row.offset);
    if (function == nullptr || !dict_peek_str(dict, *row.name).is_empty()) continue;
    RefTo<NativeDescriptor> d = TRY(descriptor_new(t, kShape_wrapper_descriptor, type, row.text));
    d->slot = &row;
    d->slot_function = function;
    TRY(dict_set_str(t, dict, *row.name, d));
  }
  if (own.hash == nullptr && own.compare != nullptr && dict_peek_str(dict, names::__hash__).is_empty())
    TRY(dict_set_str(t, dict, names::__hash__, None));
  if (own.new_ != nullptr && dict_peek_str(dict, names::__new__).is_empty()) {
    Ref wrapper = TRY(new_wrapper_function(t, type));
    TRY(dict_set_str(t, dict, names::__new__, wrapper));
  }
  return ok();
}

namespace {

// The rows of the slot table by name, whose address is its hash: interned strings stay where they are.
class RowsByName {
 public:
  RowsByName() {
    for (u32 i = 0; i < kSlotTableSize; i++) {
      u32 at = place(*kSlotTable[i].name);
      while (rows_[at] != nullptr) at = (at + 1) % kSize;
      rows_[at] = &kSlotTable[i];
    }
  }
  template <class F>
  void each(const Str* name, F&& f) const {
    for (u32 at = place(name); rows_[at] != nullptr; at = (at + 1) % kSize)
      if (*rows_[at]->name == name) f(*rows_[at]);
  }

 private:
  static constexpr u32 kSize = 512;
  static u32 place(const Str* name) { return u32(u64(name) >> 4) * 0x9E3779B1u >> (32 - 9); }
  const SlotDefinition* rows_[kSize] = {};
};

// Calls f(row, value) for the dunders with a slot that the dict of a class has.
template <class F>
void for_each_own_row(Dict* dict, F&& f) {
  static const RowsByName rows;
  const DictTable* table = dict_table::table_of(dict);
  u32 n = dict_table::entry_count(table);
  for (u32 i = 0; i < n; i++) {
    const DictEntry& entry = table->entries()[i];
    Value key = entry.key.peek(), value = entry.value.peek();
    if (value.is_empty() || !is_exact_str(key) || !is_dunder(key.as<Str>())) continue;
    const Str* name = key.as<Str>();
    if (name->is_interned())
      rows.each(name, [&](const SlotDefinition& row) { f(row, value); });
    else
      for (u32 k = 0; k < kSlotTableSize; k++)
        if (str_equal(*kSlotTable[k].name, name)) f(kSlotTable[k], value);
  }
}

}  // namespace

void inherit_native_slots(Type* type, const Slots& own, const Type* base) {
  constexpr u32 kCount = sizeof(Slots) / sizeof(void*);
  type->slots = own;
  bool keeps_hash = own.hash == nullptr && own.compare == nullptr;
  for (u32 i = 0; i < kCount; i++) {
    u32 offset = i * u32(sizeof(void*));
    if (base == nullptr || slot_at(type->slots, offset) != nullptr) continue;
    if (offset == offsetof(Slots, hash) && !keeps_hash) continue;
    // A native type that does not derive from another one is made by calling it only when it says how.
    if (offset == offsetof(Slots, new_) && base == types::object && own.init == nullptr) continue;
    slot_at(type->slots, offset) = slot_at(base->slots, offset);
  }
  if (type->slots.hash == nullptr) type->slots.hash = unhashable;
  if (type->flags & type_flag::kDisallowInstantiation) type->slots.new_ = nullptr;
  // Dunders given as plain methods fill the slots that were left open.
  for_each_own_row(type->dict.as<Dict>(), [&](const SlotDefinition& row, Value found) {
    if (slot_at(own, row.offset) != nullptr || row.kind == SlotKind::kNew) return;
    if (is_exact(found, kShape_wrapper_descriptor)) return;
    slot_at(type->slots, row.offset) = resolve_slot(type, row.offset);
  });
}

namespace {
void set_all_slots(Type* type) {
  auto* bases = type->bases.as<Tuple>();
  auto* base = type->base.as<Type>();
  auto* mro = type->mro.as<Tuple>();
  // With one base and the usual mro every slot starts as the base's, and only what the class defines itself can differ.
  bool linear = bases->size == 1 && mro->size == base->mro.as<Tuple>()->size + 1;
  if (linear) {
    type->slots = base->slots;
    if (type->slots.inplace_add == nullptr) type->slots.inplace_add = type->slots.inplace_concat;  // see resolve_slot
    for_each_own_row(type->dict.as<Dict>(), [&](const SlotDefinition& row, Value) {
      slot_at(type->slots, row.offset) = resolve_slot(type, row.offset);
    });
  } else {
    for (u32 i = 0; i < kSlotTableSize; i++) slot_at(type->slots, kSlotTable[i].offset) = resolve_slot(type, kSlotTable[i].offset);
  }
}
}  // namespace

void update_all_slots(Thread& t, Type* type, bool in_use) {
  if (!in_use || !g_multi_threaded) return set_all_slots(type);
  WorldStopped stop(t);
  set_all_slots(type);
}

bool is_dunder(const Str* name) {
  size_t n = name->length();
  return n > 4 && name->at(0) == '_' && name->at(1) == '_' && name->at(n - 1) == '_' && name->at(n - 2) == '_';
}

namespace {
void update_recursively(Thread& t, Type* type, Str* name) {
  for (u32 i = 0; i < kSlotTableSize; i++)
    if (*kSlotTable[i].name == name && (type->flags & type_flag::kHeapType))
      store_slot(t, type, kSlotTable[i].offset, resolve_slot(type, kSlotTable[i].offset));
  RefTo<List> subclasses = live_subclasses(t, type);
  if (subclasses.failed()) {
    clear_exception(t);
    return;
  }
  for (size_t i = 0; i < list_size(subclasses.get()); i++) {
    Ref subclass = list_get(t, subclasses.get(), i);
    if (!subclass.is_empty()) update_recursively(t, subclass.as<Type>(), name);
  }
}
}  // namespace

void update_slots_for_name(Thread& t, Type* type, Str* name) {
  for (u32 i = 0; i < kSlotTableSize; i++) {
    if (*kSlotTable[i].name != name) continue;
    update_recursively(t, type, name);
    return;
  }
}

namespace {

// __new__ of a native type as a Python callable: checks that the class asked for is one this function may build.
Ref checked_new(Thread& t, Value self, Args args) {
  auto* type = self.as<Type>();
  if (args.count < 1) return raise(t, exc::TypeError, "%N.__new__(): not enough arguments", type);
  Value wanted = args[0];
  if (!is_type(wanted)) return raise(t, exc::TypeError, "%N.__new__(X): X is not a type object (%T)", type, wanted);
  auto* cls = wanted.as<Type>();
  if (!is_subtype(cls, type))
    return raise(t, exc::TypeError, "%N.__new__(%N): %N is not a subtype of %N", type, cls, cls, type);
  // The nearest native ancestor must be built by this very function, else its native part stays unmade.
  auto* native = cls;
  while (native != nullptr && (native->flags & type_flag::kHeapType)) native = native->base.as<Type>();
  if (native != nullptr && native->slots.new_ == nullptr)
    return raise(t, exc::TypeError, "cannot create '%s' instances",
                 native->spec != nullptr ? native->spec->name : native->name_utf8());
  if (native != nullptr && native->slots.new_ != type->slots.new_)
    return raise(t, exc::TypeError, "%N.__new__(%N) is not safe, use %N.__new__()", type, cls, native);
  return type->slots.new_(t, cls, args.without_first());
}

const Method kNewMethod = {"__new__",
                           nullptr,
                           checked_new,
                           "($type, /, *args, **kwargs)",
                           "Create and return a new object.  See help(type) for accurate signature.",
                           MethodKind::kInstance};

}  // namespace

bool is_native_new(Value found) {
  return is_exact_builtin_function(found) && found.as<NativeFunction>()->definition == &kNewMethod;
}

// What makes instances of `type` when its `__new__` is `found`, that of a native type: that type's function, unless it would leave the
// native part of an instance unmade; then the base's, as in CPython.
NewFn native_new_for(Type* type, Value found) {
  auto* owner = found.as<NativeFunction>()->self.as<Type>();
  NewFn wanted = owner->slots.new_;
  Type* native = type;
  while (native != nullptr && (native->flags & type_flag::kHeapType)) native = native->base.as<Type>();
  bool fits = owner == type || (is_subtype(type, owner) && native != nullptr && native->slots.new_ == wanted);
  return fits ? wanted : NewFn(type->base.as<Type>()->slots.new_);
}

Ref new_wrapper_function(Thread& t, Type* type) { return native_function_new(t, &kNewMethod, type, EMPTY); }

}  // namespace typhon
