// BIOs that never block: over the socket of the running Operation, and over memory; MemoryBIO objects.
#include <cstdlib>

#include "modules/_ssl/ssl.h"

namespace typhon::tls {
namespace {

// --- the socket of the running operation
int socket_result(BIO* bio, Operation* op, ssize_t n, bool reading) {
  BIO_clear_retry_flags(bio);
  if (n > 0) return int(n);
  if (n == 0) {
    if (reading) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return 0;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS) {
    BIO_set_flags(bio, (reading ? BIO_FLAGS_READ : BIO_FLAGS_WRITE) | BIO_FLAGS_SHOULD_RETRY);
  } else {
    op->bio_errno = errno;
  }
  return -1;
}
int socket_read(BIO* bio, char* to, int n) {
  Operation* op = Operation::current();
  if (op == nullptr || op->socket == nullptr) return -1;
  return socket_result(bio, op, recv(op->socket->fd(), to, size_t(n), MSG_DONTWAIT), true);
}
int socket_write(BIO* bio, const char* from, int n) {
  Operation* op = Operation::current();
  if (op == nullptr || op->socket == nullptr) return -1;
  return socket_result(bio, op, send(op->socket->fd(), from, size_t(n), MSG_DONTWAIT | MSG_NOSIGNAL), false);
}
long socket_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP: return 1;
    default: return 0;
  }
}

// --- memory
// The bytes of a MemoryBIO, shared by the Python object and the SSLs that use it; with a lock of its own, held for a copy at most.
struct MemoryBuffer {
  u32 references = 1;  // atomic
  platform::RawLock lock;
  u8* data = nullptr;
  size_t start = 0, size = 0, capacity = 0;
  bool eof = false;  // no more will be written

  static void release(MemoryBuffer* m) {
    if (m == nullptr || __atomic_sub_fetch(&m->references, 1, __ATOMIC_ACQ_REL) != 0) return;
    free(m->data);
    delete m;
  }
  size_t read(void* to, size_t n) {
    lock.lock();
    if (n > size) n = size;
    if (n > 0) memcpy(to, data + start, n);
    start += n;
    size -= n;
    if (size == 0) start = 0;
    lock.unlock();
    return n;
  }
  bool write(const void* from, size_t n) {
    lock.lock();
    bool fits = reserve(n);
    if (fits && n > 0) memcpy(data + start + size, from, n);
    if (fits) size += n;
    lock.unlock();
    return fits;
  }
  size_t pending() {
    lock.lock();
    size_t n = size;
    lock.unlock();
    return n;
  }
  bool ended() { return __atomic_load_n(&eof, __ATOMIC_ACQUIRE); }

 private:
  bool reserve(size_t n) {
    if (start + size + n <= capacity) return true;
    if (start > 0 && size + n <= capacity) {
      memmove(data, data + start, size);
      start = 0;
      return true;
    }
    size_t wanted = (size + n) * 3 / 2 + 1024;
    auto* larger = static_cast<u8*>(malloc(wanted));
    if (larger == nullptr) return false;
    if (size > 0) memcpy(larger, data + start, size);
    free(data);
    data = larger;
    start = 0;
    capacity = wanted;
    return true;
  }
};

MemoryBuffer* buffer_of(BIO* bio) { return static_cast<MemoryBuffer*>(BIO_get_data(bio)); }

int memory_read(BIO* bio, char* to, int n) {
  BIO_clear_retry_flags(bio);
  MemoryBuffer* memory = buffer_of(bio);
  bool ended = memory->ended();
  size_t got = memory->read(to, size_t(n));
  if (got > 0) return int(got);
  if (ended) return 0;
  BIO_set_retry_read(bio);
  return -1;
}
int memory_write(BIO* bio, const char* from, int n) {
  BIO_clear_retry_flags(bio);
  return buffer_of(bio)->write(from, size_t(n)) ? n : -1;
}
long memory_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_EOF: return buffer_of(bio)->pending() == 0;
    case BIO_CTRL_PENDING: return long(buffer_of(bio)->pending());
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP: return 1;
    default: return 0;
  }
}
int memory_destroy(BIO* bio) {
  MemoryBuffer::release(buffer_of(bio));
  return 1;
}

BIO_METHOD* make_method(const char* name, int (*write)(BIO*, const char*, int), int (*read)(BIO*, char*, int), long (*control)(BIO*, int, long, void*),
                        int (*destroy)(BIO*)) {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, name);
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, write);
  BIO_meth_set_read(method, read);
  BIO_meth_set_ctrl(method, control);
  BIO_meth_set_destroy(method, destroy);
  return method;
}

// --- MemoryBIO objects
struct MemoryBio : Object {
  MemoryBuffer* memory;
};
MemoryBuffer* memory_of(Value v) { return v.as<MemoryBio>()->memory; }
void release_bio(Thread&, Object* self) { MemoryBuffer::release(static_cast<MemoryBio*>(self)->memory); }

Ref bio_new(Thread& t, Type* cls, Args args) {
  static const Signature& signature = parse_signature("()");
  Value none[1] = {};
  Ref keep;
  TRY(bind_arguments(t, signature, "MemoryBIO", args, none, &keep));
  Ref made = TRY(allocate_instance(t, cls));
  made.as<MemoryBio>()->memory = new MemoryBuffer;
  return made;
}
Ref bio_read(Thread& t, Value self, const Value* a) {
  MemoryBuffer* memory = memory_of(self);
  i64 wanted = a[0].is_empty() ? -1 : TRY(to_i64(t, a[0], "Python int too large to convert to C int"));
  size_t there = memory->pending();
  size_t n = wanted < 0 || size_t(wanted) > there ? there : size_t(wanted);
  RefTo<Bytes> bytes = TRY(bytes_allocate(t, n));
  size_t got = memory->read(bytes->data, n);
  if (got == n) return bytes;
  return bytes_from(t, bytes->data, got);  // another thread was faster
}
Ref bio_write(Thread& t, Value self, const Value* a) {
  ByteView view(t);
  TRY(view.get(a[0]));
  if (view.size() > 0x7FFFFFFF) return raise(t, exc::OverflowError, "string longer than %d bytes", 0x7FFFFFFF);
  MemoryBuffer* memory = memory_of(self);
  if (memory->ended()) return raise(t, g_ssl_error, "cannot write() after write_eof()");
  if (!memory->write(view.data(), view.size())) return raise_no_memory(t);
  return int_from(t, i64(view.size()));
}
Ref bio_write_eof(Thread&, Value self, const Value*) {
  __atomic_store_n(&memory_of(self)->eof, true, __ATOMIC_RELEASE);
  return Ref::none();
}
Ref bio_pending(Thread& t, Value self) { return int_from(t, i64(memory_of(self)->pending())); }
Ref bio_eof(Thread&, Value self) { return Ref::boolean(memory_of(self)->ended() && memory_of(self)->pending() == 0); }

const Method kMethods[] = {
    method("read", bio_read, "($self, size=-1, /)",
           "Read up to size bytes from the memory BIO.\n\nIf size is not specified, read the entire buffer.\nIf the return value is an empty bytes instance, this means either\nEOF or that no data is available. Use the \"eof\" property to\ndistinguish between the two."),
    method("write", bio_write, "($self, b, /)", "Writes the bytes b into the memory BIO.\n\nReturns the number of bytes written."),
    method("write_eof", bio_write_eof, "($self, /)",
           "Write an EOF marker to the memory BIO.\n\nWhen all data has been read, the \"eof\" property will be True."),
    {},
};
const GetSet kGetSets[] = {{"pending", bio_pending, nullptr, "The number of bytes pending in the memory BIO."},
                           {"eof", bio_eof, nullptr, "Whether the memory BIO is at EOF."},
                           {}};

}  // namespace

BIO* socket_bio() {
  static BIO_METHOD* const kMethod = make_method("typhon socket", socket_write, socket_read, socket_control, nullptr);
  BIO* bio = kMethod == nullptr ? nullptr : BIO_new(kMethod);
  if (bio != nullptr) BIO_set_init(bio, 1);
  return bio;
}
BIO* memory_bio(Value object) {
  static BIO_METHOD* const kMethod = make_method("typhon memory", memory_write, memory_read, memory_control, memory_destroy);
  BIO* bio = kMethod == nullptr ? nullptr : BIO_new(kMethod);
  if (bio == nullptr) return nullptr;
  MemoryBuffer* memory = memory_of(object);
  __atomic_add_fetch(&memory->references, 1, __ATOMIC_RELAXED);
  BIO_set_data(bio, memory);
  BIO_set_init(bio, 1);
  return bio;
}

const TypeSpec kBioSpec = {
    .name = "_ssl.MemoryBIO",
    .layout = {"MemoryBIO", sizeof(MemoryBio), 0, nullptr, release_bio, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = bio_new},
    .methods = kMethods,
    .getsets = kGetSets,
};

}  // namespace typhon::tls
