def run(n):
    value = 10
    return value / n
