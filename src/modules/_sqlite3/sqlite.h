// What the files of _sqlite3 share. A connection may be closed while other threads are in calls on it: the library's handle lives until
// the last of them has left. Statements belong to one cursor, and a cursor to one call at a time.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <new>
#include <sqlite3.h>
#include <string>

#include "objects/codecs.h"
#include "objects/container_util.h"
#include "objects/module.h"
#include "objects/protocol/services.h"
#include "threads/attached.h"

namespace typhon::sqlite {

// A blob that is open, until its connection or its object is closed. Used under the connection's lock.
struct OpenBlob {
  sqlite3_blob* blob;  // null: closed
  OpenBlob *next, *previous;
  void close() {
    if (blob != nullptr) sqlite3_blob_close(blob);
    blob = nullptr;
  }
};

// What a connection and its cursors share, outside the heap: whoever uses the library's handle holds it. Counted by all of them.
class Handle {
 public:
  static Handle* create();  // one reference; null: no memory
  Handle* retain();
  void release();
  void lock(Thread& t) { mutex_.lock(t); }  // waiting is detached
  void unlock();
  // Finalises a statement whose cursor died. Never waits, for the dying cursor's thread is attached and the library's own mutex
  // would block it: when another thread uses the connection, that one does it on leaving.
  void finalize(sqlite3_stmt* statement) { end({statement, nullptr, nullptr}); }
  // Under the lock; null: no memory.
  OpenBlob* add(sqlite3_blob* blob);
  void close_blobs();
  // The same as `finalize`, for a Blob that died.
  void drop(OpenBlob* blob) { end({nullptr, blob, nullptr}); }

 private:
  struct Dead {
    sqlite3_stmt* statement;
    OpenBlob* blob;
    Dead* next;
  };
  void end(Dead what);
  void end_now(const Dead& what);
  OpenBlob* blobs_ = nullptr;  // under the lock
  void sweep();
  Mutex mutex_;
  u32 references_ = 1;
  Dead* dead_ = nullptr;  // atomic stack
};

// Set while a statement is finalised whose cursor is gone: no Python code runs, and the connection that the library's callbacks
// point to may be gone too.
extern thread_local bool t_statement_dies;

struct Connection : Object {
  sqlite3* db;       // null before __init__ and once closed and left by all
  i32 users;         // calls that are using db; atomic
  u32 closed;        // atomic
  Handle* handle;    // locked by the thread that uses db
  u64 user;          // ident of that thread, or 0; atomic
  u64 thread;        // ident of the thread that made it
  i64 autocommit;    // 1, 0 or -1 (LEGACY_TRANSACTION_CONTROL)
  u8 check_thread, detect_types, uri;
  u8 open;           // __init__ succeeded
  Field isolation_level;  // str or None
  Field row_factory, text_factory;
  Field functions;        // dict: name -> callable; what the library's callbacks point to lives in these
  Field trace, progress, authorizer;
};
struct Cursor : Object {
  Field connection, description, last_row_id, row_factory, next_row;
  Handle* handle;           // of the connection; null before __init__
  sqlite3_stmt* statement;  // null: none; owned
  i64 row_count, array_size;
  u8 busy;        // atomic: a call is running
  u8 closed, ready, is_dml;
};
struct Row : Object {
  Field data;         // tuple
  Field description;  // of the cursor
};

extern Type* g_protocol_type;  // PrepareProtocol: what adapters are registered for
extern Type *g_blob_type, *g_connection_type, *g_cursor_type, *g_row_type;
extern const TypeSpec kBlobSpec, kConnectionSpec, kCursorSpec, kRowSpec;
extern Type *g_warning, *g_error, *g_interface_error, *g_database_error, *g_data_error, *g_operational_error, *g_integrity_error,
    *g_internal_error, *g_programming_error, *g_not_supported_error;
extern GlobalRoot g_adapters, g_converters;  // dicts

inline constexpr i64 kLegacy = -1;
inline constexpr u8 kParseDeclTypes = 1, kParseColNames = 2;

// The database handle for the length of a call; ProgrammingError when there is none, or for the wrong thread.
class Use {
 public:
  // `exclusive` false: only for sqlite3_interrupt.
  Use(Thread& t, Connection* c, bool check_thread = true, bool exclusive = true);
  ~Use();
  Use(const Use&) = delete;
  bool failed() const { return connection_ == nullptr; }
  sqlite3* db() const { return connection_->db; }

 private:
  Connection* connection_ = nullptr;
  bool locked_ = false;
};
Raised raise_db(Thread& t, sqlite3* db);
const char* error_name(int code);
// An exception that a callback of the library raised is pending: it is what the call raises.
Status check_pending(Thread& t);
// SQL text with no parameters and no rows.
Status run_sql(Thread& t, sqlite3* db, const char* sql);
Status begin_transaction(Thread& t, Connection* c, sqlite3* db);

Ref connection_cursor(Thread& t, Value connection, Value factory);
Ref cursor_execute(Thread& t, Value self, const Value* a);
Ref cursor_executemany(Thread& t, Value self, const Value* a);
Ref cursor_executescript(Thread& t, Value self, const Value* a);
Ref connection_create_function(Thread& t, Value self, const Value* a);
Ref connection_create_aggregate(Thread& t, Value self, const Value* a);
Ref connection_blobopen(Thread& t, Value self, const Value* a);
Ref connection_create_window_function(Thread& t, Value self, const Value* a);
Ref connection_create_collation(Thread& t, Value self, const Value* a);
Ref value_of(Thread& t, sqlite3_value* v);
// What a callback of the library raised goes no further: reported, if the program has asked for that, or forgotten.
void forget_callback_error(Thread& t, Value callable);

}  // namespace typhon::sqlite
