"""Gauss–Newton on the coefficients of the terms and the stencil together, with standard errors."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .regression import WeakRegression


@dataclass(frozen=True)
class Fit:
    """Coefficients of the kept terms, damping and stencil at the minimum of the weak residual on the
    training data.

    `covariance` is of (θ_kept, γ), clustered over blocks of neighbouring windows, which share data.
    """

    kept: tuple[int, ...]
    theta: np.ndarray
    damping: float
    damped: bool
    stencil: Tensor
    covariance: np.ndarray
    residual: float

    @property
    def standard_errors(self) -> np.ndarray:
        return np.sqrt(np.diag(self.covariance))


def gauss_newton(
    regression: WeakRegression,
    stencil: Tensor,
    directions: Tensor,
    kept: list[int],
    damped: bool,
    iterations: int = 20,
    tolerance: float = 1e-9,
) -> Fit:
    """Minimise ‖R(θ, γ, a)‖² over the kept coefficients, γ if `damped`, and the stencil a scaled to κ = 1.

    The stencil moves along `directions`, shape (count, n, radius): those that the data determine. R is linear
    in (θ, γ), which are eliminated at each step (variable projection); the step in a is halved until the
    residual falls. Ends when a step improves ‖R‖ by less than `tolerance` relative.
    """
    stencil = regression.normalised(stencil.detach())
    design, theta, residual = _solve(regression, stencil, kept, damped)
    gradient_terms = [n for n in kept if regression.library.terms[n].axes is not None]
    for _ in range(iterations if gradient_terms else 0):
        full = torch.cat([design, _stencil_jacobian(regression, stencil, directions, kept, theta)], dim=1)
        scale = full.norm(dim=0).clamp_min(1e-300)
        step = (
            torch.linalg.lstsq(full / scale, -residual[:, None], driver="gelsd", rcond=1e-12).solution[:, 0]
            / scale
        )
        change = torch.tensordot(step[design.shape[1] :], directions, dims=1)
        fraction = 1.0
        while fraction > 1e-3:
            trial = regression.normalised(stencil + fraction * change)
            trial_design, trial_theta, trial_residual = _solve(regression, trial, kept, damped)
            if trial_residual.norm() < residual.norm():
                break
            fraction /= 2
        else:
            break
        gain = 1 - (trial_residual.norm() / residual.norm()).item()
        stencil, design, theta, residual = trial, trial_design, trial_theta, trial_residual
        if gain < tolerance:
            break
    columns = design
    if gradient_terms:
        columns = torch.cat([design, _stencil_jacobian(regression, stencil, directions, kept, theta)], dim=1)
    covariance = clustered_covariance(columns, residual, regression.shape)[: len(theta), : len(theta)]
    return Fit(
        tuple(kept),
        theta[: len(kept)].numpy(),
        float(theta[-1]) if damped else 0.0,
        damped,
        stencil,
        covariance,
        float(residual.norm() / regression.target.norm()),
    )


def relative_residual(regression: WeakRegression, fit: Fit) -> float:
    """‖R‖/‖∫ψ_tt φ‖ of a fit on other data."""
    columns = design_matrix(regression, fit.stencil, list(fit.kept), fit.damped)
    theta = torch.from_numpy(np.append(fit.theta, [fit.damping] if fit.damped else []))
    return float((regression.target + columns @ theta).norm() / regression.target.norm())


def design_matrix(regression: WeakRegression, stencil: Tensor, kept: list[int], damped: bool) -> Tensor:
    """Columns of R for (θ_kept, γ)."""
    columns = (
        regression.columns(stencil, kept) if kept else regression.target.new_zeros(len(regression.target), 0)
    )
    return torch.cat([columns, regression.damping_column[:, None]], dim=1) if damped else columns


def _solve(
    regression: WeakRegression, stencil: Tensor, kept: list[int], damped: bool
) -> tuple[Tensor, Tensor, Tensor]:
    design = design_matrix(regression, stencil, kept, damped)
    scale = design.norm(dim=0).clamp_min(1e-300)
    theta = (
        torch.linalg.lstsq(design / scale, -regression.target[:, None], driver="gelsd").solution[:, 0] / scale
    )
    return design, theta, regression.target + design @ theta


def _stencil_jacobian(
    regression: WeakRegression, stencil: Tensor, directions: Tensor, kept: list[int], theta: Tensor
) -> Tensor:
    """∂R/∂a along each direction at fixed θ, with a scaled to κ = 1. shape: (rows, count)"""
    if len(directions) == 0:
        return theta.new_zeros(len(regression.target), 0)
    gradient_terms = [(i, n) for i, n in enumerate(kept) if regression.library.terms[n].axes is not None]

    def force(weight: Tensor) -> Tensor:
        columns = regression.gradient_columns(regression.normalised(weight), kept)
        return torch.stack([theta[i] * columns[n] for i, n in gradient_terms]).sum(0)

    rows = []
    for direction in directions:
        rows.append(torch.func.jvp(force, (stencil,), (direction,))[1])
    return torch.stack(rows, dim=1)


def clustered_covariance(columns: Tensor, residual: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """Sandwich (JᵀJ)⁻¹ [Σ_c g_c g_cᵀ] (JᵀJ)⁻¹ with scores g_c = J_cᵀR_c summed over blocks of 4 windows an
    axis.

    Windows overlap by half or more, so that their errors are correlated; blocks of a sample are taken as
    independent.
    """
    labels = np.zeros(shape, dtype=int)
    for position, size in enumerate(shape):
        block = np.arange(size) if position == 0 else np.arange(size) // 4
        axis = [1] * len(shape)
        axis[position] = size
        labels = labels * (block.max() + 1) + block.reshape(axis)
    flat = labels.reshape(-1)
    scale = columns.norm(dim=0).clamp_min(1e-300)
    normalised = (columns / scale).numpy()
    scores = np.zeros((flat.max() + 1, normalised.shape[1]))
    np.add.at(scores, flat, normalised * residual.numpy()[:, None])
    clusters = len(np.unique(flat))
    inverse = np.linalg.pinv(normalised.T @ normalised, rcond=1e-14, hermitian=True)
    spread = scores.T @ scores * clusters / max(1, clusters - 1)
    return (inverse @ spread @ inverse) / np.outer(scale, scale)
