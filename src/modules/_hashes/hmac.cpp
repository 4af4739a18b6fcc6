// _hmac: HMAC with the digests that are always there, by name.
#include <strings.h>

#include "modules/_hashes/hmac.h"

namespace typhon {
namespace {

using namespace hashes;

Type *g_hmac_type, *g_unknown;

struct Algorithm {
  const char* names[2];  // in lower case
  const char* openssl;
  const EVP_MD* md;
};
Algorithm g_algorithms[] = {
    {{"md5"}, "MD5"}, {{"sha1"}, "SHA1"}, {{"sha224", "sha2_224"}, "SHA224"}, {{"sha256", "sha2_256"}, "SHA256"},
    {{"sha384", "sha2_384"}, "SHA384"}, {{"sha512", "sha2_512"}, "SHA512"}, {{"sha3_224"}, "SHA3-224"}, {{"sha3_256"}, "SHA3-256"},
    {{"sha3_384"}, "SHA3-384"}, {{"sha3_512"}, "SHA3-512"}, {{"blake2s_32", "blake2s"}, "BLAKE2S-256"}, {{"blake2b_32", "blake2b"}, "BLAKE2B-512"},
};
enum Which : u32 { kMd5, kSha1, kSha224, kSha256, kSha384, kSha512, kSha3_224, kSha3_256, kSha3_384, kSha3_512, kBlake2s, kBlake2b };

Result<const EVP_MD*> find(Thread& t, Value name) {
  if (is_str(name)) {
    Utf8Buffer buffer;
    std::string_view text = str_utf8(name.as<Str>(), buffer);
    for (const Algorithm& row : g_algorithms)
      for (const char* known : row.names)
        if (known != nullptr && text.size() == strlen(known) && strncasecmp(text.data(), known, text.size()) == 0) return row.md;
  }
  return raise(t, g_unknown, "unsupported hash type: %R", name);
}
Status key_view(Thread& t, Value key, ByteView& view) {
  TRY(check_hashable(t, key));
  return view.get(key);
}
Ref f_new(Thread& t, Value, const Value* a) {
  if (a[2].is_empty() || a[2].is_none()) return raise(t, exc::TypeError, "new() missing 1 required argument 'digestmod'");
  const EVP_MD* md = TRY(find(t, a[2]));
  ByteView key(t);
  TRY(key_view(t, a[0], key));
  return hmac_new(t, g_hmac_type, key, md, a[1]);
}
Ref compute(Thread& t, const EVP_MD* md, Value key_argument, Value message_argument) {
  ByteView key(t), message(t);
  TRY(key_view(t, key_argument, key));
  TRY(key_view(t, message_argument, message));
  constexpr size_t kMost = 0xFFFFFFFF;
  if (key.size() > 0x7FFFFFFF || key.size() > kMost) return raise(t, exc::OverflowError, "key length exceeds UINT32_MAX");
  if (message.size() > kMost) return raise(t, exc::OverflowError, "message length exceeds UINT32_MAX");
  u8 out[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  const u8 *key_bytes = key.data(), *bytes = message.data();
  size_t key_size = key.size(), size = message.size();
  if (!run(t, size, [&] { return HMAC(md, key_bytes, int(key_size), bytes, size, out, &n) != nullptr; })) return raise_openssl(t, exc::ValueError);
  return bytes_from(t, out, n);
}
Ref f_compute_digest(Thread& t, Value, const Value* a) { return compute(t, TRY(find(t, a[2])), a[0], a[1]); }
template <u32 which>
Ref f_compute(Thread& t, Value, const Value* a) {
  return compute(t, g_algorithms[which].md, a[0], a[1]);
}

#define COMPUTE(name, which) method("compute_" #name, f_compute<which>, "($module, key, msg, /)")
const Method kFunctions[] = {
    method("new", f_new, "($module, /, key, msg=None, digestmod=None)", "Return a new HMAC object."),
    method("compute_digest", f_compute_digest, "($module, /, key, msg, digest)"),
    COMPUTE(md5, kMd5), COMPUTE(sha1, kSha1), COMPUTE(sha224, kSha224), COMPUTE(sha256, kSha256), COMPUTE(sha384, kSha384),
    COMPUTE(sha512, kSha512), COMPUTE(sha3_224, kSha3_224), COMPUTE(sha3_256, kSha3_256), COMPUTE(sha3_384, kSha3_384),
    COMPUTE(sha3_512, kSha3_512), COMPUTE(blake2s_32, kBlake2s), COMPUTE(blake2b_32, kBlake2b),
    {},
};
#undef COMPUTE

const TypeSpec kHmacSpec = {
    .name = "_hmac.HMAC",
    .layout = {"HMAC", sizeof(Hmac), 0, nullptr, release_hmac, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = hmac_repr},
    .methods = kHmacMethods,
    .getsets = kHmacGetSets,
};

Status initialise(Thread& t, Module* module) {
  for (Algorithm& row : g_algorithms) {
    if (row.md == nullptr) row.md = EVP_MD_fetch(nullptr, row.openssl, nullptr);
    if (row.md == nullptr) return raise(t, exc::ImportError, "OpenSSL has no %s", row.openssl);
  }
  TRY(module_add_type(t, module, kHmacSpec, &g_hmac_type));
  if (g_unknown == nullptr)
    TRY(module_add_exception(t, module, "_hmac.UnknownHashError", exc::ValueError, &g_unknown));
  else
    TRY(module_add(t, module, "UnknownHashError", Value(g_unknown)));
  return module_add_int(t, module, "_GIL_MINSIZE", kDetachSize);
}

}  // namespace

extern const ModuleDef module__hmac;
const ModuleDef module__hmac = {"_hmac", nullptr, kFunctions, initialise};

}  // namespace typhon
