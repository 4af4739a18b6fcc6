// Shared between the files of _io.
//
// Locks. A buffered object holds its IoLock over every operation on its buffer, over the calls of raw.read() and raw.write()
// too; a call from the same thread meanwhile (a signal handler, raw methods in Python) is a RuntimeError, as in CPython. A
// TextIOWrapper has two, one for reading and one for writing (a socket's text file is read and written at once), which let
// their own thread in again: the state is consistent at every callout, and re-read afterwards. Order: read, write, buffered.
// BytesIO and StringIO run no Python code in the middle of an operation: they use the object lock.
#pragma once
#include <cerrno>

#include "modules/posix/posix.h"
#include "objects/codecs.h"
#include "objects/container_util.h"
#include "threads/sync.h"

namespace typhon {
Ref memoryview_new(Thread& t, Value object, int flags);  // objects/memoryview.cpp
}  // namespace typhon

namespace typhon::io {

inline constexpr i64 kDefaultBufferSize = 131072;
inline constexpr i64 kWouldBlock = -2;  // what raw reads and writes give when a non-blocking stream is not ready

extern Type *g_iobase, *g_raw_base, *g_buffered_base, *g_text_base;
extern Type *g_file, *g_reader, *g_writer, *g_random, *g_pair, *g_bytes_io, *g_bytes_io_buffer, *g_string_io;
extern Type *g_text, *g_newline_decoder;
extern Type* g_unsupported;  // io.UnsupportedOperation

namespace name {
#define NAME(id) extern Str* id;
#define NAME_AS(id, text) extern Str* id;
#include "modules/_io/names.def"
#undef NAME
#undef NAME_AS
}  // namespace name

// --- locks
class IoLock {
 public:
  // False: this thread is inside already, and `reentrant` is not allowed.
  TYPHON_INLINE bool acquire(Thread& t, bool reentrant) {
    // A program with one thread needs no atomics. Whoever starts the second one inside keeps the others waiting.
    if (!g_multi_threaded && !g_gil_mode && owner_ == 0) [[likely]] {
      plain_ = true;
      owner_ = t.ident;
      depth_ = 1;
      return true;
    }
    return acquire_slow(t, reentrant);
  }
  bool try_acquire(Thread& t);  // this thread may be inside already
  TYPHON_INLINE void release(Thread& t) {
    if (--depth_ != 0) return;
    __atomic_store_n(&owner_, 0, __ATOMIC_RELAXED);
    if (plain_) [[likely]]
      __atomic_store_n(&plain_, false, __ATOMIC_RELEASE);
    else
      lock_.release();
  }

 private:
  bool acquire_slow(Thread& t, bool reentrant);
  void forget_dead_holder(Thread& t);
  void wait_for_plain_holder(Thread& t);
  AdaptiveLock lock_;
  bool plain_;      // held without lock_
  u32 generation_;  // of forks: the holder may be a thread that the child does not have
  u32 depth_;
  u64 owner_;
};

class [[nodiscard]] TextLock {
 public:
  TextLock(Thread& t, IoLock& lock) : thread_(t), lock_(lock) { lock.acquire(t, true); }
  ~TextLock() { lock_.release(thread_); }
  TextLock(const TextLock&) = delete;

 private:
  Thread& thread_;
  IoLock& lock_;
};

// --- base classes (iobase.cpp)
Raised raise_unsupported(Thread& t, const char* message);
Raised raise_blocking(Thread& t, const char* message, i64 written);
// Asks the `closed` attribute; ValueError "I/O operation on closed file."
Status check_closed(Thread& t, Value self);
Status check_readable(Thread& t, Value self);
Status check_writable(Thread& t, Value self);
Status check_seekable(Thread& t, Value self);
// True (and the exception gone) when InterruptedError is pending: the call is made again (PEP 475).
Result<bool> trap_eintr(Thread& t);
// `self.name(...)` again as long as it raises InterruptedError.
Ref call_uninterrupted(Thread& t, Value self, Str* method, const Value* words, u32 n);
// A size or position argument: EMPTY and None mean `fallback`.
Result<i64> optional_size(Thread& t, Value v, i64 fallback = -1);
Result<i64> plain_size(Thread& t, Value v, i64 fallback = -1);
// A buffer to read into; TypeError "METHOD() argument must be read-write bytes-like object, not X".
Status get_writable(Thread& t, ByteView& view, Value v, const char* method);
// Cuts a fresh bytes that nobody has seen to n bytes.
Ref shrink_bytes(Thread& t, RefTo<Bytes>&& bytes, size_t n);
// "_io.FileIO" for native types, the plain name for Python classes, as messages and reprs show them.
const char* full_type_name(Value v);
// close() of the base class: flush once, then mark the object closed.
Ref base_close(Thread& t, Value self);
// __getstate__ of what cannot be pickled.
Ref no_state(Thread& t, Value self, const Value* a);
// "$name" attribute or EMPTY; ValueError (closed or detached) counts as absent.
Ref name_for_repr(Thread& t, Value self);
extern const TypeSpec kIOBaseSpec, kRawIOBaseSpec, kBufferedIOBaseSpec, kTextIOBaseSpec;

// What a close() of two steps comes to: `earlier` is the failure of the first (EMPTY: none), `result` the second's outcome.
Ref chain_failures(Thread& t, Ref&& earlier, Ref&& result);

// --- FileIO (fileio.cpp)
struct FileIO : Object {
  i32 fd;  // -1: closed
  Relaxed<bool> created, is_readable, is_writable, appending, close_fd, finalizing;
  Relaxed<i8> is_seekable;  // -1: not known yet
  Relaxed<bool> has_stat;   // of the file when it was opened
  Relaxed<bool> is_character_device;
  Relaxed<i64> block_size;
  Relaxed<i64> size_when_opened;
};
inline bool is_exact_file(Value v) { return v.is_object() && type_of_object(v.object()) == g_file; }
inline bool file_closed(const FileIO* file) { return __atomic_load_n(&file->fd, __ATOMIC_RELAXED) < 0; }
// At most one system call. kWouldBlock when the descriptor is not ready.
Result<i64> file_read(Thread& t, FileIO* file, void* to, size_t n);
Result<i64> file_write(Thread& t, FileIO* file, const void* from, size_t n);
Result<i64> file_seek(Thread& t, FileIO* file, i64 position, int whence);
Ref file_read_all(Thread& t, FileIO* file);  // bytes, or None
Ref file_new(Thread& t, Type* cls, Args args);
Status file_open(Thread& t, FileIO* file, Value name, const char* mode, bool close_fd, Value opener);
extern const TypeSpec kFileIOSpec;

// --- buffered streams (buffered.cpp)
struct Buffered : Object {
  Field raw;
  IoLock lock;
  u8* data;  // malloc'ed when first used
  i64 capacity;
  i64 start, end;    // data[start, end): read ahead, or (writing) not yet written
  i64 raw_position;  // of the raw stream, -1: ask it
  Relaxed<bool> ok, detached, dropped, is_readable, is_writable, writing, finalizing;
};
inline bool is_exact_buffered(Value v) {
  if (!v.is_object()) return false;
  Type* type = type_of_object(v.object());
  return type == g_reader || type == g_writer || type == g_random;
}
Status buffered_init(Thread& t, Buffered* b, Value raw, i64 size, bool readable, bool writable);
// The write method without its argument checks; data must not move meanwhile.
Result<i64> buffered_write(Thread& t, Buffered* b, const u8* data, i64 n);
Status buffered_flush(Thread& t, Buffered* b);
// None when nothing is there yet.
Ref buffered_read1(Thread& t, Buffered* b, i64 n);
Ref buffered_read(Thread& t, Buffered* b, i64 n);
extern const TypeSpec kBufferedReaderSpec, kBufferedWriterSpec, kBufferedRandomSpec, kBufferedRWPairSpec;

// --- newline handling (newline_decoder.cpp)
namespace newline_seen {
inline constexpr u8 kCr = 1, kLf = 2, kCrLf = 4;
}
struct NewlineState {
  bool translate;
  bool pending_cr;  // a '\r' was held back: the next chunk may begin with '\n'
  u8 seen;          // newline_seen bits
};
// One chunk of text: holds back a '\r' at its end (unless final), notes what line ends there are, translates them to '\n'.
Ref decode_newlines(Thread& t, NewlineState* state, Str* text, bool final);
Ref newlines_seen(Thread& t, u8 seen);  // as the attribute `newlines` shows it
// How lines end: universal (any of the three), or one given sequence.
struct LineEnd {
  bool translated;  // only '\n' occurs
  bool universal;
  char text[3];
};
// Behind the first line end in s[start, length), or -1. *resume: where to look again once more text has come.
i64 find_line_end(const Str* s, i64 start, const LineEnd& end, i64* resume);
// The argument `newline` of open: None (EMPTY), '', '\n', '\r' or '\r\n'.
bool valid_newline(Str* s);
RefTo<Str> replace_line_feeds(Thread& t, Str* text, const char* with);
bool has_char(const Str* s, char c);
extern const TypeSpec kNewlineDecoderSpec;

// --- the others
extern const TypeSpec kBytesIOSpec, kBytesIOBufferSpec, kStringIOSpec, kTextIOWrapperSpec;
struct TextOptions {
  Value buffer = EMPTY, encoding = EMPTY, errors = EMPTY, newline = EMPTY;
  bool line_buffering = false, write_through = false;
};
Status text_init(Thread& t, Value self, const TextOptions& options);
// The encoding of the locale: utf-8 in UTF-8 mode.
RefTo<Str> locale_encoding(Thread& t);
// Warns when -X warn_default_encoding asks for it.
Status warn_default_encoding(Thread& t, int stack_level);

}  // namespace typhon::io
