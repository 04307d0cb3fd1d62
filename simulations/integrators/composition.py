"""Symplectic compositions for q̈ = a(q, t)."""

from __future__ import annotations

import numpy as np
import torch

from .protocol import Integrator, State, System


class SymplecticComposition(Integrator):
    """Composition of leapfrog steps (drift ½w_ih, kick w_ih, drift ½w_ih) with weights w_i, for q̈ = a(q, t).

    Each stage is the exact flow of T or V, so the map is symplectic for any weights; palindromic weights
    make it time-reversible.
    """

    symplectic = True

    def __init__(self, name: str, order: int, weights: tuple[float, ...]):
        self.name = name
        self.order = order
        drifts = [0.0, *weights]
        following = [*weights, 0.0]
        self.drifts = tuple((a + b) / 2 for a, b in zip(drifts, following, strict=True))
        self.kicks = weights
        self.stability_limit = self._largest_stable_phase()
        self.proposed_phase = 0.18 * self.stability_limit

    def check(self, system: System) -> None:
        """ValueError unless the system is q̈ = a(q, t)."""
        if not system.separable:
            raise ValueError(
                f"{self.name} needs q̈ = a(q), which this system is not; use the integrator 'rk4'"
            )

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step; ValueError if the acceleration depends on the velocity or there is none."""
        if v is None or not system.separable:
            raise ValueError(
                f"{self.name} needs q̈ = a(q), which this system is not; use the integrator 'rk4'"
            )
        for drift, kick in zip(self.drifts, self.kicks, strict=False):
            q = q + (drift * step) * v
            time += drift * step
            v = v + (kick * step) * system.acceleration(q, time=time)
        return q + (self.drifts[-1] * step) * v, v

    def _largest_stable_phase(self) -> float:
        """The first ω·step at which the one-step matrix of q̈ = −ω²q has |trace| > 2, by scanning."""
        for phase in np.arange(0.001, 10, 0.001):
            matrix = np.eye(2)
            for drift, kick in zip(self.drifts, (*self.kicks, 0.0), strict=True):
                matrix = (
                    np.array([[1, 0], [-kick * phase, 1]]) @ np.array([[1, drift * phase], [0, 1]]) @ matrix
                )
            if abs(np.trace(matrix)) > 2 + 1e-12:
                return float(phase) - 0.001
        return 10.0


def triple_jump(order: int) -> tuple[float, ...]:
    """Weights of the leapfrog composition of an even order (1 for order 2; 3 for 4; 9 for 6).

    H. Yoshida, Construction of higher order symplectic integrators, Phys. Lett. A 150 (1990) 262:
    S_{2k+2}(h) = S_{2k}(w₁h) S_{2k}(w₀h) S_{2k}(w₁h) with w₁ = 1/(2 − 2^{1/(2k+1)}), w₀ = 1 − 2w₁.
    """
    if order < 2 or order % 2:
        raise ValueError(f"got order {order}, expected an even number ≥ 2")
    weights: tuple[float, ...] = (1.0,)
    for lower in range(2, order, 2):
        outer = 1 / (2 - 2 ** (1 / (lower + 1)))
        weights = tuple(scale * weight for scale in (outer, 1 - 2 * outer, outer) for weight in weights)
    return weights


stormer_verlet = SymplecticComposition("stormer_verlet", 2, triple_jump(2))
yoshida4 = SymplecticComposition("yoshida4", 4, triple_jump(4))
