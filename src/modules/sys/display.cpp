// How exceptions that nobody caught are shown: sys.excepthook, sys.unraisablehook, and the way out of the program.
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "modules/sys/sys.h"
#include "runtime/library.h"

namespace typhon {

void write_stderr(Thread& t, Str* text) {
  ExceptionSaver saver(t);
  Ref err = sys_get(t, names::stderr_);
  if (!err.is_empty() && !err.get().is_none()) {
    Ref done = call_method_with(t, err, names::write, Value(text));
    if (!done.failed()) {
      done = call_method_with(t, err, names::flush);
      if (done.failed()) clear_exception(t);
      return;
    }
    clear_exception(t);
  }
  Utf8Buffer buffer;
  std::string_view bytes = str_utf8(text, buffer);
  while (!bytes.empty()) {
    ssize_t n = write(2, bytes.data(), bytes.size());
    if (n <= 0) return;
    bytes.remove_prefix(size_t(n));
  }
}

namespace {

void write_text(Thread& t, const char* utf8) {
  RefTo<Str> text = str_from_utf8(t, utf8);
  if (text.failed())
    clear_exception(t);
  else
    write_stderr(t, text.get());
}

RefTo<Str> safe_repr(Thread& t, Value object) {
  RefTo<Str> shown = object_repr(t, object);
  if (!shown.failed()) return shown;
  clear_exception(t);
  return str_from_ascii(t, "<object repr() failed>");
}

// "module.Class", without the module for the built-in ones and those of __main__.
RefTo<Str> qualified_name(Thread& t, Value exception) {
  Value type = Value(type_of(exception));
  Ref name = get_attribute_utf8(t, type, "__qualname__"), module = get_attribute_utf8(t, type, "__module__");
  if (name.failed() || module.failed() || !is_str(name) || !is_str(module)) {
    clear_exception(t);
    return str_format(t, "%T", exception);
  }
  Str* m = module.as<Str>();
  if (m->equals_ascii("builtins") || m->equals_ascii("__main__")) return RefTo<Str>::copy(name.as<Str>());
  return str_format(t, "%U.%U", m, name.as<Str>());
}

// The source line, stripped; EMPTY when it cannot be had.
Ref source_line(Thread& t, Value module, Value file, Value line) {
  if (module.is_empty() || module.is_none()) return Ref();
  Ref text = call_method_with(t, module, str_immortal(t, "getline"), file, line);
  if (!text.failed()) text = call_method_with(t, text, str_immortal(t, "strip"));
  if (text.failed()) {
    clear_exception(t);
    return Ref();
  }
  return is_str(text) && text.as<Str>()->length() != 0 ? std::move(text) : Ref();
}

// "Traceback (most recent call last):" and so on without traceback.py: file, line, function of each row.
void display_plainly(Thread& t, Value exception) {
  auto* e = exception.as<BaseException>();
  Ref row = e->traceback.load();
  if (!row.is_empty()) write_text(t, "Traceback (most recent call last):\n");
  Str* library = str_immortal(t, "linecache");
  Ref lines = row.is_empty() || g_finalizing ? dict_get_str(t, sys_modules(t), library) : import_module(t, "linecache");
  if (lines.failed()) {
    clear_exception(t);
    lines = Ref();
  }
  while (!row.is_empty() && !row.get().is_none()) {
    Ref line = get_attribute_utf8(t, row, "tb_lineno");
    Ref frame = row.as<Traceback>()->frame.load();
    Ref code = frame.failed() || frame.is_empty() ? Ref() : get_attribute_utf8(t, frame, "f_code");
    if (!line.failed() && is_code(code)) {
      Ref file = code.as<Code>()->filename.load(), name = code.as<Code>()->name.load();
      RefTo<Str> text = str_format(t, "  File \"%S\", line %S, in %S\n", file.get(), line.get(), name.get());
      if (!text.failed()) write_stderr(t, text.get());
      Ref source = source_line(t, lines, file, line);
      text = source.is_empty() ? RefTo<Str>() : str_format(t, "    %S\n", source.get());
      if (!text.failed() && !text.is_empty()) write_stderr(t, text.get());
    }
    if (exception_pending(t)) clear_exception(t);
    row = row.as<Traceback>()->next.load();
  }
  RefTo<Str> message = object_str(t, exception);
  if (message.failed()) {
    clear_exception(t);
    message = str_from_ascii(t, "<exception str() failed>");
  }
  RefTo<Str> name = qualified_name(t, exception);
  RefTo<Str> text = name.failed() ? RefTo<Str>(Raised{}) : str_format(t, "%U: %U\n", name.get(), message.get());
  if (text.failed())
    clear_exception(t);
  else write_stderr(t, text.get());
}

}  // namespace

void display_exception(Thread& t, Value exception) {
  ExceptionSaver saver(t);
  Ref err = sys_get(t, names::stderr_);
  if (!err.is_empty() && err.get().is_none()) return;
  Ref module = g_finalizing ? Ref() : import_module(t, "traceback");
  Ref print = module.is_empty() || module.failed() ? Ref() : get_attribute_utf8(t, module, "_print_exception_bltin");
  if (!print.is_empty() && !print.failed()) {
    Ref done = call_with(t, print, exception);
    if (!done.failed()) {
      if (!err.is_empty()) {
        Ref flushed = call_method_with(t, err, names::flush);
        if (flushed.failed()) clear_exception(t);
      }
      return;
    }
  }
  if (getenv("TYPHON_DEBUG_TRACEBACK") != nullptr && exception_pending(t)) {
    Ref second = take_exception(t);
    display_plainly(t, second);
  }
  clear_exception(t);
  display_plainly(t, exception);
}

void print_unraisable(Thread& t, Value arguments) {
  ExceptionSaver saver(t);
  Ref value = get_attribute_utf8(t, arguments, "exc_value");
  Ref message = get_attribute_utf8(t, arguments, "err_msg");
  Ref object = get_attribute_utf8(t, arguments, "object");
  if (value.failed() || message.failed() || object.failed()) {
    clear_exception(t);
    return;
  }
  RefTo<Str> text;
  if (!object.get().is_none()) {
    RefTo<Str> shown = safe_repr(t, object);
    text = message.get().is_none() ? str_format(t, "Exception ignored in: %U\n", shown.get())
                                   : str_format(t, "%S: %U\n", message.get(), shown.get());
  } else if (!message.get().is_none()) {
    text = str_format(t, "%S:\n", message.get());
  }
  if (text.failed())
    clear_exception(t);
  else if (!text.is_empty())
    write_stderr(t, text.get());
  // Without the exceptions it is chained to, and without carets.
  if (is_BaseException(value)) display_plainly(t, value);
}

void report_unraisable(Thread& t, Value exception, const char* where, Value object) {
  ExceptionSaver saver(t);
  Ref traceback = exception.as<BaseException>()->traceback.load();
  // As since 3.14: a message that says where names the object itself.
  RefTo<Str> message;
  if (where != nullptr) {
    message = object.is_empty() ? str_format(t, "Exception ignored %s", where)
                                : str_format(t, "Exception ignored %s %R", where, object);
    if (message.failed()) {
      // There is no message when it cannot be made.
      clear_exception(t);
      message = RefTo<Str>();
    }
    object = EMPTY;
  }
  Value words[] = {Value(type_of(exception)), exception, traceback.is_empty() ? None : traceback.get(),
                   message.is_empty() ? None : message.value(), object.is_empty() ? None : object};
  Ref arguments = unraisable_arguments(t, words);
  if (arguments.failed()) return clear_exception(t);
  Ref hook = sys_get(t, names::unraisablehook);
  if (hook.is_empty() || hook.get().is_none()) return print_unraisable(t, arguments);
  Ref done = call_with(t, hook, arguments);
  if (done.failed()) {
    Ref second = take_exception(t);
    write_text(t, "Exception ignored in sys.unraisablehook:\n");
    display_exception(t, second);
  }
}

namespace {

void flush_stream(Thread& t, Str* name) {
  Ref stream = sys_get(t, name);
  if (stream.is_empty() || stream.get().is_none()) return;
  Ref done = call_method_with(t, stream, names::flush);
  if (done.failed()) clear_exception(t);
}

// SystemExit: its code, printing anything that is no int.
int system_exit_code(Thread& t, Value exception) {
  Ref code = get_attribute_utf8(t, exception, "code");
  if (code.failed()) {
    clear_exception(t);
    return 1;
  }
  if (code.is_empty() || code.get().is_none()) return 0;
  if (is_int(code)) {
    i64 n;
    return int_fits_i64(code, &n) ? int(n) : -1;
  }
  flush_stream(t, names::stdout_);
  RefTo<Str> text = str_format(t, "%S\n", code.get());
  if (text.failed())
    clear_exception(t);
  else
    write_stderr(t, text.get());
  return 1;
}

}  // namespace

int print_pending_and_exit_code(Thread& t) {
  Ref exception = take_exception(t);
  if (exception.is_empty()) return 1;
  if (is_instance_of(exception, exc::SystemExit)) return system_exit_code(t, exception);
  bool interrupted = is_instance_of(exception, exc::KeyboardInterrupt);
  flush_stream(t, names::stdout_);
  Ref traceback = exception.as<BaseException>()->traceback.load();
  ignore_failure(t, dict_set_str(t, sys_dict(), str_immortal(t, "last_exc"), exception));
  ignore_failure(t, dict_set_str(t, sys_dict(), str_immortal(t, "last_type"), Value(type_of(exception))));
  ignore_failure(t, dict_set_str(t, sys_dict(), str_immortal(t, "last_value"), exception));
  ignore_failure(t, dict_set_str(t, sys_dict(), str_immortal(t, "last_traceback"), traceback.is_empty() ? None : traceback.get()));
  Ref hook = sys_get(t, names::excepthook);
  if (hook.is_empty() || hook.get().is_none()) {
    write_text(t, "sys.excepthook is missing\n");
    display_exception(t, exception);
  } else {
    Ref done = call_with(t, hook, Value(type_of(exception)), exception, traceback.is_empty() ? None : traceback.get());
    if (done.failed()) {
      Ref second = take_exception(t);
      if (is_instance_of(second, exc::SystemExit)) return system_exit_code(t, second);
      write_text(t, "Error in sys.excepthook:\n");
      display_exception(t, second);
      write_text(t, "\nOriginal exception was:\n");
      display_exception(t, exception);
    }
  }
  return interrupted ? kExitInterrupted : 1;
}

}  // namespace typhon
