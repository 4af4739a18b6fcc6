// Inline caches of attribute instructions (docs/interpreter.md).
//
// A cache is one 64-bit unit, read and written whole. For a slot it is {shape:30 | 0:2 | rewrites:4 | 0:22 | offset:6}: in objects of that
// shape the attribute is the word at 8 * offset. Nothing else is compared: before a class comes to say something else of the name (a data
// descriptor, a __setattr__), the caches forget the slots of its shapes (forget_doomed_slots). For a record it is {shape:30 | method:1 |
// 1:1 | rewrites:4 | 0:8 | index:20}, the index of an AttributeRecord; `method`: it is a kMethod. Records are never freed, and change
// once: when the class does, their kind becomes kGone (add_shape_record). Zero never matches (shape 0 is dead memory). A site that was
// rewritten 3 times sees several shapes: its own unit stays as it is, and a table of the thread holds words for each (site, shape). Shape
// ids are never reused; class versions are unique.
#pragma once
#include "heap/collector.h"
#include "objects/function.h"
#include "objects/shape.h"

namespace typhon {

enum class RecordKind : u8 {
  kGone,            // the class has changed since
  kValue,           // attribute of the class: `value`
  kMethod,          // function in the class, bound by the use; `value` is a register word (deferred mark set)
  kMethodCounted,   // the same, `value` to be acquired
  kClassMethod,     // `value` is called with the class `holder` first
  kProperty,        // `value` is the getter, a Python function
  kGetSet,          // `value` is a getset_descriptor
  kDouble,          // the same, of a double at `offset`
  kMember,          // native or __slots__ field at `offset`
  kOverflow,        // slot number `offset`
  kTupleItem,       // item `offset` of the tuple that the object is
  kDescriptor,      // another attribute of the class, `value`, whose type tells how it is read; `extra` 0: if it is a data descriptor still
  kDictEntry,       // the object is in dictionary mode: entry `offset` of the dict in the word at `extra`, or where else that has the name
  kDictMethod,      // the same, and the dict has no such name: `value`, a function or the like of the class, bound by the use
  kUncached,        // not to be cached while the version stands
  kModule,          // at place `offset` (place_of) of the dict table `extra`
  kClassAttribute,  // the object is the class `holder` of version `version`, its metaclass, if not type, of version `offset`: `value`;
                    // extra 1: that is called with the class first; 2: the same, but only a call may use it (a native class method)
  kConstructor,     // call: instances of the class `holder` are initialised by the function `value`
  kTransition,      // store: adds the attribute; inline slot at `offset`, new shape `extra`
};

struct AttributeRecord {
  union {
    u32 version;  // of the class, for those that are compared with it: kClassAttribute, kConstructor
    u32 next;     // of the records for the same shape, the others
  };
  Relaxed<RecordKind> kind;
  u32 offset;
  u32 extra;
  Value value;  // uncounted: the class keeps it alive as long as its version stands
  Object* holder;
};
static_assert(sizeof(AttributeRecord) == 1 << 5);

namespace cache {
inline constexpr u32 kRecord = 1u << 31, kMethod = 1u << 30;  // with the shape of words for records, for methods
inline constexpr u32 kMaxRewrites = 3;
inline constexpr u32 kIndexBits = 20;
TYPHON_INLINE u64 make_slot(u32 shape, u32 offset, u32 rewrites) { return u64(shape) | u64(rewrites) << 32 | u64(offset / 8) << 58; }
TYPHON_INLINE u64 make_record(u32 shape, u32 index, u32 rewrites, bool method) {
  return u64(shape | kRecord | (method ? kMethod : 0)) | u64(rewrites) << 32 | u64(index) << (64 - kIndexBits);
}
TYPHON_INLINE u32 shape(u64 word) { return u32(word) & ~(kRecord | kMethod); }
TYPHON_INLINE bool is_slot_of(u64 word, u32 shape) { return u32(word) == shape; }
TYPHON_INLINE bool is_record_of(u64 word, u32 shape) { return (u32(word) & ~kMethod) == (shape | kRecord); }
TYPHON_INLINE bool is_method_of(u64 word, u32 shape) { return u32(word) - (kRecord | kMethod) == shape; }
TYPHON_INLINE u32 rewrites(u64 word) { return u32(word >> 32) & 15; }
TYPHON_INLINE u64 load(const Instr* at) {
  return __atomic_load_n(reinterpret_cast<const u64*>(at), __ATOMIC_ACQUIRE);  // the record was written before the word
}
}  // namespace cache

// Where in a table the value of an entry lies, in words.
TYPHON_INLINE u64 place_of(DictTable* table, i64 entry) {
  return u64(reinterpret_cast<u64*>(table->entries()[entry].value.address()) - reinterpret_cast<u64*>(table));
}
TYPHON_INLINE Value value_at(DictTable* table, u64 place) {
  return reinterpret_cast<const Field*>(reinterpret_cast<u64*>(table) + place)->peek();
}

inline constexpr u32 kMaxRecords = 1u << cache::kIndexBits;
// An array of records, at an address that instructions contain. Zero bytes, so that pages come when records are made.
extern char g_attribute_records[kMaxRecords * sizeof(AttributeRecord)];
TYPHON_INLINE const AttributeRecord* attribute_record(u64 word) {  // one shift: the bits below the index are zero
  return reinterpret_cast<const AttributeRecord*>(g_attribute_records + (word >> (64 - cache::kIndexBits - 5)));
}

// Whether a method's record is good still. Read plainly: from memory an atomic byte would have to come into a register first.
TYPHON_INLINE bool is_method_record(const AttributeRecord* record) {
#if __has_feature(thread_sanitizer)
  return record->kind == RecordKind::kMethod;
#else
  return *reinterpret_cast<const u8*>(&record->kind) == u8(RecordKind::kMethod);
#endif
}

TYPHON_INLINE u32 shape_version(u32 shape) { return __atomic_load_n(&shape_at(shape)->version, __ATOMIC_ACQUIRE); }

// Whether the cache knows the slot of objects of this shape. Then *field is the slot.
TYPHON_INLINE bool cached_slot(Object* object, u64 word, Field** field) {
  if (!cache::is_slot_of(word, quick_shape(object))) return false;
  *field = reinterpret_cast<Field*>(object) + (word >> 58);
  return true;
}
static_assert(sizeof(Field) == 8);
// The record of a matching cache, if the class has not changed; null otherwise.
TYPHON_INLINE const AttributeRecord* cached_record(Object* object, u64 word) {
  if (!cache::is_record_of(word, quick_shape(object))) return nullptr;
  const AttributeRecord* record = attribute_record(word);
  return record->kind != RecordKind::kGone ? record : nullptr;
}

// --- the thread's table for sites that see several shapes: an entry lies at its index or next to that (^ 1), where the one lies that was
// made last. Emptied when code may have been freed, since a site is an address.
struct SiteEntry {
  u64 key;   // site_key; that and the shape in the word tell the site
  u64 word;  // as in a cache unit
};
inline constexpr u32 kSiteBits = 10, kSiteEntries = 1 << kSiteBits;
struct SiteTable {
  SiteEntry entries[kSiteEntries];
  u32 epoch;
  u32 records;  // made for this table: they are never freed, so there is a limit
};
extern constinit thread_local SiteTable tls_sites;
SiteEntry* renew_site(u32 index, u64 key);

TYPHON_INLINE u64 site_key(const Instr* at, u32 shape) { return reinterpret_cast<u64>(at) ^ u64(shape) << 40; }
TYPHON_INLINE u32 site_index(u64 key) { return u32(key * 0x9E3779B97F4A7C15 >> (64 - kSiteBits)); }
// The word of that table for objects of this shape at a site; when there is none, one that does not match or 0.
TYPHON_INLINE u64 site_word(const Instr* at, u32 shape) {
  const SiteTable& sites = tls_sites;
  u64 key = site_key(at, shape);
  u32 index = site_index(key);
  const SiteEntry* entry = &sites.entries[index];
  if (entry->key != key) [[unlikely]] {
    entry = &sites.entries[index ^ 1];
    if (entry->key != key) return 0;
  }
  return sites.epoch == collector::deferred_epoch() ? entry->word : 0;
}

// The word of the unit at the site itself when that is for the shape; else that one.
TYPHON_INLINE u64 site_or_cache_word(const Instr* at, u32 shape) {
  u64 word = cache::load(at);
  return cache::shape(word) == shape ? word : site_word(at, shape);
}

// The unit to look at (and fill) for an object at the site whose inline unit is `at`.
TYPHON_INLINE Instr* cache_unit(Instr* at, const Object* object) {
  u32 shape = quick_shape(object);
  u64 word = cache::load(at);
  if (cache::shape(word) == shape || cache::rewrites(word) < cache::kMaxRewrites) [[likely]] return at;
  u64 key = site_key(at, shape);
  u32 index = site_index(key);
  SiteEntry* entry = &tls_sites.entries[index];
  if (entry->key != key || tls_sites.epoch != collector::deferred_epoch()) [[unlikely]] entry = renew_site(index, key);
  return reinterpret_cast<Instr*>(&entry->word);
}

// Writes a record for objects of this shape into the cache at `at`, if that may still be rewritten.
void write_record_cache(Instr* at, u32 shape, const AttributeRecord& record);
// Fills the cache at `at` for reading `name` of `object`, if that can be cached.
void fill_load_cache(Thread& t, Instr* at, Object* object, Str* name);
// For storing into it; before the store.
void fill_store_cache(Thread& t, Instr* at, Object* object, Str* name);

}  // namespace typhon
