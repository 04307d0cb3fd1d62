"""Separable fields by torch operations on slices, in place; compiled to one loop a sweep where it pays."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from ..grids import has_walls
from ..integrators import State, SymplecticSplitting
from .loop import Propagator
from .sine import cosine, in_range, sine
from .stencil import Stencil
from .torch_source import torch_source


def torch_propagator(
    stencil: Stencil,
    integrator: SymplecticSplitting,
    q: torch.Tensor,
    otherwise: Propagator,
    compiled: bool = False,
) -> Propagator:
    """Steps of q̈ = a(q, t) in place on padded buffers, any device, float32 or float64, any batch axes.

    The same method as `integrator.step`, equal to it to round-off, and independent of how steps are grouped.
    `compiled` sends the sweep through `torch.compile`; where that fails it runs as it is. `otherwise` takes
    over where a gradient is asked for, and from phases beyond the range of the polynomial sine.

    Raises ValueError for functions without a torch counterpart.
    """
    return _TorchField(stencil, integrator, q, otherwise, compiled)


class _TorchField:
    backend = "torch"

    def __init__(
        self,
        stencil: Stencil,
        integrator: SymplecticSplitting,
        q: torch.Tensor,
        otherwise: Propagator,
        compiled: bool,
    ):
        self.stencil, self.integrator, self.otherwise = stencil, integrator, otherwise
        self.dimension = stencil.grid.dimension
        self.shape, self.dtype, self.device = tuple(q.shape), q.dtype, q.device
        padded = (
            *self.shape[: q.ndim - self.dimension],
            *(n + 2 * stencil.half for n in stencil.grid.points),
        )
        self.buffers = [torch.zeros(padded, dtype=q.dtype, device=q.device) for _ in range(2)]
        self.given = self._given()
        self.polynomial = compiled and q.device.type == "cpu"
        source = torch_source(stencil)
        self.plain: Callable = _sweep(source, polynomial=False)
        self.sweep: Callable = self.plain
        if compiled:
            self.sweep = _compiled(source, self.polynomial, self.shape, self.dtype, self.device)

    def __call__(self, q: torch.Tensor, v: torch.Tensor | None, first: int, step: float, count: int) -> State:
        if v is None or count == 0 or tuple(q.shape) != self.shape or self._needs_gradient(q, v):
            return self.otherwise(q, v, first, step, count)
        if self.polynomial and not in_range(q):
            return self.otherwise(q, v, first, step, count)
        with torch.no_grad():
            return self._steps(q, v, first, step, count)

    def _steps(self, q: torch.Tensor, v: torch.Tensor, first: int, step: float, count: int) -> State:
        kicks, drifts = self.integrator.kicks, self.integrator.drifts
        (old, new), half = self.buffers, self.stencil.half
        v = v.clone(memory_format=torch.contiguous_format)
        inside: Any = (..., *(slice(half, half + n) for n in self.stencil.grid.points))
        old[inside].copy_(v).mul_(self._scalar(drifts[0] * step)).add_(q)
        scaled = [
            (self._scalar(k * step), self._scalar(d * step)) for k, d in zip(kicks, drifts[1:], strict=True)
        ]
        nothing, opening = self._scalar(0.0), self._scalar(drifts[0] * step)
        timed = any(kind == "time" for kind, _ in self.stencil.meaning.values())
        for number in range(first, first + count):
            time, clock = number * step, nothing
            for stage, (kick, drift) in enumerate(scaled):
                time += drifts[stage] * step
                if timed:
                    clock = self._scalar(time)
                merge = stage == len(kicks) - 1 and number < first + count - 1
                extra = opening if merge else nothing
                self._fill_ghosts(old)
                self._run_sweep(old, new, v, clock, kick, drift, extra)
                self._move_walls(old, new, v, drift, extra)
                old, new = new, old
        return old[inside].clone(memory_format=torch.contiguous_format), v

    def _run_sweep(self, *arguments: object) -> None:
        if self.sweep is self.plain:
            self.plain(*arguments, self.given)
            return
        try:
            self.sweep(*arguments, self.given)
        except Exception as failure:  # no compiler, or one that fails: nothing has been written yet
            warnings.warn(f"torch.compile failed, running without it: {failure}", UserWarning, stacklevel=2)
            self.sweep, self.polynomial = self.plain, False
            self.plain(*arguments, self.given)

    def _fill_ghosts(self, q: torch.Tensor) -> None:
        half = self.stencil.half
        for axis, boundary in enumerate(self.stencil.grid.boundary):
            dim = axis - self.dimension
            points = self.stencil.grid.points[axis]
            left, right = q.narrow(dim, 0, half), q.narrow(dim, half + points, half)
            if has_walls(boundary):
                left.copy_(q.narrow(dim, half + 1, half).flip(dim))
                right.copy_(q.narrow(dim, points - 1, half).flip(dim))
                if boundary == "dirichlet":
                    left.neg_().add_(q.narrow(dim, half, 1), alpha=2)
                    right.neg_().add_(q.narrow(dim, half + points - 1, 1), alpha=2)
            else:
                left.copy_(q.narrow(dim, points, half))
                right.copy_(q.narrow(dim, half, half))
                if boundary == "winding":
                    turn = 2 * torch.pi
                    rise = q.narrow(dim, half + points - 1, 1) - q.narrow(dim, half, 1)
                    rise = turn * torch.round(rise / turn)
                    left.sub_(rise)
                    right.add_(rise)

    def _move_walls(self, old, new, v, drift, extra) -> None:
        half = self.stencil.half
        for axis, boundary in enumerate(self.stencil.grid.boundary):
            if boundary != "dirichlet":
                continue
            inside = [slice(half, half + n) for n in self.stencil.grid.points]
            for place in (0, self.stencil.grid.points[axis] - 1):
                inside[axis] = slice(half + place, half + place + 1)
                rate = v.narrow(axis - self.dimension, place, 1)
                new[(..., *inside)] = (old[(..., *inside)] + drift * rate) + extra * rate

    def _given(self) -> dict[str, torch.Tensor]:
        """Parameters and coordinates, cut to the inside of held walls."""
        grid = self.stencil.grid
        given = {}
        for name, (kind, number) in self.stencil.meaning.items():
            if kind == "place":
                name, value = f"place{number}", grid.mesh()[number]
            elif kind == "parameter":
                value = self.stencil.parameters[name].detach()
            else:
                continue
            for axis, boundary in enumerate(grid.boundary):
                dim = axis - self.dimension
                if boundary == "dirichlet" and value.ndim >= -dim and value.shape[dim] > 1:
                    value = value.narrow(dim, 1, value.shape[dim] - 2)
            given[name] = value.to(self.device, self.dtype)
        return given

    def _needs_gradient(self, q: torch.Tensor, v: torch.Tensor) -> bool:
        leaves = (q, v, *self.stencil.parameters.values())
        return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in leaves)

    def _scalar(self, value: float) -> torch.Tensor:
        return torch.tensor(value, dtype=self.dtype, device=self.device)


def _sweep(source: str, polynomial: bool) -> Callable:
    namespace: dict = {}
    exec(compile(source, "<torch sweep>", "exec"), namespace)
    return namespace["make_sweep"](*((sine, cosine) if polynomial else (torch.sin, torch.cos)))


@lru_cache(maxsize=64)
def _compiled(
    source: str, polynomial: bool, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> Callable:
    """One compiled function for each source, shape, dtype and device: none is ever specialised again."""
    return torch.compile(_sweep(source, polynomial), dynamic=False)


def compiler_is_there() -> bool:
    """Whether `torch.compile` finds a C++ compiler for the CPU."""
    return any(shutil.which(name) for name in ("g++", "clang++", "c++", "cl"))
