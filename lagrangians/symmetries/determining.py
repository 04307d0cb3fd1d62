"""The linear conditions that make a vector field a symmetry of equations, or of an action."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sympy

from lagrangians.generators import characteristic
from lagrangians.independent_terms import expanded
from lagrangians.jets import JetSpace
from lagrangians.noether import action_change
from lagrangians.symmetries.ansatz import Ansatz
from lagrangians.symmetries.null_space import Conditions
from lagrangians.symmetries.solved_form import SolvedForm
from lagrangians.variation import euler_operator, evolutionary_derivative


def symmetry_conditions(
    equations: Sequence[sympy.Expr], form: SolvedForm, ansatz: Ansatz, extra: Iterable[sympy.Symbol] = ()
) -> Conditions:
    """pr v_Q(E_ν) = 0 on the solutions of E = 0, for X with the characteristic Q (Olver, theorem 2.31).

    On solutions pr X(E_ν) = pr v_Q(E_ν), because the total derivatives of E_ν vanish there. The conditions
    are linear in the coefficients of `ansatz`; `extra` symbols of its functions count as variables.
    """
    jets = form.jets
    columns = []
    for direction in ansatz.directions:
        Q = characteristic(*ansatz.parts(direction), jets)
        changes = (expanded(evolutionary_derivative(e, Q, jets)) for e in equations)
        columns.append([form.on_solutions(change) for change in changes])
    return Conditions(columns, _variables(columns, jets) | set(extra))


def variational_conditions(
    density: sympy.Expr, jets: JetSpace, fields: Iterable[tuple[Sequence[sympy.Expr], Sequence[sympy.Expr]]]
) -> Conditions:
    """E_a(pr X(ℒ) + ℒ ∂_αξ^α) = 0, Noether's condition up to a divergence, for X = Σ_k a_k X_k.

    `fields`: (ξ, η) of each X_k in plain jet symbols.
    """
    columns = [
        [expanded(e) for e in euler_operator(action_change(density, xi, eta, jets), jets)]
        for xi, eta in fields
    ]
    return Conditions(columns, _variables(columns, jets))


def _variables(columns: Sequence[Sequence[sympy.Expr]], jets: JetSpace) -> set[sympy.Symbol]:
    expressions = sympy.Tuple(*(e for column in columns for e in column))
    return set(jets.jets_in(expressions)) | set(jets.coordinates)
