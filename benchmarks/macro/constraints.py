"""An incremental constraint solver over chains of variables (after DeltaBlue)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import timing


STRONG, MEDIUM, WEAK = 0, 1, 2


class Variable:
    def __init__(self, value=0):
        self.value = value
        self.constraints = []
        self.source = None
        self.mark = 0


class Constraint:
    def __init__(self, strength, *variables):
        self.strength = strength
        self.variables = variables
        for variable in variables:
            variable.constraints.append(self)

    def output(self):
        return self.variables[-1]

    def inputs(self):
        return self.variables[:-1]


class Stay(Constraint):
    def execute(self):
        pass


class Edit(Constraint):
    def execute(self):
        pass


class Equal(Constraint):
    def execute(self):
        self.variables[1].value = self.variables[0].value


class Scale(Constraint):
    def execute(self):
        value, scale, offset, result = self.variables
        result.value = value.value * scale.value + offset.value


class Planner:
    def __init__(self):
        self.mark = 0

    def plan(self, sources):
        self.mark += 1
        order, todo = [], list(sources)
        while todo:
            constraint = todo.pop()
            output = constraint.output()
            if output.mark == self.mark:
                continue
            if all(v.mark == self.mark or v.source is None for v in constraint.inputs()):
                output.mark = self.mark
                output.source = constraint
                order.append(constraint)
                for follower in sorted(output.constraints, key=lambda c: c.strength):
                    if follower is not constraint and follower.output() is not output:
                        todo.append(follower)
        return order


def change(planner, variable, values):
    edit = Edit(STRONG, variable)
    plan = planner.plan([edit])
    total = 0
    for value in values:
        variable.value = value
        for constraint in plan:
            constraint.execute()
        total += plan[-1].output().value
    variable.constraints.remove(edit)
    variable.source = None
    return total


def main():
    planner, total = Planner(), 0
    chain = [Variable() for _ in range(300)]
    for a, b in zip(chain, chain[1:]):
        Equal(MEDIUM, a, b)
    Stay(WEAK, chain[0])
    for _ in range(60):
        total += change(planner, chain[0], range(40))
        for variable in chain:
            variable.source = None
    scale, offset = Variable(10), Variable(1000)
    for i in range(600):
        source, result = Variable(i), Variable()
        Scale(MEDIUM, source, scale, offset, result)
        total += change(planner, source, range(20))
    return total


if __name__ == "__main__":
    timing.run(main)
