// HMAC objects on OpenSSL, for _hashlib and _hmac.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "modules/_hashes/hashes.h"

namespace typhon::hashes {

// Names of digests in Python and in OpenSSL, where they differ or a constructor of its own exists.
struct Name {
  const char* python;
  const char* openssl;
};
inline constexpr Name kNames[] = {
    {"md5", "MD5"}, {"sha1", "SHA1"}, {"sha224", "SHA224"}, {"sha256", "SHA256"}, {"sha384", "SHA384"}, {"sha512", "SHA512"},
    {"sha512_224", "SHA512-224"}, {"sha512_256", "SHA512-256"}, {"sha3_224", "SHA3-224"}, {"sha3_256", "SHA3-256"},
    {"sha3_384", "SHA3-384"}, {"sha3_512", "SHA3-512"}, {"shake_128", "SHAKE128"}, {"shake_256", "SHAKE256"},
    {"blake2s", "BLAKE2s256"}, {"blake2b", "BLAKE2b512"},
};
enum Which : u32 { kMd5, kSha1, kSha224, kSha256, kSha384, kSha512, kSha3_224 = 8, kSha3_256, kSha3_384, kSha3_512, kShake128, kShake256 };

// What `name` says for a digest.
RefTo<Str> python_name(Thread& t, const EVP_MD* md);
// `type` (a ValueError) with the last error that OpenSSL noted.
Raised raise_openssl(Thread& t, Type* type);

// A context, guarded by a mutex of its own.
struct Hmac : Object {
  HMAC_CTX* context;
  Mutex mutex;
};
void release_hmac(Thread&, Object* self);
// A new object of that class; the first data may be EMPTY or None.
Ref hmac_new(Thread& t, Type* type, const ByteView& key, const EVP_MD* md, Value data);
Ref hmac_repr(Thread& t, Value self);
extern const Method kHmacMethods[];
extern const GetSet kHmacGetSets[];

}  // namespace typhon::hashes
