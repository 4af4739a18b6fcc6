def decorate(function):
    raise TypeError("cannot decorate")


@decorate
def function():
    pass
