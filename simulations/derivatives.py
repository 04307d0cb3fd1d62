"""First derivatives along an axis of a grid: spectral, or finite differences of any even order.

On a closed axis every scheme is an antisymmetric matrix, and on an axis with walls the derivative of a
field and that of its flux are minus each other's transpose. That is why a force made with them is an exact
gradient.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch

from .grids import Grid, has_walls

Scheme = Literal["fourier", 2, 4, 6, 8]


def finite_difference_weights(derivative: int, positions: np.ndarray) -> np.ndarray:
    """Weights w_j with Σ_j w_j f(positions_j) ≈ f^(derivative)(0), exact for degrees < len(positions).

    B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51
    (1988) 699.

    >>> finite_difference_weights(1, np.array([-1.0, 0.0, 1.0]))
    array([-0.5,  0. ,  0.5])
    """
    count = len(positions)
    if derivative >= count:
        raise ValueError(
            f"got {count} points for derivative {derivative}, expected at least {derivative + 1}"
        )
    weights = np.zeros((derivative + 1, count))
    weights[0, 0] = 1.0
    product = 1.0
    for new in range(1, count):
        gaps = positions[new] - positions[:new]
        old_product, product = product, np.prod(gaps)
        for order in range(min(new, derivative), -1, -1):
            lower = order * weights[order - 1, new - 1] if order else 0.0
            last = positions[new - 1] * weights[order, new - 1]
            weights[order, new] = old_product / product * (lower - last)
        for order in range(min(new, derivative), -1, -1):
            lower = order * weights[order - 1, :new] if order else 0.0
            weights[order, :new] = (positions[new] * weights[order, :new] - lower) / gaps
    return weights[derivative]


def central_weights(order: int) -> np.ndarray:
    """The w_j, j = 1 … order/2, of the central difference f'(x) ≈ Σ_j w_j [f(x + jΔx) − f(x − jΔx)]/Δx."""
    if order not in (2, 4, 6, 8):
        raise ValueError(f"got finite-difference order {order}, expected 2, 4, 6 or 8")
    half = order // 2
    return finite_difference_weights(1, np.arange(-half, half + 1.0))[half + 1 :]


def fourier_derivative(values: torch.Tensor, axis: int, length: float) -> torch.Tensor:
    """∂ along a periodic axis by multiplication with ik; the unpaired Nyquist mode is dropped.

    Exact for fields with |k| < π/Δx. Shape: that of `values`.
    """
    points = values.shape[axis]
    wavenumbers = (
        2 * torch.pi / length * torch.arange(points // 2 + 1, dtype=values.dtype, device=values.device)
    )
    if points % 2 == 0:
        wavenumbers[-1] = 0
    transform = torch.fft.rfft(values.movedim(axis, -1)) * (1j * wavenumbers)
    return torch.fft.irfft(transform, n=points).movedim(-1, axis)


def central_difference(values: torch.Tensor, axis: int, spacing: float, order: int) -> torch.Tensor:
    """∂ along a periodic axis, central difference of the given order. Shape: that of `values`."""
    weights = central_weights(order)
    half, points = len(weights), values.shape[axis]
    if points <= 2 * half:
        raise ValueError(
            f"got {points} points, expected more than {2 * half} for finite differences of order {order}"
        )
    closed = torch.cat([values.narrow(axis, points - half, half), values, values.narrow(axis, 0, half)], axis)
    result = torch.zeros_like(values)
    for shift, weight in enumerate(weights, start=1):
        forward, backward = (
            closed.narrow(axis, half + shift, points),
            closed.narrow(axis, half - shift, points),
        )
        result = result + (weight / spacing) * (forward - backward)
    return result


class Derivative:
    """First derivatives of fields on a grid, shape (…, *grid.points).

    `field(q, axis)` is ∂_α of a field that satisfies the grid's boundary condition, `flux(p, axis)` that
    of a flux p^α = ∂ℒ/∂(∂_αφ), which satisfies the dual one. With the grid's quadrature weights, for every
    q that vanishes on Dirichlet walls and has no winding, and for every p,

        Σ weights · p · field(q) = − Σ weights · flux(p) · q.

    A winding field is split as φ = (periodic) + 2πn x/L. A field with walls is continued as a periodic one
    over the box and its mirror image: even about Neumann walls, odd about Dirichlet walls once the
    straight line through its end values is removed; the fluxes have the opposite parity.
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
        if boundary == "neumann":
            return self._mirrored(values, axis, parity=1)
        first, last = values.narrow(dim, 0, 1), values.narrow(dim, -1, 1)
        if boundary == "winding":
            rise = 2 * torch.pi * torch.round((last - first).detach() / (2 * torch.pi))
        else:
            rise = last - first
        slope = rise / self.grid.length[axis]
        shape = [-1 if other == axis else 1 for other in range(self.grid.dimension)]
        steps = torch.arange(values.shape[dim], dtype=values.dtype, device=values.device).reshape(shape)
        level = values - slope * self.grid.spacing[axis] * steps
        if boundary == "winding":
            return self._closed(level, axis) + slope
        return self._mirrored(level - first, axis, parity=-1) + slope

    def flux(self, values: torch.Tensor, axis: int) -> torch.Tensor:
        """∂_α of a flux along the grid's axis number `axis`: minus the transpose of `field`."""
        boundary = self.grid.boundary[axis]
        if not has_walls(boundary):
            return self._closed(values, axis)
        return self._mirrored(values, axis, parity=1 if boundary == "dirichlet" else -1)

    def _closed(self, values: torch.Tensor, axis: int, periods: int = 1) -> torch.Tensor:
        dim = axis - self.grid.dimension
        if self.scheme == "fourier":
            return fourier_derivative(values, dim, periods * self.grid.length[axis])
        return central_difference(values, dim, self.grid.spacing[axis], self.scheme)

    def _mirrored(self, values: torch.Tensor, axis: int, parity: int) -> torch.Tensor:
        dim = axis - self.grid.dimension
        points = values.shape[dim]
        if parity < 0:
            inside = values.narrow(dim, 1, points - 2)
            end = torch.zeros_like(values.narrow(dim, 0, 1))
            values = torch.cat([end, inside, end], dim)
        image = parity * values.narrow(dim, 1, points - 2).flip(dim)
        return self._closed(torch.cat([values, image], dim), axis, periods=2).narrow(dim, 0, points)
