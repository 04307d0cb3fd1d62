"""The files that every competitor reads: one a theory, noise and seed, in a folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray

from .theories import Theory

NOISES = (0.0, 0.01, 0.05, 0.1, 0.2, 0.5)
SEEDS = (0, 1, 2, 3, 4)
COVERAGE_NOISE = 0.05
COVERAGE_SEEDS = tuple(range(1000, 1100))


def data_file(folder: Path, theory: Theory, noise: float, seed: int) -> Path:
    """The file of a theory, noise and seed, made if it is not there: coordinates and fields, no attributes.

    Noise is Gaussian, independent at every sample; its deviation is `noise` times the field's over the file.
    """
    path = folder / theory.name / f"noise{round(100 * noise):02d}_seed{seed}.nc"
    if path.exists():
        return path
    if noise:
        clean = xarray.load_dataset(data_file(folder, theory, 0.0, seed), engine="h5netcdf")
        rng = np.random.default_rng([seed, round(1000 * noise)])
        data = clean.map(lambda field: field + noise * float(field.std()) * rng.standard_normal(field.shape))
    else:
        axes, fields = theory.make(seed, 1)
        data = xarray.Dataset({name: (tuple(axes), values) for name, values in fields.items()}, axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".partial{os.getpid()}")
    data.to_netcdf(partial, engine="h5netcdf")
    partial.replace(path)
    return path


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """(coordinates, fields) of such a file."""
    data = xarray.load_dataset(path, engine="h5netcdf")
    axes = {str(name): data[name].values for name in data.dims}
    return axes, {str(name): data[name].values for name in data.data_vars}
