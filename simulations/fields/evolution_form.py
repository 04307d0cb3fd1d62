"""Splitting a density into what multiplies time derivatives, a quadratic part and the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy

from lagrangians import Lagrangian
from lagrangians.jets import JetSpace, MultiIndex

Operator = Mapping[tuple[int, int], Mapping[MultiIndex, sympy.Expr]]


@dataclass(frozen=True)
class EvolutionForm:
    """Field equations E_a = δℒ/δφ^a = 0 as M(∂) φ_tt + G(∂) φ_t + S(∂) φ + N[φ] = 0.

    M, G and S are matrices of operators with constant coefficients; M and S are formally symmetric, G is
    antisymmetric. −½φ·Sφ is the quadratic part of U = −ℒ(φ_t = 0), and what is left of it, V, gives
    N_a = −Σ_J (−1)^|J| D_J ∂V/∂φ^a_J.

    Attributes:
        mass, gyration, stiffness: M, G and S as {(a, b): {J: coefficient of ∂_J}} with spatial indices J (the
            entry along time is 0); coefficients are numbers or constants.
        rest: V in plain jet symbols, coordinates and parameters.
    """

    jets: JetSpace
    mass: Operator
    gyration: Operator
    stiffness: Operator
    rest: sympy.Expr

    def slopes(self) -> list[tuple[int, MultiIndex, sympy.Expr]]:
        """(a, J, −(−1)^|J| ∂V/∂φ^a_J), so N_a is the sum of D_J of the expressions of a."""
        found = []
        for symbol, (field, index) in self.jets.jets_in(self.rest).items():
            slope = sympy.diff(self.rest, symbol)
            if slope != 0:
                found.append((field, index, -((-1) ** sum(index)) * slope))
        return found


def evolution_form(lagrangian: Lagrangian, constants: Collection[sympy.Symbol]) -> EvolutionForm | None:
    """The evolution form of a density, or None for coefficients of time derivatives that are not `constants`.

    The quadratic part is taken about φ = 0; its coefficients that depend on coordinates or on other symbols
    than `constants`, and densities that have no second derivatives there, stay in `rest`.
    """
    jets = lagrangian.jets
    density = sympy.expand(lagrangian.without_null_terms().jet_density)
    places = jets.jets_in(density)
    moving = [symbol for symbol, (_, index) in places.items() if index[0]]
    still = [symbol for symbol, (_, index) in places.items() if not index[0]]
    if any(index[0] > 1 for _, index in places.values()):
        return None
    mass, gyration, stiffness = _Collector(jets), _Collector(jets), _Collector(jets)
    at_rest = dict.fromkeys(moving, sympy.S.Zero)
    for symbol in moving:
        slope = sympy.diff(density, symbol)
        for other in moving:
            curvature = sympy.expand(sympy.diff(slope, other))
            if not curvature.free_symbols <= set(constants):
                return None
            mass.add(places[symbol], places[other], -curvature)
        linear = sympy.expand(slope.xreplace(at_rest))
        for other in still:
            coefficient = sympy.expand(sympy.diff(linear, other))
            if not coefficient.free_symbols <= set(constants):
                return None
            gyration.add(places[symbol], places[other], -coefficient)
            gyration.add(places[other], places[symbol], coefficient)
            linear -= coefficient * other
        if not sympy.expand(linear).free_symbols <= set(constants):
            return None
    potential = sympy.expand(-density.xreplace(at_rest))
    rest = potential
    for symbol, other, coefficient in _quadratic_part(potential, still, set(constants)):
        stiffness.add(places[symbol], places[other], -coefficient)
        rest -= coefficient * symbol * other / 2
    return EvolutionForm(jets, mass.operator(), gyration.operator(), stiffness.operator(), sympy.expand(rest))


def _quadratic_part(
    potential: sympy.Expr, symbols: list[sympy.Symbol], constants: set[sympy.Symbol]
) -> list[tuple[sympy.Symbol, sympy.Symbol, sympy.Expr]]:
    """(φ_J, φ_K, ∂²U/∂φ_J∂φ_K at 0) that are constants and not 0; () where one of them is not finite."""
    origin = dict.fromkeys(symbols, sympy.S.Zero)
    found = []
    for symbol in symbols:
        slope = sympy.diff(potential, symbol)
        for other in symbols:
            coefficient = sympy.expand(sympy.diff(slope, other).subs(origin))
            if coefficient.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo):
                return []
            if coefficient != 0 and coefficient.free_symbols <= constants:
                found.append((symbol, other, coefficient))
    return found


class _Collector:
    """Sums the operators that a bilinear term c φ^a_I φ^b_J gives in E_a: (−1)^|I| c ∂_{I+J} φ^b."""

    def __init__(self, jets: JetSpace):
        self.jets = jets
        self.entries: dict[tuple[int, int], dict[MultiIndex, sympy.Expr]] = {}

    def add(
        self,
        varied: tuple[int, MultiIndex],
        other: tuple[int, MultiIndex],
        coefficient: sympy.Expr,
    ) -> None:
        (a, left), (b, right) = varied, other
        spatial = (0, *(i + j for i, j in zip(left[1:], right[1:], strict=True)))
        row = self.entries.setdefault((a, b), {})
        row[spatial] = row.get(spatial, sympy.S.Zero) + (-1) ** sum(left[1:]) * coefficient

    def operator(self) -> Operator:
        kept = {
            pair: {index: c for index, value in row.items() if (c := sympy.expand(value)) != 0}
            for pair, row in self.entries.items()
        }
        return {pair: row for pair, row in kept.items() if row}
