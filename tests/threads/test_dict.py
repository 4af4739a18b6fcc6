"""One dict used by several threads.

Race: set, delete, get, pop, popitem, setdefault, update, copy, clear, resize and iteration on one dict.
Legal outcomes: each single operation is atomic: a key set by one thread is there afterwards, pop hands a value to
one thread only, setdefault gives every thread the same object. Iterating while another thread changes the size raises
RuntimeError or yields keys that were in the dict at some time.
"""

import unittest

from support import THREADS, numbered, race, repeat, scaled

N = scaled(5_000)


class Key:
    """Hashes and compares in Python, with many collisions."""

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return self.n % 8

    def __eq__(self, other):
        return isinstance(other, Key) and self.n == other.n


class DictRaces(unittest.TestCase):
    def test_distinct_keys_all_arrive(self):
        shared = {}

        def work(k):
            for i in range(N):
                shared[k, i] = i
                assert shared[k, i] == i
        race(*numbered(work))
        self.assertEqual(len(shared), N * THREADS)
        self.assertEqual(set(shared), {(k, i) for k in range(THREADS) for i in range(N)})
        for k in range(THREADS):  # insertion order per thread
            self.assertEqual([i for owner, i in shared if owner == k], list(range(N)))

    def test_same_keys(self):
        shared = {}

        def work(k):
            for i in range(N):
                shared[f"key{i % 500}"] = (k, i)
        race(*numbered(work))
        self.assertEqual(set(shared), {f"key{i}" for i in range(min(500, N))})
        for key, (k, i) in shared.items():
            self.assertEqual(key, f"key{i % 500}")

    def test_pop_hands_out_once(self):
        shared = {i: str(i) for i in range(N * 2)}

        def work():
            mine = []
            for i in range(N * 2):
                value = shared.pop(i, None)
                if value is not None:
                    mine.append((i, value))
            return mine
        taken = [pair for part in race(*repeat(work)) for pair in part]
        self.assertEqual(sorted(taken), [(i, str(i)) for i in range(N * 2)])
        self.assertEqual(shared, {})

    def test_popitem_hands_out_once(self):
        shared = {i: i * i for i in range(N * 2)}

        def work():
            mine = []
            while True:
                try:
                    mine.append(shared.popitem())
                except KeyError:
                    return mine
        taken = [pair for part in race(*repeat(work)) for pair in part]
        self.assertEqual(sorted(taken), [(i, i * i) for i in range(N * 2)])

    def test_delete_succeeds_once(self):
        shared = dict.fromkeys(range(N))

        def work():
            deleted = 0
            for i in range(N):
                try:
                    del shared[i]
                    deleted += 1
                except KeyError:
                    pass
            return deleted
        self.assertEqual(sum(race(*repeat(work))), N)

    def test_setdefault_agrees(self):
        shared = {}

        def work():
            return [shared.setdefault(i, object()) for i in range(N)]
        first, *others = race(*repeat(work))
        for other in others:
            self.assertTrue(all(a is b for a, b in zip(first, other)))

    def test_setdefault_agrees_for_python_keys(self):
        shared = {}

        def work():
            return [shared.setdefault(Key(i), [i]) for i in range(100)]
        parts = race(*repeat(work))
        self.assertEqual(len(shared), 100)
        for part in parts:
            self.assertEqual([value[0] for value in part], list(range(100)))

    def test_readers_see_only_what_was_stored(self):
        shared = {}

        def write(k):
            for i in range(N):
                shared[i % 97] = (i % 97, k)
                if i % 3 == 0:
                    shared.pop((i * 31) % 97, None)
        def read():
            for i in range(97):
                value = shared.get(i)
                assert value is None or value[0] == i
                if i in shared:
                    try:
                        assert shared[i][0] == i
                    except KeyError:
                        pass
        race(*numbered(write, 2), meanwhile=[read, read])

    def test_iteration_while_resizing(self):
        shared = {}

        def grow(k):
            for _ in range(5):
                for i in range(N // 5):
                    shared[k * N + i] = i
                for i in range(N // 5):
                    del shared[k * N + i]
        def iterate():
            for look in (lambda: list(shared), lambda: [key for key in shared], lambda: [v for v in shared.values()],
                         lambda: [v - k % N for k, v in shared.items()], lambda: sorted(shared.keys()),
                         lambda: list(reversed(shared))):
                try:
                    for item in look():
                        assert type(item) is int and item >= 0
                except RuntimeError as error:
                    assert "during iteration" in str(error), error
        race(*numbered(grow, 2), meanwhile=[iterate])
        self.assertEqual(shared, {})

    def test_items_stay_paired(self):
        shared = {i: -i for i in range(50)}

        def write():
            for i in range(N):
                key = i % 100
                shared[key] = -key
                shared.pop((i * 7) % 100, None)
        def read():
            try:
                for key, value in shared.items():
                    assert key == -value
            except RuntimeError:
                pass
            for key, value in shared.copy().items():
                assert key == -value
            for key, value in list(shared.items()):
                assert key == -value
            for key, value in dict(shared).items():
                assert key == -value
            for key, value in (shared | {0: 0}).items():
                assert key == -value
        race(write, write, meanwhile=[read])

    def test_update_and_clear(self):
        shared = {}
        source = {i: str(i) for i in range(200)}

        def work(k):
            for _ in range(N // 50):
                shared.update(source)
                if k % 2:
                    shared.clear()
        def read():
            for key, value in shared.copy().items():
                assert value == str(key)
            assert len(shared) <= 200
        race(*numbered(work), meanwhile=[read])
        self.assertTrue(shared.items() <= source.items())

    def test_update_two_dicts_from_each_other(self):
        left, right = {1: 1}, {2: 2}

        def work(k):
            a, b = (left, right) if k % 2 else (right, left)
            for _ in range(N // 5):
                try:
                    a.update(b)
                    a |= b
                    a == b
                except RuntimeError as error:
                    assert "changed size" in str(error) or "mutated during" in str(error), error
        race(*numbered(work))
        self.assertEqual(left, {1: 1, 2: 2})
        self.assertEqual(right, {1: 1, 2: 2})

    def test_python_keys(self):
        shared = {}

        def work(k):
            for i in range(N // 20):
                shared[Key(i % 40)] = i % 40
                value = shared.get(Key((i * 3) % 40))
                assert value is None or value == (i * 3) % 40
                if k % 2:
                    shared.pop(Key(i % 40), None)
        race(*numbered(work))
        for key, value in shared.items():
            self.assertEqual(key.n, value)

    def test_key_kinds_change(self):
        shared = {}

        def work(k):
            for i in range(N // 5):
                key = (i, str(i), (i, k), float(i) + 0.5)[(i + k) % 4]
                shared[key] = key
                assert shared.get(key, key) == key
                if i % 100 == 99:
                    shared.clear()
        race(*numbered(work))
        for key, value in shared.items():
            self.assertEqual(key, value)

    def test_globals(self):
        def work(k):
            for i in range(N // 5):
                globals()[f"made_{k}_{i % 50}"] = i
                assert globals()[f"made_{k}_{i % 50}"] == i
                del globals()[f"made_{k}_{i % 50}"]
        race(*numbered(work))
        self.assertFalse([name for name in globals() if name.startswith("made_")])

    def test_nested_containers(self):
        shared = {k: [] for k in range(8)}

        def work(k):
            for i in range(N):
                shared[i % 8].append((k, i))
        race(*numbered(work))
        self.assertEqual(sum(map(len, shared.values())), N * THREADS)


if __name__ == "__main__":
    unittest.main()
