"""Lattice theories q(n, t): from options to an experiment."""

from __future__ import annotations

import math

import torch
import xarray

from lagrangians import Lagrangian
from simulations import load
from simulations.chain import BOUNDARIES, Chain
from simulations.names import unknown

from .defaults import Default
from .field import attributes_of, first_state, is_field_file, save_every_of
from .initial import boundary_for, initial_of
from .options import Experiment, Options, refuse
from .specification import number
from .theory import Theory

CHAIN_BOUNDARIES = (*BOUNDARIES, "winding")
REFUSED = ("dimension", "length", "origin", "derivative")


def chain_experiment(theory: Theory, options: Options, default: Default) -> Experiment:
    """A chain of `--points` particles, on a ring or between fixed walls.

    A ring is periodic, or winding: closed up to as many turns of 2π as the initial data have, which is what a
    kink gets, and between walls too. A file brings its own boundary.
    """
    refuse(options, REFUSED, theory.name)
    if theory.lagrangian is None:
        raise ValueError(f"got {theory.name} without a density, expected a lattice Lagrangian")
    text = options.initial or default.initial
    if options.boundary is not None and options.boundary not in CHAIN_BOUNDARIES:
        raise ValueError(unknown("boundary of a chain", options.boundary, CHAIN_BOUNDARIES))
    data = load(text) if is_field_file(text) else None
    system = _chain(theory.lagrangian, options, default, data)
    if data is not None:
        initial = first_state(data, system)
        winds = str(data.attrs.get("chain", "")).startswith("periodic") and options.boundary is None
    else:
        initial = initial_of(text, system, theory.vacuum, options)
        winds = boundary_for(text, system) == "winding" and options.boundary != "periodic"
    if winds or options.boundary == "winding":
        rise = winding(initial[0] if isinstance(initial, tuple) else initial, len(system.fields))
        system = Chain(system.lagrangian, system.points[0], system.boundary, rise)
    return Experiment(
        system,
        initial,
        default.t_end if options.t_end is None else options.t_end,
        save_every_of(options, default),
        attributes_of(theory, text),
    )


def winding(q: torch.Tensor, fields: int) -> list[float]:
    """2πn of each field, n the turns from the first site to the last, rounded; shape (…, [field,] node).

    ValueError for samples that wind differently.
    """
    turns = torch.round((q[..., -1] - q[..., 0]) / (2 * math.pi)).reshape(-1, fields)
    if bool((turns != turns[0]).any()):
        raise ValueError("got samples with different numbers of turns along the chain, expected the same")
    return [2 * math.pi * n for n in turns[0].tolist()]


def _chain(lagrangian: Lagrangian, options: Options, default: Default, data: xarray.Dataset | None) -> Chain:
    """The chain with rise 0."""
    if data is not None and options.points is not None:
        raise ValueError("got --points beside a file, which has its own sites; leave it out")
    count = default.points if options.points is None else number(options.points, "--points")
    if count != int(count) or count < 4:
        raise ValueError(f"got --points {options.points}, expected a whole number of at least 4 particles")
    if data is not None:
        count = data.sizes.get("node", count)
    boundary = "fixed" if options.boundary == "fixed" else "periodic"
    if data is not None and options.boundary is None and str(data.attrs.get("chain", "")).startswith("fixed"):
        boundary = "fixed"
    return Chain(lagrangian, int(count), boundary)
