"""Initial data: expressions in the coordinates, exact solutions and general data by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lagrangians import ParseError, parse_expression
from lagrangians.jets import jet_space
from simulations import FieldSystem, solutions
from simulations.chain import Chain
from simulations.fields.kernels import Kernel
from simulations.names import unknown

from .options import Options
from .specification import specification

Fields = dict[str, torch.Tensor]


def initial_of(text: str, system: FieldSystem | Chain, vacuum: Mapping[str, float], options: Options) -> Any:
    """The state q, or (q, v) of a system of second order in time, that a text names.

    The text is `field=expression,field_t=expression`, or NAME[:key=value,…] of `solutions.available(system)`;
    --seed and --samples are passed on where the data are random, other data are repeated.
    """
    name, given = specification(text)
    if not name:
        return repeated(expressions(given, system, vacuum), system, options.samples)
    found = solutions.available(system)
    if not system.points:
        example = ",".join(f"{field}=1" for field in system.fields)
        raise ValueError(f"got the initial data '{text}', expected values such as --initial {example}")
    draws = {"seed": options.seed, "samples": options.samples}
    keys = found[name].parameters if name in found else {}
    besides = {key: value for key, value in draws.items() if key in keys and key not in given}
    state = solutions.initial(text, system, **besides)
    return state if "samples" in keys else repeated(state, system, options.samples)


def boundary_for(text: str, system: FieldSystem | Chain) -> str:
    """What a box needs that is to hold the initial data: winding for a kink, else mostly periodic."""
    name, _ = specification(text)
    entry = solutions.available(system).get(name) if name else None
    return entry.boundary if isinstance(entry, solutions.Solution) else "periodic"


def expressions(given: Mapping[str, str], system: FieldSystem | Chain, vacuum: Mapping[str, float]) -> Any:
    """The state from texts {"phi": "exp(-x**2)", "phi_t": "0"}, through the allow-list parser.

    Fields that are not named are those of the vacuum, time derivatives 0. The coordinates are x, y, z, or the
    label n of a chain.
    """
    places = _places(system)
    rates = [f"{name}_t" for name in system.fields] if system.time_order == 2 else []
    jets = jet_space(("unused",), ("t", *places))
    flat = torch.ones(system.points, dtype=torch.float64)
    values: Fields = {}
    for key, text in given.items():
        if key not in (*system.fields, *rates):
            raise ValueError(unknown("field", key, (*system.fields, *rates)))
        try:
            kernel = Kernel([parse_expression(text, (), jets.coordinates[1:])], jets)
        except ParseError as error:
            raise ValueError(f"got the initial data {key} = {text}: {error}") from None
        (value,) = kernel(places)
        values[key] = torch.as_tensor(value, dtype=torch.float64) * flat
    q = _stacked([values.get(name, vacuum.get(name, 0.0) * flat) for name in system.fields], system)
    if system.time_order == 1:
        return q
    return q, _stacked([values.get(name, 0.0 * flat) for name in rates], system)


def repeated(state: Any, system: FieldSystem | Chain, samples: int) -> Any:
    """The same state `samples` times."""
    if samples == 1:
        return state
    if isinstance(state, tuple):
        return tuple(repeated(part, system, samples) for part in state)
    return state.expand(samples, *state.shape)


def _places(system: FieldSystem | Chain) -> Fields:
    if isinstance(system, Chain):
        label = system.lagrangian.lattice[0].name
        return {label: torch.arange(system.points[0], dtype=torch.float64)}
    return dict(zip(system.axes, system.grid.mesh(), strict=True)) if system.points else {}


def _stacked(parts: list[torch.Tensor], system: FieldSystem | Chain) -> torch.Tensor:
    return torch.stack(parts, -1 - len(system.points)) if len(parts) > 1 else parts[0]
