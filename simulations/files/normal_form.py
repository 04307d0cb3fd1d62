"""From any dataset with named dimensions to the normal form of `conventions`."""

from __future__ import annotations

import numpy as np
import xarray

from ..errors import DataError
from .conventions import SPACE_NAMES, TIME_NAMES, check, listing, only_time_name


def normalise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Bring a dataset with named dimensions to normal form and check it; raises DataError if it has none."""
    result = with_normal_axes(dataset)
    check(result)
    return result


def with_normal_axes(dataset: xarray.Dataset) -> xarray.Dataset:
    """The dimensions and dtype of the normal form, its lengths and values unchecked; DataError without."""
    dataset = _name_coordinates(dataset)
    if "time" not in dataset.dims or "time" not in dataset.coords:
        raise DataError(
            f"no time coordinate: expected a 1-D array named 't' or 'time'; got {_summary(dataset)}"
        )
    nodes = any({"time", "node"} <= set(array.dims) for array in dataset.data_vars.values())
    space = ("node",) if nodes else tuple(name for name in SPACE_NAMES if name in dataset.coords)
    if not space:
        raise DataError(
            "no space coordinate: expected a 1-D array named 'x', or dimension 'node'; "
            f"got {_summary(dataset)}"
        )
    fields = {}
    for name, array in dataset.data_vars.items():
        if not {"time", *space} <= set(array.dims):
            continue
        extra = [dim for dim in array.dims if dim not in ("sample", "time", *space)]
        if extra:
            raise DataError(
                f"array '{name}' has the dimension '{extra[0]}' besides {listing(('time', *space))}, "
                "expected only 'sample' besides them; store each component as a field of its own"
            )
        fields[name] = _as_field(array, str(name), space)
    if not fields:
        raise DataError(
            f"no field: expected an array with the dimensions {listing(('time', *space))}; "
            f"got {_summary(dataset)}"
        )
    coordinates = {name: dataset[name] for name in ("time", *space) if name in dataset.coords}
    for name, values in coordinates.items():
        if name != "node":
            coordinates[name] = values.astype(np.float64)
    if "node" in space and "node" not in coordinates:
        length = next(iter(fields.values())).sizes["node"]
        coordinates["node"] = xarray.DataArray(np.arange(length), dims="node")
    return xarray.Dataset(fields, coords=coordinates, attrs=dataset.attrs)


def _name_coordinates(dataset: xarray.Dataset) -> xarray.Dataset:
    """Make every 1-D variable t, time, x, y, z the coordinate of its dimension, and call the first `time`."""
    nodes = any("node" in array.dims and array.ndim > 1 for array in dataset.data_vars.values())
    time = only_time_name([name for name in TIME_NAMES if name in dataset.variables])
    for name in (*((time,) if time else ()), *SPACE_NAMES):
        if name not in dataset.variables:
            continue
        dims = dataset[name].dims
        if len(dims) != 1:
            if name == "z" or not dims:
                continue
            raise DataError(f"coordinate '{name}' has the dimensions {listing(dims)}, expected exactly one")
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
            f"field '{name}' is complex ({array.dtype}), expected real numbers; "
            "save real and imaginary parts as two fields"
        )
    if array.dtype.kind not in "iuf":
        raise DataError(f"field '{name}' has dtype {array.dtype}, expected real numbers")
    if "sample" not in array.dims:
        array = array.expand_dims("sample")
    array = array.transpose("sample", "time", *space).astype(np.float64)
    return array.reset_coords(drop=True)


def _summary(dataset: xarray.Dataset) -> str:
    arrays = [f"{name}{listing(array.dims)}" for name, array in dataset.variables.items() if array.dims]
    return ", ".join(arrays) if arrays else "no arrays"
