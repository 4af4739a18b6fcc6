def work():
    try:
        return 1 / 0
    finally:
        [][0]


work()
