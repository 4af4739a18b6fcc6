// _sqlite3: Connection.
#include "modules/_sqlite3/sqlite.h"

namespace typhon::sqlite {

Type* g_connection_type;

namespace {

Connection* self_of(Value v) { return v.as<Connection>(); }
void visit(Object* self, Visitor& v) { v.fields(&static_cast<Connection*>(self)->isolation_level, 7); }
void release(Thread&, Object* self) {
  auto* c = static_cast<Connection*>(self);
  if (c->db != nullptr) sqlite3_close_v2(c->db);
  if (c->handle != nullptr) c->handle->release();
}
// The last one to leave a closed connection closes the handle. Nobody comes in any more.
void leave(Connection* c) {
  if (__atomic_sub_fetch(&c->users, 1, __ATOMIC_ACQ_REL) != 0 || !__atomic_load_n(&c->closed, __ATOMIC_ACQUIRE)) return;
  sqlite3* db = __atomic_exchange_n(&c->db, nullptr, __ATOMIC_ACQ_REL);
  if (db != nullptr) sqlite3_close_v2(db);
}

void finalize_quietly(sqlite3_stmt* statement) {
  t_statement_dies = true;
  sqlite3_finalize(statement);
  t_statement_dies = false;
}

}  // namespace

thread_local bool t_statement_dies;

Handle* Handle::create() { return new (std::nothrow) Handle; }
Handle* Handle::retain() {
  __atomic_add_fetch(&references_, 1, __ATOMIC_RELAXED);
  return this;
}
void Handle::release() {
  if (__atomic_sub_fetch(&references_, 1, __ATOMIC_ACQ_REL) == 0) delete this;
}
void Handle::unlock() {
  sweep();
  mutex_.unlock();
  // One may have come between the two: its thread found the mutex held.
  while (__atomic_load_n(&dead_, __ATOMIC_SEQ_CST) != nullptr && mutex_.try_lock()) {
    sweep();
    mutex_.unlock();
  }
}
void Handle::end_now(const Dead& what) {
  if (what.statement != nullptr) finalize_quietly(what.statement);
  OpenBlob* blob = what.blob;
  if (blob == nullptr) return;
  blob->close();
  if (blob->next != nullptr) blob->next->previous = blob->previous;
  (blob->previous != nullptr ? blob->previous->next : blobs_) = blob->next;
  delete blob;
}
void Handle::end(Dead what) {
  if (what.statement == nullptr && what.blob == nullptr) return;
  if (!mutex_.try_lock()) {
    auto* dead = new (std::nothrow) Dead(what);
    if (dead == nullptr) return;  // it stays, for want of memory: blocking here would be worse
    dead->next = __atomic_load_n(&dead_, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&dead_, &dead->next, dead, true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {}
    if (!mutex_.try_lock()) return;
  } else {
    end_now(what);
  }
  unlock();
}
void Handle::sweep() {
  Dead* dead = __atomic_exchange_n(&dead_, nullptr, __ATOMIC_ACQ_REL);
  while (dead != nullptr) {
    Dead* next = dead->next;
    end_now(*dead);
    delete dead;
    dead = next;
  }
}
OpenBlob* Handle::add(sqlite3_blob* blob) {
  auto* open = new (std::nothrow) OpenBlob{blob, blobs_, nullptr};
  if (open == nullptr) return nullptr;
  if (blobs_ != nullptr) blobs_->previous = open;
  return blobs_ = open;
}
void Handle::close_blobs() {
  for (OpenBlob* blob = blobs_; blob != nullptr; blob = blob->next) blob->close();
}

Use::Use(Thread& t, Connection* c, bool check_thread, bool exclusive) {
  if (!c->open) {
    (void)raise(t, g_programming_error, "Base Connection.__init__ not called.");
    return;
  }
  if (check_thread && c->check_thread && c->thread != t.ident) {
    (void)raise(t, g_programming_error,
                "SQLite objects created in a thread can only be used in that same thread. The object was created in thread id %zu and this "
                "is thread id %zu.",
                size_t(c->thread), size_t(t.ident));
    return;
  }
  // Callbacks run within a call and may use the connection as well.
  if (exclusive && __atomic_load_n(&c->user, __ATOMIC_RELAXED) != t.ident) {
    c->handle->lock(t);
    __atomic_store_n(&c->user, t.ident, __ATOMIC_RELAXED);
    locked_ = true;
  }
  __atomic_add_fetch(&c->users, 1, __ATOMIC_ACQ_REL);
  if (__atomic_load_n(&c->closed, __ATOMIC_ACQUIRE) || c->db == nullptr) {
    leave(c);
    if (locked_) {
      __atomic_store_n(&c->user, 0, __ATOMIC_RELAXED);
      c->handle->unlock();
    }
    (void)raise(t, g_programming_error, "Cannot operate on a closed database.");
    return;
  }
  connection_ = c;
}
Use::~Use() {
  if (connection_ == nullptr) return;
  leave(connection_);
  if (!locked_) return;
  __atomic_store_n(&connection_->user, 0, __ATOMIC_RELAXED);
  connection_->handle->unlock();
}

Status check_pending(Thread& t) {
  if (exception_pending(t)) return Raised{};
  return ok();
}
Raised raise_db(Thread& t, sqlite3* db) {
  if (exception_pending(t)) return Raised{};
  int code = sqlite3_errcode(db), extended = sqlite3_extended_errcode(db);
  Type* type = g_database_error;
  switch (code) {
    case SQLITE_INTERNAL:
    case SQLITE_NOTFOUND: type = g_internal_error; break;
    case SQLITE_NOMEM: return raise_no_memory(t);
    case SQLITE_ERROR:
    case SQLITE_PERM:
    case SQLITE_ABORT:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_EMPTY:
    case SQLITE_SCHEMA: type = g_operational_error; break;
    case SQLITE_TOOBIG: type = g_data_error; break;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH: type = g_integrity_error; break;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: type = g_interface_error; break;
  }
  RefTo<Str> text = TRY(str_from_utf8(t, sqlite3_errmsg(db)));
  Ref error = TRY(make_exception(t, type, text));
  RefTo<Str> key = TRY(str_from_ascii(t, "sqlite_errorcode"));
  key = TRY(str_intern(t, key));
  TRY(set_attribute(t, error, key.get(), Value::small_int(extended)));
  key = TRY(str_from_ascii(t, "sqlite_errorname"));
  key = TRY(str_intern(t, key));
  RefTo<Str> name = TRY(str_from_ascii(t, error_name(extended)));
  TRY(set_attribute(t, error, key.get(), name));
  return raise_exception(t, std::move(error));
}
Status run_sql(Thread& t, sqlite3* db, const char* sql) {
  int code;
  {
    Detached detached(t);
    code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
  }
  TRY(check_pending(t));
  if (code != SQLITE_OK) return raise_db(t, db);
  return ok();
}
Status begin_transaction(Thread& t, Connection* c, sqlite3* db) {
  Ref level = c->isolation_level.load();
  if (!is_str(level)) return ok();
  Utf8Buffer buffer;
  std::string sql = "BEGIN " + std::string(str_utf8(level.as<Str>(), buffer));
  return run_sql(t, db, sql.c_str());
}

namespace {

Ref new_(Thread& t, Type* cls, Args) {
  Ref made = TRY(allocate_instance(t, cls));
  auto* c = self_of(made);
  c->handle = Handle::create();
  if (c->handle == nullptr) return raise_no_memory(t);
  RefTo<Dict> functions = TRY(dict_new(t));
  c->functions.init(c, std::move(functions));
  c->isolation_level.init(c, None);
  c->row_factory.init(c, None);
  c->text_factory.init(c, Value(types::str));
  c->autocommit = kLegacy;
  return made;
}
Ref checked_level(Thread& t, Value v) {
  if (v.is_empty()) return str_from_ascii(t, "");
  if (v.is_none()) return Ref::none();
  if (!is_str(v)) return raise(t, exc::TypeError, "isolation_level must be str or None");
  for (const char* level : {"", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"}) {
    auto* s = v.as<Str>();
    if (!s->is_ascii() || s->length() != std::strlen(level)) continue;
    bool same = true;
    for (size_t i = 0; i < s->length(); i++) same &= (s->at(i) & ~32u) == u32(level[i]);
    if (same) return Ref::copy(v);
  }
  return raise(t, exc::ValueError, "isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'");
}
Result<i64> autocommit_of(Thread& t, Value v) {
  if (v.is_empty()) return kLegacy;
  if (v.is_bool()) return i64(v.is_true());
  if (is_exact_int(v) && TRY(to_i64(t, v)) == kLegacy) return kLegacy;
  return raise(t, exc::ValueError, "autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL");
}
Status init(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature(
      "(database, timeout=5.0, detect_types=0, isolation_level='', check_same_thread=True, factory=None, cached_statements=128, uri=False, *, "
      "autocommit=-1)");
  Value a[9];
  Ref unused;
  TRY(bind_arguments(t, signature, "Connection", args, a, &unused));
  auto* c = self_of(self);
  if (c->open) return raise(t, g_programming_error, "typhon: a Connection cannot be initialised twice");
  PathArgument path;
  TRY(path.get(t, a[0], "Connection", "database"));
  double timeout = a[1].is_empty() ? 5.0 : TRY(to_double(t, a[1]));
  i64 types = a[2].is_empty() ? 0 : TRY(to_i64(t, a[2]));
  Ref level = TRY(checked_level(t, a[3]));
  bool check = a[4].is_empty() || TRY(truth(t, a[4])), uri = !a[7].is_empty() && TRY(truth(t, a[7]));
  i64 autocommit = TRY(autocommit_of(t, a[8]));
  sqlite3* db = nullptr;
  int code;
  {
    Detached detached(t);
    code = sqlite3_open_v2(path.path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX | (uri ? SQLITE_OPEN_URI : 0), nullptr);
    if (code == SQLITE_OK) sqlite3_busy_timeout(db, int(timeout * 1000));
  }
  if (db == nullptr) return raise_no_memory(t);
  if (code != SQLITE_OK) {
    (void)raise_db(t, db);
    sqlite3_close_v2(db);
    return Raised{};
  }
  c->db = db;
  c->isolation_level.store(c, std::move(level));
  c->detect_types = u8(types);
  c->check_thread = check;
  c->thread = t.ident;
  c->autocommit = autocommit;
  c->open = 1;
  if (autocommit == 0) return run_sql(t, db, "BEGIN");
  return ok();
}

Ref close(Thread& t, Value self, const Value*) {
  auto* c = self_of(self);
  if (!c->open) return raise(t, g_programming_error, "Base Connection.__init__ not called.");
  if (__atomic_load_n(&c->closed, __ATOMIC_ACQUIRE)) return Ref::none();
  {
    Use use(t, c);
    if (use.failed()) return Raised{};
    if (c->autocommit == 0 && !sqlite3_get_autocommit(use.db())) TRY(run_sql(t, use.db(), "ROLLBACK"));
    c->handle->close_blobs();
    __atomic_store_n(&c->closed, 1, __ATOMIC_RELEASE);
  }
  return Ref::none();
}
Ref end_transaction(Thread& t, Value self, const char* sql) {
  auto* c = self_of(self);
  Use use(t, c);
  if (use.failed()) return Raised{};
  if (c->autocommit == kLegacy) {
    if (!sqlite3_get_autocommit(use.db())) TRY(run_sql(t, use.db(), sql));
  } else if (c->autocommit == 0) {
    TRY(run_sql(t, use.db(), sql));
    TRY(run_sql(t, use.db(), "BEGIN"));
  }
  return Ref::none();
}
Ref commit(Thread& t, Value self, const Value*) { return end_transaction(t, self, "COMMIT"); }
Ref rollback(Thread& t, Value self, const Value*) { return end_transaction(t, self, "ROLLBACK"); }
Ref enter(Thread& t, Value self, const Value*) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return Ref::copy(self);
}
Ref exit(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  if (c->autocommit == 1) return Ref::boolean(false);
  bool clean = a[0].is_none();
  Ref done = clean ? commit(t, self, nullptr) : rollback(t, self, nullptr);
  if (done.failed() && clean) {
    // What could not be committed is undone; the error stays.
    Ref error = take_exception(t);
    Ref undone = rollback(t, self, nullptr);
    if (undone.failed()) clear_exception(t);
    restore_exception(t, std::move(error));
    return Raised{};
  }
  TRY(std::move(done));
  return Ref::boolean(false);
}
Ref cursor(Thread& t, Value self, const Value* a) { return connection_cursor(t, self, a[0]); }
template <Ref (*f)(Thread&, Value, const Value*)>
Ref by_cursor(Thread& t, Value self, const Value* a) {
  Ref cursor = TRY(connection_cursor(t, self, EMPTY));
  return f(t, cursor, a);
}
Ref interrupt(Thread& t, Value self, const Value*) {
  Use use(t, self_of(self), false, false);
  if (use.failed()) return Raised{};
  sqlite3_interrupt(use.db());
  return Ref::none();
}
Ref iterdump(Thread& t, Value self, const Value* a) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  Ref module = TRY(import_module(t, "sqlite3.dump"));
  Ref function = TRY(get_attribute_utf8(t, module, "_iterdump"));
  Value words[] = {self, a[0].is_empty() ? None : a[0]};
  RefTo<Str> filter = TRY(str_from_ascii(t, "filter"));
  filter = TRY(str_intern(t, filter));
  RefTo<Tuple> names = TRY(tuple_of(t, filter));
  return call(t, function, Args{words, 1, names.get(), 1});
}
Ref backup(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  if (!is_instance_of(a[0], g_connection_type)) return raise(t, exc::TypeError, "backup() argument 1 must be sqlite3.Connection, not %T", a[0]);
  auto* target = self_of(a[0]);
  if (target == c) return raise(t, exc::ValueError, "target cannot be the same connection instance");
  i64 pages = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1]));
  if (pages == 0) pages = -1;
  std::string source = "main";
  if (!a[3].is_empty()) {
    Utf8Argument name;
    TRY(name.get(t, a[3], "backup() argument 'name'"));
    source = name.text;
  }
  i64 pause = a[4].is_empty() ? 250 : i64(TRY(to_double(t, a[4])) * 1000);
  Use use(t, c), target_use(t, target, false);
  if (use.failed() || target_use.failed()) return Raised{};
  sqlite3_backup* job = sqlite3_backup_init(target_use.db(), "main", use.db(), source.c_str());
  if (job == nullptr) return raise_db(t, target_use.db());
  int code;
  Status status;
  do {
    {
      Detached detached(t);
      code = sqlite3_backup_step(job, int(pages));
    }
    if (!a[2].is_empty() && !a[2].is_none()) {
      Ref left = int_from(t, sqlite3_backup_remaining(job)), total = int_from(t, sqlite3_backup_pagecount(job));
      Ref done = call_with(t, a[2], Value::small_int(code), left, total);
      if (done.failed()) status = Raised{};
    }
    if (!status.failed() && (code == SQLITE_BUSY || code == SQLITE_LOCKED)) {
      Detached detached(t);
      sqlite3_sleep(int(pause));
    }
    if (!status.failed()) status = safepoint(t);
  } while (!status.failed() && (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED));
  code = sqlite3_backup_finish(job);
  TRY(status);
  if (code != SQLITE_OK) return raise_db(t, target_use.db());
  return Ref::none();
}
// --- callbacks of the whole connection. Their errors do not come through.
int on_trace(unsigned, void* data, void* statement, void*) {
  Thread& t = Thread::current();
  Attached attached(t);
  Ref callback = static_cast<Connection*>(data)->trace.load();
  if (callback.is_empty()) return 0;
  char* sql = sqlite3_expanded_sql(static_cast<sqlite3_stmt*>(statement));
  if (sql == nullptr) return 0;
  Ref text = decode_utf8(t, reinterpret_cast<u8*>(sql), std::strlen(sql));
  sqlite3_free(sql);
  if (text.failed() || call_with(t, callback, text).failed()) forget_callback_error(t, callback);
  return 0;
}
int on_progress(void* data) {
  Thread& t = Thread::current();
  Attached attached(t);
  Ref callback = static_cast<Connection*>(data)->progress.load();
  if (callback.is_empty()) return 0;
  Ref answer = call(t, callback);
  Result<bool> stop = answer.failed() ? Result<bool>(Raised{}) : truth(t, answer);
  if (!stop.failed()) return stop.get();
  forget_callback_error(t, callback);
  return 1;
}
int on_authorize(void* data, int action, const char* first, const char* second, const char* database, const char* source) {
  Thread& t = Thread::current();
  Attached attached(t);
  Ref callback = static_cast<Connection*>(data)->authorizer.load();
  if (callback.is_empty()) return SQLITE_OK;
  auto ask = [&]() -> Result<int> {
    RootedVector args(t);
    args.push(TRY(int_from(t, action)));
    for (const char* text : {first, second, database, source}) args.push(text == nullptr ? Ref::none() : Ref(TRY(str_from_utf8(t, text))));
    Ref answer = TRY(call(t, callback, Args{args.data(), u32(args.size())}));
    if (!is_int(answer)) return SQLITE_DENY;
    i64 code = TRY(to_i64(t, answer, "Python int too large to convert to C int"));
    if (code != int(code)) return raise(t, exc::OverflowError, "Python int too large to convert to C int");
    return int(code);
  };
  Result<int> answer = ask();
  if (!answer.failed()) return answer.get();
  forget_callback_error(t, callback);
  return SQLITE_DENY;
}
void keep(Connection* c, Field& field, Value callback) {
  if (callback.is_none())
    field.clear(c);
  else
    field.store(c, callback);
}
Ref set_trace(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  Use use(t, c);
  if (use.failed()) return Raised{};
  keep(c, c->trace, a[0]);
  sqlite3_trace_v2(use.db(), SQLITE_TRACE_STMT, a[0].is_none() ? nullptr : on_trace, c);
  return Ref::none();
}
Ref set_progress(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  i64 n = TRY(to_i64(t, a[1]));
  Use use(t, c);
  if (use.failed()) return Raised{};
  keep(c, c->progress, a[0]);
  sqlite3_progress_handler(use.db(), int(n), a[0].is_none() ? nullptr : on_progress, c);
  return Ref::none();
}
Ref set_authorizer(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  Use use(t, c);
  if (use.failed()) return Raised{};
  keep(c, c->authorizer, a[0]);
  if (sqlite3_set_authorizer(use.db(), a[0].is_none() ? nullptr : on_authorize, c) != SQLITE_OK)
    return raise(t, g_operational_error, "Error setting authorizer callback");
  return Ref::none();
}

// Limits of the library, by number.
Ref set_limit(Thread& t, Value self, const Value* a) {
  i64 category = TRY(to_i64(t, a[0])), limit = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1]));
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  int old = sqlite3_limit(use.db(), int(category), int(limit));
  if (old < 0) return raise(t, g_programming_error, "'category' is out of bounds");
  return int_from(t, old);
}
Ref get_limit(Thread& t, Value self, const Value* a) {
  Value words[] = {a[0], EMPTY};
  return set_limit(t, self, words);
}
Ref call_connection(Thread& t, Value, Args) { return raise_not_there(t, "calling a sqlite3.Connection"); }

// --- attributes
Ref get_level(Thread& t, Value self) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return self_of(self)->isolation_level.load();
}
Status set_level(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::AttributeError, "cannot delete attribute");
  auto* c = self_of(self);
  Ref level = TRY(checked_level(t, v));
  if (v.is_none()) {
    // As ever: without transactions of our own, an open one is committed.
    Use use(t, c);
    if (use.failed()) return Raised{};
    if (!sqlite3_get_autocommit(use.db())) TRY(run_sql(t, use.db(), "COMMIT"));
  }
  c->isolation_level.store(c, std::move(level));
  return ok();
}
Ref get_in_transaction(Thread& t, Value self) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return Ref::boolean(!sqlite3_get_autocommit(use.db()));
}
Ref get_total_changes(Thread& t, Value self) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  return int_from(t, sqlite3_total_changes(use.db()));
}
Ref get_autocommit(Thread& t, Value self) {
  Use use(t, self_of(self));
  if (use.failed()) return Raised{};
  i64 mode = self_of(self)->autocommit;
  return mode == kLegacy ? int_from(t, mode) : Ref::boolean(mode);
}
Status set_autocommit(Thread& t, Value self, Value v) {
  auto* c = self_of(self);
  Use use(t, c);
  if (use.failed()) return Raised{};
  i64 mode = TRY(autocommit_of(t, v));
  if (mode == 1 && !sqlite3_get_autocommit(use.db())) TRY(run_sql(t, use.db(), "COMMIT"));
  if (mode == 0 && sqlite3_get_autocommit(use.db())) TRY(run_sql(t, use.db(), "BEGIN"));
  c->autocommit = mode;
  return ok();
}

const Method kMethods[] = {
    method("cursor", cursor, "($self, /, factory=<unrepresentable>)", "Return a cursor for the connection."),
    method("close", close, "($self, /)", "Close the database connection.\n\nAny pending transaction is not committed implicitly."),
    method("commit", commit, "($self, /)", "Commit any pending transaction to the database.\n\nIf there is no open transaction, this method is a no-op."),
    method("rollback", rollback, "($self, /)", "Roll back to the start of any pending transaction.\n\nIf there is no open transaction, this method is a no-op."),
    method("execute", by_cursor<cursor_execute>, "($self, sql, parameters=<unrepresentable>, /)", "Executes an SQL statement."),
    method("executemany", by_cursor<cursor_executemany>, "($self, sql, parameters, /)", "Repeatedly executes an SQL statement."),
    method("executescript", by_cursor<cursor_executescript>, "($self, sql_script, /)", "Executes multiple SQL statements at once."),
    method("create_function", connection_create_function, "($self, name, narg, func, /, *, deterministic=False)", "Creates a new function."),
    method("create_aggregate", connection_create_aggregate, "($self, name, n_arg, aggregate_class, /)", "Creates a new aggregate."),
    method("create_collation", connection_create_collation, "($self, name, callback, /)", "Creates a collation function."),
    method("interrupt", interrupt, "($self, /)", "Abort any pending database operation."),
    method("iterdump", iterdump, "($self, /, *, filter=None)", "Returns iterator to the dump of the database in an SQL text format."),
    method("backup", backup, "($self, target, *, pages=-1, progress=None, name='main', sleep=0.25)", "Makes a backup of the database."),
    method("setlimit", set_limit, "($self, category, limit, /)", "Set connection run-time limits."),
    method("getlimit", get_limit, "($self, category, /)", "Get connection run-time limits."),
    method("set_trace_callback", set_trace, "($self, trace_callback, /)", "Set a trace callback called for each SQL statement (passed as unicode)."),
    method("set_progress_handler", set_progress, "($self, progress_handler, /, n)", "Set progress handler callback."),
    method("set_authorizer", set_authorizer, "($self, authorizer_callback, /)", "Set authorizer callback."),
    method("create_window_function", connection_create_window_function, "($self, name, num_params, aggregate_class, /)", "Creates or redefines an aggregate window function."),
    method("blobopen", connection_blobopen, "($self, table, column, row, /, *, readonly=False, name='main')", "Open and return a BLOB object."),
    method("__enter__", enter, "($self, /)", "Called when the connection is used as a context manager.\n\nReturns itself as a convenience to the caller."),
    method("__exit__", exit, "($self, exc_type, exc_value, traceback, /)",
           "Called when the connection is used as a context manager.\n\nIf there was any exception, a rollback takes place; otherwise we commit."),
    {},
};
const GetSet kGetSets[] = {{"isolation_level", get_level, set_level}, {"in_transaction", get_in_transaction},
                           {"total_changes", get_total_changes}, {"autocommit", get_autocommit, set_autocommit}, {}};
const Member kMembers[] = {{"row_factory", offsetof(Connection, row_factory), true}, {"text_factory", offsetof(Connection, text_factory), true}, {}};

}  // namespace

const TypeSpec kConnectionSpec = {
    .name = "sqlite3.Connection",
    .doc = "SQLite database connection object.",
    .layout = {"Connection", sizeof(Connection), 0, visit, release, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.call = call_connection, .new_ = new_, .init = init},
    .methods = kMethods,
    .getsets = kGetSets,
    .members = kMembers,
};

}  // namespace typhon::sqlite
