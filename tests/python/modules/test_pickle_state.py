"""Pickles: batches of containers, state that goes into instances."""

import pickle
import pickletools
import unittest


class Plain:
    pass


class Shown:
    """__dict__ is the class's own affair."""
    stored = {}
    __dict__ = property(lambda self: Shown.stored)


class Watched:
    def __getattribute__(self, name):
        if name == "__dict__":
            return Watched.stored
        return object.__getattribute__(self, name)
    stored = {}


class Guarded:
    """Attributes of the class that stand in the way of assignments, not of the state."""
    @property
    def value(self):
        return self.__dict__["value"] + 1

    def __setattr__(self, name, value):
        raise AttributeError(name)


class Listed(list):
    pass


def opcodes(data):
    return [opcode.name for opcode, _, _ in pickletools.genops(data)]


class Batches(unittest.TestCase):
    def test_full_last_batch(self):
        # One more batch, an empty one, follows the last full one.
        for n, batches in ((1, 0), (2, 1), (999, 1), (1000, 2), (1001, 2), (2000, 3)):
            data = pickle.dumps(dict.fromkeys(range(n)), 4)
            self.assertEqual(opcodes(data).count("SETITEMS"), batches, n)
            self.assertEqual(pickle.loads(data), dict.fromkeys(range(n)))
        for n, batches in ((0, 0), (1, 1), (999, 1), (1000, 2), (2001, 3)):
            data = pickle.dumps(set(range(n)), 4)
            self.assertEqual(opcodes(data).count("ADDITEMS"), batches, n)
            self.assertEqual(pickle.loads(data), set(range(n)))

    def test_numbers_of_all_sizes(self):
        numbers = [0, 255, 256, 65535, 65536, -1, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**63, -2**200, 1.5, -0.0]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertEqual(repr(pickle.loads(pickle.dumps(numbers, protocol))), repr(numbers))


class State(unittest.TestCase):
    def build(self, cls, state):
        """An instance that __reduce_ex__ would give this state."""
        # copyreg.__newobj__(cls) and the state, instead of the pair
        data = pickle.dumps(cls, 2)[:-1] + b")\x81" + pickle.dumps(state, 0)[:-1] + b"b."
        made = pickle.loads(data)
        self.assertIs(type(made), cls)
        return made

    def test_attributes(self):
        made = self.build(Plain, {"a": 1, "b": [2]})
        self.assertEqual(vars(made), {"a": 1, "b": [2]})
        again = pickle.loads(pickle.dumps(made))
        self.assertEqual(again.__dict__, made.__dict__)
        again.c = 3
        self.assertEqual(list(vars(again)), ["a", "b", "c"])

    def test_keys_that_are_no_names(self):
        self.assertEqual(vars(self.build(Plain, {"a": 1, 5: 2, "b": 3})), {"a": 1, 5: 2, "b": 3})

    def test_many_attributes(self):
        state = {f"a{i}": i for i in range(500)}
        self.assertEqual(vars(self.build(Plain, state)), state)

    def test_classes_with_a_dict_of_their_own(self):
        self.build(Shown, {"a": 1})
        self.assertEqual(Shown.stored, {"a": 1})
        self.build(Watched, {"a": 2})
        self.assertEqual(Watched.stored, {"a": 2})

    def test_state_passes_by_descriptors(self):
        made = self.build(Guarded, {"value": 1})
        self.assertEqual(made.value, 2)

    def test_subclass_of_a_container(self):
        made = Listed([1, 2])
        made.name = "x"
        again = pickle.loads(pickle.dumps(made))
        self.assertEqual((again, again.name, type(again)), ([1, 2], "x", Listed))


if __name__ == "__main__":
    unittest.main()
