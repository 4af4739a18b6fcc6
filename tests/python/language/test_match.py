"""The match statement: every kind of pattern."""

import unittest


class Point:
    __match_args__ = ("x", "y")

    def __init__(self, x, y):
        self.x, self.y = x, y


class Const:
    A = 1


class Patterns(unittest.TestCase):
    def test_literals(self):
        def f(v):
            match v:
                case 1: return "int"
                case "s": return "str"
                case b"b": return "bytes"
                case -2: return "neg"
                case 1.5: return "float"
                case 1 - 2j: return "complex"
                case None: return "none"
                case True: return "true"
            return "no"
        self.assertEqual([f(v) for v in (1, "s", b"b", -2, 1.5, 1 - 2j, None, False)],
                         ["int", "str", "bytes", "neg", "float", "complex", "none", "no"])

    def test_true_matches_int_one_pattern(self):
        match True:
            case 1: pass
            case _: self.fail()

    def test_singleton_by_identity(self):
        match 1:
            case True: self.fail()
            case _: pass

    def test_capture_and_wildcard(self):
        match [1, 2]:
            case [x, _]: self.assertEqual(x, 1)
        with self.assertRaises(NameError):
            _

    def test_value_pattern(self):
        match 1:
            case Const.A: hit = True
        self.assertTrue(hit)

    def test_or_pattern(self):
        def f(v):
            match v:
                case 1 | 2 | "x": return True
                case [a] | (a, _): return a
        self.assertEqual([f(1), f("x"), f([5]), f((6, 7)), f(9)], [True, True, 5, 6, None])

    def test_as_pattern(self):
        match (1, [2, 3]):
            case (a, [2, _] as b) as c: pass
        self.assertEqual((a, b, c), (1, [2, 3], (1, [2, 3])))

    def test_guard(self):
        def f(v):
            match v:
                case int(n) if n > 5: return "big"
                case int(): return "small"
        self.assertEqual((f(6), f(1)), ("big", "small"))

    def test_no_match_falls_through(self):
        match 5:
            case 6: self.fail()

    def test_names_bound_by_failed_guard_stay(self):
        match 3:
            case x if x > 5: self.fail()
            case _: pass
        self.assertEqual(x, 3)

    def test_sequence_lengths(self):
        def f(v):
            match v:
                case []: return 0
                case [_]: return 1
                case [_, _]: return 2
                case [_, *_]: return "many"
        self.assertEqual([f([]), f((1,)), f([1, 2]), f(range(5))], [0, 1, 2, "many"])

    def test_star_positions(self):
        match range(5):
            case [a, *b, c]: pass
        self.assertEqual((a, b, c), (0, [1, 2, 3], 4))
        match [1]:
            case [*x, y]: pass
        self.assertEqual((x, y), ([], 1))

    def test_str_and_bytes_are_not_sequences(self):
        for v in ("ab", b"ab", bytearray(b"ab")):
            match v:
                case [_, _]: self.fail()
                case _: pass

    def test_sets_dicts_iterators_are_not_sequences(self):
        for v in ({1, 2}, {1: 2}, iter([1, 2])):
            match v:
                case [*_]: self.fail()
                case _: pass

    def test_nested_sequences(self):
        match [1, [2, [3]]]:
            case [a, [b, [c]]]: self.assertEqual((a, b, c), (1, 2, 3))

    def test_mapping(self):
        def f(v):
            match v:
                case {"a": 1, "b": b}: return b
                case {"k": {"n": n}}: return n
                case {}: return "any mapping"
            return "no"
        self.assertEqual(f({"a": 1, "b": 2, "c": 3}), 2)
        self.assertEqual(f({"k": {"n": 5}}), 5)
        self.assertEqual(f({}), "any mapping")
        self.assertEqual(f({"z": 1}), "any mapping")
        self.assertEqual(f([]), "no")

    def test_mapping_rest(self):
        match {"a": 1, "b": 2}:
            case {"a": x, **rest}: self.assertEqual((x, rest), (1, {"b": 2}))

    def test_mapping_value_key(self):
        match {1: "one"}:
            case {Const.A: v}: self.assertEqual(v, "one")

    def test_mapping_does_not_use_missing(self):
        from collections import defaultdict
        d = defaultdict(int)
        match d:
            case {"x": _}: self.fail()
            case _: pass
        self.assertEqual(d, {})

    def test_class_positional_and_keyword(self):
        def f(v):
            match v:
                case Point(0, 0): return "origin"
                case Point(0, y=y): return ("y", y)
                case Point(x=x, y=0): return ("x", x)
                case Point(): return "point"
        self.assertEqual(f(Point(0, 0)), "origin")
        self.assertEqual(f(Point(0, 3)), ("y", 3))
        self.assertEqual(f(Point(4, 0)), ("x", 4))
        self.assertEqual(f(Point(1, 1)), "point")
        self.assertEqual(f(5), None)

    def test_builtin_classes_capture_self(self):
        match "text":
            case int(x): self.fail()
            case str(x): self.assertEqual(x, "text")
        match {"k": [1, 2.0]}:
            case {"k": list([int(a), float(b)])}: self.assertEqual((a, b), (1, 2.0))

    def test_missing_attribute_fails_to_match(self):
        match Point(1, 2):
            case Point(z=1): self.fail()
            case _: pass

    def test_too_many_positional(self):
        with self.assertRaisesRegex(TypeError, r"Point\(\) accepts 2 positional sub-patterns \(3 given\)"):
            match Point(1, 2):
                case Point(1, 2, 3): pass

    def test_no_match_args(self):
        class Bare: pass
        with self.assertRaisesRegex(TypeError, r"accepts 0 positional sub-patterns \(1 given\)"):
            match Bare():
                case Bare(1): pass

    def test_called_pattern_must_be_class(self):
        f = len
        with self.assertRaisesRegex(TypeError, "must be a class"):
            match 1:
                case f(): pass

    def test_subject_tuple(self):
        a, b = 1, "x"
        match a, b:
            case 1, "x": hit = True
        self.assertTrue(hit)

    def test_subject_evaluated_once(self):
        calls = []
        def f():
            calls.append(1)
            return 5
        match f():
            case 1: pass
            case 2: pass
            case 5: pass
        self.assertEqual(calls, [1])

    def test_soft_keywords_are_names(self):
        match = case = type = _ = 1
        self.assertEqual(match + case + type + _, 4)

    def test_subclass_matches(self):
        class Q(Point): pass
        match Q(1, 2):
            case Point(x, y): self.assertEqual((x, y), (1, 2))

    def test_custom_sequence_and_mapping(self):
        from collections.abc import Mapping, Sequence
        class S(Sequence):
            def __len__(self): return 2
            def __getitem__(self, i): return "ab"[i]
        class M(Mapping):
            def __len__(self): return 1
            def __iter__(self): return iter(["k"])
            def __getitem__(self, k): return {"k": 5}[k]
        match S():
            case [a, b]: self.assertEqual((a, b), ("a", "b"))
        match M():
            case {"k": v}: self.assertEqual(v, 5)

    def test_syntax_errors(self):
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case x: pass\n case 2: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "name capture 'x' makes remaining patterns unreachable")
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case _: pass\n case 2: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "wildcard makes remaining patterns unreachable")
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case [a, a]: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "multiple assignments to name 'a' in pattern")
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case [a] | [b]: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "alternative patterns bind different names")
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case [*a, *b]: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "multiple starred names in sequence pattern")
        with self.assertRaises(SyntaxError) as caught:
            compile("match 1:\n case {1: a, 1: b}: pass", "<test>", "exec")
        self.assertEqual(caught.exception.msg, "mapping pattern checks duplicate key (1)")


if __name__ == "__main__":
    unittest.main()
