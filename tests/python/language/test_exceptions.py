"""raise, try, except, chaining, notes, exception attributes and hierarchy."""

import sys
import unittest


class Raising(unittest.TestCase):
    def test_class_is_instantiated(self):
        with self.assertRaises(ValueError) as c:
            raise ValueError
        self.assertEqual(c.exception.args, ())

    def test_instance(self):
        e = ValueError(1, 2)
        with self.assertRaises(ValueError) as c:
            raise e
        self.assertIs(c.exception, e)

    def test_not_an_exception(self):
        with self.assertRaises(TypeError) as caught:
            raise 5
        self.assertEqual(str(caught.exception), "exceptions must derive from BaseException")
        with self.assertRaises(TypeError) as caught:
            raise int
        self.assertEqual(str(caught.exception), "exceptions must derive from BaseException")

    def test_bare_without_active(self):
        with self.assertRaises(RuntimeError) as caught:
            raise
        self.assertEqual(str(caught.exception), "No active exception to reraise")

    def test_bare_reraises_same(self):
        e = KeyError("k")
        with self.assertRaises(KeyError) as c:
            try:
                raise e
            except KeyError:
                raise
        self.assertIs(c.exception, e)

    def test_from_sets_cause(self):
        a, b = KeyError(), ValueError()
        try:
            raise b from a
        except ValueError as e:
            self.assertIs(e.__cause__, a)
            self.assertTrue(e.__suppress_context__)

    def test_from_none(self):
        try:
            try:
                raise KeyError
            except KeyError:
                raise ValueError from None
        except ValueError as e:
            self.assertIsNone(e.__cause__)
            self.assertTrue(e.__suppress_context__)
            self.assertIsInstance(e.__context__, KeyError)

    def test_from_class(self):
        try:
            raise ValueError from KeyError
        except ValueError as e:
            self.assertIsInstance(e.__cause__, KeyError)

    def test_from_bad(self):
        with self.assertRaises(TypeError) as caught:
            raise ValueError from 5
        self.assertEqual(str(caught.exception), "exception causes must derive from BaseException")

    def test_context_is_set(self):
        try:
            try:
                1 / 0
            except ZeroDivisionError:
                {}["x"]
        except KeyError as e:
            self.assertIsInstance(e.__context__, ZeroDivisionError)
            self.assertFalse(e.__suppress_context__)

    def test_context_no_self_cycle(self):
        e = ValueError()
        try:
            try:
                raise e
            except ValueError:
                raise e
        except ValueError:
            self.assertIsNone(e.__context__)

    def test_class_whose_call_returns_other(self):
        class Odd(Exception):
            def __new__(cls): return 5
        with self.assertRaisesRegex(TypeError, "should have returned an instance of BaseException, not <class 'int'>"):
            raise Odd


class Handling(unittest.TestCase):
    def test_first_match_wins(self):
        def f(e):
            try:
                raise e
            except LookupError: return "lookup"
            except (ValueError, TypeError): return "pair"
            except Exception: return "any"
        self.assertEqual([f(e) for e in (KeyError(), ValueError(), TypeError(), OSError())],
                         ["lookup", "pair", "pair", "any"])

    def test_name_unbound_after(self):
        try:
            raise ValueError
        except ValueError as e:
            pass
        with self.assertRaises(UnboundLocalError):
            e

    def test_name_restored_not(self):
        e = 1
        try:
            raise ValueError
        except ValueError as e:
            pass
        self.assertFalse("e" in locals())

    def test_without_parentheses(self):
        try:
            raise KeyError
        except ValueError, KeyError:
            caught = True
        self.assertTrue(caught)

    def test_dynamic_class(self):
        kinds = [KeyError]
        try:
            raise KeyError
        except kinds[0]:
            pass

    def test_handler_class_invalid(self):
        with self.assertRaisesRegex(TypeError,
                                    "catching classes that do not inherit from BaseException is not allowed"):
            try:
                raise ValueError
            except "x":
                pass

    def test_handler_expression_only_when_needed(self):
        try:
            pass
        except undefined_name:
            pass

    def test_base_exceptions_pass_except_exception(self):
        for kind in (KeyboardInterrupt, SystemExit, GeneratorExit):
            with self.assertRaises(kind):
                try:
                    raise kind
                except Exception:
                    self.fail()

    def test_exception_in_handler(self):
        with self.assertRaises(IndexError) as c:
            try:
                raise KeyError
            except KeyError:
                [][0]
        self.assertIsInstance(c.exception.__context__, KeyError)

    def test_sys_exception_nested(self):
        try:
            raise KeyError
        except KeyError as a:
            self.assertIs(sys.exception(), a)
            try:
                raise ValueError
            except ValueError as b:
                self.assertIs(sys.exception(), b)
            self.assertIs(sys.exception(), a)
            self.assertEqual(sys.exc_info()[:2], (KeyError, a))
        self.assertEqual(sys.exc_info(), (None, None, None))

    def test_nested_functions_see_active_exception(self):
        def f(): return sys.exception()
        try:
            raise KeyError
        except KeyError as e:
            self.assertIs(f(), e)

    def test_reraise_in_called_function(self):
        def f(): raise
        with self.assertRaises(KeyError):
            try:
                raise KeyError
            except KeyError:
                f()

    def test_deep_unwinding(self):
        log = []
        def f(n):
            try:
                if n == 0:
                    raise KeyError
                f(n - 1)
            finally:
                log.append(n)
        self.assertRaises(KeyError, f, 5)
        self.assertEqual(log, [0, 1, 2, 3, 4, 5])

    def test_recursion_error(self):
        def f(): f()
        self.assertRaises(RecursionError, f)
        self.assertEqual(1 + 1, 2)


if __name__ == "__main__":
    unittest.main()
