"""A field on a grid, prepared for the weak Euler–Lagrange residual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from simulations.files.conventions import spacing

from .weak_form import SMALLEST_HALF_WIDTH, TestFunctions, half_points, window_axis

HELD_OUT = 0.2


@dataclass(frozen=True)
class FieldSamples:
    """Samples of one field φ(t, x[, y]) with its test functions.

    `values` has shape (sample, time, *S); `spacing` holds Δt, Δx, …
    """

    values: Tensor
    spacing: tuple[float, ...]
    windows: TestFunctions
    periodic: bool

    @property
    def space_dimensions(self) -> int:
        return len(self.spacing) - 1


def split_held_out(dataset: xr.Dataset, fraction: float = HELD_OUT) -> tuple[xr.Dataset, xr.Dataset]:
    """(training, held-out) by `held_out_samples`, or of a single sample by `held_out_times`.

    With `fraction` 0 both are all the data. Raises ValueError where that is too short.
    """
    if fraction == 0:
        return dataset, dataset
    samples = dataset.sizes["sample"]
    if samples > 1:
        last = held_out_samples(samples, fraction)
        return dataset.isel(sample=slice(0, -last)), dataset.isel(sample=slice(-last, None))
    times = dataset.sizes["time"]
    least = 4 * (2 * SMALLEST_HALF_WIDTH + 2)
    if times < least:
        raise ValueError(
            f"too few time steps: got {times} of one sample, expected at least {least}; "
            "give more times or more samples"
        )
    held = held_out_times(times, fraction, 3 * least // 4, least // 4)
    return dataset.isel(time=slice(0, times - held)), dataset.isel(time=slice(times - held, None))


def held_out_samples(samples: int, fraction: float) -> int:
    """How many of the last samples are held out: `fraction` of them, at least one, but not all; 0 for 0."""
    _check(fraction)
    return min(samples - 1, max(1, round(fraction * samples))) if fraction else 0


def held_out_times(times: int, fraction: float, to_fit: int, to_test: int) -> int:
    """How many of the last times of a single sample are held out: a quarter by default, else `fraction`.

    0 for 0. Raises ValueError where fewer than `to_fit` times stay or fewer than `to_test` are held out.
    """
    _check(fraction)
    if fraction == 0:
        return 0
    held = times // 4 if fraction == HELD_OUT else round(fraction * times)
    if held < to_test or times - held < to_fit:
        raise ValueError(
            f"got {held} of {times} times to hold out ({fraction:g}), expected at least {to_test}, and "
            f"{to_fit} to fit; give more times or another part"
        )
    return held


def _check(fraction: float) -> None:
    if not 0 <= fraction < 1:
        raise ValueError(f"got {fraction} to hold out, expected a part from 0 to below 1")


def field_samples(
    dataset: xr.Dataset,
    field: str,
    boundary: str,
    radius: int = 4,
    widths: tuple[int, ...] | None = None,
) -> FieldSamples:
    """The samples of `field` in a loaded dataset, dims (sample, time, *S).

    `widths` are half widths of the test functions in samples, one an axis; by default they are chosen from
    the data. On axes that are not periodic the windows keep 2·radius samples off the ends, where stencils do
    not reach; a winding field counts as not periodic, since it jumps at the seam.
    """
    array = dataset[field]
    values = np.asarray(array.values, dtype=np.float64)
    axes = [str(name) for name in array.dims[1:]]
    steps = tuple(spacing(dataset, name) for name in axes)
    windows = []
    for position, (name, step) in enumerate(zip(axes, steps, strict=True)):
        points = values.shape[1 + position]
        space = name != "time"
        periodic = space and boundary == "periodic"
        margin = 2 * radius if space and not periodic else 0
        width = half_points(values, 1 + position, step) if widths is None else widths[position]
        if not periodic:
            width = max(1, min(width, (points - 2 * margin - 1) // 2))
        windows.append(window_axis(points, step, width, periodic, margin))
    return FieldSamples(torch.from_numpy(values), steps, TestFunctions(windows), boundary == "periodic")
