// CData: a piece of C memory; what all C types share.
#include <cstdlib>

#include "modules/_ctypes/ctypes.h"
#include "objects/metatype.h"
#include "objects/protocol/services.h"

namespace typhon::ctypes {

void visit_data(Object* self, Visitor& visitor) { visitor.fields(&static_cast<CData*>(self)->base, 3); }
void release_data(Thread&, Object* self) {
  for (Block* block = static_cast<CData*>(self)->block; block != nullptr;) {
    Block* previous = block->previous;
    std::free(block);
    block = previous;
  }
}

void* pointer_in(const CData* d) {
  void* address = nullptr;
  if (size_of(d) >= i64(sizeof address)) copy_shared_bytes(&address, data_of(d), sizeof address);
  return address;
}
void set_pointer(CData* d, const void* address) {
  if (size_of(d) >= i64(sizeof address)) copy_shared_bytes(data_of(d), &address, sizeof address);
}

Result<const Info*> live_info(Thread& t, const CData* d) {
  const Info* info = info_of_data(d);
  if (info == nullptr) return raise(t, exc::TypeError, "abstract class");
  // Another class may have been assigned to it.
  if (size_of(d) < info->size) return raise(t, exc::ValueError, "the memory of this object is too small for its type");
  return info;
}

// --- making
namespace {

Block* allocate_block(Thread& t, i64 size) {
  auto* block = static_cast<Block*>(std::calloc(1, offsetof(Block, data) + size_t(size)));
  if (block == nullptr) {
    (void)raise_no_memory(t);
    return nullptr;
  }
  block->capacity = size;
  return block;
}

Ref allocate_data(Thread& t, Type* cls, const Info** info) {
  *info = info_of(cls);
  if (*info == nullptr) return raise(t, exc::TypeError, "abstract class");
  finish_type(cls);
  Ref made = TRY(allocate_instance(t, cls));
  as_cdata(made)->length = (*info)->length;
  return made;
}

}  // namespace

Ref data_new(Thread& t, Type* cls, Args) {
  const Info* info;
  Ref made = TRY(allocate_data(t, cls, &info));
  auto* self = as_cdata(made);
  if (info->size <= i64(sizeof self->here) && info->align <= 8) {
    self->data = reinterpret_cast<u8*>(self->here);
  } else {
    self->block = allocate_block(t, info->size);
    if (self->block == nullptr) return Raised{};
    self->data = self->block->data;
  }
  self->size = info->size;
  return made;
}

RefTo<CData> data_at(Thread& t, Type* cls, u8* address) {
  const Info* info;
  Ref made = TRY(allocate_data(t, cls, &info));
  as_cdata(made)->data = address;
  as_cdata(made)->size = info->size;
  return RefTo<CData>::from(std::move(made));
}

RefTo<CData> data_within(Thread& t, Type* cls, Value base, i64 index, u8* address) {
  RefTo<CData> made = TRY(data_at(t, cls, address));
  made->base.store(made.get(), base);
  made->index = index;
  return made;
}

// --- what the memory refers to
namespace {

// The instance that owns the memory; kept alive by `target`.
CData* container_of(CData* target) {
  while (auto* base = target->base.as<CData>()) target = base;
  return target;
}
// The path of an item from the container, in the form that _objects shows.
Result<Value> path_key(Thread& t, CData* target, i64 index, Ref* keep_key) {
  char text[256];
  int used = snprintf(text, sizeof text, "%x", unsigned(index));
  for (CData* d = target; d->base.as<CData>() != nullptr; d = d->base.as<CData>()) {
    if (used > 230) return raise(t, exc::ValueError, "ctypes object structure too deep");
    used += snprintf(text + used, sizeof text - size_t(used), ":%x", unsigned(d->index));
  }
  *keep_key = TRY(str_from_ascii(t, {text, size_t(used)}));
  return keep_key->get();
}

Status make_objects(Thread& t, CData* container) {
  if (container->objects.is_empty() && container->length != 0) {
    RefTo<Dict> made = TRY(dict_new(t));
    container->objects.init_once(container, made.value());
  }
  return ok();
}

}  // namespace

Ref kept_objects(Thread& t, CData* target) {
  CData* container = container_of(target);
  TRY(make_objects(t, container));
  Ref objects = container->objects.load();
  return objects.is_empty() ? Ref::none() : std::move(objects);
}

Status set_kept_objects(Thread&, CData* target, Value objects) {
  target->objects.store(target, objects);
  return ok();
}

Status keep(Thread& t, CData* target, i64 index, Ref&& object) {
  if (object.get().is_none()) return ok();
  CData* container = container_of(target);
  TRY(make_objects(t, container));
  Ref objects = container->objects.load();
  if (objects.is_empty() || !is_exact_dict(objects)) {
    container->objects.store(container, std::move(object));
    return ok();
  }
  Ref held;
  Value key = TRY(path_key(t, target, index, &held));
  return dict_set_str(t, objects.as<Dict>(), key.as<Str>(), object);
}

// --- parts
Ref get_part(Thread& t, Value cls, Value whole, i64 index, u8* address) {
  const Info* info = storage_of(cls);
  if (info != nullptr && info->kind == Kind::kSimple && info->plain_simple) return get_simple(t, info->code, info->swapped, address);
  return TRY(data_within(t, cls.as<Type>(), whole, index, address));
}

namespace {

Raised raise_incompatible(Thread& t, Value value, Value cls) {
  return raise(t, exc::TypeError, "incompatible types, %T instance instead of %N instance", value, cls.as<Type>());
}

// What is to be kept for the copied value.
Ref copy_part(Thread& t, Value cls, const Info* info, u8* address, Value value) {
  auto* source = as_cdata(value);
  if (is_instance_of(value, cls.as<Type>())) {
    if (size_of(source) < info->size) return raise(t, exc::ValueError, "the memory of this object is too small for its type");
    copy_shared_bytes(address, data_of(source), size_t(info->size));
    return kept_objects(t, source);
  }
  const Info* from = info_of_data(source);
  if (info->kind == Kind::kPointer && from != nullptr && from->kind == Kind::kArray) {
    auto* array = static_cast<CType*>(type_of(value));
    if (!array->element.peek().same_word(as_ctype(cls)->element.peek())) return raise_incompatible(t, value, cls);
    u8* data = data_of(source);
    copy_shared_bytes(address, &data, sizeof data);
    Ref kept = TRY(kept_objects(t, source));
    return tuple_of(t, kept, value);
  }
  return raise_incompatible(t, value, cls);
}

Ref assign_part(Thread& t, Value cls, u8* address, Value value) {
  const Info* info = storage_of(cls);
  if (info == nullptr) return raise(t, exc::TypeError, "abstract class");
  if (is_cdata(value)) return copy_part(t, cls, info, address, value);
  if (info->kind == Kind::kSimple) return put_simple(t, info->code, info->swapped, address, value);
  if (is_tuple(value)) {
    TRY(enter_native(t));
    Ref made = call_tuple_dict(t, cls, value, EMPTY);
    if (made.failed()) {
      // The error, with the name of the type before it.
      Ref error = take_exception(t);
      RefTo<Str> text = TRY(object_str(t, error));
      return raise(t, exc::RuntimeError, "(%N) %N: %U", cls.as<Type>(), type_of(error), text.get());
    }
    return assign_part(t, cls, address, made);
  }
  if (info->kind == Kind::kPointer && value.is_none()) {
    std::memset(address, 0, sizeof(void*));
    return Ref::none();
  }
  return raise(t, exc::TypeError, "expected %N instance, got %T", cls.as<Type>(), value);
}

}  // namespace

Status set_part(Thread& t, Value cls, Value whole, i64 index, u8* address, Value value) {
  Ref kept = TRY(assign_part(t, cls, address, value));
  return keep(t, as_cdata(whole), index, std::move(kept));
}

// --- buffers
namespace {

Status data_get_buffer(Thread& t, Value self, Buffer* buffer, int) {
  auto* d = as_cdata(self);
  const Info* info = info_of_data(d);
  i64 size = size_of(d);
  i32 dimensions = info != nullptr ? info->dimensions : 0;
  const char* format = info != nullptr && info->format != nullptr ? info->format : "B";
  // Own copies: the object may get another class while the view is there.
  size_t words = size_t(dimensions) * 2 * sizeof(i64), text = strlen(format) + 1;
  auto* memory = static_cast<u8*>(std::malloc(words + text));
  if (memory == nullptr) return raise_no_memory(t);
  auto* shape = reinterpret_cast<i64*>(memory);
  i64 item = info != nullptr ? info->size : size;
  for (i32 i = 0; i < dimensions; i++) {
    shape[i] = info->shape[i];
    item = shape[i] != 0 ? item / shape[i] : 0;
  }
  if (dimensions > 0 && item == 0) {
    Ref inner = Ref::copy(Value(type_of(self)));
    while (const Info* array = storage_of_kind(inner, Kind::kArray)) {
      inner = as_ctype(inner)->element.load();
      if (const Info* next = storage_of(inner)) item = next->size;
      (void)array;
    }
  }
  i64 step = item;
  for (i32 i = dimensions; i-- > 0;) {
    shape[dimensions + i] = step;
    step *= shape[i];
  }
  std::memcpy(memory + words, format, text);
  buffer->data = data_of(d);
  buffer->length = size;
  buffer->item_size = item;
  buffer->readonly = false;
  buffer->dimensions = dimensions;
  buffer->format = reinterpret_cast<char*>(memory + words);
  buffer->shape = dimensions > 0 ? shape : nullptr;
  buffer->strides = dimensions > 0 ? shape + dimensions : nullptr;
  buffer->suboffsets = nullptr;
  buffer->internal = memory;
  return ok();
}
void data_release_buffer(Thread&, Value, Buffer* buffer) {
  std::free(buffer->internal);
  buffer->internal = nullptr;
}

// --- pickling
Ref m_reduce(Thread& t, Value self, const Value*) {
  auto* d = as_cdata(self);
  const Info* info = TRY(live_info(t, d));
  if (info->flags & kHasPointer) return raise(t, exc::ValueError, "ctypes objects containing pointers cannot be pickled");
  Ref dict = TRY(get_attribute(t, self, names::__dict__));
  if (!is_dict(dict)) return raise(t, exc::TypeError, "%T.__dict__ must be a dictionary, not %T", self, dict.get());
  i64 size = size_of(d);
  Ref bytes = TRY(bytes_from(t, data_of(d), size_t(size)));
  Ref module = TRY(import_module(t, "_ctypes"));
  Ref function = TRY(get_attribute_utf8(t, module, "_unpickle"));
  Ref state = TRY(tuple_of(t, dict, bytes));
  Ref arguments = TRY(tuple_of(t, Value(type_of(self)), state));
  return tuple_of(t, function, arguments);
}
Ref m_setstate(Thread& t, Value self, const Value* a) {
  if (!is_tuple(a[0]) || a[0].as<Tuple>()->size != 2) return raise(t, exc::TypeError, "argument 1 must be a 2-item tuple");
  Ref dict = a[0].as<Tuple>()->items[0].load(), bytes = a[0].as<Tuple>()->items[1].load();
  if (!is_dict(dict)) return raise(t, exc::TypeError, "argument 1, item 0 must be dict, not %T", dict.get());
  ByteView view(t);
  TRY(view.get(bytes));
  auto* d = as_cdata(self);
  i64 n = std::min(i64(view.size()), size_of(d));
  copy_shared_bytes(data_of(d), view.data(), size_t(n));
  Ref own = TRY(get_attribute(t, self, names::__dict__));
  if (!is_dict(own)) return raise(t, exc::TypeError, "%T.__dict__ must be a dictionary, not %T", self, own.get());
  TRY(dict_update_py(t, own.as<Dict>(), dict));
  return Ref::none();
}
Ref m_from_outparam(Thread&, Value self, const Value*) { return Ref::copy(self); }

Ref get_base(Thread&, Value self) {
  Ref base = as_cdata(self)->base.load();
  return base.is_empty() ? Ref::none() : std::move(base);
}
Ref get_objects(Thread&, Value self) {
  Ref objects = as_cdata(self)->objects.load();
  return objects.is_empty() ? Ref::none() : std::move(objects);
}
Ref get_needs_free(Thread&, Value self) {
  auto* d = as_cdata(self);
  bool own = d->block != nullptr || data_of(d) == reinterpret_cast<u8*>(d->here);
  return Ref::adopt(Value::small_int(own));
}

const Method kMethods[] = {
    method("__ctypes_from_outparam__", m_from_outparam, "($self, /)"),
    method("__reduce__", m_reduce, "($self, /)"),
    method("__setstate__", m_setstate, "($self, state, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"_b_base_", get_base, nullptr, "the base object"},
    {"_b_needsfree_", get_needs_free, nullptr, "whether the object owns the memory or not"},
    {"_objects", get_objects, nullptr, "internal objects tree (NEVER CHANGE THIS OBJECT!)"},
    {},
};

}  // namespace

Result<i64> data_hash(Thread& t, Value) { return raise(t, exc::TypeError, "unhashable type"); }

extern const TypeSpec kDataSpec = {
    .name = "_ctypes._CData",
    .doc = "Base class of everything that holds C data.",
    .layout = {"_CData", sizeof(CData), 0, visit_data, release_data, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kDisallowInstantiation,
    .slots = {.hash = data_hash, .get_buffer = data_get_buffer, .release_buffer = data_release_buffer},
    .methods = kMethods,
    .getsets = kGetSets,
};

// --- functions on data of any type
namespace {

Ref f_sizeof(Thread& t, Value, const Value* a) {
  if (const Info* info = storage_of(a[0])) return int_from(t, info->size);
  if (is_cdata(a[0])) return int_from(t, size_of(as_cdata(a[0])));
  return raise(t, exc::TypeError, "this type has no size");
}
Ref f_alignment(Thread& t, Value, const Value* a) {
  const Info* info = is_cdata(a[0]) ? info_of_data(as_cdata(a[0])) : storage_of(a[0]);
  if (info == nullptr) return raise(t, exc::TypeError, "no alignment info");
  return int_from(t, info->align);
}
Ref f_addressof(Thread& t, Value, const Value* a) {
  if (!is_cdata(a[0])) return raise(t, exc::TypeError, "addressof() argument must be _ctypes._CData, not %T", a[0]);
  TRY(audit(t, "ctypes.addressof", a[0]));
  return int_from_u64(t, u64(data_of(as_cdata(a[0]))));
}
Ref f_byref(Thread& t, Value, const Value* a) {
  i64 offset = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  if (!is_cdata(a[0])) return raise(t, exc::TypeError, "byref() argument 1 must be _ctypes._CData, not %T", a[0]);
  u64 address = u64(data_of(as_cdata(a[0]))) + u64(offset);
  return TRY(argument_new(t, 'P', &ffi_type_pointer, &address, sizeof address, a[0]));
}

// Returns what is wrong, or null. The caller has made a block for the case that one is needed.
const char* resize_locked(Thread& t, CData* d, i64 size, Block** fresh) {
  ObjectLock lock(t, d);
  bool inline_memory = d->block == nullptr && data_of(d) == reinterpret_cast<u8*>(d->here);
  if (!inline_memory && d->block == nullptr) return "Memory cannot be resized because this object doesn't own it";
  i64 capacity = inline_memory ? i64(sizeof d->here) : d->block->capacity;
  if (size > capacity) {
    Block* block = *fresh;
    *fresh = nullptr;
    std::memcpy(block->data, data_of(d), size_t(size_of(d)));
    // The old memory stays as long as the object: parts of it and views may be around.
    block->previous = d->block;
    d->block = block;
    __atomic_store_n(&d->data, block->data, __ATOMIC_RELEASE);
  }
  __atomic_store_n(&d->size, size, __ATOMIC_RELEASE);
  return nullptr;
}
Ref f_resize(Thread& t, Value, const Value* a) {
  if (!is_cdata(a[0])) return raise(t, exc::TypeError, "resize() argument 1 must be _ctypes._CData, not %T", a[0]);
  i64 size = TRY(to_i64(t, a[1], "Python int too large to convert to C ssize_t"));
  auto* d = as_cdata(a[0]);
  const Info* info = info_of_data(d);
  if (info == nullptr) return raise(t, exc::TypeError, "expected ctypes instance");
  if (size < info->size) return raise(t, exc::ValueError, "minimum size is %zd", info->size);
  if (size > (i64(1) << 47)) return raise_no_memory(t);
  // Some room to grow, so that many small steps do not pile up old blocks.
  i64 most = size_of(d);
  Block* fresh = allocate_block(t, size > most ? std::max(size, most + most / 2) : size);
  if (fresh == nullptr) return Raised{};
  const char* problem = resize_locked(t, d, size, &fresh);
  std::free(fresh);
  if (problem != nullptr) return raise(t, exc::ValueError, "%s", problem);
  return Ref::none();
}
Ref f_unpickle(Thread& t, Value, const Value* a) {
  if (!is_type(a[0])) return raise(t, exc::TypeError, "_unpickle() argument 1 must be a type, not %T", a[0]);
  if (!is_tuple(a[1])) return raise(t, exc::TypeError, "_unpickle() argument 2 must be tuple, not %T", a[1]);
  Ref made = TRY(call_method_with(t, a[0], names::__new__, a[0]));
  Ref done = TRY(call_method_with(t, made, names::__setstate__, a[1]));
  return made;
}
Ref f_buffer_info(Thread& t, Value, const Value* a) {
  const Info* info = is_cdata(a[0]) ? info_of_data(as_cdata(a[0])) : storage_of(a[0]);
  if (info == nullptr) return raise(t, exc::TypeError, "not a ctypes type or object");
  RootedVector shape(t);
  for (i32 i = 0; i < info->dimensions; i++) shape.push(TRY(int_from(t, info->shape[i])));
  Ref sizes = TRY(tuple_from(t, shape.data(), shape.size()));
  Ref format = TRY(str_from_utf8(t, info->format != nullptr ? info->format : "B"));
  return tuple_of(t, format, Value::small_int(info->dimensions), sizes);
}

}  // namespace

extern const Method kDataFunctions[] = {
    method("sizeof", f_sizeof, "(obj, /)", "Return the size in bytes of a C instance."),
    method("alignment", f_alignment, "(object, /)", "alignment(C type) -> integer\nalignment(C instance) -> integer\n\nReturn the alignment requirements of a C instance."),
    method("addressof", f_addressof, "(obj, /)", "Return the address of the C instance internal buffer"),
    method("byref", f_byref, "(obj, offset=0, /)", "Return a pointer lookalike to a C instance, only usable as function argument."),
    method("resize", f_resize, "(obj, size, /)"),
    method("_unpickle", f_unpickle, "(type, state, /)"),
    method("buffer_info", f_buffer_info, "(object, /)", "Return buffer interface information"),
    {},
};

Status initialise_data(Thread& t, Module*) {
  if (g_data == nullptr) TRY(make_static_type_of(t, g_meta, kDataSpec, &g_data));
  return ok();
}

}  // namespace typhon::ctypes
