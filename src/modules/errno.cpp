// errno: the error numbers of Linux, from the system's headers.
#include <cerrno>

#include "objects/module.h"

namespace typhon {
namespace {

struct Row {
  const char* name;
  int value;
};
#define E(name) {#name, name}
constexpr Row kRows[] = {
    E(ENODEV), E(ENOCSI), E(EHOSTUNREACH), E(ENOMSG), E(EUCLEAN), E(EL2NSYNC), E(EL2HLT), E(ENODATA), E(ENOTBLK), E(ENOSYS),
    E(EPIPE), E(EINVAL), E(EOVERFLOW), E(EADV), E(EINTR), E(EUSERS), E(ENOTEMPTY), E(ENOBUFS), E(EPROTO), E(EREMOTE),
    E(ENAVAIL), E(ECHILD), E(ELOOP), E(EXDEV), E(E2BIG), E(ESRCH), E(EMSGSIZE), E(EAFNOSUPPORT), E(EBADR), E(EHOSTDOWN),
    E(EPFNOSUPPORT), E(ENOPROTOOPT), E(EBUSY), E(EWOULDBLOCK), E(EBADFD), E(EDOTDOT), E(EISCONN), E(ENOTCONN), E(ESHUTDOWN),
    E(ENONET), E(EBADE), E(EBADF), E(EMULTIHOP), E(EIO), E(EUNATCH), E(EPROTOTYPE), E(ENOSPC), E(ENOEXEC), E(EALREADY),
    E(ENETDOWN), E(ENOTNAM), E(EACCES), E(ELNRNG), E(EILSEQ), E(ENOTDIR), E(ENOTUNIQ), E(EPERM), E(EDOM), E(EXFULL),
    E(ECONNREFUSED), E(EISDIR), E(EPROTONOSUPPORT), E(EROFS), E(EADDRNOTAVAIL), E(EIDRM), E(ECOMM), E(ESRMNT), E(EREMOTEIO),
    E(EL3RST), E(EBADMSG), E(ENFILE), E(ELIBMAX), E(ESPIPE), E(ENOLINK), E(ENETRESET), E(ETIMEDOUT), E(ENOENT), E(EEXIST),
    E(EDQUOT), E(ENOSTR), E(EBADSLT), E(EBADRQC), E(ELIBACC), E(EFAULT), E(EFBIG), E(EDEADLK), E(ENOTSUP), E(EDEADLOCK),
    E(ELIBSCN), E(ENOLCK), E(EISNAM), E(ECONNABORTED), E(ENETUNREACH), E(ESTALE), E(ENOSR), E(ENOMEM), E(ENOTSOCK),
    E(ESTRPIPE), E(EMLINK), E(ERANGE), E(ELIBEXEC), E(EL3HLT), E(ECONNRESET), E(EADDRINUSE), E(EOPNOTSUPP), E(EREMCHG),
    E(EAGAIN), E(ENAMETOOLONG), E(ENOTTY), E(ERESTART), E(ESOCKTNOSUPPORT), E(ETIME), E(EBFONT), E(ETOOMANYREFS), E(EMFILE),
    E(ETXTBSY), E(EINPROGRESS), E(ENXIO), E(ELIBBAD), E(ECANCELED), E(EOWNERDEAD), E(ENOTRECOVERABLE), E(ERFKILL), E(EHWPOISON),
    E(ENOMEDIUM), E(EMEDIUMTYPE), E(ENOKEY), E(EKEYEXPIRED), E(EKEYREVOKED), E(EKEYREJECTED), E(ENOPKG), E(ENOANO), E(ECHRNG), E(EBADRQC),
};
#undef E

Status initialise(Thread& t, Module* module) {
  RefTo<Dict> codes = TRY(dict_new(t));
  for (const Row& row : kRows) {
    TRY(module_add_int(t, module, row.name, row.value));
    RefTo<Str> name = TRY(str_from_ascii(t, row.name));
    TRY(dict_set_py(t, codes.get(), Value::small_int(row.value), name));
  }
  return module_add(t, module, "errorcode", codes.value());
}

}  // namespace

extern const ModuleDef module_errno;
const ModuleDef module_errno = {"errno", "This module makes available standard errno system symbols.", nullptr, initialise};

}  // namespace typhon
