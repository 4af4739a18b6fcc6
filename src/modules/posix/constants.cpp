// posix: constants, and the list of what the platform has (os.supports_*).
#include <climits>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <sysexits.h>
#include <unistd.h>
#include <cstdio>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

struct Row {
  const char* name;
  i64 value;
};
#define C(name) {#name, i64(name)}
constexpr Row kRows[] = {
    C(F_OK), C(R_OK), C(W_OK), C(X_OK), C(NGROUPS_MAX), C(TMP_MAX), C(WCONTINUED), C(WNOHANG), C(WUNTRACED), C(O_RDONLY), C(O_WRONLY),
    C(O_RDWR), C(O_NDELAY), C(O_NONBLOCK), C(O_APPEND), C(O_DSYNC), C(O_RSYNC), C(O_SYNC), C(O_NOCTTY), C(O_CREAT), C(O_EXCL), C(O_TRUNC),
    C(O_LARGEFILE), C(O_PATH), C(O_TMPFILE), C(PRIO_PROCESS), C(PRIO_PGRP), C(PRIO_USER), C(O_CLOEXEC), C(O_ACCMODE), C(O_FSYNC),
    C(SEEK_HOLE), C(SEEK_DATA), C(O_ASYNC), C(O_DIRECT), C(O_DIRECTORY), C(O_NOFOLLOW), C(O_NOATIME), C(EX_OK), C(EX_USAGE), C(EX_DATAERR),
    C(EX_NOINPUT), C(EX_NOUSER), C(EX_NOHOST), C(EX_UNAVAILABLE), C(EX_SOFTWARE), C(EX_OSERR), C(EX_OSFILE), C(EX_CANTCREAT), C(EX_IOERR),
    C(EX_TEMPFAIL), C(EX_PROTOCOL), C(EX_NOPERM), C(EX_CONFIG), C(ST_RDONLY), C(ST_NOSUID), C(ST_NODEV), C(ST_NOEXEC), C(ST_SYNCHRONOUS),
    C(ST_MANDLOCK), C(ST_WRITE), C(ST_APPEND), C(ST_NOATIME), C(ST_NODIRATIME), C(ST_RELATIME), C(POSIX_FADV_NORMAL),
    C(POSIX_FADV_SEQUENTIAL), C(POSIX_FADV_RANDOM), C(POSIX_FADV_NOREUSE), C(POSIX_FADV_WILLNEED), C(POSIX_FADV_DONTNEED), C(P_PID),
    C(P_PGID), C(P_ALL), C(WEXITED), C(WNOWAIT), C(WSTOPPED), C(CLD_EXITED), C(CLD_KILLED), C(CLD_DUMPED), C(CLD_TRAPPED), C(CLD_STOPPED),
    C(CLD_CONTINUED), C(F_LOCK), C(F_TLOCK), C(F_ULOCK), C(F_TEST), C(SCHED_OTHER), C(SCHED_FIFO), C(SCHED_RR), C(SCHED_BATCH), C(SCHED_IDLE),
    C(RTLD_LAZY), C(RTLD_NOW), C(RTLD_GLOBAL), C(RTLD_LOCAL), C(RTLD_NODELETE), C(RTLD_NOLOAD), C(RTLD_DEEPBIND), C(GRND_RANDOM), C(GRND_NONBLOCK),
    C(CLONE_FILES), C(CLONE_FS), C(CLONE_NEWCGROUP), C(CLONE_NEWIPC), C(CLONE_NEWNET), C(CLONE_NEWNS), C(CLONE_NEWPID),
    C(CLONE_NEWTIME), C(CLONE_NEWUSER), C(CLONE_NEWUTS), C(CLONE_SIGHAND), C(CLONE_SYSVSEM), C(CLONE_THREAD), C(CLONE_VM),
    C(MFD_HUGE_16GB), C(MFD_HUGE_16MB), C(MFD_HUGE_1GB), C(MFD_HUGE_1MB), C(MFD_HUGE_256MB), C(MFD_HUGE_2GB), C(MFD_HUGE_2MB),
    C(MFD_HUGE_32MB), C(MFD_HUGE_512KB), C(MFD_HUGE_512MB), C(MFD_HUGE_64KB), C(MFD_HUGE_8MB), C(MFD_HUGE_MASK), C(MFD_HUGE_SHIFT),
    C(RWF_APPEND), C(RWF_DSYNC), C(RWF_HIPRI), C(RWF_NOWAIT), C(RWF_SYNC), C(SCHED_DEADLINE), C(SCHED_RESET_ON_FORK),
    C(SPLICE_F_MORE), C(SPLICE_F_MOVE), C(SPLICE_F_NONBLOCK), C(TFD_CLOEXEC), C(TFD_NONBLOCK), C(TFD_TIMER_ABSTIME),
    C(TFD_TIMER_CANCEL_ON_SET), C(XATTR_CREATE), C(XATTR_REPLACE),
    {"SCHED_NORMAL", SCHED_OTHER}, {"XATTR_SIZE_MAX", 65536},
};
#undef C

// Only what is implemented may be claimed: os.py derives supports_dir_fd and the like from it.
constexpr const char* kHave[] = {"HAVE_EVENTFD", "HAVE_FACCESSAT", "HAVE_FCHDIR", "HAVE_FCHMOD", "HAVE_FCHMODAT", "HAVE_FCHOWN", "HAVE_FCHOWNAT",
                                 "HAVE_FDOPENDIR", "HAVE_FEXECVE", "HAVE_FPATHCONF", "HAVE_FSTATAT", "HAVE_FSTATVFS", "HAVE_FTRUNCATE", "HAVE_FUTIMENS", "HAVE_FUTIMES", "HAVE_FUTIMESAT", "HAVE_LCHOWN", "HAVE_LINKAT",
                                 "HAVE_MKDIRAT", "HAVE_MKFIFOAT", "HAVE_OPENAT", "HAVE_READLINKAT", "HAVE_RENAMEAT", "HAVE_SYMLINKAT",
                                 "HAVE_UNLINKAT", "HAVE_UTIMENSAT", "HAVE_LSTAT", "HAVE_LUTIMES", "HAVE_MEMFD_CREATE", "HAVE_MKNODAT", "HAVE_PTSNAME_R", "HAVE_TIMERFD_CREATE"};

}  // namespace

Status add_constants(Thread& t, Module* module) {
  for (const Row& row : kRows) TRY(module_add_int(t, module, row.name, row.value));
  RefTo<List> have = TRY(list_new(t));
  for (const char* name : kHave) {
    RefTo<Str> text = TRY(str_from_ascii(t, name));
    TRY(list_append(t, have.get(), text.value()));
  }
  return module_add(t, module, "_have_functions", have.value());
}

}  // namespace typhon
