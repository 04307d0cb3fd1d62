"""Whether two systems of Euler–Lagrange expressions differ by one constant factor."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.jets import JetSpace
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
    """The only candidate for λ: a ratio ∂first_a/∂u : ∂second_a/∂u that is constant, u a jet; or None."""
    for a, b in zip(first, second, strict=True):
        present = jets.jets_in(b)
        for symbol in sorted(present, key=lambda s: -sum(present[s][1])):
            denominator = sympy.diff(b, symbol)
            if is_zero(denominator):
                continue
            ratio = sympy.simplify(sympy.diff(a, symbol) / denominator)
            constant = not (jets.jets_in(ratio) or ratio.has(*jets.coordinates))
            return ratio if constant and ratio != 0 else None
        if b != 0 and not present:
            ratio = sympy.simplify(a / b)
            return None if jets.jets_in(ratio) or ratio.has(*jets.coordinates) else ratio
    return None
