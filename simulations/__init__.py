"""Field simulations: any Lagrangian on a grid, oscillators on a network, trajectories on disk."""

from . import solutions
from .derivatives import Derivative
from .errors import BlowUpError, DataError
from .field_system import FieldSystem
from .grids import Grid
from .initial import initial_state
from .integrators import INTEGRATORS, rk4, stormer_verlet, yoshida4
from .kuramoto import Kuramoto
from .simulate import simulate
from .storage import check_writable, guess_boundary, load, normalise, save

__all__ = [
    "INTEGRATORS",
    "BlowUpError",
    "DataError",
    "Derivative",
    "FieldSystem",
    "Grid",
    "Kuramoto",
    "check_writable",
    "guess_boundary",
    "initial_state",
    "load",
    "normalise",
    "rk4",
    "save",
    "simulate",
    "solutions",
    "stormer_verlet",
    "yoshida4",
]
