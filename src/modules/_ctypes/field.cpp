// CField: the descriptor of a field of a structure or union.
#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"

namespace typhon::ctypes {
namespace {

CFieldObject* as_field(Value v) { return v.as<CFieldObject>(); }
void visit_field(Object* self, Visitor& visitor) { visitor.fields(&static_cast<CFieldObject*>(self)->name, 2); }

Result<i64> size_argument(Thread& t, Value v) { return to_i64(t, v, "Python int too large to convert to C ssize_t"); }

Status check_bit_field(Thread& t, CFieldObject* f, const Info* info, Value bit_size, Value bit_offset) {
  Value name = f->name.peek();
  i64 bits = TRY(size_argument(t, bit_size));
  if (bit_offset.is_empty() || bit_offset.is_none())
    return raise(t, exc::ValueError, "field %R: bit_offset must be specified if bit_size is", name);
  i64 at = TRY(size_argument(t, bit_offset));
  bool integral = info->kind == Kind::kSimple && strchr("bBhHiIlLqQ?", info->code) != nullptr;
  if (!integral) return raise(t, exc::TypeError, "bit fields not allowed for type %N", f->type.as<Type>());
  i64 most = f->size * 8;
  if (f->size > 100) return raise(t, exc::ValueError, "bit field %R size too large, got %zd", name, f->size);
  if (bits <= 0 || bits > most) return raise(t, exc::ValueError, "bit size of field %R out of range, got %zd", name, bits);
  if (at < 0 || at > most) return raise(t, exc::ValueError, "bit offset of field %R out of range, got %zd", name, at);
  if (at + bits > most)
    return raise(t, exc::ValueError, "bit field %R overflows its type (%zd + %zd > %zd)", name, at, bits, most);
  f->bits = i32(bits);
  f->bit_offset = at;
  return ok();
}

Ref field_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature =
      parse_signature("(name, type, byte_size, byte_offset, index, _internal_use, bit_size=None, bit_offset=None)");
  Value a[8] = {};
  Ref held;
  TRY(bind_arguments(t, signature, "CField", args, a, &held));
  if (!is_str(a[0])) return raise(t, exc::TypeError, "CField() argument 'name' must be str, not %T", a[0]);
  if (!TRY(truth(t, a[5]))) return raise(t, exc::TypeError, "cannot create %T object", Value(cls));
  i64 size = TRY(size_argument(t, a[2])), offset = TRY(size_argument(t, a[3])), index = TRY(size_argument(t, a[4]));
  if (size < 0) return raise(t, exc::ValueError, "byte size of field %R must not be negative, got %zd", a[0], size);
  const Info* info = storage_of(a[1]);
  if (info == nullptr) return raise(t, exc::TypeError, "type of field %R must be a C type", a[0]);
  if (info->size != size)
    return raise(t, exc::ValueError, "byte size of field %R (%zd) does not match type size (%zd)", a[0], size, info->size);
  Ref made = TRY(allocate_instance(t, cls));
  auto* f = as_field(made);
  RefTo<Str> name = TRY(str_intern(t, a[0]));
  f->name.init(f, std::move(name));
  f->type.init(f, a[1]);
  f->index = index;
  f->offset = offset;
  f->size = size;
  if (!a[6].is_empty() && !a[6].is_none())
    TRY(check_bit_field(t, f, info, a[6], a[7]));
  else if (!a[7].is_empty() && !a[7].is_none())
    return raise(t, exc::ValueError, "field %R: bit_offset must be specified if bit_size is", a[0]);
  return made;
}

Ref field_repr(Thread& t, Value self) {
  auto* f = as_field(self);
  if (f->bits != 0)
    return str_format(t, "<ctypes.%T %R type=%N, ofs=%zd, bit_size=%zd, bit_offset=%zd>", self, f->name.peek(), f->type.as<Type>(),
                      f->offset, i64(f->bits), f->bit_offset);
  return str_format(t, "<ctypes.%T %R type=%N, ofs=%zd, size=%zd>", self, f->name.peek(), f->type.as<Type>(), f->offset, f->size);
}

// Where the field lies in an instance; fails when the instance has no such place.
Result<u8*> field_address(Thread& t, CFieldObject* f, Value instance) {
  if (!is_cdata(instance)) return raise(t, exc::TypeError, "not a ctype instance");
  auto* d = as_cdata(instance);
  // Any C object may be asked for any class's field.
  i64 size = size_of(d);
  if (f->offset < 0 || f->offset > size || f->size > size - f->offset)
    return raise(t, exc::ValueError, "field %R lies outside of the memory of this object", f->name.peek());
  return data_of(d) + f->offset;
}

Ref get_bits(Thread& t, CFieldObject* f, const Info* info, const u8* at) {
  u64 word = load_bits(at, u32(f->size), info->swapped) >> f->bit_offset;
  u32 unused = 64 - u32(f->bits);
  if (info->code == '?') return Ref::boolean(word << unused != 0);
  if (is_signed_code(info->code)) return int_from(t, i64(word << unused) >> unused);
  return int_from_u64(t, word << unused >> unused);
}
Status put_bits(Thread& t, CFieldObject* f, const Info* info, u8* at, Value v) {
  u64 bits;
  if (info->code == '?') {
    bits = TRY(truth(t, v));
  } else {
    Ref number = TRY(to_index(t, v));
    bits = int_low_u64(number);
  }
  u64 mask = (f->bits == 64 ? ~u64(0) : (u64(1) << f->bits) - 1) << f->bit_offset;
  u64 word = load_bits(at, u32(f->size), info->swapped);
  store_bits(at, u32(f->size), info->swapped, (word & ~mask) | (bits << f->bit_offset & mask));
  return ok();
}

Ref field_get(Thread& t, Value self, Value instance, Value) {
  if (instance.is_empty() || instance.is_none()) return Ref::copy(self);
  auto* f = as_field(self);
  u8* at = TRY(field_address(t, f, instance));
  Value type = f->type.peek();
  const Info* info = storage_of(type);
  if (f->bits != 0) return get_bits(t, f, info, at);
  if (char code = text_code(type.as<Type>())) return get_text(t, code == 'u', at, f->size);
  return get_part(t, type, instance, f->index, at);
}
Status field_set(Thread& t, Value self, Value instance, Value value) {
  auto* f = as_field(self);
  u8* at = TRY(field_address(t, f, instance));
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete attribute");
  Value type = f->type.peek();
  const Info* info = storage_of(type);
  if (f->bits != 0) return put_bits(t, f, info, at, value);
  if (char code = text_code(type.as<Type>()); code != 0 && !is_cdata(value)) return put_text(t, code == 'u', at, f->size, value, false);
  return set_part(t, type, instance, f->index, at, value);
}

Ref get_name(Thread&, Value v) { return as_field(v)->name.load(); }
Ref get_type(Thread&, Value v) { return as_field(v)->type.load(); }
Ref get_offset(Thread& t, Value v) { return int_from(t, as_field(v)->offset); }
Ref get_byte_size(Thread& t, Value v) { return int_from(t, as_field(v)->size); }
Ref get_size(Thread& t, Value v) {
  auto* f = as_field(v);
  return int_from(t, f->bits != 0 ? i64(f->bits) << 16 | f->bit_offset : f->size);
}
Ref get_bit_size(Thread& t, Value v) {
  auto* f = as_field(v);
  if (f->bits != 0) return int_from(t, f->bits);
  Ref size = TRY(int_from(t, f->size));
  return int_binary(t, IntOp::kMul, size, Value::small_int(8));
}
Ref get_bit_offset(Thread& t, Value v) { return int_from(t, as_field(v)->bits != 0 ? as_field(v)->bit_offset : 0); }
Ref get_is_bitfield(Thread&, Value v) { return Ref::boolean(as_field(v)->bits != 0); }
Ref get_is_anonymous(Thread&, Value v) { return Ref::boolean(as_field(v)->anonymous); }
Status read_only(Thread& t, const char* name) {
  return raise(t, exc::AttributeError, "attribute '%s' of 'ctypes.CField' objects is not writable", name);
}

const GetSet kGetSets[] = {
    {"name", get_name, nullptr, "name of this field"},
    {"type", get_type, nullptr, "type of this field"},
    {"offset", get_offset, nullptr, "offset in bytes of this field (same as byte_offset)"},
    {"size", get_size, [](Thread& t, Value, Value) { return read_only(t, "size"); },
     "size in bytes of this field. For bitfields, this is a legacy packed value; use byte_size instead"},
    {"byte_offset", get_offset, nullptr, "offset in bytes of this field. For bitfields: excludes bit_offset."},
    {"byte_size", get_byte_size, nullptr, "size of this field in bytes"},
    {"bit_offset", get_bit_offset, nullptr, "additional offset in bits (relative to byte_offset); zero for non-bitfields"},
    {"bit_size", get_bit_size, nullptr, "size of this field in bits"},
    {"is_bitfield", get_is_bitfield, nullptr, "true if this is a bitfield"},
    {"is_anonymous", get_is_anonymous, nullptr, "true if this field is anonymous"},
    {},
};
const TypeSpec kSpec = {
    .name = "ctypes.CField",
    .doc = "Structure/Union member",
    .layout = {"CField", sizeof(CFieldObject), 0, visit_field, nullptr, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.repr = field_repr, .descriptor_get = field_get, .descriptor_set = field_set, .new_ = field_new},
    .getsets = kGetSets,
};

}  // namespace

RefTo<CFieldObject> field_moved(Thread& t, CFieldObject* f, i64 index, i64 offset) {
  Ref made = TRY(allocate_instance(t, g_field_type));
  auto* copy = as_field(made);
  copy->name.init(copy, f->name.peek());
  copy->type.init(copy, f->type.peek());
  copy->index = f->index + index;
  copy->offset = f->offset + offset;
  copy->size = f->size;
  copy->bit_offset = f->bit_offset;
  copy->bits = f->bits;
  return RefTo<CFieldObject>::from(std::move(made));
}

Status initialise_fields(Thread& t, Module* module) { return module_add_type(t, module, kSpec, &g_field_type); }

}  // namespace typhon::ctypes
