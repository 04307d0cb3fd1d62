"""The main job: data in, Lagrangian out."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import xarray as xr

from simulations import guess_boundary, load, normalise
from simulations.files.conventions import field_names, space_names

from .discover_field import discover_field
from .discover_network import discover_network
from .features import FEATURE_MAPS, feature_map
from .learning.gradient import Progress
from .results import Discovery

BOUNDARIES = ("periodic", "winding", "open", "dirichlet", "neumann")


def discover_lagrangian(
    data: str | os.PathLike | xr.Dataset,
    field: str | None = None,
    features: str = "auto",
    boundary: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Discovery:
    """Learn the Lagrangian of a field on a grid, or of oscillators on nodes, from trajectories.

    Args:
        data: a file (see `simulations.load`) or a dataset with named dimensions.
        field: which field, where the data hold several.
        features: "auto" tries every feature map and takes the one of smallest held-out residual; or a name.
        boundary: "periodic", "winding", "open", "dirichlet" or "neumann"; by default the
            attribute `boundary`, else what the seam of the data says.
        seed: of the random initial weights and the control generators.
        progress: called as progress(stage, fraction done, loss) during each training.

    Raises ValueError, one line, for data or arguments that cannot be used.
    """
    started = time.perf_counter()
    dataset = normalise(data) if isinstance(data, xr.Dataset) else load(data)
    name = "data" if isinstance(data, xr.Dataset) else Path(data).stem
    chosen = _field(dataset, field)
    if features != "auto":
        feature_map(features)
    if boundary is not None and boundary not in BOUNDARIES:
        raise ValueError(f"got the boundary '{boundary}', expected one of {', '.join(BOUNDARIES)}")
    dataset = dataset[[chosen]].assign_attrs(dataset.attrs)
    if space_names(dataset) == ("node",):
        discovery = discover_network(dataset, chosen, features, seed, progress)
    else:
        names: Sequence[str] = tuple(FEATURE_MAPS) if features == "auto" else (features,)
        edge = boundary or guess_boundary(dataset, chosen)
        discovery = discover_field(dataset, chosen, names, edge, seed, progress)
    fit = {**discovery.fit, "seed": seed, "versions": versions(), "seconds": time.perf_counter() - started}
    return replace(discovery, name=name, fit=fit)


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return {package: version(package) for package in ("fieldnet", "torch", "sympy", "numpy", "scipy")}


def _field(dataset: xr.Dataset, field: str | None) -> str:
    names = field_names(dataset)
    if field is None and len(names) == 1:
        return names[0]
    if field is None:
        raise ValueError(f"the data hold the fields {', '.join(names)}; choose one with --field (field=...)")
    if field not in names:
        raise ValueError(f"got the field '{field}', expected one of {', '.join(names)}")
    return field
