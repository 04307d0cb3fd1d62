"""All-to-all Kuramoto oscillators by two compiled loops a stage: the mean field, and the motion in it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from ..integrators import Integrator, RungeKutta, State
from ..oscillators import Kuramoto
from ..oscillators.couplings import MeanField
from .kernel_oscillators import low_storage, oscillators_fit
from .loop import Propagator
from .sine import cosine, in_range, sine


def mean_field_fits(system: Any, integrator: Integrator) -> bool:
    """Whether `torch_oscillators` runs this: as `oscillators_fit`, with every pair coupled alike."""
    return oscillators_fit(system, integrator) and isinstance(system.pairs, MeanField)


def torch_oscillators(
    system: Kuramoto, integrator: Integrator, q: torch.Tensor, otherwise: Propagator
) -> Propagator:
    """Steps of a system that `mean_field_fits`, by `torch.compile`; any device, any batch axes.

    The same method as `integrator.step`, equal to it to round-off and independent of how steps are grouped.
    `otherwise` takes over where a gradient is asked for, from phases beyond the range of the polynomial sine,
    and where the compilation fails.
    """
    return _TorchOscillators(system, integrator, q, otherwise)


class _TorchOscillators:
    backend = "torch"

    def __init__(self, system: Kuramoto, integrator: Any, q: torch.Tensor, otherwise: Propagator):
        self.system, self.integrator, self.otherwise = system, integrator, otherwise
        self.shape, self.dtype, self.device = tuple(q.shape), q.dtype, q.device
        self.omega, self.inertia = (value.detach().to(q) for value in (system.frequencies, system.inertia))
        lag, strength = float(system.phase_lag), float(system.coupling)
        self.turn = tuple(self._scalar(strength * part) for part in (math.cos(lag), math.sin(lag)))
        method = "runge_kutta" if isinstance(integrator, RungeKutta) else "splitting"
        self.field, self.move = _compiled(method, self.shape, self.dtype, self.device)
        self.failed = False

    def __call__(self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        usual = tuple(q.shape) == self.shape and q.dtype == self.dtype and not self._needs_gradient(q, v)
        if self.failed or count == 0 or not usual or not in_range(q):
            return self.otherwise(q, v, first, step, count)
        with torch.no_grad():
            try:
                self.field(q, *self.turn)
            except Exception as failure:  # no compiler, or one that fails
                warnings.warn(f"torch.compile failed, running without it: {failure}", stacklevel=2)
                self.failed = True
                return self.otherwise(q, v, first, step, count)
            if v is None:
                return self._runge_kutta(q, step, count), None
            return self._splitting(q, v, step, count)

    def _runge_kutta(self, theta: torch.Tensor, step: float, count: int) -> torch.Tensor:
        weights, ahead = low_storage(self.integrator) or ([], [])
        scaled = [
            (self._scalar(b * step), self._scalar(a * step)) for b, a in zip(weights, ahead, strict=True)
        ]
        for _ in range(count):
            total = y = theta
            for weight, forward in scaled:
                field = self.field(y, *self.turn)
                total, y = self.move(theta, total, y, self.omega, *field, weight, forward)
            theta = total
        return theta

    def _splitting(self, q: torch.Tensor, v: torch.Tensor, step: float, count: int) -> State:
        drifts = [self._scalar(drift * step) for drift in self.integrator.drifts]
        kicks = [self._scalar(kick * step) for kick in self.integrator.kicks]
        for _ in range(count):
            q = q + drifts[0] * v
            for kick, drift in zip(kicks, drifts[1:], strict=True):
                field = self.field(q, *self.turn)
                q, v = self.move(q, v, self.omega, self.inertia, *field, kick, drift)
        return q, v

    def _scalar(self, value: float) -> torch.Tensor:
        return torch.tensor(value, dtype=self.dtype, device=self.device)

    def _needs_gradient(self, q: torch.Tensor, v: torch.Tensor | None) -> bool:
        system = self.system
        leaves = [q, v, system.frequencies, system.coupling, system.inertia]
        return torch.is_grad_enabled() and any(leaf is not None and leaf.requires_grad for leaf in leaves)


@lru_cache(maxsize=32)
def _compiled(
    method: str, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> tuple[Callable, Callable]:
    """(field, move), made anew for each shape, dtype and device, so that none is specialised twice."""
    sin, cos = (sine, cosine) if device.type == "cpu" else (torch.sin, torch.cos)

    def field(theta, turn_cos, turn_sin):
        """K⟨sin θ⟩ and K⟨cos θ⟩, turned back by the lag."""
        a, b = sin(theta).mean(-1, keepdim=True), cos(theta).mean(-1, keepdim=True)
        return a * turn_cos - b * turn_sin, b * turn_cos + a * turn_sin

    def runge_kutta(theta, total, y, omega, sines, cosines, weight, forward):
        rate = omega + cos(y) * sines - sin(y) * cosines
        return total + weight * rate, theta + forward * rate

    def splitting(q, v, omega, inertia, sines, cosines, kick, drift):
        u = v + kick * ((omega + cos(q) * sines - sin(q) * cosines) / inertia)
        return q + drift * u, u

    move = {"runge_kutta": runge_kutta, "splitting": splitting}[method]
    return torch.compile(field, dynamic=False), torch.compile(move, dynamic=False)
