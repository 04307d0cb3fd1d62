"""The span of the θ_p of many transformations, each found by itself from data that determine it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .ansatz import Ansatz
from .exponential import fit_elements
from .low_pass import LowPass

OUTLIER = 3.0
"""Groups whose relative residual exceeds this many medians have not converged and are left out."""
SWEEPS = 30
RELIABLE = 0.2
"""Where less than this part of a slope's square is signal, the part is not known any better."""


@dataclass(frozen=True)
class ElementFit:
    """θ_p of the groups kept, shape (groups, size), its precision, the inverse of its covariance, and the
    variance of noise in y − x.
    """

    theta: np.ndarray
    precision: np.ndarray
    noise: float

    def sample(self, chosen: np.ndarray) -> ElementFit:
        return ElementFit(self.theta[chosen], self.precision[chosen], self.noise)

    def _whitening(self) -> tuple[np.ndarray, np.ndarray]:
        """Weights w_p, and a factor C of the covariance CCᵀ = Σ w_p Cov θ_p. shape: (groups,), (size, size)

        w_p ∝ 1/(1 + v_p), Σ w_p = 1, v_p = tr(P̄ Cov θ_p) over its median: groups that say little do not hide
        the others, and none counts for more than twice the median one.
        """
        size = self.precision.shape[1]
        ridge = 1e-12 * np.trace(self.precision, axis1=1, axis2=2) / size + 1e-300
        covariance = np.linalg.inv(self.precision + ridge[:, None, None] * np.eye(size))
        spread = np.einsum("ab,pba->p", self.precision.mean(0), covariance)
        weights = 1 / (1 + spread / np.median(spread))
        weights = weights / weights.sum()
        mean = np.tensordot(weights, covariance, 1)
        return weights, np.linalg.cholesky(mean + 1e-15 * np.trace(mean) / size * np.eye(size))

    def singular_values(self) -> np.ndarray:
        """Of C⁻¹θ_p √w_p: root mean square in units of the standard error; 1 is noise alone."""
        weights, factor = self._whitening()
        whitened = np.linalg.solve(factor, self.theta.T) * np.sqrt(weights)
        values = np.linalg.svd(whitened, compute_uv=False)
        return np.pad(values, (0, self.theta.shape[1] - len(values)))

    def span(self, dimension: int) -> np.ndarray:
        """Orthonormal rows: the maximum-likelihood span of this dimension,
        min over V, t of Σ_p (θ_p − t_pV)ᵀ P_p (θ_p − t_pV), by alternating least squares from the SVD.
        """
        weights, factor = self._whitening()
        whitened = np.linalg.solve(factor, self.theta.T) * np.sqrt(weights)
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


def fit_groups(
    ansatz: Ansatz, x: Tensor, y: Tensor, low_pass: LowPass | None = None, noise: float | None = None
) -> ElementFit:
    """θ_p of every group of pairs, each by itself. shape of x and y: (groups, vectors, length)

    σ_p² is the residual over its degrees of freedom. `noise`: the variance of noise in y − x, by default the
    median of σ_p²; to be given where y are shuffled partners, whose residual is not noise.
    """
    smooth = low_pass or LowPass((ansatz.length,), None)
    x, y = smooth(x), smooth(y)
    found = fit_elements(ansatz, x, y)
    relative = found.residual / (x.square().sum((1, 2)) + y.square().sum((1, 2)))
    kept = relative <= OUTLIER**2 * torch.median(relative) + 1e-24
    freedom = x.shape[1] * smooth.modes - ansatz.size
    variance = found.residual / freedom + 1e-24 * y.square().mean((1, 2))
    level = float(variance.median()) if noise is None else noise
    moved = ansatz.each(smooth.basis()[:, None])[:, :, 0]
    added = level / 4 * x.shape[1] * torch.einsum("pax,pbx->ab", moved, moved)
    precision = _precision(found.normal, added) / variance[:, None, None]
    return ElementFit(found.theta[kept].numpy(), precision[kept].numpy(), level)


def _precision(normal: Tensor, added: Tensor) -> Tensor:
    """HN⁻¹H: the inverse covariance of θ_p for residuals of variance 1, N = `normal`.

    Noise of variance σ² in y − x puts noise into the slopes ½Bₐ(x + y) as well, which adds A_ab = (σ²/4) tr
    BₐᵀB_b to N = JᵀJ without saying anything of θ_p. The curvature of the least squares is H = N − A, and the
    error H⁻¹Jᵀr (a sandwich, Huber 1967). The reliability, an eigenvalue of N^-½HN^-½, is at least RELIABLE.
    """
    values, vectors = torch.linalg.eigh(normal)
    values = values.clamp(min=1e-14 * float(values.max()) + 1e-300)
    root = (vectors * values.sqrt()[:, None]) @ vectors.mT
    inverse = (vectors / values.sqrt()[:, None]) @ vectors.mT
    share, directions = torch.linalg.eigh(inverse @ added @ inverse)
    half = (1 - share).clamp(min=RELIABLE)[..., None] * (directions.mT @ root)
    return half.mT @ half
