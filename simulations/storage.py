"""Trajectories on disk: NetCDF, HDF5 and .npz files in, the normal form of `conventions` out, and back.

See `reading` for what a file may look like and `normal_form` for what comes out of it.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray

from .errors import DataError
from .files.boundary import guess_boundary
from .files.normal_form import normalise
from .files.places import check_place, replacing
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
    try:
        with replacing(path) as temporary:
            if path.suffix == ".npz":
                names = [n for n in dataset.variables if n in dataset.data_vars or n in dataset.dims]
                arrays = {str(name): dataset[name].values for name in names}
                with open(temporary, "wb") as stream:
                    np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
            else:
                dataset.to_netcdf(temporary, engine="h5netcdf")
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from None


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
    check_place(Path(path), (*HDF5_SUFFIXES, ".npz"), "choose another name")
