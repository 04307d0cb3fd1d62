"""Kuramoto oscillators: our right-hand sides beside those of NumPy, SciPy and the package `kuramoto`."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

import kuramoto
import numpy as np
import scipy.sparse
import torch

from benchmarks.timing import Seconds, in_turn, ratio, verdict
from simulations import rk4
from simulations.backends import propagator
from simulations.oscillators import Kuramoto

FORCES = 4  # of a step of rk4; all its work counts as that of four right-hand sides


def measure() -> dict[str, Any]:
    """Microseconds of one right-hand side, ours with its share of a Runge–Kutta step, theirs alone."""
    torch.set_num_threads(1)
    return {
        "dense network, N = 500, one thread": _dense(),
        "sparse network, N = 10**5, 10**6 edges, one thread": _sparse(),
        "all to all, N = 10**6, one thread": _all_to_all(),
    }


def _dense() -> dict[str, Any]:
    random = np.random.default_rng(0)
    count = 500
    adjacency = (random.random((count, count)) < 0.5).astype(float)
    omega, theta = random.standard_normal(count), random.uniform(0, 2 * np.pi, count)
    package = kuramoto.Kuramoto(coupling=1.0, natfreqs=omega)
    strength = 1.0 / (adjacency != 0).sum(axis=0)
    contestants = {
        "kuramoto": _several(5, lambda: package.derivative(theta, 0.0, adjacency, strength)),
        **_ours(Kuramoto(strength[:, None] * adjacency.T, omega), theta, 100, ("kernel", "loop")),
    }
    seconds = _each(in_turn(contestants), {"kuramoto": 5, "kernel": 400, "loop": 400})
    return {
        "microseconds": _microseconds(seconds),
        "kuramoto to kernel": verdict(ratio(seconds, "kuramoto", "kernel"), 100),
        "kuramoto to loop": {"ratio": round(ratio(seconds, "kuramoto", "loop"), 1)},
    }


def _sparse() -> dict[str, Any]:
    random = np.random.default_rng(0)
    count, edges = 10**5, 10**6
    places = (random.integers(0, count, edges), random.integers(0, count, edges))
    matrix = scipy.sparse.coo_array((random.standard_normal(edges), places), (count, count)).tocsr()
    omega, theta = random.standard_normal(count), random.uniform(0, 2 * np.pi, count)

    def scipy_force() -> np.ndarray:
        sine, cosine = np.sin(theta), np.cos(theta)
        return omega + cosine * (matrix @ sine) - sine * (matrix @ cosine)

    contestants = {
        "SciPy": _several(4, scipy_force),
        **_ours(Kuramoto(matrix, omega), theta, 2, ("kernel", "loop")),
    }
    seconds = _each(in_turn(contestants), {"SciPy": 4, "kernel": 8, "loop": 8})
    return {
        "microseconds": _microseconds(seconds),
        "SciPy to kernel": verdict(ratio(seconds, "SciPy", "kernel"), 1),
        "SciPy to loop": {"ratio": round(ratio(seconds, "SciPy", "loop"), 2)},
    }


def _all_to_all() -> dict[str, Any]:
    random = np.random.default_rng(0)
    count, strength = 10**6, 2.0
    omega, theta = random.standard_normal(count), random.uniform(0, 2 * np.pi, count)
    result, sine, cosine = np.empty(count), np.empty(count), np.empty(count)

    def numpy_force() -> np.ndarray:
        np.sin(theta, out=sine)
        np.cos(theta, out=cosine)
        sines, cosines = strength * sine.mean(), strength * cosine.mean()
        np.multiply(cosine, sines, out=cosine)
        np.multiply(sine, cosines, out=sine)
        np.add(omega, cosine, out=result)
        np.subtract(result, sine, out=result)
        return result

    contestants = {
        "NumPy": numpy_force,
        **_ours(Kuramoto(strength, omega), theta, 5, ("kernel", "torch", "loop")),
    }
    seconds = _each(in_turn(contestants), {"NumPy": 1, "kernel": 20, "torch": 20, "loop": 20})
    rates = {name: count / statistics.median(values) / 1e6 for name, values in seconds.items()}
    return {
        "million oscillators a second": {name: round(rate, 1) for name, rate in rates.items()},
        "NumPy to kernel": verdict(ratio(seconds, "NumPy", "kernel"), 12),
        "NumPy to torch": verdict(ratio(seconds, "NumPy", "torch"), 4),
    }


def _ours(
    system: Kuramoto, theta: np.ndarray, steps: int, names: tuple[str, ...]
) -> dict[str, Callable[[], Any]]:
    q = torch.as_tensor(theta)
    made = {name: propagator(system, rk4, q, name) for name in names}
    return {name: lambda advance=advance: advance(q, None, 0, 1e-3, steps) for name, advance in made.items()}


def _several(times: int, call: Callable[[], Any]) -> Callable[[], None]:
    def run() -> None:
        for _ in range(times):
            call()

    return run


def _each(seconds: Seconds, forces: dict[str, int]) -> Seconds:
    return {name: [value / forces[name] for value in values] for name, values in seconds.items()}


def _microseconds(seconds: Seconds) -> dict[str, float]:
    return {name: round(1e6 * statistics.median(values), 2) for name, values in seconds.items()}
