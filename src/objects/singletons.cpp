// The types of None, Ellipsis and NotImplemented.
#include "objects/protocol/protocol.h"
#include "objects/type_internal.h"

namespace typhon {
namespace {

template <u64 kWord>
Ref singleton_new(Thread& t, Type* cls, Args args) {
  if (args.count != 0 || args.keyword_count != 0) {
    const char* name = kWord == None.bits ? "NoneType" : kWord == Ellipsis.bits ? "EllipsisType" : "NotImplementedType";
    return raise(t, exc::TypeError, "%s takes no arguments", name);
  }
  return Ref::adopt(Value(kWord));
}

// Their reprs are their names; pickle finds them in builtins by that name.
Ref name_of(Thread& t, Value self) {
  return str_from_ascii(t, self.is_none() ? "None" : self.bits == Ellipsis.bits ? "Ellipsis" : "NotImplemented");
}
Ref reduce(Thread& t, Value self, const Value*) { return name_of(t, self); }

template <i64 kHash>
Result<i64> hash(Thread&, Value) {
  return kHash;
}

Ref none_compare(Thread&, Value self, Value other, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_same(self, other)) return Ref::not_implemented();
  return Ref::boolean(op == CompareOp::kEq);
}
Result<bool> none_bool(Thread&, Value) { return false; }
Result<bool> not_implemented_bool(Thread& t, Value) {
  return raise(t, exc::TypeError, "NotImplemented should not be used in a boolean context");
}

constexpr Method kReduce[] = {method("__reduce__", reduce, "($self, /)"), {}};
constexpr Layout kLayout = {nullptr, sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr};

}  // namespace

const TypeSpec spec_none_type = {
    .name = "NoneType",
    .doc = "The type of the None singleton.",
    .layout = kLayout,
    .flags = type_flag::kUntracked,
    .slots = {.repr = name_of, .hash = hash<0xfca86420>, .compare = none_compare, .new_ = singleton_new<None.bits>, .bool_ = none_bool},
};
const TypeSpec spec_ellipsis_type = {
    .name = "ellipsis",
    .doc = "The type of the Ellipsis singleton.",
    .layout = kLayout,
    .flags = type_flag::kUntracked,
    .slots = {.repr = name_of, .hash = hash<0x3e111c1>, .new_ = singleton_new<Ellipsis.bits>},
    .methods = kReduce,
};
const TypeSpec spec_not_implemented_type = {
    .name = "NotImplementedType",
    .doc = "The type of the NotImplemented singleton.",
    .layout = kLayout,
    .flags = type_flag::kUntracked,
    .slots = {.repr = name_of,
              .hash = hash<0x3e111d7>,
              .new_ = singleton_new<NotImplemented.bits>,
              .bool_ = not_implemented_bool},
    .methods = kReduce,
};

}  // namespace typhon
