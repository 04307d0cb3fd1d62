"""Exponential integrators for semilinear systems ẏ = L y + N(y, t): L exact, N by a Runge–Kutta method."""

from __future__ import annotations

from typing import Any

import torch

from .mode_functions import StepCache, applied, exponential, matrix_function
from .protocol import Integrator, State, System
from .runge_kutta import rk4

Coefficients = tuple[torch.Tensor, ...]


class ExponentialIntegrator(Integrator):
    """A step in the modes of `system.semilinear` (see `SemilinearForm`).

    With L = 0 the methods here are the classical Runge–Kutta method, so its limit on the largest rate of N
    alone is necessary; it is what is refused, and a fifth of it is proposed.
    """

    order = 4
    symplectic = False
    stability_limit = rk4.stability_limit
    proposed_phase = rk4.proposed_phase

    def check(self, system: System) -> None:
        """ValueError unless the system has a semilinear form."""
        super().check(system)
        if getattr(system, "semilinear", None) is None:
            raise ValueError(
                f"{self.name} needs a semilinear system: a Lagrangian with constant coefficients before time "
                "derivatives, periodic axes and Fourier derivatives; use the integrator 'rk4'"
            )

    def step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None, time: float, step: float
    ) -> State:
        """One step; ValueError for systems without semilinear form."""
        form: Any = getattr(system, "semilinear", None)
        if form is None:
            self.check(system)
        modes = form.to_modes(q) if v is None else form.to_modes(q, v)
        moved = form.from_modes(self._step_modes(form, modes, time, step))
        return moved if isinstance(moved, tuple) else (moved, None)

    def largest_step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The limit of the classical Runge–Kutta method for N alone, less 10%."""
        frequency = _nonlinear_frequency(system, q, v, duration)
        return 0.9 * self.stability_limit / frequency if frequency > 0 else float("inf")

    def proposed_step(
        self, system: System, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """The step that `simulate` takes unless told otherwise."""
        frequency = _nonlinear_frequency(system, q, v, duration)
        return self.proposed_phase / frequency if frequency > 0 else float("inf")

    def _step_modes(self, form: Any, modes: torch.Tensor, time: float, step: float) -> torch.Tensor:
        raise NotImplementedError


class ETDRK4(ExponentialIntegrator):
    """Exponential time differencing of order 4.

    S. M. Cox & P. C. Matthews, J. Comput. Phys. 176 (2002) 430, eqs. 26–29; coefficients without cancellation
    after A.-K. Kassam & L. N. Trefethen, SIAM J. Sci. Comput. 26 (2005) 1214. Of order 4 for smooth
    solutions; stiff order 2 in general (M. Hochbruck & A. Ostermann, SIAM J. Numer. Anal. 43 (2005) 1069).
    """

    name = "etdrk4"

    def __init__(self) -> None:
        self._coefficients = StepCache(_etdrk4_coefficients)

    def _step_modes(self, form: Any, modes: torch.Tensor, time: float, step: float) -> torch.Tensor:
        whole, half, inner, first, middle, last = (
            coefficient.to(modes) for coefficient in self._coefficients(form.rates, step)
        )
        at_start = form.nonlinear(modes, time)
        drifted = applied(half, modes)
        a = drifted + applied(inner, at_start)
        at_a = form.nonlinear(a, time + step / 2)
        b = drifted + applied(inner, at_a)
        at_b = form.nonlinear(b, time + step / 2)
        c = applied(half, a) + applied(inner, 2 * at_b - at_start)
        at_c = form.nonlinear(c, time + step)
        return (
            applied(whole, modes)
            + applied(first, at_start)
            + applied(middle, at_a + at_b)
            + applied(last, at_c)
        )


class IntegratingFactorRK4(ExponentialIntegrator):
    """The classical Runge–Kutta method for e^{−tL}y: of order 4, its error grows with L.

    Integrates N = 0 exactly; for a constant L y + N it does not keep the fixed point (Kassam & Trefethen
    2005, §2).
    """

    name = "integrating_factor4"

    def __init__(self) -> None:
        self._flow = StepCache(exponential)

    def _step_modes(self, form: Any, modes: torch.Tensor, time: float, step: float) -> torch.Tensor:
        half = self._flow(form.rates, step / 2).to(modes)
        drifted = applied(half, modes)
        k1 = form.nonlinear(modes, time)
        k2 = form.nonlinear(drifted + step / 2 * applied(half, k1), time + step / 2)
        k3 = form.nonlinear(drifted + step / 2 * k2, time + step / 2)
        k4 = form.nonlinear(applied(half, drifted + step * k3), time + step)
        inner = applied(half, drifted + step / 6 * applied(half, k1) + step / 3 * (k2 + k3))
        return inner + step / 6 * k4


def _etdrk4_coefficients(rates: torch.Tensor, step: float) -> Coefficients:
    """e^{hL}, e^{hL/2}, ½hφ_1(½hL), h(φ_1 − 3φ_2 + 4φ_3), 2h(φ_2 − 2φ_3), h(4φ_3 − φ_2)."""
    one, first, second, third = matrix_function(rates, step, 3)
    half, half_first = matrix_function(rates, step / 2, 1)
    return (
        one,
        half,
        step / 2 * half_first,
        step * (first - 3 * second + 4 * third),
        2 * step * (second - 2 * third),
        step * (4 * third - second),
    )


def _nonlinear_frequency(system: System, q: torch.Tensor, v: torch.Tensor | None, duration: float) -> float:
    form = getattr(system, "semilinear", None)
    if form is None or not hasattr(form, "nonlinear_frequency"):
        return system.largest_frequency(q, v, duration)
    return form.nonlinear_frequency(q, v, duration)


etdrk4 = ETDRK4()
integrating_factor4 = IntegratingFactorRK4()
