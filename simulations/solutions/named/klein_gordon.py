"""Plane waves and packets of the Klein-Gordon field."""

from __future__ import annotations

from ...grids import Grid
from .. import klein_gordon
from ..klein_gordon import middle
from ..registry import State, solution
from .placing import MODES, Theory, wavenumbers


@solution(
    "plane-wave",
    "klein_gordon",
    "running wave A cos(k·x − ωt)",
    {"amplitude": ("A", 1.0), **MODES},
    "Peskin & Schroeder, *An Introduction to Quantum Field Theory*, §2.3",
)
def _plane_wave(
    grid: Grid, time: float, theory: Theory, amplitude: float, nx: float, ny: float, nz: float
) -> State:
    k = wavenumbers(grid, (nx, ny, nz))
    places = [x - origin for x, origin in zip(grid.mesh(), grid.origin, strict=True)]
    return klein_gordon.plane_wave(places, time, k, amplitude, **theory)


@solution(
    "wave-packet",
    "klein_gordon",
    "Gaussian packet of waves that run one way",
    {
        "amplitude": ("height at the start", 1.0),
        "width": ("standard deviation of the envelope, default a twentieth of the box", None),
        **MODES,
        "nx": ("waves in the box along x, about which the packet is centred", 10.0),
        "centre": ("place along x at the start, default the middle of the box", None),
    },
    "Whitham, *Linear and Nonlinear Waves*, §11.2",
)
def _wave_packet(
    grid: Grid,
    time: float,
    theory: Theory,
    amplitude: float,
    width: float | None,
    nx: float,
    ny: float,
    nz: float,
    centre: float | None,
) -> State:
    places = list(middle(grid))
    places[0] = places[0] if centre is None else centre
    k = wavenumbers(grid, (nx, ny, nz))
    size = min(grid.length) / 20 if width is None else width
    return klein_gordon.wave_packet(grid, k, size, time, amplitude, places, **theory)
