// _ssl: exception classes, and OpenSSL's errors in Python's words.
#include <cctype>

#include "modules/_ssl/ssl.h"

namespace typhon::tls {

Type *g_ssl_error, *g_zero_return, *g_want_read, *g_want_write, *g_syscall_error, *g_eof_error, *g_verification_error;

namespace {

struct Library {
  int number;
  const char* name;
};
#define LIBRARY(name) {ERR_LIB_##name, #name}
constexpr Library kLibraries[] = {
    LIBRARY(ASN1), LIBRARY(ASYNC), LIBRARY(BIO),    LIBRARY(BN),       LIBRARY(BUF),  LIBRARY(CMP),  LIBRARY(CMS),   LIBRARY(COMP),
    LIBRARY(CONF), LIBRARY(CRMF),  LIBRARY(CRYPTO), LIBRARY(CT),       LIBRARY(DH),   LIBRARY(DSA),  LIBRARY(DSO),   LIBRARY(EC),
    LIBRARY(ECDH), LIBRARY(ECDSA), LIBRARY(ENGINE), LIBRARY(ESS),      LIBRARY(EVP),  LIBRARY(HMAC), LIBRARY(HTTP),  LIBRARY(OBJ),
    LIBRARY(OCSP), LIBRARY(OSSL_DECODER), LIBRARY(OSSL_ENCODER), LIBRARY(OSSL_STORE), LIBRARY(PEM), LIBRARY(PKCS12), LIBRARY(PKCS7), LIBRARY(PROP),
    LIBRARY(PROV), LIBRARY(RAND),  LIBRARY(RSA),    LIBRARY(SM2),      LIBRARY(SSL),  LIBRARY(SYS),  LIBRARY(TS),    LIBRARY(UI),
    LIBRARY(X509), LIBRARY(X509V3)};
#undef LIBRARY

const char* library_name(unsigned long code) {
  for (const Library& row : kLibraries)
    if (row.number == ERR_GET_LIB(code)) return row.name;
  return nullptr;
}

// The macro's name of a reason: OpenSSL's texts are these names in lower case, with spaces. Empty for reasons that all libraries share
// ("PEM lib") and for unknown ones.
std::string_view reason_name(unsigned long code, char* buffer, size_t size) {
  const char* text = code == 0 || (ERR_GET_REASON(code) & ERR_RFLAG_COMMON) ? nullptr : ERR_reason_error_string(code);
  if (text == nullptr) return {};
  size_t n = 0;
  for (; text[n] != 0 && n < size; n++) buffer[n] = isalnum(u8(text[n])) ? char(toupper(u8(text[n]))) : '_';
  return {buffer, n};
}

RefTo<Str> verification_message(Thread& t, SslSocket* socket, long result) {
  Ref name = socket->server_hostname.load();
  if (result == X509_V_ERR_HOSTNAME_MISMATCH)
    return str_format(t, "Hostname mismatch, certificate is not valid for '%S'.", name.is_empty() ? None : name.get());
  if (result == X509_V_ERR_IP_ADDRESS_MISMATCH)
    return str_format(t, "IP address mismatch, certificate is not valid for '%S'.", name.is_empty() ? None : name.get());
  return str_from_utf8(t, X509_verify_cert_error_string(result));
}

Status set(Thread& t, Value object, const char* name, Value value) {
  RefTo<Str> key = TRY(str_from_ascii(t, name));
  key = TRY(str_intern(t, key));
  return set_attribute(t, object, key.get(), value);
}

Ref error_str(Thread& t, Value self) {
  auto* error = self.as<OSErrorObject>();
  Ref text = error->strerror_.load();
  if (!text.is_empty() && is_str(text)) return text;
  Ref args = error->args.load();
  return object_str(t, args);
}

const TypeSpec kErrorSpec = {
    .name = "ssl.SSLError",
    .doc = "An error occurred in the SSL implementation.",
    .base = &exc::OSError,
    .flags = type_flag::kBaseType,
    .slots = {.str = error_str},
};

// ssl.NAME(bases...)
Status add_exception(Thread& t, Module* module, const char* name, const char* doc, Value bases, Type** where) {
  if (*where == nullptr) {
    RefTo<Str> text = TRY(str_from_ascii(t, name));
    RefTo<Dict> space = TRY(dict_new(t));
    RefTo<Str> module_name = TRY(str_from_ascii(t, "ssl"));
    RefTo<Str> doc_text = TRY(str_from_ascii(t, doc));
    TRY(dict_set_str(t, space.get(), names::__module__, module_name));
    TRY(dict_set_str(t, space.get(), names::__doc__, doc_text));
    static GlobalRoot kept[8];
    static int count;
    Ref type = TRY(call_with(t, Value(types::type), text, bases, space));
    *where = type.as<Type>();
    kept[count++].set(t, std::move(type));
  }
  return module_add(t, module, name, Value(*where));
}

}  // namespace

Status add_exceptions(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kErrorSpec, &g_ssl_error));
  Ref base = TRY(tuple_of(t, Value(g_ssl_error)));
  Ref two = TRY(tuple_of(t, Value(g_ssl_error), Value(exc::ValueError)));
  TRY(add_exception(t, module, "SSLCertVerificationError", "A certificate could not be verified.", two, &g_verification_error));
  TRY(add_exception(t, module, "SSLZeroReturnError", "SSL/TLS session closed cleanly.", base, &g_zero_return));
  TRY(add_exception(t, module, "SSLWantReadError",
                    "Non-blocking SSL socket needs to read more data\nbefore the requested operation can be completed.", base, &g_want_read));
  TRY(add_exception(t, module, "SSLWantWriteError",
                    "Non-blocking SSL socket needs to write more data\nbefore the requested operation can be completed.", base, &g_want_write));
  TRY(add_exception(t, module, "SSLSyscallError", "System error when attempting SSL operation.", base, &g_syscall_error));
  return add_exception(t, module, "SSLEOFError", "SSL/TLS connection terminated abruptly.", base, &g_eof_error);
}

Raised raise_ssl(Thread& t, Type* type, int number, const char* text, int line, unsigned long code, SslSocket* socket) {
  char buffer[128];
  const char* library = code == 0 ? nullptr : library_name(code);
  std::string_view reason_text = reason_name(code, buffer, sizeof buffer);
  RefTo<Str> reason;
  if (!reason_text.empty()) reason = TRY(str_from_ascii(t, reason_text));
  if (text == nullptr && code != 0) text = ERR_reason_error_string(code);
  if (text == nullptr) text = "unknown error";
  bool verification = socket != nullptr && type == g_verification_error;
  long result = verification ? SSL_get_verify_result(socket->ssl) : 0;
  RefTo<Str> details;
  if (verification) details = TRY(verification_message(t, socket, result));
  RefTo<Str> message;
  if (!details.is_empty() && library != nullptr && !reason.is_empty())
    message = TRY(str_format(t, "[%s: %U] %s: %U (_ssl.c:%d)", library, reason.get(), text, details.get(), line));
  else if (library != nullptr && !reason.is_empty())
    message = TRY(str_format(t, "[%s: %U] %s (_ssl.c:%d)", library, reason.get(), text, line));
  else if (library != nullptr)
    message = TRY(str_format(t, "[%s] %s (_ssl.c:%d)", library, text, line));
  else
    message = TRY(str_format(t, "%s (_ssl.c:%d)", text, line));
  Ref exception = TRY(call_with(t, Value(type), Value::small_int(number), message));
  TRY(set(t, exception, "reason", reason.is_empty() ? None : reason.value()));
  RefTo<Str> library_text;
  if (library != nullptr) library_text = TRY(str_from_ascii(t, library));
  TRY(set(t, exception, "library", library_text.is_empty() ? None : library_text.value()));
  if (verification) {
    TRY(set(t, exception, "verify_code", Value::small_int(result)));
    TRY(set(t, exception, "verify_message", details));
  }
  return raise_exception(t, std::move(exception));
}

Raised raise_noted(Thread& t, const char* text, int line) {
  unsigned long code = text == nullptr ? ERR_peek_last_error() : 0;
  ERR_clear_error();
  return raise_ssl(t, g_ssl_error, ERR_GET_REASON(code), text, line, code);
}

Raised raise_file_error(Thread& t, int line) {
  int error = errno;
  if (error == 0) return raise_noted(t, nullptr, line);
  ERR_clear_error();
  return raise_errno(t, error);
}

Raised raise_timeout(Thread& t, const char* text, int line) { return raise(t, exc::TimeoutError, "%s (_ssl.c:%d)", text, line); }

}  // namespace typhon::tls
