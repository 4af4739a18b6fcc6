// -X importtime: how long each import took, on stderr.
#pragma once
#include "objects/str.h"
#include "runtime/runtime.h"

namespace typhon {

// Measures one import, from its making to its end; does nothing without the option. `name` must live as long.
class ImportTimer {
 public:
  explicit ImportTimer(Str* name) {
    if (g_config.import_time != 0) [[unlikely]] start(name);
  }
  ~ImportTimer() {
    if (name_ != nullptr) [[unlikely]] finish();
  }
  ImportTimer(const ImportTimer&) = delete;
  ImportTimer& operator=(const ImportTimer&) = delete;
  // -X importtime=2: the module was there.
  static void report_cached(Str* name);

 private:
  void start(Str* name);
  void finish();
  Str* name_ = nullptr;
  i64 started_ = 0;
  i64 inside_before_ = 0;  // of the enclosing import, what imports inside of it took until now
};

}  // namespace typhon
