// posix: exec, and the arguments and environments of programs.
#include <cerrno>
#include <cstring>
#include <unistd.h>

#include "modules/posix/posix.h"

namespace typhon {

Status TextArray::add(Value v, const char* function, const char* argument) {
  PathArgument text;
  TRY(text.get(thread_, v, function, argument));
  words_.push_back(const_cast<char*>(text.path));
  keep_.push(std::move(text.keep));
  return ok();
}

Status TextArray::add_pair(Value key, Value value, const char* function) {
  PathArgument k, v;
  TRY(k.get(thread_, key, function, "env key"));
  TRY(v.get(thread_, value, function, "env value"));
  // A name may begin with '=' but not contain it.
  if (k.size == 0 || strchr(k.path + 1, '=') != nullptr) return raise(thread_, exc::ValueError, "illegal environment variable name");
  RefTo<Bytes> joined = TRY(bytes_allocate(thread_, k.size + 1 + v.size));
  memcpy(joined->data, k.path, k.size);
  joined->data[k.size] = '=';
  memcpy(joined->data + k.size + 1, v.path, v.size);
  words_.push_back(reinterpret_cast<char*>(joined->data));
  keep_.push(std::move(joined).release_ref());
  return ok();
}

Status TextArray::add_mapping(Value mapping, const char* function, const char* not_a_mapping) {
  if (!is_mapping(mapping)) return raise(thread_, exc::TypeError, not_a_mapping, function);
  // Both first: what converts their items may change the mapping.
  Ref found = TRY(call_method_with(thread_, mapping, names::keys));
  RefTo<List> keys = TRY(to_list(thread_, found));
  found = TRY(call_method_with(thread_, mapping, names::values));
  RefTo<List> values = TRY(to_list(thread_, found));
  for (size_t i = 0; i < list_size(keys.get()) && i < list_size(values.get()); i++) {
    Ref key = list_get(thread_, keys.get(), i), value = list_get(thread_, values.get(), i);
    if (key.is_empty() || value.is_empty()) break;
    TRY(add_pair(key, value, function));
  }
  return ok();
}

Status program_arguments(Thread& t, Value argv, const char* function, const char* what, TextArray& out) {
  if (!is_tuple(argv) && !is_list(argv)) return raise(t, exc::TypeError, "%s must be a tuple or list", what);
  RefTo<Tuple> given = TRY(to_tuple(t, argv));
  if (given->size == 0) return raise(t, exc::ValueError, "%s must not be empty", what);
  for (u64 i = 0; i < given->size; i++) {
    TRY(out.add(given->items[i].peek(), function, "argv"));
    if (i == 0 && out.first()[0] == 0) return raise(t, exc::ValueError, "%s first element cannot be empty", what);
  }
  return ok();
}

namespace {

Ref f_execv(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "execv", false));
  TextArray arguments(t);
  TRY(program_arguments(t, a[1], "execv", "execv() arg 2", arguments));
  execv(path.c_path(), arguments.finish());
  return raise_path_errno(t, errno, path);
}
Ref f_execve(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "execve", true));
  TextArray arguments(t), environment(t);
  TRY(program_arguments(t, a[1], "execve", "execve: argv", arguments));
  TRY(environment.add_mapping(a[2], "execve", "%s: environment must be a mapping object"));
  char** words = arguments.finish();
  char** environment_words = environment.finish();
  if (path.c_path() != nullptr)
    execve(path.c_path(), words, environment_words);
  else
    fexecve(int(path.fd), words, environment_words);
  return raise_path_errno(t, errno, path);
}

}  // namespace

const Method kExecFunctions[] = {
    method("execv", f_execv, "(path, argv, /)", "Execute an executable path with arguments, replacing current process."),
    method("execve", f_execve, "(path, argv, env)", "Execute an executable path with arguments, replacing current process."),
    {},
};

}  // namespace typhon
