// Descriptors that read item i of a tuple: fields of structure sequences, and collections._tuplegetter of namedtuples.
#include "objects/module.h"
#include "objects/tuple_member.h"

namespace typhon {

Type* g_tuple_getter_type;

namespace {

void visit(Object* self, Visitor& v) { v.field(static_cast<TupleGetter*>(self)->doc); }

Ref descriptor_get(Thread& t, Value self, Value instance, Value) {
  auto* getter = self.as<TupleGetter>();
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  if (!is_tuple(instance))
    return raise(t, exc::TypeError,
                 "descriptor for index '%d' for tuple subclasses doesn't apply to '%T' object", int(getter->index), instance);
  auto* tuple = instance.as<Tuple>();
  if (getter->index >= tuple->size) return raise(t, exc::IndexError, "tuple index out of range");
  return tuple->items[getter->index].load();
}

Status descriptor_set(Thread& t, Value, Value, Value value) {
  return raise(t, exc::AttributeError, value.is_empty() ? "can't delete attribute" : "can't set attribute");
}

Ref new_slot(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(index, doc, /)");
  Value a[2];
  Ref keep[1];
  TRY(bind_arguments(t, signature, "_tuplegetter", args, a, keep));
  i64 index = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  Ref self = TRY(allocate_instance(t, cls));
  auto* getter = self.as<TupleGetter>();
  getter->index = u64(index);
  getter->doc.init(getter, a[1]);
  return self;
}

Ref repr(Thread& t, Value self) {
  auto* getter = self.as<TupleGetter>();
  Ref doc = getter->doc.load();
  return str_format(t, "_tuplegetter(%zd, %R)", i64(getter->index), doc.get());
}

Ref m_reduce(Thread& t, Value self, const Value*) {
  auto* getter = self.as<TupleGetter>();
  Ref doc = getter->doc.load();
  RefTo<Tuple> args = TRY(tuple_of(t, Value::small_int(i64(getter->index)), doc));
  return tuple_of(t, Value(g_tuple_getter_type), args);
}

constexpr Method kMethods[] = {method("__reduce__", m_reduce, "($self, /)"), {}};
constexpr Member kMembers[] = {{"__doc__", offsetof(TupleGetter, doc), true}, {}};

}  // namespace

const TypeSpec spec_tuple_getter = {
    .name = "collections._tuplegetter",
    .layout = {"_tuplegetter", sizeof(TupleGetter), 0, visit, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = repr, .descriptor_get = descriptor_get, .descriptor_set = descriptor_set, .new_ = new_slot},
    .methods = kMethods,
    .members = kMembers,
};

Ref tuple_member_new(Thread& t, Type*, Str*, u32 index) {
  if (g_tuple_getter_type == nullptr) TRY(make_static_type(t, spec_tuple_getter, &g_tuple_getter_type));
  Ref self = TRY(allocate_instance(t, g_tuple_getter_type));
  self.as<TupleGetter>()->index = index;
  self.as<TupleGetter>()->doc.init(self.object(), None);
  return self;
}

}  // namespace typhon
