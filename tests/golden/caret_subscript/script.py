table = {"a": {"b": 1}}
print(table["a"]["b"], table["a"]["c"]["d"])
