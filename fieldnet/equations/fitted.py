"""Equations of motion with numbers, and what is known about those numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lagrangians.jets import JetSpace

from .atoms import Atom


@dataclass(frozen=True)
class FittedEquations:
    """Σ_k c_ak · atom_k = 0, one equation a field, solved for `targets`: c[a, targets[a]] = 1.

    Coefficients outside `support` are exactly 0; the targets belong to the support and have no variance.
    `covariance` is that of the flattened coefficients, of shape (fields·atoms, fields·atoms), 0 in the rows
    and columns of targets and of what is not in the support. Coefficients of different equations are
    correlated since they share the data.

    `chi_square` is the weighted residual over its expectation from noise alone, by equation: near 1 where the
    equations explain the data to the noise.

    shape: coefficients, support (fields, atoms)
    """

    jets: JetSpace
    atoms: tuple[Atom, ...]
    targets: tuple[int, ...]
    coefficients: np.ndarray
    covariance: np.ndarray
    support: np.ndarray
    chi_square: np.ndarray

    @property
    def fields(self) -> tuple[str, ...]:
        return self.jets.field_names

    def standard_errors(self) -> np.ndarray:
        """shape: (fields, atoms)"""
        return np.sqrt(np.diag(self.covariance).clip(0)).reshape(self.coefficients.shape)
