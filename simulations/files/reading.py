"""Files as datasets whose dimensions have names: NetCDF, HDF5 and .npz.

Coordinates are variables named `t` (or `time`), `x`, `y`, `z`; every other array with those dimensions is a
field. Dimensions that have names may come in any order; arrays without names (.npz, plain HDF5) have the
axes (t, x[, y[, z]]) or (sample, t, x[, y[, z]]), and for oscillators, which have no space coordinate,
(t, node) or (sample, t, node). Scalars are ignored.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import h5py
import numpy as np
import xarray

from ..errors import DataError
from .conventions import SPACE_NAMES, TIME_NAMES, listing, only_time_name

_CONVENTION = "coordinates t (or time), x, y and fields with the axes (t, x[, y]) or (sample, t, x[, y])"


def read(path: Path) -> xarray.Dataset:
    """The dataset in a file, of any length and content; raises DataError if it is not such a file."""
    try:
        if not path.exists():
            raise DataError("no such file; check the name")
        if path.is_dir():
            raise DataError("this is a folder, expected a NetCDF, HDF5 or .npz file")
        if h5py.is_hdf5(path):
            return _read_hdf5(path)
        with open(path, "rb") as stream:
            magic = stream.read(4)
        if magic[:3] == b"CDF":
            with xarray.open_dataset(path, engine="scipy", decode_times=False) as dataset:
                return dataset.load()
        if magic[:2] == b"PK":
            return _read_npz(path)
    except DataError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, EOFError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"cannot be read as a field file ({reason}); expected {_CONVENTION}") from None
    raise DataError("not a field file: expected NetCDF, HDF5 or .npz content")


def _read_hdf5(path: Path) -> xarray.Dataset:
    with xarray.open_dataset(path, engine="h5netcdf", decode_times=False, phony_dims="sort") as dataset:
        dataset.load()
    if not any(str(dim).startswith("phony_dim") for dim in dataset.dims):
        return dataset
    named = {name for name in dataset.variables if not _is_phony(dataset[name])}
    if any({"t", "time"} & set(dataset[name].dims) for name in named if dataset[name].ndim > 1):
        return dataset.drop_vars([name for name in dataset.variables if name not in named])
    return _name_axes({str(name): array.values for name, array in dataset.variables.items()}, dataset.attrs)


def _is_phony(array: xarray.DataArray) -> bool:
    return any(str(dim).startswith("phony_dim") for dim in array.dims)


def _read_npz(path: Path) -> xarray.Dataset:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {}
        for name in archive.files:
            try:
                arrays[name] = archive[name]
            except ValueError:
                raise DataError(
                    f"array '{name}' is pickled (objects), expected numbers; save it as float64"
                ) from None
    return _name_axes(arrays, {})


def _name_axes(arrays: dict[str, np.ndarray], attributes: dict) -> xarray.Dataset:
    """Give names to the axes of bare arrays by the order (sample, t, x, y, z), checking every length."""
    coordinates = {}
    for name in (*TIME_NAMES, *SPACE_NAMES):
        if name in arrays and (arrays[name].ndim == 1 or (name != "z" and arrays[name].ndim > 1)):
            coordinates[name] = arrays[name]
    for name, values in coordinates.items():
        if values.ndim != 1:
            raise DataError(f"coordinate '{name}' has shape {values.shape}, expected a 1-D array")
    time = only_time_name(coordinates)
    if time is None:
        raise DataError(
            f"no time coordinate: expected a 1-D array named 't' or 'time'; got arrays {listing(arrays)}"
        )
    axes = (time, *(name for name in SPACE_NAMES if name in coordinates))
    if len(axes) == 1:
        axes = (time, "node")
    fields = {}
    for name, values in arrays.items():
        if name in coordinates or values.ndim == 0:
            continue
        if name in ("sample", "node") and values.ndim == 1:
            continue
        dims = axes if values.ndim == len(axes) else ("sample", *axes)
        expected = [len(coordinates[dim]) if dim in coordinates else None for dim in dims]
        matches = len(expected) == values.ndim and all(
            want is None or got == want for got, want in zip(values.shape, expected, strict=True)
        )
        if not matches:
            raise DataError(_mismatch(name, values.shape, axes, coordinates))
        fields[name] = (dims, values)
    return xarray.Dataset(
        fields, coords={name: (name, v) for name, v in coordinates.items()}, attrs=attributes
    )


def _mismatch(name: str, shape: tuple[int, ...], axes: tuple[str, ...], coordinates: dict) -> str:
    lengths = tuple(len(coordinates[axis]) if axis in coordinates else "any" for axis in axes)
    wanted = f"({', '.join(axes)}) = ({', '.join(map(str, lengths))})"
    message = f"array '{name}' has shape {shape}, expected the axes {wanted}, or these behind 'sample'"
    known = [length for length in lengths if length != "any"]
    tail = shape[-len(axes) :]
    if len(tail) == len(axes) and all(length in tail for length in known):
        if len(shape) == len(axes) == 2:
            return f"{message}: the axes are transposed, save {name}.T"
        return f"{message}: the axes are in another order, use numpy.moveaxis to put time before space"
    return f"{message}: make the array and its coordinates agree"
