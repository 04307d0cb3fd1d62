"""Small waves about a vacuum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import sympy

from lagrangians.density import Lagrangian
from lagrangians.jets import JetSpace


def wavenumbers(lagrangian: Lagrangian) -> tuple[sympy.Symbol, ...]:
    """`k` for one space coordinate, `k_x`, `k_y`, … for more (or where a parameter is called k); real
    symbols.
    """
    space = lagrangian.jets.coordinate_names[1:]
    taken = {p.name for p in lagrangian.parameters}
    names = ("k",) if len(space) == 1 and "k" not in taken else tuple(f"k_{x}" for x in space)
    return tuple(sympy.Symbol(name, real=True) for name in names)


def dispersion_branches(lagrangian: Lagrangian, vacuum: Any = None) -> tuple[sympy.Expr, ...]:
    """All distinct ω²(k) of waves exp(i(k·x − ωt)) about a constant vacuum: det ∂E_a/∂φ^b(−iω, ik) = 0.

    `vacuum`: a value for each field (or one value); by default the stable constant solution of lowest
    potential. Raises `ValueError` for a vacuum that does not solve the equations, and for explicit
    coordinates.
    """
    jets = lagrangian.jets
    point = constant_vacuum(lagrangian) if vacuum is None else _vacuum(vacuum, len(jets.fields))
    rule = _at(point, jets, lagrangian.euler_lagrange())
    equations = [jets.to_jets(e) for e in lagrangian.euler_lagrange()]
    if any(sympy.simplify(e.xreplace(rule)) != 0 for e in equations):
        raise ValueError(f"got the vacuum {point}, expected a constant solution of the field equations")
    omega = sympy.Dummy("omega")
    factors = (-sympy.I * omega, *(sympy.I * k for k in wavenumbers(lagrangian)))
    symbol_matrix = sympy.zeros(len(equations), len(jets.fields))
    for row, equation in enumerate(equations):
        for symbol, (field, index) in jets.jets_in(equation).items():
            wave = sympy.Mul(*(f**n for f, n in zip(factors, index, strict=True)))
            symbol_matrix[row, field] += sympy.diff(equation, symbol).xreplace(rule) * wave
    if symbol_matrix.has(*jets.coordinates):
        raise ValueError("the linearised equations depend on the coordinates; there are no plane waves")
    determinant = sympy.Poly(sympy.expand(symbol_matrix.det()), omega)
    roots = sympy.roots(determinant)
    if sum(roots.values()) < determinant.degree():
        raise ValueError("no closed form for the roots of the characteristic polynomial; substitute numbers")
    squares = {sympy.factor_terms(sympy.expand(sympy.simplify(root**2))) for root in roots}
    return tuple(sorted((sympy.expand(s) for s in squares), key=sympy.default_sort_key))


def dispersion_relation(lagrangian: Lagrangian, vacuum: Any = None) -> sympy.Expr:
    """ω² as an expression of the wavenumbers, for a theory with one branch; see `dispersion_branches`."""
    branches = dispersion_branches(lagrangian, vacuum)
    if len(branches) != 1:
        raise ValueError(f"got {len(branches)} branches, expected one; use dispersion_branches")
    return branches[0]


def constant_vacuum(lagrangian: Lagrangian) -> tuple[sympy.Expr, ...]:
    """Constant fields at the lowest stable critical point of V = −ℒ(∂φ = 0); positive parameters are assumed.

    Of several with equal potential, 0 comes first, then positive values. Raises `ValueError` where none is
    found.
    """
    jets = lagrangian.jets
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    derivatives = {s: sympy.S.Zero for s, (_, i) in jets.jets_in(lagrangian.jet_density).items() if any(i)}
    positive = {p: sympy.Dummy(p.name, positive=True) for p in lagrangian.parameters}
    back = {dummy: p for p, dummy in positive.items()}
    potential = -lagrangian.jet_density.xreplace(derivatives).xreplace(positive)
    hessian = sympy.hessian(potential, fields)
    numbers = {dummy: sympy.Rational(7 + 2 * i, 5 + i) for i, dummy in enumerate(back)}
    best: tuple[tuple[float, bool, float], tuple[sympy.Expr, ...]] | None = None
    for point in _critical_points(potential, fields):
        rule = dict(zip(fields, point, strict=True))
        curvature = sympy.Matrix(hessian.subs(rule).subs(numbers)).evalf()
        values = [complex(sympy.N(sympy.sympify(value).subs(numbers))) for value in point]
        if any(abs(z.imag) > 1e-12 for z in values) or not _semidefinite(curvature):
            continue
        energy = float(sympy.N(potential.subs(rule).subs(numbers)))
        key = (round(energy, 12), any(z != 0 for z in values), -sum(z.real for z in values))
        if best is None or key < best[0]:
            best = key, tuple(sympy.sympify(value).xreplace(back) for value in point)
    if best is None:
        raise ValueError("no stable constant vacuum found; pass vacuum=...")
    return best[1]


def _critical_points(potential: sympy.Expr, fields: Sequence[sympy.Symbol]) -> list[tuple[sympy.Expr, ...]]:
    gradient = [sympy.diff(potential, f) for f in fields]
    points = []
    zero = dict.fromkeys(fields, sympy.S.Zero)
    if all(sympy.simplify(g.subs(zero)) == 0 for g in gradient):
        points.append(tuple(zero.values()))
    if len(fields) == 1 and not potential.has(sympy.Function):
        points += [(root,) for root in sympy.roots(sympy.Poly(gradient[0], *fields))]
    elif not points:
        solutions = sympy.solve(gradient, fields, dict=True)
        points += [tuple(s[f] for f in fields) for s in solutions if set(s) == set(fields)]
    return points


def _semidefinite(matrix: sympy.Matrix) -> bool:
    values = np.array(matrix.tolist(), dtype=complex)
    if not np.isfinite(values).all():
        return False
    return bool(np.linalg.eigvalsh(values.real).min() >= -1e-9)


def _vacuum(vacuum: Any, count: int) -> tuple[sympy.Expr, ...]:
    values = tuple(vacuum) if isinstance(vacuum, Sequence | sympy.Tuple) else (vacuum,) * count
    if len(values) != count:
        raise ValueError(f"got {len(values)} vacuum values, expected {count}, one a field")
    return tuple(sympy.sympify(value) for value in values)


def _at(
    point: Sequence[sympy.Expr], jets: JetSpace, equations: Sequence[sympy.Expr]
) -> dict[sympy.Symbol, sympy.Expr]:
    plain = sympy.Tuple(*(jets.to_jets(e) for e in equations))
    return {
        s: sympy.S.Zero if any(index) else point[field] for s, (field, index) in jets.jets_in(plain).items()
    }
