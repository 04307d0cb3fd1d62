"""Pairs on disk: arrays x and y, and the group of each pair."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import xarray as xr


def load_pairs(path: str | os.PathLike) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """(x, y, group or None) of an .npz or a NetCDF/HDF5 file with variables of these names.

    Raises ValueError, one line, for a missing file, missing arrays, or arrays that are not real numbers.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"{path}: no such file; check the name")
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: np.asarray(file[name]) for name in ("x", "y", "group") if name in file}
        else:
            with xr.open_dataset(path, engine="h5netcdf") as data:
                arrays = {name: data[name].values for name in ("x", "y", "group") if name in data}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason:
            reason = "no .npz, or one of Python objects"
        raise ValueError(f"{path}: cannot be read ({reason}); expected .npz or NetCDF") from None
    for name in ("x", "y"):
        if name not in arrays:
            raise ValueError(f"{path}: got no array '{name}', expected x and y of shape (pairs, …)")
        if arrays[name].dtype.kind not in "fiu" or arrays[name].ndim < 2:
            raise ValueError(
                f"{path}: got {name} of type {arrays[name].dtype} and shape {arrays[name].shape}, expected "
                "real numbers of shape (pairs, …)"
            )
    return arrays["x"], arrays["y"], arrays.get("group")
