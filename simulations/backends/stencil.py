"""What both back ends are emitted from: fields on a grid with a compact second derivative along each axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy
import torch

from lagrangians.codegen import Program, lower

from ..derivatives import second_derivative_weights
from ..field_system import FieldSystem
from ..fields.laplacian_force import LaplacianForce
from ..grids import Grid


@dataclass(frozen=True)
class Term:
    """C^axis_ab ∂²_axis φ^b in the equation of φ^a; the coefficient is output `number` of `coefficients`."""

    field: int
    axis: int
    source: int
    number: int


@dataclass(frozen=True)
class Stencil:
    """φ_tt^a = Σ_axis C^axis_ab [Σ_j w_j φ^b(x ± jΔx)]/Δx² + F^a(φ, x, t), by finite differences.

    Attributes:
        grid, order: where, and the order 2, 4, 6 or 8 of the differences.
        fields: how many.
        terms: the second derivatives that occur.
        coefficients: program of the C's, from parameters that are the same at every point.
        forces: program of F^0, F^1, …, from fields, coordinates, the time and parameters.
        meaning: what an input is: ("field", a), ("time", 0), ("place", axis) or ("parameter", 0).
        parameters: values of the parameters.
    """

    grid: Grid
    order: int
    fields: int
    terms: tuple[Term, ...]
    coefficients: Program
    forces: Program
    meaning: Mapping[str, tuple[str, int]]
    parameters: Mapping[str, torch.Tensor]

    @property
    def half(self) -> int:
        """How many points the stencil reaches to either side."""
        return self.order // 2

    def weights(self) -> list[list[float]]:
        """w_0 … w_{order/2} over Δx², a row an axis."""
        row = second_derivative_weights(self.order)
        return [[float(w) / spacing**2 for w in row] for spacing in self.grid.spacing]

    def uniform(self, name: str) -> bool:
        """Whether a parameter is the same at every point (it may differ from sample to sample)."""
        value = self.parameters[name]
        return all(size == 1 for size in value.shape[max(0, value.ndim - self.grid.dimension) :])


def stencil_of(system: Any) -> Stencil | None:
    """The stencil of a field system; None where it has none.

    That is: other systems, Fourier derivatives, densities that are not quadratic in the gradient with
    constant coefficients, absorbing layers, axes with no more points than the order.
    """
    if not isinstance(system, FieldSystem) or type(system).acceleration is not FieldSystem.acceleration:
        return None
    force, order, grid = system.force, system.derivative.scheme, system.grid
    if not isinstance(force, LaplacianForce) or order == "fourier" or not system.separable:
        return None
    if min(grid.points) <= order:
        return None
    terms: list[Term] = []
    coefficients: dict[sympy.Expr, int] = {}
    for a in range(len(system.fields)):
        for axis, matrix in force.couplings.items():
            for b in range(len(system.fields)):
                if matrix[a, b] != 0:
                    number = coefficients.setdefault(matrix[a, b], len(coefficients))
                    terms.append(Term(a, axis, b, number))
    jets = system.jets
    space = (jets.fields, jets.coordinates)
    constants = lower({f"coefficient{i}": c for c, i in coefficients.items()}, space)
    forces = lower({f"force{a}": f for a, f in enumerate(force.forces)}, space)
    meaning: dict[str, tuple[str, int]] = {}
    for name in (*constants.inputs, *forces.inputs):
        if name in jets.coordinate_names:
            axis = jets.coordinate_names.index(name)
            meaning[name] = ("place", axis - 1) if axis else ("time", 0)
        elif name in system.parameters:
            meaning[name] = ("parameter", 0)
        elif name in jets.field_names:
            meaning[name] = ("field", jets.field_names.index(name))
        else:
            return None
    return Stencil(
        grid, int(order), len(system.fields), tuple(terms), constants, forces, meaning, system.parameters
    )
