def annotated(a: int, b: "str" = "x", *args: float, **kw: undefined_later) -> bool:
    return True


print(annotated(1), annotated.__annotate__ is not None)
undefined_later = dict
print(annotated.__annotations__)


class Typed:
    x: int
    y: str = "default"
    z: "Typed" = None


print(Typed.__annotations__, Typed.y, hasattr(Typed, "x"))


def first[T](items: list[T]) -> T:
    return items[0]


class Stack[T]:
    def push(self, item: T) -> None:
        self.item = item


type Alias[K] = dict[K, int]
print(first([1, 2]), first.__type_params__, Stack.__type_params__, Alias, Alias.__type_params__)
print(Alias.__value__, list[int], dict[str, int], int | None, tuple[int, ...])
s = Stack[int]()
s.push(3)
print(s.item, isinstance(3, int | str), list[int].__origin__, list[int].__args__)


def bounded[T: int, U: (str, bytes), V = float](a: T, b: U) -> V:
    pass


print([(p.__name__, p.__bound__) for p in bounded.__type_params__], bounded.__type_params__[1].__constraints__,
      bounded.__type_params__[2].__default__)
