"""From initial data to a dataset: the one loop that runs every system."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Literal, overload

import numpy as np
import torch
import xarray

from .backends import propagator
from .errors import BlowUpError
from .grids import Grid
from .integrators import Integrator, Simulated, integrator_named

Initial = torch.Tensor | tuple[torch.Tensor, torch.Tensor] | Mapping[str, torch.Tensor]


@overload
def simulate(
    system: Simulated, initial: Initial, t_end: float, *, velocities: Literal[False] = False, **options
) -> xarray.Dataset: ...


@overload
def simulate(
    system: Simulated, initial: Initial, t_end: float, *, velocities: Literal[True], **options
) -> tuple[xarray.Dataset, xarray.Dataset]: ...


def simulate(  # type: ignore[misc]  # the overloads leave the options to this signature
    system: Simulated,
    initial: Initial,
    t_end: float,
    *,
    save_every: float | None = None,
    step: float | None = None,
    integrator: str | Integrator | None = None,
    noise: float = 0.0,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
    velocities: bool = False,
) -> xarray.Dataset | tuple[xarray.Dataset, xarray.Dataset]:
    """Run a system from t = 0 to t_end and return its fields, dims (sample, time, axes…), float64.

    Args:
        system: a `FieldSystem`, a `Kuramoto`, or anything with their methods.
        initial: q, or (q, v) for systems of second order in time (v = 0 if left out); q has the system's
            state shape with at most one sample axis in front. Several fields: stacked, or a mapping by name.
            Everything is computed in float64.
        t_end: the last time; a multiple of save_every.
        save_every: time between saved states, default t_end/200.
        step: time step, default a fifth of what stability allows; made smaller so that saved times are hit
            exactly. ValueError with the limit if it is unstable.
        integrator: a name from `integrators.INTEGRATORS` or an integrator; by default Yoshida's symplectic
            method of order 4 where φ_tt does not depend on φ_t, the classical Runge–Kutta method elsewhere.
        noise: standard deviation of Gaussian measurement noise, in units of each field's standard deviation.
        seed: of the noise.
        progress: called with the fraction done after each saved state.
        velocities: return (dataset, dataset of the velocities), the second without noise.

    Raises BlowUpError (ValueError) with time and place where a field is not finite any more; `.partial` of
    it holds the dataset before; so does a KeyboardInterrupt. ValueError for bad arguments.
    """
    q, v = _initial_state(system, initial)
    save_every = t_end / 200 if save_every is None else save_every
    saves = _number_of_saves(t_end, save_every)
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"got noise {noise}, expected a finite number ≥ 0")
    method = (
        integrator_named(integrator, system)
        if integrator is None or isinstance(integrator, str)
        else integrator
    )
    substeps = _substeps(system, method, q, v, t_end, save_every, step)
    attributes = {
        **system.description(),
        "integrator": method.name,
        "step": save_every / substeps,
        "noise": float(noise),
        "seed": int(seed),
        "versions": _versions(),
    }
    grid = getattr(system, "grid", None)
    if grid is not None and len(set(grid.boundary)) == 1:
        attributes["boundary"] = grid.boundary[0]

    states, rates = [q], [v]

    def datasets() -> tuple[xarray.Dataset, xarray.Dataset | None]:
        times = save_every * np.arange(len(states))
        fields = _dataset(system, grid, states, times, attributes)
        moving = None if v is None else _dataset(system, grid, rates, times, attributes)  # type: ignore[arg-type]
        return _with_noise(fields, noise, seed), moving

    size = save_every / substeps
    advance = propagator(system, method, q)
    try:
        with torch.no_grad():
            for save in range(saves):
                present, rate = advance(states[-1], rates[-1], save * substeps, size, substeps)
                if not bool(torch.isfinite(present).all()):
                    raise BlowUpError(_blow_up_message(system, grid, states[-1], present, save, save_every))
                states.append(present)
                rates.append(rate)
                if progress is not None:
                    progress((save + 1) / saves)
    except (BlowUpError, KeyboardInterrupt) as stopped:
        stopped.partial = datasets()[0]  # type: ignore[union-attr]
        raise
    fields, moving = datasets()
    if not velocities:
        return fields
    if moving is None:
        raise ValueError(
            "got velocities=True for a system of first order in time, which has none in its state"
        )
    return fields, moving


def _initial_state(system: Simulated, initial: Initial) -> tuple[torch.Tensor, torch.Tensor | None]:
    given = tuple(initial) if isinstance(initial, tuple | list) else (initial,)
    if len(given) > 2 or (len(given) == 2 and system.time_order == 1):
        raise ValueError(
            f"got {len(given)} initial tensors, expected {'q or (q, v)' if system.time_order == 2 else 'q'}"
        )
    tensors = [_stacked(system, part) for part in given]
    shape = ((len(system.fields),) if len(system.fields) > 1 else ()) + system.points
    for tensor in tensors:
        if tuple(tensor.shape[tensor.ndim - len(shape) :]) != shape or tensor.ndim > len(shape) + 1:
            wanted = ", ".join(map(str, shape))
            raise ValueError(
                f"got initial data of shape {tuple(tensor.shape)}, expected ({wanted}) or (sample, {wanted})"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError("got initial data that are not finite")
    tensors = [tensor if tensor.ndim > len(shape) else tensor[None] for tensor in tensors]
    q = tensors[0]
    if system.time_order == 1:
        return q, None
    return q, (tensors[1].to(q).expand_as(q) if len(tensors) > 1 else torch.zeros_like(q))


def _stacked(system: Simulated, part: torch.Tensor | Mapping[str, torch.Tensor]) -> torch.Tensor:
    if not isinstance(part, Mapping):
        return torch.as_tensor(part, dtype=torch.float64).detach()
    if set(part) != set(system.fields):
        raise ValueError(f"got initial data for {', '.join(part)}, expected {', '.join(system.fields)}")
    tensors = torch.broadcast_tensors(*(_stacked(system, part[name]) for name in system.fields))
    return torch.stack(tensors, -1 - len(system.points)) if len(tensors) > 1 else tensors[0]


def _number_of_saves(t_end: float, save_every: float) -> int:
    if not (t_end > 0 and save_every > 0 and math.isfinite(t_end)):
        raise ValueError(f"got t_end = {t_end}, save_every = {save_every}, expected positive numbers")
    saves = round(t_end / save_every)
    if saves < 1 or abs(saves * save_every - t_end) > 1e-9 * t_end:
        raise ValueError(f"got save_every = {save_every}, expected t_end = {t_end} to be a multiple of it")
    return saves


def _substeps(
    system: Simulated,
    method: Integrator,
    q: torch.Tensor,
    v: torch.Tensor | None,
    t_end: float,
    save_every: float,
    step: float | None,
) -> int:
    if step is None:
        return max(1, math.ceil(save_every / method.proposed_step(system, q, v, t_end) - 1e-9))
    if not step > 0:
        raise ValueError(f"got step {step}, expected a positive number")
    limit = method.largest_step(system, q, v, t_end)
    if step > limit:
        raise ValueError(
            f"got step {step:.4g}, expected at most {limit:.4g}, the stability limit of {method.name} here"
        )
    return max(1, math.ceil(save_every / step - 1e-9))


def _dataset(
    system: Simulated, grid: Grid | None, states: list[torch.Tensor], times: np.ndarray, attributes: dict
) -> xarray.Dataset:
    values = torch.stack(states, 1).to(torch.float64).cpu()  # shape: (sample, time, [field,] *points)
    parts = values.unbind(2) if len(system.fields) > 1 else (values,)
    dims = ("sample", "time", *system.axes)
    coordinates = {"time": ("time", times, {"units": "1"})}
    if grid is not None:
        for name, place in zip(grid.axes, grid.coordinates(), strict=True):
            coordinates[name] = (name, place.numpy(), {"units": "1"})
    else:
        for name, count in zip(system.axes, system.points, strict=True):
            coordinates[name] = (name, np.arange(count), {})
    fields = {name: (dims, part.numpy()) for name, part in zip(system.fields, parts, strict=True)}
    return xarray.Dataset(fields, coordinates, attributes)


def _with_noise(dataset: xarray.Dataset, noise: float, seed: int) -> xarray.Dataset:
    if noise == 0:
        return dataset
    generator = np.random.default_rng(seed)
    noisy = {
        name: field + noise * float(field.std()) * generator.standard_normal(field.shape)
        for name, field in dataset.data_vars.items()
    }
    return dataset.assign(noisy)


def _blow_up_message(
    system: Simulated,
    grid: Grid | None,
    before: torch.Tensor,
    after: torch.Tensor,
    save: int,
    save_every: float,
) -> str:
    """Where: the largest value of the last finite state, in the sample that broke first."""
    sample = int((~torch.isfinite(after)).flatten(1).any(1).to(torch.int).argmax())
    place = np.unravel_index(int(before[sample].abs().argmax()), tuple(before[sample].shape))
    name = system.fields[int(place[0])] if len(system.fields) > 1 else system.fields[0]
    inner = place[1:] if len(system.fields) > 1 else place
    coordinates = (
        [axis.numpy() for axis in grid.coordinates()] if grid else [np.arange(n) for n in system.points]
    )
    where = ", ".join(
        f"{axis} = {values[i]:.4g}" for axis, values, i in zip(system.axes, coordinates, inner, strict=True)
    )
    largest = float(before[sample].abs().max())
    return (
        f"the field {name} blew up between t = {save * save_every:.6g} and t = {(save + 1) * save_every:.6g} "
        f"(sample {sample}, {where or 'no place'}, last finite value {largest:.4g}): "
        "the theory has no bounded solution from these data, or the step is too large"
    )


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("fieldnet", "torch", "xarray"))
    return f"{packages}, python {platform.python_version()}"
