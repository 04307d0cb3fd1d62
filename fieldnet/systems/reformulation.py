"""Equations that `FieldSystem` runs, derived from densities whose own equations are not of that kind."""

from __future__ import annotations

import sympy

from lagrangians import Lagrangian, to_text
from lagrangians.jets import raised


def fourth_order_pair(lagrangian: Lagrangian) -> list[str]:
    """q_tt = s, s_tt = F(q, q_t, s, s_t) for a theory of fourth order in time with one field."""
    ((left, right),) = lagrangian.equations_of_motion().items()
    jets = lagrangian.jets
    if jets.to_jets(left) != jets.symbol(0, raised(jets.zero, 0, 4)):
        raise ValueError(f"got an equation for {left}, expected the fourth time derivative of one field")
    name = jets.field_names[0]
    curvature = f"{name}2"
    rules = {
        jets.symbol(0, raised(jets.zero, 0, 2)): sympy.Symbol(curvature),
        jets.symbol(0, raised(jets.zero, 0, 3)): sympy.Symbol(f"{curvature}_t"),
    }
    force = jets.to_jets(right).xreplace(rules)
    return [f"{name}_tt = {curvature}", f"{curvature}_tt = {to_text(force)}"]


def most_probable_path(lagrangian: Lagrangian) -> list[str]:
    """θ̇ = F, where the action of Freidlin–Wentzell or Onsager–Machlup has ∂ℒ/∂θ̇ = 0."""
    jets = lagrangian.jets
    velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
    slopes = [jets.to_jets(momentum) for momentum in lagrangian.momenta()]
    (solved,) = sympy.solve(slopes, velocities, dict=True)
    return [f"{velocity} = {to_text(jets.to_functions(solved[velocity]))}" for velocity in velocities]
