// Unpacks the tables of the multibyte codecs.
#include "modules/_multibytecodec/tables.h"

#include <zlib.h>

#include <cstring>
#include <mutex>

namespace typhon::mbc {
namespace {

constexpr u8 kPacked[] = {
#include "modules/_multibytecodec/tables.inc"
};

u32 read_u32(const u8* p) {
  u32 v;
  std::memcpy(&v, p, 4);
  return v;
}

// One list of the file: three columns of differences.
struct Rows {
  explicit Rows(const u8*& at) : count(read_u32(at)), data(at + 4) { at += 4 + size_t(count) * 12; }
  template <class F>
  void each(F f) const {
    u32 row[3] = {};
    for (u32 i = 0; i < count; i++) {
      for (u32 k = 0; k < 3; k++) row[k] += read_u32(data + (size_t(k) * count + i) * 4);
      f(row[0], row[1], row[2]);
    }
  }
  u32 count;
  const u8* data;
};

void set_encoding(Table& table, u32 c, u32 sequence) {
  auto& page = table.encode_pages[c >> 8];
  if (page == nullptr) {
    page = std::make_unique<u32[]>(256);
    for (u32 i = 0; i < 256; i++) page[i] = kNothing;
  }
  page[c & 255] = sequence;
}

void set_decoding(Table& table, u32 sequence, u32 value) {
  if (sequence < 0x100) {
    table.one[sequence] = value;
  } else if (sequence < 0x10000) {
    table.two[sequence] = value;
  } else {
    if (table.three.empty()) table.three.assign(65536, kNothing);
    table.three[sequence & 0xFFFF] = value;
  }
}

const Table* unpack(TableId id) {
  const u8* at = kPacked;
  for (u32 i = 0; i < id; i++) at += 4 + read_u32(at);
  std::vector<u8> raw(1 << 20);
  uLongf size = raw.size();
  if (uncompress(raw.data(), &size, at + 4, read_u32(at)) != Z_OK) return nullptr;
  auto* table = new (std::nothrow) Table();
  if (table == nullptr) return nullptr;
  for (u32& v : table->one) v = kNothing;
  const u8* p = raw.data();
  Rows(p).each([&](u32 sequence, u32 c, u32 second) {
    if (second != 0) {
      set_decoding(*table, sequence, kPairFlag | u32(table->pairs.size()));
      table->pairs.push_back({c, second, sequence});
      return;
    }
    set_decoding(*table, sequence, c);
    if (c != kTwoBytesBad) set_encoding(*table, c, sequence);
  });
  Rows(p).each([&](u32 byte, u32, u32) { table->lead[byte] = true; });
  Rows(p).each([&](u32 c, u32 sequence, u32) { set_encoding(*table, c, sequence == 0 && c != 0 ? kNothing : sequence); });
  Rows(p).each([&](u32 number, u32 c, u32 length) { table->ranges.push_back({number, c, length}); });
  return table;
}

}  // namespace

u32 Table::encode_pair(u32 c, u32 next) const {
  u32 found = kNothing;
  for (const Pair& pair : pairs) {
    if (pair.first != c) continue;
    if (pair.second == next) return pair.sequence;
    found = 0;
  }
  return found;
}

const Table* g_tables[kTableCount];

bool make_table(TableId id) {
  static std::once_flag flags[kTableCount];
  std::call_once(flags[id], [id] { g_tables[id] = unpack(id); });
  return g_tables[id] != nullptr;
}

}  // namespace typhon::mbc
