// _string: what string.Formatter builds on.
#include "objects/module.h"
#include "objects/str_formatter.h"

namespace typhon {
namespace {

Status check_str(Thread& t, Value v) {
  if (!is_str(v)) return raise(t, exc::TypeError, "expected str, got %T", v);
  return ok();
}

Ref formatter_parser(Thread& t, Value, const Value* a) {
  TRY(check_str(t, a[0]));
  Str* s = a[0].as<Str>();
  RefTo<List> pieces = TRY(list_new(t));
  MarkupParser parser(s, 0, s->length());
  MarkupPiece piece;
  while (TRY(parser.next(t, &piece))) {
    RefTo<Str> literal = TRY(str_substring(t, s, piece.literal_start, piece.literal_end));
    Ref name = Ref::none(), spec = Ref::none(), conversion = Ref::none();
    if (piece.has_field) {
      name = TRY(str_substring(t, s, piece.name_start, piece.name_end));
      spec = TRY(str_substring(t, s, piece.spec_start, piece.spec_end));
      if (piece.conversion != 0) conversion = TRY(str_from_char(t, piece.conversion));
    }
    TRY(list_append(t, pieces.get(), TRY(tuple_of(t, literal, name, spec, conversion)).release_ref()));
  }
  return get_iter(t, pieces);
}

Ref formatter_field_name_split(Thread& t, Value, const Value* a) {
  TRY(check_str(t, a[0]));
  Str* s = a[0].as<Str>();
  FieldNameParser parser(s, 0, s->length());
  FieldNameParser::Part part = TRY(parser.first(t));
  Ref first = part.index >= 0 ? int_from(t, part.index) : Ref(str_substring(t, s, part.start, part.end));
  if (first.failed()) return first;
  RefTo<List> rest = TRY(list_new(t));
  while (TRY(parser.next(t, &part))) {
    Ref key = part.index >= 0 ? int_from(t, part.index) : Ref(str_substring(t, s, part.start, part.end));
    if (key.failed()) return key;
    TRY(list_append(t, rest.get(), TRY(tuple_of(t, Value::boolean(part.is_attribute), key)).release_ref()));
  }
  Ref iterator = TRY(get_iter(t, rest));
  return tuple_of(t, first, iterator);
}

constexpr Method kFunctions[] = {
    method("formatter_field_name_split", formatter_field_name_split, "($module, object, /)",
           "split the argument as a field name"),
    method("formatter_parser", formatter_parser, "($module, object, /)", "parse the argument as a format string"),
    {},
};

}  // namespace

extern const ModuleDef module__string;
const ModuleDef module__string = {"_string", "string helper module", kFunctions, nullptr};

}  // namespace typhon
