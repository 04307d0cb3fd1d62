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
    from lagrangians.canonical import canonical_form
    from lagrangians.charges import (
        ConservedCharge,
        angular_momentum,
        boost_charges,
        conserved_charges,
        inverse_square_speeds,
    )
    from lagrangians.codegen import Program, SourcePrinter, emit_numpy, emit_source, lower
    from lagrangians.dispersion import constant_vacuum, dispersion_branches, dispersion_relation, wavenumbers
    from lagrangians.energy_momentum import momentum_densities, symmetric_energy_momentum_tensor
    from lagrangians.euler_lagrange import euler_lagrange_equations
    from lagrangians.expansion import FieldExpansion, LossExpansion, NodeExpansion, expand_mse_loss
    from lagrangians.factor import factor_form, generic_signature, signature
    from lagrangians.functional import functional_derivative
    from lagrangians.hamiltonian import Hamiltonian
    from lagrangians.helmholtz import HelmholtzCondition, helmholtz_conditions
    from lagrangians.inverse import caldirola_kanai, lagrangian_from_equations, multiplier_matrices
    from lagrangians.light_cone import LightCone, characteristic_speeds
    from lagrangians.mathml import to_mathml
    from lagrangians.noether import conserved_current
    from lagrangians.order_reduction import lowest_order
    from lagrangians.plane_waves import PlaneWaves
    from lagrangians.symmetries import LieAlgebra, SymmetryAlgebra, find_symmetries, variational_symmetries

_LOADED_ON_USE = {
    "canonical": ("canonical_form",),
    "charges": (
        "ConservedCharge",
        "angular_momentum",
        "boost_charges",
        "conserved_charges",
        "inverse_square_speeds",
    ),
    "codegen": (
        "Program",
        "SourcePrinter",
        "emit_numpy",
        "emit_source",
        "lower",
    ),
    "dispersion": (
        "constant_vacuum",
        "dispersion_branches",
        "dispersion_relation",
        "wavenumbers",
    ),
    "energy_momentum": (
        "momentum_densities",
        "symmetric_energy_momentum_tensor",
    ),
    "euler_lagrange": ("euler_lagrange_equations",),
    "expansion": (
        "FieldExpansion",
        "LossExpansion",
        "NodeExpansion",
        "expand_mse_loss",
    ),
    "factor": (
        "factor_form",
        "generic_signature",
        "signature",
    ),
    "functional": ("functional_derivative",),
    "helmholtz": ("HelmholtzCondition", "helmholtz_conditions"),
    "inverse": ("caldirola_kanai", "lagrangian_from_equations", "multiplier_matrices"),
    "hamiltonian": ("Hamiltonian",),
    "light_cone": (
        "LightCone",
        "characteristic_speeds",
    ),
    "mathml": ("to_mathml",),
    "noether": ("conserved_current",),
    "order_reduction": ("lowest_order",),
    "plane_waves": ("PlaneWaves",),
    "symmetries": (
        "LieAlgebra",
        "SymmetryAlgebra",
        "find_symmetries",
        "variational_symmetries",
    ),
}
_HOME = {name: module for module, names in _LOADED_ON_USE.items() for name in names}

__all__ = [
    "ConservedCharge",
    "FieldExpansion",
    "Generator",
    "Hamiltonian",
    "HelmholtzCondition",
    "Lagrangian",
    "LieAlgebra",
    "LightCone",
    "LossExpansion",
    "NoLagrangianError",
    "NodeExpansion",
    "ParseError",
    "PlaneWaves",
    "Program",
    "SourcePrinter",
    "SymmetryAlgebra",
    "angular_momentum",
    "boost_charges",
    "caldirola_kanai",
    "canonical_form",
    "catalogue",
    "characteristic_speeds",
    "conserved_charges",
    "conserved_current",
    "constant_vacuum",
    "dispersion_branches",
    "dispersion_relation",
    "emit_numpy",
    "emit_source",
    "euler_lagrange_equations",
    "expand_mse_loss",
    "factor_form",
    "find_symmetries",
    "functional_derivative",
    "generic_signature",
    "helmholtz_conditions",
    "inverse_square_speeds",
    "lagrangian_from_equations",
    "lower",
    "lowest_order",
    "momentum_densities",
    "multiplier_matrices",
    "parse_equation",
    "parse_expression",
    "parse_lagrangian",
    "signature",
    "symmetric_energy_momentum_tensor",
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
