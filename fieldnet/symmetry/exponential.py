"""exp(θ^a B_a) x for many θ at once, and the θ that best take x to y."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from .ansatz import Ansatz, Matrices

ORDER = 24
ITERATIONS = 40
SMALL = 8
"""Matrices up to this size are exponentiated; the action of larger ones is summed as that of fields."""
LARGEST = 15.0
"""‖θB‖ is kept below this: a rotation by π as a 3×3 matrix has 4.4."""


def exponential_with_slopes(ansatz: Ansatz, theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """exp(θ_p^a B_a) x_p and its derivatives ∂/∂θ_p^a: the exponential of the augmented operator
    (u, w_a) ↦ (Bu, Bw_a + B_a u).

    shape: … -> (pairs, vectors, length), (pairs, size, vectors, length)
    """
    if isinstance(ansatz, Matrices) and ansatz.length <= SMALL:
        return matrix_exponential_with_slopes(ansatz, theta, x)
    steps = _steps(ansatz, theta)
    slopes = x.new_zeros(len(x), ansatz.size, *x.shape[1:])
    for _ in range(steps):
        term, slope = x, slopes
        for order in range(1, ORDER + 1):
            slope = (ansatz.combine(theta, slope) + ansatz.each(term)) / (steps * order)
            term = ansatz.combine(theta, term) / (steps * order)
            x, slopes = x + term, slopes + slope
            if float(slope.abs().max()) <= 1e-10 * float(slopes.abs().max()):
                break
    return x, slopes


def matrix_exponential_with_slopes(ansatz: Matrices, theta: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The same for matrices: exp [[A, B_a], [0, A]] = [[exp A, ∂_a exp A], [0, exp A]] (Van Loan 1978).

    shape: (pairs, size), (pairs, vectors, n) -> (pairs, vectors, n), (pairs, size, vectors, n)
    """
    n, count = ansatz.length, len(theta)
    operator = torch.einsum("pa,aij->pij", theta, ansatz.tensor)
    block = x.new_zeros(count, ansatz.size, 2 * n, 2 * n)
    block[:, :, :n, :n] = block[:, :, n:, n:] = operator[:, None]
    block[:, :, :n, n:] = ansatz.tensor
    both = torch.linalg.matrix_exp(block)
    values = x @ both[:, 0, n:, n:].mT
    return values, x[:, None] @ both[:, :, :n, n:].mT


def _steps(ansatz: Ansatz, theta: Tensor) -> int:
    bound = float(ansatz.bound(theta).max())
    if not math.isfinite(bound):
        raise ValueError("got generators that are not finite, expected finite ones; use a smaller ansatz")
    return max(1, math.ceil(bound / 3))


@dataclass(frozen=True)
class Elements:
    """θ_p of every group, in the ansatz; `residual`: Σ |r_p|² of each, r_p = exp(−½θB)y − exp(½θB)x, shape
    (pairs,); `slopes`: −∂r/∂θ, shape (pairs, size, vectors · length).
    """

    theta: Tensor
    residual: Tensor
    slopes: Tensor

    @property
    def normal(self) -> Tensor:
        """JᵀJ of each pair. shape: (pairs, size, size)"""
        return self.slopes @ self.slopes.mT


def halfway(ansatz: Ansatz, theta: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(r, −∂r/∂θ) with r_p = exp(−½θ_p^a B_a) y_p − exp(½θ_p^a B_a) x_p, where the two meet half-way.

    Noise in x and in y then pulls θ in opposite directions: to second order in the noise the estimate has no
    bias, while that of |y − exp(θB)x|² has one towards generators of negative trace.
    shape: -> (pairs, vectors · length), (pairs, size, vectors · length)
    """
    both = torch.cat([x, y])
    values, slopes = exponential_with_slopes(ansatz, torch.cat([theta, -theta]) / 2, both)
    count = len(x)
    residual = values[count:] - values[:count]
    return residual.flatten(1), (slopes[:count] + slopes[count:]).flatten(2) / 2


def fit_elements(
    ansatz: Ansatz, x: Tensor, y: Tensor, start: Tensor | None = None, iterations: int = ITERATIONS
) -> Elements:
    """min over θ_p of Σ |r_p|², `halfway`'s residual, each p by itself: Levenberg–Marquardt from θ = 0.

    shape of x and y: (pairs, vectors, length). A step is at most ‖θB‖ ≈ 1.
    """
    theta = x.new_zeros(len(x), ansatz.size) if start is None else start.clone()
    damping = x.new_full((len(x),), 1e-2)
    value, slopes = halfway(ansatz, theta, x, y)
    residual = value.square().sum(1)
    smallest = y.square().sum((1, 2)) * 1e-28
    still = residual > smallest
    for _ in range(iterations):
        moving = still.nonzero()[:, 0]
        if not len(moving):
            break
        j = slopes[moving]
        normal = j @ j.mT
        force = torch.einsum("pad,pd->pa", j, value[moving])
        diagonal = torch.diagonal(normal, dim1=1, dim2=2)
        weight = diagonal + 1e-6 * diagonal.mean(1, keepdim=True) + 1e-300
        damped = normal + torch.diag_embed(damping[moving, None] * weight)
        step = torch.linalg.solve(damped, force[..., None])[..., 0]
        step = step / torch.clamp(ansatz.bound(step), min=1.0)[:, None]
        trial = theta[moving] + step
        trial = trial * torch.clamp(LARGEST / ansatz.bound(trial), max=1.0)[:, None]
        tried, tried_slopes = halfway(ansatz, trial, x[moving], y[moving])
        new = tried.square().sum(1)
        better = new < residual[moving]
        won, lost = moving[better], moving[~better]
        gained = residual[won] - new[better] > 1e-6 * residual[won]
        theta[won], residual[won] = trial[better], new[better]
        value[won], slopes[won] = tried[better], tried_slopes[better]
        damping[won] /= 5
        damping[lost] *= 5
        still[won] = gained & (residual[won] > smallest[won])
        still[lost] = damping[lost] < 1e6
    return Elements(theta, residual, slopes)
