"""What a picture shows: one field of one sample of a file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from simulations import DataError, Grid, guess_boundary
from simulations.files.conventions import check_uniform, field_names, space_names
from simulations.files.normal_form import with_normal_axes
from simulations.files.reading import read

from ..report.wording import axis_label, symbol, unit


@dataclass(frozen=True)
class Shown:
    """One field of one sample; `dataset` is in normal form, but may be short, constant or have NaN."""

    dataset: xr.Dataset
    field: str
    sample: int

    @property
    def values(self) -> np.ndarray:
        """shape: (time, *S)"""
        return np.asarray(self.dataset[self.field].values[self.sample], dtype=float)

    @property
    def times(self) -> np.ndarray:
        """shape: (time,)"""
        return np.asarray(self.dataset["time"].values, dtype=float)

    @property
    def axes(self) -> tuple[str, ...]:
        """("x",), ("x", "y"), ("x", "y", "z") or ("node",)."""
        return space_names(self.dataset)

    @property
    def oscillators(self) -> bool:
        """Whether these are phases on nodes, and not the displacements of a chain."""
        return self.axes == ("node",) and not self.chain

    @property
    def chain(self) -> bool:
        """Whether these are the sites of a `Chain`, which leaves its name in the attributes."""
        return self.axes == ("node",) and "chain" in self.dataset.attrs

    @property
    def flow(self) -> bool:
        """Whether this is a vorticity on a plane with a spectrum to show."""
        periodic = str(self.dataset.attrs.get("boundary", "periodic")) == "periodic"
        large = all(self.dataset.sizes[axis] >= 4 for axis in self.axes)
        return self.field == "vorticity" and self.axes == ("x", "y") and periodic and large

    @property
    def letter(self) -> str:
        """The field as it is written by hand, φ."""
        return "ω" if self.flow else symbol(self.field)

    @property
    def label(self) -> str:
        """The field with its unit, `φ [1]`."""
        return f"{self.letter} [{unit(self.dataset, self.field)}]"

    def coordinate(self, axis: str) -> np.ndarray:
        """The points of an axis."""
        return np.asarray(self.dataset[axis].values, dtype=float)

    def axis_label(self, axis: str) -> str:
        """A coordinate with its unit, `x [m]`."""
        return axis_label(self.dataset, axis)

    def grid(self) -> Grid:
        """The grid that the coordinates are; ValueError for fewer than 4 points."""
        return Grid.from_dataset(self.dataset, self.boundary)

    @cached_property
    def boundary(self) -> str:
        """periodic, winding or open; "open" where there are too few points to tell."""
        if self.chain:
            return _boundary_of_chain(str(self.dataset.attrs["chain"]), self.dataset.sizes["node"])
        few = any(self.dataset.sizes[axis] < 16 for axis in self.axes)
        if few or not np.isfinite(self.values).all():
            return "open"
        return guess_boundary(self.dataset, self.field)

    def planes(self) -> np.ndarray:
        """In three dimensions the plane in the middle of z, else the values. shape: (time, x, y)"""
        values = self.values
        return values[..., values.shape[3] // 2] if values.ndim == 4 else values


def shown(path: str | os.PathLike, field: str | None = None, sample: int = 0) -> Shown:
    """One field of a file; the first by default. Unlike `simulations.load` it takes files of any length.

    DataError (ValueError), one line, for a file that is no field, an unknown field, a sample out of range.
    """
    path = Path(path)
    try:
        dataset = with_normal_axes(read(path))
        names = field_names(dataset)
        chosen = names[0] if field is None else field
        if chosen not in names:
            raise DataError(f"got the field '{chosen}', expected one of {', '.join(names)}")
        _check(dataset, chosen)
        count = dataset.sizes["sample"]
        if not 0 <= sample < count:
            raise DataError(f"got sample {sample}, expected 0 to {count - 1}: the file holds {count}")
        if not np.isfinite(dataset[chosen].values[sample]).any():
            raise DataError(f"field '{chosen}' has no finite value in sample {sample}; choose another")
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return Shown(dataset, chosen, sample)


def _boundary_of_chain(text: str, count: int) -> str:
    """Of the attribute "periodic, rise 0.0": a ring whose rise is 2πn for every field winds."""
    kind, _, rises = text.partition(", rise ")
    try:
        turns = [float(rise) / (2 * np.pi) for rise in rises.split(",")]
    except ValueError:
        return "open"
    if kind != "periodic" or count < 4 or not np.allclose(turns, np.round(turns)):
        return "open"
    return "winding" if any(np.round(turns)) else "periodic"


def _check(dataset: xr.Dataset, field: str) -> None:
    for axis in ("time", *space_names(dataset)):
        least = 1 if axis in ("time", "node") else 2
        if dataset.sizes[axis] < least:
            raise DataError(f"got {dataset.sizes[axis]} values of '{axis}', expected at least {least}")
        if axis != "node" and dataset.sizes[axis] > 1:
            check_uniform(dataset[axis].values, axis)


def chosen_times(count: int, most: int) -> np.ndarray:
    """Indices of at most so many times, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))
