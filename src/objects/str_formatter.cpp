// str.format and str.format_map.
#include "objects/str_formatter.h"

#include "objects/str_util.h"
#include "objects/unicode.h"

namespace typhon {

Result<bool> MarkupParser::next(Thread& t, MarkupPiece* piece) {
  *piece = MarkupPiece{at_, at_};
  if (at_ >= end_) return false;
  size_t start = at_;
  u32 c = 0;
  bool markup = false;
  while (at_ < end_) {
    c = s_->at(at_++);
    if (c == '{' || c == '}') {
      markup = true;
      break;
    }
  }
  bool at_end = at_ >= end_;
  if (markup && c == '}' && (at_end || s_->at(at_) != '}'))
    return raise(t, exc::ValueError, "Single '}' encountered in format string");
  if (markup && at_end) return raise(t, exc::ValueError, "Single '{' encountered in format string");
  piece->literal_start = start;
  piece->literal_end = at_;
  if (!markup) return true;
  if (s_->at(at_) == c) {  // doubled: one of them is literal
    at_++;
    return true;
  }
  piece->literal_end--;
  TRY(parse_field(t, piece));
  return true;
}

Status MarkupParser::parse_field(Thread& t, MarkupPiece* piece) {
  piece->has_field = true;
  piece->name_start = at_;
  u32 c = 0;
  bool ended = false;
  while (at_ < end_ && !ended) {
    c = s_->at(at_++);
    switch (c) {
      case '{': return raise(t, exc::ValueError, "unexpected '{' in field name");
      case '[':
        while (at_ < end_ && s_->at(at_) != ']') at_++;
        break;
      case '}':
      case ':':
      case '!': ended = true; break;
      default: break;
    }
  }
  piece->name_end = ended ? at_ - 1 : at_;
  piece->spec_start = piece->spec_end = at_;
  if (c != ':' && c != '!') {
    if (c != '}') return raise(t, exc::ValueError, "expected '}' before end of string");
    return ok();
  }
  if (c == '!') {
    if (at_ >= end_)
      return raise(t, exc::ValueError, "end of string while looking for conversion specifier");
    piece->conversion = s_->at(at_++);
    if (at_ < end_) {
      c = s_->at(at_++);
      if (c == '}') return ok();
      if (c != ':') return raise(t, exc::ValueError, "expected ':' after conversion specifier");
    }
  }
  piece->spec_start = at_;
  int depth = 1;
  for (; at_ < end_; at_++) {
    c = s_->at(at_);
    if (c == '{') {
      piece->nested = true;
      depth++;
    } else if (c == '}' && --depth == 0) {
      piece->spec_end = at_++;
      return ok();
    }
  }
  return raise(t, exc::ValueError, "unmatched '{' in format spec");
}

Result<i64> FieldNameParser::number(Thread& t, size_t start, size_t end) const {
  if (start == end) return i64(-1);
  i64 value = 0;
  for (size_t i = start; i < end; i++) {
    int digit = unicode::decimal_value(s_->at(i));
    if (digit < 0) return i64(-1);
    if (value > (INT64_MAX - digit) / 10)
      return raise(t, exc::ValueError, "Too many decimal digits in format string");
    value = value * 10 + digit;
  }
  return value;
}

Result<FieldNameParser::Part> FieldNameParser::first(Thread& t) {
  size_t start = at_;
  while (at_ < end_ && s_->at(at_) != '.' && s_->at(at_) != '[') at_++;
  return Part{start, at_, TRY(number(t, start, at_)), false};
}

Result<bool> FieldNameParser::next(Thread& t, Part* part) {
  if (at_ >= end_) return false;
  u32 c = s_->at(at_++);
  size_t start = at_;
  if (c == '.') {
    while (at_ < end_ && s_->at(at_) != '.' && s_->at(at_) != '[') at_++;
    *part = Part{start, at_, -1, true};
  } else if (c == '[') {
    while (at_ < end_ && s_->at(at_) != ']') at_++;
    if (at_ >= end_) return raise(t, exc::ValueError, "Missing ']' in format string");
    *part = Part{start, at_, TRY(number(t, start, at_)), false};
    at_++;
  } else {
    return raise(t, exc::ValueError, "Only '.' or '[' may follow ']' in format field specifier");
  }
  if (part->start == part->end) return raise(t, exc::ValueError, "Empty attribute in format string");
  return true;
}

namespace {

class Formatter {
 public:
  // `mapping` EMPTY: keywords come from args.
  Formatter(Thread& t, Str* s, const Args* args, Value mapping) : t_(t), s_(s), args_(args), mapping_(mapping) {}

  Ref build(size_t start, size_t end, int depth) {
    if (depth <= 0) return raise(t_, exc::ValueError, "Max string recursion exceeded");
    StrBuilder out;
    MarkupParser parser(s_, start, end);
    MarkupPiece piece;
    while (TRY(parser.next(t_, &piece))) {
      // What makes up the whole text is the result itself, an instance of a subclass too.
      if (!piece.has_field && piece.literal_start == 0 && piece.literal_end == s_->length() && s_->length() != 0) return Ref::copy(Value(s_));
      out.append(s_, piece.literal_start, piece.literal_end);
      if (!piece.has_field) continue;
      RefTo<Str> text = RefTo<Str>::from(field_text(piece, depth));
      if (text.failed()) return Raised{};
      if (out.length() == 0 && parser.at_end()) return text;
      out.append(text.get());
    }
    return out.finish(t_);
  }

 private:
  enum Numbering { kUndecided, kAutomatic, kManual };

  Ref field_text(const MarkupPiece& piece, int depth) {
    Ref value = TRY(field_value(piece));
    switch (piece.conversion) {
      case 0: break;
      case 's': value = TRY(object_str(t_, value)); break;
      case 'r': value = TRY(object_repr(t_, value)); break;
      case 'a': value = TRY(object_ascii(t_, value)); break;
      default:
        if (piece.conversion > 32 && piece.conversion < 127)
          return raise(t_, exc::ValueError, "Unknown conversion specifier %c", int(piece.conversion));
        return raise(t_, exc::ValueError, "Unknown conversion specifier \\x%x", u64(piece.conversion));
    }
    if (piece.spec_start == piece.spec_end) return object_format(t_, value, EMPTY);
    Ref spec = piece.nested ? build(piece.spec_start, piece.spec_end, depth - 1)
                            : Ref(str_substring(t_, s_, piece.spec_start, piece.spec_end));
    if (spec.failed()) return spec;
    return object_format(t_, value, spec);
  }

  Ref field_value(const MarkupPiece& piece) {
    FieldNameParser name(s_, piece.name_start, piece.name_end);
    FieldNameParser::Part part = TRY(name.first(t_));
    bool empty = part.start == part.end;
    if (empty || part.index >= 0) {
      if (numbering_ == kUndecided) numbering_ = empty ? kAutomatic : kManual;
      if (numbering_ == kManual && empty)
        return raise(t_, exc::ValueError,
                     "cannot switch from manual field specification to automatic field numbering");
      if (numbering_ == kAutomatic && !empty)
        return raise(t_, exc::ValueError,
                     "cannot switch from automatic field numbering to manual field specification");
      if (empty) part.index = next_index_++;
    }
    Ref value = TRY(part.index >= 0 ? positional(part.index) : keyword(part));
    while (TRY(name.next(t_, &part))) {
      if (part.index >= 0) {
        value = TRY(get_item_index(t_, value, part.index));
        continue;
      }
      RefTo<Str> key = TRY(str_substring(t_, s_, part.start, part.end));
      if (part.is_attribute) {
        key = TRY(str_intern(t_, key));
        value = TRY(get_attribute(t_, value, key.get()));
      } else {
        value = TRY(get_item(t_, value, key));
      }
    }
    return value;
  }

  Ref positional(i64 index) {
    if (args_ == nullptr) return raise(t_, exc::ValueError, "Format string contains positional fields");
    if (index >= i64(args_->count))
      return raise(t_, exc::IndexError, "Replacement index %zd out of range for positional args tuple", index);
    return Ref::copy((*args_)[u32(index)]);
  }

  Ref keyword(const FieldNameParser::Part& part) {
    RefTo<Str> key = TRY(str_substring(t_, s_, part.start, part.end));
    if (!mapping_.is_empty()) return get_item(t_, mapping_, key);
    for (u32 i = 0; i < args_->keyword_count; i++)
      if (str_equal(args_->names->items[i].as<Str>(), key.get())) return Ref::copy(args_->keyword(i));
    return raise_key_error(t_, key);
  }

  Thread& t_;
  Str* s_;
  const Args* args_;
  Value mapping_;
  Numbering numbering_ = kUndecided;
  i64 next_index_ = 0;
};

}  // namespace

Ref str_format_method(Thread& t, Value self, Args args) {
  Str* s = self.as<Str>();
  return Formatter(t, s, &args, EMPTY).build(0, s->length(), 2);
}

Ref str_format_map(Thread& t, Value self, const Value* a) {
  Str* s = self.as<Str>();
  return Formatter(t, s, nullptr, a[0]).build(0, s->length(), 2);
}

}  // namespace typhon
