// Options as CPython 3.14's command line has them (docs: using/cmdline).
#include "cli/options.h"

#include <cstdio>
#include <cstdlib>

#ifndef TYPHON_VERSION
#define TYPHON_VERSION "0.1.0"
#endif

namespace typhon {
namespace {

constexpr const char* kUsage =
    "usage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\n"
    "Options (and corresponding environment variables):\n"
    "-B     : don't write compiled files on import (PYTHONDONTWRITEBYTECODE=x)\n"
    "-c cmd : program passed in as string (ends the option list)\n"
    "-E     : ignore PYTHON* environment variables\n"
    "-h     : print this help and exit (also -? or --help)\n"
    "-i     : inspect interactively after running the script (PYTHONINSPECT=x)\n"
    "-I     : isolate from the user's environment (implies -E, -P and -s)\n"
    "-m mod : run library module as a script (ends the option list)\n"
    "-O     : remove assert statements and __debug__-dependent code (PYTHONOPTIMIZE=x)\n"
    "-OO    : do -O changes and also discard docstrings\n"
    "-P     : don't prepend a potentially unsafe path to sys.path (PYTHONSAFEPATH)\n"
    "-q     : don't print version and copyright messages on interactive start-up\n"
    "-s     : don't add the user's site directory to sys.path (PYTHONNOUSERSITE=x)\n"
    "-S     : don't imply 'import site' on start-up\n"
    "-u     : unbuffered stdout and stderr (PYTHONUNBUFFERED=x)\n"
    "-v     : verbose (PYTHONVERBOSE=x)\n"
    "-V     : print the version and exit (also --version)\n"
    "-W arg : warning control (PYTHONWARNINGS=arg)\n"
    "-X opt : set an implementation option: gil=0|1, int_max_str_digits=N, dev, utf8\n"
    "file   : program read from script file\n"
    "-      : program read from stdin (default; interactive mode if a tty)\n"
    "arg ...: arguments passed to the program in sys.argv[1:]\n";

bool push(char*** list, int* count, char* item) {
  *list = static_cast<char**>(realloc(*list, size_t(*count + 1) * sizeof(char*)));
  (*list)[(*count)++] = item;
  return true;
}

const char* environment(const char* name) {
  if (g_config.ignore_environment) return nullptr;
  const char* value = getenv(name);
  return value != nullptr && *value != 0 ? value : nullptr;
}

int count_setting(const char* name) {
  const char* value = environment(name);
  if (value == nullptr) return 0;
  char* end;
  long n = strtol(value, &end, 10);
  return *end == 0 && n >= 0 ? int(n) : 1;
}

bool names(const char* option, const char* name) {
  size_t n = strlen(name);
  return strncmp(option, name, n) == 0 && (option[n] == 0 || option[n] == '=');
}
const char* value_of(const char* option) {
  const char* equals = strchr(option, '=');
  return equals != nullptr ? equals + 1 : nullptr;
}

// Each stores what a setting says, or prints what is wrong with it: false.
bool digits_limit(const char* text, const char* where) {
  char* end = nullptr;
  long n = text != nullptr ? strtol(text, &end, 10) : -1;
  if (text == nullptr || *text == 0 || *end != 0 || (n != 0 && n < 640) || n > 0x7FFFFFFF) {
    std::fprintf(stderr,
                 "Fatal Python error: config_init_int_max_str_digits: %s: invalid limit; must be >= 640 or 0 for unlimited.\n", where);
    return false;
  }
  g_config.int_max_str_digits = n;
  return true;
}
bool cpu_count(const char* text, const char* problem) {
  char* end = nullptr;
  long n = text != nullptr ? strtol(text, &end, 10) : 0;
  if (text != nullptr && strcmp(text, "default") == 0) {
    n = -1;
  } else if (text == nullptr || *end != 0 || n < 1 || n > 0x7FFFFFFF) {
    std::fprintf(stderr, "Fatal Python error: config_init_cpu_count: %s\n", problem);
    return false;
  }
  g_config.cpu_count = n;
  return true;
}
// Code of a thread's own is CPython's; the setting is checked, and has no effect.
bool thread_local_bytecode(const char* text, const char* problem) {
  if (text != nullptr && (strcmp(text, "0") == 0 || strcmp(text, "1") == 0)) return true;
  std::fprintf(stderr, "Fatal Python error: config_init_tlbc: %s\n", problem);
  return false;
}

// Whether modules of start-up come without a search. Nothing means "on".
bool frozen_modules(const char* text, const char* source) {
  std::string_view value = text != nullptr ? text : "";
  bool on = value.empty() || value == "on";
  if (!on && value != "off") {
    std::fprintf(stderr, "Fatal Python error: bad value for %s (expected \"on\" or \"off\")\nPython runtime state: preinitialized\n\n", source);
    return false;
  }
  g_config.frozen_modules = on;
  return true;
}

// What is no number means 1.
bool import_time(const char* text) {
  char* end;
  long n = text != nullptr && *text != 0 ? strtol(text, &end, 10) : 1;
  if (text != nullptr && *text != 0 && *end != 0) n = 1;
  if (n < 0 || n > 2) {
    std::fprintf(stderr, "Fatal Python error: config_init_import_time: -X importtime: values other than 1 and 2 are reserved for future use.\n");
    return false;
  }
  g_config.import_time = int(n);
  return true;
}

// -X option; false with a message when its value makes no sense.
bool x_option(const char* option) {
  if (strcmp(option, "gil=1") == 0) {
    g_config.gil = 1;
  } else if (strcmp(option, "gil=0") == 0) {
    g_config.gil = 0;
  } else if (strncmp(option, "gil", 3) == 0 && (option[3] == 0 || option[3] == '=')) {
    std::fprintf(stderr, "Fatal Python error: config_read_gil: PYTHON_GIL / -X gil must be \"0\" or \"1\"\n");
    return false;
  } else if (names(option, "int_max_str_digits")) {
    if (!digits_limit(value_of(option), "-X int_max_str_digits")) return false;
  } else if (names(option, "cpu_count")) {
    if (!cpu_count(value_of(option), "-X cpu_count=n option: n is missing or an invalid number, n must be greater than 0")) return false;
  } else if (names(option, "tlbc")) {
    if (!thread_local_bytecode(value_of(option), "-X tlbc=n: n is missing or invalid")) return false;
  } else if (names(option, "frozen_modules")) {
    if (!frozen_modules(value_of(option), "option -X frozen_modules")) return false;
  } else if (names(option, "pycache_prefix")) {
    const char* prefix = value_of(option);
    g_config.pycache_prefix = prefix != nullptr ? prefix : "";
  } else if (strcmp(option, "dev") == 0) {
    g_config.dev_mode = true;
  } else if (strcmp(option, "utf8") == 0 || strcmp(option, "utf8=1") == 0) {
    g_config.utf8_mode = 1;
  } else if (strcmp(option, "utf8=0") == 0) {
    g_config.utf8_mode = 0;
  } else if (strcmp(option, "no_debug_ranges") == 0) {
    g_config.debug_ranges = false;
  } else if (names(option, "importtime")) {
    return import_time(value_of(option));
  } else if (strcmp(option, "warn_default_encoding") == 0) {
    g_config.warn_default_encoding = 1;
  }
  return true;
}

// `random_hashes`: -R was given.
bool read_environment(bool gil_given, bool random_hashes) {
  Config& c = g_config;
  if (!gil_given) {
    if (const char* gil = environment("PYTHON_GIL")) {
      if (strcmp(gil, "1") != 0 && strcmp(gil, "0") != 0) {
        std::fprintf(stderr, "Fatal Python error: config_read_gil: PYTHON_GIL / -X gil must be \"0\" or \"1\"\n");
        return false;
      }
      c.gil = gil[0] == '1';
      c.gil_given = true;
    }
  }
  if (environment("PYTHONDONTWRITEBYTECODE")) c.dont_write_bytecode = true;
  if (environment("PYTHONUNBUFFERED")) c.unbuffered = true;
  if (environment("PYTHONNOUSERSITE")) c.no_user_site = true;
  if (environment("PYTHONSAFEPATH")) c.safe_path = true;
  if (environment("PYTHONINSPECT")) c.inspect = true;
  if (environment("PYTHONDEVMODE")) c.dev_mode = true;
  if (const char* time = environment("PYTHONPROFILEIMPORTTIME"); time != nullptr && c.import_time == 0)
    if (!import_time(time)) return false;
  if (environment("PYTHONNODEBUGRANGES")) c.debug_ranges = false;
  int n = count_setting("PYTHONOPTIMIZE");
  if (n > c.optimize) c.optimize = n;
  n = count_setting("PYTHONVERBOSE");
  if (n > c.verbose) c.verbose = n;
  if (const char* seed = environment("PYTHONHASHSEED"); seed != nullptr && !random_hashes) {
    if (strcmp(seed, "random") != 0) {
      char* end;
      unsigned long value = strtoul(seed, &end, 10);
      if (*end != 0 || value > 4294967295ul) {
        std::fprintf(stderr, "Fatal Python error: config_init_hash_seed: PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]\n");
        return false;
      }
      c.hash_seed_given = true;
      c.hash_seed = value;
      c.hash_randomization = value != 0;
    }
  }
  bool digits_given = false, count_given = false, frozen_given = false;
  for (int i = 0; i < c.x_option_count; i++) {
    digits_given |= names(c.x_options[i], "int_max_str_digits");
    count_given |= names(c.x_options[i], "cpu_count");
    frozen_given |= names(c.x_options[i], "frozen_modules");
  }
  if (const char* digits = environment("PYTHONINTMAXSTRDIGITS"); digits != nullptr && !digits_given)
    if (!digits_limit(digits, "PYTHONINTMAXSTRDIGITS")) return false;
  if (const char* count = environment("PYTHON_CPU_COUNT"); count != nullptr && !count_given)
    if (!cpu_count(count, "PYTHON_CPU_COUNT=N: N is missing or an invalid number, n must be greater than 0")) return false;
  if (const char* frozen = environment("PYTHON_FROZEN_MODULES"); frozen != nullptr && !frozen_given)
    if (!frozen_modules(frozen, "PYTHON_FROZEN_MODULES")) return false;
  if (const char* tlbc = environment("PYTHON_TLBC"))
    if (!thread_local_bytecode(tlbc, "PYTHON_TLBC=N: N is missing or invalid")) return false;
  if (c.pycache_prefix == nullptr) c.pycache_prefix = environment("PYTHONPYCACHEPREFIX");
  if (count_setting("PYTHONDEBUG") != 0 && c.debug == 0) c.debug = 1;
  if (const char* warnings = environment("PYTHONWARNINGS")) {
    char* copy = strdup(warnings);
    // Options of the command line come after those of the environment.
    char** later = c.warn_options;
    int later_count = c.warn_option_count;
    c.warn_options = nullptr;
    c.warn_option_count = 0;
    for (char* item = strtok(copy, ","); item != nullptr; item = strtok(nullptr, ",")) push(&c.warn_options, &c.warn_option_count, item);
    for (int i = 0; i < later_count; i++) push(&c.warn_options, &c.warn_option_count, later[i]);
    free(later);
  }
  return true;
}

}  // namespace

bool parse_options(int argc, char** argv, int* exit_code) {
  Config& c = g_config;
  c.orig_argc = argc;
  c.orig_argv = argv;
  bool gil_given = false, random_hashes = false;
  int i = 1;
  bool done = false;
  auto bad = [&](char option) {
    std::fprintf(stderr, "Unknown option: -%c\nusage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n", option, argv[0]);
    *exit_code = 2;
    return false;
  };
  auto missing = [&](char option) {
    std::fprintf(stderr, "Argument expected for the -%c option\nusage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n", option, argv[0]);
    *exit_code = 2;
    return false;
  };
  while (i < argc && !done && argv[i][0] == '-' && argv[i][1] != 0) {
    char* p = argv[i] + 1;
    if (*p == '-') {
      if (strcmp(p, "-help") == 0) {
        std::printf(kUsage, argv[0]);
        return false;
      }
      if (strcmp(p, "-version") == 0) {
        std::printf("Python 3.14.10 (Typhon " TYPHON_VERSION ")\n");
        return false;
      }
      if (strncmp(p, "-check-hash-based-pycs", 22) == 0) {
        i += p[22] == 0 ? 2 : 1;
        continue;
      }
      if (p[1] == 0) {
        i++;
        break;
      }
      std::fprintf(stderr, "Unknown option: %s\nusage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\nTry `python -h' for more information.\n", argv[i], argv[0]);
      *exit_code = 2;
      return false;
    }
    for (; *p != 0; p++) {
      char option = *p;
      char* value = nullptr;
      if (strchr("cmWX", option) != nullptr) {
        if (p[1] != 0)
          value = p + 1;
        else if (i + 1 < argc)
          value = argv[++i];
        else
          return missing(option);
      }
      switch (option) {
        case 'c': c.command = value; done = true; break;
        case 'm': c.module = value; done = true; break;
        case 'W': push(&c.warn_options, &c.warn_option_count, value); break;
        case 'X':
          push(&c.x_options, &c.x_option_count, value);
          if (strncmp(value, "gil", 3) == 0) gil_given = true;
          if (!x_option(value)) {
            *exit_code = 1;
            return false;
          }
          break;
        case 'B': c.dont_write_bytecode = true; break;
        case 'b': c.bytes_warning++; break;
        case 'd': c.debug++; break;
        case 'E': c.ignore_environment = true; break;
        case 'h':
        case '?': std::printf(kUsage, argv[0]); return false;
        case 'i': c.inspect = c.interactive = true; break;
        case 'I': c.isolated = c.ignore_environment = c.no_user_site = c.safe_path = true; break;
        case 'O': c.optimize++; break;
        case 'P': c.safe_path = true; break;
        case 'q': c.quiet = true; break;
        case 'R': random_hashes = true; break;
        case 's': c.no_user_site = true; break;
        case 'S': c.no_site = true; break;
        case 'u': c.unbuffered = true; break;
        case 'v': c.verbose++; break;
        case 'V': std::printf("Python 3.14.10 (Typhon " TYPHON_VERSION ")\n"); return false;
        case 'x': break;
        default: return bad(option);
      }
      if (value != nullptr) break;
    }
    i++;
  }
  c.gil_given = gil_given;
  if (!read_environment(gil_given, random_hashes) || !start_locale()) {
    *exit_code = 1;
    return false;
  }
  // -b goes before everything else: the last option wins.
  static char bytes_error[] = "error::BytesWarning", bytes_default[] = "default::BytesWarning";
  if (c.bytes_warning > 0) push(&c.warn_options, &c.warn_option_count, c.bytes_warning > 1 ? bytes_error : bytes_default);
  // sys.argv: "-c", "-m" (runpy replaces it) or the script, then the rest.
  static char dash_c[] = "-c", dash_m[] = "-m", nothing[] = "";
  char** list = nullptr;
  int count = 0;
  if (c.command != nullptr) {
    push(&list, &count, dash_c);
  } else if (c.module != nullptr) {
    push(&list, &count, dash_m);
  } else if (i < argc) {
    c.script = argv[i];
    push(&list, &count, argv[i++]);
  } else {
    push(&list, &count, nothing);
  }
  for (; i < argc; i++) push(&list, &count, argv[i]);
  c.argc = count;
  c.argv = list;
  return true;
}

}  // namespace typhon
