def attempt(action):
    try:
        result = action()
    except ZeroDivisionError as error:
        return "zero: " + str(error)
    except (KeyError, IndexError) as error:
        return type(error).__name__ + ": " + str(error)
    except Exception as error:
        return "other " + repr(error)
    else:
        return "fine " + str(result)
    finally:
        print("finally", end=" ")


print(attempt(lambda: 1 / 0))
print(attempt(lambda: {}["k"]))
print(attempt(lambda: [][0]))
print(attempt(lambda: int("x")))
print(attempt(lambda: 5))


class Custom(Exception):
    def __init__(self, code):
        super().__init__("code", code)
        self.code = code


try:
    raise Custom(7)
except Custom as error:
    print(error.code, error.args, error, repr(error))
try:
    try:
        raise ValueError("inner")
    except ValueError as inner:
        raise RuntimeError("outer") from inner
except RuntimeError as error:
    print(error, "caused by", repr(error.__cause__))
try:
    try:
        raise ValueError("first")
    finally:
        print("cleanup")
except ValueError as error:
    print("caught", error)
try:
    try:
        1 / 0
    except ZeroDivisionError:
        raise
except ArithmeticError as error:
    print("re-raised", error, error.__context__)


def returns():
    try:
        return "try"
    finally:
        print("before return")


print(returns())


def loops():
    for i in range(5):
        try:
            if i == 1:
                continue
            if i == 3:
                break
            print("body", i)
        finally:
            print("end", i)


loops()


def nested():
    try:
        {}["a"]
    except KeyError:
        try:
            [][1]
        except IndexError as error:
            return type(error.__context__).__name__


print(nested())
try:
    assert 1 == 2, "assertion text"
except AssertionError as error:
    print("AssertionError:", error)
try:
    raise ValueError
except ValueError as error:
    print(repr(error), error.args)


class Manager:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        print("enter")
        return self

    def __exit__(self, kind, value, trace):
        print("exit", kind and kind.__name__, value)
        return self.swallow


with Manager(False) as m:
    print("inside", m.swallow)
with Manager(True):
    raise KeyError("swallowed")
try:
    with Manager(False), Manager(False):
        raise OSError("through")
except OSError as error:
    print("got", error)


def recurse(n):
    return recurse(n + 1)


try:
    recurse(0)
except RecursionError:
    print("RecursionError")
try:
    raise ExceptionGroup("group", [ValueError(1), TypeError(2)])
except* ValueError as group:
    print("values", group.exceptions)
except* TypeError as group:
    print("types", group.exceptions)
try:
    undefined_name
except NameError as error:
    print(error)
try:
    error
except NameError:
    print("error is unbound after its handler")
