"""if, while, for, break, continue, else, pass, try/finally flow and conditional expressions."""

import unittest


class Loops(unittest.TestCase):
    def test_while_else_runs_without_break(self):
        n = 3
        while n:
            n -= 1
        else:
            n = "else"
        self.assertEqual(n, "else")

    def test_while_break_skips_else(self):
        while True:
            break
        else:
            self.fail()

    def test_for_else(self):
        for _ in []:
            pass
        else:
            result = "else"
        self.assertEqual(result, "else")

    def test_for_break_skips_else(self):
        for x in [1, 2]:
            if x == 2:
                break
        else:
            self.fail()
        self.assertEqual(x, 2)

    def test_continue_in_while(self):
        n, odd = 0, []
        while n < 6:
            n += 1
            if n % 2 == 0:
                continue
            odd.append(n)
        self.assertEqual(odd, [1, 3, 5])

    def test_loop_variable_survives(self):
        for i in range(3):
            pass
        self.assertEqual(i, 2)

    def test_empty_loop_leaves_variable_unbound(self):
        for never in ():
            pass
        with self.assertRaises(UnboundLocalError):
            never

    def test_rebinding_loop_variable(self):
        seen = []
        for i in range(3):
            seen.append(i)
            i = 10
        self.assertEqual(seen, [0, 1, 2])

    def test_list_grows_while_iterated(self):
        items = [1, 2]
        for x in items:
            if len(items) < 5:
                items.append(x)
        self.assertEqual(items, [1, 2, 1, 2, 1])

    def test_nested_break_only_inner(self):
        seen = []
        for a in range(2):
            for b in range(3):
                if b == 1:
                    break
                seen.append((a, b))
        self.assertEqual(seen, [(0, 0), (1, 0)])

    def test_continue_in_finally_loop(self):
        seen = []
        for i in range(3):
            try:
                if i == 1:
                    continue
                seen.append(i)
            finally:
                seen.append("f")
        self.assertEqual(seen, [0, "f", "f", 2, "f"])

    def test_break_in_with(self):
        class CM:
            def __enter__(self): return self
            def __exit__(self, *a): log.append(a[0])
        log = []
        for i in range(3):
            with CM():
                break
        self.assertEqual((log, i), ([None], 0))

    def test_for_over_iterator_without_iter(self):
        with self.assertRaises(TypeError) as caught:
            for x in 3: pass
        self.assertEqual(str(caught.exception), "'int' object is not iterable")

    def test_for_over_bad_iterator(self):
        class Bad:
            def __iter__(self): return 5
        with self.assertRaises(TypeError) as caught:
            for x in Bad(): pass
        self.assertEqual(str(caught.exception), "iter() returned non-iterator of type 'int'")

    def test_range_forms(self):
        self.assertEqual(list(range(3)), [0, 1, 2])
        self.assertEqual(list(range(1, 3)), [1, 2])
        self.assertEqual(list(range(5, 0, -2)), [5, 3, 1])
        self.assertEqual(list(range(0)), [])

    def test_large_range_values(self):
        self.assertEqual(list(range(2**70, 2**70 + 2)), [2**70, 2**70 + 1])


class Conditions(unittest.TestCase):
    def test_elif_chain(self):
        def f(x):
            if x < 0: return "neg"
            elif x == 0: return "zero"
            elif x < 10: return "small"
            else: return "big"
        self.assertEqual([f(x) for x in (-1, 0, 5, 50)], ["neg", "zero", "small", "big"])

    def test_truth_values(self):
        class Falsy:
            def __bool__(self): return False
        class Empty:
            def __len__(self): return 0
        for value in (None, False, 0, 0.0, 0j, "", b"", (), [], {}, set(), range(0), Falsy(), Empty()):
            self.assertFalse(value)
        for value in (True, 1, -1, 0.1, "0", [0], object(), print):
            self.assertTrue(value)

    def test_bool_must_return_bool(self):
        class Bad:
            def __bool__(self): return 1
        with self.assertRaises(TypeError) as caught:
            bool(Bad())
        self.assertEqual(str(caught.exception), "__bool__ should return bool, returned int")

    def test_len_must_be_non_negative(self):
        class Bad:
            def __len__(self): return -1
        with self.assertRaises(ValueError) as caught:
            bool(Bad())
        self.assertEqual(str(caught.exception), "__len__() should return >= 0")

    def test_and_or_return_operands(self):
        self.assertEqual([0 or "a", 1 or "a", 0 and "a", 1 and "a", "" or 0 or None], ["a", 1, 0, "a", None])

    def test_short_circuit(self):
        calls = []
        def f(v):
            calls.append(v)
            return v
        f(0) and f(1)
        f(1) or f(2)
        f(0) or f(3) and f(4)
        self.assertEqual(calls, [0, 1, 0, 3, 4])

    def test_conditional_expression_evaluates_one_side(self):
        self.assertEqual(1 if True else 1 / 0, 1)
        self.assertEqual(1 / 0 if False else 2, 2)

    def test_nested_conditional_expression(self):
        self.assertEqual([("a" if x else "b" if y else "c") for x, y in ((1, 0), (0, 1), (0, 0))], ["a", "b", "c"])

    def test_chained_comparison_evaluates_once(self):
        calls = []
        def f(v):
            calls.append(v)
            return v
        self.assertTrue(f(1) < f(2) < f(3))
        self.assertFalse(f(1) > f(2) > f(3))
        self.assertEqual(calls, [1, 2, 3, 1, 2])

    def test_mixed_chain(self):
        self.assertTrue(1 < 2 == 2 != 3 in [3] is not None)

    def test_not(self):
        self.assertEqual([not x for x in (0, 1, "", "a", [], [0])], [True, False, True, False, True, False])

    def test_assert_statement(self):
        assert True, 1 / 0
        with self.assertRaises(AssertionError) as caught:
            assert 0, "text"
        self.assertEqual(str(caught.exception), "text")
        with self.assertRaises(AssertionError) as caught:
            assert not 1
        self.assertEqual(str(caught.exception), "")


class Finally(unittest.TestCase):
    def test_return_value_kept(self):
        def f():
            x = 1
            try:
                return x
            finally:
                x = 2
        self.assertEqual(f(), 1)

    def test_finally_order_nested(self):
        log = []
        def f():
            try:
                try:
                    return log.append("body")
                finally:
                    log.append("inner")
            finally:
                log.append("outer")
        f()
        self.assertEqual(log, ["body", "inner", "outer"])

    def test_exception_in_finally_replaces(self):
        with self.assertRaises(KeyError) as caught:
            try:
                1 / 0
            finally:
                {}["x"]
        self.assertIsInstance(caught.exception.__context__, ZeroDivisionError)

    def test_else_not_run_after_exception(self):
        log = []
        try:
            log.append(1)
            raise ValueError
        except ValueError:
            log.append("except")
        else:
            log.append("else")
        finally:
            log.append("finally")
        self.assertEqual(log, [1, "except", "finally"])

    def test_else_exception_not_caught_by_same_try(self):
        with self.assertRaises(KeyError):
            try:
                pass
            except KeyError:
                self.fail()
            else:
                raise KeyError

    def test_loop_with_try_many_exits(self):
        def f(n):
            for i in range(5):
                try:
                    if i == n:
                        return ("return", i)
                    if i == 3:
                        break
                except Exception:
                    pass
                finally:
                    log.append(i)
            return "broke"
        log = []
        self.assertEqual((f(1), f(9), log), (("return", 1), "broke", [0, 1, 0, 1, 2, 3]))


if __name__ == "__main__":
    unittest.main()
