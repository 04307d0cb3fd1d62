"""How many fixed vector fields the oscillators move along: counted by what predicts left-out oscillators."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .common_field import CommonField
from .span import principal_angles

BLOCKS = 10
"""Blocks of consecutive times; spans are learned on every second one and judged on the others."""
ITERATIONS = 30
"""Steps of least squares, enough for spans up to the true one; larger ones need not settle."""
WORTH = 1.05
"""Factor by which further dimensions must lower the residual; fields of noise do not lower it."""
AT_NOISE = 1.2
"""Residual over that of measurement noise at which nothing is left to explain."""
NEGLIGIBLE = 1e-6
"""Residual, relative to the velocities, that asks for no explanation."""
PERSISTENT = 4.0
"""Mean over oscillators of squared t-values of their mean residuals, 1.3 by chance, above which these are
constants of single oscillators."""


@dataclass(frozen=True)
class Count:
    """`dimension`: the least one whose residual is that of noise, negligible, or within `WORTH` of the best.

    `residuals`: root mean square for each dimension 0, 1, …, of oscillators left out of the field, at times
    left out of the span; that of the noise from the true dimension on. shape: (2H + 2,). `split_angle`: the
    largest principal angle in degrees between the spans of the two halves. `persistent`: root mean square
    over oscillators of their mean residual where it is significant, else 0.
    """

    dimension: int
    residuals: np.ndarray
    split_angle: float
    persistent: float


def count_dimensions(phases: np.ndarray, velocities: np.ndarray, harmonics: int, noise: float = 0.0) -> Count:
    """Cross-validate the dimension of the span, from 0 to 2·harmonics + 1. shape: (rows, node) each

    `noise`: standard deviation of the noise of the velocities, where it is known. Raises ValueError for fewer
    rows than two a block.
    """
    if len(phases) < 2 * BLOCKS:
        raise ValueError(f"got {len(phases)} times, expected at least {2 * BLOCKS}")
    block = np.arange(len(phases)) * BLOCKS // len(phases)
    halves = [CommonField(phases[h], velocities[h], harmonics) for h in (block % 2 == 0, block % 2 == 1)]
    order = np.concatenate([np.flatnonzero(block % 2 == 1), np.flatnonzero(block % 2 == 0)])
    spans, errors = [], []
    for dimension in range(halves[0].size + 1):
        spans.append([half.learn(dimension, ITERATIONS) for half in halves])
        residual = np.concatenate([halves[1].left_out(spans[-1][0]), halves[0].left_out(spans[-1][1])])
        errors.append(residual[np.argsort(order)])
    residuals = np.array([np.sqrt(np.mean(e**2)) for e in errors])
    negligible = NEGLIGIBLE * float(np.sqrt(np.mean(velocities**2)))
    enough = max(WORTH * residuals.min(), AT_NOISE * noise, negligible)
    dimension = int(np.argmax(residuals <= enough))
    return Count(
        dimension,
        residuals,
        float(principal_angles(*spans[dimension]).max()) if dimension else 0.0,
        _persistent(errors[dimension], block),
    )


def _persistent(residual: np.ndarray, block: np.ndarray) -> float:
    means = np.array([residual[block == k].mean(0) for k in range(BLOCKS)])
    centre = means.mean(0)
    error = means.std(0, ddof=1) / np.sqrt(BLOCKS)
    t = centre / np.maximum(error, 1e-300)
    return float(np.sqrt(np.mean(centre**2))) if np.mean(t**2) > PERSISTENT else 0.0
