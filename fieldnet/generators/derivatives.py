"""Matrices of the derivative along an axis: spectral, or finite differences."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as functional
from torch import Tensor

from simulations.derivatives import ORDERS, central_weights, finite_difference_weights


def derivative_matrix(
    size: int,
    derivative: str | int,
    period: float,
    dtype: torch.dtype = torch.float64,
    edge: str = "zeros",
) -> Tensor:
    """∂ on `size` points a step apart. shape: (size, size)

    "spectral": of the trigonometric interpolation on P = ⌈period·size⌉ points, zero beyond the grid,
    D_jk = π/P (−1)^(j−k) / tan(π(j−k)/P) for even P, / sin for odd P, 0 for j = k. An order 2, 4, 6 or 8: the
    central difference, wrapped around where `period` is 1; else, with the edge "zeros", zero beyond the grid,
    or "one-sided", the difference of the same order on the nearest points of the grid.
    """
    if period < 1:
        raise ValueError(f"got a period of {period} lengths of the grid, expected at least 1")
    if edge not in ("zeros", "one-sided"):
        raise ValueError(f"got the edge {edge!r}, expected 'zeros' or 'one-sided'")
    if derivative == "spectral":
        if edge == "one-sided":
            raise ValueError("got a spectral derivative with one-sided edges, expected 2, 4, 6 or 8")
        return _spectral(size, math.ceil(period * size)).to(dtype)
    if derivative not in ORDERS:
        raise ValueError(f"got the derivative {derivative!r}, expected 'spectral', 2, 4, 6 or 8")
    order = int(derivative)
    if size <= order and (period == 1 or edge == "one-sided"):
        raise ValueError(f"got {size} points, expected more than {order} for differences of order {order}")
    matrix = torch.zeros(size, size, dtype=torch.float64)
    for j, weight in enumerate(central_weights(order), start=1):
        for sign in (1, -1):
            shifted = torch.diag(torch.ones(max(size - j, 0), dtype=torch.float64), sign * j)[:size, :size]
            around = torch.diag(torch.ones(j, dtype=torch.float64), sign * (j - size))[:size, :size]
            matrix += sign * weight * (shifted + around if period == 1 else shifted)
    if period != 1 and edge == "one-sided":
        for row in range(order // 2):
            weights = torch.tensor(finite_difference_weights(1, range(-row, order + 1 - row)))
            matrix[row] = functional.pad(weights, (0, size - order - 1))
            matrix[size - 1 - row] = -matrix[row].flip(0)
    return matrix.to(dtype)


def _spectral(size: int, period: int) -> Tensor:
    places = torch.arange(size, dtype=torch.float64)
    offsets = places[:, None] - places
    angles = torch.where(offsets == 0, 1.0, math.pi * offsets / period)
    shape = torch.tan(angles) if period % 2 == 0 else torch.sin(angles)
    signs = 1.0 - 2.0 * (offsets % 2)
    return torch.where(offsets == 0, 0.0, math.pi / period * signs / shape)
