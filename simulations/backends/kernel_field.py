"""The compiled CPU loop for separable fields: many steps a call, one fused sweep a stage."""

from __future__ import annotations

import itertools
import os

import numpy as np
import torch

from ..integrators import State, SymplecticSplitting
from .compiled import compile_source
from .kernel_source import LEAD, KernelSource, kernel_source
from .loop import Propagator
from .sine import in_range
from .stencil import Stencil

SITES_PER_THREAD = 5_000  # two threads pay above about 10⁴ sites


def kernel_propagator(
    stencil: Stencil, integrator: SymplecticSplitting, q: torch.Tensor, otherwise: Propagator
) -> Propagator:
    """Steps of q̈ = a(q, t) by compiled loops; the state is float64 or float32 on the CPU.

    The same method as `integrator.step`, equal to it to round-off. The last drift of a step and the first of
    the next are done in the same sweep but rounded one after the other, so that grouping steps into calls
    does not change a bit, nor does the number of threads. `otherwise` takes over from phases beyond the
    range of the polynomial sine.

    Raises ValueError for functions that have no compiled counterpart.
    """
    return _FieldLoop(stencil, integrator, q, otherwise)


class _FieldLoop:
    backend = "kernel"

    def __init__(
        self, stencil: Stencil, integrator: SymplecticSplitting, q: torch.Tensor, otherwise: Propagator
    ):
        self.stencil = stencil
        self.otherwise = otherwise
        self.dtype = np.dtype(str(q.dtype).removeprefix("torch."))
        self.source: KernelSource = kernel_source(stencil, self.dtype.name)
        self.kicks = np.array(integrator.kicks)
        self.drifts = np.array(integrator.drifts)
        points = stencil.grid.points
        self.batch = tuple(q.shape[: q.ndim - len(points) - (stencil.fields > 1)])
        samples = int(np.prod(self.batch, dtype=int))
        self.shape = (samples, stencil.fields, *points)
        self.pieces = _pieces(
            samples, points[0] - 2 * (stencil.grid.boundary[0] == "dirichlet"), self._threads()
        )
        entries = ("start", "propagate")
        self.functions = compile_source(self.source.text, entries, parallel=len(self.pieces) > 1)
        self.constants = self._constants()
        padded = [n + 2 * stencil.half for n in points]
        padded[-1] = points[-1] + LEAD + stencil.half
        self.buffers = [np.empty((samples, stencil.fields, *padded), self.dtype) for _ in range(2)]

    def __call__(self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        if v is None or count == 0 or tuple(q.shape) != self._outer_shape() or not in_range(q):
            return self.otherwise(q, v, first, step, count)
        one, two = self.buffers
        rate = v.detach().clone(memory_format=torch.contiguous_format)
        speed = rate.numpy().reshape(self.shape)
        begin = q.detach().contiguous().numpy().reshape(self.shape)
        self.functions["start"](one, begin, speed, self.dtype.type(self.drifts[0] * step))
        self.functions["propagate"](
            one, two, speed, *self.constants[:2], self.kicks, self.drifts, first, float(step), count,
            self.pieces, *self.constants[2:],
        )  # fmt: skip
        last = one if count * len(self.kicks) % 2 == 0 else two
        inside = [slice(self.stencil.half, self.stencil.half + n) for n in self.stencil.grid.points]
        inside[-1] = slice(LEAD, LEAD + self.stencil.grid.points[-1])
        result = torch.empty(q.shape, dtype=q.dtype)
        np.copyto(result.numpy().reshape(self.shape), last[(slice(None), slice(None), *inside)])
        return result, rate

    def _outer_shape(self) -> tuple[int, ...]:
        fields = (self.stencil.fields,) if self.stencil.fields > 1 else ()
        return (*self.batch, *fields, *self.stencil.grid.points)

    def _threads(self) -> int:
        sites = int(np.prod(self.shape))
        cores = min(torch.get_num_threads(), os.cpu_count() or 1)
        return max(1, min(cores, sites // SITES_PER_THREAD))

    def _constants(self) -> list[np.ndarray]:
        stencil, source = self.stencil, self.source
        axes = stencil.grid.coordinates() if source.places else ()
        values = [stencil.weights(), list(source.numbers) or [0.0]]
        arrays = [np.array(value, dtype=self.dtype) for value in values]
        arrays += [self._by_sample(name, ()) for name in source.uniform]
        arrays += [self._by_sample(name, stencil.grid.points) for name in source.local]
        return arrays + [np.ascontiguousarray(axes[axis].numpy(), self.dtype) for axis in source.places]

    def _by_sample(self, name: str, points: tuple[int, ...]) -> np.ndarray:
        """A parameter as (sample or 1, *points)."""
        value = self.stencil.parameters[name].detach().cpu().numpy().astype(self.dtype)
        dimension = self.stencil.grid.dimension
        leading = value.shape[: max(0, value.ndim - dimension)]
        batch = self.batch if any(size > 1 for size in leading) else ()
        if not points:
            value = value.reshape(leading)
        return np.ascontiguousarray(np.broadcast_to(value, (*batch, *points))).reshape((-1, *points))


def _pieces(samples: int, rows: int, threads: int) -> np.ndarray:
    """[first sample, end, first row, end] of each thread's part: whole samples if there are enough."""
    if samples >= threads:
        ends = [samples * i // threads for i in range(threads + 1)]
        parts = [(a, b, 0, rows) for a, b in itertools.pairwise(ends)]
    else:
        ends = [rows * i // threads for i in range(threads + 1)]
        parts = [(0, samples, a, b) for a, b in itertools.pairwise(ends)]
    return np.array(parts, dtype=np.int64)
