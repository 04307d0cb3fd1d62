"""Symmetric splittings: the linear flow exact in modes, the nonlinear one exact or symplectic."""

from __future__ import annotations

from typing import Any

import torch

from .composition import triple_jump
from .mode_functions import StepCache, applied, exponential
from .protocol import Integrator, State, System

RESONANCE = torch.pi  # ω·step at which Strang's splitting of a plane wave first turns unstable


class Splitting(Integrator):
    """Composition of Strang steps (linear flow ½w_ih, nonlinear flow w_ih, linear flow ½w_ih).

    For a system whose `semilinear` form has a `nonlinear_flow`: Schrödinger-type theories with a potential
    free of derivatives, and theories of second order in time, M φ_tt + G φ_t + Sφ = −∂V/∂φ. Each stage is
    the flow of a part of the energy, so the step is symplectic for the form of the theory (G, or M and G),
    time-reversible, conserves what both parts conserve (the norm of a Schrödinger field, momentum where V
    is uniform up to aliasing) to round-off, and has no stability limit in the linear part.

    The proposed step is at most that of the first resonance, π over the largest linear frequency (J. A. C.
    Weideman & B. M. Herbst, SIAM J. Numer. Anal. 23 (1986) 485), and 0.1 over the largest nonlinear one.
    """

    symplectic = True
    stability_limit = float("inf")
    proposed_phase = 0.1

    def __init__(self, name: str, order: int, weights: tuple[float, ...]):
        self.name = name
        self.order = order
        self.kicks = weights
        bounds = zip((0.0, *weights), (*weights, 0.0), strict=True)
        self.drifts = tuple((a + b) / 2 for a, b in bounds)
        self._flows = StepCache(exponential)

    def check(self, system: System) -> None:
        """ValueError unless the system has a semilinear form whose nonlinear part has a flow of its own."""
        super().check(system)
        form = getattr(system, "semilinear", None)
        if form is None:
            raise ValueError(
                f"{self.name} needs a semilinear system: a Lagrangian with constant coefficients before time "
                "derivatives, periodic axes and Fourier derivatives; use the integrator 'rk4'"
            )
        if not getattr(form, "splits", False):
            raise ValueError(
                f"{self.name} needs a nonlinear part whose own flow is symplectic and computable, such as a "
                "potential without derivatives; use the integrator 'etdrk4'"
            )

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step; ValueError for systems that `check` refuses."""
        form: Any = getattr(system, "semilinear", None)
        if form is None or not getattr(form, "splits", False):
            self.check(system)
        for drift, kick in zip(self.drifts, self.kicks, strict=False):
            q, v = self._linear(form, q, v, drift * step)
            time += drift * step
            q, v = form.nonlinear_flow(q, v, time, kick * step)
        return self._linear(form, q, v, self.drifts[-1] * step)

    def proposed_step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The step that `simulate` takes unless told otherwise."""
        form: Any = getattr(system, "semilinear", None)
        if form is None:
            return super().proposed_step(system, q, v, duration)
        linear = float(torch.linalg.eigvals(form.rates.detach()).abs().max())
        nonlinear = form.nonlinear_frequency(q, v)
        return 0.9 / max(linear / RESONANCE, nonlinear / self.proposed_phase, 1e-300)

    def _linear(self, form: Any, q: torch.Tensor, v: torch.Tensor | None, step: float) -> State:
        modes = form.to_modes(q) if v is None else form.to_modes(q, v)
        flow = self._flows(form.rates, step).to(modes)
        moved = form.from_modes(applied(flow, modes))
        return moved if isinstance(moved, tuple) else (moved, None)


strang = Splitting("strang", 2, triple_jump(2))
splitting4 = Splitting("splitting4", 4, triple_jump(4))
