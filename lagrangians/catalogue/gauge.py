"""Gauge fields: a potential A_t, A_x, … with the field strength F_αβ = ∂_αA_β − ∂_βA_α; units with c = 1 but
for Maxwell's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from lagrangians.catalogue.arguments import conjugate_pair, constant, coordinates_of
from lagrangians.catalogue.registry import Vacuum, theory
from lagrangians.density import Lagrangian

FAMILY = "Gauge fields"


def _potential(coordinates: Sequence[sympy.Symbol]) -> list[sympy.Expr]:
    return [sympy.Function(f"A_{x.name}")(*coordinates) for x in coordinates]


def _field_strength(A: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]) -> list[list[sympy.Expr]]:
    size = range(len(coordinates))
    return [[A[b].diff(coordinates[a]) - A[a].diff(coordinates[b]) for b in size] for a in size]


def _electromagnetic(
    A: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol], speed: sympy.Expr
) -> sympy.Expr:
    """½|E|² − ½c²|B|²."""
    F = _field_strength(A, coordinates)
    space = range(1, len(coordinates))
    electric = sympy.Add(*(F[0][i] ** 2 for i in space))
    magnetic = sympy.Add(*(F[i][j] ** 2 for i in space for j in space if i < j))
    return (electric - speed**2 * magnetic) / 2


@theory(
    family=FAMILY,
    covectors=("A",),
    title="Maxwell's field",
    parameters={"c": ("speed of light", "length / time")},
    reference="Landau & Lifshitz, *The Classical Theory of Fields*, §27; Peskin & Schroeder, problem 2.1",
    note="A_α → A_α + ∂_αΛ is a symmetry, so the equations cannot be solved for all accelerations. In one "
    "dimension there is no magnetic field (c does not occur) and nothing propagates; else d − 1 "
    "polarisations.",
    example={"dimension": 3},
)
def maxwell(c: Any = 1, dimension: int = 3) -> Lagrangian:
    """ℒ = ½|E|² − ½c²|B|² with E_i = ∂_tA_i − ∂_iA_t (F_{ti}) and B_ij = ∂_iA_j − ∂_jA_i; fields A_t,
    A_x, ….

    Equations ∂_iE_i = 0 and ∂_tE_i = c²∂_jB_ji; ω² = c²k² for dimension − 1 polarisations, with one gauge
    direction. Landau & Lifshitz, *The Classical Theory of Fields*, §27.
    """
    coordinates = coordinates_of(dimension)
    A = _potential(coordinates)
    return Lagrangian(_electromagnetic(A, coordinates, constant(c)), tuple(A), coordinates)


def _square(A: Sequence[sympy.Expr]) -> sympy.Expr:
    """A_αA^α with signature (+, −, …)."""
    return A[0] ** 2 - sympy.Add(*(component**2 for component in A[1:]))


@theory(
    family=FAMILY,
    covectors=("A",),
    title="Proca's massive vector field",
    parameters={"m": ("mass, as the frequency of the field at rest; the speed of light is 1", "1 / time")},
    reference="Proca, J. Phys. Radium 7 (1936) 347; Jackson, *Classical Electrodynamics*, §12.8",
    note="The mass breaks the gauge symmetry: as many polarisations as space dimensions. A_t is no "
    "dynamical field.",
    example={"dimension": 2},
)
def proca(m: Any = 1, dimension: int = 3) -> Lagrangian:
    """ℒ = −¼F_αβF^αβ + ½m²A_αA^α, so ∂_αF^αβ + m²A^β = 0 and ω² = k² + m² for `dimension` polarisations.

    Jackson, *Classical Electrodynamics*, §12.8.
    """
    coordinates = coordinates_of(dimension)
    A = _potential(coordinates)
    density = _electromagnetic(A, coordinates, sympy.S.One) + constant(m) ** 2 * _square(A) / 2
    return Lagrangian(density, tuple(A), coordinates)


@theory(
    family=FAMILY,
    covectors=("A",),
    title="Maxwell–Chern–Simons field",
    parameters={"mu": ("topological mass; the speed of light is 1", "1 / time")},
    reference="Deser, Jackiw & Templeton, Phys. Rev. Lett. 48 (1982) 975",
    note="Two space dimensions: gauge invariant up to a divergence, and massive nevertheless.",
)
def maxwell_chern_simons(mu: Any = 1) -> Lagrangian:
    """ℒ = −¼F_αβF^αβ + ¼με^αβγA_αF_βγ in two space dimensions; ω² = k² + μ², one gauge direction.

    Deser, Jackiw & Templeton, Phys. Rev. Lett. 48 (1982) 975.
    """
    coordinates = coordinates_of(2)
    A = _potential(coordinates)
    F = _field_strength(A, coordinates)
    winding = A[0] * F[1][2] + A[1] * F[2][0] + A[2] * F[0][1]
    density = _electromagnetic(A, coordinates, sympy.S.One) + constant(mu) * winding / 2
    return Lagrangian(density, tuple(A), coordinates)


@theory(
    family=FAMILY,
    covectors=("A",),
    title="Abelian Higgs model",
    parameters={
        "e": ("charge; the speed of light is 1", "1 / (length field)"),
        "g": ("self-coupling, positive", "1 / (time² field²)"),
        "v": ("modulus of the field in the vacuum", "field"),
    },
    vacua=(
        Vacuum(
            {"phi": sympy.Symbol("v"), "phi_bar": sympy.Symbol("v")}, "broken phase: Higgs and vector field"
        ),
        Vacuum({}, "the unstable symmetric state"),
    ),
    reference="Peskin & Schroeder, *An Introduction to Quantum Field Theory*, eq. 20.1; Higgs, Phys. Rev. "
    "Lett. 13 (1964) 508",
    note="Complex φ with D_α = ∂_α + ieA_α. In the broken phase the Goldstone field turns into the third "
    "polarisation of the vector field.",
    example={"dimension": 1},
)
def abelian_higgs(e: Any = 1, g: Any = 1, v: Any = 1, dimension: int = 1) -> Lagrangian:
    """ℒ = −¼F_αβF^αβ + (D_αφ)‾D^αφ − ½g(φ̄φ − v²)² with D_α = ∂_α + ieA_α; fields phi, phi_bar, A_t, A_x, ….

    About |φ| = v the Higgs field has mass² 2gv² and the vector field 2e²v². Peskin & Schroeder, eq. 20.1.
    """
    coordinates = coordinates_of(dimension)
    phi, bar = conjugate_pair("phi", coordinates)
    A = _potential(coordinates)
    charge = constant(e)
    covariant = [
        (phi.diff(x) + sympy.I * charge * a * phi) * (bar.diff(x) - sympy.I * charge * a * bar)
        for x, a in zip(coordinates, A, strict=True)
    ]
    matter = covariant[0] - sympy.Add(*covariant[1:])
    potential = constant(g) * (bar * phi - constant(v) ** 2) ** 2 / 2
    density = _electromagnetic(A, coordinates, sympy.S.One) + matter - potential
    return Lagrangian(density, (phi, bar, *A), coordinates)
