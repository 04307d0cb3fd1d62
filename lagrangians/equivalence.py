"""Whether two systems of Euler–Lagrange expressions differ by one constant factor."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.jets import JetSpace
from lagrangians.normal_form import normal_form
from lagrangians.zero import is_zero


def proportional(
    first: Sequence[sympy.Expr], second: Sequence[sympy.Expr], jets: JetSpace, tolerance: float = 0.0
) -> bool:
    """Whether first_a = λ second_a for all a with one constant λ ≠ 0 (free of jets and coordinates).

    Two vanishing systems are proportional, a vanishing and a non-vanishing one are not.
    """
    if tolerance > 0:
        from lagrangians.sampling import relative_residual  # loads NumPy

        return relative_residual(first, second, jets) <= tolerance
    nulls = [all(is_zero(e) for e in system) for system in (first, second)]
    if any(nulls):
        return all(nulls)
    factor = constant_ratio(first, second, jets)
    return factor is not None and all(is_zero(a - factor * b) for a, b in zip(first, second, strict=True))


def constant_ratio(
    first: Sequence[sympy.Expr], second: Sequence[sympy.Expr], jets: JetSpace
) -> sympy.Expr | None:
    """The only candidate for λ: a ratio ∂first_a/∂u : ∂second_a/∂u, u a jet, cancelled, and taken at one
    point where it is still no constant; None where it vanishes.
    """
    for a, b in zip(first, second, strict=True):
        present = jets.jets_in(b)
        pairs = (
            (sympy.diff(a, symbol), sympy.diff(b, symbol))
            for symbol in sorted(present, key=lambda s: -sum(present[s][1]))
        )
        for numerator, denominator in pairs if present else [(a, b)]:
            if not is_zero(denominator):
                return _ratio(numerator, denominator, jets)
    return None


def _ratio(numerator: sympy.Expr, denominator: sympy.Expr, jets: JetSpace) -> sympy.Expr | None:
    ratio = sympy.cancel(sympy.together(normal_form(numerator) / normal_form(denominator)))
    varying = [*jets.jets_in(ratio), *(x for x in jets.coordinates if ratio.has(x))]
    if varying:
        numbers = {s: sympy.Rational(7 + 2 * i, 11 + i) for i, s in enumerate(varying)}
        ratio = ratio.xreplace(numbers)
    return None if ratio == 0 or ratio.has(sympy.nan, sympy.zoo, sympy.oo) else ratio
