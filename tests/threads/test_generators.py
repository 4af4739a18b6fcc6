"""One generator (or coroutine) used by several threads.

Race: next, send, throw and close on one generator.
Legal outcomes: a thread that finds the generator running gets ValueError "generator already executing"; whatever is
yielded reaches exactly one thread, in the generator's order; the body never runs in two threads at once; `finally`
blocks run once.
"""

import gc
import threading
import unittest

from support import numbered, race, repeat, scaled

N = scaled(3_000)


def take(generator, attempts):
    """What one thread gets; a busy generator is tried again."""
    mine = []
    for _ in range(attempts):
        try:
            mine.append(next(generator))
        except StopIteration:
            return mine
        except ValueError as error:
            assert "already executing" in str(error), error
    return mine


def early(module, function, text):
    def inner(cell):
        yield function
        yield cell, module
    yield from inner([text])
    try:
        raise KeyError(text)
    except KeyError as error:
        yield function, error.args
        yield module


def suspended_early():
    made = [early(threading, len, f"text {i}") for i in range(16)]
    for generator in made:
        assert next(generator) is len
    return made


# Suspended while one thread runs, with things that nobody counts in their registers, and shared afterwards.
EARLY = suspended_early()


class Generators(unittest.TestCase):
    def test_suspended_before_there_were_threads(self):
        def finish(k):
            for index in range(k, len(EARLY), 4):
                gc.collect()
                text = f"text {index}"
                cell, module = next(EARLY[index])
                assert (cell, module) == ([text], threading)
                gc.collect()
                assert list(EARLY[index]) == [(len, (text,)), threading]
        race(*numbered(finish, 4))

    def test_items_reach_one_thread_each(self):
        running = threading.Lock()

        def numbers():
            for i in range(N):
                assert running.acquire(blocking=False), "two threads in one generator"
                value = [i]
                running.release()
                yield value[0]
        generator = numbers()
        parts = race(*repeat(lambda: take(generator, N * 20)))
        got = [i for part in parts for i in part]
        rest = list(generator)
        self.assertEqual(sorted(got + rest), list(range(N)))
        for part in parts:
            self.assertEqual(part, sorted(part))

    def test_locals_survive_moving_between_threads(self):
        def body():
            table, total = {}, 0
            for i in range(N):
                table[i] = str(i)
                total += i
                yield len(table), total, table[i]
        generator, lock = body(), threading.Lock()

        def work():
            mine = []
            while True:
                with lock:
                    try:
                        mine.append(next(generator))
                    except StopIteration:
                        return mine
        got = sorted(item for part in race(*repeat(work)) for item in part)
        self.assertEqual(got, [(i + 1, i * (i + 1) // 2, str(i)) for i in range(N)])

    def test_generator_expression(self):
        generator = (i * i for i in range(N))
        got = [i for part in race(*repeat(lambda: take(generator, N * 20))) for i in part] + list(generator)
        self.assertEqual(sorted(got), [i * i for i in range(N)])

    def test_yield_from(self):
        def inner():
            yield from range(N)

        def outer():
            yield from inner()
        generator = outer()
        got = [i for part in race(*repeat(lambda: take(generator, N * 20))) for i in part] + list(generator)
        self.assertEqual(sorted(got), list(range(N)))

    def test_send(self):
        def adder():
            total = 0
            while True:
                total += (yield total)
        generator = adder()
        next(generator)
        busy = []

        def work():
            sent = 0
            for _ in range(N):
                try:
                    generator.send(1)
                    sent += 1
                except ValueError:
                    busy.append(1)
            return sent
        self.assertEqual(sum(race(*repeat(work))), generator.send(0))

    def test_close_races_with_next(self):
        closed = []

        def body():
            try:
                while True:
                    yield 1
            finally:
                closed.append(1)
        for _ in range(200):
            closed.clear()
            generator = body()
            next(generator)

            def close():
                for _ in range(1000):
                    try:
                        generator.close()
                        return
                    except ValueError:
                        pass

            def use():
                for _ in range(20):
                    try:
                        next(generator)
                    except (StopIteration, ValueError):
                        pass
            race(close, use)
            generator.close()
            self.assertEqual(closed, [1])

    def test_throw_races_with_next(self):
        handled = []

        def body():
            while True:
                try:
                    yield 1
                except KeyError as error:
                    handled.append(error.args[0])
        generator = body()
        next(generator)

        def throw(k):
            thrown = 0
            for i in range(N // 3):
                try:
                    generator.throw(KeyError((k, i)))
                    thrown += 1
                except ValueError:
                    pass
            return thrown
        sent = race(lambda: throw(0), lambda: throw(1), lambda: 0 * len(take(generator, N)))
        self.assertEqual(len(handled), sum(sent))
        self.assertEqual(len(set(handled)), sum(sent))

    def test_already_executing_from_inside(self):
        def body():
            try:
                next(generator)
            except ValueError as error:
                yield str(error)
        generator = body()
        self.assertEqual(next(generator), "generator already executing")

    def test_already_executing_from_another_thread(self):
        inside, leave = threading.Event(), threading.Event()

        def body():
            inside.set()
            assert leave.wait(30)
            yield "value"
        generator = body()

        def second():
            assert inside.wait(30)
            try:
                with self.assertRaisesRegex(ValueError, "generator already executing"):
                    next(generator)
                self.assertTrue(generator.gi_running)
            finally:
                leave.set()
        first, _ = race(lambda: next(generator), second)
        self.assertEqual(first, "value")
        self.assertFalse(generator.gi_running)

    def test_coroutine_driven_by_several_threads(self):
        class Pause:
            def __await__(self):
                yield

        async def body():
            for i in range(N):
                await Pause()
            return "end"
        coroutine = body()

        def drive():
            for _ in range(N * 20):
                try:
                    coroutine.send(None)
                except StopIteration as stop:
                    return stop.value
                except ValueError:
                    pass
                except RuntimeError as error:
                    assert "already awaited" in str(error) or "already executing" in str(error), error
                    return None
        results = race(*repeat(drive, 2))
        coroutine.close()
        self.assertLessEqual(results.count("end"), 1)

    def test_started_here_finished_there(self):
        def body(k):
            mine = [k]
            for i in range(3):
                mine.append(i)
                yield list(mine)
        generators = [body(k) for k in range(N)]
        first = [next(g) for g in generators]

        def finish(k):
            for index in range(k, N, 4):
                assert list(generators[index]) == [[index, 0, 1], [index, 0, 1, 2]]
        race(*numbered(finish, 4))
        self.assertEqual(first[5], [5, 0])


if __name__ == "__main__":
    unittest.main()
