"""Solving field equations for their highest time derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from lagrangians.jets import JetSpace, raised


def leading_derivatives(equations: Sequence[sympy.Expr], jets: JetSpace) -> list[sympy.Symbol | None]:
    """For each field the jet with the most derivatives along the first coordinate; None where it has none.

    Raises `ValueError` where two different jets of a field share the highest time order (such as u_tt and
    u_ttxx): such equations cannot be solved point by point.
    """
    highest: list[tuple[int, list[sympy.Symbol]]] = [(0, []) for _ in jets.fields]
    for symbol, (field, index) in jets.jets_in(sympy.Tuple(*equations)).items():
        order, symbols = highest[field]
        if index[0] > order:
            highest[field] = (index[0], [symbol])
        elif index[0] == order and order > 0:
            symbols.append(symbol)
    for _, symbols in highest:
        if len(symbols) > 1:
            names = ", ".join(map(str, symbols))
            raise ValueError(
                f"no single highest time derivative: got {names}, which share the same time order"
            )
    return [symbols[0] if symbols else None for _, symbols in highest]


def direction_name(vector: Sequence[sympy.Expr], jets: JetSpace) -> str:
    """A combination of fields as text, `u - 2*v`."""
    return str(sympy.Add(*(v * sympy.Symbol(n) for v, n in zip(vector, jets.field_names, strict=True))))


def solve_for_leading(
    equations: Sequence[sympy.Expr], jets: JetSpace, density: sympy.Expr | None = None
) -> dict[sympy.Symbol, sympy.Expr]:
    """{leading time derivative: expression} in field order from E_a = 0, all in plain jet symbols.

    The equations must be linear in the leading derivatives: E_a = M_ab u^b + R_a gives u = −M⁻¹R. Raises
    `ValueError` for a singular M, naming its null direction (that of the velocity Hessian ∂²ℒ/∂φ_t∂φ_t
    where it has one).
    """
    leading = leading_derivatives(equations, jets)
    if None in leading:
        name = jets.field_names[leading.index(None)]
        raise ValueError(f"degenerate: no time derivative of {name} in the equations; null direction {name}")
    matrix = sympy.Matrix([[sympy.diff(e, s) for s in leading] for e in equations])
    if matrix.has(*leading):
        raise ValueError("the equations are not linear in their highest time derivatives")
    rest = [e.xreplace(dict.fromkeys(leading, sympy.S.Zero)) for e in equations]
    if matrix.is_diagonal() and all(matrix[a, a] != 0 for a in range(len(leading))):
        solution = [-r / matrix[a, a] for a, r in enumerate(rest)]
    else:
        solution = _solve(matrix, rest, jets, density)
    return {s: sympy.expand(e) for s, e in zip(leading, solution, strict=True)}


def _solve(
    matrix: sympy.Matrix, rest: list[sympy.Expr], jets: JetSpace, density: sympy.Expr | None
) -> list[sympy.Expr]:
    kernel = matrix.nullspace(simplify=True)
    if not kernel:
        inverse_image = matrix.LUsolve(sympy.Matrix(rest))
        return [-sympy.simplify(e) if matrix.has(*jets_of(matrix, jets)) else -e for e in inverse_image]
    if density is not None:
        velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
        kernel = sympy.hessian(density, velocities).nullspace(simplify=True) or kernel
    names = "; ".join(direction_name(list(vector), jets) for vector in kernel)
    raise ValueError(f"degenerate: the kinetic matrix is singular; null direction {names}")


def jets_of(matrix: sympy.Matrix, jets: JetSpace) -> list[sympy.Symbol]:
    """Jet symbols in the entries of a matrix (or one unused symbol, so that `has` may be asked)."""
    return list(jets.jets_in(matrix)) or [sympy.Dummy()]
