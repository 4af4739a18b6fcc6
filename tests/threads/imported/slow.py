import time

half = "first"
time.sleep(0.05)
runs = globals().get("runs", 0) + 1
other = "second"


def function():
    return half, other
