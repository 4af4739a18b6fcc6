// The packed table of source positions: a code object of the library has about one row for two instructions, so the table
// is kept as differences in a few bytes a row and read from its start, which only tracebacks and introspection do.
//
// A row: unit - previous unit, line - previous line (zigzag), then 0 when the columns are unknown and end_line == line; else
// 1 + (end_line - line, zigzag), column + 1, end_column - column (zigzag). All numbers are LEB128.
#include "bytecode/positions.h"

#include <cstdlib>

#include "heap/collector.h"

namespace typhon {
namespace {

class ByteSink {
 public:
  explicit ByteSink(u8* out) : out_(out) {}
  void number(u64 n) {
    while (n >= 0x80) {
      put(u8(n | 0x80));
      n >>= 7;
    }
    put(u8(n));
  }
  void difference(i64 n) { number(u64(n) << 1 ^ u64(n >> 63)); }
  u32 size() const { return size_; }

 private:
  void put(u8 b) {
    if (out_ != nullptr) out_[size_] = b;
    size_++;
  }
  u8* out_;
  u32 size_ = 0;
};

bool g_debug_ranges = true;

u32 write_rows(const PositionRow* rows, u32 n, u8* out) {
  ByteSink sink(out);
  u32 unit = 0;
  i32 line = 0;
  for (u32 i = 0; i < n; i++) {
    const PositionRow& row = rows[i];
    sink.number(row.unit - unit);
    sink.difference(i64(row.line) - line);
    if (!g_debug_ranges || (row.column < 0 && row.end_column < 0 && row.end_line == row.line)) {
      sink.number(0);
    } else {
      i64 lines = i64(row.end_line) - row.line;
      sink.number(1 + (u64(lines) << 1 ^ u64(lines >> 63)));
      sink.number(u64(row.column + 1));
      sink.difference(i64(row.end_column) - row.column);
    }
    unit = row.unit;
    line = row.line;
  }
  return sink.size();
}

}  // namespace

bool debug_ranges() { return g_debug_ranges; }
void set_debug_ranges(bool wanted) { g_debug_ranges = wanted; }

u8* pack_positions(const PositionRow* rows, u32 n, u32* size) {
  *size = write_rows(rows, n, nullptr);
  u8* out = static_cast<u8*>(std::malloc(*size + 1));
  CHECK(out != nullptr);
  write_rows(rows, n, out);
  return out;
}

u64 PositionReader::number() {
  u64 n = 0;
  for (u32 shift = 0; at_ < end_ && shift < 64; shift += 7) {
    u8 b = *at_++;
    n |= u64(b & 0x7F) << shift;
    if (b < 0x80) break;
  }
  return n;
}

bool PositionReader::next(PositionRow* row) {
  if (at_ >= end_) return false;
  auto difference = [this] {
    u64 n = number();
    return i64(n >> 1) ^ -i64(n & 1);
  };
  unit_ += u32(number());
  line_ += i32(difference());
  *row = {unit_, line_, line_, -1, -1};
  if (u64 lines = number(); lines != 0) {
    lines--;
    row->end_line = line_ + i32(i64(lines >> 1) ^ -i64(lines & 1));
    row->column = i32(number()) - 1;
    row->end_column = row->column + i32(difference());
  }
  return true;
}

PositionRow code_position(const Code* code, u32 at) {
  if (!is_loaded(code)) return {0, code->first_line, code->first_line, -1, -1};
  // Programs that ask at all (logging does, for each record) ask for few places again and again.
  struct Known {
    const Code* code;
    u32 at, epoch;
    PositionRow row;
  };
  constexpr u64 kPlaces = 64;
  static thread_local Known places[kPlaces];
  Known& known = places[(u64(code) >> 4 ^ at) % kPlaces];
  u32 epoch = collector::deferred_epoch();
  if (known.code == code && known.at == at && known.epoch == epoch) return known.row;
  PositionReader reader(code);
  PositionRow row, found = {0, 0, 0, -1, -1};
  while (reader.next(&row) && row.unit <= at) found = row;
  known = {code, at, epoch, found};
  return found;
}

}  // namespace typhon
