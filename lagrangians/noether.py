"""Noether's first theorem in plain jet symbols."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.generators import characteristic, prolonged
from lagrangians.jets import JetSpace
from lagrangians.variation import (
    boundary_current,
    divergence,
    euler_operator,
    is_null,
    potential_current,
    total_derivative,
)
from lagrangians.zero import (
    ROUND_OFF,
    drop_round_off,
    exact,
    floating,
    has_floats,
    is_zero,
    largest_coefficient,
)


def action_change(
    density: sympy.Expr, xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], jets: JetSpace
) -> sympy.Expr:
    """pr X(ℒ) + ℒ D_αξ^α, the change of the action density; a total divergence iff X is variational."""
    spread = sympy.Add(*(total_derivative(part, alpha, jets) for alpha, part in enumerate(xi)))
    return sympy.expand(prolonged(density, xi, eta, jets) + density * spread)


def noether_current(
    density: sympy.Expr, xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], jets: JetSpace
) -> tuple[sympy.Expr, ...]:
    """J^α = P^α(Q) + ξ^αℒ − K^α; see `Lagrangian.noether_current`."""
    approximate = any(has_floats(e) for e in (density, *xi, *eta))
    density, xi, eta = exact(density), [exact(e) for e in xi], [exact(e) for e in eta]
    scale = largest_coefficient(density) * max(largest_coefficient(e) for e in (*xi, *eta))
    change = action_change(density, xi, eta, jets)
    if approximate:
        change = drop_round_off(change, scale)
    if not is_null(change, jets):
        raise ValueError(
            "not a variational symmetry: pr X(ℒ) + ℒ ∂_αξ^α is no total divergence; "
            "check the generator, or find the symmetries with variational_symmetries"
        )
    gauge = potential_current(change, jets) if change != 0 else (sympy.S.Zero,) * len(xi)
    Q = characteristic(xi, eta, jets)
    flow = boundary_current(density, Q, jets)
    current = tuple(sympy.expand(p + x * density - k) for p, x, k in zip(flow, xi, gauge, strict=True))
    equations = euler_operator(density, jets)
    defect = sympy.expand(
        divergence(current, jets) + sympy.Add(*(q * e for q, e in zip(Q, equations, strict=True)))
    )
    if approximate:
        defect = drop_round_off(defect, scale, 10 * ROUND_OFF)
    if not is_zero(defect):
        raise ValueError(
            "the conservation law could not be verified: ∂_αJ^α + Q·E does not vanish identically"
        )
    return tuple(floating(component) for component in current) if approximate else current


def energy_momentum(density: sympy.Expr, jets: JetSpace) -> sympy.ImmutableMatrix:
    """T^α_β = P^α(∂_βφ) − δ^α_β ℒ in plain jet symbols; rows α, columns β."""
    size = len(jets.coordinates)
    columns = []
    for beta in range(size):
        unit = tuple(int(i == beta) for i in range(size))
        velocity = [jets.symbol(a, unit) for a in range(len(jets.fields))]
        columns.append(boundary_current(density, velocity, jets))
    return sympy.ImmutableMatrix(
        size,
        size,
        lambda alpha, beta: sympy.expand(columns[beta][alpha] - (density if alpha == beta else 0)),
    )
