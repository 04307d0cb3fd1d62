"""Forced 2-D turbulence ω_t + u·∇ω = −μω − ν₈(−∇²)⁸ω + f, stirred at k ≤ 3: the k⁻³ of its enstrophy cascade.

Runtime: about 4 minutes on one core at 256² points (the default), 30 s at 128².
Command: .venv/bin/python examples/enstrophy_cascade.py [PICTURE.png] [POINTS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from simulations import Grid, simulate
from simulations.integrators.exponential import etdrk4
from simulations.turbulence.navier_stokes import NavierStokes2D
from simulations.turbulence.stirring import RandomForcing

ENERGY_RATE, RING, DRAG = 0.25, (1.0, 3.0), 0.05
DURATION = 40.0


def turbulence(points: int) -> tuple[NavierStokes2D, torch.Tensor]:
    """The flow and its vorticity at t = 20, 21, … 40, from rest."""
    grid = Grid((2 * torch.pi,) * 2, points)
    step = 1.024 / points
    last = (points - 1) // 3
    system = NavierStokes2D(
        grid,
        viscosity=0.0,
        forcing=RandomForcing(grid, ENERGY_RATE, RING, step, seed=1),
        drag=DRAG,
        hyperviscosity=20 / last**16,
        hyperviscosity_order=8,
    )
    rest = torch.zeros(points, points, dtype=torch.float64)
    run = simulate(system, rest, DURATION, save_every=1.0, step=step, integrator=etdrk4)
    return system, torch.tensor(run["vorticity"].values[0, len(run["time"]) // 2 :])


def fitted_slope(k: np.ndarray, energy: np.ndarray, low: float, high: float) -> float:
    """Exponent of E(k) between two wavenumbers, by least squares on logarithms."""
    inside = (k >= low) & (k <= high)
    return float(np.polyfit(np.log(k[inside]), np.log(energy[inside]), 1)[0])


def picture(system: NavierStokes2D, states: torch.Tensor) -> Figure:
    """The last vorticity beside the mean spectrum, compensated by k³ too."""
    k, spectra = (values.numpy() for values in system.energy_spectrum(states))
    last = (system.points[0] - 1) // 3
    k, energy = k[1 : last + 1], spectra.mean(0)[1 : last + 1]
    low, high = 2 * RING[1], last / 3
    slope = fitted_slope(k, energy, low, high)
    print(f"E(k) ~ k^{slope:.2f} on {low:.0f} <= k <= {high:.0f}, mean of {len(states)} states")
    figure = Figure(figsize=(12, 3.9), dpi=110, layout="constrained")
    flow, spectrum, compensated = figure.subplots(1, 3)
    bound = float(states[-1].abs().quantile(0.995))
    side = system.grid.length[0]
    image = flow.imshow(
        states[-1].T, origin="lower", extent=(0, side, 0, side), cmap="RdBu_r", vmin=-bound, vmax=bound
    )
    figure.colorbar(image, ax=flow, label="vorticity ω")
    flow.set(xlabel="x", ylabel="y", title=f"t = {DURATION:.0f}, {system.points[0]}² points")
    inside = (k >= low) & (k <= high)
    guide = 3 * energy[inside][0] * (k[inside] / k[inside][0]) ** -3
    spectrum.loglog(k, energy, label="E(k), mean over time")
    spectrum.loglog(k[inside], guide, "--", color="tab:orange", label="k⁻³")
    spectrum.set(xlabel="wavenumber k", ylabel="E(k)", title="Energy spectrum")
    spectrum.set_ylim(energy.min() / 2, energy.max() * 3)
    compensated.loglog(k, energy * k**3)
    compensated.axvspan(low, high, color="tab:green", alpha=0.12, linewidth=0)
    compensated.set(
        xlabel="wavenumber k", ylabel="k³E(k)", title=f"Compensated; E ~ k^{slope:.2f} where green"
    )
    for axis in (spectrum, compensated):
        axis.axvspan(*RING, color="tab:gray", alpha=0.2, linewidth=0)
    spectrum.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    torch.set_num_threads(1)
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out/enstrophy_cascade.png")
    target.parent.mkdir(parents=True, exist_ok=True)
    picture(*turbulence(int(sys.argv[2]) if len(sys.argv) > 2 else 256)).savefig(target)
    print(f"written: {target}")
