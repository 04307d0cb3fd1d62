"""What a dataset says of itself: coordinates, parameters, and how it was made."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import torch
import xarray

from .run import Run

DIMENSIONLESS = {"units": "1"}
SETTINGS = ("rtol", "atol", "max_step")
PACKAGES = ("fieldnet", "torch", "numpy", "scipy", "numba", "xarray")


def skeleton(run: Run, times: int, extra: Mapping[str, Any] | None = None) -> xarray.Dataset:
    """The dataset of a run without its fields: coordinates of the first `times` saved states, attributes.

    Parameters that are arrays become coordinates without time (`omega` on `node`, a mass on `x`), so that
    fields are the only data variables; dims and names are those of `system.static_variables()`, or of
    `system.parameters` on a grid.
    """
    coordinates: dict[str, Any] = dict(static_variables(run))
    coordinates["time"] = ("time", run.save_every * np.arange(times), DIMENSIONLESS)
    for name, values in zip(run.system.axes, run.places(), strict=True):
        coordinates[name] = (name, values, {} if run.grid is None else DIMENSIONLESS)
    return xarray.Dataset(coords=coordinates, attrs=attributes(run) | dict(extra or {}))


def field_dims(run: Run) -> tuple[str, ...]:
    """Dims of every field."""
    return ("sample", "time", *run.system.axes)


def attributes(run: Run) -> dict[str, Any]:
    """The theory, its numbers, the grid, and all that is needed to make the run again."""
    found = dict(run.system.description())
    numbers = [
        f"{name}={value.item():.17g}"
        for name, value in getattr(run.system, "parameters", {}).items()
        if isinstance(value, torch.Tensor) and value.numel() == 1
    ]
    if numbers:
        found["parameters"] = ",".join(numbers)
    found |= {"integrator": run.method.name, "backend": run.backend}
    found |= {"step": "adaptive" if run.method.adaptive else run.step}
    chosen = {name: value for name, value in settings(run.method).items() if name in SETTINGS}
    found |= {name: value for name, value in chosen.items() if value != float("inf")}
    if "seed" in vars(run.method):
        found["dynamic_seed"] = vars(run.method)["seed"]
    found |= {"noise": run.noise, "seed": run.seed, "versions": versions()}
    grid = run.grid
    if grid is not None:
        found["grid"] = repr(grid)
        if len(set(grid.boundary)) == 1:
            found["boundary"] = grid.boundary[0]
    return found


def static_variables(run: Run) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """Parameters that are arrays, as name: (dims, values)."""
    given = getattr(run.system, "static_variables", None)
    if given is not None:
        return dict(given())
    found = {}
    axes = tuple(run.system.axes)
    names = ("sample", *axes)
    for name, value in getattr(run.system, "parameters", {}).items():
        if not isinstance(value, torch.Tensor) or value.numel() == 1 or value.ndim > len(names):
            continue
        dims = names[len(names) - value.ndim :]
        lengths = dict(zip(names, run.frame_shape, strict=True))
        kept = [dim for dim, size in zip(dims, value.shape, strict=True) if size > 1]
        if all(value.shape[dims.index(dim)] == lengths[dim] for dim in kept):
            array = value.detach().cpu().numpy()
            found[str(name)] = (tuple(kept), array.reshape([lengths[dim] for dim in kept]))
    return found


def settings(method: Any) -> dict[str, Any]:
    """The numbers and texts that an integrator was made with."""
    return {
        name: value
        for name, value in vars(method).items()
        if isinstance(value, bool | int | float | str | tuple) and not name.startswith("_")
    }


def versions() -> str:
    """Versions of what the numbers depend on."""
    packages = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)) is not None)
    return f"{packages}, python {platform.python_version()}"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
