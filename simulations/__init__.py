"""Simulations: any Lagrangian on a grid or a chain, oscillators on a network, turbulence; files of them."""

from . import integrators, oscillators, solutions
from .chain import Chain
from .charges import charges, charges_along
from .derivatives import Derivative
from .errors import BlowUpError, DataError
from .field_system import FieldSystem
from .grids import Grid
from .initial import initial_state
from .integrators import INTEGRATORS, rk4, stormer_verlet, yoshida4
from .oscillators import Edges, Kuramoto, MeanFieldTriplets, Triplets
from .rollout import rollout
from .simulate import simulate
from .storage import check_writable, guess_boundary, load, normalise, save
from .turbulence.navier_stokes import NavierStokes2D

__all__ = [
    "INTEGRATORS",
    "BlowUpError",
    "Chain",
    "DataError",
    "Derivative",
    "Edges",
    "FieldSystem",
    "Grid",
    "Kuramoto",
    "MeanFieldTriplets",
    "NavierStokes2D",
    "Triplets",
    "charges",
    "charges_along",
    "check_writable",
    "guess_boundary",
    "initial_state",
    "integrators",
    "load",
    "normalise",
    "oscillators",
    "rk4",
    "rollout",
    "save",
    "simulate",
    "solutions",
    "stormer_verlet",
    "yoshida4",
]
