"""Variational point symmetries by a polynomial ansatz."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.density import Lagrangian
from lagrangians.generators import Generator
from lagrangians.symmetries.ansatz import Ansatz, polynomial_ansatz
from lagrangians.symmetries.determining import variational_conditions
from lagrangians.symmetries.null_space import Conditions


def variational_symmetries(
    lagrangian: Lagrangian, degree: int = 1, functions: Sequence[sympy.Expr] = (), seed: int = 0
) -> tuple[Generator, ...]:
    """Basis of all X = ξ^α∂_α + η^a∂_a whose ξ, η are polynomials of total degree ≤ `degree` in coordinates
    and fields (alone and times each of `functions`) and for which pr X(ℒ) + ℒ ∂_αξ^α is a total divergence
    (Noether's condition).

    The condition is linear in the coefficients of the ansatz: the coefficients of independent functions of
    the jets in its Euler operator must vanish. That system is solved exactly over the rational functions
    of the parameters (so the result holds for generic values of them), or by singular values where ℒ has
    float coefficients: then those below 1e-8 of the largest count as zero.
    """
    ansatz = polynomial_ansatz(lagrangian.jets, degree, functions)
    return tuple(sorted_generators(ansatz, action_conditions(lagrangian, ansatz).solutions(seed)))


def action_conditions(lagrangian: Lagrangian, ansatz: Ansatz) -> Conditions:
    """Noether's condition for the vector fields of an ansatz."""
    parts = (ansatz.parts(direction) for direction in ansatz.directions)
    return variational_conditions(lagrangian.jet_density, lagrangian.jets, parts)


def sorted_generators(ansatz: Ansatz, rows: Sequence[Sequence[sympy.Expr]]) -> list[Generator]:
    """The vector fields of the rows, those of low degree first, common denominators cleared."""
    return [ansatz.generator(cleared(row)) for row in sorted(rows, key=lambda row: _degree(ansatz, row))]


def cleared(row: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    """The row times the least common denominator of its entries; rows with floats stay as they are."""
    if any(value.has(sympy.Float) for value in row):
        return list(row)
    denominators = [sympy.fraction(sympy.together(value))[1] for value in row if value != 0]
    common = sympy.lcm_list(denominators) if denominators else sympy.S.One
    return [sympy.expand(sympy.cancel(value * common)) for value in row]


def _degree(ansatz: Ansatz, row: Sequence[sympy.Expr]) -> tuple[bool, int]:
    """Polynomials before other functions, then the largest number of factors that are variables."""
    used = [f for (_, f), value in zip(ansatz.directions, row, strict=True) if value != 0]
    other = any(f.atoms(sympy.Function) for f in used)
    powers = [sum(int(p) if p.is_Integer else 1 for p in f.as_powers_dict().values() if f != 1) for f in used]
    return other, max(powers, default=0)
