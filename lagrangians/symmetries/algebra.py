"""The algebra of point symmetries of a theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy

from lagrangians.generators import Generator
from lagrangians.independent_terms import independent_terms
from lagrangians.symmetries.lie_algebra import LieAlgebra, Vector, all_coordinates_in
from lagrangians.zero import floating, has_floats


@dataclass(frozen=True)
class SymmetryAlgebra:
    """Point symmetries X_1, …, X_n of field equations, found with one ansatz.

    `generators`: a basis; the variational ones among them are a basis of the variational subalgebra.
    `variational`: a bool each (all False for equations that were given without a Lagrangian).
    `superposition`: a bool each; True for χ^a(x)∂_a of linear equations, χ a solution. `degree` is that of
    the ansatz; `arbitrary_functions` says which families with an arbitrary function belong to the full
    algebra, each as text.
    """

    generators: tuple[Generator, ...]
    variational: tuple[bool, ...]
    superposition: tuple[bool, ...]
    degree: int
    arbitrary_functions: tuple[str, ...] = ()

    @property
    def dimension(self) -> int:
        """Number of independent symmetries within the ansatz, superposition included."""
        return len(self.generators)

    @property
    def is_infinite(self) -> bool:
        """Whether the full algebra, beyond the ansatz, is known to be infinite-dimensional."""
        return bool(self.arbitrary_functions)

    @cached_property
    def variational_subalgebra(self) -> SymmetryAlgebra:
        """The generators that leave the action unchanged up to a divergence."""
        return self._selected(self.variational)

    @cached_property
    def without_superposition(self) -> SymmetryAlgebra:
        """The generators other than the superposition of solutions."""
        return self._selected([not s for s in self.superposition])

    def _selected(self, kept: Sequence[bool]) -> SymmetryAlgebra:
        chosen = [i for i, keep in enumerate(kept) if keep]
        return SymmetryAlgebra(
            tuple(self.generators[i] for i in chosen),
            tuple(self.variational[i] for i in chosen),
            tuple(self.superposition[i] for i in chosen),
            self.degree,
            self.arbitrary_functions,
        )

    @cached_property
    def _brackets(self) -> list[list[Vector | None]]:
        """Components of [X_i, X_j] in the basis; None where the bracket leaves the span."""
        X = self.generators
        n = len(X)
        if n < 2:
            return [[[sympy.S.Zero] * n] * n] * n
        pairs = [(i, j) for i in range(n) for j in range(i)]
        rows = _components([*X, *(X[i].bracket(X[j]) for i, j in pairs)])
        basis, brackets = rows[:n], rows[n:]
        table: list[list[Vector | None]] = [[[sympy.S.Zero] * n for _ in range(n)] for _ in range(n)]
        approximate = any(has_floats(part) for x in X for part in (*x.xi, *x.eta))
        components = (
            [_nearest(basis, vector) for vector in brackets]
            if approximate
            else all_coordinates_in(basis, brackets)
        )
        for (i, j), found in zip(pairs, components, strict=True):
            table[i][j] = found
            table[j][i] = None if found is None else [-v for v in found]
        return table

    @property
    def is_closed(self) -> bool:
        """Whether every bracket stays in the span; an ansatz of degree ≥ 2 may cut an infinite algebra."""
        return all(v is not None for row in self._brackets for v in row)

    @cached_property
    def lie_algebra(self) -> LieAlgebra:
        """The abstract Lie algebra. Raises `ValueError` where the span is not closed under the bracket."""
        if not self.is_closed:
            raise ValueError(
                "the generators found are not closed under the bracket: the ansatz cuts a larger algebra; "
                "choose another degree, or look at without_superposition or variational_subalgebra"
            )
        return LieAlgebra.from_table(self._brackets)

    @property
    def structure_constants(self) -> sympy.ImmutableDenseNDimArray:
        """c[i, j, k] with [X_i, X_j] = c[i, j, k] X_k."""
        return self.lie_algebra.structure_constants

    @property
    def killing_form(self) -> sympy.ImmutableMatrix:
        """K_ij = tr(ad X_i ad X_j)."""
        return self.lie_algebra.killing_form

    @property
    def killing_signature(self) -> tuple[int, int, int]:
        """(positive, negative, zero) eigenvalues of the Killing form."""
        return self.lie_algebra.killing_signature

    @property
    def centre(self) -> tuple[Generator, ...]:
        """Generators that commute with all others."""
        return tuple(self._combination(v) for v in self.lie_algebra.centre)

    @property
    def derived_series(self) -> tuple[int, ...]:
        """Dimensions of the derived series."""
        return self.lie_algebra.derived_series

    @property
    def is_abelian(self) -> bool:
        return self.lie_algebra.is_abelian

    @property
    def is_solvable(self) -> bool:
        return self.lie_algebra.is_solvable

    @property
    def is_nilpotent(self) -> bool:
        return self.lie_algebra.is_nilpotent

    @property
    def is_semisimple(self) -> bool:
        return self.lie_algebra.is_semisimple

    @cached_property
    def name(self) -> str | None:
        """A standard name of the abstract algebra (see `LieAlgebra.name`), None where none is recognised or
        the span is not closed.
        """
        return self.lie_algebra.name if self.is_closed else None

    def _combination(self, coefficients: Sequence[sympy.Expr]) -> Generator:
        zero = 0 * self.generators[0]
        return sum((c * X for c, X in zip(coefficients, self.generators, strict=True) if c != 0), zero)

    def __iter__(self):
        return iter(self.generators)

    def __len__(self) -> int:
        return self.dimension

    def __str__(self) -> str:
        """A line a generator, then the name and what the full algebra contains besides."""
        lines = []
        for X, variational, superposition in zip(
            self.generators, self.variational, self.superposition, strict=True
        ):
            marks = [m for m, on in (("variational", variational), ("superposition", superposition)) if on]
            lines.append(f"{X}  ({', '.join(marks)})" if marks else str(X))
        title = f"{self.dimension} symmetries, {sum(self.variational)} variational"
        if self.name:
            title += f": {self.name}"
        return "\n".join([title, *(f"  {line}" for line in lines), *self.arbitrary_functions])


def _components(generators: Sequence[Generator]) -> list[Vector]:
    """Each vector field as components along independent functions ∂_i, all in one order."""
    jets = generators[0].jets
    plain = {*jets.coordinates, *(jets.symbol(a) for a in range(len(jets.fields)))}
    columns: list[dict[tuple[int, sympy.Expr], sympy.Expr]] = [{} for _ in generators]
    for component in range(len(plain)):
        row = [jets.to_jets((*X.xi, *X.eta)[component]) for X in generators]
        for column, terms in zip(columns, independent_terms(row, plain), strict=True):
            column.update({(component, function): c for function, c in terms.items()})
    keys = list(dict.fromkeys(key for column in columns for key in column))
    return [[column.get(key, sympy.S.Zero) for key in keys] for column in columns]


def _nearest(basis: Sequence[Vector], vector: Vector) -> Vector | None:
    """Least-squares components, None where the relative defect is above 1e-6 (coefficients are floats)."""
    import numpy as np

    A = np.array(basis, dtype=float).T
    b = np.array(vector, dtype=float)
    solution, *_ = np.linalg.lstsq(A, b, rcond=None)
    if np.abs(A @ solution - b).max(initial=0.0) > 1e-6 * max(np.abs(b).max(initial=0.0), 1e-12):
        return None if np.abs(b).max(initial=0.0) > 1e-6 else [sympy.S.Zero] * len(basis)
    return [floating(sympy.Float(v)) if abs(v) > 1e-9 else sympy.S.Zero for v in solution]
