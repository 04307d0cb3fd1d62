"""Total derivatives, the Euler operator and its kernel, in plain jet symbols (see `jets`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from lagrangians.jets import JetSpace, MultiIndex, Shift, raised
from lagrangians.zero import is_zero

Characteristic = Sequence[sympy.Expr] | Mapping[int, sympy.Expr]  # Q^a by the number of the field


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

    Any order of derivatives, any number of coordinates and fields (ψ and ψ̄ are two), explicit coordinates
    allowed. On a lattice E_a(ℒ) = Σ_{k,J} (−1)^|J| D_J S^{−k} ∂ℒ/∂q^a_J(n + k), that of ∫ Σ_n ℒ (Kupershmidt,
    *Discrete Lax equations and differential-difference calculus*, Astérisque 123, 1985).
    """
    parts: list[list[sympy.Expr]] = [[] for _ in jets.fields]
    for symbol, (number, index) in jets.jets_in(density).items():
        field, shift = jets.site(number)
        slope = jets.shifted(sympy.diff(density, symbol), opposite(shift))
        parts[field].append((-1) ** sum(index) * total_derivatives(slope, index, jets))
    return tuple(sympy.Add(*terms) for terms in parts)


def opposite(shift: Shift) -> Shift:
    """−k."""
    return tuple(-k for k in shift)


def is_null(density: sympy.Expr, jets: JetSpace) -> bool:
    """Whether every E_a(ℒ) vanishes identically, that is ℒ is a total divergence (Olver, theorem 4.7); on a
    lattice D_αK^α + (S − 1)K^n.
    """
    return all(is_zero(component) for component in euler_operator(density, jets))


def has_euler_lagrange(density: sympy.Expr, equations: Sequence[sympy.Expr], jets: JetSpace) -> bool:
    """Whether E_a(ℒ) = equations_a identically, for every a."""
    return all(is_zero(a - b) for a, b in zip(euler_operator(density, jets), equations, strict=True))


def evolutionary_derivative(
    density: sympy.Expr, characteristic: Characteristic, jets: JetSpace
) -> sympy.Expr:
    """pr v_Q(ℒ) = Σ_{a,J} (D_J Q^a) ∂ℒ/∂φ^a_J, the change of ℒ under δφ^a = Q^a (Olver, eq. 5.6)."""
    return sympy.Add(
        *(
            total_derivatives(characteristic[field], index, jets) * sympy.diff(density, symbol)
            for symbol, (field, index) in jets.jets_in(density).items()
        )
    )


def boundary_current(
    density: sympy.Expr, characteristic: Characteristic, jets: JetSpace
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
