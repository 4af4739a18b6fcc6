// Shared between the files of _ssl.
//
// Threads: OpenSSL's objects are not safe for use by several threads at once. An SSL is only used under its SslSocket's lock, never
// waits for the network (its BIOs do not block; waiting is done outside, without the lock, so that one thread may send
// while another waits for data), and reads its SSL_CTX under the context's lock for reading; whoever changes a context holds that
// lock for writing. Callbacks find what they belong to in the running Operation (of the calling thread), so that OpenSSL holds no
// Python object (R13).
#pragma once
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "modules/_socket/socket.h"
#include "threads/attached.h"
#include "threads/sync.h"

namespace typhon::tls {

// What the first argument of an SSLError says: the SSL_ERROR_* numbers and Python's own.
enum ErrorNumber : int { kEof = 8, kNoSocket = 9, kInvalidErrorCode = 10 };

extern Type *g_ssl_error, *g_zero_return, *g_want_read, *g_want_write, *g_syscall_error, *g_eof_error, *g_verification_error;
extern Type *g_context_type, *g_socket_type, *g_bio_type, *g_session_type, *g_certificate_type;

struct Context : Object {
  Field sni_callback, message_callback, keylog_filename, psk_client_callback, psk_server_callback;  // EMPTY: none
  Field alpn_protocols;  // bytes in wire format, or EMPTY
  SSL_CTX* ctx;
  BIO* keylog;
  i32 protocol;
  bool check_hostname, post_handshake_auth;
  pthread_rwlock_t lock;
};
inline Context* context_of(Value v) { return v.as<Context>(); }

struct SslSocket : Object {
  Field socket;           // weak reference to a socket, or EMPTY (memory BIOs)
  Field owner;            // weak reference, or EMPTY
  Field context;          // Context
  Field server_hostname;  // str or EMPTY
  SSL* ssl;
  bool server_side, shutdown_seen_zero;
  ReentrantLock lock;
  ReentrantLock write_lock;  // a write that waits is to be repeated before any other: whoever else writes waits for its end
};
inline SslSocket* ssl_of(Value v) { return v.as<SslSocket>(); }

// --- errors.cpp
Status add_exceptions(Thread& t, Module* module);
// SSLError (or `type`) for an OpenSSL error code (0: none), with CPython's texts. `text` null: what OpenSSL says.
// `socket`: whose verification result counts, or null.
Raised raise_ssl(Thread& t, Type* type, int number, const char* text, int line, unsigned long code, SslSocket* socket = nullptr);
// SSLError for the error that OpenSSL has noted last (text null), or with a text of our own. Clears OpenSSL's queue.
Raised raise_noted(Thread& t, const char* text, int line);
#define TYPHON_RAISE_SSL(t) raise_noted(t, nullptr, __LINE__)
// After a failed call: errno when it says something, else OpenSSL's error.
Raised raise_file_error(Thread& t, int line);
Raised raise_timeout(Thread& t, const char* text, int line);

// --- callbacks.cpp
// One call into OpenSSL on behalf of an SslSocket: holds its lock for its lifetime.
class Operation {
 public:
  Operation(Thread& t, SslSocket* s, net::Socket* socket);
  ~Operation();
  Operation(const Operation&) = delete;
  // Calls f(ssl) detached; its result. `error` etc. tell how it went.
  template <class F>
  int run(F f) {
    begin();
    int result;
    {
      Detached detached(thread);
      lock_context();
      ERR_clear_error();
      result = f(self->ssl);
      error = SSL_get_error(self->ssl, result);
      code = ERR_peek_last_error();
      ERR_clear_error();
      unlock_context();
    }
    end();
    return result;
  }
  // Lets other threads use the SslSocket while this one waits.
  void pause();
  void resume();
  // The Operation that runs in this thread, or null.
  static Operation* current();

  Thread& thread;
  SslSocket* self;
  net::Socket* socket;  // null: memory BIOs
  int error = SSL_ERROR_NONE, bio_errno = 0;
  unsigned long code = 0;
  Ref context;    // Context that the call reads
  Ref exception;  // what a callback raised, to be raised after the call; or EMPTY

  // For callbacks (detached).
  void lock_context();
  void unlock_context();

 private:
  void begin();
  void end();
  Operation* previous_ = nullptr;
};
// Changes of a context: alone.
class ContextWriter {
 public:
  ContextWriter(Thread& t, Context* context);
  ~ContextWriter();
  ContextWriter(const ContextWriter&) = delete;

 private:
  Context* context_;
  bool locked_;
};
// The object that callbacks get for a connection: its owner, its socket or itself.
Ref connection_object(Thread& t, SslSocket* s);
// Makes a connection report messages when its context wants them.
void use_message_callback(SslSocket* s);
Ref get_sni_callback(Thread& t, Value self);
Status set_sni_callback(Thread& t, Value self, Value value);
Ref get_message_callback(Thread& t, Value self);
Status set_message_callback(Thread& t, Value self, Value value);
Ref get_keylog_filename(Thread& t, Value self);
Status set_keylog_filename(Thread& t, Value self, Value value);
Ref c_set_alpn_protocols(Thread& t, Value self, const Value* a);
Ref c_set_psk_client_callback(Thread& t, Value self, const Value* a);
Ref c_set_psk_server_callback(Thread& t, Value self, const Value* a);

// --- bio.cpp
extern const TypeSpec kBioSpec;
BIO* socket_bio();              // reads and writes the current Operation's socket; null without memory
BIO* memory_bio(Value object);  // of a MemoryBIO object

// --- context.cpp, context_load.cpp
extern const TypeSpec kContextSpec;
Ref c_load_cert_chain(Thread& t, Value self, const Value* a);
Ref c_load_verify_locations(Thread& t, Value self, const Value* a);
Ref c_load_dh_params(Thread& t, Value self, const Value* a);
Ref c_set_ecdh_curve(Thread& t, Value self, const Value* a);
Ref c_set_ciphers(Thread& t, Value self, const Value* a);
Ref c_get_ciphers(Thread& t, Value self, const Value* a);
Ref c_set_default_verify_paths(Thread& t, Value self, const Value* a);
Ref c_cert_store_stats(Thread& t, Value self, const Value* a);
Ref c_get_ca_certs(Thread& t, Value self, const Value* a);
Ref c_session_stats(Thread& t, Value self, const Value* a);

// --- socket.cpp, info.cpp
extern const TypeSpec kSocketSpec;
// A connection of `context` over `socket` (a _socket.socket) or two memory BIOs.
struct Connection {
  Value context, socket = EMPTY, incoming = EMPTY, outgoing = EMPTY, owner = EMPTY, session = EMPTY, server_hostname = EMPTY;
  bool server_side;
};
Ref connect(Thread& t, const Connection& c);
Ref s_cipher(Thread& t, Value self, const Value* a);
Ref s_shared_ciphers(Thread& t, Value self, const Value* a);
Ref s_version(Thread& t, Value self, const Value* a);
Ref s_alpn(Thread& t, Value self, const Value* a);
Ref s_compression(Thread& t, Value self, const Value* a);
Ref s_pending(Thread& t, Value self, const Value* a);
Ref s_channel_binding(Thread& t, Value self, const Value* a);
Ref s_getpeercert(Thread& t, Value self, const Value* a);
Ref s_verified_chain(Thread& t, Value self, const Value* a);
Ref s_unverified_chain(Thread& t, Value self, const Value* a);

// --- certificate.cpp
extern const TypeSpec kCertificateSpec;
// The verification callback of every context: rejects chains with a key that is known to be abused, whoever has signed it.
int reject_distrusted(int accepted, X509_STORE_CTX* verification);
Ref decode_certificate(Thread& t, X509* certificate);  // the dict that getpeercert() gives
Ref certificate_der(Thread& t, X509* certificate);
Ref certificate_new(Thread& t, X509* certificate);     // takes a reference of its own
Ref f_test_decode_cert(Thread& t, Value, const Value* a);

// --- session.cpp
extern const TypeSpec kSessionSpec;
Ref get_session(Thread& t, Value self);
Status set_session(Thread& t, Value self, Value value);

// --- module.cpp
Ref asn1_object_row(Thread& t, const ASN1_OBJECT* object);
Status add_ssl_constants(Thread& t, Module* module);  // constants.cpp
// A str without NULs as UTF-8; TypeError "FUNCTION() argument NAME must be str, not X".
struct Text {
  Ref keep;
  const char* text = nullptr;
  Status get(Thread& t, Value v, const char* function, const char* name);
};
// AttributeError when a setter is called to delete (value EMPTY).
Status no_delete(Thread& t, Value value, const char* name, const char* type = "_ssl._SSLContext");
// d[key] = value, which may have failed.
Status put(Thread& t, Dict* d, const char* key, Ref&& value);
Ref text_or_none(Thread& t, const char* text);  // None for null
// What a memory BIO has gathered.
RefTo<Str> bio_text(Thread& t, BIO* bio);
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};

// Takes a lock that may be held for long: signal handlers run meanwhile, and may raise.
inline Status lock_interruptibly(Thread& t, ReentrantLock& lock) {
  bool interrupted;
  while (!lock.acquire(t, parking_lot::kForever, true, &interrupted)) TRY(safepoint(t));
  return ok();
}

// Holds the lock of a connection for short questions.
class SslGuard {
 public:
  SslGuard(Thread& t, SslSocket* s) : thread_(t), lock_(s->lock) {
    bool interrupted;
    while (!lock_.acquire(t, parking_lot::kForever, false, &interrupted)) {}
  }
  ~SslGuard() { lock_.release(thread_); }
  SslGuard(const SslGuard&) = delete;

 private:
  Thread& thread_;
  ReentrantLock& lock_;
};

}  // namespace typhon::tls
