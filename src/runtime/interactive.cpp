// The interactive prompt: the library's own code module on Typhon's input.
#include <cstdio>

#include "runtime/library.h"

#ifndef TYPHON_VERSION
#define TYPHON_VERSION "0.1.0"
#endif

namespace typhon {

int run_interactive(Thread& t) {
  auto run = [&]() -> Ref {
    Ref code_module = TRY(import_module(t, "code"));
    Ref main_module = Ref::copy(dict_peek_str(sys_modules(t), names::__main__));
    Ref space = main_module.as<Module>()->dict.load();
    Ref interact = TRY(get_attribute_utf8(t, code_module, "interact"));
    RefTo<Str> banner = TRY(str_from_ascii(t, g_config.quiet ? "" : "Typhon " TYPHON_VERSION " (Python 3.14.10)\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information."));
    RefTo<Str> farewell = TRY(str_from_ascii(t, ""));
    Value words[] = {banner, None, space, farewell};
    return call(t, interact, Args{words, 4});
  };
  Ref done = run();
  return done.failed() ? print_pending_and_exit_code(t) : 0;
}

}  // namespace typhon
