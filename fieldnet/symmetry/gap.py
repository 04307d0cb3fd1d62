"""How many generators: the largest gap of a spectrum, beside the spectra of controls and the level of noise.

One rule for every problem in this package; nothing in it is chosen per task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

MARGIN = 2.0
"""The gap must exceed that of every control by this factor."""
EXPLAINED = 0.5
"""A held-out residual tells of a symmetry below this fraction of what it is without one."""
RESOLUTION = 1e-7
"""Values are not told apart below this fraction of the largest: round-off is no gap."""


@dataclass(frozen=True)
class Gap:
    """The values in order, the level of noise beside which they are read, and where they part.

    `dimension` values lie on the generators' side; `ratio` is the factor across the gap, `control_ratio` the
    largest factor in any control spectrum. `dimension` is 0 where `ratio` < MARGIN · `control_ratio`.
    """

    values: np.ndarray
    noise: float | None
    dimension: int
    ratio: float
    control_ratio: float

    @property
    def significant(self) -> bool:
        return self.ratio >= MARGIN * self.control_ratio


def _parting(values: np.ndarray, noise: float | None, nulls: bool) -> tuple[int, float]:
    """(place, factor) of the largest ratio between neighbours; place 0: not even the smallest null value
    comes down to the noise.

    Values ascend where generators are `nulls`, with the noise in front of them; they descend where
    generators are large, with the noise behind them.
    """
    entries = _ordered(values, nulls)
    top = max(float(entries.max(initial=0.0)), noise or 0.0, 1e-300)
    level = max(noise or 0.0, RESOLUTION * top)
    if nulls:
        entries = np.hypot(entries, level)
        if noise is not None:
            entries = np.concatenate([[level], entries])
        ratios, first = entries[1:] / entries[:-1], int(noise is None)
    else:
        entries = np.maximum(entries, level)
        if noise is not None:
            entries = np.concatenate([entries, [level]])
        ratios, first = entries[:-1] / entries[1:], 1
    if not len(ratios):
        return 0, 1.0
    place = int(np.argmax(ratios))
    return place + first, float(ratios[place])


def _ordered(values: np.ndarray, nulls: bool) -> np.ndarray:
    ascending = np.sort(np.asarray(values, dtype=float))
    return ascending if nulls else ascending[::-1]


def _steepest(values: np.ndarray, noise: float | None, nulls: bool) -> float:
    """The largest ratio among the values of a control; they are not compared to the noise itself, since a gap
    there claims nothing.
    """
    entries = _ordered(values, nulls)
    level = max(noise or 0.0, RESOLUTION * float(entries.max(initial=1e-300)))
    entries = np.hypot(entries, level) if nulls else np.maximum(entries, level)
    ratios = np.maximum(entries[1:] / entries[:-1], entries[:-1] / entries[1:])
    return float(ratios.max(initial=1.0))


def find_gap(
    values: np.ndarray,
    controls: Sequence[np.ndarray],
    nulls: bool = False,
    noise: float | None = None,
    control_noise: Sequence[float] = (),
) -> Gap:
    """Count the generators in a spectrum.

    Args:
        values: singular values, one a candidate direction, in any order.
        controls: spectra of the same problem with the data's partners shuffled.
        nulls: whether a generator makes its value small (a null space) or large (a span).
        noise: what a value would be through noise alone: of a null space the error of the fit that it is
            taken from, of a span the standard error of its coefficients. Values add it in quadrature and are
            compared to it as well as to each other.
        control_noise: the same for each control.

    The gap is the largest ratio of neighbouring entries, the noise among them; it counts where it is at least
    MARGIN times the largest such ratio in any control. Raises ValueError for no control.
    """
    if not len(controls):
        raise ValueError("got no control spectrum, expected at least one; shuffle the partners")
    place, ratio = _parting(values, noise, nulls)
    noises = list(control_noise) if len(control_noise) else [None] * len(controls)
    largest = max(_steepest(c, level, nulls) for c, level in zip(controls, noises, strict=True))
    gap = Gap(_ordered(values, nulls), noise, place, ratio, largest)
    return gap if gap.significant else replace(gap, dimension=0)
