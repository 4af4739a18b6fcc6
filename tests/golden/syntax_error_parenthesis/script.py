print("open"
x = 1
