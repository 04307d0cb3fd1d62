"""The vorticity equation of the torus in Fourier modes: linear rates, and the advection without aliasing."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from ..grids import Grid
from .stirring import Forcing


class VorticityModes:
    """ω̂_t = L ω̂ + N̂(ω̂, t): the `SemilinearForm` of a two-dimensional flow.

    Modes are those of `torch.fft.rfft2` over (x, y), shape (…, Nx, Ny//2 + 1, 1), without normalisation.
    The advection is in C. Basdevant's form (J. Comput. Phys. 50 (1983) 209), four transforms:

        u·∇ω = ∂_x∂_y(v² − u²) + (∂_x² − ∂_y²)(uv)

    of the modes with |n| < N/3 along both axes, for which the products of the grid have no alias among the
    same modes (the 2/3 rule: S. A. Orszag, J. Atmos. Sci. 28 (1971) 1074). So N̂ is the Galerkin truncation
    of u·∇ω, which conserves energy and enstrophy exactly. Modes beyond are not advected, advect nothing, and
    are damped like the last that is.

    Args:
        grid: two-dimensional and periodic.
        rate: the damping L as a function of k² ≥ 0, a real tensor.
        forcing: of ω, or None.
        decay: the rate at which the slowest mode decays, which bounds what forcing drives.
    """

    def __init__(
        self,
        grid: Grid,
        rate: Callable[[torch.Tensor], torch.Tensor],
        forcing: Forcing | None = None,
        decay: float = 0.0,
    ):
        self.points = grid.points
        across = grid.wavenumbers(0)[:, None]
        up = grid.wavenumbers(1)[: grid.points[1] // 2 + 1].abs()[None]
        self.squares = across**2 + up**2
        """k² of each mode, shape (Nx, Ny//2 + 1)."""
        steps = (2 * torch.pi / length for length in grid.length)
        counts = [(k / step).round().abs() for k, step in zip((across, up), steps, strict=True)]
        kept = [count * 3 < points for count, points in zip(counts, self.points, strict=True)]
        self.kept = kept[0] & kept[1]
        """The modes that are advected."""
        smooth = (counts[0] * 2 < self.points[0]) & (counts[1] * 2 < self.points[1]) & (self.squares > 0)
        self.inverse_squares = torch.where(smooth, 1 / self.squares.clamp(min=1e-300), 0.0)
        """1/k², and 0 for the mean and the Nyquist modes, which have no velocity."""
        damped = self.squares.clamp(max=float(self.squares[self.kept].max()))
        self.rates = rate(damped).to(torch.complex128)[..., None, None]
        self._forcing, self._decay = forcing, decay
        reach = (
            (n - 1) // 3 * 2 * torch.pi / length for n, length in zip(grid.points, grid.length, strict=True)
        )
        self._reach = tuple(reach)
        self._streams = torch.stack([1j * up * self.inverse_squares, -1j * across * self.inverse_squares])
        self._tensions = torch.stack([across * up, across**2 - up**2]) * self.kept
        self._cast: dict[tuple[str, torch.dtype, torch.device], torch.Tensor] = {}

    def to_modes(self, q: torch.Tensor) -> torch.Tensor:
        """ω̂, shape (…, Nx, Ny) → (…, Nx, Ny//2 + 1, 1)."""
        return torch.fft.rfft2(q)[..., None]

    def from_modes(self, modes: torch.Tensor) -> torch.Tensor:
        """ω, real; inverse of `to_modes`."""
        return torch.fft.irfft2(modes[..., 0], s=self.points)

    def nonlinear(self, modes: torch.Tensor, time: float) -> torch.Tensor:
        """The modes of −u·∇ω + f(t)."""
        vorticity = modes[..., 0] * self._like("kept", self.kept, modes)
        u, v = self.flow(vorticity).unbind(-3)
        tensions = torch.fft.rfft2(torch.stack([v**2 - u**2, u * v], -3))
        rate = (tensions * self._like("tensions", self._tensions, modes)).sum(-3)
        if self._forcing is not None:
            rate = rate + self._forcing.modes(time).to(rate)
        return rate[..., None]

    def nonlinear_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float | None = None
    ) -> float:
        """max(|u|kx + |v|ky) over the advected modes: what limits an exponential step, which L does not.

        Forcing adds an estimate of the speed that it drives within the duration.
        """
        u, w = self.flow(torch.fft.rfft2(q.detach())).abs().unbind(-3)
        frequency = float((u * self._reach[0] + w * self._reach[1]).max())
        if self._forcing is None:
            return frequency
        return frequency + self._forcing.speed(duration, self._decay) * math.hypot(*self._reach)

    def flow(self, vorticity: torch.Tensor) -> torch.Tensor:
        """(u, v) = (∂_yψ, −∂_xψ) with ψ̂ = ω̂/k² from the modes of ω: (…, *modes) → (…, 2, Nx, Ny)."""
        streams = self._like("streams", self._streams, vorticity)
        return torch.fft.irfft2(vorticity[..., None, :, :] * streams, s=self.points)

    def mean_square(self, modes: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        """Parseval: the mean over the box of |f|² with its modes weighted, shape (…, *modes) → (…, *modes).

        The sum over the last two axes is the mean; the conjugate half is counted.
        """
        double = torch.full((self.squares.shape[1],), 2.0, dtype=torch.float64)
        double[0] = 1.0
        if self.points[1] % 2 == 0:
            double[-1] = 1.0
        count = self.points[0] * self.points[1]
        power = (modes.real / count) ** 2 + (modes.imag / count) ** 2
        return power * (weight * double).to(power)

    def _like(self, name: str, constant: torch.Tensor, modes: torch.Tensor) -> torch.Tensor:
        """The constant in the precision and on the device of the modes."""
        key = (name, modes.dtype, modes.device)
        if key not in self._cast:
            real = torch.float32 if modes.dtype == torch.complex64 else torch.float64
            kind = modes.dtype if constant.is_complex() else real
            self._cast[key] = constant.to(device=modes.device, dtype=kind)
        return self._cast[key]
