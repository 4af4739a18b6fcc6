#include "parser/parser_internal.h"
namespace typhon::parser {
SyntaxErrorInfo diagnose(ParseContext& context, uint32_t, uint32_t failed_at) {
  const Token& t = context.tokens[failed_at];
  if (t.kind == Tok::kError) return context.token_error;
  return make_error(context, SyntaxErrorInfo::Kind::kSyntax, "invalid syntax", t.line, t.col, t.end_line, t.end_col);
}
}
