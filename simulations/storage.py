"""Trajectories on disk: NetCDF, HDF5 and .npz files in, the normal form of `conventions` out, and back.

See `reading` for what a file may look like and `normal_form` for what comes out of it.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import xarray

from .errors import DataError
from .files.boundary import guess_boundary
from .files.normal_form import normalise
from .files.reading import read

__all__ = ["DataError", "check_writable", "guess_boundary", "load", "normalise", "save"]

HDF5_SUFFIXES = (".nc", ".nc4", ".h5", ".hdf5")


def load(path: str | os.PathLike) -> xarray.Dataset:
    """Read a field file and return it checked and in normal form.

    Returns float64 fields with dims ("sample", "time", "x"[, "y"[, "z"]]) or ("sample", "time", "node"), the
    coordinate variables, and the file's attributes. The kind of file is read from its content, not its name.

    Raises DataError (a ValueError), one line, for anything that is not such a file.
    """
    path = Path(path)
    try:
        dataset = normalise(read(path))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    dataset.encoding["source"] = str(path)
    return dataset


def save(dataset: xarray.Dataset, path: str | os.PathLike) -> None:
    """Write a dataset as NetCDF-4 (.nc, .nc4, .h5, .hdf5) or .npz: all of it or nothing (atomic replacement).

    A .npz holds coordinates and fields only, no attributes and no parameters. Raises DataError if the place
    cannot be written.
    """
    path = Path(path)
    check_writable(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        if path.suffix == ".npz":
            names = [name for name in dataset.variables if name in dataset.data_vars or name in dataset.dims]
            arrays = {str(name): dataset[name].values for name in names}
            with open(temporary, "wb") as stream:
                np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
        else:
            dataset.to_netcdf(temporary, engine="h5netcdf")
        os.replace(temporary, path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def check_streamable(path: str | os.PathLike) -> None:
    """Raise DataError unless a run could be streamed to this file: `check_writable`, and not a .npz."""
    if Path(path).suffix == ".npz":
        raise DataError(
            f"cannot write {path} as the run goes, expected one of {', '.join(HDF5_SUFFIXES)}; "
            "or leave out `out` and save the result"
        )
    check_writable(path)


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
