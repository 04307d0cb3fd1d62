"""The plain loop over `Integrator.step`: for every system, differentiable."""

from __future__ import annotations

from typing import Protocol

import torch

from ..integrators import Integrator, State, System


class Propagator(Protocol):
    """Takes `count` steps of equal size from step number `first` on, which begins at the time first·step.

    The result depends on the number of a step alone, not on how steps are grouped into calls: that is what
    makes an interrupted run resume bit for bit.
    """

    def __call__(
        self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int, /
    ) -> State:
        """The state after the steps; the arguments are not changed."""


def loop(system: System, integrator: Integrator) -> Propagator:
    """`integrator.step`, again and again."""

    def propagate(q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        for number in range(first, first + count):
            q, v = integrator.step(system, q, v, number * step, step)
        return q, v

    return propagate
