// _sre: re.Pattern, re.Match, SRE_Scanner and the module's functions. Patterns and matches never change once made.
#include <cstdio>
#include <new>

#include "modules/_sre/matcher.h"
#include "objects/byte_builder.h"
#include "objects/generic_alias.h"
#include "objects/itertypes.h"
#include "runtime/runtime.h"

namespace typhon {
namespace {

using sre::Matcher;
using sre::Program;

Type* g_pattern_type;
Type* g_match_type;
Type* g_scanner_type;
Type* g_template_type;

struct Pattern : Object {
  Field source;       // str, bytes or None
  Field groupindex;   // dict
  Field indexgroup;   // tuple
  Program* program;   // owned
  i8 is_bytes;        // -1: takes both
};
struct Match : Object {
  Field string, pattern, regs;
  i64 pos, endpos;
  i64 last_index;
  i64 group_count;  // with group 0
  i64 spans[1];     // start and end of each
};
struct Scanner : Object {
  Field pattern, string;
  i64 pos, endpos;
  i64 start;
  bool must_advance, finished;
  bool busy;  // atomic
};
struct Template : Object {
  Field parts;  // tuple: literal, group, literal, group, ... literal
};

void visit_pattern(Object* self, Visitor& v) { v.fields(&static_cast<Pattern*>(self)->source, 3); }
void release_pattern(Thread&, Object* self) { delete static_cast<Pattern*>(self)->program; }
void visit_match(Object* self, Visitor& v) { v.fields(&static_cast<Match*>(self)->string, 3); }
size_t match_size(const Object* self) {
  return offsetof(Match, spans) + size_t(static_cast<const Match*>(self)->group_count) * 2 * sizeof(i64);
}
void visit_scanner(Object* self, Visitor& v) { v.fields(&static_cast<Scanner*>(self)->pattern, 2); }
void visit_template(Object* self, Visitor& v) { v.field(static_cast<Template*>(self)->parts); }

// The text that a pattern runs on: characters of a str, or the bytes of any buffer.
class Text {
 public:
  explicit Text(Thread& t) : thread_(t), view_(t) {}
  Status get(Value v) {
    value_ = v;
    if (is_str(v)) {
      Str* s = v.as<Str>();
      data_ = s->raw();
      width_ = s->width();
      length_ = i64(s->length());
      return ok();
    }
    is_bytes_ = true;
    if (!has_buffer(v)) return raise(thread_, exc::TypeError, "expected string or bytes-like object, got '%T'", v);
    TRY(view_.get(v));
    data_ = view_.data();
    length_ = i64(view_.size());
    return ok();
  }
  Status get_for(Pattern* p, Value v) {
    TRY(get(v));
    if (p->is_bytes >= 0 && is_bytes_ != bool(p->is_bytes)) {
      return is_bytes_ ? raise(thread_, exc::TypeError, "cannot use a string pattern on a bytes-like object")
                       : raise(thread_, exc::TypeError, "cannot use a bytes pattern on a string-like object");
    }
    return ok();
  }
  const void* data() const { return data_; }
  u32 width() const { return width_; }
  i64 length() const { return length_; }
  bool is_bytes() const { return is_bytes_; }
  Ref slice(i64 start, i64 end) const {
    if (start > length_) start = length_;
    if (end > length_) end = length_;
    if (!is_bytes_) return str_substring(thread_, value_.as<Str>(), size_t(start), size_t(end < start ? start : end));
    if (is_exact_bytes(value_) && start == 0 && end == length_) return Ref::copy(value_);
    return bytes_from(thread_, static_cast<const u8*>(data_) + start, end > start ? size_t(end - start) : 0);
  }

 private:
  Thread& thread_;
  ByteView view_;
  Value value_;
  const void* data_ = nullptr;
  i64 length_ = 0;
  u32 width_ = 1;
  bool is_bytes_ = false;
};

Result<i64> position_argument(Thread& t, Value v, i64 fallback) {
  if (v.is_empty()) return fallback;
  return to_i64(t, v, "Python int too large to convert to C ssize_t");
}

Ref make_match(Thread& t, Value pattern, Value string, const Matcher& m) {
  u32 groups = m.groups() + 1;
  Ref made = TRY(allocate_instance(t, g_match_type, groups));
  auto* match = made.as<Match>();
  match->group_count = groups;
  match->string.init(match, string);
  match->pattern.init(match, pattern);
  match->pos = m.pos();
  match->endpos = m.end();
  match->last_index = m.last_index();
  for (u32 g = 0; g < groups; g++) {
    match->spans[2 * g] = m.group_start(g);
    match->spans[2 * g + 1] = m.group_end(g);
  }
  return made;
}

// --- Pattern: matching
enum class How : u8 { kMatch, kFullMatch, kSearch };

Ref match_once(Thread& t, Value self, const Value* a, How how) {
  auto* p = self.as<Pattern>();
  i64 pos = TRY(position_argument(t, a[1], 0));
  i64 endpos = TRY(position_argument(t, a[2], INT64_MAX));
  Text text(t);
  TRY(text.get_for(p, a[0]));
  Matcher m(t, *p->program, text.data(), text.width(), text.length(), pos, endpos);
  bool found = TRY(how == How::kSearch ? m.search() : m.match(how == How::kFullMatch));
  if (!found) return Ref::none();
  return make_match(t, self, a[0], m);
}
Ref p_match(Thread& t, Value self, const Value* a) { return match_once(t, self, a, How::kMatch); }
Ref p_fullmatch(Thread& t, Value self, const Value* a) { return match_once(t, self, a, How::kFullMatch); }
Ref p_search(Thread& t, Value self, const Value* a) { return match_once(t, self, a, How::kSearch); }

Ref group_slice(const Text& text, const Matcher& m, u32 group, Value missing) {
  i64 start = m.group_start(group);
  if (start < 0) return missing.is_empty() ? text.slice(0, 0) : Ref::copy(missing);
  return text.slice(start, m.group_end(group));
}

Ref p_findall(Thread& t, Value self, const Value* a) {
  auto* p = self.as<Pattern>();
  i64 pos = TRY(position_argument(t, a[1], 0));
  i64 endpos = TRY(position_argument(t, a[2], INT64_MAX));
  Text text(t);
  TRY(text.get_for(p, a[0]));
  RefTo<List> list = TRY(list_new(t));
  Matcher m(t, *p->program, text.data(), text.width(), text.length(), pos, endpos);
  while (true) {
    if (!TRY(m.search())) return list;
    u32 groups = m.groups();
    Ref item;
    if (groups <= 1) {
      item = TRY(group_slice(text, m, groups, EMPTY));
    } else {
      RefTo<Tuple> tuple = TRY(tuple_allocate(t, groups));
      for (u32 g = 1; g <= groups; g++) tuple->items[g - 1].init(tuple.get(), TRY(group_slice(text, m, g, EMPTY)));
      item = std::move(tuple);
    }
    TRY(list_append(t, list.get(), std::move(item)));
    m.advance();
  }
}

Ref p_split(Thread& t, Value self, const Value* a) {
  auto* p = self.as<Pattern>();
  i64 most = TRY(position_argument(t, a[1], 0));
  Text text(t);
  TRY(text.get_for(p, a[0]));
  RefTo<List> list = TRY(list_new(t));
  Matcher m(t, *p->program, text.data(), text.width(), text.length(), 0, INT64_MAX);
  i64 last = 0;
  for (i64 n = 0; most == 0 || n < most; n++) {
    if (!TRY(m.search())) break;
    TRY(list_append(t, list.get(), TRY(text.slice(last, m.start()))));
    for (u32 g = 1; g <= m.groups(); g++) TRY(list_append(t, list.get(), TRY(group_slice(text, m, g, None))));
    last = m.position();
    m.advance();
  }
  TRY(list_append(t, list.get(), TRY(text.slice(last, text.length()))));
  return list;
}

// Gathers the pieces of sub(): characters or bytes.
class Pieces {
 public:
  Pieces(Thread& t, const Text& text, Value string) : thread_(t), text_(text), string_(string) {}
  void add_text(i64 start, i64 end) {
    if (start >= end) return;
    count_++;
    if (text_.is_bytes())
      bytes_.append(static_cast<const u8*>(text_.data()) + start, size_t(end - start));
    else
      chars_.append(string_.as<Str>(), size_t(start), size_t(end));
  }
  Status add(Value item) {
    if (text_.is_bytes()) {
      ByteView view(thread_);
      if (!has_buffer(item))
        return raise(thread_, exc::TypeError, "sequence item %zd: expected a bytes-like object, %T found", count_, item);
      TRY(view.get(item));
      bytes_.append(view.data(), view.size());
    } else {
      if (!is_str(item))
        return raise(thread_, exc::TypeError, "sequence item %zd: expected str instance, %T found", count_, item);
      chars_.append(item.as<Str>());
    }
    count_++;
    return ok();
  }
  Ref finish() {
    if (text_.is_bytes()) return bytes_.finish(thread_);
    return chars_.finish(thread_);
  }

 private:
  Thread& thread_;
  const Text& text_;
  Value string_;
  i64 count_ = 0;
  StrBuilder chars_;
  ByteBuilder bytes_;
};

// Whether a replacement has no backslash in it, and is used as it is.
Result<bool> is_plain_replacement(Thread& t, Value v) {
  if (is_str(v)) {
    Str* s = v.as<Str>();
    for (size_t i = 0; i < s->length(); i++)
      if (s->at(i) == '\\') return false;
    return true;
  }
  if (!has_buffer(v)) return false;
  ByteView view(t);
  TRY(view.get(v));
  return view.size() == 0 || memchr(view.data(), '\\', view.size()) == nullptr;
}

Ref import_re(Thread& t, const char* attribute) {
  Ref module = TRY(import_module(t, "re"));
  return get_attribute_utf8(t, module, attribute);
}

// What re._compile_template makes of a replacement: a Template, or the literal itself.
Ref compile_template(Thread& t, Value pattern, Value replacement) {
  Ref function = TRY(import_re(t, "_compile_template"));
  Ref made = call_with(t, function, pattern, replacement);
  if (made.failed() && pending_matches(t, exc::TypeError) && !is_str(replacement)) {
    // An unhashable bytes-like object (a bytearray): by way of bytes.
    Ref hash_error = take_exception(t);
    ByteView view(t);
    if (!has_buffer(replacement) || is_bytes(replacement)) {
      restore_exception(t, std::move(hash_error));
      return Ref::error();
    }
    TRY(view.get(replacement));
    Ref copy = TRY(bytes_from(t, view.data(), view.size()));
    return call_with(t, function, pattern, copy);
  }
  return made;
}

Status expand_into(Thread& t, Tuple* parts, const Matcher& m, Pieces& out) {
  TRY(out.add(parts->items[0].peek()));
  for (u64 i = 1; i + 1 < parts->size; i += 2) {
    i64 group = parts->items[i].peek().as_small_int();
    if (group > i64(m.groups())) return raise(t, exc::IndexError, "invalid group reference");
    if (m.group_start(u32(group)) >= 0) out.add_text(m.group_start(u32(group)), m.group_end(u32(group)));
    TRY(out.add(parts->items[i + 1].peek()));
  }
  return ok();
}

Ref substitute(Thread& t, Value self, const Value* a, i64* made) {
  auto* p = self.as<Pattern>();
  i64 most = TRY(position_argument(t, a[2], 0));
  bool callable = is_callable(a[0]);
  Ref filter = Ref::copy(a[0]);
  if (!callable && !TRY(is_plain_replacement(t, a[0]))) filter = TRY(compile_template(t, self, a[0]));
  Tuple* parts = !callable && type_of(filter) == g_template_type ? filter.as<Template>()->parts.as<Tuple>() : nullptr;

  Text text(t);
  TRY(text.get_for(p, a[1]));
  Matcher m(t, *p->program, text.data(), text.width(), text.length(), 0, INT64_MAX);
  Pieces out(t, text, a[1]);
  i64 last = 0, n = 0;
  for (; most == 0 || n < most; n++) {
    if (!TRY(m.search())) break;
    out.add_text(last, m.start());
    if (callable) {
      Ref match = TRY(make_match(t, self, a[1], m));
      Ref item = TRY(call_with(t, filter, match));
      if (!item.get().is_none()) TRY(out.add(item));
    } else if (parts != nullptr) {
      TRY(expand_into(t, parts, m, out));
    } else {
      TRY(out.add(filter));
    }
    last = m.position();
    m.advance();
  }
  *made = n;
  if (n == 0) return text.slice(0, text.length());
  out.add_text(last, text.length());
  return out.finish();
}
Ref p_sub(Thread& t, Value self, const Value* a) {
  i64 n;
  return substitute(t, self, a, &n);
}
Ref p_subn(Thread& t, Value self, const Value* a) {
  i64 n;
  Ref result = TRY(substitute(t, self, a, &n));
  Ref count = TRY(int_from(t, n));
  return tuple_of(t, result, count);
}

// --- Scanner
Ref scanner_new(Thread& t, Value self, const Value* a) {
  i64 pos = TRY(position_argument(t, a[1], 0));
  i64 endpos = TRY(position_argument(t, a[2], INT64_MAX));
  Text text(t);
  TRY(text.get_for(self.as<Pattern>(), a[0]));
  Ref made = TRY(allocate_instance(t, g_scanner_type));
  auto* s = made.as<Scanner>();
  s->pattern.init(s, self);
  s->string.init(s, a[0]);
  s->pos = pos < 0 ? 0 : pos > text.length() ? text.length() : pos;
  s->endpos = endpos < 0 ? 0 : endpos > text.length() ? text.length() : endpos;
  s->start = s->pos;
  return made;
}

Ref scanner_step(Thread& t, Value self, How how) {
  auto* s = self.as<Scanner>();
  if (s->finished) return Ref::none();
  Ref pattern = s->pattern.load(), string = s->string.load();
  Text text(t);
  TRY(text.get_for(pattern.as<Pattern>(), string));
  Matcher m(t, *pattern.as<Pattern>()->program, text.data(), text.width(), text.length(), s->pos, s->endpos);
  m.resume(s->start, s->must_advance);
  bool found = TRY(how == How::kSearch ? m.search() : m.match(false));
  if (!found) {
    s->finished = true;
    return Ref::none();
  }
  Ref match = make_match(t, pattern, string, m);
  m.advance();
  s->start = m.start();
  s->must_advance = m.must_advance();
  return match;
}
Ref scanner_run(Thread& t, Value self, How how) {
  auto* s = self.as<Scanner>();
  if (__atomic_exchange_n(&s->busy, true, __ATOMIC_ACQUIRE))
    return raise(t, exc::ValueError, "regular expression scanner already executing");
  Ref result = scanner_step(t, self, how);
  __atomic_store_n(&s->busy, false, __ATOMIC_RELEASE);
  return result;
}
Ref scanner_match(Thread& t, Value self, const Value*) { return scanner_run(t, self, How::kMatch); }
Ref scanner_search(Thread& t, Value self, const Value*) { return scanner_run(t, self, How::kSearch); }

Ref p_finditer(Thread& t, Value self, const Value* a) {
  Ref scanner = TRY(scanner_new(t, self, a));
  Ref search = TRY(get_attribute_utf8(t, scanner, "search"));
  return callable_iterator_new(t, search, None);
}

// --- Pattern: the rest
Ref copy_self(Thread&, Value self, const Value*) { return Ref::copy(self); }
Ref class_getitem(Thread& t, Value cls, const Value* a) { return generic_alias_new(t, cls, a[0]); }
Ref p_flags(Thread& t, Value self) { return int_from(t, self.as<Pattern>()->program->flags); }
Ref p_groups(Thread& t, Value self) { return int_from(t, self.as<Pattern>()->program->groups); }
Ref p_groupindex(Thread& t, Value self) {
  Ref index = self.as<Pattern>()->groupindex.load();
  return mappingproxy_new(t, index);
}

Ref p_compare(Thread& t, Value left, Value right, CompareOp op) {
  if (op != CompareOp::kEq && op != CompareOp::kNe) return Ref::not_implemented();
  if (type_of(right) != g_pattern_type) return Ref::not_implemented();
  auto *a = left.as<Pattern>(), *b = right.as<Pattern>();
  bool same = a == b;
  if (!same && a->program->flags == b->program->flags && a->is_bytes == b->is_bytes && a->program->code == b->program->code) {
    Ref x = a->source.load(), y = b->source.load();
    same = TRY(equal(t, x, y));
  }
  return Ref::boolean(same == (op == CompareOp::kEq));
}
Result<i64> p_hash(Thread& t, Value self) {
  auto* p = self.as<Pattern>();
  Ref source = p->source.load();
  i64 hash = TRY(object_hash(t, source));
  hash ^= hash_bytes(p->program->code.data(), p->program->code.size() * sizeof(u32));
  hash ^= p->program->flags ^ p->is_bytes ^ i64(p->program->code.size());
  return hash == -1 ? -2 : hash;
}

Ref p_repr(Thread& t, Value self) {
  auto* p = self.as<Pattern>();
  static constexpr struct {
    const char* name;
    u32 flag;
  } kNames[] = {{"re.IGNORECASE", sre::kFlagIgnoreCase}, {"re.LOCALE", sre::kFlagLocale}, {"re.MULTILINE", sre::kFlagMultiline},
                {"re.DOTALL", sre::kFlagDotAll},         {"re.UNICODE", sre::kFlagUnicode}, {"re.VERBOSE", sre::kFlagVerbose},
                {"re.DEBUG", sre::kFlagDebug},           {"re.ASCII", sre::kFlagAscii}};
  u32 flags = p->program->flags;
  Ref source = p->source.load();
  if (is_str(source) && (flags & (sre::kFlagLocale | sre::kFlagUnicode | sre::kFlagAscii)) == sre::kFlagUnicode)
    flags &= ~sre::kFlagUnicode;
  RefTo<Str> text = TRY(object_repr(t, source));
  StrBuilder out;
  out.append_ascii("re.compile(");
  out.append(text.get(), 0, text->length() < 200 ? text->length() : 200);
  bool first = true;
  auto separate = [&] {
    out.append_ascii(first ? ", " : "|");
    first = false;
  };
  for (const auto& row : kNames) {
    if (!(flags & row.flag)) continue;
    separate();
    out.append_ascii(row.name);
    flags &= ~row.flag;
  }
  if (flags != 0) {
    separate();
    char rest[16];
    out.append_ascii({rest, size_t(snprintf(rest, sizeof rest, "0x%x", flags))});
  }
  out.append(')');
  return out.finish(t);
}

// --- Match
// The number of the group that an index or a name means; -1 when there is none (no exception but what conversion raised).
Result<i64> find_group(Thread& t, Match* m, Value v) {
  i64 group = -1;
  if (v.is_small_int()) {
    group = v.as_small_int();
  } else if (is_int(v) || !type_lookup(type_of(v), names::__index__).is_empty()) {
    group = TRY(to_i64(t, v, "Python int too large to convert to C ssize_t"));
  } else {
    Ref index = m->pattern.as<Pattern>()->groupindex.load();
    Ref found = dict_get_py(t, index.as<Dict>(), v);
    if (found.failed()) {
      if (!pending_matches(t, exc::TypeError)) return Raised{};
      clear_exception(t);  // unhashable: no group
    } else if (found.get().is_small_int()) {
      group = found.get().as_small_int();
    }
  }
  if (group < 0 || group >= m->group_count) return raise(t, exc::IndexError, "no such group");
  return group;
}

Ref match_slice(Thread& t, Match* m, i64 group, Value missing) {
  i64 start = m->spans[2 * group];
  if (start < 0) return Ref::copy(missing);
  Ref string = m->string.load();
  if (is_str(string)) return str_substring(t, string.as<Str>(), size_t(start), size_t(m->spans[2 * group + 1]));
  Text text(t);
  TRY(text.get(string));
  return text.slice(start, m->spans[2 * group + 1]);
}

Ref m_group(Thread& t, Value self, Args args) {
  auto* m = self.as<Match>();
  if (args.keyword_count != 0) return raise(t, exc::TypeError, "re.Match.group() takes no keyword arguments");
  if (args.count == 0) return match_slice(t, m, 0, None);
  if (args.count == 1) return match_slice(t, m, TRY(find_group(t, m, args[0])), None);
  RefTo<Tuple> result = TRY(tuple_allocate(t, args.count));
  for (u32 i = 0; i < args.count; i++)
    result->items[i].init(result.get(), TRY(match_slice(t, m, TRY(find_group(t, m, args[i])), None)));
  return result;
}
Ref m_getitem(Thread& t, Value self, Value key) {
  auto* m = self.as<Match>();
  return match_slice(t, m, TRY(find_group(t, m, key)), None);
}
Ref m_groups(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  if (m->group_count == 1) return tuple_of(t);
  RefTo<Tuple> result = TRY(tuple_allocate(t, size_t(m->group_count - 1)));
  for (i64 g = 1; g < m->group_count; g++)
    result->items[g - 1].init(result.get(), TRY(match_slice(t, m, g, a[0].is_empty() ? None : a[0])));
  return result;
}
Ref m_groupdict(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  RefTo<Dict> result = TRY(dict_new(t));
  Ref index = m->pattern.as<Pattern>()->groupindex.load();
  size_t position = 0;
  Ref key, value;
  while (dict_next(t, index.as<Dict>(), &position, &key, &value)) {
    Ref item = TRY(match_slice(t, m, TRY(find_group(t, m, value)), a[0].is_empty() ? None : a[0]));
    TRY(dict_set_py(t, result.get(), key, item));
  }
  return result;
}
Result<i64> group_argument(Thread& t, Match* m, Value v) {
  if (v.is_empty()) return i64(0);
  return find_group(t, m, v);
}
Ref m_start(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  return int_from(t, m->spans[2 * TRY(group_argument(t, m, a[0]))]);
}
Ref m_end(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  return int_from(t, m->spans[2 * TRY(group_argument(t, m, a[0])) + 1]);
}
RefTo<Tuple> span_of(Thread& t, Match* m, i64 group) {
  Ref start = TRY(int_from(t, m->spans[2 * group]));
  Ref end = TRY(int_from(t, m->spans[2 * group + 1]));
  return tuple_of(t, start, end);
}
Ref m_span(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  return span_of(t, m, TRY(group_argument(t, m, a[0])));
}
Ref m_regs(Thread& t, Value self) {
  auto* m = self.as<Match>();
  Ref known = m->regs.load();
  if (!known.is_empty()) return known;
  RefTo<Tuple> result = TRY(tuple_allocate(t, size_t(m->group_count)));
  for (i64 g = 0; g < m->group_count; g++) result->items[g].init(result.get(), TRY(span_of(t, m, g)));
  m->regs.store(m, result.value());
  return result;
}
Ref m_lastindex(Thread& t, Value self) {
  i64 index = self.as<Match>()->last_index;
  if (index < 0) return Ref::none();
  return int_from(t, index);
}
Ref m_lastgroup(Thread& t, Value self) {
  auto* m = self.as<Match>();
  Ref names = m->pattern.as<Pattern>()->indexgroup.load();
  if (m->last_index < 0 || u64(m->last_index) >= names.as<Tuple>()->size) return Ref::none();
  return names.as<Tuple>()->items[m->last_index].load();
}
Ref m_pos(Thread& t, Value self) { return int_from(t, self.as<Match>()->pos); }
Ref m_endpos(Thread& t, Value self) { return int_from(t, self.as<Match>()->endpos); }
Ref m_repr(Thread& t, Value self) {
  auto* m = self.as<Match>();
  Ref group = TRY(match_slice(t, m, 0, None));
  return str_format(t, "<re.Match object; span=(%zd, %zd), match=%R>", m->spans[0], m->spans[1], group.get());
}

Ref m_expand(Thread& t, Value self, const Value* a) {
  auto* m = self.as<Match>();
  Ref pattern = m->pattern.load();
  Ref filter = TRY(compile_template(t, pattern, a[0]));
  if (type_of(filter) != g_template_type) return filter;
  Tuple* parts = filter.as<Template>()->parts.as<Tuple>();
  Ref string = m->string.load();
  Text text(t);
  TRY(text.get(string));
  Pieces out(t, text, string);
  TRY(out.add(parts->items[0].peek()));
  for (u64 i = 1; i + 1 < parts->size; i += 2) {
    i64 group = parts->items[i].peek().as_small_int();
    if (group >= m->group_count) return raise(t, exc::IndexError, "invalid group reference");
    i64 start = m->spans[2 * group], end = m->spans[2 * group + 1];
    if (end > text.length()) end = text.length();
    if (start >= 0) out.add_text(start, end);
    TRY(out.add(parts->items[i + 1].peek()));
  }
  return out.finish();
}

// --- tables
constexpr char kSearchSignature[] = "($self, /, string, pos=0, endpos=sys.maxsize)";
const Method kPatternMethods[] = {
    method("match", p_match, kSearchSignature, "Matches zero or more characters at the beginning of the string."),
    method("fullmatch", p_fullmatch, kSearchSignature, "Matches against all of the string."),
    method("search", p_search, kSearchSignature,
           "Scan through string looking for a match, and return a corresponding match object instance.\n\nReturn None if no "
           "position in the string matches."),
    method("sub", p_sub, "($self, /, repl, string, count=0)",
           "Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the "
           "replacement repl."),
    method("subn", p_subn, "($self, /, repl, string, count=0)",
           "Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences "
           "of pattern with the replacement repl."),
    method("findall", p_findall, kSearchSignature, "Return a list of all non-overlapping matches of pattern in string."),
    method("split", p_split, "($self, /, string, maxsplit=0)", "Split string by the occurrences of pattern."),
    method("finditer", p_finditer, kSearchSignature,
           "Return an iterator over all non-overlapping matches for the RE pattern in string.\n\nFor each match, the iterator "
           "returns a match object."),
    method("scanner", scanner_new, kSearchSignature),
    method("__copy__", copy_self, "($self, /)"),
    method("__deepcopy__", copy_self, "($self, memo, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "Patterns are generic over the type of string they handle (str or bytes)"),
    {},
};
const GetSet kPatternGetSets[] = {
    {"groupindex", p_groupindex, nullptr, "A dictionary mapping group names to group numbers."},
    {"flags", p_flags, nullptr, "The regex matching flags."},
    {"groups", p_groups, nullptr, "The number of capturing groups in the pattern."},
    {},
};
const Member kPatternMembers[] = {
    {"pattern", offsetof(Pattern, source), false, true, "The pattern string from which the RE object was compiled."}, {}};
const TypeSpec kPatternSpec = {
    .name = "re.Pattern",
    .doc = "Compiled regular expression object.",
    .layout = {"Pattern", sizeof(Pattern), 0, visit_pattern, release_pattern, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable | type_flag::kHasWeakref,
    .slots = {.repr = p_repr, .hash = p_hash, .compare = p_compare},
    .methods = kPatternMethods,
    .getsets = kPatternGetSets,
    .members = kPatternMembers,
};

const Method kMatchMethods[] = {
    raw_method("group", m_group, nullptr,
               "group([group1, ...]) -> str or tuple.\n    Return subgroup(s) of the match by indices or names.\n    For 0 "
               "returns the entire match."),
    method("start", m_start, "($self, group=0, /)", "Return index of the start of the substring matched by group."),
    method("end", m_end, "($self, group=0, /)", "Return index of the end of the substring matched by group."),
    method("span", m_span, "($self, group=0, /)", "For match object m, return the 2-tuple (m.start(group), m.end(group))."),
    method("groups", m_groups, "($self, /, default=None)",
           "Return a tuple containing all the subgroups of the match, from 1.\n\n  default\n    Is used for groups that did "
           "not participate in the match."),
    method("groupdict", m_groupdict, "($self, /, default=None)",
           "Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.\n\n  default\n"
           "    Is used for groups that did not participate in the match."),
    method("expand", m_expand, "($self, /, template)",
           "Return the string obtained by doing backslash substitution on the string template, as done by the sub() method."),
    method("__copy__", copy_self, "($self, /)"),
    method("__deepcopy__", copy_self, "($self, memo, /)"),
    class_method("__class_getitem__", class_getitem, "($type, object, /)",
                 "Matches are generic over the type of string which was matched (str or bytes)"),
    {},
};
const GetSet kMatchGetSets[] = {
    {"lastindex", m_lastindex, nullptr, "The integer index of the last matched capturing group."},
    {"lastgroup", m_lastgroup, nullptr, "The name of the last matched capturing group."},
    {"regs", m_regs},
    {"pos", m_pos, nullptr, "The index into the string at which the RE engine started looking for a match."},
    {"endpos", m_endpos, nullptr, "The index into the string beyond which the RE engine will not go."},
    {},
};
const Member kMatchMembers[] = {
    {"string", offsetof(Match, string), false, true, "The string passed to match() or search()."},
    {"re", offsetof(Match, pattern), false, true, "The regular expression object."},
    {},
};
const TypeSpec kMatchSpec = {
    .name = "re.Match",
    .doc = "The result of re.match() and re.search().\nMatch objects always have a boolean value of True.",
    .layout = {"Match", offsetof(Match, spans), 2 * sizeof(i64), visit_match, nullptr, match_size, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .slots = {.repr = m_repr, .get_item = m_getitem},
    .methods = kMatchMethods,
    .getsets = kMatchGetSets,
    .members = kMatchMembers,
};

const Method kScannerMethods[] = {method("match", scanner_match, "($self, /)"), method("search", scanner_search, "($self, /)"), {}};
const Member kScannerMembers[] = {{"pattern", offsetof(Scanner, pattern)}, {}};
const TypeSpec kScannerSpec = {
    .name = "_sre.SRE_Scanner",
    .layout = {"SRE_Scanner", sizeof(Scanner), 0, visit_scanner, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
    .methods = kScannerMethods,
    .members = kScannerMembers,
};
const TypeSpec kTemplateSpec = {
    .name = "_sre.SRE_Template",
    .layout = {"SRE_Template", sizeof(Template), 0, visit_template, nullptr, nullptr, nullptr},
    .flags = type_flag::kDisallowInstantiation | type_flag::kImmutable,
};

// --- module functions
Result<u32> character_argument(Thread& t, Value v) { return u32(TRY(to_i64(t, v, "Python int too large to convert to C int"))); }
Ref f_ascii_iscased(Thread& t, Value, const Value* a) {
  u32 c = TRY(character_argument(t, a[0]));
  return Ref::boolean(c < 128 && (c | 32) - 'a' < 26);
}
Ref f_unicode_iscased(Thread& t, Value, const Value* a) {
  u32 c = TRY(character_argument(t, a[0]));
  return Ref::boolean(c <= 0x10FFFF && (sre::unicode_lower(c) != c || sre::unicode_upper(c) != c));
}
Ref f_ascii_tolower(Thread& t, Value, const Value* a) { return int_from(t, sre::ascii_lower(TRY(character_argument(t, a[0])))); }
Ref f_unicode_tolower(Thread& t, Value, const Value* a) {
  u32 c = TRY(character_argument(t, a[0]));
  return int_from(t, c <= 0x10FFFF ? sre::unicode_lower(c) : c);
}
Ref f_getcodesize(Thread&, Value, const Value*) { return Ref::adopt(Value::small_int(sizeof(u32))); }

Ref f_compile(Thread& t, Value, const Value* a) {
  u32 flags = u32(TRY(to_i64(t, a[1], "Python int too large to convert to C int")));
  if (!is_list(a[2])) return raise(t, exc::TypeError, "compile() argument 'code' must be list, not %T", a[2]);
  i64 groups = TRY(to_i64(t, a[3], "Python int too large to convert to C ssize_t"));
  if (!is_dict(a[4])) return raise(t, exc::TypeError, "compile() argument 'groupindex' must be dict, not %T", a[4]);
  if (!is_tuple(a[5])) return raise(t, exc::TypeError, "compile() argument 'indexgroup' must be tuple, not %T", a[5]);
  Ref made = TRY(allocate_instance(t, g_pattern_type));
  auto* p = made.as<Pattern>();
  Program* program = new (std::nothrow) Program;
  if (program == nullptr) return raise_no_memory(t);
  p->program = program;
  RefTo<Tuple> words = TRY(list_to_tuple(t, a[2].as<List>()));
  program->code.reserve(words->size);
  for (u64 i = 0; i < words->size; i++) {
    u64 word;
    Value number = words->items[i].peek();
    if (number.is_small_int() && u64(number.as_small_int()) <= 0xFFFFFFFF) {
      program->code.push_back(u32(number.as_small_int()));
      continue;
    }
    if (!is_int(number)) return raise(t, exc::TypeError, "an integer is required");
    if (!int_fits_u64(number, &word) || word > 0xFFFFFFFF)
      return raise(t, exc::OverflowError, "regular expression code size limit exceeded");
    program->code.push_back(u32(word));
  }
  program->flags = flags;
  p->is_bytes = a[0].is_none() ? -1 : !is_str(a[0]);
  if (p->is_bytes == 1 && !has_buffer(a[0])) return raise(t, exc::TypeError, "expected string or bytes-like object, got '%T'", a[0]);
  p->source.init(p, a[0]);
  p->groupindex.init(p, a[4]);
  p->indexgroup.init(p, a[5]);
  if (groups < 0 || groups > i64(sre::kMaxGroups)) return raise(t, exc::RuntimeError, "invalid SRE code");
  program->groups = u32(groups);
  if (!sre::prepare(*program)) return raise(t, exc::RuntimeError, "invalid SRE code");
  return made;
}

Ref f_template(Thread& t, Value, const Value* a) {
  if (!is_list(a[1])) return raise(t, exc::TypeError, "template() argument 2 must be list, not %T", a[1]);
  RefTo<Tuple> parts = TRY(list_to_tuple(t, a[1].as<List>()));
  if (parts->size % 2 == 0) return raise(t, exc::TypeError, "invalid template");
  for (u64 i = 1; i < parts->size; i += 2) {
    Value group = parts->items[i].peek();
    if (!is_int(group)) return raise(t, exc::TypeError, "an integer is required");
    if (!group.is_small_int() || group.as_small_int() < 0) return raise(t, exc::TypeError, "invalid template");
  }
  if (parts->size == 1) return parts->items[0].load();
  Ref made = TRY(allocate_instance(t, g_template_type));
  auto* self = made.as<Template>();
  self->parts.init(self, std::move(parts));
  return made;
}

const Method kFunctions[] = {
    method("getcodesize", f_getcodesize, "($module, /)"),
    method("ascii_iscased", f_ascii_iscased, "($module, character, /)"),
    method("unicode_iscased", f_unicode_iscased, "($module, character, /)"),
    method("ascii_tolower", f_ascii_tolower, "($module, character, /)"),
    method("unicode_tolower", f_unicode_tolower, "($module, character, /)"),
    method("compile", f_compile, "($module, /, pattern, flags, code, groups, groupindex, indexgroup)"),
    method("template", f_template, "($module, pattern, template, /)",
           "\n\n  template\n    A list containing interleaved literal strings (str or bytes) and group\n    indices (int), as "
           "returned by re._parser.parse_template():\n        [literal1, group1, ..., literalN, groupN]"),
    {},
};

Status initialise(Thread& t, Module* module) {
  if (g_template_type == nullptr) {
    TRY(make_static_type(t, kPatternSpec, &g_pattern_type));
    TRY(make_static_type(t, kMatchSpec, &g_match_type));
    TRY(make_static_type(t, kScannerSpec, &g_scanner_type));
    TRY(make_static_type(t, kTemplateSpec, &g_template_type));
  }
  TRY(module_add_int(t, module, "MAGIC", sre::kMagic));
  TRY(module_add_int(t, module, "CODESIZE", sizeof(u32)));
  TRY(module_add_int(t, module, "MAXREPEAT", sre::kMaxRepeat));
  TRY(module_add_int(t, module, "MAXGROUPS", sre::kMaxGroups));
  return module_add_str(t, module, "copyright", "Typhon's own engine for the code lists of Python's re module");
}

}  // namespace

extern const ModuleDef module__sre;
const ModuleDef module__sre = {"_sre", nullptr, kFunctions, initialise};

}  // namespace typhon
