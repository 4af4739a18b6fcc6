"""sys._current_frames and sys._current_exceptions show what other threads do, while they do it."""

import sys
import threading
import unittest


class Frames(unittest.TestCase):
    def test_of_running_threads(self):
        stop = False

        def deep(n):
            return deep(n - 1) if n else 1

        def inner():
            n = 0
            while not stop:
                n += deep(20)

        def work(started):
            try:
                raise KeyError
            except KeyError:
                started.set()
                inner()

        threads, started = [], []
        for _ in range(3):
            started.append(threading.Event())
            threads.append(threading.Thread(target=work, args=(started[-1],)))
            threads[-1].start()
        for event in started:
            event.wait()
        try:
            for _ in range(500):
                frames, exceptions = sys._current_frames(), sys._current_exceptions()
                for thread in threads:
                    frame, names = frames[thread.ident], []
                    while frame is not None and len(names) < 100:
                        names.append(frame.f_code.co_name)
                        list(frame.f_locals)
                        frame = frame.f_back
                    self.assertIn("work", names)
                    self.assertIsInstance(exceptions[thread.ident], (KeyError, type(None)))
                self.assertIs(frames[threading.get_ident()], sys._getframe())
        finally:
            stop = True
            for thread in threads:
                thread.join()

    def test_of_generators_that_others_run(self):
        """The frame of a generator, asked for here, runs in another thread."""
        stop = False

        def generate():
            n = 0
            while True:
                n += 1
                yield n

        generators = [generate() for _ in range(4)]
        frames = [generator.gi_frame for generator in generators]

        def work():
            while not stop:
                for generator in generators:
                    try:
                        next(generator)
                    except ValueError:  # it runs in the other thread
                        pass
        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(500):
                for frame in frames:
                    self.assertIsInstance(frame.f_locals.get("n", 0), int)
                    self.assertGreater(frame.f_lineno, 0)
                    back = frame.f_back
                    self.assertIn(back and back.f_code.co_name, (None, "work"))
        finally:
            stop = True
            for thread in threads:
                thread.join()


if __name__ == "__main__":
    unittest.main()
