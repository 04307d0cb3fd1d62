"""Noether's first theorem in plain jet symbols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sympy

from lagrangians.generators import characteristic, prolonged
from lagrangians.independent_terms import rationalised
from lagrangians.jets import JetSpace
from lagrangians.null_currents import null_current
from lagrangians.variation import (
    boundary_current,
    divergence,
    euler_operator,
    evolutionary_derivative,
    is_null,
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

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian


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
    refusal = (
        "not a variational symmetry: pr X(ℒ) + ℒ ∂_αξ^α is no total divergence; "
        "check the generator, or find the symmetries with variational_symmetries"
    )
    change = action_change(density, xi, eta, jets)
    transport = [x * density for x in xi]
    Q = characteristic(xi, eta, jets)
    return _verified(density, Q, change, transport, jets, scale if approximate else None, refusal)


def evolutionary_current(
    density: sympy.Expr, characteristic: Sequence[sympy.Expr], jets: JetSpace
) -> tuple[sympy.Expr, ...]:
    """J^α = P^α(Q) − K^α for δφ^a = Q^a; see `conserved_current`."""
    approximate = any(has_floats(e) for e in (density, *characteristic))
    density, Q = exact(density), [exact(q) for q in characteristic]
    scale = largest_coefficient(density) * max(largest_coefficient(q) for q in Q)
    refusal = "not a variational symmetry: pr v_Q(ℒ) is no total divergence; check the characteristic Q"
    change = sympy.expand(evolutionary_derivative(density, Q, jets))
    transport = [sympy.S.Zero] * len(jets.coordinates)
    return _verified(density, Q, change, transport, jets, scale if approximate else None, refusal)


def conserved_current(
    lagrangian: Lagrangian, characteristic: Sequence[sympy.Expr] | sympy.Expr
) -> tuple[sympy.Expr, ...]:
    """J^α = P^α(Q) − K^α with ∂_αJ^α + Q^aE_a ≡ 0 for a variational symmetry δφ^a = Q^a(x, φ, ∂φ, …).

    The characteristic may hold derivatives of any order: generalised symmetries such as φ_xxx + ½φ_x³ of
    Sine-Gordon in light-cone coordinates (Olver, *Applications of Lie Groups*, theorem 5.58). pr v_Q(ℒ) =
    Q^aE_a + D_αP^α always, and = D_αK^α for a symmetry; K^α is found here and the identity verified. Raises
    `ValueError` where pr v_Q(ℒ) is no divergence, or for a wrong number of components.
    """
    jets = lagrangian.jets
    given = characteristic if isinstance(characteristic, Sequence | sympy.Tuple) else (characteristic,)
    if len(given) != len(jets.fields):
        raise ValueError(f"got {len(given)} components Q, expected {len(jets.fields)}, one a field")
    Q = [sympy.expand(jets.to_jets(q)) for q in given]
    current = evolutionary_current(lagrangian.jet_density, Q, jets)
    return tuple(jets.to_functions(component) for component in current)


def _verified(
    density: sympy.Expr,
    Q: Sequence[sympy.Expr],
    change: sympy.Expr,
    transport: Sequence[sympy.Expr],
    jets: JetSpace,
    scale: float | None,
    refusal: str,
) -> tuple[sympy.Expr, ...]:
    """P^α(Q) + transport^α − K^α, D_αK^α = change, once ∂_αJ^α + Q·E ≡ 0 is verified.

    With a `scale`, that of the coefficients of a theory with floats, round-off is dropped and the current has
    floats. Raises `ValueError` with the text `refusal` where the change is no divergence.
    """
    if scale is not None:
        change = drop_round_off(change, scale)
    if not is_null(change, jets):
        raise ValueError(refusal)
    change = rationalised(change)
    gauge = null_current(change, jets) if change != 0 else (sympy.S.Zero,) * len(transport)
    flow = boundary_current(density, Q, jets)
    current = tuple(sympy.expand(p + x - k) for p, x, k in zip(flow, transport, gauge, strict=True))
    equations = euler_operator(density, jets)
    defect = sympy.expand(
        divergence(current, jets) + sympy.Add(*(q * e for q, e in zip(Q, equations, strict=True)))
    )
    if scale is not None:
        defect = drop_round_off(defect, scale, 10 * ROUND_OFF)
    if not is_zero(defect):
        raise ValueError(
            "the conservation law could not be verified: ∂_αJ^α + Q·E does not vanish identically"
        )
    return current if scale is None else tuple(floating(component) for component in current)


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
