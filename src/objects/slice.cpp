// slice objects and the arithmetic of slicing.
#include "objects/container_util.h"

namespace typhon {

RefTo<Slice> slice_new(Thread& t, Value start, Value stop, Value step) {
  Slice* slice = heap::allocate_as<Slice>(t, kShape_slice);
  slice->start.init(slice, start);
  slice->stop.init(slice, stop);
  slice->step.init(slice, step);
  return RefTo<Slice>::adopt(slice);
}

namespace {

// One bound, clamped to i64; slices have a message of their own.
Result<i64> bound(Thread& t, Value v) {
  if (v.is_small_int()) return v.as_small_int();
  if (!is_indexable(v))
    return raise(t, exc::TypeError, "slice indices must be integers or None or have an __index__ method");
  return to_clamped_i64(t, v);
}

}  // namespace

Result<i64> search_bound(Thread& t, Value v, i64 fallback) {
  if (v.is_empty()) return fallback;
  if (v.is_small_int()) return v.as_small_int();
  if (!is_indexable(v)) return raise(t, exc::TypeError, "slice indices must be integers or have an __index__ method");
  return to_clamped_i64(t, v);
}

Status slice_unpack_py(Thread& t, Slice* slice, SliceIndices* out) {
  SliceIndices& s = *out;
  s.step = 1;
  s.count = 0;
  Ref step = slice->step.load(), start = slice->start.load(), stop = slice->stop.load();
  if (!step.get().is_none()) {
    s.step = TRY(bound(t, step));
    if (s.step == 0) return raise(t, exc::ValueError, "slice step cannot be zero");
    if (s.step == INT64_MIN) s.step = -INT64_MAX;  // -step must be representable
  }
  s.start = start.get().is_none() ? (s.step < 0 ? INT64_MAX : 0) : TRY(bound(t, start));
  s.stop = stop.get().is_none() ? (s.step < 0 ? INT64_MIN : INT64_MAX) : TRY(bound(t, stop));
  return ok();
}

void slice_adjust(SliceIndices* s, i64 length) {
  auto clamp = [&](i64 n) {
    if (n < 0) {
      n += length;
      if (n < 0) n = s->step < 0 ? -1 : 0;
    } else if (n >= length) {
      n = s->step < 0 ? length - 1 : length;
    }
    return n;
  };
  s->start = clamp(s->start);
  s->stop = clamp(s->stop);
  s->count = 0;
  if (s->step < 0) {
    if (s->stop < s->start) s->count = s->step == -1 ? s->start - s->stop : (s->start - s->stop - 1) / -s->step + 1;
  } else if (s->start < s->stop) {
    // No division in the usual case.
    s->count = s->step == 1 ? s->stop - s->start : (s->stop - s->start - 1) / s->step + 1;
  }
}

Status slice_resolve_py(Thread& t, Slice* slice, i64 length, SliceIndices* out) {
  TRY(slice_unpack_py(t, slice, out));
  slice_adjust(out, length);
  return ok();
}

RefTo<Tuple> slice_indices_big(Thread& t, Slice* slice, Value length) {
  auto index = [&](Value v) -> Ref {
    if (!is_indexable(v))
      return raise(t, exc::TypeError, "slice indices must be integers or None or have an __index__ method");
    return to_index(t, v);
  };
  Ref step = Ref::adopt(Value::small_int(1));
  if (!slice->step.peek().is_none()) {
    step = TRY(index(slice->step.peek()));
    if (int_sign(step) == 0) return raise(t, exc::ValueError, "slice step cannot be zero");
  }
  bool backwards = int_sign(step) < 0;
  Ref lower = Ref::adopt(Value::small_int(backwards ? -1 : 0));
  Ref upper = backwards ? int_binary(t, IntOp::kSub, length, Value::small_int(1)) : Ref::copy(length);
  if (upper.failed()) return Raised{};
  auto clamp = [&](Value given, Value fallback) -> Ref {
    if (given.is_none()) return Ref::copy(fallback);
    Ref n = TRY(index(given));
    if (int_sign(n) < 0) {
      n = TRY(int_binary(t, IntOp::kAdd, n, length));
      if (int_compare(n, lower) < 0) return lower.dup();
    } else if (int_compare(n, upper) > 0) {
      return upper.dup();
    }
    return n;
  };
  Ref start = TRY(clamp(slice->start.peek(), backwards ? upper : lower));
  Ref stop = TRY(clamp(slice->stop.peek(), backwards ? lower : upper));
  return tuple_of(t, start.get(), stop.get(), step.get());
}

namespace {

void slice_visit(Object* self, Visitor& visitor) {
  Slice* slice = static_cast<Slice*>(self);
  visitor.field(slice->start);
  visitor.field(slice->stop);
  visitor.field(slice->step);
}

Ref slice_new_slot(Thread& t, Type*, Args args) {
  TRY(check_no_keywords(t, "slice", args));
  TRY(check_arity(t, "slice", args, 1, 3));
  if (args.count == 1) return slice_new(t, None, args[0], None);
  return slice_new(t, args[0], args[1], args.count == 3 ? args[2] : None);
}

Ref slice_repr(Thread& t, Value self) {
  Slice* slice = self.as<Slice>();
  return str_format(t, "slice(%R, %R, %R)", slice->start.peek(), slice->stop.peek(), slice->step.peek());
}

RefTo<Tuple> as_tuple(Thread& t, Slice* slice) {
  return tuple_of(t, slice->start.peek(), slice->stop.peek(), slice->step.peek());
}

Ref slice_compare(Thread& t, Value self, Value other, CompareOp op) {
  if (!is_slice(other)) return Ref::not_implemented();
  if (self.same_word(other)) return Ref::boolean(op == CompareOp::kEq || op == CompareOp::kLe || op == CompareOp::kGe);
  RefTo<Tuple> a = TRY(as_tuple(t, self.as<Slice>()));
  RefTo<Tuple> b = TRY(as_tuple(t, other.as<Slice>()));
  return compare(t, op, a, b);
}

// As the hash of the tuple (start, stop, step), but for the length that is not mixed in.
Result<i64> slice_hash(Thread& t, Value self) {
  Slice* slice = self.as<Slice>();
  constexpr u64 kPrime1 = 11400714785074694791u, kPrime2 = 14029467366897019727u, kPrime5 = 2870177450012600261u;
  u64 acc = kPrime5;
  for (Field* field : {&slice->start, &slice->stop, &slice->step}) {
    u64 lane = u64(TRY(object_hash(t, field->peek())));
    acc += lane * kPrime2;
    acc = std::rotl(acc, 31) * kPrime1;
  }
  if (acc == ~u64(0)) return i64(1546275796);
  return i64(acc);
}

Ref slice_indices(Thread& t, Value self, const Value* a) {
  Ref length = TRY(to_index(t, a[0]));
  if (int_sign(length) < 0) return raise(t, exc::ValueError, "length should not be negative");
  return slice_indices_big(t, self.as<Slice>(), length);
}

Ref slice_reduce(Thread& t, Value self, const Value*) {
  RefTo<Tuple> parts = TRY(as_tuple(t, self.as<Slice>()));
  return tuple_of(t, Value(types::slice), parts.value());
}

const Method kSliceMethods[] = {
    method("indices", slice_indices, "($self, object, /)",
           "S.indices(len) -> (start, stop, stride)\n\nAssuming a sequence of length len, calculate the start and "
           "stop\nindices, and the stride length of the extended slice described by\nS. Out of bounds indices are "
           "clipped in a manner consistent with the\nhandling of normal slices."),
    method("__reduce__", slice_reduce, "($self, /)", "Return state information for pickling."),
    {},
};
const Member kSliceMembers[] = {
    {"start", sizeof(Object)},
    {"stop", sizeof(Object) + sizeof(Field)},
    {"step", sizeof(Object) + 2 * sizeof(Field)},
    {},
};

}  // namespace

extern const TypeSpec spec_slice;
const TypeSpec spec_slice = {
    .name = "slice",
    .doc =
        "slice(stop)\nslice(start, stop[, step])\n\nCreate a slice object.  This is used for extended slicing (e.g. "
        "a[0:10:2]).",
    .layout = {.name = "slice",
               .basic_size = sizeof(Slice),
               .item_size = 0,
               .visit = slice_visit,
               .release = nullptr,
               .native_size = nullptr,
               .finalise = nullptr,
               .dispose = dispose_fields<offsetof(Slice, start), 3>},
    .flags = type_flag::kImmutable,
    .slots = {.repr = slice_repr, .hash = slice_hash, .compare = slice_compare, .new_ = slice_new_slot},
    .methods = kSliceMethods,
    .members = kSliceMembers,
};

}  // namespace typhon
