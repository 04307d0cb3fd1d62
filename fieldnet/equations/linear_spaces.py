"""Null spaces, square roots and echelon forms, with what counts as round-off."""

from __future__ import annotations

import numpy as np

ROUND_OFF = 1e-9
"""Relative size below which variances, singular values and exact conditions count as zero."""


def flattened(array: np.ndarray) -> np.ndarray:
    """shape: (m, …) -> (m, product of the rest), also where m = 0"""
    return array.reshape(len(array), int(np.prod(array.shape[1:])))


def null_space(matrix: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the null space, one vector a row."""
    _, values, right = np.linalg.svd(matrix, full_matrices=True)
    rank = int((values > ROUND_OFF * max(values.max(initial=0.0), 1e-300)).sum())
    return right[rank:]


def left_null(matrix: np.ndarray) -> np.ndarray:
    return null_space(matrix.T) if matrix.shape[1] else np.eye(len(matrix))


def inside_of(basis: np.ndarray, shape: np.ndarray) -> np.ndarray:
    """Basis of the members of a space of matrices that vanish outside of `shape`."""
    inside = np.einsum("ij,jab->iab", null_space(basis[:, ~shape].T), basis)
    return np.where(shape, inside, 0.0)


def roots(symmetric: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(C^(−½), C^(½)), both zero on the null space of C, one the pseudoinverse of the other."""
    values, vectors = np.linalg.eigh((symmetric + symmetric.T) / 2)
    kept = values > ROUND_OFF * max(values.max(initial=0.0), np.finfo(float).tiny)
    root = np.sqrt(values[kept])
    vectors = vectors[:, kept]
    return (vectors / root) @ vectors.T, (vectors * root) @ vectors.T


def echelon(rows: np.ndarray) -> np.ndarray:
    """Reduced echelon form with partial pivoting; round-off becomes 0."""
    rows, done = rows.copy(), 0
    for column in range(rows.shape[1]):
        if done == len(rows):
            break
        pivot = done + int(np.argmax(np.abs(rows[done:, column])))
        if abs(rows[pivot, column]) < 1e-7:
            continue
        rows[[done, pivot]] = rows[[pivot, done]]
        rows[done] /= rows[done, column]
        others = np.arange(len(rows)) != done
        rows[others] -= np.outer(rows[others, column], rows[done])
        done += 1
    return np.where(np.abs(rows) < 1e-9, 0.0, rows)
