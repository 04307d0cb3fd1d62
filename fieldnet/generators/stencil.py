"""Generators that are local stencils on a grid."""

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from .base import GeneratorModule


class Stencil(GeneratorModule):
    """One antisymmetric stencil along each grid axis, periodic, every weight learned.

        (L̂_α f)(x) = Σ_{j=1..radius} a_{αj} [f(x + j e_α) − f(x − j e_α)]

    It kills constants, L̂1 = 0, and L̂ᵀ = −L̂ exactly. On a plane wave of wavenumber k along the axis it is
    multiplication by i·s(k), the symbol s(k) = 2 Σ_j a_j sin(j k Δ); a derivative ∂_α has s(k) = k. Only
    L̂ᵀL̂ enters the dynamics, so L̂ is found up to sign, and a scale that the layer's weight absorbs.
    Weights start as independent normal numbers.
    """

    spacing: Tensor

    def __init__(self, spacing: tuple[float, ...], radius: int = 4, dtype: torch.dtype | None = None):
        super().__init__()
        if radius < 1:
            raise ValueError(f"stencil radius is {radius}; expected at least 1")
        self.count = self.space_dimensions = len(spacing)
        self.radius = radius
        self.weight = nn.Parameter(torch.randn(self.count, radius, dtype=dtype))
        self.register_buffer("spacing", torch.tensor(spacing, dtype=self.weight.dtype))

    def apply(self, features: Tensor) -> Tensor:  # type: ignore[override]
        return stencil_gradient(self.weight, features)

    def transpose(self, stack: Tensor) -> Tensor:
        return stencil_divergence(self.weight, stack)

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
