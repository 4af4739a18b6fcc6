// _blake2: BLAKE2b and BLAKE2s with all their parameters (RFC 7693 and the BLAKE2 paper's parameter block). OpenSSL's
// digests take neither salt nor personalisation, hence our own.
#include "objects/byte_builder.h"
#include "modules/_hashes/hashes.h"

namespace typhon {
namespace {

using namespace hashes;

constexpr u8 kSigma[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3}};

template <class Word>
struct Variant;
template <>
struct Variant<u64> {
  static constexpr u32 kRounds = 12, kA = 32, kB = 24, kC = 16, kD = 63;
  static constexpr u64 kInitial[8] = {0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
                                      0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179};
};
template <>
struct Variant<u32> {
  static constexpr u32 kRounds = 10, kA = 16, kB = 12, kC = 8, kD = 7;
  static constexpr u32 kInitial[8] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};
};

template <class Word>
struct State {
  static constexpr size_t kBlock = sizeof(Word) * 16, kMaxDigest = sizeof(Word) * 8;
  Word h[8];
  Word count_low, count_high;
  u8 buffer[kBlock];
  u32 filled;
  u8 digest_size;
  bool last_node;

  void start(const u8* parameters, u32 size, bool last) {  // the parameter block, kMaxDigest bytes
    for (u32 i = 0; i < 8; i++) {
      Word w;
      memcpy(&w, parameters + i * sizeof w, sizeof w);
      h[i] = Variant<Word>::kInitial[i] ^ w;
    }
    count_low = count_high = 0;
    filled = 0;
    digest_size = u8(size);
    last_node = last;
  }
  void compress(const u8* block, bool last) {
    using V = Variant<Word>;
    Word m[16], v[16];
    memcpy(m, block, sizeof m);
    for (u32 i = 0; i < 8; i++) v[i] = h[i], v[i + 8] = V::kInitial[i];
    v[12] ^= count_low;
    v[13] ^= count_high;
    if (last) {
      v[14] = ~v[14];
      if (last_node) v[15] = ~v[15];
    }
    auto mix = [&](u32 a, u32 b, u32 c, u32 d, Word x, Word y) {
      v[a] += v[b] + x;
      v[d] = std::rotr(Word(v[d] ^ v[a]), V::kA);
      v[c] += v[d];
      v[b] = std::rotr(Word(v[b] ^ v[c]), V::kB);
      v[a] += v[b] + y;
      v[d] = std::rotr(Word(v[d] ^ v[a]), V::kC);
      v[c] += v[d];
      v[b] = std::rotr(Word(v[b] ^ v[c]), V::kD);
    };
    for (u32 r = 0; r < V::kRounds; r++) {
      const u8* s = kSigma[r];
      for (u32 i = 0; i < 4; i++) mix(i, i + 4, i + 8, i + 12, m[s[2 * i]], m[s[2 * i + 1]]);
      for (u32 i = 0; i < 4; i++)
        mix(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4, m[s[8 + 2 * i]], m[s[9 + 2 * i]]);
    }
    for (u32 i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
  }
  void add_count(Word n) {
    count_low += n;
    count_high += count_low < n;
  }
  void update(const u8* data, size_t n) {
    while (n > 0) {
      if (filled == kBlock) {  // more follows, so this block is not the last
        add_count(kBlock);
        compress(buffer, false);
        filled = 0;
      }
      size_t take = kBlock - filled < n ? kBlock - filled : n;
      memcpy(buffer + filled, data, take);
      filled += u32(take);
      data += take;
      n -= take;
    }
  }
  void finish(u8* out) {
    add_count(filled);
    memset(buffer + filled, 0, kBlock - filled);
    compress(buffer, true);
    memcpy(out, h, digest_size);
  }
};
static_assert(std::endian::native == std::endian::little);

template <class Word>
struct Blake : Object {
  State<Word> state;
  Mutex mutex;
};
template <class Word>
Type* g_type;
template <class Word>
constexpr bool kIsB = sizeof(Word) == 8;

template <class Word>
Status feed(Thread& t, Blake<Word>* self, Value data) {
  TRY(check_hashable(t, data));
  ByteView view(t);
  TRY(view.get(data));
  MutexGuard guard(t, self->mutex);
  if (view.size() < kDetachSize) {
    self->state.update(view.data(), view.size());
    return ok();
  }
  const u8* bytes = view.data();
  size_t n = view.size();
  Detached detached(t);
  self->state.update(bytes, n);
  return ok();
}

// An unsigned parameter of at most `bits` bits.
Result<u64> unsigned_argument(Thread& t, Value v, u32 bits, const char* name) {
  Ref number = TRY(to_index(t, v));
  u64 n;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "Cannot convert negative int");
  if (!int_fits_u64(number, &n)) return raise(t, exc::OverflowError, "Python int too large for C unsigned long long");
  if (bits < 64 && n >> bits != 0) return raise(t, exc::OverflowError, "%s is too large", name);
  return n;
}

template <class Word>
Ref blake_new(Thread& t, Type* cls, Args args) {
  constexpr bool b = kIsB<Word>;
  constexpr i64 kMax = State<Word>::kMaxDigest;
  constexpr size_t kSalt = sizeof(Word) * 2;
  static const Signature& signature = parse_signature(
      "($type, data=b'', *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, "
      "node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)");
  Value a[14] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, b ? "blake2b" : "blake2s", args, a, &keep));
  Value data = a[0], string = a[13];
  data = TRY(first_data(t, data, string));

  auto small = [&](Value v, i64 fallback) -> Result<i64> {
    if (v.is_empty()) return fallback;
    return to_i64(t, v, "Python int too large to convert to C int");
  };
  u8 block[64] = {};
  i64 digest_size = TRY(small(a[1], kMax));
  if (digest_size < 1 || digest_size > kMax)
    return raise(t, exc::ValueError, "digest_size for %s must be between 1 and %zd bytes, here it is %zd", b ? "Blake2b" : "Blake2s", kMax, digest_size);
  auto copy_bytes = [&](Value v, const char* name, u8* to, size_t most, size_t* size) -> Status {
    *size = 0;
    if (v.is_empty()) return ok();
    ByteView view(t);
    TRY(view.get(v));
    if (view.size() > most) return raise(t, exc::ValueError, "maximum %s length is %zu bytes", name, u64(most));
    memcpy(to, view.data(), view.size());
    *size = view.size();
    return ok();
  };
  u8 key[State<Word>::kBlock] = {};
  size_t key_size, unused;
  constexpr size_t kSaltAt = b ? 32 : 16;
  TRY(copy_bytes(a[3], "salt", block + kSaltAt, kSalt, &unused));
  TRY(copy_bytes(a[4], "person", block + kSaltAt + kSalt, kSalt, &unused));
  i64 fanout = TRY(small(a[5], 1));
  if (fanout < 0 || fanout > 255) return raise(t, exc::ValueError, "fanout must be between 0 and 255");
  i64 depth = TRY(small(a[6], 1));
  if (depth < 1 || depth > 255) return raise(t, exc::ValueError, "depth must be between 1 and 255");
  u64 leaf_size = a[7].is_empty() ? 0 : TRY(unsigned_argument(t, a[7], 32, "leaf_size"));
  u64 node_offset = a[8].is_empty() ? 0 : TRY(unsigned_argument(t, a[8], b ? 64 : 48, "node_offset"));
  i64 node_depth = TRY(small(a[9], 0));
  if (node_depth < 0 || node_depth > 255) return raise(t, exc::ValueError, "node_depth must be between 0 and 255");
  i64 inner_size = TRY(small(a[10], 0));
  if (inner_size < 0 || inner_size > kMax) return raise(t, exc::ValueError, "inner_size must be between 0 and is %zd", kMax);
  bool last_node = a[11].is_empty() ? false : TRY(truth(t, a[11]));
  TRY(copy_bytes(a[2], "key", key, size_t(kMax), &key_size));

  block[0] = u8(digest_size);
  block[1] = u8(key_size);
  block[2] = u8(fanout);
  block[3] = u8(depth);
  memcpy(block + 4, &leaf_size, 4);
  memcpy(block + 8, &node_offset, b ? 8 : 6);
  block[b ? 16 : 14] = u8(node_depth);
  block[b ? 17 : 15] = u8(inner_size);

  Ref made = TRY(allocate_instance(t, cls));
  auto* self = made.as<Blake<Word>>();
  self->state.start(block, u32(digest_size), last_node);
  if (key_size > 0) self->state.update(key, sizeof key);
  if (!data.is_empty()) TRY(feed(t, self, data));
  return made;
}

template <class Word>
Ref b_update(Thread& t, Value self, const Value* a) {
  TRY(feed(t, self.as<Blake<Word>>(), a[0]));
  return Ref::none();
}
template <class Word>
Ref b_copy(Thread& t, Value self, const Value*) {
  Ref made = TRY(allocate_instance(t, g_type<Word>));
  MutexGuard guard(t, self.as<Blake<Word>>()->mutex);
  made.as<Blake<Word>>()->state = self.as<Blake<Word>>()->state;
  return made;
}
template <class Word>
State<Word> snapshot(Thread& t, Value self) {
  MutexGuard guard(t, self.as<Blake<Word>>()->mutex);
  return self.as<Blake<Word>>()->state;
}
template <class Word>
Ref b_digest(Thread& t, Value self, const Value*) {
  State<Word> state = snapshot<Word>(t, self);
  u8 out[64];
  state.finish(out);
  return bytes_from(t, out, state.digest_size);
}
template <class Word>
Ref b_hexdigest(Thread& t, Value self, const Value*) {
  State<Word> state = snapshot<Word>(t, self);
  u8 out[64];
  state.finish(out);
  char text[128];
  for (u32 i = 0; i < state.digest_size; i++) {
    text[2 * i] = "0123456789abcdef"[out[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[out[i] & 15];
  }
  return str_from_ascii(t, {text, state.digest_size * size_t(2)});
}
template <class Word>
Ref b_name(Thread& t, Value) {
  return str_from_ascii(t, kIsB<Word> ? "blake2b" : "blake2s");
}
template <class Word>
Ref b_block_size(Thread& t, Value) {
  return int_from(t, State<Word>::kBlock);
}
template <class Word>
Ref b_digest_size(Thread& t, Value self) {
  return int_from(t, self.as<Blake<Word>>()->state.digest_size);
}

template <class Word>
const Method kMethods[] = {
    method("update", b_update<Word>, "($self, data, /)", "Update this hash object's state with the provided bytes-like object."),
    method("digest", b_digest<Word>, "($self, /)", "Return the digest value as a bytes object."),
    method("hexdigest", b_hexdigest<Word>, "($self, /)", "Return the digest value as a string of hexadecimal digits."),
    method("copy", b_copy<Word>, "($self, /)", "Return a copy of the hash object."),
    {},
};
template <class Word>
const GetSet kGetSets[] = {{"name", b_name<Word>}, {"block_size", b_block_size<Word>}, {"digest_size", b_digest_size<Word>}, {}};

template <class Word>
Status add_type(Thread& t, Module* module) {
  static const TypeSpec spec = {
      .name = kIsB<Word> ? "_blake2.blake2b" : "_blake2.blake2s",
      .doc = "Return a new BLAKE2 hash object.",
      .layout = {"blake2", sizeof(Blake<Word>), 0, nullptr, nullptr, nullptr, nullptr},
      .flags = type_flag::kImmutable,
      .slots = {.new_ = blake_new<Word>},
      .methods = kMethods<Word>,
      .getsets = kGetSets<Word>,
  };
  TRY(module_add_type(t, module, spec, &g_type<Word>));
  const struct {
    const char* name;
    const char* module_name;
    i64 value;
  } constants[] = {{"SALT_SIZE", kIsB<Word> ? "BLAKE2B_SALT_SIZE" : "BLAKE2S_SALT_SIZE", 2 * sizeof(Word)},
                   {"PERSON_SIZE", kIsB<Word> ? "BLAKE2B_PERSON_SIZE" : "BLAKE2S_PERSON_SIZE", 2 * sizeof(Word)},
                   {"MAX_KEY_SIZE", kIsB<Word> ? "BLAKE2B_MAX_KEY_SIZE" : "BLAKE2S_MAX_KEY_SIZE", 8 * sizeof(Word)},
                   {"MAX_DIGEST_SIZE", kIsB<Word> ? "BLAKE2B_MAX_DIGEST_SIZE" : "BLAKE2S_MAX_DIGEST_SIZE", 8 * sizeof(Word)}};
  for (const auto& row : constants) {
    Str* name = str_immortal(t, row.name);
    TRY(dict_set_str(t, g_type<Word>->dict.template as<Dict>(), name, Value::small_int(row.value)));
    TRY(module_add_int(t, module, row.module_name, row.value));
  }
  type_modified(t, g_type<Word>);
  return ok();
}
Status initialise(Thread& t, Module* module) {
  TRY(add_type<u64>(t, module));
  TRY(add_type<u32>(t, module));
  return module_add_int(t, module, "_GIL_MINSIZE", kDetachSize);
}

}  // namespace

extern const ModuleDef module__blake2;
const ModuleDef module__blake2 = {"_blake2", "_blake2b provides BLAKE2b for hashlib\n", nullptr, initialise};

}  // namespace typhon
