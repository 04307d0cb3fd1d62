"""Solitons and waves of theories of first order in time: Schrödinger's, Korteweg–de Vries'."""

from __future__ import annotations

import torch

from ...grids import Grid
from .. import dispersive, schroedinger
from ..registry import State, solution
from .placing import CENTRE, Theory, about, wavenumbers

SULEM = "Sulem & Sulem, *The Nonlinear Schrödinger Equation*, ch. 1"


def _real(psi: torch.Tensor) -> torch.Tensor:
    return torch.stack([psi.real, psi.imag])


@solution(
    "soliton",
    "nonlinear_schroedinger",
    "bright soliton, for g < 0",
    {"amplitude": ("height of |ψ|", 1.0), "v": ("velocity", 0.0), "centre": CENTRE},
    SULEM,
)
def _bright(
    grid: Grid, time: float, theory: Theory, amplitude: float, v: float, centre: float | None
) -> State:
    return _real(schroedinger.bright_soliton(about(grid, centre), time, amplitude, v, **theory))


@solution(
    "dark-soliton",
    "nonlinear_schroedinger",
    "dip that moves through a condensate, for g > 0",
    {"density": ("of the condensate", 1.0), "v": ("velocity", 0.0), "centre": CENTRE},
    "Pitaevskii & Stringari, *Bose–Einstein Condensation*, §5.5",
    boundary="neumann",
)
def _dark(grid: Grid, time: float, theory: Theory, density: float, v: float, centre: float | None) -> State:
    return _real(schroedinger.dark_soliton(about(grid, centre), time, density, v, **theory))


@solution(
    "plane-wave",
    "nonlinear_schroedinger",
    "stream of uniform density, √n exp(ikx − iωt)",
    {"density": ("n", 1.0), "nx": ("waves in the box", 1.0)},
    "Pitaevskii & Stringari, *Bose–Einstein Condensation*, §5.2",
)
def _stream(grid: Grid, time: float, theory: Theory, density: float, nx: float) -> State:
    (k, *_) = wavenumbers(grid, (nx,))
    x = grid.mesh()[0] - grid.origin[0]
    return _real(schroedinger.condensate_wave(x, time, k, density, **theory))


@solution(
    "soliton",
    "korteweg_de_vries",
    "soliton u = (3V/α) sech²(½√(V/β)(x − Vt))",
    {"v": ("velocity V, of the sign of β", 1.0), "centre": CENTRE},
    "Korteweg & de Vries, Phil. Mag. 39 (1895) 422",
)
def _kdv(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return dispersive.korteweg_de_vries_solitons(about(grid, centre), time, (v,), (0.0,), **theory)[1]


@solution(
    "two-solitons",
    "korteweg_de_vries",
    "fast soliton that overtakes a slow one",
    {
        "v1": ("velocity of the fast one", 1.0),
        "v2": ("velocity of the slow one", 0.3),
        "separation": ("how far the fast one starts behind, default a third of the box", None),
        "centre": ("middle between the two at the start, default that of the box", None),
    },
    "Hirota, Phys. Rev. Lett. 27 (1971) 1192",
)
def _two_kdv(
    grid: Grid,
    time: float,
    theory: Theory,
    v1: float,
    v2: float,
    separation: float | None,
    centre: float | None,
) -> State:
    half = (grid.length[0] / 3 if separation is None else separation) / 2
    x = about(grid, centre)
    return dispersive.korteweg_de_vries_solitons(x, time, (v1, v2), (-half, half), **theory)[1]


@solution(
    "soliton",
    "modified_korteweg_de_vries",
    "soliton u = √(6v/α) sech(√(v/β)(x − vt))",
    {"v": ("velocity, of the sign of β", 1.0), "centre": CENTRE},
    "Wadati, J. Phys. Soc. Japan 32 (1972) 1681",
)
def _mkdv(grid: Grid, time: float, theory: Theory, v: float, centre: float | None) -> State:
    return dispersive.modified_korteweg_de_vries_soliton(about(grid, centre), time, v, **theory)[1]


@solution(
    "breather",
    "modified_korteweg_de_vries",
    "pulsating packet",
    {"a": ("wavenumber", 1.0), "b": ("inverse width of the envelope", 0.5), "centre": CENTRE},
    "Wadati, J. Phys. Soc. Japan 34 (1973) 1289",
)
def _mkdv_breather(
    grid: Grid, time: float, theory: Theory, a: float, b: float, centre: float | None
) -> State:
    return dispersive.modified_korteweg_de_vries_breather(about(grid, centre), time, a, b, **theory)[1]
