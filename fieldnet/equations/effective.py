"""How many independent rows a weak residual has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .atoms import Atom
from .projections import Projections


def effective_rows(projections: Projections, atoms: Sequence[Atom], theta: np.ndarray) -> float:
    """n = tr(C)²/tr(C²) with C the covariance of the residual rows Σ_kθ_kE_k, in white noise.

    Overlapping windows share their noise, and λ fluctuates like χ²_n/n, by √(2/n). Each atom counts with the mean
    slope of its function, so that C is a sum of products over the axes: C = Σ_ab s_as_b W_aW_bᵀ, one term for each
    distinct derivative on the test functions.
    """
    slopes: dict[tuple[int, ...], float] = {}
    for atom, coefficient in zip(atoms, theta, strict=True):
        size = _mean_slope(projections, atom)
        sign = (-1) ** sum(atom.derivative)
        slopes[atom.derivative] = slopes.get(atom.derivative, 0.0) + sign * coefficient * size
    groups = [(d, s) for d, s in slopes.items() if s]
    if not groups:
        return float(projections.rows)
    pairs = [(d, e, s * r) for d, s in groups for e, r in groups]
    matrices = [
        {(d[n], e[n]): projections.overlap_matrix(n, d[n], e[n]) for d, e, _ in pairs}
        for n in range(len(projections.axes))
    ]
    trace = square = 0.0
    for d, e, s in pairs:
        kernels = [matrices[n][d[n], e[n]] for n in range(len(matrices))]
        trace += s * float(np.prod([np.trace(k) for k in kernels]))
        for f, g, r in pairs:
            others = [matrices[n][f[n], g[n]] for n in range(len(matrices))]
            square += s * r * float(np.prod([np.sum(k * o.T) for k, o in zip(kernels, others, strict=True)]))
    return projections.shape[0] * trace**2 / max(square, 1e-300)


def _mean_slope(projections: Projections, atom: Atom) -> float:
    """√⟨|∂F/∂φ|²⟩ over the data, in units of the noise."""
    total = 0.0
    for a, deviation in enumerate(projections.measured.deviations):
        slope = projections.clean(atom).derivative(a).evaluate(projections.sampled_values)
        total += deviation**2 * float(np.mean(slope**2))
    return total**0.5
