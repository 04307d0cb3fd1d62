"""Derivatives along an axis of a grid: spectral, or finite differences of order 2, 4, 6, 8.

On a closed axis every first derivative is an antisymmetric matrix, and on an axis with walls that of a field
and that of its flux are minus each other's transpose; every second derivative is symmetric, and minus the
gradient of a sum of squares. That is why a force made with them is an exact gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Literal

import numpy as np
import sympy
import torch

from .grids import Grid, has_walls

Scheme = Literal["fourier", 2, 4, 6, 8]
ORDERS = (2, 4, 6, 8)


def finite_difference_weights(derivative: int, positions: Sequence[float] | np.ndarray) -> np.ndarray:
    """Weights w_j with Σ_j w_j f(positions_j) ≈ f^(derivative)(0), exact for degrees < len(positions).

    By `sympy.finite_diff_weights`, in rational arithmetic where the positions are integers.

    >>> finite_difference_weights(1, [-1, 0, 1]).tolist()
    [-0.5, 0.0, 0.5]
    """
    count = len(positions)
    if derivative >= count:
        raise ValueError(
            f"got {count} points for derivative {derivative}, expected at least {derivative + 1}"
        )
    places = [sympy.nsimplify(float(x), rational=True) for x in positions]
    return np.array([float(w) for w in sympy.finite_diff_weights(derivative, places, 0)[derivative][-1]])


@cache
def central_weights(order: int) -> np.ndarray:
    """The w_j, j = 1 … order/2, of the central difference f'(x) ≈ Σ_j w_j [f(x + jΔx) − f(x − jΔx)]/Δx."""
    half = _half_width(order)
    return finite_difference_weights(1, range(-half, half + 1))[half + 1 :]


@cache
def second_derivative_weights(order: int) -> np.ndarray:
    """The w_j, j = 0 … order/2, of f''(x) ≈ [w_0 f(x) + Σ_{j>0} w_j (f(x + jΔx) + f(x − jΔx))]/Δx².

    >>> second_derivative_weights(2).tolist()
    [-2.0, 1.0]
    """
    half = _half_width(order)
    return finite_difference_weights(2, range(-half, half + 1))[half:]


def _half_width(order: int) -> int:
    if order not in ORDERS:
        raise ValueError(f"got finite-difference order {order}, expected 2, 4, 6 or 8")
    return order // 2


def fourier_derivative(values: torch.Tensor, axis: int, length: float, times: int = 1) -> torch.Tensor:
    """∂ along a periodic axis by multiplication with ik, once or more times; the Nyquist mode is dropped.

    Exact for fields with |k| < π/Δx. Shape: that of `values`.
    """
    points = values.shape[axis]
    multiplier = _multiplier(points, length, times, values.dtype, values.device)
    transform = torch.fft.rfft(values, dim=axis)
    shape = [-1 if other == axis % values.ndim else 1 for other in range(values.ndim)]
    return torch.fft.irfft(transform * multiplier.reshape(shape), n=points, dim=axis)


@lru_cache(maxsize=64)
def _multiplier(
    points: int, length: float, times: int, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """(ik)^times with k = 2πn/length, n = 0 … points/2, 0 for the Nyquist one; real for even times."""
    wavenumbers = 2 * torch.pi / length * torch.arange(points // 2 + 1, dtype=dtype, device=device)
    if points % 2 == 0:
        wavenumbers[-1] = 0
    multiplier = (1j * wavenumbers) ** times
    return multiplier if times % 2 else multiplier.real


def central_difference(values: torch.Tensor, axis: int, spacing: float, order: int) -> torch.Tensor:
    """∂ along a periodic axis, central difference of the given order. Shape: that of `values`."""
    weights = central_weights(order)
    half, points = len(weights), values.shape[axis]
    _check_points(points, order)
    closed = torch.cat([values.narrow(axis, points - half, half), values, values.narrow(axis, 0, half)], axis)
    result = torch.zeros_like(values)
    for shift, weight in enumerate(weights, start=1):
        forward, backward = (
            closed.narrow(axis, half + shift, points),
            closed.narrow(axis, half - shift, points),
        )
        result = result + (weight / spacing) * (forward - backward)
    return result


def _check_points(points: int, order: int) -> None:
    if points <= order:
        raise ValueError(
            f"got {points} points, expected more than {order} for finite differences of order {order}"
        )


class Derivative:
    """Derivatives of fields on a grid, shape (…, *grid.points).

    `field(q, axis)` is ∂_α of a field that satisfies the grid's boundary condition, `flux(p, axis)` that
    of a flux p^α = ∂ℒ/∂(∂_αφ), which satisfies the dual one. With the grid's quadrature weights, for every
    q that vanishes on Dirichlet walls and has no winding, and for every p,

        Σ weights · p · field(q) = − Σ weights · flux(p) · q.

    A winding field is split as φ = (periodic) + 2πn x/L. A field with walls is continued as a periodic one
    over the box and its mirror image: even about Neumann walls, odd about Dirichlet walls once the
    straight line through its end values is removed; the fluxes have the opposite parity. An absorbing
    layer ends in a Neumann wall.

    `second(q, axis)` is ∂²_α of such a field and `product(p, q, axis)` is ∂_αp ∂_αq, so that for the same q

        Σ weights · q · second(q) = − Σ weights · product(q, q)      (no winding, 0 on Dirichlet walls)

    and −second is the gradient of half the sum of squares in every case. Finite differences are the compact
    ones, with product(p, q) = ½ Σ_j w_j [p(x + jΔx) − p(x)] [q(x + jΔx) − q(x)]/Δx², w those of the second
    derivative: the "carré du champ" ½[∂²(pq) − p ∂²q − q ∂²p].
    """

    def __init__(self, grid: Grid, scheme: Scheme = "fourier"):
        if scheme != "fourier":
            central_weights(scheme)
        self.grid = grid
        self.scheme = scheme

    def field(self, values: torch.Tensor, axis: int) -> torch.Tensor:
        """∂_α of a field along the grid's axis number `axis`."""
        boundary, dim = self.grid.boundary[axis], axis - self.grid.dimension
        if boundary == "periodic":
            return self._closed(values, axis)
        if boundary in ("neumann", "absorbing"):
            return self._mirrored(values, axis, parity=1)
        level, slope = self._levelled(values, axis)
        if boundary == "winding":
            return self._closed(level, axis) + slope
        return self._mirrored(level - level.narrow(dim, 0, 1), axis, parity=-1) + slope

    def second(self, values: torch.Tensor, axis: int, winding: bool = True) -> torch.Tensor:
        """∂²_α of a field along the grid's axis number `axis`.

        `winding=False` is for a derivative of a field, which is periodic where the field winds.
        """
        boundary, dim = self._boundary(axis, winding), axis - self.grid.dimension
        if self.scheme != "fourier":
            weights = second_derivative_weights(self.scheme)
            total = weights[0] * values
            for weight, (forward, backward) in zip(
                weights[1:], self._neighbours(values, axis, boundary), strict=True
            ):
                total = total + weight * (forward + backward)
            return total / self.grid.spacing[axis] ** 2
        if boundary == "periodic":
            return self._twice(values, axis)
        if boundary in ("neumann", "absorbing"):
            return self._mirrored(values, axis, parity=1, operation=self._twice)
        level, _ = self._levelled(values, axis)
        if boundary == "winding":
            return self._twice(level, axis)
        level = level - level.narrow(dim, 0, 1)
        return self._mirrored(level, axis, parity=-1, operation=self._twice)

    def largest_square(self, axis: int) -> float:
        """The largest eigenvalue of −∂²_α: that of the shortest wave on the grid, about (π/Δx)² at most."""
        step, points = self.grid.spacing[axis], self.grid.points[axis]
        if self.scheme == "fourier":
            ring = 2 * (points - 1) if has_walls(self.grid.boundary[axis]) else points
            return (2 * np.pi * ((ring - 1) // 2) / (ring * step)) ** 2
        weights = second_derivative_weights(self.scheme)
        signs = (-1.0) ** np.arange(len(weights))
        return -float(2 * (weights * signs).sum() - weights[0]) / step**2

    def product(self, p: torch.Tensor, q: torch.Tensor, axis: int) -> torch.Tensor:
        """∂_αp ∂_αq of two fields along the grid's axis number `axis`."""
        if self.scheme == "fourier":
            return self.field(p, axis) * self.field(q, axis)
        weights, boundary = second_derivative_weights(self.scheme)[1:], self.grid.boundary[axis]
        total = torch.zeros_like(p)
        for weight, (ahead, behind), (forward, backward) in zip(
            weights, self._neighbours(p, axis, boundary), self._neighbours(q, axis, boundary), strict=True
        ):
            total = total + weight * ((ahead - p) * (forward - q) + (behind - p) * (backward - q))
        return total / (2 * self.grid.spacing[axis] ** 2)

    def flux(self, values: torch.Tensor, axis: int) -> torch.Tensor:
        """∂_α of a flux along the grid's axis number `axis`: minus the transpose of `field`."""
        boundary = self.grid.boundary[axis]
        if not has_walls(boundary):
            return self._closed(values, axis)
        return self._mirrored(values, axis, parity=1 if boundary == "dirichlet" else -1)

    def _levelled(self, values: torch.Tensor, axis: int) -> tuple[torch.Tensor, torch.Tensor]:
        """φ − slope·(x − x₀) and the slope: 2πn/L for a winding field, else that between the walls."""
        dim = axis - self.grid.dimension
        slope = self._rise(values, axis) / self.grid.length[axis]
        shape = [-1 if other == axis else 1 for other in range(self.grid.dimension)]
        steps = torch.arange(values.shape[dim], dtype=values.dtype, device=values.device).reshape(shape)
        return values - slope * self.grid.spacing[axis] * steps, slope

    def _rise(self, values: torch.Tensor, axis: int) -> torch.Tensor:
        dim = axis - self.grid.dimension
        rise = values.narrow(dim, -1, 1) - values.narrow(dim, 0, 1)
        if self.grid.boundary[axis] == "winding":
            return 2 * torch.pi * torch.round(rise.detach() / (2 * torch.pi))
        return rise

    def _boundary(self, axis: int, winding: bool) -> str:
        boundary = self.grid.boundary[axis]
        return "periodic" if boundary == "winding" and not winding else boundary

    def _neighbours(
        self, values: torch.Tensor, axis: int, boundary: str
    ) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """φ(x + jΔx) and φ(x − jΔx) for j = 1 … order/2, with points beyond the ends as they should be."""
        dim = axis - self.grid.dimension
        half, points = int(self.scheme) // 2, values.shape[dim]
        _check_points(points, int(self.scheme))
        if has_walls(boundary):
            left = values.narrow(dim, 1, half).flip(dim)
            right = values.narrow(dim, points - 1 - half, half).flip(dim)
            if boundary == "dirichlet":
                left = 2 * values.narrow(dim, 0, 1) - left
                right = 2 * values.narrow(dim, -1, 1) - right
        else:
            left, right = values.narrow(dim, points - half, half), values.narrow(dim, 0, half)
            if boundary == "winding":
                rise = self._rise(values, axis)
                left, right = left - rise, right + rise
        padded = torch.cat([left, values, right], dim)
        return [
            (padded.narrow(dim, half + j, points), padded.narrow(dim, half - j, points))
            for j in range(1, half + 1)
        ]

    def _twice(self, values: torch.Tensor, axis: int, periods: int = 1) -> torch.Tensor:
        dim = axis - self.grid.dimension
        return fourier_derivative(values, dim, periods * self.grid.length[axis], times=2)

    def _closed(self, values: torch.Tensor, axis: int, periods: int = 1) -> torch.Tensor:
        dim = axis - self.grid.dimension
        if self.scheme == "fourier":
            return fourier_derivative(values, dim, periods * self.grid.length[axis])
        return central_difference(values, dim, self.grid.spacing[axis], self.scheme)

    def _mirrored(
        self,
        values: torch.Tensor,
        axis: int,
        parity: int,
        operation: Callable[..., torch.Tensor] | None = None,
    ) -> torch.Tensor:
        """A derivative (the first one by default) of the field continued over its mirror image."""
        dim = axis - self.grid.dimension
        points = values.shape[dim]
        if parity < 0:
            inside = values.narrow(dim, 1, points - 2)
            end = torch.zeros_like(values.narrow(dim, 0, 1))
            values = torch.cat([end, inside, end], dim)
        image = parity * values.narrow(dim, 1, points - 2).flip(dim)
        ring = torch.cat([values, image], dim)
        return (operation or self._closed)(ring, axis, periods=2).narrow(dim, 0, points)
