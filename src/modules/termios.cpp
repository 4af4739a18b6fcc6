// termios: terminal attributes, flow and window sizes.
#include <asm/ioctls.h>
#include <linux/tty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_error;

// termios.error(errno, text), which is no OSError.
Raised raise_termios(Thread& t, int error) {
  RefTo<Str> text = TRY(str_from_utf8(t, strerror(error)));
  return raise_exception(t, TRY(call_with(t, Value(g_error), Value::small_int(error), text)));
}
Result<int> descriptor(Thread& t, Value v) {
  i64 fd = TRY(fd_argument(t, v));
  if (fd < 0) return raise(t, exc::ValueError, "file descriptor cannot be a negative integer (%zd)", fd);
  return int(fd);
}
template <class F>
Ref done(Thread& t, F call) {
  if (TRY(system_call(t, call)) < 0) return raise_termios(t, errno);
  return Ref::none();
}

Ref f_tcgetattr(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  termios mode;
  if (TRY(system_call(t, [&] { return tcgetattr(fd, &mode); })) < 0) return raise_termios(t, errno);
  RefTo<List> characters = TRY(list_new(t));
  for (int i = 0; i < NCCS; i++) {
    // Without line editing these two are a count and a time.
    if (!(mode.c_lflag & ICANON) && (i == VMIN || i == VTIME)) {
      TRY(list_append(t, characters.get(), Value::small_int(mode.c_cc[i])));
    } else {
      RefTo<Bytes> one = TRY(bytes_from(t, &mode.c_cc[i], 1));
      TRY(list_append(t, characters.get(), one.value()));
    }
  }
  RefTo<List> out = TRY(list_new(t));
  for (u64 n : {u64(mode.c_iflag), u64(mode.c_oflag), u64(mode.c_cflag), u64(mode.c_lflag), u64(cfgetispeed(&mode)), u64(cfgetospeed(&mode))})
    TRY(list_append(t, out.get(), Value::small_int(i64(n))));
  TRY(list_append(t, out.get(), characters.value()));
  return out;
}

Status fill_characters(Thread& t, Value given, termios* mode) {
  if (!is_list(given) || list_size(given.as<List>()) != NCCS)
    return raise(t, exc::TypeError, "tcsetattr: attributes[6] must be %d element list", NCCS);
  for (int i = 0; i < NCCS; i++) {
    Ref item = list_get(t, given.as<List>(), size_t(i));
    if (item.is_empty()) return raise(t, exc::TypeError, "tcsetattr: attributes[6] must be %d element list", NCCS);
    if (is_bytes(item) && item.as<Bytes>()->size == 1)
      mode->c_cc[i] = item.as<Bytes>()->data[0];
    else if (is_int(item))
      mode->c_cc[i] = cc_t(TRY(to_i64(t, item)));
    else
      return raise(t, exc::TypeError, "tcsetattr: elements of attributes must be characters or integers");
  }
  return ok();
}
Ref f_tcsetattr(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0])), when = TRY(int_argument(t, a[1]));
  if (!is_list(a[2]) || list_size(a[2].as<List>()) != 7) return raise(t, exc::TypeError, "tcsetattr, arg 3: must be 7 element list");
  RefTo<Tuple> given = TRY(list_to_tuple(t, a[2].as<List>()));
  if (given->size != 7) return raise(t, exc::TypeError, "tcsetattr, arg 3: must be 7 element list");
  termios mode;
  if (TRY(system_call(t, [&] { return tcgetattr(fd, &mode); })) < 0) return raise_termios(t, errno);
  i64 numbers[6];
  for (int i = 0; i < 6; i++) numbers[i] = TRY(to_i64(t, given->items[i].peek()));
  mode.c_iflag = tcflag_t(numbers[0]);
  mode.c_oflag = tcflag_t(numbers[1]);
  mode.c_cflag = tcflag_t(numbers[2]);
  mode.c_lflag = tcflag_t(numbers[3]);
  TRY(fill_characters(t, given->items[6].peek(), &mode));
  if (cfsetispeed(&mode, speed_t(numbers[4])) < 0 || cfsetospeed(&mode, speed_t(numbers[5])) < 0) return raise_termios(t, errno);
  return done(t, [&] { return tcsetattr(fd, when, &mode); });
}
Ref f_tcsendbreak(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0])), duration = TRY(int_argument(t, a[1]));
  return done(t, [&] { return tcsendbreak(fd, duration); });
}
Ref f_tcdrain(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  return done(t, [&] { return tcdrain(fd); });
}
Ref f_tcflush(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0])), queue = TRY(int_argument(t, a[1]));
  return done(t, [&] { return tcflush(fd, queue); });
}
Ref f_tcflow(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0])), action = TRY(int_argument(t, a[1]));
  return done(t, [&] { return tcflow(fd, action); });
}
Ref f_tcgetwinsize(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  winsize size;
  if (TRY(system_call(t, [&] { return ioctl(fd, TIOCGWINSZ, &size); })) < 0) return raise_termios(t, errno);
  return tuple_of(t, Value::small_int(size.ws_row), Value::small_int(size.ws_col));
}
Ref f_tcsetwinsize(Thread& t, Value, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  if (!is_sequence(a[1])) return raise(t, exc::TypeError, "tcsetwinsize, arg 2: must be a two-item sequence");
  RefTo<Tuple> pair = TRY(to_tuple(t, a[1]));
  if (pair->size != 2) return raise(t, exc::TypeError, "tcsetwinsize, arg 2: must be a two-item sequence");
  i64 rows = TRY(to_i64(t, pair->items[0].peek())), columns = TRY(to_i64(t, pair->items[1].peek()));
  winsize size;
  if (TRY(system_call(t, [&] { return ioctl(fd, TIOCGWINSZ, &size); })) < 0) return raise_termios(t, errno);
  size.ws_row = static_cast<unsigned short>(rows);
  size.ws_col = static_cast<unsigned short>(columns);
  if (size.ws_row != rows || size.ws_col != columns) return raise(t, exc::OverflowError, "winsize value(s) out of range.");
  return done(t, [&] { return ioctl(fd, TIOCSWINSZ, &size); });
}

const Method kFunctions[] = {
    method("tcgetattr", f_tcgetattr, "($module, fd, /)", "Get the tty attributes for file descriptor fd."),
    method("tcsetattr", f_tcsetattr, "($module, fd, when, attributes, /)", "Set the tty attributes for file descriptor fd."),
    method("tcsendbreak", f_tcsendbreak, "($module, fd, duration, /)", "Send a break on file descriptor fd."),
    method("tcdrain", f_tcdrain, "($module, fd, /)", "Wait until all output written to file descriptor fd has been transmitted."),
    method("tcflush", f_tcflush, "($module, fd, queue, /)", "Discard queued data on file descriptor fd."),
    method("tcflow", f_tcflow, "($module, fd, action, /)", "Suspend or resume input or output on file descriptor fd."),
    method("tcgetwinsize", f_tcgetwinsize, "($module, fd, /)", "Get the tty winsize for file descriptor fd.\n\nReturns a tuple (ws_row, ws_col)."),
    method("tcsetwinsize", f_tcsetwinsize, "($module, fd, winsize, /)", "Set the tty winsize for file descriptor fd."),
    {},
};

constexpr struct {
  const char* name;
  i64 value;
} kConstants[] = {
#define C(name) {#name, i64(name)}
    C(B0), C(B1000000), C(B110), C(B115200), C(B1152000), C(B1200), C(B134), C(B150), C(B1500000), C(B1800),
    C(B19200), C(B200), C(B2000000), C(B230400), C(B2400), C(B2500000), C(B300), C(B3000000), C(B3500000), C(B38400),
    C(B4000000), C(B460800), C(B4800), C(B50), C(B500000), C(B57600), C(B576000), C(B600), C(B75),
    C(B921600), C(B9600), C(BRKINT), C(BS0), C(BS1), C(BSDLY), C(CBAUD), C(CBAUDEX), C(CDSUSP), C(CEOF), C(CEOL), C(CEOT),
    C(CERASE), C(CFLUSH), C(CIBAUD), C(CINTR), C(CKILL), C(CLNEXT), C(CLOCAL), C(CQUIT), C(CR0), C(CR1), C(CR2), C(CR3),
    C(CRDLY), C(CREAD), C(CRPRNT), C(CRTSCTS), C(CS5), C(CS6), C(CS7), C(CS8), C(CSIZE), C(CSTART), C(CSTOP), C(CSTOPB),
    C(CSUSP), C(CWERASE), C(ECHO), C(ECHOCTL), C(ECHOE), C(ECHOK), C(ECHOKE), C(ECHONL), C(ECHOPRT), C(EXTA), C(EXTB),
    C(EXTPROC), C(FF0), C(FF1), C(FFDLY), C(FIOASYNC), C(FIOCLEX), C(FIONBIO), C(FIONCLEX), C(FIONREAD), C(FLUSHO), C(HUPCL),
    C(ICANON), C(ICRNL), C(IEXTEN), C(IGNBRK), C(IGNCR), C(IGNPAR), C(IMAXBEL), C(INLCR), C(INPCK), C(IOCSIZE_MASK),
    C(IOCSIZE_SHIFT), C(ISIG), C(ISTRIP), C(IUCLC), C(IUTF8), C(IXANY), C(IXOFF), C(IXON), C(NCCS), C(NL0), C(NL1), C(NLDLY),
    C(NOFLSH), C(N_MOUSE), C(N_PPP), C(N_SLIP), C(N_STRIP), C(N_TTY), C(OCRNL), C(OFDEL), C(OFILL), C(OLCUC), C(ONLCR),
    C(ONLRET), C(ONOCR), C(OPOST), C(PARENB), C(PARMRK), C(PARODD), C(PENDIN), C(TAB0), C(TAB1), C(TAB2), C(TAB3), C(TABDLY),
    C(TCFLSH), C(TCGETS), C(TCIFLUSH), C(TCIOFF), C(TCIOFLUSH), C(TCION), C(TCOFLUSH), C(TCOOFF), C(TCOON), C(TCSADRAIN),
    C(TCSAFLUSH), C(TCSANOW), C(TCSBRK), C(TCSBRKP), C(TCSETS), C(TCSETSF), C(TCSETSW), C(TCXONC), C(TIOCCONS), C(TIOCEXCL),
    C(TIOCGETD), C(TIOCGICOUNT), C(TIOCGLCKTRMIOS), C(TIOCGPGRP), C(TIOCGSERIAL), C(TIOCGSOFTCAR), C(TIOCGWINSZ), C(TIOCINQ),
    C(TIOCLINUX), C(TIOCMBIC), C(TIOCMBIS), C(TIOCMGET), C(TIOCMIWAIT), C(TIOCMSET), C(TIOCM_CAR), C(TIOCM_CD), C(TIOCM_CTS),
    C(TIOCM_DSR), C(TIOCM_DTR), C(TIOCM_LE), C(TIOCM_RI), C(TIOCM_RNG), C(TIOCM_RTS), C(TIOCM_SR), C(TIOCM_ST), C(TIOCNOTTY),
    C(TIOCNXCL), C(TIOCOUTQ), C(TIOCPKT), C(TIOCPKT_DATA), C(TIOCPKT_DOSTOP), C(TIOCPKT_FLUSHREAD), C(TIOCPKT_FLUSHWRITE),
    C(TIOCPKT_NOSTOP), C(TIOCPKT_START), C(TIOCPKT_STOP), C(TIOCSCTTY), C(TIOCSERCONFIG), C(TIOCSERGETLSR), C(TIOCSERGETMULTI),
    C(TIOCSERGSTRUCT), C(TIOCSERGWILD), C(TIOCSERSETMULTI), C(TIOCSERSWILD), C(TIOCSER_TEMT), C(TIOCSETD), C(TIOCSLCKTRMIOS),
    C(TIOCSPGRP), C(TIOCSSERIAL), C(TIOCSSOFTCAR), C(TIOCSTI), C(TIOCSWINSZ), C(TOSTOP), C(VDISCARD), C(VEOF), C(VEOL), C(VEOL2),
    C(VERASE), C(VINTR), C(VKILL), C(VLNEXT), C(VMIN), C(VQUIT), C(VREPRINT), C(VSTART), C(VSTOP), C(VSUSP), C(VSWTC),
    C(VT0), C(VT1), C(VTDLY), C(VTIME), C(VWERASE), C(XCASE), C(XTABS), C(_POSIX_VDISABLE),
    {"IBSHIFT", 16}, {"VSWTCH", VSWTC},
#undef C
};
Status initialise(Thread& t, Module* module) {
  TRY(module_add_exception(t, module, "termios.error", exc::Exception, &g_error));
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return ok();
}

}  // namespace

extern const ModuleDef module_termios;
const ModuleDef module_termios = {"termios",
                                  "This module provides an interface to the Posix calls for tty I/O control.\nAll functions take a file "
                                  "descriptor or a file object as their first argument.",
                                  kFunctions, initialise};

}  // namespace typhon
