// The native part of the module copy; see modules/accelerate.h.
#pragma once
#include "objects/dict/table.h"
#include "objects/protocol/protocol.h"
#include "objects/set_table.h"

namespace typhon::copying {

Status accelerate_copy(Thread& t, Dict* globals);

// The names that the Python code looks up in the module's namespace each time.
enum class Global : u8 { kAtomicTypes, kDispatch, kDispatchTable, kKeepAlive, kReconstruct, kError, kCount };
struct GlobalName {
  const char* text;
  Str* name;
  u64 seen;  // table << 32 | entry
};
extern GlobalName g_names[u32(Global::kCount)];
extern GlobalRoot g_namespace;
Value look_for(Global which);
// Borrowed, good until the next callout; EMPTY when there is no such name.
TYPHON_INLINE Value peek_global(Global which) {
  u64 seen = __atomic_load_n(&g_names[u32(which)].seen, __ATOMIC_RELAXED);
  const DictTable* table = dict_table::table_of(g_namespace.as<Dict>());
  if (seen >> 32 == table_id(table) && seen >> 32 != 0) [[likely]] {
    Value found = table->entries()[u32(seen)].value.peek();
    if (!found.is_empty()) [[likely]] return found;  // else deleted, and perhaps defined again
  }
  return look_for(which);
}
Ref global(Thread& t, Global which);  // NameError

// The module's own functions, as they were when its code had been executed.
enum class Own : u8 { kList, kTuple, kDict, kMethod, kKeepAlive, kReconstruct, kNewObject, kCount };
extern GlobalRoot g_own[u32(Own::kCount)];
inline Value own(Own which) { return g_own[u32(which)].get(); }
Value own_nil();  // what deepcopy has for _nil

// The entry for a class in a dict; `mapping.get(cls)` of anything else. EMPTY when there is none.
Ref entry_of_class(Thread& t, Value mapping, Type* cls);

// What deepcopy has copied. As long as no Python code has seen it, it is a table of its own, whose copies and whose objects that are kept
// alive lie in vectors; then a dict with what those would have put there, or what the program gave.
class Memo {
 public:
  explicit Memo(Thread& t) : thread_(t), copies_(t), kept_(t) {}
  Memo(const Memo&) = delete;
  ~Memo();
  void use(Value mapping, Value nil);  // the program's, and its _nil
  bool is_private() const { return mapping_.is_empty(); }
  Ref find(Value x);  // memo.get(id(x)), EMPTY when there is none
  Ref get(Value x);   // memo[id(x)], EMPTY instead of a KeyError
  Status set(Value x, Value y);
  Status keep_alive(Value x);
  // As Python code gets it, borrowed. ERROR when there is no memory for it.
  Value mapping();

 private:
  struct Slot {
    u64 key;  // the id; 0: free
    u64 index;
  };
  static constexpr u32 kFirst = 16;
  TYPHON_INLINE Slot* probe(u64 key) {
    for (u64 i = (key >> 4) * 0x9E3779B97F4A7C15 >> 32;; i++) {
      Slot* slot = &slots_[i & (capacity_ - 1)];
      if (slot->key == key || slot->key == 0) return slot;
    }
  }
  Status grow();
  Status make_dict();
  Status set_item_of(Value key, Value value);

  Thread& thread_;
  Ref mapping_, nil_;
  bool is_dict_ = false;
  RootedVector copies_, kept_;
  Slot first_[kFirst] = {};
  Slot* slots_ = first_;
  u64 capacity_ = kFirst;
  u64 list_at_ = 0;  // how many copies there were when the first object was kept
};

// One run of deepcopy.
class Copier {
 public:
  explicit Copier(Thread& t) : memo(t), thread_(t), stack_(t) {}
  Ref run(Value x);
  Memo memo;

 private:
  Status copy(Ref& x);  // puts a copy in the place of what is there
  Ref copy_other(Value x, Type* cls);
  Ref copy_new(Value x, Type* cls);
  Ref copy_by_type(Value x, Type* cls, bool* stored);
  Ref copy_list(List* x);
  Ref copy_tuple(Tuple* x);
  Ref copy_dict(Dict* x);
  Ref copy_instance(Object* x, const Shape* shape);
  Ref attribute_at(Object* x, const Shape* shape, u32 slot, bool* changed);
  Status set_attributes(Object* y, const Shape* shape, size_t base);
  Ref copy_by_protocol(Value x, Type* cls);
  Ref reconstruct(Value x, Value reduced);
  Ref make_again(Value function, Tuple* args);
  Status set_state(Value y, Value state);
  Status keep_alive(Value x);

  bool knows_atomic(Type* cls, bool* atomic);
  Result<bool> is_atomic(Type* cls);

  Thread& thread_;
  RootedVector stack_;  // parts of what is being copied, innermost last
  // What was found out about classes, as long as _atomic_types is the same set and holds the same: in one table nothing is added without
  // `fill` growing.
  static constexpr u32 kClasses = 16;
  Ref atomic_set_ = Ref::error();  // a word that no name has
  const SetTable* atomic_table_ = nullptr;
  u64 atomic_fill_ = 0, atomic_used_ = 0;
  u32 atomic_generation_ = 0;
  u64 classes_[kClasses] = {};  // the address, 1 added when it is atomic
};

}  // namespace typhon::copying
