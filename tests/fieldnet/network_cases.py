"""Networks of oscillators that several tests learn, each simulated and fitted once."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import xarray as xr

from fieldnet.learning.network_fit import NetworkFit, fit_network
from simulations import Kuramoto, load, simulate

from .conftest import DATA

NODES = 8


@dataclass(frozen=True)
class Case:
    """Data with the coupling, frequencies and damping that made them."""

    data: xr.Dataset
    coupling: np.ndarray
    frequencies: np.ndarray
    damping: np.ndarray
    phase_lag: float = 0.0


@lru_cache
def network(seed: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    """Random symmetric weights on a random graph, and frequencies."""
    rng = torch.Generator().manual_seed(seed)
    edges = (torch.rand(NODES, NODES, dtype=torch.float64, generator=rng) < 0.5).double().triu(1)
    weights = edges * (0.3 + torch.rand(NODES, NODES, dtype=torch.float64, generator=rng))
    return weights + weights.T, 0.5 + torch.rand(NODES, dtype=torch.float64, generator=rng)


def run(system: Kuramoto, samples: int = 6, duration: float = 10.0) -> xr.Dataset:
    """Phases from random states, Δt = 0.05."""
    rng = torch.Generator().manual_seed(11)
    phases = 2 * torch.pi * torch.rand(samples, NODES, dtype=torch.float64, generator=rng)
    velocities = 2 * torch.rand(samples, NODES, dtype=torch.float64, generator=rng) - 1
    initial = phases if system.time_order == 1 else (phases, velocities)
    return simulate(system, initial, duration, save_every=0.05)


@lru_cache
def case(name: str) -> Case:
    """A file of tests/data, or one of the built-in cases."""
    if name.startswith("kuramoto"):
        truth = np.load(DATA / f"{name}_truth.npz")
        frequencies = truth["frequencies"]
        data = load(DATA / f"{name}.nc")
        return Case(data, truth["coupling"], frequencies, np.zeros_like(frequencies))
    K, omega = network()
    lag = {"lagging": 0.4, "inertial_lagging": -0.7}.get(name, 0.0)
    damping = {
        "damped": torch.full((NODES,), 0.3, dtype=torch.float64),
        "unevenly_damped": 0.5 * torch.arange(NODES, dtype=torch.float64) / NODES,
    }.get(name, torch.zeros(NODES, dtype=torch.float64))
    mass = torch.ones(NODES, dtype=torch.float64)
    if name == "masses":
        mass = 1 + torch.arange(NODES, dtype=torch.float64) / NODES
    if name == "mixed_signs":
        K = K * torch.where(K > 0.8, -1.0, 1.0)
    first = name in ("first_order", "lagging", "mixed_signs")
    system = Kuramoto(K, omega, phase_lag=lag) if first else Kuramoto(K, omega, mass, damping, lag)
    return Case(run(system), (K / mass[:, None]).numpy(), (omega / mass).numpy(), damping.numpy(), lag)


@lru_cache
def fitted(name: str, seed: int = 0) -> NetworkFit:
    """The fit of a case; do not change its model in place."""
    return fit_network(case(name).data, "theta", seed)
