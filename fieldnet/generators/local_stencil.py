"""Generators that are sparse stencils of any form, in one to three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

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
        """One convolution on a periodic grid; with walls, one for each generator."""
        if not self.periodic:
            return super().contract(weight, features, identity)
        self._space(features)
        return convolve(self._mixing(weight, identity), features)

    def contract_transpose(self, weight: Tensor, residual: Tensor, identity: Tensor | None = None) -> Tensor:
        if not self.periodic:
            return super().contract_transpose(weight, residual, identity)
        self._space(residual)
        return convolve(adjoint(self._mixing(weight, identity)), residual)

    def _mixing(self, weight: Tensor, identity: Tensor | None) -> Tensor:
        """The kernel of W⁰ + W^i L̂_i. shape: (o, c, 2r_1 + 1, …)"""
        centre = -torch.einsum("koc,k->oc", weight, self.weight.sum(1))
        kernel = torch.einsum("koc,k...->oc...", weight, self.kernel())
        return at_centre(kernel, centre if identity is None else centre + identity)

    def act(self, features: Tensor) -> Tensor:
        n = self.space_dimensions
        space = self._space(features)
        batch = features.reshape(-1, 1, *space)
        reached = self._convolve(batch)
        here = self.weight.sum(1).reshape(-1, *[1] * n)
        if self.padding == "zeros":
            here = self._convolve(torch.ones_like(batch[:1]))
        return (reached - here * batch).movedim(1, 0).reshape(self.count, *features.shape)

    def _space(self, features: Tensor) -> tuple[int, ...]:
        space = tuple(features.shape[features.ndim - self.space_dimensions :])
        if any(points < needed for points, needed in zip(space, self.sizes, strict=True)):
            raise ValueError(
                f"got a grid of shape {space}, expected at least {self.sizes} points for offsets up to "
                f"{self.radii}"
            )
        return space

    def _convolve(self, batch: Tensor) -> Tensor:
        """Σ_o w_{io} f(x + o). shape: (B, 1, *S) -> (B, count, *S)"""
        widths = [width for radius in reversed(self.radii) for width in (radius, radius)]
        mode = "circular" if self.padding == "circular" else "constant"
        padded = functional.pad(batch, widths, mode=mode)
        return CONVOLUTIONS[self.space_dimensions](padded, self.kernel()[:, None])

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

    def mixed(self, matrix: Tensor) -> LocalStencil:
        return LocalStencil(self.offsets, padding=self.padding, weight=matrix @ self.weight)

    def extra_repr(self) -> str:
        return (
            f"offsets={len(self.offsets)}, radii={self.radii}, padding={self.padding!r}, count={self.count}"
        )


def convolve(kernel: Tensor, features: Tensor) -> Tensor:
    """Σ_o K(o) f(x + o) on a periodic grid of one to three axes, odd kernels.

    shape: (o, c, *box), (..., c, *S) -> (..., o, *S)
    """
    n = kernel.ndim - 2
    batch = features.reshape(-1, *features.shape[-1 - n :])
    widths = [size // 2 for size in reversed(kernel.shape[2:]) for _ in range(2)]
    result = CONVOLUTIONS[n](functional.pad(batch, widths, mode="circular"), kernel)
    return result.reshape(*features.shape[: -1 - n], *result.shape[1:])


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
