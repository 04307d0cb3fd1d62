"""A simulation that is ready to go: every argument checked, every default chosen."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..backends import Propagator, backend_for, propagator
from ..grids import Grid
from ..integrators import Integrator, Simulated, StochasticHeun, integrator_named

Values = Any  # a tensor, an array, or numbers
Initial = Values | tuple[Values, Values] | Mapping[str, Values]

SAVES = 200  # saved intervals of a run, unless told otherwise


@dataclass(frozen=True)
class Run:
    """A system with its state at t = 0 and everything that decides what comes after.

    Attributes:
        system, method, advance: what moves, the integrator, and the back end that takes its steps.
        q, v: the state at t = 0, shape (sample, [field,] *points); v is None for first order in time.
        saves, save_every: how many intervals between saved states, and their length.
        substeps, step: steps from one saved state to the next, and their size.
        noise, seed: of the measurement, in units of a field's standard deviation; of all random numbers.
        backend: its name.
    """

    system: Simulated
    method: Integrator
    advance: Propagator
    q: torch.Tensor
    v: torch.Tensor | None
    saves: int
    save_every: float
    substeps: int
    step: float
    noise: float
    seed: int
    backend: str

    @property
    def steps(self) -> int:
        """How many steps there are from t = 0 to the end."""
        return self.saves * self.substeps

    @property
    def grid(self) -> Grid | None:
        """The grid of a field theory, None for oscillators and for mechanics."""
        grid = getattr(self.system, "grid", None)
        return grid if grid is not None and grid.dimension else None

    @property
    def frame_shape(self) -> tuple[int, ...]:
        """Shape of one field at one time, (sample, *points)."""
        return (self.q.shape[0], *self.system.points)

    @property
    def dtype(self) -> np.dtype:
        """Of the saved fields: float32 or float64."""
        return np.dtype(str(self.q.dtype).removeprefix("torch."))

    def fields_of(self, state: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """One tensor (sample, *points) a field."""
        return state.unbind(1) if len(self.system.fields) > 1 else (state,)

    def places(self) -> list[np.ndarray]:
        """The coordinate along each axis: the points of the grid, or the numbers of the nodes."""
        if self.grid is not None:
            return [axis.numpy() for axis in self.grid.coordinates()]
        return [np.arange(count) for count in self.system.points]


def prepare_run(
    system: Simulated,
    initial: Initial,
    t_end: float,
    save_every: float | None = None,
    step: float | None = None,
    integrator: str | Integrator | None = None,
    noise: float = 0.0,
    seed: int = 0,
    backend: str | None = None,
) -> Run:
    """Check the arguments of `simulate` and choose what was left out; ValueError for what does not fit."""
    q, v = initial_state_of(system, initial)
    if hasattr(system, "check_well_posed"):
        system.check_well_posed()
    save_every = t_end / SAVES if save_every is None else save_every
    saves = number_of_saves(t_end, save_every)
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"got noise {noise}, expected a finite number ≥ 0")
    if isinstance(seed, bool) or int(seed) != seed or not 0 <= seed < 2**64:
        raise ValueError(f"got seed {seed}, expected an integer from 0 to 2**64 − 1")
    method = chosen_integrator(integrator, system, int(seed))
    size, substeps = division(system, method, q, v, t_end, save_every, step)
    with torch.no_grad():
        backend = backend or backend_for(system, method, q, saves * substeps)
        advance = propagator(system, method, q, backend, saves * substeps)
    return Run(
        system,
        method,
        advance,
        q,
        v,
        saves,
        float(save_every),
        substeps,
        size,
        float(noise),
        int(seed),
        backend,
    )


def chosen_integrator(integrator: str | Integrator | None, system: Simulated, seed: int) -> Integrator:
    """The integrator, checked against the system; a stochastic one chosen by name or default has the seed."""
    if isinstance(integrator, Integrator):
        integrator.check(system)
        return integrator
    method = integrator_named(integrator, system)
    return StochasticHeun(seed=seed) if isinstance(method, StochasticHeun) else method


def initial_state_of(system: Simulated, initial: Initial) -> tuple[torch.Tensor, torch.Tensor | None]:
    """(q, v) of shape (sample, [field,] *points), float32 if all of it is, else float64."""
    given = tuple(initial) if isinstance(initial, tuple | list) else (initial,)
    if len(given) > 2 or (len(given) == 2 and system.time_order == 1):
        raise ValueError(
            f"got {len(given)} initial tensors, expected {'q or (q, v)' if system.time_order == 2 else 'q'}"
        )
    tensors = [_stacked(system, part) for part in given]
    shape = ((len(system.fields),) if len(system.fields) > 1 else ()) + tuple(system.points)
    for tensor in tensors:
        if tuple(tensor.shape[tensor.ndim - len(shape) :]) != shape or tensor.ndim > len(shape) + 1:
            wanted = ", ".join(map(str, shape))
            raise ValueError(
                f"got initial data of shape {tuple(tensor.shape)}, expected ({wanted}) or (sample, {wanted})"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError("got initial data that are not finite")
    tensors = [tensor if tensor.ndim > len(shape) else tensor[None] for tensor in tensors]
    dtype = torch.float32 if all(part.dtype == torch.float32 for part in tensors) else torch.float64
    q = tensors[0].to(dtype)
    if system.time_order == 1:
        return q, None
    if len(tensors) == 1:
        return q, torch.zeros_like(q)
    if tensors[1].shape[0] not in (1, q.shape[0]):
        raise ValueError(
            f"got {tensors[1].shape[0]} samples of v and {q.shape[0]} of q, expected as many, or one"
        )
    return q, _held_at_walls(system, tensors[1].to(q).expand_as(q)).contiguous()


def _held_at_walls(system: Simulated, v: torch.Tensor) -> torch.Tensor:
    """v with 0 on Dirichlet walls, whose values are held."""
    grid = getattr(system, "grid", None)
    for axis, boundary in enumerate(grid.boundary if grid is not None else ()):
        if boundary == "dirichlet":
            dim = axis - len(system.points)
            inside = v.narrow(dim, 1, v.shape[dim] - 2)
            wall = torch.zeros_like(v.narrow(dim, 0, 1))
            v = torch.cat([wall, inside, wall], dim)
    return v


def _stacked(system: Simulated, part: Values) -> torch.Tensor:
    if not isinstance(part, Mapping):
        tensor = torch.as_tensor(part if isinstance(part, torch.Tensor) else np.asarray(part)).detach()
        if tensor.is_complex():
            raise ValueError(
                f"got complex initial data ({tensor.dtype}), expected real numbers; "
                "give real and imaginary parts as two fields"
            )
        return tensor if tensor.dtype == torch.float32 else tensor.to(torch.float64)
    if set(part) != set(system.fields):
        raise ValueError(f"got initial data for {', '.join(part)}, expected {', '.join(system.fields)}")
    tensors = torch.broadcast_tensors(*(_stacked(system, part[name]) for name in system.fields))
    return torch.stack(tensors, -1 - len(system.points)) if len(tensors) > 1 else tensors[0]


def number_of_saves(t_end: float, save_every: float) -> int:
    """t_end/save_every; ValueError unless it is a whole number ≥ 1."""
    if not (t_end > 0 and save_every > 0 and math.isfinite(t_end)):
        raise ValueError(f"got t_end = {t_end}, save_every = {save_every}, expected positive numbers")
    saves = round(t_end / save_every)
    if saves < 1 or abs(saves * save_every - t_end) > 1e-9 * t_end:
        raise ValueError(f"got save_every = {save_every}, expected t_end = {t_end} to be a multiple of it")
    return saves


def division(
    system: Simulated,
    method: Integrator,
    q: torch.Tensor,
    v: torch.Tensor | None,
    t_end: float,
    save_every: float,
    step: float | None,
) -> tuple[float, int]:
    """(step, steps a save): the step as given where it divides save_every, the next smaller one elsewhere."""
    if method.adaptive:
        if step is not None:
            raise ValueError(
                f"got step {step} for {method.name}, which chooses its own steps, expected none; "
                "set its tolerances instead"
            )
        return float(save_every), 1
    if step is None:
        substeps = max(1, math.ceil(save_every / method.proposed_step(system, q, v, t_end) - 1e-9))
        return save_every / substeps, substeps
    if not (step > 0 and math.isfinite(step)):
        raise ValueError(f"got step {step}, expected a positive number")
    limit = method.largest_step(system, q, v, t_end)
    if step > limit:
        raise ValueError(
            f"got step {step:.4g}, expected at most {limit:.4g}, the stability limit of {method.name} here"
        )
    substeps = max(1, math.ceil(save_every / step - 1e-9))
    divides = abs(save_every / step - substeps) <= 1e-12 * substeps
    return (float(step) if divides else save_every / substeps), substeps
