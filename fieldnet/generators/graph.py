"""Generators on a network: edge weights on the incidence matrix."""

import torch
from torch import Tensor, nn

from .base import GeneratorModule


class Graph(GeneratorModule):
    """Directed edge weights on the incidence matrix: the matrices that kill constants (arXiv:2109.07103, eq.
    72).

        (L̂ f)_i = Σ_j ℓ_ij (f_j − f_i),     ℓ_ii = 0

    `edges` (d×d, boolean) says which ℓ_ij may differ from 0; without it every ordered pair may.
    Weights start from N(0, 1/d).
    """

    space_dimensions = 1
    edges: Tensor

    def __init__(
        self, nodes: int, count: int = 1, edges: Tensor | None = None, dtype: torch.dtype | None = None
    ):
        super().__init__()
        if edges is not None and tuple(edges.shape) != (nodes, nodes):
            raise ValueError(f"edges has shape {tuple(edges.shape)}; expected ({nodes}, {nodes})")
        self.count = count
        self.weight = nn.Parameter(torch.randn(count, nodes, nodes, dtype=dtype) / nodes**0.5)
        allowed = torch.ones(nodes, nodes, dtype=torch.bool) if edges is None else edges.bool()
        self.register_buffer("edges", allowed & ~torch.eye(nodes, dtype=torch.bool))

    def edge_weights(self) -> Tensor:
        """ℓ_ij with zero diagonal and exactly 0 on absent edges. shape: (count, d, d)"""
        return torch.where(self.edges, self.weight, 0.0)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """ℓ_ij − δ_ij Σ_k ℓ_ik. shape: (count, d, d)"""
        weights = self.edge_weights()
        return weights - torch.diag_embed(weights.sum(-1))

    def apply(self, features: Tensor) -> Tensor:  # type: ignore[override]
        return torch.einsum("kij,...j->k...i", self.matrix(), features)

    def transpose(self, stack: Tensor) -> Tensor:
        return torch.einsum("kij,k...i->...j", self.matrix(), stack)
