"""What an integrator is, and what it needs to know of a dynamical system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch

State = tuple[torch.Tensor, torch.Tensor | None]


class System(Protocol):
    """What an integrator needs to know of a dynamical system.

    A system may also have `noise_strength`: σ, a tensor that broadcasts against q (or a number), for white
    noise of dq = F dt + σ dW or dv = a dt + σ dW; without it, or None, or 0, the system is deterministic.
    """

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

    def largest_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0, /
    ) -> float:
        """The largest rate |λ| of the linearised dynamics, over a run of this duration."""


class Simulated(System, Protocol):
    """A system with named fields on named axes: what `simulate` runs."""

    fields: tuple[str, ...]

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of one field."""

    @property
    def points(self) -> tuple[int, ...]:
        """Length of each axis."""

    def description(self) -> Mapping[str, Any]:
        """Attributes for the file."""


class Integrator:
    """Base class: `name`, `order`, `symplectic`, and `step`; `check` refuses systems that it cannot run.

    Attributes:
        stability_limit: the largest ω·step for which a mode of frequency ω stays bounded; may be inf.
        proposed_phase: the ω·step that `simulate` takes unless told otherwise, ω the largest frequency.
        adaptive: whether `step` chooses its own smaller steps; then it is called once from save to save.
            False for every symplectic method: a step that depends on the state makes the map another one,
            not symplectic any more, and the energy drifts. There is no option to turn it on.
        stochastic: whether it takes systems with white noise; the others refuse them.
    """

    name: str
    order: int
    symplectic: bool
    adaptive: bool = False
    stochastic: bool = False
    stability_limit: float
    proposed_phase: float

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """The state (q, v) one step later; v is None for systems of first order in time."""
        raise NotImplementedError

    def check(self, system: System) -> None:
        """ValueError, with the integrator to take instead, for a system that this method cannot run."""
        if is_noisy(system) and not self.stochastic:
            raise ValueError(
                f"got a system with white noise for the deterministic integrator '{self.name}', "
                "expected noise_strength = 0; use the integrator 'stochastic_heun'"
            )

    def largest_step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The largest stable step at this state: `stability_limit` over the largest frequency.

        Less 1% where the system's `frequency_is_bound` says that no frequency is larger, less 10% else.
        """
        if self.stability_limit == float("inf"):
            return float("inf")
        frequency = system.largest_frequency(q, v, duration)
        margin = 0.99 if getattr(system, "frequency_is_bound", False) else 0.9
        return margin * self.stability_limit / frequency if frequency > 0 else float("inf")

    def proposed_step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The step that `simulate` takes unless told otherwise."""
        frequency = system.largest_frequency(q, v, duration)
        return self.proposed_phase / frequency if frequency > 0 else float("inf")


def is_noisy(system: System) -> bool:
    """Whether the system has a white noise of non-zero strength."""
    strength = getattr(system, "noise_strength", None)
    return strength is not None and bool((torch.as_tensor(strength) != 0).any())
