"""Integrals of data against derivatives of test functions, one matrix an axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.polynomial import Polynomial
from scipy.sparse import csr_array, kron

from lagrangians.jets import MultiIndex

from ...learning.weak_form import EXPONENT


class Projections:
    """Test functions ψ(x) = Π_α b(s_α) on a grid, b(s) = (1 − s²)^7, |s| < 1, none across an edge.

    s_α = (x^α − centre)/H_α with H_α = (half_points[α] + 1)·Δ_α; centres are half_points/2 samples apart.
    Normalised to Σψ = 1, so that `project(f, K)` ≈ ∫∂_Kψ f dx / ∫ψ dx, to the accuracy of the trapezoidal
    rule. None wraps around a periodic axis, where x itself jumps.
    """

    def __init__(self, points: Sequence[int], spacing: Sequence[float], half_points: Sequence[int]):
        self.points, self.spacing, self.half_points = tuple(points), tuple(spacing), tuple(half_points)
        for size, half in zip(self.points, self.half_points, strict=True):
            if 2 * half + 1 > size:
                raise ValueError(
                    f"an axis of {size} points has no room for test functions of {2 * half + 1} points; "
                    "give more points"
                )
        self.centres = tuple(
            np.arange(half, size - half, max(1, half // 2))
            for size, half in zip(self.points, self.half_points, strict=True)
        )
        self._axes: dict[tuple[int, int], np.ndarray] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """Windows along each axis."""
        return tuple(len(c) for c in self.centres)

    def axis(self, axis: int, order: int) -> np.ndarray:
        """The derivative of this order of b along one axis. shape: (windows, points)"""
        if (axis, order) not in self._axes:
            half, size = self.half_points[axis], self.points[axis]
            offsets = np.arange(-half, half + 1)
            bump = Polynomial([1, 0, -1]) ** EXPONENT
            places = offsets / (half + 1)
            width = (half + 1) * self.spacing[axis]
            values = bump.deriv(order)(places) if order else bump(places)
            matrix = np.zeros((len(self.centres[axis]), size))
            columns = self.centres[axis][:, None] + offsets
            np.put_along_axis(
                matrix, columns, np.broadcast_to(values / width**order / bump(places).sum(), columns.shape), 1
            )
            self._axes[axis, order] = matrix
        return self._axes[axis, order]

    def project(self, values: np.ndarray, index: MultiIndex) -> np.ndarray:
        """Σ_p ∂_Kψ(p) f(p) for every window. shape: (*points) -> (*windows)"""
        for axis, order in enumerate(index):
            values = np.moveaxis(np.tensordot(self.axis(axis, order), values, ([1], [axis])), 0, axis)
        return values

    def matrix(self, index: MultiIndex) -> csr_array:
        """The same as one sparse matrix. shape: (windows, points), both in C order"""
        factors = [csr_array(self.axis(axis, order)) for axis, order in enumerate(index)]
        return csr_array(reduce(lambda a, b: kron(a, b, format="csr"), factors))
