// The command line and the environment variables, into g_config.
#pragma once
#include "runtime/runtime.h"

namespace typhon {

// False when the program is not to be run (-V, -h, a bad option): *exit_code then.
bool parse_options(int argc, char** argv, int* exit_code);

// LC_CTYPE, and g_config.utf8_mode where no option set it; false with a message when the environment makes no sense. Part of
// parse_options.
bool start_locale();

}  // namespace typhon
