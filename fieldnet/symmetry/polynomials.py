"""Monomials of several variables, with gradients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Exponents = Sequence[tuple[int, ...]]


def monomials(points: np.ndarray, powers: Exponents) -> np.ndarray:
    """∏_α x_α^{e_α}. shape: (points, n) -> (points, monomials)"""
    table = _powers(points, powers)
    result = np.ones((len(points), len(powers)))
    for axis in range(points.shape[1]):
        result *= table[:, axis, [e[axis] for e in powers]]
    return result


def monomial_gradients(points: np.ndarray, powers: Exponents) -> np.ndarray:
    """∂/∂x_β of every monomial. shape: (points, n) -> (points, monomials, n)"""
    n = points.shape[1]
    lowered = [[tuple(v - (a == axis) for a, v in enumerate(e)) for e in powers] for axis in range(n)]
    result = np.zeros((len(points), len(powers), n))
    for axis in range(n):
        kept = [i for i, e in enumerate(powers) if e[axis]]
        values = monomials(points, [lowered[axis][i] for i in kept])
        result[:, kept, axis] = values * np.array([powers[i][axis] for i in kept])
    return result


def _powers(points: np.ndarray, powers: Exponents) -> np.ndarray:
    """x_α^e for e = 0 … the highest. shape: (points, n, highest + 1)"""
    highest = max((max(e, default=0) for e in powers), default=0)
    return points[:, :, None] ** np.arange(highest + 1)
