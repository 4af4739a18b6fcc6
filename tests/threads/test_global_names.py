"""Globals and built-ins that change while other threads read them by name.

Race: names are assigned, deleted and added (the table of the namespace is replaced as it grows), built-ins are shadowed and come
back, one code gets functions of several namespaces, and namespaces die, while functions read the names.
Legal outcomes: a reader sees the old or the new value of a name; what a thread has seen changed, or was told of by the thread that
changed it, it never sees unchanged again; no thread sees a value of another namespace.
"""

import types
import unittest

from support import race, scaled

SOURCE = """
x = 0
def read(): return x
def measure(): return len
def both(): return x, len
"""


def namespace():
    space = {}
    exec(SOURCE, space)
    return space


class GlobalRaces(unittest.TestCase):
    def test_values_do_not_go_back(self):
        n = scaled(3000)
        space = namespace()

        def write():
            for i in range(1, n):
                space["x"] = i
                space[f"name_{i}"] = i  # the table grows
                assert space["read"]() == i

        def read():
            last = 0
            for _ in range(200):
                now = space["read"]()
                assert now >= last
                last = now
                now, length = space["both"]()
                assert now >= last and length is len
                last = now
        race(write, meanwhile=[read, read])
        self.assertEqual(space["read"](), n - 1)

    def test_told_by_another_thread(self):
        for _ in range(scaled(60)):
            space, told = namespace(), [0]

            def write():
                for i in range(1, 60):
                    space["x"] = i
                    if i % 7 == 0:
                        space.update({f"name_{i}_{k}": k for k in range(i)})
                    told[0] = i

            def read():
                for _ in range(50):
                    least = told[0]
                    assert space["read"]() >= least
            race(write, meanwhile=[read, read])

    def test_shadowed_builtin(self):
        # The numbers shadow len; a reader that was told of a number sees that one or a later one, never len itself.
        for _ in range(scaled(60)):
            space, told = namespace(), [0]

            def write():
                assert space["measure"]() is len
                for i in range(1, 40):
                    space["len"] = i
                    told[0] = i
                    assert space["measure"]() == i

            def read():
                for _ in range(50):
                    least = told[0]
                    now = space["measure"]()
                    assert (now is len and least == 0) or (now is not len and now >= least)
            race(write, meanwhile=[read, read])

    def test_deleted_and_back(self):
        space = namespace()

        def write():
            for i in range(scaled(2000)):
                space["len"] = i
                del space["len"]

        def read():
            for _ in range(200):
                now = space["measure"]()
                assert now is len or type(now) is int
        race(write, meanwhile=[read, read])
        self.assertIs(space["measure"](), len)

    def test_one_code_several_namespaces(self):
        for _ in range(scaled(20)):
            code = namespace()["read"].__code__

            def use(number):
                def run():
                    for i in range(60):
                        value = number * 1000 + i
                        function = types.FunctionType(code, {"x": value})
                        for _ in range(5):
                            assert function() == value
                return run
            race(use(1), use(2), use(3))


if __name__ == "__main__":
    unittest.main()
