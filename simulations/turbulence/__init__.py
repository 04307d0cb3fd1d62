"""Two-dimensional turbulence: Navier–Stokes in vorticity, initial flows, stirring."""

from .navier_stokes import NavierStokes2D
from .stirring import RandomForcing, kolmogorov_forcing
from .vorticity import lamb_dipole, random_vorticity, shear_layer, taylor_green

__all__ = [
    "NavierStokes2D",
    "RandomForcing",
    "kolmogorov_forcing",
    "lamb_dipole",
    "random_vorticity",
    "shear_layer",
    "taylor_green",
]
