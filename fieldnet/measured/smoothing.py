"""How much measured fields are to be smoothed, chosen from the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

from simulations import Grid

from .band import NOISY, Band, band_of, turns
from .noise import noise_deviation

DEGREE = 4
"""Of the polynomials in time of noisy data."""

SHORTEST = 7
SHORTER = 0.7
"""Part of the widest window that is taken: derivatives are biased before values are."""

BIAS = 0.25
"""Squared bias of a smoothed value, in units of its variance, that a window may have."""

CLEAN = ((9, 8), (7, 6), (5, 4))
"""(window, degree) for data without noise, the first that fits three times into the data."""


@dataclass(frozen=True)
class Smoothing:
    """Polynomials of a degree over a moving window of times, after projection on a band of waves.

    `bands` has one entry a field, None for functions of time alone and where nothing is cut; `sigma` is the
    noise of each field, 0 where the data count as clean. `margin` times at either end are left out.
    """

    window: int
    degree: int
    margin: int
    bands: tuple[Band | None, ...]
    sigma: tuple[float, ...]

    @property
    def is_noisy(self) -> bool:
        return any(self.sigma)


def clean_smoothing(times: int, fields: int) -> Smoothing:
    """Interpolation in time, no cut in space."""
    window, degree = next((pair for pair in CLEAN if 3 * pair[0] <= times), CLEAN[-1])
    return Smoothing(window, degree, window // 2, (None,) * fields, (0.0,) * fields)


def chosen_smoothing(
    values: Sequence[np.ndarray], grid: Grid | None, sigma: Sequence[float] | None = None
) -> Smoothing:
    """Interpolation for clean data; for noisy ones the widest window whose residual is that of the noise.

    The residual of a symmetric polynomial filter h has the variance σ²(1 − h_0) from noise alone, and more by
    the squared bias of the filter, which may be a quarter of the variance σ²h_0 of the filtered value.
    """
    times = values[0].shape[1]
    given = [noise_deviation(v, mixed=True) for v in values] if sigma is None else list(sigma)
    if all(s <= NOISY * v.std() for s, v in zip(given, values, strict=True)) or times < 3 * SHORTEST:
        return clean_smoothing(times, len(values))
    deviations = [max(s, NOISY * float(v.std()), 1e-300) for s, v in zip(given, values, strict=True)]
    bands = tuple(
        None if grid is None else band_of(v, grid, s) for v, s in zip(values, deviations, strict=True)
    )
    lines = [
        (v if band is None else band.project(v - turns(v, band.grid))) / s
        for v, band, s in zip(values, bands, deviations, strict=True)
    ]
    window = SHORTEST
    for tried in _windows(times):
        own = float(savgol_coeffs(tried, DEGREE)[tried // 2])
        squares, count = 0.0, 0
        for line in lines:
            rest = (line - savgol_filter(line, tried, DEGREE, axis=1))[:, tried // 2 : times - tried // 2]
            squares, count = squares + float((rest**2).sum()), count + rest.size
        if squares / count - (1 - own) > BIAS * own + 2 * np.sqrt(2 / count):
            break
        window = tried
    taken = odd(SHORTER * window)
    return Smoothing(taken, DEGREE, taken // 2, bands, tuple(deviations))


def odd(window: float) -> int:
    """The nearest odd number of times, at least the shortest window."""
    return max(SHORTEST, 2 * round((window - 1) / 2) + 1)


def _windows(times: int) -> list[int]:
    """Odd windows, each about 1.2 times the one before, up to a third of the times."""
    found = [SHORTEST]
    while (following := max(found[-1] + 2, 2 * round(0.6 * found[-1]) + 1)) <= times // 3:
        found.append(following)
    return found
