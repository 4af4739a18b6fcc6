// Field: a slot of a heap object, the only way a heap object holds a reference (design: ownership R1-R23, docs/ownership.md).
//
// A slot always holds an untagged word: an immediate, or an object with one count taken for this slot (none for DEFERRED
// and IMMORTAL objects). Every store names the object that OWNS THE STORAGE (R12), because the publication barrier asks
// it: storing a LOCAL object into storage that is not LOCAL publishes the stored object, and all it reaches, first.
//
// Locks: a store into a shared object that must be atomic together with other fields is made under the object's lock by
// the caller; publish and take counts before locking, drop the old value after unlocking (R2). `store` alone is atomic
// (exchange) and needs no lock.
#pragma once
#include "value/ref.h"

namespace typhon {

// Makes `object` and everything it reaches SHARED. Worklist, no recursion, runs no Python code. The calling thread must
// own it (or it is shared already, then nothing happens).
void publish(Object* object);

// The barrier by itself: call before a borrowed or owned word is written into storage of `owner` by hand.
TYPHON_INLINE void publish_for(const Object* owner, Value v) {
  if (v.bits & 7) return;
  Object* object = v.object();
  if (object != nullptr && object->is_local() && !owner->is_local()) publish(object);
}

class Field {
 public:
  Field() : word_(EMPTY) {}
  Field(const Field&) = delete;
  Field& operator=(const Field&) = delete;

  // --- reading
  // The borrowed word. From shared storage it stays valid until this thread's next safepoint (or callout) in
  // multi-threaded mode; otherwise until the slot is overwritten. Take a Ref to keep it longer.
  TYPHON_INLINE Value peek() const { return Value(__atomic_load_n(&word_.bits, __ATOMIC_ACQUIRE)); }
  TYPHON_INLINE Ref load() const { return Ref::copy(peek()); }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(peek().bits);  // no mark to take off in a slot
  }
  bool is_empty() const { return peek().is_empty(); }

  // --- first store into a slot that holds EMPTY and that no other thread can see yet
  TYPHON_INLINE void init(const Object* owner, Value borrowed) {
    publish_for(owner, borrowed);
    word_ = heap_copy(borrowed);
  }
  TYPHON_INLINE void init(const Object* owner, Ref&& owned) {
    publish_for(owner, owned.get());
    word_ = to_heap_word(owned.take());
  }
  template <class T>
  void init(const Object* owner, RefTo<T>&& owned) {
    init(owner, std::move(owned).release_ref());
  }

  // --- first store into a slot that other threads see: of several, one wins. False: another one did.
  bool init_once(const Object* owner, Value borrowed) {
    publish_for(owner, borrowed);
    Value word = heap_copy(borrowed);
    u64 expected = EMPTY.bits;
    if (__atomic_compare_exchange_n(&word_.bits, &expected, word.bits, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return true;
    release_heap(word);
    return false;
  }

  // --- overwriting; drops the old value (may run Python code: hold no lock)
  TYPHON_INLINE void store(const Object* owner, Value borrowed) { release_heap(exchange(owner, borrowed)); }
  TYPHON_INLINE void store(const Object* owner, Ref&& owned) { release_heap(exchange(owner, std::move(owned))); }
  template <class T>
  void store(const Object* owner, RefTo<T>&& owned) {
    store(owner, std::move(owned).release_ref());
  }
  // The same, handing the old heap word to the caller, who drops it with release_heap (after unlocking).
  TYPHON_INLINE Value exchange(const Object* owner, Value borrowed) {
    publish_for(owner, borrowed);
    return swap_word(owner, heap_copy(borrowed));
  }
  TYPHON_INLINE Value exchange(const Object* owner, Ref&& owned) {
    publish_for(owner, owned.get());
    return swap_word(owner, to_heap_word(owned.take()));
  }
  // Empties the slot and hands its heap word to the caller.
  TYPHON_INLINE Value take_word(const Object* owner) { return swap_word(owner, EMPTY); }
  // Empties the slot; the value comes back as an owned register word.
  Ref take(const Object* owner) { return adopt_heap(take_word(owner)); }
  void clear(const Object* owner) { release_heap(take_word(owner)); }

  // Drops a heap word (a count held by a slot). Same as release() but for the name at the call site.
  TYPHON_INLINE static void release_heap(Value word) { release(word); }
  // Turns a heap word whose slot is gone into an owned register word. (Untagged = counted, whatever the state: R9.)
  TYPHON_INLINE static Ref adopt_heap(Value word) { return Ref::adopt(word); }

  Value* address() { return &word_; }

 private:
  TYPHON_INLINE Value swap_word(const Object* owner, Value word) {
    if (owner->is_local() || !g_multi_threaded) {
      Value old = word_;
      word_ = word;
      return old;
    }
    return Value(__atomic_exchange_n(&word_.bits, word.bits, __ATOMIC_ACQ_REL));
  }
  Value word_;
};
static_assert(sizeof(Field) == 8);

// --- bulk variants for arrays of slots (list arrays, tuples)
// Copies n borrowed words into empty slots.
void init_fields(const Object* owner, Field* to, const Value* from, size_t n);

// The one traversal of a native type: called for every slot. Serves publication, the collector, the checker and clearing.
// A visitor may replace nothing; to empty slots it uses Field::clear afterwards.
struct Visitor {
  void (*visit)(Visitor& self, Field& slot);
  // Also told about storage bodies, so that the collector can mark them.
  void field(Field& slot) { visit(*this, slot); }
  void fields(Field* slots, size_t n) {
    for (size_t i = 0; i < n; i++) visit(*this, slots[i]);
  }
};

// Empties a slot of an object that is being destroyed. May run Python code.
TYPHON_INLINE void drop_field(Field& slot) {
  Value* word = slot.address();
  Value old = *word;
  if (old.bits & 7) return;
  *word = EMPTY;
  if (old.is_empty()) return;
  Object* object = old.object();
  u8 ownership = object->ownership();
  if (ownership & g_counted_states) [[likely]] {
    if ((object->count -= count::kOne) < count::kOne) destroy(object);
  } else if (!(ownership & (state::kDeferred | state::kImmortal))) {
    release_shared(object);
  }
}
// heap_copy, out of line: for what a loop meets seldom.
Value heap_copy_rest(Value v);

// --- references outside stacks and heap objects (R13): statics, callbacks' user data. Registered for life.
class GlobalRoot {
 public:
  constexpr GlobalRoot() = default;
  // Publishes the value and replaces the old one.
  void set(Thread& t, Ref&& owned);
  Value get() const { return Value(__atomic_load_n(&word_.bits, __ATOMIC_ACQUIRE)); }
  template <class T>
  T* as() const {
    return get().as<T>();
  }

 private:
  friend struct GlobalRoots;
  Value word_;
  GlobalRoot* next_ = nullptr;
  bool registered_ = false;
};

// A growable array of owned references on a C++ stack: linked from its thread and scanned by the collector.
class RootedVector {
 public:
  explicit RootedVector(Thread& t);
  ~RootedVector();
  RootedVector(const RootedVector&) = delete;
  RootedVector& operator=(const RootedVector&) = delete;
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Value operator[](size_t i) const { return words_[i]; }
  const Value* data() const { return words_; }
  void push(Ref&& owned);
  void push_copy(Value borrowed) { push(Ref::copy(borrowed)); }
  Ref pop();
  void set(size_t i, Ref&& owned);
  void truncate(size_t size);
  void clear() { truncate(0); }
  // For in-place permutation (sorting): words stay owned by the vector.
  Value* words() { return words_; }

 private:
  friend struct StackScanner;
  Thread& thread_;
  RootedVector* previous_;
  Value* words_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace typhon
