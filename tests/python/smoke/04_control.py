def sign(n):
    if n < 0:
        return "negative"
    elif n == 0:
        return "zero"
    else:
        return "positive"


print(sign(-3), sign(0), sign(8))

i = 0
while i < 10:
    i += 1
    if i % 2:
        continue
    if i > 6:
        break
    print("even", i)
else:
    print("not reached")

while i < 10:
    i += 1
else:
    print("loop ended at", i)

for j in range(3):
    print(j, end=" ")
print()
for j in range(10, 0, -3):
    print(j, end=" ")
print()
for j in []:
    pass
else:
    print("empty loop's else")
for outer in range(3):
    for inner in range(3):
        if inner == 2:
            break
        if outer == 1:
            continue
        print(outer, inner)
for k, v in [(1, "one"), (2, "two")]:
    print(k, v)
print("yes" if i else "no", "yes" if 0 else "no")
total = 0
for n in range(100000):
    total += n * n
print(total)
