"""Jet coordinates: a plain symbol for a field and for each of its derivatives.

The calculus of variations treats φ, φ_t, φ_x, φ_tx, … as independent variables. SymPy writes them as applied
functions and `Derivative`s, which is how users write a density; every computation of this package happens in
plain symbols named `phi`, `phi_t`, `phi_tx` (the letters always in the order of the coordinates).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy.core.function import AppliedUndef

MultiIndex = tuple[int, ...]
Shift = tuple[int, ...]

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def jet_name(field: str, coordinates: Sequence[str], index: MultiIndex) -> str:
    """Name of a derivative: `jet_name("phi", ("t", "x"), (1, 2))` is `"phi_txx"`."""
    letters = "".join(name * count for name, count in zip(coordinates, index, strict=True))
    return f"{field}_{letters}" if letters else field


def raised(index: MultiIndex, coordinate: int, by: int = 1) -> MultiIndex:
    """The multi-index with `by` more derivatives along one coordinate."""
    return tuple(n + by if alpha == coordinate else n for alpha, n in enumerate(index))


@dataclass(frozen=True)
class JetSpace:
    """The jets of `fields` (applied functions such as φ(t, x)) over `coordinates` (symbols).

    A field must depend on every coordinate, in their order; further arguments are mere labels.
    Raises `ValueError` for names that are not identifiers or that two jets would share.
    """

    coordinates: tuple[sympy.Symbol, ...]
    fields: tuple[AppliedUndef, ...]

    def __post_init__(self) -> None:
        for symbol in self.coordinates:
            if not isinstance(symbol, sympy.Symbol):
                raise ValueError(
                    f"coordinates must be SymPy symbols, got {symbol!r}; write sympy.Symbol('x')"
                )
        for field in self.fields:
            if not isinstance(field, AppliedUndef):
                raise ValueError(
                    f"fields must be applied functions such as phi(t, x), got {field!r}; "
                    "write sympy.Function('phi')(t, x)"
                )
            if tuple(a for a in field.args if a in self.coordinates) != self.coordinates:
                expected = ", ".join(self.coordinate_names)
                raise ValueError(
                    f"got field {field}, expected its arguments to hold ({expected}) in this order"
                )
        names = (*self.coordinate_names, *self.field_names)
        for name in names:
            if not IDENTIFIER.match(name):
                raise ValueError(
                    f"got the name {name!r}, expected letters, digits and underscores; rename it"
                )
        if len(set(names)) < len(names):
            raise ValueError(f"coordinates and fields must have distinct names, got {', '.join(names)}")
        for name in self.coordinate_names:
            others = [re.escape(other) for other in self.coordinate_names if other != name]
            if others and re.fullmatch(f"(?:{'|'.join(others)})+", name):
                raise ValueError(f"the coordinate {name!r} reads like a product of others; rename it")
        for i, name in enumerate(self.field_names):
            for j, other in enumerate(self.field_names):
                if i != j and name.startswith(f"{other}_") and self._index(name[len(other) + 1 :]):
                    raise ValueError(f"the field {name!r} reads like a derivative of {other!r}; rename one")

    @cached_property
    def coordinate_names(self) -> tuple[str, ...]:
        return tuple(symbol.name for symbol in self.coordinates)

    @cached_property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.func.__name__ for field in self.fields)

    @cached_property
    def _letters(self) -> re.Pattern[str]:
        return re.compile("".join(f"((?:{re.escape(name)})*)" for name in self.coordinate_names) + r"\Z")

    @cached_property
    def _known(self) -> dict[str, tuple[int, MultiIndex] | None]:
        return {}

    def _index(self, letters: str) -> MultiIndex | None:
        match = self._letters.match(letters)
        if not letters or not match:
            return None
        return tuple(
            len(group) // len(name) for group, name in zip(match.groups(), self.coordinate_names, strict=True)
        )

    @property
    def zero(self) -> MultiIndex:
        return (0,) * len(self.coordinates)

    @property
    def labels(self) -> tuple[sympy.Symbol, ...]:
        """Labels of the lattice that the jets span; an ordinary jet space has none."""
        return ()

    def site(self, number: int) -> tuple[int, Shift]:
        """(field, shift along the lattice) of the field with this number."""
        return number, ()

    def shifted(self, expression: sympy.Expr, shift: Shift) -> sympy.Expr:
        """The expression at another lattice site; the expression itself where there is no lattice."""
        return expression

    def parse(self, name: str) -> tuple[int, MultiIndex] | None:
        """(number of the field, multi-index) of a jet name, or None; the longest declared field name wins."""
        if name not in self._known:
            self._known[name] = self._parse(name)
        return self._known[name]

    def _parse(self, name: str) -> tuple[int, MultiIndex] | None:
        if name in self.field_names:
            return self.field_names.index(name), self.zero
        for field in sorted(self.field_names, key=len, reverse=True):
            if name.startswith(f"{field}_"):
                index = self._index(name[len(field) + 1 :])
                if index is not None:
                    return self.field_names.index(field), index
        return None

    def locate(self, symbol: sympy.Symbol) -> tuple[int, MultiIndex] | None:
        """As `parse`, of a plain jet symbol; None for coordinates and parameters."""
        return self.parse(symbol.name) if symbol == sympy.Symbol(symbol.name) else None

    def symbol(self, field: int, index: MultiIndex | None = None) -> sympy.Symbol:
        """Plain symbol of ∂_index of the field with this number."""
        name = jet_name(self.field_names[field], self.coordinate_names, self.zero if index is None else index)
        return sympy.Symbol(name)

    def function(self, field: int, index: MultiIndex | None = None) -> sympy.Expr:
        """The same jet as applied function or `Derivative`."""
        steps = [(x, n) for x, n in zip(self.coordinates, index or self.zero, strict=True) if n]
        return sympy.Derivative(self.fields[field], *steps) if steps else self.fields[field]

    def jets_in(self, expression: sympy.Expr) -> dict[sympy.Symbol, tuple[int, MultiIndex]]:
        """Every jet symbol in a plain expression with its field number and multi-index, in a fixed order."""
        found = {s: self.locate(s) for s in expression.free_symbols}
        return {s: place for s, place in sorted(found.items(), key=lambda item: item[0].name) if place}

    def order(self, *expressions: sympy.Expr) -> int:
        """The largest number of derivatives of one jet in plain expressions; 0 without jets."""
        places = self.jets_in(sympy.Tuple(*expressions)).values()
        return max((sum(index) for _, index in places), default=0)

    def to_jets(self, expression: sympy.Expr) -> sympy.Expr:
        """Applied functions and `Derivative`s of the fields → plain jet symbols.

        Raises `ValueError` where a field has other arguments than declared (another site of a lattice, a
        delay) or is differentiated along what is no coordinate.
        """
        expression = sympy.sympify(expression)
        if not expression.has(AppliedUndef):
            return expression
        if any(self._is_compound(d) for d in expression.atoms(sympy.Derivative)):
            expression = expression.doit()
        rules = {}
        for applied in expression.atoms(AppliedUndef):
            number = self.number_of(applied)
            if number is not None:
                rules[applied] = self.symbol(number)
        for derivative in expression.atoms(sympy.Derivative):
            number = self.number_of(derivative.expr) if derivative.expr in rules else None
            if number is not None:
                if not set(derivative.variables) <= set(self.coordinates):
                    allowed = ", ".join(self.coordinate_names)
                    raise ValueError(f"got {derivative}, expected derivatives along ({allowed}) only")
                index = tuple(derivative.variables.count(x) for x in self.coordinates)
                rules[derivative] = self.symbol(number, index)
        return expression.xreplace(rules)

    def number_of(self, applied: sympy.Expr) -> int | None:
        """The number of the field that an applied function is; None for the functions that are no fields."""
        if applied in self.fields:
            return self.fields.index(applied)
        name = getattr(applied.func, "__name__", "")
        if not isinstance(applied, AppliedUndef) or name not in self.field_names:
            return None
        declared = self.fields[self.field_names.index(name)]
        if set(declared.args) <= set(self.coordinates):
            raise ValueError(f"got {applied}, expected the field as declared, {declared}")
        raise ValueError(
            f"got {applied} beside {declared}: a lattice field at another site, which is not supported here; "
            "Lagrangian.ring(count) gives a finite chain of ordinary fields, on which every function works"
        )

    def _is_compound(self, derivative: sympy.Derivative) -> bool:
        """Whether a product, a sum or a foreign function stands under a derivative along a coordinate."""
        inner = derivative.expr
        is_field = isinstance(inner, AppliedUndef) and inner.func.__name__ in self.field_names
        return not is_field and bool(set(derivative.variables) & set(self.coordinates))

    def to_functions(self, expression: sympy.Expr) -> sympy.Expr:
        """Plain jet symbols → applied functions and `Derivative`s; inverse of `to_jets`."""
        expression = sympy.sympify(expression)
        return expression.xreplace(
            {s: self.function(*place) for s, place in self.jets_in(expression).items()}
        )


def jet_space(
    fields: Sequence[str | AppliedUndef],
    coordinates: Sequence[str | sympy.Symbol],
    lattice: Sequence[str | sympy.Symbol] = (),
) -> JetSpace:
    """`JetSpace` from names or SymPy objects; a name `phi` becomes φ(lattice labels, coordinates)."""
    for kind, given in (("fields", fields), ("coordinates", coordinates), ("lattice", lattice)):
        if isinstance(given, str):
            raise ValueError(f"{kind} must be a sequence, got the string {given!r}; write ({given!r},)")
    for name in (*fields, *coordinates, *lattice):
        if isinstance(name, str) and not IDENTIFIER.match(name):
            raise ValueError(f"got the name {name!r}, expected letters, digits and underscores; rename it")
    symbols = tuple(sympy.Symbol(x) if isinstance(x, str) else x for x in coordinates)
    labels = tuple(sympy.Symbol(n) if isinstance(n, str) else n for n in lattice)
    return JetSpace(
        symbols, tuple(sympy.Function(f)(*labels, *symbols) if isinstance(f, str) else f for f in fields)
    )
