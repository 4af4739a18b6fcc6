import threading


def work(n):
    return 1 // n


thread = threading.Thread(target=work, args=(0,), name="worker one")
thread.start()
thread.join()
print("main goes on")
