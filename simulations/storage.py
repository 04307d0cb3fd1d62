"""Trajectories on disk: NetCDF, HDF5 and .npz files in, the normal form of `conventions` out, and back.

Coordinates are variables named `t` (or `time`), `x`, `y`, `z`; every other array with those dimensions is a field.
Dimensions that have names may come in any order; arrays without names (.npz, plain HDF5) have the axes
(t, x[, y[, z]]) or (sample, t, x[, y[, z]]). Oscillators: (t, node) or (sample, t, node), no space coordinate.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np
import xarray

from .boundary import guess_boundary
from .conventions import SPACE_NAMES, TIME_NAMES, check
from .errors import DataError

__all__ = ["DataError", "check_writable", "guess_boundary", "load", "normalise", "save"]

HDF5_SUFFIXES = (".nc", ".nc4", ".h5", ".hdf5")
_CONVENTION = "coordinates t (or time), x, y and fields with the axes (t, x[, y]) or (sample, t, x[, y])"


def load(path: str | os.PathLike) -> xarray.Dataset:
    """Read a field file and return it checked and in normal form.

    Returns float64 fields with dims ("sample", "time", "x"[, "y"[, "z"]]) or ("sample", "time", "node"), the
    coordinate variables, and the file's attributes. The kind of file is read from its content, not its name.

    Raises DataError (a ValueError), one line, for anything that is not such a file.
    """
    path = Path(path)
    try:
        dataset = normalise(_read(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    dataset.encoding["source"] = str(path)
    return dataset


def normalise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Bring a dataset with named dimensions to normal form and check it; raises DataError if it has none."""
    dataset = _name_coordinates(dataset)
    if "time" not in dataset.dims or "time" not in dataset.coords:
        raise DataError(
            f"no time coordinate: expected a 1-D array named 't' or 'time'; got {_summary(dataset)}"
        )
    nodes = any({"time", "node"} <= set(array.dims) for array in dataset.data_vars.values())
    space = ("node",) if nodes else tuple(name for name in SPACE_NAMES if name in dataset.coords)
    if not space:
        raise DataError(
            f"no space coordinate: expected a 1-D array named 'x', or dimension 'node'; got {_summary(dataset)}"
        )
    fields = {}
    for name, array in dataset.data_vars.items():
        if not {"time", *space} <= set(array.dims):
            continue
        extra = [dim for dim in array.dims if dim not in ("sample", "time", *space)]
        if extra:
            raise DataError(
                f"array '{name}' has the dimension '{extra[0]}' besides {_listing(('time', *space))}: expected "
                "only 'sample' besides them; store each component as a field of its own"
            )
        fields[name] = _as_field(array, str(name), space)
    if not fields:
        raise DataError(
            f"no field: expected an array with the dimensions {_listing(('time', *space))}; got {_summary(dataset)}"
        )
    coordinates = {name: dataset[name] for name in ("time", *space) if name in dataset.coords}
    for name, values in coordinates.items():
        if name != "node":
            coordinates[name] = values.astype(np.float64)
    if "node" in space and "node" not in coordinates:
        length = next(iter(fields.values())).sizes["node"]
        coordinates["node"] = xarray.DataArray(np.arange(length), dims="node")
    result = xarray.Dataset(fields, coords=coordinates, attrs=dataset.attrs)
    check(result)
    return result


def save(dataset: xarray.Dataset, path: str | os.PathLike) -> None:
    """Write a dataset as NetCDF-4 (.nc, .nc4, .h5, .hdf5) or .npz: all of it or nothing (atomic replacement).

    A .npz holds coordinates and fields only, no attributes. Raises DataError if the place cannot be written.
    """
    path = Path(path)
    check_writable(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if path.suffix == ".npz":
            arrays = {str(name): array.values for name, array in dataset.variables.items()}
            with open(temporary, "wb") as stream:
                np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
        else:
            dataset.to_netcdf(temporary, engine="h5netcdf")
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def check_writable(path: str | os.PathLike) -> None:
    """Raise DataError unless `save` could write this file now; call it before long work. Leaves no trace."""
    path = Path(path)
    if path.suffix not in (*HDF5_SUFFIXES, ".npz"):
        raise DataError(
            f"cannot write {path}: got the file ending '{path.suffix}', expected one of "
            f"{', '.join((*HDF5_SUFFIXES, '.npz'))}"
        )
    if path.is_dir():
        raise DataError(f"cannot write {path}: it is a folder, expected a file name")
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: {path.parent} is not an existing folder; make it first")
    if path.exists() and not os.access(path, os.W_OK):
        raise DataError(f"cannot write {path}: the file is write-protected; choose another name")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None


# Reading


def _read(path: Path) -> xarray.Dataset:
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
    time = _only_time_name(coordinates)
    if time is None:
        raise DataError(
            f"no time coordinate: expected a 1-D array named 't' or 'time'; got arrays {_listing(arrays)}"
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
    message = f"array '{name}' has shape {shape}, expected the axes {wanted}, with 'sample' in front if there is one"
    known = [length for length in lengths if length != "any"]
    tail = shape[-len(axes) :]
    if len(tail) == len(axes) and all(length in tail for length in known):
        if len(shape) == len(axes) == 2:
            return f"{message}: the axes are transposed, save {name}.T"
        return f"{message}: the axes are in another order, use numpy.moveaxis to put time before space"
    return f"{message}: make the array and its coordinates agree"


# Normal form


def _only_time_name(coordinates) -> str | None:
    present = [name for name in TIME_NAMES if name in coordinates]
    if len(present) > 1:
        raise DataError("both 't' and 'time' are coordinates, expected one of them; remove the other")
    return present[0] if present else None


def _name_coordinates(dataset: xarray.Dataset) -> xarray.Dataset:
    """Make every 1-D variable t, time, x, y, z the coordinate of its dimension, and call the first `time`."""
    nodes = any("node" in array.dims and array.ndim > 1 for array in dataset.data_vars.values())
    time = _only_time_name([name for name in TIME_NAMES if name in dataset.variables])
    for name in (*((time,) if time else ()), *SPACE_NAMES):
        if name not in dataset.variables:
            continue
        dims = dataset[name].dims
        if len(dims) != 1:
            if name == "z" or not dims:
                continue
            raise DataError(f"coordinate '{name}' has the dimensions {_listing(dims)}, expected exactly one")
        if nodes and dims == ("node",):
            dataset = dataset.drop_vars(name)
        elif dims[0] == name:
            dataset = dataset.set_coords(name)
        else:
            dataset = dataset.set_coords(name).swap_dims({dims[0]: name})
    for name in (*((time,) if time else ()), *SPACE_NAMES):
        if name in dataset.coords and name in dataset.dims and dataset[name].dtype.kind not in "iuf":
            raise DataError(f"coordinate '{name}' has dtype {dataset[name].dtype}, expected real numbers")
    return dataset.rename({time: "time"}) if time == "t" else dataset


def _as_field(array: xarray.DataArray, name: str, space: tuple[str, ...]) -> xarray.DataArray:
    if array.dtype.kind == "c":
        raise DataError(
            f"field '{name}' is complex ({array.dtype}), expected real numbers; save real and imaginary parts as two fields"
        )
    if array.dtype.kind not in "iuf":
        raise DataError(f"field '{name}' has dtype {array.dtype}, expected real numbers")
    if "sample" not in array.dims:
        array = array.expand_dims("sample")
    array = array.transpose("sample", "time", *space).astype(np.float64)
    return array.reset_coords(drop=True)


def _listing(names) -> str:
    return "(" + ", ".join(str(name) for name in names) + ")"


def _summary(dataset: xarray.Dataset) -> str:
    arrays = [f"{name}{_listing(array.dims)}" for name, array in dataset.variables.items() if array.dims]
    return ", ".join(arrays) if arrays else "no arrays"
