// posix: terminals and pseudo-terminals.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utmp.h>
#undef EMPTY  // a macro of utmp.h

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_terminal_size;
constexpr StructSequenceField kTerminalSizeFields[] = {
    {"columns", "width of the terminal window in characters"}, {"lines", "height of the terminal window in characters"}, {}};

Ref f_get_terminal_size(Thread& t, Value, const Value* a) {
  int fd = a[0].is_empty() ? 1 : TRY(int_argument(t, a[0]));
  winsize size;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return raise_errno(t, errno);
  Value words[] = {Value::small_int(size.ws_col), Value::small_int(size.ws_row)};
  return struct_sequence_new(t, g_terminal_size, words, 2);
}
Ref f_ttyname(Thread& t, Value, const Value* a) {
  char name[256];
  int error = ttyname_r(TRY(int_argument(t, a[0])), name, sizeof name);
  if (error != 0) return raise_errno(t, error);
  return decode_fs(t, name, strlen(name));
}
Ref f_ctermid(Thread& t, Value, const Value*) {
  char name[L_ctermid];
  ctermid(name);
  return decode_fs(t, name, strlen(name));
}

Ref f_openpty(Thread& t, Value, const Value*) {
  int master, slave;
  if (openpty(&master, &slave, nullptr, nullptr, nullptr) != 0) return raise_errno(t, errno);
  for (int fd : {master, slave}) fcntl(fd, F_SETFD, FD_CLOEXEC);
  return tuple_of(t, Value::small_int(master), Value::small_int(slave));
}
Ref f_login_tty(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  if (login_tty(int(fd)) < 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_posix_openpt(Thread& t, Value, const Value* a) {
  int fd = posix_openpt(TRY(int_argument(t, a[0])));
  if (fd < 0) return raise_errno(t, errno);
  // Not inherited, like all descriptors that this module makes.
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    int error = errno;
    close(fd);
    return raise_errno(t, error);
  }
  return int_from(t, fd);
}
Ref f_grantpt(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  if (grantpt(int(fd)) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_unlockpt(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  if (unlockpt(int(fd)) != 0) return raise_errno(t, errno);
  return Ref::none();
}
Ref f_ptsname(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  char name[256];
  int error = ptsname_r(int(fd), name, sizeof name);
  if (error != 0) return raise_errno(t, error);
  return decode_fs(t, name, strlen(name));
}

}  // namespace

Status add_terminal_types(Thread& t, Module* module) {
  g_terminal_size = TRY(struct_sequence_type(t, "os.terminal_size", "A tuple of (columns, lines) for holding terminal window size", kTerminalSizeFields, 2)).get();
  return module_add(t, module, "terminal_size", Value(g_terminal_size));
}

const Method kTerminalFunctions[] = {
    method("get_terminal_size", f_get_terminal_size, "(fd=<unrepresentable>, /)",
           "Return the size of the terminal window as (columns, lines)."),
    method("ttyname", f_ttyname, "(fd, /)", "Return the name of the terminal device connected to 'fd'."),
    method("ctermid", f_ctermid, "()", "Return the name of the controlling terminal for this process."),
    method("openpty", f_openpty, "()", "Open a pseudo-terminal."),
    method("login_tty", f_login_tty, "(fd, /)", "Prepare the tty of which fd is a file descriptor for a new login session."),
    method("posix_openpt", f_posix_openpt, "(oflag, /)", "Open and return a file descriptor for a master pseudo-terminal device."),
    method("grantpt", f_grantpt, "(fd, /)", "Grant access to the slave pseudo-terminal device."),
    method("unlockpt", f_unlockpt, "(fd, /)", "Unlock a pseudo-terminal master/slave pair."),
    method("ptsname", f_ptsname, "(fd, /)", "Return the name of the slave pseudo-terminal device."),
    {},
};

}  // namespace typhon
