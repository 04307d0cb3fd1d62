"""Lie algebras from structure constants: invariants, series, names."""

import numpy as np
import pytest
import sympy

from lagrangians import LieAlgebra
from lagrangians.symmetries.names import invariants, name_of, standard_algebras

SMALL = [(name, c) for name, c in standard_algebras() if len(c) <= 8]


def algebra(n: int, brackets: dict[tuple[int, int], dict[int, object]]) -> LieAlgebra:
    table = [[[sympy.S.Zero] * n for _ in range(n)] for _ in range(n)]
    for (i, j), vector in brackets.items():
        for k, value in vector.items():
            table[i][j][k] = sympy.sympify(value)
            table[j][i][k] = -sympy.sympify(value)
    return LieAlgebra.from_table(table)


SO3 = algebra(3, {(0, 1): {2: 1}, (1, 2): {0: 1}, (2, 0): {1: 1}})
HEISENBERG = algebra(3, {(0, 1): {2: 1}})
AFFINE = algebra(2, {(0, 1): {1: 1}})


def mixed(c: np.ndarray, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    n = len(c)
    rotation, _ = np.linalg.qr(draw.standard_normal((n, n)))
    T = rotation * draw.uniform(0.4, 2.5, n)
    return np.einsum("ai,bj,ijk,kc->abc", T, T, c, np.linalg.inv(T))


@pytest.mark.parametrize(("name", "c"), SMALL, ids=[name for name, _ in SMALL])
def test_a_change_of_basis_does_not_change_the_name(name: str, c: np.ndarray) -> None:
    assert name_of(c) == name_of(mixed(c))
    assert name_of(c) == name or (name, name_of(c)) == ("so(4)", "so(3) ⊕ so(3)")


def test_standard_algebras_differ_in_their_invariants() -> None:
    seen = [invariants(c) for _, c in SMALL]
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("weight", [2.0, 3.0, 0.5, -0.7])
def test_neighbours_of_the_poincare_algebra_get_no_name(weight: float) -> None:
    """[e1, e2] = e2, [e1, e3] = w e3 is iso(1,1) for w = −1 only (Bianchi VI)."""
    c = np.zeros((3, 3, 3))
    for value, sign in ((1.0, 1), (-1.0, -1)):
        i, j = (0, 1) if sign == 1 else (1, 0)
        c[i, j, 1] = value
        i, j = (0, 2) if sign == 1 else (2, 0)
        c[i, j, 2] = weight * value
    assert name_of(c) is None
    c[0, 2, 2], c[2, 0, 2] = -1.0, 1.0
    assert name_of(c) == "iso(1,1)"


def test_rotations() -> None:
    assert SO3.killing_form == -2 * sympy.eye(3)
    assert SO3.killing_signature == (0, 3, 0)
    assert (SO3.is_semisimple, SO3.is_solvable, SO3.derived_series) == (True, False, (3,))
    assert SO3.name == "so(3)"
    assert SO3.radical == []


def test_heisenberg() -> None:
    assert HEISENBERG.is_nilpotent
    assert HEISENBERG.lower_central_series == (3, 1, 0)
    assert HEISENBERG.centre == [[0, 0, 1]]
    assert len(HEISENBERG.radical) == 3
    assert HEISENBERG.name == "Heisenberg h(1)"
    assert HEISENBERG.quotient([[0, 0, 1]]).is_abelian


def test_affine_line_and_parameters() -> None:
    a = sympy.Symbol("a", positive=True)
    assert (AFFINE.is_solvable, AFFINE.is_nilpotent, AFFINE.name) == (True, False, "aff(1,R)")
    scaled = algebra(3, {(0, 1): {2: a}, (1, 2): {0: a}, (2, 0): {1: a}})
    assert scaled.killing_form == -2 * a**2 * sympy.eye(3)
    assert scaled.name == "so(3)"


def test_direct_sums_are_split() -> None:
    both = algebra(5, {(0, 1): {2: 1}, (1, 2): {0: 1}, (2, 0): {1: 1}})
    assert both.name == "so(3) ⊕ R^2"
    assert algebra(2, {}).name == "R^2"
    assert LieAlgebra.from_table([]).name == "0"


def test_subalgebras_close_or_are_refused() -> None:
    assert SO3.subalgebra([[1, 0, 0]]).dimension == 1
    with pytest.raises(ValueError, match="not closed"):
        SO3.subalgebra([[1, 0, 0], [0, 1, 0]])


def test_what_is_no_lie_algebra_is_refused() -> None:
    with pytest.raises(ValueError, match="antisymmetric"):
        LieAlgebra(sympy.ImmutableDenseNDimArray([1] * 8, (2, 2, 2)))
    with pytest.raises(ValueError, match="Jacobi"):
        algebra(3, {(0, 1): {0: 1}, (1, 2): {1: 1}, (2, 0): {1: 1}})
    with pytest.raises(ValueError, match="shape"):
        LieAlgebra(sympy.ImmutableDenseNDimArray([0] * 4, (2, 2)))
