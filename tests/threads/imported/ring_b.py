import time

first = 10
time.sleep(0.02)
from imported import ring_a

last = ring_a.first + 1
