"""The noise of measured phases, and phases with most of it taken away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

DEGREE = 3
"""Order of the differences that the smoother penalises."""
REACH, NARROWEST = 6.0, 10
"""Half width of test functions over λ^(1/6), the reach of the smoother in points; and the least."""
HIGHEST = 8
"""Highest order of the differences that show the noise."""


@dataclass(frozen=True)
class Smooth:
    """Smoothed phases, their velocities, and by how much the smoother shrinks the variance of white noise.

    `half`: a half width of test functions in points, in proportion to the reach of the smoother.
    shape: phases, velocities (S, T, N)
    """

    phases: np.ndarray
    velocities: np.ndarray
    shrinkage: float
    half: int


def unwrapped(phases: np.ndarray) -> np.ndarray:
    """Phases without jumps along time, where a step exceeds π; others are left as they are."""
    if phases.shape[1] > 1 and np.abs(np.diff(phases, axis=1)).max() > np.pi:
        return np.unwrap(phases, axis=1)
    return phases


def phase_noise(phases: np.ndarray) -> float:
    """σ of white noise by differences along time, of the order from 2 to `HIGHEST` that shows least.

    The k-th difference of unit white noise has the variance C(2k, k); smooth motion only adds to it.
    """
    found = []
    for order in range(2, min(HIGHEST, phases.shape[1] - 1) + 1):
        variance = np.prod([(order + k) / k for k in range(1, order + 1)])
        found.append(np.sqrt(np.mean(np.square(np.diff(phases, order, axis=1))) / variance))
    return float(min(found)) if found else 0.0


def smooth(phases: np.ndarray, step: float) -> Smooth:
    """Whittaker's smoother with the penalty that generalised cross-validation chooses, one for all series.

    It minimises Σ(y − x)² + λ Σ(Δ³x)²; the trace of the smoother is that of periodic data, whose eigenvalues
    are 1/(1 + λ(2 − 2cos k)³) (Eilers, Anal. Chem. 75 (2003) 3631).
    """
    samples, times, nodes = phases.shape
    if times < 3 * DEGREE:
        return Smooth(phases, np.gradient(phases, step, axis=1), 1.0, times // 2)
    rows = phases.transpose(1, 0, 2).reshape(times, -1)
    eigenvalues = (2 - 2 * np.cos(np.pi * np.arange(times) / times)) ** DEGREE
    some = rows[:, :: max(1, rows.shape[1] // 200)]
    best, chosen = np.inf, 0.0
    for penalty in 10.0 ** np.arange(-3, 12, 0.5):
        share = float(np.mean(1 / (1 + penalty * eigenvalues)))
        score = float(np.mean(np.square(some - _whittaker(some, penalty)))) / (1 - share) ** 2
        if score < best:
            best, chosen = score, penalty
    found = _whittaker(rows, chosen).reshape(times, samples, nodes).transpose(1, 0, 2)
    shrinkage = float(np.mean(1 / (1 + chosen * eigenvalues) ** 2))
    half = int(np.clip(round(REACH * chosen ** (0.5 / DEGREE)), NARROWEST, max(NARROWEST, times // 8)))
    return Smooth(found, np.gradient(found, step, axis=1, edge_order=2), shrinkage, half)


def _whittaker(rows: np.ndarray, penalty: float) -> np.ndarray:
    """(I + λDᵀD)⁻¹ y along the first axis."""
    times = len(rows)
    differences = np.diff(np.eye(times), DEGREE, axis=0)
    full = np.eye(times) + penalty * differences.T @ differences
    bands = np.zeros((DEGREE + 1, times))
    for k in range(DEGREE + 1):
        bands[DEGREE - k, k:] = np.diagonal(full, k)
    return solveh_banded(bands, rows)
