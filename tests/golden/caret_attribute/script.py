value = [1, 2]
print(len(value), value.apend(3))
