assert False, "not evaluated"
print("ran", __debug__)
