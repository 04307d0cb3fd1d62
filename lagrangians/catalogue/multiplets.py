"""Several real scalar fields: O(N) models, with the constraint |n|² = 1 or with a potential."""

from __future__ import annotations

from typing import Any

import sympy

from lagrangians.catalogue.arguments import constant, coordinates_of, gradient_squared
from lagrangians.catalogue.registry import Vacuum, theory
from lagrangians.density import Lagrangian

FAMILY = "Multiplets of real scalar fields"


@theory(
    family=FAMILY,
    title="O(3) sigma model",
    parameters={"c": ("speed of spin waves", "length / time")},
    vacua=(Vacuum({"n_3": 1}, "n along the third axis"),),
    reference="Rajaraman, *Solitons and Instantons*, ch. 3; Zinn-Justin, *Quantum Field Theory and Critical "
    "Phenomena*, ch. 14",
    note="A unit vector n(t, x). The multiplier is a field of its own; its equation is the constraint |n|² "
    "= 1 and its value on solutions is |n_t|² − c²|∇n|².",
)
def sigma_model(c: Any = 1, dimension: int = 1) -> Lagrangian:
    """ℒ = ½|n_t|² − ½c²|∇n|² + ½λ(1 − |n|²) for n = (n_1, n_2, n_3) and the multiplier λ (field
    `multiplier`).

    So n_tt = c²∇²n − λn and |n|² = 1, where λ = |n_t|² − c²|∇n|². Two massless branches about each direction.
    Rajaraman, *Solitons and Instantons*, ch. 3.
    """
    coordinates = coordinates_of(dimension)
    n = [sympy.Function(f"n_{i}")(*coordinates) for i in (1, 2, 3)]
    multiplier = sympy.Function("multiplier")(*coordinates)
    kinetic = sympy.Add(*(component.diff(coordinates[0]) ** 2 for component in n))
    gradient = constant(c) ** 2 * sympy.Add(*(gradient_squared(component, coordinates) for component in n))
    constraint = multiplier * (1 - sympy.Add(*(component**2 for component in n)))
    return Lagrangian((kinetic - gradient + constraint) / 2, (*n, multiplier), coordinates)


@theory(
    family=FAMILY,
    title="Linear sigma model",
    parameters={
        "c": ("limiting speed", "length / time"),
        "g": ("coupling, positive", "1 / (time² field²)"),
        "v": ("length of the field in the vacuum", "field"),
    },
    vacua=(Vacuum({"phi_1": sympy.Symbol("v")}, "broken O(N): one massive field, N − 1 Goldstone fields"),),
    reference="Gell-Mann & Lévy, Nuovo Cimento 16 (1960) 705; Peskin & Schroeder, §11.1",
    note="`components` is the number N of fields.",
    example={"components": 3},
)
def linear_sigma(c: Any = 1, g: Any = 1, v: Any = 1, components: int = 2, dimension: int = 1) -> Lagrangian:
    """V = ¼g(φ·φ − v²)² for N real fields φ_1 … φ_N, so φ_tt = c²∇²φ − g(φ·φ − v²)φ.

    About |φ| = v one field has mass² 2gv², the other N − 1 are massless. Peskin & Schroeder, §11.1.
    Raises `ValueError` for fewer than one component.
    """
    if components < 1:
        raise ValueError(f"got {components} components, expected at least 1")
    coordinates = coordinates_of(dimension)
    phi = [sympy.Function(f"phi_{i + 1}")(*coordinates) for i in range(components)]
    kinetic = sympy.Add(*(f.diff(coordinates[0]) ** 2 for f in phi)) / 2
    gradient = constant(c) ** 2 * sympy.Add(*(gradient_squared(f, coordinates) for f in phi)) / 2
    length = sympy.Add(*(f**2 for f in phi))
    potential = constant(g) * (length - constant(v) ** 2) ** 2 / 4
    return Lagrangian(kinetic - gradient - potential, tuple(phi), coordinates)
