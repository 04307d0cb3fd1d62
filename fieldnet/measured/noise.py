"""White noise of measured fields, from differences of high order and from the corner of their spectrum."""

from __future__ import annotations

from functools import reduce

import numpy as np
from scipy.fft import dctn

ORDER, VARIANCE = 8, 12870
"""Order k of the differences and the variance C(2k, k) = Σ_j C(k, j)² of that of unit white noise."""

CORNERS = (1 / 8, 1 / 4, 1 / 2, 3 / 4)
"""Parts of the largest frequency, along every axis, beyond which a field is taken to be noise."""

AGREED = 0.1
"""White noise gives estimates that differ by less than this part."""


def noise_level(values: np.ndarray, axis: int = 1) -> float:
    """σ of white noise, relative to the standard deviation: √(⟨(Δ⁸φ)²⟩ / 12870) along one axis.

    Smooth data that are well sampled give almost 0.
    """
    return _deviation(np.diff(values, ORDER, axis=axis), 1) / max(float(np.std(values)), 1e-300)


def noise_deviation(values: np.ndarray, mixed: bool = False) -> float:
    """σ of white noise of a field with axes (sample, time, *S): the least of `noise_level` over the axes.

    A field that is coarse along one axis looks noisy along that one alone. With `mixed`, differences along
    all axes at once count too, which show less of a field that is coarse along each. 0 where no axis has
    more points than the order of the differences.
    """
    axes = [axis for axis in range(1, values.ndim) if values.shape[axis] > ORDER]
    levels = [noise_level(values, axis) for axis in axes]
    if mixed and len(axes) > 1:
        differences = values
        for axis in axes:
            differences = np.diff(differences, ORDER, axis=axis)
        levels.append(_deviation(differences, len(axes)) / max(float(np.std(values)), 1e-300))
    return min(levels, default=0.0) * float(np.std(values))


def spectral_deviation(values: np.ndarray) -> float:
    """σ of white noise of a field with axes (sample, time, *S), from the corner of its cosine transform.

    The root mean square of all amplitudes of an orthonormal transform whose frequencies exceed a part r of
    the largest one along every axis, r the least of `CORNERS` beyond which there is no less, but for chance.
    A smooth field has next to nothing there, even where it is coarse along one axis. Most of a plane of
    samples count: σ is known to 0.3% for 256 × 256 of them, to 0.5% from differences along an axis.
    It refines `noise_deviation`, which stands where the two differ by more than `AGREED`: that is no white
    noise, but ends that do not fit cosines, or waves that are hardly resolved.
    """
    of_differences = noise_deviation(values)
    axes = [axis for axis in range(1, values.ndim) if values.shape[axis] > ORDER]
    if not axes or of_differences == 0:
        return of_differences
    others = tuple(axis for axis in range(values.ndim) if axis not in axes)
    power = (dctn(values, axes=axes, norm="ortho") ** 2).mean(others)
    least = reduce(np.minimum.outer, [np.arange(points) / points for points in power.shape])
    found = [power[least > part] for part in CORNERS]
    means = [float(part.mean()) for part in found]
    limits = [
        m * (1 + 2 * np.sqrt(2 * power.size / values.size / p.size))
        for m, p in zip(means, found, strict=True)
    ]
    chosen = next(n for n in range(len(means)) if means[n] <= min(limits[n:]))
    deviation = float(np.sqrt(means[chosen]))
    return deviation if abs(deviation / of_differences - 1) < AGREED else of_differences


def _deviation(differences: np.ndarray, times: int) -> float:
    """σ of white noise whose differences, along so many axes, these are."""
    return float(np.sqrt(np.mean(differences**2) / VARIANCE**times))
