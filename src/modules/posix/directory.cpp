// posix: listdir, scandir and DirEntry.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/posix/posix.h"

namespace typhon {
namespace {

Type* g_dir_entry;
Type* g_scandir_iterator;

struct DirEntry : Object {
  Field name, path;     // str or bytes
  Field stat, lstat;    // cached results or EMPTY
  i64 inode;
  i64 dir_fd;           // of scandir(fd), else -1
  u8 kind;              // DT_*
};
// Threads may read on and close at the same time: `mutex` is held for each use of the stream.
struct ScandirIterator : Object {
  DIR* stream;  // null: closed or at the end
  Mutex mutex;
  Field path;  // as given; EMPTY for the current directory
  i64 dir_fd;
  bool bytes;
};

void visit_entry(Object* self, Visitor& v) { v.fields(&static_cast<DirEntry*>(self)->name, 4); }
void visit_iterator(Object* self, Visitor& v) { v.field(static_cast<ScandirIterator*>(self)->path); }

Ref entry_text(Thread& t, const char* text, bool bytes) {
  if (bytes) return bytes_from(t, text, strlen(text));
  return decode_fs(t, text, strlen(text));
}

DIR* open_directory(Thread& t, const PathOrFd& path) {
  Detached detached(t);
  if (path.c_path() != nullptr) return opendir(path.c_path());
  int fd = fcntl(int(path.fd), F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  DIR* stream = fdopendir(fd);
  if (stream == nullptr)
    close(fd);
  else
    rewinddir(stream);
  return stream;
}

dirent* next_entry(Thread& t, DIR* stream) {
  while (true) {
    dirent* entry;
    {
      Detached detached(t);
      errno = 0;
      entry = readdir(stream);
    }
    if (entry == nullptr) return nullptr;
    const char* n = entry->d_name;
    if (n[0] == '.' && (n[1] == 0 || (n[1] == '.' && n[2] == 0))) continue;
    return entry;
  }
}

Ref f_listdir(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "listdir", true, true));
  DIR* stream = open_directory(t, path);
  if (stream == nullptr) return raise_path_errno(t, errno, path);
  RefTo<List> list = list_new(t);
  while (!list.failed()) {
    dirent* entry = next_entry(t, stream);
    if (entry == nullptr) break;
    Ref name = entry_text(t, entry->d_name, path.path.was_bytes);
    if (name.failed() || list_append(t, list.get(), name).failed()) list = RefTo<List>(Raised{});
  }
  int error = errno;
  closedir(stream);
  if (!list.failed() && error != 0) return raise_path_errno(t, error, path);
  return list;
}

Ref f_scandir(Thread& t, Value, const Value* a) {
  PathOrFd path;
  TRY(path.get(t, a[0], "scandir", true, true));
  DIR* stream = open_directory(t, path);
  if (stream == nullptr) return raise_path_errno(t, errno, path);
  Ref self = allocate_instance(t, g_scandir_iterator);
  if (self.failed()) {
    closedir(stream);
    return self;
  }
  auto* it = self.as<ScandirIterator>();
  it->stream = stream;
  it->dir_fd = path.c_path() == nullptr ? path.fd : -1;
  it->bytes = path.path.was_bytes;
  if (!path.given.is_empty() && path.c_path() != nullptr) it->path.init(it, TRY(fs_path_py(t, path.given)));
  return self;
}

Ref join_path(Thread& t, ScandirIterator* it, const char* name) {
  if (it->dir_fd >= 0) return entry_text(t, name, false);
  Ref base = it->path.load();
  if (it->bytes) {
    auto* b = base.as<Bytes>();
    size_t n = strlen(name);
    bool slash = b->size > 0 && b->data[b->size - 1] != '/';
    RefTo<Bytes> out = TRY(bytes_allocate(t, b->size + slash + n));
    memcpy(out->data, b->data, b->size);
    if (slash) out->data[b->size] = '/';
    memcpy(out->data + b->size + slash, name, n);
    return out;
  }
  Ref text = TRY(entry_text(t, name, false));
  if (base.is_empty()) return str_format(t, "./%U", text.as<Str>());
  Str* s = base.as<Str>();
  if (s->length() > 0 && s->at(s->length() - 1) != '/') return str_format(t, "%U/%U", s, text.as<Str>());
  return str_concat(t, s, text.as<Str>());
}

// A copy of the next entry; false at the end, with *error when reading failed.
bool take_entry(Thread& t, ScandirIterator* it, dirent* out, int* error) {
  MutexGuard guard(t, it->mutex);
  *error = 0;
  if (it->stream == nullptr) return false;
  dirent* entry = next_entry(t, it->stream);
  if (entry != nullptr) {
    out->d_ino = entry->d_ino;
    out->d_type = entry->d_type;
    strcpy(out->d_name, entry->d_name);
    return true;
  }
  *error = errno;
  closedir(it->stream);
  it->stream = nullptr;
  return false;
}
Ref scandir_next(Thread& t, Value self) {
  Ref keep = Ref::copy(self);
  auto* it = self.as<ScandirIterator>();
  dirent entry;
  int error;
  if (!take_entry(t, it, &entry, &error)) {
    if (error != 0) return raise_errno(t, error, it->path.peek());
    return Ref();
  }
  Ref made = TRY(allocate_instance(t, g_dir_entry));
  auto* e = made.as<DirEntry>();
  e->name.init(e, TRY(entry_text(t, entry.d_name, it->bytes)));
  e->path.init(e, TRY(join_path(t, it, entry.d_name)));
  e->inode = i64(entry.d_ino);
  e->dir_fd = it->dir_fd;
  e->kind = entry.d_type;
  return made;
}
void close_stream(ScandirIterator* it) {
  if (it->stream != nullptr) closedir(it->stream);
  it->stream = nullptr;
}
Ref scandir_close(Thread& t, Value self, const Value*) {
  Ref keep = Ref::copy(self);
  auto* it = self.as<ScandirIterator>();
  MutexGuard guard(t, it->mutex);
  close_stream(it);
  return Ref::none();
}
Ref return_self(Thread&, Value self, const Value*) { return Ref::copy(self); }
Ref iter_self(Thread&, Value self) { return Ref::copy(self); }
void release_iterator(Thread&, Object* self) { close_stream(static_cast<ScandirIterator*>(self)); }
void finalise_iterator(Thread& t, Object* self) {
  auto* it = static_cast<ScandirIterator*>(self);
  if (it->stream == nullptr) return;
  ExceptionSaver saver(t);
  if (warn(t, exc::ResourceWarning, 1, "unclosed scandir iterator %R", Value(self)).failed()) write_unraisable(t, nullptr, self);
}

const Method kIteratorMethods[] = {method("__enter__", return_self, "($self, /)"),
                                   method("__exit__", scandir_close, "($self, /, *args)"),
                                   method("close", scandir_close, "($self, /)"),
                                   {}};
const TypeSpec kIteratorSpec = {
    .name = "posix.ScandirIterator",
    .layout = {"ScandirIterator", sizeof(ScandirIterator), 0, visit_iterator, release_iterator, nullptr, finalise_iterator},
    .flags = type_flag::kDisallowInstantiation,
    .slots = {.iter = iter_self, .next = scandir_next},
    .methods = kIteratorMethods,
};

// --- DirEntry
Ref fetch_stat(Thread& t, DirEntry* e, bool follow) {
  PathArgument path;
  Ref text = e->dir_fd >= 0 ? e->name.load() : e->path.load();
  TRY(path.get(t, text, "DirEntry", "path"));
  struct stat s;
  i64 result = TRY(system_call(t, [&] { return fstatat(e->dir_fd >= 0 ? int(e->dir_fd) : AT_FDCWD, path.path, &s, follow ? 0 : AT_SYMLINK_NOFOLLOW); }));
  if (result != 0) return raise_errno(t, errno, e->path.peek());
  return make_stat_result(t, s);
}
Ref entry_stat(Thread& t, DirEntry* e, bool follow) {
  if (follow && e->kind != DT_LNK && e->kind != DT_UNKNOWN) follow = false;  // nothing to follow
  Field& cache = follow ? e->stat : e->lstat;
  Ref cached = cache.load();
  if (!cached.is_empty()) return cached;
  cached = TRY(fetch_stat(t, e, follow));
  cache.store(e, cached.get());
  return cached;
}
Result<bool> test_mode(Thread& t, DirEntry* e, bool follow, u32 mode, u8 kind) {
  bool need_stat = e->kind == DT_UNKNOWN || (follow && e->kind == DT_LNK);
  if (!need_stat) return e->kind == kind;
  Ref s = entry_stat(t, e, follow);
  if (s.failed()) {
    if (clear_if(t, exc::FileNotFoundError)) return false;  // a broken link, or gone
    return Raised{};
  }
  i64 m = s.as<Tuple>()->items[0].peek().as_small_int();
  return (u32(m) & S_IFMT) == mode;
}
Result<bool> follow_argument(Thread& t, Value v) { return v.is_empty() ? Result<bool>(true) : truth(t, v); }
Ref e_stat(Thread& t, Value self, const Value* a) { return entry_stat(t, self.as<DirEntry>(), TRY(follow_argument(t, a[0]))); }
Ref e_is_dir(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(test_mode(t, self.as<DirEntry>(), TRY(follow_argument(t, a[0])), S_IFDIR, DT_DIR))); }
Ref e_is_file(Thread& t, Value self, const Value* a) { return Ref::boolean(TRY(test_mode(t, self.as<DirEntry>(), TRY(follow_argument(t, a[0])), S_IFREG, DT_REG))); }
Ref e_is_symlink(Thread& t, Value self, const Value*) { return Ref::boolean(TRY(test_mode(t, self.as<DirEntry>(), false, S_IFLNK, DT_LNK))); }
Ref e_is_junction(Thread&, Value, const Value*) { return Ref::boolean(false); }
Ref e_inode(Thread& t, Value self, const Value*) { return int_from(t, self.as<DirEntry>()->inode); }
Ref e_fspath(Thread&, Value self, const Value*) { return self.as<DirEntry>()->path.load(); }
Ref e_repr(Thread& t, Value self) {
  Ref name = self.as<DirEntry>()->name.load();
  return str_format(t, "<DirEntry %R>", name.get());
}
Ref e_class_getitem(Thread& t, Value cls, const Value* a);

const Method kEntryMethods[] = {
    method("is_dir", e_is_dir, "($self, /, *, follow_symlinks=True)"),
    method("is_file", e_is_file, "($self, /, *, follow_symlinks=True)"),
    method("is_symlink", e_is_symlink, "($self, /)"),
    method("is_junction", e_is_junction, "($self, /)"),
    method("stat", e_stat, "($self, /, *, follow_symlinks=True)"),
    method("inode", e_inode, "($self, /)"),
    method("__fspath__", e_fspath, "($self, /)"),
    class_method("__class_getitem__", e_class_getitem, "($type, object, /)", "See PEP 585"),
    {},
};
const Member kEntryMembers[] = {{"name", offsetof(DirEntry, name)}, {"path", offsetof(DirEntry, path)}, {}};
const TypeSpec kEntrySpec = {
    .name = "posix.DirEntry",
    .layout = {"DirEntry", sizeof(DirEntry), 0, visit_entry, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation,
    .slots = {.repr = e_repr},
    .methods = kEntryMethods,
    .members = kEntryMembers,
};

}  // namespace

Ref generic_alias_new(Thread& t, Value origin, Value args);

namespace {
Ref e_class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }
}  // namespace

Status add_directory_types(Thread& t, Module* module) {
  TRY(module_add_type(t, module, kEntrySpec, &g_dir_entry));
  if (g_scandir_iterator == nullptr) TRY(make_static_type(t, kIteratorSpec, &g_scandir_iterator));
  return ok();
}

const Method kDirectoryFunctions[] = {
    method("listdir", f_listdir, "(path=None)", "Return a list containing the names of the files in the directory."),
    method("scandir", f_scandir, "(path=None)", "Return an iterator of DirEntry objects for given path."),
    {},
};

}  // namespace typhon
