import sys
import traceback


def fail(n):
    return {"a": 1}["b"] if n else None


try:
    fail(1)
except KeyError:
    traceback.print_exc(file=sys.stdout)
    print(traceback.format_exception_only(sys.exception()))
    for frame in traceback.extract_tb(sys.exception().__traceback__):
        print(frame.name, frame.lineno, frame.line, frame.colno, frame.end_colno)
traceback.print_stack(file=sys.stdout)
