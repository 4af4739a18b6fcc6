#include "base/common.h"

#include <cstdio>
#include <cstdlib>

namespace typhon {

void check_failed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "typhon: internal error: %s:%d: check failed: %s\n", file, line, what);
  std::fflush(stderr);
  std::abort();
}

}  // namespace typhon
