"""Quadratic forms: signature, and factoring into a weight and an output metric."""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import ArrayLike

from lagrangians.zero import exact, is_zero


def signature(matrix: ArrayLike, tolerance: float = 1e-10) -> tuple[int, int, int]:
    """(positive, negative, zero) eigenvalues of a symmetric matrix; zero is |λ| ≤ tolerance · max|λ|.

    By Sylvester's law of inertia the same for M and SᵀMS, S invertible. Raises `ValueError` unless M = Mᵀ.
    """
    eigenvalues, _ = _eigen(matrix)
    limit = tolerance * np.max(np.abs(eigenvalues), initial=0.0)
    positive, negative = int(np.sum(eigenvalues > limit)), int(np.sum(eigenvalues < -limit))
    return positive, negative, len(eigenvalues) - positive - negative


def generic_signature(weight: sympy.Matrix, metric: sympy.Matrix) -> tuple[int, int, int]:
    """(positive, negative, zero) of WᵀηW, W of shape (m, n), for generic real values of all symbols.

    Exact, by Sylvester's law of inertia: W = R W′ with W′ of full row rank and R the pivot columns of W, so
    that the signs are those of RᵀηR, and of η itself where R is square. A product of symbols without a
    definite sign, such as a difference of squares, raises `ValueError`: substitute numbers there.
    """
    W, eta = sympy.Matrix(weight).applyfunc(exact), sympy.Matrix(metric).applyfunc(exact)
    _, pivots = W.rref(simplify=sympy.cancel, iszerofunc=is_zero)
    rank = len(pivots)
    if rank < W.rows:
        R = W[:, list(pivots)]
        eta = (R.T * eta * R).applyfunc(sympy.expand)
    signs = [_real_sign(value) for value in elimination_pivots(eta)]
    zeros = signs.count(0) + W.cols - rank
    return signs.count(1), signs.count(-1), zeros


def elimination_pivots(matrix: sympy.Matrix) -> list[sympy.Expr]:
    """The diagonal of SᵀMS for a symmetric M and an invertible S, by symmetric elimination.

    Where every diagonal entry vanishes, a pair M_ij = M_ji ≠ 0 gives 1 and −1.
    """
    work = sympy.Matrix(matrix).applyfunc(_cancelled)
    pivots: list[sympy.Expr] = []
    while work.rows:
        size = work.rows
        chosen = next(([i] for i in range(size) if not is_zero(work[i, i])), None)
        if chosen is None:
            pairs = ([i, j] for i in range(size) for j in range(i) if not is_zero(work[i, j]))
            chosen = next(pairs, None)
        if chosen is None:
            return pivots + [sympy.S.Zero] * size
        pivots += [work[chosen[0], chosen[0]]] if len(chosen) == 1 else [sympy.S.One, sympy.S.NegativeOne]
        rest = [i for i in range(size) if i not in chosen]
        across = work.extract(rest, chosen)
        block = work.extract(chosen, chosen)
        work = (work.extract(rest, rest) - across * block.inv() * across.T).applyfunc(_cancelled)
    return pivots


def _cancelled(value: sympy.Expr) -> sympy.Expr:
    return value if value.is_Rational else sympy.cancel(sympy.together(value))


def _real_sign(value: sympy.Expr) -> int:
    """±1, or 0 for zero, for nonzero real values of the symbols. Raises `ValueError` where they decide."""
    if is_zero(value):
        return 0
    real = {s: sympy.Dummy(s.name, real=True, nonzero=True) for s in value.free_symbols}
    numerator, denominator = sympy.fraction(sympy.factor(value.xreplace(real)))
    sign = numerator * denominator
    if sign.is_positive or sign.is_negative:
        return 1 if sign.is_positive else -1
    raise ValueError(f"the signature depends on the sign of {value}; substitute numbers for its symbols")


def factor_form(matrix: ArrayLike, tolerance: float = 1e-10) -> tuple[np.ndarray, np.ndarray]:
    """(W, η) with Wᵀ η W = M for a symmetric M of any signature.

    W has shape (rank, n), its rows are √|λ| times the eigenvectors, positive ones first; η = diag(±1) of
    shape (rank, rank). Eigenvalues with |λ| ≤ tolerance · max|λ| are dropped. Raises `ValueError` unless M
    = Mᵀ.
    """
    eigenvalues, vectors = _eigen(matrix)
    kept = np.abs(eigenvalues) > tolerance * np.max(np.abs(eigenvalues), initial=0.0)
    order = np.flatnonzero(kept)[::-1]
    values = eigenvalues[order]
    return np.sqrt(np.abs(values))[:, None] * vectors[:, order].T, np.diag(np.sign(values))


def _eigen(matrix: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    try:
        M = np.asarray(matrix, dtype=float)
    except TypeError:
        raise ValueError(
            "got symbols in the matrix, expected numbers; substitute them, or use generic_signature"
        ) from None
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise ValueError(f"got an array of shape {M.shape}, expected a square matrix")
    scale = np.max(np.abs(M), initial=0.0)
    if np.max(np.abs(M - M.T), initial=0.0) > 1e-9 * scale:
        raise ValueError("got a matrix that is not symmetric; pass (M + M.T) / 2")
    return np.linalg.eigh((M + M.T) / 2)
