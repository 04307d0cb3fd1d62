"""Two-dimensional flows: from options to an experiment."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from simulations import Grid, load
from simulations.files.conventions import field_names
from simulations.turbulence.navier_stokes import NavierStokes2D
from simulations.turbulence.vorticity import lamb_dipole, random_vorticity, shear_layer, taylor_green

from .field import axes, is_field_file, whole_axes
from .options import Experiment, Options, refuse
from .specification import numbers, specification, unknown

NAME = "navier_stokes"
INITIAL = "shear-layer:thickness=0.02"
VISCOSITY, LENGTH, POINTS, DURATION, SAVE_EVERY = 2e-3, 2 * math.pi, 128, 12.0, 0.1
REFUSED = (
    "density",
    "fields",
    "oscillators",
    "coupling",
    "network",
    "frequencies",
    "inertia",
    "damping",
    "phase_lag",
    "derivative",
)
PARAMETERS = {
    "drag": (0.0, "Rayleigh friction μ"),
    "hyperviscosity": (0.0, "coefficient of (−∇²)⁴"),
}


@dataclass(frozen=True)
class Flow:
    """Initial vorticity: its meaning, its parameters {name: (default, meaning)}, and how it is made."""

    meaning: str
    parameters: Mapping[str, tuple[float, str]]
    make: Callable[[Grid, Mapping[str, float], Options], torch.Tensor]


def _random(grid: Grid, values: Mapping[str, float], options: Options) -> torch.Tensor:
    peak = values["peak"] * 2 * math.pi / max(grid.length)
    shape = random_vorticity(
        grid, lambda k: (k / peak) ** 4 * np.exp(-2 * (k / peak) ** 2), options.samples, options.seed
    )
    return shape * (values["vorticity"] / shape.square().mean((-2, -1), keepdim=True).sqrt())


FLOWS: dict[str, Flow] = {
    "taylor-green": Flow(
        "Taylor–Green vortices, an exact solution that only decays",
        {
            "amplitude": (1.0, "largest vorticity"),
            "nx": (1.0, "periods along x"),
            "ny": (1.0, "periods along y"),
        },
        lambda grid, v, options: taylor_green(
            grid, 0.0, amplitude=v["amplitude"], numbers=(int(v["nx"]), int(v["ny"]))
        ),
    ),
    "shear-layer": Flow(
        "two opposite shear layers that roll up",
        {
            "thickness": (0.02, "of the layers, in units of the box"),
            "perturbation": (0.05, "of the velocity across"),
            "speed": (1.0, "of the streams"),
        },
        lambda grid, v, options: shear_layer(grid, v["thickness"], v["perturbation"], v["speed"]),
    ),
    "dipole": Flow(
        "a Lamb–Chaplygin pair of vortices that travels along x",
        {"radius": (0.8, "of the pair"), "speed": (1.0, "of the pair")},
        lambda grid, v, options: lamb_dipole(grid, v["radius"], v["speed"]),
    ),
    "random": Flow(
        "random vorticity, drawn by --seed, one for each of --samples",
        {
            "peak": (6.0, "wavenumber of most energy, in waves a box"),
            "vorticity": (2.0, "its standard deviation"),
        },
        _random,
    ),
}


def turbulence_experiment(options: Options) -> Experiment:
    """Navier–Stokes on the torus; Euler at viscosity 0."""
    refuse(options, REFUSED, NAME)
    if options.dimension not in (None, 2) or options.boundary not in (None, "periodic"):
        raise ValueError(
            "got another dimension or boundary for navier_stokes, expected 2 and periodic; leave them out"
        )
    text = options.initial or INITIAL
    values = numbers(options.parameters, {key: default for key, (default, _) in PARAMETERS.items()}, NAME)
    data = load(text) if is_field_file(text) else None
    if data is None:
        origin = axes(options.origin, "--origin", 2, 0.0)
        points = whole_axes(options.points, 2, POINTS)
        grid = Grid(axes(options.length, "--length", 2, LENGTH), points, "periodic", origin)
    else:
        grid = Grid.from_dataset(data, "periodic")
    viscosity = VISCOSITY if options.viscosity is None else options.viscosity
    system = NavierStokes2D(grid, viscosity, drag=values["drag"], hyperviscosity=values["hyperviscosity"])
    t_end = DURATION if options.t_end is None else options.t_end
    return Experiment(
        system,
        _vorticity(text, grid, options)
        if data is None
        else torch.as_tensor(data[field_names(data)[0]].values[:, 0]),
        t_end,
        options.save_every or (SAVE_EVERY if options.t_end is None else t_end / 100),
        {"system": NAME, "initial": text},
    )


def _vorticity(text: str, grid: Grid, options: Options) -> torch.Tensor:
    name, given = specification(text)
    if name not in FLOWS:
        raise ValueError(unknown("initial data", name, tuple(FLOWS)))
    defaults = {key: default for key, (default, _) in FLOWS[name].parameters.items()}
    return FLOWS[name].make(grid, numbers(given, defaults, name), options)
