def f(a, b, /, c, *, d):
    pass


for call in (lambda: f(), lambda: f(1, 2, 3), lambda: f(1, 2, 3, 4, d=1), lambda: f(1, b=2, c=3, d=4),
             lambda: f(1, 2, 3, d=4, e=5), lambda: f(*[1, 2], c=1, **{"c": 2, "d": 3})):
    try:
        call()
    except TypeError as error:
        print(error)
f(1, 2, 3)
