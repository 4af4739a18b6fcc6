class Outer:
    class Failure(Exception):
        def __str__(self):
            return "custom text"


raise Outer.Failure(1, 2)
