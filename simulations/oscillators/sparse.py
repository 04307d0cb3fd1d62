"""Sparse networks: compressed rows, one sparse product for all waves, nothing of size N × N."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from .parameters import Constant, finite_tensor


class Edges(NamedTuple):
    """A network as a list: oscillator j[e] acts on oscillator i[e] with weight[e] (a number: the same for
    all).

    Edges are directed; an undirected one is listed both ways. Weights of edges listed twice add up.
    """

    i: Any
    j: Any
    weight: Any = 1.0


class _Pattern:
    """Where the entries of a matrix are, in row-major order: compressed rows, columns and rows, shape
    (entry,).
    """

    def __init__(self, row: torch.Tensor, column: torch.Tensor, count: int):
        index = torch.int32 if max(len(row), count) < 2**31 else torch.int64
        sizes = torch.bincount(row, minlength=count)
        self.crow = torch.cat([sizes.new_zeros(1), sizes.cumsum(0)]).to(index)
        self.column, self.row, self.count = column.to(index), row, count

    @cached_property
    def transposed(self) -> tuple[_Pattern, torch.Tensor]:
        """The pattern of the transpose, and the place here of each of its entries."""
        column = self.column.long()
        order = torch.argsort(column * self.count + self.row, stable=True)
        return _Pattern(column[order], self.row[order], self.count), order

    def matrix(self, weight: torch.Tensor) -> torch.Tensor:
        """The matrix with these entries, in compressed rows."""
        device = weight.device
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")
            return torch.sparse_csr_tensor(
                self.crow.to(device),
                self.column.to(device),
                weight,
                (self.count, self.count),
                check_invariants=False,
            )


class SparseCoupling:
    """A sparse N × N matrix K, row i acting on oscillator i: Σ_j K_ij w_j by one sparse product for all
    waves.

    Differentiable in the waves and in the weights, with a gradient for the listed edges alone; PyTorch's own
    gradient of a sparse product fills an N × N matrix.
    """

    def __init__(self, edges: Edges, count: int):
        row, column, weight = edges
        order = torch.argsort(row * count + column, stable=True)
        self.weight = weight[order]
        self.count = count
        self._pattern = _Pattern(row[order], column[order], count)
        self._weights = Constant(self.weight)
        self._matrices: dict[tuple[torch.dtype, torch.device], torch.Tensor] = {}
        self.tensor = self._pattern.matrix(self.weight)

    @property
    def edges(self) -> Edges:
        """The edges in row-major order, tensors of shape (edge,)."""
        return Edges(self._pattern.row, self._pattern.column.long(), self.weight)

    def sums(self, waves: list[torch.Tensor]) -> list[torch.Tensor]:
        """Σ_j K_ij w_j of each wave. shape: (…, node) -> (…, node)"""
        stacked = torch.stack(waves)
        columns = stacked.reshape(-1, self.count).mT  # shape: (node, wave·batch)
        if torch.is_grad_enabled() and (self.weight.requires_grad or stacked.requires_grad):
            product = _Product.apply(self._weights.like(stacked), columns, self._pattern)
        else:
            product = self._matrix(stacked) @ columns
        return list(product.mT.reshape(stacked.shape).unbind())

    def strengths(self) -> torch.Tensor:
        """Σ_j |K_ij|, shape (node,)."""
        weight = self.weight
        return weight.new_zeros(self.count).index_add(0, self._pattern.row, weight.abs())

    def total(self, like: torch.Tensor) -> torch.Tensor:
        """Σ_ij K_ij."""
        return self._weights.like(like).sum()

    def is_hermitian(self) -> bool:
        """Whether K = Kᵀ."""
        row, column, weight = self.edges
        one_way = _merged(row * self.count + column, weight)
        other = _merged(column * self.count + row, weight)
        return all(torch.equal(a, b) for a, b in zip(one_way, other, strict=True))

    def _matrix(self, like: torch.Tensor) -> torch.Tensor:
        key = (like.dtype, like.device)
        if key not in self._matrices:
            matrix = self._pattern.matrix(self._weights.like(like).detach())
            if self.weight.requires_grad:
                return matrix
            self._matrices[key] = matrix
        return self._matrices[key]


class _Product(torch.autograd.Function):
    """Matrix of a given pattern times columns; both gradients stay on the pattern."""

    @staticmethod
    def forward(ctx, weights, columns, pattern):
        ctx.save_for_backward(weights, columns)
        ctx.pattern = pattern
        return pattern.matrix(weights) @ columns

    @staticmethod
    def backward(ctx, gradient):
        weights, columns = ctx.saved_tensors
        pattern = ctx.pattern
        for_weights = for_columns = None
        if ctx.needs_input_grad[0]:
            row, column = pattern.row.to(weights.device), pattern.column.to(weights.device)
            for_weights = (gradient[row] * columns[column]).sum(-1)
        if ctx.needs_input_grad[1]:
            transpose, order = pattern.transposed
            for_columns = _Product.apply(weights[order.to(weights.device)], gradient, transpose)
        return for_weights, for_columns, None


def read_sparse(value: Any, count: int) -> Edges:
    """`Edges`, a SciPy sparse matrix or a sparse tensor as checked edges; ValueError where they do not
    fit.
    """
    if not isinstance(value, Edges) and tuple(value.shape) != (count, count):
        raise ValueError(
            f"got a coupling of shape {tuple(value.shape)} for {count} frequencies, "
            f"expected ({count}, {count})"
        )
    if isinstance(value, torch.Tensor):
        entries = value.to_sparse_coo().coalesce()
        row, column = entries.indices()
        value = Edges(row, column, entries.values())
    elif not isinstance(value, Edges):
        entries = value.tocoo()
        value = Edges(entries.row, entries.col, entries.data)
    i, j = node_numbers(value.i, "i", count), node_numbers(value.j, "j", count)
    weight = finite_tensor(value.weight, "weight of the edges")
    if i.shape != j.shape or weight.shape not in ((), i.shape):
        raise ValueError(
            f"got edges with {len(i)} i, {len(j)} j and weights of shape {tuple(weight.shape)}, expected as "
            "many of each, or one weight"
        )
    return Edges(i, j, weight.expand(i.shape))


def node_numbers(value: Any, name: str, count: int | None = None) -> torch.Tensor:
    """Integers from 0 (to count − 1, where given), shape (n,); ValueError for anything else."""
    nodes = torch.as_tensor(value if isinstance(value, torch.Tensor) else np.asarray(value))
    integral = not (nodes.is_floating_point() or nodes.is_complex() or nodes.dtype is torch.bool)
    if nodes.ndim != 1 or not (integral or len(nodes) == 0):
        raise ValueError(
            f"got {name} of shape {tuple(nodes.shape)} and type {nodes.dtype}, expected a list of "
            "node numbers"
        )
    if len(nodes) and (int(nodes.min()) < 0 or (count is not None and int(nodes.max()) >= count)):
        limit = "0 and up" if count is None else f"0 to {count - 1}"
        raise ValueError(
            f"got node numbers {name} from {int(nodes.min())} to {int(nodes.max())}, expected {limit}"
        )
    return nodes.long()


def _merged(position: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions without repetition, those of weight zero left out, and the sum of the weights at each."""
    where, which = torch.unique(position, return_inverse=True)
    sums = weight.detach().new_zeros(len(where)).index_add(0, which, weight.detach())
    return where[sums != 0], sums[sums != 0]
