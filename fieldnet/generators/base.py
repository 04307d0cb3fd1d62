"""What every parametrisation of Lie-algebra generators offers."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class GeneratorModule(nn.Module, ABC):
    """A family of `count` generators L̂_i that act linearly on feature maps f: S → R^m.

    A subclass says how the family acts (`apply`); the transpose and the matrices follow. A feature map is
    channels-first, `(..., m, *S)`, with `space_dimensions` trailing axes for the space S.
    """

    count: int
    space_dimensions: int

    @abstractmethod
    def apply(self, features: Tensor) -> Tensor:  # type: ignore[override]
        """L̂_i f for every i. shape: (..., m, *S) -> (count, ..., m, *S)"""

    def transpose(self, stack: Tensor) -> Tensor:
        """Σ_i L̂_iᵀ g_i, the transpose of `apply`. shape: (count, ..., m, *S) -> (..., m, *S)

        ⟨g, apply(f)⟩ = ⟨transpose(g), f⟩ for all f and g.
        """
        pullback = torch.func.vjp(self.apply, torch.zeros_like(stack[0]))[1]
        return pullback(stack)[0]

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        """The d×d matrices on a space of the given shape, d = ∏ shape. shape: (count, d, d)"""
        nodes = int(torch.Size(shape).numel())
        parameter = next(self.parameters(), next(self.buffers(), torch.zeros(())))
        identity = torch.eye(nodes, dtype=parameter.dtype, device=parameter.device)
        columns = self.apply(identity.reshape(nodes, 1, *shape))
        return columns.reshape(self.count, nodes, nodes).transpose(1, 2)

    def forward(self, features: Tensor) -> Tensor:
        return self.apply(features)
