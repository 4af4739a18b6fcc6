// Attribute access: the default lookup of objects, classes and modules, and the entry points all of it goes through.
#include "objects/protocol/protocol.h"
#include "objects/protocol/services.h"
#include "objects/type_internal.h"

namespace typhon {

Ref generic_get_or_empty(Thread& t, Value v, Str* name) {
  Type* type = type_of(v);
  Value found = type_lookup(type, name);
  DescriptorGetFn get = nullptr;
  if (!found.is_empty()) {
    const Slots& slots = type_of(found)->slots;
    get = slots.descriptor_get;
    if (get != nullptr && slots.descriptor_set != nullptr) {  // a data descriptor goes before the instance
      Ref keep = Ref::copy(found);
      return get(t, keep, v, type);
    }
  }
  if (v.is_object() && has_instance_dict(v.object())) {
    Ref own = get_own_attribute(t, v.object(), name);
    if (!own.is_empty()) return own;
  }
  if (found.is_empty()) return Ref();
  Ref keep = Ref::copy(found);
  if (get != nullptr) return get(t, keep, v, type);
  return keep;
}

Ref generic_get_attribute(Thread& t, Value v, Str* name) {
  Ref result = generic_get_or_empty(t, v, name);
  if (result.is_empty()) [[unlikely]]
    return raise_attribute_error(t, v, name);
  return result;
}

Status generic_set_attribute(Thread& t, Value v, Str* name, Value value) {
  Type* type = type_of(v);
  Value found = type_lookup(type, name);
  if (!found.is_empty()) {
    if (DescriptorSetFn set = type_of(found)->slots.descriptor_set) {
      Ref keep = Ref::copy(found);
      return set(t, keep, v, value);
    }
  }
  if (!v.is_object() || !has_instance_dict(v.object())) {
    if (!found.is_empty())
      return raise_attribute_error(t, v, name, str_format(t, "'%T' object attribute '%U' is read-only", v, name));
    return raise_attribute_error(
        t, v, name,
        str_format(t, "'%T' object has no attribute '%U' and no __dict__ for setting new attributes", v, name));
  }
  if (!value.is_empty()) return set_own_attribute(t, v.object(), name, value);
  if (!TRY(delete_own_attribute(t, v.object(), name))) return raise_attribute_error(t, v, name);
  return ok();
}

// --- classes
Ref type_get_or_empty(Thread& t, Type* type, Str* name) {
  Type* metatype = type_of_object(type);
  Value meta = type_lookup(metatype, name);
  DescriptorGetFn meta_get = nullptr;
  if (!meta.is_empty()) {
    const Slots& slots = type_of(meta)->slots;
    meta_get = slots.descriptor_get;
    if (meta_get != nullptr && slots.descriptor_set != nullptr) {
      Ref keep = Ref::copy(meta);
      return meta_get(t, keep, type, metatype);
    }
  }
  Value found = type_lookup(type, name);
  if (!found.is_empty()) {
    Ref keep = Ref::copy(found);
    if (DescriptorGetFn get = type_of(found)->slots.descriptor_get) return get(t, keep, EMPTY, type);
    return keep;
  }
  if (meta.is_empty()) return Ref();
  Ref keep = Ref::copy(meta);
  if (meta_get != nullptr) return meta_get(t, keep, type, metatype);
  return keep;
}

Ref type_get_attribute(Thread& t, Value type, Str* name) {
  Ref result = type_get_or_empty(t, type.as<Type>(), name);
  if (result.is_empty()) [[unlikely]]
    return raise_attribute_error(t, type, name);
  return result;
}

namespace {

// The slots that follow from a dunder name; the inline slots that a new __init__ hints at.
void dunder_changed(Thread& t, Type* type, Str* name, Value value) {
  update_slots_for_name(t, type, name);
  if (name != names::__init__ || value.is_empty()) return;
  u32 wanted = hint_of_init(value) + (type->base.as<Type>() != nullptr ? type->base.as<Type>()->attribute_hint : 0);
  if (wanted <= type->attribute_hint) return;
  type->attribute_hint = u16(wanted > 40 ? 40 : wanted);
  grow_inline_slots(type, type->attribute_hint);
}

}  // namespace

Status type_set_attribute(Thread& t, Value v, Str* name, Value value) {
  auto* type = v.as<Type>();
  if (type->flags & type_flag::kImmutable)
    return raise(t, exc::TypeError, "cannot set '%U' attribute of immutable type '%N'", name, type);
  Value meta = type_lookup(type_of_object(type), name);
  if (!meta.is_empty()) {
    if (DescriptorSetFn set = type_of(meta)->slots.descriptor_set) {
      Ref keep = Ref::copy(meta);
      return set(t, keep, v, value);
    }
  }
  bool there = TRY(replace_class_entry(t, type, name, value, is_dunder(name) ? dunder_changed : nullptr));
  if (!there) return raise_attribute_error(t, v, name);
  return ok();
}

// --- modules
namespace {

// What "module 'm' has no attribute 'x'" says in the cases that have more to tell.
Raised module_attribute_error(Thread& t, Module* module, Str* name) {
  Ref dict = module->dict.load();
  Ref own_name = dict.is_empty() ? Ref() : dict_get_str(t, dict.as<Dict>(), names::__name__);
  if (!is_str(own_name)) return raise_attribute_error(t, module, name, str_format(t, "module has no attribute '%U'", name));
  Ref spec = dict_get_str(t, dict.as<Dict>(), names::__spec__);
  ModuleHints hints;
  TRY(module_hints(t, spec, own_name, &hints));
  Str* shown = own_name.as<Str>();
  if (hints.shadows_stdlib || (hints.initialising && hints.shadowing)) {
    RefTo<Str> advice = TRY(shadowing_advice(t, hints, own_name));
    return raise_attribute_error(t, module, name, str_format(t, "module '%U' has no attribute '%U'%U", shown, name, advice.get()));
  }
  if (hints.initialising) {
    constexpr char kWhy[] = "(most likely due to a circular import)";
    return raise_attribute_error(
        t, module, name,
        hints.origin.is_empty()
            ? str_format(t, "partially initialized module '%U' has no attribute '%U' %s", shown, name, kWhy)
            : str_format(t, "partially initialized module '%U' from '%U' has no attribute '%U' %s", shown, hints.origin.as<Str>(), name, kWhy));
  }
  if (TRY(is_unfinished_submodule(t, spec, name)))
    return raise_attribute_error(t, module, name,
                           str_format(t, "cannot access submodule '%U' of module '%U' (most likely due to a circular import)", name, shown));
  return raise_attribute_error(t, module, name, str_format(t, "module '%U' has no attribute '%U'", shown, name));
}

}  // namespace

// EMPTY when neither the type nor the namespace nor a module-level __getattr__ knows the name.
Ref module_get_or_empty(Thread& t, Value v, Str* name) {
  auto* module = v.as<Module>();
  Type* type = type_of(v);
  Value found = type_lookup(type, name);
  DescriptorGetFn get = nullptr;
  if (!found.is_empty()) {
    const Slots& slots = type_of(found)->slots;
    get = slots.descriptor_get;
    if (get != nullptr && slots.descriptor_set != nullptr) {
      Ref keep = Ref::copy(found);
      return get(t, keep, v, type);
    }
  }
  auto* dict = module->dict.as<Dict>();
  if (dict != nullptr) {
    Ref own = dict_get_str(t, dict, name);
    if (!own.is_empty()) return own;
  }
  if (!found.is_empty()) {
    Ref keep = Ref::copy(found);
    if (get != nullptr) return get(t, keep, v, type);
    return keep;
  }
  if (dict == nullptr) return Ref();
  Ref hook = dict_get_str(t, dict, names::__getattr__);
  if (hook.is_empty()) return Ref();
  return call_with(t, hook, Value(name));
}

Ref module_get_attribute(Thread& t, Value v, Str* name) {
  Ref result = module_get_or_empty(t, v, name);
  if (result.is_empty()) return module_attribute_error(t, v.as<Module>(), name);
  return result;
}

Status module_set_attribute(Thread& t, Value v, Str* name, Value value) {
  Value found = type_lookup(type_of(v), name);
  if (!found.is_empty()) {
    if (DescriptorSetFn set = type_of(found)->slots.descriptor_set) {
      Ref keep = Ref::copy(found);
      return set(t, keep, v, value);
    }
  }
  Ref dict = v.as<Module>()->dict.load();
  if (dict.is_empty()) return raise_attribute_error(t, v, name);
  if (!value.is_empty()) return dict_set_str(t, dict.as<Dict>(), name, value);
  if (!TRY(dict_delete_str(t, dict.as<Dict>(), name))) return raise_attribute_error(t, v, name);
  return ok();
}

// --- entry points
Ref get_attribute(Thread& t, Value v, Str* name) {
  if (!name->is_interned()) [[unlikely]] {
    RefTo<Str> interned = TRY(str_intern(t, Value(name)));
    return type_of(v)->slots.getattribute(t, v, interned.get());
  }
  return type_of(v)->slots.getattribute(t, v, name);
}

Ref get_attribute_or_empty(Thread& t, Value v, Str* name) {
  RefTo<Str> interned = TRY(interned_name(t, name));
  GetAttributeFn fn = type_of(v)->slots.getattribute;
  Ref result;
  // Without an exception to make and throw away, where the lookup is one of ours.
  if (fn == generic_get_attribute)
    result = generic_get_or_empty(t, v, interned.get());
  else if (fn == type_get_attribute)
    result = type_get_or_empty(t, v.as<Type>(), interned.get());
  else if (fn == module_get_attribute)
    result = module_get_or_empty(t, v, interned.get());
  else
    result = fn(t, v, interned.get());
  if (result.failed() && clear_if(t, exc::AttributeError)) return Ref();
  return result;
}

Status set_attribute(Thread& t, Value v, Str* name, Value value) {
  SetAttributeFn fn = type_of(v)->slots.setattribute;
  if (name->is_interned()) [[likely]]
    return fn(t, v, name, value);
  RefTo<Str> interned = TRY(str_intern(t, Value(name)));
  return fn(t, v, interned.get(), value);
}

Status delete_attribute(Thread& t, Value v, Str* name) { return set_attribute(t, v, name, EMPTY); }

Ref get_attribute_utf8(Thread& t, Value v, const char* name) {
  RefTo<Str> text = TRY(str_from_utf8(t, name));
  text = TRY(str_intern(t, text));
  return get_attribute(t, v, text.get());
}

Ref builtin_named(Thread& t, const char* name) {
  RefTo<Str> text = TRY(str_from_utf8(t, name));
  text = TRY(str_intern(t, text));
  Ref found = TRY(frame_builtin(t, text.get()));
  if (found.is_empty()) return raise(t, exc::AttributeError, "%s", name);
  return found;
}

Ref frame_builtin(Thread& t, Str* name) {
  Ref builtins = current_builtins(t);
  if (is_exact_dict(builtins)) [[likely]] {
    Ref value = dict_get_str(t, builtins.as<Dict>(), name);
    return value.is_empty() ? dict_get_py(t, builtins.as<Dict>(), name) : std::move(value);  // by a key of another type
  }
  Ref found = get_item(t, builtins, Value(name));
  if (found.failed() && clear_if(t, exc::KeyError)) return Ref();
  return found;
}

Ref get_method(Thread& t, Value v, Str* name, bool* self_wanted) {
  *self_wanted = false;
  Type* type = type_of(v);
  if (type->slots.getattribute != generic_get_attribute || !name->is_interned()) return get_attribute(t, v, name);
  Value found = type_lookup(type, name);
  if (found.is_empty() || !(type_of(found)->flags & type_flag::kMethodDescriptor) || !descriptor_fits(found, type))
    return get_attribute(t, v, name);
  if (v.is_object() && has_instance_dict(v.object())) {
    Ref keep = Ref::copy(found);
    Ref own = get_own_attribute(t, v.object(), name);
    if (!own.is_empty()) return own;
    *self_wanted = true;
    return keep;
  }
  *self_wanted = true;
  return Ref::copy(found);
}

}  // namespace typhon
