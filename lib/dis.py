"""Disassembler of Typhon's instructions.

Typhon runs register code of its own (src/bytecode/ops.def), so this module stands in place of CPython's of the same
name: the functions and classes are the same, the instructions are Typhon's. Offsets are what tracebacks and
co_positions() count: two for each unit of an instruction. The tables taken over from the module opcode (opmap, opname,
stack_effect and so on) still describe CPython's instructions.
"""

import collections
import io
import re
import sys
import types

from opcode import *
from opcode import __all__ as _opcode_names

__all__ = ["code_info", "dis", "disassemble", "distb", "disco", "findlinestarts", "findlabels", "show_code",
           "get_instructions", "Instruction", "Bytecode"] + _opcode_names
del _opcode_names

COMPILER_FLAG_NAMES = {
    1: "OPTIMIZED",
    2: "NEWLOCALS",
    4: "VARARGS",
    8: "VARKEYWORDS",
    16: "NESTED",
    32: "GENERATOR",
    64: "NOFREE",
    128: "COROUTINE",
    256: "ITERABLE_COROUTINE",
    512: "ASYNC_GENERATOR",
    0x4000000: "HAS_DOCSTRING",
    0x8000000: "METHOD",
}

Positions = collections.namedtuple("Positions", "lineno end_lineno col_offset end_col_offset", defaults=[None] * 4)

_Fields = collections.namedtuple(
    "_Fields", "opname opcode arg argval argrepr offset start_offset starts_line line_number label positions cache_info",
    defaults=[None] * 3)


class Instruction(_Fields):
    """One instruction: `argrepr` shows its operands, `argval` is its constant, name or jump target, if it has one."""

    units = 1         # instances made by get_instructions know better
    jump_target = None
    registers = ()    # the fields x, a, b, c

    @property
    def oparg(self):
        return self.arg

    @property
    def baseopcode(self):
        return self.opcode

    @property
    def baseopname(self):
        return self.opname

    @property
    def cache_offset(self):
        return self.offset + 2

    @property
    def end_offset(self):
        return self.offset + 2 * self.units

    @property
    def is_jump_target(self):
        return self.label is not None

    def __str__(self):
        return f"{self.opname:<22} {self.argrepr}".rstrip()


_Handler = collections.namedtuple("_Handler", "start end target clear_from register")


def _try_compile(source, name):
    try:
        return compile(source, name, "eval")
    except SyntaxError:
        return compile(source, name, "exec")


def _code_of(x):
    """The code object of anything that has one; text is compiled."""
    x = getattr(x, "__func__", x)
    for name in "__code__", "gi_code", "ag_code", "cr_code":
        if hasattr(x, name):
            x = getattr(x, name)
            break
    if isinstance(x, str):
        x = _try_compile(x, "<disassembly>")
    if isinstance(x, types.CodeType):
        return x
    raise TypeError(f"don't know how to disassemble {type(x).__name__} objects")


_get_code_object = _code_of


def _decode(co, line_offset=0):
    """The instructions of a code object and the rows of its exception table."""
    rows, handlers = co._instructions()
    handlers = [_Handler(*row) for row in handlers]
    targets = {row[7] for row in rows if row[7] is not None} | {handler.target for handler in handlers}
    labels = {target: number for number, target in enumerate(sorted(targets), 1)}
    positions = [Positions(*p) for p in co.co_positions()]
    instructions = []
    line = object()
    for offset, units, opcode, opname, registers, argval, argrepr, target in rows:
        place = positions[offset // 2]
        if line_offset and place.lineno is not None:
            place = place._replace(lineno=place.lineno + line_offset, end_lineno=place.end_lineno and place.end_lineno + line_offset)
        if target is not None:
            argval = target
            argrepr = re.sub(r"-> \d+", f"-> L{labels[target]}", argrepr)
        instruction = Instruction(opname, opcode, registers[3] if argrepr else None, argval, argrepr, offset, offset,
                                  place.lineno != line, place.lineno, labels.get(offset), place)
        line = place.lineno
        instruction.units = units
        instruction.jump_target = target
        instruction.registers = registers
        instructions.append(instruction)
    return instructions, handlers, labels


def get_instructions(x, *, first_line=None, show_caches=None, adaptive=False):
    """Iterate over the instructions of a function, method, generator, code object or source text."""
    co = _code_of(x)
    return iter(_decode(co, 0 if first_line is None else first_line - co.co_firstlineno)[0])


def findlinestarts(code):
    """Yield (offset, line) where another source line begins."""
    last = False
    for start, _, line in code.co_lines():
        if line is not last:
            last = line
            yield start, line


def findlabels(code):
    """The offsets that are jumped to. Takes a code object: instructions alone do not say where they are."""
    if not isinstance(code, types.CodeType):
        raise NotImplementedError("findlabels() of raw bytes: pass the code object")
    targets = []
    for instruction in _decode(code)[0]:
        if instruction.jump_target is not None and instruction.jump_target not in targets:
            targets.append(instruction.jump_target)
    return targets


def _write(co, lasti, file, show_offsets, show_positions, line_offset=0):
    instructions, handlers, labels = _decode(co, line_offset)
    for i, instruction in enumerate(instructions):
        if instruction.starts_line and i > 0:
            print(file=file)
        if show_positions:
            where = "{}:{}-{}:{}".format(*("?" if n is None else n for n in (
                instruction.positions.lineno, instruction.positions.col_offset, instruction.positions.end_lineno,
                instruction.positions.end_col_offset)))
            start = f"{where:>20}" if instruction.starts_line else " " * 20
        elif instruction.starts_line:
            start = f"{'--' if instruction.line_number is None else instruction.line_number:>4}"
        else:
            start = " " * 4
        label = f"L{instruction.label}:" if instruction.label is not None else ""
        offset = f"{instruction.offset:>5} " if show_offsets else ""
        arrow = "-->" if instruction.offset == lasti else ""
        print(f"{start} {label:>7} {arrow:>3} {offset}{instruction}".rstrip(), file=file)
    if handlers:
        print("ExceptionTable:", file=file)
        for row in handlers:
            print(f"  {row.start} to {row.end} -> L{labels[row.target]} [clear r{row.clear_from}.., exception in r{row.register}]",
                  file=file)


def disassemble(co, lasti=-1, *, file=None, show_caches=False, adaptive=False, show_offsets=False, show_positions=False):
    """Print the instructions of a code object; an arrow marks the one at `lasti`."""
    _write(co, lasti, file, show_offsets, show_positions)


disco = disassemble


def _recursive(co, depth, **options):
    disassemble(co, **options)
    if depth is not None and depth <= 0:
        return
    for constant in co.co_consts:
        if isinstance(constant, types.CodeType):
            print(file=options["file"])
            print(f"Disassembly of {constant!r}:", file=options["file"])
            _recursive(constant, None if depth is None else depth - 1, **options)


def dis(x=None, *, file=None, depth=None, show_caches=False, adaptive=False, show_offsets=False, show_positions=False):
    """Disassemble a class, module, function, generator, code object or source text, or else the last traceback."""
    options = dict(file=file, show_offsets=show_offsets, show_positions=show_positions)
    if x is None:
        return distb(**options)
    if isinstance(x, (bytes, bytearray)):
        raise NotImplementedError("dis() of raw bytes: pass the code object")
    x = getattr(x, "__func__", x)
    if not isinstance(x, str) and hasattr(x, "__dict__") and not hasattr(x, "__code__"):
        kinds = types.MethodType, types.FunctionType, types.CodeType, classmethod, staticmethod, type
        for name, member in sorted(x.__dict__.items()):
            if not isinstance(member, kinds):
                continue
            print(f"Disassembly of {name}:", file=file)
            try:
                dis(member, depth=depth, **options)
            except TypeError as error:
                print("Sorry:", error, file=file)
            print(file=file)
        return
    _recursive(_code_of(x), depth, **options)


def distb(tb=None, *, file=None, show_caches=False, adaptive=False, show_offsets=False, show_positions=False):
    """Disassemble the innermost frame of a traceback (of the last one by default)."""
    if tb is None:
        try:
            last = getattr(sys, "last_exc", None)
            tb = last.__traceback__ if last is not None else sys.last_traceback
        except AttributeError:
            raise RuntimeError("no last traceback to disassemble") from None
    while tb.tb_next:
        tb = tb.tb_next
    disassemble(tb.tb_frame.f_code, tb.tb_lasti, file=file, show_offsets=show_offsets, show_positions=show_positions)


def pretty_flags(flags):
    """The names of the flags of a code object, as text."""
    names = []
    bit = 1
    while flags:
        if flags & bit:
            names.append(COMPILER_FLAG_NAMES.get(bit, hex(bit)))
            flags ^= bit
        bit <<= 1
    return ", ".join(names) or "0x0"


def code_info(x):
    """Facts about a code object, as text."""
    co = _code_of(x)
    lines = [f"Name:              {co.co_name}", f"Filename:          {co.co_filename}", f"Argument count:    {co.co_argcount}",
             f"Positional-only arguments: {co.co_posonlyargcount}", f"Kw-only arguments: {co.co_kwonlyargcount}",
             f"Number of locals:  {co.co_nlocals}", f"Stack size:        {co.co_stacksize}",
             f"Flags:             {pretty_flags(co.co_flags)}"]
    for title, items in [("Constants", [repr(c) for c in co.co_consts]), ("Names", co.co_names),
                         ("Variable names", co.co_varnames), ("Free variables", co.co_freevars),
                         ("Cell variables", co.co_cellvars)]:
        if items:
            lines.append(f"{title}:")
            lines += [f"{i:4}: {item}" for i, item in enumerate(items)]
    return "\n".join(lines)


def show_code(co, *, file=None):
    """Print facts about a code object."""
    print(code_info(co), file=file)


def _find_imports(co):
    """Yield (name, level, fromlist) of the import statements (for modulefinder)."""
    loaded = {}
    for instruction in _decode(co)[0]:
        _, a, b, _ = instruction.registers
        if instruction.opname == "LOAD_CONST":
            loaded[a] = instruction.argval
        elif instruction.opname == "IMPORT_NAME" and b in loaded and b + 1 in loaded:
            yield instruction.argval, loaded[b], loaded[b + 1]


def _find_store_names(co):
    """Yield the names that the code assigns as global variables (for modulefinder)."""
    names = set()
    for instruction in _decode(co)[0]:
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL") and instruction.argval not in names:
            names.add(instruction.argval)
            yield instruction.argval


class Bytecode:
    """The instructions of a piece of code; iterating yields Instruction objects."""

    def __init__(self, x, *, first_line=None, current_offset=None, show_caches=False, adaptive=False, show_offsets=False,
                 show_positions=False):
        self.codeobj = co = _code_of(x)
        self.first_line = co.co_firstlineno if first_line is None else first_line
        self._line_offset = self.first_line - co.co_firstlineno
        self._original_object = x
        self.current_offset = current_offset
        self.show_caches = show_caches
        self.adaptive = adaptive
        self.show_offsets = show_offsets
        self.show_positions = show_positions
        self._linestarts = dict(findlinestarts(co))

    def __iter__(self):
        return iter(_decode(self.codeobj, self._line_offset)[0])

    def __repr__(self):
        return f"{type(self).__name__}({self._original_object!r})"

    @classmethod
    def from_traceback(cls, tb, *, show_caches=False, adaptive=False):
        while tb.tb_next:
            tb = tb.tb_next
        return cls(tb.tb_frame.f_code, current_offset=tb.tb_lasti, show_caches=show_caches, adaptive=adaptive)

    def info(self):
        return code_info(self.codeobj)

    def dis(self):
        text = io.StringIO()
        lasti = -1 if self.current_offset is None else self.current_offset
        _write(self.codeobj, lasti, text, self.show_offsets, self.show_positions, self._line_offset)
        return text.getvalue()


def main(args=None):
    import argparse

    parser = argparse.ArgumentParser(color=True)
    parser.add_argument("-C", "--show-caches", action="store_true", help="accepted for compatibility")
    parser.add_argument("-O", "--show-offsets", action="store_true", help="show the offsets of instructions")
    parser.add_argument("-P", "--show-positions", action="store_true", help="show source positions")
    parser.add_argument("-S", "--specialized", action="store_true", help="accepted for compatibility")
    parser.add_argument("infile", nargs="?", default="-")
    args = parser.parse_args(args=args)
    if args.infile == "-":
        name, source = "<stdin>", sys.stdin.buffer.read()
    else:
        name = args.infile
        with open(name, "rb") as infile:
            source = infile.read()
    dis(compile(source, name, "exec"), show_offsets=args.show_offsets, show_positions=args.show_positions)


if __name__ == "__main__":
    main()
