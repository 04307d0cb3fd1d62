"""Lagrangian field theory in SymPy: variation, symmetries, conservation laws, loss expansion.

Everything here needs SymPy and NumPy alone.
"""

from __future__ import annotations

from lagrangians.density import Lagrangian
from lagrangians.errors import NoLagrangianError, ParseError
from lagrangians.generators import Generator
from lagrangians.parser import parse_equation, parse_expression
from lagrangians.printing import to_latex, to_text
from lagrangians.text import parse_lagrangian

__all__ = [
    "Generator",
    "Lagrangian",
    "NoLagrangianError",
    "ParseError",
    "parse_equation",
    "parse_expression",
    "parse_lagrangian",
    "to_latex",
    "to_text",
]
