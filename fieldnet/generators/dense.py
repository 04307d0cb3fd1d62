"""Generators given, or learned, as plain matrices on nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..contraction import contract_matrices, flatten, unflatten
from .base import GeneratorModule


class Dense(GeneratorModule):
    """Matrices L̂_i of shape (count, d, d) on a flat axis of d nodes, every entry learned.

    Starts from N(0, 1/d) entries, so that L̂f is of the size of f. An `LConv` of it takes the cheapest order
    of products, in place, and keeps no L̂_i f unless they are few (`fieldnet.contraction`).
    """

    space_dimensions = 1

    def __init__(
        self,
        count: int,
        nodes: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.count = count
        self.matrices = nn.Parameter(
            torch.randn(count, nodes, nodes, dtype=dtype, device=device) / nodes**0.5
        )

    def reset_parameters(self) -> None:
        """Draw learned entries anew from N(0, 1/d)."""
        if isinstance(self.matrices, nn.Parameter):
            nn.init.normal_(self.matrices, std=self.matrices.shape[-1] ** -0.5)

    def act(self, features: Tensor) -> Tensor:
        return torch.einsum("kdf,...f->k...d", self.matrices, self._on_nodes(features))

    def transpose(self, stack: Tensor) -> Tensor:
        return torch.einsum("kdf,k...d->...f", self.matrices, self._on_nodes(stack))

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        flat = flatten(self._on_nodes(features), 1)
        return unflatten(contract_matrices(weight, flat, self.matrices, identity), features, 1)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        flat, adjoint = flatten(self._on_nodes(residual), 1), None if identity is None else identity.mT
        return unflatten(contract_matrices(weight.mT, flat, self.matrices.mT, adjoint), residual, 1)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        return self.matrices

    def plus(self, other: Dense) -> Fixed:
        """L̂_i + M̂_i, with gradients to both."""
        return Fixed(self.matrices + other.matrices)

    def commutator(self, other: Dense) -> Fixed:
        """L̂_iM̂_j − M̂_jL̂_i, with gradients to both."""
        products = torch.einsum("iab,jbc->ijac", self.matrices, other.matrices)
        reversed_products = torch.einsum("jab,ibc->ijac", other.matrices, self.matrices)
        return Fixed((products - reversed_products).flatten(0, 1))

    def _on_nodes(self, features: Tensor) -> Tensor:
        nodes = self.matrices.shape[-1]
        if features.shape[-1] != nodes:
            raise ValueError(
                f"feature map has shape {tuple(features.shape)}; expected (..., {nodes}), the generators' "
                "nodes; an LConv on a grid takes shape=(height, width)"
            )
        return features


class Fixed(Dense):
    """Given matrices, shape (count, d, d), that training leaves alone."""

    def __init__(self, matrices: Tensor):
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
            raise ValueError(
                f"generator matrices have shape {tuple(matrices.shape)}; expected (count, d, d); "
                "stack single matrices with torch.stack"
            )
        GeneratorModule.__init__(self)
        self.count = matrices.shape[0]
        self.register_buffer("matrices", matrices.clone())
