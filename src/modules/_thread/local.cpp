// threading.local (_thread._local). Every thread keeps its own dictionaries, in the thread (R4): Thread::locals maps the
// local object's identity to that thread's dict. So they stay LOCAL, and are dropped by their thread.
#include "modules/_thread/thread_module.h"

namespace typhon {

Type* g_local_type;

namespace {

struct LocalObject : Object {
  Field args;      // tuple for __init__ in every thread
  Field keywords;  // dict or EMPTY
  Field key;       // what identifies it in Thread::locals: an int never used again
};

u64 g_next_key = 1;

void visit(Object* self, Visitor& v) {
  auto* local = static_cast<LocalObject*>(self);
  v.field(local->args);
  v.field(local->keywords);
  v.field(local->key);
}

Dict* thread_table(Thread& t) {
  if (t.locals.is_empty()) {
    RefTo<Dict> table = dict_new(t);
    if (table.failed()) return nullptr;
    t.locals = table.take();
  }
  return t.locals.as<Dict>();
}

// This thread's dictionary; the first access in a thread runs __init__.
Ref dictionary(Thread& t, Value self) {
  auto* local = self.as<LocalObject>();
  Dict* table = thread_table(t);
  if (table == nullptr) return Raised{};
  Ref found = TRY(dict_get_py(t, table, local->key.peek()));
  if (!found.is_empty()) return found;
  RefTo<Dict> fresh = TRY(dict_new(t));
  Ref keep = Ref::copy(fresh);
  TRY(dict_set_py(t, table, local->key.peek(), keep));
  Type* type = type_of(self);
  if (type->slots.init != types::object->slots.init) {
    Ref args = local->args.load(), keywords = local->keywords.load();
    Ref init = TRY(lookup_special(t, self, names::__init__));
    Ref done = call_tuple_dict(t, init, args, keywords);
    if (done.failed()) {
      ExceptionSaver saver(t);
      Result<bool> removed = dict_delete_py(t, table, local->key.peek());
      if (removed.failed()) clear_exception(t);
      return Raised{};
    }
  }
  return keep;
}

Ref local_new(Thread& t, Type* cls, Args args) {
  if (cls->slots.init == types::object->slots.init && args.count + args.keyword_count != 0)
    return raise(t, exc::TypeError, "Initialization arguments are not supported");
  Ref self = TRY(allocate_instance(t, cls));
  auto* local = self.as<LocalObject>();
  local->args.init(local, TRY(tuple_from(t, args.values, args.count)));
  if (args.keyword_count != 0) {
    RefTo<Dict> keywords = TRY(dict_new(t));
    for (u32 k = 0; k < args.keyword_count; k++) TRY(dict_set_str(t, keywords.get(), args.names->items[k].as<Str>(), args.keyword(k)));
    local->keywords.init(local, std::move(keywords));
  }
  local->key.init(local, TRY(int_from_u64(t, __atomic_fetch_add(&g_next_key, 1, __ATOMIC_RELAXED))));
  // The creating thread's dictionary exists from now on; type.__call__ runs its __init__.
  Dict* table = thread_table(t);
  if (table == nullptr) return Raised{};
  RefTo<Dict> fresh = TRY(dict_new(t));
  TRY(dict_set_py(t, table, local->key.peek(), fresh));
  return self;
}

Ref get_slot(Thread& t, Value self, Str* name) {
  Ref dict = TRY(dictionary(t, self));
  if (name->equals_ascii("__dict__")) return dict;
  Value found = type_lookup(type_of(self), name);
  if (!found.is_empty() && type_of(found)->slots.descriptor_set != nullptr) return generic_get_attribute(t, self, name);
  Ref value = dict_get_str(t, dict.as<Dict>(), name);
  if (!value.is_empty()) return value;
  return generic_get_attribute(t, self, name);
}

Status set_slot(Thread& t, Value self, Str* name, Value value) {
  if (name->equals_ascii("__dict__"))
    return raise(t, exc::AttributeError, "'%T' object attribute '__dict__' is read-only", self);
  Value found = type_lookup(type_of(self), name);
  if (!found.is_empty() && type_of(found)->slots.descriptor_set != nullptr) return generic_set_attribute(t, self, name, value);
  Ref dict = dictionary(t, self);
  if (dict.failed()) return Raised{};
  if (!value.is_empty()) return dict_set_str(t, dict.as<Dict>(), name, value);
  if (!TRY(dict_delete_str(t, dict.as<Dict>(), name))) return raise_attribute_error(t, self, name);
  return ok();
}

// The thread that drops the object drops its dictionary; those of other threads go when their threads end.
void finalise(Thread& t, Object* self) {
  if (t.locals.is_empty()) return;
  ExceptionSaver saver(t);
  Result<bool> removed = dict_delete_py(t, t.locals.as<Dict>(), static_cast<LocalObject*>(self)->key.peek());
  if (removed.failed()) clear_exception(t);
}

}  // namespace

const TypeSpec spec_thread_local = {
    .name = "_thread._local",
    .doc = "Thread-local data",
    .layout = {"_local", sizeof(LocalObject), 0, visit, nullptr, nullptr, finalise},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.getattribute = get_slot, .setattribute = set_slot, .new_ = local_new},
};

}  // namespace typhon
