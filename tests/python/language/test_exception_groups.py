"""ExceptionGroup and except*."""

import unittest


class Groups(unittest.TestCase):
    def test_construction(self):
        g = ExceptionGroup("text", [ValueError(1), KeyError(2)])
        self.assertEqual((g.message, str(g), len(g.exceptions)), ("text", "text (2 sub-exceptions)", 2))
        self.assertEqual(str(ExceptionGroup("t", [OSError()])), "t (1 sub-exception)")

    def test_repr(self):
        self.assertEqual(repr(ExceptionGroup("t", [ValueError(1)])), "ExceptionGroup('t', [ValueError(1)])")

    def test_base_group_picks_class(self):
        self.assertIs(type(BaseExceptionGroup("", [ValueError()])), ExceptionGroup)
        self.assertIs(type(BaseExceptionGroup("", [KeyboardInterrupt()])), BaseExceptionGroup)

    def test_errors(self):
        with self.assertRaises(TypeError) as caught:
            ExceptionGroup("", [KeyboardInterrupt()])
        self.assertEqual(str(caught.exception), "Cannot nest BaseExceptions in an ExceptionGroup")
        with self.assertRaises(ValueError) as caught:
            ExceptionGroup("", [])
        self.assertEqual(str(caught.exception), "second argument (exceptions) must be a non-empty sequence")
        with self.assertRaises(ValueError) as caught:
            ExceptionGroup("", [1])
        self.assertEqual(str(caught.exception), "Item 0 of second argument (exceptions) is not an exception")

    def test_split_by_type(self):
        g = ExceptionGroup("t", [ValueError(1), KeyError(2), ExceptionGroup("n", [ValueError(3)])])
        match, rest = g.split(ValueError)
        self.assertEqual(repr(match), "ExceptionGroup('t', [ValueError(1), ExceptionGroup('n', [ValueError(3)])])")
        self.assertEqual(repr(rest), "ExceptionGroup('t', [KeyError(2)])")

    def test_subgroup_by_predicate(self):
        g = ExceptionGroup("t", [ValueError(1), ValueError(2)])
        self.assertEqual(g.subgroup(lambda e: e.args == (2,)).exceptions[0].args, (2,))
        self.assertIsNone(g.subgroup(KeyError))

    def test_derive_keeps_class(self):
        class G(ExceptionGroup):
            def derive(self, excs): return G(self.message, excs)
        g = G("t", [ValueError(), KeyError()])
        self.assertIs(type(g.subgroup(KeyError)), G)


class Star(unittest.TestCase):
    def test_each_clause_gets_its_part(self):
        got = []
        try:
            raise ExceptionGroup("g", [ValueError(1), KeyError(2), ValueError(3)])
        except* ValueError as e:
            got.append([x.args[0] for x in e.exceptions])
        except* KeyError as e:
            got.append([x.args[0] for x in e.exceptions])
        self.assertEqual(got, [[1, 3], [2]])

    def test_rest_is_reraised(self):
        with self.assertRaises(ExceptionGroup) as c:
            try:
                raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
            except* ValueError:
                pass
        self.assertEqual(repr(c.exception), "ExceptionGroup('g', [KeyError(2)])")

    def test_plain_exception_is_wrapped(self):
        try:
            raise ValueError(1)
        except* ValueError as e:
            self.assertEqual(repr(e), "ExceptionGroup('', (ValueError(1),))")

    def test_plain_unmatched_stays_plain(self):
        with self.assertRaises(KeyError):
            try:
                raise KeyError
            except* ValueError:
                self.fail()

    def test_raising_in_handler_makes_group(self):
        with self.assertRaises(ExceptionGroup) as c:
            try:
                raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
            except* ValueError:
                raise TypeError(3)
        kinds = sorted(type(e).__name__ for e in c.exception.exceptions)
        self.assertEqual(kinds, ["ExceptionGroup", "TypeError"])

    def test_bare_raise_in_handler(self):
        with self.assertRaises(ExceptionGroup) as c:
            try:
                raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
            except* ValueError:
                raise
        self.assertEqual(len(c.exception.exceptions), 2)

    def test_nested_groups_keep_structure(self):
        try:
            raise ExceptionGroup("a", [ExceptionGroup("b", [ValueError(1), KeyError(2)])])
        except* KeyError as e:
            self.assertEqual(repr(e), "ExceptionGroup('a', [ExceptionGroup('b', [KeyError(2)])])")
        except* ValueError:
            pass

    def test_else_and_finally(self):
        log = []
        try:
            pass
        except* ValueError:
            log.append("no")
        else:
            log.append("else")
        finally:
            log.append("finally")
        self.assertEqual(log, ["else", "finally"])

    def test_tuple_of_types(self):
        try:
            raise ExceptionGroup("g", [ValueError(), KeyError()])
        except* (ValueError, KeyError) as e:
            self.assertEqual(len(e.exceptions), 2)

    def test_name_unbound_after(self):
        try:
            raise ExceptionGroup("g", [ValueError()])
        except* ValueError as e:
            pass
        with self.assertRaises(UnboundLocalError):
            e

    def test_group_type_in_clause(self):
        with self.assertRaisesRegex(TypeError, "catching ExceptionGroup with except\\* is not allowed"):
            try:
                raise ExceptionGroup("g", [ValueError()])
            except* ExceptionGroup:
                pass

    def test_syntax(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("try:\n pass\nexcept A: pass\nexcept* B: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "cannot have both 'except' and 'except*' on the same 'try'")
        with self.assertRaises(SyntaxError) as caught:
            compile("def f():\n try: pass\n except* A: return", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "'break', 'continue' and 'return' cannot appear in an except* block")


if __name__ == "__main__":
    unittest.main()
