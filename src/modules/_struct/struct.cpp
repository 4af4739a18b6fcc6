// _struct: Struct objects and the functions over a cache of them.
#include "modules/_struct/format.h"

namespace typhon {
namespace {

using structs::Format;
using structs::g_error;
using structs::Item;

Type* g_struct_type;
Type* g_iterator_type;
GlobalRoot g_cache;  // dict: format -> Struct
constexpr size_t kMaxCache = 100;

struct Struct : Object {
  Field text;
  Format* format;  // atomic; replaced ones stay on its list until the object dies
};
struct UnpackIterator : Object {
  Field owner;   // the Struct
  Field source;  // EMPTY when used up
  i64 offset;    // atomic
};

void visit_struct(Object* self, Visitor& v) { v.field(static_cast<Struct*>(self)->text); }
void release_struct(Thread&, Object* self) {
  for (Format* f = static_cast<Struct*>(self)->format; f != nullptr;) {
    Format* previous = f->previous;
    delete f;
    f = previous;
  }
}
void visit_iterator(Object* self, Visitor& v) { v.fields(&static_cast<UnpackIterator*>(self)->owner, 2); }

Status set_format(Thread& t, Struct* self, Value given) {
  Ref text;
  if (is_str(given)) {
    auto* s = given.as<Str>();
    for (size_t i = 0; !s->is_ascii() && i < s->length(); i++) {
      if (s->at(i) < 128) continue;
      Ref failed = call_method_with(t, given, names::encode, TRY(str_from_ascii(t, "ascii")));  // raises the error that fits
      if (failed.failed()) return Raised{};
    }
    text = str_exact(t, s);
  } else if (is_bytes(given)) {
    auto* b = given.as<Bytes>();
    text = decode_fs(t, reinterpret_cast<const char*>(b->data), b->size);
    if (!text.failed() && !text.as<Str>()->is_ascii()) return set_format(t, self, text);
  } else {
    return raise(t, exc::TypeError, "Struct() argument 1 must be a str or bytes object, not %T", given);
  }
  if (text.failed()) return Raised{};
  Format* format = structs::parse_format(t, text.as<Str>()->ascii());
  if (format == nullptr) return Raised{};
  self->text.store(self, std::move(text));
  format->previous = __atomic_load_n(&self->format, __ATOMIC_ACQUIRE);
  while (!__atomic_compare_exchange_n(&self->format, &format->previous, format, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
  }
  return ok();
}
// Null with an exception pending when __init__ has not run.
const Format* format_of(Thread& t, Value v) {
  Format* format = __atomic_load_n(&v.as<Struct>()->format, __ATOMIC_ACQUIRE);
  if (format == nullptr) (void)raise(t, exc::RuntimeError, "Struct object is not initialized");
  return format;
}

Ref struct_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }
Status struct_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("($self, /, format)");
  Value out[1] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "Struct", args, out, &keep));
  return set_format(t, self.as<Struct>(), out[0]);
}

Ref cached(Thread& t, Value format) {
  auto* cache = g_cache.as<Dict>();
  Ref found = dict_get_py(t, cache, format);
  if (found.failed() || !found.is_empty()) return found;
  Ref made = TRY(allocate_instance(t, g_struct_type));
  TRY(set_format(t, made.as<Struct>(), format));
  if (dict_size(cache) >= kMaxCache) dict_clear(t, cache);
  TRY(dict_set_py(t, cache, format, made));
  return made;
}

// --- packing
Status pack_values(Thread& t, const Format& format, u8* out, const Value* values) {
  memset(out, 0, size_t(format.size));
  for (const Item& item : format.items) {
    u8* to = out + item.offset;
    if (item.code == 's' || item.code == 'p') {
      TRY(structs::pack_item(t, item, to, *values++));
      continue;
    }
    for (i64 i = 0; i < item.count; i++, to += item.size) TRY(structs::pack_item(t, item, to, *values++));
  }
  return ok();
}
Ref pack(Thread& t, Value self, Args args) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  if (i64(args.count) != format->values)
    return raise(t, g_error, "pack expected %zd items for packing (got %zd)", format->values, i64(args.count));
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(format->size)));
  TRY(pack_values(t, *format, out->data, args.values));
  return out;
}
Ref pack_into(Thread& t, Value self, Args args) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  if (args.count == 0) return raise(t, g_error, "pack_into expected buffer argument");
  if (args.count == 1) return raise(t, g_error, "pack_into expected offset argument");
  if (i64(args.count) - 2 != format->values)
    return raise(t, g_error, "pack_into expected %zd items for packing (got %zd)", format->values, i64(args.count) - 2);
  ByteView view(t);
  Status got = view.get(args[0], true);
  if (got.failed()) {
    if (pending_matches(t, exc::TypeError) || pending_matches(t, exc::BufferError)) {
      clear_exception(t);
      return raise(t, exc::TypeError, "argument must be read-write bytes-like object, not %T", args[0]);
    }
    return Raised{};
  }
  i64 offset = TRY(to_i64(t, args[1], "cannot fit 'int' into an index-sized integer"));
  i64 size = i64(view.size());
  if (offset < 0) {
    if (offset + format->size > 0) return raise(t, g_error, "no space to pack %zd bytes at offset %zd", format->size, offset);
    if (offset + size < 0) return raise(t, g_error, "offset %zd out of range for %zd-byte buffer", offset, size);
    offset += size;
  }
  if (size - offset < format->size)
    return raise(t, g_error, "pack_into requires a buffer of at least %zu bytes for packing %zd bytes at offset %zd (actual buffer size is %zd)",
                 u64(format->size) + u64(offset), format->size, offset, size);
  TRY(pack_values(t, *format, view.data() + offset, args.values + 2));
  return Ref::none();
}

// --- unpacking
Ref unpack_values(Thread& t, const Format& format, const u8* in) {
  RefTo<Tuple> result = TRY(tuple_allocate(t, size_t(format.values)));
  u64 n = 0;
  for (const Item& item : format.items) {
    const u8* from = in + item.offset;
    if (item.code == 's' || item.code == 'p') {
      result->items[n++].init(result.get(), TRY(structs::unpack_item(t, item, from)));
      continue;
    }
    for (i64 i = 0; i < item.count; i++, from += item.size)
      result->items[n++].init(result.get(), TRY(structs::unpack_item(t, item, from)));
  }
  return result;
}
Ref unpack(Thread& t, Value self, const Value* a) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  ByteView view(t);
  TRY(view.get(a[0]));
  if (i64(view.size()) != format->size) return raise(t, g_error, "unpack requires a buffer of %zd bytes", format->size);
  return unpack_values(t, *format, view.data());
}
Ref unpack_from(Thread& t, Value self, const Value* a) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  ByteView view(t);
  TRY(view.get(a[0]));
  i64 offset = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "cannot fit 'int' into an index-sized integer"));
  i64 size = i64(view.size());
  if (offset < 0) {
    if (offset + format->size > 0) return raise(t, g_error, "not enough data to unpack %zd bytes at offset %zd", format->size, offset);
    if (offset + size < 0) return raise(t, g_error, "offset %zd out of range for %zd-byte buffer", offset, size);
    offset += size;
  }
  if (size - offset < format->size)
    return raise(t, g_error, "unpack_from requires a buffer of at least %zu bytes for unpacking %zd bytes at offset %zd (actual buffer size is %zd)",
                 u64(format->size) + u64(offset), format->size, offset, size);
  return unpack_values(t, *format, view.data() + offset);
}
Ref iter_unpack(Thread& t, Value self, const Value* a) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  if (format->size == 0) return raise(t, g_error, "cannot iteratively unpack with a struct of length 0");
  ByteView view(t);
  TRY(view.get(a[0]));
  if (i64(view.size()) % format->size != 0)
    return raise(t, g_error, "iterative unpacking requires a buffer of a multiple of %zd bytes", format->size);
  Ref made = TRY(allocate_instance(t, g_iterator_type));
  auto* it = made.as<UnpackIterator>();
  it->owner.init(it, self);
  // A memoryview keeps the exporter from resizing while the iterator lives.
  it->source.init(it, is_bytes(a[0]) ? Ref::copy(a[0]) : TRY(call_with(t, Value(types::memoryview), a[0])));
  return made;
}
Ref iterator_next(Thread& t, Value self) {
  auto* it = self.as<UnpackIterator>();
  Ref source = it->source.load();
  if (source.is_empty()) return Ref();
  const Format* format = format_of(t, it->owner.peek());
  if (format == nullptr) return Raised{};
  ByteView view(t);
  TRY(view.get(source));
  i64 offset = __atomic_fetch_add(&it->offset, format->size, __ATOMIC_RELAXED);
  if (offset + format->size > i64(view.size())) {
    it->source.clear(it);
    return Ref();
  }
  return unpack_values(t, *format, view.data() + offset);
}
Ref iterator_length_hint(Thread& t, Value self, const Value*) {
  auto* it = self.as<UnpackIterator>();
  Ref source = it->source.load();
  if (source.is_empty()) return int_from(t, 0);
  const Format* format = format_of(t, it->owner.peek());
  if (format == nullptr) return Raised{};
  ByteView view(t);
  TRY(view.get(source));
  i64 left = i64(view.size()) - __atomic_load_n(&it->offset, __ATOMIC_RELAXED);
  return int_from(t, left < 0 ? 0 : left / format->size);
}
Ref iter_self(Thread&, Value self) { return Ref::copy(self); }

// --- attributes
Ref struct_size(Thread& t, Value self) {
  Format* format = __atomic_load_n(&self.as<Struct>()->format, __ATOMIC_ACQUIRE);
  return int_from(t, format == nullptr ? -1 : format->size);
}
Ref struct_format(Thread& t, Value self) {
  if (format_of(t, self) == nullptr) return Raised{};
  return self.as<Struct>()->text.load();
}
Ref struct_repr(Thread& t, Value self) {
  if (format_of(t, self) == nullptr) return Raised{};
  Ref text = self.as<Struct>()->text.load();
  return str_format(t, "%U(%R)", type_of(self)->name.as<Str>(), text.get());
}
Ref struct_sizeof(Thread& t, Value self, const Value*) {
  const Format* format = format_of(t, self);
  if (format == nullptr) return Raised{};
  return int_from(t, i64(sizeof(Struct) + sizeof(Format) + format->items.capacity() * sizeof(Item)));
}

const Method kStructMethods[] = {
    method("iter_unpack", iter_unpack, "($self, buffer, /)", "Return an iterator yielding tuples.\n\nTuples are unpacked from the given bytes source, like a repeated\ninvocation of unpack_from().\n\nRequires that the bytes length be a multiple of the struct size."),
    raw_method("pack", pack, nullptr, "S.pack(v1, v2, ...) -> bytes\n\nReturn a bytes object containing values v1, v2, ... packed according\nto the format string S.format.  See help(struct) for more on format\nstrings."),
    raw_method("pack_into", pack_into, nullptr, "S.pack_into(buffer, offset, v1, v2, ...)\n\nPack the values v1, v2, ... according to the format string S.format\nand write the packed bytes into the writable buffer buf starting at\noffset.  Note that the offset is a required argument.  See\nhelp(struct) for more on format strings."),
    method("unpack", unpack, "($self, buffer, /)", "Return a tuple containing unpacked values.\n\nUnpack according to the format string Struct.format. The buffer's size\nin bytes must be Struct.size.\n\nSee help(struct) for more on format strings."),
    method("unpack_from", unpack_from, "($self, /, buffer, offset=0)", "Return a tuple containing unpacked values.\n\nValues are unpacked according to the format string Struct.format.\n\nThe buffer's size in bytes, starting at position offset, must be\nat least Struct.size.\n\nSee help(struct) for more on format strings."),
    method("__sizeof__", struct_sizeof, "($self, /)", "S.__sizeof__() -> size of S in memory, in bytes"),
    {},
};
const GetSet kStructGetSets[] = {{"format", struct_format, nullptr, "struct format string"}, {"size", struct_size, nullptr, "struct size in bytes"}, {}};
const TypeSpec kStructSpec = {
    .name = "_struct.Struct",
    .doc = "Struct(fmt) --> compiled struct object",
    .layout = {"Struct", sizeof(Struct), 0, visit_struct, release_struct, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.repr = struct_repr, .new_ = struct_new, .init = struct_init},
    .methods = kStructMethods,
    .getsets = kStructGetSets,
};
const Method kIteratorMethods[] = {method("__length_hint__", iterator_length_hint, "($self, /)"), {}};
const TypeSpec kIteratorSpec = {
    .name = "_struct.unpack_iterator",
    .layout = {"unpack_iterator", sizeof(UnpackIterator), 0, visit_iterator, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = iterator_next},
    .methods = kIteratorMethods,
};

// --- functions
Ref f_clearcache(Thread& t, Value, const Value*) {
  dict_clear(t, g_cache.as<Dict>());
  return Ref::none();
}
Ref f_calcsize(Thread& t, Value, const Value* a) {
  Ref s = TRY(cached(t, a[0]));
  return struct_size(t, s);
}
Ref f_pack(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "missing format argument");
  Ref s = TRY(cached(t, args[0]));
  return pack(t, s, args.without_first());
}
Ref f_pack_into(Thread& t, Value, Args args) {
  if (args.count == 0) return raise(t, exc::TypeError, "missing format argument");
  Ref s = TRY(cached(t, args[0]));
  return pack_into(t, s, args.without_first());
}
Ref f_unpack(Thread& t, Value, const Value* a) {
  Ref s = TRY(cached(t, a[0]));
  return unpack(t, s, a + 1);
}
Ref f_unpack_from(Thread& t, Value, const Value* a) {
  Ref s = TRY(cached(t, a[0]));
  return unpack_from(t, s, a + 1);
}
Ref f_iter_unpack(Thread& t, Value, const Value* a) {
  Ref s = TRY(cached(t, a[0]));
  return iter_unpack(t, s, a + 1);
}

const Method kFunctions[] = {
    method("_clearcache", f_clearcache, "($module, /)", "Clear the internal cache."),
    method("calcsize", f_calcsize, "($module, format, /)", "Return size in bytes of the struct described by the format string."),
    method("iter_unpack", f_iter_unpack, "($module, format, buffer, /)", "Return an iterator yielding tuples unpacked from the given bytes.\n\nThe bytes are unpacked according to the format string, like\na repeated invocation of unpack_from().\n\nRequires that the bytes length be a multiple of the format struct size."),
    raw_method("pack", f_pack, nullptr, "pack(format, v1, v2, ...) -> bytes\n\nReturn a bytes object containing the values v1, v2, ... packed according\nto the format string.  See help(struct) for more on format strings."),
    raw_method("pack_into", f_pack_into, nullptr, "pack_into(format, buffer, offset, v1, v2, ...)\n\nPack the values v1, v2, ... according to the format string and write\nthe packed bytes into the writable buffer buf starting at offset.  Note\nthat the offset is a required argument.  See help(struct) for more\non format strings."),
    method("unpack", f_unpack, "($module, format, buffer, /)", "Return a tuple containing values unpacked according to the format string.\n\nThe buffer's size in bytes must be calcsize(format).\n\nSee help(struct) for more on format strings."),
    method("unpack_from", f_unpack_from, "($module, format, /, buffer, offset=0)", "Return a tuple containing values unpacked according to the format string.\n\nThe buffer's size, minus offset, must be at least calcsize(format).\n\nSee help(struct) for more on format strings."),
    {},
};

Status initialise(Thread& t, Module* module) {
  if (g_cache.get().is_empty()) g_cache.set(t, TRY(dict_new(t)).release_ref());
  TRY(module_add_exception(t, module, "struct.error", exc::Exception, &g_error));
  if (g_iterator_type == nullptr) TRY(make_static_type(t, kIteratorSpec, &g_iterator_type));
  return module_add_type(t, module, kStructSpec, &g_struct_type);
}

}  // namespace

extern const ModuleDef module__struct;
const ModuleDef module__struct = {
    "_struct",
    "Functions to convert between Python values and C structs.\nPython bytes objects are used to hold the data representing the C struct\nand also as format strings (explained below) to describe the layout of data\nin the C struct.\n\nThe optional first format char indicates byte order, size and alignment:\n  @: native order, size & alignment (default)\n  =: native order, std. size & alignment\n  <: little-endian, std. size & alignment\n  >: big-endian, std. size & alignment\n  !: same as >\n\nThe remaining chars indicate types of args and must match exactly;\nthese can be preceded by a decimal repeat count:\n  x: pad byte (no data); c:char; b:signed byte; B:unsigned byte;\n  ?: _Bool; h:short; H:unsigned short; i:int; I:unsigned int;\n  l:long; L:unsigned long; f:float; d:double; e:half-float.\nSpecial cases (preceding decimal count indicates length):\n  s:string (array of char); p: pascal string (with count byte).\nSpecial cases (only available in native format):\n  n:ssize_t; N:size_t;\n  P:an integer type that is wide enough to hold a pointer.\nSpecial case (not in native mode unless 'long long' in platform C):\n  q:long long; Q:unsigned long long\nWhitespace between formats is ignored.\n\nThe variable struct.error is an exception raised on errors.\n",
    kFunctions, initialise};

}  // namespace typhon
