import os
import signal
import time

try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)
except KeyboardInterrupt as error:
    print("caught", repr(error))
