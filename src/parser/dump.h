// Text of a syntax tree exactly as Python's ast.dump() prints it. For tests and tools.
#pragma once

#include <string>

#include "parser/ast.h"

namespace typhon::ast {

struct DumpOptions {
  bool include_attributes = false;
};

std::string dump(const Node* tree, const DumpOptions& options);

// repr() of a constant.
std::string constant_repr(const ConstantValue& value);

}  // namespace typhon::ast
