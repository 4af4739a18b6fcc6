"""The same program with and without a GIL.

Race: none of its own; a deterministic program with threads is run in every mode the interpreter has.
Legal outcomes: the same output in each mode; sys._is_gil_enabled() tells which mode runs; with the GIL, plain
increments under a lock and container operations behave alike.
"""

import os
import subprocess
import sys
import sysconfig
import unittest

PROGRAM = """
import queue, threading
from concurrent.futures import ThreadPoolExecutor

def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

with ThreadPoolExecutor(4) as pool:
    print(sum(pool.map(collatz, range(1, 2000))))
total, lock = 0, threading.Lock()
def work():
    global total
    for _ in range(2000):
        with lock:
            total += 1
threads = [threading.Thread(target=work) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(total)
shared, table, items = [], {}, queue.Queue()
def fill(k):
    for i in range(500):
        shared.append((k, i))
        table[k, i] = k * i
        items.put(k * i)
threads = [threading.Thread(target=fill, args=(k,)) for k in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(shared), len(set(shared)), sum(table.values()), sum(items.get() for _ in range(items.qsize())))
def gen():
    yield from range(10)
class Loud:
    def __del__(self):
        print("del")
def scope():
    x = Loud()
scope()
print(list(gen()), sorted({c for c in "hello"}))
"""

# An interpreter that cannot run without a GIL refuses -X gil=0.
CAN_SWITCH = sys.implementation.name != "cpython" or bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def run(source, *options, **environment):
    done = subprocess.run([sys.executable, *options, "-c", source], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **environment})
    return done.returncode, done.stdout, done.stderr


class Modes(unittest.TestCase):
    def test_same_output_with_the_gil(self):
        plain = run(PROGRAM)
        self.assertEqual(plain[0], 0, plain)
        self.assertEqual(run(PROGRAM, "-X", "gil=1"), plain)
        self.assertEqual(run(PROGRAM, PYTHON_GIL="1"), plain)

    @unittest.skipUnless(CAN_SWITCH, "this interpreter is built with a GIL that cannot be turned off")
    def test_same_output_without_the_gil(self):
        self.assertEqual(run(PROGRAM, "-X", "gil=0"), run(PROGRAM, "-X", "gil=1"))
        self.assertEqual(run(PROGRAM, PYTHON_GIL="0"), run(PROGRAM))

    @unittest.skipUnless(CAN_SWITCH, "this interpreter is built with a GIL that cannot be turned off")
    def test_getter_is_woken_with_the_gil(self):
        # A getter that sleeps is woken by the item, not by a time limit.
        result = run("""if True:
            import queue, threading
            there, back = queue.SimpleQueue(), queue.SimpleQueue()
            def work():
                while (item := there.get()) is not None: back.put(item)
            threading.Thread(target=work, daemon=True).start()
            for i in range(50):
                there.put(i)
                assert back.get(timeout=30) == i
            print("done")""", "-X", "gil=1")
        self.assertIn("done", str(result))

    @unittest.skipUnless(CAN_SWITCH, "this interpreter is built with a GIL that cannot be turned off")
    def test_mode_can_be_asked(self):
        ask = "import sys; print(sys._is_gil_enabled(), sys.flags.gil)"
        self.assertEqual(run(ask, "-X", "gil=1"), (0, "True 1\n", ""))
        self.assertEqual(run(ask, "-X", "gil=0"), (0, "False 0\n", ""))
        self.assertEqual(run("import sys; print(sys._is_gil_enabled())"), (0, "False\n", ""))
        # The command line wins over the environment.
        self.assertEqual(run(ask, "-X", "gil=0", PYTHON_GIL="1"), (0, "False 0\n", ""))

    def test_wrong_value_is_refused(self):
        code, out, err = run("print(1)", "-X", "gil=maybe")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("gil", err.lower())

    @unittest.skipUnless(CAN_SWITCH, "this interpreter is built with a GIL that cannot be turned off")
    def test_gil_serialises(self):
        """With the GIL, two busy threads use about one core together."""
        source = """
import threading, time
def work():
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end:
        sum(range(1000))
threads = [threading.Thread(target=work) for _ in range(2)]
wall, cpu = time.perf_counter(), time.process_time()
for t in threads: t.start()
for t in threads: t.join()
print((time.process_time() - cpu) / (time.perf_counter() - wall))
"""
        self.assertLess(float(run(source, "-X", "gil=1")[1]), 1.3)


if __name__ == "__main__":
    unittest.main()
