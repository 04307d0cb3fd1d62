"""Parameters as tensors: checked once, converted once a precision and device."""

from __future__ import annotations

from typing import Any

import torch


def finite_tensor(value: Any, name: str) -> torch.Tensor:
    """The value in float64, still attached to its graph; ValueError if it is not numbers or not finite."""
    try:
        tensor = torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"got {name} {value!r}, expected numbers or an array of numbers") from None
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"got {name} that is not finite, expected numbers")
    return tensor


def per_node(value: Any, name: str, count: int) -> torch.Tensor:
    """A number or shape (count,), as shape (count,); ValueError for other shapes."""
    tensor = finite_tensor(value, name)
    if tensor.shape not in ((), (count,)):
        raise ValueError(f"got {name} of shape {tuple(tensor.shape)}, expected a number or ({count},)")
    return tensor.expand(count)


class Constant:
    """A parameter, and its copies in the precisions and on the devices where it was asked for."""

    def __init__(self, value: torch.Tensor):
        self.value = value
        self._copies: dict[tuple[torch.dtype, torch.device], torch.Tensor] = {}

    def like(self, other: torch.Tensor) -> torch.Tensor:
        """The value in the precision and on the device of `other`; attached to its graph if it has one."""
        value = self.value
        if value.dtype == other.dtype and value.device == other.device:
            return value
        if value.requires_grad:
            return value.to(other)
        key = (other.dtype, other.device)
        if key not in self._copies:
            self._copies[key] = value.to(other)
        return self._copies[key]
