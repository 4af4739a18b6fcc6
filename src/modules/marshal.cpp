// marshal: CPython's formats for plain values (versions 0 to 5 are read alike; FLAG_REF is understood), and Typhon's own format
// for code objects, whose bytes no other implementation reads (type code 'T').
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "bytecode/code_object.h"
#include "objects/big.h"
#include "objects/codecs.h"
#include "runtime/runtime.h"

namespace typhon {

bool parse_double(const char* text, size_t n, double* out);

namespace {

constexpr int kMaxDepth = 2000;
constexpr u8 kUnits[] = {
#define OP(name, units, operands, effect) units,
#include "bytecode/ops.def"
#undef OP
};
constexpr u32 kMostUnits = *std::ranges::max_element(kUnits);

// Whether an extra unit of an instruction may hold more than a cache.
bool is_persistent(Op op, u32 k) { return persistent_unit(op, k, ~u64(0)) != 0; }

// --- writing
class Writer {
 public:
  Writer(Thread& t, int version, bool allow_code) : t_(t), version_(version), allow_code_(allow_code), kept_(t) {}

  Status object(Value v, int depth);
  const std::string& bytes() const { return out_; }

 private:
  void byte(int b) { out_.push_back(char(b)); }
  void u16_(u32 n) {
    byte(int(n & 255));
    byte(int(n >> 8 & 255));
  }
  void u32_(u32 n) {
    u16_(n);
    u16_(n >> 16);
  }
  void u64_(u64 n) {
    u32_(u32(n));
    u32_(u32(n >> 32));
  }
  void block(const void* data, size_t n) { out_.append(static_cast<const char*>(data), n); }
  // Seven bits a byte, the lowest first; all but the last byte have bit 7 set.
  void packed(u32 n) {
    for (; n >= 128; n >>= 7) byte(int(n & 127) | 128);
    byte(int(n));
  }
  void instruction(const Instr& ins);
  void sized(int code, const void* data, size_t n) {
    byte(code);
    u32_(u32(n));
    block(data, n);
  }
  void number(double d) { u64_(std::bit_cast<u64>(d)); }
  Status integer(Value v);
  Status text(Str* s);
  Status code(Code* code, int depth);
  Status code_body(Code* code, int depth);
  Status items(int code, const Field* fields, u64 n, int depth);

  Thread& t_;
  int version_;
  bool allow_code_;
  bool compact_ = false;  // inside code: short forms that CPython does not know may be used
  std::string out_;
  // Interned strings written so far, by the index that a reference to them has; and what keeps them alive meanwhile.
  std::unordered_map<const Str*, u32> written_;
  RootedVector kept_;
  Value filename_ = EMPTY;  // of the code around, which keeps it alive
};

Status Writer::integer(Value v) {
  i64 n;
  if (compact_ && int_fits_i64(v, &n) && n >= 0 && n <= 255) {
    byte('j');
    byte(int(n));
    return ok();
  }
  if (int_fits_i64(v, &n) && n >= INT32_MIN && n <= INT32_MAX) {
    byte('i');
    u32_(u32(n));
    return ok();
  }
  // 15-bit digits, least significant first; the sign is the count's.
  BigView big(v);
  Big rest;
  mpz_abs(rest, big);
  size_t digits = (mpz_sizeinbase(rest, 2) + 14) / 15;
  byte('l');
  u32_(u32(int_sign(v) < 0 ? -i32(digits) : i32(digits)));
  for (size_t i = 0; i < digits; i++) {
    u16_(u32(mpz_get_ui(rest) & 0x7FFF));
    mpz_tdiv_q_2exp(rest, rest, 15);
  }
  return ok();
}

Status Writer::text(Str* s) {
  bool interned = s->is_interned() && version_ >= 1;
  int flag = 0;
  if (interned && version_ >= 3) {
    auto [place, fresh] = written_.try_emplace(s, u32(written_.size()));
    if (!fresh && compact_ && place->second < 256) {
      byte('q');
      byte(int(place->second));
      return ok();
    }
    if (!fresh) {
      byte('r');
      u32_(place->second);
      return ok();
    }
    kept_.push_copy(Value(s));
    flag = 0x80;
  }
  if (s->is_ascii() && version_ >= 4) {
    if (s->length() < 256) {
      byte((interned ? 'Z' : 'z') | flag);
      byte(int(s->length()));
      block(s->raw(), s->length());
    } else {
      sized((interned ? 'A' : 'a') | flag, s->raw(), s->length());
    }
    return ok();
  }
  Utf8Buffer buffer;
  std::string_view utf8 = str_utf8(s, buffer);
  sized((interned ? 't' : 'u') | flag, utf8.data(), utf8.size());
  return ok();
}

Status Writer::items(int code, const Field* fields, u64 n, int depth) {
  byte(code);
  u32_(u32(n));
  for (u64 i = 0; i < n; i++) {
    Ref item = fields[i].load();
    TRY(object(item, depth + 1));
  }
  return ok();
}

// What callers need, then the size of the body and the body: a stream of its own, so that it can be read alone. A file name that is
// that of the code around is written as None.
Status Writer::code(Code* c, int depth) {
  TRY(load_body(t_, c));
  byte('T');
  for (u32 n : {u32(c->register_count), u32(c->local_count), c->argument_count, c->positional_only_count, c->keyword_only_count, c->flags,
                u32(c->first_line), u32(c->free_first), u32(c->free_count), u32(c->self_attribute_count), u32(c->class_cell_register)})
    packed(n);
  Ref name = c->name.load(), qualname = c->qualname.load(), filename = c->filename.load();
  TRY(object(name, depth + 1));
  TRY(object(qualname, depth + 1));
  TRY(object(filename.get().same_word(filename_) ? None : filename.get(), depth + 1));
  Writer body(t_, version_, allow_code_);
  body.filename_ = filename.get();
  body.compact_ = true;
  TRY(body.code_body(c, depth + 1));
  packed(u32(body.out_.size()));
  out_ += body.out_;
  return ok();
}

// The opcode, a byte that tells the lengths of x, a, b and c (one bit, then two each), and those bytes of them that are not zero.
void Writer::instruction(const Instr& ins) {
  auto length = [](u32 n) { return n == 0 ? 0 : n < 256 ? 1 : 2; };
  byte(ins.op);
  byte((ins.x != 0) | length(ins.a) << 1 | length(ins.b) << 3 | length(ins.c) << 5);
  if (ins.x != 0) byte(ins.x);
  for (u16 n : {ins.a, ins.b, ins.c}) block(&n, size_t(length(n)));
}

Status Writer::code_body(Code* c, int depth) {
  for (u32 n : {c->unit_count, c->constant_count, c->name_count, c->exception_count, c->position_bytes}) packed(n);
  // Instructions as compiled: quickened opcodes and caches do not belong on disk.
  u32 at = 0;
  while (at < c->unit_count) {
    Instr ins = c->instructions[at];
    ins.op = u8(base_op(Op(ins.op)));
    instruction(ins);
    u32 units = op_units(Op(ins.op));
    for (u32 k = 1; k < units; k++)
      if (is_persistent(Op(ins.op), k)) packed(u32(persistent_unit(Op(ins.op), k, unit(&c->instructions[at + k]))));
    at += units;
  }
  for (u32 i = 0; i < c->exception_count; i++) {
    const ExceptionRow& row = c->exceptions[i];
    for (u32 n : {row.start, row.end, row.handler, u32(row.clear_from), u32(row.exc_reg)}) packed(n);
  }
  block(c->positions, c->position_bytes);
  block(c->variable_kinds, c->local_count);
  for (const Field* f : {&c->variable_names, &c->docstring}) {
    Ref v = f->load();
    TRY(object(v, depth));
  }
  for (u32 i = 0; i < c->constant_count; i++) TRY(object(c->constants[i], depth));
  for (u32 i = 0; i < c->name_count; i++) TRY(object(Value(c->names[i]), depth));
  return ok();
}

Status Writer::object(Value v, int depth) {
  if (depth > kMaxDepth) return raise(t_, exc::ValueError, "object too deeply nested to marshal");
  if (v.is_empty()) {
    byte('0');
  } else if (v.is_none()) {
    byte('N');
  } else if (v.is_true()) {
    byte('Y');  // CPython writes T; that letter is taken by code here
  } else if (v.is_false()) {
    byte('F');
  } else if (v.bits == Ellipsis.bits) {
    byte('.');
  } else if (v.same_word(exc::StopIteration)) {
    byte('S');
  } else if (is_exact_int(v)) {
    return integer(v);
  } else if (is_exact_float(v)) {
    if (version_ > 1) {
      byte('g');
      number(float_value(v));
    } else {
      char out[40];
      size_t n = format_double_repr(float_value(v), out, false);
      byte('f');
      byte(int(n));
      block(out, n);
    }
  } else if (is_exact(v, kShape_complex_)) {
    byte('y');
    number(v.as<Complex>()->real);
    number(v.as<Complex>()->imag);
  } else if (is_exact_str(v)) {
    return text(v.as<Str>());
  } else if (is_exact_bytes(v)) {
    sized('s', v.as<Bytes>()->data, v.as<Bytes>()->size);
  } else if (is_exact_tuple(v)) {
    auto* tuple = v.as<Tuple>();
    if (tuple->size < 256 && version_ >= 4) {
      byte(')');
      byte(int(tuple->size));
      for (u64 i = 0; i < tuple->size; i++) {
        Ref item = tuple->items[i].load();
        TRY(object(item, depth + 1));
      }
      return ok();
    }
    return items('(', tuple->items, tuple->size, depth);
  } else if (is_exact_list(v)) {
    RefTo<Tuple> snapshot = TRY(list_to_tuple(t_, v.as<List>()));
    return items('[', snapshot->items, snapshot->size, depth);
  } else if (is_exact_dict(v)) {
    byte('{');
    size_t position = 0;
    Ref key, value;
    while (dict_next(t_, v.as<Dict>(), &position, &key, &value)) {
      TRY(object(key, depth + 1));
      TRY(object(value, depth + 1));
    }
    byte('0');
  } else if (is_exact_set(v) || is_exact_frozenset(v)) {
    // Sorted by their own marshalled form, so that equal sets give equal bytes.
    RootedVector members(t_);
    size_t position = 0;
    Ref key;
    while (set_next(t_, v.as<Set>(), &position, &key)) members.push(key.dup());
    byte(is_exact_set(v) ? '<' : '>');
    u32_(u32(members.size()));
    for (size_t i = 0; i < members.size(); i++) TRY(object(members[i], depth + 1));
  } else if (is_exact_slice(v) && version_ >= 5) {
    byte(':');
    for (const Field* f : {&v.as<Slice>()->start, &v.as<Slice>()->stop, &v.as<Slice>()->step}) {
      Ref part = f->load();
      TRY(object(part, depth + 1));
    }
  } else if (is_code(v)) {
    if (!allow_code_) return raise(t_, exc::ValueError, "marshalling code objects is disallowed");
    return code(v.as<Code>(), depth);
  } else if (has_buffer(v)) {
    ByteView view(t_);
    TRY(view.get(v));
    sized('s', view.data(), view.size());
  } else {
    return raise(t_, exc::ValueError, "unmarshallable object");
  }
  return ok();
}

// --- reading
class Reader {
 public:
  // `owner`: immutable Bytes that `data` lies in, or EMPTY: then all code is unpacked at once. `filename`: of the code around.
  Reader(Thread& t, const u8* data, size_t n, bool allow_code, Value owner, Value filename = EMPTY)
      : t_(t), at_(data), start_(data), end_(data + n), references_(t), allow_code_(allow_code), owner_(owner), filename_(filename) {}
  Ref object(int depth);
  // The body of `code`, which is all that this reader reads.
  Status code_body(Code* code, int depth);
  size_t consumed() const { return size_t(at_ - start_); }

 private:
  bool have(size_t n) const { return size_t(end_ - at_) >= n; }
  Raised truncated() { return raise(t_, exc::EOFError, "marshal data too short"); }
  u8 byte() { return *at_++; }
  // Fills `out` with numbers as Writer::packed writes them. False: the data ends before, or is no such number.
  bool packed(std::span<u32> out) {
    for (u32& n : out) {
      n = 0;
      for (u32 shift = 0;; shift += 7) {
        if (!have(1) || shift > 28) return false;
        u8 b = byte();
        n |= u32(b & 127) << shift;
        if (b < 128) break;
      }
    }
    return true;
  }
  // Reads as many instructions as fill `out`.
  bool instructions(std::span<Instr> out);
  u32 u32_() {
    u32 n;
    memcpy(&n, at_, 4);
    at_ += 4;
    return n;
  }
  double number() {
    double d;
    memcpy(&d, at_, 8);
    at_ += 8;
    return d;
  }
  Ref remember(bool wanted, Ref&& value) {
    if (wanted && !value.failed()) references_.push(value.dup());
    return std::move(value);
  }
  Ref text(size_t n, bool ascii, bool interned);
  Ref integer();
  Ref sequence(u32 n, int depth, bool list, bool flag);
  Ref code(int depth);
  const u8* skip(size_t n) {
    at_ += n;
    return at_ - n;
  }

  Thread& t_;
  const u8* at_;
  const u8* start_;
  const u8* end_;
  RootedVector references_;
  bool allow_code_;
  Value owner_, filename_;  // borrowed
};

Ref Reader::text(size_t n, bool ascii, bool interned) {
  if (!have(n)) return truncated();
  Ref s;
  if (ascii) {
    u64 high = 0;
    size_t i = 0;
    for (u64 word; i + 8 <= n; i += 8) {
      memcpy(&word, at_ + i, 8);
      high |= word;
    }
    for (; i < n; i++) high |= at_[i];
    if (high & 0x8080808080808080) return raise(t_, exc::ValueError, "bad marshal data (non-ASCII text)");
    s = TRY(str_from_ascii(t_, {reinterpret_cast<const char*>(at_), n}));
  } else {
    s = TRY(decode_utf8(t_, at_, n, "surrogatepass"));
  }
  at_ += n;
  if (interned) return str_intern(t_, s);
  return s;
}

Ref Reader::integer() {
  if (!have(4)) return truncated();
  i32 count = i32(u32_());
  size_t digits = size_t(count < 0 ? -i64(count) : count);
  if (!have(digits * 2)) return truncated();
  Big out;
  for (size_t i = digits; i-- > 0;) {
    u32 d = at_[i * 2] | u32(at_[i * 2 + 1]) << 8;
    if (d > 0x7FFF) return raise(t_, exc::ValueError, "bad marshal data (digit out of range in long)");
    if (i == digits - 1 && d == 0) return raise(t_, exc::ValueError, "bad marshal data (unnormalized long data)");
    mpz_mul_2exp(out, out, 15);
    mpz_add_ui(out, out, d);
  }
  at_ += digits * 2;
  if (count < 0) mpz_neg(out, out);
  return int_from_mpz(t_, out);
}

Ref Reader::sequence(u32 n, int depth, bool as_list, bool flag) {
  if (!have(n)) return truncated();  // every item takes a byte at least
  size_t index = references_.size();
  if (flag) references_.push(Ref::none());
  if (as_list) {
    RefTo<List> list = TRY(list_new(t_, n));
    if (flag) references_.set(index, Ref::copy(list));
    for (u32 i = 0; i < n; i++) {
      Ref item = TRY(object(depth + 1));
      TRY(list_append(t_, list.get(), item));
    }
    return list;
  }
  RootedVector found(t_);
  for (u32 i = 0; i < n; i++) found.push(TRY(object(depth + 1)));
  RefTo<Tuple> tuple = TRY(tuple_from(t_, found.data(), found.size()));
  if (flag) references_.set(index, Ref::copy(tuple));
  return tuple;
}

Ref Reader::code(int depth) {
  if (!allow_code_) return raise(t_, exc::ValueError, "unmarshalling code objects is disallowed");
  u32 head[11];
  if (!packed(head)) return truncated();
  CodeSpec spec{};
  spec.register_count = u16(head[0]);
  spec.local_count = u16(head[1]);
  spec.argument_count = head[2];
  spec.positional_only_count = head[3];
  spec.keyword_only_count = head[4];
  spec.flags = head[5];
  spec.first_line = i32(head[6]);
  spec.free_first = u16(head[7]);
  spec.free_count = u16(head[8]);
  spec.self_attribute_count = u16(head[9]);
  spec.class_cell_register = u16(head[10]);
  Ref name = TRY(object(depth + 1)), qualname = TRY(object(depth + 1)), filename = TRY(object(depth + 1));
  if (filename.get().is_none() && !filename_.is_empty()) filename = Ref::copy(filename_);
  if (!is_str(name) || !is_str(qualname) || !is_str(filename)) return raise(t_, exc::ValueError, "bad marshal data (code)");
  spec.name = name;
  spec.qualname = qualname;
  spec.filename = filename;
  u32 size;
  if (!packed({&size, 1}) || !have(size)) return truncated();
  const u8* body = skip(size);
  // Code of a module or class runs at once.
  bool later = !owner_.is_empty() && !(spec.flags & code_flag::kHidden);
  u64 at = later ? u64(body - owner_.as<Bytes>()->data) : 0;
  RefTo<Code> code = TRY(make_unloaded_code(t_, spec, later && at <= UINT32_MAX ? owner_ : EMPTY, u32(at), size));
  if (code->packed_body.is_empty()) TRY(Reader(t_, body, size, true, owner_, code->filename.peek()).code_body(code.get(), depth + 1));
  return code;
}

bool Reader::instructions(std::span<Instr> out) {
  for (size_t at = 0; at < out.size();) {
    if (!have(2)) return false;
    u8 op = byte(), lengths = byte();
    u32 x = lengths & 1, a = lengths >> 1 & 3, b = lengths >> 3 & 3, c = lengths >> 5 & 3;
    if (Op(op) >= Op::kCount || a == 3 || b == 3 || c == 3 || kUnits[op] > out.size() - at || !have(x + a + b + c)) return false;
    u64 operands = 0;
    memcpy(&operands, at_, have(8) ? 8 : x + a + b + c);
    at_ += x + a + b + c;
    static constexpr u16 kMask[] = {0, 0xFF, 0xFFFF};
    auto take = [&](u32 bytes) {
      u16 n = u16(operands) & kMask[bytes];
      operands >>= 8 * bytes;
      return n;
    };
    Instr& ins = out[at];
    ins.op = op;
    ins.x = u8(take(x));
    ins.a = take(a);
    ins.b = take(b);
    ins.c = take(c);
    u32 units = kUnits[op];
    for (u32 k = 1; k < units; k++) {
      u32 extra = 0;
      if (is_persistent(Op(ins.op), k) && !packed({&extra, 1})) return false;
      unit(&out[at + k]) = extra;
    }
    at += units;
  }
  return true;
}

Status Reader::code_body(Code* code, int depth) {
  u32 head[5];
  if (!packed(head)) return truncated();
  CodeSpec spec{};
  spec.unit_count = head[0];
  spec.constant_count = head[1];
  spec.name_count = head[2];
  spec.exception_count = head[3];
  spec.packed_size = head[4];
  spec.local_count = code->local_count;
  // Each takes some bytes: no more memory is asked for than the data can fill.
  if (!have(spec.unit_count / kMostUnits) || !have(spec.exception_count)) return truncated();
  if (spec.unit_count == 0) return raise(t_, exc::ValueError, "bad marshal data (code)");
  std::vector<Instr> code_units(spec.unit_count);
  if (!instructions(code_units)) return raise(t_, exc::ValueError, "bad marshal data (code)");
  std::vector<ExceptionRow> rows(spec.exception_count);
  for (ExceptionRow& row : rows) {
    u32 n[5];
    if (!packed(n)) return truncated();
    row = {n[0], n[1], n[2], u16(n[3]), u16(n[4])};
  }
  if (!have(size_t(spec.packed_size) + spec.local_count)) return truncated();
  spec.instructions = code_units.data();
  spec.exceptions = rows.data();
  spec.packed_positions = skip(spec.packed_size);
  spec.variable_kinds = skip(spec.local_count);
  Ref variables = TRY(object(depth)), doc = TRY(object(depth));
  if (!is_exact_tuple(variables) || variables.as<Tuple>()->size != spec.local_count) return raise(t_, exc::ValueError, "bad marshal data (code)");
  for (u32 i = 0; i < spec.local_count; i++)
    if (!is_exact_str(variables.as<Tuple>()->items[i].peek())) return raise(t_, exc::ValueError, "bad marshal data (name is no str)");
  RootedVector constants(t_), names_found(t_);
  for (u32 i = 0; i < spec.constant_count; i++) constants.push(TRY(object(depth)));
  for (u32 i = 0; i < spec.name_count; i++) {
    Ref name = TRY(object(depth));
    if (!is_exact_str(name)) return raise(t_, exc::ValueError, "bad marshal data (name is no str)");
    names_found.push(std::move(name));
  }
  spec.constants = constants.data();
  spec.names = names_found.data();
  spec.variable_names = variables;
  spec.docstring = doc;
  install_fresh_body(t_, code, spec);
  return ok();
}

Ref Reader::object(int depth) {
  if (depth > kMaxDepth) return raise(t_, exc::ValueError, "recursion limit exceeded");
  if (!have(1)) return raise(t_, exc::EOFError, "EOF read where object expected");
  u8 code_byte = byte();
  bool flag = code_byte & 0x80;
  switch (code_byte & 0x7F) {
    case '0': return Ref();
    case 'N': return Ref::none();
    case 'Y': return Ref::boolean(true);
    case 'F': return Ref::boolean(false);
    case 'S': return Ref::copy(exc::StopIteration);
    case '.': return Ref::adopt(Ellipsis);
    case 'i':
      if (!have(4)) return truncated();
      return remember(flag, Ref::adopt(Value::small_int(i32(u32_()))));
    case 'j':
      if (!have(1)) return truncated();
      return Ref::adopt(Value::small_int(byte()));
    case 'l': return remember(flag, integer());
    case 'f': {
      if (!have(1)) return truncated();
      size_t n = byte();
      double d;
      if (!have(n) || !parse_double(reinterpret_cast<const char*>(at_), n, &d)) return truncated();
      at_ += n;
      return remember(flag, float_from(t_, d));
    }
    case 'g':
      if (!have(8)) return truncated();
      return remember(flag, float_from(t_, number()));
    case 'y': {
      if (!have(16)) return truncated();
      double re = number(), im = number();
      return remember(flag, complex_from(t_, re, im));
    }
    case 's': {
      if (!have(4)) return truncated();
      u32 n = u32_();
      if (!have(n)) return truncated();
      Ref bytes = TRY(bytes_from(t_, at_, n));
      at_ += n;
      return remember(flag, std::move(bytes));
    }
    case 'z':
    case 'Z': {
      if (!have(1)) return truncated();
      size_t n = byte();
      return remember(flag, text(n, true, (code_byte & 0x7F) == 'Z'));
    }
    case 'a':
    case 'A':
    case 'u':
    case 't': {
      if (!have(4)) return truncated();
      u32 n = u32_();
      u8 kind = code_byte & 0x7F;
      return remember(flag, text(n, kind == 'a' || kind == 'A', kind == 'A' || kind == 't'));
    }
    case ')':
      if (!have(1)) return truncated();
      return sequence(byte(), depth, false, flag);
    case '(':
    case '[': {
      if (!have(4)) return truncated();
      u32 n = u32_();
      return sequence(n, depth, (code_byte & 0x7F) == '[', flag);
    }
    case '{': {
      RefTo<Dict> dict = TRY(dict_new(t_));
      if (flag) references_.push(Ref::copy(dict));
      while (true) {
        Ref key = TRY(object(depth + 1));
        if (key.is_empty()) break;
        Ref value = TRY(object(depth + 1));
        if (value.is_empty()) break;
        TRY(dict_set_py(t_, dict.get(), key, value));
      }
      return dict;
    }
    case '<':
    case '>': {
      if (!have(4)) return truncated();
      u32 n = u32_();
      Ref members = TRY(sequence(n, depth, false, false));
      Ref set = TRY(set_from_py(t_, members, (code_byte & 0x7F) == '>'));
      return remember(flag, std::move(set));
    }
    case ':': {
      Ref a = TRY(object(depth + 1)), b = TRY(object(depth + 1)), c = TRY(object(depth + 1));
      return remember(flag, slice_new(t_, a, b, c));
    }
    case 'q':
    case 'r': {
      bool is_short = (code_byte & 0x7F) == 'q';
      if (!have(is_short ? 1 : 4)) return truncated();
      u32 n = is_short ? byte() : u32_();
      if (n >= references_.size()) return raise(t_, exc::ValueError, "bad marshal data (invalid reference)");
      return Ref::copy(references_[n]);
    }
    case 'T': return remember(flag, code(depth));
    default: return raise(t_, exc::ValueError, "bad marshal data (unknown type code)");
  }
}

}  // namespace

Status unpack_code_body(Thread& t, Code* code, Value owner, const u8* data, size_t n) {
  Ref filename = code->filename.load();
  return Reader(t, data, n, true, owner, filename).code_body(code, 0);
}

Ref marshal_dumps(Thread& t, Value v, int version) {
  Writer writer(t, version, true);
  TRY(writer.object(v, 0));
  return bytes_from(t, writer.bytes().data(), writer.bytes().size());
}

Ref marshal_loads(Thread& t, const u8* data, size_t n, Value owner) {
  Reader reader(t, data, n, true, owner);
  return reader.object(0);
}

namespace {

Ref loads_checked(Thread& t, const u8* data, size_t n, bool allow_code, size_t* consumed, Value owner = EMPTY) {
  Reader reader(t, data, n, allow_code, owner);
  Ref value = TRY(reader.object(0));
  if (value.is_empty()) return raise(t, exc::TypeError, "NULL object in marshal data for object");
  if (consumed != nullptr) *consumed = reader.consumed();
  return value;
}

Ref f_dumps(Thread& t, Value, const Value* a) {
  i64 version = a[1].is_empty() ? 5 : TRY(to_i64(t, a[1]));
  bool allow = a[2].is_empty() || TRY(truth(t, a[2]));
  Writer writer(t, int(version), allow);
  TRY(writer.object(a[0], 0));
  return bytes_from(t, writer.bytes().data(), writer.bytes().size());
}
Ref f_dump(Thread& t, Value, const Value* a) {
  i64 version = a[2].is_empty() ? 5 : TRY(to_i64(t, a[2]));
  bool allow = a[3].is_empty() || TRY(truth(t, a[3]));
  Writer writer(t, int(version), allow);
  TRY(writer.object(a[0], 0));
  RefTo<Bytes> bytes = TRY(bytes_from(t, writer.bytes().data(), writer.bytes().size()));
  return call_method_with(t, a[1], names::write, bytes);
}
Ref f_loads(Thread& t, Value, const Value* a) {
  bool allow = a[1].is_empty() || TRY(truth(t, a[1]));
  ByteView view(t);
  TRY(view.get(a[0]));
  // importlib gives a view of the bytes that it read.
  Ref owner = Ref::copy(a[0]);
  if (a[0].is_object() && type_of(a[0]) == types::memoryview) owner = TRY(get_attribute_utf8(t, a[0], "obj"));
  bool keeps = is_exact_bytes(owner) && view.data() >= owner.as<Bytes>()->data &&
               view.data() + view.size() <= owner.as<Bytes>()->data + owner.as<Bytes>()->size;
  return loads_checked(t, view.data(), view.size(), allow, nullptr, keeps ? owner.get() : EMPTY);
}
// Reads all there is, then goes back to just behind the object where the file can seek.
Ref f_load(Thread& t, Value, const Value* a) {
  bool allow = a[1].is_empty() || TRY(truth(t, a[1]));
  Ref data = TRY(call_method_with(t, a[0], names::read));
  if (!has_buffer(data)) return raise(t, exc::TypeError, "file.read() returned not bytes but %T", data.get());
  ByteView view(t);
  TRY(view.get(data));
  size_t consumed;
  Ref value = TRY(loads_checked(t, view.data(), view.size(), allow, &consumed));
  if (consumed < view.size()) {
    Ref back = TRY(int_from(t, i64(consumed) - i64(view.size())));
    TRY(call_method_with(t, a[0], str_immortal(t, "seek"), back, Value::small_int(1)));
  }
  return value;
}

const Method kFunctions[] = {
    method("dump", f_dump, "(value, file, version=5, /, *, allow_code=True)", "Write the value on the open file."),
    method("dumps", f_dumps, "(value, version=5, /, *, allow_code=True)", "Return the bytes object that would be written to a file by dump(value, file)."),
    method("load", f_load, "(file, /, *, allow_code=True)", "Read one value from the open file and return it."),
    method("loads", f_loads, "(bytes, /, *, allow_code=True)", "Convert the bytes-like object to a value."),
    {},
};

Status initialise(Thread& t, Module* module) { return module_add_int(t, module, "version", 5); }

}  // namespace

extern const ModuleDef module_marshal;
const ModuleDef module_marshal = {"marshal", "This module contains functions that can read and write Python values in a binary format.", kFunctions, initialise};

}  // namespace typhon
