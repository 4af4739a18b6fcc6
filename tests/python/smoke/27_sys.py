import sys

print(sys.version_info[:2], sys.maxsize, type(sys.argv), sys.byteorder)
print("sys" in sys.modules, sys.modules["sys"] is sys, isinstance(sys.path, list))
sys.stdout.write("written\n")
try:
    1 / 0
except ZeroDivisionError:
    kind, value, trace = sys.exc_info()
    print(kind.__name__, value, trace.tb_lineno, sys.exception() is value)
print(sys.exception(), sys.getrecursionlimit() > 0, sys.intern("ab" + "c") == "abc")


def frame_name():
    return sys._getframe().f_code.co_name, sys._getframe(1).f_code.co_name


def outer():
    return frame_name()


print(outer())
from sys import maxsize as m, modules

print(m == sys.maxsize, len(modules) > 3)
try:
    import no_such_module
except ModuleNotFoundError as error:
    print(error, error.name)
try:
    from sys import no_such_name
except ImportError as error:
    print(str(error).split(" (")[0])
try:
    sys.exit(3)
except SystemExit as error:
    print("exit", error.code)
