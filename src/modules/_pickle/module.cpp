// _pickle: the classes Pickler, Unpickler, PickleBuffer and the memo proxies, and the module's functions.
#include "modules/_pickle/pickler.h"
#include "modules/_pickle/unpickler.h"

namespace typhon {
namespace pickle {

Type *g_pickle_error, *g_pickling_error, *g_unpickling_error;
Type *g_pickler_type, *g_unpickler_type, *g_pickler_memo_proxy_type, *g_unpickler_memo_proxy_type, *g_pickle_buffer_type;

Ref module_attribute(Thread& t, const char* module, const char* name) {
  Ref owner = TRY(import_module(t, module));
  return get_attribute_utf8(t, owner, name);
}
Ref call_named(Thread& t, Value v, const char* name) {
  Ref method = TRY(get_attribute_utf8(t, v, name));
  return call(t, method);
}
Raised with_context(Thread& t, Ref&& cause) {
  Ref error = take_exception(t);
  error.as<BaseException>()->context.store(error.object(), std::move(cause));
  restore_exception(t, std::move(error));
  return Raised{};
}
RefTo<Str> interned(Thread& t, const char* text) {
  RefTo<Str> s = TRY(str_from_ascii(t, text));
  return str_intern(t, s);
}

namespace {

void visit_pickler(Object* self, Visitor& v) { v.fields(&static_cast<Pickler*>(self)->write, 5); }
void visit_unpickler(Object* self, Visitor& v) { v.fields(&static_cast<Unpickler*>(self)->read, 9); }
void visit_buffer(Object* self, Visitor& v) { v.fields(&static_cast<PickleBuffer*>(self)->view, 2); }
struct MemoProxy : Object {
  Field owner;
};
void visit_proxy(Object* self, Visitor& v) { v.field(static_cast<MemoProxy*>(self)->owner); }

Result<int> protocol_of(Thread& t, Value v) {
  if (v.is_empty() || v.is_none()) return kDefaultProtocol;
  i64 n = TRY(to_i64(t, v));
  if (n < 0) return kHighestProtocol;
  if (n > kHighestProtocol) return raise(t, exc::ValueError, "pickle protocol must be <= %d", kHighestProtocol);
  return int(n);
}
Status check_callback(Thread& t, Value callback, int protocol) {
  if (!callback.is_empty() && !callback.is_none() && protocol < 5) return raise(t, exc::ValueError, "buffer_callback needs protocol >= 5");
  return ok();
}
Ref file_write(Thread& t, Value file) {
  Ref write = TRY(get_attribute_or_empty(t, file, names::write));
  if (write.is_empty()) return raise(t, exc::TypeError, "file must have a 'write' attribute");
  return write;
}

// --- Pickler
Status pickler_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(file, protocol=None, fix_imports=True, buffer_callback=None)");
  Value a[4];
  Ref unused;
  TRY(bind_arguments(t, signature, "Pickler", args, a, &unused));
  auto* p = self.as<Pickler>();
  InUse in_use(&p->busy);
  if (in_use.failed()) return raise(t, exc::RuntimeError, "Pickler object is already used");
  int protocol = TRY(protocol_of(t, a[1]));
  TRY(check_callback(t, a[3], protocol));
  bool fix_imports = a[2].is_empty() || TRY(truth(t, a[2]));
  Ref write = TRY(file_write(t, a[0]));
  p->protocol = protocol;
  p->fix_imports = fix_imports && protocol < 3;
  p->fast = false;
  p->buffer_callback.store(p, a[3].is_empty() ? None : a[3]);
  p->memo.clear(p);
  p->write.store(p, std::move(write));
  return ok();
}
Ref pickler_dump(Thread& t, Value self, const Value* a) {
  auto* p = self.as<Pickler>();
  Ref keep = Ref::copy(self), write = p->write.load();
  if (write.is_empty()) return raise(t, g_pickling_error, "Pickler.__init__() was not called by %T.__init__()", self);
  InUse in_use(&p->busy);
  if (in_use.failed()) return raise(t, exc::RuntimeError, "Pickler object is already used");
  Saver saver(t, p->protocol, p->fix_imports, p->fast);
  // The dump has the memo to itself.
  saver.memo = p->memo.take(p);
  if (saver.memo.is_empty()) saver.memo = TRY(memo_new(t));
  saver.buffer_callback = p->buffer_callback.load();
  saver.out.write = write;
  Status done = saver.run(self, a[0]);
  p->memo.store(p, std::move(saver.memo));
  TRY(done);
  return Ref::none();
}
Ref pickler_clear_memo(Thread&, Value self, const Value*) {
  auto* p = self.as<Pickler>();
  p->memo.clear(p);
  return Ref::none();
}
Ref pickler_persistent_id(Thread&, Value, const Value*) { return Ref::none(); }
Ref pickler_sizeof(Thread& t, Value, const Value*) { return int_from(t, sizeof(Pickler)); }
Ref get_bin(Thread& t, Value self) { return int_from(t, self.as<Pickler>()->protocol >= 1); }
Status set_bin(Thread& t, Value self, Value v) {
  // An old switch between protocol 0 and the others.
  if (v.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  bool bin = TRY(to_i64(t, v)) != 0;
  auto* p = self.as<Pickler>();
  if (bin != (p->protocol >= 1)) p->protocol = bin ? 1 : 0;
  return ok();
}
Ref get_fast(Thread& t, Value self) { return int_from(t, self.as<Pickler>()->fast); }
Status set_fast(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  self.as<Pickler>()->fast = TRY(to_i64(t, v)) != 0;
  return ok();
}
Ref new_proxy(Thread& t, Type* type, Value owner) {
  Ref made = Ref::adopt(Value(allocate_native<MemoProxy>(t, type)));
  made.as<MemoProxy>()->owner.init(made.object(), owner);
  return made;
}
Ref pickler_memo(Thread& t, Value self) { return new_proxy(t, g_pickler_memo_proxy_type, self); }
// (number, object) by id. The memo is taken out meanwhile, so that no dump changes it.
Ref memo_as_dict(Thread& t, Memo* memo) {
  RefTo<Dict> copy = TRY(dict_new(t));
  auto* objects = memo->objects.as<List>();
  for (size_t i = 0; i < list_size(objects); i++) {
    Ref object = list_get(t, objects, i);
    Ref key = TRY(int_from_u64(t, object_id(t, object))), number = TRY(int_from(t, memo->find(object)));
    RefTo<Tuple> pair = TRY(tuple_of(t, number, object));
    TRY(dict_set_py(t, copy.get(), key, pair));
  }
  return copy;
}
Ref pickler_memo_copy(Thread& t, Value self, const Value*) {
  Ref owner = self.as<MemoProxy>()->owner.load();
  auto* p = owner.as<Pickler>();
  Ref memo = p->memo.take(p);
  if (memo.is_empty()) return dict_new(t);
  Ref copy = memo_as_dict(t, memo.as<Memo>());
  p->memo.store(p, std::move(memo));
  return copy;
}
Ref pickler_memo_clear(Thread& t, Value self, const Value*) { return pickler_clear_memo(t, self.as<MemoProxy>()->owner.peek(), nullptr); }
Ref reduce_copy(Thread& t, Ref&& copy) {
  RefTo<Tuple> args = TRY(tuple_of(t, copy));
  return tuple_of(t, Value(types::dict), args);
}
Ref pickler_memo_reduce(Thread& t, Value self, const Value*) { return reduce_copy(t, TRY(pickler_memo_copy(t, self, nullptr))); }
Status set_pickler_memo(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "attribute deletion is not supported");
  Ref source = Ref::copy(v);
  if (type_of(v) == g_pickler_memo_proxy_type)
    source = TRY(pickler_memo_copy(t, v, nullptr));
  else if (!is_dict(v))
    return raise(t, exc::TypeError, "'memo' attribute must be a PicklerMemoProxy object or dict, not %T", v);
  RefTo<Memo> memo = TRY(memo_new(t));
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, source.as<Dict>(), &position, &key, &value)) {
    if (!is_tuple(value) || value.as<Tuple>()->size != 2) return raise(t, exc::TypeError, "'memo' values must be 2-item tuples");
    i64 index = TRY(to_i64(t, value.as<Tuple>()->items[0].peek()));
    Value object = value.as<Tuple>()->items[1].peek();
    if (memo->find(object) < 0) TRY(memo_add(t, memo.get(), object, u64(index)));
  }
  auto* p = self.as<Pickler>();
  p->memo.store(p, std::move(memo));
  return ok();
}
Ref pickler_new(Thread& t, Type* cls, Args) {
  Ref made = TRY(allocate_instance(t, cls));
  made.as<Pickler>()->protocol = kDefaultProtocol;
  return made;
}

// persistent_id and persistent_load are methods that may be replaced on an instance, also of the class itself, whose instances have no
// other attributes.
template <class T, Field T::* field, const char* const& name>
Ref get_hooked(Thread& t, Value self, Str* attribute) {
  if (attribute->equals_ascii(name)) {
    Ref own = (self.as<T>()->*field).load();
    if (!own.is_empty()) return own;
  }
  return generic_get_attribute(t, self, attribute);
}
template <class T, Field T::* field, const char* const& name>
Status set_hooked(Thread& t, Value self, Str* attribute, Value v) {
  if (!attribute->equals_ascii(name)) return generic_set_attribute(t, self, attribute, v);
  auto* owner = self.as<T>();
  if (!v.is_empty())
    (owner->*field).store(owner, v);
  else if ((owner->*field).is_empty())
    return raise_attribute_error(t, self, attribute);
  else
    (owner->*field).clear(owner);
  return ok();
}
constexpr const char *kPersistentId = "persistent_id", *kPersistentLoad = "persistent_load";

const Method kPicklerMethods[] = {
    method("dump", pickler_dump, "($self, obj, /)", "Write a pickled representation of the given object to the open file."),
    method("clear_memo", pickler_clear_memo, "($self, /)", "Clears the pickler's \"memo\"."),
    method("persistent_id", pickler_persistent_id, "($self, obj, /)"),
    method("__sizeof__", pickler_sizeof, "($self, /)", "Returns size in memory, in bytes."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
const GetSet kPicklerGetSets[] = {{"memo", pickler_memo, set_pickler_memo}, {"bin", get_bin, set_bin}, {"fast", get_fast, set_fast}, {}};
const Member kPicklerMembers[] = {{"dispatch_table", offsetof(Pickler, dispatch_table), true, false}, {}};
const Method kPicklerMemoMethods[] = {
    method("clear", pickler_memo_clear, "($self, /)", "Remove all items from memo."),
    method("copy", pickler_memo_copy, "($self, /)", "Copy the memo to a new object."),
    method("__reduce__", pickler_memo_reduce, "($self, /)", "Implement pickle support."),
    {},
};

// --- Unpickler
Status unpickler_init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())");
  Value a[5];
  Ref unused;
  TRY(bind_arguments(t, signature, "Unpickler", args, a, &unused));
  auto* u = self.as<Unpickler>();
  InUse in_use(&u->busy);
  if (in_use.failed()) return raise(t, exc::RuntimeError, "Unpickler object is already used");
  u->fix_imports = a[1].is_empty() || TRY(truth(t, a[1]));
  for (int i = 2; i < 4; i++)
    if (!a[i].is_empty() && !is_str(a[i]))
      return raise(t, exc::TypeError, "Unpickler() argument '%s' must be str, not %T", i == 2 ? "encoding" : "errors", a[i]);
  auto method = [&](const char* name) -> Ref { return get_attribute_or_empty(t, a[0], TRY(interned(t, name)).get()); };
  Ref read = TRY(method("read")), readline = TRY(method("readline"));
  if (read.is_empty() || readline.is_empty()) return raise(t, exc::TypeError, "file must have 'read' and 'readline' attributes");
  auto set = [&](Field& field, Ref&& v) {
    if (v.is_empty())
      field.clear(u);
    else
      field.store(u, std::move(v));
  };
  set(u->readinto, TRY(method("readinto")));
  set(u->peek, TRY(method("peek")));
  u->readline.store(u, std::move(readline));
  set(u->encoding, Ref::copy(a[2]));
  set(u->errors, Ref::copy(a[3]));
  u->buffers.store(u, a[4].is_empty() || a[4].is_none() ? Ref::none() : TRY(get_iter(t, a[4])));
  u->memo.clear(u);
  u->protocol = 0;
  u->read.store(u, std::move(read));
  return ok();
}
Ref unpickler_load(Thread& t, Value self, const Value*) {
  auto* u = self.as<Unpickler>();
  Ref keep = Ref::copy(self);
  if (u->read.is_empty()) return raise(t, g_unpickling_error, "Unpickler.__init__() was not called by %T.__init__()", self);
  InUse in_use(&u->busy);
  if (in_use.failed()) return raise(t, exc::RuntimeError, "Unpickler object is already used");
  Input input(t);
  input.set_file(u);
  Loader loader(t, input, self);
  Ref encoding = u->encoding.load(), errors = u->errors.load(), memo = u->memo.load();
  loader.encoding = encoding;
  loader.errors = errors;
  loader.buffers = u->buffers.load();
  loader.fix_imports = u->fix_imports;
  TRY(loader.read_memo(memo));
  Ref result = TRY(loader.run());
  __atomic_store_n(&u->protocol, loader.protocol, __ATOMIC_RELAXED);
  u->memo.store(u, TRY(loader.write_memo()));
  return result;
}
Ref unpickler_memo(Thread& t, Value self) { return new_proxy(t, g_unpickler_memo_proxy_type, self); }
Ref unpickler_memo_copy(Thread& t, Value self, const Value*) {
  Ref memo = self.as<MemoProxy>()->owner.as<Unpickler>()->memo.load();
  return memo.is_empty() ? Ref(dict_new(t)) : Ref(dict_copy(t, memo.as<Dict>()));
}
Ref unpickler_memo_clear(Thread&, Value self, const Value*) {
  auto* u = self.as<MemoProxy>()->owner.as<Unpickler>();
  u->memo.clear(u);
  return Ref::none();
}
Ref unpickler_memo_reduce(Thread& t, Value self, const Value*) { return reduce_copy(t, TRY(unpickler_memo_copy(t, self, nullptr))); }
Status set_unpickler_memo(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::TypeError, "attribute deletion is not supported");
  Ref copy;
  if (type_of(v) == g_unpickler_memo_proxy_type) {
    copy = TRY(unpickler_memo_copy(t, v, nullptr));
  } else if (is_dict(v)) {
    size_t position = 0;
    Ref key, value;
    copy = TRY(dict_copy(t, v.as<Dict>())).release_ref();
    while (dict_next(t, copy.as<Dict>(), &position, &key, &value)) {
      if (!is_int(key)) return raise(t, exc::TypeError, "memo key must be integers");
      if (int_sign(key) < 0) return raise(t, exc::ValueError, "memo key must be positive integers.");
    }
  } else {
    return raise(t, exc::TypeError, "'memo' attribute must be an UnpicklerMemoProxy object or dict, not %T", v);
  }
  auto* u = self.as<Unpickler>();
  u->memo.store(u, std::move(copy));
  return ok();
}
Ref unpickler_new(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }
Ref unpickler_sizeof(Thread& t, Value, const Value*) { return int_from(t, sizeof(Unpickler)); }

const Method kUnpicklerMethods[] = {
    method("load", unpickler_load, "($self, /)", "Load a pickle and return the object it stands for."),
    method("find_class", unpickler_find_class, "($self, module_name, global_name, /)", "Return an object from a specified module."),
    method("persistent_load", unpickler_persistent_load, "($self, pid, /)"),
    method("__sizeof__", unpickler_sizeof, "($self, /)", "Returns size in memory, in bytes."),
    class_method("__class_getitem__", class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
const GetSet kUnpicklerGetSets[] = {{"memo", unpickler_memo, set_unpickler_memo}, {}};
const Method kUnpicklerMemoMethods[] = {
    method("clear", unpickler_memo_clear, "($self, /)", "Remove all items from memo."),
    method("copy", unpickler_memo_copy, "($self, /)", "Copy the memo to a new object."),
    method("__reduce__", unpickler_memo_reduce, "($self, /)", "Implement pickling support."),
    {},
};

// --- PickleBuffer
Ref buffer_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(object, /)");
  Value a[1];
  Ref unused;
  TRY(bind_arguments(t, signature, "PickleBuffer", args, a, &unused));
  Ref view = TRY(call_with(t, Value(types::memoryview), a[0]));
  Ref made = TRY(allocate_instance(t, cls));
  made.as<PickleBuffer>()->view.init(made.object(), std::move(view));
  made.as<PickleBuffer>()->object.init(made.object(), a[0]);
  return made;
}
Ref buffer_view(Thread& t, Value self) {
  Ref view = self.as<PickleBuffer>()->view.load();
  if (view.is_empty()) return raise(t, exc::ValueError, "operation forbidden on released PickleBuffer object");
  return view;
}
Status buffer_get(Thread& t, Value self, Buffer* out, int flags) {
  TRY(buffer_view(t, self));
  // Of the object itself, so that a view of this shows it as its owner.
  Ref object = self.as<PickleBuffer>()->object.load();
  return get_buffer(t, object, out, flags);
}
Ref buffer_raw(Thread& t, Value self, const Value*) {
  Ref view = TRY(buffer_view(t, self));
  Ref contiguous = TRY(get_attribute_utf8(t, view, "contiguous"));
  if (!contiguous.get().is_true()) return raise(t, exc::BufferError, "cannot extract raw buffer from non-contiguous buffer");
  Ref c_order = TRY(get_attribute_utf8(t, view, "c_contiguous"));
  if (!c_order.get().is_true()) return raise_not_there(t, "PickleBuffer.raw() of Fortran-contiguous buffers");
  Ref cast = TRY(get_attribute_utf8(t, view, "cast"));
  RefTo<Str> bytes = TRY(str_from_ascii(t, "B"));
  return call_with(t, cast, bytes);
}
Ref buffer_release(Thread&, Value self, const Value*) {
  self.as<PickleBuffer>()->view.clear(self.object());
  self.as<PickleBuffer>()->object.clear(self.object());
  return Ref::none();
}
const Method kBufferMethods[] = {
    method("raw", buffer_raw, "($self, /)", "Return a memoryview of the raw memory underlying this buffer."),
    method("release", buffer_release, "($self, /)", "Release the underlying buffer."),
    {},
};

}  // namespace

// --- functions
Ref dump(Thread& t, Value, const Value* a) {
  int protocol = TRY(protocol_of(t, a[2]));
  bool fix_imports = a[3].is_empty() || TRY(truth(t, a[3]));
  TRY(check_callback(t, a[4], protocol));
  Ref write = TRY(file_write(t, a[1]));
  Saver saver(t, protocol, fix_imports && protocol < 3, false);
  saver.memo = TRY(memo_new(t));
  saver.buffer_callback = Ref::copy(a[4]);
  saver.out.write = write;
  TRY(saver.run(EMPTY, a[0]));
  return Ref::none();
}
Ref dumps(Thread& t, Value, const Value* a) {
  int protocol = TRY(protocol_of(t, a[1]));
  bool fix_imports = a[2].is_empty() || TRY(truth(t, a[2]));
  TRY(check_callback(t, a[3], protocol));
  Saver saver(t, protocol, fix_imports && protocol < 3, false);
  saver.memo = TRY(memo_new(t));
  saver.buffer_callback = Ref::copy(a[3]);
  TRY(saver.run(EMPTY, a[0]));
  return saver.out.buffer().finish(t);
}
Ref load(Thread& t, Value, const Value* a) {
  Ref unpickler = TRY(unpickler_new(t, g_unpickler_type, {}));
  Value words[5] = {a[0]};
  RootedVector names(t);
  u32 count = 1;
  constexpr const char* kNames[] = {"", "fix_imports", "encoding", "errors", "buffers"};
  for (int i = 1; i < 5; i++) {
    if (a[i].is_empty()) continue;
    words[count++] = a[i];
    names.push(TRY(interned(t, kNames[i])));
  }
  RefTo<Tuple> keywords = TRY(tuple_from(t, names.data(), names.size()));
  TRY(unpickler_init(t, unpickler, Args{words, 1, keywords.get(), count - 1}));
  return unpickler_load(t, unpickler, nullptr);
}
Ref loads(Thread& t, Value, const Value* a) {
  for (int i = 2; i < 4; i++)
    if (!a[i].is_empty() && !is_str(a[i]))
      return raise(t, exc::TypeError, "loads() argument '%s' must be str, not %T", i == 2 ? "encoding" : "errors", a[i]);
  ByteView view(t);
  TRY(view.get(a[0]));
  Input input(t);
  input.set_bytes(view.data(), view.size());
  Loader loader(t, input, EMPTY);
  loader.fix_imports = a[1].is_empty() || TRY(truth(t, a[1]));
  loader.encoding = a[2];
  loader.errors = a[3];
  if (!a[4].is_empty() && !a[4].is_none()) loader.buffers = TRY(get_iter(t, a[4]));
  return loader.run();
}

const TypeSpec kPicklerSpec = {
    .name = "_pickle.Pickler",
    .doc = "This takes a binary file for writing a pickle data stream.",
    .layout = {"Pickler", sizeof(Pickler), 0, visit_pickler, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.getattribute = get_hooked<Pickler, &Pickler::persistent_id, kPersistentId>,
              .setattribute = set_hooked<Pickler, &Pickler::persistent_id, kPersistentId>,
              .new_ = pickler_new,
              .init = pickler_init},
    .methods = kPicklerMethods,
    .getsets = kPicklerGetSets,
    .members = kPicklerMembers,
    .text_signature = "(file, protocol=None, fix_imports=True, buffer_callback=None)",
};
const TypeSpec kUnpicklerSpec = {
    .name = "_pickle.Unpickler",
    .doc = "This takes a binary file for reading a pickle data stream.",
    .layout = {"Unpickler", sizeof(Unpickler), 0, visit_unpickler, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.getattribute = get_hooked<Unpickler, &Unpickler::persistent_load, kPersistentLoad>,
              .setattribute = set_hooked<Unpickler, &Unpickler::persistent_load, kPersistentLoad>,
              .new_ = unpickler_new,
              .init = unpickler_init},
    .methods = kUnpicklerMethods,
    .getsets = kUnpicklerGetSets,
    .text_signature = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
};
const TypeSpec kPicklerMemoProxySpec = {
    .name = "_pickle.PicklerMemoProxy",
    .layout = {"PicklerMemoProxy", sizeof(MemoProxy), 0, visit_proxy, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .methods = kPicklerMemoMethods,
};
const TypeSpec kUnpicklerMemoProxySpec = {
    .name = "_pickle.UnpicklerMemoProxy",
    .layout = {"UnpicklerMemoProxy", sizeof(MemoProxy), 0, visit_proxy, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .methods = kUnpicklerMemoMethods,
};
const TypeSpec kPickleBufferSpec = {
    .name = "pickle.PickleBuffer",
    .doc = "Wrapper for potentially out-of-band buffers",
    .layout = {"PickleBuffer", sizeof(PickleBuffer), 0, visit_buffer, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kHasWeakref,
    .slots = {.new_ = buffer_new, .get_buffer = buffer_get},
    .methods = kBufferMethods,
};

}  // namespace pickle

namespace {

const Method kFunctions[] = {
    method("dump", pickle::dump, "($module, /, obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)",
           "Write a pickled representation of obj to the open file object file."),
    method("dumps", pickle::dumps, "($module, /, obj, protocol=None, *, fix_imports=True, buffer_callback=None)",
           "Return the pickled representation of the object as a bytes object."),
    method("load", pickle::load, "($module, /, file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
           "Read and return an object from the pickle data stored in a file."),
    method("loads", pickle::loads, "($module, data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())",
           "Read and return an object from the given pickle data."),
    {},
};

Status initialise(Thread& t, Module* module) {
  using namespace pickle;
  if (g_pickle_error == nullptr) {
    TRY(make_static_type(t, kMemoSpec, &g_memo_type));
    TRY(make_static_type(t, kPicklerMemoProxySpec, &g_pickler_memo_proxy_type));
    TRY(make_static_type(t, kUnpicklerMemoProxySpec, &g_unpickler_memo_proxy_type));
  }
  TRY(module_add_exception(t, module, "_pickle.PickleError", exc::Exception, &g_pickle_error));
  TRY(module_add_exception(t, module, "_pickle.PicklingError", g_pickle_error, &g_pickling_error));
  TRY(module_add_exception(t, module, "_pickle.UnpicklingError", g_pickle_error, &g_unpickling_error));
  TRY(module_add_type(t, module, kPicklerSpec, &g_pickler_type));
  TRY(module_add_type(t, module, kUnpicklerSpec, &g_unpickler_type));
  return module_add_type(t, module, kPickleBufferSpec, &g_pickle_buffer_type);
}

}  // namespace

extern const ModuleDef module__pickle;
const ModuleDef module__pickle = {"_pickle", "Optimized C implementation for the Python pickle module.", kFunctions, initialise};

}  // namespace typhon
