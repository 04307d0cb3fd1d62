"""Time steps: symplectic compositions for q̈ = a(q), Runge–Kutta for everything else.

An integrator takes a `System` and one step; it declares its order, whether it is symplectic, and the largest
ω·step for which a mode of frequency ω stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import torch


class System(Protocol):
    """What an integrator needs to know of a dynamical system."""

    @property
    def time_order(self) -> int:
        """1 for q̇ = F(q, t), 2 for q̈ = a(q, q̇, t)."""

    @property
    def separable(self) -> bool:
        """Whether q̈ = a(q, t), free of q̇."""

    def velocity(self, q: torch.Tensor, /, time: float = 0.0) -> torch.Tensor:
        """q̇ of a system of first order in time."""

    def acceleration(
        self, q: torch.Tensor, v: torch.Tensor | None = None, /, time: float = 0.0
    ) -> torch.Tensor:
        """q̈ of a system of second order in time."""


class Integrator(Protocol):
    """One step of a numerical method."""

    name: str
    order: int
    symplectic: bool
    stability_limit: float

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """The state (q, v) one step later; v is None for systems of first order in time."""


class SymplecticComposition:
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

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
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


class RungeKutta:
    """An explicit Runge–Kutta method given by its Butcher tableau, for systems of either order in time."""

    symplectic = False

    def __init__(
        self, name: str, order: int, tableau: tuple[tuple[float, ...], ...], weights: tuple[float, ...]
    ):
        self.name = name
        self.order = order
        self.tableau = tableau
        self.weights = weights
        self.stability_limit = self._largest_stable_phase()

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """One step of y' = f(y, t) with y = q or (q, v)."""
        state = (q,) if v is None else (q, v)
        rate = _first_order_form(system, v is not None)
        rates: list[tuple[torch.Tensor, ...]] = []
        for row in ((), *self.tableau):
            rates.append(rate(_combine(state, rates, row, step), time + sum(row) * step))
        result = _combine(state, rates, self.weights, step)
        return result[0], (None if v is None else result[1])

    def _amplification(self, z: complex) -> complex:
        slopes: list[complex] = []
        for row in ((), *self.tableau):
            slopes.append(z * (1 + sum(a * slope for a, slope in zip(row, slopes, strict=False))))
        return 1 + sum(b * slope for b, slope in zip(self.weights, slopes, strict=True))

    def _largest_stable_phase(self) -> float:
        """The largest |z| with |R| ≤ 1 up to it on the imaginary and negative real axes (0 for Euler)."""
        phase = 0.0
        while all(abs(self._amplification(z * (phase + 0.001))) <= 1 + 1e-12 for z in (1j, -1)):
            phase += 0.001
        return phase


def _first_order_form(system: System, second_order: bool) -> Callable:
    if second_order:
        return lambda state, time: (state[1], system.acceleration(state[0], state[1], time))
    return lambda state, time: (system.velocity(state[0], time),)


def _combine(state, rates, coefficients, step):
    for coefficient, rate in zip(coefficients, rates, strict=False):
        if coefficient:
            state = tuple(y + (coefficient * step) * slope for y, slope in zip(state, rate, strict=True))
    return state


stormer_verlet = SymplecticComposition("stormer_verlet", 2, triple_jump(2))
yoshida4 = SymplecticComposition("yoshida4", 4, triple_jump(4))
rk4 = RungeKutta("rk4", 4, ((1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6))

INTEGRATORS: dict[str, Integrator] = {method.name: method for method in (stormer_verlet, yoshida4, rk4)}


def integrator_named(name: str | None, system: System) -> Integrator:
    """The integrator of that name; None chooses yoshida4 where it applies and rk4 elsewhere."""
    if name is None:
        return yoshida4 if system.time_order == 2 and system.separable else rk4
    if name not in INTEGRATORS:
        raise ValueError(f"got integrator '{name}', expected one of {', '.join(INTEGRATORS)}")
    return INTEGRATORS[name]
