"""Lagrangian field theory in SymPy: variation, symmetries, conservation laws, loss expansion.

Everything here needs SymPy and NumPy alone.
"""

from __future__ import annotations

from lagrangians import catalogue
from lagrangians.codegen import Program, SourcePrinter, emit_numpy, emit_source, lower
from lagrangians.density import Lagrangian
from lagrangians.dispersion import constant_vacuum, dispersion_branches, dispersion_relation, wavenumbers
from lagrangians.errors import NoLagrangianError, ParseError
from lagrangians.expansion import FieldExpansion, LossExpansion, NodeExpansion, expand_mse_loss
from lagrangians.factor import factor_form, signature
from lagrangians.generators import Generator
from lagrangians.mathml import to_mathml
from lagrangians.parser import parse_equation, parse_expression
from lagrangians.printing import to_latex, to_text
from lagrangians.symmetries import variational_symmetries
from lagrangians.text import parse_lagrangian

__all__ = [
    "FieldExpansion",
    "Generator",
    "Lagrangian",
    "LossExpansion",
    "NoLagrangianError",
    "NodeExpansion",
    "ParseError",
    "Program",
    "SourcePrinter",
    "catalogue",
    "constant_vacuum",
    "dispersion_branches",
    "dispersion_relation",
    "emit_numpy",
    "emit_source",
    "expand_mse_loss",
    "factor_form",
    "lower",
    "parse_equation",
    "parse_expression",
    "parse_lagrangian",
    "signature",
    "to_latex",
    "to_mathml",
    "to_text",
    "variational_symmetries",
    "wavenumbers",
]
