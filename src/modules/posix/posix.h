// Shared between the files of posix.
#pragma once
#include <sys/types.h>

#include <cerrno>
#include <vector>

#include "runtime/runtime.h"

namespace typhon {

// Runs a system call detached, again after EINTR (PEP 475: signal handlers run in between and may raise).
// A signal that has arrived is handled first, or a call that blocks would put it off.
// `call` returns -1 with errno on failure. The result is -1 only for an error other than EINTR.
template <class F>
Result<i64> system_call(Thread& t, F call) {
  TRY(safepoint(t));
  while (true) {
    i64 result;
    int error;
    {
      Detached detached(t);
      result = i64(call());
      error = errno;
    }
    errno = error;
    if (result != -1 || error != EINTR) return result;
    TRY(safepoint(t));
    errno = 0;
  }
}

// An argument that must fit a C int: OverflowError otherwise.
Result<int> int_argument(Thread& t, Value v);
// An int argument that must be a descriptor (an int, or an object with fileno()).
Result<i64> fd_argument(Thread& t, Value v);
// "dir_fd" arguments: AT_FDCWD when None or absent.
Result<i64> dir_fd_argument(Thread& t, Value v);
// A user or group id: -1 (no change) or a value of the unsigned type. TypeError, OverflowError with `name` in it.
Result<u32> id_argument(Thread& t, Value v, const char* name);
// The value of an os.sched_param.
Status scheduling_parameter(Thread& t, Value v, struct sched_param* out);
// Arguments or environment of a program: NUL-terminated texts that stay alive with this object (exec.cpp).
class TextArray {
 public:
  explicit TextArray(Thread& t) : thread_(t), keep_(t) {}
  Status add(Value v, const char* function, const char* argument);
  // The items of a mapping as "key=value". `not_a_mapping` is the text of the TypeError, with %s for the function.
  Status add_mapping(Value mapping, const char* function, const char* not_a_mapping);
  const char* first() const { return words_[0]; }
  // Adds the final null; valid until the next change.
  char** finish() {
    words_.push_back(nullptr);
    return words_.data();
  }

 private:
  Status add_pair(Value key, Value value, const char* function);
  Thread& thread_;
  RootedVector keep_;
  std::vector<char*> words_;
};
// argv of exec and posix_spawn: a tuple or list that is not empty and whose first item is not "". `what` names it in messages.
Status program_arguments(Thread& t, Value argv, const char* function, const char* what, TextArray& out);
// A path or (where allowed) a descriptor.
struct PathOrFd {
  PathArgument path;
  i64 fd = -1;
  Value given = EMPTY;
  Status get(Thread& t, Value v, const char* function, bool allow_fd, bool allow_none = false);
  const char* c_path() const { return path.path; }
};
Raised raise_path_errno(Thread& t, int error, const PathOrFd& path);

// Adds the functions of a further table to a module.
Status add_functions(Thread& t, Module* module, const char* module_name, const Method* rows);
extern const Method kFileFunctions[];           // files.cpp
extern const Method kTransferFunctions[];       // transfer.cpp
extern const Method kAttributeFunctions[];      // extended_attributes.cpp
extern const Method kProcessFunctions[];        // process.cpp
extern const Method kExecFunctions[];           // exec.cpp
extern const Method kForkFunctions[];           // fork.cpp
extern const Method kSchedulingFunctions[];     // scheduling.cpp
extern const Method kIdentityFunctions[];       // identity.cpp
extern const Method kConfigurationFunctions[];  // configuration.cpp
extern const Method kTerminalFunctions[];       // terminal.cpp
extern const Method kTimerFunctions[];          // timerfd.cpp
// Forks with Python's hooks around it: the world stopped, os.register_at_fork's functions called. `fork_function` is fork or something
// like it. -1 with errno when it failed.
pid_t fork_python(Thread& t, pid_t (*fork_function)(void* argument), void* argument);
Status add_fork_types(Thread& t, Module* module);
Status add_directory_types(Thread& t, Module* module);  // directory.cpp
extern const Method kDirectoryFunctions[];
Status add_constants(Thread& t, Module* module);  // constants.cpp
Status add_stat_types(Thread& t, Module* module);  // stat.cpp
Status add_scheduling_types(Thread& t, Module* module);
Status add_configuration(Thread& t, Module* module);
Status add_terminal_types(Thread& t, Module* module);
Status add_process_types(Thread& t, Module* module);
Ref make_stat_result(Thread& t, const struct stat& s);
extern const Method kStatFunctions[];

}  // namespace typhon
