"""Time steps: each integrator declares its order, whether it is symplectic, and its limit of stability."""

from __future__ import annotations

from .blanes_moan import blanes_moan4, blanes_moan6
from .composition import SymplecticComposition, SymplecticSplitting, stormer_verlet, triple_jump, yoshida4
from .dop853 import Dop853, dop853
from .dormand_prince import DormandPrince, dormand_prince5
from .exponential import ExponentialIntegrator, etdrk4, integrating_factor4
from .gauss import GaussLegendre, gauss4, implicit_midpoint
from .protocol import Integrator, Simulated, State, System, is_noisy
from .runge_kutta import RungeKutta, rk4
from .semilinear import SemilinearForm
from .splitting import Splitting, splitting4, strang
from .stochastic import StochasticHeun, stochastic_heun
from .variational import VariationalMidpoint, variational_midpoint

__all__ = [
    "INTEGRATORS",
    "Dop853",
    "DormandPrince",
    "ExponentialIntegrator",
    "GaussLegendre",
    "Integrator",
    "RungeKutta",
    "SemilinearForm",
    "Simulated",
    "Splitting",
    "State",
    "StochasticHeun",
    "SymplecticComposition",
    "SymplecticSplitting",
    "System",
    "VariationalMidpoint",
    "blanes_moan4",
    "blanes_moan6",
    "default_integrator",
    "dop853",
    "dormand_prince5",
    "etdrk4",
    "gauss4",
    "implicit_midpoint",
    "integrating_factor4",
    "integrator_named",
    "is_noisy",
    "rk4",
    "splitting4",
    "stochastic_heun",
    "stormer_verlet",
    "strang",
    "triple_jump",
    "variational_midpoint",
    "yoshida4",
]

INTEGRATORS: dict[str, Integrator] = {
    method.name: method
    for method in (
        stormer_verlet,
        yoshida4,
        blanes_moan4,
        blanes_moan6,
        implicit_midpoint,
        gauss4,
        variational_midpoint,
        strang,
        splitting4,
        etdrk4,
        integrating_factor4,
        rk4,
        dormand_prince5,
        dop853,
        stochastic_heun,
    )
}


def integrator_named(name: str | None, system: System) -> Integrator:
    """The integrator of that name, checked against the system; None chooses `default_integrator`.

    ValueError for an unknown name and for a system that the integrator cannot run.
    """
    if name is None:
        return default_integrator(system)
    if name not in INTEGRATORS:
        raise ValueError(f"got integrator '{name}', expected one of {', '.join(INTEGRATORS)}")
    INTEGRATORS[name].check(system)
    return INTEGRATORS[name]


def default_integrator(system: System) -> Integrator:
    """The first that applies: stochastic_heun with noise, blanes_moan4 for q̈ = a(q, t), splitting4 and
    etdrk4 for semilinear systems, rk4.
    """
    if is_noisy(system):
        return stochastic_heun
    if system.time_order == 2 and system.separable:
        return blanes_moan4
    form = getattr(system, "semilinear", None)
    if form is not None:
        return splitting4 if getattr(form, "splits", False) else etdrk4
    return rk4
