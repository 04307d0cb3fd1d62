"""Known theories, each stated once as a Lagrangian density.

Arguments are numbers, SymPy expressions or names of symbols; numbers go straight into the density, symbols
become the parameters of the `Lagrangian`.
"""

from __future__ import annotations

from lagrangians.catalogue.oscillators import freidlin_wentzell, kuramoto_inertial, onsager_machlup
from lagrangians.catalogue.scalar import double_sine_gordon, klein_gordon, phi4, sine_gordon, sinh_gordon

__all__ = [
    "double_sine_gordon",
    "freidlin_wentzell",
    "klein_gordon",
    "kuramoto_inertial",
    "onsager_machlup",
    "phi4",
    "sine_gordon",
    "sinh_gordon",
]
