"""Lattice theories q(n, t): from options to an experiment."""

from __future__ import annotations

from simulations import load
from simulations.chain import BOUNDARIES, Chain

from .defaults import Default
from .field import attributes_of, first_state, is_field_file, save_every_of
from .initial import initial_of
from .options import Experiment, Options, refuse
from .specification import number, unknown
from .theory import Theory

REFUSED = ("dimension", "length", "origin", "derivative")


def chain_experiment(theory: Theory, options: Options, default: Default) -> Experiment:
    """A chain of `--points` particles, on a ring (periodic) or between fixed walls."""
    refuse(options, REFUSED, theory.name)
    if theory.lagrangian is None:
        raise ValueError(f"got {theory.name} without a density, expected a lattice Lagrangian")
    text = options.initial or default.initial
    boundary = options.boundary or "periodic"
    if boundary not in BOUNDARIES:
        raise ValueError(unknown("boundary of a chain", boundary, BOUNDARIES))
    count = default.points if options.points is None else number(options.points, "--points")
    if count != int(count) or count < 4:
        raise ValueError(f"got --points {options.points}, expected a whole number of at least 4 particles")
    system = Chain(theory.lagrangian, int(count), boundary)
    if is_field_file(text):
        initial = first_state(load(text), system)
    else:
        initial = initial_of(text, system, theory.vacuum, options)
    return Experiment(
        system,
        initial,
        default.t_end if options.t_end is None else options.t_end,
        save_every_of(options, default),
        attributes_of(theory, text),
    )
