"""Uniform grids in one to three space dimensions, and what happens at their ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import torch
import xarray

from .files.boundary import guess_boundary
from .files.conventions import SPACE_NAMES, space_names, spacing

MOST_POINTS = 5e8  # 4 GB for one field in float64
BOUNDARIES = ("periodic", "winding", "dirichlet", "neumann", "absorbing")


class Grid:
    """A box of uniformly spaced points.

    Boundaries, one for all axes or one an axis, for an axis of length L and N points:

    - "periodic": φ(x + L) = φ(x); points x_i = origin + i L/N, the end point left out
    - "winding": φ(x + L) = φ(x) + 2πn with the integer n taken from the field itself, the same points
    - "dirichlet": end values held; points x_i = origin + i L/(N − 1), end points included
    - "neumann": ∂_xφ = 0 at the ends; the same points as "dirichlet"
    - "absorbing": as "neumann", behind layers in which `FieldSystem` damps what comes in

    Args:
        length: L of each axis. points: N of each axis. origin: the first coordinate of each axis.
        layer: width of the absorbing layer at either end of an absorbing axis, default L/6.

    Raises ValueError for lengths ≤ 0, fewer than 4 points, unknown boundaries, or lists of unequal length.

    >>> Grid(length=1.0, points=4).coordinates()[0]
    tensor([0.0000, 0.2500, 0.5000, 0.7500], dtype=torch.float64)
    """

    def __init__(
        self,
        length: float | Sequence[float],
        points: int | Sequence[int],
        boundary: str | Sequence[str] = "periodic",
        origin: float | Sequence[float] = 0.0,
        layer: float | Sequence[float | None] | None = None,
    ):
        lengths = [len(value) for value in (length, points, boundary, origin, layer) if _is_sequence(value)]
        dimension = max(lengths) if lengths else 1
        self.length = tuple(float(value) for value in _each(length, dimension, "length"))
        self.points = tuple(int(value) for value in _each(points, dimension, "points"))
        self.boundary = tuple(str(value) for value in _each(boundary, dimension, "boundary"))
        self.origin = tuple(float(value) for value in _each(origin, dimension, "origin"))
        layers = zip(_each(layer, dimension, "layer"), self.length, strict=True)
        self.layer = tuple(side / 6 if width is None else float(width) for width, side in layers)
        if dimension > len(SPACE_NAMES):
            raise ValueError(f"got {dimension} space dimensions, expected at most {len(SPACE_NAMES)}")
        if not all(np.isfinite(value) and value > 0 for value in self.length):
            raise ValueError(f"got length {self.length}, expected positive numbers")
        if not all(value >= 4 for value in self.points):
            raise ValueError(f"got points {self.points}, expected at least 4 on each axis")
        if not all(0 < width <= side / 2 for width, side in zip(self.layer, self.length, strict=True)):
            raise ValueError(f"got layer {self.layer}, expected more than 0 and at most half of the length")
        if math.prod(self.points) > MOST_POINTS:
            raise ValueError(
                f"got {math.prod(self.points):.3g} points, expected at most {MOST_POINTS:.0e} in all; "
                "take a coarser grid"
            )
        if not set(self.boundary) <= set(BOUNDARIES):
            raise ValueError(f"got boundary {self.boundary}, expected each to be one of {BOUNDARIES}")

    @property
    def dimension(self) -> int:
        """Number of space dimensions."""
        return len(self.points)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes: ("x",), ("x", "y") or ("x", "y", "z")."""
        return SPACE_NAMES[: self.dimension]

    @property
    def spacing(self) -> tuple[float, ...]:
        """Δx of each axis: L/N where the end point is left out, L/(N − 1) where it is included."""
        steps = zip(self.length, self.points, self.boundary, strict=True)
        return tuple(length / (points - has_walls(boundary)) for length, points, boundary in steps)

    def coordinates(self) -> tuple[torch.Tensor, ...]:
        """The points of each axis, shape (N,) each, float64."""
        axes = zip(self.origin, self.spacing, self.points, strict=True)
        return tuple(origin + step * torch.arange(n, dtype=torch.float64) for origin, step, n in axes)

    def mesh(self) -> tuple[torch.Tensor, ...]:
        """The coordinates of every point, one tensor of shape `points` an axis."""
        return torch.meshgrid(*self.coordinates(), indexing="ij")

    def wavenumbers(self, axis: int = 0) -> torch.Tensor:
        """Wavenumbers of an axis: 2πn/L in the order of `torch.fft.fftfreq`; with walls πn/L, n ≥ 0."""
        if has_walls(self.boundary[axis]):
            return torch.pi / self.length[axis] * torch.arange(self.points[axis], dtype=torch.float64)
        return 2 * torch.pi * torch.fft.fftfreq(self.points[axis], self.spacing[axis], dtype=torch.float64)

    def weights(self) -> torch.Tensor:
        """Quadrature weights of shape `points`: Σ weights·f ≈ ∫f dx.

        Δx on periodic axes (spectrally exact); half of it at the two end points of an axis with walls.
        """
        weights = torch.ones(self.points, dtype=torch.float64)
        for axis, (step, boundary) in enumerate(zip(self.spacing, self.boundary, strict=True)):
            line = torch.full((self.points[axis],), step, dtype=torch.float64)
            if has_walls(boundary):
                line[0] = line[-1] = step / 2
            weights = weights * line.reshape([-1 if other == axis else 1 for other in range(self.dimension)])
        return weights

    def absorption(self) -> torch.Tensor:
        """Depth s inside the absorbing layers, as s³, shape `points`: 0 in the interior, 1 at the ends."""
        depth = torch.zeros(self.points, dtype=torch.float64)
        for axis, width in enumerate(self.layer):
            if self.boundary[axis] == "absorbing":
                place = self.spacing[axis] * torch.arange(self.points[axis], dtype=torch.float64)
                line = (1 - torch.minimum(place, place.flip(0)) / width).clamp(min=0)
                shape = [-1 if other == axis else 1 for other in range(self.dimension)]
                depth = torch.maximum(depth, line.reshape(shape).expand(self.points))
        return depth**3

    @classmethod
    def from_dataset(cls, dataset: xarray.Dataset, boundary: str | None = None) -> Grid:
        """The grid of a dataset in normal form; boundary None asks `guess_boundary`.

        An "open" field gets "neumann", the natural boundary condition ∂ℒ/∂φ_x = 0 of its action.
        """
        axes = space_names(dataset)
        if axes == ("node",):
            raise ValueError("got oscillators on nodes, expected a field on a grid")
        chosen = boundary or guess_boundary(dataset)
        chosen = "neumann" if chosen == "open" else chosen
        steps = [spacing(dataset, axis) for axis in axes]
        points = [dataset.sizes[axis] for axis in axes]
        length = [step * (n - has_walls(chosen)) for step, n in zip(steps, points, strict=True)]
        origin = [float(dataset[axis][0]) for axis in axes]
        return cls(length, points, chosen, origin)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((self.length, self.points, self.boundary, self.origin, self.layer))

    def __repr__(self) -> str:
        size = f"length={self.length}, points={self.points}"
        return f"Grid({size}, boundary={self.boundary}, origin={self.origin})"


def has_walls(boundary: str) -> bool:
    """Whether an axis ends (True) or closes on itself (False)."""
    return boundary in ("dirichlet", "neumann", "absorbing")


def _is_sequence(value) -> TypeGuard[Sequence]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _each(value: Any, dimension: int, name: str) -> Sequence:
    if not _is_sequence(value):
        return [value] * dimension
    if len(value) != dimension:
        raise ValueError(f"got {len(value)} values of {name}, expected {dimension}, one for each axis")
    return value
