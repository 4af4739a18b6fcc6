"""Tokenises and parses arithmetic by recursive descent, folds it, and prints it again."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Parser:
    def __init__(self, text):
        self.tokens = list(self.tokenize(text))
        self.position = 0

    def tokenize(self, text):
        i = 0
        while i < len(text):
            c = text[i]
            if c.isspace():
                i += 1
            elif c.isdigit():
                start = i
                while i < len(text) and text[i].isdigit():
                    i += 1
                yield "number", int(text[start:i])
            elif c.isalpha():
                start = i
                while i < len(text) and text[i].isalnum():
                    i += 1
                yield "name", text[start:i]
            else:
                yield "op", c
                i += 1
        yield "end", None

    def peek(self, *operators):
        kind, value = self.tokens[self.position]
        return kind == "op" and value in operators

    def advance(self):
        token = self.tokens[self.position]
        self.position += 1
        return token

    def sum(self):
        left = self.product()
        while self.peek("+", "-"):
            _, operator = self.advance()
            left = (operator, left, self.product())
        return left

    def product(self):
        left = self.atom()
        while self.peek("*", "/"):
            _, operator = self.advance()
            left = (operator, left, self.atom())
        return left

    def atom(self):
        kind, value = self.advance()
        if kind == "op" and value == "(":
            inner = self.sum()
            self.advance()
            return inner
        if kind == "op" and value == "-":
            return ("neg", self.atom())
        return value


def fold(tree):
    match tree:
        case ("neg", operand):
            operand = fold(operand)
            return -operand if isinstance(operand, int) else ("neg", operand)
        case (operator, left, right):
            left, right = fold(left), fold(right)
            if isinstance(left, int) and isinstance(right, int) and operator != "/":
                return left + right if operator == "+" else left - right if operator == "-" else left * right
            return operator, left, right
        case _:
            return tree


def show(tree):
    if isinstance(tree, tuple):
        if len(tree) == 2:
            return f"-{show(tree[1])}"
        return f"({show(tree[1])} {tree[0]} {show(tree[2])})"
    return str(tree)


def main():
    text = " + ".join(f"({i} * alpha{i} - (4 + {i} * 2) / beta) * -(gamma + {i} - 7 * 3)" for i in range(60))
    size = 0
    for _ in range(20):
        size += len(show(fold(Parser(text).sum())))
    return size


if __name__ == "__main__":
    timing.run(main)
