// syslog: messages for the system's log.
#include <syslog.h>

#include <climits>

#include "modules/posix/posix.h"
#include "objects/codecs.h"

namespace typhon {
namespace {

// The C library keeps a pointer to the name that messages carry.
GlobalRoot g_ident;  // bytes, or EMPTY
bool g_open;         // under g_mutex, as is every call of openlog and closelog
Mutex g_mutex;

// The name of the program, as openlog() without arguments uses it: the last part of sys.argv[0]. None when there is none.
Ref program_name(Thread& t) {
  RefTo<Str> key = TRY(str_from_ascii(t, "argv"));
  Ref argv = sys_get(t, key.get());
  if (argv.failed() || argv.is_empty() || !is_list(argv) || list_size(argv.as<List>()) == 0) return Ref::none();
  Ref script = list_get(t, argv.as<List>(), 0);
  if (script.is_empty() || !is_str(script) || script.as<Str>()->length() == 0) return Ref::none();
  auto* text = script.as<Str>();
  size_t start = text->length();
  while (start > 0 && text->at(start - 1) != '/') start--;
  if (start == text->length()) return script;
  return str_substring(t, text, start, text->length());
}
// A str as bytes without NULs.
Ref plain_bytes(Thread& t, Value v) {
  Ref bytes = TRY(encode_utf8(t, v.as<Str>()));
  if (memchr(bytes.as<Bytes>()->data, 0, bytes.as<Bytes>()->size) != nullptr) return raise(t, exc::ValueError, "embedded null character");
  return bytes;
}

Status open_log(Thread& t, Value ident, int options, int facility) {
  Ref name = ident.is_empty() || ident.is_none() ? TRY(program_name(t)) : Ref::copy(ident);
  Ref bytes;
  if (!name.get().is_none()) bytes = TRY(plain_bytes(t, name));
  MutexGuard guard(t, g_mutex);
  const char* text = bytes.is_empty() ? nullptr : reinterpret_cast<const char*>(bytes.as<Bytes>()->data);
  openlog(text, options, facility);
  g_ident.set(t, std::move(bytes));  // the old name only now: the library pointed to it
  g_open = true;
  return ok();
}
Ref f_openlog(Thread& t, Value, const Value* a) {
  if (!a[0].is_empty() && !is_str(a[0])) return raise(t, exc::TypeError, "openlog() argument 'ident' must be str, not %T", a[0]);
  int options = a[1].is_empty() ? 0 : TRY(int_argument(t, a[1])), facility = a[2].is_empty() ? LOG_USER : TRY(int_argument(t, a[2]));
  TRY(open_log(t, a[0], options, facility));
  return Ref::none();
}
Ref f_syslog(Thread& t, Value, const Value* a) {
  bool both = !a[1].is_empty();
  int priority = both ? TRY(int_argument(t, a[0])) : LOG_INFO;
  Value message = a[both ? 1 : 0];
  if (!is_str(message)) return raise(t, exc::TypeError, both ? "syslog() argument 2 must be str, not %T" : "syslog() argument must be str, not %T", message);
  Ref bytes = TRY(plain_bytes(t, message));
  if (!__atomic_load_n(&g_open, __ATOMIC_ACQUIRE)) TRY(open_log(t, EMPTY, 0, LOG_USER));
  auto* text = reinterpret_cast<const char*>(bytes.as<Bytes>()->data);
  MutexGuard guard(t, g_mutex);  // the name must stay while the library reads it
  Detached detached(t);
  syslog(priority, "%s", text);
  return Ref::none();
}
Ref f_closelog(Thread& t, Value, const Value*) {
  MutexGuard guard(t, g_mutex);
  if (g_open) {
    closelog();
    g_ident.set(t, Ref());
    g_open = false;
  }
  return Ref::none();
}
Ref f_setlogmask(Thread& t, Value, const Value* a) { return int_from(t, setlogmask(int(TRY(to_i64(t, a[0]))))); }
// A priority as the number of a bit.
Result<int> priority_argument(Thread& t, Value v) {
  i64 n = TRY(to_i64(t, v));
  if (n > LONG_MAX || n < LONG_MIN) return raise(t, exc::OverflowError, "Python int too large to convert to C long");
  return int(n) & 31;
}
Ref f_log_mask(Thread& t, Value, const Value* a) { return int_from(t, i64(int(1u << TRY(priority_argument(t, a[0]))))); }
Ref f_log_upto(Thread& t, Value, const Value* a) { return int_from(t, i64(int((2u << TRY(priority_argument(t, a[0]))) - 1))); }

const Method kFunctions[] = {
    method("openlog", f_openlog, "($module, /, ident=<unrepresentable>, logoption=0, facility=LOG_USER)",
           "Set logging options of subsequent syslog() calls."),
    method("closelog", f_closelog, "($module, /)", "Reset the syslog module values and call the system library closelog()."),
    method("syslog", f_syslog, "($module, priority_or_message, message=<unrepresentable>, /)",
           "syslog([priority=LOG_INFO,] message)\nSend the string message to the system logger."),
    method("setlogmask", f_setlogmask, "($module, maskpri, /)", "Set the priority mask to maskpri and return the previous mask value."),
    method("LOG_MASK", f_log_mask, "($module, pri, /)", "Calculates the mask for the individual priority pri."),
    method("LOG_UPTO", f_log_upto, "($module, pri, /)", "Calculates the mask for all priorities up to and including pri."),
    {},
};
#define SAME(name) {#name, name}
constexpr struct {
  const char* name;
  int value;
} kRows[] = {SAME(LOG_EMERG),  SAME(LOG_ALERT),  SAME(LOG_CRIT),   SAME(LOG_ERR),    SAME(LOG_WARNING), SAME(LOG_NOTICE), SAME(LOG_INFO),
             SAME(LOG_DEBUG),  SAME(LOG_PID),    SAME(LOG_CONS),   SAME(LOG_NDELAY), SAME(LOG_ODELAY),  SAME(LOG_NOWAIT), SAME(LOG_PERROR),
             SAME(LOG_KERN),   SAME(LOG_USER),   SAME(LOG_MAIL),   SAME(LOG_DAEMON), SAME(LOG_AUTH),    SAME(LOG_LPR),    SAME(LOG_LOCAL0),
             SAME(LOG_LOCAL1), SAME(LOG_LOCAL2), SAME(LOG_LOCAL3), SAME(LOG_LOCAL4), SAME(LOG_LOCAL5),  SAME(LOG_LOCAL6), SAME(LOG_LOCAL7),
             SAME(LOG_SYSLOG), SAME(LOG_CRON),   SAME(LOG_UUCP),   SAME(LOG_NEWS),   SAME(LOG_AUTHPRIV), SAME(LOG_FTP)};
#undef SAME
Status initialise(Thread& t, Module* module) {
  for (const auto& row : kRows) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module_syslog;
const ModuleDef module_syslog = {"syslog", nullptr, kFunctions, initialise};

}  // namespace typhon
