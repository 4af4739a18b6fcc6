def f():
    raise LookupError('in module')


f()
