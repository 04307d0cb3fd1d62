"""The main job: data in, Lagrangian out."""

from __future__ import annotations

import os
import time
from collections.abc import MutableMapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import xarray as xr

from simulations import DataError, guess_boundary, load, normalise
from simulations.files.conventions import field_names, space_names
from simulations.files.lazy import LazyFields, exceeds_memory, open_lazily

from .configuration import Configuration
from .discover_field import discover_field
from .discover_network import discover_network
from .discover_weak import Run, discover_streamed, discover_weak
from .equations.library import FEATURES
from .equations.streamed import pilot_fields
from .features import FEATURE_MAPS, feature_map
from .learning.field_data import HELD_OUT
from .learning.gradient import Progress
from .results import Discovery

STREAMED = (".nc", ".h5", ".hdf5", ".cdf")
SMALL_FILE = 2**24
"""Bytes below which a file is read whole without asking how much memory there is."""


def discover_lagrangian(
    data: str | os.PathLike | xr.Dataset,
    field: str | None = None,
    features: str = "auto",
    boundary: str | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    fields: Sequence[str] | None = None,
    library: str | None = None,
    holdout: float = HELD_OUT,
    workers: int = 1,
    method: str = "weak",
    memory: MutableMapping[str, Any] | None = None,
    closing: bool = True,
    stream: bool | None = None,
) -> Discovery:
    """Learn the Lagrangian of a field on a grid, or of oscillators on nodes, from trajectories.

    Args:
        data: a file (see `simulations.load`) or a dataset with named dimensions.
        field: one field alone.
        features: a family of potentials, "identity", "polynomial", "phase", "hyperbolic" or "mixed"; "auto"
            tries them all. For the method "network": a feature map, or "auto", which takes the one of
            smallest held-out residual.
        boundary: "periodic", "winding", "open", "dirichlet" or "neumann"; by default the
            attribute `boundary`, else what the seam of the data says.
        seed: of random initial weights, initial states within their errors, and control generators.
        progress: called as progress(stage, fraction done, loss).
        fields: the fields of the theory, by default all that the data hold.
        library: further density terms in one line of text, "auto + cos(2.5*phi), phi_x**4", or these alone
            where `auto` is not among them.
        holdout: the part of the samples, or of the times of a single one, that no fit sees.
        workers: how many families of a field are searched at once, or of oscillators how many samples and
            nodes are worked on; the answer does not depend on it.
        method: "weak" regression, or "network", an L-conv network trained by gradient (one field).
        memory: a mapping that takes what finished parts have found, and spares a later run with the same data
            and options from repeating them.
        closing: whether what was found is run from held-out data and audited there.
        stream: whether to read the file in pieces; by default where it holds more than a quarter of the free
            memory. A NetCDF or HDF5 file with fields on a grid, for the method "weak".

    Raises ValueError, one line, for data or arguments that cannot be used.
    """
    started = time.perf_counter()
    named = None if fields is None else tuple(fields)
    options = Configuration(field, named, features, library, holdout, seed, workers, method, boundary, stream)
    source = _streamed(data, options)
    if source is not None:
        chosen = _fields(source.fields, (field,) if field is not None else fields)
        edge = boundary or pilot_fields(source, chosen, None, None)[1]
        run = _run(options, edge, memory, closing)
        return _recorded(discover_streamed(source, chosen, run, progress), source.path.stem, seed, started)
    dataset = normalise(data) if isinstance(data, xr.Dataset) else load(data)
    name = "data" if isinstance(data, xr.Dataset) else Path(data).stem
    chosen = _fields(field_names(dataset), (field,) if field is not None else fields)
    dataset = dataset[list(chosen)].assign_attrs(dataset.attrs)
    edge = boundary or guess_boundary(dataset, chosen[0])
    if space_names(dataset) == ("node",):
        if library is not None:
            raise ValueError("got a library for oscillators, expected none; it is for fields on a grid")
        discovery = discover_network(
            dataset, _single(chosen, "oscillators"), features, seed, progress, method, holdout, workers
        )
    elif method == "network":
        names: Sequence[str] = tuple(FEATURE_MAPS) if features == "auto" else (features,)
        for feature in names:
            feature_map(feature)
        discovery = discover_field(
            dataset, _single(chosen, "the network"), names, edge, seed, progress, holdout
        )
    else:
        discovery = discover_weak(dataset, chosen, _run(options, edge, memory, closing), progress)
    return _recorded(discovery, name, seed, started)


def _recorded(discovery: Discovery, name: str, seed: int, started: float) -> Discovery:
    fit = {**discovery.fit, "seed": seed, "versions": versions(), "seconds": time.perf_counter() - started}
    return replace(discovery, name=name, fit=fit)


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    return {package: version(package) for package in ("fieldnet", "torch", "sympy", "numpy", "scipy")}


def _run(
    options: Configuration, boundary: str, memory: MutableMapping[str, Any] | None, closing: bool
) -> Run:
    if options.features not in ("auto", *FEATURES):
        raise ValueError(f"got the features '{options.features}', expected auto, {', '.join(FEATURES)}")
    return Run(options, boundary, {} if memory is None else memory, closing)


def _streamed(data: str | os.PathLike | xr.Dataset, options: Configuration) -> LazyFields | None:
    """The file to be read in pieces, if it is one and is to be; what cannot be is left to `load`."""
    if isinstance(data, xr.Dataset):
        if options.stream:
            raise ValueError("got stream for a dataset in memory, expected a file; leave stream out")
        return None
    path = Path(data)
    if options.stream:
        return open_lazily(path)
    if options.stream is False or options.method != "weak" or path.suffix not in STREAMED:
        return None
    if path.is_file() and path.stat().st_size < SMALL_FILE:
        return None
    try:
        source = open_lazily(path)
    except DataError:
        return None
    return source if exceeds_memory(source) else None


def _fields(names: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    for name in wanted or ():
        if name not in names:
            raise ValueError(f"got the field '{name}', expected one of {', '.join(names)}")
    return tuple(dict.fromkeys(wanted)) if wanted else tuple(names)


def _single(fields: Sequence[str], what: str) -> str:
    if len(fields) > 1:
        raise ValueError(
            f"the data hold the fields {', '.join(fields)}, {what} can have one; "
            "choose it with --field (field=...)"
        )
    return fields[0]
