"""The waves of measured fields that stand out of their noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulations import Grid
from simulations.grids import has_walls

GAIN = 16.0
"""A mode is kept where its power is above σ²/GAIN: a fit in time reduces its noise about so much."""

NOISY = 1e-4
"""Noise, relative to the standard deviation, below which no wave is cut."""


@dataclass(frozen=True)
class Band:
    """Orthonormal modes on a grid: the standing waves that fit its boundary, up to a wavenumber an axis.

    Along a closed axis cosines and sines, between Neumann walls cosines, between Dirichlet walls a straight
    line and sines. Orthonormal in Σ over points, so that white noise has its σ in every mode. `kept` says
    which products of axes' modes belong: Σ_a (n_a/K_a)² ≤ 1, or all. Winding fields are levelled first, by
    2πn x/L with the n of most times.

    shape: axes[a] (points_a, modes_a), kept (modes_1, …), held (modes kept,): whether a mode is at rest
    because it does not vanish at a Dirichlet wall
    """

    grid: Grid
    axes: tuple[np.ndarray, ...]
    kept: np.ndarray
    held: np.ndarray

    @property
    def modes(self) -> int:
        return int(self.kept.sum())

    @property
    def is_all(self) -> bool:
        return bool(self.kept.all())

    def project(self, values: np.ndarray) -> np.ndarray:
        """Amplitudes of the kept modes. shape: (..., *points) -> (..., modes)"""
        return self._transform(values)[..., self.kept]

    def build(self, amplitudes: np.ndarray) -> np.ndarray:
        """The field with these amplitudes. shape: (..., modes) -> (..., *points)"""
        values = np.zeros((*amplitudes.shape[:-1], *self.kept.shape))
        values[..., self.kept] = amplitudes
        for number, axis in enumerate(self.axes):
            where = number - len(self.axes)
            values = np.moveaxis(np.tensordot(values, axis, axes=([where], [1])), -1, where)
        return values

    def smooth(self, values: np.ndarray) -> np.ndarray:
        """The field without the other modes; a winding field keeps its turns. shape: (..., time, *points)"""
        if self.is_all:
            return values
        ramp = turns(values, self.grid)
        return self.build(self.project(values - ramp)) + ramp

    def _transform(self, values: np.ndarray) -> np.ndarray:
        for number, axis in enumerate(self.axes):
            where = number - len(self.axes)
            values = np.moveaxis(np.tensordot(values, axis, axes=([where], [0])), -1, where)
        return values


def turns(values: np.ndarray, grid: Grid) -> np.ndarray:
    """2πn·(x − x₀)/L along winding axes, n the median over times; 0 elsewhere. shape: (..., time, *points)"""
    ramp = np.zeros((1,) * values.ndim)
    for axis, boundary in enumerate(grid.boundary):
        if boundary != "winding":
            continue
        where = values.ndim - grid.dimension + axis
        rise = np.take(values, [-1], where) - np.take(values, [0], where)
        along = tuple(range(values.ndim - grid.dimension - 1, values.ndim))
        count = np.rint(np.median(rise, along, keepdims=True) / (2 * np.pi))
        line = np.arange(grid.points[axis]) / grid.points[axis]
        shape = [-1 if other == where else 1 for other in range(values.ndim)]
        ramp = ramp + 2 * np.pi * count * line.reshape(shape)
    return ramp


def band_of(values: np.ndarray, grid: Grid, sigma: float) -> Band:
    """The modes above the noise of a field with axes (sample, time, *S), by Mallows' criterion along each
    axis: K minimises (power left out) + K n σ²/GAIN, powers with the noise's share subtracted, n three tenths
    of the modes along the other axes, which go with every mode of this one.

    All modes where σ is below NOISY of the standard deviation.
    """
    full = full_band(grid)
    if sigma <= NOISY * values.std():
        return full
    power = full._transform(values - turns(values, grid)) ** 2 - sigma**2
    power = power.mean((0, 1))
    limits = []
    for axis in range(grid.dimension):
        others = tuple(other for other in range(grid.dimension) if other != axis)
        marginal = power.sum(others)
        share = float(np.prod([max(1, 0.3 * grid.points[other]) for other in others]))
        left_out = np.append(np.cumsum(marginal[::-1])[::-1][1:], 0.0)
        count = np.arange(1, len(marginal) + 1)
        best = int(np.argmin(left_out + count * share * sigma**2 / GAIN))
        limits.append(_wave_number(grid, axis)[best])
    return limited(full, limits)


def limited(band: Band, limits: list[float]) -> Band:
    """The modes with Σ_a (n_a/limit_a)² ≤ 1, n_a the number of half or whole waves along an axis."""
    numbers = [_wave_number(band.grid, axis) for axis in range(band.grid.dimension)]
    squares = [(n / max(limit, 1.0)) ** 2 for n, limit in zip(numbers, limits, strict=True)]
    radius = np.sum(np.meshgrid(*squares, indexing="ij"), axis=0)
    return _with(band.grid, band.axes, radius <= 1 + 1e-9)


def full_band(grid: Grid) -> Band:
    """Every mode."""
    axes = tuple(_axis_modes(grid, axis) for axis in range(grid.dimension))
    return _with(grid, axes, np.ones([a.shape[1] for a in axes], dtype=bool))


def _with(grid: Grid, axes: tuple[np.ndarray, ...], kept: np.ndarray) -> Band:
    held = np.zeros(kept.shape, dtype=bool)
    for axis, boundary in enumerate(grid.boundary):
        if boundary == "dirichlet":
            np.moveaxis(held, axis, 0)[:2] = True
    return Band(grid, axes, kept, held[kept])


def _wave_number(grid: Grid, axis: int) -> np.ndarray:
    """How many half waves (walls) or waves (closed) the modes of an axis have."""
    count = np.arange(grid.points[axis])
    boundary = grid.boundary[axis]
    if not has_walls(boundary):
        return (count + 1) // 2
    return np.maximum(count - 1, 0) if boundary == "dirichlet" else count


def _axis_modes(grid: Grid, axis: int) -> np.ndarray:
    """Orthonormal modes in the order of their wavenumbers. shape: (points, points)"""
    points, boundary = grid.points[axis], grid.boundary[axis]
    number = _wave_number(grid, axis)
    place = np.arange(points)[:, None] / (points - has_walls(boundary))
    if not has_walls(boundary):
        phase = 2 * np.pi * number * place
        modes = np.where(np.arange(points) % 2, np.cos(phase), np.sin(phase))
        modes[:, 0] = 1.0
    elif boundary == "dirichlet":
        modes = np.sin(np.pi * number * place)
        modes[:, :2] = np.hstack([1 - place, place])
    else:
        modes = np.cos(np.pi * number * place)
    unit, triangle = np.linalg.qr(modes)
    return unit * np.sign(np.diag(triangle))
