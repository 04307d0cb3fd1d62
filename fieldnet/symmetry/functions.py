"""A smooth function learned from samples, with its derivative: polynomials on the data's span."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr, solve_triangular

from ..generators.bases import exponents
from .polynomials import monomial_gradients, monomials

DEGREES = range(1, 9)
SAMPLES_PER_TERM = 2.0
DROPS = 3
PARSIMONY = 0.05
"""More directions are taken instead of fewer where that lowers the held-out error by this fraction."""
EXACT = 1e-6
"""Held-out error below which no larger model is tried."""


@dataclass(frozen=True)
class FittedFunction:
    """F: Rⁿ → Rᵐ, polynomial of total degree `degree` in z = Qᵀx / scale.

    `directions`: Q, (n, r), orthonormal: the span of the data; F does not depend on the rest. `error`: root
    mean square on held-out samples, relative to that of the values about their mean.
    """

    directions: np.ndarray
    scale: float
    degree: int
    coefficients: np.ndarray
    error: float

    def _design(self, x: np.ndarray) -> np.ndarray:
        return monomials(x @ self.directions / self.scale, exponents(self.directions.shape[1], self.degree))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """shape: (points, n) -> (points, m)"""
        return self._design(x) @ self.coefficients

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """∂F/∂x. shape: (points, n) -> (points, m, n)"""
        z = x @ self.directions / self.scale
        inner = monomial_gradients(z, exponents(z.shape[1], self.degree))
        inner = np.einsum("pti,tm->pmi", inner, self.coefficients, optimize=True)
        return inner @ self.directions.T / self.scale

    def refitted(
        self, x: np.ndarray, values: np.ndarray, held_x: np.ndarray, held_values: np.ndarray
    ) -> list[FittedFunction]:
        """The same degree and directions with other values. shape of values: (fits, points, m)"""
        design, held = self._design(x), self._design(held_x)
        flat = values.transpose(1, 0, 2).reshape(len(x), -1)
        solved = _least_squares(design, flat).reshape(design.shape[1], len(values), -1)
        return [
            replace(self, coefficients=solved[:, i], error=relative_error(held @ solved[:, i], wanted))
            for i, wanted in enumerate(held_values)
        ]


def _least_squares(design: np.ndarray, values: np.ndarray) -> np.ndarray:
    """By QR with pivoting; columns beyond the numerical rank get 0."""
    sizes = np.linalg.norm(design, axis=0) + 1e-300
    q, r, pivot = qr(design / sizes, mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(r))
    rank = int((diagonal > 1e-11 * diagonal[0]).sum())
    solution = np.zeros((design.shape[1], values.shape[1]))
    solution[pivot[:rank]] = solve_triangular(r[:rank, :rank], (q.T @ values)[:rank])
    return solution / sizes[:, None]


def fit_function(
    x: np.ndarray,
    values: np.ndarray,
    held_x: np.ndarray,
    held_values: np.ndarray,
    states: np.ndarray | None = None,
) -> FittedFunction:
    """Least squares; the degree, and whether the data span all of Rⁿ or the directions before one of the
    DROPS largest drops of the singular values of `states` (default: x), are those of the smallest
    held-out error.

    No regularisation and no isotropic kernel: the polynomials of one degree are the same whatever linear
    coordinates they are written in, so that the model prefers no symmetry.
    """
    singular, directions = np.linalg.svd(x if states is None else states, full_matrices=False)[1:]
    singular = np.maximum(singular, 1e-12 * singular[0])
    drops = np.argsort(singular[:-1] / singular[1:])[::-1][:DROPS] + 1
    best: FittedFunction | None = None
    for rank in sorted({*map(int, drops), x.shape[1]}):
        if singular[rank - 1] <= 1e-10 * singular[0]:
            continue
        q = directions[:rank].T
        scale = float(np.sqrt(((x @ q) ** 2).mean()))
        for degree in DEGREES:
            if degree > 1 and len(exponents(rank, degree)) > len(x) / SAMPLES_PER_TERM:
                break
            empty = FittedFunction(q, scale, degree, np.zeros((1, 1)), 0.0)
            candidate = empty.refitted(x, values[None], held_x, held_values[None])[0]
            gain = 1.0 if best is None or best.directions.shape[1] == rank else 1 - PARSIMONY
            if best is None or candidate.error < gain * best.error:
                best = candidate
            if best.error < EXACT:
                return best
    if best is None:
        raise ValueError(f"got {len(x)} samples that span no direction, expected data that vary")
    return best


def relative_error(found: np.ndarray, values: np.ndarray) -> float:
    """Root mean square of found − values over that of the values about their mean."""
    spread = float(((values - values.mean(0)) ** 2).mean())
    return float(np.sqrt(((found - values) ** 2).mean() / max(spread, 1e-300)))
