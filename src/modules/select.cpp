// select: select(), poll objects and epoll objects. Waiting is done detached; an interrupted wait runs signal handlers and goes
// on with the time that is left.
#include <memory>
#include <new>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <vector>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_poll_type;
Type* g_epoll_type;

i64 now_ns() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return i64(ts.tv_sec) * 1000000000 + ts.tv_nsec;
}

// Calls wait(nanoseconds left, -1 for ever) until it is not interrupted. The result is what it returned, errno set.
template <class F>
Result<i64> wait_interruptibly(Thread& t, i64 timeout, F wait) {
  i64 deadline = timeout < 0 ? 0 : now_ns() + timeout;
  while (true) {
    i64 result;
    int error;
    {
      Detached detached(t);
      result = wait(timeout);
      error = errno;
    }
    errno = error;
    if (result >= 0 || error != EINTR) return result;
    TRY(safepoint(t));
    if (timeout >= 0) {
      timeout = deadline - now_ns();
      if (timeout < 0) return i64(0);
    }
  }
}
int to_milliseconds(i64 ns) {
  if (ns < 0) return -1;
  i64 ms = (ns + 999999) / 1000000;
  return ms > INT_MAX ? INT_MAX : int(ms);
}

Result<int> descriptor(Thread& t, Value v) {
  i64 fd = TRY(fd_argument(t, v));
  if (fd < 0) return raise(t, exc::ValueError, "file descriptor cannot be a negative integer (%zd)", fd);
  return int(fd);
}

// --- select()
struct Watched {
  fd_set set;
  std::vector<int> fds;
  int highest = -1;
};
// `items` gets the objects whose descriptors stand in w->fds. A fileno() may change the list it came from: it is read item by item.
Status gather(Thread& t, Value sequence, Watched* w, RootedVector* items) {
  FD_ZERO(&w->set);
  for (i64 i = 0;; i++) {
    Ref item;
    if (is_list(sequence)) {
      item = list_get(t, sequence.as<List>(), size_t(i));
      if (item.is_empty()) return ok();
    } else {
      if (u64(i) >= sequence.as<Tuple>()->size) return ok();
      item = sequence.as<Tuple>()->items[i].load();
    }
    int fd = TRY(descriptor(t, item));
    if (fd >= FD_SETSIZE) return raise(t, exc::ValueError, "filedescriptor out of range in select()");
    if (i >= FD_SETSIZE) return raise(t, exc::ValueError, "too many file descriptors in select()");
    FD_SET(fd, &w->set);
    w->fds.push_back(fd);
    items->push(std::move(item));
    if (fd > w->highest) w->highest = fd;
  }
}
Ref ready(Thread& t, const RootedVector& items, const Watched& w, const fd_set& set) {
  RefTo<List> list = TRY(list_new(t));
  for (size_t i = 0; i < w.fds.size(); i++)
    if (FD_ISSET(w.fds[i], &set)) TRY(list_append(t, list.get(), items[i]));
  return list;
}
Ref f_select(Thread& t, Value, const Value* a) {
  i64 timeout = -1;
  if (!a[3].is_empty() && !a[3].is_none()) {
    Result<i64> given = to_timeout_ns(t, a[3]);
    if (given.failed()) {
      if (!clear_if(t, exc::TypeError)) return Raised{};
      return raise(t, exc::TypeError, "timeout must be a float or None");
    }
    timeout = given.get();
    if (timeout < 0) return raise(t, exc::ValueError, "timeout must be non-negative");
  }
  RootedVector readers(t), writers(t), others(t);
  RootedVector* lists[3] = {&readers, &writers, &others};
  Watched watched[3];
  int highest = -1;
  for (int i = 0; i < 3; i++) {
    Ref sequence = Ref::copy(a[i]);
    if (!is_list(sequence) && !is_tuple(sequence)) {
      Ref iterator = get_iter(t, a[i]);
      if (iterator.failed()) {
        if (!clear_if(t, exc::TypeError)) return Raised{};
        return raise(t, exc::TypeError, "arguments 1-3 must be sequences");
      }
      sequence = TRY(to_tuple(t, iterator));
    }
    TRY(gather(t, sequence, &watched[i], lists[i]));
    if (watched[i].highest > highest) highest = watched[i].highest;
  }
  fd_set sets[3];
  i64 n = TRY(wait_interruptibly(t, timeout, [&](i64 left) {
    for (int i = 0; i < 3; i++) sets[i] = watched[i].set;
    timeval tv = {left / 1000000000, (left % 1000000000 + 999) / 1000};
    if (tv.tv_usec >= 1000000) tv.tv_sec++, tv.tv_usec -= 1000000;
    return i64(select(highest + 1, &sets[0], &sets[1], &sets[2], left < 0 ? nullptr : &tv));
  }));
  if (n < 0) return raise_errno(t, errno);
  if (n == 0)
    for (fd_set& set : sets) FD_ZERO(&set);
  Ref r = TRY(ready(t, readers, watched[0], sets[0]));
  Ref w = TRY(ready(t, writers, watched[1], sets[1]));
  Ref x = TRY(ready(t, others, watched[2], sets[2]));
  return tuple_of(t, r, w, x);
}

// --- poll objects
struct Poll : Object {
  Field events;  // dict: fd -> event mask
  bool busy;     // atomic
};
void visit_poll(Object* self, Visitor& v) { v.field(static_cast<Poll*>(self)->events); }

Ref f_poll(Thread& t, Value, const Value*) {
  Ref made = TRY(allocate_instance(t, g_poll_type));
  auto* p = made.as<Poll>();
  p->events.init(p, TRY(dict_new(t)));
  return made;
}
Result<i64> mask_argument(Thread& t, Value v, i64 fallback) {
  if (v.is_empty()) return fallback;
  Ref number = TRY(to_index(t, v));
  u64 mask;
  if (int_sign(number) < 0) return raise(t, exc::ValueError, "value must be positive");
  if (!int_fits_u64(number, &mask) || mask > 0xFFFF) return raise(t, exc::OverflowError, "Python int too large for C unsigned short");
  return i64(mask);
}
Ref poll_register(Thread& t, Value self, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  i64 mask = TRY(mask_argument(t, a[1], POLLIN | POLLPRI | POLLOUT));
  Ref events = self.as<Poll>()->events.load();
  TRY(dict_set_py(t, events.as<Dict>(), Value::small_int(fd), Value::small_int(mask)));
  return Ref::none();
}
Ref poll_modify(Thread& t, Value self, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  i64 mask = TRY(mask_argument(t, a[1], 0));
  Ref events = self.as<Poll>()->events.load();
  if (!TRY(dict_contains_py(t, events.as<Dict>(), Value::small_int(fd)))) return raise_errno(t, ENOENT);
  TRY(dict_set_py(t, events.as<Dict>(), Value::small_int(fd), Value::small_int(mask)));
  return Ref::none();
}
Ref poll_unregister(Thread& t, Value self, const Value* a) {
  int fd = TRY(descriptor(t, a[0]));
  Ref events = self.as<Poll>()->events.load();
  if (!TRY(dict_delete_py(t, events.as<Dict>(), Value::small_int(fd)))) return raise_key_error(t, Value::small_int(fd));
  return Ref::none();
}
Ref poll_wait(Thread& t, Poll* self, i64 timeout) {
  std::vector<pollfd> fds;
  Ref events = self->events.load();
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, events.as<Dict>(), &position, &key, &value))
    fds.push_back({int(key.get().as_small_int()), short(value.get().as_small_int()), 0});
  i64 n = TRY(wait_interruptibly(t, timeout, [&](i64 left) { return i64(poll(fds.data(), fds.size(), to_milliseconds(left))); }));
  if (n < 0) return raise_errno(t, errno);
  RefTo<List> list = TRY(list_new(t));
  for (const pollfd& p : fds) {
    if (n == 0) break;
    if (p.revents == 0) continue;
    TRY(list_append(t, list.get(), TRY(tuple_of(t, Value::small_int(p.fd), Value::small_int(p.revents & 0xFFFF))).release_ref()));
    n--;
  }
  return list;
}
Ref poll_poll(Thread& t, Value self, const Value* a) {
  i64 timeout = -1;
  if (!a[0].is_empty() && !a[0].is_none()) {
    // Milliseconds.
    if (!is_float(a[0]) && !is_int(a[0]) && type_lookup(type_of(a[0]), names::__index__).is_empty())
      return raise(t, exc::TypeError, "timeout must be an integer or None");
    if (is_float(a[0])) {
      double ms = float_value(a[0]);
      if (!(ms < 9e12 && ms > -9e12)) return raise(t, exc::OverflowError, "timeout is too large");
      timeout = ms < 0 ? -1 : i64(__builtin_ceil(ms * 1e6));
    } else {
      i64 ms = TRY(to_i64(t, a[0], "timeout is too large"));
      if (ms > INT_MAX) return raise(t, exc::OverflowError, "timeout is too large");
      timeout = ms < 0 ? -1 : ms * 1000000;
    }
  }
  auto* p = self.as<Poll>();
  if (__atomic_exchange_n(&p->busy, true, __ATOMIC_ACQUIRE)) return raise(t, exc::RuntimeError, "concurrent poll() invocation");
  Ref result = poll_wait(t, p, timeout);
  __atomic_store_n(&p->busy, false, __ATOMIC_RELEASE);
  return result;
}
const Method kPollMethods[] = {
    method("register", poll_register, "($self, fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /)",
           "Register a file descriptor with the polling object."),
    method("modify", poll_modify, "($self, fd, eventmask, /)", "Modify an already registered file descriptor."),
    method("unregister", poll_unregister, "($self, fd, /)", "Remove a file descriptor being tracked by the polling object."),
    method("poll", poll_poll, "($self, timeout=None, /)", "Polls the set of registered file descriptors."),
    {},
};
const TypeSpec kPollSpec = {
    .name = "select.poll",
    .layout = {"poll", sizeof(Poll), 0, visit_poll, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kPollMethods,
};

// --- epoll objects
struct Epoll : Object {
  i32 fd;  // -1 when closed; atomic
};
void release_epoll(Thread&, Object* self) {
  int fd = static_cast<Epoll*>(self)->fd;
  if (fd >= 0) close(fd);
}
Ref epoll_make(Thread& t, Type* cls, int fd) {
  if (fd < 0) return raise_errno(t, errno);
  Ref made = allocate_instance(t, cls);
  if (made.failed()) {
    close(fd);
    return made;
  }
  made.as<Epoll>()->fd = fd;
  return made;
}
Ref epoll_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("($type, sizehint=-1, flags=0)");
  Value a[2] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "epoll", args, a, &keep));
  i64 hint = a[0].is_empty() ? -1 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  if (hint < -1 || hint == 0) return raise(t, exc::ValueError, "negative sizehint");
  i64 flags = a[1].is_empty() ? 0 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  if (flags != 0 && flags != EPOLL_CLOEXEC) return raise(t, exc::OSError, "invalid flags");
  return epoll_make(t, cls, epoll_create1(EPOLL_CLOEXEC));
}
Ref epoll_fromfd(Thread& t, Value cls, const Value* a) {
  i64 fd = TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  return epoll_make(t, cls.as<Type>(), int(fd));
}
Result<int> open_epoll(Thread& t, Value self) {
  int fd = __atomic_load_n(&self.as<Epoll>()->fd, __ATOMIC_ACQUIRE);
  if (fd < 0) return raise(t, exc::ValueError, "I/O operation on closed epoll object");
  return fd;
}
Ref epoll_close(Thread& t, Value self, const Value*) {
  int fd = __atomic_exchange_n(&self.as<Epoll>()->fd, -1, __ATOMIC_ACQ_REL);
  if (fd < 0) return Ref::none();
  int error;
  {
    Detached detached(t);
    error = close(fd) < 0 ? errno : 0;
  }
  if (error != 0) return raise_errno(t, error);
  return Ref::none();
}
Ref epoll_closed(Thread&, Value self) { return Ref::boolean(__atomic_load_n(&self.as<Epoll>()->fd, __ATOMIC_ACQUIRE) < 0); }
Ref epoll_fileno(Thread& t, Value self, const Value*) { return int_from(t, TRY(open_epoll(t, self))); }

Ref epoll_control(Thread& t, Value self, int operation, Value target, Value mask) {
  int epfd = TRY(open_epoll(t, self));
  int fd = TRY(descriptor(t, target));
  epoll_event event = {};
  event.data.fd = fd;
  if (operation != EPOLL_CTL_DEL) {
    event.events = EPOLLIN | EPOLLPRI | EPOLLOUT;
    if (!mask.is_empty()) {
      Ref number = TRY(to_index(t, mask));
      event.events = u32(int_low_u64(number));
    }
  }
  int error = 0;
  {
    Detached detached(t);
    if (epoll_ctl(epfd, operation, fd, &event) < 0) error = errno;
  }
  if (error != 0) return raise_errno(t, error);
  return Ref::none();
}
Ref epoll_register(Thread& t, Value self, const Value* a) { return epoll_control(t, self, EPOLL_CTL_ADD, a[0], a[1]); }
Ref epoll_modify(Thread& t, Value self, const Value* a) { return epoll_control(t, self, EPOLL_CTL_MOD, a[0], a[1]); }
Ref epoll_unregister(Thread& t, Value self, const Value* a) { return epoll_control(t, self, EPOLL_CTL_DEL, a[0], EMPTY); }

Ref epoll_poll(Thread& t, Value self, const Value* a) {
  int epfd = TRY(open_epoll(t, self));
  i64 timeout = -1;
  if (!a[0].is_empty() && !a[0].is_none()) {
    Result<i64> given = to_timeout_ns(t, a[0]);
    if (given.failed()) {
      if (!clear_if(t, exc::TypeError)) return Raised{};
      return raise(t, exc::TypeError, "timeout must be an integer or None");
    }
    timeout = given.get();
    if (timeout > i64(INT_MAX) * 1000000) return raise(t, exc::OverflowError, "timeout is too large");
  }
  i64 most = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1], "Python int too large to convert to C int"));
  if (most == -1) most = FD_SETSIZE - 1;
  if (most < 1) return raise(t, exc::ValueError, "maxevents must be greater than 0, got %zd", most);
  // Not initialised: selectors offers room for all descriptors that are registered.
  std::unique_ptr<epoll_event[]> events(new (std::nothrow) epoll_event[static_cast<size_t>(most)]);
  if (events == nullptr) return raise_no_memory(t);
  i64 n = TRY(wait_interruptibly(t, timeout, [&](i64 left) { return i64(epoll_wait(epfd, events.get(), int(most), to_milliseconds(left))); }));
  if (n < 0) return raise_errno(t, errno);
  RefTo<List> list = TRY(list_new(t, size_t(n)));
  for (i64 i = 0; i < n; i++)
    TRY(list_append(t, list.get(), TRY(tuple_of(t, Value::small_int(events[size_t(i)].data.fd), Value::small_int(events[size_t(i)].events))).release_ref()));
  return list;
}
Ref epoll_enter(Thread& t, Value self, const Value*) {
  TRY(open_epoll(t, self));
  return Ref::copy(self);
}

const Method kEpollMethods[] = {
    class_method("fromfd", epoll_fromfd, "($type, fd, /)", "Create an epoll object from a given control fd."),
    method("close", epoll_close, "($self, /)", "Close the epoll control file descriptor.\n\nFurther operations on the epoll object will raise an exception."),
    method("fileno", epoll_fileno, "($self, /)", "Return the epoll control file descriptor."),
    method("modify", epoll_modify, "($self, /, fd, eventmask)", "Modify event mask for a registered file descriptor."),
    method("register", epoll_register, "($self, /, fd, eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT)",
           "Registers a new fd or raises an OSError if the fd is already registered."),
    method("unregister", epoll_unregister, "($self, /, fd)", "Remove a registered file descriptor from the epoll object."),
    method("poll", epoll_poll, "($self, /, timeout=None, maxevents=-1)", "Wait for events on the epoll file descriptor."),
    method("__enter__", epoll_enter, "($self, /)"),
    method("__exit__", epoll_close, "($self, exc_type=None, exc_value=None, exc_tb=None, /)"),
    {},
};
const GetSet kEpollGetSets[] = {{"closed", epoll_closed, nullptr, "True if the epoll handler is closed"}, {}};
const TypeSpec kEpollSpec = {
    .name = "select.epoll",
    .doc = "Returns an epolling object.",
    .layout = {"epoll", sizeof(Epoll), 0, nullptr, release_epoll, nullptr, nullptr},
    .flags = type_flag::kImmutable,
    .slots = {.new_ = epoll_new},
    .methods = kEpollMethods,
    .getsets = kEpollGetSets,
};

const Method kFunctions[] = {
    method("select", f_select, "($module, rlist, wlist, xlist, timeout=None, /)", "Wait until one or more file descriptors are ready for some kind of I/O."),
    method("poll", f_poll, "($module, /)", "Returns a polling object.\n\nThis object supports registering and unregistering file descriptors, and then\npolling them for I/O events."),
    {},
};
constexpr struct {
  const char* name;
  i64 value;
} kConstants[] = {
    {"PIPE_BUF", PIPE_BUF}, {"POLLIN", POLLIN}, {"POLLPRI", POLLPRI}, {"POLLOUT", POLLOUT}, {"POLLERR", POLLERR},
    {"POLLHUP", POLLHUP}, {"POLLNVAL", POLLNVAL}, {"POLLRDNORM", POLLRDNORM}, {"POLLRDBAND", POLLRDBAND},
    {"POLLWRNORM", POLLWRNORM}, {"POLLWRBAND", POLLWRBAND}, {"POLLMSG", 0x400}, {"POLLRDHUP", 0x2000},
    {"EPOLLIN", EPOLLIN}, {"EPOLLOUT", EPOLLOUT}, {"EPOLLPRI", EPOLLPRI}, {"EPOLLERR", EPOLLERR}, {"EPOLLHUP", EPOLLHUP},
    {"EPOLLRDHUP", EPOLLRDHUP}, {"EPOLLET", u32(EPOLLET)}, {"EPOLLONESHOT", EPOLLONESHOT}, {"EPOLLEXCLUSIVE", EPOLLEXCLUSIVE},
    {"EPOLLRDNORM", EPOLLRDNORM}, {"EPOLLRDBAND", EPOLLRDBAND}, {"EPOLLWRNORM", EPOLLWRNORM}, {"EPOLLWRBAND", EPOLLWRBAND},
    {"EPOLLMSG", EPOLLMSG}, {"EPOLLWAKEUP", EPOLLWAKEUP}, {"EPOLL_CLOEXEC", EPOLL_CLOEXEC},
};
Status initialise(Thread& t, Module* module) {
  if (g_poll_type == nullptr) TRY(make_static_type(t, kPollSpec, &g_poll_type));
  TRY(module_add_type(t, module, kEpollSpec, &g_epoll_type));
  for (const auto& row : kConstants) TRY(module_add_int(t, module, row.name, row.value));
  return module_add(t, module, "error", Value(exc::OSError));
}

}  // namespace

extern const ModuleDef module_select;
const ModuleDef module_select = {"select", "This module supports asynchronous I/O on multiple file descriptors.\n\n*** IMPORTANT NOTICE ***\nOn Windows, only sockets are supported; on Unix, all file descriptors.", kFunctions, initialise};

}  // namespace typhon
