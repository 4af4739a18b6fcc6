// HMAC objects on OpenSSL. Large inputs are added detached.
#include <openssl/err.h>

#include <climits>

#include "modules/_hashes/hmac.h"

namespace typhon::hashes {

// What `name` says for a digest.
RefTo<Str> python_name(Thread& t, const EVP_MD* md) {
  for (const Name& row : kNames)
    if (EVP_MD_is_a(md, row.openssl)) return str_from_ascii(t, row.python);
  const char* name = EVP_MD_get0_name(md);
  if (int nid = EVP_MD_get_type(md); nid != NID_undef) name = OBJ_nid2ln(nid);
  return str_from_utf8(t, name == nullptr ? "" : name);
}

// ValueError (or `type`) with the last error that OpenSSL noted.
Raised raise_openssl(Thread& t, Type* type) {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return raise(t, type, "no reason supplied");
  const char* library = ERR_lib_error_string(code);
  const char* reason = ERR_reason_error_string(code);
  if (reason == nullptr) reason = "no reason supplied";
  if (library != nullptr) return raise(t, type, "[%s] %s", library, reason);
  return raise(t, type, "%s", reason);
}

namespace {

Hmac* hmac_of(Value v) { return v.as<Hmac>(); }

// The old functions: EVP_MAC has no name of the digest to ask for, and copies as slowly.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
const EVP_MD* hmac_digest_of(Value self) { return HMAC_CTX_get_md(hmac_of(self)->context); }

Ref hmac_allocate(Thread& t, Type* type) {
  Ref made = TRY(allocate_instance(t, type));
  hmac_of(made)->context = HMAC_CTX_new();
  if (hmac_of(made)->context == nullptr) return raise_no_memory(t);
  return made;
}
Status hmac_add(Thread& t, Hmac* self, Value data) {
  TRY(check_hashable(t, data));
  ByteView view(t);
  TRY(view.get(data));
  const u8* bytes = view.data();
  size_t n = view.size();
  HMAC_CTX* context = self->context;
  MutexGuard guard(t, self->mutex);
  if (run(t, n, [=] { return HMAC_Update(context, bytes, n); }) != 1) return raise_openssl(t, exc::ValueError);
  return ok();
}
Ref m_update(Thread& t, Value self, const Value* a) {
  TRY(hmac_add(t, hmac_of(self), a[0]));
  return Ref::none();
}
bool hmac_copy(Thread& t, HMAC_CTX* to, Value from) {
  MutexGuard guard(t, hmac_of(from)->mutex);
  return HMAC_CTX_copy(to, hmac_of(from)->context);
}
Ref m_copy(Thread& t, Value self, const Value*) {
  Ref made = TRY(hmac_allocate(t, type_of(self)));
  if (!hmac_copy(t, hmac_of(made)->context, self)) return raise_openssl(t, exc::ValueError);
  return made;
}
Ref m_digest(Thread& t, Value self, const Value*) {
  HMAC_CTX* copy = HMAC_CTX_new();
  if (copy == nullptr) return raise_no_memory(t);
  u8 out[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  bool done = hmac_copy(t, copy, self) && HMAC_Final(copy, out, &n);
  HMAC_CTX_free(copy);
  if (!done) return raise_openssl(t, exc::ValueError);
  return bytes_from(t, out, n);
}
#pragma clang diagnostic pop
Ref m_hexdigest(Thread& t, Value self, const Value* a) { return to_hex(t, m_digest(t, self, a)); }
Ref m_name(Thread& t, Value self) {
  Ref name = TRY(python_name(t, hmac_digest_of(self)));
  return str_format(t, "hmac-%U", name.as<Str>());
}
Ref m_block_size(Thread& t, Value self) { return int_from(t, EVP_MD_get_block_size(hmac_digest_of(self))); }
Ref m_digest_size(Thread& t, Value self) { return int_from(t, EVP_MD_get_size(hmac_digest_of(self))); }

}  // namespace

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
void release_hmac(Thread&, Object* self) { HMAC_CTX_free(static_cast<Hmac*>(self)->context); }
Ref hmac_new(Thread& t, Type* type, const ByteView& key, const EVP_MD* md, Value data) {
  if (key.size() > INT_MAX) return raise(t, exc::OverflowError, "key is too long.");
  if (!data.is_empty() && !data.is_none()) TRY(check_hashable(t, data));
  Ref made = TRY(hmac_allocate(t, type));
  ERR_clear_error();
  if (!HMAC_Init_ex(hmac_of(made)->context, key.data(), int(key.size()), md, nullptr)) return raise_openssl(t, exc::ValueError);
  if (!data.is_empty() && !data.is_none()) TRY(hmac_add(t, hmac_of(made), data));
  return made;
}
#pragma clang diagnostic pop
Ref hmac_repr(Thread& t, Value self) {
  Ref name = TRY(python_name(t, hmac_digest_of(self)));
  return str_format(t, "<%U HMAC object @ 0x%x>", name.as<Str>(), object_id(t, self));
}

extern const Method kHmacMethods[];
const Method kHmacMethods[] = {
    method("update", m_update, "($self, /, msg)", "Update the HMAC object with msg."),
    method("digest", m_digest, "($self, /)", "Return the digest of the bytes passed to the update() method so far."),
    method("hexdigest", m_hexdigest, "($self, /)",
           "Return hexadecimal digest of the bytes passed to the update() method so far.\n\nThis may be used to exchange the value safely in email or other non-binary\nenvironments."),
    method("copy", m_copy, "($self, /)", "Return a copy (\"clone\") of the HMAC object."),
    {},
};
const GetSet kHmacGetSets[] = {{"digest_size", m_digest_size}, {"block_size", m_block_size}, {"name", m_name}, {}};

}  // namespace typhon::hashes
