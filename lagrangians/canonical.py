"""One representative of each class of equivalent densities: modulo scale, divergences and constants."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations
from typing import TYPE_CHECKING

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.integration_by_parts import integrate_by_parts
from lagrangians.jets import JetSpace, raised
from lagrangians.normal_form import normal_form
from lagrangians.null_currents import antiderivative, integral_along_ray
from lagrangians.printing import term_order
from lagrangians.variation import divergence, euler_operator, is_null
from lagrangians.zero import drop_round_off, exact, has_floats, is_zero

if TYPE_CHECKING:
    from lagrangians.density import Lagrangian

DIGITS = 10  # significant digits of float coefficients in a canonical form
SHORT = 8  # rounded floats with a denominator up to this are written as fractions
BASES = (sympy.S.Zero, sympy.S.One)
SINGULAR = (sympy.nan, sympy.zoo, sympy.oo, sympy.AccumBounds)


def canonical_form(lagrangian: Lagrangian, digits: int = DIGITS) -> Lagrangian:
    """The same `Lagrangian` for every member of {s ℒ + D_αK^α + f(x)}, s a constant ≠ 0.

    Of lowest order that integrations by parts reach; without terms free of the fields; products of sines and
    cosines as multiple angles; the leading term (the first in the order of `Lagrangian.terms`, the kinetic
    one) has the coefficient ½, or i/2 where it is imaginary. A first-order density is written as
    (ℒ − A − M) + A + M, A its value at ∂φ = 0 and M its part linear in the minors of ∂φ; divergences change
    only A and M. Minors with constant coefficients are divergences: u_αv_β is written u_βv_α (u before v, α
    before β). M is replaced by Tonti's density φ^a∫₀¹E_a(M)[λφ]dλ, a function of its equations (the radial
    gauge), or where these are not polynomial brought to the axial gauge A_1 = 0, A_2 = 0 at φ¹ = 0, …. A
    density of higher order is Tonti's for its equations, its order lowered again. Float coefficients are
    rounded to `digits` significant digits, and terms below 1e-9 of the largest dropped. Raises `ValueError`
    where a needed integral is not elementary, or for fewer than one digit.
    """
    if digits < 1:
        raise ValueError(f"got {digits} digits, expected at least 1")
    jets = lagrangian.jets
    approximate = has_floats(lagrangian.density)
    density = canonical_density(exact(lagrangian.jet_density), jets)
    if approximate:
        density = drop_round_off(density)
    terms = _terms(density, jets)
    factor = _unit(terms[0][1]) if terms else sympy.S.One
    parts = []
    for term, coefficient in terms:
        scaled = _tidy_constant(coefficient / factor)
        parts.append((_rounded(scaled, digits) if approximate else scaled) * term)
    written = sympy.Add(*parts)
    kept = tuple(sorted((p for p in lagrangian.parameters if written.has(p)), key=lambda p: p.name))
    return replace(lagrangian, density=written, parameters=kept)


def _terms(density: sympy.Expr, jets: JetSpace) -> list[tuple[sympy.Expr, sympy.Expr]]:
    """(term in functions, coefficient) in the order of `Lagrangian.terms`, without another expansion."""
    collected: dict[sympy.Expr, sympy.Expr] = {}
    for part in sympy.Add.make_args(jets.to_functions(density)):
        dependent = (*jets.coordinates, *part.atoms(AppliedUndef, sympy.Derivative))
        coefficient, term = part.as_independent(*dependent, as_Add=False)
        collected[term] = collected.get(term, sympy.S.Zero) + coefficient
    return sorted(((t, c) for t, c in collected.items() if c != 0), key=lambda pair: term_order(pair[0]))


def canonical_density(density: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """The representative of ℒ modulo divergences and field-independent terms, in plain jet symbols."""
    density, _ = integrate_by_parts(normal_form(density), jets)
    if jets.order(density) > 1:
        density = _without_null_rest(density, jets)
    if jets.order(density) > 1:
        potential = density.xreplace(_derivatives_to_zero(density, jets))
        density, _ = integrate_by_parts(_tonti(density - potential, jets) + potential, jets)
    if jets.order(density) <= 1:
        density = _first_order(density, jets)
    parts = sympy.Add.make_args(normal_form(density))
    return sympy.Add(*(_crossed(term, jets) for term in parts if jets.jets_in(term)))


def _crossed(term: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """u_αv_β → u_βv_α (u before v, α before β; constant coefficient): they differ by a minor, a divergence.

    So that Maxwell's density keeps A_t,x A_x,t and has no A_t,t A_x,x.
    """
    coefficient, product = term.as_independent(*jets.jets_in(term), as_Add=False)
    found = [jets.locate(factor) for factor in product.args if isinstance(factor, sympy.Symbol)]
    places = [place for place in found if place is not None]
    if not product.is_Mul or len(product.args) != 2 or len(places) != 2 or coefficient.has(*jets.coordinates):
        return term
    (a, first), (b, second) = sorted(places)
    if a == b or sum(first) != 1 or sum(second) != 1 or first.index(1) >= second.index(1):
        return term
    return coefficient * jets.symbol(a, second) * jets.symbol(b, first)


def _derivatives_to_zero(density: sympy.Expr, jets: JetSpace) -> dict[sympy.Symbol, sympy.Expr]:
    return {s: sympy.S.Zero for s, (_, index) in jets.jets_in(density).items() if any(index)}


def _without_null_rest(density: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """Drop the terms that are not polynomial in derivatives of high order where they are a divergence."""
    terms = sympy.Add.make_args(sympy.expand(density))
    high = [s for s, (_, index) in jets.jets_in(density).items() if any(index)]
    rest = sympy.Add(*(t for t in terms if not t.is_polynomial(*high)))
    return sympy.expand(density - rest) if rest != 0 and is_null(rest, jets) else density


def _first_order(density: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    slopes = [
        [jets.symbol(a, raised(jets.zero, alpha)) for alpha in range(len(jets.coordinates))]
        for a in range(len(jets.fields))
    ]
    flat = [s for row in slopes for s in row]
    at_rest = dict.fromkeys(flat, sympy.S.Zero)
    moving = {s: sympy.Integer(s == row[0]) for row in slopes for s in row}
    for points in ([at_rest], [moving, {s: -value for s, value in moving.items()}]):
        potential, minors = _mean(density, points), _minors(density, slopes, points)
        if not sympy.Tuple(potential, minors).has(*SINGULAR):
            break
    else:
        raise ValueError("no canonical form found: the density is singular at ∂φ = 0 and at φ_t = ±1")
    invariant = sympy.expand(density - potential - minors)
    return invariant + _gauge_fixed(sympy.expand(potential), minors, slopes, jets)


def _mean(expression: sympy.Expr, points: list[dict[sympy.Symbol, sympy.Expr]]) -> sympy.Expr:
    """The mean over p and −p of a function of ∂φ (over one point where that is regular)."""
    return sympy.Add(*(expression.subs(point) for point in points)) / len(points)


def _minors(
    density: sympy.Expr,
    slopes: list[list[sympy.Symbol]],
    points: list[dict[sympy.Symbol, sympy.Expr]],
) -> sympy.Expr:
    """The part of the density linear in the minors of ∂φ, from its derivatives at these points."""
    size, count = len(slopes[0]), len(slopes)
    parts = []
    for degree in range(1, min(size, count) + 1):
        for rows in combinations(range(count), degree):
            for columns in combinations(range(size), degree):
                signed = []
                for order in permutations(range(degree)):
                    entries = [slopes[a][columns[i]] for a, i in zip(rows, order, strict=True)]
                    signed.append(sympy.LeviCivita(*order) * sympy.diff(density, *entries))
                coefficient = _mean(sympy.Add(*signed), points) / sympy.factorial(degree)
                if coefficient != 0:
                    matrix = sympy.Matrix([[slopes[a][alpha] for alpha in columns] for a in rows])
                    parts.append(coefficient * matrix.det())
    return sympy.expand(sympy.Add(*parts))


def _gauge_fixed(
    potential: sympy.Expr, minors: sympy.Expr, slopes: list[list[sympy.Symbol]], jets: JetSpace
) -> sympy.Expr:
    """A + M in the radial gauge where the equations of M are polynomial, else in the axial gauge."""
    fields = [jets.symbol(a) for a in range(len(jets.fields))]
    equations = [normal_form(e) for e in euler_operator(minors, jets)]
    if all(is_zero(e) for e in equations):
        return potential
    radial = all(e.is_polynomial(*fields) for e in equations)
    affine = all(not e.has(*(s for row in slopes for s in row)) for e in _slope_coefficients(minors, slopes))
    if radial or not affine:
        return potential + _tonti(minors, jets)
    return _axial(sympy.expand(minors + potential), slopes, jets)


def _slope_coefficients(density: sympy.Expr, slopes: list[list[sympy.Symbol]]) -> list[sympy.Expr]:
    return [sympy.expand(sympy.diff(density, s)) for row in slopes for s in row]


def _tonti(density: sympy.Expr, jets: JetSpace) -> sympy.Expr:
    """(φ^a − b^a)∫₀¹ E_a[b + λ(φ − b)] dλ, equivalent to ℒ and a function of E(ℒ) alone; b = 0, else 1."""
    equations = [normal_form(e) for e in euler_operator(density, jets)]
    if all(is_zero(e) for e in equations):
        return sympy.S.Zero
    for base in BASES:
        values = [integral_along_ray(e, jets, base) for e in equations]
        if all(value is not None for value in values):
            return normal_form(
                sympy.Add(*((jets.symbol(a) - base) * value for a, value in enumerate(values)))
            )
    raise ValueError("no canonical form found: Tonti's integral is not elementary")


def _axial(density: sympy.Expr, slopes: list[list[sympy.Symbol]], jets: JetSpace) -> sympy.Expr:
    """A + A^α_aφ^a_α in the gauge A^α_1 = 0, A^α_2 = 0 at φ¹ = b, and so on; b = 0, else 1."""
    before: list[sympy.Symbol] = []
    for field, row in enumerate(slopes):
        for alpha, slope in enumerate(row):
            factor = sympy.diff(density, slope)
            values = (factor.subs(dict.fromkeys(before, base)) for base in BASES)
            fixed = next((value for value in values if not value.has(*SINGULAR)), None)
            part = None if fixed is None else antiderivative(fixed, jets.symbol(field))
            if part is None:
                raise ValueError(f"no canonical form found: the integral of {factor} is not elementary")
            only = [part if beta == alpha else sympy.S.Zero for beta in range(len(row))]
            density = sympy.expand(density - divergence(only, jets))
        before.append(jets.symbol(field))
    return density


def _unit(coefficient: sympy.Expr) -> sympy.Expr:
    """The factor that leaves ½, or i/2 of an imaginary coefficient."""
    real = _tidy_constant(coefficient / sympy.I)
    return 2 * coefficient if real.has(sympy.I) or not coefficient.has(sympy.I) else 2 * real


def _tidy_constant(constant: sympy.Expr) -> sympy.Expr:
    if constant.is_number:
        return constant if constant.is_Rational else sympy.expand(sympy.radsimp(constant))
    return sympy.cancel(sympy.together(constant))


def _rounded(constant: sympy.Expr, digits: int) -> sympy.Expr:
    """Numbers rounded to significant digits: short fractions as such, others as floats."""
    numbers = {q for q in constant.atoms(sympy.Rational) if not q.is_Integer}
    return constant.xreplace({q: _rounded_number(q, digits) for q in numbers})


def _rounded_number(number: sympy.Rational, digits: int) -> sympy.Expr:
    text = f"{float(number):.{digits}g}"
    short = sympy.Rational(text)
    return short if short.q <= SHORT else sympy.Float(float(text))
