"""Random smooth fields."""

from __future__ import annotations

import torch

from ..grids import Grid, has_walls


def random_smooth(
    grid: Grid,
    samples: int = 1,
    amplitude: float = 1.0,
    correlation_length: float | None = None,
    seed: int = 0,
) -> torch.Tensor:
    """Gaussian random fields of zero mean and variance amplitude², covariance ∝ exp(−|x − x'|²/2ℓ²).

    Made from modes that satisfy the grid's boundary condition (sines and cosines, sines on Dirichlet
    walls, cosines on Neumann walls), each with weight exp(−k²ℓ²/4), the constant mode included where there
    is one. The variance is that of the ensemble averaged over the box. A "winding" axis counts as periodic.

    Args:
        correlation_length: ℓ, default a tenth of the shortest axis.
        seed: the same seed gives the same fields, also on a finer grid of the same box.

    Returns φ of shape (samples, *grid.points), float64. ValueError for ℓ below the grid's spacing.
    """
    if samples < 1:
        raise ValueError(f"got {samples} samples, expected at least 1")
    scale = min(grid.length) / 10 if correlation_length is None else correlation_length
    if not max(grid.spacing) < scale < float("inf"):
        raise ValueError(
            f"got correlation length {scale}, expected more than the spacing {max(grid.spacing):.4g}"
        )
    bases = [_smooth_modes(grid, axis, scale) for axis in range(grid.dimension)]
    generator = torch.Generator().manual_seed(seed)
    field = torch.randn(samples, *(len(basis) for basis in bases), dtype=torch.float64, generator=generator)
    for basis in bases:
        field = torch.tensordot(field, basis, dims=([1], [0]))
    return amplitude * field


def _smooth_modes(grid: Grid, axis: int, scale: float) -> torch.Tensor:
    """Orthogonal modes of one axis times their standard deviations, shape (modes, N); mean variance 1."""
    length, points, boundary = grid.length[axis], grid.points[axis], grid.boundary[axis]
    place = (grid.spacing[axis] * torch.arange(points, dtype=torch.float64))[None]
    closed = not has_walls(boundary)
    unit = 2 * torch.pi / length if closed else torch.pi / length
    numbers = torch.arange(1, max(1, int(8 / (scale * unit))) + 1, dtype=torch.float64)[:, None]
    resolved = numbers <= ((points - 1) // 2 if closed else points - 2)
    wave = unit * numbers
    cosine, sine = 2**0.5 * torch.cos(wave * place), 2**0.5 * torch.sin(wave * place)
    constant = torch.ones_like(place)
    weight = torch.exp(-((wave * scale) ** 2) / 4) * resolved
    one = torch.ones(1, 1, dtype=torch.float64)
    if closed:
        pairs = torch.stack([cosine, sine], dim=1).flatten(0, 1)
        modes, weights = torch.cat([constant, pairs]), torch.cat([one, weight.repeat_interleave(2, 0)])
    elif boundary == "neumann":
        modes, weights = torch.cat([constant, cosine]), torch.cat([one, weight])
    else:
        modes, weights = sine, weight
    return modes * weights / weights.square().sum().sqrt()
