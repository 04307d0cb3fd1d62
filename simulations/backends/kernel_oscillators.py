"""The compiled CPU loop for Kuramoto oscillators with one harmonic, on any network."""

from __future__ import annotations

import itertools
import os
from typing import Any

import numpy as np
import torch

from ..integrators import Integrator, RungeKutta, State, SymplecticSplitting
from ..oscillators import Kuramoto
from ..oscillators.couplings import DenseCoupling, MeanField
from ..oscillators.sparse import SparseCoupling
from .compiled import compile_source
from .loop import Propagator
from .oscillator_source import BLOCK, oscillator_source
from .sine import in_range

BLOCKS_PER_THREAD = 5
MOST_DENSE_SAMPLES = 4  # a matrix product serves more of them better


def oscillators_fit(system: Any, integrator: Integrator) -> bool:
    """Whether `kernel_oscillators` runs this: Kuramoto with one harmonic and one lag, no triplets, no noise,
    of first order under an explicit Runge–Kutta method in which a stage uses the one before alone, or
    undamped with inertia under a symplectic splitting.
    """
    if type(system) is not Kuramoto or system.simplices or system.noise is not None:
        return False
    lag = system.phase_lag
    if system.harmonics is not None or (isinstance(lag, torch.Tensor) and (lag.ndim or lag.requires_grad)):
        return False
    if not isinstance(system.pairs, MeanField | DenseCoupling | SparseCoupling):
        return False
    if system.time_order == 1:
        return (
            isinstance(integrator, RungeKutta)
            and type(integrator).step is RungeKutta.step
            and (low_storage(integrator) is not None)
        )
    return (
        system.separable
        and isinstance(integrator, SymplecticSplitting)
        and (type(integrator).step is SymplecticSplitting.step)
    )


def kernel_oscillators(
    system: Kuramoto, integrator: Integrator, q: torch.Tensor, otherwise: Propagator
) -> Propagator:
    """Steps of a system that `oscillators_fit`; phases float64 or float32 on the CPU, any batch axes.

    The same method as `integrator.step`, equal to it to round-off, whatever the grouping of steps and the
    number of threads. `otherwise` takes over from phases beyond the range of the polynomial sine.
    """
    return _OscillatorLoop(system, integrator, q, otherwise)


class _OscillatorLoop:
    backend = "kernel"

    def __init__(self, system: Kuramoto, integrator: Integrator, q: torch.Tensor, otherwise: Propagator):
        self.otherwise, self.outer_shape, self.dtype = otherwise, tuple(q.shape), q.dtype
        self.real = np.dtype(str(q.dtype).removeprefix("torch."))
        self.shape = (q.numel() // q.shape[-1], q.shape[-1])
        self.first_order = system.time_order == 1
        if isinstance(integrator, RungeKutta):
            self.table = np.array(low_storage(integrator))
            self.stages, self.drift = self.table.shape[1], 0.0
        elif isinstance(integrator, SymplecticSplitting):
            self.table = np.array([(*integrator.kicks, 0.0), integrator.drifts])
            self.stages, self.drift = len(integrator.kicks), integrator.drifts[0]
        network, self.network = _network(system, self.real)
        method = "runge_kutta" if self.first_order else "splitting"
        lag = float(system.phase_lag)
        self.lag = np.array([np.cos(lag), np.sin(lag)], self.real)
        self.omega, self.inertia = (
            np.ascontiguousarray(value.detach().cpu().numpy(), self.real)
            for value in (system.frequencies, system.inertia)
        )
        samples, nodes = self.shape
        blocks = -(-nodes // BLOCK)
        self.pieces = _pieces(samples, blocks, self._threads(samples * blocks))
        source = oscillator_source(network, method, self.real.name)
        self.functions = compile_source(
            source, ("begin", "propagate"), parallel=self._threads(samples * blocks) > 1
        )
        self.waves = _waves(network, (samples, nodes), self.real)
        self.partial = [np.empty((samples, 2, blocks), self.real) for _ in range(2)]

    def __call__(self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        if count == 0 or tuple(q.shape) != self.outer_shape or q.dtype != self.dtype or not in_range(q):
            return self.otherwise(q, v, first, step, count)
        theta = q.detach().clone(memory_format=torch.contiguous_format)
        other = torch.empty_like(theta)
        if v is not None:
            other = v.detach().clone(memory_format=torch.contiguous_format)
        phases, rates = theta.numpy().reshape(self.shape), other.numpy().reshape(self.shape)
        self.functions["begin"](
            phases, rates, self.waves[0], self.partial[0], self.real.type(self.drift * step)
        )
        self.functions["propagate"](
            phases, rates, self.omega, self.inertia, *self.waves, *self.partial, self.network, self.lag,
            self.table, self.stages, float(step), count, self.pieces,
        )  # fmt: skip
        return theta, (None if v is None else other)

    @staticmethod
    def _threads(blocks: int) -> int:
        return max(1, min(torch.get_num_threads(), os.cpu_count() or 1, blocks // BLOCKS_PER_THREAD))


def low_storage(integrator: RungeKutta) -> tuple[list[float], list[float]] | None:
    """(weights b_i, the a_{i+1,i} that leads to the next stage), or None if stages use earlier ones too."""
    ahead = []
    for number, row in enumerate(integrator.tableau):
        if len(row) != number + 1 or any(row[:-1]):
            return None
        ahead.append(float(row[-1]))
    if len(integrator.weights) != len(ahead) + 1 or len(integrator.weights) < 2:
        return None
    return [float(b) for b in integrator.weights], [*ahead, 0.0]


def _network(system: Kuramoto, real: np.dtype) -> tuple[str, Any]:
    pairs = system.pairs
    if isinstance(pairs, SparseCoupling):
        matrix = pairs.tensor.detach()
        places = (matrix.crow_indices(), matrix.col_indices())
        rows, columns = (place.cpu().numpy().astype(np.uint64) for place in places)  # no negative index
        return "sparse", (rows, columns.astype(np.uint32), np.ascontiguousarray(matrix.values().cpu(), real))
    if isinstance(pairs, MeanField):
        return "mean", np.array([float(pairs.tensor) / len(system.frequencies)], real)
    return "dense", np.ascontiguousarray(pairs.tensor.detach().cpu().numpy(), real)


def _waves(network: str, shape: tuple[int, int], real: np.dtype) -> list[np.ndarray]:
    """Sines and cosines before and after a stage, (2, sample, node); in sparse networks side by side."""
    if network == "mean":
        return [np.empty((2, *shape), real)] * 2
    if network == "dense":
        return [np.empty((2, *shape), real) for _ in range(2)]
    return [np.empty((*shape, 2), real).transpose(2, 0, 1) for _ in range(2)]


def _pieces(samples: int, blocks: int, threads: int) -> np.ndarray:
    """[sample, first block, end]: every sample in as many parts as make enough for the threads."""
    parts = -(-threads // samples)
    ends = [blocks * i // parts for i in range(parts + 1)]
    rows = [(s, a, b) for s in range(samples) for a, b in itertools.pairwise(ends)]
    return np.array(rows, dtype=np.int64)
