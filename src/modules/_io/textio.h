// The parts of TextIOWrapper (textio.cpp, text_codec.cpp, text_position.cpp).
#pragma once
#include "modules/_io/io.h"

namespace typhon::io {

// UTF-8, ASCII and Latin-1 are coded natively; everything else by the codec's incremental encoder and decoder.
enum class TextCodec : u8 { kOther, kUtf8, kAscii, kLatin1 };

struct TextIO : Object {
  Field buffer, encoding, errors;
  Field encoder, decoder;  // of kOther; EMPTY when the stream cannot be written or read
  Field decoded;           // str: text that was read but not all given out yet; EMPTY: none
  Field snapshot;          // bytes fed to the decoder since the state snapshot_flags, EMPTY: unknown
  IoLock read_lock;        // over decoded, decoder and snapshot
  IoLock write_lock;       // over pending and encoder
  u8* pending;             // encoded text not yet written to buffer; malloc'ed
  i64 pending_size, pending_capacity;
  i64 decoded_used;
  i64 snapshot_flags;
  i64 chunk_size;
  double bytes_per_char;  // of the last chunk; 0 unknown
  NewlineState newlines;
  LineEnd line_end;  // for readline
  TextCodec codec;
  u8 partial_size;
  u8 partial[8];          // an incomplete UTF-8 sequence at the end of the last chunk
  char write_newline[3];  // what '\n' becomes, "" for itself
  // Threads may look at these while another one makes the object anew.
  Relaxed<bool> ok, detached, finalizing;
  Relaxed<bool> can_read, can_write;  // has a decoder, an encoder
  Relaxed<bool> read_universal, read_translate, write_translate;
  Relaxed<bool> line_buffering, write_through;
  Relaxed<bool> is_seekable, telling, has_read1;
};
inline TextIO* text_of(Value v) { return v.as<TextIO>(); }

// --- text_codec.cpp; the read functions under read_lock, the write functions under write_lock
Status set_codec(Thread& t, TextIO* x, Str* encoding, Value errors, bool readable, bool writable);
// Appends the encoded text to `pending`.
Status encode_pending(Thread& t, TextIO* x, Str* text);
// After a seek to `position`: whether the next text is the start of the stream, for codecs with a byte order mark.
Status reset_encoder(Thread& t, TextIO* x, bool at_start);
// Decodes a bytes-like object; line ends translated.
Ref decode_input(Thread& t, TextIO* x, Value bytes, bool final);
Ref decode_input(Thread& t, TextIO* x, const u8* data, size_t n, bool final);
Status get_decoder_state(Thread& t, TextIO* x, Ref* bytes, i64* flags);
Status set_decoder_state(Thread& t, TextIO* x, Value bytes, i64 flags);
Status reset_decoder(Thread& t, TextIO* x);

// --- textio.cpp
Ref buffer_of(Thread& t, TextIO* x);  // ValueError when detached
Status check_attached(Thread& t, TextIO* x);
Status check_text_open(Thread& t, Value self);
Status write_pending(Thread& t, TextIO* x);  // takes write_lock
void set_decoded(TextIO* x, Ref&& text);     // EMPTY: nothing
void forget_snapshot(TextIO* x);
// self.flush(), natively where that is the method.
Status flush_text(Thread& t, Value self);
Ref call_buffer(Thread& t, TextIO* x, Str* method);

// --- text_position.cpp
Ref text_tell(Thread& t, Value self, const Value* a);
Ref text_seek(Thread& t, Value self, const Value* a);

}  // namespace typhon::io
