"""Messages and positions of syntax errors."""

import sys
import unittest
import warnings


class Messages(unittest.TestCase):
    def test_assignment_targets(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("1 = x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot assign to literal here. Maybe you meant '==' instead of '='?")
        with self.assertRaises(SyntaxError) as caught:
            compile("f() = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg,
                         "cannot assign to function call here. Maybe you meant '==' instead of '='?")
        with self.assertRaises(SyntaxError) as caught:
            compile("a + b = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot assign to expression here. Maybe you meant '==' instead of '='?")
        with self.assertRaises(SyntaxError) as caught:
            compile("True = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot assign to True")
        with self.assertRaises(SyntaxError) as caught:
            compile("None = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot assign to None")
        with self.assertRaises(SyntaxError) as caught:
            compile("(a if b else c) = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg,
                         "cannot assign to conditional expression here. Maybe you meant '==' instead of '='?")
        with self.assertRaises(SyntaxError) as caught:
            compile("(lambda: 0) = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot assign to lambda here. Maybe you meant '==' instead of '='?")

    def test_augmented(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("(a, b) += 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'tuple' is an illegal expression for augmented assignment")
        with self.assertRaises(SyntaxError) as caught:
            compile("f() += 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'function call' is an illegal expression for augmented assignment")

    def test_deletion(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("del f()", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot delete function call")
        with self.assertRaises(SyntaxError) as caught:
            compile("del 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot delete literal")

    def test_invalid_syntax(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("x = = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")
        with self.assertRaises(SyntaxError) as caught:
            compile("1 +", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")
        with self.assertRaises(SyntaxError) as caught:
            compile("class", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")

    def test_expected_colon(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("if x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected ':'")
        with self.assertRaises(SyntaxError) as caught:
            compile("while True\n pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected ':'")
        with self.assertRaises(SyntaxError) as caught:
            compile("class K\n pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected ':'")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f()\n pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected ':'")

    def test_expected_block(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("if x:\npass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected an indented block after 'if' statement on line 1")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\nx", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected an indented block after function definition on line 1")
        with self.assertRaises(SyntaxError) as caught:
            compile("class K:\nx", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected an indented block after class definition on line 1")
        with self.assertRaises(SyntaxError) as caught:
            compile("for x in y:\nx", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected an indented block after 'for' statement on line 1")

    def test_try_needs_handler(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("try:\n pass\nx = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expected 'except' or 'finally' block")

    def test_brackets(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("f(", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'(' was never closed")
        with self.assertRaises(SyntaxError) as caught:
            compile("[1, 2", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'[' was never closed")
        with self.assertRaises(SyntaxError) as caught:
            compile("x)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "unmatched ')'")
        with self.assertRaises(SyntaxError) as caught:
            compile("(1]", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "closing parenthesis ']' does not match opening parenthesis '('")

    def test_strings(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("x = 'abc", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "unterminated string literal (detected at line 1)")
        with self.assertRaises(SyntaxError) as caught:
            compile("x = '''abc", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "unterminated triple-quoted string literal (detected at line 1)")

    def test_control_flow_outside(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("return 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'return' outside function")
        with self.assertRaises(SyntaxError) as caught:
            compile("break", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'break' outside loop")
        with self.assertRaises(SyntaxError) as caught:
            compile("continue", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'continue' not properly in loop")
        with self.assertRaises(SyntaxError) as caught:
            compile("yield 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'yield' outside function")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n break", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'break' outside loop")

    def test_arguments(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("f(a=1, 2)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "positional argument follows keyword argument")
        with self.assertRaises(SyntaxError) as caught:
            compile("f(**a, 1)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "positional argument follows keyword argument unpacking")
        with self.assertRaises(SyntaxError) as caught:
            compile("f(a=1, a=2)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "keyword argument repeated: a")
        with self.assertRaises(SyntaxError) as caught:
            compile("f(a.b=1)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expression cannot contain assignment, perhaps you meant \"==\"?")
        with self.assertRaises(SyntaxError) as caught:
            compile("f(x for x in y, 1)", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "Generator expression must be parenthesized")

    def test_parameters(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(a, a): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "duplicate argument 'a' in function definition")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(a=1, b): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "parameter without a default follows parameter with a default")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(*): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "named arguments must follow bare *")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(*a, *b): pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "* argument may appear only once")

    def test_scopes(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n x = 1\n global x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "name 'x' is assigned to before global declaration")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f(x):\n global x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "name 'x' is parameter and global")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n nonlocal x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "no binding for nonlocal 'x' found")
        with self.assertRaises(SyntaxError) as caught:
            compile("nonlocal x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "nonlocal declaration not allowed at module level")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n x = 1\n def g():\n  global x\n  nonlocal x", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "name 'x' is nonlocal and global")

    def test_keywords_and_soft_words(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("for = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")
        with self.assertRaises(SyntaxError) as caught:
            compile("imprt os", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")
        with self.assertRaises(SyntaxError) as caught:
            compile("print 'x'", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "Missing parentheses in call to 'print'. Did you mean print(...)?")

    def test_star_expressions(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("*a", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "can't use starred expression here")
        with self.assertRaises(SyntaxError) as caught:
            compile("*a = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "starred assignment target must be in a list or tuple")
        with self.assertRaises(SyntaxError) as caught:
            compile("*a, *b = 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "multiple starred expressions in assignment")
        with self.assertRaises(SyntaxError) as caught:
            compile("[*a for a in b]", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "iterable unpacking cannot be used in comprehension")
        with self.assertRaises(SyntaxError) as caught:
            compile("{**a for a in b}", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "dict unpacking cannot be used in dict comprehension")

    def test_walrus(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("[x for x in (y := [1])]", "<test>", "exec")
        self.assertEqual(caught.exception.msg,
                         "assignment expression cannot be used in a comprehension iterable expression")
        with self.assertRaises(SyntaxError) as caught:
            compile("[(x := 1) for x in y]", "<test>", "exec")
        self.assertEqual(caught.exception.msg,
                         "assignment expression cannot rebind comprehension iteration variable 'x'")
        with self.assertRaises(SyntaxError) as caught:
            compile("x := 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax")

    def test_literals(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("1abc", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid decimal literal")
        with self.assertRaises(SyntaxError) as caught:
            compile("0xg", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid hexadecimal literal")
        with self.assertRaises(SyntaxError) as caught:
            compile("0o8", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid digit '8' in octal literal")
        with self.assertRaises(SyntaxError) as caught:
            compile("012", "<test>", "exec")
        self.assertEqual(caught.exception.msg,
                         "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal "
                         "integers")
        with self.assertRaises(SyntaxError) as caught:
            compile("x\u00a0= 1", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid non-printable character U+00A0")

    def test_dictionaries(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("{1: 2, 3}", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "':' expected after dictionary key")
        with self.assertRaises(SyntaxError) as caught:
            compile("{1:}", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "expression expected after dictionary key and ':'")

    def test_comma_hint(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("[1 2]", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax. Perhaps you forgot a comma?")
        with self.assertRaises(SyntaxError) as caught:
            compile("if x = 3: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")

    def test_future_imports(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("from __future__ import nothing", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "future feature nothing is not defined")
        with self.assertRaises(SyntaxError) as caught:
            compile("x = 1\nfrom __future__ import annotations", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "from __future__ imports must occur at the beginning of the file")

    def test_except_order(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("try: pass\nexcept: pass\nexcept A: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "default 'except:' must be last")


class Positions(unittest.TestCase):
    def test_line_and_columns(self):
        with self.assertRaises(SyntaxError) as c:
            compile("x = 1\ny = (2 +)\n", "file.py", "exec")
        e = c.exception
        self.assertEqual((e.filename, e.lineno, e.offset, e.text), ("file.py", 2, 9, "y = (2 +)\n"))

    def test_end_position(self):
        with self.assertRaises(SyntaxError) as c:
            compile("f() = 1", "<s>", "exec")
        self.assertEqual((c.exception.offset, c.exception.end_offset, c.exception.end_lineno), (1, 4, 1))

    def test_kinds(self):
        self.assertRaises(IndentationError, compile, "if 1:\nx", "", "exec")
        self.assertRaises(TabError, compile, "if 1:\n\tx\n        y", "", "exec")
        self.assertRaises(SyntaxError, compile, "x\0", "", "exec")

    def test_eval_mode(self):
        self.assertRaises(SyntaxError, eval, "x = 1")
        self.assertRaises(SyntaxError, compile, "1; 2", "", "eval")
        self.assertEqual(eval(" 1 + 1 "), 2)

    def test_single_mode(self):
        self.assertRaises(SyntaxError, compile, "x\ny", "", "single")


class Blocks(unittest.TestCase):
    """Statically nested blocks have a limit."""

    def limit(self, head, tail="", prefix=""):
        for n in range(1, 30):
            lines = [" " * i + head for i in range(n)] + [" " * n + "pass"]
            if tail:
                lines += [" " * i + tail for i in reversed(range(n))]
            try:
                compile(prefix + "\n".join(("  " if prefix else "") + line for line in lines), "<s>", "exec")
            except SyntaxError as e:
                self.assertEqual(e.msg, "too many statically nested blocks")
                return n - 1, e.lineno, e.offset, e.end_lineno, e.end_offset
        return None

    def test_statements(self):
        self.assertEqual(self.limit("while x:"), (21, 22, 22, 23, 27))
        self.assertEqual(self.limit("for x in y:", prefix="def f():\n"), (21, 23, 24, 24, 29))
        self.assertEqual(self.limit("for x in y:", prefix="def f():\n  yield\n"), (20, 23, 23, 24, 28))
        self.assertEqual(self.limit("with x:"), (21, 22, 27, 22, 28))
        self.assertEqual(self.limit("try:", "except: pass"), (20, 23, 21, 23, 33))
        self.assertEqual(self.limit("try:", "finally: pass"), (21, 22, 22, 24, 35))
        self.assertIsNone(self.limit("if x:"))

    def test_comprehensions(self):
        compile("[" * 21 + "i" + " for i in x]" * 21, "<s>", "eval")
        with self.assertRaises(SyntaxError) as c:
            compile("[" * 22 + "i" + " for i in x]" * 22, "<s>", "eval")
        self.assertEqual((c.exception.offset, c.exception.end_offset), (22, 36))


class Places(unittest.TestCase):
    def error(self, source, flags=0, mode="exec"):
        with self.assertRaises(SyntaxError) as c:
            compile(source, "<s>", mode, flags)
        e = c.exception
        return e.msg, e.lineno, e.offset, e.end_lineno, e.end_offset

    def test_future_behind_another_statement(self):
        message = "from __future__ imports must occur at the beginning of the file"
        self.assertEqual(self.error("from __future__ import division; import a; from __future__ import division\n"),
                         (message, 1, 44, 1, 75))

    def test_reserved_type_parameter(self):
        self.assertEqual(self.error("def f[*__classdict__](): pass"),
                         ("reserved name '__classdict__' cannot be used for type parameter", 1, 7, 1, 21))

    def test_return_in_except_star(self):
        message = "'break', 'continue' and 'return' cannot appear in an except* block"
        self.assertEqual(self.error("def f():\n  try: pass\n  except* E: return 4"), (message, 3, 21, 3, 22))
        self.assertEqual(self.error("def f():\n  try: pass\n  except* E: return x"), (message, 3, 14, 3, 22))

    def test_encodings(self):
        self.assertEqual(self.error(b"# coding: cp1252\n\x81\n"),
                         ("'charmap' codec can't decode byte 0x81 in position 17: character maps to <undefined>", 0, -1, None, None))
        self.assertEqual(self.error(b"# coding: ascii\n\xff"),
                         ("'ascii' codec can't decode byte 0xff in position 16: ordinal not in range(128)", 0, -1, None, None))
        self.assertEqual(self.error(b"# coding: utf8\n\xff"),
                         ("'utf-8' codec can't decode byte 0xff in position 15: invalid start byte", 0, -1, None, None))
        self.assertEqual(self.error(b"# coding: fake\n"), ("unknown encoding: fake", 0, -1, None, None))
        self.assertEqual(self.error(b"\xef\xbb\xbf#\n#coding:latin-1"), ("encoding problem: iso-8859-1 with BOM", 2, 0, 2, 16))

    def test_damaged_utf8_is_shown(self):
        with self.assertRaises(SyntaxError) as c:
            compile(b"\xf0\x90\x80 \xe0\xa0", "<s>", "exec")
        self.assertEqual(c.exception.text, "\ufffd \ufffd")

    def test_incomplete_input(self):
        flags = 0x4000 | 0x200
        self.assertEqual(self.error("[\nx for x\nin y\nif x", flags), ("incomplete input", 4, 5, 4, -1))
        self.assertEqual(self.error("f(a,\n b", flags, "single"), ("incomplete input", 2, 2, 2, -1))
        self.assertEqual(self.error("x = \'\'\'abc\ndef", flags), ("incomplete input", 1, 5, 1, -1))

    def test_repeated_keywords(self):
        self.assertEqual(self.error("f(a=1, b=2, c=3, b=4, a=5)"), ("keyword argument repeated: a", 1, 23, 1, 26))
        many = ", ".join(f"a{i}=1" for i in range(50_000))
        self.assertEqual(self.error(f"f({many}, a7=2)")[0], "keyword argument repeated: a7")


class UnreadableLines(unittest.TestCase):
    """The line that an error about the encoding shows is no UTF-8."""

    def test_byte_order_mark_and_another_encoding(self):
        bom = b"\xef\xbb\xbf"
        for source, shown in ((b"# coding: latin-1 \xff\xe9\xe9\n", "# coding: latin-1 \ufffd\ufffd\ufffd"),
                              (b"# \xff coding: latin-1 \xe4\n1", "# \ufffd coding: latin-1 \ufffd"),
                              (b"\n# coding: ascii " + b"\x91" * 50 + b"\n", "# coding: ascii " + "\ufffd" * 50)):
            for mode in "exec", "eval", "single":
                with self.assertRaisesRegex(SyntaxError, "^encoding problem: .* with BOM") as caught:
                    compile(bom + source, "<test>", mode)
                self.assertEqual(caught.exception.text, shown)

    def test_not_utf8(self):
        with self.assertRaisesRegex(SyntaxError, r"^Non-UTF-8 code starting with '\\x91' on line 1") as caught:
            compile(b"# coding: utf-8 \x91\x91\x91\nx y", "<test>", "exec")
        self.assertEqual(caught.exception.text, "# coding: utf-8 \ufffd\ufffd\ufffd")


class LongNumbers(unittest.TestCase):
    """Decimal literals obey sys.set_int_max_str_digits(): reading them takes time that grows with the square of their length."""

    def setUp(self):
        self.addCleanup(sys.set_int_max_str_digits, sys.get_int_max_str_digits())
        sys.set_int_max_str_digits(700)

    def test_refused(self):
        digits = "3" * 701
        for source, line in ((f"a = 1\nb = f(é, {digits}) + 1\nd", 2), (f"3_{digits[1:]}", 1), (f"-{digits}", 1),
                             (f"match x:\n case {digits}: pass", 2), (f"f'{{{digits}}}'", 1), (f"(1, {digits}) y", 1)):
            with self.assertRaises(SyntaxError) as caught:
                compile(source, "<test>", "exec")
            e = caught.exception
            self.assertEqual(e.msg, "Exceeds the limit (700 digits) for integer string conversion: value has 701 digits; use "
                                    "sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer "
                                    "literals to avoid decimal conversion limits.")
            self.assertEqual((e.lineno, e.offset, e.end_lineno, e.end_offset), (line, 0, line, 0))
            self.assertEqual(e.text, source.split("\n")[line - 1] + "\n")

    def test_accepted(self):
        digits = "3" * 701
        for source in digits[1:], "0" * 2000, "0x" + digits, f"{digits}.0", f"{digits}j", f"{digits}e1":
            compile(source, "<test>", "eval")
        sys.set_int_max_str_digits(0)
        self.assertEqual(eval(digits), int(digits))


class WarningsBeforeAnError(unittest.TestCase):
    """Of the invalid escapes in a text with an error, those warn that the parser had read."""

    def test_escapes(self):
        for text, told in [(r"f(a='x', '\,')", 0), (r"f('\,', a='x', 'z')", 1), (r"f(a='\,', 'y')", 1), (r"f(**a, '\,')", 0),
                           (r"f('a' '\,' 1)", 1), (r"['\,' 1]", 1), (r"x = '\,' 1", 1), (r"f('\,', 1 2)", 1),
                           ("a = '\\.'\nf(a=1, '\\,')", 1)]:
            with self.subTest(text), warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                with self.assertRaises(SyntaxError):
                    compile(text, "<test>", "exec")
                self.assertEqual([w.category for w in seen], [SyntaxWarning] * told)


if __name__ == "__main__":
    unittest.main()
