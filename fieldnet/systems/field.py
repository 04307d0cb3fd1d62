"""Field theories on a grid, and finitely many degrees of freedom: from options to an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import xarray

from lagrangians import to_text
from simulations import FieldSystem, Grid, initial_state, load
from simulations.files.conventions import field_names, space_names
from simulations.grids import BOUNDARIES
from simulations.integrators import Simulated
from simulations.names import unknown

from .defaults import Default
from .initial import boundary_for, initial_of
from .options import Experiment, Options
from .specification import number
from .theory import Theory

FIELD_FILES = (".nc", ".nc4", ".h5", ".hdf5", ".npz")


def field_experiment(theory: Theory, options: Options, default: Default) -> Experiment:
    """The system of a theory with its initial data."""
    text = options.initial or default.initial
    if is_field_file(text):
        data = load(text)
        system = _system(theory, _grid_of(data, options), options)
        initial = first_state(data, system)
    else:
        system = _system(theory, _grid(theory, options, default, options.boundary or "periodic"), options)
        boundary = boundary_for(text, system)
        if options.boundary is None and boundary != "periodic":
            system = _system(theory, _grid(theory, options, default, boundary), options)
        initial = initial_of(text, system, theory.vacuum, options)
        if theory.name == "sigma_model":
            initial = on_the_sphere(*initial)
    return Experiment(
        system,
        initial,
        default.t_end if options.t_end is None else options.t_end,
        save_every_of(options, default),
        {**attributes_of(theory, text), **_constraints(system)},
    )


def is_field_file(text: str) -> bool:
    """Whether initial data are named by a file: by its ending."""
    return Path(text).suffix in FIELD_FILES


def save_every_of(options: Options, default: Default) -> float:
    """As given, or the default, or as many saved states as by default in the time that is asked for."""
    if options.save_every is not None:
        return options.save_every
    if options.t_end is None:
        return default.save_every
    return options.t_end / round(default.t_end / default.save_every)


def _system(theory: Theory, grid: Grid, options: Options) -> FieldSystem:
    scheme: Any = options.derivative or "fourier"
    if scheme != "fourier":
        scheme = int(number(scheme, "--derivative"))
    if theory.lagrangian is not None:
        return FieldSystem(theory.lagrangian, grid, scheme)
    return FieldSystem.from_equations(theory.equations, theory.fields, theory.coordinates, grid, scheme)


def _grid(theory: Theory, options: Options, default: Default, boundary: str) -> Grid:
    dimension = len(theory.coordinates) - 1
    if dimension == 0:
        for name in ("length", "points", "origin", "boundary", "derivative"):
            if getattr(options, name) is not None:
                raise ValueError(f"got --{name} for {theory.name}, which has no space; leave it out")
        return Grid((), ())
    length = axes(options.length, "--length", dimension, default.length)
    points = whole_axes(options.points, dimension, default.points if dimension < 3 else 24)
    origin = axes(options.origin, "--origin", dimension, 0.0)
    if boundary not in BOUNDARIES:
        raise ValueError(unknown("boundary", boundary, BOUNDARIES))
    if options.origin is None:
        origin = [-side / 2 for side in length]
    return Grid(length, points, boundary, origin)


def axes(text: str | None, flag: str, dimension: int, default: float) -> list[float]:
    """One number an axis from "40" or "40,20"."""
    if text is None:
        return [default] * dimension
    values = [number(part.strip(), flag) for part in text.split(",")]
    if len(values) not in (1, dimension):
        raise ValueError(
            f"got {flag} {text} for {dimension} dimensions, expected one number, or one for each axis"
        )
    return values if len(values) == dimension else values * dimension


def whole_axes(text: str | None, dimension: int, default: int) -> list[int]:
    """One whole number of points an axis."""
    values = axes(text, "--points", dimension, default)
    if any(value != int(value) for value in values):
        raise ValueError(f"got --points {text}, expected whole numbers")
    return [int(value) for value in values]


def _grid_of(data: xarray.Dataset, options: Options) -> Grid:
    for name in ("length", "points", "origin", "dimension"):
        if getattr(options, name) is not None:
            raise ValueError(
                f"got --{name} beside a file of initial data, which has its own grid; leave it out"
            )
    return Grid.from_dataset(data, options.boundary)


def first_state(data: xarray.Dataset, system: Simulated) -> Any:
    """(φ, φ_t), or φ for theories of first order in time, at the first time of the data."""
    names = field_names(data)
    if len(names) != len(system.fields):
        raise ValueError(
            f"got a file with the fields {', '.join(names)}, expected {', '.join(system.fields)}; "
            "give initial data of the same theory"
        )
    if space_names(data) != system.axes:
        raise ValueError(f"got a file over {', '.join(space_names(data))}, expected {', '.join(system.axes)}")
    same = set(names) == set(system.fields)
    q, v = initial_state(data, system.fields if same else names, window=min(9, data.sizes["time"]))
    return (q, v) if system.time_order == 2 else q


def on_the_sphere(q: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """n/|n| and n_t without its part along n. shape: (…, component, x) each"""
    q = q / torch.linalg.vector_norm(q, dim=-2, keepdim=True)
    return q, v - (q * v).sum(-2, keepdim=True) * q


def attributes_of(theory: Theory, initial: str) -> Mapping[str, Any]:
    """What the file says beside what the system says of itself."""
    attributes: dict[str, Any] = {"system": theory.name, "initial": initial}
    if theory.parameters:
        attributes["parameters"] = ",".join(f"{key}={value}" for key, value in theory.parameters.items())
    if theory.note:
        attributes["note"] = theory.note
    return attributes


def _constraints(system: FieldSystem) -> dict[str, str]:
    """What must vanish for the initial data, by the name of the field that was removed for it."""
    texts = [f"{name}: {to_text(value)} = 0" for name, value in system.constraints.items()]
    return {"constraints": "; ".join(texts)} if texts else {}
