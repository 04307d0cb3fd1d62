"""Lagrangian field theory in SymPy: variation, symmetries, conservation laws, loss expansion.

Everything here needs SymPy and NumPy alone. What needs NumPy is loaded on first use, so that the import costs
little more than that of SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lagrangians.density import Lagrangian
from lagrangians.errors import NoLagrangianError, ParseError
from lagrangians.generators import Generator
from lagrangians.parser import parse_equation, parse_expression
from lagrangians.printing import to_latex, to_text
from lagrangians.text import parse_lagrangian

if TYPE_CHECKING:
    from lagrangians import catalogue
    from lagrangians.codegen import Program, SourcePrinter, emit_numpy, emit_source, lower
    from lagrangians.dispersion import (
        constant_vacuum,
        dispersion_branches,
        dispersion_relation,
        wavenumbers,
    )
    from lagrangians.expansion import FieldExpansion, LossExpansion, NodeExpansion, expand_mse_loss
    from lagrangians.factor import factor_form, signature
    from lagrangians.mathml import to_mathml
    from lagrangians.symmetries import variational_symmetries

_LOADED_ON_USE = {
    "codegen": ("Program", "SourcePrinter", "emit_numpy", "emit_source", "lower"),
    "dispersion": ("constant_vacuum", "dispersion_branches", "dispersion_relation", "wavenumbers"),
    "expansion": ("FieldExpansion", "LossExpansion", "NodeExpansion", "expand_mse_loss"),
    "factor": ("factor_form", "signature"),
    "mathml": ("to_mathml",),
    "symmetries": ("variational_symmetries",),
}
_HOME = {name: module for module, names in _LOADED_ON_USE.items() for name in names}

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


def __getattr__(name: str) -> Any:
    if name == "catalogue":
        return import_module("lagrangians.catalogue")
    if name not in _HOME:
        raise AttributeError(f"module 'lagrangians' has no attribute {name!r}")
    return getattr(import_module(f"lagrangians.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
