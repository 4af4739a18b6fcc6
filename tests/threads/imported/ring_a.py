import time

first = 1
time.sleep(0.02)
from imported import ring_b

last = ring_b.first + 1
