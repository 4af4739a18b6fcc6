try:
    try:
        try:
            raise KeyError("one")
        except KeyError as error:
            raise TypeError("two") from error
    except TypeError:
        raise ValueError("three")
finally:
    print("cleanup")
