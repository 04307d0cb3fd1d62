"""Finite-dimensional real Lie algebras given by their structure constants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import sympy
from sympy.polys.matrices import DomainMatrix

from lagrangians.zero import exact

Vector = list[sympy.Expr]


@dataclass(frozen=True)
class LieAlgebra:
    """[e_i, e_j] = c[i, j, k] e_k.

    `structure_constants`: c, shape (n, n, n), numbers or expressions of parameters (then everything holds
    for generic values). Raises `ValueError` unless c is antisymmetric in i, j and obeys Jacobi's identity.
    """

    structure_constants: sympy.ImmutableDenseNDimArray

    def __post_init__(self) -> None:
        c = sympy.ImmutableDenseNDimArray(self.structure_constants)
        object.__setattr__(self, "structure_constants", c)
        if c.rank() != 3 or len(set(c.shape)) != 1:
            raise ValueError(f"got structure constants of shape {c.shape}, expected (n, n, n)")
        table = self._table
        n = self.dimension
        if any(
            not _same(table[i][j][k], -table[j][i][k])
            for i in range(n)
            for j in range(i + 1)
            for k in range(n)
        ):
            raise ValueError("structure constants must be antisymmetric in their first two indices")
        if not self._is_jacobi():
            raise ValueError("structure constants must obey Jacobi's identity")

    @classmethod
    def from_table(cls, table: Sequence[Sequence[Sequence[sympy.Expr] | None]]) -> LieAlgebra:
        """From nested lists table[i][j][k]; also for dimension 0. Raises `ValueError` for a bracket None, one
        that leaves the span.
        """
        n = len(table)
        vectors = [vector for row in table for vector in row if vector is not None]
        if len(vectors) < n * n:
            raise ValueError("the span of the vectors is not closed under the bracket")
        flat = [v for vector in vectors for v in vector]
        return cls(sympy.ImmutableDenseNDimArray(flat, (n, n, n)))

    @cached_property
    def dimension(self) -> int:
        return int(self.structure_constants.shape[0])

    @cached_property
    def _table(self) -> list[list[Vector]]:
        n = self.dimension
        flat = self.structure_constants.reshape(n**3).tolist() if n else []
        return [[flat[(i * n + j) * n : (i * n + j + 1) * n] for j in range(n)] for i in range(n)]

    def _is_jacobi(self) -> bool:
        n = self.dimension
        basis = _identity(n)
        for i in range(n):
            for j in range(i):
                for k in range(j):
                    terms = (
                        self.bracket(basis[a], self.bracket(basis[b], basis[c]))
                        for a, b, c in ((i, j, k), (j, k, i), (k, i, j))
                    )
                    if any(not _same(sum(parts), 0) for parts in zip(*terms, strict=True)):
                        return False
        return True

    def bracket(self, first: Sequence[sympy.Expr], second: Sequence[sympy.Expr]) -> Vector:
        """Components of [x, y] for components x and y."""
        result: Vector = [sympy.S.Zero] * self.dimension
        for i, a in enumerate(first):
            for j, b in enumerate(second):
                if a != 0 and b != 0:
                    for k, value in enumerate(self._table[i][j]):
                        if value != 0:
                            result[k] += a * b * value
        return result

    @cached_property
    def killing_form(self) -> sympy.ImmutableMatrix:
        """K_ij = tr(ad e_i ad e_j) = c[i, k, l] c[j, l, k]."""
        n, c = self.dimension, self._table
        entries = [
            [
                sympy.expand(sympy.Add(*(c[i][k][l] * c[j][l][k] for k in range(n) for l in range(n))))
                for j in range(n)
            ]
            for i in range(n)
        ]
        return sympy.ImmutableMatrix(n, n, [v for row in entries for v in row])

    @cached_property
    def killing_signature(self) -> tuple[int, int, int]:
        """(positive, negative, zero) eigenvalues of the Killing form; parameters are taken as positive."""
        from lagrangians.factor import signature  # loads NumPy

        if not self.dimension:
            return 0, 0, 0
        values = _at_sample(self.killing_form)
        return signature([[float(v) for v in row] for row in values.tolist()])

    @cached_property
    def centre(self) -> list[Vector]:
        """Basis of all x with [x, y] = 0 for every y, as components."""
        n = self.dimension
        rows = [[self._table[i][j][k] for i in range(n)] for j in range(n) for k in range(n)]
        return null_vectors(rows, n)

    def _bracket_span(self, first: Sequence[Vector], second: Sequence[Vector]) -> list[Vector]:
        return independent_rows([self.bracket(x, y) for x in first for y in second])

    @cached_property
    def derived_algebra(self) -> list[Vector]:
        """Basis of the span of all brackets, [𝔤, 𝔤]."""
        return self._bracket_span(_identity(self.dimension), _identity(self.dimension))

    @cached_property
    def derived_series(self) -> tuple[int, ...]:
        """Dimensions of 𝔤, [𝔤, 𝔤], [[𝔤, 𝔤], [𝔤, 𝔤]], … until they no longer fall."""
        return self._series(lambda last: self._bracket_span(last, last))

    @cached_property
    def lower_central_series(self) -> tuple[int, ...]:
        """Dimensions of 𝔤, [𝔤, 𝔤], [𝔤, [𝔤, 𝔤]], … until they no longer fall."""
        return self._series(lambda last: self._bracket_span(_identity(self.dimension), last))

    def _series(self, step) -> tuple[int, ...]:
        current = _identity(self.dimension)
        dimensions = [len(current)]
        while current:
            current = step(current)
            if len(current) == dimensions[-1]:
                break
            dimensions.append(len(current))
        return tuple(dimensions)

    @property
    def is_abelian(self) -> bool:
        return not self.derived_algebra

    @property
    def is_solvable(self) -> bool:
        """Whether the derived series ends at 0."""
        return self.dimension == 0 or self.derived_series[-1] == 0

    @property
    def is_nilpotent(self) -> bool:
        """Whether the lower central series ends at 0."""
        return self.dimension == 0 or self.lower_central_series[-1] == 0

    @property
    def is_semisimple(self) -> bool:
        """Whether the Killing form is non-degenerate (Cartan's criterion)."""
        return self.dimension > 0 and self.killing_signature[2] == 0

    @cached_property
    def radical(self) -> list[Vector]:
        """Basis of the largest solvable ideal: the Killing-orthogonal space of [𝔤, 𝔤]."""
        n = self.dimension
        rows = [
            [sympy.Add(*(self.killing_form[i, j] * x[j] for j in range(n))) for i in range(n)]
            for x in self.derived_algebra
        ]
        return null_vectors(rows, n)

    def subalgebra(self, vectors: Sequence[Sequence[sympy.Expr]]) -> LieAlgebra:
        """The algebra spanned by independent vectors. Raises `ValueError` where it is not closed."""
        n = len(vectors)
        brackets = all_coordinates_in(vectors, [self.bracket(x, y) for x in vectors for y in vectors])
        return LieAlgebra.from_table([brackets[i * n : (i + 1) * n] for i in range(n)])

    def quotient(self, ideal: Sequence[Vector]) -> LieAlgebra:
        """𝔤/ideal in the basis vectors that complete the ideal."""
        chosen, complement = list(ideal), []
        for vector in _identity(self.dimension):
            if len(independent_rows([*chosen, vector])) > len(chosen):
                chosen.append(vector)
                complement.append(vector)
        size = len(ideal)
        table = [
            [(coordinates_in(chosen, self.bracket(x, y)) or [])[size:] for y in complement]
            for x in complement
        ]
        return LieAlgebra.from_table(table)

    @cached_property
    def name(self) -> str | None:
        """A standard name, such as `so(3)` or `iso(2,1) ⊕ R`, where an isomorphism is found; else None."""
        from lagrangians.symmetries.names import name_of  # loads NumPy

        return name_of(self.numeric_structure_constants())

    def numeric_structure_constants(self):
        """c as a NumPy array of floats; parameters get distinct positive sample values."""
        import numpy as np

        n = self.dimension
        flat = sympy.Matrix(1, n**3, [v for row in self._table for vector in row for v in vector])
        return np.array([float(v) for v in _at_sample(flat)]).reshape(n, n, n)


def _identity(n: int) -> list[Vector]:
    return [[sympy.Integer(i == j) for j in range(n)] for i in range(n)]


def _same(first: sympy.Expr, second: sympy.Expr) -> bool:
    difference = sympy.sympify(first - second)
    if difference.has(sympy.Float):
        return bool(abs(sympy.N(difference)) < 1e-6) if not difference.free_symbols else True
    return difference == 0 or sympy.cancel(difference) == 0


def _at_sample(matrix: sympy.Matrix) -> sympy.Matrix:
    """Parameters replaced by distinct positive rationals."""
    symbols = sorted(matrix.free_symbols, key=lambda s: s.name)
    return matrix.subs({s: sympy.Rational(7 + 3 * i, 5 + i) for i, s in enumerate(symbols)})


def null_vectors(rows: Sequence[Sequence[sympy.Expr]], size: int) -> list[Vector]:
    """Basis of all v with Σ_j rows[i][j] v_j = 0, over the rational functions of the parameters."""
    if not rows:
        return _identity(size)
    return _domain_matrix(rows).nullspace().to_Matrix().tolist()


def independent_rows(rows: Sequence[Sequence[sympy.Expr]]) -> list[Vector]:
    """Reduced echelon basis of the span of the rows."""
    if not rows:
        return []
    reduced, pivots = _domain_matrix(rows).rref()
    return reduced.to_Matrix().tolist()[: len(pivots)]


def coordinates_in(basis: Sequence[Sequence[sympy.Expr]], vector: Sequence[sympy.Expr]) -> Vector | None:
    """a with Σ_i a_i basis_i = vector, or None for a vector outside the span of the independent basis."""
    return all_coordinates_in(basis, [vector])[0]


def all_coordinates_in(
    basis: Sequence[Sequence[sympy.Expr]], vectors: Sequence[Sequence[sympy.Expr]]
) -> list[Vector | None]:
    """`coordinates_in` of each vector by one elimination: a = v_P B_P⁻¹, P the pivots of the basis B."""
    if not vectors or not basis:
        return [None if any(v != 0 for v in vector) else [] for vector in vectors]
    size, width = len(basis), len(basis[0])
    both = _domain_matrix([*basis, *vectors])
    B = both.extract(range(size), range(width))
    V = both.extract(range(size, size + len(vectors)), range(width))
    _, pivots = B.rref()
    solution = V.extract(range(len(vectors)), pivots) * B.extract(range(size), pivots).inv()
    defect = (solution * B - V).to_list()
    found = solution.to_Matrix().tolist()
    return [
        None if any(rest) else [sympy.factor(v) if v.free_symbols else v for v in values]
        for values, rest in zip(found, defect, strict=True)
    ]


def _domain_matrix(rows: Sequence[Sequence[sympy.Expr]]) -> DomainMatrix:
    listed = [[_rational(v) for v in row] for row in rows]
    return DomainMatrix.from_list_sympy(len(listed), len(listed[0]), listed).to_field()


def _rational(value: sympy.Expr) -> sympy.Expr:
    value = sympy.sympify(value)
    return exact(value) if value.has(sympy.Float) else value
