"""Densities of oscillators as sums over nodes, each typeset only where it equals the derived density."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy

from lagrangians import Lagrangian

from ..results import Discovery, Network
from .formulas import read_equation
from .sums import Form, energy, motion, squares

AGREEMENT = 1e-6
"""Relative difference at random points up to which two densities are one."""

Value = Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def compact_density(discovery: Discovery, network: Network) -> Form | None:
    """The density as a sum over nodes; None where no form here equals the derived one up to a constant."""
    candidates: list[tuple[Form, Value]] = [(squares(discovery, network), _squares_value(network))]
    if network.inertia is not None:
        weights = [np.ones(len(network.frequencies))]
        if network.metric is not None:
            weights.append(network.metric)
        for weight in weights:
            candidates.append((energy(discovery, weight), _energy_value(network, weight)))
    for form, value in candidates:
        if _equal(discovery.lagrangian, value, len(network.frequencies)):
            return form
    return None


def compact_equation(discovery: Discovery, network: Network) -> Form | None:
    """θ̇_i = ω_i + Σ_j K_ij sin(θ_j − θ_i), or None where the fitted equations hold something else."""
    theory, count = discovery.lagrangian, len(network.frequencies)
    read = [read_equation(text, theory) for text in discovery.equations]
    equations = [e for e in read if e is not None]
    if len(equations) != count or len(read) != count:
        return None
    jets = theory.jets
    symbols = [jets.symbol(a, (n,)) for n in range(2) for a in range(count)]
    right = sympy.lambdify(symbols, [jets.to_jets(e.rhs) for e in equations], "numpy")
    for theta, velocity, _ in _points(count):
        ours = _torque(network, theta)
        if network.damping is not None:
            ours = ours - network.damping * velocity
        theirs = np.array(right(*theta, *velocity), dtype=float)
        if np.abs(ours - theirs).max() > AGREEMENT * max(np.abs(theirs).max(), 1e-300):
            return None
    return motion(discovery, network)


def _torque(network: Network, theta: np.ndarray) -> np.ndarray:
    difference = theta[None, :] - theta[:, None] - network.phase_lag
    return network.frequencies + (network.coupling * np.sin(difference)).sum(1)


def _squares_value(network: Network) -> Value:
    def value(theta: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray) -> float:
        moved = velocity
        if network.inertia is not None:
            friction = 0.0 if network.damping is None else network.damping * velocity
            moved = acceleration + friction
        return 0.5 * float(((moved - _torque(network, theta)) ** 2).sum())

    return value


def _energy_value(network: Network, weight: np.ndarray) -> Value:
    def value(theta: np.ndarray, velocity: np.ndarray, _acceleration: np.ndarray) -> float:
        pairs = weight[:, None] * network.coupling * (1 - np.cos(theta[:, None] - theta[None, :]))
        free = weight * (velocity**2 / 2 + network.frequencies * theta)
        return float(free.sum() - pairs.sum() / 2)

    return value


def _points(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).standard_normal((4, 3, count)))


def _equal(theory: Lagrangian, value: Value, count: int) -> bool:
    """Whether the two agree, up to one constant, at random points."""
    if len(theory.fields) != count:
        return False
    jets = theory.jets
    symbols = [jets.symbol(a, (n,)) for n in range(3) for a in range(count)]
    density = sympy.lambdify(symbols, theory.jet_density, "numpy")
    ours = np.array([value(*point) for point in _points(count)])
    theirs = np.array([float(density(*point.reshape(-1))) for point in _points(count)])
    gap = ours - theirs
    return bool(np.ptp(gap) <= AGREEMENT * max(float(np.abs(theirs).max()), 1e-300))
