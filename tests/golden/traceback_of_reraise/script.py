def first():
    raise ValueError("kept")


def second():
    try:
        first()
    except ValueError:
        raise


second()
