"""Exact solutions and random initial data: functions that return the pair (φ, φ_t) as float64 tensors.

Sine-Gordon here is φ_tt = c²φ_xx − m² sin φ (ℒ = ½φ_t² − ½c²φ_x² − m²(1 − cos φ)); its waves move slower
than c. Klein-Gordon is φ_tt = c²∇²φ − m²φ. The soliton formulas are the textbook ones (P. G. Drazin and
R. S. Johnson, Solitons: an Introduction) with x → mx/c, t → mt.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .grids import Grid, has_walls

Pair = tuple[torch.Tensor, torch.Tensor]


def kink(
    x: torch.Tensor, t: float | torch.Tensor = 0.0, v: float = 0.0, c: float = 1.0, m: float = 1.0
) -> Pair:
    """Sine-Gordon kink φ = 4 arctan exp(γm(x − vt)/c), γ = 1/√(1 − v²/c²): from 0 at −∞ to 2π at +∞.

    Shapes: x and t broadcast. Rest energy 8mc. ValueError for |v| ≥ c.

    >>> kink(torch.tensor(0.0))[0] / torch.pi
    tensor(1., dtype=torch.float64)
    """
    x, t = _coordinates(x, t)
    rate = m / c * _lorentz_factor(v, c)
    place = rate * (x - v * t)
    return 4 * torch.atan(torch.exp(place)), -2 * v * rate * _sech(place)


def antikink(
    x: torch.Tensor, t: float | torch.Tensor = 0.0, v: float = 0.0, c: float = 1.0, m: float = 1.0
) -> Pair:
    """Sine-Gordon antikink, the kink mirrored: φ = 4 arctan exp(−γm(x − vt)/c), from 2π to 0."""
    x, t = _coordinates(x, t)
    phi, velocity = kink(-x, t, -v, c, m)
    return phi, velocity


def kink_antikink(x: torch.Tensor, t: float | torch.Tensor, v: float, c: float = 1.0, m: float = 1.0) -> Pair:
    """Collision of a kink and an antikink of velocities ±v that meet at x = 0, t = 0:

        φ = 4 arctan[ sinh(γm v t/c) / ((v/c) cosh(γm x/c)) ].

    φ → 0 at both ends. For t < 0 the antikink is on the left and the pair approaches. ValueError for v = 0
    or |v| ≥ c.
    """
    if v == 0:
        raise ValueError(
            "got v = 0, expected 0 < |v| < c; a pair at rest is the limit of no solution of this form"
        )
    x, t = _coordinates(x, t)
    speed, rate = v / c, m / c * _lorentz_factor(v, c)
    ratio = torch.sinh(rate * v * t) / speed * _sech(rate * x)
    ratio_t = rate * v * torch.cosh(rate * v * t) / speed * _sech(rate * x)
    return 4 * torch.atan(ratio), 4 * ratio_t / (1 + ratio**2)


def breather(
    x: torch.Tensor,
    t: float | torch.Tensor = 0.0,
    frequency: float = 0.5,
    v: float = 0.0,
    c: float = 1.0,
    m: float = 1.0,
) -> Pair:
    """Sine-Gordon breather of internal frequency ω (0 < ω < m) in its rest frame, moving with velocity v:

        φ = 4 arctan[ (√(m² − ω²)/ω) sin(ωt') / cosh(√(m² − ω²) x'/c) ],   t' = γ(t − vx/c²), x' = γ(x − vt).

    ValueError for ω outside (0, m) or |v| ≥ c.
    """
    if not 0 < frequency < m:
        raise ValueError(f"got frequency {frequency}, expected 0 < frequency < m = {m}")
    x, t = _coordinates(x, t)
    gamma = _lorentz_factor(v, c)
    width = (m**2 - frequency**2) ** 0.5
    proper_time, proper_place = gamma * (t - v * x / c**2), gamma * (x - v * t)
    envelope = _sech(width / c * proper_place)
    ratio = width / frequency * torch.sin(frequency * proper_time) * envelope
    ratio_t = gamma * width * torch.cos(frequency * proper_time) * envelope
    ratio_t = ratio_t + gamma * v * width / c * torch.tanh(width / c * proper_place) * ratio
    return 4 * torch.atan(ratio), 4 * ratio_t / (1 + ratio**2)


def plane_wave(
    places: torch.Tensor | Sequence[torch.Tensor],
    t: float | torch.Tensor = 0.0,
    wavenumber: float | Sequence[float] = 1.0,
    amplitude: float = 1.0,
    c: float = 1.0,
    m: float = 1.0,
) -> Pair:
    """Klein-Gordon wave φ = A cos(k·x − ωt) with ω² = c²|k|² + m².

    Args:
        places: x, or the tuple (x, y, …) of coordinate tensors, which broadcast with t.
        wavenumber: k, one number a coordinate.
    """
    coordinates = [places] if isinstance(places, torch.Tensor) else list(places)
    numbers = list(wavenumber) if isinstance(wavenumber, Sequence) else [wavenumber]
    if len(numbers) != len(coordinates):
        raise ValueError(
            f"got {len(numbers)} wavenumbers for {len(coordinates)} coordinates, expected one for each"
        )
    frequency = (c**2 * sum(k**2 for k in numbers) + m**2) ** 0.5
    x, t = _coordinates(sum(k * place for k, place in zip(numbers, coordinates, strict=True)), t)
    phase = x - frequency * t
    return amplitude * torch.cos(phase), amplitude * frequency * torch.sin(phase)


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


def _coordinates(x, t) -> Pair:
    return torch.as_tensor(x, dtype=torch.float64), torch.as_tensor(t, dtype=torch.float64)


def _lorentz_factor(v: float, c: float) -> float:
    if not abs(v) < c:
        raise ValueError(f"got velocity {v}, expected |v| < c = {c}")
    return 1 / (1 - (v / c) ** 2) ** 0.5


def _sech(values: torch.Tensor) -> torch.Tensor:
    return 1 / torch.cosh(values)
