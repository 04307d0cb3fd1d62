"""Generators given, or learned, as plain matrices on nodes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .nodes import ByMatrices


class Dense(ByMatrices):
    """Matrices L̂_i of shape (count, d, d) on a flat axis of d nodes, every entry learned.

    Starts from N(0, 1/d) entries, so that L̂f is of the size of f.
    """

    matrices: Tensor

    def __init__(
        self,
        count: int,
        nodes: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.count, self.shape = count, (nodes,)
        self.matrices = nn.Parameter(
            torch.randn(count, nodes, nodes, dtype=dtype, device=device) / nodes**0.5
        )

    def reset_parameters(self) -> None:
        """Draw learned entries anew from N(0, 1/d)."""
        if isinstance(self.matrices, nn.Parameter):
            nn.init.normal_(self.matrices, std=self.matrices.shape[-1] ** -0.5)

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


class Fixed(Dense):
    """Given matrices, shape (count, d, d), that training leaves alone."""

    def __init__(self, matrices: Tensor):
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
            raise ValueError(
                f"generator matrices have shape {tuple(matrices.shape)}; expected (count, d, d); "
                "stack single matrices with torch.stack"
            )
        ByMatrices.__init__(self)
        self.count, self.shape = len(matrices), (matrices.shape[-1],)
        self.register_buffer("matrices", matrices.clone())
