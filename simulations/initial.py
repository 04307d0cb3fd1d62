"""Initial data for a system from a measured trajectory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray

from .files.conventions import field_names, spacing


def initial_state(
    dataset: xarray.Dataset,
    fields: Sequence[str] | None = None,
    index: int = 0,
    window: int = 9,
    degree: int | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The pair (φ, φ_t) at a saved time, from a polynomial in t fitted at every point.

    Args:
        dataset: in normal form.
        fields: names in the order of the system, default all of the dataset.
        index: which saved time; −1 is the last.
        window: how many saved states to use, as central about `index` as the ends allow.
        degree: of the polynomial, default window − 1 (interpolation: φ is the saved state, φ_t a finite
            difference of order window − 1). For noisy data take a wide window and a low degree.

    Returns float64 tensors of shape (sample, *points), or (sample, field, *points) for several fields.
    ValueError for an index or window outside the data, or degree outside 1 … window − 1.
    """
    names = field_names(dataset) if fields is None else tuple(fields)
    times = dataset.sizes["time"]
    degree = window - 1 if degree is None else degree
    if not -times <= index < times:
        raise ValueError(f"got index {index}, expected one of the {times} saved times")
    if not 2 <= window <= times:
        raise ValueError(f"got a window of {window} states, expected 2 to {times}")
    if not 1 <= degree < window:
        raise ValueError(f"got degree {degree}, expected 1 to {window - 1} for a window of {window}")
    index %= times
    first = min(max(0, index - window // 2), times - window)
    steps = np.arange(first, first + window) - index
    scale = max(abs(steps))
    powers = np.vander(steps / scale, degree + 1, increasing=True)
    fit = np.linalg.pinv(powers)  # coefficients of the polynomial in step/scale from the states
    missing = [name for name in names if name not in dataset.data_vars]
    if missing:
        raise ValueError(f"got no field {', '.join(missing)}, expected {', '.join(field_names(dataset))}")
    states = np.stack([dataset[name].values[:, first : first + window] for name in names], axis=2)
    value, slope = (torch.as_tensor(np.einsum("t,st...->s...", row, states)) for row in fit[:2])
    slope = slope / (scale * spacing(dataset, "time"))
    return (value, slope) if len(names) > 1 else (value[:, 0], slope[:, 0])
