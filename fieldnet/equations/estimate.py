"""Coefficients by generalised total least squares, and their covariance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from .atoms import Atom
from .projections import Moments, Projections


def smallest_relation(parts: Moments) -> tuple[np.ndarray, float]:
    """(θ, λ): θᵀGθ/θᵀNθ is least at θ, where it is λ.

    Where Σ_kθ_k·atom_k = 0 holds, Aθ = Eθ is noise alone and λ = 1 up to fluctuations; the least ratio is the
    maximum-likelihood estimate of θ for independent rows (errors in variables; Fuller, Measurement Error
    Models, §2.3). Least squares would take the noise in the columns for signal and shrink them. θ has no
    sign or scale.
    """
    size = np.sqrt(np.diag(parts.gram))
    size = np.where(size > 0, size, 1.0)
    scale = np.outer(size, size)
    values, vectors = eigh(parts.gram / scale, parts.noise / scale, subset_by_index=[0, 0])
    return vectors[:, 0] / size, float(max(values[0], 0.0))


def solved_for(parts: Moments, target: int) -> tuple[np.ndarray, float]:
    """As `smallest_relation`, scaled to θ[target] = 1. θ is infinite where the relation does without the
    target.
    """
    theta, ratio = smallest_relation(parts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return theta / theta[target], ratio


def score_fields(
    projections: Projections,
    atoms: Sequence[Atom],
    theta: np.ndarray,
    ratio: float,
    parts: Moments,
    columns: np.ndarray | None = None,
) -> np.ndarray:
    """q_ka(x): the first-order change of the score (G − λN)θ with the noise ε_a(x) of each field, in units
    of σ_a.

    The residual r = Aθ changes by ∫ψ Σ_l θ_l D_l(∂F̃_l/∂φ_a ε_a), and the score A_kᵀr with it: q_k = σ_a Σ_l
    θ_l ∂F̃_l/∂φ_a · (A_k spread on ∂_{α_l}ψ). Overlap of the windows is in it exactly. shape: (atoms,
    fields, sample, time, *S)
    """
    columns = projections.columns(atoms) if columns is None else columns
    residual = columns @ theta
    noisy = parts.noise @ theta / float(theta @ parts.noise @ theta)
    slopes = projections.slopes(atoms, theta)
    return np.stack(
        [
            np.stack(projections.influence(slopes, rows.reshape(projections.shape)))
            for rows in (columns - np.outer(residual, noisy)).T
        ]
    )


def inverse_curvature(parts: Moments, ratio: float, target: int) -> np.ndarray:
    """(G − λN)⁻¹ on the free coefficients, those but the target; 0 on the target. shape: (atoms, atoms)"""
    free = [n for n in range(len(parts.gram)) if n != target]
    out = np.zeros_like(parts.gram)
    if free:
        where = np.ix_(free, free)
        curvature = parts.gram[where] - ratio * parts.noise[where]
        size = np.sqrt(np.diag(parts.gram)[free])
        out[where] = np.linalg.pinv(curvature / np.outer(size, size)) / np.outer(size, size)
    return out


def covariance(
    projections: Projections,
    atoms: Sequence[Atom],
    theta: np.ndarray,
    ratio: float,
    target: int,
    parts: Moments,
) -> np.ndarray:
    """Covariance of θ (θ[target] = 1 has none), from the propagated noise: C = H⁻¹⟨qqᵀ⟩H⁻¹, H = G − λN.

    Where the equation does not explain the data to the noise, λ > 1, it is scaled by λ. shape: (atoms, atoms)
    """
    influence = influences(projections, atoms, theta, ratio, target, parts)
    flat = influence.reshape(len(atoms), -1)
    return flat @ flat.T


def influences(
    projections: Projections,
    atoms: Sequence[Atom],
    theta: np.ndarray,
    ratio: float,
    target: int,
    parts: Moments,
    columns: np.ndarray | None = None,
) -> np.ndarray:
    """∂θ_k/∂(ε_a(x)/σ_a), times √max(1, λ). shape: (atoms, fields, sample, time, *S)

    `columns`: WA where the rows are weighted and `parts` are in that metric; by default A.
    """
    score = score_fields(projections, atoms, theta, ratio, parts, columns)
    inverse = inverse_curvature(parts, ratio, target)
    return np.tensordot(inverse, score, axes=1) * np.sqrt(max(1.0, ratio))
