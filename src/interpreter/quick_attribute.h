// What inline caches of attributes tell without a call.
#pragma once
#include "interpreter/attribute_cache.h"
#include "interpreter/dispatch.h"

namespace typhon {

// Whether the record, a kClassAttribute, is one of this class.
TYPHON_INLINE bool is_recorded_class(Object* object, const AttributeRecord* record) {
  return record->holder == object && type_version(static_cast<Type*>(object)) == record->version &&
         (record->offset == 0 || shape_version(quick_shape(object)) == record->offset);
}
// What the cached slot of the instance `v` holds, borrowed; EMPTY: the cache does not apply.
template <From kFrom = From::kRegister>
TYPHON_INLINE Value cached_attribute(Value v, u64 word) {
  if (!points(v)) [[unlikely]] return EMPTY;
  Field* field;
  return cached_slot(object_of<kFrom>(v), word, &field) ? field->peek() : EMPTY;
}
// Whether the cached method applies to `v`; then *out is its register word, which holds no count.
template <From kFrom = From::kRegister>
TYPHON_INLINE bool cached_method(Value v, u64 word, Value* out) {
  if (!points(v) || !cache::is_method_of(word, quick_shape(object_of<kFrom>(v)))) [[unlikely]] return false;
  const AttributeRecord* record = attribute_record(word);
  *out = record->value;
  return is_method_record(record);
}
// The object of such a word.
TYPHON_INLINE Object* marked_object(Value method) {
  DCHECK(method.is_deferred());
  return reinterpret_cast<Object*>(method.bits - Value::kDeferredBit);
}

// What a site that has seen modules finds in this one, borrowed; EMPTY when its cache does not apply. `word`: of its cache.
TYPHON_INLINE Value module_value(Object* object, u64 word) {
  if (quick_shape(object) != kShape_module || !cache::is_record_of(word, kShape_module)) return EMPTY;
  const AttributeRecord* record = attribute_record(word);
  if (record->kind != RecordKind::kModule) return EMPTY;
  DictTable* table = __atomic_load_n(&static_cast<Module*>(object)->dict.as<Dict>()->table, __ATOMIC_ACQUIRE);
  return table_id(table) == record->extra ? value_at(table, record->offset) : EMPTY;
}

}  // namespace typhon
