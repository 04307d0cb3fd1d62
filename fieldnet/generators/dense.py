"""Generators given, or learned, as plain matrices on nodes."""

import torch
from torch import Tensor, nn

from .base import GeneratorModule


class Dense(GeneratorModule):
    """Matrices L̂_i of shape (count, d, d) on a flat axis of d nodes, every entry learned.

    Starts from N(0, 1/d) entries, so that L̂f is of the size of f.
    """

    space_dimensions = 1

    def __init__(self, count: int, nodes: int, dtype: torch.dtype | None = None):
        super().__init__()
        self.count = count
        self.matrices = nn.Parameter(torch.randn(count, nodes, nodes, dtype=dtype) / nodes**0.5)

    def apply(self, features: Tensor) -> Tensor:  # type: ignore[override]
        return torch.einsum("kdf,...f->k...d", self.matrices, features)

    def transpose(self, stack: Tensor) -> Tensor:
        return torch.einsum("kdf,k...d->...f", self.matrices, stack)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        return self.matrices


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
