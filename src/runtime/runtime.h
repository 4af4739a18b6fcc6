// Start-up, import of native modules, running programs, shutdown.
#pragma once
#include "objects/protocol/services.h"

namespace typhon {

// What the command line and the environment decide (cli/options.cpp fills it).
struct Config {
  int gil = 0;                    // 1: GIL mode
  bool isolated = false, ignore_environment = false, no_site = false, no_user_site = false, dont_write_bytecode = false,
       quiet = false, inspect = false, interactive = false, unbuffered = false, safe_path = false, dev_mode = false, frozen_modules = true;
  int optimize = 0, verbose = 0, debug = 0, bytes_warning = 0, utf8_mode = -1, warn_default_encoding = 0;
  int hash_randomization = 1;
  u64 hash_seed = 0; bool hash_seed_given = false;
  const char* command = nullptr;  // -c
  const char* module = nullptr;   // -m
  const char* script = nullptr;   // file, "-" or null (stdin / REPL)
  int argc = 0; char** argv = nullptr;  // arguments that sys.argv shows, from the script on
  int orig_argc = 0; char** orig_argv = nullptr;
  char** warn_options = nullptr; int warn_option_count = 0;
  char** x_options = nullptr; int x_option_count = 0;
  i64 int_max_str_digits = 4300;
  bool gil_given = false;         // by option or environment: sys.flags.gil
  bool debug_ranges = true;       // not with -X no_debug_ranges
  int import_time = 0;            // -X importtime: 1, or 2 for cached modules as well
  i64 cpu_count = -1;             // -X cpu_count, PYTHON_CPU_COUNT
  const char* pycache_prefix = nullptr;
};
extern Config g_config;
extern char g_executable[4096];   // absolute path of the binary
extern char g_stdlib_dir[4096];   // <prefix>/lib/python3.14
extern char g_prefix[4096];

Status runtime_start(Thread& t);      // everything up to and including `import site`
int runtime_run_main(Thread& t);      // -c, -m, script, stdin, REPL; the exit code
int runtime_shutdown(Thread& t, int code);  // threading._shutdown, atexit, flush, gc

// Native modules by name (sys.builtin_module_names).
// modules/registry.cpp
const ModuleDef* find_native_module(std::string_view name);
Ref create_native_module(Thread& t, const ModuleDef& definition);

// Source to code: `mode` "exec", "eval", "single"; flags: PyCF_* and inherited futures; feature_version: the N of the Python 3.N
// whose syntax is meant, -1 for this one's. SyntaxError on failure.
Ref compile_source(Thread& t, std::string_view source, Value filename, const char* mode, int flags, bool dont_inherit,
                   int optimize, bool is_bytes, bool is_file = false, int feature_version = -1);
// What start-up puts first on sys.path, for the hints of errors (module_hints.cpp).
void remember_first_directory(std::string_view directory);
// Prints the pending exception as CPython's main does (sys.excepthook), handles SystemExit; the exit code.
int print_pending_and_exit_code(Thread& t);
// Compiled code to bytes and back (marshal format for code objects, own magic).
Ref marshal_dumps(Thread& t, Value v, int version);
// `owner`: immutable Bytes that the data lies in: the code keeps them, and unpacks functions when they are called. EMPTY: all at once.
Ref marshal_loads(Thread& t, const u8* data, size_t n, Value owner = EMPTY);
// For g_unpack_body (bytecode/code.h).
Status unpack_code_body(Thread& t, Code* code, Value owner, const u8* data, size_t n);

}  // namespace typhon
