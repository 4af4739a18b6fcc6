// Attributes.
#include "interpreter/call.h"
#include "interpreter/dispatch.h"
#include "interpreter/enter.h"
#include "interpreter/quick_attribute.h"
#include "interpreter/quick_test.h"
#include "interpreter/sequence_item.h"
#include "objects/protocol/services.h"

namespace typhon {
namespace {

// --- LOAD_ATTR

// The dict of an object in dictionary mode, as its record finds it; null: emptied by the collector.
TYPHON_INLINE Dict* recorded_dict(Object* object, const AttributeRecord* record) {
  return reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + record->extra)->as<Dict>();
}
// The entry that the record says is that of `name` in a dict; null: it is elsewhere, or nowhere.
TYPHON_INLINE DictEntry* recorded_entry(Dict* dict, const AttributeRecord* record, const Str* name) {
  DictTable* table = __atomic_load_n(&dict->table, __ATOMIC_ACQUIRE);
  if (record->offset >= __atomic_load_n(&table->entry_count, __ATOMIC_ACQUIRE)) return nullptr;
  DictEntry* entry = table->entries() + record->offset;
  return entry->key.peek().bits == reinterpret_cast<u64>(name) ? entry : nullptr;
}
TYPHON_INLINE Value dictionary_value(Object* object, const AttributeRecord* record, Str* name) {
  Dict* dict = recorded_dict(object, record);
  if (dict == nullptr) return EMPTY;
  DictEntry* entry = recorded_entry(dict, record, name);
  Value v = entry != nullptr ? entry->value.peek() : EMPTY;
  return v.is_empty() ? dict_peek_str(dict, name) : v;
}
// Whether a kDictMethod applies to the object.
TYPHON_INLINE bool dictionary_lacks(Object* object, const AttributeRecord* record, Str* name) {
  Dict* dict = recorded_dict(object, record);
  return dict != nullptr && dict_peek_str(dict, name).is_empty();
}

// What a record says is the attribute that the instruction reads, borrowed, where that takes no call; EMPTY otherwise.
TYPHON_INLINE Value recorded_value(Value* r, const Instr* pc, Object* object, const AttributeRecord* record) {
  switch (record->kind) {
    case RecordKind::kDictEntry: return dictionary_value(object, record, name_operand(r, pc));
    case RecordKind::kDescriptor:
      return record->extra == 1 && type_of(record->value)->slots.descriptor_get == nullptr ? record->value : EMPTY;
    case RecordKind::kTupleItem: {
      auto* tuple = static_cast<Tuple*>(object);
      return record->offset < tuple->size ? tuple->items[record->offset].peek() : EMPTY;
    }
    case RecordKind::kValue: return record->value;
    case RecordKind::kModule: {
      DictTable* table = __atomic_load_n(&static_cast<Module*>(object)->dict.as<Dict>()->table, __ATOMIC_ACQUIRE);
      return table_id(table) == record->extra ? value_at(table, record->offset) : EMPTY;
    }
    case RecordKind::kClassAttribute: return record->extra == 0 && is_recorded_class(object, record) ? record->value : EMPTY;
    default: return EMPTY;
  }
}

// The function of a class method and in *cls its class, both borrowed; EMPTY when the record says something else.
TYPHON_INLINE Value recorded_class_method(Object* object, const AttributeRecord* record, Object** cls) {
  bool found = record->kind == RecordKind::kClassMethod ||
               (record->kind == RecordKind::kClassAttribute && record->extra == 1 && is_recorded_class(object, record));
  *cls = record->holder;
  return found ? record->value : EMPTY;
}

// A method that was read, not called.
Ref bind_method(Thread& t, Value method, Object* object) {
  if (is_exact_function(method)) return method_new(t, method, Value(object));
  Ref keep = Ref::copy(method);
  return type_of(method)->slots.descriptor_get(t, keep, Value(object), Value(type_of_object(object)));  // of a type that never changes
}

// The descriptor of a native class method of the class `object`, to be called with that first; EMPTY when the record says something else.
TYPHON_INLINE Value recorded_native_class_method(Object* object, const AttributeRecord* record) {
  bool found = record->kind == RecordKind::kClassAttribute && record->extra == 2 && is_recorded_class(object, record);
  return found ? record->value : EMPTY;
}

// A cached attribute that is no plain slot. kRaised with nothing pending: the cache does not apply after all.
Called load_record(Thread& t, Value* r, Instr* pc, Object* object, const AttributeRecord* record) {
  Object* cls;
  if (Value function = recorded_class_method(object, record, &cls); !function.is_empty())
    return finish_ds(r, pc, method_new(t, function, Value(cls))) ? Called::kDone : Called::kRaised;
  switch (record->kind) {
    case RecordKind::kMethod:
    case RecordKind::kMethodCounted:
      return finish_ds(r, pc, bind_method(t, record->value, object)) ? Called::kDone : Called::kRaised;
    case RecordKind::kProperty: {
      Value* callee = frame_stack_end(t, r) + kFrameHeader + 1;
      if (callee + kStackSlack > t.stack_limit) break;
      Value self = take_operand(r, pc, kConsumeB, pc->b);
      callee[-1] = acquire(record->value);
      callee[0] = self;
      return bind_and_push(t, callee, 1, nullptr, r, resume_after(2), pc->a) ? Called::kPushed : Called::kRaised;
    }
    case RecordKind::kGetSet:
    case RecordKind::kDouble: {
      const GetSet* getset = record->value.as<NativeDescriptor>()->getset;
      if (getset == nullptr || getset->get == nullptr) break;
      return finish_ds(r, pc, getset->get(t, Value(object))) ? Called::kDone : Called::kRaised;
    }
    case RecordKind::kMember: {
      Value v = reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + record->offset)->peek();
      if (v.is_empty()) break;
      return finish_ds(r, pc, Ref::copy(v)), Called::kDone;
    }
    case RecordKind::kDictMethod:
      if (!dictionary_lacks(object, record, name_operand(r, pc))) break;
      return finish_ds(r, pc, bind_method(t, record->value, object)) ? Called::kDone : Called::kRaised;
    case RecordKind::kDescriptor: {
      const Slots& slots = type_of(record->value)->slots;
      DescriptorGetFn get = slots.descriptor_get;
      if (get == nullptr && record->extra == 1) return finish_ds(r, pc, Ref::copy(record->value)), Called::kDone;
      if (get == nullptr || (record->extra == 0 && slots.descriptor_set == nullptr)) break;
      Ref descriptor = Ref::copy(record->value);
      return finish_ds(r, pc, get(t, descriptor, Value(object), Value(type_of_object(object)))) ? Called::kDone : Called::kRaised;
    }
    case RecordKind::kOverflow: {
      Field* field = slot_field(object, shape_of(object), record->offset);
      if (field == nullptr || field->is_empty()) break;
      return finish_ds(r, pc, field->load()), Called::kDone;
    }
    case RecordKind::kValue:
    case RecordKind::kModule:
    case RecordKind::kTupleItem:
    case RecordKind::kDictEntry:
    case RecordKind::kClassAttribute: {
      Value v = recorded_value(r, pc, object, record);
      if (v.is_empty()) break;
      return finish_ds(r, pc, Ref::copy(v)), Called::kDone;
    }
    default: break;
  }
  return Called::kRaised;
}

TYPHON_NOINLINE Called load_attribute_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value v = r[pc->b];
  Str* name = name_operand(r, pc);
  if (v.is_object()) {
    Object* object = v.object();
    Instr* place = cache_unit(pc + 1, object);
    u64 word = cache::load(place);
    Field* field;
    if (cached_slot(object, word, &field)) {
      Value found = field->peek();
      if (!found.is_empty()) return finish_ds(r, pc, Ref::copy(found)), Called::kDone;
    } else if (const AttributeRecord* record = cached_record(object, word)) {
      Called outcome = load_record(t, r, pc, object, record);
      if (outcome != Called::kRaised || exception_pending(t)) return outcome;
      if (record->kind == RecordKind::kUncached || !recorded_native_class_method(object, record).is_empty()) place = nullptr;
    }
    if (place != nullptr) fill_load_cache(t, place, object, name);
  }
  return finish_ds(r, pc, get_attribute(t, r[pc->b], name)) ? Called::kDone : Called::kRaised;
}

COLD_HANDLER(load_attribute_general) {
  Called outcome = load_attribute_step(*t, r, pc);
  if (outcome == Called::kPushed) TAIL(op_enter);
  if (outcome == Called::kRaised) TAIL(op_raise);
  NEXT(2);
}

// The record, which comes in `carried`, says: a getter of a native type, or a method that is not called at once.
COLD_HANDLER(load_computed) {
  Value v = r[pc->b];
  const auto* record = reinterpret_cast<const AttributeRecord*>(carried);
  bool is_getter = record->kind == RecordKind::kGetSet;
  const GetSet* getset = is_getter ? record->value.as<NativeDescriptor>()->getset : nullptr;
  if (is_getter && (getset == nullptr || getset->get == nullptr)) TAIL(load_attribute_general);
  save_pc(r, pc);
  FORGET_REGISTERS();
  Value found = (is_getter ? getset->get(*t, v) : bind_method(*t, record->value, v.object())).take();
  if (found.is_error()) [[unlikely]] TAIL(op_raise);
  bool consumes = pc->x & kConsumeB;
  if (consumes) r[pc->b] = EMPTY;
  Value old = r[pc->a];
  r[pc->a] = found;
  release(old);
  if (consumes) release(v);
  NEXT_RELOAD(2);
}

COLD_HANDLER(load_attribute_other) {
  Value v = r[pc->b];
  if (v.is_object()) {
    // An attribute of a class or module, or a property.
    u64 word = cache::load(cache_unit(pc + 1, v.object()));
    Field* field;
    Value found;
    if (cached_slot(v.object(), word, &field)) {
      found = field->peek();
    } else if (const AttributeRecord* record = cached_record(v.object(), word)) {
      if (record->kind == RecordKind::kProperty && enters_special(t, r, record->value, 1)) {
        Value* callee = frame_stack_end(*t, r) + kFrameHeader + 1;
        callee[-1] = acquire(record->value);
        callee[0] = take_operand(r, pc, kConsumeB, pc->b);
        Instr* first = enter_code(t, r, pc, callee, callee[-1].as<Function>()->code.as<Code>(), 1, call_info(resume_after(2), pc->a));
        ENTER(callee, first);
      }
      found = recorded_value(r, pc, v.object(), record);
    }
    if (quick_acquire(found, &found)) FINISH_LOAD(found, load_attribute_general);
  }
  TAIL(load_attribute_general);
}

// A module, a site that sees several shapes, and attributes that native types compute.
COLD_HANDLER(load_attribute_cold) {
  Value v = r[pc->b];
  if (points(v)) {
    Object* object = v.object();
    u32 shape = object->shape_id();
    u64 word = cache::load(pc + 1);
    if (shape == kShape_module) {
      Value found = module_value(object, word);
      if (quick_acquire_slot(found, &found)) FINISH_LOAD(found, load_attribute_general);
    } else if (cache::shape(word) != shape) {
      word = site_word(pc + 1, shape);
      Value found = cached_attribute(v, word);
      if (quick_acquire_slot(found, &found)) FINISH_LOAD(found, load_attribute_general);
    }
    if (cache::is_record_of(word, shape)) {
      const AttributeRecord* record = attribute_record(word);
      RecordKind kind = record->kind;
      if (kind == RecordKind::kGetSet || kind == RecordKind::kMethod)
        TAIL_CARRYING(load_computed, reinterpret_cast<u64>(record));
      if (kind == RecordKind::kDouble) {
        Value found;
        double number = *reinterpret_cast<const double*>(reinterpret_cast<const char*>(object) + record->offset);
        if (Value::encode_float(number, &found)) FINISH_LOAD(found, load_attribute_general);
      }
    }
  }
  TAIL(load_attribute_other);
}

// --- STORE_ATTR

// Stores into the cached slot of an object that other threads reach. False: the cache does not fit.
bool store_shared_slot(Thread& t, Object* object, u64 word, Value value) {
  Field* field;
  if (!cached_slot(object, word, &field)) return false;
  publish_for(object, value);
  Value old = EMPTY;
  auto exchange = [&] {  // only under the lock the shape stays what it is
    bool fits = cached_slot(object, word, &field);
    if (fits) old = field->exchange(object, value);
    return fits;
  };
  bool done;
  if (shape_at(u32(word))->layout == types::object->layout) {
    ElementLock lock(t, object);
    done = exchange();
  } else {  // aux2 belongs to its type
    ObjectLock lock(t, object);
    done = exchange();
  }
  Field::release_heap(old);
  return done;
}

// The variant of a STORE_ATTR whose cache was filled: that happens a few times at most.
void choose_store(Instr* pc, Object* object) {
  const AttributeRecord* record = cached_record(object, cache::load(pc + 1));
  bool adds = record != nullptr && record->kind == RecordKind::kTransition;
  if (Op(pc->op) == (adds ? Op::STORE_ATTR : Op::STORE_ATTR_NEW)) pc->op = u8(adds ? Op::STORE_ATTR_NEW : Op::STORE_ATTR);
}
TYPHON_NOINLINE bool store_attribute_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  Value target = r[pc->a];
  Str* name = name_operand(r, pc);
  if (target.is_object()) {
    Object* object = target.object();
    bool exclusive = object->is_local() || !g_multi_threaded;
    Instr* place = cache_unit(pc + 1, object);
    if (exclusive) {
      u64 word = cache::load(place);
      Field* field;
      if (cached_slot(object, word, &field)) {
        Ref value = Ref::adopt(take_operand(r, pc, kConsumeB, pc->b));
        Value old = field->exchange(object, std::move(value));
        consume(r, pc, kConsumeA, pc->a);
        Field::release_heap(old);
        return true;
      }
      const AttributeRecord* record = cached_record(object, word);
      if (record != nullptr && record->kind == RecordKind::kTransition) {
        Ref value = Ref::adopt(take_operand(r, pc, kConsumeB, pc->b));
        field = reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + record->offset);
        field->init(object, std::move(value));
        __atomic_store_n(&object->shape, record->extra, __ATOMIC_RELEASE);
        consume(r, pc, kConsumeA, pc->a);
        return true;
      }
    } else if (store_shared_slot(t, object, cache::load(place), r[pc->b])) {
      consume(r, pc, kConsumeB, pc->b);
      consume(r, pc, kConsumeA, pc->a);
      return true;
    }
    fill_store_cache(t, place, object, name);
    if (place == pc + 1 && !(pc->x & kConsumeA)) choose_store(pc, object);
  }
  if (set_attribute(t, r[pc->a], name, r[pc->b]).failed()) return false;
  consume(r, pc, kConsumeB, pc->b);
  consume(r, pc, kConsumeA, pc->a);
  return true;
}
COLD_HANDLER(store_attribute_cold) { STEP(store_attribute_step(*t, r, pc), 2); }

// The value of the cached entry of an object in dictionary mode that no other thread uses.
COLD_HANDLER(store_attribute_dict) {
  Value target = r[pc->a], v = r[pc->b], stored;
  Object* object = target.object();
  const AttributeRecord* record = cached_record(object, cache::load(cache_unit(pc + 1, object)));
  if (record == nullptr || record->kind != RecordKind::kDictEntry) TAIL(store_attribute_cold);
  Dict* dict = recorded_dict(object, record);
  if (dict == nullptr || (!dict->is_local() && g_multi_threaded)) TAIL(store_attribute_cold);
  DictEntry* entry = recorded_entry(dict, record, name_operand(r, pc));
  if (entry == nullptr || entry->value.is_empty() || ((pc->x & kConsumeA) && !drops_quickly(target)) ||
      !quick_heap_word(v, pc->x & kConsumeB, dict, &stored))
    TAIL(store_attribute_cold);
  if (pc->x & kConsumeB) r[pc->b] = EMPTY;
  if (pc->x & kConsumeA) {
    (void)quick_drop(target);
    r[pc->a] = EMPTY;
  }
  Value old = *entry->value.address();
  *entry->value.address() = stored;
  if (needs_drop(old)) DROP_AND_NEXT(old, 2);
  NEXT(2);
}

// A store of any value into a cached slot, or one that adds the attribute.
COLD_HANDLER(store_attribute_quick) {
  Value target = r[pc->a], v = r[pc->b];
  if (!target.is_object()) TAIL(store_attribute_cold);
  Object* object = target.object();
  if (!object->is_local() && g_multi_threaded) TAIL(store_attribute_cold);
  u64 word = cache::load(cache_unit(pc + 1, object));
  Field* field;
  const AttributeRecord* record = nullptr;
  if (!cached_slot(object, word, &field)) {
    record = cached_record(object, word);
    if (record == nullptr || record->kind != RecordKind::kTransition) TAIL(store_attribute_dict);
    field = reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + record->offset);
  }
  bool moved = pc->x & kConsumeB;
  Value stored;
  if (!quick_heap_word(v, moved, object, &stored)) TAIL(store_attribute_cold);
  if (moved) r[pc->b] = EMPTY;
  Value old = *field->address();
  *field->address() = stored;
  if (record != nullptr) {  // what the slot held before means nothing
    __atomic_store_n(&object->shape, record->extra, __ATOMIC_RELEASE);
    old = EMPTY;
  }
  if (pc->x & kConsumeA) {
    save_pc(r, pc);
    r[pc->a] = EMPTY;
    release(target);
    release(old);
    NEXT_RELOAD(2);
  }
  if (needs_drop(old)) DROP_AND_NEXT(old, 2);
  NEXT(2);
}

// --- LOAD_METHOD

// Puts a callable that an attribute holds, borrowed, into the two words of a LOAD_METHOD, which hold nothing: of a method of a Python
// function its parts. False: a count at its limit.
TYPHON_INLINE bool take_callable(Value v, Value* window) {
  if (points_to(v, kShape_method)) {
    const BoundMethod* method = v.as<BoundMethod>();
    Value function = method->function.peek();
    if (is_exact_function(function)) {
      if (!quick_acquire_slot(function, &function)) return false;
      if (quick_acquire_slot(method->self.peek(), &window[1])) {
        window[0] = function;
        return true;
      }
      (void)quick_drop(function);
      window[1] = EMPTY;
      return false;
    }
  }
  if (!quick_acquire_slot(v, &window[0])) return false;
  window[1] = EMPTY;
  return true;
}

TYPHON_NOINLINE bool load_method_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 f = pc->a;
  Value self = r[f + 1];
  Str* name = name_operand(r, pc);
  auto unbound = [&](Value v) {  // r[f] = value, no self
    Value owned = acquire(v);
    clear_register(r, f + 1);
    set_register(r, f, owned);
    return true;
  };
  if (self.is_object()) {
    Object* object = self.object();
    Instr* place = cache_unit(pc + 1, object);
    u64 word = cache::load(place);
    Field* field;
    if (cached_slot(object, word, &field)) {
      if (!field->is_empty()) return unbound(field->peek());
    } else if (const AttributeRecord* record = cached_record(object, word)) {
      Object* cls;
      if (Value function = recorded_class_method(object, record, &cls); !function.is_empty()) {
        Value owned = acquire(Value(cls));
        set_register(r, f, acquire(function));
        set_register(r, f + 1, owned);
        return true;
      }
      if (Value method = recorded_native_class_method(object, record); !method.is_empty()) {
        set_register(r, f, acquire(method));
        return true;
      }
      switch (record->kind) {
        case RecordKind::kMethod:
        case RecordKind::kMethodCounted: set_register(r, f, acquire(record->value)); return true;
        case RecordKind::kDictMethod:
          if (!dictionary_lacks(object, record, name)) break;
          set_register(r, f, acquire(record->value));
          return true;
        case RecordKind::kUncached: place = nullptr; break;
        case RecordKind::kValue:
        case RecordKind::kModule:
        case RecordKind::kTupleItem:
        case RecordKind::kDescriptor:
        case RecordKind::kDictEntry:
        case RecordKind::kClassAttribute: {
          Value v = recorded_value(r, pc, object, record);
          if (!v.is_empty()) return unbound(v);
          break;
        }
        default: break;
      }
    }
    if (place != nullptr) fill_load_cache(t, place, object, name);
  }
  bool self_wanted = false;
  Ref function = get_method(t, r[f + 1], name, &self_wanted);
  if (function.failed()) return false;
  if (!self_wanted) clear_register(r, f + 1);
  set_register(r, f, std::move(function));
  return true;
}
COLD_HANDLER(load_method_other) {
  Value self = r[pc->a + 1];
  Value* to = &r[pc->a];
  if (self.is_object() && !needs_drop(*to)) {
    u64 word = cache::load(cache_unit(pc + 1, self.object()));
    Field* field;
    Value found;
    if (cached_slot(self.object(), word, &field)) {
      found = field->peek();
    } else if (const AttributeRecord* record = cached_record(self.object(), word)) {
      if (record->kind == RecordKind::kMethod) {
        *to = record->value;
        NEXT(2);
      }
      if (record->kind == RecordKind::kDictMethod && dictionary_lacks(self.object(), record, name_operand(r, pc)) &&
          quick_acquire(record->value, to))
        NEXT(2);
      if (quick_acquire(recorded_native_class_method(self.object(), record), to)) NEXT(2);
      found = recorded_value(r, pc, self.object(), record);
    }
    if (quick_acquire(found, &found)) {
      *to = found;
      r[pc->a + 1] = EMPTY;
      if (needs_drop(self)) DROP_AND_NEXT(self, 2);
      NEXT(2);
    }
  }
  STEP(load_method_step(*t, r, pc), 2);
}

COLD_HANDLER(load_method_cold) {
  Value self = r[pc->a + 1], method;
  if (points(self)) {
    u32 shape = self.object()->shape_id();
    if (shape == kShape_module) {
      Value found = module_value(self.object(), cache::load(pc + 1));
      if (quick_acquire_slot(found, &found)) {
        DCHECK(!needs_drop(r[pc->a]));
        r[pc->a] = found;
        r[pc->a + 1] = EMPTY;
        if (needs_drop(self)) DROP_AND_NEXT(self, 2);
        NEXT(2);
      }
    } else if (cache::shape(cache::load(pc + 1)) != shape && cached_method(self, site_word(pc + 1, shape), &method))
      SET_TEMP_AND_NEXT(&r[pc->a], method, 2);
  }
  TAIL(load_method_other);
}

TYPHON_NOINLINE bool delete_attribute_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  if (delete_attribute(t, r[pc->a], name_operand(r, pc)).failed()) return false;
  consume(r, pc, kConsumeA, pc->a);
  return true;
}

// --- special methods of with statements
struct SpecialMethod {
  Str* const* name;
  const char* missing;
  Str* const* sibling;  // the method that tells whether the other kind of `with` was meant
  const char* suggestion;
};
const SpecialMethod kSpecialMethods[] = {
    {&names::__enter__, "'%T' object does not support the context manager protocol (missed __enter__ method)",
     &names::__aenter__,
     "'%T' object does not support the context manager protocol (missed __enter__ method) but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"},
    {&names::__exit__, "'%T' object does not support the context manager protocol (missed __exit__ method)",
     &names::__aexit__,
     "'%T' object does not support the context manager protocol (missed __exit__ method) but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"},
    {&names::__aenter__, "'%T' object does not support the asynchronous context manager protocol (missed __aenter__ method)",
     &names::__enter__,
     "'%T' object does not support the asynchronous context manager protocol (missed __aenter__ method) but it supports the context manager protocol. Did you mean to use "
     "'with'?"},
    {&names::__aexit__, "'%T' object does not support the asynchronous context manager protocol (missed __aexit__ method)",
     &names::__exit__,
     "'%T' object does not support the asynchronous context manager protocol (missed __aexit__ method) but it supports the context manager protocol. Did you mean to use "
     "'with'?"},
};

TYPHON_NOINLINE bool load_special_step(Thread& t, Value* r, Instr* pc) {
  save_pc(r, pc);
  u32 f = pc->a;
  const SpecialMethod& special = kSpecialMethods[pc->immediate()];
  Value self = r[f + 1];
  Type* type = type_of(self);
  Value method = type_lookup(type, *special.name);
  if (method.is_empty()) {
    bool both = !type_lookup(type, special.sibling == &names::__enter__ || special.sibling == &names::__exit__
                                       ? names::__enter__ : names::__aenter__).is_empty() &&
                !type_lookup(type, special.sibling == &names::__enter__ || special.sibling == &names::__exit__
                                       ? names::__exit__ : names::__aexit__).is_empty();
    (void)raise(t, exc::TypeError, both ? special.suggestion : special.missing, self);
    return false;
  }
  bool native = is_exact(method, kShape_method_descriptor), fits = descriptor_fits(method, type);
  if (is_exact_function(method) || (native && fits)) {
    set_register(r, f, acquire(method));
    return true;
  }
  // That a method is none of this object is said when it is called: the other one's call may come first.
  Ref bound = native ? method_new(t, method, self) : lookup_special(t, self, *special.name);
  if (bound.failed()) return false;
  clear_register(r, f + 1);
  set_register(r, f, std::move(bound));
  return true;
}

// --- super().name
TYPHON_NOINLINE bool load_super_step(Thread& t, Value* r, Instr* pc, bool as_method) {
  save_pc(r, pc);
  u32 b = pc->b;
  Str* name = name_operand(r, pc);
  Ref callable = Ref::adopt(r[b]), cls = Ref::adopt(r[b + 1]), object = Ref::adopt(r[b + 2]);
  r[b] = r[b + 1] = r[b + 2] = EMPTY;
  bool is_method = false;
  Ref result;
  if (callable.get().same_word(Value(types::super))) {
    result = super_lookup(t, cls.get(), object.get(), name, &is_method);
  } else {
    Ref proxy = (pc->x & kBareSuper) ? call(t, callable.get()) : call_with(t, callable.get(), cls.get(), object.get());
    if (proxy.failed()) return false;
    result = get_attribute(t, proxy.get(), name);
  }
  if (result.failed()) return false;
  if (as_method) {
    set_register(r, pc->a, std::move(result));
    set_register(r, pc->a + 1, is_method ? object.take() : EMPTY);
    return true;
  }
  if (is_method) {
    Type* type = type_of(result.get());
    result = type->slots.descriptor_get != nullptr
                 ? type->slots.descriptor_get(t, result.get(), object.get(), Value(type_of(object.get())))
                 : method_new(t, result.get(), object.get());
    if (result.failed()) return false;
  }
  set_register(r, pc->a, std::move(result));
  return true;
}

}  // namespace

HANDLER(LOAD_ATTR) {
  Value v = cached_attribute(r[pc->b], cache::load(pc + 1));
  if (quick_acquire_slot(v, &v)) [[likely]] FINISH_LOAD(v, load_attribute_general);
  TAIL(load_attribute_cold);
}

// The attribute, borrowed, of the instance r[b] of the LOAD_ATTR at pc, when it lies in the cached slot; EMPTY otherwise.
#define CACHED_ATTRIBUTE() cached_attribute(r[pc->b], cache::load(pc + 1))
namespace {
// The same of a site that sees several shapes.
TYPHON_INLINE Value site_attribute(Value* r, const Instr* pc) {
  Value v = r[pc->b];
  return points(v) ? cached_attribute(v, site_word(pc + 1, quick_shape(v.object()))) : EMPTY;
}
}  // namespace

HANDLER(LOAD_ATTR_TEMP) {
  Value v = CACHED_ATTRIBUTE();
  if (quick_acquire_slot(v, &v)) [[likely]] SET_TEMP_AND_CARRY(&r[pc->a], v, 2);
  TAIL(load_attribute_cold);
}
// In the pairs the first attribute is only borrowed: nothing runs before the second is found.
namespace {
// One of the two is at a site that sees several shapes. The first comes in `carried`, or EMPTY.
COLD_HANDLER(load_attribute_attribute) {
  Value v(carried);
  if (v.is_empty()) v = site_attribute(r, pc);
  if (!v.is_empty() && points(v)) {
    v = cached_attribute(v, site_or_cache_word(pc + 3, quick_shape(v.object())));
    if (quick_acquire_slot(v, &v)) SET_AND_NEXT(&r[pc[2].a], v, 4);
  }
  TAIL(op_LOAD_ATTR_TEMP);
}
}  // namespace
HANDLER(LOAD_ATTR_ATTR) {
  Value first = CACHED_ATTRIBUTE();
  if (!first.is_empty()) [[likely]] {
    Value v = cached_attribute<From::kSlot>(first, cache::load(pc + 3));
    if (quick_acquire_slot(v, &v)) [[likely]] SET_AND_NEXT(&r[pc[2].a], v, 4);
  }
  TAIL_CARRYING(load_attribute_attribute, first.bits);
}
namespace {
// A character of a string, or an item at a site that sees several shapes. The attribute, or EMPTY, comes in `carried`.
COLD_HANDLER(load_attribute_character) {
  Value container(carried), key = r[pc[2].c], v;
  if (container.is_empty()) container = site_attribute(r, pc);
  if (!container.is_empty()) {
    v = sequence_item(container, key);
    if (v.is_empty()) v = text_item(container, key);
  }
  if (!(pc[2].x & kConsumeC) && quick_acquire_slot(v, &v)) SET_AND_NEXT(&r[pc[2].a], v, 4);
  TAIL(op_LOAD_ATTR_TEMP);
}
}  // namespace
HANDLER(LOAD_ATTR_ITEM) {
  Value container = CACHED_ATTRIBUTE(), v = container;
  if (!v.is_empty()) v = sequence_item<From::kSlot>(v, r[pc[2].c]);
  if (!(pc[2].x & kConsumeC) && quick_acquire_slot(v, &v)) [[likely]] SET_AND_NEXT(&r[pc[2].a], v, 4);
  TAIL_CARRYING(load_attribute_character, container.bits);
}
namespace {
// What is done with the attribute `carried`, which is only borrowed: tested, negated, compared with None.
[[clang::preserve_none]] TYPHON_INLINE u64 test_attribute(HANDLER_PARAMETERS) {
  int truth = quick_truth(Value(carried));
  if (truth < 0) truth = object_truth(Value(carried));
  if (truth < 0) [[unlikely]] TAIL(op_LOAD_ATTR_TEMP);
  pc += 2;
  if (bool(truth) == (Op(pc->op) == Op::JUMP_IF_TRUE)) NEXT(pc->jump());
  NEXT(1);
}
[[clang::preserve_none]] TYPHON_INLINE u64 negate_attribute(HANDLER_PARAMETERS) {
  int truth = quick_truth(Value(carried));
  if (truth < 0) truth = object_truth(Value(carried));
  if (truth < 0) [[unlikely]] TAIL(op_LOAD_ATTR_TEMP);
  Value* to = &r[pc[2].a];
  if ((pc[2].x & kJumpFollows) && !needs_drop(*to)) [[likely]] {
    *to = Value::boolean(!truth);
    pc += 3;
    if (bool(truth) == (Op(pc->op) == Op::JUMP_IF_FALSE)) NEXT(pc->jump());
    NEXT(1);
  }
  SET_AND_NEXT(to, Value::boolean(!truth), 3);
}
// Objects, and sites that see several shapes. The attribute comes in `carried`; EMPTY: look at the table of sites.
COLD_HANDLER(load_attribute_truth) {
  if (Value(carried).is_empty()) carried = site_attribute(r, pc).bits;
  if (Value(carried).is_empty()) [[unlikely]] TAIL(op_LOAD_ATTR_TEMP);
  TAIL_CARRYING(test_attribute, carried);
}
COLD_HANDLER(load_attribute_not) {
  if (Value(carried).is_empty()) carried = site_attribute(r, pc).bits;
  if (Value(carried).is_empty()) [[unlikely]] TAIL(op_LOAD_ATTR_TEMP);
  TAIL_CARRYING(negate_attribute, carried);
}
COLD_HANDLER(load_attribute_none) {
  Value v = site_attribute(r, pc);
  if (v.is_empty()) [[unlikely]] TAIL(op_LOAD_ATTR_TEMP);
  pc += 2;
  if (v.is_none() == (Op(pc->op) == Op::JUMP_IF_NONE)) NEXT(pc->jump());
  NEXT(1);
}
}  // namespace
HANDLER(LOAD_ATTR_TRUTH) {
  Value v = CACHED_ATTRIBUTE();
  int truth = v.is_empty() ? -1 : quick_truth(v);
  if (truth < 0) TAIL_CARRYING(load_attribute_truth, v.bits);
  pc += 2;
  if (bool(truth) == (Op(pc->op) == Op::JUMP_IF_TRUE)) NEXT(pc->jump());
  NEXT(1);
}
HANDLER(LOAD_ATTR_NOT) {
  Value v = CACHED_ATTRIBUTE();
  if (v.is_empty() || quick_truth(v) < 0) TAIL_CARRYING(load_attribute_not, v.bits);
  TAIL_CARRYING(negate_attribute, v.bits);
}
HANDLER(LOAD_ATTR_NONE) {
  Value v = CACHED_ATTRIBUTE();
  if (v.is_empty()) [[unlikely]] TAIL(load_attribute_none);
  pc += 2;
  if (v.is_none() == (Op(pc->op) == Op::JUMP_IF_NONE)) NEXT(pc->jump());
  NEXT(1);
}
namespace {
// The item, borrowed, that a LOAD_ATTR_INDEX reads; EMPTY: not that simple.
TYPHON_INLINE Value indexed_item(Value* r, const Instr* pc) {
  Value v = CACHED_ATTRIBUTE();
  return v.is_empty() ? EMPTY : sequence_item<From::kSlot>(v, i8(pc[2].x));
}
}  // namespace
namespace {
COLD_HANDLER(load_attribute_index) {
  Value v = site_attribute(r, pc);
  if (!v.is_empty()) v = sequence_item(v, i8(pc[2].x));
  if (quick_acquire_slot(v, &v)) SET_AND_NEXT(&r[pc[3].a], v, 5);
  TAIL(op_LOAD_ATTR_TEMP);
}
}  // namespace
HANDLER(LOAD_ATTR_INDEX) {
  Value v = indexed_item(r, pc);
  if (quick_acquire_slot(v, &v)) [[likely]] SET_AND_NEXT(&r[pc[3].a], v, 5);
  TAIL(load_attribute_index);
}
// The item is not counted for what is done with it.
HANDLER(LOAD_ATTR_INDEX_ATTR) {
  Value v = indexed_item(r, pc);
  if (!v.is_empty()) v = cached_attribute<From::kSlot>(v, cache::load(pc + 6));
  if (quick_acquire_slot(v, &v)) [[likely]] SET_AND_NEXT(&r[pc[5].a], v, 7);
  TAIL(op_LOAD_ATTR_INDEX);
}
HANDLER(LOAD_ATTR_INDEX_STORE) {
  Value v = indexed_item(r, pc);
  if (!v.is_empty() && points(v)) [[likely]] {
    const Instr* store = pc + 5;
    Object* object = object_of<From::kSlot>(v);
    Field* field;
    Value stored = r[store->b];
    if (object->is_local() && cached_slot(object, cache::load(store + 1), &field)) [[likely]] {
      if (points(stored)) {  // an immediate may stay where it is
        if (!quick_heap_word(stored, store->x & kConsumeB, object, &stored)) [[unlikely]] TAIL(op_LOAD_ATTR_INDEX);
        if (store->x & kConsumeB) r[store->b] = EMPTY;
      }
      SET_AND_NEXT(field->address(), stored, 7);  // its old value goes last: by that the item may die
    }
  }
  TAIL(op_LOAD_ATTR_INDEX);
}
namespace {
// One of the two looks is at a site that sees several shapes. The attribute comes in `carried`, or EMPTY.
COLD_HANDLER(load_attribute_method) {
  Value v(carried), method;
  if (v.is_empty()) v = site_attribute(r, pc);
  if (!v.is_empty() && points(v)) {
    if (cached_method(v, site_or_cache_word(pc + 3, quick_shape(v.object())), &method) && quick_acquire_slot(v, &v)) {
      r[pc->a - 1] = method;
      SET_TEMP_AND_NEXT(&r[pc->a], v, 4);
    }
  }
  TAIL(op_LOAD_ATTR_TEMP);
}
}  // namespace
HANDLER(LOAD_ATTR_METHOD) {
  Value v = CACHED_ATTRIBUTE(), found = v, method;
  if (!v.is_empty() && cached_method<From::kSlot>(v, cache::load(pc + 3), &method) && quick_acquire_slot(v, &found)) [[likely]] {
    r[pc->a - 1] = method;
    SET_TEMP_AND_NEXT(&r[pc->a], found, 4);
  }
  TAIL_CARRYING(load_attribute_method, v.bits);
}
namespace {
// A site that sees several shapes, or a callable that an attribute of the instance holds.
template <bool kBorrowed>
COLD_HANDLER(move_method_cold) {
  Value v = r[pc->b], method;
  if (points(v)) {
    u32 shape = v.object()->shape_id(), to = pc->a;
    u64 word = site_or_cache_word(pc + 2, shape);
    if (cached_method(v, word, &method)) {
      if (kBorrowed) {
        r[to - 1] = method;
        SET_TEMP_AND_NEXT(&r[to], Value(v.bits | Value::kDeferredBit), 3);
      }
      if (quick_acquire(v, &v)) {
        r[to - 1] = method;
        SET_TEMP_AND_NEXT(&r[to], v, 3);
      }
    } else if (method = cached_attribute(v, word); !method.is_empty()) {
      if (take_callable(method, &r[to - 1])) NEXT(3);
    }
  }
  TAIL(op_MOVE_TEMP);
}
}  // namespace
HANDLER(MOVE_METHOD) {
  Value v = r[pc->b], method;
  u32 to = pc->a;
  if (cached_method(v, cache::load(pc + 2), &method) && quick_acquire(v, &v)) [[likely]] {
    r[to - 1] = method;
    SET_TEMP_AND_NEXT(&r[to], v, 3);
  }
  TAIL(move_method_cold<false>);
}
namespace {
// MOVE_METHOD_BORROWED of `carried`, the word of its variable.
[[clang::preserve_none]] TYPHON_INLINE u64 move_method_borrowed(HANDLER_PARAMETERS) {
  Value v(carried), method;
  u32 to = pc->a;
  if (cached_method(v, cache::load(pc + 2), &method)) [[likely]] {
    r[to - 1] = method;
    SET_TEMP_AND_NEXT(&r[to], Value(v.bits | Value::kDeferredBit), 3);
  }
  TAIL(move_method_cold<true>);
}
}  // namespace
HANDLER(MOVE_METHOD_BORROWED) { TAIL_CARRYING(move_method_borrowed, r[pc->b].bits); }
CARRY_HANDLER(MOVE_METHOD_BORROWED) {
  if (pc->x & kLastIsB) TAIL_CARRYING(move_method_borrowed, carried);
  TAIL(op_MOVE_METHOD_BORROWED);
}

HANDLER(STORE_ATTR) {
  Value target = r[pc->a], stored = r[pc->b];
  // A target that is a temporary is held elsewhere, mostly: its drop is a count.
  if (points(target) && (!(pc->x & kConsumeA) || drops_quickly(target))) [[likely]] {
    Object* object = target.object();
    Field* field;
    if (object->is_local() && cached_slot(object, cache::load(pc + 1), &field)) [[likely]] {
      if (points(stored)) {  // an immediate may stay where it is
        if (!quick_heap_word(stored, pc->x & kConsumeB, object, &stored)) [[unlikely]] TAIL(store_attribute_quick);
        if (pc->x & kConsumeB) r[pc->b] = EMPTY;
      }
      if (pc->x & kConsumeA) {
        (void)quick_drop(target);
        r[pc->a] = EMPTY;
      }
      SET_AND_NEXT(field->address(), stored, 2);
    }
  }
  TAIL(store_attribute_quick);
}
// Adds the attribute to an object nobody else looks at, as most stores of an __init__ do.
HANDLER(STORE_ATTR_NEW) {
  Value target = r[pc->a], stored = r[pc->b];
  if (!points(target)) [[unlikely]] TAIL(op_STORE_ATTR);
  Object* object = target.object();
  u64 word = cache::load(pc + 1);
  if (!cache::is_record_of(word, quick_shape(object)) || !object->is_local()) [[unlikely]] TAIL(op_STORE_ATTR);
  const AttributeRecord* record = attribute_record(word);
  if (record->kind != RecordKind::kTransition) [[unlikely]] TAIL(op_STORE_ATTR);
  if (points(stored)) {
    if (!quick_heap_word(stored, pc->x & kConsumeB, object, &stored)) [[unlikely]] TAIL(op_STORE_ATTR);
    if (pc->x & kConsumeB) r[pc->b] = EMPTY;
  }
  *reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + record->offset)->address() = stored;  // what it held means nothing
  __atomic_store_n(&object->shape, record->extra, __ATOMIC_RELEASE);
  NEXT(2);
}
HANDLER(DELETE_ATTR) { STEP(delete_attribute_step(*t, r, pc), 1); }

HANDLER(LOAD_METHOD) {
  Value method;
  if (cached_method(r[pc->a + 1], cache::load(pc + 1), &method)) [[likely]] SET_TEMP_AND_NEXT(&r[pc->a], method, 2);
  TAIL(load_method_cold);
}
HANDLER(LOAD_SPECIAL) { STEP(load_special_step(*t, r, pc), 1); }
HANDLER(LOAD_SUPER_ATTR) { STEP(load_super_step(*t, r, pc, false), 1); }
HANDLER(LOAD_SUPER_METHOD) { STEP(load_super_step(*t, r, pc, true), 1); }

}  // namespace typhon
