"""Source text of a `Program` in which every symbol stands under a name of the back end's own."""

from __future__ import annotations

from collections.abc import Mapping

import sympy

from lagrangians.codegen import Program, SourcePrinter


class NamedPrinter(SourcePrinter):
    """Text with symbols replaced by `names`, to which assignments add theirs.

    Raises ValueError for functions outside of `functions`.
    """

    kind = "compiled"  # of the functions, for the message

    def __init__(self, module: str, names: Mapping[str, str]):
        super().__init__(module)
        self.names = dict(names)

    def statements(self, program: Program, prefix: str) -> tuple[list[str], list[str]]:
        """Assignments as lines of text, and the texts of the outputs."""
        lines = []
        for position, (name, value) in enumerate(program.assignments):
            text = self.doprint(value)
            self.names[name] = f"{prefix}{position}"
            lines.append(f"{self.names[name]} = {text}")
        return lines, [self.doprint(value) for _, value in program.outputs]

    def _print_Symbol(self, expr: sympy.Symbol) -> str:
        return self.names[expr.name]

    def _print_Function(self, expr: sympy.Function) -> str:
        if expr.func not in self.functions:
            raise ValueError(f"no {self.kind} counterpart of the function {expr.func.__name__}")
        return f"{self.functions[expr.func]}({self.stringify(expr.args, ', ')})"

    _print_ExpBase = _print_Function
    _print_Abs = _print_Function
