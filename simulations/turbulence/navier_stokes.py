"""Two-dimensional incompressible flow on the torus, by its vorticity: Navier–Stokes and, inviscid, Euler."""

from __future__ import annotations

import math

import torch

from ..grids import Grid
from .stirring import Forcing, SteadyForcing
from .vorticity_modes import VorticityModes


class NavierStokes2D:
    """Navier–Stokes in two dimensions, periodic, of zero mean flow:

        ω_t + u·∇ω = ν∇²ω − μω − ν_p(−∇²)^p ω + f,     u = (∂_yψ, −∂_xψ),     ∇²ψ = −ω,

    so ω = ∂_xv − ∂_yu, positive where the flow turns anticlockwise. Pseudo-spectral with the 2/3 rule: the
    state q = ω has shape (…, Nx, Ny), leading axes are batches, dtype and device follow q, and everything is
    differentiable. Modes beyond N/3 are not advected, and damped like those at N/3. The mean of ω, which no
    periodic flow has, carries no velocity.

    For ν, μ or ν_p > 0 the flow is dissipative: it loses energy at the rate dE/dt = −2νZ − 2μE + ⟨ψf⟩
    (ν_p = 0), so no Lagrangian of the catalogue's kind, with ω for its field, has it as its equation. At
    ν = μ = ν_p = 0 and f = 0 it is Euler's equation, which is Hamiltonian: ω_t = {ω, E} with the Lie–Poisson
    bracket {F, G} = ∫ ω (∂_xF_ω ∂_yG_ω − ∂_yF_ω ∂_xG_ω) dx dy; its Casimirs, the enstrophy among them, are
    conserved for every energy. The truncated equation conserves energy and enstrophy, the other Casimirs only
    in the limit of many points.

    Energies are means over the box, ⟨f⟩ = ∫ f dx dy/(Lx Ly) (per unit mass, as is usual for turbulence).

    Args:
        grid: two-dimensional and periodic, of any lengths.
        viscosity: ν ≥ 0.
        forcing: f: a tensor of shape (Nx, Ny), constant in time, or a `Forcing`.
        drag: μ ≥ 0, Rayleigh friction.
        hyperviscosity: ν_p ≥ 0.
        hyperviscosity_order: p.

    Raises ValueError for another grid, negative or infinite coefficients, a forcing of another shape.
    """

    fields: tuple[str, ...] = ("vorticity",)
    time_order = 1
    separable = False

    def __init__(
        self,
        grid: Grid,
        viscosity: float,
        forcing: torch.Tensor | Forcing | None = None,
        drag: float = 0.0,
        hyperviscosity: float = 0.0,
        hyperviscosity_order: int = 4,
    ):
        if grid.dimension != 2 or set(grid.boundary) != {"periodic"}:
            raise ValueError(
                f"got a grid of {grid.dimension} dimensions with the boundary {grid.boundary}, "
                "expected two periodic axes: Grid((Lx, Ly), (Nx, Ny))"
            )
        damping = {"viscosity": viscosity, "drag": drag, "hyperviscosity": hyperviscosity}
        for name, value in damping.items():
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"got {name} {value}, expected a finite number ≥ 0")
        if hyperviscosity_order < 2:
            raise ValueError(
                f"got hyperviscosity_order {hyperviscosity_order}, expected at least 2; "
                "order 1 is the viscosity"
            )
        self.grid = grid
        self.viscosity, self.drag = float(viscosity), float(drag)
        self.hyperviscosity = float(hyperviscosity)
        self.hyperviscosity_order = int(hyperviscosity_order)
        self.forcing = SteadyForcing(grid, forcing) if isinstance(forcing, torch.Tensor) else forcing
        decay = self.drag + self.viscosity * (2 * math.pi / max(grid.length)) ** 2
        self.semilinear = VorticityModes(grid, self._rate, self.forcing, decay)

    def _rate(self, squares: torch.Tensor) -> torch.Tensor:
        """L = −νk² − μ − ν_p k^(2p) of the modes."""
        hyper = self.hyperviscosity * squares**self.hyperviscosity_order
        return -(self.viscosity * squares + self.drag + hyper)

    # What an integrator and `simulate` ask

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes, ("x", "y")."""
        return self.grid.axes

    @property
    def points(self) -> tuple[int, ...]:
        """(Nx, Ny)."""
        return self.grid.points

    @property
    def dissipative(self) -> bool:
        """Whether energy is lost: ν, μ or ν_p > 0. Otherwise this is Euler's equation."""
        return self.viscosity > 0 or self.drag > 0 or self.hyperviscosity > 0

    def velocity(self, q: torch.Tensor, time: float = 0.0) -> torch.Tensor:
        """ω_t, shape (…, Nx, Ny): the velocity in the space of states. That of the flow: `flow`."""
        modes = self.semilinear.to_modes(self._checked(q))
        rates = self.semilinear.rates[..., 0].to(modes)
        return self.semilinear.from_modes(rates * modes + self.semilinear.nonlinear(modes, time))

    def acceleration(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """ValueError: the equation is of first order in time."""
        raise ValueError("got a flow, which is of first order in time and has no acceleration; use .velocity")

    def largest_frequency(
        self, q: torch.Tensor, v: torch.Tensor | None = None, duration: float = 0.0
    ) -> float:
        """max(|u|kx + |v|ky) + max|L|, k below N/3: what limits an explicit step.

        Forcing adds an estimate of the speed that it drives within the duration.
        """
        advection = self.semilinear.nonlinear_frequency(q, v, duration)
        return advection + float(self.semilinear.rates.real.abs().max())

    def description(self) -> dict[str, str | float]:
        """Equation, coefficients and character as attributes for a file."""
        terms = "".join(
            term
            for value, term in (
                (self.viscosity, f" + {self.viscosity:.10g}*(vorticity_xx + vorticity_yy)"),
                (self.drag, f" - {self.drag:.10g}*vorticity"),
                (
                    self.hyperviscosity,
                    f" - {self.hyperviscosity:.10g}*(-laplacian)**{self.hyperviscosity_order} vorticity",
                ),
                (float(self.forcing is not None), " + f"),
            )
            if value
        )
        attributes: dict[str, str | float] = {
            "equation": f"vorticity_t = psi_x*vorticity_y - psi_y*vorticity_x{terms}",
            "streamfunction": "psi_xx + psi_yy = -vorticity, velocity (psi_y, -psi_x)",
            "derivative": "fourier, 2/3 rule",
            "viscosity": self.viscosity,
            "drag": self.drag,
            "hyperviscosity": self.hyperviscosity,
            "hyperviscosity_order": self.hyperviscosity_order,
            "character": "dissipative: not the Euler-Lagrange equation of a density in vorticity"
            if self.dissipative
            else "conservative: Euler's equation, Hamiltonian with the Lie-Poisson bracket",
        }
        if self.forcing is not None:
            attributes["forcing"] = self.forcing.description()
        return attributes

    # Observables

    def flow(self, q: torch.Tensor) -> torch.Tensor:
        """The velocity of the fluid (u, v) = (∂_yψ, −∂_xψ), shape (…, Nx, Ny) → (…, 2, Nx, Ny)."""
        return self.semilinear.flow(self._modes(q))

    def stream_function(self, q: torch.Tensor) -> torch.Tensor:
        """ψ of mean 0 with ∇²ψ = −ω, shape of q."""
        modes = self._modes(q)
        return torch.fft.irfft2(modes * self.semilinear.inverse_squares.to(modes), s=self.points)

    def energy(self, q: torch.Tensor, v: torch.Tensor | None = None, time: float = 0.0) -> torch.Tensor:
        """E = ½⟨u² + v²⟩ = ½⟨ψω⟩, shape (…). Conserved by Euler; dE/dt = −2νZ − 2μE without forcing."""
        return self._half_mean(q, self.semilinear.inverse_squares)

    def enstrophy(self, q: torch.Tensor) -> torch.Tensor:
        """Z = ½⟨ω²⟩, shape (…). Conserved by Euler; dZ/dt = −2νP − 2μZ without forcing."""
        return self._half_mean(q, torch.ones_like(self.semilinear.squares))

    def palinstrophy(self, q: torch.Tensor) -> torch.Tensor:
        """P = ½⟨|∇ω|²⟩, shape (…)."""
        return self._half_mean(q, self.semilinear.squares)

    def energy_spectrum(self, q: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(k, E): wavenumbers of the shells, shape (shells,), and the energy in each, shape (…, shells).

        Shell n holds the modes with |k|/Δk in [n − ½, n + ½), Δk = 2π over the longer side, and k_n = nΔk.
        Σ_n E_n is the energy; E_n/Δk is the spectral density.
        """
        power = self.semilinear.mean_square(self._modes(q), self.semilinear.inverse_squares / 2)
        width = 2 * torch.pi / max(self.grid.length)
        shell = (self.semilinear.squares.sqrt() / width + 0.5).floor().to(torch.int64)
        count = int(shell.max()) + 1
        sums = power.new_zeros((*power.shape[:-2], count))
        sums = sums.index_add(-1, shell.flatten().to(power.device), power.flatten(-2))
        return width * torch.arange(count, dtype=sums.dtype, device=sums.device), sums

    def _half_mean(self, q: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return self.semilinear.mean_square(self._modes(q), weight / 2).sum((-2, -1))

    def _modes(self, q: torch.Tensor) -> torch.Tensor:
        return self.semilinear.to_modes(self._checked(q))[..., 0]

    def _checked(self, q: torch.Tensor) -> torch.Tensor:
        if tuple(q.shape[-2:]) != self.points or q.is_complex():
            raise ValueError(
                f"got a vorticity of shape {tuple(q.shape)} and dtype {q.dtype}, "
                f"expected real numbers of shape (…, {self.points[0]}, {self.points[1]})"
            )
        return q
