def forever():
    forever()


try:
    forever()
except RecursionError as error:
    print(type(error).__name__, str(error).split(" in ")[0].split(" while")[0])
print("goes on")
