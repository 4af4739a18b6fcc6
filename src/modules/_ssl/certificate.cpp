// _ssl: certificates as Python's dictionaries, and Certificate objects.
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "modules/_ssl/ssl.h"
#include "objects/codecs.h"

namespace typhon::tls {
namespace {

Ref utf8_text(Thread& t, const char* text, size_t n) { return decode_utf8(t, reinterpret_cast<const u8*>(text), n); }
std::unique_ptr<BIO, FreeBio> memory() { return std::unique_ptr<BIO, FreeBio>(BIO_new(BIO_s_mem())); }

Ref pair(Thread& t, const char* key, Ref&& value) {
  if (value.failed()) return Raised{};
  Ref keep = std::move(value);
  RefTo<Str> name = TRY(str_from_ascii(t, key));
  return tuple_of(t, name, keep);
}

// The name of an object identifier: its long name, or (numeric) its digits.
Ref object_name(Thread& t, const ASN1_OBJECT* object, bool numeric) {
  char local[256];
  int n = OBJ_obj2txt(local, sizeof local, object, numeric);
  if (n < 0) return TYPHON_RAISE_SSL(t);
  if (size_t(n) < sizeof local) return utf8_text(t, local, size_t(n));
  std::unique_ptr<char[]> longer(new char[size_t(n) + 1]);
  n = OBJ_obj2txt(longer.get(), n + 1, object, numeric);
  return utf8_text(t, longer.get(), size_t(n));
}
Ref string_text(Thread& t, const ASN1_STRING* string) {
  u8* text = nullptr;
  int n = ASN1_STRING_to_UTF8(&text, string);
  if (n < 0) return TYPHON_RAISE_SSL(t);
  Ref result = utf8_text(t, reinterpret_cast<char*>(text), size_t(n));
  OPENSSL_free(text);
  return result;
}

// A distinguished name: a tuple of relative names, each a tuple of (attribute, value).
Ref name_tuple(Thread& t, const X509_NAME* name) {
  RefTo<List> all = TRY(list_new(t)), relative = TRY(list_new(t));
  int last_set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); i++) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (last_set >= 0 && last_set != X509_NAME_ENTRY_set(entry)) {
      TRY(list_append(t, all.get(), TRY(list_to_tuple(t, relative.get())).release_ref()));
      relative = TRY(list_new(t));
    }
    last_set = X509_NAME_ENTRY_set(entry);
    Ref key = TRY(object_name(t, X509_NAME_ENTRY_get_object(entry), false));
    Ref value = TRY(string_text(t, X509_NAME_ENTRY_get_data(entry)));
    TRY(list_append(t, relative.get(), TRY(tuple_of(t, key, value)).release_ref()));
  }
  if (list_size(relative.get()) > 0) TRY(list_append(t, all.get(), TRY(list_to_tuple(t, relative.get())).release_ref()));
  return list_to_tuple(t, all.get());
}

Ref ip_address(Thread& t, const ASN1_OCTET_STRING* ip) {
  char text[64];
  const u8* p = ip->data;
  if (ip->length == 4) {
    snprintf(text, sizeof text, "%d.%d.%d.%d", p[0], p[1], p[2], p[3]);
  } else if (ip->length == 16) {
    char* out = text;
    for (int i = 0; i < 8; i++) out += snprintf(out, 8, i == 0 ? "%X" : ":%X", p[2 * i] << 8 | p[2 * i + 1]);
  } else {
    snprintf(text, sizeof text, "<invalid>");
  }
  return str_from_ascii(t, text);
}
Ref alternative_name(Thread& t, GENERAL_NAME* name) {
  switch (name->type) {
    case GEN_DIRNAME: return pair(t, "DirName", name_tuple(t, name->d.dirn));
    case GEN_EMAIL:
    case GEN_DNS:
    case GEN_URI: {
      const ASN1_STRING* text = name->d.ia5;
      return pair(t, name->type == GEN_EMAIL ? "email" : name->type == GEN_DNS ? "DNS" : "URI",
                  utf8_text(t, reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), size_t(ASN1_STRING_length(text))));
    }
    case GEN_RID: {
      char text[2048];
      int n = i2t_ASN1_OBJECT(text, sizeof text - 1, name->d.rid);
      if (n <= 0 || n > int(sizeof text - 1)) return pair(t, "Registered ID", str_from_ascii(t, n > 0 ? "<INVALID>" : ""));
      return pair(t, "Registered ID", str_from_utf8(t, {text, size_t(n)}));
    }
    case GEN_IPADD: return pair(t, "IP Address", ip_address(t, name->d.ip));
    default: {
      // OpenSSL prints "kind:value".
      auto bio = memory();
      GENERAL_NAME_print(bio.get(), name);
      char text[2048];
      int n = BIO_gets(bio.get(), text, sizeof text - 1);
      if (n < 0) return TYPHON_RAISE_SSL(t);
      const char* colon = static_cast<const char*>(memchr(text, ':', size_t(n)));
      if (colon == nullptr) return raise(t, exc::ValueError, "Invalid value %.200s", text);
      Ref kind = TRY(utf8_text(t, text, size_t(colon - text)));
      Ref value = TRY(utf8_text(t, colon + 1, size_t(n) - size_t(colon + 1 - text)));
      return tuple_of(t, kind, value);
    }
  }
}
struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};
Ref alternative_names(Thread& t, X509* certificate) {
  std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return Ref::none();
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); i++)
    TRY(list_append(t, list.get(), TRY(alternative_name(t, sk_GENERAL_NAME_value(names.get(), i)))));
  return list_to_tuple(t, list.get());
}

Ref ia5_text(Thread& t, const ASN1_IA5STRING* text) {
  return utf8_text(t, reinterpret_cast<const char*>(text->data), size_t(text->length));
}
// The places where the authority answers questions of that kind; None when there are none.
Ref access_locations(Thread& t, X509* certificate, int nid) {
  auto* access = static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr));
  if (access == nullptr) return Ref::none();
  struct Free {
    AUTHORITY_INFO_ACCESS* a;
    ~Free() { AUTHORITY_INFO_ACCESS_free(a); }
  } free{access};
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(access); i++) {
    ACCESS_DESCRIPTION* row = sk_ACCESS_DESCRIPTION_value(access, i);
    if (OBJ_obj2nid(row->method) != nid || row->location->type != GEN_URI) continue;
    TRY(list_append(t, list.get(), TRY(ia5_text(t, row->location->d.uniformResourceIdentifier))));
  }
  if (list_size(list.get()) == 0) return Ref::none();
  return list_to_tuple(t, list.get());
}
Ref distribution_points(Thread& t, X509* certificate) {
  auto* points = static_cast<CRL_DIST_POINTS*>(X509_get_ext_d2i(certificate, NID_crl_distribution_points, nullptr, nullptr));
  if (points == nullptr) return Ref::none();
  struct Free {
    CRL_DIST_POINTS* p;
    ~Free() { CRL_DIST_POINTS_free(p); }
  } free{points};
  RefTo<List> list = TRY(list_new(t));
  for (int i = 0; i < sk_DIST_POINT_num(points); i++) {
    DIST_POINT* point = sk_DIST_POINT_value(points, i);
    if (point->distpoint == nullptr || point->distpoint->type != 0) continue;  // only full names are URIs
    GENERAL_NAMES* names = point->distpoint->name.fullname;
    for (int j = 0; j < sk_GENERAL_NAME_num(names); j++) {
      GENERAL_NAME* name = sk_GENERAL_NAME_value(names, j);
      if (name->type == GEN_URI) TRY(list_append(t, list.get(), TRY(ia5_text(t, name->d.uniformResourceIdentifier))));
    }
  }
  if (list_size(list.get()) == 0) return Ref::none();
  return list_to_tuple(t, list.get());
}
Ref time_text(Thread& t, const ASN1_TIME* time) {
  auto bio = memory();
  ASN1_TIME_print(bio.get(), time);
  return bio_text(t, bio.get());
}
Status put_unless_none(Thread& t, Dict* d, const char* key, Ref&& value) {
  if (value.failed()) return Raised{};
  if (value.get().is_none()) return ok();
  return put(t, d, key, std::move(value));
}

// --- Certificate objects
struct Certificate : Object {
  X509* x509;
};
X509* x509_of(Value v) { return v.as<Certificate>()->x509; }
void release_certificate(Thread&, Object* self) { X509_free(static_cast<Certificate*>(self)->x509); }

constexpr int kPem = 1, kDer = 2, kPemAuxiliary = 0x101;

Ref certificate_repr(Thread& t, Value self) {
  auto bio = memory();
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(x509_of(self)), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  Ref subject = TRY(bio_text(t, bio.get()));
  return str_format(t, "<%N '%U'>", type_of(self), subject.as<Str>());
}
Result<i64> certificate_hash(Thread&, Value self) { return i64(X509_subject_name_hash(x509_of(self))); }
Ref certificate_compare(Thread&, Value self, Value other, CompareOp op) {
  if (!is_instance_of(other, g_certificate_type)) return Ref::not_implemented();
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  bool same = X509_cmp(x509_of(self), x509_of(other)) == 0;
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Ref certificate_public_bytes(Thread& t, Value self, const Value* a) {
  int format = a[0].is_empty() ? kPem : TRY(int_argument(t, a[0]));
  if (format == kDer) return certificate_der(t, x509_of(self));
  if (format != kPem && format != kPemAuxiliary) return raise(t, exc::ValueError, "Unsupported format");
  auto bio = memory();
  int written = format == kPem ? PEM_write_bio_X509(bio.get(), x509_of(self)) : PEM_write_bio_X509_AUX(bio.get(), x509_of(self));
  if (written == 0) return TYPHON_RAISE_SSL(t);
  return bio_text(t, bio.get());
}
Ref certificate_info(Thread& t, Value self, const Value*) { return decode_certificate(t, x509_of(self)); }

const Method kMethods[] = {
    method("public_bytes", certificate_public_bytes, "($self, /, format=Encoding.PEM)"),
    method("get_info", certificate_info, "($self, /)"),
    {},
};

}  // namespace

// SHA-256 of public keys (SubjectPublicKeyInfo) that CPython's ssl distrusts as well.
constexpr u8 kDistrustedKeys[][32] = {{
    // CN=EM OV TLS CA - G3C, O=eMudhra Inc
    0x63, 0xec, 0xef, 0xee, 0x43, 0x1d, 0x49, 0x52, 0x3b, 0xc1, 0x13, 0x6c, 0x4e, 0x72, 0xd0, 0x20, 0x6a, 0x47, 0x70,
    0x86, 0xca, 0xf6, 0x06, 0xcd, 0x5c, 0xf0, 0x25, 0x68, 0x6c, 0x10, 0x9c, 0xf8
}};
int reject_distrusted(int accepted, X509_STORE_CTX* verification) {
  X509* certificate = X509_STORE_CTX_get_current_cert(verification);
  if (accepted != 1 || certificate == nullptr) return accepted;
  u8* key = nullptr;
  int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
  if (n <= 0) return accepted;
  u8 digest[32];
  bool hashed = EVP_Digest(key, size_t(n), digest, nullptr, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(key);
  for (const auto& distrusted : kDistrustedKeys) {
    if (!hashed || memcmp(digest, distrusted, sizeof digest) != 0) continue;
    X509_STORE_CTX_set_error(verification, X509_V_ERR_CERT_REJECTED);
    return 0;
  }
  return accepted;
}

Ref certificate_new(Thread& t, X509* certificate) {
  Ref made = TRY(allocate_instance(t, g_certificate_type));
  X509_up_ref(certificate);
  made.as<Certificate>()->x509 = certificate;
  return made;
}

Ref certificate_der(Thread& t, X509* certificate) {
  u8* bytes = nullptr;
  int n = i2d_X509(certificate, &bytes);
  if (n < 0) return TYPHON_RAISE_SSL(t);
  Ref result = bytes_from(t, bytes, size_t(n));
  OPENSSL_free(bytes);
  return result;
}

Ref decode_certificate(Thread& t, X509* certificate) {
  RefTo<Dict> d = TRY(dict_new(t));
  TRY(put(t, d.get(), "subject", name_tuple(t, X509_get_subject_name(certificate))));
  TRY(put(t, d.get(), "issuer", name_tuple(t, X509_get_issuer_name(certificate))));
  TRY(put(t, d.get(), "version", int_from(t, X509_get_version(certificate) + 1)));
  auto bio = memory();
  i2a_ASN1_INTEGER(bio.get(), X509_get0_serialNumber(certificate));
  TRY(put(t, d.get(), "serialNumber", bio_text(t, bio.get())));
  TRY(put(t, d.get(), "notBefore", time_text(t, X509_get0_notBefore(certificate))));
  TRY(put(t, d.get(), "notAfter", time_text(t, X509_get0_notAfter(certificate))));
  TRY(put_unless_none(t, d.get(), "subjectAltName", alternative_names(t, certificate)));
  TRY(put_unless_none(t, d.get(), "OCSP", access_locations(t, certificate, NID_ad_OCSP)));
  TRY(put_unless_none(t, d.get(), "caIssuers", access_locations(t, certificate, NID_ad_ca_issuers)));
  TRY(put_unless_none(t, d.get(), "crlDistributionPoints", distribution_points(t, certificate)));
  ERR_clear_error();
  return d;
}

Ref asn1_object_row(Thread& t, const ASN1_OBJECT* object) {
  int nid = OBJ_obj2nid(object);
  if (nid == NID_undef) return raise(t, exc::ValueError, "Unknown object");
  Ref short_name = TRY(str_from_utf8(t, OBJ_nid2sn(nid))), long_name = TRY(str_from_utf8(t, OBJ_nid2ln(nid)));
  Ref digits = TRY(object_name(t, object, true));
  return tuple_of(t, Value::small_int(nid), short_name, long_name, digits);
}

Ref f_test_decode_cert(Thread& t, Value, const Value* a) {
  PathArgument path;
  TRY(path.get(t, a[0], "_test_decode_cert", "path"));
  std::unique_ptr<BIO, FreeBio> bio(BIO_new_file(path.path, "r"));
  if (bio == nullptr) {
    ERR_clear_error();
    return raise(t, g_ssl_error, "Can't open file");
  }
  X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (certificate == nullptr) {
    ERR_clear_error();
    return raise(t, g_ssl_error, "Error decoding PEM-encoded file");
  }
  Ref result = decode_certificate(t, certificate);
  X509_free(certificate);
  return result;
}

const TypeSpec kCertificateSpec = {
    .name = "_ssl.Certificate",
    .layout = {"Certificate", sizeof(Certificate), 0, nullptr, release_certificate, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = certificate_repr, .hash = certificate_hash, .compare = certificate_compare},
    .methods = kMethods,
};

}  // namespace typhon::tls
