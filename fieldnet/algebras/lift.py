"""Vector fields carried along by a diffeomorphism y = φ(x): (φ_*X)^α(y) = X^β ∂_βφ^α at x = φ⁻¹(y).

For φ(x) = gx and X_i = (L_i x)^α ∂_α the lift is (gL_ig⁻¹ y)^α ∂_α: pushing forward is conjugation. Brackets
are carried along, φ_*[X, Y] = [φ_*X, φ_*Y].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy
import torch
from torch import Tensor

from lagrangians import Generator

PointMap = Callable[[Tensor], Tensor]


def lift_generator(
    generator: Generator, image: Sequence[sympy.Expr], inverse: Sequence[sympy.Expr]
) -> Generator:
    """φ_*X exactly, for a generator with η = 0. `image` is φ and `inverse` φ⁻¹, in the same coordinates.

    Raises ValueError where φ(φ⁻¹(x)) ≠ x, where counts differ, and where the generator moves fields.
    """
    x = generator.coordinates
    if len(image) != len(x) or len(inverse) != len(x):
        raise ValueError(
            f"got maps with {len(image)} and {len(inverse)} components, expected {len(x)}, one a coordinate"
        )
    if any(part != 0 for part in generator.eta) or any(part.has(*generator.fields) for part in generator.xi):
        raise ValueError(f"got the generator {generator}, expected one that moves the coordinates alone")
    back = dict(zip(x, inverse, strict=True))
    round_trip = [sympy.sympify(part).subs(back, simultaneous=True) for part in image]
    if any(sympy.simplify(there - start) != 0 for there, start in zip(round_trip, x, strict=True)):
        raise ValueError(f"got the inverse {tuple(inverse)}, expected the inverse of {tuple(image)}")
    moved = (generator.apply(sympy.sympify(part)).subs(back, simultaneous=True) for part in image)
    return Generator(tuple(sympy.simplify(part) for part in moved), generator.eta, x, generator.fields)


def lift_velocity(velocity: PointMap, diffeomorphism: PointMap, inverse: PointMap) -> PointMap:
    """φ_*v as a function of points, y ↦ Dφ(x) v(x) at x = φ⁻¹(y), by forward differentiation.

    All maps are pointwise and keep the shape (..., n).
    """

    def lifted(points: Tensor) -> Tensor:
        origin = inverse(points)
        return torch.func.jvp(diffeomorphism, (origin,), (velocity(origin),))[1]

    return lifted
