"""From the frames of a run on disk to its NetCDF file, a few frames in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray

from ..errors import DataError
from .checkpoint import FramesOnDisk
from .measurement_noise import standard_deviation, with_noise
from .metadata import field_dims, skeleton
from .run import Run

CHUNK = 4 * 2**20  # bytes


def assemble(frames: FramesOnDisk, attributes: Mapping[str, Any], noise: float = 0.0) -> xarray.Dataset:
    """Write the frames so far to `frames.out`, which appears all at once, remove their folder, and return the
    file as a dataset that is read when it is looked at.

    Fields have the unlimited dimension `time` and chunks of at most 4 MiB. Noise is added on the way, of the
    size that follows from a first pass over the frames. DataError if the file cannot be written.
    """
    run, out = frames.run, frames.out
    frame = skeleton(run, frames.count, attributes)
    temporary = frames.folder / "assembled.nc"
    try:
        frame.to_netcdf(temporary, engine="h5netcdf", unlimited_dims=["time"])
        with h5netcdf.File(temporary, "a") as file:
            file.dimensions["sample"] = run.q.shape[0]
            for number, name in enumerate(run.system.fields):
                _write(file, name, _measured(frames, number, noise), run)
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, out)
    except OSError as error:
        raise DataError(f"cannot write {out}: {error.strerror or error}") from None
    frames.remove()
    return opened(out, frame.attrs)


def opened(path: Path, attributes: Mapping[str, Any]) -> xarray.Dataset:
    """The dataset in a file, read when it is looked at, with the attributes as they were given."""
    dataset = xarray.open_dataset(path, engine="h5netcdf", decode_times=False)
    dataset.attrs = dict(attributes)
    return dataset


def chunks(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Chunk of an array (sample, time, *points): as many times as fit into `CHUNK`, or a part of one."""
    frame = itemsize * int(np.prod(shape)) // shape[1]
    chunk = [*shape]
    chunk[1] = min(shape[1], max(1, CHUNK // frame))
    while itemsize * int(np.prod(chunk)) > CHUNK:
        longest = max(range(len(chunk)), key=lambda axis: chunk[axis])
        chunk[longest] = -(-chunk[longest] // 2)
    return tuple(chunk)


def _measured(frames: FramesOnDisk, field: int, noise: float) -> Iterator[np.ndarray]:
    if noise == 0:
        yield from frames.frames(field)
        return
    deviation = noise * standard_deviation(frames.frames(field))
    for number, values in enumerate(frames.frames(field)):
        yield with_noise(values, deviation, frames.run.seed, field, number)


def _write(file: h5netcdf.File, name: str, frames: Iterator[np.ndarray], run: Run) -> None:
    """Whole chunks at a time, so that none is written twice."""
    times = file.dimensions["time"].size
    shape = (run.q.shape[0], times, *run.system.points)
    chunk = chunks(shape, run.dtype.itemsize)
    variable = file.create_variable(name, field_dims(run), run.dtype, chunks=chunk)
    block: list[np.ndarray] = []
    start = 0
    for values in frames:
        block.append(values)
        if len(block) == chunk[1] or start + len(block) == times:
            variable[:, start : start + len(block)] = np.stack(block, 1)
            start += len(block)
            block = []
