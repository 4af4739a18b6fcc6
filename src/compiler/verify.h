// Checks the register discipline of compiled code by abstract interpretation. For tests and checking builds.
#pragma once
#include "bytecode/code.h"

namespace typhon::compiler {

// Follows every path through the code: sources must hold values, temporaries must be empty when they are overwritten and
// at returns, variables must be bound where nothing tests them, jumps must land on instructions. Calls `report` for each
// violation; returns their number.
int verify_code(const Code* code, void (*report)(void* context, u32 unit, const char* message), void* context);

}  // namespace typhon::compiler
