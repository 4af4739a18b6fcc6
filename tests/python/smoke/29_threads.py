import threading
import queue

results = []
lock = threading.Lock()
total = 0


def work(n):
    global total
    for i in range(n):
        with lock:
            total += 1
    results.append(n)


threads = [threading.Thread(target=work, args=(k * 100,)) for k in range(1, 5)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print(total, sorted(results), any(t.is_alive() for t in threads))
q = queue.Queue()


def producer():
    for i in range(100):
        q.put(i)
    q.put(None)


p = threading.Thread(target=producer)
p.start()
received = []
while (item := q.get()) is not None:
    received.append(item)
p.join()
print(received == list(range(100)), threading.current_thread().name, threading.active_count())
event = threading.Event()
waiter = threading.Thread(target=lambda: print("woken", event.wait(10)))
waiter.start()
event.set()
waiter.join()
