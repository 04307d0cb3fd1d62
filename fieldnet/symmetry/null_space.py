"""Small generalised singular values: the generators that leave something invariant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEGLIGIBLE = 1e-9
"""Directions whose action is below this fraction of the largest do nothing on the data."""


@dataclass(frozen=True)
class NullSpace:
    """ρ_k ascending and the directions c_k, one a row: ρ² = cᵀMc / cᵀNc. `undetermined` directions have
    cᵀNc = 0: the data say nothing about them, and rows have no part in them.
    """

    values: np.ndarray
    rows: np.ndarray
    undetermined: int

    def span(self, dimension: int) -> np.ndarray:
        """Orthonormal rows of the first so many directions."""
        return np.linalg.svd(self.rows[:dimension], full_matrices=False)[2]


def null_space(defect: np.ndarray, action: np.ndarray) -> NullSpace:
    """Solve M c = ρ² N c on the range of N. shape: (size, size) twice

    M = `defect` measures by how much direction c breaks the invariance, N = `action` how much it does at
    all; with M ≤ N, ρ is between 0, a symmetry, and 1.
    """
    weights, vectors = np.linalg.eigh((action + action.T) / 2)
    kept = weights > NEGLIGIBLE * max(float(weights[-1]), 1e-300)
    whitening = vectors[:, kept] / np.sqrt(weights[kept])
    squares, inner = np.linalg.eigh(whitening.T @ ((defect + defect.T) / 2) @ whitening)
    rows = (whitening @ inner).T
    return NullSpace(np.sqrt(np.maximum(squares, 0.0)), rows, int((~kept).sum()))
