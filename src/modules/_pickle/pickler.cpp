// _pickle: writing pickles. The containers and atoms; save_reduce and globals are in reduce.cpp, the Pickler class in module.cpp.
#include "modules/_pickle/pickler.h"

#include "objects/exception_types.h"

namespace typhon::pickle {

Status Output::put_large(const void* header, size_t header_size, const void* data, size_t n, Value payload) {
  end_frame();
  bool framed = framing;
  framing = false;
  put(header, header_size);
  if (write.is_empty()) {
    put(data, n);
  } else {
    TRY(flush());
    Ref bytes = payload.is_empty() ? Ref(TRY(bytes_from(thread_, data, n))) : Ref::copy(payload);
    TRY(call_with(thread_, write, bytes));
  }
  framing = framed;
  return ok();
}
void Output::end_frame() {
  if (frame_ < 0) return;
  size_t start = size_t(frame_);
  frame_ = -1;
  if (buffer_.failed()) return;
  u64 n = buffer_.length() - start - kFrameHeader;
  if (n < kFrameMinimum)
    buffer_.remove(start, kFrameHeader);
  else
    std::memcpy(buffer_.data() + start + 1, &n, 8);
}
Status Output::flush() {
  if (write.is_empty()) return ok();
  Ref bytes = TRY(buffer_.finish(thread_));
  buffer_.truncate(0);
  TRY(call_with(thread_, write, bytes));
  return ok();
}

Status Saver::run(Value pickler, Value object) {
  if (!pickler.is_empty()) TRY(find_hooks(pickler));
  if (protocol_ >= 2) {
    out.put(op::kProto);
    out.put(u8(protocol_));
  }
  out.framing = protocol_ >= 4;
  TRY(save(object));
  out.put(op::kStop);
  out.end_frame();
  out.framing = false;
  return out.flush();
}

// --- notes on errors: where in the object graph they came up
Raised Saver::note(Value container, const char* what, Value key) {
  Ref exception = take_exception(thread_);
  RefTo<Str> name = TRY(full_type_name(thread_, container));
  RefTo<Str> text = TRY(key.is_empty() ? str_format(thread_, "when serializing %U %s", name.get(), what)
                                       : str_format(thread_, "when serializing %U item %R", name.get(), key));
  TRY(add_exception_note(thread_, exception, text));
  restore_exception(thread_, std::move(exception));
  return Raised{};
}
TYPHON_COLD Raised Saver::in_item(Value container, i64 index) {
  char what[32];
  snprintf(what, sizeof what, "item %ld", index);
  return note(container, what, EMPTY);
}
TYPHON_COLD Raised Saver::in_key(Value container, Value key) { return note(container, nullptr, key); }
TYPHON_COLD Raised Saver::in_part(Value object, const char* part) { return note(object, part, EMPTY); }

// --- memo
void Saver::put_get(u64 index) {
  if (!bin_) {
    char text[32];
    out.put(text, size_t(snprintf(text, sizeof text, "g%lu\n", index)));
  } else if (index < 256) {
    out.put_number(op::kBinGet, index, 1);
  } else {
    out.put_number(op::kLongBinGet, index, 4);
  }
}
Status Saver::memoize(Value v) {
  if (fast_) return ok();
  auto* m = memo.as<Memo>();
  u64 index = m->count;
  TRY(memo_add(thread_, m, v, index));
  if (protocol_ >= 4) {
    out.put(op::kMemoize);
  } else if (!bin_) {
    char text[32];
    out.put(text, size_t(snprintf(text, sizeof text, "p%lu\n", index)));
  } else if (index < 256) {
    out.put_number(op::kBinPut, index, 1);
  } else {
    out.put_number(op::kLongBinPut, index, 4);
  }
  return ok();
}

// --- one object
Status Saver::save(Value v, bool persistent) {
  TRY(out.boundary());
  if (poll_wanted(thread_)) [[unlikely]] safepoint_scan_only(thread_);
  if (persistent && !persistent_id_.is_empty()) [[unlikely]] {
    Ref id = TRY(call_with(thread_, persistent_id_, v));
    if (!id.get().is_none()) return save_persistent(id);
  }
  if (v.is_none()) {
    out.put(op::kNone);
    return ok();
  }
  if (v.is_bool()) {
    if (protocol_ >= 2)
      out.put(v.is_true() ? op::kNewTrue : op::kNewFalse);
    else
      out.put(v.is_true() ? "I01\n" : "I00\n", 4);
    return ok();
  }
  if (is_exact_int(v)) return save_int(v);
  if (is_exact_float(v)) return save_float(v);
  i64 index = known(v);
  if (index >= 0) {
    put_get(u64(index));
    return ok();
  }
  if (is_exact_str(v)) return save_str(v);
  if (is_exact_bytes(v)) return save_bytes(v);
  TRY(enter_native(thread_, " while pickling an object"));
  TRY(safepoint(thread_));
  Ref keep = Ref::copy(v);
  return save_other(keep);
}
Status Saver::save_persistent(Value id) {
  if (bin_) {
    TRY(save(id, false));
    out.put(op::kBinPersId);
    return ok();
  }
  RefTo<Str> text = TRY(object_str(thread_, id));
  if (!text->is_ascii()) return raise(thread_, g_pickling_error, "persistent IDs in protocol 0 must be ASCII strings");
  out.put(op::kPersId);
  out.put(text->data<char>(), text->length());
  out.put('\n');
  return ok();
}
Status Saver::save_other(Value v) {
  Type* type = type_of(v);
  if (type == types::bytearray) return save_bytearray(v);
  if (type == g_pickle_buffer_type) return save_buffer(v);
  if (!reducer_override_.is_empty()) {
    Ref reduced = TRY(call_with(thread_, reducer_override_, v));
    if (reduced.get().bits != NotImplemented.bits) return save_reduced(v, reduced);
  }
  if (type == types::dict) return save_dict(v);
  if (type == types::set) return save_set(v);
  if (type == types::frozenset) return save_frozenset(v);
  if (type == types::list) return save_list(v);
  if (type == types::tuple) return save_tuple(v);
  return save_by_reduce(v, type);
}

// --- atoms
Status Saver::save_int(Value v) {
  i64 n;
  bool fits = int_fits_i64(v, &n) && n == i32(n);
  if (bin_ && fits) {
    if (n >= 0 && n <= 0xFF)
      out.put_number(op::kBinInt1, u64(n), 1);
    else if (n >= 0 && n <= 0xFFFF)
      out.put_number(op::kBinInt2, u64(n), 2);
    else
      out.put_number(op::kBinInt, u64(n), 4);
    return ok();
  }
  if (protocol_ < 2) {
    RefTo<Str> digits = TRY(object_repr(thread_, v));
    out.put(fits ? op::kInt : op::kLong);
    out.put(digits->data<char>(), digits->length());
    if (!fits) out.put('L');
    out.put('\n');
    return ok();
  }
  // Two's complement with room for the sign, as short as can be.
  u64 size = int_bit_length(v) / 8 + 1;
  if (size > INT32_MAX) return raise(thread_, exc::OverflowError, "int too large to pickle");
  ByteBuilder bytes;
  bytes.append_repeated(0, size);
  if (bytes.failed()) return raise_no_memory(thread_);
  TRY(int_to_bytes(thread_, v, bytes.data(), size, true, true));
  if (int_sign(v) < 0 && size > 1 && bytes.data()[size - 1] == 0xFF && (bytes.data()[size - 2] & 0x80)) size--;
  if (size < 256)
    out.put_number(op::kLong1, size, 1);
  else
    out.put_number(op::kLong4, size, 4);
  out.put(bytes.data(), size);
  return ok();
}
Status Saver::save_float(Value v) {
  double d = float_value(v);
  if (bin_) {
    u64 bits = __builtin_bswap64(std::bit_cast<u64>(d));
    out.put_number(op::kBinFloat, bits, 8);
    return ok();
  }
  RefTo<Str> text = TRY(object_repr(thread_, v));
  out.put(op::kFloat);
  out.put(text->data<char>(), text->length());
  out.put('\n');
  return ok();
}
Status Saver::save_str(Value v) {
  auto* s = v.as<Str>();
  Ref encoded;
  const u8* data = s->data<u8>();
  size_t n = s->length();
  if (!bin_) {
    // Raw-unicode-escape, but for what would end the line or the file, and the backslash.
    StrBuilder escaped;
    for (size_t i = 0; i < n; i++) {
      u32 c = s->at(i);
      if (c == 0 || c == '\n' || c == '\r' || c == '\\' || c == 0x1A) {
        char text[8];
        escaped.append_ascii({text, size_t(snprintf(text, sizeof text, "\\u%04x", c))});
      } else {
        escaped.append(c);
      }
    }
    RefTo<Str> text = TRY(escaped.finish(thread_));
    encoded = TRY(encode_raw_unicode_escape(thread_, text.get()));
    out.put(op::kUnicode);
    out.put(encoded.as<Bytes>()->data, encoded.as<Bytes>()->size);
    out.put('\n');
    return memoize(v);
  }
  if (!s->is_ascii()) {
    encoded = TRY(encode_utf8(thread_, s, "surrogatepass"));
    data = encoded.as<Bytes>()->data;
    n = encoded.as<Bytes>()->size;
  }
  u8 header[9] = {};
  std::memcpy(header + 1, &n, 8);
  size_t header_size = 5;
  header[0] = op::kBinUnicode;
  if (n <= 0xFF && protocol_ >= 4) {
    header[0] = op::kShortBinUnicode;
    header_size = 2;
  } else if (n > 0xFFFFFFFF) {
    if (protocol_ < 4) return raise(thread_, exc::OverflowError, "serializing a string larger than 4 GiB requires pickle protocol 4 or higher");
    header[0] = op::kBinUnicode8;
    header_size = 9;
  }
  if (n >= kFrameTarget) {
    TRY(out.put_large(header, header_size, data, n, encoded.is_empty() ? EMPTY : Value(encoded)));
  } else {
    out.put(header, header_size);
    out.put(data, n);
  }
  return memoize(v);
}
// Bytes as the opcodes of protocol 3 and higher hold them (bytearrays: 5).
Status Saver::save_byte_data(Value v, const u8* data, size_t n, bool mutable_) {
  u8 header[9] = {};
  std::memcpy(header + 1, &n, 8);
  size_t header_size = 5;
  header[0] = op::kBinBytes;
  if (mutable_) {
    header[0] = op::kByteArray8;
    header_size = 9;
  } else if (n <= 0xFF) {
    header[0] = op::kShortBinBytes;
    header_size = 2;
  } else if (n > 0xFFFFFFFF) {
    if (protocol_ < 4)
      return raise(thread_, exc::OverflowError, "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher");
    header[0] = op::kBinBytes8;
    header_size = 9;
  }
  if (n >= kFrameTarget) {
    TRY(out.put_large(header, header_size, data, n, is_exact_bytes(v) ? v : EMPTY));
  } else {
    out.put(header, header_size);
    out.put(data, n);
  }
  return memoize(v);
}
Status Saver::save_bytes(Value v) {
  auto* b = v.as<Bytes>();
  if (protocol_ >= 3) return save_byte_data(v, b->data, b->size, false);
  // Python 2 has no bytes: a call that makes them of a str (of nothing for none).
  if (b->size == 0) return save_reduce(Value(types::bytes), Value(empty_tuple()), EMPTY, EMPTY, EMPTY, EMPTY, v);
  Ref text = TRY(decode_latin1(thread_, b->data, b->size));
  Ref encode = TRY(module_attribute(thread_, "codecs", "encode"));
  RefTo<Str> latin1 = TRY(str_from_ascii(thread_, "latin1"));
  RefTo<Tuple> args = TRY(tuple_of(thread_, text, latin1));
  return save_reduce(encode, args, EMPTY, EMPTY, EMPTY, EMPTY, v);
}
Status Saver::save_bytearray(Value v) {
  // A copy: the buffer may not be looked at while file.write runs.
  ByteView view(thread_);
  TRY(view.get(v));
  RefTo<Bytes> copy = TRY(bytes_from(thread_, view.data(), view.size()));
  if (protocol_ >= 5) return save_byte_data(v, copy->data, copy->size, true);
  RefTo<Tuple> args = TRY(copy->size == 0 ? tuple_of(thread_) : tuple_of(thread_, copy));
  return save_reduce(Value(types::bytearray), args, EMPTY, EMPTY, EMPTY, EMPTY, v);
}
Status Saver::save_buffer(Value v) {
  if (protocol_ < 5) return raise(thread_, g_pickling_error, "PickleBuffer can only be pickled with protocol >= 5");
  Ref view = v.as<PickleBuffer>()->view.load();
  if (view.is_empty()) return raise(thread_, exc::ValueError, "operation forbidden on released PickleBuffer object");
  Ref contiguous = TRY(get_attribute_utf8(thread_, view, "contiguous"));
  if (!contiguous.get().is_true())
    return raise(thread_, g_pickling_error, "PickleBuffer can not be pickled when pointing to a non-contiguous buffer");
  Ref readonly = TRY(get_attribute_utf8(thread_, view, "readonly"));
  bool in_band = true;
  if (!buffer_callback.is_empty() && !buffer_callback.get().is_none()) {
    Ref answer = TRY(call_with(thread_, buffer_callback, v));
    in_band = TRY(truth(thread_, answer));
  }
  if (!in_band) {
    out.put(op::kNextBuffer);
    if (readonly.get().is_true()) out.put(op::kReadonlyBuffer);
    return ok();
  }
  RefTo<Str> order = TRY(str_from_ascii(thread_, "A"));
  Ref method = TRY(get_attribute_utf8(thread_, view, "tobytes"));
  Ref bytes = TRY(call_with(thread_, method, order));
  return save_byte_data(v, bytes.as<Bytes>()->data, bytes.as<Bytes>()->size, !readonly.get().is_true());
}

// --- containers
Status Saver::save_tuple(Value v) {
  auto* tuple = v.as<Tuple>();
  u64 n = tuple->size;
  if (n == 0) {
    if (bin_)
      out.put(op::kEmptyTuple);
    else
      out.put("(t", 2);
    return ok();
  }
  bool small = n <= 3 && protocol_ >= 2;
  if (!small) out.put(op::kMark);
  for (u64 i = 0; i < n; i++) {
    if (save(tuple->items[i].peek()).failed()) return in_item(v, i64(i));
  }
  // A tuple that contains itself is written by now, with an outer one of its parts.
  i64 index = known(v);
  if (index >= 0) {
    if (bin_ && !small)
      out.put(op::kPopMark);
    else
      for (u64 i = 0; i < n + !small; i++) out.put(op::kPop);
    put_get(u64(index));
    return ok();
  }
  out.put(small ? u8(op::kTuple1 + n - 1) : op::kTuple);
  return memoize(v);
}
Status Saver::save_list(Value v) {
  if (bin_)
    out.put(op::kEmptyList);
  else
    out.put("(l", 2);
  TRY(memoize(v));
  auto* list = v.as<List>();
  if (!bin_) {
    Ref iterator = TRY(get_iter(thread_, v));
    return batch_list(iterator, v);
  }
  size_t i = 0;
  if (list_size(list) == 1) {
    Ref item = list_get(thread_, list, 0);
    if (item.is_empty()) return ok();
    if (save(item).failed()) return in_item(v, 0);
    out.put(op::kAppend);
    i = 1;
    if (list_size(list) <= 1) return ok();
  }
  while (i < list_size(list)) {
    out.put(op::kMark);
    for (size_t end = i + kBatch; i < end; i++) {
      Ref item = list_get(thread_, list, i);
      if (item.is_empty()) break;
      if (save(item).failed()) return in_item(v, i64(i));
    }
    out.put(op::kAppends);
  }
  return ok();
}
// What an iterator gives, one batch at a time; a batch of one needs no mark.
Status Saver::batch_list(Value iterator, Value object) {
  i64 done = 0;
  Ref next = TRY(iter_next(thread_, iterator));
  while (!next.is_empty()) {
    Ref first = std::move(next);
    next = TRY(iter_next(thread_, iterator));
    if (!bin_ || next.is_empty()) {
      if (save(first).failed()) return in_item(object, done);
      out.put(op::kAppend);
      done++;
      continue;
    }
    out.put(op::kMark);
    if (save(first).failed()) return in_item(object, done);
    done++;
    for (size_t n = 1; n < kBatch && !next.is_empty(); n++) {
      if (save(next).failed()) return in_item(object, done);
      done++;
      next = TRY(iter_next(thread_, iterator));
    }
    out.put(op::kAppends);
  }
  return ok();
}
Status Saver::save_dict(Value v) {
  if (bin_)
    out.put(op::kEmptyDict);
  else
    out.put("(d", 2);
  TRY(memoize(v));
  auto* dict = v.as<Dict>();
  size_t size = dict_size(dict);
  if (size == 0) return ok();
  size_t position = 0, n = 0;
  Ref key, value;
  bool single = size == 1 || !bin_;
  while (dict_next(thread_, dict, &position, &key, &value)) {
    if (!single && n % kBatch == 0) out.put(op::kMark);
    TRY(save(key));
    if (save(value).failed()) return in_key(v, key);
    n++;
    if (single)
      out.put(op::kSetItem);
    else if (n % kBatch == 0)
      out.put(op::kSetItems);
    if (dict_size(dict) != size) return raise(thread_, exc::RuntimeError, "dictionary changed size during iteration");
  }
  if (single) return ok();
  if (n % kBatch == 0) out.put(op::kMark);  // an empty batch behind the last full one: as CPython's
  out.put(op::kSetItems);
  return ok();
}
// Pairs that an iterator gives (the dictitems of a reduction).
Status Saver::batch_dict(Value iterator, Value object) {
  auto save_pair = [&](Value pair) -> Status {
    if (!is_tuple(pair) || pair.as<Tuple>()->size != 2) return raise(thread_, exc::TypeError, "dict items iterator must return 2-tuples");
    Ref key = pair.as<Tuple>()->items[0].load(), value = pair.as<Tuple>()->items[1].load();
    TRY(save(key));
    if (save(value).failed()) return in_key(object, key);
    return ok();
  };
  Ref next = TRY(iter_next(thread_, iterator));
  while (!next.is_empty()) {
    Ref first = std::move(next);
    next = TRY(iter_next(thread_, iterator));
    if (!bin_ || next.is_empty()) {
      TRY(save_pair(first));
      out.put(op::kSetItem);
      continue;
    }
    out.put(op::kMark);
    TRY(save_pair(first));
    for (size_t n = 1; n < kBatch && !next.is_empty(); n++) {
      TRY(save_pair(next));
      next = TRY(iter_next(thread_, iterator));
    }
    out.put(op::kSetItems);
  }
  return ok();
}
Status Saver::save_set(Value v) {
  auto* set = v.as<Set>();
  if (protocol_ < 4) {
    RefTo<List> items = TRY(set_items_list(thread_, set));
    RefTo<Tuple> args = TRY(tuple_of(thread_, items));
    return save_reduce(Value(types::set), args, EMPTY, EMPTY, EMPTY, EMPTY, v);
  }
  out.put(op::kEmptySet);
  TRY(memoize(v));
  size_t size = set_size(set), position = 0, n = 0;
  Ref item;
  while (set_next(thread_, set, &position, &item)) {
    if (n % kBatch == 0) out.put(op::kMark);
    if (save(item).failed()) return in_part(v, "element");
    if (++n % kBatch == 0) out.put(op::kAddItems);
    if (set_size(set) != size) return raise(thread_, exc::RuntimeError, "set changed size during iteration");
  }
  if (size == 0) return ok();
  if (n % kBatch == 0) out.put(op::kMark);
  out.put(op::kAddItems);
  return ok();
}
Status Saver::save_frozenset(Value v) {
  auto* set = v.as<Set>();
  if (protocol_ < 4) {
    RefTo<List> items = TRY(set_items_list(thread_, set));
    RefTo<Tuple> args = TRY(tuple_of(thread_, items));
    return save_reduce(Value(types::frozenset), args, EMPTY, EMPTY, EMPTY, EMPTY, v);
  }
  out.put(op::kMark);
  size_t position = 0;
  Ref item;
  while (set_next(thread_, set, &position, &item))
    if (save(item).failed()) return in_part(v, "element");
  i64 index = known(v);
  if (index >= 0) {
    out.put(op::kPopMark);
    put_get(u64(index));
    return ok();
  }
  out.put(op::kFrozenSet);
  return memoize(v);
}

}  // namespace typhon::pickle
