"""How wide test functions are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...learning.weak_form import half_points_of_scale

FACTORS = (1.0, 1.5, 2.0, 2.5, 3.0)
SMALLEST = 8  # samples: the trapezoidal rule is then exact to 1e-5
LARGEST = 0.3  # of an axis


def candidate_widths(
    values: Sequence[np.ndarray], spacing: Sequence[float], deviations: Sequence[float]
) -> list[tuple[int, ...]]:
    """Half widths in samples, one an axis, in ascending order; all axes grow together.

    The first is `half_points_of_scale` of the field; the others are multiples, at most 0.3 of an axis.
    """
    widest = max(range(len(values)), key=lambda b: float(np.std(values[b])))
    shape = values[widest].shape[1:]
    base = [
        half_points_of_scale(values[widest], 1 + axis, step, deviations[widest])
        for axis, step in enumerate(spacing)
    ]
    found = []
    for factor in FACTORS:
        widths = tuple(
            max(min(SMALLEST, (n - 1) // 4), min(round(factor * b), int(LARGEST * n)))
            for b, n in zip(base, shape, strict=True)
        )
        if widths not in found:
            found.append(widths)
    return found
