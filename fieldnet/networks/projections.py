"""Weak projections of oscillators: derivatives on the test functions, rows made independent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from .smoothing import Smooth

POWER = 3
"""Test functions are (1 − u²)^POWER."""
DURATION = 50
"""Points of a test function at least, where the data have them."""


@dataclass(frozen=True)
class Windows:
    """Weights of ∫ψf, −∫ψ_t f and ∫ψ_tt f over the times of a sample. shape: (windows, T) each"""

    values: np.ndarray
    slopes: np.ndarray
    curvatures: np.ndarray


def windows(times: int, step: float, half: int) -> Windows:
    """Test functions of half width `half` points, half overlapping, ∫ψ = 1.

    Derivatives are those of ψ, by the trapezoidal rule, which is nearly exact where ψ ends smoothly.
    """
    half = max(2, min(half, (times - 1) // 2))
    centres = np.unique(np.linspace(half, times - 1 - half, max(1, 2 * (times - 1) // half - 2)).round())
    u = (np.arange(times) - centres[:, None]) / half
    inside = np.clip(1 - u**2, 0, None)
    values = inside**POWER
    slopes = -2 * POWER * u * inside ** (POWER - 1)
    curvatures = -2 * POWER * inside ** (POWER - 2) * (inside - 2 * (POWER - 1) * u**2)
    total = values.sum(1, keepdims=True)
    length = half * step
    return Windows(values / total, -slopes / (total * length), curvatures / (total * length**2))


@dataclass(frozen=True)
class Projector:
    """Projections whitened for the noise that the law of an oscillator of a given order leaves in them.

    `target`, `rate` and `force` are (rows, T): what acts on θ to give ∫ψθ̇ or ∫ψθ̈, −∫ψθ̇ of the damping, and
    ∫ψF.
    """

    target: np.ndarray
    rate: np.ndarray
    force: np.ndarray

    def rows(self, weights: np.ndarray, series: np.ndarray) -> np.ndarray:
        """shape: (rows, T), (S, T, ...) -> (S·rows, ...)"""
        found = np.tensordot(series, weights, axes=(1, 1))
        return np.moveaxis(found, -1, 1).reshape(-1, *series.shape[2:])


def projector(order: int, times: int, step: float, half: int, stiffness: float) -> Projector:
    """Rows of unit noise for phases of unit noise.

    White noise ε of the phases leaves ∫ψε̇ + c∫ψε (order 1) or ∫ψε̈ + c∫ψε (order 2) in the residual, with
    c the `stiffness`, the root sum of squares of ∂F_i/∂θ_j: covariance ΨʹΨʹᵀ + c²ΨΨᵀ, exact for overlaps.
    """
    parts = windows(times, step, half)
    target = parts.slopes if order == 1 else parts.curvatures
    covariance = target @ target.T + stiffness**2 * parts.values @ parts.values.T
    covariance += 1e-10 * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    factor = np.linalg.cholesky(covariance)
    white = [solve_triangular(factor, w, lower=True) for w in (target, -parts.slopes, parts.values)]
    return Projector(*white)


class Waves:
    """cos nθ and sin nθ of smoothed phases, n = 1, 2, …, the shrinking by what noise is left in them undone.

    Gaussian noise of variance s² shrinks a wave e^{inθ} by exp(−n²s²/2), and one of a difference by
    exp(−n²s²). `cosines`, `sines`: (harmonics, S, T, N)
    """

    def __init__(self, smoothed: Smooth, sigma: float, harmonics: int) -> None:
        left = sigma**2 * smoothed.shrinkage
        grown = [np.exp(min(n**2 * left / 2, 1.0)) for n in range(1, harmonics + 1)]
        angles = [n * smoothed.phases for n in range(1, harmonics + 1)]
        self.cosines = np.stack([g * np.cos(a) for g, a in zip(grown, angles, strict=True)])
        self.sines = np.stack([g * np.sin(a) for g, a in zip(grown, angles, strict=True)])

    def pairs(self, node: int) -> np.ndarray:
        """sin nd and cos nd of d = θ_j − θ_i, j ≠ i. shape: (S, T, N − 1, harmonics, 2)"""
        count, *shape, nodes = self.cosines.shape
        found = np.empty((*shape, nodes - 1, count, 2))
        others = np.delete(np.arange(nodes), node)
        for n in range(count):
            cosine, sine = self.cosines[n, ..., others], self.sines[n, ..., others]
            own_cosine, own_sine = self.cosines[n, ..., node], self.sines[n, ..., node]
            found[..., n, 0] = np.moveaxis(sine * own_cosine - cosine * own_sine, 0, -1)
            found[..., n, 1] = np.moveaxis(cosine * own_cosine + sine * own_sine, 0, -1)
        return found

    def pulls(self, node: int, form: np.ndarray) -> np.ndarray:
        """H(θ_j − θ_i), j ≠ i, for a form (harmonics, 2). shape: (S, T, N − 1)"""
        total = np.zeros(self.cosines.shape[1:])
        for (a, b), cosine, sine in zip(form, self.cosines, self.sines, strict=False):
            if a or b:
                own_cosine, own_sine = cosine[..., node : node + 1], sine[..., node : node + 1]
                total += sine * (a * own_cosine + b * own_sine) + cosine * (b * own_cosine - a * own_sine)
        return np.delete(total, node, axis=-1)

    def own(self, node: int) -> np.ndarray:
        """sin θ, cos θ, sin 2θ, cos 2θ of a node. shape: (S, T, 4)"""
        waves = [part[n, ..., node] for n in range(2) for part in (self.sines, self.cosines)]
        return np.stack(waves, -1)
