"""How wide test functions are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FACTORS = (1.0, 1.5, 2.0, 2.5, 3.0)
SMALLEST = 8  # samples: the trapezoidal rule is then exact to 1e-5
LARGEST = 0.3  # of an axis


def candidate_widths(
    values: Sequence[np.ndarray], spacing: Sequence[float], deviations: Sequence[float]
) -> list[tuple[int, ...]]:
    """Half widths in samples, one an axis, in ascending order; all axes grow together.

    The first is that of `scale_of` the field; the others are multiples, at most 0.3 of an axis.
    """
    widest = max(range(len(values)), key=lambda b: float(np.std(values[b])))
    shape = values[widest].shape[1:]
    base = [scale_of(values[widest], 1 + axis, step, deviations[widest]) for axis, step in enumerate(spacing)]
    found = []
    for factor in FACTORS:
        widths = tuple(
            max(min(SMALLEST, (n - 1) // 4), min(round(factor * b), int(LARGEST * n)))
            for b, n in zip(base, shape, strict=True)
        )
        if widths not in found:
            found.append(widths)
    return found


def scale_of(values: np.ndarray, axis: int, spacing: float, deviation: float) -> int:
    """One and a half half-periods of the wavenumber below which 99% of the power lies, in samples.

    Of the detrended, tapered data, the power of white noise of this deviation subtracted; at least 8 samples
    and at most a twelfth of the axis. values: (sample, time, *S)
    """
    points = values.shape[axis]
    line = np.moveaxis(values, axis, -1)
    line = line - line.mean(-1, keepdims=True)
    slope = np.linspace(-1, 1, points)
    line = line - slope * (line @ slope)[..., None] / (slope @ slope)
    taper = np.hanning(points)
    power = np.abs(np.fft.rfft(line * taper, axis=-1)) ** 2
    power = power.reshape(-1, power.shape[-1]).mean(0) - deviation**2 * (taper**2).sum()
    total = np.cumsum(power)
    wavenumbers = 2 * np.pi * np.fft.rfftfreq(points, spacing)
    reached = int(np.argmax(total >= 0.99 * total.max()))
    cut = wavenumbers[max(1, min(reached, len(wavenumbers) - 1))]
    wanted = round(1.5 * np.pi / cut / spacing)
    return int(max(SMALLEST, min(wanted, max(SMALLEST, points // 12))))
