"""Atoms projected on test functions, without the bias of noise and with its covariance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Protocol

import numpy as np

from ..learning.weak_form import window_axis
from .atoms import Atom
from .functions import FieldFunction, field_function, noise_covariance
from .measured import MeasuredFields
from .noise_moments import CovarianceSums

STRIDE = 4  # windows stand a quarter of their half width apart
MOST_POINTS = 60_000  # noise covariances are averaged over no more points than about these
QUADRATURE = 1e-5
"""Columns are taken to be known to this part of their size, whatever the noise: the error of the test
functions' trapezoidal rule. Without it data without noise would have no scale.
"""

CONSTANT = 0.03
"""Part of a constant column that counts as varying."""

ROUND_OFF = 1e-12
"""Part of ∫|F̃||∂_αψ| below which an integral counts as 0."""


class Windows(Protocol):
    """Test functions along one axis: how many."""

    @property
    def count(self) -> int: ...


Slopes = Mapping[tuple[int, ...], Sequence[np.ndarray]]


@dataclass(frozen=True)
class Moments:
    """`gram` = AᵀA of the columns of some atoms, `noise` = ⟨EᵀE⟩ of their errors. shape: (atoms, atoms)"""

    gram: np.ndarray
    noise: np.ndarray

    def of(self, chosen: Sequence[int]) -> Moments:
        where = np.ix_(chosen, chosen)
        return Moments(self.gram[where], self.noise[where])


class Projections:
    """Weak columns A_k[ψ] = (−1)^|α| ∫ F̃ ∂_αψ of atoms D_αF on test functions ψ, and the covariance of their
    noise.

    F̃ is F without the bias of the noise (`functions`), so that A = A₀ + E with ⟨E⟩ = 0 where A₀ is what
    the field without noise would give, and Σ_ψ ⟨E_k E_l⟩ = `noise`[k, l]. The rows are those of all samples
    and windows.
    """

    def __init__(self, measured: MeasuredFields, half_points: Sequence[int], orders: int = 4):
        self.measured = measured
        axes = []
        for n, (points, step, half) in enumerate(
            zip(measured.shape[1:], measured.spacing, half_points, strict=True)
        ):
            periodic = measured.periodic and n > 0
            axes.append(
                window_axis(points, step, half, periodic, orders=orders, stride=max(1, (half + 1) // STRIDE))
            )
        self.axes: Sequence[Windows] = axes
        self.half_points = tuple(half_points)
        self._weights = [[w.numpy() for w in axis.weights] for axis in axes]
        self._columns: dict[Atom, np.ndarray] = {}
        self._vanishing: dict[Atom, bool] = {}
        self._functions: dict[object, FieldFunction] = {}
        self._clean: dict[object, FieldFunction] = {}
        self._cache: dict = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """(sample, *windows)"""
        return (self.measured.shape[0], *(axis.count for axis in self.axes))

    @property
    def rows(self) -> int:
        return int(np.prod(self.shape))

    def function(self, atom: Atom) -> FieldFunction:
        """F of an atom, as a function of the fields."""
        key = atom.function
        if key not in self._functions:
            self._functions[key] = field_function(key, self._symbols)
        return self._functions[key]

    def clean(self, atom: Atom) -> FieldFunction:
        """F̃: F without the bias of the noise."""
        key = atom.function
        if key not in self._clean:
            self._clean[key] = self.function(atom).without_noise(self.measured.deviations)
        return self._clean[key]

    @cached_property
    def _symbols(self):
        return tuple(self.measured.jets.symbol(a) for a in range(len(self.measured.values)))

    def columns(self, atoms: Sequence[Atom]) -> np.ndarray:
        """shape: (rows, atoms)"""
        for atom in atoms:
            if atom not in self._columns:
                sign = (-1) ** sum(atom.derivative)
                values = self.values(atom)
                self._columns[atom] = sign * self.project(values, atom.derivative).ravel()
                self._vanishing[atom] = self._vanishes(values, self._columns[atom], atom.derivative)
        return np.stack([self._columns[atom] for atom in atoms], axis=1)

    def vanishing(self, atoms: Sequence[Atom]) -> np.ndarray:
        """Whether each column is 0 but for round-off, in units of its own.

        Columns are not compared with one another: their ratios change with the units of φ, t and x.
        shape: (atoms,)
        """
        self.columns(atoms)
        return np.array([self._vanishing[atom] for atom in atoms], dtype=bool)

    def _vanishes(self, values: np.ndarray, column: np.ndarray, derivative: Sequence[int]) -> bool:
        weights = (self._weights[n][order] for n, order in enumerate(derivative))
        bound = float(np.abs(values).max()) * math.prod(float(np.abs(w).sum(1).max()) for w in weights)
        largest = float(np.abs(column).max(initial=0.0))
        return largest <= ROUND_OFF * bound

    def values(self, atom: Atom) -> np.ndarray:
        """F̃ of an atom at every point."""
        return self.clean(atom).evaluate(self.measured.values, self._cache)

    def moments(self, atoms: Sequence[Atom]) -> Moments:
        """AᵀA and ⟨EᵀE⟩ over all rows."""
        columns = self.columns(atoms)
        gram = columns.T @ columns
        return Moments(gram, positive(self.noise(atoms), variation(columns)))

    def project(self, values: np.ndarray, derivative: Sequence[int]) -> np.ndarray:
        """∫ values ∂_αψ. shape: (sample, time, *S) -> (sample, *windows)"""
        for n, order in enumerate(derivative):
            values = _applied(self._weights[n][order], values, 1 + n)
        return values

    def spread(self, rows: np.ndarray, derivative: Sequence[int]) -> np.ndarray:
        """Σ_ψ rows[ψ] ∂_αψ at every point, the adjoint of `project`. shape: (sample, *windows) -> (sample,
        time, *S)
        """
        for n, order in enumerate(derivative):
            rows = _applied(self._weights[n][order].T, rows, 1 + n)
        return rows

    def slopes(self, atoms: Sequence[Atom], theta: np.ndarray) -> list[Slopes]:
        """(−1)^|α| σ_a Σ_l θ_l ∂F̃_l/∂φ_a of each field φ_a, over the atoms of each derivative α."""
        return [self._slopes(atoms, theta, self.measured.values, self.measured.deviations, {})]

    def influence(self, slopes: Sequence[Slopes], rows: np.ndarray) -> list[np.ndarray]:
        """∂(Σ_ψ rows[ψ] Σ_lθ_lA_l[ψ])/∂(ε_a(x)/σ_a) of each field, from the `slopes` of Σ_lθ_l atom_l."""
        out = [np.zeros(self.measured.shape) for _ in self.measured.values]
        for derivative, own in slopes[0].items():
            spread = self.spread(rows, derivative)
            for a, slope in enumerate(own):
                out[a] += slope * spread
        return out

    def slopes_at(
        self,
        values: Sequence[np.ndarray],
        atoms: Sequence[Atom],
        theta: np.ndarray,
        function: Callable[[Atom], FieldFunction],
    ) -> Slopes:
        """The same at other values of the fields, of F (`function`) in place of F̃ (`clean`)."""
        return self._slopes(atoms, theta, values, self.measured.deviations, {}, function)

    def _slopes(
        self,
        atoms: Sequence[Atom],
        theta: np.ndarray,
        values: Sequence[np.ndarray],
        scales: Sequence[float],
        cache: dict,
        function: Callable[[Atom], FieldFunction] | None = None,
    ) -> Slopes:
        function = self.clean if function is None else function
        out: dict[tuple[int, ...], list[np.ndarray]] = {}
        for atom, coefficient in zip(atoms, theta, strict=True):
            sign = (-1) ** sum(atom.derivative)
            own = [
                sign * coefficient * scale * function(atom).derivative(a).evaluate(values, cache)
                for a, scale in enumerate(scales)
            ]
            known = out.get(atom.derivative)
            out[atom.derivative] = own if known is None else [u + v for u, v in zip(known, own, strict=True)]
        return out

    def noise(self, atoms: Sequence[Atom]) -> np.ndarray:
        """Σ_ψ Cov(A_k, A_l) of white noise. shape: (atoms, atoms)

        Noise at different points is independent, so this is Σ_x Cov(F̃_k, F̃_l)(x) Σ_ψ ∂_αψ(x) ∂_βψ(x); of
        many points only every few are taken.
        """
        pairs = (
            (
                (one.derivative, other.derivative),
                noise_covariance(self.function(one), self.function(other), self.measured.deviations),
            )
            for one, other in combinations_with_replacement(atoms, 2)
        )
        out = np.zeros((len(atoms), len(atoms)))
        out[np.triu_indices(len(atoms))] = self._covariances.of(pairs)
        return out + np.triu(out, 1).T

    @cached_property
    def _covariances(self) -> CovarianceSums:
        return CovarianceSums(*self._sampled)

    @property
    def sampled_values(self) -> list[np.ndarray]:
        """The fields at every few points."""
        return self._sampled[0]

    def mean_slopes(self, atom: Atom) -> dict[tuple[int, ...], float]:
        """√⟨|∂F̃/∂φ|²⟩ over the data, in units of the noise, by the derivative on the test functions."""
        total = 0.0
        for a, deviation in enumerate(self.measured.deviations):
            slope = self.clean(atom).derivative(a).evaluate(self.sampled_values)
            total += deviation**2 * float(np.mean(slope**2))
        return {atom.derivative: total**0.5}

    def weights(self, axis: int, order: int) -> np.ndarray:
        """∂^pψ of every window along one axis, times the step. shape: (windows, points)"""
        return self._weights[axis][order]

    def overlap_matrix(self, axis: int, one: int, other: int) -> np.ndarray:
        """∫ ∂^pψ_i ∂^qψ_j along one axis. shape: (windows, windows)"""
        return self._weights[axis][one] @ self._weights[axis][other].T

    @cached_property
    def _sampled(self):
        """Fields at every few points along each axis, and Σ_i w_i^(p) w_i^(q) there, scaled to all points."""
        per_axis = (self.measured.values[0].size / MOST_POINTS) ** (1 / len(self.axes))
        steps = [max(1, min(int(per_axis), half // 4)) for half in self.half_points]
        where = (slice(None), *(slice(None, None, step) for step in steps))
        values = [v[where] for v in self.measured.values]
        known: dict[tuple[int, int, int], np.ndarray] = {}

        def overlap(n: int, p: int, q: int) -> np.ndarray:
            if (n, p, q) not in known:
                sums = (self._weights[n][p] * self._weights[n][q]).sum(0)
                known[n, p, q] = sums[:: steps[n]] * steps[n]
            return known[n, p, q]

        return values, overlap


def variation(columns: np.ndarray) -> np.ndarray:
    """Size of what varies from window to window in each column: of a constant the trapezoidal rule makes no
    error.

    At least `CONSTANT` of the whole column, so that no column counts as exact. shape: (rows, columns) ->
    (columns,)
    """
    square = (columns**2).sum(0)
    varying = square - len(columns) * columns.mean(0) ** 2
    return np.sqrt(np.maximum(varying, CONSTANT**2 * square))


def positive(noise: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The nearest covariance: an unbiased estimate need not be positive. At least `QUADRATURE` of each
    column.
    """
    size = np.where(size > 0, size, 1.0)
    values, vectors = np.linalg.eigh(noise / np.outer(size, size))
    return (vectors * values.clip(QUADRATURE**2)) @ vectors.T * np.outer(size, size)


def _applied(matrix: np.ndarray, values: np.ndarray, axis: int) -> np.ndarray:
    """The matrix times one axis of an array."""
    shape = values.shape
    if axis == values.ndim - 1:
        return values @ matrix.T
    blocks = values.reshape(int(np.prod(shape[:axis])), shape[axis], -1)
    return np.matmul(matrix, blocks).reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
