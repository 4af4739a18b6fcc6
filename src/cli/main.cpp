// The command `typhon`.
#include <csignal>
#include <malloc.h>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "cli/options.h"
#include "heap/pages.h"
#include "modules/sys/sys.h"
#include "runtime/runtime.h"
#include "threads/thread.h"

#ifdef TYPHON_PROFILE_GENERATE
extern "C" int __llvm_profile_write_file(void);
#endif

namespace typhon {
namespace {

struct Start {
  int code;
};

int run(void* argument) {
  (void)argument;
  Thread& t = attach_main_thread();
  if (g_config.gil) enable_gil();
  int code;
  if (runtime_start(t).failed()) {
    code = print_pending_and_exit_code(t);
    std::fprintf(stderr, "typhon: start-up failed\n");
    std::fflush(stderr);
    _exit(code == 0 ? 1 : code);
  }
#ifdef NDEBUG
  heap::forget_code_as_heap_grows();
#endif
  code = runtime_run_main(t);
  bool interrupted = code == kExitInterrupted;
  code = runtime_shutdown(t, code);
  std::fflush(nullptr);
  if (interrupted) {
    // The shell must see a death by SIGINT, as CPython arranges it.
    signal(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
  }
#ifdef TYPHON_PROFILE_GENERATE
  (void)__llvm_profile_write_file();  // _exit skips what does it otherwise
#endif
  _exit(code & 0xFF);
}

}  // namespace
}  // namespace typhon

namespace typhon {
int run_main_on_own_stack(int (*body)(void*), void* argument);  // threads/
}

int main(int argc, char** argv) {
  int exit_code = 0;
  if (!typhon::parse_options(argc, argv, &exit_code)) return exit_code;
  // Objects live in Typhon's own heap; malloc serves tables and buffers. Few arenas and the return of big blocks keep
  // a process with many threads small.
  mallopt(M_ARENA_MAX, 4);
  mallopt(M_MMAP_THRESHOLD, 2 << 20);
  mallopt(M_TRIM_THRESHOLD, 2 << 20);
  typhon::heap::initialise();
  return typhon::run_main_on_own_stack(typhon::run, nullptr);
}
