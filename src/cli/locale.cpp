// The locale at start-up: the user's LC_CTYPE; the C locale means UTF-8 (PEP 538, PEP 540).
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <langinfo.h>

#include "cli/options.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

const char* environment(const char* name) {
  if (g_config.ignore_environment) return nullptr;
  const char* value = std::getenv(name);
  return value != nullptr && *value != 0 ? value : nullptr;
}

// Puts a UTF-8 locale in the place of the C one, for subprocesses as well. LC_ALL would win over LC_CTYPE: then nothing is done.
void coerce_c_locale(bool warn) {
  const char* all = std::getenv("LC_ALL");
  if (all != nullptr && *all != 0) return;
  for (const char* target : {"C.UTF-8", "C.utf8", "UTF-8"}) {
    if (std::setlocale(LC_CTYPE, target) == nullptr) continue;
    const char* codeset = nl_langinfo(CODESET);
    if (codeset == nullptr || *codeset == 0) continue;
    if (warn) {
      std::fprintf(stderr,
                   "Python detected LC_CTYPE=C: LC_CTYPE coerced to %.20s (set another locale or PYTHONCOERCECLOCALE=0 to disable this "
                   "locale coercion behavior).\n",
                   target);
    }
    ::setenv("LC_CTYPE", target, 1);
    return;
  }
  std::setlocale(LC_CTYPE, "C");
}

}  // namespace

bool start_locale() {
  std::setlocale(LC_CTYPE, "");
  const char* now = std::setlocale(LC_CTYPE, nullptr);
  bool c_locale = now != nullptr && (std::strcmp(now, "C") == 0 || std::strcmp(now, "POSIX") == 0);
  if (g_config.utf8_mode < 0) {
    if (const char* mode = environment("PYTHONUTF8")) {
      if (std::strcmp(mode, "1") != 0 && std::strcmp(mode, "0") != 0) {
        std::fprintf(stderr, "Fatal Python error: preconfig_init_utf8_mode: invalid PYTHONUTF8 environment variable value\n");
        return false;
      }
      g_config.utf8_mode = *mode == '1';
    } else {
      g_config.utf8_mode = c_locale;
    }
  }
  const char* coerce = environment("PYTHONCOERCECLOCALE");
  bool warn = coerce != nullptr && std::strcmp(coerce, "warn") == 0;
  if (!c_locale) return true;
  if (coerce == nullptr || std::strcmp(coerce, "0") != 0) coerce_c_locale(warn);
  now = std::setlocale(LC_CTYPE, nullptr);
  if (warn && now != nullptr && std::strcmp(now, "C") == 0) {
    std::fprintf(stderr,
                 "Python runtime initialized with LC_CTYPE=C (a locale with default ASCII encoding), which may cause Unicode "
                 "compatibility problems. Using C.UTF-8, C.utf8, or UTF-8 (if available) as alternative Unicode-compatible locales is "
                 "recommended.\n");
  }
  return true;
}

}  // namespace typhon
