"""W⁰f + Σ_k W^k L_k f and its gradients in place, with scratch space for few generators at a time."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from .differentiable import Gradients
from .products import correlate, keeps_stack, mixes_first
from .rows import multiply, multiply_add


def _chunks(count: int, channels: int, others: int, whole: bool = False) -> list[slice]:
    """Parts of the generators, whose features are no more than the larger of f and the result."""
    size = count if whole else max(1, others // channels)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


class _Scratch:
    """Room for stacks of features, shape (b, channels, generators, d), one after the other."""

    def __init__(self, chunks: list[slice], features: Tensor, channels: int):
        self.batch, self.channels, self.nodes = len(features), channels, features.shape[2]
        longest = max(part.stop - part.start for part in chunks)
        self.room = features.new_empty(self.batch * channels * longest * self.nodes)

    def stack(self, part: slice) -> Tensor:
        """shape: (b, channels · generators, d)"""
        rows = self.channels * (part.stop - part.start)
        return self.room[: self.batch * rows * self.nodes].view(self.batch, rows, self.nodes)

    def each(self, stack: Tensor) -> Iterator[Tensor]:
        """The features of one generator after the other. shape: (b · channels, d)"""
        count = stack.shape[1] // self.channels
        return iter(stack.view(self.batch * self.channels, count, self.nodes).unbind(1))


def _rows(weight: Tensor) -> Tensor:
    """shape: (k, o, c) -> (o · k, c), k running fastest"""
    return weight.transpose(0, 1).flatten(0, 1)


def _columns(weight: Tensor) -> Tensor:
    """shape: (k, o, c) -> (o, c · k), k running fastest"""
    return weight.permute(1, 2, 0).flatten(1)


def _of_columns(columns: Tensor, inputs: int) -> Tensor:
    """The inverse. shape: (o, c · k) -> (k, o, c)"""
    return columns.unflatten(1, (inputs, -1)).permute(2, 0, 1)


def _mix_into(result: Tensor, weight: Tensor, features: Tensor, add: bool) -> None:
    torch.baddbmm(result, weight.expand(len(features), *weight.shape), features, beta=int(add), out=result)


def _start(identity: Tensor | None, features: Tensor, channels: int) -> Tensor:
    """W⁰f, or 0."""
    batch, _, nodes = features.shape
    if identity is None:
        return features.new_zeros(batch, channels, nodes)
    result = features.new_empty(batch, channels, nodes)
    torch.bmm(identity.expand(batch, *identity.shape), features, out=result)
    return result


def forward(
    identity: Tensor | None, weight: Tensor, features: Tensor, matrices: Tensor, keep: bool
) -> tuple[Tensor, Tensor | None]:
    """The result; and the stack of all L_k f, shape (b, c · k, d), where it is wanted and short."""
    features = features.contiguous()
    count, outputs, inputs = weight.shape
    result = _start(identity, features, outputs)
    if mixes_first(count, outputs, inputs):
        chunks = _chunks(count, outputs, inputs)
        scratch, rows = _Scratch(chunks, features, outputs), result.flatten(0, 1)
        for part in chunks:
            stack = scratch.stack(part)
            _mix_into(stack, _rows(weight[part]), features, add=False)
            for mixed, matrix in zip(scratch.each(stack), matrices[part], strict=True):
                rows = multiply_add(rows, mixed, matrix)
        return rows.view(result.shape), None
    keep = keep and keeps_stack(count, outputs, inputs)
    chunks = _chunks(count, inputs, outputs, keep)
    scratch = _Scratch(chunks, features, inputs)
    for part in chunks:
        stack = scratch.stack(part)
        for moved, matrix in zip(scratch.each(stack), matrices[part], strict=True):
            torch.mm(features.flatten(0, 1), matrix.mT, out=moved)
        _mix_into(result, _columns(weight[part]), stack, add=True)
    return result, stack if keep else None


def backward(
    residual: Tensor,
    identity: Tensor | None,
    weight: Tensor,
    features: Tensor,
    matrices: Tensor,
    stack: Tensor | None,
    needs: tuple[bool, ...],
) -> Gradients:
    """As `gradients`; `stack` is that of `forward`."""
    residual, features = residual.contiguous(), features.contiguous()
    by_identity = correlate(residual, features) if needs[0] else None
    by_weight = torch.empty_like(weight, memory_format=torch.contiguous_format) if needs[1] else None
    by_features = None
    if needs[2]:
        by_features = _start(None if identity is None else identity.mT, residual, features.shape[1])
    by_matrices = torch.empty_like(matrices, memory_format=torch.contiguous_format) if needs[3] else None
    known = (residual, weight, features, matrices)
    if mixes_first(*weight.shape):
        _backward_mixed_first(*known, by_weight, by_features, by_matrices)
    else:
        _backward_moved_first(*known, stack, by_weight, by_features, by_matrices)
    return by_identity, by_weight, by_features, by_matrices


def _backward_mixed_first(
    residual: Tensor,
    weight: Tensor,
    features: Tensor,
    matrices: Tensor,
    by_weight: Tensor | None,
    by_features: Tensor | None,
    by_matrices: Tensor | None,
) -> None:
    """With h_k = W^k f and q_k = L_kᵀg: by L_k g⊗h_k, by f Σ_k W^kᵀq_k, by W^k ⟨q_k, f⟩."""
    count, outputs, inputs = weight.shape
    chunks = _chunks(count, outputs, inputs)
    scratch = _Scratch(chunks, residual, outputs)
    flat = residual.flatten(0, 1)
    for part in chunks:
        stack = scratch.stack(part)
        if by_matrices is not None:
            _mix_into(stack, _rows(weight[part]), features, add=False)
            for mixed, gradient in zip(scratch.each(stack), by_matrices[part], strict=True):
                torch.mm(flat.mT, mixed, out=gradient)
        if by_features is None and by_weight is None:
            continue
        for room, matrix in zip(scratch.each(stack), matrices[part], strict=True):
            pulled = multiply(flat, matrix.mT, room)
        if part.stop - part.start == 1:
            stack = pulled.view(stack.shape)
        if by_features is not None:
            _mix_into(by_features, _rows(weight[part]).mT, stack, add=True)
        if by_weight is not None:
            by_weight[part] = correlate(stack, features).view(outputs, -1, inputs).transpose(0, 1)


def _backward_moved_first(
    residual: Tensor,
    weight: Tensor,
    features: Tensor,
    matrices: Tensor,
    kept: Tensor | None,
    by_weight: Tensor | None,
    by_features: Tensor | None,
    by_matrices: Tensor | None,
) -> None:
    """With p_k = L_k f and u_k = W^kᵀg: by W^k ⟨g, p_k⟩, by f Σ_k L_kᵀu_k, by L_k u_k⊗f."""
    count, outputs, inputs = weight.shape
    if by_weight is not None and kept is not None:
        by_weight.copy_(_of_columns(correlate(residual, kept), inputs))
    chunks = _chunks(count, 3 * inputs, outputs)
    scratch = _Scratch(chunks, features, inputs)
    flat = features.flatten(0, 1)
    for part in chunks:
        stack = scratch.stack(part)
        if by_weight is not None and kept is None:
            for moved, matrix in zip(scratch.each(stack), matrices[part], strict=True):
                torch.mm(flat, matrix.mT, out=moved)
            by_weight[part] = _of_columns(correlate(residual, stack), inputs)
        if by_features is None and by_matrices is None:
            continue
        _mix_into(stack, _columns(weight[part]).mT, residual, add=False)
        if by_features is not None:
            for pulled, matrix in zip(scratch.each(stack), matrices[part], strict=True):
                by_features.flatten(0, 1).addmm_(pulled, matrix)
        if by_matrices is not None:
            for pulled, gradient in zip(scratch.each(stack), by_matrices[part], strict=True):
                torch.mm(pulled.mT, flat, out=gradient)
