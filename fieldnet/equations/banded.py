"""Projections of long records, without matrices of the record's length."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeGuard

import numpy as np
import sympy
import torch

from ..learning.weak_form import bump_derivatives
from .atoms import Atom
from .functions import FieldFunction, Quasipolynomial
from .measured import MeasuredFields
from .projections import MOST_POINTS, STRIDE, Projections

BLOCK = 16  # windows that are projected by one matrix
CACHED = (
    2**14
)  # values at which a function is evaluated at once, so that all steps stay in the processor's cache


class BandedAxis:
    """Test functions along one axis: window i stands on the samples i·stride … i·stride + 2·half_points, on a
    periodic axis half_points further left.

    `kernels[p]` is the p-th derivative on these samples times Δ, the row that all windows of `window_axis`
    share. shape: kernels[p] (2·half_points + 1,)
    """

    def __init__(self, points: int, step: float, half_points: int, periodic: bool, orders: int = 4):
        self.points, self.half_points, self.periodic = points, half_points, periodic
        self.stride = max(1, (half_points + 1) // STRIDE)
        self.width = 2 * half_points + 1
        if self.width > points:
            raise ValueError(
                f"an axis of {points} points has no room for test functions of {self.width} points; "
                "give more points"
            )
        room = points if periodic else points - self.width + 1
        self.count = room // self.stride if periodic else -(-room // self.stride)
        derivatives = bump_derivatives(np.arange(-half_points, half_points + 1) / (half_points + 1), orders)
        scale = derivatives[0].sum()
        self.kernels = [
            values / scale / ((half_points + 1) * step) ** p for p, values in enumerate(derivatives)
        ]
        self._block = max(BLOCK, -(-self.width // self.stride))
        self._matrices: dict[tuple[int, int], np.ndarray] = {}

    def project(self, values: np.ndarray, orders: Sequence[int]) -> list[np.ndarray]:
        """∫ values ∂^order ψ_i along the middle axis, for each order.

        shape: (outer, points, inner) -> (outer, windows, inner)
        """
        if self.periodic:
            half = self.half_points
            values = np.concatenate([values[:, -half:], values, values[:, :half]], axis=1)
        values = np.ascontiguousarray(values)
        outer, _, inner = values.shape
        out = [np.empty((outer, self.count, inner)) for _ in orders]
        for first, windows, blocks in self._groups():
            matrix = np.concatenate([self._matrix(order, windows) for order in orders])
            pieces = _pieces(values, first * self.stride, windows * self.stride, matrix.shape[1], blocks)
            if inner > 1:
                found = matrix @ pieces  # (outer, blocks, orders · windows, inner)
            else:
                found = (pieces[..., 0].transpose(1, 0, 2) @ matrix.T).transpose(1, 0, 2)[..., None]
            for n, result in enumerate(out):
                into = result[:, first : first + windows * blocks].reshape(outer, blocks, windows, inner)
                into[...] = found[:, :, n * windows : (n + 1) * windows]
        return out

    def spread(self, rows: np.ndarray, order: int) -> np.ndarray:
        """Σ_i rows_i ∂^order ψ_i, the adjoint. shape: (outer, windows, inner) -> (outer, points, inner)"""
        outer, _, inner = rows.shape
        padding = 2 * self.half_points if self.periodic else 0
        out = np.zeros((outer, self.points + padding, inner))
        for first, windows, blocks in self._groups():
            matrix = self._matrix(order, windows).T
            parts = rows[:, first : first + windows * blocks].reshape(outer, blocks, windows, inner)
            moved = matrix @ parts  # (outer, blocks, samples, inner)
            for parity in (0, 1):  # blocks next to each other overlap
                count = (blocks + 1 - parity) // 2
                if count:
                    start = (first + parity * windows) * self.stride
                    into = _pieces(out, start, 2 * windows * self.stride, len(matrix), count, writeable=True)
                    into += moved[:, parity::2]
        if self.periodic:
            half, inside = self.half_points, slice(self.half_points, self.half_points + self.points)
            out[:, self.points : self.points + half] += out[:, :half]
            out[:, half : 2 * half] += out[:, self.points + half :]
            out = out[:, inside]
        return out

    def squares(self, one: int, other: int) -> np.ndarray:
        """Σ_i ∂^pψ_i ∂^qψ_i at every point. shape: (points,)"""
        places = np.arange(self.count) * self.stride
        out = np.zeros(self.points + (2 * self.half_points if self.periodic else 0))
        for n, value in enumerate(self.kernels[one] * self.kernels[other]):
            out[places + n] += value
        if self.periodic:
            half = self.half_points
            out[self.points : self.points + half] += out[:half]
            out[half : 2 * half] += out[self.points + half :]
            out = out[half : half + self.points]
        return out

    @cached_property
    def pairs(self) -> np.ndarray:
        """How many pairs (i, j) of test functions have j − i = −m … m, as `overlaps` counts them."""
        return self.count - np.abs(self._distances)

    @cached_property
    def _distances(self) -> np.ndarray:
        reach = self.count - 1 if self.periodic else min(self.count - 1, -(-self.width // self.stride))
        return np.arange(-reach, reach + 1)

    def overlaps(self, one: int, other: int) -> np.ndarray:
        """Σ_x ∂^pψ_i ∂^qψ_j by j − i = −m … m. shape: (2m + 1,)"""
        full = np.correlate(self.kernels[one], self.kernels[other], "full")
        total = np.zeros(len(self._distances))
        for turn in (-1, 0, 1) if self.periodic else (0,):
            place = self._distances * self.stride + turn * self.points + self.width - 1
            inside = (place >= 0) & (place < len(full))
            total[inside] += full[place[inside]]
        return total

    def _groups(self) -> list[tuple[int, int, int]]:
        """(first window, windows a block, blocks): full blocks, then one with the rest."""
        blocks, rest = divmod(self.count, self._block)
        groups = [(0, self._block, blocks)] if blocks else []
        return [*groups, (blocks * self._block, rest, 1)] if rest else groups

    def _matrix(self, order: int, windows: int) -> np.ndarray:
        """shape: (windows, samples under them)"""
        if (order, windows) not in self._matrices:
            matrix = np.zeros((windows, (windows - 1) * self.stride + self.width))
            for i in range(windows):
                matrix[i, i * self.stride : i * self.stride + self.width] = self.kernels[order]
            self._matrices[order, windows] = matrix
        return self._matrices[order, windows]


def _pieces(
    values: np.ndarray, start: int, advance: int, length: int, count: int, writeable: bool = False
) -> np.ndarray:
    """Overlapping views of the middle axis. shape: (outer, points, inner) -> (outer, count, length, inner)"""
    outer, step, inner = values.strides
    return np.lib.stride_tricks.as_strided(
        values[:, start:],
        (values.shape[0], count, length, values.shape[2]),
        (outer, advance * step, step, inner),
        writeable=writeable,
    )


class BandedProjections(Projections):
    """`Projections` of a piece of a record, by banded matrices and each contraction along time made once.

    `thinning` are the steps at which noise covariances are averaged along each axis and `offset` the number
    of the piece's first time, so that pieces take the points that the whole would. `like`, another piece on
    the same test functions, lends what is equal.
    """

    def __init__(
        self,
        measured: MeasuredFields,
        half_points: Sequence[int],
        thinning: Sequence[int] | None = None,
        offset: int = 0,
        like: BandedProjections | None = None,
    ):
        self.measured = measured
        self.half_points = tuple(half_points)
        self._known_bands: dict[tuple[int, int], BandedAxis] = {} if like is None else like._known_bands
        self.bands = tuple(self._band(n) for n in range(len(half_points)))
        self.axes = self.bands
        self.thinning = tuple(thinning) if thinning else thinning_of(measured.shape, half_points)
        self._offset = offset
        self._columns = {}
        self._functions = {} if like is None else like._functions
        self._clean = {} if like is None else like._clean
        self._cache = {}
        self._compiled: dict[FieldFunction, Callable] = {} if like is None else like._compiled

    def _band(self, n: int) -> BandedAxis:
        points = self.measured.shape[1 + n]
        if (n, points) not in self._known_bands:
            self._known_bands[n, points] = BandedAxis(
                points, self.measured.spacing[n], self.half_points[n], self.measured.periodic and n > 0
            )
        return self._known_bands[n, points]

    def columns(self, atoms: Sequence[Atom]) -> np.ndarray:
        """shape: (rows, atoms)"""
        missing = dict.fromkeys(atom for atom in atoms if atom not in self._columns)
        groups: dict[object, list[Atom]] = {}
        for atom in missing:
            groups.setdefault(atom.function, []).append(atom)
        for members in groups.values():
            orders = list(dict.fromkeys(atom.derivative[0] for atom in members))
            in_time = dict(zip(orders, self._along(0, self.values(members[0]), orders), strict=True))
            for atom in members:
                column = in_time[atom.derivative[0]]
                for n in range(1, len(self.bands)):
                    (column,) = self._along(n, column, [atom.derivative[n]])
                self._columns[atom] = (-1) ** sum(atom.derivative) * column.ravel()
        return np.stack([self._columns[atom] for atom in atoms], axis=1)

    def values(self, atom: Atom) -> np.ndarray:
        """F̃ at every point; noise does not bias a field itself."""
        if atom.function in self._symbols:
            return self.measured.values[self._symbols.index(atom.function)]
        function = self._pointwise(self.clean(atom))
        out = np.empty(self.measured.shape)
        flat, arrays = out.reshape(-1), [v.reshape(-1) for v in self.measured.values]
        for start in range(0, flat.size, CACHED):
            part = slice(start, start + CACHED)
            flat[part] = function(*(a[part] for a in arrays))
        return out

    def _pointwise(self, function: FieldFunction) -> Callable[..., np.ndarray]:
        """The function of arrays; sines and cosines by torch, which is three times as fast as NumPy."""
        if not _has_waves(function):
            return lambda *arrays: function.evaluate(arrays)
        if function not in self._compiled:
            compiled = sympy.lambdify(function.symbols, function.to_sympy(), modules="torch")
            self._compiled[function] = lambda *arrays: compiled(*map(torch.from_numpy, arrays)).numpy()
        return self._compiled[function]

    def project(self, values: np.ndarray, derivative: Sequence[int]) -> np.ndarray:
        for n, order in enumerate(derivative):
            (values,) = self._along(n, values, [order])
        return values

    def spread(self, rows: np.ndarray, derivative: Sequence[int]) -> np.ndarray:
        for n in reversed(range(len(derivative))):
            shape = rows.shape
            done = self.bands[n].spread(_with_axis(rows, n), derivative[n])
            rows = done.reshape(*shape[: n + 1], done.shape[1], *shape[n + 2 :])
        return rows

    def _along(self, n: int, values: np.ndarray, orders: Sequence[int]) -> list[np.ndarray]:
        shape = values.shape
        done = self.bands[n].project(_with_axis(values, n), orders)
        return [d.reshape(*shape[: n + 1], d.shape[1], *shape[n + 2 :]) for d in done]

    def thinned(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Arrays from the piece's first time on at every few points."""
        first = -self._offset % self.thinning[0]
        where = (slice(first, None, self.thinning[0]), *(slice(None, None, n) for n in self.thinning[1:]))
        return [v[(slice(None), *where)] for v in values]

    @cached_property
    def _sampled(self):
        values = self.thinned(self.measured.values)
        first = -self._offset % self.thinning[0]

        def overlap(n: int, p: int, q: int) -> np.ndarray:
            sums = self.bands[n].squares(p, q)
            return sums[first if n == 0 else 0 :: self.thinning[n]] * self.thinning[n]

        return values, overlap


def _has_waves(function: FieldFunction) -> TypeGuard[Quasipolynomial]:
    return isinstance(function, Quasipolynomial) and any(
        k.imag for (_, rates), _ in function.terms for k in rates
    )


def _with_axis(values: np.ndarray, n: int) -> np.ndarray:
    """Axes before and after that of coordinate n joined. shape: (outer, points, inner)"""
    shape = values.shape
    return values.reshape(int(np.prod(shape[: n + 1])), shape[n + 1], int(np.prod(shape[n + 2 :])))


def thinning_of(shape: Sequence[int], half_points: Sequence[int]) -> tuple[int, ...]:
    """Steps along each axis at which the noise of fields of this shape (sample, time, *S) is averaged."""
    per_axis = (float(np.prod(shape, dtype=float)) / MOST_POINTS) ** (1 / len(half_points))
    return tuple(max(1, min(int(per_axis), half // 4)) for half in half_points)
