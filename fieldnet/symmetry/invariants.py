"""Polynomial invariants of orbits, from pairs (x, gx) with a different unknown g for every pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..generators.bases import exponents
from .ansatz import Matrices
from .gap import Gap, find_gap
from .null_space import NullSpace, null_space
from .polynomials import monomial_gradients, monomials

DEGREES = (1, 2, 3, 4)
LARGEST = 120
"""Monomials above which a degree is not tried."""


@dataclass(frozen=True)
class Invariants:
    """h_j(x) = w_j · ψ(x) with h_j(y) = h_j(x) for all pairs, ψ the monomials of degree `degree`: matrices
    keep the degree, so that every homogeneous part of an invariant is one.

    `weights`: w, (invariants, monomials). `gap`: how many there are, from ρ² = 1 − correlation of h(x) and
    h(y): 0 for an invariant, 1 for unrelated x and y.
    """

    degree: int
    powers: tuple[tuple[int, ...], ...]
    weights: np.ndarray
    gap: Gap

    def gradients(self, x: np.ndarray) -> np.ndarray:
        """∇h_j. shape: (points, n) -> (points, invariants, n)"""
        return np.einsum("jm,pmi->pji", self.weights, monomial_gradients(x, self.powers))

    def refitted(self, x: np.ndarray, y: np.ndarray) -> Invariants:
        """As many invariants of the same degree, from other pairs."""
        scale = float(np.sqrt((x**2).mean()))
        found = correlation_spectrum(x / scale, y / scale, self.powers)
        return replace(self, weights=found.rows[: len(self.weights)] * scale ** -float(self.degree))

    def quadratic_form(self) -> np.ndarray | None:
        """η with h(x) = xᵀηx where there is one invariant and it is quadratic, normalised to ‖η‖ = 1."""
        if len(self.weights) != 1 or self.degree != 2:
            return None
        n = len(self.powers[0])
        eta = np.zeros((n, n))
        for power, w in zip(self.powers, self.weights[0], strict=True):
            places = [axis for axis, e in enumerate(power) for _ in range(e)]
            if len(places) == 2:
                eta[places[0], places[1]] += w / 2
                eta[places[1], places[0]] += w / 2
        return eta / np.linalg.norm(eta)


def correlation_spectrum(x: np.ndarray, y: np.ndarray, powers: Sequence[tuple[int, ...]]) -> NullSpace:
    """ρ of all combinations of monomials: ⟨(h(y) − h(x))²⟩ = 2ρ² Var h, mean and variance over x and y both.

    Coordinates are to be of order 1.
    """
    first, second = monomials(x, powers), monomials(y, powers)
    centre = (first.mean(0) + second.mean(0)) / 2
    difference = second - first
    both = np.concatenate([first, second]) - centre
    return null_space(difference.T @ difference / len(x) / 2, both.T @ both / len(both))


def find_invariants(x: np.ndarray, y: np.ndarray, controls: int, seed: int) -> Invariants | None:
    """The polynomial invariants of lowest degree that stand out by a gap, or None.

    Control spectra are those of shuffled partners. shape of x and y: (pairs, n)
    """
    scale = float(np.sqrt((x**2).mean()))
    draw = np.random.default_rng(seed)
    orders = [draw.permutation(len(x)) for _ in range(controls)]
    for degree in DEGREES:
        powers = tuple(exponents(x.shape[1], degree, degree))
        if len(powers) > min(LARGEST, len(x) // 3):
            break
        found = correlation_spectrum(x / scale, y / scale, powers)
        spectra = [correlation_spectrum(x / scale, y[o] / scale, powers).values for o in orders]
        gap = find_gap(found.values, spectra, nulls=True)
        if gap.dimension:
            return Invariants(degree, powers, found.rows[: gap.dimension] * scale ** -float(degree), gap)
    return None


def stabiliser(gradients: np.ndarray, x: np.ndarray, ansatz: Matrices) -> NullSpace:
    """ρ of A ↦ ∇h·Ax: ρ² = ⟨(∇h·Ax)²⟩ over what it would be for gradients unrelated to places,
    tr(Aᵀ⟨∇h∇hᵀ⟩A⟨xxᵀ⟩). The ratio does not depend on the linear coordinates.

    shape: (points, functions, n), (points, n)
    """
    moved = np.einsum("aij,pj->pai", ansatz.matrices, x)
    change = np.einsum("pji,pai->pja", gradients, moved).reshape(-1, ansatz.size)
    return null_space(change.T @ change / len(x), unrelated(gradients, x, ansatz))


def unrelated(slopes: np.ndarray, x: np.ndarray, ansatz: Matrices) -> np.ndarray:
    """⟨(D_p B_a x_q)·(D_p B_b x_q)⟩ over independent p and q.

    shape: (points, m, n), (points, n) -> (size, size)
    """
    n = x.shape[1]
    flat = slopes.reshape(-1, n)
    return np.einsum(
        "aij,ik,bkl,jl->ab",
        ansatz.matrices,
        flat.T @ flat / len(slopes),
        ansatz.matrices,
        x.T @ x / len(x),
        optimize=True,
    )
