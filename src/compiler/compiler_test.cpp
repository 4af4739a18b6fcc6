// The register discipline of what the compiler makes, and what it reports. That programs run as they should is tested in
// Python (tests/python).
#include "compiler/compile.h"

#include <string>

#include "compiler/verify.h"
#include "objects/test_support.h"
#include "parser/parser.h"

namespace typhon {

class CompilerTest : public ObjectTest {
 protected:
  CompilerTest() { g_syntax_warning = nullptr; }  // there is no warnings module here
  Ref compile(std::string_view source, parser::Mode mode = parser::Mode::kExec) {
    Arena arena;
    parser::ParseOptions options;
    options.mode = mode;
    parser::ParseResult parsed = parser::parse(arena, source, options);
    EXPECT_TRUE(parsed.ok) << source;
    if (!parsed.ok) return Ref();
    RefTo<Str> filename = str_from_ascii(t, "test");
    return compile_ast(t, parsed.module, filename, mode == parser::Mode::kSingle ? "single" : "exec", 0, 0, source);
  }

  void verify(Code* code, std::string_view source) {
    struct Context {
      std::string text;
    } context;
    auto report = [](void* c, u32 unit, const char* message) {
      static_cast<Context*>(c)->text += std::to_string(unit) + ": " + message + "\n";
    };
    EXPECT_EQ(compiler::verify_code(code, report, &context), 0) << source << "\n" << context.text;
    for (u32 i = 0; i < code->constant_count; i++) {
      if (is_exact_code(code->constants[i])) verify(code->constants[i].as<Code>(), source);
    }
  }
  void expect_sound(std::string_view source) {
    Ref code = compile(source);
    ASSERT_FALSE(code.failed()) << source;
    verify(code.as<Code>(), source);
  }
  // The message of the SyntaxError, and its line and column.
  std::string error(std::string_view source) {
    Ref code = compile(source);
    if (!code.failed()) return "no error";
    Ref exception = take_exception(t);
    auto* e = exception.as<SyntaxErrorObject>();
    Utf8Buffer buffer;
    std::string out(str_utf8(e->msg.as<Str>(), buffer));
    return out + " " + std::to_string(e->lineno.peek().as_small_int()) + ":" +
           std::to_string(e->offset.peek().as_small_int());
  }
  // The first function in the module's constants.
  Ref function(std::string_view source) {
    Ref module = compile(source);
    if (module.failed()) return Ref();
    Code* code = module.as<Code>();
    for (u32 i = 0; i < code->constant_count; i++) {
      if (is_exact_code(code->constants[i])) return Ref::copy(code->constants[i]);
    }
    return Ref();
  }
  static u32 count(const Ref& code, Op op) {
    Code* c = code.as<Code>();
    u32 n = 0;
    for (u32 at = 0; at < c->unit_count; at += op_units(Op(c->instructions[at].op)))
      n += base_op(Op(c->instructions[at].op)) == op;
    return n;
  }
};

TEST_F(CompilerTest, RegistersAreSoundOnEveryPath) {
  const char* const programs[] = {
      "def f(a, b):\n x = a + b * 2 - a\n return x if a < b <= 3 else not b\n",
      "def f(x):\n return x + (x := 1), [x, (x := 2)], x < (x := 3) < x\n",
      "def f(a, b, *c, d=1, **e):\n a, b = b, a\n (a, *b), [d] = c, e\n return f(a, *c, k=d, **e)\n",
      "def f(n):\n for i in range(n):\n  try:\n   if i: continue\n   with g() as (a, b), h: return a\n  except (A, B) "
      "as e:\n"
      "   raise C from e\n  except D: break\n  else: i += 1\n  finally: k()\n else: return\n return n\n",
      "def f():\n try: return 1\n finally:\n  for x in y:\n   try: break\n   finally: continue\n",
      "def f():\n try: a\n except* (B, C) as d:\n  for i in e: break\n except* F: g\n else: h\n finally: i\n",
      "async def f():\n async with a as b, c: return await d\n async for i in e:\n  if i: continue\n  break\n else: g\n"
      " return [x async for x in y if await z], {k: v async for k, v in w}\n",
      "async def f():\n x = yield 1\n try: yield x\n finally: await y\n",
      "def f():\n x = yield\n y = yield from x\n return (yield y), [lambda: i for i in x], (j for j in y)\n",
      "def f(x):\n match x:\n  case [1, *r, {'k': v, **w}] if v: return r\n  case A(a, b=c) | [a, c]: return a, c\n"
      "  case (1 | None) as q: pass\n  case {**z}: pass\n  case [_, *_, y]: pass\n  case -1 | 'a' | b.c: pass\n  case "
      "_: pass\n",
      "class A[T: int, *Ts, **P = str](B, metaclass=C):\n 'doc'\n x: T\n if y: z: int\n def f[U](self, a: U, b=1) -> "
      "T:\n"
      "  self.q = super().f(__class__)\n  return [super().g for _ in a]\n",
      "@a\n@b(c)\nclass D(*e, **f): pass\n@g\ndef h(i=1, *, j=2): pass\ntype X[T] = list[T]\n",
      "x: int = 1\nfor i in x:\n y: str\n x[i:1, ...] += 2; x.a.b -= 3; del x.a, x[0], (y, z)\n",
      "def f():\n try:\n  return [i / j for i in a for j in b if i]\n except E: return {i for i in c}\n",
      "import a.b.c as d, e\nfrom .f import g as h, i\nassert d, 'm'\nglobal q\nq = f'{a!r:>{b}} {c}' 'd'\n",
      "def f(i):\n s = 0.5\n while i < 1000:\n  try: s = s * 2.5 if i & 1 == 0 else s\n  except E: s = 3 * s\n  i += "
      "1\n return s\n",
  };
  for (const char* program : programs) expect_sound(program);
}

TEST_F(CompilerTest, LongProgramsStaySound) {
  std::string source = "def f(n):\n while n < 5:\n";
  for (int i = 0; i < 20000; i++) source += "  n += 1; n -= g\n";
  expect_sound(source);  // compare jumps have 16 bits
  source = "x = [";
  for (int i = 0; i < 1000; i++) source += "a, ";
  source += "]\nf(";
  for (int i = 0; i < 1000; i++) source += "a, ";
  source += "*b)\n{";
  for (int i = 0; i < 1000; i++) source += "a: b, ";
  source += "}\nx = a";
  for (int i = 0; i < 5000; i++) source += " + b";
  expect_sound(source + "\n");
  source = "if a: b\n";
  for (int i = 0; i < 3000; i++) source += "elif a: b\n";
  expect_sound(source);
}

TEST_F(CompilerTest, ReportsErrorsAsPythonDoes) {
  EXPECT_EQ(error("def f(a, a): pass\n"), "duplicate argument 'a' in function definition 1:10");
  EXPECT_EQ(error("def f():\n x = 1\n global x\n"), "name 'x' is assigned to before global declaration 3:2");
  EXPECT_EQ(error("def f():\n nonlocal x\n"), "no binding for nonlocal 'x' found 2:2");
  EXPECT_EQ(error("[x := 1 for x in y]\n"),
            "assignment expression cannot rebind comprehension iteration variable 'x' 1:2");
  EXPECT_EQ(error("class A:\n return 1\n"), "'return' outside function 2:2");
  EXPECT_EQ(error("break\n"), "'break' outside loop 1:1");
  EXPECT_EQ(error("a, *b, *c = d\n"), "multiple starred expressions in assignment 1:1");
  EXPECT_EQ(error("x = 1\nfrom __future__ import annotations\n"),
            "from __future__ imports must occur at the beginning of the file 2:1");
  EXPECT_EQ(error("match x:\n case y: pass\n case z: pass\n"),
            "name capture 'y' makes remaining patterns unreachable 2:7");
  EXPECT_EQ(error("def f():\n return [x async for x in y]\n"),
            "asynchronous comprehension outside of an asynchronous function 2:9");
}

TEST_F(CompilerTest, LocalsAreOperands) {
  Ref f = function("def f(a, b):\n c = a + b\n return c\n");
  EXPECT_EQ(count(f, Op::ADD), 1u);
  EXPECT_EQ(count(f, Op::MOVE), 0u);
  EXPECT_EQ(count(f, Op::CHECK_BOUND), 0u);
  f = function("def f(a):\n if a: b = 1\n return b\n");
  EXPECT_EQ(count(f, Op::CHECK_BOUND), 1u);
  f = function("def f(i):\n while i < 10: i = i + 1\n return i\n");
  EXPECT_EQ(count(f, Op::ADD_INT), 1u);
  EXPECT_EQ(count(f, Op::JUMP_UNLESS_LT), 1u);
  f = function("def f(d):\n for k, v in d: print(k)\n");  // k and v are filled where they are
  EXPECT_EQ(count(f, Op::MOVE), 1u);
}

}  // namespace typhon
