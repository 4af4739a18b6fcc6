// Between the files that implement str; not for others.
#pragma once
#include "objects/protocol/protocol.h"
#include "objects/str_search.h"

namespace typhon {

extern const Method kStrMethods[];  // str_methods.cpp

// Start and end arguments of find, count, startswith...: EMPTY and None mean the ends; clamped to 0..length.
struct Bounds {
  size_t start, end;
  bool valid;  // start <= end before clamping start to the length
};
Result<Bounds> resolve_bounds(Thread& t, Value start, Value end, size_t length);

Ref str_remainder(Thread& t, Value format, Value argument);          // str_percent.cpp
Ref str_format_method(Thread& t, Value self, Args args);             // str_formatter.cpp
Ref str_format_map(Thread& t, Value self, const Value* a);
// str_case.cpp
Ref str_capitalize(Thread& t, Value self, const Value* a);
Ref str_casefold(Thread& t, Value self, const Value* a);
Ref str_lower(Thread& t, Value self, const Value* a);
Ref str_upper(Thread& t, Value self, const Value* a);
Ref str_swapcase(Thread& t, Value self, const Value* a);
Ref str_title(Thread& t, Value self, const Value* a);
Ref str_isalnum(Thread& t, Value self, const Value* a);
Ref str_isalpha(Thread& t, Value self, const Value* a);
Ref str_isascii(Thread& t, Value self, const Value* a);
Ref str_isdecimal(Thread& t, Value self, const Value* a);
Ref str_isdigit(Thread& t, Value self, const Value* a);
Ref str_isidentifier(Thread& t, Value self, const Value* a);
Ref str_islower(Thread& t, Value self, const Value* a);
Ref str_isnumeric(Thread& t, Value self, const Value* a);
Ref str_isprintable(Thread& t, Value self, const Value* a);
Ref str_isspace(Thread& t, Value self, const Value* a);
Ref str_istitle(Thread& t, Value self, const Value* a);
Ref str_isupper(Thread& t, Value self, const Value* a);

bool str_is_identifier(const Str* s);

}  // namespace typhon
