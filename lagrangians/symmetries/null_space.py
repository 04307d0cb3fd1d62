"""Linear conditions on the coefficients of an ansatz and their solutions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import sympy
from sympy.polys.matrices import DomainMatrix

from lagrangians.independent_terms import Terms, independent_terms, is_plain
from lagrangians.zero import has_floats

NULL_TOLERANCE = 1e-8  # singular values below this part of the largest are zero
ROUND_OFF = 1e-12
SNAP = 1e-7  # entries this close to a fraction with a small denominator are that fraction
LARGEST_DENOMINATOR = 24


@dataclass(frozen=True)
class Conditions:
    """Σ_k a_k columns[k][ν] = 0 for every ν, as identities in `variables`, for constants a_k.

    `columns` are expressions, one list a coefficient; all symbols but `variables` are parameters.
    """

    columns: Sequence[Sequence[sympy.Expr]]
    variables: Collection[sympy.Symbol]

    def solutions(self, seed: int = 0) -> list[list[sympy.Expr]]:
        """Basis of all solutions a in reduced echelon form, one row a solution.

        Exact where the expressions are: the coefficients of independent functions of the variables must
        vanish, a linear system over the rational functions of the parameters (valid for generic values of
        them). Expressions with floats and without parameters are solved by singular values, those below
        1e-8 of the largest being zero.
        """
        if not self.columns:
            return []
        rows = [
            independent_terms([column[nu] for column in self.columns], self.variables)
            for nu in range(len(self.columns[0]))
        ]
        matrix = _matrix(rows, len(self.columns))
        approximate = any(has_floats(e) for column in self.columns for e in column)
        if approximate and not sympy.Tuple(*(v for row in matrix for v in row.values())).free_symbols:
            return _numeric(_dense(matrix, len(self.columns)))
        exact = _exact(matrix, len(self.columns))
        functions = [f for row in rows for terms in row for f in terms]
        if all(map(is_plain, functions)) or any(c.free_symbols for r in matrix for c in r.values()):
            return exact
        sampled = _numeric(_sampled(rows, self.variables, seed))
        return sampled if len(sampled) > len(exact) else exact


def _matrix(rows: Sequence[Sequence[Terms]], size: int) -> list[dict[int, sympy.Expr]]:
    """One sparse row {column: coefficient} for each independent function of each condition."""
    matrix: list[dict[int, sympy.Expr]] = []
    for row in rows:
        by_function: dict[sympy.Expr, dict[int, sympy.Expr]] = {}
        for column, terms in enumerate(row):
            for function, coefficient in terms.items():
                by_function.setdefault(function, {})[column] = coefficient
        matrix += by_function.values()
    distinct = {tuple(sorted(row.items(), key=lambda item: item[0])): row for row in matrix}
    return list(distinct.values())


def _exact(matrix: Sequence[dict[int, sympy.Expr]], size: int) -> list[list[sympy.Expr]]:
    if not matrix:
        return [[sympy.Integer(i == j) for j in range(size)] for i in range(size)]
    entries = {i: dict(row) for i, row in enumerate(matrix)}
    full = DomainMatrix.from_dict_sympy(len(matrix), size, entries).to_field().to_sparse()
    null = full.nullspace()
    if null.shape[0] == 0:
        return []
    reduced, _ = null.rref()
    return [[sympy.factor(v) if v.free_symbols else v for v in row] for row in reduced.to_Matrix().tolist()]


def _dense(matrix: Sequence[dict[int, sympy.Expr]], size: int) -> np.ndarray:
    dense = np.zeros((len(matrix), size))
    for i, row in enumerate(matrix):
        for j, value in row.items():
            dense[i, j] = float(value)
    return dense


def _numeric(matrix: np.ndarray) -> list[list[sympy.Expr]]:
    """Null space by singular values; entries below 1e-12 of the largest are round-off of sums, then rows and
    columns are scaled to their largest entry.
    """
    matrix = np.where(np.abs(matrix) > ROUND_OFF * np.abs(matrix).max(initial=0.0), matrix, 0.0)
    matrix = matrix[np.abs(matrix).max(axis=1, initial=0.0) > 0]
    size = matrix.shape[1]
    if not len(matrix):
        return [[sympy.Integer(i == j) for j in range(size)] for i in range(size)]
    matrix = matrix / np.abs(matrix).max(axis=1, keepdims=True)
    scale = np.abs(matrix).max(axis=0)
    scale[scale == 0] = 1.0
    _, singular, rows = np.linalg.svd(matrix / scale, full_matrices=True)
    rank = int(np.sum(singular > NULL_TOLERANCE * max(singular[0], np.finfo(float).tiny)))
    basis, _ = reduced_echelon(rows[rank:] / scale)
    return [[snapped(v) for v in row] for row in basis]


def _sampled(rows: Sequence[Sequence[Terms]], variables: Collection[sympy.Symbol], seed: int) -> np.ndarray:
    """The conditions evaluated at random values of the variables: rows of values, one column an unknown."""
    draw = np.random.default_rng(seed)
    symbols = sorted(variables, key=lambda s: s.name)
    samples = 3 * len(rows[0]) + 10
    points = [draw.uniform(0.2, 2.2, samples) for _ in symbols]
    blocks = []
    for row in rows:
        evaluate = sympy.lambdify(symbols, [sympy.Add(*(c * f for f, c in t.items())) for t in row], "numpy")
        with np.errstate(all="ignore"):
            values = [np.broadcast_to(np.asarray(v, float), (samples,)) for v in evaluate(*points)]
        blocks.append(np.array(values).T)
    matrix = np.concatenate(blocks)
    if not np.isfinite(matrix).all():
        raise ValueError(
            "the symmetry conditions are singular at random jets; check the domain of the density"
        )
    return matrix


def reduced_echelon(rows: np.ndarray, tolerance: float = SNAP) -> tuple[np.ndarray, list[int]]:
    """(reduced row echelon form, pivot columns) of rows of full rank, pivots of size ≥ `tolerance`."""
    rows = np.array(rows, dtype=float)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        top = len(pivots)
        if top == len(rows):
            break
        best = top + int(np.argmax(np.abs(rows[top:, column])))
        if abs(rows[best, column]) < tolerance:
            continue
        rows[[top, best]] = rows[[best, top]]
        rows[top] /= rows[top, column]
        others = np.arange(len(rows)) != top
        rows[others] -= rows[others, column][:, None] * rows[top]
        pivots.append(column)
    return rows, pivots


def snapped(value: float) -> sympy.Number:
    """The fraction with a denominator of at most 24 that is within 1e-7, else the float; 0 below 1e-7."""
    near = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    if abs(value - float(near)) <= SNAP * max(1.0, abs(value)):
        return sympy.Rational(near.numerator, near.denominator)
    return sympy.Float(value)
