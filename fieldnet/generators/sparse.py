"""Products with a sparse matrix whose entries are learned: one weight for each edge of a fixed list.

Two products, linear in each argument, that are each other's derivatives:

    multiply(w, f)_a = Σ_{e: a→b} w_e f_b          correlate(g, f)_e = g_a · f_b

for any order of differentiation, with no intermediate of the size of edges × columns.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..contraction import has_storage


class Side(NamedTuple):
    """The edges in the order of the rows of a matrix in compressed form (CSR)."""

    starts: Tensor
    order: Tensor
    rows: Tensor
    columns: Tensor


class Pattern(nn.Module):
    """Places (a, b) of a matrix, shape (E, 2), with the compressed forms of it and of its transpose."""

    places: Tensor

    def __init__(self, places: Tensor, nodes: int):
        super().__init__()
        self.register_buffer("places", places, persistent=False)
        for name, (rows, columns) in (("direct", places.T), ("transposed", places.flip(1).T)):
            order = torch.argsort(rows * nodes + columns)
            counts = torch.bincount(rows, minlength=nodes)
            starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
            side = Side(starts, order, rows[order], columns[order])
            for part, tensor in side._asdict().items():
                self.register_buffer(f"{name}_{part}", tensor, persistent=False)

    def sides(self) -> tuple[Side, Side]:
        """Of the matrix, and of its transpose."""
        direct, transposed = (
            Side(*(self.get_buffer(f"{name}_{part}") for part in Side._fields))
            for name in ("direct", "transposed")
        )
        return direct, transposed


def multiply(weight: Tensor, features: Tensor, sides: tuple[Side, Side]) -> Tensor:
    """Σ_{e: a→b} w_e f_b at every node a. shape: (E,), (d, columns) -> (d, columns)"""
    if not _has_sparse_products(weight) or features.is_complex():
        return spread(weight, features, sides[0])
    with torch.autocast(weight.device.type, enabled=False):
        return _Multiply.apply(weight, features.to(weight.dtype), *sides[0], *sides[1])


def correlate(left: Tensor, right: Tensor, sides: tuple[Side, Side]) -> Tensor:
    """g_a · f_b for every edge a→b. shape: (d, columns), (d, columns) -> (E,)"""
    return _Correlate.apply(left, right, *sides[0], *sides[1])


def _has_sparse_products(tensor: Tensor) -> bool:
    if torch.compiler.is_compiling() or tensor.dtype not in (torch.float32, torch.float64):
        return False
    return tensor.device.type == "cuda" or (tensor.device.type == "cpu" and torch.backends.mkl.is_available())


def spread(weight: Tensor, features: Tensor, side: Side) -> Tensor:
    """`multiply` by operations that autograd follows."""
    moved = weight[side.order, None] * features[side.columns]
    return moved.new_zeros(features.shape).index_add(0, side.rows, moved)


def _compressed(weight: Tensor, side: Side, nodes: int) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta")
        return torch.sparse_csr_tensor(
            side.starts, side.columns, weight[side.order], (nodes, nodes), check_invariants=False
        )


def _sides(tensors: tuple[Tensor, ...]) -> tuple[Side, Side]:
    return Side(*tensors[:4]), Side(*tensors[4:])


class _Multiply(torch.autograd.Function):
    @staticmethod
    def forward(weight: Tensor, features: Tensor, *tensors: Tensor) -> Tensor:
        if not (has_storage(weight) and has_storage(features)):
            return spread(weight, features, Side(*tensors[:4]))
        return _compressed(weight, Side(*tensors[:4]), len(features)) @ features.contiguous()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weight, features, *tensors = ctx.saved_tensors
        direct, transposed = _sides(tuple(tensors))
        by_weight = correlate(gradient, features, (direct, transposed)) if ctx.needs_input_grad[0] else None
        by_features = multiply(weight, gradient, (transposed, direct)) if ctx.needs_input_grad[1] else None
        return by_weight, by_features, *[None] * 8

    @staticmethod
    def jvp(ctx: Any, weight_slope: Tensor | None, slope: Tensor | None, *_: None) -> Tensor:
        return _product_rule(multiply, ctx, weight_slope, slope)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Tensor, int]:
        if in_dims[0] is not None:
            return _one_by_one(_Multiply, info, in_dims, inputs)
        features = inputs[1].movedim(in_dims[1] or 0, 1)
        result = _Multiply.apply(inputs[0], features.flatten(1), *inputs[2:])
        return result.unflatten(1, features.shape[1:]), 1


class _Correlate(torch.autograd.Function):
    @staticmethod
    def forward(left: Tensor, right: Tensor, *tensors: Tensor) -> Tensor:
        side = Side(*tensors[:4])
        if not (has_storage(left) and has_storage(right)):
            products = (left[side.rows] * right[side.columns]).sum(1)
            return torch.empty_like(products).index_copy(0, side.order, products)
        places = _compressed(left.new_zeros(len(side.order)), side, len(left))
        products = torch.sparse.sampled_addmm(
            places, left.contiguous(), right.contiguous().T, beta=0.0
        ).values()
        return torch.empty_like(products).index_copy(0, side.order, products)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        left, right, *tensors = ctx.saved_tensors
        direct, transposed = _sides(tuple(tensors))
        by_left = multiply(gradient, right, (direct, transposed)) if ctx.needs_input_grad[0] else None
        by_right = multiply(gradient, left, (transposed, direct)) if ctx.needs_input_grad[1] else None
        return by_left, by_right, *[None] * 8

    @staticmethod
    def jvp(ctx: Any, left_slope: Tensor | None, right_slope: Tensor | None, *_: None) -> Tensor:
        return _product_rule(correlate, ctx, left_slope, right_slope)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Tensor) -> tuple[Tensor, int]:
        return _one_by_one(_Correlate, info, in_dims, inputs)


def _product_rule(product: Any, ctx: Any, left_slope: Tensor | None, right_slope: Tensor | None) -> Tensor:
    """d(a·b) = da·b + a·db, of the factors that move."""
    left, right, *tensors = ctx.saved_tensors
    sides = _sides(tuple(tensors))
    terms = []
    if left_slope is not None:
        terms.append(product(left_slope, right, sides))
    if right_slope is not None:
        terms.append(product(left, right_slope, sides))
    return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _one_by_one(
    function: Any, info: Any, in_dims: tuple[int | None, ...], inputs: tuple[Tensor, ...]
) -> tuple[Tensor, int]:
    results = []
    for n in range(info.batch_size):
        given = [x if d is None else x.select(d, n) for x, d in zip(inputs, in_dims, strict=True)]
        results.append(function.apply(*given))
    return torch.stack(results), 0
