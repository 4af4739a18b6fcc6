#include "parser/parser.h"

#include "base/utf8.h"
#include "parser/parser_internal.h"

namespace typhon::parser {

using namespace ast;  // NOLINT: this file is about nothing else

// ---- Errors ----

SyntaxErrorInfo make_error(ParseContext& context, SyntaxErrorInfo::Kind kind, std::string_view message, int line,
                           int col, int end_line, int end_col, int read_line) {
  SyntaxErrorInfo error;
  error.kind = kind;
  error.message = message;
  error.lineno = line;
  error.end_lineno = end_line;
  auto line_at = [&](int number) {
    size_t start = 0;
    for (int i = 1; i < number; i++) {
      size_t newline = context.text.find('\n', start);
      if (newline == std::string_view::npos) break;
      start = newline + 1;
    }
    size_t end = context.text.find('\n', start);
    return context.text.substr(start, end == std::string_view::npos ? end : end + 1 - start);
  };
  std::string_view text = line_at(line);
  if (read_line > line && text.ends_with('\n')) text.remove_suffix(1);
  // Both columns are looked up in the first line, as Python does.
  auto character_column = [text](int bytes) {
    size_t inside = size_t(bytes + 1) <= text.size() + 1 ? size_t(bytes + 1) : text.size() + 1;
    if (inside == 0) return 0;
    return int(utf8::count(text.substr(0, inside - 1))) + 1;
  };
  error.has_text = true;
  error.text = text;
  error.col = character_column(col);
  error.end_col = character_column(end_col);
  return error;
}

std::nullptr_t Parser::fail_hard(SyntaxErrorInfo::Kind kind, const Token& start, const Token& end,
                                 std::string_view message) {
  if (failed_hard_) return nullptr;
  failed_hard_ = true;
  if (start.col < 0) {
    // A token without a place: where the tokenizer stood.
    error_ = make_error(context_, kind, message, start.line, start.end_col - 1, start.line, -1, t_->end_line);
    error_.end_col = -1;
  } else {
    int end_col = end.end_col + (end.kind == Tok::kNewline);
    error_ = make_error(context_, kind, message, start.line, start.col, end.end_line, end_col, t_->end_line);
  }
  return nullptr;
}

std::nullptr_t Parser::fail_at(const Node* node, std::string_view message) {
  if (failed_hard_) return nullptr;
  failed_hard_ = true;
  error_ = make_error(context_, SyntaxErrorInfo::Kind::kSyntax, message, node->lineno, node->col_offset,
                      node->end_lineno, node->end_col_offset, t_->end_line);
  return nullptr;
}

bool Parser::stack_ok() {
  const char* here = static_cast<const char*>(__builtin_frame_address(0));
  size_t used = size_t(context_.stack_base > here ? context_.stack_base - here : here - context_.stack_base);
  if (used < context_.options.stack_budget) [[likely]]
    return true;
  fail_hard(SyntaxErrorInfo::Kind::kTooComplex, *t_, *t_,
            "Parser stack overflowed - Python source too complex to parse");
  return false;
}

bool Parser::since(int minor, const char* what) {
  if (context_.options.feature_version >= minor) [[likely]]
    return true;
  const Token& last = t_[-1];
  fail_hard(SyntaxErrorInfo::Kind::kSyntax, last, last,
            format_text(arena_, "%s only supported in Python 3.%d and greater", what, minor));
  return false;
}

// ---- Entry points ----

Mod* Parser::module(Mode mode) {
  statement_ = previous_statement_ = t_;
  List body(*this);
  switch (mode) {
    case Mode::kExec: {
      if (!statements(body, Tok::kEndMarker)) return nullptr;
      Module* result = arena_.make<Module>();
      result->body = body.take<Stmt>();
      List ignores(*this);
      for (const Token& token : context_.type_ignores) {
        TypeIgnore* ignore = arena_.make<TypeIgnore>();
        ignore->line = token.line;
        ignore->tag = text_of(token);
        ignores.push(ignore);
      }
      result->type_ignores = ignores.take<TypeIgnore>();
      return result;
    }
    case Mode::kEval: {
      Expr* value = expressions();
      if (value == nullptr) return nullptr;
      while (accept(Tok::kNewline)) {}
      if (!at(Tok::kEndMarker)) return nullptr;
      Expression* result = arena_.make<Expression>();
      result->body = value;
      return result;
    }
    case Mode::kSingle: {
      // One statement: a simple line, or a compound statement and an empty line.
      if (at(Tok::kNewline)) {
        const Token* start = t_++;
        Pass* pass = node<Pass>(start);
        pass->end_lineno = pass->lineno;
        pass->end_col_offset = pass->col_offset;
        body.push(pass);
      } else {
        Stmt* compound = nullptr;
        if (!compound_statement(compound)) return nullptr;
        if (compound != nullptr) {
          body.push(compound);
          if (!accept(Tok::kNewline)) return nullptr;
        } else if (!simple_statements(body)) {
          return nullptr;
        }
      }
      Interactive* result = arena_.make<Interactive>();
      result->body = body.take<Stmt>();
      return result;
    }
    case Mode::kFunctionType: {
      FunctionType* result = function_type();
      if (result == nullptr) return nullptr;
      while (accept(Tok::kNewline)) {}
      return at(Tok::kEndMarker) ? result : nullptr;
    }
  }
  return nullptr;
}

namespace {

void tokenize_all(ParseContext& context, const SourceText& source, Tokenizer& tokenizer) {
  context.tokens.reserve(source.text.size() / 4 + 16);
  Token token;
  bool single = context.options.mode == Mode::kSingle;
  bool parsing_started = false;
  for (;;) {
    bool ok = tokenizer.next(token);
    while (ok && token.kind == Tok::kEndMarker && single && parsing_started) {
      // The end of interactive input closes the open line, then the open blocks, then stands for an empty line.
      Token closing = token;
      closing.kind = Tok::kNewline;
      context.tokens.push_back(closing);
      closing.kind = Tok::kDedent;
      int blocks = context.options.dont_imply_dedent ? 0 : tokenizer.close_blocks();
      parsing_started = blocks > 0;
      for (; blocks > 0; blocks--) context.tokens.push_back(closing);
    }
    parsing_started = true;
    if (ok && token.kind == Tok::kTypeIgnore) {
      context.type_ignores.push_back(token);
      continue;
    }
    context.tokens.push_back(token);
    if (!ok || token.kind == Tok::kEndMarker) break;
  }
  if (token.kind == Tok::kError) {
    context.token_error = tokenizer.error();
    context.token_error_takes_precedence = tokenizer.error_takes_precedence();
    if (!tokenizer.in_formatted_string()) tokenizer.unclosed_bracket(context.unclosed_bracket);
  }
  // Lookahead may reach this far behind the last token.
  Token last = context.tokens.back();
  for (int i = 0; i < 4; i++) context.tokens.push_back(last);
  context.warnings.swap(tokenizer.warnings());
  for (Warning& warning : context.warnings) warning.by_tokenizer = true;
}

// In single mode: whether anything but blanks and comments follows the statement.
bool has_more_statements(std::string_view rest) {
  for (size_t i = 0; i < rest.size(); i++) {
    char c = rest[i];
    if (c == ' ' || c == '\t' || c == '\n' || c == '\f') continue;
    if (c != '#') return true;
    while (i < rest.size() && rest[i] != '\n') i++;
  }
  return false;
}

Seq<Warning> copy_warnings(Arena& arena, const std::vector<Warning>& warnings) {
  Seq<Warning> result{arena.make_array<Warning>(warnings.size()), uint32_t(warnings.size())};
  // In source order: the tokenizer's came first, but the caller issues them as if the phases had alternated.
  for (uint32_t i = 0; i < result.size; i++) {
    uint32_t at = i;
    for (; at > 0 && result[at - 1].lineno > warnings[i].lineno; at--) result[at] = result[at - 1];
    result[at] = warnings[i];
  }
  return result;
}

}  // namespace

ParseResult parse(Arena& arena, std::string_view source, const ParseOptions& options) {
  ParseResult result;
  SourceText prepared = prepare_source(arena, source, options);
  if (!prepared.ok) {
    result.error = prepared.error;
    return result;
  }
  result.text = prepared.text;
  if (prepared.newline_was_added) result.text.remove_suffix(1);
  ParseContext context{arena,
                       options,
                       prepared.text,
                       {},
                       {},
                       {},
                       false,
                       {},
                       {},
                       false,
                       static_cast<const char*>(__builtin_frame_address(0))};
  Tokenizer tokenizer(arena, prepared.text, TokenizerOptions{false, prepared.newline_was_added, options.type_comments});
  tokenize_all(context, prepared, tokenizer);
  Parser parser(context, 0);
  result.module = parser.module(options.mode);
  result.ok = result.module != nullptr;
  if (!result.ok) {
    result.error =
        parser.failed_hard() ? parser.error() : diagnose(context, parser.statement_position(), parser.position());
    if (const ast::Stmt* compound = parser.last_compound()) {
      result.error.compound_line = compound->lineno;
      result.error.compound_col = compound->col_offset;
    }
  } else if (options.mode == Mode::kSingle) {
    const Token& last = context.tokens[parser.position() - 1];
    if (has_more_statements(prepared.text.substr(last.end))) {
      result.ok = false;
      result.module = nullptr;
      result.error = make_error(context, SyntaxErrorInfo::Kind::kSyntax,
                                "multiple statements found while compiling a single statement", last.line, last.col,
                                last.end_line, last.end_col + 1, last.end_line);
    }
  }
  result.warnings = copy_warnings(arena, context.warnings);
  return result;
}

}  // namespace typhon::parser
