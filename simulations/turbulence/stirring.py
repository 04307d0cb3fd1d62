"""Forces on the vorticity: steady ones, such as Kolmogorov's, and random ones, white in time."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
import torch

from ..grids import Grid


class Forcing(Protocol):
    """A force f(x, y, t) on the vorticity: the curl of a body force."""

    def modes(self, time: float) -> torch.Tensor:
        """f̂ as by `torch.fft.rfft2`, shape (…, Nx, Ny//2 + 1)."""

    def speed(self, duration: float | None, decay: float) -> float:
        """An estimate of the largest speed that the force drives within this duration against this decay.

        None is a duration that is not known: then the time that the decay leaves, 0 without decay.
        """

    def description(self) -> str:
        """One line for the attributes of a file."""


class SteadyForcing:
    """f(x, y), constant in time, shape (Nx, Ny). ValueError for another shape."""

    def __init__(self, grid: Grid, field: torch.Tensor):
        if tuple(field.shape) != grid.points:
            raise ValueError(f"got a forcing of shape {tuple(field.shape)}, expected {grid.points}")
        self.field = field
        """f at every point."""
        self._modes = torch.fft.rfft2(field)
        across, up = grid.wavenumbers(0)[:, None], grid.wavenumbers(1)[: grid.points[1] // 2 + 1][None]
        squares = (across**2 + up**2).to(self._modes.real)
        force = self._modes.detach() / squares.sqrt().clamp(min=1e-300).to(self._modes)
        force[0, 0] = 0
        self._strength = float(torch.fft.irfft2(force, s=grid.points).abs().max())

    def modes(self, time: float) -> torch.Tensor:
        """f̂, the same at all times."""
        return self._modes

    def speed(self, duration: float | None, decay: float) -> float:
        """The body force times the duration, or 1/decay."""
        return self._strength * _lasting(duration, decay)

    def description(self) -> str:
        """One line."""
        return "steady"


def kolmogorov_forcing(grid: Grid, wavenumber: int = 4, amplitude: float = 1.0) -> torch.Tensor:
    """The curl of the body force (A sin ky, 0): f = −A k cos ky with k = 2π·wavenumber/Ly, shape (Nx, Ny).

    The laminar flow that it drives is u = A sin(ky)/(νk² + μ).
    """
    if wavenumber < 1 or 3 * wavenumber >= grid.points[1]:
        raise ValueError(f"got wavenumber {wavenumber}, expected 1 … {(grid.points[1] - 1) // 3}")
    k = 2 * torch.pi * wavenumber / grid.length[1]
    return -amplitude * k * torch.cos(k * (grid.mesh()[1] - grid.origin[1]))


class RandomForcing:
    """Isotropic Gaussian forcing of a ring of wavenumbers that puts energy in at a known rate.

    Independent complex amplitudes ξ_n are drawn at the times nτ and joined by straight lines, so f is
    continuous, of correlation time τ, and depends on nothing but seed and time: a run that is resumed goes
    on with the same force. As τ → 0 it is white in time, and then ⟨ψf⟩ = ε on average, whatever the flow.
    Take τ a whole multiple of the time step (the force has corners at nτ) and short against the eddies.

    Args:
        grid: that of the flow.
        energy_rate: ε, energy per mass and time.
        wavenumbers: (lower, upper): modes with lower ≤ |k| ≤ upper are forced, with equal power each.
        interval: τ.
        seed: of the amplitudes.
        realisations: None for one force that acts on every sample; a number for as many independent ones,
            shape (realisations, Nx, Ny).

    Raises ValueError where the ring holds no mode that the grid advects, or numbers are not positive.
    """

    def __init__(
        self,
        grid: Grid,
        energy_rate: float,
        wavenumbers: tuple[float, float],
        interval: float,
        seed: int = 0,
        realisations: int | None = None,
    ):
        if not (energy_rate > 0 and interval > 0 and math.isfinite(energy_rate / interval)):
            raise ValueError(
                f"got energy_rate {energy_rate} and interval {interval}, expected positive numbers"
            )
        self.energy_rate, self.interval = float(energy_rate), float(interval)
        self.wavenumbers, self.seed, self.realisations = wavenumbers, int(seed), realisations
        self._points = grid.points
        self._places, squares = _half_ring(grid, *wavenumbers)
        if not len(squares):
            raise ValueError(
                f"got the ring {wavenumbers}, expected one that holds modes below N/3 of the grid"
            )
        self._sizes = np.sqrt(energy_rate * squares / (interval * len(squares))) * math.prod(grid.points)
        self._known: dict[int, torch.Tensor] = {}

    def modes(self, time: float) -> torch.Tensor:
        """f̂ at this time, complex128, shape ([realisations,] Nx, Ny//2 + 1)."""
        place = time / self.interval
        knot = math.floor(place + 1e-9)
        part = min(max(place - knot, 0.0), 1.0)
        return torch.lerp(self._knot(knot), self._knot(knot + 1), part)

    def speed(self, duration: float | None, decay: float) -> float:
        """Twice the root mean square speed √(2εT), T the duration or 1/(2 decay)."""
        return 2 * math.sqrt(2 * self.energy_rate * _lasting(duration, 2 * decay))

    def description(self) -> str:
        """One line."""
        low, high = self.wavenumbers
        return (
            f"random, white in time: energy rate {self.energy_rate:.10g}, {low:.6g} <= k <= {high:.6g}, "
            f"interval {self.interval:.10g}, seed {self.seed}"
        )

    def _knot(self, number: int) -> torch.Tensor:
        if number not in self._known:
            self._known = {n: value for n, value in self._known.items() if abs(n - number) < 2}
            self._known[number] = self._draw(number)
        return self._known[number]

    def _draw(self, number: int) -> torch.Tensor:
        count = 1 if self.realisations is None else self.realisations
        generator = np.random.default_rng([self.seed, 2 * abs(number) + (number < 0)])
        pairs = generator.standard_normal((count, len(self._sizes), 2)) * math.sqrt(0.5)
        amplitudes = torch.from_numpy((pairs[..., 0] + 1j * pairs[..., 1]) * self._sizes)
        across, up = self._places
        modes = torch.zeros(count, self._points[0], self._points[1] // 2 + 1, dtype=torch.complex128)
        modes[:, across, up] = amplitudes
        edge = up == 0  # this column holds both k and −k
        modes[:, -across[edge] % self._points[0], 0] = amplitudes[:, edge].conj()
        return modes[0] if self.realisations is None else modes


def _lasting(duration: float | None, rate: float) -> float:
    """The duration or 1/rate, whichever is less; 0 where neither is known."""
    if rate > 0:
        return 1 / rate if duration is None else min(duration, 1 / rate)
    return duration or 0.0


def _half_ring(grid: Grid, low: float, high: float) -> tuple[tuple[torch.Tensor, torch.Tensor], np.ndarray]:
    """Indices (n_x mod Nx, n_y) of one of each pair ±k in the ring, and their k²."""
    reach = [(points - 1) // 3 for points in grid.points]
    across, up = np.meshgrid(np.arange(-reach[0], reach[0] + 1), np.arange(reach[1] + 1), indexing="ij")
    units = [2 * np.pi / length for length in grid.length]
    squares = (units[0] * across) ** 2 + (units[1] * up) ** 2
    inside = (squares >= low**2 * (1 - 1e-12)) & (squares <= high**2 * (1 + 1e-12)) & (squares > 0)
    inside &= (up > 0) | (across > 0)
    places = torch.from_numpy(across[inside] % grid.points[0]), torch.from_numpy(up[inside])
    return places, squares[inside]
