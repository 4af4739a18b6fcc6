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


class Objects(unittest.TestCase):
    def test_args_and_str(self):
        self.assertEqual((str(ValueError()), str(ValueError("a")), str(ValueError("a", 1))), ("", "a", "('a', 1)"))

    def test_repr(self):
        self.assertEqual((repr(ValueError()), repr(ValueError("a")), repr(KeyError(1, 2))),
                         ("ValueError()", "ValueError('a')", "KeyError(1, 2)"))

    def test_key_error_str_is_repr(self):
        self.assertEqual((str(KeyError("a b")), str(KeyError("a", 1))), ("'a b'", "('a', 1)"))

    def test_equality_is_identity(self):
        self.assertFalse(ValueError(1) == ValueError(1))

    def test_notes(self):
        e = ValueError()
        self.assertFalse(hasattr(e, "__notes__"))
        e.add_note("a")
        e.add_note("b")
        self.assertEqual(e.__notes__, ["a", "b"])
        with self.assertRaises(TypeError) as caught:
            e.add_note(1)
        self.assertEqual(str(caught.exception), "add_note() argument must be str, not int")

    def test_with_traceback(self):
        e = ValueError()
        self.assertIs(e.with_traceback(None), e)
        with self.assertRaises(TypeError) as caught:
            e.__traceback__ = 1
        self.assertEqual(str(caught.exception), "__traceback__ must be a traceback or None")

    def test_cause_type_checked(self):
        with self.assertRaises(TypeError) as caught:
            ValueError().__cause__ = 1
        self.assertEqual(str(caught.exception), "exception cause must be None or derive from BaseException")

    def test_os_error_maps_errno(self):
        import errno
        self.assertIs(type(OSError(errno.ENOENT, "x")), FileNotFoundError)
        self.assertIs(type(OSError(errno.EACCES, "x")), PermissionError)
        e = OSError(2, "No such file", "name")
        self.assertEqual((e.errno, e.strerror, e.filename, str(e)),
                         (2, "No such file", "name", "[Errno 2] No such file: 'name'"))

    def test_stop_iteration_value(self):
        self.assertEqual((StopIteration(5).value, StopIteration().value), (5, None))

    def test_system_exit_code(self):
        self.assertEqual((SystemExit(3).code, SystemExit().code, SystemExit(1, 2).code), (3, None, (1, 2)))

    def test_import_error_fields(self):
        e = ImportError("m", name="n", path="p")
        self.assertEqual((e.msg, e.name, e.path), ("m", "n", "p"))

    def test_name_error_name(self):
        with self.assertRaises(NameError) as c:
            undefined_thing
        self.assertEqual((c.exception.name, str(c.exception)),
                         ("undefined_thing", "name 'undefined_thing' is not defined"))

    def test_unicode_errors(self):
        with self.assertRaises(UnicodeDecodeError) as c:
            b"a\xff".decode("utf-8")
        e = c.exception
        self.assertEqual((e.encoding, e.object, e.start, e.end, e.reason),
                         ("utf-8", b"a\xff", 1, 2, "invalid start byte"))

    def test_subclass_init(self):
        class E(Exception):
            def __init__(self, code):
                super().__init__("text", code)
                self.code = code
        e = E(5)
        self.assertEqual((e.args, e.code, str(e)), (("text", 5), 5, "('text', 5)"))

    def test_args_without_super_init(self):
        class E(Exception):
            def __init__(self, a): self.a = a
        self.assertEqual(E(3).args, (3,))

    def test_hierarchy(self):
        for child, parent in ((KeyError, LookupError), (IndexError, LookupError), (ZeroDivisionError, ArithmeticError),
                              (FileNotFoundError, OSError), (UnicodeError, ValueError), (NotImplementedError,
                                                                                         RuntimeError),
                              (RecursionError, RuntimeError), (ModuleNotFoundError, ImportError), (UnboundLocalError,
                                                                                                   NameError),
                              (IndentationError, SyntaxError), (TimeoutError, OSError), (BrokenPipeError,
                                                                                         ConnectionError)):
            self.assertTrue(issubclass(child, parent), child)
        self.assertIs(IOError, OSError)


if __name__ == "__main__":
    unittest.main()
