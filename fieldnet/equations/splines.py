"""Smooth functions of one field: trigonometric splines, and their fit through the weak projections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import sympy

from lagrangians.jets import JetSpace

from .atoms import Atom
from .effective import effective_rows
from .estimate import Moments, score_fields
from .projections import QUADRATURE, Projections
from .search import EXPLAINED
from .selection import SYSTEMATIC, Criterion

MARGIN = 0.2
"""The interval of the waves is wider than the range of the data by this part of it at each end."""
ROUGHEST = 1.5
"""Waves have κσ below this: the mean of a shorter one over the noise is less than a third of it."""
MOST_WAVES = 32
ROUND_OFF = 1e-13
FLUCTUATION = 5.0
"""λ of noise may exceed 1 by this many of its standard deviations √(2/n)."""
PRICE = 3.0
"""What a free coefficient costs in n log λ: between Akaike's 2 and the Bayesian log n, which smooths so much
that the bands miss the truth."""
SMOOTHNESS = 10.0 ** np.arange(-14, 2.1, 0.5)
"""Weights μ of the penalty that are tried, in units of the gram matrix."""


@dataclass(frozen=True)
class SplineBasis:
    """1, φ, cos κ_1(φ − a), …, cos κ_n(φ − a) with κ_k = kπ/(b − a), for a field inside of [a, b].

    As in a smoothing spline, ∫F''² is penalised, which leaves 1 and φ free. Unlike B-splines all functions
    are quasipolynomials, from which the bias of the noise is taken off exactly.
    """

    symbol: sympy.Symbol
    low: float
    high: float
    waves: int

    @classmethod
    def of_data(cls, symbol: sympy.Symbol, values: np.ndarray, deviation: float) -> SplineBasis:
        """For the range that the data visit, with as many waves as noise of this deviation leaves legible."""
        low, high = float(values.min()) + 2 * deviation, float(values.max()) - 2 * deviation
        if not high > low:
            raise ValueError("got a field that is noise alone, expected one that moves; give other data")
        margin = MARGIN * (high - low)
        a, b = (float(f"{v:.6g}") for v in (low - margin, high + margin))
        legible = ROUGHEST * (b - a) / np.pi / deviation if deviation else np.inf
        return cls(symbol, a, b, int(max(4, min(MOST_WAVES, legible))))

    @property
    def inner(self) -> tuple[float, float]:
        """The range of the data with half of the margin, which values with noise do not leave."""
        half = MARGIN / (1 + 2 * MARGIN) / 2 * (self.high - self.low)
        return self.low + half, self.high - half

    @cached_property
    def rates(self) -> np.ndarray:
        """κ_k. shape: (waves,)"""
        return np.pi * np.arange(1, self.waves + 1) / (self.high - self.low)

    @cached_property
    def functions(self) -> tuple[sympy.Expr, ...]:
        angles = (sympy.Float(k) * self.symbol - sympy.Float(k * self.low) for k in self.rates)
        return (sympy.S.One, self.symbol, *(sympy.cos(angle) for angle in angles))

    def atoms(self, jets: JetSpace) -> tuple[Atom, ...]:
        return tuple(Atom(jets.zero, function) for function in self.functions)

    @property
    def penalty(self) -> np.ndarray:
        """The diagonal of ∫F''². shape: (2 + waves,)"""
        return np.concatenate([[0.0, 0.0], self.rates**4 * (self.high - self.low) / 2])

    def values(self, phi: np.ndarray) -> np.ndarray:
        """shape: (n,) -> (2 + waves, n)"""
        phi = np.asarray(phi, dtype=float)
        return np.concatenate([[np.ones_like(phi), phi], np.cos(np.outer(self.rates, phi - self.low))])

    def slopes(self, phi: np.ndarray) -> np.ndarray:
        """Derivatives of the functions. shape: (n,) -> (2 + waves, n)"""
        phi = np.asarray(phi, dtype=float)
        waves = -self.rates[:, None] * np.sin(np.outer(self.rates, phi - self.low))
        return np.concatenate([[np.zeros_like(phi), np.ones_like(phi)], waves])

    def primitives(self, phi: np.ndarray, origin: float) -> np.ndarray:
        """∫ from `origin` to φ of the functions. shape: (n,) -> (2 + waves, n)"""
        return self._primitives(np.asarray(phi, dtype=float)) - self._primitives(np.array([origin]))

    def _primitives(self, phi: np.ndarray) -> np.ndarray:
        waves = np.sin(np.outer(self.rates, phi - self.low)) / self.rates[:, None]
        return np.concatenate([[phi, phi**2 / 2], waves])

    def potential(self, weights: Sequence[float] | np.ndarray) -> sympy.Expr:
        """∫ Σ w_k f_k dφ, without a constant."""
        phi = self.symbol
        angles = [sympy.Float(k) * phi - sympy.Float(k * self.low) for k in self.rates]
        terms = [weights[0] * phi, weights[1] / 2 * phi**2]
        terms += [w / k * sympy.sin(u) for w, k, u in zip(weights[2:], self.rates, angles, strict=True)]
        return sympy.Add(*terms)


@dataclass(frozen=True)
class SplineFit:
    """target + Σ θ·linear + Σ w·basis = 0: atoms with the target first, then the linear ones, then the basis.

    `covariance` holds noise, with the overlap of the windows in it, and what the penalty hides (Wahba,
    J. R. Stat. Soc. B 45 (1983) 133); `freedom` is the number of free coefficients that the penalty leaves.

    shape: theta (atoms,), covariance (atoms, atoms)
    """

    basis: SplineBasis
    atoms: tuple[Atom, ...]
    theta: np.ndarray
    ratio: float
    misfit: float
    freedom: float
    effective_rows: float
    smoothness: float
    covariance: np.ndarray | None = None

    @property
    def linear(self) -> tuple[Atom, ...]:
        """The target and the atoms beside the potential."""
        return self.atoms[: len(self.atoms) - len(self.basis.functions)]

    @property
    def weights(self) -> np.ndarray:
        return self.theta[len(self.linear) :]

    @property
    def explained(self) -> bool:
        """Whether λ is that of noise, or the residual below `EXPLAINED` of the target."""
        return (
            bool(self.ratio < 1 + FLUCTUATION * np.sqrt(2 / self.effective_rows)) or self.misfit < EXPLAINED
        )


def fit_spline(
    projections: Projections,
    linear: Sequence[Atom],
    basis: SplineBasis,
    parts: Moments,
    like: SplineFit | None = None,
) -> SplineFit:
    """The force F(φ) of target + Σθ·linear + F = 0, the first of `linear` being the target.

    Minimises θᵀGθ/θᵀNθ + μ∫F''², errors in variables as in `estimate.smallest_relation`; μ minimises n log
    λ + `PRICE` · freedom and is at least so large that no function is lost in the noise. The fit has no
    covariance yet: see `with_errors`. `parts`: the moments of `linear` and the basis. With `like` its μ and
    n are taken.
    """
    atoms = (*linear, *basis.atoms(projections.measured.jets))
    penalty = np.concatenate([np.zeros(len(linear)), basis.penalty])
    scale = float(np.sqrt(parts.gram[0, 0]))
    unit = Moments(parts.gram / scale**2, parts.noise / scale**2)
    rows = 0.0 if like is None else like.effective_rows
    best: tuple[float, np.ndarray, float, float, float] | None = None
    for weight in SMOOTHNESS[::-1] if like is None else [like.smoothness]:
        solution = _penalised(unit, weight * penalty)
        if solution is None:
            break
        theta, ratio, freedom = solution
        rows = rows or _rows(projections, linear, basis, theta)
        value = Criterion(rows, 1).of(ratio, 0) + PRICE * freedom
        if best is None or value < best[0]:
            best = value, theta, ratio, freedom, float(weight)
    if best is None:
        raise ValueError("got a field lost in the noise, expected one that shows its force; give other data")
    _, theta, ratio, freedom, weight = best
    if like is None:
        rows = _rows(projections, linear, basis, theta)
    excess = max(theta @ unit.gram @ theta - theta @ unit.noise @ theta, 0.0)
    misfit = float(np.sqrt(excess / max(1 - unit.noise[0, 0], 1e-300)))
    return SplineFit(basis, atoms, theta, ratio, misfit, freedom, rows, weight)


def with_errors(projections: Projections, fit: SplineFit, parts: Moments) -> SplineFit:
    """The same with its covariance, H⁻¹(⟨qqᵀ⟩ + s μR)H⁻¹ with H = G − λN + μR and q the scores.

    s is the variance of the noise in units of G − λN, so that the second part is what the penalty hides if
    F is as rough as the penalty takes it to be.
    """
    penalty = (
        np.concatenate([np.zeros(len(fit.linear)), fit.basis.penalty]) * fit.smoothness * parts.gram[0, 0]
    )
    inside, inverse = _curvature(parts, _within(fit.ratio), penalty)
    if inverse is None:
        raise ValueError("got a fit to other moments; give those it was made of")
    score = score_fields(projections, fit.atoms, fit.theta, fit.ratio, parts).reshape(len(fit.atoms), -1)[1:]
    noise = score @ score.T * max(1.0, fit.ratio)
    unit = float(np.trace(inverse @ noise) / np.trace(inverse @ inside))
    least = max(1.0, fit.ratio) * quadrature_variance(fit.theta, parts) / fit.effective_rows
    if least > unit:
        noise, unit = noise * least / unit, least
    spread = np.zeros_like(parts.gram)
    spread[1:, 1:] = inverse @ (noise + unit * np.diag(penalty[1:])) @ inverse
    return replace(fit, covariance=spread)


def quadrature_variance(theta: np.ndarray, parts: Moments) -> float:
    """What errors of the columns by `QUADRATURE` of their size alone add to |Aθ|²."""
    return QUADRATURE**2 * float(theta**2 @ np.diag(parts.gram))


def _curvature(parts: Moments, ratio: float, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """(G − λN, (G − λN + μR)⁻¹) on all coefficients but the first; None where that is not positive."""
    inside = (parts.gram - ratio * parts.noise)[1:, 1:]
    size = np.sqrt(np.diag(parts.gram)[1:])
    scale = np.outer(size, size)
    values, vectors = np.linalg.eigh((inside + np.diag(penalty[1:])) / scale)
    if values[0] < ROUND_OFF * values[-1]:
        return inside, None
    return inside, (vectors / values) @ vectors.T / scale


def _within(ratio: float) -> float:
    """λ where it is that of noise. One far above comes of a force too smooth, and counts as 1."""
    return ratio if ratio < SYSTEMATIC else 1.0


def _penalised(parts: Moments, penalty: np.ndarray) -> tuple[np.ndarray, float, float] | None:
    """(θ, λ, freedom) where (G − λN + μR)θ = 0 but for the first entry, and λ = θᵀGθ/θᵀNθ.

    None where the penalty is too weak for functions that are lost in the noise.
    """
    ratio = 1.0
    for _ in range(20):
        within = _within(ratio)
        inside, inverse = _curvature(parts, within, penalty)
        if inverse is None:
            return None
        theta = np.concatenate([[1.0], -inverse @ (parts.gram - within * parts.noise)[1:, 0]])
        before, ratio = ratio, float(theta @ parts.gram @ theta / (theta @ parts.noise @ theta))
        if abs(ratio - before) < 1e-6 * ratio:
            break
    return theta, ratio, float(np.trace(inverse @ inside))


def _rows(projections: Projections, linear: Sequence[Atom], basis: SplineBasis, theta: np.ndarray) -> float:
    """Effective rows, with the root mean square slope of F."""
    jets = projections.measured.jets
    field = [jets.symbol(a) for a in range(len(jets.fields))].index(basis.symbol)
    values = projections.sampled_values[field].ravel()
    values = values[:: max(1, len(values) // 5000)]
    slope = float(np.sqrt(np.mean((theta[len(linear) :] @ basis.slopes(values)) ** 2)))
    atoms = [*linear, Atom(jets.zero, basis.symbol)]
    return max(effective_rows(projections, atoms, np.append(theta[: len(linear)], slope)), 4.0)
