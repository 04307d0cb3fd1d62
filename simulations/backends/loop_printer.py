"""Scalar source text of a `Program` for a compiled loop: numbers become arguments, powers products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import sympy

from .named_printer import NamedPrinter


class LoopPrinter(NamedPrinter):
    """Text for one site. Every number that is not an exponent is `number[i]`, listed in `numbers`: theories
    that differ in numbers alone share their compiled code, and float32 is not widened by literals.

    Raises ValueError for functions outside of `functions`.
    """

    functions: ClassVar[Mapping[type, str]] = {  # type: ignore[misc]
        sympy.sin: "sine",
        sympy.cos: "cosine",
        sympy.tan: "math.tan",
        sympy.asin: "math.asin",
        sympy.acos: "math.acos",
        sympy.atan: "math.atan",
        sympy.exp: "math.exp",
        sympy.log: "math.log",
        sympy.sinh: "math.sinh",
        sympy.cosh: "math.cosh",
        sympy.tanh: "math.tanh",
        sympy.Abs: "abs",
    }

    def __init__(self, names: Mapping[str, str]):
        super().__init__("math", names)
        self.numbers: list[float] = []

    def _print(self, expr: sympy.Basic, **kwargs: object) -> str:
        if isinstance(expr, sympy.Expr) and expr.is_number:
            return self._number(float(expr))
        return super()._print(expr, **kwargs)

    def _number(self, value: float) -> str:  # type: ignore[override]
        if value not in self.numbers:
            self.numbers.append(value)
        return f"number{self.numbers.index(value)}"

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        base, exponent = expr.base, expr.exp
        if exponent.is_Integer and exponent > 0:
            return f"({self._print(base)})**{int(exponent)}"
        if exponent.is_number and exponent < 0:
            return f"{self._number(1.0)}/({self._print(base**-exponent)})"
        if exponent == sympy.Rational(1, 2):
            return f"math.sqrt({self._print(base)})"
        return f"({self._print(base)})**({self._print(exponent)})"

    def _print_Mul(self, expr: sympy.Mul) -> str:
        return "*".join(f"({self._print(factor)})" for factor in expr.args)

    def _print_Add(self, expr: sympy.Add, order: str | None = None) -> str:
        return " + ".join(f"({self._print(term)})" for term in expr.args)
