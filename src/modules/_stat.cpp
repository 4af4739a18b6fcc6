// _stat: constants and tests of file modes.
#include <sys/stat.h>

#include "objects/module.h"

namespace typhon {
namespace {

Result<u32> mode_argument(Thread& t, Value v) {
  Ref number = TRY(to_index(t, v));
  u64 mode;
  if (int_sign(number) < 0) return raise(t, exc::OverflowError, "can't convert negative value to unsigned int");
  if (!int_fits_u64(number, &mode)) return raise(t, exc::OverflowError, "Python int too large to convert to C unsigned long");
  if (mode > 0xFFFFFFFF) return raise(t, exc::OverflowError, "mode out of range");
  return u32(mode);
}

template <u32 kind>
Ref f_is(Thread& t, Value, const Value* a) {
  u32 mode = TRY(mode_argument(t, a[0]));
  return Ref::boolean(kind != 0 && (mode & S_IFMT) == kind);
}
Ref f_imode(Thread& t, Value, const Value* a) { return int_from(t, TRY(mode_argument(t, a[0])) & 07777); }
Ref f_ifmt(Thread& t, Value, const Value* a) { return int_from(t, TRY(mode_argument(t, a[0])) & S_IFMT); }

Ref f_filemode(Thread& t, Value, const Value* a) {
  u32 mode = TRY(mode_argument(t, a[0]));
  char text[10];
  switch (mode & S_IFMT) {
    case S_IFREG: text[0] = '-'; break;
    case S_IFDIR: text[0] = 'd'; break;
    case S_IFLNK: text[0] = 'l'; break;
    case S_IFBLK: text[0] = 'b'; break;
    case S_IFCHR: text[0] = 'c'; break;
    case S_IFIFO: text[0] = 'p'; break;
    case S_IFSOCK: text[0] = 's'; break;
    default: text[0] = '?'; break;
  }
  for (int i = 0; i < 9; i++) text[i + 1] = mode & (0400u >> i) ? "rwx"[i % 3] : '-';
  auto special = [&](u32 bit, int at, char set, char clear) {
    if (mode & bit) text[at] = text[at] == 'x' ? set : clear;
  };
  special(S_ISUID, 3, 's', 'S');
  special(S_ISGID, 6, 's', 'S');
  special(S_ISVTX, 9, 't', 'T');
  return str_from_ascii(t, {text, sizeof text});
}

const Method kFunctions[] = {
    method("S_ISDIR", f_is<S_IFDIR>, "($self, object, /)", "S_ISDIR(mode) -> bool\n\nReturn True if mode is from a directory."),
    method("S_ISCHR", f_is<S_IFCHR>, "($self, object, /)", "S_ISCHR(mode) -> bool\n\nReturn True if mode is from a character special device file."),
    method("S_ISBLK", f_is<S_IFBLK>, "($self, object, /)", "S_ISBLK(mode) -> bool\n\nReturn True if mode is from a block special device file."),
    method("S_ISREG", f_is<S_IFREG>, "($self, object, /)", "S_ISREG(mode) -> bool\n\nReturn True if mode is from a regular file."),
    method("S_ISFIFO", f_is<S_IFIFO>, "($self, object, /)", "S_ISFIFO(mode) -> bool\n\nReturn True if mode is from a FIFO (named pipe)."),
    method("S_ISLNK", f_is<S_IFLNK>, "($self, object, /)", "S_ISLNK(mode) -> bool\n\nReturn True if mode is from a symbolic link."),
    method("S_ISSOCK", f_is<S_IFSOCK>, "($self, object, /)", "S_ISSOCK(mode) -> bool\n\nReturn True if mode is from a socket."),
    method("S_ISDOOR", f_is<0>, "($self, object, /)", "S_ISDOOR(mode) -> bool\n\nReturn True if mode is from a door."),
    method("S_ISPORT", f_is<0>, "($self, object, /)", "S_ISPORT(mode) -> bool\n\nReturn True if mode is from an event port."),
    method("S_ISWHT", f_is<0>, "($self, object, /)", "S_ISWHT(mode) -> bool\n\nReturn True if mode is from a whiteout."),
    method("S_IMODE", f_imode, "($self, object, /)", "Return the portion of the file's mode that can be set by os.chmod()."),
    method("S_IFMT", f_ifmt, "($self, object, /)", "Return the portion of the file's mode that describes the file type."),
    method("filemode", f_filemode, "($self, object, /)", "Convert a file's mode to a string of the form '-rwxrwxrwx'"),
    {},
};

constexpr struct {
  const char* name;
  u32 value;
} kConstants[] = {
    {"S_IFDIR", S_IFDIR}, {"S_IFCHR", S_IFCHR}, {"S_IFBLK", S_IFBLK}, {"S_IFREG", S_IFREG}, {"S_IFIFO", S_IFIFO},
    {"S_IFLNK", S_IFLNK}, {"S_IFSOCK", S_IFSOCK}, {"S_IFDOOR", 0}, {"S_IFPORT", 0}, {"S_IFWHT", 0}, {"S_ISUID", S_ISUID},
    {"S_ISGID", S_ISGID}, {"S_ISVTX", S_ISVTX}, {"S_ENFMT", S_ISGID}, {"S_IREAD", S_IRUSR}, {"S_IWRITE", S_IWUSR},
    {"S_IEXEC", S_IXUSR}, {"S_IRWXU", S_IRWXU}, {"S_IRUSR", S_IRUSR}, {"S_IWUSR", S_IWUSR}, {"S_IXUSR", S_IXUSR},
    {"S_IRWXG", S_IRWXG}, {"S_IRGRP", S_IRGRP}, {"S_IWGRP", S_IWGRP}, {"S_IXGRP", S_IXGRP}, {"S_IRWXO", S_IRWXO},
    {"S_IROTH", S_IROTH}, {"S_IWOTH", S_IWOTH}, {"S_IXOTH", S_IXOTH}, {"UF_SETTABLE", 0xFFFF}, {"UF_NODUMP", 1},
    {"UF_IMMUTABLE", 2}, {"UF_APPEND", 4}, {"UF_OPAQUE", 8}, {"UF_NOUNLINK", 16}, {"UF_COMPRESSED", 32}, {"UF_TRACKED", 64},
    {"UF_DATAVAULT", 128}, {"UF_HIDDEN", 0x8000}, {"SF_SETTABLE", 0xFFFF0000}, {"SF_ARCHIVED", 0x10000},
    {"SF_IMMUTABLE", 0x20000}, {"SF_APPEND", 0x40000}, {"SF_NOUNLINK", 0x100000}, {"SF_SNAPSHOT", 0x200000},
    {"SF_FIRMLINK", 0x800000}, {"SF_DATALESS", 0x40000000}, {"ST_MODE", 0}, {"ST_INO", 1}, {"ST_DEV", 2}, {"ST_NLINK", 3},
    {"ST_UID", 4}, {"ST_GID", 5}, {"ST_SIZE", 6}, {"ST_ATIME", 7}, {"ST_MTIME", 8}, {"ST_CTIME", 9},
};
Status initialise(Thread& t, Module* module) {
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module__stat;
const ModuleDef module__stat = {"_stat", "Constants and tests of file modes, for stat.py.", kFunctions, initialise};

}  // namespace typhon
