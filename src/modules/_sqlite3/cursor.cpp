// _sqlite3: Cursor and Row.
#include "modules/_sqlite3/sqlite.h"

namespace typhon::sqlite {

Type *g_cursor_type, *g_row_type;

namespace {

Cursor* self_of(Value v) { return v.as<Cursor>(); }
Connection* connection_of(Cursor* c) { return c->connection.as<Connection>(); }
void visit_cursor(Object* self, Visitor& v) { v.fields(&static_cast<Cursor*>(self)->connection, 5); }
void release_cursor(Thread&, Object* self) {
  auto* c = static_cast<Cursor*>(self);
  if (c->handle == nullptr) return;
  // The library's handle outlives its statements (sqlite3_close_v2).
  c->handle->finalize(c->statement);
  c->handle->release();
}
void visit_row(Object* self, Visitor& v) { v.fields(&static_cast<Row*>(self)->data, 2); }

// One call at a time uses a cursor, and its connection's handle.
class Session {
 public:
  Session(Thread& t, Cursor* c) : cursor_(c) {
    if (!c->ready) {
      (void)raise(t, g_programming_error, "Base Cursor.__init__ not called.");
    } else if (c->closed) {
      (void)raise(t, g_programming_error, "Cannot operate on a closed cursor.");
    } else if (__atomic_exchange_n(&c->busy, 1, __ATOMIC_ACQUIRE) != 0) {
      (void)raise(t, g_programming_error, "Recursive use of cursors not allowed.");
    } else {
      claimed_ = true;
      new (&space_) Use(t, connection_of(c));
    }
  }
  ~Session() {
    if (!claimed_) return;
    use().~Use();
    __atomic_store_n(&cursor_->busy, 0, __ATOMIC_RELEASE);
  }
  Session(const Session&) = delete;
  bool failed() { return !claimed_ || use().failed(); }
  sqlite3* db() { return use().db(); }

 private:
  Use& use() { return *reinterpret_cast<Use*>(&space_); }
  Cursor* cursor_;
  bool claimed_ = false;
  alignas(Use) char space_[sizeof(Use)];
};

Status init_cursor(Thread& t, Value self, Args args) {
  static const Signature& signature = parse_signature("(connection, /)");
  Value a[1];
  Ref unused;
  TRY(bind_arguments(t, signature, "Cursor", args, a, &unused));
  if (!is_instance_of(a[0], g_connection_type)) return raise(t, exc::TypeError, "Cursor() argument 1 must be sqlite3.Connection, not %T", a[0]);
  auto* c = self_of(self);
  if (c->ready) return ok();
  Use use(t, a[0].as<Connection>());
  if (use.failed()) return Raised{};
  c->connection.store(c, a[0]);
  c->handle = a[0].as<Connection>()->handle->retain();
  c->description.store(c, None);
  c->last_row_id.store(c, None);
  c->row_factory.store(c, None);
  c->array_size = 1;
  c->row_count = -1;
  c->ready = 1;
  return ok();
}
Ref new_cursor(Thread& t, Type* cls, Args) { return allocate_instance(t, cls); }

// --- parameters
Ref adapted(Thread& t, Value v) {
  if (v.is_none() || is_exact_int(v) || is_exact_float(v) || is_exact_str(v) || is_exact_bytearray(v)) return Ref::copy(v);
  RefTo<Tuple> key = TRY(tuple_of(t, Value(type_of(v)), Value(g_protocol_type)));
  Ref adapter = TRY(dict_get_py(t, g_adapters.as<Dict>(), key));
  if (!adapter.is_empty()) return call_with(t, adapter, v);
  RefTo<Str> name = TRY(str_from_ascii(t, "__conform__"));
  name = TRY(str_intern(t, name));
  Ref conform = TRY(get_attribute_or_empty(t, v, name.get()));
  if (!conform.is_empty()) {
    Ref result = call_with(t, conform, Value(g_protocol_type));
    if (!result.failed() && !result.get().is_none()) return Ref(std::move(result));
    if (result.failed() && !clear_if(t, exc::TypeError)) return Raised{};
  }
  return Ref::copy(v);
}
Status bind_one(Thread& t, sqlite3* db, sqlite3_stmt* statement, int index, Value given) {
  Ref v = TRY(adapted(t, given));
  int code;
  if (v.get().is_none()) {
    code = sqlite3_bind_null(statement, index);
  } else if (is_int(v)) {
    i64 n;
    if (!int_fits_i64(v, &n)) return raise(t, exc::OverflowError, "Python int too large to convert to SQLite INTEGER");
    code = sqlite3_bind_int64(statement, index, n);
  } else if (is_float(v)) {
    code = sqlite3_bind_double(statement, index, float_value(v));
  } else if (is_str(v)) {
    Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
    code = sqlite3_bind_text64(statement, index, reinterpret_cast<char*>(bytes.as<Bytes>()->data), bytes.as<Bytes>()->size, SQLITE_TRANSIENT, SQLITE_UTF8);
  } else if (has_buffer(v)) {
    ByteView view(t);
    TRY(view.get(v));
    code = sqlite3_bind_blob64(statement, index, view.size() == 0 ? reinterpret_cast<const u8*>("") : view.data(), view.size(), SQLITE_TRANSIENT);
  } else {
    const char* name = sqlite3_bind_parameter_name(statement, index);
    if (name != nullptr) return raise(t, g_programming_error, "Error binding parameter '%s': type '%T' is not supported", name, v.get());
    return raise(t, g_programming_error, "Error binding parameter %d: type '%T' is not supported", index, v.get());
  }
  if (code != SQLITE_OK) return raise_db(t, db);
  return ok();
}
Status bind_all(Thread& t, sqlite3* db, sqlite3_stmt* statement, Value parameters) {
  int wanted = sqlite3_bind_parameter_count(statement);
  if (is_tuple(parameters) || is_list(parameters) || (!is_dict(parameters) && is_sequence(parameters) && !is_mapping(parameters))) {
    i64 given = TRY(length(t, parameters));
    if (given != wanted)
      return raise(t, g_programming_error, "Incorrect number of bindings supplied. The current statement uses %d, and there are %zd supplied.",
                   wanted, given);
    for (int i = 0; i < wanted; i++) {
      const char* name = sqlite3_bind_parameter_name(statement, i + 1);
      if (name != nullptr && name[0] != '?')
        return raise(t, g_programming_error, "Binding %d ('%s') is a named parameter, but you supplied a sequence which requires nominal (qmark) placeholders.",
                     i + 1, name);
      Ref item = TRY(get_item_index(t, parameters, i));
      TRY(bind_one(t, db, statement, i + 1, item));
    }
    return ok();
  }
  if (!is_mapping(parameters) && !is_dict(parameters)) return raise(t, g_programming_error, "parameters are of unsupported type");
  for (int i = 1; i <= wanted; i++) {
    const char* name = sqlite3_bind_parameter_name(statement, i);
    if (name == nullptr) return raise(t, g_programming_error, "Binding %d has no name, but you supplied a dictionary (which has only names).", i);
    RefTo<Str> key = TRY(str_from_utf8(t, name + 1));
    Ref item = get_item(t, parameters, key);
    if (item.failed()) {
      if (!clear_if(t, exc::LookupError)) return Raised{};
      return raise(t, g_programming_error, "You did not supply a value for binding parameter :%U.", key.get());
    }
    TRY(bind_one(t, db, statement, i, item));
  }
  return ok();
}

// --- results
Ref converter_for(Thread& t, Connection* connection, sqlite3_stmt* statement, int column) {
  if (connection->detect_types == 0 || dict_size(g_converters.as<Dict>()) == 0) return Ref();
  std::string name;
  if (connection->detect_types & kParseColNames) {
    const char* text = sqlite3_column_name(statement, column);
    const char* open = text == nullptr ? nullptr : std::strrchr(text, '[');
    const char* end = open == nullptr ? nullptr : std::strchr(open, ']');
    if (end != nullptr) name.assign(open + 1, end);
  }
  if (name.empty() && (connection->detect_types & kParseDeclTypes)) {
    const char* text = sqlite3_column_decltype(statement, column);
    if (text != nullptr) name.assign(text, std::strcspn(text, " ("));
  }
  if (name.empty()) return Ref();
  RefTo<Str> key = TRY(str_from_utf8(t, name));
  Ref upper = TRY(get_attribute_utf8(t, key, "upper"));
  upper = TRY(call(t, upper));
  return dict_get_py(t, g_converters.as<Dict>(), upper);
}
Ref text_value(Thread& t, Connection* connection, const char* text, size_t n, const char* column) {
  Ref factory = connection->text_factory.load();
  auto* data = reinterpret_cast<const u8*>(text);
  if (factory.get().same_word(Value(types::str))) {
    Ref s = decode_utf8(t, data, n);
    if (!s.failed() || !clear_if(t, exc::UnicodeDecodeError)) return s;
    Ref shown = TRY(decode_utf8(t, data, n, "replace"));
    return raise(t, g_operational_error, "Could not decode to UTF-8 column '%s' with text '%S'", column == nullptr ? "" : column, shown.get());
  }
  RefTo<Bytes> bytes = TRY(bytes_from(t, text, n));
  if (factory.get().same_word(Value(types::bytes))) return bytes;
  if (factory.get().same_word(Value(types::bytearray))) return bytearray_from(t, text, n);
  return call_with(t, factory, bytes);
}
Ref column_value(Thread& t, Connection* connection, sqlite3_stmt* statement, int column) {
  Ref converter = TRY(converter_for(t, connection, statement, column));
  int type = sqlite3_column_type(statement, column);
  if (type == SQLITE_NULL) return Ref::none();
  if (!converter.is_empty()) {
    const void* data = sqlite3_column_blob(statement, column);
    RefTo<Bytes> bytes = TRY(bytes_from(t, data == nullptr ? "" : data, size_t(sqlite3_column_bytes(statement, column))));
    return call_with(t, converter, bytes);
  }
  switch (type) {
    case SQLITE_INTEGER: return int_from(t, sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT: return float_from(t, sqlite3_column_double(statement, column));
    case SQLITE_TEXT: {
      auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      if (text == nullptr) return raise_no_memory(t);
      return text_value(t, connection, text, size_t(sqlite3_column_bytes(statement, column)), sqlite3_column_name(statement, column));
    }
    default: {
      const void* data = sqlite3_column_blob(statement, column);
      return bytes_from(t, data == nullptr ? "" : data, size_t(sqlite3_column_bytes(statement, column)));
    }
  }
}
Ref row_value(Thread& t, Cursor* c) {
  RootedVector values(t);
  int n = sqlite3_data_count(c->statement);
  for (int i = 0; i < n; i++) values.push(TRY(column_value(t, connection_of(c), c->statement, i)));
  return tuple_from(t, values.data(), values.size());
}
Ref description_of(Thread& t, Connection* connection, sqlite3_stmt* statement) {
  int n = sqlite3_column_count(statement);
  if (n == 0) return Ref::none();
  RootedVector columns(t);
  for (int i = 0; i < n; i++) {
    const char* text = sqlite3_column_name(statement, i);
    if (text == nullptr) return raise_no_memory(t);
    size_t size = std::strlen(text);
    // With PARSE_COLNAMES, "name [type]" is the name alone.
    if (connection->detect_types & kParseColNames)
      if (const char* open = std::strchr(text, '['); open != nullptr) size = size_t(open - text) - (open > text && open[-1] == ' ');
    RefTo<Str> name = TRY(str_from_utf8(t, {text, size}));
    columns.push(TRY(tuple_of(t, name, None, None, None, None, None, None)).release_ref());
  }
  return tuple_from(t, columns.data(), columns.size());
}

// Steps; SQLITE_ROW or SQLITE_DONE.
Result<int> step(Thread& t, sqlite3* db, sqlite3_stmt* statement) {
  int code;
  {
    Detached detached(t);
    code = sqlite3_step(statement);
  }
  TRY(check_pending(t));
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code;
  return raise_db(t, db);
}
// Detached, for aggregates that have not come to their end are finalised here.
void drop_statement(Thread& t, Cursor* c) {
  if (c->statement == nullptr) return;
  Detached detached(t);
  sqlite3_finalize(c->statement);
  c->statement = nullptr;
}
// Fetches the row after the present one into next_row.
Status advance(Thread& t, Cursor* c, sqlite3* db, int code) {
  if (code == SQLITE_ROW) {
    Ref row = TRY(row_value(t, c));
    c->next_row.store(c, std::move(row));
    return ok();
  }
  if (c->is_dml) c->row_count += sqlite3_changes(db);
  drop_statement(t, c);
  return ok();
}

bool only_space(const char* sql) {
  for (; *sql != 0; sql++) {
    if (*sql == '-' && sql[1] == '-') {
      while (*sql != 0 && *sql != '\n') sql++;
      if (*sql == 0) return true;
    } else if (*sql == '/' && sql[1] == '*') {
      const char* end = std::strstr(sql + 2, "*/");
      if (end == nullptr) return true;
      sql = end + 1;
    } else if (std::strchr(" \t\r\n;", *sql) == nullptr) {
      return false;
    }
  }
  return true;
}
bool starts_like(const char* sql, const char* word) {
  while (*sql == ' ' || *sql == '\t' || *sql == '\r' || *sql == '\n' || *sql == '-' || *sql == '/') {
    if (*sql == '-' && sql[1] == '-') {
      while (*sql != 0 && *sql != '\n') sql++;
    } else if (*sql == '/' && sql[1] == '*') {
      const char* end = std::strstr(sql + 2, "*/");
      if (end == nullptr) return false;
      sql = end + 2;
    } else if (*sql == '-' || *sql == '/') {
      return false;
    } else {
      sql++;
    }
  }
  for (; *word != 0; word++, sql++)
    if ((*sql & ~32) != *word) return false;
  return true;
}
Status prepare(Thread& t, Cursor* c, sqlite3* db, Value sql) {
  if (!is_str(sql)) return raise(t, exc::TypeError, "execute() argument 1 must be str, not %T", sql);
  Ref bytes = TRY(encode_utf8(t, sql.as<Str>()));
  auto* text = reinterpret_cast<const char*>(bytes.as<Bytes>()->data);
  if (std::strlen(text) != bytes.as<Bytes>()->size) return raise(t, g_programming_error, "the query contains a null character");
  drop_statement(t, c);
  const char* tail = nullptr;
  int code;
  {
    Detached detached(t);
    code = sqlite3_prepare_v2(db, text, int(bytes.as<Bytes>()->size) + 1, &c->statement, &tail);
  }
  TRY(check_pending(t));
  if (code != SQLITE_OK) return raise_db(t, db);
  if (c->statement != nullptr && tail != nullptr && !only_space(tail)) {
    drop_statement(t, c);
    return raise(t, g_programming_error, "You can only execute one statement at a time.");
  }
  c->is_dml = starts_like(text, "INSERT") || starts_like(text, "UPDATE") || starts_like(text, "DELETE") || starts_like(text, "REPLACE");
  return ok();
}

Status run_once(Thread& t, Cursor* c, sqlite3* db, Value parameters, bool many) {
  sqlite3_reset(c->statement);
  sqlite3_clear_bindings(c->statement);
  TRY(bind_all(t, db, c->statement, parameters));
  int code = TRY(step(t, db, c->statement));
  if (many) {
    if (code == SQLITE_ROW) return raise(t, g_programming_error, "executemany() can only execute DML statements.");
    if (c->is_dml) c->row_count += sqlite3_changes(db);
    return ok();
  }
  Ref description = TRY(description_of(t, connection_of(c), c->statement));
  c->description.store(c, std::move(description));
  Ref id = TRY(int_from(t, sqlite3_last_insert_rowid(db)));
  c->last_row_id.store(c, std::move(id));
  return advance(t, c, db, code);
}
Ref run(Thread& t, Value self, Value sql, Value parameters, bool many) {
  auto* c = self_of(self);
  Ref keep = Ref::copy(self);
  Session session(t, c);
  if (session.failed()) return Raised{};
  sqlite3* db = session.db();
  c->next_row.clear(c);
  c->description.store(c, None);
  auto go = [&]() -> Status {
    TRY(prepare(t, c, db, sql));
    c->row_count = c->is_dml ? 0 : -1;
    if (c->statement == nullptr) return ok();
    if (many && !c->is_dml) return raise(t, g_programming_error, "executemany() can only execute DML statements.");
    auto* connection = connection_of(c);
    if (connection->autocommit == kLegacy && c->is_dml && sqlite3_get_autocommit(db)) TRY(begin_transaction(t, connection, db));
    if (!many) return run_once(t, c, db, parameters, false);
    Ref iterator = TRY(get_iter(t, parameters));
    while (true) {
      Ref next = TRY(iter_next(t, iterator));
      if (next.is_empty()) break;
      TRY(run_once(t, c, db, next, true));
    }
    drop_statement(t, c);
    return ok();
  };
  if (go().failed()) {
    drop_statement(t, c);
    c->row_count = -1;
    return Raised{};
  }
  return keep;
}

// The next row as the row factory wants it; EMPTY at the end.
Ref fetch(Thread& t, Value self) {
  auto* c = self_of(self);
  Session session(t, c);
  if (session.failed()) return Raised{};
  Ref row = c->next_row.take(c);
  if (row.is_empty()) return Ref();
  if (c->statement != nullptr) {
    Result<int> code = step(t, session.db(), c->statement);
    if (code.failed() || advance(t, c, session.db(), code.get()).failed()) {
      drop_statement(t, c);
      return Raised{};
    }
  }
  Ref factory = c->row_factory.load();
  if (factory.get().is_none()) return row;
  return call_with(t, factory, self, row);
}
Ref next(Thread& t, Value self) { return fetch(t, self); }
Ref fetchone(Thread& t, Value self, const Value*) {
  Ref row = TRY(fetch(t, self));
  return row.is_empty() ? Ref::none() : std::move(row);
}
Ref fetch_up_to(Thread& t, Value self, i64 n) {
  RefTo<List> rows = TRY(list_new(t));
  for (i64 i = 0; n < 0 || i < n; i++) {
    Ref row = TRY(fetch(t, self));
    if (row.is_empty()) break;
    TRY(list_append(t, rows.get(), std::move(row)));
  }
  return rows;
}
Ref fetchmany(Thread& t, Value self, const Value* a) {
  i64 n = a[0].is_empty() ? self_of(self)->array_size : TRY(to_i64(t, a[0]));
  return fetch_up_to(t, self, n);
}
Ref fetchall(Thread& t, Value self, const Value*) { return fetch_up_to(t, self, -1); }
Ref close(Thread& t, Value self, const Value*) {
  auto* c = self_of(self);
  if (!c->ready) return raise(t, g_programming_error, "Base Cursor.__init__ not called.");
  if (c->closed) return Ref::none();
  Session session(t, c);
  if (session.failed()) return Raised{};
  drop_statement(t, c);
  c->next_row.clear(c);
  c->closed = 1;
  return Ref::none();
}
Ref ignore(Thread&, Value, const Value*) { return Ref::none(); }

Ref get_array_size(Thread& t, Value self) { return int_from(t, self_of(self)->array_size); }
Status set_array_size(Thread& t, Value self, Value v) {
  if (v.is_empty()) return raise(t, exc::AttributeError, "cannot delete attribute");
  i64 n = TRY(to_i64(t, v));
  if (n < 0 || n > UINT32_MAX) return raise(t, n < 0 ? exc::ValueError : exc::OverflowError, n < 0 ? "Cannot convert negative int" : "Python int too large for C uint32_t");
  self_of(self)->array_size = n;
  return ok();
}
Ref get_row_count(Thread& t, Value self) { return int_from(t, self_of(self)->row_count); }

const Method kCursorMethods[] = {
    method("execute", cursor_execute, "($self, sql, parameters=(), /)", "Executes an SQL statement."),
    method("executemany", cursor_executemany, "($self, sql, seq_of_parameters, /)", "Repeatedly executes an SQL statement."),
    method("executescript", cursor_executescript, "($self, sql_script, /)", "Executes multiple SQL statements at once."),
    method("fetchone", fetchone, "($self, /)", "Fetches one row from the resultset."),
    method("fetchmany", fetchmany, "($self, /, size=1)", "Fetches several rows from the resultset.\n\n  size\n    The default value is set by the Cursor.arraysize attribute."),
    method("fetchall", fetchall, "($self, /)", "Fetches all rows from the resultset."),
    method("close", close, "($self, /)", "Closes the cursor."),
    method("setinputsizes", ignore, "($self, sizes, /)", "Required by DB-API. Does nothing in sqlite3."),
    method("setoutputsize", ignore, "($self, size, column=None, /)", "Required by DB-API. Does nothing in sqlite3."),
    {},
};
const GetSet kCursorGetSets[] = {{"arraysize", get_array_size, set_array_size}, {"rowcount", get_row_count}, {}};
const Member kCursorMembers[] = {{"connection", offsetof(Cursor, connection)}, {"description", offsetof(Cursor, description)},
                                 {"lastrowid", offsetof(Cursor, last_row_id)}, {"row_factory", offsetof(Cursor, row_factory), true}, {}};

// --- Row
Row* row_of(Value v) { return v.as<Row>(); }
Ref new_row(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("(cursor, data, /)");
  Value a[2];
  Ref unused;
  TRY(bind_arguments(t, signature, "Row", args, a, &unused));
  if (!is_instance_of(a[0], g_cursor_type)) return raise(t, exc::TypeError, "Row() argument 1 must be sqlite3.Cursor, not %T", a[0]);
  if (!is_tuple(a[1])) return raise(t, exc::TypeError, "Row() argument 2 must be tuple, not %T", a[1]);
  Ref made = TRY(allocate_instance(t, cls));
  row_of(made)->data.init(made.object(), a[1]);
  row_of(made)->description.init(made.object(), self_of(a[0])->description.load());
  return made;
}
Ref row_keys(Thread& t, Value self, const Value*) {
  RefTo<List> keys = TRY(list_new(t));
  Ref description = row_of(self)->description.load();
  if (!is_tuple(description)) return keys;
  for (u64 i = 0; i < description.as<Tuple>()->size; i++)
    TRY(list_append(t, keys.get(), description.as<Tuple>()->items[i].as<Tuple>()->items[0].peek()));
  return keys;
}
bool same_ignoring_case(const Str* a, const Str* b) {
  if (a->length() != b->length()) return false;
  for (size_t i = 0; i < a->length(); i++) {
    u32 x = a->at(i), y = b->at(i);
    if (x >= 'A' && x <= 'Z') x |= 32;
    if (y >= 'A' && y <= 'Z') y |= 32;
    if (x != y) return false;
  }
  return true;
}
Ref row_item(Thread& t, Value self, Value key) {
  Ref data = row_of(self)->data.load();
  if (!is_str(key)) return get_item(t, data, key);
  Ref description = row_of(self)->description.load();
  if (is_tuple(description))
    for (u64 i = 0; i < description.as<Tuple>()->size && i < data.as<Tuple>()->size; i++)
      if (same_ignoring_case(key.as<Str>(), description.as<Tuple>()->items[i].as<Tuple>()->items[0].as<Str>())) return data.as<Tuple>()->items[i].load();
  return raise(t, exc::IndexError, "No item with that key");
}
Result<i64> row_length(Thread&, Value self) { return i64(row_of(self)->data.as<Tuple>()->size); }
Ref row_iter(Thread& t, Value self) {
  Ref data = row_of(self)->data.load();
  return get_iter(t, data);
}
Result<i64> row_hash(Thread& t, Value self) {
  i64 a = TRY(object_hash(t, row_of(self)->description.peek())), b = TRY(object_hash(t, row_of(self)->data.peek()));
  return a ^ b;
}
Ref row_compare(Thread& t, Value a, Value b, CompareOp op) {
  if ((op != CompareOp::kEq && op != CompareOp::kNe) || !is_instance_of(b, g_row_type)) return Ref::not_implemented();
  bool same = TRY(equal(t, row_of(a)->description.peek(), row_of(b)->description.peek()));
  if (same) same = TRY(equal(t, row_of(a)->data.peek(), row_of(b)->data.peek()));
  return Ref::boolean(same == (op == CompareOp::kEq));
}
const Method kRowMethods[] = {method("keys", row_keys, "($self, /)", "Returns the keys of the row."), {}};

}  // namespace

Ref connection_cursor(Thread& t, Value connection, Value factory) {
  {
    Use use(t, connection.as<Connection>());
    if (use.failed()) return Raised{};
  }
  Ref made = TRY(call_with(t, factory.is_empty() ? Value(g_cursor_type) : factory, connection));
  if (!is_instance_of(made, g_cursor_type)) return raise(t, exc::TypeError, "factory must return a cursor, not %T", made.get());
  Ref rows = connection.as<Connection>()->row_factory.load();
  if (!rows.get().is_none()) self_of(made)->row_factory.store(made.object(), std::move(rows));
  return made;
}
Ref cursor_execute(Thread& t, Value self, const Value* a) { return run(t, self, a[0], a[1].is_empty() ? Value(empty_tuple()) : a[1], false); }
Ref cursor_executemany(Thread& t, Value self, const Value* a) { return run(t, self, a[0], a[1], true); }
Ref cursor_executescript(Thread& t, Value self, const Value* a) {
  auto* c = self_of(self);
  Ref keep = Ref::copy(self);
  if (!is_str(a[0])) return raise(t, exc::TypeError, "executescript() argument must be str, not %T", a[0]);
  Ref bytes = TRY(encode_utf8(t, a[0].as<Str>()));
  auto* text = reinterpret_cast<const char*>(bytes.as<Bytes>()->data);
  if (std::strlen(text) != bytes.as<Bytes>()->size) return raise(t, exc::ValueError, "embedded null character");
  Session session(t, c);
  if (session.failed()) return Raised{};
  auto* connection = connection_of(c);
  if (connection->autocommit == kLegacy && !sqlite3_get_autocommit(session.db())) TRY(run_sql(t, session.db(), "COMMIT"));
  TRY(run_sql(t, session.db(), text));
  return keep;
}

const TypeSpec kCursorSpec = {
    .name = "sqlite3.Cursor",
    .doc = "SQLite database cursor class.",
    .layout = {"Cursor", sizeof(Cursor), 0, visit_cursor, release_cursor, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.iter = iter_self, .next = next, .new_ = new_cursor, .init = init_cursor},
    .methods = kCursorMethods,
    .getsets = kCursorGetSets,
    .members = kCursorMembers,
};
const TypeSpec kRowSpec = {
    .name = "sqlite3.Row",
    .layout = {"Row", sizeof(Row), 0, visit_row, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.hash = row_hash, .compare = row_compare, .iter = row_iter, .new_ = new_row, .length = row_length, .get_item = row_item},
    .methods = kRowMethods,
};

}  // namespace typhon::sqlite
