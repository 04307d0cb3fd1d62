"""Conserved charges of a system along its trajectories: Noether's, topological and the higher ones."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy
import torch
import xarray

from lagrangians import Lagrangian
from lagrangians.charges import conserved_charges
from lagrangians.higher_charges import sine_gordon_charges

from .grids import has_walls
from .solutions.theories import theory_parameters, values_in

TOPOLOGICAL = "topological"
HIGHER_SPINS = (3, 5)


def charge_densities(system: Any) -> dict[str, sympy.Expr]:
    """{name: J^t} of every charge that is derived from the system's Lagrangian.

    Those of `conserved_charges` (energy, momentum_x, boost_x, U(1), …), and for the Sine-Gordon field in one
    dimension also those of spin ±3 and ±5 (`sine_gordon_charges`). The boundary may break some of them:
    walls break the momentum, a periodic box the boost, once the field no longer vanishes at its ends. With
    multipliers they are those of the density that was stated, on the constraint.
    ValueError for a system without a Lagrangian.
    """
    lagrangian = values_in(system)
    if lagrangian is None:
        raise ValueError("got a system without a Lagrangian, expected one made from a Lagrangian")
    if getattr(getattr(system, "force", None), "given", False):
        return _constrained_densities(system.stated, frozenset(system.constraints))
    return dict(_densities(lagrangian))


def _constrained_densities(lagrangian: Lagrangian, multipliers: frozenset[str]) -> dict[str, sympy.Expr]:
    """Charges of the density with its multipliers, whose terms vanish where the constraints hold."""
    zero = {field: 0 for field in lagrangian.fields if field.func.__name__ in multipliers}
    return {name: density.subs(zero) for name, density in _densities(lagrangian)}


@lru_cache(maxsize=64)
def _densities(lagrangian: Lagrangian) -> tuple[tuple[str, sympy.Expr], ...]:
    found = [(charge.name, charge.density) for charge in conserved_charges(lagrangian)]
    parameters = theory_parameters(lagrangian, "sine_gordon")
    if parameters is not None and len(lagrangian.coordinates) == 2:
        higher = sine_gordon_charges(
            parameters["c"], parameters["m"], HIGHER_SPINS, lagrangian.fields[0], lagrangian.coordinates
        )
        found += [(charge.name, charge.density) for charge in higher]
    return tuple(found)


def charges(
    system: Any, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0
) -> dict[str, torch.Tensor]:
    """{name: Q} at a state, shape (…) of its batch axes: the integrals of `charge_densities`, and in one
    dimension the topological charge, if the theory has one.
    """
    found = {
        name: _integral(system, _evaluated(system, name, density, q, v, time))
        for name, density in charge_densities(system).items()
    }
    step = vacuum_step(system)
    if step is not None:
        found[TOPOLOGICAL] = topological_charge(system, q, step)
    return found


def topological_charge(system: Any, q: torch.Tensor, step: float = 2 * torch.pi) -> torch.Tensor:
    """(φ(right end) − φ(left end))/step of one field in one dimension, shape (…).

    `step` is the distance of neighbouring vacua: 2π for the winding number, 2v for φ⁴. On a winding ring,
    where φ(x + L) = φ(x) + 2πn, it is n; on a periodic one 0.
    """
    if len(system.points) != 1 or len(system.fields) != 1:
        raise ValueError(
            f"got {len(system.fields)} fields in {len(system.points)} dimensions, expected one in one"
        )
    rise = q[..., -1] - q[..., 0]
    boundary = system.grid.boundary[0]
    if boundary == "winding":
        return 2 * torch.pi * torch.round(rise / (2 * torch.pi)) / step
    return rise / step if has_walls(boundary) else torch.zeros_like(rise)


def vacuum_step(system: Any) -> float | None:
    """Distance of neighbouring vacua of one field in one dimension: 2π for Sine-Gordon's kin and on winding
    axes, 2v for φ⁴, None elsewhere.
    """
    lagrangian = values_in(system)
    if getattr(system, "grid", None) is None or len(system.points) != 1 or len(system.fields) != 1:
        return None
    if lagrangian is not None:
        parameters = theory_parameters(lagrangian, "phi4")
        if parameters is not None:
            return 2 * abs(parameters["v"])
        if any(
            theory_parameters(lagrangian, name) is not None for name in ("sine_gordon", "double_sine_gordon")
        ):
            return 2 * torch.pi
    return 2 * torch.pi if system.grid.boundary[0] == "winding" else None


def charges_along(system: Any, fields: xarray.Dataset, rates: xarray.Dataset | None = None) -> xarray.Dataset:
    """All `charges` along a trajectory, as simulated by `simulate(…, velocities=True)`.

    Args:
        fields: the trajectory, dims (sample, time, …).
        rates: its velocities, for systems of second order in time.

    Returns `value` with dims (charge, sample, time), and with dims (charge, sample) `scale`, the mean over
    time of ∫|J^t| dx, and `relative_drift`, max_t |Q(t) − Q(0)|/scale: the charge itself may be 0. ValueError
    without the velocities where they are needed.
    """
    if rates is None and system.time_order == 2:
        raise ValueError("got no velocities, expected simulate(…, velocities=True) and its second dataset")
    q = _stacked(system, fields)
    v = None if rates is None else _stacked(system, rates)
    times = fields["time"].values
    values: dict[str, torch.Tensor] = {}
    sizes: dict[str, torch.Tensor] = {}
    for name, density in charge_densities(system).items():
        if system.lagrangian.coordinates[0] in density.free_symbols:
            at_times = [
                _evaluated(system, name, density, q[:, i], None if v is None else v[:, i], float(t))
                for i, t in enumerate(times)
            ]
            local = torch.stack(at_times, 1)
        else:
            local = _evaluated(system, name, density, q, v, 0.0)
        values[name] = _integral(system, local)
        sizes[name] = _integral(system, local.abs()).mean(1)
    step = vacuum_step(system)
    if step is not None:
        values[TOPOLOGICAL] = topological_charge(system, q, step)
        sizes[TOPOLOGICAL] = (q[..., 1:] - q[..., :-1]).abs().sum(-1).mean(1) / step
    return _table(values, sizes, times)


def _table(
    values: dict[str, torch.Tensor], sizes: dict[str, torch.Tensor], times: np.ndarray
) -> xarray.Dataset:
    drifts = {
        name: (value - value[:, :1]).abs().amax(1) / sizes[name].clamp(min=1e-300)
        for name, value in values.items()
    }
    names = list(values)
    return xarray.Dataset(
        {
            "value": (("charge", "sample", "time"), torch.stack([values[n] for n in names]).numpy()),
            "relative_drift": (("charge", "sample"), torch.stack([drifts[n] for n in names]).numpy()),
            "scale": (("charge", "sample"), torch.stack([sizes[n] for n in names]).numpy()),
        },
        {"charge": names, "time": times},
    )


def _evaluated(
    system: Any,
    name: str,
    density: sympy.Expr,
    q: torch.Tensor,
    v: torch.Tensor | None,
    time: float,
) -> torch.Tensor:
    """The density at every point; that of the energy as the grid conserves it."""
    if name == "energy":
        return system.energy_density(q, v, time)
    return system.evaluate(density, q, v, time)


def _integral(system: Any, density: torch.Tensor) -> torch.Tensor:
    return system.integrate(density) if hasattr(system, "integrate") else density.sum(-1)


def _stacked(system: Any, dataset: xarray.Dataset) -> torch.Tensor:
    missing = [name for name in system.fields if name not in dataset.data_vars]
    if missing:
        names = ", ".join(map(str, dataset.data_vars))
        raise ValueError(f"got a dataset with {names}, expected {', '.join(system.fields)}")
    parts = [torch.as_tensor(dataset[name].values, dtype=torch.float64) for name in system.fields]
    return torch.stack(parts, 2) if len(parts) > 1 else parts[0]
