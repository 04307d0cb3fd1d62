"""Quadratic forms: signature, and factoring into a weight and an output metric."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def signature(matrix: ArrayLike, tolerance: float = 1e-10) -> tuple[int, int, int]:
    """(positive, negative, zero) eigenvalues of a symmetric matrix; zero is |λ| ≤ tolerance · max|λ|.

    By Sylvester's law of inertia the same for M and SᵀMS, S invertible. Raises `ValueError` unless M = Mᵀ.
    """
    eigenvalues, _ = _eigen(matrix)
    limit = tolerance * np.max(np.abs(eigenvalues), initial=0.0)
    positive, negative = int(np.sum(eigenvalues > limit)), int(np.sum(eigenvalues < -limit))
    return positive, negative, len(eigenvalues) - positive - negative


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
    M = np.asarray(matrix, dtype=float)
    if M.ndim != 2 or M.shape[0] != M.shape[1]:
        raise ValueError(f"got an array of shape {M.shape}, expected a square matrix")
    scale = np.max(np.abs(M), initial=0.0)
    if np.max(np.abs(M - M.T), initial=0.0) > 1e-9 * scale:
        raise ValueError("got a matrix that is not symmetric; pass (M + M.T) / 2")
    return np.linalg.eigh((M + M.T) / 2)
