// _ssl: what contexts load: certificates and keys, trusted certificates, ciphers, parameters; and what they say of it.
#include <openssl/decoder.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <climits>
#include <memory>
#include <string>

#include "modules/_ssl/ssl.h"
#include "objects/codecs.h"

namespace typhon::tls {
namespace {

// A path argument; TypeError "NAME should be a valid filesystem path" when it is none.
Status path_argument(Thread& t, Value v, const char* name, PathArgument* out) {
  if (!out->get(t, v, name, "path").failed()) return ok();
  if (!clear_if(t, exc::TypeError)) return Raised{};
  return raise(t, exc::TypeError, "%s should be a valid filesystem path", name);
}

// --- passwords
struct Password {
  Thread& t;
  Value source;      // a callable, or EMPTY
  std::string text;  // what was given or what the callable returned
  bool failed = false;
};
Status set_password(Password* password, Value v, const char* message) {
  Thread& t = password->t;
  if (is_str(v)) {
    Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
    password->text.assign(reinterpret_cast<char*>(bytes.as<Bytes>()->data), bytes.as<Bytes>()->size);
  } else if (is_bytes(v) || is_bytearray(v)) {
    ByteView view(t);
    TRY(view.get(v));
    password->text.assign(reinterpret_cast<char*>(view.data()), view.size());
  } else {
    return raise(t, exc::TypeError, "%s", message);
  }
  return ok();
}
Status ask_password(Password* password, int most) {
  Thread& t = password->t;
  if (!password->source.is_empty()) {
    Ref answer = TRY(call(t, password->source));
    TRY(set_password(password, answer, "password callback must return a string"));
  }
  if (password->text.size() > size_t(most)) return raise(t, exc::ValueError, "password cannot be longer than %d bytes", most);
  return ok();
}
int password_callback(char* buffer, int size, int, void* argument) {
  auto* password = static_cast<Password*>(argument);
  if (password->failed) return -1;  // OpenSSL tries another format
  {
    Attached attached(password->t);
    password->failed = ask_password(password, size).failed();
  }
  if (password->failed) return -1;
  memcpy(buffer, password->text.data(), password->text.size());
  return int(password->text.size());
}

// Sets the callback for the duration of a load.
struct PasswordScope {
  SSL_CTX* ctx;
  pem_password_cb* callback;
  void* data;
  PasswordScope(SSL_CTX* c, Password* password, bool wanted)
      : ctx(c), callback(SSL_CTX_get_default_passwd_cb(c)), data(SSL_CTX_get_default_passwd_cb_userdata(c)) {
    if (!wanted) return;
    SSL_CTX_set_default_passwd_cb(ctx, password_callback);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, password);
  }
  ~PasswordScope() {
    SSL_CTX_set_default_passwd_cb(ctx, callback);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, data);
  }
};

// One step of loading, detached; what it raises when it fails.
template <class F>
Status load_step(Thread& t, Password* password, int line, F step) {
  int result, error;
  {
    Detached detached(t);
    ERR_clear_error();
    errno = 0;
    result = step();
    error = errno;
  }
  if (result == 1) return ok();
  if (password->failed) {
    ERR_clear_error();
    return Raised{};
  }
  errno = error;
  return raise_file_error(t, line);
}

// --- trusted certificates given as data
Status add_certificates(Thread& t, Context* c, const void* data, size_t size, bool pem) {
  if (size == 0) return raise(t, exc::ValueError, "Empty certificate data");
  if (size > INT_MAX) return raise(t, exc::OverflowError, "Certificate data is too long.");
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(data, int(size)));
  if (bio == nullptr) return TYPHON_RAISE_SSL(t);
  X509_STORE* store = SSL_CTX_get_cert_store(c->ctx);
  int loaded = 0;
  bool stopped = false;
  ERR_clear_error();
  while (pem || loaded == 0 || !BIO_eof(bio.get())) {
    X509* certificate = pem ? PEM_read_bio_X509(bio.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr) : d2i_X509_bio(bio.get(), nullptr);
    if (certificate == nullptr) break;
    int added = X509_STORE_add_cert(store, certificate);
    X509_free(certificate);
    if (added != 1) {
      unsigned long code = ERR_peek_last_error();
      if (ERR_GET_LIB(code) != ERR_LIB_X509 || ERR_GET_REASON(code) != X509_R_CERT_ALREADY_IN_HASH_TABLE) {
        stopped = true;
        break;
      }
      ERR_clear_error();
    }
    loaded++;
  }
  unsigned long code = ERR_peek_last_error();
  if (loaded == 0) {
    return raise_noted(t, pem ? "no start line: cadata does not contain a certificate" : "not enough data: cadata does not contain a certificate", __LINE__);
  }
  // The end of PEM data shows as an error.
  bool at_end = pem && ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if ((at_end && !stopped) || code == 0) {
    ERR_clear_error();
    return ok();
  }
  return TYPHON_RAISE_SSL(t);
}

const char* nid_name(int nid) { return nid == NID_undef ? nullptr : OBJ_nid2ln(nid); }

Ref cipher_dict(Thread& t, const SSL_CIPHER* cipher) {
  char description[512];
  SSL_CIPHER_description(cipher, description, sizeof description - 1);
  size_t n = strlen(description);
  if (n > 0 && description[n - 1] == '\n') description[--n] = 0;
  int algorithm_bits;
  int bits = SSL_CIPHER_get_bits(cipher, &algorithm_bits);
  RefTo<Dict> d = TRY(dict_new(t));
  TRY(put(t, d.get(), "id", int_from(t, SSL_CIPHER_get_id(cipher))));
  TRY(put(t, d.get(), "name", text_or_none(t, SSL_CIPHER_get_name(cipher))));
  TRY(put(t, d.get(), "protocol", text_or_none(t, SSL_CIPHER_get_version(cipher))));
  TRY(put(t, d.get(), "description", text_or_none(t, description)));
  TRY(put(t, d.get(), "strength_bits", int_from(t, bits)));
  TRY(put(t, d.get(), "alg_bits", int_from(t, algorithm_bits)));
  TRY(put(t, d.get(), "aead", Ref::boolean(SSL_CIPHER_is_aead(cipher))));
  TRY(put(t, d.get(), "symmetric", text_or_none(t, nid_name(SSL_CIPHER_get_cipher_nid(cipher)))));
  TRY(put(t, d.get(), "digest", text_or_none(t, nid_name(SSL_CIPHER_get_digest_nid(cipher)))));
  TRY(put(t, d.get(), "kea", text_or_none(t, nid_name(SSL_CIPHER_get_kx_nid(cipher)))));
  TRY(put(t, d.get(), "auth", text_or_none(t, nid_name(SSL_CIPHER_get_auth_nid(cipher)))));
  return d;
}

}  // namespace

Ref c_load_cert_chain(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  PathArgument certificate, key;
  TRY(path_argument(t, a[0], "certfile", &certificate));
  bool own_key = !a[1].is_empty() && !a[1].is_none();
  if (own_key) TRY(path_argument(t, a[1], "keyfile", &key));
  Password password{t, EMPTY, {}};
  bool protected_ = !a[2].is_empty() && !a[2].is_none();
  if (protected_) {
    if (is_callable(a[2]))
      password.source = a[2];
    else
      TRY(set_password(&password, a[2], "password should be a string or callable"));
  }
  ContextWriter writer(t, c);
  PasswordScope scope(c->ctx, &password, protected_);
  const char* key_path = own_key ? key.path : certificate.path;
  TRY(load_step(t, &password, __LINE__, [&] { return SSL_CTX_use_certificate_chain_file(c->ctx, certificate.path); }));
  TRY(load_step(t, &password, __LINE__, [&] { return SSL_CTX_use_PrivateKey_file(c->ctx, key_path, SSL_FILETYPE_PEM); }));
  if (SSL_CTX_check_private_key(c->ctx) != 1) return TYPHON_RAISE_SSL(t);
  return Ref::none();
}

Ref c_load_verify_locations(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  auto given = [](Value v) { return !v.is_empty() && !v.is_none(); };
  if (!given(a[0]) && !given(a[1]) && !given(a[2])) return raise(t, exc::TypeError, "cafile, capath and cadata cannot be all omitted");
  PathArgument file, folder;
  if (given(a[0])) TRY(path_argument(t, a[0], "cafile", &file));
  if (given(a[1])) TRY(path_argument(t, a[1], "capath", &folder));
  if (given(a[2])) {
    constexpr const char* kMessage = "cadata should be an ASCII string or a bytes-like object";
    if (is_str(a[2])) {
      if (!a[2].as<Str>()->is_ascii()) return raise(t, exc::TypeError, "%s", kMessage);
      std::string_view text = a[2].as<Str>()->ascii();
      ContextWriter writer(t, c);
      TRY(add_certificates(t, c, text.data(), text.size(), true));
    } else {
      if (!has_buffer(a[2])) return raise(t, exc::TypeError, "%s", kMessage);
      ByteView view(t);
      TRY(view.get(a[2]));
      ContextWriter writer(t, c);
      TRY(add_certificates(t, c, view.data(), view.size(), false));
    }
  }
  if (!given(a[0]) && !given(a[1])) return Ref::none();
  ContextWriter writer(t, c);
  Password none{t, EMPTY, {}};
  TRY(load_step(t, &none, __LINE__, [&] { return SSL_CTX_load_verify_locations(c->ctx, file.path, folder.path); }));
  return Ref::none();
}

Ref c_load_dh_params(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  Ref name = TRY(fs_path_py(t, a[0]));
  PathArgument path;
  TRY(path.get(t, name, "load_dh_params", "path"));
  errno = 0;
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_file(path.path, "r"));
  if (bio == nullptr) {
    int error = errno;
    ERR_clear_error();
    return raise_errno(t, error, a[0]);
  }
  ERR_clear_error();
  errno = 0;
  // The old functions: the ones with EVP_PKEY name the decoder that found nothing, instead of what is missing.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
  DH* parameters = PEM_read_bio_DHparams(bio.get(), nullptr, nullptr, nullptr);
  if (parameters == nullptr) {
    if (errno != 0) {
      int error = errno;
      ERR_clear_error();
      return raise_errno(t, error, a[0]);
    }
    return TYPHON_RAISE_SSL(t);
  }
  ContextWriter writer(t, c);
  bool set = SSL_CTX_set_tmp_dh(c->ctx, parameters) == 1;
  DH_free(parameters);
#pragma clang diagnostic pop
  if (!set) return TYPHON_RAISE_SSL(t);
  return Ref::none();
}

Ref c_set_ecdh_curve(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  Ref name = TRY(fs_path_py(t, a[0]));
  PathArgument path;
  TRY(path.get(t, name, "set_ecdh_curve", "name"));
  int nid = OBJ_sn2nid(path.path);
  if (nid == NID_undef) return raise(t, exc::ValueError, "unknown elliptic curve name %R", a[0]);
  ContextWriter writer(t, c);
  if (!SSL_CTX_set1_groups(c->ctx, &nid, 1)) return TYPHON_RAISE_SSL(t);
  return Ref::none();
}

Ref c_set_ciphers(Thread& t, Value self, const Value* a) {
  Context* c = context_of(self);
  Text list;
  if (!is_str(a[0])) return raise(t, exc::TypeError, "set_ciphers() argument must be str, not %T", a[0]);
  TRY(list.get(t, a[0], "set_ciphers", "cipherlist"));
  ContextWriter writer(t, c);
  if (SSL_CTX_set_cipher_list(c->ctx, list.text) == 0) {
    ERR_clear_error();
    return raise(t, g_ssl_error, "No cipher can be selected.");
  }
  return Ref::none();
}
Ref c_get_ciphers(Thread& t, Value self, const Value*) {
  Context* c = context_of(self);
  struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  ContextWriter writer(t, c);
  std::unique_ptr<SSL, FreeSsl> ssl(SSL_new(c->ctx));
  if (ssl == nullptr) return TYPHON_RAISE_SSL(t);
  RefTo<List> list = TRY(list_new(t));
  STACK_OF(SSL_CIPHER)* ciphers = SSL_get_ciphers(ssl.get());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) TRY(list_append(t, list.get(), TRY(cipher_dict(t, sk_SSL_CIPHER_value(ciphers, i)))));
  return list;
}

Ref c_set_default_verify_paths(Thread& t, Value self, const Value*) {
  Context* c = context_of(self);
  ContextWriter writer(t, c);
  if (!SSL_CTX_set_default_verify_paths(c->ctx)) return TYPHON_RAISE_SSL(t);
  return Ref::none();
}
Ref c_cert_store_stats(Thread& t, Value self, const Value*) {
  X509_STORE* store = SSL_CTX_get_cert_store(context_of(self)->ctx);
  int certificates = 0, authorities = 0, lists = 0;
  X509_STORE_lock(store);
  STACK_OF(X509_OBJECT)* objects = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
    X509_OBJECT* object = sk_X509_OBJECT_value(objects, i);
    if (X509_OBJECT_get_type(object) == X509_LU_X509) {
      certificates++;
      authorities += X509_check_ca(X509_OBJECT_get0_X509(object)) != 0;
    } else if (X509_OBJECT_get_type(object) == X509_LU_CRL) {
      lists++;
    }
  }
  X509_STORE_unlock(store);
  RefTo<Dict> d = TRY(dict_new(t));
  TRY(put(t, d.get(), "x509", int_from(t, certificates)));
  TRY(put(t, d.get(), "crl", int_from(t, lists)));
  TRY(put(t, d.get(), "x509_ca", int_from(t, authorities)));
  return d;
}
Ref c_get_ca_certs(Thread& t, Value self, const Value* a) {
  bool binary = a[0].is_empty() ? false : TRY(truth(t, a[0]));
  X509_STORE* store = SSL_CTX_get_cert_store(context_of(self)->ctx);
  struct FreeCertificates {
    void operator()(STACK_OF(X509)* s) const { sk_X509_pop_free(s, X509_free); }
  };
  std::unique_ptr<STACK_OF(X509), FreeCertificates> all(X509_STORE_get1_all_certs(store));
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < sk_X509_num(all.get()); i++) {
    X509* certificate = sk_X509_value(all.get(), i);
    if (X509_check_ca(certificate) == 0) continue;
    TRY(list_append(t, list.get(), binary ? TRY(certificate_der(t, certificate)) : TRY(decode_certificate(t, certificate))));
  }
  return list;
}
Ref c_session_stats(Thread& t, Value self, const Value*) {
  SSL_CTX* ctx = context_of(self)->ctx;
  RefTo<Dict> d = TRY(dict_new(t));
  const struct {
    const char* name;
    long value;
  } rows[] = {{"number", SSL_CTX_sess_number(ctx)},
              {"connect", SSL_CTX_sess_connect(ctx)},
              {"connect_good", SSL_CTX_sess_connect_good(ctx)},
              {"connect_renegotiate", SSL_CTX_sess_connect_renegotiate(ctx)},
              {"accept", SSL_CTX_sess_accept(ctx)},
              {"accept_good", SSL_CTX_sess_accept_good(ctx)},
              {"accept_renegotiate", SSL_CTX_sess_accept_renegotiate(ctx)},
              {"hits", SSL_CTX_sess_hits(ctx)},
              {"misses", SSL_CTX_sess_misses(ctx)},
              {"timeouts", SSL_CTX_sess_timeouts(ctx)},
              {"cache_full", SSL_CTX_sess_cache_full(ctx)}};
  for (const auto& row : rows) TRY(put(t, d.get(), row.name, int_from(t, row.value)));
  return d;
}

}  // namespace typhon::tls
