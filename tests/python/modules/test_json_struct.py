"""json, struct, copy and pickle."""

import copy
import io
import json
import pickle
import struct
import unittest


class Json(unittest.TestCase):
    def test_dumps(self):
        self.assertEqual([json.dumps(v) for v in (None, True, 1, 1.5, "é\n\"", [1, []], {"a": {}},
                {1: 2, None: 3, False: 4}, (1,))], ["null", "true", "1", "1.5", '"\\u00e9\\n\\""', "[1, []]",
                        '{"a": {}}', '{"1": 2, "null": 3, "false": 4}', "[1]"])

    def test_dumps_options(self):
        self.assertEqual(json.dumps({"b": 1, "a": [1, 2]}, indent=2, sort_keys=True),
                         '{\n  "a": [\n    1,\n    2\n  ],\n  "b": 1\n}')
        self.assertEqual(json.dumps({"a": 1}, separators=(",", ":")), '{"a":1}')
        self.assertEqual(json.dumps("é", ensure_ascii=False), '"é"')

    def test_special_floats(self):
        self.assertEqual(json.dumps([float("inf"), float("-inf"), float("nan")]), "[Infinity, -Infinity, NaN]")
        with self.assertRaises(ValueError) as caught:
            json.dumps(float("nan"), allow_nan=False)
        self.assertEqual(str(caught.exception), "Out of range float values are not JSON compliant: nan")

    def test_not_serialisable(self):
        with self.assertRaises(TypeError) as caught:
            json.dumps(set())
        self.assertEqual(str(caught.exception), "Object of type set is not JSON serializable")
        self.assertEqual(json.dumps({1, 2}, default=sorted), "[1, 2]")
        a = []
        a.append(a)
        with self.assertRaises(ValueError) as caught:
            json.dumps(a)
        self.assertEqual(str(caught.exception), "Circular reference detected")

    def test_loads(self):
        self.assertEqual([json.loads(t) for t in ("null", " [1, -2.5e3, \"a\\u00e9\\n\"] ", "{}",
                '{"a": [true, false]}', "1" * 30, "\"\\ud83d\\udc0d\"")], [None, [1, -2500.0, "aé\n"], {},
                        {"a": [True, False]}, int("1" * 30), "🐍"])

    def test_loads_errors(self):
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads("")
        self.assertEqual(str(caught.exception), "Expecting value: line 1 column 1 (char 0)")
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads("1 2")
        self.assertEqual(str(caught.exception), "Extra data: line 1 column 3 (char 2)")
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads("{a: 1}")
        self.assertEqual(str(caught.exception),
                         "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)")
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads("[1,]")
        self.assertEqual(str(caught.exception), "Illegal trailing comma before end of array: line 1 column 3 (char 2)")
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads('"abc')
        self.assertEqual(str(caught.exception), "Unterminated string starting at: line 1 column 1 (char 0)")
        with self.assertRaises(json.JSONDecodeError) as caught:
            json.loads("[1 \n2]")
        self.assertEqual(str(caught.exception), "Expecting ',' delimiter: line 2 column 1 (char 4)")

    def test_hooks(self):
        self.assertEqual(json.loads('{"a": 1.5}', parse_float=str, object_pairs_hook=list), [("a", "1.5")])
        self.assertEqual(json.loads("[1]", parse_int=lambda s: "i" + s), ["i1"])

    def test_files(self):
        f = io.StringIO()
        json.dump({"a": 1}, f)
        f.seek(0)
        self.assertEqual(json.load(f), {"a": 1})

    def test_encoder_subclass(self):
        class E(json.JSONEncoder):
            def default(self, o): return "<" + type(o).__name__ + ">"
        self.assertEqual(json.dumps([object()], cls=E), '["<object>"]')

    def test_round_trip(self):
        value = {"list": [1, 2.5, None, True, "x" * 100], "nested": {str(i): {"v": i} for i in range(50)}}
        self.assertEqual(json.loads(json.dumps(value)), value)


class Struct(unittest.TestCase):
    def test_pack_unpack(self):
        self.assertEqual(struct.pack("<hI", -2, 5), b"\xfe\xff\x05\0\0\0")
        self.assertEqual(struct.pack(">q", 1), b"\0" * 7 + b"\1")
        self.assertEqual(struct.pack("2s?", b"abc", True), b"ab\1")
        self.assertEqual(struct.unpack("<if", struct.pack("<if", 7, 0.5)), (7, 0.5))
        self.assertEqual(struct.calcsize("<bhiq"), 15)

    def test_iter_and_buffer(self):
        self.assertEqual(list(struct.iter_unpack("<H", b"\1\0\2\0")), [(1,), (2,)])
        b = bytearray(4)
        struct.pack_into(">H", b, 1, 258)
        self.assertEqual((b, struct.unpack_from(">H", b, 1)), (b"\0\1\2\0", (258,)))

    def test_errors(self):
        with self.assertRaises(struct.error) as caught:
            struct.pack("i", "a")
        self.assertEqual(str(caught.exception), "required argument is not an integer")
        with self.assertRaises(struct.error) as caught:
            struct.unpack("<i", b"abc")
        self.assertEqual(str(caught.exception), "unpack requires a buffer of 4 bytes")
        with self.assertRaises(struct.error) as caught:
            struct.pack("y", 1)
        self.assertEqual(str(caught.exception), "bad char in struct format")

    def test_half_floats_and_struct_class(self):
        s = struct.Struct("<e")
        self.assertEqual((s.unpack(s.pack(1.5)), s.size, s.format), ((1.5,), 2, "<e"))


class Copying(unittest.TestCase):
    def test_shallow_and_deep(self):
        a = [[1], {"k": [2]}]
        s, d = copy.copy(a), copy.deepcopy(a)
        a[0].append(9)
        a[1]["k"].append(9)
        self.assertEqual((s, d), ([[1, 9], {"k": [2, 9]}], [[1], {"k": [2]}]))

    def test_deep_copy_keeps_sharing_and_cycles(self):
        a = []
        b = [a, a]
        a.append(b)
        c = copy.deepcopy(b)
        self.assertIs(c[0], c[1])
        self.assertIs(c[0][0], c)

    def test_objects(self):
        class K: pass
        k = K()
        k.x = [1]
        c = copy.deepcopy(k)
        self.assertIsNot(c.x, k.x)
        self.assertEqual((c.x, type(c)), ([1], K))

    def test_hooks(self):
        class K:
            def __copy__(self): return "copy"
            def __deepcopy__(self, memo): return "deep"
        self.assertEqual((copy.copy(K()), copy.deepcopy([K()])), ("copy", ["deep"]))

    def test_replace(self):
        from collections import namedtuple
        self.assertEqual(copy.replace(namedtuple("P", "x")(1), x=2), (2,))


class Picklable:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x


class Pickling(unittest.TestCase):
    def test_round_trips(self):
        values = [None, True, 1, -2**70, 1.5, "é" * 300, b"b", [1, [2]], (1, 2, 3, 4), {"a": {1, 2}}, frozenset([1]),
                  len, int, range(3), 2j, bytearray(b"x"), Picklable([1])]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            self.assertEqual(pickle.loads(pickle.dumps(values, protocol)), values)

    def test_cycles_and_sharing(self):
        a = [1]
        b = pickle.loads(pickle.dumps([a, a]))
        self.assertIs(b[0], b[1])
        a.append(a)
        c = pickle.loads(pickle.dumps(a))
        self.assertIs(c[1], c)

    def test_reduce_and_state(self):
        class_name = Picklable(5)
        class_name.extra = "e"
        self.assertEqual(vars(pickle.loads(pickle.dumps(class_name))), {"x": 5, "extra": "e"})

    def test_cannot_pickle(self):
        with self.assertRaises((pickle.PicklingError, AttributeError, TypeError)):
            pickle.dumps(lambda: 0)


if __name__ == "__main__":
    unittest.main()
