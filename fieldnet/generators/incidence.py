"""Generators on a sparse network: one weight an edge, no d×d matrix."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ..contraction import flatten, unflatten
from .action import total
from .nodes import OnNodes
from .sparse import Pattern, Side, multiply

INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8)


class Incidence(OnNodes):
    """Directed edge weights on the incidence matrix, of a list of edges (arXiv:2109.07103, eq. 72).

        (L̂_i f)_a = Σ_{e: a→b} ℓ_{ie} (f_b − f_a)

    It kills constants, to round-off. `edges`, shape (E, 2), has rows (a, b): node a hears node b; edges that
    are given twice add. `weight` ℓ has shape (count, E): a given tensor is held fixed, a given `nn.Parameter`
    is learned from there, and without either the weights are learned from N(0, d/E), d/E = 1/mean degree.
    Time and memory grow with E, as against d² of `Graph`.
    """

    edges: Tensor
    weight: Tensor

    def __init__(
        self,
        edges: Tensor,
        nodes: int,
        count: int = 1,
        weight: Tensor | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        if edges.ndim != 2 or edges.shape[1] != 2 or edges.dtype not in INTEGERS:
            raise ValueError(
                f"got edges of shape {tuple(edges.shape)}, {edges.dtype}, expected integers (E, 2); "
                "`mask.nonzero()` gives them for a d×d mask"
            )
        if edges.numel() and not 0 <= int(edges.min()) <= int(edges.max()) < nodes:
            raise ValueError(
                f"got edges between nodes {int(edges.min())} to {int(edges.max())}, expected 0 to {nodes - 1}"
            )
        if weight is None:
            size = (nodes / max(len(edges), 1)) ** 0.5
            start = size * torch.randn(count, len(edges), dtype=dtype, device=device or edges.device)
            weight = nn.Parameter(start)
        if weight.ndim != 2 or weight.shape[1] != len(edges):
            raise ValueError(f"got weights of shape {tuple(weight.shape)}, expected (count, {len(edges)})")
        self.count, self.shape = len(weight), (nodes,)
        self.hold("weight", weight)
        self.register_buffer("edges", edges.long().to(weight.device))
        self._prepare()

    def _prepare(self) -> None:
        diagonal = torch.arange(self.nodes, device=self.edges.device)[:, None].expand(-1, 2)
        self.pattern = Pattern(torch.cat([self.edges, diagonal]), self.nodes)

    def _load_from_state_dict(self, *arguments: Any, **named: Any) -> None:
        super()._load_from_state_dict(*arguments, **named)
        self._prepare()

    def act(self, features: Tensor) -> Tensor:
        self.space_of(features)
        rows = features.movedim(-1, 0)
        sides, flat = self.pattern.sides(), rows.reshape(self.nodes, -1)
        moved = [multiply(entries, flat, sides) for entries in self._entries()]
        return torch.stack(moved).reshape(self.count, *rows.shape).movedim(1, -1)

    def transpose(self, stack: Tensor) -> Tensor:
        self.space_of(stack)
        direct, transposed = self.pattern.sides()
        rows = stack.movedim(-1, 1)
        flat = rows.reshape(self.count, self.nodes, -1)
        pulled = total(
            multiply(entries, g, (transposed, direct))
            for entries, g in zip(self._entries(), flat, strict=True)
        )
        return pulled.reshape(rows.shape[1:]).movedim(0, -1)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        return self._contracted(weight, features, identity, self.pattern.sides())

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        direct, transposed = self.pattern.sides()
        adjoint = None if identity is None else identity.mT
        return self._contracted(weight.mT, residual, adjoint, (transposed, direct))

    def _contracted(
        self, weight: Tensor, features: Tensor, identity: Tensor | None, sides: tuple[Side, Side]
    ) -> Tensor:
        """The edges act on the smaller number of channels; rows are (node, sample, channel)."""
        self.space_of(features)
        rows, entries = flatten(features, 1).permute(2, 0, 1).contiguous(), self._entries()
        if weight.shape[1] < weight.shape[2]:
            terms = [] if identity is None else [rows @ identity.mT]
            for w, values in zip(weight, entries, strict=True):
                mixed = rows @ w.mT
                terms.append(multiply(values, mixed.flatten(1), sides).reshape(mixed.shape))
            result = total(terms)
        else:
            moved = [multiply(values, rows.flatten(1), sides).reshape(rows.shape) for values in entries]
            if identity is not None:
                moved, weight = [rows, *moved], torch.cat([identity[None], weight])
            result = torch.cat(moved, 2) @ weight.transpose(1, 2).flatten(0, 1)
        return unflatten(result.permute(1, 2, 0), features, 1)

    def _entries(self) -> Tensor:
        """Entries of the matrices at the places of the pattern: edges, diagonal. shape: (count, E + d)"""
        zero = self.weight.new_zeros(self.count, self.nodes)
        return torch.cat([self.weight, zero.index_add(1, self.edges[:, 0], -self.weight)], 1)

    def vector_field(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """On a network the edge weights are the vector field, ℓ_{ie}. shape: (count, E)"""
        return self.weight

    def matrix(self, shape: tuple[int, ...] | None = None) -> Tensor:
        """The d×d matrices, dense. shape: (count, d, d)"""
        zero = self.weight.new_zeros(self.count, self.nodes**2)
        flat = zero.index_add(1, self.pattern.places @ self._strides(), self._entries())
        return flat.reshape(self.count, self.nodes, self.nodes)

    def plus(self, other: Incidence) -> Incidence:
        return self._with(torch.cat([self.edges, other.edges]), torch.cat([self.weight, other.weight], 1))

    def commutator(self, other: Incidence) -> Incidence:
        """Matrices that kill constants are closed under the bracket; its edges are paths of two edges.

        The entries of Σ_b (A_ab B_bc − B_ab A_bc) with a ≠ c, summed over the paths a→b→c alone.
        """
        places, others = self.pattern.places, other.pattern.places
        entries, others_entries = self._entries(), other._entries()
        p, q = _paths(places, others, self.nodes)
        r, s = _paths(others, places, self.nodes)
        there = entries[:, None, p] * others_entries[None, :, q]
        back = entries[:, None, s] * others_entries[None, :, r]
        edges = torch.cat(
            [torch.stack([places[p, 0], others[q, 1]], 1), torch.stack([others[r, 0], places[s, 1]], 1)]
        )
        return self._with(edges, torch.cat([there, -back], 2).flatten(0, 1))

    def combination(self, matrix: Tensor) -> Incidence:
        return Incidence(self.edges, self.nodes, weight=matrix @ self.weight)

    def _with(self, edges: Tensor, weight: Tensor) -> Incidence:
        """The family of these edges, repeated ones added and loops, which do nothing, dropped."""
        keep = edges[:, 0] != edges[:, 1]
        flat, place = torch.unique(edges[keep] @ self._strides(), return_inverse=True)
        merged = weight.new_zeros(len(weight), len(flat)).index_add(1, place, weight[:, keep])
        ends = torch.stack([flat // self.nodes, flat % self.nodes], 1)
        return Incidence(ends, self.nodes, weight=merged)

    def _strides(self) -> Tensor:
        return self.edges.new_tensor([self.nodes, 1])

    def extra_repr(self) -> str:
        return f"nodes={self.nodes}, edges={len(self.edges)}, count={self.count}"


def _paths(first: Tensor, second: Tensor, nodes: int) -> tuple[Tensor, Tensor]:
    """All (p, q) with first[p] = (a, b) and second[q] = (b, c). shape: (P, 2), (Q, 2) -> (N,), (N,)"""
    order = torch.argsort(second[:, 0])
    degree = torch.bincount(second[:, 0], minlength=nodes)
    start = degree.cumsum(0) - degree
    continued = degree[first[:, 1]]
    p = torch.repeat_interleave(torch.arange(len(first), device=first.device), continued)
    begun = continued.cumsum(0) - continued
    within = torch.arange(len(p), device=first.device) - begun[p]
    return p, order[start[first[p, 1]] + within]
