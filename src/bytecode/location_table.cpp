// co_linetable, between Typhon's packed positions and the location table of CPython 3.11 and later.
//
// An entry covers up to eight units: a byte 1kkkknnn (kind k, n + 1 units), then what the kind says. Numbers are six bits a byte, the
// lowest first, bit 6 set when more follow; signed ones carry their sign in bit 0.
#include "bytecode/code_object.h"
#include "bytecode/positions.h"

namespace typhon {
namespace {

enum Kind : u8 { kShort = 0, kOneLine = 10, kNoColumns = 13, kLong = 14, kNoLocation = 15 };

class Writer {
 public:
  explicit Writer(i32 first_line) : line_(first_line) {}
  void entry(const PositionRow& row, u32 units) {
    for (; units > 8; units -= 8) part(row, 8);
    part(row, units);
  }
  std::vector<u8> out;

 private:
  void head(u8 kind, u32 units) { out.push_back(u8(0x80 | kind << 3 | (units - 1))); }
  void number(u32 n) {
    for (; n >= 64; n >>= 6) out.push_back(u8(0x40 | (n & 63)));
    out.push_back(u8(n));
  }
  void difference(i64 n) { number(n < 0 ? u32(-n) << 1 | 1 : u32(n) << 1); }

  void part(const PositionRow& row, u32 units) {
    if (row.line <= 0) return head(kNoLocation, units);
    i64 down = i64(row.line) - line_;
    line_ = row.line;
    if (row.column < 0 || row.end_column < 0) {
      head(kNoColumns, units);
      return difference(down);
    }
    bool one_line = row.end_line == row.line;
    i32 width = row.end_column - row.column;
    if (one_line && down == 0 && row.column < 80 && width >= 0 && width < 16) {
      head(u8(kShort + (row.column >> 3)), units);
      out.push_back(u8((row.column & 7) << 4 | width));
    } else if (one_line && down >= 0 && down < 3 && row.column < 128 && row.end_column < 128) {
      head(u8(kOneLine + down), units);
      out.push_back(u8(row.column));
      out.push_back(u8(row.end_column));
    } else {
      head(kLong, units);
      difference(down);
      number(u32(row.end_line - row.line));
      number(u32(row.column + 1));
      number(u32(row.end_column + 1));
    }
  }
  i32 line_;
};

class Reader {
 public:
  Reader(const u8* at, const u8* end, i32 first_line) : at_(at), end_(end), line_(first_line) {}
  // False: the table is at its end.
  bool next(PositionRow* row) {
    while (at_ < end_ && !(*at_ & 0x80)) at_++;
    if (at_ >= end_) return false;
    u8 head = byte(), kind = head >> 3 & 15;
    *row = {unit_, 0, 0, -1, -1};
    unit_ += (head & 7) + 1u;
    if (kind == kNoLocation) return true;
    if (kind < kOneLine) {
      u8 columns = byte();
      row->column = kind << 3 | (columns >> 4 & 7);
      row->end_column = row->column + (columns & 15);
    } else if (kind < kNoColumns) {
      line_ += kind - kOneLine;
      row->column = byte();
      row->end_column = byte();
    } else {
      line_ += difference();
    }
    row->line = row->end_line = line_;
    if (kind == kLong) {
      row->end_line += i32(number());
      row->column = i32(number()) - 1;
      row->end_column = i32(number()) - 1;
    }
    return true;
  }

 private:
  u8 byte() { return at_ < end_ ? *at_++ : 0; }
  u32 number() {
    u32 n = 0;
    for (u32 shift = 0; at_ < end_ && shift < 30; shift += 6) {
      u8 b = byte();
      n |= u32(b & 63) << shift;
      if (!(b & 64)) break;
    }
    return n & 0x3FFFFFFF;
  }
  i32 difference() {
    u32 n = number();
    return n & 1 ? -i32(n >> 1) : i32(n >> 1);
  }
  const u8 *at_, *end_;
  u32 unit_ = 0;
  i32 line_;
};

}  // namespace

std::vector<u8> location_table(const Code* code) {
  Writer writer(code->first_line);
  PositionReader reader(code);
  PositionRow row, ahead;
  if (!reader.next(&row)) return {};
  if (row.unit > 0) writer.entry({0, 0, 0, -1, -1}, row.unit);
  while (row.unit < code->unit_count) {
    bool more = reader.next(&ahead);
    u32 end = more && ahead.unit < code->unit_count ? ahead.unit : code->unit_count;
    if (end > row.unit) writer.entry(row, end - row.unit);
    if (!more) break;
    row = ahead;
  }
  return std::move(writer.out);
}

std::vector<PositionRow> read_location_table(const u8* table, size_t size, i32 first_line) {
  std::vector<PositionRow> rows;
  Reader reader(table, table + size, first_line);
  PositionRow row;
  while (reader.next(&row)) rows.push_back(row);
  return rows;
}

}  // namespace typhon
