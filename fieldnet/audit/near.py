"""Symmetries that a density has within the errors of its coefficients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from scipy.stats import chi2

from lagrangians import Generator, Lagrangian, to_text, variational_symmetries
from lagrangians.independent_terms import independent_terms
from lagrangians.symmetries.ansatz import Ansatz, polynomial_ansatz
from lagrangians.symmetries.determining import variational_conditions

LEAST_PROBABILITY = 0.003  # three standard errors
CANDIDATES = 3
ITERATIONS = 30
ZERO = 1e-9
SOLVED = 1e-13
LARGEST_CHANGE = 0.5  # of a coefficient: a symmetry of another theory is none of this one


@dataclass(frozen=True)
class NearSymmetry:
    """X is a symmetry of `lagrangian`, the density nearest to the found one that has it (and the near
    symmetries before it). `standard_errors` = √(Δcᵀ C⁻¹ Δc), the distance of the coefficients in units of
    their errors; `conditions`: how many combinations of them had to move, so that its square is χ² with so
    many degrees of freedom if the symmetry is true.
    """

    generator: Generator
    lagrangian: Lagrangian
    standard_errors: float
    conditions: int


def near_symmetries(
    lagrangian: Lagrangian,
    covariance: np.ndarray,
    known: Sequence[Generator],
    degree: int = 1,
) -> list[NearSymmetry]:
    """Point symmetries that the data do not exclude, beyond the exact ones `known`.

    Noether's condition for X = Σ_k a_k X_k and ℒ = Σ_i c_i T_i is bilinear, Σ_ik M_rik c_i a_k = 0. For fixed
    a the nearest c in the metric C⁻¹ of the fit that satisfies it is c − C Bᵀ(BCBᵀ)⁺Bc with B = Ma; for fixed
    c the best a is the smallest singular vector that is orthogonal to the symmetries before. The two are
    iterated, from the directions that are least violated.

    `covariance`: of the coefficients of `lagrangian.terms()`, in that order; standard errors will do.
    Raises ValueError for another shape, or coefficients that are no numbers.
    """
    pairs = lagrangian.terms()
    c = np.array([float(value) for _, value in pairs])
    given = np.asarray(covariance, dtype=float)
    if given.shape not in ((len(c),), (len(c), len(c))):
        raise ValueError(
            f"got errors of shape {given.shape}, expected ({len(c)},) or ({len(c)}, {len(c)}), one a term: "
            + ", ".join(to_text(lagrangian.jets.to_jets(term)) for term, _ in pairs)
        )
    C = np.diag(given**2) if given.ndim == 1 else given
    ansatz = polynomial_ansatz(lagrangian.jets, degree)
    M = _conditions(lagrangian, [term for term, _ in pairs], ansatz)
    scale = np.abs(np.einsum("i,irk->irk", c, M)).max((0, 1))
    scale[scale == 0] = 1.0
    M = M / scale
    fixed = _null(np.einsum("i,irk->rk", c, M))
    present = c
    found: list[NearSymmetry] = []
    while True:
        step = _nearest(M, c, C, present, fixed)
        if step is None:
            return found
        present, distance, conditions = step
        fixed = _null(np.einsum("i,irk->rk", present, M))
        seen = [*known, *(item.generator for item in found)]
        for X in variational_symmetries(_with(lagrangian, present), degree=degree):
            if _is_new(X, seen, ansatz):
                exact, _ = _projected(M, c, C, [*fixed, scale * _coefficients(X, ansatz)])
                found.append(NearSymmetry(X, _with(lagrangian, exact), distance, conditions))
                seen.append(X)


def _with(lagrangian: Lagrangian, values: np.ndarray) -> Lagrangian:
    """The density with other coefficients."""
    parts = (sympy.Float(v) * term for v, (term, _) in zip(values, lagrangian.terms(), strict=True))
    return Lagrangian(sympy.Add(*parts), lagrangian.fields, lagrangian.coordinates)


def _projected(
    M: np.ndarray, c: np.ndarray, C: np.ndarray, rows: Sequence[np.ndarray]
) -> tuple[np.ndarray, int]:
    """(c − C Bᵀ(BCBᵀ)⁺Bc, rank), B the conditions for all `rows` a."""
    B = _triangle(np.concatenate([np.einsum("irk,k->ri", M, a) for a in rows]))
    S = B @ C @ B.T
    inverse = np.linalg.pinv(S, rcond=1e-10, hermitian=True)
    rank = np.linalg.matrix_rank(S, tol=1e-10 * np.abs(S).max(initial=1e-300), hermitian=True)
    return c - C @ B.T @ inverse @ B @ c, int(rank)


def _conditions(lagrangian: Lagrangian, terms: Sequence[sympy.Expr], ansatz: Ansatz) -> np.ndarray:
    """M_irk: condition r for the term i and the direction k. shape: (terms, conditions, directions)"""
    jets, count = lagrangian.jets, len(ansatz.directions)
    columns: list[Sequence[sympy.Expr]] = []
    variables: set[sympy.Symbol] = set()
    for term in terms:
        parts = [ansatz.parts(direction) for direction in ansatz.directions]
        found = variational_conditions(jets.to_jets(term), jets, parts)
        columns += found.columns
        variables |= set(found.variables)
    blocks = []
    for equation in range(len(jets.fields)):
        row = independent_terms([column[equation] for column in columns], variables)
        functions = list(dict.fromkeys(f for entry in row for f in entry))
        block = np.zeros((len(terms), len(functions), count))
        for number, entry in enumerate(row):
            for function, value in entry.items():
                block[number // count, functions.index(function), number % count] = float(value)
        blocks.append(block)
    return np.concatenate(blocks, axis=1)


def _null(A: np.ndarray) -> np.ndarray:
    """Rows that span the null space."""
    _, sizes, rows = np.linalg.svd(_triangle(A), full_matrices=True)
    rank = int((sizes > ZERO * max(sizes.max(initial=0.0), 1e-300)).sum())
    return rows[rank:]


def _triangle(A: np.ndarray) -> np.ndarray:
    """R of A = QR: the same null space and singular values in few rows."""
    return np.asarray(np.linalg.qr(A, mode="r"))


def _nearest(
    M: np.ndarray, c: np.ndarray, C: np.ndarray, present: np.ndarray, fixed: np.ndarray
) -> tuple[np.ndarray, float, int] | None:
    """(coefficients, distance, conditions) of the nearest density with one more symmetry, None where all are
    excluded.
    """
    free = np.linalg.svd(fixed, full_matrices=True)[2][len(fixed) :] if len(fixed) else np.eye(M.shape[2])
    if not len(free):
        return None
    best: tuple[np.ndarray, float, int] | None = None
    starts = np.linalg.svd(_triangle(np.einsum("i,irk->rk", present, M) @ free.T))[2][::-1][:CANDIDATES]
    for start in starts:
        a = start @ free
        for _ in range(ITERATIONS):
            moved, conditions = _projected(M, c, C, [*fixed, a])
            A = _triangle(np.einsum("i,irk->rk", moved, M) @ free.T)
            _, sizes, rows = np.linalg.svd(A)
            a = rows[-1] @ free
            if len(sizes) < len(free) or sizes[-1] < SOLVED * sizes[0]:
                break
        else:
            continue
        square = float((c - moved) @ np.linalg.pinv(C, rcond=1e-12, hermitian=True) @ (c - moved))
        small = np.all(np.abs(moved - c) <= LARGEST_CHANGE * np.abs(c))
        likely = chi2.sf(square, max(conditions, 1)) >= LEAST_PROBABILITY
        if small and likely and (best is None or square < best[1] ** 2):
            best = moved, float(np.sqrt(square)), conditions
    return best


def _is_new(X: Generator, seen: Sequence[Generator], ansatz: Ansatz) -> bool:
    """Whether X is outside of the span."""
    rows = np.array([_coefficients(other, ansatz) for other in (*seen, X)])
    sizes = np.linalg.svd(rows, compute_uv=False)
    before = np.linalg.matrix_rank(rows[:-1], tol=1e-6) if len(seen) else 0
    return int((sizes > 1e-6).sum()) > before


def _coefficients(X: Generator, ansatz: Ansatz) -> np.ndarray:
    jets = ansatz.jets
    parts = [sympy.expand(jets.to_jets(part)) for part in (*X.xi, *X.eta)]
    variables = [*jets.coordinates, *(jets.symbol(a) for a in range(len(jets.fields)))]
    polynomials = [sympy.Poly(part, *variables) for part in parts]
    row = np.array([float(polynomials[n].coeff_monomial(f)) for n, f in ansatz.directions])
    return row / max(np.abs(row).max(), 1e-300)
