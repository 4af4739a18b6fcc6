"""Exception objects: arguments, text, attributes, hierarchy."""

import unittest


class Objects(unittest.TestCase):
    def test_args_and_str(self):
        self.assertEqual((str(ValueError()), str(ValueError("a")), str(ValueError("a", 1))), ("", "a", "('a', 1)"))

    def test_repr(self):
        self.assertEqual(repr(ValueError()), "ValueError()")
        self.assertEqual(repr(ValueError("a")), "ValueError('a')")
        self.assertEqual(repr(KeyError(1, 2)), "KeyError(1, 2)")

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
        self.assertEqual(e.errno, 2)
        self.assertEqual(e.strerror, "No such file")
        self.assertEqual(e.filename, "name")
        self.assertEqual(str(e), "[Errno 2] No such file: 'name'")

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
        self.assertEqual(c.exception.name, "undefined_thing")
        self.assertEqual(str(c.exception), "name 'undefined_thing' is not defined")

    def test_unicode_errors(self):
        with self.assertRaises(UnicodeDecodeError) as c:
            b"a\xff".decode("utf-8")
        e = c.exception
        self.assertEqual(e.encoding, "utf-8")
        self.assertEqual(e.object, b"a\xff")
        self.assertEqual(e.start, 1)
        self.assertEqual(e.end, 2)
        self.assertEqual(e.reason, "invalid start byte")

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
                        RuntimeError), (RecursionError, RuntimeError), (ModuleNotFoundError,
                                ImportError), (UnboundLocalError, NameError), (IndentationError,
                                        SyntaxError), (TimeoutError, OSError), (BrokenPipeError, ConnectionError)):
            self.assertTrue(issubclass(child, parent), child)
        self.assertIs(IOError, OSError)


if __name__ == "__main__":
    unittest.main()
