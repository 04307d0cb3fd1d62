"""`find_symmetries`: Lie point symmetries of equations, and which of them are variational."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.conjugates import conjugate_pairs
from lagrangians.density import Lagrangian
from lagrangians.equations import vanishing_expression
from lagrangians.generators import Generator
from lagrangians.independent_terms import numerator
from lagrangians.jets import JetSpace, jet_space
from lagrangians.symmetries.algebra import SymmetryAlgebra
from lagrangians.symmetries.ansatz import Ansatz, polynomial_ansatz
from lagrangians.symmetries.arbitrary import arbitrary_functions
from lagrangians.symmetries.determining import symmetry_conditions, variational_conditions
from lagrangians.symmetries.lie_algebra import coordinates_in
from lagrangians.symmetries.solved_form import solved_form
from lagrangians.symmetries.variational import action_conditions, sorted_generators
from lagrangians.zero import has_floats, is_zero, require_analytic


def find_symmetries(
    theory: Lagrangian | sympy.Expr | sympy.Eq | Sequence[sympy.Expr | sympy.Eq],
    degree: int = 1,
    functions: Sequence[sympy.Expr] = (),
    fields: Sequence[str | AppliedUndef] | None = None,
    coordinates: Sequence[str | sympy.Symbol] | None = None,
    seed: int = 0,
) -> SymmetryAlgebra:
    """Point symmetries X = ξ^α(x, φ)∂_α + η^a(x, φ)∂_a of a theory, as an algebra.

    `theory`: a `Lagrangian`, or equations (expressions that vanish, or `Eq`) that need not have one; then
    `fields` and `coordinates` are read from them unless given. ξ and η are sought among the polynomials of
    total degree ≤ `degree` in coordinates and fields, alone and times each of `functions` (expressions in
    coordinates and fields, such as sin(t)).

    X is a symmetry if pr X(E_ν) = 0 on the solutions of E = 0 (Olver, theorem 2.31); it is variational if
    pr X(ℒ) + ℒ∂_αξ^α is a total divergence. Both conditions are linear and are solved exactly, for generic
    values of the parameters (by singular values where coefficients are floats). The basis of the result
    contains bases of the variational subalgebra and, for linear equations, of the superposition part.
    Raises `ValueError` for equations that cannot be solved for leading derivatives.
    """
    if isinstance(theory, Lagrangian) and conjugate_pairs(theory.fields):
        return complex_symmetries(theory, degree, functions, seed)
    jets, equations, lagrangian = _read(theory, fields, coordinates)
    for equation in equations:
        require_analytic(equation)
    equations = [numerator(e) for e in equations]
    form = solved_form(equations, jets)
    ansatz = polynomial_ansatz(jets, degree, functions)
    linear = _is_linear(equations, jets)
    parts = ansatz.split() if linear else (ansatz, Ansatz(jets, ()))
    generators: list[Generator] = []
    variational: list[bool] = []
    superposition: list[bool] = []
    for part, is_shift in zip(parts, (False, True), strict=True):
        rows = symmetry_conditions(equations, form, part).solutions(seed)
        kept, others = _adapted(rows, part, lagrangian, seed)
        generators += [*sorted_generators(part, kept), *sorted_generators(part, others)]
        variational += [True] * len(kept) + [False] * len(others)
        superposition += [is_shift] * (len(kept) + len(others))
    families = arbitrary_functions(equations, form, linear)
    return SymmetryAlgebra(tuple(generators), tuple(variational), tuple(superposition), degree, families)


def complex_symmetries(
    theory: Lagrangian, degree: int, functions: Sequence[sympy.Expr], seed: int
) -> SymmetryAlgebra:
    """Symmetries of a theory with complex fields ψ, found for Re ψ and Im ψ and written with ψ and ψ̄."""
    real = theory.real_form()
    to_complex: dict[sympy.Expr, sympy.Expr] = {}
    to_real: dict[sympy.Expr, sympy.Expr] = {}
    parts: dict[AppliedUndef, tuple[AppliedUndef, AppliedUndef, sympy.Expr]] = {}
    for a, b in conjugate_pairs(theory.fields):
        psi, bar = theory.fields[a], theory.fields[b]
        u, v = (f(*psi.args) for f in map(sympy.Function, (f"{psi.func}_re", f"{psi.func}_im")))
        to_complex |= {u: (psi + bar) / 2, v: (psi - bar) / (2 * sympy.I)}
        to_real |= {psi: u + sympy.I * v, sympy.conjugate(psi): u - sympy.I * v, bar: u - sympy.I * v}
        parts |= {psi: (u, v, sympy.I), bar: (u, v, -sympy.I)}
    given = [sympy.sympify(f).xreplace(to_real) for f in functions]
    found = find_symmetries(real, degree, given, seed=seed)

    def written(X: Generator) -> Generator:
        eta = dict(zip(real.fields, X.eta, strict=True))
        changes = []
        for field in theory.fields:
            if field in parts:
                u, v, unit = parts[field]
                changes.append(eta[u] + unit * eta[v])
            else:
                changes.append(eta[field])
        return Generator(
            tuple(sympy.expand(part.xreplace(to_complex)) for part in X.xi),
            tuple(sympy.expand(part.xreplace(to_complex)) for part in changes),
            theory.coordinates,
            theory.fields,
        )

    return replace(found, generators=tuple(map(written, found.generators)))


def _read(
    theory: Any,
    fields: Sequence[str | AppliedUndef] | None,
    coordinates: Sequence[str | sympy.Symbol] | None,
) -> tuple[JetSpace, list[sympy.Expr], Lagrangian | None]:
    if isinstance(theory, Lagrangian):
        if theory.lattice:
            raise ValueError("got a theory on an infinite lattice; take a finite chain of it, ring(count)")
        jets = theory.jets
        return jets, [jets.to_jets(e) for e in theory.euler_lagrange()], theory
    listed = list(theory) if isinstance(theory, Sequence | sympy.Tuple) else [theory]
    expressions = [vanishing_expression(e) for e in listed]
    if not expressions:
        raise ValueError("expected a Lagrangian or at least one equation, got none")
    if fields is None:
        found = sympy.Tuple(*expressions).atoms(AppliedUndef)
        fields = sorted(found, key=str)
        if not fields:
            raise ValueError("got equations without fields such as u(t, x); write sympy.Function('u')(t, x)")
    if coordinates is None:
        applied = [f for f in fields if isinstance(f, AppliedUndef)]
        if not applied:
            raise ValueError("expected coordinates=... beside the names of fields")
        coordinates = applied[0].args
    jets = jet_space(fields, coordinates)
    return jets, [jets.to_jets(e) for e in expressions], None


def _adapted(
    rows: list[list[sympy.Expr]], ansatz: Ansatz, lagrangian: Lagrangian | None, seed: int
) -> tuple[list[list[sympy.Expr]], list[list[sympy.Expr]]]:
    """(basis of the variational combinations, rows that complete it)."""
    if lagrangian is None or not rows:
        return [], rows
    if any(has_floats(value) for row in rows for value in row) or has_floats(lagrangian.density):
        return _completed(action_conditions(lagrangian, ansatz).solutions(seed), rows)
    jets = ansatz.jets
    plain = [
        ([jets.to_jets(part) for part in X.xi], [jets.to_jets(part) for part in X.eta])
        for X in map(ansatz.generator, rows)
    ]
    combinations = variational_conditions(lagrangian.jet_density, jets, plain).solutions(seed)
    columns = list(zip(*rows, strict=True))
    kept = [
        [sympy.Add(*(a * v for a, v in zip(combination, column, strict=True))) for column in columns]
        for combination in combinations
    ]
    chosen = list(combinations)
    others = []
    for i, row in enumerate(rows):
        unit = [sympy.Integer(i == j) for j in range(len(rows))]
        if coordinates_in(chosen, unit) is None:
            chosen.append(unit)
            others.append(row)
    return kept, others


def _completed(
    kept: list[list[sympy.Expr]], rows: list[list[sympy.Expr]]
) -> tuple[list[list[sympy.Expr]], list[list[sympy.Expr]]]:
    """(kept, the rows outside of their span to 1e-6), for numbers that carry round-off."""
    import numpy as np

    chosen = np.array(kept, dtype=float).reshape(len(kept), len(rows[0]))
    others = []
    for row in rows:
        vector = np.array(row, dtype=float)
        rest = vector - chosen.T @ np.linalg.lstsq(chosen.T, vector, rcond=None)[0] if len(chosen) else vector
        if np.abs(rest).max() > 1e-6 * np.abs(vector).max():
            others.append(row)
            chosen = np.vstack([chosen, vector])
    return kept, others


def _is_linear(equations: Sequence[sympy.Expr], jets: JetSpace) -> bool:
    """Whether every equation is linear and homogeneous in the fields and their derivatives."""
    for equation in equations:
        present = jets.jets_in(equation)
        for symbol in present:
            if jets.jets_in(sympy.diff(equation, symbol)):
                return False
        if not is_zero(equation.xreplace(dict.fromkeys(present, sympy.S.Zero))):
            return False
    return True
