def f(x):
    return x


print(f(1, 2), f(3))
