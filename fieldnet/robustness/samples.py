"""Data as two tensors, inputs and targets, whatever holds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset


def inputs_and_targets(data: Any, batch: int) -> tuple[Tensor, Tensor]:
    """(inputs, targets) as they are, or collected once from a Dataset, a DataLoader or any iterable of pairs.

    The order is that in which the samples come. shape: (count, ...), (count, ...)

    Raises ValueError for anything else, for no samples, unequal counts, and inputs that are no real numbers.
    """
    if isinstance(data, (tuple, list)) and len(data) == 2 and all(isinstance(part, Tensor) for part in data):
        inputs, targets = data
    else:
        inputs, targets = _collected(data, batch)
    if inputs.ndim < 2 or not targets.ndim or not len(inputs) == len(targets) > 0:
        raise ValueError(
            f"got inputs of shape {tuple(inputs.shape)}, targets of shape {tuple(targets.shape)}, expected "
            "(count, ...) with the same count, at least 1"
        )
    if not inputs.is_floating_point():
        raise ValueError(f"got inputs of {inputs.dtype}, expected real numbers; convert them with .float()")
    return inputs.detach(), targets.detach()


def _collected(data: Any, batch: int) -> tuple[Tensor, Tensor]:
    pairs: Any = DataLoader(data, batch_size=batch) if isinstance(data, Dataset) else data
    if not isinstance(pairs, Iterable):
        raise ValueError(
            f"got data of type {type(data).__name__}, expected (inputs, targets) or a DataLoader"
        )
    parts: list[tuple[Tensor, Tensor]] = []
    for pair in pairs:
        if not (
            isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(p, Tensor) for p in pair)
        ):
            raise ValueError(
                "got data that do not give pairs of tensors, expected (inputs, targets) each time"
            )
        parts.append((pair[0], pair[1]))
    if not parts:
        raise ValueError("got no samples, expected at least 1")
    return torch.cat([inputs for inputs, _ in parts]), torch.cat([targets for _, targets in parts])
