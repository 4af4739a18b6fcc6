"""Event loops that several threads use at once.

Race: call_soon (which is not meant for other threads) and call_soon_threadsafe against the thread that runs the loop, cancelling handles,
switching the debug mode, replacing methods of the loop's class.
Legal outcomes: what was scheduled with call_soon_threadsafe is called once and in the order of its thread, unless it was cancelled before;
what was scheduled with call_soon too, at the latest when something wakes the loop.
"""

import asyncio
import unittest

from support import numbered, race, scaled

N = scaled(2_000)


class Loops(unittest.TestCase):
    def scheduled_from_outside(self, schedule, meanwhile=()):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        seen = []

        def run():
            loop.run_until_complete(everything(loop))

        async def everything(loop):
            while len(seen) < 3 * N:
                await asyncio.sleep(0.001)

        def work(k):
            for i in range(N):
                schedule(loop)(seen.append, (k, i))
        race(run, *numbered(work, 3), meanwhile=[lambda: change(loop) for change in meanwhile])
        self.assertEqual(len(seen), 3 * N)
        for k in range(3):
            self.assertEqual([i for thread, i in seen if thread == k], list(range(N)))

    def test_call_soon_threadsafe(self):
        self.scheduled_from_outside(lambda loop: loop.call_soon_threadsafe)

    def test_call_soon(self):
        self.scheduled_from_outside(lambda loop: loop.call_soon)

    def test_while_methods_are_replaced(self):
        original = asyncio.BaseEventLoop._check_closed

        def replace(loop):
            asyncio.BaseEventLoop._check_closed = lambda self: original(self)
            asyncio.BaseEventLoop._check_closed = original
        try:
            self.scheduled_from_outside(lambda loop: loop.call_soon, [replace])
        finally:
            asyncio.BaseEventLoop._check_closed = original

    def test_while_attributes_come_and_go(self):
        def change(loop):
            loop.another = 1
            del loop.another
        self.scheduled_from_outside(lambda loop: loop.call_soon, [change])

    def test_handles_cancelled_from_outside(self):
        loop = asyncio.new_event_loop()
        self.addCleanup(loop.close)
        called, cancelled = set(), set()

        def work():
            for i in range(N):
                handle = loop.call_soon_threadsafe(called.add, i)
                if i % 3 == 0:
                    handle.cancel()
                    cancelled.add(i)
            loop.call_soon_threadsafe(loop.stop)
        race(loop.run_forever, work)
        self.assertEqual(called | cancelled, set(range(N)))
        self.assertTrue(all(i in called for i in range(N) if i % 3))


if __name__ == "__main__":
    unittest.main()
