f = lambda d: d["missing"]
sorted([{}], key=f)
