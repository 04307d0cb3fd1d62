"""Reading the arguments of catalogue functions; coordinates and fields that many theories share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import sympy

from lagrangians.conjugates import BAR
from lagrangians.jets import IDENTIFIER

SPACE = ("x", "y", "z")


def constant(value: Any) -> sympy.Expr:
    """A number or SymPy expression as it is, a name as a symbol; other text is refused with `ValueError`."""
    if isinstance(value, str):
        if not IDENTIFIER.match(value):
            raise ValueError(f"got {value!r}, expected a number, a SymPy expression or the name of a symbol")
        return sympy.Symbol(value)
    if isinstance(value, sympy.Expr):
        return value
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"got {value}, expected a finite number")
    return sympy.Integer(int(value)) if isinstance(value, int) else sympy.Float(number)


def coordinates_of(dimension: int) -> tuple[sympy.Symbol, ...]:
    """t and 1, 2 or 3 space coordinates x, y, z; `ValueError` for other dimensions."""
    if dimension not in (1, 2, 3):
        raise ValueError(f"got {dimension} space dimensions, expected 1, 2 or 3")
    return tuple(sympy.symbols(("t", *SPACE[:dimension])))


def conjugate_pair(name: str, coordinates: Sequence[sympy.Symbol]) -> tuple[sympy.Expr, sympy.Expr]:
    """A complex field and its conjugate, which the calculus of variations treats as independent."""
    return sympy.Function(name)(*coordinates), sympy.Function(name + BAR)(*coordinates)


def gradient_squared(
    field: sympy.Expr, coordinates: Sequence[sympy.Symbol], other: sympy.Expr | None = None
) -> sympy.Expr:
    """|∇φ|² over the space coordinates (all but the first), or ∇φ·∇χ for a second field χ."""
    second = field if other is None else other
    return sympy.Add(*(field.diff(x) * second.diff(x) for x in coordinates[1:]))
