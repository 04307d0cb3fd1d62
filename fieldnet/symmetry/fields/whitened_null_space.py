"""How many directions are null beside noise, and a readable basis of them with standard errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr, solve_triangular

from .weak_system import Grams

TRACY_WIDOM = 3.27
"""99.9% quantile of the Tracy–Widom law of order 1."""
CONFIDENCE = 3.0
"""Standard deviations by which the equation's residual must exceed the noise to be called systematic."""
SYSTEMATIC = 3.0
"""The limit's factor where the equation's own residual exceeds the noise: errors then are not white."""
MISFIT = 0.1
"""Largest residual of the equation, beyond the noise, in units of its largest term."""
FLOOR = 1e-12


@dataclass(frozen=True)
class NoiseScale:
    """Which residual counts as none.

    `excess`: the amplitude of the equation's own residual (the largest of ∫ψE, ∫∂_αψE) in units of what the
    measured noise causes, at least 1; `misfit`: its part beyond the noise over the largest term of the
    equation; `systematic`: whether errors of the equation or of the quadrature, not the noise, set the scale.
    """

    excess: float
    misfit: float
    systematic: bool


UNIT = NoiseScale(1.0, 0.0, False)
"""The measured noise alone."""


def noise_scale(grams: Grams, effective_count: float) -> NoiseScale:
    """Raises ValueError where the equation does not hold on the data."""
    residual, expected = grams.residual.sum(0), grams.residual_noise.sum(0)
    excess = float(np.sqrt(max(1.0, (residual / np.maximum(expected, 1e-300)).max())))
    misfit = float(np.sqrt(max(0.0, residual[0] - expected[0]) / max(grams.largest_term, 1e-300)))
    if misfit > MISFIT:
        raise ValueError(
            f"the equation does not hold on these data: its weak residual is {misfit:.2g} of its largest "
            f"term, expected below {MISFIT}; give the Lagrangian of these data, or none, to learn it"
        )
    return NoiseScale(excess, misfit, excess > 1 + CONFIDENCE / np.sqrt(effective_count))


@dataclass(frozen=True)
class NullSpace:
    """Directions in ascending order of their amplitude: √(energy on the data/energy expected of noise).

    `amplitudes`: about 1 for a symmetry; `directions`: scaled coefficients of unit length, one a row;
    `limits`: the largest amplitude that counts as noise for the i-th; `dimension`: how many directions lie
    below, from the first on. `singular_values`: of the rows without whitening, ascending.
    """

    amplitudes: np.ndarray
    directions: np.ndarray
    limits: np.ndarray
    dimension: int
    singular_values: np.ndarray

    @property
    def gap(self) -> float:
        """Amplitude of the first direction that is no symmetry over that of the last that is, or over 1."""
        if self.dimension == len(self.amplitudes):
            return float("nan")
        last = self.amplitudes[self.dimension - 1] if self.dimension else 1.0
        return float(self.amplitudes[self.dimension] / max(last, 1.0))


def null_space(grams: Grams, scale: NoiseScale, effective_count: float) -> NullSpace:
    """The pencil (Σ m mᵀ) a = λ² (noise of Σ m mᵀ) a: total least squares with the noise propagated through
    the projection, which biases the left side by exactly the right side.

    λ_i counts as null up to `noise_limit`(i, K), K the effective number of rows.
    """
    amplitudes, directions = pencil(grams, scale)
    limits = np.array([noise_limit(i + 1, effective_count) for i in range(len(amplitudes))])
    limits = limits * (SYSTEMATIC if scale.systematic else 1.0)
    below = amplitudes <= limits
    dimension = len(below) if below.all() else int(np.argmin(below))
    singular = np.linalg.svd(grams.stacked, compute_uv=False)[::-1]
    return NullSpace(amplitudes, directions, limits, dimension, singular)


def noise_limit(count: int, rows: float) -> float:
    """The largest singular value of rows × count unit noise, over √rows, that chance exceeds once in 1000.

    Johnstone's approximation with the Tracy–Widom law of order 1 (Annals of Statistics 29 (2001) 295,
    theorem 1.1): λ² ≈ μ + σW, μ = (√(K−1) + √i)², σ = (√(K−1) + √i)(1/√(K−1) + 1/√i)^{1/3}.
    """
    a, b = np.sqrt(max(rows - 1, 1.0)), np.sqrt(count)
    spread = (a + b) * (1 / a + 1 / b) ** (1 / 3)
    return float(np.sqrt(((a + b) ** 2 + TRACY_WIDOM * spread) / rows))


def span_amplitudes(grams: Grams, scale: NoiseScale, basis: np.ndarray) -> np.ndarray:
    """Amplitudes within the span of the rows of `basis`, ascending."""
    return pencil(grams, scale, basis)[0]


def pencil(grams: Grams, scale: NoiseScale, basis: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(amplitudes, directions of unit length, one a row), by singular values: no squares of the rows.

    The noise gets a floor for directions that it does not move, as a shift of a linear field.
    """
    noise = grams.noise.sum(0)
    noise = noise + FLOOR * np.trace(noise) / len(noise) * np.eye(len(noise))
    rows, B = grams.stacked, np.eye(len(noise)) if basis is None else basis
    factor = np.linalg.cholesky(B @ noise @ B.T) * scale.excess
    whitened = solve_triangular(factor, (rows @ B.T).T, lower=True).T
    _, sizes, vectors = np.linalg.svd(whitened, full_matrices=False)
    found = solve_triangular(factor.T, vectors.T, lower=False).T @ B
    return sizes[::-1], (found / np.linalg.norm(found, axis=1, keepdims=True))[::-1]


def reduced_basis(
    raw: np.ndarray, scaled: np.ndarray, tolerance: float = 0.2
) -> tuple[np.ndarray, list[int]]:
    """(rows, pivots) in reduced echelon form: row i has 1 in column pivots[i] and 0 in the other pivots.

    Columns are tried from the first on; one is a pivot if what the earlier pivots leave of it in the
    orthonormal scaled basis is longer than `tolerance`, or than that of every later column.
    shape: raw and scaled (n, size), the same span
    """
    if not len(raw):
        return raw, []
    left = qr(scaled.T, mode="economic")[0].T
    pivots: list[int] = []
    while len(pivots) < len(raw):
        lengths = np.linalg.norm(left, axis=0)
        start = pivots[-1] + 1 if pivots else 0
        after = lengths[start:]
        pivot = start + int(np.argmax(after >= min(tolerance, float(after.max()))))
        pivots.append(pivot)
        unit = left[:, pivot] / max(lengths[pivot], 1e-300)
        left = left - np.outer(unit, unit @ left)
    return np.linalg.solve(raw[:, pivots], raw), pivots


def standard_errors(
    grams: Grams, scale: NoiseScale, rows: np.ndarray, pivots: list[int], to_raw: np.ndarray
) -> np.ndarray:
    """Of the entries of a reduced basis in raw coefficients, 0 in the pivots.

    Each row a solves f(a) = [(R − κN) a]_free = 0, R and N the moments of rows and noise in raw coefficients
    and κ the row's own energy ratio; its covariance is J⁻¹ (Σ_blocks f_b f_bᵀ) J⁻ᵀ, clustered over blocks of
    test functions, J the matrix of f. shape: (n, size)
    """
    inverse = np.linalg.inv(to_raw)
    moments = inverse @ grams.moments @ inverse.T
    noise = inverse @ grams.noise @ inverse.T * scale.excess**2
    free = [j for j in range(rows.shape[1]) if j not in pivots]
    errors = np.zeros_like(rows)
    if not free:
        return errors
    blocks = len(moments)
    for i, a in enumerate(rows):
        R, N = moments.sum(0), noise.sum(0)
        ratio = float(a @ R @ a) / max(float(a @ N @ a), 1e-300)
        J = (R - ratio * N)[np.ix_(free, free)]
        scores = ((moments - ratio * noise) @ a)[:, free]
        scores = scores - scores.mean(0)
        step = np.linalg.solve(J, scores.T)
        errors[i, free] = np.sqrt((step**2).sum(1) * blocks / max(blocks - 1, 1))
    return errors
