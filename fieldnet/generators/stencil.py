"""Generators that are local stencils on a grid."""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from .base import GeneratorModule
from .families import Zero


class Stencil(GeneratorModule):
    """One antisymmetric stencil along each grid axis, periodic, every weight learned.

        (L̂_α f)(x) = Σ_{j=1..radius} a_{αj} [f(x + j e_α) − f(x − j e_α)]

    It kills constants, L̂1 = 0, and L̂ᵀ = −L̂ exactly. On a plane wave of wavenumber k along the axis it is
    multiplication by i·s(k), the symbol s(k) = 2 Σ_j a_j sin(j k Δ); a derivative ∂_α has s(k) = k. Only
    L̂ᵀL̂ enters the dynamics, so L̂ is found up to sign, and a scale that the layer's weight absorbs.
    `weight` a has shape (n, radius): a given tensor is held fixed, a given `nn.Parameter` is learned from
    there, and without either weights are learned from independent normal numbers.
    """

    periodic = True
    weight: Tensor
    spacing: Tensor

    def __init__(
        self,
        spacing: tuple[float, ...],
        radius: int = 4,
        dtype: torch.dtype | None = None,
        weight: Tensor | None = None,
        device: torch.device | str | None = None,
    ):
        super().__init__()
        self.count = self.space_dimensions = len(spacing)
        if not spacing:
            raise ValueError("got no spacing, expected one for each axis of the grid")
        if weight is None:
            if radius < 1:
                raise ValueError(f"stencil radius is {radius}; expected at least 1")
            weight = nn.Parameter(torch.randn(self.count, radius, dtype=dtype, device=device))
        if weight.ndim != 2 or len(weight) != self.count:
            raise ValueError(f"got weights of shape {tuple(weight.shape)}, expected ({self.count}, radius)")
        self.radius = weight.shape[1]
        self.hold("weight", weight)
        self.register_buffer("spacing", torch.tensor(spacing, dtype=weight.dtype, device=weight.device))

    def act(self, features: Tensor) -> Tensor:
        return stencil_gradient(self.weight, features)

    def transpose(self, stack: Tensor) -> Tensor:
        return stencil_divergence(self.weight, stack)

    def plus(self, other: Stencil) -> Stencil:
        if not torch.equal(self.spacing, other.spacing):
            spacings = f"{self.spacing.tolist()} and {other.spacing.tolist()}"
            raise ValueError(f"got stencils of spacing {spacings}, expected the same")
        radius = max(self.radius, other.radius)
        parts = [functional.pad(s.weight, (0, radius - s.radius)) for s in (self, other)]
        return self._with(parts[0] + parts[1])

    def commutator(self, other: Stencil) -> Zero:
        """0: stencils with the same weights everywhere commute."""
        return Zero(self.count * other.count, self.space_dimensions, self.weight.dtype, self.weight.device)

    def _with(self, weight: Tensor) -> Stencil:
        return Stencil(tuple(self.spacing.tolist()), weight=weight)

    def vector_field(self, shape: tuple[int, ...]) -> Tensor:
        """The displacement 2 Σ_j j a_{αj} along the axis α, the same everywhere: Δ·ds/dk at k = 0."""
        steps = torch.arange(1, self.radius + 1).to(self.weight.detach())
        field = torch.diag(2 * self.weight @ steps)
        return field.reshape(*field.shape, *[1] * len(shape)).expand(*field.shape, *shape)

    def symbol(self, axis: int, wavenumbers: Tensor) -> Tensor:
        """s(k) along an axis. shape: (n,) -> (n,)"""
        return stencil_symbol(self.weight[axis], self.spacing[axis], wavenumbers)


def stencil_gradient(weight: Tensor, features: Tensor) -> Tensor:
    """L̂_i f for every axis. shape: (n, radius), (..., *S) -> (n, ..., *S)"""
    return torch.stack([_along(weights, features, i - len(weight)) for i, weights in enumerate(weight)])


def stencil_divergence(weight: Tensor, stack: Tensor) -> Tensor:
    """Σ_i L̂_iᵀ g_i = −Σ_i L̂_i g_i. shape: (n, radius), (n, ..., *S) -> (..., *S)"""
    return -torch.stack([_along(weights, stack[i], i - len(weight)) for i, weights in enumerate(weight)]).sum(
        0
    )


def stencil_symbol(weights: Tensor, spacing: Tensor, wavenumbers: Tensor) -> Tensor:
    """s(k) = 2 Σ_j a_j sin(j k Δ), real and odd in k. shape: (radius,), (), (n,) -> (n,)"""
    return stencil_waves(len(weights), spacing, wavenumbers) @ weights


def stencil_waves(radius: int, spacing: Tensor, wavenumbers: Tensor) -> Tensor:
    """2 sin(jkΔ): the symbol of each difference f(x + jΔ) − f(x − jΔ), over i. shape: (), (n,) -> (n,
    radius)
    """
    steps = torch.arange(1, radius + 1, dtype=wavenumbers.dtype, device=wavenumbers.device)
    return 2 * torch.sin(wavenumbers[:, None] * steps * spacing)


def _along(weights: Tensor, features: Tensor, axis: int) -> Tensor:
    """Σ_j a_j [f(x + jΔ) − f(x − jΔ)] along one periodic axis. shape: (..., *S) -> (..., *S)"""
    size, radius = features.shape[axis], len(weights)
    if size < 2 * radius + 1:
        raise ValueError(
            f"a grid axis has {size} points; a stencil of radius {radius} needs at least {2 * radius + 1}; "
            "give a smaller radius or more points"
        )
    line = features.movedim(axis, -1)
    padded = functional.pad(line.reshape(-1, size), (radius, radius), mode="circular")
    total = torch.zeros_like(padded[:, :size])
    for j, weight in enumerate(weights, start=1):
        total = total + weight * (padded.narrow(1, radius + j, size) - padded.narrow(1, radius - j, size))
    return total.reshape(line.shape).movedim(-1, axis)
