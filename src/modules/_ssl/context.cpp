// _ssl: contexts and their settings.
#include <openssl/x509v3.h>

#include "modules/_ssl/ssl.h"

namespace typhon::tls {
namespace {

enum Protocol : int { kTls = 2, kTls1 = 3, kTls1_1 = 4, kTls1_2 = 5, kTlsClient = 16, kTlsServer = 17 };
constexpr int kMinimumSupported = -2, kMaximumSupported = -1;
constexpr u64 kVersionOptions = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3;
constexpr const char* kCiphers = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM";

void visit(Object* self, Visitor& v) {
  auto* c = static_cast<Context*>(self);
  for (Field* field : {&c->sni_callback, &c->message_callback, &c->keylog_filename, &c->psk_client_callback, &c->psk_server_callback, &c->alpn_protocols})
    v.field(*field);
}
void release_context(Thread&, Object* self) {
  auto* c = static_cast<Context*>(self);
  SSL_CTX_free(c->ctx);
  BIO_free_all(c->keylog);
}

struct Method_ {
  int protocol;
  const SSL_METHOD* (*method)();
  int version;  // the only one, or 0
  const char* deprecated;
};
constexpr Method_ kMethodTable[] = {
    {kTls, TLS_method, 0, "ssl.PROTOCOL_TLS is deprecated"},
    {kTls1, TLS_method, TLS1_VERSION, "ssl.PROTOCOL_TLSv1 is deprecated"},
    {kTls1_1, TLS_method, TLS1_1_VERSION, "ssl.PROTOCOL_TLSv1_1 is deprecated"},
    {kTls1_2, TLS_method, TLS1_2_VERSION, "ssl.PROTOCOL_TLSv1_2 is deprecated"},
    {kTlsClient, TLS_client_method, 0, nullptr},
    {kTlsServer, TLS_server_method, 0, nullptr},
};
bool any_version(const Context* c) { return c->protocol == kTls || c->protocol == kTlsClient || c->protocol == kTlsServer; }

// The settings that every new context has; false when OpenSSL refuses them.
bool configure(SSL_CTX* ctx, const Method_& row) {
  u64 options = (SSL_OP_ALL & ~u64(SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS)) | SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE;
  SSL_CTX_set_options(ctx, options);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_set_cipher_list(ctx, kCiphers) == 0) return false;
  bool versions = row.version != 0 ? SSL_CTX_set_min_proto_version(ctx, row.version) && SSL_CTX_set_max_proto_version(ctx, row.version)
                                   : SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  if (!versions) return false;
  SSL_CTX_set_post_handshake_auth(ctx, 0);
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(ctx);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return true;
}

Ref context_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("($type, protocol, /)");
  Value a[1] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "_SSLContext", args, a, &keep));
  int protocol = TRY(int_argument(t, a[0]));
  const Method_* row = nullptr;
  for (const Method_& r : kMethodTable)
    if (r.protocol == protocol) row = &r;
  if (row == nullptr) return raise(t, exc::ValueError, "invalid or unsupported protocol version %d", protocol);
  if (row->deprecated != nullptr) TRY(warn(t, exc::DeprecationWarning, 2, "%s", row->deprecated));
  Ref made = TRY(allocate_instance(t, cls));
  Context* c = context_of(made);
  pthread_rwlock_init(&c->lock, nullptr);
  ERR_clear_error();
  c->protocol = protocol;
  c->ctx = SSL_CTX_new(row->method());
  if (c->ctx == nullptr || !configure(c->ctx, *row)) return TYPHON_RAISE_SSL(t);
  c->check_hostname = protocol == kTlsClient;
  SSL_CTX_set_verify(c->ctx, protocol == kTlsClient ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, reject_distrusted);
  ERR_clear_error();
  return made;
}

// --- verification
enum Requirement : int { kNone = 0, kOptional = 1, kRequired = 2 };
int requirement(const Context* c) {
  switch (SSL_CTX_get_verify_mode(c->ctx) & (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT)) {
    case SSL_VERIFY_PEER: return kOptional;
    case SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT: return kRequired;
    default: return kNone;
  }
}
void require(Thread& t, Context* c, int n) {
  ContextWriter writer(t, c);
  SSL_CTX_set_verify(c->ctx, n == kNone ? SSL_VERIFY_NONE : n == kOptional ? SSL_VERIFY_PEER : SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, reject_distrusted);
}
Ref get_verify_mode(Thread& t, Value self) { return int_from(t, requirement(context_of(self))); }
Status set_verify_mode(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "verify_mode"));
  Context* c = context_of(self);
  int n = TRY(int_argument(t, value));
  if (n < kNone || n > kRequired) return raise(t, exc::ValueError, "invalid value for verify_mode");
  if (n == kNone && c->check_hostname)
    return raise(t, exc::ValueError, "Cannot set verify_mode to CERT_NONE when check_hostname is enabled.");
  require(t, c, n);
  return ok();
}
Ref get_check_hostname(Thread&, Value self) { return Ref::boolean(context_of(self)->check_hostname); }
Status set_check_hostname(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "check_hostname"));
  Context* c = context_of(self);
  bool wanted = TRY(truth(t, value));
  if (wanted && requirement(c) == kNone) require(t, c, kRequired);
  c->check_hostname = wanted;
  return ok();
}
Ref get_verify_flags(Thread& t, Value self) { return int_from(t, i64(X509_VERIFY_PARAM_get_flags(SSL_CTX_get0_param(context_of(self)->ctx)))); }
Status set_verify_flags(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "verify_flags"));
  Context* c = context_of(self);
  if (!is_int(value)) return raise(t, exc::TypeError, "argument must be int, not %T", value);
  unsigned long wanted = int_low_u64(value);
  ContextWriter writer(t, c);
  X509_VERIFY_PARAM* parameters = SSL_CTX_get0_param(c->ctx);
  unsigned long now = X509_VERIFY_PARAM_get_flags(parameters);
  if ((now & ~wanted) != 0 && !X509_VERIFY_PARAM_clear_flags(parameters, now & ~wanted)) return TYPHON_RAISE_SSL(t);
  if ((wanted & ~now) != 0 && !X509_VERIFY_PARAM_set_flags(parameters, wanted & ~now)) return TYPHON_RAISE_SSL(t);
  return ok();
}
Ref get_host_flags(Thread& t, Value self) { return int_from(t, X509_VERIFY_PARAM_get_hostflags(SSL_CTX_get0_param(context_of(self)->ctx))); }
Status set_host_flags(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "_host_flags"));
  Context* c = context_of(self);
  u32 flags = TRY(net::word_argument(t, value));
  ContextWriter writer(t, c);
  X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(c->ctx), flags);
  return ok();
}

// --- options and versions
Ref get_options(Thread& t, Value self) { return int_from_u64(t, SSL_CTX_get_options(context_of(self)->ctx)); }
Status set_options(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "options"));
  Context* c = context_of(self);
  Ref number = TRY(to_index(t, value));
  u64 wanted;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(number, &wanted)) return raise(t, exc::OverflowError, "Python int too large for C unsigned long long");
  u64 now = SSL_CTX_get_options(c->ctx);
  u64 cleared = now & ~wanted, added = wanted & ~now;
  if (added & kVersionOptions)
    TRY(warn(t, exc::DeprecationWarning, 2, "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated"));
  ContextWriter writer(t, c);
  if (cleared != 0) SSL_CTX_clear_options(c->ctx, cleared);
  if (added != 0) SSL_CTX_set_options(c->ctx, added);
  return ok();
}

Status set_version(Thread& t, Value self, Value value, bool minimum) {
  TRY(no_delete(t, value, minimum ? "minimum_version" : "maximum_version"));
  Context* c = context_of(self);
  i64 version = TRY(to_i64(t, value, "Python int too large to convert to C int"));
  if (!any_version(c))
    return raise(t, exc::ValueError, "The context's protocol doesn't support modification of highest and lowest version.");
  const char* deprecated = version == SSL3_VERSION     ? "ssl.TLSVersion.SSLv3 is deprecated"
                           : version == TLS1_VERSION   ? "ssl.TLSVersion.TLSv1 is deprecated"
                           : version == TLS1_1_VERSION ? "ssl.TLSVersion.TLSv1_1 is deprecated"
                                                       : nullptr;
  if (deprecated != nullptr) TRY(warn(t, exc::DeprecationWarning, 2, "%s", deprecated));
  switch (version) {
    case kMinimumSupported: version = minimum ? 0 : TLS1_VERSION; break;
    case kMaximumSupported: version = minimum ? TLS1_3_VERSION : 0; break;
    case SSL3_VERSION:
    case TLS1_VERSION:
    case TLS1_1_VERSION:
    case TLS1_2_VERSION:
    case TLS1_3_VERSION: break;
    default: return raise(t, exc::ValueError, "Unsupported TLS/SSL version 0x%x", u64(version));
  }
  ContextWriter writer(t, c);
  long done = minimum ? SSL_CTX_set_min_proto_version(c->ctx, int(version)) : SSL_CTX_set_max_proto_version(c->ctx, int(version));
  if (done == 0) return raise(t, exc::ValueError, "Unsupported protocol version 0x%x", u64(version));
  return ok();
}
Ref get_minimum_version(Thread& t, Value self) {
  long version = SSL_CTX_get_min_proto_version(context_of(self)->ctx);
  return int_from(t, version == 0 ? kMinimumSupported : version);
}
Ref get_maximum_version(Thread& t, Value self) {
  long version = SSL_CTX_get_max_proto_version(context_of(self)->ctx);
  return int_from(t, version == 0 ? kMaximumSupported : version);
}
Status set_minimum_version(Thread& t, Value self, Value value) { return set_version(t, self, value, true); }
Status set_maximum_version(Thread& t, Value self, Value value) { return set_version(t, self, value, false); }

Ref get_num_tickets(Thread& t, Value self) { return int_from(t, i64(SSL_CTX_get_num_tickets(context_of(self)->ctx))); }
Status set_num_tickets(Thread& t, Value self, Value value) {
  TRY(no_delete(t, value, "num_tickets"));
  Context* c = context_of(self);
  i64 n = TRY(to_i64(t, value));
  if (n < 0) return raise(t, exc::ValueError, "value must be non-negative");
  if (c->protocol != kTlsServer) return raise(t, exc::ValueError, "SSLContext is not a server context.");
  ContextWriter writer(t, c);
  if (SSL_CTX_set_num_tickets(c->ctx, size_t(n)) != 1) return raise(t, exc::ValueError, "failed to set num tickets.");
  return ok();
}
Ref get_post_handshake_auth(Thread&, Value self) { return Ref::boolean(context_of(self)->post_handshake_auth); }
Status set_post_handshake_auth(Thread& t, Value self, Value value) {
  if (value.is_empty()) return raise(t, exc::AttributeError, "cannot delete attribute");
  Context* c = context_of(self);
  c->post_handshake_auth = TRY(truth(t, value));
  return ok();
}
Ref get_protocol(Thread& t, Value self) { return int_from(t, context_of(self)->protocol); }
Ref get_security_level(Thread& t, Value self) { return int_from(t, SSL_CTX_get_security_level(context_of(self)->ctx)); }

// --- connections
Ref c_wrap_socket(Thread& t, Value self, const Value* a) {
  if (!is_instance_of(a[0], net::g_socket_type))
    return raise(t, exc::TypeError, "_wrap_socket() argument 'sock' must be _socket.socket, not %T", a[0]);
  Connection c = {.context = self, .socket = a[0], .owner = a[3], .session = a[4], .server_hostname = a[2], .server_side = TRY(truth(t, a[1]))};
  return connect(t, c);
}
Ref c_wrap_bio(Thread& t, Value self, const Value* a) {
  for (int i = 0; i < 2; i++)
    if (!is_instance_of(a[i], g_bio_type))
      return raise(t, exc::TypeError, "_wrap_bio() argument '%s' must be _ssl.MemoryBIO, not %T", i == 0 ? "incoming" : "outgoing", a[i]);
  Connection c = {.context = self, .incoming = a[0], .outgoing = a[1], .owner = a[4], .session = a[5], .server_hostname = a[3], .server_side = TRY(truth(t, a[2]))};
  return connect(t, c);
}

const Method kMethods[] = {
    method("_wrap_socket", c_wrap_socket, "($self, /, sock, server_side, server_hostname=None, *, owner=None, session=None)"),
    method("_wrap_bio", c_wrap_bio, "($self, /, incoming, outgoing, server_side, server_hostname=None, *, owner=None, session=None)"),
    method("set_ciphers", c_set_ciphers, "($self, cipherlist, /)"),
    method("get_ciphers", c_get_ciphers, "($self, /)"),
    method("_set_alpn_protocols", c_set_alpn_protocols, "($self, protos, /)"),
    method("load_cert_chain", c_load_cert_chain, "($self, /, certfile, keyfile=None, password=None)"),
    method("load_verify_locations", c_load_verify_locations, "($self, /, cafile=None, capath=None, cadata=None)"),
    method("load_dh_params", c_load_dh_params, "($self, path, /)"),
    method("session_stats", c_session_stats, "($self, /)"),
    method("set_default_verify_paths", c_set_default_verify_paths, "($self, /)"),
    method("set_ecdh_curve", c_set_ecdh_curve, "($self, name, /)"),
    method("cert_store_stats", c_cert_store_stats, "($self, /)",
           "Returns quantities of loaded X.509 certificates.\n\nX.509 certificates with a CA extension and certificate revocation lists\ninside the context's cert store.\n\nNOTE: Certificates in a capath directory aren't loaded unless they have\nbeen used at least once."),
    method("get_ca_certs", c_get_ca_certs, "($self, /, binary_form=False)",
           "Returns a list of dicts with information of loaded CA certs.\n\nIf the optional argument is True, returns a DER-encoded copy of the CA\ncertificate.\n\nNOTE: Certificates in a capath directory aren't loaded unless they have\nbeen used at least once."),
    method("set_psk_client_callback", c_set_psk_client_callback, "($self, /, callback)"),
    method("set_psk_server_callback", c_set_psk_server_callback, "($self, /, callback, identity_hint=None)"),
    {},
};
const GetSet kGetSets[] = {
    {"check_hostname", get_check_hostname, set_check_hostname},
    {"_host_flags", get_host_flags, set_host_flags},
    {"minimum_version", get_minimum_version, set_minimum_version},
    {"maximum_version", get_maximum_version, set_maximum_version},
    {"num_tickets", get_num_tickets, set_num_tickets, "Control the number of TLSv1.3 session tickets."},
    {"options", get_options, set_options},
    {"protocol", get_protocol},
    {"verify_flags", get_verify_flags, set_verify_flags},
    {"verify_mode", get_verify_mode, set_verify_mode},
    {"post_handshake_auth", get_post_handshake_auth, set_post_handshake_auth},
    {"security_level", get_security_level, nullptr, "The current security level."},
    {"sni_callback", get_sni_callback, set_sni_callback, "Set a callback that will be called when a server name is provided by the SSL/TLS client in the SNI extension."},
    {"_msg_callback", get_message_callback, set_message_callback},
    {"keylog_filename", get_keylog_filename, set_keylog_filename},
    {},
};

}  // namespace

const TypeSpec kContextSpec = {
    .name = "_ssl._SSLContext",
    .layout = {"_SSLContext", sizeof(Context), 0, visit, release_context, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = context_new},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::tls
