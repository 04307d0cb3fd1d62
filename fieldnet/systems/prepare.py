"""From options to an experiment."""

from __future__ import annotations

from pathlib import Path

from lagrangians.catalogue import entries
from simulations.names import unknown

from .chain import chain_experiment
from .defaults import OTHER, default_of
from .field import field_experiment
from .options import NODE_OPTIONS, Experiment, Options, refuse
from .oscillators import OSCILLATORS, kuramoto_experiment
from .theory import catalogue_theory, file_theory, text_theory
from .turbulence import NAME as FLOW
from .turbulence import turbulence_experiment


def system_names() -> tuple[str, ...]:
    """Every name that `fieldnet simulate` knows."""
    return (*entries(), "kuramoto", FLOW)


def prepare(options: Options) -> Experiment:
    """The system that the options name, with its initial data. ValueError for what does not fit."""
    if options.density is not None:
        if options.system is not None:
            raise ValueError(f"got the system '{options.system}' and a density, expected one of them")
        if not options.fields:
            raise ValueError("got a density without fields, expected --fields NAME[,NAME…]")
        refuse(options, (*NODE_OPTIONS, "viscosity", "forcing"), "a density")
        theory = text_theory(options.density, options.fields, options.parameters, options.dimension)
        return field_experiment(theory, options, OTHER)
    name = options.system
    if name is None:
        raise ValueError(
            "got no system, expected a name (fieldnet simulate --list), a lagrangian.json or --density"
        )
    if name.endswith(".json"):
        refuse(options, (*NODE_OPTIONS, "viscosity", "forcing"), "a lagrangian.json")
        theory = file_theory(Path(name), options.parameters)
        return field_experiment(theory, options, OTHER)
    if name not in system_names():
        raise ValueError(unknown("system", name, system_names()))
    if name in OSCILLATORS:
        return kuramoto_experiment(options)
    if name == FLOW:
        return turbulence_experiment(options)
    refuse(options, (*NODE_OPTIONS, "viscosity", "forcing"), name)
    default = default_of(name)
    dimension = default.dimension if options.dimension is None else options.dimension
    theory = catalogue_theory(name, {**default.parameters, **options.parameters}, dimension)
    if theory.lagrangian is not None and theory.lagrangian.lattice:
        return chain_experiment(theory, options, default)
    return field_experiment(theory, options, default)
