"""Who acts on whom: the sums Σ_j K_ij w_j of a wave w over the oscillators, in the cheapest way that K
allows.
"""

from __future__ import annotations

from typing import Any

import scipy.sparse
import torch

from .parameters import Constant, finite_tensor
from .sparse import Edges, SparseCoupling, read_sparse


class MeanField:
    """K/N for every pair, itself included: Σ_j K_ij w_j = K·mean(w), O(N)."""

    def __init__(self, strength: torch.Tensor, count: int):
        self.tensor, self.count = strength, count
        self._strength = Constant(strength)

    def sums(self, waves: list[torch.Tensor]) -> list[torch.Tensor]:
        """K·mean(w) of each wave. shape: (…, node) -> (…, 1)"""
        strength = self._strength.like(waves[0])
        return [strength * wave.mean(-1, keepdim=True) for wave in waves]

    def strengths(self) -> torch.Tensor:
        """Σ_j |K_ij|, shape ()."""
        return self.tensor.abs()

    def total(self, like: torch.Tensor) -> torch.Tensor:
        """Σ_ij K_ij."""
        return self._strength.like(like) * self.count

    def is_hermitian(self) -> bool:
        """Whether the torques are pairwise opposite: K_ij e^{−iα_ij} = K_ji e^{iα_ji}."""
        return True


class DenseCoupling:
    """An N × N matrix: one matrix product for all waves."""

    def __init__(self, matrix: torch.Tensor):
        self.tensor = matrix
        self._matrix = Constant(matrix)

    def sums(self, waves: list[torch.Tensor]) -> list[torch.Tensor]:
        """Σ_j K_ij w_j of each wave. shape: (…, node) -> (…, node)"""
        return list((torch.stack(waves) @ self._matrix.like(waves[0]).mT).unbind())

    def strengths(self) -> torch.Tensor:
        """Σ_j |K_ij|, shape (node,)."""
        return self.tensor.abs().sum(-1)

    def total(self, like: torch.Tensor) -> torch.Tensor:
        """Σ_ij K_ij."""
        return self._matrix.like(like).sum()

    def is_hermitian(self) -> bool:
        """Whether K = Kᵀ."""
        return torch.equal(self.tensor, self.tensor.mT)


class LaggedCoupling:
    """An N × N matrix with a phase lag for every pair: Σ_j K_ij sin(φ_j − α_ij) and the same of the cosine.

    Waves come in pairs sin φ, cos φ; both sums of a pair are the parts of Σ_j K_ij e^{−iα_ij} e^{iφ_j}.
    """

    def __init__(self, matrix: torch.Tensor, lag: torch.Tensor):
        self.tensor, self.lag = matrix, lag
        self._real = Constant(matrix * torch.cos(lag))
        self._imaginary = Constant(matrix * torch.sin(lag))

    def sums(self, waves: list[torch.Tensor]) -> list[torch.Tensor]:
        """The lagged sums of each pair. shape: (…, node) -> (…, node)"""
        stacked = torch.stack(waves)
        real = (stacked @ self._real.like(stacked).mT).unbind()
        imaginary = (stacked @ self._imaginary.like(stacked).mT).unbind()
        found: list[torch.Tensor] = []
        for sine in range(0, len(waves), 2):
            found += [real[sine] - imaginary[sine + 1], real[sine + 1] + imaginary[sine]]
        return found

    def strengths(self) -> torch.Tensor:
        """Σ_j |K_ij|, shape (node,)."""
        return self.tensor.abs().sum(-1)

    def total(self, like: torch.Tensor) -> torch.Tensor:
        """Σ_ij K_ij."""
        return self.tensor.to(like).sum()

    def is_hermitian(self) -> bool:
        """Whether K_ij e^{−iα_ij} is: K symmetric, α antisymmetric."""
        real, imaginary = self._real.value, self._imaginary.value
        return torch.equal(real, real.mT) and torch.equal(imaginary, -imaginary.mT)


Coupling = MeanField | DenseCoupling | LaggedCoupling | SparseCoupling


def read_coupling(value: Any, count: int, lag: torch.Tensor) -> Coupling:
    """A coupling from a number, an N × N array, a sparse matrix (SciPy or torch) or `Edges`.

    `lag` is the phase lag where it is a matrix; of any other shape it is left to the caller. ValueError for
    shapes that do not fit, and for a matrix of lags with a coupling that is not dense.
    """
    sparse = isinstance(value, Edges) or scipy.sparse.issparse(value) or _is_sparse_tensor(value)
    tensor = None if sparse else finite_tensor(value, "coupling")
    if tensor is not None and tensor.shape not in ((), (count, count)):
        raise ValueError(
            f"got a coupling of shape {tuple(tensor.shape)} for {count} frequencies, expected a scalar or "
            f"({count}, {count}); a list of edges is given as Edges(i, j, weight)"
        )
    if lag.ndim == 2:
        if tensor is None or tensor.ndim == 0:
            kind = "a sparse" if tensor is None else "a scalar"
            raise ValueError(
                f"got a matrix of phase lags with {kind} coupling, expected a dense N × N coupling or one lag"
            )
        return LaggedCoupling(tensor, lag)
    if tensor is None:
        return SparseCoupling(read_sparse(value, count), count)
    return MeanField(tensor, count) if tensor.ndim == 0 else DenseCoupling(tensor)


def _is_sparse_tensor(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and value.layout is not torch.strided
