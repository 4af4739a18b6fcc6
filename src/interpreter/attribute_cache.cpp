#include "interpreter/attribute_cache.h"

#include <cstring>

#include "objects/protocol/protocol.h"
#include "objects/tuple_member.h"
#include "objects/type_internal.h"

namespace typhon {

constinit thread_local SiteTable tls_sites{};
alignas(AttributeRecord) char g_attribute_records[kMaxRecords * sizeof(AttributeRecord)];

namespace {
constexpr u32 kMostSiteRecords = 1u << 16;  // that one thread may make for its SiteTable
u32 g_record_count = 1;  // 0 ends a list

AttributeRecord* record_at(u32 index) { return reinterpret_cast<AttributeRecord*>(g_attribute_records) + index; }

void forget_records(u32 first) {
  for (u32 i = first; i != 0; i = record_at(i)->next) record_at(i)->kind = RecordKind::kGone;
}

bool may_rewrite(u64 old) { return cache::rewrites(old) < cache::kMaxRewrites; }

void write_cache(Instr* at, u64 word) { __atomic_store_n(reinterpret_cast<u64*>(at), word, __ATOMIC_RELEASE); }
u32 rewrites_after(u64 old) { return old == 0 ? 0 : cache::rewrites(old) + 1; }

void write_record(Instr* at, u64 old, u32 shape, const AttributeRecord& record) {
  u64 place = reinterpret_cast<u64>(at) - reinterpret_cast<u64>(&tls_sites);
  if (place < sizeof(SiteTable) && tls_sites.records++ > kMostSiteRecords) return;
  u32 index = __atomic_load_n(&g_record_count, __ATOMIC_RELAXED);
  if (index >= kMaxRecords) return;
  index = __atomic_fetch_add(&g_record_count, 1, __ATOMIC_RELAXED);
  if (index >= kMaxRecords) return;
  AttributeRecord* made = record_at(index);
  *made = record;
  // The others are for one class, one module.
  bool of_shape = record.kind != RecordKind::kClassAttribute && record.kind != RecordKind::kModule && record.kind != RecordKind::kConstructor;
  if (of_shape && !add_shape_record(shape_at(shape), record.version, index, &made->next)) made->kind = RecordKind::kGone;
  write_cache(at, cache::make_record(shape, index, rewrites_after(old), record.kind == RecordKind::kMethod));
}

// The inline slot's offset, when it can be encoded; 0 otherwise.
u32 inline_offset(const Shape* shape, u32 slot) {
  if (shape->slots_offset == 0 || slot >= shape->inline_capacity) return 0;
  return shape->slots_offset + 8 + slot * 8;
}

bool write_slot(Instr* at, u64 old, Shape* shape, u32 version, u32 offset) {
  if (offset == 0 || offset / 8 > 63 || !note_cached_slot(shape, version)) return false;
  write_cache(at, cache::make_slot(shape->id, offset, rewrites_after(old)));
  return true;
}

// With the world stopped.
void forget_slots_of(Object* object, void*) {
  if (object->shape_id() != kShape_code) return;
  auto* code = static_cast<Code*>(object);
  for (u32 i = 0; i < code->unit_count;) {
    Instr* at = &code->instructions[i];
    Op op = base_op(Op(at->op));
    if (op == Op::LOAD_ATTR || op == Op::STORE_ATTR || op == Op::LOAD_METHOD) {
      u64 word = cache::load(at + 1);
      if (!(u32(word) & cache::kRecord) && shape_at(u32(word))->cached_slots == CachedSlots::kDoomed) write_cache(at + 1, 0);
    }
    i += op_units(op);
  }
}
void forget_doomed_slots(Thread& t) {
  WorldStopped stopped(t);
  heap::for_each_object(forget_slots_of, nullptr);
  collector::end_deferred_epoch();  // empties the tables of sites
}

Value as_register_word(Value v, bool* deferred) {
  *deferred = v.is_object() && (v.object()->ownership() & (state::kDeferred | state::kImmortal));
  return *deferred ? Value(u64(v.object()) | Value::kDeferredBit) : v;
}

// The field that a member descriptor shows, as an offset; 0: not cacheable.
u32 member_offset(const Shape* shape, const NativeDescriptor* d) {
  if (d->member == nullptr) return 0;
  if (!(d->member->offset & kSlotMember)) return d->member->offset;
  if (shape->flags & shape_flag::kVariable) return 0;
  return u32(align_up(shape->layout->basic_size, 8)) + (d->member->offset & ~kSlotMember) * 8;
}

// What a class attribute gives when read through the class or an instance, when no code has to run for that.
bool classify_class_value(Value d, Object* cls, bool through_class, AttributeRecord* record) {
  Type* type = type_of(d);
  bool deferred;
  if (!through_class && (type->flags & type_flag::kMethodDescriptor)) {
    record->value = as_register_word(d, &deferred);
    record->kind = deferred ? RecordKind::kMethod : RecordKind::kMethodCounted;
    return true;
  }
  if (type == types::classmethod) {  // not by the shape: they have attributes of their own
    Value callable = d.as<ClassMethod>()->callable.peek();
    if (!is_exact_function(callable)) return false;
    record->value = callable;
    record->kind = RecordKind::kClassMethod;
    record->holder = cls;
    return true;
  }
  if (type == types::staticmethod) {
    record->value = d.as<ClassMethod>()->callable.peek();
    record->kind = RecordKind::kValue;
    return true;
  }
  // Functions, and methods of native types, are themselves when they are read through the class.
  bool itself = is_exact_function(d) || (through_class && (is_exact(d, kShape_method_descriptor) || is_exact(d, kShape_wrapper_descriptor)));
  if (type->slots.descriptor_get != nullptr && !itself) return false;
  record->value = d;
  record->kind = RecordKind::kValue;
  return true;
}

void fill_class_load(Instr* at, u64 old, Object* object, Str* name) {
  Type* cls = static_cast<Type*>(object);
  u32 version = type_version(cls);
  if (version == 0) return;
  const Shape* shape = shape_of(object);
  u32 meta_version = 0;
  if (shape->id != kShape_type) {
    meta_version = __atomic_load_n(&shape->version, __ATOMIC_ACQUIRE);
    if (meta_version == 0) return;
  }
  Value meta = type_lookup(shape->type, name);
  AttributeRecord record{};
  if (!meta.is_empty() && type_of(meta)->slots.descriptor_set != nullptr) {
    if (!is_exact(meta, kShape_getset_descriptor) || !descriptor_fits(meta, shape->type)) return;
    record.kind = RecordKind::kGetSet;  // for every class of this metaclass
    record.value = meta;
    record.version = shape_version(shape->id);
    if (record.version != 0) write_record(at, old, shape->id, record);
    return;
  }
  Value d = type_lookup(cls, name);
  if (is_exact(d, kShape_classmethod_descriptor)) {
    if (!descriptor_fits(d, cls)) return;
    record.value = d;
    record.extra = 2;
  } else {
    if (d.is_empty() || !classify_class_value(d, cls, true, &record)) return;
    record.extra = record.kind == RecordKind::kClassMethod;
  }
  record.kind = RecordKind::kClassAttribute;
  record.version = version;
  record.offset = meta_version;
  record.holder = cls;
  write_record(at, old, shape->id, record);
}

void fill_module_load(Instr* at, u64 old, Object* object, Str* name) {
  Value d = type_lookup(types::module, name);
  if (!d.is_empty() && type_of(d)->slots.descriptor_set != nullptr) return;
  DictTable* table = __atomic_load_n(&static_cast<Module*>(object)->dict.as<Dict>()->table, __ATOMIC_ACQUIRE);
  i64 entry = dict_find_entry(table, name);
  if (entry < 0 || table_id(table) == 0) return;
  u64 place = place_of(table, entry);
  if (place >= u64(1) << 32) return;
  AttributeRecord record{};
  record.kind = RecordKind::kModule;
  record.offset = u32(place);
  record.extra = table_id(table);
  write_record(at, old, object->shape, record);
}

// What reading a data descriptor takes. False: not to be cached.
bool classify_data_descriptor(const Shape* shape, Value d, bool hooked, AttributeRecord* record) {
  record->value = d;
  if (is_exact(d, kShape_member_descriptor)) {
    record->kind = RecordKind::kMember;
    record->offset = member_offset(shape, d.as<NativeDescriptor>());
    return record->offset != 0;
  }
  if (hooked) return false;  // a getter may raise what calls the hook
  if (is_exact(d, kShape_property) && is_exact_function(d.as<Property>()->getter.peek())) {
    record->value = d.as<Property>()->getter.peek();
    record->kind = RecordKind::kProperty;
  } else if (is_exact(d, kShape_getset_descriptor)) {
    const GetSet* getset = d.as<NativeDescriptor>()->getset;
    record->offset = getset != nullptr ? getset->double_at : 0;
    record->kind = record->offset != 0 ? RecordKind::kDouble : RecordKind::kGetSet;
  } else if (type_of(d) == g_tuple_getter_type && is_subtype(shape->type, types::tuple)) {
    record->kind = RecordKind::kTupleItem;
    u64 index = d.as<TupleGetter>()->index;
    if (index >= u64(1) << 31) return false;
    record->offset = u32(index);
  } else {
    record->kind = RecordKind::kDescriptor;
  }
  return true;
}

// An object in dictionary mode; `d` is no data descriptor.
bool classify_dictionary_load(const Shape* shape, Object* object, Str* name, Value d, AttributeRecord* record) {
  if (shape->slots_offset == 0) return false;
  Value dict = storage_word(object)->peek();
  if (dict.is_empty()) return false;
  DictTable* table = __atomic_load_n(&dict.as<Dict>()->table, __ATOMIC_ACQUIRE);
  i64 entry = dict_find_entry(table, name);
  if (entry < 0) {
    if (d.is_empty() || !classify_class_value(d, shape->type, false, record)) return false;
    if (record->kind != RecordKind::kMethod && record->kind != RecordKind::kMethodCounted) return false;
    record->kind = RecordKind::kDictMethod;
  } else {
    record->kind = RecordKind::kDictEntry;
    record->offset = u32(entry);
  }
  record->extra = shape->slots_offset;
  return true;
}

}  // namespace

namespace {
[[maybe_unused]] const bool g_told = (g_forget_records = forget_records, g_forget_doomed_slots = forget_doomed_slots, true);
}

SiteEntry* renew_site(u32 index, u64 key) {
  u32 epoch = collector::deferred_epoch();
  if (tls_sites.epoch != epoch) {
    std::memset(tls_sites.entries, 0, sizeof tls_sites.entries);
    tls_sites.epoch = epoch;
  }
  SiteEntry &first = tls_sites.entries[index], &second = tls_sites.entries[index ^ 1];
  if (second.key == key) return &second;
  second = first;
  first = {key, 0};
  return &first;
}

void write_record_cache(Instr* at, u32 shape, const AttributeRecord& record) {
  u64 old = cache::load(at);
  if (may_rewrite(old)) write_record(at, old, shape, record);
}

void fill_load_cache(Thread& t, Instr* at, Object* object, Str* name) {
  u64 old = cache::load(at);
  if (!may_rewrite(old)) return;
  Shape* shape = shape_of(object);
  if (is_type(Value(object)) && shape->type->slots.getattribute == types::type->slots.getattribute)
    return fill_class_load(at, old, object, name);
  if (shape->id == kShape_module) return fill_module_load(at, old, object, name);
  u32 version = __atomic_load_n(&shape->version, __ATOMIC_ACQUIRE);
  if (version == 0) return;
  // A __getattr__ is asked only for what is not found.
  bool hooked = shape->type->slots.getattribute != generic_get_attribute;
  AttributeRecord record{};
  record.version = version;
  Value d = type_lookup(shape->type, name);
  auto classify = [&] {
    if (hooked && !looks_up_generically(shape->type)) return false;
    if (!descriptor_fits(d, shape->type)) return false;
    if (!d.is_empty() && type_of(d)->slots.descriptor_set != nullptr) return classify_data_descriptor(shape, d, hooked, &record);
    // Its class may yet be given a __get__ or __set__.
    bool changes = !d.is_empty() && !(type_of(d)->flags & type_flag::kImmutable);
    if (changes && (hooked || (shape->flags & shape_flag::kDictMode) || find_slot(shape, name) >= 0)) return false;
    if (shape->flags & shape_flag::kDictMode) return classify_dictionary_load(shape, object, name, d, &record);
    int slot = find_slot(shape, name);
    if (slot >= 0) {
      record.kind = RecordKind::kOverflow;
      record.offset = u32(slot);
      return true;
    }
    if (d.is_empty()) return false;
    if (!changes && classify_class_value(d, shape->type, false, &record)) return true;
    record.kind = RecordKind::kDescriptor;
    record.value = d;
    record.extra = 1;
    return !hooked;
  };
  if (!classify()) {
    if (shape->flags & shape_flag::kDictMode) return;  // the next object's dict may have the name
    record.kind = RecordKind::kUncached;
  }
  u32 offset = record.kind == RecordKind::kMember     ? record.offset
               : record.kind == RecordKind::kOverflow ? inline_offset(shape, record.offset)
                                                      : 0;
  if (offset == 0 || !write_slot(at, old, shape, version, offset)) write_record(at, old, shape->id, record);
}

namespace {
// For storing into the dict of an object in dictionary mode.
void fill_dictionary_store(Instr* at, u64 old, const Shape* shape, Object* object, Str* name, AttributeRecord* record) {
  if (!(shape->flags & shape_flag::kHasAttributes) || shape->slots_offset == 0) return;
  Value dict = storage_word(object)->peek();
  if (dict.is_empty()) return;
  i64 entry = dict_find_entry(__atomic_load_n(&dict.as<Dict>()->table, __ATOMIC_ACQUIRE), name);
  if (entry < 0) return;
  record->kind = RecordKind::kDictEntry;
  record->offset = u32(entry);
  record->extra = shape->slots_offset;
  write_record(at, old, shape->id, *record);
}
}  // namespace

void fill_store_cache(Thread& t, Instr* at, Object* object, Str* name) {
  u64 old = cache::load(at);
  if (!may_rewrite(old)) return;
  Shape* shape = shape_of(object);
  u32 version = __atomic_load_n(&shape->version, __ATOMIC_ACQUIRE);
  if (version == 0 || shape->type->slots.setattribute != generic_set_attribute) return;
  AttributeRecord record{};
  record.version = version;
  Value d = type_lookup(shape->type, name);
  if (!d.is_empty() && type_of(d)->slots.descriptor_set != nullptr) {
    if (!is_exact(d, kShape_member_descriptor) || !descriptor_fits(d, shape->type)) return;
    const NativeDescriptor* descriptor = d.as<NativeDescriptor>();
    if (descriptor->member == nullptr || !(descriptor->member->offset & kSlotMember)) return;
    u32 offset = member_offset(shape, descriptor);
    if (offset != 0) write_slot(at, old, shape, version, offset);
    return;
  }
  if (!d.is_empty() && !(type_of(d)->flags & type_flag::kImmutable)) return;  // its class may yet be given a __set__
  if (shape->flags & shape_flag::kDictMode) return fill_dictionary_store(at, old, shape, object, name, &record);
  if (!(shape->flags & shape_flag::kHasAttributes)) return;
  int slot = find_slot(shape, name);
  if (slot >= 0) {
    write_slot(at, old, shape, version, inline_offset(shape, u32(slot)));
    return;
  }
  u32 offset = inline_offset(shape, shape->slot_count);
  if (offset == 0) return;
  Shape* child = add_slot_transition(t, shape, name);
  if (child == nullptr) return;
  record.kind = RecordKind::kTransition;
  record.offset = offset;
  record.extra = child->id;
  write_record(at, old, shape->id, record);
}

}  // namespace typhon
