"""Generators that are sparse stencils of any form, in one to three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from ..contraction import flatten, unflatten
from .base import Bracket, GeneratorModule, Sum
from .families import Zero

CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


class LocalStencil(GeneratorModule):
    """(L̂_i f)(x) = Σ_o w_{io} [f(x + o) − f(x)] over given offsets o, every weight free: kills constants.

    `offsets` is a list of n whole numbers each, in grid steps, such as `box(1, 2)`. `weight` w has shape
    (count, offsets): a given tensor is held fixed, a given `nn.Parameter` is learned from there, and without
    either the weights are learned from N(0, 1/offsets). `padding` is "circular", the periodic grid, or
    "zeros": a difference to a point outside of the grid is 0, so that constants are killed up to the edge.

    Its vector field is v_i = Σ_o w_{io} o; the rest of w, even in o, is diffusion. `Stencil` is the case
    that is antisymmetric along each axis.
    """

    offsets: Tensor
    flat_offsets: Tensor
    weight: Tensor

    def __init__(
        self,
        offsets: Sequence[Sequence[int]] | Tensor,
        count: int = 1,
        padding: str = "circular",
        weight: Tensor | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        places = torch.as_tensor(offsets)
        if places.ndim != 2 or places.is_floating_point() or places.shape[1] not in CONVOLUTIONS:
            raise ValueError(
                f"got offsets of shape {tuple(places.shape)}, expected (offsets, n) integers, n = 1 to 3"
            )
        if padding not in ("circular", "zeros"):
            raise ValueError(f"got the padding {padding!r}, expected 'circular' or 'zeros'")
        if weight is None:
            weight = nn.Parameter(
                torch.randn(count, len(places), dtype=dtype, device=device) / len(places) ** 0.5
            )
        if weight.ndim != 2 or weight.shape[1] != len(places):
            raise ValueError(f"got weights of shape {tuple(weight.shape)}, expected (count, {len(places)})")
        self.periodic = padding == "circular"
        self.padding, self.count, self.space_dimensions = padding, len(weight), places.shape[1]
        self.hold("weight", weight)
        self.register_buffer("offsets", places.to(weight.device))
        self._prepare(places.cpu())

    def _prepare(self, offsets: Tensor) -> None:
        self.radii = tuple(offsets.abs().amax(0).tolist())
        self.sizes = tuple(2 * radius + 1 for radius in self.radii)
        strides = torch.tensor(
            [torch.Size(self.sizes[axis + 1 :]).numel() for axis in range(len(self.sizes))]
        )
        flat = ((offsets + torch.tensor(self.radii)) * strides).sum(1)
        self.register_buffer("flat_offsets", flat.to(self.weight.device), persistent=False)

    def _load_from_state_dict(self, *arguments: Any, **named: Any) -> None:
        super()._load_from_state_dict(*arguments, **named)
        self._prepare(self.offsets.cpu())

    def kernel(self) -> Tensor:
        """w on the box around its offsets, 0 elsewhere. shape: (count, 2r_1 + 1, …)"""
        cells = self.weight.new_zeros(self.count, torch.Size(self.sizes).numel())
        return cells.index_add(1, self.flat_offsets, self.weight).reshape(self.count, *self.sizes)

    def contract(self, weight: Tensor, features: Tensor, identity: Tensor | None = None) -> Tensor:
        """One convolution, whatever the number of generators."""
        return self._differences(self._mixing(weight, identity), weight, features)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        return self._differences(adjoint(self._mixing(weight, identity)), weight.mT, residual)

    def _mixing(self, weight: Tensor, identity: Tensor | None) -> Tensor:
        """W⁰ at the centre, W^i w_{io} around it. shape: (o, c, 2r_1 + 1, …)"""
        kernel = torch.einsum("koc,k...->oc...", weight, self.kernel())
        return kernel if identity is None else at_centre(kernel, identity)

    def _differences(self, kernel: Tensor, weight: Tensor, features: Tensor) -> Tensor:
        """Σ_o K(o) f(x + o) − W^i r_i(x) f(x), r_i as `_reach`: a tap at the centre, but near walls."""
        n, space, whole = self.space_dimensions, self.space_of(features), self.weight.sum(1)
        kernel = at_centre(kernel, -torch.einsum("koc,k->oc", weight, whole))
        moved = convolve(kernel, features, self.padding)
        if self.periodic:
            return moved
        places = near_walls(space, self.radii).to(features.device)
        missing = whole[:, None] - self._reach(space).flatten(1)[:, places]
        mixing = torch.einsum("koc,kx->ocx", weight, missing)
        there = torch.einsum("ocx,bcx->box", mixing, flatten(features, n)[..., places])
        return unflatten(flatten(moved, n).index_add(2, places, there.to(moved.dtype)), features, n)

    def _reach(self, space: tuple[int, ...]) -> Tensor:
        """r_i(x) = Σ_o w_{io} over the offsets that stay on the grid. shape: (count, *S), or (count, 1, …)"""
        if self.periodic:
            return self.weight.sum(1).reshape(-1, *[1] * self.space_dimensions)
        return convolve(self.kernel()[:, None], self.weight.new_ones(1, *space), self.padding)

    def act(self, features: Tensor) -> Tensor:
        space = self.space_of(features)
        batch = features.reshape(-1, 1, *space)
        moved = convolve(self.kernel()[:, None], batch, self.padding) - self._reach(space) * batch
        return moved.movedim(1, 0).reshape(self.count, *features.shape)

    def space_of(self, features: Tensor) -> tuple[int, ...]:
        space = super().space_of(features)
        if any(points < needed for points, needed in zip(space, self.sizes, strict=True)):
            raise ValueError(
                f"got a grid of shape {space}, expected at least {self.sizes} points for offsets up to "
                f"{self.radii}"
            )
        return space

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        """Σ_o w_{io} o, over the offsets that stay on the grid. shape: (count, n, *S), in grid steps"""
        if self.padding == "zeros":
            return super().vector_field(shape)
        field = self.weight @ self.offsets.to(self.weight.dtype)
        return field.reshape(*field.shape, *[1] * len(shape)).expand(*field.shape, *shape)

    def plus(self, other: LocalStencil) -> GeneratorModule:
        if self.padding != other.padding:
            return Sum(self, other)
        offsets, place = torch.unique(torch.cat([self.offsets, other.offsets]), dim=0, return_inverse=True)
        both = torch.cat([self.weight, other.weight], 1)
        weight = both.new_zeros(self.count, len(offsets)).index_add(1, place, both)
        return LocalStencil(offsets, padding=self.padding, weight=weight)

    def commutator(self, other: LocalStencil) -> GeneratorModule:
        """0 on a periodic grid; near an edge stencils do not commute, and act one after the other."""
        if self.padding == other.padding == "circular":
            return Zero(
                self.count * other.count, self.space_dimensions, self.weight.dtype, self.weight.device
            )
        return Bracket(self, other)

    def combination(self, matrix: Tensor) -> LocalStencil:
        return LocalStencil(self.offsets, padding=self.padding, weight=matrix @ self.weight)

    def extra_repr(self) -> str:
        return (
            f"offsets={len(self.offsets)}, radii={self.radii}, padding={self.padding!r}, count={self.count}"
        )


def convolve(kernel: Tensor, features: Tensor, padding: str = "circular") -> Tensor:
    """Σ_o K(o) f(x + o) on a grid of one to three axes, periodic or with "zeros" around it, odd kernels.

    shape: (o, c, *box), (..., c, *S) -> (..., o, *S)
    """
    n = kernel.ndim - 2
    batch = features.reshape(-1, *features.shape[-1 - n :])
    radii = [size // 2 for size in kernel.shape[2:]]
    if padding == "circular":
        batch = functional.pad(batch, [r for r in reversed(radii) for _ in range(2)], mode="circular")
        radii = [0] * n
    result = CONVOLUTIONS[n](batch, kernel, padding=radii)
    return result.reshape(*features.shape[: -1 - n], *result.shape[1:])


def near_walls(space: tuple[int, ...], radii: tuple[int, ...]) -> Tensor:
    """The points fewer than r_α steps from a wall, each once, in row-major numbers. shape: (points,)

    >>> near_walls((5,), (1,))
    tensor([0, 4])
    """
    inner, parts = torch.arange(torch.Size(space).numel()).reshape(space), []
    for axis, (size, radius) in enumerate(zip(space, radii, strict=True)):
        first, inner, last = inner.split((radius, size - 2 * radius, radius), axis)
        parts += [first.flatten(), last.flatten()]
    return torch.cat(parts)


def adjoint(kernel: Tensor) -> Tensor:
    """The kernel of the transposed `convolve`. shape: (o, c, *box) -> (c, o, *box)"""
    return kernel.transpose(0, 1).flip(tuple(range(2, kernel.ndim)))


def at_centre(kernel: Tensor, value: Tensor) -> Tensor:
    """The kernel with `value` added at its centre. shape: (o, c, *box), (o, c) -> (o, c, *box)"""
    flat = kernel.flatten(2)
    middle = torch.tensor([flat.shape[2] // 2], device=kernel.device)
    return flat.index_add(2, middle, value[..., None].to(flat.dtype)).reshape(kernel.shape)


def box(radius: int, dimensions: int) -> list[tuple[int, ...]]:
    """Every offset but 0 of at most `radius` steps along each axis.

    >>> box(1, 1)
    [(-1,), (1,)]
    """
    every = product(range(-radius, radius + 1), repeat=dimensions)
    return [offset for offset in every if any(offset)]
