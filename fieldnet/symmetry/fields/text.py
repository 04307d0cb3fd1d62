"""Vector fields as text and LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians import Generator, to_latex
from lagrangians.printing import rounded

DIGITS = 6


def generator_text(X: Generator, digits: int = DIGITS) -> str:
    """`x∂_t + 1.44t∂_x`, with rounded coefficients."""
    return str(_rounded(X, digits))


def generator_latex(X: Generator, digits: int = DIGITS) -> str:
    r"""`x \partial_{t} + 1.44 t \partial_{x}`."""
    short = _rounded(X, digits)
    names = (*short.coordinates, *short.fields)
    parts = []
    for component, name in zip((*short.xi, *short.eta), names, strict=True):
        if component == 0:
            continue
        factor = "" if component == 1 else to_latex(component)
        factor = f"\\left({factor}\\right)" if sympy.sympify(component).is_Add else factor
        parts.append(f"{factor} \\partial_{{{to_latex(name)}}}".strip())
    return " + ".join(parts).replace("+ -", "- ") or "0"


def _rounded(X: Generator, digits: int) -> Generator:
    def short(parts: Sequence[sympy.Expr]) -> tuple[sympy.Expr, ...]:
        return tuple(rounded(part, digits) for part in parts)

    return Generator(short(X.xi), short(X.eta), X.coordinates, X.fields)
