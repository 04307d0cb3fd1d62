"""How many independent rows a weak residual has."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from .atoms import Atom
from .projections import Projections


def effective_rows(projections: Projections, atoms: Sequence[Atom], theta: np.ndarray) -> float:
    """n = tr(C)²/tr(C²) with C the covariance of the residual rows Σ_kθ_kE_k, in white noise.

    Overlapping windows share their noise, and λ fluctuates like χ²_n/n, by √(2/n). Each atom counts with
    the root mean square slope of its function, so that C is a sum of products over the axes, C = Σ_ab
    s_as_b W_aW_bᵀ, one term for each distinct derivative on the test functions. Derivatives inside a
    function count as if they stood there too: (φ_x²)_x is 2φ_x times noise with two derivatives.
    """
    slopes: dict[tuple[int, ...], float] = {}
    for atom, coefficient in zip(atoms, theta, strict=True):
        for derivative, size in projections.mean_slopes(atom).items():
            sign = (-1) ** sum(derivative)
            slopes[derivative] = slopes.get(derivative, 0.0) + sign * coefficient * size
    groups = [(d, s) for d, s in slopes.items() if s]
    if not groups:
        return float(projections.rows)
    pairs = [(d, e, s * r) for d, s in groups for e, r in groups]
    matrices = [
        {(d[n], e[n]): projections.overlap_matrix(n, d[n], e[n]) for d, e, _ in pairs}
        for n in range(len(projections.axes))
    ]

    @cache
    def trace_of_product(n: int, one: tuple[int, int], other: tuple[int, int]) -> float:
        return float(np.sum(matrices[n][one] * matrices[n][other].T))

    trace = square = 0.0
    for d, e, s in pairs:
        own = list(zip(d, e, strict=True))
        trace += s * math.prod(float(np.trace(matrices[n][orders])) for n, orders in enumerate(own))
        for f, g, r in pairs:
            both = zip(own, zip(f, g, strict=True), strict=True)
            square += s * r * math.prod(trace_of_product(n, *orders) for n, orders in enumerate(both))
    return projections.shape[0] * trace**2 / max(square, 1e-300)
