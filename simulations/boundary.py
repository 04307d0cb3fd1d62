"""Which boundary a measured field has: periodic, winding (periodic up to 2πn) or open."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray

from .conventions import space_names
from .errors import DataError

Boundary = Literal["periodic", "winding", "open"]
_ATTRIBUTES: dict[str, Boundary] = {
    "periodic": "periodic",
    "winding": "winding",
    "open": "open",
    "dirichlet": "open",
    "neumann": "open",
}


def guess_boundary(dataset: xarray.Dataset, field: str | None = None) -> Boundary:
    """The boundary of a field (default: of the first one) of a dataset in normal form.

    The attribute `boundary` decides where it is present. Otherwise the ring is closed and the second
    differences that straddle the seam are compared with the interior ones (root mean square over samples and
    times, at several widths, so that noise does not hide a jump): "periodic" if the seam is as smooth as
    the interior, "winding" if it is after removing a jump of 2πn, n constant in time, and "open" if not.
    Several space axes share the least periodic answer. Oscillators on nodes have no boundary: "open".

    Raises DataError for an attribute that names no boundary.
    """
    given = dataset.attrs.get("boundary")
    if given is not None:
        if str(given) not in _ATTRIBUTES:
            raise DataError(f"attribute boundary = '{given}', expected one of {', '.join(_ATTRIBUTES)}")
        return _ATTRIBUTES[str(given)]
    axes = space_names(dataset)
    if axes == ("node",):
        return "open"
    values = dataset[field if field is not None else next(iter(dataset.data_vars))]
    order: tuple[Boundary, ...] = ("periodic", "winding", "open")
    found = [_axis_boundary(np.moveaxis(values.values, values.get_axis_num(axis), -1)) for axis in axes]
    return max(found, key=order.index)


def winding_number(values: np.ndarray) -> np.ndarray:
    """The n of φ(x + L) = φ(x) + 2πn, from values (..., x) on one period: the seam's jump in turns, rounded.

    >>> import numpy as np
    >>> int(winding_number(2 * np.pi * np.arange(10) / 10))
    1
    """
    return np.rint((values[..., -1] - values[..., 0]) / (2 * np.pi)).astype(int)


def _axis_boundary(values: np.ndarray) -> Boundary:
    if _seam_is_smooth(values, np.zeros(values.shape[:-1])):
        return "periodic"
    turns = winding_number(values)  # shape: (sample, time, …)
    constant = np.all(turns == turns[:, :1])
    if constant and np.any(turns) and _seam_is_smooth(values, 2 * np.pi * turns):
        return "winding"
    return "open"


def _seam_is_smooth(values: np.ndarray, jump: np.ndarray, factor: float = 1.5) -> bool:
    """Whether the second differences across the seam stay within `factor` × the largest interior one."""
    points = values.shape[-1]
    jump = jump[..., None]
    closed = np.concatenate([values - jump, values, values + jump], axis=-1)
    width = 1
    while width <= max(1, points // 16):
        sums = np.cumsum(np.concatenate([np.zeros_like(closed[..., :1]), closed], axis=-1), axis=-1)
        means = (sums[..., width:] - sums[..., :-width]) / width  # means[i] covers points i … i + width − 1
        second = means[..., 2 * width :] - 2 * means[..., width:-width] + means[..., : -2 * width]
        roughness = np.sqrt(np.mean(second**2, axis=tuple(range(second.ndim - 1))))
        # second[i] covers the points i … i + 3 width − 1: inside one period unless it straddles a seam.
        interior = roughness[points : 2 * points - 3 * width + 1]
        seam = roughness[2 * points - 3 * width + 1 : 2 * points]
        if seam.max() > factor * interior.max() + 1e-12 * np.abs(values).max():
            return False
        width *= 2
    return True
