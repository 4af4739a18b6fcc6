"""asyncio's native parts: futures, tasks, and what other threads see of them. (The bulk is in CPython's test_asyncio.)"""

import asyncio
import contextvars
import gc
import os
import socket
import threading
import time
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


class Loops(unittest.TestCase):
    """What programs replace or look at in a loop works, although the usual case is native."""

    def setUp(self):
        self.loop = asyncio.new_event_loop()
        self.addCleanup(self.loop.close)

    def run_briefly(self, loop=None):
        loop = loop or self.loop
        loop.run_until_complete(asyncio.sleep(0))

    def test_methods_of_a_subclass_are_called(self):
        seen = []

        class Loop(asyncio.SelectorEventLoop):
            def call_soon(self, callback, *args, context=None):
                seen.append("call_soon")
                return super().call_soon(callback, *args, context=context)

            def _call_soon(self, callback, args, context):
                seen.append("_call_soon")
                return super()._call_soon(callback, args, context)

            def _check_closed(self):
                seen.append("_check_closed")
                return super()._check_closed()

            def get_debug(self):
                seen.append("get_debug")
                return super().get_debug()

            def _process_events(self, events):
                seen.append("_process_events")
                super()._process_events(events)

            def time(self):
                seen.append("time")
                return super().time()

        loop = Loop()
        self.addCleanup(loop.close)
        del seen[:]
        loop.run_until_complete(asyncio.sleep(0.001))
        self.assertEqual(set(seen), {"call_soon", "_call_soon", "_check_closed", "get_debug", "_process_events", "time"})

    def test_methods_of_an_instance_are_called(self):
        self.run_briefly()
        original, seen = self.loop.call_soon, []

        def call_soon(callback, *args, **kwargs):
            seen.append(args)
            return original(callback, *args, **kwargs)
        self.loop.call_soon = call_soon
        self.run_briefly()
        self.assertIn((), seen)  # a task's step
        del self.loop.call_soon
        count = len(seen)
        self.run_briefly()
        self.assertEqual(len(seen), count)

    def test_methods_put_into_the_class_later_are_called(self):
        self.run_briefly()
        original, seen = asyncio.BaseEventLoop._check_closed, []

        def check(loop):
            seen.append(loop)
            original(loop)
        asyncio.BaseEventLoop._check_closed = check
        try:
            self.loop.call_soon(seen.append, 1)
        finally:
            asyncio.BaseEventLoop._check_closed = original
        self.assertEqual(seen, [self.loop])
        self.run_briefly()
        self.assertEqual(seen, [self.loop, 1])

    def test_other_class_of_handles(self):
        class Handle(asyncio.Handle):
            def _run(self):
                ran.append(self)
                super()._run()

        ran, called = [], []
        original, asyncio.events.Handle = asyncio.events.Handle, Handle
        try:
            handle = self.loop.call_soon(called.append, 1)
        finally:
            asyncio.events.Handle = original
        self.assertIs(type(handle), Handle)
        self.run_briefly()
        self.assertEqual((ran, called), ([handle], [1]))
        self.assertIs(type(self.loop.call_soon(called.append, 2)), asyncio.Handle)

    def test_run_put_into_the_class_of_handles(self):
        original, ran = asyncio.Handle._run, []

        def run(handle):
            ran.append(handle)
            original(handle)
        self.run_briefly()
        asyncio.Handle._run = run
        try:
            handle = self.loop.call_soon(ran.append, 1)
            self.run_briefly()
        finally:
            asyncio.Handle._run = original
        self.assertIn(handle, ran)
        self.assertIn(1, ran)

    def test_handle(self):
        variable = contextvars.ContextVar("variable")
        context = contextvars.copy_context()
        context.run(variable.set, "other")
        seen = []
        variable.set("own")
        first = self.loop.call_soon(lambda *args: seen.append((variable.get(), args)), 1, 2)
        self.loop.call_soon(lambda: seen.append(variable.get()), context=context)
        variable.set("later")
        cancelled = self.loop.call_soon(seen.append, "never")
        cancelled.cancel()
        self.assertFalse(first.cancelled())
        self.assertTrue(cancelled.cancelled())
        self.assertRegex(repr(first), r"^<Handle Loops\.test_handle\.<locals>\.<lambda>\(\) at ")
        self.assertEqual(repr(cancelled), "<Handle cancelled>")
        self.run_briefly()
        self.assertEqual(seen, [("own", (1, 2)), "other"])
        with self.assertRaises(TypeError):
            self.loop.call_soon()
        with self.assertRaises(TypeError):
            self.loop.call_soon(print, other=1)

    def test_exception_in_a_callback(self):
        reports = []
        self.loop.set_exception_handler(lambda loop, context: reports.append(context))
        handle = self.loop.call_soon(int, "x")
        self.run_briefly()
        self.assertEqual(set(reports[0]), {"message", "exception", "handle"})
        self.assertRegex(reports[0]["message"], r"^Exception in callback int\(\)$")
        self.assertIsInstance(reports[0]["exception"], ValueError)
        self.assertIs(reports[0]["handle"], handle)

    def test_keyboard_interrupt_in_a_callback_ends_the_loop(self):
        def interrupt():
            raise KeyboardInterrupt

        after = []
        self.loop.call_soon(interrupt)
        self.loop.call_soon(after.append, 1)
        with self.assertRaises(KeyboardInterrupt):
            self.loop.run_forever()
        self.assertEqual(after, [])
        self.run_briefly()
        self.assertEqual(after, [1])

    def test_callbacks_scheduled_by_callbacks_wait_for_the_next_turn(self):
        seen = []
        self.loop.call_soon(lambda: (seen.append(1), self.loop.call_soon(seen.append, 3)))
        self.loop.call_soon(seen.append, 2)
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(seen, [1, 2])
        self.loop.call_soon(self.loop.stop)
        self.loop.run_forever()
        self.assertEqual(seen, [1, 2, 3])

    def test_timers(self):
        seen = []
        now = self.loop.time()
        handles = [self.loop.call_at(now + 0.03 - i * 0.0001, seen.append, i) for i in range(250)]
        for i, handle in enumerate(handles):
            if i % 5:
                handle.cancel()
        self.assertEqual(self.loop._timer_cancelled_count, 200)
        self.loop.run_until_complete(asyncio.sleep(0.035))
        self.assertEqual(seen, list(range(0, 250, 5))[::-1])
        self.assertEqual((self.loop._timer_cancelled_count, self.loop._scheduled), (0, []))
        self.assertFalse(any(handle._scheduled for handle in handles))

    def test_debug_mode(self):
        self.loop.set_debug(True)
        handle = self.loop.call_soon(len, ())
        self.assertEqual(handle._source_traceback[-1].name, "test_debug_mode")
        self.loop.slow_callback_duration = 0.001
        self.loop.call_soon(time.sleep, 0.002)
        with self.assertLogs("asyncio", "WARNING") as logs:
            self.run_briefly()
        self.assertRegex(logs.output[0], r"Executing <Handle .*sleep.* took 0\.\d+ seconds")
        with self.assertRaisesRegex(TypeError, r"^a callable object was expected by call_soon\(\), got 1$"):
            self.loop.call_soon(1)

    def test_closed(self):
        self.loop.close()
        with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
            self.loop.call_soon(len, ())

    def test_readers_and_writers(self):
        one, other = socket.socketpair()
        self.addCleanup(one.close)
        self.addCleanup(other.close)
        seen = []

        def read():
            seen.append(one.recv(10))
            self.loop.remove_reader(one)
            self.loop.stop()

        def write():
            other.send(b"x")
            self.loop.remove_writer(other)
        self.loop.add_reader(one, read)
        self.loop.add_writer(other, write)
        self.loop.run_forever()
        self.assertEqual(seen, [b"x"])
        self.assertIsNone(self.loop._selector.get_map().get(one))


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
