"""Forces on a flow by name: `--forcing random:rate=0.1,low=1,high=3`."""

from __future__ import annotations

from typing import Any

import torch

from simulations import Grid
from simulations.turbulence.stirring import Forcing, RandomForcing, kolmogorov_forcing

from .choice import Choice, chosen
from .options import Options


def _random(grid: Grid, values: dict[str, Any], options: Options, interval: float) -> Forcing:
    return RandomForcing(
        grid,
        values["rate"],
        (values["low"], values["high"]),
        interval if values["interval"] is None else values["interval"],
        options.seed,
        options.samples if options.samples > 1 else None,
    )


def _kolmogorov(grid: Grid, values: dict[str, Any], options: Options, interval: float) -> torch.Tensor:
    if values["k"] != int(values["k"]):
        raise ValueError(f"got k = {values['k']}, expected a whole number of waves")
    return kolmogorov_forcing(grid, int(values["k"]), values["amplitude"])


STIRRINGS: dict[str, Choice] = {
    "random": Choice(
        "white in time, drawn by --seed, one for each of --samples; puts in energy at a known rate",
        {
            "rate": (0.1, "ε, energy put in per mass and time"),
            "low": (1.0, "smallest wavenumber |k| that is forced"),
            "high": (3.0, "largest one"),
            "interval": (None, "of draws that straight lines join, a multiple of the time step; default one"),
        },
        _random,
    ),
    "kolmogorov": Choice(
        "steady, along x: a body force A sin(2πky/Ly)",
        {"k": (4.0, "waves in the box along y"), "amplitude": (1.0, "A")},
        _kolmogorov,
    ),
}


def stirring(text: str, grid: Grid, options: Options, interval: float) -> Forcing | torch.Tensor:
    """The force that a text names; `interval` is that between random draws, unless the text has one."""
    choice, values = chosen(text, STIRRINGS, "forcing")
    return choice.make(grid, values, options, interval)
