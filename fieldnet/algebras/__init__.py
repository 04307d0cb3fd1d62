"""Known Lie algebras: matrices, vector fields, structure constants, exponential map, adjoint."""

from .algebra import Algebra
from .known import (
    affine,
    dilation,
    general_linear,
    heisenberg,
    known_algebras,
    poincare,
    rotations,
    scalings,
    shears,
    special_euclidean,
    special_linear,
    special_orthogonal,
    translations,
)
from .lift import lift_generator, lift_velocity

__all__ = [
    "Algebra",
    "affine",
    "dilation",
    "general_linear",
    "heisenberg",
    "known_algebras",
    "lift_generator",
    "lift_velocity",
    "poincare",
    "rotations",
    "scalings",
    "shears",
    "special_euclidean",
    "special_linear",
    "special_orthogonal",
    "translations",
]
