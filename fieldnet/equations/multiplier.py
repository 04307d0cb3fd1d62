"""A fitted multiplier, and how it and the coefficients that it allows move with the data."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from .linear_spaces import flattened


@dataclass(frozen=True)
class MultiplierFit:
    """The best multiplier of one class and the coefficients that it allows, nearest to the fitted ones.

    `directions`: the matrices ∂g along its free parameters; `response` and `g_response` carry changes of the
    fitted coefficients to those of `coefficients` and of the parameters, so that covariances are LΣLᵀ.

    shape: multiplier (n, n), coefficients (n, atoms), directions (m, n, n), response (n·atoms, n·atoms),
    g_response (m, n·atoms)
    """

    multiplier: np.ndarray
    statistic: float
    degrees: int
    coefficients: np.ndarray
    directions: np.ndarray
    response: np.ndarray
    g_response: np.ndarray

    @property
    def combinations(self) -> np.ndarray:
        """p = g c, which meet the conditions. shape: (n, atoms)"""
        return self.multiplier @ self.coefficients

    @property
    def combinations_response(self) -> np.ndarray:
        """δp = g δc + δg c for changes of the fitted coefficients. shape: (n·atoms, n·atoms)"""
        count = self.coefficients.shape[1]
        through_g = flattened(self.directions @ self.coefficients)
        return np.kron(self.multiplier, np.eye(count)) @ self.response + through_g.T @ self.g_response

    def multiplier_covariance(self, covariance: np.ndarray) -> np.ndarray:
        """shape: (n·atoms, n·atoms) -> (n·n, n·n)"""
        response = flattened(self.directions).T @ self.g_response
        return response @ covariance @ response.T

    def normalised(self) -> MultiplierFit:
        """The same with g_11 = 1, or the first entry 1 that carries the first row where g_11 does not."""
        first = self.multiplier[0]
        j = int(np.argmax(np.abs(first) > 0.01 * np.abs(self.multiplier).max()))
        unit = first[j]
        slope = self.directions[:, 0, j][:, None, None]
        directions = self.directions / unit - self.multiplier * slope / unit**2
        return replace(self, multiplier=(self.multiplier / unit).round(14) + 0.0, directions=directions)

    @property
    def p_value(self) -> float:
        if self.degrees == 0:
            return 1.0 if np.isfinite(self.statistic) else 0.0
        return float(chi2.sf(self.statistic, self.degrees))

    @property
    def log_p_value(self) -> float:
        """log p, which still tells apart what p rounds to 0."""
        if self.degrees == 0 or not np.isfinite(self.statistic):
            return 0.0 if np.isfinite(self.statistic) else -np.inf
        return float(chi2.logsf(self.statistic, self.degrees))
