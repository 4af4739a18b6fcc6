a = 123456789012345678901234567890
b = 987654321098765432109876543210
print(a + b, a - b, a * b, b // a, b % a, -a // 7, -a % 7, divmod(-b, a))
print(a ** 3, pow(a, b, 10**9 + 7), a & b, a | b, a ^ b, ~a, a << 70, b >> 50, -b >> 3)
print(a < b, a == a + 0, a > 2**63, hash(a) == hash(a + 0), int(str(a)) == a)
print(hex(a), oct(2**70), bin(2**65), f"{a:,}", f"{a:x}", a.bit_length(), (2**100).bit_count())
print(int("123" * 20), int("-ff" * 1, 16), int("z" * 20, 36), int("1" * 70, 2))
print(float(2**80), 2**80 / 2**79, 10**30 / 3, int(1e30), 2.0**70 == 2**70, 2**53 + 1 == float(2**53))
factorial = 1
for i in range(1, 101):
    factorial *= i
print(factorial)
x, y = 0, 1
for _ in range(500):
    x, y = y, x + y
print(x)
n = 10**50
while n:
    n //= 12345
print(n, (10**40).to_bytes(20, "big"), int.from_bytes(b"\xff" * 10, "little"), int.from_bytes(b"\xff" * 10, signed=True))
print(round(123456789 * 10**20, -22), (-(10**25)).__abs__(), (10**18) * (10**18), -(2**62) * 2, 2**62 - 2**62)
print(sum([2**62] * 10), max(2**64, 2**63), 4611686018427387903 + 1 - 1, 3037000500 * 3037000500)
try:
    10**400 * 1.0
except OverflowError as error:
    print(error)
try:
    a // 0
except ZeroDivisionError as error:
    print(error)
