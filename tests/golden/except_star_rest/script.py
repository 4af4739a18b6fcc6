try:
    raise ExceptionGroup("all", [ValueError(1), TypeError(2), OSError(3)])
except* ValueError:
    print("value error handled")
