"""A density for self-adjoint equations: Vainberg and Tonti's integral, lowered in order."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.jets import JetSpace
from lagrangians.null_currents import antiderivative, integral_along_ray
from lagrangians.trigonometry import multiple_angles
from lagrangians.variation import has_euler_lagrange
from lagrangians.zero import is_zero

BASES = (sympy.S.Zero, sympy.S.One)


def tonti_density(
    equations: Sequence[sympy.Expr], jets: JetSpace, base: sympy.Expr | None = None
) -> sympy.Expr:
    """ℒ with E_a(ℒ) = equations_a, in plain jet symbols, for self-adjoint equations.

    ℒ = (φ^a − b)∫₀¹ E_a[b + λ(φ − b)] dλ (Olver, eq. 5.95, there for b = 0), taken for the terms with
    derivatives; the potential, −∂V/∂φ^a = E_a at ∂φ = 0, is integrated field by field, so that it may be
    singular at b. Base points b: `base` alone, or 0, then 1. Divergences that carry high derivatives are
    integrated by parts. The equations of the result are verified. Raises `ValueError` where no base point
    gives an elementary integral.
    """
    for point in BASES if base is None else (sympy.sympify(base),):
        for split in (True, False):
            density = _integral(equations, jets, point, split)
            if density is not None:
                lowered, _ = integrate_by_parts(density, jets)
                for candidate in (lowered, density):
                    if has_euler_lagrange(candidate, equations, jets):
                        return sympy.expand(candidate)
    advice = "pass base=..., a value of the fields" if base is None else "another base may serve"
    raise ValueError(f"the equations are self-adjoint, but Tonti's integral is not elementary; {advice}")


def _integral(
    equations: Sequence[sympy.Expr], jets: JetSpace, base: sympy.Expr, split: bool
) -> sympy.Expr | None:
    static = [_at_rest(e, jets) if split else sympy.S.Zero for e in equations]
    density = _potential(static, jets) if split else sympy.S.Zero
    if density is None:
        return None
    for field, (equation, part) in enumerate(zip(equations, static, strict=True)):
        moving = multiple_angles(equation - part)
        if moving == 0:
            continue
        ray = integral_along_ray(moving, jets, base)
        if ray is None:
            return None
        density += (jets.symbol(field) - base) * ray
    return sympy.expand(density)


def _at_rest(equation: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """The equation at ∂φ = 0."""
    rule = {s: sympy.S.Zero for s, (_, index) in jets.jets_in(equation).items() if any(index)}
    return sympy.expand(equation.xreplace(rule))


def _potential(forces: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr | None:
    """U with ∂U/∂φ^a = forces_a, field by field; None where that fails."""
    total = sympy.S.Zero
    for field, force in enumerate(forces):
        rest = sympy.expand(force - sympy.diff(total, jets.symbol(field)))
        if is_zero(rest):
            continue
        part = antiderivative(rest, jets.symbol(field))
        if part is None:
            return None
        total += part
    return total
