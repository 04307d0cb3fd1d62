"""The vector fields among which symmetries of a field's dynamics are sought, in scaled coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import comb, prod

import numpy as np
import sympy

from lagrangians import Generator
from lagrangians.jets import JetSpace
from lagrangians.symmetries.ansatz import Ansatz

Exponents = tuple[int, ...]
Direction = tuple[int, Exponents]  # component (coordinates, then fields), powers of coordinates and fields


@dataclass(frozen=True)
class PointAnsatz:
    """X = Σ_j a_j m_j ∂_{k_j}: ξ polynomials of degree ≤ d in x, η of degree ≤ d − 1 in x, ≤ 1 in φ.

    Degree 1 is {1, x^α}∂_β and {1, φ^b}∂_a. Directions are ordered by total degree, then by component.

    Scaled: s^α = (x^α − centre)/R_α and u = φ/Φ run over [−1, 1]; the scaled direction m(s, u)∂_s has
    R_k m(s, u)∂_k as its raw form. All angles and norms are Euclidean in scaled coefficients.
    """

    jets: JetSpace
    degree: int
    centres: tuple[float, ...]
    scales: tuple[float, ...]

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        space, fields = len(self.jets.coordinates), len(self.jets.fields)
        found = []
        for component in range(space + fields):
            in_x = self.degree if component < space else self.degree - 1
            in_fields = 0 if component < space else 1
            for powers in product(range(self.degree + 1), repeat=space + fields):
                if sum(powers[:space]) <= in_x and sum(powers[space:]) <= in_fields:
                    found.append((component, powers))
        return tuple(sorted(found, key=lambda d: (sum(d[1]), d[0], *(-n for n in d[1]))))

    @property
    def size(self) -> int:
        return len(self.directions)

    @cached_property
    def variables(self) -> tuple[sympy.Symbol, ...]:
        return (*self.jets.coordinates, *(self.jets.symbol(a) for a in range(len(self.jets.fields))))

    @cached_property
    def symbolic(self) -> Ansatz:
        """The raw directions m(x, φ)∂_k."""
        return Ansatz(self.jets, tuple((k, self.monomial(powers)) for k, powers in self.directions))

    def monomial(self, powers: Exponents) -> sympy.Expr:
        return sympy.Mul(*(v**n for v, n in zip(self.variables, powers, strict=True)))

    @cached_property
    def to_raw(self) -> np.ndarray:
        """T with scaled direction i = Σ_j T[i, j] raw direction j. shape: (size, size)"""
        places = {direction: j for j, direction in enumerate(self.directions)}
        shifts = (*self.centres, *(0.0 for _ in self.jets.fields))
        matrix = np.zeros((self.size, self.size))
        for i, (component, powers) in enumerate(self.directions):
            for lower in product(*(range(n + 1) for n in powers)):
                weight = prod(
                    comb(n, m) * (-shift) ** (n - m) / scale**n
                    for n, m, shift, scale in zip(powers, lower, shifts, self.scales, strict=True)
                )
                if weight:
                    matrix[i, places[component, lower]] += self.scales[component] * weight
        return matrix

    @cached_property
    def reach(self) -> np.ndarray:
        """Largest |m(x, φ)| on the data of each raw direction, in units of the component's scale."""
        largest = (
            *(abs(c) + s for c, s in zip(self.centres, self.scales, strict=False)),
            *self.scales[len(self.centres) :],
        )
        return np.array(
            [prod(x**n for x, n in zip(largest, m, strict=True)) / self.scales[k] for k, m in self.directions]
        )

    def raw(self, scaled: np.ndarray) -> np.ndarray:
        """Coefficients of the raw directions from those of the scaled ones. shape: (..., size)"""
        return scaled @ self.to_raw

    def scaled(self, raw: np.ndarray) -> np.ndarray:
        """Inverse of `raw`."""
        return np.linalg.solve(self.to_raw.T, np.asarray(raw).T).T

    def generator(self, raw: Sequence[float] | np.ndarray) -> Generator:
        """The vector field with these raw coefficients; whole numbers become integers."""
        numbers = [sympy.Integer(int(c)) if float(c).is_integer() else sympy.Float(c, 17) for c in raw]
        return self.symbolic.generator(numbers)

    def coefficients(self, generators: Sequence[Generator]) -> np.ndarray:
        """Raw coefficients of a basis of the combinations of `generators` that lie in the ansatz.

        shape: (number found, size)
        """
        places = {direction: j for j, direction in enumerate(self.directions)}
        rows: list[dict[Direction, float]] = []
        for X in generators:
            row: dict[Direction, float] = {}
            for component, part in enumerate((*X.xi, *X.eta)):
                polynomial = sympy.Poly(self.jets.to_jets(part), *self.variables)
                for powers, value in polynomial.terms():
                    if value != 0:
                        row[component, powers] = float(value)
            rows.append(row)
        outside = sorted({d for row in rows for d in row} - set(places))
        inside = np.array([[row.get(d, 0.0) for d in self.directions] for row in rows]).reshape(-1, self.size)
        if not outside:
            return inside
        beyond = np.array([[row.get(d, 0.0) for d in outside] for row in rows])
        left, sizes, _ = np.linalg.svd(beyond)
        rank = int((sizes > 1e-9 * max(sizes.max(initial=0.0), 1e-300)).sum())
        return left[:, rank:].T @ inside

    def bracket(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """[X, Y] of scaled coefficients, in `bracket_space`: [m∂_k, n∂_l] = m ∂_kn ∂_l − n ∂_lm ∂_k."""
        return np.einsum("i,j,ijk->k", first, second, self._brackets)

    @cached_property
    def _brackets(self) -> np.ndarray:
        places = {direction: j for j, direction in enumerate(self.directions)}
        entries: list[tuple[int, int, Direction, float]] = []
        for i, (k, m) in enumerate(self.directions):
            for j, (l, n) in enumerate(self.directions):
                for along, powers, by, other, sign in ((l, n, k, m, 1.0), (k, m, l, n, -1.0)):
                    if powers[by]:
                        lowered = (*powers[:by], powers[by] - 1, *powers[by + 1 :])
                        total = tuple(p + q for p, q in zip(lowered, other, strict=True))
                        entries.append((i, j, (along, total), sign * powers[by]))
        for _, _, direction, _ in entries:
            places.setdefault(direction, len(places))
        tensor = np.zeros((self.size, self.size, len(places)))
        for i, j, direction, value in entries:
            tensor[i, j, places[direction]] += value
        return tensor


def point_ansatz(
    jets: JetSpace, degree: int, ranges: Sequence[tuple[float, float]], sizes: Sequence[float]
) -> PointAnsatz:
    """The ansatz for coordinates in `ranges` and fields of largest absolute value `sizes`.

    Raises ValueError for a degree below 1.
    """
    if degree < 1:
        raise ValueError(f"got degree {degree}, expected 1 or more")
    centres = tuple((low + high) / 2 for low, high in ranges)
    scales = (*((high - low) / 2 for low, high in ranges), *sizes)
    return PointAnsatz(jets, degree, centres, tuple(scales))
