"""The whole chain on systems whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from lagrangians import Lagrangian, catalogue
from simulations import FieldSystem, Grid, Kuramoto, save, simulate, solutions

from .discover import discover_lagrangian
from .learning.gradient import Progress
from .results import Discovery
from .saving import save as save_discovery

ProgressBars = Callable[[], AbstractContextManager[Progress]]


@dataclass(frozen=True)
class Comparison:
    """A quantity as it was simulated and as it was found."""

    quantity: str
    truth: float
    found: float

    @property
    def error(self) -> float:
        return abs(self.found - self.truth) / max(abs(self.truth), 1e-300)


@dataclass(frozen=True)
class DemoResult:
    """One system of the demo: the folder holds data.nc and the files of the discovery.

    For fields the discovery is that of a trained L-conv network, `beside` that of weak regression on the same
    data.
    """

    folder: Path
    discovery: Discovery
    comparison: list[Comparison]
    beside: Discovery | None = None
    beside_comparison: list[Comparison] | None = None


def run_demo(out: Path, seed: int, progress: ProgressBars) -> Iterator[DemoResult]:
    """Simulate, discover and save: sine_gordon, kink_antikink and kuramoto, one folder each, one at a
    time.
    """
    for name, make, compare in (
        ("sine_gordon", random_sine_gordon, _compare_field(sine_gordon())),
        ("kink_antikink", kink_antikink, _compare_field(catalogue.sine_gordon())),
        ("kuramoto", inertial_kuramoto, compare_network),
    ):
        folder = out / name
        folder.mkdir(parents=True, exist_ok=True)
        data = make(seed)
        save(data, folder / "data.nc")
        field = name != "kuramoto"
        with progress() as bars:
            method = "network" if field else "weak"
            discovery = discover_lagrangian(folder / "data.nc", seed=seed, progress=bars, method=method)
            regression = discover_lagrangian(folder / "data.nc", seed=seed, progress=bars) if field else None
        discovery = replace(discovery, name=name)
        save_discovery(discovery, folder)
        other = None if regression is None else compare(regression)
        yield DemoResult(folder, discovery, compare(discovery), regression, other)


def sine_gordon() -> Lagrangian:
    """The theory of the random data: c = 1.2, m = 0.9."""
    return catalogue.sine_gordon(c=1.2, m=0.9)


def random_sine_gordon(seed: int = 0, samples: int = 4) -> xr.Dataset:
    """Random smooth fields at rest, a periodic box of length 30, t ≤ 20."""
    grid = Grid(length=30.0, points=192)
    initial = solutions.random_smooth(grid, samples, amplitude=1.5, correlation_length=2.5, seed=seed)
    return simulate(FieldSystem(sine_gordon(), grid), initial, 20.0, save_every=0.1, seed=seed)


def kink_antikink(seed: int = 0) -> xr.Dataset:
    """Collisions of a kink and an antikink at three velocities (c = m = 1); exact initial data, t ≤ 30."""
    grid = Grid(length=40.0, points=256, origin=-20.0)
    x = grid.coordinates()[0]
    pairs = [solutions.kink_antikink(x, -before, v) for before, v in ((12.0, 0.5), (8.0, 0.6), (10.0, 0.7))]
    initial = tuple(torch.stack(parts) for parts in zip(*pairs, strict=True))
    system = FieldSystem(catalogue.sine_gordon(), grid)
    return simulate(system, (initial[0], initial[1]), 30.0, save_every=0.1, seed=seed)


def oscillators(seed: int = 0, nodes: int = 8) -> Kuramoto:
    """Undamped oscillators of inertia 1 on a random network with symmetric random weights."""
    draw = np.random.default_rng(seed)
    upper = np.triu(draw.uniform(0.3, 1.0, (nodes, nodes)) * (draw.random((nodes, nodes)) < 0.5), 1)
    ring = np.roll(np.eye(nodes), 1, axis=1)
    upper = np.where(np.triu(ring + ring.T, 1) * (upper == 0), 0.5, upper)
    return Kuramoto(upper + upper.T, 0.3 * draw.standard_normal(nodes), inertia=1.0)


def inertial_kuramoto(seed: int = 0, samples: int = 6) -> xr.Dataset:
    """Trajectories from random phases and velocities, t ≤ 10."""
    system = oscillators(seed)
    draw = np.random.default_rng(seed + 1)
    theta = torch.tensor(draw.uniform(-np.pi, np.pi, (samples, *system.points)))
    velocity = torch.tensor(draw.standard_normal((samples, *system.points)))
    return simulate(system, (theta, velocity), 10.0, save_every=0.025, seed=seed)


def _compare_field(truth: Lagrangian) -> Callable[[Discovery], list[Comparison]]:
    def compare(discovery: Discovery) -> list[Comparison]:
        expected = {str(term): float(value) for term, value in truth.without_null_terms().terms()}
        found = {str(term): float(value) for term, value in discovery.lagrangian.terms()}
        names = {
            str(term): estimate.term
            for (term, _), estimate in zip(discovery.lagrangian.terms(), discovery.terms, strict=True)
        }
        every = [*expected, *(term for term in found if term not in expected)]
        return [
            Comparison(names.get(term, term), expected.get(term, 0.0), found.get(term, 0.0)) for term in every
        ]

    return compare


def compare_network(discovery: Discovery) -> list[Comparison]:
    """Norms of coupling and frequencies, and of their errors."""
    system = oscillators(int(discovery.fit["seed"]))
    network = discovery.network
    if network is None:
        return []
    rows = []
    for name, truth, found in (
        ("K", system.coupling.numpy(), network.coupling),
        ("ω", system.frequencies.numpy(), network.frequencies),
    ):
        rows.append(Comparison(f"‖{name}‖", float(np.linalg.norm(truth)), float(np.linalg.norm(found))))
        worst = np.unravel_index(int(np.abs(found - truth).argmax()), truth.shape)
        label = f"{name}_{'_'.join(map(str, worst))} (worst)"
        rows.append(Comparison(label, float(truth[worst]), float(found[worst])))
    return rows
