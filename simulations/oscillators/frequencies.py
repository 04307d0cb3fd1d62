"""Distributions of natural frequencies, and what mean-field theory says of them.

All mean-field statements are for θ̇_i = ω_i + (K/N) Σ_j sin(θ_j − θ_i), N → ∞.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import special
from scipy.optimize import brentq

from .parameters import finite_tensor


@dataclass(frozen=True)
class FrequencyDistribution:
    """A density g(ω) with ∫g = 1, its quantiles, and a centre.

    Attributes:
        name: for messages.
        centre: about which g is symmetric, if it is.
        density: g, of an array of frequencies.
        quantile: the inverse of the cumulative distribution, of an array in (0, 1).
    """

    name: str
    centre: float
    density: Callable[[np.ndarray], np.ndarray]
    quantile: Callable[[np.ndarray], np.ndarray]

    def sample(self, count: int, seed: int = 0) -> torch.Tensor:
        """Independent draws, shape (count,); the same seed gives the same."""
        uniform = np.random.default_rng(seed).random(_checked_count(count))
        return torch.as_tensor(self.quantile(np.clip(uniform, 1e-16, 1 - 1e-16)))

    def quantiles(self, count: int, seed: int | None = None) -> torch.Tensor:
        """The quantiles of (i + ½)/count, ascending, or shuffled by a seed; shape (count,).

        They have no sampling noise: means over oscillators meet N → ∞ like 1/N, not like N^{-1/2}.
        """
        places = (np.arange(_checked_count(count)) + 0.5) / count
        if seed is not None:
            places = np.random.default_rng(seed).permutation(places)
        return torch.as_tensor(self.quantile(places))

    def critical_coupling(self) -> float:
        """K_c = 2/(π g(centre)), where incoherence loses stability (Kuramoto 1975).

        ValueError if g is not symmetric about its centre and falling on both sides (a flat top is allowed).
        """
        self._check_unimodal()
        return 2 / (np.pi * float(self.density(np.array(self.centre))))

    def order_parameter(self, coupling: float) -> float:
        """r = |z_1| of the partially locked state: 0 for K ≤ K_c, else the root of

            1 = K ∫_{−π/2}^{π/2} cos²φ g(centre + K r sin φ) dφ

        (Strogatz, Physica D 143 (2000) 1, eq. 4.5), by Gauss–Chebyshev quadrature. ValueError as for
        `critical_coupling`.
        """
        if coupling <= self.critical_coupling():
            return 0.0
        angle = np.arange(1, 4001) * np.pi / 4001
        sine, weight = np.cos(angle), np.sin(angle) ** 2 * np.pi / 4001

        def excess(r: float) -> float:
            return coupling * float(weight @ self.density(self.centre + coupling * r * sine)) - 1

        return 1.0 if excess(1.0) >= 0 else float(brentq(excess, 1e-9, 1.0, xtol=1e-12))

    def _check_unimodal(self) -> None:
        away = np.abs(self.quantile(0.5 + np.arange(1, 400) / 801) - self.centre)
        away = np.sort(away)
        right, left = self.density(self.centre + away), self.density(self.centre - away)
        peak = float(self.density(np.array(self.centre)))
        tolerance = 1e-9 * max(peak, float(right.max(initial=0.0)))
        symmetric = bool(np.all(np.abs(right - left) <= tolerance))
        falling = bool(np.all(np.diff(np.concatenate([[peak], right])) <= tolerance))
        if not (symmetric and falling and np.isfinite(peak) and peak > 0):
            reason = "is not symmetric" if not symmetric else "has more than one maximum"
            raise ValueError(
                f"got the distribution '{self.name}', whose density {reason}, expected a symmetric unimodal "
                "one: K_c = 2/(πg) and its partially locked state hold for no other; measure the onset"
            )


def lorentzian(centre: float = 0.0, width: float = 1.0) -> FrequencyDistribution:
    """g = (γ/π)/((ω − centre)² + γ²), γ the half-width at half maximum; K_c = 2γ."""
    _check_width(width)
    return FrequencyDistribution(
        "lorentzian",
        centre,
        lambda omega: width / np.pi / ((omega - centre) ** 2 + width**2),
        lambda place: centre + width * np.tan(np.pi * (place - 0.5)),
    )


def gaussian(centre: float = 0.0, width: float = 1.0) -> FrequencyDistribution:
    """The normal distribution, σ = width its standard deviation; K_c = σ√(8/π)."""
    _check_width(width)
    return FrequencyDistribution(
        "gaussian",
        centre,
        lambda omega: np.exp(-(((omega - centre) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi)),
        lambda place: centre + width * special.ndtri(place),
    )


def uniform(centre: float = 0.0, width: float = 1.0) -> FrequencyDistribution:
    """g = 1/(2γ) for |ω − centre| ≤ γ = width; K_c = 4γ/π, where r jumps to π/4 (Pazó, Phys. Rev. E 72 (2005)
    046211).
    """
    _check_width(width)
    return FrequencyDistribution(
        "uniform",
        centre,
        lambda omega: np.where(np.abs(omega - centre) <= width, 0.5 / width, 0.0),
        lambda place: centre + width * (2 * place - 1),
    )


def bimodal(centre: float = 0.0, width: float = 0.5, separation: float = 2.0) -> FrequencyDistribution:
    """The mean of two Lorentzians of half-width `width` at centre ± separation/2.

    It has two maxima where separation > 2 width/√3; well apart, incoherence loses stability at K = 4 width
    (Martens et al., Phys. Rev. E 79 (2009) 026204).
    """
    _check_width(width)
    if not separation >= 0:
        raise ValueError(f"got separation {separation}, expected a number ≥ 0")
    half = separation / 2

    def density(omega: np.ndarray) -> np.ndarray:
        peaks = (width / ((omega - centre - side) ** 2 + width**2) for side in (half, -half))
        return np.add(*peaks) / (2 * np.pi)

    def quantile(place: np.ndarray) -> np.ndarray:
        middle = width * np.tan(np.pi * (place - 0.5))
        low, high = middle - half, middle + half
        for _ in range(80):  # bisection: the quantile lies between those of the two peaks
            middle = (low + high) / 2
            angles = np.arctan((middle - half) / width) + np.arctan((middle + half) / width)
            above = 0.5 + angles / (2 * np.pi) > place
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        return centre + (low + high) / 2

    return FrequencyDistribution("bimodal", centre, density, quantile)


def identical(centre: float = 0.0) -> FrequencyDistribution:
    """Every frequency the same: no density, so no K_c."""

    def density(omega: np.ndarray) -> np.ndarray:
        raise ValueError(
            "got the distribution 'identical', which has no density; expected one of finite width"
        )

    return FrequencyDistribution(
        "identical", centre, density, lambda place: np.full(np.shape(place), float(centre))
    )


def given(values: Any) -> torch.Tensor:
    """Measured or chosen frequencies, checked: shape (N,), finite, N ≥ 2. They have no density."""
    frequencies = finite_tensor(values, "frequencies")
    if frequencies.ndim != 1 or len(frequencies) < 2:
        raise ValueError(f"got frequencies of shape {tuple(frequencies.shape)}, expected (N,) with N ≥ 2")
    return frequencies


def _check_width(width: float) -> None:
    if not (np.isfinite(width) and width > 0):
        raise ValueError(
            f"got width {width}, expected a positive number; use identical for equal frequencies"
        )


def _checked_count(count: int) -> int:
    if count < 2:
        raise ValueError(f"got {count} oscillators, expected 2 or more")
    return count
