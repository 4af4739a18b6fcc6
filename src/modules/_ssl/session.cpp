// _ssl: sessions, for resuming connections.
#include "modules/_ssl/ssl.h"

namespace typhon::tls {
namespace {

struct Session : Object {
  Field context;  // the one it belongs to
  SSL_SESSION* session;
};
SSL_SESSION* session_of(Value v) { return v.as<Session>()->session; }
void visit(Object* self, Visitor& v) { v.field(static_cast<Session*>(self)->context); }
void release_session(Thread&, Object* self) { SSL_SESSION_free(static_cast<Session*>(self)->session); }

Ref session_compare(Thread& t, Value a, Value b, CompareOp op) {
  if (!is_instance_of(a, g_session_type) || !is_instance_of(b, g_session_type)) return Ref::not_implemented();
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  unsigned n, m;
  const u8* x = SSL_SESSION_get_id(session_of(a), &n);
  const u8* y = SSL_SESSION_get_id(session_of(b), &m);
  bool same = a.same_word(b) || (n == m && memcmp(x, y, n) == 0);
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Ref get_time(Thread& t, Value self) { return int_from(t, SSL_SESSION_get_time(session_of(self))); }
Ref get_timeout(Thread& t, Value self) { return int_from(t, SSL_SESSION_get_timeout(session_of(self))); }
Ref get_hint(Thread& t, Value self) { return int_from_u64(t, SSL_SESSION_get_ticket_lifetime_hint(session_of(self))); }
Ref get_id(Thread& t, Value self) {
  unsigned n;
  const u8* id = SSL_SESSION_get_id(session_of(self), &n);
  return bytes_from(t, id, n);
}
Ref get_has_ticket(Thread&, Value self) { return Ref::boolean(SSL_SESSION_has_ticket(session_of(self))); }

// A copy through the serialised form: SSL_SESSION_dup would keep the mark "not resumable" that a session gets when its connection
// ends without a word, and a connection changes its session.
SSL_SESSION* copy_of(SSL_SESSION* session) {
  u8* bytes = nullptr;
  int n = i2d_SSL_SESSION(session, &bytes);
  if (n <= 0) return nullptr;
  const u8* p = bytes;
  SSL_SESSION* copy = d2i_SSL_SESSION(nullptr, &p, n);
  OPENSSL_free(bytes);
  return copy;
}

const GetSet kGetSets[] = {
    {"has_ticket", get_has_ticket, nullptr, "Does the session contain a ticket?"},
    {"id", get_id, nullptr, "ID of the session."},
    {"ticket_lifetime_hint", get_hint, nullptr, "Ticket life time hint."},
    {"time", get_time, nullptr, "Session creation time (seconds since epoch)."},
    {"timeout", get_timeout, nullptr, "Session timeout (delta in seconds)."},
    {},
};

}  // namespace

Ref get_session(Thread& t, Value self) {
  SslSocket* s = ssl_of(self);
  SslGuard guard(t, s);
  if (SSL_get0_session(s->ssl) == nullptr) return Ref::none();
  SSL_SESSION* session = copy_of(SSL_get0_session(s->ssl));
  if (session == nullptr) return raise(t, exc::ValueError, "i2d() failed");  // in the middle of a handshake
  Ref made = allocate_instance(t, g_session_type);
  if (made.failed()) {
    SSL_SESSION_free(session);
    return made;
  }
  made.as<Session>()->session = session;
  made.as<Session>()->context.init(made.object(), s->context.load());
  return made;
}
Status set_session(Thread& t, Value self, Value value) {
  SslSocket* s = ssl_of(self);
  TRY(no_delete(t, value, "session", "_ssl._SSLSocket"));
  if (!is_instance_of(value, g_session_type)) return raise(t, exc::TypeError, "Value is not a SSLSession.");
  Ref own = s->context.load(), its = value.as<Session>()->context.load();
  if (context_of(own)->ctx != context_of(its)->ctx) return raise(t, exc::ValueError, "Session refers to a different SSLContext.");
  if (s->server_side) return raise(t, exc::ValueError, "Cannot set session for server-side SSLSocket.");
  SslGuard guard(t, s);
  if (SSL_is_init_finished(s->ssl)) return raise(t, exc::ValueError, "Cannot set session after handshake.");
  SSL_SESSION* copy = copy_of(session_of(value));
  if (copy == nullptr) return TYPHON_RAISE_SSL(t);
  int done = SSL_set_session(s->ssl, copy);
  SSL_SESSION_free(copy);
  if (done == 0) return TYPHON_RAISE_SSL(t);
  return ok();
}

const TypeSpec kSessionSpec = {
    .name = "_ssl.SSLSession",
    .layout = {"SSLSession", sizeof(Session), 0, visit, release_session, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.compare = session_compare},
    .getsets = kGetSets,
};

}  // namespace typhon::tls
