"""Initial phases by name. All functions return float64 phases of shape (sample, node)."""

from __future__ import annotations

import math

import numpy as np
import torch


def random_phases(count: int, samples: int = 1, seed: int = 0) -> torch.Tensor:
    """Independent and uniform on (−π, π)."""
    return _tensor(np.random.default_rng(seed).uniform(-np.pi, np.pi, (samples, count)))


def splay(count: int, samples: int = 1, seed: int = 0, winding: int = 1, spread: float = 0.0) -> torch.Tensor:
    """θ_j = 2π·winding·j/N, a twisted state, with Gaussian noise of standard deviation `spread`."""
    phases = 2 * np.pi * winding * np.arange(count) / count
    return _tensor(phases + _gaussian(count, samples, seed, spread))


def synchronised(count: int, samples: int = 1, seed: int = 0, spread: float = 0.1) -> torch.Tensor:
    """All phases 0, with Gaussian noise of standard deviation `spread`."""
    return _tensor(_gaussian(count, samples, seed, spread))


def chimera(
    count: int, samples: int = 1, seed: int = 0, height: float = 6.0, narrowness: float = 0.76
) -> torch.Tensor:
    """θ(x) = height·u·exp(−narrowness·x²) on the ring x ∈ [−π, π), u uniform on (−½, ½): random about x = 0,
    coherent opposite to it (Abrams & Strogatz, Phys. Rev. Lett. 93 (2004) 174102).
    """
    place = -np.pi + 2 * np.pi * np.arange(count) / count
    draws = np.random.default_rng(seed).uniform(-0.5, 0.5, (samples, count))
    return _tensor(height * draws * np.exp(-narrowness * place**2))


def two_clusters(
    count: int,
    samples: int = 1,
    seed: int = 0,
    fraction: float = 0.5,
    separation: float = math.pi,
    spread: float = 0.0,
) -> torch.Tensor:
    """The first `fraction` of the nodes at 0, the others at `separation`, with Gaussian noise `spread`."""
    if not 0 <= fraction <= 1:
        raise ValueError(f"got fraction {fraction}, expected 0 to 1")
    phases = np.where(np.arange(count) < round(fraction * count), 0.0, separation)
    return _tensor(phases + _gaussian(count, samples, seed, spread))


def wrapped_cauchy(count: int, samples: int = 1, seed: int = 0, order: float = 0.1) -> torch.Tensor:
    """Quantiles of the wrapped Cauchy distribution with z_1 = order, shuffled: a point of the Ott–Antonsen
    manifold.
    """
    if not 0 <= order < 1:
        raise ValueError(f"got order {order}, expected an order parameter, 0 to below 1")
    place = (np.arange(count) + 0.5) / count
    phases = 2 * np.arctan((1 - order) / (1 + order) * np.tan(np.pi * (place - 0.5)))
    draw = np.random.default_rng(seed)
    return _tensor(np.stack([draw.permutation(phases) for _ in range(samples)]))


def _gaussian(count: int, samples: int, seed: int, spread: float) -> np.ndarray:
    if not spread >= 0:
        raise ValueError(f"got spread {spread}, expected a standard deviation ≥ 0")
    return spread * np.random.default_rng(seed).standard_normal((samples, count))


def _tensor(phases: np.ndarray) -> torch.Tensor:
    return torch.as_tensor(phases, dtype=torch.float64)
