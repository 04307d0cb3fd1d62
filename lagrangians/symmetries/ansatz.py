"""The space of vector fields among which symmetries are sought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy

from lagrangians.generators import Generator
from lagrangians.jets import JetSpace

Direction = tuple[int, sympy.Expr]  # number of the component (coordinates first, then fields), function


@dataclass(frozen=True)
class Ansatz:
    """X = Σ_k a_k b_k ∂_{i_k}: functions b_k(x, φ), in plain jet symbols, along the components i_k."""

    jets: JetSpace
    directions: tuple[Direction, ...]

    def parts(self, direction: Direction) -> tuple[list[sympy.Expr], list[sympy.Expr]]:
        """(ξ, η) of one direction."""
        size = len(self.jets.coordinates)
        parts = [sympy.S.Zero] * (size + len(self.jets.fields))
        parts[direction[0]] = direction[1]
        return parts[:size], parts[size:]

    def generator(self, coefficients: Sequence[sympy.Expr]) -> Generator:
        """The vector field with these coefficients a_k."""
        size = len(self.jets.coordinates)
        parts = [sympy.S.Zero] * (size + len(self.jets.fields))
        for (component, function), value in zip(self.directions, coefficients, strict=True):
            if value != 0:
                parts[component] += value * self.jets.to_functions(function)
        return Generator(tuple(parts[:size]), tuple(parts[size:]), self.jets.coordinates, self.jets.fields)

    def split(self) -> tuple[Ansatz, Ansatz]:
        """(the rest, the part η^a(x)∂_a without ξ and without fields in η)."""
        size = len(self.jets.coordinates)
        fields = {self.jets.symbol(a) for a in range(len(self.jets.fields))}
        shifts = tuple(d for d in self.directions if d[0] >= size and not d[1].free_symbols & fields)
        rest = tuple(d for d in self.directions if d not in shifts)
        return Ansatz(self.jets, rest), Ansatz(self.jets, shifts)


def variables(jets: JetSpace) -> list[sympy.Symbol]:
    """Coordinates, then fields, as plain symbols."""
    return [*jets.coordinates, *(jets.symbol(a) for a in range(len(jets.fields)))]


def polynomial_ansatz(jets: JetSpace, degree: int, functions: Sequence[sympy.Expr] = ()) -> Ansatz:
    """All monomials of total degree ≤ `degree` in coordinates and fields, and times each of `functions`.

    Raises `ValueError` for a negative degree and for functions of derivatives of the fields.
    """
    if not isinstance(degree, int) or degree < 0:
        raise ValueError(f"got degree {degree}, expected a non-negative integer")
    plain = variables(jets)
    given = [sympy.S.One]
    for function in functions:
        f = jets.to_jets(sympy.sympify(function))
        if any(any(index) for _, index in jets.jets_in(f).values()):
            raise ValueError(f"got the function {function}, expected one of coordinates and fields alone")
        given.append(f)
    monomials = sorted(sympy.itermonomials(plain, degree), key=lambda m: _rank(m, plain))
    basis = list(dict.fromkeys(m * f for f in given for m in monomials))
    return Ansatz(jets, tuple((component, b) for component in range(len(plain)) for b in basis))


def _rank(monomial: sympy.Expr, plain: Sequence[sympy.Symbol]) -> tuple[int, ...]:
    powers = sympy.Poly(monomial, *plain).monoms()[0]
    return (sum(powers), *(-n for n in powers))
