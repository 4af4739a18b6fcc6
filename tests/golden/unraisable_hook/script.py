import sys

sys.unraisablehook = lambda args: print("hook:", args.exc_value, args.err_msg)


class Bad:
    def __del__(self):
        raise ValueError("in del")


Bad()
print("goes on")
