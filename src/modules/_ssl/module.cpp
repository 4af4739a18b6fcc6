// _ssl: the module; random numbers, object identifiers, default paths.
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <climits>

#include "modules/_ssl/ssl.h"
#include "objects/codecs.h"

namespace typhon::tls {

Type *g_context_type, *g_socket_type, *g_bio_type, *g_session_type, *g_certificate_type;

Status Text::get(Thread& t, Value v, const char* function, const char* name) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument '%s' must be str, not %T", function, name, v);
  Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
  auto* b = bytes.as<Bytes>();
  if (memchr(b->data, 0, b->size) != nullptr) return raise(t, exc::ValueError, "embedded null character");
  text = reinterpret_cast<const char*>(b->data);
  keep = std::move(bytes);
  return ok();
}

Status no_delete(Thread& t, Value value, const char* name, const char* type) {
  if (value.is_empty()) return raise(t, exc::AttributeError, "attribute '%s' of '%s' objects cannot be deleted", name, type);
  return ok();
}

Status put(Thread& t, Dict* d, const char* key, Ref&& value) {
  if (value.failed()) return Raised{};
  RefTo<Str> name = TRY(str_from_ascii(t, key));
  Ref keep = std::move(value);
  return dict_set_str(t, d, name.get(), keep);
}
Ref text_or_none(Thread& t, const char* text) {
  if (text == nullptr) return Ref::none();
  return str_from_utf8(t, text);
}

RefTo<Str> bio_text(Thread& t, BIO* bio) {
  char* data;
  long n = BIO_get_mem_data(bio, &data);
  return RefTo<Str>::from(decode_utf8(t, reinterpret_cast<u8*>(data), n < 0 ? 0 : size_t(n)));
}

namespace {

Ref f_rand_add(Thread& t, Value, const Value* a) {
  ByteView view(t);
  Ref keep = Ref::copy(a[0]);
  if (is_str(a[0])) keep = TRY(encode_utf8(t, a[0].as<Str>()));
  TRY(view.get(keep));
  if (!is_float(a[1]) && !is_int(a[1])) return raise(t, exc::TypeError, "must be real number, not %T", a[1]);
  double entropy = TRY(to_double(t, a[1]));
  RAND_add(view.data(), view.size() > INT_MAX ? INT_MAX : int(view.size()), entropy);
  return Ref::none();
}
Ref f_rand_bytes(Thread& t, Value, const Value* a) {
  int n = TRY(int_argument(t, a[0]));
  if (n < 0) return raise(t, exc::ValueError, "num must be positive");
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, size_t(n)));
  int result;
  u8* to = bytes->data;
  unsigned long code;
  {
    Detached detached(t);
    ERR_clear_error();
    result = RAND_bytes(to, n);
    code = ERR_get_error();
  }
  if (result == 1) return bytes;
  return raise_ssl(t, g_ssl_error, ERR_GET_REASON(code), nullptr, __LINE__, code);
}
Ref f_rand_status(Thread&, Value, const Value*) { return Ref::boolean(RAND_status()); }

Ref f_txt2obj(Thread& t, Value, const Value* a) {
  Text text;
  TRY(text.get(t, a[0], "txt2obj", "txt"));
  bool by_name = a[1].is_empty() ? false : TRY(truth(t, a[1]));
  ASN1_OBJECT* object = OBJ_txt2obj(text.text, by_name ? 0 : 1);
  if (object == nullptr) {
    ERR_clear_error();
    return raise(t, exc::ValueError, "unknown object '%s'", text.text);
  }
  Ref row = asn1_object_row(t, object);
  ASN1_OBJECT_free(object);
  return row;
}
Ref f_nid2obj(Thread& t, Value, const Value* a) {
  int nid = TRY(int_argument(t, a[0]));
  if (nid < NID_undef) return raise(t, exc::ValueError, "NID must be positive.");
  ASN1_OBJECT* object = OBJ_nid2obj(nid);
  if (object == nullptr) {
    ERR_clear_error();
    return raise(t, exc::ValueError, "unknown NID %d", nid);
  }
  return asn1_object_row(t, object);  // OpenSSL keeps it
}
Ref f_default_verify_paths(Thread& t, Value, const Value*) {
  RootedVector v(t);
  for (const char* text : {X509_get_default_cert_file_env(), X509_get_default_cert_file(), X509_get_default_cert_dir_env(), X509_get_default_cert_dir()})
    v.push(TRY(decode_fs(t, text, strlen(text))));
  return tuple_from(t, v.data(), v.size());
}

const Method kFunctions[] = {
    method("_test_decode_cert", f_test_decode_cert, "($module, path, /)"),
    method("RAND_add", f_rand_add, "($module, string, entropy, /)",
           "Mix string into the OpenSSL PRNG state.\n\nentropy (a float) is a lower bound on the entropy contained in\nstring.  See RFC 4086."),
    method("RAND_bytes", f_rand_bytes, "($module, n, /)", "Generate n cryptographically strong pseudo-random bytes."),
    method("RAND_status", f_rand_status, "($module, /)",
           "Returns True if the OpenSSL PRNG has been seeded with enough data and False if not.\n\nIt is necessary to seed the PRNG with RAND_add() on some platforms before\nusing the ssl() function."),
    method("get_default_verify_paths", f_default_verify_paths, "($module, /)",
           "Return search paths and environment vars that are used by SSLContext's set_default_verify_paths() to load default CAs.\n\nThe values are 'cert_file_env', 'cert_file', 'cert_dir_env', 'cert_dir'."),
    method("txt2obj", f_txt2obj, "($module, /, txt, name=False)",
           "Lookup NID, short name, long name and OID of an ASN1_OBJECT.\n\nBy default objects are looked up by OID. With name=True short and\nlong name are also matched."),
    method("nid2obj", f_nid2obj, "($module, nid, /)", "Lookup NID, short name, long name and OID of an ASN1_OBJECT by NID."),
    {},
};

Status initialise(Thread& t, Module* module) {
  // Sockets of _socket are what _wrap_socket takes.
  if (net::g_socket_type == nullptr) Ref loaded = TRY(import_module(t, "_socket"));
  TRY(add_exceptions(t, module));
  TRY(module_add_type(t, module, kContextSpec, &g_context_type));
  TRY(module_add_type(t, module, kSocketSpec, &g_socket_type));
  TRY(module_add_type(t, module, kBioSpec, &g_bio_type));
  TRY(module_add_type(t, module, kSessionSpec, &g_session_type));
  TRY(module_add_type(t, module, kCertificateSpec, &g_certificate_type));
  TRY(add_ssl_constants(t, module));
  TRY(module_add(t, module, "OPENSSL_VERSION_NUMBER", int_from_u64(t, OpenSSL_version_num())));
  TRY(module_add_str(t, module, "OPENSSL_VERSION", OpenSSL_version(OPENSSL_VERSION)));
  // Major, minor, fix, patch and status of the library.
  u64 n = OpenSSL_version_num();
  Ref version = TRY(tuple_of(t, Value::small_int(i64(n >> 28 & 0xF)), Value::small_int(i64(n >> 20 & 0xFF)), Value::small_int(i64(n >> 12 & 0xFF)),
                             Value::small_int(i64(n >> 4 & 0xFF)), Value::small_int(i64(n & 0xF))));
  TRY(module_add(t, module, "OPENSSL_VERSION_INFO", version.get()));
  return module_add(t, module, "_OPENSSL_API_VERSION", version.get());
}

}  // namespace
}  // namespace typhon::tls

namespace typhon {

extern const ModuleDef module__ssl;
const ModuleDef module__ssl = {"_ssl", "Implementation module for SSL socket operations.  See the socket module\nfor documentation.",
                               tls::kFunctions, tls::initialise};

}  // namespace typhon
