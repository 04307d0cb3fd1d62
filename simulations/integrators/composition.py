"""Symplectic splittings for q̈ = a(q, t)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from .protocol import Integrator, State, System


class SymplecticSplitting(Integrator):
    """Drifts and kicks in turn, for q̈ = a(q, t):

        q ← q + d_0 h v;  then for i = 1 … s:  v ← v + k_i h a(q, t),  q ← q + d_i h v

    Every drift is the exact flow of T and every kick that of V, so the map is symplectic for any
    coefficients; palindromic ones make it time-reversible. Time goes with the drifts.

    Args:
        name: in `INTEGRATORS` and in files.
        order: of convergence.
        drifts: d_0 … d_s, of sum 1.
        kicks: k_1 … k_s, of sum 1; s is the number of forces a step.
        proposed_part: the part of the stability limit that `simulate` takes as step unless told otherwise.
    """

    symplectic = True

    def __init__(
        self,
        name: str,
        order: int,
        drifts: Sequence[float],
        kicks: Sequence[float],
        proposed_part: float = 0.18,
    ):
        if len(drifts) != len(kicks) + 1:
            raise ValueError(
                f"got {len(drifts)} drifts and {len(kicks)} kicks, expected one drift more than kicks"
            )
        self.name = name
        self.order = order
        self.drifts = tuple(drifts)
        self.kicks = tuple(kicks)
        self.stability_limit = self._largest_stable_phase()
        self.proposed_phase = proposed_part * self.stability_limit

    def check(self, system: System) -> None:
        """ValueError unless the system is q̈ = a(q, t), without noise."""
        super().check(system)
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
            if drift:
                q = q + (drift * step) * v
                time += drift * step
            v = v + (kick * step) * system.acceleration(q, time=time)
        return q + (self.drifts[-1] * step) * v, v

    def _largest_stable_phase(self) -> float:
        """The first ω·step at which the one-step matrix of q̈ = −ω²q has |trace| > 2, by scanning."""
        phases = np.arange(0.001, 10, 0.001)
        q, v = np.array([np.ones_like(phases), 0 * phases]), np.array([0 * phases, np.ones_like(phases)])
        for drift, kick in zip(self.drifts, (*self.kicks, 0.0), strict=True):
            q = q + drift * phases * v
            v = v - kick * phases * q
        unstable = np.abs(q[0] + v[1]) > 2 + 1e-12
        return float(phases[unstable.argmax()]) - 0.001 if unstable.any() else 10.0


class SymplecticComposition(SymplecticSplitting):
    """Composition of leapfrog steps (drift ½w_ih, kick w_ih, drift ½w_ih) with weights w_i, of sum 1."""

    def __init__(self, name: str, order: int, weights: Sequence[float]):
        drifts = [(a + b) / 2 for a, b in zip((0.0, *weights), (*weights, 0.0), strict=True)]
        super().__init__(name, order, drifts, weights)


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
