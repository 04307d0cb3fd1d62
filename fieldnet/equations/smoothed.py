"""First derivatives of noisy fields at single points, by smoothing, and the noise left in them.

An atom such as φ_x² cannot have its derivatives moved onto test functions. It takes jets φ̂_J = w_J * φ of
smoothed data, w_J a product of kernels along the axes. Noise ε of deviation σ gives w_J * ε in them, with
known covariances σ² Σ w_J w_K at one point, of which the nonlinear function's bias is removed as it is for
φ itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import product

import numpy as np
import sympy
from scipy.ndimage import convolve1d, correlate1d

from lagrangians.jets import JetSpace, MultiIndex

from .functions import FieldFunction, field_function
from .measured import MeasuredFields
from .projections import ROUND_OFF

DEGREE = 8  # of the local polynomials
TAPER = 4  # their weights are (1 − s²)^4 on |s| < 1
SMALLEST = 5
SHARE = 16  # half widths are at most this part of an axis, as that much is lost at its ends
FAITHFUL = (1e-7, 1e-4)
"""A first derivative may be wrong by this part for smoothing: 2e-3 of the noise, within these bounds."""


def smoothing_kernel(half: int, derivative: int, spacing: float = 1.0) -> np.ndarray:
    """w with Σ_j w_j f(x_j) = p^(d)(x_0), p the polynomial of `DEGREE` fitted to 2·half + 1 samples around
    x_0.

    A weighted Savitzky–Golay filter: exact for polynomials of that degree, even in j for even d, odd for
    odd d.
    shape: (2·half + 1,)
    """
    places = np.arange(-half, half + 1) / (half + 1)
    root = (1 - places**2) ** (TAPER / 2)
    powers = np.vander(places, min(DEGREE, 2 * half) + 1, increasing=True)
    coefficients = np.linalg.pinv(powers * root[:, None]) * root
    kernel = math.factorial(derivative) * coefficients[derivative] / ((half + 1) * spacing) ** derivative
    return (kernel + (-1) ** derivative * kernel[::-1]) / 2


class Smoothing:
    """Kernels of given half widths along every axis; only space axes that close keep their points at the
    ends.
    """

    def __init__(self, half_points: Sequence[int], spacing: Sequence[float], periodic: bool):
        self.half_points = tuple(half_points)
        self.spacing = tuple(spacing)
        self._closed = tuple(periodic and n > 0 for n in range(len(self.half_points)))
        self._kernels: dict[tuple[int, int], np.ndarray] = {}

    def kernel(self, axis: int, derivative: int) -> np.ndarray:
        key = (axis, derivative)
        if key not in self._kernels:
            self._kernels[key] = smoothing_kernel(self.half_points[axis], derivative, self.spacing[axis])
        return self._kernels[key]

    def jet(self, values: np.ndarray, index: MultiIndex) -> np.ndarray:
        """w_J * values where the kernels fit; 0 where all of it is round-off.

        shape: (sample, time, *S) -> that of `inside`
        """
        bound = float(np.abs(values).max())
        for n, order in enumerate(index):
            mode = "wrap" if self._closed[n] else "constant"
            values = correlate1d(values, self.kernel(n, order), axis=1 + n, mode=mode)
            bound *= float(np.abs(self.kernel(n, order)).sum())
        inside = self.inside(values)
        return inside if np.abs(inside).max() > ROUND_OFF * bound else np.zeros_like(inside)

    def adjoint(self, values: np.ndarray, index: MultiIndex) -> np.ndarray:
        """The transpose of `jet`. shape: that of `inside` -> (sample, time, *S)"""
        values = self.outside(values)
        for n, order in enumerate(index):
            mode = "wrap" if self._closed[n] else "constant"
            values = convolve1d(values, self.kernel(n, order), axis=1 + n, mode=mode)
        return values

    def inside(self, values: np.ndarray) -> np.ndarray:
        """Values without the ends of the axes that do not close."""
        cut = (
            slice(None) if closed else slice(h, -h)
            for h, closed in zip(self.half_points, self._closed, strict=True)
        )
        return values[(slice(None), *cut)]

    def outside(self, values: np.ndarray) -> np.ndarray:
        """The transpose of `inside`: zeros at the ends."""
        ends = [0 if closed else h for h, closed in zip(self.half_points, self._closed, strict=True)]
        return np.pad(values, [(0, 0), *((h, h) for h in ends)])

    @property
    def wider(self) -> Smoothing:
        """Kernels of twice the width: a sixteenth of the noise in first derivatives, with some distortion."""
        return Smoothing([2 * half for half in self.half_points], self.spacing, self._closed[-1])

    def extended(self, values: np.ndarray) -> np.ndarray:
        """Continued by odd reflection at the ends of open axes, so that `wider` keeps what `inside` keeps."""
        for n, (half, closed) in enumerate(zip(self.half_points, self._closed, strict=True)):
            if not closed:
                ends = [(half, half) if m == 1 + n else (0, 0) for m in range(values.ndim)]
                values = np.pad(values, ends, mode="reflect", reflect_type="odd")
        return values

    def covariance(self, one: MultiIndex, other: MultiIndex) -> float:
        """Σ w_J w_K, the covariance of two jets at one point in white noise of variance 1."""
        return float(
            np.prod(
                [
                    self.kernel(n, p) @ self.kernel(n, q)
                    for n, (p, q) in enumerate(zip(one, other, strict=True))
                ]
            )
        )


def smoothing_of(measured: MeasuredFields) -> Smoothing:
    """The widest kernels whose first derivatives of all fields stay within `FAITHFUL`."""
    halves = []
    for n, points in enumerate(measured.shape[1:]):
        widest = max(SMALLEST, points // SHARE)
        halves.append(
            min(
                _half_points(values, 1 + n, noise, widest)
                for values, noise in zip(measured.values, measured.deviations, strict=True)
            )
        )
    return Smoothing(halves, measured.spacing, measured.periodic)


def _half_points(values: np.ndarray, axis: int, noise: float, widest: int) -> int:
    power, wavenumbers = _spectrum(values, axis, noise)
    allowed = float(np.clip(2e-3 * noise / max(float(values.std()), 1e-300), *FAITHFUL))
    for half in range(widest, SMALLEST, -1):
        kernel = smoothing_kernel(half, 1)
        response = np.sin(np.outer(wavenumbers, np.arange(-half, half + 1))) @ kernel
        wrong = power * wavenumbers * np.abs(response - wavenumbers)
        if wrong.sum() <= allowed * (power * wavenumbers**2).sum():
            return half
    return SMALLEST


def _spectrum(values: np.ndarray, axis: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """(power without the noise, wavenumbers per sample) of detrended, tapered data.

    The power beyond the first wavenumber where it is not above the fluctuations of the noise counts as 0.
    """
    points = values.shape[axis]
    lines = np.moveaxis(values, axis, -1).reshape(-1, points)
    lines = lines - lines.mean(-1, keepdims=True)
    slope = np.linspace(-1, 1, points)
    lines = lines - slope * (lines @ slope)[:, None] / (slope @ slope)
    taper = np.hanning(points)
    power = (np.abs(np.fft.rfft(lines * taper, axis=-1)) ** 2).mean(0)
    floor = noise**2 * float(taper @ taper)
    lost = power - floor <= 3 * floor / np.sqrt(len(lines))
    lost[:2] = False
    return np.where(np.cumsum(lost) > 0, 0.0, power - floor).clip(0), 2 * np.pi * np.fft.rfftfreq(points)


class JetVariables:
    """The smoothed jets of all fields up to an order, in combinations u whose noise is independent at each
    point.

    Even and odd derivatives are so by parity; of φ̂ and φ̂_xx the combination is φ̂_xx − c φ̂. φ̂_J = Σ_K
    M_JK u_K with M triangular. A function of jets becomes one of u, of which `functions` knows the bias.
    """

    def __init__(self, smoothing: Smoothing, jets: JetSpace, deviations: Sequence[float], order: int):
        self.smoothing = smoothing
        indices = [i for i in product(range(order + 1), repeat=len(jets.coordinates)) if sum(i) <= order]
        indices.sort(key=lambda i: (sum(i), i))
        self.places = [(a, index) for a in range(len(jets.fields)) for index in indices]
        self._names = [jets.symbol(a, index) for a, index in self.places]
        self.symbols = tuple(sympy.Symbol(f"{name}_smoothed", real=True) for name in self._names)
        self._mixed, variances = _independent(smoothing, indices)
        self.deviations = tuple(deviation * float(np.sqrt(v)) for deviation in deviations for v in variances)
        self._size = len(indices)

    def function(self, expression: sympy.Expr) -> FieldFunction:
        """A function of jets as one of `symbols`."""
        return field_function(expression.xreplace(self._written), self.symbols)

    @cached_property
    def _written(self) -> dict[sympy.Symbol, sympy.Expr]:
        out = {}
        for n, name in enumerate(self._names):
            first = n - n % self._size
            row = self._mixed[n % self._size]
            out[name] = sympy.Add(
                *(
                    (1 if k == n % self._size else sympy.Float(c)) * self.symbols[first + k]
                    for k, c in enumerate(row)
                    if c
                )
            )
        return out

    def values(self, fields: Sequence[np.ndarray], smoothing: Smoothing | None = None) -> list[np.ndarray]:
        """u of the fields, one array a symbol; their jets may come from another smoothing."""
        smoothing = self.smoothing if smoothing is None else smoothing
        out: list[np.ndarray] = []
        for n, (a, index) in enumerate(self.places):
            first, k = n - n % self._size, n % self._size
            own = smoothing.jet(fields[a], index)
            out.append(
                own - sum((self._mixed[k, m] * out[first + m] for m in range(k) if self._mixed[k, m]), 0.0)
            )
        return out

    def pulled(self, number: int, weights: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """(field, array) whose product with noise of that field sums to that of `weights` with u's noise."""
        a, _ = self.places[number]
        k = number % self._size
        combination = self._unmixed[k]
        return [
            (a, c * self.smoothing.adjoint(weights, self.places[m][1]))
            for m, c in enumerate(combination)
            if c
        ]

    @cached_property
    def _unmixed(self) -> np.ndarray:
        return np.linalg.inv(self._mixed)


def _independent(smoothing: Smoothing, indices: Sequence[MultiIndex]) -> tuple[np.ndarray, np.ndarray]:
    """(M, v): covariance = M diag(v) Mᵀ of the jets of one field, M lower triangular with 1 on the
    diagonal.
    """
    covariance = np.array([[smoothing.covariance(i, j) for j in indices] for i in indices])
    size = np.sqrt(np.diag(covariance))
    lower = np.linalg.cholesky(covariance / np.outer(size, size)) * size[:, None]
    pivots = np.diag(lower)
    mixed = lower / pivots
    mixed[np.abs(mixed) < 1e-12 * np.outer(size, 1 / pivots)] = 0.0
    return mixed, pivots**2
