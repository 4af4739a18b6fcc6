// The shape table, transitions, and the attribute storage of instances.
//
// Layout of an instance with attributes:
//     native part | __slots__ members | storage word | inline slots
// The storage word is EMPTY, the address of an OverflowBody (slot mode), or a Dict (dictionary mode). A reader that
// races with the change to dictionary mode finds its slot EMPTY, or a storage word whose block is no body: it then
// starts again.
#include "objects/shape.h"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>

#include "heap/collector.h"
#include "heap/checking.h"
#include "objects/exceptions.h"
#include "objects/float.h"
#include "objects/int.h"
#include "objects/type_internal.h"
#include "objects/dict/template.h"
#include "threads/object_lock.h"

namespace typhon {

Shape* g_shapes;

// Key index of a chain of shapes: open addressing, insert-only. Shapes of one chain share it; an entry counts for a
// shape only when its slot is below that shape's slot_count. A shape that is not the chain's last one copies it to
// branch off.
struct KeyTable {
  struct Entry {
    const Str* key;
    u32 slot;
  };
  u32 mask;
  u32 used;
  Entry entries[1];
};

struct ChildLink {
  const Str* key;
  u32 child;
  ChildLink* next;
};

struct ShapeTransitions {
  KeyTable* keys = nullptr;       // null for a root shape
  ChildLink* children = nullptr;  // newest first; links are immutable once published
  Relaxed<u32> child_count = 0;
  DictTemplate* dict = nullptr;   // of the dicts that instances move to in dictionary mode; made for the second one
  Relaxed<bool> had_dict = false;
  u32 previous_root = 0;  // root shapes: an older one of the same type, with fewer inline slots
  u32 records = 0;        // first of its cache records, under the lock
};
void (*g_forget_records)(u32 first);

namespace {

constexpr u32 kMaxInlineSlots = 40;
constexpr u32 kMaxChildren = 128;  // more different successors than this: use dictionaries

struct OverflowBody : heap::Body {
  Field slots[1];  // `flags` of the body is the capacity
};

Mutex g_shape_mutex;  // short, holds no other lock, never polls: waited for attached
u32 g_next_shape = 0;
u32 g_shape_capacity = 0;

class ShapeLock {
 public:
  ShapeLock() { g_shape_mutex.lock_unattached(); }
  ~ShapeLock() { g_shape_mutex.unlock(); }
};

u32 pointer_hash(const Str* key) { return u32((reinterpret_cast<u64>(key) >> 4) * 0x9E3779B97F4A7C15u >> 40); }

KeyTable* make_key_table(u32 capacity) {
  size_t size = sizeof(KeyTable) + (capacity - 1) * sizeof(KeyTable::Entry);
  auto* table = static_cast<KeyTable*>(std::calloc(1, size));
  CHECK(table != nullptr);
  table->mask = capacity - 1;
  return table;
}

void insert_key(KeyTable* table, const Str* key, u32 slot) {
  u32 i = pointer_hash(key) & table->mask;
  while (table->entries[i].key != nullptr) i = (i + 1) & table->mask;
  table->entries[i].slot = slot;
  __atomic_store_n(&table->entries[i].key, key, __ATOMIC_RELEASE);
  table->used++;
}

// The index for a child of `parent` that adds `key` as slot parent->slot_count. Under the shape mutex.
KeyTable* extended_keys(const Shape* parent, const Str* key) {
  KeyTable* old = parent->transitions->keys;
  u32 count = parent->slot_count;
  if (old != nullptr && old->used == count && (count + 1) * 2 <= old->mask + 1) {
    insert_key(old, key, count);
    return old;
  }
  u32 capacity = 8;
  while (capacity < (count + 1) * 2) capacity *= 2;
  KeyTable* table = make_key_table(capacity);
  for (const Shape* s = parent; s->key != nullptr; s = shape_at(s->parent))
    insert_key(table, s->key, s->slot_count - 1u);
  insert_key(table, key, count);
  return table;
}

u32 take_shape_id() {
  u32 id = g_next_shape++;
  CHECK(id < g_shape_capacity);
  return id;
}

char* native_end(Object* object, const Shape* shape) {
  return reinterpret_cast<char*>(object) + align_up(shape->layout->native_size(object), 8);
}

Shape* find_child(const Shape* shape, const Str* key) {
  for (ChildLink* link = __atomic_load_n(&shape->transitions->children, __ATOMIC_ACQUIRE); link != nullptr;
       link = link->next)
    if (link->key == key) return shape_at(link->child);
  return nullptr;
}

Value storage_bits(Field* word) { return Value(__atomic_load_n(&word->address()->bits, __ATOMIC_ACQUIRE)); }

// The overflow body of an object in slot mode, or null.
OverflowBody* overflow_of(Object* object, const Shape* shape) {
  Field* word = storage_word_of(object, shape);
  if (word == nullptr) return nullptr;
  Value v = storage_bits(word);
  if (v.is_empty()) return nullptr;
  auto* body = reinterpret_cast<OverflowBody*>(v.bits);
  return body->shape == heap::kBodyShape ? body : nullptr;
}

// Room for slot `index` of the overflow array. The caller holds the lock (or needs none).
Status ensure_overflow(Thread& t, Object* object, const Shape* shape, u32 index, OverflowBody** retired) {
  *retired = nullptr;
  OverflowBody* body = overflow_of(object, shape);
  u32 capacity = body != nullptr ? body->flags : 0;
  if (index < capacity) return ok();
  u32 wanted = capacity == 0 ? 4 : capacity * 2;
  while (wanted <= index) wanted *= 2;
  auto* grown = static_cast<OverflowBody*>(heap::allocate_body(t, object, sizeof(heap::Body) + wanted * sizeof(Field)));
  if (grown == nullptr) return Raised{};
  grown->flags = wanted;
  // The counts move with the words; a reader of the old body still sees them until its next safepoint.
  if (capacity != 0)
    memcpy(static_cast<void*>(grown->slots), static_cast<void*>(body->slots), capacity * sizeof(Field));
  __atomic_store_n(&storage_word_of(object, shape)->address()->bits, reinterpret_cast<u64>(grown), __ATOMIC_RELEASE);
  *retired = body;
  return ok();
}

void set_shape(Object* object, const Shape* shape) { __atomic_store_n(&object->shape, shape->id, __ATOMIC_RELEASE); }

// The keys of a shape in slot order.
void collect_keys(const Shape* shape, const Str** keys) {
  for (const Shape* s = shape; s->key != nullptr; s = shape_at(s->parent)) keys[s->slot_count - 1] = s->key;
}

Field* slot_address(Object* object, const Shape* shape, u32 slot) {
  if (slot < shape->inline_capacity) return storage_word_of(object, shape) + 1 + slot;
  OverflowBody* body = overflow_of(object, shape);
  u32 index = slot - shape->inline_capacity;
  return body != nullptr && index < body->flags ? &body->slots[index] : nullptr;
}

// Of an array that is filled as far as it is used.
union Word {
  Word() {}
  Value value;
};

// A dict of the attributes of an object in slot mode.
RefTo<Dict> dict_of_slots(Thread& t, Object* object, const Shape* shape) {
  Word words[kMaxSlots];
  Value* values = &words[0].value;
  u32 count = shape->slot_count;
  bool all = count != 0;
  for (u32 i = 0; i < count; i++) {
    values[i] = slot_address(object, shape, i)->peek();
    all = all && !values[i].is_empty();
  }
  ShapeTransitions* own = shape->transitions;
  if (all)
    if (const DictTemplate* form = __atomic_load_n(&own->dict, __ATOMIC_ACQUIRE)) return dict_from_template(t, form, values, false);
  RefTo<Dict> dict = TRY(dict_new(t, count));
  const Str* keys[kMaxSlots];
  collect_keys(shape, keys);
  for (u32 i = 0; i < count; i++)
    if (!values[i].is_empty()) TRY(dict_add_str(t, dict.get(), const_cast<Str*>(keys[i]), values[i]));
  if (all && own->had_dict) {
    DictTemplate *form = dict_template_new(dict.get()), *none = nullptr;
    if (form != nullptr && !__atomic_compare_exchange_n(&own->dict, &none, form, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
      std::free(form);
  }
  own->had_dict = true;
  return dict;
}

// The same for an object that nobody else looks at, all of whose attributes lie inside, and for which there is a form: the references
// move to the dict. EMPTY: not that.
Ref moved_slots(Thread& t, Object* object, const Shape* shape) {
  const DictTemplate* form = __atomic_load_n(&shape->transitions->dict, __ATOMIC_ACQUIRE);
  if (form == nullptr || shape->slot_count > shape->inline_capacity || (g_multi_threaded && !object->is_local())) return Ref();
  Field* slots = storage_word_of(object, shape) + 1;
  for (u32 i = 0; i < shape->slot_count; i++)
    if (slots[i].is_empty()) return Ref();
  return dict_from_template(t, form, slots[0].address(), true);
}

// Moves an object to dictionary mode: `dict` null makes one from the slots, else the slots' values are dropped into
// *dropped. The old words go to `dropped` (count each), since nothing may be released under the lock.
Status enter_dictionary_mode(Thread& t, Object* object, Ref&& replacement) {
  Word dropped[kMaxSlots + 1];
  u32 dropped_count = 0;
  OverflowBody* retired = nullptr;
  {
    ObjectLock lock(t, object);
    const Shape* shape = shape_of(object);
    Field* word = storage_word_of(object, shape);
    if (shape->flags & shape_flag::kDictMode) {
      if (replacement.is_empty()) return ok();  // another thread was faster
      dropped[dropped_count++].value = word->exchange(object, std::move(replacement));
    } else {
      Ref dict = std::move(replacement);
      u32 count = shape->slot_count;
      if (dict.is_empty()) {
        dict = TRY(moved_slots(t, object, shape));
        if (!dict.is_empty())
          count = 0;
        else
          dict = TRY(dict_of_slots(t, object, shape));
      }
      publish_for(object, dict);
      retired = overflow_of(object, shape);
      const Shape* target = dictionary_shape(t, shape->type);
      Field* inline_slots = word + 1;
      __atomic_store_n(&word->address()->bits, to_heap_word(dict.take()).bits, __ATOMIC_RELEASE);
      set_shape(object, target);
      for (u32 i = 0; i < count; i++) {
        Field* slot = i < shape->inline_capacity ? &inline_slots[i] : &retired->slots[i - shape->inline_capacity];
        dropped[dropped_count++].value = slot->take_word(object);
      }
    }
  }
  for (u32 i = 0; i < dropped_count; i++) Field::release_heap(dropped[i].value);
  if (retired != nullptr) heap::retire_body(t, object, retired);
  return ok();
}

// One attempt to store into a slot or add one; false when the shape changed meanwhile or the object must become a
// dictionary.
enum class Outcome { kDone, kRetry, kFailed, kFull };
Outcome store_slot(Thread& t, Object* object, const Shape* shape, Str* key, Value value) {
  Value old = EMPTY;
  OverflowBody* retired = nullptr;
  bool failed = false;
  int slot = find_slot(shape, key);
  Shape* child = nullptr;
  if (slot < 0) {
    child = add_slot_transition(t, const_cast<Shape*>(shape), key);
    if (child == nullptr) return Outcome::kFull;
    slot = shape->slot_count;
  }
  publish_for(object, value);
  bool as_immediate = checking::broken(18) && (is_exact_int(value) || is_exact_float(value));
  Value word = as_immediate ? value.untagged() : heap_copy(value);  // counted before locking
  {
    ObjectLock lock(t, object);
    // Publishing may happen only before the lock: an object cannot become shared in between (this thread owns it).
    if (shape_of(object) != shape) {
      old = word;
      slot = -1;
    } else {
      if (u32(slot) >= shape->inline_capacity && child != nullptr &&
          ensure_overflow(t, object, shape, u32(slot) - shape->inline_capacity, &retired).failed())
        failed = true;
    }
    if (!failed && slot >= 0) {
      Field* field = slot_address(object, shape, u32(slot));
      if (lock.locked()) {
        old = Value(__atomic_exchange_n(&field->address()->bits, word.bits, __ATOMIC_ACQ_REL));
      } else {
        old = *field->address();
        *field->address() = word;
      }
      if (child != nullptr) set_shape(object, child);
    }
  }
  Field::release_heap(failed ? word : old);
  if (failed) return Outcome::kFailed;
  // Attributes that no __init__ announced: let the next instances have room inside.
  if (slot >= 0 && child != nullptr && u32(slot) == shape->inline_capacity &&
      (shape->type->flags & type_flag::kHeapType) && slot >= shape_at(__atomic_load_n(&shape->type->root_shape, __ATOMIC_ACQUIRE))->inline_capacity)
    grow_inline_slots(shape->type, shape->inline_capacity < 4 ? 4 : shape->inline_capacity * 2u);
  if (retired != nullptr) heap::retire_body(t, object, retired);
  return slot >= 0 ? Outcome::kDone : Outcome::kRetry;
}

}  // namespace

void initialise_shapes() {
  // Reserve address space only; pages come when touched. Halve the wish under a tight address-space limit.
  for (u32 capacity = 1u << 24; g_shapes == nullptr && capacity >= 1u << 16; capacity /= 2) {
    void* memory = mmap(nullptr, size_t(capacity) * sizeof(Shape), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) continue;
    g_shapes = static_cast<Shape*>(memory);
    g_shape_capacity = capacity;
  }
  CHECK(g_shapes != nullptr);
  g_next_shape = kFirstDynamicShape;
  wire_core_shapes();
}

namespace {
void set_version(Shape* shape, u32 version) {
  __atomic_store_n(&shape->version, version, __ATOMIC_SEQ_CST);  // note_cached_slot
}
Disposal disposal_of(const Type* type, const Layout* layout, u8 flags, u32 fixed_id) {
  // Nothing but slots to drop, or a function that knows.
  bool possible = layout != nullptr && (layout->dispose != nullptr ||
                                        (layout->visit == nullptr && layout->release == nullptr && layout->finalise == nullptr));
  if (!possible) return Disposal::kNever;
  bool slots = (flags & shape_flag::kHasAttributes) || (type != nullptr && type->member_slots != 0);
  if (slots) {
    bool only_inline = (flags & (shape_flag::kHasAttributes | shape_flag::kDictMode | shape_flag::kVariable)) == shape_flag::kHasAttributes &&
                       layout->dispose == nullptr && type != nullptr && type->member_slots == 0;
    return only_inline ? Disposal::kInline : Disposal::kSlots;
  }
  if (fixed_id == kShape_tuple) return Disposal::kTuple;
  if (fixed_id == kShape_list) return Disposal::kList;
  if (fixed_id == kShape_str) return Disposal::kText;
  return fixed_id != 0 && layout->dispose == nullptr ? Disposal::kLeaf : Disposal::kNative;
}
}  // namespace

Shape* new_root_shape(Type* type, const Layout* layout, u16 inline_capacity, u16 slots_offset, u8 flags, u32 fixed_id) {
  ShapeLock lock;
  u32 id = fixed_id != 0 ? fixed_id : take_shape_id();
  Shape* shape = shape_at(id);
  shape->type = type;
  shape->layout = layout;
  shape->parent = 0;
  shape->key = nullptr;
  shape->slot_count = 0;
  shape->inline_capacity = inline_capacity;
  shape->slots_offset = slots_offset;
  shape->flags = flags;
  set_version(shape, type != nullptr ? type->version : 0);
  shape->disposal = disposal_of(type, layout, flags, fixed_id);
  shape->native_kinds = fixed_id != 0 && fixed_id < 64 ? u64(1) << fixed_id : 0;
  for (const Type* base = type; base != nullptr; base = base->base.as<Type>())
    if (base->root_shape != 0) shape->native_kinds |= shape_at(base->root_shape)->native_kinds;
  if (shape->transitions == nullptr) shape->transitions = new ShapeTransitions;
  __atomic_store_n(&shape->id, id, __ATOMIC_RELEASE);
  return shape;
}

int find_slot(const Shape* shape, const Str* key) {
  if (shape->slot_count == 0) return -1;
  const KeyTable* table = shape->transitions->keys;
  for (u32 i = pointer_hash(key) & table->mask;; i = (i + 1) & table->mask) {
    const Str* found = __atomic_load_n(&table->entries[i].key, __ATOMIC_ACQUIRE);
    if (found == nullptr) return -1;
    if (found == key) {
      u32 slot = table->entries[i].slot;
      return slot < shape->slot_count ? int(slot) : -1;
    }
  }
}

Shape* add_slot_transition(Thread&, Shape* shape, Str* key) {
  if (Shape* child = find_child(shape, key)) return child;
  if (shape->slot_count >= kMaxSlots || shape->transitions->child_count >= kMaxChildren) return nullptr;
  // Shapes live for ever, so their keys do.
  if (!(key->ownership() & (state::kImmortal | state::kDeferred))) collector::make_deferred(key);
  ShapeLock lock;
  if (Shape* child = find_child(shape, key)) return child;
  if (key->ownership() & state::kDeferred) collector::pin(key);
  Shape* child = shape_at(take_shape_id());
  child->type = shape->type;
  bool overflows = shape->disposal == Disposal::kInline && shape->slot_count >= shape->inline_capacity;
  child->disposal = overflows ? Disposal::kSlots : shape->disposal;
  child->native_kinds = shape->native_kinds;
  child->layout = shape->layout;
  child->parent = shape->id;
  child->key = key;
  child->slot_count = u16(shape->slot_count + 1);
  child->inline_capacity = shape->inline_capacity;
  child->slots_offset = shape->slots_offset;
  child->flags = shape->flags;
  set_version(child, shape->version);
  child->transitions = new ShapeTransitions;
  child->transitions->keys = extended_keys(shape, key);
  child->id = u32(child - g_shapes);
  auto* link = new ChildLink{key, child->id, shape->transitions->children};
  __atomic_store_n(&shape->transitions->children, link, __ATOMIC_RELEASE);
  shape->transitions->child_count = shape->transitions->child_count + 1;
  return child;
}

namespace {
template <class F>
void for_each_descendant(Shape* shape, const F& f) {
  f(shape);
  for (ChildLink* link = shape->transitions->children; link != nullptr; link = link->next)
    for_each_descendant(shape_at(link->child), f);
}
}  // namespace

namespace {
template <class F>
void for_each_shape_of(Type* type, const F& f) {
  for (u32 root = type->root_shape; root != 0; root = shape_at(root)->transitions->previous_root)
    for_each_descendant(shape_at(root), f);
  if (type->dict_shape != 0) f(shape_at(type->dict_shape));
}
}  // namespace

void update_shapes_of(Type* type, u32 version, bool finaliser) {
  ShapeLock lock;
  auto update = [&](Shape* shape) {
    u8 flags = u8(shape->flags & ~shape_flag::kFinaliser) | u8(finaliser ? shape_flag::kFinaliser : 0);
    if (flags != shape->flags) __atomic_store_n(&shape->flags, flags, __ATOMIC_RELAXED);
    set_version(shape, version);
    if (u32 records = std::exchange(shape->transitions->records, 0)) g_forget_records(records);
  };
  for_each_shape_of(type, update);
}

// Either this sees the version that the class has while it changes, or the one who changes it sees the mark.
bool note_cached_slot(Shape* shape, u32 version) {
  u32 seen = CachedSlots::kNone;
  __atomic_compare_exchange_n(&shape->cached_slots, &seen, CachedSlots::kSome, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  if (seen == CachedSlots::kDoomed) return false;  // and stays it, or what caches know of the shape would be kept
  return __atomic_load_n(&shape->version, __ATOMIC_SEQ_CST) == version;
}
bool doom_cached_slots(Type* type, const Str* name) {
  ShapeLock lock;
  bool found = false;
  for_each_shape_of(type, [&](Shape* shape) {
    if (__atomic_load_n(&shape->cached_slots, __ATOMIC_SEQ_CST) == CachedSlots::kNone) return;
    if (name != nullptr && find_slot(shape, name) < 0) return;
    __atomic_store_n(&shape->cached_slots, CachedSlots::kDoomed, __ATOMIC_SEQ_CST);
    found = true;
  });
  return found;
}
void end_doom(Type* type) {
  ShapeLock lock;
  for_each_shape_of(type, [](Shape* shape) {
    u32 doomed = CachedSlots::kDoomed;
    __atomic_compare_exchange_n(&shape->cached_slots, &doomed, CachedSlots::kNone, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  });
}

bool add_shape_record(Shape* shape, u32 version, u32 record, u32* next) {
  ShapeLock lock;
  if (shape->version != version) return false;
  *next = std::exchange(shape->transitions->records, record);
  return true;
}

void grow_inline_slots(Type* type, u32 wanted) {
  Shape* old = shape_at(__atomic_load_n(&type->root_shape, __ATOMIC_ACQUIRE));
  if (wanted <= old->inline_capacity || !(old->flags & shape_flag::kHasAttributes) || old->slots_offset == 0) return;
  if (wanted > kMaxInlineSlots) wanted = kMaxInlineSlots;
  u32 head = old->slots_offset + 8u;
  if ((head + 8 * wanted) % 16 != 0) wanted++;
  Shape* grown = new_root_shape(type, old->layout, u16(wanted), old->slots_offset, old->flags);
  grown->transitions->previous_root = old->id;
  // Size before shape: who sees the new shape allocates enough for it. Losing a race wastes one shape id.
  u32 size = head + 8 * wanted;
  u32 known = __atomic_load_n(&type->instance_size, __ATOMIC_RELAXED);
  while (size > known && !__atomic_compare_exchange_n(&type->instance_size, &known, size, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {}
  u32 expected = old->id;
  __atomic_compare_exchange_n(&type->root_shape, &expected, grown->id, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

Shape* dictionary_shape(Thread&, Type* type) {
  if (u32 id = __atomic_load_n(&type->dict_shape, __ATOMIC_ACQUIRE)) return shape_at(id);
  Shape* root = shape_at(__atomic_load_n(&type->root_shape, __ATOMIC_ACQUIRE));
  Shape* made = new_root_shape(type, root->layout, root->inline_capacity, root->slots_offset,
                               u8(root->flags | shape_flag::kDictMode));
  u32 expected = 0;  // losing the race wastes one id
  if (!__atomic_compare_exchange_n(&type->dict_shape, &expected, made->id, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    return shape_at(expected);
  return made;
}

// --- storage
Field* storage_word_of(Object* object, const Shape* shape) {
  if (shape->slots_offset != 0) [[likely]]
    return reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + shape->slots_offset);
  if ((shape->flags & (shape_flag::kVariable | shape_flag::kHasAttributes)) !=
      (shape_flag::kVariable | shape_flag::kHasAttributes))
    return nullptr;
  return reinterpret_cast<Field*>(native_end(object, shape)) + shape->type->member_slots;
}

Field* storage_word(Object* object) { return storage_word_of(object, shape_of(object)); }

Field* member_fields(Object* object, const Shape* shape) {
  char* start = shape->flags & shape_flag::kVariable
                    ? native_end(object, shape)
                    : reinterpret_cast<char*>(object) + align_up(shape->layout->basic_size, 8);
  return reinterpret_cast<Field*>(start);
}

Field* slot_field(Object* object, const Shape* shape, u32 slot) { return slot_address(object, shape, slot); }

bool has_instance_dict(const Object* object) { return shape_of(object)->flags & shape_flag::kHasAttributes; }

namespace {

// The dictionary of an object in dictionary mode. The collector may have emptied an object that is dying, and code may
// still look at it: then EMPTY, or with `make` a new dictionary.
Ref stored_dict(Thread& t, Object* object, const Shape* shape, bool make) {
  Field* word = storage_word_of(object, shape);
  Ref dict = Ref::copy(storage_bits(word));
  if (!dict.is_empty() || !make) return dict;
  dict = TRY(dict_new(t));
  word->store(object, dict);
  return dict;
}

}  // namespace

// --- operations
Ref get_own_attribute(Thread& t, Object* object, Str* key) {
  while (true) {
    const Shape* shape = shape_of(object);
    if (shape->flags & shape_flag::kDictMode) {
      Value dict = storage_bits(storage_word_of(object, shape));
      return dict.is_empty() ? Ref() : dict_get_str(t, dict.as<Dict>(), key);
    }
    int slot = find_slot(shape, key);
    if (slot < 0) return Ref();
    Field* field = slot_address(object, shape, u32(slot));
    if (field != nullptr) {
      Value v = field->peek();
      if (!v.is_empty()) return Ref::copy(v);
    }
    if (shape_of(object) != shape) continue;
    // The change to dictionary mode empties slots after the shape has changed: an empty one under the same shape belongs
    // to an object that is dying. The overflow array goes just before, so only its absence is worth another look.
    if (field != nullptr || !g_multi_threaded || storage_bits(storage_word_of(object, shape)).is_empty()) return Ref();
  }
}

Status set_own_attribute(Thread& t, Object* object, Str* key, Value value) {
  while (true) {
    const Shape* shape = shape_of(object);
    if (shape->flags & shape_flag::kDictMode) {
      Ref dict = TRY(stored_dict(t, object, shape, true));
      return dict_set_str(t, dict.as<Dict>(), key, value);
    }
    switch (store_slot(t, object, shape, key, value)) {
      case Outcome::kDone: return ok();
      case Outcome::kFailed: return Raised{};
      case Outcome::kRetry: break;
      case Outcome::kFull: TRY(enter_dictionary_mode(t, object, Ref())); break;
    }
  }
}

namespace {

// Shapes that exist only because attributes were deleted: any order of them may arise, so there is a limit.
constexpr u32 kMaxShapesOfDeletion = 4096;
constexpr u32 kMaxMovedSlots = 8;
Relaxed<u32> g_shapes_of_deletion = 0;

// The shape that has the attributes of `shape` without that of `slot`, in the same order. Null: use a dictionary.
Shape* shape_without(Thread& t, Shape* shape, u32 slot) {
  u32 count = shape->slot_count;
  if (count - slot > kMaxMovedSlots + 1) return nullptr;
  Str* keys[kMaxMovedSlots + 1];
  Shape* s = shape;
  for (; s->slot_count > slot; s = shape_at(s->parent)) keys[s->slot_count - 1u - slot] = s->key;
  for (u32 i = 1; i < count - slot; i++) {
    Shape* child = find_child(s, keys[i]);
    if (child == nullptr) {
      if (g_shapes_of_deletion >= kMaxShapesOfDeletion) return nullptr;
      g_shapes_of_deletion = g_shapes_of_deletion + 1;
      child = add_slot_transition(t, s, keys[i]);
      if (child == nullptr) return nullptr;
    }
    s = child;
  }
  return s;
}

// Takes the attribute of `slot` out of an object that nobody else reads; those behind it move up. False: the object must become a
// dictionary.
bool delete_slot(Thread& t, Object* object, Shape* shape, u32 slot) {
  Shape* target = shape_without(t, shape, slot);
  if (target == nullptr) return false;
  Field* at = slot_address(object, shape, slot);
  // (The collector may have emptied an object that is dying.)
  if (at == nullptr || at->is_empty() || slot_address(object, shape, shape->slot_count - 1u) == nullptr) return false;
  Value old = *at->address();
  for (u32 i = slot + 1; i < shape->slot_count; i++) {
    Field* next = slot_address(object, shape, i);
    *at->address() = *next->address();
    at = next;
  }
  *at->address() = EMPTY;
  set_shape(object, target);
  Field::release_heap(old);
  return true;
}

}  // namespace

Result<bool> delete_own_attribute(Thread& t, Object* object, Str* key) {
  while (true) {
    const Shape* shape = shape_of(object);
    if (shape->flags & shape_flag::kDictMode) {
      Ref dict = stored_dict(t, object, shape, false);
      if (dict.is_empty()) return false;
      return dict_delete_str(t, dict.as<Dict>(), key);
    }
    int slot = find_slot(shape, key);
    if (slot < 0) return false;
    if ((object->is_local() || !g_multi_threaded) && delete_slot(t, object, const_cast<Shape*>(shape), u32(slot))) return true;
    TRY(enter_dictionary_mode(t, object, Ref()));
  }
}

Ref instance_dict(Thread& t, Object* object) {
  while (true) {
    const Shape* shape = shape_of(object);
    if (!(shape->flags & shape_flag::kHasAttributes)) return Ref();
    if (shape->flags & shape_flag::kDictMode) return stored_dict(t, object, shape, true);
    TRY(enter_dictionary_mode(t, object, Ref()));
  }
}

Status set_instance_dict(Thread& t, Object* object, Value dict) {
  // A class or a module has a namespace of another kind, whatever else it derives from.
  if (!has_instance_dict(object))
    return raise(t, exc::TypeError, "this __dict__ descriptor does not support '%T' objects", Value(object));
  return enter_dictionary_mode(t, object, Ref::copy(dict));
}

}  // namespace typhon

// --- what the heap asks
namespace typhon::object_model {

void visit(Object* object, Visitor& visitor) {
  const Shape* shape = shape_of(object);
  const Layout* layout = shape->layout;
  if (layout == nullptr) return;
  if (layout->visit != nullptr) layout->visit(object, visitor);
  Type* type = shape->type;
  if (type == nullptr) return;
  if (type->member_slots != 0) visitor.fields(member_fields(object, shape), type->member_slots);
  if (!(shape->flags & shape_flag::kHasAttributes)) return;
  Field* word = storage_word_of(object, shape);
  if (shape->flags & shape_flag::kDictMode) {
    visitor.field(*word);
    return;
  }
  u32 count = shape->slot_count;
  u32 inline_count = count < shape->inline_capacity ? count : shape->inline_capacity;
  visitor.fields(word + 1, inline_count);
  if (count > inline_count) {
    OverflowBody* body = overflow_of(object, shape);
    if (body != nullptr) visitor.fields(body->slots, count - inline_count);
  }
}

Object* type_of_shape(u32 shape) { return shape <= kShapeBody ? nullptr : shape_at(shape)->type; }

bool may_have_slots(u32 id) {
  const Shape* shape = shape_at(id);
  if (shape->layout == nullptr || shape->layout->visit != nullptr) return true;
  return (shape->flags & shape_flag::kHasAttributes) || (shape->type != nullptr && shape->type->member_slots != 0);
}

bool has_finaliser(Object* object) {
  const Shape* shape = shape_of(object);
  return (shape->flags & shape_flag::kFinaliser) || (shape->layout != nullptr && shape->layout->finalise != nullptr);
}

namespace {
struct RankedType {
  Type* type;  // atomic: published by the store
  u32 rank;
};
RankedType g_ranked_types[8];
}  // namespace

void set_finaliser_rank(Object* type, u32 rank) {
  for (RankedType& row : g_ranked_types) {
    Type* known = __atomic_load_n(&row.type, __ATOMIC_ACQUIRE);
    if (known == type) return;
    if (known != nullptr) continue;
    row.rank = rank;
    __atomic_store_n(&row.type, static_cast<Type*>(type), __ATOMIC_RELEASE);
    return;
  }
  CHECK(!"room for another ranked type");
}
u32 finaliser_rank(Object* object) {
  const Type* type = shape_of(object)->type;
  for (const RankedType& row : g_ranked_types) {
    const Type* ranked = __atomic_load_n(&row.type, __ATOMIC_ACQUIRE);
    if (ranked == nullptr) break;
    if (is_subtype(type, ranked)) return row.rank;
  }
  return 0;
}

void run_finaliser(Thread& t, Object* object) {
  __atomic_fetch_or(&object->state, state::kFinalized, __ATOMIC_RELAXED);
  const Shape* shape = shape_of(object);
  ExceptionSaver saver(t);
  if (auto finaliser = shape->type->slots.finaliser)
    finaliser(t, object);
  else if (shape->layout->finalise != nullptr)
    shape->layout->finalise(t, object);
}

TYPHON_NOINLINE static bool dispose_slots(Thread& t, Object* object, const Shape* shape) {
  const Layout* layout = shape->layout;
  if (layout->dispose != nullptr && !layout->dispose(t, object)) return false;
  if (u32 n = shape->type->member_slots; n != 0) {
    Field* fields = member_fields(object, shape);
    for (u32 i = 0; i < n; i++) drop_field(fields[i]);
  }
  if (!(shape->flags & shape_flag::kHasAttributes)) return true;
  Field* word = storage_word_of(object, shape);
  if (shape->flags & shape_flag::kDictMode) {
    drop_field(*word);
    return true;
  }
  u32 count = shape->slot_count;
  u32 inline_count = count < shape->inline_capacity ? count : shape->inline_capacity;
  for (u32 i = 1; i <= inline_count; i++) drop_field(word[i]);
  if (word->is_empty()) return true;
  if (OverflowBody* body = overflow_of(object, shape)) {
    for (u32 i = inline_count; i < count; i++) drop_field(body->slots[i - inline_count]);
    heap::retire_body(t, object, body);
  }
  return true;
}

// Drops the references in slots as long as nothing dies by that; a slot whose reference is gone is EMPTY.
TYPHON_INLINE static bool drop_surviving(Field* slots, u64 n) {
  for (Field *slot = slots, *end = slots + n; slot != end; slot++) {
    Value v = *slot->address();
    if (v.bits & 7) continue;
    asm volatile("");  // two branches, not a combined condition
    if (v.is_empty()) continue;
    Object* object = reinterpret_cast<Object*>(v.bits);
    u8 ownership = object->ownership();
    if (ownership & g_counted_states) [[likely]] {
      if (object->count < 2 * count::kOne) return false;
      object->count -= count::kOne;
    } else if (!(ownership & (state::kDeferred | state::kImmortal))) {
      return false;
    }
    *slot->address() = EMPTY;
  }
  return true;
}

// Always inlined, across files: it is asked for everything that dies. No calls, so that no register is saved.
[[gnu::always_inline]] bool dispose_quickly(Thread& t, Object* object) {
  const Shape* shape = shape_of(object);
  Disposal disposal = shape->disposal;
  if (disposal < Disposal::kInline || (object->state & state::kHasSideTable)) return false;
  if (disposal >= Disposal::kText) return disposal == Disposal::kLeaf || !static_cast<const Str*>(object)->is_interned();
  if (disposal == Disposal::kTuple) {
    Tuple* tuple = static_cast<Tuple*>(object);
    return drop_surviving(tuple->items, tuple->size);
  }
  if (disposal == Disposal::kList) {
    constexpr u64 kShort = 64;  // long ones take a look at each item once, by `dispose`
    List* list = static_cast<List*>(object);
    if (list->size > kShort) return false;
    return list->body == nullptr || (drop_surviving(list->body->items, list->size) && heap::free_block_quickly(t, list->body));
  }
  Field* word = reinterpret_cast<Field*>(reinterpret_cast<char*>(object) + shape->slots_offset);
  if ((shape->flags & shape_flag::kFinaliser) || !word->address()->is_empty()) return false;
  return drop_surviving(word + 1, shape->slot_count);
}

[[gnu::always_inline]] bool dispose(Thread& t, Object* object) {
  const Shape* shape = shape_of(object);
  if (shape->disposal == Disposal::kNever || (object->state & state::kHasSideTable) || (shape->flags & shape_flag::kFinaliser))
    return false;
  if (shape->disposal == Disposal::kSlots || shape->disposal == Disposal::kInline) return dispose_slots(t, object, shape);
  if (shape->disposal == Disposal::kTuple) {  // most of what dies, in many programs
    Tuple* tuple = static_cast<Tuple*>(object);
    for (u64 i = 0, n = tuple->size; i < n; i++) drop_field(tuple->items[i]);
    return true;
  }
  auto dispose_native = shape->layout->dispose;
  return dispose_native == nullptr || dispose_native(t, object);
}

void release_native(Thread& t, Object* object) {
  const Shape* shape = shape_of(object);
  const Layout* layout = shape->layout;
  if (layout == nullptr) return;
  if ((shape->flags & shape_flag::kHasAttributes) && !(shape->flags & shape_flag::kDictMode)) {
    if (OverflowBody* body = overflow_of(object, shape)) heap::retire_body(t, object, body);
  }
  if (layout->release != nullptr) layout->release(t, object);
}

void visit_runtime_roots(Visitor& visitor) {
  auto word = [&visitor](Value& v) {
    if (v.is_object()) visitor.field(reinterpret_cast<Field&>(v));
  };
  for (Thread* t = first_thread(); t != nullptr; t = t->next) {
    for (Value* v : {&t->pending, &t->context, &t->locals, &t->async_exception, &t->trace_function, &t->trace_argument,
                     &t->profile_function, &t->profile_argument, &t->asyncgen_firstiter, &t->asyncgen_finalizer,
                     &t->repr_stack, &t->running_loop})
      word(*v);
    for (ExceptionItem* item = t->exception_top; item != nullptr; item = item->previous) word(item->exception);
  }
}

}  // namespace typhon::object_model
