// _sqlite3: SQL functions, aggregates and collations in Python; the module.
#include <climits>

#include "modules/_sqlite3/sqlite.h"

namespace typhon {
namespace sqlite {

Type *g_warning, *g_error, *g_interface_error, *g_database_error, *g_data_error, *g_operational_error, *g_integrity_error, *g_internal_error,
    *g_programming_error, *g_not_supported_error;
GlobalRoot g_adapters, g_converters;
Type* g_protocol_type;

Ref value_of(Thread& t, sqlite3_value* v) {
  switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER: return int_from(t, sqlite3_value_int64(v));
    case SQLITE_FLOAT: return float_from(t, sqlite3_value_double(v));
    case SQLITE_TEXT: return decode_utf8(t, sqlite3_value_text(v), size_t(sqlite3_value_bytes(v)));
    case SQLITE_BLOB: {
      const void* data = sqlite3_value_blob(v);
      return bytes_from(t, data == nullptr ? "" : data, size_t(sqlite3_value_bytes(v)));
    }
    default: return Ref::none();
  }
}

namespace {
bool g_report_callbacks = false;
}

void forget_callback_error(Thread& t, Value callable) {
  if (!__atomic_load_n(&g_report_callbacks, __ATOMIC_RELAXED)) return clear_exception(t);
  Ref error = take_exception(t);
  std::string where = "on sqlite3 callback ";
  RefTo<Str> shown = object_repr(t, callable);
  if (shown.failed()) {
    clear_exception(t);
  } else {
    Utf8Buffer buffer;
    where += str_utf8(shown.get(), buffer);
  }
  restore_exception(t, std::move(error));
  write_unraisable(t, where.c_str(), EMPTY);
}

namespace {

// What a callback of the library gets: the connection that holds the callable, and its key there. Freed by the library.
struct Callback {
  Connection* connection;
  char key[1];
};
Callback* make_callback(Connection* c, const std::string& key) {
  auto* callback = static_cast<Callback*>(std::malloc(sizeof(Callback) + key.size()));
  if (callback == nullptr) return nullptr;
  callback->connection = c;
  std::memcpy(callback->key, key.c_str(), key.size() + 1);
  return callback;
}
Ref callable_of(Thread& t, Callback* callback) {
  RefTo<Str> key = TRY(str_from_utf8(t, callback->key));
  Ref functions = callback->connection->functions.load();
  return dict_get_str(t, functions.as<Dict>(), key.get());
}
Status keep_callable(Thread& t, Connection* c, const std::string& key, Value callable) {
  RefTo<Str> name = TRY(str_from_utf8(t, key));
  Ref functions = c->functions.load();
  return dict_set_str(t, functions.as<Dict>(), name.get(), callable);
}

Status set_result(Thread& t, sqlite3_context* context, Value v) {
  if (v.is_none()) {
    sqlite3_result_null(context);
  } else if (is_int(v)) {
    i64 n;
    if (!int_fits_i64(v, &n)) return raise(t, exc::OverflowError, "Python int too large to convert to SQLite INTEGER");
    sqlite3_result_int64(context, n);
  } else if (is_float(v)) {
    sqlite3_result_double(context, float_value(v));
  } else if (is_str(v)) {
    Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
    sqlite3_result_text64(context, reinterpret_cast<char*>(bytes.as<Bytes>()->data), bytes.as<Bytes>()->size, SQLITE_TRANSIENT, SQLITE_UTF8);
  } else if (has_buffer(v)) {
    ByteView view(t);
    TRY(view.get(v));
    sqlite3_result_blob64(context, view.size() == 0 ? reinterpret_cast<const u8*>("") : view.data(), view.size(), SQLITE_TRANSIENT);
  } else {
    return raise(t, g_programming_error, "User-defined functions cannot return '%T' values to SQLite", v);
  }
  return ok();
}
// Errors of callbacks do not come through: the library reports an error of its own, as CPython has it.
void failed_in(Thread& t, sqlite3_context* context, const char* what) {
  if (pending_matches(t, exc::MemoryError))
    sqlite3_result_error_nomem(context);
  else if (pending_matches(t, exc::OverflowError))
    sqlite3_result_error_toobig(context);
  else
    sqlite3_result_error(context, what, -1);
  // After all that asks about the error.
  Ref error = take_exception(t);
  Ref callable = callable_of(t, static_cast<Callback*>(sqlite3_user_data(context)));
  if (callable.failed()) clear_exception(t);
  restore_exception(t, std::move(error));
  forget_callback_error(t, callable.failed() || callable.is_empty() ? None : callable.get());
}
Ref call_with_values(Thread& t, Value callable, int n, sqlite3_value** values) {
  RootedVector args(t);
  for (int i = 0; i < n; i++) args.push(TRY(value_of(t, values[i])));
  return call(t, callable, Args{args.data(), u32(args.size())});
}
void on_function(sqlite3_context* context, int n, sqlite3_value** values) {
  Thread& t = Thread::current();
  Attached attached(t);
  auto go = [&]() -> Status {
    Ref callable = TRY(callable_of(t, static_cast<Callback*>(sqlite3_user_data(context))));
    Ref result = TRY(call_with_values(t, callable, n, values));
    return set_result(t, context, result);
  };
  if (go().failed()) failed_in(t, context, "user-defined function raised exception");
}
// An aggregate's instances lie in the connection's table, under the address of the library's memory for them.
std::string instance_key(void* place) {
  char text[32];
  snprintf(text, sizeof text, "instance %p", place);
  return text;
}
// EMPTY: there is none.
Ref instance_of(Thread& t, sqlite3_context* context, bool make) {
  auto* callback = static_cast<Callback*>(sqlite3_user_data(context));
  auto* place = static_cast<char*>(sqlite3_aggregate_context(context, make ? 8 : 0));
  if (place == nullptr) return Ref();
  RefTo<Str> name = TRY(str_from_ascii(t, instance_key(place).c_str()));
  Ref functions = callback->connection->functions.load();
  if (*place != 0) return dict_get_str(t, functions.as<Dict>(), name.get());
  if (!make) return Ref();
  Ref cls = TRY(callable_of(t, callback));
  Ref made = TRY(call(t, cls));
  *place = 1;
  TRY(dict_set_str(t, functions.as<Dict>(), name.get(), made));
  return made;
}
// Calls a method of the aggregate's instance, which `make` makes; its result is SQLite's when it `answers`.
void on_method(sqlite3_context* context, const char* name, bool make, bool answers, int n = 0, sqlite3_value** values = nullptr) {
  Thread& t = Thread::current();
  std::string text = std::string("user-defined aggregate's '") + name + "' method ";
  Ref instance = instance_of(t, context, make);
  if (instance.failed()) return failed_in(t, context, "user-defined aggregate's '__init__' method raised error");
  if (instance.is_empty()) return;  // there were no rows, or no instance could be made: NULL
  Ref method = get_attribute_utf8(t, instance, name);
  if (method.failed()) return failed_in(t, context, (text + "not defined").c_str());
  Ref result = call_with_values(t, method, n, values);
  if (result.failed() || (answers && set_result(t, context, result).failed())) failed_in(t, context, (text + "raised error").c_str());
}
void on_step(sqlite3_context* context, int n, sqlite3_value** values) {
  Attached attached(Thread::current());
  on_method(context, "step", true, false, n, values);
}
void on_inverse(sqlite3_context* context, int n, sqlite3_value** values) {
  Attached attached(Thread::current());
  on_method(context, "inverse", false, false, n, values);
}
void on_value(sqlite3_context* context) {
  Attached attached(Thread::current());
  on_method(context, "value", false, true);
}
void on_final(sqlite3_context* context) {
  if (t_statement_dies) return;
  Thread& t = Thread::current();
  Attached attached(t);
  on_method(context, "finalize", false, true);
  auto* place = sqlite3_aggregate_context(context, 0);
  if (place == nullptr) return;
  auto* callback = static_cast<Callback*>(sqlite3_user_data(context));
  Ref functions = callback->connection->functions.load();
  RefTo<Str> name = str_from_ascii(t, instance_key(place).c_str());
  if (name.failed() || dict_delete_str(t, functions.as<Dict>(), name.get()).failed()) clear_exception(t);
}
int on_collation(void* data, int na, const void* a, int nb, const void* b) {
  Thread& t = Thread::current();
  Attached attached(t);
  auto go = [&]() -> Result<int> {
    Ref callable = TRY(callable_of(t, static_cast<Callback*>(data)));
    Ref x = TRY(decode_utf8(t, static_cast<const u8*>(a), size_t(na))), y = TRY(decode_utf8(t, static_cast<const u8*>(b), size_t(nb)));
    Ref answer = TRY(call_with(t, callable, x, y));
    if (!is_int(answer)) return raise(t, exc::TypeError, "collation must return an int");
    return int_sign(answer);
  };
  Result<int> order = go();
  if (!order.failed()) return order.get();
  Ref error = take_exception(t);
  Ref callable = callable_of(t, static_cast<Callback*>(data));
  if (callable.failed()) clear_exception(t);
  restore_exception(t, std::move(error));
  forget_callback_error(t, callable.failed() || callable.is_empty() ? None : callable.get());
  return 0;
}

Result<std::string*> name_argument(Thread& t, Value v, const char* function, std::string* out) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument 1 must be str, not %T", function, v);
  Utf8Buffer buffer;
  *out = str_utf8(v.as<Str>(), buffer);
  return out;
}

// --- module functions
Ref f_connect(Thread& t, Value, Args args) {
  Value factory(g_connection_type);
  if (args.count > 5) factory = args[5];
  for (u32 k = 0; k < args.keyword_count; k++)
    if (args.names->items[k].as<Str>()->equals_ascii("factory")) factory = args.keyword(k);
  return call(t, factory, args);
}
Ref f_register_adapter(Thread& t, Value, const Value* a) {
  RefTo<Tuple> key = TRY(tuple_of(t, a[0], Value(g_protocol_type)));
  TRY(dict_set_py(t, g_adapters.as<Dict>(), key, a[1]));
  return Ref::none();
}
Ref f_register_converter(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "register_converter() argument 1 must be str, not %T", a[0]);
  Ref upper = TRY(get_attribute_utf8(t, a[0], "upper"));
  upper = TRY(call(t, upper));
  TRY(dict_set_py(t, g_converters.as<Dict>(), upper, a[1]));
  return Ref::none();
}
Ref f_complete_statement(Thread& t, Value, const Value* a) {
  Utf8Argument sql;
  TRY(sql.get(t, a[0], "complete_statement() argument"));
  return Ref::boolean(sqlite3_complete(std::string(sql.text).c_str()) != 0);
}
Ref f_enable_callback_tracebacks(Thread& t, Value, const Value* a) {
  __atomic_store_n(&g_report_callbacks, TRY(truth(t, a[0])), __ATOMIC_RELAXED);
  return Ref::none();
}
const TypeSpec kPrepareProtocolSpec = {
    .name = "sqlite3.PrepareProtocol",
    .doc = "PEP 246 style object adaption protocol type.",
    .layout = {"PrepareProtocol", sizeof(Object), 0, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

Ref connection_create_function(Thread& t, Value self, const Value* a) {
  auto* c = self.as<Connection>();
  std::string name;
  TRY(name_argument(t, a[0], "create_function", &name));
  i64 n = TRY(to_i64(t, a[1]));
  bool deterministic = !a[3].is_empty() && TRY(truth(t, a[3]));
  Use use(t, c);
  if (use.failed()) return Raised{};
  int flags = SQLITE_UTF8 | (deterministic ? SQLITE_DETERMINISTIC : 0);
  int code;
  if (a[2].is_none()) {
    code = sqlite3_create_function_v2(use.db(), name.c_str(), int(n), flags, nullptr, nullptr, nullptr, nullptr, nullptr);
  } else {
    std::string key = "function " + name + " " + std::to_string(n);
    TRY(keep_callable(t, c, key, a[2]));
    Callback* callback = make_callback(c, key);
    if (callback == nullptr) return raise_no_memory(t);
    code = sqlite3_create_function_v2(use.db(), name.c_str(), int(n), flags, callback, on_function, nullptr, nullptr, std::free);
  }
  if (code != SQLITE_OK) return raise(t, g_operational_error, "Error creating function");
  return Ref::none();
}
Ref connection_create_aggregate(Thread& t, Value self, const Value* a) {
  auto* c = self.as<Connection>();
  std::string name;
  TRY(name_argument(t, a[0], "create_aggregate", &name));
  i64 n = TRY(to_i64(t, a[1]));
  Use use(t, c);
  if (use.failed()) return Raised{};
  int code;
  if (a[2].is_none()) {
    code = sqlite3_create_function_v2(use.db(), name.c_str(), int(n), SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr, nullptr);
  } else {
    std::string key = "aggregate " + name + " " + std::to_string(n);
    TRY(keep_callable(t, c, key, a[2]));
    Callback* callback = make_callback(c, key);
    if (callback == nullptr) return raise_no_memory(t);
    code = sqlite3_create_function_v2(use.db(), name.c_str(), int(n), SQLITE_UTF8, callback, nullptr, on_step, on_final, std::free);
  }
  if (code != SQLITE_OK) return raise(t, g_operational_error, "Error creating aggregate");
  return Ref::none();
}
Ref connection_create_window_function(Thread& t, Value self, const Value* a) {
  auto* c = self.as<Connection>();
  std::string name;
  TRY(name_argument(t, a[0], "create_window_function", &name));
  i64 n = TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  if (n < INT_MIN || n > INT_MAX) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
  Use use(t, c);
  if (use.failed()) return Raised{};
  int most = sqlite3_limit(use.db(), SQLITE_LIMIT_FUNCTION_ARG, -1);
  if (n < -1 || n > most) return raise(t, g_programming_error, "'num_params' must be between -1 and %d, not %d", most, int(n));
  int code;
  if (a[2].is_none()) {
    code = sqlite3_create_window_function(use.db(), name.c_str(), int(n), SQLITE_UTF8, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
  } else {
    std::string key = "function " + name + " " + std::to_string(n);
    TRY(keep_callable(t, c, key, a[2]));
    Callback* callback = make_callback(c, key);
    if (callback == nullptr) return raise_no_memory(t);
    code = sqlite3_create_window_function(use.db(), name.c_str(), int(n), SQLITE_UTF8, callback, on_step, on_final, on_value, on_inverse, std::free);
  }
  if (code != SQLITE_OK) return raise_db(t, use.db());
  return Ref::none();
}
Ref connection_create_collation(Thread& t, Value self, const Value* a) {
  auto* c = self.as<Connection>();
  std::string name;
  TRY(name_argument(t, a[0], "create_collation", &name));
  if (!a[1].is_none() && !is_callable(a[1])) return raise(t, exc::TypeError, "parameter must be callable");
  Use use(t, c);
  if (use.failed()) return Raised{};
  int code;
  if (a[1].is_none()) {
    code = sqlite3_create_collation_v2(use.db(), name.c_str(), SQLITE_UTF8, nullptr, nullptr, nullptr);
  } else {
    std::string key = "collation " + name;
    TRY(keep_callable(t, c, key, a[1]));
    Callback* callback = make_callback(c, key);
    if (callback == nullptr) return raise_no_memory(t);
    code = sqlite3_create_collation_v2(use.db(), name.c_str(), SQLITE_UTF8, callback, on_collation, std::free);
    if (code != SQLITE_OK) std::free(callback);
  }
  if (code != SQLITE_OK) return raise_db(t, use.db());
  return Ref::none();
}

}  // namespace sqlite

namespace {

using namespace sqlite;

const Method kFunctions[] = {
    raw_method("connect", f_connect,
               "($module, /, database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=ConnectionType, "
               "cached_statements=128, uri=False, *, autocommit=sqlite3.LEGACY_TRANSACTION_CONTROL)",
               "Open a connection to the SQLite database file 'database'."),
    method("register_adapter", f_register_adapter, "($module, type, adapter, /)", "Register a function to adapt Python objects to SQLite values."),
    method("register_converter", f_register_converter, "($module, typename, converter, /)", "Register a function to convert SQLite values to Python objects."),
    method("complete_statement", f_complete_statement, "($module, /, statement)", "Checks if a string contains a complete SQL statement."),
    method("enable_callback_tracebacks", f_enable_callback_tracebacks, "($module, enable, /)", "Enable or disable callback functions throwing errors to stderr."),
    {},
};
struct ErrorClass {
  const char* name;
  Type* const* base;
  Type** where;
};
const ErrorClass kErrors[] = {{"sqlite3.Warning", &exc::Exception, &g_warning},
                              {"sqlite3.Error", &exc::Exception, &g_error},
                              {"sqlite3.InterfaceError", &g_error, &g_interface_error},
                              {"sqlite3.DatabaseError", &g_error, &g_database_error},
                              {"sqlite3.DataError", &g_database_error, &g_data_error},
                              {"sqlite3.OperationalError", &g_database_error, &g_operational_error},
                              {"sqlite3.IntegrityError", &g_database_error, &g_integrity_error},
                              {"sqlite3.InternalError", &g_database_error, &g_internal_error},
                              {"sqlite3.ProgrammingError", &g_database_error, &g_programming_error},
                              {"sqlite3.NotSupportedError", &g_database_error, &g_not_supported_error}};

struct Constant {
  const char* name;
  int value;
};
#define C(name) {#name, name},
const Constant kConstants[] = {
    C(SQLITE_ABORT) C(SQLITE_ABORT_ROLLBACK) C(SQLITE_ALTER_TABLE) C(SQLITE_ANALYZE) C(SQLITE_ATTACH) C(SQLITE_AUTH) C(SQLITE_AUTH_USER)
    C(SQLITE_BUSY) C(SQLITE_BUSY_RECOVERY) C(SQLITE_BUSY_SNAPSHOT) C(SQLITE_BUSY_TIMEOUT) C(SQLITE_CANTOPEN) C(SQLITE_CANTOPEN_CONVPATH)
    C(SQLITE_CANTOPEN_DIRTYWAL) C(SQLITE_CANTOPEN_FULLPATH) C(SQLITE_CANTOPEN_ISDIR) C(SQLITE_CANTOPEN_NOTEMPDIR)
    C(SQLITE_CANTOPEN_SYMLINK) C(SQLITE_CONSTRAINT) C(SQLITE_CONSTRAINT_CHECK) C(SQLITE_CONSTRAINT_COMMITHOOK)
    C(SQLITE_CONSTRAINT_FOREIGNKEY) C(SQLITE_CONSTRAINT_FUNCTION) C(SQLITE_CONSTRAINT_NOTNULL) C(SQLITE_CONSTRAINT_PINNED)
    C(SQLITE_CONSTRAINT_PRIMARYKEY) C(SQLITE_CONSTRAINT_ROWID) C(SQLITE_CONSTRAINT_TRIGGER) C(SQLITE_CONSTRAINT_UNIQUE)
    C(SQLITE_CONSTRAINT_VTAB) C(SQLITE_CORRUPT) C(SQLITE_CORRUPT_INDEX) C(SQLITE_CORRUPT_SEQUENCE) C(SQLITE_CORRUPT_VTAB)
    C(SQLITE_CREATE_INDEX) C(SQLITE_CREATE_TABLE) C(SQLITE_CREATE_TEMP_INDEX) C(SQLITE_CREATE_TEMP_TABLE) C(SQLITE_CREATE_TEMP_TRIGGER)
    C(SQLITE_CREATE_TEMP_VIEW) C(SQLITE_CREATE_TRIGGER) C(SQLITE_CREATE_VIEW) C(SQLITE_CREATE_VTABLE) C(SQLITE_DBCONFIG_DEFENSIVE)
    C(SQLITE_DBCONFIG_DQS_DDL) C(SQLITE_DBCONFIG_DQS_DML) C(SQLITE_DBCONFIG_ENABLE_FKEY) C(SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER)
    C(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION) C(SQLITE_DBCONFIG_ENABLE_QPSG) C(SQLITE_DBCONFIG_ENABLE_TRIGGER)
    C(SQLITE_DBCONFIG_ENABLE_VIEW) C(SQLITE_DBCONFIG_LEGACY_ALTER_TABLE) C(SQLITE_DBCONFIG_LEGACY_FILE_FORMAT)
    C(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE) C(SQLITE_DBCONFIG_RESET_DATABASE) C(SQLITE_DBCONFIG_TRIGGER_EQP) C(SQLITE_DBCONFIG_TRUSTED_SCHEMA)
    C(SQLITE_DBCONFIG_WRITABLE_SCHEMA) C(SQLITE_DELETE) C(SQLITE_DENY) C(SQLITE_DETACH) C(SQLITE_DONE) C(SQLITE_DROP_INDEX)
    C(SQLITE_DROP_TABLE) C(SQLITE_DROP_TEMP_INDEX) C(SQLITE_DROP_TEMP_TABLE) C(SQLITE_DROP_TEMP_TRIGGER) C(SQLITE_DROP_TEMP_VIEW)
    C(SQLITE_DROP_TRIGGER) C(SQLITE_DROP_VIEW) C(SQLITE_DROP_VTABLE) C(SQLITE_EMPTY) C(SQLITE_ERROR) C(SQLITE_ERROR_MISSING_COLLSEQ)
    C(SQLITE_ERROR_RETRY) C(SQLITE_ERROR_SNAPSHOT) C(SQLITE_FORMAT) C(SQLITE_FULL) C(SQLITE_FUNCTION) C(SQLITE_IGNORE) C(SQLITE_INSERT)
    C(SQLITE_INTERNAL) C(SQLITE_INTERRUPT) C(SQLITE_IOERR) C(SQLITE_IOERR_ACCESS) C(SQLITE_IOERR_AUTH) C(SQLITE_IOERR_BEGIN_ATOMIC)
    C(SQLITE_IOERR_BLOCKED) C(SQLITE_IOERR_CHECKRESERVEDLOCK) C(SQLITE_IOERR_CLOSE) C(SQLITE_IOERR_COMMIT_ATOMIC) C(SQLITE_IOERR_CONVPATH)
    C(SQLITE_IOERR_CORRUPTFS) C(SQLITE_IOERR_DATA) C(SQLITE_IOERR_DELETE) C(SQLITE_IOERR_DELETE_NOENT) C(SQLITE_IOERR_DIR_CLOSE)
    C(SQLITE_IOERR_DIR_FSYNC) C(SQLITE_IOERR_FSTAT) C(SQLITE_IOERR_FSYNC) C(SQLITE_IOERR_GETTEMPPATH) C(SQLITE_IOERR_LOCK)
    C(SQLITE_IOERR_MMAP) C(SQLITE_IOERR_NOMEM) C(SQLITE_IOERR_RDLOCK) C(SQLITE_IOERR_READ) C(SQLITE_IOERR_ROLLBACK_ATOMIC)
    C(SQLITE_IOERR_SEEK) C(SQLITE_IOERR_SHMLOCK) C(SQLITE_IOERR_SHMMAP) C(SQLITE_IOERR_SHMOPEN) C(SQLITE_IOERR_SHMSIZE)
    C(SQLITE_IOERR_SHORT_READ) C(SQLITE_IOERR_TRUNCATE) C(SQLITE_IOERR_UNLOCK) C(SQLITE_IOERR_VNODE) C(SQLITE_IOERR_WRITE)
    C(SQLITE_LIMIT_ATTACHED) C(SQLITE_LIMIT_COLUMN) C(SQLITE_LIMIT_COMPOUND_SELECT) C(SQLITE_LIMIT_EXPR_DEPTH) C(SQLITE_LIMIT_FUNCTION_ARG)
    C(SQLITE_LIMIT_LENGTH) C(SQLITE_LIMIT_LIKE_PATTERN_LENGTH) C(SQLITE_LIMIT_SQL_LENGTH) C(SQLITE_LIMIT_TRIGGER_DEPTH)
    C(SQLITE_LIMIT_VARIABLE_NUMBER) C(SQLITE_LIMIT_VDBE_OP) C(SQLITE_LIMIT_WORKER_THREADS) C(SQLITE_LOCKED) C(SQLITE_LOCKED_SHAREDCACHE)
    C(SQLITE_LOCKED_VTAB) C(SQLITE_MISMATCH) C(SQLITE_MISUSE) C(SQLITE_NOLFS) C(SQLITE_NOMEM) C(SQLITE_NOTADB) C(SQLITE_NOTFOUND)
    C(SQLITE_NOTICE) C(SQLITE_NOTICE_RECOVER_ROLLBACK) C(SQLITE_NOTICE_RECOVER_WAL) C(SQLITE_OK) C(SQLITE_OK_LOAD_PERMANENTLY)
    C(SQLITE_OK_SYMLINK) C(SQLITE_PERM) C(SQLITE_PRAGMA) C(SQLITE_PROTOCOL) C(SQLITE_RANGE) C(SQLITE_READ) C(SQLITE_READONLY)
    C(SQLITE_READONLY_CANTINIT) C(SQLITE_READONLY_CANTLOCK) C(SQLITE_READONLY_DBMOVED) C(SQLITE_READONLY_DIRECTORY)
    C(SQLITE_READONLY_RECOVERY) C(SQLITE_READONLY_ROLLBACK) C(SQLITE_RECURSIVE) C(SQLITE_REINDEX) C(SQLITE_ROW) C(SQLITE_SAVEPOINT)
    C(SQLITE_SCHEMA) C(SQLITE_SELECT) C(SQLITE_TOOBIG) C(SQLITE_TRANSACTION) C(SQLITE_UPDATE) C(SQLITE_WARNING) C(SQLITE_WARNING_AUTOINDEX)
};
#undef C

Status initialise(Thread& t, Module* module) {
  if (g_adapters.get().is_empty()) {
    g_adapters.set(t, TRY(dict_new(t)).release_ref());
    g_converters.set(t, TRY(dict_new(t)).release_ref());
    sqlite3_initialize();
  }
  for (auto& error : kErrors) TRY(module_add_exception(t, module, error.name, *error.base, error.where));
  TRY(module_add_type(t, module, kBlobSpec, &g_blob_type));
  TRY(module_add_type(t, module, kConnectionSpec, &g_connection_type));
  TRY(module_add_type(t, module, kCursorSpec, &g_cursor_type));
  TRY(module_add_type(t, module, kRowSpec, &g_row_type));
  TRY(module_add_type(t, module, kPrepareProtocolSpec, &g_protocol_type));
  TRY(module_add(t, module, "adapters", g_adapters.get()));
  TRY(module_add(t, module, "converters", g_converters.get()));
  for (auto& constant : kConstants) TRY(module_add_int(t, module, constant.name, constant.value));
  // DB-API 2.0: the exceptions are attributes of connections as well.
  for (auto& error : kErrors) {
    RefTo<Str> name = TRY(str_from_ascii(t, error.name + std::strlen("sqlite3.")));
    name = TRY(str_intern(t, name));
    TRY(dict_set_str(t, g_connection_type->dict.as<Dict>(), name.get(), Value(*error.where)));
  }
  TRY(module_add_str(t, module, "sqlite_version", sqlite3_libversion()));
  TRY(module_add_int(t, module, "threadsafety", 3));
  TRY(module_add_int(t, module, "LEGACY_TRANSACTION_CONTROL", kLegacy));
  TRY(module_add_int(t, module, "PARSE_DECLTYPES", kParseDeclTypes));
  return module_add_int(t, module, "PARSE_COLNAMES", kParseColNames);
}

}  // namespace

namespace sqlite {
const char* error_name(int code) {
  // The constants hold more than error codes, with the same numbers.
  constexpr const char* kPrefixes[] = {"SQLITE_LIMIT", "SQLITE_DBCONFIG", "SQLITE_CREATE", "SQLITE_DROP", "SQLITE_DENY", "SQLITE_IGNORE",
                                       "SQLITE_ALTER", "SQLITE_ANALYZE", "SQLITE_ATTACH", "SQLITE_DELETE", "SQLITE_DETACH", "SQLITE_FUNCTION",
                                       "SQLITE_INSERT", "SQLITE_PRAGMA", "SQLITE_READ", "SQLITE_RECURSIVE", "SQLITE_REINDEX",
                                       "SQLITE_SAVEPOINT", "SQLITE_SELECT", "SQLITE_TRANSACTION", "SQLITE_UPDATE"};
  for (auto& constant : kConstants) {
    if (constant.value != code) continue;
    bool other = false;
    for (const char* prefix : kPrefixes) {
      size_t n = std::strlen(prefix);
      // SQLITE_READONLY is a code, SQLITE_READ is none.
      other |= std::strncmp(constant.name, prefix, n) == 0 && std::strncmp(constant.name, "SQLITE_READONLY", 15) != 0;
    }
    if (!other) return constant.name;
  }
  return "unknown";
}
}  // namespace sqlite

extern const ModuleDef module__sqlite3;
const ModuleDef module__sqlite3 = {"_sqlite3", nullptr, kFunctions, initialise};

}  // namespace typhon
