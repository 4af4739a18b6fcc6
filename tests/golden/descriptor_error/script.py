class Strict:
    def __set_name__(self, owner, name):
        raise TypeError(f"no {name} here")


class Owner:
    field = Strict()
