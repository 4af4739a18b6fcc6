"""What the soak test runs: run.py says what is checked."""

import asyncio
import concurrent.futures
import faulthandler
import json
import multiprocessing
import os
import queue
import random
import re
import subprocess
import sys
import threading
import time
import weakref

STALL = 60  # seconds without progress


class Part:
    """A thread that does rounds of something until time is up."""

    all = []

    def __init__(self, function, seed):
        self.function = function
        self.random = random.Random(f"{function.__name__} {seed}")
        self.rounds = 0
        self.seen = time.monotonic()
        self.error = None
        self.thread = threading.Thread(target=self.run, name=function.__name__)
        Part.all.append(self)

    def run(self):
        try:
            while time.monotonic() < deadline:
                self.function(self.random)
                self.rounds += 1
                self.seen = time.monotonic()
        except BaseException as error:
            self.error = error
            raise


def cpu(n):
    return sum(i * i for i in range(n))


def slow(seconds, value):
    time.sleep(seconds)
    return value


def fails(value):
    raise ValueError(value)


# --- threads

def thread_pool(rng):
    with concurrent.futures.ThreadPoolExecutor(rng.randint(1, 6)) as pool:
        expected = {}
        for i in range(rng.randint(10, 200)):
            kind = rng.random()
            if kind < 0.6:
                expected[pool.submit(cpu, i)] = cpu(i)
            elif kind < 0.8:
                expected[pool.submit(slow, rng.random() * 0.002, i)] = i
            else:
                expected[pool.submit(fails, i)] = ValueError
        cancelled = {future for future in expected if rng.random() < 0.2 and future.cancel()}
        for future in concurrent.futures.as_completed(expected, timeout=STALL):
            wanted = expected[future]
            if future in cancelled:
                assert future.cancelled()
            elif wanted is ValueError:
                assert isinstance(future.exception(), ValueError)
            else:
                assert future.result() == wanted
        if rng.random() < 0.3:
            pool.shutdown(wait=False, cancel_futures=True)


def producers(rng):
    pipe = rng.choice((queue.Queue, queue.SimpleQueue, queue.LifoQueue))()
    total = rng.randint(10, 500)
    got = []
    lock = threading.Lock()

    def take():
        while (item := pipe.get(timeout=STALL)) is not None:
            with lock:
                got.append(item)

    takers = [threading.Thread(target=take) for _ in range(rng.randint(1, 4))]
    for taker in takers:
        taker.start()
    putters = [threading.Thread(target=lambda k=k: [pipe.put((k, i)) for i in range(total)]) for k in range(rng.randint(1, 3))]
    for putter in putters:
        putter.start()
    for putter in putters:
        putter.join()
    while not pipe.empty():  # a stack would hand out the ends first
        time.sleep(0.0005)
    for _ in takers:
        pipe.put(None)
    for taker in takers:
        taker.join(STALL)
    assert sorted(got) == [(k, i) for k in range(len(putters)) for i in range(total)], (len(got), total)


class Node:
    def __init__(self, others):
        self.others = others
        others.append(self)


shared = {"nodes": [], "text": {}}
dead = 0


def graphs(rng):
    def gone(_):
        global dead
        dead += 1

    nodes = []
    for i in range(rng.randint(1, 300)):
        Node(nodes).value = {"i": i, "list": [i] * 5}
    watch = [weakref.ref(node, gone) for node in nodes[:20]]
    shared["nodes"] = nodes[-10:]
    shared["text"][rng.randint(0, 100)] = json.dumps([node.value for node in nodes[:50]])
    for text in list(shared["text"].values()):
        assert isinstance(json.loads(text), list) and re.search(r'"list": \[(\d+), \1', text)
    assert all(ref() is not None for ref in watch)
    del nodes


# --- loops

def loop(rng):
    async def worker(source, sums):
        while True:
            item = await source.get()
            try:
                if item % 7 == 0:
                    await asyncio.sleep(0.0005)
                elif item % 11 == 0:
                    await asyncio.to_thread(cpu, item)
                sums[0] += item
            finally:
                source.task_done()

    async def echo(reader, writer):
        try:
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        except ConnectionError:
            pass  # the other side was cancelled
        finally:
            writer.close()

    async def talk(address, n):
        reader, writer = await asyncio.open_connection(*address)
        try:
            for i in range(n):
                writer.write(b"%d\n" % i)
                assert await reader.readline() == b"%d\n" % i
        finally:
            writer.close()
            await writer.wait_closed()

    async def main():
        source, sums = asyncio.Queue(20), [0]
        workers = [asyncio.create_task(worker(source, sums)) for _ in range(rng.randint(1, 10))]
        count = rng.randint(1, 300)
        for i in range(count):
            await source.put(i)
        await source.join()
        assert sums[0] == count * (count - 1) // 2
        for task in workers:
            task.cancel()
        assert all(isinstance(r, asyncio.CancelledError) for r in await asyncio.gather(*workers, return_exceptions=True))
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            talks = [asyncio.create_task(talk(server.sockets[0].getsockname(), rng.randint(1, 30))) for _ in range(10)]
            for task in talks[:3]:
                await asyncio.sleep(rng.random() * 0.003)
                task.cancel()
            for result in await asyncio.gather(*talks, return_exceptions=True):
                assert result is None or isinstance(result, asyncio.CancelledError), result
        try:
            async with asyncio.timeout(rng.random() * 0.01):
                async with asyncio.TaskGroup() as group:
                    for i in range(20):
                        group.create_task(asyncio.sleep(rng.random() * 0.02))
        except TimeoutError:
            pass

    asyncio.run(main())


# --- processes

context = multiprocessing.get_context("forkserver")


def process_pool(rng):
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = {pool.submit(cpu, i): i for i in range(rng.randint(1, 100))}
        cancelled = {future for future in futures if rng.random() < 0.1 and future.cancel()}
        for future, i in futures.items():
            if future not in cancelled:
                assert future.result(STALL) == cpu(i)
        if rng.random() < 0.2:
            doomed = pool.submit(os._exit, 1)
            assert isinstance(doomed.exception(STALL), concurrent.futures.process.BrokenProcessPool)


def pool(rng):
    with context.Pool(2) as workers:
        n = rng.randint(1, 300)
        assert workers.map(cpu, range(n), chunksize=rng.randint(1, 20)) == [cpu(i) for i in range(n)]
        for i, value in enumerate(workers.imap(cpu, range(50))):
            assert value == cpu(i)
            if rng.random() < 0.02:
                break
        blobs = [bytes([k]) * rng.randint(1, 300_000) for k in range(4)]
        assert workers.map(len, blobs) == [len(blob) for blob in blobs]


def children(rng):
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdout.write(sys.stdin.read()[::-1])"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if rng.random() < 0.3:
        time.sleep(rng.random() * 0.05)
        child.kill()
        child.communicate()
        assert child.returncode in (-9, 0)
        return
    text = "x" * rng.randint(1, 200_000) + "y"
    assert child.communicate(text, timeout=STALL)[0] == text[::-1]
    assert child.returncode == 0


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 10


def watch(seconds):
    """Tells how it goes; False when memory keeps growing."""
    begun = time.monotonic()
    base = None
    while any(part.thread.is_alive() for part in Part.all):
        time.sleep(1)
        now = time.monotonic()
        for part in Part.all:
            if part.error is not None:
                print(f"soak: {part.function.__name__}: {part.error!r}", flush=True)
                os._exit(1)
            if part.thread.is_alive() and now - part.seen > STALL + 30:
                print(f"soak: {part.function.__name__} has stalled", flush=True)
                faulthandler.dump_traceback(all_threads=True)
                os._exit(1)
        if base is None and now - begun >= seconds / 5:
            base = resident()
        if int(now - begun) % 15 == 0:
            print(f"{now - begun:5.0f} s  {resident():7d} KiB  {len(os.listdir('/proc/self/fd')):3d} fds  {threading.active_count():3d} threads  "
                  + "  ".join(f"{part.function.__name__} {part.rounds}" for part in Part.all), flush=True)
    last = resident()
    print(f"soak: {base} KiB after a fifth of the time, {last} KiB at the end", flush=True)
    return base is None or last <= base * 4 // 3 + (32 << 10)


if __name__ == "__main__":
    duration, seed = int(sys.argv[1]), sys.argv[2]
    deadline = time.monotonic() + duration
    for function in (thread_pool, producers, graphs, loop, process_pool, pool, children):
        Part(function, seed)
    for part in Part.all:
        part.thread.start()
    flat = watch(duration)
    if any(part.error is not None for part in Part.all):
        sys.exit(1)
    if not flat:
        print("soak: memory grows")
        sys.exit(1)
    descriptors = len(os.listdir("/proc/self/fd"))
    if descriptors > 24:
        print(f"soak: {descriptors} descriptors are open")
        sys.exit(1)
