// str, repr, hash, truth, isinstance and the like for any object.
#include "objects/format_spec.h"
#include "objects/protocol/protocol.h"

namespace typhon {

bool is_same(Value a, Value b) {
  if (a.same_word(b)) return true;
  // Heap ints and floats compare by value, so that boxing is never visible.
  if (is_exact(a, kShape_int_) && is_exact(b, kShape_int_)) return int_compare(a, b) == 0;
  // A NaN keeps its identity as an object: two of them are not the same, whatever their bits.
  if (is_exact(a, kShape_float_) && is_exact(b, kShape_float_)) return a.as<Float>()->value == b.as<Float>()->value;
  return false;
}

Result<bool> is_true(Thread& t, Value v) {
  if (v.is_bool()) return v.is_true();
  if (v.is_none()) return false;
  if (v.is_small_int()) return v.as_small_int() != 0;
  if (v.is_immediate_float()) return v.as_immediate_float() != 0;
  const Slots& slots = type_of(v)->slots;
  if (slots.bool_ != nullptr) return slots.bool_(t, v);
  if (slots.length != nullptr) return TRY(slots.length(t, v)) != 0;
  return true;
}

RefTo<Str> object_str(Thread& t, Value v) {
  if (is_exact_str(v)) return RefTo<Str>::copy(v.as<Str>());
  TRY(enter_native(t, " while getting the str of an object"));
  UnaryFn fn = type_of(v)->slots.str;
  if (fn == nullptr) return object_repr(t, v);
  Ref text = TRY(fn(t, v));
  if (!is_str(text)) return raise(t, exc::TypeError, "__str__ returned non-string (type %T)", text.get());
  return RefTo<Str>::from(std::move(text));
}

RefTo<Str> object_repr(Thread& t, Value v) {
  TRY(enter_native(t, " while getting the repr of an object"));
  UnaryFn fn = type_of(v)->slots.repr;
  if (fn == nullptr) return str_format(t, "<%T object at 0x%x>", v, u64(v.object()));
  Ref text = TRY(fn(t, v));
  if (!is_str(text)) return raise(t, exc::TypeError, "__repr__ returned non-string (type %T)", text.get());
  return RefTo<Str>::from(std::move(text));
}

RefTo<Str> object_ascii(Thread& t, Value v) {
  RefTo<Str> text = TRY(object_repr(t, v));
  if (text->is_ascii()) return text;
  StrBuilder out;
  for (size_t i = 0; i < text->length(); i++) {
    u32 c = text->at(i);
    if (c < 128) {
      out.append(c);
      continue;
    }
    char escape[16];
    const char* digits = "0123456789abcdef";
    int width = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
    escape[0] = '\\';
    escape[1] = width == 2 ? 'x' : width == 4 ? 'u' : 'U';
    for (int d = 0; d < width; d++) escape[2 + d] = digits[(c >> (4 * (width - 1 - d))) & 15];
    out.append_ascii({escape, size_t(2 + width)});
  }
  return out.finish(t);
}

RefTo<Str> object_format(Thread& t, Value v, Value spec) {
  if (!spec.is_empty() && !is_str(spec))
    return raise(t, exc::TypeError, "format() argument 2 must be str, not %Q", spec);
  bool plain = spec.is_empty() || spec.as<Str>()->length() == 0;
  if (plain) {
    if (is_exact_str(v)) return RefTo<Str>::copy(v.as<Str>());
    if (is_exact_int(v)) return int_to_str(t, v);
    if (is_exact_float(v) || v.is_bool() || v.is_none()) return object_str(t, v);
  } else if (is_exact_int(v)) {
    return RefTo<Str>::from(format_int(t, v, spec.as<Str>()));
  } else if (is_exact_float(v)) {
    return RefTo<Str>::from(format_float(t, v, spec.as<Str>()));
  } else if (is_exact_str(v)) {
    return RefTo<Str>::from(format_str(t, v, spec.as<Str>()));
  }
  Ref hook = TRY(lookup_special(t, v, names::__format__));
  if (hook.is_empty()) return raise(t, exc::TypeError, "Type %T doesn't define __format__", v);
  Ref text = TRY(call_with(t, hook, spec.is_empty() ? Value(empty_str()) : spec));
  if (!is_str(text)) return raise(t, exc::TypeError, "__format__ must return a str, not %T", text.get());
  return RefTo<Str>::from(std::move(text));
}

Result<i64> object_hash(Thread& t, Value v) {
  if (is_exact_str(v)) return str_hash(v.as<Str>());
  HashFn fn = type_of(v)->slots.hash;
  if (fn == nullptr) return raise(t, exc::TypeError, "unhashable type: '%T'", v);
  return fn(t, v);
}

Ref object_dir(Thread& t, Value v) {
  Ref hook = TRY(lookup_special(t, v, names::__dir__));
  if (hook.is_empty()) return raise(t, exc::TypeError, "object does not provide __dir__");
  Ref names_found = TRY(call(t, hook));
  RefTo<List> list = TRY(to_list(t, names_found));
  TRY(list_sort_py(t, list.get(), EMPTY, false));
  return list;
}

namespace {

// A class for isinstance/issubclass purposes: anything with a tuple __bases__. EMPTY when it has none.
Ref abstract_bases(Thread& t, Value c) {
  Ref bases = get_attribute_or_empty(t, c, names::__bases__);
  if (bases.failed() || bases.is_empty()) return bases;
  return is_tuple(bases) ? std::move(bases) : Ref();
}

Result<bool> abstract_is_subclass(Thread& t, Value derived, Value c) {
  if (derived.same_word(c)) return true;
  TRY(enter_native(t, " in __issubclass__"));
  Ref bases = TRY(abstract_bases(t, derived));
  if (bases.is_empty()) return false;
  Tuple* tuple = bases.as<Tuple>();
  for (u64 i = 0; i < tuple->size; i++) {
    Ref base = tuple->items[i].load();
    if (TRY(abstract_is_subclass(t, base, c))) return true;
  }
  return false;
}

namespace {
// Instances whose __class__ is object's own can claim nothing else.
bool claims_its_class(Type* type) {
  if (!(type->flags & type_flag::kHeapType)) return type->slots.getattribute == generic_get_attribute;
  return type->slots.getattribute == generic_get_attribute &&
         type_lookup(type, names::__class__).same_word(type_lookup(types::object, names::__class__));
}
}  // namespace

Result<bool> default_is_instance(Thread& t, Value v, Value c) {
  if (is_type(c)) {
    if (is_instance_of(v, c.as<Type>())) return true;
    if (claims_its_class(type_of(v))) return false;
    Ref claimed = get_attribute_or_empty(t, v, names::__class__);
    if (claimed.failed()) return Raised{};
    if (!claimed.is_empty() && is_type(claimed) && claimed.as<Type>() != type_of(v))
      return is_subtype(claimed.as<Type>(), c.as<Type>());
    return false;
  }
  Ref bases = TRY(abstract_bases(t, c));
  if (bases.is_empty())
    return raise(t, exc::TypeError, "isinstance() arg 2 must be a type, a tuple of types, or a union");
  Ref claimed = get_attribute_or_empty(t, v, names::__class__);
  if (claimed.failed()) return Raised{};
  if (claimed.is_empty()) return false;
  return abstract_is_subclass(t, claimed, c);
}

Result<bool> default_is_subclass(Thread& t, Value derived, Value c) {
  if (is_type(derived) && is_type(c)) return is_subtype(derived.as<Type>(), c.as<Type>());
  Ref bases = TRY(abstract_bases(t, derived));
  if (bases.is_empty()) return raise(t, exc::TypeError, "issubclass() arg 1 must be a class");
  Ref other = TRY(abstract_bases(t, c));
  if (other.is_empty())
    return raise(t, exc::TypeError, "issubclass() arg 2 must be a class, a tuple of classes, or a union");
  return abstract_is_subclass(t, derived, c);
}

struct DepthGuard {
  explicit DepthGuard(u32& depth) : depth_(depth) { depth_++; }
  ~DepthGuard() { depth_--; }
  u32& depth_;
};

template <Result<bool> (*Default)(Thread&, Value, Value), Result<bool> (*Self)(Thread&, Value, Value)>
Result<bool> class_check(Thread& t, Value v, Value c, Str* hook_name, const char* where) {
  if (is_tuple(c)) {
    // Nested tuples are followed with a limit of their own: whoever nests one deeper by one each time would wait long for the stack's.
    static thread_local u32 depth = 0;
    TRY(enter_native(t, where));
    if (depth >= 30'000) return raise(t, exc::RecursionError, "maximum recursion depth exceeded%s", where);
    DepthGuard guard(depth);
    Tuple* tuple = c.as<Tuple>();
    for (u64 i = 0; i < tuple->size; i++) {
      Ref item = tuple->items[i].load();
      if (TRY(Self(t, v, item))) return true;
    }
    return false;
  }
  Ref hook = TRY(lookup_special(t, c, hook_name));
  if (hook.is_empty()) return Default(t, v, c);
  TRY(enter_native(t, where));
  Ref answer = TRY(call_with(t, hook, v));
  return truth(t, answer);
}

}  // namespace

Result<bool> is_instance(Thread& t, Value v, Value c) {
  if (is_type(c)) {
    if (type_of(v) == c.as<Type>()) return true;
    if (type_of(c) == types::type) return default_is_instance(t, v, c);
  }
  return class_check<default_is_instance, is_instance>(t, v, c, names::__instancecheck__, " in __instancecheck__");
}

Result<bool> is_subclass(Thread& t, Value derived, Value c) {
  if (is_type(c) && type_of(c) == types::type) {
    if (derived.same_word(c)) return true;
    return default_is_subclass(t, derived, c);
  }
  return class_check<default_is_subclass, is_subclass>(t, derived, c, names::__subclasscheck__, " in __subclasscheck__");
}

// What type.__instancecheck__ and type.__subclasscheck__ do.
Result<bool> type_instance_check(Thread& t, Value v, Value c) { return default_is_instance(t, v, c); }
Result<bool> type_subclass_check(Thread& t, Value derived, Value c) { return default_is_subclass(t, derived, c); }

bool is_callable(Value v) { return type_of(v)->slots.call != nullptr; }

u64 object_id(Thread&, Value v) {
  // Heap ints and floats are identified by value; their words are even and never equal an address the heap hands out.
  if (is_exact(v, kShape_int_)) return (u64(int_hash(v)) << 4) | 6;
  if (is_exact(v, kShape_float_) && v.as<Float>()->value == v.as<Float>()->value)
    return std::bit_cast<u64>(v.as<Float>()->value) | (u64(1) << 63);
  return v.untagged().bits;
}

// The address as a key, so that a look at a deep nest takes no longer than one at a shallow one. Int keys run no Python code.
static Value address_key(Value v) { return Value::small_int(i64(u64(v.object()) >> 4)); }

// The outermost reprs of the thread; deeper ones are keys of Thread::repr_stack. Whoever runs a repr holds its object.
struct RunningReprs {
  static constexpr u32 kMost = 8;
  u32 count;
  Object* objects[kMost];
};
static thread_local RunningReprs tls_reprs;

Result<bool> repr_enter(Thread& t, Value v) {
  RunningReprs& outer = tls_reprs;
  for (u32 i = 0; i < outer.count; i++)
    if (outer.objects[i] == v.object()) return false;
  if (outer.count < RunningReprs::kMost && (t.repr_stack.is_empty() || dict_size(t.repr_stack.as<Dict>()) == 0)) {
    outer.objects[outer.count++] = v.object();
    return true;
  }
  if (t.repr_stack.is_empty()) {
    RefTo<Dict> running = TRY(dict_new(t));
    t.repr_stack = running.take();
  }
  auto* running = t.repr_stack.as<Dict>();
  Ref found = TRY(dict_get_py(t, running, address_key(v)));
  if (!found.is_empty()) return false;
  TRY(dict_set_py(t, running, address_key(v), v));
  return true;
}

void repr_leave(Thread& t, Value v) {
  RunningReprs& outer = tls_reprs;
  for (u32 i = outer.count; i-- > 0;) {
    if (outer.objects[i] != v.object()) continue;
    outer.objects[i] = outer.objects[--outer.count];
    return;
  }
  if (t.repr_stack.is_empty()) return;
  // May be called with an exception pending; deleting an int key raises nothing.
  (void)dict_delete_py(t, t.repr_stack.as<Dict>(), address_key(v)).failed();
}

}  // namespace typhon
