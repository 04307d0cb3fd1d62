"""The span of the θ_p of many transformations, each found by itself from data that determine it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .ansatz import Ansatz
from .exponential import fit_elements

OUTLIER = 3.0
"""Groups whose relative residual exceeds this many medians have not converged and are left out."""
SWEEPS = 30


@dataclass(frozen=True)
class ElementFit:
    """θ_p of the groups kept, shape (groups, size), and the precision JᵀJ/σ_p² of each."""

    theta: np.ndarray
    precision: np.ndarray

    def sample(self, chosen: np.ndarray) -> ElementFit:
        return ElementFit(self.theta[chosen], self.precision[chosen])

    @property
    def _whitening(self) -> np.ndarray:
        """A factor C of the mean covariance CCᵀ of θ_p. shape: (size, size)"""
        size = self.precision.shape[1]
        ridge = 1e-12 * np.trace(self.precision, axis1=1, axis2=2) / size + 1e-300
        covariance = np.linalg.inv(self.precision + ridge[:, None, None] * np.eye(size)).mean(0)
        return np.linalg.cholesky(covariance + 1e-15 * np.trace(covariance) / size * np.eye(size))

    def singular_values(self) -> np.ndarray:
        """Of C⁻¹θ_p over √groups: root mean square in units of the standard error; 1 is noise alone."""
        whitened = np.linalg.solve(self._whitening, self.theta.T)
        values = np.linalg.svd(whitened, compute_uv=False) / np.sqrt(len(self.theta))
        return np.pad(values, (0, self.theta.shape[1] - len(values)))

    def span(self, dimension: int) -> np.ndarray:
        """Orthonormal rows: the maximum-likelihood span of this dimension,
        min over V, t of Σ_p (θ_p − t_pV)ᵀ P_p (θ_p − t_pV), by alternating least squares from the SVD.
        """
        factor = self._whitening
        whitened = np.linalg.solve(factor, self.theta.T)
        rows = np.linalg.svd(whitened)[0][:, :dimension].T @ factor.T
        for _ in range(SWEEPS):
            inner = np.einsum("ka,pab,lb->pkl", rows, self.precision, rows)
            force = np.einsum("ka,pab,pb->pk", rows, self.precision, self.theta)
            t = np.einsum("pkl,pl->pk", np.linalg.pinv(inner, hermitian=True), force)
            size = dimension * self.theta.shape[1]
            normal = np.einsum("pk,pl,pab->kalb", t, t, self.precision).reshape(size, size)
            right = np.einsum("pk,pab,pb->ka", t, self.precision, self.theta).ravel()
            new = np.linalg.lstsq(normal, right, rcond=1e-14)[0].reshape(rows.shape)
            new = np.linalg.svd(new, full_matrices=False)[2]
            change = np.linalg.norm(new - new @ np.linalg.pinv(rows) @ rows)
            rows = new
            if change < 1e-9:
                break
        return rows


def determined(ansatz: Ansatz, vectors: int, length: int) -> bool:
    """Whether a group of so many vectors has at least twice as many numbers as there are candidates."""
    return vectors * length >= 2 * ansatz.size


def fit_groups(ansatz: Ansatz, x: Tensor, y: Tensor) -> ElementFit:
    """θ_p of every group of pairs, each by itself. shape of x and y: (groups, vectors, length)

    σ_p² is the residual over its degrees of freedom.
    """
    found = fit_elements(ansatz, x, y)
    relative = found.residual / (x.square().sum((1, 2)) + y.square().sum((1, 2)))
    kept = relative <= OUTLIER**2 * torch.median(relative) + 1e-24
    freedom = x.shape[1] * x.shape[2] - ansatz.size
    variance = found.residual / freedom + 1e-24 * y.square().mean((1, 2))
    precision = found.normal / variance[:, None, None]
    return ElementFit(found.theta[kept].numpy(), precision[kept].numpy())
