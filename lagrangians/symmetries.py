"""Variational point symmetries by a polynomial ansatz."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy

from lagrangians.density import Lagrangian
from lagrangians.generators import Generator
from lagrangians.jets import JetSpace
from lagrangians.noether import action_change
from lagrangians.variation import euler_operator

NULL_TOLERANCE = 1e-8  # singular values below this part of the largest are zero
SNAP = 1e-7  # entries this close to a fraction with a small denominator are that fraction
LARGEST_DENOMINATOR = 24


def variational_symmetries(lagrangian: Lagrangian, degree: int = 1, seed: int = 0) -> tuple[Generator, ...]:
    """Basis of all X = ξ^α∂_α + η^a∂_a whose ξ, η are polynomials of total degree ≤ `degree` in coordinates
    and fields and for which pr X(ℒ) + ℒ ∂_αξ^α is a total divergence (Noether's condition).

    The condition is linear in the coefficients of the polynomials: the Euler operator of its left side, for
    each monomial, is evaluated at random jets, and the null space of that matrix (singular values below
    1e-8 of the largest) is brought to reduced echelon form, so float coefficients of ℒ do no harm. With
    symbolic parameters the entries are found as monomials in them (such as c²), and checked at fresh
    values; such a result holds for generic values. Raises `ValueError` where the entries are no monomials;
    substitute numbers there.
    """
    if degree < 0:
        raise ValueError(f"got degree {degree}, expected a non-negative integer")
    conditions = _Conditions(lagrangian, degree, seed)
    values = conditions.parameter_values()
    basis, pivots = conditions.basis(values)
    exponents = []
    for parameter in lagrangian.parameters:
        doubled, doubled_pivots = conditions.basis({**values, parameter: 2 * values[parameter]})
        if doubled_pivots != pivots:
            raise ValueError(f"the symmetries change with {parameter}; substitute numbers for the parameters")
        exponents.append(_exponents(basis, doubled))
    powers = [
        [
            sympy.Mul(*(p ** e[row, column] for p, e in zip(lagrangian.parameters, exponents, strict=True)))
            for column in range(basis.shape[1])
        ]
        for row in range(basis.shape[0])
    ]
    entries = sympy.zeros(*basis.shape)
    for row, column in np.argwhere(np.abs(basis) > SNAP):
        monomial = powers[row][column]
        entries[row, column] = _snap(basis[row, column] / float(monomial.subs(values))) * monomial
    conditions.check(entries)
    found = [conditions.generator(list(entries.row(row))) for row in range(entries.rows)]
    return tuple(sorted(found, key=_generator_degree))


class _Conditions:
    """The determining conditions of one ansatz, compiled for evaluation at random jets."""

    def __init__(self, lagrangian: Lagrangian, degree: int, seed: int) -> None:
        self.lagrangian = lagrangian
        self.jets: JetSpace = lagrangian.jets
        variables = [*self.jets.coordinates, *(self.jets.symbol(a) for a in range(len(self.jets.fields)))]
        monomials = sorted(
            sympy.itermonomials(variables, degree),
            key=lambda m: (sympy.Poly(m, *variables).total_degree(), _rank(m, variables)),
        )
        self.ansatz = [(component, m) for component in range(len(variables)) for m in monomials]
        columns = [
            euler_operator(
                action_change(lagrangian.jet_density, *self._parts(component, m), self.jets), self.jets
            )
            for component, m in self.ansatz
        ]
        expressions = [e for column in columns for e in column]
        self.parameters = list(lagrangian.parameters)
        self.variables = sorted(
            sympy.Tuple(*expressions).free_symbols - set(self.parameters), key=lambda s: s.name
        )
        self.evaluate = sympy.lambdify(
            [*self.variables, *self.parameters], expressions, modules="numpy", cse=True
        )
        self.draw = np.random.default_rng(seed)
        samples = 3 * len(self.ansatz) + 10
        self.points = [self._random_values(s, samples) for s in self.variables]
        self.samples = samples

    def _random_values(self, symbol: sympy.Symbol, samples: int) -> np.ndarray:
        place = self.jets.locate(symbol)
        if place and any(place[1]):
            return self.draw.standard_normal(samples)
        return self.draw.uniform(0.2, 2.2, samples)

    def _parts(self, component: int, monomial: sympy.Expr) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
        size = len(self.jets.coordinates)
        parts = [sympy.S.Zero] * (size + len(self.jets.fields))
        parts[component] = monomial
        return parts[:size], parts[size:]

    def parameter_values(self) -> dict[sympy.Symbol, float]:
        return {p: float(self.draw.uniform(0.6, 1.6)) for p in self.parameters}

    def matrix(self, values: dict[sympy.Symbol, float]) -> np.ndarray:
        """Rows: equations at random jets; columns: monomials of the ansatz."""
        arguments = (*self.points, *(values[p] for p in self.parameters))
        with np.errstate(all="ignore"):
            listed = [np.broadcast_to(v, (self.samples,)) for v in self.evaluate(*arguments)]
        matrix = np.array(listed, dtype=float).reshape(len(self.ansatz), -1).T
        if not np.isfinite(matrix).all():
            raise ValueError(
                "the symmetry conditions are singular at random jets; check the domain of the density"
            )
        return matrix

    def basis(self, values: dict[sympy.Symbol, float]) -> tuple[np.ndarray, list[int]]:
        """(reduced echelon basis of the null space as rows, pivot columns)."""
        _, singular, rows = np.linalg.svd(self.matrix(values))
        rank = int(np.sum(singular > NULL_TOLERANCE * max(singular[0], np.finfo(float).tiny)))
        return reduced_echelon(rows[rank:])

    def check(self, entries: sympy.Matrix) -> None:
        """The basis must annihilate the conditions at fresh parameter values."""
        values = self.parameter_values()
        numbers = np.array(entries.subs(values).tolist(), dtype=float).reshape(entries.shape)
        matrix = self.matrix(values)
        if numbers.size and np.max(np.abs(matrix @ numbers.T)) > 1e-5 * max(np.max(np.abs(matrix)), 1e-300):
            raise ValueError("the symmetries are no monomials in the parameters; substitute numbers for them")

    def generator(self, coefficients: list[sympy.Expr]) -> Generator:
        size = len(self.jets.coordinates)
        parts = [sympy.S.Zero] * (size + len(self.jets.fields))
        for (component, monomial), value in zip(self.ansatz, coefficients, strict=True):
            parts[component] += value * self.jets.to_functions(monomial)
        theory = self.lagrangian
        return Generator(tuple(parts[:size]), tuple(parts[size:]), theory.coordinates, theory.fields)


def _rank(monomial: sympy.Expr, variables: list[sympy.Symbol]) -> tuple[int, ...]:
    return tuple(-n for n in sympy.Poly(monomial, *variables).monoms()[0])


def reduced_echelon(rows: np.ndarray, tolerance: float = SNAP) -> tuple[np.ndarray, list[int]]:
    """(reduced row echelon form, pivot columns) of rows of full rank, pivots of size ≥ `tolerance`."""
    rows = np.array(rows, dtype=float)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        top = len(pivots)
        if top == len(rows):
            break
        best = top + int(np.argmax(np.abs(rows[top:, column])))
        if abs(rows[best, column]) < tolerance:
            continue
        rows[[top, best]] = rows[[best, top]]
        rows[top] /= rows[top, column]
        others = np.arange(len(rows)) != top
        rows[others] -= rows[others, column][:, None] * rows[top]
        pivots.append(column)
    return rows, pivots


def _exponents(basis: np.ndarray, doubled: np.ndarray) -> np.ndarray:
    """n with doubled = 2ⁿ basis, whole or half numbers as SymPy rationals."""
    result = np.full(basis.shape, sympy.S.Zero, dtype=object)
    for place in map(tuple, np.argwhere(np.abs(basis) > SNAP)):
        ratio = doubled[place] / basis[place]
        exponent = 2 * np.log2(ratio) if ratio > 0 else np.nan
        if not abs(exponent - np.round(exponent)) < 1e-5:
            raise ValueError("the symmetries are no monomials in the parameters; substitute numbers for them")
        result[place] = sympy.Rational(int(np.round(exponent)), 2)
    return result


def _snap(value: float) -> sympy.Number:
    near = Fraction(value).limit_denominator(LARGEST_DENOMINATOR)
    if abs(value - float(near)) <= SNAP * max(1.0, abs(value)):
        return sympy.Rational(near.numerator, near.denominator)
    return sympy.Float(value)


def _generator_degree(generator: Generator) -> int:
    variables = [*generator.coordinates, *generator.fields]
    return max(sympy.Poly(part, *variables).total_degree() for part in (*generator.xi, *generator.eta))
