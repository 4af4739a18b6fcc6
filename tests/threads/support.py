"""What the thread tests share.

A thread test races operations and then checks an outcome that every legal interleaving has. Whatever a thread raises,
a failed assertion included, fails the test; a thread that does not end in time fails it too. Loops are bounded:
TYPHON_STRESS=10 in the environment makes them ten times as long.
"""

import os
import sys
import threading
import time
import traceback

SCALE = float(os.environ.get("TYPHON_STRESS", "1"))
THREADS = int(os.environ.get("TYPHON_STRESS_THREADS", "4"))

# On an interpreter with a GIL, let threads alternate often.
if hasattr(sys, "setswitchinterval"):
    sys.setswitchinterval(1e-4)


def scaled(count):
    return max(1, int(count * SCALE))


def parallel():
    """Whether Python threads run at the same time here."""
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


def race(*functions, meanwhile=(), timeout=60):
    """Calls every function in a thread of its own, all starting at once, and returns their results in order.

    Each function of `meanwhile` is called again and again in its own thread until the others have returned.
    Raises what a thread raised: the exception itself if it is one, an ExceptionGroup if there are several.
    """
    start = threading.Barrier(len(functions) + len(meanwhile))
    done = threading.Event()
    results = [None] * len(functions)
    errors = []

    def once(index, function):
        try:
            start.wait(timeout)
            results[index] = function()
        except BaseException as error:
            errors.append(error)

    def repeatedly(function):
        try:
            start.wait(timeout)
            while not done.is_set():
                function()
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=once, args=pair, daemon=True) for pair in enumerate(functions)]
    helpers = [threading.Thread(target=repeatedly, args=(function,), daemon=True) for function in meanwhile]
    for thread in workers + helpers:
        thread.start()
    deadline = time.monotonic() + timeout
    try:
        for thread in workers:
            join_until(thread, deadline)
    finally:
        done.set()
    for thread in helpers:
        join_until(thread, deadline)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise BaseExceptionGroup("several threads failed", errors)
    return results


def join_until(thread, deadline):
    thread.join(max(0.0, deadline - time.monotonic()))
    if thread.is_alive():
        frame = getattr(sys, "_current_frames", dict)().get(thread.ident)
        where = "".join(traceback.format_stack(frame)) if frame else "(no stack)"
        raise AssertionError(f"{thread.name} does not end:\n{where}")


def repeat(function, threads=None):
    """As many copies of `function` as there are threads, for race(*repeat(f))."""
    return [function] * (THREADS if threads is None else threads)


def numbered(function, threads=None):
    """Copies of `function` called with 0, 1, 2... for race(*numbered(f))."""
    def bind(number):
        return lambda: function(number)
    return [bind(number) for number in range(THREADS if threads is None else threads)]
