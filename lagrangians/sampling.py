"""Comparing systems of expressions at random jets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import sympy

from lagrangians.jets import JetSpace

SAMPLES = 64


def relative_residual(
    first: Sequence[sympy.Expr], second: Sequence[sympy.Expr], jets: JetSpace, seed: int = 0
) -> float:
    """min_λ ‖first − λ second‖ / ‖first‖ over random values of all jets, coordinates and parameters.

    Jets and coordinates are standard normal, parameters uniform in [1/2, 2]; ∞ where just one system
    vanishes or the best λ is 0.
    """
    symbols = sorted(sympy.Tuple(*first, *second).free_symbols, key=lambda s: s.name)
    draw = np.random.default_rng(seed)
    points = [
        draw.standard_normal(SAMPLES)
        if jets.locate(s) or s in jets.coordinates
        else draw.uniform(0.5, 2.0, SAMPLES)
        for s in symbols
    ]
    values = [_evaluate(system, symbols, points) for system in (first, second)]
    norms = [float(np.linalg.norm(v)) for v in values]
    if norms[0] == 0 or norms[1] == 0:
        return 0.0 if norms[0] == norms[1] else float("inf")
    factor = float(np.vdot(values[1], values[0])) / norms[1] ** 2
    if factor == 0:
        return float("inf")
    return float(np.linalg.norm(values[0] - factor * values[1])) / norms[0]


def _evaluate(
    system: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol], points: Sequence[np.ndarray]
) -> np.ndarray:
    function = sympy.lambdify(symbols, list(system), modules="numpy", cse=True)
    with np.errstate(all="ignore"):
        listed = function(*points)
    values = np.array([np.broadcast_to(v, (SAMPLES,)) for v in listed], dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("the equations are singular at random points; compare with tolerance=0")
    return values
