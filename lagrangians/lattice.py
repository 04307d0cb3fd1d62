"""Lattice fields q(n, t): arguments that are no coordinates are labels, and shifts q(n + 1, t) may occur.

Each shifted copy q(n + k) counts as one more ordinary field for the calculus of variations in the
coordinates. S is the shift of every label in an expression, (S F)(n) = F(n + 1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.jets import IDENTIFIER, JetSpace, MultiIndex, Shift, jet_name

SHIFTED_LABEL = re.compile(r"(\w+)([+-][0-9]+)\Z")


def lattice_labels(fields: Sequence[AppliedUndef], coordinates: Sequence[sympy.Symbol]) -> tuple:
    """The labels that all fields share, in their order; () where a field has none or others."""
    labels = {tuple(a for a in field.args if a not in coordinates) for field in fields}
    return labels.pop() if len(labels) == 1 else ()


def field_space(fields: Sequence[AppliedUndef], coordinates: Sequence[sympy.Symbol]) -> JetSpace:
    """`LatticeJets` where the fields share lattice labels, else the ordinary `JetSpace`."""
    given = tuple(fields), tuple(coordinates)
    known = all(isinstance(field, AppliedUndef) for field in given[0])
    return (
        LatticeJets(given[1], given[0]) if known and lattice_labels(*given) else JetSpace(given[1], given[0])
    )


def site_text(labels: Sequence[sympy.Symbol], shift: Shift) -> str:
    """`[n+1]`, the shifted labels alone; empty where none is shifted."""
    moved = [f"{label.name}{k:+d}" for label, k in zip(labels, shift, strict=True) if k]
    return f"[{','.join(moved)}]" if moved else ""


@dataclass(frozen=True)
class LatticeJets(JetSpace):
    """The jets of lattice fields at every site n + k: plain symbols `q`, `q_t`, `q[n+1]`, `q_t[n-1]`.

    Numbers below `len(fields)` mean the fields at the site n; a shifted copy gets the next free number when
    it first occurs. All fields must have the same labels.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        for label in self.labels:
            if not isinstance(label, sympy.Symbol) or not IDENTIFIER.match(label.name):
                raise ValueError(
                    f"lattice labels must be SymPy symbols, got {label!r}; write sympy.Symbol('n')"
                )
            if label.name in (*self.coordinate_names, *self.field_names):
                raise ValueError(
                    f"the lattice label {label} has the name of a coordinate or a field; rename it"
                )

    @cached_property
    def labels(self) -> tuple[sympy.Symbol, ...]:
        return lattice_labels(self.fields, self.coordinates)

    @cached_property
    def _copies(self) -> list[tuple[int, Shift]]:
        return [(a, (0,) * len(self.labels)) for a in range(len(self.fields))]

    @cached_property
    def _numbers(self) -> dict[tuple[int, Shift], int]:
        return {copy: number for number, copy in enumerate(self._copies)}

    def copy(self, field: int, shift: Shift) -> int:
        """The number of the shifted copy of a field."""
        if (field, shift) not in self._numbers:
            self._numbers[field, shift] = len(self._copies)
            self._copies.append((field, shift))
        return self._numbers[field, shift]

    def site(self, number: int) -> tuple[int, Shift]:
        """(field, shift) of a copy; inverse of `copy`."""
        return self._copies[number]

    def _parse(self, name: str) -> tuple[int, MultiIndex] | None:
        plain, bracket, inner = name.partition("[")
        place = super()._parse(plain)
        if not bracket or place is None:
            return place
        shifts = {label.name: 0 for label in self.labels}
        for part in inner.removesuffix("]").split(","):
            match = SHIFTED_LABEL.match(part)
            if not match or match[1] not in shifts:
                return None
            shifts[match[1]] = int(match[2])
        return self.copy(place[0], tuple(shifts.values())), place[1]

    def symbol(self, field: int, index: MultiIndex | None = None) -> sympy.Symbol:
        """Plain symbol of ∂_index of the copy with this number."""
        a, shift = self.site(field)
        name = jet_name(self.field_names[a], self.coordinate_names, self.zero if index is None else index)
        return sympy.Symbol(name + site_text(self.labels, shift))

    def function(self, field: int, index: MultiIndex | None = None) -> sympy.Expr:
        """The same jet as applied function or `Derivative`."""
        a, shift = self.site(field)
        moved = dict(zip(self.labels, (n + k for n, k in zip(self.labels, shift, strict=True)), strict=True))
        return super().function(a, index).xreplace(moved)

    def number_of(self, applied: sympy.Expr) -> int | None:
        """As for ordinary fields, with shifts of the labels by whole numbers."""
        name = getattr(applied.func, "__name__", "")
        if not isinstance(applied, AppliedUndef) or name not in self.field_names:
            return None
        number = self.field_names.index(name)
        declared = self.fields[number]
        shifts = dict.fromkeys(self.labels, 0)
        fits = applied.func == declared.func and len(applied.args) == len(declared.args)
        for given, expected in zip(applied.args, declared.args, strict=False):
            step = given - expected
            if expected in shifts and step.is_Integer:
                shifts[expected] = int(step)
            elif given != expected:
                fits = False
        if not fits:
            raise ValueError(
                f"got {applied}, expected {declared} or its copies at sites such as {self.labels[0]} + 1"
            )
        return self.copy(number, tuple(shifts.values()))

    def shifted(self, expression: sympy.Expr, shift: Shift) -> sympy.Expr:
        """S^k F: every site n, of the fields and explicit, becomes n + k."""
        if not any(shift):
            return expression
        rules = {n: n + k for n, k in zip(self.labels, shift, strict=True) if k}
        for symbol, (number, index) in self.jets_in(expression).items():
            field, start = self.site(number)
            place = tuple(a + b for a, b in zip(start, shift, strict=True))
            rules[symbol] = self.symbol(self.copy(field, place), index)
        return expression.xreplace(rules)

    def difference(self, expression: sympy.Expr, label: int) -> sympy.Expr:
        """(S_n − 1)F for one label."""
        return self.shifted(expression, self.step(label)) - expression

    def step(self, label: int, count: int = 1) -> Shift:
        """The shift of one label."""
        return tuple(count if i == label else 0 for i in range(len(self.labels)))


def finite_ring(
    density: sympy.Expr, jets: LatticeJets, counts: Sequence[int]
) -> tuple[sympy.Expr, tuple[AppliedUndef, ...]]:
    """Σ_n ℒ over a periodic lattice in ordinary fields q_0(t), …, q_{count−1}(t); q_0_0, … for two labels."""
    sites: list[Shift] = [()]
    for count in counts:
        sites = [(*site, i) for site in sites for i in range(count)]

    def at(applied: AppliedUndef, site: Shift) -> AppliedUndef:
        name = "_".join([applied.func.__name__, *map(str, site)])
        function = sympy.Function(name, real=True) if applied.is_extended_real else sympy.Function(name)
        return function(*(a for a in applied.args if not a.free_symbols & set(jets.labels)))

    places: Mapping[AppliedUndef, tuple[int, Shift]] = {
        applied: jets.site(number)
        for applied in density.atoms(AppliedUndef)
        if (number := jets.number_of(applied)) is not None
    }
    terms = []
    for site in sites:
        rules: dict[sympy.Expr, sympy.Expr] = {
            n: sympy.Integer(i) for n, i in zip(jets.labels, site, strict=True)
        }
        for applied, (field, shift) in places.items():
            place = tuple((i + k) % count for i, k, count in zip(site, shift, counts, strict=True))
            rules[applied] = at(jets.fields[field], place)
        terms.append(density.xreplace(rules))
    return sympy.Add(*terms), tuple(at(field, site) for field in jets.fields for site in sites)
