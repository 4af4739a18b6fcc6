// posix: pathconf, confstr, sysconf and the names that they know.
#include <climits>
#include <string>
#include <unistd.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

struct ConfRow {
  const char* name;
  int value;
};
#define N(name) {#name, _##name}
constexpr ConfRow kPathconf[] = {
    N(PC_ASYNC_IO), N(PC_CHOWN_RESTRICTED), N(PC_FILESIZEBITS), N(PC_LINK_MAX), N(PC_MAX_CANON), N(PC_MAX_INPUT),
    N(PC_NAME_MAX), N(PC_NO_TRUNC), N(PC_PATH_MAX), N(PC_PIPE_BUF), N(PC_PRIO_IO), N(PC_SOCK_MAXBUF), N(PC_SYNC_IO),
    N(PC_VDISABLE), N(PC_ALLOC_SIZE_MIN), N(PC_REC_INCR_XFER_SIZE), N(PC_REC_MAX_XFER_SIZE), N(PC_REC_MIN_XFER_SIZE),
    N(PC_REC_XFER_ALIGN), N(PC_SYMLINK_MAX),
};
constexpr ConfRow kConfstr[] = {
    N(CS_GNU_LIBC_VERSION), N(CS_GNU_LIBPTHREAD_VERSION), N(CS_LFS64_CFLAGS), N(CS_LFS64_LDFLAGS), N(CS_LFS64_LIBS),
    N(CS_LFS64_LINTFLAGS), N(CS_LFS_CFLAGS), N(CS_LFS_LDFLAGS), N(CS_LFS_LIBS), N(CS_LFS_LINTFLAGS), N(CS_PATH),
    N(CS_XBS5_ILP32_OFF32_CFLAGS), N(CS_XBS5_ILP32_OFF32_LDFLAGS), N(CS_XBS5_ILP32_OFF32_LIBS),
    N(CS_XBS5_ILP32_OFF32_LINTFLAGS), N(CS_XBS5_ILP32_OFFBIG_CFLAGS), N(CS_XBS5_ILP32_OFFBIG_LDFLAGS),
    N(CS_XBS5_ILP32_OFFBIG_LIBS), N(CS_XBS5_ILP32_OFFBIG_LINTFLAGS), N(CS_XBS5_LP64_OFF64_CFLAGS),
    N(CS_XBS5_LP64_OFF64_LDFLAGS), N(CS_XBS5_LP64_OFF64_LIBS), N(CS_XBS5_LP64_OFF64_LINTFLAGS), N(CS_XBS5_LPBIG_OFFBIG_CFLAGS),
    N(CS_XBS5_LPBIG_OFFBIG_LDFLAGS), N(CS_XBS5_LPBIG_OFFBIG_LIBS), N(CS_XBS5_LPBIG_OFFBIG_LINTFLAGS),
};
constexpr ConfRow kSysconf[] = {
    N(SC_2_CHAR_TERM), N(SC_2_C_BIND), N(SC_2_C_DEV), N(SC_2_C_VERSION), N(SC_2_FORT_DEV), N(SC_2_FORT_RUN), N(SC_2_LOCALEDEF),
    N(SC_2_SW_DEV), N(SC_2_UPE), N(SC_2_VERSION), N(SC_AIO_LISTIO_MAX), N(SC_AIO_MAX), N(SC_AIO_PRIO_DELTA_MAX), N(SC_ARG_MAX),
    N(SC_ASYNCHRONOUS_IO), N(SC_ATEXIT_MAX), N(SC_AVPHYS_PAGES), N(SC_BC_BASE_MAX), N(SC_BC_DIM_MAX), N(SC_BC_SCALE_MAX),
    N(SC_BC_STRING_MAX), N(SC_CHARCLASS_NAME_MAX), N(SC_CHAR_BIT), N(SC_CHAR_MAX), N(SC_CHAR_MIN), N(SC_CHILD_MAX),
    N(SC_CLK_TCK), N(SC_COLL_WEIGHTS_MAX), N(SC_DELAYTIMER_MAX), N(SC_EQUIV_CLASS_MAX), N(SC_EXPR_NEST_MAX), N(SC_FSYNC),
    N(SC_GETGR_R_SIZE_MAX), N(SC_GETPW_R_SIZE_MAX), N(SC_INT_MAX), N(SC_INT_MIN), N(SC_IOV_MAX), N(SC_JOB_CONTROL),
    N(SC_LINE_MAX), N(SC_LOGIN_NAME_MAX), N(SC_LONG_BIT), N(SC_MAPPED_FILES), N(SC_MB_LEN_MAX), N(SC_MEMLOCK),
    N(SC_MEMLOCK_RANGE), N(SC_MEMORY_PROTECTION), N(SC_MESSAGE_PASSING), N(SC_MQ_OPEN_MAX), N(SC_MQ_PRIO_MAX),
    N(SC_NGROUPS_MAX), N(SC_NL_ARGMAX), N(SC_NL_LANGMAX), N(SC_NL_MSGMAX), N(SC_NL_NMAX), N(SC_NL_SETMAX), N(SC_NL_TEXTMAX),
    N(SC_NPROCESSORS_CONF), N(SC_NPROCESSORS_ONLN), N(SC_NZERO), N(SC_OPEN_MAX), N(SC_PAGESIZE), N(SC_PAGE_SIZE),
    N(SC_PASS_MAX), N(SC_PHYS_PAGES), N(SC_PII), N(SC_PII_INTERNET), N(SC_PII_INTERNET_DGRAM), N(SC_PII_INTERNET_STREAM),
    N(SC_PII_OSI), N(SC_PII_OSI_CLTS), N(SC_PII_OSI_COTS), N(SC_PII_OSI_M), N(SC_PII_SOCKET), N(SC_PII_XTI), N(SC_POLL),
    N(SC_PRIORITIZED_IO), N(SC_PRIORITY_SCHEDULING), N(SC_REALTIME_SIGNALS), N(SC_RE_DUP_MAX), N(SC_RTSIG_MAX),
    N(SC_SAVED_IDS), N(SC_SCHAR_MAX), N(SC_SCHAR_MIN), N(SC_SELECT), N(SC_SEMAPHORES), N(SC_SEM_NSEMS_MAX),
    N(SC_SEM_VALUE_MAX), N(SC_SHARED_MEMORY_OBJECTS), N(SC_SHRT_MAX), N(SC_SHRT_MIN), N(SC_SIGQUEUE_MAX), N(SC_SSIZE_MAX),
    N(SC_STREAM_MAX), N(SC_SYNCHRONIZED_IO), N(SC_THREADS), N(SC_THREAD_ATTR_STACKADDR), N(SC_THREAD_ATTR_STACKSIZE),
    N(SC_THREAD_DESTRUCTOR_ITERATIONS), N(SC_THREAD_KEYS_MAX), N(SC_THREAD_PRIORITY_SCHEDULING), N(SC_THREAD_PRIO_INHERIT),
    N(SC_THREAD_PRIO_PROTECT), N(SC_THREAD_PROCESS_SHARED), N(SC_THREAD_SAFE_FUNCTIONS), N(SC_THREAD_STACK_MIN),
    N(SC_THREAD_THREADS_MAX), N(SC_TIMERS), N(SC_TIMER_MAX), N(SC_TTY_NAME_MAX), N(SC_TZNAME_MAX), N(SC_T_IOV_MAX),
    N(SC_UCHAR_MAX), N(SC_UINT_MAX), N(SC_UIO_MAXIOV), N(SC_ULONG_MAX), N(SC_USHRT_MAX), N(SC_VERSION), N(SC_WORD_BIT),
    N(SC_XBS5_ILP32_OFF32), N(SC_XBS5_ILP32_OFFBIG), N(SC_XBS5_LP64_OFF64), N(SC_XBS5_LPBIG_OFFBIG), N(SC_XOPEN_CRYPT),
    N(SC_XOPEN_ENH_I18N), N(SC_XOPEN_LEGACY), N(SC_XOPEN_REALTIME), N(SC_XOPEN_REALTIME_THREADS), N(SC_XOPEN_SHM),
    N(SC_XOPEN_UNIX), N(SC_XOPEN_VERSION), N(SC_XOPEN_XCU_VERSION), N(SC_XOPEN_XPG2), N(SC_XOPEN_XPG3), N(SC_XOPEN_XPG4),
    N(SC_MINSIGSTKSZ),
};
#undef N

// A name as int or str; the tables are the module's dicts of the same contents.
template <size_t kCount>
Result<int> configuration_name(Thread& t, Value v, const ConfRow (&rows)[kCount]) {
  if (is_str(v)) {
    for (const ConfRow& row : rows)
      if (v.as<Str>()->equals_ascii(row.name)) return row.value;
    return raise(t, exc::ValueError, "unrecognized configuration name");
  }
  if (!is_int(v) && type_of(v)->slots.index == nullptr)
    return raise(t, exc::TypeError, "configuration names must be strings or integers");
  return int_argument(t, v);
}

Ref f_sysconf(Thread& t, Value, const Value* a) {
  int name = TRY(configuration_name(t, a[0], kSysconf));
  errno = 0;
  long value = sysconf(name);
  if (value == -1 && errno != 0) return raise_errno(t, errno);
  return int_from(t, value);
}
Ref f_pathconf(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "pathconf", true));
  int name = TRY(configuration_name(t, a[1], kPathconf));
  errno = 0;
  long value = path.c_path() != nullptr ? pathconf(path.c_path(), name) : fpathconf(int(path.fd), name);
  if (value == -1 && errno != 0) return errno == EINVAL ? raise_errno(t, errno) : raise_path_errno(t, errno, path);
  return int_from(t, value);
}
Ref f_fpathconf(Thread& t, Value, const Value* a) {
  i64 fd = TRY(fd_argument(t, a[0]));
  int name = TRY(configuration_name(t, a[1], kPathconf));
  errno = 0;
  long value = fpathconf(int(fd), name);
  if (value == -1 && errno != 0) return raise_errno(t, errno);
  return int_from(t, value);
}
Ref f_confstr(Thread& t, Value, const Value* a) {
  int name = TRY(configuration_name(t, a[0], kConfstr));
  errno = 0;
  size_t size = confstr(name, nullptr, 0);
  if (size == 0) {
    if (errno != 0) return raise_errno(t, errno);
    return Ref::none();
  }
  std::string text(size, 0);
  confstr(name, text.data(), size);
  return decode_fs(t, text.data(), size - 1);
}

template <size_t kCount>
Status add_names(Thread& t, Module* module, const char* attribute, const ConfRow (&rows)[kCount]) {
  RefTo<Dict> dict = TRY(dict_new(t, kCount));
  for (const ConfRow& row : rows) {
    RefTo<Str> name = TRY(str_from_ascii(t, row.name));
    TRY(dict_set_str(t, dict.get(), name.get(), Value::small_int(row.value)));
  }
  return module_add(t, module, attribute, dict.value());
}

}  // namespace

Status add_configuration(Thread& t, Module* module) {
  TRY(add_names(t, module, "pathconf_names", kPathconf));
  TRY(add_names(t, module, "confstr_names", kConfstr));
  return add_names(t, module, "sysconf_names", kSysconf);
}

const Method kConfigurationFunctions[] = {
    method("sysconf", f_sysconf, "(name, /)", "Return an integer-valued system configuration variable."),
    method("pathconf", f_pathconf, "(path, name)", "Return the configuration limit name for the file or directory path."),
    method("fpathconf", f_fpathconf, "(fd, name, /)", "Return the configuration limit name for the file descriptor fd."),
    method("confstr", f_confstr, "(name, /)", "Return a string-valued system configuration variable."),
    {},
};

}  // namespace typhon
