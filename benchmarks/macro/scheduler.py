"""An operating-system scheduler: tasks of several kinds exchange packets through queues (after Richards)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


IDLE, WORKER, HANDLER, DEVICE = range(4)


class Packet:
    def __init__(self, kind, source):
        self.kind = kind
        self.source = source
        self.data = [0] * 4
        self.index = 0


class Task:
    def __init__(self, scheduler, name, priority):
        self.scheduler = scheduler
        self.name = name
        self.priority = priority
        self.inbox = []
        self.waiting = True
        self.held = False
        scheduler.add(self)

    def give(self, packet):
        self.inbox.append(packet)
        self.waiting = False

    def ready(self):
        return not self.held and not self.waiting

    def run(self):
        packet = self.inbox.pop(0) if self.inbox else None
        self.step(packet)


class Idle(Task):
    def __init__(self, scheduler, count):
        super().__init__(scheduler, "idle", 0)
        self.count = count
        self.seed = 1
        self.waiting = False

    def step(self, packet):
        self.count -= 1
        if self.count == 0:
            self.held = True
            self.scheduler.stopped = True
            return
        if self.seed & 1:
            self.seed = self.seed >> 1 ^ 0xD008
            self.scheduler.release("device a")
        else:
            self.seed >>= 1
            self.scheduler.release("device b")


class Worker(Task):
    def __init__(self, scheduler):
        super().__init__(scheduler, "worker", 1000)
        self.turn = False
        self.letter = 0

    def step(self, packet):
        if packet is None:
            self.waiting = True
            return
        self.turn = not self.turn
        packet.kind = WORKER
        for i in range(4):
            self.letter = self.letter % 26 + 1
            packet.data[i] = self.letter
        packet.index = 0
        self.scheduler.send("handler a" if self.turn else "handler b", packet)


class Handler(Task):
    def __init__(self, scheduler, name, device):
        super().__init__(scheduler, name, 2000)
        self.device = device
        self.work = []
        self.results = []

    def step(self, packet):
        if packet is not None:
            (self.work if packet.kind == WORKER else self.results).append(packet)
        if self.work:
            current = self.work[0]
            if current.index >= 4:
                self.work.pop(0)
                self.scheduler.send("worker", current)
                return
            if self.results:
                answer = self.results.pop(0)
                answer.data[0] = current.data[current.index]
                current.index += 1
                self.scheduler.send(self.device, answer)
                return
        self.waiting = not self.inbox


class Device(Task):
    def __init__(self, scheduler, name):
        super().__init__(scheduler, name, 4000)
        self.pending = None

    def step(self, packet):
        if packet is None:
            if self.pending is None:
                self.waiting = True
                return
            pending, self.pending = self.pending, None
            pending.kind = DEVICE
            self.scheduler.send(pending.source, pending)
        else:
            self.pending = packet
            self.held = True


class Scheduler:
    def __init__(self):
        self.tasks = []
        self.by_name = {}
        self.sent = self.released = self.steps = 0
        self.stopped = False

    def add(self, task):
        self.tasks.append(task)
        self.tasks.sort(key=lambda t: -t.priority)
        self.by_name[task.name] = task

    def send(self, name, packet):
        self.sent += 1
        self.by_name[name].give(packet)

    def release(self, name):
        self.released += 1
        task = self.by_name[name]
        task.held = False
        task.waiting = False

    def loop(self):
        while not self.stopped:
            for task in self.tasks:
                if task.ready():
                    self.steps += 1
                    task.run()
                    break


def main():
    scheduler = Scheduler()
    Idle(scheduler, 20_000)
    worker = Worker(scheduler)
    for _ in range(2):
        worker.give(Packet(WORKER, "worker"))
    for letter in "ab":
        handler = Handler(scheduler, "handler " + letter, "device " + letter)
        for _ in range(3):
            handler.give(Packet(DEVICE, handler.name))
        Device(scheduler, "device " + letter)
    scheduler.loop()
    return scheduler.sent, scheduler.released, scheduler.steps


if __name__ == "__main__":
    timing.run(main)
