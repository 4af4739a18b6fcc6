// The built-in exception classes: layout, construction, attributes, str and repr.
#include <cerrno>
#include <cstdio>

#include "objects/exceptions.h"
#include "objects/exception_types.h"
#include "objects/protocol/protocol.h"

namespace typhon {

Type* oserror_subclass(int error);

namespace {

BaseException* self_of(Value v) { return v.as<BaseException>(); }

// --- layouts
void visit_base(Object* self, Visitor& v) {
  auto* e = static_cast<BaseException*>(self);
  v.fields(&e->args, 5);
}
template <class T, size_t N>
void visit_more(Object* self, Visitor& v) {
  visit_base(self, v);
  static_assert(sizeof(BaseException) % 8 == 0);
  v.fields(reinterpret_cast<Field*>(reinterpret_cast<char*>(self) + sizeof(BaseException)), N);
}

template <size_t N>
bool dispose_more(Thread& t, Object* self) {
  return dispose_fields<offsetof(BaseException, args), 5>(t, self) && dispose_fields<sizeof(BaseException), N>(t, self);
}

template <class T>
constexpr size_t kOwnFields = (sizeof(T) - sizeof(BaseException)) / sizeof(Field);
template <>
constexpr size_t kOwnFields<OSErrorObject> = 4;

template <class T>
constexpr Layout layout_of(const char* name) {
  if constexpr (kOwnFields<T> == 0)
    return {name, sizeof(T), 0, visit_base, nullptr, nullptr, nullptr, dispose_fields<offsetof(BaseException, args), 5>};
  else
    return {name, sizeof(T), 0, visit_more<T, kOwnFields<T>>, nullptr, nullptr, nullptr, dispose_more<kOwnFields<T>>};
}

// --- BaseException
Ref base_new(Thread& t, Type* cls, Args args) {
  Ref self = TRY(allocate_instance(t, cls));
  auto* e = self.as<BaseException>();
  e->args.init(e, TRY(tuple_from(t, args.values, args.count)));
  return self;
}

Status no_keywords(Thread& t, Value self, Args args) {
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "%T() takes no keyword arguments", self);
  return ok();
}

// The args of __init__: most often those that __new__ has stored already.
Status set_args_once(Thread& t, Value self, Args args) {
  auto* e = self_of(self);
  Value present = e->args.peek();
  if (is_exact_tuple(present) && present.as<Tuple>()->size == args.count) {
    u32 same = 0;
    while (same < args.count && is_same(present.as<Tuple>()->items[same].peek(), args[same])) same++;
    if (same == args.count) return ok();
  }
  e->args.store(e, TRY(tuple_from(t, args.values, args.count)));
  return ok();
}

Status base_init(Thread& t, Value self, Args args) {
  TRY(no_keywords(t, self, args));
  return set_args_once(t, self, args);
}

Ref base_str(Thread& t, Value self) {
  Ref args = self_of(self)->args.load();
  auto* tuple = args.as<Tuple>();
  if (tuple->size == 0) return RefTo<Str>::copy(empty_str());
  if (tuple->size == 1) {
    Ref only = tuple->items[0].load();
    return object_str(t, only);
  }
  return object_str(t, args);
}

Ref base_repr(Thread& t, Value self) {
  Ref args = self_of(self)->args.load();
  auto* tuple = args.as<Tuple>();
  if (tuple->size == 1) {
    Ref only = tuple->items[0].load();
    return str_format(t, "%T(%R)", self, only.get());
  }
  return str_format(t, "%T%R", self, args.get());
}

Ref get_args(Thread&, Value self) { return self_of(self)->args.load(); }
Status set_args(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "args may not be deleted");
  self_of(self)->args.store(self.object(), TRY(to_tuple(t, value)));
  return ok();
}

Ref or_none(Ref&& value) { return value.is_empty() ? Ref::none() : std::move(value); }

Ref get_traceback(Thread&, Value self) { return or_none(self_of(self)->traceback.load()); }
Status set_traceback(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "__traceback__ may not be deleted");
  if (value.is_none())
    self_of(self)->traceback.clear(self.object());
  else if (is_traceback(value))
    self_of(self)->traceback.store(self.object(), value);
  else
    return raise(t, exc::TypeError, "__traceback__ must be a traceback or None");
  return ok();
}
Ref get_context(Thread&, Value self) { return or_none(self_of(self)->context.load()); }
Status set_link(Thread& t, Value self, Value value, Field BaseException::*link, const char* name) {
  if (value.is_empty()) return raise(t, exc::TypeError, "%s may not be deleted", name);
  if (value.is_none())
    (self_of(self)->*link).clear(self.object());
  else if (is_BaseException(value))
    (self_of(self)->*link).store(self.object(), value);
  else
    return raise(t, exc::TypeError, "exception %s must be None or derive from BaseException", name + 2 * (name[0] == '_'));
  return ok();
}
Status set_context(Thread& t, Value self, Value value) {
  if (!value.is_empty() && !value.is_none() && !is_BaseException(value))
    return raise(t, exc::TypeError, "exception context must be None or derive from BaseException");
  return set_link(t, self, value, &BaseException::context, "__context__");
}
Ref get_cause(Thread&, Value self) { return or_none(self_of(self)->cause.load()); }
Status set_cause(Thread& t, Value self, Value value) {
  if (!value.is_empty() && !value.is_none() && !is_BaseException(value))
    return raise(t, exc::TypeError, "exception cause must be None or derive from BaseException");
  TRY(set_link(t, self, value, &BaseException::cause, "__cause__"));
  self_of(self)->suppress_context = true;
  return ok();
}
Ref get_suppress(Thread&, Value self) { return Ref::boolean(self_of(self)->suppress_context); }
Status set_suppress(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::TypeError, "can't delete numeric/char attribute");
  if (!value.is_bool()) return raise(t, exc::TypeError, "attribute value type must be bool");
  self_of(self)->suppress_context = value.is_true();
  return ok();
}

constexpr GetSet kBaseGetSets[] = {
    {"args", get_args, set_args},
    {"__traceback__", get_traceback, set_traceback},
    {"__context__", get_context, set_context},
    {"__cause__", get_cause, set_cause},
    {"__suppress_context__", get_suppress, set_suppress},
    {},
};

Ref with_traceback(Thread& t, Value self, const Value* a) {
  TRY(set_traceback(t, self, a[0]));
  return Ref::copy(self);
}

Ref add_note(Thread& t, Value self, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "add_note() argument must be str, not %Q", a[0]);
  RefTo<Str> key = TRY(str_from_ascii(t, "__notes__"));
  key = TRY(str_intern(t, key));
  Ref notes = TRY(get_attribute_or_empty(t, self, key.get()));
  if (notes.is_empty()) {
    notes = TRY(list_new(t));
    TRY(set_attribute(t, self, key.get(), notes));
  }
  if (!is_list(notes)) return raise(t, exc::TypeError, "Cannot add note: __notes__ is not a list");
  TRY(list_append(t, notes.as<List>(), a[0]));
  return Ref::none();
}

// (type, args) or (type, args, state): state is the instance's attributes.
Ref base_reduce(Thread& t, Value self, const Value*) {
  Ref args = self_of(self)->args.load();
  if (has_instance_dict(self.object())) {
    Ref dict = TRY(instance_dict(t, self.object()));
    if (!dict.is_empty() && dict_size(dict.as<Dict>()) != 0) return tuple_of(t, Value(type_of(self)), args, dict);
  }
  return tuple_of(t, Value(type_of(self)), args);
}

Ref base_setstate(Thread& t, Value self, const Value* a) {
  if (a[0].is_none()) return Ref::none();
  if (!is_dict(a[0])) return raise(t, exc::TypeError, "state is not a dictionary");
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, a[0].as<Dict>(), &position, &key, &value)) {
    if (!is_str(key)) return raise(t, exc::TypeError, "attribute name must be string, not '%T'", key.get());
    RefTo<Str> name = TRY(str_intern(t, key));
    TRY(set_attribute(t, self, name.get(), value));
  }
  return Ref::none();
}

constexpr Method kBaseMethods[] = {
    method("with_traceback", with_traceback, "($self, object, /)",
           "Set self.__traceback__ to tb and return self."),
    method("add_note", add_note, "($self, object, /)", "Add a note to the exception"),
    method("__reduce__", base_reduce, "($self, /)"),
    method("__setstate__", base_setstate, "($self, object, /)"),
    {},
};

// --- one value taken out of args: StopIteration, SystemExit
Status stop_init(Thread& t, Value self, Args args) {
  TRY(base_init(t, self, args));
  auto* e = self.as<StopIterationObject>();
  e->value.store(e, args.count > 0 ? args[0] : None);
  return ok();
}
Status exit_init(Thread& t, Value self, Args args) {
  TRY(base_init(t, self, args));
  if (args.count == 0) return ok();
  auto* e = self.as<SystemExitObject>();
  if (args.count == 1)
    e->code.store(e, args[0]);
  else
    e->code.store(e, TRY(tuple_from(t, args.values, args.count)));
  return ok();
}
constexpr Member kStopMembers[] = {{"value", offsetof(StopIterationObject, value), true}, {}};
constexpr Member kExitMembers[] = {{"code", offsetof(SystemExitObject, code), true}, {}};

// --- exceptions whose keywords set attributes: NameError, AttributeError, ImportError
template <size_t N>
Status keyword_attributes(Thread& t, Value self, Args args, const char* const (&allowed)[N], Field* const (&fields)[N]) {
  for (Field* field : fields) field->clear(self.object());
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* given = args.names->items[k].as<Str>();
    size_t i = 0;
    while (i < N && !given->equals_ascii(allowed[i])) i++;
    if (i == N) return raise(t, exc::TypeError, "%T() got an unexpected keyword argument '%U'", self, given);
    fields[i]->store(self.object(), args.keyword(k));
  }
  return ok();
}

Status name_init(Thread& t, Value self, Args args) {
  auto* e = self.as<NameErrorObject>();
  TRY(set_args_once(t, self, args));
  const char* const names_allowed[] = {"name"};
  Field* const fields[] = {&e->name};
  return keyword_attributes(t, self, args, names_allowed, fields);
}
constexpr Member kNameMembers[] = {{"name", offsetof(NameErrorObject, name), true}, {}};

Status attribute_init(Thread& t, Value self, Args args) {
  auto* e = self.as<AttributeErrorObject>();
  TRY(set_args_once(t, self, args));
  const char* const names_allowed[] = {"name", "obj"};
  Field* const fields[] = {&e->name, &e->obj};
  return keyword_attributes(t, self, args, names_allowed, fields);
}
constexpr Member kAttributeMembers[] = {{"name", offsetof(AttributeErrorObject, name), true},
                                        {"obj", offsetof(AttributeErrorObject, obj), true},
                                        {}};

// The name is pickled, the object is not.
Ref attribute_getstate(Thread& t, Value self, const Value*) {
  auto* e = self.as<AttributeErrorObject>();
  RefTo<Dict> state = TRY(dict_new(t));
  if (has_instance_dict(self.object())) {
    Ref dict = TRY(instance_dict(t, self.object()));
    if (!dict.is_empty()) TRY(dict_update_py(t, state.get(), dict));
  }
  Ref name = e->name.load(), args = e->args.load();
  if (name.is_empty() && dict_size(state.get()) == 0) return Ref::none();
  if (!name.is_empty()) TRY(dict_set_str(t, state.get(), str_immortal(t, "name"), name));
  TRY(dict_set_str(t, state.get(), str_immortal(t, "args"), args));
  return state;
}
Ref attribute_reduce(Thread& t, Value self, const Value*) {
  Ref state = TRY(attribute_getstate(t, self, nullptr)), args = self_of(self)->args.load();
  return tuple_of(t, Value(type_of(self)), args, state);
}
constexpr Method kAttributeMethods[] = {method("__reduce__", attribute_reduce, "($self, /)"),
                                        method("__getstate__", attribute_getstate, "($self, /)"), {}};

Status import_init(Thread& t, Value self, Args args) {
  auto* e = self.as<ImportErrorObject>();
  TRY(set_args_once(t, self, args));
  const char* const names_allowed[] = {"name", "path", "name_from"};
  Field* const fields[] = {&e->name, &e->path, &e->name_from};
  TRY(keyword_attributes(t, self, args, names_allowed, fields));
  e->msg.store(e, args.count == 1 ? args[0] : EMPTY);
  return ok();
}
// The state holds the attributes that the arguments do not tell.
Ref import_reduce(Thread& t, Value self, const Value*) {
  auto* e = self.as<ImportErrorObject>();
  RefTo<Dict> state = TRY(dict_new(t));
  if (has_instance_dict(self.object())) {
    Ref dict = TRY(instance_dict(t, self.object()));
    if (!dict.is_empty()) TRY(dict_update_py(t, state.get(), dict));
  }
  const std::pair<const char*, Field*> fields[] = {{"name", &e->name}, {"path", &e->path}, {"name_from", &e->name_from}};
  for (auto [name, field] : fields) {
    Ref v = field->load();
    if (!v.is_empty()) TRY(dict_set_str(t, state.get(), str_immortal(t, name), v));
  }
  Ref args = e->args.load();
  if (dict_size(state.get()) == 0) return tuple_of(t, Value(type_of(self)), args);
  return tuple_of(t, Value(type_of(self)), args, state);
}
constexpr Method kImportMethods[] = {method("__reduce__", import_reduce, "($self, /)"), {}};
Ref import_str(Thread& t, Value self) {
  Ref message = self.as<ImportErrorObject>()->msg.load();
  if (is_exact_str(message)) return message;
  return base_str(t, self);
}
constexpr Member kImportMembers[] = {{"msg", offsetof(ImportErrorObject, msg), true},
                                     {"name", offsetof(ImportErrorObject, name), true},
                                     {"path", offsetof(ImportErrorObject, path), true},
                                     {"name_from", offsetof(ImportErrorObject, name_from), true},
                                     {}};

// --- KeyError: one argument is shown by its repr
Ref key_str(Thread& t, Value self) {
  Ref args = self_of(self)->args.load();
  if (args.as<Tuple>()->size != 1) return base_str(t, self);
  Ref only = args.as<Tuple>()->items[0].load();
  return object_repr(t, only);
}

// --- OSError(errno, strerror[, filename[, winerror[, filename2]]])
struct ErrnoRow {
  int error;
  Type** type;
};
const ErrnoRow kErrnoRows[] = {
    {EAGAIN, &exc::BlockingIOError},       {EALREADY, &exc::BlockingIOError},
    {EINPROGRESS, &exc::BlockingIOError},  {EPIPE, &exc::BrokenPipeError},
    {ESHUTDOWN, &exc::BrokenPipeError},    {ECHILD, &exc::ChildProcessError},
    {ECONNABORTED, &exc::ConnectionAbortedError}, {ECONNREFUSED, &exc::ConnectionRefusedError},
    {ECONNRESET, &exc::ConnectionResetError}, {EEXIST, &exc::FileExistsError},
    {ENOENT, &exc::FileNotFoundError},     {EISDIR, &exc::IsADirectoryError},
    {ENOTDIR, &exc::NotADirectoryError},   {EINTR, &exc::InterruptedError},
    {EACCES, &exc::PermissionError},       {EPERM, &exc::PermissionError},
    {ESRCH, &exc::ProcessLookupError},     {ETIMEDOUT, &exc::TimeoutError},
};

Status os_fill(Thread& t, OSErrorObject* e, Args args) {
  e->written = -1;
  u32 shown = args.count;
  if (args.count >= 2 && args.count <= 5) {
    e->errno_.store(e, args[0]);
    e->strerror_.store(e, args[1]);
    if (args.count >= 3 && !args[2].is_none()) {
      if (type_of(Value(e)) == exc::BlockingIOError && is_int(args[2])) {
        e->written = TRY(to_i64(t, args[2]));
      } else {
        e->filename.store(e, args[2]);
        if (args.count == 5 && !args[4].is_none()) e->filename2.store(e, args[4]);
        shown = 2;  // args keeps the two-item form, as in CPython
      }
    }
  }
  e->args.store(e, TRY(tuple_from(t, args.values, shown)));
  return ok();
}

// A subclass that overrides __init__ only gets its fields there; one that overrides __new__ too as well.
bool os_init_in_new(Type* cls) {
  return cls->slots.init == exc::OSError->slots.init || cls->slots.new_ != exc::OSError->slots.new_;
}

Ref os_new(Thread& t, Type* cls, Args args) {
  if (cls == exc::OSError && args.count >= 2 && args.count <= 5 && args[0].is_small_int())
    cls = oserror_subclass(int(args[0].as_small_int()));
  Ref self = TRY(allocate_instance(t, cls));
  auto* e = self.as<OSErrorObject>();
  e->written = -1;
  e->args.init(e, Value(empty_tuple()));
  if (os_init_in_new(cls)) {
    if (args.keyword_count != 0) return raise(t, exc::TypeError, "%N() takes no keyword arguments", cls);
    TRY(os_fill(t, e, args));
  }
  return self;
}
Status os_init(Thread& t, Value self, Args args) {
  if (os_init_in_new(type_of(self))) return ok();
  TRY(no_keywords(t, self, args));
  return os_fill(t, self.as<OSErrorObject>(), args);
}
Ref os_str(Thread& t, Value self) {
  auto* e = self.as<OSErrorObject>();
  Ref error = or_none(e->errno_.load()), text = or_none(e->strerror_.load());
  Ref name = e->filename.load(), name2 = e->filename2.load();
  if (!name.is_empty()) {
    if (!name2.is_empty())
      return str_format(t, "[Errno %S] %S: %R -> %R", error.get(), text.get(), name.get(), name2.get());
    return str_format(t, "[Errno %S] %S: %R", error.get(), text.get(), name.get());
  }
  if (!e->errno_.is_empty() && !e->strerror_.is_empty())
    return str_format(t, "[Errno %S] %S", error.get(), text.get());
  return base_str(t, self);
}
Ref os_reduce(Thread& t, Value self, const Value*) {
  auto* e = self.as<OSErrorObject>();
  Ref args = e->args.load();
  if (args.as<Tuple>()->size == 2 && !e->filename.is_empty()) {
    Ref a = args.as<Tuple>()->items[0].load(), b = args.as<Tuple>()->items[1].load(), name = e->filename.load();
    if (e->filename2.is_empty())
      args = TRY(tuple_of(t, a, b, name));
    else {
      Ref name2 = e->filename2.load();
      args = TRY(tuple_of(t, a, b, name, None, name2));
    }
  }
  Ref dict = TRY(instance_dict(t, self.object()));
  if (!dict.is_empty() && dict_size(dict.as<Dict>()) != 0) return tuple_of(t, Value(type_of(self)), args, dict);
  return tuple_of(t, Value(type_of(self)), args);
}
Raised raise_unset(Thread& t, Value self) {
  static Str* const name = str_immortal(t, "characters_written");
  Ref exception = make_exception(t, exc::AttributeError, Value(name));
  if (exception.failed()) return {};
  auto* e = exception.as<AttributeErrorObject>();
  e->name.store(e, Value(name));
  e->obj.store(e, self);
  return raise_exception(t, std::move(exception));
}
Ref get_written(Thread& t, Value self) {
  i64 written = self.as<OSErrorObject>()->written;
  if (written == -1) return raise_unset(t, self);
  return int_from(t, written);
}
Status set_written(Thread& t, Value self, Value value) {
  auto* e = self.as<OSErrorObject>();
  if (value.is_empty()) {
    if (e->written == -1) return raise(t, exc::AttributeError, "characters_written");
    e->written = -1;
    return ok();
  }
  e->written = TRY(to_i64(t, value));
  return ok();
}
constexpr Member kOSMembers[] = {{"errno", offsetof(OSErrorObject, errno_), true},
                                 {"strerror", offsetof(OSErrorObject, strerror_), true},
                                 {"filename", offsetof(OSErrorObject, filename), true},
                                 {"filename2", offsetof(OSErrorObject, filename2), true},
                                 {}};
constexpr GetSet kOSGetSets[] = {{"characters_written", get_written, set_written}, {}};
constexpr Method kOSMethods[] = {method("__reduce__", os_reduce, "($self, /)"), {}};

// --- SyntaxError(msg, (filename, lineno, offset, text[, end_lineno, end_offset]))
Status syntax_init(Thread& t, Value self, Args args) {
  TRY(base_init(t, self, args));
  auto* e = self.as<SyntaxErrorObject>();
  if (args.count >= 1) e->msg.store(e, args[0]);
  if (args.count != 2) return ok();
  RefTo<Tuple> info = TRY(to_tuple(t, args[1]));
  if (info->size < 4)
    return raise(t, exc::TypeError, "function missing required argument '%s' (pos %d)",
                 info->size == 0 ? "filename" : info->size == 1 ? "lineno" : info->size == 2 ? "offset" : "text", int(info->size + 1));
  if (info->size > 7) return raise(t, exc::TypeError, "function takes at most 7 arguments (%zd given)", i64(info->size));
  if (info->size == 5) return raise(t, exc::TypeError, "end_offset must be provided when end_lineno is provided");
  Field* fields[] = {&e->filename, &e->lineno, &e->offset, &e->text, &e->end_lineno, &e->end_offset, &e->metadata};
  for (u64 i = 0; i < std::size(fields); i++) {
    if (i < info->size)
      fields[i]->store(e, info->items[i].peek());
    else
      fields[i]->clear(e);
  }
  return ok();
}
Ref syntax_str(Thread& t, Value self) {
  auto* e = self.as<SyntaxErrorObject>();
  Ref message = or_none(e->msg.load()), name = e->filename.load(), line = e->lineno.load();
  bool have_line = is_exact_int(line);
  if (is_str(name)) {
    // Only the last path component, as CPython shows it.
    Str* s = name.as<Str>();
    size_t start = 0;
    for (size_t i = 0; i < s->length(); i++)
      if (s->at(i) == '/') start = i + 1;
    RefTo<Str> base = TRY(str_substring(t, s, start, s->length()));
    if (have_line) return str_format(t, "%S (%S, line %S)", message.get(), base.value(), line.get());
    return str_format(t, "%S (%S)", message.get(), base.value());
  }
  if (have_line) return str_format(t, "%S (line %S)", message.get(), line.get());
  return object_str(t, message);
}
constexpr Member kSyntaxMembers[] = {{"msg", offsetof(SyntaxErrorObject, msg), true},
                                     {"filename", offsetof(SyntaxErrorObject, filename), true},
                                     {"lineno", offsetof(SyntaxErrorObject, lineno), true},
                                     {"offset", offsetof(SyntaxErrorObject, offset), true},
                                     {"text", offsetof(SyntaxErrorObject, text), true},
                                     {"end_lineno", offsetof(SyntaxErrorObject, end_lineno), true},
                                     {"end_offset", offsetof(SyntaxErrorObject, end_offset), true},
                                     {"print_file_and_line", offsetof(SyntaxErrorObject, print_file_and_line), true},
                                     {"_metadata", offsetof(SyntaxErrorObject, metadata), true},
                                     {}};

// --- UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError
Status unicode_fill(Thread& t, Value self, Args args, bool decode, bool translate) {
  TRY(base_init(t, self, args));
  auto* e = self.as<UnicodeErrorObject>();
  u32 wanted = translate ? 4 : 5, at = 0;
  if (args.count != wanted)
    return raise(t, exc::TypeError, "function takes exactly %d arguments (%d given)", int(wanted), int(args.count));
  if (!translate) {
    if (!is_str(args[0])) return raise(t, exc::TypeError, "argument 1 must be str, not %Q", args[0]);
    e->encoding.store(e, args[at++]);
  }
  if (decode) {
    if (!has_buffer(args[at])) return raise(t, exc::TypeError, "a bytes-like object is required, not '%T'", args[at]);
    if (!is_bytes(args[at])) {
      ByteView view(t);
      TRY(view.get(args[at]));
      e->object.store(e, TRY(bytes_from(t, view.data(), view.size())));
      at++;
    } else {
      e->object.store(e, args[at++]);
    }
  } else {
    if (!is_str(args[at])) return raise(t, exc::TypeError, "argument %d must be str, not %Q", int(at + 1), args[at]);
    e->object.store(e, args[at++]);
  }
  e->start.store(e, TRY(to_index(t, args[at++])));
  e->end.store(e, TRY(to_index(t, args[at++])));
  if (!is_str(args[at])) return raise(t, exc::TypeError, "argument %d must be str, not %Q", int(at + 1), args[at]);
  e->reason.store(e, args[at]);
  return ok();
}
Status decode_init(Thread& t, Value self, Args args) { return unicode_fill(t, self, args, true, false); }
Status encode_init(Thread& t, Value self, Args args) { return unicode_fill(t, self, args, false, false); }
Status translate_init(Thread& t, Value self, Args args) { return unicode_fill(t, self, args, false, true); }

i64 small_or(Value v, i64 fallback) { return v.is_small_int() ? v.as_small_int() : fallback; }

// str(value) of an attribute; what was deleted shows as CPython shows it.
RefTo<Str> attribute_text(Thread& t, const Field& field) {
  Ref v = field.load();
  if (v.is_empty()) return str_from_ascii(t, "<NULL>");
  return object_str(t, v);
}

Ref unicode_str(Thread& t, Value self) {
  auto* e = self.as<UnicodeErrorObject>();
  if (e->object.is_empty()) return RefTo<Str>::copy(empty_str());  // __init__ never ran
  bool translate = is_instance_of(self, exc::UnicodeTranslateError), decode = is_instance_of(self, exc::UnicodeDecodeError);
  RefTo<Str> encoding = TRY(attribute_text(t, e->encoding)), reason = TRY(attribute_text(t, e->reason));
  // Those may have run Python code: the object is looked at only now.
  Ref object = e->object.load();
  if (decode ? !is_bytes(object) : !is_str(object))
    return raise(t, exc::TypeError, "UnicodeError 'object' attribute must be a %s", decode ? "bytes" : "string");
  i64 start = small_or(e->start.peek(), 0), end = small_or(e->end.peek(), 0);
  if (decode) {
    auto* bytes = object.as<Bytes>();
    if (end == start + 1 && start >= 0 && u64(start) < bytes->size) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "%02x", bytes->data[start]);
      return str_format(t, "'%U' codec can't decode byte 0x%s in position %zd: %U", encoding.get(), hex, start, reason.get());
    }
    return str_format(t, "'%U' codec can't decode bytes in position %zd-%zd: %U", encoding.get(), start, end - 1, reason.get());
  }
  auto* text = object.as<Str>();
  if (end == start + 1 && start >= 0 && u64(start) < text->length()) {
    u32 c = text->at(size_t(start));
    char escape[16];
    std::snprintf(escape, sizeof escape, c <= 0xFF ? "\\x%02x" : c <= 0xFFFF ? "\\u%04x" : "\\U%08x", c);
    if (translate) return str_format(t, "can't translate character '%s' in position %zd: %U", escape, start, reason.get());
    return str_format(t, "'%U' codec can't encode character '%s' in position %zd: %U", encoding.get(), escape, start, reason.get());
  }
  if (translate) return str_format(t, "can't translate characters in position %zd-%zd: %U", start, end - 1, reason.get());
  return str_format(t, "'%U' codec can't encode characters in position %zd-%zd: %U", encoding.get(), start, end - 1, reason.get());
}
constexpr Member kUnicodeMembers[] = {{"encoding", offsetof(UnicodeErrorObject, encoding), true},
                                      {"object", offsetof(UnicodeErrorObject, object), true},
                                      {"start", offsetof(UnicodeErrorObject, start), true},
                                      {"end", offsetof(UnicodeErrorObject, end), true},
                                      {"reason", offsetof(UnicodeErrorObject, reason), true},
                                      {}};

// What a class adds to its base; classes not named here add nothing.
struct Extra {
  const char* name;
  InitFn init;
  UnaryFn str;
  const Member* members;
  const GetSet* getsets;
  const Method* methods;
  NewFn new_;
};
const Extra kExtras[] = {
    {"StopIteration", stop_init, nullptr, kStopMembers, nullptr, nullptr, nullptr},
    {"SystemExit", exit_init, nullptr, kExitMembers, nullptr, nullptr, nullptr},
    {"NameError", name_init, nullptr, kNameMembers, nullptr, nullptr, nullptr},
    {"AttributeError", attribute_init, nullptr, kAttributeMembers, nullptr, kAttributeMethods, nullptr},
    {"ImportError", import_init, import_str, kImportMembers, nullptr, kImportMethods, nullptr},
    {"KeyError", nullptr, key_str, nullptr, nullptr, nullptr, nullptr},
    {"OSError", os_init, os_str, kOSMembers, kOSGetSets, kOSMethods, os_new},
    {"SyntaxError", syntax_init, syntax_str, kSyntaxMembers, nullptr, nullptr, nullptr},
    {"UnicodeDecodeError", decode_init, unicode_str, kUnicodeMembers, nullptr, nullptr, nullptr},
    {"UnicodeEncodeError", encode_init, unicode_str, kUnicodeMembers, nullptr, nullptr, nullptr},
    {"UnicodeTranslateError", translate_init, unicode_str, kUnicodeMembers, nullptr, nullptr, nullptr},
};

constexpr u32 kFlags = type_flag::kBaseType | type_flag::kHasDict | type_flag::kImmutable;

Slots slots_of(const Extra* extra) {
  Slots slots;
  if (extra == nullptr) return slots;
  slots.init = extra->init;
  slots.str = extra->str;
  slots.new_ = extra->new_;
  return slots;
}

const Extra* find_extra(const char* name) {
  for (const Extra& extra : kExtras)
    if (strcmp(extra.name, name) == 0) return &extra;
  return nullptr;
}

template <class T>
Status make_class(Thread& t, const char* name, const char* doc, Type** base, Type** where, TypeSpec& spec) {
  const Extra* extra = find_extra(name);
  spec.name = name;
  spec.doc = doc[0] != 0 ? doc : nullptr;
  spec.base = base;
  spec.layout = layout_of<T>(name);
  spec.flags = kFlags;
  spec.slots = slots_of(extra);
  if (extra != nullptr) {
    spec.members = extra->members;
    spec.getsets = extra->getsets;
    spec.methods = extra->methods;
  }
  if constexpr (std::is_same_v<T, ExceptionGroupObject>) add_exception_group_parts(spec);
  return make_static_type(t, spec, where);
}

}  // namespace

extern const TypeSpec spec_BaseException;
const TypeSpec spec_BaseException = {
    .name = "BaseException",
    .doc = "Common base class for all exceptions",
    .layout = layout_of<BaseException>("BaseException"),
    .flags = kFlags,
    .slots = {.repr = base_repr, .str = base_str, .new_ = base_new, .init = base_init},
    .methods = kBaseMethods,
    .getsets = kBaseGetSets,
};

Ref make_plain_exception(Thread& t, Type* type, const Value* values, u32 count) {
  if (type->slots.new_ != base_new || type->slots.init != base_init || !is_exact(Value(type), kShape_type)) return Ref();
  return base_new(t, type, Args{values, count, nullptr, 0});
}

Type* oserror_subclass(int error) {
  for (const ErrnoRow& row : kErrnoRows)
    if (row.error == error) return *row.type;
  return exc::OSError;
}

RefTo<Str> full_type_name(Thread& t, Value v) {
  Value type(type_of(v));
  Ref name = TRY(get_attribute(t, type, names::__qualname__)), module = TRY(get_attribute(t, type, names::__module__));
  if (!is_str(module) || module.as<Str>()->equals_ascii("builtins") || module.as<Str>()->equals_ascii("__main__")) return object_str(t, name);
  return str_format(t, "%S.%S", module.get(), name.get());
}
Status add_exception_note(Thread& t, Value exception, Value note) {
  RefTo<Str> method = TRY(str_from_ascii(t, "add_note"));
  method = TRY(str_intern(t, method));
  TRY(call_method(t, exception, method.get(), &note, 1));
  return ok();
}

Status initialise_exceptions(Thread& t) {
  exc::BaseException = types::BaseException;
  // The specs must outlive the types.
#define EXCEPTION(name, base, cpp, doc) static TypeSpec spec_of_##name;
#include "objects/exceptions.def"
#undef EXCEPTION
#define object BaseException
#define EXCEPTION(name, base, cpp, doc)        \
  if (strcmp(#name, "BaseException") != 0)     \
    TRY(make_class<cpp>(t, #name, doc, &exc::base, &exc::name, spec_of_##name));
#include "objects/exceptions.def"
#undef EXCEPTION
#undef object
  return make_exception_group_type(t);
}

}  // namespace typhon
