"""Two-dimensional flows: from options to an experiment."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from simulations import Grid, load
from simulations.files.conventions import field_names
from simulations.running.run import prepare_run
from simulations.turbulence.navier_stokes import NavierStokes2D
from simulations.turbulence.stirring import Forcing, RandomForcing
from simulations.turbulence.vorticity import lamb_dipole, random_vorticity, shear_layer, taylor_green

from .choice import Choice, chosen
from .field import axes, is_field_file, whole_axes
from .options import NODE_OPTIONS, Experiment, Options, refuse
from .specification import numbers
from .stirring import stirring

NAME = "navier_stokes"
INITIAL = "shear-layer:thickness=0.02"
VISCOSITY, LENGTH, POINTS, DURATION, SAVE_EVERY = 2e-3, 2 * math.pi, 128, 12.0, 0.1
REFUSED = (*NODE_OPTIONS, "density", "fields", "derivative")
PARAMETERS = {
    "drag": (0.0, "Rayleigh friction μ"),
    "hyperviscosity": (0.0, "coefficient of (−∇²)^p"),
    "hyperviscosity_order": (4.0, "p"),
}


def _random(grid: Grid, values: dict[str, Any], options: Options) -> torch.Tensor:
    peak = values["peak"] * 2 * math.pi / max(grid.length)
    shape = random_vorticity(
        grid, lambda k: (k / peak) ** 4 * np.exp(-2 * (k / peak) ** 2), options.samples, options.seed
    )
    return shape * (values["vorticity"] / shape.square().mean((-2, -1), keepdim=True).sqrt())


FLOWS: dict[str, Choice] = {
    "taylor-green": Choice(
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
    "shear-layer": Choice(
        "two opposite shear layers that roll up",
        {
            "thickness": (0.02, "of the layers, in units of the box"),
            "perturbation": (0.05, "of the velocity across"),
            "speed": (1.0, "of the streams"),
        },
        lambda grid, v, options: shear_layer(grid, v["thickness"], v["perturbation"], v["speed"]),
    ),
    "dipole": Choice(
        "a Lamb–Chaplygin pair of vortices that travels along x",
        {"radius": (0.8, "of the pair"), "speed": (1.0, "of the pair")},
        lambda grid, v, options: lamb_dipole(grid, v["radius"], v["speed"]),
    ),
    "rest": Choice(
        "no flow, to be stirred by --forcing",
        {},
        lambda grid, v, options: torch.zeros(grid.points, dtype=torch.float64),
    ),
    "random": Choice(
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
        refuse(options, ("points", "length", "origin"), f"{NAME} from a file, whose grid it takes")
        grid = Grid.from_dataset(data, "periodic")
    if values["hyperviscosity_order"] != int(values["hyperviscosity_order"]):
        raise ValueError(
            f"got hyperviscosity_order = {values['hyperviscosity_order']}, expected a whole number"
        )
    if data is None:
        flow, numbers_of_flow = chosen(text, FLOWS, "initial data")
        initial = flow.make(grid, numbers_of_flow, options)
    else:
        initial = torch.as_tensor(data[field_names(data)[0]].values[:, 0])
    if options.samples > 1 and initial.ndim == 2:
        initial = initial.expand(options.samples, *initial.shape).contiguous()
    t_end = DURATION if options.t_end is None else options.t_end
    save_every = options.save_every
    if save_every is None:
        save_every = SAVE_EVERY if options.t_end is None else t_end / 100

    def system(interval: float) -> NavierStokes2D:
        return NavierStokes2D(
            grid,
            VISCOSITY if options.viscosity is None else options.viscosity,
            None if options.forcing is None else stirring(options.forcing, grid, options, interval),
            values["drag"],
            values["hyperviscosity"],
            int(values["hyperviscosity_order"]),
        )

    interval = save_every
    if options.forcing is not None:
        interval = prepare_run(system(interval), initial, t_end, save_every, options.step).step
        _check_interval(system(interval).forcing, interval)
    return Experiment(
        system(interval),
        initial,
        t_end,
        save_every,
        {"system": NAME, "initial": text},
    )


def _check_interval(forcing: Forcing | None, step: float) -> None:
    """ValueError for random draws that steps of this size do not hit: then the energy rate is another."""
    if isinstance(forcing, RandomForcing):
        steps = forcing.interval / step
        if round(steps) < 1 or abs(steps - round(steps)) > 1e-6 * steps:
            raise ValueError(
                f"got interval = {forcing.interval:.6g} and the time step {step:.6g}, expected a whole "
                f"number of steps; add --step {forcing.interval:.6g} or leave the interval out"
            )
