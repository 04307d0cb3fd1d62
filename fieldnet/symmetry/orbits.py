"""A few generators fitted jointly to pairs that do not determine θ_p one by one."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .ansatz import Ansatz
from .exponential import fit_elements, halfway

STARTS = 2
ITERATIONS = 20
FITTED = 40
SCORED = 40


def orbit_residual(ansatz: Ansatz, rows: np.ndarray, x: Tensor, y: Tensor) -> float:
    """How far y_p is from the orbit {exp(t^i L_i) x_p}: root of the median over p of |r_p|² per degree of
    freedom left, relative to the data; without generators that of y − x. At most SCORED pairs are taken.

    |r_p|² is the squared distance between exp(−½tL)y and exp(½tL)x.
    The orbit's dimension, the rank of t ↦ t^i L_i x, is discounted, so that generators which explain nothing
    do not make the figure smaller.
    """
    x, y = x[:SCORED], y[:SCORED]
    numbers = x.shape[1] * x.shape[2]
    size = float(torch.sqrt((x.square().mean() + y.square().mean()) / 2))
    if not len(rows):
        return float((y - x).square().mean((1, 2)).median().sqrt()) / size
    space = ansatz.restricted(rows)
    found = fit_elements(space, x, y, iterations=25)
    singular = torch.linalg.svdvals(space.each(x).flatten(2))
    rank = float((singular > 1e-2 * singular[:, :1]).sum(1).double().median())
    freedom = max(numbers - rank, 1e-9)
    return float((found.residual.median() / freedom).sqrt()) / size


def fit_span(ansatz: Ansatz, x: Tensor, y: Tensor, count: int, seed: int) -> np.ndarray:
    """`count` generators L_i = c_i^a B_a with min over c and t of Σ_p |y_p − exp(t_p^i L_i) x_p|².

    Variable projection (Golub & Pereyra 1973) with Levenberg–Marquardt damping: the t_p are eliminated from
    each linear step, then fitted anew; from STARTS random c, on at most FITTED
    pairs; the best is kept. Orthonormal rows.
    """
    x, y = x[:FITTED], y[:FITTED]
    draw = np.random.default_rng(seed)
    best, least = np.zeros((0, ansatz.size)), np.inf
    for _ in range(STARTS):
        rows, residual = _descend(ansatz, x, y, draw.standard_normal((count, ansatz.size)))
        if residual < least:
            best, least = rows, residual
    return best


def _descend(ansatz: Ansatz, x: Tensor, y: Tensor, start: np.ndarray) -> tuple[np.ndarray, float]:
    rows = _orthonormal(start)
    found = fit_elements(ansatz.restricted(rows), x, y)
    residual, damping = float(found.residual.sum()), 1e-2
    for _ in range(ITERATIONS):
        c = torch.tensor(rows)
        t = found.theta
        value, slopes = halfway(ansatz, t @ c, x, y)
        inner = torch.einsum("ka,pad->pkd", c, slopes)
        outer = torch.einsum("pk,pad->pkad", t, slopes).flatten(1, 2)
        metric = torch.linalg.pinv(inner @ inner.mT, hermitian=True, rtol=1e-10)
        free = outer - (outer @ inner.mT) @ metric @ inner
        normal = torch.einsum("pad,pbd->ab", free, free)
        force = torch.einsum("pad,pd->a", free, value)
        moved = False
        for _ in range(8):
            weight = torch.diagonal(normal) + 1e-9 * torch.diagonal(normal).mean() + 1e-300
            solver = torch.linalg.pinv(normal + damping * torch.diag(weight), hermitian=True, rtol=1e-13)
            step = solver @ force
            trial = _orthonormal(rows + step.numpy().reshape(rows.shape))
            begin = t @ torch.tensor(rows @ np.linalg.pinv(trial))
            tried = fit_elements(ansatz.restricted(trial), x, y, begin, 6)
            new = float(tried.residual.sum())
            if new < residual:
                moved = True
                break
            damping *= 6
        if not moved:
            break
        gained = residual - new
        rows, found, residual, damping = trial, tried, new, damping / 6
        if gained < 1e-5 * residual or residual < 1e-26 * float(y.square().sum()):
            break
    return rows, residual


def _orthonormal(rows: np.ndarray) -> np.ndarray:
    return np.linalg.qr(rows.T)[0].T
