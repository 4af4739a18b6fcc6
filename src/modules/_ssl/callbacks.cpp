// _ssl: calls into OpenSSL for a connection, and the callbacks that come back out of them.
#include "modules/_ssl/ssl.h"
#include "objects/codecs.h"

namespace typhon::tls {
namespace {

thread_local Operation* g_operation;

// Runs f as Python in the middle of an OpenSSL call, with the context free for changes.
template <class F>
auto call_back(Operation* op, F f) {
  struct Unlocked {
    Operation* op;
    explicit Unlocked(Operation* o) : op(o) { op->unlock_context(); }
    ~Unlocked() { op->lock_context(); }
  } unlocked(op);
  Attached attached(op->thread);
  auto result = f();
  op->context = op->self->context.load();  // the callback may have given the connection another one
  return result;
}

// --- server name indication
// 0: go on; otherwise the alert to send.
int ask_sni(Operation* op, const char* name) {
  Thread& t = op->thread;
  Ref callback = context_of(op->context)->sni_callback.load();
  if (callback.is_empty()) return 0;
  Ref connection = connection_object(t, op->self);
  if (connection.failed() || connection.is_empty()) {
    if (connection.failed()) write_unraisable(t, nullptr, callback);
    return SSL_AD_HANDSHAKE_FAILURE;
  }
  Ref name_text = Ref::none();
  if (name != nullptr) {
    name_text = decode_ascii(t, reinterpret_cast<const u8*>(name), strlen(name), nullptr);
    if (name_text.failed()) {
      write_unraisable(t, nullptr, callback);
      return SSL_AD_INTERNAL_ERROR;
    }
  }
  Ref result = call_with(t, callback, connection, name_text, op->context);
  if (result.failed()) {
    write_unraisable(t, nullptr, callback);
    return SSL_AD_HANDSHAKE_FAILURE;
  }
  if (result.get().is_none()) return 0;
  // An int is the alert; 0 is no reason to go on either.
  Result<i64> alert = is_int(result) ? to_i64(t, result) : Result<i64>(raise(t, exc::TypeError, "'%T' object cannot be interpreted as an integer", result.get()));
  if (alert.failed()) {
    write_unraisable(t, nullptr, result);
    return SSL_AD_INTERNAL_ERROR;
  }
  return int(alert.get()) | 0x10000;
}
int servername_callback(SSL* ssl, int* alert, void*) {
  Operation* op = Operation::current();
  if (op == nullptr) return SSL_TLSEXT_ERR_OK;
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  int result = call_back(op, [&] { return ask_sni(op, name); });
  if (result == 0) return SSL_TLSEXT_ERR_OK;
  *alert = result & 0xFFFF;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// --- application protocols
int alpn_callback(SSL*, const u8** out, u8* out_size, const u8* offered, unsigned offered_size, void*) {
  Operation* op = Operation::current();
  if (op == nullptr) return SSL_TLSEXT_ERR_NOACK;
  u8 known[4096];
  size_t size = call_back(op, [&]() -> size_t {
    Ref protocols = context_of(op->context)->alpn_protocols.load();
    if (protocols.is_empty() || protocols.as<Bytes>()->size > sizeof known) return 0;
    memcpy(known, protocols.as<Bytes>()->data, protocols.as<Bytes>()->size);
    return protocols.as<Bytes>()->size;
  });
  u8* chosen;
  int result = SSL_select_next_proto(&chosen, out_size, known, unsigned(size), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED || size == 0) return SSL_TLSEXT_ERR_NOACK;
  // The result must outlive this frame: the client's own copy of the same name.
  for (const u8* p = offered; p < offered + offered_size; p += 1 + *p)
    if (*p == *out_size && memcmp(p + 1, chosen, *p) == 0) {
      *out = p + 1;
      return SSL_TLSEXT_ERR_OK;
    }
  return SSL_TLSEXT_ERR_NOACK;
}

// --- messages of the protocol
void report_message(Operation* op, bool writing, int version, int content, int type, const u8* bytes, size_t n) {
  Thread& t = op->thread;
  Ref callback = context_of(op->context)->message_callback.load();
  if (callback.is_empty() || !op->exception.is_empty()) return;
  Ref owner = op->self->owner.load();
  Ref connection = Ref::copy(op->self);
  if (!owner.is_empty()) {
    connection = weakref_get(t, owner.as<WeakRef>());
    if (connection.is_empty()) return;
  }
  Ref direction = str_from_ascii(t, writing ? "write" : "read");
  Ref data = bytes_from(t, bytes, n);
  Ref result = direction.failed() || data.failed()
                   ? Ref::error()
                   : call_with(t, callback, connection, direction, Value::small_int(version), Value::small_int(content),
                               Value::small_int(type), data);
  if (result.failed()) op->exception = take_exception(t);
}
void message_callback(int writing, int version, int content, const void* data, size_t n, SSL*, void*) {
  Operation* op = Operation::current();
  if (op == nullptr) return;
  auto* bytes = static_cast<const u8*>(data);
  int type = -1;
  if (content == SSL3_RT_CHANGE_CIPHER_SPEC) {
    type = SSL3_MT_CHANGE_CIPHER_SPEC;
  } else if (content == SSL3_RT_ALERT) {
    if (n >= 2) type = bytes[1];
  } else if (content == SSL3_RT_HANDSHAKE || content == SSL3_RT_INNER_CONTENT_TYPE) {
    if (n >= 1) type = bytes[0];
  } else if (content == SSL3_RT_HEADER && n >= 3) {
    version = bytes[1] << 8 | bytes[2];
    type = bytes[0];
  }
  call_back(op, [&] {
    report_message(op, writing != 0, version, content, type, bytes, n);
    return 0;
  });
}

// --- key log
pthread_mutex_t g_keylog_mutex = PTHREAD_MUTEX_INITIALIZER;
void keylog_callback(const SSL*, const char* line) {
  Operation* op = Operation::current();
  if (op == nullptr) return;
  // The context is locked for reading, so the BIO stays.
  BIO* bio = context_of(op->context)->keylog;
  if (bio == nullptr) return;
  pthread_mutex_lock(&g_keylog_mutex);
  errno = 0;
  bool written = BIO_printf(bio, "%s\n", line) > 0 && BIO_flush(bio) > 0;
  int error = errno;
  pthread_mutex_unlock(&g_keylog_mutex);
  if (written) return;
  call_back(op, [&] {
    Ref name = context_of(op->context)->keylog_filename.load();
    raise_errno(op->thread, error, name.is_empty() ? EMPTY : name.get());
    op->exception = take_exception(op->thread);
    return 0;
  });
}

// --- pre-shared keys
// Copies a bytes-like object; its size, or 0 when it does not fit.
Result<unsigned> copy_key(Thread& t, Value v, u8* to, unsigned most) {
  ByteView view(t);
  TRY(view.get(v));
  if (view.size() > most) return unsigned(0);
  memcpy(to, view.data(), view.size());
  return unsigned(view.size());
}
Result<unsigned> ask_client_key(Operation* op, Value callback, const char* hint, char* identity, unsigned identity_most, u8* key, unsigned most) {
  Thread& t = op->thread;
  Ref hint_text = hint != nullptr && hint[0] != 0 ? decode_utf8(t, reinterpret_cast<const u8*>(hint), strlen(hint)) : Ref::none();
  if (hint_text.failed()) return Raised{};
  Ref answer = TRY(call_with(t, callback, hint_text));
  if (!is_tuple(answer) || answer.as<Tuple>()->size != 2)
    return raise(t, exc::TypeError, "expected a tuple (identity, key) from the PSK callback, not %T", answer.get());
  Value name = answer.as<Tuple>()->items[0].peek();
  identity[0] = 0;
  if (!name.is_none()) {
    Text text;
    TRY(text.get(t, name, "psk_client_callback", "identity"));
    if (strlen(text.text) + 1 > identity_most) return unsigned(0);
    strcpy(identity, text.text);
  }
  return copy_key(t, answer.as<Tuple>()->items[1].peek(), key, most);
}
unsigned psk_client_callback(SSL*, const char* hint, char* identity, unsigned identity_most, u8* key, unsigned most) {
  Operation* op = Operation::current();
  if (op == nullptr) return 0;
  return call_back(op, [&]() -> unsigned {
    Ref callback = context_of(op->context)->psk_client_callback.load();
    if (callback.is_empty()) return 0;
    Result<unsigned> size = ask_client_key(op, callback, hint, identity, identity_most, key, most);
    if (!size.failed()) return size.get();
    write_unraisable(op->thread, nullptr, callback);
    return 0;
  });
}
Result<unsigned> ask_server_key(Operation* op, Value callback, const char* identity, u8* key, unsigned most) {
  Thread& t = op->thread;
  Ref name = identity != nullptr && identity[0] != 0 ? decode_utf8(t, reinterpret_cast<const u8*>(identity), strlen(identity)) : Ref::none();
  if (name.failed()) return Raised{};
  Ref answer = TRY(call_with(t, callback, name));
  return copy_key(t, answer, key, most);
}
unsigned psk_server_callback(SSL*, const char* identity, u8* key, unsigned most) {
  Operation* op = Operation::current();
  if (op == nullptr) return 0;
  return call_back(op, [&]() -> unsigned {
    Ref callback = context_of(op->context)->psk_server_callback.load();
    if (callback.is_empty()) return 0;
    Result<unsigned> size = ask_server_key(op, callback, identity, key, most);
    if (!size.failed()) return size.get();
    write_unraisable(op->thread, nullptr, callback);
    return 0;
  });
}

Ref none_if_empty(const Field& field) {
  Ref value = field.load();
  return value.is_empty() ? Ref::none() : std::move(value);
}

}  // namespace

// --- operations
Operation::Operation(Thread& t, SslSocket* s, net::Socket* k) : thread(t), self(s), socket(k) { resume(); }
Operation::~Operation() { pause(); }
void Operation::resume() {
  bool interrupted;
  while (!self->lock.acquire(thread, parking_lot::kForever, false, &interrupted)) {}
  context = self->context.load();
}
void Operation::pause() { self->lock.release(thread); }
Operation* Operation::current() { return g_operation; }
void Operation::begin() {
  previous_ = g_operation;
  g_operation = this;
  bio_errno = 0;
}
void Operation::end() { g_operation = previous_; }
void Operation::lock_context() { pthread_rwlock_rdlock(&context_of(context)->lock); }
void Operation::unlock_context() { pthread_rwlock_unlock(&context_of(context)->lock); }

ContextWriter::ContextWriter(Thread& t, Context* context) : context_(context) {
  if (pthread_rwlock_trywrlock(&context->lock) == 0) {
    locked_ = true;
    return;
  }
  Detached detached(t);
  // EDEADLK: a callback of this very thread's change changes the context in turn.
  locked_ = pthread_rwlock_wrlock(&context->lock) == 0;
}
ContextWriter::~ContextWriter() {
  if (locked_) pthread_rwlock_unlock(&context_->lock);
}

Ref connection_object(Thread& t, SslSocket* s) {
  Ref owner = s->owner.load();
  if (!owner.is_empty()) return weakref_get(t, owner.as<WeakRef>());
  Ref socket = s->socket.load();
  if (!socket.is_empty()) return weakref_get(t, socket.as<WeakRef>());
  return Ref::copy(s);
}

void use_message_callback(SslSocket* s) {
  SSL_set_msg_callback(s->ssl, s->context.as<Context>()->message_callback.is_empty() ? nullptr : message_callback);
}

// --- attributes of contexts
Ref get_sni_callback(Thread&, Value self) { return none_if_empty(context_of(self)->sni_callback); }
Status set_sni_callback(Thread& t, Value self, Value value) {
  Context* c = context_of(self);
  TRY(no_delete(t, value, "sni_callback"));
  if (SSL_CTX_get_ssl_method(c->ctx) == TLS_client_method())
    return raise(t, exc::ValueError, "sni_callback cannot be set on TLS_CLIENT context");
  if (!value.is_none() && !is_callable(value)) return raise(t, exc::TypeError, "not a callable object");
  {
    ContextWriter writer(t, c);
    int (*callback)(SSL*, int*, void*) = value.is_none() ? nullptr : servername_callback;
    SSL_CTX_set_tlsext_servername_callback(c->ctx, callback);
  }
  if (value.is_none())
    c->sni_callback.clear(c);
  else
    c->sni_callback.store(c, value);
  return ok();
}
Ref get_message_callback(Thread&, Value self) { return none_if_empty(context_of(self)->message_callback); }
Status set_message_callback(Thread& t, Value self, Value value) {
  Context* c = context_of(self);
  TRY(no_delete(t, value, "_msg_callback"));
  if (!value.is_none() && !is_callable(value)) return raise(t, exc::TypeError, "not a callable object");
  {
    ContextWriter writer(t, c);
    SSL_CTX_set_msg_callback(c->ctx, value.is_none() ? nullptr : message_callback);
  }
  if (value.is_none())
    c->message_callback.clear(c);
  else
    c->message_callback.store(c, value);
  return ok();
}

Ref get_keylog_filename(Thread&, Value self) { return none_if_empty(context_of(self)->keylog_filename); }
Status set_keylog_filename(Thread& t, Value self, Value value) {
  Context* c = context_of(self);
  TRY(no_delete(t, value, "keylog_filename"));
  {
    ContextWriter writer(t, c);
    SSL_CTX_set_keylog_callback(c->ctx, nullptr);
    BIO_free_all(c->keylog);
    c->keylog = nullptr;
  }
  c->keylog_filename.clear(c);
  if (value.is_none()) return ok();
  Ref name = TRY(fs_path_py(t, value));
  PathArgument path;
  TRY(path.get(t, name, "keylog_filename", "path"));
  BIO* bio;
  int error;
  {
    Detached detached(t);
    errno = 0;
    bio = BIO_new_file(path.path, "a");
    error = errno;
    // A line on top of a new file says what it is.
    if (bio != nullptr && BIO_tell(bio) == 0)
      BIO_puts(bio, "# TLS secrets log file, generated by OpenSSL / Python\n");
    if (bio != nullptr) (void)BIO_flush(bio);
  }
  if (bio == nullptr) {
    ERR_clear_error();
    return raise_errno(t, error, value);
  }
  c->keylog_filename.store(c, value);
  ContextWriter writer(t, c);
  BIO_free_all(c->keylog);
  c->keylog = bio;
  SSL_CTX_set_keylog_callback(c->ctx, keylog_callback);
  return ok();
}

Ref c_set_alpn_protocols(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  ByteView view(t);
  TRY(view.get(a[0]));
  if (view.size() > 4096) return raise(t, exc::OverflowError, "protocols longer than %u bytes", 4096);
  Ref bytes = TRY(bytes_from(t, view.data(), view.size()));
  c->alpn_protocols.store(c, bytes);
  ContextWriter writer(t, c);
  if (SSL_CTX_set_alpn_protos(c->ctx, bytes.as<Bytes>()->data, unsigned(bytes.as<Bytes>()->size)) != 0) return raise_no_memory(t);
  SSL_CTX_set_alpn_select_cb(c->ctx, alpn_callback, nullptr);
  return Ref::none();
}

Ref c_set_psk_client_callback(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  if (SSL_CTX_get_ssl_method(c->ctx) == TLS_server_method())
    return raise_noted(t, "Cannot add PSK client callback to a PROTOCOL_TLS_SERVER context", __LINE__);
  if (!a[0].is_none() && !is_callable(a[0])) return raise(t, exc::TypeError, "callback must be callable");
  if (a[0].is_none())
    c->psk_client_callback.clear(c);
  else
    c->psk_client_callback.store(c, a[0]);
  ContextWriter writer(t, c);
  SSL_CTX_set_psk_client_callback(c->ctx, a[0].is_none() ? nullptr : psk_client_callback);
  return Ref::none();
}
Ref c_set_psk_server_callback(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  Text hint;
  if (!a[1].is_empty() && !a[1].is_none()) {
    if (!is_str(a[1])) return raise(t, exc::TypeError, "set_psk_server_callback() argument 'identity_hint' must be str or None, not %T", a[1]);
    TRY(hint.get(t, a[1], "set_psk_server_callback", "identity_hint"));
  }
  if (SSL_CTX_get_ssl_method(c->ctx) == TLS_client_method())
    return raise_noted(t, "Cannot add PSK server callback to a PROTOCOL_TLS_CLIENT context", __LINE__);
  if (!a[0].is_none() && !is_callable(a[0])) return raise(t, exc::TypeError, "callback must be callable");
  if (a[0].is_none())
    c->psk_server_callback.clear(c);
  else
    c->psk_server_callback.store(c, a[0]);
  ContextWriter writer(t, c);
  if (SSL_CTX_use_psk_identity_hint(c->ctx, hint.text) != 1) return raise_noted(t, "failed to set identity hint", __LINE__);
  SSL_CTX_set_psk_server_callback(c->ctx, a[0].is_none() ? nullptr : psk_server_callback);
  return Ref::none();
}

}  // namespace typhon::tls
