"""What a field dataset looks like in memory, and the checks that make it one.

Normal form: dimensions ("sample", "time", "x"[, "y"[, "z"]]) for fields on a grid and
("sample", "time", "node") for oscillators; coordinate variables for each but `sample`, uniform and
increasing; float64, finite, not constant.
"""

from __future__ import annotations

import numpy as np
import xarray

from ..errors import DataError

TIME_NAMES = ("time", "t")
SPACE_NAMES = ("x", "y", "z")
MINIMUM_TIMES = 16
MINIMUM_POINTS = 16
MINIMUM_NODES = 2


def field_names(dataset: xarray.Dataset) -> tuple[str, ...]:
    """Names of the fields of a normalised dataset, in file order."""
    return tuple(str(name) for name in dataset.data_vars)


def space_names(dataset: xarray.Dataset) -> tuple[str, ...]:
    """The axes after (sample, time): ("x",), ("x", "y"), … or ("node",)."""
    return tuple(name for name in (*SPACE_NAMES, "node") if name in dataset.dims)


def spacing(dataset: xarray.Dataset, axis: str) -> float:
    """Mean step of a coordinate, (last − first)/(n − 1): exact for uniform coordinates, also float32 ones."""
    values = dataset[axis].values
    return float((values[-1] - values[0]) / (len(values) - 1))


def listing(names) -> str:
    """Names in parentheses, for messages: (t, x)."""
    return "(" + ", ".join(str(name) for name in names) + ")"


def only_time_name(coordinates) -> str | None:
    """Which of t and time is present; DataError if both are, None if neither."""
    present = [name for name in TIME_NAMES if name in coordinates]
    if len(present) > 1:
        raise DataError("both 't' and 'time' are coordinates, expected one of them; remove the other")
    return present[0] if present else None


def check(dataset: xarray.Dataset) -> None:
    """Raise DataError unless a dataset in normal form has uniform coordinates and usable fields."""
    for name, length in dataset.sizes.items():
        if length == 0:
            raise DataError(f"the data are empty: dimension '{name}' has length 0, expected at least 1")
    _check_length(dataset, "time", MINIMUM_TIMES, "time steps")
    for name in space_names(dataset):
        is_node = name == "node"
        _check_length(dataset, name, MINIMUM_NODES if is_node else MINIMUM_POINTS, f"points along '{name}'")
    for name in ("time", *space_names(dataset)):
        if name != "node":
            check_uniform(dataset[name].values, name)
    for name in field_names(dataset):
        _check_field(dataset[name])


def check_uniform(values: np.ndarray, name: str) -> None:
    """Raise DataError unless the coordinate increases uniformly, up to float32 rounding of its values."""
    if not np.all(np.isfinite(values)):
        where = int(np.argmin(np.isfinite(values)))
        raise DataError(f"coordinate '{name}' is {values[where]} at index {where}, expected a finite number")
    steps = np.diff(values)
    if np.any(steps <= 0):
        where = int(np.argmax(steps <= 0))
        kind = "repeats" if steps[where] == 0 else "decreases"
        remedy = "drop the repeated entry" if steps[where] == 0 else f"sort the data along '{name}'"
        raise DataError(
            f"coordinate '{name}' {kind} at index {where + 1} (got {values[where]:.6g} and then "
            f"{values[where + 1]:.6g}), expected increasing values: {remedy}"
        )
    step = (values[-1] - values[0]) / (len(values) - 1)
    rounding = 4 * np.finfo(np.float32).eps * np.max(np.abs(values))
    uneven = np.abs(steps - step) > 1e-4 * step + rounding
    if np.any(uneven):
        where = int(np.argmax(uneven))
        raise DataError(
            f"coordinate '{name}' is not uniform: the step after index {where} is {steps[where]:.6g}, "
            f"expected {step:.6g} (the mean step): interpolate the data to a uniform grid"
        )


def _check_length(dataset: xarray.Dataset, name: str, minimum: int, noun: str) -> None:
    if dataset.sizes[name] < minimum:
        raise DataError(f"too few {noun}: got {dataset.sizes[name]}, expected at least {minimum}")


def _check_field(field: xarray.DataArray) -> None:
    values = field.values
    finite = np.isfinite(values)
    if not finite.all():
        first = np.unravel_index(int(np.argmin(finite)), values.shape)
        place = ", ".join(
            f"{dim} {index}"
            if dim in ("sample", "node")
            else f"{dim} = {field[dim].values[index]:.6g} (index {index})"
            for dim, index in zip(field.dims, first, strict=True)
        )
        raise DataError(
            f"field '{field.name}' has {int((~finite).sum())} values that are NaN or infinite, "
            f"the first at {place}: remove or interpolate them"
        )
    if np.ptp(values) <= 1e-12 * np.max(np.abs(values)):
        raise DataError(
            f"field '{field.name}' is constant ({values.flat[0]:.6g} everywhere): there is nothing to learn"
        )
