def outer(items):
    return inner(items, 5)


def inner(items, index):
    return items[index] + 1


print("before")
outer([1, 2, 3])
print("never")
