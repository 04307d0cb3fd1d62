"""Solving field equations for their highest time derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy
from sympy.polys.matrices import DomainMatrix

from lagrangians.jets import JetSpace, raised
from lagrangians.zero import is_zero

LARGEST_ADJUGATE = 4  # up to this size a matrix of functions is inverted by its cofactors


def vanishing_expression(equation: Any) -> sympy.Expr:
    """E of an equation E = 0, from the expression or from `Eq`; `ValueError` for text."""
    if isinstance(equation, str):
        raise ValueError(f"got the text {equation!r}, expected a SymPy expression or Eq; use parse_equation")
    if isinstance(equation, sympy.Equality):
        return equation.lhs - equation.rhs
    return sympy.sympify(equation)


def leading_derivatives(equations: Sequence[sympy.Expr], jets: JetSpace) -> list[sympy.Symbol | None]:
    """For each field the jet with the most derivatives along the first coordinate; None where it has none.

    Raises `ValueError` where two different jets of a field share the highest time order: such equations (with
    u_tt and u_ttxx, or with u_tt at two sites of a lattice) cannot be solved point by point.
    """
    highest: list[tuple[int, list[sympy.Symbol]]] = [(0, []) for _ in jets.fields]
    elsewhere: list[sympy.Symbol] = []
    for symbol, (number, index) in jets.jets_in(sympy.Tuple(*equations)).items():
        field, shift = jets.site(number)
        order, symbols = highest[field]
        if index[0] > order:
            highest[field] = (index[0], [symbol])
        elif index[0] == order and order > 0:
            symbols.append(symbol)
        if any(shift):
            elsewhere.append(symbol)
    for _, symbols in highest:
        names = ", ".join(map(str, symbols))
        if any(symbol in elsewhere for symbol in symbols):
            raise ValueError(
                f"the kinetic term couples sites: got {names} in one equation; "
                "Lagrangian.ring(count) gives a finite chain that can be solved"
            )
        if len(symbols) > 1:
            raise ValueError(
                f"no single highest time derivative: got {names}, which share the same time order"
            )
    return [symbols[0] if symbols else None for _, symbols in highest]


def direction_name(vector: Sequence[sympy.Expr], jets: JetSpace) -> str:
    """A combination of fields as text, `u - 2*v`; a direction that depends on the fields as a vector field,
    `x*∂_x + y*∂_y`.
    """
    cleared = _without_denominators(vector)
    if not any(jets.jets_in(v) or v.has(*jets.coordinates) for v in cleared):
        return str(sympy.Add(*(v * sympy.Symbol(n) for v, n in zip(cleared, jets.field_names, strict=True))))
    units = (sympy.Symbol(f"∂_{name}") for name in jets.field_names)
    return str(sympy.Add(*(v * unit for v, unit in zip(cleared, units, strict=True))))


def _without_denominators(vector: Sequence[sympy.Expr]) -> list[sympy.Expr]:
    together = [sympy.cancel(sympy.together(v)) for v in vector]
    common = sympy.lcm_list([sympy.fraction(v)[1] for v in together])
    cleared = [sympy.cancel(v * common) for v in together]
    if all(v.is_Rational for v in cleared):
        cleared = [v / sympy.gcd_list(cleared) for v in cleared]
    first = next((v for v in cleared if v != 0), sympy.S.One)
    return [-v for v in cleared] if first.could_extract_minus_sign() else cleared


def solve_for_leading(
    equations: Sequence[sympy.Expr], jets: JetSpace, density: sympy.Expr | None = None
) -> dict[sympy.Symbol, sympy.Expr]:
    """{leading time derivative: expression} in field order from E_a = 0, all in plain jet symbols.

    The equations must be linear in the leading derivatives: E_a = M_ab u^b + R_a gives u = −M⁻¹R, block by
    block. Raises `ValueError` for a singular M, naming its null direction (that of the velocity Hessian
    ∂²ℒ/∂φ_t∂φ_t where the leading derivatives are not all of one order in time alone).
    """
    leading = leading_derivatives(equations, jets)
    if None in leading:
        names = [name for name, s in zip(jets.field_names, leading, strict=True) if s is None]
        raise ValueError(
            f"degenerate: no time derivative of {', '.join(names)} in the equations; "
            f"null direction {'; '.join(names)}"
        )
    known = [s for s in leading if s is not None]
    matrix = sympy.Matrix([[sympy.diff(e, s) for s in known] for e in equations])
    if matrix.has(*known):
        raise ValueError("the equations are not linear in their highest time derivatives")
    rest = [e.xreplace(dict.fromkeys(known, sympy.S.Zero)) for e in equations]
    solution = _solve_by_blocks(matrix, rest, jets)
    if solution is None:
        directions = _null_directions(matrix, known, jets, density)
        names = [direction_name(list(vector), jets) for vector in directions]
        raise ValueError(
            f"degenerate: the kinetic matrix, the coefficients of {', '.join(map(str, known))}, is singular; "
            f"null direction {'; '.join(names)}"
        )
    return {s: sympy.expand(e) for s, e in zip(known, solution, strict=True)}


def _solve_by_blocks(
    matrix: sympy.Matrix, rest: Sequence[sympy.Expr], jets: JetSpace
) -> list[sympy.Expr] | None:
    """u of M u + R = 0; None where M is singular."""
    solution: list[sympy.Expr] = [sympy.S.Zero] * matrix.cols
    for rows, columns in _blocks(matrix):
        if len(rows) != len(columns):
            return None
        block = matrix.extract(rows, columns)
        values = _solve(block, [rest[i] for i in rows], jets)
        if values is None:
            return None
        for column, value in zip(columns, values, strict=True):
            solution[column] = value
    return solution


def _blocks(matrix: sympy.Matrix) -> list[tuple[list[int], list[int]]]:
    """Rows and columns that non-zero entries connect, in the order of their first column."""
    left = set(range(matrix.rows))
    blocks = []
    placed: set[int] = set()
    for start in range(matrix.cols):
        if start in placed:
            continue
        rows: set[int] = set()
        columns, fresh = {start}, {start}
        while fresh:
            new_rows = {i for i in left - rows for j in fresh if matrix[i, j] != 0}
            rows |= new_rows
            fresh = {j for i in new_rows for j in range(matrix.cols) if matrix[i, j] != 0} - columns
            columns |= fresh
        placed |= columns
        left -= rows
        blocks.append((sorted(rows), sorted(columns)))
    return blocks


def _solve(block: sympy.Matrix, rest: list[sympy.Expr], jets: JetSpace) -> list[sympy.Expr] | None:
    size = len(rest)
    if size == 1:
        return None if is_zero(block[0, 0]) else [-rest[0] / block[0, 0]]
    right = sympy.Matrix(rest)
    if not jets.jets_in(block):
        return None if null_space(block) else [-e for e in block.LUsolve(right)]
    if size > LARGEST_ADJUGATE:
        return None if null_space(block) else [-_cancelled(e) for e in block.LUsolve(right)]
    determinant = sympy.expand(block.det(method="berkowitz"))
    if is_zero(determinant):
        return None
    return [-_cancelled(e / determinant) for e in block.adjugate(method="berkowitz") * right]


def _cancelled(expression: sympy.Expr) -> sympy.Expr:
    return sympy.cancel(sympy.together(expression))


def null_space(matrix: sympy.Matrix) -> list[sympy.Matrix]:
    """Basis of the vectors that a matrix of numbers, parameters and functions annihilates."""
    if all(entry.is_number for entry in matrix):
        rational = DomainMatrix.from_Matrix(matrix.applyfunc(_decimal)).to_field()
        basis = rational.nullspace().to_Matrix()
        return [basis.row(i).T for i in range(basis.rows)]
    return matrix.nullspace(simplify=_cancelled, iszerofunc=is_zero)


def _decimal(number: sympy.Expr) -> sympy.Expr:
    """Floats as the decimal fractions that they print as: 0.01·0.09 = 0.03² is to hold."""
    return number.xreplace({f: sympy.Rational(repr(float(f))) for f in number.atoms(sympy.Float)})


def _null_directions(
    matrix: sympy.Matrix, leading: Sequence[sympy.Symbol], jets: JetSpace, density: sympy.Expr | None
) -> list[sympy.Matrix]:
    indices = [jets.jets_in(symbol)[symbol][1] for symbol in leading]
    one_order = len({index[0] for index in indices}) == 1 and all(not any(index[1:]) for index in indices)
    if density is not None and not one_order:
        velocities = [jets.symbol(a, raised(jets.zero, 0)) for a in range(len(jets.fields))]
        hessian = sympy.hessian(density, velocities)
        if any(entry != 0 for entry in hessian):
            return null_space(hessian) or null_space(matrix)
    return null_space(matrix)
