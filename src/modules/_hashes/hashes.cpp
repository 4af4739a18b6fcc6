// _md5, _sha1, _sha2, _sha3: digests through OpenSSL's EVP interface. An object's context is guarded by a mutex of its own, because
// large inputs are hashed detached.
#include <openssl/evp.h>

#include "modules/_hashes/hashes.h"

namespace typhon {
namespace {

using namespace hashes;

struct Algorithm {
  const char* evp_name;
  const char* name;       // what .name says
  const char* type_name;
  u32 rate_bits;          // of the SHA-3 family, else 0
  bool variable;          // digest(length)
  Type* type;
  const EVP_MD* md;
};
Algorithm g_algorithms[] = {
    {"MD5", "md5", "_md5.md5"},
    {"SHA1", "sha1", "_sha1.sha1"},
    {"SHA224", "sha224", "_sha2.SHA224Type"},
    {"SHA256", "sha256", "_sha2.SHA256Type"},
    {"SHA384", "sha384", "_sha2.SHA384Type"},
    {"SHA512", "sha512", "_sha2.SHA512Type"},
    {"SHA3-224", "sha3_224", "_sha3.sha3_224", 1152},
    {"SHA3-256", "sha3_256", "_sha3.sha3_256", 1088},
    {"SHA3-384", "sha3_384", "_sha3.sha3_384", 832},
    {"SHA3-512", "sha3_512", "_sha3.sha3_512", 576},
    {"SHAKE128", "shake_128", "_sha3.shake_128", 1344, true},
    {"SHAKE256", "shake_256", "_sha3.shake_256", 1088, true},
};
enum Which : u32 { kMd5, kSha1, kSha224, kSha256, kSha384, kSha512, kSha3First, kShake128 = kSha3First + 4, kEnd = kShake128 + 2 };

struct Hash : Object {
  EVP_MD_CTX* context;
  Algorithm* algorithm;
  Mutex mutex;
};
void release_hash(Thread&, Object* self) { EVP_MD_CTX_free(static_cast<Hash*>(self)->context); }

Status update(Thread& t, Hash* self, Value data) {
  TRY(check_hashable(t, data));
  ByteView view(t);
  TRY(view.get(data));
  const void* bytes = view.data();
  size_t n = view.size();
  EVP_MD_CTX* context = self->context;
  MutexGuard guard(t, self->mutex);
  run(t, n, [=] { return EVP_DigestUpdate(context, bytes, n); });
  return ok();
}

Ref hash_allocate(Thread& t, Algorithm* algorithm) {
  Ref made = TRY(allocate_instance(t, algorithm->type));
  auto* self = made.as<Hash>();
  self->algorithm = algorithm;
  self->context = EVP_MD_CTX_new();
  if (self->context == nullptr) return raise_no_memory(t);
  return made;
}
// The constructor: data, usedforsecurity, string.
Ref hash_new(Thread& t, Algorithm* algorithm, Value data, Value string) {
  data = TRY(first_data(t, data, string));
  Ref made = TRY(hash_allocate(t, algorithm));
  if (!EVP_DigestInit_ex(made.as<Hash>()->context, algorithm->md, nullptr))
    return raise(t, exc::ValueError, "unsupported hash type %s", algorithm->name);
  if (!data.is_empty()) TRY(update(t, made.as<Hash>(), data));
  return made;
}
template <u32 which>
Ref f_new(Thread& t, Value, const Value* a) {
  return hash_new(t, &g_algorithms[which], a[0], a[2]);
}
// The classes of _sha3 are their own constructors.
template <u32 which>
Ref type_new(Thread& t, Type*, Args args) {
  static const Signature& signature = parse_signature("($type, data=b'', *, usedforsecurity=True, string=None)");
  Value out[3] = {};
  Ref keep[2];
  TRY(bind_arguments(t, signature, g_algorithms[which].name, args, out, keep));
  return hash_new(t, &g_algorithms[which], out[0], out[2]);
}

Ref h_update(Thread& t, Value self, const Value* a) {
  TRY(update(t, self.as<Hash>(), a[0]));
  return Ref::none();
}
Ref h_copy(Thread& t, Value self, const Value*) {
  auto* from = self.as<Hash>();
  Ref made = TRY(hash_allocate(t, from->algorithm));
  MutexGuard guard(t, from->mutex);
  if (!EVP_MD_CTX_copy_ex(made.as<Hash>()->context, from->context)) return raise_no_memory(t);
  return made;
}
RefTo<Bytes> digest(Thread& t, Hash* self, Value length) {
  size_t n = self->algorithm->variable ? 0 : size_t(EVP_MD_get_size(self->algorithm->md));
  if (self->algorithm->variable) {
    i64 wanted = TRY(to_i64(t, length));
    if (wanted < 0) return raise(t, exc::ValueError, "value must be positive");
    if (wanted >= (i64(1) << 29)) return raise(t, exc::ValueError, "length is too large");
    n = size_t(wanted);
  }
  RefTo<Bytes> out = TRY(bytes_allocate(t, n));
  EVP_MD_CTX* copy = EVP_MD_CTX_new();
  if (copy == nullptr) return raise_no_memory(t);
  {
    MutexGuard guard(t, self->mutex);
    EVP_MD_CTX_copy_ex(copy, self->context);
  }
  if (!self->algorithm->variable)
    EVP_DigestFinal_ex(copy, out->data, nullptr);
  else if (n > 0)
    EVP_DigestFinalXOF(copy, out->data, n);
  EVP_MD_CTX_free(copy);
  return out;
}
Ref h_digest(Thread& t, Value self, const Value*) { return digest(t, self.as<Hash>(), EMPTY); }
Ref h_hexdigest(Thread& t, Value self, const Value*) { return to_hex(t, digest(t, self.as<Hash>(), EMPTY)); }
Ref h_shake_digest(Thread& t, Value self, const Value* a) { return digest(t, self.as<Hash>(), a[0]); }
Ref h_shake_hexdigest(Thread& t, Value self, const Value* a) { return to_hex(t, digest(t, self.as<Hash>(), a[0])); }
Ref h_name(Thread& t, Value self) { return str_from_ascii(t, self.as<Hash>()->algorithm->name); }
Ref h_block_size(Thread& t, Value self) { return int_from(t, EVP_MD_get_block_size(self.as<Hash>()->algorithm->md)); }
Ref h_digest_size(Thread& t, Value self) {
  Algorithm* algorithm = self.as<Hash>()->algorithm;
  return int_from(t, algorithm->variable ? 0 : EVP_MD_get_size(algorithm->md));
}
Ref h_rate(Thread& t, Value self) { return int_from(t, self.as<Hash>()->algorithm->rate_bits); }
Ref h_capacity(Thread& t, Value self) { return int_from(t, 1600 - self.as<Hash>()->algorithm->rate_bits); }
Ref h_suffix(Thread& t, Value self) { return bytes_from(t, self.as<Hash>()->algorithm->variable ? "\x1f" : "\x06", 1); }

const Method kMethods[] = {
    method("update", h_update, "($self, obj, /)", "Update this hash object's state with the provided string."),
    method("digest", h_digest, "($self, /)", "Return the digest value as a bytes object."),
    method("hexdigest", h_hexdigest, "($self, /)", "Return the digest value as a string of hexadecimal digits."),
    method("copy", h_copy, "($self, /)", "Return a copy of the hash object."),
    {},
};
const Method kShakeMethods[] = {
    method("update", h_update, "($self, obj, /)", "Update this hash object's state with the provided bytes-like object."),
    method("digest", h_shake_digest, "($self, /, length)", "Return the digest value as a bytes object."),
    method("hexdigest", h_shake_hexdigest, "($self, /, length)", "Return the digest value as a string of hexadecimal digits."),
    method("copy", h_copy, "($self, /)", "Return a copy of the hash object."),
    {},
};
const GetSet kGetSets[] = {{"name", h_name}, {"block_size", h_block_size}, {"digest_size", h_digest_size}, {}};
const GetSet kSha3GetSets[] = {{"name", h_name},          {"block_size", h_block_size},   {"digest_size", h_digest_size},
                               {"_rate_bits", h_rate},    {"_capacity_bits", h_capacity}, {"_suffix", h_suffix},
                               {}};

NewFn constructor_of(u32 which) {
  switch (which) {
    case kSha3First: return type_new<kSha3First>;
    case kSha3First + 1: return type_new<kSha3First + 1>;
    case kSha3First + 2: return type_new<kSha3First + 2>;
    case kSha3First + 3: return type_new<kSha3First + 3>;
    case kShake128: return type_new<kShake128>;
    case kShake128 + 1: return type_new<kShake128 + 1>;
  }
  return nullptr;
}

Status add_algorithms(Thread& t, Module* module, u32 from, u32 to) {
  static TypeSpec specs[kEnd];
  for (u32 i = from; i < to; i++) {
    Algorithm& algorithm = g_algorithms[i];
    if (algorithm.md == nullptr) algorithm.md = EVP_MD_fetch(nullptr, algorithm.evp_name, nullptr);
    TypeSpec& spec = specs[i];
    spec.name = algorithm.type_name;
    spec.layout = {algorithm.name, sizeof(Hash), 0, nullptr, release_hash, nullptr, nullptr};
    spec.flags = type_flag::kImmutable;
    if (algorithm.rate_bits == 0) spec.flags |= type_flag::kDisallowInstantiation;
    spec.slots.new_ = constructor_of(i);
    spec.methods = algorithm.variable ? kShakeMethods : kMethods;
    spec.getsets = algorithm.rate_bits != 0 ? kSha3GetSets : kGetSets;
    // _md5.md5 is the function; the class has another name there.
    if (i <= kSha1 && algorithm.type == nullptr) TRY(make_static_type(t, spec, &algorithm.type));
    if (i > kSha1) TRY(module_add_type(t, module, spec, &algorithm.type));
  }
  return module_add_int(t, module, "_GIL_MINSIZE", kDetachSize);
}
Status initialise_md5(Thread& t, Module* module) {
  TRY(add_algorithms(t, module, kMd5, kMd5 + 1));
  return module_add(t, module, "MD5Type", Value(g_algorithms[kMd5].type));
}
Status initialise_sha1(Thread& t, Module* module) {
  TRY(add_algorithms(t, module, kSha1, kSha1 + 1));
  return module_add(t, module, "SHA1Type", Value(g_algorithms[kSha1].type));
}
Status initialise_sha2(Thread& t, Module* module) { return add_algorithms(t, module, kSha224, kSha512 + 1); }
Status initialise_sha3(Thread& t, Module* module) {
  TRY(add_algorithms(t, module, kSha3First, kEnd));
  return module_add_str(t, module, "implementation", "OpenSSL");
}

constexpr char kSignature[] = "($module, /, data=b'', *, usedforsecurity=True, string=None)";
const Method kMd5Functions[] = {
    method("md5", f_new<kMd5>, kSignature, "Return a new MD5 hash object; optionally initialized with a string."), {}};
const Method kSha1Functions[] = {
    method("sha1", f_new<kSha1>, kSignature, "Return a new SHA1 hash object; optionally initialized with a string."), {}};
const Method kSha2Functions[] = {
    method("sha224", f_new<kSha224>, kSignature, "Return a new SHA-224 hash object; optionally initialized with a string."),
    method("sha256", f_new<kSha256>, kSignature, "Return a new SHA-256 hash object; optionally initialized with a string."),
    method("sha384", f_new<kSha384>, kSignature, "Return a new SHA-384 hash object; optionally initialized with a string."),
    method("sha512", f_new<kSha512>, kSignature, "Return a new SHA-512 hash object; optionally initialized with a string."),
    {},
};

}  // namespace

extern const ModuleDef module__md5, module__sha1, module__sha2, module__sha3;
const ModuleDef module__md5 = {"_md5", nullptr, kMd5Functions, initialise_md5};
const ModuleDef module__sha1 = {"_sha1", nullptr, kSha1Functions, initialise_sha1};
const ModuleDef module__sha2 = {"_sha2", nullptr, kSha2Functions, initialise_sha2};
const ModuleDef module__sha3 = {"_sha3", nullptr, nullptr, initialise_sha3};

}  // namespace typhon
