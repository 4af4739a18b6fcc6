import time

time.sleep(0.02)
raise ValueError("broken on purpose")
