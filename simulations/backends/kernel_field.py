"""The compiled CPU loop for separable fields: many steps a call, one fused sweep a stage."""

from __future__ import annotations

import math
import os

import numpy as np
import torch

from ..integrators import State, SymplecticSplitting
from .compiled import compile_source
from .kernel_source import LEAD, KernelSource, kernel_source
from .loop import Propagator
from .stencil import Stencil

SITES_PER_THREAD = 5_000  # two threads pay above about 10⁴ sites
CACHE = 1_300_000  # bytes that stay in a core's caches
ALL = 2**62  # sweeps


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
        threads = self._threads()
        self.parts, self.group = self._tiles(threads)
        self.function = compile_source(self.source.text, ("propagate",), parallel=threads > 1)["propagate"]
        self.constants = self._constants()
        self.halo = stencil.half * self.group if self.parts > 1 else 0
        rows = -(-points[0] // self.parts) + 2 * self.halo
        self.tiles = self._buffers(threads, (rows, *points[1:]))
        spare = self.shape if self.parts > 1 else (0,) * len(self.shape)
        self.spare = [np.empty(spare, self.dtype) for _ in range(2)]

    def __call__(self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        if v is None or count == 0 or tuple(q.shape) != self._outer_shape():
            return self.otherwise(q, v, first, step, count)
        given = [part.detach().contiguous().numpy().reshape(self.shape) for part in (q, v)]
        result, rate = (np.empty(self.shape, self.dtype) for _ in range(2))
        beyond = np.zeros(len(self.tiles[0]), np.int64)
        within = self.function(
            *given, result, rate, *self.spare, *self.tiles[:3], beyond, self.parts, self.group, self.halo,
            *self.constants[:2], self.kicks, self.drifts, first, float(step), count, *self.constants[2:],
            *self.tiles[3:],
        )  # fmt: skip
        if not within:
            return self.otherwise(q, v, first, step, count)
        return torch.from_numpy(result).view(q.shape), torch.from_numpy(rate).view(q.shape)

    def _tiles(self, threads: int) -> tuple[int, int]:
        """In how many parts of the first axis to cut a sample, and how many sweeps to take of each at a time.

        Whole samples take all sweeps if they fit the cache, or there is no other way. Otherwise each
        sweep more saves traffic and costs order/2 rows twice: (rows)^½ of them is about the best.
        """
        samples, fields, rows, *others = self.shape
        arrays = 3 * fields + len(self.source.local)
        fitting = CACHE // (arrays * self.dtype.itemsize * int(np.prod(others, dtype=int)))
        winding = self.stencil.grid.boundary[0] == "winding"
        enough = samples >= threads
        if enough and (rows <= fitting or winding):
            return 1, ALL
        share = rows if enough else rows // threads
        size = max(1, min(share, max(fitting * 3 // 4, 16 * self.stencil.half)))
        parts = -(-rows // size)
        if not enough:
            parts = -(-parts // threads) * threads
        size = rows // parts
        return (
            (parts, 1 if winding else max(1, math.isqrt(size // self.stencil.half)))
            if parts > 1
            else (1, ALL)
        )

    def _buffers(self, threads: int, points: tuple[int, ...]) -> list[np.ndarray]:
        """For each thread two padded fields, the rates, and the parameters and coordinates of its rows."""
        stencil = self.stencil
        padded = [n + 2 * stencil.half for n in points]
        padded[-1] = points[-1] + LEAD + stencil.half
        shapes = [(threads, stencil.fields, *padded)] * 2 + [(threads, stencil.fields, *points)]
        shapes += [(threads, *points)] * len(self.source.local)
        shapes += [(threads, points[0])] * (0 in self.source.places)
        kind = torch.float64 if self.dtype == np.float64 else torch.float32
        return [torch.empty(shape, dtype=kind).numpy() for shape in shapes]  # aligned to cache lines

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
