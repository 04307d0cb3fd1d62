"""Explicit Runge–Kutta methods, for every system."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from .protocol import Integrator, State, System

Phase = tuple[torch.Tensor, ...]


class RungeKutta(Integrator):
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
        self.proposed_phase = 0.18 * self.stability_limit

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step of y' = f(y, t) with y = q or (q, v)."""
        state: Phase = (q,) if v is None else (q, v)
        rate = first_order_form(system, v is not None)
        rates: list[Phase] = []
        for row in ((), *self.tableau):
            rates.append(rate(combined(state, rates, row, step), time + sum(row) * step))
        result = combined(state, rates, self.weights, step)
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


def first_order_form(system: System, second_order: bool) -> Callable[[Phase, float], Phase]:
    """The right-hand side f of y' = f(y, t), for y = (q,) or y = (q, v)."""
    if second_order:
        return lambda state, time: (state[1], system.acceleration(state[0], state[1], time))
    return lambda state, time: (system.velocity(state[0], time),)


def combined(state: Phase, rates: Sequence[Phase], coefficients: Sequence[float], step: float) -> Phase:
    """y + step·Σ_i coefficients_i rates_i, terms with coefficient 0 left out."""
    for coefficient, rate in zip(coefficients, rates, strict=False):
        if coefficient:
            state = tuple(y + (coefficient * step) * slope for y, slope in zip(state, rate, strict=True))
    return state


rk4 = RungeKutta("rk4", 4, ((1 / 2,), (0, 1 / 2), (0, 0, 1)), (1 / 6, 1 / 3, 1 / 3, 1 / 6))
