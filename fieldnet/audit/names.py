"""What a field theorist calls a charge."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians import Generator


def charge_name(generator: Generator) -> str:
    """The field's name of a charge: energy, momentum, boost, phase shift, …; else the generator itself."""
    coordinates, jets = generator.coordinates, generator.jets
    xi = [jets.to_jets(part) for part in generator.xi]
    eta = [jets.to_jets(part) for part in generator.eta]
    moving = [alpha for alpha, part in enumerate(xi) if part != 0]
    if not any(eta) and len(moving) == 1 and xi[moving[0]].is_number:
        return "energy" if moving == [0] else f"momentum along {coordinates[moving[0]].name}"
    if not moving and all(part.is_number for part in eta):
        return "phase shift" if len(eta) > 1 and len(set(eta)) == 1 else "field shift"
    if not any(eta) and len(moving) == 2:
        first, second = moving
        crossed = xi[first].has(coordinates[second]) and xi[second].has(coordinates[first])
        if crossed:
            return f"boost along {coordinates[second].name}" if first == 0 else "angular momentum"
    galilei = _galilei(xi, eta, coordinates)
    if galilei is not None:
        return galilei
    if not moving and _is_rotation(eta, [jets.symbol(a) for a in range(len(eta))]):
        return "rotation of the fields"
    return str(generator)


def _galilei(
    xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], coordinates: Sequence[sympy.Symbol]
) -> str | None:
    """t∂_x with a change of the fields that is proportional to x, or constant."""
    time = coordinates[0]
    moving = [alpha for alpha, part in enumerate(xi) if part != 0]
    if len(moving) != 1 or moving == [0] or not (xi[moving[0]] / time).is_number or not any(eta):
        return None
    along = coordinates[moving[0]]
    shifted = all(part.is_number for part in eta)
    if shifted or all(not (part / along).has(*coordinates) for part in eta):
        return f"Galilei boost along {along.name}"
    return None


def _is_rotation(eta: Sequence[sympy.Expr], fields: Sequence[sympy.Symbol]) -> bool:
    """η = Aφ, of rank 2, its eigenvalues a purely imaginary pair: a rotation, or the phase of u + iw."""
    matrix = sympy.Matrix([[sympy.diff(part, field) for field in fields] for part in eta])
    if not all(value.is_number for value in matrix) or any(
        sympy.expand(part - row) != 0 for part, row in zip(eta, matrix * sympy.Matrix(fields), strict=True)
    ):
        return False
    square = matrix * matrix
    turned = [index for index in range(len(fields)) if any(matrix[index, :])]
    if len(turned) != 2 or any(matrix[i, i] != 0 for i in turned):
        return False
    return bool(square[turned[0], turned[0]] < 0)
