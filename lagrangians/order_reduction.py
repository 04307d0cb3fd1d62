"""Densities of the lowest order with given field equations."""

from __future__ import annotations

from lagrangians.density import Lagrangian
from lagrangians.descent import descend
from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.variation import euler_operator, has_euler_lagrange
from lagrangians.zero import exact, floating, has_floats


def lowest_order(theory: Lagrangian) -> Lagrangian:
    """ℒ minus a total divergence, so that the order of the derivatives is as low as these methods reach.

    Two are tried: a density made anew from the Euler–Lagrange expressions (`descend`), and integration by
    parts of what is polynomial in the derivatives; the result has the same E_a, and is the theory itself
    where neither lowers the order.
    """
    jets = theory.jets
    density = exact(theory.jet_density)
    equations = euler_operator(density, jets)
    anew, rest = descend(equations, jets)
    candidates = [integrate_by_parts(density, jets)[0]] + ([] if any(e != 0 for e in rest) else [anew])
    best = min(candidates, key=jets.order)
    same = has_euler_lagrange(best, equations, jets)
    if not same or jets.order(best) >= jets.order(density):
        return theory
    best = floating(best) if has_floats(theory.density) else best
    return Lagrangian(jets.to_functions(best), theory.fields, theory.coordinates, theory.parameters)
