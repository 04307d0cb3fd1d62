"""Lie point symmetries: the determining equations, their solution, and the algebra that results."""

from __future__ import annotations

from lagrangians.symmetries.algebra import SymmetryAlgebra
from lagrangians.symmetries.find import find_symmetries
from lagrangians.symmetries.lie_algebra import LieAlgebra
from lagrangians.symmetries.null_space import reduced_echelon
from lagrangians.symmetries.variational import variational_symmetries

__all__ = [
    "LieAlgebra",
    "SymmetryAlgebra",
    "find_symmetries",
    "reduced_echelon",
    "variational_symmetries",
]
