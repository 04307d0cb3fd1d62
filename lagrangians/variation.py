"""Total derivatives, the Euler operator and its kernel, in plain jet symbols (see `jets`)."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.jets import JetSpace, MultiIndex, raised
from lagrangians.zero import is_zero


def total_derivative(expression: sympy.Expr, coordinate: int, jets: JetSpace) -> sympy.Expr:
    """D_α F = ∂F/∂x^α + Σ_{a,J} φ^a_{J+α} ∂F/∂φ^a_J (Olver, *Applications of Lie Groups*, eq. 2.38)."""
    parts = [sympy.diff(expression, jets.coordinates[coordinate])]
    for symbol, (field, index) in jets.jets_in(expression).items():
        parts.append(sympy.diff(expression, symbol) * jets.symbol(field, raised(index, coordinate)))
    return sympy.Add(*parts)


def total_derivatives(expression: sympy.Expr, index: MultiIndex, jets: JetSpace) -> sympy.Expr:
    """D_J F, the total derivative repeated index[α] times along each coordinate α."""
    for coordinate, count in enumerate(index):
        for _ in range(count):
            expression = total_derivative(expression, coordinate, jets)
    return expression


def euler_operator(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...]:
    """E_a(ℒ) = Σ_J (−1)^|J| D_J ∂ℒ/∂φ^a_J, one plain expression a field (Olver, eq. 4.3).

    Any order of derivatives, any number of coordinates and real fields, explicit coordinates allowed.
    """
    parts: list[list[sympy.Expr]] = [[] for _ in jets.fields]
    for symbol, (field, index) in jets.jets_in(density).items():
        sign = (-1) ** sum(index)
        parts[field].append(sign * total_derivatives(sympy.diff(density, symbol), index, jets))
    return tuple(sympy.Add(*terms) for terms in parts)


def is_null(density: sympy.Expr, jets: JetSpace) -> bool:
    """Whether every E_a(ℒ) vanishes identically, that is ℒ is a total divergence (Olver, theorem 4.7)."""
    return all(is_zero(component) for component in euler_operator(density, jets))


def evolutionary_derivative(
    density: sympy.Expr, characteristic: Sequence[sympy.Expr], jets: JetSpace
) -> sympy.Expr:
    """pr v_Q(ℒ) = Σ_{a,J} (D_J Q^a) ∂ℒ/∂φ^a_J, the change of ℒ under δφ^a = Q^a (Olver, eq. 5.6)."""
    return sympy.Add(
        *(
            total_derivatives(characteristic[field], index, jets) * sympy.diff(density, symbol)
            for symbol, (field, index) in jets.jets_in(density).items()
        )
    )


def boundary_current(
    density: sympy.Expr, characteristic: Sequence[sympy.Expr], jets: JetSpace
) -> tuple[sympy.Expr, ...]:
    """P^α with pr v_Q(ℒ) = Q^a E_a(ℒ) + D_αP^α, by repeated integration by parts.

    For a first-order density P^α = Q^a ∂ℒ/∂φ^a_α. Any order is allowed; derivatives are peeled off from the
    last coordinate to the first, which fixes P up to a trivially conserved current.
    """
    current: list[sympy.Expr] = [sympy.S.Zero] * len(jets.coordinates)
    for symbol, (field, index) in jets.jets_in(density).items():
        factor = sympy.diff(density, symbol)
        while any(index):
            alpha = max(i for i, n in enumerate(index) if n)
            index = raised(index, alpha, -1)
            current[alpha] += total_derivatives(characteristic[field], index, jets) * factor
            factor = -total_derivative(factor, alpha, jets)
    return tuple(current)


def divergence(current: Sequence[sympy.Expr], jets: JetSpace) -> sympy.Expr:
    """D_αJ^α, total derivatives."""
    return sympy.Add(*(total_derivative(component, alpha, jets) for alpha, component in enumerate(current)))


def potential_current(density: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...]:
    """K^α with D_αK^α = ℒ for a null Lagrangian ℒ (homotopy formula, Olver, theorem 5.104).

    Along φ → b + λ(φ − b) the density changes by the divergence of `boundary_current`, so
    K^α = ∫₀¹ P^α[b + λ(φ − b)]/λ dλ plus a current of the coordinates alone. The base point b is 0, or 1
    where 0 is singular. Raises `ValueError` where ℒ is not null or the integral is not elementary.
    """
    if not is_null(density, jets):
        raise ValueError("the density is no total divergence: its Euler operator does not vanish")
    for base in (sympy.S.Zero, sympy.S.One):
        current = _homotopy(density, base, jets)
        if current is not None and is_zero(divergence(current, jets) - density):
            return current
    raise ValueError("no elementary current found whose divergence is the given null Lagrangian")


def _homotopy(density: sympy.Expr, base: sympy.Expr, jets: JetSpace) -> tuple[sympy.Expr, ...] | None:
    lam = sympy.Dummy("lambda", positive=True)
    present = jets.jets_in(density)
    at_base = density.subs({s: base if not any(index) else 0 for s, (_, index) in present.items()})
    if at_base.has(sympy.nan, sympy.zoo, sympy.oo):
        return None
    direction = [jets.symbol(a) - base for a in range(len(jets.fields))]
    current = []
    for component in boundary_current(density, direction, jets):
        rule = {
            s: (base + lam * (s - base)) if not any(index) else lam * s
            for s, (_, index) in jets.jets_in(component).items()
        }
        integrand = sympy.expand(component.subs(rule, simultaneous=True) / lam)
        current.append(_definite(integrand, lam))
    current[0] += sympy.integrate(at_base, jets.coordinates[0])
    if any(part.has(sympy.Integral, sympy.nan, sympy.zoo, sympy.oo) for part in current):
        return None
    return tuple(sympy.expand(part) for part in current)


def _definite(integrand: sympy.Expr, lam: sympy.Symbol) -> sympy.Expr:
    """∫₀¹ dλ by the antiderivative; polynomials in λ need no more."""
    antiderivative = sympy.integrate(integrand, lam)
    if antiderivative.has(sympy.Piecewise):
        antiderivative = sympy.piecewise_fold(antiderivative).args[0][0]
    return sympy.simplify(antiderivative.subs(lam, 1) - sympy.limit(antiderivative, lam, 0))
