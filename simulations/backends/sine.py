"""A sine and a cosine of tensors without branches, for loops that `torch.compile` makes on the CPU."""

from __future__ import annotations

import torch

from .elementary import LARGEST_ARGUMENT, POLYNOMIAL, SPLIT_PI


def sine(x: torch.Tensor) -> torch.Tensor:
    """sin x = (−1)^n sin r with x = nπ + r, |r| ≤ π/2; twice as fast as the vector library's in such a loop.

    Accuracy as in `elementary_source`.
    """
    n = torch.round(x * (1 / torch.pi))
    return _alternating(x, n, n)


def cosine(x: torch.Tensor) -> torch.Tensor:
    """cos x = (−1)^n sin r with x = (n − ½)π + r; see `sine`."""
    n = torch.round(x * (1 / torch.pi) + 0.5)
    return _alternating(x, n - 0.5, n)


def in_range(x: torch.Tensor) -> bool:
    """Whether all |x| are at most LARGEST_ARGUMENT; not if one is not a number."""
    low, high = torch.aminmax(x.detach())
    return max(-float(low), float(high)) <= LARGEST_ARGUMENT[str(x.dtype).removeprefix("torch.")]


def _alternating(x: torch.Tensor, turns: torch.Tensor, n: torch.Tensor) -> torch.Tensor:
    high, middle, low = SPLIT_PI[str(x.dtype).removeprefix("torch.")]
    r = ((x - turns * high) - turns * middle) - turns * low
    s = r * r
    p = POLYNOMIAL[-1] * s + POLYNOMIAL[-2]
    for coefficient in POLYNOMIAL[-3::-1]:
        p = p * s + coefficient
    half = 0.5 * n
    odd = half - torch.round(half)  # 0 or ±½
    return (r + r * s * p) * (1 - 8 * (odd * odd))
