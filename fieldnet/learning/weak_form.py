"""Weak projections: integrals of data against smooth test functions of compact support."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

EXPONENT = 7
SMALLEST_HALF_WIDTH = 4


@dataclass(frozen=True)
class WindowAxis:
    """Test functions along one axis, as matrices that integrate samples against them.

    b(s) = (1 − s²)^7 on |s| < 1, s = (x − centre)/H, normalised to Σ b Δ = 1. `weights[p]` holds d^p b/dx^p
    times Δ, for p = 0, 1, 2, … so that `weights[p] @ f` ≈ ∫ b^(p) f dx, exact to the trapezoidal rule, whose
    error falls as fast as the spectrum of b·f.  shape: weights[p] is (windows, points)
    """

    centres: np.ndarray
    half_width: float
    half_points: int
    weights: tuple[Tensor, ...]

    @property
    def count(self) -> int:
        return len(self.centres)

    def transfer(self, wavenumbers: Tensor) -> Tensor:
        """ψ̂(k) = Σ_j ψ(x_j) cos(k x_j) Δ, 1 at k = 0. shape: (n,) -> (n,)"""
        places = _places(self.half_points)
        bump = torch.from_numpy((1 - places**2) ** EXPONENT)
        return (
            torch.cos(wavenumbers[:, None] * torch.from_numpy(places * self.half_width)) @ bump / bump.sum()
        )


def _places(half_points: int) -> np.ndarray:
    """s = (x − centre)/H of the samples of a window: −1 < s < 1."""
    return np.arange(-half_points, half_points + 1) / (half_points + 1)


def window_axis(
    points: int,
    spacing: float,
    half_points: int,
    periodic: bool,
    margin: int = 0,
    orders: int = 2,
    stride: int | None = None,
) -> WindowAxis:
    """Windows of half width H = (half_points + 1)·Δ, placed every `stride` (half_points/2) samples, with
    their derivatives up to `orders`.

    On a periodic axis they wrap around; else they keep `margin` samples off both ends.
    Raises ValueError when not a single window fits.
    """
    room = points - 2 * margin
    if 2 * half_points + 1 > room:
        raise ValueError(
            f"an axis of {points} points has no room for test functions of {2 * half_points + 1} points "
            f"{margin} off the ends; give more points"
        )
    stride = max(1, half_points // 2) if stride is None else stride
    if periodic:
        centres = np.arange(0, points - stride + 1, stride)
    else:
        centres = np.arange(margin + half_points, points - margin - half_points, stride)
    offsets = np.arange(-half_points, half_points + 1)
    half_width = (half_points + 1) * spacing
    columns = (centres[:, None] + offsets) % points
    derivatives = bump_derivatives(_places(half_points), orders)
    total = derivatives[0].sum()
    weights = []
    for p, values in enumerate(derivatives):
        matrix = np.zeros((len(centres), points))
        row = values / total / half_width**p
        np.put_along_axis(matrix, columns, np.broadcast_to(row, columns.shape), axis=1)
        weights.append(torch.from_numpy(matrix))
    return WindowAxis(centres * spacing, half_width, half_points, tuple(weights))


def bump_derivatives(s: np.ndarray, orders: int) -> list[np.ndarray]:
    """(1 − s²)^7 and its derivatives up to `orders`: d/ds[(1 − s²)^m R] = (1 − s²)^{m−1}[(1 − s²)R' − 2msR].

    shape: each that of s
    """
    factor = np.polynomial.Polynomial([1.0])
    shape = np.polynomial.Polynomial([1.0, 0.0, -1.0])
    out = [(1 - s**2) ** EXPONENT]
    for m in range(EXPONENT, EXPONENT - orders, -1):
        factor = shape * factor.deriv() - 2 * m * np.polynomial.Polynomial([0.0, 1.0]) * factor
        out.append(_with_moments((1 - s**2) ** (m - 1) * factor(s), out[0], s, len(out)))
    return out


def _with_moments(values: np.ndarray, bump: np.ndarray, s: np.ndarray, order: int) -> np.ndarray:
    """Samples of the derivative b^(p) whose sums with s^m, m ≤ p + 5, are those of an integration by parts,

        Σ b^(p) s^m = (−1)^p m!/(m − p)! Σ b s^{m−p},

    by adding b times a polynomial. The plain samples miss them on narrow windows, the more the higher p: of
    b on 17 points a third of ∫bf of a smooth f.
    """
    moments = np.arange(order + 6)
    powers = s[None, :] ** moments[:, None]
    wanted = np.zeros(len(moments))
    for m in moments[order:]:
        factor = math.factorial(m) / math.factorial(m - order)
        wanted[m] = (-1) ** order * factor * (bump * s ** (m - order)).sum()
    basis = bump * powers
    step, *_ = np.linalg.lstsq(basis @ powers.T, wanted - powers @ values, rcond=None)
    return values + step @ basis


def half_points(values: np.ndarray, axis: int, spacing: float) -> int:
    """Half width of test functions in samples, that of `half_points_of_scale`; short axes get what fits."""
    fits = (values.shape[axis] - 1) // 4
    return max(SMALLEST_HALF_WIDTH, min(half_points_of_scale(values, axis, spacing), fits))


def half_points_of_scale(values: np.ndarray, axis: int, spacing: float, noise: float = 0.0) -> int:
    """One and a half half-periods of the highest wavenumber that matters, in samples.

    That wavenumber holds 99% of the power of the (detrended, tapered) data below it, the power of white noise
    with standard deviation `noise` subtracted. The sum of that over m wavenumbers of n lines is uncertain by
    √(2nm) times its mean for one of one (neighbours are correlated by the taper): three times as much may be
    missing. The width is kept between 8 samples, where the trapezoidal rule is exact to 1e-5, and a twelfth
    of the axis, so that windows stay many.
    """
    points = values.shape[axis]
    line = np.moveaxis(values, axis, -1)
    line = line - line.mean(-1, keepdims=True)
    slope = np.linspace(-1, 1, points)
    line = line - slope * (line @ slope)[..., None] / (slope @ slope)
    taper = np.hanning(points)
    power = (np.abs(np.fft.rfft(line * taper, axis=-1)) ** 2).reshape(-1, points // 2 + 1)
    one = noise**2 * (taper**2).sum()
    below = np.cumsum(power.sum(0) - len(power) * one)
    chance = 3 * one * np.sqrt(2 * len(power) * power.shape[1])
    wavenumbers = 2 * np.pi * np.fft.rfftfreq(points, spacing)
    cut = wavenumbers[np.argmax(below >= 0.99 * below.max() - chance).clip(1, len(wavenumbers) - 1)]
    wanted = round(1.5 * np.pi / cut / spacing)
    return int(max(8, min(wanted, max(8, points // 12))))


class TestFunctions:
    """Products of windows along time and every space axis.

    `project(f, p)` ≈ ∫ ∂_t^p ψ · f dt dx, so that projecting with p = 2 is the projection of f_tt without
    differentiating f.  shape: (..., time, *S) -> (..., windows_t, *windows_S)
    """

    __test__ = False

    def __init__(self, axes: Sequence[WindowAxis]):
        self.axes = tuple(axes)

    def project(self, field: Tensor, time_derivatives: int = 0) -> Tensor:
        for position, axis in enumerate(self.axes):
            weight = axis.weights[time_derivatives if position == 0 else 0]
            where = position - len(self.axes)
            field = torch.tensordot(field, weight.to(field), dims=([where], [1])).movedim(-1, where)
        return field

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.count for axis in self.axes)

    @property
    def half_points(self) -> tuple[int, ...]:
        """The half width of each axis in samples."""
        return tuple(axis.half_points for axis in self.axes)
