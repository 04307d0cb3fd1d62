"""Families of linear maps on feature maps: matrices, adjoints, vector fields, contraction with weights."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from ..contraction import flatten, mix, unflatten


class Action(nn.Module, ABC):
    """`count` linear maps L̂_i on feature maps f: S → R^m, channels-first `(..., m, *S)`.

    A subclass says how they act (`act`); the transpose, the matrices, the vector fields and the contraction
    with an L-conv layer's weights follow, and may be overridden where the kind knows a shorter way.

    The space S has `space_dimensions` trailing axes; `shape` is that of the one space that the family is made
    for, None where it acts on any. `periodic` says that the space closes on itself along every axis,
    `acts_on_channels` that the maps mix the channels, and so do not commute with the weights of a layer.
    """

    count: int
    space_dimensions: int
    shape: tuple[int, ...] | None = None
    periodic = False
    acts_on_channels = False
    elsewhere = "make the family for that space"

    @abstractmethod
    def act(self, features: Tensor) -> Tensor:
        """L̂_i f for every i. shape: (..., m, *S) -> (count, ..., m, *S)"""

    def apply(self, features: Any) -> Any:
        """L̂_i f on a feature map; on a function, `torch.nn.Module.apply`, which calls it on every module."""
        return self(features) if isinstance(features, Tensor) else super().apply(features)

    def forward(self, features: Tensor) -> Tensor:
        """`act`, for features of the family's own dtype. Raises ValueError for others."""
        dtypes = {tensor.dtype for tensor in self.numbers()}
        if dtypes and features.dtype not in dtypes and not torch.is_autocast_enabled(features.device.type):
            raise ValueError(
                f"feature map is {features.dtype}; expected {', '.join(map(str, dtypes))}, the generators'; "
                "convert one of them with .to(dtype)"
            )
        return self.act(features)

    def transpose(self, stack: Tensor) -> Tensor:
        """Σ_i L̂_iᵀ g_i, the transpose of `act`. shape: (count, ..., m, *S) -> (..., m, *S)

        ⟨g, act(f)⟩ = ⟨transpose(g), f⟩ for all f and g.
        """
        pullback = torch.func.vjp(self.act, torch.zeros_like(stack[0]))[1]
        return pullback(stack)[0]

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """Σ_i W^i L̂_i f, plus W⁰f where W⁰ = `identity` is given: what an L-conv layer asks for.

        shape: (count, o, c), (..., c, *S), (o, c) -> (..., o, *S)
        """
        space = self.space_dimensions
        flat = flatten(features, space)
        terms = [] if identity is None else [mix(identity, flat)]
        if self._mixes_first(weight):
            mixed = unflatten(mix(weight[0], flat), features, space)
            terms.append(flatten(self.act(mixed)[0], space))
        else:
            moved = self.act(features)
            terms += [mix(w, flatten(one, space)) for w, one in zip(weight, moved, strict=True)]
        return unflatten(total(terms), features, space)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        """Σ_i L̂_iᵀ W^iᵀ r, plus W⁰ᵀr: ⟨r, contract(f)⟩ = ⟨contract_transpose(r), f⟩ for all r and f.

        shape: (count, o, c), (..., o, *S), (o, c) -> (..., c, *S)
        """
        space = self.space_dimensions
        flat = flatten(residual, space)
        terms = [] if identity is None else [mix(identity.mT, flat)]
        if self._mixes_first(weight):
            terms.append(mix(weight[0].mT, flatten(self.transpose(residual[None]), space)))
        else:
            stack = torch.stack([unflatten(mix(w.mT, flat), residual, space) for w in weight])
            terms.append(flatten(self.transpose(stack), space))
        return unflatten(total(terms), residual, space)

    def _mixes_first(self, weight: Tensor) -> bool:
        """Whether one generator acts on the fewer output channels."""
        return self.count == 1 and not self.acts_on_channels and weight.shape[1] < weight.shape[2]

    def matrix(self, shape: tuple[int, ...]) -> Tensor:
        """The d×d matrices on a space of the given shape, d = ∏ shape. shape: (count, d, d)"""
        nodes = int(torch.Size(shape).numel())
        identity = torch.eye(nodes, **self._dtype_and_device())
        columns = self.act(identity.reshape(nodes, 1, *shape))
        return columns.reshape(self.count, nodes, nodes).transpose(1, 2)

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        """v_i^α(x) = (L̂_i x^α)(x) − x^α (L̂_i 1)(x), x in grid steps.

        shape: (count, n, *shape), n = len(shape)

        For a differential operator v^α∂_α + w these are the v^α; of any matrix, the first moment
        Σ_y L(x, y)(y − x)^α. On a periodic space x^α is the angle of the longest wave, θ = 2πx/size: v^α =
        (cos θ L̂ sin θ − sin θ L̂ cos θ) size/2π.
        """
        steps = [torch.arange(size, **self._dtype_and_device()) for size in shape]
        places = torch.stack(torch.meshgrid(*steps, indexing="ij"))
        if self.periodic:
            turns = 2 * torch.pi / torch.tensor(shape).to(places).reshape(-1, *[1] * len(shape))
            sine, cosine = (turns * places).sin(), (turns * places).cos()
            moved = self.act(torch.stack([sine, cosine]).unsqueeze(2)).squeeze(3)
            return (cosine * moved[:, 0] - sine * moved[:, 1]) / turns
        moved = self.act(places[:, None]).squeeze(2)
        ones = self.act(torch.ones_like(places[:1, None])).squeeze(2)
        return moved - places * ones

    def numbers(self) -> list[Tensor]:
        """The parameters and buffers that are real or complex numbers."""
        tensors = (*self.parameters(), *self.buffers())
        return [tensor for tensor in tensors if tensor.is_floating_point() or tensor.is_complex()]

    def hold(self, name: str, values: Tensor) -> None:
        """Learn an `nn.Parameter`, keep any other tensor, with its gradient, as a buffer."""
        if isinstance(values, nn.Parameter):
            self.register_parameter(name, values)
        else:
            self.register_buffer(name, values)

    def space_of(self, features: Tensor) -> tuple[int, ...]:
        """The shape of the space of a feature map. Raises ValueError where the family has no such space."""
        axes = self.space_dimensions
        space = tuple(features.shape[max(features.ndim - axes, 0) :])
        if len(space) != axes or self.shape not in (None, space):
            wanted = ", ".join(map(str, self.shape or ["size"] * axes))
            raise ValueError(
                f"feature map has shape {tuple(features.shape)}; expected (..., {wanted}), the generators' "
                f"space; {self.elsewhere}"
            )
        return space

    def _dtype_and_device(self) -> dict[str, Any]:
        """The dtype and the device of the family."""
        reference = next(iter(self.numbers()), torch.zeros(()))
        return {"dtype": reference.dtype, "device": reference.device}


def total(tensors: Iterable[Tensor]) -> Tensor:
    return reduce(torch.add, tensors)


def grid_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a grid. Raises ValueError for one without axes or points."""
    if not shape or min(shape) < 1:
        raise ValueError(f"got a grid of shape {tuple(shape)}, expected at least one axis and one point")
    return tuple(shape)
