"""Parametrisations of Lie-algebra generators, one a file."""

from .base import Bracket, Combination, GeneratorModule, Sum
from .bases import Basis, Polynomial, Trigonometric
from .circulant import Circulant
from .dense import Dense, Fixed
from .families import Concatenated, Zero
from .graph import Graph
from .incidence import Incidence
from .local_stencil import LocalStencil, box
from .low_rank import LowRank
from .representation import Representation
from .stencil import Stencil
from .vector_field import VectorField

__all__ = [
    "Basis",
    "Bracket",
    "Circulant",
    "Combination",
    "Concatenated",
    "Dense",
    "Fixed",
    "GeneratorModule",
    "Graph",
    "Incidence",
    "LocalStencil",
    "LowRank",
    "Polynomial",
    "Representation",
    "Stencil",
    "Sum",
    "Trigonometric",
    "VectorField",
    "Zero",
    "box",
]
