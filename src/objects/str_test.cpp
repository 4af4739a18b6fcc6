#include "objects/test_support.h"

namespace typhon {

class StrTest : public ObjectTest {};

// Text that ends with eight ASCII characters, or sixteen, has been read and written one character too far.
TEST_F(StrTest, FromUtf8StopsAtItsEnd) {
  for (const char* start : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) {
    for (size_t ascii = 1; ascii <= 24; ascii++) {
      std::string whole = start + std::string(ascii, 'x') + "\xF0\x9F\x98\x80";
      RefTo<Str> s = str_from_utf8(t, std::string_view(whole).substr(0, strlen(start) + ascii));
      ASSERT_EQ(s->length(), ascii + 1);
      EXPECT_EQ(s->at(ascii), u32('x'));
      EXPECT_EQ(s->at(ascii + 1), 0u) << start << ascii;  // the terminator
    }
  }
}

}  // namespace typhon
