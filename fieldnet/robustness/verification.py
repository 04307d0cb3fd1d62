"""The measured change of the loss under noise on the input, beside what predicts it and what does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Verification:
    """Measured RMS change of the loss, and Spearman's rank correlation of it with predictors.

    - `measured`: √(mean over draws of (I[f + δf] − I[f])²). shape: (count,)
    - `correlations`: of "score"; of the controls "loss" (I itself), "norm" (of the input) and "random" (a
      normal number a sample, which must fail).
    - `ceiling`: the correlation that the exact RMS change, of infinitely many draws, would have with the
      measured one: √(2r/(1+r)) with r that of the two halves of the draws (Spearman–Brown, an estimate).
    - `ratio`: the median over samples of measured/predicted; 1 where the expansion holds.
    """

    measured: Tensor
    correlations: dict[str, float]
    ceiling: float
    ratio: float
    size: float
    draws: int
    seed: int


@torch.no_grad()
def verify(
    predicted: Tensor,
    loss: Tensor,
    inputs: Tensor,
    loss_under: Callable[[slice, Tensor], Tensor],
    *,
    size: float,
    draws: int,
    seed: int,
    batch: int,
) -> Verification:
    """Draw noise, the same for every batch size, and compare. `loss_under(rows, noise)` is I[f + δf].

    Raises ValueError for fewer than 2 draws or 10 samples, and a size that is not positive.
    """
    if draws < 2 or not 0 < size < float("inf"):
        raise ValueError(f"got draws={draws} and size={size}, expected at least 2 and a positive number")
    if len(inputs) < 10:
        raise ValueError(f"got {len(inputs)} samples, expected at least 10 for a rank correlation")
    generator = torch.Generator().manual_seed(seed)
    squares = []
    for _ in range(draws):
        noise = size * torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype).to(inputs.device)
        rows = [slice(start, start + batch) for start in range(0, len(inputs), batch)]
        squares.append((torch.cat([loss_under(part, noise[part]) for part in rows]) - loss).square())
    changes = torch.stack(squares)
    measured = changes.mean(0).sqrt()
    predictors = {
        "score": predicted,
        "loss": loss,
        "norm": inputs.flatten(1).norm(dim=1),
        "random": torch.randn(len(inputs), generator=generator, dtype=torch.float64),
    }
    halves = max(0.0, rank_correlation(changes[::2].mean(0), changes[1::2].mean(0)))
    ratios = (measured / predicted)[predicted > 0]
    return Verification(
        measured=measured,
        correlations={name: rank_correlation(values, measured) for name, values in predictors.items()},
        ceiling=(2 * halves / (1 + halves)) ** 0.5,
        ratio=float(ratios.median()) if len(ratios) else float("nan"),
        size=size,
        draws=draws,
        seed=seed,
    )


def rank_correlation(first: Tensor, second: Tensor) -> float:
    """Spearman's; 0 where one of them is the same for all samples, which predicts nothing."""
    one, two = (values.detach().cpu().double().numpy() for values in (first, second))
    if np.ptp(one) == 0 or np.ptp(two) == 0:
        return 0.0
    return float(spearmanr(one, two).statistic)
