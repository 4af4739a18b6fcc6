class Broken:
    good = 1
    bad = undefined
