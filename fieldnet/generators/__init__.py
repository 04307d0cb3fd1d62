"""Parametrisations of Lie-algebra generators, one a file."""

from .base import GeneratorModule
from .dense import Dense, Fixed
from .graph import Graph
from .stencil import Stencil

__all__ = ["Dense", "Fixed", "GeneratorModule", "Graph", "Stencil"]
