// _ssl: what a connection says about itself.
#include "modules/_ssl/ssl.h"

namespace typhon::tls {
namespace {

Ref cipher_row(Thread& t, const SSL_CIPHER* cipher) {
  Ref name = TRY(text_or_none(t, SSL_CIPHER_get_name(cipher))), version = TRY(text_or_none(t, SSL_CIPHER_get_version(cipher)));
  return tuple_of(t, name, version, Value::small_int(SSL_CIPHER_get_bits(cipher, nullptr)));
}
// Certificate objects; None for no chain.
Ref chain_list(Thread& t, STACK_OF(X509)* chain, X509* first) {
  if (chain == nullptr && first == nullptr) return Ref::none();
  RefTo<List> list = TRY(list_new(t));
  if (first != nullptr) TRY(list_append(t, list.get(), TRY(certificate_new(t, first))));
  for (int i = 0; i < sk_X509_num(chain); i++) TRY(list_append(t, list.get(), TRY(certificate_new(t, sk_X509_value(chain, i)))));
  return list;
}

}  // namespace

Ref s_cipher(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl_of(self)->ssl);
  if (cipher == nullptr) return Ref::none();
  return cipher_row(t, cipher);
}
Ref s_shared_ciphers(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  SSL* ssl = ssl_of(self)->ssl;
  STACK_OF(SSL_CIPHER)* theirs = SSL_get_client_ciphers(ssl);
  if (theirs == nullptr) return Ref::none();
  STACK_OF(SSL_CIPHER)* ours = SSL_get_ciphers(ssl);
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < sk_SSL_CIPHER_num(theirs); i++) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(theirs, i);
    if (sk_SSL_CIPHER_find(ours, const_cast<SSL_CIPHER*>(cipher)) >= 0) TRY(list_append(t, list.get(), TRY(cipher_row(t, cipher))));
  }
  return list;
}
Ref s_version(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  SSL* ssl = ssl_of(self)->ssl;
  if (!SSL_is_init_finished(ssl)) return Ref::none();  // handshake is not done
  const char* version = SSL_get_version(ssl);
  return text_or_none(t, strcmp(version, "unknown") == 0 ? nullptr : version);
}
Ref s_alpn(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  const u8* name;
  unsigned n;
  SSL_get0_alpn_selected(ssl_of(self)->ssl, &name, &n);
  if (n == 0) return Ref::none();
  return str_from_utf8(t, {reinterpret_cast<const char*>(name), n});
}
Ref s_compression(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  const COMP_METHOD* method = SSL_get_current_compression(ssl_of(self)->ssl);
  if (method == nullptr) return Ref::none();
  const char* name = OBJ_nid2sn(SSL_COMP_get_id(reinterpret_cast<const SSL_COMP*>(method)));
  return text_or_none(t, name);
}
Ref s_pending(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  return int_from(t, SSL_pending(ssl_of(self)->ssl));
}
Ref s_channel_binding(Thread& t, Value self, const Value* a) {
  Text kind;
  if (!a[0].is_empty()) TRY(kind.get(t, a[0], "get_channel_binding", "cb_type"));
  if (kind.text != nullptr && strcmp(kind.text, "tls-unique") != 0)
    return raise(t, exc::ValueError, "'%s' channel binding type not implemented", kind.text);
  SslSocket* s = ssl_of(self);
  SslGuard guard(t, s);
  u8 bytes[128];
  // The first Finished message of the handshake: the client's, or the server's when the session was resumed.
  bool own = bool(SSL_session_reused(s->ssl)) != !s->server_side;
  size_t n = own ? SSL_get_finished(s->ssl, bytes, sizeof bytes) : SSL_get_peer_finished(s->ssl, bytes, sizeof bytes);
  if (n == 0) return Ref::none();
  return bytes_from(t, bytes, n < sizeof bytes ? n : sizeof bytes);
}

Ref s_getpeercert(Thread& t, Value self, const Value* a) {
  bool binary = a[0].is_empty() ? false : TRY(truth(t, a[0]));
  SslSocket* s = ssl_of(self);
  X509* certificate;
  bool verified;
  {
    SslGuard guard(t, s);
    if (!SSL_is_init_finished(s->ssl)) return raise(t, exc::ValueError, "handshake not done yet");
    certificate = SSL_get1_peer_certificate(s->ssl);
    verified = SSL_get_verify_mode(s->ssl) & SSL_VERIFY_PEER;
  }
  if (certificate == nullptr) return Ref::none();
  Ref result = binary ? certificate_der(t, certificate) : verified ? decode_certificate(t, certificate) : Ref(dict_new(t));
  X509_free(certificate);
  return result;
}
Ref s_verified_chain(Thread& t, Value self, const Value*) {
  SslGuard guard(t, ssl_of(self));
  return chain_list(t, SSL_get0_verified_chain(ssl_of(self)->ssl), nullptr);
}
Ref s_unverified_chain(Thread& t, Value self, const Value*) {
  SslSocket* s = ssl_of(self);
  SslGuard guard(t, s);
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(s->ssl);
  if (!s->server_side) return chain_list(t, chain, nullptr);
  // On the server's side the chain lacks the peer's own certificate, which is all that a resumed session knows.
  X509* own = SSL_get1_peer_certificate(s->ssl);
  Ref result = chain_list(t, chain, own);
  X509_free(own);
  return result;
}

}  // namespace typhon::tls
