"""Do oscillators move under one vector field on the circle at a time, and which fields does it take?

θ̇_i(t) = v(θ_i(t), t) for all oscillators i, with v(·, t) in a span of few fixed fields:

    v(θ, t) = Σ_a b_a(t) w_a(θ),    w_a = Σ_p C_ap u_p,    u = 1, cos θ, sin θ, cos 2θ, …

The span of the rows of C is learned: a regression of reduced rank, least squares in C and b(t) at once.
"""

from __future__ import annotations

import numpy as np

from .circle import fourier_basis

CONVERGED = 1e-6
"""Relative fall of the squared residual below which alternating least squares stops."""
NOTHING = 1e-13
"""Part of the squared velocities that counts as round-off."""
INFORMATIVE = 1e-3
"""Least eigenvalue of the mean of u uᵀ over the phases, 0.5 where they are uniform, for a time to count."""


class CommonField:
    """Least squares of velocities on the Fourier basis, at every time of every sample.

    phases, velocities: (rows, node), a row for every time of every sample.
    """

    def __init__(self, phases: np.ndarray, velocities: np.ndarray, harmonics: int):
        self.basis = fourier_basis(phases, harmonics)
        self.velocities = velocities
        self.products = np.einsum("tnp,tnq->tpq", self.basis, self.basis)
        self.projections = np.einsum("tnp,tn->tp", self.basis, self.velocities)

    @property
    def size(self) -> int:
        return self.basis.shape[-1]

    def coefficients(self, span: np.ndarray) -> np.ndarray:
        """b(t) of least squares for the rows of `span`. shape: (dimension, size) -> (rows, dimension)"""
        products = np.einsum("ap,tpq,bq->tab", span, self.products, span)
        return _solved(products, self.projections @ span.T)

    def fields(self) -> np.ndarray:
        """The vector field of every time without any restriction. shape: (rows, size)"""
        return self.coefficients(np.eye(self.size))

    def learn(self, dimension: int, iterations: int = 200) -> np.ndarray:
        """Orthonormal rows C that minimise Σ_t min_b |θ̇ − U Cᵀb|², by alternating least squares from the
        leading directions of the unrestricted fields. shape: (dimension, size)
        """
        if not dimension:
            return np.zeros((0, self.size))
        span = np.linalg.svd(self.fields(), full_matrices=False)[2][:dimension]
        total, last = float((self.velocities**2).sum()), np.inf
        for _ in range(iterations if dimension < self.size else 0):
            b = self.coefficients(span)
            residual = total - float((b * (self.projections @ span.T)).sum())
            if last - residual <= CONVERGED * abs(residual) + NOTHING * total:
                break
            last = residual
            pairs = (b[:, :, None] * b[:, None]).reshape(len(b), -1).T @ self.products.reshape(len(b), -1)
            left = pairs.reshape(dimension, dimension, self.size, self.size).transpose(0, 2, 1, 3)
            left = left.reshape(span.size, span.size)
            right = (b.T @ self.projections).ravel()
            rows = np.linalg.lstsq(left, right, rcond=None)[0].reshape(span.shape)
            span = np.linalg.qr(rows.T)[0].T
        return span

    def left_out(self, span: np.ndarray) -> np.ndarray:
        """What the field of the others leaves of every oscillator, in units in which noise of variance σ² has
        variance σ² whatever the span: e_i/√(1 − h_ii), h the hat matrix. shape: (rows, node)
        """
        if not len(span):
            return self.velocities
        columns = self.basis @ span.T
        residual = self.velocities - np.einsum("tna,ta->tn", columns, self.coefficients(span))
        return residual / np.sqrt(np.maximum(1 - self._leverage(span, columns), 1e-3))

    def missed(self, span: np.ndarray, phases: np.ndarray, velocities: np.ndarray) -> np.ndarray:
        """What the field of these leaves of other oscillators, in the same units: e_j/√(1 + h_jj).

        shape: (rows, node) -> (rows, node)
        """
        columns = fourier_basis(phases, (self.size - 1) // 2) @ span.T
        residual = velocities - np.einsum("tna,ta->tn", columns, self.coefficients(span))
        return residual / np.sqrt(1 + self._leverage(span, columns))

    def _leverage(self, span: np.ndarray, columns: np.ndarray) -> np.ndarray:
        products = np.einsum("ap,tpq,bq->tab", span, self.products, span)
        return np.einsum("tna,tan->tn", columns, _solved(products, columns.transpose(0, 2, 1)))

    def singular_values(self) -> np.ndarray:
        """Of the unrestricted vector fields over time, as root mean squares. shape: (size,)"""
        return np.linalg.svd(self.fields(), compute_uv=False) / np.sqrt(len(self.basis))


def informative(phases: np.ndarray, harmonics: int) -> np.ndarray:
    """Where phases are spread enough to tell all fields of the basis apart. shape: (..., node) -> (...)"""
    basis = fourier_basis(phases, harmonics)
    moments = np.einsum("...np,...nq->...pq", basis, basis) / phases.shape[-1]
    return np.linalg.eigvalsh(moments)[..., 0] > INFORMATIVE


def _solved(products: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Least squares from normal equations, directions without data left at 0."""
    values, vectors = np.linalg.eigh(products)
    limit = 1e-11 * values[:, -1:]
    inverse = np.where(values > limit, 1 / np.maximum(values, limit), 0.0)
    vector = right.ndim == 2
    turned = np.einsum("tab,ta...->tb...", vectors, right)
    turned = turned * (inverse if vector else inverse[..., None])
    return np.einsum("tab,tb...->ta...", vectors, turned)
