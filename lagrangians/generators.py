"""Vector fields X = ξ^α ∂_α + η^a ∂_{φ^a} on coordinates and fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy.core.function import AppliedUndef

from lagrangians.jets import JetSpace, jet_space
from lagrangians.variation import evolutionary_derivative, total_derivative


@dataclass(frozen=True)
class Generator:
    """X = ξ^α(x, φ) ∂_α + η^a(x, φ) ∂_{φ^a}, a point transformation near the identity.

    `xi` has one expression a coordinate, `eta` one a field. Raises `ValueError` where the counts differ.
    """

    xi: tuple[sympy.Expr, ...]
    eta: tuple[sympy.Expr, ...]
    coordinates: tuple[sympy.Symbol, ...]
    fields: tuple[AppliedUndef, ...]

    def __post_init__(self) -> None:
        for name in ("xi", "eta", "coordinates", "fields"):
            value = getattr(self, name)
            value = tuple(value) if isinstance(value, Sequence | sympy.Tuple) else (value,)
            object.__setattr__(self, name, tuple(sympy.sympify(v) for v in value))
        if len(self.xi) != len(self.coordinates) or len(self.eta) != len(self.fields):
            raise ValueError(
                f"got {len(self.xi)} components ξ and {len(self.eta)} components η, "
                f"expected {len(self.coordinates)} (coordinates) and {len(self.fields)} (fields)"
            )

    @cached_property
    def jets(self) -> JetSpace:
        """The jet space of the fields over the coordinates."""
        return jet_space(self.fields, self.coordinates)

    def _plain(self) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
        return [self.jets.to_jets(part) for part in self.xi], [self.jets.to_jets(part) for part in self.eta]

    def _like(self, xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr]) -> Generator:
        back = self.jets.to_functions
        return Generator(
            tuple(back(sympy.expand(part)) for part in xi),
            tuple(back(sympy.expand(part)) for part in eta),
            self.coordinates,
            self.fields,
        )

    def characteristic(self) -> tuple[sympy.Expr, ...]:
        """Q^a = η^a − ξ^α ∂_αφ^a, the change of φ^a at a fixed point."""
        xi, eta = self._plain()
        return tuple(self.jets.to_functions(q) for q in characteristic(xi, eta, self.jets))

    def apply(self, expression: sympy.Expr) -> sympy.Expr:
        """X(f) = ξ^α ∂f/∂x^α + η^a ∂f/∂φ^a for a function f(x, φ) of coordinates and fields."""
        f = self.jets.to_jets(expression)
        if any(any(index) for _, index in self.jets.jets_in(f).values()):
            raise ValueError(
                "got derivatives of the fields, expected a function of x and φ; use prolongation()"
            )
        xi, eta = self._plain()
        variables = (*self.coordinates, *(self.jets.symbol(a) for a in range(len(self.fields))))
        return self.jets.to_functions(
            sympy.Add(*(part * sympy.diff(f, v) for part, v in zip((*xi, *eta), variables, strict=True)))
        )

    def prolongation(self, density: sympy.Expr) -> sympy.Expr:
        """pr X(ℒ) = pr v_Q(ℒ) + ξ^α D_αℒ for a function of any jets (Olver, eq. 5.7)."""
        xi, eta = self._plain()
        return self.jets.to_functions(prolonged(self.jets.to_jets(density), xi, eta, self.jets))

    def bracket(self, other: Generator) -> Generator:
        """[X, Y] = X Y − Y X, components X(Y^i) − Y(X^i). Raises `ValueError` on different spaces."""
        self._same_space(other)
        mine, theirs = (*self.xi, *self.eta), (*other.xi, *other.eta)
        parts = [self.jets.to_jets(self.apply(b) - other.apply(a)) for a, b in zip(mine, theirs, strict=True)]
        return self._like(parts[: len(self.xi)], parts[len(self.xi) :])

    def _same_space(self, other: Generator) -> None:
        if (self.coordinates, self.fields) != (other.coordinates, other.fields):
            raise ValueError("the two generators act on different coordinates or fields")

    def __add__(self, other: Generator) -> Generator:
        self._same_space(other)
        mine, theirs = self._plain(), other._plain()
        return self._like(
            *([a + b for a, b in zip(m, t, strict=True)] for m, t in zip(mine, theirs, strict=True))
        )

    def __mul__(self, factor: sympy.Expr) -> Generator:
        """Constant multiple; `factor` must be free of coordinates and fields."""
        factor = sympy.sympify(factor)
        if factor.has(*self.coordinates, *self.fields):
            raise ValueError(f"got the factor {factor}, expected a constant")
        xi, eta = self._plain()
        return self._like([factor * part for part in xi], [factor * part for part in eta])

    __rmul__ = __mul__

    def __neg__(self) -> Generator:
        return self * sympy.S.NegativeOne

    def __sub__(self, other: Generator) -> Generator:
        return self + (-other)

    def __str__(self) -> str:
        xi, eta = self._plain()
        parts = []
        for component, name in zip((*xi, *eta), (*self.coordinates, *self.jets.field_names), strict=True):
            if component == 0:
                continue
            text = str(component).replace("**", "^").replace("*", "")
            text = {"1": "", "-1": "-"}.get(text, f"({text})" if component.is_Add else text)
            parts.append(f"{text}∂_{name}")
        return " + ".join(parts).replace("+ -", "- ") or "0"


def characteristic(xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], jets: JetSpace) -> list[sympy.Expr]:
    """Q^a = η^a − ξ^α φ^a_α in plain jet symbols."""
    size = len(jets.coordinates)
    units = [tuple(int(i == alpha) for i in range(size)) for alpha in range(size)]
    return [
        eta[a] - sympy.Add(*(xi[alpha] * jets.symbol(a, units[alpha]) for alpha in range(size)))
        for a in range(len(jets.fields))
    ]


def prolonged(
    density: sympy.Expr, xi: Sequence[sympy.Expr], eta: Sequence[sympy.Expr], jets: JetSpace
) -> sympy.Expr:
    """pr X(ℒ) in plain jet symbols."""
    change = evolutionary_derivative(density, characteristic(xi, eta, jets), jets)
    transport = [part * total_derivative(density, alpha, jets) for alpha, part in enumerate(xi)]
    return sympy.expand(change + sympy.Add(*transport))
