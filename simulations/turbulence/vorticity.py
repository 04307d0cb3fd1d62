"""Flows on the torus as initial data: functions that return the vorticity, float64, shape (…, Nx, Ny).

Signs as in `NavierStokes2D`: ω = ∂_xv − ∂_yu. Coordinates count from the grid's origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from ..grids import Grid

BESSEL_ZERO = 3.8317059702075125  # of J₁
BESSEL_HEIGHT = -0.40275939570255295  # J₀ there


def taylor_green(
    grid: Grid,
    viscosity: float,
    t: float = 0.0,
    amplitude: float = 1.0,
    numbers: tuple[int, int] = (1, 1),
    drag: float = 0.0,
) -> torch.Tensor:
    """Taylor–Green vortices, an exact solution: ω = A sin(k_x x) sin(k_y y) exp(−(ν|k|² + μ)t).

    k = 2π(n_x/Lx, n_y/Ly). As ω = |k|²ψ the advection vanishes identically, and so does it at ν = 0.
    """
    wave = [2 * torch.pi * n / length for n, length in zip(numbers, grid.length, strict=True)]
    x, y = _places(grid)
    decay = math.exp(-(viscosity * (wave[0] ** 2 + wave[1] ** 2) + drag) * t)
    return amplitude * decay * torch.sin(wave[0] * x) * torch.sin(wave[1] * y)


def shear_layer(
    grid: Grid, thickness: float = 1 / 80, perturbation: float = 0.05, speed: float = 1.0
) -> torch.Tensor:
    """Two opposite shear layers, which roll up: u = U tanh of the distance, v = εU sin(2πx/Lx).

    u = U tanh((y − Ly/4)/δ) in the lower half and U tanh((3Ly/4 − y)/δ) in the upper, δ = thickness·Ly:
    D. L. Brown and M. L. Minion, J. Comput. Phys. 122 (1995) 165. Resolve δ by a few points.
    """
    x, y = _places(grid)
    width = thickness * grid.length[1]
    lower, upper = ((y - part * grid.length[1]) / width for part in (0.25, 0.75))
    wave = 2 * torch.pi / grid.length[0]
    layers = torch.cosh(upper).pow(-2) - torch.cosh(lower).pow(-2)
    return speed * (layers / width + perturbation * wave * torch.cos(wave * x))


def lamb_dipole(
    grid: Grid, radius: float, speed: float = 1.0, centre: tuple[float, float] | None = None
) -> torch.Tensor:
    """Lamb–Chaplygin dipole, which moves along +x with this speed where the box is much wider than it:

        ω = −2Uκ/J₀(κa) J₁(κr) sin θ  for r < a, else 0;   κa = 3.8317, the first zero of J₁.

    G. K. Batchelor, An Introduction to Fluid Dynamics, §7.3. Its images slow it down: in a square box the
    speed is U(1 − πa²/L²). ω has a corner at r = a. centre: default the middle of the box, from the origin.
    """
    middle = (grid.length[0] / 2, grid.length[1] / 2) if centre is None else centre
    x, y = (place - c for place, c in zip(_places(grid), middle, strict=True))
    r, rate = torch.sqrt(x**2 + y**2), BESSEL_ZERO / radius
    sine = y / r.clamp(min=1e-300)
    inside = -2 * speed * rate / BESSEL_HEIGHT * torch.special.bessel_j1(rate * r) * sine
    return torch.where(r < radius, inside, 0.0)


def random_vorticity(
    grid: Grid, spectrum: Callable[[np.ndarray], np.ndarray], samples: int = 1, seed: int = 0
) -> torch.Tensor:
    """Random phases with a given energy spectrum: E_n = spectrum(k_n) in every shell, exactly.

    Shells are those of `NavierStokes2D.energy_spectrum`, up to the last that fits below N/3 of both axes.
    The same seed gives the same field on a finer grid of the same box, up to the shells that it adds.

    Args:
        spectrum: E(k) as a function of an array of wavenumbers k > 0, the energy in each shell.

    Returns shape (samples, Nx, Ny). ValueError for negative or infinite values of the spectrum.
    """
    across, up, squares, shells = _half_disc(grid)
    unit = 2 * np.pi / max(grid.length)
    energies = np.asarray(spectrum(unit * np.arange(1, shells.max() + 1)), dtype=float)
    if energies.shape != (shells.max(),) or not np.all(np.isfinite(energies) & (energies >= 0)):
        raise ValueError(
            "got a spectrum with negative, infinite or missing values, expected E(k) ≥ 0 of each k"
        )
    field = torch.zeros(samples, grid.points[0], grid.points[1] // 2 + 1, dtype=torch.complex128)
    for sample in range(samples):
        pairs = np.random.default_rng([seed, sample]).standard_normal((len(squares), 2))
        modes = pairs[:, 0] + 1j * pairs[:, 1]
        found = np.bincount(shells, np.abs(modes) ** 2, minlength=shells.max() + 1)
        share = energies[shells - 1] / np.maximum(found[shells], 1e-300)
        scaled = torch.from_numpy(modes * np.sqrt(squares * share) * np.prod(grid.points))
        field[sample, across % grid.points[0], up] = scaled
        edge = up == 0
        field[sample, -across[edge] % grid.points[0], 0] = scaled[edge].conj()
    return torch.fft.irfft2(field, s=grid.points)


def _half_disc(grid: Grid) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(n_x, n_y, k², shell) of one of each pair ±k, ordered by k², in the shells wholly below N/3."""
    reach = [(points - 1) // 3 for points in grid.points]
    unit = 2 * np.pi / max(grid.length)
    last = int(min(2 * np.pi / length * n for length, n in zip(grid.length, reach, strict=True)) / unit - 0.5)
    across, up = np.meshgrid(np.arange(-reach[0], reach[0] + 1), np.arange(reach[1] + 1), indexing="ij")
    squares = (2 * np.pi * across / grid.length[0]) ** 2 + (2 * np.pi * up / grid.length[1]) ** 2
    shells = np.floor(np.sqrt(squares) / unit + 0.5).astype(int)
    half = (shells >= 1) & (shells <= last) & ((up > 0) | (across > 0))
    across, up, squares, shells = across[half], up[half], squares[half], shells[half]
    order = np.lexsort((across, up, np.round(squares / unit**2, 9)))
    return across[order], up[order], squares[order], shells[order]


def _places(grid: Grid) -> tuple[torch.Tensor, torch.Tensor]:
    if grid.dimension != 2:
        raise ValueError(f"got a grid of {grid.dimension} dimensions, expected two")
    x, y = (place - origin for place, origin in zip(grid.mesh(), grid.origin, strict=True))
    return x, y
