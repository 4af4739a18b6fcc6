// Raising: the pending exception of a thread, and exception objects (docs/interpreter.md).
#pragma once
#include "objects/containers.h"

namespace typhon {

struct BaseException : Object {
  Field args;         // tuple
  Field traceback;    // Traceback or EMPTY
  Field cause, context;
  Field notes;        // unused: __notes__ lives in the attributes
  bool suppress_context;
};
struct StopIterationObject : BaseException { Field value; };
struct SystemExitObject : BaseException { Field code; };
struct OSErrorObject : BaseException { Field errno_, strerror_, filename, filename2; i64 written; };
struct ImportErrorObject : BaseException { Field msg, name, path, name_from; };
struct SyntaxErrorObject : BaseException { Field msg, filename, lineno, offset, text, end_lineno, end_offset, print_file_and_line, metadata; };
struct NameErrorObject : BaseException { Field name; };
struct AttributeErrorObject : BaseException { Field obj, name; };
struct UnicodeErrorObject : BaseException { Field encoding, object, start, end, reason; };
struct ExceptionGroupObject : BaseException { Field msg, exceptions, shown; };  // shown: repr of a sequence that is no list or tuple

// Every exception class: exc::TypeError etc. (objects/exceptions.def, one line each; BaseException included).
namespace exc {
#define EXCEPTION(name, base, cpp, doc) extern Type* name;
#include "objects/exceptions.def"
#undef EXCEPTION
}  // namespace exc

// --- raising. Directives of `format`: %s const char* (UTF-8), %d int, %ld/%zd i64, %zu size_t, %c char (ASCII), %x hex u64,
// %S str(Value), %R repr(Value), %A ascii(Value), %T type name of a Value ("int"), %Q the same but None for None, %N name of a Type*, %U Str*, %V Value that is a str, %%.
// %.200s limits are accepted and ignored.
Raised raise(Thread& t, Type* type, const char* format, ...);
Raised raise_value(Thread& t, Type* type, Value argument);    // type(argument)
Raised raise_none(Thread& t, Type* type);                     // type()
Raised raise_exception(Thread& t, Ref&& exception);           // an instance; keeps its traceback; sets __context__
Raised raise_errno(Thread& t, int error, Value filename = EMPTY, Value filename2 = EMPTY);  // OSError subclass by errno
Raised raise_no_memory(Thread& t);
Raised raise_key_error(Thread& t, Value key);
Raised raise_stop_iteration(Thread& t, Value value);          // StopIteration(value)
Raised raise_attribute_error(Thread& t, Value object, Str* name);   // "'X' object has no attribute 'y'", with name and obj set
Raised raise_attribute_error(Thread& t, Value object, Str* name, RefTo<Str>&& message);  // the same with a message of its own
Raised raise_name_error(Thread& t, Str* name);                 // "name 'x' is not defined"
Raised raise_import_error(Thread& t, Type* type, Value message, Value name, Value path);
Raised raise_not_there(Thread& t, const char* what);           // NotImplementedError "typhon: WHAT is not there yet"

// --- the pending exception
inline bool exception_pending(const Thread& t) { return !t.pending.is_empty(); }
bool pending_matches(Thread& t, Type* type);                   // by class, no Python code
Ref take_exception(Thread& t);                                 // clears it; the instance
void restore_exception(Thread& t, Ref&& exception);            // sets it as is (no context)
void clear_exception(Thread& t);
// Clears a pending exception of that class and returns true; else false, leaving it.
bool clear_if(Thread& t, Type* type);
// Saves the pending exception over code that must run without one (finalisers).
class ExceptionSaver {
 public:
  explicit ExceptionSaver(Thread& t);
  ~ExceptionSaver();
 private:
  Thread& thread_;
  Value saved_;
};
// `except` matching: class or tuple of classes; TypeError for anything else. No __subclasscheck__ (as CPython).
Result<bool> exception_matches(Thread& t, Value exception, Value class_or_tuple);
// raise X [from Y] with X, Y as the program gave them.
Raised raise_statement(Thread& t, Value exception, Value cause);  // cause EMPTY: none given
// Instance of `type` with argument(s); does not raise it.
Ref make_exception(Thread& t, Type* type, Value argument);
// The instance that type(*values) makes, when neither __new__, __init__ nor a metaclass have a say in it; else EMPTY.
Ref make_plain_exception(Thread& t, Type* type, const Value* values, u32 count);
// The exception being handled (sys.exception()), borrowed, or None.
Value handled_exception(Thread& t);
// Prints "Exception ignored ..." through sys.unraisablehook and clears the pending exception. `where`: text or null; object: what it is about, or EMPTY.
void write_unraisable(Thread& t, const char* where, Value object);
// Adds a traceback row for the frame to the pending exception (interpreter).
void add_traceback(Thread& t, Value* r);
Status warn(Thread& t, Type* category, int stack_level, const char* format, ...);  // warnings.warn
Status initialise_exceptions(Thread& t);

}  // namespace typhon
