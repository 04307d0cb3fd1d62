"""Logarithms of the tau functions of many solitons, Hirota's sums of exponentials."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import torch


def exponents(
    phases: Sequence[torch.Tensor], interaction: Callable[[int, int], float]
) -> tuple[torch.Tensor, list[tuple[int, ...]]]:
    """The a_μ of τ = Σ_μ exp(a_μ), over the subsets μ of solitons, shape (2^N, …), and the subsets:

        a_μ = Σ_{i∈μ} θ_i + Σ_{i<j∈μ} A_ij,   exp(A_ij) the `interaction`.

    R. Hirota, Phys. Rev. Lett. 27 (1971) 1192.
    """
    numbers = range(len(phases))
    subsets = [s for size in range(len(phases) + 1) for s in itertools.combinations(numbers, size)]
    zero = torch.zeros_like(phases[0])
    sums = []
    for subset in subsets:
        total = zero
        for i in subset:
            total = total + phases[i]
        for i, j in itertools.combinations(subset, 2):
            total = total + torch.log(torch.tensor(interaction(i, j), dtype=total.dtype, device=total.device))
        sums.append(total)
    return torch.stack(sums), subsets


def weighted(
    sums: torch.Tensor, subsets: Sequence[Sequence[int]], rates: Sequence[float]
) -> tuple[torch.Tensor, torch.Tensor]:
    """(∂ ln τ, ∂² ln τ) where ∂θ_i = rates_i: mean and variance of Σ_{i∈μ} rates_i weights exp(a_μ)/τ."""
    weights = torch.softmax(sums, 0)
    totals = torch.tensor([sum(rates[i] for i in s) for s in subsets], dtype=sums.dtype, device=sums.device)
    totals = totals.reshape(-1, *[1] * (sums.ndim - 1))
    mean = (weights * totals).sum(0)
    return mean, (weights * (totals - mean) ** 2).sum(0)
