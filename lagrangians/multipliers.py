"""Constant matrices g for which the combinations g_ab E_b of given equations are self-adjoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from random import Random

import sympy

from lagrangians.equations import leading_derivatives, null_space
from lagrangians.helmholtz import self_adjointness
from lagrangians.jets import JetSpace, MultiIndex
from lagrangians.symmetries.lie_algebra import coordinates_in
from lagrangians.symmetries.null_space import Conditions
from lagrangians.zero import ROUND_OFF, has_floats, is_zero, largest_coefficient

FACTORS = (1, -1, 2, -2)
MAX_CANDIDATES = 1500

Key = tuple[int, int, MultiIndex]  # of a Helmholtz condition: two fields and the index of a derivative


@dataclass(frozen=True)
class Multipliers:
    """All constant g with gE self-adjoint, as a linear space: `basis` of n × n matrices.

    `leading`: the matrix M of the highest time derivatives in E_a = M_ab φ^b_t…t + …, where it is constant
    and invertible (else the unit matrix), so that gM is the kinetic metric.
    """

    basis: tuple[sympy.ImmutableMatrix, ...]
    leading: sympy.ImmutableMatrix

    @property
    def dimension(self) -> int:
        """The number of independent multipliers: with more than one, several Lagrangians have the same
        solutions.
        """
        return len(self.basis)

    def regular(self) -> sympy.ImmutableMatrix | None:
        """An invertible member: the unit matrix where it is one, else one whose kinetic metric is diagonal,
        positive and of small integer combinations as far as possible; None where all are singular.
        """
        if not self.basis:
            return None
        unit = sympy.ImmutableMatrix.eye(self.leading.rows)
        if self.contains(unit):
            return unit
        if self._always_singular():
            return None
        metrics = [sympy.Matrix(g * self.leading) for g in self.basis]
        best = _best(_diagonal(metrics)) or _best(metrics) or _generic(metrics)
        return None if best is None else sympy.ImmutableMatrix(_simplified(best * self.leading.inv()))

    def contains(self, matrix: sympy.Matrix) -> bool:
        """Whether the matrix is a member."""
        return coordinates_in([list(b) for b in self.basis], list(matrix)) is not None

    def _always_singular(self) -> bool:
        return _generic([sympy.Matrix(g) for g in self.basis]) is None


def constant_multipliers(
    equations: Sequence[sympy.Expr], jets: JetSpace, factor: sympy.Expr = sympy.S.One
) -> Multipliers:
    """The space of constant matrices g for which factor · gE is self-adjoint, in plain jet symbols.

    The Helmholtz conditions of gE are linear in g and hold identically in the jets; see
    `Conditions.solutions`. Equation b need not belong to field b. `factor` is a function of the coordinates.
    """
    return MultiplierSearch(equations, jets, factor).solved()


class MultiplierSearch:
    """The Helmholtz conditions of factor · gE for each matrix unit g, highest derivatives first."""

    def __init__(
        self, equations: Sequence[sympy.Expr], jets: JetSpace, factor: sympy.Expr = sympy.S.One
    ) -> None:
        self.size = len(equations)
        self.jets = jets
        self.leading = leading_matrix(equations, jets)
        self.columns: list[dict[Key, sympy.Expr]] = []
        for a, b in product(range(self.size), repeat=2):
            single = [factor * equations[b] if i == a else sympy.S.Zero for i in range(self.size)]
            values = self_adjointness(single, jets)
            self.columns.append({key: sympy.expand(value / factor) for key, value in values.items()})
        found = {key for column in self.columns for key in column}
        self.keys = sorted(found, key=lambda key: (-sum(key[2]), key[2], key[0] != key[1], key[:2]))

    def solved(self, lowest: int = 0) -> Multipliers:
        """The g that satisfy the conditions of |J| ≥ lowest."""
        keys = [key for key in self.keys if sum(key[2]) >= lowest]
        listed = [[column.get(key, sympy.S.Zero) for key in keys] for column in self.columns]
        present = self.jets.jets_in(sympy.Tuple(*(e for column in listed for e in column)))
        rows = Conditions(listed, set(present) | set(self.jets.coordinates)).solutions()
        matrices = tuple(sympy.ImmutableMatrix(self.size, self.size, row) for row in rows)
        unit = sympy.ImmutableMatrix.eye(self.size)
        return Multipliers(matrices, unit if self.leading is None else self.leading)

    def obstruction(self) -> tuple[Key, sympy.ImmutableMatrix] | None:
        """(a, b, J) of a condition of gE that fails for an invertible g which satisfies all conditions of
        higher |J|, where none satisfies those of this |J| too; None where there is an invertible multiplier.
        """
        g = None
        for order in sorted({sum(index) for _, _, index in self.keys}, reverse=True):
            found = self.solved(lowest=order).regular()
            if found is None:
                g = g or sympy.ImmutableMatrix.eye(self.size)
                return self.failed(g), g
            g = found
        return None

    def value(self, key: Key, g: sympy.Matrix) -> sympy.Expr:
        """The left side of a condition of gE."""
        return sympy.Add(
            *(factor * column.get(key, sympy.S.Zero) for factor, column in zip(g, self.columns, strict=True))
        )

    def failed(self, g: sympy.Matrix) -> Key:
        """The first condition that gE fails by more than round-off."""
        values = {key: self.value(key, g) for key in self.keys}
        approximate = any(has_floats(value) for value in values.values())
        scale = max(map(largest_coefficient, values.values())) if approximate else 0.0
        return next(
            key
            for key, value in values.items()
            if not is_zero(value) and (not approximate or largest_coefficient(value) > ROUND_OFF * scale)
        )


def leading_matrix(equations: Sequence[sympy.Expr], jets: JetSpace) -> sympy.ImmutableMatrix | None:
    """M_ab of E_a = M_ab φ^b_t…t + …; None where it is not constant, not invertible or not defined."""
    try:
        leading = leading_derivatives(equations, jets)
    except ValueError:
        return None
    if None in leading:
        return None
    matrix = sympy.ImmutableMatrix([[sympy.diff(e, s) for s in leading] for e in equations])
    if jets.jets_in(matrix) or matrix.has(*jets.coordinates) or null_space(sympy.Matrix(matrix)):
        return None
    return matrix


def _diagonal(metrics: Sequence[sympy.Matrix]) -> list[sympy.Matrix]:
    """Basis of the diagonal members of a space of matrices."""
    size = metrics[0].rows
    off = [(i, j) for i, j in product(range(size), repeat=2) if i != j]
    if not off:
        return list(metrics)
    rows = sympy.Matrix([[m[place] for m in metrics] for place in off])
    return [_combination(vector, metrics) for vector in null_space(rows)]


def _combination(factors: Sequence[sympy.Expr], metrics: Sequence[sympy.Matrix]) -> sympy.Matrix:
    size = metrics[0].rows
    total = sympy.zeros(size, size)
    for factor, metric in zip(factors, metrics, strict=True):
        if factor != 0:
            total += factor * metric
    return total


def _factors(count: int) -> Iterator[tuple[int, ...]]:
    """All ones, then few non-zero factors before many."""
    yield (1,) * count
    for used in range(1, count + 1):
        for places in combinations(range(count), used):
            for values in product(FACTORS, repeat=used):
                if values[0] > 0:
                    vector = [0] * count
                    for place, value in zip(places, values, strict=True):
                        vector[place] = value
                    yield tuple(vector)


def _best(metrics: Sequence[sympy.Matrix]) -> sympy.Matrix | None:
    """The invertible small combination with the fewest entries off the diagonal and the fewest negative
    ones on it (of a metric and its negative, which are as good, the more positive one counts).
    """
    best: tuple[tuple, sympy.Matrix] | None = None
    for tried, factors in enumerate(_factors(len(metrics)) if metrics else ()):
        if tried > MAX_CANDIDATES or (best and best[0][:2] == (0, 0)):
            break
        metric = _combination(factors, metrics)
        size = metric.rows
        off = sum(metric[i, j] != 0 for i, j in product(range(size), repeat=2) if i != j)
        minus = sum(metric[i, i].could_extract_minus_sign() for i in range(size))
        key = (off, min(minus, size - minus), sum(map(abs, factors)), minus, tried)
        if (best is None or key < best[0]) and not _singular(metric):
            best = key, metric
    return best[1] if best else None


def _generic(metrics: Sequence[sympy.Matrix]) -> sympy.Matrix | None:
    """A combination with random factors; None where all combinations are singular."""
    draw = Random(0)
    for _ in range(3):
        metric = _combination([sympy.Integer(draw.randint(-99, 99)) for _ in metrics], metrics)
        if not _singular(metric):
            return metric
    return None


def _singular(matrix: sympy.Matrix) -> bool:
    """det = 0, at random values of the parameters."""
    draw = Random(1)
    symbols = sorted(matrix.free_symbols, key=lambda s: s.name)
    values = matrix.xreplace({s: sympy.Rational(draw.randint(100, 1900), 997) for s in symbols})
    return is_zero(values.det(method="berkowitz"))


def _simplified(matrix: sympy.Matrix) -> sympy.Matrix:
    return matrix.applyfunc(lambda entry: sympy.cancel(entry) if entry.free_symbols else sympy.expand(entry))
