#include "parser/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "parser/dump.h"
#include "parser/tokenizer.h"

namespace typhon::parser {
namespace {

std::string dump_of(std::string_view source, Mode mode = Mode::kExec, bool attributes = false) {
  Arena arena;
  ParseOptions options;
  options.mode = mode;
  ParseResult result = parse(arena, source, options);
  if (!result.ok) return std::string(result.error.message);
  return ast::dump(result.module, {attributes});
}

// "message@line:col-line:col"
std::string error_of(std::string_view source, Mode mode = Mode::kExec) {
  Arena arena;
  ParseOptions options;
  options.mode = mode;
  ParseResult result = parse(arena, source, options);
  if (result.ok) return "ok";
  const SyntaxErrorInfo& e = result.error;
  return std::string(e.message) + "@" + std::to_string(e.lineno) + ":" + std::to_string(e.col) + "-" +
         std::to_string(e.end_lineno) + ":" + std::to_string(e.end_col);
}

SyntaxErrorInfo::Kind error_kind_of(std::string_view source, ParseOptions options = {}) {
  Arena arena;
  ParseResult result = parse(arena, source, options);
  EXPECT_FALSE(result.ok);
  return result.error.kind;
}

std::string repeat(std::string_view part, int times) {
  std::string result;
  for (int i = 0; i < times; i++) result += part;
  return result;
}

TEST(Parser, PositionsAreOneBasedLinesAndByteColumns) {
  EXPECT_EQ(dump_of("é = 1", Mode::kExec, true),
            "Module(body=[Assign(targets=[Name(id='é', ctx=Store(), lineno=1, col_offset=0, end_lineno=1, "
            "end_col_offset=2)], value=Constant(value=1, lineno=1, col_offset=5, end_lineno=1, end_col_offset=6), "
            "lineno=1, col_offset=0, end_lineno=1, end_col_offset=6)])");
}

TEST(Parser, IdentifiersAreNormalised) {
  EXPECT_EQ(dump_of("\xEF\xBD\x81", Mode::kEval), "Expression(body=Name(id='a', ctx=Load()))");
}

TEST(Parser, Precedence) {
  EXPECT_EQ(
      dump_of("-a ** -b * c", Mode::kEval),
      "Expression(body=BinOp(left=UnaryOp(op=USub(), operand=BinOp(left=Name(id='a', ctx=Load()), op=Pow(), "
      "right=UnaryOp(op=USub(), operand=Name(id='b', ctx=Load())))), op=Mult(), right=Name(id='c', ctx=Load())))");
  EXPECT_EQ(dump_of("not a in b", Mode::kEval),
            "Expression(body=UnaryOp(op=Not(), operand=Compare(left=Name(id='a', ctx=Load()), ops=[In()], "
            "comparators=[Name(id='b', ctx=Load())])))");
}

TEST(Parser, Numbers) {
  EXPECT_EQ(dump_of("0xFFFF_FFFF_FFFF_FFFF", Mode::kEval), "Expression(body=Constant(value=18446744073709551615))");
  EXPECT_EQ(dump_of("1e400", Mode::kEval), "Expression(body=Constant(value=inf))");
  EXPECT_EQ(dump_of("1e-400", Mode::kEval), "Expression(body=Constant(value=0.0))");
  EXPECT_EQ(dump_of("0.1", Mode::kEval), "Expression(body=Constant(value=0.1))");
  EXPECT_EQ(dump_of("1_0.5e1_0j", Mode::kEval), "Expression(body=Constant(value=105000000000j))");
}

TEST(Parser, Strings) {
  EXPECT_EQ(dump_of(R"(u'a' "\x41\u00e9\
b")",
                    Mode::kEval),
            "Expression(body=Constant(value='aAéb', kind='u'))");
  EXPECT_EQ(dump_of(R"('\ud83d\ude00')", Mode::kEval), "Expression(body=Constant(value='\\ud83d\\ude00'))");
  EXPECT_EQ(dump_of(R"(rb'\n' b'\xff')", Mode::kEval), "Expression(body=Constant(value=b'\\\\n\\xff'))");
}

TEST(Parser, FormattedStrings) {
  EXPECT_EQ(dump_of("f'a{{{x!r:>{w}}}}'", Mode::kEval),
            "Expression(body=JoinedStr(values=[Constant(value='a{'), FormattedValue(value=Name(id='x', ctx=Load()), "
            "conversion=114, format_spec=JoinedStr(values=[Constant(value='>'), FormattedValue(value=Name(id='w', "
            "ctx=Load()), conversion=-1)])), Constant(value='}')]))");
  EXPECT_EQ(
      dump_of("f'{f'{x}'}' f'{ y = }'", Mode::kEval),
      "Expression(body=JoinedStr(values=[FormattedValue(value=JoinedStr(values=[FormattedValue(value=Name(id='x', "
      "ctx=Load()), conversion=-1)]), conversion=-1), Constant(value=' y = '), FormattedValue(value=Name(id='y', "
      "ctx=Load()), conversion=114)]))");
  EXPECT_EQ(dump_of("t'{ x }'", Mode::kEval),
            "Expression(body=TemplateStr(values=[Interpolation(value=Name(id='x', ctx=Load()), str=' x ', "
            "conversion=-1)]))");
}

TEST(Parser, SoftKeywordsAreNamesElsewhere) {
  EXPECT_EQ(dump_of("match = case = type = _ = 1"),
            "Module(body=[Assign(targets=[Name(id='match', ctx=Store()), Name(id='case', ctx=Store()), "
            "Name(id='type', ctx=Store()), Name(id='_', ctx=Store())], value=Constant(value=1))])");
  EXPECT_EQ(dump_of("match (x)"),
            "Module(body=[Expr(value=Call(func=Name(id='match', ctx=Load()), args=[Name(id='x', "
            "ctx=Load())]))])");
  EXPECT_EQ(dump_of("match(x):\n case [1, *_]: pass"),
            "Module(body=[Match(subject=Name(id='x', ctx=Load()), cases=[match_case(pattern=MatchSequence(patterns=["
            "MatchValue(value=Constant(value=1)), MatchStar()]), body=[Pass()])])])");
  EXPECT_EQ(
      dump_of("type X[T: int = str, *U, **P] = T"),
      "Module(body=[TypeAlias(name=Name(id='X', ctx=Store()), type_params=[TypeVar(name='T', bound=Name(id='int', "
      "ctx=Load()), default_value=Name(id='str', ctx=Load())), TypeVarTuple(name='U'), ParamSpec(name='P')], "
      "value=Name(id='T', ctx=Load()))])");
}

TEST(Parser, WithItemsInParentheses) {
  EXPECT_EQ(dump_of("with (a as b, c): pass"),
            "Module(body=[With(items=[withitem(context_expr=Name(id='a', ctx=Load()), optional_vars=Name(id='b', "
            "ctx=Store())), withitem(context_expr=Name(id='c', ctx=Load()))], body=[Pass()])])");
  EXPECT_EQ(dump_of("with (a, b) as c: pass"),
            "Module(body=[With(items=[withitem(context_expr=Tuple(elts=[Name(id='a', ctx=Load()), Name(id='b', "
            "ctx=Load())], ctx=Load()), optional_vars=Name(id='c', ctx=Store()))], body=[Pass()])])");
  EXPECT_EQ(dump_of("with (yield): pass"),
            "Module(body=[With(items=[withitem(context_expr=Yield())], body=[Pass()])])");
}

TEST(Parser, ExceptWithoutParentheses) {
  EXPECT_EQ(dump_of("try: pass\nexcept A, B: pass"),
            "Module(body=[Try(body=[Pass()], handlers=[ExceptHandler(type=Tuple(elts=[Name(id='A', ctx=Load()), "
            "Name(id='B', ctx=Load())], ctx=Load()), body=[Pass()])])])");
}

TEST(Parser, Errors) {
  EXPECT_EQ(error_of("x = "), "invalid syntax@1:5-1:6");
  EXPECT_EQ(error_of("(a b)"), "invalid syntax. Perhaps you forgot a comma?@1:2-1:5");
  EXPECT_EQ(error_of("if x = 3: pass"), "invalid syntax. Maybe you meant '==' or ':=' instead of '='?@1:4-1:9");
  EXPECT_EQ(error_of("f() = 1"), "cannot assign to function call here. Maybe you meant '==' instead of '='?@1:1-1:4");
  EXPECT_EQ(error_of("(\n1"), "'(' was never closed@1:1-1:0");
  EXPECT_EQ(error_of("(]"), "closing parenthesis ']' does not match opening parenthesis '('@1:2-1:2");
  EXPECT_EQ(error_of("x = 'abc"), "unterminated string literal (detected at line 1)@1:5-1:5");
  EXPECT_EQ(error_of("if x:\npass"), "expected an indented block after 'if' statement on line 1@2:1-2:5");
  EXPECT_EQ(error_of("if 1:\n  x\n y"), "unindent does not match any outer indentation level@3:3-3:-1");
  EXPECT_EQ(error_of("print 'x'"), "Missing parentheses in call to 'print'. Did you mean print(...)?@1:1-1:10");
  EXPECT_EQ(error_of("f(a=1, b)"), "positional argument follows keyword argument@1:9-1:10");
  EXPECT_EQ(error_of("del f()"), "cannot delete function call@1:5-1:8");
  EXPECT_EQ(error_of("f'{a'"), "f-string: expecting '}'@1:5-1:5");
  EXPECT_EQ(error_of("0777"),
            "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
            "integers@1:1-1:2");
  EXPECT_EQ(error_of("if a: pass\nelse: pass\nelif b: pass"), "'elif' block follows an 'else' block@3:1-3:5");
  EXPECT_EQ(error_kind_of("if 1:\n\tx\n        y"), SyntaxErrorInfo::Kind::kTab);
  EXPECT_EQ(error_kind_of(std::string_view("a\0b", 3)), SyntaxErrorInfo::Kind::kNullByte);
}

TEST(Parser, IncompleteInput) {
  ParseOptions options;
  options.mode = Mode::kSingle;
  options.allow_incomplete_input = true;
  EXPECT_EQ(error_kind_of("if 1:\n", options), SyntaxErrorInfo::Kind::kIncomplete);
  EXPECT_EQ(error_kind_of("x = (1,\n", options), SyntaxErrorInfo::Kind::kIncomplete);
  EXPECT_EQ(error_kind_of("x = )\n", options), SyntaxErrorInfo::Kind::kSyntax);
}

TEST(Parser, Warnings) {
  Arena arena;
  ParseResult result = parse(arena, "a = '''\n\\d'''\nb = 1if a else 2\n", {});
  ASSERT_TRUE(result.ok);
  ASSERT_EQ(result.warnings.size, 2u);
  EXPECT_EQ(result.warnings[0].lineno, 2);
  EXPECT_EQ(
      result.warnings[0].message,
      "\"\\d\" is an invalid escape sequence. Such sequences will not work in the future. Did you mean \"\\\\d\"? "
      "A raw string is also an option.");
  EXPECT_EQ(result.warnings[1].message, "invalid decimal literal");
}

TEST(Parser, Encodings) {
  Arena arena;
  ParseOptions options;
  options.is_bytes_source = true;
  ParseResult latin = parse(arena, "# -*- coding: latin-1 -*-\nx = '\xE9'\n", options);
  ASSERT_TRUE(latin.ok);
  EXPECT_EQ(ast::dump(latin.module, {}),
            "Module(body=[Assign(targets=[Name(id='x', ctx=Store())], value=Constant(value='é'))])");
  ParseResult unknown = parse(arena, "# coding: koi8_r\n", options);
  EXPECT_EQ(unknown.error.kind, SyntaxErrorInfo::Kind::kEncoding);
  EXPECT_EQ(unknown.error.encoding, "koi8-r");
  EXPECT_TRUE(parse(arena, "\xEF\xBB\xBFx\r\ny\r", options).ok);
  EXPECT_FALSE(parse(arena, "x = '\xFF'", options).ok);
}

// What must neither overflow the C stack nor take more than linear time.
TEST(Parser, DeepAndLong) {
  EXPECT_EQ(error_of(repeat("(", 201) + repeat(")", 201)), "too many nested parentheses@1:201-1:201");
  EXPECT_EQ(error_of(repeat("(", 199) + "1" + repeat(")", 199)), "ok");
  EXPECT_EQ(error_of("x = 1" + repeat("+1", 100000)), "ok");
  EXPECT_EQ(error_of("x = a" + repeat(".b(1)[2]", 30000)), "ok");
  EXPECT_EQ(error_of("x = a" + repeat(" or b", 100000)), "ok");
  EXPECT_EQ(error_of("if a: pass\n" + repeat("elif b: pass\n", 20000)), "ok");
  for (const char* prefix : {"-", "not ", "lambda: ", "a ** ", "a if b else ", "*", "await "}) {
    ParseOptions options;
    Arena arena;
    ParseResult result = parse(arena, "x = " + repeat(prefix, 100000) + "1", options);
    EXPECT_FALSE(result.ok) << prefix;
  }
  EXPECT_EQ(error_kind_of("x = " + repeat("-", 100000) + "1"), SyntaxErrorInfo::Kind::kTooComplex);
}

TEST(Tokenizer, ExtraTokens) {
  Arena arena;
  ParseOptions options;
  SourceText source = prepare_source(arena, "x # c\n\n# d\nf'{y}'", options);
  Tokenizer tokenizer(arena, source.text, {true, source.newline_was_added});
  std::string kinds;
  Token token;
  do {
    ASSERT_TRUE(tokenizer.next(token));
    kinds += std::to_string(int(token.kind)) + " ";
  } while (token.kind != Tok::kEndMarker);
  EXPECT_EQ(kinds, "1 65 4 66 65 66 59 25 1 26 61 4 0 ");
}

}  // namespace
}  // namespace typhon::parser
