"""Helmholtz conditions: whether equations are the Euler–Lagrange equations of some density."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import comb, prod
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.equations import vanishing_expression
from lagrangians.jets import JetSpace, MultiIndex, jet_name, jet_space
from lagrangians.variation import total_derivatives
from lagrangians.zero import is_zero, require_analytic


@dataclass(frozen=True)
class HelmholtzCondition:
    """Coefficient of D_J in D_E − D_E*, for one pair of fields: `value` = 0 is the condition.

    `row`: number of the equation, `column`: number of the field, `index`: J; `value` in applied functions.
    """

    row: int
    column: int
    index: MultiIndex
    value: sympy.Expr
    text: str

    @property
    def holds(self) -> bool:
        return is_zero(self.value)

    def __str__(self) -> str:
        return f"{self.text} = {self.value}"


def helmholtz_conditions(
    equations: Sequence[Any],
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
) -> tuple[HelmholtzCondition, ...]:
    """Self-adjointness of the linearised operator, D_E = D_E* (Olver, theorem 5.92), for equations E_a = 0 in
    field order, of any order and in any number of coordinates:

        ∂E_a/∂φ^b_J − Σ_{K ≥ J} (−1)^|K| C(K, J) D_{K−J} ∂E_b/∂φ^a_K = 0   for all a, b, J.

    All of them hold iff E is the Euler–Lagrange expression of a density (where the jets form a star-shaped
    domain). Raises `ValueError` unless there is one equation a field.
    """
    jets = jet_space(fields, coordinates)
    plain = plain_equations(equations, jets)
    return tuple(
        HelmholtzCondition(a, b, index, jets.to_functions(value), condition_text(a, b, index, jets))
        for (a, b, index), value in self_adjointness(plain, jets).items()
    )


def plain_equations(equations: Sequence[Any], jets: JetSpace) -> list[sympy.Expr]:
    """Expressions that vanish, in plain jet symbols, from expressions or `Eq`."""
    listed = list(equations) if isinstance(equations, Sequence | sympy.Tuple) else [equations]
    sides = [vanishing_expression(e) for e in listed]
    if not listed:
        raise ValueError("got no equations, expected at least one")
    if len(listed) != len(jets.fields):
        raise ValueError(f"got {len(listed)} equations, expected {len(jets.fields)}, one a field")
    for side in sides:
        require_analytic(side)
    return [sympy.expand(jets.to_jets(e)) for e in sides]


def condition_text(a: int, b: int, index: MultiIndex, jets: JetSpace, name: str = "E") -> str:
    """What a condition compares, in jet names; `name`: what the equations are called."""
    jet = jet_name(jets.field_names[b], jets.coordinate_names, index)
    mirrored = jet_name(jets.field_names[a], jets.coordinate_names, index)
    first, second = jets.field_names[a], jets.field_names[b]
    return f"∂{name}_{first}/∂{jet} − (adjoint of ∂{name}_{second}/∂{mirrored})"


def self_adjointness(
    equations: Sequence[sympy.Expr], jets: JetSpace
) -> dict[tuple[int, int, MultiIndex], sympy.Expr]:
    """{(a, b, J): coefficient of D_J in (D_E − D_E*)_ab} in plain jet symbols, zero entries included."""
    present = [jets.jets_in(e) for e in equations]
    linear = {
        (a, b, index): sympy.diff(equation, symbol)
        for a, (equation, places) in enumerate(zip(equations, present, strict=True))
        for symbol, (b, index) in places.items()
    }
    parts: dict[tuple[int, int, MultiIndex], list[sympy.Expr]] = {}
    for (a, b, index), coefficient in linear.items():
        parts.setdefault((a, b, index), []).append(coefficient)
        for lower in product(*(range(n + 1) for n in index)):
            rest = tuple(n - m for n, m in zip(index, lower, strict=True))
            factor = (-1) ** sum(index) * prod(map(comb, index, lower))
            term = factor * total_derivatives(coefficient, rest, jets)
            parts.setdefault((b, a, lower), []).append(-term)
    return {key: sympy.expand(sympy.Add(*terms)) for key, terms in sorted(parts.items(), key=_order)}


def _order(item: tuple[tuple[int, int, MultiIndex], Any]) -> tuple:
    (a, b, index), _ = item
    return -sum(index), index, a, b
