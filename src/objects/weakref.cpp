// Weak references: the side table from objects to their weakrefs, and the type weakref.ref.
//
// The table is striped by the referent's address; a stripe's lock is held for a few instructions, never across a
// safepoint, so that it is free whenever the world is stopped. `referent` is a borrowed word: the referent's death
// empties it, inside the stop for a shared object (R5). Hence a non-EMPTY word that a thread reads between two
// safepoints names an object that cannot be freed before the thread's next one, and the Ref made of it is found by
// the next scan.
#include <cstdlib>

#include "heap/collector.h"
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {

Ref generic_alias_new(Thread& t, Value origin, Value args);

namespace {

constexpr u32 kStripes = 64;

struct TableEntry {
  Object* referent;  // null: free; kDeleted: was in use
  WeakRef* first;
};
Object* const kDeleted = reinterpret_cast<Object*>(16);

struct Stripe {
  Mutex mutex;
  TableEntry* entries = nullptr;
  u32 capacity = 0, used = 0, live = 0;
};
Stripe g_stripes[kStripes];

u64 address_hash(const Object* object) { return (reinterpret_cast<u64>(object) >> 4) * 0x9E3779B97F4A7C15u; }
Stripe& stripe_of(const Object* object) { return g_stripes[address_hash(object) >> 58]; }

// In single-threaded mode (and with the GIL) nobody else is about: there is no safepoint, and no thread starts, while it is held.
class StripeLock {
 public:
  explicit StripeLock(Stripe& s) : stripe_(g_multi_threaded ? &s : nullptr) {
    if (stripe_ != nullptr) s.mutex.lock_unattached();
  }
  ~StripeLock() {
    if (stripe_ != nullptr) stripe_->mutex.unlock();
  }
  StripeLock(const StripeLock&) = delete;

 private:
  Stripe* stripe_;
};

TableEntry* find(Stripe& s, const Object* object) {
  if (s.capacity == 0) return nullptr;
  for (u32 i = u32(address_hash(object) >> 20) & (s.capacity - 1);; i = (i + 1) & (s.capacity - 1)) {
    if (s.entries[i].referent == object) return &s.entries[i];
    if (s.entries[i].referent == nullptr) return nullptr;
  }
}

TableEntry* find_or_add(Stripe& s, Object* object) {
  if (TableEntry* found = find(s, object)) return found;
  if ((s.used + 1) * 4 > s.capacity * 3) {
    u32 capacity = 16;
    while (capacity < s.live * 4) capacity *= 2;
    TableEntry* old = s.entries;
    u32 old_capacity = s.capacity;
    s.entries = static_cast<TableEntry*>(std::calloc(capacity, sizeof(TableEntry)));
    CHECK(s.entries != nullptr);
    s.capacity = capacity;
    s.used = s.live = 0;
    for (u32 i = 0; i < old_capacity; i++)
      if (old[i].referent != nullptr && old[i].referent != kDeleted)
        find_or_add(s, old[i].referent)->first = old[i].first;
    std::free(old);
  }
  u32 i = u32(address_hash(object) >> 20) & (s.capacity - 1);
  while (s.entries[i].referent != nullptr) i = (i + 1) & (s.capacity - 1);
  s.entries[i] = {object, nullptr};
  s.used++;
  s.live++;
  return &s.entries[i];
}

void remove(Stripe& s, TableEntry* entry) {
  entry->referent = kDeleted;
  entry->first = nullptr;
  s.live--;
  // At the end of its chain it is free again, and so are those in front of it that waited for it.
  u32 mask = s.capacity - 1, i = u32(entry - s.entries);
  if (s.entries[(i + 1) & mask].referent != nullptr) return;
  for (; s.entries[i].referent == kDeleted; i = (i - 1) & mask) {
    s.entries[i].referent = nullptr;
    s.used--;
  }
}

// Takes a weakref out of its referent's list; under the stripe lock.
void unlink(Stripe& s, TableEntry* entry, WeakRef* ref) {
  if (ref->previous != nullptr) ref->previous->next = ref->next;
  if (ref->next != nullptr) ref->next->previous = ref->previous;
  if (entry != nullptr && entry->first == ref) entry->first = ref->next;
  ref->next = ref->previous = nullptr;
  if (entry != nullptr && entry->first == nullptr) remove(s, entry);
}

Value referent_of(const WeakRef* ref) { return Value(__atomic_load_n(&ref->referent.bits, __ATOMIC_ACQUIRE)); }

// The basic weakref of an object, which all share that ask for one; null when there is none. Under the stripe lock.
WeakRef* basic_ref(Stripe& s, const Object* object) {
  if (TableEntry* entry = find(s, object))
    for (WeakRef* r = entry->first; r != nullptr; r = r->next)
      if (r->shape == kShape_weakref && r->callback.is_empty() && !is_dying(r)) return r;
  return nullptr;
}

// The weakref and the proxy that all share come first, the rest by age, the youngest first.
void link(TableEntry* entry, WeakRef* ref, bool basic) {
  WeakRef* before = nullptr;
  for (WeakRef* r = entry->first; !basic && r != nullptr; r = r->next) {
    if (!r->callback.is_empty() || (type_of(Value(r))->flags & type_flag::kHeapType)) break;
    before = r;
  }
  ref->previous = before;
  ref->next = before != nullptr ? before->next : entry->first;
  if (ref->next != nullptr) ref->next->previous = ref;
  if (before != nullptr) {
    before->next = ref;
  } else {
    entry->first = ref;
  }
}

Ref new_ref(Thread& t, Type* cls, Value referent, Value callback) {
  if (!referent.is_object() || !(type_of(referent)->flags & type_flag::kHasWeakref))
    return raise(t, exc::TypeError, "cannot create weak reference to '%T' object", referent);
  Object* object = referent.object();
  bool basic = cls == types::weakref && (callback.is_empty() || callback.is_none());
  Stripe& s = stripe_of(object);
  if (basic) {
    StripeLock lock(s);
    if (WeakRef* known = basic_ref(s, object)) return Ref::copy(Value(known));
  }
  Ref self = TRY(allocate_instance(t, cls));
  auto* ref = self.as<WeakRef>();
  ref->hash = -1;
  // Of a shared object anyone may ask for the weakrefs: they are born shared (R5).
  if (!object->is_local()) publish(ref);
  if (!callback.is_empty() && !callback.is_none()) ref->callback.init(ref, callback);
  if (!(__atomic_load_n(&object->state, __ATOMIC_RELAXED) & state::kHasSideTable))
    __atomic_fetch_or(&object->state, state::kHasSideTable, __ATOMIC_RELAXED);
  StripeLock lock(s);
  // Another thread may have made it meanwhile; ours, in no list yet, dies after the lock is gone.
  if (WeakRef* known = basic && g_multi_threaded ? basic_ref(s, object) : nullptr) return Ref::copy(Value(known));
  TableEntry* entry = find_or_add(s, object);
  ref->referent = Value(object);
  link(entry, ref, basic);
  return self;
}

WeakRef* self_of(Value v) { return v.as<WeakRef>(); }

void visit_ref(Object* self, Visitor& v) { v.field(static_cast<WeakRef*>(self)->callback); }

void release_ref(Thread&, Object* self) {
  auto* ref = static_cast<WeakRef*>(self);
  Value referent = referent_of(ref);
  if (referent.is_empty()) return;
  Stripe& s = stripe_of(referent.object());
  StripeLock lock(s);
  // The referent may have died between the two looks.
  if (referent_of(ref).is_empty()) return;
  unlink(s, find(s, referent.object()), ref);
  ref->referent = EMPTY;
}

// --- the type
Ref ref_new(Thread& t, Type* cls, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "__new__ expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "__new__ expected at most 2 arguments, got %d", int(args.count));
  return new_ref(t, cls, args[0], args.count > 1 ? args[1] : EMPTY);
}
Status ref_init(Thread& t, Value, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "ref() takes no keyword arguments");
  if (args.count > 2) return raise(t, exc::TypeError, "__init__ expected at most 2 arguments, got %d", int(args.count));
  return ok();
}

// Whether the referent has lost its last counted reference, and a scan is to tell if it lives on in some register. Not inlined: the
// caller's frame must not keep what it looks at.
TYPHON_NOINLINE bool is_undecided(const WeakRef* ref) {
  Value referent = referent_of(ref);
  return !referent.is_empty() && collector::is_candidate(referent.object());
}

Ref ref_call(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0)
    return raise(t, exc::TypeError, "weakref.ReferenceType.__call__() takes no keyword arguments");
  if (args.count != 0)
    return raise(t, exc::TypeError, "ReferenceType.__call__() takes no arguments (%d given)", int(args.count));
  if (g_multi_threaded && is_undecided(self_of(self))) [[unlikely]] collector::reclaim_for_observer(t);
  Ref referent = weakref_get(t, self_of(self));
  return referent.is_empty() ? Ref::none() : std::move(referent);
}

Ref ref_repr(Thread& t, Value self) {
  Ref referent = weakref_get(t, self_of(self));
  const char* type = type_name(self);
  if (strcmp(type, "ReferenceType") == 0) type = "weakref";
  if (referent.is_empty()) return str_format(t, "<%s at 0x%x; dead>", type, object_id(t, self));
  Ref name = TRY(lookup_special(t, referent, names::__name__));
  if (!is_str(name))
    return str_format(t, "<%s at 0x%x; to '%T' at 0x%x>", type, object_id(t, self), referent.get(),
                      object_id(t, referent));
  return str_format(t, "<%s at 0x%x; to '%T' at 0x%x (%U)>", type, object_id(t, self), referent.get(),
                    object_id(t, referent), name.as<Str>());
}

Result<i64> ref_hash(Thread& t, Value self) {
  WeakRef* ref = self_of(self);
  i64 cached = __atomic_load_n(&ref->hash, __ATOMIC_RELAXED);
  if (cached != -1) return cached;
  Ref referent = weakref_get(t, ref);
  if (referent.is_empty()) return raise(t, exc::TypeError, "weak object has gone away");
  i64 hash = TRY(object_hash(t, referent));
  __atomic_store_n(&ref->hash, hash, __ATOMIC_RELAXED);
  return hash;
}

Ref ref_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_native_instance(b, types::weakref))
    return Ref::not_implemented();
  Ref left = weakref_get(t, self_of(a)), right = weakref_get(t, self_of(b));
  if (left.is_empty() || right.is_empty()) return Ref::boolean(a.same_word(b) == (op == CompareOp::kEq));
  return compare(t, op, left, right);
}

Ref get_callback(Thread& t, Value self) {
  Ref callback = self_of(self)->callback.load();
  return callback.is_empty() || weakref_get(t, self_of(self)).is_empty() ? Ref::none() : std::move(callback);
}

Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }

constexpr Method kMethods[] = {class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
                               {}};
constexpr GetSet kGetSets[] = {{"__callback__", get_callback}, {}};

}  // namespace

Ref weakref_get(Thread&, WeakRef* ref) { return Ref::copy(referent_of(ref)); }

Ref weakref_new(Thread& t, Value referent, Value callback) { return new_ref(t, types::weakref, referent, callback); }
// The same for the proxy types of _weakref.
Ref weakref_new_of(Thread& t, Type* cls, Value referent, Value callback) { return new_ref(t, cls, referent, callback); }

Ref first_weakref(Thread& t, Value v) {
  RefTo<List> all = weakrefs_of(t, v);
  if (all.failed() || list_size(all.get()) == 0) return Ref();
  return list_get(t, all.get(), 0);
}

RefTo<List> weakrefs_of(Thread& t, Value v) {
  RefTo<List> out = TRY(list_new(t));
  if (!v.is_object() || !(v.object()->ownership() & state::kHasSideTable)) return out;
  RootedVector found(t);
  {
    Stripe& s = stripe_of(v.object());
    StripeLock lock(s);
    if (TableEntry* entry = find(s, v.object()))
      for (WeakRef* r = entry->first; r != nullptr; r = r->next)
        if (!is_dying(r)) found.push_copy(Value(r));
  }
  for (size_t i = 0; i < found.size(); i++) TRY(list_append(t, out.get(), found[i]));
  return out;
}

const TypeSpec spec_weakref = {
    .name = "weakref.ReferenceType",
    .layout = {"weakref.ReferenceType", sizeof(WeakRef), 0, visit_ref, release_ref, nullptr, nullptr},
    .flags = type_flag::kBaseType,
    .slots = {.repr = ref_repr,
              .hash = ref_hash,
              .call = ref_call,
              .compare = ref_compare,
              .new_ = ref_new,
              .init = ref_init},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon

namespace typhon::object_model {

void clear_weakrefs(Thread&, Object* object, RootedVector& callbacks) {
  Stripe& s = stripe_of(object);
  StripeLock lock(s);
  TableEntry* entry = find(s, object);
  if (entry == nullptr) return;
  for (WeakRef* r = entry->first; r != nullptr;) {
    WeakRef* next = r->next;
    __atomic_store_n(&r->referent.bits, u64(0), __ATOMIC_RELEASE);
    r->next = r->previous = nullptr;
    // A weakref that is dying itself calls nobody.
    if (!is_dying(r) && !r->callback.is_empty()) callbacks.push_copy(Value(r));
    r = next;
  }
  remove(s, entry);
  __atomic_fetch_and(&object->state, u8(~state::kHasSideTable), __ATOMIC_RELAXED);
}

void run_weakref_callbacks(Thread& t, RootedVector& callbacks) {
  for (size_t i = 0; i < callbacks.size(); i++) {
    Ref ref = Ref::copy(callbacks[i]);
    Ref callback = ref.as<WeakRef>()->callback.take(ref.object());
    if (callback.is_empty()) continue;
    ExceptionSaver saver(t);
    Ref done = call_with(t, callback, ref);
    if (done.failed()) write_unraisable(t, "while calling weakref callback", callback);
  }
  callbacks.clear();
}

bool weakref_has_callback(Object* weakref) { return !static_cast<WeakRef*>(weakref)->callback.is_empty(); }

void for_each_weakref(Object* object, void (*f)(Object* weakref, void* context), void* context) {
  // Collected first: f may ask for the weakrefs of another object of the same stripe. None of them can go away
  // meanwhile: the object is the calling thread's own, or the world is stopped.
  WeakRef* on_stack[32];
  WeakRef** found = on_stack;
  size_t n = 0, capacity = 32;
  Stripe& s = stripe_of(object);
  {
    StripeLock lock(s);
    TableEntry* entry = find(s, object);
    if (entry == nullptr) return;
    for (WeakRef* r = entry->first; r != nullptr; r = r->next) {
      if (n == capacity) {
        auto** grown = static_cast<WeakRef**>(std::malloc(capacity * 2 * sizeof(WeakRef*)));
        CHECK(grown != nullptr);
        memcpy(grown, found, n * sizeof(WeakRef*));
        if (found != on_stack) std::free(found);
        found = grown;
        capacity *= 2;
      }
      found[n++] = r;
    }
  }
  for (size_t i = 0; i < n; i++) f(found[i], context);
  if (found != on_stack) std::free(found);
}

Object* weak_referent(Object* object) {
  const Layout* layout = shape_of(object)->layout;
  if (layout == nullptr || layout->visit != visit_ref) return nullptr;
  return referent_of(static_cast<WeakRef*>(object)).object();
}

}  // namespace typhon::object_model
