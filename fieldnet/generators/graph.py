"""Generators on a network: edge weights on the incidence matrix."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .nodes import ByMatrices


class Graph(ByMatrices):
    """Directed edge weights on the incidence matrix: the matrices that kill constants (arXiv:2109.07103, eq.
    72).

        (L̂ f)_i = Σ_j ℓ_ij (f_j − f_i),     ℓ_ii = 0

    `edges` (d×d, boolean) says which ℓ_ij may differ from 0; without it every ordered pair may. `weight`, ℓ
    before absent edges and the diagonal are put to 0, has shape (count, d, d): a given tensor is held fixed,
    a given `nn.Parameter` is learned from there, and without either the weights are learned from N(0, 1/d).
    `Incidence` is the same on a list of edges, for large networks.
    """

    edges: Tensor
    weight: Tensor

    def __init__(
        self,
        nodes: int,
        count: int = 1,
        edges: Tensor | None = None,
        dtype: torch.dtype | None = None,
        weight: Tensor | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        if edges is not None and tuple(edges.shape) != (nodes, nodes):
            raise ValueError(f"edges has shape {tuple(edges.shape)}; expected ({nodes}, {nodes})")
        if weight is None:
            weight = nn.Parameter(torch.randn(count, nodes, nodes, dtype=dtype, device=device) / nodes**0.5)
        if tuple(weight.shape[1:]) != (nodes, nodes):
            raise ValueError(
                f"got weights of shape {tuple(weight.shape)}, expected (count, {nodes}, {nodes})"
            )
        self.count, self.shape = len(weight), (nodes,)
        self.hold("weight", weight)
        allowed = torch.ones(nodes, nodes, dtype=torch.bool) if edges is None else edges.bool()
        allowed = allowed.to(weight.device)
        self.register_buffer("edges", allowed & ~torch.eye(nodes, dtype=torch.bool, device=weight.device))

    def edge_weights(self) -> Tensor:
        """ℓ_ij with zero diagonal and exactly 0 on absent edges. shape: (count, d, d)"""
        return torch.where(self.edges, self.weight, 0.0)

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """ℓ_ij − δ_ij Σ_k ℓ_ik. shape: (count, d, d)"""
        weights = self.edge_weights()
        return weights - torch.diag_embed(weights.sum(-1))

    def vector_field(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """On a network the edge weights are the vector field, ℓ_ij. shape: (count, d, d)"""
        return self.edge_weights()

    def plus(self, other: Graph) -> Graph:
        return self._with(self.edge_weights() + other.edge_weights(), self.edges | other.edges)

    def commutator(self, other: Graph) -> Graph:
        """Matrices that kill constants are closed under the bracket; their edges are paths of two edges."""
        a, b = self.matrix(), other.matrix()
        brackets = torch.einsum("iab,jbc->ijac", a, b) - torch.einsum("jab,ibc->ijac", b, a)
        reached = torch.eye(self.nodes, dtype=torch.bool, device=self.edges.device)
        first, second = (graph.edges | reached for graph in (self, other))
        paths = (first.double() @ second.double() + second.double() @ first.double()) > 0
        return self._with(brackets.flatten(0, 1), paths)

    def combination(self, matrix: Tensor) -> Graph:
        return self._with(torch.tensordot(matrix, self.edge_weights(), dims=1), self.edges)

    def _with(self, weight: Tensor, edges: Tensor) -> Graph:
        return Graph(self.nodes, edges=edges, weight=weight)

    def extra_repr(self) -> str:
        return f"nodes={self.nodes}, count={self.count}"
