// Raising and the pending exception. The exception classes themselves: exception_types.cpp, exception_group.cpp.
#include "objects/exceptions.h"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "objects/protocol/protocol.h"

namespace typhon {

RefTo<Str> str_vformat(Thread& t, const char* format, va_list arguments);
Type* oserror_subclass(int error);  // exception_types.cpp
// Implemented above this layer: sys.unraisablehook (modules/sys) and the warnings machinery (modules/_warnings.cpp).
void report_unraisable(Thread& t, Value exception, const char* where, Value object);
Status warn_message(Thread& t, Type* category, Value message, int stack_level);

namespace exc {
#define EXCEPTION(name, base, cpp, doc) Type* name;
#include "objects/exceptions.def"
#undef EXCEPTION
}  // namespace exc

namespace {

void set_pending(Thread& t, Ref&& exception) {
  Value old = t.pending;
  t.pending = exception.take();
  release(old);
}

// Links the exception being handled as __context__, cutting a cycle that this would close.
void set_context(Thread& t, BaseException* exception) {
  Value handled = handled_exception(t);
  if (handled.is_none() || handled.same_word(exception)) return;
  Ref keep = Ref::copy(handled);
  // Floyd's cycle check guards against contexts that already form a ring.
  Value slow = keep.get();
  bool advance_slow = false;
  Value link = keep.get();
  while (true) {
    Value next = link.as<BaseException>()->context.peek();
    if (next.is_empty()) break;
    if (next.same_word(exception)) {
      link.as<BaseException>()->context.clear(link.object());
      break;
    }
    link = next;
    if (link.same_word(slow)) break;
    if (advance_slow) slow = slow.as<BaseException>()->context.peek();
    advance_slow = !advance_slow;
  }
  exception->context.store(exception, std::move(keep));
}

}  // namespace

Value handled_exception(Thread& t) {
  for (ExceptionItem* item = t.exception_top; item != nullptr; item = item->previous)
    if (!item->exception.is_none() && !item->exception.is_empty()) return item->exception;
  return None;
}

Ref make_exception(Thread& t, Type* type, Value argument) {
  Ref plain = make_plain_exception(t, type, &argument, argument.is_empty() ? 0 : 1);
  if (!plain.is_empty()) return plain;
  if (argument.is_empty()) return call(t, type);
  return call_with(t, type, argument);
}

Raised raise_exception(Thread& t, Ref&& exception) {
  set_context(t, exception.as<BaseException>());
  set_pending(t, std::move(exception));
  return {};
}

Raised raise_value(Thread& t, Type* type, Value argument) {
  Ref keep = Ref::copy(argument);
  Ref exception = make_exception(t, type, argument);
  if (exception.failed()) return {};
  if (!is_BaseException(exception))
    return raise(t, exc::TypeError, "calling %N should have returned an instance of BaseException, not %T", type,
                 exception.get());
  return raise_exception(t, std::move(exception));
}

Raised raise_none(Thread& t, Type* type) { return raise_value(t, type, EMPTY); }

Raised raise(Thread& t, Type* type, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  RefTo<Str> message =
      std::strchr(format, '%') == nullptr ? str_from_utf8(t, format) : str_vformat(t, format, arguments);
  va_end(arguments);
  if (message.failed()) return {};
  return raise_value(t, type, message);
}

Raised raise_no_memory(Thread& t) {
  Ref exception = Ref::error();
  exception = allocate_instance(t, exc::MemoryError);
  if (exception.failed()) return {};
  exception.as<BaseException>()->args.init(exception.object(), Value(empty_tuple()));
  return raise_exception(t, std::move(exception));
}

Raised raise_key_error(Thread& t, Value key) {
  Ref exception = make_exception(t, exc::KeyError, key);
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

Raised raise_stop_iteration(Thread& t, Value value) {
  if (value.is_empty()) return raise_none(t, exc::StopIteration);
  Ref exception = make_exception(t, exc::StopIteration, value);
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

Raised raise_errno(Thread& t, int error, Value filename, Value filename2) {
  if (error == EINTR && t.is_main && poll_wanted(t)) {
    Status status = safepoint(t);
    if (status.failed()) return {};
  }
  char text[256];
  const char* message = strerror_r(error, text, sizeof text);
  RefTo<Str> str = str_from_utf8(t, message);
  if (str.failed()) return {};
  Value words[5] = {Value::small_int(error), str, None, None, None};
  u32 n = 2;
  if (!filename.is_empty() && !filename.is_none()) {
    words[2] = filename;
    n = 3;
    if (!filename2.is_empty() && !filename2.is_none()) {
      words[4] = filename2;
      n = 5;
    }
  }
  Ref exception = call(t, oserror_subclass(error), Args{words, n});
  if (exception.failed()) return {};
  return raise_exception(t, std::move(exception));
}

Raised raise_attribute_error(Thread& t, Value object, Str* name) {
  return raise_attribute_error(t, object, name,
                               is_type(object) ? str_format(t, "type object '%N' has no attribute '%U'", object.as<Type>(), name)
                                               : str_format(t, "'%T' object has no attribute '%U'", object, name));
}

Raised raise_attribute_error(Thread& t, Value object, Str* name, RefTo<Str>&& message) {
  if (message.failed()) return {};
  Ref exception = make_exception(t, exc::AttributeError, message);
  if (exception.failed()) return {};
  auto* e = exception.as<AttributeErrorObject>();
  e->name.store(e, Value(name));
  e->obj.store(e, object);
  return raise_exception(t, std::move(exception));
}

Raised raise_name_error(Thread& t, Str* name) {
  RefTo<Str> message = str_format(t, "name '%U' is not defined", name);
  if (message.failed()) return {};
  Ref exception = make_exception(t, exc::NameError, message);
  if (exception.failed()) return {};
  auto* e = exception.as<NameErrorObject>();
  e->name.store(e, Value(name));
  return raise_exception(t, std::move(exception));
}

Raised raise_import_error(Thread& t, Type* type, Value message, Value name, Value path) {
  Ref exception = make_exception(t, type, message);
  if (exception.failed()) return {};
  auto* e = exception.as<ImportErrorObject>();
  if (!name.is_empty()) e->name.store(e, name);
  if (!path.is_empty()) e->path.store(e, path);
  return raise_exception(t, std::move(exception));
}

Raised raise_not_there(Thread& t, const char* what) {
  return raise(t, exc::NotImplementedError, "typhon: %s is not there yet", what);
}

bool pending_matches(Thread& t, Type* type) {
  return !t.pending.is_empty() && is_instance_of(t.pending, type);
}

Ref take_exception(Thread& t) {
  Value pending = t.pending;
  t.pending = EMPTY;
  return Ref::adopt(pending);
}

void restore_exception(Thread& t, Ref&& exception) { set_pending(t, std::move(exception)); }
void clear_exception(Thread& t) { set_pending(t, Ref()); }

bool clear_if(Thread& t, Type* type) {
  if (!pending_matches(t, type)) return false;
  clear_exception(t);
  return true;
}

ExceptionSaver::ExceptionSaver(Thread& t) : thread_(t), saved_(t.pending) { t.pending = EMPTY; }
ExceptionSaver::~ExceptionSaver() { set_pending(thread_, Ref::adopt(saved_)); }

Result<bool> exception_matches(Thread& t, Value exception, Value c) {
  constexpr const char* kMessage = "catching classes that do not inherit from BaseException is not allowed";
  if (c.same_word(type_of(exception))) return true;
  if (is_tuple(c)) {
    Tuple* tuple = c.as<Tuple>();
    for (u64 i = 0; i < tuple->size; i++) {
      Value item = tuple->items[i].peek();
      if (!is_type(item) || !is_subtype(item.as<Type>(), exc::BaseException))
        return raise(t, exc::TypeError, kMessage);
    }
    for (u64 i = 0; i < tuple->size; i++)
      if (is_instance_of(exception, tuple->items[i].as<Type>())) return true;
    return false;
  }
  if (!is_type(c) || !is_subtype(c.as<Type>(), exc::BaseException)) return raise(t, exc::TypeError, kMessage);
  return is_instance_of(exception, c.as<Type>());
}

namespace {

// The exception that `raise X` means: an instance as it is, a class called.
Ref exception_instance(Thread& t, Value v, const char* message) {
  if (is_BaseException(v)) return Ref::copy(v);
  if (is_type(v) && is_subtype(v.as<Type>(), exc::BaseException)) {
    Ref instance = TRY(make_plain_exception(t, v.as<Type>(), nullptr, 0));
    if (!instance.is_empty()) return instance;
    instance = TRY(call(t, v));
    if (!is_BaseException(instance))
      return raise(t, exc::TypeError, "calling %R should have returned an instance of BaseException, not %R", v,
                   Value(type_of(instance)));
    return instance;
  }
  return raise(t, exc::TypeError, message);
}

}  // namespace

Raised raise_statement(Thread& t, Value value, Value cause) {
  Ref exception = exception_instance(t, value, "exceptions must derive from BaseException");
  if (exception.failed()) return {};
  if (!cause.is_empty()) {
    auto* e = exception.as<BaseException>();
    if (cause.is_none()) {
      e->cause.clear(e);
    } else {
      Ref reason = exception_instance(t, cause, "exception causes must derive from BaseException");
      if (reason.failed()) return {};
      e->cause.store(e, std::move(reason));
    }
    e->suppress_context = true;
  }
  return raise_exception(t, std::move(exception));
}

void write_unraisable(Thread& t, const char* where, Value object) {
  Ref exception = take_exception(t);
  if (exception.is_empty()) return;
  if (exception.as<BaseException>()->traceback.is_empty() && t.frame != nullptr) {
    restore_exception(t, std::move(exception));
    add_traceback(t, t.frame);
    exception = take_exception(t);
  }
  report_unraisable(t, exception, where, object);
  clear_exception(t);
}

Status warn(Thread& t, Type* category, int stack_level, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  RefTo<Str> message = str_vformat(t, format, arguments);
  va_end(arguments);
  if (message.failed()) return Raised{};
  return warn_message(t, category, message, stack_level);
}

}  // namespace typhon
