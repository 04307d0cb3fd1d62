"""Constant matrices g for which the combinations g_ab E_b of given equations are self-adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import sympy

from lagrangians.helmholtz import self_adjointness
from lagrangians.jets import JetSpace
from lagrangians.symmetries.null_space import Conditions

FACTORS = (0, 1, -1, 2, -2, 3)
MAX_CANDIDATES = 4000


@dataclass(frozen=True)
class Multipliers:
    """All constant g with gE self-adjoint, as a linear space: `basis` of n × n matrices."""

    basis: tuple[sympy.ImmutableMatrix, ...]

    def regular(self) -> sympy.ImmutableMatrix | None:
        """An invertible member: the unit matrix where it is one, else one that is diagonal, positive and of
        small integer combinations as far as possible; None where all are singular.
        """
        if not self.basis:
            return None
        size = self.basis[0].rows
        count = len(self.basis)
        if self.contains(sympy.eye(size)):
            return sympy.ImmutableMatrix.eye(size)
        best: tuple[tuple, sympy.ImmutableMatrix] | None = None
        for tried, factors in enumerate(product(FACTORS, repeat=count)):
            if tried > MAX_CANDIDATES:
                break
            g = sum((f * b for f, b in zip(factors, self.basis, strict=True)), sympy.zeros(size, size))
            if not any(factors) or sympy.cancel(g.det()) == 0:
                continue
            signs = sum(1 for i in range(size) if g[i, i].could_extract_minus_sign())
            key = (not g.is_diagonal(), signs, sum(abs(f) for f in factors), tried)
            if best is None or key < best[0]:
                best = key, sympy.ImmutableMatrix(g)
        return best[1] if best else None

    def contains(self, matrix: sympy.Matrix) -> bool:
        """Whether the matrix is a member."""
        from lagrangians.symmetries.lie_algebra import coordinates_in

        return coordinates_in([list(b) for b in self.basis], list(matrix)) is not None


def constant_multipliers(equations: Sequence[sympy.Expr], jets: JetSpace) -> Multipliers:
    """The space of constant matrices g with D_{gE} = D_{gE}*, in plain jet symbols.

    The Helmholtz conditions of gE are linear in g and hold identically in the jets; see
    `Conditions.solutions`. Equation b need not belong to field b.
    """
    size = len(equations)
    columns: list[dict] = []
    keys: dict = {}
    for a, b in product(range(size), repeat=2):
        single = [equations[b] if i == a else sympy.S.Zero for i in range(size)]
        values = self_adjointness(single, jets)
        columns.append(values)
        keys |= dict.fromkeys(values)
    listed = [[values.get(key, sympy.S.Zero) for key in keys] for values in columns]
    present = jets.jets_in(sympy.Tuple(*(e for column in listed for e in column)))
    rows = Conditions(listed, set(present) | set(jets.coordinates)).solutions()
    return Multipliers(tuple(sympy.ImmutableMatrix(size, size, row) for row in rows))
