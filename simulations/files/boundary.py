"""Which boundary a measured field has: periodic, winding (periodic up to 2πn) or open."""

from __future__ import annotations

from typing import Literal

import numpy as np
import xarray

from ..errors import DataError
from .conventions import space_names

Boundary = Literal["periodic", "winding", "open"]
_ATTRIBUTES: dict[str, Boundary] = {
    "periodic": "periodic",
    "winding": "winding",
    "open": "open",
    "dirichlet": "open",
    "neumann": "open",
    "absorbing": "open",
}

_FACTOR = 2.5  # smooth seams reach 2.1 where a breather sits on them, bent ones start at 60 without noise
_NEGLIGIBLE = 2e-3  # of the standard deviation of the field: the tail of a kink in a small box
_MOST_ROWS = 4096
_BLOCKS = 32
_SHORTEST = 4  # rows of a block


def guess_boundary(dataset: xarray.Dataset, field: str | None = None) -> Boundary:
    """The boundary of a field (default: of the first one) of a dataset in normal form.

    The attribute `boundary` decides where it is present. Otherwise the ring is closed, and the differences of
    order 2, 4 and 6 that straddle the seam are compared with the interior ones (root mean square over samples
    and times, all and in blocks, after most of the noise is projected off): "periodic" if the seam is as
    smooth as the interior, "winding" if it is after removing a jump of 2πn, n constant in time, and "open" if
    not. Several space axes share the least periodic answer. Oscillators on nodes have no boundary: "open".

    With strong noise a wall that only bends the field (held at 0) cannot be told from a smooth seam.

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
    turns = winding_number(values)  # shape: (sample, time, …)
    constant = bool(np.all(turns == turns[:, :1]))
    rows = values.reshape(-1, values.shape[-1])
    thin = slice(None, None, -(-len(rows) // _MOST_ROWS))
    smooth = _without_noise(rows[thin])
    if _seam_is_smooth(smooth, np.zeros(len(smooth))):
        return "periodic"
    if constant and np.any(turns) and _seam_is_smooth(smooth, 2 * np.pi * turns.reshape(-1)[thin]):
        return "winding"
    return "open"


def _without_noise(rows: np.ndarray) -> np.ndarray:
    """Rows projected on the singular vectors above the noise, which are smooth where all rows are.

    The cut is ω(β) times the median singular value, ω as approximated in arXiv:1305.5870 (M. Gavish and
    D. L. Donoho, The optimal hard threshold for singular values is 4/√3), for noise of unknown size.
    """
    left, sizes, right = np.linalg.svd(rows, full_matrices=False)
    beta = min(rows.shape) / max(rows.shape)
    cut = (0.56 * beta**3 - 0.95 * beta**2 + 1.82 * beta + 1.43) * np.median(sizes)
    kept = max(1, int(np.sum(sizes > cut)))
    return (left[:, :kept] * sizes[:kept]) @ right[:kept]


def _seam_is_smooth(rows: np.ndarray, jump: np.ndarray) -> bool:
    """Whether no difference across the seam exceeds `_FACTOR` times the largest interior one.

    Root mean squares over all rows; second differences over each `_BLOCKS`-th of them too, since waves may
    reach an open end late.
    """
    points = rows.shape[1]
    closed = np.concatenate([rows - jump[:, None], rows], axis=1)
    for order in (2, 4, 6):
        squares = np.diff(closed, order, axis=1) ** 2  # of points i … i + order
        for count in (1, _BLOCKS) if order == 2 else (1,):
            parts = np.array_split(squares, min(count, max(1, len(rows) // _SHORTEST)))
            roughness = np.sqrt([part.mean(0) for part in parts])
            seam, interior = roughness[:, points - order : points], roughness[:, points:]
            if seam.max() > _FACTOR * interior.max() + _NEGLIGIBLE * rows.std():
                return False
    return True
