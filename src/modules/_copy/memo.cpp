// copy.deepcopy: the memo.
#include <cstdlib>

#include "modules/_copy/copy.h"

namespace typhon::copying {

Memo::~Memo() {
  if (slots_ != first_) std::free(slots_);
}

void Memo::use(Value mapping, Value nil) {
  mapping_ = Ref::copy(mapping);
  nil_ = Ref::copy(nil);
  is_dict_ = is_exact_dict(mapping);
}

// id(x), mostly an address.
TYPHON_INLINE static u64 id_of(Thread& t, Value x) {
  if (x.is_object() && !is_exact(x, kShape_int_) && !is_exact(x, kShape_float_)) [[likely]] return x.untagged().bits;
  return object_id(t, x);
}

Status Memo::grow() {
  Slot* old = slots_;
  u64 n = capacity_;
  auto* fresh = static_cast<Slot*>(std::calloc(n * 4, sizeof(Slot)));
  if (fresh == nullptr) return raise_no_memory(thread_);
  slots_ = fresh;
  capacity_ = n * 4;
  for (u64 i = 0; i < n; i++)
    if (old[i].key != 0) *probe(old[i].key) = old[i];
  if (old != first_) std::free(old);
  return ok();
}

Ref Memo::find(Value x) {
  if (is_private()) [[likely]] {
    if (copies_.empty()) return Ref();
    const Slot* slot = probe(id_of(thread_, x));
    return slot->key == 0 ? Ref() : Ref::copy(copies_[slot->index]);
  }
  Ref key = TRY(int_from_u64(thread_, object_id(thread_, x)));
  Ref found = is_dict_ ? TRY(dict_get_py(thread_, mapping_.as<Dict>(), key))
                       : TRY(call_method_with(thread_, mapping_, names::get, key, nil_));
  bool is_nil = is_same(found, nil_);
  if (!nil_.get().same_word(own_nil())) nil_ = Ref::copy(own_nil());  // what the caller gave is for the first look
  return is_nil ? Ref() : std::move(found);
}

Ref Memo::get(Value x) {
  if (is_private()) return find(x);
  Ref key = TRY(int_from_u64(thread_, object_id(thread_, x)));
  if (is_dict_) return dict_get_py(thread_, mapping_.as<Dict>(), key);
  Ref found = get_item(thread_, mapping_, key);
  if (found.failed() && clear_if(thread_, exc::KeyError)) return Ref();
  return found;
}

Status Memo::set_item_of(Value key, Value value) {
  return is_dict_ ? dict_set_py(thread_, mapping_.as<Dict>(), key, value) : set_item(thread_, mapping_, key, value);
}

Status Memo::set(Value x, Value y) {
  u64 id = id_of(thread_, x);
  if (!is_private()) {
    Ref key = TRY(int_from_u64(thread_, id));
    return set_item_of(key, y);
  }
  Slot* slot = probe(id);
  if (slot->key != 0) {
    if (!copies_[slot->index].same_word(y)) copies_.set(slot->index, Ref::copy(y));
    return ok();
  }
  if (copies_.size() * 2 >= capacity_) [[unlikely]] {
    TRY(grow());
    slot = probe(id);
  }
  *slot = {id, copies_.size()};
  copies_.push_copy(y);
  return ok();
}

Status Memo::keep_alive(Value x) {
  if (is_private()) [[likely]] {
    if (kept_.empty()) list_at_ = copies_.size();
    kept_.push_copy(x);
    return ok();
  }
  Ref key = TRY(int_from_u64(thread_, object_id(thread_, mapping_)));
  Ref list = is_dict_ ? TRY(dict_get_py(thread_, mapping_.as<Dict>(), key)) : get_item(thread_, mapping_, key);
  if (!list.is_empty() && !list.failed()) {
    if (is_exact_list(list)) return list_append(thread_, list.as<List>(), x);
    if (!call_method(thread_, list, names::append, &x, 1).failed()) return ok();
  }
  if (exception_pending(thread_) && !clear_if(thread_, exc::KeyError)) return Raised{};
  RefTo<List> fresh = TRY(list_from(thread_, &x, 1));
  return set_item_of(key, fresh);
}

Status Memo::make_dict() {
  u64 n = copies_.size();
  RefTo<Dict> dict = TRY(dict_new(thread_, n + 1));
  auto* ids = static_cast<u64*>(std::malloc((n + 1) * sizeof(u64)));
  if (ids == nullptr) return raise_no_memory(thread_);
  for (u64 i = 0; i < capacity_; i++)
    if (slots_[i].key != 0) ids[slots_[i].index] = slots_[i].key;
  Status status;
  auto put = [&](u64 id, Value value) {
    if (status.failed()) return;
    Ref key = int_from_u64(thread_, id);
    status = key.failed() ? Status(Raised{}) : dict_set_py(thread_, dict.get(), key, value);
  };
  for (u64 i = 0; i <= n; i++) {
    if (i == list_at_ && !kept_.empty()) {
      RefTo<List> list = list_from(thread_, kept_.data(), kept_.size());
      if (list.failed())
        status = Raised{};
      else
        put(object_id(thread_, dict), list);
    }
    if (i < n) put(ids[i], copies_[i]);
  }
  std::free(ids);
  TRY(status);
  use(dict, own_nil());
  copies_.clear();
  kept_.clear();
  return ok();
}

Value Memo::mapping() {
  if (is_private() && make_dict().failed()) return ERROR;
  return mapping_;
}

}  // namespace typhon::copying
