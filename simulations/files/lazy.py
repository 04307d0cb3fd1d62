"""Field files that are read a piece at a time: NetCDF and HDF5 larger than memory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import xarray

from ..errors import DataError
from .conventions import check, field_names, space_names, spacing
from .normal_form import _name_coordinates, with_normal_axes
from .reading import _is_phony, _name_axes


@dataclass(frozen=True)
class LazyFields:
    """The fields of a file, on disk until a piece is asked for.

    `axes` are the space axes ("x"[, "y"[, "z"]]), `coordinates` all values of time and of them, `shape`
    (sample, time, *S), `spacing` Δt, Δx, …
    """

    path: Path
    fields: tuple[str, ...]
    axes: tuple[str, ...]
    coordinates: dict[str, np.ndarray]
    shape: tuple[int, ...]
    spacing: tuple[float, ...]
    attributes: dict
    _variables: dict[str, xarray.Variable]

    @property
    def values(self) -> int:
        """How many numbers the fields hold."""
        return len(self.fields) * int(np.prod(self.shape))

    def read(
        self, names: Sequence[str], samples: slice, times: slice, space: Sequence[slice] | None = None
    ) -> tuple[np.ndarray, ...]:
        """A piece as float64. shape: each (sample, time, *S)

        Raises DataError, with the place, where a value is not finite.
        """
        cuts = [slice(None)] * len(self.axes) if space is None else space
        index = dict(zip(("sample", "time", *self.axes), (samples, times, *cuts), strict=True))
        return tuple(self._values(name, index) for name in names)

    def dataset(self, names: Sequence[str], samples: slice, times: slice) -> xarray.Dataset:
        """A piece in normal form, as `load` gives it, but that its length is not checked."""
        dims = ("sample", "time", *self.axes)
        coordinates = {**self.coordinates, "time": self.coordinates["time"][times]}
        values = zip(names, self.read(names, samples, times), strict=True)
        return xarray.Dataset({n: (dims, v) for n, v in values}, coordinates, self.attributes)

    def _values(self, name: str, index: dict[str, slice]) -> np.ndarray:
        variable = self._variables[name]
        piece = variable.isel({dim: cut for dim, cut in index.items() if dim in variable.dims})
        order = [dim for dim in ("sample", "time", *self.axes) if dim in variable.dims]
        values = piece.transpose(*order).values.astype(np.float64)
        values = values if "sample" in variable.dims else values[None]
        finite = np.isfinite(values)
        if not finite.all():
            raise DataError(f"{self.path}: {self._place(name, finite, list(index.values()))}")
        return values

    def _place(self, name: str, finite: np.ndarray, cuts: Sequence[slice]) -> str:
        first = np.unravel_index(int(np.argmin(finite)), finite.shape)
        sample, *index = (int(n) + (cut.start or 0) for n, cut in zip(first, cuts, strict=True))
        named = [
            f"{axis} = {self.coordinates[axis][n]:.6g} (index {n})"
            for axis, n in zip(("time", *self.axes), index, strict=True)
        ]
        where = ", ".join([f"sample {sample}", *named])
        return (
            f"field '{name}' has values that are NaN or infinite, the first at {where}: "
            "remove or interpolate them"
        )


def open_lazily(path: str | os.PathLike) -> LazyFields:
    """The fields of a NetCDF or HDF5 file by the rules of `load`, with no field read.

    Names, axes and coordinates are checked now, the values as they are read. Raises DataError, one line.
    """
    path = Path(path)
    try:
        dataset = _name_coordinates(_opened(path))
        first = with_normal_axes(dataset.isel(time=slice(0, 1)) if "time" in dataset.dims else dataset)
        axes = space_names(first)
        if axes == ("node",):
            raise DataError("got oscillators, expected fields on a grid; load the file whole")
        names = field_names(first)
        coordinates = {n: np.asarray(dataset[n].values, dtype=np.float64) for n in ("time", *axes)}
        bare = xarray.Dataset(coords={name: (name, values) for name, values in coordinates.items()})
        check(bare)
        lengths = tuple(bare.sizes[name] for name in ("time", *axes))
        steps = tuple(spacing(bare, name) for name in ("time", *axes))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    return LazyFields(
        path=path,
        fields=names,
        axes=axes,
        coordinates=coordinates,
        shape=(first.sizes["sample"], *lengths),
        spacing=steps,
        attributes=dict(dataset.attrs),
        _variables={name: dataset[name].variable for name in names},
    )


def exceeds_memory(source: LazyFields, share: float = 0.25) -> bool:
    """Whether the fields, as float64, would take more than this share of the memory that is free now."""
    try:
        text = Path("/proc/meminfo").read_text("ascii")
        free = 1024 * int(text.split("MemAvailable:")[1].split()[0])
    except (OSError, IndexError, ValueError):
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    return 8 * source.values > share * free


def _opened(path: Path) -> xarray.Dataset:
    if not path.is_file():
        raise DataError("no such file; check the name")
    try:
        if h5py.is_hdf5(path):
            return _with_names(
                xarray.open_dataset(path, engine="h5netcdf", decode_times=False, phony_dims="sort")
            )
        with open(path, "rb") as stream:
            if stream.read(3) == b"CDF":
                return xarray.open_dataset(path, engine="scipy", decode_times=False)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"cannot be read as a field file ({reason}); check the file") from None
    raise DataError("only NetCDF and HDF5 files are read in pieces; save the data as one of them")


def _with_names(dataset: xarray.Dataset) -> xarray.Dataset:
    """Names for the axes of plain HDF5, by the rules of `reading`, from the shapes alone."""
    if not any(_is_phony(dataset[name]) for name in dataset.variables):
        return dataset
    named = [name for name in dataset.variables if not _is_phony(dataset[name])]
    if any({"t", "time"} & set(dataset[name].dims) for name in named if dataset[name].ndim > 1):
        return dataset[named]
    empty = {str(name): np.broadcast_to(0.0, dataset[name].shape) for name in dataset.variables}
    for name in ("t", "time", "x", "y", "z"):
        if name in empty and dataset[name].ndim == 1:
            empty[name] = dataset[name].values
    plain = _name_axes(empty, dataset.attrs)
    fields = {}
    for field, array in plain.data_vars.items():
        raw = dataset[field]
        fields[field] = raw.rename(dict(zip(raw.dims, array.dims, strict=True)))
    return xarray.Dataset(fields, coords=dict(plain.coords), attrs=dataset.attrs)
