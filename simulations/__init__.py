"""Field simulations: any Lagrangian on a grid, oscillators on a network, trajectories on disk."""

from .errors import BlowUpError, DataError
from .storage import check_writable, guess_boundary, load, normalise, save

__all__ = ["BlowUpError", "DataError", "check_writable", "guess_boundary", "load", "normalise", "save"]
