"""Functions e^{hL}, φ_k(hL) of the matrix L of each mode, and a cache of them by step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.weak import WeakIdKeyDictionary

CONDITION = 1e4  # of the eigenvectors, up to which a matrix is diagonalised
CONTOUR_POINTS = 64
MOST_STEPS = 32  # sizes of a step that are kept for one L


def applied(matrices: torch.Tensor, modes: torch.Tensor) -> torch.Tensor:
    """The matrix of each mode times its components, shape (…, *modes, m)."""
    if matrices.shape[-1] == 1:
        return matrices[..., 0] * modes
    return (matrices @ modes[..., None])[..., 0]


def exponential(rates: torch.Tensor, step: float) -> torch.Tensor:
    """e^{hL}, shape (*modes, m, m)."""
    return matrix_function(rates, step, 0)[0]


def matrix_function(rates: torch.Tensor, step: float, highest: int) -> tuple[torch.Tensor, ...]:
    """φ_0(hL) = e^{hL}, φ_1, …, φ_highest, shape (*modes, m, m) each; φ_{k+1}(z) = (φ_k(z) − 1/k!)/z.

    Scalars by the mean over a circle about each z where |z| < 1 (A.-K. Kassam & L. N. Trefethen, SIAM J. Sci.
    Comput. 26 (2005) 1214, eq. 2.3; radius 2 here) and by the recursion elsewhere; matrices by their
    eigenvectors where these are well conditioned, else, and where L needs gradients, by the exponential of
    the block matrix [[hL, 1, 0, …], [0, 0, 1, …], …] (R. B. Sidje, ACM Trans. Math. Softw. 24 (1998) 130,
    theorem 1).
    """
    scaled = step * rates
    size = rates.shape[-1]
    if size == 1:
        return tuple(_scalar(scaled, k) for k in range(highest + 1))
    if rates.requires_grad:
        return _by_blocks(scaled, highest)
    values, vectors = torch.linalg.eig(scaled)
    good = torch.linalg.cond(vectors) < CONDITION
    safe = torch.where(good[..., None, None], vectors, torch.eye(size).to(vectors))
    inverse = torch.linalg.inv(safe)
    diagonal = tuple((safe * _scalar(values, k)[..., None, :]) @ inverse for k in range(highest + 1))
    if bool(good.all()):
        return diagonal
    blocks = _by_blocks(scaled[~good], highest)
    result = []
    for regular, special in zip(diagonal, blocks, strict=True):
        filled = regular.clone()
        filled[~good] = special
        result.append(filled)
    return tuple(result)


def _scalar(z: torch.Tensor, k: int) -> torch.Tensor:
    """φ_k(z), elementwise, to round-off."""
    if k == 0:
        return torch.exp(z)
    small = z.abs() < 1
    far = torch.where(small, torch.ones_like(z), z)
    direct = torch.exp(far)
    for j in range(k):
        direct = (direct - 1 / math.factorial(j)) / far
    near = torch.where(small, z, torch.zeros_like(z))
    angle = 2 * torch.pi * (torch.arange(CONTOUR_POINTS, dtype=z.real.dtype, device=z.device) + 0.5)
    circle = near[..., None] + 2 * torch.exp(1j * angle / CONTOUR_POINTS)
    mean = torch.exp(circle)
    for j in range(k):
        mean = (mean - 1 / math.factorial(j)) / circle
    return torch.where(small, mean.mean(-1), direct)


def _by_blocks(scaled: torch.Tensor, highest: int) -> tuple[torch.Tensor, ...]:
    size = scaled.shape[-1]
    if highest == 0:
        return (torch.linalg.matrix_exp(scaled),)
    blocks = highest + 1
    shape = (*scaled.shape[:-2], blocks * size, blocks * size)
    chain = torch.zeros(shape, dtype=scaled.dtype, device=scaled.device)
    one = torch.eye(size, dtype=scaled.dtype, device=scaled.device)
    for k in range(highest):
        chain[..., k * size : (k + 1) * size, (k + 1) * size : (k + 2) * size] = one
    padded = torch.nn.functional.pad(scaled, (0, (blocks - 1) * size, 0, (blocks - 1) * size))
    whole = torch.linalg.matrix_exp(chain + padded)
    return tuple(whole[..., :size, k * size : (k + 1) * size] for k in range(blocks))


class StepCache:
    """Values of `function(rates, step)`, kept as long as the tensor `rates` lives.

    Nothing is kept for rates that need gradients: their graph serves one backward pass.
    """

    def __init__(self, function: Callable[[torch.Tensor, float], Any]):
        self._function = function
        self._kept: WeakIdKeyDictionary = WeakIdKeyDictionary()

    def __call__(self, rates: torch.Tensor, step: float) -> Any:
        if rates.requires_grad:
            return self._function(rates, step)
        steps = self._kept.setdefault(rates, {})
        if step not in steps:
            if len(steps) >= MOST_STEPS:
                steps.clear()
            steps[step] = self._function(rates, step)
        return steps[step]
