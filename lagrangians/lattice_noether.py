"""Conservation laws of lattice theories: D_αJ^α + Σ_n (S_n − 1)J^n + Q^aE_a ≡ 0."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.generators import characteristic
from lagrangians.lattice import LatticeJets
from lagrangians.null_currents import antiderivative, at_base, integral_along_ray
from lagrangians.variation import (
    boundary_current,
    divergence,
    euler_operator,
    evolutionary_derivative,
    is_null,
    opposite,
    total_derivatives,
)
from lagrangians.zero import exact, floating, has_floats, is_zero

Current = tuple[sympy.Expr, ...]


def lattice_divergence(current: Sequence[sympy.Expr], jets: LatticeJets) -> sympy.Expr:
    """D_αJ^α + Σ_n (S_n − 1)J^n; the components along the coordinates come first, then one a label."""
    size = len(jets.coordinates)
    steps = (jets.difference(part, label) for label, part in enumerate(current[size:]))
    return sympy.Add(divergence(current[:size], jets), *steps)


def lattice_boundary_current(density: sympy.Expr, Q: Sequence[sympy.Expr], jets: LatticeJets) -> Current:
    """(P^α, R^n) with pr v_Q(ℒ) = Q^aE_a + D_αP^α + Σ_n (S_n − 1)R^n.

    Integration by parts at each site, then (S^kQ)E_k = Q S^{−k}E_k + (S^k − 1)(Q S^{−k}E_k), with E_k the
    ordinary Euler operator of q(n + k), and S^k − 1 = (S − 1)(1 + S + … + S^{k−1}).
    """
    ordinary = boundary_current(density, _copies(density, Q, jets), jets)
    along: list[sympy.Expr] = [sympy.S.Zero] * len(jets.labels)
    for number, equation in copy_equations(density, jets).items():
        field, shift = jets.site(number)
        work = Q[field] * jets.shifted(equation, opposite(shift))
        for label, count in enumerate(shift):
            along[label] += _telescope(work, label, count, jets)
            work = jets.shifted(work, jets.step(label, count))
    return (*ordinary, *along)


def copy_equations(density: sympy.Expr, jets: LatticeJets) -> dict[int, sympy.Expr]:
    """The ordinary Euler operator of each copy q(n + k) that occurs, by its number."""
    parts: dict[int, list[sympy.Expr]] = {}
    for symbol, (number, index) in jets.jets_in(density).items():
        term = total_derivatives(sympy.diff(density, symbol), index, jets)
        parts.setdefault(number, []).append((-1) ** sum(index) * term)
    return {number: sympy.Add(*terms) for number, terms in parts.items()}


def _telescope(expression: sympy.Expr, label: int, count: int, jets: LatticeJets) -> sympy.Expr:
    """R with (S − 1)R = (S^count − 1)F."""
    steps = range(count) if count > 0 else range(count, 0)
    sign = 1 if count > 0 else -1
    return sign * sympy.Add(*(jets.shifted(expression, jets.step(label, j)) for j in steps))


def _copies(expression: sympy.Expr, Q: Sequence[sympy.Expr], jets: LatticeJets) -> dict[int, sympy.Expr]:
    """S^kQ^a by the number of the copy q^a(n + k), for the copies in the expression."""
    numbers = {number for number, _ in jets.jets_in(expression).values()}
    sites = {number: jets.site(number) for number in numbers}
    return {number: jets.shifted(Q[field], shift) for number, (field, shift) in sites.items()}


def lattice_evolution(density: sympy.Expr, Q: Sequence[sympy.Expr], jets: LatticeJets) -> sympy.Expr:
    """pr v_Q(ℒ) = Σ (D_J S^kQ^a) ∂ℒ/∂q^a_J(n + k)."""
    return evolutionary_derivative(density, _copies(density, Q, jets), jets)


def lattice_noether_current(
    density: sympy.Expr, xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], jets: LatticeJets
) -> Current:
    """(J^α, J^n) with D_αJ^α + Σ_n (S_n − 1)J^n + Q^aE_a ≡ 0, for a variational symmetry of Σ_n ∫ℒ.

    pr v_Q(ℒ) + D_α(ξ^αℒ) must be a divergence D_αK^α + (S − 1)K^n, which is found; the identity is verified.
    Raises `ValueError` where ξ depends on the site or its fields (all sites share their coordinates), and
    where the generator is no variational symmetry.
    """
    for part in xi:
        if jets.jets_in(part) or part.has(*jets.labels):
            raise ValueError(f"got the component ξ = {part}, expected a function of the coordinates alone")
    approximate = any(has_floats(e) for e in (density, *xi, *eta))
    density, xi, eta = exact(density), [exact(e) for e in xi], [exact(e) for e in eta]
    Q = characteristic(xi, eta, jets)
    transport = [part * density for part in xi]
    change = sympy.expand(lattice_evolution(density, Q, jets) + divergence(transport, jets))
    if not is_null(change, jets):
        raise ValueError(
            "not a variational symmetry: pr X(ℒ) + ℒ ∂_αξ^α is no total divergence and no difference of sites"
        )
    gauge = null_lattice_current(change, jets)
    moved = [*transport, *(sympy.S.Zero for _ in jets.labels)]
    flow = lattice_boundary_current(density, Q, jets)
    current = tuple(sympy.expand(p + x - k) for p, x, k in zip(flow, moved, gauge, strict=True))
    equations = euler_operator(density, jets)
    work = sympy.Add(*(q * e for q, e in zip(Q, equations, strict=True)))
    if not is_zero(lattice_divergence(current, jets) + work):
        raise ValueError(
            "the conservation law could not be verified: D_αJ^α + (S − 1)J^n + Q·E does not vanish"
        )
    return tuple(floating(component) for component in current) if approximate else current


def null_lattice_current(density: sympy.Expr, jets: LatticeJets) -> Current:
    """K with D_αK^α + Σ_n (S_n − 1)K^n = ℒ for a density whose Euler operator vanishes.

    By the homotopy q → b + λ(q − b) with the base point b = 0, or 1 where 0 is singular; what ℒ is at b is
    integrated along the first coordinate. Raises `ValueError` where no elementary current is found.
    """
    size = len(jets.coordinates) + len(jets.labels)
    if is_zero(density):
        return (sympy.S.Zero,) * size
    for base in (sympy.S.Zero, sympy.S.One):
        Q = [jets.symbol(a) - base for a in range(len(jets.fields))]
        flow = lattice_boundary_current(density, Q, jets)
        parts = [integral_along_ray(part, jets, base, over_parameter=True) for part in flow]
        remainder = antiderivative(at_base(density, jets, base), jets.coordinates[0])
        if remainder is None or any(part is None for part in parts):
            continue
        current = (parts[0] + remainder, *parts[1:])
        if is_zero(lattice_divergence(current, jets) - density):
            return current
    raise ValueError("no elementary current found whose divergence is the given null density")
