// The native part of the module copy; see modules/accelerate.h.
#pragma once
#include "objects/protocol/protocol.h"

namespace typhon::copying {

Status accelerate_copy(Thread& t, Dict* globals);

// The names that the Python code looks up in the module's namespace each time.
enum class Global : u8 { kAtomicTypes, kDispatch, kDispatchTable, kKeepAlive, kReconstruct, kError, kCount };
// Borrowed, good until the next callout; EMPTY when there is no such name.
Value peek_global(Global which);
Ref global(Thread& t, Global which);  // NameError

// The module's own functions, as they were when its code had been executed.
enum class Own : u8 { kList, kTuple, kDict, kMethod, kKeepAlive, kReconstruct, kNewObject, kCount };
Value own(Own which);
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
  Slot* probe(u64 key);
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
  Ref copy(Value x);
  Memo memo;

 private:
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

  Thread& thread_;
  RootedVector stack_;  // parts of what is being copied, innermost last
};

}  // namespace typhon::copying
