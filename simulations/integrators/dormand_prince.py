"""Dormand and Prince's adaptive method of order 5, in torch."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..errors import BlowUpError
from .protocol import Integrator, State, System
from .runge_kutta import Phase, combined, first_order_form

STAGES = (
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
WEIGHTS = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
ERROR = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


class DormandPrince(Integrator):
    """The embedded Runge–Kutta pair 5(4) with control of the local error, for every system.

    J. R. Dormand, P. J. Prince, J. Comput. Appl. Math. 6 (1980) 19. A step is taken where the largest
    component, over all samples of a batch, of |error|/(atol + rtol·max(|y|, |y₁|)) is at most 1. Any device
    and dtype: rtol counts as at least 100 machine epsilons, atol as 10 of the largest |y|. Differentiable
    by unrolling, at the step sizes chosen. The same state and interval give the same result, bit for bit.
    Not symplectic: the energy drifts, as slowly as the tolerance demands.

    `step` raises BlowUpError (a ValueError) with the time where no step is small enough, or `most_steps`
    do not reach the end.
    """

    name = "dormand_prince5"
    order = 5
    symplectic = False
    adaptive = True
    stability_limit = float("inf")
    proposed_phase = float("inf")

    def __init__(self, rtol: float = 1e-8, atol: float = 1e-10, most_steps: int = 1_000_000):
        check_tolerances(rtol, atol)
        self.rtol = rtol
        self.atol = atol
        self.most_steps = most_steps

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """The state at time + step, over as many inner steps as the tolerances need."""
        rate = first_order_form(system, v is not None)
        state: Phase = (q,) if v is None else (q, v)
        slope, end = rate(state, time), time + step
        size = self._first_step(rate, state, slope, time, step)
        smallest = 16 * torch.finfo(torch.float64).eps * max(abs(time), abs(end))
        growth = 5.0
        for _ in range(self.most_steps):
            last = abs(size) >= abs(end - time) * (1 - 1e-10)
            if last:
                size = end - time
            new, new_slope, error = self.attempt(rate, state, slope, time, size)
            if error <= 1:
                if last:
                    return new[0], (None if v is None else new[1])
                time, state, slope = time + size, new, new_slope
            factor = 0.9 * error**-0.2 if error > 0 else growth
            size *= min(max(factor, 0.2), growth)
            growth = 5.0 if error <= 1 else 1.0  # no growth right after a rejection
            if abs(size) < smallest or size == 0:
                raise BlowUpError(collapse_message(self.name, time))
        raise BlowUpError(
            f"got t = {time:.6g} after {self.most_steps} steps of {self.name}, expected {end:.6g}; "
            "relax rtol and atol, or raise most_steps"
        )

    def attempt(
        self, rate: Callable[[Phase, float], Phase], state: Phase, slope: Phase, time: float, size: float
    ) -> tuple[Phase, Phase, float]:
        """One step of this size: (state, its slope, error in units of the tolerance; inf if not finite)."""
        slopes = [slope]
        for row in STAGES:
            slopes.append(rate(combined(state, slopes, row, size), time + sum(row) * size))
        new = combined(state, slopes, WEIGHTS, size)
        slopes.append(rate(new, time + size))
        with torch.no_grad():
            zero = tuple(torch.zeros_like(part) for part in state)
            error = self._size(combined(zero, slopes, ERROR, size), state, new)
        return new, slopes[-1], error if error < float("inf") else float("inf")

    def _size(self, vector: Phase, *states: Phase) -> float:
        """The largest component of |vector|/(atol + rtol·|y|), |y| the larger of the states."""
        sizes = []
        for index, part in enumerate(vector):
            values = torch.stack([state[index].abs() for state in states]).amax(0)
            epsilon = torch.finfo(part.dtype).eps
            smallest = self.atol + 10 * epsilon * values.max()
            sizes.append((part.abs() / (smallest + max(self.rtol, 100 * epsilon) * values)).max())
        return float(torch.stack(sizes).max())

    def _first_step(
        self,
        rate: Callable[[Phase, float], Phase],
        state: Phase,
        slope: Phase,
        time: float,
        step: float,
    ) -> float:
        """E. Hairer, S. P. Nørsett, G. Wanner, Solving Ordinary Differential Equations I, II.4."""
        with torch.no_grad():
            value, first = self._size(state, state), self._size(slope, state)
            size = 0.01 * value / first if min(value, first) > 1e-5 else 1e-6
            size = min(size, abs(step))
            ahead = rate(
                combined(state, [slope], (1.0,), size if step > 0 else -size),
                time + (size if step > 0 else -size),
            )
            second = self._size(combined(ahead, [slope], (-1.0,), 1.0), state) / size
        steepest = max(first, second)
        guess = (0.01 / steepest) ** 0.2 if steepest > 1e-15 else max(1e-6, size * 1e-3)
        guess = min(100 * size, guess, abs(step))
        return guess if step > 0 else -guess


def check_tolerances(rtol: float, atol: float) -> None:
    """ValueError unless both are positive and finite."""
    if not (0 < rtol < float("inf") and 0 < atol < float("inf")):
        raise ValueError(f"got rtol = {rtol}, atol = {atol}, expected positive numbers such as 1e-8, 1e-10")


def collapse_message(name: str, time: float) -> str:
    return (
        f"{name} cannot go on at t = {time:.6g}: no step is small enough for the tolerances; "
        "the solution becomes singular there, or rtol and atol are below round-off"
    )


dormand_prince5 = DormandPrince()
