"""Generators of a Lie-group representation: matrices on the feature index."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..contraction import flatten, mix, unflatten
from .base import GeneratorModule


class Representation(GeneratorModule):
    """(L̂_i f)^a = (T_i)^a_b f^b, the same at every point of space: matrices T_i on the feature index.

    Feature maps are `(..., m, *S)` with `space_dimensions` axes S, none by default: vectors `(..., m)`.
    `matrices` T has shape (count, m, m): a given tensor is held fixed, a given `nn.Parameter` is learned from
    there, and without either the matrices are learned from N(0, 1/m), for `features` = m.
    """

    acts_on_channels = True
    matrices: Tensor

    def __init__(
        self,
        features: int = 0,
        count: int = 1,
        matrices: Tensor | None = None,
        space_dimensions: int = 0,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        if matrices is None:
            if features < 1:
                raise ValueError(f"got {features} features, expected at least 1, or `matrices`")
            start = torch.randn(count, features, features, dtype=dtype, device=device) / features**0.5
            matrices = nn.Parameter(start)
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
            raise ValueError(f"got matrices of shape {tuple(matrices.shape)}, expected (count, m, m)")
        self.count, self.space_dimensions = len(matrices), space_dimensions
        self.hold("matrices", matrices)

    def act(self, features: Tensor) -> Tensor:
        channel = self._channel(features)
        return torch.einsum("kab,...b->k...a", self.matrices, features.movedim(channel, -1)).movedim(
            -1, channel
        )

    def transpose(self, stack: Tensor) -> Tensor:
        channel = self._channel(stack)
        return torch.einsum("kab,k...a->...b", self.matrices, stack.movedim(channel, -1)).movedim(-1, channel)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """(W⁰ + W^i T_i) f, one product over channels."""
        self._channel(features)
        return self._mixed_by(self._whole(weight, identity), features)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        return self._mixed_by(self._whole(weight, identity).mT, residual)

    def _whole(self, weight: Tensor, identity: Tensor | None) -> Tensor:
        """W⁰ + W^i T_i. shape: (o, m)"""
        moved = torch.einsum("koc,kcb->ob", weight, self.matrices)
        return moved if identity is None else identity + moved

    def _mixed_by(self, whole: Tensor, features: Tensor) -> Tensor:
        mixed = mix(whole, flatten(features, self.space_dimensions))
        return unflatten(mixed, features, self.space_dimensions)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """T_i, on the feature index, not on nodes: of no `shape`. shape: (count, m, m)"""
        if shape is not None:
            raise ValueError(
                f"got the space {tuple(shape)}, expected none: a representation acts on the feature index, "
                "the same on every node"
            )
        return self.matrices

    def vector_field(self, points: Tensor) -> Tensor:  # type: ignore[override]
        """The linear vector field T_i f on R^m at points f. shape: (..., m) -> (count, ..., m)"""
        return torch.einsum("kab,...b->k...a", self.matrices, points)

    def exp(self, times: Tensor) -> Tensor:
        """The group elements exp(Σ_i t_i T_i). shape: (..., count) -> (..., m, m)"""
        return torch.linalg.matrix_exp(torch.tensordot(times, self.matrices, dims=1))

    def plus(self, other: Representation) -> Representation:
        self._same_features(other)
        return self._with(self.matrices + other.matrices)

    def commutator(self, other: Representation) -> Representation:
        self._same_features(other)
        products = torch.einsum("iab,jbc->ijac", self.matrices, other.matrices)
        exchanged = torch.einsum("jab,ibc->ijac", other.matrices, self.matrices)
        return self._with((products - exchanged).flatten(0, 1))

    def combination(self, matrix: Tensor) -> Representation:
        return self._with(torch.tensordot(matrix, self.matrices, dims=1))

    def _with(self, matrices: Tensor) -> Representation:
        return Representation(matrices=matrices, space_dimensions=self.space_dimensions)

    def _same_features(self, other: Representation) -> None:
        mine, theirs = self.matrices.shape[1], other.matrices.shape[1]
        if mine != theirs:
            raise ValueError(f"got representations on {mine} and {theirs} features, expected the same")

    def _channel(self, features: Tensor) -> int:
        channel = -1 - self.space_dimensions
        size = self.matrices.shape[1]
        if features.ndim < -channel or features.shape[channel] != size:
            raise ValueError(
                f"got a feature map of shape {tuple(features.shape)}, expected (..., {size}, *S) with "
                f"{self.space_dimensions} space axes"
            )
        return channel

    def extra_repr(self) -> str:
        return (
            f"features={self.matrices.shape[1]}, count={self.count}, space_dimensions={self.space_dimensions}"
        )
