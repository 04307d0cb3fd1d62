"""What can be said of a learned Lie algebra whatever basis it came in.

A generator is a vector of coefficients; a family is an array with one generator a row. Learned generators are
determined up to an invertible mixing of the family, so that only figures of their span mean anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import expm, subspace_angles

Bracket = Callable[[np.ndarray, np.ndarray], np.ndarray]
STEPS = 200
SMALL = 0.2
"""Fraction of the largest structure constant below which an error found twice ends `match_structure`."""


def principal_angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angles in degrees, ascending, between the spans of the rows; min(n, m) of them (Björck & Golub 1973).

    0 where a direction of one span lies in the other, 90 where it is orthogonal to it. Euclidean in the
    coefficients: scale coordinates to [−1, 1] first. Raises ValueError for different lengths or no row.
    """
    a, b = (np.atleast_2d(np.asarray(rows, dtype=float)) for rows in (first, second))
    if a.shape[1] != b.shape[1] or not len(a) or not len(b):
        raise ValueError(f"got families of shape {a.shape} and {b.shape}, expected rows of one length")
    return np.sort(np.degrees(subspace_angles(a.T, b.T)))


@dataclass(frozen=True)
class Closure:
    """[e_i, e_j] = c[i, j, k] e_k + what leaves the span, for an orthonormal basis e of the span.

    `basis`: (n, coefficients), orthonormal rows. `structure_constants`: c, (n, n, n), antisymmetric.
    `defect` = (Σ ‖part of [e_i, e_j] outside the span‖² / Σ ‖[e_i, e_j]‖²)^½, 0 for a Lie algebra (and where
    all commute), near 1 for vectors drawn at random, and for nearly commuting ones, whose brackets are noise.
    `size`: root mean square of ‖[e_i, e_j]‖ over i ≠ j, which tells these two apart.
    """

    basis: np.ndarray
    structure_constants: np.ndarray
    defect: float
    size: float

    @property
    def killing_form(self) -> np.ndarray:
        return killing_form(self.structure_constants)


def closure(generators: np.ndarray, bracket: Bracket, orthonormal: bool = True) -> Closure:
    """Brackets of a family as combinations of it, by least squares.

    `bracket(x, y)` gives the coefficients of [x, y], in the space of the generators or in a larger one whose
    first coefficients are theirs. With `orthonormal` = False the rows are used as they are.
    """
    rows = np.atleast_2d(np.asarray(generators, dtype=float))
    basis = np.linalg.svd(rows, full_matrices=False)[2] if orthonormal else rows
    n, size = basis.shape
    brackets = np.array([[bracket(x, y) for y in basis] for x in basis]).reshape(n * n, -1)
    embedded = np.pad(basis, ((0, 0), (0, brackets.shape[1] - size)))
    c = np.linalg.lstsq(embedded.T, brackets.T, rcond=None)[0].T
    outside = np.linalg.norm(brackets - c @ embedded)
    total = np.linalg.norm(brackets)
    c = c.reshape(n, n, n)
    negligible = 1e-12 * np.linalg.norm(basis) ** 2
    return Closure(
        basis,
        (c - c.transpose(1, 0, 2)) / 2,
        float(outside / total) if total > negligible else 0.0,
        float(total) / max(n * (n - 1), 1) ** 0.5,
    )


def killing_form(c: np.ndarray) -> np.ndarray:
    """K_ij = tr(ad e_i ad e_j) = c[i, k, l] c[j, l, k]. shape: (n, n, n) -> (n, n)"""
    return np.einsum("ikl,jlk->ij", c, c)


def killing_signature(c: np.ndarray, tolerance: float = 1e-2) -> tuple[int, int, int]:
    """(positive, negative, zero) eigenvalues of the Killing form; zero below `tolerance` of the largest."""
    values = np.linalg.eigvalsh(killing_form(c))
    limit = tolerance * max(float(np.abs(values).max(initial=0.0)), 1e-300)
    positive, negative = int((values > limit).sum()), int((values < -limit).sum())
    return positive, negative, len(values) - positive - negative


def change_basis(c: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Structure constants of e'_i = g_ij e_j: c' = g g c g⁻¹. shape: (n, n, n), (n, n) -> (n, n, n)"""
    moved = np.tensordot(g, np.tensordot(c, np.linalg.inv(g), 1), 1)
    return np.tensordot(moved, g, (1, 1)).transpose(0, 2, 1)


def match_structure(
    c: np.ndarray, truth: np.ndarray, starts: int = 60, seed: int = 0
) -> tuple[np.ndarray, float]:
    """(g, error) with change_basis(c, g) nearest to `truth`, error = max |change_basis(c, g) − truth|.

    Levenberg–Marquardt in h over g → exp(h)g, from `starts` random orthogonal g, or until a small least error
    is found a second time; the best is kept. Of the starts for gl(2,R) ⋉ R² one in thirteen ends at the least
    error: 20 miss it one time in five, 60 one in a hundred. Simple algebras that are not isomorphic keep an
    error of order 1; an algebra may come arbitrarily near to one that it contracts to. Raises ValueError for
    different dimensions.
    """
    if c.shape != truth.shape:
        raise ValueError(f"got structure constants of shape {c.shape} and {truth.shape}, expected the same")
    n, draw = len(c), np.random.default_rng(seed)
    scale = float(np.linalg.norm(truth)) / max(float(np.linalg.norm(c)), 1e-300)
    size = float(np.abs(truth).max(initial=0.0))
    best, error = np.eye(n), np.inf
    for number in range(starts):
        start = np.linalg.qr(draw.standard_normal((n, n)))[0]
        start[:1] *= 1 - 2 * (
            number % 2
        )  # steps keep the sign of det g; that of a QR factor is always the same
        g = _descend(c, truth, scale * start)
        new = float(np.abs(change_basis(c, g) - truth).max(initial=0.0))
        again = new < SMALL * size and abs(new - error) < 1e-3 * error
        if new < error:
            best, error = g, new
        if error < 1e-9 * size or again:
            break
    return best, error


def _descend(c: np.ndarray, truth: np.ndarray, g: np.ndarray) -> np.ndarray:
    """A local minimum of ‖change_basis(c, g) − truth‖ over g, each step g → exp(h)g."""
    n, damping = len(c), 1e-2
    moved = change_basis(c, g)
    least = float(np.linalg.norm(moved - truth))
    one = np.eye(n)
    for _ in range(STEPS):
        slopes = (
            np.einsum("ia,bjk->ijkab", one, moved)
            + np.einsum("ja,ibk->ijkab", one, moved)
            - np.einsum("ija,kb->ijkab", moved, one)
        ).reshape(n**3, n * n)
        normal, force = slopes.T @ slopes, slopes.T @ (truth - moved).ravel()
        for _ in range(10):
            h = np.linalg.solve(normal + damping * np.eye(n * n), force).reshape(n, n)
            trial = expm(h / max(1.0, float(np.linalg.norm(h)))) @ g
            tried = change_basis(c, trial)
            new = float(np.linalg.norm(tried - truth))
            if new < least:
                break
            damping *= 5
        else:
            return g
        gained, g, moved, least = least - new, trial, tried, new
        damping = max(damping / 5, 1e-12)
        if gained < 1e-8 * least or least < 1e-13:
            return g
    return g
