// _pickle: the pickler's memo.
#include "modules/_pickle/memo.h"

#include <cstdlib>

namespace typhon::pickle {

Type* g_memo_type;

namespace {

void visit(Object* self, Visitor& v) { v.field(static_cast<Memo*>(self)->objects); }
void release_slots(Thread&, Object* self) { std::free(static_cast<Memo*>(self)->slots); }

bool grow(Memo* memo) {
  u64 capacity = memo->capacity == 0 ? 64 : memo->capacity * 4;
  auto* slots = static_cast<Memo::Slot*>(std::calloc(capacity, sizeof(Memo::Slot)));
  if (slots == nullptr) return false;
  for (u64 i = 0; i < memo->capacity; i++) {
    if (memo->slots[i].key == 0) continue;
    u64 at = Memo::hash(memo->slots[i].key) >> 20;
    while (slots[at & (capacity - 1)].key != 0) at++;
    slots[at & (capacity - 1)] = memo->slots[i];
  }
  std::free(memo->slots);
  memo->slots = slots;
  memo->capacity = capacity;
  return true;
}

}  // namespace

RefTo<Memo> memo_new(Thread& t) {
  RefTo<List> objects = TRY(list_new(t));
  RefTo<Memo> made = RefTo<Memo>::adopt(allocate_native<Memo>(t, g_memo_type));
  made->objects.init(made.get(), std::move(objects));
  return made;
}
Status memo_add(Thread& t, Memo* memo, Value v, u64 index) {
  if (memo->count * 2 >= memo->capacity && !grow(memo)) return raise_no_memory(t);
  TRY(list_append(t, memo->objects.as<List>(), v));
  u64 key = v.untagged().bits, at = Memo::hash(key) >> 20;
  while (memo->slots[at & (memo->capacity - 1)].key != 0) at++;
  memo->slots[at & (memo->capacity - 1)] = {key, index};
  memo->count++;
  return ok();
}

const TypeSpec kMemoSpec = {
    .name = "_pickle._Memo",
    .layout = {"_Memo", sizeof(Memo), 0, visit, release_slots, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
};

}  // namespace typhon::pickle
