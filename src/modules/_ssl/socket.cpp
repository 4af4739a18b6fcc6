// _ssl: connections: handshake, reading, writing, shutting down.
#include <openssl/x509v3.h>

#include <climits>

#include "modules/_io/io.h"
#include "modules/_ssl/ssl.h"
#include "objects/codecs.h"

namespace typhon::tls {
namespace {

void visit(Object* self, Visitor& v) {
  auto* s = static_cast<SslSocket*>(self);
  for (Field* field : {&s->socket, &s->owner, &s->context, &s->server_hostname}) v.field(*field);
}
void release_socket(Thread&, Object* self) {
  if (auto* ssl = static_cast<SslSocket*>(self)->ssl) SSL_free(ssl);
}

// The socket of a connection: EMPTY for memory BIOs; SSLError when it is gone.
Ref socket_of(Thread& t, SslSocket* s, int line) {
  Ref weak = s->socket.load();
  if (weak.is_empty()) return Ref();
  Ref socket = weakref_get(t, weak.as<WeakRef>());
  if (socket.is_empty()) return raise_ssl(t, g_ssl_error, kNoSocket, "Underlying socket connection gone", line, 0);
  return socket;
}
net::Socket* raw_socket(const Ref& socket) { return socket.is_empty() ? nullptr : net::socket_of(socket); }

// What a failed call comes to, as an exception.
Raised raise_failure(Thread& t, Operation& op, int result, int line) {
  unsigned long code = op.code;
  constexpr const char* kEofText = "EOF occurred in violation of protocol";
  bool untrusted = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
  switch (op.error) {
    case SSL_ERROR_ZERO_RETURN:
      return raise_ssl(t, g_zero_return, SSL_ERROR_ZERO_RETURN, "TLS/SSL connection has been closed (EOF)", line, code, op.self);
    case SSL_ERROR_WANT_READ:
      return raise_ssl(t, g_want_read, SSL_ERROR_WANT_READ, "The operation did not complete (read)", line, code, op.self);
    case SSL_ERROR_WANT_WRITE:
      return raise_ssl(t, g_want_write, SSL_ERROR_WANT_WRITE, "The operation did not complete (write)", line, code, op.self);
    case SSL_ERROR_WANT_X509_LOOKUP:
      return raise_ssl(t, g_ssl_error, SSL_ERROR_WANT_X509_LOOKUP, "The operation did not complete (X509 lookup)", line, code, op.self);
    case SSL_ERROR_WANT_CONNECT:
      return raise_ssl(t, g_ssl_error, SSL_ERROR_WANT_CONNECT, "The operation did not complete (connect)", line, code, op.self);
    case SSL_ERROR_SYSCALL:
      if (code != 0) return raise_ssl(t, untrusted ? g_verification_error : g_ssl_error, SSL_ERROR_SYSCALL, nullptr, line, code, op.self);
      if (op.socket != nullptr && op.bio_errno != 0) return raise_errno(t, op.bio_errno);
      return raise_ssl(t, g_eof_error, kEof, kEofText, line, 0, op.self);
    case SSL_ERROR_SSL:
      if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return raise_ssl(t, g_eof_error, kEof, kEofText, line, code, op.self);
      return raise_ssl(t, untrusted ? g_verification_error : g_ssl_error, SSL_ERROR_SSL,
                       code == 0 ? "A failure in the SSL library occurred" : nullptr, line, code, op.self);
    default: return raise_ssl(t, g_ssl_error, kInvalidErrorCode, "Invalid error code", line, code, op.self);
  }
}

// Where a call goes on after OpenSSL has asked for readiness: again, or with what it has.
enum class Next : u8 { kAgain, kStop };

// A call that is repeated while the network keeps it waiting, as long as the socket's timeout allows.
class Call {
 public:
  Call(Thread& t, SslSocket* s, const Ref& socket, const char* timeout_text)
      : op(t, s, raw_socket(socket)), timeout_text_(timeout_text), timeout_(socket.is_empty() ? 0 : net::socket_of(socket)->timeout()) {
    if (timeout_ > 0) deadline_ = platform::monotonic_ns() + u64(timeout_);
  }
  // To be called after op.run: raises what callbacks raised, runs signal handlers, waits.
  Result<Next> wait(int line) {
    Thread& t = op.thread;
    if (!op.exception.is_empty()) return raise_exception(t, std::move(op.exception));
    TRY(safepoint(t));
    bool reading = op.error == SSL_ERROR_WANT_READ;
    if ((!reading && op.error != SSL_ERROR_WANT_WRITE) || op.socket == nullptr || timeout_ == 0) return Next::kStop;
    int fd = op.socket->fd();
    if (fd < 0) return raise(t, g_ssl_error, "Underlying socket has been closed.");
    op.pause();
    Result<i64> ready = net::wait_ready(t, fd, reading ? net::Wait::kReadable : net::Wait::kWritable, deadline_);
    op.resume();
    if (ready.failed()) return Raised{};
    if (ready.get() == net::kTimedOut) return raise_timeout(t, timeout_text_, line);
    return Next::kAgain;
  }
  Operation op;

 private:
  const char* timeout_text_;
  i64 timeout_;
  u64 deadline_ = 0;
};

Ref s_do_handshake(Thread& t, Value self, const Value*) {
  SslSocket* s = ssl_of(self);
  Ref socket = TRY(socket_of(t, s, __LINE__));
  Call call(t, s, socket, "The handshake operation timed out");
  while (true) {
    int result = call.op.run([](SSL* ssl) { return SSL_do_handshake(ssl); });
    Next next = TRY(call.wait(__LINE__));
    if (next == Next::kAgain) continue;
    if (result < 1) return raise_failure(t, call.op, result, __LINE__);
    return Ref::none();
  }
}

Ref s_write(Thread& t, Value self, const Value* a) {
  SslSocket* s = ssl_of(self);
  ByteView view(t);
  TRY(view.get(a[0]));
  Ref socket = TRY(socket_of(t, s, __LINE__));
  const void* bytes = view.data();
  size_t n = view.size();
  if (n > INT_MAX) return raise(t, exc::OverflowError, "string longer than %d bytes", INT_MAX);
  TRY(lock_interruptibly(t, s->write_lock));
  struct Unlock {
    Thread& t;
    ReentrantLock& lock;
    ~Unlock() { lock.release(t); }
  } unlock{t, s->write_lock};
  Call call(t, s, socket, "The write operation timed out");
  size_t written = 0;
  while (true) {
    int result = call.op.run([&](SSL* ssl) { return SSL_write_ex(ssl, bytes, n, &written); });
    Next next = TRY(call.wait(__LINE__));
    if (next == Next::kAgain) continue;
    if (result == 0) return raise_failure(t, call.op, result, __LINE__);
    return int_from(t, i64(written));
  }
}

// Reads at most n bytes; the number read, 0 at the end.
Result<i64> read_into(Thread& t, SslSocket* s, void* to, size_t n, const Ref& socket) {
  Call call(t, s, socket, "The read operation timed out");
  size_t got = 0;
  while (true) {
    int result = call.op.run([&](SSL* ssl) { return SSL_read_ex(ssl, to, n, &got); });
    Next next = TRY(call.wait(__LINE__));
    if (next == Next::kAgain) continue;
    if (result != 0) return i64(got);
    if (call.op.error == SSL_ERROR_ZERO_RETURN && SSL_get_shutdown(s->ssl) == SSL_RECEIVED_SHUTDOWN) return i64(0);
    return raise_failure(t, call.op, result, __LINE__);
  }
}
Ref s_read(Thread& t, Value self, const Value* a) {
  SslSocket* s = ssl_of(self);
  i64 wanted = TRY(int_argument(t, a[0]));
  bool into = !a[1].is_empty();
  ByteView view(t);
  if (into && view.get(a[1], true).failed()) {
    if (!pending_matches(t, exc::TypeError) && !pending_matches(t, exc::BufferError)) return Raised{};
    clear_exception(t);
    return raise(t, exc::TypeError, "read() argument 2 must be read-write bytes-like object, not %T", a[1]);
  }
  Ref socket = TRY(socket_of(t, s, __LINE__));
  if (!into) {
    if (wanted < 0) return raise(t, exc::ValueError, "size should not be negative");
    RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(wanted)));
    i64 got = wanted == 0 ? 0 : TRY(read_into(t, s, bytes->data, size_t(wanted), socket));
    return io::shrink_bytes(t, std::move(bytes), size_t(got));
  }
  size_t n = wanted <= 0 || size_t(wanted) > view.size() ? view.size() : size_t(wanted);
  if (n > INT_MAX) return raise(t, exc::OverflowError, "maximum length can't fit in a C 'int'");
  return int_from(t, n == 0 ? 0 : TRY(read_into(t, s, view.data(), n, socket)));
}

Ref s_shutdown(Thread& t, Value self, const Value*) {
  SslSocket* s = ssl_of(self);
  Ref socket = TRY(socket_of(t, s, __LINE__));
  Call call(t, s, socket, "The shutdown operation timed out");
  int zeros = 0, result;
  while (true) {
    bool seen_zero = s->shutdown_seen_zero;
    result = call.op.run([&](SSL* ssl) {
      // What the peer says after our close_notify is not for us: read no further than its own.
      if (seen_zero) SSL_set_read_ahead(ssl, 0);
      return SSL_shutdown(ssl);
    });
    if (result > 0) break;
    if (result == 0) {
      // Our half is closed. The second call waits for the peer's; more would spin.
      if (!call.op.exception.is_empty()) return raise_exception(t, std::move(call.op.exception));
      if (++zeros > 1) break;
      s->shutdown_seen_zero = true;
      continue;
    }
    Result<Next> next = call.wait(__LINE__);
    if (next.failed()) {
      if (pending_matches(t, exc::TimeoutError)) {
        clear_exception(t);
        return raise_timeout(t, call.op.error == SSL_ERROR_WANT_READ ? "The read operation timed out" : "The write operation timed out", __LINE__);
      }
      return Raised{};
    }
    if (next.get() == Next::kStop) break;
  }
  if (!call.op.exception.is_empty()) return raise_exception(t, std::move(call.op.exception));
  if (result < 0) return raise_failure(t, call.op, result, __LINE__);
  return socket.is_empty() ? Ref::none() : std::move(socket);
}

Ref s_verify_client(Thread& t, Value self, const Value*) {
  SslSocket* s = ssl_of(self);
  Ref socket = TRY(socket_of(t, s, __LINE__));
  Operation op(t, s, raw_socket(socket));
  int result = op.run([](SSL* ssl) { return SSL_verify_client_post_handshake(ssl); });
  if (result == 0) return raise_ssl(t, g_ssl_error, ERR_GET_REASON(op.code), nullptr, __LINE__, op.code);
  return Ref::none();
}

// --- making
// The name that the server is asked for and that its certificate must have.
Status set_hostname(Thread& t, SslSocket* s, Context* c, Value name) {
  if (!is_str(name)) return raise(t, exc::TypeError, "argument must be str, not %T", name);
  Ref bytes = TRY(encode_ascii(t, name.as<Str>(), nullptr));
  auto* text = bytes.as<Bytes>();
  auto* host = reinterpret_cast<const char*>(text->data);
  if (memchr(host, 0, text->size) != nullptr)
    return raise(t, exc::TypeError, "argument must be encoded string without null bytes, not str");
  if (text->size == 0 || host[0] == '.')
    return raise(t, exc::ValueError, "server_hostname cannot be an empty string or start with a leading dot.");
  ASN1_OCTET_STRING* ip = a2i_IPADDRESS(host);
  if (ip == nullptr) ERR_clear_error();
  RefTo<Str> kept = TRY(str_from_ascii(t, {host, text->size}));
  s->server_hostname.init(s, kept.release_ref());
  bool set = true;
  if (ip == nullptr) set = SSL_set_tlsext_host_name(s->ssl, host);
  if (set && c->check_hostname) {
    X509_VERIFY_PARAM* parameters = SSL_get0_param(s->ssl);
    set = ip == nullptr ? X509_VERIFY_PARAM_set1_host(parameters, host, text->size)
                        : X509_VERIFY_PARAM_set1_ip(parameters, ASN1_STRING_get0_data(ip), size_t(ASN1_STRING_length(ip)));
  }
  ASN1_OCTET_STRING_free(ip);
  if (!set) return TYPHON_RAISE_SSL(t);
  return ok();
}

Status attach_bios(Thread& t, SslSocket* s, const Connection& c) {
  BIO *in, *out;
  if (!c.socket.is_empty()) {
    in = out = socket_bio();
    if (in != nullptr) BIO_up_ref(in);
  } else {
    in = memory_bio(c.incoming);
    out = memory_bio(c.outgoing);
  }
  if (in == nullptr || out == nullptr) {
    BIO_free(in);
    BIO_free(out);
    return raise_no_memory(t);
  }
  SSL_set0_rbio(s->ssl, in);
  SSL_set0_wbio(s->ssl, out);
  return ok();
}

void set_post_handshake(SslSocket* s, const Context* c) {
  if (!c->post_handshake_auth) return;
  if (!s->server_side) {
    SSL_set_post_handshake_auth(s->ssl, 1);
    return;
  }
  // Only a server that asks for certificates may ask for them later.
  int mode = SSL_get_verify_mode(s->ssl);
  if (mode & SSL_VERIFY_PEER) SSL_set_verify(s->ssl, mode | SSL_VERIFY_POST_HANDSHAKE, SSL_get_verify_callback(s->ssl));
}

// --- attributes
Ref get_context(Thread&, Value self) { return ssl_of(self)->context.load(); }
Status set_context(Thread& t, Value self, Value value) {
  SslSocket* s = ssl_of(self);
  TRY(no_delete(t, value, "context", "_ssl._SSLSocket"));
  if (!is_instance_of(value, g_context_type)) return raise(t, exc::TypeError, "The value must be a SSLContext");
  Value old;
  {
    SslGuard guard(t, s);
    old = s->context.exchange(s, value);
    SSL_set_SSL_CTX(s->ssl, context_of(value)->ctx);
    use_message_callback(s);  // which SSL_set_SSL_CTX does not take over
  }
  Field::release_heap(old);
  return ok();
}
Ref get_server_side(Thread&, Value self) { return Ref::boolean(ssl_of(self)->server_side); }
Ref get_server_hostname(Thread&, Value self) {
  Ref name = ssl_of(self)->server_hostname.load();
  return name.is_empty() ? Ref::none() : std::move(name);
}
Ref get_owner(Thread& t, Value self) {
  Ref weak = ssl_of(self)->owner.load();
  if (weak.is_empty()) return Ref::none();
  Ref owner = weakref_get(t, weak.as<WeakRef>());
  return owner.is_empty() ? Ref::none() : std::move(owner);
}
Status set_owner(Thread& t, Value self, Value value) {
  SslSocket* s = ssl_of(self);
  TRY(no_delete(t, value, "owner", "_ssl._SSLSocket"));
  Ref weak = TRY(weakref_new(t, value, EMPTY));
  s->owner.store(s, std::move(weak));
  return ok();
}
Ref get_session_reused(Thread& t, Value self) {
  SslGuard guard(t, ssl_of(self));
  return Ref::boolean(SSL_session_reused(ssl_of(self)->ssl));
}

const Method kMethods[] = {
    method("do_handshake", s_do_handshake, "($self, /)"),
    method("write", s_write, "($self, b, /)", "Writes the bytes-like object b into the SSL object.\n\nReturns the number of bytes written."),
    method("read", s_read, "($self, size, buffer=<unrepresentable>, /)", "read(size, [buffer])\nRead up to size bytes from the SSL socket."),
    method("pending", s_pending, "($self, /)", "Returns the number of already decrypted bytes available for read, pending on the connection."),
    method("getpeercert", s_getpeercert, "($self, der=False, /)",
           "Returns the certificate for the peer.\n\nIf no certificate was provided, returns None.  If a certificate was\nprovided, but not validated, returns an empty dictionary.  Otherwise\nreturns a dict containing information about the peer certificate.\n\nIf the optional argument is True, returns a DER-encoded copy of the\npeer certificate, or None if no certificate was provided.  This will\nreturn the certificate even if it wasn't validated."),
    method("get_channel_binding", s_channel_binding, "($self, /, cb_type='tls-unique')",
           "Get channel binding data for current connection.\n\nRaise ValueError if the requested `cb_type` is not supported.  Return bytes\nof the data or None if the data is not available (e.g. before the handshake).\nOnly 'tls-unique' channel binding data from RFC 5929 is supported."),
    method("cipher", s_cipher, "($self, /)"),
    method("shared_ciphers", s_shared_ciphers, "($self, /)"),
    method("version", s_version, "($self, /)"),
    method("selected_alpn_protocol", s_alpn, "($self, /)"),
    method("compression", s_compression, "($self, /)"),
    method("shutdown", s_shutdown, "($self, /)", "Does the SSL shutdown handshake with the remote end."),
    method("verify_client_post_handshake", s_verify_client, "($self, /)", "Initiate TLS 1.3 post-handshake authentication"),
    method("get_unverified_chain", s_unverified_chain, "($self, /)"),
    method("get_verified_chain", s_verified_chain, "($self, /)"),
    {},
};
const GetSet kGetSets[] = {
    {"context", get_context, set_context,
     "This changes the context associated with the SSLSocket.\n\nThis is typically used from within a callback function set by the sni_callback\non the SSLContext to change the certificate information associated with the\nSSLSocket before the cryptographic exchange handshake messages."},
    {"server_side", get_server_side, nullptr, "Whether this is a server-side socket."},
    {"server_hostname", get_server_hostname, nullptr, "The currently set server hostname (for SNI)."},
    {"owner", get_owner, set_owner, "The Python-level owner of this object.\n\nPassed as \"self\" in servername callback."},
    {"session", get_session, set_session, "The underlying SSLSession object."},
    {"session_reused", get_session_reused, nullptr, "Was the client session reused during handshake?"},
    {},
};

}  // namespace

Ref connect(Thread& t, const Connection& c) {
  Context* context = context_of(c.context);
  if (c.server_side && SSL_CTX_get_ssl_method(context->ctx) == TLS_client_method())
    return raise_noted(t, "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context", __LINE__);
  if (!c.server_side && SSL_CTX_get_ssl_method(context->ctx) == TLS_server_method())
    return raise_noted(t, "Cannot create a client socket with a PROTOCOL_TLS_SERVER context", __LINE__);
  Ref made = TRY(allocate_instance(t, g_socket_type));
  SslSocket* s = ssl_of(made);
  s->context.init(s, c.context);
  s->server_side = c.server_side;
  ERR_clear_error();
  {
    ContextWriter writer(t, context);
    s->ssl = SSL_new(context->ctx);
  }
  if (s->ssl == nullptr) return TYPHON_RAISE_SSL(t);
  SSL_set_mode(s->ssl, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  TRY(attach_bios(t, s, c));
  if (!c.server_hostname.is_empty() && !c.server_hostname.is_none()) TRY(set_hostname(t, s, context, c.server_hostname));
  set_post_handshake(s, context);
  if (c.server_side) {
    SSL_set_session_id_context(s->ssl, reinterpret_cast<const u8*>("Python"), 6);
    SSL_set_accept_state(s->ssl);
  } else {
    SSL_set_connect_state(s->ssl);
  }
  if (!c.socket.is_empty()) s->socket.init(s, TRY(weakref_new(t, c.socket, EMPTY)));
  if (!c.owner.is_empty() && !c.owner.is_none()) TRY(set_owner(t, made, c.owner));
  if (!c.session.is_empty() && !c.session.is_none()) TRY(set_session(t, made, c.session));
  return made;
}

const TypeSpec kSocketSpec = {
    .name = "_ssl._SSLSocket",
    .layout = {"_SSLSocket", sizeof(SslSocket), 0, visit, release_socket, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::tls
