"""f-strings and t-strings."""

import unittest
from string.templatelib import Interpolation, Template


class FStrings(unittest.TestCase):
    def test_values_and_conversions(self):
        x = "é'"
        self.assertEqual((f"{x}", f"{x!r}", f"{x!s}", f"{x!a}"), ("é'", '"é\'"', "é'", '"\\xe9\'"'))

    def test_format_specs(self):
        self.assertEqual(f"{3.14159:.2f}|{42:>5}|{42:<5}|{42:^5}|{42:05d}|{255:#x}",
                         "3.14|   42|42   | 42  |00042|0xff")

    def test_nested_specs(self):
        w, p, fill = 8, 3, "*"
        self.assertEqual(f"{3.14159:{fill}>{w}.{p}}", "****3.14")

    def test_equals_sign(self):
        a = 5
        self.assertEqual(f"{a=}", "a=5")
        self.assertEqual(f"{a = }", "a = 5")
        self.assertEqual(f"{a=!s}", "a=5")
        self.assertEqual(f"{a=:03}", "a=005")
        self.assertEqual(f"{a + 1=}", "a + 1=6")

    def test_equals_uses_repr(self):
        s = "x"
        self.assertEqual((f"{s=}", f"{s=!s}", f"{s=:>3}"), ("s='x'", "s=x", "s=  x"))

    def test_braces(self):
        self.assertEqual(f"{{}} {{{1}}}", "{} {1}")

    def test_same_quotes_inside(self):
        d = {"k": "v"}
        self.assertEqual(f"{d["k"]} {"a" + "b"}", "v ab")

    def test_deep_nesting(self):
        self.assertEqual(f"{f"{f"{f"{1}"}"}"}", "1")

    def test_multi_line_expression(self):
        self.assertEqual(f"{
            1 +
            2  # comment
        }", "3")

    def test_triple_quoted(self):
        x = 1
        self.assertEqual(f"""a
        {x}
      b""", "a\n        1\n      b")

    def test_raw(self):
        self.assertEqual(rf"\n{1}\{2}", "\\n1\\2")

    def test_backslash_in_expression(self):
        self.assertEqual(f"{'\n'.join(['a', 'b'])}", "a\nb")

    def test_implicit_concatenation(self):
        x = 1
        self.assertEqual("a{x}" f"b{x}" "c", "a{x}b1c")

    def test_lambda_and_dict_need_parentheses(self):
        self.assertEqual((f"{(lambda x: x + 1)(2)}", f"{ {'a': 1}['a'] }"), ("3", "1"))

    def test_walrus_needs_parentheses(self):
        self.assertEqual(f"{(y := 5)} {y}", "5 5")

    def test_conditional_and_comparison(self):
        self.assertEqual(f"{1 if True else 2} {1 != 2} {3 == 3}", "1 True True")

    def test_yield_and_await_inside(self):
        def g(): yield f"{(yield 1)}"
        it = g()
        self.assertEqual([next(it), it.send("x")], [1, "x"])

    def test_format_protocol(self):
        class K:
            def __format__(self, spec): return "<" + spec + ">"
        self.assertEqual(f"{K()}{K():a{1}b}", "<><a1b>")

    def test_format_errors(self):
        with self.assertRaises(ValueError) as caught:
            f"{'x':d}"
        self.assertEqual(str(caught.exception), "Unknown format code 'd' for object of type 'str'")
        with self.assertRaises(TypeError) as caught:
            f"{[]:5}"
        self.assertEqual(str(caught.exception), "unsupported format string passed to list.__format__")
        with self.assertRaises(ValueError) as caught:
            f"{1:q}"
        self.assertEqual(str(caught.exception), "Unknown format code 'q' for object of type 'int'")

    def test_evaluation_order(self):
        log = []
        def n(x):
            log.append(x)
            return x
        f"{n(1)}{n(2):{n(3)}}"
        self.assertEqual(log, [1, 2, 3])

    def test_named_unicode(self):
        self.assertEqual(f"\N{BULLET}{1}\u00e9", "•1é")

    def test_empty(self):
        self.assertEqual(f"", "")

    def test_docstring_is_not_fstring(self):
        def g():
            f"not a docstring"
        self.assertIsNone(g.__doc__)

    def test_syntax_errors(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("f\"{}\"", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "f-string: valid expression required before '}'")
        with self.assertRaises(SyntaxError) as caught:
            compile("f\"}\"", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "f-string: single '}' is not allowed")
        with self.assertRaises(SyntaxError) as caught:
            compile("f\"{a b}\"", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "invalid syntax. Perhaps you forgot a comma?")
        with self.assertRaises(SyntaxError) as caught:
            compile("f\"{a!x}\"", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "f-string: invalid conversion character 'x': expected 's', 'r', or 'a'")
        with self.assertRaises(SyntaxError) as caught:
            compile("f\"{a\"", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "f-string: expecting '}'")


class TStrings(unittest.TestCase):
    def test_structure(self):
        name = "World"
        t = t"Hello {name}!"
        self.assertIsInstance(t, Template)
        self.assertEqual((t.strings, t.values), (("Hello ", "!"), ("World",)))

    def test_interpolation_fields(self):
        x = 3.14159
        i = t"{x!r:.2f}".interpolations[0]
        self.assertEqual((i.value, i.expression, i.conversion, i.format_spec), (3.14159, "x", "r", ".2f"))

    def test_expression_text(self):
        a = {"k": 1}
        self.assertEqual(t"{a["k"] + 1}".interpolations[0].expression, 'a["k"] + 1')

    def test_iteration(self):
        x = 1
        self.assertEqual([p if isinstance(p, str) else p.value for p in t"a{x}{x}b"], ["a", 1, 1, "b"])

    def test_strings_always_one_more(self):
        x = 1
        self.assertEqual((t"{x}".strings, t"".strings, t"{x}{x}".strings), (("", ""), ("",), ("", "", "")))

    def test_nested_spec_is_evaluated(self):
        w = 5
        self.assertEqual(t"{1:>{w}}".interpolations[0].format_spec, ">5")

    def test_values_are_not_formatted(self):
        value = object()
        self.assertIs(t"{value}".values[0], value)

    def test_concatenation(self):
        x = 1
        t = t"a{x}" + t"b{x}"
        self.assertEqual((t.strings, t.values), (("a", "b", ""), (1, 1)))
        with self.assertRaises(TypeError):
            t"a" + "b"

    def test_implicit_concatenation(self):
        x = 1
        self.assertEqual((t"a{x}" t"b").strings, ("a", "b"))

    def test_equals_sign(self):
        x = 1
        t = t"{x=}"
        self.assertEqual((t.strings, t.interpolations[0].conversion), (("x=", ""), "r"))

    def test_constructed(self):
        t = Template("a", Interpolation(5, "five", None, ""), "b")
        self.assertEqual((t.strings, t.values, t.interpolations[0].expression), (("a", "b"), (5,), "five"))

    def test_interpolation_pattern(self):
        x = 2
        match t"{x}".interpolations[0]:
            case Interpolation(v, e, None, ""): self.assertEqual((v, e), (2, "x"))
            case _: self.fail()


if __name__ == "__main__":
    unittest.main()
