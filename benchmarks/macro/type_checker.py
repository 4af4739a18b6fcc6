"""Infers types of a small expression language with visitors, environments and unification."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


class Type:
    pass


class Variable(Type):
    def __init__(self, number):
        self.number = number
        self.target = None


class Constructor(Type):
    def __init__(self, name, *arguments):
        self.name = name
        self.arguments = arguments


INT, BOOL = Constructor("int"), Constructor("bool")


def function(a, b):
    return Constructor("->", a, b)


class Expression:
    def accept(self, visitor, scope):
        return getattr(visitor, "visit_" + type(self).__name__.lower())(self, scope)


class Literal(Expression):
    def __init__(self, value):
        self.value = value


class Name(Expression):
    def __init__(self, name):
        self.name = name


class Lambda(Expression):
    def __init__(self, parameter, body):
        self.parameter, self.body = parameter, body


class Apply(Expression):
    def __init__(self, callee, argument):
        self.callee, self.argument = callee, argument


class Let(Expression):
    def __init__(self, name, value, body):
        self.name, self.value, self.body = name, value, body


class TypeMismatch(Exception):
    pass


class Checker:
    def __init__(self):
        self.count = 0

    def fresh(self):
        self.count += 1
        return Variable(self.count)

    def prune(self, t):
        while isinstance(t, Variable) and t.target is not None:
            t = t.target
        return t

    def unify(self, a, b):
        a, b = self.prune(a), self.prune(b)
        if a is b:
            return
        if isinstance(a, Variable):
            a.target = b
        elif isinstance(b, Variable):
            b.target = a
        elif a.name != b.name or len(a.arguments) != len(b.arguments):
            raise TypeMismatch(f"{a.name} is not {b.name}")
        else:
            for x, y in zip(a.arguments, b.arguments):
                self.unify(x, y)

    def visit_literal(self, node, scope):
        return BOOL if isinstance(node.value, bool) else INT

    def visit_name(self, node, scope):
        while scope is not None:
            name, found, scope = scope
            if name == node.name:
                return found
        raise TypeMismatch(f"unknown {node.name}")

    def visit_lambda(self, node, scope):
        parameter = self.fresh()
        return function(parameter, node.body.accept(self, (node.parameter, parameter, scope)))

    def visit_apply(self, node, scope):
        result = self.fresh()
        self.unify(node.callee.accept(self, scope), function(node.argument.accept(self, scope), result))
        return result

    def visit_let(self, node, scope):
        return node.body.accept(self, (node.name, node.value.accept(self, scope), scope))


def program(depth):
    if depth == 0:
        return Apply(Apply(Name("plus"), Literal(1)), Literal(2))
    inner = program(depth - 1)
    return Let(f"f{depth}", Lambda("x", Apply(Apply(Name("plus"), Name("x")), inner)),
               Apply(Name(f"f{depth}"), Apply(Lambda("y", Name("y")), inner)))


def main():
    scope = ("plus", function(INT, function(INT, INT)), None)
    tree, names, failures = program(6), [], 0
    for i in range(12):
        checker = Checker()
        names.append(checker.prune(tree.accept(checker, scope)).name)
        try:
            Apply(Literal(i), tree).accept(checker, scope)
        except TypeMismatch:
            failures += 1
    return names, failures, checker.count


if __name__ == "__main__":
    timing.run(main)
