"""asyncio's native parts: futures, tasks, and what other threads see of them. (The bulk is in CPython's test_asyncio.)"""

import asyncio
import gc
import os
import threading
import unittest
import weakref


async def wait_forever():
    await asyncio.get_running_loop().create_future()


class TaskLists(unittest.TestCase):
    def test_other_thread_sees_the_tasks_of_a_running_loop(self):
        ready, stop = threading.Event(), None
        loop = None

        async def main():
            nonlocal loop, stop
            loop = asyncio.get_running_loop()
            stop = loop.create_future()
            tasks = [asyncio.create_task(wait_forever(), name=f"waiter {i}") for i in range(5)]
            await asyncio.sleep(0)
            ready.set()
            await stop
            for task in tasks:
                task.cancel()

        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        ready.wait()
        names = {task.get_name() for task in asyncio.all_tasks(loop)}
        self.assertEqual({name for name in names if name.startswith("waiter")}, {f"waiter {i}" for i in range(5)})
        self.assertEqual(len(names), 6)
        self.assertIn(asyncio.current_task(loop), {None} | asyncio.all_tasks(loop))
        loop.call_soon_threadsafe(stop.set_result, None)
        thread.join()
        self.assertEqual(asyncio.all_tasks(loop), set())
        self.assertIsNone(asyncio.current_task(loop))

    def test_loops_in_several_threads_list_their_own_tasks(self):
        counts = []

        async def main(n):
            tasks = [asyncio.create_task(wait_forever()) for _ in range(n)]
            for _ in range(20):
                await asyncio.sleep(0)
                counts.append((n, len(asyncio.all_tasks())))
            for task in tasks:
                task.cancel()

        threads = [threading.Thread(target=lambda n=n: asyncio.run(main(n))) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(counts), 80)
        for n, seen in counts:
            self.assertEqual(seen, n + 1)

    def test_a_task_dies_while_listed(self):
        async def main():
            task = asyncio.create_task(wait_forever())
            await asyncio.sleep(0)
            task._log_destroy_pending = False
            alive = weakref.ref(task)
            del task
            gc.collect()
            return alive(), len(asyncio.all_tasks())

        dead, count = asyncio.run(main())
        self.assertIsNone(dead)
        self.assertEqual(count, 1)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_child_of_a_fork_runs_no_task(self):
        async def main():
            loop = asyncio.get_running_loop()
            pid = os.fork()
            if pid == 0:
                status = 1
                try:
                    if asyncio._get_running_loop() is None:
                        asyncio._set_running_loop(loop)
                        status = 0 if asyncio.current_task() is None else 2
                finally:
                    os._exit(status)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        self.assertEqual(asyncio.run(main()), 0)


class Futures(unittest.TestCase):
    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)

    def test_many_callbacks_in_order(self):
        future, seen = self.loop.create_future(), []
        callbacks = [lambda f, i=i: seen.append(i) for i in range(100)]
        for callback in callbacks:
            future.add_done_callback(callback)
        self.assertEqual([c for c, _ in future._callbacks], callbacks)
        self.assertEqual(future.remove_done_callback(callbacks[0]), 1)
        self.assertEqual(future.remove_done_callback(callbacks[50]), 1)
        self.assertEqual(future.remove_done_callback(callbacks[50]), 0)
        future.set_result(None)
        self.loop.run_until_complete(asyncio.sleep(0))
        self.assertEqual(seen, [i for i in range(100) if i not in (0, 50)])

    def test_completed_once_by_racing_threads(self):
        for _ in range(50):
            future, won = self.loop.create_future(), []
            barrier = threading.Barrier(4)

            def complete(i):
                barrier.wait()
                try:
                    future.set_result(i)
                except asyncio.InvalidStateError:
                    return
                won.append(i)

            threads = [threading.Thread(target=complete, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(won, [future.result()])

    def test_callback_is_never_lost(self):
        for _ in range(200):
            future = self.loop.create_future()
            called = []
            thread = threading.Thread(target=future.set_result, args=(1,))
            thread.start()
            for i in range(3):
                future.add_done_callback(lambda f, i=i: called.append(i))
            thread.join()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.assertEqual(sorted(called), [0, 1, 2])

    def test_owner_in_the_same_cycle_is_finalised_first(self):
        """It may have looked at the exception by then, so nothing is reported (asyncio's streams rely on that)."""
        class Owner:
            def __init__(self, loop):
                self.future = loop.create_future()

            def __del__(self):
                self.future.exception()

        reports = []
        self.loop.set_exception_handler(lambda loop, context: reports.append(context["message"]))
        for _ in range(50):
            owner = Owner(self.loop)
            error = ValueError()
            error.owner = owner
            owner.future.set_exception(error)
            del owner, error
            gc.collect()
        self.assertEqual(reports, [])

    def test_uninitialised(self):
        future = asyncio.Future.__new__(asyncio.Future)
        for name in "cancel", "get_loop", "__await__", "__repr__":
            with self.assertRaisesRegex(RuntimeError, "Future object is not initialized"):
                getattr(future, name)()
        with self.assertRaises(asyncio.InvalidStateError):
            future.result()
        self.assertIs(future.done(), False)


class Generators(unittest.TestCase):
    def test_end_without_value(self):
        def plain():
            yield
        g = plain()
        g.send(None)
        with self.assertRaises(StopIteration) as caught:
            g.send(None)
        self.assertEqual(caught.exception.args, ())

    def test_context_of_what_is_thrown(self):
        """throw() sets the context from what its caller handles, not from what the caller's caller does."""
        def reraise():
            try:
                yield
            except Exception as e:
                return e.__context__

        def caller(error):
            g = reraise()
            next(g)
            try:
                g.throw(error)
            except StopIteration as stop:
                yield stop.value

        error = ValueError()
        error.__context__ = before = KeyError()
        try:
            raise OSError
        except OSError:
            self.assertIs(next(caller(error)), before)

    def test_athrow_makes_its_exception_when_awaited(self):
        async def agen():
            yield
        thrower = agen().athrow(3)
        with self.assertRaisesRegex(TypeError, "exceptions must be classes or instances deriving from BaseException"):
            thrower.send(None)


if __name__ == "__main__":
    unittest.main()
