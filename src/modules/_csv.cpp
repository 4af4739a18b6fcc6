// _csv: dialects, the reader and the writer.
#include <new>

#include "objects/module.h"

namespace typhon {
namespace {

Type *g_error, *g_dialect_type, *g_reader_type, *g_writer_type;
GlobalRoot g_dialects;  // dict: name -> Dialect
i64 g_field_limit = 128 * 1024;

enum Quoting : i32 { kMinimal, kAll, kNonNumeric, kNone, kStrings, kNotNull };
constexpr u32 kNoChar = 0xFFFFFFFF;
constexpr u32 kEol = 0xFFFFFFFE;

struct Dialect : Object {
  Field line_terminator;  // str
  u32 delimiter, quote, escape;
  i32 quoting;
  bool double_quote, skip_initial_space, strict;
};
struct Reader : Object {
  Field input, dialect;
  i64 line_number;
};
struct Writer : Object {
  Field write, dialect;
};
void visit_dialect(Object* self, Visitor& v) { v.field(static_cast<Dialect*>(self)->line_terminator); }
void visit_pair(Object* self, Visitor& v) { v.fields(&static_cast<Writer*>(self)->write, 2); }

// --- Dialect
constexpr const char* kOptionNames[] = {"delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"};
enum Option { kDelimiter, kDoubleQuote, kEscape, kTerminator, kQuote, kQuoting, kSkipSpace, kStrict, kOptions };

Ref find_dialect(Thread& t, Value name) {
  Ref found = dict_get_py(t, g_dialects.as<Dict>(), name);
  if (!found.failed() && found.is_empty()) return raise(t, g_error, "unknown dialect");
  return found;
}

Status char_option(Thread& t, Value v, const char* name, bool none_allowed, u32 fallback, u32* out) {
  if (v.is_empty()) {
    *out = fallback;
    return ok();
  }
  if (v.is_none() && none_allowed) {
    *out = kNoChar;
    return ok();
  }
  const char* kind = none_allowed ? " or None" : "";
  if (!is_str(v)) return raise(t, exc::TypeError, "\"%s\" must be a unicode character%s, not %T", name, kind, v);
  if (v.as<Str>()->length() != 1)
    return raise(t, exc::TypeError, "\"%s\" must be a unicode character%s, not a string of length %zd", name, kind, i64(v.as<Str>()->length()));
  *out = v.as<Str>()->at(0);
  return ok();
}
bool terminator_has(const Dialect* d, u32 c) {
  Str* s = d->line_terminator.as<Str>();
  for (size_t i = 0; i < s->length(); i++)
    if (s->at(i) == c) return true;
  return false;
}
Status check_char(Thread& t, const Dialect* d, u32 c, const char* name) {
  if (c == kNoChar) return ok();
  if (c == '\n' || c == '\r' || (c == ' ' && d->skip_initial_space && strcmp(name, "delimiter") != 0))
    return raise(t, exc::ValueError, "bad %s value", name);
  if (terminator_has(d, c)) return raise(t, exc::ValueError, "bad %s or lineterminator value", name);
  return ok();
}

// Options given override those of `base` (a Dialect, any object with such attributes, or EMPTY).
Ref make_dialect(Thread& t, Value base, Value* given) {
  Ref held = base.is_empty() || base.is_none() ? Ref() : Ref::copy(base);
  if (!held.is_empty() && is_str(held)) held = TRY(find_dialect(t, held));
  bool any = false;
  for (int i = 0; i < kOptions; i++) any |= !given[i].is_empty();
  if (!held.is_empty() && !any && type_of(held) == g_dialect_type) return held;
  RootedVector options(t);
  for (int i = 0; i < kOptions; i++) {
    Ref value = Ref::copy(given[i]);
    if (value.is_empty() && !held.is_empty()) {
      Ref name = TRY(str_from_ascii(t, kOptionNames[i]));
      name = TRY(str_intern(t, name)).release_ref();
      value = TRY(get_attribute_or_empty(t, held, name.as<Str>()));
    }
    options.push(std::move(value));
  }
  auto flag = [&](Option i, bool fallback) -> Result<bool> {
    return options[i].is_empty() ? Result<bool>(fallback) : truth(t, options[i]);
  };
  Ref made = TRY(allocate_instance(t, g_dialect_type));
  auto* d = made.as<Dialect>();
  TRY(char_option(t, options[kDelimiter], "delimiter", false, ',', &d->delimiter));
  d->double_quote = TRY(flag(kDoubleQuote, true));
  TRY(char_option(t, options[kEscape], "escapechar", true, kNoChar, &d->escape));
  if (options[kTerminator].is_empty()) {
    d->line_terminator.init(d, TRY(str_from_ascii(t, "\r\n")));
  } else {
    if (!is_str(options[kTerminator])) return raise(t, exc::TypeError, "\"lineterminator\" must be a string, not %T", options[kTerminator]);
    d->line_terminator.init(d, options[kTerminator]);
  }
  TRY(char_option(t, options[kQuote], "quotechar", true, '"', &d->quote));
  if (!options[kQuoting].is_empty()) {
    if (!is_exact_int(options[kQuoting])) return raise(t, exc::TypeError, "\"quoting\" must be an integer, not %T", options[kQuoting]);
    i64 quoting = TRY(to_i64(t, options[kQuoting]));
    if (quoting < kMinimal || quoting > kNotNull) return raise(t, exc::TypeError, "bad \"quoting\" value");
    d->quoting = i32(quoting);
  }
  d->skip_initial_space = TRY(flag(kSkipSpace, false));
  d->strict = TRY(flag(kStrict, false));
  if (d->quote == kNoChar && options[kQuoting].is_empty()) d->quoting = kNone;
  if (d->quoting != kNone && d->quote == kNoChar) return raise(t, exc::TypeError, "quotechar must be set if quoting enabled");
  TRY(check_char(t, d, d->delimiter, "delimiter"));
  TRY(check_char(t, d, d->escape, "escapechar"));
  TRY(check_char(t, d, d->quote, "quotechar"));
  if (d->delimiter == d->escape) return raise(t, exc::ValueError, "bad delimiter or escapechar value");
  if (d->delimiter == d->quote) return raise(t, exc::ValueError, "bad delimiter or quotechar value");
  if (d->escape != kNoChar && d->escape == d->quote) return raise(t, exc::ValueError, "bad escapechar or quotechar value");
  return made;
}
// The keyword arguments of reader(), writer(), register_dialect() and Dialect(); `base` may come as one of them.
Ref dialect_from_args(Thread& t, Value base, const Args& args) {
  Value given[kOptions] = {};
  for (u32 k = 0; k < args.keyword_count; k++) {
    Str* name = args.names->items[k].as<Str>();
    int option = -1;
    for (int i = 0; i < kOptions; i++)
      if (name->equals_ascii(kOptionNames[i])) option = i;
    if (option >= 0)
      given[option] = args.keyword(k);
    else if (name->equals_ascii("dialect") && base.is_empty())
      base = args.keyword(k);
    else
      return raise(t, exc::TypeError, "this function got an unexpected keyword argument '%U'", name);
  }
  return make_dialect(t, base, given);
}
Ref dialect_new(Thread& t, Type*, Args args) {
  if (args.count > 1) return raise(t, exc::TypeError, "Dialect() takes at most 1 positional argument (%d given)", int(args.count));
  return dialect_from_args(t, args.count == 1 ? args[0] : EMPTY, args);
}
Ref char_value(Thread& t, u32 c) {
  if (c == kNoChar) return Ref::none();
  return str_from_char(t, c);
}
Ref d_delimiter(Thread& t, Value self) { return char_value(t, self.as<Dialect>()->delimiter); }
Ref d_escape(Thread& t, Value self) { return char_value(t, self.as<Dialect>()->escape); }
Ref d_quote(Thread& t, Value self) { return char_value(t, self.as<Dialect>()->quote); }
Ref d_quoting(Thread& t, Value self) { return int_from(t, self.as<Dialect>()->quoting); }
Ref d_double(Thread&, Value self) { return Ref::boolean(self.as<Dialect>()->double_quote); }
Ref d_skip(Thread&, Value self) { return Ref::boolean(self.as<Dialect>()->skip_initial_space); }
Ref d_strict(Thread&, Value self) { return Ref::boolean(self.as<Dialect>()->strict); }
Ref d_reduce(Thread& t, Value self, const Value*) { return raise(t, exc::TypeError, "cannot pickle '%T' instances", self); }

// --- reader
enum class State : u8 { kStartRecord, kStartField, kEscaped, kInField, kInQuoted, kEscapeInQuoted, kQuoteInQuoted, kEatNewline, kAfterEscapedNewline };

class Parser {
 public:
  Parser(Thread& t, const Dialect* d, List* fields) : thread_(t), d_(d), fields_(fields) {}
  State state = State::kStartRecord;
  bool field_open() const { return length_ != 0 || state == State::kInQuoted; }

  Status save() {
    Ref value;
    if (unquoted_ && length_ == 0 && (d_->quoting == kNotNull || d_->quoting == kStrings)) {
      value = Ref::none();
    } else {
      value = TRY(field_->finish(thread_));
      if (unquoted_ && length_ != 0 && (d_->quoting == kNonNumeric || d_->quoting == kStrings))
        value = TRY(call_with(thread_, Value(types::float_), value));
    }
    field_.emplace();
    length_ = 0;
    return list_append(thread_, fields_, std::move(value));
  }
  Status add(u32 c) {
    if (i64(length_) >= __atomic_load_n(&g_field_limit, __ATOMIC_RELAXED))
      return raise(thread_, g_error, "field larger than field limit (%zd)", __atomic_load_n(&g_field_limit, __ATOMIC_RELAXED));
    field_->append(c);
    length_++;
    return ok();
  }
  Status end_field(u32 c) {
    state = c == kEol ? State::kStartRecord : State::kEatNewline;
    return save();
  }
  static bool is_newline(u32 c) { return c == '\n' || c == '\r' || c == kEol; }

  // Takes a whole field in which nothing is special, and the delimiter or newline behind it, from a line of one-byte characters. How many
  // characters these were; 0: no such field begins here.
  Result<size_t> plain_field(Str* line, size_t at) {
    if (state != State::kStartRecord && state != State::kStartField) return size_t(0);
    if (line->kind() != 0 || d_->quoting == kNonNumeric || d_->quoting == kStrings || d_->quoting == kNotNull) return size_t(0);
    const u8* text = line->data<u8>();
    size_t n = line->length(), end = at;
    u32 first = text[at];
    if ((first == d_->quote && d_->quoting != kNone) || (first == ' ' && d_->skip_initial_space)) return size_t(0);
    if (state == State::kStartRecord && is_newline(first)) return size_t(0);
    while (end < n && text[end] != d_->delimiter && text[end] != d_->escape && !is_newline(text[end])) end++;
    if ((end < n && text[end] == d_->escape) || i64(end - at) > __atomic_load_n(&g_field_limit, __ATOMIC_RELAXED)) return size_t(0);
    unquoted_ = true;
    state = end < n && text[end] == d_->delimiter ? State::kStartField : State::kEatNewline;
    Ref value = TRY(str_substring(thread_, line, at, end));
    TRY(list_append(thread_, fields_, std::move(value)));
    return end - at + (end < n ? 1 : 0);
  }

  Status feed(u32 c) {
    switch (state) {
      case State::kStartRecord:
        if (c == kEol) return ok();
        if (is_newline(c)) {
          state = State::kEatNewline;
          return ok();
        }
        [[fallthrough]];
      case State::kStartField:
        unquoted_ = true;
        if (is_newline(c)) return end_field(c);
        if (c == d_->quote && d_->quoting != kNone) {
          unquoted_ = false;
          state = State::kInQuoted;
        } else if (c == d_->escape) {
          state = State::kEscaped;
        } else if (c == ' ' && d_->skip_initial_space) {
          state = State::kStartField;
        } else if (c == d_->delimiter) {
          state = State::kStartField;
          return save();
        } else {
          state = State::kInField;
          return add(c);
        }
        return ok();
      case State::kEscaped:
        if (c == '\n' || c == '\r') {
          state = State::kAfterEscapedNewline;
          return add(c);
        }
        state = State::kInField;
        return add(c == kEol ? u32('\n') : c);
      case State::kAfterEscapedNewline:  // and so it stays in the text behind: the field goes on in the next line
        if (c == kEol) return ok();
        [[fallthrough]];
      case State::kInField:
        if (is_newline(c)) return end_field(c);
        if (c == d_->escape) {
          state = State::kEscaped;
        } else if (c == d_->delimiter) {
          state = State::kStartField;
          return save();
        } else {
          return add(c);
        }
        return ok();
      case State::kInQuoted:
        if (c == kEol) return ok();
        if (c == d_->escape) {
          state = State::kEscapeInQuoted;
        } else if (c == d_->quote && d_->quoting != kNone) {
          state = d_->double_quote ? State::kQuoteInQuoted : State::kInField;
        } else {
          return add(c);
        }
        return ok();
      case State::kEscapeInQuoted:
        state = State::kInQuoted;
        return add(c == kEol ? u32('\n') : c);
      case State::kQuoteInQuoted:
        if (d_->quoting != kNone && c == d_->quote) {
          state = State::kInQuoted;
          return add(c);
        }
        if (c == d_->delimiter) {
          state = State::kStartField;
          return save();
        }
        if (is_newline(c)) return end_field(c);
        if (d_->strict) {
          Ref delimiter = TRY(str_from_char(thread_, d_->delimiter)), quote = TRY(str_from_char(thread_, d_->quote));
          return raise(thread_, g_error, "'%S' expected after '%S'", delimiter.get(), quote.get());
        }
        state = State::kInField;
        return add(c);
      case State::kEatNewline:
        if (c == kEol)
          state = State::kStartRecord;
        else if (!is_newline(c))
          return raise(thread_, g_error, "new-line character seen in unquoted field - do you need to open the file with newline=''?");
        return ok();
    }
    return ok();
  }

 private:
  // StrBuilder is made afresh for each field.
  class Slot {
   public:
    Slot() { new (&space_) StrBuilder; }
    ~Slot() { get()->~StrBuilder(); }
    void emplace() {
      get()->~StrBuilder();
      new (&space_) StrBuilder;
    }
    StrBuilder* get() { return reinterpret_cast<StrBuilder*>(&space_); }
    StrBuilder* operator->() { return get(); }

   private:
    alignas(StrBuilder) char space_[sizeof(StrBuilder)];
  };
  Thread& thread_;
  const Dialect* d_;
  List* fields_;
  Slot field_;
  size_t length_ = 0;
  bool unquoted_ = true;
};

Ref reader_next(Thread& t, Value self) {
  auto* r = self.as<Reader>();
  Ref dialect = r->dialect.load(), input = r->input.load();
  RefTo<List> fields = TRY(list_new(t));
  Parser parser(t, dialect.as<Dialect>(), fields.get());
  do {
    Ref line = TRY(iter_next(t, input));
    if (line.is_empty()) {
      if (!parser.field_open()) return Ref();
      if (dialect.as<Dialect>()->strict) return raise(t, g_error, "unexpected end of data");
      TRY(parser.save());
      break;
    }
    if (!is_str(line))
      return raise(t, g_error, "iterator should return strings, not %T (the file should be opened in text mode)", line.get());
    __atomic_fetch_add(&r->line_number, 1, __ATOMIC_RELAXED);
    auto* s = line.as<Str>();
    for (size_t i = 0; i < s->length();) {
      if (size_t taken = TRY(parser.plain_field(s, i)); taken != 0) {
        i += taken;
        continue;
      }
      TRY(parser.feed(s->at(i)));
      i++;
    }
    TRY(parser.feed(kEol));
  } while (parser.state != State::kStartRecord);
  return fields;
}
Ref iter_self(Thread&, Value self) { return Ref::copy(self); }
Ref reader_line_num(Thread& t, Value self) { return int_from(t, __atomic_load_n(&self.as<Reader>()->line_number, __ATOMIC_RELAXED)); }

Ref f_reader(Thread& t, Value, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "reader expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "reader expected at most 2 arguments, got %d", int(args.count));
  Ref made = TRY(allocate_instance(t, g_reader_type));
  auto* r = made.as<Reader>();
  r->input.init(r, TRY(get_iter(t, args[0])));
  r->dialect.init(r, TRY(dialect_from_args(t, args.count == 2 ? args[1] : EMPTY, args)));
  return made;
}

// --- writer
Status append_field(Thread& t, const Dialect* d, StrBuilder& out, Str* text, bool quoted) {
  bool must_quote = quoted;
  if (!must_quote && d->quoting != kNone) {
    for (size_t i = 0; i < text->length() && !must_quote; i++) {
      u32 c = text->at(i);
      if (c == d->quote)
        must_quote = d->double_quote;
      else if (c != d->escape)
        must_quote = c == d->delimiter || c == '\n' || c == '\r' || terminator_has(d, c);
    }
  }
  if (must_quote) out.append(d->quote);
  for (size_t i = 0; i < text->length(); i++) {
    u32 c = text->at(i);
    if (c == d->delimiter || c == d->escape || c == d->quote || c == '\n' || c == '\r' || terminator_has(d, c)) {
      bool escape = d->quoting == kNone;
      if (!escape && c == d->quote) {
        if (d->double_quote)
          out.append(d->quote);
        else
          escape = true;
      } else if (!escape && c == d->escape) {
        escape = true;
      }
      if (escape) {
        if (d->escape == kNoChar) return raise(t, g_error, "need to escape, but no escapechar set");
        out.append(d->escape);
      }
    }
    out.append(c);
  }
  if (must_quote) out.append(d->quote);
  return ok();
}
bool is_number(Value v) {
  if (is_int(v) || is_float(v) || is_complex_(v)) return true;
  Type* type = type_of(v);
  return type->slots.index != nullptr || type->slots.int_ != nullptr || type->slots.float_ != nullptr;
}
Ref writer_row(Thread& t, Value self, const Value* a) {
  auto* w = self.as<Writer>();
  Ref dialect = w->dialect.load();
  auto* d = dialect.as<Dialect>();
  Ref iterator = get_iter(t, a[0]);
  if (iterator.failed()) {
    if (!clear_if(t, exc::TypeError)) return Raised{};
    return raise(t, g_error, "iterable expected, not %T", a[0]);
  }
  StrBuilder out;
  i64 count = 0;
  bool null = false;
  while (true) {
    Ref field = TRY(iter_next(t, iterator));
    if (field.is_empty()) break;
    bool quoted = false;
    switch (d->quoting) {
      case kNonNumeric: quoted = !is_number(field); break;
      case kAll: quoted = true; break;
      case kStrings: quoted = is_str(field); break;
      case kNotNull: quoted = !field.get().is_none(); break;
    }
    null = field.get().is_none();
    RefTo<Str> text = null ? RefTo<Str>::copy(empty_str()) : is_str(field) ? RefTo<Str>::copy(field.as<Str>()) : object_str(t, field);
    if (text.failed()) return Raised{};
    if (text->length() == 0 && d->delimiter == ' ' && d->skip_initial_space) {
      if (d->quoting == kNone || (null && (d->quoting == kStrings || d->quoting == kNotNull)))
        return raise(t, g_error, "empty field must be quoted if delimiter is a space and skipinitialspace is true");
      quoted = true;
    }
    if (count++ > 0) out.append(d->delimiter);
    TRY(append_field(t, d, out, text.get(), quoted));
  }
  if (count > 0 && out.length() == 0) {
    if (d->quoting == kNone || (null && (d->quoting == kStrings || d->quoting == kNotNull)))
      return raise(t, g_error, "single empty field record must be quoted");
    out.append(d->quote);
    out.append(d->quote);
  }
  out.append(d->line_terminator.as<Str>());
  RefTo<Str> line = TRY(out.finish(t));
  Ref write = w->write.load();
  return call_with(t, write, line);
}
Ref writer_rows(Thread& t, Value self, const Value* a) {
  Ref iterator = TRY(get_iter(t, a[0]));
  while (true) {
    Ref row = TRY(iter_next(t, iterator));
    if (row.is_empty()) return Ref::none();
    Value words[] = {row.get()};
    TRY(writer_row(t, self, words));
  }
}
Ref f_writer(Thread& t, Value, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "writer expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "writer expected at most 2 arguments, got %d", int(args.count));
  Ref made = TRY(allocate_instance(t, g_writer_type));
  auto* w = made.as<Writer>();
  w->dialect.init(w, TRY(dialect_from_args(t, args.count == 2 ? args[1] : EMPTY, args)));
  Ref write = TRY(get_attribute_or_empty(t, args[0], names::write));
  if (write.is_empty() || !is_callable(write)) return raise(t, exc::TypeError, "argument 1 must have a \"write\" method");
  w->write.init(w, std::move(write));
  return made;
}

// --- the registry
Ref f_list_dialects(Thread& t, Value, const Value*) { return dict_keys_list(t, g_dialects.as<Dict>()); }
Ref f_register(Thread& t, Value, Args args) {
  if (args.count < 1) return raise(t, exc::TypeError, "register_dialect expected at least 1 argument, got 0");
  if (args.count > 2) return raise(t, exc::TypeError, "register_dialect expected at most 2 arguments, got %d", int(args.count));
  if (!is_str(args[0])) return raise(t, exc::TypeError, "dialect name must be a string");
  Ref dialect = TRY(dialect_from_args(t, args.count == 2 ? args[1] : EMPTY, args));
  TRY(dict_set_py(t, g_dialects.as<Dict>(), args[0], dialect));
  return Ref::none();
}
Ref f_unregister(Thread& t, Value, const Value* a) {
  if (!TRY(dict_delete_py(t, g_dialects.as<Dict>(), a[0]))) return raise(t, g_error, "unknown dialect");
  return Ref::none();
}
Ref f_get_dialect(Thread& t, Value, const Value* a) { return find_dialect(t, a[0]); }
Ref f_field_size_limit(Thread& t, Value, const Value* a) {
  i64 old = __atomic_load_n(&g_field_limit, __ATOMIC_RELAXED);
  if (!a[0].is_empty()) {
    if (!is_exact_int(a[0])) return raise(t, exc::TypeError, "limit must be an integer");
    __atomic_store_n(&g_field_limit, TRY(to_i64(t, a[0])), __ATOMIC_RELAXED);
  }
  return int_from(t, old);
}

const Method kDialectMethods[] = {method("__reduce__", d_reduce, "($self, /)"), method("__reduce_ex__", d_reduce, "($self, protocol, /)"), {}};
const GetSet kDialectGetSets[] = {{"delimiter", d_delimiter}, {"escapechar", d_escape}, {"quotechar", d_quote}, {"quoting", d_quoting},
                                  {"doublequote", d_double}, {"skipinitialspace", d_skip}, {"strict", d_strict}, {}};
const Member kDialectMembers[] = {{"lineterminator", offsetof(Dialect, line_terminator)}, {}};
const TypeSpec kDialectSpec = {
    .name = "_csv.Dialect",
    .doc = "CSV dialect\n\nThe Dialect type records CSV parsing and generation options.\n",
    .layout = {"Dialect", sizeof(Dialect), 0, visit_dialect, nullptr, nullptr, nullptr},
    .flags = type_flag::kBaseType | type_flag::kImmutable,
    .slots = {.new_ = dialect_new},
    .methods = kDialectMethods,
    .getsets = kDialectGetSets,
    .members = kDialectMembers,
};
const GetSet kReaderGetSets[] = {{"line_num", reader_line_num}, {}};
const Member kReaderMembers[] = {{"dialect", offsetof(Reader, dialect)}, {}};
const TypeSpec kReaderSpec = {
    .name = "_csv.reader",
    .doc = "CSV reader\n\nReader objects are responsible for reading and parsing tabular data\nin CSV format.\n",
    .layout = {"reader", sizeof(Reader), 0, visit_pair, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.iter = iter_self, .next = reader_next},
    .getsets = kReaderGetSets,
    .members = kReaderMembers,
};
const Method kWriterMethods[] = {
    method("writerow", writer_row, "($self, row, /)", "writerow(iterable)\n\nConstruct and write a CSV record from an iterable of fields.  Non-string\nelements will be converted to string."),
    method("writerows", writer_rows, "($self, rows, /)", "writerows(iterable of iterables)\n\nConstruct and write a series of iterables to a csv file.  Non-string\nelements will be converted to string."),
    {},
};
const Member kWriterMembers[] = {{"dialect", offsetof(Writer, dialect)}, {}};
const TypeSpec kWriterSpec = {
    .name = "_csv.writer",
    .doc = "CSV writer\n\nWriter objects are responsible for generating tabular data\nin CSV format from sequence input.\n",
    .layout = {"writer", sizeof(Writer), 0, visit_pair, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kWriterMethods,
    .members = kWriterMembers,
};

const Method kFunctions[] = {
    raw_method("reader", f_reader, "($module, iterable, /, dialect='excel', **fmtparams)", "Return a reader object that will process lines from the given iterable."),
    raw_method("writer", f_writer, "($module, fileobj, /, dialect='excel', **fmtparams)", "Return a writer object that will write user data on the given file object."),
    raw_method("register_dialect", f_register, "($module, name, /, dialect='excel', **fmtparams)", "Create a mapping from a string name to a CVS dialect."),
    method("list_dialects", f_list_dialects, "($module, /)", "Return a list of all known dialect names."),
    method("unregister_dialect", f_unregister, "($module, /, name)", "Delete the name/dialect mapping associated with a string name."),
    method("get_dialect", f_get_dialect, "($module, /, name)", "Return the dialect instance associated with name."),
    method("field_size_limit", f_field_size_limit, "($module, /, new_limit=<unrepresentable>)", "Sets an upper limit on parsed fields."),
    {},
};
Status initialise(Thread& t, Module* module) {
  if (g_dialects.get().is_empty()) g_dialects.set(t, TRY(dict_new(t)).release_ref());
  TRY(module_add_exception(t, module, "_csv.Error", exc::Exception, &g_error));
  TRY(module_add_type(t, module, kDialectSpec, &g_dialect_type));
  if (g_reader_type == nullptr) TRY(make_static_type(t, kReaderSpec, &g_reader_type));
  if (g_writer_type == nullptr) TRY(make_static_type(t, kWriterSpec, &g_writer_type));
  TRY(module_add(t, module, "Reader", Value(g_reader_type)));
  TRY(module_add(t, module, "Writer", Value(g_writer_type)));
  TRY(module_add(t, module, "_dialects", g_dialects.get()));
  constexpr const char* kNames[] = {"QUOTE_MINIMAL", "QUOTE_ALL", "QUOTE_NONNUMERIC", "QUOTE_NONE", "QUOTE_STRINGS", "QUOTE_NOTNULL"};
  for (i64 i = 0; i < 6; i++) TRY(module_add_int(t, module, kNames[i], i));
  return ok();
}

}  // namespace

extern const ModuleDef module__csv;
const ModuleDef module__csv = {"_csv", "CSV parsing and writing.\n", kFunctions, initialise};

}  // namespace typhon
