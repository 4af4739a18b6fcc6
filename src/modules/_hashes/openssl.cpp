// _hashlib: OpenSSL's digests, HMAC, PBKDF2 and scrypt. An object's context is guarded by a mutex of its own, because large inputs are
// hashed detached.
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include <climits>
#include <iterator>
#include <strings.h>

#include "modules/_hashes/hmac.h"
#include "objects/codecs.h"
#include "objects/container_util.h"

namespace typhon {
namespace {

using namespace hashes;

Type *g_hash_type, *g_xof_type, *g_hmac_type, *g_unsupported;

// The digests of kNames that were fetched, by row and `secure`: a fetch takes longer than hashing a few bytes. Never freed.
EVP_MD* g_fetched[std::size(kNames)][2];

// A digest from OpenSSL, freed at the end.
struct Digest {
  EVP_MD* md = nullptr;
  bool kept = false;
  ~Digest() {
    if (!kept) EVP_MD_free(md);
  }
  // A row of kNames.
  Status get(Thread& t, u32 row, bool secure) {
    EVP_MD** place = &g_fetched[row][secure];
    md = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    if (md == nullptr) {
      TRY(get(t, kNames[row].python, secure));
      EVP_MD* other = nullptr;
      if (!__atomic_compare_exchange_n(place, &other, md, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return ok();
    }
    kept = true;
    return ok();
  }
  // `secure` false: also digests that a policy forbids where security rests on them.
  Status get(Thread& t, std::string_view name, bool secure) {
    char buffer[64];
    if (name.size() >= sizeof buffer || name.find('\0') != name.npos) return raise(t, g_unsupported, "[digital envelope routines] unsupported");
    memcpy(buffer, name.data(), name.size());
    buffer[name.size()] = 0;
    const char* wanted = buffer;
    for (const Name& row : kNames)
      if (strcasecmp(buffer, row.python) == 0) wanted = row.openssl;
    ERR_clear_error();
    md = EVP_MD_fetch(nullptr, wanted, secure ? nullptr : "-fips");
    if (md == nullptr) return raise_openssl(t, g_unsupported);
    return ok();
  }
  // From a str or one of this module's constructors.
  Status get(Thread& t, Value digest, Value constructors);
};

// --- hash objects
struct Hash : Object {
  EVP_MD_CTX* context;
  Mutex mutex;
};
Hash* hash_of(Value v) { return v.as<Hash>(); }
void release_hash(Thread&, Object* self) { EVP_MD_CTX_free(static_cast<Hash*>(self)->context); }
const EVP_MD* digest_of(Value self) { return EVP_MD_CTX_get0_md(hash_of(self)->context); }
bool is_xof(const EVP_MD* md) { return EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF; }

Status update(Thread& t, Hash* self, Value data) {
  TRY(check_hashable(t, data));
  ByteView view(t);
  TRY(view.get(data));
  const void* bytes = view.data();
  size_t n = view.size();
  EVP_MD_CTX* context = self->context;
  MutexGuard guard(t, self->mutex);
  if (run(t, n, [=] { return EVP_DigestUpdate(context, bytes, n); }) != 1) return raise_openssl(t, exc::ValueError);
  return ok();
}
Ref hash_allocate(Thread& t, Type* type) {
  Ref made = TRY(allocate_instance(t, type));
  hash_of(made)->context = EVP_MD_CTX_new();
  if (hash_of(made)->context == nullptr) return raise_no_memory(t);
  return made;
}
// data, usedforsecurity, string: a[0..3)
template <class Name>
Ref hash_new(Thread& t, Name name, const Value* a) {
  Value data = TRY(first_data(t, a[0], a[2]));
  bool secure = a[1].is_empty() || TRY(truth(t, a[1]));
  if (!data.is_empty()) TRY(check_hashable(t, data));
  Digest digest;
  TRY(digest.get(t, name, secure));
  Ref made = TRY(hash_allocate(t, is_xof(digest.md) ? g_xof_type : g_hash_type));
  if (!EVP_DigestInit_ex(hash_of(made)->context, digest.md, nullptr)) return raise_openssl(t, exc::ValueError);
  if (!data.is_empty()) TRY(update(t, hash_of(made), data));
  return made;
}
Ref f_new(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "new() argument 'name' must be str, not %T", a[0]);
  Utf8Buffer buffer;
  return hash_new(t, str_utf8(a[0].as<Str>(), buffer), a + 1);
}
template <u32 which>
Ref f_named(Thread& t, Value, const Value* a) {
  return hash_new(t, which, a);
}

Ref h_update(Thread& t, Value self, const Value* a) {
  TRY(update(t, hash_of(self), a[0]));
  return Ref::none();
}
// A context with the object's state, to finish.
EVP_MD_CTX* snapshot(Thread& t, Value self) {
  EVP_MD_CTX* copy = EVP_MD_CTX_new();
  if (copy == nullptr) return nullptr;
  MutexGuard guard(t, hash_of(self)->mutex);
  if (EVP_MD_CTX_copy_ex(copy, hash_of(self)->context)) return copy;
  EVP_MD_CTX_free(copy);
  return nullptr;
}
Ref h_copy(Thread& t, Value self, const Value*) {
  Ref made = TRY(hash_allocate(t, type_of(self)));
  MutexGuard guard(t, hash_of(self)->mutex);
  if (!EVP_MD_CTX_copy_ex(hash_of(made)->context, hash_of(self)->context)) return raise_openssl(t, exc::ValueError);
  return made;
}
Ref h_digest(Thread& t, Value self, const Value*) {
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(EVP_MD_get_size(digest_of(self)))));
  EVP_MD_CTX* copy = snapshot(t, self);
  bool done = copy != nullptr && EVP_DigestFinal_ex(copy, out->data, nullptr);
  EVP_MD_CTX_free(copy);
  if (!done) return raise_openssl(t, exc::ValueError);
  return out;
}
Ref x_digest(Thread& t, Value self, const Value* a) {
  i64 n = TRY(to_i64(t, a[0], "Python int too large to convert to C ssize_t"));
  if (n < 0) return raise(t, exc::ValueError, "value must be positive");
  if (n >= i64(1) << 29) return raise(t, exc::ValueError, "length is too large");
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(n)));
  if (n == 0) return out;
  EVP_MD_CTX* copy = snapshot(t, self);
  u8* to = out->data;
  bool done = copy != nullptr && run(t, size_t(n), [=] { return EVP_DigestFinalXOF(copy, to, size_t(n)); });
  EVP_MD_CTX_free(copy);
  if (!done) return raise_openssl(t, exc::ValueError);
  return out;
}
Ref h_hexdigest(Thread& t, Value self, const Value* a) { return to_hex(t, h_digest(t, self, a)); }
Ref x_hexdigest(Thread& t, Value self, const Value* a) { return to_hex(t, x_digest(t, self, a)); }
Ref h_name(Thread& t, Value self) { return python_name(t, digest_of(self)); }
Ref h_block_size(Thread& t, Value self) { return int_from(t, EVP_MD_get_block_size(digest_of(self))); }
Ref h_digest_size(Thread& t, Value self) { return int_from(t, EVP_MD_get_size(digest_of(self))); }
Ref x_digest_size(Thread& t, Value) { return int_from(t, 0); }
Ref h_repr(Thread& t, Value self) {
  Ref name = TRY(python_name(t, digest_of(self)));
  return str_format(t, "<%U %s object @ 0x%x>", name.as<Str>(), type_of(self)->spec->name, object_id(t, self));
}

Status Digest::get(Thread& t, Value digest, Value module) {
  Ref name = Ref::copy(digest);
  if (!is_str(digest)) {
    Ref constructors = TRY(get_attribute_utf8(t, module, "_constructors"));
    name = get_item(t, constructors, digest);
    if (name.failed()) {
      clear_exception(t);
      return raise(t, g_unsupported, "Unsupported digestmod %S", digest);
    }
  }
  Utf8Buffer buffer;
  return get(t, str_utf8(name.as<Str>(), buffer), true);
}

Ref f_hmac_new(Thread& t, Value module, const Value* a) {
  ByteView key(t);
  TRY(key.get(a[0]));
  if (a[2].is_empty() || a[2].is_none()) return raise(t, exc::TypeError, "Missing required parameter 'digestmod'.");
  Digest digest;
  TRY(digest.get(t, a[2], module));
  return hmac_new(t, g_hmac_type, key, digest.md, a[1]);
}

Ref f_hmac_digest(Thread& t, Value module, const Value* a) {
  ByteView key(t), message(t);
  TRY(key.get(a[0]));
  TRY(message.get(a[1]));
  Digest digest;
  TRY(digest.get(t, a[2], module));
  if (key.size() > INT_MAX) return raise(t, exc::OverflowError, "key is too long.");
  if (message.size() > INT_MAX) return raise(t, exc::OverflowError, "msg is too long.");
  u8 out[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  const u8 *key_bytes = key.data(), *bytes = message.data();
  size_t key_size = key.size(), size = message.size();
  ERR_clear_error();
  bool done = run(t, size, [&] { return HMAC(digest.md, key_bytes, int(key_size), bytes, size, out, &n) != nullptr; });
  if (!done) return raise_openssl(t, exc::ValueError);
  return bytes_from(t, out, n);
}

// --- key derivation
Ref f_pbkdf2(Thread& t, Value, const Value* a) {
  if (!is_str(a[0])) return raise(t, exc::TypeError, "pbkdf2_hmac() argument 'hash_name' must be str, not %T", a[0]);
  ByteView password(t), salt(t);
  TRY(password.get(a[1]));
  TRY(salt.get(a[2]));
  i64 iterations = TRY(to_i64(t, a[3]));
  Utf8Buffer buffer;
  Digest digest;
  TRY(digest.get(t, str_utf8(a[0].as<Str>(), buffer), true));
  if (password.size() > INT_MAX) return raise(t, exc::OverflowError, "password is too long.");
  if (salt.size() > INT_MAX) return raise(t, exc::OverflowError, "salt is too long.");
  if (iterations < 1) return raise(t, exc::ValueError, "iteration value must be greater than 0.");
  if (iterations > INT_MAX) return raise(t, exc::OverflowError, "iteration value is too great.");
  i64 length = a[4].is_empty() || a[4].is_none() ? EVP_MD_get_size(digest.md) : TRY(to_i64(t, a[4]));
  if (length < 1) return raise(t, exc::ValueError, "key length must be greater than 0.");
  if (length > INT_MAX) return raise(t, exc::OverflowError, "key length is too great.");
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(length)));
  auto* words = reinterpret_cast<const char*>(password.data());
  const u8* salt_bytes = salt.data();
  int words_size = int(password.size()), salt_size = int(salt.size());
  u8* to = out->data;
  bool done;
  {
    Detached detached(t);
    ERR_clear_error();
    done = PKCS5_PBKDF2_HMAC(words, words_size, salt_bytes, salt_size, int(iterations), digest.md, int(length), to);
  }
  if (!done) return raise_openssl(t, exc::ValueError);
  return out;
}

Result<u64> unsigned_argument(Thread& t, Value v) {
  Ref number = TRY(to_index(t, v));
  u64 n;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(number, &n)) return raise(t, exc::OverflowError, "Python int too large for C unsigned long");
  return n;
}
Ref f_scrypt(Thread& t, Value, const Value* a) {
  ByteView password(t), salt(t);
  TRY(password.get(a[0]));
  TRY(salt.get(a[1]));
  u64 n = TRY(unsigned_argument(t, a[2])), r = TRY(unsigned_argument(t, a[3])), p = TRY(unsigned_argument(t, a[4]));
  i64 most = a[5].is_empty() ? 0 : TRY(to_i64(t, a[5]));
  i64 length = a[6].is_empty() ? 64 : TRY(to_i64(t, a[6]));
  if (password.size() > INT_MAX) return raise(t, exc::OverflowError, "password is too long");
  if (salt.size() > INT_MAX) return raise(t, exc::OverflowError, "salt is too long");
  if (n < 2 || (n & (n - 1)) != 0) return raise(t, exc::ValueError, "n must be a power of 2.");
  if (most < 0 || most > INT_MAX) return raise(t, exc::ValueError, "maxmem must be positive and smaller than %d", INT_MAX);
  if (length < 1 || length > INT_MAX) return raise(t, exc::ValueError, "dklen must be greater than 0 and smaller than %d", INT_MAX);
  // Without a place for the key OpenSSL only checks the parameters.
  ERR_clear_error();
  if (!EVP_PBE_scrypt(nullptr, 0, nullptr, 0, n, r, p, u64(most), nullptr, 0)) {
    if (ERR_peek_last_error() != 0) return raise_openssl(t, exc::ValueError);
    return raise(t, exc::ValueError, "Invalid parameter combination for n, r, p, maxmem.");
  }
  RefTo<Bytes> out = TRY(bytes_allocate(t, size_t(length)));
  auto* words = reinterpret_cast<const char*>(password.data());
  const u8* salt_bytes = salt.data();
  size_t words_size = password.size(), salt_size = salt.size();
  u8* to = out->data;
  bool done;
  {
    Detached detached(t);
    ERR_clear_error();
    done = EVP_PBE_scrypt(words, words_size, salt_bytes, salt_size, n, r, p, u64(most), to, size_t(length));
  }
  if (!done) return raise_openssl(t, exc::ValueError);
  return out;
}

Ref f_compare_digest(Thread& t, Value, const Value* a) {
  if (is_str(a[0]) && is_str(a[1])) {
    auto *x = a[0].as<Str>(), *y = a[1].as<Str>();
    if (!x->is_ascii() || !y->is_ascii())
      return raise(t, exc::TypeError, "comparing strings with non-ASCII characters is not supported");
    return Ref::boolean(x->length() == y->length() && CRYPTO_memcmp(x->raw(), y->raw(), x->length()) == 0);
  }
  if (!has_buffer(a[0]) && !has_buffer(a[1]) && !is_str(a[0]) && !is_str(a[1]))
    return raise(t, exc::TypeError, "unsupported operand types(s) or combination of types: '%T' and '%T'", a[0], a[1]);
  ByteView x(t), y(t);
  TRY(x.get(a[0]));
  TRY(y.get(a[1]));
  return Ref::boolean(x.size() == y.size() && CRYPTO_memcmp(x.data(), y.data(), x.size()) == 0);
}
Ref f_get_fips_mode(Thread& t, Value, const Value*) { return int_from(t, EVP_default_properties_is_fips_enabled(nullptr)); }

const Method kHashMethods[] = {
    method("update", h_update, "($self, obj, /)", "Update this hash object's state with the provided string."),
    method("digest", h_digest, "($self, /)", "Return the digest value as a bytes object."),
    method("hexdigest", h_hexdigest, "($self, /)", "Return the digest value as a string of hexadecimal digits."),
    method("copy", h_copy, "($self, /)", "Return a copy of the hash object."),
    {},
};
const Method kXofMethods[] = {
    method("digest", x_digest, "($self, /, length)", "Return the digest value as a bytes object."),
    method("hexdigest", x_hexdigest, "($self, /, length)", "Return the digest value as a string of hexadecimal digits."),
    {},
};
const GetSet kHashGetSets[] = {{"digest_size", h_digest_size}, {"block_size", h_block_size}, {"name", h_name, nullptr, "algorithm name."}, {}};
const GetSet kXofGetSets[] = {{"digest_size", x_digest_size}, {}};
const TypeSpec kHashSpec = {
    .name = "_hashlib.HASH",
    .doc = "A hash is an object used to calculate a checksum of a string of information.\n\nMethods:\n\nupdate() -- updates the current "
           "digest with an additional string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as "
           "a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the hash "
           "algorithm being used by this object\ndigest_size -- number of bytes in this hashes output",
    .layout = {"HASH", sizeof(Hash), 0, nullptr, release_hash, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = h_repr},
    .methods = kHashMethods,
    .getsets = kHashGetSets,
};
const TypeSpec kXofSpec = {
    .name = "_hashlib.HASHXOF",
    .doc = "A hash with a digest of any length.",
    .base = &g_hash_type,
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kXofMethods,
    .getsets = kXofGetSets,
};
const TypeSpec kHmacSpec = {
    .name = "_hashlib.HMAC",
    .doc = "The object used to calculate HMAC of a message.\n\nMethods:\n\nupdate() -- updates the current digest with an additional "
           "string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as a string of hexadecimal "
           "digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the name, including the hash algorithm "
           "used by this object\ndigest_size -- number of bytes in digest() output\n",
    .layout = {"HMAC", sizeof(Hmac), 0, nullptr, release_hmac, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = hmac_repr},
    .methods = kHmacMethods,
    .getsets = kHmacGetSets,
};

constexpr const char* kNamed = "($module, /, data=b'', *, usedforsecurity=True, string=None)";
#define NAMED(id, which, text) method("openssl_" #id, f_named<which>, kNamed, "Returns a " text " hash object; optionally initialized with a string")
const Method kFunctions[] = {
    method("new", f_new, "($module, /, name, data=b'', *, usedforsecurity=True, string=None)",
           "Return a new hash object using the named algorithm.\n\nAn optional string argument may be provided and will be\nautomatically hashed.\n\nThe MD5 and SHA1 algorithms are always supported."),
    method("hmac_new", f_hmac_new, "($module, /, key, msg=b'', digestmod=None)", "Return a new hmac object."),
    method("hmac_digest", f_hmac_digest, "($module, /, key, msg, digest)", "Single-shot HMAC."),
    method("pbkdf2_hmac", f_pbkdf2, "($module, /, hash_name, password, salt, iterations, dklen=None)",
           "Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function."),
    method("scrypt", f_scrypt, "($module, /, password, *, salt, n, r, p, maxmem=0, dklen=64)", "scrypt password-based key derivation function."),
    method("compare_digest", f_compare_digest, "($module, a, b, /)",
           "Return 'a == b'.\n\nThis function uses an approach designed to prevent\ntiming analysis, making it appropriate for cryptography.\n\na and b must both be of the same type: either str (ASCII only),\nor any bytes-like object."),
    method("get_fips_mode", f_get_fips_mode, "($module, /)", "Determine the OpenSSL FIPS mode of operation."),
    NAMED(md5, kMd5, "md5"), NAMED(sha1, kSha1, "sha1"), NAMED(sha224, kSha224, "sha224"), NAMED(sha256, kSha256, "sha256"),
    NAMED(sha384, kSha384, "sha384"), NAMED(sha512, kSha512, "sha512"), NAMED(sha3_224, kSha3_224, "sha3-224"),
    NAMED(sha3_256, kSha3_256, "sha3-256"), NAMED(sha3_384, kSha3_384, "sha3-384"), NAMED(sha3_512, kSha3_512, "sha3-512"),
    NAMED(shake_128, kShake128, "shake-128 variable"), NAMED(shake_256, kShake256, "shake-256 variable"),
    {},
};
#undef NAMED

// The names of all digests that can be had, as a frozenset.
Ref available_names(Thread& t) {
  struct State {
    Thread& t;
    Set* set;
    bool failed = false;
  };
  RefTo<Set> all = TRY(set_new(t));
  State state{t, all.get()};
  EVP_MD_do_all_provided(
      nullptr,
      [](EVP_MD* md, void* argument) {
        auto* s = static_cast<State*>(argument);
        if (s->failed) return;
        EVP_MD* usable = EVP_MD_fetch(nullptr, EVP_MD_get0_name(md), nullptr);
        if (usable == nullptr) return;
        EVP_MD_free(usable);
        RefTo<Str> name = python_name(s->t, md);
        s->failed = name.failed() || name->length() == 0 ? name.failed() : set_add_py(s->t, s->set, name).failed();
      },
      &state);
  ERR_clear_error();
  if (state.failed) return Raised{};
  return set_from_py(t, all, true);
}

Status initialise(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kHashSpec, &g_hash_type));
  TRY(module_add_type(t, module, kXofSpec, &g_xof_type));
  TRY(module_add_type(t, module, kHmacSpec, &g_hmac_type));
  if (g_unsupported == nullptr)
    TRY(module_add_exception(t, module, "_hashlib.UnsupportedDigestmodError", exc::ValueError, &g_unsupported));
  else
    TRY(module_add(t, module, "UnsupportedDigestmodError", Value(g_unsupported)));
  TRY(module_add(t, module, "openssl_md_meth_names", available_names(t)));
  RefTo<Dict> constructors = TRY(dict_new(t));
  for (const Method& row : kFunctions) {
    if (row.name == nullptr || strncmp(row.name, "openssl_", 8) != 0) continue;
    Ref function = TRY(get_attribute_utf8(t, Value(module), row.name));
    RefTo<Str> name = TRY(str_from_ascii(t, row.name + 8));
    TRY(dict_set_py(t, constructors.get(), function, name));
  }
  TRY(module_add(t, module, "_constructors", TRY(mappingproxy_new(t, constructors)).release_ref()));
  return module_add_int(t, module, "_GIL_MINSIZE", kDetachSize);
}

}  // namespace

extern const ModuleDef module__hashlib;
const ModuleDef module__hashlib = {"_hashlib", "OpenSSL interface for hashlib module", kFunctions, initialise};

}  // namespace typhon
