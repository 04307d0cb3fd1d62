"""Waves of φ_tt = c²∇²φ − m²φ in one to three dimensions: ω² = c²|k|² + m²."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..grids import Grid, has_walls
from .moving import Pair, Place, coordinates


def plane_wave(
    places: torch.Tensor | Sequence[torch.Tensor],
    t: Place = 0.0,
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
    given = [places] if isinstance(places, torch.Tensor) else list(places)
    numbers = list(wavenumber) if isinstance(wavenumber, Sequence) else [wavenumber]
    if len(numbers) != len(given):
        raise ValueError(
            f"got {len(numbers)} wavenumbers for {len(given)} coordinates, expected one for each"
        )
    frequency = (c**2 * sum(k**2 for k in numbers) + m**2) ** 0.5
    x, t = coordinates(sum(k * place for k, place in zip(numbers, given, strict=True)), t)
    phase = x - frequency * t
    return amplitude * torch.cos(phase), amplitude * frequency * torch.sin(phase)


def wave_packet(
    grid: Grid,
    wavenumber: float | Sequence[float],
    width: float,
    t: float = 0.0,
    amplitude: float = 1.0,
    centre: Sequence[float] | None = None,
    c: float = 1.0,
    m: float = 1.0,
) -> Pair:
    """A Gaussian packet about k that runs one way, exact on the periodic grid at all times:

        φ = Re Σ_q A_q exp(i q·(x − x_0) − i ω_q t),   A_q ∝ exp(−w²|q − k|²/2),   ω_q² = c²|q|² + m²

    over the grid's wavenumbers q, with φ = A at (x_0, t = 0). It moves with the group velocity c²k/ω.

    Args:
        wavenumber: k, one number an axis; need not be one of the grid's.
        width: w, the standard deviation of the envelope.
        centre: x_0, default the middle of the box.

    Returns tensors of shape `grid.points`. ValueError for walls, and for a packet that the grid does not
    resolve: |k| + 4/w beyond the largest wavenumber.
    """
    if any(map(has_walls, grid.boundary)):
        raise ValueError(f"got the boundary {grid.boundary}, expected a periodic one")
    numbers = list(wavenumber) if isinstance(wavenumber, Sequence) else [wavenumber]
    if len(numbers) != grid.dimension:
        raise ValueError(f"got {len(numbers)} wavenumbers, expected {grid.dimension}, one for each axis")
    places = middle(grid) if centre is None else tuple(centre)
    square = torch.zeros((), dtype=torch.float64)
    distance, shift = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for axis, (k, place) in enumerate(zip(numbers, places, strict=True)):
        largest = torch.pi / grid.spacing[axis]
        if not abs(k) + 4 / width <= largest:
            raise ValueError(
                f"got wavenumber {k} and width {width}, expected |k| + 4/width of at most {largest:.4g} on "
                "this grid; take more points or a wider packet"
            )
        shape = [-1 if other == axis else 1 for other in range(grid.dimension)]
        q = grid.wavenumbers(axis).reshape(shape)
        square, distance = square + q**2, distance + (q - k) ** 2
        shift = shift + q * (place - grid.origin[axis])
    frequency = torch.sqrt(c**2 * square + m**2)
    weight = torch.exp(-(width**2) * distance / 2)
    modes = amplitude * weight / weight.sum() * torch.exp(-1j * (shift + frequency * t))
    count = modes.numel()
    return torch.fft.ifftn(count * modes).real, torch.fft.ifftn(-1j * count * frequency * modes).real


def middle(grid: Grid) -> tuple[float, ...]:
    """The centre of a box."""
    return tuple(start + side / 2 for start, side in zip(grid.origin, grid.length, strict=True))
