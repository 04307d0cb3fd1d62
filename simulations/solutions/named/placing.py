"""Where a solution is put in a box, and the words for it."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from ...grids import Grid, has_walls
from ..klein_gordon import middle

Theory = Mapping[str, float]
CENTRE = ("place at the start, default the middle of the box", None)
MODES = {
    "nx": ("waves in the box along x", 1.0),
    "ny": ("along y", 0.0),
    "nz": ("along z", 0.0),
}


def about(grid: Grid, centre: float | None) -> torch.Tensor:
    """x − centre along the first axis, at every point."""
    return grid.mesh()[0] - (middle(grid)[0] if centre is None else centre)


def wavenumbers(grid: Grid, numbers: tuple[float, ...]) -> list[float]:
    """2πn/L of each axis. ValueError for waves along an axis that is not there, or that do not close."""
    if any(numbers[grid.dimension :]):
        raise ValueError(f"got waves along {len(numbers)} axes, expected {grid.dimension}")
    for n, boundary in zip(numbers, grid.boundary, strict=False):
        if n != int(n) and not has_walls(boundary):
            raise ValueError(f"got {n} waves in a box that closes on itself, expected a whole number")
    return [2 * math.pi * n / side for n, side in zip(numbers, grid.length, strict=False)]
