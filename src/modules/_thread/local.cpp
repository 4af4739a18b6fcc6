// threading.local (_thread._local). Every thread keeps its own dictionaries, in a table of its own (R4): so they stay LOCAL, and are
// dropped by their thread. A dictionary lives as long as both the thread and the local object do (an ephemeron): the collector is
// told which belongs to which, and a thread drops those of dead objects when it next uses any.
#include <cstdlib>

#include "heap/collector.h"
#include "modules/_thread/thread_module.h"

namespace typhon {

static Type *g_local_type, *g_table_type;

namespace {

struct LocalObject;

// What the tables know a local object by. Held by the object and by each entry.
struct Identity {
  u64 references;       // atomic
  LocalObject* object;  // atomic; null when it was freed
};

struct LocalObject : Object {
  Field args;      // tuple for __init__ in every thread
  Field keywords;  // dict or EMPTY
  Identity* identity;
};

void visit(Object* self, Visitor& v) {
  auto* local = static_cast<LocalObject*>(self);
  v.field(local->args);
  v.field(local->keywords);
}

u64 g_deaths = 0;  // atomic: of local objects

void drop_identity(Identity* identity) {
  if (__atomic_sub_fetch(&identity->references, 1, __ATOMIC_ACQ_REL) == 0) std::free(identity);
}

// --- the table of a thread (Thread::locals). Only its thread uses it, and who has the world stopped. It is no Field owner: what it
// refers to is LOCAL, or counted in its words, and it is never published.
struct Entry {
  Identity* identity;  // null: the entry is free
  Value dict;          // owned register word
};
struct Table : Object {
  Entry* entries;
  u32 capacity, used;  // a power of two, or 0
  u64 deaths;          // g_deaths when it was last searched for dead ones
};

u32 home(const Table* table, const Identity* identity) { return u32((u64(identity) >> 4) * 0x9E3779B97F4A7C15 >> 32) & (table->capacity - 1); }

Entry* find(const Table* table, const Identity* identity) {
  if (table->capacity == 0) return nullptr;
  for (u32 i = home(table, identity);; i = (i + 1) & (table->capacity - 1)) {
    Entry& entry = table->entries[i];
    if (entry.identity == identity) return &entry;
    if (entry.identity == nullptr) return nullptr;
  }
}

void place(Table* table, Entry entry) {
  u32 i = home(table, entry.identity);
  while (table->entries[i].identity != nullptr) i = (i + 1) & (table->capacity - 1);
  table->entries[i] = entry;
}

// False: no memory.
bool make_room(Table* table) {
  if (table->used * 2 < table->capacity) return true;
  u32 old_capacity = table->capacity, wanted = old_capacity == 0 ? 8 : old_capacity * 2;
  auto* fresh = static_cast<Entry*>(std::calloc(wanted, sizeof(Entry)));
  if (fresh == nullptr) return false;
  Entry* old = table->entries;
  table->entries = fresh;
  table->capacity = wanted;
  for (u32 i = 0; i < old_capacity; i++)
    if (old[i].identity != nullptr) place(table, old[i]);
  std::free(old);
  return true;
}

// Takes the entry out; the caller drops what is returned.
Ref remove(Table* table, Entry* entry) {
  Ref dict = Ref::adopt(entry->dict);
  drop_identity(entry->identity);
  *entry = {};
  table->used--;
  // What follows without a gap may have its home at or before the hole.
  u32 mask = table->capacity - 1;
  for (u32 i = (u32(entry - table->entries) + 1) & mask; table->entries[i].identity != nullptr; i = (i + 1) & mask) {
    Entry moved = table->entries[i];
    table->entries[i] = {};
    place(table, moved);
  }
  return dict;
}

void drop_dead(Table* table) {
  table->deaths = __atomic_load_n(&g_deaths, __ATOMIC_ACQUIRE);
  for (u32 i = 0; i < table->capacity;) {
    Entry* entry = &table->entries[i];
    if (entry->identity == nullptr || __atomic_load_n(&entry->identity->object, __ATOMIC_RELAXED) != nullptr) {
      i++;
      continue;
    }
    // Dropping it may run Python code, which may use this table: from the start again.
    Ref dropped = remove(table, entry);
    dropped.clear();
    i = 0;
  }
}

void finalise_table(Thread&, Object* self) {
  auto* table = static_cast<Table*>(self);
  while (table->used != 0) {
    u32 i = 0;
    while (table->entries[i].identity == nullptr) i++;
    Ref dropped = remove(table, &table->entries[i]);
    dropped.clear();
  }
}
void release_table(Thread&, Object* self) { std::free(static_cast<Table*>(self)->entries); }

const TypeSpec spec_table = {
    .name = "_thread._local_table",
    .layout = {"_local_table", sizeof(Table), 0, nullptr, release_table, nullptr, finalise_table},
    .flags = type_flag::kDisallowInstantiation | type_flag::kUntracked,
};

Table* thread_table(Thread& t) {
  if (t.locals.is_empty()) {
    t.locals = Value(heap::allocate(t, g_table_type->root_shape, sizeof(Table), false));
    t.locals.as<Table>()->deaths = __atomic_load_n(&g_deaths, __ATOMIC_ACQUIRE);
  }
  return t.locals.as<Table>();
}

// A new dictionary of this thread for the object.
Ref add_dictionary(Thread& t, LocalObject* local) {
  RefTo<Dict> fresh = TRY(dict_new(t));
  Table* table = thread_table(t);
  if (!make_room(table)) return raise(t, exc::MemoryError, "");
  __atomic_fetch_add(&local->identity->references, 1, __ATOMIC_RELAXED);
  Ref dict = std::move(fresh).release_ref();
  place(table, {local->identity, dict.dup().take()});
  table->used++;
  return dict;
}

void remove_dictionary(Thread& t, LocalObject* local) {
  if (t.locals.is_empty() || local->identity == nullptr) return;
  auto* table = t.locals.as<Table>();
  Entry* entry = find(table, local->identity);
  if (entry == nullptr) return;
  Ref dropped = remove(table, entry);
  dropped.clear();
}

// This thread's dictionary; the first access in a thread runs __init__.
Ref dictionary(Thread& t, Value self) {
  auto* local = self.as<LocalObject>();
  if (!t.locals.is_empty()) {
    auto* table = t.locals.as<Table>();
    if (table->deaths != __atomic_load_n(&g_deaths, __ATOMIC_RELAXED)) [[unlikely]] drop_dead(table);
    if (Entry* entry = find(table, local->identity)) return Ref::copy(entry->dict);
  }
  Ref dict = TRY(add_dictionary(t, local));
  Type* type = type_of(self);
  if (type->slots.init != types::object->slots.init) {
    Ref args = local->args.load(), keywords = local->keywords.load();
    Ref init = TRY(lookup_special(t, self, names::__init__));
    Ref done = call_tuple_dict(t, init, args, keywords);
    if (done.failed()) {
      ExceptionSaver saver(t);
      remove_dictionary(t, local);
      return Raised{};
    }
  }
  return dict;
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
  auto* identity = static_cast<Identity*>(std::malloc(sizeof(Identity)));
  if (identity == nullptr) return raise(t, exc::MemoryError, "");
  *identity = {1, local};
  local->identity = identity;
  // The creating thread's dictionary exists from now on; type.__call__ runs its __init__.
  Ref dict = TRY(add_dictionary(t, local));
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

// The thread that drops the object drops its dictionary at once.
void finalise(Thread& t, Object* self) {
  ExceptionSaver saver(t);
  remove_dictionary(t, static_cast<LocalObject*>(self));
}
void release_local(Thread&, Object* self) {
  Identity* identity = static_cast<LocalObject*>(self)->identity;
  if (identity == nullptr) return;
  __atomic_store_n(&identity->object, nullptr, __ATOMIC_RELAXED);
  drop_identity(identity);
  __atomic_fetch_add(&g_deaths, 1, __ATOMIC_RELEASE);
}

// For the collector: f(local object, dictionary) for what the thread keeps.
void for_each_dictionary(Thread& t, void (*f)(Object* local, Object* dict, void* context), void* context) {
  if (t.locals.is_empty()) return;
  auto* table = t.locals.as<Table>();
  for (u32 i = 0; i < table->capacity; i++) {
    Entry& entry = table->entries[i];
    if (entry.identity != nullptr && entry.identity->object != nullptr) f(entry.identity->object, entry.dict.object(), context);
  }
}

}  // namespace

static const TypeSpec spec_thread_local = {
    .name = "_thread._local",
    .doc = "Thread-local data",
    .layout = {"_local", sizeof(LocalObject), 0, visit, release_local, nullptr, finalise},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.getattribute = get_slot, .setattribute = set_slot, .new_ = local_new},
};

Status init_thread_locals(Thread& t, Module* module) {
  TRY(module_add_type(t, module, spec_thread_local, &g_local_type));
  if (g_table_type == nullptr) TRY(make_static_type(t, spec_table, &g_table_type));
  collector::g_for_each_thread_local = for_each_dictionary;
  return ok();
}

}  // namespace typhon
