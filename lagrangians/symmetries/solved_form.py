"""Differential equations solved for leading derivatives, and expressions restricted to their solutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations

import sympy

from lagrangians.independent_terms import expanded
from lagrangians.jets import JetSpace, MultiIndex, raised
from lagrangians.variation import total_derivative, total_derivatives
from lagrangians.zero import is_zero

Jet = tuple[int, MultiIndex]
MAX_RULES = 24


@dataclass
class SolvedForm:
    """Rules φ^a_J = F, whose right sides hold lower jets only; `order` is the ranking of the coordinates.

    Jets are compared by their number of derivatives along the first coordinate of `order`, then along the
    next, then by field, so that an evolution equation is solved for φ_t. The rules are passive: every
    integrability condition (two rules with a common derivative) is a consequence of them.
    """

    jets: JetSpace
    order: tuple[int, ...]
    rules: dict[Jet, sympy.Expr] = field(default_factory=dict)
    _known: dict[Jet, sympy.Expr | None] = field(default_factory=dict)

    def rank(self, jet: Jet) -> tuple[int, ...]:
        return (*(jet[1][alpha] for alpha in self.order), jet[0])

    def on_solutions(self, expression: sympy.Expr) -> sympy.Expr:
        """The expression with every jet replaced that the equations determine."""
        replaced = {}
        for symbol, place in self.jets.jets_in(expression).items():
            value = self._value(place)
            if value is not None:
                replaced[symbol] = value
        return expanded(expression.xreplace(replaced)) if replaced else expression

    def _value(self, jet: Jet) -> sympy.Expr | None:
        if jet not in self._known:
            self._known[jet] = self._compute(jet)
        return self._known[jet]

    def _compute(self, jet: Jet) -> sympy.Expr | None:
        a, index = jet
        if jet in self.rules:
            return self.on_solutions(self.rules[jet])
        if not any(b == a and _below(lead, index) for b, lead in self.rules):
            return None
        for alpha, count in enumerate(index):
            lower = self._value((a, raised(index, alpha, -1))) if count else None
            if lower is not None:
                return self.on_solutions(total_derivative(lower, alpha, self.jets))
        return None

    def add(self, equation: sympy.Expr) -> list[sympy.Expr]:
        """Solve one more equation for its leading jet; gives back the equations that follow from it.

        Raises `ValueError` where the equation contradicts the others or is not linear in its leading jet.
        """
        equation = self.on_solutions(equation)
        if is_zero(equation):
            return []
        present = self.jets.jets_in(equation)
        if not present:
            raise ValueError(f"the equations are inconsistent: they imply {equation} = 0")
        leading = max(present, key=lambda s: self.rank(present[s]))
        factor = sympy.diff(equation, leading)
        if factor.has(leading):
            raise ValueError(
                f"the equations are not linear in their leading derivative {leading}; "
                "write them in variables in which they are"
            )
        new = present[leading]
        rest = equation.xreplace({leading: sympy.S.Zero})
        value = expanded(-rest / factor)
        again = [
            self._symbol(old) - self.rules.pop(old)
            for old in list(self.rules)
            if old[0] == new[0] and _below(new[1], old[1])
        ]
        self.rules[new] = value
        self._known.clear()
        if len(self.rules) > MAX_RULES:
            raise ValueError("the equations have too many integrability conditions")
        return again + [self._crossed(old, new) for old in self.rules if old[0] == new[0] and old != new]

    def _crossed(self, first: Jet, second: Jet) -> sympy.Expr:
        """D_K(F₁) − D_L(F₂) where K, L lift the two leading jets to their lowest common derivative."""
        common = tuple(map(max, first[1], second[1]))
        one, two = (
            total_derivatives(
                self.rules[jet], tuple(c - n for c, n in zip(common, jet[1], strict=True)), self.jets
            )
            for jet in (first, second)
        )
        return one - two

    def _symbol(self, jet: Jet) -> sympy.Symbol:
        return self.jets.symbol(*jet)


def _below(lower: MultiIndex, upper: MultiIndex) -> bool:
    return all(n <= m for n, m in zip(lower, upper, strict=True))


def solved_form(equations: Sequence[sympy.Expr], jets: JetSpace) -> SolvedForm:
    """`SolvedForm` of E_ν = 0 (plain jet symbols), completed to a passive system.

    The ranking puts the first coordinate highest; where an equation is not linear in the leading jet of
    that ranking, the other orders of the coordinates are tried. Raises `ValueError` where none serves.
    """
    failure: ValueError | None = None
    for order in permutations(range(len(jets.coordinates))):
        try:
            return _completed(equations, SolvedForm(jets, order))
        except ValueError as error:
            failure = failure or error
    raise failure or ValueError("expected at least one equation")


def _completed(equations: Sequence[sympy.Expr], form: SolvedForm) -> SolvedForm:
    waiting = list(equations)
    while waiting:
        waiting.sort(key=lambda e: max(map(form.rank, form.jets.jets_in(e).values()), default=()))
        waiting += form.add(waiting.pop())
    return form
