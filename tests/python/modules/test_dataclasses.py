"""dataclasses."""

import copy
import dataclasses
import pickle
import unittest
from dataclasses import dataclass, field


@dataclass(slots=True)
class Slotted:
    x: int


class Dataclasses(unittest.TestCase):
    def test_init_repr_eq(self):
        @dataclass
        class P:
            x: int
            y: int = 2
        self.assertEqual((P(1), P(1) == P(1, 2), P(1) != P(2)), (P(1, 2), True, True))
        self.assertTrue(repr(P(1)).endswith("P(x=1, y=2)"))
        with self.assertRaises(TypeError) as caught:
            P()
        self.assertEqual(str(caught.exception),
                         "Dataclasses.test_init_repr_eq.<locals>.P.__init__() missing 1 required positional "
                         "argument: 'x'")

    def test_default_factory(self):
        @dataclass
        class P:
            items: list = field(default_factory=list)
        a, b = P(), P()
        a.items.append(1)
        self.assertEqual(b.items, [])

    def test_mutable_default_refused(self):
        with self.assertRaisesRegex(ValueError, "mutable default <class 'list'> for field items is not allowed"):
            @dataclass
            class P:
                items: list = []

    def test_frozen(self):
        @dataclass(frozen=True)
        class P: x: int
        p = P(1)
        with self.assertRaises(dataclasses.FrozenInstanceError) as caught:
            p.x = 2
        self.assertEqual(str(caught.exception), "cannot assign to field 'x'")
        self.assertEqual(hash(P(1)), hash(P(1)))

    def test_order(self):
        @dataclass(order=True)
        class P:
            x: int
            y: str = field(default="", compare=False)
        self.assertTrue(P(1) < P(2) and P(1, "b") <= P(1, "a") and sorted([P(2), P(1)])[0].x == 1)

    def test_eq_makes_unhashable(self):
        @dataclass
        class P: x: int
        self.assertRaises(TypeError, hash, P(1))

    def test_post_init_and_init_var(self):
        @dataclass
        class P:
            x: int
            scale: dataclasses.InitVar[int] = 1
            total: int = field(init=False)
            def __post_init__(self, scale): self.total = self.x * scale
        self.assertEqual(P(5, 3).total, 15)

    def test_kw_only(self):
        @dataclass
        class P:
            x: int
            _: dataclasses.KW_ONLY
            y: int = 0
        self.assertEqual(P(1, y=2).y, 2)
        self.assertRaises(TypeError, P, 1, 2)

    def test_slots(self):
        @dataclass(slots=True)
        class P: x: int = 1
        self.assertRaises(AttributeError, setattr, P(), "z", 1)
        self.assertEqual(P().x, 1)
        self.assertNotIn("__dict__", P.__dict__)
        self.assertEqual(pickle.loads(pickle.dumps(Slotted(5))), Slotted(5))
        self.assertEqual(copy.copy(Slotted(5)), Slotted(5))

    def test_inheritance(self):
        @dataclass
        class A: x: int = 1
        @dataclass
        class B(A): y: int = 2
        self.assertEqual([f.name for f in dataclasses.fields(B)], ["x", "y"])
        self.assertEqual(B(5).y, 2)

    def test_asdict_astuple_replace(self):
        @dataclass
        class P:
            x: int
            sub: object = None
        p = P(1, [P(2)])
        self.assertEqual(dataclasses.asdict(p), {"x": 1, "sub": [{"x": 2, "sub": None}]})
        self.assertEqual(dataclasses.astuple(P(1)), (1, None))
        self.assertEqual(dataclasses.replace(p, x=9).x, 9)
        self.assertTrue(dataclasses.is_dataclass(P))

    def test_match_args(self):
        @dataclass
        class P:
            x: int
            y: int
        match P(1, 2):
            case P(a, b): self.assertEqual((a, b), (1, 2))

    def test_make_dataclass(self):
        P = dataclasses.make_dataclass("P", [("x", int), ("y", int, 5)])
        self.assertEqual(P(1).y, 5)

    def test_non_default_after_default(self):
        with self.assertRaisesRegex(TypeError, "non-default argument 'y' follows default argument 'x'"):
            @dataclass
            class P:
                x: int = 1
                y: int

    def test_class_var_is_no_field(self):
        from typing import ClassVar
        @dataclass
        class P:
            x: ClassVar[int] = 1
            y: int = 2
        self.assertEqual([f.name for f in dataclasses.fields(P)], ["y"])


if __name__ == "__main__":
    unittest.main()
