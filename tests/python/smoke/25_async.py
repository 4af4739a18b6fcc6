class Pause:
    def __init__(self, value):
        self.value = value

    def __await__(self):
        reply = yield self.value
        return reply


async def worker(n):
    total = 0
    for i in range(n):
        total += await Pause(i)
    return total


def drive(coroutine, replies):
    seen = []
    try:
        value = coroutine.send(None)
        for reply in replies:
            seen.append(value)
            value = coroutine.send(reply)
    except StopIteration as stop:
        return seen, stop.value
    return seen, "unfinished"


print(drive(worker(3), [10, 20, 30]))


async def agen(n):
    for i in range(n):
        yield i
        await Pause("between")


async def collect():
    return [x async for x in agen(3) if x != 1]


print(drive(collect(), [None] * 5))


class Manager:
    async def __aenter__(self):
        await Pause("entering")
        return "resource"

    async def __aexit__(self, kind, value, trace):
        await Pause("leaving")
        print("exit", kind and kind.__name__)
        return True


async def uses():
    async with Manager() as r:
        print("got", r)
        raise ValueError
    async for v in agen(2):
        print("item", v)
    else:
        print("async else")
    return "finished"


print(drive(uses(), [None] * 6))
c = worker(1)
c.send(None)
try:
    c.throw(KeyError("thrown"))
except KeyError as error:
    print("through", error)
d = worker(2)
d.send(None)
d.close()


class Counter:
    def __init__(self):
        self.n = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        self.n += 1
        if self.n > 3:
            raise StopAsyncIteration
        return self.n


async def total():
    result = 0
    async for i in Counter():
        result += i
    return result


print(drive(total(), [None]))


def loop(tasks):
    done = {}
    ready = list(tasks.items())
    while ready:
        name, task = ready.pop(0)
        try:
            task.send(None)
        except StopIteration as stop:
            done[name] = stop.value
        else:
            ready.append((name, task))
    return done


class Step:
    def __await__(self):
        yield


async def counting(n):
    for _ in range(n):
        await Step()
    return n


print(loop({"a": counting(3), "b": counting(1), "c": counting(2)}))
