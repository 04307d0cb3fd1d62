"""Time steps: each integrator declares its order, whether it is symplectic, and its limit of stability."""

from __future__ import annotations

from .composition import SymplecticComposition, stormer_verlet, triple_jump, yoshida4
from .protocol import Integrator, Simulated, State, System
from .runge_kutta import RungeKutta, rk4

__all__ = [
    "INTEGRATORS",
    "Integrator",
    "RungeKutta",
    "Simulated",
    "State",
    "SymplecticComposition",
    "System",
    "integrator_named",
    "rk4",
    "stormer_verlet",
    "triple_jump",
    "yoshida4",
]

INTEGRATORS: dict[str, Integrator] = {method.name: method for method in (stormer_verlet, yoshida4, rk4)}


def integrator_named(name: str | None, system: System) -> Integrator:
    """The integrator of that name, checked against the system; None chooses the default for the system.

    The default is yoshida4 for q̈ = a(q) and rk4 elsewhere. ValueError for an unknown name and for a
    system that the integrator cannot run.
    """
    if name is None:
        return yoshida4 if system.time_order == 2 and system.separable else rk4
    if name not in INTEGRATORS:
        raise ValueError(f"got integrator '{name}', expected one of {', '.join(INTEGRATORS)}")
    INTEGRATORS[name].check(system)
    return INTEGRATORS[name]
