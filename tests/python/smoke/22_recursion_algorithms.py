def sieve(n):
    flags = [True] * (n + 1)
    flags[0] = flags[1] = False
    for i in range(2, int(n ** 0.5) + 1):
        if flags[i]:
            for j in range(i * i, n + 1, i):
                flags[j] = False
    return [i for i, f in enumerate(flags) if f]


print(sieve(50), len(sieve(20000)))


def quicksort(items):
    if len(items) <= 1:
        return items
    pivot = items[len(items) // 2]
    return (quicksort([i for i in items if i < pivot]) + [i for i in items if i == pivot]
            + quicksort([i for i in items if i > pivot]))


seed = 12345
data = []
for _ in range(2000):
    seed = (seed * 1103515245 + 12345) % 2147483648
    data.append(seed)
print(quicksort(data) == sorted(data), data[:3])


def hanoi(n, a="A", b="B", c="C"):
    return 0 if n == 0 else hanoi(n - 1, a, c, b) + 1 + hanoi(n - 1, c, b, a)


print(hanoi(10))


def permutations(items):
    if not items:
        yield []
    for i in range(len(items)):
        for rest in permutations(items[:i] + items[i + 1:]):
            yield [items[i]] + rest


print(list(permutations([1, 2, 3])))


def queens(n, row=0, cols=(), d1=(), d2=()):
    if row == n:
        return 1
    return sum(queens(n, row + 1, cols + (c,), d1 + (row + c,), d2 + (row - c,)) for c in range(n)
               if c not in cols and row + c not in d1 and row - c not in d2)


print(queens(6))


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


print(gcd(1071, 462), gcd(2**80, 6**40))
memo = {}


def ways(n, coins=(1, 5, 10, 25)):
    if n == 0:
        return 1
    if n < 0 or not coins:
        return 0
    if (n, coins) not in memo:
        memo[n, coins] = ways(n - coins[-1], coins) + ways(n, coins[:-1])
    return memo[n, coins]


print(ways(100))


def life(cells):
    neighbours = {}
    for x, y in cells:
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                if dx or dy:
                    neighbours[x + dx, y + dy] = neighbours.get((x + dx, y + dy), 0) + 1
    return {c for c, n in neighbours.items() if n == 3 or n == 2 and c in cells}


glider = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}
for _ in range(8):
    glider = life(glider)
print(sorted(glider))
pi, sign = 0.0, 1
for k in range(1, 20000, 2):
    pi += sign * 4 / k
    sign = -sign
print(pi)
text = "the quick brown fox jumps over the lazy dog the end"
words = {}
for w in text.split():
    words[w] = words.get(w, 0) + 1
print(sorted(words.items(), key=lambda kv: (-kv[1], kv[0]))[:3])
