// The module builtins: its functions. Types and exceptions are added at the foot; iteration and aggregation functions are in
// aggregate.cpp, class creation in build_class.cpp.
#include "modules/accelerate.h"
#include "modules/builtins/builtins.h"

#include "interpreter/inlined.h"
#include "interpreter/interpreter.h"
#include "objects/codecs.h"
#include "objects/generator.h"
#include "objects/itertypes.h"
#include "runtime/library.h"

namespace typhon {
namespace {

Ref f_abs(Thread& t, Value, const Value* a) { return unary_op(t, UnaryOp::kAbsolute, a[0]); }
Ref f_ascii(Thread& t, Value, const Value* a) { return object_ascii(t, a[0]); }
Ref f_callable(Thread&, Value, const Value* a) { return Ref::boolean(is_callable(a[0])); }
Ref f_repr(Thread& t, Value, const Value* a) { return object_repr(t, a[0]); }
Ref f_id(Thread& t, Value, const Value* a) { return int_from_u64(t, object_id(t, a[0])); }
Ref f_len(Thread& t, Value, const Value* a) { return int_from(t, TRY(length(t, a[0]))); }
Ref f_hash(Thread& t, Value, const Value* a) { return int_from(t, TRY(object_hash(t, a[0]))); }
Ref f_isinstance(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(is_instance(t, a[0], a[1]))); }
Ref f_issubclass(Thread& t, Value, const Value* a) { return Ref::boolean(TRY(is_subclass(t, a[0], a[1]))); }
Ref f_divmod(Thread& t, Value, const Value* a) { return binary_op(t, BinaryOp::kDivmod, a[0], a[1]); }
Ref f_pow(Thread& t, Value, const Value* a) { return power(t, a[0], a[1], a[2].is_empty() ? None : a[2]); }

template <int base>
Ref f_radix(Thread& t, Value, const Value* a) {
  Ref n = TRY(to_index(t, a[0]));
  return int_to_str(t, n, base, true);
}

Ref f_chr(Thread& t, Value, const Value* a) {
  i64 code = TRY(to_clamped_i64(t, a[0]));
  if (code < 0 || code > 0x10FFFF) return raise(t, exc::ValueError, "chr() arg not in range(0x110000)");
  return str_from_char(t, u32(code));
}

Ref f_ord(Thread& t, Value, const Value* a) {
  i64 size;
  if (is_str(a[0])) {
    if (a[0].as<Str>()->length() == 1) return Ref::adopt(Value::small_int(a[0].as<Str>()->at(0)));
    size = i64(a[0].as<Str>()->length());
  } else if (is_bytes(a[0])) {
    if (a[0].as<Bytes>()->size == 1) return Ref::adopt(Value::small_int(a[0].as<Bytes>()->data[0]));
    size = i64(a[0].as<Bytes>()->size);
  } else if (is_bytearray(a[0])) {
    ByteView view(t);
    TRY(view.get(a[0]));
    if (view.size() == 1) return Ref::adopt(Value::small_int(view.data()[0]));
    size = i64(view.size());
  } else {
    return raise(t, exc::TypeError, "ord() expected string of length 1, but %T found", a[0]);
  }
  return raise(t, exc::TypeError, "ord() expected a character, but string of length %zd found", size);
}

// --- attributes
Ref attribute_name(Thread& t, Value v) {
  if (!is_str(v)) return raise(t, exc::TypeError, "attribute name must be string, not '%T'", v);
  return str_intern(t, v);
}
Ref f_getattr(Thread& t, Value, const Value* a) {
  Ref name = TRY(attribute_name(t, a[1]));
  if (a[2].is_empty()) {
    Ref value = get_attribute(t, a[0], name.as<Str>());
    if (value.failed() && !is_exact_str(a[1]) && pending_matches(t, exc::AttributeError)) {
      // The exception has the name as it was given, of whatever subclass.
      auto* e = t.pending.as<AttributeErrorObject>();
      if (e->name.peek().same_word(name.get())) e->name.store(e, a[1]);
    }
    return value;
  }
  Ref value = TRY(get_attribute_or_empty(t, a[0], name.as<Str>()));
  return value.is_empty() ? Ref::copy(a[2]) : std::move(value);
}
Ref f_hasattr(Thread& t, Value, const Value* a) {
  Ref name = TRY(attribute_name(t, a[1]));
  Ref value = TRY(get_attribute_or_empty(t, a[0], name.as<Str>()));
  return Ref::boolean(!value.is_empty());
}
Ref f_setattr(Thread& t, Value, const Value* a) {
  Ref name = TRY(attribute_name(t, a[1]));
  TRY(set_attribute(t, a[0], name.as<Str>(), a[2]));
  return Ref::none();
}
Ref f_delattr(Thread& t, Value, const Value* a) {
  Ref name = TRY(attribute_name(t, a[1]));
  TRY(delete_attribute(t, a[0], name.as<Str>()));
  return Ref::none();
}

Ref f_dir(Thread& t, Value, const Value* a) {
  if (!a[0].is_empty()) return object_dir(t, a[0]);
  Ref locals = TRY(current_locals(t));
  Ref keys;
  if (type_of(locals) == types::dict)
    keys = TRY(dict_keys_list(t, locals.as<Dict>()));
  else
    keys = TRY(call_method_with(t, locals, names::keys));
  RefTo<List> list = TRY(to_list(t, keys));
  TRY(list_sort_py(t, list.get(), EMPTY, false));
  return list;
}
Ref f_vars(Thread& t, Value, const Value* a) {
  if (a[0].is_empty()) return current_locals(t);
  Ref dict = TRY(get_attribute_or_empty(t, a[0], names::__dict__));
  if (dict.is_empty()) return raise(t, exc::TypeError, "vars() argument must have __dict__ attribute");
  return dict;
}
Ref f_globals(Thread& t, Value, const Value*) { return current_globals(t); }
Ref f_locals(Thread& t, Value, const Value*) { return current_locals(t); }

Ref f_format(Thread& t, Value, const Value* a) { return object_format(t, a[0], a[1]); }

// --- iteration
Ref f_iter(Thread& t, Value, const Value* a) {
  if (a[1].is_empty()) return get_iter(t, a[0]);
  if (!is_callable(a[0])) return raise(t, exc::TypeError, "iter(v, w): v must be callable");
  return callable_iterator_new(t, a[0], a[1]);
}
Ref f_next(Thread& t, Value, const Value* a) {
  NextFn fn = type_of(a[0])->slots.next;
  if (fn == nullptr) return raise(t, exc::TypeError, "'%T' object is not an iterator", a[0]);
  Ref item = fn(t, a[0]);
  if (item.failed()) {
    if (!a[1].is_empty() && clear_if(t, exc::StopIteration)) return Ref::copy(a[1]);
    return item;
  }
  if (!item.is_empty()) return item;
  if (!a[1].is_empty()) return Ref::copy(a[1]);
  return raise_none(t, exc::StopIteration);
}
Ref f_aiter(Thread& t, Value, const Value* a) {
  UnaryFn fn = type_of(a[0])->slots.aiter;
  if (fn == nullptr) return raise(t, exc::TypeError, "'%T' object is not an async iterable", a[0]);
  Ref iterator = TRY(fn(t, a[0]));
  if (type_of(iterator)->slots.anext == nullptr)
    return raise(t, exc::TypeError, "aiter() returned not an async iterator of type '%T'", iterator.get());
  return iterator;
}
Ref f_anext(Thread& t, Value, const Value* a) {
  UnaryFn fn = type_of(a[0])->slots.anext;
  if (fn == nullptr) return raise(t, exc::TypeError, "'%T' object is not an async iterator", a[0]);
  Ref awaitable = TRY(fn(t, a[0]));
  if (a[1].is_empty()) return awaitable;
  return anext_with_default(t, awaitable, a[1]);
}

Ref f_round(Thread& t, Value, const Value* a) {
  Ref hook = TRY(lookup_special(t, a[0], names::__round__));
  if (hook.is_empty()) return raise(t, exc::TypeError, "type %T doesn't define __round__ method", a[0]);
  if (a[1].is_empty() || a[1].is_none()) return call(t, hook);
  return call_with(t, hook, a[1]);
}

// --- code
Ref source_text(Thread& t, Value source, const char* function, bool* is_bytes_source, Utf8Buffer& buffer, ByteView& view,
                std::string_view* out) {
  if (is_str(source)) {
    *is_bytes_source = false;
    if (!source.as<Str>()->is_ascii()) TRY(encode_utf8(t, source.as<Str>()));  // raises for what UTF-8 has no bytes for
    *out = str_utf8(source.as<Str>(), buffer);
  } else if (has_buffer(source)) {
    *is_bytes_source = true;
    TRY(view.get(source));
    *out = {reinterpret_cast<char*>(view.data()), view.size()};
  } else {
    return raise(t, exc::TypeError, "%s() arg 1 must be a string, bytes or %s object", function,
                 strcmp(function, "compile") == 0 ? "AST" : "code");
  }
  if (out->find('\0') != std::string_view::npos) return raise(t, exc::SyntaxError, "source code string cannot contain null bytes");
  return Ref::none();
}

Ref f_compile(Thread& t, Value, const Value* a) {
  Ref filename = TRY(decode_filename(t, a[1]));
  for (size_t i = 0; i < filename.as<Str>()->length(); i++)
    if (filename.as<Str>()->at(i) == 0) return raise(t, exc::ValueError, "embedded null character");
  if (!is_str(a[2])) return raise(t, exc::TypeError, "compile() argument 'mode' must be str, not %Q", a[2]);
  TRY(check_codec_name(t, a[2]));
  Utf8Buffer mode_buffer;
  std::string_view mode = str_utf8(a[2].as<Str>(), mode_buffer);
  i64 flags = a[3].is_empty() ? 0 : TRY(to_i64(t, a[3]));
  bool dont_inherit = !a[4].is_empty() && TRY(truth(t, a[4]));
  i64 optimize = a[5].is_empty() ? -1 : TRY(to_i64(t, a[5]));
  i64 feature = a[6].is_empty() ? -1 : TRY(to_i64(t, a[6]));
  // The __future__ flags, CO_NESTED, and the PyCF_ flags that programs may give.
  constexpr i64 kKnown = 0x1FE0000 | 0x10 | 0x200 | 0x400 | 0x1000 | 0x2000 | 0x4000 | 0x8000;
  if (flags & ~kKnown) return raise(t, exc::ValueError, "compile(): unrecognised flags");
  if (optimize < -1 || optimize > 2) return raise(t, exc::ValueError, "compile(): invalid optimize value");
  bool func_type = mode == "func_type";
  if (func_type && !(flags & 0x400)) return raise(t, exc::ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
  if (mode != "exec" && mode != "eval" && mode != "single" && !func_type)
    return raise(t, exc::ValueError, (flags & 0x400) ? "compile() mode must be 'exec', 'eval', 'single' or 'func_type'"
                                                     : "compile() mode must be 'exec', 'eval' or 'single'");
  char mode_text[16];
  memcpy(mode_text, mode.data(), mode.size());
  mode_text[mode.size()] = 0;
  Ref tree = TRY(compile_ast_object(t, a[0], filename, mode_text, int(flags), dont_inherit, int(optimize)));
  if (!tree.is_empty()) return tree;
  bool bytes_source;
  Utf8Buffer buffer;
  ByteView view(t);
  std::string_view source;
  TRY(source_text(t, a[0], "compile", &bytes_source, buffer, view, &source));
  return compile_source(t, source, filename, mode_text, int(flags), dont_inherit, int(optimize), bytes_source, false,
                        (flags & 0x400) && feature >= 0 ? int(std::min<i64>(feature, 14)) : -1);
}

// Namespaces for eval and exec: the caller's where none is given.
Status namespaces(Thread& t, const char* function, Value globals, Value locals, Ref* out_globals, Ref* out_locals) {
  bool no_globals = globals.is_empty() || globals.is_none();
  if (!no_globals && !is_dict(globals)) {
    if (strcmp(function, "eval") == 0)
      return raise(t, exc::TypeError, is_mapping(globals) ? "globals must be a real dict; try eval(expr, {}, mapping)" : "globals must be a dict");
    return raise(t, exc::TypeError, "%s() globals must be a dict, not %T", function, globals);
  }
  if (!locals.is_empty() && !locals.is_none() && !is_mapping(locals)) {
    if (strcmp(function, "eval") == 0) return raise(t, exc::TypeError, "locals must be a mapping");
    return raise(t, exc::TypeError, "locals must be a mapping or None, not %T", locals);
  }
  if (no_globals) {
    *out_globals = TRY(current_globals(t));
    if (locals.is_empty() || locals.is_none())
      *out_locals = TRY(current_locals(t));
    else
      *out_locals = Ref::copy(locals);
  } else {
    *out_globals = Ref::copy(globals);
    *out_locals = Ref::copy(locals.is_empty() || locals.is_none() ? globals : locals);
  }
  Dict* dict = out_globals->as<Dict>();
  if (dict_peek_str(dict, names::__builtins__).is_empty()) {
    Ref builtins = TRY(current_builtins(t));
    TRY(dict_set_str(t, dict, names::__builtins__, builtins));
  }
  return ok();
}

Ref f_eval(Thread& t, Value, const Value* a) {
  Ref globals, locals;
  TRY(namespaces(t, "eval", a[1], a[2], &globals, &locals));
  Ref code = Ref::copy(a[0]);
  if (!is_code(code)) {
    bool bytes_source;
    Utf8Buffer buffer;
    ByteView view(t);
    std::string_view source;
    TRY(source_text(t, a[0], "eval", &bytes_source, buffer, view, &source));
    while (!source.empty() && (source[0] == ' ' || source[0] == '\t')) source.remove_prefix(1);
    code = TRY(compile_source(t, source, names::string_, "eval", 0, false, -1, bytes_source));
  }
  if (code.as<Code>()->free_count != 0)
    return raise(t, exc::TypeError, "code object passed to eval() may not contain free variables");
  return run_code(t, code.as<Code>(), globals, locals);
}

Ref f_exec(Thread& t, Value, const Value* a) {
  Ref globals, locals;
  TRY(namespaces(t, "exec", a[1], a[2], &globals, &locals));
  Ref code = Ref::copy(a[0]);
  Value closure = a[3].is_none() ? EMPTY : a[3];
  if (is_code(code)) {
    u32 wanted = code.as<Code>()->free_count;
    if (wanted == 0) {
      if (!closure.is_empty()) return raise(t, exc::TypeError, "cannot use a closure with this code object");
    } else {
      bool fine = !closure.is_empty() && is_exact_tuple(closure) && closure.as<Tuple>()->size == wanted;
      for (u32 i = 0; fine && i < wanted; i++) fine = is_cell(closure.as<Tuple>()->items[i].peek());
      if (!fine) return raise(t, exc::TypeError, "code object requires a closure of exactly length %d", int(wanted));
    }
  } else {
    if (!closure.is_empty()) return raise(t, exc::TypeError, "closure argument can only be used if source is a code object");
    bool bytes_source;
    Utf8Buffer buffer;
    ByteView view(t);
    std::string_view source;
    TRY(source_text(t, a[0], "exec", &bytes_source, buffer, view, &source));
    code = TRY(compile_source(t, source, names::string_, "exec", 0, false, -1, bytes_source));
  }
  TRY(run_code(t, code.as<Code>(), globals, locals, closure));
  if (is_exact_dict(globals.get())) TRY(accelerate_module(t, code.as<Code>(), globals.as<Dict>()));
  return Ref::none();
}

Ref f_import(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "module name must be a string");
  i64 level = a[4].is_empty() ? 0 : TRY(to_i64(t, a[4]));
  return import_module_level(t, a[0].as<Str>(), a[1].is_empty() ? None : a[1], a[3].is_empty() ? Value(empty_tuple()) : a[3], level);
}

Ref f_breakpoint(Thread& t, Value, Args args) {
  Ref hook = TRY(sys_get(t, str_immortal(t, "breakpointhook")));
  if (hook.is_empty()) return raise(t, exc::RuntimeError, "lost sys.breakpointhook");
  return call(t, hook, args);
}

// --- text in and out
Ref f_print(Thread& t, Value, const Value* a) {
  // (*args, sep=' ', end='\n', file=None, flush=False)
  auto* items = a[0].as<Tuple>();
  Value sep = a[1].is_none() ? EMPTY : a[1], end = a[2].is_none() ? EMPTY : a[2];
  if (!sep.is_empty() && !is_str(sep)) return raise(t, exc::TypeError, "sep must be None or a string, not %T", sep);
  if (!end.is_empty() && !is_str(end)) return raise(t, exc::TypeError, "end must be None or a string, not %T", end);
  Ref file = a[3].is_empty() || a[3].is_none() ? TRY(sys_get(t, names::stdout_)) : Ref::copy(a[3]);
  if (file.is_empty()) return raise(t, exc::RuntimeError, "lost sys.stdout");
  if (file.get().is_none()) return Ref::none();
  Ref write = TRY(get_attribute(t, file, names::write));
  for (u64 i = 0; i < items->size; i++) {
    if (i > 0) {
      RefTo<Str> space = sep.is_empty() ? TRY(str_from_char(t, ' ')) : RefTo<Str>::copy(sep.as<Str>());
      TRY(call_with(t, write, space));
    }
    RefTo<Str> text = TRY(object_str(t, items->items[i].peek()));
    TRY(call_with(t, write, text));
  }
  RefTo<Str> newline = end.is_empty() ? TRY(str_from_char(t, '\n')) : RefTo<Str>::copy(end.as<Str>());
  TRY(call_with(t, write, newline));
  if (!a[4].is_empty() && TRY(truth(t, a[4]))) TRY(call_method_with(t, file, names::flush));
  return Ref::none();
}

Ref f_input(Thread& t, Value, const Value* a) {
  Ref in = TRY(sys_get(t, names::stdin_)), out = TRY(sys_get(t, names::stdout_)), err = TRY(sys_get(t, names::stderr_));
  if (in.is_empty() || in.get().is_none()) return raise(t, exc::RuntimeError, "lost sys.stdin");
  if (out.is_empty() || out.get().is_none()) return raise(t, exc::RuntimeError, "lost sys.stdout");
  // A stream that cannot be flushed does not matter here.
  auto flush = [&](Value stream) {
    if (call_method_with(t, stream, names::flush).failed()) clear_exception(t);
  };
  if (!err.is_empty() && !err.get().is_none()) flush(err);
  if (!a[0].is_empty()) {
    RefTo<Str> prompt = TRY(object_str(t, a[0]));
    TRY(call_method_with(t, out, names::write, prompt));
  }
  flush(out);
  Ref line = TRY(call_method_with(t, in, names::readline));
  if (!is_str(line)) return raise(t, exc::TypeError, "object.readline() returned non-string");
  Str* text = line.as<Str>();
  if (text->length() == 0) return raise(t, exc::EOFError, "EOF when reading a line");
  if (text->at(text->length() - 1) == '\n') return str_substring(t, text, 0, text->length() - 1);
  return line;
}

const Method kFunctions[] = {
    raw_method("__build_class__", build_class, nullptr,
               "__build_class__(func, name, /, *bases, [metaclass], **kwds) -> class\n\nInternal helper function used by the class statement."),
    method("__import__", f_import, "(name, globals=None, locals=None, fromlist=(), level=0)", "Import a module."),
    method("abs", f_abs, "(number, /)", "Return the absolute value of the argument."),
    method("aiter", f_aiter, "(async_iterable, /)", "Return an AsyncIterator for an AsyncIterable object."),
    method("all", builtin_all, "(iterable, /)", "Return True if bool(x) is True for all values x in the iterable."),
    method("anext", f_anext, "(aiterator, default=<unrepresentable>, /)", "Return the next item from the async iterator."),
    method("any", builtin_any, "(iterable, /)", "Return True if bool(x) is True for any x in the iterable."),
    method("ascii", f_ascii, "(obj, /)", "Return an ASCII-only representation of an object."),
    method("bin", f_radix<2>, "(number, /)", "Return the binary representation of an integer."),
    raw_method("breakpoint", f_breakpoint, "(*args, **kws)", "Call sys.breakpointhook(*args, **kws)."),
    method("callable", f_callable, "(obj, /)", "Return whether the object is callable (i.e., some kind of function)."),
    method("chr", f_chr, "(i, /)", "Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff."),
    method("compile", f_compile, "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)",
           "Compile source into a code object that can be executed by exec() or eval()."),
    method("delattr", f_delattr, "(obj, name, /)", "Deletes the named attribute from the given object."),
    method("dir", f_dir, "(object=<unrepresentable>, /)", "Show attributes of an object."),
    method("divmod", f_divmod, "(x, y, /)", "Return the tuple (x//y, x%y).  Invariant: div*y + mod == x."),
    method("eval", f_eval, "(source, /, globals=None, locals=None)", "Evaluate the given source in the context of globals and locals."),
    method("exec", f_exec, "(source, /, globals=None, locals=None, *, closure=None)",
           "Execute the given source in the context of globals and locals."),
    method("format", f_format, "(value, format_spec='', /)", "Return type(value).__format__(value, format_spec)"),
    method("getattr", f_getattr, "(object, name, default=<unrepresentable>, /)", "Get a named attribute from an object."),
    method("globals", f_globals, "()", "Return the dictionary containing the current scope's global variables."),
    method("hasattr", f_hasattr, "(obj, name, /)", "Return whether the object has an attribute with the given name."),
    method("hash", f_hash, "(obj, /)", "Return the hash value for the given object."),
    method("hex", f_radix<16>, "(number, /)", "Return the hexadecimal representation of an integer."),
    method("id", f_id, "(obj, /)", "Return the identity of an object."),
    method("input", f_input, "(prompt='', /)", "Read a string from standard input.  The trailing newline is stripped."),
    method("isinstance", f_isinstance, "(obj, class_or_tuple, /)", "Return whether an object is an instance of a class or of a subclass thereof."),
    method("issubclass", f_issubclass, "(cls, class_or_tuple, /)", "Return whether 'cls' is derived from another class or is the same class."),
    method("iter", f_iter, "(object, sentinel=<unrepresentable>, /)", "Get an iterator from an object."),
    method("len", f_len, "(obj, /)", "Return the number of items in a container."),
    method("locals", f_locals, "()", "Return a dictionary containing the current scope's local variables."),
    raw_method("max", builtin_max, nullptr, "With a single iterable argument, return its biggest item."),
    raw_method("min", builtin_min, nullptr, "With a single iterable argument, return its smallest item."),
    method("next", f_next, "(iterator, default=<unrepresentable>, /)", "Return the next item from the iterator."),
    method("oct", f_radix<8>, "(number, /)", "Return the octal representation of an integer."),
    method("ord", f_ord, "(character, /)", "Return the ordinal value of a character."),
    method("pow", f_pow, "(base, exp, mod=None)", "Equivalent to base**exp with 2 arguments or base**exp % mod with 3 arguments."),
    method("print", f_print, "(*args, sep=' ', end='\\n', file=None, flush=False)", "Prints the values to a stream, or to sys.stdout by default."),
    method("repr", f_repr, "(obj, /)", "Return the canonical string representation of the object."),
    method("round", f_round, "(number, ndigits=None)", "Round a number to a given precision in decimal digits."),
    method("setattr", f_setattr, "(obj, name, value, /)", "Sets the named attribute on the given object to the specified value."),
    raw_method("sorted", builtin_sorted, "(iterable, /, *, key=None, reverse=False)",
               "Return a new list containing all items from the iterable in ascending order."),
    method("sum", builtin_sum, "(iterable, /, start=0)", "Return the sum of a 'start' value (default: 0) plus an iterable of numbers"),
    method("vars", f_vars, "(object=<unrepresentable>, /)", "Show vars."),
    {},
};

struct TypeRow {
  const char* name;
  Type** type;
};

Status initialise(Thread& t, Module* module) {
  g_inlined_builtins = {.len = f_len, .isinstance = f_isinstance, .all = builtin_all, .any = builtin_any};
  const TypeRow rows[] = {
      {"bool", &types::bool_},        {"bytearray", &types::bytearray}, {"bytes", &types::bytes},
      {"classmethod", &types::classmethod}, {"complex", &types::complex_}, {"dict", &types::dict},
      {"enumerate", &types::enumerate}, {"filter", &types::filter},     {"float", &types::float_},
      {"frozenset", &types::frozenset}, {"int", &types::int_},          {"list", &types::list},
      {"map", &types::map},           {"memoryview", &types::memoryview}, {"object", &types::object},
      {"property", &types::property}, {"range", &types::range},         {"reversed", &types::reversed},
      {"set", &types::set},           {"slice", &types::slice},         {"staticmethod", &types::staticmethod},
      {"str", &types::str},           {"super", &types::super},         {"tuple", &types::tuple},
      {"type", &types::type},         {"zip", &types::zip},
  };
  for (const TypeRow& row : rows) TRY(module_add(t, module, row.name, Value(*row.type)));
#define EXCEPTION(name, base, cpp, doc) TRY(module_add(t, module, #name, Value(exc::name)));
#include "objects/exceptions.def"
#undef EXCEPTION
  TRY(module_add(t, module, "ExceptionGroup", Value(g_exception_group_type)));
  TRY(module_add(t, module, "EnvironmentError", Value(exc::OSError)));
  TRY(module_add(t, module, "IOError", Value(exc::OSError)));
  TRY(module_add(t, module, "None", None));
  TRY(module_add(t, module, "Ellipsis", Ellipsis));
  TRY(module_add(t, module, "NotImplemented", NotImplemented));
  TRY(module_add(t, module, "False", False));
  TRY(module_add(t, module, "True", True));
  return module_add(t, module, "__debug__", Value::boolean(g_config.optimize == 0));
}

}  // namespace

extern const ModuleDef module_builtins;
const ModuleDef module_builtins = {
    "builtins",
    "Built-in functions, types, exceptions, and other objects.\n\nThis module provides direct access to all 'built-in'\n"
    "identifiers of Python; for example, builtins.len is\nthe full name for the built-in function len().",
    kFunctions, initialise};

}  // namespace typhon
