"""Generators on a flat axis of nodes, and those of them that act by their matrices."""

from __future__ import annotations

import torch
from torch import Tensor

from ..contraction import contract_matrices, flatten, unflatten
from .base import GeneratorModule


class OnNodes(GeneratorModule):
    """Generators on feature maps `(..., m, d)` with d = `nodes`; a kind sets its `shape`, (d,)."""

    space_dimensions = 1
    shape: tuple[int, ...]
    elsewhere = "an LConv on a grid takes shape=(height, width)"

    @property
    def nodes(self) -> int:
        return self.shape[0]


class ByMatrices(OnNodes):
    """Generators that act by their matrices, `matrix()` of shape (count, d, d).

    An `LConv` of them takes the cheapest order of products, in place, and keeps no L̂_i f unless they are few
    (`fieldnet.contraction`).
    """

    def act(self, features: Tensor) -> Tensor:
        self.space_of(features)
        return torch.einsum("kdf,...f->k...d", self.matrix(self.shape), features)

    def transpose(self, stack: Tensor) -> Tensor:
        self.space_of(stack)
        return torch.einsum("kdf,k...d->...f", self.matrix(self.shape), stack)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        self.space_of(features)
        flat, matrices = flatten(features, 1), self.matrix(self.shape)
        return unflatten(contract_matrices(weight, flat, matrices, identity), features, 1)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        self.space_of(residual)
        flat, matrices = flatten(residual, 1), self.matrix(self.shape)
        adjoint = None if identity is None else identity.mT
        return unflatten(contract_matrices(weight.mT, flat, matrices.mT, adjoint), residual, 1)
