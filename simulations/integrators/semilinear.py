"""Semilinear systems q̇ = L q + N(q, t), L diagonal in modes, for exponential integrators and splittings."""

from __future__ import annotations

from typing import Protocol

import torch


class SemilinearForm(Protocol):
    """q̇ = L q + N(q, t) in modes q̂, of shape (…, *modes, m) for m coupled components at each mode.

    `rates` has shape (*modes, m, m): the matrix L of each mode (complex). For one real field on a periodic
    grid the modes are those of `torch.fft.rfftn` and m = 1.
    """

    rates: torch.Tensor

    def to_modes(self, q: torch.Tensor) -> torch.Tensor:
        """q̂, complex, shape (…, *modes, m)."""

    def from_modes(self, modes: torch.Tensor) -> torch.Tensor:
        """q, real; inverse of `to_modes`."""

    def nonlinear(self, modes: torch.Tensor, time: float) -> torch.Tensor:
        """The modes of N(q, t)."""
