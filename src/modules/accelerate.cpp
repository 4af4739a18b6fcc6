#include "modules/accelerate.h"

#include "modules/_futures/futures.h"
#include "modules/_thread/condition.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

struct Accelerated {
  std::string_view file;  // below the library's folder
  Status (*replace)(Thread& t, Dict* globals);
};
constexpr Accelerated kAccelerated[] = {
    {"/threading.py", accelerate_threading},
    {"/queue.py", accelerate_queue},
    {"/concurrent/futures/_base.py", futures::accelerate_base},
    {"/concurrent/futures/thread.py", futures::accelerate_thread_pool},
};

}  // namespace

Status accelerate_module(Thread& t, Code* code, Dict* globals) {
  Utf8Buffer buffer, name_buffer;
  if (str_utf8(code->name.as<Str>(), name_buffer) != "<module>") return ok();
  std::string_view file = str_utf8(code->filename.as<Str>(), buffer), folder = g_stdlib_dir;
  if (file.substr(0, folder.size()) != folder) return ok();
  file.remove_prefix(folder.size());
  for (const Accelerated& entry : kAccelerated)
    if (file == entry.file) return entry.replace(t, globals);
  return ok();
}

}  // namespace typhon
