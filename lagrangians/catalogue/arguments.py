"""Reading the arguments of catalogue functions."""

from __future__ import annotations

import math
from typing import Any

import sympy

from lagrangians.jets import IDENTIFIER


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
