"""How far charges drift, and continuity equations fail, by the noise of the data alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy

from ..trajectory import Trajectory

REPLICATES = 6


@dataclass(frozen=True)
class NoiseOf:
    """`typical` is a mean over replicates, `bound` two standard deviations above."""

    typical: float
    bound: float


class Noise:
    """A parametric bootstrap. With S the smoothing and F = Sy the smoothed data: what noise n of the measured
    σ does is the difference of every figure between S(F + n) and SF, what the bias of the smoothing does is
    that between SF and F. They are added in squares.
    """

    def __init__(self, trajectory: Trajectory, seed: int):
        smoothing = trajectory.smoothing
        smooth = trajectory.smoothed()
        self.once = trajectory
        self.twice = trajectory.with_values(smooth)
        draw = np.random.default_rng(seed)
        self.replicates = [
            trajectory.with_values(
                [f + s * draw.standard_normal(f.shape) for f, s in zip(smooth, smoothing.sigma, strict=True)]
            )
            for _ in range(REPLICATES)
        ]

    def drift(self, density: sympy.Expr) -> NoiseOf:
        """max_t |ΔQ(t)| / mean_t ∫|J⁰|dx that a conserved charge gets, the worst sample."""
        once, twice = (t.evaluate([density])[0] for t in (self.once, self.twice))
        scales = np.maximum(self.once.integrate(np.abs(once)).mean(1), 1e-300)

        def size(difference: np.ndarray) -> float:
            moved = self.once.integrate(difference)
            return float((np.abs(moved - moved[:, :1]).max(1) / scales).max())

        noise = [size(replicate.evaluate([density])[0] - twice) for replicate in self.replicates]
        return _summary(noise, size(twice - once))

    def continuity(self, total: sympy.Expr, rate: sympy.Expr) -> NoiseOf:
        """‖∂_αJ^α‖/‖∂_tJ⁰‖ that a current without divergence gets."""
        once, rates = self.once.evaluate([total, rate])
        twice = self.twice.evaluate([total])[0]
        scale = max(float(np.sqrt(np.mean(rates**2))), 1e-300)

        def size(difference: np.ndarray) -> float:
            return float(np.sqrt(np.mean(difference**2))) / scale

        noise = [size(replicate.evaluate([total])[0] - twice) for replicate in self.replicates]
        return _summary(noise, size(twice - once))


def _summary(noise: Sequence[float], bias: float) -> NoiseOf:
    mean, spread = float(np.mean(noise)), float(np.std(noise, ddof=1))
    return NoiseOf(float(np.hypot(mean, bias)), float(np.hypot(mean + 2 * spread, bias)))
