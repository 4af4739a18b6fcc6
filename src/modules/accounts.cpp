// pwd and grp: the user and group databases.
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "objects/module.h"

namespace typhon {
namespace {

Type* g_passwd_type;
Type* g_group_type;
Mutex g_enumeration;  // getpwent and getgrent keep one position for the process

Ref text_or_none(Thread& t, const char* s) {
  if (s == nullptr) return Ref::none();
  return decode_fs(t, s, strlen(s));
}

Ref make_passwd(Thread& t, const passwd& p) {
  RootedVector v(t);
  v.push(TRY(text_or_none(t, p.pw_name)));
  v.push(TRY(text_or_none(t, p.pw_passwd)));
  v.push(TRY(int_from(t, p.pw_uid == uid_t(-1) ? -1 : i64(p.pw_uid))));
  v.push(TRY(int_from(t, p.pw_gid == gid_t(-1) ? -1 : i64(p.pw_gid))));
  v.push(TRY(text_or_none(t, p.pw_gecos)));
  v.push(TRY(text_or_none(t, p.pw_dir)));
  v.push(TRY(text_or_none(t, p.pw_shell)));
  return struct_sequence_new(t, g_passwd_type, v.data(), v.size());
}
Ref make_group(Thread& t, const group& g) {
  RefTo<List> members = TRY(list_new(t));
  for (char** m = g.gr_mem; m != nullptr && *m != nullptr; m++) TRY(list_append(t, members.get(), TRY(text_or_none(t, *m))));
  RootedVector v(t);
  v.push(TRY(text_or_none(t, g.gr_name)));
  v.push(TRY(text_or_none(t, g.gr_passwd)));
  v.push(TRY(int_from(t, g.gr_gid == gid_t(-1) ? -1 : i64(g.gr_gid))));
  v.push(std::move(members).release_ref());
  return struct_sequence_new(t, g_group_type, v.data(), v.size());
}

// Runs a get..._r function with a buffer that grows until the entry fits. Null: not found.
template <class Entry, class F>
Entry* look_up(Thread& t, Entry* entry, std::vector<char>& buffer, F f) {
  buffer.resize(1024);
  while (true) {
    Entry* found = nullptr;
    int error;
    {
      Detached detached(t);
      error = f(entry, buffer.data(), buffer.size(), &found);
    }
    if (error != ERANGE) return error == 0 ? found : nullptr;
    if (buffer.size() > (size_t(1) << 27)) return nullptr;
    buffer.resize(buffer.size() * 2);
  }
}

Raised not_found(Thread& t, const char* format, Value v) {
  RefTo<Str> message = str_format(t, format, v);
  if (message.failed()) return Raised{};
  return raise_key_error(t, message);
}
// False when no id can have that value (no exception).
Result<bool> id_argument(Thread& t, Value v, u32* out) {
  Ref number = TRY(to_index(t, v));
  i64 id;
  if (!int_fits_i64(number, &id) || id < -1 || id > i64(0xFFFFFFFF)) return false;
  *out = u32(id);
  return true;
}

Ref f_getpwuid(Thread& t, Value, const Value* a) {
  u32 uid;
  if (!TRY(id_argument(t, a[0], &uid))) return not_found(t, "getpwuid(): uid not found", a[0]);
  passwd entry;
  std::vector<char> buffer;
  passwd* p = look_up(t, &entry, buffer, [&](passwd* e, char* b, size_t n, passwd** found) { return getpwuid_r(uid, e, b, n, found); });
  if (p == nullptr) return not_found(t, "getpwuid(): uid not found: %S", a[0]);
  return make_passwd(t, *p);
}
Ref f_getgrgid(Thread& t, Value, const Value* a) {
  u32 gid;
  if (!TRY(id_argument(t, a[0], &gid)))
    return raise(t, exc::OverflowError, int_sign(a[0]) < 0 ? "gid is less than minimum" : "gid is greater than maximum");
  group entry;
  std::vector<char> buffer;
  group* g = look_up(t, &entry, buffer, [&](group* e, char* b, size_t n, group** found) { return getgrgid_r(gid, e, b, n, found); });
  if (g == nullptr) return not_found(t, "getgrgid(): gid not found: %S", a[0]);
  return make_group(t, *g);
}
// A name as bytes of the file system encoding; only str is taken.
Status name_argument(Thread& t, Value v, const char* function, PathArgument* out) {
  if (!is_str(v)) return raise(t, exc::TypeError, "%s() argument must be str, not %T", function, v);
  if (out->get(t, v, function, "name").failed()) {
    if (!pending_matches(t, exc::UnicodeEncodeError) && clear_if(t, exc::ValueError))
      return raise(t, exc::ValueError, "embedded null byte");
    return Raised{};
  }
  return ok();
}
Ref f_getpwnam(Thread& t, Value, const Value* a) {
  PathArgument name;
  TRY(name_argument(t, a[0], "getpwnam", &name));
  passwd entry;
  std::vector<char> buffer;
  passwd* p = look_up(t, &entry, buffer, [&](passwd* e, char* b, size_t n, passwd** found) { return getpwnam_r(name.path, e, b, n, found); });
  if (p == nullptr) return not_found(t, "getpwnam(): name not found: %R", a[0]);
  return make_passwd(t, *p);
}
Ref f_getgrnam(Thread& t, Value, const Value* a) {
  PathArgument name;
  TRY(name_argument(t, a[0], "getgrnam", &name));
  group entry;
  std::vector<char> buffer;
  group* g = look_up(t, &entry, buffer, [&](group* e, char* b, size_t n, group** found) { return getgrnam_r(name.path, e, b, n, found); });
  if (g == nullptr) return not_found(t, "getgrnam(): name not found: %R", a[0]);
  return make_group(t, *g);
}
Ref f_getpwall(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  MutexGuard guard(t, g_enumeration);
  setpwent();
  Status status;
  while (passwd* p = getpwent()) {
    Ref entry = make_passwd(t, *p);
    status = entry.failed() ? Status(Raised{}) : list_append(t, list.get(), std::move(entry));
    if (status.failed()) break;
  }
  endpwent();
  if (status.failed()) return Raised{};
  return list;
}
Ref f_getgrall(Thread& t, Value, const Value*) {
  RefTo<List> list = TRY(list_new(t));
  MutexGuard guard(t, g_enumeration);
  setgrent();
  Status status;
  while (group* g = getgrent()) {
    Ref entry = make_group(t, *g);
    status = entry.failed() ? Status(Raised{}) : list_append(t, list.get(), std::move(entry));
    if (status.failed()) break;
  }
  endgrent();
  if (status.failed()) return Raised{};
  return list;
}

const StructSequenceField kPasswdFields[] = {{"pw_name", "user name"}, {"pw_passwd", "password"}, {"pw_uid", "user id"}, {"pw_gid", "group id"},
                                             {"pw_gecos", "real name"}, {"pw_dir", "home directory"}, {"pw_shell", "shell program"}, {nullptr}};
const StructSequenceField kGroupFields[] = {{"gr_name", "group name"}, {"gr_passwd", "password"}, {"gr_gid", "group id"}, {"gr_mem", "group members"}, {nullptr}};

Status initialise_pwd(Thread& t, Module* module) {
  if (g_passwd_type == nullptr)
    g_passwd_type = TRY(struct_sequence_type(t, "pwd.struct_passwd", "pwd.struct_passwd: Results from getpw*() routines.\n\nThis object may be accessed either as a tuple of\n  (pw_name,pw_passwd,pw_uid,pw_gid,pw_gecos,pw_dir,pw_shell)\nor via the object attributes as named in the above tuple.", kPasswdFields, 7)).get();
  return module_add(t, module, "struct_passwd", Value(g_passwd_type));
}
Status initialise_grp(Thread& t, Module* module) {
  if (g_group_type == nullptr)
    g_group_type = TRY(struct_sequence_type(t, "grp.struct_group", "grp.struct_group: Results from getgr*() routines.\n\nThis object may be accessed either as a tuple of\n  (gr_name,gr_passwd,gr_gid,gr_mem)\nor via the object attributes as named in the above tuple.\n", kGroupFields, 4)).get();
  return module_add(t, module, "struct_group", Value(g_group_type));
}

const Method kPwdFunctions[] = {
    method("getpwuid", f_getpwuid, "($module, uidobj, /)", "Return the password database entry for the given numeric user ID.\n\nSee `help(pwd)` for more on password database entries."),
    method("getpwnam", f_getpwnam, "($module, name, /)", "Return the password database entry for the given user name.\n\nSee `help(pwd)` for more on password database entries."),
    method("getpwall", f_getpwall, "($module, /)", "Return a list of all available password database entries, in arbitrary order.\n\nSee help(pwd) for more on password database entries."),
    {},
};
const Method kGrpFunctions[] = {
    method("getgrgid", f_getgrgid, "($module, /, id)", "Return the group database entry for the given numeric group ID.\n\nIf id is not valid, raise KeyError."),
    method("getgrnam", f_getgrnam, "($module, /, name)", "Return the group database entry for the given group name.\n\nIf name is not valid, raise KeyError."),
    method("getgrall", f_getgrall, "($module, /)", "Return a list of all available group entries, in arbitrary order.\n\nAn entry whose name starts with '+' or '-' represents an instruction\nto use YP/NIS and may not be accessible via getgrnam or getgrgid."),
    {},
};

}  // namespace

extern const ModuleDef module_pwd, module_grp;
const ModuleDef module_pwd = {"pwd", "This module provides access to the Unix password database.\nIt is available on all Unix versions.\n\nPassword database entries are reported as 7-tuples containing the following\nitems from the password database (see `<pwd.h>'), in order:\npw_name, pw_passwd, pw_uid, pw_gid, pw_gecos, pw_dir, pw_shell.\nThe uid and gid items are integers, all others are strings. An\nexception is raised if the entry asked for cannot be found.", kPwdFunctions, initialise_pwd};
const ModuleDef module_grp = {"grp", "Access to the Unix group database.", kGrpFunctions, initialise_grp};

}  // namespace typhon
