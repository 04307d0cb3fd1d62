"""White noise of measured fields, from differences of high order."""

from __future__ import annotations

import numpy as np

ORDER, VARIANCE = 8, 12870
"""Order k of the differences and the variance C(2k, k) = Σ_j C(k, j)² of that of unit white noise."""


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


def _deviation(differences: np.ndarray, times: int) -> float:
    """σ of white noise whose differences, along so many axes, these are."""
    return float(np.sqrt(np.mean(differences**2) / VARIANCE**times))
