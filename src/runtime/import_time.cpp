#include "runtime/import_time.h"

#include <cstdio>
#include <string>

#include "base/utf8.h"
#include "platform/os.h"

namespace typhon {
namespace {

thread_local int t_depth = 0;
thread_local i64 t_inside = 0;  // what the imports inside the current one took

// As stderr would show it: surrogates by their escapes.
std::string shown(Str* name) {
  std::string out;
  for (size_t i = 0; i < name->length(); i++) {
    u32 c = name->at(i);
    char bytes[16];
    if (c >= 0xD800 && c < 0xE000)
      out.append(bytes, size_t(std::snprintf(bytes, sizeof bytes, "\\u%04x", c)));
    else
      out.append(bytes, utf8::encode(c, bytes));
  }
  return out;
}

void header() {
  static bool done = false;
  if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED)) return;
  std::fputs("import time: self [us] | cumulative | imported package\n", stderr);
}

}  // namespace

void ImportTimer::report_cached(Str* name) {
  header();
  std::fprintf(stderr, "import time: cached    | cached     | %*s\n", t_depth * 2, shown(name).c_str());
}

void ImportTimer::start(Str* name) {
  header();
  name_ = name;
  inside_before_ = t_inside;
  t_inside = 0;
  t_depth++;
  started_ = i64(platform::monotonic_ns());
}

void ImportTimer::finish() {
  i64 all = i64(platform::monotonic_ns()) - started_, own = all - t_inside;
  t_depth--;
  t_inside = inside_before_ + all;
  std::fprintf(stderr, "import time: %9lld | %10lld | %*s%s\n", static_cast<long long>((own + 500) / 1000),
               static_cast<long long>((all + 500) / 1000), t_depth * 2, "", shown(name_).c_str());
}

}  // namespace typhon
