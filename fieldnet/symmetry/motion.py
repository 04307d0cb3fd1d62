"""Phases and velocities of oscillators from noisy records, by polynomials in moving windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import savgol_coeffs, savgol_filter

from ..trajectory import NOISY, noise_level

EXACT = (9, 8)
"""(points, degree) where the data are not noisy: the central difference of order 8."""
DEGREE = 4
STANDARD_ERRORS = 1.0
"""By how many the velocities of degrees 4 and 6 may differ more than noise makes them, in mean square."""


@dataclass(frozen=True)
class Motion:
    """Phases and velocities; the times at the ends, where windows are one-sided, are left out.

    phases, velocities: (sample, time, node). `phase_noise`, `velocity_noise`: standard deviations of what the
    measurement's white noise leaves in them, σ times the norm of the filter. `window`: points of the
    polynomials.
    """

    times: np.ndarray
    phases: np.ndarray
    velocities: np.ndarray
    phase_noise: float
    velocity_noise: float
    window: int


def smooth_motion(theta: np.ndarray, times: np.ndarray) -> Motion:
    """Savitzky–Golay fits to phases of shape (sample, time, node), evenly spaced in time.

    Of degree 8 over 9 times, or of degree 4 over a window chosen from the data where they are noisy: the
    widest in which a polynomial of degree 6 gives the same velocities, up to noise. Raises ValueError for too
    few times, or phases that turn by more than half a circle between times.
    """
    theta = np.unwrap(theta, axis=1)
    step = float((times[-1] - times[0]) / (len(times) - 1))
    if len(times) < 3 * EXACT[0]:
        raise ValueError(
            f"too few time steps: got {len(times)}, expected at least {3 * EXACT[0]} for velocities"
        )
    sigma, noisy = _noise(theta)
    window, degree = (_window(theta, sigma), DEGREE) if noisy else EXACT
    kept = slice(window // 2, len(times) - window // 2)
    phases, velocities = (
        savgol_filter(theta, window, degree, deriv=order, delta=step, axis=1)[:, kept] for order in (0, 1)
    )
    gains = [
        float(np.linalg.norm(savgol_coeffs(window, degree, deriv=order, delta=step))) for order in (0, 1)
    ]
    return Motion(times[kept], phases, velocities, sigma * gains[0], sigma * gains[1], window)


def _noise(theta: np.ndarray) -> tuple[float, bool]:
    """σ of the phases, and whether it is more than nothing."""
    nodes = [theta[..., i] for i in range(theta.shape[-1])]
    relative = np.array([noise_level(node) for node in nodes])
    spread = np.array([np.std(node) for node in nodes])
    return float(np.sqrt(np.mean((relative * spread) ** 2))), bool(relative.max() >= NOISY)


def _window(theta: np.ndarray, sigma: float) -> int:
    """Points of the widest window without significant bias, of those that grow by 15% each.

    The mean square of the difference of both velocities, over that of white noise, is 1 ± √(2/n), with n the
    number of values over the length of their correlation, about a third of the window.
    """
    half, widest = EXACT[0] // 2, EXACT[0]
    while 2 * half + 1 <= theta.shape[1] // 3:
        window = 2 * half + 1
        low, high = (savgol_coeffs(window, degree, deriv=1, use="dot") for degree in (DEGREE, DEGREE + 2))
        difference = np.apply_along_axis(np.convolve, 1, theta, (high - low)[::-1], mode="valid")
        excess = np.mean(difference**2) / (sigma**2 * np.sum((high - low) ** 2)) - 1
        if excess <= STANDARD_ERRORS * np.sqrt(2 * window / (3 * difference.size)):
            widest = window
        half = max(half + 1, round(1.15 * half))
    return widest
