"""Small waves about a vacuum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import sympy

from lagrangians.conjugates import conjugate_pairs
from lagrangians.density import Lagrangian
from lagrangians.plane_waves import PlaneWaves, Wave, characteristic_factors, lattice_waves
from lagrangians.zero import is_zero


def wavenumbers(lagrangian: Lagrangian) -> tuple[sympy.Symbol, ...]:
    """`k` for one space coordinate or lattice label, `k_x`, `k_y`, … for more (or where a parameter is called
    k); real symbols. Lattice labels come last; their k is the phase from site to site.
    """
    space = (*lagrangian.jets.coordinate_names[1:], *(n.name for n in lagrangian.lattice))
    taken = {p.name for p in lagrangian.parameters}
    names = ("k",) if len(space) == 1 and "k" not in taken else tuple(f"k_{x}" for x in space)
    return tuple(sympy.Symbol(name, real=True) for name in names)


def plane_waves(lagrangian: Lagrangian, vacuum: Any = None) -> PlaneWaves:
    """Waves exp(i(k·x − ωt)) about a constant vacuum, from the linearised field equations; see `PlaneWaves`.

    `vacuum`: a value for each field, one value for all, or {name of a field: value} with 0 for the others; by
    default `constant_vacuum`. Any order in time and space, several fields, constraints and gauge theories.
    Raises `ValueError` for a vacuum that does not solve the equations, and for explicit coordinates.
    """
    equations = lagrangian.euler_lagrange()
    point = vacuum_values(lagrangian, vacuum)
    labels, waves = lagrangian.lattice, wavenumbers(lagrangian)
    taken = {p.name for p in lagrangian.parameters}
    omega = sympy.Symbol("Omega" if "omega" in taken else "omega")
    steps = (-sympy.I * omega, *(sympy.I * k for k in waves[: len(lagrangian.coordinates) - 1]))
    shifts = tuple(sympy.Dummy("z") for _ in labels)
    wave = Wave(lagrangian.fields, lagrangian.coordinates, labels, steps, shifts)
    if not all(is_zero(wave.at_rest(e, point)) for e in equations):
        raise ValueError(f"got the vacuum {point}, expected a constant solution of the field equations")
    matrix = wave.matrix(equations, point)
    if matrix.has(*lagrangian.coordinates, *labels):
        raise ValueError("the linearised equations depend on the coordinates; there are no plane waves")
    gauge, factors = characteristic_factors(matrix, omega, shifts)
    phases = waves[len(lagrangian.coordinates) - 1 :]
    turned = {z: sympy.exp(sympy.I * k) for z, k in zip(shifts, phases, strict=True)}
    return PlaneWaves(
        point,
        omega,
        waves,
        sympy.ImmutableMatrix(matrix.xreplace(turned)),
        gauge,
        tuple((lattice_waves(factor, shifts, phases), power) for factor, power in factors),
    )


def dispersion_branches(lagrangian: Lagrangian, vacuum: Any = None) -> tuple[sympy.Expr, ...]:
    """All distinct ω²(k) of waves exp(i(k·x − ωt)) about a constant vacuum: det ∂E_a/∂φ^b(−iω, ik) = 0.

    The squares of `plane_waves`, which says what `vacuum` may be and what is raised; empty where nothing
    propagates (Maxwell's field in one space dimension).
    """
    return plane_waves(lagrangian, vacuum).squares


def dispersion_relation(lagrangian: Lagrangian, vacuum: Any = None) -> sympy.Expr:
    """ω² as an expression of the wavenumbers, for a theory with one branch; see `dispersion_branches`."""
    branches = dispersion_branches(lagrangian, vacuum)
    if len(branches) != 1:
        raise ValueError(f"got {len(branches)} branches, expected one; use dispersion_branches")
    return branches[0]


def constant_vacuum(lagrangian: Lagrangian) -> tuple[sympy.Expr, ...]:
    """Constant fields at the lowest stable critical point of V = −ℒ(∂φ = 0); positive parameters are
    assumed.

    Stable means a semidefinite Hessian of V in the fields whose time derivatives ℒ contains (a multiplier
    or A_t is no dynamical field); a conjugate pair is varied in its real and imaginary parts. Candidates
    for several fields are 0, one real field alone and, for polynomials, what `sympy.solve` finds where
    these fail. Of several with equal potential, 0 comes first, then positive values. Raises `ValueError`
    where none is found.
    """
    real = [sympy.Dummy(field.func.__name__) for field in lagrangian.fields]
    values = list(real)
    for a, b in conjugate_pairs(lagrangian.fields):
        values[a], values[b] = real[a] + sympy.I * real[b], real[a] - sympy.I * real[b]
    wave = Wave(
        lagrangian.fields,
        lagrangian.coordinates,
        lagrangian.lattice,
        (0,) * len(lagrangian.coordinates),
        (1,) * len(lagrangian.lattice),
    )
    positive = {p: sympy.Dummy(p.name, positive=True) for p in lagrangian.parameters}
    back = {dummy: p for p, dummy in positive.items()}
    potential = sympy.expand(-wave.at_rest(lagrangian.density, values).xreplace(positive))
    moving = _dynamical(lagrangian)
    hessian = sympy.hessian(potential, [q for q, moves in zip(real, moving, strict=True) if moves] or real)
    numbers = {dummy: sympy.Rational(7 + 2 * i, 5 + i) for i, dummy in enumerate(back)}
    best: tuple[tuple[float, bool, float], tuple[sympy.Expr, ...]] | None = None
    for point in _critical_points(potential, real):
        rule = dict(zip(real, point, strict=True))
        curvature = sympy.Matrix(hessian.subs(rule).subs(numbers)).evalf()
        at_point = [complex(sympy.N(sympy.sympify(value).subs(numbers))) for value in point]
        if any(abs(z.imag) > 1e-12 for z in at_point) or not _semidefinite(curvature):
            continue
        energy = float(sympy.N(potential.subs(rule).subs(numbers)))
        key = (round(energy, 12), any(z != 0 for z in at_point), -sum(z.real for z in at_point))
        if best is None or key < best[0]:
            best = key, tuple(sympy.sympify(value.subs(rule)).xreplace(back) for value in values)
    if best is None:
        raise ValueError("no stable constant vacuum found; pass vacuum=...")
    return best[1]


def _dynamical(lagrangian: Lagrangian) -> list[bool]:
    time = lagrangian.coordinates[0]
    moving = {d.expr.func for d in lagrangian.density.atoms(sympy.Derivative) if time in d.variables}
    return [field.func in moving for field in lagrangian.fields]


def _critical_points(potential: sympy.Expr, fields: Sequence[sympy.Symbol]) -> list[tuple[sympy.Expr, ...]]:
    gradient = [sympy.diff(potential, f) for f in fields]
    points = []
    zero = dict.fromkeys(fields, sympy.S.Zero)
    if all(is_zero(g.subs(zero)) for g in gradient):
        points.append(tuple(zero.values()))
    polynomial = all(g.is_polynomial(*fields) for g in gradient)
    if polynomial:
        points += [point for f in fields for point in _along(f, gradient, fields)]
    if not points and (polynomial or len(fields) == 1):
        solutions = sympy.solve(gradient, fields, dict=True)
        points += [tuple(s[f] for f in fields) for s in solutions if set(s) == set(fields)]
    return points


def _along(
    field: sympy.Symbol, gradient: Sequence[sympy.Expr], fields: Sequence[sympy.Symbol]
) -> list[tuple[sympy.Expr, ...]]:
    """Critical points where all other fields are 0."""
    others = {f: sympy.S.Zero for f in fields if f != field}
    left = [g for g in (sympy.expand(g.xreplace(others)) for g in gradient) if g != 0]
    common = sympy.gcd_list(left) if left else sympy.S.Zero
    if not common.has(field):
        return []
    roots = sympy.roots(sympy.Poly(common, field))
    return [tuple(root if f == field else sympy.S.Zero for f in fields) for root in roots]


def _semidefinite(matrix: sympy.Matrix) -> bool:
    values = np.array(matrix.tolist(), dtype=complex)
    if not np.isfinite(values).all():
        return False
    return bool(np.linalg.eigvalsh(values.real).min() >= -1e-9)


def vacuum_values(lagrangian: Lagrangian, vacuum: Any = None) -> tuple[sympy.Expr, ...]:
    """The vacuum as a value for each field; what it may be says `plane_waves`. Raises `ValueError` for fields
    that are unknown and for a wrong number of values.
    """
    if vacuum is None:
        return constant_vacuum(lagrangian)
    names = lagrangian.jets.field_names
    if isinstance(vacuum, Mapping):
        given = {str(name): value for name, value in vacuum.items()}
        unknown = sorted(set(given) - set(names))
        if unknown:
            raise ValueError(
                f"got a vacuum value of {', '.join(unknown)}, expected fields among {', '.join(names)}"
            )
        vacuum = tuple(given.get(name, 0) for name in names)
    values = tuple(vacuum) if isinstance(vacuum, Sequence | sympy.Tuple) else (vacuum,) * len(names)
    if len(values) != len(names):
        raise ValueError(f"got {len(values)} vacuum values, expected {len(names)}, one a field")
    return tuple(sympy.sympify(value) for value in values)
