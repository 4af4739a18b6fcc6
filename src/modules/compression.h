// What _bz2 and _lzma share: streams with a state of the library's, worked on detached under a mutex of their own.
//
// Lib is a class with:  using State;  static int run(State&, Span& in, Span& out, bool finish): the library's code;
// static bool ended(int code);  static bool fine(int code);  static Raised fail(Thread&, int code);  static constexpr bool kUnusableAfterErrors;
// static constexpr bool kRunsWithoutRoom: also called, once, when no output is wanted;  static void close(State&, bool compresses)
#pragma once
#include <cstdlib>
#include <string>

#include "objects/module.h"

namespace typhon::compression {

struct Span {
  u8* data;
  size_t size;
  void skip(size_t n) { data += n, size -= n; }
};

// malloc'ed output that grows; holds no references, so it may be written to while detached.
class Output {
 public:
  ~Output() { std::free(data_); }
  // The free part, at least one byte; never beyond `limit` bytes in all (-1: any number). Empty when there is no more.
  Span room(i64 limit) {
    if (size_ == capacity_) {
      size_t wanted = capacity_ == 0 ? 32768 : capacity_ * 2;
      if (limit >= 0 && wanted > size_t(limit)) wanted = size_t(limit);
      if (wanted > capacity_) {
        auto* bigger = static_cast<u8*>(std::realloc(data_, wanted));
        if (bigger == nullptr) {
          failed_ = true;
          return {};
        }
        data_ = bigger;
        capacity_ = wanted;
      }
    }
    return {data_ + size_, capacity_ - size_};
  }
  void advance(size_t n) { size_ += n; }
  bool failed() const { return failed_; }
  Ref bytes(Thread& t) const {
    if (failed_) return raise_no_memory(t);
    return bytes_from(t, data_, size_);
  }

 private:
  u8* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
  bool failed_ = false;
};

template <class Lib>
struct Stream : Object {
  typename Lib::State state;
  Mutex mutex;
  u8* pending;  // malloc'ed: input that a limited decompress() left
  size_t pending_size;
  bool ready, compresses, flushed, broken, eof, needs_input;  // under the mutex; eof and needs_input are read without
  Field unused_data;                                  // bytes
};
template <class Lib>
void visit(Object* self, Visitor& v) { v.field(static_cast<Stream<Lib>*>(self)->unused_data); }
template <class Lib>
void release(Thread&, Object* self) {
  auto* s = static_cast<Stream<Lib>*>(self);
  std::free(s->pending);
  if (s->ready) Lib::close(s->state, s->compresses);
}
template <class Lib>
Ref new_stream(Thread& t, Type* cls, bool compresses) {
  Ref made = TRY(allocate_instance(t, cls));
  auto* s = made.as<Stream<Lib>>();
  s->compresses = compresses;
  s->needs_input = !compresses;
  s->unused_data.init(s, Value(empty_bytes()));
  return made;
}

// compress() and, with `finish`, flush().
template <class Lib>
Ref compress(Thread& t, Stream<Lib>* s, Span in, bool finish) {
  Output out;
  int code = 0;
  bool late = false;
  {
    MutexGuard guard(t, s->mutex);
    late = s->flushed;
    if (!late) {
      s->flushed = finish;
      Detached detached(t);
      while (true) {
        Span room = out.room(-1);
        if (room.size == 0) break;
        size_t before = room.size;
        code = Lib::run(s->state, in, room, finish);
        out.advance(before - room.size);
        if (!Lib::fine(code) || (finish ? Lib::ended(code) : in.size == 0 && room.size != 0)) break;
      }
    }
  }
  if (late) return raise(t, exc::ValueError, finish ? "Repeated call to flush()" : "Compressor has been flushed");
  if (!Lib::fine(code) && !out.failed()) return Lib::fail(t, code);
  return out.bytes(t);
}

// At most `limit` bytes (-1: all). Input that is not used up is kept for the next call.
template <class Lib>
Ref decompress(Thread& t, Stream<Lib>* s, Span data, i64 limit, const char* ended_text) {
  Output out;
  int code = 0;
  bool late = false, broken = false;
  std::string unused;
  {
    MutexGuard guard(t, s->mutex);
    late = s->eof;
    broken = s->broken;
    if (!late && !broken) {
      // What was left over comes first; without any, the caller's bytes are read where they are.
      u8* joined = nullptr;
      Span in = data;
      if (s->pending_size != 0) {
        joined = static_cast<u8*>(std::malloc(s->pending_size + data.size + 1));
        if (joined == nullptr) return raise_no_memory(t);
        std::memcpy(joined, s->pending, s->pending_size);
        std::memcpy(joined + s->pending_size, data.data, data.size);
        in = {joined, s->pending_size + data.size};
      }
      bool full = false, ended = false;
      {
        Detached detached(t);
        while (true) {
          Span room = out.room(limit);
          if (room.size == 0) {
            full = true;
            if (Lib::kRunsWithoutRoom && limit == 0) {
              code = Lib::run(s->state, in, room, false);
              ended = Lib::ended(code);
            }
            break;
          }
          size_t before = room.size, before_in = in.size;
          code = Lib::run(s->state, in, room, false);
          out.advance(before - room.size);
          ended = Lib::ended(code);
          if (!Lib::fine(code) || ended || (in.size == 0 && room.size != 0) || (in.size == before_in && room.size == before)) break;
        }
      }
      std::free(s->pending);
      s->pending = nullptr;
      s->pending_size = 0;
      if (ended) unused.assign(reinterpret_cast<char*>(in.data), in.size);
      if (!ended && in.size != 0 && Lib::fine(code)) {
        s->pending = static_cast<u8*>(std::malloc(in.size));
        if (s->pending != nullptr) {
          std::memcpy(s->pending, in.data, in.size);
          s->pending_size = in.size;
        }
      }
      std::free(joined);
      __atomic_store_n(&s->eof, ended, __ATOMIC_RELAXED);
      s->broken = Lib::kUnusableAfterErrors && !Lib::fine(code);
      __atomic_store_n(&s->needs_input, !ended && s->pending_size == 0 && !full && !s->broken, __ATOMIC_RELAXED);
    }
  }
  if (late) return raise(t, exc::EOFError, "%s", ended_text);
  if (broken) return raise(t, exc::ValueError, "Decompressor is unusable after a previous error");
  if (!Lib::fine(code) && !out.failed()) return Lib::fail(t, code);
  if (!unused.empty()) s->unused_data.store(s, TRY(bytes_from(t, unused.data(), unused.size())));
  return out.bytes(t);
}

template <class Lib>
Ref get_eof(Thread&, Value self) { return Ref::boolean(__atomic_load_n(&self.as<Stream<Lib>>()->eof, __ATOMIC_RELAXED)); }
template <class Lib>
Ref get_needs_input(Thread&, Value self) { return Ref::boolean(__atomic_load_n(&self.as<Stream<Lib>>()->needs_input, __ATOMIC_RELAXED)); }
template <class Lib>
Ref get_unused_data(Thread&, Value self) { return self.as<Stream<Lib>>()->unused_data.load(); }
template <class Lib>
Ref no_pickling(Thread& t, Value self, const Value*) { return raise(t, exc::TypeError, "cannot pickle '%T' object", self); }

// decompress(data, max_length=-1)
template <class Lib>
Ref decompress_method(Thread& t, Value self, const Value* a, const char* ended_text) {
  ByteView data(t);
  TRY(data.get(a[0]));
  i64 limit = a[1].is_empty() ? -1 : TRY(to_i64(t, a[1]));
  return decompress(t, self.as<Stream<Lib>>(), {data.data(), data.size()}, limit < 0 ? -1 : limit, ended_text);
}
template <class Lib>
Ref compress_method(Thread& t, Value self, const Value* a) {
  ByteView data(t);
  TRY(data.get(a[0]));
  return compress(t, self.as<Stream<Lib>>(), {data.data(), data.size()}, false);
}
template <class Lib>
Ref flush_method(Thread& t, Value self, const Value*) {
  u8 none = 0;
  return compress(t, self.as<Stream<Lib>>(), {&none, 0}, true);
}

}  // namespace typhon::compression
