"""One print."""

print("hello")
