// _struct: a format string, parsed. Used by array and memoryview-like code too: one item is packed and unpacked here.
#pragma once
#include <vector>

#include "objects/module.h"

namespace typhon::structs {

struct Item {
  char code;
  u8 size;      // of one value; 1 for 's', 'p', 'x'
  bool big;     // byte order
  bool is_signed;
  u32 reserved;
  i64 offset;
  i64 count;    // repetitions; for 's' and 'p' the length
};
struct Format {
  std::vector<Item> items;
  i64 size = 0;
  i64 values = 0;  // how many Python values
  Format* previous = nullptr;  // replaced by a second __init__; freed with the object
};

extern Type* g_error;

// Null with an exception pending.
Format* parse_format(Thread& t, std::string_view text);
Status pack_item(Thread& t, const Item& item, u8* out, Value v);
Ref unpack_item(Thread& t, const Item& item, const u8* in);

}  // namespace typhon::structs
